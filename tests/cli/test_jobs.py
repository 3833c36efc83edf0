"""Detached runs as a user meets them: started and left, seen, watched, waited for and stopped from elsewhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from leadline.testing.executor_contract import living, wait_until
from tests.conftest import Lab

UNTIL_GO = "echo up; while ! test -e {go}; do sleep 0.02; done; echo '{{\"time_ms\": 2}}'"
FAMILY = (
    "sh -c 'trap \"\" TERM; while :; do sleep 60; done' & "
    "setsid setsid sh -c 'trap \"\" TERM; while :; do sleep 60; done' & echo up; wait"
)


def detached(lab: Lab, script: str) -> str:
    return str(lab.json("run", "--detach", "--", "sh", "-c", script)["data"]["id"])


def test_from_another_work_tree_it_is_seen_followed_and_recorded(
    thread_lab: Lab, tmp_path: Path
) -> None:
    go, other = tmp_path / "go", tmp_path / "other"
    assert detached(thread_lab, UNTIL_GO.format(go=go)) == "P-001-r1"
    thread_lab.git("worktree", "add", "-q", str(other))
    wait_until(lambda: thread_lab.ok("logs", "P-001", cwd=other) == "up\n")
    [job] = thread_lab.json("jobs", cwd=other)["data"]
    assert (job["id"], job["state"], job["last_line"]) == ("P-001-r1", "running", "up")
    assert not job["watched"]
    held = thread_lab.json("wait", "P-001-r1", "--for", "0.1", cwd=other)
    assert (held["ok"], held["data"][0]["state"]) == (False, "running")
    follower = [sys.executable, "-m", "leadline", "logs", "P-001", "-f"]
    with subprocess.Popen(follower, cwd=other, env=thread_lab.env, stdout=subprocess.PIPE) as shown:
        assert shown.stdout is not None and shown.stdout.readline() == b"up\n"
        go.touch()
        assert shown.stdout.read() == b'{"time_ms": 2}\n'
    assert thread_lab.json("wait", "P-001", cwd=other)["ok"]
    assert thread_lab.json("show", "P-001-r1")["data"]["metrics"] == {"time_ms": 2.0}
    assert thread_lab.ok("jobs") == "nothing is under way\n"
    assert thread_lab.json("wait", "P-001")["data"][0]["state"] == "done"  # asked again: the same


def test_stop_leaves_nothing_behind(thread_lab: Lab) -> None:
    detached(thread_lab, FAMILY)
    wait_until(lambda: thread_lab.ok("logs", "P-001") == "up\n")
    uid = thread_lab.json("jobs")["data"][0]["uid"]
    assert living(uid)
    [ended] = thread_lab.json("stop", "P-001-r1")["data"]
    assert ended["state"] == "cancelled" and living(uid) == []
    again = thread_lab.json("stop", "P-001-r1")
    assert again["data"][0]["state"] == "cancelled"


def test_the_terminal_may_close_and_the_watcher_may_let_go(thread_lab: Lab, tmp_path: Path) -> None:
    go = tmp_path / "go"
    argv = [sys.executable, "-m", "leadline"]
    start = [*argv, "run", "--detach", "--", "sh", "-c", UNTIL_GO.format(go=go)]
    terminal = subprocess.Popen(
        ["sh", "-c", 'read line; "$@"; kill -9 -$$', "sh", *start],
        cwd=thread_lab.repo,
        env=thread_lab.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    terminal.communicate(b"go\n")
    assert terminal.returncode == -signal.SIGKILL
    watcher = subprocess.Popen(
        [*argv, "attach", "P-001"],
        cwd=thread_lab.repo,
        env=thread_lab.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert watcher.stdout is not None and watcher.stdout.readline() == b"up\n"
    os.kill(watcher.pid, signal.SIGINT)
    _, said = watcher.communicate()
    assert watcher.returncode == 0 and b"leadline attach P-001-r1" in said
    assert thread_lab.json("jobs")["data"][0]["state"] == "running"
    go.touch()
    assert thread_lab.json("wait")["ok"]


def test_what_cannot_be_waited_for(thread_lab: Lab) -> None:
    assert thread_lab.json("wait", "P-007")["error"]["kind"] == "not_found"
    thread_lab.ok("note", "a thought")
    assert thread_lab.json("wait", "P-N1")["error"]["code"] == "no-run-of-it"


def test_a_device_has_one_job(thread_lab: Lab, tmp_path: Path) -> None:
    thread_lab.env["LEADLINE_LEASES"] = str(tmp_path / "leases")
    thread_lab.ok("executor", "add", "quiet", "--kind", "local", "--device", "gpu0")
    on = ["run", "--on", "quiet"]
    thread_lab.ok(*on, "--detach", "--", "sleep", "60")
    error = thread_lab.json(*on, "--", "true")["error"]
    assert error["code"] == "device-taken" and "P-001-r1 of demo (Ada on" in error["what"]
    error = thread_lab.json("device", "exec", "quiet:gpu0", "--", "true")["error"]
    assert error["code"] == "device-taken"
    assert "P-001-r1" in thread_lab.ok("device", "list", "quiet")
    thread_lab.ok("stop", "P-001")
    assert thread_lab.ok("device", "exec", "quiet:gpu0", "--", "echo", "mine") == "mine\n"
    other = tmp_path / "other"
    thread_lab.git("clone", "-q", str(thread_lab.repo), str(other))
    thread_lab.ok("start", "demo", "--prefix", "Q", "--no-branch", "--goal", "x", cwd=other)
    thread_lab.ok("device", "reserve", "quiet:gpu0", "--for", "1h", "--why", "timing")
    thread_lab.ok(*on, "--", "true")  # its own reservation lets it through
    thread_lab.ok("executor", "add", "quiet", "--kind", "local", "--device", "gpu0", cwd=other)
    error = thread_lab.json(*on, "--", "true", cwd=other)["error"]
    assert error["code"] == "device-taken" and "timing" in error["what"]
    error = thread_lab.json("device", "release", "quiet:gpu0", cwd=other)["error"]
    assert error["code"] == "reserved-by-another"
    thread_lab.ok("device", "release", "quiet:gpu0")
    thread_lab.ok(*on, "--", "true", cwd=other)
    assert thread_lab.json("device", "reserve", "gpu0")["error"]["code"] == "bad-device"


# ---- commands that make several runs -----------------------------------------------------------------

BENCH = """import json, pathlib, sys, time
while not pathlib.Path(sys.argv[2]).exists():
    time.sleep(0.02)
print(json.dumps({"time_ms": float(sys.argv[1])}))
"""


def with_bench(lab: Lab) -> Lab:
    Path(lab.repo, "bench.py").write_text(BENCH)
    lab.git("add", "-A")
    lab.git("commit", "-qm", "bench")
    return lab


def test_a_sweep_that_was_left_to_itself_runs_all_its_cells_at_the_code_of_its_start(
    thread_lab: Lab, tmp_path: Path
) -> None:
    lab, go = with_bench(thread_lab), tmp_path / "go"
    cells = ["--axis", "k=1,2", "--repeat", "2", "--", sys.executable, "bench.py", "{k}", str(go)]
    told = lab.json("sweep", "--detach", *cells)
    assert told["data"]["id"] == "P-W1"
    Path(lab.repo, "bench.py").write_text("raise SystemExit('edited')")
    [whole, one] = lab.json("jobs")["data"]
    assert (whole["id"], whole["verb"], whole["state"]) == ("P-W1", "sweep", "running")
    assert (one["verb"], whole["progress"]["total"], whole["watched"]) == ("run", 4, False)
    held = lab.json("wait", "P-W1", "--for", "0.1")
    assert (held["ok"], held["data"][0]["state"]) == (False, "running")
    again = lab.run("sweep", "resume", "P-W1")
    assert again.returncode == 4  # somebody is at it, or the code is another
    go.touch()
    done = lab.json("wait", "P-W1")
    assert (done["ok"], done["data"]) == (True, [{"id": "P-W1", "state": "done", "why": "4 runs"}])
    found = lab.json("show", "P-W1")
    assert lab.ok("jobs") == "nothing is under way\n" and found["ok"]
    assert "edited" not in lab.ok("sweep", "show", "P-W1")
    assert "P-W1  4 done" in Path(told["data"]["log"]).read_text()
    assert lab.ok("verify").endswith("no fault\n")


def test_stop_ends_a_sweep_as_a_whole_and_resume_goes_on(thread_lab: Lab, tmp_path: Path) -> None:
    lab, go = with_bench(thread_lab), tmp_path / "go"
    cells = ["--axis", "k=1,2,3", "--", sys.executable, "bench.py", "{k}", str(go)]
    lab.json("sweep", "--detach", *cells)
    stopped = lab.json("stop", "P-W1")
    assert [one["state"] for one in stopped["data"]] == ["cancelled"]
    assert lab.ok("jobs") == "nothing is under way\n"
    go.touch()
    assert lab.json("sweep", "resume", "P-W1", "--detach")["data"]["id"] == "P-W1"
    lab.run("wait", "P-W1")
    assert [cell["n"] for cell in lab.json("sweep", "show", "P-W1")["data"]["cells"]] == [1, 1, 1]


def test_a_sweep_whose_process_was_killed_is_left_and_its_run_recorded(
    thread_lab: Lab, tmp_path: Path
) -> None:
    lab, go = with_bench(thread_lab), tmp_path / "go"
    cells = ["--axis", "k=1,2", "--", sys.executable, "bench.py", "{k}", str(go)]
    told = lab.json("sweep", "--detach", *cells)["data"]
    about = Path(told["log"]).with_name("about.json")
    wait_until(lambda: len(lab.json("jobs")["data"]) == 2)
    os.kill(json.loads(about.read_text())["pid"], signal.SIGKILL)
    go.touch()
    wait_until(lambda: [row["state"] for row in lab.json("jobs")["data"]] == ["left"])
    assert lab.json("jobs")["next"] == ["leadline sweep resume P-W1 --detach"]
    waited = lab.json("wait", "P-W1")
    assert not waited["ok"] and "leadline sweep resume P-W1 --detach" in waited["next"]
    lab.json("sweep", "resume", "P-W1", "--detach")
    assert lab.json("wait", "P-W1")["ok"]
    assert lab.json("wait", "P-W1")["data"][0]["why"] == "2 runs"


def test_turns_and_repeats_go_on_by_themselves_too(thread_lab: Lab, tmp_path: Path) -> None:
    lab, go = with_bench(thread_lab), tmp_path / "go"
    bench = [sys.executable, "bench.py"]
    turns = ["ab", "--detach", "--blocks", "1", "--warmup", "0", "--metric", "time_ms", "--"]
    assert (
        lab.json(*turns, *bench, "1", str(go), "--", *bench, "2", str(go))["data"]["id"] == "P-I1"
    )
    repeats = ["run", "--detach", "--repeat", "2", "--", *bench, "3", str(go)]
    assert lab.json(*repeats)["data"]["id"] == "P-002"
    go.touch()
    assert lab.json("wait", "P-I1")["data"][0]["why"] == "4 runs"
    assert lab.json("wait", "P-002")["ok"]
    assert lab.json("ab", "show", "P-I1")["data"]["n_blocks"] == 1
    assert lab.json("show", "P-002-r2")["data"]["state"] == "done"
    assert lab.json("run", "--detach", "--note", "quick", "--", *bench, "4", str(go))["ok"]
    lab.ok("wait", "P-003")
    wait_until(lambda: lab.json("show", "P-N1")["ok"])
    refused = lab.run("ab", "--detach", "--blocks", "0", "--", "true", "--", "false")
    assert refused.returncode == 2 and refused.stderr.count("leadline: ") == 1


def test_a_setup_command_makes_the_environment_once_for_each_lock_file(thread_lab: Lab) -> None:
    lock = Path(thread_lab.repo, "lock")
    lock.write_text("one")
    make = 'test "$(cat lock)" != bad || { echo no such package; exit 3; }; mkdir -p "$LEADLINE_ENV/bin"; '
    make += 'printf "#!/bin/sh\\necho from $(cat lock)\\n" > "$LEADLINE_ENV/bin/tool"; '
    make += 'chmod +x "$LEADLINE_ENV/bin/tool"; echo made >> "$LEADLINE_ENV/count"'
    declare = ["executor", "add", "env", "--kind", "local", "--setup", make, "--lock-file", "lock"]
    thread_lab.ok(*declare)
    for _ in range(2):
        assert thread_lab.ok("run", "--on", "env", "--", "tool").startswith("from one\n")
    lock.write_text("two")
    assert thread_lab.ok("run", "--on", "env", "--", "tool").startswith("from two\n")
    made = sorted(Path(thread_lab.repo, ".git/leadline/env").glob("*/count"))
    assert [path.read_text() for path in made] == ["made\n"] * 2
    lock.write_text("bad")
    failed = thread_lab.run("run", "--on", "env", "--json", "--", "tool")
    [run] = json.loads(failed.stdout)["data"]["runs"]
    assert run["state"] == "failed" and "exit code 3: no such package" in run["reason"]


LAUNCHER = """\
import os, subprocess, sys
ranks = [
    subprocess.Popen([sys.executable, *sys.argv[1:]], env={**os.environ, "RANK": str(n), "WORLD_SIZE": "2"})
    for n in range(2)
]
for n, one in enumerate(ranks):
    if one.wait():
        print("srun: error: n1: task %d: Exited with exit code %d" % (n, one.returncode), file=sys.stderr)
        sys.exit(1)
"""


@pytest.mark.parametrize("launcher", [["sh", "torchrun"], [sys.executable, "launch.py"]])
def test_what_each_rank_printed_is_told_apart(thread_lab: Lab, launcher: list[str]) -> None:
    """By the launcher's name, without an import of ours; and by that import, whatever started it."""
    thread_lab.write("launch.py", LAUNCHER)
    thread_lab.write("torchrun", f'exec {sys.executable} launch.py "$@"\n')
    job = "import os, sys\nr = os.environ['RANK']\n"  # in one piece: they write at the same moment
    job += "sys.stdout.write(f'out {r}\\n')\nsys.stderr.write(f'err {r}\\n')\n"
    own = "import leadline\n" if "launch.py" in launcher else ""
    thread_lab.write("job.py", own + job + "sys.exit(3 * int(r))\n")
    [failed] = thread_lab.json("run", "--", *launcher, "job.py")["data"]["runs"]
    assert failed["state"] == "failed"
    for rank in "01":
        assert thread_lab.ok("logs", "P-001", "--rank", rank) == f"out {rank}\n"
        assert thread_lab.ok("logs", "P-001", "--rank", rank, "--stderr") == f"err {rank}\n"
    shown = thread_lab.ok("show", failed["id"])
    assert "rank 1: exit code 3" in shown and "stderr of rank 1" in shown and "err 1" in shown
    assert "err 0" not in shown
    assert sorted(thread_lab.ok("logs", "P-001").splitlines()) == ["out 0", "out 1"]  # as it was
    error = thread_lab.json("logs", "P-001", "--rank", "7")["error"]
    assert error["code"] == "no-rank-output" and "0, 1" in error["why"]
    assert thread_lab.json("logs", "P-001", "--rank", "1")["data"]["text"] == "out 1\n"
