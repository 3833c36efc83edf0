"""What is rendered in parts, put together as it is sent."""

from __future__ import annotations

from leadline.core.record.thread import Thread
from leadline.core.view.facts import EvidenceOf
from leadline.render.issue.body import MARKER, Links, body_sections
from leadline.render.issue.fit import fitted


def issue_body(
    thread: Thread, evidence_of: EvidenceOf | None = None, links: Links | None = None
) -> str:
    """The derived part of the issue body, however long."""
    sections = body_sections(thread, evidence_of, links)
    return fitted(sections, MARKER, (links or {}).get("logbook", ""))
