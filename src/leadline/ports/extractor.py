"""The port for reading one declared source of metrics: built-in readers and those of third parties.

A reader turns what a run left behind into an Extraction; the checks, the reduction and the merge
are the core's, so that a number means the same whoever read it.
"""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.extract.gather import Extraction
from leadline.core.extract.spec import ExtractionSpec
from leadline.core.record.run import MetricDef
from leadline.core.typed import Protocol


class RunFiles:
    """Where a run's output lies. ``started_at_s`` (epoch seconds) lets a file older than the run be
    refused."""

    __slots__ = ("cwd", "metrics", "started_at_s", "stderr", "stdout")

    def __init__(
        self,
        cwd: str,
        stdout: str = "",
        metrics: str = "",
        stderr: str = "",
        started_at_s: float | None = None,
    ) -> None:
        self.cwd, self.stdout, self.metrics, self.stderr = cwd, stdout, metrics, stderr
        self.started_at_s = started_at_s


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
