"""How a metric was read, in words, and two sides that were read differently."""

from __future__ import annotations

from typing import Any

import pytest

from leadline.core.compare.compare import compare
from leadline.core.compare.config_diff import config_diff
from leadline.core.extract.around import around
from leadline.core.extract.how_read import AS_REPORTED, declared_metrics, how_read
from leadline.core.record.run import MetricDef, Run
from leadline.core.secrets.redact import Redactor
from leadline.services.run.ending import _words_around


@pytest.mark.parametrize(
    ("extract", "words"),
    [
        (["pattern:loss=val (.*)"], "pattern 'val (.*)' in stdout"),
        (["r.csv:loss=l,rows=3"], "'l' of r.csv"),
        (["r.csv"], "'loss' of r.csv"),
        (["r.csv:loss=l,reduce=min,nan=drop"], "'l' of r.csv, reduce=min, nan=drop"),
        (["r.csv:loss=l,unique=k,dedupe=last"], "'l' of r.csv, dedupe=last of k"),
        (["r.csv:loss=l,items=q"], "'l' of r.csv, reduce=mean, items=q"),
        (["reader:pyperf:b.json:loss=mean_s"], "'mean_s' of b.json by pyperf"),
        ([{"source": "stdout", "reduce": "min"}], "'loss' of stdout, reduce=min"),
        ([{"source": "metrics", "columns": {"loss": "l"}}], "'l' of what it logs"),
        (["r.csv:acc=a", "pattern:time=t(.)", "stdout", "metrics"], AS_REPORTED),
        (["a newer kind of declaration:["], AS_REPORTED),
        ([], AS_REPORTED),
        (["pattern:loss=a (.)", "r.csv:loss=l"], "pattern 'a (.)' in stdout; 'l' of r.csv"),
    ],
)
def test_words(extract: list[object], words: str) -> None:
    assert how_read(extract, "loss") == words


def test_what_is_declared_to_be_somewhere() -> None:
    assert declared_metrics(["pattern:a=(.)", "r.csv:b=x,c=y", "stdout"], ["a", "d"]) == [
        "a",
        "b",
        "c",
    ]
    assert declared_metrics(["r.csv"], ["a", "d"]) == ["a", "d"]


def side(name: str, arm: str, *extract: str) -> list[Run]:
    return [
        Run(
            f"P-00{name}-r{n}",
            f"{name}{n:025d}",
            f"P-00{name}",
            state="done",
            argv=["train"],
            config={"arm": arm},
            code={"tree": "t"},
            metrics={"loss": 0.5, "acc": 1.0},
            extract=[*extract],
        )
        for n in range(3)
    ]


def roles(a: list[Run], b: list[Run], axes: list[str], **more: object) -> list[tuple[str, str]]:
    return [(row.name, row.role) for row in config_diff(a, b, axes, **more).rows]  # type: ignore[arg-type]


def test_two_patterns_are_not_apples_to_apples() -> None:
    a, b = side("1", "old", "pattern:loss=val (.*)"), side("2", "new", "pattern:loss=train (.*)")
    assert roles(a, b, ["arm"]) == [("arm", "axis"), ("extraction.loss", "confound")]
    found = compare(a, b, axes=["arm"], metric_defs={"loss": MetricDef("loss")})
    assert [r["code"] for r in found.refusals] == ["confounded-axis"]
    assert "train (.*)" in found.refusals[0]["what"] and "val (.*)" in found.refusals[0]["what"]
    assert roles(a, b, ["arm"], nuisance=["extraction"])[1] == ("extraction.loss", "nuisance")
    # Of a metric that both read alike it says nothing.
    assert roles(a, b, ["arm"], metrics=["acc"]) == [("arm", "axis")]


def test_a_declared_reading_against_none_differs() -> None:
    a, b = side("1", "old"), side("2", "new", "pattern:loss=train (.*)")
    (row,) = [row for row in config_diff(a, b, ["arm"]).rows if row.area == "extraction"]
    assert (row.role, row.a) == ("confound", AS_REPORTED)


def test_a_path_that_follows_the_axis_is_the_same_reading() -> None:
    a, b = side("1", "old", "r-old.csv:loss=l"), side("2", "new", "r-new.csv:loss=l")
    assert roles(a, b, ["arm"]) == [("arm", "axis")]
    assert ("extraction.loss", "confound") in roles(a, b, ["command"])


def test_parts_of_a_derived_metric_are_what_is_read() -> None:
    a, b = side("1", "old", "pattern:acc=a (.*)"), side("2", "new", "pattern:acc=b (.*)")
    for run in a + b:
        run.metrics["error"] = 0.0
    known = {"error": MetricDef("error", formula="1 - acc")}
    asked = compare(a, b, axes=["arm"], metrics=["error"], metric_defs=known)
    assert [r["code"] for r in asked.refusals] == ["confounded-axis"]
    assert not compare(a, b, axes=["arm"], metrics=["loss"], metric_defs=known).refusals


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("val loss 0.93", "val loss #"),
        ("2026-11-30 10:42:11 PM INFO epoch 3/10 train_loss=0.93", "epoch train loss #"),
        ("67%|\u2588\u2588 | 2/3 [00:12<00:06, loss=0.93]", "loss #"),
        ("took 0.93 ms in all", "took # ms"),
        ("took 0.93s", "took # s"),
        ("loss 0.93 (val)", "loss # val"),
        ("loss 0.93, improved", "loss #"),
        ("a b c d e f g h i 0.93", "b c d e f g h i #"),
    ],
)
def test_the_words_around_a_number(line: str, words: str) -> None:
    at = line.index("0.93")
    assert around(line, at, at + 4) == words


@pytest.mark.parametrize("secret", ["correct-horse-battery", "password=huntertwoabc"])
def test_no_secret_is_among_the_words_around_a_number(secret: str) -> None:
    redact: Any = Redactor({"DB_LOGIN": "correct-horse-battery"})
    line = f"{secret} loss 0.5 ({secret})"
    at = line.index("0.5")
    words = _words_around(redact, line, at, at + 3)
    assert "loss #" in words
    assert not {"horse", "huntertwoabc"} & set(words.split())


def taken_from(name: str, arm: str, *lines: str) -> list[Run]:
    runs = side(name, arm, "pattern:loss=loss (.*)")
    for run, line in zip(runs, lines, strict=True):
        run.extraction = {"around": {"loss": line}}
    return runs


def test_one_pattern_that_took_two_kinds_of_number_is_two_readings() -> None:
    a = taken_from("1", "old", *["train loss #"] * 3)
    b = taken_from("2", "new", *["val loss #"] * 3)
    assert roles(a, b, ["arm"]) == [("arm", "axis"), ("extraction.loss", "confound")]
    assert roles(a, b, ["arm"], nuisance=["extraction"])[1] == ("extraction.loss", "nuisance")
    assert roles(a, b, ["arm"], metrics=["acc"]) == [("arm", "axis")]


def test_words_that_both_sides_met_or_the_command_gave_are_one_reading() -> None:
    same = taken_from("1", "old", "val loss #", "best val loss #", "val loss #")
    other = taken_from("2", "new", *["best val loss #"] * 3)
    assert roles(same, other, ["arm"]) == [("arm", "axis")]
    named = taken_from("1", "old", *["old loss #"] * 3), taken_from("2", "new", *["new loss #"] * 3)
    assert roles(*named, ["arm"]) == [("arm", "axis")]
    unknown = side("2", "new", "pattern:loss=loss (.*)")  # recorded before the words were kept
    assert roles(same, unknown, ["arm"]) == [("arm", "axis")]
