"""Metrics whose meaning the profile of the thread knows are defined when they are first measured."""

from __future__ import annotations

from collections.abc import Iterable

from leadline.core.profile import known_metric
from leadline.core.record.run import MetricDef
from leadline.core.record.thread import Thread
from leadline.core.typed import cast
from leadline.services.context import Context


def define_known(
    context: Context, thread: Thread, measured: Iterable[str], before: bool = False
) -> list[str]:
    """Define those of ``measured`` that the thread has not defined and its profile knows, as records
    like any others; ``thread`` has them then. Their names. ``before``: runs were made without the
    definition; how their values were reduced it cannot change."""
    defined: list[str] = []
    for name in measured:
        known = known_metric(thread.profile, name) if name not in thread.metrics else None
        if known is None:
            continue
        thread.metrics[name] = MetricDef(**cast("dict[str, str]", known))
        if before:
            known.pop("reduce", None)
        else:
            known["profile"] = thread.profile["name"]
        context.append(thread.topic, "metric-defined", known)
        defined.append(name)
    return defined
