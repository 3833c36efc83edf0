"""Strong words and quantities in the commonest languages beside English: what nobody who reads the
record's English would look for.

Fewer forms than in English and no grammar: German, French, Spanish, Italian, Portuguese, Russian,
Chinese, Japanese and Korean words for the best, always, significant, proven, no effect, per cent and
times. Accents are gone before they are looked for (``core/text/one_form.py``).
"""

from __future__ import annotations

import re

from leadline.core.patterns import later

_GERMAN_BEST = (
    r"(?:aller)?beste|schnellste|langsamste|kleinste|grosste|großte|hochste|niedrigste|genau\w*ste|starkste|"
    r"effizienteste|"
    r"billigste|gunstigste|stabilste|schlechteste|optimale"
)
MAYBE = later(
    r"[\u0400-\u04ff\u3040-\u9fff\uac00-\ud7af]|\b(?:ist|sind|der|die|das|und|mit|auf|fur|kein\w*|ohne|am|immer|"
    r"est|sont|les?|la|une?|"
    r"dans|aucune?|sans|plus|de|el|los|las|es|son|una?|sin|con|mas|il|lo|gli|che|non|piu|o|os|as|nao|mais|com|"
    r"sem|em|sempre|"
    r"nunca|siempre|toujours|por|pour|per)\b",
    re.I,
)
BEST = later(
    rf"\b(?:am\s+\w+sten|(?:{_GERMAN_BEST})[nrsm]?|unschlagbar\w*|unubertroffen\w*|"
    r"(?:le|la|les)\s+(?:meilleure?s?|pires?|(?:plus|moins)\s+\w+)|imbattables?|"
    r"(?:el|la|los|las|lo)\s+(?:mejor(?:es)?|peor(?:es)?|(?:mas|menos)\s+\w+)|insuperables?|optim[oa]s?|"
    r"(?:il|la|lo|i|gli|le)\s+(?:miglior[ie]?|peggior[ie]?|(?:piu|meno)\s+\w+)|"
    r"(?:o|a|os|as)\s+(?:melhor(?:es)?|pior(?:es)?|(?:mais|menos)\s+\w+)|"
    r"(?:наи)?лучш(?!е\b)\w+|худш(?!е\b)\w+|сам(?:ый|ая|ое|ые|ым|ой|ых)\s+\w+|быстрее\s+всех)\b|最(?![近后後新初终終])|"
    r"一番|가장|최고|최적",
    re.I,
)
EVERY = later(
    r"\b(?:immer|stets|niemals|nie|ausnahmslos|uberall|jede[rsmn]?\s+\w+|(?:in|auf|bei|fur|uber)\s+allen\s+\w+|"
    r"alle\s+(?:Laufe|Falle)|"
    r"toujours|jamais|partout|(?:dans|sur|pour)\s+tou(?:s|tes)\s+les|sans\s+exception|chaque\s+\w+|"
    r"siempre|nunca|jamas|(?:en|para)\s+tod[oa]s\s+(?:los|las)|sin\s+excepcion|"
    r"sempre|ogni\s+\w+|in\s+tutt[ie]|senza\s+eccezioni?|(?:em|para)\s+tod[oa]s|sem\s+excecao|"
    r"всегда|никогда|везде|во\s+всех|кажд\w+)\b|总是|总能|始终|永远|从不|从未|所有|每个|每次|任何情况|一直|常に|必ず|すべて|全て|いつも|항상|언제나|모든",
    re.I,
)
CLEAR = later(
    r"\b(?:signifikant\w*|deutlich\w*|erheblich\w*|wesentlich|bei\s+weitem|enorm\w*|massiv\w*|drastisch\w*|"
    r"significativ\w+|significatif\w*|nettement|largement|considerablement|de\s+loin|notablemente|mucho\s+m\w+|"
    r"con\s+diferencia|"
    r"nettamente|di\s+gran\s+lunga|muito\s+m\w+|значительно|существенно|(?:статистически\s+)?значим\w+|намного|"
    r"гораздо)\b"
    r"|显著|明显|大幅|远远|远超|極めて|有意に|著しく|圧倒的|현저히|유의",
    re.I,
)
PROOF = later(
    r"\b(?:bewiesen\w*|beweis(?:t|en)|garantiert\w*|zweifellos|nachgewiesen\w*|prouve\w*|demontre\w*|"
    r"garantie?s?|sans\s+aucun\s+doute|"
    r"demostrad\w+|demuestran?|garantizad\w+|sin\s+(?:ninguna\s+)?duda|dimostra\w*|provat[oaie]|garantit\w+|"
    r"senza\s+dubbio|"
    r"provad\w+|comprova\w*|demonstrad\w+|sem\s+duvida|доказ\w+|гарантир\w+|несомненно)\b|证明|保证|毫无疑问|証明|保証|"
    r"間違いなく|증명|보장",
    re.I,
)
LABEL = later(
    r"\b(?:repliziert\w*|reproduziert\w*|bestatigt\w*|confirme(?:e|s|es)|replique(?:e|s|es)|confirmad\w+|"
    r"replicad\w+|confermat\w+|"
    r"replicat[oaie]|подтвержд\w+|воспроизвед\w+)\b|证实|已确认|可重复|可复现|再現された|재현",
    re.I,
)
_NOTHING = (
    r"Einfluss\w*|Effekt\w*|Unterschied\w*|Auswirkung\w*|Wirkung|Verlust\w*|Nachteil\w*|effet|impact|influence|perte|"
    r"efecto|impacto|diferencia|perdida|effetto|impatto|differenza|perdita|efeito|diferenca|perda|regression\w*|"
    r"влияни\w+|разниц\w+|эффект\w*|потер\w*"
)
NO_EFFECT = later(
    rf"\b(?:kein\w*|ohne|aucune?|sans|ningun[oa]?|sin|nessun[oa]?|senza|nenhuma?|sem|нет|без|не\s+имеет|"
    rf"никако\w+)\s+(?:\w+\s+)?(?:{_NOTHING})\b"
    r"|\bне\s+влияет\b|(?:没有|无|毫无)(?:任何)?(?:影响|差异|区别|损失|变化)|(?:影響|差|違い)(?:は|が)?(?:ない|なし|ありません)|영향이?\s*없",
    re.I,
)
COMPARES = later(
    r"\b(?:besser|schlechter|schneller|langsamer|mieux|meilleure?s?|plus\s+rapides?|mejor|peor|"
    r"mas\s+rapid[oa]s?|migliore|piu\s+veloc[ei]|"
    r"melhor|mais\s+rapid[oa]s?|быстрее|медленнее|лучше|хуже)\b|更[好快低高小优]|快|より[速良]",
    re.I,
)
_COUNTED = r"[一二两兩三四五六七八九十百千万半0-9.]"
PERCENT = later(
    rf"\b\w+[\s-]+(?:Prozent\w*|pour[\s-]?cents?|por[\s-]?ciento|por[\s-]?cento|per[\s-]?cento|процент\w*)\b|"
    rf"百分之{_COUNTED}+|{_COUNTED}+成(?!功)|퍼센트",
    re.I,
)
TIMES = later(
    rf"\b(?:(?:doppelt\w*|dreifach|vierfach|zehnfach|halb\s+so|halbier|verdoppel|verdreifach)\w*|\w+mal\s+(?:so|"
    rf"schneller|mehr|weniger)|"
    r"(?:\d[\d.,]*|deux|trois|quatre|cinq|dix|plusieurs)\s+fois|(?:la|de)\s+moitie|(?:\d[\d.,]*|dos|tres|cuatro|"
    r"cinco|diez|varias)\s+veces|el\s+doble|la\s+mitad|"
    r"(?:\d[\d.,]*|due|tre|quattro|dieci)\s+volte|il\s+doppio|la\s+meta|(?:\d[\d.,]*|duas|tres|quatro|"
    r"dez)\s+vezes|o\s+dobro|a?\s?metade|вдвое|втрое|вчетверо|"
    rf"в\s+\S+\s+раза?|(?:на\s+)?половин\w+)\b|{_COUNTED}+\s*倍|一半|减半|翻倍|倍増|半分|두\s*배",
    re.I,
)
