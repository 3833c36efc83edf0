"""Where a thread stands, for a session that knows nothing of it, in a fixed number of characters: its
page, cut.

The most important comes first and lines are cut as a whole, each part saying how many more there
are and which command shows them. Every part first gets a few lines, then the room that is left is
given out in order of importance.
"""

from __future__ import annotations

from collections.abc import Sequence

from leadline.core.plain import as_rows, one_line
from leadline.core.record.thread import Thread
from leadline.core.timestamps import minute
from leadline.core.typed import TYPE_CHECKING
from leadline.core.view.facts import EvidenceOf
from leadline.core.view.page import page_of
from leadline.render.markdown import cut
from leadline.render.page import Part, owed_lines, parts_of

if TYPE_CHECKING:
    from leadline.core.issue.due import Due
    from leadline.core.record.run import Run


def render_brief(
    thread: Thread,
    evidence_of: EvidenceOf | None = None,
    due: Due | None = None,
    open_runs: Sequence[Run] | None = None,
    budget_chars: int = 4000,
    waiting: Sequence[str] = (),
    since: str = "",
) -> str:
    """At most ``budget_chars`` characters. ``open_runs``: runs not ended as the caller last saw them
    (default: as the record has them); ``waiting``: what is to be sent to a forge, and why it was
    not; ``since``: what happened since the reader was here."""
    page = page_of(thread, evidence_of, open_runs)
    parts = parts_of(thread, page, evidence_of, owed_lines(thread, due, waiting))
    shown, texts = [0] * len(parts), [""] * len(parts)
    order = [(i, p.first) for i, p in enumerate(parts)]
    order += [(i, len(p.lines)) for i, p in enumerate(parts)]  # what is left of the room
    head = one_line(
        f"{thread.topic} ({thread.prefix}): {thread.title}; as of {minute(thread.last_at)} UTC"
    )
    if since:
        head = f"{cut(one_line(since), budget_chars // 4)}\n{head}"
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
