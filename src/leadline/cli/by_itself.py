"""A command that goes on by itself (``--detach`` of what makes several runs): the same command line in
a process of its own session, which answers once and then speaks to a file.

What is refused is refused before that answer, in the words and with the exit code of the command. A
second process, and not a fork of this one, since this one has a database open.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # without the enums of `signal`
import json
import os
import sys

from leadline.cli.answer import Answer, given
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from leadline.services.context import Context
    from leadline.services.run.several import About

OPTION = "--tell-when-begun"


def options(parser: argparse.ArgumentParser) -> None:
    """``--detach``, and what it says to the other process."""
    import argparse

    parser.add_argument(
        "--detach",
        action="store_true",
        help="start it and return: leadline jobs, logs, attach, wait, stop",
    )
    parser.add_argument(OPTION, dest="tell_fd", type=int, help=argparse.SUPPRESS)


def started(args: argparse.Namespace) -> Answer:
    """Starts this command line again and waits until it goes on by itself; ends as it ended where it
    does not, since it has said why."""
    import subprocess

    read_fd, write_fd = os.pipe()
    own, dashes, command = given.words, [], []
    if "--" in own:
        at = own.index("--")
        own, dashes, command = own[:at], ["--"], own[at + 1 :]
    words = [*own, f"{OPTION}={write_fd}", *dashes, *command]
    process = subprocess.Popen(
        [sys.executable, "-m", "leadline", *words],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=(write_fd,),
    )
    os.close(write_fd)
    try:
        with open(read_fd, encoding="utf-8") as answer:
            told = answer.read()
    except KeyboardInterrupt:
        process.send_signal(_signal.SIGINT)
        raise
    if not told:
        raise SystemExit(process.wait())
    about = json.loads(told)
    shown = about["id"]
    follow = ["leadline jobs", f"leadline wait {shown}", f"leadline stop {shown}"]
    return Answer(shown, about, next=follow)


def teller(context: Context, args: argparse.Namespace) -> Callable[[About], None] | None:
    """What tells who waits that it goes on by itself; None where nobody does."""
    if args.tell_fd is None:
        return None
    return lambda about: _tell(context, args.tell_fd, about)


def _tell(context: Context, tell_fd: int, about: About) -> None:
    """Answers who waits, and goes on where nobody listens."""
    from leadline.services.run.several import log_path

    sys.stdout.flush()
    sys.stderr.flush()
    path = log_path(context, about["uid"])
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    known = {k: about[k] for k in ("id", "uid", "thread", "executor")}
    os.write(tell_fd, json.dumps({**known, "log": path}).encode())
    os.close(tell_fd)
