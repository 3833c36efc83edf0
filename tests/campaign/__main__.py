"""`python -m tests.campaign [--only NAME ...] [--part P] [--jobs N] [--write docs/reliability.md]`, or
`--breaks [--only NAME ...]`: does each kind notice what it is there for?"""

from __future__ import annotations

import argparse
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

from tests.campaign.breaks import noticed
from tests.campaign.fault import COLUMNS, Tally
from tests.campaign.kinds import kinds

HEAD = """# Reliability

Made by `{command}`; run it again rather than edit this page.
`make test-all` makes a share of the same faults; `.venv/bin/python -m tests.campaign --breaks` breaks the
program in one line at a time and says which are noticed (`tests/campaign/breaks.py`).

- **lost**: records that a verb had acknowledged and that are gone.
- **false**: answers that are not true: "no fault" over a damage, an id given twice, a success that was none.
- **leaked**: secrets at rest or sent, escapes that reached a terminal, files of others touched.
- **tracebacks**: ends that no user should see.

| fault | tries | lost | false | leaked | tracebacks |
|---|---:|---:|---:|---:|---:|
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign")
    parser.add_argument("--only", action="append", metavar="NAME")
    parser.add_argument("--part", type=float, default=1.0, metavar="P", help="0.1: a tenth of each")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="kinds at the same time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--breaks", action="store_true", help="of the program: which are noticed")
    chosen = parser.parse_args()
    names = [name for name in kinds() if not chosen.only or name in chosen.only]
    if chosen.breaks:
        return 0 if noticed(names) else 1
    with ProcessPoolExecutor(chosen.jobs) as pool:
        rows = list(pool.map(_row, names, repeat(chosen.seed), repeat(chosen.part)))
    if chosen.write:
        said = "".join(
            f" --{option} {value:g}"
            for option, value, usual in (("part", chosen.part, 1.0), ("jobs", chosen.jobs, 1))
            if value != usual
        )
        command = f".venv/bin/python -m tests.campaign{said} --write docs/reliability.md"
        chosen.write.write_text(HEAD.format(command=command) + "\n".join(rows) + "\n")
    clean = (row.endswith("| 0 | 0 | 0 | 0 |") or "not made here" in row for row in rows)
    return 0 if all(clean) else 1


def _row(name: str, seed: int, part: float) -> str:
    faults = kinds()[name]
    if lacks := faults.lacks():
        return f"| {faults.title} (`{name}`) | not made here: {lacks} |  |  |  |  |"
    tally, started_s = Tally(), time.monotonic()
    faults.make(max(1, round(part * faults.tries)), random.Random(seed), tally)
    for finding in tally.findings():
        print(f"{name}: {finding}", file=sys.stderr, flush=True)
    counts = " | ".join(f"{len(getattr(tally, column))}" for column in COLUMNS)
    row = f"| {faults.title} (`{name}`) | {tally.tries:,} | {counts} |"
    print(f"{row}  ({time.monotonic() - started_s:.0f} s)", flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
