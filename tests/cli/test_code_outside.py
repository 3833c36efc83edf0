"""Code that a run is made of and that lies outside the repository: known by digest, so that another
state of it is never taken for the one that ran before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Lab


def installed(venv: Path, place: Path, how: str) -> None:
    """``place`` installed as it lies there, in the two ways of build tools."""
    packages = next(venv.glob("lib/python3*/site-packages"))
    if how == "a path":
        (packages / "_code.pth").write_text(f"{place}\n")
        return
    finder = "__editable___code_1_0_finder"
    (packages / "__editable__.code-1.0.pth").write_text(f"import {finder}\n")
    mapping = f"MAPPING: dict[str, str] = {{'code_outside': '{place}/code_outside'}}\n"
    (packages / f"{finder}.py").write_text(f"import sys\n{mapping}sys.path.append('{place}')\n")


@pytest.mark.parametrize("how", ["a path", "a finder"])
def test_another_state_of_what_is_installed_from_a_folder_is_other_code(
    thread_lab: Lab, tmp_path: Path, how: str
):
    place, venv = tmp_path / "outside", tmp_path / "venv"
    place.mkdir()
    (place / "code_outside.py").write_text("print('{\"x\": 1}')\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    installed(venv, place, how)
    thread_lab.write("run.py", "import code_outside\n")
    command = ("run", "--quiet", "--", str(venv / "bin/python"), "run.py")
    thread_lab.ok(*command)
    (place / "code_outside.py").write_text("print('{\"x\": 100}')\n")
    assert "run before" not in thread_lab.run(*command).stderr
    assert "named." in thread_lab.run("compare", "P-001", "P-002").stdout
    again = thread_lab.run("reproduce", "P-001").stdout
    assert "code_outside.py, which is not in the code state, changed since" in again


def test_a_folder_that_a_program_adds_to_the_path_is_looked_in(thread_lab: Lab, tmp_path: Path):
    place = thread_lab.repo.parent / "beside"
    place.mkdir()
    (place / "code_outside.py").write_text("print('{\"x\": 1}')\n")
    thread_lab.write(
        "run.py",
        "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'beside'))\n"
        "import code_outside\n",
    )
    thread_lab.ok("run", "--quiet", "--", sys.executable, "run.py")
    assert [*thread_lab.json("show", "P-001-r1")["data"]["ruler"]["beside"]] == [
        str(place / "code_outside.py")
    ]


def test_a_link_that_leads_out_does_so_where_the_state_is_rebuilt(thread_lab: Lab, tmp_path: Path):
    outside = thread_lab.repo.parent / "outside"
    outside.mkdir()
    (outside / "code.py").write_text("print('{\"x\": 1}')\n")
    thread_lab.write("run.py", "import code_here\n")
    (thread_lab.repo / "code_here.py").symlink_to("../outside/code.py")
    thread_lab.ok("run", "--quiet", "--", sys.executable, "run.py")
    assert "agrees" in thread_lab.ok("reproduce", "P-001")


@pytest.fixture(params=["a link out of the tree", "a folder in PYTHONPATH"])
def outside(request: pytest.FixtureRequest, thread_lab: Lab, tmp_path: Path) -> Path:
    """The file outside, which gives the metric of ``run.py``."""
    place = tmp_path / "outside"
    place.mkdir()
    if "link" in request.param:
        (thread_lab.repo / "run.py").symlink_to(place / "code.py")
        return place / "code.py"
    thread_lab.env["PYTHONPATH"] = str(place)
    thread_lab.write("run.py", "import code_outside\n")
    return place / "code_outside.py"


def test_another_state_of_it_is_other_code(thread_lab: Lab, outside: Path):
    command = ("--", sys.executable, "run.py")
    outside.write_text("print('{\"x\": 1}')\n")
    thread_lab.ok("run", "--quiet", *command)
    assert "run before" in thread_lab.run("run", "--quiet", *command).stderr
    thread_lab.ok("sweep", "--axis", "k=1", *command, "{k}")
    assert "to run: 0" in thread_lab.run("sweep", "--axis", "k=1", "--plan", *command, "{k}").stdout
    outside.write_text("print('{\"x\": 100}')\n")
    changed = thread_lab.run("run", "--quiet", *command)
    assert changed.returncode == 0 and "run before" not in changed.stderr
    assert (
        "to run: 0"
        not in thread_lab.run("sweep", "--axis", "k=1", "--plan", *command, "{k}").stdout
    )
    again = thread_lab.run("run", "--experiment", "P-001")
    assert again.returncode and "changed since P-001" in again.stderr
    assert "named." in thread_lab.run("compare", "P-001", "P-004").stdout


@pytest.mark.parametrize("how", [("-c", "import code_outside"), ("-m", "code_outside")])
def test_what_a_command_itself_loads_from_outside_is_looked_in(
    thread_lab: Lab, tmp_path: Path, how: tuple[str, str]
):
    place = tmp_path / "elsewhere"
    place.mkdir()
    (place / "code_outside.py").write_text("print('{\"x\": 1}')\n")
    thread_lab.env["PYTHONPATH"] = str(place)
    command = ("run", "--quiet", "--", sys.executable, *how)
    thread_lab.ok(*command)
    assert "run before" in thread_lab.run(*command).stderr
    (place / "code_outside.py").write_text("print('{\"x\": 2}')\n")
    assert "run before" not in thread_lab.run(*command).stderr


def test_a_link_to_an_interpreter_is_no_code_of_ours(thread_lab: Lab):
    (thread_lab.repo / "py").symlink_to(sys.executable)
    thread_lab.ok("run", "--quiet", "--", "./py", "-c", "print(1)")
    assert "py" not in thread_lab.json("show", "P-001-r1")["data"]["ruler"].get("beside", {})


def test_an_ignored_file_of_the_program_is_named_when_it_runs_and_when_it_is_made_again(
    thread_lab: Lab,
):
    thread_lab.write(".gitignore", "local.py\n")
    thread_lab.write("local.py", "X = 1.5\n")
    thread_lab.write("run.py", "import local\nprint('{\"x\": %s}' % local.X)\n")
    said = thread_lab.run("run", "--", sys.executable, "run.py").stderr
    assert ", without local.py]" in said
    again = thread_lab.run("reproduce", "P-001").stdout
    assert "local.py ran with it and no code state holds it" in again
