"""The library: read threads and runs from Python (``import leadline as ll; ll.open()``).

A face like the command line: it opens the context and hands out core values; it computes nothing
itself.
"""

from __future__ import annotations

from leadline.bootstrap import open_context
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import as_dict

if TYPE_CHECKING:
    from leadline.core.record.artifact import Artifact
    from leadline.core.record.run import Run
    from leadline.core.record.thread import Thread
    from leadline.core.series.points import Points
    from leadline.services.context import Context


class Repository:
    """The research threads of one git repository."""

    def __init__(self, path: str | None = None) -> None:
        self._context = open_context(path)

    def topics(self) -> list[str]:
        return self._context.store.topics()

    def thread(self, topic: str | None = None) -> Thread:
        """The thread as values (experiments, runs, claims, ...). Raises LeadlineError when it is
        not clear which."""
        return self._context.thread(topic)

    def runs(self, topic: str | None = None, **where: Any) -> list[dict[str, Any]]:
        """Runs as flat rows: ``id``, ``experiment``, ``state``, ``wall_s``, ``config.KEY``,
        ``metrics.NAME``, ... A metric that was not finite is NaN or infinite.

        ``where`` filters on columns (``state="done"``). ``pandas.DataFrame(rows)`` or
        ``polars.DataFrame(rows)`` makes a frame of them.
        """
        rows, _ = self._context.read_model.run_rows(topic, where, "uid", -1)
        flat = []
        for row in rows:
            columns: dict[str, Any] = as_dict(row)
            nested = {name: columns.pop(name) for name in ("config", "metrics")}
            lost = columns.pop("nonfinite")
            nested["metrics"] |= {name: float(word) for name, word in lost.items()}
            flat.append(
                columns
                | {f"{name}.{k}": v for name, values in nested.items() for k, v in values.items()}
            )
        return flat

    def artifacts(self, run: str, topic: str | None = None) -> list[KeptFile]:
        """The files that a run kept (an experiment's id means its last run), in the order logged.

        Raises LeadlineError(not_found | usage) when there is no such run.
        """
        from leadline.services.artifact.artifacts import artifacts_of
        from leadline.services.look.show import the_run

        run_ = the_run(self.thread(topic), run)
        return [
            KeptFile(self._context, run_, artifact)
            for artifact in artifacts_of(self._context, run_)
        ]

    def series(self, run: str, topic: str | None = None) -> dict[str, Points]:
        """The series of a run (or of an experiment's last run): metric to ``steps``, ``values``,
        ``times`` as arrays of floats, NaN where a step or time is absent; points of several
        processes merged by their clocks. A run that is still going gives what it wrote so far.

        Raises LeadlineError: no such run (not_found); ``no-pyarrow`` (environment) for a compacted
        one without pyarrow.
        """
        from leadline.services.look.show import the_run
        from leadline.services.series.series import series_of

        return series_of(self._context, the_run(self._context.thread(topic), run))

    def series_frame(self, run: str, topic: str | None = None, library: str = "pandas") -> Any:
        """The same as one long frame of pandas or polars: metric, step, value, time_s. Raises
        LeadlineError (environment, ``no-frames``) when the library is not installed, (usage,
        ``unknown-library``) when it is another one."""
        from importlib import import_module

        from leadline.core.errors import environment, usage

        if library not in ("pandas", "polars"):
            raise usage(
                "unknown-library",
                f"{library!r} makes no frames here",
                why="known: pandas, polars",
                do=f"series_frame({run!r}, library='pandas')",
            )
        try:
            frames = import_module(library)
        except ImportError:
            raise environment(
                "no-frames", f"{library} is not installed", do=f"pip install {library}"
            ) from None
        found = self.series(run, topic)
        columns: dict[str, list[Any]] = {"metric": [], "step": [], "value": [], "time_s": []}
        for metric, points in found.items():
            columns["metric"] += [metric] * len(points)
            columns["step"] += points.steps
            columns["value"] += points.values
            columns["time_s"] += points.times
        return frames.DataFrame(columns)


class KeptFile:
    """One artifact: ``name``, ``kind``, ``digest``, ``size_bytes``, ``step``, ``version``, ``at``,
    ``source``, and ``path``: where its content can be read, "" when it is on another machine. Read
    it, do not write to it."""

    def __init__(self, context: Context, run: Run, artifact: Artifact) -> None:
        self._context, self._run, self._artifact = context, run, artifact

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._artifact, name)

    def __repr__(self) -> str:
        return f"<{self._run.id} {self.name} version {self.version}, {self.size_bytes} bytes>"

    def read(self) -> bytes:
        """The content, checked. Raises LeadlineError(not_found | check_failed) when it is not here,
        or not whole."""
        from leadline.services.artifact.artifacts import not_here, standing

        if not self.path:
            raise not_here(
                self._run, self._artifact, standing(self._context, self._run, self._artifact)
            )
        return self._context.blobs.get(self.digest)


def open(path: str | None = None) -> Repository:
    """The repository around ``path`` (default: the current folder). Raises
    LeadlineError(environment)."""
    return Repository(path)
