"""`python -m tests.campaign [--only NAME ...] [--share] [--seed N] [--write docs/reliability.md]`."""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from tests.campaign.fault import COLUMNS, Faults, Tally
from tests.campaign.kinds import kinds

HEAD = """# Reliability

Made by `.venv/bin/python -m tests.campaign --write docs/reliability.md`; run it again rather than edit this page.
`make test-all` makes a share of the same faults.

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
    parser.add_argument("--share", action="store_true", help="only the share of `make test-all`")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    rows, found = [], 0
    for name, faults in kinds().items():
        if chosen.only and name not in chosen.only:
            continue
        started = time.monotonic()
        rows.append(row := _row(name, faults, chosen.seed, chosen.share))
        print(f"{row}  ({time.monotonic() - started:.0f} s)", flush=True)
    if chosen.write:
        chosen.write.write_text(HEAD + "\n".join(rows) + "\n")
    found = sum(
        not row.endswith("| 0 | 0 | 0 | 0 |") and "not made here" not in row for row in rows
    )
    return 1 if found else 0


def _row(name: str, faults: Faults, seed: int, share: bool) -> str:
    if lacks := faults.lacks():
        return f"| {faults.title} (`{name}`) | not made here: {lacks} |  |  |  |  |"
    tally = Tally()
    faults.make(faults.share if share else faults.tries, random.Random(seed), tally)
    for finding in tally.findings():
        print(finding, file=sys.stderr)
    counts = " | ".join(f"{len(getattr(tally, column))}" for column in COLUMNS)
    return f"| {faults.title} (`{name}`) | {tally.tries:,} | {counts} |"


if __name__ == "__main__":
    sys.exit(main())
