"""Numbers that are bound by their place to a setting, a version, a size of an input or the count of a
protocol: "learning rate 3e-4", "driver 550.54", "the first 10k documents", "after 10 warmup launches".

Such a number says how something was run and not what came of it, whether the record holds it or not.
What is compared, or is of a metric, is never one.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from leadline.core.patterns import later
from leadline.core.text.quantity import Quantity

_NUMBER = r"[-+~]?\d[\d.,]*(?:e-?\d+)?[a-z%]{0,3}"
_NAMES = (
    r"(?:rate|lr|size|decay|dropout|momentum|temperature|penalty|width|depth|height|length|warm-?up|schedule|window|context|"
    r"horizon|budget|patience|rank|alpha|beta\d?|gamma|lambda|epsilon|eps|sigma|tau|top-?[pk]|tolerance|threshold|"
    r"threads?|workers|heads|layers|blocks|dim(?:ension)?s?|channels|stride|padding|radius|degree|factor|level|"
    r"limit|cap|ceiling|clock|frequency|quota|timeout|deadline|interval|period|delay|retries|buffers?|pool|cache|queue|page|"
    r"block|tile|chunk|shards?|partitions?|replicas|fan-?out|concurrency|resolution|vocab\w*|base|offset|seeds?\s+range|"
    r"scale|ratio|fraction|probability|prob|port|container|image|tag|driver|release|version|build|firmware|quantile|"
    r"scaling|precision|order|capacity|clip\w*|steps?|epochs?|samples?|tokens?|spacing|shape|group|stage|"
    r"parallelism|accumulation|connections|clients|moves|space|range|seed)"
)
_LEADS = (
    r"(?:\s*[=:(]\s*|\s+(?:is|was|are|were|of|to|at|from|by|with|set|starting|kept|cut|held|"
    r"\w+ed|the|an?|tag|about|up|first|for|between)\b){0,4}"
)
_BY_NAME = later(
    rf"\b(?:{_NAMES}|(?-i:[a-z]\w*_[a-z_]+|[a-z]+[A-Z]\w*)){_LEADS}\s*(?:{_NUMBER}\s*(?:to|and|or|then|,|/)\s+(?:\w+\s)?)*$|"
    r"\b[A-Za-z]\w{0,2}\s?=\s?$",
    re.I,
)
_OF_AN_INPUT = (
    r"\s*-?(?:[\w-]+\s+){0,2}(?:steps?|tokens?|epochs?|iterations?|documents?|examples?|images?|pages?|files?|rows|records|queries|"
    r"lines|words|characters|frames|pixels|classes|points|launches|calls|requests|evaluations|connections|"
    r"clients|threads|workers|devices|ranks|nodes|replicas|shards|partitions|micro-?batches|batches|layers|blocks|"
    r"heads|bits|bytes|moves|actions|buckets|bins|minutes|seconds|hours|days|retries|attempts|snapshots|checkpoints|"
    r"samples|vectors|keys|prompts|articles|sentences|passes)\b"
)
_PLACED = later(
    r"\b(?:first|last|top|every|each|after|for|over|across|until|warm-?up|wait\w*|keep\w*|split\s+into|\w+ed\s+(?:to|at|on|over)|"
    r"cut\s+(?:to|at)|(?:median|mean|average|best|minimum|maximum|p\d\d)\s+of|per|staleness\s+of|sized\s+for|"
    r"opens?|space\s+has|up\s+to|passes)\s+(?:the\s+)?(?:first\s+|last\s+|top\s+)?$",
    re.I,
)
_BY_NOUN = later(_OF_AN_INPUT, re.I)
_COMPARED = later(
    r"\b(?:faster|slower|better|worse|lower|higher|less|fewer|cheaper|sooner|quicker|than|gains?|gained|wins?|winn\w+|won|beats?|beat|"
    r"improv\w+|speed-?ups?|sav(?:es?|ed|ings?)|reduc\w+|cuts?|fell|falls?|drop(?:s|ped)?|rose|rises?|grew|increas\w+|"
    r"decreas\w+|converg\w+|reach\w*|achiev\w+|gets?|needs?|needed|takes|took|enough|regress\w*|fail\w*|"
    r"diverge\w*|success\w*|outperform\w*|halv\w+|doubl\w+)\b",
    re.I,
)
_RATE = later(
    r"\s*(?:[\w-]+\s+)?(?:an?|per)\s+(?:s|second|minute|hour|day)\b", re.I
)  # "9000 requests a second"
_RESULT = later(
    r"\b(?:accurac\w+|loss(?:es)?|perplexity|errors?|scores?|latency|throughput|speed|runtime|quality|recall|bleu|f1|auc|reward|"
    r"return|bpb|mfu|hit\s+rate|error\s+rate|win\s+rate|pass\s+rate|success\s+rate|failure\s+rate)"
    r"(?:\s+(?!scal|func|weight)[\w]+){0,3}\s*[=:(]?\s*$",
    re.I,
)


def is_of_setting(q: Quantity, prose: str, part: str, metrics: Collection[str]) -> bool:
    """Whether ``q`` of ``prose`` says how it was run. ``part``: of the sentence; ``metrics``: the
    names of what is measured."""
    if q.kind not in ("measure", "percent", "scope") or _COMPARED.search(part):
        return False
    before, after = prose[: q.start], prose[q.start + len(q.digits or q.word) :]
    tail = before[-80:]
    named = "|".join(re.escape(name) for name in metrics)
    if (
        _RATE.match(after)
        or _RESULT.search(tail)
        or (named and re.search(rf"(?i)\b(?:{named})\b[^,;.]*$", tail))
    ):
        return False
    return bool(_BY_NAME.search(tail)) or bool(
        _PLACED.search(tail) and (_BY_NOUN.match(after) or q.unit)
    )
