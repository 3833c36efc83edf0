"""The port for results that were made elsewhere: tables, event files, trackers."""

from __future__ import annotations

from leadline.core.tracker.imported import Columns, Findings
from leadline.core.typed import Protocol


class ResultSource(Protocol):
    """Reads the runs of one kind of source.

    Obligations: everything that is there is either among ``runs`` or named in ``not_taken`` with
    its reason; nothing is written and nothing is asked; the same source gives the same keys. Raises
    LeadlineError: not_found, check_failed (the source as a whole cannot be read), environment (a
    library is missing), remote.
    """

    def read(self, source: str, columns: Columns) -> Findings: ...
