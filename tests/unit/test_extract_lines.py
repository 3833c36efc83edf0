"""The values in one logged line: what is a number, under which name, and what is ordinary output."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.extract.gather import Gatherer
from leadline.core.extract.lines import (
    flat_numbers,
    held_or_text,
    may_measure,
    number_of,
    points_of,
    printed_measuring,
    printed_value,
    read_metrics_line,
    read_stdout_line,
    step_of,
    vanishes,
)
from leadline.core.extract.spec import METRICS, STDOUT, ExtractionSpec
from leadline.core.extract.written_number import number_in
from leadline.core.metric.units import unit_of_name
from leadline.core.record.run import MetricDef


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3.0),
        (True, 1.0),
        (2**53 + 1, 2**53 + 1),
        ([1, 2], None),
        ("3", None),
        (" -Infinity ", -math.inf),
        (None, None),
        ([1], 1.0),
        (10**400, math.inf),
        (-(10**400), -math.inf),
    ],
)
def test_numbers_and_the_words_for_those_json_lacks(value: Any, number: float | None) -> None:
    assert number_of(value) == number


def test_nan_is_a_number() -> None:
    assert math.isnan(number_of("NaN") or 0.0)


@pytest.mark.parametrize(
    ("text", "kept"),
    [("1e999", "1e999"), ("10e-999", "10e-999"), ("0.000", 0.0), ("-0e5", 0.0), ("1e308", 1e308)],
)
def test_what_no_float_holds_stays_text(text: str, kept: float | str) -> None:
    assert held_or_text(text) == kept
    assert vanishes(float(text), text) == (text == "10e-999")


@pytest.mark.parametrize(
    "record",
    [
        {"loss": 0.3, "step": 10},
        {"metric": "loss", "value": 0.3},
        {"metrics": {"loss": 0.3}, "note": 7},
        {
            "loss": 0.3,
            "_step": 1,
            "t": 4.0,
            "timestamp": 5,
            "_timestamp": 6,
            "tag": "x",
            "ok": None,
        },
    ],
)
def test_three_forms_say_the_same(record: dict[str, Any]) -> None:
    assert dict(points_of(record)) == {"loss": 0.3}


def test_a_metric_whose_value_is_text_gives_nothing() -> None:
    assert dict(points_of({"metric": "loss", "value": "high"})) == {}
    assert dict(points_of({"metric": "loss", "other": 2})) == {"other": 2.0}


def test_nested_objects_give_dotted_names_down_to_a_depth() -> None:
    assert flat_numbers({"a": {"b": 1, "c": {"d": 2}}, "e": "f"}) == {"a.b": 1.0, "a.c.d": 2.0}
    nested: Any = 1
    for _ in range(9):
        nested = {"x": nested}
    assert flat_numbers(nested) == {"x.x.x.x.x.x.x.x.x": 1.0}
    assert flat_numbers({"x": nested}) == {}


def test_the_step_is_the_declared_column_or_one_of_two_names() -> None:
    assert step_of({"step": 3, "_step": 4}) == 3.0
    assert step_of({"_step": 4}) == 4.0
    assert step_of({"step": math.inf, "_step": 4}) == 4.0
    assert step_of({"step": 3, "epoch": 1}, "epoch") == 1.0
    assert step_of({"step": 3}, "epoch") is None


def gathered(spec: ExtractionSpec = METRICS) -> Gatherer:
    return Gatherer(spec, {})


def codes(found: Gatherer) -> list[str]:
    return [p["code"] for p in found.problems.listed()]


def test_a_blank_line_is_no_row() -> None:
    into = gathered()
    read_metrics_line("  \n", 1, into)
    assert (into.rows, into.taken, into.dropped) == (0, 0, 0)


@pytest.mark.parametrize(("complete", "code"), [(True, "not-json"), (False, "torn-last-line")])
def test_a_line_that_is_no_object_is_dropped_and_named(complete: bool, code: str) -> None:
    into = gathered()
    read_metrics_line('{"loss": 0', 7, into, complete)
    assert (into.dropped, codes(into)) == (1, [code]) and not into.problems.blocking
    read_metrics_line("[1]", 8, into, complete)
    assert into.dropped == 2


def test_an_object_without_a_number_is_dropped() -> None:
    into = gathered()
    read_metrics_line('{"state": "warm"}', 1, into)
    assert (into.rows, into.taken, into.dropped, codes(into)) == (1, 0, 1, ["no-number"])


def test_only_mapped_columns_are_taken_under_their_own_names() -> None:
    into = gathered(ExtractionSpec("metrics", mapping={"loss": "train/loss"}, nan="keep"))
    read_metrics_line('{"train/loss": 0.5, "lr": 0.1}', 1, into)
    assert {name: s.last for name, s in into.series.items()} == {"loss": 0.5}


@pytest.mark.parametrize(("nan", "blocking"), [("fail", True), ("drop", False)])
def test_a_nan_by_the_declared_rule(nan: str, blocking: bool) -> None:
    into = gathered(ExtractionSpec("metrics", nan=nan))
    read_metrics_line('{"loss": NaN, "lr": 0.1}', 1, into)
    assert list(into.series) == ["lr"]
    assert (codes(into), into.problems.blocking) == (["nan"], blocking)


def test_an_infinity_that_was_written_is_kept_and_one_that_was_made_is_not() -> None:
    into = gathered()
    read_metrics_line('{"loss": Infinity, "lr": 1e999}', 1, into)
    assert (list(into.series), codes(into)) == (["loss"], ["too-large"])


@pytest.mark.parametrize(
    "line",
    [
        "step 3",
        '{"a": 1} done',
        '{"a": {"b": 1}}',
        '{"a": [1, 2]}',
        '{"a": "b"}',
        "{a: 1}",
        '["a"]',
    ],
)
def test_ordinary_output_is_no_row(line: str) -> None:
    into = gathered(STDOUT)
    read_stdout_line(line, 1, into)
    assert (into.rows, codes(into)) == (0, [])


def test_one_flat_object_on_stdout_is_a_row() -> None:
    into = gathered(STDOUT)
    read_stdout_line("  " + json.dumps({"time_ms": 3.5, "tag": "x"}) + "\n", 4, into)
    assert (into.rows, into.taken, into.series["time_ms"].last) == (1, 1, 3.5)


def test_a_byte_order_mark_before_what_is_printed_hides_no_row() -> None:
    into = gathered(STDOUT)
    read_stdout_line('\ufeff{"time_ms": 3.5}\r\n', 1, into)
    assert (into.rows, into.taken, into.series["time_ms"].last) == (1, 1, 3.5)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        ["", "a", "nan", " NaN ", "-inf", "+Infinity", "n\\u0061n", "tick: 3", 'b": 1']
    ),
    lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["loss", "metric", "value", "metrics", "a b"]), _JSON),
    st.booleans(),
)
def test_no_line_with_a_number_is_taken_for_one_without(record: dict, spaced: bool):
    text = json.dumps(record, separators=(", ", " : ") if spaced else (",", ":"))
    if dict(points_of(json.loads(text))):
        assert may_measure(text) and printed_measuring(()).search(text.encode())


@pytest.mark.parametrize(
    "line",
    [
        '{"loss": -1.5}',
        '{"loss" :\t[[ 3]]}',
        '{"loss": TRUE, "n": NaN}',
        '{"loss": " +inf"}',
        '{"loss": "\u22123"}',
        '{"loss": "\u00a03"}',
        '{"l\\u006fss": null}',
        '\x1b[32m{"loss":\x1b[0m 3}',
        '{"\u00e9cart": "~ 3"}',
        '{"a.b": "~ 3"}',
    ],
)
def test_a_line_that_may_measure_is_found_among_many(line: str):
    found = printed_measuring(["\u00e9cart", "a.b"]).search(f"no {{}}\n{line}\n: x\n".encode())
    assert found is not None and found.start() >= len("no {}\n")
    assert b"\n" not in found[0]


@pytest.mark.parametrize("line", ['{"event": tick, "worker": "a"}', '{"state":"done"}', "{}"])
def test_what_only_looks_like_json_is_not_parsed(line: str):
    assert not may_measure(line)


def test_a_text_is_a_number_for_a_metric_that_was_declared_and_what_it_may_not_be_is_named():
    into = Gatherer(METRICS, {"loss": MetricDef("loss"), "ms": MetricDef("ms", unit="ms")})
    read_metrics_line('{"loss": "\u22120,5", "ms": "12 s", "version": "1.10"}', 1, into)
    assert {name: series.last for name, series in into.series.items()} == {"loss": -0.5, "ms": 12e3}
    read_metrics_line('{"ms": "12 MB"}', 2, into)
    problem = into.problems.listed()[0]
    assert "ms is '12 MB', which is in 'MB', and the metric is in 'ms'" in problem["what"]


def test_a_text_is_a_number_where_the_metric_is_named_by_the_unit_in_it():
    into = Gatherer(METRICS, {})
    read_metrics_line(
        '{"time_ms": "6.7 ms", "step_ms": "1.2 s", "size": "4 GB", "mem_GB": "3"}', 1, into
    )
    assert {name: series.last for name, series in into.series.items()} == {"time_ms": 6.7}


@pytest.mark.parametrize(
    ("printed", "pattern"),
    [
        ("start\ntime_ms: 6.7 ms\nbye", "time_ms=time_ms: *(.+)"),
        ("Val loss (final) = 1.2e-3\n", r"Val_loss_final=Val loss \(final\) = *(.+)"),
        ("mean time: 6.7 ms", "mean_time_ms=mean time: *(.+)"),
        ("accuracy: 91.2%", "accuracy_pct=accuracy: *(.+)"),
        ("speed: 5 furlongs", None),
        ("epoch 3\nsee: https://a.b\nat 12:30", None),
        ("shape: (3, 4)\nmode: fast", None),
    ],
)
def test_a_printed_value_tells_the_pattern_that_takes_it(printed: str, pattern: str | None):
    found = printed_value(printed)
    assert (found and found[1]) == pattern
    if found:
        name, _, asked = found[1].partition("=")
        taken = re.search(asked, found[0])
        assert taken and isinstance(number_in(taken[1], unit_of_name(name)), float)


def test_nested_and_dotted_names_that_meet_are_named_and_neither_is_taken():
    into = gathered()
    read_metrics_line('{"a": {"b": 1}, "a.b": 2, "c": 3}', 7, into)
    assert (list(into.series), codes(into)) == (["c"], ["name-collision"])
