"""What a command gives back, and the two ways it is shown: text for stdout, or one JSON envelope."""

from __future__ import annotations

import json
import sys

from leadline.core.canonical import finite
from leadline.core.errors import LeadlineError
from leadline.core.typed import Any
from leadline.core.values import dataclass, field


@dataclass
class Answer:
    """``text`` goes to stdout as it is; ``data`` into the envelope. ``next`` names commands worth
    running now.

    ``exit_code`` is not 0 when the verb worked and its answer is no (see ``core/errors.py``).
    """

    text: str = ""
    data: Any = None
    counts: dict[str, int] = field(default_factory=dict)
    truncated: bool = False
    next: list[str] = field(default_factory=list)
    exit_code: int = 0


def print_answer(answer: Answer, as_json: bool, as_of: str) -> None:
    if as_json:
        envelope = {
            "ok": answer.exit_code == 0,
            "as_of": as_of,
            "data": answer.data,
            "counts": answer.counts,
            "truncated": answer.truncated,
            "next": answer.next,
        }
        sys.stdout.write(json.dumps(finite(envelope), ensure_ascii=False) + "\n")
        return
    if answer.text:
        sys.stdout.write(answer.text if answer.text.endswith("\n") else answer.text + "\n")
    for command in answer.next:
        sys.stderr.write(f"next: {command}\n")


def print_error(error: LeadlineError, as_json: bool, as_of: str) -> None:
    if as_json:
        envelope = {
            "ok": False,
            "as_of": as_of,
            "error": error.as_dict(),
            "counts": {},
            "truncated": False,
            "next": error.next,
        }
        sys.stdout.write(json.dumps(finite(envelope), ensure_ascii=False) + "\n")
        return
    from leadline.core.plain import plain

    sys.stderr.write(
        plain(f"leadline: {error.what}" + (f"\n  why: {error.why}" if error.why else "")) + "\n"
    )
    for command in error.next:
        sys.stderr.write(plain(f"  next: {command}") + "\n")
