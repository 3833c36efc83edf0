"""Where the program starts: what has to be so before anything is loaded. Until then only modules that
are part of Python itself are, not even ``__future__``: another of that name may come first.
"""

import _signal  # type: ignore[import-not-found]  # without the enums of `signal`
import os
import sys


def entry() -> None:
    """The console script. Until all is loaded Ctrl-C ends the process without a word: nothing was
    done yet."""
    _open_streams()
    interrupted = _signal.getsignal(_signal.SIGINT)
    if interrupted is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    installed_first()
    from leadline.cli import own_modules

    own_modules.come_first()
    from leadline.cli.main import entry as loaded

    loaded(interrupted)


def installed_first() -> None:
    """Python and what is installed come before what the user's PYTHONPATH names, of which nothing is
    imported that lies in the checkout, this one or that of ``-C``; the folder of the script has no
    modules of ours. The job gets the PYTHONPATH as it is."""
    if not sys.flags.safe_path and sys.path[0] == os.path.dirname(os.path.realpath(sys.argv[0])):
        del sys.path[0]
    named = os.environ.get("PYTHONPATH")
    if not named or sys.flags.ignore_environment:
        return
    ours = (os.path.join(sys.prefix, ""), os.path.join(os.path.dirname(os.__file__), ""))
    try:
        places = {os.path.abspath(place) for place in named.split(os.pathsep)}
        checkouts = tuple(_checkout(os.path.realpath(folder)) for folder in (".", *_asked()))
    except OSError:  # the current folder is gone
        places, checkouts = set(named.split(os.pathsep)), (os.sep,)
    theirs = [p for p in sys.path if p in places and not os.path.join(p, "").startswith(ours)]
    outside = [p for p in theirs if not os.path.join(os.path.realpath(p), "").startswith(checkouts)]
    sys.path[:] = [*(p for p in sys.path if p not in theirs), *outside]


def _asked() -> list[str]:
    """The folders that ``-C`` may name, of Leadline or of a command."""
    words = sys.argv[1:]
    apart = [words[at + 1] for at, word in enumerate(words[:-1]) if word == "-C"]
    return [*apart, *(word[2:].removeprefix("=") for word in words if word[:2] == "-C" != word)]


def _checkout(folder: str) -> str:
    """The folder of the repository that ``folder`` lies in, or itself; with a slash at the end."""
    top = folder
    while not os.path.exists(os.path.join(top, ".git")):
        if (above := os.path.dirname(top)) == top:
            top = folder
            break
        top = above
    return os.path.join(top, "")


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
