"""The record branch and its copy at a remote, brought together: fetch, merge by union, push.

What a link or an issue needs before it is posted; ``services/publish/sync.py`` does this and sends
the rest.
"""

from __future__ import annotations

import os

from leadline.core.errors import LeadlineError, not_found, remote
from leadline.core.ids import parse_id
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass, field
from leadline.services.branch import record_branch as recordbranch
from leadline.services.branch.record_branch import Received
from leadline.services.branch.signatures import sign_heads
from leadline.services.branch.tips import branch_ref, tracking_ref
from leadline.services.branch.unsent_secrets import refuse_unsent_secrets
from leadline.services.context import Context
from leadline.services.out_path import write_whole

if TYPE_CHECKING:
    from leadline.core.record.bodies import Clash

    class ClashIn(Clash):
        topic: str


PUSH_ATTEMPTS = 12
LONGEST_PAUSE_S = 0.5


@dataclass
class Exchange:
    """What bringing the record branch here and at the remote together did, as it goes on."""

    branch: str
    remote: str = ""
    tip: str | None = None
    committed: bool = False
    received: Received = field(default_factory=Received)
    pushed: str = "not tried"  # pushed | up-to-date | not tried | failed
    clashes: list[ClashIn] = field(default_factory=list)
    diverged: list[str] = field(default_factory=list)
    disputed: list[str] = field(default_factory=list)
    rewritten: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def exchange_records(context: Context, remote: str | None = None) -> str:
    """Bring the record branch here and at the remote together, and nothing else: what a link needs
    before it is posted. Returns its tip there. Raises LeadlineError: remote, not_found
    (``no-such-remote``), conflict."""
    done = Exchange(str(context.setting("record_branch")))
    ref = branch_ref(context)
    sign_heads(context, context.store.topics())
    done.tip = recordbranch.commit_records(context)
    done.remote = remote_for(context, remote)
    exchange_with(context, done, ref)
    return done.tip or ""


REFUSALS = ("remote-denied", "push-rejected")


def _refusal_path(context: Context) -> str:
    return os.path.join(context.root, "outbox", "records-refused")


def records_refused(context: Context) -> bool:
    """Whether the remote was there and did not take the records when they were last sent: who works
    here may not push. What links to them is posted without those links until it takes them."""
    return os.path.exists(_refusal_path(context))


def _note_refusal(context: Context, refused: bool) -> None:
    try:
        if refused:
            write_whole(_refusal_path(context), b"")
        else:
            os.unlink(_refusal_path(context))
    except OSError:
        pass  # it is asked anew


def remote_for(context: Context, named: str | None) -> str:
    """The remote meant: the one named, the configured one, or the only one there is.

    Raises LeadlineError: remote (``no-remote``), not_found (``no-such-remote``).
    """
    remotes = context.vcs.remotes()
    if not remotes:
        raise remote(
            "no-remote",
            "this repository has no remote",
            why="the records are complete on this machine; a remote takes them to others",
            do=["git remote add origin URL", "leadline sync"],
        )
    wanted = named or str(context.setting("remote"))
    if wanted in remotes:
        return wanted
    if named is None and len(remotes) == 1:
        return remotes[0]
    raise not_found(
        "no-such-remote",
        f"there is no remote called {wanted}",
        why=f"remotes: {', '.join(remotes)}",
        do=f"leadline sync --remote {remotes[0]}",
    )


def exchange_with(context: Context, done: Exchange, ref: str) -> None:
    """Fetch, merge, push, again where others moved it meanwhile."""
    try:
        _exchange(context, done, ref)
    except LeadlineError as error:
        if error.code in REFUSALS:
            _note_refusal(context, True)
        raise
    _note_refusal(context, False)


def _exchange(context: Context, done: Exchange, ref: str) -> None:
    reason = ""
    for attempt in range(PUSH_ATTEMPTS):
        if attempt:  # others are at it too: at no time that all of them would choose
            share = context.clock.randomness() % 1000 / 1000
            context.pause(share * min(LONGEST_PAUSE_S, 0.05 * 2**attempt))
        seen = context.vcs.ref(tracking_ref(done.remote))
        theirs = context.vcs.fetch_ref(done.remote, ref, tracking_ref(done.remote))
        if theirs:
            take_in(context, theirs, done, f"the branch {done.branch} of {done.remote}", seen)
            if not _join(context, done, ref, theirs):
                continue
        if done.tip is None:  # nothing here, nothing there
            done.pushed = "up-to-date"
            return
        if done.tip == theirs:
            done.pushed = "pushed" if done.pushed == "pushed" else "up-to-date"
            return
        refuse_unsent_secrets(context, done.tip, theirs)
        result = context.vcs.push(done.remote, {ref: ref}).get(
            ref, {"status": "rejected", "reason": "no answer"}
        )
        if result["status"] in ("ok", "up-to-date"):
            done.pushed = "pushed"
            # what was seen there before may have been of another branch, or is gone there
            remember(context, tracking_ref(done.remote), done.tip)
            return
        reason = result["reason"]
        if result["status"] != "non-fast-forward":
            raise remote(
                "push-rejected",
                f"{done.remote} did not take {done.branch}",
                why=result["reason"],
                do=[f"git push {done.remote} {done.branch}", "leadline sync"],
            )
    raise remote(
        "push-contended",
        f"{done.remote} did not take {done.branch} {PUSH_ATTEMPTS} times in a row",
        why="others are pushing records at this moment, or a git process that was killed there left a "
        f"lock ({reason}); everything here is committed",
        do="leadline sync",
    )


def remember(context: Context, ref: str, tip: str) -> None:
    """Note what a remote has. Another exchange that noted it at the same moment is as right."""
    try:
        context.vcs.move_ref(ref, tip, context.vcs.ref(ref))
    except LeadlineError as error:
        if error.code != "ref-moved":
            raise


def take_in(
    context: Context, tip: str, done: Exchange, where: str, seen: str | None = None
) -> None:
    """``seen``: the tip that was seen at the remote before."""
    brought = recordbranch.absorb(context, tip, where, seen)
    done.received.add(brought.received)
    done.diverged = sorted({*done.diverged, *brought.diverged})
    done.disputed = sorted({*done.disputed, *brought.disputed})
    done.rewritten = sorted({*done.rewritten, *brought.rewritten})
    done.refused = sorted({*done.refused, *brought.refused})
    for topic in brought.received.topics:
        new = record_clashes(context, topic)
        done.clashes += new
        if new:
            sign_heads(context, [topic])


def _join(context: Context, done: Exchange, ref: str, theirs: str) -> bool:
    """Make the local tip hold the remote one: by going forward where that is possible, else by a
    merge. False where somebody else moved it meanwhile."""
    ours = context.vcs.ref(ref)
    if ours == theirs or (ours and context.vcs.is_ancestor(theirs, ours)):
        done.tip = recordbranch.commit_records(context)
    elif ours is None or context.vcs.is_ancestor(ours, theirs):
        try:
            context.vcs.move_ref(ref, theirs, ours)
        except LeadlineError as error:
            if error.code != "ref-moved":
                raise
            return False
        done.tip = recordbranch.commit_records(context) or theirs
    else:
        done.tip = recordbranch.commit_records(context, also=theirs) or ours
    done.committed = done.committed or done.tip not in (ours, theirs)
    return True


def record_clashes(context: Context, topic: str) -> list[ClashIn]:
    """An ``id-clash`` record for every id that two machines gave while apart and that no record
    mentions yet."""
    new = _unrecorded(context.store.view(topic))
    if new:
        with context.store.transaction(topic) as writing:
            new = _unrecorded(context.store.view(topic))
            for clash in new:
                given = f"two machines gave the id {clash['id']} while apart"
                what = f"{given}; the later one is shown as {clash['shown']}"
                refs = {clash["id"]: clash["uid"]}
                writing.add("id-clash", {**clash, "refs": refs, "what": what})
    return [{**clash, "topic": topic} for clash in new]


def _unrecorded(thread: Thread) -> list[Clash]:
    if thread.kept is not None:
        return []  # of what is kept, no id was given twice
    known = {str(c.get("uid")) if "uid" not in c.get("refs", {}) else "" for c in thread.clashes}
    known |= {str(v) for c in thread.clashes for v in dict(c.get("refs") or {}).values()}
    found: list[Clash] = []
    for (kind, uid), shown in sorted(thread.uids.items(), key=lambda entry: entry[1]):
        parsed = parse_id(shown)
        if parsed is None or not parsed.suffix or uid in known:
            continue
        if kind == "run":  # the experiment's letter says it
            continue
        base = shown[: -len(parsed.suffix)]
        found.append({"kind": kind, "id": base, "shown": shown, "uid": uid})
    return found
