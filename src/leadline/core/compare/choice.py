"""Among how many configurations a comparison was chosen.

The best of twenty looks better than it is, and the record says that there were twenty. What was
named before its runs was not chosen by its result: a prediction, a measurement in turns of two named
sides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from leadline.core.canonical import canonical_json
from leadline.core.compare.reruns import is_seed
from leadline.core.metric.contract import moved_by_machine
from leadline.core.patterns import later
from leadline.core.record.rows import RunRow, place_of
from leadline.core.record.run import MetricDef, Run
from leadline.core.record.thread import Experiment, Thread
from leadline.core.typed import NamedTuple
from leadline.core.values import dataclass

_SEED_IN_COMMAND = later(r"((?:^|[-_.])seed[= ])\S+", re.I)


class Arm(NamedTuple):
    """An experiment as something to choose: when it began, its place (``RunRow.place``), its config
    without seeds (else its command), the same with them, its code."""

    uid: str
    place: str
    configuration: str
    whole: str
    tree: str


@dataclass(frozen=True)
class Choice:
    """``count``: how many comparisons this one was chosen from, 1 for none. ``words``: from what.
    ``reference_fixed``: the reference is the registered baseline, and was the only one to register."""

    count: int = 1
    words: str = ""
    reference_fixed: bool = False


NO_CHOICE = Choice()


def choice_of(
    thread: Thread, reference: Sequence[Run], judged: Sequence[Run], metric: str, before: str = ""
) -> Choice:
    """For ``judged`` against ``reference`` in ``metric``, among what may have been begun ``before``
    (the ULID of the record that chose; "" for now)."""
    if not reference or not judged:
        return NO_CHOICE
    definition = thread.metrics.get(metric) or MetricDef(metric)
    if moved_by_machine(definition) and _in_turns(reference) & _in_turns(judged):
        return (
            NO_CHOICE  # judged by the blocks alone, whose sides were named before the first of them
        )
    pool = thread.kept.arms(metric) if thread.kept else arms_of(thread.experiments.values(), metric)
    after = thread.ordered.known_after(before, [arm.uid for arm in pool]) if before else set()
    begun = [arm for arm in pool if arm.uid not in after]
    own = [arm_of(side[0]) for side in (judged, reference)]
    families = [_family(arm, begun) for arm in own]
    if baseline := _registered(thread, reference, judged):
        later = thread.ordered.known_after(baseline, [arm.uid for arm in begun])
        of = len(_family(own[1], [arm for arm in begun if arm.uid not in later]))
        count = (len(families[0]) - ((own[1].configuration, 0) in families[0])) * of
        return Choice(max(1, count), _words(count, max(count // of, of)), of == 1)
    together = families[0] | families[1]
    count = len(families[0]) * len(families[1])
    if families[0] & families[1]:
        count = _pairs(len(together))
        if by_one := _by_one_key(judged, reference, together):
            count = min(count, by_one)
    return Choice(max(1, count), _words(count, len(together)))


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _by_one_key(
    judged: Sequence[Run], reference: Sequence[Run], family: set[tuple[str, int]]
) -> int:
    """How many comparisons there were of all runs at one value of a key with all at another, where the
    sides are two such; 0 where they are not. So many models times so many prompts were run, and asked is
    which model."""
    sides = [[run.config for run in side] for side in (judged, reference)]
    keys = _keys([*sides[0], *sides[1]])
    own, other = (_values(configs, keys) for configs in sides)
    telling = [k for k in keys if len(own[k]) == 1 == len(other[k]) and own[k] != other[k]]
    if len(telling) != 1 or all(len(values) == 1 for values in own.values()):
        return 0  # before all that was run is read
    configs = list[dict[str, object]]()
    seen: dict[str, set[str]] = {}
    for configuration, _ in family:
        configs.append(json.loads(configuration)[0])
        for key, value in configs[-1].items():
            known = seen.setdefault(key, set())
            known.add(canonical_json(value))
            if key not in telling and len(known) > 1 and not known <= own.get(key, set()):
                return 0  # as below, before all of many are read
    levels = _values(configs, _keys(configs))
    held = [key for key in levels if key not in telling and len(levels[key]) > 1]
    if not held or any(own.get(k) != levels[k] or other.get(k) != levels[k] for k in held):
        return 0
    return sum(_pairs(len(values)) for values in levels.values())


def _keys(configs: Iterable[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(key for config in configs for key in config))


def _values(configs: Sequence[Mapping[str, object]], keys: Iterable[str]) -> dict[str, set[str]]:
    """The values of each key, null where a config lacks it."""
    return {key: {canonical_json(config.get(key)) for config in configs} for key in keys}


def _in_turns(runs: Iterable[Run]) -> set[str]:
    return {str(name) for run in runs if (name := run.design.get("interleaving"))}


def _words(count: int, configurations: int) -> str:
    return f"a choice from {configurations} configurations" if count > 1 else ""


def _registered(thread: Thread, reference: Sequence[Run], judged: Sequence[Run]) -> str:
    """The record that made ``reference`` the baseline before the last of ``judged`` began, "" for none.
    What could have been the baseline in its place then was a choice as well: the worst of twenty is
    beaten by anything."""
    named = {run.experiment for run in reference}
    last = max(run.uid for run in judged)
    found = (
        item.uid
        for item in thread.of_kind("baseline")
        if not item.retracted
        and thread.shown(str(item.body["experiment"]), item.refs) in named
        and thread.came_before(item.uid, last)
    )
    return next(found, "")


def arms_of(experiments: Iterable[Experiment], metric: str) -> list[Arm]:
    """One of each experiment that measured ``metric``, withdrawn or not: it was there to choose
    from."""
    return [
        arm_of(experiment.runs[0])
        for experiment in experiments
        if any(metric in run.metrics for run in experiment.runs)
    ]


def arm_of(run: Run | RunRow) -> Arm:
    tree = run.tree if isinstance(run, RunRow) else str(run.code.get("tree", ""))
    place = run.place if isinstance(run, RunRow) else place_of(run)
    config = {k: v for k, v in run.config.items() if not is_seed(k)}
    command = " ".join(run.argv)
    masked = "" if run.config else _SEED_IN_COMMAND.sub(r"\1*", command)
    whole = canonical_json([run.config, "" if run.config else command])
    return Arm(run.uid, place, canonical_json([config, masked]), whole, tree)


def _family(own: Arm, begun: Iterable[Arm]) -> set[tuple[str, int]]:
    """The configurations that ``own`` stands among, itself one of them: the cells of its sweep, else
    all that were run one by one. One that was run again with nothing but other code is as many as
    it had codes; of seeds the most that one seed had."""
    place = "" if own.place.startswith("interleaving") else own.place
    trees: dict[tuple[str, str], set[str]] = {}
    for arm in [own, *(arm for arm in begun if arm.place == place)]:
        trees.setdefault((arm.configuration, arm.whole), set()).add(arm.tree)
    most: dict[str, int] = {}
    for (configuration, _), codes in trees.items():
        most[configuration] = max(len(codes), most.get(configuration, 0))
    return {(configuration, n) for configuration, count in most.items() for n in range(count)}
