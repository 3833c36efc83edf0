"""The declared bodies are those of the records: of every kind, and of records written long ago."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leadline.core.record import bodies
from leadline.core.record.kinds import KINDS
from leadline.testing.every_kind import every_kind
from leadline.testing.example_thread import realistic

from .fits import misfits

FIXTURES = Path(__file__).parent.parent / "fixtures" / "records"


def body_of(kind: str) -> type:
    return getattr(bodies, "".join(part.capitalize() for part in kind.split("-")) + "Body")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind_has_a_body(kind):
    assert body_of(kind).__annotations__


def test_what_a_kept_record_of_any_version_says_is_declared():
    lines = [
        json.loads(line)
        for path in FIXTURES.glob("*/*/*.jsonl")
        for line in path.read_bytes().splitlines()
    ]
    known = [line for line in lines if line["kind"] in KINDS]
    assert (
        known
        and {
            f"{line['kind']}: {fault}"
            for line in known
            for fault in misfits(line["body"], body_of(line["kind"]))
        }
        == set()
    )


@pytest.mark.parametrize("example", [realistic, every_kind])
def test_what_an_example_says_is_declared(example):
    found = [
        f"{record.kind}: {fault}"
        for record in example().records
        for fault in misfits(record.body, body_of(record.kind))
    ]
    assert found == []


def test_a_body_that_is_not_as_declared_is_told():
    assert misfits({"run": "P-001-r1", "wall_s": "1", "ended": "x"}, bodies.RunEndedBody) == [
        "body has ended, of which nothing says",
        "body.wall_s is '1', no float",
    ]
    assert misfits({"state": "done"}, bodies.RunEndedBody) == ["body lacks run"]
