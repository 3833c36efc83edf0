"""Result-like numbers of a document that people read elsewhere (README, paper, pull request), and what
binds each: a citation ``{{P-003.time_ms}}`` in its place, or one in a comment behind it.

    It takes 5.1 ms<!-- leadline: P-003.time_ms --> a step.          Markdown, Quarto
    It takes 5.1\\,ms % leadline: P-003.time_ms                        TeX, at the end of the line
    It takes 5.1 ms<!-- leadline: reported Smith 2024 -->            a number from elsewhere

A false alarm is dearer here than in a note: nobody reads a list of a README's versions. So only a
number is looked at that says a time, a rate, a share, a factor, or stands by the name or the unit of
a metric.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from leadline.core.errors import LeadlineError
from leadline.core.patterns import later
from leadline.core.record.thread import Thread
from leadline.core.stats.inference import summarise
from leadline.core.text.citation import find, resolve
from leadline.core.text.quantity import TIMES, Quantity, half_step, quantities
from leadline.core.text.spans import blanked, code_spans
from leadline.core.typed import NamedTuple

BOUND, UNSUPPORTED, CONTRADICTED, STALE, REPORTED = (
    "bound",
    "unsupported",
    "contradicted",
    "stale",
    "reported",
)
GOOD = (BOUND, REPORTED)
_COMMENT = later(
    r"<!--\s*leadline:\s*(.*?)\s*-->|(?<!\\)%\s*leadline:\s*([^\n]*?)\s*$", re.M | re.S
)
_TEX = re.compile(
    r"\\(?:label|ref|eqref|cite\w*|includegraphics|begin|end|usepackage|documentclass|url|href|"
    r"input|vspace|hspace|setlength|resizebox)\b(?:\[[^\]]*\])?(?:\{[^{}]*\})*"
    r"|(?<!\\)%(?!\s*leadline:)[^\n]*"
)
_BLANKED = (
    re.compile(r"\A---\n.*?\n---\n", re.S),
    re.compile(r"<!--(?!\s*leadline:).*?-->", re.S),
    re.compile(r"<(?:img|a|source|table|td|th|div|picture|video|br|p|h\d|sup|sub)\b[^>]*>", re.I),
    re.compile(r"!\[[^\]]*\]\([^)]*\)"),
    re.compile(r"\]\([^)]*\)"),
    re.compile(r"https?://\S+"),
    re.compile(r"^#{1,6}\s[^\n]*$", re.M),
    re.compile(r"\b(?:version|python|cuda|node|torch|ubuntu|debian|gcc|clang|v)\s*[><=~^]*\s*v?\d[\d.]*\+?", re.I),
    re.compile(r"\$[A-Z_]+|\bRFC\s*\d+|\bx(?:86|64|32)\b"),
    # a year, a day, a decade; with a unit behind it the same digits are a result
    re.compile(
        r"\b(?:1[89]|20)\d\d(?:-\d\d(?:-\d\d)?|s)?\b(?!\s?(?:%|[x×](?!\w)|[numµμ]?s\b|[A-Za-z]{1,8}/s|FPS\b|QPS\b))"
    ),
)  # fmt: skip
_SECONDS = frozenset(
    ("ns", "us", "µs", "μs", "ms", "s", "sec", "seconds", "millisecond", "milliseconds")
)
_RATE = re.compile(
    r"/\s?(?:s|sec|second)\b|\bper second\b|\b(?:[KMGTP]?FLOPS?|[KMGT]?FLOP/s|QPS|FPS|IOPS)\b", re.I
)
_QUALITY = re.compile(
    r"\b(?:accuracy|acc|loss|perplexity|ppl|wer|cer|f1|bleu|rouge|auc|auroc|map|mse|mae|rmse|recall|precision|pass@\d+|score|"
    r"speed-?up|throughput|latency|error rate|win rate|exact match)\b",
    re.I,
)  # fmt: skip
# The heading of a column whose cells are measured, whatever their form.
_MEASURED_COLUMN = re.compile(
    r"\(\s*(?:ns|us|µs|μs|ms|s|secs?|seconds?|milliseconds?|microseconds?|%|x|(?:[KMGT]i?B|tok|tokens|img|ops)/s)\s*\)"
    r"|\bper sec(?:ond)?\b|/s\b|\b(?:time|latency|throughput|speed)\b",
    re.I,
)
# What the words around a table say of all its cells, and a column of which they do not: what was set.
_UNIT_OF_TABLE = later(
    r"(?:\b(?:in|are)\s+|\(\s*)(?:ns|us|µs|μs|ms|s|secs?|seconds?|(?:milli|micro|nano)seconds?|minutes?|%|per\s?cent|"
    r"(?:[KMGT]i?B|tok|tokens|img|images|ops|samples|steps)/s)(?![\w/%])|\b\w+\s+per\s+sec(?:ond)?\b",
    re.I,
)
_SET_COLUMN = later(
    r"\(|\b(?:size|batch|shape|dims?|n|counts?|runs|seeds?|steps?|epochs?|layers|params|parameters|version|year|lr|"
    r"learning rate|temperature|dropout|memory)\b",
    re.I,
)
_DURATION = re.compile(r"(?<![\w.])(?:(\d+)h ?)?(\d+)m ?(\d+(?:\.\d+)?)s\b")
_SPREAD = re.compile(r"(?:±|\+/?-)\s*\Z")
# "4 times faster" is a factor; "up to 4 times before" and "4 times more likely" are none
_COMPARED = re.compile(
    r"\s+(?:as|the|faster|slower|quicker|smaller|larger|bigger|better|worse|cheaper|higher|lower|less|fewer|"
    r"more(?!\s+likely)|speed|throughput|improvement|reduction)\b",
    re.I,
)
_NEAR = 40  # characters before a number that name what it is
_ORDINARY_SHARES = (0.0, 50.0, 95.0, 99.0, 100.0)  # "100 % Python", "a 95 % interval"


class Found(NamedTuple):
    """``start`` in characters; ``now`` what the binding gives today; ``why`` in words; ``fits``: the
    citations whose value this is."""

    start: int
    end: int
    line: int
    column: int
    number: str
    state: str
    expression: str
    now: str
    why: str
    fits: tuple[str, ...]


def judged(text: str, threads: Sequence[Thread], tex: bool = False) -> list[Found]:
    """Every result-like number of a document, in reading order, against the record."""
    prose = _prose(text, tex)
    units = frozenset(m.unit for t in threads for m in t.metrics.values() if m.unit)
    names = [n for t in threads for n in t.metrics]
    comments = [(m.start(), m.end(), (m[1] or m[2] or "").strip()) for m in _COMMENT.finditer(text)]
    told = sorted((*quantities(prose, units), *_durations(prose)))
    stated = [q for q in told if _is_result(q, prose, units, names) or _in_table(q, prose, text)]
    code = code_spans(text)
    found = [
        _of_citation(text, c.start, c.end, c.expression, threads)
        for c in find(text)
        if not any(a <= c.start < b for a, b in code)
    ]
    places = _bindings(text, stated, comments)
    medians = list(_medians(threads)) if len(places) < len(stated) else []
    for q in stated:
        found.append(_of_number(text, q, places.get(q.start), threads, medians))
    return sorted(found)


def _prose(text: str, tex: bool) -> str:
    """What is no prose is blanked, every other character at its place."""

    def blank(m: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", m[0])

    if not tex:
        text = blanked(text, code_spans(text))
    for pattern in (*_BLANKED, *((_TEX,) if tex else ())):
        text = pattern.sub(blank, text)
    text = _COMMENT.sub(blank, text)
    if tex:
        text = text.replace("\\%", " %").replace("\\,", "  ").replace("~", " ").replace("$", " ")
    return re.sub(r"\{\{[^{}\n]*\}\}", blank, text)


def _is_result(q: Quantity, prose: str, units: frozenset[str], names: Sequence[str]) -> bool:
    if not q.digits or q.kind not in ("measure", "percent", TIMES):
        return False
    end = q.start + len(q.word)
    if q.kind == TIMES:
        likely = re.match(r"\s+more\s+likely\b", prose[end:])
        return not likely and (q.word[-1:] != "s" or bool(_COMPARED.match(prose, end)))
    if q.kind == "percent":
        return q.value not in _ORDINARY_SHARES
    line = prose[prose.rfind("\n", 0, q.start) + 1 : q.start]
    if _SPREAD.search(line):  # of the number before it
        return False
    behind = prose[end : end + 24]
    if q.unit and (q.unit in units or q.unit.lower() in _SECONDS):
        return not re.search(r"\b(?:timeout|sleep|wait|every|limit|budget)\b", line[-_NEAR:], re.I)
    if _RATE.match(behind.lstrip()) or (q.unit and _RATE.search(q.unit)):
        return True
    header = _header_of(prose, q.start)
    if not q.unit and _MEASURED_COLUMN.search(header):
        return True
    about = f"{line[-_NEAR:]} {header}"
    fraction = "." in q.digits
    named = any(re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", about) for name in names)
    return fraction and not q.unit and (named or bool(_QUALITY.search(about)))


def _in_table(q: Quantity, prose: str, text: str) -> bool:
    """Whether a bare number stands in a table of results whose unit the words above or below name.
    ``text``: with its headings. The first column names the rows; of whole numbers only those count
    that stand in a column with fractions."""
    begin = prose.rfind("\n", 0, q.start) + 1
    if q.unit or q.kind != "measure" or not q.digits or not prose.startswith("|", begin):
        return False
    lines, at = prose.split("\n"), prose.count("\n", 0, q.start)
    first = last = at
    while first and lines[first - 1].startswith("|"):
        first -= 1
    while last + 1 < len(lines) and lines[last + 1].startswith("|"):
        last += 1
    column = prose.count("|", begin, q.start)
    cells = [
        row[column].strip()
        for line in lines[first : last + 1]
        if len(row := line.split("|")) > column
    ]
    if at == first or column < 2 or not cells or _SET_COLUMN.search(cells[0]):
        return False
    written = text.split("\n")
    around = f"{_paragraph(written[:first][::-1])}\n{_paragraph(written[last + 1 :])}"
    return any("." in cell for cell in cells[1:]) and bool(_UNIT_OF_TABLE.search(around))


def _paragraph(lines: Sequence[str]) -> str:
    """The lines next to a table, behind one blank line at most; a heading is one too."""
    found = list[str]()
    for at, line in enumerate(lines):
        if line.strip():
            found.append(line)
        elif at:
            break
    return "\n".join(found)


def _durations(prose: str) -> Iterator[Quantity]:
    """``2m23s``: seconds."""
    for m in _DURATION.finditer(prose):
        seconds = 3600 * int(m[1] or 0) + 60 * int(m[2]) + float(m[3])
        yield Quantity(m.start(), m[0], seconds, "measure", "s", f"{seconds:g}")


def _header_of(prose: str, at: int) -> str:
    """The heading of the column that a cell of a Markdown table stands in; "" elsewhere."""
    begin = prose.rfind("\n", 0, at) + 1
    row = prose[begin : prose.find("\n", at) if prose.find("\n", at) >= 0 else len(prose)]
    if not row.lstrip().startswith("|"):
        return ""
    column = prose[begin:at].count("|")
    lines = prose[:begin].split("\n")[:-1]
    head = ""
    for line in reversed(lines):
        if not line.lstrip().startswith("|"):
            break
        head = line
    cells = head.split("|")
    return cells[column] if column < len(cells) else ""


def _bindings(
    text: str, stated: Sequence[Quantity], comments: Sequence[tuple[int, int, str]]
) -> dict[int, str]:
    """A comment binds the nearest number before it on its line that no other binds; several
    citations of one comment, parted by ``;``, as many, from the left."""
    bound: dict[int, str] = {}
    for start, _, said in comments:
        begin = text.rfind("\n", 0, start) + 1
        free = [q for q in stated if begin <= q.start < start and q.start not in bound]
        parts = [part.strip() for part in said.split(";") if part.strip()]
        for q, part in zip(free[-len(parts) :], parts, strict=False):
            bound[q.start] = part
    return bound


def _of_citation(
    text: str, start: int, end: int, expression: str, threads: Sequence[Thread]
) -> Found:
    value, problem = _value(expression, threads)
    state = BOUND if value is not None else UNSUPPORTED
    now = "" if value is None else f"{value:.6g}"
    return _found(text, start, end, text[start:end], state, expression, now, problem, ())


def _of_number(
    text: str,
    q: Quantity,
    said: str | None,
    threads: Sequence[Thread],
    medians: Sequence[_Median],
) -> Found:
    end = _end_of(text, q)
    shown = text[q.start : end]
    if said is None:
        fits = tuple(_fitting(q, medians))
        why = "nothing recorded is cited beside it"
        return _found(text, q.start, end, shown, UNSUPPORTED, "", "", why, fits)
    if said.split()[:1] == ["reported"]:
        return _found(text, q.start, end, shown, REPORTED, "", "", said.partition(" ")[2], ())
    value, problem = _value(said, threads)
    if value is None:
        return _found(text, q.start, end, shown, UNSUPPORTED, said, "", problem, ())
    if _is_said(q, value):
        return _found(text, q.start, end, shown, BOUND, said, f"{value:.6g}", "", ())
    since = _stale_since(q, said, threads)
    state, why = (
        (STALE, f"since {since}") if since else (CONTRADICTED, "the record says another value")
    )
    return _found(text, q.start, end, shown, state, said, f"{value:.6g}", why, ())


def _end_of(text: str, q: Quantity) -> int:
    end = q.start + len(q.word)
    unit = re.match(rf"[ \u00a0\\,~]{{0,3}}{re.escape(q.unit)}", text[end:]) if q.unit else None
    return end + (unit.end() if unit else 0)


def _found(text: str, start: int, end: int, number: str, *rest: object) -> Found:
    line = text.count("\n", 0, start) + 1
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    return Found(start, end, line, column, " ".join(number.split()), *rest)  # type: ignore[arg-type]


def _value(expression: str, threads: Sequence[Thread]) -> tuple[float | None, str]:
    problem = "no thread is here"
    for thread in threads:
        try:
            return resolve(expression, thread).value, ""
        except LeadlineError as error:
            problem = error.what
    return None, problem


def _is_said(q: Quantity, value: float) -> bool:
    """Whether the number is the value, as far as its digits go: a per cent may be a share, a change
    or itself."""
    half = half_step(q)
    if q.kind == "percent":
        return any(abs(abs(v) - q.value) <= half for v in (value, value * 100, (value - 1) * 100))
    if q.kind == TIMES and value:
        return abs(value - q.value) <= half or abs(1 / value - q.value) <= half
    return abs(value - q.value) <= half


def _stale_since(q: Quantity, said: str, threads: Sequence[Thread]) -> str:
    """The run with which the number stopped being the median of an experiment; "" where it never
    was."""
    head, _, rest = said.partition(".")
    metric = rest.removesuffix(".median")
    for thread in threads:
        experiment = thread.experiments.get(head)
        runs = [r for r in experiment.runs if metric in r.metrics] if experiment else []
        known = list[float]()
        was = False
        for run in runs:
            known.append(run.metrics[metric])
            median = summarise(known).median
            said_now = median is not None and _is_said(q, median)
            if was and not said_now:
                return run.id
            was = said_now
        if was and runs:  # all runs say it, and some do not count any more
            return next((r.id for r in runs if r.retracted or r.superseded_by), "")
    return ""


class _Median(NamedTuple):
    citation: str
    unit: str
    value: float


def _medians(threads: Sequence[Thread]) -> Iterator[_Median]:
    """Of all that a number may be, once for all numbers of a document."""
    for thread in threads:
        for experiment in thread.experiments.values():
            counted = experiment.evidence_runs
            names = dict.fromkeys(name for run in counted for name in run.metrics)
            for name in names:
                definition = thread.metrics.get(name)
                unit = definition.unit if definition is not None else ""
                median = summarise([r.metrics[name] for r in counted if name in r.metrics]).median
                if median is not None:
                    yield _Median(f"{experiment.id}.{name}", unit, median)


def _fitting(q: Quantity, medians: Sequence[_Median]) -> Iterator[str]:
    """The medians that the number is, of a metric in its unit."""
    if q.kind == TIMES:
        return
    for citation, unit, value in medians:
        in_its_unit = q.kind == "percent" or not q.unit or not unit or q.unit == unit
        if in_its_unit and _is_said(q, value):
            yield citation


def fixed(text: str, found: Sequence[Found], tex: bool = False) -> str:
    """``text`` with a citation in a comment behind each number that exactly one metric fits."""
    for one in sorted(found, reverse=True):
        if one.state != UNSUPPORTED or one.expression or len(one.fits) != 1:
            continue
        if not tex:
            text = f"{text[: one.end]}<!-- leadline: {one.fits[0]} -->{text[one.end :]}"
            continue
        end = text.find("\n", one.end)
        end = len(text) if end < 0 else end
        line = text[one.end : end]
        if "leadline:" not in line and not re.search(r"(?<!\\)%", line):
            text = f"{text[:end]} % leadline: {one.fits[0]}{text[end:]}"
    return text
