"""Build the wheel, install it into an empty environment, use the program there, and take it away
again: what `pip install .` gives."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (wheel,) = folder.glob("leadline-*.whl")
        venv.EnvBuilder(with_pip=False, symlinks=True).create(folder / "venv")
        python = folder / "venv" / "bin" / "python"
        pip = ROOT / "tools" / (ROOT / "tools" / "pip.sha256").read_text().split()[1]
        subprocess.run(
            [python, f"{pip}/pip", "install", "-q", "--disable-pip-version-check", str(wheel)],
            check=True,
        )
        for command in (
            ["--version"],
            ["--help"],
            ["doctor", "--json"],
            ["demo", "--into", str(folder / "demo")],
        ):
            subprocess.run(
                [folder / "venv" / "bin" / "leadline", *command],
                check=True,
                stdout=subprocess.DEVNULL,
                cwd=ROOT,
            )
        size = sum(f.stat().st_size for f in (folder / "venv" / "lib").rglob("*") if f.is_file())
        subprocess.run([python, f"{pip}/pip", "uninstall", "-q", "-y", "leadline"], check=True)
        if left := list((folder / "venv").rglob("leadline*")):
            print(f"pip uninstall leaves {', '.join(map(str, left))}")
            return 1
        print(f"the wheel installs and runs; {size / 1e6:.1f} MB with its dependencies")
    return 0


if __name__ == "__main__":
    sys.exit(main())
