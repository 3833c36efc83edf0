"""``leadline.log`` as jobs use it: in a process of its own, with forks, threads and ``kill -9``."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.series.files import SeriesFiles
from leadline.core.series.segment import Decoder

BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def python(code: str, series: Path | None, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "LEADLINE_SERIES": str(series), "LEADLINE_SYNCED_ON": BOOT}
    if series is None:
        del env["LEADLINE_SERIES"]
    return subprocess.run(
        [sys.executable, "-c", code], env=env, text=True, capture_output=True, timeout=60, **kwargs
    )


class Rows:
    """Every point as a row of its frame: (step, {metric: value}), in the order of writing."""

    def __init__(self) -> None:
        self.points: list[tuple[str, float, float, float]] = []

    def take(self, name: str, times: Any, steps: Any, values: Any) -> None:
        self.points += [(name, *row) for row in zip(times, steps, values)]


# what is given by name goes a shorter way than a mapping or a step in front
CALLS = pytest.mark.parametrize("call", ["ll.log(i, a=1)", "ll.log(step=i, a=1)"])


def decoded(path: Path) -> tuple[Decoder, Rows]:
    rows = Rows()
    decoder = Decoder(rows)
    decoder.feed(path.read_bytes())
    decoder.finish()
    return decoder, rows


def lines(series: Path) -> list[tuple[int | None, dict[str, float]]]:
    """The calls of one process by time."""
    calls: dict[float, tuple[int | None, dict[str, float]]] = {}
    for path in sorted(series.glob("*.seg")):
        decoder, rows = decoded(path)
        assert (decoder.damages, decoder.refused) == ([], "")
        for name, time, step, value in rows.points:
            calls.setdefault(time, (None if step != step else int(step), {}))[1][name] = value
    return [calls[time] for time in sorted(calls)]


@pytest.fixture
def series(tmp_path: Path) -> Path:
    return tmp_path / "series"


def test_ways_to_call(series: Path) -> None:
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
    done = python(code, series)
    assert done.stderr == ""
    assert lines(series) == [
        (3, {"loss": 0.5}),
        (4, {"loss": 1}),
        (5, {"eval/loss": 1e-300, 'q"\\é': 2}),
        (None, {"a": 1, "b": 1.0}),
    ]
    low, high = map(float, done.stdout.split())
    (path,) = series.glob("*.seg")
    decoder, rows = decoded(path)
    assert all(low <= time <= high for _, time, _, _ in rows.points)
    assert decoder.header["writer"] == path.name.partition(".")[0] and decoder.torn_bytes == 0


def test_values_that_json_does_not_have(series: Path) -> None:
    code = "import leadline as ll; i=float('inf'); ll.log(a=i, b=-i, c=i-i); ll.log(d=1.7976931348623157e308, e=2**53)"
    assert python(code, series).stderr == ""
    first, second = (values for _, values in lines(series))
    assert (first["a"], first["b"]) == (math.inf, -math.inf) and math.isnan(first["c"])
    assert second == {"d": sys.float_info.max, "e": 2**53}


def test_scalars_of_other_libraries(series: Path) -> None:
    pytest.importorskip("numpy")
    code = """
import leadline as ll, numpy as np, decimal, fractions
ll.log(step=np.int64(7), a=np.float32(0.5), b=np.int16(3), c=np.float64('nan'), d=np.bool_(True), e=np.array(2.5),
       f=decimal.Decimal('0.25'), g=fractions.Fraction(1, 8), h=10**400 // 10**399)
"""
    assert python(code, series).stderr == ""
    ((step, values),) = lines(series)
    assert step == 7 and math.isnan(values.pop("c"))
    assert values == {"a": 0.5, "b": 3, "d": 1, "e": 2.5, "f": 0.25, "g": 0.125, "h": 10}


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
        ("log([1, 2])", "not list; metrics have names"),
        ("log('hello')", "not str; metrics have names"),
        ("log({}, step=0.5)", "not float"),
        ("log(loss=10**400)", "'loss' is too large for a float"),
    ],
)
def test_what_is_not_a_number_is_named(series: Path, call: str, word: str) -> None:
    done = python(f"import leadline as ll; ll.{call}", series)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("TypeError: ") and word in last
    assert not series.exists()


def test_a_metric_that_changes_its_type_does_not_end_a_training(series: Path) -> None:
    code = """
import leadline as ll
ll.log(1, loss=0.5, acc=1)
for i in range(2, 5): ll.log(i, loss=None, acc=2)
ll.log(5, loss="0.5")
ll.log(6, loss=0.25)
ll.log(step=7, loss=None)
"""
    done = python(code, series)
    assert done.returncode == 0
    assert (
        done.stderr.count("\n") == 1 and "'loss' is no number any more but NoneType" in done.stderr
    )
    (path,) = series.glob("*.seg")
    decoder, rows = decoded(path)
    assert decoder.odd == {"loss": 5}
    assert [(s, v) for n, _, s, v in rows.points if n == "loss"] == [(1, 0.5), (6, 0.25)]
    assert [(s, v) for n, _, s, v in rows.points if n == "acc"] == [(1, 1), (2, 2), (3, 2), (4, 2)]


def test_a_number_too_large_for_a_float_is_said_to_be_that(series: Path) -> None:
    code = (
        "import leadline as ll\nll.log(1, weird=1)\nll.log(2, weird=10**400)\nll.log(3, weird=None)"
    )
    done = python(code, series)
    assert (
        done.returncode == 0 and "'weird' is too large for a float; such values" in done.stderr
    ), done.stderr
    (path,) = series.glob("*.seg")
    decoder, _ = decoded(path)
    assert decoder.odd == {"weird": 2} and decoder.too_large == {"weird": 1}


@pytest.mark.parametrize("name", ["", " ", "\t\n"])
def test_a_blank_name_is_refused_at_first_and_ends_no_training_later(
    series: Path, name: str
) -> None:
    first = python(f"import leadline as ll; ll.log({{{name!r}: 1.0}})", series)
    assert (
        first.returncode == 1
        and "TypeError: the name of a metric must not be blank" in first.stderr
    )
    assert not series.exists()
    code = f"""
import leadline as ll
ll.log(1, loss=0.5)
for i in (2, 3): ll.log({{"loss": i, {name!r}: 1.0}}, step=i)
ll.log({{{name!r}: None}}, step=4)
"""
    done = python(code, series)
    assert (
        done.returncode == 0
        and done.stderr.count("\n") == 1
        and "the name of a metric is blank" in done.stderr
    )
    (path,) = series.glob("*.seg")
    decoder, rows = decoded(path)
    assert decoder.odd == {"": 3}
    assert [(n, s, v) for n, _, s, v in rows.points] == [
        ("loss", 1, 0.5),
        ("loss", 2, 2.0),
        ("loss", 3, 3.0),
    ]


def test_does_nothing_outside_a_job(tmp_path: Path) -> None:
    done = python("import leadline as ll; ll.log(step=1, loss=2)", None, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr, os.listdir(tmp_path)) == (0, "", "", [])


def test_forked_processes_and_threads_lose_and_mix_nothing(series: Path) -> None:
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
    assert python(code, series).stderr == ""
    assert len(list(series.glob("*.seg"))) == 5  # a file for each process
    found = []
    for path in series.glob("*.seg"):
        decoder, rows = decoded(path)
        assert not decoder.damages
        by = {n: [(s, v) for m, _, s, v in rows.points if m == n] for n in ("who", "thread")}
        found += [(w, t, int(s)) for (s, w), (_, t) in zip(by["who"], by["thread"])]
    found.insert(0, (-1.0, None, 0))
    for who in range(4):
        for thread in range(3):
            assert [i for w, t, i in found[1:] if (w, t) == (who, thread)] == list(range(500))


def test_fork_with_the_lock_held_by_another_thread(series: Path) -> None:
    code = """
import os, leadline.job.log as module
module._lock.acquire()
pid = os.fork()
if pid == 0:
    module.log(a=1)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
"""
    assert python(code, series).returncode == 0
    assert lines(series) == [(None, {"a": 1})]


def test_kill_loses_no_acknowledged_point(series: Path, tmp_path: Path) -> None:
    """A tight loop that says after each call, in memory shared with us, how many have returned."""
    code = """
import mmap, os, sys, leadline as ll
said = mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 8)
i = 0
while True:
    ll.log(step=i, loss=0.5 * i)
    i += 1
    said[:8] = i.to_bytes(8, "little")
"""
    board = tmp_path / "acknowledged"
    env = {**os.environ, "LEADLINE_SERIES": str(series), "LEADLINE_SYNCED_ON": BOOT}
    for attempt in range(3):
        board.write_bytes(bytes(8))
        process = subprocess.Popen([sys.executable, "-c", code, str(board)], env=env)
        while int.from_bytes(board.read_bytes(), "little") < 10_000 * (attempt + 1):
            assert process.poll() is None
        process.kill()
        process.wait()
        acknowledged = int.from_bytes(board.read_bytes(), "little")
        (path,) = series.glob(f"p{process.pid}-*.seg")
        decoder, rows = decoded(path)
        assert (decoder.damages, decoder.torn_bytes) == ([], 0)
        assert len(rows.points) - acknowledged in (0, 1)
        assert [(s, v) for _, _, s, v in rows.points] == [
            (i, 0.5 * i) for i in range(len(rows.points))
        ]


def test_eight_processes_open_a_new_store_at_once(series: Path) -> None:
    code = "import leadline as ll, sys\nfor i in range(2000): ll.log(step=i, loss=i, who=int(sys.argv[1]))"
    env = {**os.environ, "LEADLINE_SERIES": str(series), "LEADLINE_SYNCED_ON": BOOT}
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(who)], env=env) for who in range(8)
    ]
    assert [process.wait() for process in started] == [0] * 8
    store = SeriesFiles().read(str(series.parent))
    assert (len(store.writers), store.points, store.problems) == (8, 8 * 2000 * 2, [])
    owners = sorted(set(writer.series["who"].values) for writer in store.writers.values())
    assert owners == [{float(who)} for who in range(8)]


def test_ranks_name_their_files(series: Path) -> None:
    env = {**os.environ, "LEADLINE_SERIES": str(series), "LEADLINE_SYNCED_ON": BOOT, "RANK": "3"}
    subprocess.run(
        [sys.executable, "-c", "import leadline as ll; ll.log(a=1)"], env=env, check=True
    )
    store = SeriesFiles().read(str(series.parent))
    (writer,) = store.writers.values()
    assert writer.rank == 3 and writer.name.startswith("rank3-p")


def test_more_names_than_a_frame_holds(series: Path) -> None:
    code = "import leadline as ll\nfor s in range(2): ll.log({f'm{i}': i + s for i in range(2500)}, step=s)"
    assert python(code, series).stderr == ""
    store = SeriesFiles().read(str(series.parent))
    assert len(store.metrics) == 2500 and store.points == 5000
    assert list(store.merged("m2499").values) == [2499, 2500]


def test_one_metric_is_one_set_however_it_is_given(series: Path) -> None:
    code = "import leadline as ll\nll.log({'a': 1}, step=1); ll.log(step=2, a=2); ll.log(3, a=3)"
    assert python(code, series).stderr == ""
    (path,) = series.glob("*.seg")
    decoder, rows = decoded(path)
    assert [(step, value) for _, _, step, value in rows.points] == [(1, 1), (2, 2), (3, 3)]
    assert decoder.frames == 5  # the header, one set of names, three points


def test_so_many_sets_that_a_new_segment_begins(series: Path) -> None:
    code = """
import leadline as ll, leadline.job.log as module
module.SETS_IN_SEGMENT = 10
for i in range(35): ll.log(i, **{f"m{i}": 1.0, "all": i})
"""
    assert python(code, series).stderr == ""
    store = SeriesFiles().read(str(series.parent))
    assert len(list(series.glob("*.seg"))) == 4 and len(store.writers) == 1
    assert list(store.merged("all").values) == list(range(35))


def test_full_disk_is_said_once_and_ends_nothing(series: Path) -> None:
    """As with no room at all: the folder cannot be made below a file."""
    series.write_text("in the way")
    done = python("import leadline as ll\nfor i in range(3): ll.log(i, a=1)\nprint('on')", series)
    assert (done.returncode, done.stdout) == (0, "on\n")
    assert done.stderr.startswith(f"leadline: metrics are being lost, {series} cannot be written: ")
    assert done.stderr.count("\n") == 1


@CALLS
def test_points_after_a_full_disk_are_kept(series: Path, call: str) -> None:
    """The limit on a file's size cuts a frame short as a full disk does; once it is lifted, all
    goes on."""
    code = """
import resource, leadline as ll
unlimited = resource.RLIM_INFINITY
ll.log(0, a=1)
resource.setrlimit(resource.RLIMIT_FSIZE, (20, unlimited))
for i in range(1, 20): CALL
resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, unlimited))
for i in range(20, 30): CALL
"""
    done = python(code.replace("CALL", call), series)
    assert done.returncode == 0 and done.stderr.count("\n") == 1
    store = SeriesFiles().read(str(series.parent))
    assert list(store.merged("a").steps) == [0, *range(20, 30)] and not store.problems
    assert [cut["code"] for cut in store.cuts] == ["lost-points"]
    assert "19 calls" in store.cuts[0]["what"]


@CALLS
def test_a_full_disk_that_takes_nothing_leaves_a_cut_end(series: Path, call: str) -> None:
    """Frames before it are whole: without that a series with lost points looked whole."""
    code = """
import errno, leadline as ll, leadline.job.log as module
ll.log(0, a=1)
def full(*given): raise OSError(errno.ENOSPC, "full")
module._write = full
for i in range(1, 5): CALL
"""
    done = python(code.replace("CALL", call), series)
    assert done.returncode == 0 and done.stderr.count("\n") == 1
    store = SeriesFiles().read(str(series.parent))
    assert list(store.merged("a").steps) == [0] and not store.problems
    (cut,) = store.cuts
    assert cut["code"] == "torn-end" and "1 point of it could be read" in cut["what"]


@CALLS
def test_frame_that_is_cut_short_goes_to_a_new_segment(series: Path, call: str) -> None:
    code = """
import resource, leadline as ll
resource.setrlimit(resource.RLIMIT_FSIZE, (1004, resource.RLIM_INFINITY))
for i in range(200): CALL
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""
    done = python(code.replace("CALL", call), series)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list(series.glob("*.seg"))) > 1
    store = SeriesFiles().read(str(series.parent))
    assert (
        list(store.merged("a").steps) == list(range(200))
        and not store.problems
        and store.torn_bytes
    )
    assert not store.cuts  # every point stands in the next segment


@pytest.mark.skipif(
    not os.path.isdir("/dev/shm") or os.geteuid() != 0, reason="needs to mount a small file system"
)
def test_really_full_file_system(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(small)]).returncode:
        pytest.skip("cannot mount here")
    try:
        code = """
import os, sys, leadline as ll
n = 0
for i in range(20_000):
    ll.log(step=i, a=1)
os.unlink(sys.argv[1])
for i in range(20_000, 20_100): ll.log(step=i, a=1)
"""
        (small / "filler").write_bytes(bytes(20_000))
        env = {**os.environ, "LEADLINE_SERIES": str(small / "series"), "LEADLINE_SYNCED_ON": BOOT}
        done = subprocess.run(
            [sys.executable, "-c", code, str(small / "filler")],
            env=env,
            text=True,
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0
        assert done.stderr.count("\n") == 1 and "No space left on device" in done.stderr
        store = SeriesFiles().read(str(small))
        steps = list(store.merged("a").steps)
        assert not store.problems
        kept = [step for step in steps if step < 20_000]
        assert kept == list(range(len(kept))) and len(kept) > 500
        assert [step for step in steps if step >= 20_000] == list(range(20_000, 20_100))
        assert {"torn-end", "lost-points"} == {cut["code"] for cut in store.cuts}
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_another_machine_brings_its_points_to_the_disk_itself(series: Path) -> None:
    """Where the job program runs elsewhere a thread does it: seen at the system calls."""
    code = """
import os, threading, leadline as ll
done = threading.Event()
real = os.fdatasync
os.fdatasync = lambda fd: (real(fd), done.set())
ll.log(a=1)
assert done.wait(30)
"""
    env = {**os.environ, "LEADLINE_SERIES": str(series), "LEADLINE_SYNCED_ON": "another"}
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=60)


def test_import_is_light() -> None:
    code = "import sys; old=set(sys.modules); import leadline.job.log; print(*sorted(set(sys.modules)-old))"
    loaded = set(python(code, None).stdout.split())
    light = {
        "__future__",
        "leadline",
        "leadline.job",
        "leadline.job.log",
        "struct",
        "_struct",
        "zlib",
        "errno",
    }
    assert loaded <= light, loaded - light
