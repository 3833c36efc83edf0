"""The verbs of ``leadline tracker``: say how it stands, send what waits, find what disagrees.

What waits to be sent is derived from the records (a run with a tracker that no record says was
sent), so nothing can be lost between a queue and a crash; sending is idempotent by the run's uid,
so nothing is sent twice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from leadline.core.canonical import finite
from leadline.core.errors import LeadlineError, conflict, usage
from leadline.core.record.run import TERMINAL_STATES, Run
from leadline.core.record.thread import Thread
from leadline.core.timestamps import counted
from leadline.core.tracker.reading import Choice, Reading, TrackerRun
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.core.values import dataclass
from leadline.job.disk import make_folders
from leadline.ports.tracker import Push
from leadline.services.context import Context
from leadline.services.run.job_tracker import (
    choice_of,
    facts_of,
    local_path,
    reach_of,
    read_tracker,
)
from leadline.services.series.series import series_of
from leadline.services.tracker.files import (
    NOT_SERVED,
    TAKES_NO_FILES,
    checked_files,
    recorded_files,
)
from leadline.services.tracker.folder import as_folder
from leadline.services.tracker.standing import gone_from, is_there, waits

if TYPE_CHECKING:
    from leadline.core.record.bodies import SentFile, TrackerPlace, TrackerRunBody
    from leadline.core.tracker.rows import LeftHere, NotDone, ReadAgain, SentFolder, SentRun

Say = Callable[[str], None]
GIVE_UP_AFTER = 2  # runs in a row that a tracker did not take


@dataclass(frozen=True)
class Synced:
    """``unseen``: why the folder with what was sent before is not there, "" when it is."""

    read: list[ReadAgain]
    sent: list[SentRun]
    left: list[NotDone]
    unseen: str

    def as_dict(self) -> dict[str, object]:
        return dict(vars(self))


@dataclass(frozen=True)
class Pushed:
    """``already``: ids of runs that were sent before."""

    sent: list[SentRun]
    left: list[NotDone]
    already: list[str]

    def as_dict(self) -> dict[str, object]:
        return dict(vars(self))


def sync(
    context: Context, topic: str, say: Say = lambda text: None, limit_s: float | None = None
) -> Synced:
    """Read again what was provisional or could not be read, and send what waits.

    Stops sending after two runs in a row that were not taken. Raises nothing for a tracker that
    says no: it is in ``left`` with its reason.
    """
    thread = context.store.thread(topic)
    read, problems = _read_again(context, topic, thread, say)
    if read:
        thread = context.store.thread(topic)
    waiting = [run for run in thread.runs if run.state in TERMINAL_STATES and waits(run)]
    sent, left = _send(context, topic, thread, waiting, say, limit_s)
    unseen = "" if waiting else _unseen(context, thread)
    return Synced(read, sent, problems + left, unseen)


def _unseen(context: Context, thread: Thread) -> str:
    """Why the folder that holds runs of the thread cannot be looked at, "" when it can or none is
    there."""
    choice = choice_of(thread)
    if choice is None or not choice.at or "://" in choice.at:
        return ""
    held = [r for r in thread.runs if is_there(r) and r.tracker.get("at") == choice.at]
    held = [r for r in held if r.tracker.get("tracker") == choice.tracker]
    stands = reach_of(context, choice.tracker, choice.at) if held else None
    if stands is None or stands["reachable"] is not False:
        return ""
    return f"{counted(len(held), 'run')} sent before: {stands['why']}"


def _read_again(
    context: Context, topic: str, thread: Thread, say: Say
) -> tuple[list[ReadAgain], list[NotDone]]:
    read: list[ReadAgain] = []
    problems: list[NotDone] = []
    plans = {r.id: r.body for r in thread.records if r.kind == "run-planned"}
    for run in list(thread.runs):
        about = run.tracker
        ended = run.state in TERMINAL_STATES
        again = (
            not ended
            or about.get("provisional")
            or about.get("state") in ("unread", "none", "running")
        )
        if (
            not about.get("tracker")
            or not again
            or run.uid not in plans
            or run.origin != "executed"
        ):
            continue
        if about.get("state") == "none" and not about.get("live"):
            continue  # nothing appears in a folder after the end of the job
        found, fresh = read_tracker(
            context, topic, run.uid, plans[run.uid], thread.metrics, ended=ended, say=say
        )
        if found is None:
            if fresh.get("state") == "unread":
                problems.append({"run": run.id, "why": fresh.get("problem", "")})
            continue
        if not ended:
            fresh["provisional"] = True
        if (
            fresh.get("digest") == about.get("digest")
            and bool(about.get("provisional")) == fresh["provisional"]
        ):
            continue
        body: TrackerRunBody = {"run": run.id, "refs": _refs(run, thread), "tracker": fresh}
        if ended:
            ours = set(run.metrics) | set(run.nonfinite)
            mine = [n for n in fresh["metrics"] if n not in ours or n in about.get("metrics", [])]
            body["metrics"] = {n: v for n, v in found.metrics.items() if n in mine}
            body["nonfinite"] = {n: v for n, v in found.nonfinite.items() if n in mine}
            series = {n: excerpt for n, excerpt in finite(found.series).items() if n in mine}
            body["extraction"] = {
                "sources": found.sources,
                "series": {**run.extraction.get("series", {}), **series},
            }
            fresh["metrics"] = mine
        context.append(topic, "tracker-run", body)
        changed: dict[str, list[float | None]] = {}
        if ended:
            changed = {
                n: [run.metrics.get(n), v]
                for n, v in found.metrics.items()
                if run.metrics.get(n) != v
            }
        read.append({"run": run.id, "provisional": fresh["provisional"], "changed": changed})
    return read, problems


def push(
    context: Context,
    topic: str,
    ids: list[str],
    say: Say = lambda text: None,
    limit_s: float | None = None,
    artifacts: list[str] | None = None,
) -> Pushed:
    """Send runs whose job does not use the tracker itself: config, metrics and series, under
    Leadline's name. One that is named, was sent before and is in the tracker no more is sent again.

    ``ids``: runs or experiments; empty: every ended run of the thread. ``artifacts``: files that go
    beside the one run named, sent before or not. Raises LeadlineError, see
    ``checked_files``.
    """
    thread = context.store.thread(topic)
    choice = choice_of(thread)
    if choice is None:
        raise conflict(
            "no-tracker",
            f"no tracker is chosen for {topic}",
            why="a project is chosen once, early, for the whole thread",
            do="leadline tracker set TRACKER PROJECT",
        )
    wanted = (
        [run for display in ids for run in thread.runs_of(display)] if ids else list(thread.runs)
    )
    if artifacts and len(wanted) != 1:
        example = wanted[0].id if wanted else "P-001-r1"
        raise usage(
            "artifact-of-one-run",
            f"a file belongs to one run, and {len(wanted)} are meant",
            do=f"leadline tracker push {example} --artifact {artifacts[0]}",
        )
    files = checked_files(context, artifacts or [])
    left: list[NotDone] = [
        {"run": run.id, "why": "it has not ended"}
        for run in wanted
        if run.state not in TERMINAL_STATES
    ]
    foreign = [run for run in wanted if run.origin != "executed"]
    left += [{"run": r.id, "why": f"it was not executed here ({r.origin})"} for r in foreign if ids]
    ended = [
        r
        for r in wanted
        if r.state in TERMINAL_STATES and not r.retracted and r.origin == "executed"
    ]
    # A copy in a folder that was given up is no copy in the present one.
    by_address = context.tracker_kind(choice.tracker).sends_again
    moved = [
        r.id
        for r in ended
        if by_address and _destination(r, choice).get("at") != r.tracker.get("at")
    ]
    there = [run for run in ended if is_there(run) and run.id not in moved and not artifacts]
    gone = []
    if ids and there:
        gone = gone_from(context, thread, there)
    already = [run.id for run in there if run.id not in gone]
    sent, more = _send(
        context, topic, thread, [r for r in ended if r.id not in already], say, limit_s, files
    )
    return Pushed(sent, left + more, already)


def _send(
    context: Context,
    topic: str,
    thread: Thread,
    runs: list[Run],
    say: Say,
    limit_s: float | None,
    files: tuple[dict[str, str], dict[str, SentFile]] = ({}, {}),
) -> tuple[list[SentRun], list[NotDone]]:
    choice = choice_of(thread)
    sent: list[SentRun] = []
    left: list[NotDone] = []
    limit = limit_s if limit_s is not None else float(context.setting("tracker.limit_s"))
    refused, hopeless = 0, ""
    for number, run in enumerate(runs, 1):
        if refused >= GIVE_UP_AFTER:
            left.append(
                {"run": run.id, "why": "not tried: the tracker took none of the runs before"}
            )
            continue
        about = _destination(run, choice)
        kind = context.tracker_kind(str(about["tracker"]))
        if hopeless:
            left.append({"run": run.id, "why": hopeless})
            continue
        try:
            send = partial(_push_one, context, topic, thread, run, about, limit)
            again = kind.sends_again
            taken, carried, kept_here, refusal = _push_carrying(
                send, recorded_files(context, run, files[0], again), files[0]
            )
            refused = 0
        except (LeadlineError, OSError) as error:
            refused += getattr(error, "kind", "") != "not_found"  # that is about one run alone
            hopeless = (
                error.what
                if isinstance(error, LeadlineError) and error.kind == "environment"
                else ""
            )
            what = str(error)
            if isinstance(error, LeadlineError) and error.why:
                what = f"{error.what} ({error.why})"
            left.append({"run": run.id, "why": what, "next": getattr(error, "next", [])})
            continue
        fresh: TrackerPlace = {
            **about,
            "sent": context.now(),
            "id": taken.id,
            "name": taken.name,
            "state": taken.state,
        }
        if taken.url:
            fresh["url"] = taken.url
        named = {} if refusal else files[1]
        if named or carried:
            fresh["artifacts"] = {**run.tracker.get("artifacts", {}), **carried, **named}
        told = {k: v for k, v in fresh.items() if run.tracker.get(k) != v}
        place = cast("TrackerPlace", told)
        context.append(
            topic, "tracker-run", {"run": run.id, "refs": _refs(run, thread), "tracker": place}
        )
        folder: SentFolder = {"path": taken.path} if kind.by_folder else {}
        row: SentRun = {
            "run": run.id,
            "url": taken.url,
            "id": taken.id,
            **folder,
            "not_sent": [str(one.get("id")) for one in run.tracker.get("further", ())],
            "artifacts": sorted({*carried, *named}),
            "artifacts_left": kept_here,
        }
        sent.append(row)
        if refusal:
            why = f"the run is there, without {', '.join(sorted(files[0]))}: {refusal.what} ({refusal.why})"
            left.append({"run": run.id, "why": why, "next": refusal.next})
        where = taken.url or row.get("path", "")
        said = f"{number}/{len(runs)} {run.id} sent to {about['tracker']} {about['project']}"
        say(f"{said}: {where}" if where else said)
    return sent, left


def _destination(run: Run, choice: Choice | None) -> TrackerPlace:
    """What the record will say of the run's tracker: its own project, at the address that holds
    now."""
    about = cast("TrackerPlace", dict(run.tracker))
    if choice is not None and not about.get("tracker"):
        about |= {"tracker": choice.tracker, "project": choice.project}
    if choice is not None and (choice.tracker, choice.project) == (
        about["tracker"],
        about.get("project"),
    ):
        about["at"] = choice.at
    return about


def _push_carrying(
    send: Callable[[dict[str, str]], TrackerRun],
    recorded: tuple[dict[str, str], dict[str, SentFile], list[LeftHere]],
    named: dict[str, str],
) -> tuple[TrackerRun, dict[str, SentFile], list[LeftHere], LeadlineError | None]:
    """Send a run with the artifacts that its record names (``recorded_files``): what the tracker
    took, the facts of the artifacts sent, and those left here with the reason. A tracker that takes
    none gets the run without them; to files that were ``named`` on the command line its no is the
    answer, the last of the four, or raised where the run was not touched."""
    files, facts, left = recorded
    try:
        return send({**files, **named}), facts, left, None
    except LeadlineError as error:
        if error.code not in TAKES_NO_FILES or not (files or error.code == NOT_SERVED):
            raise
        left += [{"name": name, "why": error.what} for name in files]
        refusal = error if named and error.code == NOT_SERVED else None
    return send({} if refusal else named), {}, left, refusal


def _push_one(
    context: Context,
    topic: str,
    thread: Thread,
    run: Run,
    about: TrackerPlace,
    limit_s: float,
    artifacts: dict[str, str],
) -> TrackerRun:
    path = local_path(context, run.tracker)
    # What the job told its tracker is in that tracker's files, and in the record when they are
    # gone.
    told = {} if path else dict(run.tracker.get("config") or {})
    plan = {
        "id": run.id,
        "experiment": run.experiment,
        "experiment_uid": thread.experiments[run.experiment].uid,
        "repeat": run.repeat,
        "title": thread.experiments[run.experiment].title,
        "argv": run.argv,
        "cwd": run.cwd,
        "config": {**told, **run.config},
        "tracker": about,
    }
    facts = facts_of(context, topic, run.uid, plan)
    tracker = context.tracker_for(str(about["tracker"]))
    pushing = Push(facts, path, run.state, dict(run.metrics), artifacts=artifacts)
    _refuse_secret_names(context, run)
    if tracker.kind.by_folder:
        as_folder(context, topic, run, plan, pushing)
    elif path:
        known = TrackerRun(
            facts.project and about["tracker"], str(about.get("id", "")), uid=run.uid, path=path
        )
        pushing.reading = tracker.read(known)
    else:
        make_folders(facts.folder)
        pushing.reading = own_reading(context, run, tracker.name)
    return tracker.push(pushing, limit_s)


def _refuse_secret_names(context: Context, run: Run) -> None:
    """A folder of series is copied as the job wrote it. Raises LeadlineError(refused)."""
    attempt = context.run_folder(run.uid)
    names = context.series.read(attempt).metrics if context.series.has(attempt) else []
    for name in names:
        context.screen.refuse_as_name(name, f"a metric of {run.id}", f"leadline series {run.id}")


def own_reading(context: Context, run: Run, tracker: str) -> Reading | None:
    """The series that the run logged by ``leadline.log``, as ``tracker`` would give them; None when
    there are none."""
    series = series_of(context, run)
    if not series:
        return None
    reading = Reading(TrackerRun(tracker, run.uid, run.id))
    reading.series.update(series)
    return reading


def _refs(run: Run, thread: Thread) -> dict[str, str]:
    return {run.id: run.uid, run.experiment: thread.experiments[run.experiment].uid}
