"""A reproduction: what was measured then and now, what was allowed, by which rule, and which
artifacts are the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leadline.core.record.artifact import DIFFERENT, EQUAL, MISSING, NEW
from leadline.core.timestamps import number
from leadline.core.typed import Any
from leadline.render.table import table

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
    shown = table(_HEADS, cells, (2, 3, 4, 5)).split("\n")
    return ["", *shown, "", *(f"rule  {rule}" for rule in rules)]


def render_files(artifacts: Mapping[str, Any] | None) -> list[str]:
    """Lines on the ``artifacts`` of a reproduction: how many are equal, and each that is not; none
    without any."""
    if not artifacts:
        return []
    counts = dict(artifacts.get("counts") or {})
    lines = [
        "",
        "artifacts  "
        + ", ".join(f"{counts[v]} {v}" for v in (EQUAL, DIFFERENT, MISSING, NEW) if v in counts),
    ]
    uneven = [row for row in artifacts.get("rows") or () if row["verdict"] != EQUAL]
    for row in uneven:
        version = f" (version {row['version']})" if row["version"] > 1 else ""
        digests = [f"{_digests(row[when])} {when}" for when in ("then", "now") if row[when]]
        why = f"; {row['why']}" if row.get("why") else ""
        why += "; the original runs differ among themselves too" if row["varied"] else ""
        lines.append(
            f"{row['verdict']}  {row['experiment']} {row['name']}{version}: {', '.join(digests)}{why}"
        )
    more = sum(n for verdict, n in counts.items() if verdict != EQUAL) - len(uneven)
    return [*lines, f"and {more} more"] if more > 0 else lines


def _digests(found: Iterable[str]) -> str:
    """The first of them, and how many more there are."""
    first, *rest = [digest[:19] for digest in found]
    return f"{first} and {len(rest)} more" if rest else first
