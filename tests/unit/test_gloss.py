"""Words of a claim against what its checkable form bears."""

from __future__ import annotations

import pytest

from leadline.core.evidence.evidence import evidence
from leadline.core.evidence.gloss import Borne, Overclaim, overclaims
from leadline.core.evidence.predicate import Subject, parse
from leadline.core.record.run import MetricDef, Run

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
        ("no effect", "t(block=128) ~= t(block=64) +- 90 %", "a difference of", "say 'within"),
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
        ("dramatically lower", LESS, "says only which way", "0.9 * "),
        ("a huge win for 128", LESS, "says only which way", "0.9 * "),
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
        ("dramatically lower", "t(block=128) < 0.5 * t(block=64)"),
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


@pytest.mark.parametrize(
    "text",
    ["new is lower", "the loss is lower", "bigger is faster", "Bigger is quicker", "A is better"],
)
def test_a_short_comparison_is_plain_where_no_claim_is_named(text: str) -> None:
    assert overclaims(text, [], lambda: RUNS) == []


KINDS = {
    "loss": MetricDef("loss", "", "lower"),
    "time_ms": MetricDef("time_ms", "ms", "lower"),
    "acc": MetricDef("acc", "", "higher"),
    "rate": MetricDef("rate", "tok/s", "higher"),
}
ARMS = [
    Run(
        f"{arm}-r{i}",
        f"{i:03d}{at:023d}",
        arm,
        state="done",
        metrics={"loss": at + i / 99, "time_ms": at + i / 9, "acc": 3 - at, "rate": 30 / at + i},
        config={"arm": arm},
    )
    for at, arm in ((1, "new"), (2, "old"))
    for i in range(3)
]
LOSS, TIME = "loss(arm=new) < loss(arm=old)", "time_ms(arm=new) < time_ms(arm=old)"
ACC, RATE = "acc(arm=new) > acc(arm=old)", "rate(arm=new) > rate(arm=old)"
SAME = "time_ms(arm=new) ~= time_ms(arm=old) +- 80 %"


def of_another(text: str, form: str) -> list[str]:
    def chosen(subject: Subject) -> list[Run]:
        return [r for r in ARMS if r.config["arm"] == dict(subject.selectors)["arm"]]

    predicate = parse(form)
    borne = Borne(predicate, evidence(predicate, chosen), chosen, metrics=KINDS)
    return [o.why for o in overclaims(text, [borne], lambda: ARMS, own=True)]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("new is slower", TIME),
        ("old is faster", TIME),
        ("faster than new", TIME),
        ("new needs more time", TIME),
        ("old beats new", TIME),
        ("new is faster", SAME),
        ("accuracy rises with new", TIME),
        ("less memory than old", TIME),
        ("new increases the loss", LOSS),
        ("new raises accuracy", LOSS),
        ("worse than old", ACC),
        ("old is more accurate than new", ACC),
        ("new is less accurate", ACC),
        ("new is more accurate", LOSS),
        ("lower throughput with new", RATE),
        ("new is slower", RATE),
        ("new is slower", "time_ms(arm=new) < 1.5 * time_ms(arm=old)"),
    ],
)
def test_the_other_way_round_and_another_metric(text: str, form: str) -> None:
    assert of_another(text, form)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("new is faster", TIME),
        ("old is slower than new", TIME),
        ("new takes less time", TIME),
        ("compared with old, new is faster", TIME),
        ("switching to new improves throughput", TIME),
        ("new is not slower", TIME),
        ("old takes longer", TIME),
        ("the same time in both", SAME),
        ("new changes the time by less than 0.1 s", SAME),
        ("new is more accurate", ACC),
        ("new reaches a higher accuracy than old", ACC),
        ("new improves accuracy", ACC),
        ("new reduces the loss", LOSS),
        ("new outperforms old on accuracy", ACC),
        ("a loss that changes by less than 0.1", "loss(arm=new) ~= loss(arm=old) +- 0.1"),
        ("new is better", LOSS),
        ("loss drops when switching from old to new", LOSS),
        ("old is worse", ACC),
        ("higher throughput", RATE),
        ("new is faster", RATE),
    ],
)
def test_the_way_that_the_form_says(text: str, form: str) -> None:
    assert of_another(text, form) == []


def test_a_factor_is_counted_once_where_every_run_is_asked_for() -> None:
    assert check("lower in every run", "t(block=128) < 0.412 * t(block=64)")
    assert check("lower in every run", "t(block=128) < 0.6 * t(block=64)") == []


def test_a_draft_keeps_bytes_that_are_no_character(tmp_path) -> None:
    from types import SimpleNamespace

    from leadline.services.draft import keep_draft

    context = SimpleNamespace(
        root=str(tmp_path), hiding=lambda _what: SimpleNamespace(text=lambda text: text)
    )
    path = keep_draft(context, "finish", "always \udc9b")
    with open(path, "rb") as file:
        assert file.read() == b"always \x9b\n"
