"""What the job program sees of how far a command is, and when it ends one that stands still."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from leadline.core.view import progress
from leadline.core.view.progress import Signal, parsed
from leadline.job import lease, meter, preflight, supervise

STEP = r"step (\d+)/(\d+)"


class Clock:
    """The time of the meter, without waiting for it."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def time(self) -> float:
        return self.now_s + 1_000_000

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(meter, "time", clock)
    return clock


def made(folder: Path, pattern: str = "", files: str = "", kill_s: float | None = None) -> Any:
    for name in meter.LOGS:
        (folder / name).touch()
    named = [files] if files else []
    asked: Any = {"pattern": pattern, "files": named, "stall_kill_s": kill_s}
    return meter.Meter(str(folder), str(folder), asked)


def seen(folder: Path) -> Signal | None:
    return parsed((folder / meter.SEEN).read_text())


def wrote(folder: Path, text: str) -> None:
    with open(folder / "stdout.log", "a", newline="") as log:
        log.write(text)


@pytest.mark.parametrize("end", ["\n", "\r"])
def test_a_pattern_counts_whole_lines_also_of_a_bar(tmp_path: Path, clock: Clock, end: str) -> None:
    one = made(tmp_path, STEP)
    for n in (1, 2, 5):
        wrote(tmp_path, f"loss 0.{n} step {n}/10{end}step {n + 1}")
        one.look()
        clock.now_s += n
        wrote(tmp_path, f"/10{end}")
    one.look()
    found = seen(tmp_path)
    assert found is not None and (found.done, found.total, found.first_done) == (6, 10, 1)
    assert (found.advances, found.gap_s) == (3, 5.0)


def test_files_that_grow_are_a_signal_and_one_that_shrinks_is_none(
    tmp_path: Path, clock: Clock
) -> None:
    one = made(tmp_path, files="out*")
    one.look()
    assert not (tmp_path / meter.SEEN).exists()
    for size in (10, 30, 20):
        (tmp_path / "out.bin").write_bytes(b"x" * size)
        clock.now_s += 1
        one.look()
    found = seen(tmp_path)
    assert found is not None and (found.done, found.total, found.advances) == (30, 0, 1)


@pytest.mark.parametrize(
    ("total", "still_s", "ended"), [(9, 4.9, False), (9, 5.1, True), (4, 999.0, False)]
)
def test_one_that_stands_still_beyond_its_own_pace_is_to_be_ended(
    tmp_path: Path, clock: Clock, total: int, still_s: float, ended: bool
) -> None:
    one = made(tmp_path, STEP, kill_s=0.1)
    for n in range(1, 5):
        wrote(tmp_path, f"step {n}/{total}\n")
        assert one.look() == ""
        clock.now_s += 1
    clock.now_s += still_s - 1
    assert one.look().startswith("stalled at 4 of 9: no advance for") is ended
    assert made(tmp_path, STEP).look() == ""


def test_without_a_pattern_what_the_job_says_or_logs_is_the_signal(
    tmp_path: Path, clock: Clock
) -> None:
    (tmp_path / "series").mkdir()
    one = made(tmp_path, kill_s=60.0)
    for n in range(5):
        (tmp_path / "series" / "0").write_bytes(b"x" * n)
        assert one.look() == ""
        clock.now_s += 1
    clock.now_s += 59.5
    assert "no advance for" in one.look()
    (tmp_path / "progress").write_text(f"1 90 100 0 0 0 0 0{' ' * 50}\n")
    assert one.look() == "" and not (tmp_path / meter.SEEN).exists()


def test_a_pattern_that_takes_for_ever_ends_the_looking_and_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "SEARCH_MOST_S", 0.02)
    one = made(tmp_path, r"(a+)+$", kill_s=0.1)
    wrote(tmp_path, "a" * 60 + "b\n")
    assert one.look() == "" and one.given_up
    assert supervise.meter_of(str(tmp_path), {"cwd": "", "progress": {"pattern": "("}}) is None  # type: ignore[typeddict-item]


def test_the_job_program_ends_it(tmp_path: Path) -> None:
    code = "import time\nfor n in range(200): print('step', n, flush=True) if n < 40 else 0; time.sleep(.1)"
    spec = {"v": 1, "run": "P-001-r1", "attempt": 1, "cwd": str(tmp_path), "env": {}}
    asked = {"pattern": r"step (\d+)", "files": [], "stall_kill_s": 0.1}
    words = {"argv": [sys.executable, "-c", code], "progress": asked, "grace_s": 1.0}
    (tmp_path / "spec.json").write_text(json.dumps({**spec, **words}))
    program = [sys.executable, "-I", "-S", supervise.__file__, str(tmp_path)]
    subprocess.run(program, check=True, capture_output=True, timeout=60)
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["state"] == "timeout" and result["reason"].startswith("stalled at 39: no advance")


def test_what_stands_twice_since_a_job_program_stands_alone_is_one_number():
    assert meter.STILL_FACTOR == progress.STILL_FACTOR
    assert meter.ADVANCES_NEEDED == progress.ADVANCES_NEEDED
    assert preflight.LEASES == lease.USUAL_FOLDER
