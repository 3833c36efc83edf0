"""What else uses a machine is looked at by the job itself, where it does not run where it was asked
for: before its command and after it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.collectors import hygiene
from leadline.job import lease, pilot, preflight
from tests.unit.test_job_supervise import run

#: NVML of a machine with one GPU, on which a process of another computes; its clock is held down.
DRIVER = """
#include <string.h>
typedef unsigned int u; typedef unsigned long long ull;
struct running { u pid; ull used; u gi, ci; };
int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(u *n) { *n = 1; return 0; }
int nvmlDeviceGetHandleByIndex_v2(u i, void **h) { *h = (void *)0x77; return i ? 2 : 0; }
int nvmlDeviceGetComputeRunningProcesses_v2(void *h, u *n, struct running *r) {
  if (h != (void *)0x77 || *n < 1) return 7;
  memset(r, 0, sizeof *r); r[0].pid = 999999; r[0].used = 1 << 20; *n = 1; return 0; }
int nvmlDeviceGetCurrentClocksThrottleReasons(void *h, ull *r) { *r = 0x40; return 0; }
int nvmlDeviceGetUtilizationRates(void *h, u *r) { r[0] = 93; r[1] = 5; return 0; }
int nvmlDeviceGetClockInfo(void *h, u kind, u *mhz) { *mhz = kind == 1 ? 1200 : 0; return 0; }
int nvmlDeviceGetMaxClockInfo(void *h, u kind, u *mhz) { return 3; }
int nvmlDeviceGetViolationStatus(void *h, u policy, ull *v) { v[1] = policy ? 2500000000ull : 0; return 0; }
"""


@pytest.fixture(autouse=True)
def leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LEADLINE_LEASES", str(tmp_path / "leases"))
    return str(tmp_path / "leases")


def test_the_job_says_how_the_machine_was_before_and_after(tmp_path: Path) -> None:
    theirs = lease.take("gpu1", lease.JOB, {"run": "Q-009-r1", "thread": "other", "who": "ada"})
    own = {"devices": ["gpu0"], "holder": {"run": "P-001-r1"}}
    told = run(tmp_path / "a", ["true"], facts=True, canary=True, **own)
    os.close(theirs)
    before, during = told["machine"]["preflight"], told["contention"]
    assert before["cpu_count"] == len(os.sched_getaffinity(0)) and before["load_1m"] is not None
    assert [words.partition(" since")[0] for words in before["remarks"]] == [
        "gpu1 is held by Q-009-r1 of other (ada on ?)"
    ]
    assert during["accelerator_processes"] == [] and during["accelerators"] == []
    assert during["canary_start_s"] > 0 and during["canary_end_s"] > 0
    judged = hygiene.judged(before)
    assert judged["remarks"][0] == before["remarks"][0]
    verdict = hygiene.after_run(judged, during, told["wall_s"])
    assert not [words for words in verdict["reasons"] if "no preflight" in words]


def test_a_job_that_runs_where_it_was_asked_for_was_looked_at_there(tmp_path: Path) -> None:
    told = run(tmp_path / "a", ["true"])
    assert "machine" not in told and "canary_start_s" not in told["contention"]


def test_further_lock_files_mean_that_the_accelerator_is_taken_there_too(tmp_path: Path) -> None:
    (tmp_path / "npu.lock").touch()
    told = run(tmp_path / "a", ["true"], facts=True, lock_files=[str(tmp_path / "npu.lock")])
    judged = hygiene.judged(told["machine"]["preflight"])
    assert judged["contended"] is True and "npu.lock" in str(judged["reasons"])


def test_what_was_seen_there_afterwards_is_not_asked_of_this_machine() -> None:
    before = {"contended": False, "reasons": [], "cpu_count": 2, "accelerators": [{"index": 0}]}
    during = {"run_queue_wait_s": 0.0, "others_cpu_s": 0.0, "accelerators": []}
    someone = [{"index": 0, "pid": 7, "name": "train"}]
    for processes, contended in (([], False), (someone, True), (None, None)):
        seen = {**during, "accelerator_processes": processes}
        found = hygiene.after_run(before, seen, 9.0, gpu_library=object())  # fails if it is asked
        assert found["contended"] is contended


@pytest.mark.parametrize("after_ms, contended", [(4.4, False), (5.0, True), (3.0, True)])
def test_a_canary_that_changed_its_pace_says_what_no_counter_does(
    after_ms: float, contended: bool
) -> None:
    before = {"contended": False, "reasons": [], "cpu_count": 2}
    during: Any = {"run_queue_wait_s": 0.0, "others_cpu_s": 0.0}
    during |= {"canary_start_s": 0.004, "canary_end_s": after_ms / 1e3}
    found = hygiene.after_run(before, during, 9.0)
    assert found["contended"] is contended
    assert any("a fixed piece of work" in words for words in found["reasons"]) is contended


def test_the_driver_is_asked_where_no_package_of_it_is_installed(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here to make a driver's library with")
    (tmp_path / "nvml.c").write_text(DRIVER)
    made = [compiler, "-shared", "-fPIC", "-o", "libnvml.so", "nvml.c"]
    subprocess.run(made, cwd=tmp_path, check=True)
    told = preflight.nvidia("/", str, preflight.DriverLibrary(str(tmp_path / "libnvml.so")))
    assert told is not None
    assert [user["pid"] for user in told["processes"]] == [999999]
    assert told["devices"] == [
        {
            "index": 0,
            "utilisation_percent": 93,
            "sm_clock_mhz": 1200,
            "sm_clock_max_mhz": None,
            "slowdown": ["hardware thermal slowdown"],
            "held_back_s": {"power": 0.0, "thermal": 2.5},
        }
    ]
    with pytest.raises(OSError):
        preflight.DriverLibrary(str(tmp_path / "absent.so"))


def test_a_pilot_looks_at_the_machine_once_a_second_and_its_runs_tell_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    monkeypatch.setattr(pilot.preflight, "seen", lambda: looks.append(1) or {"load_1m": 0.5})
    monkeypatch.setattr(pilot.supervise, "LOOKED", None)
    assert pilot.LOOK_AROUND_EVERY_S == 1.0
    monkeypatch.setattr(pilot, "LOOK_AROUND_EVERY_S", 600.0)  # a busy machine takes more for three
    (tmp_path / "queue/slots/0/claimed").mkdir(parents=True)
    (tmp_path / "queue/todo").mkdir()
    (tmp_path / "queue/closed").touch()
    for place in ("1", "2", "3"):
        folder = tmp_path / place
        folder.mkdir()
        spec = {"run": place, "argv": ["true"], "cwd": str(tmp_path), "facts": True}
        (folder / "spec.json").write_text(json.dumps(spec))
        (tmp_path / "queue/todo" / place).write_text(str(folder))
    assert pilot.Pilot(str(tmp_path / "queue/slots/0")).work() == 0
    assert looks == [1]
    for place in ("1", "2", "3"):
        result = json.loads((tmp_path / place / "result.json").read_text())
        assert result["machine"]["preflight"] == {"load_1m": 0.5}
