"""A run (one execution) and the experiment it belongs to, as values.

Everything that compares, labels, renders or lists works on these, whatever executed them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from leadline.core.canonical import digest_of
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from leadline.core.record import bodies

TERMINAL_STATES = frozenset(("done", "failed", "timeout", "cancelled", "lost"))
DIRECTIONS = ("lower", "higher", "none")
ELSEWHERE = "elsewhere"  # kind of a gap: a pointer whose content another repository has
CONVERTED = "converted"  # kind of a gap: git would check it out with other bytes; the tree holds what it stores
TOO_LARGE = "too-large"  # kind of a gap: the tree holds the version of HEAD, if any
SPARSE = "sparse"  # kind of a gap: what a sparse checkout leaves out; the tree holds it
IN_PROCESS = "in-process"  # of a run that is a stretch of the Python program that asked for it
CALL_AGAIN = ["-m", "leadline.job.call"]  # before file and function: what makes its call again
# why a run is lost whose machine is not
KILLED = "the job program was killed: it ended without a result, and its machine stayed up"
USUAL_EXECUTOR = "local"  # what ran a record that names none, and what goes without saying
_empty: Any = dict  # of each run its own; what it is at first, a checker cannot know


@dataclass(slots=True)
class MetricDef:
    """What a metric is. ``direction``: which way is better; ``reduce``: how several values in one
    run become one.

    ``observed``: what the value depends on besides the code: ``machine`` (a time, a rate:
    contention and drift move it) or ``result`` (an accuracy, a count: they do not); "" leaves it to
    the unit and the name. ``per`` names the denominator ("token", "step"). ``formula`` makes it a
    derived metric, computed from others of the same run. ``limit`` ("<=0.001") makes a result
    beyond it inadmissible.
    """

    name: str
    unit: str = ""
    direction: str = "none"
    reduce: str = "last"  # last | first | min | max | mean | median | sum
    description: str = ""
    observed: str = ""  # machine | result | counted | ""
    per: str = ""
    formula: str = ""
    limit: str = ""


def has_printed_series(run: Run) -> bool:
    """Whether measurements with a step were found in its output at its end."""
    series = run.extraction.get("series") or {}
    stepped = any(one.get("first_step") is not None for one in series.values())
    return stepped and any(
        s.get("kind") == "stdout" and s.get("rows") for s in run.extraction.get("sources") or ()
    )


def leftover_text(processes: int) -> str:
    """What a command left running, which was ended with it; "" for nothing."""
    text = "a process in the background, which was ended with it"
    if processes > 1:
        text = f"{processes} processes in the background, which were ended with it"
    return text if processes else ""


@dataclass(slots=True)
class Run:
    """One execution, as far as the record knows it.

    ``config`` is flat (dotted keys). ``metrics`` maps a metric name to its one value for this run;
    ``nonfinite`` names metrics that were NaN or infinite. ``code`` has ``tree`` (the identity),
    ``commit``, ``head``, ``dirty``, ``gaps``. ``environment``, ``hardware`` and ``software`` are
    flat key to value. ``design`` is its place in a sweep ({sweep, cell}) or an interleaved
    measurement ({interleaving, side, block, position, warmup}), by the uid of that record; empty
    otherwise. ``tracker``: where its dense numbers are ({tracker, project, name, id, url, path,
    state, provisional, digest, config}). Times are RFC 3339 UTC, durations seconds.
    """

    id: str  # P-001-r1
    uid: str  # ULID of the planning record
    experiment: str  # P-001
    repeat: int = 1
    state: str = "planned"
    argv: list[str] = field(default_factory=list)
    cwd: str = ""  # relative to the top of the work tree
    shell: bool = False
    config: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)  # variables of the allow-list
    unlisted: bodies.UnlistedVariables = field(default_factory=_empty)
    data_files: dict[str, bodies.InputFacts] = field(default_factory=_empty)  # by path as declared
    stdin: bodies.StdinFacts = field(default_factory=_empty)  # what it took of what it was given
    extract: list[Any] = field(default_factory=list)  # where its metrics were declared to be
    hardware: dict[str, Any] = field(default_factory=dict)
    # python version, interpreter, packages digest, os
    software: dict[str, object] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)  # filled on request: it is large
    code: bodies.CodeState = field(default_factory=_empty)
    devices: bodies.DeviceFacts = field(default_factory=_empty)  # kind, count, visible
    hygiene: bodies.Hygiene = field(default_factory=_empty)  # preflight and watch; absent = unknown
    executor: str = USUAL_EXECUTOR
    origin: str = "executed"  # executed | imported (digested) | reported (typed)
    started_at: str = ""
    ended_at: str = ""
    wall_s: float | None = None
    exit_code: int | None = None
    signal: str = ""
    reason: str = ""  # why it is not done, in words
    resources: dict[str, float | None] = field(default_factory=dict)
    pilot: str = ""  # the place that ran it, where several runs share a job of an engine
    attempts: int = 1
    lost_s: float = 0.0  # that the attempts before the last one had run
    queued_s: float = 0.0  # that the attempts waited to be started
    leftover_processes: int = 0  # that went on after the command and were ended with it
    metrics: dict[str, float] = field(default_factory=dict)
    nonfinite: dict[str, str] = field(default_factory=dict)
    # problems, sources, counts, contract, items
    extraction: bodies.ExtractionFacts = field(default_factory=_empty)
    outputs: bodies.Outputs = field(default_factory=_empty)  # digests, sizes, excerpt
    # kept, total, gaps: see core/record/artifact.py
    artifact_record: bodies.ArtifactsOfRun = field(default_factory=_empty)
    retracted: str = ""  # why, when it was retracted
    superseded_by: str = ""
    corrections: list[bodies.Later] = field(default_factory=list)
    planned_at: str = ""
    design: bodies.DesignPlace = field(default_factory=_empty)
    tracker: bodies.TrackerPlace = field(default_factory=_empty)
    expected: str = ""  # what who asked for it expected
    title: str = ""  # as planned; an experiment has that of its first run until it is corrected
    ruler: bodies.RulerFacts = field(default_factory=_empty)  # what measured it
    entry: str = ""  # that tells it: ``run``, ``command``, ``elsewhere``; "": of one of before
    measures_again: str = ""  # the run whose code it measures by a newer ruler
    reproduction_of: str = ""  # the run that this one did again
    captured: dict[str, Any] = field(default_factory=_empty)  # corrected facts as they were
    disputed: str = ""  # why what its numbers were read from is not what it was
    typed_over: str = ""  # why a correction made it reported: see core/record/captured.py
    key: str = ""  # digest of argv + config + code tree + environment: "the same thing again"
    row: str = ""  # digest of what names the row of a table that it was
    told: dict[str, str] = field(default_factory=dict)  # its words that are no config, by column
    # keys of ``config`` that reach no command, where somebody asked (``core/record/reaches.py``)
    tags: tuple[str, ...] = ()
    # reads values that lie in a blob; no fact
    item_source: Callable[[str], Mapping[str, Any] | None] | None = None

    @property
    def begun(self) -> str:
        """When it began, as far as known: a table that tells no time was not measured when it was
        taken in."""
        return self.started_at or ("" if self.origin == "reported" else self.planned_at)

    @property
    def inputs(self) -> dict[str, Any]:
        """``config`` without tags: what makes two runs different ones."""
        if not self.tags:
            return self.config
        return {key: value for key, value in self.config.items() if key not in self.tags}

    @property
    def command_uid(self) -> str:
        """ULID of what its command made first: the sweep, the measurement in turns, the first run."""
        place = self.design
        found = place.get("sweep") or place.get("interleaving") or place.get("together")
        return found or self.uid

    @property
    def apart(self) -> str:
        """The word for a run that ended well and whose numbers nobody may rest on: disputed, reported."""
        if self.disputed:
            return "disputed"
        return "reported" if self.typed_over or self.origin == "reported" else ""

    @property
    def is_evidence(self) -> bool:
        """Counts as evidence: bears a result, not retracted or superseded, no reproduction. Those
        confirm or contradict: a sample that grew by being done again would change the numbers that
        were cited from it."""
        return (
            self.bears_result
            and not self.retracted
            and not self.superseded_by
            and not self.reproduction_of
        )

    @property
    def bears_result(self) -> bool:
        """Executed (or fetched and digested) and ended well, no warm-up, no captured fact typed over;
        whatever became of it later."""
        return (
            self.state == "done"
            and self.origin != "reported"
            and not self.typed_over
            and not self.disputed
            and not self.design.get("warmup")
            and not self.design.get("null")
            and not self.design.get("holdout")
        )


def as_counted(run: Run) -> Run:
    """A copy that nobody withdrew and that is no reproduction: what the run would say if it counted."""
    from copy import copy  # noqa: PLC0415  start-up: 0.9 ms

    other = copy(run)
    other.retracted = other.superseded_by = other.reproduction_of = ""
    return other


def told_runs(runs: Iterable[Run]) -> list[Run]:
    """Copies of the runs that were reported, stand and are done, as if they counted: to describe what
    was told, never to judge by it."""
    from copy import copy  # noqa: PLC0415  start-up: 0.9 ms

    found = []
    for run in runs:
        if run.origin == "reported" and not run.retracted and not run.superseded_by:
            other = copy(run)
            other.origin = "imported"
            found += [other] if other.is_evidence else []
    return found


def is_reported(runs: Sequence[Run]) -> bool:
    """Whether nothing is known of an experiment but what was reported."""
    return not any(run.is_evidence for run in runs) and bool(told_runs(runs))


OWN = "leadline"  # the tracker that run folders are: what ll.log writes needs no other


def project_of(run: Run) -> str:
    """``wandb:my-project``: where the run's dense numbers are, "" when in no tracker or in run
    folders, which Leadline itself plots and compares wherever they lie."""
    about = run.tracker
    return (
        f"{about['tracker']}:{about.get('project', '')}"
        if about.get("tracker") not in (None, "", OWN)
        else ""
    )


def why_not_evidence(run: Run) -> str:
    """Why a run does not count, in words; empty when it does."""
    if run.is_evidence:
        return ""
    if run.retracted:
        return f"retracted: {run.retracted}"
    if run.superseded_by:
        return f"superseded by {run.superseded_by}"
    if run.design.get("warmup"):
        return "a warm-up, kept apart from the measurement"
    if run.design.get("holdout"):
        return "a look at the sealed holdout, told in its own record"
    if run.design.get("null"):
        return "one command against itself: it says what the ruler resolves"
    if run.disputed:
        return f"disputed: {run.disputed}"
    if run.typed_over:
        return f"reported: {run.typed_over}"
    if run.state == "done" and run.reproduction_of:
        return f"a reproduction of {run.reproduction_of}, kept apart"
    if run.origin == "reported":
        return "reported: Leadline did not see it measured"
    return f"{run.state}: {run.reason}" if run.reason else f"its state is {run.state}"


def program_of(code: bodies.CodeState) -> str | None:
    """What two code states share that hold the same program: the first tree that was seen of it, and
    which files lay there as mere pointers to content that was elsewhere."""
    program = code.get("program") or code.get("tree")
    pointers = gaps_of(code, ELSEWHERE)
    return f"{program}-{digest_of(pointers)[-12:]}" if program and pointers else program


def gaps_of(code: bodies.CodeState, kind: str) -> list[str]:
    """The paths of the gaps of one kind."""
    found = (gap for gap in code.get("gaps", ()) if isinstance(gap, dict))
    return [str(gap.get("path")) for gap in found if gap.get("kind") == kind]


def run_key(argv: list[str], cwd: str, config: Mapping[str, object], tree: str | None) -> str:
    """What makes two runs the same thing: what is known again when it is asked for once more."""
    return digest_of({"argv": argv, "cwd": cwd, "config": config, "tree": tree})
