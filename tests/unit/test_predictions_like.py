"""Of predictions that were all written beforehand, one comes true by chance."""

from __future__ import annotations

import pytest

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
