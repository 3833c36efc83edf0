"""Variables whose values nobody records, through the real program: two sides that differ in one show
its name."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from tests.conftest import Lab


def run(lab: Lab, k: str, **environ: str) -> None:
    script = f'echo "{{\\"loss\\": {k}.$$}}"'
    lab.ok("run", "--set", f"k={k}", "--repeat", "3", "--", "sh", "-c", script, k, env=environ)


def compared(lab: Lab, a: str = "P-001", b: str = "P-002") -> dict[str, Any]:
    diff: dict[str, Any] = lab.json("compare", a, b, "--axis", "k", "--axis", "command")["data"][
        "diff"
    ]
    return diff


def test_a_variable_that_differs_is_named_and_its_value_is_nowhere(thread_lab: Lab) -> None:
    lab, secret = thread_lab, "value-that-nobody-may-read"
    run(lab, "1", MODEL_CHOICE="small", WINDOWID="1", GITHUB_RUN_ID="4", STABLE="x")
    run(lab, "2", MODEL_CHOICE=secret, WINDOWID="2", GITHUB_RUN_ID="5", STABLE="x")
    assert compared(lab)["possible"] == ["MODEL_CHOICE"] and compared(lab)["clean"]
    text = lab.ok("compare", "P-001", "P-002", "--axis", "k", "--axis", "command")
    assert "possible confound" in text and "MODEL_CHOICE" in text
    claim = (
        "claim",
        "lower",
        "--that",
        "loss(P-001) < loss(P-002)",
        "--axis",
        "k",
        "--axis",
        "command",
    )
    lab.ok(*claim)
    assert "MODEL_CHOICE" in lab.ok("show", "P-C1")
    root = lab.repo / ".git/leadline"
    for path in root.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
    key = root / "environment.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and key.stat().st_size == 32


def test_the_same_variables_are_kept_once_and_say_nothing(thread_lab: Lab) -> None:
    run(thread_lab, "1", MODEL_CHOICE="a")
    run(thread_lab, "2", MODEL_CHOICE="a")
    assert compared(thread_lab)["possible"] == []
    planned = [
        json.loads(line)["body"]["unlisted"]
        for path in (thread_lab.repo / ".git/leadline/threads").rglob("*.jsonl")
        for line in path.read_text().splitlines()
        if '"run-planned"' in line
    ]
    assert len(planned) == 6 and len({facts["blob"] for facts in planned}) == 1


def test_a_variable_that_one_side_lacks_is_named(thread_lab: Lab) -> None:
    run(thread_lab, "1")
    run(thread_lab, "2", MODEL_CHOICE="a")
    assert compared(thread_lab)["possible"] == ["MODEL_CHOICE"]


def test_places_of_a_work_tree_are_no_difference(thread_lab: Lab, tmp_path: Path) -> None:
    run(thread_lab, "1", DATA=f"{thread_lab.repo}/data")
    other = tmp_path / "other"
    thread_lab.git("worktree", "add", "-q", "--detach", str(other))
    command = ("run", "--thread", "demo", "--set", "k=2", "--repeat", "3", "--")
    thread_lab.ok(
        *command, "sh", "-c", "echo '{\"loss\": 2}'", "2", cwd=other, env={"DATA": f"{other}/data"}
    )
    assert compared(thread_lab)["possible"] == []


def test_digests_of_another_machine_say_nothing(thread_lab: Lab) -> None:
    run(thread_lab, "1", MODEL_CHOICE="a")
    os.unlink(thread_lab.repo / ".git/leadline/environment.key")  # as if the next ran elsewhere
    run(thread_lab, "2", MODEL_CHOICE="b")
    diff = compared(thread_lab)
    assert diff["possible"] == [] and any("across machines" in note for note in diff["notes"])
