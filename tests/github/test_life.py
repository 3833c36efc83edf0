"""Whatever is lost, refused or killed at any request of a thread's life, its issue ends as if
nothing had happened.

One fault at one request, for every request and every kind of fault, and afterwards what a user
does: sync. The proxy that makes the faults is ours (``conftest.Proxy``); the issue tracker behind
it is not.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leadline.core.managed_block import holds
from leadline.services.context import Context
from leadline.services.issue.content import derived_body
from leadline.services.issue.delivery import bring_up_to_date
from tests.github.conftest import Proxy
from tests.github.life import (
    TOKEN,
    Killed,
    Life,
    MovedClock,
    live,
    make_repository,
    open_at,
    settle,
)

LIMITED = {"Retry-After": "30"}
SECONDARY = b'{"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}'
FAULTS: dict[str, Any] = {
    "refused": "refused",  # closed before anything is done
    "lost": "lost",  # done, and the answer lost
    "502": "502",  # done, and answered with 502
    "cut": "cut",  # done, and half an answer
    # from GitHub's documentation, as the next two
    "503": (503, {}, b'{"message": "Service unavailable"}'),
    "secondary": (403, LIMITED, SECONDARY),
    "429": (429, LIMITED, b'{"message": "too many requests"}'),
    "killed": "killed",  # done, and the process ends before it makes a record of it
}
READING_STEP = 4
_lives, _asked = itertools.count(1), itertools.count()


@pytest.fixture
def name(emulator_port: int) -> str:
    """A repository of this test alone on the emulator: a list of its issues is short."""
    made = f"life-{os.getpid()}-{next(_asked)}"
    connection = http.client.HTTPConnection("127.0.0.1", emulator_port, timeout=30)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    connection.request(
        "POST", "/user/repos", json.dumps({"name": made, "auto_init": True}), headers
    )
    assert connection.getresponse().status == 201
    return made


@pytest.fixture
def stage(
    tmp_path: Path, name: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    for variable, value in (
        ("GIT_AUTHOR_NAME", "Ada"),
        ("GIT_AUTHOR_EMAIL", "a@b.c"),
        ("GIT_COMMITTER_NAME", "Ada"),
        ("GIT_COMMITTER_EMAIL", "a@b.c"),
        ("GH_TOKEN", TOKEN),
        ("LEADLINE_ACTOR", "Ada"),
    ):
        monkeypatch.setenv(variable, value)
    repository = make_repository(tmp_path / "repo", proxy.url, name)

    def lived(
        fault: str = "", at: int = -1, max_wait_s: float = 0.0
    ) -> tuple[Life, Callable[[], Context], int]:
        """A life with ``fault`` at its request ``at``; how many requests it made before it was
        settled."""
        number = next(_lives)
        # The label of the life before is taken away, so that each life makes the same requests.
        asked(proxy, f"/repos/octocat/{name}/labels/experiment", "DELETE")
        life, clock, first = Life(f"life{number}", f"L{number}"), MovedClock(), len(proxy.seen)
        kind = FAULTS.get(fault)
        proxy.fault = lambda method, path, n: kind if n == first + at and kind != "killed" else None

        def sent() -> None:
            if fault == "killed" and len(proxy.seen) == first + at + 1:
                raise Killed

        def opened() -> Context:
            # Any token is the first user's to the emulator, and each has a rate limit of its own.
            return open_at(repository, proxy.url, clock, sent, f"{TOKEN}{number}", max_wait_s)

        live(life, opened, clock)
        made = len(proxy.seen) - first
        proxy.fault = lambda method, path, n: None
        held = len(proxy.exchanges)
        settle(life, opened, clock)
        if fault:  # the same requests as in the life before it, which was held to the description
            del proxy.exchanges[:held]
        return life, opened, made

    return lived


def asked(proxy: Proxy, path: str, method: str = "GET") -> Any:
    """Straight from the emulator, without Leadline."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.upstream, timeout=30)
    token = f"asking{next(_asked) // 1000}"
    connection.request(method, path, headers={"Authorization": f"Bearer {token}"})
    return json.loads(connection.getresponse().read() or "null")


def all_pages(proxy: Proxy, path: str) -> list[Any]:
    found: list[Any] = []
    for page in itertools.count(1):
        items = asked(proxy, f"{path}{'&' if '?' in path else '?'}per_page=100&page={page}")
        found += items
        if len(items) < 100:
            return found
    return found


def assert_whole(proxy: Proxy, name: str, life: Life, context: Context) -> None:
    thread = context.store.thread(life.topic)
    marker = f"<!-- leadline:experiment:{life.topic}:"
    issues = [
        i
        for i in all_pages(proxy, f"/repos/octocat/{name}/issues?state=all")
        if marker in (i["body"] or "")
    ]
    assert [i["number"] for i in issues] == [int(thread.issue.number)], "one issue"
    [issue] = issues
    assert (issue["state"], issue["state_reason"], issue["title"]) == (
        "closed",
        "completed",
        f"Experiment: {thread.title}",
    )
    assert (
        holds(issue["body"], derived_body(context, thread, issue["body"]))
        and issue["body"].count("leadline:begin") == 1
    )
    assert thread.issue.body == issue["body"].partition("\n\n<!-- leadline:experiment:")[0], (
        "the record knows what is there"
    )
    comments = all_pages(proxy, f"/repos/octocat/{name}/issues/{issue['number']}/comments")
    texts = [c["body"].partition("\n\n<!-- leadline:")[0] for c in comments]
    assert sorted(texts) == sorted(
        [
            "first #12\nnews",
            "still here, said 2 times",
            "second news, ünïcode 🌈",
            texts[texts.index("the end") - 1],
            "the end",
        ]
    ), "each comment once, as it was fixed and continued"
    assert [t for t in texts if t.startswith("### Sealed")], "the seal is told"
    assert texts == [c["text"] for c in thread.issue.comments], (
        "in the order of the record, which knows each of them"
    )
    kinds = [r.kind for r in thread.records]
    assert kinds.count("issue-opened") == kinds.count("issue-closed") == 1
    assert kinds.count("issue-commented") == 5


def test_without_a_fault_a_life_is_whole(proxy: Proxy, name: str, stage: Callable[..., Any]):
    life, opened, made = stage()
    assert_whole(proxy, name, life, opened())
    assert made < 150


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_at_any_request_changes_nothing_in_the_end(
    proxy: Proxy, name: str, stage: Callable[..., Any], fault: str
):
    """Every request that writes meets every kind of fault; of those that read every fourth meets
    one kind."""
    before = len(proxy.seen)
    _, _, made = stage()
    methods = [method for method, _ in proxy.seen[before : before + made]]
    offset = list(FAULTS).index(fault)
    reading = [k for k, method in enumerate(methods) if method == "GET"]
    sampled = set(reading[offset * READING_STEP :: len(FAULTS) * READING_STEP])
    for at in (k for k, method in enumerate(methods) if method != "GET" or k in sampled):
        before = len(proxy.seen)
        life, opened, _ = stage(fault, at)
        assert proxy.seen[before + at][0] == methods[at], (
            "the fault met another request than it was meant for"
        )
        try:
            assert_whole(proxy, name, life, opened())
        except AssertionError as error:
            raise AssertionError(f"{fault} at request {at} ({methods[at]}): {error}") from error


def test_what_is_too_long_for_the_forge_is_cut_and_linked_and_blocks_nothing(
    proxy: Proxy, name: str, stage: Callable[..., Any]
):
    """The emulator takes any length; the limit is GitHub's, in characters as Python counts them."""
    life, opened, _ = stage()
    context = opened()
    thread = context.store.thread(life.topic)
    with context.store.transaction(life.topic) as writing:
        writing.add(
            "thread-changed",
            {
                "field": "description",
                "value": "🌈 a line of the plan\n\n" * 4_000,
                "why": "",
                "mode": "set",
            },
        )
        body = {"id": f"{life.prefix}-U9", "form": "update", "marker": "update:long", "refs": {}}
        writing.add("update", {**body, "text": "the long one\n" + "🌈 line\n" * 20_000})
    answer = bring_up_to_date(opened(), life.topic, asked_for=True)
    assert answer.why is None
    issue = asked(proxy, f"/repos/octocat/{name}/issues/{thread.issue.number}")
    assert (
        20_000 < len(issue["body"]) <= 65_536
        and "more lines in the research logbook" in issue["body"]
    )
    comment = all_pages(proxy, f"/repos/octocat/{name}/issues/{thread.issue.number}/comments")[-1][
        "body"
    ]
    assert (
        60_000 < len(comment) <= 65_536
        and comment.startswith("the long one")
        and "are too many for a comment" in comment
    )
    people = issue["body"] + "\n" + "mine " * 12_800  # they leave hardly any room
    context.forge_for(life.topic).client.set_state(
        "PATCH", f"/repos/octocat/{name}/issues/{thread.issue.number}", {"body": people}
    )
    again = bring_up_to_date(opened(), life.topic, asked_for=True)
    assert again.why is None, again
    now = asked(proxy, f"/repos/octocat/{name}/issues/{thread.issue.number}")["body"]
    assert now.endswith("mine " * 12_800) and len(now) < len(people) - 20_000
