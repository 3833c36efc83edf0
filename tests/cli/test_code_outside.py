"""Code that a run is made of and that lies outside the repository: known by digest, so that another
state of it is never taken for the one that ran before."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conftest import Lab


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


def test_a_link_to_an_interpreter_is_no_code_of_ours(thread_lab: Lab):
    (thread_lab.repo / "py").symlink_to(sys.executable)
    thread_lab.ok("run", "--quiet", "--", "./py", "-c", "print(1)")
    assert "py" not in thread_lab.json("show", "P-001-r1")["data"]["ruler"].get("beside", {})
