"""What the runs themselves say of what moves a metric, whatever was declared of it.

A result follows from code, command and inputs: two runs alike in these give the same one. What differs
between them is moved by something that nobody recorded, and is judged as what the machine moves. Where
the unit or the name says a time, a rate or a power, it takes two such runs that agree to believe that
it is a result or a count all the same (a simulated time). Names are a hint and no more: one that is
known for a result (a loss of an unseeded training) is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable

from leadline.core.canonical import canonical_json
from leadline.core.metric.contract import moved_by_machine
from leadline.core.metric.units import hint_of
from leadline.core.record.run import MetricDef, Run, program_of


def as_measured(definition: MetricDef, runs: Iterable[Run]) -> MetricDef:
    """``definition`` as far as ``runs`` bear it out."""
    return with_observed(definition, "machine") if doubt(definition, runs) else definition


def doubt(definition: MetricDef, runs: Iterable[Run]) -> str:
    """Why the metric is taken for what the machine moves although nothing says so, in words; "" where
    the definition stands."""
    if moved_by_machine(definition):
        return ""
    hint = hint_of(definition.name, definition.unit)
    if hint is False:
        return ""
    values: dict[str, set[float]] = {}
    agreed = False
    for run in runs:
        if run.origin == "executed" and run.argv and definition.name in run.metrics:
            value, known = run.metrics[definition.name], values.setdefault(_given(run), set())
            agreed = agreed or value in known
            known.add(value)
    said = f", declared {definition.observed}," if definition.observed else ""
    if any(len(known) > 1 for known in values.values()):
        return f"{definition.name}{said} differs between runs of one command, code and inputs"
    if hint and values and not agreed:
        return (
            f"{definition.name}{said} is a time or rate, and no two runs of one command agree in it"
        )
    return ""


def doubted(declared: MetricDef | None, runs: Iterable[Run]) -> str:
    """What was declared of what moves a metric and the runs do not bear out, in words; "" without."""
    if declared is None or not declared.observed:
        return ""
    why = doubt(declared, runs)
    return f"{why}: judged as what the machine moves" if why else ""


def with_observed(definition: MetricDef, observed: str) -> MetricDef:
    facts = {name: getattr(definition, name) for name in MetricDef.__match_args__}
    return MetricDef(**{**facts, "observed": observed})


def _given(run: Run) -> str:
    return canonical_json([run.argv, run.cwd, program_of(run.code), run.inputs])
