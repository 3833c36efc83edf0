"""What a file of results can be read as, or why it cannot: shared by the readers of tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from leadline.core.extract.table import Row
from leadline.core.plain import shell_word
from leadline.core.typed import NamedTuple

MAX_WHOLE_BYTES = 64 * 1024 * 1024


class Unreadable(Exception):
    """``code`` and what is wrong with the file as a whole. ``option``: of an import, and a value of
    it with which the file can be read; ``instead``: the command that takes it in."""

    def __init__(
        self, code: str, what: str, option: tuple[str, str] | None = None, instead: str = ""
    ) -> None:
        super().__init__(what)
        self.code, self.what, self.option, self.instead = code, what, option, instead


class Rows(NamedTuple):
    """The rows of a file, read as they are asked for. ``header`` is empty where rows bring their
    own columns (JSON). ``digest`` is that of the file, known when the rows have been read. ``unit``
    is what row numbers count; ``others``: further tables of the file, where each begins and how it is
    asked for; ``measured``: the columns of which that is known, where the file has rows without some."""

    header: list[str]
    rows: Iterator[Row]
    digest: Callable[[], str]
    unit: str = "line"
    others: Sequence[tuple[str, str]] = ()
    measured: Sequence[str] = ()


def check_usable(path: str, shown: str) -> None:
    """Raises Unreadable for what is absent, empty or no file."""
    if not os.path.exists(path):
        raise Unreadable("no-such-file", f"{shown} does not exist after the run")
    if not os.path.isfile(path):
        raise Unreadable("not-a-file", f"{shown} is not a regular file")
    if not os.path.getsize(path):
        raise Unreadable("empty-file", f"{shown} is empty")


def adopting(shown: str) -> str:
    """The command that takes in a log of Markdown."""
    return f"leadline adopt {shell_word(shown)}"


def errors_of(whole: bool) -> str:
    return "surrogateescape" if whole else "replace"


def refuse_large(path: str, shown: str, instead: str) -> None:
    """What is not read row by row is held as a whole."""
    if os.path.getsize(path) > MAX_WHOLE_BYTES:
        raise Unreadable("too-large", f"{shown} is over 64 MiB: {instead}")


def chosen(
    which: str, names: Sequence[str], places: Sequence[str], shown: str
) -> tuple[int, list[tuple[str, str]]]:
    """The place of the table that is meant, the first where none is named; and of the others what is
    to be said. Raises Unreadable for one that is not there."""
    numbers = [str(number) for number in range(1, len(names) + 1)]
    if which and which not in names and which not in numbers:
        there = ", ".join(names[:20])
        what = f"{shown} has no table {which!r}; it has {there}"
        raise Unreadable("no-such-table", what, ("--table", names[0]))
    at = names.index(which) if which in names else numbers.index(which or "1")
    others = [
        (place, f"another table: --table {shell_word(name)}")
        for number, (name, place) in enumerate(zip(names, places, strict=True))
        if number != at
    ]
    return at, others
