"""Where the items of a metric are kept: in the record while they are few, else in a blob."""

from __future__ import annotations

import json

from leadline.core.metric.items import INLINE_BYTES
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import ItemFacts


def kept_items(context: Context, facts: ItemFacts) -> ItemFacts:
    """The items of a metric as the record has them: with their values, or with the digest of a blob
    of them."""
    data = json.dumps(
        facts["values"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
    if len(data) <= INLINE_BYTES:
        return facts
    kept: ItemFacts = {**facts, "blob": context.blobs.put(data)}
    del kept["values"]
    return kept
