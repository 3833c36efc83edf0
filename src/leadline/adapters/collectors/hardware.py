"""What machine a run is on: processor, memory, limits of the container, accelerators.

Facts that cannot change before a reboot are kept in one small file per boot; limits and visibility
are read each time. Accelerator libraries are imported only where the driver's files exist, because
importing one costs more than the whole rest. ``root`` stands for ``/`` so that other machines can
be described from a copy of their files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping

from leadline.adapters.files import write_cache
from leadline.core.canonical import object_in
from leadline.core.record.conform import field_misfit
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.job.preflight import has_nvidia_gpu

if TYPE_CHECKING:
    from leadline.core.record.bodies import DeviceFacts, GpuFacts, HardwareFacts


def collect(cache_dir: str, root: str = "/") -> HardwareFacts:
    """``host, machine, cpu_model, cpu_count, cpu_affinity, memory_bytes, cgroup_cpu_limit`` (CPUs),
    ``cgroup_memory_limit_bytes, virtualised`` (``vm``, ``container``, ``none`` or None), ``gpus``
    (list of ``index, name, memory_bytes, driver``), ``tpus`` (device files), ``niceness`` where it is not 0. What
    cannot be read is None, never guessed."""
    uname = os.uname()
    boot = _read(root, "proc/sys/kernel/random/boot_id")
    driver = _driver(root)
    stamp = [1, boot, uname.nodename, driver, sorted(_gpu_folders(root)), root]
    cache = os.path.join(cache_dir, "hardware.json")
    facts = _load(cache, stamp) if boot else None
    if facts is None:
        facts = _facts(root, driver)
        if boot:
            write_cache(cache, {"stamp": stamp, "facts": facts})
    return {
        "host": uname.nodename,
        "machine": uname.machine,
        **facts,
        "cpu_affinity": _affinity(),
        **_niceness(),
        "cgroup_cpu_limit": _cgroup_cpu_limit(root),
        "cgroup_memory_limit_bytes": _cgroup_memory_limit(root),
        "tpus": tpu_files(root),
    }


def devices(env: Mapping[str, str], root: str = "/") -> DeviceFacts:
    """``{"kind": "gpu"|"tpu"|"cpu", "count", "visible"}``: what a process started with ``env`` may
    use.

    ``visible`` is the list that a visibility variable names, or None when none is set. For ``cpu``
    the count is the number of CPUs the process may run on.
    """
    nvidia = len(_gpu_folders(root)) or len(_numbered(root, "dev", "nvidia"))
    amd = _amd_gpus(root)
    tpus = len(tpu_files(root))
    for count, variables in (
        (nvidia, ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")),
        (amd, ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")),
    ):
        if count:
            visible = _visible(env, variables, count)
            if visible is None or visible:
                return {
                    "kind": "gpu",
                    "count": count if visible is None else len(visible),
                    "visible": visible,
                }
            return {"kind": "cpu", "count": len(_affinity()) or None, "visible": []}
    if tpus:
        visible = _visible(env, ("TPU_VISIBLE_CHIPS", "TPU_VISIBLE_DEVICES"), tpus)
        return {
            "kind": "tpu",
            "count": tpus if visible is None else len(visible),
            "visible": visible,
        }
    return {"kind": "cpu", "count": len(_affinity()) or None, "visible": None}


def tpu_files(root: str = "/") -> list[str]:
    """``/dev/accelN``, and ``/dev/vfio/N`` where a Google device is on the bus."""
    found = [f"/dev/{name}" for name in _numbered(root, "dev", "accel")]
    groups = _numbered(root, "dev/vfio")
    if groups and _google_device(root):
        found += [f"/dev/vfio/{name}" for name in groups]
    return found


def _facts(root: str, driver: str | None) -> HardwareFacts:
    cpuinfo = _read(root, "proc/cpuinfo") or ""
    model = re.search(r"^(?:model name|Model|cpu model)\s*:\s*(.+)$", cpuinfo, re.M)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", _read(root, "proc/meminfo") or "", re.M)
    memory_bytes = int(memory.group(1)) * 1024 if memory else None
    return {
        "cpu_model": model.group(1).strip() if model else None,
        "cpu_count": len(re.findall(r"^processor\s*:", cpuinfo, re.M)) or os.cpu_count(),
        "memory_bytes": memory_bytes,
        "virtualised": _virtualised(root, cpuinfo),
        "gpus": _gpus(root, driver),
    }


def _virtualised(root: str, cpuinfo: str) -> str | None:
    if any(
        os.path.exists(os.path.join(root, name)) for name in (".dockerenv", "run/.containerenv")
    ):
        return "container"
    if not cpuinfo:
        return None
    return "vm" if re.search(r"^flags\s*:.*\bhypervisor\b", cpuinfo, re.M) else "none"


def _niceness() -> HardwareFacts:
    """How far the run gives way to others, where it does: as rarely asked for as not."""
    niceness = os.nice(0)
    return {"niceness": niceness} if niceness else {}


def _affinity() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


# --- limits of the control group ------------------------------------------------------------------


def _cgroup_cpu_limit(root: str) -> float | None:
    """The tightest limit between this process and the top, in CPUs; None when there is none."""
    limits = []
    for folder in _cgroup_folders(root, "cpu"):
        quota, _, period = (_read(root, folder + "/cpu.max") or "").strip().partition(" ")
        if not quota:
            quota = (_read(root, folder + "/cpu.cfs_quota_us") or "").strip()
            period = (_read(root, folder + "/cpu.cfs_period_us") or "").strip()
        if quota.isdigit() and period.isdigit() and int(period):
            limits.append(int(quota) / int(period))
    return min(limits, default=None)


def _cgroup_memory_limit(root: str) -> int | None:
    limits = []
    for folder in _cgroup_folders(root, "memory"):
        text = (
            _read(root, folder + "/memory.max")
            or _read(root, folder + "/memory.limit_in_bytes")
            or ""
        )
        # version 1 writes a huge number for "no limit"
        if text.strip().isdigit() and int(text) < 1 << 60:
            limits.append(int(text))
    return min(limits, default=None)


def _cgroup_folders(root: str, controller: str) -> list[str]:
    path, base = "/", "sys/fs/cgroup"
    for line in (_read(root, "proc/self/cgroup") or "").splitlines():
        number, controllers, where = [*line.split(":", 2), "", ""][:3]
        if controller in controllers.split(","):
            path, base = where, f"sys/fs/cgroup/{controller}"
            break
        if number == "0":
            path = where
    folders = []
    while path not in ("", "/"):
        folders.append(base + path)
        path = path.rpartition("/")[0]
    return [*folders, base]


# --- accelerators ---------------------------------------------------------------------------------


def _gpu_folders(root: str) -> list[str]:
    return _listed(root, "proc/driver/nvidia/gpus")


def _driver(root: str) -> str | None:
    text = _read(root, "proc/driver/nvidia/version")
    if not text:  # most machines have none
        return None
    found = re.search(r"Kernel Module.*?\s(\d+\.\d+(?:\.\d+)?)\s", text)
    return found.group(1) if found else None


def _gpus(root: str, driver: str | None) -> list[GpuFacts]:
    if not has_nvidia_gpu(root):
        return []
    if root == "/":
        known = _gpus_by_library()
        if known:
            return known
    gpus: list[GpuFacts] = []
    for index, name in enumerate(_gpu_folders(root)):
        text = _read(root, f"proc/driver/nvidia/gpus/{name}/information") or ""
        model = re.search(r"^Model:\s*(.+?)\s*$", text, re.M)
        title = model.group(1) if model else None
        gpus.append({"index": index, "name": title, "memory_bytes": None, "driver": driver})
    return gpus or [
        {"index": i, "name": None, "memory_bytes": None, "driver": driver}
        for i, _ in enumerate(_numbered(root, "dev", "nvidia"))
    ]


def _gpus_by_library() -> list[GpuFacts]:
    """By nvidia-ml-py where it is installed; an empty list when it is not or does not work."""
    try:
        pynvml = __import__("pynvml")
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
        driver = _text(pynvml.nvmlSystemGetDriverVersion())
        gpus: list[GpuFacts] = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            gpus.append(
                {
                    "index": index,
                    "name": _text(pynvml.nvmlDeviceGetName(handle)),
                    "memory_bytes": int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
                    "driver": driver,
                }
            )
        pynvml.nvmlShutdown()
        return gpus
    except pynvml.NVMLError:
        return []


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _amd_gpus(root: str) -> int:
    if not os.path.exists(os.path.join(root, "dev/kfd")):
        return 0
    nodes = "sys/class/kfd/kfd/topology/nodes"
    return sum(
        (_read(root, f"{nodes}/{n}/gpu_id") or "0").strip() != "0" for n in _numbered(root, nodes)
    )


def _google_device(root: str) -> bool:
    bus = "sys/bus/pci/devices"
    return any(
        (_read(root, f"{bus}/{name}/vendor") or "").strip() == "0x1ae0"
        for name in _listed(root, bus)
    )


def _visible(env: Mapping[str, str], variables: tuple[str, ...], count: int) -> list[str] | None:
    """What the first variable that is set names, read as the CUDA runtime does: it stops at the
    first bad index."""
    for variable in variables:
        value = env.get(variable)
        if value is None or value == "all":
            continue
        visible: list[str] = []
        for item in (part.strip() for part in value.split(",")):
            if not item or item in ("none", "void", "NoDevFiles") or item.startswith("-"):
                break
            if item.isdigit() and int(item) >= count:
                break
            visible.append(item)
        return visible
    return None


# --- reading and remembering ----------------------------------------------------------------------


def _listed(root: str, folder: str, wanted: Callable[[str], bool] = bool) -> list[str]:
    """The names in a folder that are ``wanted``; none where it cannot be read."""
    try:
        names = filter(wanted, os.listdir(os.path.join(root, folder)))
    except OSError:
        return []
    return sorted(names, key=lambda name: (len(name), name))  # nvidia2 before nvidia10


def _numbered(root: str, folder: str, prefix: str = "") -> list[str]:
    """Those that are ``prefix`` and a number."""
    at = len(prefix)
    return _listed(root, folder, lambda name: name.startswith(prefix) and name[at:].isdecimal())


def _read(root: str, path: str) -> str | None:
    try:
        with open(os.path.join(root, path.lstrip("/")), encoding="utf-8", errors="replace") as file:
            return file.read(4_000_000)
    except OSError:
        return None


def _load(path: str, stamp: list[Any]) -> HardwareFacts | None:
    try:
        with open(path, encoding="utf-8") as file:
            value = object_in(file.read())
    except (OSError, ValueError):
        return None
    if value.get("stamp") != stamp or field_misfit("RunPlannedBody", "hardware", value["facts"]):
        return None
    return cast("HardwareFacts", value["facts"])
