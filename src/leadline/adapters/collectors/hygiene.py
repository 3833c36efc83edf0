"""Whether something else was using the machine: before a run (``preflight``) and over it (``after_run``).

Three answers, not two: contended, not contended, unknown. What cannot be read is "unknown", never "fine", because a
regression claim rests on it. The preflight reads a handful of files; it walks the processes only when the load, the
pressure or the count of runnable tasks says that the machine is busy. It cannot see a slow clock or a neighbour on the
same host: only interleaved repeats show those.
"""

from __future__ import annotations

import importlib
import os
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from leadline.adapters.collectors.hardware import has_nvidia_gpu
from leadline.core.redact import Redactor

# Thresholds, each named in the reason it gives.
PRESSURE_PERCENT = 10.0  # of the last 10 s some task waited for a CPU
OTHERS_SHARE = 0.25  # of the usable CPUs taken by other processes
PROCESS_CPU_SHARE = 0.10  # of one CPU, below which a process is not worth naming
MEMORY_FREE_SHARE = 0.05
QUEUE_WAIT_SHARE = 0.05  # of the wall time that the job was runnable and not running
STEAL_SHARE = 0.02  # of CPU time the host gave to others
SMALLEST_S = 0.05  # CPU time is counted in ticks of 10 ms: less than this is not a measurement
MAX_NAMED = 10
_SAMPLE_S = 0.004
_LOCK_FILES = ("tmp/libtpu_lockfile",)


def preflight(root: str = "/", redact: Callable[[str], str] | None = None) -> dict[str, Any]:
    """State of the machine now: ``load_1m, runnable, cpu_pressure_percent, cpu_count, memory_available_bytes,
    governor, throttled, locks, others`` (busy processes of others: pid, name, CPU share), ``accelerator_processes``,
    and the verdict ``contended`` (True, False, None for unknown) with its ``reasons``.

    This process, its ancestors and its descendants are not "others". Names are bare process names, never arguments.
    """
    hide = redact or Redactor().text
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    load, runnable = _load(root)
    pressure = _pressure(root)
    total, available = _memory(root)
    busy = (runnable or 0) >= 2 or (pressure or 0) >= PRESSURE_PERCENT / 2 or (load or 0) >= 0.7 * cpus
    others = _busy_others(root, hide) if busy else []
    locks = _locks(root)
    accelerator = _accelerator_processes(root, hide)
    found: dict[str, Any] = {
        "load_1m": load,
        "runnable": runnable,
        "cpu_pressure_percent": pressure,
        "cpu_count": cpus,
        "memory_available_bytes": available,
        "memory_bytes": total,
        "governor": _word(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "throttled": _throttled(root),
        "locks": locks,
        "others": others[:MAX_NAMED],
        "others_total": len(others),
        "accelerator_processes": accelerator,
    }
    reasons = _preflight_reasons(found, others)
    unknown = []
    if load is None and pressure is None:
        unknown.append("neither the load nor the CPU pressure can be read")
    if accelerator is None:
        unknown.append("processes on the GPU cannot be listed: nvidia-ml-py is not installed or does not work")
    found["contended"] = True if reasons else None if unknown else False
    found["reasons"] = reasons + [f"unknown: {what}" for what in unknown]
    return found


def after_run(
    before: Mapping[str, Any] | None, contention: Mapping[str, Any] | None, wall_s: float | None = None
) -> dict[str, Any]:
    """The verdict over a run, from its preflight and the job's own readings while it ran.

    ``contention`` holds ``run_queue_wait_s``, ``cpu_pressure_s`` (or ``psi_some_delta``, seconds), ``others_cpu_s``,
    ``steal_s`` and ``wall_s``; any may be None or absent. A complete, clean reading during the run outweighs a busy CPU
    seen before it; a lock or a process on the accelerator is not outweighed.
    """
    during = dict(contention or {})
    wall = _number(during.get("wall_s")) or wall_s
    cpus = float((before or {}).get("cpu_count") or during.get("cpu_count") or os.cpu_count() or 1)
    reasons, known, notes = _during_reasons(during, wall, cpus)
    verdict_before = (before or {}).get("contended")
    lasting = [r for r in (before or {}).get("reasons", ()) if r.startswith(("lock", "accelerator"))]
    if reasons or lasting:
        contended: bool | None = True
    elif known and verdict_before is True:
        contended = False
        notes.append("busy before the run, clean while it ran")
    elif verdict_before is True:
        contended = True
    else:
        contended = False if known and verdict_before is False else None
    earlier = [f"before: {reason}" for reason in (before or {}).get("reasons", ())]
    if not known:
        notes.append("unknown: the job did not measure the run-queue wait and the CPU time of others")
    if before is None:
        notes.append("unknown: no preflight")
    return {
        "preflight": dict(before) if before is not None else None,
        "during": during,
        "contended": contended,
        "reasons": reasons + earlier + notes,
    }


def _preflight_reasons(found: Mapping[str, Any], others: list[dict[str, Any]]) -> list[str]:
    reasons = []
    cpus = found["cpu_count"]
    pressure = found["cpu_pressure_percent"]
    if pressure is not None and pressure >= PRESSURE_PERCENT:
        reasons.append(f"CPU pressure {pressure:g} % over the last 10 s (limit {PRESSURE_PERCENT:g} %)")
    share = sum(process["cpu_share"] or 0.0 for process in others)
    if share >= OTHERS_SHARE * cpus:
        names = ", ".join(f"{p['name']} ({p['pid']})" for p in others[:3])
        reasons.append(f"other processes use {share:.2f} of {cpus} CPUs (limit {OTHERS_SHARE:.0%}): {names}")
    if found["memory_bytes"] and found["memory_available_bytes"] < MEMORY_FREE_SHARE * found["memory_bytes"]:
        free = found["memory_available_bytes"] / found["memory_bytes"]
        reasons.append(f"memory available {free:.1%} (limit {MEMORY_FREE_SHARE:.0%})")
    for lock in found["locks"]:
        held = {True: "held by a process", False: "stale: no process holds it", None: "holder unknown"}[lock["held"]]
        reasons.append(f"lock file {lock['path']} exists ({held})")
    for process in found["accelerator_processes"] or ():
        reasons.append(f"accelerator {process['index']} is used by {process['name']} ({process['pid']})")
    return reasons


def _during_reasons(during: Mapping[str, Any], wall_s: float | None, cpus: float) -> tuple[list[str], bool, list[str]]:
    """Reasons for "contended", whether enough was measured to say "not", and remarks."""
    wait = _number(during.get("run_queue_wait_s"))
    others = _number(during.get("others_cpu_s"))
    pressure = _number(during.get("cpu_pressure_s"))
    if pressure is None:
        pressure = _number(during.get("psi_some_delta"))
    steal = _number(during.get("steal_s"))
    if not wall_s:
        return [], False, []
    reasons, notes = [], []
    if others is not None and others >= max(SMALLEST_S, OTHERS_SHARE * cpus * wall_s):
        share = others / wall_s
        reasons.append(f"others used {share:.2f} of {cpus:g} CPUs during the run (limit {OTHERS_SHARE:.0%})")
    quiet = others is not None and others < max(SMALLEST_S, 0.05 * wall_s)
    for value, limit, what in (
        (wait, QUEUE_WAIT_SHARE, "the job waited for a CPU"),
        (pressure, PRESSURE_PERCENT / 100, "some task waited for a CPU"),
    ):
        if value is not None and value >= max(SMALLEST_S / 10, limit * wall_s):
            text = f"{what} {value / wall_s:.0%} of the time (limit {limit:.0%})"
            if quiet:
                notes.append(text + ", but others used almost none: its own threads compete")
            else:
                reasons.append(text)
    if steal is not None and steal >= max(SMALLEST_S, STEAL_SHARE * cpus * wall_s):
        reasons.append(f"the host took {steal / (cpus * wall_s):.0%} of the CPU time (limit {STEAL_SHARE:.0%})")
    return reasons, wait is not None and others is not None, notes


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


# --- readings -----------------------------------------------------------------------------------------------------


def _read(root: str, path: str) -> str:
    try:
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def _word(root: str, path: str) -> str:
    return _read(root, path).strip() or "unknown"


def _load(root: str) -> tuple[float | None, int | None]:
    fields = _read(root, "proc/loadavg").split()
    if len(fields) < 4:
        return None, None
    return float(fields[0]), int(fields[3].split("/")[0])


def _pressure(root: str) -> float | None:
    for line in _read(root, "proc/pressure/cpu").splitlines():
        kind, _, values = line.partition(" avg10=")
        if kind == "some":
            return float(values.split()[0])
    return None


def _memory(root: str) -> tuple[int | None, int | None]:
    found: dict[str, int] = {}
    for line in _read(root, "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        if name in ("MemTotal", "MemAvailable"):
            found[name] = int(value.split()[0]) * 1024
    if len(found) < 2:
        return None, None
    return found["MemTotal"], found["MemAvailable"]


def _throttled(root: str) -> str:
    """``"<n> events since boot"`` or ``"unknown"``."""
    count = _word(root, "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count")
    return f"{count} events since boot" if count.isdigit() else "unknown"


def _locks(root: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in _LOCK_FILES:
        try:
            inode = os.stat(os.path.join(root, name)).st_ino
        except OSError:
            continue
        table = _read(root, "proc/locks")
        held = None if not table and root != "/" else re.search(rf":{inode} ", table) is not None
        found.append({"path": "/" + name, "held": held})
    return found


def _busy_others(root: str, hide: Callable[[str], str]) -> list[dict[str, Any]]:
    """Processes of others that use a CPU, busiest first, by their CPU time over a few milliseconds."""
    uptime_s = float((_read(root, "proc/uptime").split() or ["0"])[0])
    ticks = os.sysconf("SC_CLK_TCK")
    table: dict[int, tuple[int, str, str, float]] = {}  # pid: parent, state, name, share of a CPU since it started
    try:
        pids = [int(name) for name in os.listdir(os.path.join(root, "proc")) if name.isdigit()]
    except OSError:
        return []
    for pid in pids:
        text = _read(root, f"proc/{pid}/stat")
        name, closing, rest = text.partition("(")[2].rpartition(")")
        fields = rest.split()
        if closing and len(fields) > 19:
            lifetime_s = max(uptime_s - int(fields[19]) / ticks, 0.01)
            share = (int(fields[11]) + int(fields[12])) / ticks / lifetime_s
            table[pid] = (int(fields[1]), fields[0], name, share)
    own = _own(table)
    suspects = [
        pid
        for pid, (_, state, _, share) in table.items()
        if pid not in own and (state == "R" or share >= PROCESS_CPU_SHARE)
    ]
    if not suspects:
        return []
    started = time.perf_counter()
    before = {pid: _cpu_ns(root, pid) for pid in suspects}
    time.sleep(_SAMPLE_S)
    after = {pid: _cpu_ns(root, pid) for pid in suspects}
    elapsed_ns = (time.perf_counter() - started) * 1e9
    busy = []
    for pid in suspects:
        first, last = before[pid], after[pid]
        share = table[pid][3] if first is None or last is None else max(0.0, last - first) / elapsed_ns
        if share >= PROCESS_CPU_SHARE:
            busy.append({"pid": pid, "name": hide(table[pid][2]), "cpu_share": round(share, 2)})
    return sorted(busy, key=lambda process: -float(str(process["cpu_share"])))


def _own(table: Mapping[int, tuple[int, str, str, float]]) -> set[int]:
    """This process, its ancestors and its descendants."""
    me = os.getpid()
    own = {me}
    at = table[me][0] if me in table else os.getppid()
    while at and at not in own:
        own.add(at)
        at = table[at][0] if at in table else 0
    mine = {me}
    for pid in table:
        path, at = [], pid
        while at in table and at not in mine and at not in path:
            path.append(at)
            at = table[at][0]
        if at in mine:
            mine.update(path)
    return own | mine


def _cpu_ns(root: str, pid: int) -> int | None:
    """CPU time of all threads of ``pid`` in nanoseconds; None where the kernel does not say."""
    total, seen = 0, False
    try:
        threads = os.listdir(os.path.join(root, f"proc/{pid}/task"))
    except OSError:
        return None
    for thread in threads[:256]:
        fields = _read(root, f"proc/{pid}/task/{thread}/schedstat").split()
        if fields and fields[0].isdigit():
            total, seen = total + int(fields[0]), True
    return total if seen else None


def _accelerator_processes(root: str, hide: Callable[[str], str]) -> list[dict[str, Any]] | None:
    """Compute processes on NVIDIA GPUs; empty without a GPU, None where they cannot be listed."""
    if not has_nvidia_gpu(root):
        return []
    try:
        pynvml = importlib.import_module("pynvml")
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        found = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            for process in pynvml.nvmlDeviceGetComputeRunningProcesses(pynvml.nvmlDeviceGetHandleByIndex(index)):
                name = _word(root, f"proc/{process.pid}/comm")
                found.append({"index": index, "pid": int(process.pid), "name": hide(name)})
        pynvml.nvmlShutdown()
        return found
    except pynvml.NVMLError:
        return None
