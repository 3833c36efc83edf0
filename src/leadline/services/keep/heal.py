"""What ``verify --heal`` mends, and what ``--explain`` shows: torn lines, second versions, event
files that were changed, cut off or deleted.

Mending never deletes: torn lines stay and are acknowledged by a record, a changed file is kept
aside before another takes its place, and that only where its own chain asks for each line that is
put in. It takes no side in a dispute.
"""

from __future__ import annotations

from leadline.core.record.contents import COMMIT, named_in
from leadline.core.record.event_files import by_writer, last_digest, split_copy
from leadline.core.record.rejoin import asked_for, rejoined
from leadline.services.branch.copies import every_copy, lacking
from leadline.services.branch.exchange import record_clashes
from leadline.services.branch.record_branch import published_payloads
from leadline.services.branch.tips import branch_ref
from leadline.services.context import Context
from leadline.services.keep.disputes import explain_disputes
from leadline.services.keep.verify_outside import MISSING, lines_of, seals, state_of
from leadline.services.run.recover import recover_runs


def heal(context: Context, topics: list[str]) -> list[dict[str, str]]:
    """Put back what was changed, cut off or deleted from the copies of the record branch (what is
    replaced is kept aside), then acknowledge torn lines and diverged files by a record. Of all
    threads, those too of which nothing is left here. Returns what was done."""
    done: list[dict[str, str]] = []
    every = set(context.store.topics()) <= set(topics)
    replaced = {topic: dict(context.store.files(topic)) for topic in topics}
    for topic in topics:
        done += _put_back(context, topic)
    done += _restore(context, None if every else topics)
    for topic, before in replaced.items():
        _settle_what_was_put_back(context, topic, before)
    for topic in {restored["thread"] for restored in done}:
        record_clashes(context, topic)
    for topic in context.store.topics() if every else topics:
        acknowledged = context.store.heal(topic)
        if acknowledged:
            done.append(
                {
                    "thread": topic,
                    "what": f"acknowledged {len(acknowledged)} torn lines or second versions",
                }
            )
    for topic in topics:
        done += _payloads_put_back(context, topic)
    # The ending of a run may have been in a line that cannot be read: its folder has it, too.
    for ended in recover_runs(context, unmarked=True):
        done.append({"thread": "", "what": f"ended {ended} as its run directory tells"})
    return done


def _payloads_put_back(context: Context, topic: str) -> list[dict[str, str]]:
    """Payloads that are damaged or gone, from the record branch. What no other machine can have is
    set aside where it is damaged: it says nothing any more."""
    bad: dict[str, str] = {}
    staying = set[str]()
    for record in context.store.examine(topic)[0].records:
        for row, digest in named_in(record):
            if row.what != COMMIT and digest not in bad and (state := state_of(context, digest)):
                bad[digest] = state
                if not row.travels and state != MISSING:
                    staying.add(digest)
    done = []
    for data in published_payloads(context, topic, bad) if bad else ():
        digest = context.blobs.put(data)
        staying.discard(digest)
        what = f"put back the payload {digest[:19]} from the record branch"
        done.append({"thread": topic, "what": what})
    for digest in sorted(staying):
        aside = context.blobs.set_aside(digest)
        what = f"moved the damaged payload {digest[:19]} aside"
        done.append({"thread": topic, "what": what, "aside": aside})
    return done


def _settle_what_was_put_back(context: Context, topic: str, before: dict[str, bytes]) -> None:
    """A damaged version that was published beside the right one before it was mended here: no
    dispute is left in it."""
    for name, version in context.store.disputed(topic).items():
        base = split_copy(name)[0]
        mended = context.store.files(topic, [base]).get(base) != before.get(base)
        if mended and before.get(base, b"").startswith(version):
            context.store.settle(topic, name, f"{base} was put back by its chain")


def _restore(context: Context, topics: list[str] | None) -> list[dict[str, str]]:
    """Lines that a copy holds and the event files do not, taken in again by union."""
    done: list[dict[str, str]] = []
    for copy in lacking(context, topics):
        if not copy.taken_in:
            continue
        context.store.merge(copy.topic, {copy.name: copy.data})
        what = f"took in again what {copy.ref} has of {copy.name}"
        done.append({"thread": copy.topic, "what": what})
    return done


def _put_back(context: Context, topic: str) -> list[dict[str, str]]:
    """Event files that are not as they were written, where copies have each line that their chains ask
    for, and no record of ours is left out."""
    files, published = dict(context.store.files(topic)), _published(context, topic)
    noted = context.store.heads_noted(topic)
    copies: dict[str, list[bytes]] = {}
    for name, data in every_copy(context, topic):
        copies.setdefault(split_copy(name)[0], []).append(data)
    damaged = {fault.where.rpartition(":")[0] for fault in context.store.faults(topic)}
    damaged |= _sealed_files(context, topic)
    done: list[dict[str, str]] = []
    for writer, names in by_writer({**published, **files}).items():
        follows = ""
        for name, after in zip(names, [*names[1:], ""], strict=True):
            ours, theirs = files.get(name, b""), published.get(name, b"")
            is_other = not (ours.startswith(theirs) or theirs.startswith(ours))
            if "~" not in writer and name in files and (name in damaged or is_other):
                ends = [asked_for(files.get(after, b""))]
                if name in noted:
                    ends.insert(0, noted[name].digest)
                whole = rejoined(ours, copies.get(name, ()), ends, follows, theirs)
                if whole not in (None, ours):
                    aside = context.store.replace_damaged(topic, name, whole)
                    what = f"put back {name} by its chain, from copies of it"
                    done.append({"thread": topic, "what": what, "aside": aside})
                    ours = whole
            follows = last_digest(ours or theirs) or follows
    return done


def _published(context: Context, topic: str) -> dict[str, bytes]:
    """Name to content of the event files on the record branch."""
    folder = f"{topic}/events/"
    present = context.vcs.read_tree_files(branch_ref(context), folder)
    contents = context.vcs.read_blobs(set(present.values()))
    return {path.removeprefix(folder): contents[blob] for path, blob in present.items()}


def _sealed_files(context: Context, topic: str) -> set[str]:
    """Files of writers whose sealed head is not there any more."""
    thread = context.store.examine(topic)[0]
    names = context.store.files(topic)
    writers = {
        f.what.split("writer ")[1].split(" ")[0]
        for f in seals(context, thread, lines_of(context, topic))
        if f.code == "history-rewritten"
    }
    return {n for n in names if n.rpartition("-")[0] in writers}


def explain(context: Context, topics: list[str]) -> list[str]:
    """For every disputed, diverged or broken file, the lines in question, cut."""
    out = []
    for topic in topics:
        out += explain_disputes(context, topic)
        files = context.store.files(topic)
        for name in files:
            if "~" not in name:
                continue
            base = name.partition("~")[0] + ".jsonl"
            ours, theirs = files.get(base, b"").splitlines(), files[name].splitlines()
            at = next(
                (i for i, line in enumerate(theirs) if i >= len(ours) or line != ours[i]),
                len(theirs),
            )
            for which, lines in ((base, ours), (name, theirs)):
                shown = (
                    lines[at].decode("utf-8", "replace")[:300] if at < len(lines) else "(ends here)"
                )
                out.append(f"{topic}: {which} line {at + 1}: {shown}")
    return out
