"""What became of one run, for whoever asked for it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass, field
from leadline.services.run.planning import RunPlan

if TYPE_CHECKING:
    from leadline.core.record.bodies import (
        ArtifactsOfRun,
        CodeState,
        Hygiene,
        Problem,
        RunEndedBody,
    )
    from leadline.services.run.beside import Beside

CRASHES = ("SIGILL", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGABRT", "SIGSYS", "SIGTRAP")


@dataclass(frozen=True)
class RunOutcome:
    """``seen_before``: runs of the same command, config and code. ``item_sets``: metric to the
    identity of the items that it is over. ``excerpt``: the last lines that it printed, as recorded.
    ``beside``: files of its program in the work tree that the code state does not hold."""

    id: str
    uid: str
    experiment: str
    state: str
    exit_code: int | None
    signal: str | None
    reason: str
    wall_s: float | None
    metrics: dict[str, float]
    nonfinite: dict[str, str]
    problems: list[Problem]
    artifacts: ArtifactsOfRun
    seen_before: list[str]
    code: CodeState
    hygiene: Hygiene
    interrupted: bool = False
    item_sets: dict[str, str] = field(default_factory=dict)
    excerpt: str = ""
    beside: list[str] = field(default_factory=list)

    @property
    def crashed(self) -> bool:
        """Whether the program died of itself: more of it would die alike."""
        return self.signal in CRASHES

    def as_dict(self) -> dict[str, object]:
        return dict(self.__dict__)


@dataclass(frozen=True)
class Runs:
    """All runs that one request made, repeats of one experiment. ``note`` and ``baseline``: what
    became of the ones that came with it."""

    experiment: str
    runs: list[RunOutcome]
    note: Beside | None = None
    baseline: Beside | None = None

    def as_dict(self) -> dict[str, object]:
        runs = [run.as_dict() for run in self.runs]
        after = {"note": self.note, "baseline": self.baseline}
        return {"experiment": self.experiment, "runs": runs, **after}


def outcome_of(run: RunPlan, ended: RunEndedBody, interrupted: bool = False) -> RunOutcome:
    """``ended``: the body of its ending."""
    extraction = ended.get("extraction", {})
    return RunOutcome(
        id=run.body["id"],
        uid=run.uid,
        experiment=run.body["experiment"],
        state=ended["state"],
        exit_code=ended.get("exit_code"),
        signal=ended.get("signal", ""),
        reason=ended.get("reason", ""),
        wall_s=ended.get("wall_s"),
        metrics=ended.get("metrics", {}),
        nonfinite=ended.get("nonfinite", {}),
        problems=extraction.get("problems", []),
        artifacts=ended.get("artifacts", {}),
        seen_before=list(run.seen),
        code=run.body["code"],
        hygiene=ended["hygiene"],
        interrupted=interrupted,
        item_sets={
            name: str(items["set"]) for name, items in (extraction.get("items") or {}).items()
        },
        excerpt=ended.get("outputs", {}).get("excerpt", ""),
        beside=_beside(run.body.get("ruler", {}).get("beside", {}), ended),
    )


def _beside(files: Mapping[str, str], ended: RunEndedBody) -> list[str]:
    written = ended.get("outputs", {}).get("rewritten", {})
    return [path for path in files if not os.path.isabs(path) and path not in written]
