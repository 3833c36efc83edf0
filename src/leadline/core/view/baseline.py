"""The registered baseline as it is shown: its numbers with n and spread, what they were measured
on, what set later repeats apart, and every move."""

from __future__ import annotations

from leadline.core.compare.difference import in_order
from leadline.core.record.run import MetricDef, Run
from leadline.core.record.thread import Item, Thread
from leadline.core.stats.drift import Drift, drift
from leadline.core.stats.inference import Interval, Sample, mean_interval, summarise
from leadline.core.stats.outliers import outliers
from leadline.core.stats.prediction import strays
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import as_dict, dataclass

if TYPE_CHECKING:
    from leadline.core.record.bodies import BaselineBody, CodeState, Config, DeviceFacts


@dataclass(frozen=True)
class Outlying:
    """The repeats that do not look like the others."""

    runs: list[str]
    method: str
    limit: float | None
    reason: str


@dataclass(frozen=True)
class Moved:
    """A repeat outside the interval that the ``before`` earlier ones predict."""

    run: str
    at: str
    value: float
    before: int
    interval: Interval


@dataclass(frozen=True)
class Measured:
    """One metric of the baseline, over its counting runs."""

    metric: str
    unit: str
    direction: str
    sample: Sample
    interval: Interval
    drift: Drift
    outliers: Outlying
    moved: list[Moved]

    def as_dict(self) -> dict[str, object]:
        return {
            "metric": self.metric,
            "unit": self.unit,
            "direction": self.direction,
            **self.sample.as_dict(),
            "interval": self.interval.as_dict(),
            "drift": self.drift.as_dict(),
            "outliers": as_dict(self.outliers),
            "moved": as_dict(self.moved),
        }


@dataclass(frozen=True)
class Move:
    """One setting of the baseline. ``start``: the experiment it was before, "" for the first."""

    id: str
    experiment: str
    start: str
    why: str
    at: str
    actor: str
    override: str
    retracted: str

    def as_dict(self) -> dict[str, object]:
        return {
            "id": self.id,
            "experiment": self.experiment,
            "from": self.start,
            "why": self.why,
            "at": self.at,
            "actor": self.actor,
            "override": self.override,
            "retracted": self.retracted,
        }


@dataclass(frozen=True)
class Baseline:
    """The current baseline. ``runs`` count, ``not_counted`` do not; the rest is of the first run
    that counts."""

    id: str
    experiment: str
    title: str
    why: str
    at: str
    actor: str
    override: str
    runs: list[str]
    not_counted: list[str]
    config: Config
    argv: list[str]
    code: CodeState
    hardware: dict[str, object]
    devices: DeviceFacts
    metrics: list[Measured]
    moves: list[Move]

    def as_dict(self) -> dict[str, object]:
        return {
            **as_dict(self),
            "metrics": [m.as_dict() for m in self.metrics],
            "moves": [move.as_dict() for move in self.moves],
        }


def baseline_of(thread: Thread) -> Baseline:
    """Raises LeadlineError(not_found, no-baseline)."""
    experiment, item = thread.experiment("baseline"), thread.baseline
    assert item is not None
    runs = experiment.evidence_runs
    first = runs[0] if runs else Run("", "", "")
    return Baseline(
        id=item.id,
        experiment=experiment.id,
        title=experiment.title,
        why=item.body.get("why", ""),
        at=item.at,
        actor=item.actor,
        override=item.body.get("override", ""),
        runs=[r.id for r in runs],
        not_counted=[r.id for r in experiment.runs if not r.is_evidence],
        config=experiment.config,
        argv=first.argv,
        code=_code(first.code),
        hardware=first.hardware,
        devices=first.devices,
        metrics=[
            _measured(thread.metrics.get(name) or MetricDef(name), runs)
            for name in dict.fromkeys(n for run in runs for n in run.metrics)
        ],
        moves=[_move(thread, b) for b in thread.of_kind("baseline")],
    )


def _measured(definition: MetricDef, runs: list[Run]) -> Measured:
    name = definition.name
    # in the order in which they were started: what is later is held against what was before
    used = sorted((r for r in runs if name in r.metrics), key=lambda r: (_began(r), r.uid))
    values = [run.metrics[name] for run in used]
    sample, found = summarise(values), outliers(values)
    return Measured(
        metric=name,
        unit=definition.unit,
        direction=definition.direction,
        sample=sample,
        interval=mean_interval(sample),
        drift=drift_of(runs, name),
        outliers=Outlying(
            [used[i].id for i in found.indices], found.method, found.limit, found.reason
        ),
        moved=[
            Moved(
                run=used[stray.index].id,
                at=_began(used[stray.index]),
                value=stray.value,
                before=stray.before,
                interval=stray.interval,
            )
            for stray in strays(values)
        ],
    )


def _began(run: Run) -> str:
    return run.started_at or run.planned_at


def _code(code: CodeState) -> CodeState:
    """What names the code; not what it lacks or differs in."""
    kept: CodeState = {}
    for name in ("commit", "tree", "head", "branch", "dirty"):
        if name in code:
            kept[name] = code[name]
    return kept


def _move(thread: Thread, item: Item[BaselineBody]) -> Move:
    body = item.body
    return Move(
        id=item.id,
        experiment=thread.shown(str(body["experiment"]), item.refs),
        start=thread.shown(str(body["from"]), item.refs) if body.get("from") else "",
        why=body.get("why", ""),
        at=item.at,
        actor=item.actor,
        override=body.get("override", ""),
        retracted=item.retracted,
    )


def drift_of(runs: list[Run], metric: str) -> Drift:
    """The drift of one metric over the evidence runs, in the order in which they were started."""
    used = [r for r in runs if r.is_evidence and metric in r.metrics]
    return drift([r.metrics[metric] for r in in_order(used) or used])
