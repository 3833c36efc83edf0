"""Notes, decisions, metrics, corrections and retractions, on a record in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadline.core.errors import LeadlineError
from leadline.services.context import Context
from leadline.services.write.correct import correct, supersede
from leadline.services.write.metric import define_metric, history_of, metrics_of
from leadline.services.write.note import decide, note
from leadline.services.write.retract import retract
from tests.unit.services_context import holding, study


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return holding(tmp_path, study())


def kinds(context: Context) -> list[str]:
    return [record.kind for record in context.store.records("demo")]


def test_a_note_is_numbered_and_keeps_what_its_ids_meant(context: Context) -> None:
    assert note(context, "demo", "P-002 looks right", ["P-002"])[0] == "P-N1"
    item = context.thread().items["P-N1"]
    assert item.refs["P-002"] == context.thread().experiments["P-002"].uid
    assert note(context, "demo", "more", [])[0] == "P-N2"


def test_a_result_binds_its_numbers(context: Context) -> None:
    before = kinds(context)
    with pytest.raises(LeadlineError) as caught:
        note(context, "demo", "it took 99.5 ms", ["P-002"], "interpretation")
    assert caught.value.kind == "refused" and kinds(context)[: len(before)] == before
    note(context, "demo", "it took {{P-002.time_ms}}", ["P-002"], "interpretation")
    assert context.thread().experiments["P-002"].notes_in("interpretation")


@pytest.mark.parametrize(
    ("text", "about", "role", "code"),
    [("", [], "note", "empty"), ("x", ["P-009"], "note", "unknown-id"), ("x", [], "negative", "")],
)
def test_what_cannot_be_noted_leaves_no_note(
    context: Context, text: str, about: list[str], role: str, code: str
) -> None:
    with pytest.raises(LeadlineError) as caught:
        note(context, "demo", text, about, role)
    assert code in caught.value.code and "note" not in kinds(context)


def test_a_decision_rests_on_what_stands(context: Context) -> None:
    decide(context, "demo", "use the wider block", ["P-002"])
    assert context.thread().items["P-D1"].body["evidence"] == ["P-002"]


def test_a_corrected_config_is_in_the_row(context: Context) -> None:
    correct(context, "demo", "P-002-r1", ["config.block=32"], "typo")
    (row,), count = context.read_model.run_rows(None, {"config.block": 32}, "uid", -1)
    assert row.id == "P-002-r1" and count == 1
    with pytest.raises(LeadlineError):
        correct(context, "demo", "P-002-r1", ["metrics.time_ms=1"], "nicer")


def test_what_is_retracted_or_superseded_stands_no_more(context: Context) -> None:
    retract(context, "demo", "P-002", "wrong machine")
    supersede(context, "demo", "P-001-r1", "P-001-r2", "run again")
    rows, _ = context.read_model.run_rows(None, {}, "uid", -1)
    assert [row.retracted for row in rows] == ["superseded", "", "retracted"]
    with pytest.raises(LeadlineError) as caught:
        decide(context, "demo", "use the wider block", ["P-002"])
    assert caught.value.kind == "refused"


def test_a_metric_is_defined_once_and_its_history_is_kept(context: Context) -> None:
    define_metric(context, "demo", "speed", formula="1 / time_ms", direction="higher")
    names = {row["name"]: row for row in metrics_of(context.thread())}
    assert names["speed"]["formula"] == "1 / time_ms" and names["speed"]["runs"] == 3
    assert len(history_of(context.thread(), "speed")) == 1
    with pytest.raises(LeadlineError) as caught:
        define_metric(context, "demo", "speed", formula="2 / time_ms")
    assert caught.value.kind == "conflict"
