"""Verdicts: what the numbers bear, and what forbids saying more."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.core.canonical import canonical_json
from leadline.core.compare.choice import Choice
from leadline.core.compare.compare import Comparison, Size, compare
from leadline.core.record.run import MetricDef, Run
from leadline.core.stats.inference import paired
from tests.chance import examples

DEFS = {"t": MetricDef("t", "ms", "lower")}
QUIET = {"contended": False}


def runs(side: str, values: list[float], **fields: Any) -> list[Run]:
    base: dict[str, Any] = {
        "state": "done",
        "config": {"arm": side},
        "code": {"tree": "t"},
        "hygiene": QUIET,
    }
    base.update(fields)
    made = []
    for i, v in enumerate(values):
        turn = 2 * i + (side != "A")
        at = {"started_at": f"2026-01-01T00:{turn:02d}:00Z", "design": {"together": "X"}}
        made.append(Run(f"{side}-r{i}", f"{turn:026d}", side, metrics={"t": v}, **{**at, **base}))
    return made


IN_SEQUENCE = {"started_at": "2026-01-02T00:00:00Z"}  # a side that ran after the other


def of(a: list[Run], b: list[Run], **options: Any) -> Comparison:
    return compare(a, b, **{"axes": ["arm"], "metric_defs": DEFS, **options})


def verdict(a: list[float], b: list[float], **options: Any) -> str:
    return of(runs("A", a), runs("B", b), **options).metrics[0].verdict


BASE = [10.0, 10.1, 9.9, 10.05]


def test_verdicts() -> None:
    assert verdict(BASE, [5.0, 5.1, 4.9]) == "better"
    assert verdict(BASE, [15.0, 15.1, 14.9]) == "worse"
    assert verdict(BASE, [5.0, 5.1]) == "exploratory only"
    assert verdict(BASE, [10.02, 10.0, 9.95]) == "inside the baseline's own spread"
    assert verdict(BASE, [5.0, 30.0, 2.0]) == "no difference shown"
    counts = {"t": MetricDef("t", "", "lower", observed="counted")}
    assert verdict([10.0], [9.0], metric_defs=counts) == "better"
    assert verdict([10.0, 10.0], [10.0, 10.0], metric_defs=counts) == "no difference shown"
    assert verdict(BASE, [5.0, 5.1, 5.2], metric_defs={}) == "different"
    assert (
        verdict([1.0, 1.1, 1.2], [2.0, 2.1, 2.2], metric_defs={"t": MetricDef("t", "", "higher")})
        == "better"
    )


def test_sentences_say_it() -> None:
    few = of(runs("A", BASE), runs("B", [5.0, 5.1])).metrics[0]
    assert "fewer than 3 runs a side" in few.sentence
    result = {"t": MetricDef("t", "", "lower", observed="result")}
    exact = of(runs("A", [2.0] * 2), runs("B", [1.0] * 2), metric_defs=result).metrics[0]
    assert exact.deterministic and "deterministic: identical in every run" in exact.sentence
    open_ = of(runs("A", BASE), runs("B", [10.02, 10.0, 9.95])).metrics[0]
    assert (
        open_.detectable is not None
        and open_.detectable > 0
        and "only true differences above" in open_.sentence
    )


def test_refusals() -> None:
    confounded = of(
        runs("A", BASE), runs("B", BASE, config={"arm": "B", "batch": 2}, code={"tree": "u"})
    )
    assert [r["code"] for r in confounded.refusals] == ["confounded-axis", "unknown-difference"]
    assert not confounded.apples_to_apples and confounded.metrics[0].verdict == "cannot be compared"
    assert [r["code"] for r in of([], runs("B", BASE)).refusals] == ["no-runs"]
    assert [r["code"] for r in of(runs("A", BASE), runs("A", BASE)).refusals] == ["nothing-differs"]
    mixed = of(runs("A", BASE) + runs("C", BASE), runs("B", BASE))
    assert [r["code"] for r in mixed.refusals] == ["mixed-axis"]


def test_what_the_machine_moves_needs_turns_and_a_spread() -> None:
    after = of(runs("A", BASE), runs("B", [5.0, 5.1, 4.9], **IN_SEQUENCE)).metrics[0]
    assert after.verdict == "exploratory only" and "did not take turns" in after.sentence
    same = of(runs("A", [10.0] * 4), runs("B", [5.0] * 4)).metrics[0]
    assert same.verdict == "exploratory only" and "a placeholder does" in same.sentence
    margin = {"": Size(0.5, True)}
    alike = of(runs("A", BASE), runs("B", BASE, **IN_SEQUENCE), equivalent=margin).metrics[0]
    assert alike.verdict == "exploratory only"


def test_a_look_and_a_choice_are_paid_for() -> None:
    a, b = [10.0, 10.1, 9.9, 10.05], [9.8, 9.78, 9.72, 9.73]
    once = of(runs("A", a), runs("B", b)).metrics[0]
    assert once.verdict == "better" and once.looks == 1 and once.p_counted is not None
    often = of(runs("A", a, design={}), runs("B", b, design={})).metrics[0]
    assert often.looks == 2 and often.p_counted is not None and "after 2 looks" in often.sentence
    of_many = of(
        runs("A", a), runs("B", b), choice_of=lambda metric: Choice(20, "chosen from 20")
    ).metrics[0]
    assert of_many.p_counted == min(1.0, 20 * once.p_counted) and of_many.verdict != "better"
    assert "after chosen from 20" in of_many.sentence


NOBODY_SAID = {"t": MetricDef("t", "", "lower")}  # what moves it


def test_contention_blocks_a_regression() -> None:
    dirty = {"hygiene": {"contended": True, "reasons": ["pid 7"]}}

    def open_(a: list[Run], b: list[Run]) -> Comparison:
        return of(a, b, metric_defs=NOBODY_SAID)

    slow = open_(runs("A", BASE), runs("B", [15.0, 15.1, 15.2], **dirty))
    assert (
        slow.metrics[0].verdict == "cannot be compared" and slow.refusals[0]["code"] == "contended"
    )
    fast = [5.0, 5.1, 5.2]
    assert open_(runs("A", BASE), runs("B", fast, **dirty)).metrics[0].verdict == "better"
    flattered = open_(runs("A", BASE, **dirty), runs("B", fast)).metrics[0]
    assert flattered.verdict == "cannot be compared"


def test_in_turns_contention_met_both_sides_unless_it_came_with_one() -> None:
    dirty = {"hygiene": {"contended": True, "reasons": ["pid 7"]}}
    slow = [15.0, 15.1, 15.2]
    both = of(runs("A", BASE, **dirty), runs("B", slow, **dirty)).metrics[0]
    assert both.verdict == "worse"
    one = of(runs("A", BASE), runs("B", slow, **dirty)).metrics[0]
    assert one.verdict == "cannot be compared"


def test_unknown_hygiene_blocks_only_where_it_is_asked_for() -> None:
    slow = [15.0, 15.1, 15.2]
    a, b = runs("A", BASE, hygiene={}), runs("B", slow, hygiene={})
    kept = of(a, b, metric_defs=NOBODY_SAID).metrics[0]
    assert kept.moved_by_machine is None and kept.verdict == "worse"
    assert "contention is unknown for 7 of 7" in kept.sentence
    refused = of(a, b, metric_defs=NOBODY_SAID, strict_hygiene=True)
    assert refused.metrics[0].verdict == "cannot be compared"
    assert refused.refusals[0]["code"] == "unknown-hygiene"
    result = {"t": MetricDef("t", "", "lower", observed="result")}
    contended = runs("B", slow, hygiene={"contended": True})
    assert of(a, contended, metric_defs=result, strict_hygiene=True).metrics[0].verdict == "worse"


def test_a_throttled_run_counts_as_contended() -> None:
    held = {"hygiene": {"contended": False, "throttled": True}}
    out = of(runs("A", BASE), runs("B", [15.0, 15.1, 15.2], **held), metric_defs=NOBODY_SAID)
    assert (
        out.metrics[0].verdict == "cannot be compared"
        and out.refusals[0]["what"] == "3 runs were throttled"
    )
    assert out.hygiene["b"]["throttled"] == ["B-r0", "B-r1", "B-r2"]


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
    other = runs(
        "B", [5.0, 5.1], extraction={"contract": {"t": {"unit": "s", "direction": "lower"}}}
    )
    out = of(runs("A", BASE), other).metrics[0]
    assert (
        out.verdict == "cannot be compared" and "unit ms against s (1 s = 1000 ms)" in out.sentence
    )


def test_target_is_tested_on_side_b() -> None:
    target = of(runs("A", BASE), runs("B", [5.0, 5.1, 4.9]), target={"t": 6.0}).metrics[0].target
    assert target is not None and target["met"] is True and target["test"]["alternative"] == "less"


values = st.lists(st.floats(1, 100).map(lambda v: round(v, 2)), min_size=1, max_size=6)


@given(values, values, st.randoms())
@settings(max_examples=examples(40), deadline=None)
def test_order_changes_nothing_and_swapping_negates(
    a: list[float], b: list[float], random: Any
) -> None:
    first, second = runs("A", a), runs("B", b)
    out = of(first, second)
    shuffled = random.sample(first, len(first)), random.sample(second, len(second))
    assert canonical_json(of(*shuffled).as_dict()) == canonical_json(out.as_dict())
    back = of(second, first).metrics[0]
    assert back.test.difference == -(out.metrics[0].test.difference or 0.0)
    mirrored = {"better": "worse", "worse": "better"}
    if out.metrics[0].verdict in mirrored:
        assert back.verdict == mirrored[out.metrics[0].verdict]


def several(side: str, rows: list[dict[str, float]], **fields: Any) -> list[Run]:
    made = runs(side, [0.0] * len(rows), **fields)
    for run, row in zip(made, rows, strict=True):
        run.metrics = row
    return made


def test_several_metrics_are_judged_by_adjusted_p_values() -> None:
    a = [{"t": 10.0 + d, "u": 5.0 + d, "v": 7.0 - d} for d in (0.0, 0.3, -0.3, 0.1, -0.1)]
    b = [{"t": 9.65 + d, "u": 5.0 - d, "v": 7.0 + d} for d in (0.0, 0.3, -0.3, 0.1, -0.1)]
    alone = of(several("A", a), several("B", b), metrics=["t"]).metrics[0]
    assert alone.verdict == "better" and alone.judged == 1 and alone.test.p is not None
    together = of(several("A", a), several("B", b))
    t = together.metrics[0]
    assert (
        t.judged == 3
        and t.p_adjusted is not None
        and abs(t.p_adjusted - 3 * (alone.p_counted or 0)) < 1e-12
    )
    assert t.verdict != "better" and "after Holm over 3 metrics" in t.sentence
    assert any("adjusted by Holm" in note for note in together.notes)


def test_outliers_are_named_and_kept() -> None:
    m = of(runs("A", [*BASE, 10.02, 60.0]), runs("B", BASE)).metrics[0]
    assert m.outliers["a"]["runs"] == ["A-r5"] and m.a.maximum == 60.0 and m.a.n == 6
    assert any("A-r5" in note and "kept" in note for note in m.notes)


def test_pairs_are_found_and_said() -> None:
    a, b = runs("A", [10.0, 20.0, 30.0]), runs("B", [9.0, 18.9, 29.1])
    for side in (a, b):
        for i, run in enumerate(side):
            run.config = {**run.config, "seed": i}
    m = of(a, b, nuisance=["seed"]).metrics[0]
    assert (
        m.pairs == 3
        and "paired t" in m.sentence
        and "3 pairs" in m.sentence
        and m.verdict == "better"
    )


def test_zero_and_negative_values_have_no_ratio() -> None:
    m = of(runs("A", [-1.0, 0.5, 0.1]), runs("B", [2.0, 2.2, 2.1]), metric_defs={}).metrics[0]
    assert m.test.ratio is None and "times)" not in m.sentence and m.test.difference is not None


def test_equivalence_within_a_share_is_two_one_sided_tests_of_scaled_means() -> None:
    """Against the same two tests made by hand: b against 1.02 a and against a / 1.02."""
    a, b = runs("A", [10.0, 10.1, 9.9, 10.05]), runs("B", [10.03, 10.1, 9.95, 10.0])
    m = of(a, b, equivalent={"": Size(0.02, True)}).metrics[0]
    first, second = ([r.metrics["t"] for r in side] for side in (a, b))
    high, low = (paired([f * v for v in first], second) for f in (1.02, 1 / 1.02))
    assert m.equivalence is not None and high.p_less is not None and low.p_greater is not None
    assert (
        abs(m.equivalence["p"] - max(high.p_less, low.p_greater)) < 1e-12
        and m.verdict == "equivalent"
    )
    far = of(a, runs("B", [15.0, 15.1, 14.9]), equivalent={"t": Size(0.02, True)}).metrics[0]
    assert (
        far.verdict == "worse"
        and far.equivalence is not None
        and far.equivalence["verdict"] == "not equivalent"
    )
    negative = of(
        runs("A", [-1.0, 1.0, 0.5]), runs("B", [0.1, 0.2, -0.2]), equivalent={"": Size(0.02, True)}
    )
    answer = negative.metrics[0].equivalence
    assert (
        answer is not None and answer["verdict"] == "not shown" and "no ratio" in answer["reason"]
    )


def test_runs_that_a_seed_without_effect_tells_apart_are_one_result_here_too() -> None:
    result = {"t": MetricDef("t", "", "lower", observed="result")}
    sides = [runs(arm, [value] * 3) for arm, value in (("A", 2.0), ("B", 1.0))]
    for side in sides:
        for seed, run in enumerate(side):
            run.config = {**run.config, "seed": seed}
    [found] = of(*sides, metric_defs=result).metrics
    assert (found.a.n, found.b.n) == (1, 1) and found.verdict == "exploratory only"
    assert "seed had no effect on t of b: one result" in found.notes
