"""The library: read threads and runs from Python (``import leadline as ll; ll.open()``).

A face like the command line: it opens the context and hands out core values; it computes nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leadline.bootstrap import open_context

if TYPE_CHECKING:
    from leadline.core.thread import Thread


class Repository:
    """The research threads of one git repository."""

    def __init__(self, path: str | None = None) -> None:
        self._context = open_context(path)

    def topics(self) -> list[str]:
        return self._context.store.topics()

    def thread(self, topic: str | None = None) -> Thread:
        """The thread as values (experiments, runs, claims, ...). Raises LeadlineError when it is not clear which."""
        return self._context.thread(topic)

    def runs(self, topic: str | None = None, **where: Any) -> list[dict[str, Any]]:
        """Runs as flat rows: ``id``, ``experiment``, ``state``, ``wall_s``, ``config.KEY``, ``metrics.NAME``, ...

        ``where`` filters on columns (``state="done"``). ``pandas.DataFrame(rows)`` or ``polars.DataFrame(rows)`` makes
        a frame of them.
        """
        rows, _ = self._context.store.run_rows(topic, where, "uid", -1)
        flat = []
        for row in rows:
            nested = {name: row.pop(name) for name in ("config", "metrics")}
            flat.append(row | {f"{name}.{k}": v for name, values in nested.items() for k, v in values.items()})
        return flat


def open(path: str | None = None) -> Repository:
    """The repository around ``path`` (default: the current folder). Raises LeadlineError(environment)."""
    return Repository(path)
