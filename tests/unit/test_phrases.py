"""Phrases are found in each inflection, over words of degree, and never over what parts a sentence."""

from __future__ import annotations

import pytest

from leadline.core.text import lexicon
from leadline.core.text.phrases import Lexicon, keys_of, words_of

SMALL = Lexicon(
    {
        "closure": "settle~ question|matter, case be~ closed $, ^ because .. <better>, ^ because .. ; .. <better>"
    },
    {"better": "faster lower", "side": "new", "plain": "use~", "verdict": "win~"}
    | {"effect": "gain", "measure": "loss"},
)


def found(text: str) -> list[str]:
    return [text[f.start : f.end] for words in words_of(text) for f in SMALL.found(words, {})]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("this settles the question.", "settles the question"),
        ("it really settled our whole matter", "settled our whole matter"),
        ("The case is now closed, I think", "case is now closed"),
        ("The case isn't closed", ""),
        ("it is settling; the question is another", ""),
        ("case is closed by hand", ""),
        ("slow, because cached it is faster", "because cached it is faster"),
        ("slow because it is faster", ""),
        ("because it is not faster", ""),
        ("because cached, it is faster", "because cached, it is faster"),
        ("because cached, we stopped", ""),
        ("because cached, at night, it is faster", ""),
    ],
)
def test_a_phrase_is_found_however_it_is_inflected(text: str, what: str) -> None:
    assert found(text) == ([what] if what else [])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("new uses the cache", ""),
        ("new gobbles the cache", "gobbles"),
        ("the gain wins", "wins"),
        ("the cache wins", ""),
        ("new uses it, the cache wins", ""),
        ("ours gobbles the cache", "gobbles"),
    ],
)
def test_a_part_that_names_a_side_is_a_plain_account_or_judged(text: str, what: str) -> None:
    judged = [
        text[start:end]
        for words in words_of(text)
        for start, end in SMALL.verdicts(words, {"side": ["ours"]})
    ]
    assert judged == ([what] if what else [])


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("beaten", "beat"),
        ("wins", "win"),
        ("dropped", "drop"),
        ("proving", "prove"),
        ("relies", "rely"),
    ],
)
def test_a_word_has_its_base_form(word: str, base: str) -> None:
    assert f"~{base}" in keys_of(word)


def test_every_class_of_a_phrase_exists() -> None:
    assert Lexicon(lexicon.FIELDS, lexicon.CLASSES)
    with pytest.raises(KeyError):
        Lexicon({"rank": "<nobody> wins"}, {})
