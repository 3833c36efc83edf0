"""Runs that are one result again: a deterministic metric under the same seed and input."""

from __future__ import annotations

from collections.abc import Sequence

from leadline.core.canonical import canonical_json
from leadline.core.record.run import Run


def is_seed(key: str) -> bool:
    return key == "seed" or key.endswith((".seed", "_seed"))


def seed_of(run: Run) -> str:
    """The seeds a run was given in its config (``seed``, ``train.seed``, ``data_seed``), as one
    text; "" for none. One that reaches no command is none."""
    inputs = run.inputs
    named = [k for k in sorted(inputs) if is_seed(k)]
    return ", ".join(f"{k}={inputs[k]!r}" for k in named)


def reruns(runs: Sequence[Run], metric: str) -> dict[str, str]:
    """Run id to the id of the run that it is again: the same input and the bit-identical value, given
    either a seed or an input whose every run agrees. Values that agree by rounding among others that
    do not are none."""
    values: dict[str, set[float]] = {}
    for run in runs:
        values.setdefault(canonical_json(run.inputs), set()).add(run.metrics[metric])
    first: dict[tuple[str, float], str] = {}
    again: dict[str, str] = {}
    for run in runs:
        key = canonical_json(run.inputs)
        at = key, run.metrics[metric]
        if at in first and (seed_of(run) or len(values[key]) == 1):
            again[run.id] = first[at]
        first.setdefault(at, run.id)
    return again
