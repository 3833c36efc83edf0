"""How far a command is, from what it writes anyway: a pattern in its output, or files that grow.

The job program looks twice a second, where ``progress`` of ``spec.json`` asks for it, and keeps what
it saw as ``leadline.progress`` does, with the pace, in ``progress.seen``: whoever looks later has no
history of a log. Without a pattern or files (``--stall-kill`` alone) the signal is what the command
says by ``leadline.progress``, or that its series grow.

A pattern that takes too long to search for, or files that cannot be read, end the looking and never
the run. Standard library only, as all of this folder.
"""

from __future__ import annotations

import glob
import os
import re
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

    from leadline.ports.attempt import ProgressAsked

SEEN, SAID = "progress.seen", "progress"  # ours, and what ``leadline.progress`` wrote
LINE_BYTES = 256
STILL_FACTOR = 5.0
ADVANCES_NEEDED = 3  # before there is a pace
MOST_BYTES = 4 << 20  # of output, at one look
MOST_LINE = 1000
MOST_FILES = 1000
SEARCH_MOST_S = 0.25
LOGS = ("stdout.log", "stderr.log")


class TooLong(Exception):
    """A look took longer than it may."""


class Meter:
    """``stall``: why the command is to be ended, "" as long as it advances."""

    def __init__(self, folder: str, cwd: str, asked: ProgressAsked) -> None:
        self.folder, self.asked = folder, asked
        self.files = [os.path.join(cwd, pattern) for pattern in asked["files"]]
        self.pattern = re.compile(asked["pattern"].encode()) if asked["pattern"] else None
        self.at = dict.fromkeys(LOGS, 0)
        self.fd = -1
        self.given_up = False
        self.done = self.total = self.first = self.first_at = 0.0
        self.advanced = self.gap_s = 0.0  # monotonic: a machine that sleeps does not stand still
        self.advances = -1
        self.least_s = asked["stall_kill_s"]

    def look(self) -> str:
        """Takes in what came since the last time; why the command is to be ended, "" if it is not."""
        if self.given_up:
            return ""
        try:
            signal.signal(signal.SIGALRM, too_long)
            signal.setitimer(signal.ITIMER_REAL, SEARCH_MOST_S)
            try:
                found = self.read()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except (TooLong, OSError, ValueError, RecursionError, MemoryError):
            self.given_up = True
            return ""
        if found is not None and (self.advances < 0 or found[0] > self.done):
            self.advance(*found)
        return self.stall()

    def read(self) -> tuple[float, float] | None:
        """What is done, of how much (0: not known)."""
        if self.pattern is not None:
            counts = [count for name in LOGS for count in self.counts(name)]
            return max(counts, default=None)
        if self.files:
            return self.bytes_of(p for one in self.files for p in glob.iglob(one, recursive=True))
        return self.said() or self.bytes_of(self.series())

    def counts(self, name: str) -> Iterator[tuple[float, float]]:
        """Of the lines that are whole; a bar that is drawn over itself ends each with a return."""
        assert self.pattern is not None
        with open(f"{self.folder}/{name}", "rb") as log:
            size = os.fstat(log.fileno()).st_size
            self.at[name] = max(self.at[name], size - MOST_BYTES)
            log.seek(self.at[name])
            text = log.read(size - self.at[name])
        whole = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
        self.at[name] += whole
        for line in re.split(rb"[\r\n]", text[:whole]):
            for match in self.pattern.finditer(line[:MOST_LINE]):
                words = [word for word in match.groups() if word]
                try:
                    numbers = [float(word.replace(b",", b"")) for word in words[:2]]
                except ValueError:
                    continue
                if numbers:
                    yield numbers[0], numbers[1] if len(numbers) > 1 else 0.0

    def bytes_of(self, paths: Iterator[str]) -> tuple[float, float] | None:
        total, some = 0, False
        for count, path in enumerate(paths):
            if count >= MOST_FILES:
                break
            try:
                total, some = total + os.stat(path).st_size, True
            except OSError:
                continue
        return (float(total), 0.0) if some else None

    def series(self) -> Iterator[str]:
        yield f"{self.folder}/metrics.jsonl"
        yield from glob.iglob(f"{glob.escape(self.folder)}/series/*")

    def said(self) -> tuple[float, float] | None:
        """What ``leadline.progress`` wrote last."""
        try:
            with open(f"{self.folder}/{SAID}") as file:
                words = file.read(LINE_BYTES).split()
            return float(words[1]), float(words[2])
        except (OSError, ValueError, IndexError):
            return None

    def advance(self, done: float, total: float) -> None:
        now, at = time.time(), time.monotonic()
        if self.advances < 0:
            self.first, self.first_at = done, now
        else:
            self.gap_s = max(self.gap_s, at - self.advanced)
        self.done, self.total, self.advanced = done, total, at
        self.advances += 1
        if not (self.pattern or self.files):
            return  # it says so itself
        words = (done, total, now, self.first, self.first_at, self.gap_s, self.advances)
        line = " ".join(["1", *(f"{word:.17g}" for word in words)])
        if self.fd < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self.fd = os.open(f"{self.folder}/{SEEN}", flags, 0o644)
        try:
            os.pwrite(self.fd, (line.ljust(LINE_BYTES - 1) + "\n").encode(), 0)
        except OSError:
            pass  # a full disk ends no training

    def stall(self) -> str:
        over = 0 < self.total <= self.done  # what comes after the last step has no signal
        still_s = time.monotonic() - self.advanced
        if self.least_s is None or self.advances < ADVANCES_NEEDED or over:
            return ""
        if still_s <= max(self.least_s, STILL_FACTOR * self.gap_s):
            return ""
        of = f" of {self.total:g}" if self.total else ""
        pace = f"its longest pause before was {self.gap_s:.3g} s"
        return f"stalled at {self.done:g}{of}: no advance for {still_s:.3g} s, and {pace}"


def too_long(number: int, frame: object) -> NoReturn:
    raise TooLong
