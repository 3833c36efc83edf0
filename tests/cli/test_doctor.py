"""`leadline doctor` says what is there, what is missing and what is unfinished, and asks no network
unasked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import Lab


def checks(lab: Lab, *args: str, **kwargs: Any) -> dict[str, dict[str, str]]:
    done = lab.json("doctor", *args, **kwargs)
    assert "data" in done, done
    return {c["name"]: c for c in done["data"]}


def test_a_healthy_repository(thread_lab: Lab) -> None:
    found = checks(thread_lab)
    assert found["git"]["state"] == found["python"]["state"] == found["disk"]["state"] == "ok"
    assert sys.version.split()[0] in found["python"]["what"] and found["threads"]["what"] == "demo"
    assert found["remote"]["state"] == "note" and not [
        c for c in found.values() if c["state"] == "problem"
    ]
    assert thread_lab.run("doctor", "--strict").returncode == 0
    assert "FAIL" not in thread_lab.ok("doctor")


def test_a_torn_file_an_open_run_and_a_lost_tag(thread_lab: Lab) -> None:
    thread_lab.ok("seal", "one")
    thread_lab.git("tag", "-d", "leadline/demo/one")
    (thread_lab.repo / ".git" / "index.lock").touch()
    path = next((thread_lab.repo / ".git/leadline/threads/demo/events").glob("*.jsonl"))
    with path.open("ab") as file:
        file.write(b'{"half":')
    found = checks(thread_lab)
    assert "torn-line" in found["demo"]["what"] and found["demo"]["mend"] == "leadline verify"
    assert found["P-S1"]["state"] == found["index.lock"]["state"] == "problem"
    assert (
        thread_lab.run("doctor").returncode == 0
        and thread_lab.run("doctor", "--strict").returncode == 6
    )


def test_unsynced_and_ahead(thread_lab: Lab, tmp_path: Path) -> None:
    remote = tmp_path / "r.git"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True, env=thread_lab.env)
    thread_lab.git("remote", "add", "origin", str(remote))
    thread_lab.ok("note", "written after the record branch was made")
    found = checks(thread_lab)
    assert "not on it yet" in found["record branch"]["what"]
    thread_lab.ok("sync")
    found = checks(thread_lab)
    assert "record branch" not in found
    thread_lab.ok("note", "more")
    assert "record branch" in checks(thread_lab)


def test_network_only_when_asked(thread_lab: Lab, tmp_path: Path) -> None:
    thread_lab.git("remote", "add", "origin", str(tmp_path / "gone.git"))
    assert not any(c["group"] == "network" for c in checks(thread_lab).values())
    asked = thread_lab.json("doctor", "--network")["data"]
    assert [c["state"] for c in asked if c["group"] == "network"] == ["problem"]


def test_odd_repositories(lab: Lab, tmp_path: Path) -> None:
    assert checks(lab)["threads"]["state"] == "note"
    bare = Lab(tmp_path / "bare.git", lab.env)
    subprocess.run(
        ["git", "clone", "-q", "--bare", str(lab.repo), str(bare.repo)], check=True, env=lab.env
    )
    assert "bare" in checks(bare)["work tree"]["what"]
    shallow = Lab(tmp_path / "shallow", lab.env)
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", f"file://{lab.repo}", str(shallow.repo)],
        check=True,
        env=lab.env,
    )
    lab.write("code.py", "2\n")
    lab.git("worktree", "add", "-q", str(tmp_path / "wt"))
    assert "linked" in checks(Lab(tmp_path / "wt", lab.env))["worktree"]["what"]
    nobody = {
        k: v
        for k, v in lab.env.items()
        if not k.startswith("GIT_AUTHOR") and not k.startswith("GIT_COMMITTER")
    }
    assert checks(Lab(lab.repo, nobody))["identity"]["state"] == "note"
    empty = Lab(tmp_path / "empty", lab.env)
    empty.repo.mkdir()
    assert empty.run("doctor", "--strict").returncode == 6
    empty.git("init", "-q")
    assert "no commit yet" in checks(empty)["HEAD"]["what"]


def test_outside_a_repository_it_says_what_is_there_and_what_is_missing(
    lab: Lab, tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    env = {"GIT_CEILING_DIRECTORIES": str(tmp_path)}
    done = lab.run("doctor", cwd=folder, env=env)
    assert done.returncode == 0, done.stderr
    assert "python" in done.stdout and "not inside a git repository" in done.stdout.lower()
    assert lab.run("doctor", "--strict", cwd=folder, env=env).returncode == 6
    found = checks(lab, cwd=folder, env=env)
    assert (
        found["git"]["state"] == "ok"
        and found["work tree"]["state"] == "problem"
        and found["work tree"]["mend"]
    )
