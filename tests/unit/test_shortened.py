"""One thing that is shown fits a screen, and what is left out is counted with the command that shows it."""

from __future__ import annotations

import re

import pytest

from leadline.render.terminal.shortened import LINES_SHOWN, shortened
from leadline.services.look.show import show
from leadline.testing.builders import ThreadBuilder
from tests.unit.services_context import holding

ALL = "leadline show P-001 --all"


def test_what_fits_is_left_alone():
    text = "experiment  P-001\nnotes       a\n            b\n\nrun  state\nr1   done"
    assert shortened(text, ALL) == text


def test_the_longest_list_is_cut_first_and_counted():
    text = "id  P-001\nnotes  0\n" + "\n".join(f"       {n}" for n in range(1, 100))
    text += "\n\nrun\nP-001-r1"
    lines = shortened(text, ALL, 20).split("\n")
    assert len(lines) == 20
    assert lines[0] == "id  P-001" and lines[-2:] == ["run", "P-001-r1"]
    shown = sum(line.startswith(("notes", "   ")) for line in lines)
    assert f"… and {100 - shown} more: {ALL}" in lines


def test_a_long_line_says_how_much_of_it_is_left_out():
    [line] = shortened("counted  " + "P-001-r1, " * 500, ALL).split("\n")
    assert len(line) < 700
    assert re.search(r"… \(\d+ more characters: " + ALL, line)


def loaded() -> ThreadBuilder:
    b = ThreadBuilder()
    b.run("cell", {f"metric_{m}": float(m) for m in range(90)}, {f"k{n}": n for n in range(90)})
    b.repeat("P-001", *({"time_ms": 1.0} for _ in range(90)))
    for n in range(90):
        b.note(f"observation {n}", ["P-001"], "interpretation")
    rows = [
        {
            "experiment": f"P-{n:03d}",
            "metric": "time_ms",
            "original": {"mean": 1.0, "n": 3},
            "again": {"mean": 1.0 + (n == 80), "n": 3},
            "low": 0.9,
            "high": 1.1,
            "verdict": "disagrees" if n == 80 else "agrees",
            "rule": "of the spread",
        }
        for n in range(90)
    ]
    names = [f"P-{n:03d}-r1" for n in range(400)]
    b.record("reproduction", {"id": "P-R1", "target": "P-001", "table": rows, "runs": names})
    return b


@pytest.mark.parametrize("name", ["P-001", "P-001-r1", "P-R1", "P-N7"])
def test_anything_shown_fits_a_screen_unless_all_of_it_is_asked_for(name, tmp_path):
    thread = loaded().thread()
    context = holding(tmp_path, loaded())
    text, _ = show(context, thread, name)
    whole, _ = show(context, thread, name, whole=True)
    assert len(text.split("\n")) <= LINES_SHOWN
    if len(whole.split("\n")) > LINES_SHOWN:
        assert f"leadline show {name} --all" in text
    assert "leadline show" not in whole


def test_of_a_reproduction_what_disagrees_stands_first(tmp_path):
    text, _ = show(holding(tmp_path, loaded()), loaded().thread(), "P-R1")
    rows = [line for line in text.split("\n") if line.endswith(("agrees", "disagrees"))]
    assert rows[0].startswith("P-080") and len(rows) > 5
