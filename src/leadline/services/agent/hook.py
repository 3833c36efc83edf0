"""What Leadline says between the steps of an agent: at its start, before and after a command or an edit,
before it stops. What is said once is said once to an agent of a session, whoever asks at the same time.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from itertools import chain

from leadline.core.agent.events import (
    AFTER,
    BEFORE,
    COMPACT,
    END,
    HELPER,
    START,
    STOP,
    Answer,
    Event,
)
from leadline.core.agent.measuring import measuring, recorded
from leadline.core.agent.shell import written_by
from leadline.core.canonical import digest_of_file
from leadline.core.errors import LeadlineError
from leadline.core.issue.due import records_since
from leadline.core.metric.ruler import in_force, matcher
from leadline.core.record.thread import Thread, is_a
from leadline.core.typed import TYPE_CHECKING, NamedTuple
from leadline.core.view.facts import notes_in, standing, uninterpreted
from leadline.render.directive import directive_line
from leadline.render.markdown import cut
from leadline.services.agreed_profile import profile_of
from leadline.services.branch.logbook import logbook_path
from leadline.services.context import Context
from leadline.services.look.brief import brief
from leadline.services.look.next import due_now
from leadline.services.look.open_runs import ask_open_runs
from leadline.services.write.session import end_session, start_session

if TYPE_CHECKING:
    from leadline.core.record.bodies import SessionBody, Transcript

POINTED_AT = ("failed", "timeout", "lost")  # one that was cancelled was meant to be
START_CHARS = 4000
TOGETHER_MS = 3000
MOST_STOPS = 5  # a session is not held up more often
MOST_DIGESTED_BYTES = 64 << 20
HOW = (
    "This repository keeps a research record with Leadline. Run whatever measures (benchmark, training, evaluation) as "
    "`leadline run -- CMD`, cite numbers as {{P-003.metric}}, end with `leadline handoff`. More: `leadline next`, "
    "the skill run-research."
)


def answer(context: Context, agent: str, event: Event) -> Answer:
    """What is to be said. May raise LeadlineError: where there is no thread, or several."""
    said: SessionBody = {"agent": agent}
    if event.named:
        said["named"] = event.named[:80]
    if event.model:
        said["model"] = event.model[:80]
    context.sessions.called_by(agent, said)
    return _ANSWERS[event.moment](context, agent, event)


# ---- start and end -------------------------------------------------------------------------------


def _start(context: Context, agent: str, event: Event) -> Answer:
    try:
        topic = context.topic()
    except LeadlineError as error:
        if error.code == "which-thread":
            return Answer(say=f"{HOW}\n{error.what}: {error.next[0]}")
        return Answer()
    if not _lately_first(context, event):
        return Answer()
    _open(context, topic, event)
    profile = profile_of(context, topic).get("name", "")
    asks = (
        f" Profile {profile}: `leadline profile show` says what each run has to say."
        if profile
        else ""
    )
    text, _ = brief(context, topic, START_CHARS - len(HOW) - len(asks) - 1)
    return Answer(say=f"{HOW}{asks}\n{text}")


def _helper(context: Context, agent: str, event: Event) -> Answer:
    """It has a task already, and was told nothing of what its sender knows."""
    return Answer(say=HOW)


def _open(context: Context, topic: str, event: Event) -> None:
    """A process that begins another conversation begins another session; one that goes on after its
    conversation was shortened does not."""
    current = context.sessions.current(topic)
    if current is not None and event.source != "compact":
        named = context.look(topic, lambda thread: _named(thread, current.id))
        if named not in ("", event.named):
            end_session(context, topic, by="hook", why=event.source)
    start_session(context, topic)


def _named(thread: Thread, shown: str) -> str:
    item = thread.items.get(shown)
    return str(item.body.get("named", "")) if is_a(item, "session") else ""


def _end(context: Context, agent: str, event: Event) -> Answer:
    for topic in context.store.topics():
        if context.sessions.current(topic) is not None:
            end_session(
                context, topic, by="hook", why=event.reason[:200], transcript=_linked(event)
            )
    return Answer()


def _linked(event: Event) -> Transcript:
    """Where the program keeps the conversation, and its digest; the text stays there."""
    path = event.transcript
    try:
        size = os.path.getsize(path)
        told: Transcript = {"path": path, "size_bytes": size}
        if size <= MOST_DIGESTED_BYTES:
            with open(path, "rb") as file:
                told["digest"] = digest_of_file(file)
        return told
    except OSError:
        return {}


# ---- before and after a step ---------------------------------------------------------------------


def _before(context: Context, agent: str, event: Event) -> Answer:
    edited = [*event.paths, *written_by(event.command)]
    if edited and (why := _not_to_edit(context, event, edited)):
        return Answer(refuse=why)
    part = measuring(event.command) or _by_profile(context, event.command)
    if part and context.store.topics() and _once(context, event, "hint"):
        line = cut(recorded(part), 600)
        return Answer(say=f"This measures, and nothing records it. Recorded: {line}")
    return Answer()


def _by_profile(context: Context, command: str) -> str:
    """The part of the command line that measures as the profiles of the threads here have it."""
    if not command.strip():
        return ""
    topics = context.store.topics()
    patterns = (profile_of(context, topic).get("measuring", []) for topic in topics)
    return measuring(command, chain.from_iterable(patterns))


def _not_to_edit(context: Context, event: Event, paths: Iterable[str]) -> str:
    """Why one of the files is not to be edited, with what does it instead; "" for none."""
    for path in paths:
        full = os.path.realpath(os.path.join(event.folder or context.cwd, path))
        root = os.path.realpath(context.root)
        if full == root or full.startswith(root + os.sep):
            return (
                f"{path} is part of the record, which only grows. A correction is a record: "
                "`leadline correct ID FIELD=VALUE --why …`, `leadline retract ID --why …`"
            )
        top = context.vcs.toplevel
        if top is None or not full.startswith(os.path.realpath(top) + os.sep):
            continue
        inside = os.path.relpath(full, os.path.realpath(top))
        for topic in context.store.topics():
            if inside == logbook_path(context, topic) and os.path.exists(full):
                return (
                    f"{inside} is rendered from the record: what is typed there is lost or found as a hand edit. "
                    f"Write with `leadline note 'TEXT' --thread {topic}` (also --interpretation, --next-action)"
                )
            if why := _is_ruler(context, topic, event, inside):
                return why
    return ""


def _is_ruler(context: Context, topic: str, event: Event, inside: str) -> str:
    """Said once for a file: who means it edits it again."""
    rulers = context.look(topic, lambda thread: in_force(thread.rulers))
    for metric, body in rulers.items():
        if any(matcher(pattern)(inside) for pattern in body["patterns"]):
            if not _once(context, event, f"ruler {inside}"):
                return ""
            of = f" {metric}" if metric else ""
            return (
                f"{inside} measures{of} (`leadline measure show`): a change of it makes all earlier results of another "
                "ruler. Change the code that is measured instead. If the ruler itself has to change, edit it again, "
                "and then run `leadline measure again`"
            )
    return ""


def _after(context: Context, agent: str, event: Event) -> Answer:
    if "leadline" not in event.command:
        return Answer()
    topic = context.topic()
    failed = context.look(topic, _last_failed)
    if failed is None or not _once(context, event, f"failed {failed.id}"):
        return Answer()
    return Answer(
        say=f"{failed.id} {failed.state}{failed.why}. Look: `leadline show {failed.id} --errors`. "
        f"If it taught something: `leadline note {failed.experiment} --negative implementation-failure 'WHY'`"
    )


class _Failed(NamedTuple):
    id: str
    experiment: str
    state: str
    why: str


def _last_failed(thread: Thread) -> _Failed | None:
    """The run that ended last, when it is not done."""
    for record in reversed(thread.records):
        if record.kind == "run-ended":
            run = str(record.body.get("run", ""))
            found = thread.runs_named([thread.shown(run, record.body.get("refs"))])
            if not found or found[0].state not in POINTED_AT:
                return None
            why = f" ({cut(found[0].reason, 160)})" if found[0].reason else ""
            return _Failed(found[0].id, found[0].experiment, found[0].state, why)
    return None


# ---- before it stops -----------------------------------------------------------------------------


def owed(context: Context, thread: Thread, current: str) -> dict[str, str]:
    """What is to be done before this session ends: a key that stays the same while it is owed, and
    the words with the command. Of a session that recorded nothing only what a person said."""
    found = {
        item.uid: f"unacknowledged, {directive_line(item)}: `leadline ack {item.id} --note …`"
        for item in standing(thread, "directive", ("open",))
    }
    mine = [r for r in records_since(thread, current) if r.session == current] if current else []
    ran = {
        str(r.body.get("experiment") or r.body.get("id")) for r in mine if r.kind == "run-planned"
    }
    if not mine:
        return found
    for run in ask_open_runs(context, thread):
        found[run.uid] = f"{run.id} is {run.state}: `leadline show {run.id}`"
    for experiment in uninterpreted(thread)[-3:]:
        if experiment.id in ran:
            found[experiment.uid] = (
                f"{experiment.id} has no interpretation: `leadline note {experiment.id} --interpretation '…'`"
            )
    now = due_now(context, thread)
    if now["due"] and now["form"] == "update":
        found["update"] = f"an update is due, {now['why']}: `leadline update`"
    last = next(iter(notes_in(thread, "handoff")), None)
    if ran and (last is None or last.uid < current):
        found["handoff"] = "no last word yet: `leadline handoff 'STATE' --tried '…' --next '…'`"
    return found


def _owed_here(context: Context) -> dict[str, str]:
    """By the session of who works here."""
    topic = context.topic()
    current = context.sessions.current(topic)
    uid = current.uid if current is not None else ""
    return context.look(topic, lambda thread: owed(context, thread, uid))


def _stop(context: Context, agent: str, event: Event) -> Answer:
    if event.again:
        return Answer()
    waiting = _owed_here(context)
    new = [text for key, text in waiting.items() if _once(context, event, f"owed {key}")]
    if not new or not any(_once(context, event, f"stop {n}") for n in range(MOST_STOPS)):
        return Answer()
    return Answer(refuse=_told(new))


def _compact(context: Context, agent: str, event: Event) -> Answer:
    waiting = _owed_here(context)
    return Answer(tell=_told(list(waiting.values()))) if waiting else Answer()


def _told(lines: list[str]) -> str:
    listed = "\n".join(f"- {cut(line, 400)}" for line in lines[:6])
    return f"Before you stop, the research record lacks (said once; do it or leave it):\n{listed}"


_ANSWERS: dict[str, Callable[[Context, str, Event], Answer]] = {
    START: _start,
    HELPER: _helper,
    BEFORE: _before,
    AFTER: _after,
    COMPACT: _compact,
    STOP: _stop,
    END: _end,
}


def _lately_first(context: Context, event: Event) -> bool:
    """False for the second of two that were started by one event: installed for a project and for
    its user."""
    if _once(context, event, f"start {event.source}"):
        return True
    path = _mark(context, event, f"start {event.source}")
    try:
        if context.clock.now_ms() - os.stat(path).st_mtime_ns // 1_000_000 < TOGETHER_MS:
            return False
        os.utime(path)
    except OSError:
        pass
    return True


def _mark(context: Context, event: Event, what: str) -> str:
    who = f"{event.named}\0{event.helper}\0{what}"
    of = hashlib.sha256(who.encode("utf-8", "replace")).hexdigest()[:24]
    return os.path.join(context.root, "cache", "said", of)


def _once(context: Context, event: Event, what: str) -> bool:
    """Whether ``what`` is said for the first time in this session; for several at once only one."""
    path = _mark(context, event, what)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    except OSError:
        return True
    return True
