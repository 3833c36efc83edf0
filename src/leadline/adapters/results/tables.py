"""Result tables in files of any kind. A row is a run; of what a benchmark tool wrote, a case."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from leadline.adapters.extractors import benchmarks
from leadline.adapters.extractors.readable import Rows, Unreadable, errors_of, refuse_large
from leadline.adapters.extractors.tables import rows_of, rows_of_tree
from leadline.adapters.results.run_folders import rows_of_folders
from leadline.core.canonical import digest_bytes, finite
from leadline.core.errors import not_found, usage
from leadline.core.extract.table import Row
from leadline.core.plain import shell_word
from leadline.core.record.run import MetricDef
from leadline.core.tracker.imported import Columns, Findings, FoundRun
from leadline.core.tracker.imported_rows import as_looked_at, runs_of_rows
from leadline.core.tracker.reading import Reading, TrackerRun, extraction_of


class TableSource:
    """``parse``: the value of a text in YAML (its second argument the path)."""

    def __init__(self, format: str, parse: Callable[[str, str], object] | None = None) -> None:
        self.format, self.parse = format, parse

    def read(self, source: str, columns: Columns) -> Findings:
        found = Findings(os.path.basename(source), "", "reported")
        shown = os.path.normpath(columns.shown or source)
        try:
            folder = self.format == "folders" and os.path.isdir(source)
            if os.path.exists(source) and not os.path.isfile(source) and not folder:
                raise Unreadable("not-a-file", f"{shown} is not a regular file")
            if not folder and not os.path.getsize(source):
                raise Unreadable("empty-file", f"{shown} is empty")
            # whoever names the columns of a file takes it for a table
            table = None if columns.header else self._of_a_benchmark(source)
            if folder and self.parse is not None:
                table = rows_of_folders(source, shown, self.parse)
            if self.format == "yaml":
                table = self._of_yaml(source, shown, columns.table)
            table = table or rows_of(
                source,
                self.format,
                shown,
                whole=True,
                names=columns.header,
                which=columns.table,
            )
            for where, what in table.others:
                found.note(where, what)
            rows: Iterable[Row] = table.rows
            found.measured = table.measured
            if columns.look_at:
                rows, columns = as_looked_at(rows, table.header, columns, found, table.unit)
            runs_of_rows(rows, table.header, columns, found, table.unit)
            found.digest = table.digest()
            for run in found.runs.changing() if columns.roles.step else ():
                _fold_series(run, columns)
        except Unreadable as error:
            how = "--help"
            if error.option:
                option, value = error.option
                how = f"{shell_word(shown)} {option} {shell_word(value)}"
            do = error.instead or f"leadline import {how}"
            raise usage(error.code, error.what, do=do) from None
        except (OSError, ValueError) as error:
            what = f"cannot read {shown}: {getattr(error, 'strerror', None) or error}"
            raise not_found("no-such-file", what, do="leadline import --help") from None
        return found

    def _of_a_benchmark(self, source: str) -> Rows | None:
        """What a benchmark tool wrote is no table, or none as it stands: its rows are its cases."""
        if self.format not in ("json", "jsonl", "text", "csv", "tsv"):
            return None
        return benchmarks.as_rows(source, source, table=self.format in ("csv", "tsv"))

    def _of_yaml(self, source: str, shown: str, which: str) -> Rows:
        refuse_large(source, shown, "write it as jsonl")
        with open(source, "rb") as file:
            data = file.read()
        assert self.parse is not None
        text = data.decode("utf-8-sig", errors_of(whole=True))
        try:
            value = self.parse(text, source)
        except Exception as error:  # the parser's own
            raise Unreadable("not-yaml", f"{shown} is not YAML: {error}") from None
        return rows_of_tree(value, shown, which, digest_bytes(data))


def _fold_series(run: FoundRun, columns: Columns) -> None:
    """The values of a run by the rule of each metric; its points are let go."""
    reading = Reading(TrackerRun("table", run.where), series=run.series)
    definitions = {name: MetricDef(name, reduce=rule) for name, rule in columns.reduce.items()}
    extraction = extraction_of(reading, definitions)
    run.metrics, run.nonfinite = extraction.metrics, extraction.nonfinite
    run.excerpts, run.problems = finite(extraction.series), extraction.problems
    columns.points(run)
