"""``leadline.log`` as jobs use it: in a process of its own, with forks, threads and ``kill -9``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def python(code: str, metrics: Path | None, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "LEADLINE_METRICS": str(metrics)}
    if metrics is None:
        del env["LEADLINE_METRICS"]
    return subprocess.run([sys.executable, "-c", code], env=env, text=True, capture_output=True, timeout=60, **kwargs)


def lines(path: Path) -> list[dict[str, Any]]:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return [json.loads(line, parse_constant=refuse) for line in path.read_text().splitlines()]


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def test_ways_to_call(metrics: Path) -> None:
    code = """
import leadline as ll, time
before = time.time()
ll.log(step=3, loss=0.5)
ll.log(4, loss=1)
ll.log({"eval/loss": 1e-300, 'q"\\\\é': 2}, step=5)
ll.log({"a": 1}, b=True)
ll.log({})
ll.log(step=9)
print(before, time.time())
"""
    done = python(code, metrics)
    assert done.stderr == ""
    found = lines(metrics)
    assert [(line["step"], line["metrics"]) for line in found] == [
        (3, {"loss": 0.5}),
        (4, {"loss": 1}),
        (5, {"eval/loss": 1e-300, 'q"\\é': 2}),
        (None, {"a": 1, "b": 1.0}),
    ]
    low, high = map(float, done.stdout.split())
    times = [line["t"] for line in found]
    assert low <= times[0] and times == sorted(times) and times[-1] <= high
    assert all(set(line) == {"t", "step", "metrics"} for line in found)


def test_values_that_json_does_not_have(metrics: Path) -> None:
    code = "import leadline as ll; i=float('inf'); ll.log(a=i, b=-i, c=i-i); ll.log(d=1.7976931348623157e308)"
    assert python(code, metrics).stderr == ""
    first, second = lines(metrics)
    assert first["metrics"] == {"a": "Infinity", "b": "-Infinity", "c": "NaN"}
    assert second["metrics"] == {"d": sys.float_info.max}


def test_scalars_of_other_libraries(metrics: Path) -> None:
    pytest.importorskip("numpy")
    code = """
import leadline as ll, numpy as np, decimal, fractions
ll.log(step=np.int64(7), a=np.float32(0.5), b=np.int16(3), c=np.float64('nan'), d=np.bool_(True), e=np.array(2.5),
       f=decimal.Decimal('0.25'), g=fractions.Fraction(1, 8), h=10**400 // 10**399)
"""
    assert python(code, metrics).stderr == ""
    (line,) = lines(metrics)
    assert line["step"] == 7
    assert line["metrics"] == {"a": 0.5, "b": 3, "c": "NaN", "d": 1, "e": 2.5, "f": 0.25, "g": 0.125, "h": 10}


@pytest.mark.parametrize(
    ("call", "word"),
    [
        ("log(loss='0.5')", "'loss'"),
        ("log(loss=None)", "'loss'"),
        ("log(ok=1, loss=[1])", "'loss'"),
        ("log(loss=1j)", "'loss'"),
        ("log({3: 1})", "3"),
        ("log({'loss': {'a': 1}})", "'loss'"),
        ("log(step=0.5, loss=1)", "step"),
        ("log(1, step=2, loss=1)", "step"),
    ],
)
def test_what_is_not_a_number_is_named(metrics: Path, call: str, word: str) -> None:
    done = python(f"import leadline as ll; ll.{call}", metrics)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("TypeError: ") and word in last
    assert not metrics.exists() or metrics.read_text() == ""


def test_does_nothing_outside_a_job(tmp_path: Path) -> None:
    done = python("import leadline as ll; ll.log(step=1, loss=2)", None, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr, os.listdir(tmp_path)) == (0, "", "", [])


def test_forked_processes_and_threads_lose_and_mix_nothing(metrics: Path) -> None:
    code = """
import os, threading, leadline as ll
ll.log(who=-1, i=0)
pids = []
for who in range(4):
    pid = os.fork()
    if pid == 0:
        def work(thread):
            for i in range(500): ll.log(i, who=who, thread=thread, filler_with_a_rather_long_name=0.1)
        threads = [threading.Thread(target=work, args=(t,)) for t in range(3)]
        for t in threads: t.start()
        for t in threads: t.join()
        os._exit(0)
    pids.append(pid)
for pid in pids: assert os.waitpid(pid, 0)[1] == 0
"""
    assert python(code, metrics).stderr == ""
    found = [(m["metrics"]["who"], m["metrics"].get("thread"), m["step"]) for m in lines(metrics)]
    assert sorted(found[1:]) == [(w, t, i) for w in range(4) for t in range(3) for i in range(500)]
    for who in range(4):
        for thread in range(3):
            assert [i for w, t, i in found[1:] if (w, t) == (who, thread)] == list(range(500))


def test_fork_with_the_lock_held_by_another_thread(metrics: Path) -> None:
    code = """
import os, leadline.job.log as module
module._opening.acquire()
pid = os.fork()
if pid == 0:
    module.log(a=1)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
"""
    assert python(code, metrics).returncode == 0
    assert lines(metrics)[0]["metrics"] == {"a": 1}


def test_kill_loses_no_acknowledged_line(metrics: Path, tmp_path: Path) -> None:
    code = """
import os, leadline as ll
i = 0
while True:
    ll.log(i, loss=0.1)
    os.write(1, b"%d\\n" % i)
    i += 1
"""
    env = {**os.environ, "LEADLINE_METRICS": str(metrics)}
    with open(tmp_path / "acknowledged", "w") as f:
        process = subprocess.Popen([sys.executable, "-c", code], env=env, stdout=f)
        while os.stat(tmp_path / "acknowledged").st_size < 20_000:
            assert process.poll() is None
        process.kill()
        process.wait()
    acknowledged = (tmp_path / "acknowledged").read_text().split()
    steps = [line["step"] for line in lines(metrics)]
    assert steps == list(range(len(steps)))
    assert len(steps) - len(acknowledged) in (0, 1)


def test_full_disk_is_said_once_and_ends_nothing() -> None:
    done = python("import leadline as ll\nfor i in range(3): ll.log(i, a=1)\nprint('on')", Path("/dev/full"))
    assert (done.returncode, done.stdout) == (0, "on\n")
    assert done.stderr == "leadline: metrics are being lost, /dev/full cannot be written: No space left on device\n"


def test_line_cut_by_a_full_disk_spoils_no_other(metrics: Path) -> None:
    code = """
import resource, leadline as ll
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
for i in range(4): ll.log(i, a=1)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
ll.log(9, a=1)
ll.log(10, a=1)
"""
    assert python(code, metrics).returncode == 0
    text = metrics.read_text().splitlines()
    whole = [json.loads(line) for line in text if line.endswith("}}")]
    assert [line["step"] for line in whole][-2:] == [9, 10]
    assert len(text) - len(whole) == 1


def test_import_is_light() -> None:
    code = "import sys; old=set(sys.modules); import leadline.job.log; print(*sorted(set(sys.modules)-old))"
    assert python(code, None).stdout.split() == ["__future__", "leadline", "leadline.job", "leadline.job.log"]
