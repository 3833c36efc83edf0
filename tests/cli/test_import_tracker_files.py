"""A tracker's files that were lost, emptied, cut or are another's, named and not passed over, through the CLI."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from pathlib import Path

import pytest

from tests.conftest import Lab
from tests.tracker_jobs import alone, offline, outside, taken
from tests.tracker_servers import needs

__all__ = ["outside"]  # fixtures


INFINITE = """
import mlflow
with mlflow.start_run():
    mlflow.log_metrics({"up": float("inf"), "down": float("-inf"), "none": float("nan"), "big": 1e308})
"""


ODD_JOB = """
import wandb
run = wandb.init(config={"lr": 0.1})
wandb.log({"loss": 1.0, "bins": wandb.Histogram([1, 2]), " ": 3.0, "up": 1.0})
wandb.log({"loss": 2.0, "up": float("nan")})
run.summary["txt"] = "a word"
wandb.finish()
"""


@needs("wandb")
def test_what_is_no_number_is_named_with_its_kind_and_what_is_not_finite_is_listed(
    outside: Lab,
) -> None:
    outside.write("odd.py", ODD_JOB)
    alone(outside, "odd.py", WANDB_MODE="offline", WANDB_PROJECT="outside", WANDB_NAME="odd")
    data = taken(outside, "../elsewhere", "--format", "wandb")
    (row,) = data["taken"]
    assert (row["metrics"], row["nonfinite"]) == ({"loss": 2.0}, {"up": "NaN"})
    assert [(c["column"], c["said"]) for c in data["cells_not_taken"]] == [("up", "NaN")]
    assert {note["what"] for note in data["notes"]} == {
        "bins: 1 value is no number (histogram)",
        "1 value was logged under a blank name",
        "txt: its last value is no number (text)",
    }


@needs("wandb")
@needs("mlflow")
@pytest.mark.long
def test_a_trackers_files_without_a_format_are_answered_with_the_command(outside: Lab) -> None:
    pytest.importorskip("tensorboard")
    offline(outside, "0.5")
    folder = outside.repo.parent / "elsewhere"
    variables = {
        "MLFLOW_TRACKING_URI": f"file://{folder / 'mlruns'}",
        "MLFLOW_ALLOW_FILE_STORE": "true",
    }
    alone(outside, "m.py", MLFLOW_EXPERIMENT_NAME="files", **variables)
    outside.ok("run", "--quiet", "--", sys.executable, "-c", "pass")
    for source, name in (
        ("../elsewhere/wandb", "wandb"),
        ("../elsewhere/mlruns", "mlflow"),
        (".", "leadline"),
    ):
        error = outside.json("import", source)["error"]
        assert (error["kind"], error["code"]) == ("usage", "unknown-format")
        assert f"--format {name}" in error["what"] and error["next"] == [
            f"leadline import {source} --format {name}"
        ]
    outside.write("without/sitecustomize.py", "import sys; sys.modules['tensorboard'] = None\n")
    lacking = {"PYTHONPATH": str(outside.repo / "without")}
    assert (
        "--format wandb"
        in outside.json("import", "../elsewhere/wandb", env=lacking)["error"]["what"]
    )
    (folder / "wandb" / "events.out.tfevents.1.x").write_bytes(b"")
    error = outside.json("import", "../elsewhere/wandb", env=lacking)["error"]
    assert error["code"] == "tensorboard-support-missing", "what it holds is event files"


@needs("wandb")
def test_wandb_files_that_were_lost_emptied_or_cut_are_named_and_the_rest_is_taken(
    outside: Lab,
) -> None:
    for name in ("whole", "cut"):
        offline(outside, "0.5", name=name)
    top = outside.repo.parent / "elsewhere" / "wandb"
    files = sorted(top.glob("offline-run-*/*.wandb"), key=lambda path: path.stat().st_mtime_ns)
    whole, cut = files
    for name in ("gone", "junk", "empty"):
        shutil.copytree(whole.parent, top / f"offline-run-20260101_000000-{name}")
        file = top / f"offline-run-20260101_000000-{name}" / whole.name
        file.rename(file.with_name(f"run-{name}.wandb"))
    gone, junk, empty = (next(top.glob(f"*/run-{n}.wandb")) for n in ("gone", "junk", "empty"))
    gone.unlink()
    junk.write_bytes(b"no run at all")
    empty.write_bytes(b"")
    cut.write_bytes(cut.read_bytes()[:-20])
    data = taken(outside, "../elsewhere/wandb", "--format", "wandb")
    assert [row["name"] for row in data["taken"]] == ["whole"]
    whys = {left["where"]: left["why"] for left in data["not_taken"]}
    assert len(whys) == 4 and "no .wandb file" in whys[gone.parent.name], whys
    assert [why for why in whys.values() if why.startswith(f"{junk.name}: it is no W&B run file")]
    assert [why for why in whys.values() if why.startswith(f"{empty.name}: it is no W&B run file")]
    assert [
        why
        for why in whys.values()
        if why.startswith(f"{cut.name}: it ends within a record; wandb says running")
    ]
    alone = taken(outside, str(gone.parent), "--format", "wandb")
    assert "no .wandb file" in alone["not_taken"][0]["why"]
    assert taken(outside, str(junk), "--format", "wandb")["not_taken"][0]["why"].startswith(
        f"{junk.name}: it is no"
    )


@needs("mlflow")
def test_an_mlflow_run_whose_meta_yaml_is_gone_or_cut_is_named(outside: Lab) -> None:
    folder = outside.repo.parent / "elsewhere" / "mlruns"
    variables = {"MLFLOW_TRACKING_URI": f"file://{folder}", "MLFLOW_ALLOW_FILE_STORE": "true"}
    for _ in range(2):
        alone(outside, "m.py", MLFLOW_EXPERIMENT_NAME="files", **variables)
    gone, cut = sorted(path.parent for path in folder.glob("*/*/meta.yaml"))
    for name in ("deleted", "whole"):  # MLflow deletes a run by a word in its meta.yaml
        shutil.copytree(gone, folder / gone.parent.name / name)
    deleted = folder / gone.parent.name / "deleted" / "meta.yaml"
    deleted.write_text(
        deleted.read_text().replace("lifecycle_stage: active", "lifecycle_stage: deleted")
    )
    (gone / "meta.yaml").unlink()
    text = (cut / "meta.yaml").read_text()
    (cut / "meta.yaml").write_text(text[: text.index("status:")])
    data = taken(outside, str(folder), "--format", "mlflow")
    assert len(data["taken"]) == 1
    whys = {left["where"].rpartition("(")[2].rstrip(")"): left["why"] for left in data["not_taken"]}
    assert set(whys) == {gone.name, cut.name}, whys
    assert "no meta.yaml" in whys[gone.name] and "says no status" in whys[cut.name]


def test_texts_of_an_mlflow_run_stay_as_written_and_a_crash_is_a_result(outside: Lab) -> None:
    folder = outside.repo.parent / "elsewhere" / "mlruns" / "1"
    folder.mkdir(parents=True)
    (folder / "meta.yaml").write_text("experiment_id: '1'\nlifecycle_stage: active\nname: e\n")
    for run, status, said in (
        ("a", 3, {"version": "1.1", "lr": "0.1", "cut": "1.5", "n": "4"}),
        ("b", 3, {"version": "1.10", "lr": "1e-05", "cut": "1.50", "n": "4"}),
        ("c", 4, {"version": "1.2", "lr": "99"}),
    ):
        for name in ("params", "metrics", "tags"):
            (folder / run / name).mkdir(parents=True)
        (folder / run / "meta.yaml").write_text(
            f"run_id: {run}\nrun_name: {run}\nstatus: {status}\nstart_time: 1\nend_time: 9\n"
            "lifecycle_stage: active\n"
        )
        for name, text in said.items():
            (folder / run / "params" / name).write_text(text)
        if status == 3:
            (folder / run / "metrics" / "acc").write_text("5 0.5 0\n")
    rows = taken(outside, str(folder.parent), "--format", "mlflow")["taken"]
    assert [row["config"] for row in rows] == [
        {"version": "1.1", "lr": 0.1, "cut": "1.5", "n": 4},
        {"version": "1.10", "lr": 1e-05, "cut": "1.50", "n": 4},
        {"version": "1.2", "lr": 99},
    ]
    assert [(row["state"], row["metrics"]) for row in rows[1:]] == [
        ("done", {"acc": 0.5}),
        ("failed", {}),
    ]


@needs("mlflow")
@pytest.mark.long
def test_an_infinite_loss_of_mlflows_sql_store_is_no_number(outside: Lab, tmp_path: Path) -> None:
    store = tmp_path / "mlflow.db"
    infinite(outside, f"sqlite:///{store}", str(store))


@needs("mlflow")
def test_an_infinite_loss_of_mlflows_server_is_no_number(outside: Lab, mlflow_server: str) -> None:
    infinite(outside, mlflow_server, "infinite", "--at", mlflow_server)


def infinite(outside: Lab, uri: str, *words: str) -> None:
    outside.write("inf.py", INFINITE)
    alone(outside, "inf.py", MLFLOW_TRACKING_URI=uri, MLFLOW_EXPERIMENT_NAME="infinite")
    (row,) = taken(outside, *words, "--format", "mlflow")["taken"]
    assert row["metrics"] == {"big": 1e308}
    assert row["nonfinite"] == {"up": "Infinity", "down": "-Infinity", "none": "NaN"}


@needs("trackio")
def test_one_file_that_is_no_store_does_not_hide_the_other_projects(
    outside: Lab, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    alone(outside, "t.py", TRACKIO_DIR=str(store), TRACKIO_PROJECT="proj")
    with sqlite3.connect(store / "proj.db") as base:
        base.execute("update metrics set timestamp = '2026-01-02T03:04:05+00:00'")
    (store / "bad.db").write_bytes(b"no database, but long enough to be looked at" * 40)
    data = taken(outside, str(store), "--format", "trackio")
    assert len(data["taken"]) == 1
    assert [left["where"] for left in data["not_taken"]] == ["bad.db"]
    assert "cannot be read" in data["not_taken"][0]["why"]
    alone_there = outside.json("import", str(store / "bad.db"), "--format", "trackio")["error"]
    assert (alone_there["kind"], alone_there["code"]) == ("environment", "tracker-store")
