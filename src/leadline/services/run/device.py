"""Devices of a machine: who has which, and keeping one for oneself.

The lease of a device is a lock that the processes of a run hold (``leadline.job.lease``); a
reservation is one that a sleeping process holds, with a key that lies in this repository alone. An
engine that deals its devices out keeps one by a job that has it and waits for work: the runs of this
repository that need the device go into that job.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence

from leadline.core.errors import conflict, refused, usage
from leadline.core.typed import TYPE_CHECKING, Any, TypedDict, cast
from leadline.job.disk import discard, make_folders
from leadline.ports.executor import device_taken, holds_of, leases_of
from leadline.services.context import Context
from leadline.services.out_path import object_at, write_whole

if TYPE_CHECKING:
    from leadline.job.lease import Row
    from leadline.ports.attempt import Spec
    from leadline.ports.executor import Holds
    from leadline.services.run.planning import RunPlan

LONGEST_S = 7 * 24 * 3600.0
WITHIN_S = 10.0  # that an engine is given to start the job which keeps a device
LOOK_EVERY_S = 0.2


class Leased(TypedDict):
    """The part of a spec that is about devices."""

    devices: list[str]
    device_keys: list[str]
    holder: dict[str, str]


class DeviceRow(TypedDict):
    """``told``: who has it, in words; "" of a free one."""

    device: str
    state: str
    told: str


def with_devices(context: Context, run: RunPlan, spec: Spec) -> Spec:
    """The spec of a run whose executor gives it devices of one machine by their names."""
    name = str(run.body["executor"])
    declared = context.executors.find(name)
    if declared is None or not declared.devices:
        return spec
    if leases_of(context.executor_for(name)) is None:
        return spec
    return {**spec, **leased(context, name, declared.devices, run.body["id"], run.topic)}


def leased(context: Context, name: str, devices: Sequence[str], run: str, topic: str) -> Leased:
    """What makes a job hold devices, and what others are told of it."""
    return {
        "devices": list(devices),
        "device_keys": [key for device in devices if (key := _key(context, name, device))],
        "holder": _holder(context, run, topic),
    }


def place_kept(context: Context, name: str, device: str = "") -> Mapping[str, object]:
    """What an attempt is launched with (``resources``) that has its device from a reservation of this
    repository; empty where there is none. ``device``: default: those of each run of the executor."""
    if not device:
        declared = context.executors.find(name)
        device = ",".join(declared.devices) if declared else ""
    kept = object_at(_key_file(context, name, device)) if device else {}
    if not kept.get("queue") or float(kept.get("until_s") or 0) <= context.clock.now_ms() / 1000:
        return {}
    return {"pilot": kept["queue"], "kept": True}


def reserve(
    context: Context, topic: str, place: str, for_s: float, why: str, within_s: float = WITHIN_S
) -> dict[str, Any]:
    """Keeps a device for this repository. ``place``: EXECUTOR:DEVICE. ``within_s``: so long an
    engine's queue is waited for. Raises LeadlineError: somebody has it, or the time is none."""
    name, device = named(place)
    if not 0 < for_s <= LONGEST_S:
        raise usage(
            "bad-reservation",
            f"a device is reserved for a week at most, not {for_s:g} s",
            do=f"leadline device reserve {place} --for 2h",
        )
    key = os.urandom(16).hex()
    who = _holder(context, "", topic)
    info = {**who, "why": context.hiding("--why").text(why), "key": key}
    if engine := holds_of(context.executor_for(name)):
        return _hold(context, engine, name, device, for_s, info, within_s)
    request = {"what": "reserve", "device": device, "for_s": for_s, "info": info}
    answer = _ask(context, name, request)
    _refuse_taken(answer, name)
    _keep(context, name, device, {"key": key})
    return {k: v for k, v in cast("dict[str, Any]", answer["holder"]).items() if k != "key"}


def _keep(context: Context, name: str, device: str, what: Mapping[str, object]) -> None:
    path = _key_file(context, name, device)
    make_folders(os.path.dirname(path))
    write_whole(path, json.dumps(what).encode())


def _hold(
    context: Context,
    engine: Holds,
    name: str,
    device: str,
    for_s: float,
    info: Mapping[str, object],
    within_s: float,
) -> dict[str, Any]:
    """Where an engine deals the devices out: a job of it that has the device and waits for work."""
    if mine := _own(context, engine, name, device):
        raise device_taken(_told(device, mine), name)
    number = os.urandom(8).hex()
    queue = os.path.join(context.root, "pilots", f"kept-{number}")
    told = {**{k: v for k, v in info.items() if k != "key"}, "id": number}
    _keep(context, name, device, {"id": number, "queue": queue})
    engine.hold(device, queue, for_s, told)
    end = time.monotonic() + within_s
    row, seen = dict[str, Any](), False
    while True:
        rows = engine.held()
        row = next((one for one in rows if one.get("id") == number), {})
        late = time.monotonic() >= end
        if (row and "waits" not in row) or late or (seen and not row):
            break
        seen = bool(row)
        time.sleep(LOOK_EVERY_S)
    if row and "waits" not in row:
        _keep(context, name, device, {"id": number, "queue": queue, "until_s": row["until"]})
        return {k: v for k, v in row.items() if k in ("device", "until", "since", "why", "number")}
    engine.let_go(queue)
    _forget(context, name, device)
    kind = device.partition(":")[0]
    others = [one for one in rows if one.get("id") != number and "waits" not in one]
    same = [one for one in others if str(one["device"]).partition(":")[0] == kind]
    said = "; ".join(_told(str(one["device"]), one) for one in same)
    waits = (
        f": its queue says {row['waits']}" if row else ": the job that was to keep it ended at once"
    )
    raise device_taken(said or f"{name} gave no {device} within {within_s:g} s{waits}", name)


def _own(context: Context, engine: Holds, name: str, device: str) -> dict[str, Any]:
    """The job that keeps a device for this repository, as its engine has it; empty without one."""
    number = object_at(_key_file(context, name, device)).get("id")
    rows = engine.held() if number else []
    return next((one for one in rows if one.get("id") == number), {})


def _let_go(context: Context, engine: Holds, place: str, because: str) -> str:
    name, device = named(place)
    if row := _own(context, engine, name, device):
        engine.let_go(str(object_at(_key_file(context, name, device))["queue"]))
        _forget(context, name, device)
        end = time.monotonic() + WITHIN_S
        while any(one.get("id") == row["id"] for one in engine.held()):
            if time.monotonic() >= end:
                return f"{place} is free when what runs in it has ended"
            time.sleep(LOOK_EVERY_S)
        return f"{place} is free"
    rows = [one for one in engine.held() if one["device"] == device]
    if not rows:
        raise _not_reserved(f"{device} is not reserved", name)
    if not because:
        raise _of_another(_told(device, rows[0]), place)
    engine.take_away(rows[0])
    return f"{place} is free"


def _told(device: str, row: Mapping[str, object]) -> str:
    from leadline.job.lease import words  # noqa: PLC0415  start-up: who asks for devices

    if "waits" in row:
        return f"{device} is waited for by {row.get('who')} on {row.get('host')} ({row['waits']})"
    return words(device, cast("Any", row), "reserved")


def release(context: Context, place: str, because: str = "") -> str:
    """Ends a reservation of this repository, or of another one with a reason; returns a sentence.
    Raises LeadlineError."""
    name, device = named(place)
    if engine := holds_of(context.executor_for(name)):
        return _let_go(context, engine, place, because)
    request = {"what": "release", "device": device, "key": _key(context, name, device)}
    answer = _ask(context, name, {**request, "force": bool(because)})
    if said := str(answer.get("taken") or ""):
        if "is not reserved" in said:
            raise _not_reserved(said, name)
        raise _of_another(said, place)
    _forget(context, name, device)
    return f"{place} is free"


def _forget(context: Context, name: str, device: str) -> None:
    discard(_key_file(context, name, device))


def _not_reserved(said: str, name: str) -> Exception:
    return conflict("not-reserved", said, do=f"leadline device list {name}")


def _of_another(said: str, place: str) -> Exception:
    return refused(
        "reserved-by-another",
        said,
        why="it was reserved from another repository",
        do=f"leadline device release {place} --override reserved-by-another 'WHY'",
    )


def listed(context: Context, name: str) -> list[DeviceRow]:
    """The devices of an executor's machine: those declared, and those that were ever leased."""
    from leadline.job.lease import words  # noqa: PLC0415  start-up: who lists devices

    if engine := holds_of(context.executor_for(name)):
        return _held(context, engine, name)
    rows = cast("list[Row]", _ask(context, name, {"what": "list"})["rows"])
    declared = context.executors.find(name)
    found: list[DeviceRow] = [
        {
            "device": row["device"],
            "state": row["state"],
            "told": words(row["device"], row["holder"], row["state"]) if row["holder"] else "",
        }
        for row in rows
    ]
    known = {row["device"] for row in rows}
    others = [d for d in (declared.devices if declared else ()) if d not in known]
    return found + [{"device": d, "state": "free", "told": ""} for d in others]


def _held(context: Context, engine: Holds, name: str) -> list[DeviceRow]:
    """What jobs of an engine keep; who else has a device, its queue knows."""
    found: list[DeviceRow] = [
        {
            "device": str(row["device"]),
            "state": "waits" if "waits" in row else "reserved",
            "told": _told(str(row["device"]), row),
        }
        for row in engine.held()
    ]
    known = {row["device"] for row in found}
    declared = context.executors.find(name)
    others = [d for d in (declared.devices if declared else ()) if d not in known]
    told = "is not reserved; which jobs have it, the queue knows"
    return found + [{"device": d, "state": "not reserved", "told": f"{d} {told}"} for d in others]


def named(place: str) -> tuple[str, str]:
    name, colon, device = place.partition(":")
    if not colon or not name or not device:
        raise usage(
            "bad-device",
            f"{place[:60]!r} is no EXECUTOR:DEVICE",
            why="a device is one of the machine of an executor",
            do=["leadline executor list", "leadline device list local"],
        )
    return name, device


def _ask(context: Context, name: str, request: dict[str, object]) -> dict[str, Any]:
    machine = leases_of(context.executor_for(name))
    if machine is None:
        raise usage(
            "devices-of-an-engine",
            f"{name} deals its devices out by itself",
            why="its queue is what keeps two jobs from one device",
            do=f"leadline executor show {name}",
        )
    return dict(machine.lease(request))


def _refuse_taken(answer: dict[str, Any], name: str) -> None:
    if said := answer.get("taken"):
        raise device_taken(str(said), name)


def _holder(context: Context, run: str, topic: str) -> dict[str, str]:
    return {"run": run, "thread": topic, "who": context.actor(), "host": os.uname().nodename}


def _key_file(context: Context, name: str, device: str) -> str:
    return os.path.join(context.root, "leases", name, f"{os.path.basename(device)}.json")


def _key(context: Context, name: str, device: str) -> str:
    return str(object_at(_key_file(context, name, device)).get("key") or "")
