"""What the record says the experiment issue is to be: title, derived body, comments, state."""

from __future__ import annotations

import copy

from leadline.core.errors import LeadlineError
from leadline.core.evidence.known import labels_for
from leadline.core.issue.comments import PendingComment, all_comments, title_of
from leadline.core.issue.plan import Wanted
from leadline.core.managed_block import OVERHEAD_CHARS, holds, outside
from leadline.core.record.event_files import is_own
from leadline.core.record.kinds import ISSUE_KINDS
from leadline.core.record.thread import Item, Thread
from leadline.core.typed import TYPE_CHECKING
from leadline.render.branch.bundle import render_seal_comment
from leadline.render.branch.index import snapshot_folder
from leadline.render.issue.body import body_sections
from leadline.render.issue.fit import cut_comment, fitted
from leadline.services.branch import record_branch as recordbranch
from leadline.services.branch.exchange import records_refused
from leadline.services.branch.logbook import logbook_path
from leadline.services.branch.permalink import linkable, pages_of, without_links
from leadline.services.branch.sealed import table_of_seal
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import SnapshotBody

LEAST_ROOM_CHARS = 4_000  # for the derived part beside a long text of people's own
MARKER_CHARS = 200
ROWS_SHOWN = 200  # of the table in the comment of a seal


def derived_body(context: Context, thread: Thread, body_there: str | None = None) -> str:
    """The derived part of the issue body, as the record has it now, short enough to stand in
    ``body_there`` (default: the body as last posted).

    Posting it is a record too; so that posting twice is posting once, records about the issue do
    not count as news.
    """
    shown = copy.copy(thread)
    shown.last_at = next(
        (r.at for r in reversed(thread.records) if r.kind not in ISSUE_KINDS), thread.last_at
    )
    links = body_links(context, thread)
    sections = body_sections(shown, labels_for(thread), links)
    more = links.get("logbook", "") or f"`leadline logbook --thread {thread.topic}`"
    there = thread.issue.body if body_there is None else body_there
    body = fitted(
        sections, str(context.setting("marker")), more, _room_chars(context, thread, there)
    )
    return without_links(context, body) if records_refused(context) else body


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
    if not context.forge_kind(thread.issue.forge or context.chosen_forge).outside:
        return 0, 0
    try:
        forge = context.forge_for(thread.topic)
    except LeadlineError:
        return 65_000, 65_000
    return forge.body_limit_chars, forge.comment_limit_chars


def body_links(context: Context, thread: Thread) -> dict[str, str]:
    """Where the body points. The permalinks are those of the last update: they are pinned, and they
    do not move with every commit of the record branch, so a body that was posted stays current."""
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
        comments=_linked(context, thread),
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


def _linked(context: Context, thread: Thread) -> list[PendingComment]:
    """The comments that are to be there: without links to what the remote does not take. One that
    was posted from here is completed by them once it has it, and its ids are told apart where two
    machines gave the same."""
    comments = all_comments(thread)
    refused = records_refused(context)
    own = context.store.writer
    posted = {c["marker"]: c["text"] for c in thread.issue.comments if is_own(c["writer"], own)}
    for due in comments:
        if refused:
            due.text = without_links(context, due.text)
        text = posted.get(due.marker)
        if text and due.text and text != due.text and not due.may_change:
            words = without_links(context, text, known=True)
            written, today = (
                without_links(context, t, known=True) for t in (due.written, due.text)
            )
            due.may_change = words in (written, today)
            due.why = "the links that it was posted without"
            if words != today:
                due.why = "two machines gave the same id, which has a letter now"
    return comments


def comment_text(context: Context, thread: Thread, marker: str, text: str) -> str:
    """The text as it is sent: of a seal made now, and cut where the forge takes no more, with the
    way to the rest."""
    if marker.startswith("snapshot:"):
        snapshot = next(
            s for s in thread.of_kind("snapshot") if s.uid == marker.removeprefix("snapshot:")
        )
        commit = recordbranch.commit_records(context, [thread.topic])
        text = snapshot_comment_text(context, thread.topic, snapshot, commit)
        text = without_links(context, text) if records_refused(context) else text
    rest = body_links(context, thread).get("logbook", "")
    rest = rest or f"`leadline issue comments --all --thread {thread.topic}`"
    limit = limits(context, thread)[1]
    return cut_comment(text, limit - MARKER_CHARS if limit else 0, rest)


def snapshot_comment_text(
    context: Context, topic: str, snapshot: Item[SnapshotBody], record_commit: str | None
) -> str:
    """Tag, commit and report files; as pinned links where the remote has pages."""
    pages = pages_of(context)
    folder = f"{topic}/snapshots/{snapshot_folder(snapshot.body)}"
    places = {}
    for title, path in (
        ("Repro bundle", f"{folder}/bundle.md"),
        ("Bundle as data", f"{folder}/bundle.json"),
        ("Comparison table", f"{folder}/table.csv"),
        ("Research logbook", f"{topic}/logbook.md"),
    ):
        if pages and record_commit:
            places[title] = pages.page(record_commit, path)
        else:
            places[title] = (
                f"`git show {(record_commit or str(context.setting('record_branch')))[:40]}:{path}`"
            )
    commit = snapshot.body.get("commit", "")
    tree = (
        pages.page(commit)
        if pages and commit and linkable(context, context.store.view(topic), commit)
        else ""
    )
    try:
        table, more = table_of_seal(context, snapshot.body, ROWS_SHOWN)
    except LeadlineError:
        table, more = None, 0  # not here, or damaged, which `verify` says
    return render_seal_comment(
        snapshot.id, snapshot.body, tree, places, str(context.setting("marker")), table, more
    )
