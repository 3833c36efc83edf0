"""The supervisor as a program: what it refuses, what it survives, what it does without Linux."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from leadline.job import probe, supervise
from leadline.testing.executor_contract import living, wait_until

PROGRAM = [os.path.realpath(sys.executable), "-I", "-S", supervise.__file__]


def write_spec(folder: Path, argv: list[str], **spec: Any) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    cookie = os.urandom(16).hex()
    base: dict[str, Any] = {
        "v": 1,
        "run": "P-001-r1",
        "attempt": 1,
        "argv": argv,
        "cwd": str(folder),
        "env": {},
    }
    (folder / "spec.json").write_text(
        json.dumps({**base, "grace_s": 0.3, "cookie": cookie, **spec})
    )
    return cookie


def start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*PROGRAM, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(folder: Path, argv: list[str], **spec: Any) -> dict[str, Any]:
    write_spec(folder, argv, **spec)
    process = start(folder)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, b"started\n", b"")
    return result_of(folder)


def result_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "result.json").read_bytes())
    return found


def test_a_command_that_the_engine_signals_before_its_supervisor_is_lost(tmp_path: Path) -> None:
    """Slurm signals every process of a job, in no order."""
    after = "(while kill -0 $me 2>/dev/null; do :; done; kill -TERM $above) & kill -TERM $me"
    write_spec(tmp_path, ["sh", "-c", f"me=$$ above=$PPID; {after}"])
    job = subprocess.run([*PROGRAM, str(tmp_path), "engine"], capture_output=True)
    assert (job.returncode, job.stderr) == (0, b"")
    assert result_of(tmp_path)["state"] == "lost"


def test_files_of_a_finished_attempt(tmp_path: Path) -> None:
    run(tmp_path, ["true"])
    names = {
        "spec.json",
        "owner.json",
        "result.json",
        "stdout.log",
        "stderr.log",
        "alive.lock",
        "tree.lock",
    }
    assert set(os.listdir(tmp_path)) == names
    owner = json.loads((tmp_path / "owner.json").read_bytes())
    assert owner["host"] == os.uname().nodename
    assert (
        owner["locks"] is True
        and owner["boot_id"]
        and owner["start_ticks"]
        and owner["child_start_ticks"]
    )


def test_usage_and_unreadable_spec(tmp_path: Path) -> None:
    assert subprocess.run(PROGRAM, capture_output=True).returncode == supervise.EXIT_USAGE
    for bad in ("{", "[]", "3", '{"argv":["a"]}', '{"run":"r","cwd":"/","argv":["a\\u0000b"]}',
                '{"run":"r","cwd":"/","argv":["a"],"env":{"A=B":"c"}}',
                '{"run":"r","cwd":"/","argv":["a"],"timeout_s":"5"}'):  # fmt: skip
        (tmp_path / "spec.json").write_text(bad)
        done = subprocess.run([*PROGRAM, str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == supervise.EXIT_BAD_SPEC, bad
        assert "spec.json cannot be used" in done.stderr and "Traceback" not in done.stderr
        assert os.listdir(tmp_path) == ["spec.json"]


def test_second_supervisor_touches_nothing(tmp_path: Path) -> None:
    def snapshot() -> dict[str, tuple[int, bytes]]:
        return {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir()}

    write_spec(tmp_path, ["sh", "-c", "echo once; while ! test -e go; do sleep 0.01; done"])
    first = start(tmp_path)
    wait_until(
        lambda: (tmp_path / "owner.json").exists() and (tmp_path / "stdout.log").read_bytes()
    )
    before = snapshot()
    second = start(tmp_path)
    assert second.communicate(timeout=60)[0] == b"" and second.returncode == supervise.EXIT_TAKEN
    assert snapshot() == before
    (tmp_path / "go").touch()
    first.communicate(timeout=60)
    before = snapshot()
    third = start(tmp_path)
    third.communicate(timeout=60)
    assert third.returncode == supervise.EXIT_TAKEN and snapshot() == before


def test_of_many_starts_beside_a_busy_prober_exactly_one_runs(tmp_path: Path) -> None:
    folders = [tmp_path / f"a{i}" for i in range(8)]
    ask = "import sys; from leadline.job import probe\nwhile 1:\n for d in sys.argv[1:]: print(probe.state(d)['state'])"
    for folder in folders:
        write_spec(folder, ["sh", "-c", "echo ran"])
    answers = tmp_path / "answers"
    with (
        open(answers, "w") as f,
        subprocess.Popen([sys.executable, "-u", "-c", ask, *map(str, folders)], stdout=f) as prober,
    ):
        wait_until(lambda: answers.stat().st_size)
        for folder in folders:
            rivals = [start(folder) for _ in range(4)]
            for rival in rivals:
                rival.communicate(timeout=60)
            assert sorted(rival.returncode for rival in rivals) == [0, *[supervise.EXIT_TAKEN] * 3]
            assert (folder / "stdout.log").read_text() == "ran\n"
            assert not [name for name in os.listdir(folder) if name.startswith(".")]
        prober.kill()
    seen = set(answers.read_text().split("\n")[:-1])
    assert "not_started" in seen
    assert seen <= {"not_started", "running", "finished"}  # never gone while it starts or ends


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True
    )
    if mount.returncode != 0:
        pytest.skip("NOT TESTED: no right to mount a tmpfs here, so a full disk cannot be made")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_result_survives_a_disk_that_the_command_fills(small_disk: Path) -> None:
    result = run(small_disk / "a", ["sh", "-c", "head -c 1000000 /dev/zero || exit 9"])
    with pytest.raises(OSError) as caught:
        (small_disk / "more").write_bytes(b"x" * 60000)
    assert caught.value.errno == errno.ENOSPC
    assert (result["state"], result["exit_code"]) == ("failed", 9)
    assert result["reason"] == "exit code 9; the disk that holds its output is full"
    assert 0 < result["stdout_bytes"] < 65536
    assert probe.state(str(small_disk / "a"))["state"] == "finished"


def test_nothing_is_started_on_a_full_disk(small_disk: Path) -> None:
    folder = small_disk / "a"
    write_spec(folder, ["sh", "-c", f"touch {small_disk.parent}/ran"])
    with pytest.raises(OSError), open(small_disk / "filler", "wb", buffering=0) as f:
        while True:
            f.write(b"x" * 4096)
    process = start(folder)
    _, err = process.communicate(timeout=60)
    assert process.returncode == supervise.EXIT_NO_SPACE
    assert b"no room for the result" in err and b"No space left" in err
    assert os.listdir(folder) == ["spec.json"] and not (small_disk.parent / "ran").exists()
    (small_disk / "filler").unlink()
    start(folder).communicate(timeout=60)  # nothing was taken: it can be tried again
    assert result_of(folder)["state"] == "done"


def test_nothing_is_started_when_the_result_file_would_be_too_large(tmp_path: Path) -> None:
    write_spec(tmp_path, ["true"])

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    done = subprocess.run([*PROGRAM, str(tmp_path)], capture_output=True, preexec_fn=limit)
    assert done.returncode == supervise.EXIT_NO_SPACE
    assert os.listdir(tmp_path) == ["spec.json"]


def test_a_command_runs_where_few_files_may_be_open(tmp_path: Path) -> None:
    """The lock of the attempt stands out of the way of scripts, where there is room."""
    write_spec(tmp_path, ["true"])

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))

    assert subprocess.run([*PROGRAM, str(tmp_path)], preexec_fn=limit).returncode == 0
    assert result_of(tmp_path)["state"] == "done"


def test_output_limit(tmp_path: Path) -> None:
    command = "echo a; while :; do echo 0123456789 >&2; sleep 0.01; done"
    result = run(tmp_path, ["sh", "-c", command], max_output_bytes=100)
    assert (result["state"], result["reason"]) == ("failed", "output limit of 100 bytes exceeded")
    assert result["stdout_bytes"] + result["stderr_bytes"] > 100


def test_what_leftovers_used_is_counted(tmp_path: Path) -> None:
    burn = f"({PROGRAM[0]} -I -S -c 'while True: pass' & )"
    assert run(tmp_path, ["sh", "-c", burn], leftover_grace_s=0.1)["leftover_processes"] == 1
    big = f"({PROGRAM[0]} -I -S -c 'b = bytearray(60_000_000); print(1, flush=True); import time; time.sleep(60)' & ); "
    result = run(
        tmp_path / "b",
        ["sh", "-c", big + "sleep 0.01; while ! test -s stdout.log; do sleep 0.01; done"],
    )
    assert result["resources"]["max_rss_bytes"] > 60_000_000


def test_command_may_truncate_its_log(tmp_path: Path) -> None:
    run(tmp_path, ["sh", "-c", "echo long line; : > stdout.log; echo b"])
    assert (tmp_path / "stdout.log").read_bytes() == b"b\n"


def test_merged_output(tmp_path: Path) -> None:
    result = run(tmp_path, ["sh", "-c", "echo a; echo b >&2; echo c"], merge_output=True)
    assert (tmp_path / "stdout.log").read_text() == "a\nb\nc\n"
    assert (result["stdout_bytes"], result["stderr_bytes"]) == (6, 0)


def test_user_signals_are_passed_on_and_hangup_is_ignored(tmp_path: Path) -> None:
    write_spec(
        tmp_path,
        ["sh", "-c", "trap 'echo usr1; exit 4' USR1; echo up; while :; do sleep 0.01; done"],
    )
    process = start(tmp_path)
    wait_until(
        lambda: (
            (tmp_path / "stdout.log").exists() and b"up" in (tmp_path / "stdout.log").read_bytes()
        )
    )
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGUSR1)
    process.communicate(timeout=60)
    assert result_of(tmp_path)["exit_code"] == 4
    assert (tmp_path / "stdout.log").read_text() == "up\nusr1\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_reason_names_the_signal_that_cancelled(tmp_path: Path, number: signal.Signals) -> None:
    write_spec(tmp_path, ["sleep", "60"])
    process = start(tmp_path)
    assert process.stdout is not None and process.stdout.readline() == b"started\n"
    process.send_signal(number)
    process.communicate(timeout=60)
    result = result_of(tmp_path)
    assert (result["state"], result["reason"]) == ("cancelled", f"cancelled by {number.name}")
    assert result["signal"] == "SIGTERM"


def test_command_gets_default_signals_and_empty_stdin(tmp_path: Path) -> None:
    program = "cat; grep -E '^Sig(Blk|Ign)' /proc/self/status"

    def ignore() -> None:
        for number in (signal.SIGINT, signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)

    write_spec(tmp_path, ["sh", "-c", program])
    subprocess.run([*PROGRAM, str(tmp_path)], preexec_fn=ignore, input=b"not for the job", check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    assert result_of(tmp_path)["exit_code"] == 0
    words = (tmp_path / "stdout.log").read_text().split()
    # Signals 32 and 33 belong to the C library: no program can set them, and a launcher may leave
    # them ignored.
    settable = sum(1 << (number - 1) for number in signal.valid_signals())
    assert [int(word, 16) & settable for word in words[1::2]] == [0, 0]


def has_state(folder: Path, state: str) -> bool:
    return bool(probe.state(str(folder))["state"] == state)


def test_killed_supervisor_never_lets_the_command_start_unrecorded(tmp_path: Path) -> None:
    """A command runs only after owner.json names it: killed at any moment, what ran can be found."""
    for i in range(12):
        folder = tmp_path / f"a{i}"
        cookie = write_spec(folder, ["sh", "-c", "echo ran; exec sleep 60"])
        process = start(folder)
        wait_until((folder / ("alive.lock", "stdout.log", "owner.json")[i % 3]).exists)
        process.kill()
        process.communicate()
        # not at once: a fork that was not let go has yet to notice
        wait_until(partial(has_state, folder, "gone"))
        assert living(cookie) == []
        out = folder / "stdout.log"
        if out.exists() and out.read_bytes():
            assert (folder / "owner.json").exists()


WITHOUT_LINUX = """
import sys
sys.path.append(sys.argv[1])
import supervise as s
s.PROC = "/no/such/proc"
s.sys.platform = "other"
class Signals: pass
import signal
for name in dir(signal):
    if name not in ("sigtimedwait", "sigwaitinfo"): setattr(Signals, name, staticmethod(getattr(signal, name))
        if callable(getattr(signal, name)) and not isinstance(getattr(signal, name), int) else getattr(signal, name))
s.sig = Signals
for name in ("waitid", "posix_fallocate", "link"):
    if hasattr(s.os, name): delattr(s.os, name)
def no_link(*a): raise OSError(95, "no links")
s.os.link = no_link
for name in ("_json", "_ctypes", "_signal"): sys.modules[name] = None
sys.exit(s.main(sys.argv[2:]))
"""


def test_without_linux_it_still_runs_and_ends_commands(tmp_path: Path) -> None:
    here = os.path.dirname(supervise.__file__)
    cases: list[tuple[list[str], dict[str, Any], Callable[[dict[str, Any]], bool]]] = [
        (["sh", "-c", "echo hi; exit 3"], {}, lambda r: (r["state"], r["exit_code"]) == ("failed", 3)),
        (["no-such-command"], {}, lambda r: r["exit_code"] == 127),
        (["sh", "-c", "trap '' TERM; while :; do sleep 0.01; done"], {"timeout_s": 0.1, "grace_s": 0.1},
         lambda r: (r["state"], r["signal"]) == ("timeout", "SIGKILL")),
        (["sh", "-c", "(trap '' TERM; while :; do sleep 1; done) & echo $!"], {"leftover_grace_s": 0.1},
         lambda r: r["state"] == "done"),
    ]  # fmt: skip
    for i, (argv, spec, expected) in enumerate(cases):
        folder = tmp_path / f"a{i}"
        cookie = write_spec(folder, argv, **spec)
        python = [PROGRAM[0], "-I", "-S", "-c", WITHOUT_LINUX, here, str(folder)]
        done = subprocess.run(python, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        result = result_of(folder)
        assert expected(result), result
        assert living(cookie) == []
        facts = result["contention"]
        assert {
            facts[k] for k in ("run_queue_wait_s", "cpu_pressure_s", "others_cpu_s", "load_1m_end")
        } == {None}
        assert json.loads((folder / "owner.json").read_bytes())["start_ticks"] is None


def test_process_tables_of_both_kinds_agree() -> None:
    with subprocess.Popen(
        ["sh", "-c", "sleep 60 & sleep 60 & wait"], start_new_session=True
    ) as shell:
        wait_until(lambda: len(supervise.descendants(shell.pid)) == 2)
        walked = supervise.descendants(shell.pid)
        assert sorted(walked) == sorted(supervise.descendants_by_parent(shell.pid))
        os.killpg(shell.pid, signal.SIGKILL)


def test_json_of_the_fast_path_is_json() -> None:
    value = {"a": [1, 2.5, None, True], "b": 'é\n"\\\udc80\U0001f600', "c": {"d": -1e300}}
    assert json.loads(supervise.encode_json(value)) == value
    assert supervise.decode_json(json.dumps(value)) == value
    assert supervise.decode_json(json.dumps(value, ensure_ascii=False, indent=2)) == value
    for bad in ("{", "", '{"a":1', "[1]"):
        with pytest.raises(ValueError):
            supervise.decode_json(bad)


def test_cpu_time_is_of_the_cpus_a_run_is_pinned_to() -> None:
    text = b"cpu  300 0 0 0 0 0 0 30 0 0\ncpu0 100 0 0 0 0 0 0 10 0 0\ncpu1 200 0 0 0 0 0 0 20 0 0\nintr 1\n"
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    assert supervise.cpu_seconds(text, None) == {"busy_s": 300 * tick_s, "steal_s": 30 * tick_s}
    assert supervise.cpu_seconds(text, [1]) == {"busy_s": 200 * tick_s, "steal_s": 20 * tick_s}
    assert supervise.cpu_seconds(text, [1, 2]) == {"busy_s": None, "steal_s": None}
    assert supervise.cpu_seconds(b"", None) == {"busy_s": None, "steal_s": None}


def test_throttle_events_are_summed_or_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "SYS", str(tmp_path))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert supervise.throttle_counts() is None
    for cpu, count in ((0, "3\n"), (1, "4\n")):
        (tmp_path / f"cpu{cpu}/thermal_throttle").mkdir(parents=True)
        (tmp_path / f"cpu{cpu}/thermal_throttle/core_throttle_count").write_text(count)
    assert supervise.throttle_counts() == {"core": 7, "package": 0}


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs two CPUs",
)
def test_a_command_that_pins_itself_is_judged_on_its_cpus(tmp_path: Path) -> None:
    cpu = sorted(os.sched_getaffinity(0))[-1]
    write_spec(
        tmp_path / "a",
        [sys.executable, "-S", "-c", f"import os; os.sched_setaffinity(0, {{{cpu}}})"],
    )
    subprocess.run([*PROGRAM, str(tmp_path / "a")], capture_output=True, check=True, timeout=60)
    assert result_of(tmp_path / "a")["contention"]["pinned_to"] == [cpu]


def left(folder: Path, script: str, *paths: str) -> dict[str, Any]:
    """What a result says of ``paths`` after ``script``; ``old.csv`` holds what ``r.csv`` holds."""
    work, attempt = folder / "work", folder / "attempt"
    work.mkdir(exist_ok=True)
    (work / "r.csv").write_text("x\n1\n")
    (work / "old.csv").write_text("x\n1\n")
    for name in ("r.csv", "old.csv"):
        os.utime(work / name, (1e9, 1e9))
    told: dict[str, Any] = run(attempt, ["sh", "-c", script], cwd=str(work), files=[*paths])[
        "files"
    ]
    return told


@pytest.mark.parametrize(
    ("script", "how"),
    [
        ("true", "same"),
        ("touch r.csv", "same"),
        ("cat r.csv", "same"),
        ("chmod 600 r.csv", "same"),
        ("cp -p old.csv t; mv t r.csv", "older"),
        ("ln -sf old.csv r.csv", "older"),
        ("mv old.csv r.csv", "older"),
        ("rm r.csv", "absent"),
        ("rm r.csv; mkdir r.csv", "folder"),
        ("printf 'x\\n2\\n' > r.csv", "rewritten"),
        ("printf 'x\\n1\\n' > r.csv", "rewritten"),  # the same result once more
        ("printf 'x\\n1\\n' > t; mv t r.csv", "new"),
        ("rm r.csv; printf 'x\\n1\\n' > r.csv", "new"),  # maybe under its old inode
        ("echo 2 >> r.csv", "appended"),
        ("printf 'x\\n1\\n2\\n' > r.csv", "appended"),  # which cannot be told apart
        ("printf x > r.csv", "rewritten"),
    ],
)
def test_what_a_command_made_of_a_file_that_was_there(
    tmp_path: Path, script: str, how: str
) -> None:
    told = left(tmp_path, script, "r.csv")["r.csv"]
    assert told["how"] == how
    assert told.get("before_bytes") == (4 if how == "appended" else None)


def test_a_file_that_came_is_of_the_run_unless_it_is_older(tmp_path: Path) -> None:
    script = "echo 1 > a; cp -p old.csv b; cp old.csv c; ln r.csv d"
    told = left(tmp_path, script, "a", "b", str(tmp_path / "work/c"), "d", "e")
    assert [about["how"] for about in told.values()] == ["new", "older", "new", "older", "absent"]


def test_of_a_folder_the_files_are_named_that_the_command_wrote(tmp_path: Path) -> None:
    (tmp_path / "work/out/deep").mkdir(parents=True)
    for name in ("kept", "touched", "anew", "deep/kept", "deep/grown"):
        (tmp_path / "work/out" / name).write_text("1\n")
    script = "cd out; touch touched; echo 1 > anew; echo 2 >> deep/grown; echo 1 > came; cp -p ../old.csv placed"
    told = left(tmp_path, script, "out")["out"]
    assert told == {"how": "folder", "written": ["anew", "came", "deep/grown"]}


def test_without_a_kernel_that_tells_of_writes_the_time_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "call_libc", lambda *arguments: -1)
    (tmp_path / "a").write_text("1\n")
    files = supervise.FilesToWrite(str(tmp_path), ["a"])
    os.utime(tmp_path / "a", (1e9, 1e9))
    assert files.after()["a"]["how"] == "rewritten"
    assert supervise.FilesToWrite(str(tmp_path), ["a"]).after()["a"]["how"] == "same"


def test_a_large_file_is_known_by_its_beginning_and_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "DIGESTED_BYTES", 8)
    path = tmp_path / "a"
    path.write_bytes(b"abcd" + b"." * 10 + b"wxyz")
    whole = supervise.digest_of_start(str(path), 18)
    path.write_bytes(b"abcd" + b"-" * 10 + b"wxyz and more")
    assert (
        supervise.digest_of_start(str(path), 18)
        == whole
        != supervise.digest_of_start(str(path), 17)
    )
    assert supervise.digest_of_start(str(path), 99) == supervise.digest_of_start("/none", 1) == ""
