"""Weights & Biases. A run is read from the ``.wandb`` file that the job's own wandb writes, online and offline, so
that what Leadline knows of it needs neither the network nor the wandb package; only sending needs both."""

from __future__ import annotations

import base64
import os
import re
import time
from collections.abc import Mapping
from typing import Any

from leadline.adapters.trackers.http import Server
from leadline.adapters.trackers.wandb_file import WandbLog, read_log
from leadline.core.errors import LeadlineError
from leadline.core.timestamps import rfc3339
from leadline.core.tracker import MARK, Reading, RunFacts, TrackerRun, rows_of, summary_numbers
from leadline.ports.tracker import Push

TAG_CHARS = 64
CLOUD = "https://api.wandb.ai"
RUNS_QUERY = """query Runs($entity: String!, $project: String!, $after: String) {
  project(name: $project, entityName: $entity) { runs(first: 100, after: $after) {
    edges { node { name displayName state createdAt tags } } pageInfo { endCursor hasNextPage } } } }"""
SERVER_STATES = {"running": "running", "finished": "finished", "failed": "failed", "killed": "failed"}
VIEW_RUN = re.compile(r"View run .* at (https?://\S+)")


class WandbTracker:
    """``environ``: the user's variables; ``folder``: the top of the work tree."""

    name = "wandb"

    def __init__(self, environ: Mapping[str, str], folder: str) -> None:
        self.environ, self.folder = environ, folder

    def environment(self, facts: RunFacts) -> dict[str, str]:
        out = {
            "WANDB_PROJECT": facts.project,
            "WANDB_NAME": facts.name,
            "WANDB_RUN_GROUP": facts.experiment,
            "WANDB_TAGS": ",".join(tag.replace(",", " ")[:TAG_CHARS] for tag in facts.tags),
            "WANDB_NOTES": facts.title,
            "WANDB_JOB_TYPE": "run",
            "WANDB_DIR": facts.folder,
            "WANDB_MODE": "online" if facts.live else "offline",
        }
        if facts.live and facts.at:
            out["WANDB_BASE_URL"] = facts.at
        for chosen in ("WANDB_MODE", "WANDB_DIR", "WANDB_JOB_TYPE", "WANDB_BASE_URL"):
            if self.environ.get(chosen):
                out.pop(chosen, None)
        return out

    def find(self, facts: RunFacts) -> list[TrackerRun]:
        own = os.path.realpath(facts.folder)
        found = []
        for folder in dict.fromkeys((facts.folder, self.environ.get("WANDB_DIR") or "", self.folder)):
            if not folder:
                continue
            for path in run_files(folder):
                inside = os.path.realpath(path).startswith(own + os.sep)
                if not inside and os.path.getmtime(path) < facts.since_s:
                    continue
                run = self._run(path, read_log(path))
                if inside or run.uid == facts.uid:
                    run.uid = facts.uid
                    found.append(run)
        return sorted({run.path: run for run in found}.values(), key=lambda run: (run.started_at, run.path))

    def read(self, run: TrackerRun) -> Reading:
        path = run.path
        if not path or not os.path.isfile(path):
            raise LeadlineError(
                "not_found",
                "tracker-run-gone",
                f"the W&B run {run.id} has no file here",
                f"looked for {path or 'a local copy'}",
                "leadline tracker status",
            )
        reading = Reading(run)

        def row(values: dict[str, Any]) -> None:
            step, at = values.get("_step"), values.get("_timestamp")
            for name, value in values.items():
                if not name.startswith("_"):
                    reading.add(name, step, value, at)

        log = read_log(path, row)
        reading.run = self._run(path, log)
        reading.run.uid = run.uid or reading.run.uid
        reading.config = {k: v for k, v in log.config.items() if k != "_wandb"}
        reading.summary = summary_numbers(log.summary)
        reading.provisional = log.exit_code is None
        if log.problem:
            reading.problems.append({"code": "torn-tracker-file", "what": f"{os.path.basename(path)}: {log.problem}"})
        return reading

    def listed(self, project: str, at: str) -> list[TrackerRun]:
        """Of the server when there is a key; and what lies in this work tree's ``wandb`` folder."""
        here = [self._run(path, read_log(path)) for path in run_files(self.environ.get("WANDB_DIR") or self.folder)]
        found = {run.id: run for run in here if run.project == project}
        if self._key():
            for run in self._of_server(project, at):
                if run.id in found:
                    found[run.id].url, found[run.id].state = run.url, run.state
                else:
                    found[run.id] = run
        return sorted(found.values(), key=lambda run: (run.started_at, run.id))

    def check(self, at: str) -> dict[str, Any]:
        from leadline.adapters.trackers.programs import interpreter_with

        where = self._base(at)
        missing = [] if interpreter_with("wandb", self.environ) else ["wandb"]
        answer: dict[str, Any] = {"reachable": None, "where": where, "version": "", "missing": missing, "why": ""}
        if not self._key():
            answer["why"] = "no key: export WANDB_API_KEY, or wandb login"
            return answer
        try:
            self._server(at, time.monotonic() + 3.0).call("POST", "/graphql", {"query": "query { viewer { entity } }"})
            answer["reachable"] = True
        except LeadlineError as error:
            answer["reachable"], answer["why"] = False, error.what
        return answer

    def push(self, push: Push, limit_s: float) -> TrackerRun:
        from leadline.adapters.trackers.programs import run_program

        deadline = time.monotonic() + limit_s
        environ = {**self.environ, "WANDB_BASE_URL": self._base(push.facts.at)}
        environ.pop("WANDB_MODE", None)
        path = push.path or self._make(push, environ, limit_s)
        if not self._key():
            raise LeadlineError(
                "environment",
                "no-tracker-key",
                "there is no key for W&B in the environment",
                f"the run is kept in {path} and is sent when there is one",
                ["export WANDB_API_KEY=…", "leadline tracker sync"],
            )
        folder = os.path.dirname(path)
        left = max(1.0, deadline - time.monotonic())
        told = run_program(
            "wandb",
            ["-m", "wandb", "sync", "--yes", "--project", push.facts.project, folder],
            None,
            environ,
            left,
            folder,
        )
        run = self._run(path, read_log(path))
        if not os.path.exists(path + ".synced"):
            raise LeadlineError(
                "remote", "tracker-failed", f"W&B did not take {run.id}", str(told.get("output", "")).strip()[-300:]
            )
        if seen := VIEW_RUN.search(str(told.get("output", ""))):
            run.url = seen.group(1)
        run.uid = push.facts.uid
        return run

    def _make(self, push: Push, environ: dict[str, str], limit_s: float) -> str:
        """An offline run of ours for a job that does not use wandb, made once."""
        from leadline.adapters.trackers.programs import run_program

        facts = push.facts
        folder = os.path.join(facts.folder, "sent")
        own = f"run-{facts.uid.lower()}.wandb"
        there = [path for path in run_files(folder) if os.path.basename(path) == own]
        whole = [path for path in there if read_log(path).exit_code is not None]
        if whole:
            return whole[-1]
        os.makedirs(folder, exist_ok=True)
        given = {
            "id": facts.uid.lower(),
            "project": facts.project,
            "name": facts.name,
            "group": facts.experiment,
            "tags": [tag[:TAG_CHARS] for tag in facts.tags],
            "notes": facts.title,
            "config": {**(push.reading.config if push.reading else {}), **facts.config},
            "folder": folder,
            "rows": rows_of(push.reading),
            "summary": {name: repr(value) for name, value in push.metrics.items()},
            "artifacts": push.artifacts,
            "exit_code": 0 if push.state == "done" else 1,
        }
        quiet = {k: v for k, v in environ.items() if k not in ("WANDB_API_KEY", "WANDB_RUN_ID", "WANDB_DIR")}
        program = os.path.join(os.path.dirname(__file__), "outside", "wandb_make.py")
        run_program("wandb", [program], given, quiet, limit_s, folder)
        return run_files(folder)[-1]

    def _of_server(self, project: str, at: str) -> list[TrackerRun]:
        server = self._server(at)
        entity = self.environ.get("WANDB_ENTITY", "")
        if not entity:
            reply = server.call("POST", "/graphql", {"query": "query { viewer { entity } }"})
            entity = str(((reply.get("data") or {}).get("viewer") or {}).get("entity") or "")
        found: list[TrackerRun] = []
        after = None
        while True:
            variables = {"entity": entity, "project": project, "after": after}
            body = {"query": RUNS_QUERY, "variables": variables, "operationName": "Runs"}
            data = server.call("POST", "/graphql", body).get("data") or {}
            runs = (data.get("project") or {}).get("runs") or {}
            for edge in runs.get("edges") or []:
                node = edge.get("node") or {}
                marks = [t[len(MARK) :] for t in node.get("tags") or [] if str(t).startswith(MARK)]
                state = SERVER_STATES.get(str(node.get("state", "")).lower(), "crashed")
                run = TrackerRun("wandb", str(node.get("name", "")), str(node.get("displayName") or ""), project)
                run.uid, run.state = (marks[0] if marks else ""), state
                run.started_at = str(node.get("createdAt") or "")
                run.url = f"{self._site(at)}/{entity}/{project}/runs/{run.id}"
                found.append(run)
            page = runs.get("pageInfo") or {}
            after = page.get("endCursor")
            if not page.get("hasNextPage") or not after:
                return found

    def _base(self, at: str) -> str:
        return (at or self.environ.get("WANDB_BASE_URL") or CLOUD).rstrip("/")

    def _site(self, at: str = "") -> str:
        return self._base(at).replace("://api.", "://")

    def _server(self, at: str, deadline_s: float | None = None) -> Server:
        pair = base64.b64encode(f"api:{self._key()}".encode()).decode()
        return Server("W&B", self._base(at), {"Authorization": f"Basic {pair}"}, deadline_s)

    def _key(self) -> str:
        """From the variable, else from the file that ``wandb login`` writes."""
        if key := self.environ.get("WANDB_API_KEY"):
            return key
        import netrc

        home = self.environ.get("HOME", "")
        try:
            entries = netrc.netrc(self.environ.get("NETRC") or os.path.join(home, ".netrc"))
            found = entries.authenticators(self._base("").partition("://")[2].partition(":")[0])
        except (OSError, netrc.NetrcParseError):
            return ""
        return str(found[2]) if found and found[2] else ""

    def _run(self, path: str, log: WandbLog) -> TrackerRun:
        about = log.about
        run_id = str(about.get("run_id") or os.path.basename(path)[4:-6])
        state = "running" if log.exit_code is None else "finished" if log.exit_code == 0 else "failed"
        marks = [tag[len(MARK) :] for tag in log.tags if tag.startswith(MARK)]
        started = about.get("started_s")
        run = TrackerRun(
            "wandb",
            run_id,
            name=str(about.get("name", "")),
            project=str(about.get("project", "")),
            uid=marks[0] if marks else "",
            state=state,
            path=path,
            started_at=rfc3339(int(started * 1000)) if started else "",
            wall_s=log.runtime_s,
        )
        if about.get("entity") and not _is_offline(path):
            run.url = f"{self._site()}/{about['entity']}/{run.project}/runs/{run_id}"
        return run


def _is_offline(path: str) -> bool:
    return os.path.basename(os.path.dirname(path)).startswith("offline-run-")


def run_files(folder: str) -> list[str]:
    """Every ``run-ID.wandb`` that a job with ``WANDB_DIR=folder`` left, oldest first."""
    found = []
    for top in (os.path.join(folder, "wandb"), os.path.join(folder, ".wandb")):
        try:
            names = sorted(os.listdir(top))
        except OSError:
            continue
        for name in names:
            inner = os.path.join(top, name)
            if not name.startswith(("run-", "offline-run-")) or os.path.islink(inner):
                continue
            try:
                found += [
                    os.path.join(inner, file)
                    for file in sorted(os.listdir(inner))
                    if file.startswith("run-") and file.endswith(".wandb")
                ]
            except OSError:
                continue
    return found
