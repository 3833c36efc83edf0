"""Among how many configurations a comparison was chosen.

The best of twenty looks better than it is, and the record says that there were twenty. What was
named before its runs was not chosen by its result: a prediction, a measurement in turns of two named
sides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from leadline.core.canonical import canonical_json
from leadline.core.compare.difference import is_seed
from leadline.core.metric.contract import moved_by_machine
from leadline.core.record.run import MetricDef, Run
from leadline.core.record.thread import Experiment, Thread
from leadline.core.values import dataclass

_SEED_IN_COMMAND = re.compile(r"((?:^|[-_.])seed[= ])\S+", re.I)


@dataclass(frozen=True)
class Choice:
    """``count``: how many comparisons this one was chosen from, 1 for none. ``words``: from what.
    ``reference_fixed``: the reference is the registered baseline, which nobody chose for this."""

    count: int = 1
    words: str = ""
    reference_fixed: bool = False


NO_CHOICE = Choice()


def choice_of(
    thread: Thread, reference: Sequence[Run], judged: Sequence[Run], metric: str, before: str = ""
) -> Choice:
    """For ``judged`` against ``reference`` in ``metric``, among what had been begun ``before`` (the
    ULID of the record that chose; "" for now)."""
    if not reference or not judged:
        return NO_CHOICE
    definition = thread.metrics.get(metric) or MetricDef(metric)
    if moved_by_machine(definition) and _in_turns(reference) & _in_turns(judged):
        return (
            NO_CHOICE  # judged by the blocks alone, whose sides were named before the first of them
        )
    pool = [e for e in thread.experiments.values() if not before or e.runs[0].uid < before]
    families = [_family(thread, side, pool, metric) for side in (judged, reference)]
    if _was_baseline(thread, reference, judged):
        own = {_configuration(run) for run in reference}
        count = len(families[0] - own)
        return Choice(max(1, count), _words(count, count), True)
    together = families[0] | families[1]
    count = len(families[0]) * len(families[1])
    if families[0] & families[1]:
        count = len(together) * (len(together) - 1) // 2
    return Choice(max(1, count), _words(count, len(together)))


def _in_turns(runs: Iterable[Run]) -> set[str]:
    return {str(name) for run in runs if (name := run.design.get("interleaving"))}


def _words(count: int, configurations: int) -> str:
    return f"a choice from {configurations} configurations" if count > 1 else ""


def _was_baseline(thread: Thread, reference: Sequence[Run], judged: Sequence[Run]) -> bool:
    """Whether ``reference`` was a registered baseline before the last of ``judged`` began."""
    named = {run.experiment for run in reference}
    last = max(run.uid for run in judged)
    return any(
        item.uid < last and thread.shown(str(item.body["experiment"]), item.refs) in named
        for item in thread.of_kind("baseline")
        if not item.retracted
    )


def _family(
    thread: Thread, side: Sequence[Run], pool: Iterable[Experiment], metric: str
) -> set[str]:
    """The configurations that ``side`` stands among: the cells of its sweeps, else all experiments
    that were run one by one."""
    sweeps = {_sweep(thread, run.experiment) for run in side}
    return {_configuration(run) for run in side} | {
        _configuration(first)
        for experiment in pool
        if not (first := experiment.runs[0]).design.get("interleaving")
        and first.design.get("sweep") in sweeps
        and any(run.is_evidence and metric in run.metrics for run in experiment.runs)
    }


def _sweep(thread: Thread, experiment: str) -> str | None:
    found = thread.experiments.get(experiment)
    return found.runs[0].design.get("sweep") if found is not None and found.runs else None


def _configuration(run: Run) -> str:
    """What is the same in repeats: config without its seeds, command, code."""
    config = {k: v for k, v in run.config.items() if not is_seed(k)}
    command = _SEED_IN_COMMAND.sub(r"\1*", " ".join(run.argv)) if not run.config else ""
    return canonical_json([config, command, run.code.get("tree")])
