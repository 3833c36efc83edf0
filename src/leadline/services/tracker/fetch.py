"""``leadline tracker fetch``: bring the points of runs from their tracker to this machine, to be
plotted and read.

The record holds the values; points stay where the run was. On another machine, or while a job is
running, they are in the tracker's files or on its server. Writes beside the run and nothing into
the record.
"""

from __future__ import annotations

from leadline.core.errors import LeadlineError, not_found
from leadline.core.record.run import TERMINAL_STATES, Run
from leadline.core.record.thread import Thread
from leadline.core.tracker.reading import Reading, TrackerRun
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass, field
from leadline.services.context import Context
from leadline.services.run.job_tracker import choice_of, facts_of, local_path
from leadline.services.series.series import is_here, keep_fetched

if TYPE_CHECKING:
    from leadline.core.tracker.rows import FetchedRun, NotDone


@dataclass(frozen=True)
class Fetched:
    """``already``: ids of runs whose points were here."""

    fetched: list[FetchedRun] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    left: list[NotDone] = field(default_factory=list)

    def as_dict(self) -> dict[str, list[FetchedRun] | list[str] | list[NotDone]]:
        return {"fetched": self.fetched, "already": self.already, "left": self.left}


def fetch(context: Context, topic: str, ids: list[str]) -> Fetched:
    """Of the runs and experiments named, or of all that a tracker knows. A run that is going is
    read again each time.

    Raises LeadlineError: not_found (an unknown id), environment (a full disk).
    """
    thread = context.store.thread(topic)
    meant = (
        [run for display in ids for run in thread.runs_of(display)] if ids else list(thread.runs)
    )
    answer = Fetched()
    listings: dict[tuple[str, str, str], dict[str, TrackerRun]] = {}
    plans = {r.id: r.body for r in thread.records if r.kind == "run-planned"}
    for run in meant:
        if not run.tracker.get("tracker"):
            if ids:
                answer.left.append({"run": run.id, "why": "it has no tracker"})
            continue
        own = (
            run.origin == "executed"
            and context.tracker_kind(str(run.tracker["tracker"])).by_folder
            and local_path(context, run.tracker)
        )
        if own or (run.state in TERMINAL_STATES and is_here(context, run)):
            answer.already.append(run.id)
            continue
        try:
            reading = _read(context, topic, thread, run, plans.get(run.uid, {}), listings)
        except (LeadlineError, OSError, ValueError) as error:
            why = error.what if isinstance(error, LeadlineError) else str(error)
            answer.left.append({"run": run.id, "why": why})
            continue
        if spoilt := next((str(p["what"]) for p in reading.problems if p.get("blocking")), ""):
            answer.left.append({"run": run.id, "why": spoilt})
            continue
        if not reading.points:
            why = (
                "it gives last values and no points"
                if reading.only_summary
                else "it holds no points"
            )
            answer.left.append({"run": run.id, "why": f"{run.tracker['tracker']}: {why}"})
            continue
        keep_fetched(context, context.run_folder(run.uid), reading)
        row: FetchedRun = {
            "run": run.id,
            "points": reading.points,
            "metrics": len(reading.series),
        }
        if reading.only_summary:
            row["incomplete"] = "; ".join(str(problem["what"]) for problem in reading.problems)
        known = run.tracker.get("digest")
        if known and run.state in TERMINAL_STATES and not run.tracker.get("provisional"):
            row["as_recorded"] = reading.digest() == known
        answer.fetched.append(row)
    return answer


def _read(
    context: Context,
    topic: str,
    thread: Thread,
    run: Run,
    plan: dict[str, Any],
    listings: dict[tuple[str, str, str], dict[str, TrackerRun]],
) -> Reading:
    """The run as its tracker has it: from its files here, else by the server or store that has the
    project."""
    about = run.tracker
    tracker = context.tracker_for(str(about["tracker"]))
    if path := local_path(context, about):
        return tracker.read(
            TrackerRun(tracker.name, str(about.get("id", "")), uid=run.uid, path=path)
        )
    if run.state not in TERMINAL_STATES and (
        found := tracker.find(facts_of(context, topic, run.uid, plan))
    ):
        return tracker.read(found[-1])
    choice, project = choice_of(thread), str(about.get("project", ""))
    same = choice is not None and (choice.tracker, choice.project) == (tracker.name, project)
    place = (
        tracker.name,
        project,
        choice.at if choice is not None and same else str(about.get("at", "")),
    )
    if place not in listings:
        listings[place] = {
            key: one for one in tracker.listed(*place[1:]) for key in (one.id, one.uid) if key
        }
    there = listings[place].get(str(about.get("id", ""))) or listings[place].get(run.uid)
    if there is None:
        unasked = str(tracker.check(place[2])["why"])
        what = (
            f"{tracker.name} was not asked: {unasked}"
            if unasked
            else f"{tracker.name} has no such run in {project}"
        )
        raise not_found("tracker-run-gone", what, do="leadline tracker status")
    return tracker.read(there)
