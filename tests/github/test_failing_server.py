"""Exactly one comment on a server that fails as it was told to by people who do not know this
program (`myworld`).

Its faults are its own: the comment is written and the answer is 504, the connection ends, half a
body, a refused rate. It is no second GitHub (it has no labels to create and edits no comment), so
only what it has is asked of it here.
"""

from __future__ import annotations

import http.client
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from leadline.adapters.forges.github.client import Client
from leadline.adapters.forges.github.issues import GitHubForge
from leadline.core.errors import LeadlineError
from tests.github.conftest import FOLDER, free_port

PROGRAM = FOLDER / "myworld" / "bin" / "myworld"
WORLD = """
name: {name}
task: publish an experiment issue
time: realtime
now: wallclock
servers:
  github:
    seed:
      viewer: octocat
      users: [{{login: octocat, name: Octo Cat}}]
      repos: [{{name: octocat/lab, private: false, labels: [experiment], files: {{README.md: "# lab"}}}}]
faults:
{faults}
"""


class Server(NamedTuple):
    url: str
    token: str

    def forge(self, max_wait_s: float = 3.0) -> GitHubForge:
        return GitHubForge(
            Client(self.url, lambda: self.token, "", max_wait_s, timeout_s=10.0), "octocat/lab", ""
        )


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    pytest.importorskip("httpx2")
    if not PROGRAM.exists():
        pytest.skip("no failing server here: python tools/counterparts.py")
    running: list[subprocess.Popen[bytes]] = []

    def make(*faults: str) -> Server:
        port, gateway = free_port(), free_port()
        listed = "\n".join(f"  - {{server: github, {fault}}}" for fault in faults) or "  []"
        (tmp_path / "env.yaml").write_text(WORLD.format(name=f"w{port}", faults=listed))
        words = [
            "serve",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--env",
            "env.yaml",
            "--gateway",
            str(gateway),
        ]
        log = tmp_path / "log"
        with open(log, "wb") as out:
            command = [str(PROGRAM), *words, "--no-passthrough", "--ca-dir", str(tmp_path / "ca")]
            running.append(subprocess.Popen(command, cwd=tmp_path, stdout=out, stderr=out))
        until = time.monotonic() + 60
        while True:
            token = re.search(r"GH_TOKEN=(\S+)", log.read_text())
            try:
                asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                asked.request("GET", "/docs")
                if asked.getresponse().status == 200 and token:
                    return Server(f"http://127.0.0.1:{port}/gw/api.github.com", token[1])
            except OSError:
                pass
            assert running[-1].poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.05)

    yield make
    for process in running:
        process.terminate()
        process.wait()


def comments(server: Server, number: str) -> list[str]:
    return [c.text for c in server.forge().issue(number).comments]


CREATE = "tool: github.issues.createComment"


@pytest.mark.parametrize(
    "kind",
    [
        "timeout_after_commit",
        *(
            pytest.param(kind, marks=pytest.mark.long)
            for kind in ("bad_gateway", "unavailable", "server_error, status: 500", "timeout")
        ),
        "truncated",
    ],
)
@pytest.mark.parametrize("on_call", [pytest.param(1, marks=pytest.mark.long), 2])
def test_a_comment_is_there_once(start: Callable[..., Server], kind: str, on_call: int) -> None:
    """The fault stands at the first or the second comment; each is posted twice, as after a crash."""
    server = start(f"{CREATE}, kind: {kind}, on_call: {on_call}")
    number = server.forge().open_issue("Experiment: x", "body", ["experiment"], "x").number
    for marker in ("m1", "m2", "m1", "m2"):
        try:
            server.forge().comment(number, f"text of {marker}", marker)
        except LeadlineError as error:
            assert error.kind == "remote" and error.next == ["leadline sync"]
            server.forge().comment(number, f"text of {marker}", marker)
    assert comments(server, number) == ["text of m1", "text of m2"]


def test_a_comment_is_there_once_when_every_answer_is_lost(start: Callable[..., Server]) -> None:
    server = start(f"{CREATE}, kind: timeout_after_commit, probability: 1.0")
    number = server.forge().open_issue("Experiment: x", "body", ["experiment"], "x").number
    for _ in range(3):
        server.forge().comment(number, "the text", "m1")
    assert comments(server, number) == ["the text"]


def test_one_issue_is_opened_when_the_answer_is_lost(start: Callable[..., Server]) -> None:
    server = start("tool: github.issues.create, kind: timeout_after_commit, on_call: 1")
    first = server.forge().open_issue("Experiment: x", "body", ["experiment"], "x").number
    assert (
        server.forge().open_issue("Experiment: x", "body", ["experiment"], "x").number
        == first
        == "1"
    )


@pytest.mark.parametrize(
    "kind",
    [
        "rate_limit, retry_after: 1",
        "bad_gateway",
        pytest.param("truncated", marks=pytest.mark.long),
        pytest.param("unavailable", marks=pytest.mark.long),
    ],
)
def test_reading_goes_on_after_a_fault(start: Callable[..., Server], kind: str) -> None:
    server = start(f"tool: github.issues.get, kind: {kind}, on_call: 2")
    number = server.forge().open_issue("Experiment: x", "body", ["experiment"], "x").number
    try:
        assert server.forge().issue(number).title == "Experiment: x"
    # it names no time, so GitHub's advice of a minute holds: too long to wait here
    except LeadlineError as error:
        assert (kind.partition(",")[0], error.code) == (
            "rate_limit",
            "rate-limited",
        ) and error.details["retry_at"]
    assert server.forge().issue(number).title == "Experiment: x"


def test_a_wrong_token_is_said(start: Callable[..., Server]) -> None:
    server = start()
    with pytest.raises(LeadlineError) as caught:
        Server(server.url, "gho_wrong").forge().issue("1")
    assert caught.value.code == "bad-token"
