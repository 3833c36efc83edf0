"""The trackers by name. One of a third party (entry point ``leadline.trackers``) is looked up only
when named."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from leadline.core.errors import environment, usage
from leadline.ports.tracker import Tracker

ENTRY_POINTS = "leadline.trackers"
BUILTIN = {
    "leadline": "leadline.adapters.trackers.folder.tracker:EmbeddedTracker",
    "wandb": "leadline.adapters.trackers.wandb.tracker:WandbTracker",
    "mlflow": "leadline.adapters.trackers.mlflow.tracker:MlflowTracker",
    "trackio": "leadline.adapters.trackers.trackio:TrackioTracker",
}


def load(name: str, environ: Mapping[str, str], folder: str) -> Tracker:
    """The tracker called ``name``. LeadlineError(usage, ``no-such-tracker``), (environment,
    ``broken-tracker``)."""
    if name in BUILTIN:
        module, _, attribute = BUILTIN[name].partition(":")
        tracker: Tracker = getattr(importlib.import_module(module), attribute)(environ, folder)
        return tracker
    from importlib.metadata import entry_points

    found = entry_points(group=ENTRY_POINTS)
    for entry in found:
        if entry.name == name:
            try:
                loaded: Tracker = entry.load()(environ, folder)
            except (ImportError, AttributeError, TypeError) as error:
                raise environment(
                    "broken-tracker",
                    f"the tracker {name!r} cannot be loaded",
                    why=str(error),
                    do="leadline doctor",
                ) from error
            return loaded
    names = ", ".join(sorted({*BUILTIN, *(entry.name for entry in found)}))
    raise usage(
        "no-such-tracker",
        f"there is no tracker called {name!r}",
        why=f"there are: {names}",
        do="leadline tracker --help",
    )
