"""What measures, apart from what is measured: found, recorded, held against another."""

from __future__ import annotations

from typing import Any

import pytest

from leadline.core.compare.compare import compare
from leadline.core.compare.config_diff import config_diff
from leadline.core.evidence.of_thread import evidence_of
from leadline.core.metric.ruler import (
    below_resolution,
    is_outdated,
    loaded_by,
    matcher,
    measures_itself,
    null_of,
    null_text,
    prefix_of,
    resolution,
    words_of,
)
from leadline.core.record.run import MetricDef, Run
from leadline.render.words import relation, ruler_lines
from leadline.testing.builders import ThreadBuilder

OLD, NEW = {"bench.py": "sha256:old"}, {"bench.py": "sha256:new"}


def run(n: int, ruler: dict[str, Any], tree: str = "t1", value: float = 1.0) -> Run:
    return Run(
        f"P-001-r{n}",
        f"{n:026d}",
        "P-001",
        state="done",
        argv=["python", "bench.py"],
        code={"tree": tree},
        metrics={"loss": value, "time_ms": 5.0},
        ruler=ruler,  # type: ignore[arg-type]
    )


def roles(a: Run | list[Run], b: Run | list[Run], *axes: str, **more: Any) -> dict[str, str]:
    rows = config_diff(a, b, list(axes), **more).rows
    return {f"{row.area}.{row.key}": row.role for row in rows}


# ---- patterns and words --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("bench.py", "bench.py", True),
        ("bench.py", "sub/bench.py", False),
        ("data/val/**", "data/val/deep/a.csv", True),
        ("data/val/**", "data/validation/a.csv", False),
        ("**/eval_*.py", "eval_a.py", True),
        ("**/eval_*.py", "a/b/eval_c.py", True),
        ("data/*.csv", "data/a/b.csv", False),
        ("v[0-9].txt", "v7.txt", True),
        ("v[!0-9].txt", "v7.txt", False),
        ("v[^0-9].txt", "v7.txt", False),
        ("v[z-a].txt", "vm.txt", False),
        ("v[!].txt", "va.txt", False),
        ("v[!a]x", "v/x", False),
        ("v[\\]x", "v\\x", True),
        ("a.b+c", "a.b+c", True),
        ("a.b*", "axb", False),
    ],
)
def test_a_pattern_means_files_below_the_top(pattern: str, path: str, matches: bool) -> None:
    assert matcher(pattern)(path) is matches


def test_a_pattern_is_looked_for_below_what_it_names() -> None:
    assert [prefix_of(p) for p in ("a/b/*.py", "a/**", "*.py", "a/b.py")] == ["a/b", "a", "", "a"]


def test_words_of_a_command_leave_out_what_it_writes() -> None:
    assert words_of(["sh", "-c", "python eval.py --data=val.csv > out.log && cat x"])[2:] == [
        "python",
        "eval.py",
        "--data",
        "val.csv",
        "cat",
        "x",
    ]
    read = words_of(["b", "--out", "r.csv", "--output=o.csv", "in.csv"])
    assert read == ["b", "--out", "--output", "in.csv"]
    assert words_of(["pytest", "t.py::test_x"]) == ["pytest", "t.py"]


def test_what_a_program_loads_is_seen_in_its_text() -> None:
    text = 'import json, model\nfrom pkg.sub import x\n#include "kernel.h"\nopen("data.csv")\n'
    found = loaded_by(text)
    assert {"model.py", "pkg/sub.py", "pkg/__init__.py", "kernel.h"} <= set(found)
    assert "data.csv" not in found


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("from . import score, other\n", "score.py"),
        ("from .lib.a import (\n    b,\n)\n", "lib/a/b.py"),
        ("mod = importlib.import_module('plug.one')\n", "plug/one.py"),
        ("run([sys.executable, '-m', 'tools.check'])", "tools/check.py"),
        ("python -m tools.check --fast\n", "tools/check/__main__.py"),
        (". ./lib.sh\n", "./lib.sh"),
        ("exec ./score --all\n", "./score"),
        ("bench:\n\t$(PYTHON) tools/score\n", "tools/score"),
        ("include rules.mk\n", "rules.mk"),
    ],
)
def test_what_a_program_loads_by_another_way(text: str, file: str) -> None:
    assert file in loaded_by(text)


# ---- two sides -----------------------------------------------------------------------------------


def test_a_changed_ruler_is_no_part_of_the_axis_code() -> None:
    a, b = run(1, {"declared": {"": OLD}}), run(2, {"declared": {"": NEW}}, "t2")
    assert roles(a, b, "code") == {"code.tree": "axis", "ruler.bench.py": "confound"}
    assert roles(b, a, "code")["ruler.bench.py"] == "confound"  # on the reference side as well
    assert roles(a, run(2, {"declared": {"": OLD}}, "t2"), "code") == {"code.tree": "axis"}


def test_the_ruler_of_another_metric_does_not_matter() -> None:
    a, b = run(1, {"declared": {"loss": OLD}}), run(2, {"declared": {"loss": NEW}}, "t2")
    assert "ruler.bench.py" in roles(a, b, "code")
    assert roles(a, b, "code", metrics=["time_ms"]) == {"code.tree": "axis"}


def test_an_own_ruler_goes_before_that_of_all() -> None:
    mine = {"declared": {"": OLD, "loss": {"eval.py": "sha256:e"}}}
    theirs = {"declared": {"": NEW, "loss": {"eval.py": "sha256:e"}}}
    assert roles(run(1, mine), run(2, theirs, "t2"), "code", metrics=["loss"]) == {"code.tree": "axis"}  # fmt: skip
    assert "ruler.bench.py" in roles(run(1, mine), run(2, theirs, "t2"), "code")


def test_what_a_command_names_is_the_ruler_where_it_loads_other_code() -> None:
    loads = {"named": OLD, "loads": True}, {"named": NEW, "loads": True}
    a, b = run(1, loads[0]), run(2, loads[1], "t2")
    assert roles(a, b, "code")["ruler.bench.py"] == "confound"
    alone = run(1, {"named": OLD}), run(2, {"named": NEW}, "t2")
    assert roles(*alone, "code") == {"code.tree": "axis"}
    assert measures_itself([alone[0]], [alone[1]], ["loss"]) == ["bench.py"]
    assert measures_itself([a], [b], ["loss"]) == []


def test_a_config_file_that_the_command_names_is_given_and_does_not_measure() -> None:
    a = run(1, {"named": {**OLD, "conf/a.yaml": "sha256:1"}, "loads": True})
    b = run(2, {"named": {**OLD, "conf/a.yaml": "sha256:2"}, "loads": True}, "t2")
    assert roles(a, b, "code") == {"code.tree": "axis"}
    data = run(3, {"named": {**OLD, "val.csv": "sha256:3"}, "loads": True}, "t2")
    a.ruler["named"]["val.csv"] = "sha256:4"
    assert roles(a, data, "code")["ruler.val.csv"] == "confound"


def test_a_declaration_takes_the_place_of_what_is_named() -> None:
    eval_ = {"": {"eval.py": "sha256:e"}}
    a = run(1, {"declared": eval_, "named": OLD, "loads": True})
    b = run(2, {"declared": eval_, "named": NEW, "loads": True}, "t2")
    assert roles(a, b, "code") == {"code.tree": "axis"}
    nothing: dict[str, Any] = {"declared": {"": {}}}
    a = run(1, {**nothing, "named": OLD, "loads": True})
    b = run(2, {**nothing, "named": NEW, "loads": True}, "t2")
    assert roles(a, b, "code") == {"code.tree": "axis"}
    assert measures_itself([a], [b], ["loss"]) == []


def test_records_from_before_say_nothing_of_it() -> None:
    old = run(1, {})
    assert roles(old, run(2, {"named": NEW, "loads": True}, "t2"), "code") == {"code.tree": "axis"}
    assert roles(old, run(2, {"declared": {"": NEW}}, "t2"), "code")["ruler.bench.py"] == "unknown"


def test_what_runs_append_to_is_no_ruler() -> None:
    def appended(n: int, text: str, tree: str) -> Run:
        named = {"bench.py": "sha256:b", "results.csv": text}
        return run(n, {"named": named, "loads": True}, tree)

    a = [appended(n, f"a{n}", "t1") for n in (1, 2)]
    b = [appended(n, f"b{n}", "t2") for n in (3, 4)]
    assert roles(a, b, "code") == {"code.tree": "axis"}
    assert "results.csv" in config_diff(a, b, ["code"]).notes[0]


def test_one_side_with_two_rulers_is_never_pooled() -> None:
    both = [run(1, {"declared": {"": OLD}}), run(2, {"declared": {"": NEW}})]
    again = [run(3, {"declared": {"": OLD}}, "t2"), run(4, {"declared": {"": NEW}}, "t2")]
    assert roles(both, again, "code")["ruler.bench.py"] == "confound"


def test_a_comparison_of_two_rulers_gives_no_verdict() -> None:
    a = [run(n, {"declared": {"": OLD}}, "t1", 1.0 + n / 100) for n in (1, 2, 3)]
    b = [run(n, {"declared": {"": NEW}}, "t2", 0.5 + n / 100) for n in (4, 5, 6)]
    out = compare(a, b, axes=["code"], metric_defs={"loss": MetricDef("loss", direction="lower")})
    assert [r["code"] for r in out.refusals] == ["ruler-changed"]
    assert "bench.py" in out.refusals[0]["what"]
    assert {m.verdict for m in out.metrics} == {"cannot be compared"}


# ---- a thread ------------------------------------------------------------------------------------


def study(first: dict[str, Any], second: dict[str, Any]) -> ThreadBuilder:
    b = ThreadBuilder(metrics=[("loss", "", "lower")])
    for values, ruler, tree in (((1.0, 1.1, 1.2), first, "a"), ((0.5, 0.6, 0.7), second, "b")):
        code = {"tree": tree * 40, "commit": tree * 40, "head": tree * 40, "gaps": []}
        shown = b.plan("", argv=["python", "bench.py"], code=code, ruler=ruler)
        b.end(shown, {"loss": values[0]})
        for value in values[1:]:
            b.repeat(shown, {"loss": value})
    return b


def label(b: ThreadBuilder, predicate: str) -> Any:
    return evidence_of(b.thread(), {"predicate": predicate})


def test_a_claim_over_two_rulers_stays_exploratory_and_says_so() -> None:
    same = study({"declared": {"": OLD}}, {"declared": {"": OLD}})
    assert label(same, "loss(P-002) < loss(P-001)").label == "replicated"
    found = label(
        study({"declared": {"": OLD}}, {"declared": {"": NEW}}), "loss(P-002) < loss(P-001)"
    )
    assert found.label == "exploratory"
    assert [m.code for m in found.marks if m.caps] == ["ruler-changed"]
    assert "bench.py" in found.marks[-1].full


def test_what_measures_is_never_taken_for_the_one_axis() -> None:
    b = study({"declared": {"": OLD}}, {"declared": {"": NEW}})
    for record in b.records:
        if record.kind == "run-planned":
            record.body["code"]["tree"] = "c" * 40  # data that git ignores changed, nothing else
    assert label(b, "loss(P-002) < loss(P-001)").label == "exploratory"


def test_runs_of_one_side_under_two_rulers_bear_no_number() -> None:
    b = study({"declared": {"": OLD}}, {"declared": {"": NEW}})
    assert label(b, "loss(block=1) < 2").label == "none"
    found = label(b, "loss(executor=local) < 2")
    assert [m.code for m in found.marks] == [
        "ruler-changed",
        "programs-pooled",
    ] and found.label == "exploratory"


def test_a_program_that_measures_itself_is_named_and_not_held_back() -> None:
    found = label(study({"named": OLD}, {"named": NEW}), "loss(P-002) < loss(P-001)")
    assert found.label == "replicated"
    assert [m.code for m in found.marks] == ["measures-itself"]


def test_a_program_that_came_to_measure_something_else_is_named_too() -> None:
    found = label(study({"named": OLD}, {"named": NEW, "loads": True}), "loss(P-002) < loss(P-001)")
    assert [m.code for m in found.marks] == ["measures-itself"]


def test_an_undeclared_ruler_is_said_where_the_code_differs() -> None:
    """Whoever edits an evaluator that no command names is not found; that nobody would find it is said."""
    same = {"named": OLD, "loads": True}
    found = label(study(same, same), "loss(P-002) < loss(P-001)")
    assert [m.code for m in found.marks] == ["ruler-open"] and found.label == "replicated"
    assert label(study({}, {}), "loss(P-002) < loss(P-001)").marks == []  # nobody asked then
    declared = {"declared": {"loss": OLD}, "named": OLD, "loads": True}
    assert label(study(declared, declared), "loss(P-002) < loss(P-001)").marks == []


@pytest.mark.parametrize("patterns", [[], ["README.md"]])
def test_what_was_declared_for_a_run_is_not_taken_back(patterns: list[str]) -> None:
    b = ThreadBuilder(metrics=[("loss", "", "lower")])
    first = {"patterns": ["bench.py"], "files": {"bench.py": "sha256:1"}, "why": ""}
    later = {"patterns": patterns, "files": dict.fromkeys(patterns, "sha256:r"), "why": "w"}
    b.record("ruler", {**first, "earlier": []})
    for tree, ruler, mean in (("a" * 40, first["files"], 3.3), ("b" * 40, later["files"], 3.2)):
        if mean == 3.2:
            groups = [{"trees": ["a" * 40], "files": later["files"]}]
            b.record("ruler", {**later, "earlier": groups if patterns else []})
        run = b.end(
            b.plan(tree[0], code={"tree": tree, "dirty": False}, ruler={"declared": {"": ruler}}),
            {"loss": mean},
        )
        b.repeat(run, {"loss": mean + 0.01}, {"loss": mean - 0.01})
    found = label(b, "loss(P-002) < loss(P-001)")
    assert found.label == "exploratory"
    assert "what measures changed between these runs: bench.py" in found.why


def test_a_declaration_says_what_measured_the_runs_before_it() -> None:
    b = study({"named": OLD, "loads": True}, {"named": NEW, "loads": True})
    groups = [{"trees": ["a" * 40, "b" * 40], "files": {"eval.py": "sha256:e"}}]
    files = {"eval.py": "sha256:e"}
    b.record("ruler", {"patterns": ["eval.py"], "files": files, "earlier": groups})
    thread = b.thread()
    assert {r.ruler["declared"][""]["eval.py"] for r in thread.runs} == {"sha256:e"}
    assert label(b, "loss(P-002) < loss(P-001)").label == "replicated"
    b.record(
        "ruler",
        {"patterns": ["eval.py"], "files": files, "earlier": [{**groups[0], "trees": ["b" * 40]}]},
    )
    found = label(b, "loss(P-002) < loss(P-001)")  # of the first state it is not known any more
    assert found.label == "exploratory"


def test_a_change_is_told_and_no_number_stands_over_it() -> None:
    b = study({"declared": {"loss": OLD}}, {"declared": {"loss": NEW}})
    b.baseline("P-001")
    b.record("ruler", {"metric": "loss", "patterns": ["bench.py"], "files": OLD, "earlier": []})
    # a declaration tells of the runs before it; these two were recorded with their own
    for record in b.records:
        record.body.pop("earlier", None)
    b.record(
        "ruler",
        {
            "metric": "loss",
            "patterns": ["bench.py"],
            "files": NEW,
            "changed": ["bench.py"],
            "experiment": "P-002",
        },
    )
    thread = b.thread()
    assert ruler_lines(thread) == [
        "loss by bench.py; ruler changed at P-002 on 2026-11-02 (bench.py)"
    ]
    assert relation(thread, thread.experiments["P-002"], "loss") == "another ruler"


# ---- the baseline against itself -----------------------------------------------------------------


def null(low: float | None, high: float | None, shown: bool = False, ratio: bool = True) -> Any:
    facts = {"as_ratio": ratio, "low": low, "high": high, "shown": shown}
    return {"interleaving": "P-I1", "blocks": 9, **facts}


def test_the_resolution_is_the_largest_difference_that_the_interval_holds() -> None:
    assert resolution(null(0.8, 1.1)) == pytest.approx(0.25)
    assert resolution(null(-0.3, 0.1, ratio=False)) == pytest.approx(0.3)
    assert resolution(null(None, None)) is None
    assert resolution(null(0.0, 1.1)) is None  # as a record from elsewhere may have it


def test_an_effect_below_it_says_so_and_one_above_does_not() -> None:
    assert "0.5 % is less than the 1 %" in below_resolution(null(0.995, 1.01), 200.0, 201.0)
    assert below_resolution(null(0.995, 1.01), 200.0, 203.0) == ""
    assert below_resolution(null(0.995, 1.01), 203.0, 200.0) == ""
    assert below_resolution(null(None, None), 200.0, 200.1) == ""
    assert below_resolution(null(0.9, 1.1), 0.0, 1.0) == ""  # no ratio to zero
    assert "0.05 is less than the 0.3" in below_resolution(null(-0.3, 0.1, ratio=False), 0.0, 0.05)
    assert "between the baseline and itself" in below_resolution(null(1.1, 1.2, True), 1.0, 9.0)


def test_what_it_resolves_is_said_in_a_sentence() -> None:
    assert "one below 25 % would not show" in null_text(null(0.8, 1.1))
    assert "too few" in null_text(null(None, None))
    assert "finds a difference between the baseline and itself" in null_text(null(1.1, 1.2, True))


def measured_null(b: ThreadBuilder, said: Any, files: dict[str, str] = OLD) -> None:
    b.record("ruler", {"metric": "loss", "patterns": ["bench.py"], "files": files, "null": said})


def test_a_claim_below_the_resolution_says_so() -> None:
    b = study({"declared": {"": OLD}}, {"declared": {"": OLD}})
    b.record("ruler", {"patterns": ["bench.py"], "files": OLD})
    measured_null(b, null(0.4, 1.1))
    found = label(b, "loss(P-002) < loss(P-001)")
    assert [m.code for m in found.marks] == ["below-resolution"] and found.label == "replicated"
    measured_null(b, null(0.99, 1.01))  # the last one counts
    assert label(b, "loss(P-002) < loss(P-001)").marks == []


def test_a_ruler_that_finds_what_is_not_there_bears_no_label() -> None:
    b = study({"declared": {"": OLD}}, {"declared": {"": OLD}})
    b.record("ruler", {"patterns": ["bench.py"], "files": OLD})
    measured_null(b, null(1.05, 1.2, True))
    found = label(b, "loss(P-002) < loss(P-001)")
    assert [m.code for m in found.marks] == ["null-differs"] and found.label == "exploratory"
    b.record("ruler", {"patterns": ["bench.py"], "files": NEW, "changed": ["bench.py"]})
    assert null_of(b.thread().rulers, "loss") is None  # it says nothing of another ruler


def test_a_null_measurement_changes_nothing_of_what_is_declared() -> None:
    b = study({"declared": {"": OLD}}, {"declared": {"": NEW}})
    b.record("ruler", {"patterns": ["bench.py"], "files": NEW})
    measured_null(b, null(0.99, 1.01), NEW)
    thread = b.thread()
    assert ruler_lines(thread) == ["every metric by bench.py"]
    assert [is_outdated(run, thread.rulers, "loss") for run in thread.runs] == [True] * 3 + [
        False
    ] * 3


def test_runs_of_the_baseline_against_itself_are_evidence_of_nothing() -> None:
    b = study({}, {})
    shown = b.plan("", design={"interleaving": "x", "side": "a", "block": 1, "null": True})
    b.end(shown, {"loss": 0.1})
    assert not b.thread().runs_of(shown)[0].is_evidence
