"""Runs made elsewhere: what is taken, what is not and why, and that they are never evidence."""

from __future__ import annotations

import json
import shlex

import pytest

from tests.conftest import SHARED_DATA, Lab

ROWS = (
    "block,dtype,time_ms,notes\n64,bf16,1.5,a\n64,bf16,1.6,b\n128,bf16,abc,c\n128,fp32,,d\n128,fp32,nan,e\n1,2\n"
    "64,bf16,1.5,a\n"
)


def imported(lab: Lab, *words: str) -> dict:
    envelope = lab.json("import", *words)
    assert envelope["ok"], envelope
    return envelope["data"]


def test_rows_of_one_config_are_repeats_and_every_row_left_has_its_reason(thread_lab: Lab):
    thread_lab.write("r.csv", ROWS)
    data = imported(thread_lab, "r.csv", "--config", "block,dtype")
    assert [row["id"] for row in data["taken"]] == ["P-001-r1", "P-001-r2", "P-002-r1"]
    assert {row["where"]: row["why"] for row in data["not_taken"]} == {
        "line 4": "time_ms is 'abc', which is no number",
        "line 5": "it has no value of time_ms",
        "line 7": "the number of cells is not that of the header",
        "line 8": "it is the same as line 2 in every column",
    }
    assert data["left_columns"] == ["notes"]
    shown = thread_lab.ok("show", "P-001-r2")
    assert "reported: r.csv, line 3" in shown and "1.6 ms" in shown and "contention" not in shown
    logbook = thread_lab.ok("logbook")
    assert (
        "- **Origin:** reported: `r.csv`\n- **Taken:** 3 runs of 2 experiments: 3 reported\n"
        in logbook
    )
    assert "- **Not taken:** 4 rows" in logbook and logbook.count("\n### ") == 1
    thread_lab.ok("verify")


def test_importing_again_takes_what_is_new(thread_lab: Lab):
    thread_lab.write("r.csv", ROWS)
    imported(thread_lab, "r.csv", "--config", "block,dtype")
    again = imported(thread_lab, "r.csv", "--config", "block,dtype")
    assert (again["taken"], again["already"]) == ([], 3)
    thread_lab.write("r.csv", ROWS + "64,bf16,1.7,new\n")
    more = imported(thread_lab, "r.csv", "--config", "block,dtype")
    assert [row["id"] for row in more["taken"]] == ["P-001-r3"]


def test_a_dry_run_writes_nothing(thread_lab: Lab):
    thread_lab.write("r.csv", ROWS)
    data = imported(thread_lab, "r.csv", "--config", "block,dtype", "--dry-run")
    assert len(data["taken"]) == 3
    assert thread_lab.json("status", "--runs")["counts"]["runs"] == 0


def test_a_table_is_no_evidence(thread_lab: Lab):
    thread_lab.write(
        "r.csv",
        "block,time_ms\n" + "".join(f"1,{1 + n / 100}\n2,{2 + n / 100}\n" for n in range(6)),
    )
    imported(thread_lab, "r.csv", "--config", "*")
    refused = thread_lab.json("claim", "two is slower", "--that", "time_ms(P-002) > time_ms(P-001)")
    assert refused["error"]["code"] == "no-evidence"
    compared = thread_lab.json("compare", "P-001", "P-002", "--axis", "block")["data"]
    (ms,) = [m for m in compared["metrics"] if m["metric"] == "time_ms"]
    assert (ms["a"]["n"], ms["b"]["n"], ms["verdict"]) == (6, 6, "exploratory only")
    assert ms["sentence"].startswith("as reported: ")
    assert any("nobody saw it measured" in note for note in compared["notes"])


def test_what_was_reported_is_shown_and_cited_as_that_and_nothing_nags(thread_lab: Lab):
    thread_lab.write("r.csv", "block,time_ms\n1,1.5\n1,2.5\n")
    imported(thread_lab, "r.csv", "--config", "*")
    assert thread_lab.ok("status").split("\n")[3].split()[:5] == [
        "P-001",
        "reported",
        "2",
        "2",
        "ms",
    ]
    assert "2 ms" in thread_lab.ok("show", "P-001")
    thread_lab.ok("note", "P-001", "it took {{P-001.time_ms}}")
    assert "it took 2 ms (reported)" in thread_lab.ok("logbook")
    assert "P-001" not in json.dumps(thread_lab.json("next")["data"])
    assert "no-evidence" not in thread_lab.run("check", "post").stdout


def test_a_reported_experiment_goes_on_with_its_first_real_run(thread_lab: Lab):
    printed = "echo '{\"time_ms\": 1.25}'"
    thread_lab.write("r.csv", f'block,time_ms,cmd\n1,1.5,"sh -c ""{printed[:4]} 1"""\n2,2.5,\n')
    imported(thread_lab, "r.csv", "--config", "block", "--command", "cmd")
    thread_lab.ok("run", "--quiet", "--experiment", "P-001")
    thread_lab.ok("run", "--quiet", "--experiment", "P-002", "--", "sh", "-c", printed)
    thread_lab.ok("run", "--quiet", "--experiment", "P-002")
    runs = {row["id"]: row for row in thread_lab.json("status", "--runs")["data"]}
    assert set(runs) == {"P-001-r1", "P-001-r2", "P-002-r1", "P-002-r2", "P-002-r3"}
    assert thread_lab.ok("status").split("\n")[3].split()[:4] == ["P-002", "done", "2", "1.25"]
    other = thread_lab.json("run", "--quiet", "--experiment", "P-001", "--", "true")
    assert other["error"]["code"] == "not-a-repeat"


def test_the_time_of_a_row_is_its_own(thread_lab: Lab):
    thread_lab.write("r.csv", "block,time_ms,at\n1,1.5,2026-05-02 10:00\n2,1.5,\n")
    imported(thread_lab, "r.csv", "--config", "block", "--time", "at")
    runs = {row["id"]: row for row in thread_lab.json("status", "--runs")["data"]}
    assert runs["P-001-r1"]["started_at"].startswith("2026-05-02T10:00")
    assert not runs["P-002-r1"]["started_at"]
    assert "2026-05-02T10:00" in thread_lab.ok("show", "P-001-r1")
    assert "started" not in thread_lab.ok("show", "P-002-r1")
    assert "| P-001-r1 | reported | 2026-05-02 10:00 |" in thread_lab.ok("logbook")


def test_a_repeat_of_an_imported_config_never_joins_an_executed_experiment(thread_lab: Lab):
    thread_lab.ok("run", "--quiet", "--set", "block=1", "--", "true")
    thread_lab.write("r.csv", "block,time_ms\n1,1.5\n")
    assert imported(thread_lab, "r.csv", "--config", "block")["taken"][0]["id"] == "P-002-r1"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r.tsv", "block\tms\n64\t1.5\n"),
        ("r.jsonl", '{"block": 64, "ms": 1.5}\n'),
        ("r.json", '[{"block": 64, "ms": 1.5}]'),
    ],
)
def test_every_text_format_gives_the_same_run(thread_lab: Lab, name: str, text: str):
    thread_lab.write(name, text)
    (row,) = imported(
        thread_lab, name, "--metric", "ms=time_ms", "--config", "block", "--set", "device=A100"
    )["taken"]
    assert (row["config"], row["metrics"]) == ({"device": "A100", "block": 64}, {"time_ms": 1.5})


def test_parquet(thread_lab: Lab):
    parquet, pyarrow = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    parquet.write_table(
        pyarrow.table({"block": [64, 128], "time_ms": [1.5, None]}), thread_lab.repo / "r.parquet"
    )
    data = imported(thread_lab, "r.parquet", "--config", "block")
    assert [row["metrics"] for row in data["taken"]] == [{"time_ms": 1.5}]
    assert data["not_taken"] == [{"where": "row 2", "why": "it has no value of time_ms"}]


def test_event_files_of_a_real_writer(thread_lab: Lab):
    pytest.importorskip("tensorboard")
    writer = pytest.importorskip("tensorboardX").SummaryWriter
    for rate in (0.1, 0.2):
        with writer(str(thread_lab.repo / "runs" / f"lr-{rate}")) as events:
            for step in range(50):
                events.add_scalar("loss", 1 / (1 + rate * step), step)
                events.add_scalar("time_ms", rate * 10, step)
            events.add_text("notes", "hello")
    (thread_lab.repo / "runs" / "torn").mkdir()
    (thread_lab.repo / "runs" / "torn" / "events.out.tfevents.1.x").write_bytes(
        b"not an event file"
    )
    data = imported(thread_lab, "runs", "--metric", "time_ms", "--metric", "loss=final_loss")
    assert [(row["name"], row["config"]) for row in data["taken"]] == [
        ("lr-0.1", {"tensorboard_run": "lr-0.1"}),
        ("lr-0.2", {"tensorboard_run": "lr-0.2"}),
    ]
    assert data["taken"][0]["metrics"]["final_loss"] == pytest.approx(1 / 5.9)
    assert [row["where"] for row in data["not_taken"]] == ["torn"]
    assert (
        imported(thread_lab, "runs", "--metric", "time_ms", "--metric", "loss=final_loss")[
            "already"
        ]
        == 2
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nothing.csv", "--config", "*"], "no-such-file"),
        (["r.csv", "--metric", "time_ms"], "no-config-named"),
        (["r.csv", "--config", "nope"], "no-such-column"),
        (["r.csv", "--metric", "nope", "--config", "*"], "no-such-column"),
        (["r.csv", "--config", "*", "--set", "x"], "bad-set"),
        (["r.csv", "--config", "*", "--format", "xls"], "unknown-format"),
        (["r.docx", "--config", "*"], "unknown-format"),
        (["r.xls", "--config", "*"], "not-excel"),
        (["empty.csv", "--config", "*"], "empty-file"),
        (["broken.json", "--config", "*"], "not-json"),
        (["folder", "--config", "*"], "no-event-files"),
    ],
)
def test_what_cannot_be_read_is_said(thread_lab: Lab, words: list[str], code: str):
    if code == "no-event-files":
        pytest.importorskip("tensorboard")
    for name, text in {
        "r.csv": ROWS,
        "r.xls": "x",
        "r.docx": "x",
        "empty.csv": "",
        "broken.json": "{",
        "folder/x": "",
    }.items():
        thread_lab.write(name, text)
    envelope = thread_lab.json("import", *words)
    assert envelope["error"]["code"] == code and envelope["error"]["next"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["./gone"], "no-such-file", "./gone does not exist"),
        (["/nonexistent/r.docx"], "no-such-file", "/nonexistent/r.docx does not exist"),
        (["somewhere"], "unknown-format", "cannot be told from its name"),
        (["folder/gone", "--format", "wandb"], "no-such-file", "folder/gone does not exist"),
        (["/gone/mlruns", "--format", "mlflow"], "no-such-file", "/gone/mlruns does not exist"),
        (["../gone", "--format", "trackio"], "no-such-file", "../gone does not exist"),
        (["../gone", "--format", "leadline"], "no-such-file", "../gone does not exist"),
        (
            ["r.csv", "--config", "*", "--run", "x"],
            "option-without-use",
            "--run has no use with csv",
        ),
        (
            ["r.csv", "--config", "*", "--unfinished"],
            "option-without-use",
            "--unfinished has no use with csv",
        ),
        (["folder", "--at", "x"], "option-without-use", "--at has no use with folders"),
        (
            ["folder", "--format", "wandb", "--key", "a"],
            "option-without-use",
            "--key has no use with wandb",
        ),
        (
            ["folder", "--format", "mlflow", "--keep", "last"],
            "option-without-use",
            "--keep has no use with mlflow",
        ),
    ],
)
def test_a_path_that_is_not_there_and_an_option_of_no_use_are_said(
    thread_lab: Lab, words: list[str], code: str, said: str
):
    for name, text in {"r.csv": ROWS, "folder/x": ""}.items():
        thread_lab.write(name, text)
    error = thread_lab.json("import", *words)["error"]
    assert error["code"] == code and said in error["what"] and error["next"]


@pytest.mark.parametrize(
    ("keep", "lines", "left"),
    [("first", ["line 2", "line 3"], 5), ("last", ["line 5", "line 3"], 2)],
)
def test_rows_of_one_key_are_one_run_by_a_declared_rule(
    thread_lab: Lab, keep: str, lines: list[str], left: int
):
    thread_lab.write("r.csv", "commit,lr,time_ms\na1,1,1.5\nb2,1,1.6\nc3,1,oops\na1,1,1.7\n")
    data = imported(thread_lab, "r.csv", "--config", "lr", "--key", "commit", "--keep", keep)
    assert [row["where"] for row in data["taken"]] == lines
    refused = {row["where"]: row["why"] for row in data["not_taken"]}
    assert list(refused) == ["line 4", f"line {left}"]
    assert "commit a1" in refused[f"line {left}"] and (
        "line 2" in str(refused) or "line 5" in str(refused)
    )
    assert (
        thread_lab.json("import", "r.csv", "--config", "lr", "--key", "nope")["error"]["code"]
        == "no-such-column"
    )


@pytest.mark.skipif(not SHARED_DATA.exists(), reason="the real records are not here")
def test_a_bad_row_of_a_real_table_is_named_by_its_line(thread_lab: Lab):
    """A real table with a row cut short, one with a word for a number, and one that comes twice."""
    lines = (SHARED_DATA / "results" / "loop_results@0493ddca61.tsv").read_text().splitlines()
    cut, word, twice = 10, 20, 30
    lines[cut - 1] = "\t".join(lines[cut - 1].split("\t")[:3])
    cells = lines[word - 1].split("\t")
    lines[word - 1] = "\t".join([cells[0], "crash", *cells[2:]])
    lines.append(lines[twice - 1])
    thread_lab.write("r.tsv", "\n".join(lines) + "\n")
    data = imported(
        thread_lab, "r.tsv", "--metric", "val_bpb", "--config", "commit,status", "--key", "commit"
    )
    named = {row["where"]: row["why"] for row in data["not_taken"]}
    assert set(named) >= {f"line {cut}", f"line {len(lines)}"} and f"line {word}" not in named
    assert "number of cells" in named[f"line {cut}"]
    assert f"line {twice}" in named[f"line {len(lines)}"]
    assert len(data["taken"]) + data["not_taken_total"] == len(lines) - 1


@pytest.mark.skipif(not SHARED_DATA.exists(), reason="the real records are not here")
def test_the_tables_that_a_real_loop_kept(thread_lab: Lab):
    """Versions of one growing table: each import takes the rows that are new, and every row is
    accounted for."""
    keys: set[str] = set()
    for path in sorted((SHARED_DATA / "results").glob("loop_results@*.tsv")):
        data = imported(
            thread_lab,
            str(path),
            "--metric",
            "val_bpb",
            "--metric",
            "memory_gb",
            "--config",
            "commit",
        )
        rows = [line for line in path.read_text().splitlines()[1:] if line.strip()]
        assert len(data["taken"]) + data["already"] + data["not_taken_total"] == len(rows), (
            path.name
        )
        keys |= {f"{row['config']} {row['metrics']}" for row in data["taken"]}
    assert thread_lab.json("status", "--runs")["counts"]["runs"] == len(keys) > 0


def test_ids_that_look_like_numbers_stay_as_they_are_written(thread_lab: Lab):
    thread_lab.write("r.tsv", "commit\tversion\tms\n1234e56\t1.1\t5.0\n12340e55\t1.10\t6.0\n")
    taken = imported(thread_lab, "r.tsv", "--metric", "ms", "--config", "*", "--key", "commit")
    assert [row["config"] for row in taken["taken"]] == [
        {"commit": "1234e56", "version": "1.1"},
        {"commit": "12340e55", "version": "1.10"},
    ]
    assert [row["experiment"] for row in taken["taken"]] == ["P-001", "P-002"]


def test_a_crash_is_a_failed_run_without_a_number_that_is_found_by_its_words(thread_lab: Lab):
    thread_lab.write(
        "r.tsv",
        "commit\ttime_ms\tstatus\tdescription\nabc1234\t5.0\tkeep\tbaseline\n"
        "abd1234\t0.0\tcrash\tdouble width (OOM)\nabe1234\tn/a\tcrash\ttriple width\n"
        "abf1234\t4.0\tdiscard\tno gain, kept simple\nabf2234\ttimeout\t\tslow path\n",
    )
    imported(thread_lab, "r.tsv", "--config", "commit,status")
    rows = thread_lab.json("status", "--runs", "--sort", "id")["data"]
    assert [(row["state"], row["metrics"].get("time_ms")) for row in rows] == [
        ("done", 5.0),
        ("failed", None),
        ("failed", None),
        ("done", 4.0),
        ("timeout", None),
    ]
    assert "P-002" in thread_lab.ok("tried", "OOM") and "P-005" in thread_lab.ok("tried", "slow")


def test_a_row_that_was_corrected_corrects_its_run_and_both_values_are_kept(thread_lab: Lab):
    words = ("r.tsv", "--config", "id", "--key", "id")
    thread_lab.write("r.tsv", "id\ttime_ms\nA\t5.0\nB\t6.0\n")
    imported(thread_lab, *words)
    thread_lab.write("r.tsv", "id\ttime_ms\nA\t9.9\nB\t6.0\n")
    again = imported(thread_lab, *words)
    assert (again["taken"], again["already"]) == ([], 1)
    assert again["corrected"][0]["id"] == "P-001-r1"
    shown = thread_lab.ok("show", "P-001-r1")
    assert "9.9 ms" in shown and "it said 5.0" in shown
    assert thread_lab.json("status", "--runs")["counts"]["runs"] == 2
    assert imported(thread_lab, *words)["corrected"] == []
    thread_lab.ok("verify")


def test_a_number_that_changed_in_a_row_that_nothing_names_is_no_repeat_until_somebody_says_so(
    thread_lab: Lab,
):
    how = ["r.csv", "--config", "block"]
    thread_lab.write("r.csv", "block,time_ms\n64,1.5\n64,1.6\n128,2.5\n")
    imported(thread_lab, *how)
    thread_lab.write("r.csv", "block,time_ms\n64,1.5\n64,1.6\n128,25\n64,1.7\n")
    for taken, already in ((1, 2), (0, 3)):
        data = imported(thread_lab, *how)
        assert (data["taken_total"], data["already"], data["corrected"]) == (taken, already, [])
        (left,) = data["not_taken"]
        assert left["where"] == "line 4" and "P-002-r1 was taken from here" in left["why"]
    # a row that only moved is no correction of what stood there
    thread_lab.write("r.csv", "block,time_ms\n64,1.8\n64,1.5\n64,1.6\n64,1.7\n")
    assert imported(thread_lab, *how)["taken_total"] == 1
    thread_lab.write("r.csv", "block,time_ms\n64,1.5\n64,1.6\n128,25\n")
    retract = left["why"].partition("corrected: leadline ")[2].partition(", and import")[0]
    thread_lab.ok(*shlex.split(retract))
    assert [row["metrics"] for row in imported(thread_lab, *how)["taken"]] == [{"time_ms": 25.0}]
    thread_lab.ok("verify")


def test_so_is_one_whose_metric_a_formula_reads(thread_lab: Lab):
    thread_lab.ok("metric", "time_ms", "--direction", "lower")
    thread_lab.ok("metric", "rate", "--formula", "100 / time_ms", "--direction", "higher")
    for value in ("2.5", "25"):
        thread_lab.write("r.csv", f"block,time_ms\n128,{value}\n")
        data = imported(thread_lab, "r.csv", "--metric", "time_ms", "--config", "block")
    assert (data["taken"], [row["where"] for row in data["not_taken"]]) == ([], ["line 2"])


def test_a_table_without_a_header_is_refused_until_its_columns_are_named(thread_lab: Lab):
    thread_lab.write("n.tsv", "HEAD\t3.3\tkeep\nHEAD\t5.2\tdiscard\n")
    words = ("n.tsv", "--metric", "time_ms", "--config", "*")
    refused = thread_lab.json("import", *words)["error"]
    assert refused["code"] == "no-header" and "'3.3' is a number" in refused["what"]
    data = imported(thread_lab, *words, "--header", "commit,time_ms,status")
    assert [row["metrics"] for row in data["taken"]] == [{"time_ms": 3.3}, {"time_ms": 5.2}]
    thread_lab.write("y.csv", "name,2019,2020\na,1,2\n")
    years = ("y.csv", "--metric", "2019=time_ms", "--config", "name", "--header", "name,2019,2020")
    assert imported(thread_lab, *years)["taken"][0]["metrics"] == {"time_ms": 1.0}


def test_a_table_that_tells_no_time_was_not_measured_when_it_was_imported(thread_lab: Lab):
    thread_lab.write("r.csv", "block,time_ms\n1,1.5\n")
    imported(thread_lab, "r.csv", "--config", "*")
    assert "  –  " in thread_lab.ok("status", "--runs").splitlines()[1]
    assert "started" not in thread_lab.ok("show", "P-001-r1")


def test_a_corrected_row_types_nothing_over_what_was_measured_here(thread_lab: Lab):
    thread_lab.ok("run", "--quiet", "--", "echo", '{"time_ms": 3}')
    thread_lab.write("r.csv", "block,time_ms\n1,1.5\n")
    imported(thread_lab, "r.csv", "--config", "*", "--key", "block")
    assert thread_lab.json("correct", "P-001-r1", "metrics.time_ms=1", "--why", "w")["error"]
