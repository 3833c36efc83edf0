"""Compaction: the segments of a run that has ended become one Parquet file, about half the size.

Never is the only copy at risk: the file is written under another name, brought to the disk, read
back whole, its points digested and compared with those of the segments; only then does it get its
name, and only after that are the segments removed. Killed at any moment, the run can be read, and
compacting again finishes what was begun. Needs pyarrow.
"""

from __future__ import annotations

import importlib
import json
import math
import os
from array import array

from leadline.adapters.files import as_user_error
from leadline.adapters.series.place import COMPACTED, FOLDER, segments
from leadline.core.errors import check_failed, conflict, environment
from leadline.core.series.points import Points
from leadline.core.series.store import Store, Writer
from leadline.core.typed import TYPE_CHECKING, Any, TypedDict
from leadline.job.disk import open_anew, sync_folder

if TYPE_CHECKING:
    from typing import NotRequired

    from leadline.adapters.series.files import SeriesFiles
    from leadline.ports.series import Compacted

ROWS_IN_GROUP = 1 << 20
METADATA = b"leadline"
_COLUMNS = ("step", "value", "time_s")


def compact(attempt: str, files: SeriesFiles) -> Compacted:
    """See ``SeriesStore.compact``. The caller makes sure that nobody writes there any more.

    Raises LeadlineError: ``no-pyarrow`` and the disk's failures (environment); ``damaged-series``
    (conflict), since the damaged file itself is all that is left of what it held; ``not-verified``
    (check_failed) with nothing removed.
    """
    names = segments(attempt)
    target = os.path.join(attempt, COMPACTED)
    before = files.size_bytes(attempt)
    store = files.read(attempt)
    if store.problems:
        raise conflict(
            "damaged-series",
            f"the series are not compacted: {store.problems[0]['what']}",
            why="the segments are all that is left of what was damaged",
            do="leadline series RUN",
        )
    digest = store.digest()
    larger_bytes = 0
    if names:
        temporary = f"{target}.{os.getpid()}.tmp"
        try:
            _write(temporary, store, names, digest)
            if os.path.getsize(temporary) < before:
                _verify(temporary, digest)
                os.replace(temporary, target)
                sync_folder(attempt)
            else:  # a file of few points is mostly its own head
                larger_bytes, names = os.path.getsize(temporary), []
        except OSError as error:
            raise as_user_error(error, target) from error
        finally:
            if os.path.exists(temporary):
                os.unlink(temporary)
        for name in names:
            os.unlink(os.path.join(attempt, FOLDER, name))
    after = files.size_bytes(attempt)
    return {
        "segments": len(names),
        "points": store.points,
        "bytes_before": before,
        "bytes_after": after,
        "larger_bytes": larger_bytes,
        "digest": digest,
    }


def _write(path: str, store: Store, names: list[str], digest: str) -> None:
    pa, pq = _pyarrow()
    order = [
        (w.name, m, len(w.series[m]))
        for _, w in sorted(store.writers.items())
        for m in sorted(w.series)
    ]
    about = {
        "v": 1,
        "segments": sorted({*names, *_taken_before(path)}),
        "series": order,
        "digest": digest,
        "odd": {w.name: w.odd for w in store.writers.values() if w.odd},
        "ranks": {w.name: w.rank for w in store.writers.values() if w.rank is not None},
    }
    kind = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema(
        [("writer", kind), ("metric", kind), *((name, pa.float64()) for name in _COLUMNS)],
        metadata={METADATA: json.dumps(about).encode()},
    )
    options = {
        "compression": "zstd",
        "use_byte_stream_split": list(_COLUMNS),
        "write_page_checksum": True,
    }
    # byte streams of floats compress better without
    plain = {"use_dictionary": ["writer", "metric"]}
    with open(open_anew(path), "wb") as file:
        with pq.ParquetWriter(file, schema, **options, **plain) as writer:
            for owner, metric, count in order:
                points = store.writers[owner].series[metric]
                for start in range(0, count, ROWS_IN_GROUP):
                    part = slice(start, start + ROWS_IN_GROUP)
                    steps, values, times = (
                        column[part] for column in (points.steps, points.values, points.times)
                    )
                    rows = len(values)
                    columns = [
                        pa.DictionaryArray.from_arrays(
                            pa.array(array("i", bytes(4 * rows))), [owner]
                        ).cast(kind),
                        pa.DictionaryArray.from_arrays(
                            pa.array(array("i", bytes(4 * rows))), [metric]
                        ).cast(kind),
                        _step_column(pa, steps),
                        _column(pa, values),
                        _column(pa, times),
                    ]
                    writer.write_batch(pa.record_batch(columns, schema=schema))
        file.flush()
        os.fsync(file.fileno())


def _taken_before(path: str) -> list[str]:
    """Segments that an earlier compaction of the same attempt took in."""
    target = os.path.join(os.path.dirname(path), COMPACTED)
    return list(_about(target)["segments"]) if os.path.exists(target) else []


def _column(pa: Any, values: array[float]) -> Any:
    return pa.Array.from_buffers(pa.float64(), len(values), [None, pa.py_buffer(values.tobytes())])


def _step_column(pa: Any, steps: array[float]) -> Any:
    """An absent step is null for other programs; for us it is NaN."""
    column = _column(pa, steps)
    if not any(step != step for step in steps):
        return column
    pc = importlib.import_module("pyarrow.compute")
    return pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)


def _verify(path: str, digest: str) -> None:
    found = Store()
    read_compacted(path, found)
    if found.digest() != digest:
        raise check_failed(
            "not-verified",
            "the compacted file does not hold the points of the segments",
            why="the segments are kept, nothing was removed",
            do="leadline doctor",
        )


class _About(TypedDict):
    """What a compacted file says of itself, beside its columns."""

    series: list[tuple[str, str, int]]  # writer, metric, how many points, in the order of the rows
    segments: list[str]  # that it stands for
    ranks: NotRequired[dict[str, int]]  # by writer
    odd: NotRequired[dict[str, dict[str, int]]]  # by writer and metric


def _about(path: str) -> _About:
    _, pq = _pyarrow()
    about: _About = json.loads((pq.read_schema(path).metadata or {})[METADATA])
    return about


def read_compacted(path: str, store: Store) -> set[str]:
    """Add the points of a compacted file to ``store``; returns the segments that it stands for."""
    pa, pq = _pyarrow()
    try:
        about = _about(path)
        table = pq.read_table(path, columns=list(_COLUMNS), page_checksum_verification=True)
        columns = [_array(table.column(name)) for name in _COLUMNS]
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        store.problems.append(
            {"code": "damaged", "what": f"{COMPACTED} cannot be read: {str(error)[:300]}"}
        )
        return set()
    at = 0
    for owner, metric, count in about["series"]:
        points = Points()
        points.steps, points.values, points.times = (column[at : at + count] for column in columns)
        writer = store.writers.setdefault(
            owner, Writer(owner, rank=about.get("ranks", {}).get(owner))
        )
        writer.series[metric] = points
        at += count
    for owner, odd in about.get("odd", {}).items():
        store.writers.setdefault(owner, Writer(owner)).odd.update(odd)
    return set(about["segments"])


def _array(column: Any) -> array[float]:
    pc = importlib.import_module("pyarrow.compute")
    found = array("d")
    for chunk in (pc.fill_null(column, math.nan) if column.null_count else column).chunks:
        start = 8 * chunk.offset
        found.frombytes(
            memoryview(chunk.buffers()[1])[start : start + 8 * len(chunk)] if len(chunk) else b""
        )
    return found


def _pyarrow() -> tuple[Any, Any]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise environment(
            "no-pyarrow",
            "pyarrow is not installed",
            why="compacted series are Parquet files",
            do="pip install 'leadline[parquet]'",
        ) from None
