"""What of a record can be found by words: pure, one text per record, negative results marked."""

from __future__ import annotations

from typing import Any, NamedTuple

from leadline.core.record import Record

_NEGATIVE_STATES = ("failed", "timeout", "lost", "cancelled")
_TEXT_KINDS = ("note", "hypothesis", "hypothesis-changed", "decision", "claim", "baseline", "correction",
               "supersession", "retraction", "refusal", "update", "finish", "adopted", "thread-started")


class Searchable(NamedTuple):
    uid: str
    id: str
    kind: str
    negative: bool
    text: str


def searchable(record: Record) -> Searchable | None:
    """The words of ``record`` for the search index, or None when it has none of interest."""
    body = record.body
    if record.kind == "run-planned":
        text = " ".join([str(body.get("title", "")), " ".join(map(str, body.get("argv", []))), *(
            f"{k}={v} {k} {v}" for k, v in body.get("config", {}).items())])
        return Searchable(record.id, str(body.get("id", "")), "run", False, text)
    if record.kind == "run-ended":
        state = str(body.get("state", ""))
        text = " ".join([state, str(body.get("reason", "")), str(body.get("outputs", {}).get("excerpt", ""))[:2000],
                         *(f"{k}={v:.6g}" for k, v in body.get("metrics", {}).items() if isinstance(v, (int, float)))])
        return Searchable(record.id, str(body.get("run", "")), f"run {state}", state in _NEGATIVE_STATES, text)
    if record.kind not in _TEXT_KINDS:
        return None
    negative = (record.kind in ("retraction", "supersession", "refusal") or body.get("state") == "falsified"
                or body.get("role") == "negative")
    shown = str(body.get("id") or body.get("hypothesis") or body.get("target") or "")
    return Searchable(record.id, shown, record.kind, negative, " ".join(_words(body)))


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [w for k, v in value.items() if k != "refs" for w in _words(v)]
    if isinstance(value, list):
        return [w for v in value for w in _words(v)]
    return [] if value is None else [str(value)]
