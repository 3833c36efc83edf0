"""What Leadline starts for itself is found, and finds its modules, outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leadline.adapters.own_programs import absolute_path, isolated, own_environment, program
from leadline.adapters.trackers import programs


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a module for every one of the standard library, and programs."""
    folder = tmp_path / "checkout"
    (folder / "bin").mkdir(parents=True)
    mark = f"open({str(tmp_path / 'PWNED')!r}, 'a').write(__name__)\n"
    for name in sys.stdlib_module_names:
        (folder / f"{name}.py").write_text(mark)
    for name in ("git", "python3", "bin/git", "bin/python3"):
        (folder / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/PWNED\n")
        (folder / name).chmod(0o755)
    monkeypatch.chdir(folder)
    return folder


def test_programs_are_looked_up_in_absolute_folders_alone(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "git").write_text("#!/bin/sh\n")
    (real / "folder").mkdir()
    for path in (f":{real}", f".:{real}", f"bin:./bin:../checkout:{real}:", f"~/bin:{real}"):
        environ = {"PATH": path}
        assert program("git", environ) == "", "it is not executable"
        (real / "git").chmod(0o755)
        assert program("git", environ) == f"{real}/git"
        assert program("folder", environ) == ""
        assert absolute_path(path) == own_environment(environ)["PATH"] == str(real)
        (real / "git").chmod(0o644)


def test_a_python_of_ours_sees_neither_checkout_nor_variables(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    own = subprocess.run(
        [sys.executable, "-c", "import site; print(site.getusersitepackages())"],
        env={"HOME": str(home)},
        cwd="/",
        capture_output=True,
        text=True,
    ).stdout.strip()
    Path(own).mkdir(parents=True)
    Path(own, "of_the_user.py").write_text("kept = 1\n")
    script = tmp_path / "script.py"
    script.write_text("import json, sys, of_the_user; print(sys.argv[1:], of_the_user.kept)\n")
    environ = {
        "HOME": str(home),
        "PYTHONPATH": str(checkout),
        "PYTHONHOME": "/nowhere",
        "PYTHONSTARTUP": "git",
        "PATH": os.environ["PATH"],
    }
    assert "PYTHONPATH" not in own_environment(environ)
    for variables in (environ, own_environment(environ)):
        done = subprocess.run(
            isolated(sys.executable, [str(script), "-m", "a"]),
            cwd=checkout,
            env=variables,
            capture_output=True,
            text=True,
        )
        assert done.stdout == "['-m', 'a'] 1\n", done.stderr
    done = subprocess.run(
        isolated(sys.executable, ["-m", "json.tool", "--help"]), cwd=checkout, capture_output=True
    )
    assert done.returncode == 0 and b"usage" in done.stdout
    assert not (tmp_path / "PWNED").exists()


def test_asking_for_a_package_runs_nothing_of_the_checkout(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "nobody_has_this").mkdir()  # as wandb makes its folder
    (checkout / "nobody_has_that.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(checkout))
    path = f".:bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
    for environ in (
        {"PATH": path},
        {"PATH": path, "VIRTUAL_ENV": "."},
        {"PATH": path, "LEADLINE_TRACKER_PYTHON": sys.executable},
    ):
        for package in ("nobody_has_this", "nobody_has_that"):
            assert programs.interpreter_with(package, environ) == ""
    assert not (tmp_path / "PWNED").exists()
