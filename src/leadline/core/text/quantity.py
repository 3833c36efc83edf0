"""Quantities that a text states: numbers in digits or in words, percentages, factors, counts and
numbers of runs.

Everything that is a name rather than a measurement is masked first (ids, dates, versions, shas,
files, references, shapes, code); what is left says how much or how many. English number words are
read by their grammar ("one hundred and fifty", "two and a half", "a third", "tenfold"), so that a
number is the same number however it is written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from leadline.core.ids import ID_IN_TEXT
from leadline.core.patterns import later
from leadline.core.text import other_languages as other
from leadline.core.text.one_form import one_form
from leadline.core.text.spans import blanked, code_spans
from leadline.core.typed import NamedTuple

SMALL_COUNT = 12  # a count up to it, of no runs, is let through

# ---- what is no quantity -------------------------------------------------------------------------

_UNIT_WORDS = (
    "ms s us µs μs ns sec secs second seconds min mins minute minutes h hour hours day days millisecond "
    "milliseconds microsecond microseconds nanosecond nanoseconds kb mb gb tb kib mib gib tib kilobytes "
    "megabytes gigabytes bytes b/s kb/s mb/s gb/s tb/s gib/s mib/s gflop/s tflop/s gflops tflops pflops "
    "flops tok/s tokens/s it/s steps/s samples/s hz khz mhz ghz w kw watts j kj joules db bits nats bpb "
    "ppl sigma σ usd dollars k m"
)
_UNITS = frozenset(_UNIT_WORDS.split())
PERCENT = "%"
TIMES = "times"
_AS_PERCENT = ("%", "percent", "pct", "pc", "pp", "percentage", "per cent")
_AS_TIMES = ("x", "×", "times", "fold")
_NAMES_A_NUMBER = (
    r"\b(?:step|phase|stage|section|sec|chapter|fig|figure|table|eq|equation|layer|seed|rank|run|attempt|repeat|"
    r"trial|fold|"
    r"epoch|pr|issue|item|part|line|row|column|page|node|worker|shard|gpu|device|core|version|release|v|python|"
    r"cuda|rocm|"
    r"torch|pytorch|jax|jaxlib|numpy|triton|tensorflow|xla|gcc|clang|llvm|ubuntu|debian|linux|driver|llama|"
    r"gemma|qwen|gpt|"
    r"mistral|claude|option|variant|round|week|day|q|experiment|exp|gate|rule|status|exit|code|error|port|"
    r"returned|pid|"
    r"job|id|priority|no\.|number(?! of))s?\.?[ \t]+\(?"
)
_MASKS = (  # compiled by the first text that has a digit
    (r"\{\{[^{}\n]*\}\}", 0),
    (r"\w+://\S+", 0),
    (ID_IN_TEXT.pattern, 0),
    (
        r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?",
        0,
    ),
    (r"\b\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?(?:Z|UTC|am|pm))?\b", re.I),
    (
        r"\b(?:\d{1,2}(?:st|nd|rd|th)?\s+)?(?:January|February|March|April|May|June|July|August|September|"
        r"October|November|"
        r"December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\.?\s+\d{1,2}(?:st|nd|rd|th)?\b(?:,?\s+\d{4})?",
        0,
    ),
    (r"(?:sha\d*:)?\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b", 0),
    (r"\b\d+(?:\.\d+){2,}\b", 0),
    (r"×\s?\d+(?:\.\d+)?(?=\s*[=≈])", 0),  # a product that is worked out
    (r"\b\d+/\d+[A-Z]\w*", 0),  # a name of sizes: 128/2L
    (r"(?:[\w +-]*[a-z_] × \d+(?:,\s*|$|(?=[.;)]))){2,}", re.M | re.I),  # how often each was run
    (  # what something is like, not by how much
        r"\b\d+-(?:point|min(?:ute)?|hour|day|epoch|layer|head|node|way)\s(?!(?:\w+\s)?(?:gain|improv|speed|reduc|sav|"
        r"drop|win|lead|advantage|better|faster|slower|lower|higher|increase|decrease|cut|loss|regress|jump|rise|"
        r"difference|edge|boost))",
        re.I,
    ),
    (r"\(\d+/\d+\)(?=[²³^])|\b\d+/\d+\s?×(?=\s*(?:[:;,.)]|$))", re.M),
    (r"\bv\d+(?:\.\d+)*\b", 0),
    (r"\bx(?:0\b|\d+(?=_)|\d+_)\w*", 0),  # a variable
    (r"\bevery\s+\d+\s+(?:step|iteration|epoch|batche|update|minute|second|hour)s?\b", re.I),
    (
        r"\b(?:cut|stopped|ended|killed|resumed|restarted|evaluated|trained)\s+(?:at|after|from|for)\s+\d+\s+"
        r"(?:step|iteration|epoch|update)s?\b",
        re.I,
    ),
    (r"\b\d+\^\d+\b(?!\s?(?:%|x\b|times))", 0),
    (r"\b(?:arxiv|doi)\S*?\d+[./]\d+\S*", re.I),
    (r"\bet\s+al\.?,?\s+\(?\d{4}\b|\b[A-Z][A-Za-z]+\s+(?:19|20)\d{2}(?=\))", 0),
    (r"(?:§§?|\bsec(?:tion|t)?\.?)\s*\d+(?:\.\d+)*", re.I),
    (r"(?:[\w.-]+(?:/[\w.-]+)*)?(?<!\s#)#\d+\b(?:['’]s)?", 0),  # octocat/lab#14
    (  # a path, not 12/12 and not tokens/s
        r"(?<![\w/])(?![A-Za-z]+/(?:s|sec|second|min|h|hour|step|token|item)\b)"
        r"(?:[A-Za-z_.~-][\w.-]*/|/(?=[A-Za-z_.]))[\w./-]*\w",
        0,
    ),
    (
        r"\b[\w-]+\.(?:py|json|jsonl|csv|md|txt|log|yaml|yml|toml|sh|cu|cpp|c|h|rs|go|ts|js|npz|npy|pt|parquet|"
        r"sqlite|html)\b",
        0,
    ),
    (r"\b(?=\w*\d)[A-Za-z_]\w*(?:[-_.]\w+)*(?:-[\w.]*\w)", 0),
    (r"\b[A-Za-z_]+-(?!\d+(?:\.\d+)?(?:[mµun]?s|x)\b)\d[\w.]*\b(?!\s?%)", 0),
    (r"\b\d+(?:st|nd|rd|th)\b", 0),
    (r"^[ \t]*(?:[-+]\s+)?\d{1,3}[.)](?=\s)", re.M),
    (r"(?<![\w.,])\d+(?:\s?[x×]\s?\d+)+(?![\w.])", 0),  # a shape
    (r"(?<![\w.,])\d+(?:\.\d+)?(?:/\d+(?:\.\d+)?){2,}(?![\w/])", 0),  # a list of settings
    (
        _NAMES_A_NUMBER + r"[#v]?\d+(?:\.\d+)*(?:['’]s)?(?:\s*(?:,|/|-|–|to|and)\s*\d+(?:\.\d+)*)*"
        r"(?!\s?%|[\d.]*(?:x|\s?times|\s?percent|[\s-]?fold)\b)",
        re.I,
    ),
    (r"(?<!\ba )(?<!\bby )(?<!\bof )\bfactors? \d+\b", re.I),
    (
        r"(?:(?<=\()|(?<=\bin )|(?<=\bsince )|(?<=\bof )|(?<=\bfrom )|(?<=\buntil )|(?<=\bby )|(?<=[a-z] ))"
        r"(?:19|20)\d{2}(?=s?\b)(?!\.\d|,\d|\s?%|[\s-]?(?:runs?|seeds?|repeats?|trials?|samples|times|x|ms|s|us|"
        r"[kKmMgGtT]i?[bB]|tok\w*|steps)\b)",
        0,
    ),
    (r"\b\d+(?:\.\d+)?[BM](?=-|\s+(?:param|model))", 0),
)
_EMPHASIS = later(r"\*|(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])|~~")
_LOOKS_LIKE = later(
    r"\d|[¼-¾⅐-⅞]|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twel|dozen|t?wice|thrice|"
    r"hal[fv]|third|"
    r"quarter|fifth|tenth|doubl|tripl|quadrupl|quintupl|order|hundred|thousand|million|several|many|multipl|"
    r"fraction|scores|each)|\bmultipl|teen\b|ty\b|fold\b|\b(?:pro[zc]ent|por\s?c|pour\s?c|per\s?c)|[百倍成半减翻]|"
    r"fach|doppelt|\bhalb|mal\s|fois|moitie|veces|mitad|doble|volte|doppi|vezes|dobro|metade|вдвое|втрое|раз|"
    r"половин|процент",
    re.I,
)

# ---- number words --------------------------------------------------------------------------------

_ONES = dict(
    zip(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
        range(1, 10),
        strict=True,
    )
)
_TEENS = dict(
    zip(
        [
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ],
        range(10, 20),
        strict=True,
    )
)
_TENS = dict(
    zip(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
        range(20, 100, 10),
        strict=True,
    )
)
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9}
_SMALL = {"zero": 0, "nought": 0, "naught": 0, **_ONES, **_TEENS, **_TENS}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_W = "|".join(sorted(_SMALL, key=len, reverse=True))
_S = "|".join(_SCALES)
_WORDS = (
    rf"(?:(?:{_W})(?:[\s-](?:{_S}|(?:{'|'.join(_ONES)})(?=\W))|(?<=d)\s+and\s+(?:{_W}))*|an?[\s-](?:{_S}))"
    rf"(?:[\s-](?:{_S}|{_W})|(?<=d)\s+and\s+(?:{_W})(?:-(?:{'|'.join(_ONES)}))?)*(?:\s+point(?:[\s-](?:oh|{_W}))+)?"
    r"(?:\s+and\s+a\s+(?:half|quarter))?"
)
_DIGITS = (
    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+,\d{1,2}(?=[\s-]?(?:%|x\b|×|times|fold|per\s?cent|[mnuµμ]?s\b|"
    r"[KMG]i?B\b))|\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?[¼-¾⅐-⅞]?|[¼-¾⅐-⅞]"
)
_TAIL = r"\s{0,4}%|[\s-]{0,4}per\s?cent\w*(?:[\s-]points?)?|[\s-]{0,4}[A-Za-zµμ×°][\w/µμ]*"
_NUMBER = later(
    rf"(?<![\w.,](?<![\u3040-\u9fff\uac00-\ud7af]))(?P<sign>(?<![\w)](?<![\u3040-\u9fff\uac00-\ud7af]))[-+−±~≈]*)(?P<mult>[x×]\s?)?(?:(?P<digits>{_DIGITS})|(?P<words>\b{_WORDS}(?:\b|(?=fold))))(?P<tail>{_TAIL})?",
    re.I,
)
_RUNS = (
    r"(?:runs?|seeds?|repeats?|repetitions?|trials?|replicates?|replications?|re-?runs?|executions?|restarts?|"
    r"samples|"
    r"draws?|observations?|measurements?)\b"
)
_OF_RUNS = later(
    r"\s+(?:(?:per|a|in\s+each)\s+(?:side|arm|group|cell|condition|variant)\b|(?:times\s+)?each\b)|"
    rf"[\s-]+(?:(?!(?:of|in|on|and|or|to|for|with|at|is|are|was|were|per|from|by|than|as|out|not|but|"
    rf"that)\b)[\w-]+[\s-]+){{0,2}}?{_RUNS}",
    re.I,
)
_PROGRESS = later(r"\b(?:at|after|step|cell|run|done|finished|completed|now)\s+$", re.I)
_OF_IT = later(r"\s+(?:of|less|more|fewer|\w{3,}er)\b", re.I)
_N = later(r"\bsample\s+size\s+$|\b(?:n|sample\s+size)\s*(?:[=:≈~≥>]+|of\b|is\b)\s*$", re.I)
_SHARE = later(
    r"\s*(?:/|\b(?:\w+s\s+out\s+of|(?:out\s+)?of)\s+(?:the\s+|all\s+|our\s+|its\s+)*|\bin\s+|\bfor\s+)$",
    re.I,
)
_MORE = (
    r"(?:(?:as|the|its|their|that|what|more|less|fewer|better|worse|larger|smaller)\b|\w{2,}er\b)"
)
_FACTORS = (
    (
        rf"\btwice[\s-]{_MORE}|\bdoubles\b|\bat\s+(?:double|triple)\b|(?<=[a-z] )double\s(?:the|that|its|their)\b",
        2.0,
    ),
    (
        r"(?<!\bthe )(?<!\ba )(?<!\ban )(?<!\bits )\bdoubled\b|(?<=, )(?:and\s+)?doubling\b|\bdoubled\s+(?:the|"
        r"its)\b",
        2.0,
    ),
    (
        r"(?<!first )(?<!second )(?<!other )(?<!-)(?<!and a )\bhalf\b"
        r"(?!-|\s+(?:precision|way|the\s+way|float|life|width|open|done|second|third))|\bhalv(?:es|ed|ing)\b|"
        r"\bcut(?:s|ting)?\s+(?:[\w-]+\s+){0,4}in\s+two\b",
        2.0,
    ),
    (rf"\bthrice\s+{_MORE}|\b(?:triple[sd]?\s+(?:the|its|that)|triples|tripl(?:ed|ing))\b", 3.0),
    (r"\bquadrupl(?:es?|ed|ing)\b", 4.0),
    (r"\bquintupl(?:es?|ed|ing)\b", 5.0),
    (r"\b(?:an?|one)\s+order\s+of\s+magnitude\b", 10.0),
    (
        r"\b(?:drop\w*|fell|falls?|reduc\w+|went|goes|down|cuts?)\s+(?:\w+\s+){0,2}to\s+(?:zero|nothing|"
        r"0)\b(?![.,]\d)|"
        r"\borders\s+of\s+magnitude\b|(?<!adding )(?<!add )\ba\s+(?:\w+\s+)?fraction\s+of\b|"
        r"\b(?:double|triple)[\s-]digit\b|\b(?:\d+(?:\.\d+)?|two|three|four|five|six|seven|eight|nine|"
        r"ten)[\s-]?(?::|to)[\s-]?"
        r"(?:1|one)\b(?!\d)|\b(?:several|many|multi|multiple)(?:[\s-]?fold\b|\s+times\b(?:\s+(?:as|the|its|"
        r"\w{2,}er)\b))",
        0.0,
    ),
)
_PART = (
    rf"\b(?P<n>an?|{'|'.join([*_ONES, 'ten'])})[\s-](?:(?:good|full|solid|cool|mere|clean)\s)?"
    rf"(?P<part>{'|'.join(list(_PARTS)[1:])})(?P<s>s?)\b"
    r"(?=\s*[.,;:()!]|\s*$|\s+(?:of|as|the|less|more|fewer|off|than|lower|higher|\w{3,}er)\b)"
)
_FACTOR_OF = later(
    r"\bfactor\s+(?:of\s+(?:\w+\s+)?)?$|\b(?:multipl|divid)\w+\s+(?:[\w-]+\s+){0,4}by\s*$", re.I
)
_FROM_TO = later(r"\s+from\s+(?:\S+\s+)?to\b", re.I)
_MANY = later(r"\b(?:dozens|scores|hundreds|thousands|millions)\s+of\s+(?:[\w-]+)", re.I)
_ON_NOUNS = later(r"\s+(?:[a-z]+\s+)?[A-Za-z]+s\b")  # "five shapes", not "five to"
_COPIES = later(  # "x3 blocks", "baseline x 2 LR", not "x3 speed"
    r"\s+(?!(?:gains?|speed\w*|improve\w*|throughput|accuracy|performance|faster|better|more|less|fewer|lower|"
    r"higher|cheaper|the|on|in|"
    r"as|of|at|for|over|with|than|to|by|and|boost|win|reduction|savings?)\b)[A-Za-z]",
    re.I,
)
_SCOPE = later(r"\b(?:across|over)\s+(?:the\s+|all\s+|our\s+)?$", re.I)
_REPEATED = later(
    r"\b(?:ran|run|repeat\w*|measur\w+|tried|execut\w+|sampled|tested|replicated|reran)\s+(?:\w+\s+){0,3}$",
    re.I,
)
_LOOSELY = later(
    r"(?:[~≈]|\b(?:about|around|roughly|nearly|almost|approximately|some|circa|close to|over|under|just|more than|"
    r"less than|at least|at most|up to))\s*(?:an?\s+)?$",
    re.I,
)


class Quantity(NamedTuple):
    """``word`` as written from ``start``. ``value`` is 0.0 where none is said ("orders of
    magnitude"). ``kind``: measure | percent | times | runs | scope ("over five shapes") | n | share
    (``whole``: of how many).
    ``digits`` is empty for one in words; ``loose``: said to be about."""

    start: int
    word: str
    value: float
    kind: str
    unit: str = ""
    digits: str = ""
    sign: str = ""
    loose: bool = False
    whole: float = 0.0


def plain_words(text: str) -> str:
    """``text`` in one form and without emphasis, every character at its place."""
    return _EMPHASIS.sub(lambda m: " " * len(m[0]), one_form(text))


def without_names(text: str) -> str:
    """``text`` with everything that is no measurement blanked, every other character at its place."""
    text = without_code(text)
    for pattern, flags in _MASKS:
        text = re.sub(pattern, lambda m: " " * len(m[0]), text, flags=flags)
    return text


def without_code(text: str) -> str:
    """``text`` with code blanked, every other character at its place. A number in back-ticks is
    none, unless it counts something."""
    text = plain_words(text)
    code = [
        (start, end) for start, end in code_spans(text) if not _is_number_alone(text, start, end)
    ]
    return blanked(text, code).replace("`", " ")


def _is_number_alone(text: str, start: int, end: int) -> bool:
    inside = text[start:end].strip("`~ \n")
    fenced = text.startswith(("```", "~~~"), start)
    return not fenced and not inside.isdigit() and bool(_NUMBER.fullmatch(inside))


def quantities(text: str, units: frozenset[str] = frozenset()) -> list[Quantity]:
    """Every quantity of ``text``, in reading order. ``units``: further units than the usual ones."""
    if not _LOOKS_LIKE.search(one_form(text)):
        return []
    prose = without_names(text)
    found = [*_factors(prose), *_parts(prose), *_many(prose), *_in_other_languages(prose)]
    taken = [(q.start, q.start + len(q.word)) for q in found]
    for q in _numbers(prose, units):
        if not any(start < q.start + len(q.word) and q.start < end for start, end in taken):
            found.append(q)
    return sorted(found)


def _factors(prose: str) -> Iterator[Quantity]:
    for pattern, factor in _FACTORS:
        for m in re.finditer(pattern, prose, re.I):
            if _FROM_TO.match(prose, m.end()):
                continue  # the two numbers say it
            loose = bool(_LOOSELY.search(prose[: m.start()]))
            yield Quantity(m.start(), m[0].rstrip(), factor, TIMES, TIMES, loose=loose)


def _many(prose: str) -> Iterator[Quantity]:
    for m in _MANY.finditer(prose):
        yield Quantity(m.start(), m[0], 0.0, "measure")


def _in_other_languages(prose: str) -> Iterator[Quantity]:
    if other.MAYBE.search(prose):
        for kind, pattern in (("percent", other.PERCENT), (TIMES, other.TIMES)):
            yield from (Quantity(m.start(), m[0], 0.0, kind) for m in pattern.finditer(prose))


def _parts(prose: str) -> Iterator[Quantity]:
    for m in re.finditer(_PART, prose, re.I):
        n = _ONES.get(m["n"].lower(), 10 if m["n"].lower() == "ten" else 1)
        loose = bool(_LOOSELY.search(prose[: m.start()]))
        value = n / _PARTS[m["part"].lower()]
        yield Quantity(m.start(), m[0], value, TIMES, TIMES, loose=loose)


def _numbers(prose: str, units: frozenset[str]) -> Iterator[Quantity]:
    """Numbers that say something by themselves, and two as one where they are "9 of 10"."""
    held: tuple[Quantity, bool] | None = None
    for q, alone in _each_number(prose, units):
        if held is not None:
            first = held[0]
            between = prose[first.start + len(first.word) : q.start]
            if q.kind not in (TIMES, "percent") and _SHARE.fullmatch(between):
                held = None
                words = prose[first.start : q.start + len(q.word)]
                after = prose[q.start + len(q.word) :]
                if between == "/" and q.value and _OF_IT.match(after):
                    value = first.value / q.value
                    yield Quantity(first.start, words, value, TIMES, TIMES, loose=first.loose)
                    continue
                of_one = first.value == 1 and between != "/"
                if not of_one and not _PROGRESS.search(prose[: first.start]):
                    yield Quantity(first.start, words, first.value, "share", whole=q.value)
                continue
            if held[1]:
                yield first
        held = (q, alone)
    if held is not None and held[1]:
        yield held[0]


def _each_number(prose: str, units: frozenset[str]) -> Iterator[tuple[Quantity, bool]]:
    """Every number, and whether it says something alone: a small count does not."""
    for m in _NUMBER.finditer(prose):
        digits, tail = m["digits"] or "", (m["tail"] or "").lstrip(" \n-").strip()
        start, end = m.span("digits" if digits else "words")
        value, unit = _value(digits) if digits else _of_words(m["words"]), _unit(tail, units)
        if re.match(r"-points?\b", m["tail"] or ""):
            unit = "points"
        hangs_on = bool(re.match(r"[A-Za-z]", m["tail"] or ""))
        of_runs = _OF_RUNS.match(prose, end)
        if (
            digits
            and not unit
            and (hangs_on or ((m["tail"] or "").startswith("-") and not of_runs))
        ):
            continue  # 3D, a 64-core machine: part of a name
        if _POINTS_MORE.match(prose, max(end, m.end("tail") - len(tail))):
            unit = "points"
        loose = bool(_LOOSELY.search(prose[: m.start()])) or "~" in m["sign"] or "≈" in m["sign"]
        with_unit = (prose[start:end] + (m["tail"] or "")).rstrip()
        word = with_unit if unit else prose[start:end]
        q = Quantity(start, word, value, "measure", unit, digits, m["sign"], loose)
        just_before = prose[max(0, start - 40) : start]
        if _N.search(just_before):
            yield q._replace(kind="n", word=prose[start:end]), True
        elif _FACTOR_OF.search(just_before):
            yield q._replace(kind=TIMES, unit=TIMES), True
        elif (unit == TIMES and _REPEATED.search(prose[:start])) or (of_runs and not unit):
            whole = prose[start : of_runs.end()] if of_runs else word
            # "one run" and "a single seed" promise nothing
            yield q._replace(kind="runs", word=whole), value != 1
        elif not unit and value > 1 and _SCOPE.search(just_before) and _ON_NOUNS.match(prose, end):
            yield q._replace(kind="scope", word=with_unit), True
        elif m["mult"] and value <= SMALL_COUNT and _COPIES.match(prose, end):
            yield q, False
        elif m["mult"] or unit in (TIMES, PERCENT):
            is_times = m["mult"] or unit == TIMES
            yield q._replace(kind=TIMES if is_times else "percent"), True
        else:
            little = value <= SMALL_COUNT and value == int(value) and not set(".eE") & set(digits)
            pronoun = not digits and value == 1  # "the other one", "within one hour"
            pronoun |= not digits and little and bool(_KNOWN_ONES.search(just_before))
            vulgar = bool(_VULGAR.search(digits))
            yield q, (bool(unit) or not little or vulgar) and not pronoun


def _unit(tail: str, units: frozenset[str]) -> str:
    low = " ".join(tail.lower().split())
    if low.startswith(_AS_PERCENT):
        return PERCENT
    if low in _AS_TIMES:
        return TIMES
    return tail if tail in units or low in _UNITS else ""


_POINTS_MORE = later(r"points?\s+(?:of\b|\w+er\b|more\b|less\b)", re.I)
_KNOWN_ONES = later(r"\b(?:the|these|those|both)\s+$", re.I)  # "between the two days"
_VULGAR = later(r"[¼-¾⅐-⅞]")


def _value(digits: str) -> float:
    extra = sum(unicodedata.numeric(c) for c in _VULGAR.findall(digits))
    plain = _VULGAR.sub("", digits)
    plain = re.sub(r",(?=\d{1,2}$)", ".", plain).replace(",", "")  # 1,7 is 1.7
    return (float(plain) if plain else 0.0) + extra


def _of_words(words: str) -> float:
    """``one hundred and fifty`` -> 150.0; "point five" adds its digits, "and a half" a half."""
    text = words.lower()
    extra = 0.5 * text.endswith("a half") + 0.25 * text.endswith("a quarter")
    whole, _, decimals = re.sub(r"\s+and\s+a\s+(?:half|quarter)$", "", text).partition(" point")
    total = group = 0.0
    for word in re.split(r"[\s-]+", whole):
        if word in _SCALES:
            scale = _SCALES[word]
            group = (group or 1.0) * scale
            if scale >= 1000:
                total, group = total + group, 0.0
        else:
            group += _SMALL.get(word, 0)
    places = "".join(str(_SMALL.get(w, 0)) for w in re.split(r"[\s-]+", decimals.strip()) if w)
    return total + group + (float(f"0.{places}") if places else 0.0) + extra


def half_step(q: Quantity) -> float:
    """Half of the last digit as it was typed: how far off what it stands for may be."""
    digits = q.digits.lower()
    if "e" in digits:
        return abs(q.value) * 0.005
    places = len(digits.partition(".")[2])
    return 0.5 * 10.0**-places * (1 + 1e-9)


def number_of(word: str) -> float | None:
    """The number that ``word`` is ("three", "12"), if it is one."""
    if word.isdigit():
        return float(word)
    return float(_SMALL[word]) if word in _SMALL else None
