"""Where the series of an attempt lie, and whether there are any: asked at the end of each run, most
of which logged nothing, so apart from what reads them (2 ms to load).
"""

from __future__ import annotations

import os

FOLDER = "series"
COMPACTED = "series.parquet"


def logged_series(attempt: str) -> bool:
    return os.path.exists(os.path.join(attempt, COMPACTED)) or bool(segments(attempt))


def segments(attempt: str) -> list[str]:
    """Names of the segments, those of one process in the order in which it wrote them."""
    try:
        names = [
            name for name in os.listdir(os.path.join(attempt, FOLDER)) if name.endswith(".seg")
        ]
    except OSError:
        return []
    return sorted(names, key=_order)


def _order(name: str) -> tuple[str, int, str]:
    writer, _, number = name[:-4].rpartition(".")
    return (writer, int(number), name) if number.isdigit() else (name, 0, name)
