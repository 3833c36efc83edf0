"""A program under way with its pipes: the part of ``subprocess.Popen`` that git needs.

``subprocess`` loads threading, selectors and locale, 4 ms for each verb that asks git anything: as
much as two git processes. Everything with a time limit or a session of its own still goes through
it (``GitProgram.start_apart``).
"""

from __future__ import annotations

import os
import select
from _signal import SIGKILL, SIGPIPE, SIGXFSZ  # type: ignore[import-not-found]  # without the enums of ``signal``

from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from io import BufferedReader, BufferedWriter

CHUNK_BYTES = 1 << 16


class Process:
    """Started when made. ``returncode`` is None until it was waited for, negative after a signal."""

    def __init__(
        self, argv: list[str], environment: dict[str, str], pipe_input: bool = False
    ) -> None:
        """stdin is empty unless ``pipe_input``. Raises OSError (FileNotFoundError: no such
        program)."""
        self.returncode: int | None = None
        # Made in this order each end is given its place before that place is taken, also where 0, 1
        # and 2 are closed.
        pipes = [os.pipe() for _ in range(3 if pipe_input else 2)]
        (out, out_end), (err, err_end) = pipes[:2]
        ours, theirs = [out, err], [out_end, err_end]
        actions = [(os.POSIX_SPAWN_DUP2, out_end, 1), (os.POSIX_SPAWN_DUP2, err_end, 2)]
        if pipe_input:
            theirs.append(pipes[2][0])
            ours.append(pipes[2][1])
            actions.append((os.POSIX_SPAWN_DUP2, pipes[2][0], 0))
        else:
            actions.append((os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0))  # type: ignore[arg-type]
        try:
            # Python ignores these two signals, and a child that writes into a closed pipe has to
            # end of it.
            self.pid = os.posix_spawnp(
                argv[0], argv, environment, file_actions=actions, setsigdef=[SIGPIPE, SIGXFSZ]
            )
        except BaseException:
            for fd in ours:
                os.close(fd)
            raise
        finally:
            for fd in theirs:
                os.close(fd)
        self.stdout: BufferedReader = open(out, "rb")  # noqa: SIM115 - closed by ``communicate`` and ``close``
        self.stderr: BufferedReader = open(err, "rb")  # noqa: SIM115
        self.stdin: BufferedWriter | None = open(ours[2], "wb") if pipe_input else None  # noqa: SIM115

    def communicate(self, data: bytes | None = None) -> tuple[bytes, bytes]:
        """Give it ``data``, read all it says, wait for its end; (stdout, stderr)."""
        poller, left = select.poll(), memoryview(data or b"")
        if self.stdin is not None and not left:
            self._close_input()
        said: dict[int, list[bytes]] = {self.stdout.fileno(): [], self.stderr.fileno(): []}
        for fd in said:
            poller.register(fd, select.POLLIN)
        if self.stdin is not None:
            poller.register(self.stdin.fileno(), select.POLLOUT)
        open_ends = len(said) + (self.stdin is not None)
        while open_ends:
            for fd, _ in poller.poll():
                if fd in said:
                    piece = os.read(fd, CHUNK_BYTES)
                    said[fd].append(piece)
                    done = not piece
                else:
                    left = left[_written(fd, left) :]
                    done = not left
                if done:
                    poller.unregister(fd)
                    open_ends -= 1
                    if fd not in said:
                        self._close_input()
        output, errors = (b"".join(pieces) for pieces in said.values())
        self.close()
        return output, errors

    def wait(self) -> int:
        if self.returncode is None:
            try:
                self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            except ChildProcessError:  # somebody made the kernel forget children
                self.returncode = 0
        return self.returncode

    def kill(self) -> None:
        if self.returncode is None:
            os.kill(self.pid, SIGKILL)

    def close(self) -> None:
        """Close the pipes and wait for the end."""
        self._close_input()
        self.stdout.close()
        self.stderr.close()
        self.wait()

    def _close_input(self) -> None:
        stdin, self.stdin = self.stdin, None
        if stdin is not None:
            try:
                stdin.close()
            except BrokenPipeError:
                pass  # it ended without reading to the end; its status says why


def _written(fd: int, data: memoryview) -> int:
    """How many bytes went into a pipe that has room; all of them when nobody reads it."""
    try:
        return os.write(fd, data[: select.PIPE_BUF])
    except BrokenPipeError:
        return len(data)
