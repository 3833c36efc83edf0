"""The trackers by name. Those of a third party (entry point ``leadline.trackers``) are looked up
only when one is named that is not ours, or all are asked for: looking is slow."""

from __future__ import annotations

import importlib

from leadline.core.errors import LeadlineError, environment, usage
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadline.ports.tracker import Tracker
    from leadline.ports.tracker_kind import TrackerKind

ENTRY_POINTS = "leadline.trackers"
NO_KIND = "it does not say what kind of tracker it is"
# name: what is known of it (in ``kinds``), and where it is
BUILTIN = {
    "leadline": ("RUN_FOLDERS", "leadline.adapters.trackers.folder.tracker:EmbeddedTracker"),
    "wandb": ("WANDB", "leadline.adapters.trackers.wandb.tracker:WandbTracker"),
    "mlflow": ("MLFLOW", "leadline.adapters.trackers.mlflow.tracker:MlflowTracker"),
    "trackio": ("TRACKIO", "leadline.adapters.trackers.trackio:TrackioTracker"),
}


def load(name: str, environ: Mapping[str, str], folder: str) -> Tracker:
    """The tracker called ``name``. LeadlineError(usage, ``no-such-tracker``), (environment,
    ``broken-tracker``)."""
    if name in BUILTIN:
        module, _, attribute = BUILTIN[name][1].partition(":")
        tracker: Tracker = getattr(importlib.import_module(module), attribute)(environ, folder)
        return tracker
    make = _entry(name)
    try:
        loaded: Tracker = make(environ, folder)
    except TypeError as error:
        raise _broken(name, error) from error
    if not hasattr(loaded, "kind"):  # of a plug-in made before a tracker had one
        raise _broken(name, AttributeError(NO_KIND))
    return loaded


def names() -> list[str]:
    """Of all trackers that can be chosen here: ours, then those of third parties."""
    return [*BUILTIN, *sorted(entry.name for entry in _entries() if entry.name not in BUILTIN)]


def kind(name: str) -> TrackerKind:
    """What is known of a tracker; of one that is not there or cannot be loaded its name and the
    ``problem``, since a record may name a tracker that this machine has not."""
    from leadline.adapters.trackers import kinds
    from leadline.ports.tracker_kind import TrackerKind

    if name in BUILTIN:
        found: TrackerKind = getattr(kinds, BUILTIN[name][0])
        return found
    try:
        found = _entry(name).kind
    except LeadlineError as error:
        return TrackerKind(name, problem=f"{error.what}: {error.why}")
    except AttributeError:
        return TrackerKind(name, problem=NO_KIND)
    return found


def _entries() -> Any:
    from importlib.metadata import entry_points

    return entry_points(group=ENTRY_POINTS)


def _entry(name: str) -> Any:
    """What a third party's entry point names: it makes a tracker, and has its ``kind``."""
    for entry in _entries():
        if entry.name == name:
            try:
                return entry.load()
            except (ImportError, AttributeError) as error:
                raise _broken(name, error) from error
    raise usage(
        "no-such-tracker",
        f"there is no tracker called {name!r}",
        why=f"there are: {', '.join(sorted(names()))}",
        do="leadline tracker --help",
    )


def _broken(name: str, error: Exception) -> LeadlineError:
    return environment(
        "broken-tracker",
        f"the tracker {name!r} cannot be loaded",
        why=str(error),
        do="leadline doctor",
    )
