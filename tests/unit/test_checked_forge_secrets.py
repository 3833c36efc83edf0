"""What is posted passes the detector too: a record that an older Leadline wrote was never searched."""

from __future__ import annotations

import random
from typing import Any

from leadline.services.issue.checked_forge import CheckedForge
from leadline.testing.fake_context import context
from tests.invented_keys import SHAPES, drawn

KEY = drawn(SHAPES["github-pat"], random.Random(1))


class Keeps:
    """A forge that keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *words, **more: self.given.append((words, more))


def test_a_key_in_what_is_posted_is_hidden_and_said(tmp_path) -> None:
    said: list[str] = []
    forge, its_context = Keeps(), context(str(tmp_path), warn=said.append)
    checked = CheckedForge(forge, lambda: its_context)
    checked.open_issue(f"about {KEY}", f"body {KEY}", [], "marker")
    checked.comment("1", f"text {KEY}", "marker")
    checked.edit_comment("1", "c1", f"text {KEY}", "why")
    checked.edit_issue("1", body=f"<!-- leadline:begin -->\n{KEY}\n<!-- leadline:end -->")
    assert KEY not in repr(forge.given)
    assert repr(forge.given).count("[redacted:github-token]") == 5
    assert any("hidden in what is posted" in line for line in said)
