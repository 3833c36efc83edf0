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

from leadline.core.check.close import check_close
from leadline.core.errors import conflict, usage
from leadline.core.evidence.of_thread import evidence_for
from leadline.core.record.thread import Thread
from leadline.core.text.lint import fix_format
from leadline.core.timestamps import minute
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.core.values import dataclass
from leadline.render.issue.comments import render_final
from leadline.services.bound_text import bound_body
from leadline.services.branch.permalink import links_for
from leadline.services.branch.record_branch import commit_if_possible
from leadline.services.context import Context
from leadline.services.issue.content import body_is_current
from leadline.services.issue.delivery import bring_up_to_date
from leadline.services.publish.follow import Followed, follow
from leadline.services.thread.check import queued_reason
from leadline.services.thread.fields_file import read_fields

if TYPE_CHECKING:
    from leadline.core.record.bodies import FinishBody

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
    """What is missing; nothing was recorded. ``queued``: codes of what only the forge lacks."""

    missing: list[dict[str, Any]]
    queued: list[str]
    reason: str

    def as_dict(self) -> dict[str, object]:
        return {"finished": False, **self.__dict__}


@dataclass(frozen=True)
class Finished:
    """``record``: the body of the finish; ``again``: it was recorded before."""

    record: dict[str, Any]
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


def read_summary(path: str) -> dict[str, Any]:
    """The summary of a TOML, YAML, JSON or Markdown file (headings are fields).

    Raises LeadlineError: not_found, usage (unreadable, or a field that means nothing).
    """
    data = read_fields(path, "summary", "finish", _from_markdown)
    found: dict[str, Any] = {}
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


def _words(value: Any) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _steps(value: Any) -> list[str]:
    lines = value if isinstance(value, list) else str(value or "").splitlines()
    return [
        re.sub(r"^\s*(?:[-*+]|\d+[.)])\s+", "", str(line)).strip()
        for line in lines
        if str(line).strip()
    ]


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


def proposal_of(summary: dict[str, Any]) -> dict[str, Any]:
    """The body of a ``finish`` record, as far as the summary gives it: ``limits`` holds confidence
    and limits."""
    limits = [str(summary.get(name) or "").strip() for name in ("confidence", "limits")]
    return {
        "worked": str(summary.get("worked") or "").strip(),
        "failed": str(summary.get("failed") or "").strip(),
        "confidence": limits[0],
        "limits": [text for text in limits if text],
        "conclusion": str(summary.get("conclusion") or "").strip(),
        "next_steps": [
            str(step).strip() for step in summary.get("next_steps") or [] if str(step).strip()
        ],
    }


def missing_for(context: Context, thread: Thread, proposal: dict[str, Any]) -> list[dict[str, Any]]:
    """What `check close` finds missing, with confidence and limits asked for one by one. An item
    with ``queued`` (the reason) is done as far as the record goes and waits for the forge."""
    current = body_is_current(context, thread) if thread.issue.state in ("open", "closed") else None
    queued = queued_reason(context, thread)
    items = check_close(thread, proposal=proposal, body_is_current=current, queued=queued)
    said = [text for text in proposal["limits"] if text != proposal["confidence"]]
    if proposal["limits"]:
        items += [
            {
                "code": f"no-{name}",
                "what": f"{words} not said",
                "mend": f"leadline finish --{name} 'TEXT'",
            }
            for name, words, given in (
                ("confidence", "the confidence is", proposal["confidence"]),
                ("limits", "the limits are", said),
            )
            if not given
        ]
    if thread.issue.state == "draft":
        items.append(
            {
                "code": "issue-is-draft",
                "what": "the experiment issue is a draft: nobody has seen it",
                "mend": "leadline issue open",
            }
        )
    return items


def finish(
    context: Context,
    topic: str,
    summary: dict[str, Any],
    reason: str = "completed",
    override: str = "",
) -> Finished | NotFinished:
    """Check, record, and let follow what follows. With something missing and no ``override`` (a
    reason) nothing is recorded.

    ``reason``: completed | not_planned. Raises LeadlineError: refused for numbers that are not
    bound, conflict for another summary than the one the thread was finished with.
    """
    proposal = proposal_of(summary)
    thread = context.store.thread(topic)
    again = _same_as_last(thread, proposal)
    if not again:
        _check_first(thread, proposal, override)
        measured = [
            *proposal["limits"],
            *(proposal[name] for name in ("worked", "failed", "conclusion")),
        ]
        said = _bound(context, thread, measured, proposal["next_steps"])
        bring_up_to_date(context, topic)  # what is derived is never missing
        thread = context.store.thread(topic)
        found = missing_for(context, thread, proposal)
        missing = [item for item in found if "queued" not in item]
        if queued := [item["code"] for item in found if "queued" in item]:
            said["queued"] = queued
        if missing and not override.strip():
            return NotFinished(missing, queued, reason)
        _record(context, thread, {**proposal, "reason": reason, **said}, override.strip(), missing)
    followed = follow(context, topic, "finish")
    return Finished(context.store.thread(topic).finishes[-1], followed, again)


def _check_first(thread: Thread, proposal: dict[str, Any], override: str) -> None:
    """A thread ends once: another summary would stand beside the one that people have read."""
    if thread.finishes and not override.strip():
        last = thread.finishes[-1]
        other = ", with another summary" if any(proposal.values()) else ""
        raise conflict(
            "already-finished",
            f"thread {thread.topic} was finished on {minute(last['at'])} UTC by {last['actor']}{other}",
            why=f"its conclusion: {' '.join(str(last.get('conclusion', '')).split())[:120]}",
            do=[
                "leadline issue comments  (what was posted)",
                "leadline note 'TEXT'  (goes on in the finished thread, and is said to come after its end)",
                "leadline finish ... --override 'WHY'  (a second summary, said to be one)",
            ],
        )


def _same_as_last(thread: Thread, proposal: dict[str, Any]) -> bool:
    """The very finish that was recorded before: it was cut off, or is asked for again."""
    last = thread.finishes[-1] if thread.finishes else None
    return (
        last is not None
        and all(last.get(name) == value for name, value in proposal.items() if name != "limits")
        and bool(proposal["conclusion"])
    )


def _bound(
    context: Context, thread: Thread, measured: list[str], plans: list[str]
) -> dict[str, Any]:
    """``refs`` and ``bound`` of the summary. It is read as one text: what is cited in one part may
    be named by its settings in another. A plan may hold numbers that nobody has measured yet."""
    refs: dict[str, str] = {}
    bound: dict[str, float] = {}
    for text, strict in (
        ("\n\n".join(filter(None, measured)), True),
        ("\n\n".join(filter(None, plans)), False),
    ):
        made = bound_body(context, thread, text, strict=strict)
        refs.update(made["refs"])
        bound.update(made.get("bound", {}))
    return {"refs": refs, **({"bound": bound} if bound else {})}


def _record(
    context: Context,
    thread: Thread,
    body: dict[str, Any],
    override: str,
    missing: list[dict[str, Any]],
) -> None:
    if override:
        codes = list(dict.fromkeys(item["code"] for item in missing))
        body["override"], body["overridden"] = override, codes
        body["limits"] = [*body["limits"], f"Closed although {', '.join(codes)}: {override}"]
    commit_if_possible(context)  # the summary links to it
    thread.finishes.append({"uid": "", "at": context.now(), "actor": context.actor(), **body})
    text = fix_format(
        render_final(
            thread, evidence_for(thread), links_for(context, thread), str(context.setting("marker"))
        )
    )
    context.append(thread.topic, "finish", cast("FinishBody", {**body, "text": text}))


def summary_file(context: Context, path: str) -> dict[str, Any]:
    """``read_summary`` of a path relative to where the user stands."""
    return read_summary(os.path.join(context.cwd, path))
