"""Patterns that are compiled when first used: the same answers, and every one in the tree is well
formed."""

import importlib
import re

import pytest

from leadline.core import patterns
from leadline.core.patterns import later

USERS = (
    "leadline.adapters.git.program",
    "leadline.core.compare.choice",
    "leadline.core.view.step",
    "leadline.core.record.event_files",
    "leadline.core.text.spans",
    "leadline.core.publish.append_only",
    "leadline.core.text.citation",
    "leadline.core.config",
    "leadline.core.ids",
    "leadline.core.managed_block",
    "leadline.core.evidence.predicate",
    "leadline.core.metric.units",
    "leadline.render.logbook.entries",
    "leadline.render.markdown",
    "leadline.services.issue.ask",
)


def test_it_answers_as_a_compiled_pattern_does():
    pattern = later(r"(?P<word>[a-z]+)\s*$", re.M)
    compiled = re.compile(r"(?P<word>[a-z]+)\s*$", re.M)
    text = "one two\nthree"
    assert pattern.findall(text) == compiled.findall(text) == ["two", "three"]
    assert pattern.search(text)["word"] == "two" and pattern.match("2") is None
    assert pattern.sub("x", text) == compiled.sub("x", text)
    assert (pattern.pattern, pattern.flags) == (compiled.pattern, compiled.flags)


def test_it_takes_bytes():
    assert later(rb"o\w").findall(b"one two") == [b"on"]


def test_a_wrong_pattern_is_an_error_at_its_first_use():
    wrong = later("(")
    with pytest.raises(re.error):
        wrong.search("")


def test_every_pattern_of_the_program_compiles():
    held = [
        (name, key, value)
        for name in USERS
        for key, value in vars(importlib.import_module(name)).items()
        if isinstance(value, patterns._Later)
    ]
    assert {name for name, _, _ in held} == set(USERS)
    for _, _, value in held:
        assert value.groups >= 0
