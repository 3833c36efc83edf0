"""Verdicts: what the numbers bear, and what forbids saying more."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.core.canonical import canonical_json
from leadline.core.compare import Comparison, compare
from leadline.core.run import MetricDef, Run

DEFS = {"t": MetricDef("t", "ms", "lower")}


def runs(side: str, values: list[float], **fields: Any) -> list[Run]:
    base: dict[str, Any] = {"state": "done", "config": {"arm": side}, "code": {"tree": "t"}}
    base.update(fields)
    return [Run(f"{side}-r{i}", f"{side}{i:025d}", side, metrics={"t": v}, **base) for i, v in enumerate(values)]


def of(a: list[Run], b: list[Run], **options: Any) -> Comparison:
    return compare(a, b, **{"axes": ["arm"], "metric_defs": DEFS, **options})


def verdict(a: list[float], b: list[float], **options: Any) -> str:
    return of(runs("A", a), runs("B", b), **options).metrics[0].verdict


BASE = [10.0, 10.1, 9.9, 10.05]


def test_verdicts() -> None:
    assert verdict(BASE, [5.0, 5.1, 4.9]) == "better"
    assert verdict(BASE, [15.0, 15.1, 14.9]) == "worse"
    assert verdict(BASE, [5.0]) == "exploratory only"
    assert verdict(BASE, [10.02, 10.0, 9.95]) == "inside the baseline's own spread"
    assert verdict(BASE, [5.0, 30.0, 2.0]) == "no difference shown"
    assert verdict([10.0, 10.0], [9.0, 9.0]) == "better"
    assert verdict([10.0, 10.0], [10.0, 10.0]) == "no difference shown"
    assert verdict(BASE, [5.0, 5.1], metric_defs={}) == "different"
    assert verdict([1.0, 1.1, 1.2], [2.0, 2.1, 2.2], metric_defs={"t": MetricDef("t", "", "higher")}) == "better"


def test_sentences_say_it() -> None:
    one = of(runs("A", BASE), runs("B", [5.0])).metrics[0]
    assert "one run a side shows no spread" in one.sentence
    exact = of(runs("A", [2.0] * 2), runs("B", [1.0] * 2)).metrics[0]
    assert exact.deterministic and "deterministic: identical in every run" in exact.sentence
    open_ = of(runs("A", BASE), runs("B", [10.02, 10.0, 9.95])).metrics[0]
    assert open_.detectable is not None and open_.detectable > 0 and "only true differences above" in open_.sentence


def test_refusals() -> None:
    confounded = of(runs("A", BASE), runs("B", BASE, config={"arm": "B", "batch": 2}, code={"tree": "u"}))
    assert [r["code"] for r in confounded.refusals] == ["confounded-axis", "unknown-difference"]
    assert not confounded.apples_to_apples and confounded.metrics[0].verdict == "cannot be compared"
    assert [r["code"] for r in of([], runs("B", BASE)).refusals] == ["no-runs"]
    assert [r["code"] for r in of(runs("A", BASE), runs("A", BASE)).refusals] == ["nothing-differs"]
    mixed = of(runs("A", BASE) + runs("C", BASE), runs("B", BASE))
    assert [r["code"] for r in mixed.refusals] == ["mixed-axis"]


def test_contention_blocks_a_regression() -> None:
    dirty = {"hygiene": {"contended": True, "reasons": ["pid 7"]}}
    slow = of(runs("A", BASE), runs("B", [15.0, 15.1], **dirty))
    assert slow.metrics[0].verdict == "cannot be compared" and slow.refusals[0]["code"] == "contended"
    assert of(runs("A", BASE), runs("B", [5.0, 5.1], **dirty)).metrics[0].verdict == "better"
    assert of(runs("A", BASE, **dirty), runs("B", [5.0, 5.1])).metrics[0].verdict == "cannot be compared"
    unknown = of(runs("A", BASE), runs("B", [15.0, 15.1])).metrics[0]
    assert unknown.verdict == "worse" and "contention is unknown for 6 of 6" in unknown.sentence
    assert verdict(BASE, [15.0, 15.1], strict_hygiene=True) == "cannot be compared"


def test_what_is_left_out_is_named() -> None:
    b = runs("B", [5.0, 5.1, 5.2, 900.0])
    b[3].retracted = "wrong input"
    out = of(runs("A", BASE), b)
    assert out.left_out == [{"run": "B-r3", "side": "b", "why": "retracted: wrong input"}]
    assert out.metrics[0].b.n == 3 and out.metrics[0].b.maximum == 5.2
    b[0].metrics["extra"] = 1.0
    assert of(runs("A", BASE), b).missing_metrics == [{"metric": "extra", "missing_on": ["a"]}]


def test_lost_values_and_contracts_take_the_verdict_back() -> None:
    b = runs("B", [5.0, 5.1, 5.2])
    del b[0].metrics["t"]
    b[0].nonfinite["t"] = "NaN"
    assert of(runs("A", BASE), b).metrics[0].verdict == "exploratory only"
    other = runs("B", [5.0, 5.1], extraction={"contract": {"t": {"unit": "s"}}})
    out = of(runs("A", BASE), other, nuisance=["extraction"]).metrics[0]
    assert out.verdict == "cannot be compared" and "ms/lower, s/lower" in out.sentence


def test_target_is_tested_on_side_b() -> None:
    target = of(runs("A", BASE), runs("B", [5.0, 5.1, 4.9]), target={"t": 6.0}).metrics[0].target
    assert target is not None and target["met"] is True and target["test"]["alternative"] == "less"


values = st.lists(st.floats(1, 100).map(lambda v: round(v, 2)), min_size=1, max_size=6)


@given(values, values, st.randoms())
@settings(max_examples=40, deadline=None)
def test_order_changes_nothing_and_swapping_negates(a: list[float], b: list[float], random: Any) -> None:
    first, second = runs("A", a), runs("B", b)
    out = of(first, second)
    shuffled = random.sample(first, len(first)), random.sample(second, len(second))
    assert canonical_json(of(*shuffled).as_dict()) == canonical_json(out.as_dict())
    back = of(second, first).metrics[0]
    assert back.test.difference == -(out.metrics[0].test.difference or 0.0)
    mirrored = {"better": "worse", "worse": "better"}
    if out.metrics[0].verdict in mirrored:
        assert back.verdict == mirrored[out.metrics[0].verdict]
