"""The confidence sequence keeps its error rate at every look, and finds what is there."""

from __future__ import annotations

import math
import random

import pytest

from leadline.core.design.interleave import block_value, schedule
from leadline.core.stats.sequential import SymmetricSequence

NOISES = {
    "normal": lambda g: g.gauss(0, 1),
    "cauchy": lambda g: math.tan(math.pi * (g.random() - 0.5)),
    "uniform": lambda g: g.uniform(-1, 1),
    "two values": lambda g: g.choice((-1.0, 1.0)),
}


def above(rate: float, trials: int) -> float:
    return rate + 3 * math.sqrt(rate * (1 - rate) / trials)


@pytest.mark.parametrize("noise", NOISES)
def test_the_truth_is_rejected_at_no_more_than_alpha_of_all_looks(noise):
    generator = random.Random(noise)
    trials, alpha = 600, 0.1
    wrong = sum(
        SymmetricSequence(alpha, [NOISES[noise](generator) for _ in range(30)]).rejects(0.0)
        for _ in range(trials)
    )
    assert wrong / trials <= above(alpha, trials)


def test_the_capital_is_a_fair_game():
    """Over all 2^6 signs of six values the mean capital is exactly one."""
    sizes = [0.3, 1.7, 0.9, 2.5, 0.1, 1.1]
    total = 0.0
    for signs in range(64):
        values = [size if signs >> i & 1 else -size for i, size in enumerate(sizes)]
        total += SymmetricSequence(0.05, values).e_value(0.0)
    assert total / 64 == pytest.approx(1.0, rel=1e-12)


def test_a_clear_effect_is_found_soon_and_bounded():
    generator = random.Random(3)
    sequence, blocks = SymmetricSequence(), 0
    while not sequence.rejects(0.0):
        sequence.add(0.05 + 0.01 * generator.gauss(0, 1))
        blocks += 1
    assert 7 <= blocks <= 12
    interval = sequence.interval()
    assert 0.0 < interval.low < 0.05 < interval.high < 0.12
    for _ in range(40):
        sequence.add(0.05 + 0.01 * generator.gauss(0, 1))
    assert sequence.interval().high - sequence.interval().low < 0.5 * (interval.high - interval.low)


def test_the_interval_covers():
    generator = random.Random(11)
    trials, missed = 150, 0
    for _ in range(trials):
        sequence = SymmetricSequence(0.1, [2.0 + generator.gauss(0, 1) for _ in range(20)])
        found = sequence.interval()
        missed += not found.low <= 2.0 <= found.high
        assert sequence.rejects(found.low - 0.2) and sequence.rejects(found.high + 0.2)
    assert missed / trials <= above(0.1, trials)


def test_scale_and_shift_move_it_along():
    values = [1.0, 1.2, 0.9, 1.1, 1.05, 0.97, 1.3, 0.8, 1.02, 1.15]
    plain = SymmetricSequence(0.05, values).interval()
    moved = SymmetricSequence(0.05, [1e6 * v + 5e6 for v in values]).interval()
    assert moved.low == pytest.approx(1e6 * plain.low + 5e6, rel=1e-3)
    assert moved.high == pytest.approx(1e6 * plain.high + 5e6, rel=1e-3)


def test_too_few_none_equal_and_bad_values():
    assert (
        SymmetricSequence().estimate() is None
        and "no blocks" in SymmetricSequence().interval().reason
    )
    few = SymmetricSequence(0.05, [1.0, 1.1, 0.9])
    assert not few.interval().known and "seven" in few.interval().reason and not few.rejects(0.0)
    same = SymmetricSequence(0.05, [2.0] * 10).interval()
    assert (same.low, same.high) == (2.0, 2.0)
    assert SymmetricSequence(0.05, [0.0] * 30).e_value(0.0) == 1.0
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError):
            SymmetricSequence().add(bad)
    with pytest.raises(ValueError):
        SymmetricSequence(1.5)


def test_huge_values_do_not_overflow():
    sequence = SymmetricSequence(0.05, [1e300] * 5 + [1e-300] * 200)
    assert sequence.rejects(0.0) and math.isfinite(sequence.e_value(0.0))


def test_blocks_are_balanced_and_seeded():
    first = [b for b, _ in zip(schedule(1), range(200))]
    assert (
        first
        == [b for b, _ in zip(schedule(1), range(200))]
        != [b for b, _ in zip(schedule(2), range(200))]
    )
    assert set(first) == {"abba", "baab"} and 60 < first.count("abba") < 140
    assert set(b for b, _ in zip(schedule(1, "ab"), range(50))) == {"ab", "ba"}


def test_block_values():
    assert block_value({"a": [1.0, 3.0], "b": [4.0, 4.0]}, True) == pytest.approx(math.log(2))
    assert block_value({"a": [1.0, 3.0], "b": [4.0, 4.0]}, False) == 2.0
    assert (
        block_value({"a": [1.0], "b": []}, False) is None
        and block_value({"a": [0.0], "b": [1.0]}, True) is None
    )
    assert block_value({"a": [math.nan], "b": [1.0]}, False) is None
