"""The kinds of files that an import reads without being told of a tracker."""

from __future__ import annotations

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    **dict.fromkeys((".yaml", ".yml"), "yaml"),
    ".parquet": "parquet",
    **dict.fromkeys((".txt", ".log", ".out", ".dat", ".xml"), "text"),
    **dict.fromkeys((".md", ".markdown"), "markdown"),
    **dict.fromkeys((".html", ".htm"), "html"),
    ".tex": "latex",
    **dict.fromkeys((".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"), "excel"),
    **dict.fromkeys((".db", ".sqlite", ".sqlite3"), "sqlite"),
}
KNOWN = (*dict.fromkeys(FORMATS.values()), "folders", "tensorboard")
# of which a file may hold several tables
SEVERAL = frozenset(("json", "yaml", "text", "markdown", "html", "latex", "excel", "sqlite"))
