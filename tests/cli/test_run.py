"""`leadline run` on real commands: what is recorded, what comes through, and every way a run can
end."""

from __future__ import annotations

import json
import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leadline.job.probe import start_ticks

PY = sys.executable


def wait_for(condition, timeout_s: float = 20.0):
    """Await a condition; the value that made it true."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError("the condition did not come true")


def start(lab, *args: str) -> subprocess.Popen:
    return subprocess.Popen(
        [PY, "-m", "leadline", *args],
        cwd=lab.repo,
        env=lab.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )


def test_of_a_long_output_its_ends_and_what_a_failed_run_printed(thread_lab):
    code = "import sys; [print('epoch', n) for n in range(9000)]; sys.exit('no such tensor: wte')"
    done = thread_lab.run("run", "--tail", "3", "--", PY, "-c", code)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-4:] == ["epoch 9", "epoch 8997", "epoch 8998", "epoch 8999"]
    assert "KiB of stdout not shown here: /" in done.stderr and "no such tensor: wte" in done.stderr
    quiet = thread_lab.run("run", "--quiet", "--", PY, "-c", code)
    assert quiet.stdout == "" and "  no such tensor: wte" in quiet.stderr
    for shown in ("P-001", "P-001-r1"):
        assert "no such tensor: wte" in thread_lab.run("show", shown).stdout
    whole = thread_lab.run("logs", "P-001-r1").stdout
    assert len(whole.splitlines()) == 9000


def test_output_passes_through_and_metrics_are_recorded(thread_lab):
    code = "import json, sys; print('plain'); print(json.dumps({'time_ms': 2.5})); print('oops', file=sys.stderr)"
    done = thread_lab.run("run", "--set", "block=64", "--", PY, "-c", code)
    assert done.returncode == 0
    assert done.stdout == 'plain\n{"time_ms": 2.5}\n'
    assert "oops" in done.stderr and "P-001-r1 done" in done.stderr and "time_ms=2.5" in done.stderr
    shown = thread_lab.json("show", "P-001-r1")["data"]
    assert (
        shown["metrics"] == {"time_ms": 2.5}
        and shown["config"] == {"block": 64}
        and shown["exit_code"] == 0
    )
    assert shown["argv"][:2] == [PY, "-c"] and shown["cwd"] == "."
    assert (
        shown["hardware"]["cpu_count"]
        and shown["software"]["python"]
        and shown["code"]["dirty"] is False
    )


def test_ll_log_from_the_job(thread_lab):
    thread_lab.write(
        "job.py", "import leadline as ll\nfor s in range(5): ll.log(step=s, time_ms=10.0 - s)\n"
    )
    thread_lab.ok("run", "--", PY, "job.py")
    shown = thread_lab.json("show", "P-001-r1")["data"]
    assert shown["metrics"]["time_ms"] == 6.0
    assert shown["extraction"]["series"]["time_ms"]["points"] == 5


def test_exit_codes_are_the_commands_own(thread_lab):
    assert thread_lab.run("run", "--", PY, "-c", "raise SystemExit(3)").returncode == 3
    assert thread_lab.run("run", "--", "no-such-program").returncode == 127
    assert thread_lab.run("run", "--timeout", "0.3", "--", "sleep", "30").returncode == 124
    segv = thread_lab.run("run", "--", PY, "-c", "import os; os.kill(os.getpid(), 11)")
    assert segv.returncode == 128 + 11
    states = [thread_lab.json("show", f"P-00{n}-r1")["data"] for n in (1, 2, 3, 4)]
    assert [s["state"] for s in states] == ["failed", "failed", "timeout", "failed"]
    assert "no-such-program" in states[1]["reason"] and states[3]["signal"] == "SIGSEGV"


def test_repeat_makes_runs_of_one_experiment(thread_lab):
    data = thread_lab.json("run", "--repeat", "3", "--", "true")["data"]
    assert [r["id"] for r in data["runs"]] == ["P-001-r1", "P-001-r2", "P-001-r3"]
    more = thread_lab.json("run", "--experiment", "P-001", "--repeat", "2")["data"]
    assert [r["id"] for r in more["runs"]] == ["P-001-r4", "P-001-r5"]
    other = thread_lab.run("run", "--experiment", "P-001", "--", "false")
    assert other.returncode == 125 and "not that of P-001" in other.stderr


def test_known_configuration_is_announced_before_it_starts(thread_lab):
    thread_lab.run("run", "--set", "k=1", "--", "false")
    again = thread_lab.run("run", "--set", "k=1", "--", "false")
    assert "were run before (failed: P-001-r1)" in again.stderr
    toggle = "test -e .git/on || exit 1"
    for expected in (1, 0, 1):
        assert thread_lab.run("run", "--", "sh", "-c", toggle).returncode == expected
        (thread_lab.repo / ".git/on").unlink() if expected == 0 else (
            thread_lab.repo / ".git/on"
        ).touch()
    assert (
        "add a repeat instead: leadline run --experiment P-004"
        in thread_lab.run("run", "--", "sh", "-c", toggle).stderr
    )
    assert "before" not in thread_lab.run("run", "--set", "k=2", "--", "false").stderr


def test_a_value_that_is_set_stands_in_the_command_that_names_it(thread_lab):
    given = ["--set", "n=8", "--set", "lr=3e-4", "--artifact", "out-{n}"]
    done = thread_lab.json("run", *given, "--", "echo", "{n}", "--lr={lr}", "{other}", "{{n}}")
    shown = thread_lab.json("show", done["data"]["runs"][0]["id"])["data"]
    assert shown["argv"] == ["echo", "8", "--lr=3e-4", "{other}", "{{n}}"]
    assert shown["config"] == {"n": 8, "lr": 0.0003} and "out-8" in str(shown)
    refused = thread_lab.run("run", "--set", "n=8", "--", "echo", "--n", "9")
    assert "next: leadline run --set n=9 -- echo --n 9" in refused.stderr


def test_dirty_and_untracked_files_are_in_the_code_state(thread_lab):
    thread_lab.write("code.py", "print('changed')\n")
    thread_lab.write("new.py", "print('new')\n")
    thread_lab.write(".env", "TOKEN=super-secret-value\n")
    before = thread_lab.git("status", "--porcelain")
    data = thread_lab.json("run", "--", "true")["data"]["runs"][0]
    assert thread_lab.git("status", "--porcelain") == before
    commit = data["code"]["commit"]
    assert data["code"]["dirty"] is True
    assert thread_lab.git("show", f"{commit}:code.py") == "print('changed')"
    assert thread_lab.git("show", f"{commit}:new.py") == "print('new')"
    assert ".env" not in thread_lab.git("ls-tree", "-r", "--name-only", commit)
    assert data["code"]["secrets"] == [".env"]


def test_secrets_reach_neither_record_nor_branch(thread_lab):
    secret = "hunter2-correct-horse"
    env = {"API_TOKEN": secret}
    code = "import os; print(os.environ['API_TOKEN']); raise SystemExit(1)"
    thread_lab.run("run", "--env", "API_TOKEN", "--", PY, "-c", code, env=env)
    refused = thread_lab.run("run", "--", "echo", secret, env=env)
    assert refused.returncode == 125 and "secret" in refused.stderr
    root = thread_lab.repo / ".git" / "leadline"
    for folder in ("threads", "blobs", "runs"):
        for file in (root / folder).rglob("*"):
            if file.is_file() and file.name != "stdout.log":
                assert secret.encode() not in file.read_bytes(), file


def test_checked_extraction_publishes_nothing_when_it_fails(thread_lab):
    thread_lab.write(
        "make.py", "open('out.csv', 'w').write('shape,elapsed\\na,1.0\\na,2.0\\nb,3.0\\n')\n"
    )
    thread_lab.ok(
        "run", "--metrics", "out.csv:time_ms=elapsed,unique=shape,rows=3", "--", PY, "make.py"
    )
    bad = thread_lab.json("show", "P-001-r1")["data"]
    assert bad["metrics"] == {} and any(
        "3" in json.dumps(p["rows"]) for p in bad["extraction"]["problems"]
    )
    thread_lab.ok(
        "run",
        "--metrics",
        "out.csv:time_ms=elapsed,unique=shape,dedupe=last,reduce=mean",
        "--",
        PY,
        "make.py",
    )
    assert thread_lab.json("show", "P-002-r1")["data"]["metrics"] == {"time_ms": 2.5}


def test_nan_is_kept_apart(thread_lab):
    thread_lab.ok("run", "--", PY, "-c", "print('{\"time_ms\": NaN}')")
    shown = thread_lab.json("show", "P-001-r1")["data"]
    assert shown["metrics"] == {} and shown["nonfinite"] == {"time_ms": "NaN"}


def test_config_from_files_and_flags(thread_lab):
    thread_lab.write("c.yaml", "model:\n  layers: 4\nlr: 1e-3\n")
    thread_lab.ok(
        "run",
        "--config",
        "c.yaml",
        "--config-from-args",
        "--set",
        "lr=2",
        "--",
        "true",
        "--seed",
        "7",
        "--fast",
    )
    assert thread_lab.json("show", "P-001-r1")["data"]["config"] == {
        "model.layers": 4,
        "lr": 2,
        "seed": 7,
        "fast": True,
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_ends_the_command_and_is_recorded(thread_lab, number):
    process = start(
        thread_lab, "run", "--", PY, "-u", "-c", "import time; print('up'); time.sleep(60)"
    )
    wait_for(lambda: process.stdout.readline() == b"up\n")
    process.send_signal(number)
    assert process.wait(20) == 130 or process.returncode > 128
    shown = thread_lab.json("show", "P-001-r1")["data"]
    assert shown["state"] == "cancelled" and shown["reason"]


def test_kill_9_of_the_tool_loses_nothing(thread_lab):
    process = start(
        thread_lab, "run", "--", "sh", "-c", "echo up; sleep 0.5; echo '{\"time_ms\": 4}'"
    )
    wait_for(lambda: process.stdout.readline() == b"up\n")
    process.kill()
    process.wait()
    rows = lambda: thread_lab.json("status", "--runs")["data"]  # noqa: E731
    row = wait_for(lambda: next((r for r in rows() if r["state"] != "planned"), None))
    assert row["state"] == "done" and row["metrics"] == {"time_ms": 4}
    assert thread_lab.run("verify").returncode == 0


def test_a_full_disk_does_not_keep_anybody_from_reading(thread_lab):
    """A run that is over and whose end cannot be written: said, and the reading verbs read."""
    process = start(
        thread_lab, "run", "--", PY, "-u", "-c", "import time; print('up'); time.sleep(60)"
    )
    wait_for(lambda: process.stdout.readline() == b"up\n")
    process.kill()
    process.wait()
    (owner,) = (thread_lab.repo / ".git/leadline/runs").rglob("owner.json")
    os.kill(json.loads(owner.read_text())["pid"], signal.SIGKILL)

    def on_a_full_disk(*args):
        return subprocess.run(
            [PY, "-m", "leadline", *args],
            cwd=thread_lab.repo,
            env=thread_lab.env,
            capture_output=True,
            text=True,
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY)
            ),
        )

    wait_for(lambda: "no space left" in on_a_full_disk("status").stderr)
    for verb in (
        ("status",),
        ("status", "--runs"),
        ("show", "P-001"),
        ("series", "P-001"),
        ("brief",),
        ("verify",),
    ):
        done = on_a_full_disk(*verb)
        assert done.returncode == 0, done.stderr
        assert "a run that is over could not be ended yet" in done.stderr and done.stdout
    assert on_a_full_disk("note", "a thought").returncode == 7  # who writes is told
    assert thread_lab.json("show", "P-001-r1")["data"]["state"] == "lost"  # once there is room


def test_kill_9_of_the_whole_job_is_lost_not_failed(thread_lab):
    process = start(
        thread_lab, "run", "--", PY, "-u", "-c", "import time; print('up'); time.sleep(60)"
    )
    wait_for(lambda: process.stdout.readline() == b"up\n")
    process.kill()
    process.wait()
    (owner,) = (thread_lab.repo / ".git/leadline/runs").rglob("owner.json")
    pid = json.loads(owner.read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{pid}").exists())
    row = wait_for(
        lambda: next(
            (r for r in thread_lab.json("status", "--runs")["data"] if r["state"] != "planned"),
            None,
        )
    )
    assert row["state"] == "lost"


@pytest.mark.parametrize("watched", [True, False])
def test_what_is_left_of_a_job_whose_supervisor_was_killed_is_not_waited_for(thread_lab, watched):
    script = "setsid sleep 300 & echo $!; wait"
    process = start(thread_lab, "run", "--", "sh", "-c", script)
    left = int(process.stdout.readline())
    (owner,) = (thread_lab.repo / ".git/leadline/runs").rglob("owner.json")
    if not watched:
        process.kill()
        process.wait()
    os.kill(json.loads(owner.read_text())["pid"], signal.SIGKILL)
    if watched:
        assert process.wait(60) == 125
    assert thread_lab.json("status", "--runs")["data"][0]["state"] == "lost"
    assert start_ticks(left) is None


def test_children_are_reaped(thread_lab):
    mark = f"leadline-test-{os.getpid()}-{time.monotonic_ns()}"
    code = f"import subprocess, sys; subprocess.Popen(['setsid', 'sh', '-c', 'trap \"\" TERM; sleep 300; : {mark}'])"
    thread_lab.ok("run", "--", PY, "-c", code)
    found = subprocess.run(
        ["pgrep", "-f", f": {mark}"], capture_output=True, text=True
    ).stdout.split()
    assert found == []


def test_binary_and_large_output(thread_lab):
    code = "import os, sys\nfor _ in range(16): sys.stdout.buffer.write(os.urandom(1 << 20))"
    done = subprocess.run(
        [PY, "-m", "leadline", "run", "--quiet", "--", PY, "-c", code],
        cwd=thread_lab.repo,
        env=thread_lab.env,
        capture_output=True,
    )
    assert done.returncode == 0
    shown = thread_lab.json("show", "P-001-r1")["data"]
    assert shown["outputs"]["stdout"]["size_bytes"] == 16 << 20


def test_code_that_changes_while_it_runs_is_said(thread_lab):
    done = thread_lab.run("run", "--", "sh", "-c", "echo >> code.py; sleep 1.1")
    assert "code.py changed while P-001-r1 ran" in done.stderr
    assert thread_lab.json("show", "P-001-r1")["data"]["code"]["changed_during_run"] is True


@pytest.mark.parametrize(("written", "said"), [("inner.py", True), ("results.csv", False)])
def test_so_it_is_of_a_run_that_takes_no_time(thread_lab, written, said):
    thread_lab.write("inner.py", "LOSS = 1.0\n")
    thread_lab.write("p.py", f"import inner\nopen({written!r}, 'a').write('1\\n')\n")
    done = thread_lab.run("run", "--", PY, "p.py")
    assert (f"{written} changed while P-001-r1 ran" in done.stderr) is said
    shown = thread_lab.json("show", "P-001-r1")["data"]["code"]
    assert shown.get("changed_during_run", False) is said


def test_a_run_bears_on_the_hypotheses_it_names(thread_lab):
    thread_lab.ok("hypothesis", "add", "bigger is faster")
    thread_lab.ok("run", "--hypothesis", "P-H1", "--repeat", "2", "--", "true")
    thread_lab.ok("run", "--repeat", "2", "--", "true")
    queue = thread_lab.json("hypothesis", "list")["data"]
    assert [h["experiments"] for h in queue] == [["P-001"]]
    assert thread_lab.run("run", "--hypothesis", "P-H2", "--", "true").returncode == 125
    assert thread_lab.run("show", "P-003").returncode == 3


def test_a_reader_of_the_help_may_stop_reading(lab):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [PY, "-m", "leadline", "--help"], stdout=writing, stderr=subprocess.PIPE, env=lab.env
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_long_or_broken_name_of_a_metric_breaks_no_line(thread_lab):
    thread_lab.write(
        "job.py",
        "import leadline as ll\nll.log({'n' * 300: 1.0, 'a\\nb\\x1b[31m': 2.0, 'c' * 300: float('nan')})\n",
    )
    done = thread_lab.run("run", "--", sys.executable, "job.py")
    said = [
        line
        for line in (done.stdout + done.stderr).splitlines()
        if "P-001-r1" in line or "=2" in line
    ]
    assert len(said) == 1 and len(said[0]) < 250 and "\x1b" not in said[0], said
    assert "a b=2" in said[0] and "n" * 59 + "…=1" in said[0] and "c" * 59 + "…=NaN" in said[0]
    metrics = [row for row in thread_lab.ok("logbook").splitlines() if row.startswith("  - `")]
    assert metrics and max(map(len, metrics)) < 160


def test_a_changed_program_is_no_repeat(thread_lab):
    lab = thread_lab
    lab.write("b.py", "print('{\"time_ms\": 1.5}')\n")
    lab.ok("run", "--", sys.executable, "b.py")
    lab.write("README.md", "words\n")
    lab.ok("run", "--experiment", "P-001")
    lab.write("b.py", "print('{\"time_ms\": 7.5}')\n")
    error = lab.json("run", "--experiment", "P-001")["error"]
    assert error["code"] == "program-changed" and "b.py changed since P-001-r2" in error["what"]
    done = lab.json(
        *shlex.split(error["next"][0])[1:]
    )  # the command it names is the one that helps
    assert done["data"]["experiment"] == "P-002"


def test_a_job_that_appends_to_a_tracked_table_repeats_as_one_experiment(thread_lab):
    lab = thread_lab
    code = "open('results.csv', 'a').write('1\\n'); print('{\"time_ms\": 1.5}')"
    lab.write("b.py", code)
    lab.write("results.csv", "x\n")
    lab.git("add", ".")
    lab.git("commit", "-qm", "a table")
    for more in ([], ["--experiment", "P-001"]):
        lab.ok("run", "--repeat", "2", *more, "--", sys.executable, "b.py")
    assert [run["id"] for run in lab.json("status", "--runs")["data"]] == [
        f"P-001-r{n}" for n in (1, 2, 3, 4)
    ]


def test_an_edit_between_repeats_opens_another_experiment(thread_lab):
    lab = thread_lab
    edits_itself = (
        "import pathlib, sys; p = pathlib.Path('part.py'); first = p.read_text() == 'A = 1\\n'; "
        "print('{\"time_ms\": %s}' % (1 if first else 9)); p.write_text('A = 2\\n')"
    )
    lab.write("part.py", "A = 1\n")
    lab.git("add", ".")
    lab.git("commit", "-qm", "a part")
    done = lab.run("run", "--repeat", "3", "--", sys.executable, "-c", edits_itself)
    assert "part.py changed: the repeats from here on are another experiment" in done.stderr
    runs = lab.json("status", "--runs")["data"]
    assert [(run["id"], run["metrics"]["time_ms"]) for run in runs] == [
        ("P-001-r1", 1.0),
        ("P-002-r1", 9.0),
        ("P-002-r2", 9.0),
    ]


WRITES = (
    "import sys; open('results.csv', 'a').write(sys.argv[1] + '\\n'); print('{\"time_ms\": 1.5}')"
)


@pytest.fixture
def writing_lab(thread_lab):
    """A program that appends to a tracked table."""
    thread_lab.write("b.py", WRITES)
    thread_lab.write("results.csv", "x\n")
    thread_lab.git("add", ".")
    thread_lab.git("commit", "-qm", "a table")
    return thread_lab


def test_what_runs_wrote_is_no_changed_program_of_any_experiment(writing_lab):
    lab = writing_lab
    for k in ("1", "2"):
        lab.ok("run", "--set", f"k={k}", "--repeat", "2", "--", PY, "b.py", k)
    lab.ok("run", "--experiment", "P-001")  # after the runs of another one
    rows = lab.json("status", "--runs")["data"]
    assert [row["id"] for row in rows if row["experiment"] == "P-001"][-1] == "P-001-r3"
    differing = lab.json("compare", "P-001", "P-002", "--axis", "k")["data"]["diff"]["rows"]
    assert [row["area"] for row in differing] == ["config"]
    for shown in (lab.ok("show", "P-001-r3"), lab.ok("logbook")):
        assert "results.csv" in shown and "written by runs" in shown
    # The same command again is known for the same.
    again = lab.run("run", "--set", "k=1", "--", PY, "b.py", "1").stderr
    assert "were run before" in again and "--experiment P-001" in again


def test_a_changed_program_is_one_beside_what_runs_wrote(writing_lab):
    lab = writing_lab
    lab.ok("run", "--repeat", "2", "--", PY, "b.py", "1")
    lab.write("b.py", WRITES.replace("1.5", "7.5"))
    assert lab.json("run", "--experiment", "P-001")["error"]["code"] == "program-changed"
    lab.ok("run", "--set", "v=2", "--", PY, "b.py", "1")
    differing = lab.json("compare", "P-001", "P-002", "--axis", "v")["data"]["diff"]["rows"]
    assert ("code", "confound") in [(row["area"], row["class"]) for row in differing]
    # The old program again is the old one, with all that was written meanwhile.
    lab.write("b.py", WRITES)
    lab.ok("run", "--experiment", "P-001")


def test_a_table_edited_by_hand_is_a_changed_program(writing_lab):
    lab = writing_lab
    lab.ok("run", "--", PY, "b.py", "1")
    lab.write("results.csv", "another\n")
    error = lab.json("run", "--experiment", "P-001")["error"]
    assert error["code"] == "program-changed" and "results.csv" in error["what"]


def test_what_leadline_wrote_out_is_no_changed_program(thread_lab):
    lab = thread_lab
    lab.write("b.py", "print('{\"time_ms\": 1.5}')\n")
    lab.ok("run", "--", PY, "b.py")
    lab.ok("report", "--out", "report.html")
    lab.ok("report", "--out", "report.json")  # by its kind it might be data
    lab.ok("run", "--experiment", "P-001")


def test_a_sweep_goes_on_where_its_runs_wrote_files(writing_lab):
    lab = writing_lab
    sweep = ("sweep", "--axis", "k=1,2", "--repeat")
    lab.ok(*sweep, "1", "--", PY, "b.py", "{k}")
    more = lab.json(*sweep, "2", "--", PY, "b.py", "{k}")["data"]
    assert (more["skipped"], len(more["runs"])) == (2, 2)
    assert {run["experiment"] for run in lab.json("status", "--runs")["data"]} == {"P-001", "P-002"}
    assert lab.json("sweep", "resume", more["id"])["ok"]


def test_a_command_that_crashes_is_not_run_again(thread_lab):
    crash = ("sh", "-c", "kill -SEGV $$")
    done = thread_lab.json("run", "--repeat", "3", "--", *crash)["data"]
    assert [run["signal"] for run in done["runs"]] == ["SIGSEGV"]
    swept = thread_lab.json(
        "sweep",
        "--axis",
        "k=1,2",
        "--repeat",
        "3",
        "--",
        "sh",
        "-c",
        "if [ {k} = 1 ]; then kill -SEGV $$; fi; echo '{{\"loss\": {k}}}'",
    )["data"]
    states = [run["state"] for run in swept["runs"]]
    assert sorted(states) == ["done", "done", "done", "failed"] and swept["left"] == 2
