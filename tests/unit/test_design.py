"""Designs: which cells, in which order, and every matrix that cannot be run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.design import cells as design
from leadline.core.errors import LeadlineError


def refused(code, call, *args, **kwargs):
    with pytest.raises(LeadlineError) as raised:
        call(*args, **kwargs)
    assert raised.value.code == code
    assert raised.value.kind == "usage"
    return raised.value


def test_axes_are_parsed_as_config_values_are():
    axes = design.parse_axes(["block=64,128", "dtype=bf16,fp32", "flag=true,false", "lr=1e-3"])
    assert axes == {
        "block": [64, 128],
        "dtype": ["bf16", "fp32"],
        "flag": [True, False],
        "lr": [0.001],
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("block", "bad-axis"),
        ("=1", "bad-axis"),
        ("block=", "empty-axis"),
        ("block=1,,2", "empty-value"),
        ("block=1,2,1", "duplicate-value"),
        ("block=1,nan", "not-a-number"),
        ("block=Infinity", "not-a-number"),
        ("b k=1", "bad-axis-name"),
    ],
)
def test_bad_axes_are_named(text, code):
    refused(code, design.parse_axes, [text])


def test_an_axis_twice_is_refused():
    refused("axis-twice", design.parse_axes, ["a=1", "a=2"])


def test_one_axis_varies_one_at_a_time_around_the_centre():
    axes = {"a": [1, 2, 3], "b": ["x", "y"]}
    cells = design.cells_of("one-axis", axes, {"a": 2})
    assert cells[0] == {"a": 2, "b": "x"}
    assert len(cells) == 1 + 2 + 1
    assert all((c["a"] != 2) + (c["b"] != "x") <= 1 for c in cells)


def test_a_centre_outside_the_axis_is_a_cell_too():
    assert {"a": 9, "b": 1} in design.cells_of("one-axis", {"a": [1], "b": [1, 2]}, {"a": 9})


@pytest.mark.parametrize("kind", ["factorial", "interaction"])
def test_a_cross_has_every_combination_once(kind):
    cells = design.cells_of(kind, {"a": [1, 2, 3], "b": [4, 5]})
    assert len({design.key_of(c) for c in cells}) == len(cells) == 6


def test_an_interaction_needs_two_axes():
    refused("one-axis-only", design.cells_of, "interaction", {"a": [1, 2]})


def test_a_million_cells_are_counted_and_not_built():
    axes = {name: list(range(100)) for name in "abc"}
    error = refused("too-many-cells", design.cells_of, "factorial", axes)
    assert "1,000,000" in error.what
    assert error.details["cells"] == 1_000_000
    huge = {f"a{i}": list(range(100)) for i in range(40)}
    assert refused("too-many-cells", design.cells_of, "factorial", huge).details["cells"] == 100**40


def test_the_limit_can_be_moved():
    assert len(design.cells_of("factorial", {"a": [1, 2], "b": [1, 2]}, max_cells=4)) == 4
    refused("too-many-cells", design.cells_of, "factorial", {"a": [1, 2], "b": [1, 2]}, max_cells=3)


def test_matrix_files():
    assert design.read_matrix({"axes": {"a": [1, 2]}, "design": "factorial"}) == (
        "factorial",
        {"a": [1, 2]},
        [],
    )
    assert design.read_matrix({"cells": [{"a": 1}]}) == ("list", {}, [{"a": 1}])
    assert design.read_matrix([{"a": 1}])[0] == "list"


@pytest.mark.parametrize(
    "data",
    [None, 3, {}, {"axes": {}, "cells": []}, {"cells": [1]}, {"axes": {"a": 1}}, {"cels": []}],
)
def test_bad_matrix_files(data):
    refused("bad-matrix", design.read_matrix, data)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([], "empty-matrix"),
        ([{"a": 1}, {"b": 1}], "uneven-matrix"),
        ([{"a": 1}, {"a": 1}], "duplicate-cell"),
        ([{"a": float("nan")}], "not-a-number"),
        ([{"a": [1]}], "bad-value"),
        ([{}], "uneven-matrix"),
    ],
)
def test_bad_lists(cells, code):
    refused(code, design.cells_of, "list", {}, None, cells)


def test_the_order_follows_from_the_seed_and_repeats_are_whole_passes():
    made = design.passes(20, 3, 7)
    assert made == design.passes(20, 3, 7)
    assert made != design.passes(20, 3, 8)
    assert all(sorted(p) == list(range(20)) for p in made)
    assert made[0] != made[1]
    assert made[0] != list(range(20))


def test_values_go_where_the_braces_are():
    argv = ["./bench", "--block={block}", "{{x}}", "{block}-{dtype}", "$(awk '{ print }')"]
    assert design.placeholders(argv) == ["block", "dtype"]
    filled = design.fill(argv, {"block": 64, "dtype": "bf16"})
    assert filled == ["./bench", "--block=64", "{x}", "64-bf16", "$(awk '{ print }')"]


def test_a_value_with_braces_is_not_filled_again():
    assert design.fill(["{a}"], {"a": "{b}", "b": 1}) == ["{b}"]


def test_an_axis_that_does_not_reach_the_command_is_named():
    error = refused("axis-not-in-command", design.check_command, ["x", "{a}"], ["a", "b"])
    assert "b" in error.what
    assert "--env-axis b" in error.why
    design.check_command(["x", "{a}"], ["a", "b"], ["b"])


def test_unknown_placeholders_and_missing_commands():
    assert (
        "{blok}"
        in refused("unknown-placeholder", design.check_command, ["x", "{blok}", "{a}"], ["a"]).what
    )
    refused("no-command", design.check_command, [], ["a"])
    refused("unknown-axis", design.check_command, ["{a}"], ["a"], ["c"])


def test_equal_looking_values_of_other_types_are_other_cells():
    assert design.key_of({"a": 1}) != design.key_of({"a": "1"})
    assert design.key_of({"a": 1, "b": 2}) == design.key_of({"b": 2, "a": 1})


@given(
    st.lists(st.text(alphabet="{}ab.x- \n", max_size=14), max_size=3),
    st.dictionaries(
        st.sampled_from(["a", "b", "ab", "a.b"]), st.sampled_from([1, True, None, "{a}", "x"])
    ),
)
def test_a_template_taken_apart_once_says_what_replacing_says(argv, cell):
    def value(match):
        if match[0] in ("{{", "}}"):
            return match[0][0]
        return design.shown(cell[match[1]]) if match[1] in cell else match[0]

    assert design.filler(argv)(cell) == [design._PLACEHOLDER.sub(value, text) for text in argv]


def test_what_is_the_same_in_every_cell_stands_in_the_command_too():
    given = ["--lr", "{lr}", "{block}", "{{lr}}", "{other}"]
    fixed = design.with_fixed(given, {"lr": 0.1, "other": "{a}"})
    assert fixed == ["--lr", "0.1", "{block}", "{{lr}}", "{{a}}"]
    assert design.fill(fixed, {"block": 2}) == ["--lr", "0.1", "2", "{lr}", "{a}"]
