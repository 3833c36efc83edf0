"""What moves a metric is what the runs show, whatever was declared of it beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from leadline.core.compare.compare import compare
from leadline.core.compare.difference import NOT_IN_TURNS
from leadline.core.evidence.of_thread import evidence_of
from leadline.core.metric.as_measured import as_measured, doubted
from leadline.core.metric.contract import moved_by_machine
from leadline.core.metric.redefined import definitions_for
from leadline.core.record.run import MetricDef, Run
from leadline.testing.builders import ThreadBuilder


def repeats(name: str, values: list[float], **more: Any) -> list[Run]:
    argv = ["python", "serve.py"]
    return [
        Run(f"P-r{i}", f"{i:026d}", "P", state="done", argv=argv, metrics={name: v}, **more)
        for i, v in enumerate(values)
    ]


NOISY, SAME = [5.0, 5.2, 4.9], [5.0, 5.0, 5.0]


@pytest.mark.parametrize(
    ("name", "unit", "observed", "values", "by_machine"),
    [
        ("ttft", "", "result", NOISY, True),
        ("p99", "", "counted", NOISY, True),
        ("iops", "", "", NOISY, True),
        ("latency_p50", "", "counted", NOISY, True),
        ("answer_delay", "", "result", NOISY, True),  # no list has it
        ("x", "ms", "result", NOISY, True),
        ("x", "req/s", "counted", NOISY[:1], True),  # nothing shows that it is a count
        ("simulated_time", "s", "counted", SAME, False),
        ("heap", "MB", "counted", NOISY[:1], False),
        ("heap", "MB", "counted", NOISY, True),
        ("instructions", "", "counted", NOISY, False),
        ("loss", "", "", NOISY, False),  # an unseeded training
        ("p95_error", "", "result", NOISY, False),
    ],
)
def test_what_differs_between_runs_of_the_same_is_no_result(
    name: str, unit: str, observed: str, values: list[float], by_machine: bool
) -> None:
    definition = MetricDef(name, unit, "lower", observed=observed)
    found = as_measured(definition, repeats(name, values))
    assert bool(moved_by_machine(found)) == by_machine


@pytest.mark.parametrize(
    ("name", "observed", "values", "by_machine"),
    [
        ("novelty", "result", [*NOISY, NOISY[0]], False),  # one seed, run again, agrees
        ("novelty", "result", NOISY, True),  # another seed each: nothing shows it
        ("handshake", "", NOISY, True),
        ("handshake", "", SAME, False),
        ("win_rate", "", NOISY, False),
    ],
)
def test_where_each_run_has_another_seed_one_run_again_shows_a_result(
    name: str, observed: str, values: list[float], by_machine: bool
) -> None:
    runs = repeats(name, values)
    for i, run in enumerate(runs):
        run.argv = [*run.argv, "--seed", str(i % len(NOISY))]
        run.config = {"seed": i % len(NOISY)}
    definition = MetricDef(name, observed=observed)
    assert bool(moved_by_machine(as_measured(definition, runs))) is by_machine
    assert bool(doubted(definition, runs)) is by_machine


@pytest.mark.parametrize(
    ("read", "by_machine"),
    [
        ("pattern:score=time_ms.: ([0-9.]+)", True),
        ("res.csv:score=elapsed_ms", True),
        ("res.csv:acc=hit,score=latency,rows=3", True),
        ("res.csv:score=accuracy,other=elapsed_ms", False),
        ("pattern:score=time [0-9.]+, score ([0-9.]+)", False),
        ("pattern:score=score: ([0-9.]+) time", False),
        ("", False),
    ],
)
def test_another_name_for_what_was_read_as_a_time_is_no_way_round_turns(
    read: str, by_machine: bool
) -> None:
    runs = repeats("score", NOISY, extract=[read])
    assert bool(moved_by_machine(as_measured(MetricDef("score"), runs))) is by_machine


def test_a_declaration_beforehand_is_no_way_round_turns() -> None:
    b = ThreadBuilder(metrics=[("ttft", "", "lower")])
    b.record("metric-defined", {"name": "ttft", "direction": "lower", "observed": "result"})
    for arm, mean in (("a", 10.0), ("b", 9.0)):
        b.run(arm, {"ttft": mean}, {"arm": arm})
        b.repeat(f"P-00{1 if arm == 'a' else 2}", *({"ttft": mean + d} for d in (0.1, -0.1, 0.05)))
    thread = b.thread()
    sides = [thread.experiments[name].runs for name in ("P-001", "P-002")]
    known = definitions_for(thread, [*sides[0], *sides[1]])
    [metric] = compare(*sides, axes=["arm"], nuisance=["command"], metric_defs=known).metrics
    assert (metric.verdict, metric.withheld) == ("exploratory only", NOT_IN_TURNS)


def test_a_seed_that_is_run_again_shows_it_and_makes_no_other_set_of_seeds() -> None:
    b = ThreadBuilder(metrics=[("novelty", "", "higher")])

    def run(arm: str, seed: int) -> None:
        value = {"new": 5.0, "old": 4.0}[arm] + seed * seed / 100
        argv = ["python", "n.py", arm, str(seed)]
        shown = b.plan("", {"arm": arm, "seed": seed}, argv=argv, code={"tree": "t1"})
        b.end(shown, {"novelty": value + (0.001 * seed if arm == "new" else 0)})

    for arm in ("new", "old"):
        for seed in (1, 2, 3):
            run(arm, seed)
    form = {"predicate": "novelty(arm=new) > novelty(arm=old)"}
    assert evidence_of(b.thread(), form).label == "exploratory"  # type: ignore[arg-type]
    run("new", 1)
    assert evidence_of(b.thread(), form).label == "replicated"  # type: ignore[arg-type]
