"""The benchmark runs to its end on tiny sizes: every group gives its rows, the page is written; no
time is judged."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytestmark = pytest.mark.long

if TYPE_CHECKING:
    from tests.conftest import Lab

ROOT = Path(__file__).resolve().parents[2]


def bench(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "bench.py"), "--rounds", "1", *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=150,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
    )


def cells(page: str) -> dict[str, list[str]]:
    """The table's rows by their first cell."""
    rows = [
        [c.strip() for c in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("| ")
    ]
    return {row[0]: row[1:] for row in rows}


def test_every_group_gives_its_rows(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    done = bench(tmp_path, "--scale", "0.002", "--write", str(page))
    assert done.returncode == 0, done.stderr
    rows = cells(page.read_text(encoding="utf-8"))
    assert rows == cells(done.stdout)  # it prints what it writes
    judged = [name for name, row in rows.items() if row[-1] in ("ok", "**over**")]
    for start in (
        "`leadline --version`",
        "`leadline brief`",
        "`leadline verify`",
        "one written record",
        "`verify` at",
        "listing of",
        "peak memory",
        "`leadline run -- true` beyond `true`",
        "2 `run`s started at once",
        "`ll.log`",
        "import of",
        "a note beside it",
        "`seal` at",
        "`sync` at",
        "core install",
    ):
        assert any(name.startswith(start) for name in judged), (
            f"no judged row {start}: {done.stdout}"
        )
    assert rows["2 `run`s started at once"][1] == "0 failed, 2 recorded"
    (wide,) = (row for name, row in rows.items() if name.startswith("`ll.log`, 50 metrics a call"))
    assert re.match(r"([\d,]+) of \1 points read back", wide[3])
    assert rows["8 processes open a new store at once and log, in all"][3] == "0 failed, 0 lost"
    assert not list(tmp_path.glob("leadline-bench-*"))  # nothing stays behind


def test_one_group_alone(tmp_path: Path) -> None:
    done = bench(tmp_path, "--scale", "0.002", "--only", "logging_rate")
    assert done.returncode == 0, done.stderr
    assert [name for name in cells(done.stdout) if "ll.log" in name] and "brief" not in done.stdout


def test_a_program_that_fails_fails_the_benchmark(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import timing; timing.interleaved("
        "{'no': timing.Program([sys.executable, '-c', 'raise SystemExit(3)'], '.')}, 1, timing.environment('.'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "benchmarks")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode != 0 and "ended with 3" in done.stderr


@pytest.mark.timeout(300)  # it starts trackio five times
def test_trackers_are_measured_by_their_own_programs(tmp_path: Path) -> None:
    """The floor, Leadline and trackio: each wrote, read the same number back, and was killed. No
    figure is judged."""
    pytest.importorskip("trackio")
    page = tmp_path / "trackers.md"
    only = ["--quick", "--only", "leadline", "--only", "trackio", "--write", str(page)]
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "trackers.py"), *only],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=280,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    rows = cells(page.read_text(encoding="utf-8"))
    assert rows == cells(done.stdout)
    assert [name for name in rows if name != "tracker"] == [
        "plain file of JSON lines, buffered (floor)",
        "Leadline `ll.log`",
        "trackio",
    ]
    for name, row in rows.items():
        if name != "tracker":
            assert "(from " in row[4] and row[-1].endswith(("(all)", "lost)")), (
                f"{name}: {row}\n{done.stderr}"
            )
    assert "(from 5,001)" in rows["Leadline `ll.log`"][4] and rows["Leadline `ll.log`"][
        -1
    ].endswith("(all)")
    assert "left out" not in done.stdout and not list(tmp_path.glob("leadline-trackers-*"))


LAUNCH = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from leadline.cli.main import entry; entry()"
)
HEAVY = {
    "dataclasses",
    "inspect",
    "subprocess",
    "tempfile",
    "hashlib",
    "_strptime",
    "calendar",
    "ctypes",
    "statistics",
    "decimal",
    "urllib.request",
    "email",
    "logging",
    "asyncio",
    "csv",
    "shutil",
    "yaml",
    "jinja2",
    "tokenize",
}


def test_reading_verbs_load_nothing_heavy(lab: Lab) -> None:
    """What start-up is made of; a module of these costs a reading verb 2 to 10 ms."""
    lab.ok("start", "demo", "--goal", "g")
    lab.ok("run", "--", "echo", '{"loss": 1.0}')
    for verb in (
        ["--version"],
        ["status"],
        ["status", "--runs"],
        ["brief"],
        ["claims"],
        ["show", "DEM-001"],
        ["next"],
    ):
        done = subprocess.run(
            [sys.executable, "-S", "-X", "importtime", "-c", LAUNCH, str(ROOT / "src"), *verb],
            capture_output=True,
            text=True,
            cwd=lab.repo,
            env=lab.env,
        )
        assert done.returncode == 0, done.stderr
        timed = [line for line in done.stderr.splitlines() if line.startswith("import time")]
        loaded = {line.rpartition("|")[2].strip() for line in timed}
        assert "leadline.cli.main" in loaded
        assert not loaded & HEAVY, f"leadline {' '.join(verb)} imports {sorted(loaded & HEAVY)}"
