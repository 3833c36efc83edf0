"""How often Leadline says "different" of two things that are the same: simulated, for every judge
it has.

Two sides without a true difference are measured over and over under five kinds of noise; every
verdict but "no difference" is false. A judge keeps its word when the rate is at or below its
nominal level. Prints one table; ``--write FILE`` puts it on the page of rates, ``--trials N`` sets
the size. The noise is pseudo-random with a fixed seed, so the same size gives the same table.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bootstrap import bca_difference

from leadline.core.compare.compare import compare
from leadline.core.evidence.evidence import evidence
from leadline.core.evidence.predicate import Subject, parse
from leadline.core.record.run import MetricDef, Run
from leadline.core.stats.sequential import SymmetricSequence
from leadline.core.timestamps import rfc3339

ALPHA = 0.05
CENTRE, SPREAD = 100.0, 2.0
METRIC = MetricDef("time_ms", "ms", "lower", observed="machine")
SEED = 20261124
Noise = Callable[[random.Random, int, int], float]  # (generator, position, how many) -> value


def normal(generator: random.Random, position: int, count: int) -> float:
    return CENTRE + SPREAD * generator.gauss(0, 1)


def heavy_tailed(generator: random.Random, position: int, count: int) -> float:
    """Student's t with three degrees of freedom: one run in a hundred is far out."""
    chi_square = sum(generator.gauss(0, 1) ** 2 for _ in range(3))
    return CENTRE + SPREAD * generator.gauss(0, 1) / math.sqrt(chi_square / 3)


def skewed(generator: random.Random, position: int, count: int) -> float:
    """Lognormal: a floor, and a long tail of slow runs."""
    return CENTRE + SPREAD * math.exp(generator.gauss(0, 0.75))


def drifting(generator: random.Random, position: int, count: int) -> float:
    """A machine that slows down steadily, by four standard deviations from the first run to the
    last."""
    return normal(generator, position, count) + 4.0 * SPREAD * position / max(count - 1, 1)


_WALKS: dict[int, float] = {}


def wandering(generator: random.Random, position: int, count: int) -> float:
    """A machine that wanders: each run starts from where the last one left it, half a standard
    deviation off."""
    step = 0.5 * SPREAD * generator.gauss(0, 1)
    _WALKS[id(generator)] = step if position == 0 else _WALKS[id(generator)] + step
    return normal(generator, position, count) + _WALKS[id(generator)]


NOISES: dict[str, Noise] = {
    "normal": normal,
    "heavy-tailed": heavy_tailed,
    "skewed": skewed,
    "drifting": drifting,
    "wandering": wandering,
}


class Rate(NamedTuple):
    """``false`` of ``trials`` trials ended in a verdict that is not true; ``nominal`` is the level
    promised."""

    judge: str
    noise: str
    false: int
    trials: int
    nominal: float

    @property
    def rate(self) -> float:
        return self.false / self.trials

    @property
    def kept(self) -> bool:
        """At or below the nominal level, as far as this many trials can tell (three standard
        errors)."""
        return self.rate <= self.nominal + 3 * math.sqrt(
            self.nominal * (1 - self.nominal) / self.trials
        )


def _run(side: str, repeat: int, position: int, value: float) -> Run:
    return Run(
        id=f"P-00{1 if side == 'a' else 2}-r{repeat}",
        uid=f"{position:026d}",
        experiment="P-001" if side == "a" else "P-002",
        repeat=repeat,
        state="done",
        argv=["bench", side],
        config={"variant": side},
        code={"tree": "sha256:0"},
        started_at=rfc3339(1_790_000_000_000 + 60_000 * position),
        hygiene={"contended": False, "throttled": False, "reasons": []},
        metrics={"time_ms": value},
    )


def _runs(order: str, noise: Noise, generator: random.Random) -> tuple[list[Run], list[Run]]:
    """Runs of both sides, executed in ``order`` ("aaabbb")."""
    sides: dict[str, list[Run]] = {"a": [], "b": []}
    for position, side in enumerate(order):
        value = noise(generator, position, len(order))
        sides[side].append(_run(side, len(sides[side]) + 1, position, value))
    return sides["a"], sides["b"]


def compare_is_wrong(order: str) -> Callable[[Noise, random.Random], bool]:
    """Whether ``compare`` calls two equal sides, run in ``order``, better or worse."""

    def trial(noise: Noise, generator: random.Random) -> bool:
        a, b = _runs(order, noise, generator)
        found = compare(
            a, b, axes=["variant", "command"], metric_defs={"time_ms": METRIC}, alpha=ALPHA
        )
        # else nothing would be tried here
        assert found.apples_to_apples and not found.refusals, found.refusals
        return found.metrics[0].verdict in ("better", "worse", "different")

    return trial


def interleaved_is_wrong(noise: Noise, generator: random.Random) -> bool:
    """Whether an interleaved measurement, looked at after every block, ever calls two equal sides
    different."""
    blocks = 30
    sequence = SymmetricSequence(ALPHA)
    for block in range(blocks):
        order = generator.choice(("abba", "baab"))
        sums = {"a": 0.0, "b": 0.0}
        for step, side in enumerate(order):
            sums[side] += noise(generator, 4 * block + step, 4 * blocks)
        sequence.add(math.log(sums["b"] / sums["a"]))
    return sequence.rejects(0.0)  # at any of the looks


def promotion_is_wrong(noise: Noise, generator: random.Random) -> bool:
    """Whether a claim that is false (no side is faster) is ever promoted while repeats are added,
    one a side, taken in turns, and the label is read after each, up to ten."""
    predicate = parse("time_ms(P-002) < time_ms(P-001)")
    a, b = _runs("ab" * 10, noise, generator)
    for n in range(3, 11):
        sides: dict[str, list[Run]] = {"P-001": a[:n], "P-002": b[:n]}

        def resolve(subject: Subject, sides: dict[str, list[Run]] = sides) -> list[Run]:
            return sides[subject.name]

        if evidence(predicate, resolve, metric_defs={"time_ms": METRIC}).label in (
            "replicated",
            "stable",
        ):
            return True
    return False


def bootstrap_is_wrong(noise: Noise, generator: random.Random) -> bool:
    """Whether the bootstrap interval of two equal sides of 20 runs in turns leaves out zero."""
    a, b = _runs("ab" * 20, noise, generator)
    found = bca_difference(
        [r.metrics["time_ms"] for r in a], [r.metrics["time_ms"] for r in b], resamples=999
    )
    return found.p_two is not None and found.p_two < ALPHA


JUDGES: dict[str, tuple[Callable[[Noise, random.Random], bool], float]] = {
    "`compare`, 5 + 5 runs in turns": (compare_is_wrong("ab" * 5), ALPHA),
    "`compare`, 5 runs, then 5 of the other": (compare_is_wrong("aaaaabbbbb"), ALPHA),
    "`compare`, 20 runs, then 20 of the other": (compare_is_wrong("a" * 20 + "b" * 20), ALPHA),
    "`compare`, 20 + 20 runs in turns": (compare_is_wrong("ab" * 20), ALPHA),
    "`ab`, looked at after each of 30 blocks": (interleaved_is_wrong, ALPHA),
    "label `replicated`, read after each of 3 to 10 repeats": (promotion_is_wrong, ALPHA),
}


# What no test can know: one side after the other, a machine that wanders moves the sides apart.
# `compare` says so.
KNOWN_ABOVE = {("`compare`, 20 runs, then 20 of the other", "wandering")}
TURNED_DOWN = {"turned down: bootstrap BCa, 20 + 20 runs in turns": (bootstrap_is_wrong, ALPHA)}


def rates(trials: int, seed: int = SEED, turned_down: bool = False) -> Iterator[Rate]:
    """Every judge under every noise; with ``turned_down`` those that are not used for their rate,
    too."""
    for judge, (is_wrong, nominal) in {**JUDGES, **(TURNED_DOWN if turned_down else {})}.items():
        for name, noise in NOISES.items():
            generator = random.Random(f"{seed} {judge} {name}")
            yield Rate(
                judge, name, sum(is_wrong(noise, generator) for _ in range(trials)), trials, nominal
            )


def table(found: list[Rate]) -> str:
    """The rates as a Markdown table, a row a judge and a column a noise."""
    names = list(NOISES)
    lines = [f"| judge | nominal | {' | '.join(names)} |", f"|---|---|{'---|' * len(names)}"]
    for judge in dict.fromkeys(r.judge for r in found):
        row = {r.noise: r for r in found if r.judge == judge}
        cells = [f"{row[n].rate:.1%}{'' if row[n].kept else ' (above)'}" for n in names]
        lines.append(f"| {judge} | {next(iter(row.values())).nominal:.0%} | {' | '.join(cells)} |")
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
        "--write", type=Path, metavar="FILE", help="put the table between the page's markers"
    )
    args = parser.parse_args()
    found = list(rates(args.trials, turned_down=True))
    text = table(found)
    print(text)
    if args.write:
        made = (
            f"{args.trials} trials a cell, `python benchmarks/error_rates.py --trials {args.trials}`; "
            f'"above" is by more than three standard errors:\n\n{text}\n'
        )
        replace_between(args.write, "rates", made)
    judged = (
        rate
        for rate in found
        if rate.judge in JUDGES and (rate.judge, rate.noise) not in KNOWN_ABOVE
    )
    return 0 if all(rate.kept for rate in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
