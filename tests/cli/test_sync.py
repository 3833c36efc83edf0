"""`leadline sync`: two machines, real bare remotes; nothing of the user's touched, nothing lost
when a remote fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Lab, sealed_environment

PY = sys.executable
BRANCH = "leadline/records"


@pytest.fixture
def remote(tmp_path: Path, thread_lab: Lab) -> Path:
    path = tmp_path / "remote.git"
    subprocess.run(
        ["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True, env=thread_lab.env
    )
    thread_lab.git("remote", "add", "origin", str(path))
    thread_lab.git("push", "-q", "origin", "main")
    return path


def clone(tmp_path: Path, remote: Path, name: str = "elsewhere") -> Lab:
    other = Lab(
        tmp_path / name, {**sealed_environment(tmp_path / f"home-{name}"), "LEADLINE_ACTOR": "Bob"}
    )
    subprocess.run(["git", "clone", "-q", str(remote), str(other.repo)], check=True, env=other.env)
    return other


def note(lab: Lab, text: str) -> str:
    done = lab.json("note", text)
    assert done["ok"], done
    return str(done["data"]["id"])


def tip(lab: Lab) -> str:
    return lab.git("rev-parse", BRANCH)


def story(lab: Lab) -> list[str]:
    """Every note as shown, whichever machine wrote it."""
    return sorted(
        line
        for line in lab.git("show", f"{BRANCH}:demo/logbook.md").splitlines()
        if line.startswith("### ")
    )


def test_a_second_machine_continues_and_both_end_with_the_same(
    tmp_path: Path, thread_lab: Lab, remote: Path
) -> None:
    note(thread_lab, "from the first")
    assert thread_lab.run("sync").returncode == 0
    other = clone(tmp_path, remote)
    other.ok("sync")
    assert "find out" in other.ok("brief")
    assert note(other, "from the second") == "P-N2"
    other.ok("sync")
    thread_lab.ok("sync")
    assert (
        tip(thread_lab)
        == tip(other)
        == subprocess.check_output(
            ["git", "-C", str(remote), "rev-parse", BRANCH], text=True
        ).strip()
    )
    assert any("P-N2" in line for line in story(thread_lab))
    before = tip(other)
    for lab in (other, thread_lab, other):
        done = lab.json("sync")["data"]
        assert done["pushed"] == "up-to-date" and not done["committed"]
    assert tip(other) == tip(thread_lab) == before  # peace: no commit for nothing
    assert thread_lab.run("verify").returncode == other.run("verify").returncode == 0


def test_ids_given_apart_get_a_letter_and_a_record_says_so(
    tmp_path: Path, thread_lab: Lab, remote: Path
) -> None:
    thread_lab.ok("sync")
    other = clone(tmp_path, remote)
    other.ok("sync")
    thread_lab.ok("run", "--set", "who=a", "--", "true")
    other.ok("run", "--set", "who=b", "--", "true")
    assert note(other, "on P-001") == note(thread_lab, "mine") == "P-N1"
    other.ok("sync")
    first = thread_lab.json("sync")["data"]
    assert {c["shown"] for c in first["clashes"]} == {"P-001b", "P-N1b"}
    assert thread_lab.json("sync")["data"]["clashes"] == []  # said once
    other.ok("sync")
    shown = thread_lab.json("show", "P-001b")
    assert shown["ok"] and "who" in str(shown["data"])
    assert story(thread_lab) == story(other) and tip(thread_lab) == tip(other)
    assert other.json("sync")["data"]["clashes"] == []
    assert thread_lab.run("verify").returncode == 0


def test_a_comment_with_an_id_that_another_machine_gave_too_is_corrected_by_who_posted_it(
    tmp_path: Path, thread_lab: Lab, remote: Path
) -> None:
    thread_lab.ok("sync")
    other = clone(tmp_path, remote)
    other.ok("sync")
    for lab, who in ((thread_lab, "ours"), (other, "theirs")):
        lab.ok("run", "--set", f"who={who}", "--", "true")
        assert lab.json("update", "--change", f"P-001 is {who}")["data"]["posted"]
    thread_lab.ok("sync")
    other.ok("sync")
    assert other.json("issue", "sync")["data"]["comments"] == ["c1b"]
    assert other.json("issue", "sync")["data"]["comments"] == []
    other.ok("sync")
    thread_lab.ok("sync")
    assert thread_lab.json("issue", "sync")["data"]["comments"] == []
    for lab in (thread_lab, other):
        said = lab.json("issue", "comments", "--all")["data"]
        assert [c["text"].partition("\n")[0] for c in said] == [
            "### P-001 is ours",
            "### P-001b is theirs",
        ]
        assert [e["was"].partition("\n")[0] for e in said[1]["edits"]] == ["### P-001 is theirs"]


def test_both_sides_commit_apart_and_the_later_push_merges(
    tmp_path: Path, thread_lab: Lab, remote: Path
) -> None:
    """Two first syncs of one thread name: two histories without a common commit."""
    other = clone(tmp_path, remote)
    other.ok("start", "side", "--prefix", "Q", "--no-branch", "--goal", "else")
    thread_lab.ok("sync")
    other.ok("sync")
    thread_lab.ok("sync")
    assert tip(thread_lab) == tip(other)
    readme = thread_lab.git("show", f"{BRANCH}:README.md")
    assert "demo/logbook.md" in readme and "side/logbook.md" in readme
    parents = thread_lab.git("log", "--format=%P", BRANCH).split("\n")
    assert any(len(p.split()) == 2 for p in parents)


def test_nothing_of_the_user_is_touched(thread_lab: Lab, remote: Path) -> None:
    thread_lab.write("staged.py", "1\n")
    thread_lab.git("add", "staged.py")
    thread_lab.write("code.py", "changed\n")
    thread_lab.write("untracked.txt", "x")
    hook = thread_lab.repo / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    before = (
        thread_lab.git("status", "--porcelain"),
        thread_lab.git("rev-parse", "HEAD"),
        thread_lab.git("stash", "list"),
    )
    thread_lab.ok("sync")
    assert before == (
        thread_lab.git("status", "--porcelain"),
        thread_lab.git("rev-parse", "HEAD"),
        thread_lab.git("stash", "list"),
    )
    files = thread_lab.git("ls-tree", "-r", "--name-only", BRANCH).splitlines()
    assert {"README.md", "demo/logbook.md", "demo/issue.md"} <= set(files)
    assert not any("code.py" in f or "staged.py" in f for f in files)


def test_no_remote_keeps_what_was_done_and_says_so(thread_lab: Lab) -> None:
    done = thread_lab.run("sync")
    assert done.returncode == 8 and "no remote" in done.stdout
    assert thread_lab.git("ls-tree", "--name-only", BRANCH)


def test_an_unreachable_remote_keeps_what_was_done(thread_lab: Lab, tmp_path: Path) -> None:
    thread_lab.git("remote", "add", "origin", str(tmp_path / "nowhere.git"))
    note(thread_lab, "not committed yet")
    done = thread_lab.json("sync")
    assert not done["ok"] and done["data"]["problem"]["code"] == "remote-unreachable"
    assert done["data"]["committed"] and done["data"]["tip"] == tip(thread_lab)
    assert thread_lab.run("sync").returncode == 8
    assert thread_lab.run("sync", "--remote", "upstream").returncode == 3


def test_a_remote_that_refuses_is_reported_and_a_later_sync_delivers(
    thread_lab: Lab, remote: Path
) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho no pushing on Sundays >&2\nexit 1\n")
    hook.chmod(0o755)
    done = thread_lab.json("sync")
    assert done["data"]["problem"]["code"] == "push-rejected"
    assert thread_lab.run("sync").returncode == 8
    hook.unlink()
    assert thread_lab.json("sync")["data"]["pushed"] == "pushed"


def test_dry_run_writes_nothing(thread_lab: Lab, remote: Path) -> None:
    note(thread_lab, "not committed yet")
    refs = thread_lab.git("for-each-ref")
    done = thread_lab.json("sync", "--dry-run")
    assert (
        done["ok"]
        and any("push" in w for w in done["data"]["would"])
        and any("commit" in w for w in done["data"]["would"])
    )
    assert thread_lab.git("for-each-ref") == refs


def test_a_lost_store_comes_back_from_the_branch(thread_lab: Lab, remote: Path) -> None:
    import shutil

    note(thread_lab, "precious")
    thread_lab.ok("sync")
    shutil.rmtree(thread_lab.repo / ".git" / "leadline")
    thread_lab.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    thread_lab.ok("sync")
    assert "precious" in thread_lab.ok("show", "P-N1")
    assert note(thread_lab, "goes on") == "P-N2"


def test_a_changed_event_file_does_not_rewrite_what_was_published(
    thread_lab: Lab, remote: Path
) -> None:
    note(thread_lab, "the truth")
    thread_lab.ok("sync")
    folder = thread_lab.repo / ".git" / "leadline" / "threads" / "demo" / "events"
    path = next(folder.glob("*.jsonl"))
    path.write_bytes(path.read_bytes().replace(b"the truth", b"the lie!!"))
    done = thread_lab.json("sync")["data"]
    assert done["diverged"]
    assert "the truth" in thread_lab.git("show", f"{BRANCH}:demo/events/{path.name}")
    assert thread_lab.git("grep", "-l", "the lie!!", BRANCH, "--", "demo/events")  # kept beside it
    assert thread_lab.run("verify").returncode == 6


def test_the_record_branch_checked_out_is_refused_with_the_way_out(
    thread_lab: Lab, remote: Path
) -> None:
    thread_lab.ok("sync")
    thread_lab.git("switch", "-q", BRANCH)
    note(thread_lab, "while there")
    done = thread_lab.json("sync")
    assert done["error"]["code"] == "record-branch-checked-out" and done["error"]["next"] == [
        "git switch -"
    ]
    thread_lab.git("switch", "-q", "main")
    thread_lab.ok("sync")


def test_a_setting_sends_code_states_each_time(thread_lab: Lab, remote: Path) -> None:
    thread_lab.ok("init", "--sync-code")
    thread_lab.write("new.py", "print(1)\n")
    thread_lab.ok("run", "--", PY, "new.py")
    assert len(thread_lab.json("sync")["data"]["code"]["pushed"]) == 1
    assert "here only" not in thread_lab.ok("seal", "first")


def test_code_states_leave_only_when_asked_and_never_with_secrets(
    tmp_path: Path, thread_lab: Lab, remote: Path
) -> None:
    thread_lab.write("new.py", "print(1)\n")
    thread_lab.ok("run", "--", PY, "new.py")
    token = "ghp" + "_" + "a1B2" * 9
    thread_lab.write("leak.py", f"TOKEN = '{token}'\nprint(2)\n")
    thread_lab.ok("run", "--", PY, "new.py")
    told = thread_lab.ok("sync")
    assert "1 code state here only" in told and "until leadline sync --code" in told
    assert "1 code state here only (P-001" in thread_lab.ok("seal", "first")
    listed = subprocess.check_output(["git", "-C", str(remote), "for-each-ref"], text=True)
    assert "leadline/code" not in listed
    code = thread_lab.json("sync", "--code")["data"]["code"]
    assert len(code["pushed"]) == 1
    assert thread_lab.json("sync")["data"]["code_behind"] == 0
    out = subprocess.run(
        [
            "git",
            "-C",
            str(remote),
            "grep",
            "-q",
            token,
            *subprocess.check_output(
                ["git", "-C", str(remote), "rev-list", "--all"], text=True
            ).split(),
        ]
    )
    assert out.returncode == 1
    assert all(token not in str(w) for w in code["withheld"])
    assert code["withheld"] or code["gaps"]
    other = clone(tmp_path, remote)
    other.ok("sync", "--code")
    assert other.git("for-each-ref", "refs/leadline/code")


@pytest.mark.parametrize("by_setting", [False, True])
def test_a_code_state_that_holds_a_secret_is_withheld(
    by_setting: bool, thread_lab: Lab, remote: Path
) -> None:
    """One that an older capture let through."""
    from leadline.adapters.clock import SystemClock
    from leadline.adapters.store.event_log import EventLog

    thread_lab.write("leak.py", "TOKEN = '" + "ghp" + "_" + "a1B2" * 9 + "'\n")
    thread_lab.git("checkout", "-q", "-b", "aside")
    thread_lab.git("add", "leak.py")
    thread_lab.git("commit", "-qm", "leak")
    commit = thread_lab.git("rev-parse", "HEAD")
    thread_lab.git("checkout", "-q", "main")
    thread_lab.git("branch", "-qD", "aside")
    thread_lab.git("update-ref", "refs/leadline/code/x", commit)
    log = EventLog(str(thread_lab.repo / ".git/leadline"), "wold", "Ada", SystemClock())
    with log.transaction("demo") as writing:
        uid = writing.add(
            "run-planned",
            {
                "id": "P-001-r1",
                "experiment": "P-001",
                "argv": ["x"],
                "code": {
                    "commit": commit,
                    "ref": "refs/leadline/code/x",
                    "head": thread_lab.git("rev-parse", "main"),
                },
            },
        ).id
        writing.add("run-ended", {"run": "P-001-r1", "refs": {"P-001-r1": uid}, "state": "done"})
    if by_setting:
        thread_lab.ok("init", "--sync-code")
    code = thread_lab.json("sync", *([] if by_setting else ["--code"]))["data"]["code"]
    assert [w["ref"] for w in code["withheld"]] == ["refs/leadline/code/x"] and "leak.py" in code[
        "withheld"
    ][0]["secrets"][0]
    assert code["pushed"] == []
    there = subprocess.check_output(["git", "-C", str(remote), "for-each-ref"], text=True)
    assert "code/x" not in there


def test_junk_on_the_branch_is_left_out_and_named(
    thread_lab: Lab, remote: Path, tmp_path: Path
) -> None:
    thread_lab.ok("sync")
    other = clone(tmp_path, remote)
    other.git("switch", "-q", BRANCH)
    other.write("demo/events/evil file.jsonl", "{}\n")
    other.write("demo/blobs/aa/" + "b" * 62, "not that digest\n")
    other.git("add", ".")
    other.git("commit", "-q", "-m", "junk")
    other.git("push", "-q", "origin", BRANCH)
    done = thread_lab.json("sync")
    assert done["ok"] and set(done["data"]["refused"]) == {
        "demo/events/evil file.jsonl",
        f"demo/blobs/aa/{'b' * 62}",
    }
    assert thread_lab.json("verify")["ok"]


def test_works_in_a_bare_repository(thread_lab: Lab, remote: Path, tmp_path: Path) -> None:
    note(thread_lab, "seen from a bare one")
    thread_lab.ok("sync")
    bare = Lab(tmp_path / "bare.git", {**sealed_environment(tmp_path / "home-bare")})
    subprocess.run(
        ["git", "clone", "-q", "--bare", str(remote), str(bare.repo)], check=True, env=bare.env
    )
    bare.ok("sync")
    assert "seen from a bare one" in bare.ok("show", "P-N1")
