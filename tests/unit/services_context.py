"""A context in memory with a small thread in it, for unit tests of services."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from leadline.services.context import Context
from leadline.testing.builders import ThreadBuilder
from leadline.testing.fake_context import context
from leadline.testing.fake_store import Disk


def study() -> ThreadBuilder:
    """Two experiments, the first one the baseline."""
    b = ThreadBuilder("demo", goal="find out")
    first = b.run("base", {"time_ms": 10.0}, {"block": 8})
    b.repeat(first, {"time_ms": 11.0})
    b.run("wider", {"time_ms": 5.0}, {"block": 16})
    b.baseline("P-001")
    return b


def holding(folder: Path, *threads: ThreadBuilder, **more: Any) -> Context:
    """A context whose record are the records of ``threads``."""
    disk = Disk()
    for b in threads:
        lines = b"".join(record.line() for record in b.records)
        disk.topics[b.topic] = {f"{b.writer}-1.jsonl": lines}
    return context(str(folder), disk=disk, **more)
