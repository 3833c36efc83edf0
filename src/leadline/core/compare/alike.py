"""Runs of the same command, config and code as a side's that the side leaves out.

Whoever measures twice and names the better time has chosen, and the record has both: a side that is
named by its experiments is judged with and without what is alike, and the weaker of both stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from leadline.core.canonical import canonical_json
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread


def runs_alike(thread: Thread, side: Sequence[Run]) -> list[Run]:
    """All runs of the commands, configs and codes of ``side``, whatever became of them."""
    keys = {run.key for run in side if run.key}
    if not keys:
        return []
    runs = thread.runs if thread.kept is None else thread.kept.runs_alike(sorted(keys))
    return [run for run in runs if run.key in keys]


def left_out(
    alike: Sequence[Run], side: Sequence[Run], metric: str, named: Collection[str]
) -> list[Run]:
    """Those of ``alike`` that are as good evidence of ``metric`` as ``side``, made on the same machine
    with the same data and ruler, and not ``named`` (by uid)."""
    places = [_place(run) for run in side]
    others = [run for run in alike if run.uid not in named and run.is_evidence]
    return [
        run
        for run in others
        if metric in run.metrics and not is_beside(run) and _place(run) in places
    ]


def apart_by_side(found: Mapping[str, Sequence[Run]]) -> dict[str, list[Run]]:
    """Without those that two sides have alike: of the same thing measured twice nothing is left out."""
    times = Counter(uid for runs in found.values() for uid in {run.uid for run in runs})
    return {side: [run for run in runs if times[run.uid] == 1] for side, runs in found.items()}


def is_beside(run: Run) -> bool:
    """A warm-up, or a run of the baseline against itself."""
    return bool(run.design.get("warmup") or run.design.get("null"))


def _place(run: Run) -> tuple[str, str, str]:
    ruler = run.ruler.get("declared") or run.ruler.get("named")
    data = canonical_json([run.data_files, run.stdin, ruler])
    return str(run.hardware.get("host") or ""), run.executor, data
