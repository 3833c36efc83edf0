"""A command line in a fork answers as a started program does: it is what most other tests run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests import forked
from tests.conftest import ROOT, Lab
from tests.scrub import scrubbed

PY = sys.executable
VERBS = sorted(path.stem for path in (ROOT / "src/leadline/cli/commands").glob("[a-z]*.py"))
# When a job was started and how long it took, and the commit that holds that time.
TIMES = re.compile(
    r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:[\d.]+Z)?\b|(?<=commit )[0-9a-f]{12}\b| +[\d.,]+ m?s\b"
)
STORY: list[list[str]] = [
    [
        "start",
        "demo",
        "--prefix",
        "P",
        "--no-branch",
        "--goal",
        "g",
        "--success",
        "time_ms:ms:lower",
    ],
    ["note", "one more"],
    ["run", "--", PY, "-c", "print('{\"time_ms\": 3}')"],
    ["run", "--", "sh", "-c", "echo lost >&2; exit 3"],
    ["run", "--", "/no/such/program"],
    ["claim", "it is low", "--that", "time_ms(P-001) < 9"],
    ["claims"],
    ["show", "P-001"],
    ["status", "--runs"],
    ["brief"],
    ["verify"],
    ["show", "P-404"],
    ["nothing"],
    ["run"],
    ["status", "--json", "--no-such-option"],
    ["--help"],
    ["show", "--help"],
]


def test_it_answers_as_the_started_program_does(lab: Lab, tmp_path: Path) -> None:
    """Two repositories with the same clock: the same words, codes and records."""
    answers = {}
    for way in ("run", "start"):
        repo = tmp_path / "way" / "repo"  # the same path each time: it stands in answers
        shutil.copytree(lab.repo, repo)
        clock = tmp_path / "way" / "clock"
        clock.write_text("1790000000000")
        made = Lab(repo, {**lab.env, "LEADLINE_CLOCK_FILE": str(clock)})
        answers[way] = [told(getattr(made, way)(*argv)) for argv in STORY], records(repo)
        shutil.rmtree(tmp_path / "way")
    for argv, forked_one, started_one in zip(STORY, answers["run"][0], answers["start"][0]):
        assert forked_one == started_one, argv
    assert {code for code, _, _ in answers["run"][0]} >= {0, 2, 3, 127}
    assert answers["run"][1] == answers["start"][1]


def told(done: subprocess.CompletedProcess[str]) -> tuple[int, str, str]:
    # A column is as wide as its times, and a machine that is busy is said to be.
    said = (re.sub(r"; \d+ of \d+ runs contended", "", text) for text in (done.stdout, done.stderr))
    out, err = (re.sub(" +", " ", scrubbed(TIMES.sub(" TIME", text))) for text in said)
    return done.returncode, out, err


def records(repo: Path) -> list[tuple[str, ...]]:
    """Kind and id of each record of the thread."""
    folder = repo / ".git" / "leadline" / "threads" / "demo" / "events"
    lines = [line for path in sorted(folder.iterdir()) for line in path.read_text().splitlines()]
    found = [json.loads(line) for line in lines if line.startswith("{")]
    return [(record["kind"], record["id"]) for record in found]


def test_nothing_stays_from_one_call_to_the_next(thread_lab: Lab, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    clock = tmp_path / "clock"
    clock.write_text("1790000000000")
    assert thread_lab.run("status", cwd=elsewhere).returncode != 0
    assert thread_lab.ok("status", env={"LEADLINE_CLOCK_FILE": str(clock)})
    assert int(clock.read_text()) > 1790000000000
    left = clock.read_text()
    assert thread_lab.ok("status")
    assert clock.read_text() == left


def test_calls_of_several_threads_are_answered_each_its_own(thread_lab: Lab) -> None:
    said: dict[int, str] = {}

    def call(n: int) -> None:
        said[n] = thread_lab.ok("run", "--", "sh", "-c", f"sleep 0.{n}; echo 'said {n}'")

    threads = [threading.Thread(target=call, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"said {n}\n" in text for n, text in said.items()) and len(said) == 4


def test_a_call_that_takes_too_long_is_ended_with_what_it_started(thread_lab: Lab) -> None:
    code = "import os, time; open('up', 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(subprocess.TimeoutExpired):
        thread_lab.run("run", "--", PY, "-c", code, timeout=3)
    assert thread_lab.run("status").returncode == 0


def test_what_python_reads_at_its_start_really_starts_it(thread_lab: Lab, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("this was to be started")

    monkeypatch.setattr(forked, "run", refuse)
    assert thread_lab.ok("--version", env={"PYTHONIOENCODING": "ascii"})
    with pytest.raises(AssertionError, match="to be started"):
        thread_lab.ok("--version")


def test_a_folder_that_hides_what_is_loaded_really_starts_it(lab: Lab) -> None:
    lab.write("other/_bisect.py", "print('not the one')\n")
    assert lab.ok("--version", env={"PYTHONPATH": f"{lab.repo}/other"}).startswith("leadline")
    lab.write("other/sitecustomize.py", "print('at the start')\n")
    assert lab.ok("--version", env={"PYTHONPATH": f"{lab.repo}/other"}).startswith("at the start")


def test_every_verb_loads_by_itself() -> None:
    """What a fork of the loaded program cannot show: a module that leans on what another has
    loaded."""
    code = (
        "import importlib, os, sys\n"
        "for name in sys.argv[1:]:\n"
        "    if os.fork() == 0:\n"
        "        importlib.import_module('leadline.cli.commands.' + name)\n"
        "        os._exit(0)\n"
        "    if os.wait()[1]: sys.exit(name)\n"
    )
    done = subprocess.run([PY, "-c", code, *VERBS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
