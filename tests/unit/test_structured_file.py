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
