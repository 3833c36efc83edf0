"""On which machines the sides of a claim ran: said beside the label, and never pooled silently."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from leadline.core.evidence.found import Evidence
from leadline.core.evidence.marks import Mark
from leadline.core.evidence.predicate import Predicate, Subject
from leadline.core.metric.contract import moved_by_machine
from leadline.core.record.run import USUAL_EXECUTOR, MetricDef, Run
from leadline.core.timestamps import few

NAMED = 3


def mark_machines(
    out: Evidence,
    predicate: Predicate,
    resolve: Callable[[Subject], list[Run]],
    definitions: Mapping[str, MetricDef],
) -> None:
    """Marks a side whose runs are of several machines where these may move its metric, and says where
    each side ran when that was not this machine alone."""
    pooled = dict[str, list[str]]()
    ran = dict[str, list[str]]()
    for clause in predicate.clauses:
        for metric, subject in clause.sides:
            places = places_of([run for run in resolve(subject) if run.is_evidence])
            ran[subject.name] = list(dict.fromkeys([*ran.get(subject.name, []), *places]))
            definition = definitions.get(metric) or MetricDef(metric)
            if len(places) > 1 and moved_by_machine(definition) is not False:
                pooled[f"{metric} of {subject.name}"] = places
    for side, places in pooled.items():
        short = f"{len(places)} machines pooled"
        out.mark(Mark("machines", short, f"{side} was measured on {few(places, NAMED)}, pooled"))
    if any(not place.startswith(USUAL_EXECUTOR) for places in ran.values() for place in places):
        told = "; ".join(
            f"{side} on {few(places, NAMED)}" for side, places in ran.items() if places
        )
        out.mark(Mark("ran-on", "ran elsewhere", f"ran: {told}"))


def places_of(runs: Sequence[Run]) -> list[str]:
    """``dev (box1, 2 x H100)``: executor, host and accelerators of each machine that is known."""
    found = {(run.executor or USUAL_EXECUTOR, *_machine(run)) for run in runs}
    return [
        f"{executor} ({', '.join(filter(None, words))})" if any(words) else executor
        for executor, *words in sorted(found)
    ]


def _machine(run: Run) -> tuple[str, str]:
    hardware, devices = run.hardware, run.devices
    if devices.get("kind") in (None, "cpu") or not devices.get("count"):
        return str(hardware.get("host") or ""), ""
    names = [str(gpu.get("name")) for gpu in hardware.get("gpus") or [] if gpu.get("name")]
    kind = names[0] if names else str(devices["kind"])
    return str(hardware.get("host") or ""), f"{devices['count']} x {kind}"
