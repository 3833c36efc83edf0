"""Proves an executor end to end with one trivial run, and says what it found there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping

from leadline.core.canonical import object_in
from leadline.core.errors import LeadlineError
from leadline.core.timestamps import duration
from leadline.core.typed import TYPE_CHECKING, Any, TypedDict, cast
from leadline.job.disk import make_folders, open_to_read
from leadline.ports.executor import HERE, OVER, UNPACKED, holds_of
from leadline.services.context import Context
from leadline.services.out_path import write_whole
from leadline.services.run.device import leased, named, place_kept
from leadline.services.run.facts import capture_code
from leadline.services.run.progress import clock_ahead_s
from leadline.services.run.spec import SPEC
from leadline.services.run.where import unpacked_code, with_setup

if TYPE_CHECKING:
    from leadline.ports.attempt import Handle, Result, Spec
    from leadline.ports.executor import Executor

WAIT_S = 120.0
CLOCK_OFF_S = 5.0
# What a run there sees. Any python3 will do: it is the one that commands would find.
PROBE = """
import json, os, shutil, subprocess, sys, time
def said(*argv):
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
def held(path):
    try:
        return open(path).read()
    except OSError:
        return ""
gpus = said("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").splitlines()
tpus = [n for n in os.listdir("/dev") if n.startswith("accel")] if os.path.isdir("/dev") else []
print(json.dumps({
    "python": sys.version.split()[0], "executable": sys.executable, "git": said("git", "--version"),
    "host": os.uname().nodename, "devices": gpus or tpus, "cpus": os.cpu_count(),
    "epoch_s": time.time(), "seen": held(sys.argv[1]), "cwd": os.getcwd(), "files": len(os.listdir(".")),
    "free_bytes": shutil.disk_usage(".").free,
}))
"""


class Finding(TypedDict):
    """``ok``: None where it is a fact and no verdict."""

    what: str
    found: str
    ok: bool | None


class Checked(TypedDict):
    executor: str
    ok: bool
    findings: list[Finding]
    next: list[str]  # what mends it


def check(context: Context, name: str, wait_s: float = WAIT_S) -> Checked:
    """A trivial run through ``name``, waited for at most so long. Raises LeadlineError where the
    executor is not known here; what it then meets is a finding."""
    executor = context.executor_for(name)
    token, folder = _fresh_folder(context)
    seen = os.path.join(folder, "token")
    write_whole(seen, token.encode())
    argv = ["python3", "-I", "-S", "-c", PROBE, seen]
    findings: list[Finding] = []
    mends: list[str] = []
    try:
        spec = _spec(context, executor, "executor-check", argv, token)
        _keep_spec(folder, {**spec, "timeout_s": wait_s, "grace_s": 1.0})
        began = context.clock.now_ms() / 1000
        handle = executor.submit(folder, {})
        findings.append({"what": "submit", "found": "taken", "ok": True})
        result = _waited(context, executor, folder, handle, wait_s)
        ended = context.clock.now_ms() / 1000
        findings += _told(folder, result, token, began, ended)
        if (off_s := clock_ahead_s(handle)) and findings[-1]["what"] == "clock":
            way = "ahead" if off_s > 0 else "behind"
            found = f"{duration(abs(off_s))} {way}: the times of its runs are set right by that"
            findings[-1] = {"what": "clock", "found": found, "ok": None}
    except LeadlineError as error:
        found = f"{error.what}: {error.why}" if error.kind == "environment" else error.what
        findings.append({"what": "submit", "found": found.rstrip(": "), "ok": False})
        asked = (f"leadline executor check {name}", f"leadline executor show {name}")
        mends = [command for command in error.next if command not in asked]
    _cleared(folder, findings)
    return {
        "executor": name,
        "ok": all(one["ok"] is not False for one in findings),
        "findings": findings,
        "next": [*mends, f"leadline executor show {name}"],
    }


def unrecorded(
    context: Context, place: str, argv: list[str], watcher: Callable[..., bool]
) -> dict[str, Any]:
    """Runs a command while it holds a device, ``EXECUTOR:DEVICE``; nothing is recorded. Raises
    LeadlineError: the device is taken, and as ``Executor.submit``."""
    name, device = named(place)
    executor = context.executor_for(name)
    token, folder = _fresh_folder(context)
    spec = _spec(context, executor, "device-exec", argv, token)
    resources: Mapping[str, object] = {}
    if holds_of(executor):
        resources = place_kept(context, name, device) or {"device": device}
    else:
        spec = {**spec, **leased(context, name, [device], " ".join(argv)[:60], "")}
    _keep_spec(folder, spec)
    handle = executor.submit(folder, resources)
    watcher(executor, folder, handle)
    result = executor.result(folder)
    _cleared(folder, [])
    return cast("dict[str, Any]", result or {"state": "lost", "exit_code": None})


def _fresh_folder(context: Context) -> tuple[str, str]:
    """A token of its own, and an attempt folder that is named by it."""
    token = os.urandom(12).hex()
    folder = os.path.join(context.root, "checks", token, "attempt-1")
    make_folders(folder)
    return token, folder


def _spec(context: Context, executor: Executor, run: str, argv: list[str], token: str) -> Spec:
    """What runs ``argv`` there, unlimited in time, with the present code where it runs elsewhere."""
    spec: Spec = {
        "v": 1,
        "run": run,
        "attempt": 1,
        "argv": argv,
        "cwd": context.cwd,
        "env": {},
        "timeout_s": None,
        "grace_s": 5.0,
        "cookie": token,
        "max_output_bytes": None,
    }
    if executor.place == HERE:
        return with_setup(context, executor, spec, context.toplevel)
    code = capture_code(context)
    commit, tree = str(code["commit"]), str(code["tree"])
    top = context.toplevel
    if executor.place == UNPACKED:
        top = unpacked_code(context, code)
    spec = {**spec, "cwd": top, "code": {"commit": commit, "tree": tree, "top": top}}
    return with_setup(context, executor, spec, top)


def _keep_spec(folder: str, spec: Spec) -> None:
    write_whole(os.path.join(folder, SPEC), json.dumps(spec).encode(), on_disk=True)


def _waited(
    context: Context, executor: Executor, folder: str, handle: Handle, wait_s: float
) -> Result | None:
    """Its result; None, and the attempt cancelled, when it does not come."""
    end = context.clock.now_ms() + 1000 * wait_s
    state = ""
    while state not in OVER and (left_ms := end - context.clock.now_ms()) > 0:
        state = executor.wait([(folder, handle)], left_ms / 1000)[folder]
    if state not in OVER:
        executor.cancel(folder, handle)
    return executor.result(folder)


def _told(
    folder: str, result: Result | None, token: str, began: float, ended: float
) -> list[Finding]:
    if result is None:
        meant = _last_line(folder, "supervisor.err")
        told = f"it was not started: {meant}" if meant else "it did not end: is the queue full?"
        return [{"what": "run", "found": told, "ok": False}]
    if result.get("state") != "done":
        why = result.get("reason") or _last_line(folder, "stderr.log")
        missing = result.get("exit_code") == 127
        what = "python" if missing else "run"
        return [{"what": what, "found": f"{result.get('state')}: {why}", "ok": False}]
    try:
        with open(open_to_read(os.path.join(folder, "stdout.log")), encoding="utf-8") as file:
            said: dict[str, Any] = dict(object_in(file.read()))
    except (OSError, ValueError):
        return [{"what": "output", "found": "it did not come back whole", "ok": False}]
    took = duration(ended - began)
    there = float(said["epoch_s"])
    off_s = max(0.0, began - there, there - ended)
    devices = ", ".join(dict.fromkeys(said["devices"]))
    counted = f"{len(said['devices'])} x {devices}" if devices else "none seen"
    shared = "shared" if said["seen"] == token else "not shared: results are fetched"
    clock = "agrees" if off_s < 0.5 else f"{duration(off_s)} off"
    return [
        {"what": "run", "found": f"done, there and back in {took}", "ok": True},
        {"what": "host", "found": f"{said['host']}, {said['cpus']} CPUs", "ok": None},
        {"what": "python", "found": f"{said['python']} ({said['executable']})", "ok": True},
        {"what": "git", "found": said["git"] or "none", "ok": None},
        {"what": "devices", "found": counted, "ok": None},
        {"what": "files", "found": f"{shared}; in {said['cwd']}", "ok": None},
        {"what": "free", "found": f"{said['free_bytes'] / 1e9:.1f} GB", "ok": None},
        {"what": "clock", "found": clock, "ok": off_s < CLOCK_OFF_S},
    ]


def _last_line(folder: str, name: str) -> str:
    try:
        with open(open_to_read(os.path.join(folder, name)), errors="replace") as file:
            return file.read()[-2000:].strip().rpartition("\n")[2]
    except OSError:
        return ""


def _cleared(folder: str, findings: list[Finding]) -> None:
    """What the check left here, when all went well; else it is there to be looked at."""
    if all(one["ok"] is not False for one in findings):
        import shutil  # noqa: PLC0415  start-up: 4 ms

        shutil.rmtree(os.path.dirname(folder), ignore_errors=True)
    else:
        findings.append({"what": "kept", "found": folder, "ok": None})
