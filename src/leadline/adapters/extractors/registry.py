"""The readers by name, and the one pass over all sources of a run.

Built-in readers are imported when first used; those of third parties (entry points
``leadline.extractors``) are looked up only when a declaration names them, because looking is slow.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from leadline.adapters.plug_ins import added, entries, ours
from leadline.adapters.series.place import logged_series
from leadline.core.errors import LeadlineError, not_found
from leadline.core.extract.gather import Extraction, Gatherer, merge
from leadline.core.extract.spec import BENCHMARKS, METRICS, STDOUT, ExtractionSpec, replaced
from leadline.core.record.run import MetricDef
from leadline.core.typed import TYPE_CHECKING
from leadline.ports.extractor import Extractor, RunFiles

if TYPE_CHECKING:
    from leadline.core.record.bodies import Problem

ENTRY_POINTS = "leadline.extractors"
BUILTIN = {
    "series": "leadline.adapters.extractors.series:SeriesReader",
    "metrics": "leadline.adapters.extractors.streams:MetricsReader",
    "stdout": "leadline.adapters.extractors.streams:StdoutReader",
    "pattern": "leadline.adapters.extractors.streams:PatternReader",
    "file": "leadline.adapters.extractors.tables:TableReader",
}


def load(name: str) -> Extractor:
    """The reader called ``name``, built in or from an entry point.

    Raises LeadlineError (not_found, ``no-such-reader``) when there is none, and (environment,
    ``broken-reader``) when its package cannot be imported.
    """
    if name in BUILTIN:
        reader: Extractor = ours(BUILTIN[name])()
        return reader
    if name in BENCHMARKS:
        from leadline.adapters.extractors import benchmarks

        return benchmarks.reader(name)
    loaded: Extractor | None = added(
        "broken-reader", ENTRY_POINTS, name, "reader", lambda reader: reader()
    )
    if loaded is not None:
        return loaded
    others = (entry.name for entry in entries(ENTRY_POINTS))
    names = ", ".join(sorted({*BUILTIN, *BENCHMARKS, *others}))
    raise not_found(
        "no-such-reader",
        f"there is no reader of results called {name!r}",
        why=f"there are: {names}",
        do="leadline doctor",
    )


def extract(
    specs: Iterable[ExtractionSpec],
    files: RunFiles,
    definitions: Mapping[str, MetricDef] | None = None,
) -> Extraction:
    """Everything that the declared sources, the metrics file and stdout say, merged by the declared
    precedence.

    A declaration of ``metrics`` holds for what ``ll.log`` wrote as well. Raises LeadlineError for a
    reader that does not exist or lacks its dependency; bad data is never an exception.
    """
    declared = list(specs)
    kinds = {spec.source for spec in declared}
    declared += [spec for spec in (METRICS, STDOUT) if spec.source not in kinds]
    if files.metrics and logged_series(os.path.dirname(files.metrics)):
        # holds for ll.log as well
        logged = next(spec for spec in declared if spec.source == "metrics")
        declared.append(replaced(logged, source="series"))
    parts = []
    for spec in declared:
        reader = load(spec.reader if spec.source == "reader" else spec.source)
        try:
            if spec.in_file and (problem := _not_of_run(spec, files)):
                parts.append(_nothing_of(spec, *problem))
                continue
            parts.append(reader.read(spec, files, definitions or {}))
        except LeadlineError:
            raise
        except Exception as error:  # whatever a file holds, it is a fact of the run that wrote it
            parts.append(Extraction(problems=[_failed(spec, error)]))
    return merge(parts)


def _not_of_run(spec: ExtractionSpec, files: RunFiles) -> tuple[str, str] | None:
    """Why the numbers in a declared file are none of this run's: code and words; None where they
    are, or where nobody was asked."""
    if files.written is None:
        return None
    about = files.written.get(spec.path)
    if about is None:
        return "writer-unknown", f"whether this run wrote {spec.path} is not known"
    how = about["how"]
    if how == "same":
        return "not-written", f"{spec.path} was there before and this run did not write it"
    if how == "older":
        return "stale-file", f"{spec.path} was written before this run started, by another one"
    if how == "shared":
        return "written-beside", f"another run that writes {spec.path} went on at the same time"
    if how in ("absent", "folder"):
        return None  # the reader has words for that
    try:
        now = os.stat(os.path.join(files.cwd, spec.path))
    except OSError:
        return "changed-since", f"{spec.path} is gone since this run ended"
    if (now.st_size, now.st_mtime_ns) != (about["size_bytes"], about["mtime_ns"]):
        return "changed-since", f"{spec.path} was written again after this run had ended"
    return None


def _nothing_of(spec: ExtractionSpec, code: str, what: str) -> Extraction:
    gatherer = Gatherer(spec, {})
    gatherer.problems.add(code, what, blocking=True)
    return gatherer.finish(None)


def _failed(spec: ExtractionSpec, error: Exception) -> Problem:
    return {
        "source": spec.path or spec.source,
        "code": "extraction-failed",
        "what": f"extraction failed: {type(error).__name__}: {str(error)[:200]}",
        "blocking": True,
    }
