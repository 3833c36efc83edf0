"""Post what is new on the experiment issue: an update rendered from the records, or a short
heartbeat.

The update is a record first, with the marker it is posted under, and a comment second. A crash in
between leaves the record, and whatever brings the issue up to date next posts it, once.
"""

from __future__ import annotations

from leadline.core.errors import LeadlineError, conflict, refused
from leadline.core.evidence.found import RULES
from leadline.core.evidence.known import labels_for, labels_of_claims
from leadline.core.ids import named_id
from leadline.core.issue.comments import comments_to_post
from leadline.core.issue.due import due, last_post, last_update, records_since
from leadline.core.record.kinds import kind_of
from leadline.core.record.thread import Item, Thread
from leadline.core.text.citation import render as cited
from leadline.core.text.lint import LintFinding, fix_format, lint
from leadline.core.timestamps import counted
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass, field
from leadline.core.view.facts import EvidenceOf
from leadline.core.view.relabelled import relabelled
from leadline.render.issue.comments import render_heartbeat, render_update
from leadline.services.bound_text import bound_body
from leadline.services.branch.permalink import (
    broken_links,
    links_for,
    pages_of,
    unpushed,
)
from leadline.services.branch.record_branch import commit_if_possible
from leadline.services.context import Context
from leadline.services.gloss import check_gloss
from leadline.services.publish.follow import Followed, follow
from leadline.services.refusal import Overrides, refuse_altered

if TYPE_CHECKING:
    from leadline.core.record.bodies import Bound, UpdateBody

# findings that do not refuse a post: matters of wording, or mended here
ADVICE = ("ticked-reference",)
PLANS = ("next", "eta")  # what is to come: its numbers were not measured
FINDINGS_NAMED = 5


@dataclass(slots=True)
class Words:
    """What the author adds to an update; all may be empty. ``label``: the heading."""

    change: str = ""
    confidence: str = ""
    next_action: str = ""
    label: str = ""

    def texts(self) -> list[tuple[str, str]]:
        return [
            ("change", self.change),
            ("confidence", self.confidence),
            ("next", self.next_action),
            ("label", self.label),
        ]

    def said(self) -> dict[str, str]:
        return {name: text for name, text in self.texts() if text}


@dataclass(frozen=True)
class Post:
    """An update or a heartbeat: as it would be posted (``followed`` None: a dry run) or as it was
    recorded. ``unpushed``: names of links whose commit the remote is not known to have;
    ``continues``: the heartbeat that grew in place."""

    form: str
    text: str
    advice: list[LintFinding]
    links: dict[str, str] = field(default_factory=dict)
    id: str = ""
    continues: str = ""
    unpushed: list[str] = field(default_factory=list)
    followed: Followed | None = None

    @property
    def why_not_posted(self) -> str:
        if self.followed is None:
            return "a dry run: nothing was recorded or posted"
        return self.followed.why_not_posted

    def as_dict(self) -> dict[str, object]:
        shown: dict[str, object] = {
            "id": self.id,
            "form": self.form,
            "text": self.text,
            "advice": as_dicts(self.advice),
            "posted": not self.why_not_posted,
            "why_not_posted": self.why_not_posted,
        }
        if self.followed is None:
            return {**shown, "links": self.links}
        return {
            **shown,
            "issue": self.followed.issue.as_dict(),
            "logbook": self.followed.logbook.logbook,
            "logbook_skipped": self.followed.logbook.skipped,
            "record_commit": self.followed.record_commit,
            "problems": [problem.as_dict() for problem in self.followed.problems],
            "links": self.links,
            "unpushed": self.unpushed,
            "continues": self.continues,
        }


@dataclass(frozen=True)
class Checked:
    """What the author's words name and rest on, and what to mend in them."""

    refs: dict[str, str]
    bound: dict[str, float]
    advice: list[LintFinding]

    def body(self) -> Bound:
        """Its part of a record."""
        return {"refs": self.refs, "bound": self.bound} if self.bound else {"refs": self.refs}


def update(
    context: Context,
    topic: str,
    words: Words,
    dry_run: bool = False,
    override: Overrides | None = None,
) -> Post:
    """Render the update, record it, and let follow what follows.

    Raises LeadlineError: refused (``overclaim``, ``unbound-number``, ``not-fit-to-post`` with each
    finding, a citation that does not hold), conflict (``nothing-new``). Nothing is recorded then.
    """
    thread = context.store.view(topic)
    _flag_finished(context, thread)
    refuse_altered(thread)
    evidence_of = labels_for(thread)
    # Without news it is a post that was cut off, a retry, or nothing. A heartbeat told no news.
    last = last_update(thread)
    moved = relabelled(thread, evidence_of)
    if last is not None and not moved and not _news_since(thread, last):
        waiting = not words.change.strip() and any(
            c.kind == "update" for c in comments_to_post(thread)
        )
        if (waiting or _same_words(last, words)) and not dry_run:
            return _posted(context, topic, last.id, last.body, [])
        if not words.change.strip():
            raise conflict(
                "nothing-new",
                f"nothing was recorded since {last.id}",
                why="an update tells what is new",
                do=["leadline update --heartbeat", "leadline due"],
            )
    # The author's words are held to the record before anything is written.
    override = override or Overrides()
    checked = _checked(context, thread, words.texts(), "update", override)
    text, links = _rendered(context, thread, evidence_of, words, checked)
    if dry_run:
        return Post("update", text, checked.advice, links)
    # The labels shown are kept: the next update tells which of them rose.
    body: UpdateBody = {
        "form": "update",
        "text": text,
        "since": last.id if last else "",
        "links": links,
        "labels": {shown: found.label for shown, found in labels_of_claims(thread)},
        "rules": RULES,
        "words": words.said(),
    }
    body = {**body, **checked.body()}
    if override.used:
        body["override"], body["overridden"] = override.why, override.used
    return _posted(context, topic, _record(context, thread, body), body, checked.advice)


def heartbeat(
    context: Context,
    topic: str,
    status: str = "",
    blockers: str = "",
    eta: str = "",
    dry_run: bool = False,
) -> Post:
    """A short sign of life. When nothing changed since the last heartbeat and the words are the
    same, that comment grows in place ("said 3 times") instead of a new one.

    Raises LeadlineError(refused) as ``update`` does.
    """
    thread = context.store.view(topic)
    _flag_finished(context, thread)
    refuse_altered(thread)
    words = {"status": status.strip(), "blockers": blockers.strip(), "eta": eta.strip()}
    verb = "update --heartbeat"
    checked = _checked(context, thread, list(words.items()), verb, Overrides())
    # One that only repeats the last is the same span, said once more.
    first, times = _span(thread, words)
    said = {name: cited(text, thread, checked.refs) for name, text in words.items()}
    rendered = render_heartbeat(
        thread,
        due(thread, context.now(), labels_for(thread)),
        context.now(),
        str(context.setting("marker")),
        **said,
        since_at=first.at if first else "",
        times=times,
    )
    text = fix_format(rendered)
    if dry_run:
        return Post("heartbeat", text, checked.advice)
    last = last_post(thread)
    body: UpdateBody = {
        "form": "heartbeat",
        "text": text,
        "since": last.id if last else "",
        "words": words,
    }
    body = {**body, **checked.body()}
    if first:
        body["refs"] = {**checked.refs, first.id: first.uid}
        body["continues"], body["times"] = first.id, times
    return _posted(context, topic, _record(context, thread, body), body, checked.advice)


# ---- the parts -----------------------------------------------------------------------------------


def _flag_finished(context: Context, thread: Thread) -> None:
    if thread.finished:
        context.warn(f"{thread.finish_told}; this comes after it")


def _news_since(thread: Thread, last: Item[UpdateBody]) -> bool:
    return any(kind_of(r.kind).news for r in records_since(thread, last.uid))


def _same_words(last: Item, words: Words) -> bool:
    said = words.said()
    return last.body.get("form") == "update" and bool(said) and last.body.get("words") == said


def _span(thread: Thread, words: dict[str, str]) -> tuple[Item | None, int]:
    """The heartbeat that this one only repeats, and how often it will have been said; (None, 1) for
    news."""
    last = last_post(thread)
    if (
        last is None
        or last.body.get("form") != "heartbeat"
        or last.body.get("words") != words
        or _news_since(thread, last)
    ):
        return None, 1
    first = thread.items.get(
        thread.shown(str(last.body.get("continues") or last.id), last.refs), last
    )
    return first, int(last.body.get("times") or 1) + 1


def _checked(
    context: Context,
    thread: Thread,
    texts: list[tuple[str, str]],
    verb: str,
    override: Overrides,
) -> Checked:
    """Raises LeadlineError(refused)."""
    given = [(name, text) for name, text in texts if text.strip()]
    # Wording and links first: all that a reader would stumble over is said at once.
    findings: list[LintFinding] = []
    for name, text in given:
        found = lint(text, thread, "update")
        found += broken_links(context, text)
        findings += [f._replace(where=f"--{name}, {f.where}") for f in found]
    if unfit := [f for f in findings if f.code not in ADVICE]:
        raise not_fit_to_post(unfit)
    # Then what the words say: each number is cited, and nothing is said that no claim bears, but
    # in a plan.
    refs: dict[str, str] = {}
    bound: dict[str, float] = {}
    for _, text in given:
        made = bound_body(context, thread, text, strict=False)
        refs.update(made["refs"])
        bound.update(made.get("bound", {}))
    found_words = {name: text for name, text in given if name not in PLANS}
    check_gloss(context, thread, verb, found_words, override, refs=refs, typed=dict(given))
    return Checked(refs, bound, findings)


def not_fit_to_post(findings: list[LintFinding]) -> LeadlineError:
    """The refusal that lists each finding with the words it saw and what to write instead."""
    shown = [f"{f.what} ({f.where}): {f.mend}" for f in findings[:FINDINGS_NAMED]]
    if more := len(findings) - len(shown):
        shown.append(f"and {more} more")
    return refused(
        "not-fit-to-post",
        f"a reader would stumble over {counted(len(findings), 'thing')} in this text",
        why="; ".join(shown),
        do="leadline update … --dry-run",
        details={"findings": as_dicts(findings)},
    )


def _rendered(
    context: Context, thread: Thread, evidence_of: EvidenceOf, words: Words, checked: Checked
) -> tuple[str, dict[str, str]]:
    # What the text links to is committed first; where that cannot be done, it links less, and
    # ``follow`` says why.
    if pages_of(context) is not None:
        commit_if_possible(context)
    links = links_for(context, thread)
    said = {name: fix_format(cited(text, thread, checked.refs)) for name, text in words.texts()}
    text = render_update(
        thread,
        evidence_of,
        links,
        said["label"],
        str(context.setting("marker")),
        said["change"],
        said["confidence"],
        said["next"],
    )
    return fix_format(text), links


def _record(context: Context, thread: Thread, body: UpdateBody) -> str:
    with context.store.transaction(thread.topic) as writing:
        shown = named_id(thread.prefix, "update", writing.next_number("update"))
        writing.add("update", {"id": shown, "marker": f"update:{writing.new_uid()}", **body})
    return shown


def _posted(
    context: Context, topic: str, shown: str, body: UpdateBody, advice: list[LintFinding]
) -> Post:
    form, links = str(body.get("form")), dict(body.get("links") or {})
    followed = follow(context, topic, f"{form} {shown}")
    return Post(
        form,
        body.get("text", ""),
        advice,
        links,
        shown,
        body.get("continues", ""),
        unpushed(context, links),
        followed,
    )


def as_dicts(findings: list[LintFinding]) -> list[dict[str, str]]:
    return [finding._asdict() for finding in findings]
