"""What a benchmark says: its rows as a table, the machine they were measured on, the page in the
documentation."""

from __future__ import annotations

import os
import subprocess
from typing import NamedTuple


class Row(NamedTuple):
    what: str
    budget: str
    least: str
    median: str
    ratio: str
    within: bool | None


def machine() -> str:
    import platform

    model = ""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            model = next(
                (line.partition(":")[2].strip() for line in file if line.startswith("model name")),
                "",
            )
    except OSError:
        pass
    git = subprocess.run(["git", "--version"], capture_output=True, text=True).stdout.strip()
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return (
        f"{os.cpu_count()} × {model or platform.machine()}, {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}, {git}{load}"
    )


def table(rows: list[Row]) -> str:
    verdict = {True: "ok", False: "**over**", None: ""}
    lines = [
        "| what | budget | measured (min) | median | ratio to `python -c pass` | verdict |",
        "|---|---|---:|---:|---:|---|",
    ]
    lines += [
        f"| {r.what} | {r.budget} | {r.least} | {r.median} | {r.ratio} | {verdict[r.within]} |"
        for r in rows
    ]
    return "\n".join(lines)


def page(rows: list[Row], about: str, command: str) -> str:
    over = [r.what for r in rows if r.within is False]
    summary = f"Over budget: {'; '.join(over)}." if over else "All within budget."
    return (
        f"# Performance\n\nMade by `{command}`; run it again rather than edit this page.\n\n{about}.\n\n"
        "The minimum is the verdict's figure: what the program costs when nothing else runs. All programs of a "
        "group run in turn, forwards and backwards, so that the ratios hold on a busy machine too. What writes at "
        "length is measured once each, in CPU seconds and peak memory with all that it starts.\n\n"
        "Measure on a machine that does nothing else: `make bench` (twenty minutes), or one group of it, smaller: "
        "`python benchmarks/bench.py --only long_writes --scale 0.1`. Growth shows between two scales of one group: "
        "what is linear takes ten times as long at `--scale 1`, and a note takes the same.\n\n"
        f"{table(rows)}\n\n{summary}\n"
    )
