"""Every command that an answer or an error proposes is one that the program knows.

`Lab.run` hands over what came back: the commands on its `next:` lines, and those that show what a
listing left out, are read by the real parsers, each once; those that only read are carried out where
they were proposed, each verb once with the same options. What a person has to fill in stands in
capitals or as `…` in quotes.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import shlex
from collections.abc import Callable
from functools import cache

from leadline.cli.main import _front, joined
from leadline.cli.parsing import as_meant, load, parser_for
from leadline.cli.table import VERBS
from leadline.core.errors import LeadlineError

READING = {
    "brief": (), "claims": (), "due": (), "index": (), "next": (), "show": (), "status": (),
    "tried": (), "logbook": (), "jobs": (), "baseline": ("show",), "sweep": ("show", "list"),
    "ab": ("show",), "hypothesis": ("list",), "measure": ("show",), "tracker": ("status",),
    "issue": ("", "status", "comments", "diff"), "artifact": ("list",), "series": (),
}  # fmt: skip
_NEXT = re.compile(r"^\s*next: (leadline .*)$", re.M)
_LEFT_OUT = re.compile(
    r"(?:… and|and) [\d,]+ (?:more|earlier)[^:\n]*: `?(leadline [^`\n…]*)(?:`|$)", re.M
)
_BLANK = re.compile(r"[A-Z][A-Z|.]*\Z|.*…")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBERS = re.compile(r"\d+")
# An option that takes a number is shown with a letter in its place.
_A_NUMBER = {"N": "3", "SECONDS": "3", "BYTES": "3", "SHARE": "1%"}
WRITING = ("--out", "--force")
_seen: set[str] = set()


def commands(text: str) -> list[str]:
    found = [*_NEXT.findall(text), *_LEFT_OUT.findall(text)]
    return [one.partition("  (")[0].strip() for one in found]


@cache
def _parser(verb: str) -> argparse.ArgumentParser:
    return parser_for(verb, load(verb))


def problem(line: str) -> str:
    """Why a command cannot be typed, "" when it can."""
    try:
        words = shlex.split(line)[1:]
    except ValueError as error:
        return str(error)
    command: list[str] | None = None
    if "--" in words:
        at = words.index("--")
        words, command = words[:at], words[at + 1 :]
    if re.search(r" (…|\.\.\.)( |$)", _QUOTED.sub("''", line.partition(" -- ")[0])):
        return "it is not written out"
    front, own = _front(words)
    if not own or own[0].startswith("-"):
        return ""
    verb = own[0]
    if verb not in VERBS:
        return f"there is no verb {verb}"
    module = load(verb)
    if command is not None and not getattr(module, "TAKES_COMMAND", False):
        return f"{verb} takes no command"
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            rest = [_A_NUMBER.get(word, word) for word in as_meant(verb, own[1:])]
            rest = joined(rest, getattr(module, "DASHED_VALUES", ()))
            _parser(verb).parse_args(front + rest)
    except LeadlineError as error:
        return error.what
    except SystemExit:  # --help
        return ""
    return ""


def reads(line: str) -> list[str]:
    """The words of a command that only reads and names nothing to be filled in, else none."""
    whole = shlex.split(line)[1:]  # with `--thread TOPIC` in front
    words = _front(whole)[1]
    if not words or words[0] not in READING or any(map(_BLANK.match, whole)):
        return []
    if any(word.partition("=")[0] in WRITING for word in words):
        return []
    kinds = READING[words[0]]
    sub = words[1] if len(words) > 1 and not words[1].startswith("-") else ""
    return words if not kinds or sub in kinds else []


def check(text: str, run: Callable[[list[str]], int]) -> None:
    """Raises AssertionError for a proposed command that is none. ``run``: carries one out where it
    was proposed, and gives its exit code."""
    for line in commands(text):
        kind = _NUMBERS.sub("0", line)
        if kind in _seen:
            continue
        _seen.add(kind)
        assert not (found := problem(line)), f"next: {line}\n  {found}\nproposed by:\n{text[-600:]}"
        words = reads(line)
        sort = " ".join(
            words[:1] + [w for w in words if w.startswith("-") or w in READING[words[0]]]
        )
        if words and sort not in _seen:
            _seen.add(sort)
            code = run(shlex.split(line)[1:])
            assert code in (0, 6), f"next: {line}\n  ends with {code}\nproposed by:\n{text[-600:]}"
