"""Import runs that were made elsewhere."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from leadline.adapters.trackers.registry import BUILTIN
from leadline.cli.answer import Answer
from leadline.cli.parsing import settings, several
from leadline.core.plain import as_rows, beginning, plain
from leadline.core.timestamps import counted, minute
from leadline.core.tracker.formats import KNOWN
from leadline.core.tracker.row_roles import RowRoles
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.tracker.offered import Offered
    from leadline.core.tracker.rows import CellLeft, ImportReport, TakenRun
    from leadline.services.context import Context
    from leadline.services.importing.offer import OfferedImport
    from leadline.services.importing.runs import Imported

LISTED = 30
CELL_SHOWN = 60
PAIRS_SHOWN = 4  # of the config, and of the metrics
REPORTED = {
    "not_taken": "not taken",
    "cells_not_taken": "values not taken as they stand",
    "notes": "noted",
}
DESCRIPTION = f"""Take runs that were made elsewhere into the thread: rows of a csv, tsv, json, jsonl, parquet,
Markdown or Excel file, TensorBoard event files under a folder, or runs of a tracker
(--format {", ".join(BUILTIN)}: PATH is then a project's name, or the tracker's own files;
of leadline: run folders, or a repository that has some). Rows of one config
become repeats of one experiment. Every row and every value of a metric that is not taken is named with its
reason, and importing again takes only what is new. With nothing but PATH, the columns of a table are shown with the
roles they seem to have, three rows as they would become, and the command that imports it; what was said of them once
holds for the next import of the same file. A table is what somebody wrote down, so its runs are `reported`:
they are listed and found, and lift no label. A run of a tracker is fetched and digested (`imported`): it can be
evidence."""
EXAMPLES = [
    "leadline import results.csv",
    "leadline import results.csv --config '*' --dry-run",
    "leadline import old/results.tsv --metric ms=time_ms --config block,dtype --set device=A100",
    "leadline import loop.tsv --metric val_bpb --config '*' --key commit --keep last",
    "leadline import runs/ --format tensorboard --metric eval/loss=loss",
    "leadline import my-project --format mlflow --at http://127.0.0.1:5000 --run P-004",
    "leadline import my-project --format leadline --at /mnt/team/runs",
    "leadline import ../another-repository --format leadline",
    "leadline import wandb/offline-run-20261123_101500-k3x9 --format wandb",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="PATH", help="a file, a folder, or a tracker's project")
    parser.add_argument(
        "--format",
        default="",
        help=f"{' '.join(KNOWN)} {' '.join(BUILTIN)} (default: by its name)",
    )
    several(
        parser,
        "--metric",
        "COLUMN[=NAME]",
        "a column that is a metric; default: those named like metrics of the thread",
    )
    several(parser, "--config", "COLUMN,...", "columns that are config; '*': all others")
    several(parser, "--set", "KEY=VALUE", "config that holds for all of them")
    several(parser, "--key", "COLUMN,...", "columns that name a row")
    parser.add_argument(
        "--header", default="", metavar="NAME,...", help="names of the columns of a table without"
    )
    parser.add_argument(
        "--table",
        default="",
        metavar="N",
        help="which table of a page, or which sheet, by its name",
    )
    role = parser.add_argument
    role("--time", default="", metavar="COLUMN", help="when a row was measured")
    role("--state", default="", metavar="COLUMN", help="how it ended: keep, crash, timeout, …")
    role("--commit", default="", metavar="COLUMN", help="the code, as the table names it")
    role("--command", dest="ran", default="", metavar="COLUMN", help="the command that was run")
    several(parser, "--words", "COLUMN,...", "what is said of a row; no config")
    role("--before", default="", metavar="COLUMN", help="a metric before a change")
    role("--after", default="", metavar="COLUMN[=NAME]", help="… and after it: two runs a row")
    role("--metric-column", default="", metavar="COLUMN", help="one value a row: its metric")
    role("--value-column", default="", metavar="COLUMN", help="… and its value")
    role("--step", default="", metavar="COLUMN", help="rows are the points of a series")
    several(parser, "--items", "COLUMN,...", "rows are the items of a run")
    role("--map", default="", metavar="FILE", help="keeps what the columns of a source are")
    parser.add_argument(
        "--keep",
        choices=["first", "last"],
        default="first",
        help="which of the rows of one key is taken",
    )
    parser.add_argument(
        "--at", default="", metavar="ADDRESS", help="of a tracker: its server or shared folder"
    )
    several(parser, "--run", "ID", "of a tracker: only these, by id or name")
    parser.add_argument(
        "--unfinished", action="store_true", help="of a tracker: also runs without an end, as lost"
    )
    parser.add_argument("--title", default="", help="what the experiments are called")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be taken, write nothing"
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.importing.offer import OfferedImport, import_or_offer
    from leadline.services.importing.request import ImportRequest

    request = ImportRequest(args.source, args.format, args.metric, _names(args.config))
    request.settings, request.title = settings(args.set, "--set", "import"), args.title
    request.key, request.keep = _names(args.key), args.keep
    request.at, request.runs, request.unfinished = args.at, args.run, args.unfinished
    request.header, request.table, request.map = _names([args.header]), args.table, args.map
    request.roles = RowRoles(
        args.time,
        args.state,
        args.commit,
        args.ran,
        _names(args.words),
        args.before,
        args.after,
        args.metric_column,
        args.value_column,
        args.step,
        _names(args.items),
    )
    data = import_or_offer(context, context.topic(args.thread), request, args.dry_run)
    if isinstance(data, OfferedImport):
        counts = {"rows": data.found.rows_total, "columns": len(data.offer.columns)}
        next_lines = [data.command] if data.command else []
        return Answer(as_rows(offer_lines(data)), data.as_dict(), counts, next=next_lines)
    report = data.found.report()
    totals = {name: total for name, _, total in _parts(report)}
    counts = {
        "taken": data.taken_total,
        "already": data.already,
        "corrected": data.corrected_total,
        **totals,
    }
    cut = data.already > len(data.taken_before) or data.taken_total > len(data.taken)
    return Answer(
        as_rows(report_lines(data)),
        data.as_dict(),
        counts,
        cut or any(total > len(sentences) for _, sentences, total in _parts(report)),
        ["leadline tracker reconcile"] if data.changed else [],
    )


def report_lines(data: Imported) -> list[str]:
    """What was taken, what was not and why, for people; each list is cut at ``LISTED`` with its
    full count."""
    taken, verb = data.taken, "would take" if data.planned else "took"
    lines = [f"as before: {plain(data.as_before)}"] if data.as_before else []
    what = f"{plain(data.found.source)} ({data.found.origin})"
    lines.append(f"{verb} {counted(data.taken_total, 'run')} of {what}")
    lines += _some(
        [f"{plain(row.get('id', row['where'])):<14} {_words(row)}" for row in taken],
        data.taken_total,
    )
    lines += _before(data)
    lines += _some(
        [f"{row['id']} corrected: {plain('; '.join(row['changes']))}" for row in data.corrected],
        data.corrected_total,
    )
    report = data.found.report()
    for name, sentences, total in _parts(report):
        if total:
            lines += [f"{REPORTED[name]}: {total}", *_some(sentences, total)]
    if left := report["left_columns"]:
        lines.append(f"columns left: {plain(', '.join(left[:LISTED]))}{_more(len(left), LISTED)}")
    return lines


def offer_lines(data: OfferedImport) -> list[str]:
    """A table that nobody said the columns of: what they seem to be, and what its rows would become."""
    table, taken = data.found, data.as_taken
    size = f"{counted(table.rows_total, 'row')}, {counted(len(data.offer.columns), 'column')}"
    lines = [f"{plain(table.source)}: {size}; nothing is recorded"]
    if data.why:
        lines.append(plain(data.why))
    shown = [
        (
            plain(beginning(one.column)) or '""',
            plain(role_text(one)),
            plain(", ".join(one.examples)),
        )
        for one in data.offer.columns
    ]
    wide = [max(len(row[at]) for row in shown) if shown else 0 for at in (0, 1)]
    lines += [
        f"  {name:<{wide[0]}}  {role:<{wide[1]}}  {cells}".rstrip() for name, role, cells in shown
    ]
    if taken is None:
        return lines
    lines.append(f"would take {counted(taken.taken_total, 'run')}, such as")
    lines += [f"  {plain(row['where']):<14} {_words(row)}" for row in taken.taken[:3]]
    for name, sentences, total in _parts(taken.found.report()):
        if total:
            lines += [f"{REPORTED[name]}: {total}", *(f"  {line}" for line in sentences[:3])]
            lines += [f"  ... with --json the first {len(sentences)}"] if total > 3 else []
    if data.map:
        lines.append(f"{plain(data.map)} keeps these roles: edit it, and give it again")
    return lines


def role_text(one: Offered) -> str:
    """``metric, ms, lower is better (by its name)``"""
    parts = [one.role, one.unit if one.role in ("metric", "after") else ""]
    parts.append(f"{one.better} is better" if one.better else "")
    why = f" ({one.why})" if one.why else ""
    return ", ".join(filter(None, parts)) + why


def _parts(report: ImportReport) -> list[tuple[str, list[str], int]]:
    """Of each part of the report its name, its sentences, and how many there are in all."""
    rows = [plain(f"{row['where']}: {row['why']}") for row in report["not_taken"]]
    cells = [_cell(cell) for cell in report["cells_not_taken"]]
    notes = [plain(f"{note['where']}: {note['what']}") for note in report["notes"]]
    return [
        ("not_taken", rows, report["not_taken_total"]),
        ("cells_not_taken", cells, report["cells_not_taken_total"]),
        ("notes", notes, report["notes_total"]),
    ]


def _before(data: Imported) -> list[str]:
    """Rows taken before: those of a source of this name are counted, others named."""
    if not data.already:
        return []
    here = f"{data.found.source}, "
    moved = [row for row in data.taken_before if not row["source"].startswith(here)]
    brought = f", the points of {data.brought} brought here" if data.brought else ""
    lines = [f"{data.already} taken before{brought}"]
    if moved:
        least = "at least " if data.already > len(data.taken_before) else ""
        lines[0] += f"; {least}{len(moved)} of them from another source"
        if data.found.origin == "reported":  # a tracker's run has an id: it is the same one
            lines[0] += " (if measured anew: --set KEY=VALUE tells them apart)"
        same = [
            f"{plain(row['where'])}: the same as {row['run']} ({plain(row['source'])})"
            for row in moved
        ]
        lines += _some(same, len(moved))
    lines += [
        f"  {row['id']} had no end when it was taken and is read again" for row in data.renewed
    ]
    lines += [
        f"  {row['id']} stays as it was taken; {plain(row['where'])} says something else now"
        for row in data.changed
    ]
    return lines


def _some(lines: list[str], total: int) -> list[str]:
    more = [f"  ... {total} in all, with --json the first {len(lines)}"] if total > LISTED else []
    return [f"  {line}" for line in lines[:LISTED]] + more


def _more(total: int, listed: int) -> str:
    return f", ... ({total} in all)" if total > listed else ""


def _cell(cell: CellLeft) -> str:
    said = f"{cell['said']!r}: " if cell["said"].strip() else ""
    return plain(f"{cell['where']}, {cell['column']}: {said}{cell['why']}")


def _names(lists: list[str]) -> list[str]:
    """Names parted by commas; one that holds a comma is put in double quotes."""
    import csv

    rows = csv.reader(lists, skipinitialspace=True)
    return [name.strip() for row in rows for name in row if name.strip()]


def _words(row: TakenRun) -> str:
    """``block=64, dtype=bf16 | time_ms=1.5``: config, then what was measured, since both may have a
    name in common; after the code and the time of the row and before its words, if it tells them."""
    measured = {**row["metrics"], **row["nonfinite"]}
    told = ", ".join(filter(None, (row["commit"], minute(row["started_at"]))))
    said = row["name"] and f'"{row["name"]}"'
    if row["state"] != "done":
        said = f"{row['state']}: {beginning(row['reason'])}"
    parts = (told, _pairs(row["config"]), _pairs(measured), said)
    return plain(" | ".join(text for text in parts if text))


def _pairs(values: Mapping[str, object]) -> str:
    texts = [" ".join(f"{name}={value}".split()) for name, value in [*values.items()][:PAIRS_SHOWN]]
    texts = [text if len(text) <= CELL_SHOWN else text[:CELL_SHOWN] + "…" for text in texts]
    return ", ".join([*texts, *(["…"] if len(values) > PAIRS_SHOWN else [])])
