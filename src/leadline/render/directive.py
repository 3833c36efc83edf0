"""What a person told the thread to do, worded wherever it is listed."""

from __future__ import annotations

from leadline.core.record.thread import Item
from leadline.core.timestamps import minute
from leadline.core.typed import Any


def directive_line(item: Item[Any]) -> str:
    """A person's words, as a quotation: they are not the program's own."""
    return f"{item.id} {minute(item.at)}, {item.body.get('by') or item.actor}: “{item.text}”"
