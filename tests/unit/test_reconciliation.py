"""What the record and a tracker say of the same runs, held against each other."""

from __future__ import annotations

import pytest

from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.tracker.reading import Reading, TrackerRun
from leadline.core.tracker.reconciliation import costs, values_that_differ


def reading(**config: object) -> Reading:
    return Reading(TrackerRun("mlflow", "x"), config=config)


def run_with(**config: object) -> Run:
    return Run("P-001-r1", "u1", "P-001", tracker={"tracker": "mlflow", "config": config})


@pytest.mark.parametrize(
    ("recorded", "there", "said"),
    [
        ({"lr": 0.3}, {"lr": 0.3}, []),
        ({"lr": 0.3}, {}, ["lr: the record says 0.3, the tracker has none"]),
        ({"lr": 0.3}, {"lr": 0.5}, ["lr: the record says 0.3, the tracker 0.5"]),
        ({"net.depth": 2, "net.width": 3}, {"net": {"depth": 2, "width": 3}}, []),
        ({"net.depth": 2}, {"net": "{'depth': 2}"}, []),
        ({}, {"lr": 0.3}, []),
    ],
)
def test_config_that_the_tracker_had_and_has_no_more_differs(
    recorded: dict, there: dict, said: list[str]
) -> None:
    rows = values_that_differ(run_with(**recorded), reading(**there), Thread("demo"))
    assert [(row["what"], row["why"]) for row in rows] == [("config", why) for why in said]
    assert [row["key"] for row in rows] == [why.partition(":")[0] for why in said]


def test_what_runs_cost_is_told_apart_by_whether_the_tracker_has_them() -> None:
    one, two, never = (
        Run(f"P-00{n}-r1", f"u{n}", f"P-00{n}", tracker={"id": "t"}) for n in (1, 2, 3)
    )
    for run in (one, two):
        run.state, run.wall_s, run.devices = "done", 1800.0, {"count": 1, "kind": "cpu"}
    never.state = "done"
    found = costs([one, two, never], {"u2"}, [{"wall_s": 3600.0}, {}])
    assert (found["runs"], found["device_hours"], found["device_hours_in_tracker"]) == (
        2,
        {"cpu": 1.0},
        {"cpu": 0.5},
    )
    assert found["unknown"] == ["P-003-r1"] and found["outside"] == {
        "runs": 2,
        "wall_hours": 1.0,
        "unknown": 1,
    }
