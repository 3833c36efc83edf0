"""What must hold whatever happens around it: parallel writers, destroyed work trees, other
machines."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import Lab, sealed_environment

PY = sys.executable


@pytest.mark.parametrize("many", [5, pytest.param(20, marks=pytest.mark.long)])
def test_parallel_processes_give_no_duplicate_gap_or_loss(thread_lab, many):
    def one(number: int) -> list[str]:
        return [
            thread_lab.json("run", "--set", f"worker={number}", "--set", f"n={k}", "--", "true")[
                "data"
            ]["runs"][0]["id"]
            for k in range(2)
        ]

    with ThreadPoolExecutor(many) as pool:
        ids = [i for found in pool.map(one, range(many)) for i in found]
    assert sorted(ids) == [f"P-{n:03d}-r1" for n in range(1, 2 * many + 1)]
    rows = thread_lab.json("status", "--runs", "--limit", "100")
    assert rows["counts"]["runs"] == 2 * many and {r["state"] for r in rows["data"]} == {"done"}
    assert thread_lab.run("verify").returncode == 0


def test_reset_clean_and_checkout_lose_nothing(lab):
    lab.ok("start", "demo", "--prefix", "P", "--goal", "find out", "--success", "time_ms:ms:lower")
    lab.write("untracked.py", "print('{\"time_ms\": 3}')")
    lab.ok("run", "--", PY, "untracked.py")
    lab.ok("note", "P-001", "--interpretation", "it is quick")
    lab.git("reset", "-q", "--hard")
    lab.git("clean", "-fdxq")
    lab.git("checkout", "-q", "main")
    text = lab.ok("brief")
    assert "find out" in text and "P-001" in text
    assert lab.run("verify").returncode == 0, lab.run("verify").stdout


def test_reproduce_a_dirty_run_whose_file_was_deleted(lab):
    lab.ok("start", "demo", "--prefix", "P", "--goal", "g", "--success", "size:B:none")
    made = lab.write("sub/untracked.py", "print('{\"size\": 42}')")
    lab.ok("run", "--", PY, "sub/untracked.py")
    made.unlink()
    done = lab.json("reproduce", "P-001")
    assert done["ok"] and done["data"]["verdict"] == "agrees", done


def test_two_machines_merge_both_ways(lab, tmp_path):
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(remote)], check=True)
    lab.git("remote", "add", "origin", str(remote))
    lab.ok("start", "demo", "--prefix", "P", "--goal", "find out", "--success", "time_ms:ms:lower")
    lab.ok("run", "--set", "k=1", "--", PY, "-c", "print('{\"time_ms\": 3}')")
    lab.git("push", "-q", "origin", "--all")
    lab.ok("sync")
    other = Lab(
        tmp_path / "elsewhere", {**sealed_environment(tmp_path / "home2"), "LEADLINE_ACTOR": "Bob"}
    )
    subprocess.run(["git", "clone", "-q", str(remote), str(other.repo)], check=True, env=other.env)
    other.ok("sync")
    assert "find out" in other.ok("brief")
    # Both go on apart and give the same id.
    lab.ok("run", "--set", "k=2", "--", PY, "-c", "print('{\"time_ms\": 2}')")
    lab.ok("note", "P-002", "from the first machine")
    other.ok("run", "--set", "k=9", "--", PY, "-c", "print('{\"time_ms\": 9}')")
    other.ok("note", "P-002", "from the second machine")
    lab.ok("sync")
    other.ok("sync")
    lab.ok("sync")
    for machine in (lab, other):
        first, second = (
            machine.json("show", "P-002")["data"],
            machine.json("show", "P-002b")["data"],
        )
        assert (first["config"], second["config"]) == ({"k": 2}, {"k": 9})
        assert [n["body"]["text"] for n in first["notes"]] == ["from the first machine"]
        assert [n["body"]["text"] for n in second["notes"]] == ["from the second machine"]
        assert machine.run("verify").returncode == 0, machine.run("verify").stdout
    assert lab.json("run", "--", "true")["data"]["experiment"] == "P-003"
