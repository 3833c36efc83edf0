"""The port for the series of a run: what its processes wrote, and what was fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.series.points import Points
from leadline.core.series.store import Store
from leadline.core.typed import Protocol, TypedDict


class Compacted(TypedDict):
    segments: int  # how many were replaced now; 0: there were none left, or the file is no smaller
    points: int  # all that are kept
    bytes_before: int
    bytes_after: int
    larger_bytes: int  # of a file that would have been larger than its segments, else 0
    digest: str


class SeriesStore(Protocol):
    """The points of one attempt, by its folder.

    Obligations: every point whose ``ll.log`` returned is read, also after ``kill -9`` and while the
    job writes; what is damaged is a problem in the result and hides nothing around it; reading
    writes nothing. Compaction never leaves less than one whole, verified copy. Raises LeadlineError
    (environment, ``no-pyarrow``) for a compacted run that cannot be read here.
    """

    def has(self, attempt: str) -> bool: ...

    def read(self, attempt: str) -> Store: ...

    def read_lines(self, path: str) -> dict[str, Points]:
        """The series in a file of JSON lines; empty when there is none."""
        ...

    def read_printed(self, path: str) -> dict[str, Points]:
        """The series among other output: JSON lines with a step. Of a long one the beginning."""
        ...

    def keep(
        self, attempt: str, writer: str, series: Mapping[str, Points], odd: Mapping[str, int]
    ) -> list[str]:
        """Write points that came from elsewhere; in the place of what is there, of which nothing is
        left. Returns the names of metrics that no segment can hold. Raises LeadlineError
        (environment)."""
        ...

    def move(self, attempt: str, target: str) -> None:
        """Give all that is kept under ``attempt`` the place ``target`` on the same file system;
        what was there is put beside ``attempt``. Raises LeadlineError (environment)."""
        ...

    def compact(self, attempt: str) -> Compacted:
        """Replace segments by one verified Parquet file."""
        ...

    def size_bytes(self, attempt: str) -> int: ...
