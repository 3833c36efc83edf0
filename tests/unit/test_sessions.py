"""Sessions: opened by what an agent writes first, named by every record of it, closed by word or by
who finds its process gone; and what its next one is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from leadline.adapters import who_works
from leadline.adapters.clock import SystemClock
from leadline.adapters.store.event_log import EventLog
from leadline.adapters.store.session_files import SessionFiles
from leadline.adapters.who_works import Process, Worker
from leadline.core.ids import named_id
from leadline.core.record.event import parse_line
from leadline.core.record.fold import fold
from leadline.core.view.since import since_line
from leadline.testing.builders import ThreadBuilder
from leadline.testing.fake_context import MemoryVcs


class Vcs(MemoryVcs):
    def identity(self):
        return {"name": "Ada", "email": "ada@example.org", "fallback": False}


def files(root: Path, worker: Worker, marked: bool = True) -> SessionFiles:
    made = SessionFiles(str(root), {"CLAUDECODE": "1"} if marked else {}, Vcs(str(root)))
    made._known = worker
    return made


def here(agent: str = "claude-code") -> Worker:
    process = who_works.process_of(os.getpid())
    assert process is not None
    return Worker(agent, process)


def log_of(root: Path, sessions: SessionFiles | None) -> EventLog:
    given = None if sessions is None else lambda: sessions
    return EventLog(str(root), "w1", "agent:x", SystemClock(), sessions=given)


def started(root: Path) -> None:
    with log_of(root, None).transaction("t", create=True) as writing:
        writing.add("thread-started", {"prefix": "P"})


def note(log: EventLog, text: str) -> None:
    with log.transaction("t") as writing:
        shown = named_id("P", "note", writing.next_number("note"))
        writing.add("note", {"id": shown, "text": text})


def test_the_first_record_of_an_agent_opens_a_session_that_the_next_process_finds(tmp_path: Path):
    started(tmp_path)
    note(log_of(tmp_path, files(tmp_path, here())), "one")
    note(log_of(tmp_path, files(tmp_path, here())), "two")
    thread = log_of(tmp_path, None).thread("t")
    (session,) = thread.of_kind("session")
    assert session.body["agent"] == "claude-code" and session.body["person"] == "Ada"
    assert [r.session for r in thread.records] == ["", session.uid, session.uid, session.uid]
    assert log_of(tmp_path, None).faults("t") == []


def test_a_person_opens_one_only_by_saying_so(tmp_path: Path):
    started(tmp_path)
    person = files(tmp_path, here(""), marked=False)
    note(log_of(tmp_path, person), "one")
    assert person.current("t") is None and not log_of(tmp_path, None).thread("t").items_by_kind.get(
        "session"
    )
    with log_of(tmp_path, person).transaction("t") as writing:
        assert writing.open_session() == "P-E1"
    note(log_of(tmp_path, files(tmp_path, here(""), marked=False)), "two")
    thread = log_of(tmp_path, None).thread("t")
    assert thread.records[-1].session == thread.of_kind("session")[0].uid


def test_a_session_whose_process_is_gone_is_closed_by_who_comes_next(tmp_path: Path):
    started(tmp_path)
    gone = Worker("claude-code", Process(os.getpid(), 1))  # its number was given again
    note(log_of(tmp_path, files(tmp_path, gone)), "one")
    note(log_of(tmp_path, files(tmp_path, here())), "two")
    first, second = log_of(tmp_path, None).thread("t").of_kind("session")
    assert first.body["ended"]["by"] == "seen" and "ended" not in second.body
    assert [s.id for s in files(tmp_path, here()).alive("t")] == [second.id]


def test_what_is_noted_of_other_writers_is_found_behind_a_session(tmp_path: Path):
    """A session stands in the envelope between what was seen and the thread."""
    started(tmp_path)
    other = EventLog(str(tmp_path), "w2", "Bo", SystemClock())
    note(other, "from another writer")
    mine = log_of(tmp_path, files(tmp_path, here()))
    note(mine, "one")
    note(log_of(tmp_path, files(tmp_path, here())), "two")
    lines = (tmp_path / "threads/t/events/w1-1.jsonl").read_bytes().splitlines()
    noted = [json.loads(line).get("seen") for line in lines]
    assert [bool(seen) for seen in noted] == [False, True, False, False]


def test_a_session_that_cannot_be_noted_loses_no_record(tmp_path: Path):
    started(tmp_path)
    (tmp_path / "sessions").write_text("in the way")
    note(log_of(tmp_path, files(tmp_path, here())), "one")
    note(log_of(tmp_path, files(tmp_path, here())), "two")
    assert [n.text for n in log_of(tmp_path, None).thread("t").of_kind("note")] == ["one", "two"]


def test_a_line_with_a_session_reads_back_as_it_was_written():
    b = ThreadBuilder()
    record = b.records[0]
    line = record.line()
    assert b'"session"' not in line  # one written before sessions is the same line
    inside = parse_line(line[:-2] + b',"session":"01M8MKZ3SNDMM96SJXS5AFVC7Z"}\n')
    assert inside.session and parse_line(inside.line()) == inside


# ---- who works -----------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc here")
def test_the_agent_is_the_nearest_process_that_lacks_the_mark_it_sets():
    """Two agents, one in the other: each marks what it starts, and the inner one is at work."""
    tell = "import os, json; from leadline.adapters.who_works import worker; print(json.dumps(worker(os.environ)))"
    inner = (
        "import os, subprocess, sys; print(os.getpid(), flush=True);"
        f"subprocess.run(['sh', '-c', 'true; {sys.executable} -c \"{tell}\"'], "
        "env=os.environ | {'CODEX_THREAD_ID': 'x'})"
    )
    env = {"PATH": os.environ["PATH"], "CLAUDECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", inner], env=env, capture_output=True, text=True, check=True
    )
    pid, said = done.stdout.split("\n")[:2]
    agent, process = json.loads(said)
    assert (agent, process[0]) == ("codex", int(pid))


# ---- what the next session is told ---------------------------------------------------------------


def test_an_agent_is_told_what_others_did_since_its_last_session():
    b = ThreadBuilder()
    shown = b._new("session", "", 1.0, agent="codex")
    b.run("block 64", {"time_ms": 5.0})
    b.actor = "Ada"
    b.claim("it is fast", ["P-001"], "time_ms(P-001) < 6")
    b.record("directive", {"id": "P-G1", "text": "look at 192", "by": "Ada"})
    told = since_line(b.thread(), "codex", "")
    assert told.startswith(f"since your last session {shown} ")
    assert told.endswith("1 run, 1 claim, 1 directive, by agent, Ada")
    assert since_line(b.thread(), "claude-code", "") == ""


@pytest.mark.parametrize("handed_over", [True, False])
def test_a_session_that_ran_and_left_no_word_is_said_to_have(handed_over):
    b = ThreadBuilder()
    shown = b._new("session", "", 1.0, agent="codex")
    b.run("block 64", {"time_ms": 5.0})
    if handed_over:
        b.record("note", {"id": "P-N1", "text": "it runs", "role": "handoff"})
    thread = b.thread()
    uid = thread.items[shown].uid
    records = [replace(record, session=uid) for record in thread.records]
    told = since_line(fold(records, thread.topic), "codex", "")
    assert ("left no last word: 1 run)" in told) is not handed_over
