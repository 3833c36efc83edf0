"""Numbers that somebody typed although the record could have said them, and the citation to write
instead.

Everything that is a name rather than a measurement is masked first (ids, dates, versions, shas,
files, references, code); what is left is a claim about a quantity. Both errors are possible. A
false alarm costs a citation or a code span, a number let through costs a wrong result, so doubtful
cases are reported. Counts up to twelve are let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.core.errors import LeadlineError
from leadline.core.ids import ID_IN_TEXT, experiment_of
from leadline.core.stats.inference import summarise
from leadline.core.text.factor_words import factors_in
from leadline.core.text.spans import code_spans
from leadline.core.typed import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from leadline.core.record.run import Run
    from leadline.core.record.thread import Experiment, Thread

SMALL_COUNT = 12
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"
_NUMBER = re.compile(
    rf"(?<![\w.,])(?P<sign>(?<![\w)])[-+−±~≈]*)(?P<digits>{_DIGITS})(?P<tail>\s?%|\s?[A-Za-zµμ×°][\w/µμ]*)?"
)
_UNITS = frozenset(
    (
        "ms",
        "s",
        "us",
        "µs",
        "μs",
        "ns",
        "sec",
        "secs",
        "second",
        "seconds",
        "min",
        "mins",
        "minute",
        "minutes",
        "h",
        "hour",
        "hours",
        "millisecond",
        "milliseconds",
        "kb",
        "mb",
        "gb",
        "tb",
        "kib",
        "mib",
        "gib",
        "tib",
        "b/s",
        "kb/s",
        "mb/s",
        "gb/s",
        "tb/s",
        "gib/s",
        "mib/s",
        "gflop/s",
        "tflop/s",
        "gflops",
        "tflops",
        "pflops",
        "flops",
        "tok/s",
        "tokens/s",
        "it/s",
        "steps/s",
        "samples/s",
        "hz",
        "khz",
        "mhz",
        "ghz",
        "w",
        "kw",
        "j",
        "kj",
        "x",
        "×",
        "times",
        "percent",
        "pp",
        "db",
        "bits",
        "nats",
        "bpb",
        "ppl",
        "points",
        "fold",
        "usd",
        "k",
        "m",
    )
)
_NAME_BEFORE = (
    r"\b(?:step|phase|stage|section|sec|chapter|fig|figure|table|eq|equation|layer|seed|rank|run|attempt|repeat|trial|fold|"
    r"epoch|pr|issue|item|part|line|row|column|page|node|worker|shard|gpu|device|core|version|release|v|python|cuda|rocm|"
    r"torch|pytorch|jax|jaxlib|numpy|triton|tensorflow|xla|gcc|clang|llvm|ubuntu|debian|linux|driver|llama|gemma|qwen|gpt|"
    r"mistral|claude|option|variant|round|week|day|q)s?\.?[ \t]+"
)
_MASKS = (  # compiled by the first text that has a digit
    (r"\{\{[^{}\n]*\}\}", 0),
    (r"https?://\S+", 0),
    (ID_IN_TEXT.pattern, 0),
    (
        r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?",
        0,
    ),
    (r"\b\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?(?:Z|UTC|am|pm))?\b", re.I),
    (
        r"\b(?:\d{1,2}(?:st|nd|rd|th)?\s+)?(?:January|February|March|April|May|June|July|August|September|October|November|"
        r"December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\.?\s+\d{1,2}(?:st|nd|rd|th)?\b(?:,?\s+\d{4})?",
        0,
    ),
    (r"(?:sha\d*:)?\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b", 0),
    (r"\b\d+(?:\.\d+){2,}\b", 0),
    (r"\bv\d+(?:\.\d+)*\b", 0),
    (r"(?<!\w)#\d+\b", 0),
    (r"(?:[\w.-]+/)+[\w.-]*[A-Za-z][\w.-]*", 0),
    (
        r"\b[\w-]+\.(?:py|json|jsonl|csv|md|txt|log|yaml|yml|toml|sh|cu|cpp|c|h|rs|go|ts|js|npz|npy|pt|parquet|sqlite|html)\b",
        0,
    ),
    (r"\b[A-Za-z_]\w*(?:[-_.]\w+)*(?:-[\w.]*\w)", 0),
    (r"\b\d+(?:st|nd|rd|th)\b", 0),
    (r"^[ \t]*(?:[-*+]\s+)?\d{1,3}[.)](?=\s)", re.M),
    (r"\b[nN]\s*=\s*\d+\b", 0),
    (_NAME_BEFORE + r"[#v]?\d+(?:\.\d+)*(?:\s*(?:,|-|–|to|and)\s*\d+(?:\.\d+)*)*(?!\s?%)", re.I),
    (r"(?<![\w.,+-])(?:19|20)\d{2}(?=s?\b)(?!\.\d|,\d|\s?%|\s?(?:ms|s|us|MB|GB|MiB|GiB)\b)", 0),
    (r"\b\d+(?:\.\d+)?[BM](?=-|\s+(?:param|model))", 0),
)


class UnboundNumber(TypedDict):
    """A number as it was typed, where (in characters), and the citation to write instead, or ""."""

    number: str
    position: int
    suggestion: str


def unbound_numbers(
    text: str, thread: Thread, refs: dict[str, str] | None = None, predicate: object = ""
) -> list[UnboundNumber]:
    """Numbers in prose that rest on nothing recorded. ``predicate``: the claim's own criterion,
    whose numbers may be said again."""
    found = _unbound_words(text, thread, refs, predicate)
    if not re.search(r"\d", text):
        return found
    masked = _mask(text)
    allowed: set[float] | None = None
    cited: list[Experiment] = []
    for m in _NUMBER.finditer(masked):
        digits, tail = m["digits"], (m["tail"] or "").strip()
        value = float(digits.replace(",", ""))
        unit = tail if _is_unit(tail, thread) else ""
        if not unit and re.match(r"\S", m["tail"] or ""):
            continue  # 3D, 8x128: part of a name
        if not unit and "." not in digits and value <= SMALL_COUNT and "e" not in digits.lower():
            continue
        if allowed is None:
            cited = _cited(text, thread, refs)
            allowed = _allowed(cited, thread, predicate)
        if value in allowed or (unit == "%" and value / 100 in allowed):
            continue
        shown = masked[m.start("sign") : m.end("digits")] + (m["tail"] or "" if unit else "")
        found.append(
            {
                "number": shown.strip(),
                "position": m.start("digits"),
                "suggestion": _suggest(value, digits, unit, m["sign"], thread, cited),
            }
        )
    return found


def _unbound_words(
    text: str, thread: Thread, refs: dict[str, str] | None, predicate: object
) -> list[UnboundNumber]:
    """Factors in words ("twice as fast", "half the memory"): a measurement like its numeral, unless
    the predicate asks for that factor."""
    factors = list(factors_in(text))
    if not factors:
        return []
    prose = _mask(text)
    cited = _cited(text, thread, refs)
    allowed = _allowed(cited, thread, predicate)
    found: list[UnboundNumber] = []
    for start, word, factor in factors:
        if prose[start : start + len(word)] != word or {factor, 1.0 / factor} & allowed:
            continue
        wanted = (
            r
            for r in _ratios(thread, cited)
            if abs(max(r[1], 1.0 / r[1] if r[1] else 0.0) - factor) < 0.5
        )
        expression = next(wanted, None)
        suggestion = f"{{{{{expression[0]} :.2f}}}} times" if expression else ""
        found.append({"number": word, "position": start, "suggestion": suggestion})
    return found


def _mask(text: str) -> str:
    """``text`` with everything that is no measurement blanked, every other character at its place."""

    def blank(m: re.Match[str]) -> str:
        return " " * len(m[0])

    for start, end in code_spans(text):
        inside = text[start:end].strip("`~ \n")
        if text.startswith(("```", "~~~"), start) or not _NUMBER.fullmatch(inside):
            text = text[:start] + " " * (end - start) + text[end:]
    for pattern, flags in _MASKS:
        text = re.sub(pattern, blank, text, flags=flags)
    return text.replace("`", " ")


def _is_unit(tail: str, thread: Thread) -> bool:
    return bool(tail) and (
        tail == "%"
        or tail.lower() in _UNITS
        or any(m.unit == tail for m in thread.metrics.values())
    )


def _cited(text: str, thread: Thread, refs: dict[str, str] | None) -> list[Experiment]:
    """Experiments named in the text, and the baseline's."""
    names = [thread.shown(experiment_of(m[0]), refs) for m in ID_IN_TEXT.finditer(text)]
    found = [thread.experiments[n] for n in dict.fromkeys(names) if n in thread.experiments]
    baseline = thread.baseline_experiment
    return found if baseline is None or baseline in found else [*found, baseline]


def _allowed(cited: list[Experiment], thread: Thread, predicate: object) -> set[float]:
    """Config values of what is cited, the numbers of the predicate, and of the stop criteria and
    constraints."""
    values: set[float] = set()
    for experiment in cited:
        for run in experiment.runs:
            for value in run.config.values():
                values.update(_numbers_in(value))
    values.update(_numbers_in(predicate))
    for name in ("stop", "constraint", "baseline-case", "matrix"):
        values.update(_numbers_in(thread.about.get(name)))
    return values


def _numbers_in(value: object) -> set[float]:
    if isinstance(value, bool) or value is None:
        return set()
    if isinstance(value, (int, float)):
        return {float(value)}
    return {
        float(n.replace(",", ""))
        for n in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?", str(value))
    }


# ---- what to write instead -----------------------------------------------------------------------


def _suggest(
    value: float, digits: str, unit: str, sign: str, thread: Thread, cited: list[Experiment]
) -> str:
    places = len(digits.partition(".")[2]) if "." in digits and "e" not in digits.lower() else 0
    half = 0.5 * 10.0**-places * (1 + 1e-9)
    if "e" in digits.lower():
        half = abs(value) * 0.005
    relative = unit in ("%", "percent", "pp")
    if unit in ("x", "×", "times", "fold") or relative:
        for expression, ratio in _ratios(thread, cited):
            shown = abs(ratio - 1) * 100 if relative else ratio
            if abs(shown - value) <= half and (
                not sign.strip("~≈") or not relative or (ratio < 1) == (sign[-1] in "-−")
            ):
                return (
                    f"{{{{{expression} :+.{places}%}}}}"
                    if relative
                    else f"{{{{{expression} :.{places}f}}}}"
                )
    others = [e for e in thread.experiments.values() if e not in cited]
    wanted = (
        {m.name for m in thread.metrics.values() if m.unit == unit}
        if unit and not relative
        else set()
    )
    for metric, expression, recorded in _values([*cited, *others]):
        if wanted and metric not in wanted:
            continue
        if abs(recorded - value) <= half or (relative and abs(recorded * 100 - value) <= half):
            tail = f" :.{places}%" if relative and abs(recorded - value) > half else ""
            return f"{{{{{expression}{tail}}}}}"
    return ""


def _by_metric(runs: list[Run]) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {}
    for run in runs:
        for name, value in run.metrics.items():
            values.setdefault(name, []).append(value)
    return values


def _values(experiments: list[Experiment]) -> Iterator[tuple[str, str, float]]:
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
