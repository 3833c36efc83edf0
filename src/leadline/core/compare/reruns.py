"""Runs that are one result again: a deterministic metric under the same seed and input."""

from __future__ import annotations

from collections.abc import Sequence

from leadline.core.canonical import canonical_json
from leadline.core.record.run import Run
from leadline.core.stats.precision import numbered


def is_seed(key: str) -> bool:
    return key == "seed" or key.endswith((".seed", "_seed"))


def seed_of(run: Run) -> str:
    """The seeds a run was given in its config (``seed``, ``train.seed``, ``data_seed``), as one
    text; "" for none. One that reaches no command is none."""
    inputs = run.inputs
    named = [k for k in sorted(inputs) if is_seed(k)]
    return ", ".join(f"{k}={inputs[k]!r}" for k in named)


def reruns(runs: Sequence[Run], metric: str) -> dict[str, str]:
    """Run id to the id of the run that it is again: the same input and the same value (but for
    arithmetic), given either a seed or an input whose every run agrees. Values that agree by rounding
    among others that do not are none."""
    by_input: dict[str, list[Run]] = {}
    for run in runs:
        by_input.setdefault(canonical_json(run.inputs), []).append(run)
    again: dict[str, str] = {}
    for alike_in in by_input.values():
        numbers = numbered([run.metrics[metric] for run in alike_in])
        first: dict[int, str] = {}
        for run, number in zip(alike_in, numbers, strict=True):
            if number in first and (seed_of(run) or not any(numbers)):
                again[run.id] = first[number]
            first.setdefault(number, run.id)
    return again
