"""Reader of what ``ll.log`` wrote, at the end of a run: folded piece by piece, so that no run is
too long for it."""

from __future__ import annotations

import json
import math
import os
from array import array
from collections.abc import Iterator, Mapping

from leadline.adapters.series.files import SeriesFiles
from leadline.adapters.series.place import COMPACTED, FOLDER, segments
from leadline.adapters.series.segments import SegmentRead, cuts, missing, process_of, read_segment
from leadline.core.extract.gather import Extraction, Gatherer
from leadline.core.extract.spec import ExtractionSpec
from leadline.core.record.run import MetricDef
from leadline.core.series.segment import TOO_LARGE
from leadline.core.series.store import ContentDigest, disorder
from leadline.core.timestamps import few
from leadline.core.tracker.run_folder import RESULT
from leadline.core.typed import TYPE_CHECKING
from leadline.ports.extractor import RunFiles

if TYPE_CHECKING:
    from leadline.core.record.bodies import Problem

NAMED = 8  # metrics in a sentence


class SeriesReader:
    """Segments beside ``metrics.jsonl``. Of several ranks of one job the first has the value, of
    several other processes the one that wrote last."""

    name = "series"

    def read(
        self, spec: ExtractionSpec, files: RunFiles, definitions: Mapping[str, MetricDef]
    ) -> Extraction:
        attempt = os.path.dirname(files.metrics)
        fold = _Fold(Gatherer(spec, definitions, "point"))
        problems: list[Problem] = []
        cut: set[str] = set()  # processes whose points are not all there
        if os.path.exists(os.path.join(attempt, COMPACTED)):
            store = SeriesFiles().read(attempt)
            problems += store.problems
            cut.update("" for _ in store.problems)  # nothing says whose
            for name, writer in sorted(store.writers.items(), key=lambda one: _rank_of(one[0])):
                fold.of(name)
                for metric, points in writer.series.items():
                    fold.take(metric, points.times, points.steps, points.values)
                fold.note_odd(writer.odd)
        else:
            found: list[tuple[str, SegmentRead]] = []
            for name in _last_written_last(attempt):
                path = os.path.join(attempt, FOLDER, name)
                with_header = read_segment(path, name, fold, fold.of)
                fold.note_odd(with_header.odd, with_header.too_large)
                problems += with_header.problems
                cut.update(process_of(name) for _ in with_header.problems)
                found.append((name, with_header))
            missed = missing([name for name, _ in found])
            for process, problem in (*cuts(found), *missed, *_shrunk(attempt)):
                cut.add(process)
                problems.append(problem)
        return fold.finish(problems, cut)


def _shrunk(attempt: str) -> Iterator[tuple[str, Problem]]:
    """Segments of which the job program saw more while the command ran, with their processes."""
    try:
        with open(os.path.join(attempt, RESULT), "rb") as file:
            names = json.load(file).get("shrunk") or ()
    except (OSError, ValueError, AttributeError):
        return
    for name in names:
        if isinstance(name, str) and name.endswith(".seg"):
            what = f"{name} was cut or removed while the run went on"
            yield process_of(os.path.basename(name)), {"code": "shrunk", "what": what}


def _rank_of(process: str) -> float:
    """As ``leadline.job.log`` names a process; infinity where it knew no rank."""
    rank = process.partition("-")[0].removeprefix("rank")
    return int(rank) if process.startswith("rank") and rank.isdigit() else math.inf


def _last_written_last(attempt: str) -> list[str]:
    """The segments by process: ranks first, in their order, and the process that wrote last at the
    end."""
    latest: dict[str, float] = {}
    names = segments(attempt)
    for name in names:
        owner = name[:-4].rpartition(".")[0]
        latest[owner] = max(
            latest.get(owner, 0.0), os.stat(os.path.join(attempt, FOLDER, name)).st_mtime
        )
    owners = {name: name[:-4].rpartition(".")[0] for name in names}
    return sorted(names, key=lambda name: (_rank_of(owners[name]), latest[owners[name]]))


class _Fold:
    """The sink of the decoder: the fold of each metric, the digest of all points, and what is odd
    about steps."""

    def __init__(self, gatherer: Gatherer) -> None:
        self.gatherer = gatherer
        self.content = ContentDigest()
        self.writer = ""
        self.writers: dict[str, set[str]] = {}  # of each metric
        self.ranks: dict[str, float] = {}  # the one that gives the value of a metric
        self.steps: dict[tuple[str, str], float] = {}  # the last one
        self.begun: dict[str, float] = {}  # time of the first point
        self.disordered: dict[str, list[int]] = {}
        self.odd: dict[str, int] = {}
        self.too_large: dict[str, int] = {}  # of these
        mapping = gatherer.spec.mapping
        self.targets = {
            c: [m for m, column in mapping.items() if column == c] for c in mapping.values()
        }

    def of(self, writer: str) -> None:
        self.writer = writer

    def take(
        self, name: str, times: array[float], steps: array[float], values: array[float]
    ) -> None:
        self.gatherer.rows += len(values)
        self.content.add(self.writer, name, times, steps, values)
        targets = self.targets.get(name, []) if self.targets else [name]
        if not targets:
            return
        self.writers.setdefault(name, set()).add(self.writer)
        self._check_steps(name, steps)
        if self._spoken_for(name):
            return
        if self.gatherer.spec.nan != "keep":
            times, steps, values = self._without_nan(name, times, steps, values)
        self.gatherer.taken += len(values)
        for target in targets:
            series = self.gatherer.extend(target, values, steps)
            if series is not None and values and times[0] < self.begun.setdefault(target, times[0]):
                self.begun[target] = times[0]  # another process began earlier
                series.first, series.first_step = (
                    values[0],
                    None if steps[0] != steps[0] else steps[0],
                )

    def _spoken_for(self, name: str) -> bool:
        """Whether a lower rank gives the value of this metric."""
        rank = _rank_of(self.writer)
        return rank != math.inf and self.ranks.setdefault(name, rank) < rank

    def _check_steps(self, name: str, steps: array[float]) -> None:
        key = self.writer, name
        smaller, same = disorder(steps, self.steps.get(key, -math.inf))
        known = [step for step in (steps[-1:] if steps[-1] == steps[-1] else steps) if step == step]
        if known:
            self.steps[key] = known[-1]
        if smaller or same:
            counts = self.disordered.setdefault(name, [0, 0])
            counts[0] += smaller
            counts[1] += same

    def _without_nan(
        self, name: str, *columns: array[float]
    ) -> tuple[array[float], array[float], array[float]]:
        keep = [place for place, value in enumerate(columns[2]) if value == value]
        dropped = len(columns[2]) - len(keep)
        if dropped:
            self.gatherer.dropped += dropped
            blocking = self.gatherer.spec.nan == "fail"
            self.gatherer.problems.add(
                "nan", f"{name}: {dropped} points are NaN", blocking=blocking, about=name
            )
        return tuple(array("d", (column[place] for place in keep)) for column in columns)  # type: ignore[return-value]

    def note_odd(self, odd: dict[str, int], too_large: dict[str, int] | None = None) -> None:
        for name, count in (too_large or {}).items():
            self.too_large[name] = self.too_large.get(name, 0) + count
        own = self.content.odd.setdefault(self.writer, {})
        for name, count in odd.items():
            self.odd[name] = self.odd.get(name, 0) + count
            own[name] = own.get(name, 0) + count

    def _cut(self, processes: set[str]) -> set[str]:
        """The metrics that ``processes`` wrote; all, where one of them wrote nothing that can be
        read: nothing says then which it had."""
        named = {process for writers in self.writers.values() for process in writers}
        return {
            target
            for name, writers in self.writers.items()
            if processes & writers or not processes <= named
            for target in (self.targets.get(name, []) if self.targets else [name])
        }

    def finish(self, problems: list[Problem], cut: set[str]) -> Extraction:
        found = self.gatherer.problems
        for place, code, what in (
            (0, "steps-out-of-order", "have a smaller step than the one before"),
            (1, "steps-repeated", "repeat the step of the one before"),
        ):
            alike: dict[int, list[str]] = {}  # metrics that are logged together are odd together
            for name, counts in sorted(self.disordered.items()):
                if counts[place]:
                    alike.setdefault(counts[place], []).append(name)
            for count, names in alike.items():
                points = f"{count} points each" if len(names) > 1 else f"{count} points"
                found.add(code, f"{_listed(names)}: {points} {what}", about=names[0])
        for name, count in sorted(self.odd.items()):
            self.gatherer.rows += count
            self.gatherer.dropped += count
            if name:
                large = self.too_large.get(name, 0)
                values = "value is" if large == 1 else "values are"
                if large:
                    found.add("too-large", f"{name}: {large} {values} {TOO_LARGE}", about=name)
                if count > large:
                    what = f"{name}: {count - large} values are no number and numbers besides: its type changed"
                    found.add("not-a-number", what, about=name)
            else:
                found.add("no-name", f"{count} values were logged under a blank name")
        shared = sorted(name for name, writers in self.writers.items() if len(writers) > 1)
        if shared:
            most = max(len(self.writers[name]) for name in shared)
            ranks = {self.ranks.get(name, math.inf) for name in shared}
            whose = "the one that wrote last"
            if len(ranks) == 1 and math.inf not in ranks:
                whose = f"rank {int(min(ranks))}"
            found.add(
                "several-writers",
                f"{most} processes wrote {_listed(shared)}: the value is that of {whose}",
            )
        if cut:
            self.gatherer.cut = self._cut(cut)
        for problem in problems:
            found.add(problem["code"], problem["what"], about=problem["what"])
        return self.gatherer.finish(self.content.digest())


def _listed(names: list[str]) -> str:
    return few(names, NAMED)
