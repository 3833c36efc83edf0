"""Trackers' libraries, imported once: `python warm_server.py SOCKET` runs each job that is sent to it
in a fork of itself. An import of theirs costs more than all that a test's job then does.

A job is sent by `python warm_server.py JOB.py …` with the socket in WARM_JOBS, which stands for
`python JOB.py …`: same streams, folder, environment and exit code. What it is not: a process of the
sender's own family, and one whose start is another's. Tests of these start Python itself.
"""

from __future__ import annotations

import array
import atexit
import gc
import json
import os
import signal
import socket
import sys
import threading

SOCKET = "WARM_JOBS"
# What these keep of the environment when they are imported is the job's own.
_IMPORTED_ANEW = ("trackio",)


def send(where: str, words: list[str], cwd: str, env: dict[str, str], streams: list[int]) -> int:
    """The exit code of the job, as `subprocess` gives it."""
    with socket.socket(socket.AF_UNIX) as talk:
        talk.connect(where)
        talk.sendmsg([b"j"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))])
        talk.sendall(json.dumps({"words": words, "cwd": cwd, "env": env}).encode() + b"\n")
        with talk.makefile("rb") as told:
            return int(told.readline())


def listens(where: str) -> bool:
    with socket.socket(socket.AF_UNIX) as talk:
        return talk.connect_ex(where) == 0


def load() -> None:
    """What is not installed is not imported."""
    # ``later``: what a first call imports
    later = ("wandb.sdk.launch", "mlflow.store.tracking.sqlalchemy_store")
    for name in ("wandb", "mlflow", "trackio", *later):
        try:
            __import__(name)
        except ImportError:
            pass
    for name in [n for n in sys.modules if n.partition(".")[0] in _IMPORTED_ANEW]:
        del sys.modules[name]


def serve(listener: socket.socket) -> None:
    """Fork for each job one who waits for it and tells its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        talk, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _answer(talk)
            return
        talk.close()


def _answer(talk: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, ancillary, _, _ = talk.recvmsg(1, socket.CMSG_SPACE(12))
    if not message:
        os._exit(0)  # who only looked whether somebody listens
    streams = array.array("i", ancillary[0][2])
    with talk.makefile("rb") as told:
        job = json.loads(told.readline())
    pid = os.fork()
    if pid == 0:
        talk.detach()  # its number will be another file's
        _become(job, list(streams))
        return
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    talk.sendall(f"{code}\n".encode())
    os._exit(0)


def _become(job: dict, streams: list[int]) -> None:
    """Be the process that the job asks for. It ends as any Python does, but for what it has loaded:
    to take that apart costs more than most jobs."""
    os.setpgid(0, 0)
    for at, stream in enumerate(streams):
        os.dup2(stream, at)
    os.closerange(3, 256)
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    words = job["words"]
    main = type(sys)("__main__")
    sys.modules["__main__"] = main
    if words[0] == "-c":
        text, sys.argv, sys.path[0] = words[1], ["-c", *words[2:]], ""
        file = "<string>"
    else:
        file, sys.argv, sys.path[0] = words[0], words, os.path.dirname(os.path.abspath(words[0]))
        main.__file__ = os.path.abspath(file)
        with open(file) as script:
            text = script.read()
    code = 0
    try:
        exec(compile(text, file, "exec"), main.__dict__)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        code = 1
        sys.excepthook(*sys.exc_info())
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(code)


def as_job(words: list[str]) -> None:
    """Stand for the job: end as it ends."""
    code = send(os.environ[SOCKET], words, os.getcwd(), dict(os.environ), [0, 1, 2])
    if code < 0:
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    if SOCKET in os.environ:
        as_job(sys.argv[1:])
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        load()
        gc.collect()
        gc.freeze()  # what is loaded is searched for garbage in no fork
        listener.listen(64)
        serve(listener)
