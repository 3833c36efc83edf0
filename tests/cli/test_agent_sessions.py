"""A scripted agent lives three sessions of a small study by hooks and the server alone; a fourth has only
what the start gave it, and goes on with the right experiment."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

PY = sys.executable
BENCH = """import json, sys
block = int(sys.argv[1])
print(json.dumps({"time_ms": 640 / block + 5 + (9 if block > 200 else 0)}))
"""


class Agent:
    """A process of an agent's program, as its hooks and its server see it: one number, one session."""

    def __init__(self, lab: Any, named: str) -> None:
        self.lab, self.named = lab, named
        # The process that all of this comes from: a sleeping one, which ends with the session.
        self.process = subprocess.Popen([PY, "-c", "import time; time.sleep(600)"])
        self.env = {
            **lab.env,
            "LEADLINE_AGENT": "claude-code",
            "LEADLINE_AGENT_PROCESS": str(self.process.pid),
        }
        self.server = subprocess.Popen(
            [PY, "-m", "leadline", "mcp"],
            cwd=lab.repo, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.told = self.hook("SessionStart", source="startup")["hookSpecificOutput"][
            "additionalContext"
        ]

    def hook(self, word: str, **said: Any) -> dict[str, Any]:
        data = {
            "hook_event_name": word,
            "session_id": self.named,
            "cwd": str(self.lab.repo),
            **said,
        }
        done = subprocess.run(
            [PY, "-m", "leadline", "hook"], input=json.dumps(data), cwd=self.lab.repo, env=self.env,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return json.loads(done.stdout) if done.stdout else {}

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        params = {"name": tool, "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        assert self.server.stdin is not None and self.server.stdout is not None
        self.server.stdin.write(json.dumps(message) + "\n")
        self.server.stdin.flush()
        found = json.loads(self.server.stdout.readline())["result"]["structuredContent"]
        assert "error" not in found, found
        return found

    def end(self) -> None:
        assert self.server.stdin is not None
        self.server.stdin.close()
        self.server.wait(timeout=60)
        self.hook("SessionEnd", reason="exit")
        self.process.kill()
        self.process.wait()


@pytest.fixture
def study(lab):
    lab.repo.joinpath("bench.py").write_text(BENCH)
    lab.git("add", "bench.py")
    lab.git("commit", "-qm", "bench")
    lab.json("start", "wide-blocks", "--prefix", "P", "--success", "time_ms:ms:lower")
    del lab.env["LEADLINE_ACTOR"]
    lab.agents = []

    def agent(named: str) -> Agent:
        lab.agents.append(Agent(lab, named))
        return lab.agents[-1]

    lab.agent = agent
    yield lab
    for one in lab.agents:
        for process in (one.process, one.server):
            if process.poll() is None:
                process.kill()
            process.wait()


def bench(agent: Agent, block: int) -> dict[str, Any]:
    command = [PY, "bench.py", str(block)]
    return agent.call("run", command=command, set={"block": block}, repeat=2)


@pytest.mark.long
def test_a_fourth_session_goes_on_from_what_its_start_was_told(study):
    first = study.agent("one")
    bench(first, 64)
    first.call("leadline", argv=["baseline", "set", "P-001", "--why", "the case that is there"])
    owed = first.hook("Stop")["reason"]
    assert "P-001 has no interpretation" in owed and "leadline handoff" in owed
    first.call(
        "note", text="block 64 takes {{P-001.time_ms}}", about=["P-001"], interpretation=True
    )
    first.call("leadline", argv=["handoff", "the baseline is measured", "--next", "run block 128"])
    assert first.hook("Stop") == {}
    first.end()

    second = study.agent("two")
    assert second.told.splitlines()[1].startswith("since your last session P-E1 ")
    assert "run block 128" in second.told
    bench(second, 128)
    second.call(
        "note", text="{{P-002.time_ms}} with block 128", about=["P-002"], interpretation=True
    )
    second.call("claim", text="block 128 takes less time", that="time_ms(P-002) < time_ms(P-001)")
    second.call("leadline", argv=["handoff", "block 128 helps", "--next", "run block 256"])
    second.end()

    study.json("direct", "no block above 200: run block 192 next", "--by", "Ada")
    third = study.agent("three")
    (shown,) = set(re.findall(r"P-G\d+", third.told))
    assert "“no block above 200: run block 192 next”" in third.told
    third.call("leadline", argv=["ack", shown, "--note", "block 256 is left out; 192 is next"])
    third.call("leadline", argv=["handoff", "not run yet", "--next", "run block 192"])
    third.end()

    fourth = study.agent("four")
    # All that it has is the text of its start: what comes next, and how a run is made here.
    (block,) = set(re.findall(r"Next: run block (\d+)", fourth.told))
    (how,) = re.findall(r"How to run:\s*(.*)", fourth.told)
    assert block == "192" and "bench.py" in how
    bench(fourth, int(block))
    fourth.end()

    rows = study.json("status", "--runs")["data"]
    assert {row["config"]["block"] for row in rows} == {64, 128, 192}
    sessions = study.json("session", "list")["data"]
    assert [(s["agent"], s["state"]) for s in sessions] == [("claude-code", "ended")] * 4
    of_fourth = study.json("session", "show", sessions[0]["id"])["data"]
    assert of_fourth["counted"] == ["2 runs"]
    assert study.run("verify").returncode == 0


def ended_with(lab, tmp_path, text: str) -> str:
    """A session whose end linked a conversation; its id."""
    path = tmp_path / "conversation.jsonl"
    path.write_text(text)
    data = {"session_id": "s1", "cwd": str(lab.repo), "transcript_path": str(path)}
    for word in ("SessionStart", "SessionEnd"):
        subprocess.run(
            [sys.executable, "-m", "leadline", "hook"],
            input=json.dumps({**data, "hook_event_name": word}),
            cwd=lab.repo, env=lab.env, text=True, check=True, capture_output=True,
        )  # fmt: skip
    return lab.json("session", "list")["data"][0]["id"]


def test_a_conversation_is_attached_only_when_it_is_asked_for(thread_lab, tmp_path):
    lab = thread_lab
    shown = ended_with(lab, tmp_path, '{"said": "hello"}\n')
    data = lab.json("session", "show", shown)["data"]
    assert data["transcript"]["digest"] and not data["attached"]
    lab.ok("session", "attach-transcript", shown)
    data = lab.json("session", "show", shown)["data"]
    assert data["attached"] == data["transcript"]["digest"]
    kept = next((lab.repo / ".git/leadline/blobs").rglob(data["attached"].split(":")[1][2:]))
    assert kept.read_bytes() == b'{"said": "hello"}\n'


def test_a_conversation_with_a_secret_is_not_kept(thread_lab, tmp_path):
    lab = thread_lab
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    shown = ended_with(lab, tmp_path, json.dumps({"said": f"use {token}"}))
    done = lab.json("session", "attach-transcript", shown)
    assert done["error"]["code"] == "transcript-holds-secrets"
    blobs = lab.repo / ".git" / "leadline" / "blobs"
    assert not any(token.encode() in p.read_bytes() for p in blobs.rglob("*") if p.is_file())
    edited = tmp_path / "edited.jsonl"
    edited.write_text('{"said": "use [token]"}')
    done = lab.run("session", "attach-transcript", shown, "--path", str(edited))
    assert done.returncode == 0 and "is not what it was when" in done.stderr
    gone = lab.json("session", "attach-transcript", shown, "--path", str(tmp_path / "gone"))
    assert gone["error"]["code"] == "transcript-unreadable"
