"""What the record says the experiment issue is to be: title, derived body, comments, state."""

from __future__ import annotations

import copy

from leadline.core.errors import LeadlineError
from leadline.core.issue.plan import Due, Wanted
from leadline.core.managed_block import OVERHEAD_CHARS, holds, outside
from leadline.core.plain import plain
from leadline.core.record.thread import Thread
from leadline.core.typed import Any
from leadline.services.context import Context

LEAST_ROOM_CHARS = 4_000  # for the derived part beside a long text of people's own
MARKER_CHARS = 200


def derived_body(context: Context, thread: Thread, body_there: str | None = None) -> str:
    """The derived part of the issue body, as the record has it now, short enough to stand in
    ``body_there`` (default: the body as last posted).

    Posting it is a record too; so that posting twice is posting once, records about the issue do
    not count as news.
    """
    from leadline.core.evidence.of_thread import evidence_for
    from leadline.render.issue.body import body_sections
    from leadline.render.issue.fit import fitted

    shown = copy.copy(thread)
    shown.last_at = next(
        (r.at for r in reversed(thread.records) if not r.kind.startswith("issue-")), thread.last_at
    )
    links = body_links(context, thread)
    sections = body_sections(shown, evidence_for(thread), links)
    more = links.get("logbook", "") or f"`leadline logbook --thread {thread.topic}`"
    there = thread.issue.body if body_there is None else body_there
    return fitted(
        sections, str(context.setting("marker")), more, _room_chars(context, thread, there)
    )


def _room_chars(context: Context, thread: Thread, body_there: str) -> int:
    """How long the derived part may be; 0: as long as it likes. What people wrote around it comes
    first."""
    limit = limits(context, thread)[0]
    if not limit:
        return 0
    left = limit - len(outside(body_there)) - OVERHEAD_CHARS - 4
    return max(left, LEAST_ROOM_CHARS)


def limits(context: Context, thread: Thread) -> tuple[int, int]:
    """How many characters a body and a comment may have on the forge of ``thread``; 0 for no limit."""
    if (thread.issue.forge or str(context.settings.get("forge") or "local")) == "local":
        return 0, 0
    try:
        forge = context.forge_for(thread.topic)
    except LeadlineError:
        return 65_000, 65_000
    return forge.body_limit_chars, forge.comment_limit_chars


def body_links(context: Context, thread: Thread) -> dict[str, str]:
    """Where the body points. The permalinks are those of the last update: they are pinned, and they
    do not move with every commit of the record branch, so a body that was posted stays current."""
    from leadline.services.branch.logbook import logbook_path

    pinned: dict[str, str] = next(
        (dict(u.body["links"]) for u in reversed(thread.of_kind("update")) if u.body.get("links")),
        {},
    )
    in_tree = context.setting("logbook.in_tree")
    where = (
        logbook_path(context, thread.topic)
        if in_tree
        else f"leadline logbook --thread {thread.topic}"
    )
    return {"research logbook kept as": f"`{where}`", **pinned}


def title_of(thread: Thread) -> str:
    return f"Experiment: {' '.join(plain(thread.title).split())}"


def body_is_current(context: Context, thread: Thread) -> bool:
    """Whether what was last posted is what the record says now."""
    return holds(thread.issue.body, derived_body(context, thread))


def wanted_of(context: Context, thread: Thread, body_there: str | None = None) -> Wanted:
    """The issue as the record wants it. ``body_there``: what the forge has now."""
    asked = thread.issue.wanted
    close = str(thread.finishes[-1].get("reason") or "completed") if thread.finished else ""
    return Wanted(
        title=title_of(thread),
        body=derived_body(context, thread, body_there),
        comments=all_comments(thread),
        close=close,
        number=str(asked.get("number") or ""),
        labels=list(
            dict.fromkeys(map(str, [context.setting("issue.label"), *(asked.get("labels") or [])]))
        ),
        milestone=str(asked.get("milestone") or ""),
        assignees=[str(a) for a in asked.get("assignees") or []],
        parent=str(asked.get("parent") or ""),
    )


# ---- comments ------------------------------------------------------------------------------------


def all_comments(thread: Thread) -> list[Due]:
    """Every comment that is to be on the issue: updates, heartbeats, seals and the end, oldest
    first. The text of a seal is made when it is sent, since it links what the record branch holds
    then."""
    found: list[tuple[str, Due]] = []
    spans: dict[str, Due] = {}
    for update in thread.of_kind("update"):
        span = spans.get(thread.shown(str(update.body.get("continues", "")), update.refs))
        if span is not None:
            span.text, span.may_change = update.text, True
            continue
        marker = str(update.body.get("marker") or f"update:{update.uid}")
        due = Due(marker, str(update.body.get("form", "update")), update.text, name=update.id)
        spans[update.id] = due
        found.append((update.uid, due))
    for snapshot in thread.of_kind("snapshot"):
        found.append((snapshot.uid, Due(f"snapshot:{snapshot.uid}", "seal", "", name=snapshot.id)))
    for finish in thread.finishes:
        if finish.get("text"):
            found.append(
                (finish["uid"], Due(f"finish:{finish['uid']}", "final", str(finish["text"])))
            )
    return [due for _, due in sorted(found, key=lambda pair: pair[0])]


def comments_to_post(thread: Thread) -> list[Due]:
    """Comments the record has and the issue lacks, or has in an older form; oldest first."""
    posted = {c["marker"]: c for c in thread.issue.comments}

    def lacks(due: Due) -> bool:
        there = posted.get(due.marker)
        if there is None:
            return True
        forms = [
            there["text"],
            *(edit["was"] for edit in there["edits"]),
        ]  # a format fix came after it
        return due.may_change and due.text not in forms

    return [due for due in all_comments(thread) if lacks(due)]


def comment_text(context: Context, thread: Thread, marker: str, text: str) -> str:
    """The text as it is sent: of a seal made now, and cut where the forge takes no more, with the
    way to the rest."""
    from leadline.render.issue.fit import cut_comment

    if marker.startswith("snapshot:"):
        from leadline.services.branch import record_branch as recordbranch
        from leadline.services.publish import seal

        snapshot = next(
            s for s in thread.of_kind("snapshot") if s.uid == marker.removeprefix("snapshot:")
        )
        commit = recordbranch.commit_records(context, [thread.topic])
        text = seal.comment_text(context, thread.topic, snapshot, commit)
    where: dict[str, Any] = body_links(context, thread)
    rest = str(where.get("logbook") or f"`leadline issue comments --all --thread {thread.topic}`")
    limit = limits(context, thread)[1]
    return cut_comment(text, limit - MARKER_CHARS if limit else 0, rest)
