"""Numbers that somebody typed although the record could have said them, and the citation to write
instead.

What the record knows may be said as it is: a setting, how many runs or items there are, the number
of a checkable form. Both errors are possible. A false alarm costs a citation or a code span, a
number let through costs a wrong result, so doubtful cases are reported. Small counts are let through
(``core/text/quantity.py``).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from leadline.core.errors import LeadlineError
from leadline.core.ids import ID_IN_TEXT, experiment_of
from leadline.core.patterns import later
from leadline.core.stats.inference import summarise
from leadline.core.text.citation import find, resolve
from leadline.core.text.intention import expected, part_at, part_before, planned
from leadline.core.text.quantity import (
    TIMES,
    Quantity,
    half_step,
    plain_words,
    quantities,
)
from leadline.core.text.setting import is_of_setting
from leadline.core.text.version import is_version, may_be_version
from leadline.core.typed import TYPE_CHECKING, TypedDict
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from leadline.core.record.run import Run
    from leadline.core.record.thread import Experiment, Thread

_NUMBERS = r"\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?"
_CLAUSE_NUMBER = (
    r"(?P<op><=|>=|<|>|~=|\+-)\s*(?P<number>[-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*(?P<then>[*%]?)"
)
_EXPECTED = later(
    r"\b(?:goal|target|aim|stop|criteri\w+|threshold|limit|budget|tolerance|constraint|bar|allowed|wanted|"
    r"needed|required|"
    r"expected|planned)\b",
    re.I,
)
_RESULT = later(
    r"\b(?:accurac\w+|loss(?:es)?|perplexity|errors?|scores?|latency|throughput|speed|time|memory|quality|"
    r"gain\w*|reach\w*|"
    r"get|gets|improve\w*|save[sd]?|reduce[sd]?)\b",
    re.I,
)
_INPUT = later(
    r"\b(?:learning[\s-]rates?|lrs?|batch(?:es)?(?:[\s-]sizes?)?|weight[\s-]decay|dropout|width|depth|windows?|"
    r"warm-?up|schedules?|decay|epochs|layers|heads|context|budget|vocab\w*|workers|threads|momentum|temperature|resolution|queue|"
    r"data(?:set)?(?:[\s-]size)?|sequences?|length)\b",
    re.I,
)
_SAYS_LESS = later(
    r"\b(?:needs?|needed|fast\w*|slow\w*|better|worse|cheap\w*|fewer|less|only|enough|as\s+(?:many|much|long))\b",
    re.I,
)
_ENDED = later(
    r"\b(?:fail|crash|finish|complet|end|withdr|retract|supersed|lost|kill|time[sd]?\W?out|diverge)\w*",
    re.I,
)
_DEVICES = later(r"[\s-]*(?:cores?|cpus?|gpus?|tpus?|threads?|devices?|chips?)\b", re.I)
_BYTES = {"kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "seconds": 1,
    "min": 60,
    "minutes": 60,
    "h": 3600,
}
TOLD_AT_ONCE = 256  # experiments
MOST_LOOKED_AT = 200  # experiments that nobody named, for what to write instead of a number
_ROUGHLY = 0.1  # how far a number in words, or one said to be about, may be from its citation
_SAME_SENTENCE = later(r"[.!?;](?=\s)|\n\s*\n")


class UnboundNumber(TypedDict):
    """A number as it was typed, where (in characters), and the citation to write instead, or ""."""

    number: str
    position: int
    suggestion: str


@dataclass
class Known:
    """What of a thread a text may say without a citation. ``settings``: config value to the keys
    that have it; ``with_unit``: values written with their unit ("80gb"); ``samples``: how many runs
    each thing has; ``counts``: of items, cells, values of an axis; ``bounds`` and ``factors``: the
    numbers of the checkable forms; ``expected``: those of the goal; ``devices``: how many;
    ``parts``: how many of the runs count, ended well, did not, were withdrawn."""

    settings: dict[float, set[str]] = field(default_factory=dict)
    with_unit: set[str] = field(default_factory=set)
    samples: set[float] = field(default_factory=set)
    counts: set[float] = field(default_factory=set)
    bounds: set[float] = field(default_factory=set)
    factors: set[float] = field(default_factory=set)
    expected: set[float] = field(default_factory=set)
    devices: set[float] = field(default_factory=set)
    parts: set[tuple[float, float]] = field(default_factory=set)


def unbound_numbers(
    text: str,
    thread: Thread,
    refs: dict[str, str] | None = None,
    predicate: str = "",
    samples: Collection[int] = (),
    beside: str = "",
) -> list[UnboundNumber]:
    """Numbers in prose that rest on nothing recorded. ``predicate``: the checkable forms whose
    numbers may be said again; ``samples``: how many runs their sides have; ``beside``: ids that the
    text is about."""
    units = frozenset(m.unit for m in thread.metrics.values() if m.unit)
    stated = quantities(text, units)
    if not stated:
        return []
    cited = cited_experiments(f"{text}\n{beside}", thread, refs)
    known = known_numbers(cited, thread, predicate, samples)
    prose = plain_words(text)
    left = [
        q
        for q in stated
        if not _is_meant(q, prose)
        and not is_version(q, prose)
        and not is_of_setting(q, prose, part_at(prose, q.start), thread.metrics)
        and not _is_known(q, known, text)
        and not _cited_beside(q, text, thread, refs)
    ]
    if not left:
        return []
    keys, metrics = set[str](), {*thread.metrics}
    for told in _told_of(thread):
        keys.update(part for key in told["keys"] for part in (key, key.rpartition(".")[2]))
        metrics.update(told["metrics"])

    def instead(q: Quantity) -> str:
        if _of_setting(q, text, keys):
            return ""
        return _suggest(q, thread, cited, _metrics_meant(q, text, thread, metrics))

    return [
        {"number": shown_number(q), "position": q.start, "suggestion": said}
        for q in left
        if (said := instead(q)) or not may_be_version(q, prose, _sentence(prose, q.start))
    ]


def replaced(text: str, found: Collection[tuple[int, str, str]]) -> str:
    """``text`` with each word of ``found`` (position, word, instead) replaced, where there is
    something to write instead."""
    for at, word, instead in sorted(found, reverse=True):
        start = text.rfind(word, 0, at + len(word)) if instead else -1
        if start >= 0:
            text = text[:start] + instead + text[start + len(word) :]
    return text


def shown_number(q: Quantity) -> str:
    """As it was typed, with its sign."""
    return f"{q.sign}{q.word}".strip() if q.digits else q.word


def _is_meant(q: Quantity, prose: str) -> bool:
    """Whether it is expected, or a setting or number of runs of what is to be done."""
    if expected(prose, q.start):
        return True
    result = q.kind in ("percent", TIMES) or _RESULT.search(part_before(prose, q.start))
    return not result and planned(prose, q.start)


def _is_known(q: Quantity, known: Known, text: str) -> bool:
    if not q.value and not q.digits:
        return False  # "orders of magnitude", "dozens of runs"
    if q.kind == "n":
        return q.value in known.samples
    if q.kind == "runs":
        ended = {part for part, _ in known.parts if _ENDED.search(_sentence(text, q.start))}
        return q.value in known.samples | known.counts | ended
    if q.kind == "scope":
        return q.value in known.samples | known.counts | known.settings.keys()
    if q.kind == "share":
        return (q.value, q.whole) in known.parts
    if q.value in known.expected and _EXPECTED.search(_sentence(text, q.start)):
        return True
    if q.kind == "percent":
        share = q.value / 100.0
        shares = {abs(1.0 - f) for f in known.factors} | {
            abs(1.0 / f - 1.0) for f in known.factors if f
        }
        keys = known.settings.get(share, set())
        return (
            any(math.isclose(share, s, rel_tol=1e-6) for s in shares | (known.bounds - {0.0}))
            or f"{q.value:g}%" in known.with_unit
            or any(re.search(rf"(?i)\b{re.escape(k)}", text) for k in _stems(keys))
        )
    if q.kind == TIMES:
        part = part_at(plain_words(text), q.start)
        if _INPUT.search(part) and not _RESULT.search(part) and not _SAYS_LESS.search(part):
            return True  # "the learning rate was halved"
        bounds = known.factors | {b for b in known.bounds if b not in (0.0, 1.0)}
        near = 1e-6 if q.digits else 0.02
        wanted = {q.value, 1.0 / q.value} if q.value else {0.0}
        if q.value < 1:  # "a fifth less" is 0.8 times
            bounds |= {abs(1.0 - f) for f in known.factors}
        return any(math.isclose(w, b, rel_tol=near) for w in wanted for b in bounds)
    if q.value in known.bounds or (not q.unit and q.value in known.factors):
        return True
    if q.unit:
        return f"{q.value:g}{q.unit.lower()}" in known.with_unit or _is_setting(q, known)
    if q.value in known.devices and _DEVICES.match(text, q.start + len(q.word)):
        return True
    return q.value in known.settings or (
        q.value % 1 == 0 and q.value in known.counts | known.samples
    )


def _is_setting(q: Quantity, known: Known) -> bool:
    """Whether a key that names its unit (``block-kib``, ``limit_s``), or a number of bytes, has
    this value."""
    scale = next((s for s in (_BYTES, _SECONDS) if q.unit.lower() in s), {})
    amount = q.value * scale.get(q.unit.lower(), 0)
    for value, keys in known.settings.items() if amount else ():
        if scale is _BYTES and value == amount:
            return True
        units = (re.split(r"[._-]", key.lower())[-1] for key in keys)
        if any(math.isclose(value * scale.get(unit, 0), amount) for unit in units):
            return True
    return False


def _stems(keys: set[str]) -> Iterator[str]:
    for key in keys:
        yield from (part for part in re.split(r"[._/-]", key) if len(part) > 1)


def _sentence(text: str, at: int) -> str:
    ends = [0, *(m.end() for m in _SAME_SENTENCE.finditer(text)), len(text)]
    start = max(e for e in ends if e <= at)
    return text[start : min(e for e in ends if e > at)] if at < len(text) else text[start:]


def _cited_beside(q: Quantity, text: str, thread: Thread, refs: dict[str, str] | None) -> bool:
    """Said in words, or as about, beside the citation that says it exactly: "about a third
    ({{A / B}})"."""
    if (q.digits and not q.loose) or q.kind not in (TIMES, "percent", "measure") or not q.value:
        return False
    sentence = _sentence(text, q.start)
    for cite in find(sentence):
        try:
            value = resolve(cite.expression, thread, refs).value
        except LeadlineError:
            continue
        forms = [value, abs(1.0 - value), *([1.0 / value, abs(1.0 / value - 1)] if value else [])]
        said = q.value / 100.0 if q.kind == "percent" else q.value
        meant = forms if q.kind in (TIMES, "percent") else forms[:1]
        if any(abs(form - said) <= _ROUGHLY * abs(said) for form in meant):
            return True
    return False


def cited_experiments(
    text: str, thread: Thread, refs: dict[str, str] | None = None
) -> list[Experiment]:
    """Experiments named in the text, those of what is named, and the baseline's."""
    found: dict[str, Experiment] = {}
    left, seen = [m[0] for m in ID_IN_TEXT.finditer(text)], set()
    while left:
        name = left.pop(0)
        if name in seen:
            continue
        seen.add(name)
        shown = thread.shown(experiment_of(name), refs)
        if shown in thread.experiments:
            found.setdefault(shown, thread.experiments[shown])
        item = thread.items.get(thread.shown(name, refs))
        for part in ("experiments", "evidence", "about", "decision") if item is not None else ():
            value = item.body.get(part) or []  # type: ignore[union-attr]
            left += [str(v) for v in (value if isinstance(value, list) else [value])]
        if item is not None and item.kind in ("sweep", "interleaving"):
            of_item = (e for e in thread.experiments.values() if _in_design(e, item.uid))
            found.update((e.id, e) for e in of_item)
    baseline = thread.baseline_experiment
    if baseline is not None:
        found.setdefault(baseline.id, baseline)
    return list(found.values())


def _in_design(experiment: Experiment, uid: str) -> bool:
    return any(
        uid in (r.design.get("sweep"), r.design.get("interleaving")) for r in experiment.runs
    )


def known_numbers(
    cited: list[Experiment], thread: Thread, predicate: str, samples: Collection[int]
) -> Known:
    """Settings and counts of what is cited (of all there is where nothing but the baseline is), and
    the numbers of ``predicate``."""
    known = Known(samples={float(n) for n in samples})
    baseline = thread.baseline_experiment
    named = [e for e in cited if e is not baseline]
    beside = [] if baseline is None else [baseline]
    total, alike = Counter[str](), dict[str, Counter[str]]()
    for told in [_told([*named, *beside])] if named else _told_of(thread):
        for key, numbers in told["settings"].items():
            for number in numbers:
                known.settings.setdefault(number, set()).add(key)
        known.with_unit.update(told["with_unit"])
        known.devices.update(told["devices"])
        known.counts.update(told["items"])
        known.samples.update(told["samples"])
        total.update(told["total"])
        for key, values in told["alike"].items():
            alike.setdefault(key, Counter()).update(values)
    runs = total["runs"]
    known.counts |= set(map(float, (runs, total["evidence"], len(named) or total["experiments"])))
    for part in (total["evidence"], total["gone"], total["done"], runs - total["done"]):
        known.parts.add((float(part), float(runs)))
    known.counts |= {float(len(values)) for values in alike.values()}
    known.samples |= {float(n) for values in alike.values() for n in values.values()}
    _of_predicate(predicate, known)
    for name in ("stop", "constraint", "goal"):
        known.expected |= _numbers_in(thread.about.get(name))
    for name in ("baseline-case", "matrix"):
        for number in _numbers_in(thread.about.get(name)):
            known.settings.setdefault(number, set()).add(name)
    return known


class _Told(TypedDict):
    """What some experiments give ``Known``: ``settings``, the numbers of each config key; ``alike``,
    by key and value how many runs have it that count; ``keys`` and ``metrics``, those of the first
    run of each; ``total``: how many there are."""

    settings: dict[str, list[float]]
    alike: dict[str, dict[str, int]]
    with_unit: list[str]
    devices: list[float]
    items: list[float]
    samples: list[float]
    keys: list[str]
    metrics: list[str]
    total: dict[str, int]


def _told_of(thread: Thread) -> Iterator[_Told]:
    """Of all experiments; what did not change since a text was looked at is not folded again."""
    tell = thread.told_in_parts("numbers", TOLD_AT_ONCE, lambda some: json.dumps(_told(some)))
    return map(json.loads, tell)


def _told(experiments: Iterable[Experiment]) -> _Told:
    settings, alike = dict[str, set[float]](), dict[str, Counter[str]]()
    texts, with_unit, devices, items = set[str](), set[str](), set[float](), set[float]()
    samples, keys, metrics = set[float](), dict[str, None](), dict[str, None]()
    total = Counter[str]()
    for experiment in experiments:
        first = experiment.runs[:1]
        keys.update(dict.fromkeys(key for run in first for key in run.config))
        metrics.update(dict.fromkeys(name for run in first for name in run.metrics))
        samples.add(float(len(experiment.evidence_runs)))
        total["experiments"] += 1
        for run in experiment.runs:
            for key, value in run.config.items():
                settings.setdefault(key, set()).update(_numbers_in(value))
                texts.add(str(value))
                if run.is_evidence:
                    alike.setdefault(key, Counter())[str(value)] += 1
            texts.add(f"{run.hardware} {run.software}")
            devices |= _numbers_in(run.hardware.get("cpu_count"))
            devices |= _numbers_in(run.devices.get("count"))
            counted = (run.extraction.get("items") or {}).values()
            items.update(float(item.get("n", 0)) for item in counted)
            total.update(
                runs=1,
                evidence=run.is_evidence,
                gone=bool(run.retracted or run.superseded_by),
                done=run.state == "done",
            )
    for text in texts:
        _with_units(text, with_unit)
    return {
        "settings": {key: sorted(numbers) for key, numbers in settings.items()},
        "alike": {key: dict(values) for key, values in alike.items()},
        "with_unit": sorted(with_unit),
        "devices": sorted(devices),
        "items": sorted(items),
        "samples": sorted(samples - {0.0}),
        "keys": list(keys),
        "metrics": list(metrics),
        "total": dict(total),
    }


def _of_predicate(predicate: str, known: Known) -> None:
    """``0.8 *`` is a factor, ``+- 5 %`` a share, ``>= 4`` a bound; what stands in a subject is a
    setting."""
    for m in re.finditer(_CLAUSE_NUMBER, predicate):
        value = abs(float(m["number"]))
        if m["then"] == "*":
            known.factors.add(value)
        elif m["then"] == "%":
            known.factors |= {1.0 - value / 100.0}
        else:
            known.bounds.add(value)
    for number in _numbers_in(re.sub(_CLAUSE_NUMBER, " ", predicate)):
        known.settings.setdefault(number, set()).add("predicate")


def _with_units(text: str, into: set[str]) -> None:
    for m in re.finditer(rf"(?<![\w.])({_NUMBERS})\s?([A-Za-z%]\w*|%)", text):
        into.add(f"{float(m[1].replace(',', '')):g}{m[2].lower()}")


def _numbers_in(value: object) -> set[float]:
    if isinstance(value, bool) or value is None:
        return set()
    if isinstance(value, (int, float)):
        return {float(value)}
    return {float(n.replace(",", "")) for n in re.findall(_NUMBERS, str(value))}


# ---- what to write instead -----------------------------------------------------------------------


_BEFORE_CHARS = 60  # in which the words stand that say what a number is of


def _of_setting(q: Quantity, text: str, keys: Collection[str]) -> bool:
    """Whether the words before it say that it is the value of a config key: "at a mean of 100"."""
    before = re.search(r"([\w.-]+)(?:\s+of|\s+is|\s*=)?\s*\Z", text[: q.start])
    return before is not None and before[1] in keys


def _metrics_meant(
    q: Quantity, text: str, thread: Thread, names: Collection[str]
) -> Collection[str]:
    """The metrics of ``names`` that a number may be of: those of its unit, and of these the ones that
    the nearest words before it name ("the error is 0.2"), where any do."""
    if q.unit and q.kind != "percent":
        units = {name: d.unit for name, d in thread.metrics.items()}
        names = {name for name in names if units.get(name, "") in ("", q.unit)}
        exact = {name for name in names if units.get(name) == q.unit}
        names = exact or names
    before = text[max(0, q.start - _BEFORE_CHARS) : q.start].lower()
    said: dict[int, set[str]] = {}
    for name in names:
        for part in re.split(r"[\W_]+", name.lower()):
            at = max((m.start() for m in re.finditer(rf"\b{re.escape(part)}", before)), default=-1)
            if len(part) > 2 and at >= 0:
                said.setdefault(at, set()).add(name)
    return said[max(said)] if said else names


def _suggest(q: Quantity, thread: Thread, cited: list[Experiment], wanted: Collection[str]) -> str:
    """``wanted``: the metrics that it may be of."""
    digits, value = q.digits, q.value
    if q.kind in ("n", "runs", "share"):
        return _suggest_n(value, thread, cited) if q.kind == "n" else ""
    places = len(digits.partition(".")[2]) if "." in digits and "e" not in digits.lower() else 0
    half = half_step(q)
    relative = q.kind == "percent"
    if q.kind == TIMES or relative:
        if not digits:
            half, places = max(half, _ROUGHLY * value), max(places, 2)
        for expression, ratio in _ratios(thread, cited):
            shown = abs(ratio - 1) * 100 if relative else ratio
            if not digits and not relative and ratio < 1 < value:
                continue
            if abs(shown - value) <= half and (
                not q.sign.strip("~≈") or not relative or (ratio < 1) == (q.sign[-1] in "-−")
            ):
                if relative:
                    return f"{{{{{expression} :+.{places}%}}}}"
                times = "" if digits else " times"
                return f"{{{{{expression} :.{places}f}}}}{times}"
        if not relative:
            return ""
    meant = [value, value / 100] if relative else [value]
    for metric, expression, recorded in _values(_likely(thread, cited, wanted, meant, half)):
        if metric not in wanted:
            continue
        if abs(recorded - value) <= half or (relative and abs(recorded * 100 - value) <= half):
            tail = f" :.{places}%" if relative and abs(recorded - value) > half else ""
            return f"{{{{{expression}{tail}}}}}"
    return ""


def _likely(
    thread: Thread,
    cited: list[Experiment],
    wanted: Collection[str],
    meant: list[float],
    half: float,
) -> Iterator[Experiment]:
    """What is cited, then what may have one of the values ``meant``, give or take ``half``: between
    the least and the largest of an experiment, or no larger than their distance, as a deviation is."""
    yield from cited
    known = {e.id for e in cited}
    if thread.kept is None:
        yield from (e for e in thread.experiments.values() if e.stands and e.id not in known)
        return

    def may_be(low: float | None, high: float | None) -> bool:
        if low is None or high is None:
            return True
        return any(low - half <= v <= high + half or v <= high - low + half for v in meant)

    likely = (
        shown
        for shown, numbers in thread.kept.spans()
        if shown not in known
        and any(may_be(*span[1:]) for name, span in numbers.items() if name in wanted)
    )
    for shown in islice(likely, MOST_LOOKED_AT):
        yield thread.experiments[shown]


def _suggest_n(value: float, thread: Thread, cited: list[Experiment]) -> str:
    """How many runs there are, whatever was typed."""
    some = [*cited, *islice(thread.experiments.values(), MOST_LOOKED_AT)]
    known = [e for e in some if e.evidence_runs]
    right = next((e for e in known if len(e.evidence_runs) == value), None)
    experiment = right or (known[0] if known else None)
    if experiment is None:
        return ""
    metric = next((n for r in experiment.evidence_runs for n in r.metrics), "")
    return f"{{{{{experiment.id}.{metric}.n}}}}" if metric else ""


def _by_metric(runs: list[Run]) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {}
    for run in runs:
        for name, value in run.metrics.items():
            values.setdefault(name, []).append(value)
    return values


def _values(experiments: Iterable[Experiment]) -> Iterator[tuple[str, str, float]]:
    """(metric, expression, value), likeliest first: medians of what is cited, other statistics,
    then single runs."""
    for experiment in experiments:
        samples = {name: summarise(v) for name, v in _by_metric(experiment.evidence_runs).items()}
        for name, sample in samples.items():
            if sample.median is not None:
                yield name, f"{experiment.id}.{name}.median", sample.median
        for name, sample in samples.items():
            stats = (
                ("mean", sample.mean),
                ("min", sample.minimum),
                ("max", sample.maximum),
                ("sd", sample.sd),
            )
            for stat, value in stats:
                if value is not None and sample.n > 1:
                    yield name, f"{experiment.id}.{name}.{stat}", value
        for run in experiment.evidence_runs:
            for name, value in run.metrics.items():
                yield name, f"{run.id}.{name}", value


def _ratios(thread: Thread, cited: list[Experiment]) -> Iterator[tuple[str, float]]:
    """Quotients of medians between what is cited (the baseline among it), both ways."""
    medians = [
        (e, {n: summarise(v).median for n, v in _by_metric(e.evidence_runs).items()}) for e in cited
    ]
    try:
        baseline: Experiment | None = thread.experiment("baseline")
    except LeadlineError:
        baseline = None
    pairs = [(a, b) for a in medians for b in medians if a[0] is not b[0]]
    pairs.sort(key=lambda pair: pair[1][0] is not baseline)  # "against the baseline" first
    for (a, left), (b, right) in pairs:
        for name, value in left.items():
            other = right.get(name)
            if value is not None and other:
                yield f"{a.id}.{name}.median / {b.id}.{name}.median", value / other
