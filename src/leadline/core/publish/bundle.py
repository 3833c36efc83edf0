"""The repro bundle of a snapshot: everything somebody else needs to run it again, as one value.

It repeats what the records say on purpose: a bundle is read where the records are not, years later,
by a person or by ``leadline reproduce``. Package lists are shared by their digest, so that fifty
runs in one environment stay small.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from itertools import islice, takewhile

from leadline.core.canonical import canonical_json, digest_of
from leadline.core.plain import json_escaped
from leadline.core.record import artifact
from leadline.core.record.conform import field_misfit
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Thread
from leadline.core.stats.inference import summarise
from leadline.core.timestamps import plural
from leadline.core.typed import TYPE_CHECKING, Any, NamedTuple, TypedDict, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from leadline.core.record.bodies import ResultTable, TableCell, TableMetric, TableRow

BUNDLE_VERSION = 1
PART = 256  # experiments of a file: equal parts of two seals are one content, stored and sent once
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


class BundledPart(TypedDict):
    """Of up to ``PART`` experiments what a bundle says of them; ``lines`` is the digest of the file
    that holds them (``line_of``) where there are several parts."""

    lines: str
    commands: list[str]
    counted: list[_Counted]
    gaps: list[str]
    artifacts: int  # of ``artifacts_of`` runs
    artifacts_of: int
    packages: list[str]


class Bundle(TypedDict):
    """All but the ``experiments`` (``BundledExperiment``), which may be very many: they stand in the
    file between the other fields, or in files beside it (``PART``)."""

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
    packages: Callable[[str], dict[str, str] | None],
    claims: list[BundledClaim],
    parts: Callable[[], Iterable[BundledPart]],
) -> Bundle:
    """``packages``: a list by its digest, None for one that is not kept here. ``claims``: as they are
    labelled now. ``parts``: what ``tell_part`` tells of all experiments, drawn twice, since together
    it is large."""
    digests, axes, recorded, gaps = dict[str, None](), _Axes(), dict[str, None](), _Gaps()
    for part in parts():
        digests.update(dict.fromkeys(part["packages"]))
        gaps.take_in(part)
        for one in _counted_in(part):
            axes.take_in(one.config)
            recorded.update(dict.fromkeys(name for metrics in one.measured for name in metrics))
    found = ((digest, packages(digest)) for digest in digests)
    rows = (one for part in parts() for one in _counted_in(part))
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
        "table": _comparison_table(thread, rows, axes.varied, list(recorded)),
        "claims": claims,
        "packages": {digest: names for digest, names in found if names is not None},
        "gaps": gaps.told(),
        "reproduce": f"leadline reproduce {snapshot} --thread {thread.topic}",
    }


def tell_part(
    experiments: Iterable[Experiment],
    put: Callable[[str], str],
    commands: Callable[[BundledExperiment], str],
) -> BundledPart:
    """``put`` takes the lines of the experiments and gives what ``lines`` is."""
    lines, shown, counted, gaps = list[str](), list[str](), list[_Counted](), _Gaps()
    packages = dict[str, None]()
    for experiment in experiments:
        bundled = _experiment(experiment)
        lines.append(line_of(bundled))
        shown.append(commands(bundled))
        gaps.add(experiment)
        if experiment.stands and experiment.evidence_runs:
            counted.append(_counted(experiment))
        packages.update(dict.fromkeys(packages_of(run) for run in experiment.evidence_runs))
    return {
        "lines": put("".join(lines)),
        "commands": shown,
        "counted": counted,
        "gaps": list(gaps.found),
        "artifacts": gaps.artifacts,
        "artifacts_of": gaps.of_runs,
        "packages": [digest for digest in packages if digest],
    }


def part_name(number: int) -> str:
    return f"experiments-{number:05d}.jsonl"


def line_of(experiment: BundledExperiment) -> str:
    return json_escaped(canonical_json(experiment)) + "\n"


def bundle_pieces(bundle: Bundle, experiments: Sequence[str] | Mapping[str, str]) -> Iterator[str]:
    """The bundle as a file: each experiment (as ``line_of`` has it), row and claim on a line
    of its own, so that two bundles can be held against each other. Nothing in it can move a cursor.
    ``experiments``: the lines, or where they are more than ``PART`` the files beside it that hold
    them, each with its digest, as ``experiments_in``."""
    fields: dict[str, object] = {**bundle}
    if isinstance(experiments, Mapping):
        fields["experiments_in"] = experiments
    else:
        fields["experiments"] = experiments
    opening = "{\n"
    for name in sorted(fields):
        value = fields[name]
        yield f'{opening} "{name}": '
        opening = ",\n"
        if name == "experiments":
            yield from _on_lines(line[:-1] for line in experiments)
        elif name == "table":
            table = bundle["table"]
            columns = {"axes": table["axes"], "metrics": table["metrics"]}
            yield _told(columns)[:-1] + _ROWS
            yield from _on_lines(map(_told, table["rows"]))
            yield "}"
        elif isinstance(value, list):
            yield from _on_lines(map(_told, value))
        else:
            yield _told(value)
    yield "\n}\n"


_ROWS = ',"rows":'


def _told(value: object) -> str:
    return json_escaped(canonical_json(value))


def _on_lines(values: Iterable[str]) -> Iterator[str]:
    between = "[\n  "
    for value in values:
        yield between + value
        between = ",\n  "
    yield "[]" if between.startswith("[") else "\n ]"


def sealed_claims(bundle: Iterable[bytes]) -> list[BundledClaim] | None:
    """The claims that the lines of a bundle's file hold; None where they lie otherwise than
    ``bundle_pieces`` lays them."""
    found = _listed(bundle, "claims")
    try:
        return None if found is None or found[0] else list(map(json.loads, found[1]))
    except ValueError:  # a claim over several lines
        return None


def sealed_table(
    bundle: Iterable[bytes], most: int | None = None
) -> tuple[ResultTable, int] | None:
    """The table that the lines of a bundle's file hold, with its first ``most`` rows, and how many
    more there are; None where it is none, or lies otherwise than ``bundle_pieces`` lays it."""
    found = _listed(bundle, "table")
    if found is None:
        return None
    before, rows = found
    try:
        columns = json.loads(before.removesuffix(_ROWS.encode()) + b"}")
        table = {**columns, "rows": list(map(json.loads, islice(rows, most)))}
    except (ValueError, TypeError, RecursionError):
        return None
    if field_misfit("SnapshotBody", "table", table):
        return None
    return cast("ResultTable", table), sum(1 for _ in rows)


def _listed(bundle: Iterable[bytes], name: str) -> tuple[bytes, Iterator[bytes]] | None:
    """What the field ``name`` says before its list, and each line of that; None where it lies
    otherwise."""
    lines, opening = iter(bundle), f' "{name}": '.encode()
    line = next((line for line in lines if line.startswith(opening)), b"")
    before, listed, behind = line.removeprefix(opening).rstrip(b"},\n").rpartition(b"[")
    if not listed or behind not in (b"", b"]"):
        return None
    each = takewhile(lambda line: not line.startswith(b" ]"), () if behind else lines)
    return before, (value.rstrip(b",\n") for value in each)


def packages_of(run: Run) -> str:
    """The digest of the list of a run's packages; "" where none was kept."""
    return str(run.software.get("packages_blob") or "")


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


class _Gaps:
    """What a bundle cannot give back, in words, each once."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}
        self.artifacts, self.of_runs = 0, 0

    def add(self, experiment: Experiment) -> None:
        found = self.found
        for run in experiment.evidence_runs:
            if not run.code.get("commit"):
                found[f"{run.id}: no code state was recorded"] = None
            for gap in run.code.get("gaps") or []:
                if isinstance(gap, dict):
                    why = gap.get("kind") or gap.get("reason")
                    found[f"{gap.get('path')} is not in the code state ({why})"] = None
            if any("[redacted:" in a for a in run.argv):
                what = "its command line held a secret and is recorded without it"
                found[f"{run.id}: {what}"] = None
            for lost in artifact.gaps(run):
                found[f"{run.id}: artifact {lost.name} was not kept ({lost.reason})"] = None
            if run.code.get("changed_during_run"):
                found[f"{run.id}: the code changed while it ran"] = None
        kept = [n for run in experiment.runs if (n := artifact.total(run))]
        self.artifacts, self.of_runs = self.artifacts + sum(kept), self.of_runs + len(kept)

    def take_in(self, part: BundledPart) -> None:
        self.found.update(dict.fromkeys(part["gaps"]))
        self.artifacts += part["artifacts"]
        self.of_runs += part["artifacts_of"]

    def told(self) -> list[str]:
        if not self.of_runs:
            return list(self.found)
        runs = f"{self.of_runs} {plural(self.of_runs, 'run')}"
        return [
            *self.found,
            f"the contents of {self.artifacts} artifacts of {runs}: it has their digests",
        ]


class _Counted(NamedTuple):
    """Of an experiment that counts what the table needs. ``measured``: the metrics of each run."""

    id: str
    uid: str
    title: str
    config: dict[str, object]
    measured: list[dict[str, float]]

    def values(self, metric: str) -> list[float]:
        return [metrics[metric] for metrics in self.measured if metric in metrics]


def _counted(experiment: Experiment) -> _Counted:
    measured = [run.metrics for run in experiment.evidence_runs]
    return _Counted(experiment.id, experiment.uid, experiment.title, experiment.config, measured)


def _counted_in(part: BundledPart) -> Iterator[_Counted]:
    return (_Counted(*one) for one in part["counted"])


class _Axes:
    """Config keys that are not the same in all experiments, in order of first appearance."""

    def __init__(self) -> None:
        self._values: dict[str, set[str]] = {}  # of each key up to two
        self._before: set[str] = set()  # what a key is in all configs before it appears

    def take_in(self, config: dict[str, object]) -> None:
        for key in config:
            self._values.setdefault(key, set(self._before))
        for key, values in self._values.items():
            if len(values) < 2:
                values.add(repr(config.get(key)))
        self._before = {repr(None)}

    @property
    def varied(self) -> list[str]:
        return [key for key, values in self._values.items() if len(values) > 1]


def _comparison_table(
    thread: Thread, counted: Iterable[_Counted], axes: list[str], recorded: list[str]
) -> ResultTable:
    """The primary comparison: one row per experiment that counts, against the baseline, per metric."""
    names = _table_metrics(thread, recorded)
    base = thread.baseline_experiment
    reference = None if base is None else _counted(base)
    rows: list[TableRow] = [
        {
            "experiment": one.id,
            "uid": one.uid,
            "title": one.title,
            "baseline": base is not None and one.id == base.id,
            "axes": {key: one.config.get(key) for key in axes},
            "metrics": {metric: _cell(one, reference, metric) for metric in names},
        }
        for one in counted
    ]
    units = {name: metric.unit for name, metric in thread.metrics.items()}
    metrics: list[TableMetric] = [{"name": m, "unit": units.get(m, "")} for m in names]
    return {"axes": axes, "metrics": metrics, "rows": rows}


def _table_metrics(thread: Thread, recorded: list[str]) -> list[str]:
    """Those with a direction, else those that are defined, else all that were recorded."""
    defined = [m for m in recorded if m in thread.metrics]
    directed = [m for m in defined if thread.metrics[m].direction != "none"]
    return (directed or defined or recorded)[:METRICS_IN_TABLE]


def _cell(one: _Counted, base: _Counted | None, metric: str) -> TableCell:
    sample = summarise(one.values(metric))
    reference = summarise(base.values(metric)).mean if base else None
    ratio = sample.mean / reference if reference and sample.mean is not None else None
    return {
        "n": sample.n,
        "mean": sample.mean,
        "sd": sample.sd,
        "median": sample.median,
        "ratio_to_baseline": ratio,
    }


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
