"""Reader of result files: csv, tsv, json, jsonl, parquet. The checks themselves are in ``core.extract_table``."""

from __future__ import annotations

import importlib
import itertools
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from leadline.adapters.extractors.lines import Lines
from leadline.core.canonical import digest_bytes
from leadline.core.errors import LeadlineError
from leadline.core.extract import Extraction, Gatherer
from leadline.core.extract_spec import ExtractionSpec
from leadline.core.extract_table import csv_rows, delimited_header, extract_table, object_rows, tsv_rows
from leadline.core.run import MetricDef
from leadline.ports.extractor import RunFiles

MAX_JSON_BYTES = 64 * 1024 * 1024
_CLOCK_SLACK_S = 2.0  # file systems and hosts disagree by this much about the time


class TableReader:
    """A table in a file. Absent, older than the run, or empty: a problem, and nothing is published."""

    name = "file"

    def read(self, spec: ExtractionSpec, files: RunFiles, definitions: Mapping[str, MetricDef]) -> Extraction:
        path = os.path.join(files.cwd, spec.path)
        problem = _unusable(path, spec, files)
        if problem:
            return _failed(spec, definitions, *problem)
        if spec.format in ("csv", "tsv"):
            return _delimited(path, spec, definitions)
        if spec.format == "jsonl":
            lines = Lines(path)
            return _with_digest(extract_table(spec, [], object_rows(_parsed(lines)), definitions), lines.digest)
        if spec.format == "parquet":
            return _parquet(path, spec, definitions)
        return _json(path, spec, definitions)


def _unusable(path: str, spec: ExtractionSpec, files: RunFiles) -> tuple[str, str] | None:
    if not os.path.exists(path):
        return "no-such-file", f"{spec.path} does not exist after the run"
    if not os.path.isfile(path):
        return "not-a-file", f"{spec.path} is not a regular file"
    if files.started_at_s is not None and os.stat(path).st_mtime < files.started_at_s - _CLOCK_SLACK_S:
        return "stale-file", f"{spec.path} was last written before this run started: it is another run's result"
    if not os.path.getsize(path):
        return "empty-file", f"{spec.path} is empty"
    return None


def _failed(spec: ExtractionSpec, definitions: Mapping[str, MetricDef], code: str, what: str) -> Extraction:
    gatherer = Gatherer(spec, definitions)
    gatherer.problems.add(code, what, blocking=True)
    return gatherer.finish(None)


def _with_digest(result: Extraction, digest: str) -> Extraction:
    """The digest is known only when the rows have been read."""
    result.sources[0]["digest"] = digest or None
    return result


def _delimited(path: str, spec: ExtractionSpec, definitions: Mapping[str, MetricDef]) -> Extraction:
    lines = Lines(path)
    numbered = iter(lines)
    separator = "\t" if spec.format == "tsv" else ","
    header: list[str] = []
    skipped = 0
    for number, text in numbered:
        skipped = number
        if text and text.strip("\ufeff\r\n"):
            header = delimited_header(text, separator)
            break
    if not header:
        return _failed(spec, definitions, "no-header", f"{spec.path} has no header line")
    rows = tsv_rows(header, numbered) if separator == "\t" else csv_rows(header, numbered, skipped)
    return _with_digest(extract_table(spec, header, rows, definitions), lines.digest)


def _parsed(lines: Lines) -> Iterator[tuple[int, Any]]:
    for number, text in lines:
        if text is None:
            yield number, None
        elif text.strip():
            try:
                yield number, json.loads(text)
            except (ValueError, RecursionError):
                yield number, None


def _json(path: str, spec: ExtractionSpec, definitions: Mapping[str, MetricDef]) -> Extraction:
    """A list of objects is a table; one object is one row, nested numbers under dotted names."""
    if os.path.getsize(path) > MAX_JSON_BYTES:
        return _failed(spec, definitions, "too-large", f"{spec.path} is over 64 MiB: write it as jsonl")
    with open(path, "rb") as file:
        data = file.read()
    try:
        value = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        return _failed(spec, definitions, "not-json", f"{spec.path} is not JSON: {error}")
    items = value if isinstance(value, list) else [value]
    rows = object_rows(enumerate(items, 1))
    return extract_table(spec, [], rows, definitions, digest_bytes(data), unit="row")


def _parquet(path: str, spec: ExtractionSpec, definitions: Mapping[str, MetricDef]) -> Extraction:
    try:
        pyarrow = importlib.import_module("pyarrow")
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise LeadlineError(
            "environment",
            "parquet-support-missing",
            f"cannot read {spec.path}: parquet support is not installed",
            "reading parquet needs pyarrow, which is optional because it is larger than everything else together",
            "pip install 'leadline[parquet]'",
        ) from None
    lines = Lines(path)
    for _ in lines:  # one pass over the bytes, for the digest
        pass
    try:
        with parquet.ParquetFile(path) as table:
            batches = (batch.to_pylist() for batch in table.iter_batches(batch_size=10_000))
            rows = object_rows(enumerate(itertools.chain.from_iterable(batches), 1))
            return extract_table(spec, [], rows, definitions, lines.digest, unit="row")
    except (OSError, pyarrow.ArrowException) as error:
        return _failed(spec, definitions, "not-parquet", f"{spec.path} is not readable as parquet: {error}")
