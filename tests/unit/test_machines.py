"""Where the sides of a claim ran is said, and runs of several machines are never pooled silently."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leadline.core.evidence.known import evidence_for
from leadline.core.evidence.machines import places_of
from leadline.core.record.run import Run
from leadline.job import machine
from leadline.testing.builders import ThreadBuilder


def on(host: str, executor: str = "local", **more: Any) -> dict[str, Any]:
    cpu = {"kind": "cpu", "count": 8}
    return {"executor": executor, "hardware": {"host": host}, "devices": cpu, **more}


def ran(
    b: ThreadBuilder, value: float, facts: dict[str, Any], experiment: str = "", **ended: Any
) -> str:
    planned = b.plan("base", {"block": 8}, experiment, None, None, 5.0, **facts)
    return b.end(planned, {"time_ms": value}, "done", "", 60.0, **ended)


def full_of(b: ThreadBuilder) -> str:
    thread = b.thread()
    return evidence_for(thread)(thread.claims[-1]).sentence.full


def study(second: dict[str, Any]) -> ThreadBuilder:
    b = ThreadBuilder("demo", goal="find out")
    ran(b, 10.0, on("box1"))
    ran(b, 11.0, second, "P-001")
    b.claim("it is quick", predicate="time_ms(P-001) < 50")
    return b


def test_runs_of_two_hosts_are_said_to_be_pooled() -> None:
    assert "was measured on local (box1), local (box2), pooled" in full_of(study(on("box2")))
    assert "pooled" not in full_of(study(on("box1")))


def test_where_a_side_ran_is_said_when_that_was_elsewhere() -> None:
    assert "on dev (box1), local (box1)" in full_of(study(on("box1", "dev")))
    assert "ran:" not in full_of(study(on("box1")))


def test_a_machine_is_named_with_its_accelerators() -> None:
    gpu = {"index": 0, "name": "H100", "memory_bytes": None, "driver": None}
    run = Run("u", "P-001-r1", "P-001", executor="dev")
    run.hardware, run.devices = {"host": "box1", "gpus": [gpu, gpu]}, {"kind": "gpu", "count": 2}  # type: ignore[typeddict-item]
    assert places_of([run]) == ["dev (box1, 2 x H100)"]
    assert places_of([Run("u", "P-001-r1", "P-001", executor="dev")]) == ["dev"]


def test_the_ending_knows_the_machine_that_the_plan_could_not() -> None:
    b = ThreadBuilder("demo", goal="find out")
    ran(b, 10.0, {"hardware": {}}, hardware={"host": "far"})
    assert next(iter(b.thread().runs)).hardware == {"host": "far"}


def test_a_job_elsewhere_says_what_it_ran_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    smi = bin_ / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho '0, H100, 81559, 550.1'; echo '1, H100, 81559, 550.1'\n")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": "1"}
    found = machine.facts(["python3", "x.py"], env)
    assert found["devices"] == {"kind": "gpu", "count": 1, "visible": ["1"]}
    assert [gpu["name"] for gpu in found["hardware"]["gpus"]] == ["H100", "H100"]
    assert found["software"]["python"].startswith("3.")
    smi.unlink()
    assert machine.facts(["python3", "x.py"], env) == found  # asked once an hour
    assert machine.facts(["sh", "-c", "x"], env)["software"]["python"] is None


def test_what_was_kept_for_another_path_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found where two long search paths ended alike."""
    monkeypatch.setattr(machine, "zlib", SimpleNamespace(crc32=lambda _: 7))
    (tmp_path / "python3").write_text("#!/bin/sh\necho 9.9 Other /other\n")
    (tmp_path / "python3").chmod(0o755)
    ours = machine.facts(["python3"], os.environ)["software"]
    other = machine.facts(["python3"], {"PATH": f"{tmp_path}:{os.environ['PATH']}"})["software"]
    assert (ours["python"][:2], other["python"]) == ("3.", "9.9")
