"""One device, one job: leases of the devices of a machine, as locks that the run tree itself holds.

Stands alone like the supervisor (standard library only). A lease is an open-file-description lock on
a file of the machine, passed on to the command and whatever it starts: a process that escaped still
holds the device, and one that died does not, however old the file is. A reservation is the same
lock on a second file, held by a process that sleeps; whoever has its key gets through. Asking takes
nothing.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypedDict

    class Holder(TypedDict, total=False):
        """Who has a device. ``since`` and ``until``: epoch seconds; ``key`` lets jobs through."""

        run: str
        thread: str
        who: str
        host: str
        why: str
        since: float
        until: float
        pid: int
        key: str

    class Row(TypedDict):
        device: str
        state: str  # ``free``, ``held``, ``reserved``
        holder: Holder


USUAL_FOLDER = "/tmp/leadline-devices"  # as in ``preflight``
JOB, RESERVED = "lock", "reserved"
NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}\Z")
MOST_BYTES = 4096
HIGH_FD = 110


class Taken(Exception):
    """``args``: a sentence that names the holder."""


def folder() -> str:
    """Shared by all users of the machine, as its devices are."""
    place = os.environ.get("LEADLINE_LEASES") or USUAL_FOLDER
    try:
        os.mkdir(place)
        os.chmod(place, 0o1777)
    except FileExistsError:
        pass
    return place


def path_of(device: str, kind: str) -> str:
    if not NAME.match(device):
        raise Taken(f"{device[:60]!r} is no name of a device")
    return f"{folder()}/{device}.{kind}"


def _lock_request() -> bytes:
    import fcntl

    return fcntl.F_WRLCK.to_bytes(2, sys.byteorder) + bytes(30)


def holder(device: str, kind: str) -> Holder | None:
    """Who holds it now; None where nobody does, whatever the file says."""
    import fcntl

    try:
        fd = os.open(path_of(device, kind), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _lock_request())
        if int.from_bytes(answer[:2], sys.byteorder) == fcntl.F_UNLCK:
            return None
        return _said(os.pread(fd, MOST_BYTES, 0))
    finally:
        os.close(fd)


def _said(text: bytes) -> Holder:
    try:
        read: Holder = json.loads(text.rstrip(b"\0"))
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def words(device: str, held: Holder, verb: str) -> str:
    """``gpu0 is held by P-003-r1 of attention (ada on dev1) since 12:03 UTC``; what no run holds is
    ``reserved for attention (…)``."""
    run, thread = held.get("run"), held.get("thread")
    by = f"for {thread}" if thread else "by somebody"
    if run:
        by = f"by {run} of {thread}" if thread else f"by {run}"
    who = f"({held.get('who', '?')} on {held.get('host', '?')})"
    text = f"{device} is {verb} {by} {who} since {_clock(held.get('since', 0.0))}"
    if held.get("until"):
        text += f", until {_clock(held['until'])}"
    return text + (f": {held['why']}" if held.get("why") else "")


def _clock(epoch_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(epoch_s))


def take(device: str, kind: str, info: Holder, keys: Sequence[str] = ()) -> int:
    """The descriptor of the lock, for whoever is to hold it. Raises Taken."""
    import fcntl

    if kind == JOB:
        kept = holder(device, RESERVED)
        if kept is not None and kept.get("key") not in keys:
            raise Taken(words(device, kept, "reserved"))
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(path_of(device, kind), flags, 0o666)
    try:  # out of the way of scripts, where so many files may be open
        fd, low = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH_FD), fd
        os.close(low)
    except OSError:
        pass
    try:
        if os.fstat(fd).st_uid == os.geteuid():
            os.fchmod(fd, 0o666)
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _lock_request())
    except OSError:
        held = _said(os.pread(fd, MOST_BYTES, 0))
        os.close(fd)
        raise Taken(words(device, held, "reserved" if kind == RESERVED else "held")) from None
    text = json.dumps({**info, "since": time.time()}).encode()
    os.ftruncate(fd, 0)
    os.pwrite(fd, text, 0)
    return fd


def listed() -> list[Row]:
    """Every device that was ever leased on this machine, and how it stands."""
    rows: list[Row] = []
    names = {n.rpartition(".")[0] for n in os.listdir(folder()) if n.endswith((JOB, RESERVED))}
    for device in sorted(filter(NAME.match, names)):
        job, kept = holder(device, JOB), holder(device, RESERVED)
        state = "free" if kept is None else "reserved"
        if job is not None:
            state = "held"
        shown = dict(job if job is not None else kept or {})
        shown.pop("key", None)
        rows.append({"device": device, "state": state, "holder": shown})  # type: ignore[typeddict-item]
    return rows


def reserve(device: str, for_s: float, info: Holder) -> Holder:
    """Holds the device until then, by a process of its own. Raises Taken."""
    job = holder(device, JOB)
    if job is not None:
        raise Taken(words(device, job, "held"))
    until = time.time() + for_s
    told: Holder = {**info, "host": os.uname().nodename, "until": until}
    fd = take(device, RESERVED, told)
    try:
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                if os.fork() == 0:
                    _sleep(fd, until, told)
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
    finally:
        os.close(fd)
    return told


def _sleep(fd: int, until: float, told: Holder) -> None:
    """In the process that holds a reservation; ends by SIGTERM or with the time."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.closerange(3, fd)
    os.ftruncate(fd, 0)
    os.pwrite(fd, json.dumps({**told, "since": time.time(), "pid": os.getpid()}).encode(), 0)
    while (left_s := until - time.time()) > 0:
        time.sleep(min(left_s, 60.0))


def release(device: str, key: str, force: bool = False) -> str:
    """Ends a reservation; "" when it did, else why not."""
    kept = holder(device, RESERVED)
    if kept is None:
        return f"{device} is not reserved"
    if kept.get("key") != key and not force:
        return words(device, kept, "reserved")
    end = time.monotonic() + 5.0
    while kept is not None and time.monotonic() < end:
        pid = kept.get("pid")
        if isinstance(pid, int) and pid > 1:
            try:
                os.kill(pid, 15)
            except OSError:
                pass
        time.sleep(0.02)
        kept = holder(device, RESERVED)
    return "" if kept is None else f"{device} could not be released"


def asked(request: Mapping[str, object]) -> dict[str, object]:
    """One request of ``leadline device``, here or on another machine."""
    verb, device = request["what"], str(request.get("device") or "")
    if verb == "list":
        return {"rows": listed()}
    try:
        if verb == "reserve":
            info: Holder = request["info"]  # type: ignore[assignment]
            return {"holder": reserve(device, float(str(request["for_s"])), info)}
        why = release(device, str(request.get("key") or ""), bool(request.get("force")))
    except Taken as taken:
        return {"taken": taken.args[0]}
    return {"taken": why} if why else {"released": device}
