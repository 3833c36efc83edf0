"""Measure programs against each other on a machine that is never quiet.

Every round runs each program once, forwards and backwards in turn (ABBA), so that a drift of the
machine meets all alike; the figures are the minimum (what the program costs when nothing else
runs), the median, and ratios to a reference measured in the same rounds. Standard library only, and
lean: a child's peak memory counts its parent's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import NamedTuple


class Program(NamedTuple):
    """``before`` runs untimed, ahead of every start. ``ok``: the exit codes that are right."""

    argv: list[str]
    cwd: str
    before: Callable[[], None] | None = None
    ok: tuple[int, ...] = (0,)


class Timing(NamedTuple):
    """Milliseconds, and the largest resident size in MB."""

    min_ms: float
    median_ms: float
    cpu_ms: float
    peak_mb: float


def environment(home: str) -> dict[str, str]:
    """As on a user's machine (compiled modules are kept), without the user's own settings."""
    keep = {
        k: os.environ[k]
        for k in ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")
        if k in os.environ
    }
    return {
        **keep,
        "HOME": home,
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "bench",
        "GIT_AUTHOR_EMAIL": "bench@localhost",
        "GIT_COMMITTER_NAME": "bench",
        "GIT_COMMITTER_EMAIL": "bench@localhost",
        "LEADLINE_ACTOR": "bench",
    }


def interleaved(
    programs: dict[str, Program], rounds: int, env: dict[str, str]
) -> dict[str, Timing]:
    """Raises RuntimeError when a program ends with another exit code than it should."""
    names = list(programs)
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in names}
    for name in names:
        _once(programs[name], env)  # compiles, fills caches; not counted
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            found[name].append(_once(programs[name], env))
    return {name: _summary(runs) for name, runs in found.items()}


def once(program: Program, env: dict[str, str]) -> Timing:
    """Of what cannot be done twice."""
    return _summary([_once(program, env)])


def _summary(runs: list[tuple[float, float, float]]) -> Timing:
    walls = sorted(wall for wall, _, _ in runs)
    middle = len(walls) // 2
    median = walls[middle] if len(walls) % 2 else (walls[middle - 1] + walls[middle]) / 2
    return Timing(
        walls[0] * 1e3,
        median * 1e3,
        min(cpu for _, cpu, _ in runs) * 1e3,
        max(mb for _, _, mb in runs),
    )


def _once(program: Program, env: dict[str, str]) -> tuple[float, float, float]:
    """Wall and CPU seconds, peak MB (children that it waited for included)."""
    if program.before is not None:
        program.before()
    os.chdir(program.cwd)
    nowhere = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    start = time.perf_counter()
    pid = os.posix_spawnp(program.argv[0], program.argv, env, file_actions=nowhere)
    _, status, usage = os.wait4(pid, 0)
    wall_s = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    if code not in program.ok:
        raise RuntimeError(f"{' '.join(program.argv)} ended with {code} in {program.cwd}")
    return wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6
