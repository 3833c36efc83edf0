"""Who worked on a thread, when, and what each stretch of work came to."""

from __future__ import annotations

from itertools import islice

from leadline.core.issue.due import records_since
from leadline.core.record.thread import Item, Thread
from leadline.core.timestamps import minute
from leadline.core.typed import TYPE_CHECKING, TypedDict
from leadline.core.view.since import counted
from leadline.render.table import table
from leadline.render.terminal.show import render_show
from leadline.services.context import Context
from leadline.services.write.session import the_session

if TYPE_CHECKING:
    from leadline.core.record.bodies import SessionBody


class SessionRow(TypedDict):
    id: str
    agent: str
    person: str
    machine: str
    branch: str
    opened: str
    ended: str  # when; "" while it is open
    state: str  # ``open``, ``ended``, ``gone``: its process is no more, and nobody closed it


def rows_of(context: Context, thread: Thread, limit: int) -> tuple[list[SessionRow], int]:
    """The newest first, and how many there are."""
    gone = {found.uid for found in context.sessions.gone(thread.topic)}
    sessions = thread.of_kind("session")
    return [_row(item, gone) for item in islice(reversed(sessions), limit)], len(sessions)


def _row(item: Item[SessionBody], gone: set[str]) -> SessionRow:
    body, ended = item.body, next((h["at"] for h in item.history), "")
    open_state = "gone" if item.uid in gone else "open"
    return {
        "id": item.id,
        "agent": str(body.get("agent", "")),
        "person": str(body.get("person", "")),
        "machine": str(body.get("machine", "")),
        "branch": str(body.get("branch", "")),
        "opened": item.at,
        "ended": ended,
        "state": "ended" if ended else open_state,
    }


def list_text(rows: list[SessionRow], total: int) -> str:
    if not rows:
        return (
            "No session yet: an agent's first record opens one, and so does leadline session start"
        )
    shown = [
        [
            r["id"],
            r["agent"] or r["person"],
            minute(r["opened"]),
            _until(r),
            r["machine"],
            r["branch"],
        ]
        for r in rows
    ]
    left = total - len(rows)
    more = f"\n… and {left} earlier ones: leadline session list --json" if left else ""
    return table(["session", "who", "from", "until", "machine", "branch"], shown) + more


def _until(row: SessionRow) -> str:
    return minute(row["ended"]) if row["ended"] else row["state"]


def show_session(thread: Thread, display: str) -> tuple[str, dict[str, object]]:
    """One session in full, with what was recorded in it. Raises LeadlineError(not_found | usage)."""
    item = the_session(thread, display)
    records = [record for record in records_since(thread, item.uid) if record.session == item.uid]
    told = counted(records)
    text = f"{render_show(item, thread)}\n\nin it: {', '.join(told) or 'nothing but itself'}"
    return text, {
        **_row(item, set()),
        "records": len(records),
        "counted": told,
        "transcript": item.body.get("ended", {}).get("transcript", {}),
        "attached": item.body.get("attached", {}).get("blob", ""),
    }
