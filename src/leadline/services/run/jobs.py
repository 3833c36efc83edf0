"""Runs under way, whoever started them: listed, waited for, stopped, and recorded when they are over.

Everything is asked of the record and of the attempt folder with its handle, so that any session and
any work tree of the repository does this as well as the one that started the run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence

from leadline.core.errors import LeadlineError, conflict, not_found
from leadline.core.record.run import USUAL_EXECUTOR, Run
from leadline.core.record.thread import Experiment, Thread
from leadline.core.timestamps import counted
from leadline.core.typed import TYPE_CHECKING, TypedDict
from leadline.core.values import dataclass
from leadline.ports.executor import OVER
from leadline.services.context import Context
from leadline.services.lookup import slice_of
from leadline.services.run import several
from leadline.services.run.attempt import handle_of, planned_of, states, waited
from leadline.services.run.ending import end_run
from leadline.services.run.planning import RunPlan
from leadline.services.run.progress import progress_in
from leadline.services.run.reattach import reattach
from leadline.services.run.recover import recover_runs
from leadline.services.run.retry import retried
from leadline.services.run.several import Several
from leadline.services.run.spec import spec_of

if TYPE_CHECKING:
    from leadline.core.view.progress import Progress
    from leadline.ports.attempt import Handle
    from leadline.ports.executor import Executor
    from leadline.services.run.several import About

LOOK_EVERY_S = 0.3
ASK_AGAIN_S = 1.0  # of who could not be reached
STOP_WITHIN_S = 60.0
LAST_BYTES = 4096


class Job(TypedDict):
    """A run under way. ``state`` as ``Executor.poll`` has it, or ``stalled``: it runs, and its
    signal stands still. ``watched``: a command waits for it. Or, with another ``verb`` than ``run``
    or with runs to count, a command that makes several of them, ``left`` where its process died."""

    id: str
    verb: str
    uid: str
    thread: str
    executor: str
    state: str
    planned_at: str
    host: str
    watched: bool
    argv: list[str]
    progress: Progress | None
    last_line: str


class Ended(TypedDict):
    """How a run that was waited for stands. ``why``: of one that is not ``done``."""

    id: str
    state: str
    why: str


@dataclass(frozen=True)
class Open:
    """A run that the record does not know to be over."""

    topic: str
    uid: str
    id: str
    executor: str
    folder: str

    @property
    def handle(self) -> Handle:
        return handle_of(self.folder)

    def now(self, context: Context) -> Open:
        return Open(self.topic, self.uid, self.id, self.executor, context.run_folder(self.uid))


def listed(context: Context, topic: str | None = None) -> list[Job]:
    """Runs under way, of one thread or all, oldest first; those that are over are recorded before."""
    for name, group in _by_executor(open_runs(context, topic)).items():
        _refresh(context, name, group)  # asks a machine that was away a moment ago, too
    recover_runs(context, ask=True)
    found = open_runs(context, topic)
    now = states(context, [(one.uid, one.executor) for one in found])
    rows = [_several_row(context, one) for one in several.listed(context, topic)]
    return rows + [_job(context, one, now[one.uid]) for one in found]


def _several_row(context: Context, one: Several) -> Job:
    from leadline.core.view.progress import of_count  # noqa: PLC0415  start-up: who lists jobs

    about, lives = one.about, one.lives
    if not lives and not _open_of(context, one):
        several.settle(context, one)
    took_s = context.clock.now_ms() / 1000 - about["begun_at_s"]
    progress = of_count(about["done"], about["total"], took_s, goes_on=lives)
    bad = about["not_done"]
    state = "running" if lives else "left"
    return {
        "id": about["id"],
        "uid": about["uid"],
        "verb": about["verb"],
        "thread": about["thread"],
        "executor": about["executor"],
        "state": state,
        "planned_at": planned_at(about["uid"]),
        "host": about["host"],
        "watched": lives and not about["detached"],
        "argv": [],
        "progress": progress,
        "last_line": f"{bad} not done" if bad else "",
    }


def open_runs(context: Context, topic: str | None = None) -> list[Open]:
    """By the record, oldest first; one that is withdrawn is still under way, one that another clone
    started is taken up."""
    reattach(context, topic)
    found = []
    for its_topic, uid in context.read_model.open_runs(topic):
        folder = context.run_folder(uid)
        spec = spec_of(folder)
        if spec is not None:
            name, shown = spec.get("executor") or USUAL_EXECUTOR, spec["run"]
        else:
            body = planned_of(context, its_topic, uid)
            if body is None:
                continue
            name, shown = body.get("executor") or USUAL_EXECUTOR, body["id"]
        found.append(Open(its_topic, uid, shown, name, folder))
    return found


def meant(context: Context, topic: str, ids: Sequence[str]) -> tuple[list[Open], list[Ended]]:
    """The open runs that ids of runs, experiments and sweeps name, and how those ended of which
    nothing is under way (of an experiment its last run, of a
    design those that are not done); all open runs of the thread without ids.

    Raises LeadlineError: an id that is not there, or that no run belongs to.
    """
    here = open_runs(context, topic)
    if not ids:
        return here, []
    thread = slice_of(context, topic, ids)
    found: dict[str, Open] = {}
    ended: list[Ended] = []
    for shown in ids:
        runs = _runs(thread, shown, context, topic)
        uids = {run.uid for run in runs}
        those = [one for one in here if one.uid in uids]
        found |= {one.uid: one for one in those}
        going = several.named(context, topic, shown)
        if not runs and going is None:
            raise conflict(
                "no-run-of-it",
                f"no run belongs to {shown}",
                why="only runs can be waited for, watched and stopped",
                do=[f"leadline show {shown}", "leadline jobs"],
            )
        if not those and not (going and going.lives):
            ended += _all_ended(thread, shown, runs)
    return list(found.values()), ended


def _all_ended(thread: Thread, shown: str, runs: list[Run]) -> list[Ended]:
    """Of a run, or the last of an experiment; of a design those that are not done, or that all are."""
    if isinstance(thread.find(shown), (Run, Experiment)):
        return [_ended(run) for run in runs[-1:]]
    wrong = [_ended(run) for run in runs if run.state != "done"]
    whole: Ended = {"id": shown, "state": "done", "why": counted(len(runs), "run")}
    return wrong or [whole]


def commands_meant(context: Context, topic: str, ids: Sequence[str]) -> list[Several]:
    """Those commands of several runs, under way or left, that the ids name; all of the thread without
    ids."""
    if not ids:
        return several.listed(context, topic)
    found = [several.named(context, topic, shown) for shown in ids]
    return [one for one in found if one is not None]


def wait_for(
    context: Context,
    commands: Sequence[Several],
    timeout_s: float | None = None,
    tick: Callable[[About], None] = lambda about: None,
    nudge: Callable[[], None] = lambda: None,
) -> list[Several]:
    """Until no process is at any of these commands, or the time is up. Returns those that go on.
    ``tick``: how far each is, when it has changed; ``nudge``: called now and then."""
    end_s = None if timeout_s is None else time.monotonic() + timeout_s
    left, said = list(commands), dict[str, int]()
    while True:
        left = [one for one in left if one.lives]
        if not left or (end_s is not None and time.monotonic() >= end_s):
            return left
        for now in several.listed(context):
            done = now.about["done"]
            if said.get(now.folder) != done and any(one.folder == now.folder for one in left):
                said[now.folder] = done
                tick(now.about)
        nudge()
        context.pause(LOOK_EVERY_S)


def stop_commands(
    context: Context, commands: Sequence[Several], within_s: float = STOP_WITHIN_S
) -> list[Ended]:
    """Ends commands of several runs, what they run, and what waits of them; one that was left is
    forgotten. Returns how those runs ended that were under way."""
    found: dict[str, Open] = {}
    for one in commands:
        several.ask_to_stop(one)

    def cancel() -> None:
        for one in commands:
            for run in _open_of(context, one):
                if run.uid not in found:
                    found[run.uid] = run
                    _cancel(context, run)

    cancel()
    wait_for(context, commands, within_s, nudge=cancel)
    for one in commands:
        if not one.lives:
            found |= {run.uid: run for run in _open_of(context, one)}
    ended = wait(context, found.values(), within_s) if found else []
    for one in commands:
        if not one.lives:
            several.let_go(context, one)
    return ended


def _cancel(context: Context, run: Open) -> None:
    try:
        context.executor_for(run.executor).cancel(run.folder, run.handle)
    except LeadlineError as error:
        context.warn(f"{run.id}: {error.what}: {error.why}")


def _open_of(context: Context, one: Several) -> list[Open]:
    """The runs of a command that the record does not know to be over."""
    uids = {uid for _, uid in context.read_model.open_runs(one.about["thread"])}
    if not uids:
        return []
    of = one.about["uid"]
    records = context.store.records(one.about["thread"])
    design = {r.id: list((r.body.get("design") or {}).values()) for r in records if r.id in uids}
    those = {uid for uid, places in design.items() if of == uid or of in places}
    return [run for run in open_runs(context, one.about["thread"]) if run.uid in those]


def _runs(thread: Thread, shown: str, context: Context, topic: str) -> list[Run]:
    thing = thread.find(shown)
    if isinstance(thing, Run):
        return [thing]
    if isinstance(thing, Experiment):
        return list(thing.runs)
    whole = context.store.thread(topic)
    return [run for run in whole.runs if thing.uid in (run.design or {}).values()]


def wait(
    context: Context,
    runs: Iterable[Open],
    timeout_s: float | None = None,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> list[Ended]:
    """Until all of them are over and recorded, or the time is up; what is left then has the state it
    stands in. ``tick``: how many of how many are over."""
    left = {one.uid: one for one in runs}
    total, ended = len(left), list[Ended]()
    end_s = None if timeout_s is None else time.monotonic() + timeout_s
    while left:
        now: dict[str, str] = {}
        for name, group in _by_executor(left.values()).items():
            now |= _look(context, name, group)
        still_open = {uid for _, uid in context.read_model.open_runs()}
        for uid, one in list(left.items()):
            if uid in still_open and now[uid] in OVER:
                record(context, one)
                still_open = {u for _, u in context.read_model.open_runs()}
            if uid in still_open:
                left[uid] = one.now(context)  # another attempt may be under way
            else:
                del left[uid]
                ended.append(_ending(context, one))
                tick(total - len(left), total)
        if end_s is not None and time.monotonic() >= end_s:
            break
        if left and all(state not in ("queued", "running") for state in now.values()):
            context.pause(ASK_AGAIN_S)
    stands = states(context, [(one.uid, one.executor) for one in left.values()])
    return ended + [
        {"id": one.id, "state": stands[one.uid], "why": "not over yet"} for one in left.values()
    ]


def _by_executor(runs: Iterable[Open]) -> dict[str, list[Open]]:
    groups: dict[str, list[Open]] = {}
    for one in runs:
        groups.setdefault(one.executor, []).append(one)
    return groups


def _look(context: Context, name: str, group: list[Open]) -> dict[str, str]:
    """How they stand, after a short wait for the first that ends."""
    attempts = [(one.folder, one.handle) for one in group]
    found = _reached(context, name, lambda executor: waited(executor, attempts, LOOK_EVERY_S))
    return {one.uid: (found or {}).get(one.folder, "unknown") for one in group}


def record(context: Context, one: Open) -> bool:
    """Appends the ending of a run that is over, or tries one again that was lost; False where
    somebody else is at it."""
    with context.open_runs.abandoned(one.uid) as free:
        if not free:
            context.pause(LOOK_EVERY_S)
            return False
        if one.uid not in {uid for _, uid in context.read_model.open_runs(one.topic)}:
            return True
        body = planned_of(context, one.topic, one.uid)
        if body is None:
            return True
        run = RunPlan(one.topic, one.uid, body, context.run_folder(one.uid))
        if not retried(context, run):
            end_run(context, run, by="reconcile", say=context.warn)
    return True


def _ending(context: Context, one: Open) -> Ended:
    thread = context.slice(one.topic, [one.id])
    run = next((r for r in thread.runs if r.uid == one.uid), None)
    return _ended(run) if run else {"id": one.id, "state": "unknown", "why": ""}


def _ended(run: Run) -> Ended:
    return {"id": run.id, "state": run.state, "why": str(run.reason or "")}


def stop(context: Context, runs: Sequence[Open], within_s: float = STOP_WITHIN_S) -> list[Ended]:
    """Ends them: SIGTERM to everything below each, its grace, SIGKILL; and records their endings.

    Raises LeadlineError(remote) when one cannot be asked, after the others were.
    """
    away: list[LeadlineError] = []
    for one in runs:
        try:
            did = context.executor_for(one.executor).cancel(one.folder, one.handle)
            if did["did"] == "nothing" and did["why"]:
                context.warn(f"{one.id}: {did['why']}")
        except LeadlineError as error:
            away.append(error)
    if away and len(away) == len(runs):
        raise away[0]
    for met in away:
        context.warn(f"{met.what}: {met.why}")
    return wait(context, runs, within_s)


def _refresh(context: Context, name: str, group: Sequence[Open]) -> None:
    attempts = [(one.folder, one.handle) for one in group]
    _reached(context, name, lambda executor: executor.refresh(attempts))


def _reached(context: Context, name: str, ask: Callable[[Executor], object]) -> dict[str, str]:
    """What an executor answers; nothing where it is not here or not reached."""
    try:
        found = ask(context.executor_for(name))
    except LeadlineError:
        return {}
    return found if isinstance(found, dict) else {}


def _job(context: Context, one: Open, state: str) -> Job:
    spec, who = spec_of(one.folder), handle_of(one.folder)
    with context.open_runs.abandoned(one.uid) as free:
        watched = not free
    progress = progress_in(context, one.folder) if state == "running" else None
    if progress and progress["stalled"]:
        state = "stalled"
    return {
        "id": one.id,
        "uid": one.uid,
        "verb": "run",
        "thread": one.topic,
        "executor": one.executor,
        "state": state,
        "planned_at": planned_at(one.uid),
        "host": str(who.get("host") or ""),
        "watched": watched,
        "argv": list(spec["argv"]) if spec else [],
        "progress": progress,
        "last_line": last_line(one.folder),
    }


def planned_at(uid: str) -> str:
    """When a run was planned: its id says it."""
    from leadline.core.timestamps import rfc3339  # noqa: PLC0415  start-up: who lists jobs
    from leadline.core.ulid import decode  # noqa: PLC0415  start-up: who lists jobs

    return rfc3339(decode(uid)[0])


def last_line(folder: str) -> str:
    """The last line that the command wrote, of the stream that grew last."""
    newest, text = 0.0, ""
    for name in ("stdout.log", "stderr.log"):
        try:
            with open(os.path.join(folder, name), "rb") as file:
                about = os.fstat(file.fileno())
                if about.st_size == 0 or about.st_mtime < newest:
                    continue
                file.seek(max(0, about.st_size - LAST_BYTES))
                newest, text = about.st_mtime, file.read().decode("utf-8", "replace")
        except OSError:
            continue
    return text.rstrip().rpartition("\n")[2]


def log_of(context: Context, topic: str, shown: str) -> Open:
    """The attempt whose output is meant: of a run, or of the last run of an experiment. Raises
    LeadlineError(not_found) where it is not on this machine."""
    thread = slice_of(context, topic, [shown])
    thing = thread.find(shown)
    if isinstance(thing, Experiment) and thing.runs:
        thing = thing.runs[-1]
    folder = context.run_folder(thing.uid)
    if not isinstance(thing, Run) or not os.path.isdir(folder):
        raise not_found(
            "no-log-here",
            f"{shown} has no output on this machine",
            why="output stays where the run was; the record keeps its end and digest",
            do=f"leadline show {shown}",
        )
    one = Open(topic, thing.uid, thing.id, thing.executor, folder)
    _refresh(context, one.executor, [one])
    return one
