"""What an import says it did not take, through the CLI: the same before and after, and it adds up
on real tables."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest

from tests.cli.test_import import imported
from tests.conftest import SHARED_DATA, Lab

CELLS = "block,time_ms,loss\n64,1.5,\n64,1.6,nan\n64,1.7,45%\n64,abc,2\n64,,\n1,2\n64,1.5,\n"
LINES = (
    '{"block": 1, "time_ms": 1, "loss": 2}\n{"block": 1, "time_ms": NaN}\n{"blo\n{"block": {"a": "x"}, '
    '"time_ms": 2}\n'
)


def events(folder: Path, start: int = 0, until: int = 20) -> Path:
    pytest.importorskip("tensorboard")
    writer = pytest.importorskip("tensorboardX").SummaryWriter
    with writer(str(folder)) as made:
        for step in range(start, until):
            made.add_scalar("loss", 1 / (1 + step), step, walltime=1.7e9 + step)
        made.add_text("notes", "hello")
    (path,) = folder.glob("*tfevents*")
    return path


def comparable(data: dict) -> dict:
    taken = [
        {k: v for k, v in row.items() if k not in ("id", "experiment")} for row in data["taken"]
    ]
    return {**data, "taken": taken, "planned": None}


def test_a_value_that_is_not_taken_is_shown_with_its_place_and_reason(thread_lab: Lab):
    thread_lab.write("r.csv", CELLS)
    words = ("r.csv", "--config", "block", "--metric", "time_ms", "--metric", "loss")
    text = thread_lab.ok("import", *words, "--dry-run")
    assert (
        "line 3, loss: 'nan': recorded as NaN" in text
        and "line 4, loss: '45%': it is in '%', and no unit is declared" in text
    )
    assert "line 2, loss: it is empty" in text and "line 5, time_ms: 'abc': it is no number" in text
    envelope = thread_lab.json("import", *words)
    data = envelope["data"]
    assert [row["where"] for row in data["taken"]] == ["line 2", "line 3", "line 4", "line 5"]
    assert [row["where"] for row in data["not_taken"]] == ["line 6", "line 7", "line 8"]
    assert data["cells_not_taken"][1] | {"why": ""} == {
        "where": "line 3",
        "column": "loss",
        "said": "nan",
        "why": "",
    }
    assert envelope["counts"] | {"cells_not_taken": 4, "not_taken": 3} == envelope["counts"]
    assert "| NaN " in thread_lab.ok("logbook")


def test_a_long_report_is_cut_and_counts_all_of_it(thread_lab: Lab):
    thread_lab.write("r.csv", "block,time_ms,loss\n" + "".join(f"{n},1,-\n" for n in range(1100)))
    words = ("r.csv", "--config", "block", "--metric", "time_ms", "--metric", "loss", "--dry-run")
    envelope = thread_lab.json("import", *words)
    assert envelope["truncated"] and envelope["data"]["cells_not_taken_total"] == 1100
    assert len(envelope["data"]["cells_not_taken"]) == 1000
    assert "... 1100 in all, with --json the first 1000" in thread_lab.ok("import", *words)


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl", "runs"])
def test_a_dry_run_reports_what_the_import_then_reports(thread_lab: Lab, name: str):
    thread_lab.write("r.csv", CELLS)
    thread_lab.write("r.jsonl", LINES)
    if name == "runs":
        path = events(thread_lab.repo / "runs" / "a")
        path.write_bytes(path.read_bytes()[:-9])
        thread_lab.write("runs/junk/events.out.tfevents.1.x", "junk")
    words = (
        [name]
        if name == "runs"
        else [name, "--metric", "time_ms", "--metric", "loss", "--config", "*"]
    )
    before, after = imported(thread_lab, *words, "--dry-run"), imported(thread_lab, *words)
    assert comparable(before) == comparable(after) and after["taken"] and after["not_taken"]
    again, once_more = imported(thread_lab, *words, "--dry-run"), imported(thread_lab, *words)
    assert comparable(again) == comparable(once_more) and again["already"] == len(after["taken"])


def test_a_row_that_another_file_has_is_named_with_the_run_it_equals(thread_lab: Lab):
    thread_lab.write("old.csv", "block,time_ms\n64,1.5\n128,1.6\n")
    thread_lab.write("new.csv", "block,time_ms\n128,1.6\n256,1.7\n")
    imported(thread_lab, "old.csv", "--config", "block")
    data = imported(thread_lab, "new.csv", "--config", "block")
    assert data["taken_before"] == [
        {"where": "line 2", "run": "P-002-r1", "source": "old.csv, line 3"}
    ]
    assert "line 2: the same as P-002-r1 (old.csv, line 3)" in thread_lab.ok(
        "import", "new.csv", "--config", "block"
    )
    text = thread_lab.ok("import", "old.csv", "--config", "block")
    assert "2 taken before" in text and "another source" not in text


def test_rows_that_stand_elsewhere_in_their_file_are_of_no_other_source(thread_lab: Lab):
    thread_lab.write("log.csv", "block,time_ms\n64,1.5\n128,1.6\n")
    thread_lab.ok("import", "log.csv", "--config", "block")
    thread_lab.write("log.csv", "block,time_ms\n256,1.7\n128,1.6\n64,1.5\n")
    text = thread_lab.ok("import", "log.csv", "--config", "block")
    assert "2 taken before" in text and "another source" not in text


def test_what_is_set_for_a_file_tells_equal_rows_apart(thread_lab: Lab):
    thread_lab.write("a.csv", "block,time_ms\n64,1.5\n")
    thread_lab.write("b.csv", "block,time_ms\n64,1.5\n")
    here, there = (
        ("a.csv", "--config", "*", "--set", "device=A100"),
        ("b.csv", "--config", "*", "--set", "device=H100"),
    )
    assert (
        len(imported(thread_lab, *here)["taken"]) == len(imported(thread_lab, *there)["taken"]) == 1
    )
    assert imported(thread_lab, *here)["already"] == imported(thread_lab, *there)["already"] == 1
    # says nothing else than what is held
    assert imported(thread_lab, "b.csv", "--config", "*")["already"] == 1
    thread_lab.ok("correct", "P-001-r1", "config.device=B200", "--why", "read the wrong label")
    assert imported(thread_lab, *here)["already"] == 1
    noted = imported(thread_lab, "b.csv", "--config", "*", "--set", "block=7")
    assert noted["already"] == 1 and "block is set" in noted["notes"][0]["what"]


def test_rows_that_their_key_tells_apart_are_held_as_often_as_they_were_taken(thread_lab: Lab):
    text = "commit,lr,time_ms\na1,1,1.5\n"
    thread_lab.write("r.csv", text)
    words = ("r.csv", "--config", "lr", "--key", "commit")
    imported(thread_lab, *words)
    thread_lab.write("r.csv", text + "b2,1,1.5\n")  # another commit, which measured the same
    assert [row["id"] for row in imported(thread_lab, *words)["taken"]] == ["P-001-r2"]
    again = imported(thread_lab, *words)
    assert (again["taken"], again["already"]) == ([], 2)


def test_a_secret_in_a_cell_is_hidden_before_it_is_written(thread_lab: Lab):
    secret = "ghp_" + "a1B2" * 9
    thread_lab.write("r.csv", f"token,time_ms\n{secret},1.5\n")
    (row,) = imported(thread_lab, "r.csv", "--config", "*")["taken"]
    assert row["config"] == {"token": "[redacted:github-token]"}
    assert imported(thread_lab, "r.csv", "--config", "*")["already"] == 1
    files = [path for path in (thread_lab.repo / ".git" / "leadline").rglob("*") if path.is_file()]
    assert files and not [path for path in files if secret.encode() in path.read_bytes()]


def test_text_of_a_table_moves_no_cursor(thread_lab: Lab):
    thread_lab.write("r.csv", 'a\x1b[2J,time_ms\n"x\x1b]0;t\x07\ny",1.5\n1,\x1b[31mred\n')
    text = thread_lab.ok("import", "r.csv", "--config", "*", "--dry-run")
    assert "\x1b" not in text and "\x07" not in text and "x y" in text


def test_an_event_file_cut_short_leaves_a_run_that_says_so(thread_lab: Lab):
    path = events(thread_lab.repo / "runs" / "cut")
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: size // 2])
    data = imported(thread_lab, "runs")
    (note,) = [n for n in data["notes"] if n["where"] == "cut"]
    assert f"of {size // 2}: " in note["what"] and "were not read" in note["what"]
    shown = json.dumps(thread_lab.json("show", "P-001-r1"))
    assert "cut-event-file" in shown and note["what"] in shown
    assert "is cut at byte" in thread_lab.ok("logbook") and "is cut at byte" in thread_lab.ok(
        "show", "P-001-r1"
    )
    thread_lab.ok("report", "--out", "r.html")
    page = (thread_lab.repo / "r.html").read_text()
    assert "reported: runs, cut" in page and "<pre></pre>" not in page
    # the last point that stands before the cut
    count = round(1 / data["taken"][0]["metrics"]["loss"])
    assert data["taken"][0]["points"] == count < 20
    assert f"{count} points of 1 metric" in thread_lab.ok("series", "P-001-r1")


def test_a_training_that_went_on_since_is_said_to_be_there_twice(thread_lab: Lab):
    path = events(thread_lab.repo / "runs" / "a")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    imported(thread_lab, "runs")
    path.write_bytes(whole)
    data = imported(thread_lab, "runs")
    assert [row["id"] for row in data["taken"]] == ["P-001-r2"]
    assert any("P-001-r1 was taken from here before" in note["what"] for note in data["notes"])


@pytest.mark.skipif(not SHARED_DATA.exists(), reason="the real records are not here")
@pytest.mark.parametrize(
    ("pattern", "metrics"),
    [
        (
            "results/loop_results@*.tsv",
            ["val_bpb", "robustness_gap", "worst_case_bpb", "memory_gb"],
        ),
        ("results/dojo_results@*.tsv", ["robustness_gap", "worst_case_bpb", "baseline_bpb"]),
        ("nanogpt/runs.tsv", ["val_loss", "train_time_ms", "peak_mem_mib", "final_step"]),
    ],
)
def test_rows_and_cells_of_real_tables_add_up(thread_lab: Lab, pattern: str, metrics: list[str]):
    """Every line is a run, a run taken before, or a reason; every metric cell of a run is a number
    or an entry."""
    paths = sorted(SHARED_DATA.glob(pattern))
    assert paths
    asked = [word for name in metrics for word in ("--metric", name)]
    total = 0
    for path in paths:
        data = imported(thread_lab, str(path), *asked, "--config", "*")
        lines = path.read_text().splitlines()
        rows = {
            f"line {n}": line.split("\t") for n, line in enumerate(lines[1:], 2) if line.strip()
        }
        places = [
            entry["where"]
            for name in ("taken", "taken_before", "not_taken")
            for entry in data[name]
        ]
        assert sorted(places) == sorted(rows), path.name
        assert data["already"] == len(data["taken_before"]) and data["not_taken_total"] == len(
            data["not_taken"]
        )
        kept = [entry["where"] for name in ("taken", "taken_before") for entry in data[name]]
        header = lines[0].split("\t")
        wrong = {
            (where, name)
            for where in kept
            for name in metrics
            if not _finite(rows[where][header.index(name)].strip())
        }
        assert {(cell["where"], cell["column"]) for cell in data["cells_not_taken"]} == wrong, (
            path.name
        )
        total += len(data["taken"])
    assert thread_lab.json("status", "--runs")["counts"]["runs"] == total > 0


def _finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def test_a_table_without_a_column_named_like_a_metric_is_refused(thread_lab: Lab):
    thread_lab.write("nom.csv", "a,b\n1,2\n")
    done = thread_lab.run("import", "nom.csv", "--config", "a")
    assert done.returncode == 2
    assert "no column of nom.csv is named like a metric of the thread" in done.stderr
    assert "its columns: a, b; metrics: time_ms" in done.stderr


def test_a_dry_run_takes_no_lock_and_writes_nothing(thread_lab: Lab):
    thread_lab.write("r.csv", CELLS)
    record = thread_lab.repo / ".git" / "leadline"

    def files() -> set[tuple[str, int]]:
        return {(str(p), p.stat().st_mtime_ns) for p in record.rglob("*")}

    thread_lab.ok("status")
    shutil.rmtree(record / "locks")
    before = files()
    assert "would take" in thread_lab.ok("import", "r.csv", "--config", "block", "--dry-run")
    assert files() == before


def test_config_and_metrics_of_one_name_are_told_apart_in_the_report(thread_lab: Lab):
    thread_lab.write("r.csv", "lr,weird,loss\n0.1,1,0.5\n")
    text = thread_lab.ok(
        "import", "r.csv", "--metric", "loss=lr", "--metric", "weird", "--config", "lr", "--dry-run"
    )
    assert "lr=0.1 | lr=0.5, weird=1.0" in text


def test_what_is_another_sources_is_part_of_what_was_taken_before(thread_lab: Lab):
    thread_lab.write("old.csv", "block,time_ms\n64,1.5\n128,1.6\n")
    thread_lab.write("new.csv", "block,time_ms\n64,1.5\n128,1.6\n")
    thread_lab.ok("import", "old.csv", "--config", "block")
    text = thread_lab.ok("import", "new.csv", "--config", "block")
    assert (
        "2 taken before; 2 of them from another source (if measured anew: --set KEY=VALUE tells them apart)"
        in text
    )


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01,\n", "a,b\n".encode("utf-16-le"), b"a,a\n1,2\n"]
)
def test_a_table_that_cannot_be_used_is_a_usage_error_and_its_path_is_plain(
    thread_lab: Lab, content: bytes
):
    (thread_lab.repo / "sub").mkdir()
    (thread_lab.repo / "bad.csv").write_bytes(content)
    done = thread_lab.run("import", "sub/../bad.csv", "--metric", "a", "--config", "*")
    assert done.returncode == 2 and "bad.csv" in done.stderr and "sub/.." not in done.stderr, (
        done.stderr
    )


def test_a_repeat_of_a_table_is_the_same_only_in_what_is_known_of_it(thread_lab: Lab):
    for name, value in (("r.csv", "1.5"), ("s.csv", "1.6")):
        thread_lab.write(name, f"block,time_ms\n64,{value}\n")
        thread_lab.ok("import", name, "--config", "block")
    logbook = thread_lab.ok("logbook")
    assert ", same config; command, code, machine unknown\n" in logbook
    assert "**Code:** not recorded" in logbook
