"""Whether a machine is in use or held back: trees of files that describe one, a stand-in for the
GPU library."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from leadline.adapters.collectors import hygiene
from leadline.job import preflight as machine

QUIET = {
    "proc/loadavg": "0.01 0.0 0.0 1/80 99\n",
    "proc/pressure/cpu": "some avg10=0.00 avg60=0 avg300=0 total=1\n",
    "proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 900 kB\n",
    "proc/uptime": "100.0 1\n",
    "proc/locks": "",
}


def tree(root, files, links=()):
    for name, text in {**QUIET, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name, target in links:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    return str(root)


def stat(pid, name, parent=1, state="S", ticks=0, cpu=0, flags=0):
    middle = f"0 0 0 0 {flags} 0 0 0 0 {ticks} 0 0 0 20 0 1 0 0 " + "0 " * 16
    return f"{pid} ({name}) {state} {parent} {middle}{cpu} 0\n"


def same(text):
    return text


class Gpu:
    """Stands in for ``pynvml``: one GPU, with the functions that the collector calls."""

    class NVMLError(Exception):
        pass

    def __init__(self, pids=(), reasons=0, thermal_ns=0, power_ns=0, broken=False):
        self.pids, self.reasons, self.held, self.broken = (
            pids,
            reasons,
            (power_ns, thermal_ns),
            broken,
        )

    def nvmlInit(self):
        if self.broken:
            raise self.NVMLError

    def nvmlShutdown(self):
        pass

    def nvmlDeviceGetCount(self):
        return 1

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetComputeRunningProcesses(self, handle):
        return [SimpleNamespace(pid=pid) for pid in self.pids]

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle):
        return self.reasons

    def nvmlDeviceGetUtilizationRates(self, handle):
        return SimpleNamespace(gpu=7)

    def nvmlDeviceGetClockInfo(self, handle, kind):
        raise self.NVMLError

    def nvmlDeviceGetViolationStatus(self, handle, policy):
        return SimpleNamespace(violationTime=self.held[policy])


# accelerators


def test_a_process_on_the_gpu_is_named_and_our_own_is_not(tmp_path):
    root = tree(tmp_path, {"proc/60/comm": "trainer\n"})
    found = hygiene.preflight(root, gpu_library=Gpu(pids=[60, os.getpid()]))
    assert [(p["pid"], p["name"]) for p in found["accelerator_processes"]] == [(60, "trainer")]
    assert found["contended"] is True and found["reasons"] == [
        "accelerator 0 is used by trainer (60)"
    ]
    assert (
        found["accelerators"][0]["utilisation_percent"] == 7
        and found["accelerators"][0]["sm_clock_mhz"] is None
    )


@pytest.mark.parametrize(
    "bit, word",
    [(0x4, "power cap"), (0x8, "hardware slowdown"), (0x20, "thermal"), (0x40, "hardware thermal")],
)
def test_a_gpu_that_is_held_back_says_why(tmp_path, bit, word):
    found = hygiene.preflight(tree(tmp_path, {}), gpu_library=Gpu(reasons=bit))
    assert found["throttled"] is True and word in found["remarks"][0]


def test_an_idle_gpu_clock_is_no_slowdown(tmp_path):
    assert hygiene.preflight(tree(tmp_path, {}), gpu_library=Gpu(reasons=0x1))["throttled"] is None


def test_a_library_that_does_not_work_falls_back_to_the_open_devices(tmp_path):
    files = {
        "dev/nvidia0": "",
        "proc/60/stat": stat(60, "trainer"),
        "proc/61/stat": stat(61, "nvidia-persiste"),
    }
    links = [("proc/60/fd/3", "/dev/nvidia0"), ("proc/61/fd/3", "/dev/nvidia0")]
    found = hygiene.preflight(tree(tmp_path, files, links), gpu_library=Gpu(broken=True))
    assert [(p["index"], p["name"]) for p in found["accelerator_processes"]] == [
        ("/dev/nvidia0", "trainer")
    ]
    assert found["accelerators"] is None


def test_holders_of_device_files_are_others_only(tmp_path):
    me = os.getpid()
    files = {
        "dev/accel0": "",
        "dev/npu": "",
        f"proc/{me}/stat": stat(me, "leadline"),
        "proc/50/stat": stat(50, "child", parent=me),
        "proc/60/stat": stat(60, "old tpu job"),
        "proc/70/stat": stat(70, "other"),
    }
    links = [
        (f"proc/{pid}/fd/3", path)
        for pid, path in ((me, "/dev/accel0"), (50, "/dev/accel0"), (60, "/dev/accel0"))
    ]
    root = tree(tmp_path, files, [*links, ("proc/70/fd/9", "/dev/npu")])
    found = hygiene.preflight(root, device_paths=["/dev/npu", "/dev/absent"])
    assert sorted((p["index"], p["pid"]) for p in found["accelerator_processes"]) == [
        ("/dev/accel0", 60),
        ("/dev/npu", 70),
    ]
    assert found["contended"] is True
    assert hygiene.preflight(root)["reasons"] == [
        "accelerator /dev/accel0 is used by old tpu job (60)"
    ]


def test_what_others_hold_open_is_unknown_when_it_cannot_be_read(tmp_path, monkeypatch):
    root = tree(
        tmp_path,
        {
            "dev/accel0": "",
            "proc/60/stat": stat(60, "x"),
            "proc/2/stat": stat(2, "kt", flags=0x200000),
        },
    )
    real = os.listdir

    def refusing(path):
        if str(path).endswith("60/fd"):
            raise PermissionError
        return real(path)

    monkeypatch.setattr(os, "listdir", refusing)
    found = hygiene.preflight(root)
    assert (found["contended"], found["accelerator_processes"]) == (None, None)
    assert "cannot be listed" in found["reasons"][0]


@pytest.mark.parametrize("holder, held", [("", False), ("other", True)])
def test_a_lock_is_held_or_stale_and_our_own_is_not_listed(tmp_path, holder, held):
    root = tree(tmp_path, {"tmp/mine.lock": "", "proc/60/comm": "other\n"})
    inode = (tmp_path / "tmp/mine.lock").stat().st_ino
    line = "1: FLOCK  ADVISORY  WRITE {} fe:00:{} 0 EOF\n"
    (tmp_path / "proc/locks").write_text(line.format(60, inode) if held else "")
    assert hygiene.preflight(root)["locks"] == []
    found = hygiene.preflight(root, lock_files=["/tmp/mine.lock"])
    assert [(lock["held"], lock["name"]) for lock in found["locks"]] == [(held, holder)]
    assert found["contended"] is True and ("other (60)" if held else "stale") in found["reasons"][0]
    (tmp_path / "proc/locks").write_text(line.format(os.getpid(), inode))
    assert machine.locks(root, ["/tmp/mine.lock"]) == []


# the processor


def test_only_what_runs_on_the_pinned_cpus_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {2, 3})
    files = {
        "sys/devices/system/cpu/online": "0-7\n",
        "proc/loadavg": "4.0 0 0 5/80 9\n",
        "proc/pressure/cpu": "some avg10=60.00 avg60=0 avg300=0 total=1\n",
        "proc/60/stat": stat(60, "elsewhere", state="R", ticks=9000, cpu=1),
    }
    found = hygiene.preflight(tree(tmp_path, files))
    assert (found["pinned_to"], found["others"], found["contended"]) == ([2, 3], [], False)
    (tmp_path / "proc/60/stat").write_text(stat(60, "here", state="R", ticks=9000, cpu=3))
    found = hygiene.preflight(str(tmp_path))
    assert (
        found["contended"] is True
        and "pinned" in found["reasons"][0]
        and "here" in found["reasons"][0]
    )


def test_governor_turbo_and_device_count_are_said_and_decide_nothing(tmp_path):
    cpu = "sys/devices/system/cpu"
    files = {
        f"{cpu}/cpu{n}/cpufreq/scaling_governor": "powersave\n" for n in os.sched_getaffinity(0)
    }
    root = tree(tmp_path, {**files, f"{cpu}/intel_pstate/no_turbo": "0\n"})
    found = hygiene.preflight(root, devices={"kind": "gpu", "count": 3}, expected_devices=4)
    assert (found["governor"], found["turbo"], found["contended"]) == ("powersave", True, False)
    assert "powersave" in found["remarks"][0] and found["remarks"][1] == "3 gpu devices, expected 4"


@pytest.mark.parametrize(
    "first, last, throttled",
    [({"core": 3}, {"core": 3}, False), ({"core": 3}, {"core": 5}, True), (None, None, None)],
)
def test_throttling_is_the_change_of_the_count_over_the_run(first, last, throttled):
    before = {"contended": False, "reasons": [], "cpu_count": 2}
    during = {"run_queue_wait_s": 0.0, "others_cpu_s": 0.0, "wall_s": 9.0}
    found = hygiene.after_run(
        before, {**during, "throttle_counts_start": first, "throttle_counts_end": last}
    )
    assert (found["throttled"], found["contended"]) == (throttled, False)
    assert bool(found["throttle_reasons"]) is (throttled is not False)


@pytest.mark.parametrize("thermal_ns, throttled", [(0, False), (10**9, True)])
def test_a_gpu_held_back_during_the_run_is_seen_by_its_counter(tmp_path, thermal_ns, throttled):
    before = hygiene.preflight(tree(tmp_path, {}), gpu_library=Gpu())
    counts = {"core": 1}
    during = {"run_queue_wait_s": 0.0, "others_cpu_s": 0.0, "wall_s": 9.0}
    during |= {"throttle_counts_start": counts, "throttle_counts_end": counts}
    after = hygiene.after_run(
        before, during, root=str(tmp_path), gpu_library=Gpu(thermal_ns=thermal_ns)
    )
    assert after["throttled"] is throttled and after["contended"] is False
    joined = hygiene.after_run(before, during, root=str(tmp_path), gpu_library=Gpu(pids=[60]))
    assert joined["contended"] is True
    gone = hygiene.after_run(before, during, root=str(tmp_path), gpu_library=Gpu(broken=True))
    assert (gone["contended"], gone["throttled"]) == (None, None)


def test_an_accelerator_that_tells_nothing_leaves_throttling_unknown(tmp_path):
    before = hygiene.preflight(tree(tmp_path, {"dev/accel0": ""}))
    counts = {"core": 1}
    during = {"throttle_counts_start": counts, "throttle_counts_end": counts, "wall_s": 1.0}
    assert hygiene.after_run(before, during)["throttled"] is None


@pytest.mark.parametrize(
    ("during", "before", "share"),
    [
        ({"others_cpu_s": 3.0, "steal_s": 1.0}, {}, 0.2),  # of two CPUs
        ({"others_cpu_s": 0.5, "memory_pressure_s": 4.0}, {}, 0.4),
        ({"others_cpu_s": 0.0}, {"reasons": ["lock file /tmp/l exists (holder unknown)"]}, 1.0),
        ({"others_cpu_s": 0.0, "canary_start_s": 0.1, "canary_end_s": 0.2}, {}, 1.0),
        ({}, {}, None),
    ],
)
def test_the_share_of_the_machine_that_others_had(during, before, share):
    seen = {"contended": False, "reasons": [], "cpu_count": 2} | before
    found = hygiene.after_run(seen, {"run_queue_wait_s": 0.0, "wall_s": 10.0} | during)
    assert found["others_share"] == share
