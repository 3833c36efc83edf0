"""Which ids a record is about: what makes it possible to fold a part of a thread.

Ids are compared without repeat and clash letter, so that all who were given one id are in one part:
a letter depends on who else has it.

>>> base_of("P-004b-r2"), base_of("P-N1c"), base_of("P-004")
('P-004', 'P-N1', 'P-004')
"""

from __future__ import annotations

from functools import lru_cache

from leadline.core.ids import experiment_of, parse_id
from leadline.core.record.event import Record
from leadline.core.record.fold import created_id
from leadline.core.record.kinds import ITEM_KINDS


@lru_cache(maxsize=4096)  # asked of each id that a record names, by each who looks at the record
def base_of(display: str) -> str:
    """The id without repeat and clash letter."""
    parsed = parse_id(display)
    if parsed is None:
        return display
    head = experiment_of(display)
    return (
        head[: -len(parsed.suffix)]
        if parsed.suffix and head.endswith(parsed.suffix)
        else head.rstrip("abcdefghijklmnopqrstuvwxyz")
    )


def bases_of(record: Record) -> set[str]:
    """Every id a record creates or refers to, as bases."""
    body = record.body
    named = [
        created_id(record),
        body.get("experiment"),
        body.get("run"),
        body.get("target"),
        body.get("hypothesis"),
        body.get("interleaving"),
        body.get("session"),
        body.get("directive"),
        *body.get("about", []),
        *body.get("refs", {}),
    ]
    return {base_of(n) for n in named if isinstance(n, str) and parse_id(n)}


def uid_named(record: Record, field: str) -> str:
    """The uid of what ``record`` names in ``field``, by its own references."""
    refs = record.body.get("refs")
    return str(refs.get(record.body.get(field), "")) if isinstance(refs, dict) else ""


def owned_by(record: Record) -> dict[str, str]:
    """The uids that ``record`` gives an id to, each with that id's base."""
    shown = created_id(record)
    if not shown:
        return {}
    owners = {record.id: base_of(shown)}
    if record.kind == "run-planned":
        owners[str(record.body.get("experiment_uid") or record.id)] = base_of(shown)
    return owners


def oddness(record: Record) -> str:
    """Why what ``record`` is about cannot be told from its ids alone; "" for all that Leadline
    writes where no two machines gave one id."""
    body = record.body
    refs = body.get("refs", {})
    if not isinstance(refs, dict) or not all(isinstance(uid, str) for uid in refs.values()):
        return "its references are no ids"
    if any((parsed := parse_id(display)) and parsed.suffix for display in refs):
        return "it refers to an id that was given twice"
    if record.kind != "run-planned" and record.kind not in ITEM_KINDS:
        return ""
    parsed = parse_id(created_id(record))
    kind = "run" if record.kind == "run-planned" else record.kind
    if parsed is None or parsed.kind != kind or parsed.suffix:
        return "its id is of another form"
    named = body.get("experiment") if kind == "run" else None
    if named and named != experiment_of(created_id(record)):
        return "its experiment has another id"
    return ""
