"""The system's clock and randomness; and one that stands still for deterministic tests and recorded
examples.

``LEADLINE_CLOCK_FILE`` names a file holding milliseconds since 1970: each reading takes it and
moves it on a second, and randomness then follows from the time. Meant for tests; records made so
carry its time.
"""

from __future__ import annotations

import os
import time

from leadline.core.ulid import LATEST_MS, held


class SystemClock:
    def now_ms(self) -> int:
        try:
            return held(time.time_ns() // 1_000_000)
        except OverflowError:  # so far off that Python has no number for it
            return LATEST_MS

    def randomness(self) -> int:
        return int.from_bytes(os.urandom(10), "big")


class FileClock:
    def __init__(self, path: str) -> None:
        self.path = path
        self.last = 0

    def now_ms(self) -> int:
        with open(self.path, encoding="ascii") as file:
            self.last = int(file.read())
        with open(self.path, "w", encoding="ascii") as file:
            file.write(str(self.last + 1000))
        return self.last

    def randomness(self) -> int:
        import hashlib

        return int.from_bytes(hashlib.sha256(str(self.last).encode()).digest()[:10], "big")


def from_environment() -> SystemClock | FileClock:
    path = os.environ.get("LEADLINE_CLOCK_FILE")
    return FileClock(path) if path else SystemClock()
