"""Which processes of others are busy on the CPUs that a run may use, and which processes are our
own.

This process, its ancestors and its descendants are never "others". Walking all processes costs
about a millisecond, so the preflight asks only when something says that the machine is busy.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection

from leadline.adapters.collectors.kernel_files import listed, read
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass

if TYPE_CHECKING:
    from leadline.core.record.bodies import BusyProcess

PROCESS_CPU_SHARE = 0.10  # of one CPU, below which a process is not worth naming
_SAMPLE_S = 0.004
_KERNEL_THREAD = 0x00200000  # PF_KTHREAD, from the kernel's include/linux/sched.h


@dataclass(slots=True)
class Process:
    """One line of the process table; ``share`` is of a CPU, on average since it started; ``cpu``
    where it ran last."""

    pid: int
    parent: int
    state: str
    name: str
    share: float
    cpu: int | None = None
    is_kernel_thread: bool = False


def table(root: str) -> dict[int, Process]:
    """Every process that can be read, by its id."""
    uptime_s = float((read(root, "proc/uptime").split() or ["0"])[0])
    ticks = os.sysconf("SC_CLK_TCK")
    found: dict[int, Process] = {}
    for entry in listed(root, "proc") or ():
        if not entry.isdigit():
            continue
        name, closing, rest = read(root, f"proc/{entry}/stat").partition("(")[2].rpartition(")")
        fields = rest.split()
        if closing and len(fields) > 19:
            lifetime_s = max(uptime_s - int(fields[19]) / ticks, 0.01)
            share = (int(fields[11]) + int(fields[12])) / ticks / lifetime_s
            cpu = int(fields[36]) if len(fields) > 36 else None
            kernel = bool(int(fields[6]) & _KERNEL_THREAD)
            found[int(entry)] = Process(
                int(entry), int(fields[1]), fields[0], name, share, cpu, kernel
            )
    return found


def own(processes: dict[int, Process]) -> set[int]:
    """This process, its ancestors and its descendants."""
    me = os.getpid()
    family = {me}
    at = processes[me].parent if me in processes else os.getppid()
    while at and at not in family:
        family.add(at)
        at = processes[at].parent if at in processes else 0
    mine = {me}
    for pid in processes:
        path, at = [], pid
        while at in processes and at not in mine and at not in path:
            path.append(at)
            at = processes[at].parent
        if at in mine:
            mine.update(path)
    return family | mine


def busy_others(
    root: str, hide: Callable[[str], str], cpus: Collection[int] | None = None
) -> list[BusyProcess]:
    """Processes of others that use a CPU (``pid, name, cpu_share``), busiest first, over a few
    milliseconds.

    ``cpus``: the CPUs that the run is pinned to; a process that ran last on another one does not
    count. None: all.
    """
    processes = table(root)
    family = own(processes)
    suspects = [
        p
        for p in processes.values()
        if p.pid not in family
        and (p.state == "R" or p.share >= PROCESS_CPU_SHARE)
        and (cpus is None or p.cpu is None or p.cpu in cpus)
    ]
    if not suspects:
        return []
    started = time.perf_counter()
    before = {p.pid: _cpu_ns(root, p.pid) for p in suspects}
    time.sleep(_SAMPLE_S)
    after = {p.pid: _cpu_ns(root, p.pid) for p in suspects}
    elapsed_ns = (time.perf_counter() - started) * 1e9
    busy: list[BusyProcess] = []
    for p in suspects:
        first, last = before[p.pid], after[p.pid]
        share = p.share if first is None or last is None else max(0.0, last - first) / elapsed_ns
        if share >= PROCESS_CPU_SHARE:
            busy.append({"pid": p.pid, "name": hide(p.name), "cpu_share": round(share, 2)})
    return sorted(busy, key=lambda row: -row["cpu_share"])


def _cpu_ns(root: str, pid: int) -> int | None:
    """CPU time of all threads of ``pid`` in nanoseconds; None where the kernel does not say."""
    total, seen = 0, False
    for thread in (listed(root, f"proc/{pid}/task") or [])[:256]:
        fields = read(root, f"proc/{pid}/task/{thread}/schedstat").split()
        if fields and fields[0].isdigit():
            total, seen = total + int(fields[0]), True
    return total if seen else None
