"""What a hypothesis may be called by the evidence that is cited for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leadline.core.errors import LeadlineError
from leadline.core.evidence.of_thread import evidence_of
from leadline.services.context import Context
from leadline.services.evidence.hypothesis import add, change
from leadline.testing.builders import ThreadBuilder
from tests.unit.services_context import holding

PREDICTED = "loss(arm=new) < loss(arm=old)"


def context_with(folder: Path, *new: list[float]) -> Context:
    """A baseline of the old arm, P-001, an experiment of the new arm for each of ``new``, P-002 and
    on, and P-H1, which predicts that the new one is lower."""
    b = ThreadBuilder("demo", metrics=[("loss", "nats", "lower")])
    for arm, values in (("old", [1.0, 1.01, 0.99, 1.0]), *(("new", values) for values in new)):
        shown = b.run(arm, {"loss": values[0]}, {"arm": arm})
        b.repeat(shown, *({"loss": value} for value in values[1:]))
    b.record("hypothesis", {"id": "P-H1", "text": "new is lower", "predicate": PREDICTED})
    b.claim("new is not lower", predicate="loss(P-003) > loss(P-001)")
    return holding(folder, b)


def state(context: Context, wanted: str, evidence: str) -> Any:
    return change(context, "demo", "P-H1", wanted, evidence=[evidence])["state"]


LOW, HIGH = [0.8, 0.81, 0.79, 0.8], [1.1, 1.11, 1.09, 1.1]
SAME = [1.0, 1.02, 0.99, 1.005]


def test_what_was_measured_the_other_way_supports_nothing(tmp_path: Path) -> None:
    context = context_with(tmp_path, LOW, HIGH)
    for contrary in ("P-003", "P-003-r2", "P-C1"):
        with pytest.raises(LeadlineError) as refused:
            state(context, "supported", contrary)
        assert refused.value.code == "prediction-says-otherwise"
        assert refused.value.what == "the prediction of P-H1 does not hold over the runs cited"
    assert state(context, "supported", "P-002") == "supported"


def test_the_baseline_of_a_prediction_is_that_of_its_time(tmp_path: Path) -> None:
    """Else what it beat becomes what it is held against, once the baseline has moved there."""
    b = ThreadBuilder("demo", metrics=[("loss", "nats", "lower")])
    for arm, values in (("old", HIGH), ("new", LOW)):
        shown = b.run(arm, {"loss": values[0]}, {"arm": arm})
        b.repeat(shown, *({"loss": value} for value in values[1:]))
    b.baseline("P-001")
    context = holding(tmp_path, b)
    add(context, "demo", "new is lower", "loss(arm=new) < 0.9 * loss(baseline)")
    thread = context.store.thread("demo")
    (item,) = thread.hypotheses
    assert item.refs["baseline"] == thread.baseline.uid
    context.append("demo", "baseline", {"id": "P-B2", "experiment": "P-002", "refs": {}, "why": ""})
    thread = context.store.thread("demo")
    assert thread.baseline.id == "P-B2"
    found = evidence_of(thread, thread.hypotheses[0].body, item.uid)
    assert {run.rpartition("-")[0] for run in found.counted} == {"P-001", "P-002"}


@pytest.mark.parametrize("registered_first", [True, False])
def test_an_unbound_prediction_means_the_baseline_of_its_time(registered_first: bool) -> None:
    b = ThreadBuilder("demo", metrics=[("loss", "nats", "lower")])
    for arm, values in (("old", HIGH), ("new", LOW)):
        shown = b.run(arm, {"loss": values[0]}, {"arm": arm})
        b.repeat(shown, *({"loss": value} for value in values[1:]))
    if registered_first:
        b.baseline("P-001")
    b.record(
        "hypothesis",
        {"id": "P-H1", "text": "lower", "predicate": "loss(arm=new) < 0.9 * loss(baseline)"},
    )
    if not registered_first:
        b.baseline("P-001")
    b.baseline("P-002")
    thread = b.thread()
    (item,) = thread.hypotheses
    found = evidence_of(thread, item.body, item.uid)
    assert {run.rpartition("-")[0] for run in found.counted} == {"P-001", "P-002"}


def test_no_difference_shown_is_no_falsification(tmp_path: Path) -> None:
    context = context_with(tmp_path, SAME, SAME)
    with pytest.raises(LeadlineError) as refused:
        state(context, "falsified", "P-002")
    assert refused.value.code == "no-difference-shown"
    assert refused.value.next[0].startswith("leadline hypothesis block P-H1 --until")


def test_a_difference_the_other_way_falsifies(tmp_path: Path) -> None:
    assert state(context_with(tmp_path, HIGH, HIGH), "falsified", "P-002") == "falsified"


def test_one_run_a_side_the_other_way_may_falsify(tmp_path: Path) -> None:
    b = ThreadBuilder("demo", metrics=[("loss", "nats", "lower")])
    for arm, value in (("old", 1.0), ("new", 1.1)):
        b.run(arm, {"loss": value}, {"arm": arm})
    b.record("hypothesis", {"id": "P-H1", "text": "new is lower", "predicate": PREDICTED})
    assert state(holding(tmp_path, b), "falsified", "P-002") == "falsified"
