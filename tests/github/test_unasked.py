"""A host gets a token, and a repository posts, only where somebody agreed to it on this machine; an
issue is one thread's."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Lab, sealed_environment
from tests.foreign import Foreign
from tests.github.conftest import Proxy
from tests.github.test_issue_cli import Hub

SENTINEL = "ghp_SENTINEL4f1e0b7c9d2a"
TOKENS = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


@pytest.fixture
def server(new_proxy: Callable[..., Proxy]) -> Proxy:
    return new_proxy("/api/v3")


def remote_of(server: Proxy) -> str:
    return f"http://127.0.0.1:{server.port}/octocat/lab.git"


@pytest.fixture
def asked(lab: Lab, server: Proxy) -> Lab:
    """A checkout that would like to choose the forge, with every token in the environment."""
    lab.env |= dict.fromkeys(TOKENS, SENTINEL)
    lab.git("remote", "add", "origin", remote_of(server))
    lab.write("leadline.toml", '[forge]\nname = "github"\nrepository = "octocat/lab"\n')
    lab.git("add", "-A")
    lab.git("commit", "-q", "-m", "settings")
    return lab


def topic(server: Proxy, name: str) -> str:
    return f"{name}-{server.port}"


def test_a_checkout_and_the_address_of_a_remote_send_nothing(asked: Lab, server: Proxy) -> None:
    for verb in (
        ("start", topic(server, "t"), "--prefix", "P", "--no-branch"),
        ("note", "x"),
        ("issue", "open"),
        ("update", "--change", "something"),
        ("issue", "status"),
        ("doctor", "--network"),
        ("seal", "one"),
    ):
        done = asked.run(*verb)
        assert "Traceback" not in done.stderr and SENTINEL not in done.stdout + done.stderr
    assert server.seen == [] == server.headers


def test_what_was_agreed_holds_for_that_place_alone(
    asked: Lab, server: Proxy, new_proxy: Callable[..., Proxy]
) -> None:
    other = new_proxy("/api/v3")
    asked.ok("init", "--github")
    asked.ok("start", topic(server, "t"), "--prefix", "P", "--no-branch")
    assert server.seen and asked.json("issue")["data"]["state"] == "open"
    asked.git("remote", "set-url", "origin", remote_of(other))
    before = len(server.seen)
    why = asked.json("issue", "sync")["data"]["why"]
    assert why["code"] == "not-agreed" and "127.0.0.1" in why["what"]
    assert other.seen == [] and len(server.seen) == before
    assert why["next"][0] == "leadline init --github"
    asked.ok(*why["next"][0].split()[1:])
    asked.run("issue", "sync")
    assert other.seen, "it was agreed to now"


def test_a_record_from_elsewhere_makes_nobody_post(lab: Lab, server: Proxy, tmp_path: Path) -> None:
    lab.env |= dict.fromkeys(TOKENS, SENTINEL)
    records = tmp_path / "records.git"
    subprocess.run(["git", "init", "-q", "--bare", str(records)], check=True)
    lab.git("remote", "add", "records", str(records))
    lab.git("remote", "add", "origin", remote_of(server))
    lab.ok("init", "--remote", "records")
    lab.git("remote", "set-url", "--push", "origin", str(records))
    foreign = Foreign("evil", "E", started=True)
    page = f"http://127.0.0.1:{server.port}/octocat/lab/issues/1"
    foreign.record(
        "issue-opened",
        {"forge": "github", "number": "1", "url": page, "title": "t", "labels": [], "body": ""},
    )
    foreign.note("to be posted")
    foreign.put_into(records, lab.env)
    for verb in (["sync"], ["issue", "sync"], ["issue", "status"], ["note", "x"], ["sync"]):
        assert "Traceback" not in lab.run(*verb).stderr
    assert lab.json("status", "--thread", "evil")["ok"], "its records are here"
    assert server.seen == []
    assert lab.json("issue", "sync")["data"]["why"]["code"] in ("not-agreed", "no-repository")


def test_the_login_of_gh_for_that_host_is_a_yes_too(
    asked: Lab, server: Proxy, tmp_path: Path
) -> None:
    """And the variables are not: gh hands them out for hosts of any name."""
    from leadline.adapters.forges.github.auth import token_for
    from leadline.core.errors import LeadlineError

    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    said = 'test "$4" = 127.0.0.1 && echo of_gh_login'
    gh.write_text(f'#!/bin/sh\necho "${{GH_TOKEN}}${{GH_ENTERPRISE_TOKEN}}"\n{said}\n')
    gh.chmod(0o755)
    environ = {"PATH": f"{gh.parent}:/usr/bin:/bin", **dict.fromkeys(TOKENS, SENTINEL)}
    assert token_for("127.0.0.1", environ, agreed=False) == "of_gh_login"
    with pytest.raises(LeadlineError) as caught:
        token_for("ghe.example.org", environ, agreed=False)
    assert caught.value.code == "not-agreed" and SENTINEL not in str(caught.value.as_dict())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_never_carries_the_token(
    asked: Lab, server: Proxy, new_proxy: Callable[..., Proxy], status: int
) -> None:
    elsewhere = new_proxy()
    where = f"http://localhost:{elsewhere.port}/repos/octocat/lab"
    server.fault = lambda method, path, n: (status, {"Location": where}, b"{}")
    asked.ok("init", "--github")
    asked.run("start", topic(server, "t"), "--prefix", "P", "--no-branch")
    asked.run("doctor", "--network")
    assert server.seen and elsewhere.seen == []


# ---- whose an issue is ---------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path, lab: Lab, proxy: Proxy) -> tuple[Lab, Lab]:
    """Two unrelated repositories that share a repository of issues and, by chance, a topic."""
    other = Lab(tmp_path / "other", sealed_environment(tmp_path / "home-other"))
    other.repo.mkdir()
    other.git("init", "-q", "-b", "main")
    other.git("commit", "-q", "--allow-empty", "-m", "unrelated")
    for each in (lab, other):
        each.env["GH_TOKEN"] = "tok_owner"
        each.ok("init", "--github", "--api-url", proxy.url, "--forge-repository", "octocat/lab")
    return lab, other


def started(lab: Lab, proxy: Proxy, goal: str) -> str:
    name = topic(proxy, "shared")
    lab.ok("start", name, "--prefix", "P", "--no-branch", "--goal", goal)
    return str(lab.json("issue")["data"]["number"])


def test_one_topic_in_two_repositories_is_two_issues(two: tuple[Lab, Lab], proxy: Proxy) -> None:
    first, second = two
    hub = Hub(proxy)
    number = started(first, proxy, "the goal of the first")
    before = hub("GET", f"/issues/{number}")
    other = started(second, proxy, "another goal")
    assert other != number and "another goal" in hub.body(other)
    after = hub("GET", f"/issues/{number}")
    assert (after["title"], after["body"]) == (before["title"], before["body"])

    refused = second.json("issue", "adopt", number, "--instead", "mistaken")["error"]
    assert refused["code"] == "issue-taken"
    for lab in two:
        name = topic(proxy, "shared")
        start = json.loads(
            next((lab.repo / f".git/leadline/threads/{name}/events").glob("*.jsonl"))
            .read_text()
            .splitlines()[0]
        )
        assert f"{name} ({start['id']})" in refused["what"], "both are named"
    assert hub.body(number) == before["body"]


def test_an_issue_of_before_is_found_by_its_own_thread_and_taken_over_on_purpose_only(
    two: tuple[Lab, Lab], proxy: Proxy
) -> None:
    first, second = two
    hub = Hub(proxy)
    number, name = started(first, proxy, "the goal of the first"), topic(proxy, "shared")
    body = hub.body(number)
    own = body.rpartition(f"<!-- leadline:experiment:{name}:")[2]
    old = body.replace(f"experiment:{name}:{own}", f"experiment:{name} -->")
    hub("PATCH", f"/issues/{number}", {"body": old})
    first.ok("correct", name, "goal=still found", "--why", "a better one")
    assert first.json("issue", "sync")["data"]["why"] is None
    assert "still found" in hub.body(number)

    other = started(second, proxy, "another goal")
    assert other != number and "still found" in hub.body(number)
    taken = second.json("issue", "adopt", number, "--instead", "the first is given up")
    assert taken["ok"] and taken["data"]["why"] is None, taken
    why = first.json("issue", "sync")["data"]["why"]
    assert why["code"] == "another-issue" and why["why"].count(name) >= 1
