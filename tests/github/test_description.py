"""The description that every request of ours is held to: complete, and able to find what is wrong."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from leadline.adapters.forges.github.client import Client
from tests.github.conftest import Proxy
from tests.github.description import Description, Exchange

ISSUES = "/repos/octocat/lab/issues"


def test_every_schema_compiles_and_every_reference_leads_somewhere(
    description: Description,
) -> None:
    """A schema that a validator cannot read lets everything pass: so each is read, and each
    reference followed."""
    schemas = [*description.schemas.values()]
    for told in description.operations.values():
        schemas += [
            s
            for s in (told["body"], *told["query"].values(), *told["replies"].values())
            if s is not None
        ]
    assert len(schemas) > 150 and len(description.operations) > 40
    for schema in schemas:
        Draft202012Validator.check_schema(schema)
        for value in ({}, [], None, "x", 1):
            list(description.validator(schema).iter_errors(value))
        assert '"nullable"' not in json.dumps(schema)


@pytest.mark.parametrize(
    ("method", "path", "body", "what"),
    [
        ("POST", ISSUES, {"body": "no title"}, "'title' is a required property"),
        ("POST", ISSUES, {"title": "t", "labels": "experiment"}, "not of type 'array'"),
        ("POST", ISSUES, {"title": "t", "label": ["experiment"]}, "no field label"),
        ("PATCH", f"{ISSUES}/1", {"state": "clsd"}, "not one of"),
        ("PATCH", f"{ISSUES}/1", {"state": "closed", "state_reason": "done"}, "not one of"),
        ("POST", f"{ISSUES}/1/comments", {}, "'body' is a required property"),
        ("POST", f"{ISSUES}/1/comments", None, "a body is needed"),
        ("GET", f"{ISSUES}?states=all", None, "no query parameter states"),
        ("GET", f"{ISSUES}?state=every", None, "not one of"),
        ("GET", f"{ISSUES}?per_page=many", None, "not of type 'integer'"),
        ("POST", "/repos/octocat/lab/label", {"name": "x"}, "no such operation"),
    ],
)
def test_what_github_would_not_take_is_found(
    description: Description, method: str, path: str, body: object, what: str
) -> None:
    sent = json.dumps(body).encode() if body is not None else b""
    found = description.violations(Exchange(method, path, sent, 0, b"", by_server=False))
    assert len(found) == 1 and what in found[0], found


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", ISSUES, {"title": "t", "labels": ["experiment"], "milestone": None}),
        ("PATCH", f"{ISSUES}/1", {"state": "closed", "state_reason": "completed"}),
        ("PATCH", f"{ISSUES}/1", {"state_reason": None, "body": None}),
        ("GET", f"{ISSUES}?state=all&sort=created&direction=desc&per_page=100", None),
    ],
)
def test_what_github_takes_passes(
    description: Description, method: str, path: str, body: object
) -> None:
    sent = json.dumps(body).encode() if body is not None else b""
    assert description.violations(Exchange(method, path, sent, 0, b"", by_server=False)) == []


def test_an_answer_that_github_would_not_give_is_found(description: Description) -> None:
    answer = json.dumps({"number": "seven"}).encode()
    found = description.violations(Exchange("GET", f"{ISSUES}/7", b"", 200, answer))
    assert any("not of type 'integer'" in what for what in found)


def test_a_request_of_ours_that_is_wrong_is_seen_on_the_wire(
    proxy: Proxy, description: Description
) -> None:
    """What fails a whole test run: the emulator takes it, GitHub would not."""
    client = Client(proxy.url, lambda: "tok_owner", timeout_s=5.0)
    made = client.create(ISSUES, {"title": "Experiment: x", "label": ["experiment"]})
    assert made["number"]
    found = [v for exchange in proxy.exchanges for v in description.violations(exchange)]
    assert found == ["POST /repos/{owner}/{repo}/issues: body: no field label"]
    proxy.exchanges.clear()


def test_nothing_of_the_large_package_is_left_behind() -> None:
    from tests.github.conftest import FOLDER

    description = FOLDER / "github-openapi.json"
    if not description.exists():
        pytest.skip("no description of GitHub's interface here: python tools/counterparts.py")
    assert description.stat().st_size < 1_000_000
    # Where it is unpacked is a folder of its own in this one.
    assert not [*FOLDER.glob("*.tgz"), *FOLDER.glob("*/*.tgz")]
    assert not (FOLDER / "node_modules" / "@octokit").exists()
