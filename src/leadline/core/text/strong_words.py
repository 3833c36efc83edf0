"""Words that say more than a number can: the best, always, significant, proven, no effect.

They are found by their form (a suffix, a quantifier before a noun, a participle after "is") and not
by a list of phrases; the few lists are of words that only look like one. Whether such a word is
borne is judged elsewhere (``core/evidence/gloss.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.core.text.quantity import without_code
from leadline.core.typed import NamedTuple

BEST = "best"  # compared with all there is
EVERY = "every"  # holds everywhere, without exception
CLEAR = "clear"  # beyond chance, or larger than a doubt
LABEL = "label"  # a label of evidence
PROOF = "proof"  # what no evidence bears
NO_EFFECT = "no-effect"  # absence shown
COMPARES = "compares"  # with something else


class StrongWord(NamedTuple):
    """``of``: what follows it ("best of three": three; "every seed": seed; a label: which one)."""

    start: int
    word: str
    kind: str
    of: str = ""


# ---- superlatives --------------------------------------------------------------------------------

_ONLY_END_LIKE_ONE = (
    "test retest pretest subtest backtest unittest pytest doctest latest rest nest guest forest honest "
    "modest digest ingest suggest invest contest protest request quest west manifest harvest chest "
    "interest arrest crest lest attest bequest behest conquest divest earnest inquest jest molest "
    "northwest southwest midwest priest pest tempest vest wrest unrest zest nearest closest earliest "
    "oldest newest youngest least everest est fest infest detest congest"
)
_NO_SUPERLATIVE = frozenset(_ONLY_END_LIKE_ONE.split())
_EXTENTS = frozenset(
    [
        "longest",
        "shortest",
        "largest",
        "smallest",
        "widest",
        "deepest",
        "heaviest",
        "lightest",
        "tallest",
        "farthest",
    ]
)
_SUPERLATIVE = re.compile(
    r"\b(?:(?P<est>[a-z]{2,}est)|(?P<word>best|worst|optimal(?:ly)?|optimum|optimi[sz]es|ideal|perfect(?:ly)?|flawless(?:ly)?|"
    r"unmatched|unbeat\w+|unrivall?ed|unparallell?ed|unprecedented|unsurpass\w+|unequall?ed|peerless|sota|record[\s-]\w+ing|"
    r"world[\s-]class|cutting[\s-]edge|top[\s-](?:performing|ranked|scoring|tier)|first[\s-]place|number[\s-](?:one|1\b)|top\s+(?:result|score|performer|accuracy|spot)|top[\s-]notch|first[\s-]rate|gold[\s-]standard|all[\s-]time|(?:new|a)\s+record\b|"
    r"state[\s-]of[\s-]the[\s-]art|best[\s-]in[\s-]class|second[\s-]to[\s-]none|superior\s+to\s+(?:all|any|every)\w*|"
    r"most\s+(?!of\b|recent|likely|common|probable|probably|part\b|cases\b|\w*runs\b|seeds\b|\w+s\b)\w+(?:\s+\w+)?))\b",
    re.I,
)
_DESCRIBES = re.compile(
    r"\s*(?:[\s-](?:effort|practice|practices|guess|case|so[\s-]far\b)|fit\b|regards)", re.I
)
_OF = re.compile(r"\s+(?:\w+\s+)?(?:of|among|out of)\s+(?:the\s+|all\s+|our\s+)?([\w-]+)", re.I)
_OTHERS = (
    r"(?:others?|else|competit\w+|alternatives?|method\w*|model\w*|baseline\w*|approach\w*|variant\w*|"
    r"configuration\w*|option\w*|setting\w*)"
)
_BEATS_ALL = re.compile(
    r"\b(?:(?:beats?|beating|outperform\w*|surpass\w*|exceed\w*|dominat\w+|outclass\w*|tops|topped|better\s+than|"
    r"(?:faster|slower|lower|higher|smaller|larger|cheaper|stronger)\s+than)\s+(?:all|any|every|each)\w*(?:\s+(?:other|"
    r"previous|prior|known|existing|published))?\b"
    rf"|(?:no|none|nothing)\s+(?:\w+\s+)?(?:{_OTHERS}\s+)?(?:beats|comes?\s+close|matches|outperforms|is\s+(?:better|faster)|"
    r"can\s+(?:match|beat)|has\s+(?:ever\s+)?(?:beaten|matched))"
    r"|(?:no|than\s+any)\s+other\s+\w+|cannot\s+be\s+(?:beaten|improved|bettered)|(?:top|head)s?\s+(?:of\s+)?the\s+"
    r"(?:leaderboard|table|ranking|list)|ranks?\s+(?:first|#?1\b|number\s+one)|\#1\b|ever\s+(?:seen|measured|reported|"
    r"recorded|published|trained|built)|in\s+(?:\w+\s+)?history|outperforms\s+the\s+(?:field|competition|literature)|"
    r"leads\s+the\s+(?:field|pack)|(?:nobody|no\s+one)\s+(?:has|have|else|ever)|the\s+first\s+(?:\w+\s+){0,2}to\s+\w+|than\s+(?:any|every|all)\w*|nothing\s+(?:\w+\s+){0,3}?(?:is|was|beats|comes|matches|does|"
    r"did)|(?:the|a|clear|overall|outright)\s+(?:\w+\s+)?(?:winner|champion|victor)|as\s+\w+\s+as\s+(?:it\s+gets|they\s+come))",
    re.I,
)

# ---- universals ----------------------------------------------------------------------------------

_CASES = (
    r"(?:case|run|seed|repeat|trial|setting|condition|config(?:uration)?|dataset|data\s?set|shape|size|machine|gpu|cpu|hardware|"
    r"workload|model|task|benchmark|input|time|situation|circumstance|metric|scale|batch|length|instance|scenario|domain|"
    r"language|budget|regime|environment|platform|device|item|question|measurement|experiment|sample|value|row|"
    r"context|application|problem|system|occasion|level|block|comparison|arch(?:itecture)?|network|sequence|load|"
    r"prompt|example|node|fold|split|point|image|user|respect|possible\s+\w+|\w+\s+tested|\w+\s+tried)(?:s|es)?"
)
_EVERYWHERE = re.compile(
    r"\b(?:(?P<adverb>always|invariably|universal(?:ly)?|reliably|unfailingly|everywhere|unconditionally|consistently|without\s+(?:a\s+single\s+)?"
    r"(?:exceptions?|fail)\b|no\s+exceptions?|across\s+the\s+board|no\s+matter\s+(?:what|which|how|the)|"
    r"(?:regardless|irrespective)\s+of|(?:each|every)\s+(?:single\s+)?time\b|time\s+after\s+time|all\s+the\s+time|whatever\s+(?:the|you|we|one|it|they|is)\b|whichever\s+\w+|"
    r"(?:in|under)\s+(?:any|all)\s+(?:and\s+all\s+)?\w*circumstances|at\s+all\s+times|100\s?%\s+of\s+the\s+time|any(?:where|\s?time)\b|(?:(?:on|in|at|for|with|to)\s+)?(?:anything|everything|everyone|everybody|anyone)\b|"
    r"(?:complete|entire|total|absolute|full|whol)ly\s+(?:eliminat\w+|remov\w+|solv\w+|fix\w+|avoid\w+|prevent\w+|clos\w+)|"
    r"(?:on|for|across|over|under|throughout)\s+all\s+(?:the\s+|our\s+)?(?:\w+\s+)?(?P<plural>[a-z]{2,}s)\b|"
    r"(?:in|on|for|across|over|at|under|with|by|of|against|to|from)\s+(?:any|every)\s+(?:single\s+|other\s+)?(?!other\b)(?P<noun>[a-z]+)\b)"
    rf"|(?:(?:in|on|for|across|over|at|under|with|by|of|against|than|to|from|and|through(?:out)?|beats|wins|fails|improves|"
    rf"holds|works|passes|helps|generali[sz]es)\s+)(?:nearly\s+|almost\s+|virtually\s+|practically\s+)?(?P<all>all|every|each|any|most|(?:the\s+)?(?:vast\s+)?majority|(?:each\s+and\s+every)|every\s+one\s+of|"
    rf"whole|entire)(?:\s+(?:of\s+)?(?:the|our|its|these|those))?(?:\s+(?:single|one|other|{{number}}|[\w-]+)){{0,2}}?"
    rf"\s+(?P<case>{_CASES})\b(?!\s+(?:gather|reduce|of\s+them\s+were))"
    rf"|(?:^|(?<=[.;:,]\s))(?P<first>all|every|each|any|(?:the\s+)?(?:vast\s+)?majority\s+of|most\s+of|most)(?:\s+(?:the|of\s+the|single))?(?:\s+(?!other|new|round)[\w-]+)??\s+"
    rf"(?P<subject>{_CASES})\s+(?:\w+\s+)?(?:is|are|was|were|shows?|improves?d?|gains?|wins?|won|beats?|agrees?d?|favou?rs?|"
    r"confirms?|benefits?|support\w*|got|gets?|becomes?|became|passe[sd]|runs?|ran)\b)".replace(
        "{number}", r"\d+|one|two|three|four|five|six|seven|eight|nine|ten|\w+teen|\w+ty"
    ),
    re.I,
)
_NEVER = re.compile(
    r"\b(?:(?<!was )(?<!were )never\b(?!\s+(?:been\s+)?(?:proven|proved|"
    r"shown|tested|tried|run|measured|committed|confirmed|replicated|reproduced|checked|verified)\b)|(?:was|were)\s+never\s+(?:beaten|outperform\w*|exceed\w*|surpass\w*|worse|slower|"
    r"lower|higher|matched|below|above)|not\s+(?:once|a\s+single)|never\s+once|"
    r"(?:in\s+)?(?:none|not\s+one|no\s+single\s+one|neither)\s+of\s+(?:the\s+|our\s+|its\s+)?(?:\d+|\w+)?\s*(?:\w+\s+)?"
    rf"{_CASES}\b|\bin\s+no\s+{_CASES}\b|no\s+(?:single\s+)?(?:case|run|seed|trial|repeat|setting|situation|scenario)\s+(?:\w+\s+){{0,3}}?"
    r"(?:where|in\s+which|is|was|"
    r"shows?|fail\w*|regress\w*|got|did|does|diverge\w*)|(?:cannot|can\s?not|can't|can\s+never)\s+(?:fail|lose|diverge|"
    r"regress|go\s+wrong)|(?:zero|no)\s+(?:failures?|crashes|errors|downsides?|drawbacks?|cost)\b|fail[\s-]?safe|"
    r"foolproof|bullet\s?proof|infallibl\w+)",
    re.I,
)
_ADVERSE = re.compile(
    r"\s+(?:busy|loaded|noisy|contended|shared|tainted|contaminated|dirty|slow|on\b|running)", re.I
)

# ---- beyond chance -------------------------------------------------------------------------------

_CLEAR = re.compile(
    r"\b(?:(?:in)?significan(?:t|tly|ce)\b(?!\s+(?:figure|digit|bit))|statistical(?:ly)?\b(?=\s+(?!test|noise|power|method))|"
    r"dramatic(?:ally)?|drastic(?:ally)?|massive(?:ly)?|vastly|enormous(?:ly)?|huge(?:ly)?|tremendous(?:ly)?|"
    r"overwhelming(?:ly)?|spectacular(?:ly)?|remarkabl[ey]|substantial(?:ly)?|by\s+far\b|by\s+a\s+(?:wide|large|huge|big|"
    r"clear|comfortable|considerable)\s+margin|far\s+(?:better|worse|faster|slower|superior|lower|higher)|"
    r"blows?\s+(?:\w+\s+){1,3}(?:away|out)|crush(?:es|ed)|superior\b|superiority|outstanding(?:ly)?|exceptional(?:ly)?|extraordinar(?:y|ily)|incredibl[ey]|amazing(?:ly)?|stunning(?:ly)?|"
    r"stellar|with\s+(?:high|full|great|total|absolute|complete)\s+confidence|game[\s-]chang\w+|break\s?through\w*|"
    r"revolutionary|groundbreaking|clear\s+win|landslide|(?:miles|leagues|streets|light[\s-]years|way)\s+(?:ahead|better|faster|above|beyond)|"
    r"hands[\s-]down|head\s+and\s+shoulders|night\s+and\s+day|(?:strictly|clearly|obviously|plainly|easily|definitely|decidedly|"
    r"markedly|noticeably|considerably|unambiguously|categorically|absolutely)\s+(?:more|less|ahead|beats?|outperforms?|wins?|worse|\w{2,}er))\b",
    re.I,
)

# ---- labels and proof ----------------------------------------------------------------------------

_EFFECT = (
    r"(?:gain|win|effect|claim|hypothes\w+|improvement|speed-?up|advantage|superiority|benefit|result|finding|difference|"
    r"reduction|trend|lead|drop|increase|decrease|conclusion)s?\b"
)
_OF_AN_EFFECT = re.compile(
    rf"\s+(?:[\w-]+\s+)?(?:{_EFFECT}|loss|error|time|latency|cost|throughput|memory|margin|score|accuracy)",
    re.I,
)
_IS = (
    r"(?:\bwell-|\b(?:is|are|was|were|been|be|now|as|fully|well|independently|repeatedly|already|thus|hence|{effect})\s+|[(:,;—–]\s*|"
    r"^\s*|\b(?:an?|the|and|or)\s+(?=\w+\s+(?:\w+\s+)?{effect}|\w+\s*(?:[.,;)]|$)))"
).replace("{effect}", _EFFECT)
_LABELS = re.compile(
    rf"(?:{_IS}(?P<state>stable|replicated|reproduced|reproducible|confirmed|validated|verified|robust|repeatable|"
    r"established|corroborated)\b(?!\s+(?:diffusion|branch|release|version|sort|api|build|id)|[\w/-])"
    rf"|\b(?P<verb>confirm(?:s|ed)?|corroborat\w+|validate[sd]?|establish(?:es|ed)?|replicate[sd]|reproduce[sd])\s+"
    rf"(?:that\b|this\b|our\b|it\b|(?:the|a|its)\s+(?:\w+\s+)?{_EFFECT})"
    r"|\b(?P<over>stable)\s+(?:over|across)\b"
    r"|\b(?P<noun>reproducib(?:ly|ility)|replicab\w+|repeatably|robustly|robustness|stably|stability\s+of\s+the\s+(?:gain|result|effect)))",
    re.I,
)
_OF_TRAINING = re.compile(
    r"\b(?:training|loss|gradients?|numerically|learning|curves?|optimi[sz]\w+|numerics)\s+(?:(?:is|are|was|were|stays?|"
    r"remains?)\s+)?(?:\w+\s+)?$",
    re.I,
)
_AS_REPLICATED = re.compile(r"repli|reprod|repeat", re.I)  # the others say more
_PROOF = re.compile(
    r"\b(?:prov(?:es?|ed|en|ing|ably)|proofs?\s+(?:of|that)|guarante(?:es?|ed|eing)|undeniabl[ey]|unquestionabl[ey]|"
    r"indisputabl[ey]|irrefutabl[ey]|incontrovertibl[ey]|conclusive(?:ly)?|definitive(?:ly)?|beyond\s+(?:any\s+|all\s+|a\s+)?"
    r"(?:reasonable\s+)?(?:doubt|dispute|question)|(?:without|no)\s+(?:a\s+|any\s+)?doubt|undoubtedly|certainly|with\s+certainty|"
    r"demonstrabl[ey]|unequivocal(?:ly)?|indubitabl[ey]|unmistakabl[ey]|decisive(?:ly)?|undisputed(?:ly)?|without\s+question|settles?\s+(?:it|the\s+(?:matter|question|debate))|(?:an?|is|are)\s+(?:\w+\s+)?(?:certainty|fact)\b"
    r"(?!\s+(?:that|file|of\s+the))|once\s+and\s+for\s+all|rock[\s-]solid|air[\s-]?tight|iron[\s-]?clad|water[\s-]?tight|(?:is|are|am|be)\s+(?:\w+\s+)?"
    r"(?:certain|sure|confident))\b",
    re.I,
)
_NOTHING = re.compile(
    r"\b(?:(?:no|without(?:\s+any|\s+an?)?|zero|nil)\s+(?:(?!more\b|such\b|other\b)\w+\s+){0,2}?(?:effect|impact|influence|"
    r"difference|change|regressions?|degradation|loss\s+of\s+\w+|(?:quality|accuracy|performance)\s+loss|penalty|overhead|"
    r"slow-?down|loss\s+in\s+\w+|side\s+effects?)\b|does(?:\s+not|n't)\s+(?:affect|change|matter|influence|hurt|harm|degrade)|"
    r"makes?\s+no\s+difference|(?:equally|just\s+as)\s+(?:fast|good|slow|accurate|well)\b|(?:identical|equal|equivalent)\s+"
    r"(?:accuracy|quality|performance|loss|speed|results?)|for\s+free\b|free\s+lunch|free\s+(?:of|from)\s+(?:\w+\s+)?(?:regress\w+|errors?|failures?|bugs|side|costs?|overheads?)|loss\s?less(?:ly)?|unaffected)",
    re.I,
)
_ANY = re.compile(r"\bany", re.I)  # "not on any machine" denies for all of them
_COMPARES = re.compile(
    r"\b(?:better|worse|faster|slower|quicker|cheaper|stronger|weaker|superior|inferior|improv(?:es|ed|ement\w*)|beats?|"
    r"beating|outperform\w*|surpass\w*|wins?|won|(?:lower|higher|smaller|larger|more|less|fewer)\b[^.;]*?\sthan)\b",
    re.I,
)
_SEEN = re.compile(
    r"\s+(?:in\s+\w+\s+)?(?:was|were|is|has\s+been|could\s+be|that\s+\w+)?\s*(?:shown|seen|found|observed|detected|"
    r"measured|measurable|visible|resolved)",
    re.I,
)
_DENIED = re.compile(
    r"\b(?:not|no|never|n't|nor|without|neither|hardly|cannot|isn't|aren't|wasn't|un|non|if|whether|unless|until|may|"
    r"might|could)\s+(?:[\w-]+\s+){0,2}(?:\w+-)?$|\b(?:whether|if|unless)\b[^.;:,]*$|(?:^|[.;:(]\s*)(?:need|must|try)\b[^.;:]*$",
    re.I,
)


def strong_words(text: str) -> list[StrongWord]:
    """Every such word of ``text`` that is not denied ("not the best"), in reading order."""
    prose = without_code(text)
    found = [
        *_superlatives(prose),
        *_universals(prose),
        *(StrongWord(m.start(), m[0], CLEAR) for m in _CLEAR.finditer(prose)),
        *_labels(prose),
        *(StrongWord(m.start(), m[0], PROOF) for m in _PROOF.finditer(prose)),
        *(StrongWord(m.start(), m[0].split()[0], COMPARES) for m in _COMPARES.finditer(prose)),
    ]
    stated = [
        w
        for w in found
        if not _DENIED.search(prose[: w.start]) or (w.kind == EVERY and _ANY.search(w.word))
    ]
    stated += [
        StrongWord(m.start(), m[0], NO_EFFECT)
        for m in _NOTHING.finditer(prose)
        if not _SEEN.match(prose, m.end())
    ]
    return sorted(stated)


def _superlatives(prose: str) -> Iterator[StrongWord]:
    for m in _SUPERLATIVE.finditer(prose):
        word = m[0]
        if m["est"] and (word.lower() in _NO_SUPERLATIVE or (word[0].isupper() and m.start())):
            continue
        if m["est"] and word.lower() in _EXTENTS and not _OF_AN_EFFECT.match(prose, m.end()):
            continue  # the largest shape
        if re.search(
            r"\bat\s+$|\b(?:compute|chinchilla|flops?|memory|cost)-$", prose[: m.start()]
        ) or _DESCRIBES.match(prose, m.end()):
            continue
        of = _OF.match(prose, m.end())
        yield StrongWord(m.start(), word, BEST, of[1].lower() if of else "")
    for m in _BEATS_ALL.finditer(prose):
        yield StrongWord(m.start(), m[0], BEST)


def _universals(prose: str) -> Iterator[StrongWord]:
    for m in _EVERYWHERE.finditer(prose):
        of = (m["case"] or m["subject"] or m["noun"] or m["plural"] or "").lower()
        name = m["adverb"] or m["all"] or m["first"]
        if name.lower() == "always" and _ADVERSE.match(prose, m.end()):
            continue
        start = m.start(next(g for g in ("adverb", "all", "first") if m[g]))
        yield StrongWord(start, prose[start : m.end()].strip(), EVERY, of)
    for m in _NEVER.finditer(prose):
        yield StrongWord(m.start(), m[0].strip(), EVERY)


def _labels(prose: str) -> Iterator[StrongWord]:
    for m in _LABELS.finditer(prose):
        group = next(g for g in ("state", "verb", "over", "noun") if m[g])
        word = m[group]
        if _OF_TRAINING.search(prose[: m.start(group)]):
            continue
        label = "replicated" if _AS_REPLICATED.match(word) else "stable"
        yield StrongWord(m.start(group), word, LABEL, label)
