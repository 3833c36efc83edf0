"""MLflow: its REST interface for servers, its files for what lies here. mlflow itself (620 MB) is
never needed."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from leadline.adapters.trackers.http import Server
from leadline.adapters.trackers.kinds import MLFLOW
from leadline.adapters.trackers.mlflow.files import (
    UID_TAG,
    params_as_values,
    read_folder,
    read_sqlite,
    run_of,
    runs_in_folder,
    runs_in_sqlite,
    unclamped,
)
from leadline.core.errors import LeadlineError, environment, not_found, remote
from leadline.core.extract.lines import number_of
from leadline.core.tracker.reading import Reading, RunFacts, TrackerRun, must_be_readable
from leadline.core.typed import TYPE_CHECKING, TypedDict
from leadline.ports.tracker import Push

if TYPE_CHECKING:
    from leadline.core.tracker.rows import Reach

API = "/api/2.0/mlflow"
PAGE = 25_000  # points of a history in one answer
BATCH = 1000  # metrics in one log-batch; MLflow's own limit
PARAMS = 100
PARAM_CHARS = 6000
STATUS = {
    "done": "FINISHED",
    "failed": "FAILED",
    "timeout": "FAILED",
    "lost": "FAILED",
    "cancelled": "KILLED",
}


class MlflowTracker:
    """``environ``: the user's variables; ``folder``: the top of the work tree."""

    name = MLFLOW.name
    kind = MLFLOW

    def __init__(self, environ: Mapping[str, str], folder: str) -> None:
        self.environ, self.folder = environ, folder

    def environment(self, facts: RunFacts) -> dict[str, str]:
        context = {
            "mlflow.runName": facts.name,
            "mlflow.note.content": facts.title,
            UID_TAG: facts.uid,
            "leadline.id": facts.id,
            "leadline.group": facts.experiment,
            "leadline.thread": facts.topic,
        }
        try:
            given = json.loads(self.environ.get("MLFLOW_RUN_CONTEXT") or "{}")
        except ValueError:
            given = {}
        tags = {**(given if isinstance(given, dict) else {}), **context}
        out = {
            "MLFLOW_EXPERIMENT_NAME": facts.project,
            "MLFLOW_RUN_CONTEXT": json.dumps(tags),
            "MLFLOW_HTTP_REQUEST_TIMEOUT": self.environ.get("MLFLOW_HTTP_REQUEST_TIMEOUT") or "20",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": self.environ.get("MLFLOW_HTTP_REQUEST_MAX_RETRIES")
            or "2",
        }
        if facts.live:
            if uri := self.where(facts.at):
                out["MLFLOW_TRACKING_URI"] = uri
        else:
            out["MLFLOW_TRACKING_URI"] = "file://" + quote(os.path.join(facts.folder, "mlruns"))
            out["MLFLOW_ALLOW_FILE_STORE"] = "true"
        return out

    def find(self, facts: RunFacts) -> list[TrackerRun]:
        found = runs_in_folder(os.path.join(facts.folder, "mlruns"))
        for run in found:
            run.uid = facts.uid
        if facts.live:
            found += [run for run in self.listed(facts.project, facts.at) if run.uid == facts.uid]
        return found

    def read(self, run: TrackerRun, last_only: bool = False) -> Reading:
        must_be_readable(run)
        out = Reading(run)
        if os.path.isdir(run.path):
            # By its folder: the record knows a run that was sent by the id that the server gave it.
            there = runs_in_folder(os.path.dirname(os.path.dirname(run.path)))
            fresh = next(
                (r for r in there if os.path.basename(r.path) == os.path.basename(run.path)), None
            )
            self._gone_unless(fresh, run)
            read_folder(run, out)
        elif run.path:
            fresh = {r.id: r for r in runs_in_sqlite(run.path)}.get(run.id)
            self._gone_unless(fresh, run)
            read_sqlite(run, out)
        else:
            fresh = self._read_server(run, out, last_only)
        if fresh is not None:
            fresh.uid = fresh.uid or run.uid
            out.run = fresh
        out.written = {k: text for k, text in out.config.items() if isinstance(text, str)}
        out.config = params_as_values(out.config)
        for name, points in out.series.items():
            newest = max(range(len(points)), key=lambda i: (points.steps[i], points.times[i], i))
            out.summary[name] = points.values[newest]
        out.provisional = out.run.state == "running"
        return out

    def _gone_unless(self, fresh: TrackerRun | None, run: TrackerRun) -> None:
        if fresh is None:
            raise not_found(
                "tracker-run-gone", f"{run.path} has no run {run.id}", do="leadline tracker status"
            )

    def _read_server(self, run: TrackerRun, out: Reading, last_only: bool) -> TrackerRun:
        server = self._server(_base_of(run.url))
        try:
            got = server.call("GET", f"{API}/runs/get?run_id={quote(run.id)}")["run"]
        except LeadlineError as error:
            if error.details.get("error_code") == "RESOURCE_DOES_NOT_EXIST":
                self._gone_unless(None, TrackerRun("mlflow", run.id, path=run.url))
            raise
        if got["info"].get("lifecycle_stage", "active") != "active":
            self._gone_unless(None, TrackerRun("mlflow", run.id, path=run.url))
        data = got.get("data", {})
        out.config = {p["key"]: p["value"] for p in data.get("params", [])}
        for metric in data.get("metrics", []):
            if last_only:
                last = unclamped(number_of(metric.get("value")))
                out.summary |= {} if last is None else {str(metric["key"]): last}
            else:
                _history(server, run.id, str(metric["key"]), out)
        out.only_summary = last_only
        tags = {t["key"]: t["value"] for t in data.get("tags", [])}
        return run_of(got["info"], tags, run.project, "", run.url)

    def listed(self, project: str, at: str, here_only: bool = False) -> list[TrackerRun]:
        where = self.where(at)
        if not where or _local(where):
            path = _local(where) if where else os.path.join(self.folder, "mlruns")
            return [run for run in self.stored(path) if run.project == project]
        if here_only:
            return []
        server = self._server(where)
        experiment = self._experiment(server, project)
        return self._search(server, experiment, project, "") if experiment else []

    def stored(self, path: str) -> list[TrackerRun]:
        if os.path.isfile(path):
            return runs_in_sqlite(path)
        return runs_in_folder(path, broken=True) or runs_in_folder(
            os.path.join(path, "mlruns"), broken=True
        )

    def check(self, at: str) -> Reach:
        where = self.where(at)
        answer: Reach = {
            "reachable": None,
            "where": where,
            "version": "",
            "missing": [],
            "why": "",
        }
        if where and not _local(where):
            try:
                self._server(where, time.monotonic() + 3.0).call(
                    "POST", f"{API}/experiments/search", {"max_results": 1}
                )
                answer["reachable"] = True
            except LeadlineError as error:
                answer["reachable"], answer["why"] = False, error.what
        return answer

    def where(self, at: str) -> str:
        """The address of the tracking server or store; "" for none."""
        return at or self.environ.get("MLFLOW_TRACKING_URI", "")

    def push(self, push: Push, limit_s: float) -> TrackerRun:
        facts, reading = push.facts, push.reading
        where = self.where(facts.at)
        if not where or _local(where):
            what = "no MLflow server is named"
            if where:
                what = f"runs are sent to an MLflow server, and {where} is none"
            raise environment(
                "no-tracking-server",
                what,
                why="a job may write to a local store itself; sending to it would need all of MLflow",
                do=[
                    "mlflow server --host 127.0.0.1 --backend-store-uri sqlite:///mlflow.db",
                    f"leadline tracker set mlflow {facts.project} --at http://127.0.0.1:5000",
                ],
            )
        server = self._server(where, time.monotonic() + limit_s)
        experiment = self._experiment(server, facts.project) or self._make_experiment(
            server, facts.project
        )
        run_id = self._own_run(server, experiment, push)
        self._log(server, run_id, push)
        for name, path in push.artifacts.items():
            self._artifact(server, run_id, name, path)
        end = {
            "run_id": run_id,
            "status": STATUS.get(push.state, "RUNNING"),
            "run_name": facts.name,
        }
        if reading is not None and (last := _last_ms(reading)):
            end["end_time"] = last  # type: ignore[assignment]
        info = server.call("POST", f"{API}/runs/update", end).get("run_info", {"run_id": run_id})
        return run_of(
            info, {UID_TAG: facts.uid}, facts.project, "", self._url(where, experiment, run_id)
        )

    def _own_run(self, server: Server, experiment: str, push: Push) -> str:
        facts = push.facts
        there = self._search(server, experiment, facts.project, f"tags.`{UID_TAG}` = '{facts.uid}'")
        if there:
            return there[0].id
        tags = json.loads(self.environment(facts)["MLFLOW_RUN_CONTEXT"])
        body = {
            "experiment_id": experiment,
            "run_name": facts.name,
            "start_time": _first_ms(push.reading)
            or int(facts.since_s * 1000)
            or int(time.time() * 1000),
            "tags": [{"key": key, "value": str(value)} for key, value in tags.items()],
        }
        return str(server.call("POST", f"{API}/runs/create", body)["run"]["info"]["run_id"])

    def _log(self, server: Server, run_id: str, push: Push) -> None:
        """Everything again: MLflow keeps a point (key, time, step, value) and a parameter once."""
        config = {**(push.reading.config if push.reading else {}), **push.facts.config}
        params = [{"key": str(k)[:250], "value": str(v)[:PARAM_CHARS]} for k, v in config.items()]
        for at in range(0, len(params), PARAMS):
            server.call(
                "POST",
                f"{API}/runs/log-batch",
                {"run_id": run_id, "params": params[at : at + PARAMS]},
            )
        points = []
        fallback = int(push.facts.since_s * 1000)
        for name, series in (push.reading.series if push.reading else {}).items():
            for step, value, at_s in zip(series.steps, series.values, series.times, strict=True):
                stamp = fallback if at_s != at_s else int(at_s * 1000)
                points.append(_point(name, value, stamp, 0 if step != step else int(step)))
        logged = set(push.reading.series if push.reading else {})
        points += [_point(n, v, fallback, 0) for n, v in push.metrics.items() if n not in logged]
        for at in range(0, len(points), BATCH):
            server.call(
                "POST",
                f"{API}/runs/log-batch",
                {"run_id": run_id, "metrics": points[at : at + BATCH]},
            )

    def _artifact(self, server: Server, run_id: str, name: str, path: str) -> None:
        info = server.call("GET", f"{API}/runs/get?run_id={quote(run_id)}")["run"]["info"]
        scheme, _, place = str(info.get("artifact_uri", "")).partition(":/")
        if scheme != "mlflow-artifacts":
            raise remote(
                "artifacts-not-served",
                f"{server.base} takes no artifacts for {run_id}",
                why="its artifact store is not served by it",
                do="mlflow server --serve-artifacts --artifacts-destination FOLDER",
            )
        with open(path, "rb") as file:
            server.call(
                "PUT",
                f"/api/2.0/mlflow-artifacts/artifacts/{quote(place.strip('/'))}/{quote(name)}",
                data=file,
                size_bytes=os.path.getsize(path),
            )

    def _server(self, base: str, deadline_s: float | None = None) -> Server:
        headers = {}
        if token := self.environ.get("MLFLOW_TRACKING_TOKEN"):
            headers["Authorization"] = f"Bearer {token}"
        elif user := self.environ.get("MLFLOW_TRACKING_USERNAME"):
            pair = f"{user}:{self.environ.get('MLFLOW_TRACKING_PASSWORD', '')}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        return Server("MLflow", base, headers, deadline_s)

    def _experiment(self, server: Server, project: str) -> str:
        try:
            path = f"{API}/experiments/get-by-name?experiment_name={quote(project, safe='')}"
            return str(server.call("GET", path)["experiment"]["experiment_id"])
        except LeadlineError as error:
            if error.details.get("error_code") == "RESOURCE_DOES_NOT_EXIST":
                return ""
            raise

    def _make_experiment(self, server: Server, project: str) -> str:
        try:
            return str(
                server.call("POST", f"{API}/experiments/create", {"name": project})["experiment_id"]
            )
        except LeadlineError as error:  # somebody else was quicker
            if error.details.get("error_code") == "RESOURCE_ALREADY_EXISTS":
                return self._experiment(server, project)
            raise

    def _search(
        self, server: Server, experiment: str, project: str, matching: str
    ) -> list[TrackerRun]:
        found, token = [], ""
        while True:
            body = {
                "experiment_ids": [experiment],
                "filter": matching,
                "max_results": 1000,
                "page_token": token,
            }
            reply = server.call("POST", f"{API}/runs/search", {k: v for k, v in body.items() if v})
            for run in reply.get("runs", []):
                tags = {t["key"]: t["value"] for t in run.get("data", {}).get("tags", [])}
                url = self._url(server.base, experiment, str(run["info"]["run_id"]))
                found.append(run_of(run["info"], tags, project, "", url))
            token = reply.get("next_page_token", "")
            if not token:
                return sorted(found, key=lambda run: (run.started_at, run.id))

    def _url(self, base: str, experiment: str, run_id: str) -> str:
        parts = urlsplit(base)
        host = parts.netloc.rpartition("@")[2]  # an address may hold a password; a link must not
        return f"{parts.scheme}://{host}{parts.path.rstrip('/')}/#/experiments/{experiment}/runs/{run_id}"


def _history(server: Server, run_id: str, key: str, out: Reading) -> None:
    """Every point of a metric. An older server answers all of it at once, whatever page is asked
    for."""
    path = f"{API}/metrics/get-history?run_id={quote(run_id)}&metric_key={quote(key, safe='')}&max_results={PAGE}"
    token, seen = "", set[str]()
    while True:
        reply = server.ask("GET", f"{path}&page_token={quote(token)}" if token else path)
        for point in reply.get("metrics", []):
            out.add(
                key,
                point.get("step"),
                unclamped(point.get("value")),
                int(point["timestamp"]) / 1000,
            )
        token = str(reply.get("next_page_token") or "")
        if not token:
            return
        if token in seen:
            raise remote(
                "tracker-odd-reply",
                f"MLflow at {server.base} gives the same page of {key} for ever",
                why="its history would never end",
                do="leadline tracker status",
            )
        seen.add(token)


def _base_of(url: str) -> str:
    return url.partition("/#/")[0]


def _local(where: str) -> str:
    """The path of a store on this machine, "" for a server."""
    if where.startswith("sqlite:"):
        return unquote(where.removeprefix("sqlite:///"))
    if where.startswith("file:"):
        return unquote(urlsplit(where).path)
    return "" if "://" in where else where


class _Point(TypedDict):
    """A value of a metric, as MLflow takes it."""

    key: str
    value: float | str  # a word for what is not finite
    timestamp: int  # milliseconds
    step: int


def _point(name: str, value: float, stamp: int, step: int) -> _Point:
    text = None
    if value != value:
        text = "NaN"
    elif abs(value) > 1.7e308:
        text = "Infinity" if value > 0 else "-Infinity"
    return {
        "key": name[:250],
        "value": value if text is None else text,
        "timestamp": stamp,
        "step": step,
    }


def _first_ms(reading: Reading | None) -> int:
    times = [t for p in (reading.series.values() if reading else ()) for t in p.times[:1] if t == t]
    return int(min(times) * 1000) if times else 0


def _last_ms(reading: Reading) -> int:
    times = [t for p in reading.series.values() for t in p.times[-1:] if t == t]
    return int(max(times) * 1000) if times else 0
