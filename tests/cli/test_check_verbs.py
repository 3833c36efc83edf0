"""The gates before posting and closing: every missing thing is its own item with the command that
mends it."""

from __future__ import annotations

import json
import sys
import time

import pytest

from leadline.testing.builders import ThreadBuilder
from tests.cli.recording import CODE, queued, recorded  # noqa: F401


def codes(items):
    return {i["code"] for i in items}


def test_check_close_and_post_through_the_program(queued):  # noqa: F811
    lab, run = queued
    run([20.0])
    done = lab.run("check", "close")
    assert done.returncode == 6
    assert (
        "no-interpretation: P-001 has no interpretation\n    leadline note --interpretation P-001 'TEXT'"
        in done.stdout
    )
    done = lab.run("check", "post", "P-001")
    assert (
        done.returncode == 6
        and "no-config: P-001" in done.stdout
        and "not-in-logbook" in done.stdout
    )
    lab.ok("correct", "P-001", "config.block=64", "--why", "listed late")
    assert "no-config" not in lab.run("check", "post", "P-001").stdout
    assert lab.run("check", "post", "P-009").returncode == 3
    assert lab.run("check").returncode == 2


def test_check_post_names_gaps_lost_code_and_confounded_claims(queued):  # noqa: F811
    lab, run = queued
    lab.write(".env", "TOKEN=abcdefghijklmnop\n")
    run([20.0, 20.5], "--set", "block=64", "--set", "steps=1")
    run([10.0, 10.5], "--set", "block=128", "--set", "steps=2")
    lab.ok(
        "claim",
        "a lower loss (n={{P-002.loss.n}})",
        "--that",
        "loss(P-002) < loss(P-001)",
        "--axis",
        "block",
    )
    items = lab.json("check", "post", "P-002")["data"]["missing"]
    assert {"code-gaps", "not-apples-to-apples"} <= codes(items)
    assert "steps" in next(i["what"] for i in items if i["code"] == "not-apples-to-apples")


def test_check_regression(recorded):  # noqa: F811
    lab, run = recorded
    run([20.0, 20.5, 20.2], "--set", "block=64")
    run([10.0, 10.5, 10.2], "--set", "block=128")
    items = lab.json("check", "regression", "P-002", "--against", "P-001")["data"]["missing"]
    assert "confounded-axis" in codes(items)
    items = lab.json("check", "regression", "P-002", "--against", "P-001", "--axis", "block")[
        "data"
    ]["missing"]
    # these records say nothing of it, and the sides did not take turns
    assert codes(items) == {"throttled"}
    answer = lab.json(
        "check", "regression", "--against", "P-001", "--axis", "block", "--metric", "loss"
    )
    assert codes(answer["data"]["missing"]) == {"throttled"}
    states = {row["item"]: row["state"] for row in answer["data"]["items"]}
    assert states["not contended"] == states["locks clean"] == states["same device count"] == "pass"
    assert states["not throttled"] == "unknown"


CLEAN = {"contended": False, "throttled": False, "reasons": []}


def judged(lab, axis="block", setting="", **last):
    """``check regression`` over three runs a side, slower on the second; ``last``: facts of the
    very last run."""
    builder = ThreadBuilder("demo", "P", started=False)
    builder.now_ms = time.time_ns() // 1_000_000
    devices = last.pop("devices", None)
    experiments = {64: "", 128: ""}
    for values in ((10.0, 20.0), (10.5, 20.5), (10.2, 20.2)):  # in turns
        for block, value in zip(experiments, values, strict=True):
            bad = last if value == 20.2 else {}
            facts = {"devices": devices} if devices and value == 20.2 else {}
            shown = builder.plan(
                "", {"block": block}, experiments[block], None, None, 0, code=CODE, **facts
            )
            builder.end(shown, {"time_ms": value}, wall_s=0.0, **{"hygiene": CLEAN, **bad})
            experiments[block] = shown.rpartition("-r")[0]
            builder.now_ms += 1000
    folder = lab.repo / ".git" / "leadline" / "threads" / "demo" / "events"
    (folder / "wother-1.jsonl").write_bytes(b"".join(record.line() for record in builder.records))
    if setting:
        lab.write("leadline.toml", setting)
    lab.ok("metric", "time_ms", "--unit", "ms", "--direction", "lower")
    done = lab.run("check", "regression", "P-002", "--against", "P-001", "--axis", axis, "--json")
    items = json.loads(done.stdout.splitlines()[-1])["data"]["items"]
    return done.returncode, {row["code"]: row for row in items}


def test_a_regression_over_clean_runs_passes_every_item(thread_lab):
    exit_code, rows = judged(thread_lab)
    assert (exit_code, {row["state"] for row in rows.values()}) == (0, {"pass"})
    assert len(rows) == 8
    text = thread_lab.run("check", "regression", "--against", "P-001", "--axis", "block").stdout
    assert "pass    not throttled: no clock was held down" in text and text.rstrip().endswith(
        "regression: all pass"
    )


@pytest.mark.parametrize(
    "hygiene, code, state",
    [
        (
            {"contended": True, "throttled": False, "reasons": ["others used 1.50 of 2 CPUs"]},
            "contended",
            "fail",
        ),
        (
            {"contended": True, "throttled": False, "reasons": ["accelerator 0 is used by x (6)"]},
            "stale-process",
            "fail",
        ),
        (
            {"contended": True, "throttled": False, "reasons": ["before: lock file /x exists"]},
            "stale-lock",
            "fail",
        ),
        (
            {"contended": None, "throttled": False, "reasons": ["unknown: x"]},
            "unknown-hygiene",
            "unknown",
        ),
        (
            {"contended": None, "throttled": False, "reasons": ["unknown: x"]},
            "stale-process",
            "unknown",
        ),
        ({}, "unknown-hygiene", "unknown"),
        ({"contended": False, "throttled": True, "reasons": []}, "throttled", "fail"),
    ],
)
def test_one_bad_run_stops_a_regression_and_is_named(thread_lab, hygiene, code, state):
    exit_code, rows = judged(thread_lab, hygiene=hygiene)
    assert (exit_code, rows[code]["state"]) == (6, state)
    assert "P-002-r3" in rows[code]["what"] and "leadline" in rows[code]["mend"]


def test_another_device_count_stops_a_regression(thread_lab):
    exit_code, rows = judged(thread_lab, devices={"kind": "gpu", "count": 3})
    assert (exit_code, rows["device-count"]["state"]) == (6, "fail")


def test_another_device_count_than_expected_stops_a_regression(thread_lab):
    exit_code, rows = judged(thread_lab, setting="[run]\nexpected_devices = 99\n")
    assert (exit_code, rows["device-count"]["state"]) == (6, "fail")
    assert "99 expected" in rows["device-count"]["what"]


def test_check_regression_without_anything_to_judge(thread_lab):
    done = thread_lab.run("check", "regression")
    assert done.returncode not in (0, 70) and "Traceback" not in done.stderr and done.stderr


def test_check_text_names_what_is_not_bound_and_writes_what_is_sure(thread_lab):
    thread_lab.run("run", "--", sys.executable, "-c", "print('{\"time_ms\": 5.25}')")
    paper = thread_lab.repo / "PAPER.md"
    paper.write_text("It takes 5.25 ms, or 9.9 ms.\n")
    done = thread_lab.run("check", "text", "PAPER.md", "--json")
    assert done.returncode == 6
    rows = json.loads(done.stdout)["data"]["numbers"]
    assert [(r["number"], r["state"], r["line"]) for r in rows] == [
        ("5.25 ms", "unsupported", 1),
        ("9.9 ms", "unsupported", 1),
    ]
    thread_lab.run("check", "text", "PAPER.md", "--fix")
    assert "5.25 ms<!-- leadline: " in paper.read_text()
    assert "-001.time_ms -->, or 9.9 ms." in paper.read_text()
    missing = thread_lab.run("check", "text", "NOT.md", "--json")
    assert json.loads(missing.stdout)["error"]["code"] == "no-document"
