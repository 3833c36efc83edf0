"""Files from inside a job: ``leadline.log_artifact("plots/loss.png", step=100)``.

When the call returns, the content stands under its digest in the run's attempt folder and a line
that names it is behind it, both synced: a ``kill -9`` or a power cut loses neither. The content is
copied rather than linked, since jobs go on writing to files they have logged; where the file system
can share blocks the copy costs no space. Each process writes a file of lines of its own, so writers
never mix. The price is two or three syncs a call: this is for plots, tables and checkpoints, not
for a line per step.

A wrong argument raises. What the world and the data do (no such file, no space, over a limit, a
picture with numbers beyond its range) never ends a training: it is said on stderr, and the record
lists it as a gap. Outside a job nothing happens.

Imported by jobs, so standard library only, and nothing before the first call.
"""

from __future__ import annotations

import errno
import os
import stat

from leadline.job.disk import discard, make_folders, open_in_place, sync_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypedDict

    # a function: of what has to be made first
    Data = bytes | memoryview | Callable[[], bytes] | None

    class Line(TypedDict, total=False):
        """One artifact, as the job wrote it down. ``gap``: why its content is not kept."""

        name: str
        kind: str
        step: int | None
        t: float  # seconds since 1970, as ``modified``
        source: str
        target: str  # of a symbolic link
        modified: float
        size_bytes: int
        digest: str
        changed: bool  # while it was read
        gap: str


FOLDER = "artifacts"  # below the attempt folder
MAX_FILE_BYTES = 1 << 30
MAX_RUN_BYTES = 10 << 30
COPY_BYTES = 1 << 20
MAX_NAME_BYTES = 200
WARNINGS = 5
IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".bmp", ".tif", ".tiff")
TABLES = (".csv", ".tsv", ".parquet", ".xlsx", ".jsonl", ".arrow", ".feather")
MODELS = (".pt", ".pth", ".ckpt", ".safetensors", ".onnx", ".gguf", ".h5", ".keras")

# of figures, images, tables and arrays
ABLE = ("savefig", "getbands", "to_csv", "write_csv", "__array__")

_writer = (0, "")  # process id and the name of its file of lines: a fork writes to one of its own
_warned = 0


class NotKept(Exception):
    """Why a content is not kept, as a few words."""


def log_artifact(
    value: Any,
    name: str | None = None,
    kind: str | None = None,
    step: int | None = None,
) -> str | None:
    """Keeps a file, bytes, a figure, an image, a table or an array with the run; durable when it
    returns.

    ``value``: the path of a file, its content as bytes, or what ``artifact_content.content_of``
    makes a file of by the ending of ``name``: ``log_artifact(figure, "loss.png")``,
    ``log_artifact(frame, "errors.csv")``. ``name`` is what the record calls it (default: the file's
    name; else needed) and may hold ``/``. The same name again is its next version, the same content
    again takes no more space. ``kind`` is a word such as ``image``, ``table``, ``model``, ``file``
    (default: by the name's ending). ``step``: the training step it belongs to.

    Returns the digest (``sha256:…``), or None when it was not kept (said on stderr, listed as a gap
    in the record) and outside a job. Links are followed. Larger than
    ``$LEADLINE_ARTIFACT_FILE_BYTES`` (1 GiB), or beyond ``$LEADLINE_ARTIFACT_RUN_BYTES`` for the
    run (10 GiB): not read, not kept.

    Raises:
        TypeError: a value that is none of these or cannot be a file of that ending, or the step is no integer.
        ValueError: the name or the kind is none.
    """
    data: bytes | memoryview | None = None
    path: str | None = None
    if isinstance(value, (str, os.PathLike)):
        path = os.fsdecode(value)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        data = memoryview(value).cast("B")
    elif not isinstance(value, (list, tuple)) and not any(hasattr(value, able) for able in ABLE):
        is_a = type(value).__name__
        raise TypeError(
            f"log_artifact() takes a path, bytes, a figure, an image, a table or an array, not {is_a}"
        )
    if path is None and name is None:
        raise ValueError("what is no file needs a name: log_artifact(figure, 'loss.png')")
    if step is not None:
        try:
            step = int(step.__index__())
        except AttributeError:
            raise TypeError(f"step must be an integer, not {type(step).__name__}") from None
    name = name_of(path or "") if name is None else checked_name(name)
    kind = kind_by_name(name) if kind is None else checked_kind(kind)
    folder = os.environ.get("LEADLINE_RUN_DIR")
    if not folder:
        return None
    line: Line = {"name": name, "kind": kind, "step": step}
    if path is not None or data is not None:
        return _log(f"{folder}/{FOLDER}", data, path or "", line)
    return _log(f"{folder}/{FOLDER}", lambda: _made(value, name), "", line)


def _made(value: Any, name: str) -> bytes:
    """The value as a file. That its library cannot write it, or that a picture's numbers are beyond
    its range, is a gap: a training is worth more than a picture."""
    from leadline.job.artifact_content import WrongKind, content_of

    try:
        return content_of(value, name)
    except WrongKind:
        raise
    except Exception as problem:
        raise NotKept(f"{type(problem).__name__}: {problem}"[:200]) from problem


def _log(folder: str, data: Data, path: str, line: Line) -> str | None:
    try:
        make_folders(folder)
        take(folder, data, path, line, _limit("FILE", MAX_FILE_BYTES), _limit("RUN", MAX_RUN_BYTES))
        if "gap" in line:
            _warn(f"the artifact {line['name']!r} is not kept: {line['gap']}")
        elif "changed" in line:
            _warn(f"the artifact {line['name']!r} changed while it was read: what was read is kept")
        _append(folder, line)
    except OSError as e:
        _warn(f"the artifact {line['name']!r} is lost, {folder} cannot be written: {e.strerror}")
        return None
    return None if "gap" in line else str(line["digest"])


def take(folder: str, data: Data, path: str, line: Line, max_file: int, max_run: int) -> None:
    """Put the content in ``folder`` under its digest, and add to ``line`` what it is, or ``gap``:
    why it is not kept. Sizes in bytes."""
    from time import time_ns

    try:
        line["t"] = time_ns() / 1e9
    except OverflowError:  # a clock so far off that Python has no number for it
        line["t"] = 0.0
    if path:
        absolute = os.path.abspath(path)
        line["source"] = shown(absolute)
        if (real := os.path.realpath(path)) != absolute:
            line["target"] = shown(real)
    try:
        _keep(folder, data, path, line, max_file, max_run)
    except NotKept as e:
        line["gap"] = str(e)
    except OSError as e:
        line["gap"] = _words(e)


def _keep(folder: str, data: Data, path: str, line: Line, max_file: int, max_run: int) -> None:
    source = -1
    if callable(data):
        data = data()
    try:
        if data is None:
            source, status = open_source(path)
            line["size_bytes"], line["modified"] = status.st_size, status.st_mtime_ns / 1e9
            size_bytes = status.st_size
        else:
            line["size_bytes"] = size_bytes = len(data)
        if size_bytes > max_file:
            raise NotKept(f"larger than {size_text(max_file)} ({size_text(size_bytes)})")
        if not reserve(folder, size_bytes, max_run):
            raise NotKept(
                f"the run has more than {size_text(max_run)} of artifacts ({size_text(size_bytes)} more)"
            )
        taken = 0
        try:
            for _ in range(2):  # a file that is being written is often whole at the second look
                digest, copied, new, changed = keep(folder, source, data)
                taken += copied if new else 0
                if not changed:
                    break
        finally:
            if taken != size_bytes:
                reserve(folder, taken - size_bytes, None)
    finally:
        if source >= 0:
            os.close(source)
    line["digest"], line["size_bytes"] = digest, copied
    if changed:
        line["changed"] = True


def keep(
    folder: str, source: int, data: bytes | memoryview | None = None
) -> tuple[str, int, bool, bool]:
    """Copy the open file ``source``, or ``data``, into ``folder`` under its digest, durably and
    read-only.

    Returns the digest, the size, whether it was not there before, and whether the file changed
    meanwhile. Raises OSError, and leaves nothing half-written.
    """
    temporary = f"{folder}/.{os.getpid()}-{os.urandom(6).hex()}.tmp"
    before = os.fstat(source) if data is None else None
    target = open_in_place(temporary, os.O_RDWR | os.O_EXCL)
    try:
        try:
            digest, size_bytes = (
                write_hashed(target, data) if data is not None else copy_hashed(source, target)
            )
            os.fchmod(target, os.fstat(target).st_mode & 0o444)
            os.fsync(target)
        finally:
            os.close(target)
        final = f"{folder}/{digest.removeprefix('sha256:')}"
        new = not os.path.exists(final)
        if new:
            os.rename(temporary, final)
        else:
            os.unlink(temporary)
    except BaseException:
        discard(temporary)
        raise
    sync_folder(folder)
    after = os.fstat(source) if before is not None else None
    changed = before is not None and after is not None and (
        (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size_bytes < before.st_size
    )  # fmt: skip
    return digest, size_bytes, new, changed


def open_source(path: str) -> tuple[int, os.stat_result]:
    """The file, open for reading, and its status. Raises NotKept for what is no file, OSError."""
    # a pipe without a writer would wait for ever
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    status = os.fstat(fd)
    if stat.S_ISREG(status.st_mode):
        return fd, status
    os.close(fd)
    if stat.S_ISDIR(status.st_mode):
        raise NotKept("it is a folder: log its files one by one, or pack it")
    raise NotKept("it is no regular file")


# --- copying --------------------------------------------------------------------------------------


def write_hashed(target: int, data: bytes | memoryview) -> tuple[str, int]:
    import hashlib

    view = memoryview(data)
    at = 0
    while at < len(view):
        at += os.write(target, view[at : at + (64 << 20)])
    return "sha256:" + hashlib.sha256(view).hexdigest(), len(view)


def copy_hashed(source: int, target: int) -> tuple[str, int]:
    """Copy a file, as long as it is now, and hash what the copy holds, a piece at a time: memory
    does not grow with it, and the digest is right even when the file changes meanwhile. Holes stay
    holes."""
    import hashlib

    hasher, at = hashlib.sha256(), 0
    end = os.fstat(source).st_size
    zeros = b""
    in_kernel = hasattr(os, "copy_file_range")
    while at < end:
        start = _next_data(source, at, end)
        while at < start:
            zeros = zeros or bytes(COPY_BYTES)
            piece = min(COPY_BYTES, start - at)
            hasher.update(zeros if piece == COPY_BYTES else zeros[:piece])
            at += piece
        if at >= end:
            break
        wanted = min(COPY_BYTES, end - at)
        copied = -1
        if in_kernel:
            try:
                # shares blocks where it can
                copied = os.copy_file_range(source, target, wanted, at, at)
            except OSError as e:
                if e.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
                    raise
                in_kernel = False
        if copied > 0:
            data = os.pread(target, copied, at)
        else:
            data = os.pread(source, wanted, at)
            if not data:
                end = at  # it became shorter
                break
            view = memoryview(data)
            while view:
                view = view[os.pwrite(target, view, at + len(data) - len(view)) :]
        hasher.update(data)
        at += len(data)
    if end == 0:  # files of the kernel say that they are empty and are not
        while at < COPY_BYTES * 16 and (data := os.pread(source, COPY_BYTES, at)):
            os.pwrite(target, data, at)
            hasher.update(data)
            at += len(data)
        end = at
    os.ftruncate(target, end)
    return "sha256:" + hasher.hexdigest(), end


def _next_data(source: int, at: int, end: int) -> int:
    """Where the next byte that is not in a hole stands, at most ``end``."""
    try:
        return min(end, os.lseek(source, at, os.SEEK_DATA))
    except OSError as e:
        if e.errno != errno.ENXIO:
            return at
        # none: a hole up to the end, wherever that is by now
        return min(end, max(at, os.fstat(source).st_size))
    except AttributeError:
        return at


def reserve(folder: str, size_bytes: int, limit: int | None) -> bool:
    """Add ``size_bytes`` to what the run's artifacts take, all processes together; false, and
    nothing added, above ``limit``. A process that is killed while it copies leaves its part
    counted."""
    import fcntl

    fd = open_in_place(f"{folder}/total", os.O_RDWR)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        try:
            used = int(os.pread(fd, 20, 0) or 0)
        except ValueError:
            used = 0
        if limit is not None and used + size_bytes > limit:
            return False
        os.pwrite(fd, b"%20d" % max(0, used + size_bytes), 0)
        return True
    finally:
        os.close(fd)


# --- lines and words ------------------------------------------------------------------------------


def _append(folder: str, line: Line) -> None:
    """One line in this process's own file, synced. A torn end of an earlier one gets a newline
    first."""
    import json

    global _writer
    if _writer[0] != os.getpid():
        _writer = (os.getpid(), f"{os.getpid()}-{os.urandom(4).hex()}.jsonl")
    path = f"{folder}/{_writer[1]}"
    new = not os.path.exists(path)
    data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
    fd = open_in_place(path, os.O_RDWR | os.O_APPEND)
    try:
        size = os.fstat(fd).st_size
        if size and os.pread(fd, 1, size - 1) != b"\n":
            data = b"\n" + data
        if os.write(fd, data) != len(data):
            raise OSError(errno.ENOSPC, "no room for the whole line")
        os.fsync(fd)
    finally:
        os.close(fd)
    if new:
        sync_folder(folder)


def shown(text: str) -> str:
    """A path as text that every file of ours can hold."""
    return text.encode("utf-8", "backslashreplace").decode()


def name_of(path: str) -> str:
    """What a file is called that nobody named."""
    name = shown(os.path.basename(os.path.abspath(path)))
    name = "".join(c if c.isprintable() else "_" for c in name)
    return name.encode()[-MAX_NAME_BYTES:].decode(errors="ignore") or "file"


def checked_name(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"the name of an artifact must be a string, not {type(name).__name__}")
    parts = name.split("/")
    if (
        not name.isprintable()
        or len(name.encode(errors="replace")) > MAX_NAME_BYTES
        or "\\" in name
    ):
        raise ValueError(
            f"{name[:80]!r} is no name: at most {MAX_NAME_BYTES} printable bytes, no backslash"
        )
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"{name[:80]!r} is no name: parts between / are not empty, '.' or '..'")
    return name


def checked_kind(kind: str) -> str:
    if not isinstance(kind, str):
        raise TypeError(f"the kind of an artifact must be a string, not {type(kind).__name__}")
    if (
        not 0 < len(kind) <= 32
        or not kind.replace("-", "").replace("_", "").isalnum()
        or not kind.isascii()
    ):
        raise ValueError(f"{kind[:40]!r} is no kind: a word such as image, table, model, file")
    return kind.lower()


def kind_by_name(name: str) -> str:
    lower = name.lower()
    for kind, endings in (("image", IMAGES), ("table", TABLES), ("model", MODELS)):
        if lower.endswith(endings):
            return kind
    return "file"


def size_text(size_bytes: int) -> str:
    size = float(size_bytes)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} TiB"


def _limit(what: str, default: int) -> int:
    try:
        return int(os.environ.get(f"LEADLINE_ARTIFACT_{what}_BYTES") or default)
    except ValueError:
        return default


def _words(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "no space left"
    return (error.strerror or str(error)).lower()


def _warn(text: str) -> None:
    global _warned
    _warned += 1
    if _warned > WARNINGS:
        return
    more = " (further ones are not said, the record lists them)" if _warned == WARNINGS else ""
    try:
        os.write(2, f"leadline: {text}{more}\n".encode(errors="replace"))
    except OSError:
        pass
