"""The table of what records name by digest: no field of a body is forgotten, and what it says is found."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leadline.core.record.conform import shape_of
from leadline.core.record.contents import TABLE, named_in, staying
from leadline.core.record.event import Record
from leadline.core.record.kinds import KINDS
from leadline.core.record.shapes import SHAPES

ROOT = Path(__file__).resolve().parents[2]
NAMES_CONTENT = re.compile(r"digest|blob|manifest|\bhash|commit|\btree|heads")
DIGEST = "sha256:" + "a1" * 32
# Fields that look like it, or do name something by digest, and of what Leadline is no keeper.
NOT_KEPT = {
    "what it is equal to, and no content": (
        "*.key", "*.row", "*.packages_digest", "*.heads_digest", "*.items.*.set", "ruler.trees.*",
        "run-planned.unlisted.key", "run-planned.code.program", "sweep.tree", "holdout.digest",
        "*.outputs.result_digest", "reproduction.artifacts.rows.*.*.*", "ruler.earlier.*.trees.*",
    ),
    "of the commit beside it, or the user's own, which git keeps": (
        "run-planned.code.tree", "run-planned.code.head", "run-planned.code.ref",
        "run-planned.code.submodules.*.*", "thread-started.code_at_start", "adopted.acknowledged",
        "snapshot.commit",
    ),
    "files of the user": (
        "run-planned.data_files.*.digest", "run-*.stdin.digest", "run-planned.ruler.named.*",
        "run-planned.ruler.loaded.*",
        "run-planned.ruler.beside.*", "*.outputs.rewritten.*", "session*.transcript.digest",
        "transcript-attached.transcript.digest",
        "adopted.digest",
    ),
    "files of a run's folder, held against the record where they are (raw_files.py)": (
        "*.outputs.stdout.digest", "*.outputs.stderr.digest", "*.outputs.logged.digest",
        "*.extraction.sources.*.digest",
    ),
    "what a tracker has": ("*.tracker.digest", "*.tracker.artifacts.*.digest"),
    "lines of event files, which the chain has": (
        "snapshot.heads.*", "healed.torn.*", "healed.changed.*.was", "heads-signed.heads.*",
    ),
    "the fold's, of a record that names it": ("session.attached.*",),
    "written out, never by digest": ("*.software.packages.*",),
    "a path, a pattern, a word": (
        "thread-started.logbook", "ruler.patterns.*", "run-planned.cwd", "run-planned.folder",
        "run-planned.code.gaps.*.*", "heads-signed.signer",
        "heads-signed.signature",
    ),
}  # fmt: skip


def _shapes() -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("rf", ROOT / "tools" / "record_format.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.shapes((ROOT / "src/leadline/core/record/bodies.py").read_text())  # type: ignore[no-any-return]


DECLARED = _shapes()


def _about(shape: str, field: str) -> str:
    if shape not in DECLARED:
        return ""
    said = [str(one.about) for one in DECLARED[shape].fields if one.name == field]
    return " ".join(said) or " ".join(_about(base, field) for base in DECLARED[shape].bases)


def _texts(
    spec: Any, path: str, about: str = "", within: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Each text that a body may hold, by where it stands, with what its declaration says."""
    if spec == "str":
        yield path, about
    elif isinstance(spec, tuple) and spec[0] == "or":
        for inner in spec[1:]:
            yield from _texts(inner, path, about, within)
    elif isinstance(spec, tuple):
        yield from _texts(spec[1], f"{path}.*", about, within)
    elif spec in SHAPES and spec not in within:
        for field, inner in SHAPES[spec][0].items():
            said = f"{about} {_about(spec, field)}"
            yield from _texts(inner, f"{path}.{field}", said, (*within, spec))


def _known(path: str) -> bool:
    patterns = [p for patterns in NOT_KEPT.values() for p in patterns]
    return any(re.fullmatch(re.escape(p).replace(r"\*", ".*"), path) for p in patterns)


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_that_names_content_is_in_the_table_or_is_said_not_to(kind: str) -> None:
    rows = {f"{row.kind}.{row.field}" for row in TABLE}
    naming = {p for p, said in _texts(shape_of(kind), kind) if NAMES_CONTENT.search(p + said)}
    assert not [path for path in naming - rows if not _known(path)]


def test_the_table_names_fields_that_there_are() -> None:
    declared = {path for kind in KINDS for path, _ in _texts(shape_of(kind), kind)}
    assert {f"{row.kind}.{row.field}" for row in TABLE} <= declared


def _record(kind: str, body: Any) -> Record:
    return Record("01K" + "0" * 23, "2026-01-01T00:00:00.000Z", "t", "w", kind, "Ada", body, "")


def _made(path: list[str]) -> Any:
    if not path:
        return DIGEST
    inner = _made(path[1:])
    return {"any": inner} if path[0] == "*" else {path[0]: inner}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.kind}.{row.field}")
def test_what_each_row_names_is_found(row: Any) -> None:
    record = _record(row.kind, _made(row.field.split(".")))
    assert list(named_in(record)) == [(row, DIGEST)]
    assert staying(record) == (set() if row.travels else {DIGEST})


def test_a_correction_names_what_its_field_does() -> None:
    corrected = {"target": "T-001-r1", "field": "software.packages_blob", "value": DIGEST}
    assert [digest for _, digest in named_in(_record("correction", corrected))] == [DIGEST]
    assert not list(named_in(_record("correction", {**corrected, "field": "text"})))


@pytest.mark.parametrize(
    "odd", [None, 7, "x", [7], {"blob": 7}, {"blob": "sha256:7"}, [{"blob": DIGEST}]]
)
def test_of_a_body_of_another_shape_nothing_is_named(odd: Any) -> None:
    assert not list(named_in(_record("run-planned", {"unlisted": odd, "ruler": odd, "code": odd})))


def test_what_a_run_is_equal_to_is_no_content_that_could_travel() -> None:
    kept = {"key": DIGEST, "row": DIGEST[:-1] + "2", "stdin": {"blob": DIGEST[:-1] + "3"}}
    assert staying(_record("run-planned", kept)) == {kept["key"], kept["row"]}
    assert staying(_record("of a newer one", {"key": ["a", "list"]})) == set()
