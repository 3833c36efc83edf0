"""Which Python has a tracker's package, and running a piece of it with a time limit.

Sending to a tracker needs the tracker's own package, which is large and often lives in another
environment than Leadline. It runs in a process of its own: a hang, a crash or an import of two
seconds stays outside, and nothing of it is imported into Leadline.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Mapping

from leadline.adapters.own_programs import NOWHERE, isolated, own_environment, program
from leadline.core.errors import environment, remote
from leadline.core.typed import Any

PROBE_S = 20.0


def interpreter_with(package: str, environ: Mapping[str, str]) -> str:
    """A Python that can import ``package``: Leadline's own, ``$LEADLINE_TRACKER_PYTHON``, the
    active virtual environment's, or the first on the path; "" when none can."""
    import importlib.util

    here = importlib.util.find_spec(package)
    if here is not None and here.origin is not None:  # not just a folder of that name
        return sys.executable
    active = environ.get("VIRTUAL_ENV", "")
    for python in (
        environ.get("LEADLINE_TRACKER_PYTHON", ""),
        os.path.join(active, "bin", "python") if os.path.isabs(active) else "",
        program("python3", environ),
    ):
        if python and os.access(python, os.X_OK) and _has(os.path.abspath(python), package):
            return os.path.abspath(python)
    return ""


@functools.cache
def _has(python: str, package: str) -> bool:
    finds = os.path.join(os.path.dirname(__file__), "outside", "has_package.py")
    try:
        done = subprocess.run(
            isolated(python, [finds, package]),
            capture_output=True,
            timeout=PROBE_S,
            check=False,
            cwd=NOWHERE,
            env=own_environment(os.environ),
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def run_program(
    package: str,
    arguments: list[str],
    given: Any,
    environ: Mapping[str, str],
    limit_s: float,
    cwd: str = NOWHERE,
) -> dict[str, Any]:
    """Run ``PYTHON arguments`` (a script's path, or ``-m`` and a module) with ``given`` as JSON on
    its stdin; its last line on stdout that is JSON is returned.

    Raises LeadlineError(environment, ``tracker-not-installed``) or (remote, ``tracker-failed`` |
    ``tracker-slow``).
    """
    from leadline.core.secrets.environment import secret_values
    from leadline.core.secrets.redact import Redactor

    python = interpreter_with(package, environ)
    if not python:
        raise environment(
            "tracker-not-installed",
            f"no Python here has the package {package}",
            why="sending needs it; reading does not",
            do=[
                f"pip install 'leadline[{package}]'",
                "export LEADLINE_TRACKER_PYTHON=/path/to/python",
            ],
        )
    try:
        done = subprocess.run(
            isolated(python, arguments),
            input=json.dumps(given).encode(),
            capture_output=True,
            timeout=limit_s,
            env=own_environment(environ),
            cwd=cwd,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise remote(
            "tracker-slow",
            f"{package} did not finish within {limit_s:g} s",
            why="it was ended; what is here is kept and sent another time",
            do="leadline tracker sync",
        ) from None
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    for line in reversed(lines):
        if line.startswith("{"):
            try:
                answer = json.loads(line)
            except ValueError:
                continue
            if isinstance(answer, dict) and done.returncode == 0:
                return answer
    if done.returncode == 0:
        return {"output": "\n".join(lines[-20:])}
    said = (done.stderr.decode("utf-8", "replace").strip() or "\n".join(lines)).splitlines()
    why = Redactor(secret_values(environ)).text(
        said[-1][:500] if said else f"exit code {done.returncode}"
    )
    raise remote(
        "tracker-failed", f"{package} could not take the run", why=why, do="leadline tracker sync"
    )
