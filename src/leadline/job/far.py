"""What runs on a machine that sees none of our files: takes code and attempts in, starts them, says
how they stand, sends back what they wrote.

Stands alone like the supervisor (standard library only), is sent over once for each version of
itself, and is started for one exchange at a time: ``python -I -S far.py ROOT``. A line of JSON comes
on standard input, bytes may follow it; a line of JSON goes back, and frames of files may follow:
a line of JSON with path, offset, size, digest and time, then so many bytes. Everything that is put
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

from leadline.job import lease, prepare, probe  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, BinaryIO

    Request = dict[str, Any]

OVER = ("finished", "gone")
LOOK_EVERY_S = 0.02
GROW = ("stdout.log", "stderr.log", "metrics.jsonl", "supervisor.err")
FILES_SENT = 1000  # of those that a pattern names
# What is ours there, and none of what a run has to tell.
OURS = ("spec.json", "spec.private.json", "alive.lock", "tree.lock", "result.json")
CHUNK_BYTES = 1 << 20


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
            raise Told("code-not-taken", made.stderr.decode(errors="replace").strip())
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
        said = done.stderr.decode(errors="replace").strip()
        full = "No space left" in said or "quota exceeded" in said
        code = "no-room-there" if full else "code-not-taken"
        raise Told(code, said[-500:])
    try:
        os.rename(temporary, place)
    except OSError:  # somebody else was quicker
        shutil.rmtree(temporary, ignore_errors=True)


def environment_of(root: str, code: str, command: str, lock_file: str) -> dict[str, str]:
    """What a run is told of the environment that ``command`` makes."""
    try:
        place = prepare.prepared(f"{root}/env", code, command, lock_file)
    except prepare.NotPrepared as failed:
        raise Told("setup-failed", failed.args[0]) from None
    return prepare.variables(place, os.environ)


# --- attempts -------------------------------------------------------------------------------------


def submit(root: str, asked: Request, payload: BinaryIO) -> dict[str, Any]:
    """Starts one attempt, once, however often it is asked; ``missing`` where the code is not there."""
    folder = f"{root}/runs/{asked['name']}"
    answer: dict[str, Any] = {"folder": folder, "host": os.uname().nodename, "epoch_s": time.time()}
    if os.path.exists(f"{folder}/alive.lock") or os.path.exists(f"{folder}/result.json"):
        return {**answer, "state": probe.state(folder)["state"]}
    tree, top = asked.get("tree"), folder
    if tree:
        top = f"{root}/code/{tree}"
        if asked.get("pack_bytes") is not None:
            take_code(root, tree, payload.read(asked["pack_bytes"]))
        if not os.path.isdir(top):
            return {**answer, "missing": tree, "trees": trees(root)}
    spec = json.loads(json.dumps(asked["spec"]).replace(asked["mark"], json.dumps(top)[1:-1]))
    private = json.loads(
        json.dumps(asked.get("private")).replace(asked["mark"], json.dumps(top)[1:-1])
    )
    environ = dict(os.environ)
    if asked.get("setup"):
        environ |= environment_of(root, top, asked["setup"], asked.get("lock_file") or "")
    package = os.path.dirname(os.path.dirname(HERE))
    environ["PYTHONPATH"] = ":".join(filter(None, [environ.get("PYTHONPATH"), package]))
    os.makedirs(folder, exist_ok=True)
    if not os.path.isdir(spec["cwd"]) and spec["cwd"].startswith(top):
        os.makedirs(spec["cwd"], exist_ok=True)
    if private:
        write_whole(f"{folder}/spec.private.json", json.dumps(private).encode(), 0o600)
    write_whole(f"{folder}/spec.json", json.dumps(spec).encode(), 0o644)
    start(folder, environ)
    return {**answer, "state": probe.state(folder)["state"]}


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
    while True:
        found = {name: probe.state(f"{root}/runs/{name}") for name in names}
        if any(one["state"] in OVER for one in found.values()) or time.monotonic() >= end:
            break
        time.sleep(LOOK_EVERY_S)
    states = {
        name: "gone" if one["state"] == "not_started" else one["state"]
        for name, one in found.items()
    }
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
        about = os.stat(path)
        there = known.get(shown)
        grows = shown in GROW or shown.startswith("series/")
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
    for name, shown, path, offset in frames:
        with open(path, "rb") as file:
            about = os.fstat(file.fileno())
            at, end = offset, about.st_size
            file.seek(at)
            while at < end or at == offset:
                piece = file.read(min(CHUNK_BYTES, end - at))
                head = {"attempt": name, "path": shown, "offset": at, "size": len(piece)}
                head |= {"whole": end, "mtime_ns": about.st_mtime_ns}
                head["sha256"] = hashlib.sha256(piece).hexdigest()
                out.write(json.dumps(head).encode() + b"\n" + piece)
                at += len(piece)
                if not piece:
                    break
    out.write(b'{"end": true}\n')


def main(root: str) -> int:
    asked: Request = json.loads(sys.stdin.buffer.readline())
    out, frames = sys.stdout.buffer, list[tuple[str, str, str, int]]()
    try:
        os.makedirs(f"{root}/runs", exist_ok=True)
        verb = asked["verb"]
        answer: dict[str, Any]
        if verb == "submit":
            answer = submit(root, asked, sys.stdin.buffer)
        elif verb == "watch":
            answer, frames = watch(root, asked)
        elif verb == "lease":
            answer = dict(lease.asked(asked))
        elif verb == "cancel":
            answer = dict(probe.cancel(f"{root}/runs/{asked['name']}"))
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
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
