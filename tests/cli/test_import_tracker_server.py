"""Runs that only a server has, taken in with the points it gives, through the CLI."""

from __future__ import annotations

import shutil

import pytest

from tests.conftest import Lab
from tests.tracker_jobs import alone, outside, served, taken
from tests.tracker_servers import BUILT_IN_KEY, HistoryServer, WandbServer, needs

pytestmark = pytest.mark.long

__all__ = ["outside"]  # fixtures


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
