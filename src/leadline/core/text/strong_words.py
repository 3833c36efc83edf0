"""Words that say more than a number can: the best, always, significant, proven, no effect.

They are found by their form (a suffix, a quantifier before a noun, a participle after "is") and not
by a list of phrases; the few lists are of words that only look like one. Whether such a word is
borne is judged elsewhere (``core/evidence/gloss.py``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache

from leadline.core.patterns import later
from leadline.core.text import lexicon
from leadline.core.text import other_languages as other
from leadline.core.text.intention import (
    attributed,
    expected,
    left_open,
    part_at,
    part_before,
    planned,
)
from leadline.core.text.phrases import Lexicon, words_of
from leadline.core.text.quantity import number_of, without_code
from leadline.core.typed import NamedTuple

BEST = "best"  # compared with all there is
EVERY = "every"  # holds everywhere, without exception
CLEAR = "clear"  # beyond chance, or larger than a doubt
SIZE = "size"  # how much, without a number
LABEL = "label"  # a label of evidence
PROOF = "proof"  # what no evidence bears
NO_EFFECT = "no-effect"  # absence shown
COMPARES = "compares"  # with something else
CAUSE = "cause"  # why it is so
ADVICE = "advice"  # what is to be done

_KIND_OF_FIELD = {
    "rank": BEST,
    "literature": BEST,
    "superior": COMPARES,
    "moves": COMPARES,
    "crush": SIZE,
    "chance": CLEAR,
    "equal": NO_EFFECT,
    "cause": CAUSE,
    "certain": PROOF,
    "closure": PROOF,
    "label": LABEL,
    "general": EVERY,
    "advice": ADVICE,
}


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
    "oldest newest youngest simplest easiest cleanest least everest est fest infest detest congest"
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
_SUPERLATIVE = later(
    r"\b(?:(?P<est>[a-z]{2,}est)|(?P<word>best|worst|optimal(?:ly)?|optimum|optimi[sz]es|ideal|perfect(?:ly)?|"
    r"flawless(?:ly)?|"
    r"unmatched|unbeat\w+|maximal|(?:maximum|minimum|minimal)\s+(?:possible|achievable|attainable)|"
    r"ultimate(?:ly)?|unassailable|invincible|unrivall?ed|unparallell?ed|unprecedented|unsurpass\w+|unequall?ed|"
    r"peerless|sota|record[\s-]\w+ing|"
    r"world[\s-](?:class|beating|leading)|cutting[\s-]edge|(?:top|best|leading|highest)[\s-](?:performing|"
    r"ranked|scoring|tier|choice|pick|method|approach|arm|variant|setting|model)|record[\s-](?:low|high)|"
    r"first[\s-]place|number[\s-](?:one|1\b)|top\s+(?:result|score|performer|accuracy|spot)|top[\s-]notch|"
    r"first[\s-]rate|gold[\s-]standard|all[\s-]time|(?:new|a)\s+record\b|"
    r"state[\s-]of[\s-]the[\s-]art|best[\s-]in[\s-]class|second[\s-]to[\s-]none|superior\s+to\s+(?:all|any|every)\w*|"
    r"(?:most|least)\s+(?!of\b|recent|likely|common|probable|probably|part\b|cases\b|\w*runs\b|seeds\b|"
    r"\w+s\b)\w+(?:\s+\w+)?))\b",
    re.I,
)
_DESCRIBES = later(
    r"\s*(?:\s+(?:\w+\s+)?(?:risk|part|idea|question|problem|fix|reason|concern|lever|bottleneck|issue|learning\s+rate|"
    r"lr|direction|candidate|experiment|checkpoint|runs?\s+of\s+(?:each|both))s?\b(?!\s+(?:\w+\s+)?(?:of\s+(?:all|them)|is\s+(?:new|old)))|[\s-](?:effort|practice|practices|guess|case|\w+(?:\s+\w+)?\s+(?:var(?:y|ies)|depends?|differs?|"
    r"chang(?:es?|ed)|shifts?|(?:was|is)\s+closer)\b|so[\s-]far\b)|fit\b|regards|(?:way|route|path|place|time|"
    r"thing|step)\b|to\s+(?!date|now)\w+|(?:number|amount|size|value|length|width)s?\b)",
    re.I,
)
_OF = later(r"\s+(?:\w+\s+)?(?:of|among|out of)\s+(?:the\s+|all\s+|our\s+)?([\w-]+)", re.I)
_OTHERS = (
    r"(?:others?|else|competit\w+|alternatives?|method\w*|model\w*|baseline\w*|approach\w*|variant\w*|"
    r"configuration\w*|option\w*|setting\w*)"
)
_BEATS_ALL = later(
    r"\b(?:(?:beats?|beating|outperform\w*|surpass\w*|exceed\w*|dominat\w+|outclass\w*|tops|topped|better\s+than|"
    r"(?:faster|slower|lower|higher|smaller|larger|cheaper|stronger)\s+than)\s+(?:all|any|every|"
    r"each)\w*(?:\s+(?:other|"
    r"previous|prior|known|existing|published))?\b"
    rf"|(?:no|none|nothing)\s+(?:\w+\s+)?(?:{_OTHERS}\s+)?(?:beats|comes?\s+close|matches|outperforms|"
    rf"is\s+(?:better|faster)|"
    r"can\s+(?:match|beat)|has\s+(?:ever\s+)?(?:beaten|matched))"
    r"|(?:simply|completely|totally|utterly|clearly|easily)\s+dominates|dominates\s*[.!]|the\s+one\s+to\s+use\b"
    r"|(?:no|than\s+any)\s+other\s+(?!change|difference|work|process|cause|\w+\s+(?:was|were)\s+(?:run|tried|looked|tested|measured|changed|touched|used))\w+|cannot\s+be\s+(?:beaten|improved|"
    r"bettered)|(?:top|head)s?\s+(?:of\s+)?the\s+"
    r"(?:leaderboard|table|ranking|list)|ranks?\s+(?:first|#?1\b|number\s+one)|\#1\b|ever\s+(?:seen|measured|"
    r"reported|"
    r"recorded|published|trained|built)|in\s+(?:\w+\s+)?history|outperforms\s+the\s+(?:field|competition|literature)|"
    r"leads\s+the\s+(?:field|pack)|the\s+first\s+(?:\w+\s+){0,2}to\s+\w+|than\s+(?:any|every|all)\w*|(?:the|a|clear|overall|outright)\s+(?:\w+\s+)?(?:winner|champion|victor|favou?rite)|"
    r"as\s+\w+\s+as\s+(?:it\s+gets|they\s+come)|the\s+only\s+(?:\w+\s+)?\w+\s+(?:that|which|to)\b|"
    r"(?:the\s+)?last\s+word\b|"
    r"(?:can't|can\s?not|couldn't|could\s+not)\s+be\s+(?:beaten|improved|bettered|matched|topped)|(?:doesn't|"
    r"does\s+not|can't|cannot)\s+get\s+(?:any\s+)?better|"
    r"(?:no|none)\s+(?:of\s+the\s+)?(?:other\s+)?(?:\w+\s+)?(?:is|are|was|does|did|performs?)\s+(?:as|so|better|"
    r"faster)\b|no\s+\w+\s+(?:beats|matches|outperforms|comes\s+close)|"
    r"(?:(?:does|do|did)(?:\s+not|n't)\s+)?(?:stands?|have|has|had)\s+(?:no|a)\s+chance|"
    r"(?:never|not|n't)\s+(?:even\s+)?(?:comes?|came)\s+(?:anywhere\s+)?(?:near|close)\b|"
    r"(?:can(?:not|\s?not|'t)|could\s+not|couldn't)\s+(?:hold\s+a\s+candle|(?:do|get|find)\s+(?:any(?:thing)?\s+)?better)|"
    r"(?:no|nothing)\s+(?:better|faster|quicker|stronger|cheaper)\s+(?:\w+\s+)?than\b|can\s+do\s+no\s+better|"
    r"(?:nobody|no\s+one)\s+(?:would|should)\s+(?:pick|use|choose|want|prefer|keep)\b|(?:is|are)\s+(?:\w+\s+)?(?:hopeless|useless(?!\s+(?:for|as|to|here|there|on|in|at|with|without)\b)|"
    r"worthless|beyond\s+compare)\b|in\s+a\s+(?:class|league)\s+(?:of\s+its\s+own|apart)|(?:has|"
    r"have)\s+(?:the\s+|an\s+)?edge\s+over\s+(?:all|any|every)\w*|no\s+(?:rival|equal|match|peer)s?\b)",
    re.I,
)

# ---- universals ----------------------------------------------------------------------------------

_CASES = (
    r"(?:case|run|seed|repeat|trial|setting|condition|config(?:uration)?|dataset|data\s?set|shape|size|machine|"
    r"gpu|cpu|hardware|"
    r"workload|model|task|benchmark|input|time|situation|circumstance|metric|scale|batch|length|instance|"
    r"scenario|domain|"
    r"language|budget|regime|environment|platform|device|item|question|measurement|experiment|sample|value|"
    r"context|application|problem|system|occasion|level|block|comparison|arch(?:itecture)?|network|sequence|load|"
    r"prompt|example|node|fold|split|point|image|user|respect|possible\s+\w+|\w+\s+tested|\w+\s+tried)(?:s|es)?"
)
_EVERYWHERE = later(
    r"\b(?:(?P<adverb>always|invariably|uniformly|whatsoever|in\s+general\b(?!,)|at\s+(?:any\s+|"
    r"every\s+)?scale\b|universal(?:ly)?|reliably|unfailingly|everywhere|unconditionally|consistently|"
    r"without\s+(?:a\s+single\s+)?"
    r"(?:exceptions?|fail)\b|no\s+exceptions?|across\s+the\s+board|no\s+matter\s+(?:what|which|how|the)|"
    r"(?:regardless|irrespective|independent(?:ly)?)\s+of|(?:each|every)\s+(?:single\s+)?time\b|time\s+after\s+time|"
    r"all\s+the\s+time|whatever\s+(?:the|you|we|one|it|they|is)\b|whichever\s+(?!is\b|of\b|comes\b)\w+|"
    r"(?:in|under)\s+(?:any|all)\s+(?:and\s+all\s+)?\w*circumstances|at\s+all\s+times|100\s?%\s+of\s+the\s+time|"
    r"any(?:where|\s?time)\b|(?:(?:on|in|at|for|with|to)\s+)?(?:anything|everything(?!\s+(?:else|changed|needed|"
    r"above|below))|everyone|everybody|anyone)\b|"
    r"(?:complete|entire|total|absolute|full|whol)ly\s+(?:eliminat\w+|remov\w+|solv\w+|fix\w+|avoid\w+|"
    r"prevent\w+|clos\w+)|"
    r"(?:on|for|across|over|under|throughout)\s+all\s+(?:the\s+|our\s+)?(?:\w+\s+)?(?P<plural>[a-z]{2,}s)\b|"
    rf"(?:in|on|for|across|over|at|under|with|against)\s+(?:any|every)\s+(?:single\s+|"
    rf"other\s+)?(?!other\b)(?P<noun>[a-z]+)\b)"
    rf"|(?:(?:in|on|for|across|over|at|under|with|by|of|against|than|to|from|and|through(?:out)?|beats|wins|"
    rf"fails|improves|"
    rf"holds|works|passes|helps|generali[sz]es)\s+)(?:nearly\s+|almost\s+|virtually\s+|"
    rf"practically\s+)?(?P<all>all|every|each|any|most|(?:the\s+)?(?:vast\s+)?majority|(?:each\s+and\s+every)|"
    rf"every\s+one\s+of|"
    rf"whole|entire)(?:\s+(?:of\s+)?(?:the|our|its|these|those))?(?:\s+(?:single|one|other|{{number}}|"
    rf"[\w-]+)){{0,2}}?"
    rf"\s+(?P<case>{_CASES})\b(?!\s+(?:gather|reduce|of\s+them\s+were))"
    rf"|(?:^|(?<=[.;:,]\s))(?P<first>all|every|each|any|(?:the\s+)?(?:vast\s+)?majority\s+of|most\s+of|"
    rf"most)(?:\s+(?:the|of\s+the|single))?(?:\s+(?!other|new|round)[\w-]+)??\s+"
    rf"(?P<subject>{_CASES})\s+(?:\w+\s+)?(?:(?:is|are|was|were)(?!\s+(?:\w+ly\s+)?(?:built|made|stored|run|"
    rf"written|logged|trained|measured|computed|given|used|started|recorded|named|set|kept|shown|listed|created|"
    rf"processed)\b)|shows?|improves?d?|gains?|wins?|won|beats?|agrees?d?|favou?rs?|"
    r"confirms?|benefits?|support\w*|got|gets?|becomes?|became|passe[sd]|runs?|ran)\b)".replace(
        "{number}", r"\d+|one|two|three|four|five|six|seven|eight|nine|ten|\w+teen|\w+ty"
    ),
    re.I,
)
_BEYOND = later(
    rf"\b(?:(?:carr(?:y|ies|ied)\s+over|transfers?(?:red)?|generali[sz]es?d?|generali[sz]e|extends?|"
    rf"extrapolates?|applies|applicable|persists?|"
    rf"(?:holds?|works?|remains?|stays?|helps?|survives?)(?:\s+(?:up|true|the\s+same|as\s+well|"
    rf"well))?)\s+(?:well\s+|just\s+as\s+well\s+|also\s+|equally\s+)?"
    rf"(?:to|on|for|at|across|with|in|beyond|over)\s+(?:all\s+|any\s+|many\s+|most\s+|every\s+|"
    rf"the\s+)?(?:(?:other|larger|bigger|smaller|further|new|unseen|different|future|more|"
    rf"arbitrary|general|production|real|similar)\s+)(?P<noun>[a-z]+)|(?:generali[sz]es|extrapolates|transfers|"
    rf"carries\s+over)\s+(?:well\s+)?(?:to|beyond|across)\b|"
    rf"(?:applies|extends|transfers|generali[sz]es)\s+to\s+(?:all|any|every)\b|every\s+one\s+of\s+(?:the|"
    rf"our)\s+(?P<each>{_CASES})\b|"
    rf"(?:speeds?\s+up|accelerates?|improves?|helps?|boosts?|reduces?|lowers?|cuts?|shortens?|wins?|beats?|"
    rf"works?|holds?|fits?|suits?|survives?|withstands?)\s+(?:\w+\s+)?"
    rf"(?:every|any|each|all)\s+(?:\w+\s+)?(?P<case>{_CASES})\b|for\s+any\s+{_CASES})",
    re.I,
)
_NEVER = later(
    r"\b(?:(?<!was )(?<!were )never\b(?!\s+(?:been\s+)?(?:proven|proved|"
    r"shown|tested|tried|run|measured|committed|confirmed|replicated|reproduced|checked|verified)\b|"
    r"\s+(?:been\s+)?(?:ran|run|tried|used|looked|tested|measured|checked|got\s+(?:to|around)|finished|"
    r"seen\s+(?:in|during)\s+\w*training|started|called|reached|activates?|active|recorded|logged)\b)|(?:was|"
    r"were)\s+never\s+(?:beaten|outperform\w*|exceed\w*|surpass\w*|worse|slower|"
    r"lower|higher|matched|below|above)|not\s+(?:once|a\s+single)|never\s+once|"
    r"(?:in\s+)?(?:none|not\s+one|no\s+single\s+one|neither)\s+of\s+(?:the\s+|our\s+|its\s+)?(?:\d+|"
    r"\w+)?\s*(?:\w+\s+)?"
    rf"{_CASES}\b|\bin\s+no\s+{_CASES}\b|no\s+(?:single\s+)?(?!\w+\s+(?:was|were)\s+"
    r"(?:left|dropped|excluded|skipped|lost|removed)\b)(?:case|run|seed|trial|repeat|setting|situation|"
    rf"scenario)\s+(?:\w+\s+){{0,3}}?"
    r"(?:where|in\s+which|is|was|"
    r"shows?|fail\w*|regress\w*|got|did|does|diverge\w*)|(?:cannot|can\s?not|can't|can\s+never)\s+(?:fail|lose|"
    r"diverge|get\s+(?:any\s+)?(?:worse|slower)|"
    r"regress|go\s+wrong)|(?:zero|no)\s+(?:failures?|crashes|errors|downsides?|drawbacks?|disadvantages?|"
    r"advantages?|harm)\b|nothing\s+(?:\w+\s+)?(?:got|became|is|was|gets)\s+(?:any\s+)?(?:worse|slower|lost)|"
    r"fail[\s-]?safe|"
    r"foolproof|bullet\s?proof|infallibl\w+)",
    re.I,
)
_ADVERSE = later(
    r"\s+(?:busy|loaded|noisy|contended|shared|tainted|contaminated|dirty|slow|on\b|running)", re.I
)

# ---- beyond chance -------------------------------------------------------------------------------

_EFFECT = (
    r"(?:gain|win|effect|claim|hypothes\w+|improvement|speed-?up|advantage|superiority|benefit|result|finding|"
    r"difference|"
    r"reduction|trend|lead|drop|increase|decrease|conclusion)s?\b"
)
_CLEAR = later(
    r"\b(?:(?:in)?significan(?:t|tly|ce)\b(?!\s+(?:figure|digit|bit|amount|number|part|portion|share|fraction))|"
    r"statistical(?:ly)?\b(?=\s+(?!test|noise|power|method))|superior\b|superiority|wins?\s+outright|"
    r"(?:highly|very|extremely|perfectly|completely)\s+(?:reliable|robust|consistent|convincing|preferable)|"
    rf"(?:major|(?:crystal|very)\s+clear)\s+(?:\w+\s+)?(?={_EFFECT})|"
    r"(?:outside|beyond|above|exceeds?)\s+(?:of\s+)?(?:the\s+|all\s+|any\s+)?(?:\w+\s+)?(?:noise|error\s+bars?|"
    r"chance|measurement\s+error|margin\s+of\s+error)|"
    r"(?:interval|ci)\s+(?:\w+\s+){0,2}(?:excludes?|does\s+not\s+(?:contain|include|cover))|(?:strong|solid|"
    r"clear|compelling|convincing|overwhelming|ample|good)\s+evidence|"
    r"(?:finding|result|gain|effect|improvement|win|conclusion|evidence)s?\s+(?:is|are|"
    r"was)\s+(?:\w+\s+)?(?:solid|reliable|sound|real|firm|strong|robust|clear|convincing|undeniable)|"
    r"(?:strictly|clearly|obviously|plainly|easily|definitely|decidedly|unambiguously|categorically|absolutely)\s+"
    r"(?:more|less|ahead|beats?|outperforms?|wins?|worse|dominat\w+|inferior|superior|\w{2,}er))\b",
    re.I,
)

# ---- labels and proof ----------------------------------------------------------------------------

_OF_AN_EFFECT = later(
    rf"\s+(?:[\w-]+\s+)?(?:{_EFFECT}|loss|error|time|latency|cost|throughput|memory|margin|score|accuracy)",
    re.I,
)
_IS = (
    r"(?:\bwell-|\b(?:is|are|was|were|been|be|now|as|fully|well|independently|repeatedly|already|thus|hence|"
    r"{effect})\s+|[(:,;—–]\s*|"
    r"^\s*|\b(?:an?|the|and|or)\s+(?=\w+\s+(?:\w+\s+)?{effect}|\w+\s*(?:[.,;)]|$)))"
).replace("{effect}", _EFFECT)
_LABELS = later(
    rf"(?:{_IS}(?P<state>stable|replicated|reproduced|reproducible|confirmed|validated|verified|robust|repeatable|"
    r"established|corroborated)\b(?!\s+(?:with\s+the|diffusion|branch|checkpoint|baseline|estimator|median|set|"
    r"subset|release|version|sort|api|build|id)|[\w/-])"
    rf"|\b(?P<again>(?:reproduces?|replicates?)\b(?=\s+(?:on|in|across|over|with|every|each|well)\b|\s*[.,;]|"
    rf"\s*$))|\b(?P<verb>confirm(?:s|ed)?|corroborat\w+|validate[sd]?|establish(?:es|ed)?|replicate[sd]|"
    rf"reproduce[sd])\s+"
    rf"(?:that\b|this\b|our\b|it\b|(?:the|a|its)\s+(?:\w+\s+)?{_EFFECT})"
    r"|\b(?P<over>stable)\s+(?:over|across)\b"
    r"|\b(?P<noun>reproducib(?:ly|ility)|replicab\w+|repeatably|robustly|robustness(?=\s+of\s+(?:the|our|"
    r"this)\s+\w+|\s+(?:is|was)\s+(?:shown|confirmed|proven|established)|\s*[.!]?\s*$)|stably|"
    r"stability\s+of\s+the\s+(?:gain|result|effect)))",
    re.I,
)
_OF_TRAINING = later(
    r"\b(?:training|loss|gradients?|numerically|learning|curves?|optimi[sz]\w+|numerics)\s+(?:(?:is|are|was|"
    r"were|stays?|"
    r"remains?)\s+)?(?:\w+\s+)?$",
    re.I,
)
_AS_REPLICATED = later(r"repli|reprod|repeat", re.I)
_PROOF = later(
    r"\b(?:prov(?:es?|ed|en|ing|ably)|proofs?\s+(?:of(?!\s+(?:concept|principle))|that)|guarante(?:es?|ed|"
    r"eing)(?![\w-])|undeniabl[ey]|unquestionabl[ey]|"
    r"indisputabl[ey]|irrefutabl[ey]|incontrovertibl[ey]|conclusive(?:ly)?|definitive(?:ly)?|beyond\s+(?:any\s+|"
    r"all\s+|a\s+)?"
    r"(?:reasonable\s+)?(?:doubt|dispute|question)|(?:without|no)\s+(?:a\s+|any\s+)?doubt|undoubtedly|certainly|"
    r"surely|definitely|full\s+stop\b|period(?=\s*[.!]?\s*$)|no\s+(?:denying|question|disputing|arguing)\b|"
    r"(?:is|are|now)\s+(?:\w+\s+)?(?:settled|known\s+to)|with\s+certainty|(?:mathematical|absolute|dead|complete)\s+certainty|safely\s+(?:say|conclude|assume)|"
    r"demonstrabl[ey]|unequivocal(?:ly)?|indubitabl[ey]|unmistakabl[ey]|decisive(?:ly)?|undisputed(?:ly)?|"
    r"without\s+question|(?:case|matter|comparison|question|debate)\s+(?:is|was)\s+(?:now\s+)?closed|"
    r"here\s+to\s+stay|settles?\s+(?:it|the\s+(?:matter|question|debate))|(?:an?|is|"
    r"are)\s+(?:\w+\s+)?(?:certainty|fact)\b"
    r"(?!\s+(?:that|file|of\s+the))|once\s+and\s+for\s+all|rock[\s-]solid|air[\s-]?tight|iron[\s-]?clad|"
    r"water[\s-]?tight|(?:is|are|am|(?<!to )be)\s+(?:\w+\s+)?"
    r"(?:certain|sure|confident))\b",
    re.I,
)
_MEASURED = (
    r"(?:accuracy|quality|loss|memory|latency|speed|throughput|performance|runtime|time|cost|results?|outputs?|"
    r"perplexity|errors?|scores?|"
    r"convergence|footprint)"
)
_NOTHING = later(
    r"\b(?:(?:no|without(?:\s+any|\s+an?)?|zero|nil)\s+(?:(?!more\b|such\b|other\b|significant\b|"
    r"statistically\b|clear\b|further\b|consistent\b|systematic\b|reliable\b|obvious\b)\w+\s+){0,2}?(?:effect|"
    r"impact|influence|"
    r"difference|change|regressions?(?!\s+(?:risk|test))|degradation|loss\s+of\s+\w+|(?:quality|accuracy|"
    r"performance)\s+loss|penalty|overhead|"
    r"slow-?down|loss\s+in\s+\w+|side\s+effects?)\b|does(?:\s+not|n't)\s+(?:affect|change|matter|influence|hurt|"
    rf"harm|degrade)|{_MEASURED}\s+(?:does|do|did)(?:\s+not|n't)\s+(?:suffer|drop|worsen|deteriorate|decline|fall)(?!\s+out)|"
    rf"{_EFFECT}\s+(?:is|are|was|comes?)\s+(?:entirely\s+|completely\s+)?free\b(?!\s+(?:of|from|to))|"
    r"(?<!twice )(?<!times )(?<!half )(?<!not )(?<!\dx )(?<!never )(?<!just )as\s+(?:fast|good|accurate|cheap|strong|"
    r"reliable|robust)\s+as\b(?!\s+(?:possible|expected|needed|hoped|planned|before|we|it))|"
    r"makes?\s+no\s+difference|(?:equally|just\s+as)\s+(?:fast|good|slow|accurate|well)\b|(?:identical|equal|"
    r"equivalent)\s+"
    r"(?:accuracy|quality|performance|loss|speed|results?)|for\s+free\b|free\s+lunch|(?:at|"
    r"with)\s+no\s+(?:extra\s+|additional\s+|further\s+)?cost\b|costs?\s+(?:us\s+|you\s+)?nothing|does\s+no\s+harm|(?:no|"
    r"zero)\s+(?:\w+\s+)?(?:costs?|drawbacks?|downsides?|disadvantages?)\b|"
    rf"{_MEASURED}\s+(?:is|are|was|were|stays?|stayed|remains?|remained|keeps?|kept)\s+(?:\w+\s+)?(?:unchanged|"
    rf"the\s+same|identical|preserved|intact|constant|equal|unaffected|retained|maintained)|"
    r"neutral\s+(?:for|to|on|in)|(?:on\s+par|on\s+a\s+par|level|tied)\s+with|(?:matches|matched|equals|"
    r"equalled)\s+(?:\w+\s+){1,3}in\s+\w+|(?:matches|matched|equals|equalled)\s+(?:the\s+)?(?:baseline|"
    r"reference|control|old)\b|"
    r"(?:performs?|behaves?|works?)\s+identically|just\s+as\s+\w+|equivalent\s+(?:to|in)\b|"
    r"identical\s+(?:outputs?|results?)|free\s+(?:of|from)\s+(?:\w+\s+)?(?:regress\w+|errors?|failures?|bugs|"
    r"side|costs?|overheads?)|loss\s?less(?:ly)?|unaffected)",
    re.I,
)
_THAN_EXPECTED = later(
    r"\bthan\s+(?:(?:what\s+)?(?:i|we|one|they)\b|expected|planned|hoped|usual|needed|intended|thought|feared)|"
    r"\b(?:lower|higher|smaller|larger|less|more)\s+(?:\w+\s+)?(?:is|are)\s+better\b",
    re.I,
)
_NAMED = later(
    r"[\"“][^\"”\n]{2,60}[\"”](?=\s+(?:pattern|mode|flag|option|trick|style|variant|scheme|policy|rule)\b)"
)
# "not on any machine" denies for all of them, "no effect" by itself
_DENIES = later(
    r"\b(?:any|no|not|never|none|nothing|nobody|neither|nor|without|zero|nil|free|cannot)|n't\b",
    re.I,
)
_PERHAPS = later(
    r"\b(?:may|might|could|perhaps|maybe|probab\w+|possib\w+|likely|presumabl\w+|seem\w*|appear\w*|suspect\w*|suspicion|"
    r"guess\w*|think|believe|suggest\w*|plausib\w+|looks\s+like|hypothes\w+|speculat\w+|candidate\s+(?:cause|explanation)s?)\b",
    re.I,
)
_COMPARES = later(
    r"\b(?:better|worse|faster|slower|quicker|cheaper|stronger|weaker|superior|inferior|improv(?:es|ed|"
    r"ement\w*)|beats?|"
    r"beating|outperform\w*|surpass\w*|wins?|won|(?:lower|higher|smaller|larger|more|less|fewer)\b[^.;]*?\sthan)\b",
    re.I,
)
_SEEN = later(
    r"\s+(?:in\s+\w+\s+)?(?:was|were|is|has\s+been|could\s+be|that\s+\w+)?\s*(?:shown|seen|found|observed|detected|"
    r"measured|measurable|visible|resolved|claimed|made|needed|required|necessary|intended|planned|applied|expected|"
    r"known)|\s+that\s+(?:\w+\s+){0,3}(?:could|can|would)\s+show|\s+by\s+(?:construction|design|definition)\b|"
    r"\s+to\s+the\s+(?:code|config\w*|command|data|script|program)|\s+(?:but|except|else)\b",
    re.I,
)
_DENIED = later(
    r"(?:\b(?:not|no|never|nor|without|neither|hardly|cannot|un|non|if|whether|unless|until|may|might|could|"
    r"nicht|pas|"
    r"kein\w*)|n't)\s+(?:(?!(?:and|but|as|so|is|are|was|were)\b)[\w-]+\s+){0,3}(?:\w+[-/])?$|\b(?:whether|if|"
    r"unless)\b[^.;:,]*$|"
    r"\b(?:neither|nor|none)\s+[\w\s-]*$|^\s*(?:need|must|try)\b[^.;:]*$|不$|不是$",
    re.I,
)
_NO_DENIAL = later(
    r"\b(?:not|never)\s+(?:only|just|merely|simply|once)\b|\bno\s+(?:doubt|question|less|fewer|other|one)\b|"
    r"\bnone\s+other\b",
    re.I,
)
_NO_RANK = later(
    r"\bat\s+(?:the\s+)?$|\bown\s+$|\b(?:compute|chinchilla|flops?|memory|cost)[-\s]$", re.I
)
# "The optimal ratio has halved" speaks of one without saying which it is.
_OPTIMUM_OF = later(
    r"(?<=optimal)\s+(?:[\w-]+\s+)?(?:ratio|rate|lr|size|hyper-?param\w*|settings?|values?|point|width|depth|schedule|"
    r"decay|temperature|number|dimension|batch)s?\b(?!\s*(?:is|was|are|were|=|:)\s(?!expected|unknown|not|likely|"
    r"still|to\s))|(?<=optimal)\s+(?:ratio|learning\s+rate|batch\s+size)\s+(?:is|are)\s+(?:expected|unknown|likely)",
    re.I,
)
_SAYS_WHICH = later(
    r"(?:\b(?:is|are|was|were|be|being|found|chose|use[sd]?|have|has)\s+|=\s*)(?:the\s+|an?\s+)?$",
    re.I,
)
_RANKED = later(r"\b(?:the|is|are|was|as|its|our)\s+(?:\w+\s+)?$", re.I)
_PARTS_OF_A_RUN = later(
    r"(?:token|node|layer|head|param(?:eter)?|weight|channel|rank|expert|position|step|gradient|parameter|file|"
    r"process|thread|core|worker|"
    r"matri(?:x|ce)|other|ax(?:i|e)s|doc(?:ument)?|head)s?$",
    re.I,
)
_ALIKE = later(
    r"\b(?:same|identical|fixed|constant|used|shared|kept|set|disabled|enabled|active|present|unchanged|seed|"
    r"trained|logged|reported|averaged|mean|"
    r"averages?|runs?|split|applied)\s+(?:\w+\s+)?$",
    re.I,
)
_OF_WHAT = later(
    r"\s+(?:that|the|a|an|our|its|both|by\s+(?:the|a|\w+ing)|with\s+the|via|(?!(?:on|in|by|over|across|for|with|at|to|"
    r"and|or|as)\b)\w+)\b"
    r"[^.;:\n]*",
    re.I,
)
_AN_EFFECT = later(
    rf"\b(?:{_EFFECT}|(?:better|worse|faster|slower|cheaper|stronger|lower|higher|beats?|wins?|works?|holds?|"
    rf"helps?|outperform\w*|"
    r"improv\w*|optimal|best|\w{3,}est)\b)",
    re.I,
)


# Words that are strong only of an effect: a state that "is always kept in fp32", a "massive refactor"
# and a tokenizer that "guarantees" a separator say how something is made, not what came of it.
_MADE = later(
    r"always|never(?!\s+once)|regardless|irrespective|independent|reliably|everywhere|anywhere|everything|anything|everyone|"
    r"(?:on|for|across|over|in|to|with|from|at|of|under|throughout|by|all|every|each|any|most)\b|invariably|"
    r"massive|huge|substantial|significant(?!ly)|considerabl|enormous|guarante|definitely|certainly|surely|"
    r"dramatic(?!ally)|remarkabl|exceptional",
    re.I,
)
_COMES_OF_IT = later(
    rf"\b(?:{_EFFECT}|(?:better|worse|best(?!\s+checkpoint)|worst|faster|fastest|slower|quicker|cheaper|stronger|weaker|lower|higher|"
    r"smaller|larger|superior|inferior|ahead|optimal|more\s+accurate|wins?|won|winning|beats?|beaten|beating|works?|"
    r"worked|holds?|held|helps?|helped|hurts?|outperform\w*|surpass\w*|dominat\w*|improv\w*|reduc\w*|lowers?|"
    r"rais\w+|speeds?|accelerat\w*|boosts?|saves?|cuts?|benefits?|succeeds?|fails?|converge\w*|regress\w*|"
    r"degrad\w*|loses?|lost|preferr?\w*|favou?r\w*|trust\w*|rel(?:y|ied|iable)|safe(?:ly)?|true|correct|"
    r"right|valid|good|great|useful|worth|solves?|solved|eliminat\w*|prevents?|general\w*|transfers?|agrees?|"
    r"consistent\w*|robust\w*|stable|repeatable|reproduc\w*|replicat\w*|confirm\w*|"
    r"accura\w+|latency|throughput|runtime|quality|performance|perplexity|scor\w+|"
    r"choice|answer|solution|approach|method|recipe|new|ours|conditions?|circumstances)\b)",
    re.I,
)
_TRIED = later(
    r"\b(?:tried\s+\S*\d|swept|sweeps?\b|sweeping|grid|settings\s+tried|of\s+(?:those|these|the\s+\w+)\s+(?:tried|tested))",
    re.I,
)
_BEST_BY = later(
    r"(?:\b(?:was|were|is|are|works?|worked|performs?|performed|confirmed|found)\s+(?:the\s+)?)$",
    re.I,
)
_HARD = later(
    r"\s+(?:to\s+be\s+)?(?:hard|difficult|tricky|slow|costly|painful|annoying|easi|simpl)\w*", re.I
)


_FRAGMENT = 3  # words; one that short is said of what the claim is about


def strong_words(text: str, names: Collection[str] = ()) -> list[StrongWord]:
    """Every such word of ``text`` that is said to be so: not denied ("not the best"), wanted or left
    open; in reading order. ``names``: what the sides of the claim are called."""
    prose = _NAMED.sub(lambda m: " " * len(m[0]), without_code(text))
    found = [
        *_superlatives(prose),
        *_universals(prose),
        *(StrongWord(m.start(), m[0], CLEAR) for m in _CLEAR.finditer(prose)),
        *_labels(prose),
        *(
            StrongWord(m.start(), m[0], PROOF)
            for m in _PROOF.finditer(prose)
            if not _HARD.match(prose, m.end())
        ),
        *(StrongWord(m.start(), m[0].split()[0], COMPARES) for m in _COMPARES.finditer(prose)),
        *(
            StrongWord(m.start(), m[0], NO_EFFECT)
            for m in _NOTHING.finditer(prose)
            if not _SEEN.match(prose, m.end())
        ),
    ]
    for word in _of_the_lexicon(prose, names):
        alike = [w for w in found if w.kind == word.kind and _overlap(w, word)]
        if not any(w.word in word.word and w.word != word.word for w in alike) and alike:
            continue
        found = [*(w for w in found if w not in alike), word]
    found = [w for w in found if not _MADE.match(w.word) or _of_an_effect(w, prose)]
    found += in_other_languages(prose)
    return sorted(w for w in found if is_stated(w, prose))


@cache
def _lexicon() -> Lexicon:
    return Lexicon(lexicon.FIELDS, lexicon.CLASSES)


def _of_the_lexicon(prose: str, names: Collection[str]) -> Iterator[StrongWord]:
    called = [name.lower() for name in names]
    more = {"arm": called, "side": called}
    for words in words_of(prose):
        for start, end in _lexicon().verdicts(words, more):
            yield StrongWord(start, prose[start:end], COMPARES)
        for found in _lexicon().found(words, more):
            kind, word = _KIND_OF_FIELD[found.field], prose[found.start : found.end]
            if kind == NO_EFFECT and _SEEN.match(prose, found.end):
                continue
            if kind != CAUSE or not _PERHAPS.search(part_at(prose, found.start)):
                yield StrongWord(found.start, word, kind, _label_of(word) if kind == LABEL else "")


def _overlap(a: StrongWord, b: StrongWord) -> bool:
    return a.start < b.start + len(b.word) and b.start < a.start + len(a.word)


def _label_of(word: str) -> str:
    return "replicated" if _AS_REPLICATED.search(word) else "stable"  # the others say more


def among_tried(word: StrongWord, text: str) -> bool:
    """Whether it is the best of what the text says was tried, and of nothing else."""
    if word.word.lower() not in ("best", "optimal", "worst") or (
        word.of and number_of(word.of) is None
    ):
        return False
    return bool(_TRIED.search(text)) and bool(_BEST_BY.search(text, 0, word.start))


def is_stated(word: StrongWord, prose: str) -> bool:
    """Whether ``word`` of ``prose`` (without code) is said to be so."""
    at = word.start
    if expected(prose, at) or left_open(prose, at) or attributed(prose, at):
        return False
    if word.kind == EVERY and planned(prose, at):
        return False
    if word.kind == COMPARES and _THAN_EXPECTED.search(part_at(prose, at)):
        return False
    if word.kind in (NO_EFFECT, EVERY) and _DENIES.search(word.word):
        return True
    before = part_before(prose, at)
    return not _DENIED.search(before) or bool(_NO_DENIAL.search(before))


def _of_an_effect(word: StrongWord, prose: str) -> bool:
    """Whether the part of the sentence speaks of what came of something, besides the word itself."""
    if word.kind not in (EVERY, CLEAR, PROOF):
        return True
    before = part_before(prose, word.start)
    if len(prose.split()) <= _FRAGMENT:
        return True  # "Truly remarkable."
    after = part_at(prose, word.start)[len(before) + len(word.word) :]
    return bool(
        _COMES_OF_IT.search(before) or _COMES_OF_IT.search(after) or _COMES_OF_IT.search(word.word)
    )


def in_other_languages(prose: str) -> Iterator[StrongWord]:
    if not other.MAYBE.search(prose):
        return
    for kind, pattern in _ELSEWHERE:
        of = "stable" if kind == LABEL else ""
        for m in pattern.finditer(prose):
            yield StrongWord(m.start(), m[0], kind, of)


def _superlatives(prose: str) -> Iterator[StrongWord]:
    for m in _SUPERLATIVE.finditer(prose):
        word, before = m[0], prose[: m.start()]
        if m["est"] and (word.lower() in _NO_SUPERLATIVE or _is_name(word, before)):
            continue
        if m["est"] and word.lower() in _EXTENTS and not _OF_AN_EFFECT.match(prose, m.end()):
            continue  # the largest shape
        ends = (
            m.start() + len(" ".join(word.split()[:2]))
            if word.lower().startswith(("most ", "least "))
            else m.end()
        )
        if _NO_RANK.search(before) or _DESCRIBES.match(prose, ends):
            continue
        if _OPTIMUM_OF.match(prose, m.end()) and not _SAYS_WHICH.search(before):
            continue
        of = _OF.match(prose, m.end())
        yield StrongWord(m.start(), word, BEST, of[1].lower() if of else "")
    for m in _BEATS_ALL.finditer(prose):
        yield StrongWord(m.start(), m[0], BEST)


def _is_name(word: str, before: str) -> bool:
    """Everest, but not "the Fastest"."""
    return bool(word[0].isupper() and before) and not _RANKED.search(before)


def _universals(prose: str) -> Iterator[StrongWord]:
    for m in _EVERYWHERE.finditer(prose):
        of = (m["case"] or m["subject"] or m["noun"] or m["plural"] or "").lower()
        name = m["adverb"] or m["all"] or m["first"]
        if name.lower() == "always" and _ADVERSE.match(prose, m.end()):
            continue
        start = m.start(next(g for g in ("adverb", "all", "first") if m[g]))
        if _PARTS_OF_A_RUN.match(of) or _ALIKE.search(prose[: m.start()]):
            continue
        yield StrongWord(start, prose[start : m.end()].strip(), EVERY, of)
    for m in _BEYOND.finditer(prose):
        of = next((noun for noun in (m["noun"], m["each"], m["case"]) if noun), "elsewhere")
        yield StrongWord(m.start(), m[0].strip(), EVERY, of.lower())
    for m in _NEVER.finditer(prose):
        yield StrongWord(m.start(), m[0].strip(), EVERY)


def _labels(prose: str) -> Iterator[StrongWord]:
    for m in _LABELS.finditer(prose):
        group = next(g for g in ("state", "again", "verb", "over", "noun") if m[g])
        word = m[group]
        if _OF_TRAINING.search(prose[: m.start(group)]):
            continue
        of_what = _OF_WHAT.match(prose, m.end(group))
        if of_what and not _AN_EFFECT.search(of_what[0]):
            continue  # verified that both arms load one file
        yield StrongWord(m.start(group), word, LABEL, _label_of(word))


_ELSEWHERE = (
    (BEST, other.BEST),
    (EVERY, other.EVERY),
    (CLEAR, other.CLEAR),
    (PROOF, other.PROOF),
    (LABEL, other.LABEL),
    (NO_EFFECT, other.NO_EFFECT),
    (COMPARES, other.COMPARES),
)
