"""The choice of a tracker and a project, and what a thread says of it, through the CLI."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import Lab
from tests.tracker_jobs import SENTINEL, held, job, tracked
from tests.tracker_servers import needs

__all__ = ["tracked"]  # fixtures


def test_a_thread_starts_with_its_tracker(lab: Lab) -> None:
    answer = lab.run(
        "start", "demo", "--no-branch", "--tracker", "wandb", "--tracker-project", "proj"
    )
    assert answer.returncode == 0, answer.stderr
    assert lab.json("tracker", "status")["data"]["choice"]["project"] == "proj"
    assert "wandb proj" in lab.ok("logbook")


@pytest.mark.parametrize(
    "words", [["nosuch", "proj"], ["wandb", ""], ["wandb", "a/b"], ["wandb", "x" * 200]]
)
def test_a_bad_choice_is_refused_and_nothing_is_recorded(tracked: Lab, words: list[str]) -> None:
    answer = tracked.json("tracker", "set", *words)
    assert answer["error"]["kind"] == "usage" and answer["error"]["next"]
    assert tracked.json("tracker", "status")["data"]["choices"] == []


def test_a_bad_tracker_starts_no_thread(lab: Lab) -> None:
    assert (
        lab.json("start", "demo", "--no-branch", "--tracker", "nosuch")["error"]["code"]
        == "no-such-tracker"
    )
    assert lab.run("status").returncode == 3


@pytest.mark.parametrize("tracker", ["wandb", "mlflow"])
def test_an_address_that_is_not_encrypted_is_taken_and_said(tracked: Lab, tracker: str) -> None:
    """A warning: labs run such servers inside. On this machine itself nothing travels."""
    because = ("--because", "a test")
    done = tracked.run(
        "tracker", "set", tracker, "p", "--at", "http://tracker.example:5000", *because
    )
    assert done.returncode == 0 and "http://tracker.example:5000 is not encrypted" in done.stderr
    for at in ("http://127.0.0.1:5000", "https://tracker.example"):
        assert (
            "encrypted"
            not in tracked.run("tracker", "set", tracker, "p", "--at", at, *because).stderr
        )


@pytest.mark.parametrize(
    ("tracker", "at", "good"),
    [
        ("mlflow", "ftp://foo", False),
        ("mlflow", "http://", False),
        ("mlflow", "http://[foo", False),
        ("mlflow", "sqlite:///mlflow.db", True),
        ("mlflow", "file:///tmp/mlruns", True),
        ("mlflow", "../mlruns", True),
        ("wandb", "wandb.example", False),
        ("wandb", "https://wandb.example", True),
        ("trackio", "https://trackio.example", False),
        ("trackio", "s3://bucket", False),
        ("trackio", "store", True),
        ("leadline", "file:///tmp/runs", False),
    ],
)
def test_an_address_is_of_a_kind_that_the_tracker_has(
    tracked: Lab, tracker: str, at: str, good: bool
) -> None:
    answer = tracked.json("tracker", "set", tracker, "p", "--at", at)
    assert answer["ok"] == good, answer
    if not good:
        assert answer["error"]["code"] in ("bad-address", "no-server") and answer["error"]["next"]
        assert tracked.json("tracker", "status")["data"]["choices"] == []


def test_a_tracker_in_which_no_run_is_can_be_left(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "mlflow", "x")
    job(tracked, "-c", "print('no run')")
    assert tracked.json("tracker", "set", "trackio", "y")["data"]["changed"]


@needs("mlflow")
def test_the_hints_of_a_refused_choice_repeat_what_was_asked(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "mlflow", "x")
    job(tracked, "m.py")
    because = "--because 'why the comparison ends here'"
    error = tracked.json("tracker", "set", "none")["error"]
    assert error["what"] == "1 run of demo is in mlflow:x" and error["next"] == [
        f"leadline tracker set none {because}"
    ]
    told = "leadline tracker set mlflow 'my exp' --at http://127.0.0.1:5000 --live"
    assert tracked.json(
        "tracker", "set", "mlflow", "my exp", "--at", "http://127.0.0.1:5000", "--live"
    )["error"]["next"] == [f"leadline start demo-2 && {told}", f"{told} {because}"]
    assert tracked.json("tracker", "set", "mlflow", "other")["error"]["next"][0] == (
        "leadline start demo-2 --tracker mlflow --tracker-project other"
    )


def test_choosing_the_same_again_writes_nothing(tracked: Lab) -> None:
    assert tracked.json("tracker", "set", "wandb", "proj")["data"]["changed"]
    assert not tracked.json("tracker", "set", "wandb", "proj")["data"]["changed"]
    assert len(tracked.json("tracker", "status")["data"]["choices"]) == 1


@needs("wandb")
def test_a_project_is_chosen_once_and_comparing_across_is_refused(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "one")
    job(tracked, "w.py", "0.5")
    refused = tracked.json("tracker", "set", "wandb", "two")
    assert refused["error"]["code"] == "project-chosen"
    tracked.ok("tracker", "set", "wandb", "two", "--because", "the first was private")
    job(tracked, "w.py", "0.25")
    compared = tracked.json("compare", "P-001", "P-002", "--axis", "lr")["data"]
    assert "different-tracker-projects" in {r["code"] for r in compared["refusals"]}
    assert compared["metrics"][0]["verdict"] == "cannot be compared"


def records(lab: Lab) -> list[dict[str, Any]]:
    """The bodies of every record of the thread."""
    files = (lab.repo / ".git" / "leadline" / "threads" / "demo" / "events").glob("*.jsonl")
    return [json.loads(line)["body"] for file in files for line in file.read_text().splitlines()]


def test_a_report_is_shown_where_people_look(tracked: Lab) -> None:
    page = "https://wandb.ai/team/proj/reports/Loss--Vmlldzo5"
    tracked.ok("tracker", "link", page)
    assert tracked.json("tracker", "link", page, "--title", "Loss | curves")["data"]["changed"]
    assert not tracked.json("tracker", "link", page, "--title", "Loss | curves")["data"]["changed"]
    tracked.ok("issue", "sync")
    body = next(r["body"] for r in records(tracked) if page in str(r.get("body", "")))
    for text in (tracked.ok("logbook"), body, tracked.ok("brief")):
        assert text.count(page) == 1, text
    assert "- **Loss \\| curves:** " + page in tracked.ok("logbook")
    assert tracked.json("verify")["ok"]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("javascript:alert(1)", "bad-link"),
        ("https://", "bad-link"),
        ("https://wandb.ai/a b", "bad-link"),
        ("https://wandb.ai/<script>", "bad-link"),
        ("https://wandb.ai/t/p/reports/x?accessToken=abcdefgh12345678", "key-in-link"),
        ("https://me:secret@wandb.ai/t/p", "key-in-link"),
        (f"https://wandb.ai/t/{SENTINEL}", "key-in-link"),
    ],
)
def test_a_link_that_opens_a_door_is_refused(tracked: Lab, url: str, code: str) -> None:
    answer = tracked.json("tracker", "link", url)
    assert answer["error"]["code"] == code and answer["error"]["next"]
    assert "accessToken" not in str(answer["error"]["next"]) and held(tracked, "accessToken") == []


def test_no_tracker_is_imported_where_none_is_used(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "proj")
    code = (
        "import sys; from leadline.cli.main import main; main(['tracker', 'status']); main(['tracker', 'reconcile']); "
        "print(sorted(set(sys.modules) & {'wandb', 'mlflow', 'trackio', 'tensorboard', 'pandas', 'numpy'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tracked.repo,
        env=tracked.env,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
