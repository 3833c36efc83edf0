"""Runs of a tracker made outside Leadline, taken in and reconciled, through the CLI and the real
programs."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.test_tracker import MLFLOW_JOB, QUIET, TRACKIO_JOB, WANDB_JOB, job
from tests.conftest import Lab
from tests.tracker_servers import (
    BUILT_IN_KEY,
    HistoryServer,
    WandbServer,
    needs,
)


@pytest.fixture
def outside(lab: Lab, tmp_path: Path) -> Lab:
    """A thread with a metric, jobs beside it, and somebody who runs them without Leadline."""
    lab.env.update(QUIET)
    lab.ok(
        "start",
        "demo",
        "--prefix",
        "P",
        "--no-branch",
        "--goal",
        "find out",
        "--success",
        "loss::lower",
    )
    for name, text in (("w.py", WANDB_JOB), ("t.py", TRACKIO_JOB), ("m.py", MLFLOW_JOB)):
        lab.write(name, text)
    lab.git("add", ".")
    lab.git("commit", "-q", "-m", "jobs")
    (tmp_path / "elsewhere").mkdir()
    return lab


def alone(lab: Lab, *words: str, **variables: str) -> None:
    """Run a job without Leadline."""
    words = tuple(str(lab.repo / w) if w.endswith(".py") else w for w in words)
    done = subprocess.run(
        [sys.executable, *words],
        cwd=lab.repo.parent / "elsewhere",
        env={**lab.env, **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, -9), done.stderr[-2000:]


def offline(lab: Lab, rate: str, *words: str, name: str = "mine") -> None:
    alone(lab, "w.py", rate, *words, WANDB_MODE="offline", WANDB_PROJECT="outside", WANDB_NAME=name)


def taken(lab: Lab, *words: str, **kwargs: dict[str, str]) -> dict:
    envelope = lab.json("import", *words, **kwargs)
    assert envelope["ok"], envelope
    return envelope["data"]


# ---- W&B -----------------------------------------------------------------------------------------


@needs("wandb")
def test_offline_runs_are_taken_with_config_and_metrics_and_a_cut_off_one_is_named(
    outside: Lab,
) -> None:
    offline(outside, "0.5")
    offline(outside, "0.25")
    offline(outside, "0.125", "die", name="died")
    folder = "../elsewhere/wandb"
    data = taken(outside, folder, "--format", "wandb")
    assert data["origin"] == "imported"
    assert [(r["config"], r["metrics"]) for r in data["taken"]] == [
        ({"lr": 0.5}, {"loss": pytest.approx(0.05), "best": 0.25}),
        ({"lr": 0.25}, {"loss": pytest.approx(0.025), "best": 0.25}),
    ]
    (left,) = data["not_taken"]
    assert left["where"].startswith("died") and "--unfinished" in left["why"]
    again = taken(outside, folder, "--format", "wandb", "--unfinished")
    assert (again["already"], len(again["taken"]), again["not_taken"]) == (2, 1, [])
    lost = outside.json("show", again["taken"][0]["id"])["data"]
    assert lost["state"] == "lost" and lost["tracker"]["points"] > 0
    shown = outside.ok("show", "P-001-r1")
    assert "imported: wandb wandb, mine" in shown and "wandb outside" in shown
    assert outside.json("verify")["ok"]
    assert outside.json("tracker", "status")["data"]["waiting"] == []


@needs("wandb")
def test_a_fetched_run_is_evidence_and_a_table_of_the_same_numbers_is_not(outside: Lab) -> None:
    for rate in ("0.5", "0.25"):
        offline(outside, rate)
    taken(outside, "../elsewhere", "--format", "wandb", "--metric", "loss")
    claimed = outside.json("claim", "a quarter loses less", "--that", "loss(P-002) < loss(P-001)")
    assert claimed["ok"] and claimed["data"]["label"] == "exploratory"
    outside.write("r.csv", "lr,loss\n0.5,0.05\n0.25,0.025\n")
    rows = taken(outside, "r.csv", "--config", "lr")["taken"]
    assert [r["experiment"] for r in rows] == ["P-003", "P-004"], (
        "a typed row never joins a fetched run"
    )
    refused = outside.json("claim", "the table says so", "--that", "loss(P-004) < loss(P-003)")
    assert refused["error"]["code"] == "no-evidence"


@needs("wandb")
def test_one_run_copied_is_one_piece_of_evidence(outside: Lab) -> None:
    """The same file under another project and id: its digest gives it away."""
    offline(outside, "0.5")
    (first,) = (outside.repo.parent / "elsewhere" / "wandb").glob("offline-run-*")
    copy = first.parent / "offline-run-20200101_000000-copied"
    subprocess.run(["cp", "-r", str(first), str(copy)], check=True)
    taken(outside, str(first), "--format", "wandb")
    assert taken(outside, str(copy), "--format", "wandb")["already"] == 1
    file = next(copy.glob("*.wandb"))
    file.rename(copy / "run-copied.wandb")
    assert taken(outside, str(copy), "--format", "wandb")["already"] == 1


@needs("wandb")
def test_a_run_of_leadline_is_never_taken_as_somebody_elses(
    outside: Lab, wandb_server: WandbServer
) -> None:
    key = {"WANDB_API_KEY": BUILT_IN_KEY}
    outside.ok("tracker", "set", "wandb", "ours", "--at", wandb_server.url)
    job(outside, "w.py", "0.5")
    outside.ok("tracker", "sync", env=key)
    data = taken(outside, "ours", "--format", "wandb", "--at", wandb_server.url, env=key)
    assert data["taken"] == [] and data["not_taken"][0]["why"] == "it is P-001-r1 of this thread"


INFINITE = """
import mlflow
with mlflow.start_run():
    mlflow.log_metrics({"up": float("inf"), "down": float("-inf"), "none": float("nan"), "big": 1e308})
"""
DIP_JOB = """
import wandb
run = wandb.init(config={"lr": 0.1})
for value in (3.0, 1.0, 2.0):
    wandb.log({"loss": value})
run.summary["best"] = 0.25
wandb.finish()
"""


def served(lab: Lab, project: str, url: str) -> None:
    """A run that only a server has: its files here are gone."""
    lab.write("dip.py", DIP_JOB)
    alone(lab, "dip.py", WANDB_PROJECT=project, WANDB_BASE_URL=url, WANDB_API_KEY=BUILT_IN_KEY)
    subprocess.run(["rm", "-r", str(lab.repo.parent / "elsewhere" / "wandb")], check=True)


@needs("wandb")
def test_what_only_a_server_has_is_taken_with_its_points(
    outside: Lab, wandb_server: WandbServer, history_server: HistoryServer
) -> None:
    key = {"WANDB_API_KEY": BUILT_IN_KEY}
    served(outside, "served", wandb_server.url)
    outside.ok("metric", "loss", "--reduce", "min")
    for number, url in enumerate((wandb_server.url, history_server.url), 1):
        data = taken(outside, "served", "--format", "wandb", "--at", url, env=key)
        assert [r["metrics"] for r in data["taken"]] == [{"loss": 1.0, "best": 0.25}] * (
            number == 1
        )
        assert data["already"] == number - 1, "one run, whichever way it was read"
    shown = outside.json("show", "P-001-r1")["data"]
    assert not shown["extraction"].get("problems") and shown["tracker"]["points"] == 3


@needs("wandb")
def test_a_server_that_keeps_no_points_gives_last_values_and_the_rest_is_said(
    outside: Lab, wandb_server: WandbServer
) -> None:
    key = {"WANDB_API_KEY": BUILT_IN_KEY}
    served(outside, "pointless", wandb_server.url)
    (history,) = (wandb_server.folder / "data" / "files" / "default" / "pointless").glob(
        "*/wandb-history.jsonl"
    )
    history.unlink()
    outside.ok("metric", "loss", "--reduce", "min")
    words = ["pointless", "--format", "wandb", "--at", wandb_server.url]
    (left,) = taken(outside, *words, "--metric", "loss", env=key)["not_taken"]
    assert "no history of the run" in left["why"] and "its min needs every point" in left["why"]
    data = taken(outside, *words, env=key)
    assert [r["metrics"] for r in data["taken"]] == [{"best": 0.25}], (
        "its least value needs the points"
    )
    problems = outside.json("show", "P-001-r1")["data"]["extraction"]["problems"]
    assert {p["code"] for p in problems} == {"no-points", "history-incomplete"}


@needs("wandb")
def test_points_that_are_fetched_and_not_all_of_them_are_called_so(
    outside: Lab, wandb_server: WandbServer, history_server: HistoryServer
) -> None:
    key = {"WANDB_API_KEY": BUILT_IN_KEY}
    served(outside, "short", wandb_server.url)
    history_server.told(hide=2)
    try:
        (row,) = taken(outside, "short", "--format", "wandb", "--at", history_server.url, env=key)[
            "taken"
        ]
        assert row["metrics"] == {"loss": 2.0, "best": 0.25}
        for folder in (outside.repo / ".git" / "leadline").glob("runs/*"):
            shutil.rmtree(folder)
        text = outside.run("tracker", "fetch", env=key).stdout
    finally:
        history_server.told()
    assert "2 points of 1 metrics; not all: W&B counts 3 rows of history and gave 2" in text


@needs("wandb")
def test_reconcile_fetches_points_only_for_a_metric_that_needs_them(
    outside: Lab, wandb_server: WandbServer, history_server: HistoryServer
) -> None:
    key = {"WANDB_API_KEY": BUILT_IN_KEY}
    served(outside, "costly", wandb_server.url)
    taken(outside, "costly", "--format", "wandb", "--at", history_server.url, env=key)
    before = history_server.told()
    agreed = outside.run("tracker", "reconcile", env=key)
    assert "nothing disagrees" in agreed.stdout, agreed.stdout
    assert history_server.told() == before, "its last values were enough"
    wandb_server.sql("update runs set summary_json = ?", '{"loss": 9.0, "best": 0.25}')
    (row,) = outside.json("tracker", "reconcile", env=key)["data"]["differ"]
    assert (row["key"], row["tracker"]) == ("loss", 9.0)
    outside.ok("metric", "loss", "--reduce", "min")
    outside.json("tracker", "reconcile", env=key)
    assert history_server.told() == before + 1


@needs("wandb")
def test_the_project_of_another_team_is_named_with_it(
    outside: Lab, wandb_server: WandbServer
) -> None:
    """openwandb has one user, so that another team's project is one that it has not."""
    key = {"WANDB_API_KEY": BUILT_IN_KEY, "WANDB_ENTITY": "nobody"}
    alone(
        outside,
        "w.py",
        "0.5",
        WANDB_PROJECT="team",
        WANDB_BASE_URL=wandb_server.url,
        WANDB_API_KEY=BUILT_IN_KEY,
    )
    words = ["--format", "wandb", "--at", wandb_server.url]
    assert outside.json("import", "team", *words, env=key)["error"]["code"] == "no-runs"
    (row,) = taken(outside, "default/team", *words, env=key)["taken"]
    assert row["metrics"]["loss"] == pytest.approx(0.05)
    shown = outside.json("show", row["id"])["data"]["tracker"]
    assert shown["project"] == "default/team" and "/default/team/runs/" in shown["url"]
    assert outside.json("tracker", "reconcile", env=key)["data"]["only_here"] == []


@needs("wandb")
def test_without_a_key_nothing_is_said_of_a_server(outside: Lab) -> None:
    error = outside.json("import", "team", "--format", "wandb")["error"]
    assert error["code"] == "no-runs" and "no server was asked (no key" in error["why"]


@needs("wandb")
@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        (
            ["nothing", "--format", "wandb", "--at", "http://127.0.0.1:9"],
            "remote",
            "tracker-unreachable",
        ),
        (["w.py", "--format", "wandb"], "not_found", "no-runs"),
        (["../elsewhere", "--format", "wandb", "--run", "nobody"], "usage", "no-such-run"),
        (["../elsewhere", "--format", "wandb", "--metric", "nothing"], "usage", "no-such-column"),
    ],
)
def test_what_cannot_be_taken_is_said(outside: Lab, words: list[str], kind: str, code: str) -> None:
    if "../elsewhere" in words:
        offline(outside, "0.5")
    env = (
        {"WANDB_API_KEY": BUILT_IN_KEY}
        if code == "tracker-unreachable"
        else {"HOME": str(outside.repo)}
    )
    error = outside.json("import", *words, env=env)["error"]
    assert (error["kind"], error["code"]) == (kind, code) and error["next"]


# ---- trackio and MLflow --------------------------------------------------------------------------


@needs("trackio")
def test_trackio_never_says_of_an_end_so_a_warm_run_waits(outside: Lab, tmp_path: Path) -> None:
    store = tmp_path / "store"
    alone(outside, "t.py", TRACKIO_DIR=str(store), TRACKIO_PROJECT="proj")
    words = ["proj", "--format", "trackio", "--at", str(store)]
    (left,) = taken(outside, *words)["not_taken"]
    assert "may go on" in left["why"]
    with sqlite3.connect(store / "proj.db") as base:
        base.execute("update metrics set timestamp = '2026-01-02T03:04:05+00:00'")
    (row,) = taken(outside, *words)["taken"]
    assert (row["config"], row["metrics"]) == ({"lr": 0.1}, {"loss": 0.1})
    assert taken(outside, str(store / "proj.db"), "--format", "trackio")["already"] == 1


@needs("mlflow")
def test_mlflow_runs_of_a_server_and_of_its_store_are_the_same_runs(
    outside: Lab, mlflow_server: str
) -> None:
    alone(outside, "m.py", MLFLOW_TRACKING_URI=mlflow_server, MLFLOW_EXPERIMENT_NAME="elsewhere")
    (row,) = taken(outside, "elsewhere", "--format", "mlflow", "--at", mlflow_server)["taken"]
    assert (row["config"], row["metrics"]) == ({"lr": 0.1}, {"loss": 0.1})
    folder = outside.repo.parent / "elsewhere" / "mlruns"
    variables = {"MLFLOW_TRACKING_URI": f"file://{folder}", "MLFLOW_ALLOW_FILE_STORE": "true"}
    alone(outside, "m.py", MLFLOW_EXPERIMENT_NAME="files", **variables)
    assert (
        len(taken(outside, str(folder), "--format", "mlflow", "--metric", "loss=val")["taken"]) == 1
    )
    assert outside.json("show", "P-001-r2")["data"]["metrics"] == {"val": 0.1}


@needs("wandb")
def test_a_config_key_that_no_run_has_is_refused_and_the_others_are_named(outside: Lab) -> None:
    offline(outside, "0.5")
    words = ["../elsewhere", "--format", "wandb", "--config"]
    error = outside.json("import", *words, "bar")["error"]
    assert (error["kind"], error["code"]) == ("usage", "no-such-column")
    assert "'bar'" in error["what"] and "lr" in error["why"]
    outside.write(
        "two.py", "import wandb\nwandb.init(config={'lr': 1, 'wd': 2})\nwandb.log({'loss': 1.0})\n"
    )
    alone(outside, "two.py", WANDB_MODE="offline", WANDB_PROJECT="outside")
    data = taken(outside, *words, "lr", "--metric", "loss")
    assert [row["config"] for row in data["taken"]] == [{"lr": 0.5}, {"lr": 1}]
    assert data["left_columns"] == ["best", "wd"]


@needs("wandb")
def test_an_unfinished_run_that_was_taken_is_named_with_its_run(outside: Lab) -> None:
    offline(outside, "0.125", "die", name="died")
    words = ["../elsewhere", "--format", "wandb"]
    (row,) = taken(outside, *words, "--unfinished")["taken"]
    (left,) = taken(outside, *words)["not_taken"]
    assert left["why"].endswith("--unfinished reads it again")
    assert (
        left["why"].startswith("it is P-001-r1 already, taken without an end; ")
        and row["id"] == "P-001-r1"
    )


@needs("trackio")
def test_a_span_that_the_tracker_does_not_know_is_unknown(outside: Lab, tmp_path: Path) -> None:
    store = tmp_path / "store"
    alone(outside, "t.py", TRACKIO_DIR=str(store), TRACKIO_PROJECT="proj")
    with sqlite3.connect(store / "proj.db") as base:
        base.execute("update metrics set timestamp = '2026-01-02T03:04:05+00:00'")
        base.execute("update configs set created_at = '2026-01-02T03:04:05+00:00'")
    taken(outside, str(store), "--format", "trackio")
    assert outside.json("show", "P-001-r1")["data"].get("wall_s") is None
    assert "took 0" not in outside.ok("show", "P-001-r1")


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
    outside.write("without/tensorboard/__init__.py", "raise ImportError('not here')")
    lacking = {"PYTHONPATH": str(outside.repo / "without")}
    assert (
        "--format wandb"
        in outside.json("import", "../elsewhere/wandb", env=lacking)["error"]["what"]
    )
    (folder / "wandb" / "events.out.tfevents.1.x").write_bytes(b"")
    error = outside.json("import", "../elsewhere/wandb", env=lacking)["error"]
    assert error["code"] == "tensorboard-support-missing", "what it holds is event files"


# ---- files that lost something -------------------------------------------------------------------


@needs("wandb")
def test_wandb_files_that_were_lost_emptied_or_cut_are_named_and_the_rest_is_taken(
    outside: Lab,
) -> None:
    for name in ("whole", "gone", "junk", "empty", "cut"):
        offline(outside, "0.5", name=name)
    top = outside.repo.parent / "elsewhere" / "wandb"
    files = sorted(top.glob("offline-run-*/*.wandb"), key=lambda path: path.stat().st_mtime_ns)
    _, gone, junk, empty, cut = files
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


@needs("mlflow")
def test_an_infinite_loss_of_mlflows_sql_store_is_no_number(
    outside: Lab, tmp_path: Path, mlflow_server: str
) -> None:
    outside.write("inf.py", INFINITE)
    store = tmp_path / "mlflow.db"
    for source, uri in ((str(store), f"sqlite:///{store}"), ("infinite", mlflow_server)):
        alone(outside, "inf.py", MLFLOW_TRACKING_URI=uri, MLFLOW_EXPERIMENT_NAME="infinite")
        at = ["--at", uri] if source == "infinite" else []
        (row,) = taken(outside, source, "--format", "mlflow", *at)["taken"]
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


# ---- reconcile -----------------------------------------------------------------------------------


@needs("wandb")
def test_reconcile_names_what_only_one_side_has_and_the_command_that_takes_it_in(
    outside: Lab, wandb_server: WandbServer
) -> None:
    key = {"WANDB_API_KEY": BUILT_IN_KEY}
    outside.ok("tracker", "set", "wandb", "both", "--at", wandb_server.url)
    job(outside, "w.py", "0.5")
    waiting = outside.json("tracker", "reconcile", env=key)
    assert [(r["run"], r["code"]) for r in waiting["data"]["only_here"]] == [
        ("P-001-r1", "waiting")
    ]
    outside.ok("tracker", "sync", env=key)
    agreed = outside.run("tracker", "reconcile", env=key)
    assert agreed.returncode == 0 and "nothing disagrees" in agreed.stdout, agreed.stdout
    for name in ("P-002", "scratch"):
        alone(
            outside,
            "w.py",
            "0.25",
            WANDB_PROJECT="both",
            WANDB_NAME=name,
            WANDB_BASE_URL=wandb_server.url,
            **key,
        )
    done = outside.run("tracker", "reconcile", "--json", env=key)
    assert done.returncode == 6
    data = json.loads(done.stdout)["data"]
    assert [(r["name"], r["named"]) for r in data["only_there"]] == [
        ("P-002", True),
        ("scratch", False),
    ]
    words = shlex.split(data["only_there"][0]["import"])
    assert words[0] == "leadline" and outside.json(*words[1:], env=key)["counts"]["taken"] == 1
    left = outside.json("tracker", "reconcile", env=key)["data"]["only_there"]
    assert [r["name"] for r in left] == ["scratch"]


@needs("wandb")
def test_reconcile_names_values_and_states_that_differ(
    outside: Lab, wandb_server: WandbServer
) -> None:
    key = {"WANDB_API_KEY": BUILT_IN_KEY}
    outside.ok("tracker", "set", "wandb", "differ", "--at", wandb_server.url)
    job(outside, "w.py", "0.5")
    outside.ok("tracker", "sync", env=key)
    run_id = outside.json("show", "P-001-r1")["data"]["tracker"]["id"]
    change = "update runs set state = 'crashed', summary_json = ? where run_id = ?"
    wandb_server.sql(change, '{"loss": 12.7, "best": 0.25}', run_id)
    differ = outside.json("tracker", "reconcile", env=key)["data"]["differ"]
    assert {(r["what"], r["key"]) for r in differ} == {("state", "state"), ("metric", "loss")}
    assert any("12.7" in r["why"] and "0.05" in r["why"] for r in differ)


@needs("wandb")
def test_a_run_called_crashed_while_its_process_lives_is_named(
    outside: Lab, wandb_server: WandbServer
) -> None:
    outside.env["WANDB_API_KEY"] = BUILT_IN_KEY
    outside.ok("tracker", "set", "wandb", "alive", "--at", wandb_server.url, "--live")
    waits = "import os, time, wandb\nwandb.init()\nwandb.log({'loss': 1.0})\n"
    waits += "while not os.path.exists('go'):\n    time.sleep(0.05)\nwandb.log({'loss': 0.5})\nwandb.finish()\n"
    outside.write("wait.py", waits)
    command = [sys.executable, "-m", "leadline", "run", "--quiet", "--", sys.executable, "wait.py"]
    running = subprocess.Popen(
        command, cwd=outside.repo, env=outside.env, stdout=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 60
        there = "select run_id from runs join projects on projects.id = project_id where projects.name = 'alive'"
        while not (found := wandb_server.sql(there)):
            assert time.monotonic() < until and running.poll() is None
            time.sleep(0.1)
        run_id = next(i for (i,) in found)
        wandb_server.sql("update runs set state = 'crashed' where run_id = ?", run_id)
        said = [r["why"] for r in outside.json("tracker", "reconcile")["data"]["differ"]]
        early = outside.json("tracker", "sync")["data"]["read"]
    finally:
        (outside.repo / "go").touch()
        running.wait(60)
    assert "wandb says crashed, and its process lives" in said
    assert [(r["run"], r["provisional"]) for r in early] == [("P-001-r1", True)]
    run = outside.json("show", "P-001-r1")["data"]
    assert run["metrics"]["loss"] == 0.5 and not run["tracker"]["provisional"], (
        "read again at the end"
    )


@needs("wandb")
def test_a_side_that_was_not_asked_is_unknown_and_not_empty(
    outside: Lab, wandb_server: WandbServer
) -> None:
    outside.ok("tracker", "set", "wandb", "silent", "--at", wandb_server.url)
    job(outside, "w.py", "0.5")
    outside.ok("tracker", "sync", env={"WANDB_API_KEY": BUILT_IN_KEY})
    for env in ({"WANDB_API_KEY": ""}, {"WANDB_API_KEY": BUILT_IN_KEY}):
        if env["WANDB_API_KEY"]:
            outside.ok("tracker", "set", "wandb", "silent", "--at", "http://127.0.0.1:9")
        done = outside.run("tracker", "reconcile", "--json", env=env)
        data = json.loads(done.stdout)["data"]
        assert done.returncode == 8 and data["places"][0]["not_asked"]
        assert [r["run"] for r in data["unknown"]] == ["P-001-r1"] and data["only_here"] == []
        assert "NOT ASKED" in outside.run("tracker", "reconcile", env=env).stdout


@needs("trackio")
def test_reconcile_works_on_a_local_store_and_counts_what_runs_cost(
    outside: Lab, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    outside.ok("tracker", "set", "trackio", "proj", "--at", str(store))
    job(outside, "t.py")
    outside.ok("tracker", "sync")
    data = outside.json("tracker", "reconcile")["data"]
    assert data["differ"] == data["only_here"] == data["only_there"] == []
    run = outside.json("show", "P-001-r1")["data"]
    hours = run["wall_s"] * run["devices"]["count"] / 3600
    assert data["costs"]["device_hours"][run["devices"]["kind"]] == pytest.approx(hours)
    with sqlite3.connect(store / "proj.db") as base:
        base.execute("update metrics set metrics = replace(metrics, '0.1', '0.7')")
    (row,) = outside.json("tracker", "reconcile")["data"]["differ"]
    assert (row["record"], row["tracker"]) == (0.1, 0.7)
    os.remove(store / "proj.db")
    (gone,) = outside.json("tracker", "reconcile")["data"]["only_here"]
    assert gone["code"] == "gone"


def reconciled(lab: Lab, code: int) -> str:
    done = lab.run("tracker", "reconcile")
    assert done.returncode == code, done.stdout
    return done.stdout


def test_a_tracker_without_an_address_was_not_asked(outside: Lab) -> None:
    outside.ok("tracker", "set", "mlflow", "nowhere")
    said = reconciled(outside, 8)
    assert (
        "0 runs, NOT ASKED: it has no address: leadline tracker set mlflow nowhere --at ADDRESS"
        in said
    )
    assert "nothing disagrees" not in said and "cost" not in said, "nothing ran"


@needs("mlflow")
def test_runs_that_wait_for_a_side_that_was_not_asked_disagree_with_nothing(outside: Lab) -> None:
    outside.ok("tracker", "set", "mlflow", "down", "--at", "http://127.0.0.1:9")
    job(outside, "m.py")
    said = reconciled(outside, 8)
    assert "NOT ASKED" in said and "it waits to be sent" in said
    assert "cost: 1 run took" in said and "(0 of them in the tracker)" in said
    job(outside, "-c", "print('no run')")
    assert "its job made no run" in reconciled(outside, 6)


@needs("mlflow")
def test_a_sent_run_whose_server_is_down_is_unknown_and_not_sought_in_its_files(
    outside: Lab, mlflow_server: str
) -> None:
    outside.ok("tracker", "set", "mlflow", "then-down", "--at", mlflow_server)
    job(outside, "m.py")
    outside.ok("tracker", "sync")
    outside.ok("tracker", "set", "mlflow", "then-down", "--at", "http://127.0.0.1:9")
    said = reconciled(outside, 8)
    assert (
        "P-001-r1: not asked: " in said and "has no run" not in said and "not compared" not in said
    )
    outside.ok("tracker", "set", "mlflow", "then-down", "--at", mlflow_server)
    outside.write("model.txt", "weights")
    assert (
        outside.json("tracker", "push", "P-001", "--artifact", "model.txt")["counts"]["sent"] == 1
    )


TWICE = {
    "mlflow": """
import mlflow
for value in (3.0, 1.0):
    with mlflow.start_run(run_name="same"):
        mlflow.log_metric("loss", value)
""",
    "trackio": """
import os, trackio
for value in (3.0, 1.0):
    trackio.init(project=os.environ["TRACKIO_PROJECT"], config={})
    trackio.log({"loss": value})
    trackio.finish()
""",
    "wandb": """
import wandb
for value in (3.0, 1.0):
    run = wandb.init(name="same", reinit=True)
    run.log({"loss": value})
    run.finish()
""",
}


@pytest.mark.parametrize("tracker", [pytest.param(name, marks=needs(name)) for name in TWICE])
def test_every_run_of_a_job_that_made_two_is_in_the_record_and_can_be_taken(
    outside: Lab, tracker: str
) -> None:
    store = str(outside.repo.parent / "store") if tracker == "trackio" else ""
    outside.ok("tracker", "set", tracker, "twice", "--at", store)
    outside.write("two.py", TWICE[tracker])
    assert job(outside, "two.py")["metrics"] == {"loss": 1.0}
    shown = outside.json("show", "P-001-r1")["data"]
    (one,) = shown["tracker"]["further"]
    (problem,) = [p for p in shown["extraction"]["problems"] if p["code"] == "several-tracker-runs"]
    assert one["id"] != shown["tracker"]["id"] and one["id"] in problem["what"], (
        "two of one name are told apart"
    )
    status = outside.ok("tracker", "status")
    assert f"({one['id']}): another run of the job, not taken" in status
    (row,) = outside.json("tracker", "reconcile")["data"]["only_there"]
    assert row["of"] == "P-001-r1" and row["import"] in status
    taken_ = outside.run(*shlex.split(row["import"])[1:], "--unfinished", "--json")
    assert taken_.returncode == 0, taken_.stdout
    assert [r["metrics"] for r in json.loads(taken_.stdout)["data"]["taken"]] == [{"loss": 3.0}]
    assert outside.json("tracker", "reconcile")["data"]["only_there"] == []
    assert "another run" not in outside.ok("tracker", "status")
