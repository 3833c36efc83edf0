"""The program, loaded once: a process that answers each command line in a fork of itself.

Started by `tests/forked.py`, one for each worker of pytest, as `python fork_server.py FD`: FD is
its end of a socket pair on which calls arrive. It ends when the other end is closed.

A fork is as separate as a process that was started: memory, folder, environment, standard streams,
open files, signals and exit code are its own. What a fork cannot show is the start itself: what is
loaded when, and what Python takes from its environment.
"""

from __future__ import annotations

import array
import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

# Not of the program: what a job or another interpreter runs, and what only the tests use.
_PROGRAMS = (
    "leadline.__main__",
    "leadline.adapters.trackers.outside",
    "leadline.demo",
    "leadline.job",
    "leadline.testing",
)


def load() -> None:
    """Every module that a verb may load, and what those load of others: not what few verbs load and
    makes each fork dearer (pyarrow, matplotlib)."""
    import leadline

    names = [module.name for module in pkgutil.walk_packages(leadline.__path__, "leadline.")]
    for name in names:
        if not name.startswith(_PROGRAMS):
            importlib.import_module(name)
    for name in ("httpcore2", "httpx2", "jinja2", "sqlite3", "yaml"):
        with contextlib.suppress(ImportError):  # not all are installed everywhere
            importlib.import_module(name)
    if "jinja2" in sys.modules:
        sys.modules["leadline.render.report.page"].template()
    if http := sys.modules.get("httpcore2"):  # each client reads the certificate authorities
        http.default_ssl_context = functools.cache(http.default_ssl_context)
        http.default_ssl_context(_trust_env=True)


# A short study, whose answers nobody reads.
_WARM_UP = (
    ("start", "warm", "--prefix", "W", "--no-branch", "--success", "time_ms:ms:lower"),
    ("hypothesis", "add", "it is faster", "--predict", "time_ms(best) < 9"),
    ("run", "--quiet", "--", "echo", '{"time_ms": 1}'),
    ("note", "W-001", "--interpretation", "as expected"),
    ("claim", "it is below 9 ms", "--that", "time_ms(W-001) < 9"),
    ("update", "--change", "it works"),
    ("status", "--runs", "--json"),
    ("show", "W-001"),
    ("brief",),
    ("check", "post"),
    ("logbook",),
    ("report", "--out", "report.html"),
    ("seal", "one"),
    ("sync",),
    ("verify",),
    ("completion", "bash"),  # opens no record: the last that does is let go of
)


def warm_up() -> None:
    """What a first call makes and a later one finds made: patterns, tables, code fitted to what it
    meets. Without it each fork makes them for itself."""
    from leadline.cli.main import main

    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nobody:
        os.environ |= {"HOME": folder, "GIT_CONFIG_NOSYSTEM": "1", "LEADLINE_ACTOR": "Ada"}
        os.environ |= {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "a@example.org"}
        os.environ |= {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "a@example.org"}
        os.chdir(folder)
        for line in ("init -q", "commit -q --allow-empty -m first"):
            subprocess.run(["git", *line.split()], check=True)
        with contextlib.redirect_stdout(nobody), contextlib.redirect_stderr(nobody):
            for words in _WARM_UP:
                done = main([*words])
                assert done in (0, 8), words  # 8: there is no remote
        os.chdir("/")


def serve(calls: socket.socket) -> None:
    """Fork for each call; tell each caller the exit code of its fork."""
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    callers: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([calls, told], [], [])
        if told in ready:
            os.read(told, 512)
            _tell_the_end(callers)
        if calls in ready and not _answer(calls, callers):
            return


def _tell_the_end(callers: dict[int, socket.socket]) -> None:
    while callers:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with callers.pop(pid) as caller:
            # A caller that gave up waiting is gone.
            try:
                caller.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            except OSError:
                pass


def _answer(calls: socket.socket, callers: dict[int, socket.socket]) -> bool:
    """Fork for the next call; false when there are no more."""
    message, ancillary, _, _ = calls.recvmsg(1, socket.CMSG_SPACE(12))
    if not message:
        return False
    output, errors, talk = array.array("i", ancillary[0][2])
    caller = socket.socket(fileno=talk)
    call = json.loads(caller.makefile("rb").readline())
    pid = os.fork()
    if pid == 0:
        become(call, output, errors)
    os.close(output)
    os.close(errors)
    callers[pid] = caller
    caller.sendall(f"{pid}\n".encode())
    return True


def become(call: dict, output: int, errors: int) -> None:
    """Be the process that the call asks for. Does not return: what `entry` raises ends it as it
    ends any Python."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setpgid(0, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(errors, 2)
    os.closerange(3, 256)
    os.chdir(call["cwd"])
    os.environ.clear()
    os.environ.update(call["env"])
    time.tzset()
    tempfile.tempdir = None
    folders = [folder for folder in call["env"].get("PYTHONPATH", "").split(os.pathsep) if folder]
    if any(map(_hides_what_is_loaded, folders)):
        os.execve(sys.executable, [sys.executable, "-m", "leadline", *call["argv"]], call["env"])
    sys.argv = [importlib.util.find_spec("leadline.__main__").origin, *call["argv"]]
    sys.path[:1] = [os.getcwd(), *folders]  # as `python -m` has it

    from leadline.cli.main import entry
    from leadline.cli.start import installed_first

    installed_first()
    entry()


def _hides_what_is_loaded(folder: str) -> bool:
    names = os.listdir(folder) if os.path.isdir(folder) else []
    modules = {name.partition(".")[0] for name in names}
    return not modules.isdisjoint({*sys.modules, "sitecustomize", "usercustomize"})


if __name__ == "__main__":
    inherited = socket.socket(fileno=int(sys.argv[1]))
    inherited.set_inheritable(False)
    load()
    warm_up()
    gc.collect()
    gc.freeze()
    serve(inherited)
