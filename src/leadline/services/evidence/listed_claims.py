"""What is claimed: what works out a claim is loaded where it was not worked out before."""

from __future__ import annotations

import json
from collections.abc import Sequence

from leadline.core.errors import usage
from leadline.core.evidence.known import labels_for
from leadline.core.record.ranks import LABELS
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.bodies import ClaimBody
    from leadline.core.record.thread import Item, Thread
    from leadline.services.evidence.claims import ClaimRow


def listing(thread: Thread, label: str = "", most: int | None = None) -> tuple[list[ClaimRow], int]:
    """Every claim, oldest first (the first ``most``), and how many there are. Raises
    LeadlineError(usage) for an unknown label."""
    if label and label not in (*LABELS, "reported"):
        raise usage(
            "bad-label",
            f"{label!r} is no label",
            why=", ".join((*LABELS, "reported")),
            do="leadline claims --help",
        )
    claims: Sequence[Item[ClaimBody]] = thread.claims
    if label == "reported":
        claims = [item for item in claims if item.body.get("reported")]
    elif label:
        known = labels_for(thread)
        claims = [item for item in claims if item.stands and known(item).label == label]

    def tell(item: Item[ClaimBody]) -> str:
        from leadline.services.evidence.claims import row_now  # noqa: PLC0415  start-up: 8 ms

        return json.dumps(row_now(thread, item.id))

    rows = [json.loads(thread.told_once(item, "row", tell)) for item in claims[:most]]
    return rows, len(claims)
