"""What the command line holds and is a secret, so that no answer, warning or error repeats it.

The record is screened where it is written, and what is shown of it is clean. What a verb says of its
own arguments is not: a usage error names what it could not read, a correction what it changed.
"""

from __future__ import annotations

import json
import os

from leadline.core.secrets.environment import secret_values
from leadline.core.secrets.quick import may_hold
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.secrets.redact import Hidden
    from leadline.services.screening import Screen

# So much of the beginning of a secret is hidden where the rest of it was cut off.
_BEGINNING_CHARS = 10
_LINE_CHARS = 16  # a line of a secret of several lines, which a terminal gets one by one


def secrets_of(argv: list[str], text: str, screen: Screen | None) -> dict[str, str]:
    """The secrets in a command line, and the mark that stands for each; the longest first.
    ``text`` is its words as they may be put together; ``screen`` knows what was declared to be none."""
    secrets = secret_values(os.environ)
    if not secrets and not may_hold(text):
        return {}
    from leadline.core.secrets.redact import Redactor

    found: list[Hidden] = []
    passes = screen.declared_before if screen is not None else lambda text: False
    redactor = Redactor(secrets, passes, None, found.append)
    redactor.argv(argv)
    redactor.text(text)
    marks: dict[str, str] = {}
    for sort, secret in sorted(found, key=lambda one: -len(one.text)):
        lines = [line for line in secret.split("\n") if len(line) >= _LINE_CHARS]
        for form in (
            secret,
            json.dumps(secret, ensure_ascii=False)[1:-1],
            repr(secret)[1:-1],
            *lines,
        ):
            marks.setdefault(form, f"[redacted:{sort}]")
    return marks


def without(text: str, marks: dict[str, str]) -> str:
    """``text`` with a mark for each secret, and for each that was cut."""
    for secret, mark in marks.items():
        begin = secret[:_BEGINNING_CHARS]
        at = text.find(begin)
        while at >= 0:
            end = at
            for one, other in zip(text[at : at + len(secret)], secret, strict=False):
                if one != other:
                    break
                end += 1
            if text[end - 1] == "\\" and end - at < len(secret):
                end -= 1  # half an escape of JSON
            text = text[:at] + mark + text[end:]
            at = text.find(begin, at + len(mark))
    return text
