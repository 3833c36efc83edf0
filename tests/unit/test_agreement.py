"""Numbers measured again: the rule is named, and it is the textbook's."""

from __future__ import annotations

import random

import pytest

from leadline.core.stats.agreement import AGREES, DISAGREES, INCOMPARABLE, agreement, overall


def test_prediction_interval_is_that_of_the_textbook() -> None:
    stats = pytest.importorskip("scipy.stats")
    original, again = [10.0, 11.0, 12.0, 10.5], [11.2, 11.4]
    found = agreement(original, again)
    mean, sd = 10.875, stats.tstd(original)
    reach = stats.t.ppf(0.995, 3) * sd * (1 / 4 + 1 / 2) ** 0.5
    assert found.low == pytest.approx(mean - reach) and found.high == pytest.approx(mean + reach)
    assert found.verdict == AGREES and "99 % prediction interval" in found.rule
    assert agreement(original, [mean + reach + 0.01] * 2).verdict == DISAGREES
    assert agreement(original, [mean - reach - 0.01] * 2).verdict == DISAGREES


def test_the_interval_covers_as_often_as_it_says() -> None:
    rng = random.Random(7)
    trials = 2000
    missed = sum(
        agreement([rng.gauss(5, 1) for _ in range(4)], [rng.gauss(5, 1) for _ in range(2)]).verdict
        == DISAGREES
        for _ in range(trials)
    )
    assert 0.003 < missed / trials < 0.02  # 1 % is meant


def test_identical_originals_must_come_out_identical() -> None:
    assert agreement([42.0, 42.0], [42.0]).verdict == AGREES
    found = agreement([42.0, 42.0], [42.001])
    assert found.verdict == DISAGREES and "exactly" in found.rule
    assert agreement([0.1 + 0.2, 0.1 + 0.2], [0.3]).verdict == AGREES  # through text and back
    assert agreement([42.0, 42.0], [42.0, 43.0]).verdict == DISAGREES


@pytest.mark.parametrize(
    ("again", "verdict"), [(109.0, AGREES), (91.0, AGREES), (111.0, DISAGREES), (89.0, DISAGREES)]
)
def test_one_original_run_leaves_a_tolerance(again: float, verdict: str) -> None:
    found = agreement([100.0], [again])
    assert found.verdict == verdict and "±10 %" in found.rule
    assert agreement([100.0], [again], tolerance=0.2).verdict == AGREES


def test_nothing_to_compare() -> None:
    assert agreement([], [1.0]).verdict == INCOMPARABLE
    assert agreement([1.0], [float("nan")]).verdict == INCOMPARABLE


def test_overall() -> None:
    assert overall([AGREES, AGREES]) == AGREES
    assert overall([AGREES, INCOMPARABLE]) == INCOMPARABLE
    assert overall([INCOMPARABLE, DISAGREES]) == DISAGREES
    assert overall([]) == INCOMPARABLE
