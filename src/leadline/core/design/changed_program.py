"""Whether two runs are repeats of one program although the work tree is not the same.

A job that appends to a tracked table, an edited README, a rendered logbook: none of it is a changed
program, and a repeat that was refused for it would teach people not to repeat. An edited source file
is one, whenever it was edited: whose results would be pooled then?
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from leadline.core.tree_path import OUTPUT_OPTION, WORDS, may_be_written


def _given_to_options(argv: Sequence[str]) -> set[str]:
    """The files that are values of options, but of those that name an output."""
    found = set()
    for before, word in zip(["", *argv], argv, strict=False):
        option, equals, value = word.partition("=")
        if not word.startswith("-") or not equals:
            option, value = before, word
        if option.startswith("-") and "=" not in option and not OUTPUT_OPTION.search(option):
            found.add(os.path.normpath(value))
    return found


def changed_program(
    paths: Iterable[str], argv: Sequence[str], written_by_a_run: Callable[[str], bool]
) -> list[str]:
    """Of the ``paths`` that differ, those that make another program.

    Not: what by its kind is an output (what Python keeps compiled too), or has no kind and is not named
    by the command, and was written while a run went on, unless an option of the command gives it for something else
    (``--config c.json``); prose and pictures that the command does not name."""
    named = {os.path.normpath(word.rpartition("=")[2] or word) for word in argv}
    given = _given_to_options(argv)

    def matters(path: str) -> bool:
        kind = os.path.splitext(path)[1].lower()
        if kind in WORDS and path not in named:
            return False
        name = os.path.basename(path)
        bare = not kind and path not in named and not name[:1].isupper()  # as a Makefile is
        writable = may_be_written(path) or bare or "__pycache__" in path.split("/")
        return not writable or path in given or not written_by_a_run(path)

    return [path for path in paths if matters(path)]
