"""Run folders as a tracker, through the CLI: a shared folder between two repositories, copies, and
one's own runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Lab
from tests.tracker_jobs import job, shown

SENTINEL = "sentinel-4711-of-a-key"
JOB = """
import sys, leadline
rate = float(sys.argv[1])
for step in range(10):
    leadline.log(step=step, loss=rate / (step + 1), acc=step / 10)
leadline.log(step=3, loss=rate / 10)
with open("note.txt", "w") as note:
    note.write(f"rate {rate}")
leadline.log_artifact("note.txt")
print('{"time_ms": 3}')
if "fail" in sys.argv:
    sys.exit(3)
if "wait" in sys.argv:
    print("waiting", flush=True)
    import signal
    signal.pause()
"""


def _of_ada(made: Lab) -> None:
    made.write("l.py", JOB)
    made.git("add", ".")
    made.git("commit", "-q", "-m", "a job")
    measured = ("--success", "loss::lower")
    made.ok("start", "demo", "--prefix", "P", "--no-branch", "--goal", "find out", *measured)


def _of_bob(made: Lab) -> None:  # another machine's, and no copy of Ada's
    _of_ada(made)


def _of_cleo(made: Lab) -> None:
    _of_ada(made)


@pytest.fixture
def ada(as_built: Callable[..., Lab], lab_template: Lab) -> Lab:
    return as_built(_of_ada, lab_template, "ada")


@pytest.fixture
def bob(as_built: Callable[..., Lab], lab_template: Lab) -> Lab:
    return as_built(_of_bob, lab_template, "bob")


@pytest.fixture
def team(tmp_path: Path, ada: Lab) -> Path:
    """A shared folder that Ada's thread goes to."""
    (tmp_path / "team").mkdir()
    ada.ok("tracker", "set", "leadline", "proj", "--at", "../team")
    return tmp_path / "team"


def taken(lab: Lab, *words: str) -> dict[str, Any]:
    envelope = lab.json("import", *words)
    assert envelope["ok"], envelope
    data: dict[str, Any] = envelope["data"]
    return data


def test_a_shared_folder_carries_a_run_to_another_repository_once(
    ada: Lab, bob: Lab, team: Path
) -> None:
    for words in (["0.1"], ["0.2", "fail"]):
        ada.json(
            "run", "--quiet", "--set", f"rate={words[0]}", "--", sys.executable, "l.py", *words
        )
    assert ada.json("tracker", "status")["data"]["waiting"] == ["P-001-r1", "P-002-r1"]
    assert [row["run"] for row in ada.json("tracker", "sync")["data"]["sent"]] == [
        "P-001-r1",
        "P-002-r1",
    ]
    assert ada.json("tracker", "sync")["data"] == {"read": [], "sent": [], "left": [], "unseen": ""}
    both = ada.json("tracker", "reconcile")
    assert [both["data"][part] for part in ("only_here", "only_there", "differ", "unknown")] == [
        [],
        [],
        [],
        [],
    ]

    bob.ok("tracker", "set", "leadline", "proj", "--at", str(team))
    job(bob, "l.py", "0.9")
    bob.ok("tracker", "sync")
    seen = bob.json("tracker", "reconcile")["data"]["only_there"]
    assert [row["name"] for row in seen] == ["P-001", "P-002"]
    first = bob.run(*seen[0]["import"].split()[1:])
    assert first.returncode == 0, first.stderr
    data = taken(bob, "proj", "--format", "leadline", "--at", str(team))
    assert data["origin"] == "imported" and data["already"] == 1
    assert [(r["id"], r["config"]) for r in data["taken"]] == [("P-003-r1", {"rate": 0.2})]
    assert [left["why"] for left in data["not_taken"]] == ["it is P-001-r1 of this thread"]
    mine, theirs = shown(bob, "P-002-r1"), shown(ada, "P-001-r1")
    assert mine["metrics"] == theirs["metrics"] == {"loss": 0.01, "acc": 0.9, "time_ms": 3.0}
    assert mine["argv"] == theirs["argv"] and mine["cwd"] == theirs["cwd"] and mine["code"] == {}
    assert mine["tracker"]["id"] == theirs["uid"] and mine["tracker"]["digest"].startswith(
        "sha256:"
    )
    failed = shown(bob, "P-003-r1")
    assert (failed["state"], failed["reason"]) == ("failed", "failed, exit code 3")
    assert taken(bob, "proj", "--format", "leadline", "--at", str(team))["already"] == 2
    assert taken(bob, str(ada.repo), "--format", "leadline")["already"] == 2, (
        "a copy elsewhere is the same run"
    )
    assert bob.json("tracker", "reconcile")["counts"]["only_there"] == 0
    assert len(bob.json("series", "P-002", "loss", "--points", "100")["data"]["points"]) == 11


def test_a_run_counts_once_whether_its_thread_has_this_tracker_or_none(
    ada: Lab, bob: Lab, team: Path
) -> None:
    with_it, without = job(ada, "l.py", "0.1"), job(bob, "l.py", "0.1")
    assert with_it["metrics"] == without["metrics"]
    assert [p["code"] for p in with_it["problems"]] == ["steps-out-of-order"]
    assert with_it["problems"] == without["problems"]
    a, b = shown(ada, "P-001-r1"), shown(bob, "P-001-r1")
    assert [s["rows"] for s in a["extraction"]["sources"]] == [
        s["rows"] for s in b["extraction"]["sources"]
    ]
    assert (
        ada.json("series", "P-001")["data"]["points"]
        == bob.json("series", "P-001")["data"]["points"]
    )
    fetched = ada.json("tracker", "fetch", "P-001")["data"]
    assert (fetched["fetched"], fetched["already"]) == ([], ["P-001-r1"])


def test_a_run_of_ones_own_thread_is_not_imported(ada: Lab, team: Path) -> None:
    job(ada, "l.py", "0.1")
    ada.ok("tracker", "sync")
    for words in (["proj", "--at", "../team"], ["."], [str(team)]):
        data = taken(ada, *words, "--format", "leadline")
        assert data["taken"] == [] and [n["why"] for n in data["not_taken"]] == [
            "it is P-001-r1 of this thread"
        ]


def test_runs_of_two_threads_with_one_name_lie_side_by_side_and_stay_two_experiments(
    ada: Lab, bob: Lab, team: Path, as_built: Callable[..., Lab], lab_template: Lab
) -> None:
    bob.ok("tracker", "set", "leadline", "proj", "--at", str(team))
    for lab in (ada, bob):
        for _ in range(2):
            lab.ok(
                "run",
                "--quiet",
                *(["--experiment", "P-001"] if _ else []),
                "--",
                sys.executable,
                "l.py",
                "0.1",
            )
        lab.ok("tracker", "sync")
    names = sorted(path.name[:-27] for path in (team / "proj").iterdir())
    assert names == ["P-001", "P-001", "P-001-r2", "P-001-r2"]
    cleo = as_built(_of_cleo, lab_template, "cleo")
    data = taken(cleo, "proj", "--format", "leadline", "--at", str(team))
    assert sorted(row["id"] for row in data["taken"]) == [
        "P-001-r1",
        "P-001-r2",
        "P-002-r1",
        "P-002-r2",
    ]


def test_a_copied_run_folder_says_all_that_is_needed(ada: Lab, bob: Lab, tmp_path: Path) -> None:
    """No tracker was chosen: any run folder can be carried."""
    ada.ok(
        "run",
        "--quiet",
        "--set",
        "rate=0.1",
        "--title",
        "a title",
        "--",
        sys.executable,
        "l.py",
        "0.1",
    )
    (folder,) = (ada.repo / ".git" / "leadline" / "runs").iterdir()
    shutil.copytree(folder / "attempt-1", tmp_path / "copied")
    data = taken(bob, "../copied", "--format", "leadline")
    (row,) = data["taken"]
    assert (row["config"], row["metrics"]) == (
        {"rate": 0.1},
        {"loss": 0.01, "acc": 0.9, "time_ms": 3.0},
    )
    assert bob.json("show", "P-001")["data"]["title"] == "a title"
    for path in (folder, folder.parent, ada.repo / ".git" / "leadline", ada.repo):
        assert taken(bob, str(path), "--format", "leadline")["already"] == 1
    (tmp_path / "team").mkdir()
    ada.ok("tracker", "set", "leadline", "proj", "--at", str(tmp_path / "team"))
    ada.ok("tracker", "push", "P-001")
    assert taken(bob, "proj", "--format", "leadline", "--at", "../team")["already"] == 1, (
        "the same under a project"
    )


def test_half_a_copy_is_refused_by_name_and_a_damaged_segment_is_named(
    ada: Lab, bob: Lab, tmp_path: Path
) -> None:
    for rate in ("0.1", "0.2", "0.3"):
        ada.ok("run", "--quiet", "--set", f"rate={rate}", "--", sys.executable, "l.py", rate)
    shutil.copytree(ada.repo / ".git" / "leadline" / "runs", tmp_path / "copied")
    torn, cut, damaged = sorted((tmp_path / "copied").iterdir())
    about = torn / "attempt-1" / "about.json"
    about.write_bytes(about.read_bytes()[:40])
    (cut / "attempt-1" / "result.json").unlink()
    (segment,) = (damaged / "attempt-1" / "series").iterdir()
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 0xFF
    segment.write_bytes(data)
    found = taken(bob, "../copied", "--format", "leadline")
    assert [row["config"] for row in found["taken"]] == [{"rate": 0.3}]
    whys = {left["where"][:5]: left["why"] for left in found["not_taken"]}
    assert "about.json cannot be read" in whys["P-001"] and "--unfinished" in whys["P-002"]
    problems = shown(bob, "P-001-r1")["extraction"]["problems"]
    assert "damaged" in [p["code"] for p in problems]


def test_what_was_changed_in_the_shared_folder_is_neither_taken_nor_passed_over(
    ada: Lab, bob: Lab, team: Path
) -> None:
    job(ada, "l.py", "0.1")
    ada.ok("tracker", "sync")
    (run,) = (team / "proj").iterdir()
    (run / "summary.json").write_text('{"v": 1, "metrics": {"loss": 0.0001}}')
    data = taken(bob, "proj", "--format", "leadline", "--at", str(team))
    assert (
        data["taken"] == []
        and "summary.json is not what was put there" in data["not_taken"][0]["why"]
    )
    answer = ada.json("tracker", "reconcile")
    assert {row["what"] for row in answer["data"]["differ"]} == {"metric", "files"}


def test_an_intact_run_is_taken_though_its_about_json_came_into_another_folder(
    ada: Lab, bob: Lab, team: Path, tmp_path: Path
) -> None:
    for rate in ("0.1", "0.2"):
        job(ada, "l.py", rate)
    ada.ok("tracker", "sync")
    first, second = sorted((team / "proj").iterdir())
    shutil.copy(first / "about.json", second / "about.json")
    data = taken(bob, "proj", "--format", "leadline", "--at", str(team))
    assert [row["metrics"]["loss"] for row in data["taken"]] == [0.01]
    (left,) = data["not_taken"]
    assert left["where"] == f"P-002 ({second.name[-26:]})"
    assert left["why"] == f"{second.name}: about.json is not what was put there"
    differ = ada.json("tracker", "reconcile")["data"]["differ"]
    assert [(row["run"], row["what"], row["why"]) for row in differ] == [
        ("P-002-r1", "files", left["why"])
    ]


def test_a_run_that_lost_the_list_of_its_files_is_not_taken_and_reconcile_names_it(
    ada: Lab, bob: Lab, team: Path
) -> None:
    job(ada, "l.py", "0.1")
    ada.ok("tracker", "sync")
    (run,) = (team / "proj").iterdir()
    (run / "manifest.json").unlink()
    (run / "summary.json").unlink()
    for words in (["proj", "--at", str(team)], [str(team)], [str(run)]):
        (left,) = taken(bob, *words, "--format", "leadline")["not_taken"]
        assert "manifest.json is gone" in left["why"]
    differ = ada.json("tracker", "reconcile")["data"]["differ"]
    assert [row["what"] for row in differ] == ["files"] and "manifest.json is gone" in differ[0][
        "why"
    ]


def test_points_that_ll_log_wrote_alone_wait_for_want_of_a_result(bob: Lab, tmp_path: Path) -> None:
    bob.env["LEADLINE_SERIES"] = str(tmp_path / "bare" / "series")
    code = "import leadline; leadline.log(step=1, loss=0.5)"
    subprocess.run([sys.executable, "-c", code], env=bob.env, check=True)
    (left,) = taken(bob, "../bare", "--format", "leadline")["not_taken"]
    assert left["why"].startswith(
        "its folder has no result.json, which would tell of an end, and a point came"
    )


def test_artifacts_that_an_import_leaves_are_counted(ada: Lab, bob: Lab, team: Path) -> None:
    job(ada, "l.py", "0.1")
    ada.ok("tracker", "sync")
    (run,) = (team / "proj").iterdir()
    (folder,) = (ada.repo / ".git" / "leadline" / "runs").iterdir()
    for words, where in (
        (["proj", "--at", str(team)], f"kept in {run}"),
        ([str(folder)], f"named in {folder}"),
    ):
        data = taken(bob, *words, "--format", "leadline", "--dry-run")
        (note,) = [n["what"] for n in data["notes"] if "artifact" in n["what"]]
        assert note.startswith(f"1 artifact was not taken ({where}")


def test_a_run_whose_machine_went_down_is_taken_as_lost_when_asked(
    ada: Lab, bob: Lab, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "leadline", "run", "--", sys.executable, "l.py", "0.1", "wait"]
    with subprocess.Popen(
        command,
        cwd=ada.repo,
        env=ada.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as running:
        assert running.stdout is not None
        while b"waiting" not in running.stdout.readline():
            assert running.poll() is None
        (folder,) = (ada.repo / ".git" / "leadline" / "runs").iterdir()
        going = taken(bob, str(folder), "--format", "leadline", "--dry-run")
        assert "leadline says running" in going["not_taken"][0]["why"]
        owner = json.loads((folder / "attempt-1" / "owner.json").read_text())
        for name in ("pid", "child_pid"):
            os.kill(owner[name], signal.SIGKILL)
        running.wait(30)
    assert shown(ada, "P-001-r1")["state"] == "lost"
    assert (
        "leadline says crashed"
        in taken(bob, str(folder), "--format", "leadline")["not_taken"][0]["why"]
    )
    (row,) = taken(bob, str(folder), "--format", "leadline", "--unfinished")["taken"]
    assert row["metrics"]["acc"] == 0.9
    assert shown(bob, "P-001-r1")["state"] == "lost"


def test_no_key_and_no_output_reaches_the_shared_folder(ada: Lab, team: Path) -> None:
    ada.env["MY_TOKEN"] = SENTINEL
    ada.ok(
        *[
            "run",
            "--quiet",
            "--secret-argv-ok",
            "--set",
            f"note={SENTINEL}",
            "--title",
            f"with {SENTINEL}",
        ],
        *["--", sys.executable, "l.py", "0.1", SENTINEL],
    )
    ada.ok("tracker", "sync")
    held = {path: path.read_bytes() for path in team.rglob("*") if path.is_file()}
    assert len(held) == 6
    assert [path for path, data in held.items() if SENTINEL.encode() in data] == []
    (folder,) = (ada.repo / ".git" / "leadline" / "runs").iterdir()
    assert SENTINEL not in (folder / "attempt-1" / "about.json").read_text()


def test_a_folder_that_went_away_costs_a_run_nothing(ada: Lab, bob: Lab, team: Path) -> None:
    team.rename(team.parent / "unmounted")
    assert job(ada, "l.py", "0.1")["state"] == "done"
    answer = ada.run("tracker", "sync")
    assert answer.returncode == 8 and "is no folder here" in answer.stdout
    assert not team.exists()
    assert ada.json("tracker", "status")["data"]["reach"]["reachable"] is False
    both = ada.json("tracker", "reconcile")["data"]
    assert both["places"][0]["not_asked"] and [row["code"] for row in both["only_here"]] == [
        "waiting"
    ]
    assert (
        bob.json("import", "proj", "--format", "leadline", "--at", str(team))["error"]["kind"]
        == "remote"
    )
    (team.parent / "unmounted").rename(team)
    assert [row["run"] for row in ada.json("tracker", "sync")["data"]["sent"]] == ["P-001-r1"]


@pytest.mark.parametrize(
    "words",
    [
        [".hidden"],
        ["é" * 120],
        ["proj", "--live"],
        ["proj", "--at", "http://127.0.0.1:9"],
    ],
)
def test_a_choice_that_is_no_folder_is_refused(ada: Lab, words: list[str]) -> None:
    assert ada.json("tracker", "set", "leadline", *words)["error"]["kind"] == "usage"


def test_a_project_with_odd_characters_is_a_folder_of_that_name(
    ada: Lab, bob: Lab, team: Path
) -> None:
    name = "prö j*$(touch x)'\""
    ada.ok("tracker", "set", "leadline", name, "--at", str(team))
    job(ada, "l.py", "0.1")
    ada.ok("tracker", "sync")
    assert [path.name for path in team.iterdir()] == [name]
    assert len(taken(bob, name, "--format", "leadline", "--at", str(team))["taken"]) == 1


def test_runs_of_two_projects_of_run_folders_can_be_compared(
    ada: Lab, bob: Lab, team: Path
) -> None:
    job(ada, "l.py", "0.1")
    ada.ok("tracker", "sync")
    bob.ok("tracker", "set", "leadline", "another", "--at", str(team))
    job(bob, "l.py", "0.1")
    taken(bob, "proj", "--format", "leadline", "--at", str(team))
    refusals = bob.json("compare", "P-001", "P-002", "--metric", "loss")["data"]["refusals"]
    assert "unknown-difference" in {refusal["code"] for refusal in refusals}, (
        "its machine is not known"
    )
    assert "different-tracker-projects" not in {refusal["code"] for refusal in refusals}


def test_without_a_folder_runs_go_to_the_users_own(ada: Lab, tmp_path: Path) -> None:
    ada.env["XDG_DATA_HOME"] = str(tmp_path / "data")
    ada.ok("tracker", "set", "leadline", "proj")
    job(ada, "l.py", "0.1")
    ada.ok("tracker", "push", "P-001")
    assert len(list((tmp_path / "data" / "leadline" / "runs" / "proj").iterdir())) == 1
    assert ada.json("tracker", "reconcile")["counts"] == {
        **dict.fromkeys(("only_here", "only_there", "differ", "unknown", "not_compared"), 0)
    }


def test_the_runs_of_a_folder_that_was_given_up_are_put_into_the_new_one(
    ada: Lab, team: Path
) -> None:
    job(ada, "l.py", "0.1")
    ada.ok("tracker", "sync")
    (team.parent / "new").mkdir()
    ada.ok("tracker", "set", "leadline", "proj", "--at", "../new")
    assert [row["code"] for row in ada.json("tracker", "reconcile")["data"]["only_here"]] == [
        "gone"
    ]
    assert [row["run"] for row in ada.json("tracker", "push")["data"]["sent"]] == ["P-001-r1"]
    assert ada.json("tracker", "push")["data"]["already"] == ["P-001-r1"]
    assert ada.run("tracker", "reconcile").returncode == 0


def test_a_run_of_another_machine_is_sent_from_there_and_holds_up_no_other(
    ada: Lab, team: Path
) -> None:
    for rate in ("0.1", "0.2", "0.3", "0.4"):
        job(ada, "l.py", rate)
    away = sorted((ada.repo / ".git" / "leadline" / "runs").iterdir())[:3]
    for folder in away:
        folder.rename(ada.repo.parent / folder.name)
    data = ada.json("tracker", "sync")["data"]
    assert [row["run"] for row in data["sent"]] == ["P-004-r1"]
    assert (
        all("not on this machine" in row["why"] for row in data["left"]) and len(data["left"]) == 3
    )
    for folder in away:
        (ada.repo.parent / folder.name).rename(folder)
    assert len(ada.json("tracker", "sync")["data"]["sent"]) == 3


def test_a_run_that_is_gone_from_the_folder_is_put_back(ada: Lab, team: Path) -> None:
    for rate in ("0.1", "0.2"):
        job(ada, "l.py", rate)
    ada.ok("tracker", "sync")
    (first,) = (team / "proj").glob("P-001-*")
    shutil.rmtree(first)
    (row,) = ada.json("tracker", "reconcile")["data"]["only_here"]
    assert row["code"] == "gone" and row["why"].endswith(": leadline tracker push P-001-r1")
    again = ada.json("tracker", "push", "P-001-r1", "P-002-r1")["data"]
    assert ([r["run"] for r in again["sent"]], again["already"]) == (["P-001-r1"], ["P-002-r1"])
    assert ada.json("tracker", "reconcile")["ok"]


def test_a_folder_that_is_not_there_is_said_where_something_depends_on_it(
    ada: Lab, team: Path
) -> None:
    away = team.parent / "unmounted"
    team.rename(away)
    assert ada.ok("tracker", "sync").strip() == "nothing to do", "nothing was ever put there"
    away.rename(team)
    job(ada, "l.py", "0.1")
    ada.ok("tracker", "sync")
    team.rename(away)
    done = ada.run("tracker", "sync")
    assert done.returncode == 8 and "could not look: 1 run sent before: " in done.stdout
    assert "is no folder here" in done.stdout


def test_status_says_what_was_sent_where_and_what_is_not_in_the_folder_of_now(
    ada: Lab, team: Path
) -> None:
    job(ada, "l.py", "0.1")
    ada.ok("tracker", "sync")
    (line,) = [line for line in ada.ok("tracker", "status").splitlines() if "P-001-r1" in line]
    assert " sent " in line and line.endswith(str(team))
    (team.parent / "other").mkdir()
    ada.ok("tracker", "set", "leadline", "proj", "--at", "../other")
    assert f"{team}  (not in the one that is chosen now)" in ada.ok("tracker", "status")
