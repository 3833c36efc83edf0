"""How far a run is, and whether it stands still: by its own signal and its own pace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leadline.core.view.progress import LEAST_STILL_S, Signal, of_points, parsed, progress_of
from leadline.render.terminal.jobs import progress_text

HALF = Signal(50, 100, at_s=1000.0, first_done=0, first_at_s=900.0, gap_s=4.0, advances=50)


def test_rate_and_what_is_left() -> None:
    found = progress_of(HALF, now_s=1001.0)
    assert (found["per_s"], found["left_s"], found["stalled"]) == (0.5, 100.0, False)
    assert progress_text(found) == "[######------] 50/100  0.5/s  1 min 40 s left"
    assert progress_of(HALF._replace(total=0), 1001.0)["left_s"] is None


@pytest.mark.parametrize(
    ("signal", "still_s", "stalled"),
    [
        (HALF, LEAST_STILL_S - 1, False),
        (HALF, LEAST_STILL_S + 1, True),
        (HALF._replace(gap_s=300.0), 1400.0, False),  # an evaluation before took five minutes
        (HALF._replace(gap_s=300.0), 1600.0, True),
        (HALF._replace(advances=1), 1e6, False),  # no pace is known yet
        (HALF._replace(done=100), 1e6, False),  # what comes after the last step has no signal
        (HALF, -50.0, False),  # a clock that is behind
    ],
)
def test_stalled_is_measured_by_its_own_pace(signal: Signal, still_s: float, stalled: bool) -> None:
    assert progress_of(signal, signal.at_s + still_s)["stalled"] is stalled


def test_only_new_steps_are_advances() -> None:
    nan = float("nan")
    found = of_points([1, 2, 2, 1, nan, 5], [10.0, 11.0, 12.0, 13.0, 14.0, 20.0])
    assert found == Signal(5, 0, 20.0, 1, 10.0, 9.0, 2)
    assert of_points([nan], [1.0]) is None and of_points([], []) is None


@pytest.mark.parametrize(
    "text", ["", "1 2 3", "2 0 0 0 0 0 0 0", "1 a 0 0 0 0 0 0", "1 nan 0 0 0 0 0 0"]
)
def test_what_is_no_line_of_ours_is_no_signal(text: str) -> None:
    assert parsed(text) is None


def said(folder: Path, code: str, **env: str) -> Signal | None:
    whole = {**os.environ, "LEADLINE_RUN_DIR": str(folder), **env}
    subprocess.run([sys.executable, "-c", f"import leadline as ll\n{code}"], env=whole, check=True)
    file = folder / "progress"
    return parsed(file.read_text()) if file.exists() else None


def test_a_job_says_how_far_it_is(tmp_path: Path) -> None:
    found = said(tmp_path, "for n in range(1, 1001): ll.progress(n, 1000)")
    assert found is not None
    assert (found.done, found.total, found.first_done, found.advances) == (1000, 1000, 1, 999)
    assert found.first_at_s <= found.at_s and found.gap_s >= 0


def test_going_back_is_no_advance_and_other_ranks_are_silent(tmp_path: Path) -> None:
    found = said(tmp_path, "for n in (5, 5, 3): ll.progress(n)")
    assert found is not None and (found.done, found.total, found.advances) == (5, 0, 0)
    (tmp_path / "progress").unlink()
    assert said(tmp_path, "ll.progress(7)", RANK="1") is None


def test_outside_a_job_and_on_a_full_disk_nothing_happens(tmp_path: Path) -> None:
    assert said(tmp_path, "import os; os.environ.pop('LEADLINE_RUN_DIR'); ll.progress(1)") is None
    assert said(tmp_path / "gone", "ll.progress(1)") is None
