"""Event files on the record branch only grow: a commit that has one otherwise than the one before it
rewrote it.

For a clone that has never seen the record before, the history of the branch is what tells. A branch
of which every commit was rewritten tells nothing: there seals, signatures, the notes of other writers
and whoever has an older clone do.
"""

from __future__ import annotations

from leadline.core.record.event_files import split_copy
from leadline.core.record.finding import FAULT, NOTE, Finding
from leadline.core.record.union import is_within
from leadline.services.branch.looked_at import looked_at, looked_at_now
from leadline.services.branch.tips import branch_ref, event_blobs
from leadline.services.context import Context
from leadline.services.keep.disputes import what_differs

MEMORY = "branch-history"


def branch_history(context: Context, topics: list[str]) -> list[Finding]:
    """Versions of event files that a commit of the record branch replaced, and that are not here. It
    is a fault where the one here came later. What was found to be whole is not looked at again."""
    tip = context.vcs.ref(branch_ref(context))
    if tip is None or context.vcs.is_shallow:
        return []
    since = looked_at(context, MEMORY)
    if since == tip:
        return []
    if since and not (context.vcs.commit_exists(since) and context.vcs.is_ancestor(since, tip)):
        since = ""
    versions: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for each in context.vcs.replaced(tip, since):
        for topic, files in event_blobs({each.path: each.old}).items():
            for name in files:
                versions.setdefault((topic, name), []).append((each.commit, each.old))
    found: list[Finding] = []
    there = event_blobs(context.vcs.read_tree_files(tip))
    for (topic, name), replaced in versions.items():
        found += _of_file(context, topic, name, there.get(topic, {}).get(name, ""), replaced)
    if not found:
        looked_at_now(context, MEMORY, tip)
    return [finding for finding in found if finding.thread in topics]


def _of_file(
    context: Context, topic: str, name: str, last: str, replaced: list[tuple[str, str]]
) -> list[Finding]:
    """``last``: the blob that the branch has of it now, "" for none."""
    contents = context.vcs.read_blobs({last, *(blob for _, blob in replaced)} - {""})
    base = split_copy(name)[0]
    kept = {**context.store.files(topic), **context.store.disputed(topic)}
    # What the branch goes on from is on it still; whether it is here too, ``copies`` says.
    here = [contents.get(last, b"")]
    here += [data for held, data in kept.items() if split_copy(held)[0] == base]
    ours = kept.get(base, b"")
    found, before = [], list[bytes]()
    for commit, blob in replaced:
        old = contents[blob]
        if any(data.startswith(old) or is_within(old, data) for data in here):
            before.append(old)
            continue
        # Was there something of ours before it that it is no continuation of? Then ours is first.
        ours_first = any(not old.startswith(mine) for mine in before if ours.startswith(mine))
        level, which = FAULT, "what is here came later"
        if ours_first:
            level, which = NOTE, "what is here was there before it"
        what = f"commit {commit[:12]} replaced another version of it ({which}): "
        what += what_differs(ours, old, "in that version")
        mend = f"git show {commit[:12]} -- {topic}/events/{name}"
        if level == FAULT:
            mend += "  (ask who has the record from before)"
        found.append(Finding(topic, level, "branch-rewritten", name, what, mend))
    return found
