"""The executors of this machine: declared, shown, taken away, and chosen for a thread."""

from __future__ import annotations

import re

from leadline.core.errors import LeadlineError, conflict, not_found, refused, usage
from leadline.core.typed import TYPE_CHECKING, TypedDict
from leadline.ports.executor_setup import ExecutorSetup
from leadline.services.context import Context
from leadline.services.run.attempt import planned_of

if TYPE_CHECKING:
    from collections.abc import Mapping

USUAL = "local"
_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,39}\Z")
LIMITS = ("timeout_s", "cpus", "memory_mb", "retries")


class ExecutorRow(TypedDict):
    """One line of ``leadline executor list``. ``threads``: whose default it is."""

    name: str
    kind: str
    host: str
    partition: str
    devices: list[str]
    work_folder: str
    threads: list[str]


def add(context: Context, setup: ExecutorSetup) -> ExecutorSetup:
    """Declares an executor. Raises LeadlineError: a name that is taken or no name, a kind that is
    not there, a field that it needs, a secret in a variable."""
    again = f"leadline executor add NAME --kind {setup.kind}"
    if not _NAME.match(setup.name):
        raise usage(
            "bad-executor-name",
            f"{setup.name[:60]!r} is no name for an executor",
            why="a name is a small letter, then small letters, digits, and . _ -",
            do=again,
        )
    if setup.name == USUAL or context.executors.find(setup.name):
        raise conflict(
            "executor-exists",
            f"there is an executor {setup.name} already",
            why="runs of the record name it, and are looked for where it runs them",
            do=[f"leadline executor show {setup.name}", again],
        )
    known = context.executors.kinds()
    if setup.kind not in known:
        raise usage(
            "unknown-executor-kind",
            f"{setup.kind!r} is no kind of executor that is installed here",
            why=f"known: {', '.join(sorted(known))}",
            do="leadline executor add --help",
        )
    for needed in known[setup.kind]:
        option = needed.removeprefix("options.")
        given = setup.options.get(option) if option != needed else getattr(setup, needed)
        if not given:
            field = option.replace("_", "-")
            shown = f"--{field} {field.upper()}"
            if option != needed:
                shown = f"--option {option}=COMMAND"
            raise usage(
                "executor-needs",
                f"an executor of kind {setup.kind} needs {shown}",
                do=f"leadline executor add {setup.name} --kind {setup.kind} {shown}",
            )
    _check_limits(setup.limits)
    _refuse_secrets(context, setup)
    context.executors.keep(setup)
    try:
        context.executor_for(setup.name)
    except LeadlineError:
        context.executors.remove(setup.name)
        raise
    return setup


def _check_limits(limits: Mapping[str, float]) -> None:
    for name, value in limits.items():
        if name not in LIMITS or not 0 <= value < float("inf"):
            raise usage(
                "bad-limit",
                f"--limit {name}={value:g} says nothing",
                why=f"limits: {', '.join(LIMITS)}; 0 or more",
                do="leadline executor add --help",
            )


def _refuse_secrets(context: Context, setup: ExecutorSetup) -> None:
    """What is declared is handed to other machines and stands in their files."""
    from leadline.core.secrets.environment import is_secret  # noqa: PLC0415  start-up: 0.4 ms

    redactor = context.redactor
    texts = {"--setup": setup.setup, **{f"--option {k}": v for k, v in setup.options.items()}}
    told = [f"--env {k}" for k, v in setup.environment.items() if is_secret(k, v)]
    told += [where for where, text in texts.items() if redactor.text(text) != text]
    if told:
        raise refused(
            "secret-in-executor",
            f"{told[0]} holds a secret",
            why="it would stand in a file here and on the machine that runs; a shell there may read it from its own",
            do="leadline executor add --help",
        )


def listed(context: Context) -> list[ExecutorRow]:
    """Every executor that ``--on`` takes here, the built-in one first."""
    topics = {topic: context.executors.default_of(topic) for topic in context.store.topics()}
    rows = [ExecutorSetup(USUAL, USUAL), *context.executors.listed()]
    return [
        {
            "name": setup.name,
            "kind": setup.kind,
            "host": setup.host,
            "partition": setup.partition,
            "devices": list(setup.devices),
            "work_folder": setup.work_folder,
            "threads": [topic for topic, chosen in topics.items() if chosen == setup.name],
        }
        for setup in rows
    ]


def named(context: Context, name: str) -> ExecutorSetup:
    """LeadlineError(not_found) where nothing of that name is declared."""
    found = context.executors.find(name)
    if found is None and name == USUAL:
        return ExecutorSetup(USUAL, USUAL)
    if found is None:
        names = [setup.name for setup in context.executors.listed()]
        raise not_found(
            "no-such-executor",
            f"no executor {name[:60]!r} is declared here",
            why=f"declared: {', '.join([USUAL, *names])}",
            do=["leadline executor list", "leadline executor add --help"],
        )
    return found


def remove(context: Context, name: str) -> None:
    """Takes a declaration away; nothing on the machine that it names is touched. Raises
    LeadlineError while runs are under way there: nobody could ask for them any more."""
    named(context, name)
    if name == USUAL:
        raise usage(
            "executor-built-in", f"{USUAL} is this machine itself", do="leadline executor list"
        )
    under_way = [
        body["id"]
        for topic, uid in context.read_model.open_runs()
        if (body := planned_of(context, topic, uid)) and body.get("executor") == name
    ]
    if under_way:
        raise conflict(
            "executor-in-use",
            f"{name} runs {', '.join(under_way[:4])}",
            why="without it nobody could ask for them, stop them or fetch what they found",
            do=f"leadline show {under_way[0]}",
        )
    context.executors.remove(name)


def choose(context: Context, topic: str, name: str) -> str:
    """The executor of a thread from now on, on this machine; ``none`` takes the choice back. Returns
    what runs its commands now."""
    if name == "none":
        context.executors.choose(topic, "")
    else:
        context.executor_for(name)  # raises for one that is not here
        context.executors.choose(topic, name)
    return context.executor_name(topic)
