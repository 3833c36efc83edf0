"""Numbers in text that are bound to recorded metrics: ``{{P-003.time_ms}}``.

A typed number goes stale or was never true; a citation is computed when it is written, stored
beside the text, and recomputed whenever it is shown. The price is a small language:

    {{ID.METRIC}}  {{ID.METRIC.STAT}}  {{baseline.METRIC}}        STAT: median (default) mean sd mad
    min max n {{A.METRIC / B.METRIC}}  {{A.METRIC - B.METRIC}}              spaces around the
    operator {{... :.2f}}  {{... :+.1%}}                                   a format; a quotient in
    signed per cent is the change

Experiment ids stand for their evidence runs, a run id for that run alone. A measurement in turns has
{{P-I1.ratio}} or {{P-I1.difference}}, their interval's {{P-I1.low}} and {{P-I1.high}}, and
{{P-I1.blocks}}. A least, a largest value and a ratio say so where they are shown.

>>> [cite.expression for cite in find("It takes {{P-003.time_ms.median :.1f}}, not `{{this}}`.")]
['P-003.time_ms.median :.1f']
"""

from __future__ import annotations

import math
import re

from leadline.core.errors import LeadlineError, not_found, refused, usage
from leadline.core.ids import ID_IN_TEXT, parse_id
from leadline.core.patterns import later
from leadline.core.record.run import is_reported, told_runs
from leadline.core.record.thread import is_a
from leadline.core.text.spans import code_spans
from leadline.core.timestamps import number, plural
from leadline.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from leadline.core.record.bodies import Bound, InterleavingEndedBody
    from leadline.core.record.run import Run
    from leadline.core.record.thread import Item, Thread

STATS = ("median", "mean", "sd", "mad", "min", "max", "n")
EXAMPLE = "{{P-003.time_ms.median}}"
_BRACES = later(r"\{\{([^{}\n]{1,400})\}\}")
_FORMAT = later(
    r"(?P<expression>.*?)(?:\s*:(?P<format>[+ ,]?(?:,)?(?:\.\d{1,2})?[feg%d]))?\s*\Z", re.S
)
_OPERATOR = later(r"\s+([-/−])\s+")
_NEAR = 24  # characters before and behind a number that name what it is
_SAYS = {
    "min": ("min", "least", "lowest", "smallest", "fastest", "best"),
    "max": ("max", "most", "highest", "largest", "slowest", "worst"),
    "ratio": ("ratio", "times", "factor", "speedup", "x ", "×", "of the"),
}
_SAME = 1e-9  # relative: stored numbers went through text


class Citation(NamedTuple):
    """One ``{{…}}`` in a text. ``expression`` is what stands between the braces, stripped."""

    start: int
    end: int
    expression: str


class Cited(NamedTuple):
    """``value`` as computed, ``text`` as shown (with its unit unless a format was given); ``n``:
    runs behind it (the smaller side of a quotient or difference). ``reported``: nobody saw it, or a
    part of it, measured; ``text`` says so."""

    value: float
    text: str
    n: int
    unit: str
    experiments: tuple[str, ...]
    runs: tuple[str, ...]
    reported: bool = False


def find(text: str) -> list[Citation]:
    """Every ``{{…}}`` of ``text``. In code, only those that are shaped like a citation (``{{
    matrix.os }}`` is not)."""
    if "{{" not in text:
        return []
    spans = code_spans(text) if "`" in text or "~~~" in text else []
    found = []
    for m in _BRACES.finditer(text):
        inside = any(a <= m.start() < b for a, b in spans)
        if not inside or _shaped(m[1]):
            found.append(Citation(m.start(), m.end(), m[1].strip()))
    return found


def _shaped(expression: str) -> bool:
    head = expression.strip().partition(".")[0]
    return head == "baseline" or parse_id(head) is not None


# ---- one expression ------------------------------------------------------------------------------


def resolve(expression: str, thread: Thread, refs: dict[str, str] | None = None) -> Cited:
    """What ``expression`` (without braces) is now.

    Raises LeadlineError: usage (it cannot be read), not_found (no such id or metric, with the
    nearest names), refused (retracted, no evidence runs, no spread from one run, a zero below the
    line, units that differ).
    """
    parts = _FORMAT.match(expression.strip())
    body, spec = (
        (parts["expression"].strip(), parts["format"] or "") if parts else (expression.strip(), "")
    )
    pieces = _OPERATOR.split(body)
    if len(pieces) not in (1, 3) or not all(pieces):
        raise _unreadable(expression)
    left = _reference(pieces[0], expression, thread, refs)
    if len(pieces) == 1:
        return left._replace(text=_shown(left.value, left.unit, spec) + _as_told(left))
    right = _reference(pieces[2], expression, thread, refs)
    if pieces[1] == "/":
        if right.value == 0:
            raise refused(
                "division-by-zero",
                f"{pieces[2]} is 0",
                why="a ratio to zero says nothing",
                do=f"cite the difference: {{{{{pieces[0]} - {pieces[2]}}}}}",
            )
        value, unit = (
            left.value / right.value,
            "" if left.unit == right.unit else f"{left.unit}/{right.unit}",
        )
        if spec.startswith("+") and spec.endswith("%"):
            value -= 1.0
    else:
        if left.unit != right.unit:
            raise refused(
                "units-differ",
                f"{pieces[0]} is in {left.unit or 'no unit'}, {pieces[2]} in {right.unit or 'no unit'}",
                why="their difference has no meaning",
                do="leadline metric",
            )
        value, unit = left.value - right.value, left.unit
    if not math.isfinite(value):
        shown = pieces[0].partition(".")[0]
        do = f"leadline show {shown}"
        raise refused("not-finite", f"{expression} is not a finite number", do=do)
    told = left if left.reported else right
    return Cited(
        value,
        _shown(value, unit, spec) + _as_told(told),
        min(left.n, right.n),
        unit,
        tuple(dict.fromkeys(left.experiments + right.experiments)),
        tuple(dict.fromkeys(left.runs + right.runs)),
        told.reported,
    )


def _as_told(cited: Cited) -> str:
    return " (reported)" if cited.reported else ""


def _shown(value: float, unit: str, spec: str) -> str:
    if spec:
        return format(round(value) if spec.endswith("d") else value, spec)
    return f"{number(value)} {unit}".rstrip() if unit != "%" else f"{number(value)}%"


def _unreadable(expression: str) -> LeadlineError:
    return usage(
        "citation-not-understood",
        f"{{{{{expression}}}}} is not a citation",
        why="it is {{ID.METRIC}}, {{ID.METRIC.STAT}}, or two of them with ' / ' or ' - ' between",
        do=f"write it like {EXAMPLE}",
        details={"expression": expression},
    )


def _reference(text: str, expression: str, thread: Thread, refs: dict[str, str] | None) -> Cited:
    head, dot, rest = text.strip().partition(".")
    if not dot or not rest or (head != "baseline" and parse_id(head) is None):
        raise _unreadable(expression)
    if (parsed := parse_id(head)) is not None and parsed.kind == "interleaving":
        return _of_turns(head, rest, thread, refs)
    shown, runs = _subject(head, thread, refs)
    evidence = [r for r in runs if r.is_evidence] or told_runs(runs)
    if not evidence:
        raise _no_evidence(shown, runs)
    from leadline.core.stats.inference import summarise  # noqa: PLC0415  start-up: 1 ms

    metric, stat = _metric_and_stat(rest, shown, evidence)
    sample = summarise(r.metrics[metric] for r in evidence if metric in r.metrics)
    values = {
        "median": sample.median,
        "mean": sample.mean,
        "sd": sample.sd,
        "mad": sample.mad,
        "min": sample.minimum,
        "max": sample.maximum,
        "n": float(sample.n),
    }
    value = values[stat]
    if value is None:
        needed = 2 if stat == "sd" else 1
        raise refused(
            "no-spread" if sample.n else "no-finite-value",
            f"{shown} has {sample.n} finite {plural(sample.n, 'value')} of {metric}",
            why=f"{stat} needs {needed} or more",
            do=f"leadline run --experiment {shown}",
        )
    definition = thread.metrics.get(metric)
    unit = definition.unit if definition and stat != "n" else ""
    used = [r for r in evidence if metric in r.metrics]
    return Cited(
        value,
        "",
        sample.n,
        unit,
        tuple(dict.fromkeys(r.experiment for r in used)),
        tuple(r.id for r in used),
        is_reported(runs),
    )


def _of_turns(head: str, name: str, thread: Thread, refs: dict[str, str] | None) -> Cited:
    """A number of a measurement in turns, as it was judged when it ended."""
    shown = thread.here(head, refs) or f"{head} (not here yet)"
    item = thread.find(shown)
    assert is_a(item, "interleaving")
    ended: InterleavingEndedBody = item.body.get("ended") or {}
    ratio = bool(ended.get("as_ratio"))
    values = {
        "ratio" if ratio else "difference": ended.get("estimate"),
        "low": ended.get("low"),
        "high": ended.get("high"),
        "blocks": ended.get("n_blocks"),
    }
    value = values.get(name)
    if value is None:
        known = [key for key, number_ in values.items() if number_ is not None]
        raise not_found(
            "no-such-metric",
            f"{shown} has no {name}",
            why=f"it has: {', '.join(known) or 'no result yet'}",
            do=f"leadline show {shown}",
        )
    names = [thread.shown(n, ended.get("refs")) for n in ended.get("experiments", {}).values()]
    homes = [e for n in names if (e := thread.experiments.get(n)) is not None]
    runs = [r for e in homes for r in e.runs if r.design.get("interleaving") == item.uid]
    if gone := [r for r in runs if r.retracted or r.superseded_by]:
        raise refused(
            "retracted",
            f"{shown} rests on {len(gone)} {plural(len(gone), 'run')} that were withdrawn",
            why="its numbers rest on all of its blocks",
            do=f"leadline show {shown}",
            details={"reason": "rests on runs that were withdrawn"},
        )
    unit = "" if ratio or name == "blocks" else str(ended.get("unit") or "")
    counted = tuple(r.id for r in runs if r.is_evidence)
    blocks = int(ended.get("n_blocks") or 0)
    return Cited(float(value), "", blocks, unit, tuple(names), counted)


def _subject(head: str, thread: Thread, refs: dict[str, str] | None) -> tuple[str, list[Run]]:
    """The id shown today, and its runs. A ``baseline`` that was bound stays the one that was meant."""
    shown = thread.here(head, refs) or f"{head} (not here yet)"
    if head == "baseline" and refs and "baseline" in refs:
        shown = thread.uids.get(("baseline", refs["baseline"]), head)
    return shown, thread.runs_of(shown)


def _no_evidence(shown: str, runs: list[Run]) -> LeadlineError:
    retracted = next((r for r in runs if r.retracted), None)
    if retracted is not None and all(r.retracted for r in runs):
        return refused(
            "retracted",
            f"{shown} was retracted",
            why=retracted.retracted,
            do=f"leadline show {shown}",
            details={"reason": "was retracted"},
        )
    if runs and all(r.superseded_by or r.retracted for r in runs):
        by = next(r.superseded_by for r in runs if r.superseded_by)
        return refused(
            "superseded",
            f"{shown} was superseded by {by}",
            do=f"leadline show {by}",
            details={"reason": f"was superseded by {by}"},
        )
    states = ", ".join(
        dict.fromkeys("reported, not executed" if r.origin == "reported" else r.state for r in runs)
    )
    return refused(
        "no-evidence-runs",
        f"{shown} has no run that counts as evidence",
        why=f"its runs: {states or 'none'}",
        do=f"leadline show {shown}",
        details={"reason": "has no evidence runs"},
    )


def _metric_and_stat(rest: str, shown: str, runs: list[Run]) -> tuple[str, str]:
    recorded = list(dict.fromkeys(name for r in runs for name in r.metrics))
    if rest in recorded:
        return rest, "median"
    name, _, stat = rest.rpartition(".")
    if stat in STATS and name in recorded:
        return name, stat
    from difflib import get_close_matches  # noqa: PLC0415  start-up: 0.9 ms

    near = get_close_matches(
        rest, [*recorded, *(f"{m}.{s}" for m in recorded for s in STATS)], 3, 0.4
    )
    why = f"it has: {', '.join(recorded[:10]) or 'none'}"
    if near:
        why = f"nearest: {', '.join(near)}"
    setting = rest.removeprefix("config.")
    if runs and setting in runs[-1].config:
        why = f"{setting} is a setting of it: say it as it is, {setting}={runs[-1].config[setting]}"
    raise not_found(
        "no-such-metric",
        f"{shown} has no metric {rest}",
        why=why,
        do=f"leadline show {shown}",
        details={"metrics": recorded[:50], "nearest": near},
    )


# ---- a whole text --------------------------------------------------------------------------------


def render(
    text: str,
    thread: Thread,
    refs: dict[str, str] | None = None,
    bound: dict[str, float] | None = None,
) -> str:
    """``text`` with every citation as the record has it now, and ids as they are shown now. Never
    raises.

    ``bound``: show these stored values where they are given, as an entry of the logbook must, which
    never changes.
    """
    out, at = [], 0
    for cite in find(text):
        out += [
            thread.ids_shown(text[at : cite.start], refs),
            _one(cite, text, thread, refs, bound or {}),
        ]
        at = cite.end
    return "".join([*out, thread.ids_shown(text[at:], refs)])


def _one(
    cite: Citation, text: str, thread: Thread, refs: dict[str, str] | None, bound: dict[str, float]
) -> str:
    if not _shaped(cite.expression):
        return text[cite.start : cite.end]
    try:
        cited = resolve(cite.expression, thread, refs)
        told = _as_told(cited)
        unit, shown = cited.unit, cited.text.removesuffix(told)
    except LeadlineError as error:
        if cite.expression not in bound:
            return f"[no longer holds: {_reason(error)}]"
        unit, shown, told = "", "", ""
    spec = ((m := _FORMAT.match(cite.expression)) and m["format"]) or ""
    if cite.expression in bound:
        # an entry of the logbook, which never changes
        unit = unit or _unit_of(cite.expression, thread)
        shown = _shown(float(bound[cite.expression]), unit, spec)
    if unit and not spec and _says_unit(text[cite.end :], unit):
        shown = shown[: -len(unit)].rstrip()
    if cite.expression in bound or spec.endswith("%"):
        return shown + told
    return shown + _statistic(cite, text) + told


def _statistic(cite: Citation, text: str) -> str:
    """`` (min)`` behind a number that is no middle of its runs, unless the words around it say so."""
    expression = cite.expression.partition(" :")[0].strip()
    stat = expression.rpartition(".")[2]
    if " / " in expression or (stat == "ratio" and "-I" in expression):
        stat = "ratio"
    words = _SAYS.get(stat)
    around = text[max(0, cite.start - _NEAR) : cite.start] + text[cite.end : cite.end + _NEAR]
    if words is None or any(word in around.lower() for word in words):
        return ""
    return f" ({stat})"


def _unit_of(expression: str, thread: Thread) -> str:
    """The unit of a stored value whose runs are gone: by the name alone."""
    rest = expression.partition(".")[2]
    name = rest if rest in thread.metrics else rest.rpartition(".")[0]
    definition = thread.metrics.get(name)
    return definition.unit if definition and not rest.endswith(".n") else ""


def _says_unit(after: str, unit: str) -> bool:
    """Whether the words that follow a number start with its unit anyway."""
    rest = after.lstrip(" ")
    return rest.startswith(unit) and not rest[len(unit) : len(unit) + 1].isalnum()


def _reason(error: LeadlineError) -> str:
    reason = error.details.get("reason")
    return f"{error.what.split(' ')[0]} {reason}" if reason else error.what


def bind(text: str, thread: Thread) -> Bound:
    """What is stored beside a text: ``refs`` (id as written -> uid, for ids the thread knows;
    ``baseline`` -> the baseline meant) and ``bound`` (expression -> value). Raises as ``resolve``
    does for a citation that does not hold.
    """
    refs: dict[str, str] = {}
    bound: dict[str, float] = {}
    for match in ID_IN_TEXT.finditer(text):
        uid = _known(match[0], thread)
        if uid:
            refs[match[0]] = uid
    for cite in find(text):
        bound[cite.expression] = resolve(cite.expression, thread).value
        for piece in _OPERATOR.split(cite.expression)[::2]:
            head = piece.strip().partition(".")[0]
            item = thread.baseline if head == "baseline" else None
            uid = item.uid if item else _known(head, thread)
            if uid:
                refs[head] = uid
    return {"refs": refs, "bound": bound}


def _known(display: str, thread: Thread) -> str:
    try:
        return thread.uid_of(display)
    except LeadlineError:
        return ""


def recompute(item: Item, thread: Thread) -> list[tuple[str, float, float | None]]:
    """(expression, stored, now) of every bound number of ``item`` that is another one now; None: it
    no longer holds."""
    differing: list[tuple[str, float, float | None]] = []
    for expression, stored in dict(item.body.get("bound") or {}).items():
        try:
            now: float | None = resolve(expression, thread, item.refs).value
        except LeadlineError:
            now = None
        if now is None or abs(now - float(stored)) > _SAME * max(abs(now), abs(float(stored))):
            differing.append((expression, float(stored), now))
    return differing
