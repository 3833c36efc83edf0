"""The library: read threads and runs from Python (``import leadline as ll; ll.open()``).

A face like the command line: it opens the context and hands out core values; it computes nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leadline.bootstrap import open_context

if TYPE_CHECKING:
    from leadline.core.artifact import Artifact
    from leadline.core.run import Run
    from leadline.core.thread import Thread
    from leadline.services.context import Context


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

    def artifacts(self, run: str, topic: str | None = None) -> list[KeptFile]:
        """The files that a run kept (an experiment's id means its last run), in the order logged.

        Raises LeadlineError(not_found | usage) when there is no such run.
        """
        from leadline.services.artifact import artifacts_of
        from leadline.services.show import the_run

        run_ = the_run(self.thread(topic), run)
        return [KeptFile(self._context, run_, artifact) for artifact in artifacts_of(self._context, run_)]


class KeptFile:
    """One artifact: ``name``, ``kind``, ``digest``, ``size_bytes``, ``step``, ``version``, ``at``, ``source``, and
    ``path``: where its content can be read, "" when it is on another machine. Read it, do not write to it."""

    def __init__(self, context: Context, run: Run, artifact: Artifact) -> None:
        self._context, self._run, self._artifact = context, run, artifact

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._artifact, name)

    def __repr__(self) -> str:
        return f"<{self._run.id} {self.name} version {self.version}, {self.size_bytes} bytes>"

    def read(self) -> bytes:
        """The content, checked. Raises LeadlineError(not_found | check_failed) when it is not here, or not whole."""
        from leadline.services.artifact import not_here, standing

        if not self.path:
            raise not_here(self._run, self._artifact, standing(self._context, self._run, self._artifact))
        return self._context.blobs.get(self.digest)


def open(path: str | None = None) -> Repository:
    """The repository around ``path`` (default: the current folder). Raises LeadlineError(environment)."""
    return Repository(path)
