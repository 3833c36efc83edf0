"""Make the virtual environment of this checkout: `python3 tools/setup_venv.py .venv [extra]`.

Works where python3 has no pip and no ensurepip (a fresh Debian or Ubuntu without python3-venv): the
environment is made without pip, and the pip wheel kept beside this file installs itself first. Its
digest is checked.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PIP_SHA256 = (HERE / "pip.sha256").read_text().split()


def main(folder: str, extra: str = "") -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an older python3 meets first
        print(
            f"Leadline needs Python 3.11 or newer; this is {sys.version.split()[0]}.\n"
            "next: make demo PYTHON=python3.11",
            file=sys.stderr,
        )
        return 1
    python = Path(folder) / "bin" / "python"
    if not python.exists():
        print(f"making {folder} ...", flush=True)
        venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    wheel = HERE / PIP_SHA256[1]
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != PIP_SHA256[0]:
        print(f"{wheel} does not have its digest.\nnext: git checkout -- tools", file=sys.stderr)
        return 1
    pip = [str(python), f"{wheel}/pip"]
    target = f"{HERE.parent}[{extra}]" if extra else str(HERE.parent)
    print(f"installing leadline{f'[{extra}]' if extra else ''} ...", flush=True)
    environment = {
        k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
    }
    quiet = ["--quiet", "--disable-pip-version-check", "--no-compile"]
    done = subprocess.run([*pip, "install", *quiet, "--editable", target], env=environment)
    if done.returncode:
        print(
            "the packages could not be installed: is the package registry reachable?\nnext: make demo",
            file=sys.stderr,
        )
        return done.returncode
    # pip compiles one file after the other, and of an editable install nothing: where the user's
    # environment forbids Python to write bytecode, each start would compile all of it anew. What some
    # packages keep as a template does not compile.
    compiled = [str(Path(folder) / "lib"), str(HERE.parent / "src")]
    subprocess.run([str(python), "-m", "compileall", "-qq", "-j", "0", *compiled], env=environment)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
