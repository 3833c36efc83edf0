"""One tracker's part in `trackers.py`: `python tracker_programs.py TOOL write|read|crash STORE
METRICS CALLS BUDGET_S`.

Each tool is used as its own documentation shows it, with its own defaults, telemetry off. ``write``
logs METRICS values a call, CALLS times or until BUDGET_S have passed, closes, and says how long
that took, closing included. ``read`` reads the series of one metric with the tool's own reader (W&B
has none in Python: Leadline's is used). ``crash`` logs until it is killed and counts each call that
returned in memory that it shares. The answer is one line of JSON on stdout.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

Log = Callable[[int, "dict[str, float]"], None]
Close = Callable[[], None]


# Each returns what logs one call and what closes the run.
def _file(store: str) -> tuple[Log, Close]:
    file = open(os.path.join(store, "metrics.jsonl"), "w", encoding="utf-8")  # noqa: SIM115 - closed by close

    def log(step: int, values: dict[str, float]) -> None:
        file.write(json.dumps({"t": time.time(), "step": step, **values}) + "\n")

    return log, file.close


def _leadline(store: str) -> tuple[Log, Close]:
    os.environ["LEADLINE_SERIES"] = os.path.join(store, "series")
    import leadline as ll

    return (lambda step, values: ll.log(values, step=step)), lambda: None


def _trackio(store: str) -> tuple[Log, Close]:
    os.environ.update(TRACKIO_DIR=store, HF_HUB_OFFLINE="1")
    import trackio

    trackio.init(project="bench", name="run")
    return (lambda step, values: trackio.log(values, step=step)), trackio.finish


def _wandb(store: str) -> tuple[Log, Close]:
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_ERROR_REPORTING="false")
    import wandb

    run = wandb.init(project="bench", name="run", dir=store)
    return (lambda step, values: run.log(values, step=step)), run.finish


def _mlflow_client(store: str) -> Any:
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true")
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{store}/mlflow.db")


def _mlflow_run(store: str) -> tuple[Any, str]:
    client = _mlflow_client(store)
    experiment = client.create_experiment(
        "bench", artifact_location=os.path.join(store, "artifacts")
    )
    return client, client.create_run(experiment).info.run_id


def _mlflow(store: str) -> tuple[Log, Close]:
    client, run = _mlflow_run(store)

    def log(step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            client.log_metric(run, name, value, step=step)

    return log, lambda: client.set_terminated(run)


def _mlflow_batch(store: str) -> tuple[Log, Close]:
    from mlflow.entities import Metric

    client, run = _mlflow_run(store)
    waiting: list[Any] = []

    def flush() -> None:
        client.log_batch(run, metrics=waiting)
        waiting.clear()

    def log(step: int, values: dict[str, float]) -> None:
        now_ms = int(time.time() * 1000)
        waiting.extend(Metric(name, value, now_ms, step) for name, value in values.items())
        if len(waiting) >= 1000:
            flush()

    def close() -> None:
        if waiting:
            flush()
        client.set_terminated(run)

    return log, close


def _aim(store: str) -> tuple[Log, Close]:
    import aim

    run = aim.Run(
        repo=store, experiment="bench", system_tracking_interval=None, capture_terminal_logs=False
    )

    def log(step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            run.track(value, name=name, step=step)

    return log, run.close


WRITERS: dict[str, Callable[[str], tuple[Log, Close]]] = {
    "file": _file,
    "leadline": _leadline,
    "trackio": _trackio,
    "wandb": _wandb,
    "mlflow": _mlflow,
    "mlflow_batch": _mlflow_batch,
    "aim": _aim,
}


# Each returns a function that reads all points of metric m0 and returns their number.
def _read_file(store: str) -> Callable[[], int]:
    def read() -> int:
        with open(os.path.join(store, "metrics.jsonl"), encoding="utf-8") as file:
            whole = (line for line in file if line.endswith("\n"))
            return len([(row["step"], row["m0"]) for row in map(json.loads, whole)])

    return read


def _read_leadline(store: str) -> Callable[[], int]:
    from leadline.adapters.series.files import SeriesFiles

    return lambda: len(SeriesFiles().read(store).merged("m0"))


def _read_trackio(store: str) -> Callable[[], int]:
    os.environ.update(TRACKIO_DIR=store, HF_HUB_OFFLINE="1")
    from trackio.sqlite_storage import SQLiteStorage

    return lambda: len(SQLiteStorage.get_metric_values("bench", "run", "m0"))


def _read_wandb(store: str) -> Callable[[], int]:
    from leadline.adapters.trackers.wandb.log_file import read_log

    path = next(
        os.path.join(folder, name)
        for folder, _, names in os.walk(store)
        for name in names
        if name.endswith(".wandb")
    )

    def read() -> int:
        points: list[float] = []
        read_log(path, lambda row: points.append(row["m0"]) if "m0" in row else None)
        return len(points)

    return read


def _read_mlflow(store: str) -> Callable[[], int]:
    client = _mlflow_client(store)
    experiment = client.get_experiment_by_name("bench")
    run = client.search_runs([experiment.experiment_id])[0].info.run_id
    return lambda: len(client.get_metric_history(run, "m0"))


def _read_aim(store: str) -> Callable[[], int]:
    import subprocess

    import aim
    from aim.storage.context import Context

    # A run is not in the index until this is called, also after a clean close; it is not timed.
    program = os.path.join(os.path.dirname(sys.executable), "aim")
    subprocess.run(
        [program, "storage", "--repo", store, "reindex", "-y"], check=True, capture_output=True
    )
    repository = aim.Repo(store)
    name = os.listdir(os.path.join(store, ".aim", "meta", "chunks"))[0]

    def read() -> int:
        run = aim.Run(name, repo=repository, read_only=True)
        return len(run.get_metric("m0", Context({})).values.sparse_list()[0])

    return read


READERS: dict[str, Callable[[str], Callable[[], int]]] = {
    "file": _read_file,
    "leadline": _read_leadline,
    "trackio": _read_trackio,
    "wandb": _read_wandb,
    "mlflow": _read_mlflow,
    "mlflow_batch": _read_mlflow,
    "aim": _read_aim,
}


def write(tool: str, store: str, metrics: int, calls: int, budget_s: float) -> dict[str, Any]:
    log, close = WRITERS[tool](store)
    names = [f"m{i}" for i in range(metrics)]
    log(0, dict.fromkeys(names, 0.0))  # what is set up at the first call is not counted
    begin = time.perf_counter()
    done = 0
    for step in range(1, calls + 1):
        log(step, dict.fromkeys(names, step * 0.5))
        done = step
        if not step & 127 and time.perf_counter() - begin > budget_s:
            break
    close()
    return {"seconds": time.perf_counter() - begin, "points": done * metrics, "peak_mb": _peak_mb()}


def read(tool: str, store: str) -> dict[str, Any]:
    reader = READERS[tool](store)
    begin = time.perf_counter()
    points = reader()
    return {"seconds": time.perf_counter() - begin, "points": points, "peak_mb": _peak_mb()}


def crash(tool: str, store: str) -> None:
    """Logs until it is killed; the number of calls that returned stands in the shared file
    ``acknowledged``."""
    with open(os.path.join(os.path.dirname(store), "acknowledged"), "r+b") as file:
        shared = mmap.mmap(file.fileno(), 8)
    log, _ = WRITERS[tool](store)
    count = 0
    while True:
        log(count, {"m0": count * 0.5})
        count += 1
        struct.pack_into("<q", shared, 0, count)


def _peak_mb() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main(argv: list[str]) -> int:
    tool, what, store, metrics, calls, budget_s = argv
    if what == "crash":
        crash(tool, store)
    found = (
        write(tool, store, int(metrics), int(calls), float(budget_s))
        if what == "write"
        else read(tool, store)
    )
    sys.stdout.write("\n" + json.dumps(found) + "\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
