"""The GitHub forge: the contract on an emulator, and each comment exactly once whatever is lost on
the way."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.adapters.forges.github.auth import token_for
from leadline.adapters.forges.github.client import Client
from leadline.adapters.forges.github.issues import GitHubForge
from leadline.adapters.forges.github.marker import marked, marker_in, unmarked, with_text
from leadline.core.errors import LeadlineError
from leadline.core.managed_block import put
from leadline.ports.forge import Forge, RemoteIssue
from leadline.testing.forge_contract import HOSTILE, ForgeContract
from tests.github.conftest import Proxy

_numbers = itertools.count(1)


def forge_at(proxy: Proxy, cache: Path | None = None, max_wait_s: float = 5.0) -> GitHubForge:
    client = Client(proxy.url, lambda: "tok_owner", str(cache or ""), max_wait_s, timeout_s=5.0)
    return GitHubForge(client, "octocat/lab", "https://example.org/octocat/lab")


@pytest.fixture
def own_marker() -> str:
    """The emulator lives as long as the session: each test has an issue of its own."""
    return f"marker-{time.time_ns()}-{next(_numbers)}"


class _Own:
    """A forge whose ``open_issue`` has a marker of this test alone: the contract's tests all use
    one name."""

    def __init__(self, forge: GitHubForge, marker: str) -> None:
        self._forge, self._marker = forge, marker

    def __getattr__(self, name: str):
        return getattr(self._forge, name)

    def open_issue(self, title: str, body: str, labels: list[str], marker: str) -> RemoteIssue:
        own = marker if self._marker in marker else f"{marker}-{self._marker}"
        return self._forge.open_issue(title, body, labels, own)


class TestContract(ForgeContract):
    @pytest.fixture
    def open_forge(self, proxy: Proxy, own_marker: str) -> Callable[[], Forge]:
        return lambda: _Own(forge_at(proxy), own_marker)  # type: ignore[return-value]


@pytest.fixture
def issue(proxy: Proxy, own_marker: str) -> RemoteIssue:
    return forge_at(proxy).open_issue("Experiment: x", "body", ["experiment"], own_marker)


@pytest.mark.parametrize(
    "text", [HOSTILE, "", "a", "<!-- leadline:x -->", "ends with newlines\n\n", "x\r\ny", "x\r\n"]
)
@pytest.mark.parametrize("marker", ["update:01J", "finish:a b<!-- -->", "ü\n"])
def test_a_marker_never_changes_the_text(text: str, marker: str):
    assert unmarked(marked(text, marker)) == (text, marker)
    assert "-->" not in marked("", marker).removesuffix("-->"), (
        "the marker cannot end the comment it stands in"
    )


def test_the_end_of_the_derived_block_is_no_marker():
    body = put("people's own\r\n", "derived", below=True)
    assert unmarked(body) == (body, "") and marker_in(body) == ""
    assert with_text(body, "new") == "new" and with_text(marked(body, "m"), "new") == marked(
        "new", "m"
    )
    assert marker_in(marked(body, "m") + "\r\nadded by somebody") == "m"
    assert marker_in("> <!-- leadline:m -->\nquoted") == ""


FAULTS = ("lost", "502", "cut", "refused")


def faults_at(places: int) -> pytest.MarkDecorator:
    """Every fault, and every request, in some case; each fault at each request is long."""
    return pytest.mark.parametrize(
        ("fault", "at"),
        [
            pytest.param(fault, at, marks=[pytest.mark.long] if (at - number) % 4 else [])
            for number, fault in enumerate(FAULTS)
            for at in range(places)
        ],
    )


@faults_at(8)
def test_whatever_is_lost_a_comment_is_there_once(
    proxy: Proxy, issue: RemoteIssue, fault: str, at: int
):
    """The same fault at one place of the exchange, after which the program carries on or is called
    again."""
    before = len(proxy.seen)
    proxy.fault = lambda method, path, n: fault if n == before + at else None
    try:
        forge_at(proxy).comment(issue.number, "the text", "m1")
    except LeadlineError as error:
        assert error.next == ["leadline sync"]
    proxy.fault = lambda method, path, n: None
    again = forge_at(proxy).comment(issue.number, "the text", "m1")
    assert [(c.id, c.marker, c.text) for c in forge_at(proxy).issue(issue.number).comments] == [
        (again.id, "m1", "the text")
    ]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_loses_every_answer_to_a_post_gets_no_second_comment(
    proxy: Proxy, issue: RemoteIssue, fault: str
):
    proxy.fault = lambda method, path, n: fault if method == "POST" else None
    if fault == "refused":  # nothing is ever done: it is said, and nothing is there
        with pytest.raises(LeadlineError) as caught:
            forge_at(proxy).comment(issue.number, "the text", "m1")
        assert caught.value.kind == "remote"
    else:
        forge_at(proxy).comment(issue.number, "the text", "m1")
    proxy.fault = lambda method, path, n: None
    assert len(forge_at(proxy).issue(issue.number).comments) == (0 if fault == "refused" else 1)


@faults_at(7)
def test_whatever_is_lost_one_issue_is_opened(proxy: Proxy, own_marker: str, fault: str, at: int):
    before = len(proxy.seen)
    proxy.fault = lambda method, path, n: fault if n == before + at else None
    try:
        forge_at(proxy).open_issue("Experiment: once", "body", ["experiment"], own_marker)
    except LeadlineError as error:
        assert error.next == ["leadline sync"]
    proxy.fault = lambda method, path, n: None
    forge = forge_at(proxy)
    opened = forge.open_issue("Experiment: once", "body", ["experiment"], own_marker)
    assert [str(i["number"]) for i in forge._with_marker(own_marker)] == [opened.number]


def answer(status: int, message: str, **headers: str):
    return (
        status,
        {k.replace("_", "-"): v for k, v in headers.items()},
        json.dumps({"message": message}).encode(),
    )


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (answer(401, "Bad credentials"), "bad-token"),
        (answer(403, "Resource not accessible by personal access token"), "no-permission"),
        (answer(403, "Repository was archived so is read-only."), "repository-archived"),
        (answer(403, "Unable to create comment because issue is locked."), "issue-locked"),
        (answer(410, "This issue was deleted"), "issue-deleted"),
        (answer(404, "Not Found"), "not-on-forge"),
        (
            answer(301, "Moved Permanently", location="https://elsewhere.example/repositories/1"),
            "repository-moved",
        ),
        (answer(422, "Validation Failed"), "forge-refused"),
        (answer(429, "Too many", retry_after="3600"), "rate-limited"),
        (answer(403, "You have exceeded a secondary rate limit"), "rate-limited"),
        (
            answer(
                403,
                "API rate limit exceeded",
                x_ratelimit_remaining="0",
                x_ratelimit_reset="9999999999",
            ),
            "rate-limited",
        ),
        (answer(503, "Unavailable"), "forge-failing"),
    ],
)
def test_what_github_refuses_is_said_with_what_to_do(
    proxy: Proxy, issue: RemoteIssue, reply: object, code: str
):
    """The answers are those of GitHub's documentation: the emulator gives none of them."""
    proxy.fault = lambda method, path, n: reply
    with pytest.raises(LeadlineError) as caught:
        forge_at(proxy, max_wait_s=1.0).issue(issue.number)
    assert (
        caught.value.code == code
        and caught.value.next
        and "tok_owner" not in str(caught.value.as_dict())
    )
    assert ("retry_at" in caught.value.details) == (code == "rate-limited")


def test_a_short_wait_that_was_asked_for_is_waited(proxy: Proxy, issue: RemoteIssue):
    first = len(proxy.seen)
    proxy.fault = lambda m, p, n: answer(429, "slow down", retry_after="1") if n == first else None
    assert forge_at(proxy).issue(issue.number).number == issue.number


def test_what_was_read_before_is_asked_for_with_its_etag(
    proxy: Proxy, issue: RemoteIssue, tmp_path: Path
):
    proxy.etags = True
    forge_at(proxy, tmp_path).issue(issue.number)
    seen = len(proxy.seen)
    again = forge_at(proxy, tmp_path).issue(issue.number)
    asked = [
        h
        for h, (method, _) in zip(proxy.headers[seen:], proxy.seen[seen:], strict=True)
        if method == "GET"
    ]
    assert again.title == issue.title and any("if-none-match" in h for h in asked)
    assert "tok_owner" not in "".join(p.read_text() for p in tmp_path.iterdir())


def test_a_server_that_is_not_there_is_said(tmp_path: Path):
    pytest.importorskip("httpx2")
    forge = GitHubForge(Client("http://127.0.0.1:9", lambda: "t", max_wait_s=0.3), "o/r", "")
    with pytest.raises(LeadlineError) as caught:
        forge.issue("1")
    assert (caught.value.code, caught.value.next) == ("forge-unreachable", ["leadline sync"])


def test_a_comment_over_the_limit_is_refused_before_it_is_sent(proxy: Proxy, issue: RemoteIssue):
    with pytest.raises(LeadlineError) as caught:
        forge_at(proxy).comment(issue.number, "x" * 70_000, "m")
    assert caught.value.code == "too-long"


def test_who_is_asking(proxy: Proxy):
    told = forge_at(proxy).check()
    assert (told["login"], told["repository"], told["renamed"]) == ("octocat", "octocat/lab", False)


def test_the_token_comes_from_the_environment_then_from_gh(tmp_path: Path):
    assert token_for("api.github.com", {"GITHUB_TOKEN": "b", "GH_TOKEN": "a"}) == "a"
    assert token_for("ghe.example.org", {"GH_TOKEN": "a", "GH_ENTERPRISE_TOKEN": "e"}) == "e"
    program = tmp_path / "gh"
    program.write_text('#!/bin/sh\n[ "$4" = github.com ] && echo from-gh\n')
    program.chmod(0o755)
    assert token_for("api.github.com", {"PATH": f"{tmp_path}:/usr/bin:/bin"}) == "from-gh"
    with pytest.raises(LeadlineError) as caught:
        token_for("ghe.example.org", {"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert caught.value.code == "no-token" and caught.value.next
