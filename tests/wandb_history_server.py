"""A stand-in for the part of W&B's server that openwandb lacks: the history of a run by GraphQL.

Run by openwandb's Python: ``wandb_history_server.py PORT UPSTREAM``. Everything is passed on to the
openwandb at UPSTREAM but questions about one run, which a schema with W&B's own names answers from
the rows that openwandb keeps. Ours, and so only as good as its proof: a W&B client of before 0.27
reads through it exactly what was logged (``tests/contract/test_wandb_history.py``). What W&B does
with more rows than ``samples`` is known only as "sampled".

``POST /stand-in`` with JSON changes how it answers: ``fail`` (a status, ``times`` times), ``hide``
(leaves out every n-th row, not from the count), ``cut`` (ends an answer early, ``times`` times);
the answer tells ``pages`` asked so far. The pages of a run that has ended come from what was asked
of openwandb before.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from graphql import GraphQLScalarType, build_schema, graphql_sync, parse, print_ast

SCHEMA = """
scalar Int64
scalar JSON
scalar JSONString
scalar DateTime
type User { name: String username: String }
type Run {
  id: ID! projectId: Int tags: [String!] name: String! displayName: String sweepName: String state: String
  config: JSONString group: String jobType: String commit: String readOnly: Boolean createdAt: DateTime
  heartbeatAt: DateTime description: String notes: String systemMetrics: JSONString summaryMetrics: JSONString
  historyLineCount: Int user: User historyKeys: JSON
  history(minStep: Int64, maxStep: Int64, samples: Int): [JSONString!]
}
type Project { run(name: String): Run }
type Query { project(name: String, entityName: String): Project }
"""
OURS = {"ProbeRunInput", "Run", "RunRows", "RunHistoryKeys", "HistoryPage"}
ONE = """query($entity: String!, $project: String!, $run: String!) { project(name: $project, entityName: $entity) {
  run(name: $run) { id tags name displayName state config group jobType commit createdAt heartbeatAt description notes
  summaryMetrics } } }"""
HOP = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}

UPSTREAM = ""
TOLD: dict[str, Any] = {}
PAGES = 0
ENDED: dict[tuple[str, str, str], Any] = {}  # openwandb takes a second for each of its answers

schema = build_schema(SCHEMA)
for name in ("Int64", "JSON", "JSONString"):
    scalar = schema.type_map[name]
    assert isinstance(scalar, GraphQLScalarType)


class Run:
    """One run as openwandb has it."""

    def __init__(self, key: str, entity: str, project: str, run: str) -> None:
        headers = {"Authorization": key, "Content-Type": "application/json"}
        body = json.dumps(
            {"query": ONE, "variables": {"entity": entity, "project": project, "run": run}}
        ).encode()
        with urllib.request.urlopen(
            urllib.request.Request(UPSTREAM + "/graphql", body, headers)
        ) as reply:
            self.node = json.load(reply)["data"]["project"]["run"]
        file = f"{UPSTREAM}/files/{entity}/{project}/{run}/wandb-history.jsonl"
        try:
            with urllib.request.urlopen(urllib.request.Request(file, None, headers)) as reply:
                self.rows = reply.read().decode().splitlines()
        except urllib.error.HTTPError:
            self.rows = []
        self.steps = [int(json.loads(row)["_step"]) for row in self.rows]

    def __getattr__(self, name: str) -> Any:
        return self.node.get(name)

    @property
    def projectId(self) -> int:
        return 1

    @property
    def historyLineCount(self) -> int:
        return len(self.rows)

    @property
    def historyKeys(self) -> dict[str, Any]:
        keys = {name for row in self.rows for name in json.loads(row)}
        return {
            "lastStep": max(self.steps, default=-1),
            "sets": [],
            "keys": {key: {} for key in keys},
        }

    def history(self, info: Any, minStep: int, maxStep: int, samples: int) -> list[str]:
        global PAGES
        PAGES += 1
        hide = int(TOLD.get("hide", 0))
        rows = [
            row
            for place, (step, row) in enumerate(zip(self.steps, self.rows, strict=True))
            if minStep <= step < maxStep and not (hide and place % hide == 1)
        ]
        return (
            rows
            if len(rows) <= samples
            else [rows[at * len(rows) // samples] for at in range(samples)]
        )


class Project:
    def __init__(self, key: str, entity: str, name: str) -> None:
        self.key, self.entity, self.name = key, entity, name

    def run(self, info: Any, name: str) -> Run | None:
        kept = ENDED.get((self.entity, self.name, name))
        if kept is not None and "HistoryPage" in print_ast(info.operation):
            return kept
        try:
            found = Run(self.key, self.entity, self.name, name)
        except (KeyError, TypeError):
            return None
        if found.node and found.node["state"] == "finished":
            ENDED[self.entity, self.name, name] = found
        return found if found.node else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/stand-in":
            TOLD.clear()
            TOLD.update(json.loads(body or b"{}"))
            self.answer(200, json.dumps({"pages": PAGES}).encode(), {})
            return
        asked = json.loads(body) if self.path == "/graphql" and body else {}
        names = (
            {d.name.value for d in parse(asked["query"]).definitions if d.name} if asked else set()
        )
        if names & OURS:
            self.ours(asked)
        else:
            self.passed_on(body)

    do_GET = do_POST = do_PUT = do_HEAD = handle_any

    def ours(self, asked: dict[str, Any]) -> None:
        key = self.headers.get("Authorization", "")
        if TOLD.get("times", 0) > 0 and "HistoryPage" in asked["query"]:
            TOLD["times"] -= 1
            if TOLD.get("fail"):
                self.answer(
                    int(TOLD["fail"]), b'{"errors": [{"message": "busy"}]}', {"Retry-After": "0"}
                )
                return
            if TOLD.get("cut"):
                self.send_response(200)
                self.send_header("Content-Length", "100000")
                self.end_headers()
                self.wfile.write(b'{"data": {"project": ')
                self.close_connection = True
                return

        class Root:
            def project(self, info: Any, name: str, entityName: str) -> Project:
                return Project(key, entityName, name)

        done = graphql_sync(schema, asked["query"], Root(), variable_values=asked.get("variables"))
        status = 200 if done.data is not None or not done.errors else 422
        self.answer(
            status, json.dumps(done.formatted).encode(), {"Content-Type": "application/json"}
        )

    def passed_on(self, body: bytes) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        request = urllib.request.Request(
            UPSTREAM + self.path, body or None, headers, method=self.command
        )
        try:
            reply = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            reply = error  # type: ignore[assignment]
        with reply:
            kept = {name: value for name, value in reply.headers.items() if name.lower() not in HOP}
            self.answer(reply.status, reply.read(), kept)

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    UPSTREAM = sys.argv[2]
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
