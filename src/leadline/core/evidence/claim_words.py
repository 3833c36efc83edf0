"""Words of a claim that say more than its checkable form: "no effect", "significant", "the best",
"twice".

A reader remembers the words and not the predicate, so the words are held against what the predicate
bears. The check knows a few words and no grammar: it can be got round by other words, and it errs
towards asking for plainer ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from leadline.core.canonical import canonical_json
from leadline.core.compare.compare import number
from leadline.core.evidence.evaluate import ClauseResult
from leadline.core.evidence.predicate import Clause, Predicate, Subject
from leadline.core.record.run import Run
from leadline.core.text.factor_words import COUNTS, factors_in
from leadline.core.text.spans import code_spans
from leadline.core.typed import NamedTuple

_NAMED = 4
_NO_EFFECT = re.compile(
    r"\b(?:(?:no|without(?: any| an)?|zero)\s+(?:\w+\s+)?(?:effect|impact|influence|difference|change|regressions?)"
    r"|does(?: not|n't)\s+(?:affect|change|matter|influence)|makes? no difference|equally (?:fast|good|slow))\b",
    re.I,
)
_SIGNIFICANT = re.compile(r"\bsignificant(?:ly)?\b(?!\s+(?:figure|digit))", re.I)
_BEST = re.compile(
    r"\b(?:best|optimal|optimum|fastest|slowest|worst)\b(?!\s+(?:effort|practice|known))(?:\s+of\s+(?:the\s+)?(\w+))?",
    re.I,
)


class Overclaim(NamedTuple):
    """``word`` as written, ``why`` the form does not bear it, ``honest``: what can be said, or
    claimed, instead."""

    word: str
    why: str
    honest: str


def overclaims(
    text: str,
    predicate: Predicate,
    results: Sequence[ClauseResult],
    resolve: Callable[[Subject], list[Run]],
    runs: Callable[[], Iterable[Run]],
) -> list[Overclaim]:
    """The words of ``text`` that ``predicate`` does not bear, in reading order. ``results``: its
    clauses as evaluated; ``resolve``: the runs of a subject; ``runs``: all of the thread, for what
    else was tried."""
    prose = text
    for start, end in code_spans(text):
        prose = prose[:start] + " " * (end - start) + prose[end:]
    found: list[tuple[int, Overclaim]] = []
    for m in _NO_EFFECT.finditer(prose):
        if not any(r.clause.op == "~=" and r.lasting for r in results):
            found.append((m.start(), _no_effect(m[0], results)))
    for m in _SIGNIFICANT.finditer(prose):
        if not results or not all(r.supported for r in results):
            found.append((m.start(), _significant(m[0], results)))
    for m in _BEST.finditer(prose):
        if lacking := _best(m[0].split()[0], m[1] or "", predicate, resolve, runs):
            found.append((m.start(), lacking))
    for start, word, factor in factors_in(prose):
        if not any(_bears_factor(r, factor) for r in results):
            found.append((start, _times(word, factor, predicate)))
    return [overclaim for _, overclaim in sorted(found, key=lambda pair: pair[0])]


def _no_effect(word: str, results: Sequence[ClauseResult]) -> Overclaim:
    said = [r for r in results if r.clause.op == "~="]
    if said:
        low, high, reach = said[0].interval.low, said[0].interval.high, said[0].tolerance
        why = f"the equivalence is not shown: the difference may be {number(low)} to {number(high)}, allowed is "
        return Overclaim(
            word, f"'{word}': {why}+- {number(reach)}", "say 'no difference was shown', with n"
        )
    clause = results[0].clause if results else None
    example = (
        f"{clause.metric}({clause.subject.format()}) ~= ... +- 2%"
        if clause
        else "METRIC(A) ~= METRIC(B) +- 2%"
    )
    known = next((r.interval for r in results if r.interval.known), None)
    left = (
        f"; these runs leave open a difference of {number(known.low)} to {number(known.high)}"
        if known
        else ""
    )
    return Overclaim(
        word,
        f"'{word}' needs a clause that can show it, an equivalence, and not only a difference that was not seen",
        f"claim --that '{example}', or say 'no difference was shown'{left}",
    )


def _significant(word: str, results: Sequence[ClauseResult]) -> Overclaim:
    weak = next((r for r in results if not r.supported), None)
    if weak is None or not weak.interval.known:
        reason = f": {weak.interval.reason}" if weak and weak.interval.reason else ""
        return Overclaim(
            word, f"'{word}' needs an interval, and there is none{reason}", "say 'observed', and n"
        )
    span = f"{number(weak.interval.low)} to {number(weak.interval.high)}"
    return Overclaim(
        word,
        f"'{word}' needs an interval beyond the margin; that of {weak.clause.format()} is {span}",
        f"say 'observed', with the interval {span} and n = {weak.left.n}",
    )


def _one_value(runs: list[Run], key: str) -> str | None:
    values = {
        canonical_json(run.config[key]) for run in runs if run.is_evidence and key in run.config
    }
    return next(iter(values)) if len(values) == 1 else None


def _compared(
    clauses: Sequence[Clause], resolve: Callable[[Subject], list[Run]]
) -> dict[str, set[str]]:
    """Config key to the values that are compared on it: the left side's and each right side's."""
    per_key: dict[str, set[str]] = {}
    for i, clause in enumerate(clauses):
        left, right = resolve(clause.subject), resolve(clause.right or Subject())
        keys = {k for run in left for k in run.config}
        pairs = {k: (_one_value(left, k), _one_value(right, k)) for k in keys}
        differ = {
            k: {a, b} for k, (a, b) in pairs.items() if a is not None and b is not None and a != b
        }
        per_key = {
            k: per_key.get(k, set()) | v for k, v in differ.items() if i == 0 or k in per_key
        }
    return per_key


def _best(
    word: str,
    of: str,
    predicate: Predicate,
    resolve: Callable[[Subject], list[Run]],
    runs: Callable[[], Iterable[Run]],
) -> Overclaim | None:
    clauses = [c for c in predicate.clauses if c.right is not None and c.op != "~="]
    compared = _compared(clauses, resolve)
    if not compared:
        why = f"'{word}' compares with every other value tried, and the checkable form compares with none on one axis"
        return Overclaim(
            word, why, "say what it was compared with, or add a clause for each other value"
        )
    metric = clauses[0].metric
    lacking: dict[str, list[str]] = {}
    for key in sorted(compared):
        tried = {
            canonical_json(r.config[key])
            for r in runs()
            if r.is_evidence and metric in r.metrics and key in r.config
        }
        lacking[key] = sorted(tried - compared[key])
    key = min(lacking, key=lambda k: (len(lacking[k]), k))
    n = len(compared[key])
    said = int(of) if of.isdigit() else COUNTS.get(of.lower())
    if said is not None:
        if said == n:
            return None
        return Overclaim(
            word,
            f"'{word} of {of}': the checkable form compares {n} values of {key}",
            f"say 'of {n}'",
        )
    if not lacking[key]:
        return None
    others = ", ".join(lacking[key][:_NAMED]) + (", …" if len(lacking[key]) > _NAMED else "")
    return Overclaim(
        word,
        f"'{word}': {n} of {n + len(lacking[key])} tried values of {key} are compared, not {others}",
        f"say '{word} of {n}', or add a clause for {key} = {others}",
    )


def _bears_factor(result: ClauseResult, factor: float) -> bool:
    """A supported clause that asks for the factor itself: at most 1/factor of the right side, or at
    least factor."""
    clause = result.clause
    if clause.right is None or not result.supported:
        return False
    slack = 1e-9 * factor
    if clause.op in ("<", "<="):
        return clause.factor <= 1.0 / factor + slack
    return clause.op in (">", ">=") and clause.factor >= factor - slack


def _times(word: str, factor: float, predicate: Predicate) -> Overclaim:
    why = f"'{word}' is a factor of {factor:g}, which no supported clause of the checkable form asks for"
    if not predicate.clauses:
        return Overclaim(word, why, "cite the ratio that was reported")
    clause = predicate.clauses[0]
    right = (
        f"{clause.right_metric}({clause.right.format()})"
        if clause.right
        else f"{clause.metric}(baseline)"
    )
    times = 1.0 / factor if clause.op in ("<", "<=") else factor
    return Overclaim(
        word,
        why,
        f"claim --that '{clause.metric}({clause.subject.format()}) {clause.op} {times:.3g} * {right}', "
        "or cite the measured ratio",
    )
