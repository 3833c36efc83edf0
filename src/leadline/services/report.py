"""The report: one HTML file of the whole thread, written where the user says."""

from __future__ import annotations

import os
from typing import Any

from leadline.core.thread import Item
from leadline.services.context import Context
from leadline.services.logbook import write_out


def report(context: Context, topic: str, out: str | None = None) -> dict[str, Any]:
    """Write the page; ``out`` defaults to ``<record folder>/reports/<topic>.html``, outside the work tree.

    Returns ``{"path", "bytes", "experiments", "runs"}``. Raises LeadlineError(environment) when it cannot be written.
    """
    from leadline import __version__
    from leadline.render.report_html import render_report
    from leadline.services.evidence_of import evidence_for, preregistered

    thread = context.store.thread(topic)
    evidence_of = evidence_for(thread)

    def predicted_by(claim: Item) -> str:
        return preregistered(thread, claim, evidence_of(claim).counted)

    page = render_report(
        thread,
        evidence_of,
        as_of=context.now(),
        heads=context.store.heads(topic),
        faults=len(context.store.faults(topic)),
        preregistered=predicted_by,
        version=__version__,
    )
    path = write_out(context, out or os.path.join(context.root, "reports", f"{topic}.html"), page)
    return {
        "path": path,
        "bytes": os.path.getsize(path),
        "experiments": len(thread.experiments),
        "runs": sum(1 for _ in thread.runs),
    }
