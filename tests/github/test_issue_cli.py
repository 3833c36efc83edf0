"""The experiment issue through the program: adopted, edited by people, offline, refused, killed, on
two machines.

What the emulator does not do (it knows no lock, no transfer, no permission) the proxy answers as
GitHub's documentation says; each such answer stands in the test that uses it.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leadline.core.managed_block import split
from tests.conftest import WHATEVER_IS_MISSING, Lab, sealed_environment
from tests.github.conftest import Proxy

_names = itertools.count(1)
SUMMARY = ("--worked", "it", "--did-not", "nothing", "--confidence", "low", "--limits", "one", "--conclusion", "done",
           "--next-step", "more")  # fmt: skip


class Hub:
    """The emulator, asked directly: what a person does in a browser."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy, self.token = proxy, f"person{next(_names)}"

    def __call__(self, method: str, path: str, body: Any = None, repository: str = "lab") -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.upstream, timeout=30)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        sent = json.dumps(body) if body is not None else None
        connection.request(method, f"/repos/octocat/{repository}{path}", sent, headers)
        data = connection.getresponse().read()
        return json.loads(data) if data else None

    def body(self, number: str) -> str:
        return str(self("GET", f"/issues/{number}")["body"])

    def texts(self, number: str) -> list[str]:
        comments = self("GET", f"/issues/{number}/comments?per_page=100")
        return [c["body"].partition("\n\n<!-- leadline:")[0] for c in comments]


@pytest.fixture
def hub(proxy: Proxy) -> Hub:
    return Hub(proxy)


def point_at(lab: Lab, url: str, **settings: str) -> None:
    chosen = {
        "forge": "github",
        "forge.repository": "octocat/lab",
        "forge.api_url": url,
        **settings,
    }
    folder = lab.repo / ".git" / "leadline"
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text("".join(f'"{k}" = "{v}"\n' for k, v in chosen.items()))


@pytest.fixture
def gh_lab(lab: Lab, proxy: Proxy) -> Lab:
    """A repository whose issues are on the emulator; its threads are called like no other's."""
    lab.env["GH_TOKEN"] = f"tok_owner{next(_names)}"
    point_at(lab, proxy.url)
    return lab


@pytest.fixture
def topic() -> str:
    return f"topic{os.getpid()}-{next(_names)}"


def away(lab: Lab) -> None:
    point_at(lab, "http://127.0.0.1:9")


def start(lab: Lab, topic: str, *args: str) -> str:
    data = lab.json("start", topic, "--prefix", "P", "--no-branch", "--goal", "find out", *args)[
        "data"
    ]
    return str(data["issue"])


# ---- opening and adopting ------------------------------------------------------------------------


def test_an_issue_that_people_wrote_is_adopted_and_keeps_every_character(
    gh_lab: Lab, hub: Hub, topic: str
):
    text = "Ada wrote this.\r\n\r\n* a list \r\n<b>raw</b>\n\ttab  \n\n"
    number = str(
        hub("POST", "/issues", {"title": "Is fp8 faster?", "body": text, "labels": ["gpu"]})[
            "number"
        ]
    )
    would = gh_lab.ok("start", topic, "--no-branch", "--draft") and gh_lab.ok(
        "issue", "adopt", number, "--dry-run"
    )
    assert f"adopt issue #{number} “Is fp8 faster?”" in would and hub.body(number) == text
    elsewhere = gh_lab.json("issue", "adopt", f"http://github.example/octocat/lab/issues/{number}")
    assert elsewhere["error"]["code"] == "another-server" and elsewhere["error"]["next"]
    page = f"{hub.proxy.url}/octocat/lab/issues/{number}"
    assert gh_lab.json("issue", "adopt", page)["data"]["number"] == number
    now = hub("GET", f"/issues/{number}")
    assert now["body"].startswith(text) and split(now["body"]).before == text + "\n\n"
    assert now["title"] == "Is fp8 faster?" and {label["name"] for label in now["labels"]} == {
        "gpu",
        "experiment",
    }
    gh_lab.ok("decide", "use it", "--no-evidence", "a test")
    gh_lab.ok("issue", "sync")
    assert hub.body(number).startswith(text) and "use it" in hub.body(number)
    assert hub("GET", f"/issues/{number}")["title"] == "Is fp8 faster?", (
        "a title that people gave stays"
    )
    assert gh_lab.json("issue", "status")["data"]["drift"] == []


def test_start_adopts_and_refuses_what_is_none(gh_lab: Lab, hub: Hub, topic: str):
    number = str(hub("POST", "/issues", {"title": "t", "body": None})["number"])
    assert start(gh_lab, topic, "--issue", f"#{number}") == number
    wrong = gh_lab.json("start", f"{topic}-b", "--issue", number)
    assert wrong["error"]["code"] == "issue-taken" and topic in wrong["error"]["what"]
    elsewhere = gh_lab.json(
        "start", f"{topic}-b", "--issue", "https://github.com/other/repo/issues/1"
    )
    assert elsewhere["error"]["code"] == "another-server"
    assert gh_lab.json("start", f"{topic}-b", "--issue", "soon")["error"]["code"] == "not-an-issue"
    assert gh_lab.json("start", f"{topic}-b", "--issue", "99999")["error"]["kind"] == "not_found"
    taken = gh_lab.json("issue", "adopt", str(int(number) - 1 or 99999))
    assert taken["error"]["code"] == "issue-exists" and "--instead" in taken["error"]["next"][0]
    assert gh_lab.json("brief", "--thread", f"{topic}-b")["error"]["code"] == "no-thread", (
        "nothing was recorded"
    )


def test_an_adopted_issue_of_another_thread_is_left_alone(
    gh_lab: Lab, hub: Hub, topic: str, tmp_path: Path
):
    number = start(gh_lab, topic)
    other = Lab(tmp_path / "other", dict(gh_lab.env))
    other.repo.mkdir()
    other.git("init", "-q")
    point_at(other, hub.proxy.url)
    refused = other.json("start", f"{topic}-b", "--issue", number)
    assert refused["error"]["code"] == "issue-taken" and topic in refused["error"]["what"]


def test_an_issue_of_the_same_number_elsewhere_is_left_alone(
    gh_lab: Lab, hub: Hub, proxy: Proxy, topic: str
):
    """A fork, or a setting that changed: the number is somebody else's issue there."""
    number = str(hub("POST", "/issues", {"title": "t", "body": "of people"})["number"])
    start(gh_lab, topic, "--issue", number)
    theirs = hub("POST", "/issues", {"title": "theirs", "body": "private"}, "fork")
    while theirs["number"] < int(number):
        theirs = hub("POST", "/issues", {"title": "theirs", "body": "private"}, "fork")
    point_at(gh_lab, proxy.url, **{"forge.repository": "octocat/fork"})
    told = gh_lab.json("update", "--change", "One.")["data"]["issue"]["why"]
    assert (
        told["code"] == "another-issue"
        and "leadline init --forge-repository octocat/lab" in told["next"]
    )
    assert gh_lab.json("issue", "status")["data"]["trouble"]["code"] == "another-issue"
    there = hub("GET", f"/issues/{number}", None, "fork")
    assert (there["body"], there["comments"]) == ("private", 0)
    gh_lab.ok("init", "--forge-repository", "octocat/lab")
    gh_lab.ok("issue", "sync")
    assert (
        "### One\n" in " ".join(hub.texts(number))
        and not gh_lab.json("issue", "status")["data"]["trouble"]
    )


def test_what_is_asked_of_an_issue_is_done_or_said(gh_lab: Lab, hub: Hub, proxy: Proxy, topic: str):
    """The emulator has no list of assignees and no sub-issues: the proxy answers as GitHub's
    documentation says."""
    milestone = f"M-{topic}"
    hub("POST", "/milestones", {"title": milestone})
    children: list[dict[str, Any]] = []

    def documented(method: str, path: str, n: int) -> object:
        if "/assignees/" in path:
            return (
                (204, {}, b"")
                if path.endswith("/octocat")
                else (404, {}, b'{"message": "Not Found"}')
            )
        if "/sub_issues" in path:
            if method == "POST":
                children.append({"number": 0})
            return (
                (201 if method == "POST" else 200),
                {},
                json.dumps({} if method == "POST" else []).encode(),
            )
        return None

    proxy.fault = documented
    args = [
        "--label",
        f"new {topic}",
        "--milestone",
        milestone,
        "--assignee",
        "octocat",
        "--assignee",
        "nobody",
    ]
    told = gh_lab.ok("start", topic, "--no-branch", *args, "--parent", "#1")
    assert "'nobody' cannot be assigned" in told
    number = gh_lab.json("issue")["data"]["number"]
    now = hub("GET", f"/issues/{number}")
    assert {label["name"] for label in now["labels"]} == {"experiment", f"new {topic}"}
    assert now["milestone"]["title"] == milestone and [a["login"] for a in now["assignees"]] == [
        "octocat"
    ]
    assert len(children) == 1
    assert "no milestone 'M9'" in gh_lab.ok(
        "start", f"{topic}-b", "--no-branch", "--milestone", "M9"
    )


# ---- people --------------------------------------------------------------------------------------


def test_a_change_inside_the_block_is_kept_shown_and_answered(gh_lab: Lab, hub: Hub, topic: str):
    number = start(gh_lab, topic)
    # as a browser sends it
    body = hub.body(number).replace("find out", "find out *quickly*").replace("\n", "\r\n")
    hub("PATCH", f"/issues/{number}", {"body": f"Bob: mind the cache.\r\n{body}"})
    status = gh_lab.json("issue", "status")["data"]
    assert [d["code"] for d in status["drift"]] == ["block-edited", "text-around"]
    assert "keep in the record" in gh_lab.ok(
        "issue", "sync", "--dry-run"
    ) and "quickly" in hub.body(number)
    gh_lab.ok("issue", "sync")
    now = hub.body(number)
    assert (
        now.startswith("Bob: mind the cache.\r\n") and "find out *quickly*" in now and "E1" in now
    )
    assert gh_lab.json("issue", "sync")["data"]["done"] == []
    assert "find out *quickly*" in gh_lab.ok("issue", "edits") and "E1" in gh_lab.ok("doctor")
    gh_lab.ok("issue", "settle", "E1", "--why", "taken over as the goal")
    assert "quickly" not in hub.body(number) and hub.body(number).startswith(
        "Bob: mind the cache.\r\n"
    )
    assert "taken over as the goal" in gh_lab.ok("issue", "edits")
    assert gh_lab.json("issue", "settle", "E1", "--why", "again")["error"]["code"] == "settled"
    assert gh_lab.json("issue", "settle", "E7", "--why", "x")["error"]["code"] == "no-edit"


def test_what_others_change_is_named_and_respected(gh_lab: Lab, hub: Hub, topic: str):
    number = start(gh_lab, topic)
    for change in ("one", "two", "three"):
        gh_lab.ok("note", f"note {change}")
        gh_lab.ok("update", "--change", f"Change {change}.")
    first, second, _ = hub("GET", f"/issues/{number}/comments")
    hub("DELETE", f"/issues/comments/{first['id']}")
    hub(
        "PATCH",
        f"/issues/comments/{second['id']}",
        {"body": second["body"].replace("Change two", "Change 2")},
    )
    hub(
        "PATCH", f"/issues/{number}", {"title": "Fast decode", "labels": ["gpu"], "state": "closed"}
    )
    status = gh_lab.json("issue", "status")["data"]
    assert [d["code"] for d in status["drift"]] == [
        "title-changed", "label-removed", "label-added", "closed", "comment-deleted", "comment-edited",
    ]  # fmt: skip
    gh_lab.ok("note", "more")
    gh_lab.ok("update", "--change", "Change four.")
    now = hub("GET", f"/issues/{number}")
    assert (now["title"], now["state"]) == ("Fast decode", "closed") and [
        x["name"] for x in now["labels"]
    ] == ["gpu"]
    texts = hub.texts(number)
    assert len(texts) == 3 and "Change 2" in texts[0] and "Change four" in texts[2], (
        "nothing is posted again"
    )
    refused = gh_lab.json(
        "issue", "fix", str(second["id"]), "--text", second["body"], "--why", "format"
    )
    assert refused["error"]["code"] in ("comment-edited", "not-a-format-fix")
    gh_lab.ok("issue", "sync", "--title")
    assert hub("GET", f"/issues/{number}")["title"].startswith("Experiment: ")


def test_a_block_that_was_taken_out_comes_back_in_front(gh_lab: Lab, hub: Hub, topic: str):
    number = start(gh_lab, topic)
    hub("PATCH", f"/issues/{number}", {"body": "only mine now\r\n"})
    assert [d["code"] for d in gh_lab.json("issue", "status")["data"]["drift"]][:1] == [
        "block-removed"
    ]
    gh_lab.ok("issue", "sync")
    assert hub.body(number).endswith("only mine now\r\n") and "## TL;DR" in hub.body(number)


# ---- offline -------------------------------------------------------------------------------------


def test_a_thread_lives_offline_and_is_whole_when_the_forge_is_back(
    gh_lab: Lab, hub: Hub, proxy: Proxy, topic: str
):
    away(gh_lab)
    told = gh_lab.ok("start", topic, "--prefix", "P", "--no-branch", "--label", "later")
    assert "waiting: open issue" in told and "cannot be reached" in told
    gh_lab.ok("note", "news")
    assert "waiting: " in gh_lab.ok("update", "--change", "News.")
    assert "waiting: " in gh_lab.ok("update", "--heartbeat", "--status", "still here")
    assert "waiting: " in gh_lab.ok("seal", "S1")
    assert "queued, no-issue" in gh_lab.run("check", "close").stdout
    told = gh_lab.ok("finish", *SUMMARY, "--reason", "not-planned")
    assert "waiting: open issue" in told and "queued:  no-issue" in told
    assert "post comment update P-U1" in gh_lab.ok("status")
    assert "(and 4 more): leadline issue status" in gh_lab.ok("brief")
    assert "wait to be sent" in gh_lab.run("doctor").stdout
    assert gh_lab.run("issue", "sync").returncode == 8
    assert [o["kind"] for o in gh_lab.json("issue", "sync", "--dry-run")["data"]["operations"]] == [
        "open", "comment", "comment", "comment", "comment", "close",
    ]  # fmt: skip
    point_at(gh_lab, proxy.url)
    done = gh_lab.json("issue", "sync")["data"]
    assert done["why"] is None and done["state"] == "closed"
    issue = hub("GET", f"/issues/{done['number']}")
    assert (issue["state"], issue["state_reason"]) == ("closed", "not_planned")
    said = ("### News", "**Heartbeat", "### Sealed P-S1", "## Final summary")
    texts = hub.texts(done["number"])
    assert len(texts) == 4 and all(t.startswith(s) for t, s in zip(texts, said, strict=True)), texts
    assert "leadline/" in issue["body"] and gh_lab.json("issue", "sync")["data"]["done"] == []
    assert "waiting" not in gh_lab.ok("status")


def test_a_forge_that_is_away_is_paid_for_once(gh_lab: Lab, proxy: Proxy, topic: str):
    start(gh_lab, topic)
    proxy.fault = lambda method, path, n: (503, {}, b'{"message": "down"}')
    gh_lab.ok("note", "x")
    gh_lab.ok("update", "--change", "One.")
    before = len(proxy.seen)
    gh_lab.ok("update", "--heartbeat", "--status", "a")
    assert len(proxy.seen) == before, "the pause is not over"
    assert gh_lab.run("issue", "sync").returncode == 8 and len(proxy.seen) > before, (
        "asked for, it is tried"
    )
    limited = (429, {"Retry-After": "1800"}, b'{"message": "too many"}')
    proxy.fault = lambda method, path, n: limited
    waits = gh_lab.json("issue", "sync")["data"]["why"]
    assert waits["code"] == "rate-limited" and waits["retry_at"]
    before = len(proxy.seen)
    assert gh_lab.run("issue", "sync").returncode == 8 and len(proxy.seen) == before, (
        "the server said when"
    )


# ---- refusals ------------------------------------------------------------------------------------


def said(message: str) -> bytes:
    return json.dumps({"message": message}).encode()


# What the client makes of each answer is asked in test_forge.py: here, that the program waits.
@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ((401, {}, said("Bad credentials")), "bad-token"),
        pytest.param(
            *((403, {}, said("Resource not accessible by personal access token")), "no-permission"),
            marks=pytest.mark.long,
        ),
        pytest.param(
            *((403, {}, said("Repository was archived so is read-only.")), "repository-archived"),
            marks=pytest.mark.long,
        ),
        ((403, {}, said("Unable to create comment because issue is locked.")), "issue-locked"),
        pytest.param(
            *((410, {}, said("This issue was deleted")), "issue-deleted"), marks=pytest.mark.long
        ),
        pytest.param(*((404, {}, said("Not Found")), "not-on-forge"), marks=pytest.mark.long),
        pytest.param(
            (301, {"Location": "https://api.elsewhere.example/repositories/1/issues/1"}, b"{}"),
            "repository-moved",
            marks=pytest.mark.long,
        ),
        pytest.param(
            *((422, {}, said("Validation Failed")), "forge-refused"), marks=pytest.mark.long
        ),
        (
            (
                403,
                {
                    "x-ratelimit-remaining": "0",
                    "x-ratelimit-reset": "4000000000",
                    "Date": "Sat, 02 Oct 2096 07:06:00 GMT",
                },
                said("API rate limit exceeded"),
            ),
            "rate-limited",
        ),
        ("refused", "forge-unreachable"),
    ],
)
def test_what_a_forge_refuses_waits_with_its_reason(
    gh_lab: Lab, proxy: Proxy, topic: str, reply: object, code: str
):
    start(gh_lab, topic)
    gh_lab.ok("note", "x")
    proxy.fault = lambda method, path, n: reply
    told = gh_lab.json("update", "--change", "One.")
    assert (
        told["ok"]
        and told["data"]["posted"] is False
        and told["data"]["issue"]["why"]["code"] == code
    )
    assert "tok_owner" not in json.dumps(told) and told["data"]["issue"]["waits"]
    status = gh_lab.json("issue", "status")["data"]
    assert status["trouble"]["code"] == code and "post comment update P-U1" in status["waits"]
    assert gh_lab.run("issue", "sync").returncode == 8
    if code == "rate-limited":
        return  # its pause is the server's; nobody asks before
    proxy.fault = lambda method, path, n: None
    assert gh_lab.json("issue", "sync")["data"]["why"] is None


def test_a_transferred_issue_gets_nothing_until_somebody_says_so(
    gh_lab: Lab, hub: Hub, proxy: Proxy, topic: str
):
    """GitHub redirects to the issue's new place: the answer is that of another repository."""
    number = start(gh_lab, topic)
    new = int(number) + 1  # of the same number it would be a repository that was renamed
    gh_lab.ok("note", "x")
    there = {
        **hub("GET", f"/issues/{number}"),
        "number": new,
        "html_url": f"https://github.com/octocat/new/issues/{new}",
    }
    moved = json.dumps(there).encode()
    here = f"/repos/octocat/lab/issues/{number}"

    def redirected(method: str, path: str, n: int) -> object:
        if path == here:
            return 301, {"Location": f"{proxy.url}/repositories/9/issues/{new}"}, b"{}"
        return (200, {}, moved) if path == f"/repositories/9/issues/{new}" else None

    proxy.fault = redirected
    told = gh_lab.json("update", "--change", "One.")["data"]["issue"]["why"]
    assert told["code"] == "issue-transferred" and f"octocat/new/issues/{new}" in told["what"]
    assert all(method == "GET" for method, path in proxy.seen[-3:])
    proxy.fault = lambda method, path, n: None
    fresh = str(hub("POST", "/issues", {"title": "the new place"})["number"])
    adopted = gh_lab.json("issue", "adopt", fresh, "--instead", "transferred")["data"]
    assert (
        adopted["number"] == fresh
        and "### One\n" in " ".join(hub.texts(fresh))
        and hub.texts(number) == []
    )


def test_a_label_that_may_not_be_made_is_said_and_stops_nothing(
    gh_lab: Lab, proxy: Proxy, topic: str
):
    def forbidden(method: str, path: str, n: int) -> object:
        return (
            (403, {}, said("Must have push access"))
            if (method, path) == ("POST", "/repos/octocat/lab/labels")
            else None
        )

    proxy.fault = forbidden
    assert "could not be created" in gh_lab.ok(
        "start", topic, "--no-branch", "--label", f"x{topic}"
    )


def test_without_a_token_or_a_repository_everything_is_recorded(
    gh_lab: Lab, proxy: Proxy, topic: str
):
    token = gh_lab.env.pop("GH_TOKEN")
    told = gh_lab.json("start", topic, "--no-branch")
    assert told["ok"] and told["data"]["why"]["code"] == "no-token"
    point_at(gh_lab, proxy.url, **{"forge.repository": ""})
    assert (
        gh_lab.json("start", f"{topic}-b", "--no-branch")["data"]["why"]["code"] == "no-repository"
    )
    point_at(gh_lab, proxy.url, **{"forge.repository": "octocat/nothing"})
    gh_lab.env["GH_TOKEN"] = token
    assert gh_lab.json("issue", "sync", "--thread", topic)["data"]["why"]["code"] == "not-on-forge"
    point_at(gh_lab, proxy.url)
    for name in (topic, f"{topic}-b"):
        assert gh_lab.json("issue", "sync", "--thread", name)["data"]["state"] == "open"


# ---- killed, and two machines --------------------------------------------------------------------


KILLED = (
    ("update", "--change", "News."),
    ("start",),
    ("finish", *SUMMARY, "--override", WHATEVER_IS_MISSING, "test"),
)


@pytest.mark.parametrize(
    ("verb", "write"),
    [
        pytest.param(verb, write, marks=[pytest.mark.long] if write != at else [])
        for at, verb in zip((2, 1, 3), KILLED, strict=True)
        for write in (1, 2, 3)
    ],
)
def test_a_process_killed_between_forge_and_record_leaves_no_double(
    gh_lab: Lab, hub: Hub, proxy: Proxy, topic: str, verb: tuple[str, ...], write: int
):
    """The n-th request that writes is done, and the program gets SIGKILL before it hears of it."""
    name = verb[0]
    if name != "start":
        start(gh_lab, topic)
        gh_lab.ok("decide", "use it", "--no-evidence", "a test")
    else:
        verb = ("start", topic, "--prefix", "P", "--no-branch")
    process = subprocess.Popen(
        [sys.executable, "-m", "leadline", *verb], cwd=gh_lab.repo, env=gh_lab.env,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    writes = itertools.count(1)

    def killing(method: str, path: str, n: int) -> object:
        if method == "GET" or next(writes) != write:
            return None
        os.kill(process.pid, signal.SIGKILL)
        return "lost"

    proxy.fault = killing
    process.wait(60)
    proxy.fault = lambda method, path, n: None
    if name != "start":
        gh_lab.ok(*verb)  # the same again
    gh_lab.ok("issue", "sync", "--thread", topic)
    data = gh_lab.json("issue", "--thread", topic)["data"]
    marker = f"<!-- leadline:experiment:{topic}:"
    issues = hub("GET", "/issues?state=all&per_page=100")
    assert [str(i["number"]) for i in issues if marker in (i["body"] or "")] == [data["number"]]
    texts = hub.texts(data["number"])
    assert len(texts) == {"start": 0, "update": 1, "finish": 1}[name] == len(data["comments"])
    assert data["current"] and gh_lab.json("issue", "sync", "--thread", topic)["data"]["done"] == []


@pytest.mark.parametrize("rounds", [1, pytest.param(3, marks=pytest.mark.long)])
def test_two_machines_that_sync_at_once_double_nothing_and_lose_nothing(
    gh_lab: Lab, hub: Hub, proxy: Proxy, topic: str, tmp_path: Path, rounds: int
):
    remote = tmp_path / "remote.git"
    gh_lab.git("init", "-q", "--bare", str(remote))
    gh_lab.git("remote", "add", "origin", str(remote))
    number = start(gh_lab, topic)
    away(gh_lab)
    gh_lab.ok("note", "both know")
    gh_lab.ok("update", "--change", "Both machines know this.")
    gh_lab.run("sync")
    other = Lab(
        tmp_path / "other", {**sealed_environment(tmp_path / "home2"), "LEADLINE_ACTOR": "Bob"}
    )
    other.env["GH_TOKEN"] = f"tok_owner{next(_names)}"
    gh_lab.git("clone", "-q", str(remote), str(other.repo))
    point_at(other, "http://127.0.0.1:9")
    other.run("sync")
    labs = (gh_lab, other)
    for round_, lab in enumerate(labs):
        assert "Both machines" in lab.ok("show", "P-U1")
        lab.ok("note", f"only {round_}")
        lab.ok("update", "--change", f"Only machine {round_} knows this.")
    for lab in labs:
        point_at(lab, proxy.url)

    def at_once(act: Callable[[Lab], Any]) -> None:
        threads = [threading.Thread(target=act, args=(lab,)) for lab in labs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for _ in range(rounds):
        at_once(lambda lab: lab.run("sync", timeout=120))
    for lab in labs:
        lab.ok("sync")
    texts = hub.texts(number)
    for words in ("Both machines know", "Only machine 0", "Only machine 1"):
        assert sum(words in t for t in texts) == 1, texts
    assert len(texts) == 3
    assert all(lab.json("issue", "sync")["data"]["done"] == [] for lab in labs)
    assert all(len(lab.json("issue")["data"]["comments"]) == 3 for lab in labs)
