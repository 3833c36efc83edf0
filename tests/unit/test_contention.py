"""Whether other work came with one side of a measurement in turns."""

import importlib.util
import sys
from pathlib import Path

import pytest

from leadline.core.compare.contention import came_with_one_side, contention_decides
from leadline.core.compare.difference import PAIRED_BY_ROUND, PLAIN
from leadline.core.record.run import Run

LIMIT = 0.25  # of a machine, above which a run is called contended


def side(wall: float, *shares: float | None, contended: bool = False) -> list[Run]:
    return [
        Run(
            f"P-001-r{at}",
            f"{wall}{at}",
            "P-001",
            wall_s=wall,
            hygiene={"contended": contended or (share or 0.0) >= LIMIT, "others_share": share},
        )
        for at, share in enumerate(shares)
    ]


@pytest.mark.parametrize(
    ("a", "b", "one"),
    [
        # a burst meets a short run by chance, and then all of it; of a long one it is a part
        (side(1, 0, 0, 0.9, 0, 0), side(10, 0.3, 0.28, 0.26, 0.3, 0.27), False),
        (side(1, 0.24, 0.24, 0.24), side(10, 0.26, 0.26, 0.26), False),  # beside one neighbour
        (side(1, 0.5, 0.5, 0.5), side(1, 0.33, 0.33, 0.33), False),  # and b uses two CPUs
        (side(1, 0, 0, 0), side(10, 0.5, 0.5, 0.5), True),
        (side(10, 0, 0, 0), side(1, 0.5, 0.5, 0.5), True),
        (side(1, 0.5, 0.5, 0.5), side(1, 0, 0, 0), True),
        (side(1, 0, 0, 0), side(1, 0.5, 0.5, 0), False),  # two of six: by chance once in five
        (side(1, 0, 0, 0), side(1, 0.01, 0.01, 0.01, contended=True), False),  # disturbs nothing
        (side(1, None, None, None), side(1, None, None, None, contended=True), True),
    ],
)
def test_other_work_came_with_one_side(a: list[Run], b: list[Run], one: bool) -> None:
    assert came_with_one_side(a, b) is one
    assert contention_decides("worse", (a, b), PAIRED_BY_ROUND, True) is one


@pytest.mark.parametrize(("wall", "share"), [(-1.0, 0.5), (1.0, 1e308), (1.0, -2.0)])
def test_what_another_program_wrote_is_no_bug(wall: float, share: float) -> None:
    assert came_with_one_side(side(wall, share), side(1, 0.5)) is False


def test_without_turns_any_contention_may_have_made_it_slower() -> None:
    a, b = side(1, 0, 0, 0.9, 0, 0), side(10, 0.3, 0.28, 0.26, 0.3, 0.27)
    assert contention_decides("worse", (a, b), PLAIN, True)
    assert contention_decides("better", (a, b), PLAIN, True)  # the reference had some
    assert not contention_decides("better", (side(1, 0, 0), b), PLAIN, True)
    assert not contention_decides("worse", (a, b), PLAIN, False)  # a result


def test_the_same_noise_is_seldom_one_sided_and_work_of_one_side_often_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = Path(__file__).parents[2] / "benchmarks" / "one_sided_load.py"
    spec = importlib.util.spec_from_file_location("one_sided_load", path)
    assert spec and spec.loader
    benchmark = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, benchmark)
    spec.loader.exec_module(benchmark)
    equal = benchmark.rates(10, 5, 0.0, benchmark.BUSY)
    assert sum(equal) / len(equal) <= 4.0
    assert min(benchmark.rates(2, 5, 0.3, (0.0,))) == 100.0
    beside = benchmark.rates(10, 10, 0.5, (0.1, 0.3))
    assert sum(beside) / len(beside) >= 85.0
