"""Series through the program: logged by real jobs, listed, thinned, packed, read while they are
written."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.adapters.series.files import SeriesFiles
from leadline.adapters.series.segments import read_lines
from leadline.core.errors import LeadlineError
from tests.conftest import Lab

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "series"
JOB = """
import json, math, os, leadline as ll
for i in range(1000): ll.log(step=i, loss=5.0 if i == 777 else math.exp(-i / 300), lr=0.1)
with open(os.environ["LEADLINE_METRICS"], "a") as file:
    for i in range(3): file.write(json.dumps({"step": i, "acc": i / 4, "loss": 9}) + "\\n")
"""


def attempt_of(lab: Lab) -> Path:
    (attempt,) = (lab.repo / ".git" / "leadline" / "runs").glob("*/attempt-1")
    return attempt


def _logged(lab: Lab) -> None:
    lab.write("job.py", JOB)
    lab.ok("run", "--", sys.executable, "job.py")


@pytest.fixture
def logged(as_built: Callable[[Callable[[Lab], None]], Lab]) -> Lab:
    return as_built(_logged)


def test_a_job_that_logs_both_ways(logged: Lab) -> None:
    found = logged.json("series", "P-001")
    assert found["counts"] == {"metrics": 3, "points": 2003, "writers": 2}
    rows = {row["metric"]: row for row in found["data"]["metrics"]}
    assert (rows["loss"]["points"], rows["loss"]["max"], rows["loss"]["last_step"]) == (
        1000,
        5.0,
        999,
    )
    assert rows["acc"]["points"] == 3 and not found["data"]["provisional"]
    run = logged.json("show", "P-001-r1")["data"]
    assert run["metrics"]["loss"] == rows["loss"]["last"] and run["metrics"]["acc"] == 0.5
    assert [p["code"] for p in run["extraction"]["problems"]] == ["conflicting-values"]
    assert run["extraction"]["series"]["loss"]["points"] == 1000
    text = logged.ok("series", "P-001")
    assert "2,003 points of 3 metrics" in text and "loss" in text


def test_points_are_thinned_and_the_count_is_said(logged: Lab) -> None:
    text = logged.ok("series", "P-001-r1", "loss", "--points", "12")
    assert "of 1,000 points" in text and "777" in text
    found = logged.json("series", "P-001", "loss")
    assert (
        found["truncated"] and found["counts"]["points"] == 1000 and found["counts"]["shown"] <= 42
    )
    assert (
        logged.json("series", "P-001", "loss", "--method", "lttb", "--points", "10")["counts"][
            "shown"
        ]
        == 10
    )
    rows = logged.ok("series", "P-001", "loss", "--csv").splitlines()
    assert rows[0] == "step,value,time_s" and len(rows) == 1001
    values = [float(row.split(",")[1]) for row in rows[1:]]
    assert values == [5.0 if i == 777 else math.exp(-i / 300) for i in range(1000)]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["P-001", "nope"], "no-series"),
        (["P-001", "loss", "--writer", "rank7"], "no-such-writer"),
        (["P-001", "--csv"], "which-metric"),
        (["P-001", "loss", "more"], "bad-arguments"),
        (["P-001", "loss", "--points", "-1"], "bad-arguments"),
        (["compact"], "no-run"),
        (["P-009"], "not-found"),
    ],
)
def test_mistakes(logged: Lab, words: list[str], code: str) -> None:
    found = logged.json("series", *words)
    assert not found["ok"]
    if code != "not-found":
        assert found["error"]["code"] == code


def test_compaction_keeps_every_point(logged: Lab) -> None:
    pytest.importorskip("pyarrow")
    attempt = attempt_of(logged)
    before = SeriesFiles().read(str(attempt))
    rows = logged.ok("series", "P-001", "loss", "--csv")
    done = logged.json("series", "compact", "P-001-r1")["data"][0]
    assert done["points"] == 2000 and done["bytes_after"] < done["bytes_before"] / 2
    assert os.listdir(attempt / "series") == []
    after = SeriesFiles().read(str(attempt))
    assert after.digest() == before.digest() == done["digest"]
    assert logged.ok("series", "P-001", "loss", "--csv") == rows
    recorded = logged.json("show", "P-001-r1")["data"]["extraction"]["sources"]
    # what the record said at the end of the run
    assert done["digest"] in [source["digest"] for source in recorded]
    again = logged.json("series", "compact", "P-001-r1")["data"][0]
    assert again["digest"] == done["digest"] and done["segments"] > 0 and again["segments"] == 0
    said = logged.ok("series", "compact", "P-001")
    assert said.startswith("P-001-r1: compacted already: 2,000 points in ") and "before" not in said
    assert "nothing is left" in said


def test_what_cannot_be_compacted_is_said(thread_lab: Lab) -> None:
    """JSON lines are no segments: they stay, and a run that logged nothing has nothing to pack."""
    pytest.importorskip("pyarrow")
    thread_lab.ok("run", "--", "sh", "-c", """echo '{"step": 1, "loss": 2}' >$LEADLINE_METRICS""")
    thread_lab.ok("run", "--", "true")
    said = thread_lab.ok("series", "compact", "P-001", "P-002").splitlines()
    nothing = "ll.log wrote no point here; nothing to compact"
    assert said == [
        f"P-001-r1: {nothing} (1 metric stands as JSON lines, which are not packed)", f"P-002-r1: {nothing}",
    ]  # fmt: skip
    assert thread_lab.json("series", "compact", "P-001")["counts"] == {"runs": 1, "compacted": 0}


def test_compaction_interrupted_between_its_steps_reads_once(logged: Lab) -> None:
    pytest.importorskip("pyarrow")
    attempt = attempt_of(logged)
    shutil.copytree(attempt / "series", attempt / "kept")
    SeriesFiles().compact(str(attempt))
    shutil.rmtree(attempt / "series")
    os.rename(attempt / "kept", attempt / "series")  # as if killed before the segments were removed
    assert SeriesFiles().read(str(attempt)).points == 2000
    SeriesFiles().compact(str(attempt))
    assert os.listdir(attempt / "series") == [] and SeriesFiles().read(str(attempt)).points == 2000


def test_damaged_series_are_named_and_not_compacted(logged: Lab) -> None:
    (path,) = (attempt_of(logged) / "series").glob("*.seg")
    data = bytearray(path.read_bytes())
    data[5000] ^= 255
    path.write_bytes(data)
    text = logged.ok("series", "P-001")
    assert "bytes at offset" in text and "are damaged" in text
    found = logged.json("series", "compact", "P-001")
    assert found["error"]["code"] == "damaged-series" and path.exists()


def test_a_compacted_file_that_does_not_verify_removes_nothing(
    logged: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    from leadline.adapters.series import parquet as series_parquet

    attempt = attempt_of(logged)
    before = sorted(os.listdir(attempt / "series"))
    monkeypatch.setattr(
        series_parquet, "_column", lambda pa, values: pa.array([0.0] * len(values), pa.float64())
    )
    with pytest.raises(LeadlineError, match="does not hold the points"):
        SeriesFiles().compact(str(attempt))
    assert sorted(os.listdir(attempt / "series")) == before
    assert not [name for name in os.listdir(attempt) if "parquet" in name]


def test_compaction_at_the_end_of_a_run_by_setting(thread_lab: Lab) -> None:
    pytest.importorskip("pyarrow")
    thread_lab.write("leadline.toml", "[series]\ncompact_points = 100\n")
    thread_lab.write("job.py", JOB)
    thread_lab.ok("run", "--", sys.executable, "job.py")
    assert (attempt_of(thread_lab) / "series.parquet").exists()
    assert thread_lab.json("series", "P-001")["counts"]["points"] == 2003


def test_a_run_is_read_while_it_is_written(thread_lab: Lab) -> None:
    thread_lab.write(
        "job.py",
        "import leadline as ll, os\nfor i in range(50): ll.log(step=i, loss=i)\nos.read(os.open('go', 0), 1)\n",
    )
    os.mkfifo(thread_lab.repo / "go")
    command = [sys.executable, "-m", "leadline", "run", "--quiet", "--", sys.executable, "job.py"]
    process = subprocess.Popen(
        command, cwd=thread_lab.repo, env=thread_lab.env, stdout=subprocess.DEVNULL
    )
    go = os.open(thread_lab.repo / "go", os.O_WRONLY)  # returns once the job has logged and reads
    found = thread_lab.json("series", "P-001")
    assert found["data"]["provisional"] and found["counts"]["points"] == 50
    assert "still going" in thread_lab.ok("series", "P-001")
    for verb in (
        ("status", "--runs"),
        ("status", "--where", "state=running"),
        ("show", "P-001-r1"),
        ("show", "P-001"),
    ):
        said = thread_lab.ok(*verb)
        assert "running" in said and "planned" not in said, said
    assert thread_lab.json("series", "compact", "P-001")["error"]["code"] == "still-running"
    os.write(go, b"g")
    os.close(go)
    assert process.wait() == 0
    assert not thread_lab.json("series", "P-001")["data"]["provisional"]


def test_a_killed_job_keeps_its_points_in_the_record(thread_lab: Lab) -> None:
    thread_lab.write(
        "job.py",
        f"import leadline as ll, os\nfor i in range(300): ll.log(step=i, loss=i)\nos.kill(0, {signal.SIGKILL})\n",
    )
    thread_lab.run("run", "--", sys.executable, "job.py")
    run = thread_lab.json("show", "P-001-r1")["data"]
    assert run["state"] == "failed" and run["metrics"] == {"loss": 299.0}
    assert thread_lab.json("series", "P-001")["counts"]["points"] == 300


@pytest.mark.parametrize("order", [(1, 0), (0, 1)])
def test_the_first_rank_speaks_for_the_run(thread_lab: Lab, order: tuple[int, int]) -> None:
    thread_lab.write(
        "job.py",
        """
import os, subprocess, sys
code = "import leadline as ll, os\\nfor i in range(5): ll.log(step=i, loss=10 * int(os.environ['RANK']) + i)"
for rank in map(int, sys.argv[1:]):
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "RANK": str(rank)}, check=True)
""",
    )
    thread_lab.ok("run", "--", sys.executable, "job.py", *map(str, order))
    run = thread_lab.json("show", "P-001-r1")["data"]
    assert run["metrics"]["loss"] == 4.0
    [problem] = run["extraction"]["problems"]
    assert problem["code"] == "several-writers" and problem["what"].endswith("that of rank 0")
    one = thread_lab.json("series", "P-001", "loss", "--writer", "1")["data"]["points"]
    assert [value for _, value, _ in one] == [10, 11, 12, 13, 14]
    assert thread_lab.json("series", "P-001", "loss")["counts"]["points"] == 10


def test_disorder_and_types_are_named(thread_lab: Lab) -> None:
    thread_lab.write(
        "job.py",
        "import leadline as ll\nfor s in (1, 2, 2, 1): ll.log(step=s, loss=s)\nll.log(step=3, loss=None, other=1)\n",
    )
    thread_lab.ok("run", "--", sys.executable, "job.py")
    problems = thread_lab.json("show", "P-001-r1")["data"]["extraction"]["problems"]
    assert [p["code"] for p in problems] == ["steps-out-of-order", "steps-repeated", "not-a-number"]


def test_a_value_too_large_for_a_float_is_said_to_be_that(thread_lab: Lab) -> None:
    thread_lab.write("job.py", "import leadline as ll\nfor v in (1, 10**400, 2): ll.log(loss=v)\n")
    thread_lab.ok("run", "--", sys.executable, "job.py")
    problems = thread_lab.json("show", "P-001-r1")["data"]["extraction"]["problems"]
    assert [(p["code"], p["what"]) for p in problems] == [
        ("too-large", "loss: 1 value is too large for a float")
    ]
    assert "too large for a float" in thread_lab.ok("series", "P-001")


def test_the_library(logged: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
import json, leadline as ll
found = ll.open().series("P-001")
frame = ll.open().series_frame("P-001")
print(json.dumps([sorted(found), len(found["loss"]), max(found["loss"].values), len(frame), list(frame.columns)]))
"""
    pytest.importorskip("pandas")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=logged.repo,
        env=logged.env,
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = [["acc", "loss", "lr"], 1000, 5.0, 2003, ["metric", "step", "value", "time_s"]]
    assert json.loads(done.stdout) == wanted


def test_stores_of_every_version_are_read() -> None:
    lines = read_lines(str(FIXTURES / "v0" / "metrics.jsonl"))
    store = SeriesFiles().read(str(FIXTURES / "v1"))
    assert not store.problems and store.odd == {"loss": 1}
    for series in (lines, {name: store.merged(name) for name in store.metrics}):
        assert sorted(series) == ["eval/acc", "loss"]
        assert list(series["eval/acc"].values) == [0, 0.25, 0.5, 0.75]
        loss = [v for v in series["loss"].values if v == v]
        assert loss == [1 / (i + 1) for i in range(20)] and len(series["loss"]) == 24
    assert [writer.rank for writer in store.writers.values()] == [1]


def test_an_entry_has_an_excerpt_and_says_where_the_rest_is(logged: Lab) -> None:
    """However long a series is, the logbook keeps five points of it; a constant and a lone point
    say nothing there."""
    entry = logged.ok("logbook")
    assert (
        "- Series: 2,003 points of 3 metrics, steps 0 to 999: `leadline series P-001-r1`" in entry
    )
    [loss] = [line for line in entry.splitlines() if line.startswith("- `loss`: 1 at 0, ")]
    assert loss.count(" at ") == 5 and loss.endswith(" at 999")
    assert "- `lr`: " not in entry and "- `acc`: 0 at 0, 0.25 at 1, 0.5 at 2" in entry
    shown = logged.ok("show", "P-001-r1")
    assert "2,003 points of 3 metrics, steps 0 to 999: leadline series P-001-r1" in shown
    logged.ok("run", "--", sys.executable, "-c", "import leadline as ll; ll.log(loss=float('nan'))")
    assert "series" not in logged.ok("show", "P-002-r1") and "series P-002" not in logged.ok(
        "logbook"
    )


def test_an_excerpt_of_odd_series_is_one(thread_lab: Lab) -> None:
    """NaN and infinities are texts in the record; ranks stand one after the other there."""
    job = (
        "import leadline as ll\nfor s, v in enumerate([1.0, float('nan'), float('inf'), 4.0]): ll.log(step=s, odd=v)\n"
        "for s in range(4): ll.log(step=s, nan=float('nan'))\n"
    )
    thread_lab.write("odd.py", job)
    thread_lab.write(
        "rank.py", "import leadline as ll\nfor s in range(100): ll.log(step=s, loss=s)\n"
    )
    command = f"{sys.executable} odd.py; for r in 0 1; do RANK=$r {sys.executable} rank.py; done"
    thread_lab.ok("run", "--", "sh", "-c", command)
    entry = thread_lab.ok("logbook")
    assert "- `odd`: 1 at 0, 4 at 3" in entry and "- `nan` NaN (1 of 1 not finite)" in entry
    [loss] = [line for line in entry.splitlines() if line.startswith("- `loss`: 0 at 0")]
    steps = [float(part.split(" at ")[1]) for part in loss.split(": ")[1].split(", ")]
    assert steps == sorted(steps)


def test_stdout_series_are_not_promised_where_none_are(thread_lab: Lab) -> None:
    job = "import json\nfor s in range(9): print(json.dumps({'time_ms': s}))\n"
    thread_lab.write("job.py", job)
    thread_lab.ok("run", "--", sys.executable, "job.py")
    shown = thread_lab.ok("show", "P-001-r1")
    assert "9 points of 1 metric" in shown and "leadline series" not in shown


def test_one_is_one(thread_lab: Lab) -> None:
    thread_lab.ok(
        "run", "--", sys.executable, "-c", "import leadline as ll; ll.log(step=1, loss=2)"
    )
    assert "P-001-r1: 1 point of 1 metric, " in thread_lab.ok("series", "P-001")
    assert "P-001-r1 loss: 1 point\n" in thread_lab.ok("series", "P-001", "loss")


def test_a_program_that_reads_is_told_why_and_what_next(logged: Lab) -> None:
    code = "import leadline as ll; ll.open().series('P-077')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=logged.repo,
        env=logged.env,
        capture_output=True,
        text=True,
    )
    assert (
        "why: of that kind there are: P-001" in done.stderr
        and "next: leadline status" in done.stderr
    )


def test_points_that_are_not_finite_are_counted_in_the_list(logged: Lab) -> None:
    assert "not finite" not in logged.ok("series", "P-001")
    code = "import leadline as ll\nfor i in range(9): ll.log(step=i, loss=float('nan') if i in (3, 4) else i, lr=1)"
    logged.ok("run", "--", sys.executable, "-c", code)
    head, loss, lr = logged.ok("series", "P-002").splitlines()[2:5]
    assert head.split()[:4] == ["metric", "points", "not", "finite"]
    assert loss.split()[:3] == ["loss", "9", "2"] and lr.split()[:3] == ["lr", "9", "0"]


def test_the_points_of_several_processes_name_their_writer(thread_lab: Lab) -> None:
    thread_lab.write(
        "job.py",
        "import os, leadline as ll\nfor s in range(3): ll.log(step=s, loss=int(os.environ['RANK']))\nll.log(lr=1)\n",
    )
    thread_lab.ok(
        "run", "--", "sh", "-c", f"for r in 0 1; do RANK=$r {sys.executable} job.py & done; wait"
    )
    rows = list(csv.DictReader(thread_lab.ok("series", "P-001", "loss", "--csv").splitlines()))
    assert len(rows) == 6 and all(row["writer"].startswith(f"rank{row['value']}-") for row in rows)
    table = thread_lab.ok("series", "P-001", "loss")
    assert "writer" in table and {row["writer"] for row in rows} <= set(table.split())
    found = thread_lab.json("series", "P-001", "loss")["data"]
    assert (
        {point[3] for point in found["points"]}
        == set(found["writers"])
        == {row["writer"] for row in rows}
    )
    alone = thread_lab.ok("series", "P-001", "loss", "--csv", "--writer", "0")
    assert alone.splitlines()[0] == "step,value,time_s" and len(alone.splitlines()) == 4


def test_what_would_grow_is_not_compacted(thread_lab: Lab) -> None:
    pytest.importorskip("pyarrow")
    thread_lab.write("job.py", "import leadline as ll\nfor s in range(3): ll.log(step=s, loss=s)\n")
    thread_lab.ok("run", "--", sys.executable, "job.py")
    before = sorted(os.listdir(attempt_of(thread_lab) / "series"))
    said = thread_lab.ok("series", "compact", "P-001")
    assert "3 points stay as they are: " in said and "would have" in said
    assert sorted(os.listdir(attempt_of(thread_lab) / "series")) == before
    assert not list(attempt_of(thread_lab).glob("*parquet*"))
    assert thread_lab.json("series", "compact", "P-001")["counts"] == {"runs": 1, "compacted": 0}


def test_the_usage_says_that_one_run_is_taken(thread_lab: Lab) -> None:
    usage = " ".join(thread_lab.ok("series", "--help").partition("\n\n")[0].split())
    assert "RUN [METRIC] [options]" in usage and "[RUN [METRIC]" not in usage


def test_json_lines_with_a_step_on_stdout_are_a_series(thread_lab: Lab) -> None:
    thread_lab.write(
        "printed.py",
        """
import json
print("epoch 1 {")
for i in range(500): print(json.dumps({"step": i, "loss": 2.0 / (i + 1)}))
print(json.dumps({"_step": 7, "acc": 0.5}))
print(json.dumps({"time_ms": 3.0}))
""",
    )
    thread_lab.ok("run", "--quiet", "--", sys.executable, "printed.py")
    rows = {row["metric"]: row for row in thread_lab.json("series", "P-001")["data"]["metrics"]}
    assert {name: row["points"] for name, row in rows.items()} == {"loss": 500, "acc": 1}
    assert (rows["loss"]["first_step"], rows["loss"]["last_step"]) == (0, 499)
    assert "leadline series P-001-r1" in thread_lab.ok("show", "P-001-r1")
    assert "loss" in thread_lab.ok("plot", "P-001", "--metric", "loss")
