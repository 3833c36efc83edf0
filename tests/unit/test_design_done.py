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
