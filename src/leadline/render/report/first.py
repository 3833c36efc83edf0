"""The first screen of the report: the page of the thread, and how its best result came about."""

from __future__ import annotations

from html import escape

from leadline.core.record.thread import Experiment, Thread
from leadline.core.stats.inference import mean_interval
from leadline.core.timestamps import number, rounded
from leadline.core.typed import NamedTuple
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf
from leadline.core.view.page import page_of
from leadline.render.page import parts_of
from leadline.render.plot import svg as plot

LINES_MOST = 6
DOTS_SHOWN, STEPS_SHOWN = 400, 100
MOVES_SHOWN = 12


class PagePart(NamedTuple):
    """``left``: lines that are not shown, which ``verb`` shows."""

    title: str
    lines: list[str]
    left: int
    verb: str


def page_parts(thread: Thread, evidence_of: EvidenceOf | None) -> list[PagePart]:
    """What the thread knows, as every output words it."""
    found = []
    for part in parts_of(thread, page_of(thread, evidence_of), evidence_of):
        lines = part.lines.first(min(LINES_MOST, max(part.first, 3)))
        found.append(PagePart(part.title, lines, len(part.lines) - len(lines), part.verb))
    return found


class SoFar(NamedTuple):
    """The best so far, over the experiments in the order in which they were begun."""

    metric: str
    unit: str
    better: str
    svg: str
    y_labels: str
    drawn: int
    of: int
    moves: list[tuple[str, str]]  # (id of the baseline, its experiment)


class _Result(NamedTuple):
    place: int
    id: str
    median: float


class _Step(NamedTuple):
    place: int
    experiment: Experiment
    median: float
    low: float
    high: float


def so_far(thread: Thread) -> SoFar | None:
    """None where no metric has a better direction, or fewer than two experiments have a result."""
    order = facts.order_of(thread)
    if order.direction not in ("lower", "higher"):
        return None
    found = _results(thread, order)
    if len(found) < 2:
        return None
    results = plot.thinned(found, DOTS_SHOWN)
    records = plot.thinned(_records(found, order.direction), STEPS_SHOWN)
    dots, best = ([_step(thread, order, one) for one in some] for some in (results, records))
    y = plot.axis([step.median for step in (*dots, *best)])  # a wide interval ends at its edge
    last = found[-1].place
    places = {one.id: one.place for one in found}
    moves = _moves(thread, places)
    picture = _svg(dots, best, moves, last, y)
    better = f"{order.direction} is better"
    unit = facts.definition(thread, order.metric).unit
    told = [(name, experiment) for name, experiment, _ in moves]
    return SoFar(
        order.metric,
        unit,
        better,
        picture,
        plot.y_labels(y, top=plot.STEPS_TOP_PX),
        len(dots),
        len(found),
        told,
    )


def _results(thread: Thread, order: facts.Order) -> list[_Result]:
    return [
        _Result(place, shown, median)
        for place, (shown, spans) in enumerate(facts.spans(thread), 1)
        if order.metric in spans
        and (median := spans[order.metric][0]) is not None
        and not order.broken(spans)
    ]


def _step(thread: Thread, order: facts.Order, result: _Result) -> _Step:
    experiment, median = thread.experiments[result.id], result.median
    ends = mean_interval(facts.sample_of(experiment.runs, order.metric))
    low = median if ends.low is None else min(ends.low, median)
    high = median if ends.high is None else max(ends.high, median)
    return _Step(result.place, experiment, median, low, high)


def _records(found: list[_Result], direction: str) -> list[_Result]:
    sign = -1.0 if direction == "higher" else 1.0
    best: list[_Result] = []
    for step in found:
        if not best or sign * step.median < sign * best[-1].median:
            best.append(step)
    return best


def _moves(thread: Thread, places: dict[str, int]) -> list[tuple[str, str, int]]:
    """The baselines and where their experiments stand."""
    found = []
    for item in thread.of_kind("baseline"):
        name = thread.shown(str(item.body["experiment"]), item.refs)
        if name in places and not item.retracted:
            found.append((item.id, name, places[name]))
    return found[-MOVES_SHOWN:]


def _svg(
    dots: list[_Step],
    best: list[_Step],
    moves: list[tuple[str, str, int]],
    last: int,
    y: plot.Axis,
) -> str:
    x = plot.axis([1.0, float(last)], 6, logarithmic=False)
    x = x._replace(ticks=tuple(t for t in x.ticks if 1 <= t <= last and t == int(t)))
    return plot.steps(
        [plot.Mark(_said(s), float(s.place), s.median, s.median, s.median) for s in dots],
        [plot.Mark(_said(s), float(s.place), s.median, s.low, s.high) for s in best],
        [(name, float(place)) for name, _, place in moves],
        x._replace(low=min(x.low, 0.5), high=float(last) + 0.5),
        y,
        f"best so far over {last} experiments",
    )


def _said(step: _Step) -> str:
    ends = f" ({rounded(step.low)} to {rounded(step.high)})" if step.low < step.high else ""
    return escape(f"{step.experiment.id} {step.experiment.title}: {number(step.median)}{ends}")
