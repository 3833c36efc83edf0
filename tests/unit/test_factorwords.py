"""Factors in words are measurements; words that only look like them are not."""

from __future__ import annotations

import pytest

from leadline.core.text.factor_words import factors_in
from leadline.core.text.unbound import unbound_numbers
from leadline.testing.builders import ThreadBuilder


@pytest.mark.parametrize(
    ("text", "factors"),
    [
        ("twice as fast", [2.0]),
        ("it needs half the memory", [2.0]),
        ("ten times faster and five times the size", [10.0, 5.0]),
        ("a threefold gain, and it doubles the cost", [3.0, 2.0]),
        ("twenty times slower", [20.0]),
        ("we ran it twice, in the second half, three times", []),
        ("half the way there; double precision", []),
    ],
)
def test_factors_in_words(text: str, factors: list[float]) -> None:
    assert [factor for _, _, factor in factors_in(text)] == factors


def test_a_factor_in_words_is_asked_for_its_measurement_like_a_numeral() -> None:
    builder = ThreadBuilder("demo", "P")
    a = builder.run("", {"time_ms": 20.0}, {"block": 64})
    b = builder.run("", {"time_ms": 10.0}, {"block": 128})
    thread = builder.thread()
    text = f"{b} is twice as fast as {a}"
    found = unbound_numbers(text, thread)
    assert [f["number"] for f in found] == ["twice as"]
    assert "time_ms.median / " in found[0]["suggestion"]
    assert (
        unbound_numbers(
            f"{b} runs twice as fast", thread, None, "time_ms(block=128) <= 0.5 * time_ms(block=64)"
        )
        == []
    )
    assert unbound_numbers(f"`twice as fast` is a quotation of {a}", thread) == []
