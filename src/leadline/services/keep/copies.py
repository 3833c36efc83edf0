"""What the copies of the event files hold and these do not, as findings."""

from __future__ import annotations

from collections.abc import Collection

from leadline.core.record.finding import FAULT, NOTE, Finding
from leadline.core.timestamps import counted
from leadline.services.branch.copies import Copy, is_settled, lacking
from leadline.services.context import Context


def copies(context: Context, topics: Collection[str]) -> list[Finding]:
    """What ``lacking`` finds, in words. Of all threads, those too of which nothing is left here."""
    every = set(context.store.topics()) <= set(topics)
    return [_finding(context, copy) for copy in lacking(context, None if every else topics)]


def _finding(context: Context, copy: Copy) -> Finding:
    where, held = copy.where, len(copy.data.splitlines())
    if not copy.goes_on:
        what = f"line {where.rpartition(':')[2]} is not the one that {copy.ref} has"
        if is_settled(context, copy):
            return Finding(copy.topic, NOTE, "copy-differs", where, f"{what}; settled", "")
        mend = "leadline verify --heal"
        return Finding(copy.topic, FAULT, "copy-differs", where, what, mend)
    lines = counted(held - len(copy.ours.splitlines()), "line")
    what = f"{lines} that {copy.ref} has are not here: the end was cut off"
    if not copy.ours:
        what = f"all {lines} that {copy.ref} has are not here: the file was emptied or deleted"
    if not copy.taken_in:
        what = f"{lines} that {copy.ref} has are not here yet"
        return Finding(copy.topic, NOTE, "not-taken-in", where, what, "leadline sync")
    return Finding(copy.topic, FAULT, "records-missing", where, what, "leadline verify --heal")
