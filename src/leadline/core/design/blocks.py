"""What two sides measured in turns say: the ratio of their blocks, its interval, a verdict.

The interval is valid at every look (``core/stats/sequential.py``), so that a measurement may stop
as soon as its answer stands; a recorded one is judged again from its runs by the same code.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from leadline.core.design.interleave import ORDERS, block_value
from leadline.core.errors import usage
from leadline.core.extract.draws import unequal_draws
from leadline.core.metric.contract import counted_exactly
from leadline.core.metric.items import facts_in
from leadline.core.record.run import MetricDef, Run
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.stats.sequential import METHOD, SymmetricSequence
from leadline.core.timestamps import number
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.bodies import BlocksJudged, SideOfAb

    class Measured(BlocksJudged, total=False):
        """What the blocks of a measurement say, and how it went."""

        id: str
        why_stopped: str
        failed_blocks: list[str]
        experiments: dict[str, str]

    class MeasuredNow(Measured, total=False):
        interrupted: bool
        wall_s: float

    class MeasuredBefore(Measured, total=False):
        at: str
        a: SideOfAb | None
        b: SideOfAb | None
        seed: int | None
        order: str | None


EXACT = "exact"
WALL = "wall_s"
WALL_METRIC = MetricDef(WALL, "s", "lower", observed="machine")


def definition_of(thread: Thread, metric: str) -> MetricDef:
    """What a measured metric means; the wall time of a run needs no definition."""
    return WALL_METRIC if metric == WALL else thread.metrics.get(metric) or MetricDef(metric)


def judge(
    blocks: list[dict[str, list[float]]],
    definition: MetricDef,
    alpha: float,
    equivalent: float | None,
) -> BlocksJudged:
    """What the blocks say: ``estimate``, ``low``, ``high`` of the ratio b / a (of the difference b
    - a when a value is not above zero: ``as_ratio`` False), ``shown``, ``verdict``, ``e_value``,
    ``n_blocks`` and a ``sentence``."""
    as_ratio = all(v > 0.0 for block in blocks for side in block.values() for v in side)
    values = [v for block in blocks if (v := block_value(block, as_ratio)) is not None]
    sequence = SymmetricSequence(alpha, values)
    interval, centre = sequence.interval(), sequence.estimate()

    def back(value: float | None) -> float | None:
        return math.exp(value) if as_ratio and value is not None else value

    low, high, estimate = back(interval.low), back(interval.high), back(centre)
    shown, method = bool(values) and sequence.rejects(0.0), METHOD
    if values and _is_exact(blocks, definition):
        low = high = estimate
        shown, method = bool(centre), EXACT
    margin = ""
    if equivalent is not None and as_ratio and low is not None and high is not None:
        inside = 1.0 / (1.0 + equivalent) < low and high < 1.0 + equivalent
        outside = low > 1.0 + equivalent or high < 1.0 / (1.0 + equivalent)
        margin = "outside" if outside else "across"
        if inside:
            margin = "within"
    verdict = "no difference shown" if values else "cannot be compared"
    if shown and centre is not None:
        better = {"lower": centre < 0.0, "higher": centre > 0.0}.get(definition.direction)
        verdict = {None: "different", True: "better", False: "worse"}[better]
    if equivalent is not None and values and margin != "outside":
        verdict = "equivalent" if margin == "within" else "not shown equivalent"
    result: BlocksJudged = {
        "metric": definition.name,
        "unit": definition.unit,
        "direction": definition.direction,
        "as_ratio": as_ratio,
        "estimate": estimate,
        "low": low,
        "high": high,
        "confidence": 1.0 - alpha,
        "method": method,
        "n_blocks": len(values),
        "e_value": sequence.e_value(0.0),
        "shown": shown,
        "margin": margin,
        "verdict": verdict,
        "reason": interval.reason,
    }
    result["sentence"] = _sentence(result, equivalent)
    return result


def _is_exact(blocks: list[dict[str, list[float]]], definition: MetricDef) -> bool:
    """Whether a count came out alike in every run of a side: there is nothing to estimate."""
    sides = ({v for block in blocks for v in block.get(side, ())} for side in ("a", "b"))
    return counted_exactly(definition) and all(len(values) == 1 for values in sides)


def _sentence(result: BlocksJudged, equivalent: float | None) -> str:
    what = "ratio b / a" if result["as_ratio"] else "difference b - a"
    if result["estimate"] is None:
        return "no whole block: nothing is known"
    tail = "" if result["as_ratio"] or not result["unit"] else f" {result['unit']}"
    if result["low"] is None or result["high"] is None:
        return f"{what} {number(result['estimate'])}{tail}, not bounded: {result['reason']}"
    if result["method"] == EXACT:
        return f"{what} exactly {number(result['estimate'])}{tail}, the same in every run"
    span = f"{number(result['low'])} to {number(result['high'])}{tail}"
    share = f"{result['confidence'] * 100:.4g} % interval"
    said = f"{what} {number(result['estimate'])}, {share} {span}, valid at every look"
    if equivalent is not None:
        said += f"; margin {equivalent * 100:.4g} %"
    return said


def held_to_draws(
    result: BlocksJudged, runs: Mapping[str, Sequence[Run]], definition: MetricDef
) -> None:
    """Takes the verdict back where the side that shows an extreme was let draw more of them."""
    metric = result["metric"]
    draws = unequal_draws(runs.get("a", ()), runs.get("b", ()), metric, metric, definition)
    centre = result["estimate"]
    if draws is None or centre is None:
        return
    equal = 1.0 if result["as_ratio"] else 0.0
    decides = draws.decides(None if result["margin"] else centre - equal)
    if decides:
        result["verdict"] = "exploratory only"
    result["sentence"] += "; " + (draws.why if decides else draws.words)


def progress(result: BlocksJudged) -> str:
    """One line about a measurement that is going on."""
    if result["estimate"] is None:
        return "no whole block yet"
    if result["low"] is None or result["high"] is None:
        return f"{result['estimate']:.4g}, not bounded yet"
    return f"{result['estimate']:.4g} ({result['low']:.4g} to {result['high']:.4g})"


def result_of(thread: Thread, item: Experiment | Run | Item) -> MeasuredBefore:
    """The result of a recorded measurement, computed again from its runs: a retracted run takes its
    block with it.

    Raises LeadlineError(usage) when ``item`` is no interleaved measurement.
    """
    if not is_a(item, "interleaving"):
        raise usage(
            "not-an-interleaving",
            f"{item.id} is no interleaved measurement",
            why=f"their ids look like {thread.prefix}-I1",
            do=f"leadline show {item.id}",
        )
    metric = str(item.body.get("metric") or WALL)
    definition = definition_of(thread, metric)
    by_block: dict[int, dict[str, list[float]]] = {}
    runs: dict[str, list[Run]] = {"a": [], "b": []}
    whole = ORDERS.get(str(item.body.get("order")), ORDERS["abba"])[0]
    experiments: dict[str, str] = {}
    items: str | None = None
    for run in sorted(thread.runs, key=lambda r: r.uid):
        if run.design.get("interleaving") != item.uid:
            continue
        side = str(run.design.get("side"))
        experiments.setdefault(side, run.experiment)
        value = (
            run.wall_s if metric == WALL and WALL not in run.metrics else run.metrics.get(metric)
        )
        counts = run.is_evidence or (bool(run.design.get("null")) and _ended_well(run))
        if not counts or value is None:
            continue
        found = str((facts_in(run, metric) or {}).get("set", ""))
        items = found if items is None else items
        if found == items:  # as while it was measured: a block over other items is left out
            by_block.setdefault(int(run.design["block"]), {"a": [], "b": []})[side].append(value)
            runs[side].append(run)
    blocks = [
        by_block[n]
        for n in sorted(by_block)
        if all(len(by_block[n][side]) == whole.count(side) for side in "ab")
    ]
    stop = item.body.get("stop") or {}
    result = judge(blocks, definition, float(item.body.get("alpha", 0.05)), stop.get("equivalent"))
    held_to_draws(result, runs, definition)
    ended = item.body.get("ended") or {}
    return {
        "id": item.id,
        "at": item.at,
        **result,
        "why_stopped": ended.get("why_stopped", "it has not ended, or was cut off"),
        "failed_blocks": ended.get("failed_blocks", []),
        "experiments": experiments,
        "a": item.body.get("a"),
        "b": item.body.get("b"),
        "seed": item.body.get("seed"),
        "order": item.body.get("order"),
    }


def _ended_well(run: Run) -> bool:
    return (
        run.state == "done"
        and not run.retracted
        and not run.superseded_by
        and not run.design.get("warmup")
    )
