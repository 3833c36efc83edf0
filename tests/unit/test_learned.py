"""What was learned from sentences is what they give, is small, and names the words that weighed most."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from leadline.core.evidence.gloss import overclaims
from leadline.core.text import learned, learned_weights
from leadline.core.text.learned import judged, sentences

ROOT = Path(__file__).resolve().parents[2]
WORDS = ROOT / "tests" / "data" / "words"


def test_the_weights_are_learned_from_the_sentences_that_are_here(monkeypatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "tools"), *sys.path])
    import learn_words

    assert learn_words.digest() == learned_weights.LEARNED_FROM


def test_the_weights_are_small() -> None:
    assert Path(learned_weights.__file__).stat().st_size <= 100_000


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Instability is history.", "history"),
        ("Bottleneck eradicated for good.", "eradicated"),
        ("The baseline got demolished.", "demolished"),
    ],
)
def test_a_verdict_is_found_by_its_words(text: str, word: str) -> None:
    found = judged(text)
    assert found.score > 0 and word in {said for _, said in found.words}
    assert all(text[at:].startswith(said) for at, said in found.words)


@pytest.mark.parametrize(
    "text",
    [
        "The winner-take-all layer is initialised with orthogonal rows.",
        "No baseline yet.",
        "We do not know why the queue grew.",
        "new is faster than old",
    ],
)
def test_a_plain_account_is_none(text: str) -> None:
    assert judged(text).score < 0


def test_a_fragment_is_read_with_what_stands_before_it() -> None:
    text = "Best. Loader. Ever. It was run twice on one node. Nothing else.\nNext line"
    assert [part.strip() for _, part in sentences(text)] == [
        "Best. Loader. Ever. It was run twice on one node.",
        "Nothing else.",
        "Next line",
    ]


@pytest.mark.parametrize("text", ["", "?", "\udc9b \udc9b", "{{", "`", "3 3 3", "最"])
def test_what_is_no_sentence_is_read(text: str) -> None:
    assert overclaims(text, (), tuple) is not None
    assert judged(text).words is not None


def test_settings_in_the_same_sentence_make_a_verdict_no_plainer() -> None:
    settings = (
        "with batch size 32, a warmup of 500 steps and the seed fixed at 3 on the node in the lab"
    )
    for said in (
        "The gain is guaranteed",
        "The old kernel is unbeatable",
        "It works in every case",
    ):
        assert overclaims(f"{said}, {settings}.", (), list, named=False), said
    assert not overclaims(f"The winner-take-all layer was used, {settings}.", (), list, named=False)


@pytest.mark.parametrize(
    "settings",
    [
        "with batch size 32 and lr 3e-4 on 8 GPUs, {}",
        "{}, with batch size 32 and lr 3e-4 on 8 GPUs",
        "At lr 3e-4, batch 64, 12 layers and seed 3, {}",
        "{} (batch 32, lr 1e-3, 500 steps of warmup)",
        "{} with a batch size of 256, a learning rate of 3e-4 and 2000 steps on 4 nodes",
    ],
)
def test_a_verdict_between_settings_is_one(settings: str) -> None:
    assert judged(settings.format("this settles it")).score > 0
    assert judged(settings.format("the loss was logged")).score < 0


def test_of_many_settings_each_part_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text, read, words = "this settles it " + "(1, 2), " * 300 + "the best.", [0], learned._words
    monkeypatch.setattr(
        learned, "_words", lambda part: read.append(read[-1] + len(part)) or words(part)
    )
    assert all(text[at:].startswith(said) for at, said in judged(text).words)
    assert read[-1] <= 2 * len(text)
