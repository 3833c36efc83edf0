"""What two sides measured in turns say, and what a recorded measurement says again."""

from __future__ import annotations

import pytest

from leadline.core.design.blocks import WALL, definition_of, judge, progress, result_of
from leadline.core.errors import LeadlineError
from leadline.core.record.run import MetricDef
from leadline.testing.builders import ThreadBuilder

TIME = MetricDef("time_ms", "ms", "lower")
SPEED = MetricDef("speed", "1/s", "higher")


def blocks(n: int, a: float = 10.0, b: float = 10.0) -> list[dict[str, list[float]]]:
    """``n`` blocks of abba whose values stray by a little, the same way on both sides."""
    return [{"a": [a + 0.01 * i, a], "b": [b + 0.01 * i, b]} for i in range(n)]


@pytest.mark.parametrize(
    ("definition", "b", "verdict"),
    [
        (TIME, 20.0, "worse"),
        (TIME, 5.0, "better"),
        (SPEED, 20.0, "better"),
        (SPEED, 5.0, "worse"),
        (MetricDef("loss"), 20.0, "different"),
    ],
)
def test_a_difference_is_judged_by_the_direction_of_its_metric(definition, b, verdict):
    result = judge(blocks(12, b=b), definition, 0.05, None)
    assert (result["shown"], result["verdict"]) == (True, verdict)
    assert result["estimate"] == pytest.approx(b / 10.0, rel=0.01)


def test_seven_blocks_are_the_fewest_that_show_anything():
    assert judge(blocks(6, b=20.0), TIME, 0.05, None)["verdict"] == "no difference shown"
    assert judge(blocks(7, b=20.0), TIME, 0.05, None)["verdict"] == "worse"


@pytest.mark.parametrize(
    ("b", "margin", "verdict"),
    [
        (10.0, "within", "equivalent"),
        (10.2, "within", "equivalent"),
        (20.0, "outside", "worse"),
    ],
)
def test_equivalence_is_a_verdict_of_its_own(b, margin, verdict):
    result = judge(blocks(12, b=b), TIME, 0.05, 0.05)
    assert (result["margin"], result["verdict"]) == (margin, verdict)
    assert result["sentence"].endswith("; margin 5 %")


def test_an_interval_across_the_margin_shows_no_equivalence():
    strewn = [{"a": [10.0, 10.0], "b": [9.0 + i % 3, 9.0 + i % 3]} for i in range(12)]
    result = judge(strewn, TIME, 0.05, 0.01)
    assert (result["margin"], result["verdict"]) == ("across", "not shown equivalent")


def test_without_a_whole_block_nothing_is_known():
    result = judge([], TIME, 0.05, 0.1)
    assert (result["verdict"], result["n_blocks"]) == ("cannot be compared", 0)
    assert result["sentence"] == "no whole block: nothing is known"
    assert progress(result) == "no whole block yet"


def test_one_block_has_an_estimate_without_bounds():
    result = judge(blocks(1, b=20.0), TIME, 0.05, None)
    assert (result["low"], result["high"]) == (None, None)
    assert "not bounded" in result["sentence"] and progress(result) == "2, not bounded yet"


@pytest.mark.parametrize("zero", [0.0, -1.0])
def test_values_not_above_zero_are_judged_by_their_difference(zero):
    result = judge(blocks(12, a=zero, b=zero + 5.0), TIME, 0.05, None)
    assert not result["as_ratio"] and result["estimate"] == pytest.approx(5.0)
    assert result["sentence"].startswith("difference b - a 5, 95 % interval 5 to 5 ms")


def test_the_wall_time_of_a_run_needs_no_definition():
    thread = ThreadBuilder().thread()
    assert definition_of(thread, WALL).direction == "lower"
    assert definition_of(thread, "time_ms").unit == "ms"
    assert definition_of(thread, "other").direction == "none"


def measured(whole: int, metric: str = "time_ms") -> tuple[ThreadBuilder, list[str]]:
    """A recorded measurement of ``whole`` blocks; the runs of side b."""
    b = ThreadBuilder()
    uid = b.record("interleaving", {"id": "P-I1", "metric": metric, "order": "abba"}).id
    of_b = []
    for block in range(whole):
        for side in "abba":
            experiment = (
                {"a": "P-001", "b": "P-002"}[side] if b.records[-1].kind == "run-ended" else ""
            )
            known = experiment in {r.body.get("experiment") for r in b.records}
            design = {"interleaving": uid, "side": side, "block": block + 1}
            shown = b.plan(
                side, {"side": side}, experiment=experiment if known else "", design=design
            )
            b.end(
                shown, {"time_ms": {"a": 10.0, "b": 20.0}[side]}, wall_s={"a": 1.0, "b": 3.0}[side]
            )
            of_b += [shown] if side == "b" else []
    return b, of_b


def test_a_recorded_measurement_is_computed_again_from_its_runs():
    b, _ = measured(3)
    thread = b.thread()
    result = result_of(thread, thread.items["P-I1"])
    assert (result["n_blocks"], result["estimate"]) == (3, pytest.approx(2.0))
    assert result["experiments"] == {"a": "P-001", "b": "P-002"}
    assert result["why_stopped"] == "it has not ended, or was cut off"


def test_a_retracted_run_takes_its_block_with_it():
    b, of_b = measured(3)
    b.retract(of_b[0], "the wrong node")
    thread = b.thread()
    assert result_of(thread, thread.items["P-I1"])["n_blocks"] == 2


def test_without_a_metric_the_wall_time_is_judged():
    b, _ = measured(2, metric=WALL)
    thread = b.thread()
    result = result_of(thread, thread.items["P-I1"])
    assert (result["unit"], result["estimate"]) == ("s", pytest.approx(3.0))


def test_what_is_no_measurement_is_refused():
    b = ThreadBuilder()
    b.run("base", {"time_ms": 1.0})
    thread = b.thread()
    with pytest.raises(LeadlineError, match="P-001 is no interleaved measurement"):
        result_of(thread, thread.experiments["P-001"])


def test_a_count_that_is_alike_in_every_run_is_exact_from_the_first_block() -> None:
    size = MetricDef("allocated_bytes", "bytes", "lower")
    one = [{"a": [200.0, 200.0], "b": [120.0, 120.0]}]
    found = judge(one, size, 0.05, None)
    assert (found["verdict"], found["low"], found["high"]) == ("better", 0.6, 0.6)
    assert found["sentence"] == "ratio b / a exactly 0.6, the same in every run"
    same = judge([{"a": [200.0] * 2, "b": [200.0] * 2}], size, 0.05, 0.01)
    assert (same["verdict"], same["shown"]) == ("equivalent", False)
    moved = judge([*one, {"a": [200.0, 201.0], "b": [120.0, 120.0]}], size, 0.05, None)
    assert moved["verdict"] == "no difference shown" and moved["low"] is None
    assert judge(one, TIME, 0.05, None)["verdict"] == "no difference shown"
