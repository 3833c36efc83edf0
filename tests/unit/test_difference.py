"""Each branch of the rule that chooses a test, and the numbers it then gives."""

from __future__ import annotations

from typing import Any

import pytest

from leadline.core.compare import difference as rules
from leadline.core.compare.difference import difference
from leadline.core.record.run import MetricDef, Run

TIME = MetricDef("time_ms", "ms", "lower", observed="machine")
LOSS = MetricDef("loss", "nats", "lower", observed="result")


def runs(
    side: str,
    values: list[float],
    start: int = 0,
    step: int = 1,
    name: str = "time_ms",
    **more: Any,
) -> list[Run]:
    """Runs started one minute after the other, at minute ``start``, ``start + step``, ..."""
    made = []
    for i, value in enumerate(values):
        minute = start + step * i
        facts = {k: v(i) if callable(v) else v for k, v in more.items()}
        made.append(
            Run(
                f"{side}-r{i}",
                f"{minute:026d}",
                side,
                state="done",
                metrics={name: value},
                started_at=f"2026-01-01T{minute // 60:02d}:{minute % 60:02d}:00.000Z",
                **facts,
            )
        )
    return made


def test_blocks_pair() -> None:
    def place(i: int) -> dict[str, Any]:
        return {"interleaving": "X", "block": i, "position": 0}

    a, b = (
        runs("A", [10.0, 20.0, 30.0], 0, 2, design=place, name="loss"),
        runs("B", [11.0, 21.5, 31.2], 1, 2, design=place, name="loss"),
    )
    found = difference(a, b, "loss", LOSS)
    assert (found.rule, found.pairs, found.test.name) == (rules.PAIRED_BY_BLOCK, 3, "paired t")
    assert found.test.difference == pytest.approx((1.0 + 1.5 + 1.2) / 3)
    # the spread between blocks is gone
    assert found.test.p_two is not None and found.test.p_two < 0.02
    b[2].design = {"interleaving": "Y", "block": 2}
    part = difference(a, b, "loss", LOSS)
    assert part.pairs == 2 and "2 runs in no block or round with the other side" in part.notes[0]
    a[0].design = {}
    assert difference(a, b, "loss", LOSS).pairs == 0


def test_a_block_with_several_runs_of_a_side_is_one_pair() -> None:
    def place(i: int) -> dict[str, Any]:
        return {"interleaving": "X", "block": i // 2}

    a = runs("A", [10.0, 12.0, 20.0, 22.0], 0, 2, design=place)
    b = runs("B", [11.0, 14.0, 21.0, 23.0], 1, 2, design=place)
    found = difference(a, b, "time_ms", TIME)
    assert found.pairs == 2 and found.test.difference == pytest.approx((1.5 + 1.0) / 2)


@pytest.mark.parametrize("key", ["seed", "train.seed", "data_seed"])
def test_seeds_pair(key: str) -> None:
    a = runs("A", [3.0, 2.0, 1.0], name="loss", config=lambda i: {key: i, "arm": "a"})
    b = runs("B", [3.1, 2.2, 1.1], 10, name="loss", config=lambda i: {key: i, "arm": "b"})
    found = difference(a, b, "loss", LOSS)
    assert (found.rule, found.pairs) == (rules.PAIRED_BY_SEED, 3)
    assert found.test.difference == pytest.approx(0.4 / 3)
    b[2].config[key] = 7
    assert difference(a, b, "loss", LOSS).rule == rules.PLAIN  # not the same seeds
    b[2].config[key] = 1
    assert difference(a, b, "loss", LOSS).rule == rules.PLAIN  # not once each


def test_pairs_that_all_differ_by_the_same_are_not_tested_as_pairs() -> None:
    a = runs("A", [1.0, 2.0, 4.0], name="loss", config=lambda i: {"seed": i})
    b = runs("B", [2.0, 3.0, 5.0], 10, name="loss", config=lambda i: {"seed": i})
    found = difference(a, b, "loss", LOSS)
    assert (
        found.rule == rules.PLAIN
        and found.test.p_two is not None
        and "3 pairs were not tested" in found.notes[0]
    )


def test_sides_one_after_the_other_bear_no_verdict() -> None:
    a, b = runs("A", [10.0, 10.5, 11.0, 11.6]), runs("B", [12.0, 12.4, 13.1, 13.5], 10)
    found = difference(a, b, "time_ms", TIME)
    assert found.withheld == rules.NOT_IN_TURNS and found.test.name == "Welch t"
    assert difference(b, a, "time_ms", TIME).withheld == rules.NOT_IN_TURNS  # whichever came first
    result = difference(
        runs("A", [10.0, 10.5, 11.0], name="loss"),
        runs("B", [12.0, 12.4, 13.1], 10, name="loss"),
        "loss",
        LOSS,
    )
    assert result.rule == rules.PLAIN and not result.withheld
    unknown = runs("A", [10.0, 10.5, 11.0], 0, 2)
    unknown[0].started_at = ""
    assert difference(unknown, runs("B", [12.0, 12.4], 1, 2), "time_ms", TIME).withheld


def test_sides_in_turns_are_paired_by_round() -> None:
    a, b = runs("A", [10.0, 10.5, 11.0], 0, 2), runs("B", [12.0, 12.4, 13.1], 1, 2)
    found = difference(a, b, "time_ms", TIME)
    assert (found.rule, found.pairs, found.withheld) == (rules.PAIRED_BY_ROUND, 3, "")
    assert found.test.difference == pytest.approx((2.0 + 1.9 + 2.1) / 3)
    assert rules.took_turns(a, b) and not rules.took_turns(a, runs("B", [1.0, 2.0], 10))


def test_runs_beside_each_other_are_no_turns() -> None:
    a, b = runs("A", [10.0, 10.5, 11.0], 0, 4), runs("B", [12.0, 12.4, 13.1], 1, 4)
    for run in a:
        run.ended_at = run.started_at.replace(":00.000Z", ":59.000Z")
    assert difference(a, b, "time_ms", TIME).pairs == 3
    for run, other in zip(a, b, strict=True):
        run.ended_at = other.started_at.replace(":00.000Z", ":30.000Z")
    assert difference(a, b, "time_ms", TIME).withheld == rules.NOT_IN_TURNS


def test_a_measurement_that_could_stop_when_it_saw_something_is_judged_for_that() -> None:
    def place(i: int) -> dict[str, Any]:
        return {"interleaving": "X", "block": i}

    values = [10.0, 10.2, 9.9, 10.1, 10.3, 9.8, 10.0]
    a = runs("A", values, 0, 2, design=place)
    b = runs("B", [v + 0.5 + 0.01 * i for i, v in enumerate(values)], 1, 2, design=place)
    seven = difference(a, b, "time_ms", TIME)
    assert seven.rule == rules.ANY_TIME and seven.test.p is not None and seven.test.p > 0.01
    assert seven.test.ratio_interval is not None and seven.test.interval.known
    assert difference(a[:6], b[:6], "time_ms", TIME).rule == rules.PAIRED_BY_BLOCK


def test_constant_sides_are_exact_where_the_machine_moves_nothing() -> None:
    a, b = runs("A", [2.0] * 3, name="loss"), runs("B", [1.5] * 3, 10, name="loss")
    found = difference(a, b, "loss", LOSS)
    assert found.rule == rules.EXACT and found.test.difference == -0.5 and found.test.p_two is None
    assert found.test.interval.low == found.test.interval.high == -0.5 and not found.withheld
    times = difference(runs("A", [2.0] * 3), runs("B", [1.5] * 3, 10), "time_ms", TIME)
    assert times.withheld == rules.NO_SPREAD


def test_a_count_is_exact_from_one_run_a_side() -> None:
    size = MetricDef("peak_allocated", "MB", "lower")
    a, b = runs("A", [200.0], name="peak_allocated"), runs("B", [120.0], 10, name="peak_allocated")
    found = difference(a, b, "peak_allocated", size)
    assert found.rule == rules.EXACT and not found.withheld
    resident = MetricDef("rss", "MB", "lower")
    moved = difference(
        runs("A", [200.0], name="rss"), runs("B", [120.0], 10, name="rss"), "rss", resident
    )
    assert moved.rule != rules.EXACT


def test_a_claims_factor_and_two_names() -> None:
    a, b = runs("A", [10.0, 11.0], name="loss"), runs("B", [9.0, 9.9], 10, name="other")
    found = difference(a, b, "loss", LOSS, b_metric="other", factor=0.9)
    assert found.a.mean == pytest.approx(9.45) and found.test.difference == pytest.approx(0.0)


def test_what_is_no_evidence_or_no_number_is_left_out() -> None:
    a, b = runs("A", [10.0, 11.0, 500.0], name="loss"), runs("B", [9.0, 9.9, 1.0], 10, name="loss")
    a[2].retracted = "wrong input"
    b[2].metrics, b[2].nonfinite = {}, {"loss": "NaN"}
    found = difference(a, b, "loss", LOSS)
    assert (found.a.n, found.a.maximum, found.b.n, found.b.nonfinite) == (2, 11.0, 2, 1)
    empty = difference([], b, "loss", LOSS)
    assert empty.test.p_two is None and empty.test.difference is None and empty.a.n == 0


def test_a_clock_that_was_set_back_makes_no_turns() -> None:
    """All of side b was recorded after side a; its clock was set between a's runs."""
    a, b = runs("A", [10.0, 11.0, 12.0], 0, 2), runs("B", [9.0, 9.9, 11.2], 1, 2)
    for number, run in enumerate([*a, *b]):
        run.planned_at, run.uid = run.started_at, f"{number:026d}"
        run.ended_at = run.started_at.replace(":00.000Z", ":30.000Z")
    found = difference(a, b, "time_ms", TIME)
    assert (found.rule, found.withheld) == (rules.PLAIN, rules.NOT_IN_TURNS)
    assert [r.id for r in rules.in_order([*b, *a]) or []] == [r.id for r in (*a, *b)]


def test_one_seed_done_again_is_one_result() -> None:
    definition = MetricDef("loss", direction="lower")
    again = runs("B", [0.9, 0.9, 0.9, 0.9], 1, 2, "loss", config={"seed": 1})
    seeds = runs("A", [1.0, 1.1, 1.2], 0, 2, "loss", config=lambda i: {"seed": i})
    found = difference(seeds, again, "loss", definition)
    assert (found.a.n, found.b.n) == (3, 1) and "count once" in " ".join(found.notes)
    other = runs("B", [0.9, 0.9, 0.91], 1, 2, "loss", config=lambda i: {"seed": i})
    assert difference(seeds, other, "loss", definition).b.n == 3


def _swept(name: str, sweep: str) -> dict[str, Any]:
    return {"design": {"sweep": sweep}, "config": {"arm": name}}


def test_turns_with_a_third_side_neither_help_nor_harm() -> None:
    a = runs("A", [10.0, 10.5, 11.0], 0, 2, **_swept("a", "W1"))
    b = runs("B", [12.0, 12.4, 13.1], 1, 2, **_swept("b", "W1"))
    alone = difference(a, b, "time_ms", TIME)
    slower = runs("A", [11.4, 11.6, 11.5, 11.7], 20, 2, **_swept("a", "W2"))
    found = difference([*a, *slower], b, "time_ms", TIME)
    assert (found.test.difference, found.test.p) == (alone.test.difference, alone.test.p)
    assert (found.a.n, found.a.mean, found.pairs) == (3, alone.a.mean, 3)
    assert found.out_of_turn == (slower, []) and not found.withheld
    assert "4 runs in no block or round" in found.notes[-1]


def test_what_is_out_of_turn_may_not_decide_by_its_absence() -> None:
    a = runs("A", [10.0, 10.5, 11.0], 0, 2, **_swept("a", "W1"))
    b = runs("B", [12.0, 12.4, 13.1], 1, 2, **_swept("b", "W1"))
    turned = runs("A", [15.4, 15.6, 15.5, 15.7], 20, 2, **_swept("a", "W2"))
    assert difference([*a, *turned], b, "time_ms", TIME).withheld == rules.TURNED


def test_blocks_are_taken_in_the_order_of_their_runs() -> None:
    def place(i: int) -> dict[str, Any]:
        return {"interleaving": "X", "block": i}

    values = [10.0 + 0.1 * (i % 3) for i in range(12)]
    gains = [0.4, 0.3, 0.6, 0.5, 0.2, 0.4, 0.5, 0.3, 0.1, 0.6, -3.0, 0.4]
    a = runs("A", values, 0, 2, design=place)
    b = runs("B", [v + g for v, g in zip(values, gains, strict=True)], 1, 2, design=place)
    found = difference(a, b, "time_ms", TIME).test
    renamed = [dict(run.design, block=chr(97 + run.design["block"])) for run in a]
    for one, other, design in zip(a, b, renamed, strict=True):
        one.design = other.design = design
    assert difference(a, b, "time_ms", TIME).test.p == found.p
