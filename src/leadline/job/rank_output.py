"""What each of several processes of one run prints, besides where all of them print: one file a rank.

A launcher (``srun``, ``torchrun``, ``mpirun``) lets all ranks write into one stream, in which nobody
can tell them apart. So a Python that has a rank writes what goes through ``sys.stdout`` and
``sys.stderr`` a second time, into ``RUN_DIR/ranks/RANK.stdout.log``. What else a process prints (a
library in C) stays in the stream of all. Standard library only, no import of ours: the interpreters
of a job read it as they start (``startup/sitecustomize.py``).
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDER = "ranks"
#: What launchers call the number of a process, and how many there are.
RANKS = {
    "RANK": "WORLD_SIZE",
    "OMPI_COMM_WORLD_RANK": "OMPI_COMM_WORLD_SIZE",
    "PMI_RANK": "PMI_SIZE",
    "SLURM_PROCID": "SLURM_STEP_NUM_TASKS",
}


def keep_apart() -> None:
    """From now on; nothing in a process that is not one of several, and nothing that fails."""
    folder = os.environ.get("LEADLINE_RUN_DIR")
    found = [name for name in RANKS if name in os.environ]
    if not folder or not found:
        return
    rank, size = os.environ[found[0]], os.environ.get(RANKS[found[0]], "")
    if not rank.isdigit() or not size.isdigit() or int(size) < 2:
        return
    try:
        os.makedirs(os.path.join(folder, FOLDER), exist_ok=True)
        for name in ("stdout", "stderr"):
            path = os.path.join(folder, FOLDER, f"{int(rank)}.{name}.log")
            _twice(getattr(sys, name), path)
    except Exception:
        pass  # a full disk ends no training


def _twice(stream: Any, path: str) -> None:
    if hasattr(stream, "leadline_rank"):
        return  # as the interpreter started
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o644)
    first = stream.write

    def write(text: str) -> object:
        written: object = first(text)
        try:
            os.write(descriptor, text.encode("utf-8", "backslashreplace"))
        except Exception:
            pass
        return written

    stream.write = write
    stream.leadline_rank = True


keep_apart()
