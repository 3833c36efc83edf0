"""How often Leadline is fooled, and how often it sees what is there: simulated, through the code that
decides.

False verdicts: two equal sides are measured over and over under five kinds of noise, in four ways of
going about it, in turns and one side after the other; every verdict and every label above
``exploratory`` is false. Power: the share of true differences that get one. ``--trials N`` sets the
size, ``--write FILE`` puts both tables on the page. Pseudo-random with a fixed seed: the same size
gives the same tables.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from leadline.core.compare import compare as comparing
from leadline.core.compare.choice import NO_CHOICE, Choice
from leadline.core.compare.compare import compare
from leadline.core.evidence import evidence as labelling
from leadline.core.evidence.evaluate import Chosen
from leadline.core.evidence.evidence import evidence
from leadline.core.evidence.predicate import Subject, parse
from leadline.core.record.run import MetricDef, Run
from leadline.core.timestamps import rfc3339

ALPHA = 0.05
CENTRE, SPREAD, ARMS = 100.0, 2.0, 20
METRIC = MetricDef("time_ms", "ms", "lower", observed="machine")
SEED = 20261124
SIZES = (3, 5, 10)
ORDERS = ("in turns", "in sequence")
PREDICATE = parse("time_ms(P-002) < time_ms(P-001)")


@contextmanager
def verdicts_only() -> Iterator[None]:
    """Nine tenths of the time of a comparison are what it says beside the verdict: which difference
    would have shown, how many runs would. Not asked here."""
    asked = comparing.detectable, labelling.n_needed
    comparing.detectable = labelling.n_needed = lambda *args: None  # type: ignore[attr-defined]
    try:
        yield
    finally:
        comparing.detectable, labelling.n_needed = asked  # type: ignore[attr-defined]


Noise = Callable[[random.Random, int], list[float]]  # the machine's part of runs in their order


def normal(chance: random.Random, count: int) -> list[float]:
    return [chance.gauss(0, 1) for _ in range(count)]


def lognormal(chance: random.Random, count: int) -> list[float]:
    """A floor, and a long tail of slow runs."""
    return [math.exp(chance.gauss(0, 0.75)) for _ in range(count)]


def drift(chance: random.Random, count: int) -> list[float]:
    """A machine that slows down by four standard deviations from the first run to the last."""
    return [v + 4.0 * i / max(count - 1, 1) for i, v in enumerate(normal(chance, count))]


def level_shift(chance: random.Random, count: int) -> list[float]:
    """Four standard deviations slower from the middle on: a neighbour that moved in."""
    return [v + 4.0 * (2 * i >= count) for i, v in enumerate(normal(chance, count))]


def autocorrelated(chance: random.Random, count: int) -> list[float]:
    """Each run is 0.8 of the last one's deviation and a part of its own."""
    values = [chance.gauss(0, 1)]
    while len(values) < count:
        values.append(0.8 * values[-1] + 0.6 * chance.gauss(0, 1))
    return values


NOISES: dict[str, Noise] = {
    "normal": normal,
    "lognormal": lognormal,
    "drift": drift,
    "level shift": level_shift,
    "autocorrelated": autocorrelated,
}


def order_of(arms: int, repeats: int, order: str, chance: random.Random) -> list[int]:
    """Which arm runs when: shuffled passes, as a sweep and ``ab`` do, or arm by arm."""
    if order == "in sequence":
        return [arm for arm in range(arms) for _ in range(repeats)]
    return [arm for _ in range(repeats) for arm in chance.sample(range(arms), arms)]


def measured(
    arms: int, repeats: int, order: str, noise: Noise, chance: random.Random, effect_sd: float = 0.0
) -> list[list[tuple[int, float]]]:
    """(position, value) of each run of each arm; arm 0 is the reference, the others ``effect_sd``
    standard deviations faster."""
    found: list[list[tuple[int, float]]] = [[] for _ in range(arms)]
    places = order_of(arms, repeats, order, chance)
    for position, (arm, moved) in enumerate(zip(places, noise(chance, len(places)), strict=True)):
        found[arm].append((position, CENTRE + SPREAD * (moved - effect_sd * (arm > 0))))
    return found


def runs_of(side: str, places: list[tuple[int, float]], batch: str) -> list[Run]:
    """``batch``: what one command began, "" for each run by itself."""
    number = 1 if side == "a" else 2
    return [
        Run(
            id=f"P-00{number}-r{repeat}",
            uid=f"{position:026d}",
            experiment=f"P-00{number}",
            repeat=repeat,
            state="done",
            argv=["bench", side],
            config={"variant": side},
            code={"tree": "sha256:0"},
            started_at=rfc3339(1_790_000_000_000 + 60_000 * position),
            ended_at=rfc3339(1_790_000_000_000 + 60_000 * position + 50_000),
            hygiene={"contended": False, "throttled": False, "reasons": []},
            design={"sweep": batch} if batch else {},
            metrics={"time_ms": value},
        )
        for repeat, (position, value) in enumerate(places, 1)
    ]


Judge = Callable[[list[Run], list[Run], Choice], bool]


def compare_says(a: list[Run], b: list[Run], choice: Choice) -> bool:
    found = compare(
        a,
        b,
        axes=["variant", "command"],
        metric_defs={"time_ms": METRIC},
        alpha=ALPHA,
        choice_of=lambda metric: choice,
    )
    # else nothing would be tried here
    assert found.apples_to_apples and not found.refusals, found.refusals
    return found.metrics[0].verdict in ("better", "worse", "different")


def label_of(a: list[Run], b: list[Run], chosen: Chosen) -> str:
    sides = {"P-001": a, "P-002": b}

    def resolve(subject: Subject) -> list[Run]:
        return sides[subject.name]

    return evidence(
        PREDICATE,
        resolve,
        metric_defs={"time_ms": METRIC},
        choosing=lambda clause, left, right: chosen,
    ).label


def label_says(a: list[Run], b: list[Run], choice: Choice) -> bool:
    return label_of(a, b, Chosen(lambda: choice)) in ("replicated", "stable")


def named_label_says(a: list[Run], b: list[Run], choice: Choice) -> bool:
    return label_of(a, b, Chosen(lambda: choice, named=1)) in ("replicated", "stable")


JUDGES: dict[str, Judge] = {"`compare`": compare_says, "label": label_says}


def fixed(judge: Judge, n: int, order: str, noise: Noise, chance: random.Random) -> bool:
    a, b = measured(2, n, order, noise, chance)
    return judge(runs_of("a", a, "W"), runs_of("b", b, "W"), NO_CHOICE)


def looked_at(judge: Judge, n: int, order: str, noise: Noise, chance: random.Random) -> bool:
    """Repeats are added one by one, and it is read after each, until it says so."""
    a, b = (
        runs_of(s, v, "") for s, v in zip("ab", measured(2, n, order, noise, chance), strict=True)
    )
    return any(judge(a[:k], b[:k], NO_CHOICE) for k in range(3, n + 1))


def _mean(places: list[tuple[int, float]]) -> float:
    return math.fsum(value for _, value in places) / len(places)


def best_of_many(judge: Judge, n: int, order: str, noise: Noise, chance: random.Random) -> bool:
    baseline, *arms = measured(ARMS + 1, n, order, noise, chance)
    best = min(arms, key=_mean)
    choice = Choice(ARMS, f"chosen from {ARMS}", reference_fixed=True)
    return judge(runs_of("a", baseline, "W"), runs_of("b", best, "W"), choice)


def best_against_worst(
    judge: Judge, n: int, order: str, noise: Noise, chance: random.Random
) -> bool:
    arms = sorted(measured(ARMS, n, order, noise, chance), key=_mean)
    choice = Choice(ARMS * (ARMS - 1) // 2, f"chosen from {ARMS}")
    return judge(runs_of("a", arms[-1], "W"), runs_of("b", arms[0], "W"), choice)


WAYS = {
    "fixed n": fixed,
    "a look after each repeat": looked_at,
    f"best of {ARMS}": best_of_many,
    f"best against worst of {ARMS}": best_against_worst,
}


class Rate(NamedTuple):
    """``said`` of ``trials`` trials ended in a verdict."""

    way: str
    order: str
    judge: str
    n: int
    noise: str
    said: int
    trials: int

    @property
    def rate(self) -> float:
        return self.said / self.trials

    @property
    def kept(self) -> bool:
        """At or below the level, as far as this many trials can tell (three standard errors)."""
        return self.rate <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / self.trials)


def false_rates(trials: int, seed: int = SEED) -> Iterator[Rate]:
    for way, trial in WAYS.items():
        for order in ORDERS:
            for judge, says in JUDGES.items():
                for n in SIZES:
                    for name, noise in NOISES.items():
                        chance = random.Random(f"{seed} {way} {order} {judge} {n} {name}")
                        said = sum(trial(says, n, order, noise, chance) for _ in range(trials))
                        yield Rate(way, order, judge, n, name, said, trials)


def power(trials: int, seed: int = SEED) -> dict[str, dict[tuple[float, int], float]]:
    """Judge to (effect in standard deviations, n) to the share of trials in which it is seen; sides
    in turns, normal noise, n fixed."""
    found: dict[str, dict[tuple[float, int], float]] = {}
    judges = {**JUDGES, "label, named before its runs": named_label_says}
    for judge, says in judges.items():
        for effect in (1.0, 2.0):
            for n in SIZES:
                chance = random.Random(f"{seed} power {effect} {n}")
                seen = 0
                for _ in range(trials):
                    a, b = measured(2, n, "in turns", normal, chance, effect)
                    seen += says(runs_of("a", a, "W"), runs_of("b", b, "W"), NO_CHOICE)
                found.setdefault(judge, {})[effect, n] = seen / trials
    return found


def false_table(found: list[Rate]) -> str:
    """A row for each way, order and judge; in each cell the rates at n = 3, 5, 10. Sides that are
    never called different have one row."""
    lines = [
        f"| way | sides | judge | {' | '.join(NOISES)} |",
        f"|---|---|---|{'---|' * len(NOISES)}",
    ]
    never = {r.order for r in found} - {r.order for r in found if r.rate}
    lines += [f"| every way | {order} | both |{' 0.0 |' * len(NOISES)}" for order in sorted(never)]
    rows = dict.fromkeys((r.way, r.order, r.judge) for r in found if r.order not in never)
    for way, order, judge in rows:
        cells = []
        for name in NOISES:
            rates = [
                r for r in found if (r.way, r.order, r.judge, r.noise) == (way, order, judge, name)
            ]
            above = "" if all(r.kept for r in rates) else " (above)"
            cells.append("/".join(f"{100 * r.rate:.1f}" for r in rates) + above)
        lines.append(f"| {way} | {order} | {judge} | {' | '.join(cells)} |")
    return "\n".join(lines)


def power_table(found: dict[str, dict[tuple[float, int], float]]) -> str:
    columns = list(next(iter(found.values())))
    heads = " | ".join(f"{effect:g} sd, n = {n}" for effect, n in columns)
    lines = [f"| judge | {heads} |", f"|---|{'---|' * len(columns)}"]
    lines += [
        f"| {judge} | {' | '.join(f'{100 * row[c]:.0f}' for c in columns)} |"
        for judge, row in found.items()
    ]
    return "\n".join(lines)


def replace_between(page: Path, name: str, made: str) -> None:
    """Put ``made`` between the markers ``<!-- name -->`` and ``<!-- /name -->`` of ``page``."""
    text = page.read_text(encoding="utf-8")
    head, opening, rest = text.partition(f"<!-- {name} -->\n")
    _, closing, tail = rest.partition(f"<!-- /{name} -->")
    if not (opening and closing):
        raise SystemExit(f"{page} has no markers <!-- {name} --> and <!-- /{name} -->")
    page.write_text(f"{head}{opening}{made}{closing}{tail}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--trials", type=int, default=2000, metavar="N", help="trials a cell (default 2000)"
    )
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="put the tables between the page's markers"
    )
    args = parser.parse_args()
    with verdicts_only():
        found = list(false_rates(args.trials))
        seen = power(args.trials)
    command = (
        f"{args.trials} trials a cell, `python benchmarks/error_rates.py --trials {args.trials}`"
    )
    legend = 'per cent at n = 3/5/10; "above" is by more than three standard errors'
    false = f"{command}; {legend}:\n\n{false_table(found)}\n"
    true = f"{command}; per cent:\n\n{power_table(seen)}\n"
    print(f"{false}\n{true}")
    if args.write:
        replace_between(args.write, "rates", false)
        replace_between(args.write, "power", true)
    return 0 if all(rate.kept for rate in found) else 1


if __name__ == "__main__":
    sys.exit(main())
