"""The server for agents, spoken to by the SDK's own client and by lines that no client would send."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import Any

import pytest

from leadline.cli.parsing import load, parser_for
from leadline.core.errors import LeadlineError
from leadline.mcp.tools import (
    COMMAND,
    COMMANDS,
    PLACE,
    PLACES,
    READING,
    TOOLS,
    command_line,
    listed,
)

PY = sys.executable
MOST_CHARS, MOST_TOOLS = 9_000, 14


# ---- what there is -------------------------------------------------------------------------------


def test_an_agent_reads_little_before_its_first_word():
    assert len(TOOLS) <= MOST_TOOLS
    assert len(json.dumps(listed(read_only=False), ensure_ascii=False)) < MOST_CHARS


@pytest.mark.parametrize("tool", [t for t in TOOLS if t.name != "leadline"], ids=lambda t: t.name)
def test_every_argument_of_a_tool_is_an_option_of_its_verb(tool):
    parser = parser_for(tool.name, load(tool.name))
    texts = parser.format_help()
    for sub in ("add", "block", "falsify", "promote"):
        if tool.name == "hypothesis":
            action = next(a for a in parser._actions if a.choices and sub in a.choices)
            texts += action.choices[sub].format_help()
    for argument in tool.arguments:
        if argument.kind in (PLACE, PLACES, COMMAND, COMMANDS) or argument.name == "search":
            continue
        assert f"--{argument.name.replace('_', '-')}" in texts, argument.name


def test_a_text_that_begins_with_a_dash_is_no_option(thread_lab):
    words = command_line("note", {"text": "--json", "about": []}, False)
    assert thread_lab.json(*words)["data"]["text"] == "--json"


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("run", {"command": "python x.py"}, "bad-arguments"),
        ("run", {"command": ["x"], "repeat": "five"}, "bad-arguments"),
        ("run", {"commnd": ["x"]}, "bad-arguments"),
        ("compare", {"a": "P-001"}, "bad-arguments"),
        ("rm", {}, "no-such-tool"),
        ("leadline", {"argv": ["mcp"]}, "not-by-mcp"),
    ],
)
def test_a_call_of_the_wrong_form_says_what_is_wrong(name, arguments, code):
    with pytest.raises(LeadlineError) as caught:
        command_line(name, arguments, False)
    assert caught.value.code == code and caught.value.next


def test_what_is_read_only_writes_nothing():
    assert {t["name"] for t in listed(True)} == {"brief", "show", "status", "leadline"}
    for verb in ("note", "run", "decide", "init"):
        with pytest.raises(LeadlineError, match="writes"):
            command_line("leadline", {"argv": [verb, "x"]}, True)
    assert all(command_line("leadline", {"argv": [verb]}, True) == [verb] for verb in READING)


# ---- by the SDK's client -------------------------------------------------------------------------


@pytest.fixture
def client(thread_lab):
    """A function that runs a coroutine with a session of the SDK's client."""
    anyio = pytest.importorskip("anyio")
    pytest.importorskip("mcp")
    from mcp.client.session import ClientSession
    from mcp.client.stdio import StdioServerParameters, stdio_client

    def talk(say, *options):
        server = StdioServerParameters(
            command=PY,
            args=["-m", "leadline", "mcp", *options],
            env=thread_lab.env,
            cwd=str(thread_lab.repo),
        )

        async def main():
            async with stdio_client(server) as (reading, writing):
                async with ClientSession(reading, writing) as session:
                    await session.initialize()
                    return await say(session)

        return anyio.run(main)

    talk.lab = thread_lab
    return talk


def test_a_study_by_the_sdk_client(client):
    async def say(session):
        found: dict[str, Any] = {}
        found["tools"] = [t.name for t in (await session.list_tools()).tools]
        script = "print('{\"time_ms\": 5}')"
        found["run"] = await session.call_tool(
            "run", {"command": [PY, "-c", script], "set": {"block": 64}, "repeat": 2}
        )
        found["note"] = await session.call_tool(
            "note",
            {"text": "it takes {{P-001.time_ms}}", "about": ["P-001"], "interpretation": True},
        )
        found["wrong"] = await session.call_tool(
            "note", {"text": "it takes 7 ms", "about": ["P-001"], "interpretation": True}
        )
        found["any"] = await session.call_tool("leadline", {"argv": ["baseline", "set", "P-001"]})
        found["show"] = await session.call_tool("show", {"search": "takes"})
        found["brief"] = await session.read_resource("leadline://brief")
        found["experiment"] = await session.read_resource("leadline://experiment/P-001")
        found["prompt"] = await session.get_prompt("kickoff", {"topic": "wide blocks"})
        return found

    found = client(say)
    assert found["tools"] == [t.name for t in TOOLS]
    run = structured(found["run"])
    assert run["ok"] and run["counts"] == {"runs": 2, "done": 2}
    assert structured(found["note"])["data"]["bound"] == {"P-001.time_ms": 5.0}
    wrong = structured(found["wrong"])
    assert wrong["error"]["code"] == "unbound-number" and wrong["next"]
    assert structured(found["any"])["ok"] and structured(found["show"])["counts"]
    assert "P-001" in found["brief"].contents[0].text
    assert "wide blocks" in found["prompt"].messages[0].content.text


def structured(result) -> dict[str, Any]:
    return getattr(result, "structured_content", None) or result.structuredContent


# ---- by hand -------------------------------------------------------------------------------------


class Raw:
    """A client that writes lines."""

    def __init__(self, lab, *options: str) -> None:
        self.process = subprocess.Popen(
            [PY, "-m", "leadline", "mcp", *options],
            cwd=lab.repo,
            env=lab.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def send(self, line: str | dict[str, Any]) -> None:
        text = line if isinstance(line, str) else json.dumps({"jsonrpc": "2.0", **line})
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def next(self) -> dict[str, Any]:
        return json.loads(self.process.stdout.readline())

    def end(self) -> int:
        self.process.stdin.close()
        self.process.stdout.read()
        return self.process.wait(timeout=60)


@pytest.fixture
def raw(thread_lab):
    made = []

    def start(*options: str) -> Raw:
        made.append(Raw(thread_lab, *options))
        return made[-1]

    start.lab = thread_lab
    yield start
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()


def test_lines_that_are_no_messages_are_answered_and_the_server_goes_on(raw):
    server = raw()
    for line, code in (("{", -32700), ("[]", -32600), ("{}", -32600), ('"x"', -32600)):
        server.send(line)
        assert server.next()["error"]["code"] == code
    server.send({"id": 1, "method": "no/such"})
    assert server.next()["error"]["code"] == -32601
    server.send({"id": 2, "method": "tools/call", "params": []})
    assert server.next()["error"]["code"] == -32602
    server.send(
        {"id": 3, "method": "tools/call", "params": {"name": "brief", "arguments": {"budget": "x"}}}
    )
    assert server.next()["result"]["structuredContent"]["error"]["code"] == "bad-arguments"
    server.send({"id": "four", "method": "ping"})
    assert server.next() == {"jsonrpc": "2.0", "id": "four", "result": {}}
    assert server.end() == 0


def waiting_script(started: str, until: str = "") -> str:
    return (
        f"import os, time\nopen({started!r}, 'w').close()\n"
        f"for _ in range(2400): os.path.exists({until!r}) and os._exit(0); time.sleep(0.05)"
    )


def wait_for(path: str) -> None:
    reached = threading.Event()
    while not os.path.exists(path):
        assert not reached.wait(0.02)


def called(server: Raw, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    params = {"name": name, "arguments": arguments}
    server.send({"id": 7, "method": "tools/call", "params": params})
    return server.next()["result"]["structuredContent"]


def test_a_run_that_its_client_cancels_is_recorded_as_that(raw, tmp_path):
    server, started = raw(), str(tmp_path / "started")
    call = {"name": "run", "arguments": {"command": [PY, "-c", waiting_script(started)]}}
    server.send({"id": 7, "method": "tools/call", "params": call})
    wait_for(started)
    server.send({"method": "notifications/cancelled", "params": {"requestId": 7}})
    assert server.end() == 0
    ended = raw.lab.json("wait", "--for", "60")
    assert not ended["data"] or ended["data"][0]["state"] == "cancelled"
    (run,) = raw.lab.json("status", "--runs")["data"]
    assert run["state"] == "cancelled"


def test_a_run_goes_on_when_its_client_ends(raw, tmp_path):
    server, started = raw(), str(tmp_path / "started")
    script = waiting_script(started, until=str(tmp_path / "enough"))
    call = {"name": "run", "arguments": {"command": [PY, "-c", script], "repeat": 2}}
    server.send({"id": 7, "method": "tools/call", "params": call})
    wait_for(started)
    assert server.end() == 0
    (several, run) = raw.lab.json("jobs")["data"]
    assert (several["state"], run["state"]) == ("running", "running")
    (tmp_path / "enough").touch()
    assert {one["state"] for one in raw.lab.json("wait", several["id"])["data"]} == {"done"}
    assert raw.lab.json("status", "--runs")["counts"]["runs"] == 2


@pytest.mark.parametrize("repeat", [1, 2])
def test_what_takes_longer_than_a_client_waits_is_answered_with_its_id(raw, tmp_path, repeat):
    server, enough = raw("--answer-within", "1"), tmp_path / "enough"
    script = waiting_script(str(tmp_path / "started"), until=str(enough))
    answer = called(server, "run", {"command": [PY, "-c", script], "repeat": repeat})
    shown = answer["data"]["id"]
    assert shown == ("P-001" if repeat > 1 else "P-001-r1")
    assert answer["ok"] and answer["next"][0] == f"leadline wait {shown}"
    waited = called(server, "leadline", {"argv": ["wait", shown]})
    assert waited["data"]["state"] == "not over" and waited["next"] == [f"leadline wait {shown}"]
    enough.touch()
    while isinstance(over := called(server, "leadline", {"argv": ["wait", shown]})["data"], dict):
        assert over["state"] == "not over"  # a busy machine takes longer than a client waits
    assert over[0]["state"] == "done"


def test_a_run_that_outlives_its_session_is_still_of_it(raw, tmp_path):
    agent = subprocess.Popen([PY, "-c", "import time; time.sleep(600)"])
    raw.lab.env |= {"LEADLINE_AGENT": "codex", "LEADLINE_AGENT_PROCESS": str(agent.pid)}
    server, enough = raw("--answer-within", "1"), tmp_path / "enough"
    script = waiting_script(str(tmp_path / "started"), until=str(enough))
    shown = called(server, "run", {"command": [PY, "-c", script]})["data"]["id"]
    raw.lab.ok("session", "end")
    agent.kill()
    agent.wait()
    raw.lab.env = {k: v for k, v in raw.lab.env.items() if not k.startswith("LEADLINE_AGENT")}
    enough.touch()
    assert raw.lab.json("wait", shown)["data"][0]["state"] == "done"
    assert [s["state"] for s in raw.lab.json("session", "list")["data"]] == ["ended"]


def test_progress_is_told_and_a_long_answer_is_cut(raw):
    server = raw()
    script = "import time\nfor i in range(9): print('x' * 120000, flush=True); time.sleep(0.2)"
    call = {
        "name": "run",
        "arguments": {"command": [PY, "-c", script]},
        "_meta": {"progressToken": 5},
    }
    server.send({"id": 1, "method": "tools/call", "params": call})
    told, answer = [], server.next()
    while "id" not in answer:
        told.append(answer["params"])
        answer = server.next()
    assert len(json.dumps(answer)) < 40_000 and answer["result"]["structuredContent"]["ok"]
    assert told and all(p["progressToken"] == 5 for p in told)
    assert [p["progress"] for p in told] == list(range(1, len(told) + 1))


def test_the_agent_behind_the_server_is_the_one_that_the_record_names(raw):
    server = raw()
    server.send(
        {
            "id": 1,
            "method": "initialize",
            "params": {"clientInfo": {"name": "codex-mcp-client"}, "protocolVersion": "1"},
        }
    )
    assert server.next()["result"]["protocolVersion"]
    del raw.lab.env["LEADLINE_ACTOR"]
    server.send(
        {"id": 2, "method": "tools/call", "params": {"name": "note", "arguments": {"text": "seen"}}}
    )
    server.next()
    (session,) = raw.lab.json("session", "list")["data"]
    assert session["agent"] == "codex"


def test_where_there_is_no_thread_and_no_repository_the_answer_says_what_to_do(tmp_path, raw):
    server = raw("-C", str(tmp_path))
    server.send({"id": 1, "method": "tools/call", "params": {"name": "brief", "arguments": {}}})
    answer = server.next()["result"]
    assert answer["isError"] and answer["structuredContent"]["next"]
