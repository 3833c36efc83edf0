"""Derived metrics: computed from a run's own numbers whenever records are folded, never recorded.

So a changed formula changes every value at once, old runs included. The cost is that who keeps
values (the index) has to notice: ``rests_on`` is what it compares. A run's dicts are copied before
they are added to, because they are the dicts of the record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial

from leadline.core.errors import LeadlineError
from leadline.core.metric.contract import contract_in, contract_of
from leadline.core.metric.formula import Formula, NoValue, parse
from leadline.core.metric.items import facts_in
from leadline.core.record.run import TERMINAL_STATES, MetricDef, Run
from leadline.core.record.thread import Thread


def formulas_of(metrics: Mapping[str, MetricDef]) -> dict[str, Formula]:
    """The formulas that can be read, by metric. One that cannot (a newer version wrote it) gives no
    values."""
    found = {}
    for name, definition in metrics.items():
        if definition.formula:
            try:
                found[name] = parse(definition.formula)
            except LeadlineError:
                continue
    return found


def in_order(formulas: Mapping[str, Formula]) -> tuple[list[str], list[str]]:
    """The derived metrics, each after those it needs; and those in a cycle or resting on one."""
    order: list[str] = []
    left = list(formulas)
    while ready := [
        n for n in left if all(need not in formulas or need in order for need in formulas[n].needs)
    ]:
        order += ready
        left = [n for n in left if n not in ready]
    return order, left


def derive(thread: Thread) -> None:
    """Give every run of ``thread`` that has ended its derived metrics.

    A missing input leaves the metric out; a value that is not finite goes to ``nonfinite``.
    ``baseline(x)`` is the mean of x over the evidence runs of the registered baseline. A run that
    printed the name itself has the formula's value: one name has one meaning.
    """
    formulas = formulas_of(thread.metrics)
    order, _cyclic = in_order(formulas)
    ended = [run for run in thread.runs if run.state in TERMINAL_STATES]
    for run in ended:
        run.metrics = {k: v for k, v in run.metrics.items() if k not in formulas}
        run.nonfinite = {k: v for k, v in run.nonfinite.items() if k not in formulas}
    for name in order:
        for run in ended:
            baseline = partial(_baseline, thread, run)
            _note_contract(thread, run, name, formulas[name])
            try:
                run.metrics[name] = formulas[name].value(
                    partial(_metric, run), partial(_config, run), baseline
                )
            except NoValue as none:
                if none.lost:
                    run.nonfinite[name] = (
                        "Infinity" if none.reason.startswith("too large") else "NaN"
                    )


def rests_on(thread: Thread) -> str:
    """What the derived metrics of every run rest on beside the run itself, as a text that changes
    when any of it does: the formulas, and what ``baseline(x)`` has to go by."""
    formulas = formulas_of(thread.metrics)
    experiment = thread.baseline_experiment
    runs = experiment.evidence_runs if experiment else []
    asked = dict.fromkeys(name for formula in formulas.values() for name in formula.baselines)
    known = [
        [name, run.metrics[name], (facts_in(run, name) or {}).get("set")]
        for name in asked
        for run in runs
        if name in run.metrics
    ]
    return json.dumps([[[name, formula.text] for name, formula in formulas.items()], known])


def _note_contract(thread: Thread, run: Run, name: str, formula: Formula) -> None:
    """Say in the run's contracts in which units the inputs were: a rate of tokens per ms is not one
    of tokens per s, whatever the formula is called."""
    units = []
    for need in formula.needs:
        definition = thread.metrics.get(need)
        if definition is not None and (unit := contract_in(run, definition).get("unit")):
            units.append(f"{need} in {unit}")
    contract = {**contract_of(thread.metrics[name]), "inputs": ", ".join(units) or "no unit"}
    run.extraction = {
        **run.extraction,
        "contract": {**(run.extraction.get("contract") or {}), name: contract},
    }


def _metric(run: Run, name: str) -> float:
    if name in run.nonfinite:
        raise NoValue(f"{name} was {run.nonfinite[name]}", lost=True)
    if name not in run.metrics:
        raise NoValue(f"{run.id} has no {name}")
    return float(run.metrics[name])


def _config(run: Run, key: str) -> float:
    value = run.config.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise NoValue(f"config.{key} of {run.id} is no number")
    return float(value)


def _baseline(thread: Thread, run: Run, name: str) -> float:
    """The baseline's mean. A mean over other items is no reference for a run: a comparison takes
    those they share."""
    experiment = thread.baseline_experiment
    runs = experiment.evidence_runs if experiment else []
    values = [float(r.metrics[name]) for r in runs if name in r.metrics]
    if not values:
        raise NoValue(f"no baseline has {name}")
    sets = {
        facts["set"] if (facts := facts_in(r, name)) else ""
        for r in [run, *runs]
        if name in r.metrics
    }
    if len(sets) > 1:
        raise NoValue(f"the baseline has {name} over other items than {run.id}")
    return sum(values) / len(values)
