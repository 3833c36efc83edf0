"""The executors by name. One of a third party (entry point ``leadline.executors``: a class, or a
function without arguments) is looked up only when named."""

from __future__ import annotations

import importlib

from leadline.core.errors import environment, usage
from leadline.ports.executor import Executor

ENTRY_POINTS = "leadline.executors"
BUILTIN = {"local": "leadline.adapters.executors.local:LocalExecutor"}


def load(name: str) -> Executor:
    """The executor called ``name``. LeadlineError(usage, ``unknown-executor``), (environment,
    ``broken-executor``)."""
    if name in BUILTIN:
        module, _, attribute = BUILTIN[name].partition(":")
        executor: Executor = getattr(importlib.import_module(module), attribute)()
        return executor
    from importlib.metadata import entry_points

    found = entry_points(group=ENTRY_POINTS)
    for entry in found:
        if entry.name == name:
            try:
                made: Executor = entry.load()()
            except (ImportError, AttributeError, TypeError) as error:
                raise environment(
                    "broken-executor",
                    f"the executor {name!r} cannot be loaded",
                    why=str(error),
                    do="leadline doctor",
                ) from error
            return made
    known = sorted({*BUILTIN, *(entry.name for entry in found)})
    raise usage(
        "unknown-executor",
        f"{name!r} is no executor that is installed here",
        why=f"known: {', '.join(known)}",
        do="leadline init --executor local",
    )
