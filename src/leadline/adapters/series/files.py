"""The series that a run's processes wrote: ``<attempt>/series/*.seg``, or ``series.parquet`` after
compaction.

Files are read in pieces, so that beside the points themselves nothing grows; a file that is being
written is read as far as it is whole. Where a compacted file stands, segments that it took in are
not read twice. What reads points is loaded when they are read: each run asks at its end whether
there are any.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from leadline.adapters.series.place import COMPACTED, FOLDER, logged_series, segments
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadline.adapters.series.segments import SegmentRead
    from leadline.core.series.points import Points
    from leadline.core.series.store import Store
    from leadline.ports.series import Compacted


class SeriesFiles:
    def has(self, attempt: str) -> bool:
        return logged_series(attempt)

    def read(self, attempt: str) -> Store:
        from leadline.core.series.store import Store

        store = Store()
        compacted = os.path.join(attempt, COMPACTED)
        taken: set[str] = set()
        if os.path.exists(compacted):
            from leadline.adapters.series.parquet import read_compacted

            taken = read_compacted(compacted, store)
        found = [
            (name, self._read_segment(os.path.join(attempt, FOLDER, name), name, store))
            for name in segments(attempt)
            if name not in taken
        ]
        names = [*taken, *(name for name, _ in found)]
        if any(read.torn or read.lost for _, read in found) or not all(map(_is_first, names)):
            from leadline.adapters.series.segments import cuts, missing

            store.cuts = [problem for _, problem in (*cuts(found), *missing(names))]
        return store

    def read_lines(self, path: str) -> dict[str, Points]:
        from leadline.adapters.series.segments import read_lines

        return read_lines(path)

    def read_printed(self, path: str) -> dict[str, Points]:
        from leadline.adapters.series.segments import read_printed

        return read_printed(path)

    def keep(
        self, attempt: str, writer: str, series: Mapping[str, Points], odd: Mapping[str, int]
    ) -> list[str]:
        from leadline.adapters.files import write_atomically
        from leadline.core.series.segment_encode import LONGEST_NAME, SETS_IN_SEGMENT, encode

        names = [name for name in series if len(name) <= LONGEST_NAME]
        parts = [
            names[at : at + SETS_IN_SEGMENT] for at in range(0, len(names), SETS_IN_SEGMENT)
        ] or [[]]
        written = []
        for number, part in enumerate(parts):
            header = {"writer": writer, "segment": number, "host": "", "t": 0}
            pieces = encode(header, {name: series[name] for name in part}, {} if number else odd)
            written.append(f"{writer}.{number}.seg")
            write_atomically(os.path.join(attempt, FOLDER, written[-1]), pieces)
        for name in segments(attempt):
            if name not in written:
                os.unlink(os.path.join(attempt, FOLDER, name))
        if os.path.exists(compacted := os.path.join(attempt, COMPACTED)):
            os.unlink(compacted)
        return [name for name in series if len(name) > LONGEST_NAME]

    def move(self, attempt: str, target: str) -> None:
        from leadline.adapters.files import as_user_error, make_folders
        from leadline.job.disk import sync_folder

        try:
            make_folders(os.path.dirname(target))
            if os.path.exists(target):
                os.rename(target, f"{attempt}.replaced")
            os.rename(attempt, target)
            sync_folder(os.path.dirname(target))
        except OSError as error:
            raise as_user_error(error, target) from error

    def compact(self, attempt: str) -> Compacted:
        from leadline.adapters.series.parquet import compact

        return compact(attempt, self)

    def size_bytes(self, attempt: str) -> int:
        paths = [os.path.join(attempt, FOLDER, name) for name in segments(attempt)]
        return sum(
            os.path.getsize(p)
            for p in [*paths, os.path.join(attempt, COMPACTED)]
            if os.path.exists(p)
        )

    def _read_segment(self, path: str, name: str, store: Store) -> SegmentRead:
        from leadline.adapters.series.segments import read_segment
        from leadline.core.series.store import Writer

        whole = Writer(name)

        def begin(writer: str) -> None:
            nonlocal whole
            whole = store.writers.setdefault(writer, Writer(writer))

        class Into:
            def take(self, *point: Any) -> None:
                whole.take(*point)

        read = read_segment(path, name, Into(), begin)
        whole.rank = read.rank if whole.rank is None else whole.rank
        store.torn_bytes += read.torn_bytes
        store.problems += read.problems
        for metric, count in read.odd.items():
            whole.odd[metric] = whole.odd.get(metric, 0) + count
        return read


def _is_first(name: str) -> bool:
    return name.endswith(".0.seg")
