"""A process that reads into the index what another one writes meanwhile: two processors work at an
import then.

The index is a cache under a lock of its own: whoever reads on finds what is read already, and
whatever becomes of this process, the one that writes does without it.
"""

from __future__ import annotations

import gc
import os
from _signal import SIG_IGN, SIGINT, signal  # type: ignore[import-not-found]  # without the enums
from collections.abc import Callable

from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

AHEAD = 1  # tellings that may wait: who comes between two writes finds no more to read itself
TASKS = "/proc/self/task"
_MOST = 64


class ReadAlong:
    """``read``: what is done in the process, each time that it is told of something. Raises OSError
    where there can be none."""

    def __init__(self, read: Callable[[], None]) -> None:
        fds = list[int]()
        try:
            fds += os.pipe()
            fds += os.pipe()
            self._pid = os.fork()
        except OSError:
            _close(fds)
            raise
        told, self._tell, self._done, say = fds
        if self._pid == 0:
            _close([self._tell, self._done])
            _serve(told, say, read)
        _close([told, say])
        self._waiting = 0

    def told(self) -> bool:
        """Tell that there is more. Comes back once all but the last ``AHEAD`` tellings are seen to;
        False: they are not, and will not be."""
        try:
            os.write(self._tell, b".")
            self._waiting += 1
            while self._waiting > AHEAD:
                done = len(os.read(self._done, _MOST))
                if not done:
                    return False
                self._waiting -= done
        except BrokenPipeError:
            return False
        return True

    def close(self) -> None:
        """Wait until all is read."""
        os.close(self._tell)
        try:
            os.waitpid(self._pid, 0)
        except ChildProcessError:  # somebody asked after all that had ended
            pass
        os.close(self._done)


def can_fork() -> bool:
    """Whether this process has one thread, so that a fork of it is whole."""
    try:
        return len(os.listdir(TASKS)) == 1
    except OSError:
        return False


def _close(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


def _serve(told: int, say: int, read: Callable[[], None]) -> NoReturn:
    status = 1
    try:
        signal(SIGINT, SIG_IGN)  # who writes ends first, and closes what tells
        gc.freeze()  # what it has from there is never freed, and need not be copied to find that out
        while more := len(os.read(told, _MOST)):
            read()
            os.write(say, b"." * more)
        status = 0
    finally:
        os._exit(status)
