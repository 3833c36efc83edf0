"""Result tables: csv, tsv, json, jsonl, parquet. A row is a run."""

from __future__ import annotations

import os

from leadline.adapters.extractors.tables import Unreadable, rows_of
from leadline.core.errors import not_found, usage
from leadline.core.tracker.imported import Columns, Findings
from leadline.core.tracker.imported_rows import runs_of_rows


class TableSource:
    def __init__(self, format: str) -> None:
        self.format = format

    def read(self, source: str, columns: Columns) -> Findings:
        found = Findings(os.path.basename(source), "", "reported")
        try:
            if os.path.exists(source) and not os.path.isfile(source):
                raise Unreadable("not-a-file", f"{source} is not a regular file")
            if not os.path.getsize(source):
                raise Unreadable("empty-file", f"{source} is empty")
            table = rows_of(source, self.format, source, whole=True, names=columns.header)
            runs_of_rows(table.rows, table.header, columns, found, table.unit)
            found.digest = table.digest()
        except Unreadable as error:
            raise usage(error.code, error.what, do="leadline import --help") from None
        except (OSError, ValueError) as error:
            what = f"cannot read {source}: {getattr(error, 'strerror', None) or error}"
            raise not_found("no-such-file", what, do="leadline import --help") from None
        return found
