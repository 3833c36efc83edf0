"""What the machine is that a job ran on, for a job that did not run where it was asked for.

Stands alone like the supervisor (standard library only), which asks for it when the command has
ended, so that it disturbs nothing.
"""

from __future__ import annotations

import json
import os
import time
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

PATIENCE_S = 10
KEPT_S = 3600.0  # of what asking takes longer than a short run
_ASK_PYTHON = (
    "import platform,sys;print(platform.python_version(),sys.implementation.name,sys.executable)"
)


def facts(argv: Sequence[str], env: Mapping[str, str]) -> dict[str, Any]:
    """``hardware``, ``devices`` and ``software`` as a record has them; what is not known is left
    out."""
    known = _kept(argv[0], env)
    gpus, tpus = known["hardware"]["gpus"], known["hardware"]["tpus"]
    visible = env.get("CUDA_VISIBLE_DEVICES")
    seen = [one for one in visible.split(",") if one] if visible is not None else None
    devices: dict[str, Any] = {"kind": "cpu", "count": os.cpu_count(), "visible": None}
    if gpus:
        devices = {"kind": "gpu", "count": len(gpus if seen is None else seen), "visible": seen}
    elif tpus:
        devices = {"kind": "tpu", "count": len(tpus), "visible": None}
    return {**known, "devices": devices}


def _kept(program: str, env: Mapping[str, str]) -> dict[str, Any]:
    """What does not change from run to run, asked once an hour: a short run is not to wait for it."""
    folder = f"/tmp/leadline-{os.getuid()}"
    asked = f"{env.get('PATH', '')}:{program}"
    # A short name, which two may share: whose answer it is stands inside.
    path = f"{folder}/machine-{os.uname().nodename[:40]}-{zlib.crc32(os.fsencode(asked)):08x}.json"
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        about = os.lstat(folder)
        ours = about.st_uid == os.getuid() and not about.st_mode & 0o077
        if ours and time.time() - os.lstat(path).st_mtime < KEPT_S:
            with open(path, encoding="utf-8") as file:
                kept: dict[str, Any] = json.load(file)
            if kept.pop("asked", None) == asked:
                return kept
    except (OSError, ValueError):
        pass
    found = {"hardware": _hardware(), "software": _software(program, env)}
    try:
        with open(f"{path}.{os.getpid()}", "x", encoding="utf-8") as file:
            json.dump({**found, "asked": asked}, file)
        os.rename(f"{path}.{os.getpid()}", path)
    except OSError:
        pass
    return found


def _hardware() -> dict[str, Any]:
    return {
        "host": os.uname().nodename,
        "machine": os.uname().machine,
        "cpu_model": _cpu_model(),
        "cpu_count": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "gpus": _gpus(),
        "tpus": sorted(f"/dev/{name}" for name in _names("/dev") if name.startswith("accel")),
    }


def _software(named: str, env: Mapping[str, str]) -> dict[str, Any]:
    import shutil

    found: dict[str, Any] = {"os": os.uname().sysname, "kernel": os.uname().release}
    program = shutil.which(named, path=env.get("PATH"))
    if program is None or not os.path.basename(program).startswith("python"):
        return {
            **found,
            "python": None,
            "python_unknown_because": "the command is no Python program",
        }
    words = _said([program, "-c", _ASK_PYTHON], env).split(None, 2)
    if len(words) == 3:
        version, name, path = words
        found |= {"python": version, "implementation": name, "interpreter": path}
    return found


def _gpus() -> list[dict[str, Any]]:
    query = "index,name,memory.total,driver_version"
    rows = _said(["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader,nounits"]).split(
        "\n"
    )
    found = []
    for row in rows:
        words = [word.strip() for word in row.split(",")]
        if len(words) == 4 and words[0].isdigit():
            memory = int(float(words[2]) * (1 << 20)) if words[2].isdigit() else None
            found.append(
                {
                    "index": int(words[0]),
                    "name": words[1],
                    "memory_bytes": memory,
                    "driver": words[3],
                }
            )
    return found


def _cpu_model() -> str | None:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return None


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _said(argv: Sequence[str], env: Mapping[str, str] | None = None) -> str:
    import subprocess

    try:
        return subprocess.run(
            argv, env=env, capture_output=True, text=True, timeout=PATIENCE_S, errors="replace"
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
