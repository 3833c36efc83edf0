"""Why something waits, and for how long: pauses that grow, end, and that a clock which jumps cannot
make endless."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leadline.core.errors import LeadlineError
from leadline.services.issue import outbox
from leadline.services.screening import Screen


class Clock:
    ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms


@pytest.fixture
def context(tmp_path: Path) -> Any:
    screen = Screen(str(tmp_path), {}, lambda text: None)
    return SimpleNamespace(root=str(tmp_path), clock=Clock(), redactor=screen.redactor())


def away(
    details: dict[str, object] | None = None, code: str = "forge-unreachable"
) -> LeadlineError:
    return LeadlineError("remote", code, "it is away", "no network", "leadline sync", details)


def test_pauses_grow_to_an_hour_and_end(context: Any):
    assert outbox.resting(context, "t", False) is None
    pauses = []
    for _ in range(9):
        outbox.note_trouble(context, "t", "edit body", away())
        start = context.clock.ms
        while outbox.resting(context, "t", False):
            context.clock.ms += 1_000
        pauses.append((context.clock.ms - start) // 1000)
    assert pauses[:3] == [60, 120, 240] and pauses[-1] == 3600
    outbox.forget(context, "t")
    assert outbox.trouble(context, "t") is None
    outbox.forget(context, "t")


def test_who_asks_is_served_unless_the_server_named_the_time(context: Any):
    outbox.note_trouble(context, "t", "edit body", away())
    assert outbox.resting(context, "t", False) and outbox.resting(context, "t", True) is None
    outbox.note_trouble(context, "t", "edit body", away({"retry_after_s": 900.0}, "rate-limited"))
    met = outbox.resting(context, "t", True)
    assert met and "next try" in outbox.line(met)
    context.clock.ms += 901_000
    assert outbox.resting(context, "t", True) is None


@pytest.mark.parametrize("jump_ms", [-10 * 86_400_000, 10 * 86_400_000])
def test_a_clock_that_jumps_makes_no_endless_pause(context: Any, jump_ms: int):
    outbox.note_trouble(context, "t", "edit body", away({"retry_after_s": 900.0}, "rate-limited"))
    context.clock.ms += jump_ms
    assert outbox.resting(context, "t", True) is None


def test_what_only_a_person_can_mend_has_no_pause(context: Any):
    met = outbox.note_trouble(context, "t", "open issue", away(code="bad-token"))
    assert met["retry_at"] == "" and outbox.resting(context, "t", False) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '"x"', "\x00"])
def test_a_damaged_file_is_no_trouble(context: Any, tmp_path: Path, text: str):
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / "t.json").write_text(text)
    assert outbox.trouble(context, "t") is None
    assert outbox.note_trouble(context, "t", "edit body", away())["tries"] == 1


def test_what_a_server_says_is_kept_without_a_token(context: Any, tmp_path: Path):
    error = LeadlineError("remote", "forge-failing", "no", "at https://ada:s3cretwords@x.org/", "")
    outbox.note_trouble(context, "t", "edit body", error)
    assert "s3cretwords" not in (tmp_path / "outbox" / "t.json").read_text()
