"""What follows from a record: the issue, the logbook in the work tree, the record branch.

The record is durable before anything follows from it, and each of the three is computed from the
records anew. So nothing here can lose one, calling twice is calling once, and what is away now (the
forge, the branch, the disk of a rendering) is said and made up for by the next verb that follows.

The order has a reason. The issue comes first, because what is done there is in the record too: the
logbook names the issue's address and state, and the record branch holds both. What a comment links
to is committed on the record branch before, where the comment is worded.
"""

from __future__ import annotations

from leadline.core.errors import LeadlineError
from leadline.core.values import dataclass
from leadline.services.branch.logbook import Published, publish
from leadline.services.branch.record_branch import commit_if_possible
from leadline.services.context import Context
from leadline.services.issue.ask import forge_of
from leadline.services.issue.delivery import Delivery, Opening, bring_up_to_date, next_of


@dataclass(frozen=True)
class Problem:
    """A step that could not be done now; the record stands without it."""

    step: str
    error: LeadlineError

    def as_dict(self) -> dict[str, object]:
        return {"step": self.step, **self.error.as_dict()}

    def __str__(self) -> str:
        return f"{self.step}: {self.error.what}"


@dataclass(frozen=True)
class Followed:
    """What came of it. ``record_commit``: the tip of the record branch, "" where it could not be
    made; ``left``: the commands that do what was not done."""

    issue: Delivery
    logbook: Published
    record_commit: str
    left: list[str]
    problems: list[Problem]

    @property
    def why_not_posted(self) -> str:
        """ "" when the issue says what the record says."""
        if self.issue.why:
            return self.issue.why["what"]
        if self.issue.state == "draft":
            return "the issue is a draft"
        return "the thread has no issue" if self.issue.state == "none" else ""


def follow(
    context: Context,
    topic: str,
    why: str,
    *,
    asked_for: bool = False,
    opening: Opening | None = None,
    hand_edit_adopted: bool = False,
) -> Followed:
    """After a record of ``topic``: issue, logbook in the tree, record branch. ``why`` is told in the
    commit of the logbook. Raises for nothing that is away.

    ``asked_for``: somebody wants the issue sent now, also where a forge that was away is given a
    pause. ``opening``: of the issue, where there is none. ``hand_edit_adopted``: the record holds
    what was written into the logbook by hand, which may be replaced then.
    """
    # What the forge refuses or cannot be asked waits, in order; the rest goes on without it.
    issue = bring_up_to_date(context, topic, opening, asked_for=asked_for)

    # Left as it is where a person edited it, or another branch is checked out.
    logbook = publish(context, topic, why, replace_hand_edit=hand_edit_adopted)

    # Last, so that it holds what was posted. Other threads' records come along with a sync.
    commit, error = commit_if_possible(context, [topic])

    problems = [Problem("record branch", error)] if error else []
    return Followed(issue, logbook, commit, _left(topic, issue, problems), problems)


def follow_everywhere(context: Context) -> dict[str, Delivery]:
    """What follows from the records that a sync brought: the issue of every thread that has one on a
    forge outside, by topic. Nothing else: the record branch was exchanged a moment before, so that
    two machines derive the same body, and a sync commits nothing on a branch of the user's."""
    found = {}
    for topic in context.store.topics():
        thread = context.store.view(topic)
        issue = thread.issue
        opened = issue.state in ("open", "closed") or issue.wanted.get("state") == "open"
        if opened and forge_of(context, thread).outside:
            found[topic] = bring_up_to_date(context, topic, asked_for=True)
    return found


def _left(topic: str, issue: Delivery, problems: list[Problem]) -> list[str]:
    left = [command for problem in problems for command in problem.error.next]
    if issue.why:
        left += next_of(issue)
    elif issue.state in ("none", "draft"):
        left.append(f"leadline issue open --thread {topic}")
    return list(dict.fromkeys(left))
