"""What the record and a tracker say of the same runs, side by side: what only one has, what
differs, what it cost.

Pure. A side that could not be asked is never taken for one that has nothing: then a run is
``unknown`` on it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from leadline.core.ids import experiment_of, parse_id
from leadline.core.record.run import TERMINAL_STATES, Run
from leadline.core.record.thread import Thread
from leadline.core.tracker.reading import (
    Reading,
    TrackerRun,
    contradictions,
    extraction_of,
    short_config,
)
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from leadline.core.record.bodies import FurtherRun
    from leadline.core.tracker.rows import Costs, Disagreement, RunThere

CLOSE = 1e-9  # relative: both sides keep binary doubles, some trackers write them as decimal text


@dataclass(slots=True)
class TrackerProject:
    """One project of one tracker at one address. ``why``: why its server (or store) was not asked,
    "" when it was; ``runs``: those it has, as far as it was asked."""

    tracker: str
    project: str
    at: str = ""
    why: str = ""
    runs: list[TrackerRun] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.tracker}:{self.project}" + (f" at {self.at}" if self.at else "")

    def of(self, run: Run) -> TrackerRun | None:
        """The tracker's run of ours: the one that carries its uid, else its id."""
        known = str(run.tracker.get("id", ""))
        mine = [t for t in self.runs if t.uid == run.uid] or [
            t for t in self.runs if known and t.id == known
        ]
        return mine[-1] if mine else None


def absent(run: Run, place: TrackerProject, sent: bool, waiting: bool) -> tuple[str, str]:
    """Why a run of ours is not in the tracker: (``waiting`` | ``gone`` | ``none`` | ``unknown``, a
    sentence)."""
    if waiting:
        return "waiting", "it waits to be sent: leadline tracker sync"
    if not sent and run.tracker.get("state") == "none":
        return "none", f"its job made no run in {place.tracker}"
    if place.why:
        return "unknown", f"not asked: {place.why}"
    if sent:
        remedy = f": leadline tracker push {run.id}" if run.origin == "executed" else ""
        return "gone", f"the record says that it is in {place.name}, and it is not{remedy}"
    return "none", f"it was never sent to {place.tracker}: leadline tracker push {run.id}"


def further_runs(thread: Thread) -> list[tuple[Run, FurtherRun]]:
    """Runs that the job of a run of ours made besides the one that is in the record, which no other
    run of the record holds either: (ours, what ``tracker.further`` says of it)."""
    held = {(run.tracker.get("tracker"), run.tracker.get("id")) for run in thread.runs}
    return [
        (run, row)
        for run in thread.runs
        for row in run.tracker.get("further", ())
        if not run.retracted and (run.tracker.get("tracker"), row.get("id")) not in held
    ]


def strangers(thread: Thread, place: TrackerProject, known: Iterable[str]) -> list[RunThere]:
    """The tracker's runs that the record does not hold. ``known``: uids and tracker ids that it
    holds.

    ``named``: it has the name of an experiment or a run of this thread, and somebody made it
    outside Leadline.
    """
    held = set(known)
    found: list[RunThere] = []
    for run in place.runs:
        if run.id in held or (run.uid and run.uid in held):
            continue
        shown, named = run.name, False
        if parse_id(shown) is not None:
            named = shown in thread.experiments or experiment_of(shown) in thread.experiments
            named = named or shown.rpartition("-")[0] == thread.prefix
        if run.uid:
            why = (
                f"it carries the mark of a Leadline run ({run.uid}) that this thread does not hold"
            )
        elif named:
            why = f"it has the name {shown}, and was not made by Leadline"
        else:
            why = "it was not made by Leadline"
        found.append({**run.as_dict(), "named": named, "ours": bool(run.uid), "why": why})
    return found


def disagreements(run: Run, theirs: TrackerRun) -> list[Disagreement]:
    """What the two say of how the run stands."""
    ended, who = run.state in TERMINAL_STATES, theirs.tracker
    if theirs.state in ("unknown", ""):
        return []
    why = ""
    if not ended and theirs.state != "running":
        why = f"{who} says {theirs.state}, and its process lives"
    elif ended and theirs.state == "running":
        why = f"{who} says running, and the run ended: {run.state}"
    elif (run.state == "done") != (theirs.state == "finished") and ended:
        why = f"{who} says {theirs.state}, and the run ended: {run.state}"
    if not why:
        return []
    return [
        {
            "what": "state",
            "key": "state",
            "record": run.state,
            "tracker": theirs.state,
            "why": why,
        }
    ]


def values_that_differ(run: Run, reading: Reading, thread: Thread) -> list[Disagreement]:
    """Metrics and config of which the record and a reading say different things, and config that
    the tracker had when the record was written and has no more. Else what only one has is not
    named."""
    found = extraction_of(reading, thread.metrics)
    rows: list[Disagreement] = []
    for name in sorted(run.metrics.keys() & found.metrics.keys()):
        ours, theirs = run.metrics[name], found.metrics[name]
        if not math.isclose(ours, theirs, rel_tol=CLOSE):
            why = f"{name}: the record says {ours!r}, {reading.run.tracker} {theirs!r}"
            rows.append(
                {"what": "metric", "key": name, "record": ours, "tracker": theirs, "why": why}
            )
    there = short_config(reading.config)
    sentences = contradictions({**run.tracker.get("config", {}), **run.config}, there)
    for key, value in sorted(run.tracker.get("config", {}).items()):
        # A tracker may keep a nested value as one text, or a text as several values: then a part of
        # the key is there.
        if not any(
            name == key or name.startswith(f"{key}.") or key.startswith(f"{name}.")
            for name in there
        ):
            sentences.append(f"{key}: the record says {value!r}, the tracker has none")
    rows += [
        {"what": "config", "key": sentence.partition(":")[0], "why": sentence}
        for sentence in sentences
    ]
    return rows


def costs(runs: Iterable[Run], there: Collection[str], stranger_runs: Iterable[RunThere]) -> Costs:
    """Device-hours (wall time times the devices a run could see) by kind of device, of every run of
    the record and of those that a tracker has (``there``: their uids); ``unknown``: runs without a
    wall time or a device count. ``outside``: runs that only a tracker has, in wall hours, since no
    tracker's list says how many devices there were.
    """
    hours: dict[str, float] = {}
    tracked: dict[str, float] = {}
    counted, unknown = 0, []
    for run in runs:
        count, kind = run.devices.get("count"), str(run.devices.get("kind") or "")
        if run.wall_s is None or not count or not kind:
            if run.state in TERMINAL_STATES:
                unknown.append(run.id)
            continue
        counted += 1
        spent = run.wall_s * float(count) / 3600
        hours[kind] = hours.get(kind, 0.0) + spent
        if run.uid in there:
            tracked[kind] = tracked.get(kind, 0.0) + spent
    rows = list(stranger_runs)
    walls = [float(row["wall_s"]) for row in rows if row.get("wall_s") is not None]
    return {
        "runs": counted,
        "device_hours": hours,
        "device_hours_in_tracker": tracked,
        "unknown": unknown,
        "outside": {
            "runs": len(rows),
            "wall_hours": sum(walls) / 3600,
            "unknown": len(rows) - len(walls),
        },
    }
