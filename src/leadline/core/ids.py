"""Ids a person reads: ``P-001``, ``P-001-r2``, ``P-H1``, and the letter a clash adds (``P-004b``).

>>> parse_id("P-004b-r2")
ParsedId(prefix='P', kind='run', number=4, repeat=2, suffix='')
>>> named_id("P", "hypothesis", 1), run_id(experiment_id("P", 4), 2), clash_suffix(1)
('P-H1', 'P-004-r2', 'b')
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from leadline.core.patterns import later
from leadline.core.record.kinds import LETTER_OF
from leadline.core.typed import NamedTuple

NAMED_KINDS = {letter: name for name, letter in LETTER_OF.items()}
_LETTERS = "".join(NAMED_KINDS)
# A record with a larger number is none of ours: numbers are given one after the other. What it would
# take from the ids that are left is not counted either (``number_of``).
LARGEST = 99_999_999
PREFIX = later(r"[A-Z][A-Z0-9]{0,11}(?:-[A-Z][A-Z0-9]{0,11}){0,2}\Z")
_ID = re.compile(
    r"(?P<prefix>[A-Z][A-Z0-9]*(?:-[A-Z][A-Z0-9]*)*?)-"
    r"(?:(?P<number>\d{3,12})(?P<suffix>[a-z]*)(?:-r(?P<repeat>\d{1,12})(?P<repeat_suffix>[a-z]*))?"
    rf"|(?P<letter>[{_LETTERS}])(?P<index>\d{{1,12}})(?P<named_suffix>[a-z]*))\Z",
    re.ASCII,
)
ID_IN_TEXT = later(
    r"(?<![\w./-])[A-Z][A-Z0-9]*(?:-[A-Z][A-Z0-9]*)*?-"
    rf"(?:\d{{3,}}[a-z]?(?:-r\d+[a-z]?)?|[{_LETTERS}]\d+[a-z]?)(?![\w-])"
)
# Words that stand for a thing where an id is asked for, or that a reader would take for one.
RESERVED = ("baseline", "latest", "last", "best", "head", "all", "none")
TOPIC = later(r"[a-z0-9](?:[a-z0-9._-]{0,78}[a-z0-9])?\Z")


class ParsedId(NamedTuple):
    prefix: str
    kind: str  # experiment | run | hypothesis | claim | ...
    number: int
    repeat: int  # 0 unless kind is run
    suffix: str  # the letter of a clash, "" for none


@lru_cache(maxsize=4096)  # a record's own id is asked for again by each record about it
def parse_id(text: str) -> ParsedId | None:
    """The parts of an id, or None when ``text`` is not one."""
    m = _ID.match(text)
    if m is None:
        return None
    prefix, number, suffix, repeat, repeat_suffix, letter, index, named_suffix = m.groups()
    if letter:
        return ParsedId(prefix, NAMED_KINDS[letter], int(index), 0, named_suffix)
    if repeat:
        return ParsedId(prefix, "run", int(number), int(repeat), repeat_suffix)
    return ParsedId(prefix, "experiment", int(number), 0, suffix)


def experiment_id(prefix: str, number: int) -> str:
    return f"{prefix}-{number:03d}"


def run_id(experiment: str, repeat: int) -> str:
    return f"{experiment}-r{repeat}"


def named_id(prefix: str, kind: str, number: int) -> str:
    return f"{prefix}-{LETTER_OF[kind]}{number}"


def experiment_of(run: str) -> str:
    """``P-001-r2`` -> ``P-001``; an experiment's id is returned as it is."""
    head, sep, tail = run.rpartition("-r")
    return head if sep and tail[:1].isdigit() else run


def shadowed_by(name: str, prefixes: Iterable[str]) -> str:
    """What a chosen name would hide where an id is asked for, in words; "" when nothing. ``prefixes``:
    of the threads there are, whose ids are found in lower case as well.

    >>> shadowed_by("t-002", ["T"]), shadowed_by("Baseline", []), shadowed_by("paper-2026", ["T"])
    ('it looks like the id T-002', 'baseline is a word for something else', '')
    """
    if name.lower() in RESERVED:
        return f"{name.lower()} is a word for something else"
    shown = name if parse_id(name) else name.upper()
    parsed = parse_id(shown)
    own = shown == name or (parsed is not None and parsed.prefix in set(prefixes))
    return f"it looks like the id {shown}" if parsed is not None and own else ""


def prefix_from_topic(topic: str) -> str:
    """A short default prefix: initials of up to four words, or the first letters of one word."""
    words = [w for w in re.split(r"[^a-z0-9]+", topic.lower()) if w]
    words = [w for w in words if w[0].isalpha()] or ["t"]
    letters = "".join(w[0] for w in words[:4]) if len(words) > 1 else words[0][:3]
    return letters.upper()


def numbers_upto(records: int) -> int:
    """The highest number that a thread of so many records can have given: one a record, and many
    records may still be elsewhere. A larger one is a mistake or a joke, and is not gone on from."""
    return records + 10_000


def clash_suffix(position: int) -> str:
    """0 -> "", 1 -> "b", 2 -> "c", ..., 25 -> "z", 26 -> "ba"."""
    if position == 0:
        return ""
    letters = "abcdefghijklmnopqrstuvwxyz"
    text = ""
    while position:
        position, rest = divmod(position, 26)
        text = letters[rest] + text
    return text
