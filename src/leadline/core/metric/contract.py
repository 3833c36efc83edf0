"""The contract of a metric: what its numbers mean. Two runs are comparable in a metric only under
one contract.

Units of one dimension (ms and s) are still two contracts: values are never converted silently. The
refusal names the factor instead, so that the person who changed the unit can say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leadline.core.errors import usage
from leadline.core.metric.units import (
    MACHINE_DIMENSIONS,
    conversion,
    dimension,
    name_says_counted,
    name_says_machine,
)
from leadline.core.patterns import later
from leadline.core.record.run import MetricDef, Run
from leadline.core.typed import Any

CONTRACT = ("unit", "direction", "observed", "per", "reduce")
OBSERVED = ("machine", "result", "counted")
_INPUTS = later(r"[A-Za-z_][\w./@-]*")  # the names in a formula
_PLAIN = {"unit": "", "direction": "none", "observed": "", "per": "", "reduce": "last"}


def check_named(name: str, said: str, next: str) -> None:
    """Raises LeadlineError(usage) when ``name`` is blank. ``said``: what the user wrote; ``next``:
    the command that helps."""
    if not name.strip():
        raise usage(
            "bad-metric",
            f"{said} gives a metric no name",
            why="a value without one could not be found again",
            do=next,
        )


def moved_by_machine(definition: MetricDef) -> bool | None:
    """Whether contention and drift of the machine move the metric: True for times, rates, memory,
    power and energy, False for results, None when nothing tells. What was declared (``observed``)
    wins over the unit, the unit over the words of the name. A ratio says nothing by its unit: its
    name may."""
    if any(name_says_machine(name) for name in _INPUTS.findall(definition.formula)):
        return True  # what is computed from a time moves with it, whatever is declared
    if definition.observed in OBSERVED:
        return definition.observed == "machine"
    if name_says_counted(definition.name, definition.unit):
        return False
    known = dimension(definition.unit)
    if known in MACHINE_DIMENSIONS:
        return True
    return name_says_machine(definition.name)


def counted_exactly(definition: MetricDef) -> bool:
    """Whether one run tells the whole value: what was declared ``counted``, and without a
    declaration what its unit or name says to be a count (instructions, parameters, allocated bytes).
    Runs that differ all the same are judged like any others."""
    if definition.observed:
        return definition.observed == "counted"
    return name_says_counted(definition.name, definition.unit)


def contract_of(definition: MetricDef) -> dict[str, str]:
    """``unit``, ``direction``, ``observed``, ``per``, ``reduce``, without the empty ones: what a
    run's ``extraction.contract[metric]`` holds. A derived metric has its ``formula`` too, and no
    ``reduce``."""
    names = ("unit", "direction", "observed", "per", "formula") if definition.formula else CONTRACT
    return {name: value for name in names if (value := getattr(definition, name))}


def contract_in(run: Run, definition: MetricDef) -> dict[str, str]:
    """The contract under which ``run`` measured the metric; the definition's where the run has none
    written down."""
    written = (run.extraction.get("contract") or {}).get(definition.name)
    return dict(written) if written else contract_of(definition)


def contracts_of(runs: Iterable[Run], definition: MetricDef) -> list[dict[str, str]]:
    """The different contracts under which ``runs`` have the metric, in the order met."""
    found: list[dict[str, str]] = []
    for run in runs:
        if definition.name in run.metrics:
            contract = contract_in(run, definition)
            if contract not in found:
                found.append(contract)
    return found


def contracts_differ(contracts: Iterable[Mapping[str, Any]]) -> list[str]:
    """In what the contracts differ, in words (``unit ms against s (1 s = 1000 ms)``); empty when
    they are one.

    A contract written before ``reduce`` was kept says nothing about ``observed``, ``per`` and
    ``reduce``: what is unknown does not differ. Nor does an ``observed`` that was filled in later.
    """
    known = list(contracts)
    words = []
    for name in (*CONTRACT, "formula", "inputs"):
        values = list(dict.fromkeys(v for c in known if (v := _value(c, name)) is not None))
        if name == "observed":
            values = [v for v in values if v]
        if len(values) > 1:
            nothing = "no unit" if name == "unit" else "nothing"
            shown = " against ".join(str(v) or nothing for v in values)
            factor = (
                conversion(str(values[0]), str(values[1]))
                if name == "unit" and len(values) == 2
                else ""
            )
            words.append(f"{name} {shown}" + (f" ({factor})" if factor else ""))
    return words


def _value(contract: Mapping[str, Any], name: str) -> str | None:
    """What a contract says of ``name``; None when it was written by a version that did not say it."""
    if name in contract:
        return str(contract[name])
    if name in ("unit", "direction"):
        return str(_PLAIN[name])
    if name in ("formula", "inputs", "reduce"):
        return None
    return str(_PLAIN[name]) if "reduce" in contract or "formula" in contract else None
