"""One immutable event: its envelope, its line in a file, its version.

A line is canonical JSON; ``prev`` is the digest of the writer's previous valid line, so each writer's lines are a hash
chain. Readers accept every version ever written (upcasters) and keep kinds they do not know.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from leadline.core.canonical import canonical_json, digest_bytes
from leadline.core.ulid import is_ulid
from leadline.core.values import dataclass

CURRENT_VERSION = 1

ISSUE_KINDS = (  # what was wanted of, done to and seen on the experiment issue
    "issue-wanted",
    "issue-opened",
    "issue-edited",
    "issue-edit-settled",
    "issue-commented",
    "issue-comment-edited",
    "issue-closed",
)
KINDS = frozenset(
    (
        "thread-started",
        "thread-changed",
        "metric-defined",
        "run-planned",
        "run-ended",
        "note",
        "hypothesis",
        "hypothesis-changed",
        "decision",
        "claim",
        "baseline",
        "correction",
        "supersession",
        "retraction",
        "refusal",
        "update",
        *ISSUE_KINDS,
        "snapshot",
        "reproduction",
        "sweep",
        "interleaving",
        "interleaving-ended",
        "finish",
        "adopted",
        "healed",
        "id-clash",
        "tracker-set",
        "tracker-run",
    )
)

ENVELOPE = ("v", "id", "at", "thread", "writer", "kind", "actor", "body", "prev")

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
# version -> function from that version's envelope to the next one's. Never remove one.
UPCASTERS: dict[int, Upcaster] = {}


@dataclass(slots=True, frozen=True)
class Record:
    id: str
    at: str
    thread: str
    writer: str
    kind: str
    actor: str
    body: dict[str, Any]
    prev: str
    v: int = CURRENT_VERSION

    def line(self) -> bytes:
        """The canonical line, with its final newline."""
        envelope = {name: getattr(self, name) for name in ENVELOPE}
        return canonical_json(envelope).encode() + b"\n"


class BadLine(ValueError):
    """A line that is not a record; the text says why."""


def parse_line(line: bytes, upcasters: dict[int, Upcaster] | None = None) -> Record:
    """The record of one line (with or without its newline), brought to the current version.

    Raises BadLine when it is torn, not JSON, lacks an envelope field, or was written by a newer Leadline.
    """
    try:
        data = json.loads(line)
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        raise BadLine(f"not JSON: {error}") from None
    return record_of(data, upcasters)


def record_of(data: Any, upcasters: dict[int, Upcaster] | None = None) -> Record:
    """The record of one line's JSON value. Raises BadLine as ``parse_line`` does."""
    if not isinstance(data, dict) or not isinstance(data.get("v"), int):
        raise BadLine("not a record: no version")
    table = UPCASTERS if upcasters is None else upcasters
    while data["v"] < CURRENT_VERSION:
        if data["v"] not in table:
            raise BadLine(f"record version {data['v']} is unknown")
        data = table[data["v"]](data)
    if data["v"] > CURRENT_VERSION:
        raise BadLine(f"written by a newer Leadline (record version {data['v']}, this one reads {CURRENT_VERSION})")
    for name in ENVELOPE:
        if name not in data:
            raise BadLine(f"not a record: no {name!r}")
    if not is_ulid(data["id"]) or not isinstance(data["body"], dict):
        raise BadLine("not a record: bad id or body")
    return Record(
        id=data["id"],
        at=str(data["at"]),
        thread=str(data["thread"]),
        writer=str(data["writer"]),
        kind=str(data["kind"]),
        actor=str(data["actor"]),
        body=data["body"],
        prev=str(data["prev"]),
        v=data["v"],
    )


def line_digest(line: bytes) -> str:
    """Digest of a line without its newline: what the next line's ``prev`` holds."""
    return digest_bytes(line.rstrip(b"\n"))


@dataclass(slots=True)
class Fault:
    """One thing wrong with the record, in words, with the command that mends it."""

    where: str
    code: str
    what: str
    mend: str = ""


def check_chain(lines: list[tuple[str, bytes]]) -> tuple[list[Record], list[Fault]]:
    """Check one writer's lines, oldest first, as (place, bytes) pairs.

    A torn line is skipped by the chain and accepted when a later ``healed`` record of the writer names its digest.
    """
    records: list[Record] = []
    faults: list[Fault] = []
    torn: dict[str, str] = {}
    healed: set[str] = set()
    previous = ""
    for place, line in lines:
        try:
            record = parse_line(line)
        except BadLine as error:
            torn[digest_bytes(line.rstrip(b"\n"))] = f"{place}\0{error}"
            continue
        if record.prev != previous:
            faults.append(
                Fault(
                    place,
                    "broken-chain",
                    f"record {record.id} does not follow the line before it: a line was changed, removed or put in",
                    "leadline sync  (fetches the copy on the remote; compare with the sealed digest)",
                )
            )
        if record.kind == "healed":
            healed.update(record.body.get("torn", []))
        previous = line_digest(line)
        records.append(record)
    for digest, text in torn.items():
        if digest not in healed:
            place, _, why = text.partition("\0")
            faults.append(Fault(place, "torn-line", f"a line that is no record ({why})", "leadline verify --heal"))
    return records, faults
