"""Commits beside the user's work: the record branch under contention, one file alone, remotes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leadline.adapters.git.repo import Git
from leadline.core.errors import LeadlineError


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    folder = tmp_path / "repo"
    git(tmp_path, "init", "-q", "-b", "main", str(folder))
    return folder


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=U", "-c", "user.email=u@x", *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def put(folder: Path, path: str, text: str) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)


def commit_all(folder: Path) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--no-verify", "-m", "m")
    return git(folder, "rev-parse", "HEAD")


def failing_hooks(repo: Path) -> None:
    for name in (
        "pre-commit",
        "commit-msg",
        "prepare-commit-msg",
        "post-commit",
        "reference-transaction",
        "post-index-change",
        "pre-push",
    ):
        hook = repo / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {repo}/.git/hook-ran\nexit 1\n")
        hook.chmod(0o755)


def messy(repo: Path) -> None:
    for name in ("a", "b", "c", "old"):
        put(repo, name, f"{name}\n" * 9)
    put(repo, ".agents/logbooks/t.md", "one\n")
    commit_all(repo)
    put(repo, "a", "staged\n")
    git(repo, "add", "a")
    put(repo, "a", "staged, then edited\n")
    put(repo, "b", "edited\n")
    (repo / "c").unlink()
    git(repo, "mv", "old", "new")
    put(repo, "untracked", "x")
    put(repo, "intended", "x")
    git(repo, "add", "-N", "intended")


def status(repo: Path) -> list[str]:
    return git(repo, "status", "--porcelain=v1", "-uall", "-z").split("\0")


def staged(repo: Path) -> str:
    return git(repo, "ls-files", "--stage")


LOG = ".agents/logbooks/t.md"


def test_one_file_alone_whatever_else_is_going_on(repo: Path) -> None:
    messy(repo)
    before, entries, parent = status(repo), staged(repo), git(repo, "rev-parse", "HEAD")
    failing_hooks(repo)  # from here on even a status of the user would run one
    put(repo, LOG, "two\n")
    commit = Git.discover(str(repo)).commit_only(LOG, b"two\n", "log: two\n\nbody", "main")
    assert not (repo / ".git/hook-ran").exists()
    assert git(repo, "rev-parse", "HEAD", "HEAD^").split() == [commit, parent]
    assert status(repo) == before
    assert [line for line in staged(repo).split("\n") if LOG not in line] == [
        line for line in entries.split("\n") if LOG not in line
    ]
    assert git(repo, "diff-tree", "-r", "--name-only", parent, commit) == LOG
    # stat data included: not even a refresh is due
    assert git(repo, "diff-files", "--name-only", "--", LOG) == ""
    assert git(repo, "reflog", "-1", "--format=%gs") == "commit: log: two"
    assert (
        git(repo, "log", "-1", "--format=%an <%ae>|%B")
        == "Leadline <leadline@localhost>|log: two\n\nbody"
    )


def test_one_file_on_unborn_and_detached_heads(repo: Path) -> None:
    put(repo, "a", "staged\n")
    git(repo, "add", "a")
    put(repo, LOG, "one\n")
    vcs = Git.discover(str(repo))
    first = vcs.commit_only(LOG, b"one\n", "first", "main")
    assert git(repo, "rev-list", "HEAD") == first and status(repo) == ["A  a", ""]
    git(repo, "switch", "-q", "--detach")
    put(repo, LOG, "two\n")
    second = vcs.commit_only(LOG, b"two\n", "second")
    assert git(repo, "rev-parse", "HEAD", "main").split() == [second, first] and status(repo) == [
        "A  a",
        "",
    ]
    with pytest.raises(LeadlineError) as caught:
        vcs.commit_only(LOG, b"3", "third", "main")
    assert caught.value.code == "other-branch"


def test_one_file_when_the_work_tree_holds_something_else(repo: Path) -> None:
    put(repo, LOG, "one\n")
    commit_all(repo)
    put(repo, LOG, "edited by hand\n")
    vcs = Git.discover(str(repo))
    commit = vcs.commit_only(LOG, b"rendered\n", "log")
    assert vcs.file_at(commit, LOG) == b"rendered\n"
    assert status(repo) == [f"M {LOG}", ""] and (repo / LOG).read_text() == "edited by hand\n"


def test_line_endings_are_converted_as_git_add_would(repo: Path) -> None:
    put(repo, ".gitattributes", "*.md text eol=crlf\n")
    commit_all(repo)
    (repo / "t.md").write_bytes(b"one\r\n")
    vcs = Git.discover(str(repo))
    assert vcs.file_at(vcs.commit_only("t.md", b"one\r\n", "log"), "t.md") == b"one\n"
    assert status(repo) == [""]


@pytest.mark.parametrize(
    "marker", ["MERGE_HEAD", "rebase-merge/x", "CHERRY_PICK_HEAD", "BISECT_LOG", "index.lock"]
)
def test_operations_in_progress_are_left_alone(repo: Path, marker: str) -> None:
    put(repo, LOG, "one\n")
    first = commit_all(repo)
    put(repo, ".git/" + marker, "x")
    index = (repo / ".git/index").read_bytes()
    with pytest.raises(LeadlineError) as caught:
        Git.discover(str(repo)).commit_only(LOG, b"two\n", "log")
    assert caught.value.code == (
        "index-locked" if marker == "index.lock" else "operation-in-progress"
    )
    assert (repo / ".git/index").read_bytes() == index and (
        repo / ".git/refs/heads/main"
    ).read_text().strip() == first


def test_an_ignored_file_is_not_forced_in(repo: Path) -> None:
    put(repo, ".gitignore", ".agents/\n")
    first = commit_all(repo)
    with pytest.raises(LeadlineError) as caught:
        Git.discover(str(repo)).commit_only(LOG, b"two\n", "log")
    assert caught.value.code == "path-ignored" and git(repo, "rev-parse", "HEAD") == first


def test_a_branch_that_moves_during_the_commit_leaves_the_index_as_it_was(repo: Path) -> None:
    from leadline.adapters.git import commits
    from leadline.adapters.git.program import GitProgram

    put(repo, LOG, "one\n")
    stale = commit_all(repo)
    put(repo, "a", "x")
    commit_all(repo)
    entries = staged(repo)
    git_dir = str(repo / ".git")
    with pytest.raises(LeadlineError) as caught:
        head = {"commit": stale, "branch": "main"}
        program = GitProgram(git_dir, git_dir, str(repo))
        commits.commit_only(program, head, LOG, b"2", "m", None, lambda made, *_: made)
    assert caught.value.code == "ref-moved" and staged(repo) == entries


WRITER = """
import sys
from leadline.adapters.git.repo import Git
from leadline.core.errors import LeadlineError
vcs = Git.discover(sys.argv[1])
for number in range(3):
    while True:
        old = vcs.ref("refs/heads/leadline/records")
        try:
            vcs.commit_files("refs/heads/leadline/records", {f"t/{sys.argv[2]}-{number}": b"x"}, "m", expected_old=old)
            break
        except LeadlineError as error:
            assert error.code == "ref-moved", error.why
"""


@pytest.mark.parametrize("many", [3, pytest.param(8, marks=pytest.mark.long)])
def test_processes_at_once_lose_no_record_commit(repo: Path, many: int) -> None:
    messy(repo)
    failing_hooks(repo)
    index, before = (
        (repo / ".git/index").read_bytes(),
        git(repo, "--no-optional-locks", "status", "--porcelain"),
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(repo), str(number)])
        for number in range(many)
    ]
    assert [writer.wait(60) for writer in writers] == [0] * many
    vcs = Git.discover(str(repo))
    assert len(vcs.read_tree_files("refs/heads/leadline/records", "t")) == 3 * many
    assert git(repo, "rev-list", "--count", "leadline/records") == str(3 * many)
    assert (repo / ".git/index").read_bytes() == index
    assert git(repo, "--no-optional-locks", "status", "--porcelain") == before
    assert (
        os.listdir(repo / ".git/leadline/tmp") == []
        if (repo / ".git/leadline/tmp").exists()
        else True
    )


def test_record_branches_merge_with_two_parents(repo: Path) -> None:
    vcs = Git.discover(str(repo))
    one = vcs.commit_files("refs/heads/r", {"a": b"1", "d/x": b"1"}, "one")
    two = vcs.commit_files("refs/heads/s", {"b": b"2", "c": b"3"}, "two")
    merged = vcs.commit_files("refs/heads/r", {"b": b"2"}, "merge", [one, two], one)
    assert git(repo, "rev-list", "--parents", "-1", merged).split()[1:] == [one, two]
    assert sorted(vcs.read_tree_files("refs/heads/r")) == ["a", "b", "d/x"]
    emptied = vcs.commit_files(
        "refs/heads/r", {"a": None, "b": None, "d/x": None, "no/such": None}, "m", None, merged
    )
    assert (
        vcs.read_tree_files("refs/heads/r") == {}
        and git(repo, "fsck", "--strict", "--no-dangling") == ""
    )
    assert vcs.is_ancestor(two, emptied)
    blobs = vcs.read_blobs([git(repo, "rev-parse", f"{one}:a"), git(repo, "rev-parse", f"{two}:b")])
    assert sorted(blobs.values()) == [b"1", b"2"]
    with pytest.raises(LeadlineError) as caught:
        vcs.read_blob("0" * 40)
    assert caught.value.code == "no-such-object"


def test_pushes_say_what_became_of_each_ref(repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    hook = tmp_path / "remote.git/hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ncase "$1" in *forbidden*) exit 1;; esac\n')
    hook.chmod(0o755)
    git(repo, "remote", "add", "origin", str(tmp_path / "remote.git"))
    failing_hooks(repo)
    vcs = Git.discover(str(repo))
    one = vcs.commit_files("refs/heads/r", {"a": b"1"}, "one")
    assert vcs.push("origin", {"refs/heads/r": "refs/heads/r"}) == {
        "refs/heads/r": {"status": "ok", "reason": ""}
    }
    theirs = vcs.commit_files("refs/heads/x", {"b": b"1"}, "theirs")
    result = vcs.push("origin", {theirs: "refs/heads/r", one: "refs/heads/forbidden"})
    assert {ref: answer["status"] for ref, answer in result.items()} == {
        "refs/heads/r": "non-fast-forward",
        "refs/heads/forbidden": "rejected",
    }
    assert result["refs/heads/forbidden"]["reason"] == "hook declined"
    assert vcs.fetch_ref("origin", "refs/heads/r", "refs/leadline/remote") == one
    assert not (repo / ".git/hook-ran").exists()


def test_a_name_of_the_users_ssh_settings_is_the_host_that_it_means(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("Host github.com-work\n  HostName github.com\n")
    git(repo, "config", "core.sshCommand", f"ssh -F {tmp_path / 'config'}")
    vcs = Git.discover(str(repo))
    for name, url in (
        ("work", "git@github.com-work:o/r.git"),
        ("long", "ssh://git@github.com-work:2222/o/r.git"),
        ("other", "git@ghe.example.org:o/r.git"),
        ("option", "git@-oProxyCommand=x:o/r.git"),
        ("path", str(tmp_path)),
    ):
        git(repo, "remote", "add", name, url)
    assert [vcs.remote_url(name) for name in vcs.remotes()] == [
        "ssh://git@github.com:2222/o/r.git",
        "git@-oProxyCommand=x:o/r.git",
        "git@ghe.example.org:o/r.git",
        str(tmp_path),
        "git@github.com:o/r.git",
    ]
    git(repo, "config", "core.sshCommand", "no-such-program")
    assert Git.discover(str(repo)).remote_url("work") == "git@github.com-work:o/r.git"


def test_an_unreachable_remote_is_an_error_in_time(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vcs = Git.discover(str(repo))
    vcs.commit_files("refs/heads/r", {"a": b"1"}, "one")
    git(repo, "remote", "add", "gone", str(tmp_path / "gone.git"))
    git(repo, "remote", "add", "slow", "ssh://git@example.invalid/x")
    git(repo, "remote", "add", "named", "https://user:hunter2@example.invalid/o/r.git")
    assert vcs.remotes() == ["gone", "named", "slow"]
    assert (
        vcs.remote_url("named") == "https://example.invalid/o/r.git"
        and vcs.remote_url("none") is None
    )
    for attempt in (
        lambda: vcs.push("gone", {"refs/heads/r": "refs/heads/r"}),
        lambda: vcs.fetch_ref("gone", "refs/heads/r", "refs/x/y"),
    ):
        with pytest.raises(LeadlineError) as caught:
            attempt()
        assert (caught.value.kind, caught.value.code) == (
            "remote",
            "remote-unreachable",
        ) and caught.value.why
    pid_file = tmp_path / "pid"
    transport = tmp_path / "transport"
    transport.write_text(f"#!/bin/sh\necho $$ > {pid_file}\nexec sleep 600\n")
    transport.chmod(0o755)
    monkeypatch.setenv("GIT_SSH", str(transport))
    monkeypatch.setenv("GIT_SSH_VARIANT", "ssh")
    vcs = Git.discover(str(repo))
    with pytest.raises(LeadlineError) as caught:
        vcs.fetch_ref("slow", "refs/heads/r", "refs/x/y", timeout_s=1.5)
    assert caught.value.code == "remote-unreachable" and "1.5 s" in caught.value.why
    stat = Path(f"/proc/{pid_file.read_text().strip()}/stat")  # the transport ends with it
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        while stat.read_text().split()[2] not in "ZX":
            pass
    transport.write_text("#!/bin/sh\necho 'git@x: Permission denied (publickey).' >&2\nexit 255\n")
    with pytest.raises(LeadlineError) as caught:
        vcs.push("slow", {"refs/heads/r": "refs/heads/r"})
    assert caught.value.code == "remote-denied" and "publickey" in caught.value.why


def test_a_signer_that_fails_stops_nothing(repo: Path) -> None:
    for key in ("commit.gpgSign", "tag.gpgSign", "push.gpgSign"):
        git(repo, "config", key, "true")
    git(repo, "config", "gpg.program", "false")
    put(repo, LOG, "one\n")
    vcs = Git.discover(str(repo))
    commit = vcs.commit_only(LOG, b"one\n", "log")
    vcs.create_tag("s1", commit, "sealed")
    git(repo, "update-ref", "refs/tags/light", commit)
    light, sealed = vcs.tag_info("light"), vcs.tag_info("s1")
    assert light is not None and light["annotated"] is False and light["commit"] == commit
    assert sealed is not None and sealed["message"] == "sealed\n" and sealed["object"] != commit


def test_a_number_in_the_remotes_path_is_not_taken_for_a_refusal(
    repo: Path, tmp_path: Path
) -> None:
    git(repo, "remote", "add", "gone", str(tmp_path / "pytest-403" / "gone.git"))
    with pytest.raises(LeadlineError) as caught:
        Git.discover(str(repo)).fetch_ref("gone", "refs/heads/r", "refs/x/y")
    assert caught.value.code == "remote-unreachable"


def test_a_file_of_a_commit_that_is_not_here_is_refused(repo: Path) -> None:
    put(repo, "x", "1\n")
    commit = commit_all(repo)
    vcs = Git.discover(str(repo))
    with pytest.raises(LeadlineError) as caught:
        vcs.file_at("f" * 40, "x")
    assert caught.value.code == "no-such-commit"
    assert vcs.commit_exists(commit) and not vcs.commit_exists("f" * 40)


def test_a_tree_that_the_disk_did_not_take_is_not_committed(repo: Path) -> None:
    vcs = Git.discover(str(repo))
    first = vcs.commit_files("refs/heads/r", {"d/x": b"1"}, "one")
    inner = git(repo, "rev-parse", f"{first}:d")
    folder = repo / ".git/objects" / inner[:2]
    (folder / inner[2:]).unlink()
    aside = folder.rename(repo / "aside")  # of others it may hold one
    folder.write_text("where git wants a folder")
    with pytest.raises(LeadlineError) as caught:
        vcs.commit_files("refs/heads/s", {"d/x": b"1"}, "one")
    assert caught.value.code == "git-failed"
    folder.unlink()
    aside.rename(folder)
    again = vcs.commit_files("refs/heads/s", {"d/x": b"1"}, "one")
    assert vcs.read_tree_files(again) == {"d/x": git(repo, "rev-parse", f"{again}:d/x")}
