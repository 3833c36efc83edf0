"""Measure logging and reading of dense numbers against trackers: `python benchmarks/trackers.py
[--write FILE]`.

Every tracker is the real program with its defaults, and a plain file of JSON lines is the floor.
All run in turn, forwards and backwards, within one invocation, so ratios hold where times do not.
Three questions each: how many points a second are logged (closing the run included), how long a
million points of one series take to read (a shorter series is scaled, and said to be), and how many
acknowledged points are readable after `kill -9`. Trackers that are not in this environment get one
of their own under .cache/bench; what cannot be installed is left out, with the reason.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from page import machine  # noqa: E402
from timing import environment  # noqa: E402

CACHE = HERE.parent / ".cache" / "bench"
# a tracker in an environment of its own reads W&B's file by this checkout
SRC = str(HERE.parent / "src")

ABOUT = """\
All ran in turn, in one invocation. A rate counts the calls and the closing of the run; the best of all rounds is shown.
A tracker that is slow is stopped after a while, so its series is shorter, and the time for a million points is scaled
from what it holds. `kill -9` meets the whole process group in a tight loop. The floor buffers in the process, which is
why it is fast and loses its buffer; Leadline hands every call to the kernel before it returns. W&B has no reader in
Python: its file is read by Leadline's. Aim's index is made anew before reading, untimed.
"""


class Tool(NamedTuple):
    key: str
    shown: str
    module: str  # what must be importable
    package: str  # what provides it; "" for what is here anyway


TOOLS = (
    Tool("file", "plain file of JSON lines, buffered (floor)", "json", ""),
    Tool("leadline", "Leadline `ll.log`", "leadline", ""),
    Tool("trackio", "trackio", "trackio", "trackio"),
    Tool("wandb", "W&B, offline", "wandb", "wandb"),
    Tool("mlflow", "MLflow `log_metric`, SQLite", "mlflow.tracking", "mlflow"),
    Tool("mlflow_batch", "MLflow `log_batch` of 1,000, SQLite", "mlflow.tracking", "mlflow"),
    Tool("aim", "Aim", "aim", "aim"),
)


class Found:
    """What was measured of one tool: the best of all rounds, and what it read back."""

    def __init__(self) -> None:
        self.rate = {1: 0.0, 50: 0.0}
        self.read_s_per_million = float("inf")
        self.read_points = 0
        self.written_points = 0
        self.bytes_per_point = 0.0
        self.write_peak_mb = 0.0
        self.acknowledged: list[tuple[int, int]] = []  # calls that returned, points read back
        self.problem = ""


class Trackers:
    def __init__(self, folder: str, calls: int, budget_s: float, crash_s: float) -> None:
        self.folder, self.calls, self.budget_s, self.crash_s = folder, calls, budget_s, crash_s
        self.python: dict[str, str] = {}
        self.refused: dict[str, str] = {}  # package: why it cannot be installed
        self.env = {**environment(folder), "PYTHONPATH": SRC, "PYTHONDONTWRITEBYTECODE": "1"}

    def have(self, tool: Tool) -> str:
        """ "" when ``tool`` can run, else why not. Tools of one package share its environment."""
        home = CACHE / tool.package
        for python in (sys.executable, str(home / "bin" / "python")):
            if os.path.exists(python) and self._imports(python, tool.module):
                self.python[tool.key] = python
                return ""
        if tool.package not in self.refused:
            self.refused[tool.package] = self._install(tool, home)
        if not self.refused[tool.package]:
            self.python[tool.key] = str(home / "bin" / "python")
        return self.refused[tool.package]

    def _install(self, tool: Tool, home: Path) -> str:
        print(f"installing {tool.package} …", file=sys.stderr, flush=True)
        made = subprocess.run(
            [sys.executable, "-m", "venv", str(home)], capture_output=True, text=True
        )
        if made.returncode == 0:
            pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", tool.package]
            made = subprocess.run(pip, capture_output=True, text=True)
        if made.returncode == 0 and self._imports(str(home / "bin" / "python"), tool.module):
            return ""
        return (made.stderr.strip().splitlines() or ["it does not import"])[-1][:200]

    def _imports(self, python: str, module: str) -> bool:
        done = subprocess.run([python, "-c", f"import {module}"], capture_output=True, env=self.env)
        return done.returncode == 0

    def _argv(self, tool: Tool, what: str, store: str, metrics: int, calls: int) -> list[str]:
        program = str(HERE / "tracker_programs.py")
        return [
            self.python[tool.key],
            program,
            tool.key,
            what,
            store,
            str(metrics),
            str(calls),
            str(self.budget_s),
        ]

    def _call(
        self, tool: Tool, what: str, store: str, metrics: int = 1, calls: int = 0
    ) -> dict[str, float]:
        done = subprocess.run(
            self._argv(tool, what, store, metrics, calls),
            cwd=store,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=600,
        )
        if done.returncode:
            raise RuntimeError((done.stderr.strip().splitlines() or ["no reason given"])[-1][:200])
        answer: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
        return answer

    def once(self, tool: Tool, found: Found) -> None:
        """One round of one tool: a narrow and a wide series written, the narrow one read back."""
        for metrics in (1, 50):
            store = tempfile.mkdtemp(dir=self.folder)
            calls = self.calls if metrics == 1 else self.calls // 50
            wrote = self._call(tool, "write", store, metrics, calls)
            found.rate[metrics] = max(found.rate[metrics], wrote["points"] / wrote["seconds"])
            if metrics == 1:
                found.write_peak_mb = max(found.write_peak_mb, wrote["peak_mb"])
                found.written_points = int(wrote["points"]) + 1
                found.bytes_per_point = _folder_bytes(store) / found.written_points
                read = self._call(tool, "read", store)
                found.read_points = int(read["points"])
                if read["points"]:
                    found.read_s_per_million = min(
                        found.read_s_per_million, read["seconds"] * 1e6 / read["points"]
                    )
            shutil.rmtree(store)

    def kill(self, tool: Tool, found: Found) -> None:
        """Log in a tight loop, kill the whole process group, read back."""
        place = tempfile.mkdtemp(dir=self.folder)
        store = os.path.join(place, "store")
        os.mkdir(store)
        with open(os.path.join(place, "acknowledged"), "w+b") as file:
            file.write(bytes(8))
            file.flush()
            shared = mmap.mmap(file.fileno(), 8)
            argv = self._argv(tool, "crash", store, 1, 0)
            process = subprocess.Popen(
                argv, cwd=store, env=self.env, start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            until = time.monotonic() + 60
            while (
                not struct.unpack_from("<q", shared)[0]
                and time.monotonic() < until
                and process.poll() is None
            ):
                time.sleep(0.01)
            time.sleep(self.crash_s)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            acknowledged = struct.unpack_from("<q", shared)[0]
        try:
            readable = int(self._call(tool, "read", store)["points"])
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(
                f"{tool.shown}: what was left after the kill cannot be read: {error}",
                file=sys.stderr,
                flush=True,
            )
            readable = 0
        found.acknowledged.append((acknowledged, readable))
        shutil.rmtree(place, ignore_errors=True)


def _folder_bytes(folder: str) -> int:
    return sum(
        os.path.getsize(os.path.join(where, name))
        for where, _, names in os.walk(folder)
        for name in names
    )


def table(found: dict[str, Found]) -> str:
    floor = found["file"]
    lines = [
        "| tracker | points/s, 1 metric a call | × floor | points/s, 50 a call | × floor | read 1 M points | × floor "
        "| bytes a point | peak MB | acknowledged, then readable after `kill -9` |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for tool in TOOLS:
        one = found.get(tool.key)
        if one is None:
            continue
        if one.problem:
            lines.append(f"| {tool.shown} | {one.problem.replace('|', '/')} |" + " |" * 8)
            continue
        scaled = "" if one.read_points >= 1_000_000 else f" (from {one.read_points:,})"
        lost = "; ".join(f"{a:,} → {min(a, r):,} ({_share(a, r)})" for a, r in one.acknowledged)
        lines.append(
            f"| {tool.shown} | {one.rate[1]:,.0f} | {one.rate[1] / floor.rate[1]:.3g} "
            f"| {one.rate[50]:,.0f} | {one.rate[50] / floor.rate[50]:.3g} "
            f"| {one.read_s_per_million:.2f} s{scaled} | {one.read_s_per_million / floor.read_s_per_million:.2g} "
            f"| {one.bytes_per_point:.0f} | {one.write_peak_mb:.0f} | {lost} |"
        )
    return "\n".join(lines)


def _share(acknowledged: int, readable: int) -> str:
    if not acknowledged:
        return "none"
    lost = max(0, acknowledged - readable)
    return "all" if not lost else f"{lost / acknowledged:.1%} lost"


def page(
    found: dict[str, Found], about: str, command: str, left_out: list[str], versions: str
) -> str:
    out = "".join(f"\nLeft out: {line}.\n" for line in left_out)
    return (
        "# Dense numbers: Leadline and the trackers\n\n"
        f"Made by `{command}`; run it again rather than edit this page.\n\n{about}.\n{versions}\n\n"
        f"{ABOUT}\n"
        f"{table(found)}\n{out}"
    )


def versions_of(bench: Trackers) -> str:
    ask = (
        "import importlib.metadata as m, sys\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n        print(name, m.version(name))\n        break\n"
        "    except m.PackageNotFoundError:\n        pass\n"
    )
    said = []
    for tool in TOOLS:
        if tool.package and tool.key in bench.python and not tool.key.endswith("_batch"):
            names = (
                [f"{tool.package}-skinny", tool.package]
                if tool.package == "mlflow"
                else [tool.package]
            )
            done = subprocess.run(
                [bench.python[tool.key], "-c", ask, *names], capture_output=True, text=True
            )
            said.append(done.stdout.strip())
    return ", ".join(s for s in said if s) + "." if said else ""


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", metavar="FILE", help="write the page there")
    parser.add_argument(
        "--quick", action="store_true", help="short series, one round: a look, no comparison"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--points",
        type=int,
        default=1_000_000,
        help="points of the narrow series (default 1,000,000)",
    )
    parser.add_argument(
        "--budget", type=float, default=20.0, metavar="S", help="longest time one tool may log"
    )
    parser.add_argument(
        "--only", action="append", choices=[t.key for t in TOOLS], help="these (the floor always)"
    )
    args = parser.parse_args(argv)
    points, budget_s, rounds, crash_s = (
        (5_000, args.budget, 1, 0.3) if args.quick else (args.points, args.budget, args.rounds, 3.0)
    )
    folder = tempfile.mkdtemp(prefix="leadline-trackers-")
    about, left_out, found = machine(), [], {}
    try:
        bench = Trackers(folder, points, budget_s, crash_s)
        usable = []
        for tool in TOOLS:
            if args.only and tool.key not in (*args.only, "file"):
                continue
            if why := bench.have(tool):
                left_out.append(f"{tool.shown} ({why})")
            else:
                usable.append(tool)
                found[tool.key] = Found()
        for number in range(rounds):
            for tool in usable if number % 2 == 0 else reversed(usable):
                print(f"round {number + 1}: {tool.shown} …", file=sys.stderr, flush=True)
                try:
                    bench.once(tool, found[tool.key])
                    bench.kill(tool, found[tool.key])
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    found[tool.key].problem = str(error)
        versions = versions_of(bench)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    command = " ".join(["python benchmarks/trackers.py", *argv])
    if args.write:
        Path(args.write).write_text(
            page(found, about, command, left_out, versions), encoding="utf-8"
        )
    print(f"{about}\n{versions}\n\n{table(found)}")
    for line in left_out:
        print(f"left out: {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
