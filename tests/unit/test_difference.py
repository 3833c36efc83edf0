"""Each branch of the rule that chooses a test, and the numbers it then gives."""

from __future__ import annotations

from typing import Any

import pytest

from leadline.core.compare import difference as rules
from leadline.core.compare.difference import difference
from leadline.core.record.run import MetricDef, Run
from leadline.core.stats.inference import summarise, welch

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
        runs("A", [10.0, 20.0, 30.0], 0, 2, design=place),
        runs("B", [11.0, 21.5, 31.2], 1, 2, design=place),
    )
    found = difference(a, b, "time_ms", TIME)
    assert (found.rule, found.pairs, found.test.name) == (rules.PAIRED_BY_BLOCK, 3, "paired t")
    assert found.test.difference == pytest.approx((1.0 + 1.5 + 1.2) / 3)
    # the spread between blocks is gone
    assert found.test.p_two is not None and found.test.p_two < 0.02
    b[2].design = {"interleaving": "Y", "block": 2}
    part = difference(a, b, "time_ms", TIME)
    assert part.pairs == 2 and "2 runs stand in a block without the other side" in part.notes[0]
    a[0].design = {}
    assert difference(a, b, "time_ms", TIME).pairs == 0


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


def test_sides_one_after_the_other_pay_for_a_drift() -> None:
    a = runs("A", [10.0, 10.5, 11.0, 11.6])
    b = runs("B", [12.0, 12.4, 13.1, 13.5], 10)
    found = difference(a, b, "time_ms", TIME)
    assert found.rule == rules.IN_ORDER and found.test.name == "drift-adjusted t"
    assert found.test.df == 5 and found.test.p_two is not None and found.test.p_two > 0.05
    plain = welch(
        summarise(v.metrics["time_ms"] for v in a), summarise(v.metrics["time_ms"] for v in b)
    )
    # what the order alone would have made of it
    assert plain.p_two is not None and plain.p_two < 0.01
    assert difference(b, a, "time_ms", TIME).rule == rules.IN_ORDER  # whichever came first
    day_later = runs("B", [12.0, 12.4, 13.1, 13.5], 700)
    assert difference(a, day_later, "time_ms", TIME).test.p_two == pytest.approx(found.test.p_two)


def test_no_drift_is_allowed_for_where_the_rule_does_not_hold() -> None:
    a, b = [10.0, 10.5, 11.0, 11.6], [12.0, 12.4, 13.1, 13.5]
    in_turns = difference(runs("A", a, 0, 2), runs("B", b, 1, 2), "time_ms", TIME)
    assert in_turns.rule == rules.PLAIN
    result = difference(runs("A", a, name="loss"), runs("B", b, 10, name="loss"), "loss", LOSS)
    assert result.rule == rules.PLAIN
    few = difference(runs("A", a[:2]), runs("B", b, 10), "time_ms", TIME)
    assert few.rule == rules.PLAIN and "too few runs to tell a drift" in few.notes[0]
    unknown = runs("A", a)
    unknown[0].started_at = ""
    assert difference(unknown, runs("B", b, 10), "time_ms", TIME).rule == rules.PLAIN


def test_constant_sides_stay_exact() -> None:
    found = difference(runs("A", [2.0] * 3), runs("B", [1.5] * 3, 10), "time_ms", TIME)
    assert found.rule == rules.EXACT and found.test.difference == -0.5 and found.test.p_two is None
    assert found.test.interval.low == found.test.interval.high == -0.5


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
