"""A run as a tracker has it (Leadline's own files, Weights & Biases, MLflow, trackio), and what
becomes of it in the record.

Trackers differ in everything but this: a run has a name, a config, series over steps and last
values. An adapter turns its store into a ``Reading``; from there on one rule says what is a metric,
so that a number means the same whichever tracker it came from. Pure. The trade-off: every point of
a run is held while it is read (24 bytes each).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from leadline.core.canonical import digest_of, nonfinite_word
from leadline.core.config import flatten
from leadline.core.errors import environment
from leadline.core.extract.gather import Extraction, Gatherer
from leadline.core.extract.lines import flat_numbers, number_of
from leadline.core.extract.spec import ExtractionSpec
from leadline.core.record.run import MetricDef
from leadline.core.series.points import Points
from leadline.core.timestamps import counted
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from leadline.core.record.bodies import Config, Problem
    from leadline.core.tracker.rows import RunThere, SaidOfItself

# a tag of a tracker's run: the uid of the Leadline run it belongs to follows
MARK = "leadline-run-"
TEXT_LIMIT = 2000
CONFIG_KEYS_KEPT = 500


@dataclass(slots=True)
class Choice:
    """Which tracker and project a thread's runs go to. ``at``: the server or the shared folder, ""
    for the tracker's own default. ``live``: jobs talk to the server themselves; otherwise they
    write beside the run and are sent after.
    """

    tracker: str = ""
    project: str = ""
    at: str = ""
    live: bool = False
    since: str = ""


@dataclass(slots=True)
class RunFacts:
    """What a tracker is told about a run before it starts. ``folder``: where the job's tracker may
    keep its files, absolute; ``since_s``: when it was started, epoch seconds. ``name``: ``P-001``,
    and ``P-001-r2`` for a repeat. ``hide_command``: its command line holds a key, which the job's
    tracker must not write down."""

    uid: str
    id: str
    experiment: str
    repeat: int
    topic: str
    project: str
    folder: str
    title: str = ""
    at: str = ""
    live: bool = False
    config: Config = field(default_factory=dict)
    since_s: float = 0.0
    hide_command: bool = False

    @property
    def name(self) -> str:
        return self.experiment if self.repeat == 1 else self.id

    @property
    def tags(self) -> list[str]:
        return ["leadline", self.topic[:60], f"{MARK}{self.uid}"]


@dataclass(slots=True)
class TrackerRun:
    """One run in a tracker. ``id`` is the tracker's own; ``uid`` that of the Leadline run it
    carries, or "". ``behind``: why its server has not got all that its files here hold, "" when it
    has or there is no server.

    ``path``: its files on this machine, "" for a run known only by a server. ``wall_s`` is None
    when unknown: a tracker that says 0 has no clock for it. ``problem``: why it cannot be read
    though its folder or file is there, "" for every other run.
    """

    tracker: str
    id: str
    name: str = ""
    project: str = ""
    uid: str = ""
    state: str = "unknown"
    url: str = ""
    path: str = ""
    started_at: str = ""
    wall_s: float | None = None
    behind: str = ""
    problem: str = ""

    def as_dict(self) -> RunThere:
        names = (
            "tracker",
            "id",
            "name",
            "project",
            "uid",
            "state",
            "url",
            "path",
            "started_at",
            "wall_s",
            "behind",
        )
        values = {name: getattr(self, name) for name in names}
        return cast("RunThere", {k: v for k, v in values.items() if v not in ("", None)})


def must_be_readable(run: TrackerRun) -> None:
    """LeadlineError(environment, ``tracker-run-unreadable``) for a run that was listed with its
    problem."""
    if run.problem:
        raise environment(
            "tracker-run-unreadable",
            run.problem,
            why=f"{run.path} is there and cannot be read",
            do="leadline tracker status",
        )


def _nothing_more() -> SaidOfItself:
    return {}


@dataclass(slots=True)
class Reading:
    """What a tracker's run holds. ``provisional``: it had not ended, or the end of its file is
    missing, when read.

    ``summary``: last values by the tracker or set by the job. ``odd``: metric to the number of its
    points that were no number. ``problems``: sentences about the store itself (torn, unreadable);
    with a ``blocking`` one it cannot be taken for what was put there. ``only_summary``: the last
    values count and nothing else, because no points were asked for or there, or not all of them.
    ``about``: what a Leadline run says besides (``SaidOfItself``). ``disorder``:
    metric to how many of its points have a smaller step than the one before, and the same, where
    several processes wrote and only the store can tell. ``kinds``: what the tracker calls a value
    that is no number (``histogram``), by metric, where it says so. ``written``: config as its store
    spells it, where that keeps texts alone.
    """

    run: TrackerRun
    config: Config = field(default_factory=dict)
    summary: dict[str, float] = field(default_factory=dict)
    series: dict[str, Points] = field(default_factory=dict)
    odd: dict[str, int] = field(default_factory=dict)
    provisional: bool = False
    problems: list[Problem] = field(default_factory=list)
    only_summary: bool = False
    about: SaidOfItself = field(default_factory=_nothing_more)
    disorder: dict[str, tuple[int, int]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)

    @property
    def points(self) -> int:
        return sum(len(p) for p in self.series.values())

    def add(self, name: str, step: float | None, value: Any, time_s: float | None = None) -> None:
        """One logged value. What is no number (a picture, a text, a metric that changed its type)
        is counted, and so is what has a blank name, under ""."""
        if not name.strip():
            self.odd[""] = self.odd.get("", 0) + 1
            return
        if isinstance(value, Mapping) and "_type" not in value and value:
            for inner, found in flat_numbers(value).items():
                self.add(f"{name}.{inner}", step, found, time_s)
            return
        number = number_of(value)
        if number is None:
            self.odd[name] = self.odd.get(name, 0) + 1
            return
        self.series.setdefault(name, Points()).add(step, number, time_s)

    def digest(self) -> str:
        """Of everything read, so that a later reading that differs shows."""
        import hashlib  # noqa: PLC0415  start-up: 3.1 ms

        hashes = {}
        for name in sorted(self.series):
            points = self.series[name]
            hashes[name] = hashlib.sha256(
                points.steps.tobytes() + points.values.tobytes()
            ).hexdigest()
        summary = {k: repr(v) for k, v in self.summary.items()}
        return digest_of({"config": self.config, "summary": summary, "series": hashes})


def summary_numbers(summary: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a tracker's summary under dotted names; what the tracker adds by itself
    (``_step``) is left out.

    Of a summarised metric (``{"last": 1, "min": 0}``) the last value counts as the metric itself.
    """
    out: dict[str, float] = {}
    for name, value in summary.items():
        if name.startswith("_"):
            continue
        if isinstance(value, Mapping):
            if "_type" in value:
                continue
            for inner, number in flat_numbers(value).items():
                out[f"{name}.{inner}"] = number
            if (last := number_of(value.get("last"))) is not None:
                out[name] = last
        else:
            only = number_of(value)
            if only is not None:
                out[name] = only
    return out


def extraction_of(reading: Reading, definitions: Mapping[str, MetricDef]) -> Extraction:
    """The metrics of a run as its tracker has them, by the thread's own rule for each metric.

    A metric whose rule is ``last`` takes the tracker's summary, which the job may have set on
    purpose; any other rule (min, mean, ...) is computed from the points, because a summary holds
    the last one.
    """
    gatherer = Gatherer(
        ExtractionSpec("tracker", path=reading.run.tracker, nan="keep"), definitions, "point"
    )
    for name, points in reading.series.items():
        before, disordered, repeated = -math.inf, 0, 0
        for row, (step, value) in enumerate(zip(points.steps, points.values, strict=True), 1):
            known = None if step != step else step
            gatherer.add(name, value, known, row)
            if known is not None:
                disordered += known < before
                repeated += known == before
                before = known
        disordered, repeated = reading.disorder.get(name, (disordered, repeated))
        gatherer.rows += len(points)
        gatherer.taken += len(points)
        if disordered:
            have = "has" if disordered == 1 else "have"
            what = f"{name}: {counted(disordered, 'point')} {have} a smaller step"
            gatherer.problems.add("steps-out-of-order", f"{what} than the one before", about=name)
        if repeated:
            repeat = "repeats" if repeated == 1 else "repeat"
            what = f"{name}: {counted(repeated, 'point')} {repeat} the step"
            gatherer.problems.add("steps-repeated", f"{what} of the one before", about=name)
    for name, count in sorted(reading.odd.items()):
        gatherer.rows += count
        gatherer.dropped += count
        code, what = _odd(reading, name, count)
        gatherer.problems.add(code, what, about=name)
    found = gatherer.finish(reading.digest())
    for name in sorted({*reading.series, *reading.summary} if reading.only_summary else ()):
        if (rule := gatherer.rule(name)) not in ("last", ""):
            found.metrics.pop(name, None)
            found.nonfinite.pop(name, None)
            there = "not all were" if name in reading.series else "only last values were"
            what = f"{name}: its {rule} needs every point, and {there} there"
            found.problems.append(
                {
                    "source": reading.run.tracker,
                    "code": "no-points",
                    "what": what,
                    "blocking": False,
                }
            )
    for name, value in reading.summary.items():
        if not name.strip():
            continue
        if gatherer.rule(name) not in ("last", "") and (
            name in reading.series or reading.only_summary
        ):
            continue
        found.metrics.pop(name, None)
        found.nonfinite.pop(name, None)
        if math.isfinite(value):
            found.metrics[name] = value
        else:
            found.nonfinite[name] = nonfinite_word(value)
    told: Problem = {"source": reading.run.tracker, "blocking": False}
    found.problems += [{**told, **problem} for problem in reading.problems]
    return found


def _odd(reading: Reading, name: str, count: int) -> tuple[str, str]:
    """The problem that values which became no points are: (code, sentence)."""
    was, is_ = ("was", "is") if count == 1 else ("were", "are")
    if not name:
        return "no-name", f"{counted(count, 'value')} {was} logged under a blank name"
    kind = f" ({reading.kinds[name]})" if name in reading.kinds else ""
    also = " and numbers besides: its type changed" if name in reading.series else ""
    return (
        "not-a-number",
        f"{name}: {counted(count, 'value')} {is_} no number{kind}{also}",
    )


def kept_config(config: Mapping[str, Any]) -> Config:
    """As much of ``short_config`` as a record keeps."""
    return dict(list(short_config(config).items())[:CONFIG_KEYS_KEPT])


def short_config(config: Mapping[str, Any]) -> Config:
    """A tracker's config, flat and without what it adds by itself; long values are cut."""
    flat = flatten({k: v for k, v in config.items() if not k.startswith("_")})
    return {k: v[:TEXT_LIMIT] if isinstance(v, str) else v for k, v in flat.items()}


def contradictions(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Config keys of which the record and the tracker say different things, as sentences."""
    return [
        f"{key}: the record says {ours[key]!r}, the tracker {theirs[key]!r}"
        for key in sorted(ours.keys() & theirs.keys())
        if not means_the_same(ours[key], theirs[key])
    ]


def means_the_same(ours: object, theirs: object) -> bool:
    """Whether a value is the other as a tracker may write it: 0.0 as 0, a number or ``True`` as text.

    >>> means_the_same([0.0, True], [0, "true"]), means_the_same(1, True), means_the_same("1e-3", 0.001)
    (True, False, True)
    """
    if str(ours) == str(theirs) or (isinstance(ours, str) and isinstance(theirs, str)):
        return str(ours) == str(theirs)
    ours, theirs = _plain(ours), _plain(theirs)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(
            means_the_same(ours[key], theirs[key]) for key in ours
        )
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(means_the_same, ours, theirs))
    if isinstance(ours, bool) != isinstance(theirs, bool):
        return False
    return ours == theirs or (ours != ours and theirs != theirs)


_WORDS = {"true": True, "false": False, "none": None, "null": None}


def _plain(value: object) -> object:
    """A text that says a number, a truth value or nothing is that."""
    if isinstance(value, tuple):
        return list(value)
    if not isinstance(value, str):
        return value
    if value.lower() in _WORDS:
        return _WORDS[value.lower()]
    for number in (int, float):
        try:
            return number(value)
        except ValueError:
            pass
    return value


def rows_of(reading: Reading | None) -> list[tuple[int, dict[str, str]]]:
    """The points of a run as trackers take them: one row a step, steps ascending; values as text,
    so that NaN travels as JSON. A point whose step was seen already keeps its place by the last
    value."""
    rows: dict[int, dict[str, str]] = {}
    for name, points in (reading.series if reading else {}).items():
        for place, (step, value) in enumerate(zip(points.steps, points.values, strict=True)):
            rows.setdefault(place if step != step else int(step), {})[name] = repr(value)
    return sorted(rows.items())
