"""Take what was written into the logbook by hand in as records, losing no byte, so that it is a
rendering again.

The whole file goes to the blobs; what is new in it becomes records of its own: hand-written entries
as they are, changes inside rendered entries and in the header as differences (the entry itself
stays what the record says).
"""

from __future__ import annotations

import os

from leadline.core.canonical import digest_bytes
from leadline.core.errors import not_found
from leadline.core.publish.append_only import Section, sections
from leadline.core.record.thread import Thread
from leadline.core.secrets.redact import Redactor, secret_values
from leadline.core.typed import Any
from leadline.render.logbook.entries import HEADER_BEGIN, HEADER_END, NO_ENTRY
from leadline.render.markdown import fence
from leadline.services.branch.logbook import logbook_path, logbook_text, publish
from leadline.services.context import Context, refs_for

VERSIONS_COMPARED = 6


def adopt(context: Context, topic: str, file: str | None = None) -> dict[str, Any]:
    """Adopt ``file`` (default: the logbook in the tree). Returns ``{path, entries: [{heading,
    where}], restored, already, logbook}``; ``already``: this very content was adopted before.

    Raises LeadlineError(not_found) when there is no such file.
    """
    in_tree = (
        os.path.join(context.toplevel, logbook_path(context, topic)) if context.vcs.toplevel else ""
    )
    full = os.path.realpath(os.path.join(context.cwd, file)) if file else in_tree
    raw = _read(full, topic, file)
    thread = context.store.thread(topic)
    shown_path = (
        os.path.relpath(full, context.vcs.toplevel)
        if context.vcs.toplevel
        else os.path.basename(full)
    )
    result: dict[str, Any] = {
        "path": shown_path,
        "entries": [],
        "restored": [],
        "already": False,
        "digest": digest_bytes(raw),
        "logbook": None,
    }
    rendered = logbook_text(context, thread)
    is_logbook = bool(in_tree) and full == os.path.realpath(in_tree)
    if raw.decode("utf-8", "replace") != rendered:
        with context.store.transaction(topic) as writing:
            thread = context.store.thread(topic)
            result["already"] = any(a.get("digest") == result["digest"] for a in thread.adopted)
            if not result["already"]:
                _take_in(
                    context,
                    thread,
                    raw,
                    logbook_text(context, thread),
                    shown_path,
                    is_logbook,
                    result,
                    writing,
                )
    if is_logbook:
        result["logbook"] = publish(
            context, topic, "adopted what was written by hand", replace_hand_edit=True
        )
    return result


def acknowledge(context: Context, topic: str, commit: str) -> dict[str, Any]:
    """Say in the record that a rewrite of the logbook in the git history is known. Raises
    LeadlineError(not_found)."""
    full = context.vcs.ref(f"{commit}^{{commit}}")
    if full is None:
        raise not_found("no-such-commit", f"there is no commit {commit}", do="leadline verify")
    thread = context.store.thread(topic)
    already = any(a.get("acknowledged") == full for a in thread.adopted)
    if not already:
        context.append(
            topic,
            "adopted",
            {
                "heading": f"commit {full[:12]} changed entries of the logbook",
                "text": "What it removed stands in the git history and in the record.",
                "where": "history",
                "acknowledged": full,
            },
        )
    return {"acknowledged": full, "already": already}


def _read(full: str, topic: str, named: str | None) -> bytes:
    try:
        with open(full, "rb") as file:
            return file.read()
    except (OSError, ValueError):
        raise not_found(
            "no-such-file",
            f"cannot read {named or full or 'the logbook'}",
            why="the logbook in the tree is there after the first milestone",
            do=[f"leadline adopt FILE --thread {topic}", "leadline logbook"],
        ) from None


def _take_in(
    context: Context,
    thread: Thread,
    raw: bytes,
    rendered: str,
    path: str,
    is_logbook: bool,
    result: dict[str, Any],
    writing: Any,
) -> None:
    exact = raw.decode("utf-8", "surrogateescape")
    redacted = Redactor(secret_values(context.environ)).text(exact)
    kept = raw if redacted == exact else redacted.encode("utf-8", "surrogateescape")
    text = kept.decode("utf-8", "backslashreplace")
    pieces = pieces_of(text, rendered, _earlier(context, thread, path) if is_logbook else [])
    known = {(a.get("heading"), a.get("text")) for a in thread.adopted}
    pieces = [p for p in pieces if (p["heading"], p["text"]) not in known]
    file = context.blobs.put(kept)
    for piece in pieces:
        writing.add(
            "adopted",
            {
                **piece,
                "path": path,
                "digest": result["digest"],
                "file": file,
                "refs": refs_for(thread, texts=[piece["heading"], piece["text"]]),
            },
        )
    result["entries"] = [{"heading": p["heading"], "where": p["where"]} for p in pieces]
    result["restored"] = removed_by_hand(text, rendered) if is_logbook else []


def _earlier(context: Context, thread: Thread, path: str) -> list[str]:
    """Renderings that were committed: what a header may have been edited from."""
    versions = context.vcs.versions_of_file(path)[-VERSIONS_COMPARED:]
    return [data.decode("utf-8", "replace") for _, data in versions]


# ---- what is new in a file -----------------------------------------------------------------------


def pieces_of(text: str, rendered: str, earlier: list[str]) -> list[dict[str, str]]:
    """What ``text`` says beyond ``rendered``: ``{heading, text, where}``. ``earlier``: renderings
    of before."""
    header, body = _cut(text)
    found = _sections(body, _cut(rendered)[1])
    if header:
        found = _header(header, [_cut(r)[0] for r in (rendered, *earlier)]) + found
    if not found and text.rstrip("\n") != rendered.rstrip("\n") and text not in earlier:
        changed = _difference(rendered, text)
        if changed and not header:
            found.append({"heading": "changes of form alone", "text": changed, "where": "form"})
    return found


def _cut(text: str) -> tuple[str, str]:
    """Header (derived anew each time) and the rest; a file without one is all rest."""
    text = text.replace("\r\n", "\n")
    before, begin, rest = text.partition(HEADER_BEGIN)
    header, end, after = rest.partition(HEADER_END)
    if not begin or not end:
        return "", text
    return before + header, after


def _sections(body: str, rendered: str) -> list[dict[str, str]]:
    ours: dict[str, list[str]] = {}
    for section in sections(rendered):
        ours.setdefault(section.heading, []).append(section.body)
    found = []
    for section in sections(body):
        bodies = ours.get(section.heading, [])
        if section.body in bodies:
            bodies.remove(section.body)
        elif bodies and section.path:
            before = bodies[0]
            if section.body.replace(NO_ENTRY, "").strip() == before.replace(NO_ENTRY, "").strip():
                continue
            found.append(
                {
                    "heading": f"a change in “{section.heading}”",
                    "where": section.heading,
                    "text": _difference(before, section.body),
                }
            )
        elif section.body.strip() not in ("", NO_ENTRY) or section.path:
            found.append(_entry(section))
    return [f for f in found if f["text"] or f["where"] == "entry"]


def _entry(section: Section) -> dict[str, str]:
    return {
        "heading": section.path[-1] if section.path else "text outside the entries",
        "text": section.body,
        "where": "entry",
    }


def _header(header: str, bases: list[str]) -> list[dict[str, str]]:
    import difflib  # noqa: PLC0415  start-up: 0.9 ms

    lines = [line for line in header.split("\n") if line.strip()]
    derived = {line for base in bases for line in base.split("\n")}
    if all(line in derived for line in lines):
        return []
    nearest = max(
        bases, key=lambda b: difflib.SequenceMatcher(None, b, header, autojunk=False).quick_ratio()
    )
    return [
        {
            "heading": "an edit of the header",
            "text": _difference(nearest, header),
            "where": "header",
        }
    ]


def _difference(before: str, after: str) -> str:
    """A unified difference in a fence, without file names."""
    import difflib  # noqa: PLC0415  start-up: 0.9 ms

    lines = list(difflib.unified_diff(before.split("\n"), after.split("\n"), lineterm="", n=1))[2:]
    return fence("\n".join(lines), "diff") if lines else ""


def removed_by_hand(text: str, rendered: str) -> list[str]:
    """Headings of rendered entries that somebody took out: those missing before the last one that
    is there."""
    there = {s.heading for s in sections(_cut(text)[1])}
    ours = [s.heading for s in sections(_cut(rendered)[1])]
    last = max((i for i, heading in enumerate(ours) if heading in there), default=-1)
    return [heading for heading in ours[: last + 1] if heading not in there]
