"""Where else the thread is: its issue, its branch, pages of its tracker, its snapshots."""

from __future__ import annotations

from leadline.core.record.thread import Thread
from leadline.core.view.facts import listed
from leadline.render.markdown import code, data, prose_line


def page_lines(thread: Thread) -> list[str]:
    """The reports and workspaces that were attached to the thread."""
    return [
        f"- **{prose_line(p['title'], 80) or 'Tracker page'}:** {_page(p['url'])}"
        for p in thread.tracker_links
    ]


def _page(url: str) -> str:
    """An address as a link of its own; what another program wrote into a record and is none, as
    data."""
    odd = any(c.isspace() or not c.isprintable() or c in '<>"|`' for c in url)
    return url if url.startswith(("https://", "http://")) and not odd else data(url)


def link_lines(thread: Thread) -> list[str]:
    issue, lines = thread.issue, []
    if issue.url or issue.number:
        shown = (
            issue.url
            if issue.url.startswith(("https://", "http://"))
            else data(issue.url or f"#{issue.number}")
        )
        lines.append(f"- **Issue:** {shown} ({data(issue.state)})")
    elif issue.state != "none":
        lines.append(f"- **Issue:** kept in the record ({data(issue.state)})")
    for name, title in (
        ("branch", "Branch"),
        ("code", "Code"),
        ("reference", "References"),
        ("tracker-project", "Tracker project"),
    ):
        values = listed(thread.about.get(name))
        shown = "; ".join(code(v) if name in ("branch", "code") else prose_line(v) for v in values)
        lines += [f"- **{title}:** {shown}"] if values else []
    lines += page_lines(thread)
    lines += [
        f"- **Snapshot {s.id}:** tag {code(s.body.get('tag', ''))} at {code(str(s.body.get('commit', ''))[:12])}"
        for s in thread.of_kind("snapshot")
    ]
    return lines
