"""Read-only access to another program's SQLite file, while that program may be writing it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from leadline.core.errors import environment, not_found
from leadline.core.typed import Any

BUSY_WAIT_S = 5.0


@contextmanager
def reading(path: str) -> Iterator[Any]:
    """A connection that can write nothing. LeadlineError(not_found): no such file; (environment,
    ``tracker-store``): it is no database, is locked for longer than 5 s, or lacks a table."""
    import sqlite3

    if not os.path.isfile(path):
        raise not_found("no-tracker-store", f"there is no {path}", do="leadline tracker status")
    connection = None
    try:
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=BUSY_WAIT_S)
        yield connection
    except sqlite3.Error as error:
        raise environment(
            "tracker-store",
            f"{path} cannot be read: {error}",
            why="it is locked, damaged, or written by a version with other tables",
            do="leadline tracker status",
        ) from error
    finally:
        if connection is not None:
            connection.close()
