"""What others changed on the issue, and how its body differs from what the record says: asked of
the forge now."""

from __future__ import annotations

from leadline.core.issue.comments import title_of
from leadline.core.issue.plan import difference, drift
from leadline.core.managed_block import block_of
from leadline.core.typed import Any
from leadline.services.context import Context
from leadline.services.issue import outbox
from leadline.services.issue.ask import ForgeFailed, ask, forge_of, read_issue
from leadline.services.issue.content import derived_body
from leadline.services.issue.delivery import dry_run
from leadline.services.issue.outbox import waiting


def status(context: Context, topic: str) -> dict[str, Any]:
    """``{state, number, url, forge, title, drift, waits, person_edits, trouble, asked}``. ``asked``
    False: the forge could not be asked, ``trouble`` says why, and ``waits`` is what the record
    tells."""
    thread = context.store.thread(topic)
    issue, kind = thread.issue, forge_of(context, thread)
    found: dict[str, Any] = {
        "state": issue.state,
        "number": issue.number,
        "url": issue.url,
        "forge": kind.name,
        "title": issue.title or title_of(thread),
        "drift": [],
        "person_edits": [e for e in issue.person_edits if not e["settled"]],
        "trouble": outbox.trouble(context, topic),
        "asked": False,
        "milestone": "",
        "assignees": [],
        "waits": waiting(context, thread),
    }
    if issue.state in ("none", "draft"):
        return found
    try:
        forge = ask(kind, lambda: context.forge_for(topic))
        remote = read_issue(forge, thread, kind)
    except ForgeFailed as failed:
        error = failed.error
        met = {
            "at": context.now(),
            "step": "read the issue",
            "tries": 0,
            "retry_at": "",
            **error.as_dict(),
        }
        return {**found, "trouble": found["trouble"] or met}
    planned = dry_run(context, topic)
    if found["trouble"] and found["trouble"]["step"] == "read the issue":  # it was read just now
        found["trouble"] = None
    found.update(
        asked=True,
        title=remote.title,
        milestone=remote.milestone,
        assignees=remote.assignees,
        drift=[d._asdict() for d in drift(issue, remote)],
        waits=[o["what"] for o in planned["operations"]],
        state_there=remote.state,
    )
    return found


def body_difference(context: Context, topic: str) -> dict[str, Any]:
    """``{lines, asked, edited}``: what bringing the body up to date would change in the derived
    part, as the lines of a unified difference. Against what was posted last when the forge cannot
    be asked."""
    thread = context.store.thread(topic)
    body, asked = thread.issue.body, False
    kind = forge_of(context, thread)
    why = ""
    if thread.issue.state not in ("none", "draft"):
        try:
            forge = ask(kind, lambda: context.forge_for(topic))
            body, asked = read_issue(forge, thread, kind).body, True
        except ForgeFailed as failed:
            why = failed.error.what
    lines = difference(block_of(body), derived_body(context, thread, body))
    return {"lines": lines, "asked": asked, "why": why, "posted_at": thread.issue.body_at}
