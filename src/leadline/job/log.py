"""Metrics from inside a job: ``leadline.log(step=3, loss=0.7)``.

Each call is one line in the file ``$LEADLINE_METRICS``, handed to the kernel by a single ``write`` on a descriptor in
append mode before the call returns: lines of several processes and threads do not mix, and a line whose call returned
survives ``kill -9``. The price is one system call a line; a buffer would be faster and lose what it holds. Outside a
job nothing happens. A disk that is full does not end a training: it is said once on stderr, and the next line is tried
again.

Imported by every job, so it imports ``os`` and ``time`` only.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from time import time_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_fd = -1
_opening = allocate_lock()
_prefixes: dict[str, str] = {}  # name -> its JSON text and a colon
_broken_line = False
_warned = False
_write = os.write


def log(values: Mapping[str, Any] | int | None = None, /, step: int | None = None, **metrics: Any) -> None:
    """Records metrics at a step: ``log(step=3, loss=0.7)``, ``log(3, loss=0.7)``, ``log({"eval/loss": 0.7}, step=3)``.

    Values are numbers or anything ``float()`` takes from a number (numpy and torch scalars). NaN and infinities are
    kept, as the strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``. Does nothing while ``$LEADLINE_METRICS`` is
    unset.

    Raises:
        TypeError: a value is not a number (the message names its key), or the step is not an integer.
    """
    global _fd
    fd = _fd
    if fd < 0:
        fd = _open()
        if fd < 0:
            return
    if values is not None:
        if hasattr(values, "keys"):
            metrics = {**values, **metrics}  # type: ignore[dict-item]
        elif step is None:
            step = values
        else:
            raise TypeError("log() got the step twice")
    if not metrics:
        return
    if type(step) is not int:
        step = _step(step)  # type: ignore[assignment]
    line = f'{{"t":{time_ns()}e-9,"step":{step},"metrics":{{'  # seconds; formatting an integer is three times faster
    for name, value in metrics.items():
        prefix = _prefixes.get(name) or _prefix(name)
        if type(value) is float and value - value == 0.0:  # finite
            line += f"{prefix}{value!r},"
        else:
            line += f"{prefix}{_number(name, value)},"
    data = (line[:-1] + "}}\n").encode()
    if _broken_line:
        data = b"\n" + data
    try:
        if _write(fd, data) != len(data):
            _cut(OSError(0, "no room for the whole line"))
        elif _broken_line:
            _mended()
    except OSError as e:
        _warn(e)


def _open() -> int:
    """The descriptor of this process; -1 outside a job."""
    global _fd
    path = os.environ.get("LEADLINE_METRICS")
    if not path:
        return -1
    with _opening:
        if _fd < 0:
            try:
                _fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            except OSError as e:
                _warn(e)
        return _fd


def _cut(problem: OSError) -> None:
    """Part of a line is in the file: the next one starts on a line of its own."""
    global _broken_line
    _broken_line = True
    _warn(problem)


def _mended() -> None:
    global _broken_line
    _broken_line = False


def _warn(problem: OSError) -> None:
    global _warned
    if not _warned:
        _warned = True
        path = os.environ.get("LEADLINE_METRICS")
        text = f"leadline: metrics are being lost, {path} cannot be written: {problem.strerror}\n"
        try:
            os.write(2, text.encode(errors="replace"))
        except OSError:
            pass


def _step(step: Any) -> str:
    try:
        return "null" if step is None else repr(int(step.__index__()))
    except AttributeError:
        raise TypeError(f"step must be an integer, not {type(step).__name__}") from None


def _prefix(name: str) -> str:
    if type(name) is not str:
        raise TypeError(f"the name of a metric must be a string, not {name!r}")
    if name.isascii() and name.isprintable() and '"' not in name and "\\" not in name:
        text = f'"{name}":'
    else:
        import json

        text = json.dumps(name) + ":"
    if len(_prefixes) < 10_000:
        _prefixes[name] = text
    return text


def _number(name: str, value: Any) -> str:
    if type(value) is int:
        return repr(value)
    try:
        if not hasattr(value, "__float__") and not hasattr(value, "__index__"):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"metric {name!r} must be a number, not {type(value).__name__}") from None
    except OverflowError:
        raise TypeError(f"metric {name!r} is too large for a float") from None
    return _not_finite(number) if number != number or number in (_INF, -_INF) else repr(number)


_INF = float("inf")


def _not_finite(number: float) -> str:
    return '"NaN"' if number != number else '"Infinity"' if number > 0 else '"-Infinity"'


def _after_fork() -> None:
    """A child opens its own descriptor, and its own lock in case another thread held it."""
    global _fd, _opening, _broken_line
    if _fd >= 0:
        try:
            os.close(_fd)
        except OSError:
            pass
    _fd = -1
    _opening = allocate_lock()
    _broken_line = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
