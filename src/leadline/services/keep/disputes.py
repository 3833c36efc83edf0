"""Two versions of one writer's lines: which records they say differently, and what a person does
about it.

The version here stands, since it was written here or seen here first. The other is kept apart and
read by nobody. Nothing but a person's word ends a dispute: whoever can push can rewrite a branch,
and no rule can tell him from a writer who is right.
"""

from __future__ import annotations

import json

from leadline.core.errors import LeadlineError, conflict, not_found
from leadline.core.record.event_files import is_own, split_copy, split_name
from leadline.core.record.finding import FAULT, NOTE, Finding
from leadline.core.record.union import Differing, differences, is_within
from leadline.core.record.written import unsettled
from leadline.core.timestamps import counted
from leadline.services.branch.copies import compare_with_copies
from leadline.services.context import Context

RECORDS_SHOWN = 3
FIELDS_SHOWN = 3
VALUE_SHOWN = 60


def disputes(context: Context, topic: str) -> list[Finding]:
    """Every version that is kept apart and has a line of its own, with what it says differently; one
    that was settled is a note."""
    disputed = context.store.disputed(topic)
    if not disputed:
        return []
    settled = {
        name
        for record in context.store.slice(topic, [], ("healed",)).records
        for name in record.body.get("diverged", ())
    }
    found = []
    for name, theirs in disputed.items():
        base = split_copy(name)[0]
        ours = context.store.files(topic, [base]).get(base, b"")
        if is_within(theirs, ours):
            continue
        level, mend = FAULT, f"leadline verify --explain, then leadline verify --settle {name}"
        if name in settled:
            level, mend = NOTE, ""
        what = _what(context, base, ours, theirs)
        found.append(Finding(topic, level, "disputed", name, what, mend))
    return found


def _what(context: Context, base: str, ours: bytes, theirs: bytes) -> str:
    writer = split_name(base)[0]
    whose = "this machine wrote it"
    if not is_own(writer, context.store.writer):
        whose = "it was here first; --take instead of --settle reads the other"
    what = what_differs(ours, theirs, _elsewhere(context))
    return f"two versions of what {writer} wrote ({whose}; the one here is read): {what}"


def what_differs(ours: bytes, theirs: bytes, there: str) -> str:
    """What two versions of a file say differently, cut; ``there``: where the other one is."""
    differing = differences(ours, theirs)
    said = []
    for each in differing:
        parts = _parts(each, there)
        more = " …" if parts[FIELDS_SHOWN:] else ""
        if parts:
            said.append(f"{_named(each)} {', '.join(parts[:FIELDS_SHOWN])}{more}")
    lacking = sum(each.theirs is None for each in differing)
    put_in = sum(each.ours is None for each in differing)
    told = said[:RECORDS_SHOWN]
    if said[RECORDS_SHOWN:]:
        told.append(f"{counted(len(said) - RECORDS_SHOWN, 'record')} more")
    if lacking:
        told.append(f"{counted(lacking, 'record')} not {there}")
    if put_in:
        told.append(f"{counted(put_in, 'record')} {there} and not here")
    return "; ".join(told or ["the same records in another chain"])


def _elsewhere(context: Context) -> str:
    remote = str(context.setting("remote"))
    return f"on {remote}" if remote in context.vcs.remotes() else "on the record branch"


def _named(each: Differing) -> str:
    record = each.ours or each.theirs
    assert record is not None
    body = record.body
    return f"{record.kind} {body.get('id') or body.get('run') or body.get('target') or record.id}:"


def _parts(each: Differing, there: str) -> list[str]:
    return [f"{name}: {_cut(a)} here, {_cut(b)} {there}" for name, a, b in each.fields()]


def _cut(value: object) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= VALUE_SHOWN else text[: VALUE_SHOWN - 1] + "…"


def explain_disputes(context: Context, topic: str) -> list[str]:
    """Every record that a version kept apart says differently, and where that version lies."""
    out = []
    there = _elsewhere(context)
    for name, theirs in context.store.disputed(topic).items():
        base = split_copy(name)[0]
        out.append(f"{topic}: {name} is kept in threads/{topic}/disputed/")
        for each in differences(context.store.files(topic, [base]).get(base, b""), theirs):
            what = "; ".join(_parts(each, there))
            if each.theirs is None:
                what = f"not {there}"
            elif each.ours is None:
                what = f"{there} and not here"
            out.append(f"{topic}: {_named(each)} {what}")
    return out


def settle(context: Context, topics: list[str], where: str, why: str) -> str:
    """Record that ``where`` (a version kept apart, or a line that was changed) was looked at and that
    what is here stands; the thread it is in. Raises LeadlineError: not_found, conflict."""
    for topic in topics:
        faults = [fault.where for fault in context.store.faults(topic)]
        faults += [finding.where for finding in disputes(context, topic) if finding.mend]
        compare_with_copies(context, topic)
        faults += [each.where for each in unsettled(context.store.thread(topic).altered)]
        if where in faults:
            context.store.settle(topic, where, why)
            return topic
    known = any(where in context.store.disputed(topic) for topic in topics)
    if known:
        raise conflict("settled-already", f"{where} is settled", do="leadline verify")
    raise _nothing(where)


def take(context: Context, topics: list[str], name: str, why: str) -> str:
    """Read the version ``name`` from now on, which was kept apart, where neither was written here; the
    thread it is in. Raises LeadlineError: not_found, conflict."""
    topic = next((topic for topic in topics if name in context.store.disputed(topic)), None)
    if topic is None:
        raise _nothing(name)
    if is_own(split_name(split_copy(name)[0])[0], context.store.writer):
        raise conflict(
            "own-record",
            f"{name} is another version of what this machine wrote",
            why="a machine's own lines are the truth there; who has neither version may choose",
            do=f"leadline verify --settle {name}",
        )
    context.store.take(topic, name, why)
    return topic


def _nothing(where: str) -> LeadlineError:
    return not_found(
        "nothing-to-settle",
        f"nothing is in dispute at {where}",
        why="it names a version or a line as verify does",
        do="leadline verify",
    )
