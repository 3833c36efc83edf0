"""Whether a regression may be claimed: every item is looked at, and one that does not pass stops it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from leadline.core.errors import LeadlineError
from leadline.core.settings import SETTINGS
from leadline.services.evidence.regression import check_regression, last_judged
from leadline.testing.builders import ThreadBuilder

CLEAN = {
    "contended": False,
    "reasons": [],
    "thermal": {"throttled": False},
    "stale_processes": [],
    "stale_locks": [],
}


def in_turns(slower: float = 2.0, code: dict[str, Any] | None = None, **last: Any) -> ThreadBuilder:
    """Three runs a side in turns, the second side ``slower`` times the first."""
    b = ThreadBuilder()
    for repeat in range(3):
        for experiment, value in (("P-001", 10.0), ("P-002", 10.0 * slower)):
            first: dict[str, Any] = {"config": {"side": experiment}, "argv": ["bench", experiment]}
            if experiment == "P-002" and code:
                first["code"] = code
            given = {"experiment": experiment} if repeat else first
            hygiene = {**CLEAN, **(last if (repeat, experiment) == (2, "P-002") else {})}
            b.run(metrics={"time_ms": value + 0.01 * repeat}, ended={"hygiene": hygiene}, **given)
    return b


def judged(b: ThreadBuilder, axes: tuple[str, ...] = ("side",), **settings: Any):
    thread = b.thread()
    context: Any = SimpleNamespace(
        setting=lambda name: settings.get(name, SETTINGS[name].default),
        store=SimpleNamespace(look=lambda _topic, question: question(thread)),
        vcs=SimpleNamespace(
            changed_since=lambda trees, now: {t: ["bench.py"] for t in trees}, toplevel=None
        ),
        root="/nonexistent",
        cwd="/nonexistent",
    )
    rows, _ = check_regression(
        context, thread, "P-002", against="P-001", axes=list(axes), metrics=["time_ms"]
    )
    return {
        row["code"]: (row["state"], row["mend"]) for row in rows if row["state"] != "pass"
    }, rows


def test_clean_runs_that_came_out_worse_pass_every_item():
    open_ones, rows = judged(in_turns())
    assert open_ones == {}
    assert rows[-1]["what"] == "a metric came out worse"
    assert all(row["mend"] == "" for row in rows)


def test_equal_sides_show_no_regression():
    open_ones, _ = judged(in_turns(slower=1.0))
    assert list(open_ones) == ["no-regression-shown"]


def test_a_contended_run_stops_it_and_both_sides_are_run_again():
    open_ones, _ = judged(in_turns(contended=True, reasons=["another job"]))
    assert open_ones["contended"] == (
        "fail",
        "leadline run --experiment P-001 --repeat 3; leadline run --experiment P-002 --repeat 3",
    )


def test_a_second_difference_is_named_with_what_declares_it():
    open_ones, _ = judged(in_turns(code={"tree": "other", "commit": "c", "gaps": []}))
    assert open_ones["confounded-axis"] == ("fail", "leadline compare P-001 P-002 --axis KEY")
    declared, _ = judged(in_turns(code={"tree": "other", "commit": "c"}), axes=("side", "code"))
    assert declared == {}


def test_fewer_devices_than_expected_stop_it():
    open_ones, _ = judged(in_turns(), **{"run.expected_devices": 8})
    assert list(open_ones) == ["device-count"]


def test_the_experiment_with_the_latest_run_is_judged():
    b = ThreadBuilder()
    b.run("base", {"time_ms": 1.0}, {"n": 1})
    with pytest.raises(LeadlineError, match="no experiment besides P-001"):
        last_judged(b.thread(), "P-001")
    b.run("second", {"time_ms": 1.0}, {"n": 2})
    b.run("third", {"time_ms": 1.0}, {"n": 3})
    b.run("fourth", config={"n": 4}, state="failed")
    b.repeat("P-002", {"time_ms": 1.0})
    assert last_judged(b.thread(), "P-001") == "P-002"
    b.retract("P-002", "the wrong node")
    assert last_judged(b.thread(), "P-001") == "P-003"
