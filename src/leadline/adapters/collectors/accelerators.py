"""Who uses the accelerators, and whether they are held back: by NVIDIA's library, else by lock
files and open devices.

A device file that some process holds open is in use, whatever made it; that is all a TPU or an
unknown device tells. Only root sees what the processes of others hold open: where one cannot be
looked into the answer is None (unknown), never "nobody". The library is imported only where the
driver's files exist. Clocks are read as they stand; a slowdown that came and went during a run
shows in the counters of held-back time (``nvmlDeviceGetViolationStatus``).
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Collection

from leadline.adapters.collectors.hardware import has_nvidia_gpu
from leadline.adapters.collectors.kernel_files import listed, read, word
from leadline.adapters.collectors.processes import own, table
from leadline.core.typed import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from leadline.core.record.bodies import AcceleratorFacts, DeviceUser, LockFacts

LOCK_FILES = ("/tmp/libtpu_lockfile",)
# folder, names of the devices in it
DEVICE_FILES = (("dev", r"accel\d+|kfd"), ("dev/vfio", r"\d+"), ("dev/accel", r"accel\d+"))
NVIDIA_FILES = ("dev", r"nvidia\d+")
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
# services that compute nothing
_KEEPERS = ("nvidia-persiste", "nv-hostengine", "nv-fabricmanage", "nvidia-powerd")


class NvidiaFacts(TypedDict):
    """What NVIDIA's library says; ours are not among the processes."""

    processes: list[DeviceUser]
    devices: list[AcceleratorFacts]


class AcceleratorState(TypedDict):
    """``processes`` None: unknown, and why. ``devices``: NVIDIA's; empty without accelerators; None
    where there is one whose state nothing tells."""

    processes: list[DeviceUser] | None
    devices: list[AcceleratorFacts] | None
    unknown: list[str]


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
        match = re.search(rf" (-?\d+) [0-9a-f]+:[0-9a-f]+:{inode} ", table_of_locks)
        pid = int(match.group(1)) if match else None
        if pid is not None and pid in own(table(root)):
            continue
        name = word(root, f"proc/{pid}/comm") if pid and pid > 0 else ""
        found.append({"path": path, "held": match is not None, "pid": pid, "name": name})
    return found


def device_files(root: str, more: Collection[str] = (), nvidia: bool = False) -> list[str]:
    """Device files of accelerators, and those of ``more`` that exist; NVIDIA's only when
    ``nvidia``."""
    found = [path for path in more if os.path.exists(os.path.join(root, path.lstrip("/")))]
    for folder, pattern in (*DEVICE_FILES, *((NVIDIA_FILES,) if nvidia else ())):
        found += [
            f"/{folder}/{name}"
            for name in listed(root, folder) or ()
            if re.fullmatch(pattern, name)
        ]
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


def nvidia(root: str, hide: Callable[[str], str], library: Any = None) -> NvidiaFacts | None:
    """What NVIDIA's library says of every GPU: ``processes`` (``index, pid, name``; ours are not in
    it) and ``devices`` (``index, utilisation_percent, sm_clock_mhz, sm_clock_max_mhz, slowdown``:
    words; ``held_back_s``: seconds since the driver was loaded, for ``power`` and ``thermal``).
    What a GPU does not tell is None.

    None when the library is not there or does not work. ``library`` stands in for ``pynvml`` in
    tests.
    """
    if library is None:
        try:
            library = importlib.import_module("pynvml")
        except ImportError:
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


def state(
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
    without = "nvidia-ml-py is not installed or does not work, and " if told is None else ""
    why = f"processes on the accelerator cannot be listed: {without}open files of other processes cannot be read"
    devices = None if told is None or files else told["devices"]
    unknown = [why] if held is None else []
    return {"processes": known or held, "devices": devices, "unknown": unknown}
