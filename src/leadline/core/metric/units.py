"""Units that are known by dimension, so that "ms against s" can name its factor and a time is known
to be a time.

The table is short on purpose: an unknown unit is allowed everywhere and simply has no dimension.
Spelling is exact (``MB`` and ``Mb`` differ); no prefix arithmetic is done beyond what stands here.
"""

from __future__ import annotations

from leadline.core.patterns import later

_BY_DIMENSION: dict[str, dict[str, float]] = {
    "time": {
        "s": 1.0,
        "sec": 1.0,
        "seconds": 1.0,
        "ms": 1e-3,
        "us": 1e-6,
        "µs": 1e-6,  # the micro sign, as keyboards have it
        "\u03bcs": 1e-6,  # the Greek letter, as normalised text has it
        "ns": 1e-9,
        "min": 60.0,
        "h": 3600.0,
    },
    "rate": {"/s": 1.0, "1/s": 1.0, "Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9, "/min": 1 / 60},
    "iteration rate": {"it/s": 1.0, "steps/s": 1.0, "step/s": 1.0},
    "token rate": {"tok/s": 1.0, "tokens/s": 1.0, "ktok/s": 1e3, "Mtok/s": 1e6},
    "sample rate": {
        "samples/s": 1.0,
        "images/s": 1.0,
        "img/s": 1.0,
        "items/s": 1.0,
        "req/s": 1.0,
        "requests/s": 1.0,
    },
    "bandwidth": {
        "B/s": 1.0,
        "kB/s": 1e3,
        "MB/s": 1e6,
        "GB/s": 1e9,
        "TB/s": 1e12,
        "KiB/s": 1024.0,
        "MiB/s": 1024.0**2,
        "GiB/s": 1024.0**3,
    },
    "arithmetic rate": {
        "FLOP/s": 1.0,
        "MFLOP/s": 1e6,
        "GFLOP/s": 1e9,
        "TFLOP/s": 1e12,
        "PFLOP/s": 1e15,
        "GFLOPS": 1e9,
        "TFLOPS": 1e12,
    },
    "memory": {
        "B": 1.0,
        "bytes": 1.0,
        "kB": 1e3,
        "KB": 1e3,
        "MB": 1e6,
        "GB": 1e9,
        "TB": 1e12,
        "KiB": 1024.0,
        "MiB": 1024.0**2,
        "GiB": 1024.0**3,
        "TiB": 1024.0**4,
    },
    "power": {"W": 1.0, "mW": 1e-3, "kW": 1e3},
    "energy": {"J": 1.0, "mJ": 1e-3, "kJ": 1e3, "MJ": 1e6, "Wh": 3600.0, "kWh": 3.6e6},
    "ratio": {"1": 1.0, "%": 0.01},
}
_COUNTED = {"sample rate": True}  # an image is no request: no factor between these units
_UNITS = {
    unit: (dimension, factor)
    for dimension, units in _BY_DIMENSION.items()
    for unit, factor in units.items()
}
MACHINE_DIMENSIONS = frozenset(_BY_DIMENSION) - {"ratio"}

# Parts of a name (split at _ . / - : @) that say time, rate, memory, power or energy.
_TIME_WORDS = frozenset(
    (
        "time",
        "latency",
        "wall",
        "elapsed",
        "duration",
        "runtime",
        "walltime",
        "s",
        "sec",
        "secs",
        "seconds",
        "ms",
        "us",
        "ns",
    )
)
_RATE_WORDS = frozenset(
    (
        "throughput",
        "bandwidth",
        "speed",
        "speedup",
        "fps",
        "qps",
        "tps",
        "mfu",
        "flops",
        "gflops",
        "tflops",
        "rps",
        "gbps",
        "mbps",
        "hz",
        "ghz",
        "utilization",
        "utilisation",
        "util",
        "iops",
        "ips",
        "ttft",
        "tpot",
        "itl",
        "lat",
        "cycles",
    )
)
_QUANTILE = later(r"p\d{2,4}\Z")  # of latencies, unless a word says a result
_MEMORY_WORDS = frozenset(("mem", "memory", "rss", "vram", "kib", "mib", "gib", "mb", "gb"))
_POWER_WORDS = frozenset(("power", "watt", "watts", "energy", "joule", "joules"))
_MACHINE_WORDS = _TIME_WORDS | _RATE_WORDS | _MEMORY_WORDS | _POWER_WORDS
_RESULT_WORDS = frozenset(
    (
        "loss",
        "accuracy",
        "acc",
        "error",
        "err",
        "perplexity",
        "ppl",
        "bleu",
        "rouge",
        "f1",
        "auc",
        "recall",
        "precision",
        "score",
        "reward",
        "bpb",
        "mse",
        "mae",
        "rmse",
        "r2",
        "exact_match",
        "count",
        "steps",
        "epochs",
        "params",
        "wer",
        "cer",
        "dice",
        "iou",
        "map",
        "ndcg",
        "mrr",
        "elo",
        "return",
        "regret",
        "fid",
        "kl",
        "nll",
        "ce",
        "entropy",
        "gap",
        "psnr",
        "ssim",
        "meteor",
        "chrf",
        "bpc",
        "brier",
        "ece",
        "correct",
        "pass",
        "win",
        "norm",
        "residual",
        "correlation",
        "quality",
    )
)
# What a program counts rather than measures: the same whenever it runs.
_COUNT_UNITS = frozenset(("instructions", "params", "parameters", "FLOP", "allocations"))
_COUNT_WORDS = frozenset(("instructions", "params", "parameters", "allocated", "allocations"))
_SPLIT = later(r"[_./:@-]+")


# How names spell units; of one letter alone (``h``) a name says nothing.
_SPELLED = {
    **dict.fromkeys(("sec", "secs", "seconds"), "s"),
    **dict.fromkeys(("pct", "percent"), "%"),
    **dict.fromkeys(("ms", "msec", "msecs", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "usec", "usecs", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nsecs", "nanoseconds"), "ns"),
    **{unit.lower(): unit for unit in ("kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB")},
}
_BRACKETED = later(r"[(\[]([^()\[\]]{1,12})[)\]]\s*\Z")
_NAME_END = later(r"([^\s_./:@(\[-]+)[\s_./:@)\]-]*\Z")
_RATE_END = later(r"(?i).*(?:/|\bper[_ ]|_per[_ ])s(?:ec(?:ond)?)?s?\W*")


def unit_of_name(name: str) -> str:
    """The unit that a name ends with, "" where it has none.

    >>> unit_of_name("time_ms"), unit_of_name("memory (GB)"), unit_of_name("h"), unit_of_name("tok_per_s")
    ('ms', 'GB', '', '')
    >>> unit_of_name("latency_min"), unit_of_name("latency (min)")
    ('', 'min')
    """
    found = _BRACKETED.search(name)
    if found is None:
        found = _NAME_END.search(name)
        if found is None or len(name.strip()) == 1 or _RATE_END.fullmatch(name):
            return ""
        if found[1].lower() == "min":  # the least, more often than minutes
            return ""
    last = found[1].strip()
    unit = _SPELLED.get(last.lower(), last)
    return unit if dimension(unit) and unit != "1" else ""


def dimension(unit: str) -> str:
    """``time``, ``rate``, ``memory``, ...; "" when the unit is not known."""
    return _UNITS.get(unit.strip(), ("", 0.0))[0]


def factor(unit: str, to: str) -> float | None:
    """By what a value in ``unit`` is multiplied to be in ``to``; None when they share no dimension
    or are not known.

    >>> factor("s", "ms")
    1000.0
    """
    one, other = _UNITS.get(unit.strip()), _UNITS.get(to.strip())
    if one is None or other is None or one[0] != other[0]:
        return None
    if one[0] in _COUNTED and unit.strip() != to.strip():
        return None
    ratio = one[1] / other[1]
    nearest = round(ratio)
    return float(nearest) if nearest and abs(ratio / nearest - 1) < 1e-12 else ratio


def conversion(unit: str, to: str) -> str:
    """``1 s = 1000 ms``, or "" where there is none."""
    value = factor(unit, to)
    if value is None or unit == to:
        return ""
    if value < 1:
        unit, to, value = to, unit, factor(to, unit) or 1 / value
    return f"1 {unit} = {value:.12g} {to}"


def name_says_machine(name: str) -> bool | None:
    """What the words of a metric's name say: True for a time, rate, memory, power or energy; False
    for a result such as a loss; None when no word is known. A result word wins only when no machine
    word stands there too."""
    lowered = name.lower()
    words = [w for w in _SPLIT.split(lowered) if w]
    if "per_s" in lowered or "per_sec" in lowered or lowered.endswith("/s"):
        return True
    if any(w in _MACHINE_WORDS for w in words) or any(
        w.endswith(("latency", "time")) and w != "time" for w in words
    ):
        return True
    if any(w in _RESULT_WORDS for w in words):
        return False
    return True if any(map(_QUANTILE.match, words)) else None


def hint_of(name: str, unit: str) -> bool | None:
    """What unit and name say of what moves a metric, declared or not: True for a time, a rate, power
    or energy, False for a count or a result, None where they do not tell. Memory does not: what is
    resident the machine moves, and a size is counted."""
    if name_says_counted(name, unit):
        return False
    known = dimension(unit)
    if known == "memory":
        return None
    if known in MACHINE_DIMENSIONS:
        return True
    said = name_says_machine(name)
    is_memory = said and any(w in _MEMORY_WORDS for w in _SPLIT.split(name.lower()))
    return None if is_memory else said


def name_says_counted(name: str, unit: str) -> bool:
    """Whether the unit or a word of the name says that it is a count: instructions, parameters,
    bytes allocated. A rate of such is none."""
    if unit.strip() in _COUNT_UNITS:
        return True
    known = dimension(unit)
    words = {word.lower() for word in _SPLIT.split(name)}
    is_rate = unit.strip().endswith("/s")
    return known in ("", "memory") and not is_rate and bool(words & _COUNT_WORDS)
