"""``leadline tracker reconcile``: what the record and its trackers do not agree on. Reads both,
writes nothing."""

from __future__ import annotations

import shlex
from typing import Any

from leadline.core.errors import LeadlineError
from leadline.core.record.run import OWN, TERMINAL_STATES, Run
from leadline.core.record.thread import Thread
from leadline.core.tracker.reading import TrackerRun
from leadline.core.tracker.reconciliation import (
    Place,
    absent,
    costs,
    disagreements,
    strangers,
    values_that_differ,
)
from leadline.services.context import Context
from leadline.services.run.job_tracker import choice_of, local_path
from leadline.services.tracker.send import further_rows, is_there, waits

COMPARED = 200  # runs whose values are read on both sides unless said otherwise, the newest first


def reconcile(context: Context, topic: str, compared: int = COMPARED) -> dict[str, Any]:
    """{places, only_here, only_there, differ, not_compared, unknown, costs}; see
    ``core/tracker/reconciliation.py``.

    Raises nothing for a tracker that cannot be asked: its place says why, and its runs are
    ``unknown``.
    """
    thread = context.store.thread(topic)
    places = [_asked(context, place) for place in _places(thread)]
    answer: dict[str, Any] = {
        "places": [
            {
                "tracker": p.tracker,
                "project": p.project,
                "at": p.at,
                "runs": len(p.runs),
                "not_asked": p.why,
            }
            for p in places
        ],
        "only_here": [],
        "only_there": [],
        "differ": [],
        "not_compared": [],
        "unknown": [],
    }
    budget = compared
    there: set[str] = set()
    for run in reversed(list(thread.runs)):
        place = next((p for p in places if _is_at(run, p)), None)
        if place is None or run.retracted:
            continue
        theirs = place.of(run)
        if theirs is not None or (
            place.why and is_there(run)
        ):  # as far as anybody knows who could not ask
            there.add(run.uid)
        if theirs is None and not _own_files(run):
            code, why = absent(run, place, is_there(run) or run.origin == "imported", waits(run))
            if run.state in TERMINAL_STATES or code == "gone":
                row = {
                    "run": run.id,
                    "tracker": place.tracker,
                    "project": place.project,
                    "code": code,
                    "why": why,
                }
                answer["unknown" if code == "unknown" else "only_here"].append(row)
        if theirs is not None:
            answer["differ"] += [{"run": run.id, **row} for row in disagreements(run, theirs)]
        if budget > 0:
            budget -= 1
            _compare(context, thread, run, theirs, answer)
        elif run.tracker.get("id"):
            answer["not_compared"].append(
                {"run": run.id, "why": f"only the newest {compared} are read"}
            )
    known = {key for run in thread.runs for key in (run.uid, str(run.tracker.get("id", ""))) if key}
    for place in places:
        for row in strangers(thread, place, known):
            if (
                not row["ours"] or place.tracker == OWN
            ):  # what another record put into a shared folder can be taken
                row["import"] = import_command(place, row)
            answer["only_there"].append(row)
    listed = {(row["tracker"], row["id"]) for row in answer["only_there"]}
    for row in further_rows(context, thread):
        if (row["tracker"], row["id"]) not in listed:
            answer["only_there"].append({**row, "named": True, "ours": True})
    answer["only_there"].sort(key=lambda row: not row["named"])
    answer["costs"] = costs(
        thread.runs, there, [row for row in answer["only_there"] if not row["ours"]]
    )
    return answer


def _places(thread: Thread) -> list[Place]:
    """The projects that the thread's runs went to or go to, each at the address that holds now."""
    choice = choice_of(thread)
    found: dict[tuple[str, str], Place] = {}
    if choice is not None:
        found[choice.tracker, choice.project] = Place(choice.tracker, choice.project, choice.at)
    for run in thread.runs:
        about = run.tracker
        if about.get("tracker") and not _own_files(run):
            key = (str(about["tracker"]), str(about.get("project", "")))
            found.setdefault(key, Place(*key, str(about.get("at", ""))))
    return list(found.values())


def gone_from(context: Context, thread: Thread, runs: list[Run]) -> list[str]:
    """The ids of those ``runs`` that their tracker says it has not; one that cannot be asked says
    nothing."""
    places = [_asked(context, p) for p in _places(thread) if any(_is_at(run, p) for run in runs)]
    return [r.id for r in runs for p in places if _is_at(r, p) and not p.why and p.of(r) is None]


def _is_at(run: Run, place: Place) -> bool:
    return (run.tracker.get("tracker"), run.tracker.get("project", "")) == (
        place.tracker,
        place.project,
    )


def _own_files(run: Run) -> bool:
    """An import from files: no project anywhere is asked about it."""
    return run.origin == "imported" and bool(run.tracker.get("path")) and not run.tracker.get("at")


def _asked(context: Context, place: Place) -> Place:
    try:
        tracker = context.tracker_for(place.tracker)
        stands = tracker.check(place.at)
        if (stands["reachable"] is None and stands["why"]) or stands["reachable"] is False:
            place.why = str(stands["why"])
        place.runs = tracker.listed(place.project, place.at, here_only=bool(place.why))
        if not place.runs and not stands["where"]:
            set_it = shlex.join(
                ["leadline", "tracker", "set", place.tracker, place.project, "--at", "ADDRESS"]
            )
            place.why = place.why or f"it has no address: {set_it}"
    except LeadlineError as error:
        place.why = error.what
    except (OSError, ValueError) as error:
        place.why = str(error)
    return place


def _compare(
    context: Context, thread: Thread, run: Run, theirs: TrackerRun | None, answer: dict[str, Any]
) -> None:
    """Values of the run on the tracker's side: what its server or store says, else the files that
    its job left. Its points are fetched from a server only for a metric that is computed from
    them."""
    about = run.tracker
    path = local_path(context, about)
    if theirs is None and path:
        theirs = TrackerRun(str(about["tracker"]), str(about.get("id", "")), path=path, uid=run.uid)
    if theirs is None:
        return
    last_only = all(
        d.reduce in ("last", "") for d in map(thread.metrics.get, run.metrics) if d is not None
    )
    try:
        reading = context.tracker_for(str(about["tracker"])).read(theirs, last_only)
    except (LeadlineError, OSError, ValueError) as error:
        what = error.what if isinstance(error, LeadlineError) else str(error)
        if (
            theirs.problem
        ):  # it was listed as one that cannot be read: that is a disagreement, not a gap
            answer["differ"].append({"run": run.id, "what": "files", "key": "files", "why": what})
            return
        answer["not_compared"].append({"run": run.id, "why": what})
        return
    answer["differ"] += [{"run": run.id, **row} for row in values_that_differ(run, reading, thread)]
    spoilt = [str(p["what"]) for p in reading.problems if p.get("blocking")]
    answer["differ"] += [
        {"run": run.id, "what": "files", "key": "files", "why": what} for what in spoilt
    ]
    before = str(about.get("digest", ""))
    if (
        path
        and before
        and path == reading.run.path
        and not about.get("provisional")
        and reading.digest() != before
    ):
        why = f"the files of {about['tracker']} changed since the record was written"
        answer["differ"].append({"run": run.id, "what": "digest", "key": "digest", "why": why})


def import_command(place: Place, row: dict[str, Any]) -> str:
    """What to type to take one of a tracker's runs into the thread."""
    if row.get("path") and not row.get("url") and place.tracker == "wandb":
        words = ["leadline", "import", row["path"], "--format", "wandb"]
    else:
        words = ["leadline", "import", place.project, "--format", place.tracker, "--run", row["id"]]
        words += ["--at", place.at] if place.at else []
    return shlex.join(words)
