"""Which ids a record is about: what makes it possible to fold a part of a thread.

Ids are compared without repeat and clash letter, so that all who were given one id are in one part:
a letter depends on who else has it.

>>> base_of("P-004b-r2"), base_of("P-N1c"), base_of("P-004")
('P-004', 'P-N1', 'P-004')
"""

from __future__ import annotations

from leadline.core.ids import experiment_of, parse_id
from leadline.core.record.event import Record
from leadline.core.record.fold import created_id


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
        *body.get("about", []),
        *body.get("refs", {}),
    ]
    return {base_of(n) for n in named if isinstance(n, str) and parse_id(n)}


def uid_named(record: Record, field: str) -> str:
    """The uid of what ``record`` names in ``field``, by its own references."""
    refs = record.body.get("refs")
    return str(refs.get(record.body.get(field), "")) if isinstance(refs, dict) else ""
