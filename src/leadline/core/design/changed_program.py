"""Whether two runs are repeats of one program although the work tree is not the same.

A job that appends to a tracked table, an edited README, a rendered logbook: none of it is a changed
program, and a repeat that was refused for it would teach people not to repeat. An edited source file
is one, whenever it was edited: whose results would be pooled then?
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from leadline.core.tree_path import WORDS, may_be_written


def changed_program(
    paths: Iterable[str], argv: Sequence[str], written_by_a_run: Callable[[str], bool]
) -> list[str]:
    """Of the ``paths`` that differ, those that make another program.

    Not: what by its kind is an output and was written while a run went on; prose and pictures that
    the command does not name."""
    named = {os.path.normpath(word.rpartition("=")[2] or word) for word in argv}

    def matters(path: str) -> bool:
        kind = os.path.splitext(path)[1].lower()
        if kind in WORDS and path not in named:
            return False
        return not may_be_written(path) or not written_by_a_run(path)

    return [path for path in paths if matters(path)]
