"""What was posted is a copy of the record that nobody here can rewrite: the digest of the heads in the
comment of each seal, and the words of every update."""

from __future__ import annotations

from leadline.core.issue.remote import Comment
from leadline.core.patterns import later
from leadline.core.record.finding import FAULT, NOTE, Finding
from leadline.core.record.thread import Thread
from leadline.services.context import Context
from leadline.services.issue.ask import ForgeFailed, ask, forge_of, read_issue

_HEADS = later(r"records, heads `?(sha256:[0-9a-f]{64})")
_SEAL = "snapshot:"


def posted(context: Context, thread: Thread) -> list[Finding]:
    """Where the issue on a forge outside says something else than the record; that it could not be
    asked, where it could not."""
    topic, kind = thread.topic, forge_of(context, thread)
    if not kind.outside or thread.issue.state in ("none", "draft"):
        return []
    try:
        forge = ask(kind, lambda: context.forge_for(topic))
        remote = read_issue(forge, thread, kind)
    except ForgeFailed as failed:
        what = f"whether what was posted agrees with the record is not known: {failed.error.what}"
        return [Finding(topic, NOTE, "issue-not-asked", topic, what, "leadline verify --full")]
    sealed = {
        f"{_SEAL}{s.uid}": str(s.body.get("heads_digest")) for s in thread.of_kind("snapshot")
    }
    said = {str(c["marker"]): _one_form(str(c["text"])) for c in thread.issue.comments}
    found = []
    for comment in remote.comments:
        level, what = FAULT, _of_seal(comment, sealed)
        if not what and comment.marker in said and _one_form(comment.text) != said[comment.marker]:
            level, what = NOTE, "was edited there, or the record of it was rewritten here"
        if what:
            where = f"comment {comment.id}"
            mend = f"leadline issue comments --thread {topic}"
            found.append(Finding(topic, level, "posted-otherwise", where, f"{where} {what}", mend))
    return found


def _of_seal(comment: Comment, sealed: dict[str, str]) -> str:
    heads = _HEADS.search(comment.text)
    if not heads or not comment.marker.startswith(_SEAL):
        return ""
    known = sealed.get(comment.marker)
    if known is None:
        return "tells of a seal that the record does not have: its end was cut off, or not fetched"
    if known != heads[1]:
        return "sealed other records than the record says: lines were changed since"
    return ""


def _one_form(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
