"""Measure runs on engines against the engines' own commands: `python benchmarks/engines.py
[--only ssh,slurm,ray] [--rounds N] [--runs N] [--submitit PYTHON]`.

Real servers on loopback, as the tests start them. What is compared runs in turn in the same minutes,
so that the ratios hold on a busy machine; the figures are minima. `--submitit` names an interpreter
that has it. What is not installed here is left out, and said.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from page import machine  # noqa: E402
from tests.engines import Ray, Slurm, has_slurm, own_ray, own_slurm  # noqa: E402
from tests.ssh_server import HOST, ssh_server  # noqa: E402
from tests.tracker_servers import COUNTERPARTS  # noqa: E402
from timing import environment  # noqa: E402

from leadline.adapters.executors.ray import RayExecutor  # noqa: E402
from leadline.adapters.executors.slurm import SlurmExecutor  # noqa: E402
from leadline.adapters.executors.ssh import SshExecutor  # noqa: E402
from leadline.ports.executor import OVER, Executor  # noqa: E402
from leadline.ports.executor_setup import ExecutorSetup  # noqa: E402

LEADLINE = [sys.executable, "-m", "leadline"]
SUBMITIT = """
import sys, time, submitit
executor = submitit.AutoExecutor(folder=sys.argv[1], cluster='slurm')
executor.update_parameters(timeout_min=5)
begin = time.perf_counter()
jobs = executor.map_array(abs, range(int(sys.argv[2])))
[job.result() for job in jobs]
print(time.perf_counter() - begin)
"""


class Row(NamedTuple):
    """``ours_ms`` and ``theirs_ms``: each one's minimum."""

    what: str
    ours_ms: float
    beside: str
    theirs_ms: float


class Bench:
    """A repository with a thread, in which the program is run as a user does."""

    def __init__(self, folder: Path, rounds: int, runs: int) -> None:
        self.folder, self.rounds, self.runs = folder, rounds, runs
        self.repo = folder / "repo"
        self.repo.mkdir()
        (self.repo / "job.py").write_text("print('{\"loss\": 1}')\n")
        self.env = {**environment(str(folder)), "SHLVL": "1"}
        self.call("git", "init", "-q")
        self.call("git", "add", "-A")
        self.call("git", "commit", "-q", "-m", "first")
        self.leadline("start", "demo", "--no-branch", "--success", "loss:1:lower")
        self.made = self.swept = 0

    def call(self, *argv: str) -> str:
        done = subprocess.run(
            argv, cwd=self.repo, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv)}: {done.stderr[-2000:]}")
        return done.stdout

    def leadline(self, *words: str) -> str:
        return self.call(*LEADLINE, *words)

    def edit(self) -> None:
        (self.repo / "job.py").write_text(f"print('{{\"loss\": {time.monotonic_ns()}}}')\n")

    def attempt(self) -> str:
        """An attempt folder that `true` waits in."""
        self.made += 1
        folder = self.folder / f"runs/{self.made:05d}/attempt-1"
        folder.mkdir(parents=True)
        spec = {"v": 1, "run": f"run-{self.made}", "attempt": 1, "argv": ["true"], "env": {}}
        code = {"commit": "", "tree": "", "top": str(folder)}
        spec |= {"cwd": str(folder), "facts": True, "code": code}
        (folder / "spec.json").write_text(json.dumps(spec))
        return str(folder)

    def sweep(self, *on: str) -> tuple[float, float]:
        """Wall and CPU milliseconds a run of a sweep, its client's CPU."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.swept += self.runs  # what is done is skipped: each sweep has cells of its own
        axis = "k=" + ",".join(map(str, range(self.swept - self.runs, self.swept)))
        begin = time.perf_counter()
        self.leadline("sweep", *on, "--jobs", "2", "--axis", axis, "--", "true", "{k}")
        wall_s = time.perf_counter() - begin
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return 1e3 * wall_s / self.runs, 1e3 * cpu_s / self.runs


def in_turn(
    rounds: int, ours: Callable[[], object], theirs: Callable[[], object]
) -> tuple[float, float]:
    """The least milliseconds of each; one uncounted round before."""
    best = [float("inf")] * 2
    for number in range(rounds + 1):
        for one in (0, 1) if number % 2 else (1, 0):
            begin = time.perf_counter()
            (ours, theirs)[one]()
            if number:
                best[one] = min(best[one], 1e3 * (time.perf_counter() - begin))
    return best[0], best[1]


def finished(executor: Executor, begun: list[tuple[str, dict[str, object]]]) -> None:
    left = dict(begun)
    while left:
        for folder, state in executor.wait(list(left.items()), 1.0).items():
            if state in OVER:
                del left[folder]


def executor_rows(
    bench: Bench,
    executor: Executor,
    name: str,
    submit: Callable[[], object],
    state: Callable[[], object],
) -> Iterator[Row]:
    """Submit, and the state of many runs, beside what the engine's own client takes for one."""
    begun: list[tuple[str, dict[str, object]]] = []

    def begin() -> None:
        folder = bench.attempt()
        begun.append((folder, dict(executor.begin(folder, {}))))

    yield Row("submit", *_named(in_turn(bench.rounds, begin, submit), name))
    while len(begun) < bench.runs // 4:
        begin()
    many = [begun[number % len(begun)] for number in range(bench.runs)]
    asked = in_turn(bench.rounds, lambda: executor.poll(many), state)
    yield Row(f"state of {bench.runs} runs under way", *_named(asked, name))
    finished(executor, begun)
    fetched = in_turn(bench.rounds, lambda: executor.refresh(begun), state)
    yield Row(f"fetch what {len(begun)} runs left", *_named(fetched, name))


def _named(times: tuple[float, float], beside: str) -> tuple[float, str, float]:
    return times[0], beside, times[1]


def on_ssh(bench: Bench, config: Path) -> Iterator[Row]:
    work = str(bench.folder / "far")
    words = ["--kind", "ssh", "--host", HOST, "--work-folder", work, "--option", f"config={config}"]
    bench.leadline("executor", "add", "dev", *words)
    standing = [
        "-o",
        "ControlMaster=auto",
        "-o",
        f"ControlPath={bench.folder}/cm",
        "-o",
        "ControlPersist=60",
    ]
    ssh = ["ssh", "-F", str(config), *standing, HOST]

    def bare() -> None:
        bench.call(*ssh, "true")

    options = {"config": str(config)}
    setup = ExecutorSetup(
        "far", "ssh", HOST, work_folder=work, options=options, git_dir=f"{bench.repo}/.git"
    )
    yield from executor_rows(bench, SshExecutor(setup), "ssh true", bare, bare)

    def theirs() -> None:
        bench.edit()
        bench.leadline("run", "--", "true")  # the record, which nothing of theirs makes
        bench.call(
            "rsync",
            "-a",
            "--exclude",
            ".git",
            "-e",
            " ".join(ssh[:-1]),
            "./",
            f"{HOST}:{work}-rsync/",
        )
        bench.call(*ssh, f"cd {work}-rsync && python3 job.py")

    def ours() -> None:
        bench.edit()
        bench.leadline("run", "--on", "dev", "--", "python3", "job.py")

    times = in_turn(bench.rounds, ours, theirs)
    yield Row("edit to result", *_named(times, "`run -- true`, rsync and ssh"))
    yield from sweep_rows(bench, "dev")
    bench.call(*ssh[:-1], "-O", "exit", HOST)


def on_slurm(bench: Bench, cluster: Slurm, submitit: str) -> Iterator[Row]:
    bench.env |= cluster.environ
    os.environ.update(cluster.environ)
    bench.leadline("executor", "add", "hpc", "--kind", "slurm")
    quiet = ["sbatch", "-Q", "--parsable", "-o", "/dev/null", "--wrap", "true"]
    ask = ["squeue", "-h", "-t", "all", "-o", "%j %T"]
    yield from executor_rows(
        bench,
        SlurmExecutor("hpc"),
        "`sbatch`, `squeue`",
        lambda: bench.call(*quiet),
        lambda: bench.call(*ask),
    )
    times = in_turn(
        bench.rounds,
        lambda: bench.leadline("run", "--on", "hpc", "--", "true"),
        lambda: bench.call(*quiet, "--wait"),
    )
    yield Row("a trivial run, recorded", *_named(times, "`sbatch --wait`"))
    yield from sweep_rows(bench, "hpc")
    if submitit:
        cells = str(min(bench.runs, 20))
        said = bench.call(submitit, "-c", SUBMITIT, str(bench.folder / "submitit"), cells)
        each = 1e3 * float(said.split()[-1]) / int(cells)
        yield Row(
            "a run of a sweep in pilots", bench.sweep("--on", "hpc")[0], "submitit, an array", each
        )


def on_ray(bench: Bench, cluster: Ray) -> Iterator[Row]:
    bench.env |= cluster.environ
    os.environ.update(cluster.environ)
    bench.leadline(
        "executor",
        "add",
        "cluster",
        "--kind",
        "ray",
        "--host",
        cluster.address,
        "--limit",
        "cpus=1",
    )
    names = iter(range(10**9))

    def submit() -> str:
        name = f"bare-{next(names)}"
        cluster.answers("/api/jobs/", {"entrypoint": "true", "submission_id": name})
        return name

    def whole() -> None:
        name = submit()
        while cluster.answers(f"/api/jobs/{name}")["status"] not in ("SUCCEEDED", "FAILED"):
            time.sleep(0.02)

    executor = RayExecutor("cluster", cluster.address, {"CPU": 0.1})
    yield from executor_rows(
        bench, executor, "Jobs REST", submit, lambda: cluster.answers("/api/version")
    )
    times = in_turn(
        bench.rounds, lambda: bench.leadline("run", "--on", "cluster", "--", "true"), whole
    )
    yield Row("a trivial run, recorded", *_named(times, "Jobs REST, submitted and polled"))
    yield from sweep_rows(bench, "cluster")


def sweep_rows(bench: Bench, name: str) -> Iterator[Row]:
    here, there = bench.sweep(), bench.sweep("--on", name)
    yield Row(
        f"a run of a sweep of {bench.runs} in pilots", there[0], "the same on `local`", here[0]
    )
    yield Row("… CPU of its client", there[1], "the same on `local`, with its runs", here[1])


@contextmanager
def fresh(rounds: int, runs: int) -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="leadline-engines-"))
    try:
        yield Bench(folder, rounds, runs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def groups(
    rounds: int, runs: int, submitit: str, only: list[str]
) -> Iterator[tuple[str, Iterator[Row]]]:
    for name in only:
        with ExitStack() as stack:
            bench = stack.enter_context(fresh(rounds, runs))
            servers = bench.folder / name
            if name == "ssh":
                yield name, on_ssh(bench, stack.enter_context(ssh_server(servers)))
            elif name == "slurm" and has_slurm():
                yield name, on_slurm(bench, stack.enter_context(own_slurm(servers)), submitit)
            elif name == "ray" and (COUNTERPARTS / "ray" / "bin" / "ray").exists():
                yield name, on_ray(bench, stack.enter_context(own_ray(servers)))
            else:
                print(f"{name} is not installed here: left out", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="ssh,slurm,ray")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--submitit", default="", metavar="PYTHON")
    args = parser.parse_args()
    print(machine(), "\n")
    print("| engine | what | ms | beside | ms | ratio |\n|---|---|---:|---|---:|---:|")
    for name, rows in groups(args.rounds, args.runs, args.submitit, args.only.split(",")):
        for row in rows:
            ratio = row.ours_ms / row.theirs_ms
            print(
                f"| {name} | {row.what} | {row.ours_ms:.1f} | {row.beside} | {row.theirs_ms:.1f} | {ratio:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
