"""Hooks through the real program: said once, refused where it would be lost, silent where nothing is
known, and never in the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

PY = sys.executable


@pytest.fixture
def hook(thread_lab):
    lab = thread_lab
    del lab.env["LEADLINE_ACTOR"]

    def call(word: str, *options: str, folder: Path | None = None, **said: Any) -> dict[str, Any]:
        data = {"hook_event_name": word, "session_id": "s1", "cwd": str(folder or lab.repo), **said}
        return ask(lab, json.dumps(data), *options)

    call.lab = lab
    return call


def ask(lab, text: str, *options: str) -> dict[str, Any]:
    done = subprocess.run(
        [PY, "-m", "leadline", "hook", *options],
        input=text, cwd=lab.repo, env=lab.env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout) if done.stdout else {}


def bash(hook, command: str, word: str = "PreToolUse", **more: Any) -> dict[str, Any]:
    return hook(word, tool_name="Bash", tool_input={"command": command}, **more)


def said(answer: dict[str, Any]) -> str:
    return answer["hookSpecificOutput"]["additionalContext"]


def test_the_start_gives_the_brief_and_opens_a_session(hook):
    text = said(hook("SessionStart", source="startup", model="claude-x"))
    assert len(text) <= 4000 and "leadline run" in text
    (session,) = hook.lab.json("session", "list")["data"]
    assert (session["agent"], session["state"]) == ("claude-code", "open")
    body = hook.lab.json("show", session["id"])["data"]["body"]
    assert (body["named"], body["model"]) == ("s1", "claude-x")
    hook("SessionStart", source="compact")
    assert len(hook.lab.json("session", "list")["data"]) == 1
    hook("SessionStart", source="clear", session_id="s2")
    assert [s["state"] for s in hook.lab.json("session", "list")["data"]] == ["open", "ended"]


def test_installed_for_a_project_and_its_user_the_brief_is_said_once(hook):
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: hook("SessionStart", source="startup"), range(2)))
    assert sum(bool(answer) for answer in answers) == 1
    assert len(hook.lab.json("session", "list")["data"]) == 1


def test_the_end_closes_it_and_links_the_conversation(hook, tmp_path):
    talk = tmp_path / "talk.jsonl"
    talk.write_text("{}\n")
    hook("SessionStart", source="startup")
    hook("SessionEnd", reason="exit", transcript_path=str(talk))
    (session,) = hook.lab.json("session", "list")["data"]
    data = hook.lab.json("session", "show", session["id"])["data"]
    assert data["state"] == "ended" and data["transcript"]["path"] == str(talk)
    assert data["transcript"]["digest"].startswith("sha256:")


def test_a_command_that_measures_meets_the_line_that_records_it_once(hook):
    assert "leadline run -- python bench.py --n 3" in said(bash(hook, "python bench.py --n 3"))
    assert bash(hook, "python bench.py --n 3") == {}
    assert bash(hook, "ls -la") == {}
    assert said(bash(hook, "python bench.py", session_id="s2"))


def test_ten_at_once_say_it_once(hook):
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: bash(hook, "torchrun train.py"), range(10)))
    assert sum(bool(answer) for answer in answers) == 1


def denied(answer: dict[str, Any]) -> str:
    out = answer["hookSpecificOutput"]
    assert out["permissionDecision"] == "deny"
    return out["permissionDecisionReason"]


def test_an_edit_of_what_is_rendered_or_recorded_is_refused_with_the_verb_that_does_it(hook):
    repo = hook.lab.repo
    (logbook,) = (repo / ".agents" / "logbooks").glob("*.md")
    reason = denied(hook("PreToolUse", tool_name="Edit", tool_input={"file_path": str(logbook)}))
    assert "leadline note" in reason
    assert denied(bash(hook, f"echo done >> {logbook.relative_to(repo)}"))
    events = next((repo / ".git" / "leadline").rglob("*.jsonl"))
    assert "leadline correct" in denied(bash(hook, f"rm {events}"))
    assert denied(hook("PreToolUse", tool_name="Write", tool_input={"file_path": str(events)}))
    assert hook("PreToolUse", tool_name="Edit", tool_input={"file_path": str(repo / "x.py")}) == {}


def test_an_edit_of_what_measures_is_refused_once(hook):
    (hook.lab.repo / "bench.py").write_text("print('{\"time_ms\": 5}')")
    hook.lab.json("measure", "protect", "bench.py")
    edit = {"tool_name": "Edit", "tool_input": {"file_path": "bench.py"}}
    assert "leadline measure again" in denied(hook("PreToolUse", **edit))
    assert hook("PreToolUse", **edit) == {}


def test_a_failed_run_is_pointed_at(hook):
    hook.lab.run("run", "--", PY, "-c", "raise SystemExit(3)")
    text = said(bash(hook, "leadline run -- python x.py", "PostToolUse"))
    assert "failed" in text and "show" in text
    assert bash(hook, "leadline run -- python x.py", "PostToolUse") == {}


def test_the_stop_asks_once_for_what_is_owed(hook):
    hook.lab.json("direct", "look at block 192")
    first = hook("Stop", stop_hook_active=False)
    assert first["decision"] == "block" and "look at block 192" in first["reason"]
    assert hook("Stop", stop_hook_active=False) == {}
    hook.lab.json("direct", "and at 96")
    assert hook("Stop", stop_hook_active=True) == {}
    assert "and at 96" in hook("Stop", stop_hook_active=False)["reason"]


def test_a_session_that_ran_something_owes_its_last_word(hook):
    hook.lab.env |= {"LEADLINE_AGENT": "claude-code", "LEADLINE_AGENT_PROCESS": str(os.getpid())}
    hook("SessionStart", source="startup")
    hook.lab.run("run", "--", PY, "-c", "print('{\"time_ms\": 5}')")
    reason = hook("Stop")["reason"]
    assert "leadline handoff" in reason and "interpretation" in reason
    hook.lab.json("handoff", "it runs")
    assert hook("Stop") == {}


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"hook_event_name": "New"}', "\xff"])
def test_what_is_not_understood_gets_no_answer(hook, text):
    assert ask(hook.lab, text) == {}


def test_an_option_of_another_version_is_no_failure(hook):
    assert said(hook("SessionStart", "--later", "x"))


def test_where_nothing_is_known_nothing_is_said(hook, tmp_path):
    for place in (tmp_path / "no-git", tmp_path / "empty"):
        place.mkdir()
    subprocess.run(["git", "init", "-q", tmp_path / "empty"], check=True, env=hook.lab.env)
    for place in (tmp_path / "no-git", tmp_path / "empty", tmp_path / "gone"):
        assert hook("SessionStart", folder=place) == {}
        assert bash(hook, "python bench.py", cwd=str(place)) == {}
        assert hook("Stop", folder=place) == {}


def test_with_two_threads_the_start_says_how_to_name_one(hook):
    hook.lab.git("checkout", "-q", "-b", "elsewhere")
    hook.lab.json("start", "another-topic", "--goal", "g")
    hook.lab.git("checkout", "-q", "elsewhere")
    (hook.lab.repo / ".git" / "leadline-thread").unlink(missing_ok=True)
    assert "--thread" in said(hook("SessionStart"))


def test_each_can_be_silenced(hook):
    hook.lab.env["LEADLINE_HOOKS_OFF"] = "before,stop"
    hook.lab.json("direct", "look")
    assert bash(hook, "python bench.py") == {} == hook("Stop")
    assert said(hook("SessionStart"))
    del hook.lab.env["LEADLINE_HOOKS_OFF"]
    hook.lab.json("init", "--set", 'hooks.off=["before"]')
    assert bash(hook, "python bench.py") == {} and hook("Stop")


def test_in_a_repository_without_commits_the_work_goes_on(tmp_path, lab):
    folder = tmp_path / "fresh"
    folder.mkdir()
    lab.repo = folder
    lab.git("init", "-q", "-b", "main")
    data = {"session_id": "s1", "cwd": str(folder)}
    assert ask(lab, json.dumps({"hook_event_name": "SessionStart", **data})) == {}
    lab.ok("start", "fresh", "--no-branch", "--goal", "find out")
    assert "find out" in said(ask(lab, json.dumps({"hook_event_name": "SessionStart", **data})))
    command = {"tool_name": "Bash", "tool_input": {"command": "python bench.py"}}
    told = ask(lab, json.dumps({"hook_event_name": "PreToolUse", **data, **command}))
    assert "leadline run -- python bench.py" in said(told)
    assert ask(lab, json.dumps({"hook_event_name": "SessionEnd", **data})) == {}


def test_a_subagent_meets_what_its_agent_meets_and_opens_no_session(hook):
    hook("SessionStart", source="startup")
    before = len(hook.lab.json("session", "list")["data"])
    in_it = {"agent_id": "sub1", "agent_type": "general-purpose"}
    assert said(hook("SubagentStart", **in_it)) and hook("SubagentStop", **in_it) == {}
    assert "leadline run" in said(bash(hook, "python bench.py", **in_it))
    assert bash(hook, "python bench.py", **in_it) == {}
    assert said(bash(hook, "python bench.py")), "what one was told the other has not read"
    assert len(hook.lab.json("session", "list")["data"]) == before


def test_a_megabyte_in_a_call_gets_a_short_answer_and_keeps_nobody(hook):
    long = "x" * (1 << 20)
    assert bash(hook, f"echo {long}") == {}
    answer = bash(hook, f"python bench.py --words {long}")
    assert len(said(answer)) < 1000
    after = hook(
        "PostToolUse",
        tool_name="Bash",
        tool_input={"command": "ls"},
        tool_response={"stdout": long},
    )
    assert after == {}


def test_a_command_that_the_profile_knows_meets_the_hint(hook):
    hook.lab.ok("profile", "use", "kernel")
    assert "Profile kernel" in said(hook("SessionStart", source="startup"))
    assert "leadline run -- ./k_bench_sm90" in said(bash(hook, "./k_bench_sm90"))
