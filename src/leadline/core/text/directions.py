"""Words that say which way something went, and of what: "slower", "accuracy rises", "less memory".

What they mean for a metric is judged elsewhere (``core/evidence/direction.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.core.patterns import later
from leadline.core.text.quantity import without_code
from leadline.core.typed import NamedTuple

FASTER, SLOWER, LOWER, HIGHER, BETTER, WORSE = (
    "faster",
    "slower",
    "lower",
    "higher",
    "better",
    "worse",
)
TIME, RATE, MEMORY, SCORE, LOSS, COST = "time", "rate", "memory", "score", "loss", "cost"

_WAYS = (
    (FASTER, r"faster|quicker|speeds?\s+up|sped\s+up|speed-?up|accelerat\w+"),
    (SLOWER, r"slower|slows?\s+down|slowed|slowdown"),
    (
        LOWER,
        r"lower(?:s|ed)?|smaller|shorter|less|fewer|reduc(?:es?|ed|ing|tion)|decreas\w+|drop(?:s|ped)?|fell|"
        r"falls?|shrinks?|cuts?",
    ),
    (
        HIGHER,
        r"higher|larger|greater|longer|more|increas\w+|ris(?:es|ing)|rose|grows?|grew|rais(?:es|ed)",
    ),
    (BETTER, r"better|improv(?:es|ed|ing|ement)|wins?|beats?|outperform\w*|superior|ahead"),
    (WORSE, r"worse|regress(?:es|ed|ion)?|los(?:es|t)\s+(?:to|against)|inferior|degrad\w+|hurts?"),
)
_NOUNS = (
    (TIME, r"(?:run|wall[\s-]?clock|training|step)?[\s-]?(?:time|duration)|latency|runtime"),
    (RATE, r"throughput|bandwidth|speed"),
    (MEMORY, r"v?ram|memory|footprint"),
    (SCORE, r"accura(?:te|cy|cies)|recall|precision|scores?|auc|f1|bleu"),
    (LOSS, r"loss(?:es)?|perplexity|errors?(?:\s+rates?)?"),
    (COST, r"costs?|energy|power"),
)
_WAY = later(r"\b(?:" + "|".join(rf"(?P<{way}>{words})" for way, words in _WAYS) + r")\b", re.I)
_NOUN = r"(?:" + "|".join(rf"(?P<{of}>{words})" for of, words in _NOUNS) + r")\b"
_AFTER = later(
    rf"\s+(?:(?!(?:than|but|and|at|while|with|for|in|on|of)\b)[\w-]+\s+){{0,2}}(?:(?:in|on|"
    rf"of)\s+(?:the\s+)?)?{_NOUN}",
    re.I,
)
_BEFORE = later(rf"\b{_NOUN}\s+(?:(?!(?:at|but|and|while|for)\b)[\w=-]+\s+){{0,4}}$", re.I)


class Direction(NamedTuple):
    """``word`` at ``start`` says ``way``; ``of`` what, where that is named."""

    start: int
    word: str
    way: str
    of: str = ""


def directions(text: str) -> Iterator[Direction]:
    """Every such word, in reading order."""
    prose = without_code(text)
    for m in _WAY.finditer(prose):
        noun = _AFTER.match(prose, m.end()) or _BEFORE.search(prose[: m.start()])
        yield Direction(m.start(), m[0], m.lastgroup or "", noun.lastgroup or "" if noun else "")
