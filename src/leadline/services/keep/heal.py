"""What ``verify --heal`` mends, and what ``--explain`` shows: torn lines, second versions, changed
event files.

Mending never deletes: torn lines stay and are acknowledged by a record, a changed file is kept
aside before the copy on the record branch takes its place, and that only where the result is a
whole chain again.
"""

from __future__ import annotations

from leadline.core.record.event import check_chain
from leadline.services.branch.record_branch import branch_ref
from leadline.services.context import Context
from leadline.services.keep.verify_outside import seals


def heal(context: Context, topics: list[str]) -> list[dict[str, str]]:
    """Acknowledge torn lines and diverged files by a record, and put back files that were changed
    from the copy on the record branch (kept aside, never deleted). Returns what was done."""
    done: list[dict[str, str]] = []
    for topic in topics:
        done += _put_back(context, topic)
        acknowledged = context.store.heal(topic)
        if acknowledged:
            done.append(
                {
                    "thread": topic,
                    "what": f"acknowledged {len(acknowledged)} torn lines or second versions",
                }
            )
    return done


def _put_back(context: Context, topic: str) -> list[dict[str, str]]:
    """Event files whose chain is broken and whose published beginning joins with our end into a
    whole chain."""
    broken = {
        f.where.rpartition(":")[0] for f in context.store.faults(topic) if f.code == "broken-chain"
    }
    sealed = _sealed_files(context, topic)
    done: list[dict[str, str]] = []
    published = context.vcs.read_tree_files(branch_ref(context), f"{topic}/events/")
    for name in sorted(broken | sealed):
        blob = published.get(f"{topic}/events/{name}")
        if blob is None:
            continue
        theirs, ours = (
            context.vcs.read_blob(blob).splitlines(keepends=True),
            context.store.files(topic).get(name, b"").splitlines(keepends=True),
        )
        whole = theirs + ours[len(theirs) :]
        before = [
            (f"{n}:{i}", line)
            for n, data in sorted(context.store.files(topic).items())
            if n < name and n.rpartition("-")[0] == name.rpartition("-")[0]
            for i, line in enumerate(data.splitlines(True))
        ]
        if (
            whole == ours
            or check_chain([*before, *((f"{name}:{i}", line) for i, line in enumerate(whole))])[1]
        ):
            continue
        aside = context.store.replace_damaged(topic, name, b"".join(whole))
        done.append(
            {"thread": topic, "what": f"put back {name} from the record branch", "aside": aside}
        )
    return done


def _sealed_files(context: Context, topic: str) -> set[str]:
    """Files of writers whose sealed head is not there any more."""
    thread = context.store.examine(topic)[0]
    names = context.store.files(topic)
    writers = {
        f.what.split("writer ")[1].split(" ")[0]
        for f in seals(context, thread)
        if f.code == "history-rewritten"
    }
    return {n for n in names if n.rpartition("-")[0] in writers}


def explain(context: Context, topics: list[str]) -> list[str]:
    """For every diverged or broken file, the lines in question, cut."""
    out = []
    for topic in topics:
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
