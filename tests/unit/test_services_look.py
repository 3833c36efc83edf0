"""The reading verbs, on a record in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadline.core.errors import LeadlineError
from leadline.services.look.brief import brief
from leadline.services.look.next import actions_of, waits_of
from leadline.services.look.open_runs import ask_open_runs, rows_of_open
from leadline.services.look.show import as_data, show, the_run
from leadline.services.look.status import status
from leadline.services.look.tried import tried
from leadline.services.lookup import snapshot_named
from leadline.testing.builders import ThreadBuilder
from tests.unit.services_context import holding, study


def test_status_counts_and_names_every_thread(tmp_path: Path) -> None:
    other = ThreadBuilder("other", prefix="O")
    context = holding(tmp_path, study(), other)
    text, data, counts = status(context, "demo")
    assert (data["topic"], data["prefix"], data["baseline"]) == ("demo", "P", "P-B1")
    assert counts["threads"] == 2 and counts["experiments"] == 2 and counts["runs"] == 3
    assert [row["topic"] for row in data["threads"]] == ["demo", "other"]
    assert "*  demo" in text and "first baseline P-B1" in text


def test_one_thread_is_meant_without_being_named(tmp_path: Path) -> None:
    assert status(holding(tmp_path, study()), None)[1]["topic"] == "demo"
    with pytest.raises(LeadlineError) as caught:
        status(holding(tmp_path, study(), ThreadBuilder("other", prefix="O")), None)
    assert caught.value.code == "which-thread"


def test_brief_keeps_to_its_budget_and_says_what_goes_on(tmp_path: Path) -> None:
    b = study()
    b.plan("long one", {"block": 32})
    context = holding(tmp_path, b)
    text, data = brief(context, None, 1200)
    assert len(text) <= 1200 and data["characters"] == len(text)
    assert [run["id"] for run in data["open_runs"]] == ["P-003-r1"]
    assert data["next"][0]["command"] == "leadline show P-003-r1"
    assert len(brief(context, None, 300)[0]) <= 300


def test_an_open_run_stands_as_its_executor_says(tmp_path: Path) -> None:
    b = study()
    b.plan("long one", {"block": 32})
    context = holding(tmp_path, b)
    running = ask_open_runs(context, context.thread())
    assert [row["state"] for row in rows_of_open(running)] == ["unknown"]


def test_next_is_the_noted_step_then_what_is_missing(tmp_path: Path) -> None:
    b = ThreadBuilder("demo")
    b.run("first", {"time_ms": 1.0}, {"block": 8})
    b.note("try {{P-001.time_ms}} again", role="next")
    context = holding(tmp_path, b)
    thread = context.thread()
    actions = actions_of(context, thread)
    assert actions[0] == {
        "what": "try 1 ms again (P-N1)",
        "command": "leadline show P-N1",
    }
    commands = [action["command"] for action in actions]
    assert "leadline baseline set P-001" in commands
    assert "no run gave a metric" not in [action["what"] for action in actions]
    assert "leadline note P-001 --interpretation '…'" in commands
    assert waits_of(context, thread) == []


def test_what_measured_nothing_is_no_baseline(tmp_path):
    b = ThreadBuilder(metrics=[("time_ms", "ms", "lower")])
    b.run("one", {})
    context = holding(tmp_path, b)
    asked = {a["what"]: a["command"] for a in actions_of(context, context.thread())}
    assert asked["no run gave a metric"].startswith("leadline run --pattern ")
    b.run("two", {"time_ms": 2.0}, {"k": 2})
    context = holding(tmp_path, b)
    asked = {a["what"]: a["command"] for a in actions_of(context, context.thread())}
    assert asked["no baseline is registered"] == "leadline baseline set P-002"
    assert "no run gave a metric" not in asked


def test_tried_puts_the_negative_first_and_counts_repeats(tmp_path: Path) -> None:
    b = study()
    body = {"id": "P-N1", "text": "the wider block is no faster", "role": "negative"}
    b.record("note", {**body, "reason_class": "valid-negative"})
    hits, total = tried(holding(tmp_path, b), ["wider"], 10)
    assert (hits[0].id, hits[0].reason_class, hits[0].negative) == ("P-N1", "valid-negative", True)
    assert total == len(hits) == 2 and "reason_class" not in hits[1].as_dict()
    repeated, _ = tried(holding(tmp_path, b), ["base"], 10)
    assert [hit.times for hit in repeated if hit.kind == "run done"] == [2]
    assert tried(holding(tmp_path, b), ["wider"], 1)[1] == 2
    with pytest.raises(LeadlineError) as caught:
        tried(holding(tmp_path, b), ["—"], 10)
    assert caught.value.code == "no-words"


def test_tried_says_the_numbers_that_citations_stand_for(tmp_path: Path) -> None:
    b = study()
    b.note("wide takes {{P-001.time_ms.n}} runs", ["P-001"], "interpretation")
    [hit] = [hit for hit in tried(holding(tmp_path, b), ["wide"], 10)[0] if hit.kind == "note"]
    assert "wide takes 2 runs" in hit.text and "{{" not in hit.text


def test_show_gives_the_thing_and_a_run_its_folder(tmp_path: Path) -> None:
    context = holding(tmp_path, study())
    thread = context.thread()
    text, data = show(context, thread, "P-001-r2")
    assert "P-001-r2" in text and data["metrics"] == {"time_ms": 11.0}
    assert data["folder"] == context.run_folder(data["uid"])
    assert as_data(thread.find("P-001"), thread)["config"] == {"block": 8}
    assert the_run(thread, "P-001").id == "P-001-r2"
    with pytest.raises(LeadlineError) as caught:
        the_run(thread, "P-B1")
    assert caught.value.code == "not-a-run"


def test_an_id_is_no_seal_of_that_name_and_its_tag_is() -> None:
    b = ThreadBuilder()
    b.run("one", {"time_ms": 1.0})
    for name in ("P-001", "baseline", "first"):
        b.snapshot(f"leadline/t/{name}", name=name)
    thread = b.thread()
    found = [snapshot_named(thread, name) for name in ("P-001", "p-001", "baseline", "first")]
    assert [item and item.id for item in found] == [None, None, None, "P-S3"]
    assert [
        s.id for n in ("P-001", "baseline") if (s := snapshot_named(thread, f"leadline/t/{n}"))
    ] == ["P-S1", "P-S2"]


def test_nothing_is_asked_twice_in_one_day(tmp_path: Path) -> None:
    context = holding(tmp_path, study())
    (tmp_path / context.root).mkdir(parents=True, exist_ok=True)
    first, again = brief(context, None, 4000)[0], brief(context, None, 4000)[0]
    assert "interpretation of P-001, P-002" in first
    assert "interpretation of" not in again and "Owed: as told today: leadline next" in again
    context.clock.at_ms += 24 * 3_600_000  # type: ignore[attr-defined]
    assert brief(context, None, 4000)[0].count("interpretation of") == 1


def test_status_says_once_a_day_that_an_update_is_due(tmp_path: Path) -> None:
    b = study()
    b.claim("x", ["P-001"], "time_ms(P-001) < 99")
    context = holding(tmp_path, b)
    (tmp_path / context.root).mkdir(parents=True, exist_ok=True)
    texts = [status(context, None)[0] for _ in range(2)]
    assert ["due: update" in text for text in texts] == [True, False]
