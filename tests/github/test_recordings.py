"""Real answers of GitHub, recorded by others, as the adapter reads them: labels, an issue, pages, a
refused field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leadline.adapters.forges.github.client import Client
from leadline.adapters.forges.github.issues import GitHubForge
from leadline.core.errors import LeadlineError
from tests.github.conftest import FOLDER, Proxy
from tests.github.description import Description, Exchange

NOT_RECORDED = 404, {}, b'{"message": "Not Found"}'


def recording(name: str) -> list[dict[str, Any]]:
    file = FOLDER / "recordings" / f"{name}.json"
    if not file.exists():
        pytest.skip("no recorded answers here: python tools/counterparts.py")
    found: list[dict[str, Any]] = json.loads(file.read_text())
    return found


def replay(proxy: Proxy, name: str) -> None:
    """Answers with what GitHub answered to the same method and path, in the order of the recording."""
    left = recording(name)

    def answer(method: str, path: str, n: int) -> object:
        for exchange in left:
            if exchange["method"].upper() == method and exchange["path"] == path:
                left.remove(exchange)
                kept = ("content-type", "link", "etag", "x-ratelimit-remaining", "location")
                headers = {
                    k: str(v) for k, v in exchange.get("headers", {}).items() if k.lower() in kept
                }
                headers = {
                    k: v.replace("https://api.github.com", proxy.url) for k, v in headers.items()
                }
                body = (
                    json.dumps(exchange["response"]).encode() if exchange["response"] != "" else b""
                )
                return exchange["status"], headers, body
        return NOT_RECORDED

    proxy.fault = answer


def client(proxy: Proxy) -> Client:
    return Client(proxy.url, lambda: "0" * 39 + "1", timeout_s=5.0)


def test_a_refused_field_is_named(proxy: Proxy) -> None:
    replay(proxy, "errors")
    with pytest.raises(LeadlineError) as caught:
        client(proxy).create(
            "/repos/octokit-fixture-org/errors/labels", {"name": "foo", "color": "invalid"}
        )
    assert caught.value.code == "forge-refused"
    assert "Validation Failed; Label color invalid" in caught.value.what


def test_an_issue_and_its_labels_are_read(proxy: Proxy) -> None:
    [opened] = [e for e in recording("add-labels-to-issue") if e["path"].endswith("/issues")]
    where = "/repos/octokit-fixture-org/add-labels-to-issue"
    replay(proxy, "add-labels-to-issue")
    made = client(proxy).create(f"{where}/issues", json.loads(json.dumps(opened["body"])))
    forge = GitHubForge(client(proxy), "octokit-fixture-org/add-labels-to-issue", "")
    read = forge._remote(made, [])
    assert (read.number, read.state, read.locked) == (
        str(opened["response"]["number"]),
        "open",
        False,
    )
    assert read.title == opened["response"]["title"] and read.url == opened["response"]["html_url"]
    labelled = [e for e in recording("add-labels-to-issue") if e["path"].endswith("/labels")]
    names = [label["name"] for e in labelled for label in e["response"]]
    assert names and all(isinstance(n, str) for n in names)


def test_all_labels_are_listed(proxy: Proxy) -> None:
    [listed, *_] = [
        e for e in recording("labels") if e["method"] == "get" and e["path"].endswith("/labels")
    ]
    proxy.fault = lambda method, path, n: (
        (200, {"Content-Type": "application/json"}, json.dumps(listed["response"]).encode())
        if path.partition("?")[0] == listed["path"]
        else NOT_RECORDED
    )
    found = list(client(proxy).pages(listed["path"]))
    assert (
        [label["name"] for label in found] == [label["name"] for label in listed["response"]] != []
    )


def test_every_page_of_a_listing_is_read(proxy: Proxy) -> None:
    """Recorded with three to a page; the links are GitHub's own, by repository id."""
    pages = recording("paginate-issues")
    replay(proxy, "paginate-issues")
    first = next(
        e
        for e in pages
        if e["method"] == "get" and 'rel="next"' in str(e.get("headers", {}).get("link"))
    )
    found, where = [], first["path"]
    items, links = client(proxy)._call("GET", where)
    found += items
    from leadline.adapters.forges.github.client import _next_of

    while following := _next_of(links):
        items, links = client(proxy)._call("GET", following)
        found += items
    numbers = [issue["number"] for issue in found]
    assert len(numbers) == len(set(numbers)) > 3


def test_recorded_answers_are_those_of_the_description(description: Description) -> None:
    """Years lie between the two: what is required today may not have been sent then, but no type
    has changed."""
    for name in ("errors", "add-labels-to-issue", "labels", "lock-issue", "paginate-issues"):
        for e in recording(name):
            if description.operation(e["method"].upper(), e["path"].partition("?")[0]) is None:
                continue
            body = json.dumps(e["response"]).encode() if e["response"] != "" else b""
            sent = json.dumps(e["body"]).encode() if e.get("body") else b""
            found = description.violations(
                Exchange(e["method"].upper(), e["path"], sent, e["status"], body)
            )
            assert [v for v in found if "is a required property" not in v] == [], name
