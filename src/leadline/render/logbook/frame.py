"""What a logbook is told from other files by, and its header from its entries."""

from __future__ import annotations

HEADER_BEGIN, HEADER_END = "<!-- leadline:header -->", "<!-- /leadline:header -->"
NO_ENTRY = "_No entry yet._"
