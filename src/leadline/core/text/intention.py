"""Whether a part of a sentence says what is to be, is open or is denied, and so states nothing as
found: "next we try 8 threads", "we want the lowest loss", "it is unclear whether it always wins".

A sentence may plan and state: so a part ends where a reason, a relative clause or a further statement
begins, and one that says that something was found states it, whatever it planned.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache

from leadline.core.patterns import later

_ENDS = later(
    r"[.;:!?](?=\s|$)|\n|[,(—–]\s*(?:which|as|since|because|it|so|and|but|where|while|given|being|thanks)\b|"
    r"\b(?:because|since|although|though|whereas|given that|now that|considering|thanks to|for it|as (?:it|the|"
    r"this|that|new|they))\b"
    r"|\b(?:and|but|so|which|that)\s+(?:is|was|are|were|it|this|gives?|gave|wins?|won|beats?|has|had)\b",
    re.I,
)
_LED = later(
    r"^\s*(?:if\s+\w+|hypothes[ie]s|prediction|expectation|expected|goal|aim|target|plan|idea|question|open|to[\s-]?do|"
    r"next|follow-?ups?|"
    r"pending|experiment|proposal|criterion|stop(?:ping)?(?:\s+rule)?)\b[\s\w-]{0,20}:",
    re.I,
)
_FOUND = later(
    r"\b(?:found|saw|(?<!to be )seen|got|observed|measured|shows?|showed|achiev\w+|reach(?:es|ed)|met|hit|exceeded|"
    r"surpass\w+|attain\w*|"
    r"indeed|confirmed|turned\s+out|already|now\s+(?:is|has|gives)|as\s+(?:expected|predicted|planned|hoped)|"
    r"than\s+expected)\b",
    re.I,
)
_EXPECTS = later(
    r"\b(?:we|i|they|one|it\s+was|is|to)\s+(?:would\s+|had\s+)?(?:expect|hope|predict|anticipat|hypothesi|guess|"
    r"assum|suspect|"
    r"want|aim|seek|look)(?:\w*)\b|\b(?:the|our|my|a|this)\s+(?:\w+\s+)?(?:goal|aim|target|hypothesis|prediction|suspicion|fear|worry|hope|guess|"
    r"expectation|criterion|"
    r"threshold|budget|limit|question)\b|\bto\s+(?:find|see|learn|determine|search|look|choose|pick|get|reach|"
    r"compute|auto-compute|tune|"
    r"estimate|test|check|know|decide)\b|\b(?:if|until|once|when|unless)\b[^.;:]*\b(?:stop|abort|switch|"
    r"continue|reject|accept|drop|decide|"
    r"give\s+up|rerun|repeat)\b|\b(?:stop|abort|switch|continue|reject|accept|drop|rerun|"
    r"repeat)\w*\s+(?:only\s+)?(?:if|until|once|when|"
    r"unless)\b|\bhow\s+(?:many|much)\b",
    re.I,
)
_ASKS = later(
    r"\b(?:what|which|whether|why|how)\b.*\bnot\s+(?:know|known|clear|tested|measured|understood)\b|"
    r"\b(?:what|which|whether)\b.*\b(?:is|are|remains?|stays?)\s+(?:still\s+|an\s+)?(?:open|unknown|unclear|to\s+be\s+(?:seen|tested|shown|tried|found)|"
    r"unanswered)\b|\b(?:is|was)\s+what\s+(?:we|i)\s+(?:hope|want|expect)|"
    r"\b(?:if|until|once|when|unless)\b.*\b(?:we|i)\s+(?:\w+\s+)?(?:stop|abort|switch|continue|reject|accept|"
    r"drop|decide|rerun|repeat)\b|"
    r"\b(?:we|i)\s+(?:will\s+)?(?:stop|abort|switch|reject|accept|drop|rerun|repeat)\b.*\b(?:if|until|once|when|"
    r"unless)\b",
    re.I,
)
_DONE = (
    r"(?:run|rerun|re-run|repeated|tried|tested|measured|done|made|used|swept|started|launched|checked|"
    r"confirmed|replicated|verified|added)"
)
_PLANS = later(
    rf"^\s*(?:next|then|later|try|rerun|repeat|run|sweep|test|start|launch|compare|measure)\b|\b(?:we|"
    rf"i)\s+(?:\w+\s+)?(?:will|would|shall|"
    rf"should|must|need|plan|want|are\s+going|might|could|can|still)\b|\b(?:will|would|shall|should|must|to|"
    rf"needs?\s+to)\s+be\s+(?:\w+ly\s+)?{_DONE}\b|"
    r"\blet(?:'s|\s+us|\s+me)\b|\btry(?:ing)?\b|\bnext\b|\bbefore\s+(?:deciding|we\s+\w+)\b|\bpending\b|"
    r"\bto\s+do\b|\bplan(?:s|ned)?\b",
    re.I,
)
_OPEN = later(
    r"\b(?:(?:can(?:not|\s?not|'t)|could\s?not|couldn't|do(?:es)?\s?not|don't|doesn't|did\s?not|didn't|"
    r"would\s?not|not)\s+(?:yet\s+|\w+ly\s+)?(?:say|know|exclude|rule\s+out|claim|show|"
    r"mean|imply|conclude|suggest|establish|tell|prove|guarantee|demonstrate|believe|think|expect|assume|"
    r"confirm|verify)|unclear|unknown|(?:tr(?:y|ied|ying)|attempt\w*|fail(?:s|ed)?|unable|impossible)\s+to|"
    r"open\s+question|remains?\s+(?:open|to\s+be)|too\s+early|no\s+(?:evidence|proof|guarantee|indication|claim|"
    r"sign)s?|doubt(?:ful)?\s+(?:that|whether|if)|"
    r"whether|far\s+from|anything\s+but|no\s+longer|rather\s+than|yet\s+to\s+be|(?:still|needs?|"
    r"remains?)\s+to\s+be|(?<!out )(?<!found )(?<!shown )(?<!prove[dn] )(?<!seen )"
    r"(?<!known )to\s+be|short\s+of|instead\s+of)\b",
    re.I,
)
_SENTENCE_ENDS = later(r"[.!?](?=\s|$)|\n\n")
_BY_OTHERS = later(
    r"\b(?:(?:the|their|this|that|a)\s+)?(?:papers?|authors?|someone|somebody|some|people|colleagues?|others|list|"
    r"literature|docs|documentation|blog|article|readme|manual|"
    r"vendor|reviewers?|they)\s+(?:\w+\s+)?(?:claim|report|found|find|say|said|state|argue|show|recommend|suggest|"
    r"call|promise|prove)\w*\b|\baccording\s+to\b|\bin\s+(?:the|their)\s+(?:\w+\s+)?(?:paper|article|literature|docs)\b",
    re.I,
)
_OURS = later(r"\b(?:ours?|we|here|also|too|confirm\w*|reproduc\w*|replicat\w*)\b", re.I)
_NOT_OPEN = later(
    r"\b(?:no|not|without|beyond)\s+(?:any\s+|a\s+|in\s+)?(?:doubt|only|just|merely|question)\b",
    re.I,
)


def part_before(prose: str, at: int) -> str:
    """What of the same part of the sentence stands before ``at``."""
    ends = _ends(prose)
    return prose[ends[bisect_right(ends, at) - 1] : at]


@lru_cache(maxsize=4)
def _ends(prose: str) -> list[int]:
    """Where its parts begin."""
    return [0, *(m.end() for m in _ENDS.finditer(prose))]


def part_at(prose: str, at: int) -> str:
    """The part of the sentence that ``at`` stands in."""
    following = _ENDS.search(prose, at)
    return part_before(prose, at) + prose[at : following.start() if following else len(prose)]


def _led(prose: str, at: int) -> bool:
    """By "Hypothesis:" or "Next:", which hold for the sentence."""
    start = max((m.end() for m in re.finditer(r"[.!?]\s|\n", prose[:at])), default=0)
    return bool(_LED.match(prose, start)) and not _FOUND.search(prose, start, at)


def expected(prose: str, at: int) -> bool:
    """Whether what stands at ``at`` is wanted, expected or asked for."""
    if _led(prose, at):
        return True
    part = part_at(prose, at)
    meant = _EXPECTS.search(part_before(prose, at)) or _ASKS.search(part)
    return bool(meant) and not _FOUND.search(part)


def planned(prose: str, at: int) -> bool:
    """Whether what stands at ``at`` is to be done."""
    part = part_at(prose, at)
    return bool(_PLANS.search(part)) and not _FOUND.search(part)


def left_open(prose: str, at: int) -> bool:
    """Whether what stands at ``at`` is asked, or said not to be known, shown or meant."""
    before = part_before(prose, at)
    end = _SENTENCE_ENDS.search(prose, at)
    if end is not None and end[0] == "?":
        return True
    return bool(_OPEN.search(before)) and not _NOT_OPEN.search(before)


def attributed(prose: str, at: int) -> bool:
    """Whether what stands at ``at`` is what others say of their own."""
    before = part_before(prose, at)
    said = _BY_OTHERS.search(before)
    return said is not None and not _OURS.search(before, said.end())
