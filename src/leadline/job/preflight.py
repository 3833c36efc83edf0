"""What else uses the machine, read before a run and after it, on the machine that runs it.

Stands alone like the supervisor (standard library only), which asks for it where a job does not run
where it was asked for; a run that starts where the user stands is looked at by the same code. It
only reads: what the readings mean is judged where the record is written. What cannot be read is
None, never "nobody".

A device file that some process holds open is in use, whatever made it; that is all a TPU or an
unknown device tells. Only root sees what the processes of others hold open: where one cannot be
looked into the answer is unknown. NVIDIA's library is loaded only where the driver's files exist,
and asked with nothing installed where its Python package is not. Clocks are read as they stand; a
slowdown that came and went during a run shows in the counters of held-back time
(``nvmlDeviceGetViolationStatus``).

This process, its ancestors and its descendants are never "others". Walking all processes costs about
a millisecond, so it is done only when something says that the machine is busy. ``root`` stands for
``/`` so that another machine can be described from a copy of its files.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from typing import Any, TypedDict

    from leadline.core.record.bodies import (
        AcceleratorFacts,
        BusyProcess,
        DeviceUser,
        During,
        LockFacts,
        Preflight,
    )

    class NvidiaFacts(TypedDict):
        """What NVIDIA's library says; ours are not among the processes."""

        processes: list[DeviceUser]
        devices: list[AcceleratorFacts]

    class AcceleratorState(TypedDict):
        """``processes`` None: unknown, and why. ``devices``: NVIDIA's; empty without accelerators;
        None where there is one whose state nothing tells."""

        processes: list[DeviceUser] | None
        devices: list[AcceleratorFacts] | None
        unknown: list[str]


CANARY_TIMES, CANARY_STEPS = 5, 50_000  # 5 times some 4 ms
LEASES = "/tmp/leadline-devices"
PRESSURE_PERCENT = 10.0  # of the last 10 s some task waited for a CPU
MAX_NAMED = 10
PROCESS_CPU_SHARE = 0.10  # of one CPU, below which a process is not worth naming
_SAMPLE_S = 0.004
_KERNEL_THREAD = 0x00200000  # PF_KTHREAD, from the kernel's include/linux/sched.h
_MAX_CPUS = 256  # whose counters are read
LOCK_FILES = ("/tmp/libtpu_lockfile",)
# folder, what the names of the devices in it begin with before their number
DEVICE_FILES = (("dev", "accel"), ("dev/vfio", ""), ("dev/accel", "accel"))
NVIDIA_FILES = ("dev", "nvidia")
# Bits of nvmlDeviceGetCurrentClocksEventReasons (nvml.h) that mean the clock is held down against
# the program's wish.
SLOWDOWN_REASONS = (
    (0x0000000000000004, "software power cap"),
    (0x0000000000000008, "hardware slowdown"),
    (0x0000000000000020, "software thermal slowdown"),
    (0x0000000000000040, "hardware thermal slowdown"),
    (0x0000000000000080, "hardware power brake"),
)
_VIOLATIONS = ((0, "power"), (1, "thermal"))  # NVML_PERF_POLICY_POWER, NVML_PERF_POLICY_THERMAL
_MAX_PROCESSES = 16
_MAX_RUNNING = 256  # that are asked of the driver, ours among them
_TOO_SMALL = 7  # NVML_ERROR_INSUFFICIENT_SIZE: there are more processes than places
# services that compute nothing
_KEEPERS = ("nvidia-persiste", "nv-hostengine", "nv-fabricmanage", "nvidia-powerd")


def seen(
    root: str = "/",
    hide: Callable[[str], str] = str,
    *,
    lock_files: Sequence[str] = (),
    device_paths: Sequence[str] = (),
    gpu_library: Any = None,
    own_devices: Collection[str] = (),
) -> Preflight:
    """State of the machine now: ``load_1m, runnable, cpu_pressure_percent, cpu_count, pinned_to``
    (CPUs, when this process may use only some), ``memory_available_bytes, memory_bytes, governor,
    turbo, throttle_counts, locks, others`` (busy processes of others: pid, name, CPU share),
    ``others_total, accelerator_processes, accelerators``, in ``reasons`` what is unknown, and in
    ``remarks`` who has leased what (but ``own_devices``).

    ``gpu_library`` stands in for ``pynvml``. Names are bare process names, never arguments, and
    pass ``hide``.
    """
    cpus, pinned = _usable_cpus(root)
    load, runnable = _load(root)
    pressure = _pressure(root)
    total, available = _memory(root)
    busy = (
        (runnable or 0) >= 2
        or (pressure or 0) >= PRESSURE_PERCENT / 2
        or (load or 0) >= 0.7 * len(cpus)
    )
    on_cpus = cpus if pinned else None
    others = busy_others(root, hide, on_cpus) if busy else []
    accelerator = accelerators(root, hide, device_paths, gpu_library)
    unknown = accelerator["unknown"]
    if load is None and pressure is None:
        unknown = [*unknown, "neither the load nor the CPU pressure can be read"]
    return {
        "load_1m": load,
        "runnable": runnable,
        "cpu_pressure_percent": pressure,
        "cpu_count": len(cpus),
        "pinned_to": on_cpus,
        "memory_available_bytes": available,
        "memory_bytes": total,
        "governor": _governor(root, cpus),
        "turbo": _turbo(root),
        "throttle_counts": throttle_counts(root),
        "locks": locks(root, lock_files),
        "others": others[:MAX_NAMED],
        "others_total": len(others),
        "accelerator_processes": accelerator["processes"],
        "accelerators": accelerator["devices"],
        "reasons": [f"unknown: {what}" for what in unknown],
        "remarks": leased(own_devices),
    }


def leased(but: Collection[str] = ()) -> list[str]:
    """Who holds or has reserved which device of this machine, in words."""
    folder = os.environ.get("LEADLINE_LEASES") or LEASES
    if not any(name.rpartition(".")[0] not in but for name in listed("/", folder[1:]) or ()):
        return []
    try:
        from leadline.job import lease
    except ImportError:  # beside us, where we stand alone
        lease = __import__("lease")
    try:
        rows = lease.listed()
    except OSError:
        return []
    return [
        lease.words(row["device"], row["holder"], row["state"])
        for row in rows
        if row["state"] != "free" and row["device"] not in but
    ]


def afterwards() -> During:
    """Who is on the accelerators when the command has ended, and how they stand."""
    found = accelerators("/", str)
    return {
        "accelerator_processes": found["processes"],
        "accelerators": found["devices"],
    }


def canary_s() -> float:
    """What a fixed piece of work takes now: the least of a few times, so that a process that comes
    between does not count and a clock that was lowered, or a neighbour on the host, does."""
    best = float("inf")
    for _ in range(CANARY_TIMES):
        started = time.perf_counter()
        value = 1
        for _ in range(CANARY_STEPS):
            value = (value * 1103515245 + 12345) & 0x7FFFFFFF
        best = min(best, time.perf_counter() - started)
    return round(best, 6)


# --- files of the kernel ---------------------------------------------------------------------------


def read(root: str, path: str) -> str:
    """The text of a file; empty when it cannot be read."""
    pieces = []
    # without a file object: a preflight reads a file of every process, and making one takes longer
    # than reading
    try:
        fd = os.open(os.path.join(root, path), os.O_RDONLY | os.O_CLOEXEC)
        try:
            while piece := os.read(fd, 1 << 16):
                pieces.append(piece)
        finally:
            os.close(fd)
    except (OSError, ValueError):
        return ""
    return b"".join(pieces).decode("utf-8", "replace")


def word(root: str, path: str) -> str:
    """The text of a file without space around it, or ``unknown``."""
    return read(root, path).strip() or "unknown"


def listed(root: str, path: str) -> list[str] | None:
    """The names in a folder; None when it cannot be read."""
    try:
        return sorted(os.listdir(os.path.join(root, path)))
    except OSError:
        return None


# --- processes -------------------------------------------------------------------------------------


class Process:
    """One line of the process table; ``share`` is of a CPU, on average since it started; ``cpu``
    where it ran last."""

    __slots__ = ("cpu", "is_kernel_thread", "name", "parent", "pid", "share", "state")

    def __init__(self, pid: int, name: str, fields: Sequence[str], uptime_s: float) -> None:
        ticks = os.sysconf("SC_CLK_TCK")
        lifetime_s = max(uptime_s - int(fields[19]) / ticks, 0.01)
        self.pid, self.name, self.state, self.parent = pid, name, fields[0], int(fields[1])
        self.share = (int(fields[11]) + int(fields[12])) / ticks / lifetime_s
        self.cpu = int(fields[36]) if len(fields) > 36 else None
        self.is_kernel_thread = bool(int(fields[6]) & _KERNEL_THREAD)


def table(root: str) -> dict[int, Process]:
    """Every process that can be read, by its id."""
    uptime_s = float((read(root, "proc/uptime").split() or ["0"])[0])
    found: dict[int, Process] = {}
    for entry in listed(root, "proc") or ():
        if not entry.isdigit():
            continue
        name, closing, rest = read(root, f"proc/{entry}/stat").partition("(")[2].rpartition(")")
        fields = rest.split()
        if closing and len(fields) > 19:
            found[int(entry)] = Process(int(entry), name, fields, uptime_s)
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


# --- accelerators ----------------------------------------------------------------------------------


def locks(root: str, files: Collection[str] = ()) -> list[LockFacts]:
    """Lock files that exist: ``path``, ``held`` (True, False: stale, None: cannot be told),
    ``pid``, ``name``.

    ``files``: further paths. A lock held by this process or its family is not listed.
    """
    found: list[LockFacts] = []
    for path in dict.fromkeys((*LOCK_FILES, *files)):
        try:
            inode = os.stat(os.path.join(root, path.lstrip("/"))).st_ino
        except OSError:
            continue
        table_of_locks = read(root, "proc/locks")
        if not table_of_locks and not os.path.exists(os.path.join(root, "proc/locks")):
            found.append({"path": path, "held": None, "pid": None, "name": ""})
            continue
        pid = _locker(table_of_locks, inode)
        if pid is not None and pid in own(table(root)):
            continue
        name = word(root, f"proc/{pid}/comm") if pid and pid > 0 else ""
        found.append({"path": path, "held": pid is not None, "pid": pid, "name": name})
    return found


def _locker(table_of_locks: str, inode: int) -> int | None:
    """Whose lock is on a file, as /proc/locks has it (-1: of an open file, of nobody alone)."""
    for line in table_of_locks.splitlines():
        words = line.split()
        at = 5 if words[1:2] == ["->"] else 4  # a lock that waits for another has an arrow
        if len(words) > at + 1 and words[at + 1].rpartition(":")[2] == str(inode):
            return int(words[at])
    return None


def device_files(root: str, more: Collection[str] = (), nvidia: bool = False) -> list[str]:
    """Device files of accelerators, and those of ``more`` that exist; NVIDIA's only when
    ``nvidia``."""
    found = [path for path in more if os.path.exists(os.path.join(root, path.lstrip("/")))]
    for folder, prefix in (*DEVICE_FILES, *((NVIDIA_FILES,) if nvidia else ())):
        found += [
            f"/{folder}/{name}"
            for name in listed(root, folder) or ()
            if name.startswith(prefix) and name[len(prefix) :].isdigit()
        ]
    if os.path.exists(os.path.join(root, "dev/kfd")):
        found.append("/dev/kfd")
    return list(dict.fromkeys(found))


def holders(
    root: str, files: Collection[str], hide: Callable[[str], str]
) -> list[DeviceUser] | None:
    """Processes of others that hold one of ``files`` open: ``index`` (the file), ``pid``, ``name``.

    None when nobody was found and the open files of some process cannot be read.
    """
    if not files:
        return []
    processes = table(root)
    family = own(processes)
    found: list[DeviceUser] = []
    wanted, unreadable = set(files), not processes
    for process in processes.values():
        if (
            process.pid in family
            or process.is_kernel_thread
            or process.state in "ZX"
            or process.name in _KEEPERS
        ):
            continue
        folder = os.path.join(root, f"proc/{process.pid}/fd")
        try:
            links = os.listdir(folder)
        except FileNotFoundError:
            continue  # it ended meanwhile
        except OSError:
            unreadable = True
            continue
        for name in sorted(
            {target for link in links if (target := _target(folder, link)) in wanted}
        ):
            found.append({"index": name, "pid": process.pid, "name": hide(process.name)})
    return found or (None if unreadable else [])


def _target(folder: str, link: str) -> str:
    try:
        return os.readlink(os.path.join(folder, link))
    except OSError:
        return ""


def has_nvidia_gpu(root: str = "/") -> bool:
    """Whether the files of NVIDIA's driver are there."""
    folders = listed(root, "proc/driver/nvidia/gpus")
    return bool(folders) or os.path.exists(os.path.join(root, "dev/nvidia0"))


def nvidia_library(path: str = "libnvidia-ml.so.1") -> Any:
    """``pynvml`` where it is installed, else the driver's library itself under the same names; None
    where there is none."""
    try:
        return __import__("pynvml")
    except ImportError:
        pass
    try:
        return DriverLibrary(path)
    except (ImportError, OSError):
        return None


class DriverLibrary:
    """The few functions of NVML (nvml.h) that are asked here, with the names that ``pynvml`` gives
    them. Raises ImportError, OSError: it cannot be loaded."""

    class NVMLError(Exception):
        """``args``: what the library returned."""

    def __init__(self, path: str) -> None:
        import ctypes

        self._c, self._library = ctypes, ctypes.CDLL(path)
        uint, ulonglong = ctypes.c_uint, ctypes.c_ulonglong

        class Running(ctypes.Structure):
            _fields_ = [
                ("pid", uint), ("used_bytes", ulonglong), ("gpu_instance", uint), ("compute_instance", uint)
            ]  # fmt: skip

        class Rates(ctypes.Structure):
            _fields_ = [("gpu", uint), ("memory", uint)]

        class Violation(ctypes.Structure):
            _fields_ = [("referenceTime", ulonglong), ("violationTime", ulonglong)]

        self._running, self._rates, self._violation = Running, Rates, Violation

    def _call(self, name: str, *arguments: Any) -> int:
        """Raises NVMLError: an old driver has no such function, or it failed."""
        try:
            status = int(getattr(self._library, name)(*arguments))
        except AttributeError:
            raise self.NVMLError(name) from None
        if status not in (0, _TOO_SMALL):
            raise self.NVMLError(status)
        return status

    def _number(self, name: str, kind: str, *arguments: Any) -> int:
        value = getattr(self._c, kind)()
        self._call(name, *arguments, self._c.byref(value))
        return int(value.value)

    def _filled(self, name: str, structure: Any, *arguments: Any) -> Any:
        value = structure()
        self._call(name, *arguments, self._c.byref(value))
        return value

    def nvmlInit(self) -> None:
        self._call("nvmlInit_v2")

    def nvmlShutdown(self) -> None:
        self._call("nvmlShutdown")

    def nvmlDeviceGetCount(self) -> int:
        return self._number("nvmlDeviceGetCount_v2", "c_uint")

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any:
        handle = self._c.c_void_p()
        self._call("nvmlDeviceGetHandleByIndex_v2", self._c.c_uint(index), self._c.byref(handle))
        return handle

    def nvmlDeviceGetComputeRunningProcesses(self, handle: Any) -> Iterable[Any]:
        room = (self._running * _MAX_RUNNING)()
        count = self._c.c_uint(_MAX_RUNNING)
        wanted = (handle, self._c.byref(count), room)
        try:
            self._call("nvmlDeviceGetComputeRunningProcesses_v3", *wanted)
        except self.NVMLError:  # drivers before 510 have the second, of the same layout
            self._call("nvmlDeviceGetComputeRunningProcesses_v2", *wanted)
        return room[: min(count.value, _MAX_RUNNING)]

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle: Any) -> int:
        return self._number("nvmlDeviceGetCurrentClocksThrottleReasons", "c_ulonglong", handle)

    def nvmlDeviceGetUtilizationRates(self, handle: Any) -> Any:
        return self._filled("nvmlDeviceGetUtilizationRates", self._rates, handle)

    def nvmlDeviceGetClockInfo(self, handle: Any, clock: int) -> int:
        return self._number("nvmlDeviceGetClockInfo", "c_uint", handle, self._c.c_uint(clock))

    def nvmlDeviceGetMaxClockInfo(self, handle: Any, clock: int) -> int:
        return self._number("nvmlDeviceGetMaxClockInfo", "c_uint", handle, self._c.c_uint(clock))

    def nvmlDeviceGetViolationStatus(self, handle: Any, policy: int) -> Any:
        return self._filled(
            "nvmlDeviceGetViolationStatus", self._violation, handle, self._c.c_uint(policy)
        )


def nvidia(root: str, hide: Callable[[str], str], library: Any = None) -> NvidiaFacts | None:
    """What NVIDIA's library says of every GPU: ``processes`` (``index, pid, name``; ours are not in
    it) and ``devices`` (``index, utilisation_percent, sm_clock_mhz, sm_clock_max_mhz, slowdown``:
    words; ``held_back_s``: seconds since the driver was loaded, for ``power`` and ``thermal``).
    What a GPU does not tell is None.

    None when the library is not there or does not work. ``library``: one with the names of
    ``pynvml``.
    """
    if library is None:
        library = nvidia_library()
        if library is None:
            return None
    try:
        library.nvmlInit()
    except library.NVMLError:
        return None
    try:
        handles = [
            library.nvmlDeviceGetHandleByIndex(i) for i in range(library.nvmlDeviceGetCount())
        ]
        processes = _nvidia_processes(root, hide, library, handles)
        return {
            "processes": processes,
            "devices": [_nvidia_device(library, i, h) for i, h in enumerate(handles)],
        }
    except library.NVMLError:
        return None
    finally:
        library.nvmlShutdown()


def _nvidia_processes(
    root: str, hide: Callable[[str], str], library: Any, handles: list[Any]
) -> list[DeviceUser]:
    running = [
        (i, int(p.pid))
        for i, h in enumerate(handles)
        for p in library.nvmlDeviceGetComputeRunningProcesses(h)
    ]
    family = own(table(root)) if running else set()
    others: list[DeviceUser] = [
        {"index": index, "pid": pid, "name": hide(word(root, f"proc/{pid}/comm"))}
        for index, pid in running
        if pid not in family
    ]
    return others[:_MAX_PROCESSES]


def _nvidia_device(library: Any, index: int, handle: Any) -> AcceleratorFacts:
    def ask(names: tuple[str, ...], *arguments: Any) -> Any:
        # the library renamed "throttle" to "event"; old drivers know one of the two
        for name in names:
            try:
                return getattr(library, name)(handle, *arguments)
            except (AttributeError, library.NVMLError):
                continue
        return None

    reasons = ask(
        ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons")
    )
    rates = ask(("nvmlDeviceGetUtilizationRates",))
    held_back = {}
    for policy, name in _VIOLATIONS:
        status = ask(("nvmlDeviceGetViolationStatus",), policy)
        held_back[name] = None if status is None else round(int(status.violationTime) / 1e9, 6)
    slowdown = None
    if reasons is not None:
        slowdown = [text for bit, text in SLOWDOWN_REASONS if int(reasons) & bit]
    return {
        "index": index,
        "utilisation_percent": None if rates is None else int(rates.gpu),
        "sm_clock_mhz": ask(("nvmlDeviceGetClockInfo",), 1),  # NVML_CLOCK_SM
        "sm_clock_max_mhz": ask(("nvmlDeviceGetMaxClockInfo",), 1),
        "slowdown": slowdown,
        "held_back_s": held_back,
    }


def accelerators(
    root: str, hide: Callable[[str], str], device_paths: Collection[str] = (), library: Any = None
) -> AcceleratorState:
    """Who uses the accelerators, and how they stand; ``unknown`` says what could not be asked.
    ``library``: NVIDIA's, where it is loaded already."""
    has_nvidia = library is not None or has_nvidia_gpu(root)
    nobody: NvidiaFacts = {"processes": [], "devices": []}
    told = nvidia(root, hide, library) if has_nvidia else nobody
    files = device_files(root, device_paths, nvidia=told is None)
    held = holders(root, files, hide)
    known = [*(told or nobody)["processes"], *(held or ())]
    without = "NVIDIA's library is not there or does not work, and " if told is None else ""
    why = f"processes on the accelerator cannot be listed: {without}open files of other processes cannot be read"
    devices = None if told is None or files else told["devices"]
    unknown = [why] if held is None else []
    return {"processes": known or held, "devices": devices, "unknown": unknown}


# --- readings --------------------------------------------------------------------------------------


def _usable_cpus(root: str) -> tuple[list[int], bool]:
    """The CPUs this process may use, and whether they are only some of those there are."""
    if not hasattr(os, "sched_getaffinity"):
        return list(range(os.cpu_count() or 1)), False
    mine = sorted(os.sched_getaffinity(0))
    online = _cpu_list(read(root, "sys/devices/system/cpu/online"))
    return mine, len(mine) < (len(online) or os.cpu_count() or 1)


def _cpu_list(text: str) -> list[int]:
    """``0-3,8`` as numbers."""
    found: list[int] = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if first.isdigit():
            found += range(int(first), int(last if last.isdigit() else first) + 1)
    return found


def _load(root: str) -> tuple[float | None, int | None]:
    fields = read(root, "proc/loadavg").split()
    if len(fields) < 4:
        return None, None
    return float(fields[0]), int(fields[3].split("/")[0])


def _pressure(root: str) -> float | None:
    for line in read(root, "proc/pressure/cpu").splitlines():
        kind, _, values = line.partition(" avg10=")
        if kind == "some":
            return float(values.split()[0])
    return None


def _memory(root: str) -> tuple[int | None, int | None]:
    found: dict[str, int] = {}
    for line in read(root, "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        if name in ("MemTotal", "MemAvailable"):
            found[name] = int(value.split()[0]) * 1024
    if len(found) < 2:
        return None, None
    return found["MemTotal"], found["MemAvailable"]


def _governor(root: str, cpus: Sequence[int]) -> str:
    """The frequency governors of the usable CPUs, or ``unknown`` (a virtual machine has none)."""
    base = "sys/devices/system/cpu"
    first = cpus[0] if cpus else 0
    if word(root, f"{base}/cpu{first}/cpufreq/scaling_governor") == "unknown":
        return "unknown"
    return ", ".join(
        sorted({word(root, f"{base}/cpu{n}/cpufreq/scaling_governor") for n in cpus[:_MAX_CPUS]})
    )


def _turbo(root: str) -> bool | None:
    """Whether the processor may go above its base clock; None where the system does not say."""
    off = word(root, "sys/devices/system/cpu/intel_pstate/no_turbo")
    if off in ("0", "1"):
        return off == "0"
    on = word(root, "sys/devices/system/cpu/cpufreq/boost")
    return on == "1" if on in ("0", "1") else None


def throttle_counts(root: str) -> dict[str, int] | None:
    """Thermal throttle events since boot, over all CPUs (``core``, ``package``); None where nothing
    counts them."""
    base = "sys/devices/system/cpu"
    if not word(root, f"{base}/cpu0/thermal_throttle/core_throttle_count").isdigit():
        return None
    names = [n for n in listed(root, base) or () if n.startswith("cpu") and n[3:].isdigit()][
        :_MAX_CPUS
    ]
    found = {"core": 0, "package": 0}
    for kind in found:
        for name in names:
            count = word(root, f"{base}/{name}/thermal_throttle/{kind}_throttle_count")
            found[kind] += int(count) if count.isdigit() else 0
    return found
