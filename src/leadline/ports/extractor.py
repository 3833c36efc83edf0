"""The port for reading one declared source of metrics: built-in readers and those of third parties.

A reader turns what a run left behind into an Extraction; the checks, the reduction and the merge
are the core's, so that a number means the same whoever read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leadline.core.extract.gather import Extraction
from leadline.core.extract.spec import ExtractionSpec
from leadline.core.record.run import MetricDef
from leadline.core.typed import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from leadline.ports.attempt import FileWritten


class RunFiles:
    """Where a run's output lies. ``written``: what the run made of each file and folder that metrics
    are declared to be in; None where nobody was asked. A reader is never given a file that the run
    did not write."""

    __slots__ = ("cwd", "metrics", "stderr", "stdout", "written")

    def __init__(
        self,
        cwd: str,
        stdout: str = "",
        metrics: str = "",
        stderr: str = "",
        written: Mapping[str, FileWritten] | None = None,
    ) -> None:
        self.cwd, self.stdout, self.metrics, self.stderr = cwd, stdout, metrics, stderr
        self.written = written

    def bytes_before(self, path: str) -> int:
        """How much of an appended file is of others: what stood there before the run."""
        return (self.written or {}).get(path, {}).get("before_bytes", 0)

    def of_run(self, folder: str, names: Iterable[str]) -> list[str]:
        """Those of the ``names`` below a declared ``folder`` that the run wrote."""
        told = (self.written or {}).get(folder, {}).get("written")
        return [name for name in names if self.written is None or name in (told or ())]


class Extractor(Protocol):
    """Reads one kind of source.

    Obligations:
    - Returns an Extraction with exactly one entry in ``sources``, labelled ``spec.label``; never prints, never writes.
    - What is wrong with the data (absent, torn, binary, of another shape) is a problem in the result, not an exception.
      A failed check publishes nothing and names the rows. Only what the user must change before any reading can succeed
      (a missing optional dependency) raises LeadlineError.
    - The same files give the same result; memory does not grow with the size of a log.
    """

    name: str

    def read(
        self, spec: ExtractionSpec, files: RunFiles, definitions: Mapping[str, MetricDef]
    ) -> Extraction: ...
