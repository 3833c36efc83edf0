"""Flat configurations, typed values, command lines, and what differs between two sides."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.compare.config_diff import config_diff, fact_of, package_changes
from leadline.core.config import config_from_args, flatten, parse_value
from leadline.core.errors import LeadlineError
from leadline.core.record.run import Run


def run(n: int = 1, **fields: Any) -> Run:
    base: dict[str, Any] = {
        "state": "done",
        "config": {"level": 1, "size": 10},
        "code": {"tree": "t1"},
        "hardware": {"host": "h"},
        "argv": ["bench", "--level", "1"],
    }
    return Run(f"P-001-r{n}", f"{n:026d}", "P-001", **{**base, **fields})


def roles(diff: Any) -> dict[str, str]:
    return {f"{row.area}.{row.key}": row.role for row in diff.rows}


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


def test_axis_nuisance_confound_unknown() -> None:
    b = run(2, config={"level": 9, "size": 20, "seed": 2}, argv=["bench", "--level", "9"], code={})
    assert roles(config_diff(run(), b, ["level"], ["seed"])) == {
        "config.level": "axis",
        "config.size": "confound",
        "config.seed": "nuisance",
        "code.tree": "unknown",
    }
    assert not config_diff(run(), b, ["level"], ["seed"]).clean
    assert config_diff(run(), b, ["level"], ["seed", "size", "code"]).clean


def test_unknown_code_on_both_sides_is_not_clean_even_as_axis() -> None:
    assert roles(config_diff(run(code={}), run(2, code={}), ["code"])) == {"code.tree": "unknown"}
    assert roles(config_diff(run(), run(2, code={"tree": "t2"}), ["code"])) == {"code.tree": "axis"}


def test_command_tokens_that_follow_the_axis_are_explained() -> None:
    a = run(argv=["bench", "--clevel", "1", "out-1.json", "10"])
    b = run(2, argv=["bench", "--clevel", "9", "out-9.json", "10"], config={"level": 9, "size": 10})
    assert roles(config_diff(a, b, ["level"])) == {"config.level": "axis"}
    b.argv[-1] = "90"
    assert roles(config_diff(a, b, ["level"])) == {
        "config.level": "axis",
        "command.argument 2": "confound",
    }


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"argv": ["other", "--level", "1"]}, "command.program"),
        ({"cwd": "x"}, "command.cwd"),
        ({"environment": {"OMP": "1"}}, "environment.OMP"),
        ({"hardware": {"host": "g"}}, "hardware.host"),
        ({"executor": "slurm"}, "executor.executor"),
        ({"devices": {"count": 8}}, "devices.count"),
        ({"software": {"python": "3.12"}}, "software.python"),
        ({"code": {"tree": "t1", "gaps": ["x"]}}, "code.gaps"),
    ],
)
def test_every_area_is_compared_and_can_be_declared(fields: dict[str, Any], name: str) -> None:
    diff = config_diff(run(), run(2, **fields))
    assert list(roles(diff)) == [name] and not diff.clean
    assert roles(config_diff(run(), run(2, **fields), [], [name])) == {name: "nuisance"}
    assert roles(config_diff(run(), run(2, **fields), [], [name.partition(".")[0]])) == {
        name: "nuisance"
    }


def test_a_flag_on_one_side_only_is_known_to_differ() -> None:
    b = run(
        2, argv=["bench", "--level", "1", "--fast"], config={"level": 1, "size": 10, "fast": True}
    )
    assert roles(config_diff(run(), b)) == {"config.fast": "confound"}
    assert roles(config_diff(run(), b, ["fast"])) == {"config.fast": "axis"}
    assert roles(config_diff(run(), b, ["command"])) == {"config.fast": "axis"}


def test_values_of_the_moment_are_not_compared() -> None:
    a, b = ({"host": "h", "disk_free_bytes": n, "load_1m": n, "checked_at": str(n)} for n in (1, 2))
    assert config_diff(run(hardware=a), run(2, hardware=b)).rows == []


def test_runs_of_one_side_that_disagree_are_reported() -> None:
    side = [run(1, config={"level": 1, "seed": 1}), run(2, config={"level": 1, "seed": 2})]
    diff = config_diff(
        side, [run(3, config={"level": 1, "seed": 2}), run(4, config={"level": 1, "seed": 1})]
    )
    assert diff.rows == [] and {(w["side"], w["key"]) for w in diff.within} == {
        ("a", "seed"),
        ("b", "seed"),
    }
    uneven = config_diff(side, [run(3, config={"level": 1, "seed": 2})])
    a, b = (
        [run(i, config={"level": 1, "seed": s}) for i, s in enumerate(seeds)]
        for seeds in ((1, 1, 2), (1, 2, 2))
    )
    assert roles(config_diff(a, b)) == {"config.seed": "confound"}
    assert roles(uneven) == {"config.seed": "confound"}


def test_package_changes_are_capped() -> None:
    a, b = {f"p{i:02d}": "1" for i in range(30)}, {f"p{i:02d}": "2" for i in range(30)}
    assert package_changes(a, b, 3) == [
        "p00 1 -> 2",
        "p01 1 -> 2",
        "p02 1 -> 2",
        "and 27 more of 30",
    ]
    one = run(1, software={"packages_digest": "x"}, packages={"numpy": "1"})
    two = run(2, software={"packages_digest": "y"}, packages={"numpy": "2"})
    assert config_diff(one, two).rows[0].details == ["numpy 1 -> 2"]


def test_fact_of() -> None:
    assert fact_of(run(), "level") == 1 and fact_of(run(), "hardware.host") == "h"
    assert (
        fact_of(run(), "executor") == "local"
        and fact_of(run(), "code") == "t1"
        and fact_of(run(), "no") is None
    )
