"""Runs that were made elsewhere, as a source has them, before they become records.

A row of a table, a run of a tracker and a folder of event files all become a ``FoundRun``, so that
one service takes them in. Nothing is guessed: which columns are metrics and which are config is
declared, and what is left over is named.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from leadline.core.canonical import canonical_json, digest_of, finite
from leadline.core.errors import usage
from leadline.core.metric.contract import check_named
from leadline.core.record.held import source_of
from leadline.core.record.run import Run
from leadline.core.series.points import Points
from leadline.core.timestamps import counted
from leadline.core.tracker.row_roles import RowRoles, renamed
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from leadline.core.record.bodies import Config, Excerpt, ItemFacts, Problem, TrackerPlace
    from leadline.core.tracker.rows import ImportReport, RowChange

#: of digests of keys and rows, and of sources: the runs of the thread, in its order
Having = Callable[[Collection[str], Collection[str]], Iterable[Run]]
MAX_NAMED = 1_000  # entries of each list of the report kept with their reason; all are counted


def _in_no_tracker() -> TrackerPlace:
    return {}


@dataclass
class FoundRun:
    """One run of a source. ``where`` says which ("line 7", a URL); ``key`` is the digest of what it
    holds: the same run read again has the same key (``former_key``: the one it had in records
    written before). ``metrics`` are finite numbers, ``nonfinite`` the words for others. ``tracker``
    is what the record keeps about a tracker's run, with the ``digest`` of all that was read;
    ``problems`` as an extraction has them. ``series``: the points by metric, until they wait on the
    disk in ``points_at``, and ``odd`` how many more were no number; ``excerpts``: what the record
    says of them (``extract.Series.summary``). ``settings``: config that was said for the whole
    source. ``row``: the digest of what names its row in its source, "" where nothing does; a row
    that says something else later is corrected (``row_names``: what it is made of).
    ``told``: words of its row that are no config, by column; ``commit``: the code as the row names
    it. ``written``: texts of the config as they stood; ``items``: by metric, of a run
    whose rows are its items."""

    where: str
    key: str
    config: Config = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    nonfinite: dict[str, str] = field(default_factory=dict)
    name: str = ""
    state: str = "done"
    reason: str = ""
    argv: list[str] = field(default_factory=list)
    cwd: str = ""
    started_at: str = ""
    ended_at: str = ""
    url: str = ""
    wall_s: float | None = None
    tracker: TrackerPlace = field(default_factory=_in_no_tracker)
    problems: list[Problem] = field(default_factory=list)
    series: dict[str, Points] = field(default_factory=dict)
    odd: dict[str, int] = field(default_factory=dict)
    points: int = 0
    points_at: str = ""
    excerpts: dict[str, Excerpt] = field(default_factory=dict)
    former_key: str = ""
    row: str = ""
    row_names: dict[str, Any] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    commit: str = ""
    written: dict[str, str] = field(default_factory=dict)
    settings: Config = field(default_factory=dict)
    items: dict[str, ItemFacts] = field(default_factory=dict)

    def measured(self, metric: str, value: float) -> None:
        if math.isfinite(value):
            self.metrics[metric] = value
        else:
            self.nonfinite[metric] = str(finite(value))


def packed(run: FoundRun) -> bytes | FoundRun:
    """A run as bytes, of which ``unpacked`` makes an equal one: its fields and a dozen dicts take
    3 kB, and what they say 0.6 kB. One that has its points with it stays as it is."""
    return run if run.series else pickle.dumps([*vars(run).values()], pickle.HIGHEST_PROTOCOL)


def unpacked(held: bytes | FoundRun) -> FoundRun:
    return held if isinstance(held, FoundRun) else FoundRun(*pickle.loads(held))


class FoundRuns:
    """The runs of a source, packed until they are asked for. Each that is given out is another one:
    ``changing`` keeps what becomes of it."""

    def __init__(self) -> None:
        self._held: list[bytes | FoundRun] = []

    def append(self, run: FoundRun | bytes) -> None:
        """``run``: packed it may be."""
        self._held.append(packed(run) if isinstance(run, FoundRun) else run)

    def __len__(self) -> int:
        return len(self._held)

    def __getitem__(self, at: int) -> FoundRun:
        return unpacked(self._held[at])

    def __iter__(self) -> Iterator[FoundRun]:
        return map(unpacked, self._held)

    def changing(self) -> Iterator[FoundRun]:
        """Each run, kept as it is when the next one is asked for."""
        for at, held in enumerate(self._held):
            run = unpacked(held)
            yield run
            self._held[at] = packed(run)


@dataclass
class NotTaken:
    where: str
    why: str


@dataclass
class CellNotTaken:
    """A value that did not become a metric as it stands, though its run is taken. ``said``: what
    stands there."""

    where: str
    column: str
    said: str
    why: str


def not_finite(where: str, column: str, word: str) -> CellNotTaken:
    """A value that is recorded as the word for it (NaN, Infinity)."""
    return CellNotTaken(
        where, column, word, f"recorded as {word}: it is not finite and enters no statistics"
    )


@dataclass
class Findings:
    """What a source holds. ``digest`` is that of its bytes; ``origin``: ``imported`` when a tracker
    recorded it while it ran, ``reported`` when it is a table that anybody may have typed.
    ``left_columns``: neither metric nor config. ``notes``: (where, what) of all else that a reader
    would miss: a file cut short, values that are no scalars; ``let_go``: those of runs that were
    handed out. ``keys``: those of all runs. ``sample``: the first rows as they stand, where they were asked for.
    ``measured``: columns of which the format says so; a row need not have each."""

    source: str
    digest: str
    origin: str
    runs: FoundRuns = field(default_factory=FoundRuns)
    not_taken: list[NotTaken] = field(default_factory=list)
    not_taken_total: int = 0
    left_columns: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)

    cells_not_taken: list[CellNotTaken] = field(default_factory=list)
    cells_not_taken_total: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)
    let_go: list[tuple[str, str]] = field(default_factory=list)
    sample: list[Mapping[str, Any]] = field(default_factory=list)
    measured: Sequence[str] = ()
    rows_total: int = 0
    keys: Collection[str] = ()

    def in_lots(self, size: int) -> Iterator[list[FoundRun]]:
        """The runs, so many at a time, each handed out once and held no longer: only what is noted
        of them stays."""
        waiting, self.runs = iter(self.runs), FoundRuns()
        while lot := [*islice(waiting, size)]:
            self.let_go += _notes_of(lot)
            yield lot

    def refuse(self, where: str, why: str) -> None:
        self.not_taken_total += 1
        if len(self.not_taken) < MAX_NAMED:
            self.not_taken.append(NotTaken(where, why))

    def leave(self, cells: Iterable[CellNotTaken]) -> None:
        for cell in cells:
            self.cells_not_taken_total += 1
            if len(self.cells_not_taken) < MAX_NAMED:
                self.cells_not_taken.append(cell)

    def note(self, where: str, what: str) -> None:
        self.notes.append((where, what))

    def set_config(self, settings: Mapping[str, Any]) -> None:
        """Config that holds for every run, as far as a run does not say otherwise itself, which is
        then noted."""
        if not settings:
            return
        said: dict[str, int] = {}
        settings = dict(settings)
        for run in self.runs.changing():
            for name in settings.keys() & run.config.keys():
                said[name] = said.get(name, 0) + 1
            run.config, run.settings = {**settings, **run.config}, settings
        for name, count in sorted(said.items()):
            self.note(
                self.source, f"{name} is set, but {counted(count, 'run')} of it say what theirs is"
            )

    def report(self) -> ImportReport:
        """What was not taken and what to know of the rest, JSON-ready; each list capped, with its
        total beside it."""
        notes = [*self.notes, *self.let_go, *_notes_of(self.runs)]
        return {
            "not_taken": [{"where": n.where, "why": n.why} for n in self.not_taken],
            "not_taken_total": self.not_taken_total,
            "cells_not_taken": [
                {"where": c.where, "column": c.column, "said": c.said, "why": c.why}
                for c in self.cells_not_taken
            ],
            "cells_not_taken_total": self.cells_not_taken_total,
            "notes": [{"where": where, "what": what} for where, what in notes[:MAX_NAMED]],
            "notes_total": len(notes),
            "left_columns": self.left_columns,
        }


def _notes_of(runs: Iterable[FoundRun]) -> list[tuple[str, str]]:
    return [(run.where, str(problem["what"])) for run in runs for problem in run.problems]


@dataclass
class Columns:
    """What the columns of a table are: metric name by column, and config columns (None: every other
    column). ``reduce`` says by metric how the points of a series become one value. ``key``: columns
    that together name a row; of rows with one key the ``keep`` one is taken (``first`` or
    ``last``). ``units``: by metric, as it was declared. ``header``: the names of the
    columns where the table has none. ``points``: takes the points of a run that has been read, so
    that they are not all held.

    ``table``: which one, of a file with several. ``roles``: what else its columns are.
    ``place``: of the file, which names it among others of its name; ``shown``: as it was typed.
    ``look_at``: nobody said what the columns are, and so many rows are wanted as they stand;
    ``decide`` says then what they are to be taken for, None for nothing."""

    metrics: Mapping[str, str]
    config: list[str] | None = None
    reduce: Mapping[str, str] = field(default_factory=dict)
    key: list[str] = field(default_factory=list)
    keep: str = "first"
    units: Mapping[str, str] = field(default_factory=dict)
    header: list[str] = field(default_factory=list)
    points: Callable[[FoundRun], None] = lambda run: None
    table: str = ""
    roles: RowRoles = field(default_factory=RowRoles)
    place: str = ""
    shown: str = ""
    look_at: int = 0
    decide: Callable[[Findings], Columns | None] = lambda looked: None

    @property
    def named(self) -> list[str]:
        """The columns that were named, other than metrics and config."""
        return [*dict.fromkeys((*self.key, *self.roles.named))]

    @property
    def apart(self) -> frozenset[str]:
        """The named columns that ``*`` does not take into the config."""
        return frozenset(self.named) - set(self.key)


class Held:
    """What a thread holds of runs made elsewhere, so that the same thing is not counted twice.

    A row has no identity but what it says: one that says the same as a row taken before is that
    row, be it in a copy, a later version or another file. A thread that took two such rows (they
    had different key columns) meets two.
    """

    def __init__(self, having: Having) -> None:
        self._having, self._met = having, set[str]()
        self._by_key: dict[str, list[Run]] = {}
        self._by_source: dict[str, Run] = {}
        self._by_row: dict[str, Run] = {}

    def look_up(self, lot: Iterable[FoundRun], source: str) -> None:
        """Ask for what the thread holds of these; what is asked next is of one of them."""
        digests, sources = set[str](), set[str]()
        for found in lot:
            digests.update((found.key, found.former_key, found.row))
            if found.row:
                digests.add(_former_row(found, source))
            if found.points:
                sources.add(f"{source}, {found.where}")
        self._by_key, self._by_source, self._by_row = {}, {}, {}
        self._hold(self._having(digests - {""}, sources))
        new = (found for found in lot if not (found.row or found.points or self.knows(found)))
        if places := {f"{source}, {found.where}" for found in new}:
            self._hold(self._having((), places))

    def _hold(self, runs: Iterable[Run]) -> None:
        for run in runs:
            if run.origin != "executed" and run.key:
                if run.uid not in self._met:
                    self._by_key.setdefault(run.key, []).append(run)
                self._by_source[source_of(run)] = run
                if run.row and not run.retracted:
                    self._by_row[run.row] = run

    def knows(self, found: FoundRun) -> bool:
        """Whether there may be a run that holds it."""
        return bool({found.key, found.former_key} & self._by_key.keys())

    def of_row(self, found: FoundRun, source: str) -> Run | None:
        """The run of the same row of the same source, whatever it said then."""
        if not found.row or not self._by_row:
            return None
        return self._by_row.get(found.row) or self._by_row.get(_former_row(found, source))

    def same_as(self, found: FoundRun) -> Run | None:
        """The run that holds ``found`` already: it says the same, and its config agrees with what
        was set."""
        runs = self._by_key.get(found.key) or self._by_key.get(found.former_key) or []
        for run in runs:
            if all(_agrees(run, found, name) for name in found.settings):
                if run.origin == "reported":
                    runs.remove(run)
                    self._met.add(run.uid)
                return run
        return None

    def corrected(self, found: Findings, run: FoundRun, derived: Collection[str] = ()) -> str:
        """What is to be said of a row that nothing names, where the one that was taken from its place
        is gone from its source and differs in one number; "" where that is not so. ``derived``: as
        for ``changed_row``."""
        earlier = self._by_source.get(f"{found.source}, {run.where}")
        if earlier is None or run.row or run.points or earlier.key in found.keys:
            return ""
        if earlier.origin != "reported" or earlier.retracted or earlier.row:
            return ""
        changes = [one for one in changed_row(earlier, run, derived) if one[0] != "key"]
        field_, was, now = changes[0] if len(changes) == 1 else ("", None, None)
        name = field_.removeprefix("metrics.")
        if name == field_ or not (isinstance(was, (int, float)) and isinstance(now, (int, float))):
            return ""
        return (
            f"{earlier.id} was taken from here and said {name}={was}; now it is {now}, and all else "
            f"is the same. If it was corrected: leadline retract {earlier.id} --why 'the table was "
            "corrected', and import again; if it was measured anew, --set KEY=VALUE tells them apart"
        )

    def warn(self, found: Findings, run: FoundRun) -> None:
        """Note that a series with other points was taken from the place that ``run`` comes from: it
        went on since."""
        earlier = self._by_source.get(f"{found.source}, {run.where}") if run.points else None
        if earlier and earlier.origin == "reported" and not earlier.retracted:
            what = f"{earlier.id} was taken from here before, with other points; if this is the same training, gone on,"
            found.note(run.where, f"{what} leadline retract {earlier.id} --why 'it went on'")


def _former_row(found: FoundRun, source: str) -> str:
    """As records before named a row: by the name of its file alone."""
    return digest_of({"source": source, **found.row_names})


def changed_row(run: Run, found: FoundRun, derived: Collection[str] = ()) -> list[RowChange]:
    """(field, before, now) of all that a row says of ``run`` differently now; None: nothing.
    ``derived``: metrics that no row says, since a formula does."""
    fields: list[RowChange] = []
    before: dict[str, Any] = {**run.metrics, **run.nonfinite}
    now: dict[str, Any] = {**found.metrics, **found.nonfinite}
    fields += [
        (f"metrics.{name}", before.get(name), now.get(name))
        for name in {**before, **now}
        if name not in derived
    ]
    fields += [
        (f"config.{name}", run.config.get(name), found.config.get(name))
        for name in {**run.config, **found.config}
    ]
    fields += [("state", run.state, found.state), ("reason", run.reason, found.reason)]
    fields += [(f"told.{name}", run.told.get(name), said) for name, said in found.told.items()]
    if found.started_at:
        fields.append(("started_at", run.started_at, found.started_at))
    fields.append(("key", run.key, found.key))
    return [entry for entry in fields if canonical_json(entry[1]) != canonical_json(entry[2])]


def _agrees(run: Run, found: FoundRun, name: str) -> bool:
    """Whether the record says of a config key what was set; what it said before a correction is not
    asked."""
    corrected = any(entry["body"].get("field") == f"config.{name}" for entry in run.corrections)
    return corrected or canonical_json(run.config.get(name)) == canonical_json(
        found.config.get(name)
    )


def told_commit(run: Run) -> str:
    """The code that a table names for a run, "" when it names none."""
    return str(run.code.get("told") or "")


def metric_columns(texts: Iterable[str]) -> dict[str, str]:
    """``COLUMN`` or ``COLUMN=METRIC`` as metric name by column (with a metric it may hold a ``=``
    itself). Raises LeadlineError (usage) for a metric without a name, and for a column or a metric
    named twice, of which one would silently win."""
    metrics: dict[str, str] = {}
    for text in texts:
        column, name = renamed(text)
        check_named(name, f"--metric {text!r}", "leadline import SOURCE --metric COLUMN=NAME")
        if column in metrics or name in metrics.values():
            twice = column if column in metrics else name
            raise usage(
                "metric-named-twice",
                f"--metric names {twice!r} twice",
                why="a column is one metric, and a metric comes from one column",
                do="leadline import --help",
            )
        metrics[column] = name
    return metrics
