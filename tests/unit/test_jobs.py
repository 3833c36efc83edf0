"""Runs that nobody watches: started, found again by anybody, ended once."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.executors.local import LocalExecutor
from leadline.bootstrap import open_context
from leadline.core.errors import LeadlineError, remote
from leadline.core.timestamps import epoch_ms
from leadline.job import probe
from leadline.render.page import running_line
from leadline.services.context import Context
from leadline.services.look.next import due_now, next_actions
from leadline.services.look.open_runs import ask_open_runs
from leadline.services.run import jobs
from leadline.services.run.recover import recover_runs
from leadline.services.run.repeats import start
from leadline.testing.executor_contract import dies_at
from tests.unit.test_run_lifecycle import (
    TOPIC,
    Shed,
    asked,
    bodies,
    context,
    shed,
    with_executor,
)

__all__ = ["context", "shed"]  # fixtures


def again(context: Context, executor: Any) -> Context:
    """Another session in the same repository."""
    return with_executor(open_context(context.cwd), executor)


def test_a_detached_run_is_ended_by_whoever_comes_next(context: Context, shed: Shed) -> None:
    run = start(context, asked("sleep", "60"))
    later = again(context, shed)
    assert recover_runs(later) == [] and later.said == []  # type: ignore[attr-defined]
    [row] = jobs.listed(later)
    assert (row["id"], row["state"], row["watched"]) == ("P-001-r1", "running", False)
    found, _ = jobs.meant(later, TOPIC, ["P-001"])
    assert [one["state"] for one in jobs.stop(later, found)] == ["cancelled"]
    assert jobs.listed(later) == []
    [ended] = bodies(context, "run-ended")
    assert (ended["state"], ended["by"]) == ("cancelled", "reconcile")
    assert bodies(context, "run-planned")[0]["detached"] is True
    assert run.body["id"] == "P-001-r1"


def test_an_executor_is_asked_for_all_runs_together(
    context: Context, shed: Shed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        start(context, asked("sleep", "60"))
    sizes, poll = list[int](), shed.poll
    monkeypatch.setattr(shed, "poll", lambda given: sizes.append(len(given)) or poll(given))
    assert len(jobs.listed(again(context, shed))) == 3
    assert sizes == [3, 3]  # for those that are over, and for how the others stand
    jobs.stop(context, jobs.meant(context, TOPIC, [])[0])


def test_waiting_for_what_is_over_answers_how_it_ended(context: Context, shed: Shed) -> None:
    shed.ends = lambda spec: {**result_of("failed"), "exit_code": 3}  # type: ignore[typeddict-item]
    start(context, asked("false"))
    recover_runs(context)
    found, ended = jobs.meant(context, TOPIC, ["P-001-r1"])
    assert found == [] and [one["state"] for one in ended] == ["failed"]
    with pytest.raises(LeadlineError) as caught:
        jobs.meant(context, TOPIC, ["P-009"])
    assert caught.value.kind == "not_found"


def result_of(state: str) -> Any:
    from leadline.testing.fake_executor import result

    return result(state, f"it {state}")


def test_a_run_that_stands_still_is_stalled_and_one_without_a_signal_is_not(
    context: Context, shed: Shed
) -> None:
    quiet, stuck = (start(context, asked("sleep", str(n))) for n in (60, 61))
    began = time.time() - 4000
    words = (50, 100, began + 100, 0, began, 4, 50)
    Path(stuck.attempt, "progress").write_text(" ".join(map(str, (1, *words))))
    assert [row["state"] for row in jobs.listed(context)] == ["running", "stalled"]
    thread = context.store.thread(TOPIC)
    Path(stuck.attempt, "stdout.log").write_text("step 49\nwaiting for the lock\n")
    found = ask_open_runs(context, thread)
    assert [run.state for run in found] == ["running", "stalled"]
    assert "last line: waiting for the lock" in running_line(found[1])
    assert (
        "last line: waiting for the lock"
        in next_actions(thread, due_now(context, thread), found[1:], None, [], [])[0]["what"]
    )
    assert quiet.attempt != stuck.attempt


def test_a_clock_over_there_that_is_off_is_taken_out(context: Context, shed: Shed) -> None:
    ended_there = result_of("done")
    shed.ends = lambda spec: ended_there if spec["argv"] == ["true"] else None
    run = start(context, asked("true"))
    Path(run.attempt, "handle.json").write_text('{"clock_ahead_s": 3600.0}')
    recover_runs(context)
    [ended] = bodies(context, "run-ended")
    assert epoch_ms(ended_there["started_at"]) - epoch_ms(ended["started_at"]) == 3_600_000
    slow = start(context, asked("sleep", "60"))
    now = time.time() + 3600
    line = " ".join(map(str, (1, 50, 100, now, 0, now - 100, 4, 50)))
    Path(slow.attempt, "progress.seen").write_text(line)
    Path(slow.attempt, "handle.json").write_text('{"clock_ahead_s": 3700.0}')
    assert [row["state"] for row in jobs.listed(context)] == ["stalled"]
    Path(slow.attempt, "handle.json").write_text('{"clock_ahead_s": 3600.0}')
    assert [row["state"] for row in jobs.listed(context)] == ["running"]


def test_a_wait_ends_with_its_time_and_leaves_the_run(context: Context, shed: Shed) -> None:
    start(context, asked("sleep", "60"))
    found, _ = jobs.meant(context, TOPIC, [])
    assert [one["state"] for one in jobs.wait(context, found, 0.01)] == ["running"]
    assert not bodies(context, "run-ended")


def test_what_somebody_watches_is_ended_by_him(context: Context, shed: Shed) -> None:
    run = start(context, asked("sleep", "60"))
    later = again(context, shed)
    with context.open_runs.watching(run.uid, TOPIC):
        assert jobs.listed(later)[0]["watched"]
        shed.end(run.attempt, result_of("done"))
        assert not jobs.record(later, jobs.open_runs(later)[0])
        assert not bodies(later, "run-ended")
    assert jobs.record(later, jobs.open_runs(later)[0])
    assert len(bodies(later, "run-ended")) == 1


def test_nobody_waits_for_a_machine_that_is_away(context: Context, shed: Shed) -> None:
    """What every verb does asks no engine; who asks for the jobs does."""
    shed.place = "unpacked"
    context.vcs.export_tree = lambda commit, folder: os.makedirs(folder)  # type: ignore[method-assign]
    run = start(context, asked("sleep", "60"))
    later = again(context, shed)
    shed.asked.clear()
    assert recover_runs(later) == [] and shed.asked == []
    shed.out_of_sight = True
    [row] = jobs.listed(later)
    assert row["state"] == "unknown" and not bodies(later, "run-ended")
    shed.end(run.attempt, result_of("done"))
    shed.out_of_sight = False
    assert recover_runs(later) == ["P-001-r1"]  # its result lies here


def test_stopping_what_cannot_be_reached_is_an_error(context: Context, shed: Shed) -> None:
    start(context, asked("sleep", "60"))

    def away(attempt: str, handle: Mapping[str, object]) -> Any:
        raise remote("host-away", "the host does not answer", do="leadline jobs")

    shed.cancel = away  # type: ignore[method-assign]
    with pytest.raises(LeadlineError) as caught:
        jobs.stop(context, jobs.open_runs(context))
    assert caught.value.code == "host-away" and not bodies(context, "run-ended")


# ---- killed at any step --------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [12, pytest.param(24, marks=pytest.mark.long)])
def test_killed_at_any_step_there_is_one_job_and_one_record(context: Context, steps: int) -> None:
    local = LocalExecutor()
    with_executor(context, local)
    trace = Path(context.cwd).parent / "trace"
    command = ["sh", "-c", f"echo $LEADLINE_RUN >> {trace}"]
    total = dies_at(-1, lambda: start(context, asked(*command)))
    assert total > 200
    for number in range(steps):  # most of them late: where the record and the job are made
        early = 1 - (number / (steps - 1)) ** 0.5
        step = max(1, round(total * (1 - early**1.5)))
        session = again(context, LocalExecutor())
        dies_at(step, partial(start, session, asked(*command)))
    later = again(context, LocalExecutor())
    deadline = time.monotonic() + 60
    while jobs.open_runs(later) and time.monotonic() < deadline:
        recover_runs(later, unmarked=True)
    planned, ended = bodies(later, "run-planned"), bodies(later, "run-ended")
    names = [body["id"] for body in planned]
    assert sorted(body["run"] for body in ended) == sorted(names)  # each once
    assert len(set(names)) == len(names) >= steps // 3
    ran = trace.read_text().split()
    assert len(set(ran)) == len(ran)  # never twice
    states = {body["run"]: body["state"] for body in ended}
    assert {name for name, state in states.items() if state == "done"} == set(ran)
    assert set(states.values()) == {"done", "lost"}
    assert not list((Path(later.root) / "open").iterdir())
    for uid in (record.id for record in later.store.records(TOPIC) if record.kind == "run-planned"):
        assert probe.state(later.run_folder(uid))["state"] != "running"


# ---- lost, and tried again -----------------------------------------------------------------------


def with_retries(context: Context, shed: Shed, most: int) -> Context:
    from leadline.ports.executor_setup import ExecutorSetup

    context.executors.keep(ExecutorSetup(shed.name, "local", limits={"retries": most}))
    return context


def test_a_lost_run_is_tried_again_up_to_a_number_and_each_attempt_is_kept(
    context: Context, shed: Shed
) -> None:
    run = start(with_retries(context, shed, 2), asked("sleep", "60"))
    for number in (1, 2, 3):
        folder = context.run_folder(run.uid)
        assert folder.endswith(f"attempt-{number}")
        Path(folder, "stdout.log").write_text(f"attempt {number}\n")
        shed.lose(folder)
        assert recover_runs(again(context, shed)) == (["P-001-r1"] if number == 3 else [])
    [ended] = bodies(context, "run-ended")
    assert (ended["state"], ended["attempts"]) == ("lost", 3) and ended["lost_s"] >= 0
    kept = sorted(Path(context.root, "runs", run.uid).iterdir())
    assert [p.name for p in kept] == ["attempt-1", "attempt-2", "attempt-3"]
    assert (kept[0] / "stdout.log").read_text() == "attempt 1\n"
    spec = json.loads((kept[1] / "spec.json").read_text())
    assert spec["attempt"] == 2 and spec["env"]["LEADLINE_LAST_ATTEMPT"] == str(kept[0])


def test_what_came_of_the_second_attempt_is_the_runs(context: Context, shed: Shed) -> None:
    run = start(with_retries(context, shed, 1), asked("sleep", "60"))
    shed.lose(run.attempt)
    found, _ = jobs.meant(context, TOPIC, [])
    assert not jobs.record(context, found[0]) or not bodies(context, "run-ended")
    second = context.run_folder(run.uid)
    Path(second, "metrics.jsonl").write_text('{"x": 2}\n')
    shed.end(second, result_of("done"))
    [ended] = jobs.wait(context, found, 10.0)
    assert ended["state"] == "done" and bodies(context, "run-ended")[0]["metrics"] == {"x": 2}


def test_what_failed_or_was_never_started_is_not_tried_again(context: Context, shed: Shed) -> None:
    with_retries(context, shed, 5)
    failed, refused = (start(context, asked("sleep", str(n))) for n in (1, 2))
    shed.end(failed.attempt, result_of("failed"))
    Path(refused.attempt, "supervisor.err").write_text("no room\n")
    shed.lose(refused.attempt)
    assert len(recover_runs(context)) == 2
    for run in (failed, refused):
        assert context.run_folder(run.uid) == run.attempt
