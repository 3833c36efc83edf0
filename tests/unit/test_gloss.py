"""Words of a claim against what its checkable form bears."""

from __future__ import annotations

import pytest

from leadline.core.evidence.evidence import evidence
from leadline.core.evidence.gloss import Borne, Overclaim, overclaims
from leadline.core.evidence.predicate import Subject, parse
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
    return overclaims(text, [Borne(predicate, evidence(predicate, of), of)], lambda: RUNS)


LESS, UNSURE = "t(block=128) < t(block=64)", "t(block=1024) < t(block=64)"
EQUAL, NOT_EQUAL = "t(block=512) ~= t(block=64) +- 3 %", "t(block=1024) ~= t(block=64) +- 3 %"

EVERY = " and ".join(f"t(block=128) < t(block={b})" for b in (64, 256, 512, 1024))


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
            "an equivalence that is not shown",
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
        ("128 is state of the art", EVERY, "it needs replicated", "'best of 5'"),
        ("128 always wins", LESS, "says that there is no exception", "name the cases"),
        ("faster on every machine", LESS, "no exception", "name the cases"),
        ("128 is faster, replicated", UNSURE, "the computed one is exploratory", "'exploratory'"),
        ("a stable gain", LESS, "the computed one is replicated", "'replicated'"),
        ("this proves it", EVERY, "what no label bears", "'supports'"),
        ("dramatically lower", "t(block=128) < 5", "the checkable form does not", "t"),
    ],
)
def test_more_than_the_form_bears(text: str, form: str, why: str, honest: str) -> None:
    found = check(text, form)
    assert len(found) == 1, found
    assert why in found[0].why and honest in found[0].honest, found


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("no difference", EQUAL),
        ("significantly lower", LESS),
        ("three significant figures", UNSURE),
        ("the fastest of two", LESS),
        ("the best of the 2 tried", LESS),
        ("best effort", UNSURE),
        ("128 is faster, replicated", LESS),
        ("lower in every run", LESS),
        ("not the best, not always faster, never proven", UNSURE),
        ("no difference was shown", UNSURE),
        ("training is stable at the largest shape", UNSURE),
        ("`no effect`, quoted", LESS),
    ],
)
def test_what_the_form_bears(text: str, form: str) -> None:
    assert check(text, form) == []


def test_the_best_of_all_that_was_tried() -> None:
    two = [r for r in RUNS if r.config["block"] in (64, 128)]
    predicate = parse(LESS)
    borne = Borne(predicate, evidence(predicate, of), of)
    assert overclaims("128 is the best", [borne], lambda: two) == []
    assert "nothing beyond" in overclaims("128 is state of the art", [borne], lambda: two)[0].why


def test_words_that_no_claim_is_named_for() -> None:
    text = "the best, significantly, always, with no effect"
    for bearing, named in (
        ([], True),
        ([Borne(parse(EVERY), evidence(parse(EVERY), of), of)], False),
    ):
        found = overclaims(text, bearing, lambda: RUNS, named)
        assert [o.word for o in found] == ["best", "significantly", "always", "no effect"]


def test_a_label_may_be_said_where_a_claim_of_the_thread_has_it() -> None:
    replicated = [Borne(parse(LESS), evidence(parse(LESS), of), of)]
    assert overclaims("the lower time was replicated", replicated, lambda: RUNS, named=False) == []
    assert overclaims("a stable gain", replicated, lambda: RUNS, named=False)
