"""What every implementation of the version-control port has to do, as tests.

Subclass ``VcsContract`` in a test module and give it a ``bench`` fixture: a fresh repository in a
sealed environment. The suite uses the port and the work tree only, so it holds for any
implementation.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pytest

from leadline.core.errors import LeadlineError, usage
from leadline.ports.vcs import Vcs


class Bench(Protocol):
    """A repository under test."""

    def open(self) -> Vcs:
        """A new view of the repository."""
        ...

    def commit_all(self, message: str) -> str:
        """Commit every file of the work tree as its user would; the commit."""
        ...

    def status(self) -> bytes:
        """What the user sees as changed, staged and untracked."""
        ...

    def add_remote(self, name: str) -> None:
        """An empty remote that can be reached."""
        ...


def write(vcs: Vcs, path: str, data: bytes) -> None:
    assert vcs.toplevel is not None
    full = os.path.join(vcs.toplevel, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as stream:
        stream.write(data)


def files_under(folder: str) -> dict[str, bytes]:
    found = {}
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            path = os.path.join(root, name)
            with open(path, "rb") as stream:
                found[os.path.relpath(path, folder)] = stream.read()
    return found


class VcsContract:
    """Obligations of ``leadline.ports.vcs.Vcs``."""

    def test_a_repository_without_a_commit_has_an_unborn_branch(self, bench: Bench) -> None:
        head = bench.open().head()
        assert head["commit"] is None and head["unborn"] and head["branch"]

    def test_the_code_state_of_a_clean_tree_is_head(self, bench: Bench) -> None:
        vcs = bench.open()
        write(vcs, "a.py", b"1\n")
        commit = bench.commit_all("one")
        state = vcs.capture()
        assert (state.commit, state.head, state.dirty, state.changed_total) == (
            commit,
            commit,
            False,
            0,
        )

    def test_what_is_done_meanwhile_is_done_once_and_its_failure_is_told(
        self, bench: Bench
    ) -> None:
        vcs = bench.open()
        write(vcs, "a.py", b"1\n")
        bench.commit_all("one")
        calls: list[str] = []
        for change in (b"1\n", b"2\n"):
            write(vcs, "a.py", change)
            expected = vcs.capture()
            assert vcs.capture(meanwhile=lambda: calls.append("called")) == expected
        assert calls == ["called"] * 2

        def failing() -> None:
            raise usage("asked-for", "no")

        write(vcs, "a.py", b"3\n")
        with pytest.raises(LeadlineError) as caught:
            vcs.capture(meanwhile=failing)
        assert caught.value.code == "asked-for"
        assert vcs.capture().tree != expected.tree

    def test_a_code_state_holds_changed_and_new_files_and_touches_nothing(
        self, bench: Bench, tmp_path: str
    ) -> None:
        vcs = bench.open()
        write(vcs, "a.py", b"1\n")
        commit = bench.commit_all("one")
        write(vcs, "a.py", b"2\n")
        write(vcs, "deep/new file.py", b"3\n")
        before = bench.status()
        state = vcs.capture()
        assert bench.status() == before
        assert state.dirty and state.head == commit and state.commit != commit
        assert {(f["status"], f["path"]) for f in state.changed_files} == {
            ("M", "a.py"),
            ("A", "deep/new file.py"),
        }
        head = vcs.capture(["deep/"])
        clean = vcs.capture(["deep/", "a.py"])
        gone = "d" * 40
        assert vcs.changed_since([head.tree, gone, state.tree, clean.tree], state.tree) == {
            head.tree: ["deep/new file.py"],
            state.tree: [],
            clean.tree: ["a.py", "deep/new file.py"],
        }
        assert vcs.changed_since([state.tree], gone) == {}
        assert vcs.changed_since(["None"], state.tree) == {}
        dest = os.path.join(tmp_path, "unpacked")
        vcs.export_tree(state.commit, dest)
        vcs.export_tree(state.commit, dest)
        assert files_under(dest) == files_under(vcs.toplevel or "")

    def test_equal_code_has_one_commit_and_going_back_gives_head_again(self, bench: Bench) -> None:
        vcs = bench.open()
        write(vcs, "a.py", b"1\n")
        commit = bench.commit_all("one")
        write(vcs, "a.py", b"2\n")
        first = vcs.capture()
        write(vcs, "a.py", b"3\n")
        assert vcs.capture().tree != first.tree
        write(vcs, "a.py", b"2\n")
        assert bench.open().capture() == first
        write(vcs, "a.py", b"1\n")
        assert vcs.capture().commit == commit

    def test_excluded_paths_never_change_the_code(self, bench: Bench) -> None:
        vcs = bench.open()
        write(vcs, "a.py", b"1\n")
        first = vcs.capture(["notes"])
        write(vcs, "notes/x.md", b"hello\n")
        assert vcs.capture(["notes"]).tree == first.tree
        commit = bench.commit_all("one")
        write(vcs, "notes/x.md", b"more\n")
        state = vcs.capture(["notes"])
        assert state.tree == first.tree and state.commit == commit and not state.dirty

    def test_secrets_are_left_out_and_listed(self, bench: Bench) -> None:
        vcs = bench.open()
        write(vcs, ".env", b"TOKEN=1\n")
        write(vcs, "a.py", b"1\n")
        state = vcs.capture()
        assert state.secrets == [".env"]
        assert list(vcs.read_tree_files(state.commit)) == ["a.py"]

    def test_record_commits_swap_atomically(self, bench: Bench) -> None:
        vcs = bench.open()
        ref = "refs/heads/leadline/records"
        first = vcs.commit_files(ref, {"t/a": b"1", "t/b": b"2"}, "one")
        assert vcs.ref(ref) == first
        with pytest.raises(LeadlineError) as caught:
            vcs.commit_files(ref, {"t/c": b"3"}, "two")
        assert (caught.value.kind, caught.value.code) == ("conflict", "ref-moved")
        blob = vcs.read_tree_files(ref)["t/a"]
        second = vcs.commit_files(ref, {"t/b": None, "u": blob}, "two", expected_old=first)
        assert vcs.is_ancestor(first, second) and not vcs.is_ancestor(second, first)
        assert vcs.read_tree_files(ref, "t") == {"t/a": blob}
        assert vcs.read_blob(vcs.read_tree_files(ref)["u"]) == b"1"
        assert vcs.commit_files(ref, {"u": b"1"}, "same", expected_old=second) == second

    def test_of_many_writers_one_wins_each_round(self, bench: Bench) -> None:
        vcs = bench.open()
        ref = "refs/heads/records"

        def add(number: int) -> None:
            own = bench.open()
            while True:
                try:
                    own.commit_files(
                        ref, {f"f{number}": b"x"}, f"add {number}", expected_old=own.ref(ref)
                    )
                    return
                except LeadlineError as error:
                    assert error.code == "ref-moved"

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(add, range(4)))
        assert sorted(vcs.read_tree_files(ref)) == ["f0", "f1", "f2", "f3"]

    def test_one_file_is_committed_alone(self, bench: Bench) -> None:
        vcs = bench.open()
        write(vcs, "a.py", b"1\n")
        first = bench.commit_all("one")
        write(vcs, "a.py", b"2\n")
        before = bench.status()
        write(vcs, "log.md", b"entry\n")
        commit = vcs.commit_only("log.md", b"entry\n", "log", vcs.current_branch())
        assert vcs.head()["commit"] == commit and bench.status() == before
        assert set(vcs.read_tree_files(commit)) - set(vcs.read_tree_files(first)) == {"log.md"}
        assert vcs.commit_only("log.md", b"entry\n", "log") == commit
        assert list(vcs.versions_of_file("log.md")) == [(commit, b"entry\n")]
        assert vcs.file_at(commit, "log.md") == b"entry\n" and vcs.file_at(first, "log.md") is None

    def test_what_replaced_a_file_is_told_oldest_first(self, bench: Bench) -> None:
        vcs, contents, commits = bench.open(), (b"1\n", b"2\n", b"3\n"), []
        for content in contents:
            write(vcs, "a b.py", content)
            commits.append(bench.commit_all("one more"))
        one, two, three = (vcs.read_tree_files(commit)["a b.py"] for commit in commits)
        expected = [(commits[1], "a b.py", one, two), (commits[2], "a b.py", two, three)]
        assert vcs.replaced("HEAD") == expected
        assert vcs.replaced("HEAD", commits[1]) == expected[1:]

    def test_tags_seal_and_do_not_move(self, bench: Bench) -> None:
        vcs = bench.open()
        write(vcs, "a.py", b"1\n")
        commit = bench.commit_all("one")
        assert not vcs.tag_exists("s1") and vcs.tag_info("s1") is None
        vcs.create_tag("s1", commit, "# title\n\nheads: abc\n")
        info = vcs.tag_info("s1")
        assert info is not None and vcs.tag_exists("s1")
        assert (info["commit"], info["annotated"], info["message"]) == (
            commit,
            True,
            "# title\n\nheads: abc\n",
        )
        with pytest.raises(LeadlineError) as caught:
            vcs.create_tag("s1", commit, "again")
        assert caught.value.code == "tag-exists"

    def test_branches(self, bench: Bench) -> None:
        vcs = bench.open()
        with pytest.raises(LeadlineError) as caught:
            vcs.create_branch("research/x")
        assert caught.value.code == "no-commit-yet"
        write(vcs, "a.py", b"1\n")
        commit = bench.commit_all("one")
        start = vcs.current_branch()
        vcs.create_branch("research/x")
        assert vcs.branch_exists("research/x") and vcs.current_branch() == start
        write(vcs, "a.py", b"2\n")
        vcs.create_branch("research/y", switch=True)
        assert vcs.head() == {"commit": commit, "branch": "research/y", "unborn": False}
        assert files_under(vcs.toplevel or "") == {"a.py": b"2\n"}
        for name, code in (
            ("research/x", "branch-exists"),
            ("a b", "bad-ref-name"),
            ("-x", "bad-ref-name"),
        ):
            with pytest.raises(LeadlineError) as caught:
                vcs.create_branch(name)
            assert caught.value.code == code

    def test_push_and_fetch(self, bench: Bench) -> None:
        vcs = bench.open()
        bench.add_remote("origin")
        ref = "refs/heads/records"
        first = vcs.commit_files(ref, {"a": b"1"}, "one")
        assert vcs.fetch_ref("origin", ref, "refs/leadline/remote") is None
        assert vcs.push("origin", {ref: ref})[ref]["status"] == "ok"
        assert vcs.push("origin", {ref: ref})[ref]["status"] == "up-to-date"
        assert vcs.fetch_ref("origin", ref, "refs/leadline/remote") == first
        other = vcs.commit_files("refs/heads/other", {"b": b"1"}, "unrelated")
        assert vcs.push("origin", {other: ref})[ref]["status"] == "non-fast-forward"
        with pytest.raises(LeadlineError) as caught:
            vcs.push("nowhere", {ref: ref})
        assert caught.value.code == "no-such-remote"

    def test_what_is_no_whole_name_of_a_ref_reaches_no_remote(self, bench: Bench) -> None:
        vcs = bench.open()
        bench.add_remote("origin")
        ref = "refs/heads/records"
        tip = vcs.commit_files(ref, {"a": b"1"}, "one")
        for name in ("records", "refs/heads/../heads/x", "refs/tags/v:refs/heads/x", "HEAD", ""):
            for act in (
                lambda name=name: vcs.push("origin", {ref: name}),
                lambda name=name: vcs.push("origin", {name: ref}),
                lambda name=name: vcs.fetch_ref("origin", name, ref),
                lambda name=name: vcs.fetch_ref("origin", ref, name),
            ):
                with pytest.raises(LeadlineError) as caught:
                    act()
                assert caught.value.code == "bad-ref-name"
        assert vcs.remote_refs("origin") == {} and vcs.ref(ref) == tip

    def test_no_path_that_a_checkout_could_not_take_is_committed(self, bench: Bench) -> None:
        vcs = bench.open()
        write(vcs, "a", b"1")
        bench.commit_all("first")
        for path in (".git/hooks/x", "a/.GIT/x", "../x", "/x", "a//b", "x/.git ./y", "git~1/x"):
            with pytest.raises(LeadlineError) as caught:
                vcs.commit_files("refs/heads/records", {path: b"1"}, "one")
            assert caught.value.code == "bad-path"
        assert vcs.ref("refs/heads/records") is None

    def test_the_first_commits_of_a_branch_are_told(self, bench: Bench) -> None:
        vcs = bench.open()
        write(vcs, "a", b"1")
        first = bench.commit_all("first")
        write(vcs, "a", b"2")
        second = bench.commit_all("second")
        other = vcs.commit_files("refs/heads/apart", {"b": b"x"}, "apart")
        joined = vcs.commit_files("refs/heads/joined", {"c": b"x"}, "both", [second, other])
        assert vcs.first_commits(second) == [first] and vcs.first_commits(other) == [other]
        assert sorted(vcs.first_commits(joined)) == sorted([first, other])

    def test_what_a_remote_has_is_listed_with_the_commits_of_its_tags(self, bench: Bench) -> None:
        vcs = bench.open()
        write(vcs, "a", b"1")
        commit = bench.commit_all("first")
        bench.add_remote("origin")
        assert vcs.remote_refs("origin") == {}
        vcs.create_tag("sealed/one", commit, "sealed")
        assert (
            vcs.refs("refs/tags/sealed/") == {"refs/tags/sealed/one": commit}
            and vcs.refs("refs/none/") == {}
        )
        vcs.push(
            "origin", {commit: "refs/heads/records", "refs/tags/sealed/one": "refs/tags/sealed/one"}
        )
        assert vcs.remote_refs("origin") == {
            "refs/heads/records": commit,
            "refs/tags/sealed/one": commit,
        }
        with pytest.raises(LeadlineError) as caught:
            vcs.remote_refs("nowhere")
        assert caught.value.code == "no-such-remote"

    def test_what_is_in_the_history_of_many_heads(self, bench: Bench) -> None:
        vcs = bench.open()
        write(vcs, "a", b"1")
        first = bench.commit_all("first")
        write(vcs, "a", b"2")
        second = bench.commit_all("second")
        aside = vcs.commit_files("refs/heads/aside", {"b": b"x"}, "apart")
        absent = "ab" * 20
        assert vcs.reached([first, second, aside, absent], [second, absent]) == {first, second}
        assert vcs.reached([first, second], [first, aside]) == {first}
        assert (
            vcs.reached([first], [])
            == set()
            == vcs.reached([], [first])
            == vcs.reached([absent], [absent])
        )
