"""What every text goes through before it is recorded."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leadline.core.errors import LeadlineError
from leadline.services.bound_text import (
    NUMBERS_NAMED,
    bound_body,
    checked_text,
    last_experiment,
    unbound_number,
)
from leadline.testing.builders import ThreadBuilder


@pytest.fixture(autouse=True)
def git_directory(tmp_path, monkeypatch):
    """Where drafts go."""
    monkeypatch.setattr(f"{__name__}.CONTEXT.root", str(tmp_path))


CONTEXT: Any = SimpleNamespace(
    root="", hiding=lambda where: SimpleNamespace(text=lambda text: text), store=None
)


def body_of(b: ThreadBuilder, text: str, strict: bool = True, **facts: Any) -> dict[str, Any]:
    thread = b.thread()
    CONTEXT.store = SimpleNamespace(view=lambda topic: thread)
    return dict(bound_body(CONTEXT, thread, text, strict=strict, **facts))


def measured() -> ThreadBuilder:
    b = ThreadBuilder()
    b.run("base", {"time_ms": 20.5}, {"block": 128})
    return b


@pytest.mark.parametrize("text", ["", "  \n\t"])
def test_an_empty_text_names_its_verb(text):
    with pytest.raises(LeadlineError) as error:
        checked_text(text, "note")
    assert error.value.code == "empty-text" and error.value.next == ["leadline note --help"]


def test_a_text_is_stripped_and_what_is_no_character_is_replaced():
    assert checked_text("  a\udcffb \n", "note") == "a\ufffdb"


@pytest.mark.parametrize("text", ["{{P-001.time_ms", "P-001.time_ms}}", "{{}} {{P-001.time_ms}}"])
def test_a_citation_that_is_not_closed_or_not_opened_is_refused(text):
    with pytest.raises(LeadlineError) as error:
        body_of(measured(), text, strict=False)
    assert error.value.code == "malformed-citation"


def test_a_citation_is_bound_to_its_value_and_its_id():
    b = measured()
    body = body_of(b, "it took {{P-001.time_ms}}")
    assert list(body["bound"].values()) == [20.5]
    assert body["refs"]["P-001"] == b.thread().experiments["P-001"].uid
    assert "bound" not in body_of(b, "it was slow")


def test_a_typed_number_is_refused_with_the_citation_to_write():
    with pytest.raises(LeadlineError) as error:
        body_of(measured(), "P-001 took 20.5 ms")
    assert error.value.code == "unbound-number"
    instead = {"P-001 took 20.5 ms": "P-001 took {{P-001.time_ms.median}}"}
    assert error.value.details["instead"] == instead and error.value.next[0] == "leadline note …"
    draft = str(error.value.details["draft"])
    assert error.value.next[-1] == f"cat {draft}"
    assert Path(draft).read_text(encoding="utf-8") == "P-001 took 20.5 ms\n"


def test_a_note_without_a_result_may_hold_any_number():
    assert "bound" not in body_of(measured(), "P-001 took 20.5 ms", strict=False)


def test_what_was_reported_is_marked_and_not_bound():
    assert body_of(measured(), "they took 99.5 ms", reported=" a paper ")["reported"] == "a paper"
    with pytest.raises(LeadlineError):
        body_of(measured(), "they took 99.5 ms", reported=" ")


def test_config_values_of_what_a_text_is_about_are_names_and_no_measurements():
    b = measured()
    claim = b.claim("the fastest", ["P-001"])
    assert body_of(b, "block 128 is enough", ids=[claim])["refs"]
    with pytest.raises(LeadlineError, match="1 number is not bound"):
        body_of(b, "block 128.5 is enough", ids=[claim])


def number(text: str, at: int, suggestion: str = "") -> dict[str, Any]:
    return {"number": text, "position": at, "suggestion": suggestion}


def test_a_refusal_names_few_numbers_and_counts_the_rest():
    text = " ".join(str(n) for n in range(10, 17))
    error = unbound_number(
        CONTEXT, text, [number(str(10 + n), 3 * n) for n in range(NUMBERS_NAMED + 2)]
    )
    assert error.what.endswith("10, 11, 12, 13, 14 and 2 more")
    assert error.next[0] == "leadline status"


def test_each_number_is_mended_where_it_stands():
    error = unbound_number(
        CONTEXT, "5 then 5", [number("5", 0), number("5", 7, "{{P-001.time_ms}}")]
    )
    assert error.details["instead"] == {"5 then 5": "5 then {{P-001.time_ms}}"}


def test_examples_in_errors_name_the_experiment_last_planned():
    for b, expected in ((ThreadBuilder(), "P-001"), (measured(), "P-001")):
        thread = b.thread()
        context: Any = SimpleNamespace(store=SimpleNamespace(view=lambda topic, t=thread: t))
        assert last_experiment(context, "x") == expected
