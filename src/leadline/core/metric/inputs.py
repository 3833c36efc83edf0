"""What metrics are computed from, through all formulas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leadline.core.record.run import MetricDef


def with_inputs(names: Iterable[str], metrics: Mapping[str, MetricDef]) -> set[str]:
    """``names`` and every metric that their values are computed from."""
    found, left = set[str](), list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            if name in metrics and metrics[name].formula:
                from leadline.core.metric.derive import formulas_of  # noqa: PLC0415  start-up: 0.8 ms

                formula = formulas_of({name: metrics[name]}).get(name)
                left += formula.needs if formula else ()
    return found
