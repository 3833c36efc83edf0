"""The repro bundle of a snapshot: everything somebody else needs to run it again, as one value.

It repeats what the records say on purpose: a bundle is read where the records are not, years later,
by a person or by ``leadline reproduce``. Package lists are shared by their digest, so that fifty
runs in one environment stay small.
"""

from __future__ import annotations

import re
import shlex

from leadline.core.canonical import canonical_json, digest_of
from leadline.core.plain import json_escaped
from leadline.core.record import artifact
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Thread
from leadline.core.stats.inference import Sample, summarise
from leadline.core.timestamps import plural
from leadline.core.typed import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadline.core.record.bodies import ResultTable, TableCell, TableMetric, TableRow

BUNDLE_VERSION = 1
_SEED = re.compile(r"(^|[._-])(seed|rng|random_state)s?($|[._-])", re.I)
METRICS_IN_TABLE = 6


class BundledArtifact(TypedDict):
    name: str
    kind: str
    digest: str
    size_bytes: int
    step: int | None


class BundledRun(TypedDict):
    id: str
    uid: str
    state: str
    reason: str
    is_evidence: bool
    command: str
    argv: list[str]
    shell: bool
    cwd: str
    config: dict[str, object]
    seeds: dict[str, object]
    code: dict[str, object]
    environment: dict[str, str]
    hardware: Mapping[str, Any]
    devices: Mapping[str, Any]
    software: Mapping[str, Any]
    executor: str
    origin: str
    hygiene: Mapping[str, Any]
    started_at: str
    wall_s: float | None
    exit_code: int | None
    metrics: dict[str, float]
    nonfinite: dict[str, str]
    artifacts: list[BundledArtifact]


class BundledExperiment(TypedDict):
    id: str
    title: str
    state: str
    config: dict[str, object]
    retracted: str
    superseded_by: str
    runs: list[BundledRun]


class BundledClaim(TypedDict):
    id: str
    text: str
    label: str
    sentence: str  # that the label stands for
    rules: int  # by which it was computed


class BundledMetric(TypedDict):
    name: str
    unit: str
    direction: str
    reduce: str


class Heads(TypedDict):
    """What is sealed of the record."""

    heads: dict[str, str]
    digest: str
    records: int


class Bundle(TypedDict):
    v: int
    what: str
    snapshot: str
    name: str
    tag: str
    commit: str | None
    at: str
    message: str
    thread: str
    title: str
    goal: str
    record: Heads
    baseline: str | None
    metrics: list[BundledMetric]
    table: ResultTable
    claims: list[BundledClaim]
    experiments: list[BundledExperiment]
    packages: dict[str, dict[str, str]]
    gaps: list[str]
    reproduce: str


def build_bundle(
    thread: Thread,
    *,
    snapshot: str,
    name: str,
    tag: str,
    commit: str | None,
    at: str,
    message: str,
    heads: dict[str, str],
    record_count: int,
    packages: dict[str, dict[str, str]],
    claims: list[BundledClaim],
) -> Bundle:
    """``packages``: by digest, as far as they are kept here. ``claims``: as they are labelled now."""
    experiments = [e for e in thread.experiments.values() if e.runs]
    return {
        "v": BUNDLE_VERSION,
        "what": "repro bundle",
        "snapshot": snapshot,
        "name": name,
        "tag": tag,
        "commit": commit,
        "at": at,
        "message": message,
        "thread": thread.topic,
        "title": thread.title,
        "goal": thread.about.get("goal", ""),
        "record": {"heads": heads, "digest": digest_of(heads), "records": record_count},
        "baseline": thread.baseline_experiment.id if thread.baseline_experiment else None,
        "metrics": [
            {"name": m.name, "unit": m.unit, "direction": m.direction, "reduce": m.reduce}
            for m in thread.metrics.values()
        ],
        "table": comparison_table(thread),
        "claims": claims,
        "experiments": [_experiment(e) for e in experiments],
        "packages": packages,
        "gaps": _gaps(experiments),
        "reproduce": f"leadline reproduce {snapshot} --thread {thread.topic}",
    }


def bundle_json(bundle: Bundle) -> str:
    """The bundle as a file: each experiment, row and claim on a line of its own, so that two bundles
    can be held against each other. Nothing in it can move a cursor."""
    parts = []
    for name, value in sorted(bundle.items()):
        text = canonical_json(value)
        if isinstance(value, list) and value:
            text = "[\n  " + ",\n  ".join(map(canonical_json, value)) + "\n ]"
        parts.append(f' "{name}": {text}')
    return json_escaped("{\n" + ",\n".join(parts) + "\n}\n")


def _experiment(experiment: Experiment) -> BundledExperiment:
    return {
        "id": experiment.id,
        "title": experiment.title,
        "state": experiment.state,
        "config": experiment.config,
        "retracted": experiment.retracted,
        "superseded_by": experiment.superseded_by,
        "runs": [_run(r) for r in experiment.runs],
    }


def _run(run: Run) -> BundledRun:
    software = {k: v for k, v in run.software.items() if k != "packages"}
    return {
        "id": run.id,
        "uid": run.uid,
        "state": run.state,
        "reason": run.reason,
        "is_evidence": run.is_evidence,
        "command": " ".join(run.argv) if run.shell else shlex.join(run.argv),
        "argv": run.argv,
        "shell": run.shell,
        "cwd": run.cwd or ".",
        "config": run.config,
        "seeds": seeds_of(run),
        "code": {
            k: run.code.get(k)
            for k in ("commit", "tree", "head", "dirty", "ref", "gaps")
            if k in run.code
        },
        "environment": run.environment,
        "hardware": run.hardware,
        "devices": run.devices,
        "software": software,
        "executor": run.executor,
        "origin": run.origin,
        "hygiene": run.hygiene,
        "started_at": run.started_at,
        "wall_s": run.wall_s,
        "exit_code": run.exit_code,
        "metrics": run.metrics,
        "nonfinite": run.nonfinite,
        "artifacts": [
            {
                "name": a.name,
                "kind": a.kind,
                "digest": a.digest,
                "size_bytes": a.size_bytes,
                "step": a.step,
            }
            for a in artifact.listed(run)
        ],
    }


def seeds_of(run: Run) -> dict[str, object]:
    """Config keys and variables that seed something."""
    found: dict[str, object] = {k: v for k, v in run.config.items() if _SEED.search(k)}
    if run.environment.get("PYTHONHASHSEED"):
        found["PYTHONHASHSEED"] = run.environment["PYTHONHASHSEED"]
    return found


def _gaps(experiments: list[Experiment]) -> list[str]:
    """What this bundle cannot give back, in words, each once."""
    found: dict[str, None] = {}
    for run in (r for e in experiments for r in e.runs if r.is_evidence):
        if not run.code.get("commit"):
            found[f"{run.id}: no code state was recorded"] = None
        for gap in run.code.get("gaps") or []:
            if isinstance(gap, dict):
                found[
                    f"{gap.get('path')} is not in the code state ({gap.get('kind') or gap.get('reason')})"
                ] = None
        if any("[redacted:" in a for a in run.argv):
            found[f"{run.id}: its command line held a secret and is recorded without it"] = None
        for lost in artifact.gaps(run):
            found[f"{run.id}: artifact {lost.name} was not kept ({lost.reason})"] = None
        if run.code.get("changed_during_run"):
            found[f"{run.id}: the code changed while it ran"] = None
    kept = [n for e in experiments for r in e.runs if (n := artifact.total(r))]
    if kept:
        runs = f"{len(kept)} {plural(len(kept), 'run')}"
        found[f"the contents of {sum(kept)} artifacts of {runs}: it has their digests"] = None
    return list(found)


def varied_axes(experiments: list[Experiment]) -> list[str]:
    """Config keys that are not the same in all experiments, in order of first appearance."""
    keys = list(dict.fromkeys(k for e in experiments for k in e.config))
    return [k for k in keys if len({repr(e.config.get(k)) for e in experiments}) > 1]


def comparison_table(thread: Thread) -> ResultTable:
    """The primary comparison: one row per experiment that counts, against the baseline, per metric."""
    experiments = [e for e in thread.experiments.values() if e.stands and e.evidence_runs]
    names = _table_metrics(thread, experiments)
    axes = varied_axes(experiments)
    base = thread.baseline_experiment
    rows: list[TableRow] = [
        {
            "experiment": experiment.id,
            "title": experiment.title,
            "baseline": experiment is base,
            "axes": {k: experiment.config.get(k) for k in axes},
            "metrics": {metric: _cell(experiment, base, metric) for metric in names},
        }
        for experiment in experiments
    ]
    units = {name: metric.unit for name, metric in thread.metrics.items()}
    metrics: list[TableMetric] = [{"name": m, "unit": units.get(m, "")} for m in names]
    return {"axes": axes, "metrics": metrics, "rows": rows}


def _table_metrics(thread: Thread, experiments: list[Experiment]) -> list[str]:
    """Those with a direction, else those that are defined, else all that were recorded."""
    runs = [r for e in experiments for r in e.evidence_runs]
    recorded = list(dict.fromkeys(m for r in runs for m in r.metrics))
    defined = [m for m in recorded if m in thread.metrics]
    directed = [m for m in defined if thread.metrics[m].direction != "none"]
    return (directed or defined or recorded)[:METRICS_IN_TABLE]


def _cell(experiment: Experiment, base: Experiment | None, metric: str) -> TableCell:
    sample = _sample(experiment, metric)
    reference = _sample(base, metric).mean if base else None
    ratio = sample.mean / reference if reference and sample.mean is not None else None
    return {
        "n": sample.n,
        "mean": sample.mean,
        "sd": sample.sd,
        "median": sample.median,
        "ratio_to_baseline": ratio,
    }


def _sample(experiment: Experiment, metric: str) -> Sample:
    return summarise(r.metrics[metric] for r in experiment.evidence_runs if metric in r.metrics)


def table_rows(table: ResultTable) -> list[list[object]]:
    """The table flat, header first: for CSV."""
    header = ["experiment", "title", "baseline", *table["axes"]]
    for metric in table["metrics"]:
        name = metric["name"]
        unit = f" [{metric['unit']}]" if metric["unit"] else ""
        header += [f"{name} n", *(f"{name} {what}{unit}" for what in ("mean", "sd", "median"))]
        header.append(f"{name} / baseline")
    rows: list[list[object]] = [[*header]]
    for row in table["rows"]:
        flat: list[object] = [
            row["experiment"],
            row["title"],
            "yes" if row["baseline"] else "",
            *row["axes"].values(),
        ]
        for metric in table["metrics"]:
            cell = row["metrics"][metric["name"]]
            flat += [cell["n"], cell["mean"], cell["sd"], cell["median"], cell["ratio_to_baseline"]]
        rows.append(["" if v is None else v for v in flat])
    return rows
