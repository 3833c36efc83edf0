"""trackio. A project is one SQLite file, ``PROJECT.db`` in ``$TRACKIO_DIR``, read as it stands.

trackio has no variable for the project, the name or the group of a run: a job gives them in code.
So each job gets a store of its own in its run folder, which says whose run it is; sending puts the
run under Leadline's name into the shared store, the one that the dashboard shows.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime

from leadline.adapters.trackers.kinds import TRACKIO
from leadline.adapters.trackers.sqlite_file import reading
from leadline.core.errors import LeadlineError, conflict, not_found, remote
from leadline.core.tracker.reading import (
    Reading,
    RunFacts,
    TrackerRun,
    must_be_readable,
    rows_of,
    summary_numbers,
)
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.ports.tracker import Push

if TYPE_CHECKING:
    from leadline.core.tracker.rows import Reach

UID_KEY = "leadline_run"  # in the config of a run that Leadline sent


class TrackioTracker:
    """``environ``: the user's variables; ``folder``: the top of the work tree."""

    name = TRACKIO.name
    kind = TRACKIO

    def __init__(self, environ: Mapping[str, str], folder: str) -> None:
        self.environ, self.folder = environ, folder

    def environment(self, facts: RunFacts) -> dict[str, str]:
        own = {
            "TRACKIO_PROJECT": facts.project,
            "TRACKIO_NAME": facts.name,
            "TRACKIO_GROUP": facts.experiment,
        }
        if self.environ.get("TRACKIO_DIR") or facts.live:
            return {**own, **({"TRACKIO_DIR": facts.at} if facts.at and facts.live else {})}
        return {**own, "TRACKIO_DIR": os.path.join(facts.folder, "trackio")}

    def find(self, facts: RunFacts) -> list[TrackerRun]:
        inside = os.path.join(facts.folder, "trackio")
        found = [run for path in stores(inside) for run in self._runs(path)]
        shared = [
            path
            for path in stores(self.shared(facts.at))
            if os.path.getmtime(path) >= facts.since_s
        ]
        for path in shared:
            found += [
                run
                for run in self._runs(path)
                if run.uid == facts.uid
                or (run.name == facts.name and _epoch(run.started_at) >= facts.since_s)
            ]
        for run in found:
            run.uid = facts.uid
        return sorted(found, key=lambda run: (run.started_at, run.id))

    # a file here: all of it costs no more
    def read(self, run: TrackerRun, last_only: bool = False) -> Reading:
        must_be_readable(run)
        out = Reading(run)
        with reading(run.path) as store:
            row = store.execute("select config from configs where run_id = ?", (run.id,)).fetchone()
            config = _object(row[0]) if row else {}
            rows = store.execute(
                "select step, timestamp, metrics from metrics where run_id = ? order by id",
                (run.id,),
            )
            seen = bool(row)
            latest: dict[str, object] = {}
            for step, stamp, text in rows:
                seen = True
                values = _object(text)
                at = _epoch(stamp)
                for name, value in values.items():
                    out.add(name, step, value, at)
                    latest[name] = value
        if not seen:
            raise not_found(
                "tracker-run-gone", f"{run.path} has no run {run.id}", do="leadline tracker status"
            )
        out.config = {k: v for k, v in config.items() if not k.startswith("_") and k != UID_KEY}
        out.summary = summary_numbers(latest)
        return out

    def push(self, push: Push, limit_s: float) -> TrackerRun:
        from leadline.adapters.trackers.programs import run_program

        facts = push.facts
        rows = rows_of(push.reading)
        if push.metrics and not rows:
            rows = [(0, {name: repr(value) for name, value in push.metrics.items()})]
        there = [run for run in self.listed(facts.project, facts.at) if run.name == facts.name]
        own = [run for run in there if run.uid == facts.uid]
        written = self._rows_written(own[0]) if own else 0
        if not own or written < len(rows) or push.artifacts:
            if own and there[-1].id != own[0].id:
                raise conflict(
                    "tracker-name-taken",
                    f"trackio has a newer run called {facts.name} in {facts.project}",
                    why="trackio goes on with a run by its name, and would write into that one",
                    do="leadline tracker reconcile",
                )
            given = {
                "project": facts.project,
                "name": facts.name,
                "group": facts.experiment,
                "config": {
                    **(push.reading.config if push.reading else {}),
                    **facts.config,
                    UID_KEY: facts.uid,
                },
                "rows": rows[written:],
                "there": bool(own),
                "artifacts": push.artifacts,
            }
            environ = {**self.environ, "TRACKIO_DIR": self.shared(facts.at), "HF_HUB_OFFLINE": "1"}
            program = os.path.join(os.path.dirname(__file__), "outside", "trackio_make.py")
            run_program("trackio", [program], given, environ, limit_s)
        runs = [run for run in self.listed(facts.project, facts.at) if run.uid == facts.uid]
        if not runs:
            raise remote(
                "tracker-failed", f"trackio did not keep {facts.name}", do="leadline tracker sync"
            )
        return runs[0]

    def _rows_written(self, run: TrackerRun) -> int:
        with reading(run.path) as store:
            return int(
                store.execute(
                    "select count(*) from metrics where run_id = ?", (run.id,)
                ).fetchone()[0]
            )

    def listed(self, project: str, at: str, here_only: bool = False) -> list[TrackerRun]:
        path = os.path.join(self.shared(at), f"{project}.db")
        return self._runs(path) if os.path.isfile(path) else []

    def stored(self, path: str) -> list[TrackerRun]:
        if os.path.isfile(path):
            return self._runs(path)
        found = []
        for file in stores(path):
            try:
                found += self._runs(file)
            except LeadlineError as error:  # one file that is none does not hide the others
                name = os.path.basename(file)
                found.append(
                    TrackerRun("trackio", name, project=name[:-3], path=file, problem=error.what)
                )
        return found

    def check(self, at: str) -> Reach:
        from leadline.adapters.trackers.programs import interpreter_with

        where = self.shared(at)
        missing = [] if interpreter_with("trackio", self.environ) else ["trackio"]
        return {"reachable": None, "where": where, "version": "", "missing": missing, "why": ""}

    def shared(self, at: str) -> str:
        """The folder of the store that everybody shares."""
        if at:
            return os.path.expanduser(at)
        return self.environ.get("TRACKIO_DIR") or os.path.join(
            self.environ.get("HF_HOME")
            or os.path.join(self.environ.get("HOME", ""), ".cache", "huggingface"),
            "trackio",
        )

    def _runs(self, path: str) -> list[TrackerRun]:
        found: dict[str, TrackerRun] = {}
        project = os.path.basename(path)[:-3]
        with reading(path) as store:
            for run_id, name, config, created in store.execute(
                "select run_id, run_name, config, created_at from configs"
            ):
                uid = str(_object(config).get(UID_KEY, ""))
                found[run_id] = TrackerRun(
                    "trackio", run_id, name, project, uid, path=path, started_at=_rfc3339(created)
                )
            ends = "select run_id, run_name, min(timestamp), max(timestamp) from metrics group by run_id"
            for run_id, name, first, last in store.execute(ends):
                run = found.setdefault(
                    run_id,
                    TrackerRun(
                        "trackio", run_id, name, project, path=path, started_at=_rfc3339(first)
                    ),
                )
                run.wall_s = (
                    max(0.0, _epoch(last) - _epoch(run.started_at)) or None
                    if run.started_at
                    else None
                )
        return sorted(found.values(), key=lambda run: (run.started_at, run.id))


def stores(folder: str) -> list[str]:
    """Every project's file in a folder of trackio."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names if name.endswith(".db")]


def _object(text: Any) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}


def _epoch(stamp: str) -> float:
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except (ValueError, TypeError):
        return 0.0


def _rfc3339(stamp: str) -> str:
    from leadline.core.timestamps import rfc3339

    epoch = _epoch(stamp)
    return rfc3339(int(epoch * 1000)) if epoch else ""
