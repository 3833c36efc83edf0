"""What keys digests of what can be guessed, where it is another user's."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, cast

import pytest

from leadline.services import local_key as of
from leadline.services.context import Context


def _context(root: Path) -> Context:
    class Rooted:
        def __init__(self) -> None:
            self.root = str(root)

    return cast("Context", Rooted())


def test_who_may_not_read_the_key_of_another_user_has_one_of_his_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, opened = _context(tmp_path), of.open_small
    theirs = of.local_key(context)

    def refusing(path: str) -> Any:
        if path == str(tmp_path / of.KEY):
            raise PermissionError(path)
        return opened(path)

    monkeypatch.setattr(of, "open_small", refusing)
    mine = of.local_key(context)
    assert theirs and mine and theirs != mine
    assert of.local_key(context) == mine
    own = tmp_path / f"environment-{os.geteuid()}.key"
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((of.KEY, own.name))
