"""How far a sentence goes beyond what a measurement bears, by weights that were learned from sentences.

Lists of words catch what their authors thought of. The weights (``core/text/learned_weights.py``) were
fitted to sentences of several writers, overclaims and honest ones, by ``tools/learn_words.py``: logistic
regression on words (those after a denial apart), pairs of stems, parts of words, the first and the last
word, and the length, each scaled by how much more often the one sort of sentence has it.
"""

from __future__ import annotations

import re
from array import array
from base64 import b85decode
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from zlib import crc32, decompress

from leadline.core.patterns import later
from leadline.core.text import learned_weights as learned
from leadline.core.text.one_form import one_form
from leadline.core.typed import NamedTuple

_HASHED = 0xFFFFFF  # a feature is known by 24 bits of its hash
_WORD = later(
    r"\{\{[^}]*\}\}|`[^`]*`|[A-Za-z]+(?:['’][A-Za-z]+)?(?![\w])|\d[\d.,]*\d(?!\w)|\d(?!\w)|\w+|[^\w\s]"
)
_STOPS = frozenset(".,;:!?()—–")
_DENIES = frozenset(
    ["not", "no", "never", "nor", "neither", "without", "hardly", "none", "nothing", "nobody"]
)
_DENIED = 3  # words after a denial
_ENDING = later(r"(?<=\w\w\w)(?:ingly|edly|ations?|ings?|ed|ies|ily|iest|est|ers?|ly|es|s|e)$")
_PART = (3, 4, 5)  # letters
_LONG = 30  # words
_SENTENCE = later(r"(?<=[.!?;])\s+(?=[A-Z`*({])|\s*\n\s*")
_FEW = 4  # words that do not stand alone
_NAMED = 3
_NUMBER = r"[~<>=]*\d[\w.,:/-]*"
_LED = r"with|at|on|using|under|over|after|for|in|by|from"
_SETTING = (
    rf"(?:[\w-]+\s+){{0,4}}?{_NUMBER}(?:\s?%|\s+(?!(?:and|or|the|this|it|we|is|are|was|were|{_LED})\b)[A-Za-z]+"
    r"(?=[\s,.;)]|$))?"
)
_SETTINGS = later(  # "with batch size 32 and lr 3e-4 on 8 GPUs,"
    rf"(?:(?:^|[,;]?\s)\(?(?:{_LED})\s+|\(){_SETTING}(?:\s*,?\s*(?:(?:and|or|{_LED})\s+)?{_SETTING}){{0,6}}\)?[,;]?",
    re.I,
)
_TELLS = later(r"[a-z]{3}")  # a word that says something when it is named


class Judged(NamedTuple):
    """``score`` above 0: it says more. ``words``: (position, word) of those that weighed most."""

    score: float
    words: list[tuple[int, str]]


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """(position, sentence); a fragment ("Best. Loader. Ever.") is one with what stands before it."""
    starts, at = [0], 0
    for m in _SENTENCE.finditer(text):
        if "\n" in m[0] or len(text[at : m.start()].split()) >= _FEW:
            at = m.end()
            starts.append(at)
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        if text[start:end].strip():
            yield start, text[start:end]


def judged(sentence: str) -> Judged:
    """How it reads by itself; settings listed beside a verdict make it no plainer."""
    found, at = [_judged(sentence)], 0
    for m in _SETTINGS.finditer(f"{sentence} "):
        found.append(_judged(sentence[at : m.start()], at))
        at = m.end()
    found += [_judged(sentence[at:], at)] if at else []
    return max(found, key=lambda said: said.score)


def _judged(part: str, begins: int = 0) -> Judged:
    weights = _weights()
    by_word: dict[int, int] = {}
    seen: set[str] = set()
    total, words = 0, list(_words(part))
    for feature, at in features(words):
        if feature not in seen:
            seen.add(feature)
            weight = weights.get(key_of(feature), 0)
            total += weight
            by_word[at] = by_word.get(at, 0) + weight
    score = total * learned.STEP / max(1, len(seen)) ** 0.5 - learned.THRESHOLD
    told = (at for at in by_word if by_word[at] > 0 and at >= 0 and _TELLS.match(words[at][2]))
    heavy = sorted(told, key=by_word.__getitem__)
    named = sorted(heavy[-_NAMED:])
    return Judged(score, [(begins + words[at][0], part[slice(*words[at][:2])]) for at in named])


def key_of(feature: str) -> int:
    """What a feature is known by."""
    return crc32(feature.encode("utf-8", "replace")) & _HASHED


def features_of(sentence: str) -> set[str]:
    """What the weights are of."""
    return {feature for feature, _ in features(list(_words(sentence)))}


def features(words: list[tuple[int, int, str]]) -> Iterator[tuple[str, int]]:
    """(feature, index of its word, or -1 of the whole)."""
    before, second, denied, plain = "^", "^", 0, []
    for i, (_, _, word) in enumerate(words):
        if word in _STOPS:
            denied, stem = 0, word
            yield f"u {word}", -1
        else:
            plain.append(i)
            stem = _stem(word)
            yield f"w {word}" if not denied else f"w !{word}", i
            yield f"s {stem}", i
            yield f"k {second} {stem}", i
            if word[0].isalpha():
                yield from ((f"c {part}", i) for part in _parts(f"<{word}>"))
            denied = _DENIED if word in _DENIES else max(0, denied - 1)
        yield f"b {before} {stem}", i
        before, second = stem, before
    yield f"b {before} $", len(words) - 1
    if plain:
        yield f"f {words[plain[0]][2]}", plain[0]
        yield f"l {words[plain[-1]][2]}", plain[-1]
        yield f"2 {' '.join(words[i][2] for i in plain[:2])}", plain[0]
    yield f"n {min(len(plain), _LONG)}", -1
    yield f"N {min(len(plain), _LONG) // 5}", -1
    yield "1", -1


def _words(sentence: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, word): numbers, citations and code are each one word."""
    for m in _WORD.finditer(one_form(sentence)):
        start, end = m.span()
        word = m[0].lower().replace("’", "'")
        if word[0] == "{":
            word = "<cited>"
        elif word[0] == "`":
            word = "<code>"
        elif word[0].isdigit() and not word[-1].isalpha():
            word = "<number>"
        elif any(map(str.isdigit, word)):
            word = "<name>"
        if word == "cannot" or word.endswith("n't"):
            stem = word.removesuffix("not").removesuffix("n't")
            yield start, end, {"ca": "can", "wo": "will"}.get(stem, stem)
            word = "not"
        yield start, end, word


def _stem(word: str) -> str:
    if len(word) < 5:
        return word
    word = _ENDING.sub("", word)
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def _parts(word: str) -> Iterator[str]:
    for n in _PART:
        for i in range(len(word) - n + 1):
            yield word[i : i + n]


@cache
def _weights() -> dict[int, int]:
    """Hash of a feature to its weight, in steps: how far each hash is from the one before, low bytes
    and high bytes apart, then the weights."""
    packed = decompress(b85decode(learned.PACKED))
    n = learned.FEATURES
    apart = (low | high << 8 for low, high in zip(packed[:n], packed[n : 2 * n], strict=True))
    return dict(zip(accumulate(apart), array("b", packed[2 * n :]), strict=True))
