"""Post what is new on the experiment issue: an update rendered from the records, or a short
heartbeat.

The update is a record first, with the marker it is posted under, and a comment second. A crash in
between leaves the record, and whatever brings the issue up to date next posts it, once.
"""

from __future__ import annotations

from leadline.core.errors import LeadlineError, conflict, refused
from leadline.core.evidence.of_thread import evidence_for
from leadline.core.ids import ID_IN_TEXT, named_id
from leadline.core.issue.comments import comments_to_post
from leadline.core.issue.due import Due, due, last_post, records_since
from leadline.core.record.kinds import kind_of
from leadline.core.record.ranks import rank
from leadline.core.record.thread import Item, Thread, is_a
from leadline.core.text.citation import render as cited
from leadline.core.text.lint import LintFinding, fix_format, lint
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass
from leadline.render.issue.comments import render_heartbeat, render_update
from leadline.services.bound_text import bound_body
from leadline.services.branch.logbook import publish
from leadline.services.branch.permalink import (
    broken_links,
    commit_records,
    how_to_read,
    links_for,
    unpushed,
)
from leadline.services.context import Context
from leadline.services.issue.delivery import bring_up_to_date

if TYPE_CHECKING:
    from leadline.core.record.bodies import Bound, UpdateBody

ADVICE = (
    "overclaim",
    "ticked-reference",
)  # findings that do not refuse a post: matters of wording, or mended here
PLANS = ("next", "label", "eta")  # what is to come: its numbers were not measured
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


def is_due(context: Context, thread: Thread) -> Due:
    """Whether an update is due now, and why."""
    return due(thread, context.now(), evidence_for(thread))


def update(context: Context, topic: str, words: Words, dry_run: bool = False) -> dict[str, Any]:
    """Render the update, record it, post it, bring the body up to date, publish the logbook.

    Raises LeadlineError: refused (``unbound-number``, ``not-fit-to-post`` with each finding, a
    citation that does not hold), conflict (``nothing-new``). Nothing is recorded then.
    """
    thread = context.store.thread(topic)
    _flag_finished(context, thread)
    last = last_post(thread)
    if last is not None and not _news_since(thread, last):
        waiting = not words.change.strip() and any(
            c.kind == "update" for c in comments_to_post(thread)
        )
        if (waiting or _same_words(last, words)) and not dry_run:
            return _done(
                context, topic, last.id, last.text, [], "update"
            )  # a post that was cut off, or a retry
        if not words.change.strip():
            raise conflict(
                "nothing-new",
                f"nothing was recorded since {last.id}",
                why="an update tells what is new",
                do=["leadline update --heartbeat", "leadline due"],
            )
    body, advice = _checked(context, thread, words)
    text, links = _rendered(context, thread, words, body)
    if dry_run:
        return {
            "id": "",
            "form": "update",
            "text": text,
            "advice": _as_dicts(advice),
            "posted": False,
            "why_not_posted": "a dry run: nothing was recorded or posted",
            "links": links,
        }
    post: UpdateBody = {
        "form": "update",
        "text": text,
        "since": last.id if last else "",
        "links": links,
        "labels": _labels(thread),
        "words": {name: value for name, value in words.texts() if value},
    }
    shown = _record(context, thread, {**post, **body})
    return _done(context, topic, shown, text, advice, "update")


def heartbeat(
    context: Context,
    topic: str,
    status: str = "",
    blockers: str = "",
    eta: str = "",
    dry_run: bool = False,
) -> dict[str, Any]:
    """A short sign of life. When nothing changed since the last heartbeat and the words are the
    same, that comment grows in place ("said 3 times") instead of a new one.

    Raises LeadlineError(refused) as ``update`` does.
    """
    thread = context.store.thread(topic)
    _flag_finished(context, thread)
    words = {"status": status.strip(), "blockers": blockers.strip(), "eta": eta.strip()}
    body, advice = _checked_texts(context, thread, list(words.items()))
    first, times = _span(thread, words)
    said = {name: cited(text, thread, body["refs"]) for name, text in words.items()}
    before = [post for post in thread.of_kind("update") if first is None or post.uid < first.uid]
    text = fix_format(
        render_heartbeat(
            thread,
            context.now(),
            str(context.setting("marker")),
            **said,
            since_at=first.at if first else "",
            times=times,
            after=before[-1].id if before else "",
        )
    )
    if dry_run:
        return {
            "id": "",
            "form": "heartbeat",
            "text": text,
            "advice": _as_dicts(advice),
            "posted": False,
            "why_not_posted": "a dry run: nothing was recorded or posted",
            "links": {},
        }
    last = last_post(thread)
    post: UpdateBody = {
        "form": "heartbeat",
        "text": text,
        "since": last.id if last else "",
        "words": words,
    }
    post = {**post, **body}
    if first:
        post["refs"] = {**body["refs"], first.id: first.uid}
        post["continues"], post["times"] = first.id, times
    shown = _record(context, thread, post)
    return _done(context, topic, shown, text, advice, "heartbeat")


# ---- the parts -----------------------------------------------------------------------------------


def _flag_finished(context: Context, thread: Thread) -> None:
    if thread.finished:
        context.warn(
            f"thread {thread.topic} was finished on {thread.finishes[-1]['at'][:10]}; this comes after it"
        )


def _news_since(thread: Thread, last: Item[UpdateBody]) -> bool:
    return any(kind_of(r.kind).news for r in records_since(thread, last.uid))


def _same_words(last: Item[UpdateBody], words: Words) -> bool:
    said = {name: value for name, value in words.texts() if value}
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


def _checked(context: Context, thread: Thread, words: Words) -> tuple[Bound, list[LintFinding]]:
    return _checked_texts(context, thread, words.texts())


def _checked_texts(
    context: Context, thread: Thread, texts: list[tuple[str, str]]
) -> tuple[Bound, list[LintFinding]]:
    """``refs`` and ``bound`` of the author's words, and advice. Raises LeadlineError(refused)."""
    refs: dict[str, str] = {}
    bound: dict[str, float] = {}
    findings: list[LintFinding] = []
    for name, text in texts:
        if not text.strip():
            continue
        findings += [
            f._replace(where=f"--{name}, {f.where}")
            for f in [
                *lint(text, thread, "update", _label_of_cited(thread, text)),
                *broken_links(context, text),
            ]
        ]
    refused = [f for f in findings if f.code not in ADVICE]
    if refused:
        raise not_fit_to_post(refused)
    for name, text in texts:
        if text.strip():
            made = bound_body(context, thread, text, strict=name not in PLANS)
            refs.update(made["refs"])
            bound.update(made.get("bound", {}))
    return {"refs": refs, **({"bound": bound} if bound else {})}, findings


def not_fit_to_post(findings: list[LintFinding]) -> LeadlineError:
    """The refusal that lists each finding with the words it saw and what to write instead."""
    shown = "; ".join(f"{f.what} ({f.where}): {f.mend}" for f in findings[:FINDINGS_NAMED])
    more = f"; and {len(findings) - FINDINGS_NAMED} more" if len(findings) > FINDINGS_NAMED else ""
    return refused(
        "not-fit-to-post",
        f"a reader would stumble over {len(findings)} thing{'s' if len(findings) > 1 else ''} in this text",
        why=shown + more,
        do="leadline update --dry-run …",
        details={"findings": _as_dicts(findings)},
    )


def _label_of_cited(thread: Thread, text: str) -> str:
    """The lowest label of the claims that a text names: what its words may lean on."""
    evidence_of = evidence_for(thread)
    named = [thread.items[m[0]] for m in ID_IN_TEXT.finditer(text) if m[0] in thread.items]
    labels = [evidence_of(claim).label for claim in named if claim.kind == "claim" and claim.stands]
    return min(labels, key=rank, default="")


def _rendered(
    context: Context, thread: Thread, words: Words, body: Bound
) -> tuple[str, dict[str, str]]:
    commit_records(context)
    links = links_for(context, thread)
    said = {name: fix_format(cited(text, thread, body["refs"])) for name, text in words.texts()}
    shown = (
        links
        if "logbook" in links
        else {**links, "read it": how_to_read(thread, _new_experiments(thread))}
    )
    text = render_update(
        thread,
        evidence_for(thread),
        shown,
        said["label"],
        str(context.setting("marker")),
        said["change"],
        said["confidence"],
        said["next"],
    )
    return fix_format(text), links


def _new_experiments(thread: Thread) -> list[str]:
    last = last_post(thread)
    ended = [
        thread.shown(str(r.body.get("run", "")), r.body.get("refs")).partition("-r")[0]
        for r in records_since(thread, last.uid if last else "")
        if r.kind == "run-ended"
    ]
    return list(dict.fromkeys(ended))


def _labels(thread: Thread) -> dict[str, str]:
    evidence_of = evidence_for(thread)
    return {claim.id: evidence_of(claim).label for claim in thread.claims if claim.stands}


def _record(context: Context, thread: Thread, body: UpdateBody) -> str:
    with context.store.transaction(thread.topic) as writing:
        shown = named_id(thread.prefix, "update", writing.next_number("update"))
        writing.add("update", {"id": shown, "marker": f"update:{writing.new_uid()}", **body})
    return shown


def _done(
    context: Context, topic: str, shown: str, text: str, advice: list[LintFinding], what: str
) -> dict[str, Any]:
    """Bring issue and logbook up to date. What the forge refuses is said, and done by the next
    call."""
    issue = bring_up_to_date(context, topic)
    why = str(issue["why"]["what"]) if issue["why"] else ""
    published = publish(context, topic, f"{what} {shown}")
    thread = context.store.thread(topic)
    item = thread.find(shown)
    assert is_a(item, "update")
    if thread.issue.state in ("none", "draft") and not issue["why"]:
        why = "the issue is a draft" if thread.issue.state == "draft" else "the thread has no issue"
    links = dict(item.body.get("links") or {})
    return {
        "id": shown,
        "form": item.body.get("form"),
        "text": text,
        "advice": _as_dicts(advice),
        "posted": not why,
        "why_not_posted": why,
        "issue": issue,
        "logbook": published.get("logbook"),
        "logbook_skipped": published.get("skipped", ""),
        "links": links,
        "unpushed": unpushed(context, links),
        "continues": item.body.get("continues", ""),
    }


def _as_dicts(findings: list[LintFinding]) -> list[dict[str, str]]:
    return [finding._asdict() for finding in findings]
