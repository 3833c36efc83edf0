"""How far the best result has come by the stop criteria, as far as these can be read.

A criterion is a person's sentence. What stands in it as a metric, a sign and a number is counted over the runs of the
best result; where, how often and how sure is left to whoever reads it.

>>> bounds_in("time_ms < 5 ms on 2 shapes, max_err<=1e-3", {"time_ms": "ms", "max_err": ""})
[Bound(metric='time_ms', limit='<5'), Bound(metric='max_err', limit='<=1e-3')]
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from leadline.core.metric.limit import within
from leadline.core.record.thread import Thread
from leadline.core.typed import NamedTuple
from leadline.core.view import facts
from leadline.core.view.page import Best

_SIGNS = {"≤": "<=", "≥": ">="}
_JOINS = (
    "and",
    "or",
    "on",
    "at",
    "in",
    "for",
    "with",
    "over",
    "by",
    "across",
    "while",
    "when",
    "to",
)
_BOUND = (
    r"(?<![\w.-]){name}\s*(?P<sign>[<>]=?|[≤≥])\s*"
    r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\d.]\d)\s?(?P<word>[^\W\d]\w*|%)?"
)


class Bound(NamedTuple):
    """``limit``: a sign and a number, as of a metric's limit."""

    metric: str
    limit: str


class Reading(NamedTuple):
    """In how many of the best result's ``n`` runs with the metric the bound is ``kept``."""

    bound: Bound
    kept: int
    n: int


def bounds_in(text: str, units: Mapping[str, str]) -> list[Bound]:
    """Those of the metrics that ``units`` names. A number with a word behind it that is neither the
    metric's unit nor joins the next part of the sentence may be in another unit: it is none."""
    found = []
    for name, unit in units.items():
        for m in re.finditer(_BOUND.replace("{name}", re.escape(name)), text):
            if m["word"] in (None, unit, "x", *_JOINS):
                limit = _SIGNS.get(m["sign"], m["sign"]) + m["number"]
                found.append((m.start(), Bound(name, limit)))
    return [bound for _, bound in sorted(found)]


def stop_readings(thread: Thread, best: Best | None) -> list[Reading]:
    """None where nothing of the criteria can be read, or there is no best."""
    criteria = facts.listed(thread.about.get("stop"))
    if best is None or not criteria:
        return []
    runs = best.experiment.evidence_runs
    names = dict.fromkeys(name for run in runs for name in (*run.metrics, *run.nonfinite))
    units = {name: facts.definition(thread, name).unit for name in names}
    found = []
    for bound in dict.fromkeys(b for text in criteria for b in bounds_in(text, units)):
        having = [
            run for run in runs if bound.metric in run.metrics or bound.metric in run.nonfinite
        ]
        kept = [r for r in having if within(bound.limit, r.metrics.get(bound.metric, float("nan")))]
        found.append(Reading(bound, len(kept), len(having)))
    return found
