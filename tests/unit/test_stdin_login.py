"""Which words of a command say that a login comes on stdin."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leadline.services.run.stdin import stdin_facts


@pytest.mark.parametrize(
    ("words", "digested"),
    [
        (["docker", "login", "--password-stdin"], False),
        (["vault", "--unseal-key-stdin"], False),
        (["gh", "auth", "login", "--with-token"], False),
        (["bench", "--stdin"], True),
        (["bench", "--rows-from-stdin"], True),
    ],
)
def test_data_on_stdin_is_digested_and_a_login_not(
    tmp_path: Path, words: list[str], digested: bool
) -> None:
    (tmp_path / "rows").write_text("3\n")
    blobs = SimpleNamespace(put=lambda data: "sha256:0")
    context: Any = SimpleNamespace(blobs=blobs)
    redact: Any = SimpleNamespace(text=str)
    spec = {"stdin": str(tmp_path / "rows"), "argv": words}
    result: Any = {"stdin_read": 2}
    facts = stdin_facts(context, None, spec, result, redact)
    assert facts is not None
    assert bool(facts["digest"]) is digested
