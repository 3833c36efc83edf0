"""What every implementation of the forge port has to do, as tests.

Subclass ``ForgeContract`` in a test module and give it an ``open_forge`` fixture: a function that
returns, each time, a new view of one forge whose thread has no issue yet, as another process would
have it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from leadline.core.errors import LeadlineError
from leadline.ports.forge import Forge, RemoteIssue

HOSTILE = "a <b>&amp;</b> `x` {{y}} \\n --> ends\n\n| t |\n\u202eover ünïcode"


class ForgeContract:
    """Obligations of ``leadline.ports.forge.Forge``."""

    @pytest.fixture
    def forge(self, open_forge: Callable[[], Forge]) -> Forge:
        return open_forge()

    @pytest.fixture
    def issue(self, forge: Forge) -> RemoteIssue:
        return forge.open_issue("Experiment: contract", "the body", ["experiment"], "marker-open")

    def test_an_opened_issue_is_what_was_given(self, forge: Forge, issue: RemoteIssue) -> None:
        again = forge.issue(issue.number)
        assert (again.title, again.body, again.labels) == (
            "Experiment: contract",
            "the body",
            ["experiment"],
        )
        assert (again.state, again.comments, again.closed_reason) == ("open", [], "")
        assert again.number == issue.number and again.number

    def test_it_says_whether_others_see_it(self, forge: Forge) -> None:
        assert forge.outside in (True, False)
        assert forge.outside or not (forge.repository or forge.web_url), "the record has no page"

    def test_opening_twice_opens_one(self, forge: Forge, issue: RemoteIssue) -> None:
        second = forge.open_issue(
            "Experiment: contract", "another body", ["experiment"], "marker-open"
        )
        assert second.number == issue.number
        assert forge.issue(issue.number).body == "the body", (
            "what is there is returned, not overwritten"
        )

    def test_a_comment_is_posted_once_per_marker(self, forge: Forge, issue: RemoteIssue) -> None:
        first = forge.comment(issue.number, "first text", "m1")
        retried = forge.comment(issue.number, "the retry has another text", "m1")
        assert (retried.id, retried.text) == (first.id, "first text")
        assert [c.text for c in forge.issue(issue.number).comments] == ["first text"]

    def test_retries_at_the_same_moment_leave_one_comment(
        self, forge: Forge, open_forge: Callable[[], Forge], issue: RemoteIssue
    ) -> None:
        with ThreadPoolExecutor(4) as pool:
            ids = {
                c.id
                for c in pool.map(
                    lambda _: open_forge().comment(issue.number, "text", "m-race"), range(8)
                )
            }
        assert len(ids) == 1
        assert [c.marker for c in forge.issue(issue.number).comments] == ["m-race"]

    def test_comments_keep_the_order_they_were_posted_in(
        self, forge: Forge, issue: RemoteIssue
    ) -> None:
        for n in range(12):
            forge.comment(issue.number, f"text {n}", f"m{n}")
        comments = forge.issue(issue.number).comments
        assert [c.text for c in comments] == [f"text {n}" for n in range(12)]
        assert len({c.id for c in comments}) == 12
        assert [c.at for c in comments] == sorted(c.at for c in comments) and comments[0].at

    def test_comments_posted_at_the_same_moment_have_ids_of_their_own(
        self, forge: Forge, open_forge: Callable[[], Forge], issue: RemoteIssue
    ) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(
                pool.map(
                    lambda n: open_forge().comment(issue.number, f"text {n}", f"p{n}"), range(8)
                )
            )
        comments = forge.issue(issue.number).comments
        assert {c.marker for c in comments} == {f"p{n}" for n in range(8)}
        assert len({c.id for c in comments}) == 8

    def test_text_comes_back_as_it_was_given(self, forge: Forge, issue: RemoteIssue) -> None:
        forge.edit_issue(issue.number, body=HOSTILE)
        posted = forge.comment(issue.number, HOSTILE, "m1")
        now = forge.issue(issue.number)
        assert now.body == HOSTILE and posted.text == HOSTILE and now.comments[0].text == HOSTILE

    def test_an_edit_changes_what_is_named_and_nothing_else(
        self, forge: Forge, issue: RemoteIssue
    ) -> None:
        forge.comment(issue.number, "text", "m1")
        forge.edit_issue(issue.number, body="new body")
        now = forge.edit_issue(issue.number, labels=["experiment", "agent"])
        assert (now.title, now.body, now.labels) == (
            "Experiment: contract",
            "new body",
            ["experiment", "agent"],
        )
        assert (
            forge.edit_issue(issue.number, title="Experiment: renamed").title
            == "Experiment: renamed"
        )
        assert [c.text for c in forge.issue(issue.number).comments] == ["text"]

    def test_a_new_marker_takes_the_place_of_the_one_there(
        self, forge: Forge, open_forge: Callable[[], Forge], issue: RemoteIssue
    ) -> None:
        if not forge.outside:
            return  # the record itself is the issue
        marker = f"{issue.marker}-new"
        now = forge.edit_issue(issue.number, body="another body", marker=marker)
        assert (now.body, now.marker) == ("another body", marker)
        again = open_forge().open_issue("Experiment: contract", "x", [], marker)
        assert again.number == issue.number

    def test_a_comment_is_edited_in_place(self, forge: Forge, issue: RemoteIssue) -> None:
        first, second = (forge.comment(issue.number, f"text {n}", f"m{n}") for n in (1, 2))
        edited = forge.edit_comment(issue.number, first.id, "**text** 1", "format")
        assert (edited.id, edited.marker, edited.text) == (first.id, "m1", "**text** 1")
        assert [c.text for c in forge.issue(issue.number).comments] == ["**text** 1", second.text]

    def test_an_edited_comment_is_still_known_by_its_marker(
        self, forge: Forge, issue: RemoteIssue
    ) -> None:
        first = forge.comment(issue.number, "text", "m1")
        forge.edit_comment(issue.number, first.id, "*text*", "format")
        assert forge.comment(issue.number, "text", "m1").id == first.id
        assert len(forge.issue(issue.number).comments) == 1

    @pytest.mark.parametrize("reason", ["completed", "not_planned"])
    def test_closing_says_why_and_twice_is_once(
        self, forge: Forge, issue: RemoteIssue, reason: str
    ) -> None:
        closed = forge.close_issue(issue.number, reason)
        assert (closed.state, closed.closed_reason) == ("closed", reason)
        other = "not_planned" if reason == "completed" else "completed"
        again = forge.close_issue(issue.number, other)
        assert (again.state, again.closed_reason) == ("closed", reason), (
            "closing a closed issue does nothing"
        )

    def test_a_closed_issue_still_takes_comments_and_edits(
        self, forge: Forge, issue: RemoteIssue
    ) -> None:
        forge.close_issue(issue.number, "completed")
        forge.comment(issue.number, "afterwards", "m1")
        now = forge.edit_issue(issue.number, body="final body")
        assert (now.state, now.body, [c.text for c in now.comments]) == (
            "closed",
            "final body",
            ["afterwards"],
        )

    def test_an_unknown_reason_closes_nothing(self, forge: Forge, issue: RemoteIssue) -> None:
        with pytest.raises(LeadlineError) as caught:
            forge.close_issue(issue.number, "bored")
        assert caught.value.kind == "usage"
        assert forge.issue(issue.number).state == "open"

    @pytest.mark.parametrize(
        "call",
        [
            lambda f: f.issue("no-such-number"),
            lambda f: f.edit_issue("no-such-number", body="x"),
            lambda f: f.comment("no-such-number", "x", "m"),
            lambda f: f.edit_comment("no-such-number", "c1", "x", "format"),
            lambda f: f.close_issue("no-such-number", "completed"),
        ],
        ids=["issue", "edit_issue", "comment", "edit_comment", "close_issue"],
    )
    def test_an_unknown_number_is_not_found(
        self,
        forge: Forge,
        issue: RemoteIssue,
        call: Callable[[Forge], object],
    ) -> None:
        with pytest.raises(LeadlineError) as caught:
            call(forge)
        assert caught.value.kind == "not_found"

    def test_an_unknown_comment_is_not_found(self, forge: Forge, issue: RemoteIssue) -> None:
        forge.comment(issue.number, "text", "m1")
        with pytest.raises(LeadlineError) as caught:
            forge.edit_comment(issue.number, "no-such-comment", "x", "format")
        assert caught.value.kind == "not_found"

    def test_before_it_is_opened_there_is_no_issue(self, forge: Forge) -> None:
        with pytest.raises(LeadlineError) as caught:
            forge.issue("local")
        assert caught.value.kind == "not_found"
