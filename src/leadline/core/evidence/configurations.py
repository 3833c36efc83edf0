"""What the runs say at each configuration that a claim selects, which the pooled spread would hide.

A configuration is what a run was given, seeds and tags aside. Each is judged by itself, against the
same configuration of the other side where there is one, else against the whole other side. One where
the claim is false lowers the label, and where the claim's scope leaves it out it is named.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from leadline.core.canonical import canonical_json
from leadline.core.compare.no_effect import count_once
from leadline.core.compare.reruns import is_seed
from leadline.core.evidence.evaluate import distance_holds, evaluate_clause
from leadline.core.evidence.evidence import REPEATS_NEEDED, distinct_executions, out_of_scope
from leadline.core.evidence.found import Evidence
from leadline.core.evidence.marks import Mark
from leadline.core.evidence.predicate import Clause, Predicate, Subject
from leadline.core.record.run import MetricDef, Run, told_runs
from leadline.core.timestamps import few
from leadline.core.typed import Any
from leadline.core.values import dataclass

MOST_TESTED = 200  # contrary configurations: whether the interval says so too
VALUES_NAMED = 4
VALUE_CHARS = 24
SHORT_CHARS = 32
_ABSENT = ""


@dataclass(slots=True)
class Configuration:
    """``values``: of the keys that vary on its side, as canonical JSON, "" for a key it lacks.
    ``n``: how many of the claim's own runs. ``holds`` and ``contradicted``: as ``ClauseResult``."""

    values: dict[str, str]
    runs: list[Run]
    outside: bool = False
    n: int = 0
    holds: bool | None = None
    contradicted: bool = False


def mark_configurations(
    out: Evidence,
    predicate: Predicate,
    resolve: Callable[[Subject], list[Run]],
    axes: dict[str, list[Any]],
    metric_defs: dict[str, MetricDef],
) -> None:
    """Say beside the label at which configurations the claim is false, and at which there are too
    few runs to tell."""
    for clause in predicate.clauses:
        clause, scope = _scope_of(clause, resolve, axes)
        for _, subject in clause.sides:
            _mark_unfinished_at(out, resolve(subject), scope)
        _mark_reported(out, clause, resolve, scope, metric_defs)
        judged = judge(clause, resolve, scope, metric_defs)
        if len(judged) < 2:
            continue
        held = [c for c in judged if c.holds and not c.outside]
        inside = [c for c in judged if c.holds is False and not c.outside]
        if inside:
            caps = "exploratory" if any(c.contradicted for c in inside) else "replicated"
            out.mark(_contrary(inside, held, len(judged), "", caps))
            out.missing.append(
                f"a claim that leaves out, or an explanation of, {named(inside, judged)}: it is false there"
            )
        elsewhere = [c for c in judged if c.holds is False and c.outside]
        if elsewhere:
            left_out = ", which the claim leaves out"
            out.mark(_contrary(elsewhere, held, len(judged), left_out, ""))
        few = [c for c in held if c.n < REPEATS_NEEDED]
        if few and (len(few) < len(held) or inside):
            runs = "1 run" if max(c.n for c in few) == 1 else f"fewer than {REPEATS_NEEDED} runs"
            where = named(few, judged)
            short = _short(f"{runs} at {where}", f"{runs} at {len(few)} configurations")
            full = f"{runs} at {where}: too few to bear the claim there"
            out.mark(Mark("few-runs-at", short, full))


def _mark_reported(
    out: Evidence,
    clause: Clause,
    resolve: Callable[[Subject], list[Run]],
    axes: dict[str, list[Any]],
    metric_defs: dict[str, MetricDef],
) -> None:
    """What a table that nobody saw measured says otherwise is no evidence, and no secret either."""
    told: dict[str, list[Run]] = {}
    for metric, subject in clause.sides:
        runs = [r for r in resolve(subject) if r.origin == "reported" and metric in r.metrics]
        told[subject.format()] = told_runs(runs) if runs else []
    if not any(told.values()):
        return

    def as_told(subject: Subject) -> list[Run]:
        return told[subject.format()] or resolve(subject)

    contrary = [c for c in judge(clause, as_told, axes, metric_defs, fewest=1) if c.holds is False]
    if not contrary:
        return
    runs = [run for c in contrary for run in c.runs]
    at = named(contrary, []) if any(c.values for c in contrary) else few(_homes(runs), VALUES_NAMED)
    short = _short(f"reported: contrary at {at}", f"reported: contrary at {len(contrary)}")
    full = f"reported, not measured here: contrary at {at} ({few(_homes(runs), VALUES_NAMED)})"
    out.mark(Mark("reported-contrary", short, full))


def _homes(runs: Iterable[Run]) -> list[str]:
    return sorted({run.experiment for run in runs})


def _scope_of(
    clause: Clause, resolve: Callable[[Subject], list[Run]], axes: dict[str, list[Any]]
) -> tuple[Clause, dict[str, list[Any]]]:
    """``clause`` without the values that it asks of both sides, and ``axes`` with them: "new at shape
    1 against old at shape 1" leaves out the other shapes as ``--across shape=1`` does."""
    if clause.right is None:
        return clause, axes
    both = [pair for pair in clause.subject.selectors if pair in clause.right.selectors]
    runs = [run for _, subject in clause.sides for run in resolve(subject)]
    both = [(key, value) for key, value in both if not any(key in run.tags for run in runs)]
    if not both:
        return clause, axes
    left, right = (
        Subject(side.name, tuple(pair for pair in side.selectors if pair not in both))
        for side in (clause.subject, clause.right)
    )
    if not all(side.name or side.selectors for side in (left, right)):
        return clause, axes
    c = clause
    margin = c.tolerance, c.relative
    wider = Clause(c.metric, left, c.op, c.factor, c.right_metric, right, c.bound, *margin)
    return wider, {**axes, **{key: [value] for key, value in both}}


def _mark_unfinished_at(out: Evidence, runs: list[Run], axes: dict[str, list[Any]]) -> None:
    """A configuration that the scope leaves out may be one at which no run of a side ever ended well."""
    tried = [run for run in runs if run.bears_result or run.state in ("failed", "timeout")]
    found = _configurations([run for run in tried if not run.retracted], axes)
    never = [c for c in found if c.outside and not any(run.bears_result for run in c.runs)]
    if never:
        rest = [c for c in found if c not in never]
        short = _short(f"no run finished at {named(never, rest)}", "no run finished elsewhere")
        ids = few(sorted({run.experiment for c in never for run in c.runs}), VALUES_NAMED)
        full = f"no run finished at {named(never, rest)} ({ids}), which the claim leaves out"
        out.mark(Mark("unfinished-at", short, full))


def _contrary(
    contrary: list[Configuration],
    held: list[Configuration],
    count: int,
    left_out: str,
    caps: str,
) -> Mark:
    at = named(contrary, held)
    short = _short(f"contrary at {at}", f"contrary at {len(contrary)} of {count} configurations")
    ids = sorted({run.experiment for c in contrary for run in c.runs})
    more = f" and {len(ids) - VALUES_NAMED} more" if len(ids) > VALUES_NAMED else ""
    where = f"{', '.join(ids[:VALUES_NAMED])}{more}"
    holds = f"holds for {named(held, contrary)}; " if held else ""
    return Mark("contrary-at", short, f"{holds}contrary at {at} ({where}){left_out}", caps)


def _short(text: str, counted: str) -> str:
    return text if len(text) <= SHORT_CHARS else counted


# ---- which there are, and what each says ---------------------------------------------------------


def judge(
    clause: Clause,
    resolve: Callable[[Subject], list[Run]],
    axes: dict[str, list[Any]],
    metric_defs: dict[str, MetricDef],
    fewest: int = 2,
) -> list[Configuration]:
    """Every configuration of both sides, judged, where a side has at least ``fewest``, and what is
    judged has any; those of the reference only where it has several."""
    sides: list[list[Configuration]] = []
    for metric, subject in clause.sides:
        definition = metric_defs.get(metric) or MetricDef(metric)
        runs, _ = distinct_executions(resolve(subject), definition)
        sides.append(_configurations(runs, axes))
    left, right = sides[0], sides[1] if len(sides) > 1 else []
    if not left or max(len(left), len(right)) < fewest:
        return []
    for (metric, _), side in zip(clause.sides, sides, strict=True):
        definition = metric_defs.get(metric) or MetricDef(metric)
        for one in side:
            one.n = len(count_once(one.runs, definition, {})[0])
    definition = metric_defs.get(clause.metric) or MetricDef(clause.metric)
    asked = _Asked(clause, definition, _shared_keys(left, right))
    rights, lefts = asked.by_shared(right), asked.by_shared(left)
    for one in left:
        asked.say(one, [one], rights.get(asked.at(one), right))
    judged = list(left) if len(left) > 1 or len(right) < 2 else []
    for one in right if len(right) > 1 else ():
        own = lefts.get(asked.at(one), left)
        if len(own) > 1 or len(rights.get(asked.at(own[0]), right)) > 1:
            asked.say(one, own, [one])
            judged.append(one)
    return judged


class _Asked:
    """One clause, asked of many pairs of configurations: those where the means satisfy it need no
    more, since what is contrary is looked for."""

    def __init__(self, clause: Clause, definition: MetricDef, keys: list[str]) -> None:
        self.clause, self.definition, self.keys = clause, definition, keys
        self._tested = 0
        self._means: dict[tuple[str, int], float] = {}

    def at(self, one: Configuration) -> tuple[str, ...]:
        """The values on which the sides can be matched."""
        return tuple(_value(one, key) for key in self.keys)

    def by_shared(self, side: list[Configuration]) -> dict[tuple[str, ...], list[Configuration]]:
        found: dict[tuple[str, ...], list[Configuration]] = {}
        for one in side:
            found.setdefault(self.at(one), []).append(one)
        return found

    def say(
        self, one: Configuration, left: list[Configuration], right: list[Configuration]
    ) -> None:
        """Judge ``one`` of the two sides by ``left`` against ``right``."""
        clause = self.clause
        plainly = self._holds_on_average(left, right)
        if plainly or (plainly is False and self._tested >= MOST_TESTED):
            one.holds = plainly
            return
        self._tested += 1
        found = evaluate_clause(clause, _of(left), _of(right), self.definition, looks=False)
        one.holds, one.contradicted = found.holds, found.contradicted

    def _holds_on_average(
        self, left: list[Configuration], right: list[Configuration]
    ) -> bool | None:
        clause = self.clause
        if clause.op == "~=" or any(r.extraction.get("items") for c in left for r in c.runs):
            return None  # the margin, or the items, are the evaluation's
        against = clause.bound
        if clause.right is not None:
            if not right:
                return None
            against = clause.factor * self._mean(clause.right_metric, right)
        return distance_holds(clause.op, self._mean(clause.metric, left) - against)

    def _mean(self, metric: str, side: list[Configuration]) -> float:
        key = metric, id(side)
        if key not in self._means or len(side) == 1:
            values = [run.metrics[metric] for run in _of(side)]
            self._means[key] = math.fsum(values) / len(values)
        return self._means[key]


def _of(configurations: Iterable[Configuration]) -> list[Run]:
    return [run for one in configurations for run in one.runs]


def _configurations(runs: list[Run], axes: dict[str, list[Any]]) -> list[Configuration]:
    written = [
        {k: canonical_json(v) for k, v in run.inputs.items() if not is_seed(k)} for run in runs
    ]
    keys = sorted({key for values in written for key in values})
    varied = [k for k in keys if len({values.get(k, _ABSENT) for values in written}) > 1]
    found: dict[tuple[str, ...], Configuration] = {}
    for run, values in zip(runs, written, strict=True):
        at = tuple(values.get(key, _ABSENT) for key in varied)
        if at not in found:
            outside = bool(out_of_scope(run, axes))
            found[at] = Configuration(dict(zip(varied, at, strict=True)), [], outside)
        found[at].runs.append(run)
    return list(found.values())


def _shared_keys(left: list[Configuration], right: list[Configuration]) -> list[str]:
    """The keys on which the sides can be matched: those of which both have some value."""
    keys = {key for one in (*left, *right) for key in one.values}
    shared = []
    for key in sorted(keys):
        values = ({_value(one, key) for one in side} for side in (left, right))
        if set.intersection(*values) - {_ABSENT}:
            shared.append(key)
    return shared


def _value(one: Configuration, key: str) -> str:
    """Of a key that does not vary on its side too."""
    if key in one.values:
        return one.values[key]
    inputs = one.runs[0].inputs
    return canonical_json(inputs[key]) if key in inputs else _ABSENT


# ---- names ---------------------------------------------------------------------------------------


def named(some: list[Configuration], others: list[Configuration]) -> str:
    """``shape 3, 4``: by the one key that tells ``some`` from ``others`` where there is one, else
    each by all that varies."""
    mine = {id(one) for one in some}
    rest = [one for one in others if id(one) not in mine]
    keys = list(dict.fromkeys(key for one in (*some, *rest) for key in one.values))

    def tells(key: str) -> bool:
        own, theirs = ({_value(one, key) for one in side} for side in (some, rest))
        return not own & theirs and own != {_ABSENT}

    telling = [key for key in keys if tells(key)]
    if len(keys) == 1 or telling:
        key = (telling or keys)[0]
        values = list(dict.fromkeys(_value(one, key) for one in some))
        return f"{key} {few([_shown(value) for value in values], VALUES_NAMED)}"
    each = [
        " ".join(f"{key}={_shown(value)}" for key, value in one.values.items() if value)
        for one in some
    ]
    return few([text or f"no {', '.join(keys)}" for text in each], VALUES_NAMED)


def _shown(value: str) -> str:
    text = value.strip('"') or "none"
    return text if len(text) <= VALUE_CHARS else text[: VALUE_CHARS - 1] + "…"
