"""The fields of records that name by its digest what is kept beside them: one table, from which a
check, a publication and a recovery know what there has to be.

A field that names something by digest and is not here names nothing of which Leadline is the keeper;
``tests/unit/test_contents.py`` says of each why, and fails for a new one.
"""

from __future__ import annotations

from collections.abc import Iterator

from leadline.core.canonical import is_digest
from leadline.core.record.event import Record
from leadline.core.typed import Any, NamedTuple

COMMIT, PAYLOAD, ARTIFACT, LIST = "commit", "payload", "artifact", "list of artifacts"


class Content(NamedTuple):
    """What one field of one kind of record names. ``field``: with ``*`` for each value of an object
    or a list."""

    kind: str
    field: str
    what: str = PAYLOAD
    everywhere: bool = False  # every clone has it: that it is not there is a fault
    travels: bool = True  # to other clones, when it is small


TABLE = (
    Content("ruler", "files.*"),
    Content("ruler", "earlier.*.files.*"),
    Content("run-planned", "code.commit", COMMIT),
    Content("run-planned", "unlisted.blob", travels=False),
    Content("run-planned", "software.packages_blob"),
    Content("run-planned", "ruler.declared.*.*"),
    Content("run-planned", "stdin.blob"),
    Content("run-ended", "software.packages_blob"),  # told by the Python that it started
    Content("run-ended", "extraction.items.*.blob"),
    Content("run-ended", "stdin.blob"),
    Content("run-ended", "artifacts.kept.*.digest", ARTIFACT),
    Content("run-ended", "artifacts.manifest", LIST),
    Content("tracker-run", "extraction.items.*.blob"),
    Content("snapshot", "bundle.*", everywhere=True),
    Content("adopted", "file", everywhere=True),
    Content("transcript-attached", "blob"),
)
_OF_KIND = {
    kind: [(row, row.field.split(".")) for row in TABLE if row.kind == kind]
    for kind in {row.kind for row in TABLE}
}
_OF_FIELD = {row.field: row for row in TABLE if row.kind.startswith("run-")}


def named_in(record: Record) -> Iterator[tuple[Content, str]]:
    """What a record names, with its digest or commit."""
    body: dict[str, Any] = record.body
    if record.kind == "correction":
        corrected = _OF_FIELD.get(str(body.get("field")))
        found = [(corrected, body.get("value"))] if corrected is not None else []
    else:
        rows = _OF_KIND.get(record.kind, ())
        found = [(row, value) for row, path in rows for value in _at(body, path)]
    for row, value in found:
        if isinstance(value, str) and value and (row.what == COMMIT or is_digest(value)):
            yield row, value


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    if not path:
        yield value
        return
    name, rest = path[0], path[1:]
    if name == "*":
        inner = value.values() if isinstance(value, dict) else value
        for each in inner if isinstance(value, (dict, list)) else ():
            yield from _at(each, rest)
    elif isinstance(value, dict) and name in value:
        yield from _at(value[name], rest)


_SOME_STAY = {"correction", *(row.kind for row in TABLE if not row.travels)}
_EQUAL = ("key", "row")  # what a run is equal to: most digests of a record, and no content


def staying(record: Record) -> set[str]:
    """Digests of what never leaves the machine that made it, and of what is nothing that could."""
    equal = {digest for name in _EQUAL if is_digest(digest := record.body.get(name))}
    if record.kind in _SOME_STAY:
        equal.update(digest for row, digest in named_in(record) if not row.travels)
    return equal
