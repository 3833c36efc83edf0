"""What the bundle of a seal holds, read without the rest of it."""

from __future__ import annotations

from leadline.core.publish.bundle import sealed_table
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import ResultTable, SnapshotBody


def table_of_seal(
    context: Context, body: SnapshotBody, most: int | None = None
) -> tuple[ResultTable | None, int]:
    """What the seal compares, its first ``most`` rows, and how many more there are; None where
    another program left it out. Raises LeadlineError where the file is not here, or damaged."""
    if table := body.get("table"):  # as an earlier Leadline wrote it
        rows = table["rows"][:most]
        return {**table, "rows": rows}, len(table["rows"]) - len(rows)
    if not (digest := dict(body.get("bundle") or {}).get("bundle.json", "")):
        return None, 0
    context.blobs.check(digest)
    with open(context.blobs.place(digest), "rb") as file:
        return sealed_table(file, most) or (None, 0)
