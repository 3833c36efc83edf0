"""Does the record hold? Chains, seals, digests, ids, numbers, links, code states, and the logbook
in the tree.

Every finding is one line with the command that mends it. A *fault* is something that is not as it
was written or that the record promises and does not have; a *note* is worth knowing and mends
itself or is not ours to mend.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import count, islice

from leadline import __version__
from leadline.core.ids import experiment_of, parse_id
from leadline.core.record.checked import Clock, Unbroken
from leadline.core.record.event import line_digest
from leadline.core.record.event_files import is_own
from leadline.core.record.finding import FAULT, NOTE, Finding
from leadline.core.record.fold import created_id
from leadline.core.record.kinds import kind_of
from leadline.core.record.order import rewritten_since, uid_in
from leadline.core.record.run import TERMINAL_STATES
from leadline.core.record.thread import Thread, is_a
from leadline.core.text.citation import recompute
from leadline.core.timestamps import rfc3339
from leadline.core.ulid import AHEAD_MS
from leadline.core.view.facts import runs_open, with_gone_evidence
from leadline.core.view.waiting import waiting_line
from leadline.services.artifact.raw_files import runs_touched
from leadline.services.branch.unsent_secrets import GO_ON, HELD, secrets_in
from leadline.services.context import Context
from leadline.services.keep.branch_history import branch_history
from leadline.services.keep.copies import copies
from leadline.services.keep.disputes import disputes
from leadline.services.keep.verify_outside import (
    artifacts,
    blobs,
    code_states,
    is_rendering,
    lines_of,
    links,
    logbook_in_tree,
    outside_is_here,
    raw_files,
    seals,
    series,
)
from leadline.services.keep.witnesses import witnesses
from leadline.services.publish.index import placed


def verify(context: Context, topics: list[str], full: bool = False) -> tuple[list[Finding], int]:
    """Everything found in ``topics``, faults first, and how many records there are. Reads only.
    Not ``full``: a file that was found whole and has not changed since is not read again, and no forge
    is asked what was posted."""
    found: list[Finding] = [
        *copies(context, topics),
        *branch_history(context, topics),
        *witnesses(context, topics),
    ]
    named = {_file_of(f) for f in found if f.severity == FAULT}
    records = 0
    for topic in topics:
        known = None
        if not full:
            known = context.store.unbroken(topic, __version__, partial(_of_unbroken, context))
        count, findings = known or _of_all(context, topic, full)
        records += count
        if full:
            from leadline.services.keep.verify_posted import posted  # noqa: PLC0415  start-up: 1 ms

            found += posted(context, context.store.view(topic))
        found += (f for f in findings if not (f.code in _OF_THE_END and _file_of(f) in named))
    return sorted(found, key=lambda f: f.severity != FAULT), records


WRITERS_SHOWN = 3
# What a copy shows, too, and with it where to get it back.
_OF_THE_END = ("changed-line", "records-missing")


def _file_of(finding: Finding) -> tuple[str, str]:
    return finding.thread, finding.where.partition(":")[0]


def _of_all(context: Context, topic: str, full: bool) -> tuple[int, list[Finding]]:
    thread, faults = context.store.examine(topic)
    found = [Finding(topic, FAULT, f.code, f.where, f.what, f.mend) for f in faults]
    holds = lines_of(context, topic)
    for part in (
        disputes(context, topic),
        _bodies(thread),
        _waiting(thread),
        _ids(thread),
        numbers(thread),
        evidence_taken_back(thread),
        _clocks(context, thread, _clocks_of(thread)),
        _rewritten_since(thread),
        _loose(context, thread, _clocks_of(thread)),
        _open_runs(context, thread),
        seals(context, thread, holds),
        code_states(context, thread),
        blobs(context, thread),
        artifacts(context, thread),
        raw_files(context, thread, thread.runs),
        series(context, thread, thread.runs),
        links(context, thread),
        logbook_in_tree(context, thread, again=full),
        placed(context, thread),
        _secrets(context, topic),
    ):
        found += part
    return thread.record_count, found


def _of_unbroken(context: Context, unbroken: Unbroken) -> tuple[int, list[Finding]] | None:
    """The same; None where something may be wrong that only the whole thread names."""
    thread = unbroken.thread
    if not (outside_is_here(context, unbroken.outside) and is_rendering(context, thread)):
        return None
    shown = (thread.uids.get(("run", uid)) for uid in runs_touched(context))
    touched = thread.runs_named(run_id for run_id in shown if run_id)
    return thread.record_count, [
        *disputes(context, thread.topic),
        *_bodies(thread),
        *_waiting(thread),
        *numbers(thread),
        *evidence_taken_back(thread),
        *_clocks(context, thread, unbroken.clocks),
        *_loose(context, thread, unbroken.clocks),
        *_open_runs(context, thread),
        *seals(context, thread, unbroken.holds),
        *raw_files(context, thread, touched),
        *series(context, thread, touched),
        *links(context, thread),
        *logbook_in_tree(context, thread),
        *placed(context, thread),
    ]


# ---- the record itself ---------------------------------------------------------------------------


def _waiting(thread: Thread) -> list[Finding]:
    line = waiting_line(thread)
    what, _, mend = line.partition(": ")
    return [Finding(thread.topic, NOTE, "waiting-record", thread.topic, what, mend)] if line else []


def _bodies(thread: Thread) -> list[Finding]:
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


def _ids(thread: Thread) -> list[Finding]:
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
        missing = max(seen) - len(seen - {0})  # 0 is no number that was given
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


def _clocks_of(thread: Thread) -> dict[str, Clock]:
    clocks: dict[str, Clock] = {}
    for record in thread.records:
        clocks[record.writer] = clocks.get(record.writer, Clock()).after(record)
    return clocks


def _loose(context: Context, thread: Thread, writers: Iterable[str]) -> list[Finding]:
    """Writers of other machines of whom nothing says what they wrote but their own files."""
    vouched = thread.ordered.noted_by_others()
    for snapshot in thread.of_kind("snapshot"):
        vouched.update(snapshot.body.get("heads", {}))
    own = context.store.writer
    loose = sorted(w for w in writers if w not in vouched and not is_own(w, own) and "~" not in w)
    if not loose:
        return []
    more = " …" if len(loose) > WRITERS_SHOWN else ""
    named = ", ".join(loose[:WRITERS_SHOWN]) + more
    what = (
        f"no seal and no record of another writer names what {named} wrote: whether it was rewritten "
        "before this clone first saw it cannot be told here"
    )
    mend = "leadline verify --signers FILE, or compare with the clone it was written in"
    return [Finding(thread.topic, NOTE, "nobody-vouches", loose[0], what, mend)]


def _rewritten_since(thread: Thread) -> list[Finding]:
    """Records that were other lines when another writer had seen them."""
    noted = {uid_in(n) for r in thread.records for n in (r.seen or {}).values()}
    if not noted:
        return []
    digests = {r.id: line_digest(r.line()) for r in thread.records if r.id in noted}
    return [
        Finding(
            thread.topic,
            FAULT,
            "rewritten-since",
            uid,
            f"the record {uid} of {writer} is not the one that {record.writer} had seen at "
            f"{record.at[:16].replace('T', ' ')}: {writer}'s file was rewritten",
            "leadline verify --signers FILE, or ask who has the file as it was",
        )
        for record, writer, uid in rewritten_since(thread.records, digests)
    ]


def _clocks(context: Context, thread: Thread, clocks: Mapping[str, Clock]) -> list[Finding]:
    """Writers whose machine's clock was off. Their records stand; what time they say is doubtful."""
    topic = thread.topic
    tomorrow = rfc3339(context.clock.now_ms() + AHEAD_MS)
    said: list[tuple[str, str]] = []
    for writer, clock in clocks.items():
        if clock.back_to:
            said.append(
                (writer, f"a record at {clock.back_to} comes after one at {clock.back_from}")
            )
        if clock.beyond:
            said.append((writer, f"the id {clock.beyond} has a time that no clock says"))
        if clock.newest_at > tomorrow:
            said.append((writer, f"its newest record is of {clock.newest_at}"))
    for uid, newer in thread.ordered.dated_back():
        what = f"it had seen {newer}, which by its id is younger; what it had seen counts"
        said.append((uid, f"it was dated back: {what}"))
    return [
        Finding(
            topic,
            NOTE,
            "clock-off",
            writer,
            f"the clock of its machine was off: {what}",
            "date -u  (on that machine; what it recorded stands)",
        )
        for writer, what in sorted(said)
    ]


def _secrets(context: Context, topic: str) -> list[Finding]:
    """Of what was not searched for secrets, as today's shapes are, when it was written."""
    files, found = context.store.files(topic), []
    for name, begin in context.store.unsearched(topic).items():
        for what in secrets_in(context, topic, files[name][begin:]):
            mend = (
                f"{GO_ON}  (once it was revoked, or where it is none; until then nothing is pushed)"
            )
            found.append(Finding(topic, NOTE, HELD, name, what, mend))
    return found


def _open_runs(context: Context, thread: Thread) -> list[Finding]:
    watched = {uid for _, uid in context.open_runs.listed()}
    found = []
    for run in runs_open(thread):
        if run.state in TERMINAL_STATES:
            continue
        here = run.uid in watched
        what, mend = "has not ended", "leadline status"
        if not here:
            what = "has not ended, and nothing on this machine watches it"
            mend = "leadline sync  (from the machine that started it)"
            if os.path.isdir(context.run_folder(run.uid)):
                mend = "leadline verify --heal  (its run directory has its end)"
        found.append(Finding(thread.topic, NOTE, "open-run", run.id, what, mend))
    return found


def numbers(thread: Thread) -> list[Finding]:
    """Every cited number, computed again from the runs as they are now."""
    found = []
    for shown, differing in _differing(thread):
        parsed = parse_id(shown)
        frozen = parsed is not None and kind_of(parsed.kind).frozen
        for expression, stored, now in differing:
            if now is None:
                what = f"{{{{{expression}}}}} was {stored:g} and no longer holds"
            else:
                what = f"{{{{{expression}}}}} was {stored:g} when it was written and is {now:g} now"
            stands = frozen or now is not None or _tells_of_it(thread, shown)
            level = NOTE if stands else FAULT
            mend = f"leadline show {shown}"
            if not frozen:
                mend = f"leadline supersede {shown} --by NEW, or leadline retract {shown} --why '…'"
            found.append(Finding(thread.topic, level, "number-changed", shown, what, mend))
    return found


def _tells_of_it(thread: Thread, shown: str) -> bool:
    """Whether a note is about nothing but what was withdrawn: then its numbers are what it tells
    of, and no conclusion rests on them."""
    item = thread.items[shown]
    names = item.body.get("about", []) if is_a(item, "note") else []
    about = [thread.experiments.get(experiment_of(thread.here(n, item.refs))) for n in names]
    return bool(about) and all(e is not None and not e.evidence_runs for e in about)


def evidence_taken_back(thread: Thread) -> list[Finding]:
    found = []
    for shown, gone in with_gone_evidence(thread):
        what = f"it rests on what was taken back: {'; '.join(gone)}"
        mend = f"leadline show {shown}  (decide or judge it anew)"
        found.append(Finding(thread.topic, NOTE, "evidence-withdrawn", shown, what, mend))
    return found


def _differing(thread: Thread) -> Iterable[tuple[str, list[tuple[str, float, float | None]]]]:
    if thread.kept is not None:
        return thread.kept.differing()
    bound = (i for i in thread.items.values() if i.stands and i.body.get("bound"))
    return ((item.id, recompute(item, thread)) for item in bound)
