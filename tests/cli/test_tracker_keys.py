"""Keys of trackers, which stay in the environment whatever goes wrong, through the CLI."""

from __future__ import annotations

import json
import sys
import time

import pytest

from tests.conftest import Lab
from tests.tracker_jobs import SENTINEL, held, job, refusing_server, shown, tracked
from tests.tracker_servers import needs

__all__ = ["refusing_server", "tracked"]  # fixtures


def test_an_address_with_a_password_is_refused(tracked: Lab) -> None:
    answer = tracked.run(
        "tracker", "set", "mlflow", "proj", "--at", f"https://me:{SENTINEL}@example.org"
    )
    assert answer.returncode == 5 and SENTINEL not in answer.stdout + answer.stderr


@needs("wandb")
def test_without_a_key_runs_wait_and_no_key_is_ever_written(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "proj")
    job(tracked, "w.py", "0.5", env={"WANDB_API_KEY": SENTINEL, "WANDB_MODE": "offline"})
    done = tracked.run("tracker", "sync", "--json")
    assert done.returncode == 8
    assert json.loads(done.stdout)["data"]["left"][0]["run"] == "P-001-r1"
    down = {"WANDB_API_KEY": SENTINEL, "WANDB_BASE_URL": "http://127.0.0.1:9"}
    started = time.monotonic()
    failed = tracked.run("tracker", "sync", "--limit", "8", env=down)
    assert failed.returncode == 8 and time.monotonic() - started < 40
    assert SENTINEL not in failed.stdout + failed.stderr
    for path in (tracked.repo / ".git" / "leadline").rglob("*"):
        if path.is_file():
            assert SENTINEL.encode() not in path.read_bytes(), path


def test_a_key_given_as_an_option_is_refused(tracked: Lab) -> None:
    done = tracked.run("run", "--env", f"WANDB_API_KEY={SENTINEL}", "--", "true")
    assert done.returncode == 125 and SENTINEL not in done.stdout + done.stderr
    assert "export WANDB_API_KEY" in done.stderr
    for path in (tracked.repo / ".git" / "leadline").rglob("*"):
        assert not path.is_file() or SENTINEL.encode() not in path.read_bytes(), path


def test_a_key_goes_into_no_record_and_to_no_other_host(
    tracked: Lab, refusing_server: tuple[str, list[str]]
) -> None:
    tracked.ok("tracker", "set", "mlflow", "proj", "--at", refusing_server[0])
    job(tracked, "l.py", env={"MLFLOW_TRACKING_TOKEN": SENTINEL})
    done = tracked.run("tracker", "push", env={"MLFLOW_TRACKING_TOKEN": SENTINEL})
    assert done.returncode == 8 and SENTINEL not in done.stdout + done.stderr
    assert any(f"Bearer {SENTINEL}" in request for request in refusing_server[1]), (
        "the key was not used at all"
    )
    for path in (tracked.repo / ".git" / "leadline").rglob("*"):
        assert not path.is_file() or SENTINEL.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("key", [SENTINEL, "of-my-own-making-77"])
@pytest.mark.parametrize("place", ["project", "at", "start"])
def test_a_key_where_a_name_belongs_is_refused(lab: Lab, key: str, place: str) -> None:
    lab.env["WANDB_API_KEY"] = key
    if place == "start":
        done = lab.run(
            "start", "demo", "--no-branch", "--tracker", "wandb", "--tracker-project", key
        )
    else:
        lab.ok("start", "demo", "--no-branch")
        words = [key] if place == "project" else ["proj", "--at", f"https://example.org/?x={key}"]
        done = lab.run("tracker", "set", "wandb", *words)
    assert done.returncode == 5 and key not in done.stdout + done.stderr
    assert held(lab, key) == []


@needs("wandb")
def test_a_key_in_title_config_reason_or_command_is_written_nowhere(tracked: Lab) -> None:
    key = tracked.env["WANDB_API_KEY"] = "of-my-own-making-77"
    tracked.ok("tracker", "set", "wandb", "proj", "--because", f"the key is {key}")
    words = [
        "run",
        "--quiet",
        "--secret-argv-ok",
        "--title",
        f"with {key}",
        "--set",
        f"k={key}",
        "--",
    ]
    tracked.ok(*words, sys.executable, "w.py", "0.5", "--key", key)
    run = shown(tracked, "P-001-r1")
    assert run["tracker"]["points"] == 10 and "[redacted" in run["argv"][-1]
    assert held(tracked, key) == [], "W&B's own files are in the run folder too"
