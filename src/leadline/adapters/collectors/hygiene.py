"""Whether something else was using the machine, and whether it was held back: before a run and over
it.

Three answers, not two: yes, no, unknown. What cannot be read is "unknown", never "fine", because a
regression claim rests on it. The preflight reads a handful of files; it walks the processes only
when the load, the pressure or the count of runnable tasks says that the machine is busy, or when
there is an accelerator. It cannot see a neighbour on the same host: only interleaved repeats show
those. Nothing is changed: the governor is reported, not set.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from leadline.core.secrets.quick import may_hold
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.job import preflight as machine
from leadline.job.preflight import PRESSURE_PERCENT

if TYPE_CHECKING:
    from leadline.core.record.bodies import (
        DeviceFacts,
        DeviceUser,
        During,
        Hygiene,
        Preflight,
    )

# Thresholds, each named in the reason it gives.
OTHERS_SHARE = 0.25  # of the usable CPUs taken by other processes
MEMORY_FREE_SHARE = 0.05
QUEUE_WAIT_SHARE = 0.05  # of the wall time that the job was runnable and not running
MEMORY_WAIT_SHARE = 0.05  # of the wall time that some task waited for memory
STEAL_SHARE = 0.02  # of CPU time the host gave to others
HELD_BACK_SHARE = 0.01  # of the wall time that a GPU's clock was held down
CANARY_CHANGE = 0.15  # of what the canary took, from before the run to after it
SMALLEST_S = 0.05  # CPU time is counted in ticks of 10 ms: less than this is not a measurement


def preflight(
    root: str = "/",
    redact: Callable[[str], str] | None = None,
    *,
    devices: DeviceFacts | None = None,
    expected_devices: int | None = None,
    lock_files: Sequence[str] = (),
    device_paths: Sequence[str] = (),
    gpu_library: Any = None,
) -> Preflight:
    """State of the machine now: ``load_1m, runnable, cpu_pressure_percent, cpu_count, pinned_to``
    (CPUs, when this process may use only some), ``memory_available_bytes, governor, turbo,
    throttle_counts, locks, others`` (busy processes of others: pid, name, CPU share),
    ``accelerator_processes``, ``accelerators``, ``devices_found``, ``devices_expected``, and the
    verdicts ``contended`` and ``throttled`` (True, False, None for unknown) with ``reasons``;
    ``remarks`` hold what is worth saying and decides nothing.

    ``throttled`` is None here unless a GPU says it is held back: the processor only counts, and the
    count over the run is what tells. ``devices``: what the run may use (``hardware.devices``);
    ``gpu_library`` stands in for ``pynvml``. This process, its ancestors and its descendants are
    not "others". Names are bare process names, never arguments.
    """
    found = machine.seen(
        root,
        redact or _hidden,
        lock_files=lock_files,
        device_paths=device_paths,
        gpu_library=gpu_library,
    )
    return judged(found, devices, expected_devices)


def judged(
    found: Preflight, devices: DeviceFacts | None = None, expected_devices: int | None = None
) -> Preflight:
    """What the readings of a machine (``leadline.job.preflight``, here or there) mean."""
    found = {
        **found,
        "devices_found": devices["count"] if devices else None,
        "devices_expected": expected_devices,
    }
    reasons = _preflight_reasons(found)
    unknown = found["reasons"]
    found["contended"] = _verdict(reasons, unknown)
    found["reasons"] = reasons + unknown
    held_back = any(d["slowdown"] for d in found["accelerators"] or ())
    found["throttled"] = True if held_back else None
    found["remarks"] = _remarks(found, devices["kind"] if devices else "device")
    return found


def _hidden(name: str) -> str:
    """A process name without the tokens in it; the rules are loaded where there may be one."""
    if not may_hold(name):
        return name
    from leadline.core.secrets.redact import Redactor

    return Redactor().text(name)


def after_run(
    before: Preflight | None,
    contention: During | None,
    wall_s: float | None = None,
    root: str = "/",
    redact: Callable[[str], str] | None = None,
    gpu_library: Any = None,
) -> Hygiene:
    """The verdicts over a run, from its preflight and the job's own readings while it ran.

    ``contention`` holds ``run_queue_wait_s``, ``cpu_pressure_s`` (or ``psi_some_delta``, seconds),
    ``others_cpu_s``, ``steal_s``, ``memory_pressure_s``, ``throttle_counts_start`` and ``_end``,
    ``pinned_to`` and ``wall_s``; any may be None or absent. A complete, clean reading during the
    run outweighs a busy CPU seen before it; a lock or a process on the accelerator is not
    outweighed. NVIDIA GPUs are asked again (by the job, where it ran elsewhere), because their counters
    tell what happened meanwhile.
    """
    seen: Preflight = before or {}
    during: During = {**(contention or {})}
    wall = _number(during.get("wall_s")) or wall_s
    pinned = during.get("pinned_to")
    cpus = float(
        len(pinned or ()) or seen.get("cpu_count") or during.get("cpu_count") or os.cpu_count() or 1
    )
    reasons, known, notes = _during_reasons(during, wall, cpus)
    of_time = len(reasons)
    if "accelerators" in during:  # the job was elsewhere, and was asked there
        reasons += _on_accelerator(during.get("accelerator_processes") or ())
        known = known and during.get("accelerator_processes") is not None
    elif seen.get("accelerators"):
        told = machine.nvidia(root, redact or _hidden, gpu_library)
        during["accelerators"] = told["devices"] if told else []
        during["accelerator_processes"] = told["processes"] if told else None
        reasons += _on_accelerator(during["accelerator_processes"] or ())
        known = known and told is not None
    reasons += _pace_changed(during)
    whole = len(reasons) > of_time
    verdict_before = seen.get("contended")
    lasting = [r for r in seen.get("reasons", ()) if r.startswith(("lock", "accelerator"))]
    if reasons or lasting:
        contended: bool | None = True
    elif known and verdict_before is True:
        contended = False
        notes.append("busy before the run, clean while it ran")
    elif verdict_before is True:
        contended = True
    else:
        contended = False if known and verdict_before is False else None
    earlier = [f"before: {reason}" for reason in seen.get("reasons", ())]
    if not known:
        notes.append(
            "unknown: the job did not measure the run-queue wait and the CPU time of others"
        )
    if before is None:
        notes.append("unknown: no preflight")
    throttled, throttle_reasons = _throttled(seen, during, wall)
    return {
        "preflight": before,
        "during": during,
        "contended": contended,
        "reasons": reasons + earlier + notes,
        "throttled": throttled,
        "throttle_reasons": throttle_reasons,
        "others_share": 1.0 if whole or lasting else _others_share(during, wall, cpus),
    }


def _preflight_reasons(found: Preflight) -> list[str]:
    reasons = []
    cpus = found["cpu_count"]
    pressure = found["cpu_pressure_percent"]
    # it is of the whole machine
    if pressure is not None and pressure >= PRESSURE_PERCENT and not found["pinned_to"]:
        reasons.append(
            f"CPU pressure {pressure:g} % over the last 10 s (limit {PRESSURE_PERCENT:g} %)"
        )
    others = found["others"]
    share = sum(process["cpu_share"] or 0.0 for process in others)
    if share >= OTHERS_SHARE * cpus:
        names = ", ".join(f"{p['name']} ({p['pid']})" for p in others[:3])
        where = " that the run is pinned to" if found["pinned_to"] else ""
        reasons.append(
            f"other processes use {share:.2f} of {cpus} CPUs{where} (limit {OTHERS_SHARE:.0%}): {names}"
        )
    total, available = found["memory_bytes"], found["memory_available_bytes"]
    if total and available is not None and available < MEMORY_FREE_SHARE * total:
        reasons.append(f"memory available {available / total:.1%} (limit {MEMORY_FREE_SHARE:.0%})")
    for lock in found["locks"]:
        by = f"held by {lock['name'] or 'a process'} ({lock['pid']})"
        held = {True: by, False: "stale: no process holds it", None: "holder unknown"}[lock["held"]]
        reasons.append(f"lock file {lock['path']} exists ({held})")
    return reasons + _on_accelerator(found["accelerator_processes"] or ())


def _on_accelerator(users: Sequence[DeviceUser]) -> list[str]:
    return [
        f"accelerator {user['index']} is used by {user['name']} ({user['pid']})" for user in users
    ]


def _remarks(found: Preflight, kind: str) -> list[str]:
    remarks = list(found.get("remarks") or ())
    if found["governor"] not in ("unknown", "performance"):
        remarks.append(
            f"the frequency governor is {found['governor']}, not performance: clocks follow the load"
        )
    expected, there = found["devices_expected"], found["devices_found"]
    if expected is not None and there != expected:
        count = "unknown" if there is None else there
        remarks.append(f"{count} {kind} devices, expected {expected}")
    for device in found["accelerators"] or ():
        if device["slowdown"]:
            remarks.append(
                f"accelerator {device['index']} is held back: {', '.join(device['slowdown'])}"
            )
    return remarks


def _throttled(
    before: Preflight, during: During, wall_s: float | None
) -> tuple[bool | None, list[str]]:
    """Whether a clock was held down while the run was on: by the processor's counters and each
    GPU's."""
    held, unknown = [], []
    first, last = during.get("throttle_counts_start"), during.get("throttle_counts_end")
    events = (
        {k: int(last[k]) - int(first[k]) for k in first if k in last} if first and last else None
    )
    if events is None:
        unknown.append("unknown: this system does not count thermal throttling of the processor")
    held += [
        f"{count} thermal throttle events ({name}) during the run"
        for name, count in (events or {}).items()
        if count
    ]
    if "accelerators" in before and before["accelerators"] is None:
        unknown.append("unknown: nothing tells whether the accelerator was held back")
    gpus_before = {int(d["index"]): d for d in before.get("accelerators") or ()}
    gpus_after = {int(d["index"]): d for d in during.get("accelerators") or ()}
    for index, gpu in gpus_before.items():
        now = gpus_after.get(index)
        told = False
        for name, start in (gpu.get("held_back_s") or {}).items():
            end = ((now and now["held_back_s"]) or {}).get(name)
            if start is None or end is None:
                continue
            told = True
            if wall_s and end - start >= HELD_BACK_SHARE * wall_s:
                held.append(
                    f"accelerator {index} was held back by {name} for {end - start:.3g} s of {wall_s:.3g} s"
                )
        for when, words in (("before", gpu.get("slowdown")), ("after", now and now["slowdown"])):
            if words:
                held.append(f"accelerator {index}, {when} the run: {', '.join(words)}")
        if not told:
            unknown.append(f"unknown: accelerator {index} does not count the time it was held back")
    return _verdict(held, unknown), held + unknown


def _verdict(seen: Sequence[str], unknown: Sequence[str]) -> bool | None:
    """Yes for what was seen, no only where nothing stayed unknown."""
    if seen:
        return True
    return None if unknown else False


def _during_reasons(
    during: During, wall_s: float | None, cpus: float
) -> tuple[list[str], bool, list[str]]:
    """Reasons for "contended", whether enough was measured to say "not", and remarks."""
    wait = _number(during.get("run_queue_wait_s"))
    others = _number(during.get("others_cpu_s"))
    pressure = _number(during.get("cpu_pressure_s"))
    if pressure is None:
        pressure = _number(during.get("psi_some_delta"))
    if during.get("pinned_to"):
        pressure = None  # it is of the whole machine, the run had a part of it
    steal = _number(during.get("steal_s"))
    memory = _number(during.get("memory_pressure_s"))
    if not wall_s:
        return [], False, []
    reasons, notes = [], []
    if others is not None and others >= max(SMALLEST_S, OTHERS_SHARE * cpus * wall_s):
        share = others / wall_s
        reasons.append(
            f"others used {share:.2f} of {cpus:g} CPUs during the run (limit {OTHERS_SHARE:.0%})"
        )
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
    if memory is not None and memory >= max(SMALLEST_S, MEMORY_WAIT_SHARE * wall_s):
        reasons.append(
            f"some task waited for memory {memory / wall_s:.0%} of the time (limit {MEMORY_WAIT_SHARE:.0%})"
        )
    if steal is not None and steal >= max(SMALLEST_S, STEAL_SHARE * cpus * wall_s):
        reasons.append(
            f"the host took {steal / (cpus * wall_s):.0%} of the CPU time (limit {STEAL_SHARE:.0%})"
        )
    return reasons, wait is not None and others is not None, notes


def _others_share(during: During, wall_s: float | None, cpus: float) -> float | None:
    """The share of the CPUs' time, or of that of waiting for memory, that was not the job's."""
    others = _number(during.get("others_cpu_s"))
    if not wall_s or others is None:
        return None
    taken = others + (_number(during.get("steal_s")) or 0.0)
    memory = _number(during.get("memory_pressure_s")) or 0.0
    return min(1.0, max(taken / cpus, memory) / wall_s)


def _pace_changed(during: During) -> list[str]:
    """By the canary: what no counter of a guest shows, a clock or a neighbour on the host."""
    first, last = _number(during.get("canary_start_s")), _number(during.get("canary_end_s"))
    if not first or not last or max(first, last) < (1 + CANARY_CHANGE) * min(first, last):
        return []
    took = f"{1e3 * first:.3g} ms before the run and {1e3 * last:.3g} ms after it"
    return [f"a fixed piece of work took {took} (limit {CANARY_CHANGE:.0%})"]


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
