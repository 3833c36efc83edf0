"""What the runs themselves say of what moves a metric, whatever was declared of it.

A result follows from code, command and inputs: two runs alike in these give the same one. What differs
between them is moved by something that nobody recorded, and is judged as what the machine moves. So it
takes two such runs that agree to believe that something is a result or a count: where the unit or the
name says a time, a rate or a power (a simulated time), and where they say nothing, since another seed
for each run hides that no two would. Names are a hint and no more: one that is known for a result (a
loss of an unseeded training) is not asked, unless it was read from what is called a time (`score=elapsed_ms`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from leadline.core.canonical import canonical_json
from leadline.core.metric.contract import moved_by_machine
from leadline.core.metric.units import hint_of, name_says_machine
from leadline.core.patterns import later
from leadline.core.record.run import MetricDef, Run, program_of

_WORD = later(r"[A-Za-z_]\w*")
_NOTHING_SHOWS = "nothing shows that"


def as_measured(definition: MetricDef, runs: Iterable[Run]) -> MetricDef:
    """``definition`` as far as ``runs`` bear it out."""
    return with_observed(definition, "machine") if doubt(definition, runs) else definition


def doubt(definition: MetricDef, runs: Iterable[Run]) -> str:
    """Why the metric is taken for what the machine moves although nothing says so, in words; "" where
    the definition stands."""
    if moved_by_machine(definition):
        return ""
    hint, runs = hint_of(definition.name, definition.unit), list(runs)
    if hint is False and not any(map(name_says_machine, _sources(definition.name, runs))):
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
    if agreed or not values:
        return ""
    if hint:
        return (
            f"{definition.name}{said} is a time or rate, and no two runs of one command agree in it"
        )
    if len(set().union(*values.values())) > 1:
        return f"{_NOTHING_SHOWS} {definition.name}{said} is a result: no two runs of one command agree in it"
    return ""


def doubted(declared: MetricDef, runs: Iterable[Run]) -> str:
    """What was declared of what moves a metric and the runs do not bear out, or nothing shows, in
    words; "" without."""
    why = doubt(declared, runs)
    if not why or not (declared.observed or why.startswith(_NOTHING_SHOWS)):
        return ""
    shows = ", until one of them is run again and agrees" if why.startswith(_NOTHING_SHOWS) else ""
    return f"{why}: judged as what the machine moves{shows}"


def with_observed(definition: MetricDef, observed: str) -> MetricDef:
    facts = {name: getattr(definition, name) for name in MetricDef.__match_args__}
    return MetricDef(**{**facts, "observed": observed})


def _sources(metric: str, runs: Iterable[Run]) -> Iterator[str]:
    """What the values of a metric were called where they were read: a column, the last word of a pattern before
    its group."""
    declared = dict.fromkeys(text for run in runs for text in run.extract if isinstance(text, str))
    for text in declared:
        ends = "(" if text.startswith("pattern:") else ","
        if found := re.search(rf"(?<![\w.]){re.escape(metric)}=([^{ends}]*)", text):
            yield from _WORD.findall(found[1])[-1:]


def _given(run: Run) -> str:
    return canonical_json([run.argv, run.cwd, program_of(run.code), run.inputs])
