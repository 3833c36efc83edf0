"""The kinds of executors, and the executors by name. One of a third party (entry point
``leadline.executors``) is looked up only when named: a class, or a function, without arguments for a
name that is not declared here, and with an ``ExecutorSetup`` for one that is."""

from __future__ import annotations

from collections.abc import Mapping

from leadline.adapters.plug_ins import added, entries, ours
from leadline.core.errors import usage
from leadline.core.record.run import IN_PROCESS
from leadline.core.typed import NamedTuple
from leadline.ports.executor import Executor
from leadline.ports.executor_setup import ExecutorSetup

ENTRY_POINTS = "leadline.executors"
LOCAL = "local"


class Kind(NamedTuple):
    """``factory``: ``module:attribute`` of a ``Factory``. ``needs``: fields of ``ExecutorSetup``, or
    ``options.NAME``, without which it cannot be."""

    factory: str
    needs: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    LOCAL: Kind("leadline.adapters.executors.local:made"),
    "ssh": Kind("leadline.adapters.executors.ssh:made", ("host",)),
    "slurm": Kind("leadline.adapters.executors.slurm:made"),
    "ray": Kind("leadline.adapters.executors.ray:made"),
    "command": Kind(
        "leadline.adapters.executors.command:made", ("options.submit", "options.state")
    ),
}

#: Those that need no declaration.
OWN: Mapping[str, str] = {
    LOCAL: "leadline.adapters.executors.local:LocalExecutor",
    IN_PROCESS: "leadline.adapters.executors.in_process:InProcessExecutor",
}


def kinds() -> dict[str, tuple[str, ...]]:
    """All that can be declared here, those of plug-ins among them, with what each needs."""
    others = {entry.name: () for entry in entries(ENTRY_POINTS)}
    return {**others, **{name: kind.needs for name, kind in KINDS.items()}}


def load(name: str, setup: ExecutorSetup | None) -> Executor:
    """The executor called ``name``; ``setup``: as declared here, None where it is not.
    LeadlineError(usage, ``unknown-executor``), (environment, ``broken-executor``)."""
    if setup is not None and setup.kind in KINDS:
        made: Executor | None = ours(KINDS[setup.kind].factory)(setup)
    elif setup is None and name in OWN:
        made = ours(OWN[name])()
    else:
        wanted, given = (name, ()) if setup is None else (setup.kind, (setup,))
        made = added("broken-executor", ENTRY_POINTS, wanted, "executor", lambda f: f(*given))
    if made is not None:
        return made
    raise usage(
        "unknown-executor",
        f"{name!r} is no executor of this machine",
        why=f"kinds that can be declared: {', '.join(sorted(kinds()))}",
        do=["leadline executor list", f"leadline executor add {name} --kind ssh --host HOST"],
    )
