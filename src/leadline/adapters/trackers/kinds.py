"""The trackers that Leadline brings, as far as they are known without loading them."""

from __future__ import annotations

from leadline.core.record.run import OWN
from leadline.ports.tracker_kind import TrackerKind

RUN_FOLDERS = TrackerKind(
    OWN,
    called="run folders",
    files="Leadline's run folders",
    by_folder=True,
    sends_again=True,
    no_end="its folder has no result.json, which would tell of an end",
)
WANDB = TrackerKind(
    "wandb",
    called="W&B",
    files="W&B's files",
    addresses=("https", "http"),
    takes_folder=False,
    marks=(".wandb",),
    knows_broken=True,
    package="wandb",
    install="pip install 'leadline[wandb]'",
    keys=("WANDB_API_KEY",),
    key_shape=r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])|wandb_v\d_\w{20,}|local-[0-9a-f]{40}",
)
MLFLOW = TrackerKind(
    "mlflow",
    called="MLflow",
    files="MLflow's files",
    addresses=("https", "http", "file", "sqlite"),
    knows_broken=True,
    keys=("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"),
)
TRACKIO = TrackerKind(
    "trackio",
    called="trackio",
    files="trackio's",
    package="trackio",
    install="pip install 'leadline[trackio]'",
    no_end="trackio never says of an end",
)
