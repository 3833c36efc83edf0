"""The picture of a sweep: which panels, what stands in them, and that no label leaves the picture."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from leadline.core.errors import LeadlineError
from leadline.core.view.sweep_plot import AxisPanel, PlanePanel, panels_of
from leadline.render.plot.sweep import notes_of, svg, text, title_of
from leadline.testing.builders import ThreadBuilder
from tests.unit.test_logbook_together import a_sweep, builder, cell, sweep

SVG = "{http://www.w3.org/2000/svg}"


def plane(b: ThreadBuilder) -> None:
    made = sweep(b, {"unroll": [4, 8, 16], "vec": ["sse2", "avx2"]})
    for unroll in (4, 8, 16):
        for vec in ("sse2", "avx2"):
            time = 800.0 / unroll + len(vec)
            cell(b, made, {"unroll": unroll, "vec": vec}, [time, time + 1.0])


def test_one_axis_is_a_line_with_its_runs_and_intervals() -> None:
    b = builder()
    a_sweep(b)
    (panel,) = panels_of(b.thread(), "P-W1")
    assert isinstance(panel, AxisPanel)
    assert [p.label for p in panel.points] == ["1", "4", "8"]
    assert [p.median for p in panel.points] == [701.0, 401.0, 301.0]
    first = panel.points[0]
    assert first.low is not None and first.low < 700.0 and first.values == [700.0, 702.0, 701.0]
    assert title_of(panel) == "median time_us (us) by unroll at opt=O3"
    assert "lower is better" in notes_of(panel)


def test_two_axes_varied_together_are_a_plane() -> None:
    b = builder()
    plane(b)
    (panel,) = panels_of(b.thread(), "P-W1")
    assert isinstance(panel, PlanePanel)
    assert (panel.ys, panel.xs) == (["4", "8", "16"], ["sse2", "avx2"])
    assert [[p and p.median for p in row] for row in panel.cells][0] == [204.5, 204.5]


def test_a_star_is_a_line_for_each_axis() -> None:
    b = builder()
    cells = [{"unroll": 1, "vec": "a"}, {"unroll": 2, "vec": "a"}, {"unroll": 4, "vec": "a"}]
    cells += [{"unroll": 1, "vec": "b"}, {"unroll": 1, "vec": "c"}]
    axes = {"unroll": [1, 2, 4], "vec": ["a", "b", "c"]}
    made = sweep(b, axes, cells=cells, design="one-axis")
    for n, values in enumerate(cells):
        cell(b, made, values, [10.0 + n])
    found = panels_of(b.thread(), "P-W1")
    assert [(p.axis, len(p.points)) for p in found if isinstance(p, AxisPanel)] == [
        ("unroll", 3),
        ("vec", 3),
    ]


def test_a_baseline_that_is_another_thing_is_no_line() -> None:
    b = builder()
    b.run("base", {"time_us": 900.0}, {"opt": "O3", "shape": "8x8"})
    b.baseline("P-001")
    a_sweep(b)
    (panel,) = panels_of(b.thread(), "P-W1")
    assert isinstance(panel, AxisPanel) and panel.reference is None


def test_small_numbers_keep_their_digits() -> None:
    b = builder()
    a_sweep(b)
    (panel,) = panels_of(b.thread(), "P-W1", ["err"])
    assert "4.9e-07" in text(panel) and "0.000000" not in text(panel)
    assert ">4.9e-07<" in svg([panel]) or "4.9e-07" in svg([panel])


@pytest.mark.parametrize("width", [400, 900, 1280])
@pytest.mark.parametrize("kind", ["line", "plane", "many"])
def test_no_text_leaves_the_picture(kind: str, width: int) -> None:
    b = builder()
    if kind == "line":
        a_sweep(b)
    elif kind == "plane":
        plane(b)
    else:
        made = sweep(b, {"a long name of an axis": [f"value-number-{n}-<x>" for n in range(38)]})
        for n in range(38):
            cell(b, made, {"a long name of an axis": f"value-number-{n}-<x>"}, [1e9 + n])
    picture = ElementTree.fromstring(svg(panels_of(b.thread(), "P-W1"), width))
    for word in picture.iter(f"{SVG}text"):
        x, long = float(word.attrib["x"]), 7.0 * len(word.text or "")
        ends = {"end": (x - long, x), "middle": (x - long / 2, x + long / 2)}
        low, high = ends.get(word.attrib.get("text-anchor", ""), (x, x + long))
        assert low >= -long * 0.12 and high <= width + long * 0.12, (word.text, low, high)


def test_a_terminal_gets_no_line_longer_than_it_is() -> None:
    b = builder()
    a_sweep(b)
    (panel,) = panels_of(b.thread(), "P-W1")
    shown = text(panel, 80)
    assert max(len(line) for line in shown.split("\n")) <= 80
    assert re.search(r"unroll=8 +.*● .*P-003 301 \(n=3\)", shown)
    assert "o" in text(panel, 80, unicode=False) and "●" not in text(panel, 80, unicode=False)


def test_what_was_not_measured_is_said() -> None:
    b = builder()
    a_sweep(b)
    with pytest.raises(LeadlineError, match="no run of P-W1 has 'nothing'"):
        panels_of(b.thread(), "P-W1", ["nothing"])
