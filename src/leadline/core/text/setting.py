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
# Other rates, ratios and probabilities are results: of hits, of compression, of success.
_SHARES = (
    r"(?:learning|sampl\w+|dropout|drop|decay|mask\w*|frame|refresh|update|mutation|noise|arrival|expansion|mlp|"
    r"split|aspect|mix\w*|warm-?up|train\w*|target)[\s-]+(?:rate|ratio|fraction|probability|prob)"
)
_NAMES = (
    rf"(?:{_SHARES}|lr|size|decay|dropout|momentum|temperature|penalty|width|depth|height|length|warm-?up|schedule|window|context|"
    r"horizon|budget|patience|rank|alpha|beta\d?|gamma|lambda|epsilon|eps|sigma|tau|top-?[pk]|tolerance|threshold|"
    r"threads?|workers|heads|layers|blocks|dim(?:ension)?s?|channels|stride|padding|radius|degree|factor|"
    r"limit|cap|ceiling|clock|frequency|quota|timeout|deadline|interval|period|delay|retries|buffers?|pool|cache|queue|page|"
    r"block|tile|chunk|shards?|partitions?|replicas|fan-?out|concurrency|resolution|vocab\w*|base|offset|seeds?\s+range|"
    r"scale|port|container|image|tag|driver|release|version|build|firmware|quantile|"
    r"scaling|order(?!\s+of)|capacity|clip\w*|steps?|epochs?|samples?|tokens?|spacing|shape|group|stage|"
    r"parallelism|accumulation|connections|clients|moves|space|range|seed)"
)
_LEADS = (
    r"(?:\s*[=:(]\s*|\s+(?:is|was|are|were|of|to|at|from|by|with|set|starting|kept|cut|held|left|"
    r"\w+ed|the|an?|tag|about|up|first|for|between)\b){0,4}"
)
_BY_NAME = later(
    rf"\b(?:{_NAMES}|(?-i:[a-z]\w*_[a-z_]+|[a-z]+[A-Z]\w*)){_LEADS}\s*(?:{_NUMBER}\s*(?:to|and|or|then|,|/)\s+(?:\w+\s)?)*$",
    re.I,
)
# "M=16", "level 3"; "R=0.93" and a sparsity level of 0.9 may be results
_WHOLE = later(r"\b(?:[A-Za-z]\w{0,2}\s?=\s?|[Ll]evel(?:\s+(?:is|was|of|at|to|set)){0,2}\s+)$")
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
# "capped at 40 turns", "the default of 16 shards"; "the error was kept at 2 %" is a result
_SET = later(
    r"\b(?:(?:set|kept|left|fixed|capped|limited|truncated|throttled|frozen|regulari[sz]ed|weighted|lagged|resized|"
    r"discarded|emulated?|cut)\s+(?:\w+\s+){0,2}(?:to|at|by|with)|(?:default|grain|overlap|multiple|fixed\s+lag|buckets|"
    r"chunks|blocks|tiles|groups)\s+of|\d+\s+by|(?:shorter|longer|smaller|larger)\s+"
    r"than)\s+(?:the\s+|about\s+)?$",
    re.I,
)
_OF_A_RESULT = later(
    r"\b(?:accurac\w+|loss(?:es)?(?!\s+scal)|perplexity|errors?|scores?|latency|throughput|speed|(?:run)?time|memory|quality|"
    r"gain\w*|costs?|recall|precision|f1|top-?\d|usage|utili[sz]ation|footprint|"
    r"overhead|slow-?down|speed-?up|rate\s+(?:of|was|is)|it|this|that|we|now)\b",
    re.I,
)
_BY_NOUN = later(_OF_AN_INPUT, re.I)
_COMPARED = later(
    r"\b(?:faster|slower|better|worse|lower|higher|less|fewer|cheaper|sooner|quicker|than|gains?|gained|wins?|winn\w+|won|beats?|beat|"
    r"improv\w+|speed-?ups?|sav(?:es?|ed|ings?)|reduc\w+|cuts?|fell|falls?|drop(?:s|ped)?|rose|rises?|grew|increas\w+|"
    r"decreas\w+|converg\w+|reach\w*|achiev\w+|gets?|needs?|needed|takes|took|enough|regress\w*|fail\w*|"
    r"diverge\w*|success\w*|outperform\w*|halv\w+|doubl\w+|solv\w+|done|finish\w*)\b",
    re.I,
)
_RATE = later(
    r"\s*(?:[\w-]+\s+)?(?:an?|per)\s+(?:s|second|minute|hour|day)\b", re.I
)  # "9000 requests a second"
_AMOUNT = later(r"\s*(?:(?:seconds|minutes|hours|days)\b|points\b(?!\s+in\b))", re.I)
_AMOUNTS_TO = later(
    r"\b(?:(?:median|mean|average|best|minimum|maximum|p\d\d)\s+of|up\s+to|over|per|passes|"
    r"(?:measur|tim|clock|finish|end|settl|record|observ|peak|land)ed\s+(?:to|at|on|over))\s+(?:the\s+)?$",
    re.I,
)
_SHARE_OF_IT = later(
    r"\s*(?:%|per\s?cent)\s+(?:full|used|busy|idle|free|empty|utili[sz]ed|loaded|sparse|dense|hits?)\b",
    re.I,
)
_IN_A_NAME = later(r"_|(?<=[a-z])(?=[A-Z])")
_RESULT = later(
    r"(?:\b(?:accurac\w+|acc|loss(?:es)?|perplexity|ppl|errors?|scores?|latency|throughput|speed|runtime|quality|recall|"
    r"precision|bleu|f1|auc|i?ou|m?ap|mse|mae|rmse|ece|r2|psnr|reward|return|bpb|mfu|peak(?!\s+(?:lr|learning)))"
    r"(?:\s+(?!scal|func|weight)[\w]+){0,3}|"
    r"\b(?:time|cost|energy)(?:\s+(?:per|of|for)\s+(?:(?:an?|the|one|each)\s+)?\w+)?(?:\s+(?:is|was|of|at|about))*|"
    r"(?<![-\w])[prtz](?=\s*=)|"
    r"\b(?!\w*(?:timeout|interval|budget|limit|max|delay|deadline|period|warm))\w+_(?:[mun]?s|secs?|seconds|[mg]b|pct|percent))"
    r"\s*[=:(]?\s*$",
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
        or _SHARE_OF_IT.match(after)
        or _RESULT.search(tail)
        or _RESULT.search(_IN_A_NAME.sub(" ", tail))
        or (_AMOUNTS_TO.search(tail) and (q.unit or _AMOUNT.match(after)))
        or (named and re.search(rf"(?i)\b(?:{named})\b[^,;.]*$", tail))
    ):
        return False
    return (
        _BY_NAME.search(tail) is not None
        or (_WHOLE.search(tail) is not None and "." not in q.digits)
        or (_SET.search(tail) is not None and not _OF_A_RESULT.search(part))
        or (_PLACED.search(tail) is not None and bool(_BY_NOUN.match(after) or q.unit))
    )
