"""The reference tells the fields of what verbs print with --json, as the program makes them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from leadline.cli.parsing import load
from leadline.cli.table import VERBS
from leadline.services.look.tried import Tried
from leadline.services.publish.link import Link
from leadline.services.publish.update import Post

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture(scope="module")
def answers():
    sys.path.insert(0, str(TOOLS))
    try:
        import answers
    finally:
        sys.path.remove(str(TOOLS))
    return answers


def fields_at(answers, path):
    return [field.name for field in answers.fields(answers._class_at(path.removesuffix("[]")))]


@pytest.mark.parametrize("verb", [v for v in VERBS if hasattr(load(v), "ANSWER")])
def test_the_class_that_a_command_names_as_its_answer_has_fields(answers, verb):
    for _, path in answers.of_verb(load(verb).ANSWER):
        assert fields_at(answers, path)


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        ("tried", Tried("t", "u", "run", "P-001", False, "x", 1, "a")),
        ("link", Link("", "c", "p", "", "x", "origin", "now")),
    ],
)
def test_the_fields_are_those_that_are_printed(answers, verb, answer):
    assert fields_at(answers, load(verb).ANSWER) == list(answer.as_dict())


def test_fields_that_a_condition_adds_are_told(answers):
    dry = Post("update", "text", []).as_dict()
    told = fields_at(answers, load("update").ANSWER)
    assert set(dry) < set(told) and "unpushed" in told
