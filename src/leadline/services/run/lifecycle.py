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

from leadline.core.canonical import canonical_json, digest_of
from leadline.core.errors import conflict, refused, usage
from leadline.core.ids import experiment_id, experiment_of, run_id
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.tracker.run_folder import ABOUT, about_planned
from leadline.core.typed import Any
from leadline.core.values import dataclass, field
from leadline.services.artifact.intake import check_patterns, limit_variables
from leadline.services.context import Context
from leadline.services.run.ending import end_run


@dataclass
class RunRequest:
    """What a user asks to run. ``config`` is flat. ``extract`` and ``patterns`` are the short forms
    of ``core/extract/spec.py``. ``experiment``: repeat that one (its command when ``argv`` is
    empty)."""

    argv: list[str]
    topic: str
    experiment: str | None = None
    title: str = ""
    repeat: int = 1
    config: dict[str, Any] = field(default_factory=dict)
    extract: list[Any] = field(default_factory=list)
    timeout_s: float | None = None
    grace_s: float = 5.0
    hypotheses: list[str] = field(default_factory=list)
    allow_environment: list[str] = field(default_factory=list)
    set_environment: dict[str, str | None] = field(default_factory=dict)
    secret_argv_ok: bool = False
    reproduction_of: str = ""
    folder: str | None = None  # absolute; where to run instead of the work tree (reproduce)
    code: dict[str, Any] | None = None  # the code state there, when it is not the work tree's
    max_output_bytes: int | None = None
    artifacts: list[str] = field(
        default_factory=list
    )  # files to keep after it ended: PATTERN or NAME=PATH
    design: dict[str, Any] = field(
        default_factory=dict
    )  # place in a sweep or an interleaved measurement


@dataclass
class Outcome:
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
    item_sets: dict[str, str] = field(
        default_factory=dict
    )  # metric to the identity of the items it is over

    def as_dict(self) -> dict[str, Any]:
        return dict(self.__dict__)


ENDED = ("finished", "gone")  # states of an attempt that is over
Watch = Callable[[str, dict[str, Any], Callable[[], bool]], bool]


def execute(
    context: Context,
    request: RunRequest,
    watch: Watch,
    say: Callable[[str], None] = lambda text: None,
) -> list[Outcome]:
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
    seen = [] if request.experiment else context.store.same_key(facts["key"])
    _announce(seen, thread, say)
    outcomes: list[Outcome] = []
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


def _say_progress(outcomes: list[Outcome], total: int, say: Callable[[str], None]) -> None:
    from leadline.core.timestamps import duration

    walls = [o.wall_s for o in outcomes if o.wall_s is not None]
    left = (total - len(outcomes)) * sum(walls) / len(walls) if walls else None
    tail = f", about {duration(left)} left" if left else ""
    say(
        f"{len(outcomes)}/{total} {outcomes[-1].id} {outcomes[-1].state} in {duration(outcomes[-1].wall_s)}{tail}"
    )


def complete(context: Context, request: RunRequest) -> tuple[Thread, RunRequest]:
    """Check the request, and fill in what a repeat takes from its experiment."""
    if request.repeat < 1:
        raise usage(
            "bad-repeat", f"--repeat {request.repeat} runs nothing", do="leadline run --help"
        )
    named = [request.experiment] if request.experiment else []
    check_patterns(context, request.artifacts)
    thread = context.slice(request.topic, [*named, *request.hypotheses])
    for hypothesis in request.hypotheses:
        thread.find(hypothesis)
    if request.experiment:
        _as_repeat(thread, request)
    if not request.argv:
        raise usage(
            "no-command",
            "there is no command to run",
            why="it stands after --",
            do="leadline run --set k=v -- python train.py",
        )
    from leadline.core.secrets.redact import Redactor, is_secret, secret_values

    for name, value in request.set_environment.items():
        if value is not None and is_secret(name, value):
            raise refused(
                "secret-in-environment-option",
                f"--env {name}=… holds a secret",
                why="it would stand in the process list and in the run's folder; jobs inherit the environment",
                do=[f"export {name}=…", "leadline run -- COMMAND"],
            )
    redactor = Redactor(secret_values(context.environ))
    if not request.secret_argv_ok and redactor.argv(request.argv) != list(request.argv):
        raise refused(
            "secret-in-command",
            "the command line seems to hold a secret",
            why="it would stand in the record and in the process list: "
            + " ".join(redactor.argv(request.argv))[:200],
            do=[
                "sh -c 'COMMAND --token \"$NAME\"'  (the shell reads it from the environment)",
                "leadline run --secret-argv-ok -- ...  (it is recorded redacted all the same)",
            ],
        )
    return thread, request


def _as_repeat(thread: Thread, request: RunRequest) -> None:
    experiment = thread.experiment(str(request.experiment))
    if not experiment.stands:
        raise conflict(
            "experiment-withdrawn",
            f"{experiment.id} was {'retracted' if experiment.retracted else 'superseded'}",
            why="its repeats would count for nothing",
            do="leadline run -- CMD",
        )
    first: Run = experiment.runs[0]
    request.experiment = experiment.id
    if not request.argv:
        request.argv = list(first.argv)
    if not request.config:
        request.config = dict(first.config)
    if not request.reproduction_of and (
        request.argv != first.argv or request.config != first.config
    ):
        what = "command" if request.argv != first.argv else "config"
        raise conflict(
            "not-a-repeat",
            f"the {what} is not that of {experiment.id}",
            why="repeats of an experiment have its command and config; another one is a new experiment",
            do=["leadline run --set … -- CMD", f"leadline run --experiment {experiment.id}"],
        )


def environment_of(context: Context, request: RunRequest) -> dict[str, str]:
    """The variables that the command will see; one that is set to None is taken away."""
    environ: dict[str, str | None] = {**context.environ, **request.set_environment}
    return {name: value for name, value in environ.items() if value is not None}


def gather(
    context: Context, request: RunRequest, first: Callable[[], Any] | None = None
) -> dict[str, Any]:
    """Every fact that is recorded before the command starts: code, command, config, environment,
    machine.

    Most of them while git looks at the files. ``first`` is called ahead of these: it may still
    complete the request.
    """
    beside: dict[str, Any] = {}

    def ask() -> None:
        if first is not None:
            first()
        beside.update(_beside_the_code(context, request))

    if request.code is None:
        code = capture_code(context, ask)
    else:
        code = request.code
        ask()
    cwd = beside["cwd"]
    if request.folder and code.get("cwd"):
        cwd = code["cwd"]
    return {
        **beside,
        "cwd": cwd,
        "code": {k: v for k, v in code.items() if k != "cwd"},
        # Last, when git is done: what it takes of the machine is ours.
        "hygiene": context.collectors.preflight(environment_of(context, request)),
        "key": digest_of(
            {
                "argv": beside["argv"],
                "cwd": cwd,
                "config": beside["config"],
                "tree": code.get("tree"),
            }
        ),
    }


def _beside_the_code(context: Context, request: RunRequest) -> dict[str, Any]:
    from leadline.core.secrets.redact import Redactor, secret_values

    environ = environment_of(context, request)
    redactor = Redactor(secret_values(environ))
    folder = request.folder or context.cwd
    software = context.collectors.software(request.argv, environ, folder)
    packages = software.pop("packages", None)
    if packages:
        software["packages_blob"] = context.blobs.put(canonical_json(packages).encode())
    argv, config = redactor.argv(request.argv), redactor.value(request.config)
    cwd = (
        os.path.relpath(folder, context.vcs.toplevel)
        if context.vcs.toplevel and not request.folder
        else "."
    )
    allow = [
        *context.setting("run.environment"),
        *request.allow_environment,
        *request.set_environment,
    ]
    return {
        "argv": argv,
        "cwd": cwd,
        "config": config,
        "environment": context.collectors.environment(environ, allow)["variables"],
        "software": software,
        "hardware": context.collectors.hardware(),
        "devices": context.collectors.devices(environ),
        "executor": context.executor.name,
    }


def capture_code(context: Context, meanwhile: Callable[[], None] | None = None) -> dict[str, Any]:
    """The exact code state as recorded, lists capped with their totals. ``meanwhile`` as
    ``Vcs.capture`` has it."""
    state = context.vcs.capture([context.setting("logbook.folder") + "/"], meanwhile=meanwhile)
    code = state.as_dict()
    code["changed_files"] = code["changed_files"][:20]
    code["gaps_total"] = len(code["gaps"])
    code["gaps"] = code["gaps"][:20]
    return {k: v for k, v in code.items() if v not in (None, [], "")} | {"dirty": state.dirty}


def _announce(seen: list[dict[str, Any]], thread: Thread, say: Callable[[str], None]) -> None:
    if not seen:
        return
    by_state: dict[str, list[str]] = {}
    for row in seen:
        by_state.setdefault(row["retracted"] or row["state"], []).append(f"{row['id']}")
    words = "; ".join(
        f"{state}: {', '.join(ids[:4])}{' …' if len(ids) > 4 else ''}"
        for state, ids in by_state.items()
    )
    say(
        f"this command, config and code were run before ({words}); to add a repeat instead: "
        f"leadline run --experiment {experiment_of(seen[-1]['id'])}"
        + (f" --thread {seen[-1]['thread']}" if seen[-1]["thread"] != thread.topic else "")
    )


def facts_of_cell(facts: dict[str, Any], argv: list[str], config: dict[str, Any]) -> dict[str, Any]:
    """The facts of another command and config at the same code, place and machine; both already
    redacted."""
    key = digest_of(
        {"argv": argv, "cwd": facts["cwd"], "config": config, "tree": facts["code"].get("tree")}
    )
    return {**facts, "argv": argv, "config": config, "key": key}


def run_one(
    context: Context,
    request: RunRequest,
    facts: dict[str, Any],
    experiment: str | None,
    seen: list[dict[str, Any]],
    watch: Watch,
    say: Callable[[str], None],
) -> Outcome:
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
    seen: list[dict[str, Any]],
    wait_until_up: bool = True,
) -> Started:
    """The first half of ``run_one``: planned record and job. Several may be under way in one
    process; then ``wait_until_up=False`` lets the next one start while this one's supervisor
    does."""
    thread = context.slice(
        request.topic, [*([experiment] if experiment else []), *request.hypotheses]
    )
    if thread.tracker:
        from leadline.services.run.job_tracker import job_environment, planned_tracker

        facts = {**facts, "tracker": planned_tracker(context, thread)}
    if request.title:
        from leadline.core.secrets.redact import Redactor, secret_values

        facts = {**facts, "title": Redactor(secret_values(context.environ)).text(request.title)}
    with context.store.transaction(request.topic) as writing:
        uid = writing.new_uid()
        body = _planned(thread, request, facts, experiment, seen, writing, uid)
        watching = context.open_runs.watching(uid, request.topic)
        watching.__enter__()
        writing.add("run-planned", body)
    try:
        attempt = context.run_folder(uid)
        variables = (
            job_environment(context, request.topic, uid, body) if body.get("tracker") else {}
        )
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


def finish_one(
    context: Context,
    request: RunRequest,
    started: Started,
    seen: list[dict[str, Any]],
    interrupted: bool,
    say: Callable[[str], None],
    check_code: bool = True,
) -> Outcome:
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
    return Outcome(
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
        seen_before=[r["id"] for r in seen],
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
    seen: list[dict[str, Any]],
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
        body["seen_before"] = [row["id"] for row in seen][:20]
    if request.reproduction_of:
        body["reproduction_of"] = request.reproduction_of
        body["folder"] = request.folder
    return body


def default_title(argv: list[str], config: dict[str, Any]) -> str:
    """What an untitled experiment is called: its config, else its command, cut at 60 characters."""
    text = ", ".join(f"{k}={v}" for k, v in config.items()) or " ".join(
        os.path.basename(a) if i == 0 else a for i, a in enumerate(argv)
    )
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"


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
