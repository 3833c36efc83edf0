"""Devices of a machine: who has which, and keeping one for oneself.

The lease of a device is a lock that the processes of a run hold (``leadline.job.lease``); a
reservation is one that a sleeping process holds, with a key that lies in this repository alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from leadline.core.errors import conflict, refused, usage
from leadline.core.typed import TYPE_CHECKING, Any, TypedDict, cast
from leadline.job.disk import make_folders
from leadline.ports.executor import leases_of
from leadline.services.context import Context
from leadline.services.out_path import object_at, write_whole

if TYPE_CHECKING:
    from leadline.job.lease import Row
    from leadline.ports.attempt import Spec
    from leadline.services.run.planning import RunPlan

LONGEST_S = 7 * 24 * 3600.0


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


def reserve(context: Context, topic: str, place: str, for_s: float, why: str) -> dict[str, Any]:
    """Keeps a device for this repository. ``place``: EXECUTOR:DEVICE. Raises LeadlineError: somebody
    has it, or the time is none."""
    name, device = named(place)
    if not 0 < for_s <= LONGEST_S:
        raise usage(
            "bad-reservation",
            f"a device is reserved for a week at most, not {for_s:g} s",
            do=f"leadline device reserve {place} --for 2h",
        )
    key = os.urandom(16).hex()
    who = _holder(context, "a reservation", topic)
    info = {**who, "why": context.hiding("--why").text(why), "key": key}
    request = {"what": "reserve", "device": device, "for_s": for_s, "info": info}
    answer = _ask(context, name, request)
    _refuse_taken(answer, name)
    path = _key_file(context, name, device)
    make_folders(os.path.dirname(path))
    write_whole(path, json.dumps({"key": key}).encode())
    return {k: v for k, v in cast("dict[str, Any]", answer["holder"]).items() if k != "key"}


def release(context: Context, place: str, because: str = "") -> str:
    """Ends a reservation of this repository, or of another one with a reason. Raises LeadlineError."""
    name, device = named(place)
    request = {"what": "release", "device": device, "key": _key(context, name, device)}
    answer = _ask(context, name, {**request, "force": bool(because)})
    if said := str(answer.get("taken") or ""):
        if "is not reserved" in said:
            raise conflict("not-reserved", said, do=f"leadline device list {name}")
        raise refused(
            "reserved-by-another",
            said,
            why="it was reserved from another repository",
            do=f"leadline device release {place} --override reserved-by-another 'WHY'",
        )
    try:
        os.unlink(_key_file(context, name, device))
    except OSError:
        pass
    return device


def listed(context: Context, name: str) -> list[DeviceRow]:
    """The devices of an executor's machine: those declared, and those that were ever leased."""
    from leadline.job.lease import words  # noqa: PLC0415  start-up: who lists devices

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
        raise conflict(
            "device-taken",
            str(said),
            why="one device has one job",
            do=[f"leadline device list {name}", "leadline jobs"],
        )


def _holder(context: Context, run: str, topic: str) -> dict[str, str]:
    return {"run": run, "thread": topic, "who": context.actor(), "host": os.uname().nodename}


def _key_file(context: Context, name: str, device: str) -> str:
    return os.path.join(context.root, "leases", name, f"{os.path.basename(device)}.json")


def _key(context: Context, name: str, device: str) -> str:
    return str(object_at(_key_file(context, name, device)).get("key") or "")
