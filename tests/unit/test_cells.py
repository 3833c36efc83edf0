"""One cell means one thing wherever a run writes it: its number, or its name with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leadline.adapters.extractors import registry
from leadline.core.extract.spec import parse_spec
from leadline.core.record.run import MetricDef
from leadline.ports.extractor import RunFiles

DEFINED = {"v": MetricDef("v", unit="ms")}
NAMED = None  # no value, and a problem that says so
BIG, LARGEST = 2**53 + 1, 2**63 - 1  # no float holds them
TEXTS = {
    **{"1": 1, "-1.5": -1.5, "+2": 2, "1e3": 1000, "1E-3": 0.001, ".5": 0.5, "5.": 5, " 7 ": 7},
    **{"\u22123.5": -3.5, "007": 7, "\u0661\u0662": 12},
    **{"1,234,567": 1234567, "1,234.5": 1234.5, "1.234.567": 1234567, "1.234,5": 1234.5},
    **{"1 234": 1234, "1\u202f234,5": 1234.5, "1'234'567.5": 1234567.5, "0,123": 0.123},
    **{"0,5": 0.5, "12,34": 12.34, "1,234": NAMED, "1,2,3": NAMED},
    **{"true": 1, "False": 0, "TRUE": 1, "yes": NAMED},
    **{"nan": "NaN", "NaN": "NaN", "inf": "Infinity", "-Infinity": "-Infinity", "-nan": NAMED},
    **dict.fromkeys(("n/a", "-", "\u2014", "null", "None"), NAMED),
    **{"12 ms": 12, "12ms": 12, "12 s": 12000, "53.2%": NAMED, "1.5 GB": NAMED},
    **dict.fromkeys(("~0.98", "0.99 \u00b1 0.01", "11-13", "<0.5", "1/2", "3 of 4", "$5"), NAMED),
    **dict.fromkeys(("0x10", "1_000", "2026-01-01", "file.csv", "[1.5]", "**1.5**"), NAMED),
    **{"1e999": NAMED, "1e-400": 0.0, str(2**70): float(2**70), f"{BIG}.0": float(BIG)},
    **{str(BIG): BIG, f"-{BIG}": -BIG, str(LARGEST): LARGEST},
}
# As JSON has them. An object is no value of ``v``, and ordinary output.
VALUES = {
    **{"1": 1, "1.5": 1.5, "true": 1, "false": 0, "[1.5]": 1.5, "[[1]]": 1, "[true]": 1},
    **{"NaN": "NaN", "-Infinity": "-Infinity", '["0,5"]': 0.5, '"abc"': NAMED, "1e999": NAMED},
    **{str(BIG): BIG, str(LARGEST): LARGEST, str(2**70): float(2**70), "1e-400": 0.0},
}


def csv(text: str) -> tuple[str, str, str]:
    cell = text.replace('"', '""')
    return "t.csv", f'a,v\nx,"{cell}"\n', "t.csv:v=v,nan=keep"


TEXT_CHANNELS = {
    "csv": csv,
    "tsv": lambda text: ("t.tsv", f"a\tv\nx\t{text}\n", "t.tsv:v=v,nan=keep"),
    "pattern": lambda text: ("out", f"loss v={text}\n", "pattern:v=v=(.*)$"),
}
JSON_CHANNELS = {
    "jsonl": lambda value: ("t.jsonl", f'{{"a": "x", "v": {value}}}\n', "t.jsonl:v=v,nan=keep"),
    "json": lambda value: ("t.json", f'{{"a": "x", "v": {value}}}', "t.json:v=v,nan=keep"),
    "nested": lambda value: ("t.json", f'{{"a": {{"v": {value}}}}}', "t.json:v=a.v,nan=keep"),
    "stdout": lambda value: ("out", f'{{"v": {value}}}\n', ""),
    "metrics": lambda value: ("metrics.jsonl", f'{{"v": {value}}}\n', ""),
}


def taken(folder: Path, name: str, content: str, spec: str) -> object:
    """The value of ``v`` with its type, or ``NAMED``."""
    (folder / name).write_text(content)
    path = str(folder / name)
    files = RunFiles(
        str(folder),
        stdout=path if name == "out" else "",
        metrics=path if name == "metrics.jsonl" else "",
    )
    found = registry.extract([parse_spec(spec)] if spec else [], files, DEFINED)
    if "v" in found.metrics:
        return found.metrics["v"]
    assert "v" in found.nonfinite or found.problems, "it vanished without a word"
    return found.nonfinite.get("v")


def meant(value: object, expected: object) -> bool:
    exact = not isinstance(expected, int) or abs(expected) < 2**53 or isinstance(value, int)
    return value == expected and exact


@pytest.mark.parametrize("channel", [*TEXT_CHANNELS, *JSON_CHANNELS])
def test_a_text_is_the_same_number_wherever_it_stands(channel: str, tmp_path: Path) -> None:
    wrong = {}
    for text, expected in TEXTS.items():
        if channel in TEXT_CHANNELS:
            written = TEXT_CHANNELS[channel](text)
        else:
            written = JSON_CHANNELS[channel](json.dumps(text))
        value = taken(tmp_path, *written)
        if not meant(value, expected):
            wrong[text] = value
    assert wrong == {}


@pytest.mark.parametrize("channel", JSON_CHANNELS)
def test_a_value_of_json_is_the_same_number_wherever_it_stands(
    channel: str, tmp_path: Path
) -> None:
    found = {text: taken(tmp_path, *JSON_CHANNELS[channel](text)) for text in VALUES}
    assert {t: v for t, v in found.items() if not meant(v, VALUES[t])} == {}


def test_a_megabyte_in_a_cell_and_any_line_end_break_nothing(tmp_path: Path) -> None:
    for ending in ("\n", "\r\n"):
        text = ending.join(["\ufeffa,v", f"{'x' * 100_000},1", f'"{"y" * 1_000_000}",2', "z,3", ""])
        (tmp_path / "t.csv").write_bytes(text.encode())
        spec = parse_spec("t.csv:v=v")
        found = registry.extract([spec], RunFiles(str(tmp_path)), {})
        assert [problem["code"] for problem in found.problems] == ["cell-too-long"]
        assert found.problems[0]["rows"] == [3]
