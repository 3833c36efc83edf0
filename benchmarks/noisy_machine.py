"""How often a verdict is wrong on a real noisy machine: one side after the other against in turns.

Two builds of one function (`noisy_kernel.c`) are timed on one core while another process loads that
core in bursts of random length. In the first case both builds are the same, so every difference
that is found is false; in the second, build B does a tenth more work, so "B is faster" is false and
"B is slower" is right. The same runs are judged as people judge them (A...A B...B and Welch's t),
and as ``compare`` and ``ab`` judge runs in turns; of runs one after the other ``compare`` gives no
verdict.

The load is real and so is the noise: rates differ from machine to machine and from call to call.
``--write FILE`` puts the table on the page of rates. Needs ``cc`` and Linux.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from error_rates import ALPHA, METRIC, replace_between, runs_of

from leadline.core.compare.difference import difference
from leadline.core.design.interleave import block_value, schedule
from leadline.core.record.run import Run
from leadline.core.stats.inference import TestResult, summarise, welch
from leadline.core.stats.sequential import SymmetricSequence

RUNS = 10  # a side; an even number, for blocks hold two of each
BLOCKS = 25  # in turns, at the most
EXTRA_WORK = 1.1
STEPS = 2_000_000
SEED = 20261124
JUDGES = (
    f"A...A B...B, {RUNS} + {RUNS} runs, Welch's t",
    f"in turns, {RUNS} + {RUNS} runs, as `compare` judges them",
    f"in turns, as `ab` judges them after each of {BLOCKS} blocks",
)


@contextmanager
def load(core: int, seed: int) -> Iterator[None]:
    """Another process that burns ``core`` in bursts of 0.1 to 1 s, with pauses as long."""
    code = (
        "import random, sys, time\n"
        "lengths = random.Random(int(sys.argv[1]))\n"
        "while True:\n"
        "    until = time.monotonic() + lengths.uniform(0.1, 1.0)\n"
        "    while time.monotonic() < until: pass\n"
        "    time.sleep(lengths.uniform(0.1, 1.0))\n"
    )
    burner = subprocess.Popen([sys.executable, "-c", code, str(seed)])
    try:
        os.sched_setaffinity(burner.pid, {core})
        yield
    finally:
        burner.kill()
        burner.wait()


def build(folder: Path, name: str, steps: int) -> str:
    source = Path(__file__).with_name("noisy_kernel.c")
    path = folder / name
    subprocess.run(["cc", "-O2", f"-DWORK={steps}", "-o", str(path), str(source)], check=True)
    return str(path)


def measure_ms(program: str) -> float:
    return float(subprocess.run([program], check=True, capture_output=True, text=True).stdout)


def sign(test: TestResult) -> float | None:
    """The verdict of a test: the sign of B - A, or None when it found no difference."""
    decided = test.p_two is not None and test.p_two < ALPHA and test.difference
    return math.copysign(1.0, test.difference or 0.0) if decided else None


def timed(order: str, programs: dict[str, str], interleaving: bool) -> dict[str, list[Run]]:
    """Runs of both sides, measured one after the other in ``order``; with ``interleaving`` four
    make a block."""
    sides: dict[str, list[Run]] = {"a": [], "b": []}
    for position, side in enumerate(order):
        run = runs_of(side, [(position, measure_ms(programs[side]))], "")[0]
        if interleaving:
            run.design = {
                "interleaving": "P-I1",
                "side": side,
                "block": position // 4,
                "position": position % 4,
            }
        sides[side].append(run)
    return sides


def fixed(programs: dict[str, str], seed: int) -> list[float | None]:
    """The verdicts of the judges that take a fixed number of runs."""
    apart = timed("a" * RUNS + "b" * RUNS, programs, interleaving=False)
    plain = welch(*(summarise(run.metrics["time_ms"] for run in apart[side]) for side in "ab"))
    blocks = "".join(block for _, block in zip(range(RUNS // 2), schedule(seed), strict=False))
    turns = timed(blocks, programs, interleaving=True)
    ruled = difference(turns["a"], turns["b"], "time_ms", METRIC).test
    return [sign(plain), sign(ruled)]


def in_turns(programs: dict[str, str], seed: int) -> float | None:
    """The verdict of an interleaved measurement, stopped at the first block that decides."""
    sequence = SymmetricSequence(ALPHA)
    for _, block in zip(range(BLOCKS), schedule(seed), strict=False):
        values: dict[str, list[float]] = {"a": [], "b": []}
        for side in block:
            values[side].append(measure_ms(programs[side]))
        if (value := block_value(values, as_ratio=True)) is not None:
            sequence.add(value)
        if sequence.rejects(0.0):
            return math.copysign(1.0, sequence.estimate() or 0.0)
    return None


def case(
    a: str, b: str, truth: float, trials: int, generator: random.Random
) -> list[tuple[int, int]]:
    """(wrong, right) verdicts of each judge. ``truth``: the sign of B - A; 0 when every verdict is
    wrong."""
    counts = [[0, 0] for _ in JUDGES]
    for _ in range(trials):
        # Where in a burst a trial begins is chance: no judge gets the quiet half by being called
        # first.
        time.sleep(generator.uniform(0.0, 0.8))
        programs = {"a": a, "b": b}
        verdicts = [
            *fixed(programs, generator.getrandbits(32)),
            in_turns(programs, generator.getrandbits(32)),
        ]
        for count, verdict in zip(counts, verdicts, strict=True):
            if verdict is not None:
                count[verdict == truth] += 1
    return [(wrong, right) for wrong, right in counts]


def table(equal: list[tuple[int, int]], slower: list[tuple[int, int]], trials: int) -> str:
    extra = f"{EXTRA_WORK - 1.0:.0%}"
    lines = [
        f"| judge | same build: says they differ | B does {extra} more: says B is faster | says B is slower (right) |",
        "|---|---|---|---|",
    ]
    for judge, (false, _), (wrong, right) in zip(JUDGES, equal, slower, strict=True):
        lines.append(
            f"| {judge} | {false / trials:.0%} | {wrong / trials:.0%} | {right / trials:.0%} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--trials", type=int, default=100, metavar="N", help="trials a case (default 100)"
    )
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="put the table between the page's markers"
    )
    args = parser.parse_args()
    if not shutil.which("cc") or not hasattr(os, "sched_setaffinity"):
        print("this benchmark needs a C compiler and Linux", file=sys.stderr)
        return 1
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})  # and the runs, which inherit it
    generator = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder, load(core, SEED):
        a, twin = (build(Path(folder), name, STEPS) for name in ("a", "twin"))
        slower = build(Path(folder), "slower", round(EXTRA_WORK * STEPS))
        found = [
            case(a, b, truth, args.trials, generator) for b, truth in ((twin, 0.0), (slower, 1.0))
        ]
    text = table(found[0], found[1], args.trials)
    print(text)
    if args.write:
        command = f"python benchmarks/noisy_machine.py --trials {args.trials}"
        replace_between(
            args.write, "noisy", f"{args.trials} trials a case, `{command}`:\n\n{text}\n"
        )
    interleaved_wrong, most = (
        found[0][-1][0],
        ALPHA * args.trials + 3 * math.sqrt(ALPHA * (1 - ALPHA) * args.trials),
    )
    return 0 if interleaved_wrong <= most else 1


if __name__ == "__main__":
    sys.exit(main())
