"""Runs of a tracker made outside Leadline, taken in, through the CLI and the real programs."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Lab
from tests.tracker_jobs import alone, job, offline, outside, taken
from tests.tracker_servers import BUILT_IN_KEY, WandbServer, needs

__all__ = ["outside"]  # fixtures


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
@pytest.mark.long
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
