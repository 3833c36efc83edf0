"""Whether a text says the other way round than its claim shows, or of another metric: "slower" over a
claim that shows faster, "faster" over an equivalence, "accuracy rises" over a claim about time.

Judged only where it is plain: what the metric is comes from its unit, its contract and its name, and
who is meant from the values by which the sides differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from leadline.core.evidence.evaluate import ClauseResult
from leadline.core.evidence.predicate import Subject
from leadline.core.metric.units import dimension
from leadline.core.patterns import later
from leadline.core.record.run import MetricDef
from leadline.core.text.directions import (
    BETTER,
    COST,
    FASTER,
    HIGHER,
    LOSS,
    LOWER,
    MEMORY,
    RATE,
    SCORE,
    SLOWER,
    TIME,
    Direction,
    directions,
)
from leadline.core.text.intention import part_before
from leadline.core.text.quantity import without_code
from leadline.core.text.strong_words import COMPARES, StrongWord, is_stated

_OF_DIMENSION = {"time": TIME, "memory": MEMORY, "energy": COST, "power": COST, "bandwidth": RATE}
_OF_NAME = (
    (RATE, r"throughput|bandwidth|speed|rate|qps|tflops|mfu|per_s"),
    (TIME, r"time|latency|duration|runtime|seconds|ms|wall"),
    (MEMORY, r"mem|memory|vram|rss|bytes"),
    (SCORE, r"acc|accuracy|recall|precision|score|auc|f1|bleu"),
    (LOSS, r"loss|ppl|perplexity|error|nll|mse|mae|rmse|bpb"),
    (COST, r"cost|energy|power|joules"),
)
_LESS_IS_BETTER = frozenset([TIME, MEMORY, LOSS, COST])
_SPEED = frozenset([TIME, RATE])
_LEARNS = later(r"\b(?:learn|converg|train)\w*\s+$", re.I)
# "a larger warm-up", "the spread is larger": neither is of the metric
_OF_ANOTHER_THING = later(
    r"<\s(?!(?:than|in|on|at|with|for|by|and|but|or|now|here|again|when|while|because|as|to|if|too|still|so|once|"
    r"under|over|across|from|of|everywhere|there|both|numbers?|values?)\b)[a-z]|\b(?:spread|variance|variation|interval|"
    r"scatter|jitter|difference|gap|distance|batch|window|warm-?up|queue|budget|sample)s?\b[^<;,]*<",
    re.I,
)
_OF_A_SIZE = later(r"\b(?:by|of)\s+<\s+than\b", re.I)  # "changes it by less than 0.1"
RELATIVE = later(r"ratio|speed-?up|gain|improve|delta|diff|relative|reduction|_vs_|win", re.I)


def contradictions(
    text: str, results: list[ClauseResult], metrics: Mapping[str, MetricDef], own: bool
) -> Iterator[tuple[Direction, str]]:
    """Words of ``text`` that none of ``results`` shows, and why. ``own``: it is the claim's, and may
    not speak of another metric either."""
    compared = [r for r in results if r.clause.right is not None]
    if not compared or any(RELATIVE.search(r.clause.metric) for r in compared):
        return
    kinds = {r.clause.metric: _kind(r.clause.metric, metrics) for r in compared}
    prose = without_code(text)
    for said in directions(text):
        if not is_stated(StrongWord(said.start, said.word, COMPARES), prose):
            continue
        if _OF_A_SIZE.search(f"{prose[: said.start]}<{prose[said.start + len(said.word) :]}"):
            continue
        if said.way in (FASTER, SLOWER) and _LEARNS.search(prose[: said.start]):
            continue  # in steps, of which a loss may tell as well as a time
        if (
            said.way in (LOWER, HIGHER)
            and not said.of
            and _OF_ANOTHER_THING.search(
                f"{part_before(prose, said.start)}<{prose[said.start + len(said.word) :]}"
            )
        ):
            continue
        of = said.of or (RATE if said.way in (FASTER, SLOWER) else "")
        alike = [r for r in compared if not of or _alike(of, kinds[r.clause.metric])]
        if not alike:
            if own and all(kinds.values()):
                yield said, f"is of another metric: the form compares {', '.join(kinds)}"
            continue
        ways = [_shown(said, of, r, kinds[r.clause.metric], metrics, prose) for r in alike]
        if ways and all(way is False for way in ways):
            forms = " and ".join(r.clause.format() for r in alike)
            yield said, f"is not what the form says: {forms}"


def _kind(metric: str, metrics: Mapping[str, MetricDef]) -> str:
    definition = metrics.get(metric)
    known = dimension(definition.unit) if definition else ""
    if known.endswith("rate"):
        return RATE
    if known in _OF_DIMENSION:
        return _OF_DIMENSION[known]
    parts = re.split(r"[._/:@ -]", metric.lower())
    return next(
        (kind for kind, words in _OF_NAME if any(re.fullmatch(words, p) for p in parts)), ""
    )


def _alike(said: str, kind: str) -> bool:
    return said == kind or {said, kind} <= _SPEED


def _shown(
    said: Direction,
    of: str,
    result: ClauseResult,
    kind: str,
    metrics: Mapping[str, MetricDef],
    prose: str,
) -> bool | None:
    """Whether ``result`` shows what ``said`` says; None where that is not plain."""
    lower = _means_lower(said, of, kind, result.clause.metric, metrics)
    clause = result.clause
    if lower is None or clause.right is None:
        return None
    if clause.op == "~=":
        return False
    if _of_the_right(said, prose, clause.subject, clause.right):
        lower = not lower
    left, right = result.left.mean, result.right.mean if result.right else None
    shows_lower = clause.op in ("<", "<=")
    slack = clause.factor > 1 if shows_lower else clause.factor < 1
    if slack and left is not None and right is not None:  # "not more than 1.1 times": by the means
        shows_lower = left < right / clause.factor
    return lower == shows_lower


def _means_lower(
    said: Direction, of: str, kind: str, metric: str, metrics: Mapping[str, MetricDef]
) -> bool | None:
    """Whether ``said`` says that the metric has the lower number."""
    if said.way in (FASTER, SLOWER):
        return (kind == TIME) == (said.way == FASTER) if kind in _SPEED else None
    if said.way in (LOWER, HIGHER):
        if not said.of and said.word.lower() in ("less", "more", "fewer", "cut", "cuts", "longer"):
            return None
        turned = bool(said.of) and {of, kind} == _SPEED
        return (said.way == LOWER) != turned
    definition = metrics.get(metric)
    good = definition.direction if definition else ""
    if good not in ("lower", "higher"):
        good = {True: "lower", False: "higher"}[kind in _LESS_IS_BETTER] if kind else ""
    return (good == "lower") == (said.way == BETTER) if good else None


def _of_the_right(said: Direction, prose: str, left: Subject, right: Subject) -> bool:
    """Whether the right side is who is said to be so: "old is slower", "slower than new"."""
    ours, theirs = _names(left) - _names(right), _names(right) - _names(left)
    before = part_before(prose, said.start)
    last = {side: _last(names, before) for side, names in (("l", ours), ("r", theirs))}
    if last["l"] != last["r"]:
        return last["r"] > last["l"]
    than = re.match(r"[^.;]*?\bthan\s+(?:the\s+)?(\S+)", prose[said.start :])
    return bool(than) and _last(ours, than[1] if than else "") >= 0


def _names(subject: Subject) -> set[str]:
    values = {f"{value}" for _, value in subject.selectors}
    return {name.lower() for name in (values | {subject.name}) - {""}}


def _last(names: set[str], text: str) -> int:
    return max(
        (
            m.start()
            for name in names
            for m in re.finditer(rf"(?i)(?<!\w){re.escape(name)}(?!\w)", text)
        ),
        default=-1,
    )
