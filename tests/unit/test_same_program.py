"""Which program a code state holds is told by what was run lately, and asked of git once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from leadline.services.run import same_program
from leadline.services.run.same_program import PROGRAMS_ASKED, with_program


class _Trees:
    """Of every tree the content of its files; a tree that is in ``gone`` is not here any more."""

    toplevel = None

    def __init__(self, **trees: dict[str, int]) -> None:
        self.trees, self.gone, self.asked = trees, set[str](), list[list[str]]()

    def changed_since(self, trees: Any, now: str) -> dict[str, list[str]]:
        self.asked.append(list(trees))
        files = self.trees[now]
        return {
            tree: sorted(path for path, _ in self.trees[tree].items() ^ files.items())
            for tree in self.asked[-1]
            if tree not in self.gone
        }


def programs(tmp_path: Any, vcs: _Trees, *trees: str) -> list[str]:
    """The program of each, run one after the other."""
    open_runs = SimpleNamespace(listed=lambda: [])
    context: Any = SimpleNamespace(vcs=vcs, root=str(tmp_path), cwd="/", open_runs=open_runs)
    code = [with_program(context, {"tree": tree, "commit": ""}, ["./a"]) for tree in trees]
    return [str(one.get("program", one["tree"])) for one in code]


def test_an_edit_is_compared_with_the_latest_programs_by_one_question(tmp_path):
    edits = {f"t{n}": {"a": n} for n in range(8)}
    vcs = _Trees(**edits)
    assert programs(tmp_path, vcs, *edits) == list(edits)
    assert vcs.asked[:2] == [["t0"], ["t1", "t0"]]
    assert len(vcs.asked) == len(edits) - 1
    assert max(map(len, vcs.asked)) == PROGRAMS_ASKED


def test_what_differs_by_an_output_alone_is_the_same_program(tmp_path, monkeypatch):
    monkeypatch.setattr(same_program, "written_by_runs", lambda _c, _r: lambda path: path == "out")
    vcs = _Trees(t0={"a": 1}, t1={"a": 2}, t2={"a": 1, "out": 1}, t3={"a": 2, "out": 1})
    assert programs(tmp_path, vcs, "t0", "t1", "t2", "t3") == ["t0", "t1", "t0", "t1"]


def test_a_tree_that_is_not_here_any_more_tells_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(same_program, "written_by_runs", lambda _c, _r: lambda path: path == "out")
    vcs = _Trees(t0={"a": 1}, t1={"a": 1, "out": 1})
    vcs.gone.add("t0")
    assert programs(tmp_path, vcs, "t0", "t1") == ["t0", "t1"]
