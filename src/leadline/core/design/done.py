"""Which cells of a sweep were run, and how long the rest will take.

What is done is looked up by command, config and code: the record is the only memory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import leadline.core.design.cells as plans
from leadline.core.errors import not_found, usage
from leadline.core.record.run import TERMINAL_STATES, Run, run_key
from leadline.core.record.thread import Item, Thread, is_a
from leadline.core.typed import TYPE_CHECKING, Any, TypedDict
from leadline.core.values import dataclass

if TYPE_CHECKING:
    from leadline.core.record.bodies import SweepBody


def key_of_cell(body: SweepBody, cell: plans.Cell, tree: Any) -> str:
    """The key its runs have at a code state."""
    argv = plans.fill(body["argv"], cell)
    config = {**body["config"], **cell}
    return run_key(argv, body["cwd"], config, tree)


def runs_of_cells(
    thread: Thread, body: SweepBody, tree: Any, only: str = "", own: str = ""
) -> list[list[Run]]:
    """For each cell the runs of its command, config and extraction at that code state, on the
    executor that the sweep names; ``only`` those of one sweep's uid. ``own``: the uid of the sweep,
    whose runs are its own wherever somebody went on with it."""
    where = body.get("executor")
    by_key: dict[str, list[Run]] = {}
    for run in thread.runs:
        if (
            run.key
            and (not where or run.executor == where or own == run.design.get("sweep"))
            and (not only or run.design.get("sweep") == only)
            and thread.experiments[run.experiment].stands
        ):
            by_key.setdefault(run.key, []).append(run)
    known = _values_run(thread, by_key, list(body["axes"]))
    return [
        _read_alike(by_key.get(key_of_cell(body, cell, tree), []), body, cell)
        if _may_be_run(cell, known)
        else []
        for cell in _in_one_order(body)
    ]


def _read_alike(runs: list[Run], body: SweepBody, cell: plans.Cell) -> list[Run]:
    """Those whose numbers were read as the sweep means to read them."""
    wanted = plans.read_from(body.get("extract") or [], cell) if runs else []
    return [run for run in runs if run.extract == wanted]


def _may_be_run(cell: plans.Cell, known: set[tuple[Any, ...]]) -> bool:
    try:
        return tuple(cell.values()) in known
    except TypeError:  # a mapping or a list: no plan of ours has such a cell
        return False


def _in_one_order(body: SweepBody) -> list[plans.Cell]:
    """The cells with their axes in the order of ``axes``."""
    axes = list(body["axes"])
    return [
        cell if list(cell) == axes else {name: cell[name] for name in axes if name in cell}
        for cell in body["cells"]
    ]


def _values_run(
    thread: Thread, by_key: dict[str, list[Run]], axes: Sequence[str]
) -> set[tuple[Any, ...]]:
    """The values on ``axes`` that some run had, as planned. A cell with others was not run, and one
    look in a set says so: the key takes a hundred times as long, and a plan may have a million
    cells. A cell with these values need not have been run (1 is 1.0 here, and the command may
    differ); its key decides."""
    uids = {run.uid for runs in by_key.values() for run in runs}
    found = set()
    for record in thread.records:
        if record.kind == "run-planned" and record.id in uids:
            config = record.body.get("config") or {}
            values = tuple(config.get(name) for name in axes)
            # No cell has a mapping or a list.
            if not any(isinstance(value, (dict, list)) for value in values):
                found.add(values)
    return found


def one_axis_missing(thread: Thread, axes: Sequence[str]) -> list[str]:
    """The axes without a result that varies them alone: two values of it, everything else in the
    config the same."""
    missing = []
    for axis in axes:
        seen: dict[str, set[str]] = {}
        for run in thread.runs:
            if run.is_evidence and axis in run.config:
                rest = plans.key_of({k: v for k, v in run.config.items() if k != axis})
                seen.setdefault(rest, set()).add(plans.same(run.config[axis]))
        if not any(len(values) > 1 for values in seen.values()):
            missing.append(axis)
    return missing


class Estimate(TypedDict):
    """``seconds``: None when nothing like it was run."""

    seconds: float | None
    from_runs: int


@dataclass(frozen=True)
class Preview:
    """What a sweep would do. ``done`` and ``missing``: how many runs of each cell there are, and
    how many it would make."""

    body: SweepBody
    done: list[int]
    missing: list[int]
    jobs: int
    estimate: Estimate
    one_axis_missing: list[str]

    @property
    def to_run(self) -> int:
        return sum(self.missing)

    def as_dict(self, most: int) -> dict[str, object]:
        """Of the lists by cell the first ``most``; the counts are whole."""
        return {
            **self.body,
            "cells": self.body["cells"][:most],
            "done": self.done[:most],
            "missing": self.missing[:most],
            "to_run": self.to_run,
            "jobs": self.jobs,
            "estimate": self.estimate,
            "one_axis_missing": self.one_axis_missing,
        }


def estimate(thread: Thread, body: SweepBody, missing: Sequence[int], jobs: int) -> Estimate:
    """Seconds that the missing runs will take, from past runs: of the same cell, else the median of
    the same command template. ``seconds`` is None when nothing like it was run."""
    from statistics import median  # noqa: PLC0415  start-up: 4.3 ms

    shape = [
        re.compile(".*".join(map(re.escape, _split(text))) + r"\Z", re.DOTALL)
        for text in body["argv"]
    ]
    alike: list[float] = []
    own: dict[tuple[str, ...], list[float]] = {}
    for run in thread.runs:
        if run.state != "done" or run.wall_s is None or len(run.argv) != len(shape):
            continue
        if all(pattern.match(text) for pattern, text in zip(shape, run.argv, strict=True)):
            alike.append(run.wall_s)
            own.setdefault(tuple(run.argv), []).append(run.wall_s)
    if not alike:
        return {"seconds": None, "from_runs": 0}
    usual = median(alike)
    expected = {argv: median(walls) for argv, walls in own.items()}
    filled = plans.filler(body["argv"])
    total = sum(
        n * expected.get(tuple(filled(cell)), usual)
        for n, cell in zip(missing, body["cells"], strict=True)
        if n
    )
    return {"seconds": total / jobs, "from_runs": len(alike)}


def _split(text: str) -> list[str]:
    """The literal parts of one argument of a template."""
    mark = "\0"
    return plans.fill([text], dict.fromkeys(plans.placeholders([text]), mark))[0].split(mark)


def done_of(runs: Sequence[Run]) -> int:
    """Runs that count, and those still under way (their watcher died, the job did not)."""
    return sum(run.is_evidence or run.state not in TERMINAL_STATES for run in runs)


def find_sweep(thread: Thread, shown: str = "") -> Item[SweepBody]:
    """The sweep named, else the last one. Raises LeadlineError(not_found | usage)."""
    sweeps = thread.of_kind("sweep")
    if not shown:
        if not sweeps:
            raise not_found(
                "no-sweep",
                "this thread has no sweep",
                do="leadline sweep --axis NAME=A,B -- CMD {NAME}",
            )
        return sweeps[-1]
    found = thread.find(shown)
    if not is_a(found, "sweep"):
        raise usage("not-a-sweep", f"{shown} is no sweep", do="leadline sweep list")
    return found
