"""One call as a process: the program with ``--json``, its progress handed on, its answer cut to what
an agent can read.

The process is of its own session and writes to memory and to no pipe, so that one which runs commands
goes on when nobody waits for it any more: a client has a limit for each call, and may close at any time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

from leadline.core.plain import shell_words
from leadline.core.typed import Any

MOST_CHARS = 24_000  # of an answer
KEPT = (100, 40, 15, 6, 3, 1)  # of each list in a longer one: tried in this order
CHARS_KEPT = 200  # of each text, for each of a list's
MOST_STDERR_CHARS = 500
ON_RECORD_WITHIN_S = 10.0  # beside the 45 s it is less than a client waits
APART_S = 0.5  # between two lines of progress
LINE_CHARS = 300
_PROGRAM = (sys.executable, "-P", "-m", "leadline")  # -P: nothing of the work tree is imported
# They run commands, and go on; and they look on, and are ended.
_GO_ON = frozenset(("run", "sweep", "ab", "reproduce", "measure", "claim"))
_LOOK_ON = frozenset(("wait", "logs", "attach"))


class Call:
    """A verb that runs. ``progress`` is told a line now and then, from another thread."""

    def __init__(
        self,
        words: list[str],
        folder: str,
        environ: Mapping[str, str],
        progress: Callable[[str], None],
        within_s: float,
    ) -> None:
        self._words, self._folder, self._environ = words, folder, dict(environ)
        self._progress, self._read = progress, 0
        at = words.index("--") if "--" in words else len(words)
        self._verb = next((word for word in words[:at] if not word.startswith("-")), "")
        self._looks_on = self._verb in _LOOK_ON or (self._verb == "jobs" and "--watch" in words)
        self._json = "--help" not in words[:at] and self._verb not in ("help", "")
        asked = [*words[:at], *(["--json"] if self._json else []), *words[at:]]
        self._out, self._errors = os.memfd_create("answer"), os.memfd_create("progress")
        self._ended = threading.Event()
        self._within_s = within_s
        self._process = subprocess.Popen(
            [*_PROGRAM, *asked],
            cwd=folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._errors,
            start_new_session=True,  # a Ctrl-C in the terminal is the client's
        )
        threading.Thread(target=self._wait, daemon=True).start()

    def cancel(self) -> None:
        """As Ctrl-C does: what was recorded is kept, and a run is recorded as cancelled."""
        if not self._ended.is_set():
            try:
                os.kill(self._process.pid, signal.SIGINT)
            except OSError:
                return

    def goes_on_alone(self) -> bool:
        """Nobody waits for it any more: whether it goes on without being waited for. Who only looks on
        is ended."""
        if self._looks_on:
            self.cancel()
        return self._verb in _GO_ON

    def answer(self) -> dict[str, Any]:
        """The envelope of the verb when it has ended, cut where it is long; before, when it takes longer
        than a client waits: what goes on, and how it is asked about."""
        end_s = time.monotonic() + self._within_s
        bounded = self._looks_on or self._verb in _GO_ON
        try:
            while not self._ended.wait(APART_S):
                self._tell_progress()
                late_s = time.monotonic() - end_s
                if bounded and late_s >= 0 and (known := self._not_over(late_s)):
                    return known
            return self._envelope()
        finally:
            os.close(self._out)
            os.close(self._errors)

    def _wait(self) -> None:
        self._process.wait()
        self._ended.set()

    def _envelope(self) -> dict[str, Any]:
        out = _whole(self._out)
        code = self._process.returncode
        if not self._json:
            return {"ok": code == 0, "data": {"text": out[:MOST_CHARS]}, "next": []}
        try:
            envelope = json.loads(out)
        except ValueError:
            return {
                "ok": False,
                "error": {
                    "code": "no-answer",
                    "what": f"the verb ended with {code} and no answer",
                    "why": _whole(self._errors)[-MOST_STDERR_CHARS:],
                },
                "next": ["leadline status"],
            }
        return _cut(envelope, len(out))

    def _not_over(self, late_s: float) -> dict[str, Any]:
        """Empty while what goes on is not on record yet: on a busy machine that takes a moment."""
        waited = f"it takes longer than {self._within_s:g} s"
        if self._looks_on:
            self.cancel()
            data = {"state": "not over", "why": f"{waited}: ask again, or do something else"}
            return {"ok": True, "data": data, "next": [f"leadline {shell_words(self._words)}"]}
        about: dict[str, Any] = self._under_way()
        if not about and late_s < ON_RECORD_WITHIN_S:
            return {}
        about = about or {"state": "running"}
        shown = str(about.get("id", ""))
        data = {**about, "why": f"{waited}: it goes on by itself, also when this client ends"}
        following = [f"leadline {verb} {shown}".rstrip() for verb in ("wait", "logs", "stop")]
        return {"ok": True, "data": data, "next": following if shown else ["leadline jobs"]}

    def _under_way(self) -> dict[str, Any]:
        """The row of ``leadline jobs`` of what the process is at, which is what it holds the lock of:
        several runs together before the one of them."""
        held = _locks_held(self._process.pid)
        listing = Call(["jobs"], self._folder, self._environ, lambda line: None, self._within_s)
        rows = listing.answer().get("data")
        found = [row for row in rows if row["uid"] in held] if isinstance(rows, list) else []
        keys = ("id", "verb", "state", "thread", "progress")
        return {key: found[0][key] for key in keys if found[0].get(key)} if found else {}

    def _tell_progress(self) -> None:
        """The end of what was said since."""
        size = os.fstat(self._errors).st_size
        start = max(self._read, size - LINE_CHARS)
        lines = os.pread(self._errors, size - start, start).decode("utf-8", "replace").split("\n")
        self._read = size
        if told := [line.strip() for line in lines if line.strip()]:
            self._progress(told[-1])


def _whole(fd: int) -> str:
    return os.pread(fd, os.fstat(fd).st_size, 0).decode("utf-8", "replace")


def _locks_held(pid: int) -> set[str]:
    """The ULIDs in the paths of the files that a process has open."""
    folder = f"/proc/{pid}/fd"
    found = set[str]()
    try:
        for name in os.listdir(folder):
            found |= set(os.readlink(f"{folder}/{name}").split("/")[-2:])
    except OSError:
        pass
    return found


def _cut(envelope: dict[str, Any], chars: int) -> dict[str, Any]:
    """Of what is too long, the first of every list and the beginning of every text, as many as fit."""
    if chars <= MOST_CHARS:
        return envelope
    for kept in KEPT:
        data = _shortened(envelope.get("data"), kept)
        if len(json.dumps(data, ensure_ascii=False)) <= MOST_CHARS:
            return {**envelope, "data": data, "truncated": True}
    return {**envelope, "data": {"characters": chars}, "truncated": True}


def _shortened(value: Any, kept: int) -> Any:
    if isinstance(value, dict):
        names = list(value)[: 10 * kept]
        return {name: _shortened(value[name], kept) for name in names}
    if isinstance(value, list):
        first = [_shortened(inner, kept) for inner in value[:kept]]
        return [*first, f"… {len(value) - kept} more"] if len(value) > kept else first
    if isinstance(value, str) and len(value) > kept * CHARS_KEPT:
        return f"{value[: kept * CHARS_KEPT]}… {len(value) - kept * CHARS_KEPT} more characters"
    return value
