"""Finish a thread: the final summary, past a gate, then the closing comment, the body, the closed
issue, the branches.

The gate is ``check close``. What is missing is listed, each with the command that mends it, and
nothing is recorded; an override is possible, says why, and stays visible in the summary. The record
comes first, and the rest follows from it: whatever was cut off is completed by the next `leadline
finish` or `leadline issue sync`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from leadline.core.check.close import check_close
from leadline.core.check.missing import Missing, missing
from leadline.core.errors import LeadlineError, conflict, usage
from leadline.core.evidence.known import evidence_for
from leadline.core.record.thread import Thread
from leadline.core.text.lint import fix_format
from leadline.core.timestamps import minute
from leadline.core.typed import TYPE_CHECKING, TypedDict, cast
from leadline.core.values import dataclass
from leadline.render.issue.comments import render_final
from leadline.services.bound_text import bound_body
from leadline.services.branch.permalink import links_for
from leadline.services.branch.record_branch import commit_if_possible
from leadline.services.context import Context
from leadline.services.draft import keep_draft
from leadline.services.gloss import as_draft, check_gloss
from leadline.services.issue.content import body_is_current
from leadline.services.issue.delivery import bring_up_to_date
from leadline.services.publish.follow import Followed, follow
from leadline.services.refusal import Overrides
from leadline.services.thread.check import queued_reason
from leadline.services.thread.fields_file import read_fields
from leadline.services.thread.profile_check import asked_at

if TYPE_CHECKING:
    from leadline.core.record.bodies import Bound, FinishBody, FinishSaid

ALSO_NAMED = 8
# By field: a text, or a list of them.
Summary = dict[str, str | list[str]]
TEXTS = ("worked", "failed", "confidence", "limits", "conclusion")
_NAMES = {
    "worked": "worked",
    "what worked": "worked",
    "failed": "failed",
    "did not": "failed",
    "did not work": "failed",
    "what did not": "failed",
    "what did not work": "failed",
    "confidence": "confidence",
    "limits": "limits",
    "conclusion": "conclusion",
    "next steps": "next_steps",
    "next step": "next_steps",
    "next": "next_steps",
}


@dataclass(frozen=True)
class NotFinished:
    """What is missing; nothing was recorded. ``queued``: codes of what only the forge lacks;
    ``draft``: where the words are kept."""

    missing: list[Missing]
    queued: list[str]
    reason: str
    draft: str = ""

    def as_dict(self) -> dict[str, object]:
        return {"finished": False, **self.__dict__}


@dataclass(frozen=True)
class Finished:
    """``record``: the body of the finish; ``again``: it was recorded before."""

    record: FinishSaid
    followed: Followed
    again: bool

    @property
    def queued(self) -> list[str]:
        """What was queued when the finish was recorded, and still is."""
        return list(self.record.get("queued", [])) if self.followed.issue.why else []

    @property
    def overridden(self) -> list[str]:
        return list(self.record.get("overridden", []))

    @property
    def override(self) -> str:
        return str(self.record.get("override", ""))

    def as_dict(self) -> dict[str, object]:
        followed, why = self.followed, self.followed.issue.why
        return {
            "finished": True,
            "finished_at": self.record["at"],
            "missing": [],
            "queued": self.queued,
            "overridden": self.overridden,
            "override": self.override,
            "reason": self.record["reason"],
            "issue": followed.issue.as_dict(),
            "why_not_posted": why["what"] if why else "",
            "logbook": followed.logbook.logbook,
            "logbook_skipped": followed.logbook.skipped,
            "record_branch": followed.record_commit,
            "problems": [problem.as_dict() for problem in followed.problems],
            "text": self.record.get("text", ""),
            "again": self.again,
        }


def read_summary(path: str) -> Summary:
    """The summary of a TOML, YAML, JSON or Markdown file (headings are fields).

    Raises LeadlineError: not_found, usage (unreadable, or a field that means nothing).
    """
    data = read_fields(path, "summary", "finish", _from_markdown)
    found: Summary = {}
    for key, value in data.items():
        name = _field(str(key))
        if name is None:
            raise usage(
                "unknown-summary-field",
                f"{path}: {key!r} is no field of a summary",
                why="worked, did-not, confidence, limits, conclusion, next-steps",
                do="leadline finish --help",
            )
        found[name] = _steps(value) if name == "next_steps" else _words(value)
    return found


def _field(text: str) -> str | None:
    return _NAMES.get(
        " ".join(text.lower().replace("_", " ").replace("-", " ").rstrip(":").split())
    )


def _words(value: object) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _lines(value: object) -> list[str]:
    return [str(line) for line in value] if isinstance(value, list) else _words(value).splitlines()


def _steps(value: object) -> list[str]:
    """Without the bullets."""
    bullet = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
    return [bullet.sub("", line).strip() for line in _lines(value) if line.strip()]


def _from_markdown(text: str) -> dict[str, str]:
    data: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading and _field(heading[1]):
            name = heading[1]
            data[name] = ""
        elif name:
            data[name] += line + "\n"
    return {key: value.strip() for key, value in data.items()}


# ---- the gate ------------------------------------------------------------------------------------


class Proposal(TypedDict):
    """What a summary says of a finish. ``limits``: confidence and limits."""

    worked: str
    failed: str
    confidence: str
    limits: list[str]
    conclusion: str
    next_steps: list[str]


def proposal_of(summary: Summary) -> Proposal:
    said = {name: _words(summary.get(name)).strip() for name in TEXTS}
    steps = [step.strip() for step in _lines(summary.get("next_steps"))]
    return {
        "worked": said["worked"],
        "failed": said["failed"],
        "confidence": said["confidence"],
        "limits": [text for text in (said["confidence"], said["limits"]) if text],
        "conclusion": said["conclusion"],
        "next_steps": [step for step in steps if step],
    }


def missing_for(
    context: Context, thread: Thread, proposal: Proposal, before_seal: bool = False
) -> list[Missing]:
    """What `check close` finds missing, with confidence and limits asked for one by one. An item
    with ``queued`` (the reason) is done as far as the record goes and waits for the forge.
    ``before_seal``: a seal is about to be made, and what follows from it is not asked for."""
    posted = thread.issue.state in ("open", "closed") and not before_seal
    current = body_is_current(context, thread) if posted else None
    queued = queued_reason(context, thread)
    items = check_close(
        thread,
        proposal=proposal,
        body_is_current=current,
        tag_needed=not before_seal,
        queued=queued,
    )
    items += asked_at(context, thread, "close")
    # One of the two is said: the other is asked for by its own name.
    confidence = proposal["confidence"]
    if proposal["limits"] and not confidence:
        what, mend = "the confidence is not said", "leadline finish --confidence 'TEXT'"
        items.append(missing("no-confidence", what, mend))
    if confidence and all(text == confidence for text in proposal["limits"]):
        what, mend = "the limits are not said", "leadline finish --limits 'TEXT'"
        items.append(missing("no-limits", what, mend))
    if thread.issue.state == "draft":
        what = "the experiment issue is a draft: nobody has seen it"
        items.append(missing("issue-is-draft", what, "leadline issue open"))
    return items


def finish(
    context: Context,
    topic: str,
    summary: Summary,
    reason: str = "completed",
    override: Overrides | None = None,
    seal: Callable[[], object] | None = None,
) -> Finished | NotFinished:
    """Check, record, and let follow what follows. With something missing that ``override`` does not
    cover nothing is recorded or sealed, and the words are kept as a draft. ``seal``: makes the
    snapshot that it ends with.

    ``reason``: completed | not_planned. Raises LeadlineError: refused for numbers that are not
    bound, conflict for another summary than the one the thread was finished with.
    """
    proposal, override = proposal_of(summary), override or Overrides()
    thread = context.store.view(topic)
    again = _same_as_last(thread, proposal)
    if not again:
        # The words are held to the record; then what is derived is brought up to date, so that the
        # gate finds missing only what somebody has to do.
        _check_first(thread, proposal, override)
        try:
            bound = _bound(context, thread, proposal, override)
        except LeadlineError as error:
            raise _with_missing(error, check_close(thread, proposal=proposal)) from None
        if seal is not None:
            found = missing_for(context, thread, proposal, before_seal=True)
            if refused := _refused(context, found, proposal, reason, override):
                return refused
            seal()
        bring_up_to_date(context, topic)
        thread = context.store.view(topic)
        found = missing_for(context, thread, proposal)
        if refused := _refused(context, found, proposal, reason, override):
            return refused
        queued = [item["code"] for item in found if "queued" in item]
        body = cast("FinishBody", {**proposal, "reason": reason, **bound})
        if queued:
            body["queued"] = queued
        _record(context, thread, body, override)
    followed = follow(context, topic, "finish")
    return Finished(context.store.view(topic).finishes[-1], followed, again)


def _refused(
    context: Context, found: list[Missing], proposal: Proposal, reason: str, override: Overrides
) -> NotFinished | None:
    """None where nothing that is missing is left uncovered; else the words are kept."""
    lacking = [item for item in found if "queued" not in item]
    if not lacking or override.covers(*(item["code"] for item in lacking)):
        return None
    typed = {name: text for name, text in _texts(proposal).items() if text}
    draft = keep_draft(context, "finish", as_draft(typed)) if typed else ""
    queued = [item["code"] for item in found if "queued" in item]
    return NotFinished(lacking, queued, reason, draft)


def _with_missing(error: LeadlineError, lacking: list[Missing]) -> LeadlineError:
    """The refusal of words that also says what else will be asked for, so that it is asked once."""
    if not lacking:
        return error
    also = "; ".join(item["what"] for item in lacking[:ALSO_NAMED])
    more = f" and {len(lacking) - ALSO_NAMED} more" if len(lacking) > ALSO_NAMED else ""
    why = f"{error.why}. Missing as well: {also}{more}"
    do = [*error.next, "leadline check close"]
    details = {**error.details, "missing": lacking}
    return LeadlineError(error.kind, error.code, error.what, why, do, details)


def _check_first(thread: Thread, proposal: Proposal, override: Overrides) -> None:
    """A thread ends once: another summary would stand beside the one that people have read."""
    if thread.finishes and not override.covers("already-finished"):
        last = thread.finishes[-1]
        other = ", with another summary" if any(proposal.values()) else ""
        raise conflict(
            "already-finished",
            f"thread {thread.topic} was finished on {minute(last['at'])} UTC by {last['actor']}{other}",
            why=f"its conclusion: {' '.join(str(last.get('conclusion', '')).split())[:120]}",
            do=[
                "leadline issue comments",
                "leadline note 'TEXT'  (goes on in the finished thread, and is said to come after its end)",
                "leadline finish … --override already-finished 'WHY'",
            ],
        )


def _same_as_last(thread: Thread, proposal: Proposal) -> bool:
    """The very finish that was recorded before: it was cut off, or is asked for again."""
    last = thread.finishes[-1] if thread.finishes else None
    return (
        last is not None
        and all(last.get(name) == value for name, value in proposal.items() if name != "limits")
        and bool(proposal["conclusion"])
    )


def _bound(context: Context, thread: Thread, proposal: Proposal, override: Overrides) -> Bound:
    """What the summary rests on. It is read as one text: what is cited in one part may be named by
    its settings in another. A plan may hold numbers that nobody has measured yet."""
    found_words = _texts(proposal)
    del found_words["next-steps"]
    said = bound_body(context, thread, "\n\n".join(found_words.values()), strict=False)
    typed = {name: text for name, text in _texts(proposal).items() if text}
    check_gloss(context, thread, "finish", found_words, override, refs=said["refs"], typed=typed)
    planned = bound_body(context, thread, "\n\n".join(proposal["next_steps"]), strict=False)
    found: Bound = {"refs": {**said["refs"], **planned["refs"]}}
    if bound := {**said.get("bound", {}), **planned.get("bound", {})}:
        found["bound"] = bound
    return found


def _texts(proposal: Proposal) -> dict[str, str]:
    """By the names that a summary file has for them."""
    return {
        "worked": proposal["worked"],
        "did-not": proposal["failed"],
        "confidence": proposal["confidence"],
        "limits": "\n\n".join(t for t in proposal["limits"] if t != proposal["confidence"]),
        "conclusion": proposal["conclusion"],
        "next-steps": "\n".join(f"- {step}" for step in proposal["next_steps"]),
    }


def _record(context: Context, thread: Thread, body: FinishBody, override: Overrides) -> None:
    if override.used:
        body["override"], body["overridden"] = override.why, override.used
        closed_although = f"Closed although {', '.join(override.used)}: {override.why}"
        body["limits"] = [*body["limits"], closed_although]
    # The summary links to the record branch; where it cannot be written, ``follow`` says why.
    commit_if_possible(context)
    thread.finishes.append({"uid": "", "at": context.now(), "actor": context.actor(), **body})
    marker = str(context.setting("marker"))
    text = render_final(thread, evidence_for(thread), links_for(context, thread), marker)
    body["text"] = fix_format(text)
    context.append(thread.topic, "finish", body)


def summary_file(context: Context, path: str) -> Summary:
    """``read_summary`` of a path relative to where the user stands."""
    return read_summary(os.path.join(context.cwd, path))
