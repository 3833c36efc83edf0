"""What the runs say of a claim, as a sentence computed from its predicate and its evidence.

The label belongs to this sentence and to no other words: whatever an author writes beside it is gloss. It says what
was measured, not what was hoped for: the direction and the size come from the runs, so that a refuted claim reads as
the opposite. The short form has at most ``SHORT_WORDS`` words, whatever the names and however many marks: it first
leaves out what can be looked up (what else differs, further clauses, the values of an axis), never n, the interval,
the label or that there are marks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from leadline.core.canonical import canonical_json
from leadline.core.compare.config_diff import is_no_cause
from leadline.core.compare.difference import NO_SPREAD, NOT_IN_TURNS
from leadline.core.evidence.found import NO_EVIDENCE, Evidence, Sentence, said_of
from leadline.core.evidence.marks import Mark
from leadline.core.evidence.predicate import Clause, Predicate, Subject
from leadline.core.record.ranks import EARNED
from leadline.core.record.run import MetricDef, Run, program_of
from leadline.core.record.thread import Thread
from leadline.core.timestamps import counted, number, plural, rounded
from leadline.core.typed import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from leadline.core.evidence.evaluate import ClauseResult
    from leadline.core.record.bodies import ClaimBody, JudgedBody

SHORT_WORDS = 30
MARK_WORDS = 8
NAME_CHARS = 40
REASONS_NAMED = 5
RUNS_NAMED = 8
_ASIDES = (
    "alike",
    "contended",
    "holdout",
    "out-of-turn",
    "ran-on",
    "reproduced",
)  # what changes nothing for the reader of the label
_WITHHELD = {NO_SPREAD: "no spread", NOT_IN_TURNS: "not in turns"}
_BLOCKED = {
    "different-contracts": "measured under different contracts",
    "share-of-nothing": "a share of zero or less is asked for",
}


class _Detail(NamedTuple):
    """How much the short form says: differing facts named a side, words of a name (with one, operands are written as in
    the predicate), clauses, whether the axes' values are listed."""

    differing: int
    name_words: int
    clauses: int
    values: bool


# From what says most to what always fits.
_DETAILS = (
    _Detail(2, 4, 2, True),
    _Detail(1, 3, 2, True),
    _Detail(1, 2, 1, True),
    _Detail(0, 2, 1, True),
    _Detail(0, 2, 1, False),
    _Detail(0, 1, 1, False),
)


def sentence_without_form(found: Evidence) -> Sentence:
    """Of a claim that has no checkable form: that nothing was measured."""
    return Sentence(NO_EVIDENCE, "nothing here was measured", (*found.why, "nothing was measured"))


def sentence(
    thread: Thread,
    predicate: Predicate,
    axes: dict[str, list[Any]],
    found: Evidence,
    body: JudgedBody,
    rules: int,
) -> Sentence:
    """``axes``: over which it is to hold; ``body``: of the claim (``nuisance``, ``path``, ``override``, ``reported``);
    ``rules``: the version that gave the label."""
    wording = _Wording(thread, predicate, axes, found)
    return Sentence(said_of(found.label), wording.brief(), tuple(wording.whole(body, rules)))


class _Wording:
    """The words of one evidence; sides are looked at once for both forms."""

    def __init__(
        self, thread: Thread, predicate: Predicate, axes: dict[str, list[Any]], found: Evidence
    ) -> None:
        self.thread, self.predicate, self.axes, self.found = thread, predicate, axes, found
        self.needed, self.asides = _marks(found)
        # What decides the label comes first: a false clause, one without values, one that is not borne out.
        self.clauses = sorted(found.clauses, key=lambda c: (c.holds is True, c.lasting))
        self.sides = {id(c): _sides(thread, c, axes) for c in self.clauses}
        self.measured = found.label != "none" and bool(self.clauses)

    # -- short -------------------------------------------------------------------------------------

    def brief(self) -> str:
        room = SHORT_WORDS - _length(said_of(self.found.label))
        text = ""
        for detail in _DETAILS:
            text = self._head(detail)
            marked = "; ".join([text, *(_few(m.short, MARK_WORDS) for m in self.needed)])
            if _length(marked) <= room:
                return _with_more(marked, [_few(m.short, MARK_WORDS) for m in self.asides], room)
        return self._with_first_marks(text, room)

    def _with_first_marks(self, text: str, room: int) -> str:
        """As many of the marks as there is room for, the rest counted."""
        said = [_few(mark.short, MARK_WORDS) for mark in self.needed]
        for shown in range(len(said) - 1, -1, -1):
            more = " more" if shown else ""
            rest = f"{len(said) - shown}{more} {plural(len(said) - shown, 'mark')}"
            marked = "; ".join([text, *said[:shown], rest])
            if _length(marked) <= room:
                return marked
        raise AssertionError("the shortest wording is too long")  # a property test holds it to this

    def _head(self, detail: _Detail) -> str:
        scope = self._scope(detail.values)
        if not self.measured:
            asked = _few(self.predicate.format(), 7 if detail.values else 3)
            n = f", {self.clauses[0].sizes}" if self.clauses else ""
            why = _BLOCKED.get(self.found.blocked_code, "nothing counts yet")
            return f"whether {asked} is open: {why}{n}{scope}"
        shown = [self._effect(c, detail) for c in self.clauses[: detail.clauses]]
        left = len(self.clauses) - len(shown)
        more = f" (+{left} {plural(left, 'clause')})" if left else ""
        return " and ".join(shown) + more + scope

    def _effect(self, result: ClauseResult, detail: _Detail) -> str:
        left, right = (
            _named(side, detail.name_words, detail.differing) for side in self.sides[id(result)]
        )
        metric = _few(result.clause.metric, detail.name_words)
        judged = f"{metric}({left})" if detail.name_words == 1 else f"{metric} of {left}"
        if result.left.mean is None or (result.right and result.right.mean is None):
            return f"{judged}: no value, {result.sizes}"
        effect = _size(result, _few(self._unit(result), 1), "no interval")
        other = _reference(result.clause, right, detail.name_words)
        return f"{judged} is {effect} {other}{_allowed(result)}, {result.sizes}"

    def _unit(self, result: ClauseResult) -> str:
        metric = result.clause.metric
        return (self.thread.metrics.get(metric) or MetricDef(metric)).unit

    def _scope(self, values: bool) -> str:
        if not self.axes:
            return ""
        parts = [f"{_few(axis, 1)} {_values_text(named)}" for axis, named in self.axes.items()]
        if values:
            return f", at {' and '.join(parts)}"
        cells = math.prod(len(named) for named in self.axes.values())
        return f", in {counted(cells, 'cell')}"

    # -- full --------------------------------------------------------------------------------------

    def whole(self, body: JudgedBody, rules: int) -> list[str]:
        found = self.found
        parts = [self._clause_in_full(c) for c in self.clauses] if self.measured else []
        if not self.measured:
            sizes = "; ".join(c.sizes for c in found.clauses)
            open_ = f"whether {self.predicate.format()} is open: {found.blocked or 'nothing counts yet'}"
            parts.append(f"{open_} ({sizes})" if sizes else open_)
        if self.axes:
            over = " and ".join(
                f"{axis} = {', '.join(map(str, values))}" for axis, values in self.axes.items()
            )
            parts.append(f"over {over}")
        parts += [mark.full for mark in (*self.needed, *self.asides)]
        if nuisance := body.get("nuisance"):
            parts.append(f"taken as no cause: {', '.join(nuisance)}")
        parts += _about_claim(body)
        if found.confirmed_path is not None:
            word = "confirmed" if found.confirmed_path else "not confirmed"
            path = body.get("path") or self.thread.about.get("production-path")
            parts.append(f"{word} on the declared production path ({path})")
        parts += _not_counted(found)
        return [*parts, f"label by rules {rules}"]

    def _clause_in_full(self, result: ClauseResult) -> str:
        left, right = (_named(side, 0, REASONS_NAMED) for side in self.sides[id(result)])
        metric, unit = result.clause.metric, self._unit(result)
        if result.left.mean is None or (result.right and result.right.mean is None):
            return f"{metric} of {left}: {result.arithmetic}, {result.sizes}"
        effect = _size(result, unit, result.interval.reason or "no interval", "interval ")
        text = f"{metric} of {left} is {effect} {_reference(result.clause, right, 0)}{_allowed(result)}"
        if result.right is not None:
            text += f", {rounded(result.left.mean)} against {rounded(result.right.mean)}"
        return f"{text}, {result.sizes} ({result.method})"


# ---- sides ---------------------------------------------------------------------------------------


class _Side(NamedTuple):
    """``name``: as the predicate names it, with the experiment where that tells more; ``differs``: what of its config
    the other side does not have, besides."""

    name: str
    differs: list[str]


def _sides(thread: Thread, result: ClauseResult, axes: dict[str, list[Any]]) -> tuple[_Side, _Side]:
    clause = result.clause
    runs = [thread.runs_named(result.left_runs), thread.runs_named(result.right_runs)]
    facts = [_constant([run.config for run in side]) for side in runs]
    named = {key for s in (clause.subject, clause.right) if s for key, _ in s.selectors}
    left, right = (
        [
            f"{key}={_value_text(mine[key])}"
            for key in sorted(mine)
            if key not in named and key not in axes and mine[key] != other.get(key)
        ]
        for mine, other in (facts, facts[::-1])
    )
    if clause.right is None:
        return _Side(_name(clause.subject, runs[0]), left if clause.subject.name else []), _Side(
            "", []
        )
    for at, subject, own in ((0, clause.subject, left), (1, clause.right, right)):
        if not subject.name and len(found := {run.experiment for run in runs[at]}) == 1:
            own.insert(0, *found)
        own += _variables(runs[at], runs[1 - at])
    trees = [{program_of(run.code) for run in side if run.code.get("tree")} for side in runs]
    if all(trees) and not trees[0] & trees[1]:
        left.append("other code")
    return _Side(_name(clause.subject, runs[0]), left), _Side(_name(clause.right, runs[1]), right)


def _constant(told: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """What all runs of a side have alike of their config, or of their variables."""
    return {
        key: value
        for key, value in (told[0] if told else {}).items()
        if all(
            key in of_run and canonical_json(of_run[key]) == canonical_json(value)
            for of_run in told[1:]
        )
    }


def _variables(own: list[Run], others: list[Run]) -> list[str]:
    """The recorded variables that a side does not share with the other, but for what its config says
    as well."""
    mine, theirs = (_constant([run.environment for run in side]) for side in (own, others))
    said = {_value_text(value) for run in own[:1] for value in run.config.values()}
    return [
        f"{key}={value}"
        for key, value in sorted(mine.items())
        if value not in (theirs.get(key), *said) and not is_no_cause(key, own + others)
    ]


def _name(subject: Subject, runs: Sequence[Run]) -> str:
    """``baseline`` says which one it is."""
    selectors = ",".join(f"{key}={_value_text(value)}" for key, value in subject.selectors)
    experiments = {run.experiment for run in runs}
    name = subject.name
    if name and len(experiments) == 1 and not runs[0].id.startswith(name):
        name = f"{name} {runs[0].experiment}"
    return f"{name} {selectors}".strip()


def _value_text(value: object) -> str:
    return value if isinstance(value, str) else canonical_json(value)


def _named(side: _Side, words: int, differing: int) -> str:
    """``P-004 (block=128)``; ``words``: of the name and of each differing fact, 0 for all of them."""
    name = _few(side.name, words) if words else side.name
    shown = [_few(text, words) if words else text for text in side.differs[:differing]]
    left = len(side.differs) - len(shown)
    if shown and left:
        shown.append(f"+{left}")
    return f"{name} ({', '.join(shown)})" if shown else name


# ---- numbers -------------------------------------------------------------------------------------


def _size(result: ClauseResult, unit: str, unknown: str, called: str = "") -> str:
    """``0.106 ms (0.0925 to 0.12) below``: direction and size of what was measured; against a number the value itself,
    ``0.998 (0.98 to 1.02), above``."""
    mean = result.left.mean or 0.0
    against = result.clause.bound if result.right is None else result.right.mean or 0.0
    distance, low, high = mean - against, result.interval.low, result.interval.high
    direction = "below" if distance < 0 else "above"
    if result.right is None:
        shown, ends = mean, (_plus(low, against), _plus(high, against))
    else:
        shown, ends = abs(distance), (low, high) if distance >= 0 else (_minus(high), _minus(low))
    between = "" if unit in ("", "%") else " "
    said = f"{rounded(shown)}{between}{unit}"
    if low is not None and low == high:
        said = f"exactly {said}"
    elif ends[0] is None or ends[1] is None:
        said += f" ({unknown})"
    else:
        share = f"{100 * result.interval.confidence:g} % {called}" if called else ""
        said += f" ({share}{rounded(ends[0])} to {rounded(ends[1])})"
    return f"{said}, {direction}" if result.right is None else f"{said} {direction}"


def _plus(value: float | None, more: float) -> float | None:
    return None if value is None else value + more


def _minus(value: float | None) -> float | None:
    return None if value is None else -value


def _reference(clause: Clause, right: str, words: int) -> str:
    if clause.right is None:
        return rounded(clause.bound)
    times = "" if clause.factor == 1.0 else f"{number(clause.factor)} times "
    if words == 1:
        return f"{times.replace(' times ', '×')}{_few(clause.right_metric, 1)}({right})"
    metric = _few(clause.right_metric, words) if words else clause.right_metric
    return (
        f"{times}{right}" if clause.right_metric == clause.metric else f"{times}{metric} of {right}"
    )


def _allowed(result: ClauseResult) -> str:
    return f", ±{rounded(result.tolerance)} allowed" if result.clause.op == "~=" else ""


# ---- what lowers the label -----------------------------------------------------------------------


def _marks(found: Evidence) -> tuple[list[Mark], list[Mark]]:
    """(what has to be said in the short form: first what lowers the label; what is left out where there is no room)."""
    lowering = []
    if found.false_at:
        where = found.false_at[0] if len(found.false_at) == 1 else f"{len(found.false_at)} cells"
        lowering.append(
            Mark("false-at", f"false at {where}", f"false at {' and at '.join(found.false_at)}")
        )
    if found.contrary:
        of = f"{len(found.contrary)} of {counted(len(found.counted), 'run')} contrary"
        lowering.append(Mark("contrary", of, f"{of}: {_some(found.contrary)}"))
    capping = [mark for mark in found.marks if mark.caps]
    lowering += sorted(capping, key=lambda mark: EARNED.index(mark.caps))
    if found.label in EARNED:
        lowering += _not_borne(found.clauses)
    beside = [mark for mark in found.marks if not mark.caps]
    needed = [*lowering, *(mark for mark in beside if mark.code not in _ASIDES)]
    return needed, [mark for mark in beside if mark.code in _ASIDES]


def _not_borne(clauses: Iterable[ClauseResult]) -> list[Mark]:
    """What a clause that holds on average lacks, where its numbers do not show it."""
    lacks = dict[str, Mark]()
    for result in clauses:
        if result.withheld:
            short = _WITHHELD.get(result.withheld) or result.withheld.partition(":")[0]
            lacks[short] = Mark("withheld", short, result.withheld)
        elif result.supported and result.looks.level is not None and not result.lasting:
            lacks["looks"] = Mark(
                "looks",
                "not after looks and choice",
                f"not borne out once looks and choice are counted (look {result.looks.last}, "
                f"one of {counted(result.looks.choices, 'comparison')} to choose from)",
            )
    return list(lacks.values())


def _about_claim(body: JudgedBody) -> list[str]:
    parts = []
    if body.get("reported"):
        parts.append(f"reported, not measured here: {body['reported']}")
    if override := body.get("override"):
        label = cast("ClaimBody", body).get("label_asked")
        asked = f" (asked as {label})" if label else ""
        parts.append(f"recorded against a refusal{asked}: {override}")
    return parts


def _not_counted(found: Evidence) -> list[str]:
    if not found.not_counted:
        return []
    by_reason: dict[str, list[str]] = {}
    for run, reason in found.not_counted.items():
        by_reason.setdefault(reason, []).append(run)
    largest = sorted(by_reason.items(), key=lambda pair: -len(pair[1]))
    named = [f"{len(runs)} {reason} ({_some(runs)})" for reason, runs in largest[:REASONS_NAMED]]
    if len(largest) > REASONS_NAMED:
        named.append(f"{sum(len(runs) for _, runs in largest[REASONS_NAMED:])} for other reasons")
    total = len(found.not_counted) + len(found.counted)
    return [f"{len(found.not_counted)} of {total} runs do not count: {', '.join(named)}"]


# ---- words ---------------------------------------------------------------------------------------


def _length(text: str) -> int:
    return len(text.split())


def _few(text: str, words: int) -> str:
    """The first so many words, ``NAME_CHARS`` characters a word."""
    split = text.split()
    kept = [w if len(w) <= NAME_CHARS else w[: NAME_CHARS - 1] + "…" for w in split[:words]]
    return " ".join(kept) + ("…" if len(split) > words else "")


def _some(names: Sequence[str]) -> str:
    more = f", … {len(names) - RUNS_NAMED} more" if len(names) > RUNS_NAMED else ""
    return ", ".join(names[:RUNS_NAMED]) + more


def _values_text(values: Sequence[object]) -> str:
    return ", ".join(_value_text(value) for value in values)


def _with_more(text: str, more: list[str], room: int) -> str:
    """``text`` and what else there is room for."""
    for said in more:
        if _length(f"{text}; {said}") <= room:
            text = f"{text}; {said}"
    return text
