"""Where a thread stands, for a session that knows nothing of it, in a fixed number of characters: its
page, cut.

The most important comes first and lines are cut as a whole, each part saying how many more there
are and which command shows them. Every part first gets a few lines, then the room that is left is
given out in order of importance.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from leadline.core.plain import as_rows, one_line
from leadline.core.record.thread import Thread
from leadline.core.timestamps import counted, minute
from leadline.core.typed import TYPE_CHECKING
from leadline.core.view.facts import EvidenceOf
from leadline.core.view.page import Page, page_of
from leadline.render.markdown import cut
from leadline.render.page import Part, news_parts, owed_lines, owed_of, parts_of
from leadline.render.words import thread_name

if TYPE_CHECKING:
    from leadline.core.issue.due import Due
    from leadline.core.view.news import News

BUDGET_CHARS = 4000


def render_brief(
    thread: Thread,
    evidence_of: EvidenceOf | None = None,
    due: Due | None = None,
    page: Page | None = None,
    budget_chars: int = BUDGET_CHARS,
    waiting: Sequence[str] = (),
    since: str = "",
    told: Collection[str] = (),
) -> str:
    """At most ``budget_chars`` characters. ``page``: of the thread as the caller last saw it (default:
    as the record has it); ``waiting``: what is to be sent to a forge, and why it was not; ``since``:
    what happened since the reader was here; ``told``: what they were asked for already."""
    page = page or page_of(thread, evidence_of)
    owed = owed_lines(owed_of(thread, page, due, waiting), told)
    head = _head(thread)
    if since:
        head = f"{cut(one_line(since), budget_chars // 4)}\n{head}"
    return fitted(head, parts_of(thread, page, evidence_of, owed), budget_chars)


def render_since(
    thread: Thread,
    page: Page,
    news: News,
    since: str,
    evidence_of: EvidenceOf | None = None,
    budget_chars: int = BUDGET_CHARS,
) -> str:
    """Only what changed since ``since``, an id or a time in words, and what comes next."""
    parts = news_parts(thread, page, news, evidence_of)
    head = f"{_head(thread)}\nsince {since}: {counted(news.records, 'record')}"
    return fitted(head if parts else f"{head}; nothing that changes the page", parts, budget_chars)


def _head(thread: Thread) -> str:
    return f"{thread_name(thread)}; as of {minute(thread.last_at)} UTC"


def fitted(head: str, parts: Sequence[Part], budget_chars: int) -> str:
    """Every part gets its first lines, then the room that is left is given out in their order."""
    shown, texts = [0] * len(parts), [""] * len(parts)
    order = [(i, p.first) for i, p in enumerate(parts)]
    order += [(i, len(p.lines)) for i, p in enumerate(parts)]  # what is left of the room
    used = len(head)
    for i, wanted in order:
        while shown[i] < wanted and parts[i].lines.has(shown[i] + 1):
            text = "\n" + _text(parts[i], shown[i] + 1)
            if used + len(text) - len(texts[i]) > budget_chars:
                break
            used += len(text) - len(texts[i])
            shown[i], texts[i] = shown[i] + 1, text
    return cut(head + "".join(texts), budget_chars)


def _text(part: Part, shown: int) -> str:
    lines = part.lines.first(shown)
    left = len(part.lines) - shown
    tail = [f"  … and {left} more: {part.verb}"] if left else []
    if len(part.lines) == 1:
        return f"{part.title}: {lines[0]}"
    return as_rows([f"{part.title}:", *(f"  {line}" for line in lines), *tail])
