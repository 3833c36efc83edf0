"""The tracker beside a run: what the job is told before it starts, and what its tracker says when
it has ended.

Nothing here may cost a run or its record: what goes wrong becomes a problem in the record and a
line for the user.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from leadline.core.errors import LeadlineError
from leadline.core.extract.gather import Extraction
from leadline.core.record.run import MetricDef
from leadline.core.record.thread import Thread
from leadline.core.tracker.reading import (
    Choice,
    Reading,
    RunFacts,
    TrackerRun,
    contradictions,
    extraction_of,
    kept_config,
)
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.job.disk import make_folders
from leadline.services.context import Context
from leadline.services.series.series import keep_fetched

if TYPE_CHECKING:
    from leadline.core.record.bodies import FurtherRun, TrackerPlace
    from leadline.core.tracker.rows import Reach

FURTHER_KEPT = 100  # runs that one job made besides the one that is taken
NAMED = 3
OWN_FOLDER = "tracker"  # in the attempt's folder


def choice_of(thread: Thread) -> Choice | None:
    """The tracker that the thread's next run goes to; None when there is none."""
    given = thread.tracker
    if not given.get("tracker"):
        return None
    return Choice(
        given["tracker"], given.get("project", ""), given.get("at", ""), given.get("live", False)
    )


def facts_of(context: Context, topic: str, uid: str, body: Mapping[str, Any]) -> RunFacts:
    """What a tracker is told about the run planned by ``body``."""
    about = body.get("tracker", {})
    attempt = context.run_folder(uid)
    try:
        since = os.stat(os.path.join(attempt, "spec.json")).st_mtime - 2.0
    except OSError:
        since = 0.0
    return RunFacts(
        uid,
        str(body["id"]),
        str(body["experiment"]),
        int(body.get("repeat", 1)),
        topic,
        str(about.get("project", "")),
        os.path.join(attempt, OWN_FOLDER),
        str(body.get("title", "")),
        str(about.get("at", "")),
        bool(about.get("live")),
        dict(body.get("config", {})),
        since,
        any("[redacted:" in str(word) for word in body.get("argv", [])),
    )


def planned_tracker(context: Context, thread: Thread) -> TrackerPlace:
    """What the record of a run to be planned says about its tracker; empty without one.

    A server that does not answer now, or cannot be asked for want of a key, would hold up or end
    the job: then the job writes beside the run instead.
    """
    choice = choice_of(thread)
    if choice is None:
        return {}
    about: TrackerPlace = {"tracker": choice.tracker, "project": choice.project}
    if choice.at:
        about["at"] = choice.at
    if choice.live:
        stands = reach_of(context, choice.tracker, choice.at)
        # such as: no key
        if stands["reachable"] is False or (stands["reachable"] is None and stands["why"]):
            context.warn(
                f"{stands['why']}: the run is written here and sent by leadline tracker sync"
            )
            about["fell_back"] = stands["why"]
        else:
            about["live"] = True
    return about


def reach_of(context: Context, tracker: str, at: str) -> Reach:
    """How a tracker that a record names stands; not asked where none of that name is here: it is a
    colleague's package, or anybody's word."""
    try:
        return context.tracker_for(tracker).check(at)
    except LeadlineError as error:
        return {"reachable": None, "where": at, "version": "", "missing": [], "why": error.what}


def job_environment(
    context: Context, topic: str, uid: str, body: Mapping[str, Any]
) -> dict[str, str]:
    """The variables that a job's own tracker reads; the folder it may write to is made."""
    if not body.get("tracker"):
        return {}
    facts = facts_of(context, topic, uid, body)
    make_folders(facts.folder)
    try:
        tracker = context.tracker_for(body["tracker"]["tracker"])
    except LeadlineError:  # it is not here: the job does without, as it would without its server
        return {}
    return tracker.environment(facts)


def read_tracker(
    context: Context,
    topic: str,
    uid: str,
    planned: Mapping[str, Any],
    definitions: dict[str, MetricDef],
    *,
    ended: bool,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[Extraction | None, TrackerPlace]:
    """What the job's tracker says: metrics (None when there is no run) and what the record keeps
    about it.

    ``ended``: Leadline saw the job end, so a tracker's run without an end was cut off, and nothing
    more will come.
    """
    if not planned.get("tracker"):
        return None, {}
    facts = facts_of(context, topic, uid, planned)
    name = str(planned["tracker"]["tracker"])
    try:
        tracker = context.tracker_for(name)
        found = tracker.find(facts)
        if not found:
            return None, {"state": "none"}
        # Points of run folders are those of the run's own series, which are read as such.
        if tracker.kind.by_folder:
            return None, {**run_words(context, found[-1]), "provisional": not ended}
        reading = tracker.read(found[-1])
    except LeadlineError as error:
        say(f"{name} was not read: {error.what}")
        return None, {"state": "unread", "problem": error.what}
    except (OSError, ValueError) as error:
        say(f"{name} was not read: {error}")
        return None, {"state": "unread", "problem": str(error)[:500]}
    run = reading.run
    _keep(context, context.run_folder(uid), reading, say)
    extraction = extraction_of(reading, definitions)
    if len(found) > 1:
        rest = ", ".join(map(_called, found[-2 : -2 - NAMED : -1])) + (
            ", ..." if len(found) > NAMED + 1 else ""
        )
        what = f"the job made {len(found)} runs in {name}; taken: {_called(run)}, the last; not taken: {rest}"
        extraction.problems.append(
            {"source": name, "code": "several-tracker-runs", "what": what, "blocking": False}
        )
    cut_off = ended and reading.provisional and bool(run.path)
    if cut_off:
        run.state = "crashed"
    config = kept_config(reading.config)
    for sentence in contradictions(planned.get("config", {}), config):
        extraction.problems.append(
            {"source": name, "code": "config-contradiction", "what": sentence, "blocking": False}
        )
    about = tracker_words(context, reading)
    about |= {
        "provisional": reading.provisional and not cut_off,
        "config": redacted(context, config),
        "metrics": sorted([*extraction.metrics, *extraction.nonfinite]),
    }
    if len(found) > 1:
        about["further"] = [_further(context, one) for one in found[-1 - FURTHER_KEPT : -1]]
    if facts.live and run.project and run.project != facts.project:
        what = f"the job itself named the {name} project {run.project}; this thread's is {facts.project}"
        extraction.problems.append(
            {"source": name, "code": "another-project", "what": what, "blocking": False}
        )
        about["project"] = run.project
    return extraction, about


def _called(run: TrackerRun) -> str:
    """A run told apart from another of the same name."""
    return f"{run.name} ({run.id})" if run.name and run.name != run.id else run.id


def _further(context: Context, run: TrackerRun) -> FurtherRun:
    names = ("id", "name", "url", "path", "started_at")
    about = run_words(context, run)
    return cast("FurtherRun", {name: said for name, said in about.items() if name in names})


def _keep(context: Context, attempt: str, reading: Reading, say: Callable[[str], None]) -> None:
    """The points stay with the run. A disk that does not take them costs the plot, not the record."""
    if not reading.series:
        return
    try:
        for name in keep_fetched(context, attempt, reading):
            say(
                f"the points of {name[:60]!r}… are not kept here: the name has {len(name)} characters"
            )
    except LeadlineError as error:
        say(f"the points of {reading.run.tracker} are not kept here: {error.what}")


def tracker_words(context: Context, reading: Reading) -> TrackerPlace:
    """What the record keeps about a tracker's run: its id, name, place, state, and the digest of
    all that was read."""
    return {**run_words(context, reading.run), "points": reading.points, "digest": reading.digest()}


def run_words(context: Context, run: TrackerRun) -> TrackerPlace:
    """The same without what takes reading its points."""
    elsewhere = ("tracker", "uid", "project")
    words = {k: v for k, v in run.as_dict().items() if k not in elsewhere}
    about = cast("TrackerPlace", words)
    if run.path:
        about["path"] = _portable(context, run.path)
    return about


def redacted(context: Context, value: Any) -> Any:
    """``value`` without the secrets of the environment and well-known tokens."""
    return context.hiding("what a tracker says").value(value)


def _portable(context: Context, path: str) -> str:
    """A path below the record folder by its place there, others as they are."""
    inside = os.path.relpath(path, context.root)
    return path if inside.startswith("..") else inside


def local_path(context: Context, about: Mapping[str, object]) -> str:
    """Where the tracker's files of a run are on this machine, "" when they are not."""
    path = str(about.get("path", ""))
    path = path if not path or os.path.isabs(path) else os.path.join(context.root, path)
    return path if path and os.path.exists(path) else ""
