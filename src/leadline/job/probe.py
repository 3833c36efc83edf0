"""Says how an attempt stands, from its folder alone, and ends it; disturbs nothing while it looks.

Stands alone like the supervisor (standard library only, one file), so that it can be sent to
another host and asked about many attempts in one go: ``python -I -S probe.py state DIR...`` or
``python -I -S probe.py cancel DIR``, which print one JSON object. Liveness is asked of the locks
with ``F_OFD_GETLK``, which takes nothing: a prober that tries to take a lock now and then makes a
starting supervisor fail. Process ids count only together with boot id and start time.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Literal, NotRequired, TypedDict

    class Standing(TypedDict):
        state: Literal["finished", "running", "orphaned", "gone", "not_started"]
        owner: Owner | None
        result: NotRequired[Any]  # the content of ``result.json``

    class Owner(TypedDict, total=False):
        """``owner.json``, as the supervisor writes it."""

        v: int
        pid: int
        start_ticks: int | None
        boot_id: str | None
        host: str
        locks: bool
        cookie: str

    class Cancelled(TypedDict):
        did: str
        pids: list[int]
        state: str
        why: str


PROC = "/proc"
OWNER_WAIT_S = 2.0
ORPHAN_GRACE_S = 0.5
ORPHAN_KILL_S = 5.0


def state(attempt_dir: str) -> Standing:
    """How the attempt stands.

    Returns:
        A dict whose ``state`` is ``finished`` (then ``result`` is the content of ``result.json``), ``running``,
        ``orphaned`` (the supervisor died, processes of the command live), ``gone`` (it was started, nothing lives,
        and there is no result) or ``not_started``. ``owner`` is the content of ``owner.json`` where there is one.
    """
    result = _read_json(f"{attempt_dir}/result.json")
    if result is not None:
        return {"state": "finished", "result": result, "owner": owner(attempt_dir)}
    alive = held(f"{attempt_dir}/alive.lock")
    if alive is None:
        return {"state": "not_started", "owner": None}
    who = owner(attempt_dir)
    if alive or (
        who is not None and not who.get("locks") and _is_process(who, "pid", "start_ticks")
    ):
        return {"state": "running", "owner": who}
    tree_lives = held(f"{attempt_dir}/tree.lock") or (
        who is not None and bool(_tree(attempt_dir, who))
    )
    result = _read_json(f"{attempt_dir}/result.json")  # it may have finished while we looked
    if result is not None:
        return {"state": "finished", "result": result, "owner": who}
    return {"state": "orphaned" if tree_lives else "gone", "owner": who}


def owner(attempt_dir: str) -> Owner | None:
    """The content of ``owner.json``; None when the supervisor has not written it (yet)."""
    who: Owner | None = _read_json(f"{attempt_dir}/owner.json")
    return who


def cancel(attempt_dir: str) -> Cancelled:
    """Ends the attempt: asks a living supervisor to, or ends an orphaned tree by SIGTERM and
    SIGKILL.

    Returns:
        ``{"did": "asked_supervisor" | "ended_orphans" | "nothing", "pids": [...], "state": what it was, "why": ...}``.
        A supervisor needs its grace period after that; orphans are gone when this returns, unless ``why`` says no.
    """
    import signal

    deadline = time.monotonic() + OWNER_WAIT_S
    found = state(attempt_dir)
    while found["state"] == "running" and found["owner"] is None and time.monotonic() < deadline:
        time.sleep(0.005)  # locked, about to write owner.json
        found = state(attempt_dir)
    who = found["owner"]
    answer: Cancelled = {"did": "nothing", "pids": [], "state": found["state"], "why": ""}
    if found["state"] not in ("running", "orphaned"):
        answer["why"] = "nothing of it is running"
    elif who is None:
        answer["why"] = "it has no owner.json, so its processes cannot be told from others"
    elif not same_machine(who):
        answer["why"] = f"it runs on another machine: {who.get('host')}"
    elif found["state"] == "orphaned":
        answer["pids"], left = _end_tree(attempt_dir, who)
        answer["did"] = "ended_orphans" if answer["pids"] else "nothing"
        answer["why"] = f"could not be ended: {left}" if left else ""
    elif _signal_process(who, signal.SIGTERM):
        answer["did"], answer["pids"] = "asked_supervisor", [who["pid"]]
    else:
        answer["why"] = "its supervisor ended meanwhile"
    return answer


def same_machine(who: Mapping[str, object]) -> bool:
    """Whether an owner or handle was written on this machine since it was started (host names may
    change)."""
    mine = boot_id()
    if mine is None or who.get("boot_id") is None:
        return bool(who.get("host") == os.uname().nodename)
    return bool(mine == who["boot_id"])


def boot_id() -> str | None:
    text = _read(f"{PROC}/sys/kernel/random/boot_id")
    return text.decode().strip() or None if text else None


def start_ticks(pid: int) -> int | None:
    """When a process was started, in clock ticks since boot; None when there is none or the system
    does not say."""
    text = _read(f"{PROC}/{pid}/stat")
    if not text or b")" not in text:
        return None
    fields = text[text.rindex(b")") + 2 :].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def _read(path: str) -> bytes | None:
    try:
        return _all_of(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return None


def _all_of(fd: int) -> bytes:
    """What an open file holds, which is closed: a file object asks the system four things more."""
    try:
        pieces = []
        while piece := os.read(fd, 65536):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        os.close(fd)


def _read_json(path: str) -> Any:
    """None when absent, or no JSON object: files of an attempt appear whole, by rename, so that is
    what a power cut left of one that had not reached the disk."""
    try:
        # a folder that others may write in may hold a link, or a pipe that nobody writes to
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        value = json.loads(_all_of(fd))
    except (FileNotFoundError, IsADirectoryError, ValueError, RecursionError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
    return value if isinstance(value, dict) else None


def held(path: str) -> bool | None:
    """Whether somebody holds the lock; None when there is no such file. Takes nothing."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        return False
    try:
        import fcntl

        # struct flock: l_type, then whole file
        question = fcntl.F_WRLCK.to_bytes(2, sys.byteorder) + bytes(30)
        answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, question)
        return int.from_bytes(answer[:2], sys.byteorder) != fcntl.F_UNLCK
    except (ImportError, AttributeError, OSError):
        return False
    finally:
        os.close(fd)


def _is_process(who: Owner, pid_key: str, ticks_key: str) -> bool:
    """Whether the process of a record still lives: same boot, same id, same start time."""
    pid, ticks = who.get(pid_key), who.get(ticks_key)
    if not isinstance(pid, int) or pid <= 1 or not same_machine(who):
        return False
    if ticks is not None:
        return bool(start_ticks(pid) == ticks)
    if os.path.exists(f"{PROC}/self/stat"):
        return False  # this system tells start times and the record has none: not trusted
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _signal_process(who: Owner, number: int) -> bool:
    """Signals the supervisor, checked through a pidfd where there are any, so that a reused id
    cannot be hit."""
    import signal

    try:
        fd = os.pidfd_open(who["pid"]) if hasattr(os, "pidfd_open") else -1
    except OSError:
        return False
    try:
        if not _is_process(who, "pid", "start_ticks"):
            return False
        if fd >= 0:
            signal.pidfd_send_signal(fd, number)
        else:
            os.kill(who["pid"], number)
        return True
    except OSError:
        return False
    finally:
        if fd >= 0:
            os.close(fd)


def _tree(attempt_dir: str, who: Owner) -> list[int]:
    """Processes of the command: they carry its cookie in their environment, or hold its tree lock
    open."""
    if not same_machine(who) or not who.get("cookie"):
        return []
    mark = b"LEADLINE_COOKIE=" + str(who["cookie"]).encode()
    try:
        lock = os.stat(f"{attempt_dir}/tree.lock")
    except OSError:
        lock = None
    found = []
    for pid in _processes():
        environment = _read(f"{PROC}/{pid}/environ") or b""
        if mark in environment.split(b"\0") or (lock is not None and _has_open(pid, lock)):
            found.append(pid)
    return found


def _processes() -> Iterator[int]:
    try:
        names = os.listdir(PROC)
    except OSError:
        return
    me = os.getpid()
    for name in names:
        if name.isdigit() and int(name) != me and start_ticks(int(name)) is not None:
            yield int(name)


def _has_open(pid: int, file: os.stat_result) -> bool:
    try:
        for name in os.listdir(f"{PROC}/{pid}/fd"):
            link = os.stat(f"{PROC}/{pid}/fd/{name}")
            if link.st_ino == file.st_ino and link.st_dev == file.st_dev:
                return True
    except OSError:
        pass
    return False


def _end_tree(attempt_dir: str, who: Owner) -> tuple[list[int], list[int]]:
    """SIGTERM, a grace period, SIGKILL until nothing is left. Returns who was signalled and who is
    left."""
    import signal

    told: list[int] = []
    start = time.monotonic()
    while True:
        living = _tree(attempt_dir, who)
        now = time.monotonic() - start
        if not living or now > ORPHAN_GRACE_S + ORPHAN_KILL_S:
            return told, living
        for pid in living:
            number = signal.SIGKILL if now >= ORPHAN_GRACE_S else signal.SIGTERM
            if number == signal.SIGKILL or pid not in told:
                try:
                    os.kill(pid, number)
                except OSError:
                    continue
                if pid not in told:
                    told.append(pid)
        time.sleep(0.02)


def main(argv: list[str]) -> int:
    verbs = {"state": state, "cancel": cancel}
    if len(argv) < 2 or argv[0] not in verbs:
        os.write(2, b"usage: probe.py state|cancel ATTEMPT_DIR...\n")
        return 64
    answer = {folder: verbs[argv[0]](folder) for folder in argv[1:]}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
