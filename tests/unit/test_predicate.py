"""The language of checkable claims: it reads what it writes, and says where it stopped."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.core.errors import LeadlineError
from leadline.core.evidence.evaluate import evaluate
from leadline.core.evidence.predicate import Clause, Predicate, Subject, parse
from leadline.core.record.run import Run
from tests.chance import examples

names = st.one_of(
    st.sampled_from(["P-001", "val_loss", "and", "over", "a b", "t@1"]),
    st.text(min_size=1, max_size=6),
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.one_of(
    st.text(max_size=6),
    st.integers(),
    numbers,
    st.booleans(),
    st.none(),
    st.lists(st.text(max_size=3)),
)
selectors = st.lists(st.tuples(names, scalars), max_size=3).map(tuple)
subjects = st.builds(Subject, names, selectors) | st.builds(
    Subject, st.just(""), selectors.filter(len)
)


@st.composite
def clauses(draw: st.DrawFn) -> Clause:
    op = draw(st.sampled_from(["<", "<=", ">", ">=", "~="]))
    tolerance = (draw(numbers.map(abs)), draw(st.booleans())) if op == "~=" else (0.0, False)
    metric, subject = draw(names), draw(subjects)
    if draw(st.booleans()):
        return Clause(metric, subject, op, 1.0, "", None, draw(numbers), *tolerance)
    return Clause(metric, subject, op, draw(numbers), draw(names), draw(subjects), 0.0, *tolerance)


overs = st.lists(
    st.tuples(names, st.lists(scalars, min_size=1, max_size=3).map(tuple)), max_size=2
).map(tuple)
predicates = st.builds(Predicate, st.lists(clauses(), min_size=1, max_size=3).map(tuple), overs)


@given(predicates)
@settings(max_examples=examples(150), deadline=None)
def test_parse_reads_what_format_writes(predicate: Predicate) -> None:
    assert parse(predicate.format()) == predicate


@given(st.text(alphabet='ab-(=)<~+*1.%{}, "over in and', max_size=30))
@settings(max_examples=examples(100), deadline=None)
def test_nothing_but_a_usage_error_leaves_the_parser(text: str) -> None:
    try:
        parse(text)
    except LeadlineError as error:
        assert (error.kind, error.code) == ("usage", "bad-predicate")


def test_parse() -> None:
    predicate = parse(
        "t(codec=zlib,level=9) <= 0.9*t(baseline) and acc(P-001) ~= 0.5 +- 2% over level in {1, 9}"
    )
    first, second = predicate.clauses
    assert first.subject == Subject("", (("codec", "zlib"), ("level", 9))) and first.factor == 0.9
    assert (second.bound, second.tolerance, second.relative) == (0.5, 2.0, True)
    assert predicate.over == (("level", (1, 9)),)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1),
        ("t(P-001)", 9),
        ("t(P-001) <", 11),
        ("t P-001", 3),
        ("t(P-001) ~= 3", 14),
        ("t(a=1) < 2 or", 12),
        ("t(a=1) < 2 over x {1}", 19),
        ("t(a=) < 2", 5),
        ("t(a,b) < 2", 6),
    ],
)
def test_errors_show_the_position_and_an_example(text: str, position: int) -> None:
    with pytest.raises(LeadlineError) as caught:
        parse(text)
    assert caught.value.details["position"] == position
    assert f"position {position}" in caught.value.what and "baseline" in caught.value.why


def resolve(subject: Subject) -> list[Run]:
    values = {
        "A": [10.0, 10.2, 9.8],
        "B": [5.0, 5.1, 4.9],
        "wide": [1.0, 9.0, 14.0],
        "one": [5.0],
        "same": [5.0] * 3,
    }
    return [
        Run(f"{subject.name}-r{i}", str(i), subject.name, state="done", metrics={"t": v})
        for i, v in enumerate(values.get(subject.name, []))
    ]


@pytest.mark.parametrize(
    ("text", "holds", "supported", "contradicted"),
    [
        ("t(B) < t(A)", True, True, False),
        ("t(B) > t(A)", False, False, True),
        ("t(B) <= 0.6 * t(A)", True, True, False),
        ("t(B) <= 0.4 * t(A)", False, False, True),
        ("t(wide) < t(A)", True, False, False),
        ("t(one) < 6", True, None, False),
        ("t(B) ~= 5 +- 10%", True, True, False),
        ("t(B) ~= 5 +- 1%", True, False, False),
        ("t(B) ~= 8 +- 0.5", False, False, True),
        ("t(same) <= 5", True, True, False),
        ("t(none) < 5", None, None, False),
        ("t(A) >= t(none)", None, None, False),
    ],
)
def test_evaluate(
    text: str, holds: bool | None, supported: bool | None, contradicted: bool
) -> None:
    (result,) = evaluate(parse(text), resolve)
    assert (result.holds, result.supported, result.contradicted) == (holds, supported, contradicted)
    assert result.arithmetic


def test_only_evidence_is_averaged() -> None:
    def with_a_failure(subject: Subject) -> list[Run]:
        return [
            *resolve(subject),
            Run("x-r9", "9", subject.name, state="failed", metrics={"t": 1e6}),
        ]

    (result,) = evaluate(parse("t(B) < t(A)"), with_a_failure)
    assert (result.left.n, result.right_runs) == (3, ["A-r0", "A-r1", "A-r2"])
