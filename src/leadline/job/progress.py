"""How far a job is: ``leadline.progress(done, total)``.

One line of fixed length in one file of the attempt, written over and over with a single ``pwrite``:
whoever looks reads a whole line, and a million calls cost no disk. The line holds the pace as the
job saw it (its first and last advance, and the longest pause between two), so that a job that
stands still is told from one that is slow. Does nothing outside a job.
"""

from __future__ import annotations

import os
from time import time as _now

from leadline.job.rank_output import RANKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILE = "progress"
LINE_BYTES = 256
WRITE_EVERY_S = 0.1

_fd = -1
_pid = 0
_first: tuple[float, float] | None = None
_done = 0.0
_at = _gap = _written_at = 0.0
_advances = 0


def progress(done: Any, total: Any = None) -> None:
    """Says that ``done`` of ``total`` is done: steps, rows, bytes, whatever grows.

    What is not more than what was said before is no advance. Of several ranks the first one speaks.

    Raises:
        TypeError: ``done`` or ``total`` is no number.
    """
    global _first, _done, _at, _gap, _advances, _written_at, _pid, _fd
    now_done, whole = float(done), 0.0 if total is None else float(total)
    folder = os.environ.get("LEADLINE_RUN_DIR")
    if not folder or next((os.environ[n] for n in RANKS if n in os.environ), "0") != "0":
        return
    if _pid != os.getpid():
        _pid, _fd, _first, _advances, _gap = os.getpid(), -1, None, 0, 0.0
    if _first is not None and now_done <= _done:
        return
    now = _now()
    if _first is None:
        _first = (now_done, now)
    else:
        _gap = max(_gap, now - _at)
        _advances += 1
    _done, _at = now_done, now
    if now - _written_at < WRITE_EVERY_S and _advances > 1 and not now_done >= whole > 0:
        return
    _written_at = now
    words = (now_done, whole, now, _first[0], _first[1], _gap, _advances)
    line = " ".join(["1", *(f"{word:.17g}" for word in words)])
    try:
        if _fd < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
            _fd = os.open(f"{folder}/{FILE}", flags, 0o644)
        os.pwrite(_fd, (line.ljust(LINE_BYTES - 1) + "\n").encode(), 0)
    except OSError:
        pass  # a full disk ends no training
