"""The trackers by name. Those of a third party (entry point ``leadline.trackers``) are looked up
only when one is named that is not ours, or all are asked for: looking is slow."""

from __future__ import annotations

from leadline.adapters.plug_ins import added, entries, ours
from leadline.core.errors import LeadlineError, usage
from leadline.core.typed import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leadline.ports.tracker import Tracker
    from leadline.ports.tracker_kind import TrackerKind

T = TypeVar("T")
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
        tracker: Tracker = ours(BUILTIN[name][1])(environ, folder)
        return tracker

    def made(make: Callable[[Mapping[str, str], str], Tracker]) -> Tracker:
        tracker = make(environ, folder)
        if not hasattr(tracker, "kind"):  # of a plug-in made before a tracker had one
            raise AttributeError(NO_KIND)
        return tracker

    return _added(name, made)


def names() -> list[str]:
    """Of all trackers that can be chosen here: ours, then those of third parties."""
    return [
        *BUILTIN,
        *sorted(entry.name for entry in entries(ENTRY_POINTS) if entry.name not in BUILTIN),
    ]


def kind(name: str) -> TrackerKind:
    """What is known of a tracker; of one that is not there or cannot be loaded its name and the
    ``problem``, since a record may name a tracker that this machine has not."""
    from leadline.adapters.trackers import kinds
    from leadline.ports.tracker_kind import TrackerKind

    if name in BUILTIN:
        found: TrackerKind = getattr(kinds, BUILTIN[name][0])
        return found
    try:
        return _added(
            name, lambda make: getattr(make, "kind", None) or TrackerKind(name, problem=NO_KIND)
        )
    except LeadlineError as error:
        return TrackerKind(name, problem=f"{error.what}: {error.why}")


def _added(name: str, made: Callable[[Any], T]) -> T:
    """``made`` of what a third party's entry point names: it makes a tracker, and has its ``kind``."""
    found: T | None = added("broken-tracker", ENTRY_POINTS, name, "tracker", made)
    if found is not None:
        return found
    raise usage(
        "no-such-tracker",
        f"there is no tracker called {name!r}",
        why=f"there are: {', '.join(sorted(names()))}",
        do="leadline tracker --help",
    )
