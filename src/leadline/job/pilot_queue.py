"""A queue of attempts that a few engine jobs work off, one job a slot: for runs that are shorter than
what an engine takes to start one.

    QUEUE/todo/PLACE               what waits: the path of an attempt folder
    QUEUE/slots/0/claimed/PLACE    what the pilot of slot 0 has taken, by rename: one pilot wins
    QUEUE/closed                   nothing more comes

There is no broker: a rename claims, and what a dead pilot had claimed and not started goes back by
one. ``leadline.job.pilot`` is the other side; this one is of whoever asks for pilots, beside an engine
or on a machine that is logged in to (``far.py``). Standard library only.
"""

from __future__ import annotations

import json
import os
import time

from leadline.job.disk import make_folders, open_in_place, open_to_read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

#: Pilots of a slot that may die one after the other without having claimed anything.
FRUITLESS = 3


def make(queue: str, slots_wanted: int) -> None:
    """The folders of a queue. Raises OSError."""
    make_folders(f"{queue}/todo")
    for number in range(slots_wanted):
        make_folders(f"{queue}/slots/{number}/claimed")


def next_place(job: str) -> str:
    """A name in the queue; what comes later sorts later."""
    return f"{time.time_ns():020d}-{job}"


def add(queue: str, place: str, folder: str) -> None:
    """Puts an attempt at the end of the queue, once. Raises OSError."""
    if where(queue, place) == (False, ""):
        _write(f"{queue}/todo/{place}", folder)


def close(queue: str) -> None:
    """Nothing more comes. Raises OSError."""
    os.close(open_in_place(f"{queue}/closed", os.O_WRONLY))


def slots(queue: str) -> list[str]:
    """The folders of all slots that there are or were."""
    return [f"{queue}/slots/{name}" for name in sorted(_names(f"{queue}/slots"))]


def job_of(slot: str) -> str:
    """The engine's name for the pilot of a slot."""
    import hashlib

    folder, name = os.path.split(os.path.abspath(slot))
    return f"leadline-pilot-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}-{name}"


def hold(slot: str, for_s: float) -> None:
    """The pilot of a slot is to be there so long, whether something comes or not. Raises OSError."""
    _write(f"{slot}/for_s", str(for_s))


def lend_environment(slot: str, variables: Mapping[str, str]) -> None:
    """For an engine that does not hand them over: the pilot reads and removes them."""
    descriptor = os.open(f"{slot}/environment", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        json.dump(dict(variables), file)


def where(queue: str, place: str) -> tuple[bool, str]:
    """Whether an attempt waits, and the slot that has claimed it."""
    for _ in range(2):  # it may move from one to the other while we look
        if os.path.exists(f"{queue}/todo/{place}"):
            return True, ""
        for slot in slots(queue):
            if os.path.exists(f"{slot}/claimed/{place}"):
                return False, slot
    return False, ""


def waiting(queue: str) -> bool:
    """Whether something is in the queue that nobody has claimed."""
    return bool(_names(f"{queue}/todo"))


def up(slot: str) -> bool:
    """Whether the pilot of a slot has come up."""
    return os.path.exists(f"{slot}/up")


def last_ones(queue: str) -> list[str]:
    """The folders of the pilots that nobody has taken over from."""
    return [slot for slot in slots(queue) if not os.path.exists(successor_path(slot))]


def give_back(slot: str) -> bool:
    """Puts back what a dead pilot had claimed and not started. Whether somebody is to go on."""
    queue = os.path.dirname(os.path.dirname(slot))
    claimed = _names(f"{slot}/claimed")
    for place in claimed:
        try:
            with open(open_to_read(f"{slot}/claimed/{place}"), encoding="utf-8") as file:
                folder = file.read()
            if not os.path.exists(f"{folder}/alive.lock"):
                os.rename(f"{slot}/claimed/{place}", f"{queue}/todo/{place}")
        except OSError:
            continue  # another client was quicker
    fruitless = 0 if claimed or up(slot) else _fruitless(slot) + 1
    return fruitless < FRUITLESS and waiting(queue)


def drop(queue: str, slot: str) -> None:
    """Takes out what waits, as no pilot comes up; each is told what the engine said of the last one."""
    make_folders(f"{queue}/dropped")
    try:
        with open(
            open_to_read(f"{slot}/supervisor.err"), encoding="utf-8", errors="replace"
        ) as file:
            said = file.read(4000)
    except OSError:
        said = ""
    for place in _names(f"{queue}/todo"):
        try:
            os.rename(f"{queue}/todo/{place}", f"{queue}/dropped/{place}")
            with open(open_to_read(f"{queue}/dropped/{place}"), encoding="utf-8") as file:
                folder = file.read()
            _write(f"{folder}/supervisor.err", said or "the engine ended its pilots at once")
        except OSError:
            continue


def withdraw(folder: str) -> bool:
    """Takes an attempt that has not started, so that it never will, and ends it as cancelled. False
    when it has started."""
    try:
        os.close(open_in_place(f"{folder}/alive.lock", os.O_WRONLY | os.O_EXCL))
    except FileExistsError:
        return False
    now_s = time.time()
    now = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now_s))}.{int(now_s % 1 * 1000):03d}Z"
    result = {
        "v": 1,
        "state": "cancelled",
        "reason": "cancelled before it started",
        "exit_code": None,
        "signal": "",
        "started_at": now,
        "ended_at": now,
        "wall_s": 0.0,
        "leftover_processes": 0,
    }
    temporary = f"{folder}/.result.json.withdrawn"
    with open(open_in_place(temporary, os.O_WRONLY | os.O_TRUNC), "w") as file:
        json.dump(result, file)
    os.rename(temporary, f"{folder}/result.json")
    return True


def successor(slot: str) -> str:
    """The folder of the pilot that goes on for a dead one. Raises OSError."""
    fruitless = 0 if up(slot) else _fruitless(slot) + 1
    path = successor_path(slot)
    make_folders(f"{path}/claimed")
    _write(f"{path}/fruitless", str(fruitless))
    return path


def successor_path(slot: str) -> str:
    """Where it is; made when it is needed."""
    folder, name = os.path.split(slot)
    number, _, generation = name.partition("-")
    return f"{folder}/{number}-{int(generation or 0) + 1}"


def _fruitless(slot: str) -> int:
    try:
        with open(open_to_read(f"{slot}/fruitless"), encoding="utf-8") as file:
            return int(file.read() or 0)
    except (OSError, ValueError):
        return 0


def _names(folder: str) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if not name.startswith(".")]
    except OSError:
        return []


def _write(path: str, text: str) -> None:
    folder, name = os.path.split(path)
    temporary = f"{folder}/.{name}.{os.getpid()}"
    with open(open_in_place(temporary, os.O_WRONLY | os.O_TRUNC), "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(temporary, path)
