"""What the record and its trackers do not agree on, through the CLI and the real programs."""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Lab
from tests.tracker_jobs import alone, job, outside, served, taken
from tests.tracker_servers import BUILT_IN_KEY, HistoryServer, WandbServer, needs

__all__ = ["outside"]  # fixtures


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


@pytest.mark.parametrize(
    "tracker",
    [
        pytest.param("trackio", marks=needs("trackio")),
        *(
            pytest.param(name, marks=[needs(name), pytest.mark.long])
            for name in ("mlflow", "wandb")
        ),
    ],
)
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
