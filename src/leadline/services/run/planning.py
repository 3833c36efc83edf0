"""The record of a run that is to start: its ids, its facts, what it is about."""

from __future__ import annotations

from collections.abc import Sequence

from leadline.core.ids import experiment_id, run_id
from leadline.core.record.exact import exact_texts
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.core.values import dataclass
from leadline.services.run.facts import default_title
from leadline.services.run.request import RunRequest

if TYPE_CHECKING:
    from leadline.core.record.bodies import RunPlannedBody
    from leadline.ports.records import Transaction
    from leadline.services.run.facts import PlanFacts

SEEN_KEPT = 20


@dataclass(frozen=True)
class RunPlan:
    """A run as it was decided and recorded. ``attempt``: its folder. ``seen``: ids of runs of the
    same command, config and code. ``request`` is None where the plan was read from the record."""

    topic: str
    uid: str
    body: RunPlannedBody
    attempt: str
    request: RunRequest | None = None
    seen: Sequence[str] = ()


def planned_body(
    thread: Thread,
    request: RunRequest,
    facts: PlanFacts,
    seen: Sequence[str],
    writing: Transaction,
    uid: str,
) -> RunPlannedBody:
    """The body of ``run-planned``. ``seen``: the ids of runs of the same key."""
    experiment = request.experiment
    if experiment:
        experiment_uid = thread.experiment(experiment).uid
        repeat = writing.next_number("run", experiment_uid)
    else:
        experiment = experiment_id(thread.prefix, writing.next_number("experiment"))
        experiment_uid, repeat = uid, 1
    known = {
        "id": run_id(experiment, repeat),
        "experiment": experiment,
        "experiment_uid": experiment_uid,
        "repeat": repeat,
        "title": request.title or default_title(facts["argv"], facts["config"]),
        **facts,
        "hypotheses": request.hypotheses,
        "extract": request.terms.extract,
        "timeout_s": request.terms.timeout_s,
        "origin": "executed",
        "entry": request.entry,
        "refs": {
            experiment: experiment_uid,
            **{name: thread.find(name).uid for name in request.hypotheses},
        },
    }
    body = cast("RunPlannedBody", known)
    if exact := exact_texts(facts["argv"], facts["cwd"], facts["environment"]):
        body["exact"] = exact
    if request.expected:
        body["expected"] = request.expected
    if request.terms.artifacts:
        body["artifacts"] = request.terms.artifacts
    if request.terms.stdin:
        body["stdin"] = {"file": request.terms.stdin}
    if request.design:
        body["design"] = request.design
    if request.detached:
        body["detached"] = True
    if seen:
        body["seen_before"] = list(seen[:SEEN_KEPT])
    if request.measures_again:
        body["measures_again"] = request.measures_again
        body["folder"] = request.command.folder
    if request.reproduction_of:
        body["reproduction_of"] = request.reproduction_of
        body["folder"] = request.command.folder
    return body
