"""Whether an exchange with GitHub is one that GitHub's own description of its interface allows.

Requests are held to it more strictly than it says: a query parameter or a field of a body that it
does not name is a mistake of ours, since GitHub ignores those silently.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012


class Exchange(NamedTuple):
    method: str
    path: str  # with its query, below the interface's root
    sent: bytes
    status: int
    received: bytes
    # False: the answer was made up by a test, and only the request is checked
    by_server: bool = True


class Description:
    def __init__(self, file: Path) -> None:
        told = json.loads(file.read_text())
        self.version: str = told["version"]
        self.operations: dict[str, Any] = told["operations"]
        self.schemas: dict[str, Any] = told["schemas"]
        resource = Resource.from_contents(
            {"schemas": self.schemas}, default_specification=DRAFT202012
        )
        self._registry: Registry[Any] = Registry().with_resource("urn:github", resource)
        self._judged: dict[tuple[str, str], list[ValidationError]] = {}
        self._paths = [(name, _path_pattern(name.partition(" ")[2])) for name in self.operations]

    def validator(self, schema: Any) -> Draft202012Validator:
        return Draft202012Validator(schema, registry=self._registry)

    def operation(self, method: str, path: str) -> str | None:
        """The most literal one that the path is an instance of: ``/issues/comments`` is no issue."""
        found = [n for n, p in self._paths if n.startswith(method + " ") and p.fullmatch(path)]
        return min(found, key=lambda name: name.count("{"), default=None)

    def violations(self, exchange: Exchange) -> list[str]:
        where = urlsplit(exchange.path)
        name = self.operation(exchange.method, _by_name(where.path))
        if name is None:
            return [f"{exchange.method} {where.path}: no such operation"]
        told = self.operations[name]
        found = [*self._query(told, where.query), *self._sent(told, exchange.sent)]
        if exchange.by_server and str(exchange.status) in told["replies"]:
            found += self._received(told["replies"][str(exchange.status)], exchange)
        return [f"{name}: {what}" for what in found]

    def _errors(self, schema: Any, body: Any) -> list[ValidationError]:
        """Those of an answer: it was right before where it says the same again."""
        key = (json.dumps(schema), json.dumps(body))
        if key not in self._judged:
            self._judged[key] = [*self.validator(schema).iter_errors(body)]
        return self._judged[key]

    def _query(self, told: dict[str, Any], query: str) -> list[str]:
        found = []
        for key, value in parse_qsl(query, keep_blank_values=True):
            schema = told["query"].get(key)
            if schema is None:
                found.append(f"no query parameter {key}")
                continue
            read: Any = int(value) if schema.get("type") == "integer" and value.isdigit() else value
            found += [
                f"query {key}: {e.message[:160]}" for e in self.validator(schema).iter_errors(read)
            ]
        return found

    def _sent(self, told: dict[str, Any], sent: bytes) -> list[str]:
        schema = told["body"]
        if not sent:
            return ["a body is needed"] if told["body_required"] else []
        if schema is None:
            return ["no body is taken"]
        body = json.loads(sent)
        return [
            *(
                f"body {e.json_path}: {e.message[:160]}"
                for e in self.validator(schema).iter_errors(body)
            ),
            *(f"body: no field {key}" for key in body if key not in self._fields(schema)),
        ]

    def _fields(self, schema: dict[str, Any]) -> set[str]:
        if "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        parts = [p for k in ("oneOf", "anyOf", "allOf") for p in schema.get(k, [])]
        return set(schema.get("properties", {})).union(
            *(self._fields(p) for p in parts if isinstance(p, dict))
        )

    def _received(self, schema: Any, exchange: Exchange) -> list[str]:
        if schema is None:
            return [f"{exchange.status} has no body"] if exchange.received.strip() else []
        try:
            body = json.loads(exchange.received)
        except ValueError:
            return [f"the answer {exchange.status} is no JSON"]
        if schema.keys() == {"type", "items"} and isinstance(body, list):  # each for itself
            errors = [e for each in body for e in self._errors(schema["items"], each)]
        else:
            errors = self._errors(schema, body)
        return [f"answer {exchange.status} {e.json_path}: {e.message[:160]}" for e in errors]


def _by_name(path: str) -> str:
    """GitHub's own links name a repository by its number; the description does not have those."""
    return re.sub(r"\A/repositories/\d+(?=/)", "/repos/by/number", path)


def _path_pattern(path: str) -> re.Pattern[str]:
    return re.compile(
        re.sub(r"\{\w+\}", "[^/]+", path.replace("{path}", ".+").replace("{ref}", ".+"))
    )
