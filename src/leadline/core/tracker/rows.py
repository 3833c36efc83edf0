"""What is said of runs in trackers, as JSON has it; for checkers, and no verb loads it.

Answers of ``leadline tracker`` and ``leadline import`` are made of these rows. A field of a class
that is not ``total`` is left out when there is nothing to say.
"""

# What no verb loads may import this.
from typing import Any, NotRequired, TypedDict

from leadline.core.record.bodies import (
    Config,
    ExtractionFacts,
    FurtherRun,
    Outputs,
    TrackerLinkBody,
    TrackerSetBody,
)

__all__ = ["FurtherRun"]


class Reach(TypedDict):
    """How a tracker stands at an address."""

    reachable: bool | None  # None: there is nothing to reach, or it was not asked
    where: str  # the address that counts, "" for none
    version: str
    missing: list[str]  # packages that sending needs
    why: str  # it is not reachable, or was not asked


class Chosen(TrackerSetBody):
    changed: bool  # else it was chosen before, and nothing is recorded


class Linked(TrackerLinkBody):
    changed: bool


_Import = TypedDict("_Import", {"import": str}, total=False)


class RunThere(_Import, total=False):
    """A run of a tracker which the record does not hold. ``import``: the command that takes it."""

    tracker: str
    id: str
    name: str
    project: str
    uid: str  # of the Leadline run that it carries the mark of
    state: str
    url: str
    path: str
    started_at: str
    wall_s: float
    behind: str
    of: str  # the run whose job made it besides its own
    named: bool  # it has the name of a run or an experiment of the thread
    ours: bool  # a Leadline run made it
    why: str  # the record does not hold it


class PlaceRow(TypedDict):
    """A project of a tracker that was held against the record."""

    tracker: str
    project: str
    at: str
    runs: int
    not_asked: str  # why, "" when it was


class Absence(TypedDict):
    """A run of the record that the tracker has not."""

    run: str
    tracker: str
    project: str
    code: str  # ``waiting``, ``gone``, ``none``, ``unknown``
    why: str


class Disagreement(TypedDict):
    """Something that record and tracker say differently of one run."""

    run: NotRequired[str]
    what: str  # ``state``, ``metric``, ``config``, ``files``, ``digest``
    key: str
    record: NotRequired[str | float]
    tracker: NotRequired[str | float]
    why: str


class NotDone(TypedDict):
    """A run for which something was left undone. ``next``: what to type."""

    run: str
    why: str
    next: NotRequired[list[str] | str]


class OutsideCosts(TypedDict):
    runs: int
    wall_hours: float
    unknown: int  # of them, without a wall time


class Costs(TypedDict):
    runs: int
    device_hours: dict[str, float]  # by kind of device
    device_hours_in_tracker: dict[str, float]
    unknown: list[str]  # runs without a wall time or a device count
    outside: OutsideCosts


class RunStanding(TypedDict):
    """How a run of the record stands beside its tracker."""

    run: str
    name: str
    project: str  # ``wandb:my-project``
    state: str
    provisional: bool
    waiting: bool
    sent: bool
    at: str
    url: str
    path: str
    odd: str  # what does not fit, in words
    further: list[RunThere]


class LeftHere(TypedDict):
    name: str
    why: str


class SentFolder(TypedDict, total=False):
    path: str  # of a run folder, where it was put


class SentRun(SentFolder):
    run: str
    url: str
    id: str
    not_sent: list[str]  # other runs of its job
    artifacts: list[str]
    artifacts_left: list[LeftHere]


class ReadAgain(TypedDict):
    run: str
    provisional: bool
    changed: dict[str, list[float | None]]  # by metric: before, now


class FetchedRun(TypedDict):
    run: str
    points: int
    metrics: int
    incomplete: NotRequired[str]  # what of the points is missing
    as_recorded: NotRequired[bool]  # the digest is that of the record


class SaidOfItself(TypedDict, total=False):
    """What a run folder tells besides what every tracker has of a run."""

    title: str
    argv: list[str]
    cwd: str
    experiment: str  # its uid, or the run's where there is none
    artifacts: int  # how many
    artifacts_are: str  # ``kept in``, ``named in``
    why: str  # it did not end as done


class TakenBefore(TypedDict):
    where: str
    run: str
    source: str


class MetAgain(TypedDict, total=False):
    """A run of the record that its source has more, or something else, of now."""

    id: str
    where: str
    metrics: dict[str, float]


RowChange = tuple[str, Any, Any]  # field, before, now


class CorrectedRow(TypedDict):
    """A reported run whose row says something else now. ``changes``: each in words."""

    id: str
    where: str
    changes: list[str]


class Measured(TypedDict):
    """What a record of an imported run says of its numbers."""

    metrics: dict[str, float]
    nonfinite: dict[str, str]
    extraction: ExtractionFacts
    outputs: NotRequired[Outputs]


class TakenRun(TypedDict, total=False):
    """A run that an import took, or would take."""

    where: str
    name: str
    state: str
    reason: str  # it is not done
    commit: str  # as the table names it
    started_at: str
    told: dict[str, str]  # words of its row that are no config, by column
    config: Config
    metrics: dict[str, float]
    nonfinite: dict[str, str]
    points: int
    id: str
    experiment: str


class RowNotTaken(TypedDict):
    where: str
    why: str


class CellLeft(TypedDict):
    where: str
    column: str
    said: str  # what stands there
    why: str


class Noted(TypedDict):
    where: str
    what: str


class ImportReport(TypedDict):
    """What an import did not take, each list capped, with its total beside it."""

    not_taken: list[RowNotTaken]
    not_taken_total: int
    cells_not_taken: list[CellLeft]
    cells_not_taken_total: int
    notes: list[Noted]
    notes_total: int
    left_columns: list[str]
