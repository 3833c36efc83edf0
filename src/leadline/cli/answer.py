"""What a command gives back, the two ways it is shown (text for stdout, or one JSON envelope), and
the one way to a terminal."""

from __future__ import annotations

import json
import os
import re
import sys

from leadline.core.canonical import finite
from leadline.core.errors import LeadlineError
from leadline.core.plain import as_rows, json_escaped, one_line, plain, shell_words
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from leadline.services.screening import Screen

_LONG_WORD_CHARS = 12
LISTED = 40
WRITTEN_AT_ONCE = 500  # members of a long answer
_HERE = "here they are"


def rested_lines(rests: list[dict[str, str]]) -> list[str]:
    """What rested on a thing that was taken back, as ``services/write/retract.py`` tells it."""
    if not rests:
        return ["nothing rested on it"]
    lines = [f"what rested on it ({len(rests)}):"]
    lines += [f"  {r['id']}  {r['kind']}: {r['before']} -> {r['after']}" for r in rests[:LISTED]]
    more = len(rests) - LISTED
    return lines + ([f"  … {more} more; all with --json"] if more > 0 else [])


class JsonLines(list[str]):
    """Data of many members, each of which is JSON already."""


@dataclass
class Answer:
    """``text`` goes to stdout, ``data`` into the envelope. ``next`` names commands worth
    running now.

    ``colours``: ``text`` holds those of a drawing for a terminal (``render/plot/terminal.py``).
    ``exit_code`` is not 0 when the verb worked and its answer is no (see ``core/errors.py``).
    """

    text: str = ""
    data: Any = None
    counts: dict[str, int] = field(default_factory=dict)
    truncated: bool = False
    next: list[str] = field(default_factory=list)
    exit_code: int = 0
    colours: bool = False


def print_answer(answer: Answer, as_json: bool, as_of: str) -> None:
    if as_json:
        _put_json(
            {
                "ok": answer.exit_code == 0,
                "as_of": as_of,
                "data": answer.data,
                "counts": answer.counts,
                "truncated": answer.truncated,
                "next": given.where_it_was(answer.next),
            }
        )
        return
    if answer.text:
        put(answer.text, answer.colours)
    for command in given.where_it_was(answer.next):
        tell(as_rows([f"next: {command}"]))


def print_error(error: LeadlineError, as_json: bool, as_of: str) -> None:
    given.closely = True
    error.next = given.where_it_was(error.next)
    if as_json:
        _put_json(
            {
                "ok": False,
                "as_of": as_of,
                "error": error.as_dict(),
                "counts": {},
                "truncated": False,
                "next": error.next,
            }
        )
        return
    tell(f"leadline: {error.what}" + (f"\n  why: {error.why}" if error.why else ""))
    for command in error.next:
        tell(as_rows([f"  next: {command}"]))


class Given:
    """The command line that is answered: none of its secrets is repeated. ``screen``: of its
    repository, once that is open. ``closely``: short words are looked at too, at a cost that a
    reading verb without a fault need not have."""

    def __init__(self) -> None:
        self.begin([])

    def begin(self, argv: list[str]) -> None:
        self.words = argv
        self.screen: Callable[[], Screen] | None = None
        self.closely = False
        self._marks: dict[bool, dict[str, str]] = {}

    def without_secrets(self, text: str) -> str:
        if not (self.closely or any(map(_may_be_one, self.words))):
            return text
        opened = self.screen is not None
        if opened not in self._marks:
            self._marks[opened] = self._searched()
        if not self._marks[opened]:
            return text
        from leadline.cli.echo import without

        return without(text, self._marks[opened])

    def where_it_was(self, commands: list[str]) -> list[str]:
        """What is proposed, for the thread and the folder that were named."""
        own = self.words[: self.words.index("--")] if "--" in self.words else self.words
        for option in ("--thread", "-C"):
            if option in own[:-1] and not any(option in command for command in commands):
                named = shell_words([option, own[own.index(option) + 1]])
                commands = [_with(command, named) for command in commands]
        return commands

    def _searched(self) -> dict[str, str]:
        from leadline.core.secrets.quick import may_hold, names_suspect

        text = "\n".join([*self.words, " ".join(self.words)])
        if not (names_suspect(os.environ) or may_hold(text)):
            return {}
        from leadline.cli.echo import secrets_of

        screen = self.screen() if self.screen is not None else None
        return secrets_of(self.words, text, screen)


def _with(command: str, option: str) -> str:
    begin, rest = command[:9], command[9:]
    names_its_own = option.startswith("--thread") and rest.startswith("start ")
    return f"{begin}{option} {rest}" if begin == "leadline " and not names_its_own else command


given = Given()


def _may_be_one(word: str) -> bool:
    """An option is none, however long."""
    if any(map(word.__contains__, "=: \n")):
        return True
    return len(word) >= _LONG_WORD_CHARS and not word.startswith("--")


# ---- the one way to a terminal -------------------------------------------------------------------
# All that a verb says goes through these, so that no text from a record, a file or a program of
# somebody else can move the cursor, hide, reorder, or hold what the stream cannot encode. The one
# other writer is ``live``: the output of the user's own command.


def put(text: str, colours: bool = False) -> None:
    """Lines of the answer. ``colours``: those of Leadline's own that are in it are kept."""
    shown = _shown(text)
    if colours:
        pieces = re.split("(\x1b\\[(?:3[1-6]|0)m)", text)
        pieces[::2] = map(_shown, pieces[::2])
        shown = "".join(pieces)
    _write(sys.stdout, shown if shown.endswith("\n") else shown + "\n")


def tell(text: str) -> None:
    """Lines beside the answer: progress, a warning, an error. What cannot be said stops nothing."""
    try:
        _write(sys.stderr, _shown(text) + "\n")
    except OSError:
        pass


def redraw(text: str, last: bool) -> None:
    """A line beside the answer that takes the place of the one before, on a terminal."""
    try:
        _write(sys.stderr, "\r\x1b[K" + one_line(text) + "\n" * last)
        sys.stderr.flush()
    except OSError:
        pass


def _put_json(envelope: dict[str, Any]) -> None:
    ascii_only = "utf" not in (sys.stdout.encoding or "").lower()
    members = envelope.get("data")
    if isinstance(members, JsonLines):
        envelope["data"] = [_HERE]
    line = json.dumps(finite(envelope), ensure_ascii=ascii_only)
    if isinstance(members, JsonLines):
        begin, _, line = line.partition(f'"{_HERE}"')
        _write(sys.stdout, begin)
        for at in range(
            0, len(members), WRITTEN_AT_ONCE
        ):  # the whole is more than memory should hold
            some = ", ".join(members[at : at + WRITTEN_AT_ONCE])
            if ascii_only:
                some = re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], some)
            _write(sys.stdout, (", " if at else "") + json_escaped(some))
    _write(sys.stdout, json_escaped(line) + "\n")


def _shown(text: str) -> str:
    """What ends a line for some readers and got here stands in the middle of one: it begins none."""
    text = text.replace("\r\n", "\n")
    for end in "\r\u2028\u2029":
        text = text.replace(end, " ")
    return plain(text)


def _write(stream: TextIO, text: str) -> None:
    text = given.without_secrets(text)
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
