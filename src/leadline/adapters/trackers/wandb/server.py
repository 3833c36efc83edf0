"""W&B's GraphQL interface: the few questions that its own ``wandb.Api`` asks too. No wandb package
is needed."""

from __future__ import annotations

import base64
import json
import math
import os
import time
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, unquote, urlsplit

from leadline.adapters.trackers.http import Server
from leadline.adapters.trackers.wandb.history import Place, read_history, unknown_field
from leadline.adapters.trackers.wandb.rows import note_words, summary_of
from leadline.core.errors import LeadlineError, not_found, remote
from leadline.core.tracker.reading import MARK, Reading, TrackerRun
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadline.core.record.bodies import Config

CLOUD = "https://api.wandb.ai"
NODE = "name displayName state createdAt heartbeatAt tags"
# Not every server pages: the first question does not name a place to go on from.
FIRST_RUNS = f"""query Runs($entity: String!, $project: String!) {{
  project(name: $project, entityName: $entity) {{ runs(first: 100) {{
    edges {{ node {{ {NODE} }} }} pageInfo {{ endCursor hasNextPage }} }} }} }}"""
MORE_RUNS = f"""query Runs($entity: String!, $project: String!, $after: String) {{
  project(name: $project, entityName: $entity) {{ runs(first: 100, after: $after) {{
    edges {{ node {{ {NODE} }} }} pageInfo {{ endCursor hasNextPage }} }} }} }}"""
ONE_RUN = f"""query Run($entity: String!, $project: String!, $run: String!) {{
  project(name: $project, entityName: $entity) {{ run(name: $run) {{ {NODE} config summaryMetrics }} }} }}"""
ITS_ROWS = """query RunRows($entity: String!, $project: String!, $run: String!) {
  project(name: $project, entityName: $entity) { run(name: $run) { historyLineCount historyKeys } } }"""
READ_S = 3600.0  # a reading with all its pages
STATES = {
    "running": "running",
    "finished": "finished",
    "failed": "failed",
    "killed": "failed",
    "crashed": "crashed",
}


class WandbServer:
    """The server at ``at``, else ``WANDB_BASE_URL``, else the public one; with the key of the
    environment or of the file that ``wandb login`` writes. ``deadline_s`` (monotonic) ends a row of
    calls. ``entity``: the team or user whose projects are meant; "": ``WANDB_ENTITY``, else whose
    key it is."""

    def __init__(
        self, environ: Mapping[str, str], at: str, deadline_s: float | None = None, entity: str = ""
    ) -> None:
        self.environ, self.given = environ, entity or environ.get("WANDB_ENTITY", "")
        self.base = base_url(environ, at)
        pair = base64.b64encode(f"api:{key_of(environ, self.base)}".encode()).decode()
        self.server = Server("W&B", self.base, {"Authorization": f"Basic {pair}"}, deadline_s)
        self.patient = False

    def entity(self) -> str:
        """LeadlineError(remote) when none was given and the server does not say."""
        if self.given:
            return self.given
        viewer = self._ask("Viewer", "query Viewer { viewer { entity } }", {}).get("viewer") or {}
        if not viewer.get("entity"):
            raise remote(
                "tracker-refused",
                f"W&B at {self.base} does not know this key",
                do="leadline tracker status",
            )
        self.given = str(viewer["entity"])
        return self.given

    def runs(self, project: str) -> list[TrackerRun]:
        """Every run of a project, the newest first as W&B has them; empty when there is no such
        project. Named as ``TEAM/PROJECT`` it is that team's, and so is the project that its runs
        name."""
        whose, name = entity_and_project(project)
        entity, found = whose or self.entity(), list[TrackerRun]()
        query, variables = FIRST_RUNS, {"entity": entity, "project": name}
        while True:
            answer = self._ask("Runs", query, variables)
            runs = (answer.get("project") or {}).get("runs") or {}
            found += [
                self._run(edge.get("node") or {}, entity, project)
                for edge in runs.get("edges") or []
            ]
            page = runs.get("pageInfo") or {}
            if not page.get("hasNextPage") or not page.get("endCursor"):
                return found
            query, variables = MORE_RUNS, {**variables, "after": str(page["endCursor"])}

    def run(self, project: str, run_id: str) -> TrackerRun | None:
        node, entity = self._one(project, run_id)
        return self._run(node, entity, project) if node else None

    def read(self, run: TrackerRun, last_only: bool = False) -> Reading:
        """Config, summary and, unless ``last_only``, every point. LeadlineError(not_found) when the
        run is gone."""
        if self.server.deadline_s is None:
            self.server.deadline_s = time.monotonic() + READ_S
        node, entity = self._one(run.project, run.id)
        if not node:
            raise not_found(
                "tracker-run-gone",
                f"W&B at {self.base} has no run {run.id} in {run.project}",
                do="leadline tracker reconcile",
            )
        out = Reading(self._run(node, entity, run.project), only_summary=last_only)
        out.run.uid = out.run.uid or run.uid
        config = _object(node.get("config"))
        out.config = {
            k: v["value"] if isinstance(v, dict) and "value" in v else v
            for k, v in config.items()
            if k != "_wandb"
        }
        summary = _object(node.get("summaryMetrics"))
        out.summary = summary_of(summary)
        out.provisional = out.run.state not in ("finished", "failed")
        if not last_only:
            # a history of many pages is not given up for one of them; a server that is gone is
            self.patient = True
            read_history(self.server, self._ask, self._place(entity, run, summary), out)
        note_words(out, summary)
        return out

    def _place(self, entity: str, run: TrackerRun, summary: Mapping[str, Any]) -> Place:
        place = Place(entity, entity_and_project(run.project)[1], run.id)
        try:
            answer = self._ask(
                "RunRows", ITS_ROWS, {"entity": entity, "project": place.project, "run": run.id}
            )
        except LeadlineError as error:
            if not unknown_field(error):
                raise
            place.history = False
            return place
        node = (answer.get("project") or {}).get("run") or {}
        place.rows = _whole(node.get("historyLineCount"), 0)
        last = _whole(_object(node.get("historyKeys")).get("lastStep"), -1)
        # the keys of a run that goes on come late
        place.last_step = max(last, _whole(summary.get("_step"), -1))
        return place

    def _one(self, project: str, run_id: str) -> tuple[Mapping[str, Any], str]:
        whose, name = entity_and_project(project)
        entity = whose or self.entity()
        answer = self._ask("Run", ONE_RUN, {"entity": entity, "project": name, "run": run_id})
        return (answer.get("project") or {}).get("run") or {}, entity

    def _run(self, node: Mapping[str, Any], entity: str, project: str) -> TrackerRun:
        run = TrackerRun(
            "wandb", str(node.get("name", "")), str(node.get("displayName") or ""), project
        )
        marks = [str(t)[len(MARK) :] for t in node.get("tags") or [] if str(t).startswith(MARK)]
        run.uid = marks[0] if marks else ""
        run.state = STATES.get(str(node.get("state", "")).lower(), "unknown")
        run.started_at = str(node.get("createdAt") or "")
        started, seen = _epoch(run.started_at), _epoch(str(node.get("heartbeatAt") or ""))
        run.wall_s = max(0.0, seen - started) or None if started and seen else None
        name = entity_and_project(project)[1]
        run.url = f"{site_url(self.base)}/{quote(entity)}/{quote(name)}/runs/{quote(run.id)}"
        return run

    def _ask(self, name: str, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        body = {"query": query, "variables": dict(variables), "operationName": name}
        answer = (self.server.ask if self.patient else self.server.call)("POST", "/graphql", body)
        if answer.get("errors"):
            first = answer["errors"][0] if isinstance(answer["errors"], list) else answer["errors"]
            why = str(first.get("message", "") if isinstance(first, dict) else first)[:300]
            raise remote(
                "tracker-refused",
                f"W&B at {self.base} said no",
                why=why,
                do="leadline tracker status",
            )
        return answer.get("data") or {}


def base_url(environ: Mapping[str, str], at: str) -> str:
    return (at or environ.get("WANDB_BASE_URL") or CLOUD).rstrip("/")


def site_url(base: str) -> str:
    """Where people look at what is sent to ``base``."""
    return base.replace("://api.", "://")


def entity_and_project(named: str) -> tuple[str, str]:
    """``TEAM/PROJECT`` as its parts; the first is "" for a project alone."""
    entity, _, project = named.rpartition("/")
    return entity, project


def entity_of(page: str) -> str:
    """Whose run it is that has this page, ``https://HOST/ENTITY/PROJECT/runs/ID``; "" when it is no
    such page."""
    parts = urlsplit(page).path.split("/")
    return unquote(parts[1]) if len(parts) > 3 and parts[3] == "runs" else ""


def key_of(environ: Mapping[str, str], base: str) -> str:
    """From the variable, else from the file that ``wandb login`` writes; "" for none."""
    if key := environ.get("WANDB_API_KEY"):
        return key
    import netrc

    try:
        entries = netrc.netrc(
            environ.get("NETRC") or os.path.join(environ.get("HOME", ""), ".netrc")
        )
        found = entries.authenticators(base.partition("://")[2].partition("/")[0].partition(":")[0])
    except (OSError, netrc.NetrcParseError):
        return ""
    return str(found[2]) if found and found[2] else ""


def _object(text: object) -> Config:
    if isinstance(text, dict):
        return text
    try:
        value = json.loads(str(text or "{}"))
    except (ValueError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}


def _whole(value: Any, otherwise: int) -> int:
    return int(value) if isinstance(value, (int, float)) and math.isfinite(value) else otherwise


def _epoch(stamp: str) -> float:
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return 0.0
