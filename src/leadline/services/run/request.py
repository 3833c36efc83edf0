"""What a user asks to run, checked and completed before anything is recorded."""

from __future__ import annotations

from leadline.core.errors import conflict, refused, usage
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.secrets.redact import Redactor, is_secret, secret_values
from leadline.core.typed import Any
from leadline.core.values import dataclass, field
from leadline.services.artifact.intake import check_patterns
from leadline.services.context import Context


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
    # files to keep after it ended: PATTERN or NAME=PATH
    artifacts: list[str] = field(default_factory=list)
    # place in a sweep or an interleaved measurement
    design: dict[str, Any] = field(default_factory=dict)


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
