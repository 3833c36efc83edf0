"""What a user asks to run, checked and completed before anything is recorded."""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.errors import conflict, refused, usage
from leadline.core.plain import shell_words
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass, field
from leadline.services.artifact.intake import check_patterns
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import CodeState, DesignPlace, ProfileBody
    from leadline.services.run.stdin import Given


_empty: Any = dict


@dataclass
class Command:
    """What is run. ``config`` is flat. ``folder``: absolute, where to run instead of the work tree;
    ``code``: the code state there, and ``recorded_cwd`` where in it the record says. A variable of
    ``set_environment`` that is None is taken away."""

    argv: list[str]
    config: dict[str, object] = field(default_factory=dict)
    set_environment: dict[str, str | None] = field(default_factory=dict)
    folder: str | None = None
    code: CodeState | None = None
    recorded_cwd: str = ""
    secret_argv_ok: bool = False
    stdin: str = ""  # the file that it reads in place of the one that ``Terms`` declare


@dataclass
class Terms:
    """What is asked of a run: what to read and to keep of it, and its limits. ``extract`` holds the
    short forms of ``core/extract/spec.py``; ``artifacts`` are PATTERN or NAME=PATH;
    ``inputs`` files and folders that it reads; ``stdin`` the file that is its standard input;
    ``allow_environment`` names further variables to record. ``progress``: what of its output or
    files says how far it is (``spec.py``); ``stall_kill_s``: see ``ProgressAsked``."""

    extract: list[str] = field(default_factory=list)
    artifacts: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    allow_environment: list[str] = field(default_factory=list)
    timeout_s: float | None = None
    grace_s: float = 5.0
    max_output_bytes: int | None = None
    stdin: str = ""
    progress: str = ""
    stall_kill_s: float | None = None


@dataclass
class RunRequest:
    """A command, what is asked of it, and its place in the record. ``experiment``: repeat that one
    (its command when ``argv`` is empty). ``design``: place in a sweep or a measurement in turns;
    ``expected``: what whoever asks for it expects, in words; ``entry``: what tells it in the
    logbook.
    ``reproduction_of``: the run that this one repeats at its own code; ``measures_again``: the one
    whose code it measures by the present ruler."""

    topic: str
    command: Command
    terms: Terms = field(default_factory=Terms)
    experiment: str | None = None
    title: str = ""
    repeat: int = 1
    hypotheses: list[str] = field(default_factory=list)
    expected: str = ""
    design: DesignPlace | None = None
    entry: str = "run"
    reproduction_of: str = ""
    measures_again: str = ""
    detached: bool = False  # started, and left to whoever comes next
    later: bool = False  # it may start when the work tree is another: it gets the code of now
    resources: Mapping[str, object] = field(default_factory=dict)  # see ``pilots.py``
    profile: ProfileBody = field(default_factory=_empty)  # of the thread, by ``complete``
    stdin: Given | None = None  # our own, for the one command


def complete(context: Context, request: RunRequest) -> Thread:
    """Check the request, and fill in what a repeat takes from its experiment. Returns the part of
    the thread that it is about."""
    if request.repeat < 1:
        raise usage(
            "bad-repeat", f"--repeat {request.repeat} runs nothing", do="leadline run --help"
        )
    command = request.command
    named = [request.experiment] if request.experiment else []
    check_patterns(context, request.terms.artifacts)
    thread = context.slice(request.topic, [*named, *request.hypotheses])
    for hypothesis in request.hypotheses:
        thread.find(hypothesis)
    if request.experiment:
        _as_repeat(thread, request)
    if not command.argv:
        raise usage(
            "no-command",
            "there is no command to run",
            why="it stands after --",
            do=f"leadline run {_whose(request)} -- python train.py",
        )
    request.profile = thread.profile
    own = not (request.experiment or request.reproduction_of or request.measures_again)
    if thread.profile and own:
        from leadline.services.run.profiled import with_defaults  # noqa: PLC0415  start-up: 2 ms

        command.config = with_defaults(context, thread.profile, command.config, command.argv)
    redactor = context.redactor
    for name, value in command.set_environment.items():
        from leadline.core.secrets.environment import is_secret  # noqa: PLC0415  start-up: 0.4 ms

        if value is not None and (is_secret(name, value) or redactor.text(value) != value):
            raise refused(
                "secret-in-environment-option",
                f"--env {name}=… holds a secret",
                why="it would stand in the process list and in the run's folder; jobs inherit the environment",
                do=[f"export {name}=…", "leadline run -- COMMAND"],
            )
    if not command.secret_argv_ok and redactor.argv(command.argv) != list(command.argv):
        raise refused(
            "secret-in-command",
            "the command line seems to hold a secret",
            why="it would stand in the record and in the process list: "
            + " ".join(redactor.argv(command.argv))[:200],
            do=[
                "sh -c 'COMMAND --token \"$NAME\"'  (the shell reads it from the environment)",
                "leadline run --secret-argv-ok -- ...  (it is recorded redacted all the same)",
                "leadline run --not-secret -- ...  (a false alarm: it is recorded as it stands)",
            ],
        )
    return thread


def _whose(request: RunRequest) -> str:
    return f"--experiment {request.experiment}" if request.experiment else "--set k=v"


def _as_repeat(thread: Thread, request: RunRequest) -> None:
    experiment = thread.experiment(str(request.experiment))
    if not experiment.stands:
        gone = "retracted" if experiment.retracted else "superseded"
        raise conflict(
            "experiment-withdrawn",
            f"{experiment.id} was {gone}",
            why="its repeats would count for nothing",
            do="leadline run -- CMD",
        )
    # of one that was reported, what was executed first says how it is run
    first: Run = next((r for r in experiment.runs if r.origin == "executed"), experiment.runs[0])
    request.experiment, command = experiment.id, request.command
    command.argv = command.argv or list(first.argv)
    command.config = command.config or dict(first.config)
    if request.reproduction_of:
        return
    request.terms.extract = request.terms.extract or list(first.extract)
    request.terms.stdin = request.terms.stdin or first.stdin.get("file", "")
    request.terms.inputs = request.terms.inputs or list(first.data_files)
    told = first.origin == "reported"  # which says nothing of how its numbers were read
    asked = {
        "command": command.argv != first.argv and not (told and not first.argv),
        "config": command.config != first.config,
        "place that metrics are read from": request.terms.extract != first.extract and not told,
    }
    if other := [what for what, differs in asked.items() if differs]:
        raise conflict(
            "not-a-repeat",
            f"the {other[0]} is not that of {experiment.id}",
            why="repeats of an experiment have its command, config and extraction; another one is a new experiment",
            do=[f"leadline run {_typed(command)}", f"leadline run --experiment {experiment.id}"],
        )


def _typed(command: Command) -> str:
    """What of a run says what is run, as it is typed."""
    config = [word for k, v in command.config.items() for word in ("--set", f"{k}={v}")]
    return shell_words([*config, "--", *command.argv])
