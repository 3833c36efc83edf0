"""Does the record hold? Chains, seals, digests, ids, numbers, links, code states, and the logbook
in the tree.

Every finding is one line with the command that mends it. A *fault* is something that is not as it
was written or that the record promises and does not have; a *note* is worth knowing and mends
itself or is not ours to mend.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, islice

from leadline.core.ids import parse_id
from leadline.core.record.finding import FAULT, NOTE, Finding
from leadline.core.record.fold import created_id
from leadline.core.record.kinds import kind_of
from leadline.core.record.run import TERMINAL_STATES
from leadline.core.record.thread import Thread
from leadline.core.text.citation import recompute
from leadline.core.timestamps import epoch_ms, rfc3339
from leadline.core.ulid import AHEAD_MS, BEYOND, EARLIEST_MS, first_at
from leadline.services.context import Context
from leadline.services.keep.copies import copies
from leadline.services.keep.verify_outside import CHECKS as OUTSIDE
from leadline.services.publish.index import placed

JUMP_MS = 60_000
EARLIEST = first_at(EARLIEST_MS)


def verify(context: Context, topics: list[str]) -> tuple[list[Finding], int]:
    """Everything found in ``topics``, faults first, and how many records there are. Reads only."""
    found: list[Finding] = copies(context, topics)
    records = 0
    for topic in topics:
        thread, faults = context.store.examine(topic)
        records += thread.record_count
        found += [Finding(topic, FAULT, f.code, f.where, f.what, f.mend) for f in faults]
        for check in (*_CHECKS, *OUTSIDE, placed):
            found += check(context, thread)
    return sorted(found, key=lambda f: f.severity != FAULT), records


# ---- the record itself ---------------------------------------------------------------------------


def _bodies(context: Context, thread: Thread) -> list[Finding]:
    found = [
        Finding(
            thread.topic,
            FAULT,
            "malformed-record",
            m["uid"],
            f"this {m['kind']} record cannot be understood: {m['what']}",
            "leadline sync",
        )
        for m in thread.malformed
    ]
    found += [
        Finding(
            thread.topic,
            NOTE,
            "unknown-kind",
            kind,
            f"{count} records of a kind this Leadline does not know",
            "use the newer Leadline that wrote them",
        )
        for kind, count in thread.unknown_kinds.items()
    ]
    return found


def _ids(context: Context, thread: Thread) -> list[Finding]:
    """Numbers of each kind run from 1 without a gap; an id given twice carries a letter and a
    record says so."""
    found, numbers = [], dict[tuple[str, str], set[int]]()
    owners: dict[tuple[str, str], set[str]] = {}
    for record in thread.records:
        parsed = parse_id(created_id(record))
        if parsed is None:
            continue
        within = str(record.body.get("experiment_uid") or record.id) if parsed.kind == "run" else ""
        if parsed.kind == "run":
            numbers.setdefault(("experiment", ""), set()).add(parsed.number)
            numbers.setdefault(("run", within), set()).add(parsed.repeat)
            owners.setdefault(("experiment", f"{parsed.prefix}-{parsed.number:03d}"), set()).add(
                within
            )
        else:
            numbers.setdefault((parsed.kind, ""), set()).add(parsed.number)
            owners.setdefault((parsed.kind, created_id(record)), set()).add(record.id)
    for (kind, within), seen in numbers.items():
        missing = max(seen) - len(seen)
        if missing:
            of = f" of {thread.uids.get(('experiment', within), within)}" if within else ""
            first = list(islice((n for n in count(1) if n not in seen), min(missing, 5)))
            shown = ", ".join(map(str, first)) + (" …" if missing > 5 else "")
            found.append(
                Finding(
                    thread.topic,
                    FAULT,
                    "id-gap",
                    kind,
                    f"{kind}{of}: no record has number {shown}; records are missing",
                    "leadline sync",
                )
            )
    said = {
        str(u) for c in thread.clashes for u in (c.get("uid"), *dict(c.get("refs") or {}).values())
    }
    for (kind, shown), uids in owners.items():
        if len(uids) > 1 and not any(u in said for u in sorted(uids)[1:]):
            found.append(
                Finding(
                    thread.topic,
                    FAULT,
                    "id-clash",
                    shown,
                    f"{len(uids)} {kind} records have this id and no record says which is which",
                    "leadline sync",
                )
            )
    return found


def _clocks(context: Context, thread: Thread) -> list[Finding]:
    """Writers whose machine's clock was off. Their records stand; what time they say is doubtful."""
    newest: dict[str, str] = {}
    back: dict[str, tuple[str, str]] = {}
    beyond: dict[str, str] = {}
    for record in thread.records:
        writer, before = record.writer, newest.get(record.writer, "")
        if record.at >= before:
            newest[writer] = record.at
        elif writer not in back and epoch_ms(before) - epoch_ms(record.at) > JUMP_MS:
            back[writer] = (before, record.at)
        if not EARLIEST <= record.id < BEYOND:
            beyond.setdefault(writer, record.id)
    tomorrow = rfc3339(context.clock.now_ms() + AHEAD_MS)
    said = [(w, f"a record at {b} comes after one at {a}") for w, (a, b) in back.items()]
    said += [(w, f"the id {uid} has a time that no clock says") for w, uid in beyond.items()]
    said += [(w, f"its newest record is of {at}") for w, at in newest.items() if at > tomorrow]
    return [
        Finding(
            thread.topic,
            NOTE,
            "clock-off",
            writer,
            f"a clock of this writer's machine was off: {what}",
            "date -u  (on that machine; what it recorded stands)",
        )
        for writer, what in sorted(said)
    ]


def _open_runs(context: Context, thread: Thread) -> list[Finding]:
    watched = {uid for _, uid in context.open_runs.listed()}
    found = []
    for run in thread.runs:
        if run.state in TERMINAL_STATES:
            continue
        here = run.uid in watched
        what, mend = "has not ended", "leadline status"
        if not here:
            what = "has not ended, and nothing on this machine watches it"
            mend = "leadline sync  (from the machine that started it)"
        found.append(Finding(thread.topic, NOTE, "open-run", run.id, what, mend))
    return found


def _numbers(context: Context, thread: Thread) -> list[Finding]:
    """Every cited number, computed again from the runs as they are now."""
    found = []
    for item in thread.items.values():
        if not item.stands or not item.body.get("bound"):
            continue
        for expression, stored, now in recompute(item, thread):
            if now is None:
                what = f"{{{{{expression}}}}} was {stored:g} and no longer holds"
            else:
                what = f"{{{{{expression}}}}} was {stored:g} when it was written and is {now:g} now"
            frozen = kind_of(item.kind).frozen
            level = NOTE if frozen or now is not None else FAULT
            mend = f"leadline show {item.id}"
            if not frozen:
                mend = (
                    f"leadline supersede {item.id} --by NEW, "
                    f"or leadline retract {item.id} --why '…'"
                )
            found.append(Finding(thread.topic, level, "number-changed", item.id, what, mend))
    return found


_CHECKS: tuple[Callable[[Context, Thread], list[Finding]], ...] = (
    _bodies,
    _ids,
    _numbers,
    _clocks,
    _open_runs,
)
