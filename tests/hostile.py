"""Text that means harm to whoever shows it, and what of it must never reach a terminal.

Independent of `core/plain.py`: what is dangerous is taken from Unicode's own categories here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle

from leadline.core.record.event import Record, line_digest
from leadline.testing.builders import ThreadBuilder
from leadline.testing.every_kind import every_kind

# Each in the middle of words, so that it is seen whether those are still there.
HARM = {
    "colour": "\x1b[31mred\x1b[8m",
    "clear": "\x1b[2J\x1b[H",
    "title": "\x1b]0;owned\x07",
    "clipboard": "\x1b]52;c;aGk=\x1b\\",
    "unended": "\x1b]8;;http://example.org",
    "device-control": "\x1bP+q544e\x1b\\",
    "answerback": "\x05\x1b[c\x1b[6n",
    "charset": "\x1b(0\x0e",
    "csi-8-bit": "\x9b2J\x9d0;x\x9c",
    "next-line": "\x85T-D99  forged",
    "carriage": "\rT-D99  forged",
    "new-line": "\nT-D99  forged\n## forged",
    "feed": "\x0b\x0cT-D99  forged",
    "separators": "\u2028T-D99  forged\u2029T-D98  forged",
    "backspace": "\b\b\b\x7f",
    "bidi": "\u202egnp.exe\u202c\u2066x\u2069\u200f\u061c",
    "invisible": "\u200b\u00ad\u2060\u180e\u3164\u115f\ufeff\u034f",
    "tags": "\U000e0041\U000e0042\U000e0100",
    "annotation": "\ufff9a\ufffab\ufffb",
    "markdown": "`|<!-- leadline:end --><script>alert(1)</script>@octocat ```\n~~~\n# forged",
    "html": "\"'></title></svg><script>alert(1)</script><img src=x onerror=alert(1)>&#x1b;]]>",
}
LONE = "\ud800half\udcff"  # of no encoding
HARMFUL = "".join(f" {name}{text}{name}" for name, text in HARM.items())

_SEEN_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def dangerous(text: str, allowed: str = "\n\t") -> list[str]:
    """Characters of ``text`` that no terminal may be given, each once."""
    return sorted({c for c in text if c not in allowed and _is_dangerous(c)})


def _is_dangerous(character: str) -> bool:
    if character.isascii():
        return not " " <= character <= "~"
    kind = unicodedata.category(character)
    hidden = kind in ("Cc", "Cs", "Cf", "Zl", "Zp") or character in _BLANK_LETTERS
    return (hidden and character not in _SEEN_FORMATS) or 0xE0100 <= ord(character) <= 0xE01EF


# ---- a thread in which every text is hostile -----------------------------------------------------
# What a record is read by rather than shown: changed, it would be another record or none.
_READ_BY = frozenset(
    re.findall(
        r"\w+",
        """
    about axes blob code comment commit design diverged edit edit_uid ended_at evidence excerpt_of
    executor experiment experiment_uid experiments field form forge head hypotheses hypothesis id
    interleaving key kind marker metric mode number order origin packages_digest predicate prefix
    reduce ref refs role run shown started_at state tag target torn tracker tree uid verdict by at
""",
    )
)

_OWN_KEYS: dict[str, object] = {"metrics": 1.5, "config": HARMFUL, "nonfinite": "NaN"}


def hostile_body(body: object, harm: Iterator[str], tail: str, name: str = "") -> object:
    """``body`` with every text that is only shown made harmful (``tail``: behind each), and keys
    that are the user's own."""
    if isinstance(body, dict):
        made = {k: hostile_body(v, harm, tail, k) for k, v in body.items()}
        if name in _OWN_KEYS:
            made[f"own{next(harm)}"] = _OWN_KEYS[name]
        return made
    if isinstance(body, list):
        inner = "" if body and isinstance(body[0], dict) else name
        return [hostile_body(value, harm, tail, inner) for value in body]
    if isinstance(body, str) and name not in _READ_BY:
        return f"{next(harm)}{body}{tail}"
    return body


def hostile_thread(harm: Iterator[str] | None = None, tail: str = HARMFUL) -> ThreadBuilder:
    """Runs, words, designs, posts and facts of a machine, by an actor who means harm; the chain of
    its one writer holds and no record is malformed. ``harm``: what stands before each text."""
    harm = harm or cycle(HARM.values())
    told = every_kind()
    told.run("a failed one", {}, {"block": 1}, "failed", "exit 3", ended={"outputs": _OUTPUTS})
    told.plan("open", {"block": 2}, code=_CODE, environment={"HOME": "x"}, shell=False)
    made = ThreadBuilder("hostile", "P", actor=f"Eve{tail}", writer="weve", started=False)
    for record in told.records:
        body = hostile_body(record.body, harm, tail)
        made.records.append(_next(made, record, body))
    return made


_OUTPUTS = {
    "excerpt": "Traceback",
    "excerpt_of": "stderr",
    "stderr_tail": "oops",
    "stdout_tail": "so far",
}
_CODE = {
    "tree": "7" * 40,
    "commit": "8" * 40,
    "head": "8" * 40,
    "branch": "research",
    "dirty": True,
    "changed_files": [{"status": "M", "path": "bench.py"}],
    "changed_total": 1,
    "gaps": [{"path": "data", "kind": "secret", "reason": "named as one"}],
    "secrets": ["data"],
}


def _next(made: ThreadBuilder, record: Record, body: object) -> Record:
    prev = line_digest(made.records[-1].line()) if made.records else ""
    return replace(
        record, thread=made.topic, writer=made.writer, actor=made.actor, body=body, prev=prev
    )


def lines_of(made: ThreadBuilder) -> bytes:
    """Its event file."""
    return b"".join(record.line() for record in made.records)
