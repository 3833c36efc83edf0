"""What a command is given on its standard input: that of ``leadline run`` itself, handed on as the
command takes it, or a file that is named (``--stdin``).

A command gets what it would get without us. A file and a terminal are opened again for it. Of a pipe
or a socket it gets a pipe of one page, and what it takes out of that is taken from ours then: what
it leaves is still there for whoever reads next, the loop of a shell say, and an end that never comes
is not waited for. What was taken is digested, and its text kept where it is short; of a login neither.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping

from leadline.core.canonical import sha256_for
from leadline.core.errors import refused
from leadline.core.secrets.names import secret_name_reason
from leadline.core.secrets.quick import SUSPECT
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.job.disk import discard

if TYPE_CHECKING:
    from leadline.core.record.bodies import StdinFacts
    from leadline.ports.attempt import Result
    from leadline.services.context import Context
    from leadline.services.run.request import RunRequest
    from leadline.services.screening import Hiding

KEPT_BYTES = 1 << 20
DIGESTED_BYTES = 1 << 30  # of a file; what goes through our hands is digested whole
PAGE_BYTES = 4096
FIFO = "stdin"  # in the attempt folder, while the command runs
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ
_NONBLOCK = 2  # SPLICE_F_NONBLOCK


class Given:
    """Our own standard input, for one command on this machine."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.offset = os.lseek(0, 0, os.SEEK_CUR) if kind == "file" else 0
        self._pump: _Pump | None = None
        self._terminal: Any = None

    def offer(self, attempt: str) -> dict[str, Any]:
        """What the job program is told; nothing where it cannot be handed on."""
        if self._pump is not None:
            return {}  # an earlier attempt had it
        if self.kind == "pipe":
            try:
                self._pump = _Pump(os.path.join(attempt, FIFO))
            except OSError:
                return {}
            return {"stdin": self._pump.path}
        if self.kind == "terminal":
            self._terminal = _terminal_state()
        place: dict[str, Any] = {"stdin": f"/proc/{os.getpid()}/fd/0"}
        return {**place, "stdin_offset": self.offset} if self.kind == "file" else place

    def taken(self, result: Result) -> tuple[int, str, bytes | None]:
        """How much the command took, which is over, its digest, and the bytes where they are few."""
        if self._terminal is not None and _in_foreground():
            import termios  # noqa: PLC0415  start-up: 0.4 ms

            termios.tcsetattr(0, termios.TCSANOW, self._terminal)
        if self._pump is not None:
            return self._pump.taken()
        count = result.get("stdin_read") or 0
        if self.kind != "file":
            return 0, "", None
        if count > 0:
            os.lseek(0, self.offset + count, os.SEEK_SET)
        elif self.offset == 0:  # a map or a look at its size moves nothing
            count = os.fstat(0).st_size
        return _of_file(0, self.offset, max(count, 0))


class _Pump:
    """Hands a pipe or a socket on, a page at a time, from a thread that stops when it is told to."""

    def __init__(self, path: str) -> None:
        import _thread  # noqa: PLC0415  start-up: only where something is given
        import fcntl  # noqa: PLC0415  start-up: 0.2 ms

        self.path = path
        os.mkfifo(path, 0o600)
        self._reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._writing = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.fcntl(self._writing, _SET_PIPE_SIZE, PAGE_BYTES)
        self._stop_read, self._stop_write = os.pipe()
        self._source = _source()
        self._hash, self._count = sha256_for(KEPT_BYTES)(), 0
        self._kept = bytearray()
        self._done = _thread.allocate_lock()
        self._done.acquire()
        _thread.start_new_thread(self._run, ())

    def taken(self) -> tuple[int, str, bytes | None]:
        """When the command is over: ends the thread."""
        if self._stop_write >= 0:
            os.write(self._stop_write, b"x")
            self._done.acquire()
            for fd in (self._reading, self._stop_read, self._stop_write):
                os.close(fd)
            self._stop_write = -1
            discard(self.path)
        if not self._count:
            return 0, "", None
        whole = bytes(self._kept) if self._count == len(self._kept) else None
        return self._count, f"sha256:{self._hash.hexdigest()}", whole

    def _run(self) -> None:
        try:
            while (there := self._next_page()) and self._is_taken(there):
                pass
        except OSError:
            pass  # the side that gives is gone: the command sees the end
        finally:
            os.close(self._writing)
            self._done.release()

    def _next_page(self) -> int:
        """Puts what comes next before the command; 0 at the end, and when we are to stop."""
        import select  # noqa: PLC0415  start-up: 0.3 ms

        poller = select.poll()
        poller.register(0, select.POLLIN)
        poller.register(self._stop_read, select.POLLIN)
        if any(fd == self._stop_read for fd, _ in poller.poll()):
            return 0
        return self._source.show(self._writing)

    def _is_taken(self, count: int) -> bool:
        """Waits until the command took the page, and takes it from our own side; False to stop."""
        import select  # noqa: PLC0415  start-up: 0.3 ms

        poller = select.poll()
        poller.register(self._writing, select.POLLOUT)
        poller.register(self._stop_read, select.POLLIN)
        stopped = any(fd == self._stop_read for fd, _ in poller.poll())
        if stopped:
            count -= _unread(self._reading)
        while count > 0 and (part := self._source.take(count)):
            count -= len(part)
            self._count += len(part)
            self._hash.update(part)
            if len(self._kept) < KEPT_BYTES:
                self._kept += part
        return not stopped


class _Pipe:
    def show(self, target: int) -> int:
        from leadline.job.supervise import call_libc  # noqa: PLC0415  start-up: 1 ms

        while (shown := call_libc("tee", 0, target, PAGE_BYTES, _NONBLOCK)) < 0:
            _pause()
        return shown

    def take(self, count: int) -> bytes:
        return os.read(0, count)


class _Socket:
    def __init__(self) -> None:
        import socket  # noqa: PLC0415  start-up: 3 ms

        self._socket = socket.socket(fileno=os.dup(0))
        self._peek = socket.MSG_PEEK

    def show(self, target: int) -> int:
        return (
            os.write(target, found) if (found := self._socket.recv(PAGE_BYTES, self._peek)) else 0
        )

    def take(self, count: int) -> bytes:
        return self._socket.recv(count)


def given() -> Given | None:
    """What stands on our own standard input; None for nothing, for a device, and for a terminal that
    is somebody else's now."""
    try:
        mode = os.fstat(0).st_mode
        if stat.S_ISREG(mode):
            os.close(os.open("/proc/self/fd/0", os.O_RDONLY))
            return Given("file")
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            return Given("pipe") if os.path.exists("/proc/self/fd") else None
        return Given("terminal") if os.isatty(0) and _in_foreground() else None
    except OSError:
        return None


def not_handed_on(say: Callable[[str], None]) -> None:
    """Says that what stands on our standard input goes to none of several commands."""
    found = given()
    if found is None or found.kind == "terminal":
        return
    try:
        if found.kind == "file":
            waits = os.fstat(0).st_size > found.offset
        else:
            waits = _unread(0) > 0
    except OSError:
        return
    if waits:
        say("what is given on stdin goes to none of these runs: --stdin FILE gives it to each")


def stdin_spec(context: Context, request: RunRequest, attempt: str, place: str) -> dict[str, Any]:
    """The part of what a job is told. Raises LeadlineError(refused) ``stdin-elsewhere``."""
    command = request.command
    named = command.stdin or request.terms.stdin
    if named and place != "here":
        raise refused(
            "stdin-elsewhere",
            "--stdin names a file of this machine, and the run is on another",
            why="only the code state goes there",
            do="leadline run -- sh -c 'COMMAND < FILE'",
        )
    if named:
        return {"stdin": os.path.join(command.folder or context.cwd, named), "stdin_offset": 0}
    return request.stdin.offer(attempt) if request.stdin is not None and place == "here" else {}


def stdin_facts(
    context: Context,
    request: RunRequest | None,
    spec: Mapping[str, Any],
    result: Result,
    redact: Hiding,
) -> StdinFacts | None:
    """What the command took, None for nothing. It is kept where it is short and holds no secret."""
    count, digest, whole = 0, "", None
    if request is not None and request.stdin is not None:
        count, digest, whole = request.stdin.taken(result)
    elif spec.get("stdin") and (count := result.get("stdin_read") or 0) > 0:
        try:
            fd = os.open(spec["stdin"], os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return {"size_bytes": count, "digest": ""}
        try:
            count, digest, whole = _of_file(fd, spec.get("stdin_offset") or 0, count)
        finally:
            os.close(fd)
    if not count:
        return None
    if _is_login(request, spec):
        return {"size_bytes": count, "digest": ""}
    facts: StdinFacts = {"size_bytes": count, "digest": digest}
    if whole is not None:
        text = whole.decode("utf-8", "surrogateescape")
        if redact.text(text) == text:
            facts["blob"] = context.blobs.put(whole)
    return facts


def _is_login(request: RunRequest | None, spec: Mapping[str, Any]) -> bool:
    """Whether it is a secret by the name of the file, or by what the command takes it for: a short one
    could be guessed from a digest."""
    names = [spec.get("stdin") or ""]
    if request is not None and request.stdin is not None and request.stdin.kind == "file":
        names = [os.readlink("/proc/self/fd/0")]
    words = spec.get("argv") or ()
    return any(map(_takes_login, words)) or any(map(secret_name_reason, names))


def _takes_login(word: str) -> bool:
    """``--password-stdin``; a plain ``--stdin`` takes data."""
    name = word.upper().replace("-", "_")
    return word == "--with-token" or (
        name.endswith("_STDIN") and any(sort in name for sort in SUSPECT)
    )


def _of_file(fd: int, offset: int, count: int) -> tuple[int, str, bytes | None]:
    if count > DIGESTED_BYTES:
        return count, "", None
    hasher, kept, at = sha256_for(count)(), bytearray(), offset
    while at < offset + count and (part := os.pread(fd, min(1 << 20, offset + count - at), at)):
        hasher.update(part)
        at += len(part)
        if count <= KEPT_BYTES:
            kept += part
    return count, f"sha256:{hasher.hexdigest()}", bytes(kept) if len(kept) == count else None


def _source() -> _Pipe | _Socket:
    return _Socket() if stat.S_ISSOCK(os.fstat(0).st_mode) else _Pipe()


def _unread(fd: int) -> int:
    import fcntl  # noqa: PLC0415  start-up: 0.2 ms
    import termios  # noqa: PLC0415  start-up: 0.4 ms

    return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), "little")


def _pause() -> None:
    import time  # noqa: PLC0415  start-up: only where a pipe had nothing after all

    time.sleep(0.01)


def _in_foreground() -> bool:
    """Else a shell has its terminal back, and what is typed there is the shell's."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def _terminal_state() -> Any:
    import termios  # noqa: PLC0415  start-up: 0.4 ms

    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None
