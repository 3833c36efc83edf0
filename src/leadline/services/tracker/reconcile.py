"""``leadline tracker reconcile``: what the record and its trackers do not agree on. Reads both,
writes nothing."""

from __future__ import annotations

import shlex

from leadline.core.errors import LeadlineError
from leadline.core.record.run import TERMINAL_STATES, Run
from leadline.core.record.thread import Thread
from leadline.core.tracker.reading import TrackerRun
from leadline.core.tracker.reconciliation import (
    TrackerProject,
    absent,
    costs,
    disagreements,
    strangers,
    values_that_differ,
)
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.services.context import Context
from leadline.services.run.job_tracker import local_path
from leadline.services.tracker.standing import (
    asked,
    further_rows,
    is_at,
    is_there,
    own_files,
    places_of,
    waits,
)

if TYPE_CHECKING:
    from leadline.ports.tracker_kind import TrackerKind

COMPARED = 200  # runs whose values are read on both sides unless said otherwise, the newest first


def reconcile(context: Context, topic: str, compared: int = COMPARED) -> dict[str, Any]:
    """{places, only_here, only_there, differ, not_compared, unknown, costs}; see
    ``core/tracker/reconciliation.py``.

    Raises nothing for a tracker that cannot be asked: its place says why, and its runs are
    ``unknown``.
    """
    thread = context.store.thread(topic)
    places = [asked(context, place) for place in places_of(thread)]
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
        place = next((p for p in places if is_at(run, p)), None)
        if place is None or run.retracted:
            continue
        theirs = place.of(run)
        if theirs is not None or (
            place.why and is_there(run)
        ):  # as far as anybody knows who could not ask
            there.add(run.uid)
        if theirs is None and not own_files(run):
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
        kind = context.tracker_kind(place.tracker)
        for row in strangers(thread, place, known):
            # what another record put into a shared folder can be taken
            if not row["ours"] or kind.by_folder:
                row["import"] = import_command(place, row, kind)
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
        # it was listed as one that cannot be read: that is a disagreement, not a gap
        if theirs.problem:
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


def import_command(place: TrackerProject, row: dict[str, Any], kind: TrackerKind) -> str:
    """What to type to take one of a tracker's runs into the thread: by its own file where it has
    one and no page."""
    if row.get("path", "").endswith(kind.marks or ("\0",)) and not row.get("url"):
        words = ["leadline", "import", row["path"], "--format", place.tracker]
    else:
        words = ["leadline", "import", place.project, "--format", place.tracker, "--run", row["id"]]
        words += ["--at", place.at] if place.at else []
    return shlex.join(words)
