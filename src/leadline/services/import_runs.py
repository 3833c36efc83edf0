"""Take runs that were made elsewhere into a thread: rows of a table, event files, runs of a tracker.

They become experiments and runs like others, so that they are listed and found. What a table says was measured by
nobody Leadline watched: such runs are ``reported`` and lift no label. Importing the same source again takes what is new
in it, and everything that is not taken is named with its reason.
"""

from __future__ import annotations

from typing import Any

from leadline.core.canonical import digest_of
from leadline.core.errors import LeadlineError
from leadline.core.ids import experiment_id, run_id
from leadline.core.imported import Columns, Findings, FoundRun
from leadline.core.metric import check_named, contract_of
from leadline.core.thread import Thread
from leadline.core.values import dataclass, field
from leadline.services.context import Context
from leadline.services.run import default_title

TRACKERS = ("wandb", "mlflow", "trackio")
FORMATS = {
    ".wandb": "wandb",
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


@dataclass
class ImportRequest:
    """``metrics``: ``COLUMN`` or ``COLUMN=METRIC``; empty: the columns named like metrics of the thread. ``config``:
    column names, ``*`` for all others; ``settings``: config that holds for every run of the source. ``key``, ``keep``:
    which rows are one and which of them is taken. For a tracker: ``at`` its address, ``runs`` the ids or names to take
    (empty: all), ``unfinished`` also those that say of no end."""

    source: str
    format: str = ""
    metrics: list[str] = field(default_factory=list)
    config: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    key: list[str] = field(default_factory=list)
    keep: str = "first"
    at: str = ""
    runs: list[str] = field(default_factory=list)
    unfinished: bool = False


def import_runs(context: Context, topic: str, request: ImportRequest, plan_only: bool = False) -> dict[str, Any]:
    """Import what ``request`` names. Returns ``{source, digest, origin, taken: [{id, experiment, where, metrics}],
    already, not_taken: [{where, why}], not_taken_total, left_columns}``.

    ``plan_only``: say what would be taken and write nothing. Raises LeadlineError: usage (no metric or no config is
    named, the format is unknown), not_found, check_failed, environment.
    """
    import os

    thread = context.store.thread(topic)
    format = request.format or ("tensorboard" if os.path.isdir(request.source) else "")
    format = format or FORMATS.get(os.path.splitext(request.source)[1].lower(), "")
    if not format:
        raise LeadlineError(
            "usage",
            "unknown-format",
            f"what {request.source} holds cannot be told from its name",
            f"known: csv, tsv, json, jsonl, parquet, tensorboard, {', '.join(TRACKERS)}",
            [
                f"leadline import {request.source} --format csv --metric NAME --config NAME",
                f"leadline import {request.source} --format wandb",
            ],
        )
    if format in TRACKERS or format not in (*FORMATS.values(), "tensorboard"):
        from leadline.services.import_tracker import found_in_tracker

        return take_in(context, topic, found_in_tracker(context, thread, request, format), request.title, plan_only)
    columns = _columns(thread, request, format)
    found = context.result_source(format).read(os.path.join(context.cwd, request.source), columns)
    _must_bear(found, columns, request, format)
    for run in found.runs:
        run.config = {**request.settings, **run.config}
    return take_in(context, topic, found, request.title, plan_only)


def _columns(thread: Thread, request: ImportRequest, format: str) -> Columns:
    pairs = [m.partition("=") for m in request.metrics]
    for text, (column, equals, name) in zip(request.metrics, pairs, strict=True):
        check_named(name if equals else column, f"--metric {text!r}", "leadline import SOURCE --metric COLUMN=NAME")
    metrics = {column: name or column for column, _, name in pairs}
    if not metrics and format != "tensorboard":
        metrics = {name: name for name, definition in thread.metrics.items() if not definition.formula}
        if not metrics:
            raise LeadlineError(
                "usage",
                "no-metric-named",
                "which columns are metrics is not said, and the thread defines none",
                "a column is taken for a metric only when it is declared one",
                [f"leadline import {request.source} --metric COLUMN --config '*'", "leadline metric NAME --unit UNIT"],
            )
    config = None if "*" in request.config else list(request.config)
    reduce = {name: d.reduce for name, d in thread.metrics.items()}
    return Columns(metrics, config, reduce, list(request.key), request.keep)


def _must_bear(found: Findings, columns: Columns, request: ImportRequest, format: str) -> None:
    """Refuse what would make one experiment of runs that differ: a table whose config columns nobody named."""
    missing = [c for c in (*columns.metrics, *(columns.config or []), *columns.key) if c not in found.columns]
    named = {m.split("=", 1)[0] for m in request.metrics} | {*(columns.config or []), *columns.key}
    if wrong := [c for c in missing if c in named]:
        raise LeadlineError(
            "usage",
            "no-such-column",
            f"{request.source} has no column {wrong[0]!r}",
            f"its columns: {', '.join(found.columns[:30]) or 'none'}",
            "leadline import --help",
        )
    if format != "tensorboard" and found.runs and not request.config:
        raise LeadlineError(
            "usage",
            "no-config-named",
            "which columns are the config of a row is not said",
            f"rows of one config become repeats of one experiment; columns left: {', '.join(found.left_columns[:30])}",
            [
                f"leadline import {request.source} --config '*'",
                f"leadline import {request.source} --config {(found.left_columns or ['NAME'])[0]}",
            ],
        )


def take_in(context: Context, topic: str, found: Findings, title: str = "", plan_only: bool = False) -> dict[str, Any]:
    """Write the runs of ``found`` that the thread does not hold yet, all of them or none; see ``import_runs``."""
    answer: dict[str, Any] = {
        "source": found.source,
        "digest": found.digest,
        "origin": found.origin,
        "taken": [],
        "already": 0,
        "not_taken": [{"where": n.where, "why": n.why} for n in found.not_taken],
        "not_taken_total": found.not_taken_total,
        "left_columns": found.left_columns,
        "planned": plan_only,
    }
    with context.store.transaction(topic) as writing:
        thread = context.store.thread(topic)
        held = {run.key for run in thread.runs if run.origin != "executed"}
        experiments = {
            digest_of(e.runs[0].config): (e.id, e.uid)
            for e in thread.experiments.values()
            if e.stands and all(run.origin == found.origin for run in e.runs)
        }
        for run in found.runs:
            if run.key in held:
                answer["already"] += 1
                continue
            row = {"where": run.where, "name": run.name, "config": run.config, "metrics": run.metrics}
            if not plan_only:
                row |= _write(thread, found, run, title, experiments, writing)
            answer["taken"].append(row)
    return answer


def _write(
    thread: Thread,
    found: Findings,
    run: FoundRun,
    title: str,
    experiments: dict[str, tuple[str, str]],
    writing: Any,
) -> dict[str, Any]:
    uid, same = writing.new_uid(), digest_of(run.config)
    if same in experiments:
        experiment, experiment_uid = experiments[same]
        repeat = writing.next_number("run", experiment_uid)
    else:
        experiment, experiment_uid, repeat = experiment_id(thread.prefix, writing.next_number("experiment")), uid, 1
        experiments[same] = experiment, experiment_uid
    shown = run_id(experiment, repeat)
    writing.add(
        "run-planned",
        {
            "id": shown,
            "experiment": experiment,
            "experiment_uid": experiment_uid,
            "repeat": repeat,
            "title": title or run.name or default_title(run.argv, run.config),
            "argv": run.argv,
            "config": run.config,
            "origin": found.origin,
            "executor": "",
            "key": run.key,
            **({"tracker": run.tracker} if run.tracker else {}),
            "refs": {experiment: experiment_uid},
        },
    )
    digest = str(run.tracker.get("digest") or "")
    source = {"source": f"{found.source}, {run.where}", "kind": "import", "digest": digest or found.digest}
    source["url"] = run.url
    contract = {name: contract_of(d) for name in run.metrics if (d := thread.metrics.get(name)) is not None}
    writing.add(
        "run-ended",
        {
            "run": shown,
            "refs": {shown: uid, experiment: experiment_uid},
            "by": "import",
            "state": run.state,
            "reason": run.reason,
            "started_at": run.started_at,
            "ended_at": run.ended_at,
            "metrics": run.metrics,
            "nonfinite": run.nonfinite,
            "extraction": {
                "sources": [{k: v for k, v in source.items() if v}],
                **({"contract": contract} if contract else {}),
                **({"problems": run.problems} if run.problems else {}),
            },
            **({"outputs": {"result_digest": digest}} if digest else {}),
            **({"wall_s": run.wall_s} if run.wall_s is not None else {}),
        },
    )
    return {"id": shown, "experiment": experiment}
