"""What an adapter is made by: ours by its place, one of another package by its entry point. Those are
looked up only where a name is not ours, or all are asked for: looking is slow."""

from __future__ import annotations

from leadline.core.errors import environment
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def ours(place: str) -> Any:
    """What ``module:attribute`` names."""
    module, _, attribute = place.partition(":")
    return getattr(__import__(module, fromlist=[attribute]), attribute)  # importlib costs a start


def entries(group: str) -> Any:
    """The entry points of all packages that are installed."""
    from importlib.metadata import entry_points

    return entry_points(group=group)


def added(code: str, group: str, name: str, what: str, made: Callable[[Any], Any]) -> Any:
    """``made`` of what the entry point ``name`` names, None where there is no such. ``what``: the
    word for it. LeadlineError(environment, ``code``) where it cannot be loaded or made."""
    for entry in entries(group):
        if entry.name == name:
            try:
                return made(entry.load())
            except (ImportError, AttributeError, TypeError) as error:
                raise environment(
                    code,
                    f"the {what} {name!r} cannot be loaded",
                    why=str(error),
                    do="leadline doctor",
                ) from error
    return None
