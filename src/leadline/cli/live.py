"""Show a running command's output as it is written, by reading its log files; turn Ctrl-C into a
cancellation.

The command writes to files, never through us, so nothing here can slow it down, break its pipe or
lose its output.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from leadline.core.typed import Any

CHUNK_BYTES = 1 << 16
LOOK_EVERY_S = 0.1


class _Follower:
    def __init__(self, path: str, target: Any) -> None:
        self.path, self.target, self.fd = path, target, -1

    def copy(self) -> None:
        """Write what came since the last time."""
        if self.target is None:
            return
        if self.fd < 0:
            try:
                self.fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                return
        try:
            while chunk := os.read(self.fd, CHUNK_BYTES):
                self.target.buffer.write(chunk)
            self.target.flush()
        except (BrokenPipeError, ValueError):
            self.target = None  # nobody reads on; the log file has it all

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)


def watch_with(
    executor: Any, stdout: Any
) -> Callable[[str, dict[str, Any], Callable[[], bool]], bool]:
    """A ``watch`` for ``services.run.execute``. ``stdout``: where the command's stdout is shown,
    None for nowhere."""

    def watch(attempt: str, handle: dict[str, Any], is_over: Callable[[], bool]) -> bool:
        import sys

        followers = [
            _Follower(os.path.join(attempt, "stdout.log"), stdout),
            _Follower(os.path.join(attempt, "stderr.log"), sys.stderr if stdout else None),
        ]
        interrupted: list[int] = []

        def cancel(number: int, frame: Any) -> None:
            interrupted.append(number)

        old = {s: signal.signal(s, cancel) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        told = 0
        try:
            while executor.wait(attempt, handle, LOOK_EVERY_S) not in ("finished", "gone"):
                for follower in followers:
                    follower.copy()
                if len(interrupted) > told:
                    told = len(interrupted)
                    executor.cancel(attempt, handle)
            for follower in followers:
                follower.copy()
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
            for follower in followers:
                follower.close()
        return bool(interrupted)

    return watch
