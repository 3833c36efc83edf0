"""Text from logs, names and trackers is data: nothing in it may move a cursor, hide or reorder
characters."""

from __future__ import annotations

import re

_ESCAPES = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])"
_CONTROLS = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"


def plain(text: str) -> str:
    """``text`` without terminal escapes, control characters (but newline and tab) and direction
    overrides."""
    if text.isprintable():  # one line without anything of the kind: nearly every text
        return text
    return re.sub(
        _CONTROLS, "", re.sub(_ESCAPES, "", text.replace("\r\n", "\n").replace("\r", "\n"))
    )


def one_line(text: str) -> str:
    return " ".join(plain(text).split())
