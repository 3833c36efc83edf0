"""The software record is of the Python that ran, which says itself what it is where the command
does not tell."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import pytest

from leadline.services.run import started
from tests.conftest import Lab

WRITES = 'import os, sys; print(sys.prefix); print("PATH0", sys.path[:2])'


def software(lab: Lab, run: str) -> dict:
    return lab.json("show", run)["data"]["software"]


def environment(lab: Lab, tmp_path: Path, package: str) -> Path:
    """A virtual environment that holds one package, as far as its metadata tell."""
    folder = tmp_path / f"venv-{package}"
    lab_python = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    import subprocess

    subprocess.run(lab_python, check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / f"{package}-1.5.dist-info").mkdir()
    return folder


def test_a_shell_script_is_recorded_with_the_python_that_it_started(
    thread_lab: Lab, tmp_path: Path
):
    venv = environment(thread_lab, tmp_path, "wheelwright")
    thread_lab.write("train.py", WRITES)
    thread_lab.ok("run", "--quiet", "--", "sh", "-c", f"{venv}/bin/python train.py")
    found = software(thread_lab, "P-001-r1")
    assert found["interpreter"] == f"{venv}/bin/python" and found["python"]
    assert "wheelwright" in thread_lab.ok("show", "P-001-r1", "--packages")
    thread_lab.ok("verify")
    digest = found["packages_blob"].removeprefix("sha256:")
    blob = thread_lab.repo / ".git/leadline/blobs" / digest[:2] / digest[2:]
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes()[:-1])
    assert thread_lab.run("verify").returncode == 6


def test_so_is_one_that_runs_in_unpacked_code(thread_lab: Lab):
    script = f"{sys.executable} -c 'print({{n}})'"
    told = thread_lab.run("sweep", "--axis", "n=1", "--detach", "--", "sh", "-c", script)
    thread_lab.ok("wait", "P-W1")
    assert software(thread_lab, "P-001-r1")["interpreter"] == sys.executable
    assert "unpacked code" not in told.stderr


def test_a_python_that_the_job_itself_starts_is_not_the_jobs(thread_lab: Lab, tmp_path: Path):
    ours, theirs = (environment(thread_lab, tmp_path, name) for name in ("ours", "theirs"))
    spawn = f"import subprocess; subprocess.run(['sh', '-c', '{theirs}/bin/python -c 0'])"
    thread_lab.write("train.py", spawn)
    thread_lab.ok("run", "--quiet", "--", "sh", "-c", f"{ours}/bin/python train.py")
    assert software(thread_lab, "P-001-r1")["interpreter"] == f"{ours}/bin/python"


def test_of_several_that_differ_none_is_taken_for_the_one_that_measured(
    thread_lab: Lab, tmp_path: Path
):
    ours, theirs = (environment(thread_lab, tmp_path, name) for name in ("ours", "theirs"))
    job = f"{ours}/bin/python -m venv --help; {ours}/bin/python -c 0; {theirs}/bin/python -c 0"
    thread_lab.ok("run", "--quiet", "--", "sh", "-c", job)
    found = software(thread_lab, "P-001-r1")
    assert found["interpreter"] is None and found["os"] and "packages_blob" not in found
    assert f"{ours}/bin/python, {theirs}/bin/python" in found["python_unknown_because"]


def test_two_versions_in_one_folder_are_several(tmp_path: Path):
    here = [("3.11.2", "/usr/bin/python3.11", "10"), ("3.12.1", "/usr/bin/python3.12", "11")]
    rows = [(version, "cpython", program, "", "/", pid, "", "") for version, program, pid in here]
    (tmp_path / started.STARTED).write_text("".join("\x1e".join(row) + "\n" for row in rows))
    context: Any = None  # nothing is asked of it
    seen = started.software_seen(context, cast("Any", {}), str(tmp_path))
    assert seen and seen["python"] is None
    assert "/usr/bin/python3.11, /usr/bin/python3.12" in seen["python_unknown_because"]


def test_a_launcher_is_asked_for_its_environment_whatever_lies_beside_it(
    thread_lab: Lab, tmp_path: Path
):
    """An environment that the launcher keeps elsewhere, or brings up to date before it starts."""
    ours, theirs = (environment(thread_lab, tmp_path, name) for name in ("ours", "theirs"))
    (thread_lab.repo / ".venv").symlink_to(theirs)
    for number, name in enumerate(("uv", "poetry"), 1):
        launcher = (
            f'#!{sys.executable}\nimport os\nos.execv(p := "{ours}/bin/python", [p, "-c", "0"])\n'
        )
        thread_lab.write(f"bin/{name}", launcher)
        (thread_lab.repo / f"bin/{name}").chmod(0o755)
        thread_lab.ok("run", "--quiet", "--", f"bin/{name}", "run", "python", "-c", "0")
        found = software(thread_lab, f"P-00{number}-r1")
        assert found["interpreter"] == f"{ours}/bin/python"


def test_packages_that_are_not_here_are_not_those_that_lie_in_their_place(
    thread_lab: Lab, tmp_path: Path
):
    """As in a container that shows the folder of the run: its Python says where it looked, and other
    packages lie there outside of it."""
    ours, theirs = (environment(thread_lab, tmp_path, name) for name in ("ours", "theirs"))
    swap = f"mv {ours} {tmp_path}/gone; mv {theirs} {ours}"
    thread_lab.ok("run", "--quiet", "--", "sh", "-c", f"{ours}/bin/python -c 0; {swap}")
    found = software(thread_lab, "P-001-r1")
    assert (found["interpreter"], found["packages_digest"]) == (f"{ours}/bin/python", None)
    assert "packages_blob" not in found and "not here" in found["python_unknown_because"]


def test_what_starts_no_python_has_none(thread_lab: Lab):
    thread_lab.ok("run", "--quiet", "--", "sh", "-c", "echo done")
    found = software(thread_lab, "P-001-r1")
    assert found["python"] is None and found["python_unknown_because"]


def test_a_sitecustomize_of_the_job_is_imported_as_without_ours(thread_lab: Lab):
    thread_lab.write("mine/sitecustomize.py", "print('mine is here')")
    job = "PYTHONPATH=$PYTHONPATH:mine python3 -c 'import sys; print(any(\"startup\" in p for p in sys.path))'"
    done = thread_lab.ok("run", "--", "sh", "-c", job)
    assert "mine is here" in done and "False" in done


def test_uv_with_inline_metadata_is_not_the_environment_of_the_project(thread_lab: Lab):
    """uv itself is not needed: what would be recorded beforehand is the question."""
    from leadline.adapters.collectors import interpreter

    thread_lab.write(".venv/bin/python", "")
    thread_lab.write("train.py", "# /// script\n# dependencies = ['x']\n# ///\n")
    with pytest.raises(interpreter.Unknown):
        interpreter.find(["uv", "run", "train.py"], {"PATH": "/usr/bin"}, str(thread_lab.repo))
