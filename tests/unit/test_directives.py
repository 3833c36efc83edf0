"""A person's word stands in brief and next, as a quotation, until it is acknowledged once."""

from __future__ import annotations

import pytest

from leadline.core.errors import LeadlineError
from leadline.core.issue.remote import WRITER, Comment, RemoteIssue
from leadline.render.terminal.brief import render_brief
from leadline.services.issue.heard import hear
from leadline.services.look.brief import brief
from leadline.services.look.next import actions_of
from leadline.services.write.session import acknowledge, direct, end_session, hand_over
from leadline.testing.builders import ThreadBuilder
from leadline.testing.fake_context import context


@pytest.fixture
def lab(tmp_path):
    made = context(str(tmp_path))
    with made.store.transaction("t", create=True) as writing:
        writing.add("thread-started", {"prefix": "P", "metrics": []})
    return made


def actions(lab):
    thread = lab.store.thread("t")
    return [a["command"] for a in actions_of(lab, thread)]


def test_a_directive_is_shown_until_it_is_acknowledged(lab):
    shown, _ = direct(lab, "t", "stop the fp8 line", by="Bo")
    assert "“stop the fp8 line”" in brief(lab, None, 4000)[0]
    assert actions(lab)[0] == f"leadline ack {shown} --note '…'"
    acknowledge(lab, "t", shown, "stopped")
    assert "fp8" not in brief(lab, None, 4000)[0]
    assert not any("ack" in command for command in actions(lab))
    with pytest.raises(LeadlineError, match="was acknowledged by Ada: stopped"):
        acknowledge(lab, "t", shown, "again")


def test_a_directive_leads_the_brief_however_small(lab):
    b = ThreadBuilder(goal="find the fastest kernel " * 20)
    b.record("directive", {"id": "P-G1", "text": "look at block 192", "by": "Ada"})
    assert "look at block 192" in render_brief(b.thread(), budget_chars=400)


def test_the_last_word_and_its_next_step_meet_the_next_session(lab):
    hand_over(lab, "t", "block 128 is best so far", tried="64 and 256", next_step="repeat it")
    text = brief(lab, None, 4000)[0]
    assert "Handed over" in text and "block 128 is best so far" in text
    assert lab.look(None, lambda thread: thread.of_kind("note")[-1].body["role"]) == "next"


def test_numbers_in_the_last_word_are_those_of_its_author_and_refuse_nothing(lab):
    hand_over(lab, "t", "it takes 12.5 ms now")
    assert "in its author's words" in brief(lab, None, 4000)[0]


def test_nothing_is_closed_where_nothing_is_open(lab):
    with pytest.raises(LeadlineError) as caught:
        end_session(lab, "t")
    assert caught.value.code == "no-session"


ISSUE = "https://forge.invalid/o/r/issues/7"


def heard(lab, *texts: str, issue: str = ISSUE) -> list[str]:
    at = "2999-01-01T00:00:00Z"
    comments = [Comment(t, "", t, at, "bo", f"{issue}#{t}", of=WRITER) for t in texts]
    return hear(lab, lab.store.thread("t"), RemoteIssue("7", issue, "", "", "open", [], comments))


def test_a_deleted_comment_is_withdrawn_and_owed_no_more(lab):
    heard(lab, "stop", "wait")
    acknowledge(lab, "t", "P-G2", "waiting")
    assert heard(lab) == ["withdraw P-G1, a comment of bo that was deleted"]
    thread = lab.store.thread("t")
    assert "was deleted on the issue" in thread.items["P-G1"].retracted
    assert thread.items["P-G2"].body["acknowledged"]["note"] == "waiting"
    assert thread.items["P-G2"].stands
    assert actions(lab) == ["leadline run -- CMD"], (
        "no acknowledgement, and no update: it was no result"
    )
    assert "Dead ends" not in brief(lab, None, 4000)[0]
    assert heard(lab) == []


def test_a_comment_that_is_there_after_all_is_heard_again(lab):
    heard(lab, "stop")
    heard(lab)
    assert heard(lab, "stop") == ["take in P-G2, a comment of bo"]
    assert heard(lab, "stop") == []


def test_what_was_said_on_another_issue_is_not_missed_on_this_one(lab):
    heard(lab, "stop")
    assert heard(lab, issue=ISSUE + "1") == []
    assert lab.store.thread("t").items["P-G1"].stands
