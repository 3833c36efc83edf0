"""Whole answers, as a reader meets them: words, errors and exit codes of verbs of every room of the
services, over one realistic thread.

Kept in tests/snapshots, a file a room; `make golden` writes them anew.
"""

from __future__ import annotations

import os
import shlex
import sys

import pytest

from leadline.testing.example_thread import realistic
from tests.conftest import ROOT, Lab
from tests.scrub import scrubbed

SNAPSHOTS = ROOT / "tests" / "snapshots"
NOW = 1_793_638_800_000  # seven hours after the thread's last record
TABLE = "block,time_ms\n32,900.5\n64,n/a\n128,508.2\n"

# room of src/leadline/services: command lines, one after the other in the same repository
ROOMS = {
    "agent": ["agent status --project", "agent uninstall opencode --dry-run"],
    "artifact": ["artifact list PA-001", "artifact get PA-001 --out x", "artifact verify PA-001"],
    "branch": ["logbook", "sync", "index"],
    "evidence": [
        "claims",
        "compare PA-002 PA-001",
        "compare PA-002 PA-009",
        "baseline show",
        "check kickoff",
        "check close",
    ],
    "importing": [
        "import table.csv --config block --dry-run",
        "import table.csv --config block",
        "import table.csv --config block",
        "import gone.csv",
    ],
    "issue": ["issue status", "issue sync", "issue diff", "due"],
    "keep": ["verify", "adopt"],
    "look": [
        "status",
        "status --runs",
        "status --runs --where state=failed",
        "show PA-001",
        "show PA-002-r1",
        "show PA-C1",
        "show PA-H1",
        "show PA-999",
        "brief",
        "next",
        "tried shared memory",
        "index",
    ],
    "publish": ["update --dry-run", "link PA-N1", "report"],
    "run": [
        'run -- sh -c \'echo "{\\"time_ms\\": 480.5}"\'',
        "run --quiet -- sh -c 'exit 3'",
        "run -- no-such-program",
        "run",
        "sweep --no-such-option -- true",
        "ab",
    ],
    "series": ["series PA-001", "series compact PA-001", "plot PA-001"],
    "thread": ["start paged-attention", "finish", "metric"],
    "tracker": [
        "tracker status",
        "tracker set nothing project",
        "tracker set mlflow kernels",
        "tracker reconcile",
        "tracker sync",
    ],
    "write": [
        "note 'The gather is bound by {{PA-001.time_ms}}.' --about PA-001",
        "note 'Never {{PA-404.time_ms}}.'",
        "hypothesis add 'Blocks of 512 spill'",
        "hypothesis falsify PA-H1",
        "decide 'Keep 128' --evidence PA-C1",
        "claim 'Block 128 is fast' --that 'time_ms(PA-002) < 550'",
        "claim 'Odd' --that 'time_ms(PA-002) <'",
        "correct PA-002 title='block 128, again' --why 'it was'",
        "retract PA-N2 --why 'wrong batch'",
        "supersede PA-N1 --by PA-N3",
        "supersede PA-N1 --by PA-N3 --why 'measured since'",
    ],
}


@pytest.fixture
def told(lab: Lab) -> Lab:
    """A repository with the realistic thread, and a clock that moves on a second at each reading."""
    thread = realistic()
    folder = lab.repo / ".git" / "leadline" / "threads" / thread.topic / "events"
    folder.mkdir(parents=True)
    (folder / "wother-1.jsonl").write_bytes(b"".join(r.line() for r in thread.records))
    clock = lab.repo.parent / "clock"
    clock.write_text(str(NOW))
    lab.env |= {"LEADLINE_CLOCK_FILE": str(clock), "LEADLINE_SESSION": "s"}
    lab.env |= dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"{NOW // 1000} +0000")
    lab.git("commit", "-q", "--amend", "--reset-author", "--no-edit")
    lab.write("table.csv", TABLE)
    return lab


@pytest.mark.parametrize("room", ROOMS)
def test_golden_answers(told: Lab, room: str) -> None:
    path = SNAPSHOTS / f"{room}.txt"
    text = "\n".join(answer(told, line) for line in ROOMS[room])
    if os.environ.get("LEADLINE_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path} is another: make golden"


def answer(lab: Lab, line: str) -> str:
    """A command line and all that came back."""
    done = lab.run(*shlex.split(line))
    parts = [f"$ leadline {line}\n", done.stdout]
    if done.stderr:
        parts += ["--- on stderr\n", done.stderr]
    if done.returncode:
        parts.append(f"--- exit {done.returncode}\n")
    text = "".join(parts).replace(str(lab.repo), "REPO").replace(sys.executable, "PYTHON")
    return scrubbed(text) if line.startswith(("run", "sync", "link", "report")) else text


def test_every_room_has_an_answer() -> None:
    """A new room of services shows what it says."""
    rooms = {
        p.name for p in (ROOT / "src/leadline/services").iterdir() if (p / "__init__.py").exists()
    }
    assert rooms == set(ROOMS)
