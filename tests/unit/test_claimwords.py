"""Words of a claim against what its checkable form bears."""

from __future__ import annotations

import pytest

from leadline.core.evidence.claim_words import Overclaim, overclaims
from leadline.core.evidence.evaluate import evaluate
from leadline.core.evidence.predicate import Predicate, Subject, parse
from leadline.core.record.run import Run

VALUES = {
    64: [10.0, 10.1, 9.9, 10.05],
    128: [4.0, 4.1, 3.9, 4.05],
    256: [6.0, 6.1, 5.9, 6.05],
    512: [10.0, 10.1, 9.9, 10.02],
    1024: [9.0, 13.0, 8.0, 9.5],
}
RUNS = [
    Run(
        f"b{block}-r{i}",
        f"{i:03d}{block:023d}",
        f"b{block}",
        state="done",
        metrics={"t": v},
        config={"block": block},
    )
    for block, values in VALUES.items()
    for i, v in enumerate(values)
]


def of(subject: Subject) -> list[Run]:
    wanted = dict(subject.selectors)
    return [
        r
        for r in RUNS
        if r.experiment == subject.name or (wanted and r.config["block"] == wanted.get("block"))
    ]


def check(text: str, form: str) -> list[Overclaim]:
    predicate = parse(form)
    return overclaims(text, predicate, evaluate(predicate, of), of, lambda: RUNS)


LESS, UNSURE = "t(block=128) < t(block=64)", "t(block=1024) < t(block=64)"
EQUAL, NOT_EQUAL = "t(block=512) ~= t(block=64) +- 3 %", "t(block=1024) ~= t(block=64) +- 3 %"


@pytest.mark.parametrize(
    ("text", "form", "why", "honest"),
    [
        ("it has no effect", LESS, "needs a clause that can show it, an equivalence", "~= "),
        (
            "there is no measurable difference",
            UNSURE,
            "an equivalence",
            "leave open a difference of",
        ),
        (
            "without any regression",
            NOT_EQUAL,
            "the equivalence is not shown",
            "no difference was shown",
        ),
        ("it does not affect the time", NOT_EQUAL, "not shown", "with n"),
        (
            "significantly lower",
            UNSURE,
            "needs an interval beyond the margin",
            "'observed', with the interval",
        ),
        (
            "128 is the best",
            LESS,
            "2 of 5 tried values of block are compared, not 1024, 256, 512",
            "'best of 2'",
        ),
        ("the fastest of three", LESS, "compares 2 values of block", "of 2"),
        (
            "the best block",
            "t(block=128) < 5",
            "compares with none on one axis",
            "clause for each other value",
        ),
        ("twice as fast", LESS, "factor of 2, which no supported clause", "< 0.5 * t(block=64)"),
        ("it halves the time", UNSURE, "factor of 2", "0.5"),
        ("half the time", "t(block=256) <= 0.6 * t(block=64)", "factor of 2", "0.5"),
        (
            "three times as slow",
            "t(block=64) > 2 * t(block=128)",
            "factor of 3",
            "> 3 * t(block=128)",
        ),
    ],
)
def test_more_than_the_form_bears(text: str, form: str, why: str, honest: str) -> None:
    found = check(text, form)
    assert len(found) == 1, found
    assert why in found[0].why and honest in found[0].honest, found


EVERY = " and ".join(f"t(block=128) < t(block={b})" for b in (64, 256, 512, 1024))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("no difference", EQUAL),
        ("significantly lower", LESS),
        ("three significant figures", UNSURE),
        ("128 is the best", EVERY),
        ("the fastest of two", LESS),
        ("the best of the 2 tried", LESS),
        ("best effort", UNSURE),
        ("twice as fast", "t(block=128) <= 0.5 * t(block=64)"),
        ("the slower one takes twice as long", "t(block=64) > 2 * t(block=128)"),
        ("run twice in half precision", LESS),
        ("`no effect`, quoted", LESS),
    ],
)
def test_what_the_form_bears(text: str, form: str) -> None:
    assert check(text, form) == []


def test_words_without_a_form() -> None:
    found = overclaims(
        "the best, significantly, twice as fast, with no effect",
        Predicate(()),
        [],
        of,
        lambda: RUNS,
    )
    assert [o.word for o in found] == ["best", "significantly", "twice as", "no effect"]
