"""Metrics over items: the items two sides share, both universes, and what is judged over which."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.extractors.registry import extract
from leadline.core.compare.compare import compare
from leadline.core.errors import LeadlineError
from leadline.core.evidence.evidence import evidence
from leadline.core.evidence.predicate import Subject, parse
from leadline.core.extract.gather import Extraction
from leadline.core.extract.spec import parse_spec
from leadline.core.metric.items import facts_of, item_key, on_shared_items, reduced
from leadline.core.record.run import MetricDef, Run
from leadline.ports.extractor import RunFiles
from leadline.render.terminal.compare import render_compare

ACC = MetricDef("acc", "", "higher", observed="result")


def run(
    side: str, number: int, values: dict[str, float] | None, rule: str = "mean", **more: Any
) -> Run:
    items = (
        {}
        if values is None
        else {"items": {"acc": {**facts_of(["question"], rule, values), "values": values}}}
    )
    value = 0.5 if values is None else reduced(rule, values.values())
    config = {"arm": side, "nr": number} | more
    place = f"{number}{side}".rjust(26, "0")
    made = Run(
        f"{side}-r{number}", place, side, state="done", config=config, metrics={"acc": value}
    )
    made.code, made.extraction = {"tree": "t"}, dict(items)
    return made


def scores(first: int, last: int, right: set[int] | range) -> dict[str, float]:
    return {f"q{i}": float(i in right) for i in range(first, last)}


def test_other_items_made_the_fall_and_the_shared_ones_do_not() -> None:
    """What was written down as 0.815 -> 0.418 was 0.815 -> 0.803 on the same cells."""
    a = [run("a", n, scores(0, 100, range(81 + n % 2))) for n in range(3)]
    b = [
        run("b", n, {**scores(0, 100, range(80 + n % 2)), **scores(100, 200, range(0))})
        for n in range(3)
    ]
    out = compare(
        a, b, axes=["arm"], nuisance=["nr"], metric_defs={"acc": ACC}, a_name="A", b_name="B"
    )
    m = out.metrics[0]
    assert m.items is not None
    assert m.items["b_own"] == pytest.approx(0.4017, abs=1e-4)
    assert (m.items["a_items"], m.items["b_items"], m.items["both"], m.items["same"]) == (
        100,
        200,
        100,
        False,
    )
    assert m.b.mean == pytest.approx(0.80333, abs=1e-4)
    assert m.verdict != "worse"
    assert m.sentence.startswith("over the 100 items that all runs have: ")
    text = render_compare(out)
    assert "A has 100 items, B 200, 100 in both; on these 100: 0.81333 -> 0.80333" in text
    assert "each on its own: 0.81333 -> 0.40167" in text
    assert "of these runs on items like these, not of other runs" in text
    page = (Path(__file__).parents[2] / "docs" / "design" / "evidence.md").read_text("utf-8")
    assert [line.strip() in page for line in text.splitlines() if "item" in line[:8]] == [
        True,
        True,
    ]
    over = m.items["over_items"]
    assert over["n"] == 100
    assert (over["better"], over["worse"], over["equal"]) == (0, 2, 98)


def test_a_claim_is_judged_over_the_shared_items_as_the_comparison_is() -> None:
    a = [run("a", n, scores(0, 100, range(81 + n % 2))) for n in range(3)]
    b = [
        run("b", n, {**scores(0, 100, range(90 + n % 2)), **scores(100, 200, range(0))})
        for n in range(3)
    ]
    sides = {"A": a, "B": b}

    def resolve(subject: Subject) -> list[Run]:
        return sides[{"a": "A", "b": "B"}[str(dict(subject.selectors)["arm"])]]

    found = evidence(parse("acc(arm=b) > acc(arm=a)"), resolve, metric_defs={"acc": ACC})
    assert found.label == "replicated"
    assert "arm=a has 100 items, arm=b 200, 100 in both" in found.why[0]
    # each run alone is above on the shared items, whatever its own mean over 200 says
    assert found.contrary == []


def test_the_same_items_change_nothing_and_say_so() -> None:
    a = [run("a", n, scores(0, 10, range(5 + n))) for n in range(3)]
    b = [run("b", n, scores(0, 10, range(6 + n))) for n in range(3)]
    with_items = compare(a, b, axes=["arm"], nuisance=["nr"], metric_defs={"acc": ACC}).metrics[0]
    for one in [*a, *b]:
        one.extraction = {}
    without = compare(a, b, axes=["arm"], nuisance=["nr"], metric_defs={"acc": ACC}).metrics[0]
    assert with_items.test.p == without.test.p
    assert with_items.items is not None and with_items.items["same"]
    assert without.items is None
    assert with_items.sentence == without.sentence


@pytest.mark.parametrize(
    ("b", "why"),
    [
        (run("b", 0, {"z1": 1.0, "z2": 0.0}), "no item has a value in every run"),
        (run("b", 0, None), "1 runs do not say over which items"),
        (run("b", 0, {"q1": 1.0, "q2": 0.0}, "sum"), "by other rules: mean against sum"),
    ],
)
def test_what_cannot_be_brought_together_is_not_judged(b: Run, why: str) -> None:
    out = compare(
        [run("a", 0, scores(0, 5, range(3)))], [b], axes=["arm"], metric_defs={"acc": ACC}
    )
    m = out.metrics[0]
    assert m.verdict == "cannot be compared"
    assert why in m.sentence
    assert m.items is not None and m.items["a_shared"] is None
    _, _, shared = on_shared_items([run("a", 0, scores(0, 5, range(3)))], [b], "acc")
    assert shared is not None and why in shared.reason


def test_values_in_a_blob_that_is_not_here() -> None:
    a, b = run("a", 0, scores(0, 5, range(3))), run("b", 0, scores(0, 7, range(3)))
    kept = b.extraction["items"]["acc"].pop("values")
    b.extraction["items"]["acc"]["blob"] = "sha256:x"
    shared = on_shared_items([a], [b], "acc")[2]
    assert shared is not None and "not on this machine" in shared.reason
    assert (shared.a_all, shared.b_all) == (5, 7)
    b.item_source = {"sha256:x": kept}.get
    left, right, shared = on_shared_items([a], [b], "acc")
    assert shared is not None and (shared.reason, shared.n) == ("", 5)
    assert right[0].metrics["acc"] == pytest.approx(0.6)
    assert b.metrics["acc"] == pytest.approx(3 / 7)  # the run itself is as it was
    assert left[0].metrics["acc"] == pytest.approx(0.6)


def test_runs_of_one_side_with_other_items_among_themselves() -> None:
    a = [run("a", 0, scores(0, 10, range(5))), run("a", 1, scores(2, 12, range(5)))]
    shared = on_shared_items(a, [run("b", 0, scores(0, 12, range(6)))], "acc")[2]
    assert shared is not None
    assert (shared.a_all, shared.b_all, shared.n, shared.uneven) == (12, 12, 8, ["a"])


def test_one_item_is_one_whatever_wrote_it() -> None:
    assert item_key([1]) == item_key([1.0]) == item_key(["1"]) == "1"
    assert item_key(["a", 2]) == item_key(["a", "2"]) == '["a","2"]'
    assert item_key(["a", ""]) == item_key([None]) == ""
    assert reduced("median", [3.0, 1.0, 2.0]) == 2.0
    assert reduced("sum", [3.0, 1.0]) == 4.0


def read(folder: Path, spec: str, lines: list[dict[str, Any]]) -> Extraction:
    (folder / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return extract([parse_spec(spec)], RunFiles(str(folder)), {})


def test_items_are_read_from_a_table(tmp_path: Path) -> None:
    rows = [{"question": f"q{i}", "correct": i % 2} for i in range(5)]
    found = read(tmp_path, "a.jsonl:acc=correct,items=question", rows)
    assert found.problems == []
    assert found.metrics == {"acc": pytest.approx(0.4)}  # the mean, not the last row
    facts = found.items["acc"]
    assert (facts["by"], facts["n"], facts["reduce"], facts["values"]["q3"]) == (
        ["question"],
        5,
        "mean",
        1.0,
    )
    assert found.series == {}  # the order of the rows means nothing
    csv = "question,correct\n" + "".join(f"q{i},{i % 2}\n" for i in reversed(range(5)))
    (tmp_path / "a.csv").write_text(csv, "utf-8")
    same = extract([parse_spec("a.csv:acc=correct,items=question")], RunFiles(str(tmp_path)), {})
    assert same.items["acc"]["set"] == facts["set"]


@pytest.mark.parametrize(
    ("rows", "spec", "code"),
    [
        ([{"q": "a", "x": 1}, {"q": "a", "x": 2}], "a.jsonl:x=x,items=q", "duplicate-key"),
        ([{"q": 1, "x": 1}, {"q": 1.0, "x": 2}], "a.jsonl:x=x,items=q", "duplicate-key"),
        ([{"q": "", "x": 1}], "a.jsonl:x=x,items=q", "item-without-name"),
        ([{"q": "a", "x": 1}], "a.jsonl:x=x,items=other", "no-such-column"),
    ],
)
def test_rows_that_are_no_items_publish_nothing(
    tmp_path: Path, rows: list[dict[str, Any]], spec: str, code: str
) -> None:
    found = read(tmp_path, spec, rows)
    assert code in {problem["code"] for problem in found.problems}
    assert (found.metrics, found.items) == ({}, {})


def test_items_without_a_value_are_counted_and_are_not_in_the_set(tmp_path: Path) -> None:
    rows = [{"q": "a", "x": 1.0}, {"q": "b", "x": None}, {"q": "c", "x": 3.0}]
    dropped = read(tmp_path, "a.jsonl:x=x,items=q,nan=drop", rows)
    assert dropped.metrics == {"x": 2.0}
    assert sorted(dropped.items["x"]["values"]) == ["a", "c"]
    kept = read(tmp_path, "a.jsonl:x=x,items=q,nan=keep", rows)
    assert (kept.nonfinite, kept.items["x"]["missing"]) == ({"x": "NaN"}, 1)


def test_the_cases_of_a_benchmark_tool_are_items() -> None:
    folder = Path(__file__).parents[1] / "fixtures" / "benchmarks"
    spec = parse_spec("reader:pytest-benchmark:pytest-benchmark.json:time_s=mean_s,items=case")
    found = extract([spec], RunFiles(str(folder)), {})
    assert sorted(found.items["time_s"]["values"]) == ["test_sum[1000]", "test_sum[10]"]
    values = found.items["time_s"]["values"].values()
    assert found.metrics["time_s"] == pytest.approx(sum(values) / 2)
    wrong = extract(
        [parse_spec("reader:benchmark:pytest-benchmark.json:t=no_s,items=case")],
        RunFiles(str(folder)),
        {},
    )
    assert "no case has no_s" in wrong.problems[0]["what"]
    assert wrong.metrics == {}


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("a.jsonl:x=x,items=q,step=s", "items have no step"),
        ("a.jsonl:x=x,items=q,unique=r", "must be unique"),
        ("a.jsonl:x=x,items=q,reduce=last", "items have no last one"),
        ("reader:benchmark:b.json:items=case", "the number to take"),
        ("reader:benchmark:b.json:t=mean_s,items=name", "its cases"),
    ],
)
def test_declarations_of_items_that_mean_nothing(spec: str, why: str) -> None:
    with pytest.raises(LeadlineError) as caught:
        parse_spec(spec)
    assert why in caught.value.why
