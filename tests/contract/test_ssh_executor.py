"""The executor ``ssh`` against a real server on loopback: the contract, and what only it promises."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.executors import ssh
from leadline.adapters.executors.ssh import SshExecutor, _put
from leadline.core.errors import LeadlineError
from leadline.job.far import send
from leadline.ports.attempt import job_name
from leadline.ports.executor import Executor
from leadline.ports.executor_setup import ExecutorSetup
from leadline.testing.executor_contract import (
    PYTHON,
    Attempt,
    ExecutorContract,
    living,
    wait_until,
)
from tests.conftest import Lab
from tests.ssh_server import HOST, ssh_server


class Far(Attempt):
    """The job's folder is another one, on this machine all the same."""

    @property
    def there(self) -> str:
        repository = far()._repository
        return f"{os.environ['FAR_FOLDER']}/{repository}/runs/{job_name(self.dir)}"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with ssh_server(tmp_path_factory.mktemp("sshd")) as file:
        yield file


def setup_from_environment() -> ExecutorSetup:
    options = {"config": os.environ["FAR_CONFIG"]}
    folder = os.environ["FAR_FOLDER"]
    return ExecutorSetup("far", "ssh", HOST, work_folder=folder, options=options, git_dir="/none")


def far() -> SshExecutor:
    return SshExecutor(setup_from_environment())


class TestSshExecutor(ExecutorContract):
    attempt_class = Far

    @pytest.fixture
    def executor_factory(
        self, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[], Executor]:
        monkeypatch.setenv("FAR_CONFIG", str(config))
        monkeypatch.setenv("FAR_FOLDER", str(tmp_path / "far"))
        return far

    # Another process that carries on is below: detached there, and from another clone.
    @pytest.mark.long
    def test_another_process_carries_on_from_the_handle(self, attempt: Any) -> None:
        super().test_another_process_carries_on_from_the_handle(attempt)

    @pytest.mark.long
    def test_the_folder_does_where_the_handle_was_lost(self, attempt: Any) -> None:
        super().test_the_folder_does_where_the_handle_was_lost(attempt)

    def test_environment(self, attempt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """That of the machine over there, and what the spec sets; nothing of ours goes over."""
        monkeypatch.setenv("CONTRACT_KEPT", "secret-0451")
        names = "CONTRACT_KEPT CONTRACT_CHANGED PYTHONUNBUFFERED LEADLINE_RUN LEADLINE_RUN_DIR"
        program = (
            f"import os,json; print(json.dumps([os.environ.get(n) for n in '{names}'.split()]))"
        )
        env = {"CONTRACT_CHANGED": "né\n=w", "PYTHONUNBUFFERED": None}
        one = attempt([*PYTHON, program], env=env).submit()
        one.finish()
        assert json.loads(one.output()) == [None, "né\n=w", "1", "P-001-r1", one.there]
        assert (
            "secret-0451"
            not in subprocess.run(
                ["grep", "-r", "secret-0451", str(Path(one.there).parents[2])],
                capture_output=True,
                text=True,
            ).stdout
        )


@pytest.fixture
def lab_far(lab: Lab, config: Path, tmp_path: Path) -> Lab:
    """A thread, and the executor ``far`` declared."""
    lab.ok("start", "demo", "--prefix", "P", "--no-branch", "--success", "time_ms:ms:lower")
    options = ["--option", f"config={config}", "--work-folder", str(tmp_path / "far")]
    lab.ok("executor", "add", "far", "--kind", "ssh", "--host", HOST, *options)
    return lab


def folders(tmp_path: Path, kind: str) -> list[Path]:
    return sorted(p for p in (tmp_path / "far").glob(f"*/{kind}/*") if p.is_dir())


@pytest.mark.long
def test_the_code_of_submit_time_goes_over_once_a_tree(lab_far: Lab, tmp_path: Path) -> None:
    (lab_far.repo / "big.bin").write_bytes(os.urandom(200_000))
    (lab_far.repo / "bench.sh").write_text(
        "echo '{\"time_ms\": 1}'\ncat big.bin | wc -c >&2\npwd >&2\n"
    )
    first = lab_far.run("run", "--on", "far", "--", "sh", "bench.sh")
    assert first.returncode == 0, first.stderr
    [code] = folders(tmp_path, "code")
    assert "200000" in first.stderr and str(code) in first.stderr
    before = sum(p.stat().st_size for p in code.parents[1].glob("objects.git/objects/pack/*.pack"))
    lab_far.ok("run", "--on", "far", "--experiment", "P-001")
    assert len(folders(tmp_path, "code")) == 1
    (lab_far.repo / "bench.sh").write_text("echo '{\"time_ms\": 2}'\n")
    lab_far.ok("run", "--on", "far", "--", "sh", "bench.sh")
    assert len(folders(tmp_path, "code")) == 2
    after = sum(p.stat().st_size for p in code.parents[1].glob("objects.git/objects/pack/*.pack"))
    assert after - before < 20_000  # what was there was not sent again
    run = lab_far.json("show", "P-002-r1")["data"]
    assert (run["metrics"], run["executor"]) == ({"time_ms": 2.0}, "far")


def test_files_metrics_series_and_artifacts_come_back(lab_far: Lab, tmp_path: Path) -> None:
    program = (
        "import leadline as ll, pathlib, sys\n"
        "for n in range(5): ll.log(step=n, loss=1 / (n + 1)); ll.progress(n + 1, 5)\n"
        "pathlib.Path('out').mkdir(); pathlib.Path('out/plot.svg').write_text('<svg/>')\n"
        "pathlib.Path('r.csv').write_text('time_ms\\n4.5\\n')\n"
        "ll.log_artifact(pathlib.Path('out/plot.svg'), name='logged.svg')\n"
    )
    (lab_far.repo / "job.py").write_text(program)
    words = ["--metrics", "r.csv:time_ms=time_ms", "--artifact", "out/*.svg"]
    done = lab_far.run("run", "--on", "far", *words, "--", "python3", "job.py")
    assert done.returncode == 0, done.stderr
    run = lab_far.json("show", "P-001-r1")["data"]
    assert run["metrics"]["time_ms"] == 4.5 and run["metrics"]["loss"] == 0.2
    names = {row["name"] for row in lab_far.json("artifact", "list", "P-001")["data"]["artifacts"]}
    assert {"out/plot.svg", "logged.svg"} <= names
    assert not (lab_far.repo / "r.csv").exists()
    lab_far.ok("verify")


def test_detached_there_and_recorded_by_another_session(lab_far: Lab, tmp_path: Path) -> None:
    go = tmp_path / "go"
    script = f"echo up; while ! test -e {go}; do sleep 0.02; done; echo '{{\"time_ms\": 3}}'"
    lab_far.ok("run", "--on", "far", "--detach", "--", "sh", "-c", script)
    [job] = lab_far.json("jobs")["data"]
    assert (job["state"], job["executor"]) == ("running", "far")
    assert lab_far.ok("logs", "P-001") == "up\n"
    go.touch()
    assert lab_far.json("wait", "P-001")["ok"]
    assert lab_far.json("show", "P-001-r1")["data"]["metrics"] == {"time_ms": 3.0}
    script = "setsid setsid sh -c 'trap \"\" TERM; echo up; while :; do sleep 60; done' & sleep 60"
    lab_far.ok("run", "--on", "far", "--detach", "--", "sh", "-c", script)
    assert lab_far.json("stop", "P-002")["data"][0]["state"] == "cancelled"


@pytest.mark.long
def test_it_is_taken_up_from_another_clone_after_a_sync(
    lab_far: Lab, config: Path, tmp_path: Path
) -> None:
    go, remote, clone = tmp_path / "go", tmp_path / "remote.git", tmp_path / "clone"
    script = f"echo up; while ! test -e {go}; do sleep 0.02; done; echo '{{\"time_ms\": 3}}'"
    lab_far.git("init", "-q", "--bare", str(remote))
    lab_far.git("remote", "add", "origin", str(remote))
    lab_far.ok("run", "--on", "far", "--detach", "--", "sh", "-c", script)
    lab_far.ok("sync")
    lab_far.git("clone", "-q", str(remote), str(clone))
    other = Lab(clone, lab_far.env)
    other.run("sync")
    [job] = other.json("jobs")["data"]
    assert job["state"] == "unknown"  # it has no executor of that name
    options = ["--option", f"config={config}", "--work-folder", str(tmp_path / "far")]
    other.ok("executor", "add", "far", "--kind", "ssh", "--host", HOST, *options)
    [job] = other.json("jobs")["data"]
    assert (job["id"], job["state"], job["last_line"]) == ("P-001-r1", "running", "up")
    go.touch()
    assert other.json("wait", "P-001")["data"][0]["state"] == "done"
    assert other.json("show", "P-001-r1")["data"]["metrics"] == {"time_ms": 3.0}
    assert lab_far.json("wait", "P-001")["data"][0]["state"] == "done"  # apart: both record an end
    for lab in (other, lab_far, other):
        lab.ok("sync")
    for lab in (other, lab_far):
        [run] = lab.json("status", "--runs")["data"]
        assert (run["state"], run["metrics"]) == ("done", {"time_ms": 3.0})
        assert lab.ok("jobs") == "nothing is under way\n"


@pytest.mark.long
def test_the_environment_is_made_once_for_each_lock_file(
    lab: Lab, config: Path, tmp_path: Path
) -> None:
    lab.ok("start", "demo", "--prefix", "P", "--no-branch", "--success", "time_ms:ms:lower")
    made = tmp_path / "made"
    setup = f"mkdir -p $LEADLINE_ENV/bin; echo x >> {made}; cp tool.sh $LEADLINE_ENV/bin/tool"
    words = ["--setup", setup, "--lock-file", "lock", "--work-folder", str(tmp_path / "far")]
    lab.ok(
        "executor",
        "add",
        "far",
        "--kind",
        "ssh",
        "--host",
        HOST,
        "--option",
        f"config={config}",
        *words,
    )
    (lab.repo / "tool.sh").write_text("#!/bin/sh\necho '{\"time_ms\": 7}'\n")
    (lab.repo / "tool.sh").chmod(0o755)
    (lab.repo / "lock").write_text("1")
    lab.ok("run", "--on", "far", "--", "tool")
    (lab.repo / "other").write_text("edited")
    lab.ok("run", "--on", "far", "--", "tool")
    assert made.read_text() == "x\n"
    (lab.repo / "lock").write_text("2")
    lab.ok("run", "--on", "far", "--", "tool")
    assert made.read_text() == "x\nx\n"
    lab.ok("executor", "remove", "far")
    lab.ok("executor", "add", "far", "--kind", "ssh", "--host", HOST, "--option", f"config={config}",
           "--setup", "echo no such wheel; exit 3", "--work-folder", str(tmp_path / "far"))  # fmt: skip
    error = lab.json("run", "--on", "far", "--", "tool")["error"]
    assert error["code"] == "setup-failed" and "no such wheel" in error["what"]


def test_the_check_says_what_is_there(lab_far: Lab) -> None:
    found = lab_far.json("executor", "check", "far")["data"]
    said = {one["what"]: one["found"] for one in found["findings"]}
    assert found["ok"] and {"python", "git", "devices", "clock", "files"} <= set(said)


def test_a_machine_that_is_away_is_unknown_and_nothing_is_lost(lab: Lab, tmp_path: Path) -> None:
    lab.ok("start", "demo", "--prefix", "P", "--no-branch", "--success", "time_ms:ms:lower")
    go = tmp_path / "go"
    with ssh_server(tmp_path / "sshd") as config:
        options = ["--option", f"config={config}", "--work-folder", str(tmp_path / "far")]
        lab.ok("executor", "add", "far", "--kind", "ssh", "--host", HOST, *options)
        script = f"while ! test -e {go}; do sleep 0.02; done; echo '{{\"time_ms\": 3}}'"
        lab.ok("run", "--on", "far", "--detach", "--", "sh", "-c", script)
        way = SshExecutor(ExecutorSetup("", "ssh", HOST, options={"config": str(config)}))._way
        ssh = ["ssh", "-F", str(config), "-o", f"ControlPath=/tmp/leadline-{os.getuid()}/{way}-%C"]
        subprocess.run([*ssh, "-O", "exit", HOST], capture_output=True)
        kept = config.read_text()
        config.write_text(kept.replace("Port ", "Port 1"))
        assert lab.json("jobs")["data"][0]["state"] == "unknown"
        error = lab.json("run", "--on", "far", "--", "true")["error"]
        assert (error["kind"], error["code"]) == ("remote", "host-away")
        config.write_text(kept)
        for change, code in (
            ("IdentityFile /none\n  ", "key-refused"),
            ("UserKnownHostsFile /none\n  ", "host-key-unknown"),
        ):
            words = kept.replace(change.split()[0], f"{change}#", 1)
            config.write_text(words)
            subprocess.run([*ssh, "-O", "exit", HOST], capture_output=True)
            assert lab.json("run", "--on", "far", "--", "true")["error"]["code"] == code
        config.write_text(kept)
        # What was not handed over is over, and the one that goes on is not waited for by a look.
        stands = {run["id"]: run["state"] for run in lab.json("jobs")["data"]}
        assert stands == {"P-001-r1": "running"}
        go.touch()
        assert lab.json("wait", "P-001")["ok"]


def test_two_clones_do_not_meet_on_one_machine() -> None:
    folders = {
        SshExecutor(ExecutorSetup("far", "ssh", HOST, git_dir=where))._repository
        for where in ("/a/repo/.git", "/b/repo/.git")
    }
    assert len(folders) == 2


def test_the_other_side_writes_nowhere_but_into_the_attempt(tmp_path: Path) -> None:
    attempt = tmp_path / "attempt"
    attempt.mkdir()
    for path in ("../outside", "/outside", "a/../../outside", "spec.json"):
        _put(str(attempt), path, 0, 1, 0, b"x")
    assert not list(attempt.iterdir()) and not (tmp_path / "outside").exists()
    (attempt / "stdout.log").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError):
        _put(str(attempt), "stdout.log", 0, 1, 0, b"x")


def test_a_broken_answer_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever is cut off of it, what came whole stays and the run is not over before all is here."""
    one = SshExecutor(ExecutorSetup("far", "ssh", HOST, git_dir="/none"))
    attempt = tmp_path / "run" / "attempt-1"
    attempt.mkdir(parents=True)
    name, rest = job_name(str(attempt)), b""
    for path, content in (
        ("stdout.log", b"out\n"),
        ("a.txt", b"A"),
        ("result.json", b'{"state": "done"}'),
    ):
        head = {"attempt": name, "path": path, "offset": 0, "size": len(content)}
        head |= {
            "whole": len(content),
            "mtime_ns": 5,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        rest += json.dumps(head).encode() + b"\n" + content
    rest += b'{"end": true}\n'
    answer = {"states": {name: "finished"}}
    for cut in range(len(rest)):
        for left in attempt.iterdir():
            left.unlink()
        monkeypatch.setattr(one, "_exchange", lambda *_, cut=cut, **_more: (answer, rest[:cut]))
        state = one.poll([(str(attempt), {})])[str(attempt)]
        assert state == "unknown"
        if (attempt / "result.json").exists():  # it was cut off behind all that counts
            assert (attempt / "stdout.log").read_bytes() == b"out\n"
            assert one.poll([(str(attempt), {})])[str(attempt)] == "finished"


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SshExecutor:
    """One whose exchanges are made by the test; its attempt is at ``tmp_path``."""
    monkeypatch.setattr(ssh, "_sockets", lambda: str(tmp_path))
    (tmp_path / "spec.json").write_text('{"run": "P-001-r1"}')
    return SshExecutor(ExecutorSetup("far", "ssh", HOST, git_dir="/none"))


def fails(one: SshExecutor, monkeypatch: pytest.MonkeyPatch, said: str) -> list[str]:
    """``ssh`` ends as it does where it did not come through; what was asked of it."""
    asked: list[str] = []

    def argv(there: str) -> list[str]:
        asked.append(there)
        return ["sh", "-c", f'echo "{said}" >&2; exit {ssh.NOT_REACHED}']

    monkeypatch.setattr(one, "_argv", argv)
    return asked


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("ssh: connect to host far port 22: Connection refused", "host-away"),
        ("Connection to 10.1.1.1 port 22 timed out", "host-away"),
        ("root@far: Permission denied (publickey).", "key-refused"),
        ("client_loop: send disconnect: Broken pipe", "maybe-started"),
        ("Timeout, server far not responding.", "maybe-started"),
    ],
)
def test_only_what_was_surely_not_heard_was_not_started(
    one: SshExecutor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, code: str
) -> None:
    fails(one, monkeypatch, said)
    with pytest.raises(LeadlineError) as caught:
        one.submit(str(tmp_path), {})
    assert (caught.value.kind, caught.value.code) == ("remote", code)


def test_who_was_away_a_moment_ago_is_not_waited_for_by_the_next_look(
    one: SshExecutor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = fails(one, monkeypatch, "ssh: connect to host far port 22: No route to host")
    attempt = str(tmp_path)
    for _ in range(3):
        assert one.poll([(attempt, {})]) == {attempt: "unknown"}
        one.refresh([(attempt, {})])
    assert len(asked) == 1
    one.wait([(attempt, {})], 0.0)  # who waits asks
    assert len(asked) == 2
    monkeypatch.setattr(one, "_argv", lambda there: ["echo", '{}\n{"end": true}'])
    one._exchange({"verb": "watch"})
    assert not one._was_away(60.0)


def test_a_python_that_is_gone_makes_its_runs_unknown_and_ends_no_verb(
    one: SshExecutor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(one, "_argv", lambda there: ["sh", "-c", f"exit {ssh.NOT_FOUND}"])
    assert one.poll([(str(tmp_path), {})]) == {str(tmp_path): "unknown"}


def test_two_declarations_of_one_host_do_not_share_a_connection() -> None:
    setups = [ExecutorSetup("far", "ssh", HOST, options=o) for o in ({}, {"config": "/other"})]
    assert len({SshExecutor(setup)._way for setup in setups}) == 2


def test_what_raises_says_what_to_do() -> None:
    one = SshExecutor(
        ExecutorSetup("far", "ssh", HOST, options={"config": "/no/such"}, git_dir="/none")
    )
    with pytest.raises(LeadlineError) as caught:
        one.cancel("/none/attempt-1", {})
    assert caught.value.kind == "remote" and caught.value.next == [f"ssh -F /no/such {HOST} true"]


def test_cells_are_run_by_one_standing_job_a_place(lab_far: Lab, tmp_path: Path) -> None:
    words = ["--jobs", "2", "--on", "far"]
    done = lab_far.run(
        "sweep", "--axis", "n=1,2,3,4,5,6", *words, "--", "sh", "-c", "echo '{\"time_ms\": {n}}'"
    )
    assert done.returncode == 0, done.stderr
    [queue] = folders(tmp_path, "queues")
    slots = {
        slot.name: (slot / "up").read_text().split()[1] for slot in (queue / "slots").iterdir()
    }
    assert sorted(slots) == ["0", "1"]
    runs = [lab_far.json("show", f"P-00{n}-r1")["data"] for n in range(1, 7)]
    assert {run["state"] for run in runs} == {"done"}
    assert sorted(run["metrics"]["time_ms"] for run in runs) == [1, 2, 3, 4, 5, 6]
    assert {run["pilot"] for run in runs} <= set(slots)
    wait_until(lambda: all((queue / "slots" / slot / "ended").exists() for slot in slots))


def test_a_place_that_dies_gives_its_cells_back(config: Path, tmp_path: Path) -> None:
    options = {"config": str(config)}
    setup = ExecutorSetup("far", "ssh", HOST, work_folder=str(tmp_path / "far"), options=options,
                          git_dir="/none")  # fmt: skip
    one, queue = SshExecutor(setup), str(tmp_path / "queue")
    one.open_pilots(queue, 1)
    argvs = [["sleep", "600"], ["echo", "ran"], ["echo", "never"]]
    attempts = [
        Attempt(tmp_path / f"run-{n}" / "attempt-1", lambda: one, argv)
        for n, argv in enumerate(argvs)
    ]
    for each in attempts:
        each.handle = one.begin(each.dir, {"pilot": queue})
    stuck, _, withdrawn = attempts
    wait_until(lambda: stuck.state() == "running")
    assert withdrawn.state() == "queued"
    assert one.cancel(withdrawn.dir, withdrawn.handle)["did"] == "withdrawn"
    [place] = folders(tmp_path, "queues")
    os.kill(int((place / "slots/0/up").read_text().split()[1]), signal.SIGKILL)
    # Another process, as after the end of a client: the folder there says all.
    other = SshExecutor(setup)

    def states() -> set[str]:
        return set(other.poll([(each.dir, each.handle) for each in attempts]).values())

    wait_until(lambda: states() <= {"finished", "gone"})
    results = [other.result(each.dir) for each in attempts]
    assert [result and result["state"] for result in results] == ["lost", "done", "cancelled"]
    assert living(stuck.cookie) == [] and (place / "slots/0-1/up").exists()
    other.close_pilots(queue)


@pytest.mark.long
def test_the_device_of_a_place_is_its_own_between_the_runs(
    lab_far: Lab, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, words = tmp_path / "go", ["--option", f"config={config}"]
    words += ["--work-folder", str(tmp_path / "far"), "--device", f"gpu-{os.getpid()}"]
    lab_far.ok("executor", "add", "dev", "--kind", "ssh", "--host", HOST, *words)
    lab_far.ok("executor", "add", "other", "--kind", "ssh", "--host", HOST, *words)
    wait = f"while ! test -e {go}; do sleep 0.02; done; echo '{{\"time_ms\": 3}}'"
    lab_far.ok(
        *["sweep", "--on", "dev", "--detach", "--jobs", "2", "--axis", "n=1,2,3"],
        *["--", "sh", "-c", f"{wait} # {{n}}"],
    )

    def running() -> list[str]:  # the sweep that waits for a place runs too, and is no run
        jobs = [job for job in lab_far.json("jobs")["data"] if job["verb"] == "run"]
        return [job["id"] for job in jobs if job["state"] == "running"]

    wait_until(running)
    assert len(running()) == 1  # two places were asked for, and there is one device
    error = lab_far.json("run", "--on", "other", "--", "true")["error"]
    assert error["code"] == "device-taken" and "reserved" in error["what"]
    go.touch()
    assert lab_far.json("wait")["ok"]
    wait_until(lambda: lab_far.run("run", "--on", "other", "--", "true").returncode == 0)


@pytest.mark.long
def test_two_commands_in_turns_are_run_by_one_place(lab_far: Lab, tmp_path: Path) -> None:
    sides = ["sh", "-c", "echo '{\"time_ms\": 3}' # "]
    lab_far.run(
        *["ab", "--on", "far", "--blocks", "2", "--warmup", "0"],
        *["--", *sides[:2], sides[2] + "a", "--", *sides[:2], sides[2] + "b"],
    )
    runs = lab_far.json("status", "--runs")["data"]
    assert len(runs) == 8 and {run["state"] for run in runs} == {"done"}
    assert len(folders(tmp_path, "queues")) == 1
    assert {lab_far.json("show", run["id"])["data"]["pilot"] for run in runs} == {"0"}


def test_a_program_there_that_broke_off_is_asked_no_more(
    one: SshExecutor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name, asked = job_name(str(tmp_path)), list[str]()
    answer = json.dumps({"states": {name: "running"}})
    cut = json.dumps({"attempt": name, "path": "a", "offset": 0, "size": 9, "sha256": "?"})

    def argv(there: str) -> list[str]:
        asked.append(there)
        end, then = (cut, "exit") if len(asked) == 1 else ('{"end": true}', ":")
        each = f"echo '{answer}'; echo '{end}'; {then}"
        return ["sh", "-c", f"echo Welcome; while read line; do {each}; done"]

    monkeypatch.setattr(one, "_argv", argv)
    states = [one.poll([(str(tmp_path), {})])[str(tmp_path)] for _ in range(4)]
    assert states == ["unknown", "running", "running", "running"] and len(asked) == 2


def test_files_that_go_while_they_are_sent_break_nothing_off(tmp_path: Path) -> None:
    (tmp_path / "here").write_text("x")
    frames = [("run", shown, str(tmp_path / shown), 0) for shown in ("gone", "here")]
    out = io.BytesIO()
    send(out, frames)
    heads = out.getvalue().splitlines()
    assert len(heads) == 2 and b'"here"' in heads[0] and heads[1].startswith(b'x{"end"')


@pytest.mark.long
def test_what_does_not_go_over_is_named_at_launch(lab_far: Lab) -> None:
    """A large file, and one whose content lies beside git's objects: a run would meet a pointer."""
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n"
    (lab_far.repo / ".git" / "pointer").write_text(pointer)
    lab_far.git("config", "filter.lfs.clean", "cat > /dev/null; cat .git/pointer")
    lab_far.write(".gitattributes", "*.pt filter=lfs\n")
    lab_far.write("model.pt", "the content")
    lab_far.git("add", "-A")
    lab_far.git("commit", "-qm", "model")
    (lab_far.repo / "large.bin").touch()
    os.truncate(lab_far.repo / "large.bin", 1 << 30)
    for words in (["run"], ["sweep", "--axis", "n=1"], ["ab", "--blocks", "1", "--", "true"]):
        done = lab_far.run(*words[:1], "--on", "far", *words[1:], "--", "true", "{n}")
        assert "not in the code that runs on far: large.bin (1073741824 bytes" in done.stderr, words
        assert "model.pt (its content lies beside git's objects" in done.stderr
    gaps = lab_far.json("show", "P-001-r1")["data"]["code"]["gaps"]
    assert {gap["path"] for gap in gaps} == {"large.bin", "model.pt"}
    here = lab_far.run("run", "--", "true", "here")
    assert "not in the code" not in here.stderr


def test_a_python_there_that_is_too_old_starts_nothing(
    lab_far: Lab, config: Path, tmp_path: Path
) -> None:
    """It says so before it hears anything: the run is over, and not unknown for ever."""
    old = tmp_path / "python3.6"
    old.write_text("#!/bin/sh\necho 'SyntaxError: invalid syntax' >&2; exit 1\n")
    old.chmod(0o755)
    words = ["--kind", "ssh", "--host", HOST, "--option", f"config={config}"]
    lab_far.ok("executor", "add", "old", *words, "--option", f"python={old}")
    error = lab_far.json("run", "--on", "old", "--", "true")["error"]
    assert error["code"] == "job-program-broken" and "SyntaxError" in error["what"]
    assert f"{old} --version" in error["next"][0]
    assert [run["state"] for run in lab_far.json("status", "--runs")["data"]] == ["lost"]


def test_a_disk_that_was_full_spoils_nothing_for_later(lab_far: Lab, tmp_path: Path) -> None:
    """What Python would cut off of its bytecode on a full disk, it would read ever after."""
    lab_far.ok(
        "run", "--on", "far", "--", "python3", "-c", "import leadline as ll; ll.log(time_ms=1)"
    )
    [program] = [path for path in (tmp_path / "far" / "job").iterdir()]
    assert not list(program.rglob("*.pyc"))


def test_a_changed_host_key_comes_with_the_command_that_forgets_the_first(
    lab_far: Lab, config: Path, tmp_path: Path
) -> None:
    port = config.read_text().partition("Port ")[2].split()[0]
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "k"], check=True
    )
    kind, key, _ = (tmp_path / "k.pub").read_text().split(" ", 2)
    (tmp_path / "known").write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
    changed = tmp_path / "config"
    known = f"UserKnownHostsFile {tmp_path}/known\n"
    changed.write_text(f"Host {HOST}\n  {known}" + config.read_text())
    words = ["--kind", "ssh", "--host", HOST, "--option", f"config={changed}"]
    lab_far.ok("executor", "add", "changed", *words)
    error = lab_far.json("run", "--on", "changed", "--", "true")["error"]
    assert error["code"] == "host-key-changed"
    assert (
        error["next"][1].startswith("ssh-keygen -f") and str(tmp_path / "known") in error["next"][1]
    )


@pytest.mark.long
def test_a_sweep_over_there_goes_on_without_its_client(lab_far: Lab, tmp_path: Path) -> None:
    """All cells wait over there: they are run though the client was killed, and recorded once."""
    go = tmp_path / "go"
    script = f"while ! test -e {go}; do sleep 0.02; done; echo '{{{{\"time_ms\": {{k}}}}}}'"
    words = ["--on", "far", "--detach", "--axis", "k=1,2,3,4"]
    told = lab_far.json("sweep", *words, "--", "sh", "-c", script)["data"]
    given = ["queued", "queued", "queued", "running"]

    def over_there() -> list[str]:  # one that is not handed over yet has another state
        jobs = lab_far.json("jobs")["data"]
        return sorted(job["state"] for job in jobs if job["verb"] == "run")

    wait_until(lambda: over_there() == given)
    about = Path(told["log"]).with_name("about.json")
    os.kill(json.loads(about.read_text())["pid"], signal.SIGKILL)
    states = sorted(job["state"] for job in lab_far.json("jobs")["data"])
    assert states == ["left", *given]
    go.touch()
    lab_far.run("wait")
    rows = lab_far.json("status", "--runs")["data"]
    assert sorted(row["metrics"]["time_ms"] for row in rows) == [1.0, 2.0, 3.0, 4.0]
    assert lab_far.json("jobs")["data"][0]["state"] == "left"
    lab_far.ok("verify")


@pytest.mark.long
def test_an_attempt_that_was_lost_there_is_tried_again_and_costs_what_it_ran(
    lab_far: Lab, config: Path, tmp_path: Path
) -> None:
    words = ["--kind", "ssh", "--host", HOST, "--option", f"config={config}"]
    words += ["--work-folder", str(tmp_path / "far"), "--limit", "retries=1"]
    lab_far.ok("executor", "add", "again", *words)
    script = "echo up; test $LEADLINE_ATTEMPT = 2 || { sleep 1.2; echo on; exec sleep 600; }"
    lab_far.ok("run", "--on", "again", "--detach", "--", "sh", "-c", script)
    wait_until(lambda: lab_far.ok("logs", "P-001") == "up\non\n")
    [owner] = (tmp_path / "far").glob("*/runs/*/owner.json")
    os.kill(json.loads(owner.read_text())["pid"], signal.SIGKILL)
    assert lab_far.json("wait", "P-001")["data"][0]["state"] == "done"
    assert "2 attempts (1." in lab_far.ok("show", "P-001-r1")
