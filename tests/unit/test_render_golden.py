"""A realistic thread, rendered: compared with the files under tests/golden
(LEADLINE_UPDATE_GOLDEN=1 rewrites them)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leadline.core.evidence.known import evidence_for
from leadline.core.issue.due import due
from leadline.core.record.event import check_chain
from leadline.core.record.thread import Thread
from leadline.render.issue.comments import render_final, render_heartbeat, render_update
from leadline.render.logbook.entries import render_logbook
from leadline.render.terminal.brief import render_brief
from leadline.render.terminal.show import render_show
from leadline.render.terminal.status import render_status
from leadline.testing.example_thread import finished, realistic
from tests.unit.rendered import issue_body

GOLDEN = Path(__file__).parent.parent / "golden"
SHA = "9f2c" * 10
LINKS = {
    "logbook": f"https://github.com/lab/kernels/blob/{SHA}/paged-attention/logbook.md",
    "tracker": "https://wandb.ai/lab/kernels",
}


@pytest.fixture(scope="module")
def thread() -> Thread:
    return realistic().thread()


def check(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("LEADLINE_UPDATE_GOLDEN"):
        path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text.rstrip("\n") + "\n", f"{name} changed"


def test_builder_makes_a_valid_chain() -> None:
    assert check_chain([("x", r.line()) for r in finished().records])[1] == []


def test_logbook(thread: Thread) -> None:
    check("logbook.md", render_logbook(thread, evidence_for(thread)))


def test_issue_body(thread: Thread) -> None:
    check("issue-body.md", issue_body(thread, evidence_for(thread), LINKS))


def test_update(thread: Thread) -> None:
    check("update.md", render_update(thread, evidence_for(thread), LINKS))


def test_brief(thread: Thread) -> None:
    known = evidence_for(thread)
    check("brief.txt", render_brief(thread, known, due(thread, "2026-11-02T18:00:00.000Z", known)))


def test_heartbeat(thread: Thread) -> None:
    later = "2026-11-02T18:00:00.000Z"
    check("heartbeat.md", render_heartbeat(thread, due(thread, later), later))


def test_terminal(thread: Thread) -> None:
    known = evidence_for(thread)
    shown = [
        render_show(thread.find(i), thread, known)
        for i in ("PA-002", "PA-003-r1", "PA-C1", "PA-H2")
    ]
    check(
        "terminal.txt",
        "\n\n----\n\n".join([render_status(thread, known), *shown]),
    )


def test_finished() -> None:
    thread = finished().thread()
    known = evidence_for(thread)
    check("final.md", render_final(thread, known, LINKS))
    check("finished-body.md", issue_body(thread, known, LINKS))
    check("finished-logbook.md", render_logbook(thread, known))
