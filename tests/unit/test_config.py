"""Flat configurations, typed values and command lines."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.config import check_said_once, config_from_args, flatten, parse_value
from leadline.core.errors import LeadlineError


def test_flatten() -> None:
    nested = {"a": {"b": 1, "c": {}}, "l": [1, 2], "m": [{"w": 3}, {"w": 4}], "e": []}
    assert flatten(nested) == {"a.b": 1, "a.c": {}, "l": [1, 2], "m.0.w": 3, "m.1.w": 4, "e": []}
    with pytest.raises(LeadlineError, match=r"a\.b"):
        flatten({"a": {"b": 1}, "a.b": 2})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("64", 64),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e-3", 1e-3),
        (".5", 0.5),
        ("true", True),
        ("False", False),
        ("null", None),
        ("[1, 2]", [1, 2]),
        ('"64"', "64"),
        ("007", "007"),
        ("1_000", "1_000"),
        ("nan", "nan"),
        ("1e999", "1e999"),
        ("[NaN]", "[NaN]"),
        ("[1,", "[1,"),
        ("", ""),
        ("adam", "adam"),
        ("none", "none"),
    ],
)
def test_parse_value(text: str, value: Any) -> None:
    assert parse_value(text) == value and type(parse_value(text)) is type(value)


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()))
def test_parse_value_reads_what_python_prints(value: Any) -> None:
    assert parse_value(repr(value)) == value


def test_config_from_args() -> None:
    argv = [
        "python",
        "-u",
        "-m",
        "train",
        "--lr",
        "0.1",
        "--bs=64",
        "-k",
        "v",
        "--fast",
        "--x",
        "-1",
        "data",
        "--tag",
        "a",
        "--tag",
        "b",
        "--last",
        "--",
        "--no",
        "1",
    ]
    assert config_from_args(argv) == {
        "lr": 0.1,
        "bs": 64,
        "k": "v",
        "fast": True,
        "x": -1,
        "tag": ["a", "b"],
        "last": True,
    }
    assert config_from_args([]) == {}


@pytest.mark.parametrize("text", ["128", "0128"])
def test_a_value_set_beside_the_command_must_not_contradict_its_flag(text):
    argv = ["./bench", "--block", "64", "--fast"]
    with pytest.raises(LeadlineError, match="contradict each other") as error:
        check_said_once(argv, {"block": text})
    assert error.value.code == "config-contradicts-command"
    assert error.value.next == ["leadline run …"]
    assert error.value.details["instead"] == {f"block={text}": "block=64"}


@pytest.mark.parametrize(
    "sets", [{"block": "64"}, {"block": "64.0"}, {"fast": "2"}, {"other": "3"}]
)
def test_the_same_value_a_bare_flag_and_another_name_contradict_nothing(sets):
    check_said_once(["./bench", "--block", "64", "--fast"], sets)
