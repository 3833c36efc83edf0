"""What one command measured: the arms of a sweep, of a measurement in turns, or of one experiment,
with their numbers side by side.

Everything here follows from the records up to the end of the command and from what they name, so that
an entry of the logbook made of it stays what it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from leadline.core.compare.difference import difference
from leadline.core.metric.contract import contracts_differ, contracts_of
from leadline.core.metric.items import on_shared_items
from leadline.core.record.run import Run, program_of
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.stats.distributions import t_upper_quantile
from leadline.core.stats.inference import Interval, Sample, mean_interval, summarise
from leadline.core.typed import Any, NamedTuple
from leadline.core.values import dataclass
from leadline.core.view import facts


class Arm(NamedTuple):
    """``values``: of the axes; of a measurement in turns what tells its side from the other."""

    experiment: Experiment
    values: dict[str, object]

    @property
    def runs(self) -> list[Run]:
        """Those that say something of it: no reproductions, no warm-ups."""
        return [r for r in self.experiment.runs if not r.reproduction_of and not apart(r)]


def apart(run: Run) -> bool:
    return bool(run.design.get("warmup") or run.design.get("null") or run.design.get("holdout"))


@dataclass(frozen=True)
class Together:
    """``item``: the sweep or the measurement in turns; None of the repeats of one experiment."""

    name: str
    item: Item[Any] | None
    axes: list[str]
    arms: list[Arm]

    @property
    def runs(self) -> list[Run]:
        return [run for arm in self.arms for run in arm.runs]

    @property
    def constant(self) -> dict[str, object]:
        """The config that all runs share, without the axes."""
        runs = [run.config for arm in self.arms for run in arm.experiment.runs]
        if not runs:
            return {}
        first, *rest = runs
        shared = {k: v for k, v in first.items() if all(c.get(k, _none) == v for c in rest)}
        return {k: v for k, v in shared.items() if k not in self.axes}

    def metrics(self, thread: Thread) -> list[str]:
        """What its runs measured: that with a better direction first, guards last."""
        names = facts.metric_order(
            thread, list({n: 1 for run in self.runs for n in (*run.metrics, *run.nonfinite)})
        )

        def place(name: str) -> tuple[bool, bool]:
            m = facts.definition(thread, name)
            return bool(m.limit), m.direction == "none"

        return sorted(names, key=place)


_none: Any = object()


def together(thread: Thread, name: str, uid: str = "", also: Sequence[str] = ()) -> Together | None:
    """The runs of a sweep, a measurement in turns or an experiment; ``uid``: of that item, ``also``:
    further experiments of its table. None where nothing of it is known here."""
    found = _together(thread, name, uid, also)
    if found is None or not any(m.formula for m in thread.metrics.values()):
        return found
    base = thread.baseline_experiment
    mine = [*(arm.experiment for arm in found.arms), *([base] if base else [])]
    return _together(_derived(thread, mine), name, uid, also)


def _derived(thread: Thread, experiments: Sequence[Experiment]) -> Thread:
    """The thread with these experiments alone, whose runs have their derived metrics; those of
    ``thread`` stay as they are."""
    from copy import copy  # noqa: PLC0415  start-up: 0.9 ms

    from leadline.core.metric.derive import derive  # noqa: PLC0415  start-up: 0.8 ms

    part = copy(thread)
    part.experiments = {}
    for experiment in experiments:
        mine = copy(experiment)
        mine.runs = [copy(run) for run in experiment.runs]
        part.experiments[mine.id] = mine
    derive(part)
    return part


def _together(thread: Thread, name: str, uid: str, also: Sequence[str]) -> Together | None:
    item = thread.items.get(name)
    uid = uid or (item.uid if item is not None else "")
    if is_a(item, "sweep"):
        axes = list(item.body["axes"])
        found = {e.id: e for e in _of_design(thread, "sweep", uid)}
        found |= {n: e for n in also if (e := thread.experiments.get(n)) is not None}
        places = {_key(cell): n for n, cell in enumerate(item.body["cells"])}
        arms = [Arm(e, _cell(e, axes, uid)) for e in found.values()]
        arms.sort(key=lambda arm: places.get(_key(arm.values), len(places)))
        return Together(name, item, axes, arms)
    if is_a(item, "interleaving"):
        sides: dict[str, Experiment] = {}
        for experiment in _of_design(thread, "interleaving", uid):
            for run in experiment.runs:
                if run.design.get("interleaving") == uid:
                    sides.setdefault(str(run.design.get("side")), experiment)
        experiments = [sides[side] for side in sorted(sides)]
        configs = [e.config for e in experiments]
        axes = [k for c in configs for k in c if any(o.get(k, _none) != c[k] for o in configs)]
        axes = list(dict.fromkeys(axes))
        return Together(
            name,
            item,
            axes,
            [Arm(e, {k: e.config[k] for k in axes if k in e.config}) for e in experiments],
        )
    alone = thread.experiments.get(name)
    return None if alone is None else Together(name, None, [], [Arm(alone, {})])


def _of_design(thread: Thread, kind: str, uid: str) -> list[Experiment]:
    """A run is planned after the sweep that it is of: one before it, by another clock, is left out."""
    return [
        e
        for e in thread.experiments.values()
        if any(r.design.get(kind) == uid and r.uid > uid for r in e.runs)
    ]


def _cell(experiment: Experiment, axes: Sequence[str], uid: str) -> dict[str, object]:
    cells = [r.design.get("cell", {}) for r in experiment.runs if r.design.get("sweep") == uid]
    return dict(cells[0]) if cells else {a: experiment.config.get(a) for a in axes}


def _key(cell: Mapping[str, object]) -> str:
    return repr(sorted((k, str(v)) for k, v in cell.items()))


# ---- the numbers of an arm -----------------------------------------------------------------------


class Row(NamedTuple):
    """An arm in one metric. ``ratio``: of its median to that of the reference, None where there is
    none or they are not alike; ``differs``: in what else than the axes it differs from the reference;
    ``beyond``: limits that it does not keep; ``lost``: runs that bear no result, by state."""

    arm: Arm
    sample: Sample
    interval: Interval | None
    ratio: float | None
    differs: list[str]
    beyond: list[str]
    lost: dict[str, int]

    @property
    def marks(self) -> list[str]:
        """``beyond max_err <=0.001``, ``2 failed``: what a reader must not miss about its numbers."""
        return [
            *(f"beyond {limit}" for limit in self.beyond),
            *(f"{n} {state}" for state, n in self.lost.items()),
        ]


def rows(thread: Thread, one: Together, metric: str, reference: Experiment | None) -> list[Row]:
    """Best first, then those beyond a limit, those without the metric last."""
    found = [_row(thread, one, arm, metric, reference) for arm in one.arms]
    direction = facts.definition(thread, metric).direction
    sign = {"higher": -1.0, "lower": 1.0}.get(direction, 0.0)
    return sorted(
        found,
        key=lambda r: (r.sample.n == 0, bool(r.beyond), sign * (r.sample.median or 0.0)),
    )


def _row(thread: Thread, one: Together, arm: Arm, metric: str, reference: Experiment | None) -> Row:
    sample = facts.sample_of(arm.runs, metric)
    lost: dict[str, int] = {}
    for run in arm.runs:
        if not run.is_evidence:
            word = "withdrawn" if run.retracted or run.superseded_by else facts.state(run)
            lost[word] = lost.get(word, 0) + 1
    ratio, differs = None, list[str]()
    if reference is not None and reference.id != arm.experiment.id:
        differs, alike = _differs(thread, one, arm, metric, reference)
        theirs = facts.sample_of(reference.runs, metric)
        if alike and sample.median is not None and theirs.median:
            ratio = sample.median / theirs.median
    interval = mean_interval(sample) if sample.n > 1 else None
    return Row(arm, sample, interval, ratio, differs, facts.beyond_limits(thread, arm.runs), lost)


def _differs(
    thread: Thread, one: Together, arm: Arm, metric: str, reference: Experiment
) -> tuple[list[str], bool]:
    """In what else than the axes an arm differs from the reference, and whether their numbers may
    stand in a ratio."""
    mine, theirs = arm.experiment.evidence_runs, reference.evidence_runs
    if not mine or not theirs:
        return [], True
    a, b = mine[0], theirs[0]
    keys = sorted({*a.config, *b.config} - set(one.axes))
    found = [k for k in keys if a.config.get(k, _none) != b.config.get(k, _none)]
    if program_of(a.code) != program_of(b.code):
        found.append("code")
    if _machine(a) != _machine(b):
        found.append("machine")
    alike = True
    if contracts_differ(contracts_of([*mine, *theirs], facts.definition(thread, metric))):
        found.append("how it was measured")
        alike = False
    shared = on_shared_items(theirs, mine, metric)[2]
    if shared is not None and not shared.same:
        found.append("items")
        alike = False
    return found, alike


def _machine(run: Run) -> tuple[object, ...]:
    hardware = run.hardware
    return (hardware.get("host"), hardware.get("cpu_model"), run.devices.get("kind"))


# ---- two axes ------------------------------------------------------------------------------------


class Effect(NamedTuple):
    """The ratio of ``high`` to ``low`` of one axis at a value of the other."""

    at: object
    ratio: float
    interval: Interval | None


class Interaction(NamedTuple):
    """How the effect of one axis depends on the other. ``change``: by what factor it is another at the
    last value than at the first."""

    axis: str
    low: object
    high: object
    by: str
    effects: list[Effect]
    change: float | None
    interval: Interval | None


def interaction(thread: Thread, one: Together, metric: str) -> Interaction | None:
    """Of a sweep over two axes whose cells were all measured and whose values are above zero: the axis
    with fewer values, its last value against its first, at each value of the other."""
    if len(one.axes) != 2 or one.item is None:
        return None
    axes: dict[str, list[Any]] = dict(one.item.body["axes"])
    by, axis = sorted(axes, key=lambda name: -len(axes[name]))
    if len(axes[axis]) < 2 or len(axes[by]) < 2:
        return None
    at = {_key(arm.values): arm for arm in one.arms}
    low, high = axes[axis][0], axes[axis][-1]
    effects, logs = list[Effect](), list[tuple[Sample, Sample]]()
    definition = facts.definition(thread, metric)
    for value in axes[by]:
        pair = [at.get(_key({axis: end, by: value})) for end in (low, high)]
        if pair[0] is None or pair[1] is None:
            return None
        a, b = pair[0].runs, pair[1].runs
        test = difference(a, b, metric, definition).test
        if test.ratio is None:
            return None
        effects.append(Effect(value, test.ratio, test.ratio_interval))
        logs.append((_of_logs(a, metric), _of_logs(b, metric)))
    change, interval = _change(logs)
    return Interaction(axis, low, high, by, effects, change, interval)


def _of_logs(runs: Sequence[Run], metric: str) -> Sample:
    values = [r.metrics[metric] for r in runs if r.is_evidence and metric in r.metrics]
    return summarise(math.log(v) for v in values if v > 0.0)


def _change(logs: list[tuple[Sample, Sample]]) -> tuple[float | None, Interval | None]:
    """exp of the difference of two differences of mean logarithms, with Welch's degrees of freedom
    (Satterthwaite 1946, Biometrics Bulletin 2, 110-114) over the four cells."""
    (a, b), (c, d) = logs[0], logs[-1]
    cells = (a, b, c, d)
    means = [s.mean for s in cells]
    if any(m is None for m in means):
        return None, None
    first, second, third, fourth = (m or 0.0 for m in means)
    effect = (fourth - third) - (second - first)
    shares = [(s.sd or 0.0) ** 2 / s.n for s in cells]
    if any(s.sd is None for s in cells) or not sum(shares):
        return math.exp(effect), None
    total = math.fsum(shares)
    df = total**2 / math.fsum(x**2 / (s.n - 1) for x, s in zip(shares, cells, strict=True))
    reach = t_upper_quantile(0.025, df) * math.sqrt(total)
    return math.exp(effect), Interval(
        math.exp(effect - reach), math.exp(effect + reach), 0.95, "Welch t of logarithms"
    )
