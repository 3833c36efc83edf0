"""Which cells of a plan were run: found by key, whatever else the thread holds, and without a key
for every cell."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.design import cells as design
from leadline.core.design import done
from leadline.core.errors import LeadlineError
from leadline.testing.builders import ThreadBuilder

TREE = "tree"


def body_of(cells: list[design.Cell], axes: list[str], **config: Any) -> dict[str, Any]:
    argv = ["./bench", *("{" + name + "}" for name in axes)]
    values = {name: [c[name] for c in cells] for name in axes}
    return {"argv": argv, "cwd": ".", "config": config, "cells": cells, "axes": values}


def planned(builder: ThreadBuilder, body: dict[str, Any], cell: design.Cell) -> str:
    """A run of ``cell`` as a sweep plans it; its id."""
    shown = builder.plan(config={**body["config"], **cell})
    record = builder.records[-1]
    record.body["key"] = done.key_of_cell(body, cell, TREE)
    record.body["config"] = {**body["config"], **cell}
    return shown


def found(builder: ThreadBuilder, body: dict[str, Any]) -> list[list[str]]:
    return [[run.id for run in runs] for runs in done.runs_of_cells(builder.thread(), body, TREE)]


SCALARS = [0, 1, 1.0, True, False, None, "1", "true", "a b", 2**70, 0.1]


@given(
    st.lists(st.tuples(st.sampled_from(SCALARS), st.sampled_from(SCALARS)), max_size=6),
    st.booleans(),
)
def test_a_run_is_found_at_its_cell_and_nowhere_else(chosen, other_order):
    cells = [{"a": a, "b": b} for a, b in itertools.product(SCALARS, SCALARS)]
    body = body_of(cells, ["a", "b"], fixed=3)
    builder = ThreadBuilder()
    expected: dict[str, list[str]] = {}
    for a, b in chosen:
        expected.setdefault(design.key_of({"a": a, "b": b}), []).append(
            planned(builder, body, {"a": a, "b": b})
        )
    if other_order:  # as a list of cells may have them
        body["cells"] = [{"b": c["b"], "a": c["a"]} if at % 2 else c for at, c in enumerate(cells)]
    assert found(builder, body) == [expected.get(design.key_of(cell), []) for cell in cells]


def test_a_corrected_config_does_not_hide_the_run():
    """The key says what was run; a correction says what it should be called."""
    cells = [{"a": 1}, {"a": 2}]
    body, builder = body_of(cells, ["a"]), ThreadBuilder()
    shown = planned(builder, body, {"a": 1})
    builder.correct(shown, "config.a", 2)
    assert found(builder, body) == [[shown], []]


def test_a_large_plan_needs_keys_for_the_cells_that_may_have_been_run_alone(monkeypatch):
    cells = [{"a": a, "b": b} for a in range(60) for b in range(60)]
    body, builder = body_of(cells, ["a", "b"]), ThreadBuilder()
    runs = [planned(builder, body, {"a": n, "b": n}) for n in range(5)]
    planned(builder, body_of([], ["a", "b"]), {"a": 100, "b": 1})  # of another plan
    asked: list[design.Cell] = []
    real = done.key_of_cell
    monkeypatch.setattr(
        done,
        "key_of_cell",
        lambda body, cell, tree: asked.append(cell) or real(body, cell, tree),
    )
    assert [names for names in found(builder, body) if names] == [[run] for run in runs]
    assert len(asked) == 5


@pytest.mark.parametrize("cells", [[], [{"a": 1}]])
def test_a_thread_without_runs(cells):
    assert found(ThreadBuilder(), body_of(cells, ["a"])) == [[] for _ in cells]


# ---- what is done of a sweep, and what the rest costs --------------------------------------------


def test_what_counts_and_what_is_under_way_is_done():
    b = ThreadBuilder()
    b.run("base", {"time_ms": 1.0})
    b.repeat("P-001", {"time_ms": 1.0}, {"time_ms": 2.0})
    b.run(experiment="P-001", state="failed")
    b.plan(experiment="P-001")
    b.retract("P-001-r2", "the wrong node")
    assert done.done_of(list(b.thread().runs)) == 3
    assert done.done_of([]) == 0


def varied(*configs: dict[str, Any]) -> ThreadBuilder:
    b = ThreadBuilder()
    for config in configs:
        b.run("one", {"time_ms": 1.0}, config)
    return b


@pytest.mark.parametrize(
    ("configs", "missing"),
    [
        ([], ["a", "b"]),
        ([{"a": 1, "b": 1}, {"a": 2, "b": 1}], ["b"]),
        ([{"a": 1, "b": 1}, {"a": 2, "b": 2}], ["a", "b"]),
        ([{"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 2, "b": 2}], []),
    ],
)
def test_an_axis_was_varied_alone_when_all_else_stayed(configs, missing):
    assert done.one_axis_missing(varied(*configs).thread(), ["a", "b"]) == missing


def test_a_failed_run_varies_nothing():
    b = varied({"a": 1})
    b.run("two", config={"a": 2}, state="failed")
    assert done.one_axis_missing(b.thread(), ["a"]) == ["a"]


def timed(*walls: tuple[int, float]) -> ThreadBuilder:
    b = ThreadBuilder()
    for a, wall_s in walls:
        b.run("one", {"time_ms": 1.0}, {"a": a}, argv=["./bench", str(a)], wall_s=wall_s)
    return b


def test_a_cell_costs_what_it_did_and_a_new_one_the_median():
    body = body_of([{"a": 1}, {"a": 2}], ["a"])
    thread = timed((1, 10.0), (1, 30.0), (3, 50.0)).thread()
    assert done.estimate(thread, body, [1, 0], 1) == {"seconds": 20.0, "from_runs": 3}
    assert done.estimate(thread, body, [0, 1], 1) == {"seconds": 30.0, "from_runs": 3}
    assert done.estimate(thread, body, [2, 2], 4) == {"seconds": 25.0, "from_runs": 3}


def test_another_command_says_nothing_of_the_time():
    thread = timed((1, 10.0)).thread()
    other = {**body_of([{"a": 1}], ["a"]), "argv": ["./train", "{a}"]}
    assert done.estimate(thread, other, [1], 1) == {"seconds": None, "from_runs": 0}


def test_the_sweep_named_or_else_the_last():
    b = ThreadBuilder()
    with pytest.raises(LeadlineError, match="this thread has no sweep"):
        done.find_sweep(b.thread())
    b.record("sweep", {"id": "P-W1", **body_of([{"a": 1}], ["a"])})
    b.record("sweep", {"id": "P-W2", **body_of([{"a": 1}], ["a"])})
    note = b.note("a note")
    thread = b.thread()
    assert done.find_sweep(thread).id == "P-W2"
    assert done.find_sweep(thread, "P-W1").id == "P-W1"
    with pytest.raises(LeadlineError, match="is no sweep"):
        done.find_sweep(thread, note)
