"""Where the program starts: what has to be so before anything is loaded."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # without the enums of `signal`
import os
import sys

from leadline.cli import own_modules


def entry() -> None:
    """The console script. Until all is loaded Ctrl-C ends the process without a word: nothing was
    done yet."""
    _open_streams()
    interrupted = _signal.getsignal(_signal.SIGINT)
    if interrupted is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    own_modules.come_first()
    from leadline.cli.main import entry as loaded

    loaded(interrupted)


def _open_streams() -> None:
    """Whoever closed a stream wants nothing of it; the next file opened must not become it, since a
    warning would be written into a record then."""
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(fd, "r" if fd == 0 else "w", closefd=False))
