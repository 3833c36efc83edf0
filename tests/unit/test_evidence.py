"""Labels follow from runs: what counts, what lowers, what is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.core.canonical import canonical_json
from leadline.core.evidence.evidence import distinct_executions, evidence
from leadline.core.evidence.found import Evidence
from leadline.core.evidence.predicate import Subject, parse
from leadline.core.record.ranks import LABELS
from leadline.core.record.run import MetricDef, Run
from tests.chance import examples


def make(side: str, values: list[float], first: int = 0, **fields: Any) -> list[Run]:
    return [
        Run(f"{side}-r{i}", f"{side}{i:020d}", side, state="done", metrics={"t": v}, **fields)
        for i, v in enumerate(values, first)
    ]


def among(runs: list[Run]) -> Callable[[Subject], list[Run]]:
    return lambda subject: [run for run in runs if run.experiment == subject.name]


def label(runs: list[Run], text: str = "t(B) < t(A)", **options: Any) -> Evidence:
    return evidence(parse(text), among(runs), **options)


A, B = [10.0, 10.2, 9.8], [5.0, 5.1, 4.9]


def test_the_ladder() -> None:
    assert label(make("A", A)).label == "none"
    assert label(make("A", B) + make("B", A)).label == "refuted"
    two = label(make("A", A) + make("B", B[:2]))
    assert two.label == "exploratory" and "1 more distinct execution of t(B)" in two.missing[0]
    assert "2 of 3 counted" in two.missing[0]
    assert label(make("A", A) + make("B", B)).label == "replicated"


def test_no_support_by_the_interval_is_exploratory() -> None:
    got = label(make("A", [10.0, 14.0, 6.0]) + make("B", [9.0, 13.0, 5.5]))
    assert got.label == "exploratory"
    assert any("support by the interval" in line and "runs a side" in line for line in got.missing)


def test_what_does_not_count() -> None:
    runs = make("A", A) + make("B", B[:2])
    extra = make("B", [5.05], 9)[0]
    for change, reason in (
        ({"origin": "reported"}, "did not see it measured"),
        ({"retracted": "bad"}, "retracted: bad"),
        ({"state": "failed"}, "failed"),
        ({"superseded_by": "B-r8"}, "superseded"),
        ({"metrics": {}}, "not recorded"),
        ({"uid": runs[3].uid}, "same execution"),
    ):
        run = make("B", [5.05], 9)[0]
        for name, value in change.items():
            setattr(run, name, value)
        got = label([*runs, run])
        assert got.label == "exploratory" and reason in got.not_counted[run.id], change
    assert label([*runs, extra]).label == "replicated"


def test_the_same_fetched_result_counts_once() -> None:
    runs = make("A", A) + make("B", B, origin="imported", outputs={"result_digest": "d"})
    assert label(runs).label == "exploratory"
    for i, run in enumerate(runs[3:]):
        run.outputs = {"result_digest": f"d{i}"}
    assert label(runs).label == "replicated"


def test_a_deterministic_rerun_is_no_repeat() -> None:
    same = make("A", A) + make("B", [5.0] * 3, config={"seed": 1})
    assert label(same).label == "exploratory"
    assert sum("not a repeat" in why for why in label(same).not_counted.values()) == 2
    for i, run in enumerate(same[3:]):
        run.config = {"seed": i}
    got = label(same)  # seeds that change nothing are no repeats either
    assert got.label == "exploratory" and [m.code for m in got.marks] == ["no-effect"]
    same[3].metrics["t"] = 5.1
    assert label(same).label == "replicated"  # two of three seeds agree by chance
    assert label(make("A", A) + make("B", [5.0] * 3)).label == "exploratory"  # no seed, all agree
    # agree by rounding only
    assert label(make("A", A) + make("B", [5.0, 5.0, 5.1])).label == "replicated"


def test_contrary_runs_lower() -> None:
    few = label(make("A", [10.0, 10.1, 9.9]) + make("B", [9.0, 9.1, 10.05, 9.0, 9.1, 9.05, 9.0]))
    assert (
        few.contrary == ["B-r2"]
        and few.label == "exploratory"
        and "1 contrary of 10" in few.missing[0]
    )
    noisy = label(make("B", [3.0 + 0.1 * (i % 7) for i in range(40)]), "t(B) < 3.45")
    assert noisy.contrary == [] and noisy.label == "replicated"


def cells(shift: float = 0.0) -> list[Run]:
    runs = []
    for i, level in enumerate((1, 9)):
        runs += make("A", [v * level for v in A], 10 * i, config={"level": level})
        runs += make(
            "B",
            [v * level + (shift if level == 9 else 0) for v in B],
            10 * i,
            config={"level": level},
        )
    return runs


def test_stable_needs_every_value_of_every_axis() -> None:
    text = "t(B) < t(A) over level in {1, 9}"
    assert label(cells(), text).label == "stable"
    assert label(cells(), across={"level": [1, 9]}).label == "stable"
    # pooled over levels the interval is wide
    assert label(cells(), "t(B) < t(A)").label == "exploratory"
    one = label(
        make("A", A, config={"level": 1}) + make("B", B, config={"level": 1}), across={"level": [1]}
    )
    assert one.label == "replicated" and "at least 2 values of level: 1 declared" in one.missing
    gap = label([r for r in cells() if r.id != "B-r10"], text)
    assert gap.label == "replicated" or gap.label == "exploratory"
    assert any("at level = 9" in line for line in gap.missing) or gap.label == "exploratory"


def test_the_reference_is_matched_by_the_axis_value() -> None:
    runs = [r for r in cells() if not (r.experiment == "A" and r.config["level"] == 9)]
    assert label(runs, across={"level": [1, 9]}).label != "stable"


def test_a_false_axis_value_is_contrary() -> None:
    got = label(cells(shift=60.0), across={"level": [1, 9]})
    assert got.label in ("refuted", "exploratory") and set(got.contrary) >= {
        "B-r10",
        "B-r11",
        "B-r12",
    }


def test_an_axis_value_at_which_it_is_false_lowers_even_a_clear_average() -> None:
    runs = make("A", A, config={"level": 1}) + make("B", B * 3, config={"level": 1, "seed": 1})
    for i, run in enumerate(runs):
        run.config = {**run.config, "seed": i}
    runs += make("A", [9.0, 9.01, 8.99], 20, config={"level": 9})
    runs += make("B", [9.2, 9.21, 9.19], 20, config={"level": 9})
    assert label(runs).label == "replicated"
    got = label(runs, across={"level": [1, 9]})
    assert got.label == "exploratory" and got.contrary == ["B-r20", "B-r21", "B-r22"]
    assert "the claim is false at level = 9" in got.why


def test_path_is_said_and_does_not_lift() -> None:
    got = label(make("A", A) + make("B", B), confirmed_path=False)
    assert (
        got.label == "replicated"
        and "one counting run on the declared production path" in got.missing
    )


values = st.lists(st.floats(1, 20).map(lambda v: round(v, 1)), min_size=0, max_size=6)


@given(values, values, st.floats(1, 20), st.sampled_from(["A", "B"]), st.randoms())
@settings(max_examples=examples(80), deadline=None)
def test_retracted_runs_and_order_change_nothing(
    a: list[float], b: list[float], value: float, side: str, random: Any
) -> None:
    runs = make("A", a) + make("B", b)
    before = label(runs)
    assert before.label in LABELS
    assert canonical_json(label(random.sample(runs, len(runs))).as_dict()) == canonical_json(
        before.as_dict()
    )
    with_retracted = label([*runs, *make(side, [value], 90, retracted="mistake")])
    assert (with_retracted.label, with_retracted.counted) == (before.label, before.counted)


@given(values, values, st.integers(0, 5))
@settings(max_examples=examples(60), deadline=None)
def test_copies_never_lift_a_label(a: list[float], b: list[float], which: int) -> None:
    runs = make("A", a) + make("B", b)
    if not runs:
        return
    original = runs[which % len(runs)]
    copy = make(original.experiment, [original.metrics["t"]], 77)[0]
    copy.uid = original.uid
    assert label([*runs, copy]).label == label(runs).label


@given(st.integers(1, 3), st.integers(1, 3))
@settings(max_examples=examples(9), deadline=None)
def test_more_agreeing_repeats_never_lower(n: int, more: int) -> None:
    def rank(count: int) -> int:
        return LABELS.index(
            label(make("A", (A * 3)[:3]) + make("B", [5.0 + 0.01 * i for i in range(count)])).label
        )

    assert rank(n) <= rank(n + more)


def crossed(skip: tuple[Any, ...] = ()) -> list[Run]:
    runs = []
    for i, at in enumerate([(s, d) for s in (1, 2) for d in ("a", "b")]):
        for side, base in (("A", A), ("B", B)):
            if at != skip:
                runs += make(
                    side, [v * at[0] for v in base], 10 * i, config={"shape": at[0], "dtype": at[1]}
                )
    return runs


def test_several_axes_need_every_combination() -> None:
    text = "t(B) < t(A) over shape in {1, 2} over dtype in {a, b}"
    assert label(crossed(), text).label == "stable"
    gap = label(crossed(skip=(2, "b")), text)
    assert gap.label != "stable"
    huge = {"x": list(range(100)), "y": list(range(100))}
    assert "10000" in label(crossed(), "t(B) < t(A)", across=huge).missing[-1]


def test_a_combination_without_runs_is_named() -> None:
    runs = [r for r in crossed(skip=(2, "b")) if r.config["shape"] == 1 or r.experiment == "B"]
    runs = [r for r in runs if r.config["shape"] == 1]
    got = label(runs, "t(B) < t(A) over shape in {1, 2} over dtype in {a, b}")
    assert got.label == "replicated"
    assert (
        "runs at 2 of 4 combinations of the declared axes: dtype = a, shape = 2; dtype = b, shape = 2"
        in got.missing
    )


def test_runs_outside_the_declared_values_say_nothing_about_the_claim() -> None:
    runs = [*make("A", A), *make("B", B)]
    for run in runs:
        run.config = {"size": 1024}
    other = make("B", [90.0, 91.0, 92.0], 9)
    for run in other:
        run.config = {"size": 64}
    got = label([*runs, *other], "t(B) < t(A) over size in {1024}")
    assert got.label == "replicated" and not got.contrary
    assert "size = 64" in got.not_counted["B-r9"]
    assert label([*runs, *other], "t(B) < t(A)").label == "refuted"


def test_seeds_as_an_axis_are_the_repeats() -> None:
    runs = make("A", A) + make("B", B)
    for i, run in enumerate(runs):
        run.config = {"seed": i % 3}
    assert label(runs, "t(B) < t(A) over seed in {0, 1, 2}").label == "stable"
    two = label(runs, "t(B) < t(A) over seed in {0, 1}")
    assert two.label == "replicated" and "at least 3 seeds" in two.missing[0]


def test_hardware_facts_are_axes() -> None:
    runs = []
    for i, gpu in enumerate(("x", "y")):
        runs += make("A", A, 10 * i, hardware={"gpu": gpu}) + make(
            "B", B, 10 * i, hardware={"gpu": gpu}
        )
    assert label(runs, "t(B) < t(A) over hardware.gpu in {x, y}").label == "stable"
    assert label(runs, "t(B) < t(A) over hardware.gpu in {x, z}").label == "replicated"


def test_warm_ups_are_no_repeats() -> None:
    runs = make("A", A) + make("B", B)
    runs[-1].design = {"warmup": True}
    assert label(runs).label == "exploratory" and "B-r2" in label(runs).not_counted


def test_equal_times_are_the_clocks_resolution_and_equal_results_are_reruns() -> None:
    runs = make("A", [5.0, 5.0, 5.0])
    for unit, counted in (("ms", 3), ("accuracy", 1)):
        definition = MetricDef("t", unit, "lower")
        kept, dropped = distinct_executions(runs, definition)
        assert len(kept) == counted and len(dropped) == 3 - counted


def test_single_runs_of_a_noisy_metric_do_not_break_an_equivalence() -> None:
    """A claim about means within 10 %: a run that is 15 % off is noise, not a contrary run."""
    noise = [-0.15, 0.15, -0.05, 0.05, 0.0, 0.02, -0.02, 0.04, -0.04, 0.01] * 3
    runs = make("A", [5.0 * (1 + x) for x in noise]) + make("B", [5.02 * (1 + x) for x in noise])
    got = label(runs, "t(B) ~= t(A) +- 10 %")
    assert (got.contrary, got.label) == ([], "replicated")
    assert (
        label(
            make("A", [5.0, 5.01, 5.02]) + make("B", [7.0, 7.01, 7.02]), "t(B) ~= t(A) +- 10 %"
        ).label
        == "refuted"
    )


def test_an_axis_that_nothing_depends_on_makes_no_claim_stable() -> None:
    runs = []
    for shape in (1, 2):
        for seed, (a, b) in enumerate(zip(A, B, strict=True)):
            config = {"shape": shape, "seed": seed}
            runs += make("A", [a], 10 * shape + seed, config=config)
            runs += make("B", [b], 10 * shape + seed, config=config)
    found = label(runs, across={"shape": [1, 2]})
    assert found.label == "replicated" and "no-effect" in [mark.code for mark in found.marks]
    for run in runs:
        run.metrics["t"] += run.config["shape"] / 10  # type: ignore[operator]
    assert label(runs, across={"shape": [1, 2]}).label == "stable"


def test_seeds_that_were_chosen_among_do_not_save_a_claim_that_all_runs_refute() -> None:
    runs = []
    for seed, (a, b) in enumerate(zip([*A, 10.1, 9.9, 10.0], [*B, 30.0, 31.0, 32.0], strict=True)):
        runs += make("A", [a], seed, config={"seed": seed})
        runs += make("B", [b], seed, config={"seed": seed})
    assert label(runs, across={"seed": [0, 1, 2]}).label == "refuted"


TIMED = {"t": MetricDef("t", "ms", "lower", observed="machine")}


def timed(side: str, values: list[float], start: int, step: int, sweep: str = "") -> list[Run]:
    """Runs begun at minute ``start``, ``start + step``, ..., by one sweep or each by itself."""
    return [
        Run(
            f"{side}-r{minute}",
            f"{minute:026d}",
            side,
            state="done",
            metrics={"t": value},
            started_at=f"2026-01-01T00:{minute:02d}:00.000Z",
            ended_at=f"2026-01-01T00:{minute:02d}:30.000Z",
            design={"sweep": sweep} if sweep else {},
        )
        for minute, value in ((start + step * i, value) for i, value in enumerate(values))
    ]


def test_further_turns_of_a_side_with_a_third_one_neither_help_nor_harm() -> None:
    swept = timed("A", [10.0, 10.3, 9.9], 0, 2, "W1") + timed("B", [8.0, 8.2, 8.0], 1, 2, "W1")
    alone = label(swept, metric_defs=TIMED)
    assert alone.label == "replicated"
    for moved in (8.7, 11.5):
        further = timed("A", [moved, moved + 0.1, moved + 0.2, moved - 0.1], 20, 2, "W2")
        got = label([*swept, *further], metric_defs=TIMED)
        assert got.label == "replicated" and got.clauses[0].interval == alone.clauses[0].interval
        assert got.clauses[0].sizes == "n = 3 against 3"
        (mark,) = [mark for mark in got.marks if mark.code == "out-of-turn"]
        assert mark.short == "4 runs out of turn" and f"mean {moved + 0.05:g}" in mark.full


def test_what_is_out_of_turn_counts_where_it_turns_the_claim() -> None:
    swept = timed("A", [10.0, 10.3, 9.9], 0, 2, "W1") + timed("B", [8.0, 8.2, 8.0], 1, 2, "W1")
    faster = timed("A", [6.0, 6.1, 6.2, 5.9, 6.0], 20, 2, "W2")
    got = label([*swept, *faster], metric_defs=TIMED)
    assert got.label == "exploratory" and "turn the difference" in got.clauses[0].withheld
    share = label(
        [*swept, *timed("A", [8.9] * 9, 20, 2, "W2")], "t(B) < 0.85 * t(A)", metric_defs=TIMED
    )
    assert share.label == "exploratory" and "turn the difference" in share.clauses[0].withheld


def test_further_turns_cannot_lift_a_label() -> None:
    weak = timed("A", [10.0, 8.3, 9.9], 0, 2, "W1") + timed("B", [8.0, 8.2, 9.9], 1, 2, "W1")
    further = timed("A", [12.0, 12.1, 12.2, 12.0, 12.1, 12.0], 20, 2, "W2")
    assert label(weak, metric_defs=TIMED).label == "exploratory"
    assert label([*weak, *further], metric_defs=TIMED).label == "exploratory"


def test_a_run_made_alone_can_be_contrary_whenever_it_was() -> None:
    swept = timed("A", [10.0, 10.3, 9.9], 0, 2, "W1") + timed("B", [8.0, 8.2, 8.0], 1, 2, "W1")
    assert label([*swept, *timed("B", [10.8], 20, 2)], metric_defs=TIMED).label == "exploratory"
    in_company = label([*swept, *timed("B", [10.8], 20, 2, "W2")], metric_defs=TIMED)
    assert in_company.label == "replicated"


def test_a_count_is_shown_by_running_it_again() -> None:
    counted = {"t": MetricDef("t", "bytes", "lower", observed="counted")}
    one = make("A", [10.0]) + make("B", [5.0])
    assert label(one, metric_defs=counted).label == "exploratory"
    again = make("A", [10.0] * 3) + make("B", [5.0] * 3)
    assert label(again, metric_defs=counted).label == "replicated"
    assert label(again, "t(B) < 0.4 * t(A)", metric_defs=counted).label == "refuted"
    seeded = make("A", [10.0] * 3, config={"seed": 1}) + make("B", [5.0] * 3, config={"seed": 1})
    assert label(seeded, metric_defs=counted).label == "exploratory"
    assert label(again, metric_defs={"t": MetricDef("t", observed="result")}).label == "exploratory"
