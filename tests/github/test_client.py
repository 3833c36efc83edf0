"""One request and what may come back: limits, clocks, lost and broken answers, and where the token
may not go.

The proxy in front of the emulator is ours: it answers what the emulator never does, as GitHub's
documentation says.
"""

from __future__ import annotations

import email.utils
import json
import time
from pathlib import Path

import pytest

from leadline.adapters.forges.github.client import Ambiguous, Client
from leadline.core.errors import LeadlineError
from tests.github.conftest import Proxy

LAB = "/repos/octocat/lab"
WAY_OFF_S = 3 * 3600


def client(proxy: Proxy, cache: Path | None = None, max_wait_s: float = 4.0) -> Client:
    return Client(proxy.url, lambda: "tok_owner", str(cache or ""), max_wait_s, timeout_s=5.0)


def answer(status: int, message: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
    return (
        status,
        {k.replace("_", "-"): v for k, v in headers.items()},
        json.dumps({"message": message}).encode(),
    )


def once(proxy: Proxy, reply: object) -> None:
    first = len(proxy.seen)
    proxy.fault = lambda method, path, n: reply if n == first else None


def stamp(offset_s: float) -> str:
    return email.utils.formatdate(time.time() + offset_s, usegmt=True)


def primary(reset_in_s: float, clock_s: float) -> tuple[int, dict[str, str], bytes]:
    """The primary limit, by a server whose clock is ``clock_s`` ahead of ours."""
    reset = str(int(time.time() + clock_s + reset_in_s))
    return answer(
        403, "API rate limit exceeded for user", x_ratelimit_remaining="0", x_ratelimit_reset=reset
    )


@pytest.mark.parametrize("clock_s", [-WAY_OFF_S, 0, WAY_OFF_S])
def test_a_reset_is_counted_by_the_servers_clock(proxy: Proxy, clock_s: float) -> None:
    status, headers, body = primary(1, clock_s)
    once(proxy, (status, {**headers, "X-Server-Date": stamp(clock_s)}, body))
    assert client(proxy).get(LAB)["full_name"] == "octocat/lab"


@pytest.mark.parametrize("clock_s", [-WAY_OFF_S, 0, WAY_OFF_S])
def test_a_long_limit_is_said_with_when_and_not_waited_for(proxy: Proxy, clock_s: float) -> None:
    status, headers, body = primary(3000, clock_s)
    proxy.fault = lambda method, path, n: (
        status,
        {**headers, "X-Server-Date": stamp(clock_s)},
        body,
    )
    with pytest.raises(LeadlineError) as caught:
        client(proxy).get(LAB)
    assert caught.value.code == "rate-limited" and caught.value.next == ["leadline sync"]
    assert 2900 < caught.value.details["retry_after_s"] <= 3001 and len(proxy.seen) == 1


@pytest.mark.parametrize(
    "reply",
    [
        answer(429, "slow down", retry_after="1"),
        answer(403, "You have exceeded a secondary rate limit", retry_after="1"),
        answer(403, "You have triggered an abuse detection mechanism", retry_after="1"),
        answer(403, "wait", retry_after="1"),
        answer(403, "You have exceeded a secondary rate limit", retry_after="DATE"),
        answer(502, "Bad gateway"),
        answer(500, "Server error"),
        "lost",
        "cut",
        "refused",
        (200, {"Content-Type": "text/html"}, b"<html>sign in to the network</html>"),
    ],
    ids=lambda r: r if isinstance(r, str) else f"{r[0]} {r[2][:30].decode()}",
)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_what_may_be_repeated_is_repeated(proxy: Proxy, reply: object, method: str) -> None:
    number = client(proxy).create(f"{LAB}/issues", {"title": "t"})["number"]
    if isinstance(reply, tuple) and reply[1].get("retry-after") == "DATE":
        reply = (reply[0], {"retry-after": stamp(1)}, reply[2])
    once(proxy, reply)
    body = {"title": "new"} if method == "PATCH" else None
    made, _ = client(proxy)._call(method, f"{LAB}/issues/{number}", body)
    assert made["number"] == number and (method == "GET" or made["title"] == "new")


@pytest.mark.parametrize("reply", [answer(502), answer(500), "lost", "cut", (201, {}, b"")])
def test_what_creates_is_sent_once_and_its_outcome_unknown(proxy: Proxy, reply: object) -> None:
    once(proxy, reply)
    if reply == (201, {}, b""):
        assert client(proxy).create(f"{LAB}/issues", {"title": "t"}) is None
    else:
        with pytest.raises(Ambiguous):
            client(proxy).create(f"{LAB}/issues", {"title": "t"})
    assert proxy.seen == [("POST", f"{LAB}/issues")]


def test_a_limit_on_what_creates_is_waited_for_since_nothing_was_done(proxy: Proxy) -> None:
    once(proxy, answer(403, "You have exceeded a secondary rate limit", retry_after="1"))
    assert client(proxy).create(f"{LAB}/issues", {"title": "t"})["number"]
    assert len(proxy.seen) == 2


def test_a_server_that_fails_on_is_given_up_in_time(proxy: Proxy) -> None:
    proxy.fault = lambda method, path, n: answer(503, "Unavailable")
    with pytest.raises(LeadlineError) as caught:
        client(proxy).get(LAB)
    assert caught.value.code == "forge-failing" and 1 < len(proxy.seen) <= 4


def test_the_next_page_is_not_fetched_from_elsewhere_with_our_token(proxy: Proxy) -> None:
    other = Proxy(proxy.upstream)
    try:
        link = f'<{other.url}{LAB}/labels?page=2>; rel="next"'
        once(proxy, (200, {"Link": link, "Content-Type": "application/json"}, b"[]"))
        with pytest.raises(LeadlineError) as caught:
            list(client(proxy).pages(f"{LAB}/labels"))
        assert caught.value.code == "link-elsewhere" and other.seen == []
    finally:
        other.close()


def test_a_redirect_elsewhere_is_not_followed(proxy: Proxy) -> None:
    other = Proxy(proxy.upstream)
    try:
        for status in (301, 302, 307, 308):
            once(proxy, answer(status, "Moved", location=f"{other.url}{LAB}"))
            with pytest.raises(LeadlineError) as caught:
                client(proxy).get(LAB)
            assert caught.value.code == "repository-moved"
        assert other.seen == []
    finally:
        other.close()


def test_reading_follows_a_rename_and_writing_does_not(proxy: Proxy) -> None:
    """GitHub answers 301 for a renamed repository; what is written there was meant for another
    name."""
    once(proxy, answer(301, "Moved", location=f"{proxy.url}{LAB}"))
    assert client(proxy).get("/repos/octocat/old-name")["full_name"] == "octocat/lab"
    once(proxy, answer(301, "Moved", location=f"{proxy.url}{LAB}/issues/1"))
    with pytest.raises(LeadlineError) as caught:
        client(proxy).set_state("PATCH", "/repos/octocat/old-name/issues/1", {"title": "x"})
    assert caught.value.code == "repository-moved" and proxy.seen[-1] == (
        "PATCH",
        "/repos/octocat/old-name/issues/1",
    )


def test_an_answer_that_has_not_changed_is_taken_from_here(proxy: Proxy, tmp_path: Path) -> None:
    proxy.etags = True
    first = client(proxy, tmp_path).get(LAB)
    proxy.fault = lambda method, path, n: (
        (304, {}, b"")
        if proxy.headers[n].get("if-none-match")
        else answer(500, "asked without the etag")
    )
    assert client(proxy, tmp_path).get(LAB) == first, (
        "a 304 has no body and costs no request of the limit"
    )
    [kept] = tmp_path.iterdir()
    kept.write_text("{ torn")
    proxy.fault = lambda method, path, n: None
    assert client(proxy, tmp_path).get(LAB)["full_name"] == "octocat/lab", (
        "a torn file costs a request, no more"
    )


@pytest.mark.parametrize(
    "api_url", ["https://", "ftp://x.example", "http://exa mple/api", "nonsense"]
)
def test_an_address_that_is_none_is_said(api_url: str) -> None:
    pytest.importorskip("httpx2")
    with pytest.raises(LeadlineError) as caught:
        Client(api_url, lambda: "t", max_wait_s=0.2).create("/x", {})
    assert caught.value.kind in ("usage", "remote") and caught.value.next
