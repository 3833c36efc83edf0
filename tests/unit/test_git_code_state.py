"""Code states on real repositories: what is in, what is left out, and that nothing of the user's
changes."""

from __future__ import annotations

import os
import random
import subprocess
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leadline.adapters.git.repo import Git
from leadline.core.errors import LeadlineError
from leadline.ports.vcs import CodeState

KEY = (
    b"-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0LXBheWxvYWQ\n-----END OPENSSH PRIVATE KEY-----\n"
)


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def git(folder: Path, *arguments: str | bytes, data: bytes | None = None) -> bytes:
    command = [
        "git",
        "-c",
        "user.name=U",
        "-c",
        "user.email=u@x",
        "-c",
        "protocol.file.allow=always",
        *arguments,
    ]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, input=data).stdout


def commit(folder: Path, message: str = "m") -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD").decode().strip()


def put(folder: Path, path: str | bytes, data: bytes = b"x\n") -> bytes:
    full = os.path.join(os.fsencode(folder), os.fsencode(path))
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as stream:
        stream.write(data)
    return full


def names(folder: Path, tree: str) -> list[bytes]:
    return sorted(git(folder, "ls-tree", "-r", "-z", "--name-only", tree).split(b"\0")[:-1])


def content(folder: Path, tree: str, path: str) -> bytes:
    return git(folder, "cat-file", "blob", f"{tree}:{path}")


def all_objects(folder: Path) -> bytes:
    """Every loose object, unpacked, whether or not anything refers to it."""
    found = []
    for root, _, files in os.walk(folder / ".git" / "objects"):
        found += [
            zlib.decompress(Path(root, name).read_bytes()) for name in files if len(name) == 38
        ]
    assert not list((folder / ".git" / "objects" / "pack").glob("*.pack"))
    return b"".join(found)


def expected_tree(folder: Path) -> str:
    """The tree that ``git add -A`` into a copy of the user's index gives: the definition."""
    index = folder / ".git" / "index"
    scratch = folder / ".git" / "scratch-index"
    scratch.write_bytes(index.read_bytes()) if index.exists() else scratch.unlink(missing_ok=True)
    environment = {**os.environ, "GIT_INDEX_FILE": str(scratch)}
    subprocess.run(
        ["git", "add", "-A"], cwd=folder, env=environment, check=True, capture_output=True
    )
    return (
        subprocess.run(
            ["git", "write-tree"], cwd=folder, env=environment, check=True, capture_output=True
        )
        .stdout.decode()
        .strip()
    )


def capture(folder: Path, *excluded: str, **options: int):  # type: ignore[no-untyped-def]
    return Git.discover(str(folder)).capture(excluded, **options)


def snapshot(folder: str | bytes) -> dict[bytes, tuple[int, bytes]]:
    found = {}
    for root, folders, files in os.walk(os.fsencode(folder)):
        folders[:] = [name for name in folders if name != b".git"]
        for name in files + [name for name in folders if os.path.islink(os.path.join(root, name))]:
            path = os.path.join(root, name)
            status = os.lstat(path)
            if os.path.islink(path):
                found[os.path.relpath(path, os.fsencode(folder))] = (0, os.readlink(path))
            else:
                with open(path, "rb") as stream:
                    found[os.path.relpath(path, os.fsencode(folder))] = (
                        status.st_mode & 0o100,
                        stream.read(),
                    )
    return found


def everything_at_once(repo: Path) -> None:
    for name in (
        "kept",
        "staged",
        "edited",
        "both",
        "deleted",
        "removed",
        "old",
        "script",
        "target",
        "sub/a",
    ):
        put(repo, name, name.encode() * 20 + b"\n")
    commit(repo)
    put(repo, "staged", b"staged\n")
    put(repo, "both", b"staged\n")
    git(repo, "add", "staged", "both")
    put(repo, "both", b"then edited\n")
    put(repo, "edited", b"edited\n")
    (repo / "deleted").unlink()
    git(repo, "rm", "-q", "removed")
    git(repo, "mv", "old", "new")
    (repo / "script").chmod(0o755)
    (repo / "link").symlink_to("target")
    (repo / "sub").joinpath("a").unlink()
    (repo / "sub").rmdir()
    (repo / "sub").symlink_to("target")
    put(repo, "intended", b"intended\n")
    git(repo, "add", "-N", "intended")
    for name in (
        b"line\nbreak",
        b'quo"te',
        b"latin\xff\xfe",
        b"-dash",
        b" space ",
        b"tab\tbed",
        b":(top)magic",
        b"*star",
    ):
        put(repo, name, b"weird\n")
    put(repo, ".gitignore", b"*.ignored\n")
    put(repo, "no.ignored")


def test_everything_at_once_is_captured_and_comes_back(repo: Path, tmp_path: Path) -> None:
    everything_at_once(repo)
    index = (repo / ".git/index").read_bytes()
    status = git(repo, "--no-optional-locks", "status", "--porcelain=v2", "-z")
    stamp = os.stat(repo / ".git/index").st_mtime_ns
    before = snapshot(str(repo))
    state = capture(repo)
    again = capture(repo)
    assert (repo / ".git/index").read_bytes() == index and os.stat(
        repo / ".git/index"
    ).st_mtime_ns == stamp
    assert git(repo, "--no-optional-locks", "status", "--porcelain=v2", "-z") == status
    assert snapshot(str(repo)) == before
    assert again == state and state.tree == expected_tree(repo) and state.gaps == []
    dest = tmp_path / "out"
    Git.discover(str(repo)).export_tree(state.commit, str(dest))
    del before[b"no.ignored"]
    assert snapshot(str(dest)) == before
    state.as_dict() and str(state.as_dict()).encode("utf-8")
    assert any(f["path"] == "latin\\xff\\xfe" for f in state.changed_files)
    assert state.changed_total == len(state.changed_files) == 21


def test_the_tree_depends_on_the_present_alone(repo: Path) -> None:
    """A random walk: after each step the long-lived private index gives the tree that a fresh one
    would."""
    rng = random.Random(7)
    paths = ["a", "b/c", "b/d", "e/f/g", "h.log", "i.tmp"]
    put(repo, "seed")
    commit(repo)

    def step() -> None:
        path = rng.choice(paths)
        action = rng.randrange(9)
        full = repo / path
        if action <= 3:
            put(repo, path, str(rng.randrange(4)).encode())
        elif action == 4:
            full.unlink(missing_ok=True)
        elif action == 5:
            put(repo, ".gitignore", rng.choice([b"", b"*.log\n", b"*.tmp\n", b"b/\n"]))
        elif action == 6 and full.exists():
            git(repo, "add", "-f", path)
        elif action == 7:
            git(repo, "rm", "-q", "-f", "--cached", "--ignore-unmatch", path)
        elif action == 8:
            git(repo, "commit", "-q", "--allow-empty", "-m", "x")

    for number in range(40):
        step()
        state = capture(repo)
        assert state.tree == expected_tree(repo), number
        assert state.dirty == (state.tree != git(repo, "rev-parse", "HEAD^{tree}").decode().strip())


def test_a_second_capture_writes_nothing(repo: Path) -> None:
    put(repo, "a")
    commit(repo)
    put(repo, "b")
    first = capture(repo)
    written = {
        path: path.stat().st_mtime_ns for path in (repo / ".git").rglob("*") if path.is_file()
    }
    assert capture(repo) == first
    assert {
        path: path.stat().st_mtime_ns for path in (repo / ".git").rglob("*") if path.is_file()
    } == written


def test_a_lost_ref_or_pruned_object_is_made_again(repo: Path) -> None:
    put(repo, "a")
    commit(repo)
    put(repo, "b", b"only in the code state\n")
    first = capture(repo)
    assert first.ref
    git(repo, "update-ref", "-d", first.ref)
    git(repo, "prune", "--expire=now")
    put(repo, "c")
    second = capture(repo)
    assert content(repo, second.commit, "b") == b"only in the code state\n"
    (repo / "c").unlink()
    assert (
        capture(repo) == first
        and git(repo, "rev-parse", first.ref).decode().strip() == first.commit
    )


def test_the_same_code_gives_the_same_commit_in_another_clone(repo: Path, tmp_path: Path) -> None:
    put(repo, "a")
    commit(repo)
    git(tmp_path, "clone", "-q", str(repo), "clone")
    for folder in (repo, tmp_path / "clone"):
        put(folder, "a", b"changed\n")
    assert capture(repo).commit == capture(tmp_path / "clone").commit


def test_an_edit_within_the_tick_of_the_index_is_seen(repo: Path) -> None:
    """Same size, same time as the index: git compares contents then, as long as the copy keeps the
    index's time."""
    git(repo, "config", "core.trustCTime", "false")
    tick = 1_700_000_000_000_000_000
    os.utime(put(repo, "a", b"one"), ns=(tick, tick))
    git(repo, "add", "a")
    os.utime(put(repo, "a", b"two"), ns=(tick, tick))
    os.utime(repo / ".git/index", ns=(tick, tick))
    assert content(repo, capture(repo).tree, "a") == b"two"


def test_secrets_never_reach_the_object_database(repo: Path) -> None:
    put(repo, "a")
    commit(repo)
    for path in (
        ".env",
        ".env.local",
        "deep/id_rsa",
        "x.pem",
        ".netrc",
        "kubeconfig",
        ".aws/credentials",
        "my-service-account.json",
    ):
        put(repo, path, b"s3cret-payload " + path.encode())
    put(repo, "notes.txt", KEY)
    put(repo, ".npmrc", b"//r/:_authToken=s3cret-payload-x\n")
    put(repo, "intended.txt", KEY + b"2")
    git(repo, "add", "-N", "intended.txt")
    put(repo, ".env.example", b"TOKEN=\n")
    put(repo, "id_rsa.pub", b"ssh-rsa AAAA\n")
    for _ in range(2):
        state = capture(repo)
        assert names(repo, state.tree) == [b".env.example", b"a", b"id_rsa.pub"]
        assert set(state.secrets) == {
            ".env",
            ".env.local",
            "deep/id_rsa",
            "x.pem",
            ".netrc",
            "kubeconfig",
            ".aws/credentials",
            "my-service-account.json",
            "notes.txt",
            ".npmrc",
            "intended.txt",
        }
        put(repo, "b")
        (repo / "b").unlink()
    assert b"s3cret-payload" not in all_objects(repo) and b"c2VjcmV0LXBheWxvYWQ" not in all_objects(
        repo
    )


def test_a_captured_file_that_becomes_secret_or_large_leaves_the_tree(repo: Path) -> None:
    put(repo, "notes.txt", b"harmless\n")
    put(repo, "data.bin", b"small")
    assert names(repo, capture(repo, max_file_bytes=1000).tree) == [b"data.bin", b"notes.txt"]
    put(repo, "notes.txt", KEY)
    put(repo, "data.bin", b"L" * 1001)
    state = capture(repo, max_file_bytes=1000)
    assert names(repo, state.tree) == []
    assert [(gap["path"], gap["kind"]) for gap in state.gaps] == [
        ("data.bin", "too-large"),
        ("notes.txt", "secret"),
    ]
    assert b"c2VjcmV0LXBheWxvYWQ" not in all_objects(repo) and b"LLLL" not in all_objects(repo)
    put(repo, "notes.txt", b"harmless\n")
    assert names(repo, capture(repo, max_file_bytes=1000).tree) == [b"notes.txt"]


def test_a_committed_secret_stays_at_its_committed_version(repo: Path) -> None:
    put(repo, ".env", b"committed\n")
    first = commit(repo)
    state = capture(repo)
    assert (state.gaps, state.commit) == ([], first)
    os.utime(repo / ".env", (1, 1))
    assert capture(repo).gaps == []
    put(repo, ".env", b"modified-payload\n")
    for _ in range(2):
        state = capture(repo)
        assert state.secrets == [".env"] and state.commit == first
    assert b"modified-payload" not in all_objects(repo)
    put(repo, ".env", b"committed\n")
    assert capture(repo).gaps == []
    put(repo, "new.pem", b"staged\n")
    put(repo, ".env", b"staged\n")
    git(repo, "add", "-A")
    for _ in range(2):
        state = capture(repo)
        assert state.secrets == [".env", "new.pem"] and state.commit == first
    (repo / ".env").unlink()
    assert names(repo, capture(repo).tree) == []


def test_tracked_files_that_cannot_be_taken_keep_heads_version(repo: Path) -> None:
    put(repo, "big", b"committed\n")
    put(repo, "pipe", b"committed\n")
    first = commit(repo)
    put(repo, "big", b"second\n")
    assert content(repo, capture(repo, max_file_bytes=100).tree, "big") == b"second\n"
    put(repo, "big", b"B" * 101)
    (repo / "pipe").unlink()
    os.mkfifo(repo / "pipe")
    state = capture(repo, max_file_bytes=100)
    assert state.commit == first
    assert [(gap["path"], gap["kind"]) for gap in state.gaps] == [
        ("big", "too-large"),
        ("pipe", "special"),
    ]
    put(repo, "big", b"third\n")
    assert content(repo, capture(repo, max_file_bytes=100).tree, "big") == b"third\n"


def test_a_file_that_a_filter_refuses_is_a_gap(repo: Path) -> None:
    git(repo, "config", "filter.up.clean", "tr a-z A-Z")
    git(repo, "config", "filter.up.smudge", "tr A-Z a-z")
    git(repo, "config", "filter.no.clean", "false")
    git(repo, "config", "filter.no.required", "true")
    put(
        repo,
        ".gitattributes",
        b"*.up filter=up\n*.no filter=no\n*.txt export-ignore\nid export-subst\n",
    )
    put(repo, "a.up", b"hello\n")
    put(repo, "b.no", b"hello\n")
    put(repo, "c.txt", b"kept\n")
    put(repo, "id", b"$Format:%H$\n")
    state = capture(repo)
    assert content(repo, state.tree, "a.up") == b"HELLO\n"
    assert [(gap["path"], gap["kind"]) for gap in state.gaps] == [("b.no", "filter")]
    dest = repo.parent / "out"
    Git.discover(str(repo)).export_tree(state.tree, str(dest))
    assert (dest / "a.up").read_bytes() == b"hello\n" and (dest / "c.txt").exists()
    assert (dest / "id").read_bytes() == b"$Format:%H$\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_files_and_folders_are_gaps(repo: Path) -> None:
    put(repo, "closed")
    put(repo, "folder/x")
    os.chmod(repo / "closed", 0)
    os.chmod(repo / "folder", 0)
    state = capture(repo)
    os.chmod(repo / "folder", 0o755)
    assert [gap["kind"] for gap in state.gaps] == ["unreadable", "unreadable"]


def test_a_filter_whose_program_is_missing_makes_a_gap_and_no_refusal(repo: Path) -> None:
    """Files of git-lfs on a machine without it."""
    for key in ("clean", "smudge", "process"):
        git(repo, "config", f"filter.lfs.{key}", "no-such-program")
    put(repo, "w.bin", b"a pointer\n")
    put(repo, ".gitattributes", b"*.bin filter=lfs\n")
    none = [f"filter.lfs.{key}=" for key in ("clean", "smudge", "process")]
    git(repo, *(word for name in none for word in ("-c", name)), "add", ".")
    git(repo, "commit", "-qm", "m")
    git(repo, "config", "filter.lfs.required", "true")
    put(repo, "w.bin", b"a pointer\n")
    clean = capture(repo)
    assert (clean.dirty, clean.gaps) == (False, [])
    put(repo, "w.bin", b"content\n")
    assert [(gap["path"], gap["kind"]) for gap in capture(repo).gaps] == [("w.bin", "filter")]


def otherwise(repo: Path) -> list[str]:
    """The files that are said to be checked out with other bytes; all others are as they lie here."""
    state = capture(repo)
    found = {gap["path"] for gap in state.gaps if gap["kind"] == "converted"}
    dest = repo.parent / "out" / state.tree
    Git.discover(str(repo)).export_tree(state.tree, str(dest))
    for path in map(os.fsdecode, names(repo, state.tree)):
        assert ((dest / path).read_bytes() == (repo / path).read_bytes()) == (path not in found)
    return sorted(found)


@pytest.mark.parametrize(
    ("attributes", "config"),
    [("", "autocrlf=input"), ("* text=auto\n", ""), ("* text eol=lf\n", "")],
)
def test_line_endings_that_git_makes_alike_are_named(
    repo: Path, attributes: str, config: str
) -> None:
    if config:
        git(repo, "config", *f"core.{config}".split("="))
    if attributes:
        put(repo, ".gitattributes", attributes.encode())
    put(repo, "mixed", b"a\r\nb\n")
    put(repo, "as it is", b"a\nb\n")
    put(repo, "bytes", b"\0a\r\n")
    commit(repo)
    put(repo, "deep/new", b"c\r\n")
    binary = ["bytes"] if "text eol" in attributes else []
    assert otherwise(repo) == sorted([*binary, "deep/new", "mixed"])
    put(repo, "mixed", b"a\nb\n")
    put(repo, "as it is", b"a\nb\r\n")
    assert otherwise(repo) == sorted([*binary, "as it is", "deep/new"])
    commit(repo)
    assert otherwise(repo) == sorted([*binary, "as it is", "deep/new"])


def test_line_endings_and_filters_that_come_back_are_no_gaps(repo: Path) -> None:
    git(repo, "config", "core.autocrlf", "true")
    git(repo, "config", "filter.long.clean", "sed s/aaa/b/")
    git(repo, "config", "filter.long.smudge", "sed s/b/aaa/")
    put(repo, ".gitattributes", b"*.long filter=long\r\n*.u16 working-tree-encoding=UTF-16LE\r\n")
    put(repo, "x.long", b"aaa\r\n")
    put(repo, "x.u16", "a\r\n".encode("utf-16-le"))
    put(repo, "x", b"a\r\n")
    commit(repo)
    assert otherwise(repo) == []
    put(repo, "x.long", b"aaa\n")  # it comes back with another line ending
    assert otherwise(repo) == ["x.long"]


def test_what_a_filter_takes_away_is_named(repo: Path) -> None:
    git(repo, "config", "filter.strip.clean", "sed /output/d")
    git(repo, "config", "filter.strip.smudge", "cat")
    put(repo, "a.book", b"code\noutput\n")
    commit(repo)
    assert otherwise(repo) == []
    put(repo, ".gitattributes", b"*.book filter=strip\n")
    put(repo, "a.book", b"code\noutput 2\n")
    assert otherwise(repo) == ["a.book"]
    put(repo, "a.book", b"code\n")
    assert otherwise(repo) == []


def test_of_what_is_left_to_be_fetched_the_way_is_said(repo: Path, tmp_path: Path) -> None:
    put(repo, "a", b"here\n")
    put(repo, "b", b"there\n")
    head = commit(repo)
    git(repo, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(
        tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repo}", str(clone)
    )
    repo.rename(tmp_path / "gone")
    with pytest.raises(LeadlineError) as refused:
        Git.discover(str(clone)).export_tree(head, str(tmp_path / "out"))
    assert (refused.value.code, refused.value.next) == ("export-failed", ["git fetch"])


def test_a_replaced_object_is_not_what_lies_here(repo: Path) -> None:
    put(repo, "a", b"here\n")
    put(repo, "b", b"there\n")
    commit(repo)
    git(repo, "replace", "HEAD:a", "HEAD:b")
    assert otherwise(repo) == [] and not capture(repo).dirty


@pytest.fixture
def with_library(repo: Path, tmp_path: Path) -> Path:
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "-q")
    put(library, "l", b"one\n")
    commit(library)
    git(repo, "submodule", "-q", "add", str(library), "lib")
    commit(repo)
    return repo


def unpacked(repo: Path, state: CodeState) -> dict[str, str]:
    dest = repo.parent / f"unpacked-{state.tree[:12]}"
    Git.discover(str(repo)).export_tree(state.commit, str(dest))
    files = (path for path in dest.rglob("*") if path.is_file())
    return {str(path.relative_to(dest)): path.read_text() for path in files}


def test_the_files_of_a_submodule_are_code(with_library: Path) -> None:
    repo = with_library
    clean = capture(repo)
    assert (clean.dirty, clean.changed_total, clean.gaps) == (False, 0, [])
    assert clean.submodules[0]["path"] == "lib" and capture(repo) == clean
    assert unpacked(repo, clean)["lib/l"] == "one\n"
    put(repo / "lib", "l", b"dirty\n")
    put(repo / "lib", "new/untracked")
    state = capture(repo)
    assert (state.dirty, state.gaps) == (True, []) and capture(repo) == state
    assert [entry["path"] for entry in state.changed_files] == ["lib/l", "lib/new/untracked"]
    files = unpacked(repo, state)
    assert files["lib/l"] == "dirty\n" and "lib/new/untracked" in files
    put(repo / "lib", "l", b"other\n")
    assert capture(repo).tree not in (state.tree, clean.tree)
    git(repo / "lib", "checkout", "-q", "l")
    git(repo / "lib", "clean", "-qfd")
    assert capture(repo) == clean


def test_a_submodule_at_another_commit_is_other_code(with_library: Path) -> None:
    repo = with_library
    put(repo / "lib", "l", b"two\n")
    two = commit(repo / "lib")
    state = capture(repo)
    assert state.submodules == [{"path": "lib", "commit": two}] and state.dirty
    assert [entry["path"] for entry in state.changed_files] == ["lib/l"]
    assert unpacked(repo, state)["lib/l"] == "two\n"
    inner = Git.discover(str(repo / "lib"))
    assert inner.superproject() == str(repo) and inner.capture().commit == two


def test_a_submodule_that_is_not_there_or_holds_a_secret_is_a_gap(with_library: Path) -> None:
    repo = with_library
    put(repo / "lib", ".env", b"TOKEN=1\n")
    state = capture(repo)
    assert [(gap["path"], gap["kind"]) for gap in state.gaps] == [("lib/.env", "secret")]
    git(repo, "submodule", "-q", "deinit", "-f", "lib")
    assert [(gap["path"], gap["kind"]) for gap in capture(repo).gaps] == [("lib", "submodule")]


def test_a_repository_that_git_does_not_know_is_code_too(repo: Path) -> None:
    (repo / "nested").mkdir()
    git(repo / "nested", "init", "-q")
    put(repo, "nested/x")
    first = capture(repo)
    commit(repo / "nested")
    assert capture(repo).tree == first.tree and first.gaps == [] and first.dirty
    put(repo, "nested/inner/y")
    git(repo / "nested/inner", "init", "-q")
    files = unpacked(repo, capture(repo))
    assert {"nested/x", "nested/inner/y"} <= {*files}


@pytest.mark.parametrize("path", ["engine", "third_party/engine", "a/engine", ".engine"])
def test_a_repository_that_git_is_told_to_ignore_is_code_too(repo: Path, path: str) -> None:
    put(repo, ".gitignore", b"engine/\n.engine/\nthird_party/\n")
    put(repo, "a/x")
    head = commit(repo)
    put(repo, f"{path}/e", b"one\n")
    git(repo / path, "init", "-q")
    assert capture(repo).dirty  # nothing of it is committed
    commit(repo / path)
    clean = capture(repo)
    assert (clean.dirty, clean.changed_total, clean.gaps) == (False, 0, [])
    assert clean.commit != head and capture(repo) == clean
    assert unpacked(repo, clean)[f"{path}/e"] == "one\n"
    put(repo / path, "e", b"dirty\n")
    put(repo / path, "new", b"x\n")
    state = capture(repo)
    assert (state.dirty, state.gaps) == (True, []) and capture(repo) == state
    assert [entry["path"] for entry in state.changed_files] == [f"{path}/e", f"{path}/new"]
    assert unpacked(repo, state)[f"{path}/e"] == "dirty\n"


def test_what_lies_oddly_in_an_ignored_folder_is_passed_over_and_no_link_followed(
    repo: Path, tmp_path: Path
) -> None:
    put(repo, ".gitignore", b"data/\n")
    head = commit(repo)
    put(tmp_path / "elsewhere", "e")
    git(tmp_path / "elsewhere", "init", "-q")
    put(repo, "data/nul/.git", b"gitdir: a\0b\n")
    (repo / "data/link").symlink_to(tmp_path / "elsewhere")
    (repo / "data/loop").symlink_to("loop")
    state = capture(repo)
    assert (state.commit, state.dirty, state.gaps) == (head, False, [])


def test_what_programs_keep_and_other_work_trees_are_no_code_of_this_one(repo: Path) -> None:
    put(repo, ".gitignore", b".cache/\ntrees/\nbroken/\n")
    head = commit(repo)
    git(repo, "worktree", "add", "-q", "trees/other")
    put(repo, ".cache/hooks/x")
    git(repo / ".cache/hooks", "init", "-q")
    assert capture(repo).commit == head
    put(repo, "broken/.git", b"gitdir: nowhere\n")
    assert [(gap["path"], gap["kind"]) for gap in capture(repo).gaps] == [("broken", "submodule")]


def test_nothing_is_written_to_a_repository_inside_the_work_tree(with_library: Path) -> None:
    repo = with_library
    put(repo / "lib", "l", b"dirty\n")
    top = repo / ".git/modules/lib"
    before = {path: path.stat().st_mtime_ns for path in top.rglob("*")}
    capture(repo)
    assert before == {path: path.stat().st_mtime_ns for path in top.rglob("*")}


def test_what_is_left_out_of_a_repository_inside_is_named_each_time(with_library: Path) -> None:
    put(with_library / "lib", ".env", b"TOKEN=1\n")
    put(with_library / "lib", "l", b"dirty\n")
    named = [[gap["path"] for gap in capture(with_library).gaps] for _ in range(2)]
    assert named == [["lib/.env"], ["lib/.env"]]


def test_a_submodule_of_a_submodule_is_looked_at_each_time(
    with_library: Path, tmp_path: Path
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    put(inner, "i", b"one\n")
    commit(inner)
    git(with_library / "lib", "submodule", "-q", "add", str(inner), "in")
    commit(with_library / "lib")
    trees = set()
    for content in (b"one\n", b"two\n", b"six\n"):
        put(with_library / "lib/in", "i", content)
        state = capture(with_library)
        assert unpacked(with_library, state)["lib/in/i"] == content.decode()
        trees.add(state.tree)
    assert len(trees) == 3


def test_hidden_changes_are_found(repo: Path) -> None:
    for name in ("assumed", "skipped", "sparse"):
        put(repo, name)
    commit(repo)
    git(repo, "update-index", "--assume-unchanged", "assumed")
    git(repo, "update-index", "--skip-worktree", "skipped", "sparse")
    put(repo, "assumed", b"changed\n")
    put(repo, "skipped", b"changed\n")
    (repo / "sparse").unlink()
    state = capture(repo)
    assert (
        content(repo, state.tree, "assumed") == content(repo, state.tree, "skipped") == b"changed\n"
    )
    assert b"sparse" in names(repo, state.tree)


def test_a_conflicted_merge_is_captured_as_it_lies(repo: Path) -> None:
    put(repo, "a", b"base\n")
    commit(repo)
    git(repo, "switch", "-q", "-c", "side")
    put(repo, "a", b"side\n")
    commit(repo)
    git(repo, "switch", "-q", "main")
    put(repo, "a", b"main\n")
    commit(repo)
    with pytest.raises(subprocess.CalledProcessError):
        git(repo, "merge", "side")
    index = (repo / ".git/index").read_bytes()
    state = capture(repo)
    assert (
        content(repo, state.tree, "a") == (repo / "a").read_bytes()
        and b"<<<<" in (repo / "a").read_bytes()
    )
    assert (repo / ".git/index").read_bytes() == index


def test_committed_logbooks_do_not_count(repo: Path) -> None:
    put(repo, "a")
    plain = capture(repo, ".agents/logbooks/").tree
    put(repo, ".agents/logbooks/t.md", b"one\n")
    put(repo, ".agents/logbooks-not", b"one\n")
    first = commit(repo)
    state = capture(repo, ".agents/logbooks/")
    assert (state.commit, state.dirty) == (first, False)
    assert names(repo, state.tree) == [b".agents/logbooks-not", b"a"]
    put(repo, ".agents/logbooks/t.md", b"two\n")
    (repo / ".agents/logbooks-not").unlink()
    state = capture(repo, ".agents/logbooks/")
    assert state.tree == plain and state.changed_files == [
        {"status": "D", "path": ".agents/logbooks-not"}
    ]


def test_worktrees_detached_and_unborn(repo: Path, tmp_path: Path) -> None:
    put(repo, "a")
    state = capture(repo)
    assert (state.head, state.branch, state.dirty) == (None, "main", True) and names(
        repo, state.commit
    ) == [b"a"]
    assert git(repo, "rev-list", "--count", state.commit) == b"1\n"
    first = commit(repo)
    git(repo, "worktree", "add", "-q", "--detach", str(tmp_path / "wt"))
    put(tmp_path / "wt", "b")
    there = capture(tmp_path / "wt")
    assert (
        there.branch is None and there.head == first and names(repo, there.commit) == [b"a", b"b"]
    )
    assert capture(repo).commit == first
    vcs = Git.discover(str(tmp_path / "wt"))
    assert vcs.common_dir == str(repo / ".git") and vcs.git_dir == str(repo / ".git/worktrees/wt")


def test_run_refs_keep_the_commit(repo: Path) -> None:
    put(repo, "a")
    state = Git.discover(str(repo)).capture((), "P-001-r1")
    assert state.ref == "refs/leadline/code/P-001-r1"
    assert git(repo, "rev-parse", state.ref).decode().strip() == state.commit
    assert Git.discover(str(repo)).capture((), "P-001-r2").commit == state.commit
    assert git(repo, "for-each-ref", "--format=%(refname)").decode().split() == [
        "refs/leadline/code/P-001-r1",
        "refs/leadline/code/P-001-r2",
    ]


def test_concurrent_captures_agree(repo: Path) -> None:
    for number in range(50):
        put(repo, f"f{number}")
    commit(repo)
    put(repo, "f1", b"changed\n")
    (repo / ".git/leadline/code-index").mkdir(parents=True)
    with ThreadPoolExecutor(6) as pool:
        states = list(pool.map(lambda _: capture(repo), range(12)))
    assert all(state == states[0] for state in states) and states[0].tree == expected_tree(repo)


def test_a_lock_left_by_a_killed_git_does_not_block(repo: Path) -> None:
    put(repo, "a")
    capture(repo)
    private = next(p for p in (repo / ".git/leadline/code-index").iterdir() if "." not in p.name)
    Path(f"{private}.lock").touch()
    put(repo, "b")
    assert names(repo, capture(repo).tree) == [b"a", b"b"]


def test_hooks_and_hook_variables_are_without_effect(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(repo, "a")
    commit(repo)
    hook = repo / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    put(repo, "b")
    vcs = Git.discover(str(repo))
    monkeypatch.setenv("GIT_INDEX_FILE", str(repo / "elsewhere"))
    monkeypatch.setenv("GIT_DIR", str(repo / "elsewhere"))
    assert vcs.capture().changed_total == 1
    assert not (repo / "elsewhere").exists()


def test_a_bare_repository_has_no_code_state(repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    for folder in (tmp_path / "bare.git", repo / ".git"):
        vcs = Git.discover(str(folder))
        assert vcs.is_bare
        with pytest.raises(LeadlineError) as caught:
            vcs.capture()
        assert (caught.value.kind, caught.value.code) == ("environment", "bare-repository")


def test_what_a_sparse_checkout_leaves_out_is_named(repo: Path) -> None:
    for path in ("here/a", "out/b", "out/deep/c", "d"):
        put(repo, path)
    commit(repo)
    git(repo, "sparse-checkout", "set", "here")

    def left_out() -> list[str]:
        return [gap["path"] for gap in capture(repo).gaps if gap["kind"] == "sparse"]

    assert left_out() == ["out"] == left_out() and not capture(repo).dirty
    put(repo, "out/mine")
    assert left_out() == ["out/b", "out/deep"]
    git(repo, "sparse-checkout", "disable")
    assert left_out() == []
