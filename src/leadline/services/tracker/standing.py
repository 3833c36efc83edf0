"""How the runs of a thread stand beside their tracker: there, waiting, gone; and which of its runs
the record does not know."""

from __future__ import annotations

import os

from leadline.core.errors import LeadlineError
from leadline.core.plain import shell_words
from leadline.core.record.run import TERMINAL_STATES, Run
from leadline.core.record.thread import Thread
from leadline.core.tracker.reconciliation import TrackerProject, further_runs
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass
from leadline.services.context import Context
from leadline.services.run.job_tracker import choice_of, local_path, reach_of

if TYPE_CHECKING:
    from leadline.core.record.bodies import TrackerChoice
    from leadline.core.tracker.rows import Reach, RunStanding, RunThere


@dataclass(frozen=True)
class Standing:
    """How a thread stands with its tracker. ``choice``: as chosen last, empty for none; ``reach``:
    None without one; ``waiting``, ``provisional``: ids of runs; ``odd``: those of ``runs`` that do
    not fit."""

    choice: TrackerChoice
    choices: list[TrackerChoice]
    reach: Reach | None
    runs: list[RunStanding]
    waiting: list[str]
    provisional: list[str]
    odd: list[RunStanding]

    def as_dict(self) -> dict[str, object]:
        return {**vars(self), "reach": self.reach or {}}


def status(context: Context, topic: str) -> Standing:
    """The choice, whether the tracker can be reached, and every run's standing."""
    thread = context.store.thread(topic)
    choice = choice_of(thread)
    further = further_rows(context, thread)
    tracked = [run for run in thread.runs if run.tracker.get("tracker")]
    rows = [
        _standing(context, run, [one for one in further if one["of"] == run.id]) for run in tracked
    ]
    executed = [run for run in thread.runs if run.origin == "executed"]
    return Standing(
        choice=thread.tracker,
        choices=thread.tracker_choices,
        reach=reach_of(context, choice.tracker, choice.at) if choice else None,
        runs=rows,
        waiting=[row["run"] for row in rows if row["waiting"]],
        provisional=[run.id for run in executed if run.tracker.get("provisional")],
        odd=[row for row in rows if row["odd"]],
    )


def _standing(context: Context, run: Run, further: list[RunThere]) -> RunStanding:
    about = run.tracker
    ended = run.state in TERMINAL_STATES
    state = str(about.get("state", "not read"))
    odd = ""
    if state == "crashed" and not ended:
        odd = f"{about['tracker']} says crashed, and its process lives"
    elif state == "crashed":
        odd = "the tracker's file has no end: the job was cut off, or did not finish its run"
    elif state == "none" and ended:
        odd = f"the job made no run in {about['tracker']}"
    elif state == "unread":
        odd = str(about.get("problem", "it could not be read"))
    elif state == "running" and ended and not about.get("provisional"):
        odd = f"{about['tracker']} says running, and the run has ended"
    return {
        "run": run.id,
        "name": about.get("name", ""),
        "project": f"{about['tracker']}:{about.get('project', '')}",
        "state": state,
        "provisional": bool(about.get("provisional")),
        "waiting": ended and waits(run),
        "sent": is_there(run),
        "at": str(about.get("at", "")),
        "url": about.get("url", ""),
        "path": local_path(context, about),
        "odd": odd,
        "further": further,
    }


def further_rows(context: Context, thread: Thread) -> list[RunThere]:
    """Runs that a job made besides the one in the record."""
    rows: list[RunThere] = []
    for run, one in further_runs(thread):
        tracker, project = str(run.tracker["tracker"]), str(run.tracker.get("project", ""))
        path, at = local_path(context, one), str(run.tracker.get("at", ""))
        if path:
            # the store that holds it
            path = os.path.dirname(os.path.dirname(path)) if os.path.isdir(path) else path
            inside = os.path.relpath(path, context.cwd)
            words = [
                path if inside.startswith("..") else inside,
                "--format",
                tracker,
                "--run",
                str(one["id"]),
            ]
        else:
            words = [
                project,
                "--format",
                tracker,
                "--run",
                str(one["id"]),
                *(["--at", at] if at else []),
            ]
        why = f"another run of the job of {run.id}, not taken"
        about: RunThere = {"of": run.id, "tracker": tracker, "project": project, "why": why}
        rows.append({**one, **about, "import": shell_words(["leadline", "import", *words])})
    return rows


def is_there(run: Run) -> bool:
    """Whether the tracker's server has the run: it was sent, or its job talked to the server."""
    about = run.tracker
    return bool(
        about.get("sent") or (about.get("live") and about.get("id") and not about.get("behind"))
    )


def waits(run: Run) -> bool:
    """Whether the tracker has not got this run yet: what a live job wrote is there, what lies here
    is not."""
    ours = run.origin == "executed" and bool(run.tracker.get("tracker") and run.tracker.get("path"))
    return ours and not is_there(run)


def gone_from(context: Context, thread: Thread, runs: list[Run]) -> list[str]:
    """The ids of those ``runs`` that their tracker says it has not; one that cannot be asked says
    nothing."""
    places = [asked(context, p) for p in places_of(thread) if any(is_at(run, p) for run in runs)]
    return [r.id for r in runs for p in places if is_at(r, p) and not p.why and p.of(r) is None]


def is_at(run: Run, place: TrackerProject) -> bool:
    return (run.tracker.get("tracker"), run.tracker.get("project", "")) == (
        place.tracker,
        place.project,
    )


def asked(context: Context, place: TrackerProject) -> TrackerProject:
    try:
        tracker = context.tracker_for(place.tracker)
        stands = tracker.check(place.at)
        if (stands["reachable"] is None and stands["why"]) or stands["reachable"] is False:
            place.why = str(stands["why"])
        place.runs = tracker.listed(place.project, place.at, here_only=bool(place.why))
        if not place.runs and not stands["where"]:
            set_it = shell_words(
                ["leadline", "tracker", "set", place.tracker, place.project, "--at", "ADDRESS"]
            )
            place.why = place.why or f"it has no address: {set_it}"
    except LeadlineError as error:
        place.why = error.what
    except (OSError, ValueError) as error:
        place.why = str(error)
    return place


def places_of(thread: Thread) -> list[TrackerProject]:
    """The projects that the thread's runs went to or go to, each at the address that holds now."""
    choice = choice_of(thread)
    found: dict[tuple[str, str], TrackerProject] = {}
    if choice is not None:
        found[choice.tracker, choice.project] = TrackerProject(
            choice.tracker, choice.project, choice.at
        )
    for run in thread.runs:
        about = run.tracker
        if about.get("tracker") and not own_files(run):
            key = (str(about["tracker"]), str(about.get("project", "")))
            found.setdefault(key, TrackerProject(*key, str(about.get("at", ""))))
    return list(found.values())


def own_files(run: Run) -> bool:
    """An import from files: no project anywhere is asked about it."""
    return run.origin == "imported" and bool(run.tracker.get("path")) and not run.tracker.get("at")
