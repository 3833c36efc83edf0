"""The four steps of a run without the command line: what each does when something goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leadline.adapters.executors.local import LocalExecutor
from leadline.bootstrap import open_context
from leadline.core.errors import LeadlineError, environment, remote, usage
from leadline.ports.executor import MAYBE_STARTED, Executor
from leadline.services.context import Context
from leadline.services.run import recover, sweep
from leadline.services.run.facts import gather
from leadline.services.run.lifecycle import end, launch, plan, run_one, watch
from leadline.services.run.recover import recover_runs
from leadline.services.run.repeats import execute
from leadline.services.run.request import Command, RunRequest, Terms, complete
from leadline.services.run.sweep_plan import SweepRequest
from leadline.testing.fake_executor import InstantExecutor, result
from tests.conftest import sealed_environment

TOPIC = "demo"
SECRET: dict[str, str | None] = {"API_KEY": "s3cr3t-and-long-enough"}


class Shed(InstantExecutor):
    """Remembers the handles that it was asked with."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Mapping[str, object]] = []

    def poll(self, attempts: Sequence[tuple[str, Mapping[str, object]]]) -> dict[str, str]:
        self.asked += [handle for _, handle in attempts]
        return super().poll(attempts)


@pytest.fixture
def shed() -> Shed:
    return Shed()


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shed: Shed) -> Context:
    """A thread in a repository of its own; ``shed`` is the only executor."""
    environ = sealed_environment(tmp_path)
    for name in set(os.environ) - set(environ):
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "repo"
    folder.mkdir()
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@b", *words], cwd=folder, check=True
        )
    made = open_context(str(folder))
    with made.store.transaction(TOPIC, create=True) as writing:
        writing.add("thread-started", {"prefix": "P", "title": "t", "goal": "g", "metrics": []})
    return with_executor(made, shed)


def with_executor(context: Context, executor: Executor) -> Context:
    context.settings["run.executor"] = executor.name

    def executor_for(name: str) -> Executor:
        if name == executor.name:
            return executor
        raise usage("unknown-executor", f"{name} is not here", do="leadline doctor")

    context.executor_for = executor_for
    said: list[str] = []
    context.warn = said.append
    context.said = said  # type: ignore[attr-defined]
    return context


def asked(*argv: str, **more: Any) -> RunRequest:
    return RunRequest(TOPIC, Command(list(argv or ("true",))), **more)


def to_the_end(executor: Executor, attempt: str, handle: Mapping[str, object]) -> bool:
    while executor.wait([(attempt, handle)])[attempt] not in ("finished", "gone"):
        pass
    return False


def bodies(context: Context, kind: str) -> list[dict[str, Any]]:
    return [r.body for r in context.store.records(TOPIC) if r.kind == kind]


def begun(context: Context, request: RunRequest | None = None) -> str:
    """A run whose watcher dies at once; its attempt folder."""

    class Died(Exception):
        pass

    def die(executor: Executor, attempt: str, handle: Mapping[str, object]) -> bool:
        raise Died(attempt)

    request = request or asked("sleep", "60")
    with pytest.raises(Died) as died:
        run_one(context, request, gather(context, request), die, context.warn)
    return str(died.value)


# ---- plan: hard before ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (asked(repeat=0), "bad-repeat"),
        (RunRequest(TOPIC, Command([])), "no-command"),
        (asked(hypotheses=["P-H9"]), "unknown-id"),
        (asked(experiment="P-009"), "unknown-id"),
        (asked("curl", "-H", "Authorization: Bearer hf_abcdefghijklmnopqrstuvwxyz0123456789"), "secret-in-command"),
        (RunRequest(TOPIC, Command(["true"], set_environment=SECRET)), "secret-in-environment-option"),
    ],
)  # fmt: skip
def test_what_may_not_run_leaves_nothing(context: Context, request_: RunRequest, code: str) -> None:
    with pytest.raises(LeadlineError) as refused:
        execute(context, request_, to_the_end)
    assert refused.value.code == code
    assert not bodies(context, "run-planned") and not context.open_runs.listed()


def test_the_executor_makes_ready_before_the_code_is_looked_at(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    class Ahead(InstantExecutor):
        def make_ready(self) -> None:
            order.append("ready")

        def not_needed(self) -> None:
            order.append("not needed")

    look = context.vcs.capture
    monkeypatch.setattr(
        context.vcs, "capture", lambda *a, **k: order.append("look") or look(*a, **k)
    )
    gather(with_executor(context, Ahead()), asked())
    assert order == ["ready", "look"]
    with pytest.raises(LeadlineError):
        execute(context, asked(experiment="P-009"), to_the_end)
    assert order[-1] == "not needed"


def test_an_executor_that_is_not_here_leaves_nothing(context: Context) -> None:
    context.settings["run.executor"] = "slurm"
    with pytest.raises(LeadlineError) as refused:
        execute(context, asked(), to_the_end)
    assert refused.value.code == "unknown-executor"
    assert not bodies(context, "run-planned") and not context.open_runs.listed()


def test_a_record_that_cannot_be_written_leaves_no_marker_held(
    context: Context, shed: Shed, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked()
    facts = gather(context, request)
    monkeypatch.setattr("leadline.adapters.store.event_log.os.fsync", full_disk)
    with pytest.raises(LeadlineError) as failed:
        run_one(context, request, facts, to_the_end, context.warn)
    monkeypatch.undo()
    assert failed.value.code == "disk-full"
    assert not bodies(context, "run-planned")
    assert recover_runs(context) == [] and not context.open_runs.listed()


def full_disk(fd: int) -> None:
    raise OSError(28, "No space left on device")


def test_the_plan_is_durable_and_held_before_anything_starts(context: Context) -> None:
    request = asked("sleep", "60")
    with plan(context, request, gather(context, request)) as run:
        assert bodies(context, "run-planned") == [run.body]
        assert not os.path.exists(run.attempt)
        with context.open_runs.abandoned(run.uid) as free:
            assert not free
    with context.open_runs.abandoned(run.uid) as free:
        assert free


# ---- launch: truthful ----------------------------------------------------------------------------


def refused(context: Context, executor: Executor) -> dict[str, Any]:
    """The one ending of a run that ``executor`` did not take."""
    request = asked()
    with pytest.raises(LeadlineError):
        run_one(context, request, gather(context, request), to_the_end, context.warn)
    assert not context.open_runs.listed() and recover_runs(context) == []
    [ended] = bodies(context, "run-ended")
    return ended


def test_what_the_executor_does_not_take_is_the_end_of_the_run(
    context: Context, shed: Shed
) -> None:
    shed.refuses = environment("no-room", "The queue is full.", do="leadline doctor")
    ended = refused(context, shed)
    assert (ended["state"], ended["by"]) == ("lost", "run")
    assert ended["reason"] == "the command was not started: The queue is full."


def test_what_may_have_been_started_stays_open_until_its_machine_is_asked(
    context: Context, shed: Shed
) -> None:
    shed.refuses = remote(MAYBE_STARTED, "It broke off.", do="leadline jobs")
    request = asked()
    with pytest.raises(LeadlineError):
        run_one(context, request, gather(context, request), to_the_end, context.warn)
    assert context.open_runs.listed() and not bodies(context, "run-ended")


def test_no_interpreter_for_the_job_program(context: Context) -> None:
    executor = LocalExecutor("/no/such/python")
    ended = refused(with_executor(context, executor), executor)
    assert ended["state"] == "lost" and "/no/such/python" in ended["reason"]


def test_a_spec_that_cannot_be_written_is_the_end_of_the_run(context: Context) -> None:
    request = asked()
    with pytest.raises(OSError), plan(context, request, gather(context, request)) as run:
        Path(run.attempt, "spec.json").mkdir(parents=True)  # in the way
        launch(context, run)
    [ended] = bodies(context, "run-ended")
    assert ended["state"] == "lost" and "not started" in ended["reason"]


def test_what_a_job_is_told(context: Context) -> None:
    command = Command(["sleep", "60"], set_environment={"A": "1", "B": None})
    request = RunRequest(TOPIC, command, Terms(timeout_s=9.0, grace_s=2.0, max_output_bytes=99))
    with plan(context, request, gather(context, request)) as run:
        handle = launch(context, run)
    folder = Path(run.attempt)
    spec = json.loads((folder / "spec.json").read_text())
    assert spec["argv"] == ["sleep", "60"] and spec["cwd"] == context.cwd
    assert (spec["env"]["A"], spec["env"]["B"]) == ("1", None)
    assert (spec["timeout_s"], spec["grace_s"], spec["max_output_bytes"]) == (9.0, 2.0, 99)
    assert (spec["run"], spec["cookie"]) == ("P-001-r1", run.uid)
    assert json.loads((folder / "handle.json").read_text()) == handle
    assert not [name for name in os.listdir(folder) if name.endswith(".tmp")]


# ---- watch: soft during --------------------------------------------------------------------------


def test_a_lost_watcher_costs_nothing(context: Context, shed: Shed) -> None:
    attempt = begun(context)
    assert not bodies(context, "run-ended")
    # It goes on: nobody ends it, and the handle that was kept is what its executor is asked with.
    assert recover_runs(context) == []
    assert shed.asked[-1] == json.loads(Path(attempt, "handle.json").read_text())
    assert "goes on without the command that started it (running)" in context.said[-1]  # type: ignore[attr-defined]
    shed.end(attempt, result("failed", "exit code 3", exit_code=3))
    assert recover_runs(context) == ["P-001-r1"]
    [ended] = bodies(context, "run-ended")
    assert (ended["state"], ended["exit_code"], ended["by"]) == ("failed", 3, "reconcile")
    assert recover_runs(context) == [] and not context.open_runs.listed()


def test_what_is_gone_is_lost(context: Context, shed: Shed) -> None:
    shed.lose(begun(context))
    assert recover_runs(context) == ["P-001-r1"]
    assert bodies(context, "run-ended")[0]["state"] == "lost"


def test_what_cannot_be_seen_is_left_alone(context: Context, shed: Shed) -> None:
    attempt = begun(context)
    shed.lose(attempt)
    shed.out_of_sight = True
    assert recover_runs(context) == []
    shed.out_of_sight = False
    with_executor(context, InstantExecutor())
    context.executor_for = missing  # where the executor is not installed
    assert recover_runs(context) == [] and "(unknown)" in context.said[-1]  # type: ignore[attr-defined]
    assert not bodies(context, "run-ended")


def missing(name: str) -> Executor:
    raise usage("unknown-executor", f"{name} is not here", do="leadline doctor")


def test_a_handle_that_a_crash_took_is_not_needed(context: Context, shed: Shed) -> None:
    attempt = begun(context)
    Path(attempt, "handle.json").write_text('{"torn')
    assert recover_runs(context) == [] and shed.asked[-1] == {}
    shed.end(attempt, result())
    assert recover_runs(context) == ["P-001-r1"]


def test_what_is_watched_is_ended_by_nobody_else(context: Context, shed: Shed) -> None:
    def meanwhile(executor: Executor, attempt: str, handle: Mapping[str, object]) -> bool:
        shed.end(attempt, result())
        assert recover_runs(context) == []
        return False

    request = asked("sleep", "60")
    outcome = run_one(context, request, gather(context, request), meanwhile, context.warn)
    assert outcome.state == "done" and len(bodies(context, "run-ended")) == 1


def test_an_interruption_ends_the_run_and_the_repeats(context: Context) -> None:
    def interrupt(executor: Executor, attempt: str, handle: Mapping[str, object]) -> bool:
        assert executor.cancel(attempt, handle)["did"]
        to_the_end(executor, attempt, handle)
        return True

    [outcome] = execute(context, asked("sleep", "60", repeat=3), interrupt)
    assert (outcome.state, outcome.interrupted) == ("cancelled", True)
    assert len(bodies(context, "run-planned")) == 1


# ---- end: loud after -----------------------------------------------------------------------------


def test_an_output_that_fails_its_check_is_said_and_gives_nothing(
    context: Context, shed: Shed
) -> None:
    table = Path(context.cwd, "out.csv")
    table.write_text("t\n1\n2\n")
    said: list[str] = []
    request = asked(terms=Terms(extract=["out.csv:time=t,rows=5"]))
    outcome = run_one(context, request, gather(context, request), to_the_end, said.append)
    assert outcome.state == "done" and outcome.metrics == {}
    assert outcome.problems and "nothing taken from it" in " ".join(said)


def test_repeats_are_runs_of_one_experiment(context: Context) -> None:
    said: list[str] = []
    outcomes = execute(context, asked(repeat=3), to_the_end, said.append)
    assert [o.id for o in outcomes] == ["P-001-r1", "P-001-r2", "P-001-r3"]
    assert {o.experiment for o in outcomes} == {"P-001"}
    [again] = execute(context, asked(), to_the_end, said.append)
    assert again.seen_before == ["P-001-r1", "P-001-r2", "P-001-r3"] and again.id == "P-002-r1"
    assert "run before (done: P-001-r1" in said[-1]


def test_the_steps_may_be_taken_for_several_at_once(context: Context, shed: Shed) -> None:
    first, second = asked("sleep", "1"), asked("sleep", "2")
    complete(context, first)
    with (
        plan(context, first, gather(context, first)) as one,
        plan(context, second, gather(context, second)) as two,
    ):
        handles = [launch(context, run, wait_until_up=False) for run in (one, two)]
        for run in (two, one):
            shed.end(run.attempt, result())
        assert not watch(context, two, handles[1], to_the_end)
        assert end(context, two, context.warn).id == "P-002-r1"
        assert end(context, one, context.warn).id == "P-001-r1"


# ---- a sweep takes the same steps ----------------------------------------------------------------


def swept(
    context: Context, jobs: int = 2, interrupted: Callable[[], bool] = lambda: False, *argv: str
) -> sweep.SweepOutcome:
    request = SweepRequest(
        list(argv or ("true", "{k}")), TOPIC, axes={"k": [1, 2, 3, 4]}, jobs=jobs, seed=1
    )
    hands = sweep.Hands(interrupted, lambda *told: None, look=lambda *told: looked.append(told))
    return sweep.execute(context, request, hands, context.warn)


looked: list[tuple[object, ...]] = []


def test_a_sweep_shows_what_is_under_way(context: Context) -> None:
    looked.clear()
    swept(context, 2)
    assert looked and all(total == 4 for _, total, _ in looked)


@pytest.mark.parametrize("jobs", [1, 2, 9])
def test_a_sweep_records_every_cell_once(context: Context, jobs: int) -> None:
    done = swept(context, jobs)
    assert (done.states, done.left, done.cells) == ({"done": 4}, 0, 4)
    assert len(bodies(context, "run-ended")) == 4 and not context.open_runs.listed()
    assert swept(context, jobs).skipped == 4


def test_a_sweep_whose_executor_takes_no_more(context: Context, shed: Shed) -> None:
    shed.ends = lambda spec: refuse_from_now_on(shed)
    with pytest.raises(LeadlineError) as failed:
        swept(context)
    assert failed.value.code == "no-room"
    # The second was not started, and says so; the first goes on and is held by nobody.
    [ended] = bodies(context, "run-ended")
    assert (ended["run"], ended["state"]) == ("P-002-r1", "lost")
    [(_, uid)] = context.open_runs.listed()
    shed.end(context.run_folder(uid), result())
    assert recover_runs(context) == ["P-001-r1"]


def refuse_from_now_on(shed: Shed) -> None:
    shed.refuses = environment("no-room", "The queue is full.", do="leadline doctor")


def test_an_interrupted_sweep_cancels_what_runs(context: Context) -> None:
    done = swept(context, 2, lambda: bool(bodies(context, "run-planned")[1:]), "sleep", "{k}")
    assert (done.states, done.left, done.interrupted) == ({"cancelled": 2}, 2, True)
    assert not context.open_runs.listed()


def test_a_run_that_cannot_be_ended_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(context: object, topic: str, uid: str, ask: bool) -> str:
        if uid == "one":
            raise ValueError("what nobody thought of")
        return uid

    monkeypatch.setattr(recover, "_end", odd)
    said: list[str] = []
    context = SimpleNamespace(warn=said.append)
    found = [recover._end_whatever_it_meets(context, "t", uid, True) for uid in ("one", "two")]  # type: ignore[arg-type]
    assert found == [None, "two"] and "what nobody thought of" in said[0]
