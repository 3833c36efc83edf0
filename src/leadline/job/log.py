"""Metrics from inside a job: ``leadline.log(step=3, loss=0.7)``.

Each call is one frame in a file of this process alone, handed to the kernel by a single ``write``
before the call returns: a point whose call returned survives ``kill -9``. The price is one system
call a line; a buffer would be faster and lose what it holds, a memory-mapped file would be twice as
fast and end the training by SIGBUS on a full disk. The job program brings the files to the disk
twice a second, at no cost to the job. Outside a job nothing happens. A disk that is full does not
end a training: it is said once on stderr, and the next point is tried again.

The format is written down in docs/series-format.md; ``leadline.core.series.segment`` reads it.
Imported by every job, so it imports little: ``os``, ``struct``, ``time``, ``zlib``.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from errno import EBADF, EFBIG, ENOSPC
from struct import Struct
from struct import error as StructError
from time import time as _now
from zlib import crc32 as _crc

try:
    _now()
except OverflowError:  # a clock so far off that Python has no number for it

    def _now() -> float:
        return 4_102_444_800.0


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Known = tuple[Callable[..., bytes], int, int]  # pack, the first four bytes, descriptor

MAGIC = b"\x89LLSER\n\x01"  # the last byte is the version
# the CRC-32 of any text that ends in its own: a check over many frames is one call
RESIDUE = 0x2144DF1C
NAMES_IN_SET = 1000
BYTES_IN_SET = 200_000
LONGEST_NAME = 4096
TOO_LARGE = "too large for a float"  # what stands for the type of such an integer
SETS_IN_SEGMENT = 16_384
SEGMENTS = 1000
SYNC_EVERY_S = 0.5
ONE_BYTES = 32  # of a frame with one value

# of the segment being written; a set of one name also by that name, as making a tuple takes time
_sets: dict[str | tuple[str, ...], Known] = {}
_numeric: set[str] = set()  # metrics that were numbers before
# of every segment of this process: another thread may still write to an earlier one
_descriptors: list[int] = []
_lock = allocate_lock()
_segment: tuple[int, int] | None = None  # descriptor, and the number of the next set
_writer = ""
_warned = False
_lost = 0  # calls whose point was not written, or not in full
_said_odd = False
_syncing = False
_write = os.write
_four = Struct("<I").pack


def log(
    values: Mapping[str, Any] | int | None = None, /, step: int | None = None, **metrics: Any
) -> None:
    """Records metrics at a step: ``log(step=3, loss=0.7)``, ``log(3, loss=0.7)``,
    ``log({"eval/loss": 0.7}, step=3)``.

    Values are numbers or anything ``float()`` takes from a number (numpy and torch scalars); booleans count as 0 and
    1. NaN and infinities are kept. Integers are exact up to 2**53. A metric that was a number before and is none now
    (None, a text, an integer too large for a float) is counted and said once, since a training that ran for hours is
    worth more; so is a blank name once anything was logged. Does nothing outside a job.

    Raises:
        TypeError: a value of a metric that was never a number is none (the message names its key), a name is blank in
            the first call, or the step is not an integer (nor the first argument a mapping).
    """
    if values is None and len(metrics) == 1 and type(step) is int:
        # Most calls are this one: without what several metrics need it takes a ninth less.
        (name,) = metrics
        known = _sets.get(name)
        if known is not None:
            pack, head, fd = known
            try:
                body = pack(head, _now(), step, metrics[name])
            except (StructError, TypeError, ValueError, OverflowError):
                return _log_slowly(metrics, step)
            try:
                if _write(fd, body + _four(_crc(body, RESIDUE))) == ONE_BYTES:
                    return None
            except OSError as problem:
                return _not_written(problem, known, metrics, step)
            return _not_written(None, known, metrics, step)
    given: Mapping[str, Any] = metrics
    if values is not None:
        if hasattr(values, "keys"):
            given = {**values, **metrics} if metrics else values  # type: ignore[assignment,dict-item]
        elif step is None:
            step = values
        else:
            raise TypeError("log() got the step twice")
    known = _sets.get(tuple(given))
    if known is None or type(step) is not int:
        return _log_slowly(given, step)
    pack, head, fd = known
    try:
        body = pack(head, _now(), step, *given.values())
    except (StructError, TypeError, ValueError, OverflowError):
        return _log_slowly(given, step)
    frame = body + _four(_crc(body, RESIDUE))
    try:
        if _write(fd, frame) == len(frame):
            return None
    except OSError as problem:
        return _not_written(problem, known, given, step)
    return _not_written(None, known, given, step)


def _log_slowly(given: Mapping[str, Any], step: Any, again: bool = True) -> None:
    """What the fast path leaves: a new set of names, a step or value that is no plain number, a
    problem."""
    folder = os.environ.get("LEADLINE_SERIES")
    if not folder:
        return
    at = _step(step)
    if not given:
        return
    numbers, odd = _numbers(given)
    if odd:
        _note_odd(folder, odd, at)
    for names in _parts(tuple(numbers)):
        known = _sets.get(names) or _defined(folder, names)
        if known is None:
            continue
        pack, head, fd = known
        body = pack(head, _now(), at, *(numbers[name] for name in names))
        frame, problem = body + _four(_crc(body, RESIDUE)), None
        try:
            if _write(fd, frame) == len(frame):
                continue
        except OSError as e:
            problem = e
        _not_written(problem, known, {name: numbers[name] for name in names}, step, again)


def _not_written(
    problem: OSError | None, known: Known, given: Mapping[str, Any], step: Any, again: bool = True
) -> None:
    """A frame is cut short, or is not there at all. After part of a frame nothing may follow in
    that file, so the point goes to a new segment, once. Where a full disk takes nothing the file
    gets a torn end all the same (a byte that costs no block), since a series with a hole looks
    whole."""
    if problem is None or problem.errno in (EFBIG, EBADF):
        _give_up(known[2])
        if again:
            return _log_slowly(given, step, again=False)
    else:
        _give_up(known[2])
        try:
            os.ftruncate(known[2], os.fstat(known[2]).st_size + 1)
        except OSError:
            pass  # the header of the next segment says it
    _warn(problem or OSError(ENOSPC, os.strerror(ENOSPC)))
    return None


# --- segments -------------------------------------------------------------------------------------


def _defined(folder: str, names: tuple[str, ...]) -> Known | None:
    """The number of a set of names, its definition written first; None when it cannot be (which is
    said)."""
    global _segment
    try:
        with _lock:
            known = _sets.get(names)
            if known is not None:
                return known
            if _segment is None or _segment[1] > SETS_IN_SEGMENT:
                _segment = _new_segment(folder), 1
                _sets.clear()
            fd, number = _segment
            frame = _text_frame(f'{{"set":{number},"names":[{",".join(map(_quoted, names))}]}}')
            if _write(fd, frame) != len(frame):
                _segment = None
                _sets.clear()
                raise OSError(ENOSPC, os.strerror(ENOSPC))
            _segment = fd, number + 1
            head = number << 16 | 3 + len(names)
            known = Struct(f"<I{2 + len(names)}d").pack, head, fd
            _sets[names] = known
            if len(names) == 1:
                _sets[names[0]] = known
            _numeric.update(names)
            return known
    except OSError as problem:
        if problem.errno in (EFBIG, EBADF) and _segment is not None:
            _give_up(_segment[0])
        _warn(problem)
        return None


def _give_up(fd: int) -> None:
    """Nothing more is written to this segment; the next point begins another."""
    global _segment
    with _lock:
        if _segment is not None and _segment[0] == fd:
            _segment = None
            _sets.clear()


def _new_segment(folder: str) -> int:
    """The descriptor of a new file with its header, which no other process and no earlier segment
    shares."""
    global _writer
    if len(_descriptors) >= SEGMENTS:
        raise OSError(ENOSPC, f"more than {SEGMENTS} files were begun")
    from leadline.job.rank_output import RANKS

    told = [os.environ.get(name, "") for name in RANKS]
    ranks = [text for text in told if text.isascii() and text.isdigit()]
    if not _writer:
        _writer = (f"rank{ranks[0]}-" if ranks else "") + f"p{os.getpid()}-{os.urandom(4).hex()}"
    nth = len(_descriptors)
    path = f"{folder}/{_writer}.{nth}.seg"
    from leadline.job.disk import make_folders, open_in_place

    make_folders(folder)
    fd = open_in_place(path, os.O_WRONLY | os.O_EXCL | os.O_APPEND)
    rank = f',"rank":{int(ranks[0])}' if ranks else ""
    host = _quoted(os.uname().nodename if hasattr(os, "uname") else "")
    about = (
        f'{{"writer":{_quoted(_writer)},"segment":{nth},"pid":{os.getpid()},"host":{host},'
        f'"t":{_now()!r},"lost":{_lost}{rank}}}'
    )
    header = MAGIC + _text_frame(about)
    try:
        if _write(fd, header) != len(header):
            raise OSError(ENOSPC, os.strerror(ENOSPC))
    except OSError:
        os.unlink(path)
        os.close(fd)
        raise
    _descriptors.append(fd)
    _sync_here()
    return fd


def _text_frame(text: str) -> bytes:
    raw = text.encode()
    raw += b" " * (-len(raw) % 8)
    body = Struct("<HH").pack(len(raw) // 8 + 1, 0) + raw
    return body + _four(_crc(body, RESIDUE))


def _parts(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """``names`` in pieces that fit a frame: nearly always one."""
    if len(names) <= NAMES_IN_SET and (names in _sets or sum(map(len, names)) * 6 <= BYTES_IN_SET):
        return [names] if names else []
    parts: list[list[str]] = [[]]
    size = 0
    for name in names:
        size += 6 * len(name)
        if len(parts[-1]) >= NAMES_IN_SET or size > BYTES_IN_SET:
            parts.append([])
            size = 6 * len(name)
        parts[-1].append(name)
    return [tuple(part) for part in parts if part]


def _quoted(name: str) -> str:
    if name.isascii() and name.isprintable() and '"' not in name and "\\" not in name:
        return f'"{name}"'
    import json

    return json.dumps(name)


# --- values ---------------------------------------------------------------------------------------


def _step(step: Any) -> float:
    if step is None:
        return _NAN
    try:
        return float(step.__index__())
    except AttributeError:
        raise TypeError(
            f"the step of log() must be an integer, not {type(step).__name__}; "
            "metrics have names: log({'loss': 0.7}, step=3)"
        ) from None
    except OverflowError:
        raise TypeError("step is too large for a float") from None


def _numbers(given: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, str]]:
    """The numbers by name, and the type of what is none, or ``TOO_LARGE``, though its metric was a
    number before."""
    numbers, odd = {}, {}
    for name, value in given.items():
        if type(name) is not str:
            raise TypeError(f"the name of a metric must be a string, not {name!r}")
        if len(name) > LONGEST_NAME:
            raise TypeError(f"the name of a metric has {len(name)} characters: {name[:60]!r}…")
        if not name or name.isspace():
            if not _numeric:
                raise TypeError(f"the name of a metric must not be blank: {name!r}")
            odd[""] = "blank"
            continue
        try:
            numbers[name] = _number(name, value)
        except TypeError:
            if name not in _numeric:
                raise
            odd[name] = type(value).__name__
        except OverflowError:
            if name not in _numeric:
                raise TypeError(f"metric {name!r} is {TOO_LARGE}") from None
            odd[name] = TOO_LARGE
    return numbers, odd


def _number(name: str, value: Any) -> float:
    try:
        if not hasattr(value, "__float__") and not hasattr(value, "__index__"):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"metric {name!r} must be a number, not {type(value).__name__}") from None


_NAN = float("nan")


def _note_odd(folder: str, odd: dict[str, str], at: float) -> None:
    """The store says which metric was no number, so that whoever reads it is told too."""
    global _said_odd
    pairs = ",".join(f"{_quoted(name)}:{_quoted(kind)}" for name, kind in odd.items())
    step = "null" if at != at else repr(int(at))
    frame = _text_frame(f'{{"odd":{{{pairs}}},"t":{_now()!r},"step":{step}}}')
    segment = _segment or (_defined(folder, (next(iter(_numeric)),)) and _segment)
    if segment:
        try:
            if _write(segment[0], frame) != len(frame):
                _give_up(segment[0])
        except OSError as problem:
            _warn(problem)
    if not _said_odd:
        _said_odd = True
        name, kind = next(iter(odd.items()))
        what = f"metric {name!r} is " + (
            kind if kind == TOO_LARGE else f"no number any more but {kind}"
        )
        what = what if name else "the name of a metric is blank"
        _say(f"leadline: {what}; such values are counted, not kept\n")


# --- the disk -------------------------------------------------------------------------------------


def _sync_here() -> None:
    """Where the job program cannot bring our files to the disk, because it is on another machine, a
    thread does."""
    global _syncing
    if _syncing or os.environ.get("LEADLINE_SYNCED_ON", "") == _boot_id() != "":
        return
    import atexit
    from _thread import start_new_thread

    _syncing = True
    start_new_thread(_sync_for_ever, ())
    atexit.register(_sync)


def _boot_id() -> str:
    try:
        fd = os.open("/proc/sys/kernel/random/boot_id", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(fd, 64).decode().strip()
    finally:
        os.close(fd)


def _sync_for_ever() -> None:
    from time import sleep

    sizes: dict[int, int] = {}
    while True:
        sleep(SYNC_EVERY_S)
        _sync(sizes)


def _sync(sizes: dict[int, int] | None = None) -> None:
    known = {} if sizes is None else sizes
    for fd in list(_descriptors):
        try:
            size = os.fstat(fd).st_size
            if known.get(fd) != size:
                getattr(os, "fdatasync", os.fsync)(fd)
                known[fd] = size
        except OSError:
            pass


def _warn(problem: OSError) -> None:
    global _warned, _lost
    _lost += 1
    if not _warned:
        _warned = True
        _say(
            f"leadline: metrics are being lost, {os.environ.get('LEADLINE_SERIES')} cannot be written: "
            f"{problem.strerror}\n"
        )


def _say(text: str) -> None:
    try:
        os.write(2, text.encode(errors="replace"))
    except OSError:
        pass


def leave() -> None:
    """A run that was made by this very process is over: its points are on the disk, and what is
    logged next goes elsewhere."""
    global _segment, _writer, _lost
    _sync()
    with _lock:
        _close_all()
        _numeric.clear()
        _segment, _writer, _lost = None, "", 0


def _after_fork() -> None:
    """A child writes a file of its own, and has its own lock in case another thread held it."""
    global _lock, _segment, _writer, _syncing, _lost
    _close_all()
    _lock = allocate_lock()
    _segment, _writer, _syncing, _lost = None, "", False, 0


def _close_all() -> None:
    """Lets go of the files that this process wrote into."""
    for fd in _descriptors:
        try:
            os.close(fd)
        except OSError:
            pass
    _descriptors.clear()
    _sets.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
