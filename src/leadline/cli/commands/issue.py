"""The experiment issue: show it, bring it up to date, fix the form of a comment."""

from __future__ import annotations

import argparse
from typing import Any

from leadline.cli.answer import Answer
from leadline.cli.parsing import subverbs

DESCRIPTION = """The experiment issue. Without a subverb it is shown: title, state, labels, the body as the records
have it now, and the comments. The body is derived; text that people write outside its marked block is never
touched, and an edit inside the block is kept in the record before it is replaced."""
EXAMPLES = [
    "leadline issue",
    "leadline issue sync",
    "leadline issue open --draft",
    "leadline issue comments",
    "leadline issue fix c2 --why format",
]
COMMENTS_SHOWN = 20


def configure(parser: argparse.ArgumentParser) -> None:
    subs = subverbs(parser)
    subs.required = False
    subs.add_parser("sync", help="post the body as it is derived now, and comments that are waiting")
    opening = subs.add_parser("open", help="open the issue, or post the draft")
    opening.add_argument("--draft", action="store_true", help="keep it in the record; nothing is posted")
    listing = subs.add_parser("comments", help="the comments, with ids")
    listing.add_argument("--all", action="store_true", help=f"all of them (default: the last {COMMENTS_SHOWN})")
    fix = subs.add_parser("fix", help="fix the form of a posted comment: spaces, Markdown, escapes")
    fix.add_argument("comment", metavar="COMMENT", help="its id, from `leadline issue comments`")
    fix.add_argument("--text", metavar="TEXT", help="the whole new text (default: the rewrites that are always safe)")
    fix.add_argument("--file", metavar="FILE", help="read the new text from FILE")
    fix.add_argument("--why", required=True, choices=["format", "escaping", "link"], help="what is fixed")


def run(context: Any, args: argparse.Namespace) -> Answer:
    topic = context.topic(args.thread)
    return {"sync": _sync, "open": _open, "comments": _comments, "fix": _fix, None: _show}[args.subverb](
        context, topic, args
    )


def _show(context: Any, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.services.issue import show

    data = show(context, topic)
    lines = [f"{data['title']}  [{data['state']}]  {', '.join(data['labels'])}".rstrip()]
    if data["state"] == "none":
        lines.append("not opened yet; this is the body it would have")
    elif data["state"] == "draft":
        lines.append("a draft: nothing is posted")
    elif not data["current"]:
        lines.append("the posted body is older than the records; this is the body as it is now")
    lines += [
        f"a person's edit inside the derived block was kept in the record ({e['at'][:16]})"
        for e in data["person_edits"]
    ]
    lines += [
        "",
        data["body"],
        "",
        f"{len(data['comments'])} comments" + (f", {data['waiting']} waiting" if data["waiting"] else ""),
    ]
    lines += [_comment_line(c) for c in data["comments"][-COMMENTS_SHOWN:]]
    follow = {"none": ["leadline issue open"], "draft": ["leadline issue open"]}.get(
        data["state"], [] if data["current"] and not data["waiting"] else ["leadline issue sync"]
    )
    return _plain(lines, data, {"comments": len(data["comments"])}, follow)


def _comment_line(comment: dict[str, Any]) -> str:
    first = next((line for line in comment["text"].splitlines() if line.strip()), "").strip("# *_")
    edited = f", edited {len(comment['edits'])} times" if comment["edits"] else ""
    return f"  {comment['id']:<4} {comment['at'][:16].replace('T', ' ')}  {comment['kind']}{edited}: {first[:80]}"


def _comments(context: Any, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.services.issue import show

    data = show(context, topic)
    comments = data["comments"] if args.all else data["comments"][-COMMENTS_SHOWN:]
    lines = [part for c in comments for part in (_comment_line(c), "", c["text"], "")] or ["no comments"]
    cut = len(comments) < len(data["comments"])
    if cut:
        lines.append(f"{len(comments)} of {len(data['comments'])} comments: leadline issue comments --all")
    return _plain(
        lines,
        comments,
        {"comments": len(data["comments"]), "shown": len(comments)},
        ["leadline issue comments --all"] if cut else [],
        cut,
    )


def _sync(context: Any, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.services.issue import bring_up_to_date

    return _brought(bring_up_to_date(context, topic))


def _open(context: Any, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.services.issue import open_issue

    return _brought(open_issue(context, topic, args.draft))


def _brought(data: dict[str, Any]) -> Answer:
    lines = [f"issue    {data['number'] or '-'} ({data['state']}) {data['url']}".rstrip(), f"body     {data['body']}"]
    if data["comments"]:
        lines.append(f"comments {', '.join(data['comments'])} posted")
    if data["waiting"]:
        lines.append(f"waiting  {data['waiting']} comments, until the issue is open")
    if data["person_edit"]:
        lines.append("a person's edit inside the derived block was kept in the record and replaced: leadline issue")
    return _plain(
        lines,
        data,
        {"comments": len(data["comments"])},
        ["leadline issue open"] if data["state"] in ("none", "draft") else [],
    )


def _fix(context: Any, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.core.errors import LeadlineError
    from leadline.services.issue import fix_comment

    text = args.text
    if args.file is not None:
        import os

        try:
            with open(os.path.join(context.cwd, args.file), encoding="utf-8") as file:
                text = file.read().rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise LeadlineError(
                "not_found", "no-file", f"cannot read {args.file}: {error}", "", "leadline issue fix --help"
            ) from None
    data = fix_comment(context, topic, args.comment, text, args.why)
    said = "fixed in place; the old text stays in the record" if data["changed"] else "nothing to fix"
    return _plain([f"comment {data['comment']}: {said}"], data)


def _plain(
    lines: list[str],
    data: Any,
    counts: dict[str, int] | None = None,
    follow: list[str] | None = None,
    cut: bool = False,
) -> Answer:
    from leadline.core.plain import plain

    return Answer(plain("\n".join(lines)), data, counts or {}, cut, follow or [])
