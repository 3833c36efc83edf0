"""Our statistics against figures that other people printed about their own training runs."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from leadline.core.compare.compare import compare
from leadline.core.compare.difference import NOT_IN_TURNS
from leadline.core.evidence.evaluate import evaluate
from leadline.core.evidence.predicate import parse
from leadline.core.record.run import MetricDef, Run
from leadline.core.stats.inference import one_sample, summarise

DATA = Path(__file__).parents[2].parent / "shared/data/nanogpt/runs.tsv"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"the real records are not here: {DATA}")
SIGN, FROM_BEST = "2026-05-20_BigramsSignTrick", "2026-06-11_RecursiveFromBest"
DEFS = {
    "val_loss": MetricDef("val_loss", "nats", "lower"),
    "train_time_ms": MetricDef("train_time_ms", "ms", "lower"),
}


def arms() -> dict[tuple[str, str], list[Run]]:
    found: dict[tuple[str, str], list[Run]] = {}
    with DATA.open(newline="") as lines:
        for i, row in enumerate(csv.DictReader(lines, delimiter="\t")):
            run = Run(
                id=f"N-{i:03d}-r1",
                uid=f"{i:026d}",
                experiment="N-001",
                state="done",
                origin="imported",
                config={"arm": row["arm"], "steps": int(row["final_step"])},
                code={"tree": row["record"]},
                hardware={"gpu": row["gpu"]},
                devices={"kind": row["gpu"], "count": int(row["gpu_count"])},
                metrics={
                    "val_loss": float(row["val_loss"]),
                    "train_time_ms": float(row["train_time_ms"]),
                },
            )
            found.setdefault((row["record"], row["arm"]), []).append(run)
    return found


def arm(record: str, *names: str) -> list[Run]:
    (runs,) = [runs for (r, a), runs in arms().items() if r == record and a in names]
    return runs


def all_arms() -> list[tuple[str, str]]:
    return sorted(arms()) if DATA.exists() else []


PRINTED = [
    (SIGN, "baseline", 10, "3.27937", "0.00135", "85394.3", "79.4"),
    (SIGN, "pr299", 20, "3.27917", "0.00115", "84429.5", "71.6"),
    (FROM_BEST, "baseline_pr299", 10, "3.27850", "0.00144", "80611.4", "217.6"),
    (FROM_BEST, "this_pr", 13, "3.27893", "0.00137", "77337.6", "202.9"),
]


@pytest.mark.parametrize(("record", "name", "n", "loss", "loss_sd", "time", "time_sd"), PRINTED)
def test_means_and_sds_to_the_printed_digits(
    record: str, name: str, n: int, loss: str, loss_sd: str, time: str, time_sd: str
) -> None:
    runs = arm(record, name)
    losses = summarise(r.metrics["val_loss"] for r in runs)
    times = summarise(r.metrics["train_time_ms"] for r in runs)
    assert losses.n == n
    assert (f"{losses.mean:.5f}", f"{losses.sd:.5f}") == (loss, loss_sd)
    assert (f"{times.mean:.1f}", f"{times.sd:.1f}") == (time, time_sd)


@pytest.mark.parametrize(
    ("record", "name", "p", "digits"),
    [
        (SIGN, "pr299", "0.0024", 4),
        (FROM_BEST, "baseline_pr299", "0.00471", 5),
        (FROM_BEST, "this_pr", "0.007803", 6),
    ],
)
def test_p_below_the_target_to_the_printed_digits(
    record: str, name: str, p: str, digits: int
) -> None:
    losses = summarise(r.metrics["val_loss"] for r in arm(record, name))
    result = one_sample(losses, 3.28, "less")
    assert result.p is not None and f"{result.p:.{digits}f}" == p


def test_the_deltas_and_what_they_bear() -> None:
    out = compare(
        arm(SIGN, "baseline"),
        arm(SIGN, "pr299"),
        axes=["arm"],
        metric_defs=DEFS,
        target={"val_loss": 3.28},
        a_name="baseline",
        b_name="pr299",
    )
    loss, time = sorted(out.metrics, key=lambda m: m.metric, reverse=True)
    assert out.apples_to_apples
    assert f"{loss.test.difference:.5f}" == "-0.00020" and f"{time.test.difference:.1f}" == "-964.8"
    assert loss.verdict == "inside the baseline's own spread"
    # one arm after the other: the numbers are shown, and say nothing of the arm
    assert time.verdict == "exploratory only" and time.withheld == NOT_IN_TURNS
    assert loss.target is not None and loss.target["met"] is True


def test_different_step_counts_are_not_apples_to_apples() -> None:
    out = compare(
        arm(FROM_BEST, "baseline_pr299"), arm(FROM_BEST, "this_pr"), axes=["arm"], metric_defs=DEFS
    )
    assert not out.apples_to_apples
    assert [(row.key, row.a, row.b) for row in out.diff.of_role("confound")] == [
        ("steps", 1385, 1398)
    ]
    assert {m.verdict for m in out.metrics} == {"cannot be compared"}


def test_their_claim_as_a_predicate() -> None:
    (result,) = evaluate(parse("val_loss(pr299) < 3.28"), lambda subject: arm(SIGN, subject.name))
    assert (result.holds, result.supported, result.left.n) == (True, True, 20)
