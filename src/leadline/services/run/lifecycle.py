"""Run a command and record it: facts before, a planned record, the job program, the truthful
ending.

Failure policy: hard before (what cannot be recorded is not run), soft during (a lost watcher costs
nothing, the job goes on and the next command reconciles), loud after (an extraction that fails its
check says so and publishes nothing).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from leadline.core.ids import experiment_id, run_id
from leadline.core.record.rows import RunRow
from leadline.core.record.thread import Thread
from leadline.core.secrets.redact import Redactor, secret_values
from leadline.core.timestamps import duration
from leadline.core.tracker.run_folder import ABOUT, about_planned
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.core.values import dataclass, field
from leadline.services.artifact.intake import limit_variables
from leadline.services.context import Context
from leadline.services.run.ending import end_run
from leadline.services.run.facts import default_title, environment_of, gather
from leadline.services.run.request import RunRequest, complete

if TYPE_CHECKING:
    from leadline.core.record.bodies import RunPlannedBody


@dataclass
class RunOutcome:
    id: str
    uid: str
    experiment: str
    state: str
    exit_code: int | None
    signal: str
    reason: str
    wall_s: float | None
    metrics: dict[str, float]
    nonfinite: dict[str, str]
    problems: list[dict[str, Any]]
    artifacts: dict[str, Any]
    seen_before: list[str]
    code: dict[str, Any]
    hygiene: dict[str, Any]
    interrupted: bool = False
    # metric to the identity of the items it is over
    item_sets: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return dict(self.__dict__)


ENDED = ("finished", "gone")  # states of an attempt that is over
Watch = Callable[[str, dict[str, Any], Callable[[], bool]], bool]


def execute(
    context: Context,
    request: RunRequest,
    watch: Watch,
    say: Callable[[str], None] = lambda text: None,
) -> list[RunOutcome]:
    """Run ``request.repeat`` times, one after the other, and return what became of each.

    ``watch(attempt folder, handle, is_over)`` shows output until the attempt is over and returns
    True when the user interrupted it. Stops after an interruption. Raises LeadlineError before
    anything ran.
    """
    threads: list[Thread] = []
    facts = gather(context, request, first=lambda: threads.append(complete(context, request)[0]))
    thread = threads[0]
    if thread.finished:
        say(
            f"thread {thread.topic} was finished on {thread.finishes[-1]['at'][:10]}: this comes after its end"
        )
    if facts["hygiene"].get("contended"):
        say(f"the machine is busy: {'; '.join(facts['hygiene'].get('reasons', [])[:2])}")
    seen = [] if request.experiment else context.read_model.same_key(facts["key"])
    _announce(seen, thread, say)
    outcomes: list[RunOutcome] = []
    experiment = request.experiment
    for number in range(request.repeat):
        if number:
            facts["hygiene"] = context.collectors.preflight(environment_of(context, request))
        outcome = run_one(context, request, facts, experiment, seen, watch, say)
        outcomes.append(outcome)
        experiment = outcome.experiment
        if outcome.interrupted:
            break
        if request.repeat > 1:
            _say_progress(outcomes, request.repeat, say)
    return outcomes


def _say_progress(outcomes: list[RunOutcome], total: int, say: Callable[[str], None]) -> None:
    walls = [o.wall_s for o in outcomes if o.wall_s is not None]
    left = (total - len(outcomes)) * sum(walls) / len(walls) if walls else None
    tail = f", about {duration(left)} left" if left else ""
    say(
        f"{len(outcomes)}/{total} {outcomes[-1].id} {outcomes[-1].state} in {duration(outcomes[-1].wall_s)}{tail}"
    )


def _announce(seen: list[RunRow], thread: Thread, say: Callable[[str], None]) -> None:
    """Say that the same was run before, and how to add a repeat to what still stands of it."""
    if not seen:
        return
    by_state: dict[str, list[str]] = {}
    for row in seen:
        by_state.setdefault(row.retracted or row.state, []).append(row.id)
    words = "; ".join(
        f"{state}: {', '.join(ids[:4])}{' …' if len(ids) > 4 else ''}"
        for state, ids in by_state.items()
    )
    said = f"this command, config and code were run before ({words})"
    standing = [row for row in seen if not row.retracted]
    if standing:
        last = standing[-1]
        elsewhere = f" --thread {last.thread}" if last.thread != thread.topic else ""
        said += f"; to add a repeat instead: leadline run --experiment {last.experiment}{elsewhere}"
    say(said)


def run_one(
    context: Context,
    request: RunRequest,
    facts: dict[str, Any],
    experiment: str | None,
    seen: list[RunRow],
    watch: Watch,
    say: Callable[[str], None],
) -> RunOutcome:
    """One execution with the given ``facts`` (see ``gather``): planned record, job, ending.
    ``experiment``: repeat that one; None opens a new one. ``seen``: rows of ``store.same_key``,
    recorded as seen before."""
    started = start_one(context, request, facts, experiment, seen)
    try:
        context.collectors.prepare()

        def over() -> bool:
            asked = [(started.attempt, started.handle)]
            return context.executor.poll(asked)[started.attempt] in ENDED

        interrupted = watch(started.attempt, started.handle, over)
    except BaseException:
        started.watching.__exit__(None, None, None)
        raise
    return finish_one(context, request, started, seen, interrupted, say)


@dataclass
class Started:
    """A run that was planned and handed to the executor; ``finish_one`` ends it. ``watching`` is
    the held marker."""

    uid: str
    body: dict[str, Any]
    attempt: str
    handle: dict[str, Any]
    watching: Any


def start_one(
    context: Context,
    request: RunRequest,
    facts: dict[str, Any],
    experiment: str | None,
    seen: list[RunRow],
    wait_until_up: bool = True,
) -> Started:
    """The first half of ``run_one``: planned record and job. Several may be under way in one
    process; then ``wait_until_up=False`` lets the next one start while this one's supervisor
    does."""
    thread = context.slice(
        request.topic, [*([experiment] if experiment else []), *request.hypotheses]
    )
    if thread.tracker:
        from leadline.services.run.job_tracker import planned_tracker  # noqa: PLC0415  start-up: 2 ms

        facts = {**facts, "tracker": planned_tracker(context, thread)}
    if request.title:
        facts = {**facts, "title": Redactor(secret_values(context.environ)).text(request.title)}
    with context.store.transaction(request.topic) as writing:
        uid = writing.new_uid()
        body = _planned(thread, request, facts, experiment, seen, writing, uid)
        watching = context.open_runs.watching(uid, request.topic)
        watching.__enter__()
        writing.add("run-planned", cast("RunPlannedBody", body))
    try:
        attempt = context.run_folder(uid)
        variables = _tracker_variables(context, request.topic, uid, body)
        return Started(
            uid,
            body,
            attempt,
            _launch(context, request, body, attempt, variables, wait_until_up),
            watching,
        )
    except BaseException:
        watching.__exit__(None, None, None)
        raise


def _tracker_variables(
    context: Context, topic: str, uid: str, body: dict[str, Any]
) -> dict[str, str]:
    """What a job is told of its tracker."""
    if not body.get("tracker"):
        return {}
    from leadline.services.run.job_tracker import job_environment  # noqa: PLC0415  start-up: 2 ms

    return job_environment(context, topic, uid, body)


def finish_one(
    context: Context,
    request: RunRequest,
    started: Started,
    seen: list[RunRow],
    interrupted: bool,
    say: Callable[[str], None],
    check_code: bool = True,
) -> RunOutcome:
    """The second half of ``run_one``: the ending, once the executor says that the attempt is over."""
    uid, body = started.uid, started.body
    try:
        ended = end_run(
            context,
            request.topic,
            uid,
            body,
            say=say,
            check_code=check_code and request.folder is None,
        )
    finally:
        started.watching.__exit__(None, None, None)
    return RunOutcome(
        id=body["id"],
        uid=uid,
        experiment=body["experiment"],
        state=ended["state"],
        exit_code=ended.get("exit_code"),
        signal=ended.get("signal", ""),
        reason=ended.get("reason", ""),
        wall_s=ended.get("wall_s"),
        metrics=ended.get("metrics", {}),
        nonfinite=ended.get("nonfinite", {}),
        problems=ended.get("extraction", {}).get("problems", []),
        artifacts=ended.get("artifacts", {}),
        seen_before=[r.id for r in seen],
        code=body["code"],
        hygiene=ended.get("hygiene", {}),
        interrupted=interrupted,
        item_sets={
            name: f["set"] for name, f in (ended.get("extraction", {}).get("items") or {}).items()
        },
    )


def _planned(
    thread: Thread,
    request: RunRequest,
    facts: dict[str, Any],
    experiment: str | None,
    seen: list[RunRow],
    writing: Any,
    uid: str,
) -> dict[str, Any]:
    if experiment:
        experiment_uid = thread.experiment(experiment).uid
        repeat = writing.next_number("run", experiment_uid)
    else:
        experiment, experiment_uid, repeat = (
            experiment_id(thread.prefix, writing.next_number("experiment")),
            uid,
            1,
        )
    refs = {experiment: experiment_uid, **{h: thread.find(h).uid for h in request.hypotheses}}
    body = {
        "id": run_id(experiment, repeat),
        "experiment": experiment,
        "experiment_uid": experiment_uid,
        "repeat": repeat,
        "title": request.title or default_title(facts["argv"], facts["config"]),
        **facts,
        "hypotheses": request.hypotheses,
        "extract": request.extract,
        "timeout_s": request.timeout_s,
        "origin": "executed",
        "refs": refs,
    }
    if request.artifacts:
        body["artifacts"] = request.artifacts
    if request.design:
        body["design"] = request.design
    if seen:
        body["seen_before"] = [row.id for row in seen][:20]
    if request.reproduction_of:
        body["reproduction_of"] = request.reproduction_of
        body["folder"] = request.folder
    return body


def _launch(
    context: Context,
    request: RunRequest,
    body: dict[str, Any],
    attempt: str,
    variables: dict[str, str],
    wait_until_up: bool,
) -> dict[str, Any]:
    """Write the spec and start it. What fails here is the run's truthful ending, not an exception:
    it is planned."""
    spec = {
        "v": 1,
        "run": body["id"],
        "attempt": 1,
        "argv": request.argv,
        "cwd": request.folder or context.cwd,
        "env": {**limit_variables(context), **variables, **request.set_environment},
        "timeout_s": request.timeout_s,
        "grace_s": request.grace_s,
        "cookie": os.path.basename(os.path.dirname(attempt)),
        "max_output_bytes": request.max_output_bytes,
    }
    os.makedirs(attempt, exist_ok=True)
    # Only a copy of what the record holds: it is not worth a wait for the disk.
    with open(os.path.join(attempt, ABOUT), "wb") as about:
        about.write(about_planned(spec["cookie"], request.topic, body).encoded())
    temporary = os.path.join(attempt, "spec.json.tmp")
    with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump(spec, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, os.path.join(attempt, "spec.json"))
    launch = context.executor.submit if wait_until_up else context.executor.begin
    return launch(attempt, {})
