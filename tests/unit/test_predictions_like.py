"""Of predictions that were all written beforehand, one comes true by chance."""

from __future__ import annotations

import pytest

from leadline.core.evidence import of_thread
from leadline.core.evidence.of_thread import evidence_of
from leadline.testing.builders import ThreadBuilder

OLD = (1.0, 1.02, 0.98, 1.01, 0.99)
LOWER = (0.98, 1.0, 0.96, 0.965, 0.975)  # 2.4 standard errors: enough for one prediction


def judged(arms: int, *predicted: str, ran: bool = True) -> str:
    """The label of "a1 lowers the loss" where each of ``predicted`` was a hypothesis, and the ``arms``
    other ones of them came out as the reference."""
    b = ThreadBuilder(metrics=[("loss", "", "lower"), ("acc", "", "higher")])
    for form in ("loss(arm=a1) < loss(arm=old)", *predicted):
        b.hypothesis(form, predicate=form)
    for arm, values in (("old", OLD), ("a1", LOWER), *((f"a{n}", OLD) for n in range(2, arms + 2))):
        for seed, value in enumerate(values if ran or arm in ("old", "a1") else ()):
            argv = ["train", arm, f"--seed={seed}"]
            config, design = {"arm": arm, "seed": seed}, {"sweep": "one look"}
            run = b.plan("", config, argv=argv, design=design)
            b.end(run, {"loss": value, "acc": value})
    thread = b.thread()
    return evidence_of(thread, {"predicate": "loss(arm=a1) < loss(arm=old)"}).label


OTHERS = [f"loss(arm=a{n}) < loss(arm=old)" for n in range(2, 9)]


@pytest.mark.parametrize(
    ("predicted", "ran", "label"),
    [
        ([], True, "replicated"),
        (OTHERS, True, "exploratory"),
        (OTHERS, False, "replicated"),  # nothing came of them, so nothing was picked
        ([f"acc(arm=a{n}) < acc(arm=old)" for n in range(2, 9)], True, "replicated"),
        (["loss(arm=a1) < 0.99 * loss(arm=old)"] * 7, True, "replicated"),  # within the first
    ],
)
def test_a_prediction_pays_for_those_beside_it(predicted: list[str], ran: bool, label: str) -> None:
    assert judged(7, *predicted, ran=ran) == label


def test_a_list_may_choose_the_runs_of_a_prediction() -> None:
    form = "loss(betas=[1, 2]) < loss(betas=[3])"
    b = ThreadBuilder(metrics=[("loss", "", "lower")])
    b.hypothesis("x", predicate=form)
    for betas, loss in (([1, 2], 1.0), ([3], 2.0)):
        b.end(b.plan("", {"betas": betas}, argv=["train", str(betas)]), {"loss": loss})
    assert evidence_of(b.thread(), {"predicate": form}).counted == ["P-001-r1", "P-002-r1"]


def test_which_predictions_have_runs_is_asked_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    b = ThreadBuilder(metrics=[("loss", "", "lower")])
    arms = [f"a{n}" for n in range(12)]
    for arm in arms:
        b.hypothesis(arm, predicate=f"loss(arm={arm}) < loss(arm=old)")
    for arm in ("old", *arms):
        b.end(b.plan("", {"arm": arm}, argv=["train", arm]), {"loss": 1.0})
    thread, asked, ask = b.thread(), list[str](), of_thread.runs_of_subject
    monkeypatch.setattr(
        of_thread,
        "runs_of_subject",
        lambda thread, subject, *refs: (
            asked.append(subject.format()) or ask(thread, subject, *refs)
        ),
    )
    for item in thread.hypotheses:
        evidence_of(thread, item.body, item.uid)
    assert max(map(asked.count, {name for name in asked if "old" not in name})) <= 3
