"""The table of a reproduction: what was measured then and now, what was allowed, and by which rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leadline.core.timestamps import number
from leadline.render.text import table

_HEADS = ["experiment", "metric", "then", "n", "now", "n", "allowed", "verdict"]


def render_table(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Lines of the ``table`` of a reproduction, the rules below it; none for an empty one."""
    judged = list(rows)
    if not judged:
        return []
    cells = [
        [
            row["experiment"],
            row["metric"],
            number(row["original"]["mean"]),
            str(row["original"]["n"]),
            number(row["again"]["mean"]),
            str(row["again"]["n"]),
            f"{number(row['low'])} … {number(row['high'])}" if row["low"] is not None else "–",
            row["verdict"],
        ]
        for row in judged
    ]
    rules = dict.fromkeys(str(row["rule"]) for row in judged)
    return ["", table(_HEADS, cells, (2, 3, 4, 5)), "", *(f"rule  {rule}" for rule in rules)]
