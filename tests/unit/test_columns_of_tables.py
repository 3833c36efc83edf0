"""Columns of the tables that are shown."""

from __future__ import annotations

from leadline.render.table import filled


def test_a_column_in_which_nothing_stands_is_left_out():
    rows = [["r1", "–", "–", "1.5"], ["r2", "–", "3", "–"]]
    head, kept, right = filled(["run", "took", "loss", "ms"], rows, (1, 2, 3))
    assert (head, right) == (["run", "loss", "ms"], [1, 2])
    assert kept == [["r1", "–", "1.5"], ["r2", "3", "–"]]
    assert filled(["run", "ms"], [], (1,)) == (["run", "ms"], [], [1])
