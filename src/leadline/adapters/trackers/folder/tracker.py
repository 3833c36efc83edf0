"""Leadline's own run folders as a tracker: what ``ll.log`` writes, and a shared folder of such runs
without a server.

A run folder says of itself which run it is (``core/tracker/run_folder.py``), so that a copy of it
can be read anywhere. Sending puts a copy of it below ``FOLDER/PROJECT/NAME-UID``. Nothing but
files: the one that has a run folder has all of it, and a shared folder has the rights that its file
system gives.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping

from leadline.adapters.series.files import SeriesFiles
from leadline.adapters.series.place import FOLDER
from leadline.adapters.trackers.folder.run_folder import (
    changed,
    json_object,
    name_and_uid,
    read_whole,
    result_of,
    run_at,
    said_of,
)
from leadline.adapters.trackers.kinds import RUN_FOLDERS
from leadline.core.errors import not_found, remote
from leadline.core.record.run import OWN
from leadline.core.series.store import Store, disorder
from leadline.core.tracker.reading import Reading, RunFacts, TrackerRun, must_be_readable
from leadline.core.tracker.run_folder import (
    ABOUT,
    FETCHED,
    LINES,
    MANIFEST,
    SUMMARY,
    decoded,
    numbers_of,
)
from leadline.core.typed import TYPE_CHECKING
from leadline.ports.tracker import Push

if TYPE_CHECKING:
    from leadline.core.tracker.rows import Reach

DEEPEST = 3  # folders below the one asked about: a record folder, its runs, a run, its attempts
ENDED = ("finished", "failed")


class EmbeddedTracker:
    """``environ``: the user's variables; ``folder``: the top of the work tree."""

    name = RUN_FOLDERS.name
    kind = RUN_FOLDERS

    def __init__(self, environ: Mapping[str, str], folder: str) -> None:
        self.environ, self.folder = environ, folder

    def environment(self, facts: RunFacts) -> dict[str, str]:
        """Where ``ll.log`` writes. The job program of a run sets the same variable to the attempt's
        own folder."""
        return {"LEADLINE_SERIES": os.path.join(facts.folder, FOLDER)}

    def find(self, facts: RunFacts) -> list[TrackerRun]:
        """The run in ``facts.folder``, or in the attempt's folder which that one lies in."""
        attempt = os.path.dirname(facts.folder)
        known, _ = said_of(attempt)
        places = [facts.folder, *([attempt] if known.uid == facts.uid else [])]
        found = [
            run
            for place in places
            if (run := run_at(place)) is not None and run.uid in ("", facts.uid)
        ]
        for run in found:
            run.uid = run.id = facts.uid
            run.name, run.project = facts.name, facts.project
        return found

    # files here: all of it costs no more
    def read(self, run: TrackerRun, last_only: bool = False) -> Reading:
        must_be_readable(run)
        seen = run_at(run.path)
        if seen is None:
            raise not_found(
                "tracker-run-gone",
                f"{run.path} holds no run to be read",
                do="leadline tracker status",
            )
        about, problems = said_of(run.path)
        run.state, run.started_at, run.wall_s = seen.state, seen.started_at, seen.wall_s
        out = Reading(run, about.config, provisional=run.state in ("running", "crashed"))
        out.problems = [*problems, *changed(run.path)]
        try:
            out.summary = numbers_of(read_whole(os.path.join(run.path, SUMMARY)))
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            out.problems.append(
                {"code": "unreadable", "what": f"{SUMMARY} cannot be read: {error}"}
            )
        out.about = {"title": about.title, "argv": about.argv, "cwd": about.cwd}
        out.about["experiment"] = about.experiment_uid or about.uid
        out.about["artifacts"] = _artifacts(run.path)
        # elsewhere the record of the run took the contents
        kept = os.path.exists(os.path.join(run.path, MANIFEST))
        out.about["artifacts_are"] = "kept in" if kept else "named in"
        result = result_of(run.path)
        if (state := str(result.get("state", ""))) not in ("", "done"):
            known = [
                f"{name.replace('_', ' ')} {result[name]}"
                for name in ("signal", "exit_code")
                if result.get(name)
            ]
            out.about["why"] = ", ".join([state, *known])[:200]
        _take_series(out, SeriesFiles().read(run.path))
        for name, points in SeriesFiles().read_lines(os.path.join(run.path, LINES)).items():
            out.series.setdefault(name, points)
        _take_series(out, SeriesFiles().read(os.path.join(run.path, FETCHED)))
        return out

    def push(self, push: Push, limit_s: float) -> TrackerRun:
        """``push.path`` is the run's folder. Raises LeadlineError(remote) when the shared folder
        does not take it."""
        from leadline.adapters.trackers.folder.put import put

        return put(push, self.root(push.facts.at, must_be=True), limit_s)

    def listed(self, project: str, at: str, here_only: bool = False) -> list[TrackerRun]:
        if not project or os.path.basename(project) != project or project in (".", ".."):
            return []
        folder = os.path.join(self.root(at, must_be=not here_only), project)
        try:
            os.listdir(folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise remote(
                "tracker-folder-closed",
                f"{folder} cannot be listed: {error.strerror}",
                why="which runs it holds is not known",
                do="leadline tracker status",
            ) from error
        found = [
            run
            for place in _folders(folder)
            if (run := _linked(place) or run_at(place) or _named(place)) is not None
        ]
        for run in found:
            run.project = project
        return _each_once(found)

    def stored(self, path: str) -> list[TrackerRun]:
        """``path``: a run folder, a folder of them, a record folder with its runs, or the
        repository that has one."""
        kept = os.path.join(path, ".git", "leadline", "runs")
        return _each_once(_below(kept if os.path.isdir(kept) else path, DEEPEST))

    def check(self, at: str) -> Reach:
        """``reachable``: whether the shared folder is there; None for the one that is made when it
        is needed."""
        where = self.root(at)
        there = os.path.isdir(where)
        why = ""
        if at and not there:
            why = f"{where} is no folder here: is it mounted?"
        elif there and not os.access(where, os.R_OK | os.W_OK | os.X_OK):
            why = f"{where} cannot be read and written to"
        return {
            "reachable": there if at or there else None,
            "where": where,
            "version": "",
            "missing": [],
            "why": why,
        }

    def root(self, at: str, must_be: bool = False) -> str:
        """The shared folder; without one the user's own. ``must_be``: LeadlineError(remote) when a
        shared one is not there: made here, it would be an empty folder under a share that is not
        mounted."""
        if not at:
            home = self.environ.get("HOME") or os.path.expanduser("~")
            data = self.environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
            return os.path.join(data, "leadline", "runs")
        where = os.path.normpath(os.path.join(self.folder, os.path.expanduser(at)))
        if must_be and not os.path.isdir(where):
            raise remote(
                "tracker-folder-gone",
                f"{where} is no folder here",
                why="a share that is not mounted, or a folder that nobody made; what waits to be sent waits on",
                do=[f"mkdir -p {shlex.quote(where)}", "leadline tracker status"],
            )
        return where


# ---- what a folder says --------------------------------------------------------------------------


def _named(path: str) -> TrackerRun | None:
    """A run that only the name of its folder tells of: it cannot be read by us, or lost its files."""
    name, uid = name_and_uid(path)
    return TrackerRun(OWN, uid, name, uid=uid, path=path) if uid else None


def _linked(path: str) -> TrackerRun | None:
    """A run that a link leads to. Whoever may write in a shared folder would choose by it which of the
    reader's own runs are read: it is named, and not followed."""
    if not os.path.islink(path) or not os.path.exists(os.path.join(path, ABOUT)):
        return None
    name, uid = name_and_uid(path)
    base = os.path.basename(path)
    what = f"{base} is a link to {os.path.realpath(path)}, which is not followed"
    return TrackerRun(OWN, uid or path, name or base, uid=uid, path=path, problem=what)


def _artifacts(path: str) -> int:
    """How many artifacts the run has: by the list of a shared folder, or by the lines that its job
    wrote."""
    listed = json_object(os.path.join(path, MANIFEST)).get("files")
    if isinstance(listed, dict):
        return sum(name.startswith("artifacts/") for name in listed)
    names: set[str] = set()
    inside = os.path.join(path, "artifacts")
    for file in os.listdir(inside) if os.path.isdir(inside) else ():
        for line in (
            read_whole(os.path.join(inside, file)).splitlines() if file.endswith(".jsonl") else ()
        ):
            try:
                names.add(str(decoded(line).get("name", "")))
            except ValueError:  # a line that was cut off
                continue
    return len(names)


def _take_series(out: Reading, store: Store) -> None:
    """The points of metrics that nothing before gave."""
    for metric in store.metrics:
        if metric in out.series:
            continue
        out.series[metric] = store.merged(metric)
        parts = [
            disorder(w.series[metric].steps) for w in store.writers.values() if metric in w.series
        ]
        out.disorder[metric] = sum(p[0] for p in parts), sum(p[1] for p in parts)
    out.odd.update(store.odd)
    out.problems += store.problems


# ---- where run folders are -----------------------------------------------------------------------


def _folders(path: str) -> list[str]:
    """Folders in ``path``. Not hidden ones: what a cut-off copy left, snapshots of a file system.
    Nor what an import brought: the run it was made for is elsewhere."""
    try:
        with os.scandir(path) as entries:
            return sorted(
                e.path for e in entries if e.is_dir() and e.name[0] != "." and e.name != FETCHED
            )
    except OSError:
        return []


def _below(path: str, depth: int) -> list[TrackerRun]:
    run = run_at(path)
    if run is not None:
        return [run]
    found: list[TrackerRun] = []
    for inside in _folders(path) if depth else []:
        linked = _linked(inside)
        if linked is not None:
            found.append(linked)
        elif not os.path.islink(inside):
            found += _below(inside, depth - 1)
    return found


def _each_once(runs: Iterable[TrackerRun]) -> list[TrackerRun]:
    """Oldest first; of several attempts or copies of one run the last that ended. One that is not
    what was put there is no copy of it: another run's ``about.json`` may have come into it. It is
    named beside the whole ones."""
    copies: dict[str, list[TrackerRun]] = {}
    for run in sorted(runs, key=lambda run: (run.started_at, run.path)):
        copies.setdefault(run.uid or run.path, []).append(run)
    kept: list[TrackerRun] = []
    for same in copies.values():
        spoilt = {id(run): changed(run.path) for run in same} if len(same) > 1 else {}
        whole = [run for run in same if not spoilt.get(id(run))]
        kept += [
            _damaged(run, str(spoilt[id(run)][0]["what"]))
            for run in same
            if whole and spoilt.get(id(run))
        ]
        last = (whole or same)[0]
        for run in whole or same:
            if run.state in ENDED or last.state not in ENDED:
                last = run
        kept.append(last)
    return sorted(kept, key=lambda run: (run.started_at, run.id))


def _damaged(run: TrackerRun, what: str) -> TrackerRun:
    """A folder that says of itself that it is a run which another folder is. Its own name says
    which it was."""
    name, uid = name_and_uid(run.path)
    base = os.path.basename(run.path)
    return TrackerRun(
        OWN, uid or run.path, name or base, uid=uid, path=run.path, problem=f"{base}: {what}"
    )
