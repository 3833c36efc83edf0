"""Cut GitHub's own description of its REST interface down to what Leadline may ask, as plain JSON
Schema.

The description is OpenAPI 3.0, whose ``nullable`` is no JSON Schema, and stands beside ``$ref`` and
``oneOf`` too: a validator that does not know it there either refuses the schema or, worse, passes
everything. Here each becomes what it means, and what describes without constraining (examples,
texts) is left out: 13 MB become a few hundred KB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

KEPT = re.compile(
    r"/(rate_limit|user|repos/\{owner\}/\{repo\}(|/issues(|/comments/\{comment_id\}|/\{issue_number\}"
    r"(|/comments|/sub_issues|/parent|/lock|/labels(|/\{name\})|/assignees|/timeline|/events))|/issues/comments|/labels(|/\{name\})"
    r"|/milestones(|/\{milestone_number\})|/assignees(|/\{assignee\})|/collaborators/\{username\}/permission"
    r"|/commits/\{ref\}|/contents/\{path\}|/git/(ref/\{ref\}|tags/\{tag_sha\})))\Z"
)
BASE = "urn:github"  # what the trimmed file is called by the references in it
VERBS = ("get", "post", "put", "patch", "delete")
_SAYS_ONLY = frozenset(
    (
        "description",
        "example",
        "examples",
        "externalDocs",
        "title",
        "deprecated",
        "summary",
        "xml",
        "discriminator",
    )
)


def trim(description: dict[str, Any]) -> dict[str, Any]:
    """``{"version", "operations": {"VERB /path": {"query", "body", "body_required", "replies"}},
    "schemas"}``.

    ``query``: parameter to schema; ``replies``: status to schema, or None where there is no body.
    Raises KeyError when a reference leads nowhere.
    """
    operations: dict[str, Any] = {}
    for path, item in description["paths"].items():
        if KEPT.match(path):
            for verb in VERBS:
                if verb in item:
                    shared = item.get("parameters") or []
                    operations[f"{verb.upper()} {path}"] = _operation(
                        description, item[verb], shared
                    )
    schemas: dict[str, Any] = {}
    waiting = list(_references(operations))
    while waiting:
        name = waiting.pop()
        if name not in schemas:
            schemas[name] = as_json_schema(description["components"]["schemas"][name])
            waiting += _references(schemas[name])
    return {"version": description["info"]["version"], "operations": operations, "schemas": schemas}


def _operation(
    description: dict[str, Any], told: dict[str, Any], shared: list[Any]
) -> dict[str, Any]:
    parameters = [_looked_up(description, p) for p in [*shared, *(told.get("parameters") or [])]]
    body = _looked_up(description, told.get("requestBody") or {})
    return {
        "query": {p["name"]: as_json_schema(p["schema"]) for p in parameters if p["in"] == "query"},
        "body": _schema_of(body),
        "body_required": bool(body.get("required")),
        "replies": {
            status: _schema_of(_looked_up(description, r))
            for status, r in told["responses"].items()
        },
    }


def _schema_of(holder: dict[str, Any]) -> Any:
    for kind, content in (holder.get("content") or {}).items():
        if kind.endswith("json"):
            return as_json_schema(content["schema"])
    return None


def _looked_up(description: dict[str, Any], thing: dict[str, Any]) -> dict[str, Any]:
    where = thing.get("$ref")
    if where is None:
        return thing
    _, _, group, name = where.split("/", 3)
    found: dict[str, Any] = description["components"][group][name]
    return found


def as_json_schema(schema: Any) -> Any:
    """``schema`` as JSON Schema says it: what ``nullable`` allows spelled out, references absolute."""
    if isinstance(schema, list):
        return [as_json_schema(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            out[key] = {name: as_json_schema(part) for name, part in value.items()}
        elif key == "$ref":
            out[key] = f"{BASE}#/schemas/" + value.rpartition("/")[2]
        elif key in ("enum", "required", "default", "const"):
            out[key] = value
        elif key not in _SAYS_ONLY and not key.startswith("x-") and key != "nullable":
            out[key] = as_json_schema(value)
    return _or_null(out) if schema.get("nullable") is True else out


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    if not schema.keys() & {"$ref", "allOf", "anyOf", "oneOf"}:
        return schema
    return {"anyOf": [schema, {"type": "null"}]}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(where := value.get("$ref"), str):
            yield where.rpartition("/")[2]
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)
