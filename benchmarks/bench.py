"""Measure Leadline against its budgets: `python benchmarks/bench.py [--write docs/performance.md]
[--quick]`.

Every figure comes from the real program in a real repository, in rounds that alternate it with
`python -c pass` and `git status` (see `timing.py`). The verdict is taken from the minimum, because
a busy machine can only make a program look slower than it is; the median stands beside it.
"""

from __future__ import annotations

import argparse
import json
import marshal
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from page import Row, machine, page, table  # noqa: E402
from timing import Program, Timing, environment, interleaved, once  # noqa: E402

LAUNCHER = """#!{python}
import sys
from leadline.cli.start import entry
if __name__ == '__main__':
    sys.exit(entry())
"""
LOGGING = """
import sys, time
import leadline as ll
calls, width = int(sys.argv[1]), int(sys.argv[2])
names = [f"m{i}" for i in range(width)]
log, best = ll.log, 0.0
for part in range(5):
    begin = time.perf_counter()
    for step in range(calls // 5):
        log(dict.fromkeys(names, step * 0.5), step=step) if width > 1 else log(step=step, loss=step * 0.5)
    best = max(best, calls // 5 * width / (time.perf_counter() - begin))
    if part == 0: first = begin
print(first, time.perf_counter()) if sys.argv[3:] else print(best)
"""
FLOOR = """
import os, sys, tempfile, time
calls, best = int(sys.argv[1]), 0.0
with tempfile.TemporaryFile() as file:
    fd, frame, write = file.fileno(), bytes(32), os.write
    for part in range(5):
        begin = time.perf_counter()
        for step in range(calls // 5): write(fd, frame)
        best = max(best, calls // 5 / (time.perf_counter() - begin))
print(best)
"""
READING = """
import sys, time
from leadline.adapters.series import segments
from leadline.adapters.series.files import SeriesFiles
from leadline.core.series import store
begin = time.perf_counter()
store = SeriesFiles().read(sys.argv[1])
print(time.perf_counter() - begin)
"""
OUTPUT = """
import sys, time
from leadline.adapters.extractors.streams import StdoutReader
from leadline.core.extract.spec import ExtractionSpec
from leadline.ports.extractor import RunFiles
spec, files = ExtractionSpec("stdout"), RunFiles(".", stdout=sys.argv[1])
begin = time.perf_counter()
StdoutReader().read(spec, files, {})
print(time.perf_counter() - begin)
"""
BESIDE = """
import subprocess, sys, time
program, source, note, EVERY_S = sys.argv[1], sys.argv[2], [sys.argv[1], "note", "beside it"], float(sys.argv[3])
def noted():
    begin = time.perf_counter()
    subprocess.run(note, check=True, capture_output=True)
    return time.perf_counter() - begin
alone = min(noted() for _ in range(3))
begin = time.perf_counter()
work = subprocess.Popen([program, "import", source, "--metric", "loss", "--config", "*"], stdout=subprocess.DEVNULL)
longest = took = 0.0
while not took:
    try:
        work.wait(EVERY_S)
        took = time.perf_counter() - begin
    except subprocess.TimeoutExpired:
        longest = max(longest, noted() - alone)
print(took, longest, work.returncode)
"""


TOOLS = """
import json, subprocess, sys, time
begin = time.perf_counter()
server = subprocess.Popen([sys.argv[1], "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
def asked(number, method, **params):
    said = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    server.stdin.write(json.dumps(said) + "\\n")
    server.stdin.flush()
    return json.loads(server.stdout.readline())["result"]
asked(1, "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "b", "version": "1"})
tools = asked(2, "tools/list")["tools"]
print((time.perf_counter() - begin) * 1e3, len(json.dumps(tools, ensure_ascii=False)))
server.stdin.close()
server.wait()
"""


class Sizes(NamedTuple):
    rounds: int
    records: int = 1_000
    many_records: int = 10_000
    runs: int = 10_000
    files: int = 5_000
    parallel: int = 20
    log_calls: int = 200_000
    cells: int = 200
    rows: int = 100_000
    long_records: int = 100_000
    output_lines: int = 2_000_000

    def scaled(self, factor: float) -> Sizes:
        return Sizes(
            self.rounds,
            *(max(10, int(n * factor)) for n in self[1:5]),
            max(2, int(self.parallel * factor)),
            max(100, int(self.log_calls * factor)),
            max(4, int(self.cells * factor)),
            *(max(100, int(n * factor)) for n in self[8:]),
        )


class Bench:
    """One temporary folder with its repositories, the program and the environment it runs in."""

    def __init__(self, folder: str, sizes: Sizes) -> None:
        self.folder, self.sizes = folder, sizes
        self.env = environment(folder)
        self.leadline = os.path.join(folder, "leadline")
        with open(self.leadline, "w", encoding="utf-8") as file:
            file.write(LAUNCHER.format(python=sys.executable))
        os.chmod(self.leadline, 0o755)

    def call(self, argv: list[str], cwd: str | None = None, **more: str) -> str:
        done = subprocess.run(
            argv,
            cwd=cwd or self.folder,
            env={**self.env, **more},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv)}: {done.stdout}{done.stderr}")
        return done.stdout

    def repository(self, name: str, files: int = 3) -> str:
        path = os.path.join(self.folder, name)
        for at in range(files):
            folder = os.path.join(path, f"part{at // 100:02d}")
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, f"module{at:04d}.py"), "w", encoding="utf-8") as file:
                file.write("".join(f"VALUE_{at}_{line} = {line}\n" for line in range(40)))
        for argv in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "start"]):
            self.call(["git", *argv], path)
        return path

    def thread(self, name: str, runs: int = 0, notes: int = 0) -> str:
        """A repository with the thread ``bench``: a few records of every common kind, then copies."""
        repository = self.repository(name)
        for argv in (
            ["start", "bench", "--goal", "a lower loss", "--no-branch"],
            ["metric", "loss", "--direction", "lower"],
            ["run", "--set", "level=0", "--quiet", "--", "echo", '{"loss": 1.0}'],
            ["baseline", "set", "BEN-001"],
            ["run", "--set", "level=1", "--quiet", "--", "echo", '{"loss": 0.9}'],
            ["claim", "level 1 is lower", "--that", "loss(BEN-002) < loss(baseline)"],
            ["note", "BEN-002", "looks right"],
        ):
            self.call([self.leadline, *argv], repository)
        if runs or notes:
            self.call(
                [
                    sys.executable,
                    os.path.join(HERE, "populate.py"),
                    repository,
                    "bench",
                    str(runs),
                    str(notes),
                ]
            )
        return repository

    def program(self, repository: str, *argv: str) -> Program:
        return Program([self.leadline, *argv], repository)

    def measure(self, repository: str, programs: dict[str, Program]) -> dict[str, Timing]:
        return interleaved(
            {
                "python": Program([sys.executable, "-c", "pass"], repository),
                **programs,
                "git": Program(["git", "status"], repository),
            },
            self.sizes.rounds,
            self.env,
        )


def start_up(bench: Bench) -> list[Row]:
    repository = bench.thread("small")
    verbs = {
        "status": ["status"],
        "brief": ["brief"],
        "claims": ["claims"],
        "show": ["show", "BEN-001"],
        "next": ["next"],
        "verify": ["verify"],
    }
    found = bench.measure(
        repository,
        {
            "version": bench.program(repository, "--version"),
            **{v: bench.program(repository, *argv) for v, argv in verbs.items()},
        },
    )
    base = found["python"]
    rows = [
        Row(
            "`python -c pass`, the reference",
            "",
            _ms(base.min_ms),
            _ms(base.median_ms),
            "1.0×",
            None,
        ),
        _plain_row("`git status`, for comparison", found["git"], base),
        _times_row("`leadline --version`", found["version"], base, 1.1),
    ]
    rows += [_times_row(f"`leadline {v}`, small thread", found[v], base, 3.5) for v in verbs]
    return [*rows, *_tools_rows(bench, repository, base)]


def _tools_rows(bench: Bench, repository: str, base: Timing) -> list[Row]:
    """What an agent waits for, and reads, before its first word."""
    argv = [sys.executable, "-c", TOOLS, bench.leadline]
    told = [bench.call(argv, repository).split() for _ in range(min(5, bench.sizes.rounds))]
    each = sorted(float(ms) for ms, _ in told)
    length = int(told[0][1])
    return [
        Row(
            "`leadline mcp`, from its start to its list of tools",
            "< 450 ms",
            _ms(each[0]),
            _ms(each[len(each) // 2]),
            f"{each[0] / base.min_ms:.1f}×",
            each[0] < 450,
        ),
        Row("its schemas", "< 9,000 characters", f"{length:,}", "", "", length < 9_000),
    ]


def larger_threads(bench: Bench) -> list[Row]:
    sizes, rows = bench.sizes, []
    few = bench.thread("few", *_mixed(sizes.records))
    many = bench.thread("many", *_mixed(sizes.many_records))
    found = bench.measure(
        few,
        {
            "few": bench.program(few, "note", "a record more"),
            "many": bench.program(many, "note", "a record more"),
            "brief": bench.program(few, "brief"),
            "verify": bench.program(few, "verify"),
            "list": bench.program(few, "status", "--runs", "--limit", str(sizes.records)),
        },
    )
    base = found["python"]
    for name, count in (("few", sizes.records), ("many", sizes.many_records)):
        rows.append(
            _limit_row(f"one written record (`note`) at {count:,} records", found[name], base, 40)
        )
    for name, what in (
        ("brief", "`brief`"),
        ("list", "full listing of runs"),
        ("verify", "`verify`"),
    ):
        rows.append(_limit_row(f"{what} at {sizes.records:,} records", found[name], base, 60))
    return rows


def many_runs(bench: Bench) -> list[Row]:
    repository = bench.thread("runs", bench.sizes.runs, 0)
    listing = ["status", "--runs"]
    found = bench.measure(
        repository,
        {
            "list": bench.program(repository, *listing),
            "filter": bench.program(repository, *listing, "--where", "config.level=6"),
            "sort": bench.program(
                repository, *listing, "--where", "state=done", "--sort=-metrics.loss"
            ),
        },
    )
    base = found["python"]
    words = {"list": "listing", "filter": "filtering by config", "sort": "filtering and sorting"}
    rows = [
        _limit_row(f"{what} of {bench.sizes.runs:,} runs", found[name], base, 50)
        for name, what in words.items()
    ]
    peak = max(found[name].peak_mb for name in words)
    return [
        *rows,
        Row(
            f"peak memory of these at {bench.sizes.runs:,} runs",
            "≤ 60 MB",
            f"{peak:.0f} MB",
            "",
            f"{peak / base.peak_mb:.1f}×",
            peak <= 60,
        ),
    ]


def long_threads(bench: Bench) -> list[Row]:
    """A long study, its records of every common kind: reading verbs, and one record written."""
    rows = []
    for records, limit_ms in ((bench.sizes.records, 60), (bench.sizes.long_records, 90)):
        repository = bench.thread(f"long{records}")
        builder = os.path.join(HERE, "long_thread.py")
        bench.call([sys.executable, builder, repository, "bench", str(records)])
        listing = ["status", "--runs"]
        found = bench.measure(
            repository,
            {
                "`brief`": bench.program(repository, "brief"),
                "`status`": bench.program(repository, "status"),
                "`next`": bench.program(repository, "next"),
                "listing of runs": bench.program(repository, *listing),
                "filtering of runs": bench.program(
                    repository, *listing, "--where", "config.level=6"
                ),
                "filtering and sorting of runs": bench.program(
                    repository, *listing, "--where", "state=done", "--sort=-metrics.loss"
                ),
                "`verify`": bench.program(repository, "verify"),
            },
        )
        base = found.pop("python")
        del found["git"]
        rows += [
            _limit_row(f"{what}, a study of {records:,} records", timing, base, limit_ms)
            for what, timing in found.items()
        ]
        peak = max(timing.peak_mb for timing in found.values())
        rows.append(
            Row(
                f"peak memory of these at {records:,} records",
                "≤ 60 MB",
                f"{peak:.0f} MB",
                "",
                f"{peak / base.peak_mb:.1f}×",
                peak <= 60,
            )
        )
        # Last: it changes the thread, and the next reader folds what it is about.
        written = bench.measure(
            repository,
            {
                "note": bench.program(repository, "note", "a record more"),
                "brief": Program(
                    [bench.leadline, "brief"],
                    repository,
                    before=partial(bench.call, [bench.leadline, "note", "one more"], repository),
                ),
            },
        )
        rows.append(
            _limit_row(f"one written record at {records:,} records", written["note"], base, 40)
        )
        rows.append(
            _limit_row(f"`brief` after a note at {records:,}", written["brief"], base, limit_ms)
        )
    return rows


def tracked_runs(bench: Bench) -> list[Row]:
    repository = bench.repository("large", bench.sizes.files)
    bench.call([bench.leadline, "start", "bench", "--goal", "g", "--no-branch"], repository)
    edited = os.path.join(repository, "part00", "module0007.py")

    def edit() -> None:
        with open(edited, "a", encoding="utf-8") as file:
            file.write(f"EDITED = {time.time_ns()}\n")

    tracked = [bench.leadline, "run", "--quiet", "--", "true"]
    bare = Program(["true"], repository)
    found = bench.measure(repository, {"true": bare, "unchanged": Program(tracked, repository)})
    rows = [
        _plain_row(f"`git status`, {bench.sizes.files:,} files", found["git"], found["python"]),
        _beyond_row("tree unchanged", bench.sizes.files, found["unchanged"], found, 50),
    ]
    found = bench.measure(
        repository, {"true": bare, "edited": Program(tracked, repository, before=edit)}
    )
    return [
        *rows,
        _beyond_row("after an edit", bench.sizes.files, found["edited"], found, 75),
        _parallel_row(bench, repository, found["edited"]),
    ]


def _parallel_row(bench: Bench, repository: str, alone: Timing) -> Row:
    count = bench.sizes.parallel
    before = _runs_done(bench, repository)
    start = time.perf_counter()
    started = [
        subprocess.Popen(
            [bench.leadline, "run", "--quiet", "--", "true"],
            cwd=repository,
            env=bench.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(count)
    ]
    failed = sum(process.wait() != 0 for process in started)
    each_ms = (time.perf_counter() - start) * 1e3 / count
    recorded = _runs_done(bench, repository) - before
    return Row(
        f"{count} `run`s started at once",
        "none failed or lost",
        f"{failed} failed, {recorded} recorded",
        f"{each_ms:.0f} ms each",
        f"{each_ms / alone.median_ms:.1f}× one alone",
        not failed and recorded == count,
    )


def _runs_done(bench: Bench, repository: str) -> int:
    import json

    envelope = json.loads(
        bench.call([bench.leadline, "status", "--where", "state=done", "--json"], repository)
    )
    return int(envelope["counts"]["runs"])


def sweep_cost(bench: Bench) -> list[Row]:
    """A sweep of trivial commands, two at a time, against as many of them started by xargs."""
    repository = bench.repository("swept")
    bench.call([bench.leadline, "start", "bench", "--goal", "g", "--no-branch"], repository)
    count = bench.sizes.cells
    each: dict[str, list[float]] = {"sweep": [], "xargs": []}
    recorded = 0
    for at in range(3):
        cells = ",".join(str(at * count + cell) for cell in range(count))
        for name, argv in (
            (
                "sweep",
                [
                    bench.leadline,
                    "sweep",
                    "--axis",
                    f"cell={cells}",
                    "--jobs",
                    "2",
                    "--",
                    "true",
                    "{cell}",
                ],
            ),
            ("xargs", ["sh", "-c", f"seq {count} | xargs -n 1 -P 2 true"]),
        ):
            start = time.perf_counter()
            bench.call(argv, repository)
            each[name].append((time.perf_counter() - start) * 1e3 / count)
        recorded = _runs_done(bench, repository)
    best, floor = min(each["sweep"]), min(each["xargs"])
    ok = recorded == 3 * count and best <= 8
    return [
        Row(
            f"sweep of {count} trivial runs, 2 at a time, each",
            "≤ 8 ms",
            f"{best:.1f} ms",
            f"{sorted(each['sweep'])[1]:.1f} ms",
            f"{best / floor:.0f}× xargs -P 2",
            ok,
        )
    ]


def logging_rate(bench: Bench) -> list[Row]:
    rows = []
    floor = float(bench.call([sys.executable, "-c", FLOOR, str(bench.sizes.log_calls // 5 * 5)]))
    for width, what, budget, least in (
        (1, "one metric a call", "≥ 0.7× the bare write", 0.7 * floor),
        (50, "50 metrics a call", "≥ 8,000,000 points/s", 8_000_000),
    ):
        attempt = os.path.join(bench.folder, f"logged{width}")
        calls = max(5, bench.sizes.log_calls // width // 5 * 5)
        rate = float(
            bench.call([sys.executable, "-c", LOGGING, str(calls), str(width)], **_store(attempt))
        )
        points, problems, size_bytes = _read_back(attempt)
        rows.append(
            Row(
                f"`ll.log`, {what}, {size_bytes / points:.1f} bytes a point",
                budget,
                f"{rate:,.0f} points/s",
                "",
                f"{points:,} of {calls * width:,} points read back, {rate / floor:.2f}× the bare write",
                rate >= least and points == calls * width and not problems,
            )
        )
    rows.append(
        Row("32-byte `os.write` in a loop, the floor", "", f"{floor:,.0f} writes/s", "", "", None)
    )
    return [*rows, _reading_row(bench), _processes_row(bench)]


def _store(attempt: str) -> dict[str, str]:
    """What the job program tells a job on its own machine."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
    except OSError:
        boot = ""
    return {"LEADLINE_SERIES": os.path.join(attempt, "series"), "LEADLINE_SYNCED_ON": boot}


def _read_back(attempt: str) -> tuple[int, int, int]:
    """Points, problems, bytes."""
    from leadline.adapters.series.files import SeriesFiles

    store = SeriesFiles().read(attempt)
    return store.points, len(store.problems), SeriesFiles().size_bytes(attempt)


def _reading_row(bench: Bench) -> Row:
    """One series of five times the calls (a million at full size) read with every checksum tested."""
    attempt = os.path.join(bench.folder, "long")
    calls = bench.sizes.log_calls * 5
    bench.call([sys.executable, "-c", LOGGING, str(calls), "1"], **_store(attempt))
    each = sorted(float(bench.call([sys.executable, "-c", READING, attempt])) for _ in range(5))
    points, problems, _ = _read_back(attempt)
    limit_s = 0.08 * calls / 1e6
    return Row(
        f"{points:,} points of one series read back, checked",
        f"≤ {limit_s:.3g} s",
        f"{each[0]:.3g} s",
        f"{each[2]:.3g} s",
        f"{points:,} of {calls:,} points",
        each[0] <= limit_s and points == calls and not problems,
    )


def _processes_row(bench: Bench) -> Row:
    """Eight processes that find a store which does not exist yet; the rate is that of all calls
    together."""
    attempt = os.path.join(bench.folder, "eight")
    calls = bench.sizes.log_calls // 5 * 5
    started = [
        subprocess.Popen(
            [sys.executable, "-c", LOGGING, str(calls), "1", "span"],
            env={**bench.env, **_store(attempt)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    spans = [process.communicate()[0].split() for process in started]
    failed = sum(process.returncode != 0 for process in started)
    begun = [float(span[0]) for span in spans if len(span) == 2]
    ended = [float(span[1]) for span in spans if len(span) == 2]
    points, problems, _ = _read_back(attempt)
    rate = points / (max(ended) - min(begun)) if begun else 0.0
    return Row(
        "8 processes open a new store at once and log, in all",
        "≥ 1,000,000 points/s, none failed or lost",
        f"{rate:,.0f} points/s",
        "",
        f"{failed} failed, {8 * calls - points} lost",
        not failed and not problems and points == 8 * calls and rate >= 1_000_000,
    )


def import_of_rows(bench: Bench) -> list[Row]:
    """A large import, alone and beside who writes notes, and what such a note waits."""
    count, rows = bench.sizes.rows, list[Row]()
    source = os.path.join(bench.folder, "rows.csv")
    with open(source, "w", encoding="utf-8") as file:
        file.write("level,width,seed,loss\n")
        file.writelines(
            f"{i % 100},{i // 100 % 50},{i // 5000},{i / 7:.4f}\n" for i in range(count)
        )
    limit_s = 10 * count / 100_000
    for every_s, beside in ((3600.0, "alone"), (0.5, "with a note every half second beside it")):
        repository = bench.thread(f"imported {beside}")
        argv = [sys.executable, "-c", BESIDE, bench.leadline, source, str(every_s)]
        took_s, waited_s, code = map(float, bench.call(argv, repository).split())
        whole = f'"runs": {count + 2}' in bench.call(
            [bench.leadline, "status", "--json"], repository
        )
        rows.append(
            Row(
                f"import of {count:,} rows, {beside}",
                f"≤ {limit_s:g} s",
                f"{took_s:.1f} s",
                "",
                f"{took_s / count * 1e6:.0f} µs a row",
                took_s <= limit_s and not code and whole,
            )
        )
    longest = "the longest of all"
    rows.append(
        Row("a note beside it waits", "≤ 200 ms", _ms(waited_s * 1e3), "", longest, waited_s <= 0.2)
    )
    return rows


def long_writes(bench: Bench) -> list[Row]:
    """What writes at length: each verb once, its CPU and its memory with all that it started. All records
    are written past the store: they are read and folded first, which the verbs would do else. ``update``
    judges all claims; the next of each verb comes after one run and one note."""
    repository, count = bench.thread("long"), bench.sizes.long_records
    filled = [sys.executable, os.path.join(HERE, "long_thread.py"), repository, "bench", str(count)]
    bench.call(filled)
    bench.call(["git", "init", "-q", "--bare", "theirs"])
    bench.call(["git", "remote", "add", "origin", os.path.join(bench.folder, "theirs")], repository)

    def row(what: str, limit_s: float | None, argv: list[str]) -> Row:
        program = bench.program(repository, *argv)._replace(ok=(0, 6))
        found = once(program, bench.env)
        within = [f"≤ {limit_s:g} s"] if limit_s is not None else []
        return Row(
            f"{what} at {count:,} records, CPU and memory",
            ", ".join([*within, "≤ 200 MB"]),
            f"{found.cpu_ms / 1e3:.2f} s, {found.peak_mb:.0f} MB",
            "",
            "",
            (limit_s is None or found.cpu_ms <= limit_s * 1e3) and found.peak_mb <= 200,
        )

    rows = [
        row("what was written past the store, read by the next `note`", None, ["note", "a record"]),
        row("… and folded by the next listing of runs", None, ["status", "--runs"]),
        row("`claim`", 1, ["claim", "lower", "--that", "loss(BEN-002) < loss(baseline)"]),
        row("`update`", 10, ["update"]),
        row("`seal`", 10, ["seal", "first"]),
        row("`sync`", 10, ["sync"]),
    ]
    run = ["run", "--set", "level=2", "--quiet", "--", "echo", '{"loss": 0.8}']
    for verb, limit_s, argv in (
        ("update", 10, ["update"]),
        ("seal", 10, ["seal", "second"]),
        ("sync", 10, ["sync"]),
    ):
        for made in (run, ["note", f"before the next {verb}"]):
            bench.call([bench.leadline, *made], repository)
        rows.append(row(f"`{verb}` after one run and one note more", limit_s, argv))
    return rows


def job_output(bench: Bench) -> list[Row]:
    """What a job printed, looked through for metrics: lines that look like JSON, few of which are."""
    path, count = os.path.join(bench.folder, "stdout.log"), bench.sizes.output_lines
    piece = '{"event": tick, "worker": "a"}\n' * 999 + '{"loss": 0.5}\n'
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(count // 1000):
            file.write(piece)
    count = count // 1000 * 1000
    took_s = min(float(bench.call([sys.executable, "-c", OUTPUT, path])) for _ in range(3))
    rate = count / took_s if count else 0.0
    return [
        Row(
            f"{count:,} JSON-like lines of a job's output read",
            "≥ 1,000,000 lines/s",
            f"{rate:,.0f} lines/s",
            "",
            "",
            rate >= 1_000_000,
        )
    ]


def install_size(bench: Bench) -> list[Row]:
    """Of the files that a wheel has, each module compiled besides, as pip leaves it; whatever else lies
    in the tree of who measures."""
    from importlib import metadata

    import leadline

    top = os.path.dirname(os.path.abspath(leadline.__file__))
    own = [os.path.join(where, name) for where, _, names in os.walk(top) for name in names]
    theirs, others = [], ("PyYAML", "Jinja2", "argcomplete", "MarkupSafe")
    for name in others:
        try:
            theirs += [str(f.locate()) for f in metadata.distribution(name).files or []]
        except metadata.PackageNotFoundError:
            return [Row("core install", "≤ 12 MB", f"{name} is not installed", "", "", None)]
    (source, compiled), (beside, beside_compiled) = _installed_bytes(own), _installed_bytes(theirs)
    total = source + compiled + beside + beside_compiled
    mb = [f"{n / 1e6:.1f}" for n in (source, compiled, beside + beside_compiled)]
    return [
        Row(
            "core install, dependencies and compiled modules included",
            "≤ 12 MB",
            f"{total / 1e6:.1f} MB",
            "",
            f"{mb[0]} source, {mb[1]} compiled, {mb[2]} in {len(others)} packages beside it",
            total <= 12e6,
        )
    ]


def _installed_bytes(paths: list[str]) -> tuple[int, int]:
    """(bytes of the files that are no compiled modules, bytes of what these come to compiled)."""
    whole = compiled = 0
    for path in paths:
        if path.endswith(".pyc") or not os.path.isfile(path):
            continue
        whole += os.path.getsize(path)
        if path.endswith(".py"):
            with open(path, "rb") as file:
                compiled += 16 + len(marshal.dumps(compile(file.read(), path, "exec")))
    return whole, compiled


def _mixed(records: int) -> tuple[int, int]:
    """Runs (two records each) and notes that make up a thread of ``records``."""
    return records * 2 // 5, records // 5


def _ms(value: float) -> str:
    return f"{value:.1f} ms"


def _plain_row(what: str, timing: Timing, base: Timing) -> Row:
    return Row(
        what,
        "",
        _ms(timing.min_ms),
        _ms(timing.median_ms),
        f"{timing.min_ms / base.min_ms:.1f}×",
        None,
    )


def _times_row(what: str, timing: Timing, base: Timing, limit: float) -> Row:
    ratio = timing.min_ms / base.min_ms
    return Row(
        what,
        f"≤ {limit:g}× python",
        _ms(timing.min_ms),
        _ms(timing.median_ms),
        f"{ratio:.1f}×",
        ratio <= limit,
    )


def _limit_row(what: str, timing: Timing, base: Timing, limit_ms: float) -> Row:
    return Row(
        what,
        f"≤ {limit_ms:g} ms",
        _ms(timing.min_ms),
        _ms(timing.median_ms),
        f"{timing.min_ms / base.min_ms:.1f}×",
        timing.min_ms <= limit_ms,
    )


def _beyond_row(
    when: str, files: int, timing: Timing, found: dict[str, Timing], limit_ms: float
) -> Row:
    bare, least = found["true"], timing.min_ms - found["true"].min_ms
    return Row(
        f"`leadline run -- true` beyond `true`, {files:,} files, {when}",
        f"≤ {limit_ms:g} ms",
        _ms(least),
        _ms(timing.median_ms - bare.median_ms),
        f"{least / found['python'].min_ms:.1f}×",
        least <= limit_ms,
    )


def record_of_a_study(bench: Bench) -> list[Row]:
    """What the record of the kernel study costs who keeps it and who reads it: counts, no times."""
    if bench.sizes.records < 1000:
        return []  # it has one size
    if shutil.which("gcc") is None or os.uname().machine != "x86_64":
        return [
            Row(
                "the kernel study of four sittings",
                "",
                "not tried: needs gcc on x86-64",
                "",
                "",
                True,
            )
        ]
    script = os.path.join(os.path.dirname(HERE), "examples", "layernorm", "study.py")
    told = os.path.join(bench.folder, "study.json")
    bench.call([sys.executable, script, "--quick", "--json", told])
    with open(told) as file:
        said = json.load(file)
    costs = said["costs"]
    beside = f"{costs['experiments']} experiments, {costs['commands']} commands"
    return [
        Row(
            f"kernel study: {name.replace('_', ' ')}",
            f"≤ {most:,g}",
            f"{costs[name]:,g}",
            "",
            beside,
            costs[name] <= most,
        )
        for name, most in said["wanted"].items()
    ]


GROUPS = (
    start_up,
    larger_threads,
    many_runs,
    long_threads,
    record_of_a_study,
    tracked_runs,
    sweep_cost,
    logging_rate,
    job_output,
    import_of_rows,
    long_writes,
    install_size,
)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", metavar="FILE", help="write the page there")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the sizes, few rounds: a look, no verdict"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of each group (default 15)")
    parser.add_argument(
        "--scale", type=float, default=None, metavar="X", help="sizes times X (default 1)"
    )
    parser.add_argument(
        "--only", choices=[g.__name__ for g in GROUPS], action="append", help="these groups alone"
    )
    args = parser.parse_args(argv)
    sizes = Sizes(args.rounds or (5 if args.quick else 15)).scaled(
        args.scale or (0.1 if args.quick else 1)
    )
    about, rows = machine(), []
    target = os.path.abspath(args.write) if args.write else None
    folder = tempfile.mkdtemp(prefix="leadline-bench-")
    try:
        bench = Bench(folder, sizes)
        for group in GROUPS:
            if not args.only or group.__name__ in args.only:
                print(f"{group.__name__} …", file=sys.stderr, flush=True)
                rows += group(bench)
    finally:
        os.chdir(HERE)
        shutil.rmtree(folder, ignore_errors=True)
    command = " ".join(["python benchmarks/bench.py", *argv])
    if target:
        with open(target, "w", encoding="utf-8") as file:
            file.write(page(rows, about, command))
    print(f"{about}\n\n{table(rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
