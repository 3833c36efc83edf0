"""Programs that Leadline starts for itself: where they are found, and what they are given.

A checkout is a stranger's, and so is whatever stands in it under the name of a program or a module.
A relative entry of ``PATH`` (or an empty one, which means the current folder) would find its
``git``; a Python that is started in it would import its ``json``. So programs are looked up in
absolute folders alone, and a Python is isolated from the current folder and from ``PYTHON*``. What a
run starts is the user's affair and stays as it is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

NOWHERE = "/"  # to start a program in that does not need a folder
# The user's own packages, which ``-I`` leaves out, and a program by its path or by ``-m``.
_ISOLATED = """\
import runpy, site, sys
site.addsitedir(site.getusersitepackages())
del sys.argv[0]
if sys.argv[0] == "-m":
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
"""
_found: dict[tuple[str, str], str] = {}


def absolute_path(path: str | None) -> str:
    """``PATH`` without what means another folder wherever one stands."""
    given = os.defpath if path is None else path
    return os.pathsep.join(folder for folder in given.split(os.pathsep) if folder[:1] == "/")


def program(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """The absolute path of a program; "" when there is none."""
    path = environ.get("PATH", os.defpath)
    known = _found.get((name, path))
    if known is None or not os.access(known, os.X_OK):
        known = ""
        for folder in absolute_path(path).split(os.pathsep):
            candidate = f"{folder}/{name}"
            if folder and os.access(candidate, os.X_OK) and os.path.isfile(candidate):
                known = _found[name, path] = candidate
                break
    return known


def own_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` for a program of ours: no ``PYTHON*``, and an absolute ``PATH``."""
    kept = {name: value for name, value in environ.items() if not name.startswith("PYTHON")}
    kept["PATH"] = absolute_path(environ.get("PATH"))
    return kept


def isolated(python: str, arguments: list[str]) -> list[str]:
    """The command line for ``python arguments`` (a script's path, or ``-m`` and a module) that sees
    neither the current folder nor ``PYTHON*``, and still the user's own packages."""
    return [python, "-I", "-c", _ISOLATED, *arguments]
