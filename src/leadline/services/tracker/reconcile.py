"""``leadline tracker reconcile``: what the record and its trackers do not agree on. Reads both,
writes nothing."""

from __future__ import annotations

from leadline.core.errors import LeadlineError
from leadline.core.plain import shell_words
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
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass
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
    from leadline.core.tracker.rows import Absence, Costs, Disagreement, NotDone, PlaceRow, RunThere
    from leadline.ports.tracker_kind import TrackerKind

COMPARED = 200  # runs whose values are read on both sides unless said otherwise, the newest first


@dataclass(frozen=True)
class Reconciled:
    """What the two sides do not agree on. ``unknown``: runs of a tracker that could not be asked;
    ``costs``: see ``core/tracker/reconciliation.py``."""

    places: list[PlaceRow]
    only_here: list[Absence]
    only_there: list[RunThere]
    differ: list[Disagreement]
    not_compared: list[NotDone]
    unknown: list[Absence]
    costs: Costs

    def as_dict(self) -> dict[str, object]:
        return dict(vars(self))


def reconcile(context: Context, topic: str, compared: int = COMPARED) -> Reconciled:
    """What record and trackers say of a thread's runs; values of the newest ``compared`` runs.

    Raises nothing for a tracker that cannot be asked: its place says why, and its runs are
    ``unknown``.
    """
    thread = context.store.thread(topic)
    places = [asked(context, place) for place in places_of(thread)]
    missing: list[Absence] = []
    unknown: list[Absence] = []
    differ: list[Disagreement] = []
    not_compared: list[NotDone] = []
    budget = compared
    there: set[str] = set()
    for run in reversed(list(thread.runs)):
        place = next((p for p in places if is_at(run, p)), None)
        if place is None or run.retracted:
            continue
        theirs = place.of(run)
        # as far as anybody knows who could not ask
        if theirs is not None or (place.why and is_there(run)):
            there.add(run.uid)
        if theirs is None and not own_files(run):
            code, why = absent(run, place, is_there(run) or run.origin == "imported", waits(run))
            if run.state in TERMINAL_STATES or code == "gone":
                row: Absence = {
                    "run": run.id,
                    "tracker": place.tracker,
                    "project": place.project,
                    "code": code,
                    "why": why,
                }
                (unknown if code == "unknown" else missing).append(row)
        if theirs is not None:
            differ += [{"run": run.id, **one} for one in disagreements(run, theirs)]
        if budget > 0:
            budget -= 1
            found, why = _compared(context, thread, run, theirs)
            differ += [{"run": run.id, **one} for one in found]
        else:
            why = f"only the newest {compared} are read" if run.tracker.get("id") else ""
        if why:
            not_compared.append({"run": run.id, "why": why})
    known = {key for run in thread.runs for key in (run.uid, str(run.tracker.get("id", ""))) if key}
    strange = _strange(context, thread, places, known)
    return Reconciled(
        [_place_row(place) for place in places],
        missing,
        strange,
        differ,
        not_compared,
        unknown,
        costs(thread.runs, there, [row for row in strange if not row["ours"]]),
    )


def _place_row(place: TrackerProject) -> PlaceRow:
    return {
        "tracker": place.tracker,
        "project": place.project,
        "at": place.at,
        "runs": len(place.runs),
        "not_asked": place.why,
    }


def _strange(
    context: Context, thread: Thread, places: list[TrackerProject], known: set[str]
) -> list[RunThere]:
    """The runs of the trackers that the record does not hold, those with a name of the thread
    first."""
    found: list[RunThere] = []
    for place in places:
        kind = context.tracker_kind(place.tracker)
        for row in strangers(thread, place, known):
            # what another record put into a shared folder can be taken
            if not row["ours"] or kind.by_folder:
                row["import"] = import_command(place, row, kind)
            found.append(row)
    listed = {(row["tracker"], row["id"]) for row in found}
    for row in further_rows(context, thread):
        if (row["tracker"], row["id"]) not in listed:
            found.append({**row, "named": True, "ours": True})
    return sorted(found, key=lambda row: not row["named"])


def _compared(
    context: Context, thread: Thread, run: Run, theirs: TrackerRun | None
) -> tuple[list[Disagreement], str]:
    """What the tracker's side says differently of the run's values, and why it could not be read:
    its server or store, else the files that its job left. Its points are fetched from a server only
    for a metric that is computed from them."""
    about = run.tracker
    path = local_path(context, about)
    if theirs is None and path:
        theirs = TrackerRun(str(about["tracker"]), str(about.get("id", "")), path=path, uid=run.uid)
    if theirs is None:
        return [], ""
    defined = [d for d in map(thread.metrics.get, run.metrics) if d is not None]
    last_only = all(d.reduce in ("last", "") for d in defined)
    try:
        reading = context.tracker_for(str(about["tracker"])).read(theirs, last_only)
    except (LeadlineError, OSError, ValueError) as error:
        what = error.what if isinstance(error, LeadlineError) else str(error)
        # it was listed as one that cannot be read: that is a disagreement, not a gap
        return ([_of_files("files", what)], "") if theirs.problem else ([], what)
    found = values_that_differ(run, reading, thread)
    found += [_of_files("files", p["what"]) for p in reading.problems if p.get("blocking")]
    before = str(about.get("digest", ""))
    same_files = bool(path and before) and path == reading.run.path
    if same_files and not about.get("provisional") and reading.digest() != before:
        why = f"the files of {about['tracker']} changed since the record was written"
        found.append(_of_files("digest", why))
    return found, ""


def _of_files(what: str, why: str) -> Disagreement:
    return {"what": what, "key": what, "why": why}


def import_command(place: TrackerProject, row: RunThere, kind: TrackerKind) -> str:
    """What to type to take one of a tracker's runs into the thread: by its own file where it has
    one and no page."""
    if row.get("path", "").endswith(kind.marks) and not row.get("url"):
        words = ["leadline", "import", row["path"], "--format", place.tracker]
    else:
        words = ["leadline", "import", place.project, "--format", place.tracker, "--run", row["id"]]
        words += ["--at", place.at] if place.at else []
    return shell_words(words)
