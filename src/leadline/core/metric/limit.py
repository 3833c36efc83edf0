"""The limit of a metric: where a result lies beyond it, it is inadmissible, however good it is otherwise.

>>> within("<=1e-3", 4.9e-07), within("<=1e-3", 0.002)
(True, False)
"""

from __future__ import annotations

import math

from leadline.core.errors import usage

_HOLDS = {
    "<=": lambda value, bound: value <= bound,
    ">=": lambda value, bound: value >= bound,
    "<": lambda value, bound: value < bound,
    ">": lambda value, bound: value > bound,
}


def read_limit(text: str) -> tuple[str, float]:
    """Operator and bound of ``<=1e-3``. Raises LeadlineError(usage)."""
    operator = next((op for op in _HOLDS if text.startswith(op)), "")
    try:
        bound = float(text[len(operator) :]) if operator else math.nan
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise usage(
            "bad-limit",
            f"{text!r} is no limit",
            why="it is <=, >=, < or > and a number, such as <=1e-3",
            do="leadline metric --help",
        )
    return operator, bound


def within(limit: str, value: float) -> bool:
    """Whether the value keeps the limit; a limit that cannot be read, as of a newer version, bounds nothing."""
    operator = next((op for op in _HOLDS if limit.startswith(op)), "")
    try:
        return not operator or bool(_HOLDS[operator](value, float(limit[len(operator) :])))
    except ValueError:
        return True
