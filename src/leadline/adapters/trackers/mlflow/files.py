"""Readers of MLflow's two local stores: the folder ``mlruns`` and a SQLite file. Neither needs
mlflow.

MLflow itself calls the folder store frozen (it is read and written on with
``MLFLOW_ALLOW_FILE_STORE=true``), which is what makes it the right thing for one run of one job: no
migration, no lock, no server, and its layout will not change.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys

from leadline.adapters.trackers.sqlite_file import reading
from leadline.core.timestamps import rfc3339
from leadline.core.tracker.reading import Reading, TrackerRun
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadline.core.record.bodies import Config

UID_TAG = "leadline.run"
RUN_FOLDER = re.compile("[0-9a-f]{32}")
STATES = {
    "1": "running",
    "2": "running",
    "3": "finished",
    "4": "failed",
    "5": "failed",
    "RUNNING": "running",
    "SCHEDULED": "running",
    "FINISHED": "finished",
    "FAILED": "failed",
    "KILLED": "failed",
}


def run_of(
    info: Mapping[str, Any], tags: Mapping[str, str], project: str, path: str = "", url: str = ""
) -> TrackerRun:
    """A run from MLflow's own words (``run_id`` or ``run_uuid``, ``status``, times in
    milliseconds)."""
    start, end, wall_s = info.get("start_time"), info.get("end_time"), None
    if start and end:
        wall_s = max(0.0, (int(end) - int(start)) / 1000) or None
    return TrackerRun(
        "mlflow",
        str(info.get("run_id") or info.get("run_uuid") or ""),
        str(info.get("run_name") or tags.get("mlflow.runName", "")),
        project,
        str(tags.get(UID_TAG, "")),
        STATES.get(str(info.get("status")), "unknown"),
        url,
        path,
        rfc3339(int(start)) if start else "",
        wall_s,
    )


def runs_in_folder(folder: str, broken: bool = False) -> list[TrackerRun]:
    """Every run below an ``mlruns`` folder, oldest first; what is no run is passed over.
    ``broken``: also those whose ``meta.yaml`` is gone or cut, each with its ``problem``."""
    found = []
    for experiment in _folders(folder):
        name = _scalars(os.path.join(experiment, "meta.yaml")).get("name", "")
        for inner in _folders(experiment):
            info = _scalars(os.path.join(inner, "meta.yaml"))
            tags = _small_files(os.path.join(inner, "tags"))
            if problem := _problem_of(inner, info):
                if broken:
                    told = tags.get("mlflow.runName", ""), name, str(tags.get(UID_TAG, ""))
                    found.append(
                        TrackerRun(
                            "mlflow", os.path.basename(inner), *told, path=inner, problem=problem
                        )
                    )
            elif info.get("run_id") and info.get("lifecycle_stage", "active") == "active":
                found.append(run_of(info, tags, name, inner))
    return sorted(found, key=lambda run: (run.started_at, run.id))


def _problem_of(folder: str, info: dict[str, str]) -> str:
    """Why the run in ``folder`` cannot be told, "" when it can, or when it is no folder of a run."""
    # MLflow writes the keys in the order of the alphabet, so that a file that was cut lacks the
    # status.
    if (info.get("run_id") and info.get("status")) or not (
        RUN_FOLDER.fullmatch(os.path.basename(folder))
        or all(os.path.isdir(os.path.join(folder, kind)) for kind in ("metrics", "params"))
    ):
        return ""
    meta = os.path.join(folder, "meta.yaml")
    if not os.path.exists(meta):
        return "its folder has no meta.yaml, which says what became of the run"
    try:
        with open(meta, "rb") as file:
            file.read(1)
    except OSError as error:
        return f"its meta.yaml cannot be read: {error.strerror}"
    lacks = "status" if info.get("run_id") else "run_id"
    return f"its meta.yaml is cut or damaged: it says no {lacks}"


def read_folder(run: TrackerRun, out: Reading) -> None:
    """Fill ``out`` from a run's folder. A torn last line of a metric is passed over and said."""
    out.config = {**_small_files(os.path.join(run.path, "params"))}
    top = os.path.join(run.path, "metrics")
    for parent, _, files in os.walk(top):
        for file in sorted(files):
            name = os.path.relpath(os.path.join(parent, file), top)
            with open(os.path.join(parent, file), encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    words = line.split()
                    try:
                        stamp, value = int(words[0]), float(words[1])
                        step = float(words[2]) if len(words) > 2 else None
                    except (ValueError, IndexError):
                        what = f"{name}: a line of the metric is torn: {line.strip()[:60]!r}"
                        out.problems.append({"code": "torn-tracker-file", "what": what})
                        continue
                    out.add(name, step, value, stamp / 1000)


def runs_in_sqlite(path: str, project: str = "") -> list[TrackerRun]:
    """Every run of an MLflow SQLite file, of one experiment or of all, oldest first."""
    found = []
    with reading(path) as store:
        tags: dict[str, dict[str, str]] = {}
        for run_id, key, value in store.execute(
            "select run_uuid, key, value from tags where key in (?, 'mlflow.runName')", (UID_TAG,)
        ):
            tags.setdefault(run_id, {})[key] = value
        rows = store.execute(
            "select r.run_uuid, r.name, r.status, r.start_time, r.end_time, e.name from runs r "
            "join experiments e on e.experiment_id = r.experiment_id "
            "where r.lifecycle_stage = 'active' and (? = '' or e.name = ?)",
            (project, project),
        )
        for run_id, name, status, start, end, experiment in rows:
            info = {
                "run_id": run_id,
                "run_name": name,
                "status": status,
                "start_time": start,
                "end_time": end,
            }
            found.append(run_of(info, tags.get(run_id, {}), experiment, path))
    return sorted(found, key=lambda run: (run.started_at, run.id))


def read_sqlite(run: TrackerRun, out: Reading) -> None:
    with reading(run.path) as store:
        for key, value in store.execute(
            "select key, value from params where run_uuid = ?", (run.id,)
        ):
            out.config[key] = value
        rows = store.execute(
            "select key, value, is_nan, step, timestamp from metrics where run_uuid = ? order by key, timestamp, step",
            (run.id,),
        )
        for key, value, is_nan, step, stamp in rows:
            out.add(key, step, float("nan") if is_nan else unclamped(value), stamp / 1000)


def unclamped(value: Any) -> Any:
    """A value of a SQL store, as it was logged. MLflow's SQL stores cannot hold infinity:
    ``log_metric`` puts the largest float in its place there, of either sign, and its server gives
    that float back. Nothing measured is that number, and an infinite loss must not enter a mean as
    one."""
    return (
        math.copysign(math.inf, value)
        if isinstance(value, float) and abs(value) == sys.float_info.max
        else value
    )


def params_as_values(config: Config) -> Config:
    """MLflow keeps every parameter as text; numbers and booleans are taken for what they are."""
    from leadline.core.config import parse_value

    words = {"True": True, "False": False, "None": None}

    def value(text: Any) -> Any:
        if text in words:
            return words[text]
        return parse_value(text) if isinstance(text, str) else text

    return {k: value(v) for k, v in config.items()}


def _folders(folder: str) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    paths = [os.path.join(folder, name) for name in names if not name.startswith(".")]
    return [path for path in paths if os.path.isdir(path)]


def _scalars(path: str) -> dict[str, str]:
    """``key: scalar`` lines of a small YAML file of MLflow's; no more of YAML is in them."""
    found = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                key, colon, value = line.rstrip("\n").partition(": ")
                if colon and not key.startswith((" ", "-")):
                    found[key] = _unquoted(value.strip())
    except OSError:
        return {}
    return found


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    if len(value) >= 2 and value[0] == value[-1] == '"':
        try:
            return str(json.loads(value))
        except ValueError:
            return value[1:-1]
    return "" if value == "null" else value


def _small_files(folder: str) -> dict[str, str]:
    found = {}
    for parent, _, files in os.walk(folder):
        for file in files:
            path = os.path.join(parent, file)
            try:
                with open(path, encoding="utf-8", errors="replace") as content:
                    found[os.path.relpath(path, folder)] = content.read(8192)
            except OSError:
                continue
    return found
