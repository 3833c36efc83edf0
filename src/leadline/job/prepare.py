"""The environment that a setup command makes, once for each content of a lock file, wherever it runs:
beside a run (``supervise.py``) or on a machine that is logged in to (``far.py``).

Standard library only. Whoever comes while it is being made waits; one that failed is made again by
the next run. Its output stays in ``.log`` beside it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SAID_CHARS = 800


class NotPrepared(Exception):
    """The command failed. ``args``: a sentence, with the end of what it said."""


def prepared(folder: str, code: str, command: str, lock_file: str) -> str:
    """The environment's folder, below ``folder``; ``command`` is run in ``code`` where it is not
    there yet. Raises NotPrepared, OSError."""
    try:
        with open(f"{code}/{lock_file}", "rb") as file:
            locked = file.read() if lock_file else b""
    except OSError:
        locked = b""
    digest = hashlib.sha256(command.encode() + b"\0" + locked).hexdigest()[:24]
    place = f"{folder}/{digest}"
    if os.path.exists(f"{place}/.ready"):
        return place
    import fcntl

    os.makedirs(place, exist_ok=True)
    with open(f"{place}/.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(f"{place}/.ready"):
            return place
        environ = {**os.environ, "LEADLINE_ENV": place, "UV_PROJECT_ENVIRONMENT": place}
        with open(f"{place}/.log", "wb") as log:
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=code,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_with_usual_signals,
            )
        if done.returncode:
            with open(f"{place}/.log", errors="replace") as log_again:
                said = log_again.read()[-SAID_CHARS:].strip()
            raise NotPrepared(f"exit code {done.returncode}: {said}")
        os.close(os.open(f"{place}/.ready", os.O_CREAT | os.O_WRONLY, 0o644))
    return place


def variables(place: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What a run is told of it."""
    path = environ.get("PATH", os.defpath)
    return {"LEADLINE_ENV": place, "PATH": f"{place}/bin:{path}"}


def _with_usual_signals() -> None:
    """A supervisor holds its signals back; the command is not to inherit that."""
    import signal

    signal.pthread_sigmask(signal.SIG_SETMASK, ())
