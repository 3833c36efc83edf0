"""What a file of settings says, in values that a record can hold."""

from __future__ import annotations

import pytest
import yaml

from leadline.services.structured_file import structured


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: !foo bar", "!foo bar"),
        ("a: !!python/tuple [1, 2]", [1, 2]),
        ("a: !!python/object/apply:os.getcwd []", []),
        ("a: !Ref {x: 1e-3}", {"x": 0.001}),
        ("a: [!x {}, !y ]", [{}, "!y"]),
        ("a: 2026-01-02", "2026-01-02"),
        ("a: !!set {c, b}", ["b", "c"]),
        ("a: caf\udce9", "caf\udce9"),
    ],
)
def test_a_value_of_any_kind_is_taken(text: str, value: object) -> None:
    assert structured(text, "c.yaml") == {"a": value}


def test_what_cannot_be_printed_is_no_yaml() -> None:
    with pytest.raises(yaml.YAMLError, match="special characters"):
        structured("a: b\0c", "c.yaml")


def test_aliases_of_aliases_are_not_followed_without_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 7)]
    with pytest.raises(ValueError, match="aliases"):
        structured("\n".join(lines), "c.yaml")
    with pytest.raises(ValueError, match="holds itself"):
        structured("a: &a [1, *a]", "c.yaml")
    assert structured("a: &a {x: 1}\nb: {<<: *a}", "c.yaml") == {"a": {"x": 1}, "b": {"x": 1}}


@pytest.mark.parametrize("name", ["c.yaml", "c.json"])
def test_what_is_nested_too_deep_is_a_bad_file_and_no_end_of_the_program(name: str) -> None:
    with pytest.raises(ValueError, match="nested too deep"):
        structured("[" * 100_000 + "]" * 100_000 if name == "c.json" else "[" * 5000, name)
