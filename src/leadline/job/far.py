"""What runs on a machine that sees none of our files: takes code and attempts in, starts them, says
how they stand, sends back what they wrote.

Stands alone like the supervisor (standard library only), is sent over once for each version of
itself, and answers until nothing more comes: ``python -I -S far.py ROOT``. A line of JSON comes on
standard input, bytes may follow it; after a first one that says that it runs, a line of JSON goes
back, then frames of files, the last of them empty: a line of JSON with path, offset, size, digest
and time, then so many bytes. Everything that is put
in place is put there by rename, so that an exchange that breaks leaves nothing half done.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(os.path.dirname(HERE)))

from leadline.job import lease, pilot_queue, prepare, probe  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, BinaryIO

    from leadline.job.lease import Holder

    Request = dict[str, Any]

OVER = ("finished", "gone")
LOOK_EVERY_S = 0.02
GROW = ("stdout.log", "stderr.log", "metrics.jsonl", "supervisor.err")
FILES_SENT = 1000  # of those that a pattern names
# What is ours there, and none of what a run has to tell.
QUEUED = "queued.json"
OURS = ("spec.json", "spec.private.json", "alive.lock", "tree.lock", "result.json", QUEUED)
ASKED = "cancel.asked"  # as in ``supervise``
CHUNK_BYTES = 1 << 20
FULL_BYTES = 64 << 10


class Told(Exception):
    """What the other side has to know: a code and a sentence."""


# --- code and environment -------------------------------------------------------------------------


def git(root: str, *words: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environ |= {"GIT_DIR": f"{root}/objects.git", "GIT_CONFIG_NOSYSTEM": "1"}
    environ |= {"GIT_CONFIG_GLOBAL": os.devnull, **more.pop("env", {})}
    try:
        return subprocess.run(["git", *words], env=environ, capture_output=True, **more)
    except FileNotFoundError:
        raise Told("no-git-there", "there is no git on that machine") from None


def trees(root: str) -> list[str]:
    """The code that lies there, the newest last: what need not be sent again."""
    try:
        names = [n for n in os.listdir(f"{root}/code") if len(n) in (40, 64)]
    except OSError:
        return []
    return sorted(names, key=lambda name: os.stat(f"{root}/code/{name}").st_mtime)[-20:]


def take_code(root: str, tree: str, pack: bytes) -> None:
    """Takes git objects in and unpacks the tree, whole or not at all."""
    place = f"{root}/code/{tree}"
    if os.path.isdir(place):
        return
    if not os.path.isdir(f"{root}/objects.git/objects"):
        made = git(root, "init", "-q", "--bare")
        if made.returncode:
            raise not_taken(root, made)
        git(root, "config", "gc.auto", "0")
    taken = git(root, "index-pack", "--stdin", "--fix-thin", input=pack)
    tag = f"{tree}.{os.getpid()}.tmp"
    temporary = f"{root}/code/{tag}"
    os.makedirs(temporary)
    done = taken
    if not taken.returncode:
        index = {"GIT_INDEX_FILE": f"{root}/{tag}.index", "GIT_WORK_TREE": temporary}
        done = git(
            root,
            "read-tree",
            "--reset",
            "-u",
            "--no-recurse-submodules",
            tree,
            env=index,
            cwd=temporary,
        )
        try:
            os.unlink(index["GIT_INDEX_FILE"])
        except OSError:
            pass
    if done.returncode:
        shutil.rmtree(temporary, ignore_errors=True)
        raise not_taken(root, done)
    try:
        os.rename(temporary, place)
    except OSError:  # somebody else was quicker
        shutil.rmtree(temporary, ignore_errors=True)


def not_taken(root: str, done: subprocess.CompletedProcess[bytes]) -> Told:
    said = done.stderr.decode(errors="replace").strip()
    disk = os.statvfs(root)  # git does not always say it
    full = disk.f_bavail * disk.f_frsize < FULL_BYTES
    if full or "No space left" in said or "quota exceeded" in said:
        return Told("no-room-there", said.rpartition("\n")[2][-300:])
    return Told("code-not-taken", said[-500:])


def environment_of(root: str, code: str, command: str, lock_file: str) -> dict[str, str]:
    """What a run is told of the environment that ``command`` makes."""
    try:
        place = prepare.prepared(f"{root}/env", code, command, lock_file)
    except prepare.NotPrepared as failed:
        raise Told("setup-failed", failed.args[0]) from None
    return prepare.variables(place, os.environ)


# --- attempts -------------------------------------------------------------------------------------


def submit(root: str, asked: Request, payload: bytes | None) -> dict[str, Any]:
    """Starts one attempt, or puts it into the queue of its pilots, once, however often it is asked;
    ``missing`` where the code is not there."""
    folder = f"{root}/runs/{asked['name']}"
    answer: dict[str, Any] = {"folder": folder, "host": os.uname().nodename, "epoch_s": time.time()}
    started = os.path.exists(f"{folder}/alive.lock") or os.path.exists(f"{folder}/result.json")
    if started or os.path.exists(f"{folder}/{QUEUED}"):
        return answer
    tree, top = asked.get("tree"), folder
    if tree:
        top = f"{root}/code/{tree}"
        if payload is not None:
            take_code(root, tree, payload)
        if not os.path.isdir(top):
            return {**answer, "missing": tree, "trees": trees(root)}
    spec = json.loads(json.dumps(asked["spec"]).replace(asked["mark"], json.dumps(top)[1:-1]))
    private = json.loads(
        json.dumps(asked.get("private")).replace(asked["mark"], json.dumps(top)[1:-1])
    )
    environ, setup = inherited(), asked.get("setup")
    if setup:
        environ |= environment_of(root, top, setup, asked.get("lock_file") or "")
    os.makedirs(folder, exist_ok=True)
    if not os.path.isdir(spec["cwd"]) and spec["cwd"].startswith(top):
        os.makedirs(spec["cwd"], exist_ok=True)
    if private:
        write_whole(f"{folder}/spec.private.json", json.dumps(private).encode(), 0o600)
    pilots = asked.get("pilots")
    if pilots:
        queue, environ = f"{root}/queues/{pilots['queue']}", inherited()
        key = open_pilots(queue, pilots["slots"], spec, environ)
        spec["device_keys"] = [*(spec.get("device_keys") or []), *key]
        if setup:  # made by now: the pilot that runs it finds it
            lock = asked.get("lock_file") or ""
            made = {"folder": f"{root}/env", "top": top, "command": setup, "lock_file": lock}
            spec["setup"] = made
    write_whole(f"{folder}/spec.json", json.dumps(spec).encode(), 0o644)
    if pilots:
        place = pilot_queue.next_place(asked["name"])
        ticket = {"queue": queue, "place": place}
        write_whole(f"{folder}/{QUEUED}", json.dumps(ticket).encode(), 0o644)
        pilot_queue.add(queue, place, folder)
    else:
        start(folder, environ)
    return answer


def inherited() -> dict[str, str]:
    """What a run finds in its environment, with ``import leadline``."""
    package = os.path.dirname(os.path.dirname(HERE))
    path = ":".join(filter(None, [os.environ.get("PYTHONPATH"), package]))
    return {**os.environ, "PYTHONPATH": path}


def start(folder: str, environ: Mapping[str, str]) -> None:
    """The supervisor, in a session of its own; returns when it holds its lock or has given up."""
    read_fd, write_fd = os.pipe()
    with open(f"{folder}/supervisor.err", "ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", f"{HERE}/supervise.py", folder],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=write_fd,
            stderr=errors,
            start_new_session=True,
        )
    os.close(write_fd)
    said = os.read(read_fd, 64)
    os.close(read_fd)
    if said or process.wait() == 75:
        return
    with open(f"{folder}/supervisor.err", errors="replace") as told:
        words = told.read()[-800:].strip().rpartition("\n")[2].removeprefix("leadline: ")
    code = {73: "no-room-there", 76: "device-taken"}.get(process.returncode, "supervisor-refused")
    raise Told(code, words or f"exit code {process.returncode}")


# --- pilots ---------------------------------------------------------------------------------------


def open_pilots(
    queue: str, slots: int, spec: Mapping[str, Any], environ: Mapping[str, str]
) -> list[str]:
    """One standing job a slot, unless they were asked for before; the key of the devices that they
    keep for their runs, so that nobody comes in between. Raises Told: somebody has one."""
    devices = spec.get("devices") or []
    if not os.path.isdir(f"{queue}/slots"):
        os.makedirs(queue, exist_ok=True)
        keeping = {"devices": devices, "key": os.urandom(16).hex()}
        keeping |= {"holder": spec.get("holder") or {}, "keys": spec.get("device_keys") or []}
        write_whole(f"{queue}/keeping.json", json.dumps(keeping).encode(), 0o600)
        pilot_queue.make(queue, 1 if devices else slots)  # each run has all of the devices
        try:
            for slot in pilot_queue.slots(queue):
                start_pilot(slot, environ)
        except Told:
            shutil.rmtree(queue)
            raise
    with open(f"{queue}/keeping.json", encoding="utf-8") as file:
        return [json.load(file)["key"]] if devices else []


def start_pilot(slot: str, environ: Mapping[str, str]) -> None:
    """Nothing where somebody else has just done it. Its lock lives as long as it does."""
    from leadline.job.supervise import take_lock

    queue = os.path.dirname(os.path.dirname(slot))
    lock = os.open(f"{slot}/alive.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    held = [lock]
    try:
        if not take_lock(lock):
            return
        held += keep_devices(queue)
        with open(f"{slot}/supervisor.err", "ab") as errors:
            subprocess.Popen(
                [sys.executable, "-I", "-S", f"{HERE}/pilot.py", slot],
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
                pass_fds=held,
            )
    finally:
        for descriptor in held:
            os.close(descriptor)


def keep_devices(queue: str) -> list[int]:
    """Locks of the devices of a queue, but of those that its clone has reserved anyway. Raises
    Told."""
    with open(f"{queue}/keeping.json", encoding="utf-8") as file:
        keeping = json.load(file)
    held: list[int] = []
    try:
        for device in keeping["devices"]:
            reserved = lease.holder(device, lease.RESERVED) or {}
            if reserved.get("key") in keeping["keys"]:
                continue
            if (job := lease.holder(device, lease.JOB)) is not None:
                raise lease.Taken(lease.words(device, job, "held"))
            told: Holder = dict(keeping["holder"])  # type: ignore[assignment]
            told["key"], told["host"] = keeping["key"], os.uname().nodename
            held.append(lease.take(device, lease.RESERVED, told))
    except lease.Taken as taken:
        for descriptor in held:
            os.close(descriptor)
        raise Told("device-taken", taken.args[0]) from None
    return held


def up(slot: str) -> bool:
    return bool(probe.held(f"{slot}/alive.lock"))


def revive(queue: str) -> None:
    """A pilot that ended gives its cells back and has a successor while somebody waits, as long as
    pilots come up at all."""
    last = pilot_queue.last_ones(queue)
    gone = [slot for slot in last if not up(slot)]
    fruitless = [slot for slot in gone if not taken_over(slot)]
    if fruitless and len(fruitless) == len(last):
        pilot_queue.drop(queue, fruitless[-1])


def taken_over(slot: str) -> bool:
    if not pilot_queue.give_back(slot):
        return False
    try:
        start_pilot(pilot_queue.successor(slot), inherited())
    except Told:
        return False  # somebody has taken its device meanwhile
    return True


def standing(folder: str) -> str:
    """How an attempt stands: as its folder says, and as its queue does while that is silent."""
    state: str = probe.state(folder)["state"]
    if state != "not_started":
        return state
    ticket = ticket_of(folder)
    if not ticket:
        return "gone"
    queue, place = ticket["queue"], ticket["place"]
    waits, slot = pilot_queue.where(queue, place)
    if not waits and not slot and not size_of(f"{folder}/supervisor.err"):
        pilot_queue.add(queue, place, folder)  # whoever was to do so died before
        return "queued"
    lives = up(slot) if slot else any(map(up, pilot_queue.last_ones(queue)))
    if lives and (waits or slot):
        return "queued"
    state = probe.state(folder)["state"]  # it may have been started while we looked
    return "gone" if state == "not_started" else state


def ticket_of(folder: str) -> dict[str, str]:
    """Queue and place of an attempt that waits or waited for a pilot; empty of any other."""
    try:
        with open(f"{folder}/{QUEUED}", encoding="utf-8") as file:
            return dict(json.load(file))
    except (OSError, ValueError):
        return {}


def size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def cancel(folder: str) -> dict[str, Any]:
    """Ends an attempt; what waits in a queue is taken from it."""
    if os.path.exists(f"{folder}/{QUEUED}"):
        if pilot_queue.withdraw(folder):
            return {"did": "withdrawn", "why": ""}
        open(f"{folder}/{ASKED}", "w").close()  # to a pilot's run a signal is its engine's
    return dict(probe.cancel(folder))


def write_whole(path: str, content: bytes, mode: int) -> None:
    fd = os.open(f"{path}.tmp", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(fd, "wb") as file:
        file.write(content)
    os.rename(f"{path}.tmp", path)


# --- how they stand, and what they wrote ----------------------------------------------------------


def watch(root: str, asked: Request) -> tuple[dict[str, Any], list[tuple[str, str, str, int]]]:
    """States of all the attempts, after a wait of at most ``wait_s`` for the first that is over; and
    the files of which more is here than there: (attempt, name, path, offset)."""
    names: dict[str, dict[str, list[int]]] = asked["attempts"]
    end = time.monotonic() + float(asked.get("wait_s") or 0)
    tickets = [ticket_of(f"{root}/runs/{name}") for name in names]
    queues = {ticket["queue"] for ticket in tickets if ticket}
    while True:
        for queue in queues:
            revive(queue)
        states = {name: standing(f"{root}/runs/{name}") for name in names}
        if any(state in OVER for state in states.values()) or time.monotonic() >= end:
            break
        time.sleep(LOOK_EVERY_S)
    frames: list[tuple[str, str, str, int]] = []
    for name, known in names.items():
        frames += wanted(root, name, known, states[name] in OVER)
    return {"states": states, "epoch_s": time.time()}, frames


def wanted(
    root: str, name: str, known: dict[str, list[int]], is_over: bool
) -> Iterator[tuple[str, str, str, int]]:
    """``known``: size and time of each file there. What grows is sent from where it was."""
    folder = f"{root}/runs/{name}"
    for shown, path in sorted(files_of(folder)):
        if shown in OURS:
            continue
        try:
            about = os.stat(path)
        except FileNotFoundError:
            continue  # it was put in place under another name meanwhile
        there = known.get(shown)
        grows = shown in GROW or shown.startswith(("series/", "ranks/"))
        if there is None or (not grows and there != [about.st_size, about.st_mtime_ns]):
            yield name, shown, path, 0
        elif grows and about.st_size > there[0]:
            yield name, shown, path, there[0]
    if not is_over or not os.path.exists(f"{folder}/result.json"):
        return
    with open(f"{folder}/spec.json", encoding="utf-8") as file:
        spec = json.load(file)
    for shown, path in kept(spec):
        about = os.stat(path)
        if known.get(f"there/{shown}") != [about.st_size, about.st_mtime_ns]:
            yield name, f"there/{shown}", path, 0
    yield name, "result.json", f"{folder}/result.json", 0  # last: then all of it is there


def files_of(folder: str) -> Iterator[tuple[str, str]]:
    for where, folders, files in os.walk(folder):
        folders.sort()
        for file in files:
            path = os.path.join(where, file)
            if os.path.isfile(path) and not os.path.islink(path) and not file.endswith(".tmp"):
                yield os.path.relpath(path, folder), path


def kept(spec: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the run is to bring back of the folder that it ran in."""
    cwd, found = spec["cwd"], dict[str, str]()
    for pattern in [*(spec.get("files") or []), *(spec.get("keep") or [])]:
        for path in sorted(glob.glob(os.path.join(glob.escape(cwd), pattern), recursive=True))[
            :FILES_SENT
        ]:
            inside = [path] if os.path.isfile(path) else [p for _, p in files_of(path)]
            for one in inside[:FILES_SENT]:
                shown = os.path.relpath(one, cwd)
                if not shown.startswith(".."):
                    found[shown] = one
    return sorted(found.items())


def send(out: BinaryIO, frames: list[tuple[str, str, str, int]]) -> None:
    """What is gone or not to be read is left out: whoever wants it looks for it, and the run ends."""
    for name, shown, path, offset in frames:
        try:
            send_file(out, {"attempt": name, "path": shown}, path, offset)
        except OSError:
            continue
    out.write(b'{"end": true}\n')


def send_file(out: BinaryIO, about_it: dict[str, Any], path: str, offset: int) -> None:
    with open(path, "rb") as file:
        about = os.fstat(file.fileno())
        at, end = offset, about.st_size
        file.seek(at)
        while at < end or at == offset:
            piece = file.read(min(CHUNK_BYTES, end - at))
            head = {**about_it, "offset": at, "size": len(piece)}
            head |= {"whole": end, "mtime_ns": about.st_mtime_ns}
            head["sha256"] = hashlib.sha256(piece).hexdigest()
            out.write(json.dumps(head).encode() + b"\n" + piece)
            at += len(piece)
            if not piece:
                break


def answer_to(root: str, asked: Request, payload: bytes | None, out: BinaryIO) -> None:
    frames = list[tuple[str, str, str, int]]()
    try:
        os.makedirs(f"{root}/runs", exist_ok=True)
        verb = asked["verb"]
        answer: dict[str, Any]
        if verb == "submit":
            answer = submit(root, asked, payload)
        elif verb == "watch":
            answer, frames = watch(root, asked)
        elif verb == "lease":
            answer = dict(lease.asked(asked))
        elif verb == "cancel":
            answer = cancel(f"{root}/runs/{asked['name']}")
        elif verb == "close":
            answer = {}
            if os.path.isdir(f"{root}/queues/{asked['queue']}"):
                pilot_queue.close(f"{root}/queues/{asked['queue']}")
        else:
            raise Told("bad-request", f"{verb!r} is nothing that can be asked")
    except Told as told:
        answer = {"error": told.args[0], "what": told.args[1]}
    except OSError as error:
        code = "no-room-there" if error.errno in (28, 122) else "not-possible-there"
        answer = {"error": code, "what": f"{error.filename or root}: {error.strerror}"}
    out.write(json.dumps(answer).encode() + b"\n")
    send(out, frames)
    out.flush()


def main(root: str) -> int:
    """Answers one request after the other, until nothing more comes."""
    sys.stdout.buffer.write(b'{"runs": true}\n')
    sys.stdout.buffer.flush()
    while line := sys.stdin.buffer.readline():
        asked: Request = json.loads(line)
        size = asked.get("pack_bytes")
        payload = None if size is None else sys.stdin.buffer.read(size)
        answer_to(root, asked, payload, sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
