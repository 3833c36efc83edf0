"""The experiment issue: show it, bring it up to date, fix the form of a comment."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import several, subverbs
from leadline.core.errors import EXIT_CODES
from leadline.core.plain import one_line, plain
from leadline.core.timestamps import counted
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.bodies import IssueWantedBody
    from leadline.core.record.thread import IssueComment
    from leadline.services.context import Context
    from leadline.services.issue.delivery import Delivery, Planned

DESCRIPTION = """The experiment issue. Without a subverb it is shown: title, state, labels, the body as the records
have it now, and the comments. The body is derived; text that people write outside its marked block is never
touched, and an edit inside the block is kept in the record and shown in the body before it is derived again.
`issue status` asks the forge what others changed since: title, labels, state, text, comments. What waits for a forge
that is away is sent by `issue sync`, in order and once; --dry-run prints the operations and does none."""
ANSWER = {
    "": "services.issue.verbs:Shown",
    "status": "services.issue.audit:Status",
    "diff": "services.issue.audit:BodyDifference",
    "sync": "services.issue.delivery:Delivery",
    "settle": "services.issue.verbs:Settled",
    "fix": "services.issue.verbs:Fixed",
}
EXAMPLES = [
    "leadline issue",
    "leadline issue status",
    "leadline issue sync --dry-run",
    "leadline issue open --label gpu --assignee ada --parent 12",
    "leadline issue adopt https://github.com/OWNER/NAME/issues/1234",
    "leadline issue fix c2 --why format",
]
COMMENTS_SHOWN = 20


def add_wishes(parser: argparse.ArgumentParser) -> None:
    """What may be asked of an issue that is opened or adopted."""
    wishes = parser.add_argument_group("issue")
    several(wishes, "--label", "NAME", "one more label (repeatable)")
    wishes.add_argument(
        "--milestone", default="", metavar="NAME", help="title or number of a milestone"
    )
    several(wishes, "--assignee", "LOGIN", "repeatable")
    wishes.add_argument(
        "--parent", default="", metavar="NUMBER", help="make it a sub-issue of this issue"
    )


def wishes_of(args: argparse.Namespace) -> IssueWantedBody:
    return {
        "labels": args.label,
        "milestone": args.milestone,
        "assignees": args.assignee,
        "parent": args.parent.lstrip("#"),
    }


def configure(parser: argparse.ArgumentParser) -> None:
    subs = subverbs(parser)
    subs.required = False
    subs.add_parser("show", help="as without a subverb")
    subs.add_parser("status", help="what others changed on the issue, and what waits to be sent")
    subs.add_parser("diff", help="what the next sync changes in the derived part of the body")
    sync = subs.add_parser(
        "sync", help="post the body as it is derived now, and comments that are waiting"
    )
    sync.add_argument(
        "--dry-run", action="store_true", help="print the operations, in order; do none"
    )
    sync.add_argument(
        "--title", action="store_true", help="take the title back from whoever changed it"
    )
    opening = subs.add_parser("open", help="open the issue, or post the draft")
    opening.add_argument(
        "--draft", action="store_true", help="keep it in the record; nothing is posted"
    )
    adopting = subs.add_parser("adopt", help="make an issue that exists the experiment issue")
    adopting.add_argument(
        "issue", metavar="NUMBER|URL", help="title, labels and text that are there stay"
    )
    adopting.add_argument(
        "--instead",
        default="",
        metavar="WHY",
        help="it takes the place of the issue the thread has",
    )
    for sub in (opening, adopting):
        sub.add_argument(
            "--dry-run", action="store_true", help="print the operations, in order; do none"
        )
        add_wishes(sub)
    listing = subs.add_parser("comments", help="the comments, with ids")
    listing.add_argument(
        "--all", action="store_true", help=f"all of them (default: the last {COMMENTS_SHOWN})"
    )
    subs.add_parser("edits", help="what people changed inside the derived part")
    settle = subs.add_parser(
        "settle", help="say what became of such a change; it leaves the body, never the record"
    )
    settle.add_argument("edit", metavar="EDIT", help="its id, from `leadline issue edits`")
    settle.add_argument("--why", required=True, metavar="TEXT", help="what became of it")
    fix = subs.add_parser("fix", help="fix the form of a posted comment: spaces, Markdown, escapes")
    fix.add_argument("comment", metavar="COMMENT", help="its id, from `leadline issue comments`")
    fix.add_argument(
        "--text",
        metavar="TEXT",
        help="the whole new text (default: the rewrites that are always safe)",
    )
    fix.add_argument("--file", metavar="FILE", help="read the new text from FILE")
    fix.add_argument(
        "--why", required=True, choices=["format", "escaping", "link"], help="what is fixed"
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    topic = context.topic(args.thread)
    return {
        "sync": _sync,
        "open": _open,
        "adopt": _adopt,
        "status": _status,
        "diff": _diff,
        "comments": _comments,
        "edits": _edits,
        "settle": _settle,
        "fix": _fix,
        "show": _show,
        None: _show,
    }[args.subverb](context, topic, args)


def _show(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.services.issue.delivery import waiting_lines
    from leadline.services.issue.verbs import show

    issue = show(context, topic)
    head = one_line(f"{issue.title}  [{issue.state}]  {', '.join(issue.labels)}")
    lines = [head]
    if issue.state == "none":
        lines.append("not opened yet; this is the body it would have")
    elif issue.state == "draft":
        lines.append("a draft: nothing is posted")
    elif not issue.current:
        lines.append("the posted body is older than the records; this is the body as it is now")
    for edit in issue.person_edits:
        kept = "a person's edit inside the derived block was kept in the record"
        answered = f"; answered: {edit['why']}" if edit["settled"] else ""
        lines.append(f"{kept} ({edit['id']}, {edit['at'][:16]}){answered}")
    if issue.why:
        lines += waiting_lines(issue)
    waiting = f", {issue.waiting} waiting" if issue.waiting else ""
    lines += ["", issue.body, "", f"{len(issue.comments)} comments{waiting}"]
    lines += [_comment_line(c) for c in issue.comments[-COMMENTS_SHOWN:]]
    follow: list[str] = []
    if issue.state in ("none", "draft"):
        follow = ["leadline issue open"]
    elif issue.waiting or not issue.current:
        follow = ["leadline issue sync"]
    return _plain(lines, issue.as_dict(), {"comments": len(issue.comments)}, follow)


def _comment_line(comment: IssueComment) -> str:
    first = next((line for line in comment["text"].splitlines() if line.strip()), "")
    # The kind stands before it.
    said = first.replace("**", "").strip("# *_").removeprefix(f"{comment['kind'].capitalize()}, ")
    edited = f", edited {counted(len(comment['edits']), 'time')}" if comment["edits"] else ""
    at = comment["at"][:16].replace("T", " ")
    return f"  {comment['id']:<4} {at}  {comment['kind']}{edited}: {said[:80]}"


def _comments(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.services.issue.verbs import show

    known = show(context, topic).comments
    shown = known if args.all else known[-COMMENTS_SHOWN:]
    lines = [part for c in shown for part in (_comment_line(c), "", c["text"], "")]
    if not lines:
        lines = ["no comments"]
    cut = len(shown) < len(known)
    if cut:
        lines.append(f"{len(shown)} of {len(known)} comments: leadline issue comments --all")
    return _plain(
        lines,
        shown,
        {"comments": len(known), "shown": len(shown)},
        ["leadline issue comments --all"] if cut else [],
        cut,
    )


def _sync(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.services.issue.delivery import bring_up_to_date, dry_run

    if args.dry_run:
        return _would(dry_run(context, topic))
    return _brought(bring_up_to_date(context, topic, asked_for=True, retitle=args.title))


def _open(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.services.issue.delivery import dry_run
    from leadline.services.issue.verbs import open_issue

    if args.dry_run:
        return _would(dry_run(context, topic, wishes_of(args), create=True))
    return _brought(open_issue(context, topic, args.draft, wishes_of(args)))


def _adopt(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.services.issue.delivery import dry_run
    from leadline.services.issue.verbs import adopt, to_adopt

    if args.dry_run:
        wishes: IssueWantedBody = {
            **wishes_of(args),
            "number": to_adopt(context, topic, args.issue),
        }
        return _would(dry_run(context, topic, wishes, create=True))
    return _brought(adopt(context, topic, args.issue, wishes_of(args), args.instead))


def _would(planned: Planned) -> Answer:
    lines = [f"would {o.what}" for o in planned.operations]
    if planned.why:
        lines.append(f"as far as the record tells: {planned.why['what']}")
    if not lines:
        lines = ["nothing to do: the issue says what the record says"]
    if not planned.operations and planned.state in ("none", "draft"):
        lines = [f"nothing to do: the issue is {planned.state.replace('none', 'not opened')}"]
    return _plain(lines, planned.as_dict(), {"operations": len(planned.operations)})


def _status(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.services.issue.audit import status
    from leadline.services.issue.outbox import line

    now = status(context, topic)
    named = f"{one_line(now.title)}  [{now.state}]  {now.forge} {now.number} {now.url}"
    lines = [f"issue    {named}".rstrip()]
    lines += [f"changed  {d.code}: {d.what} ({d.rule})" for d in now.drift]
    lines += [f"by hand  {e['id']} of {e['at'][:16]}: not answered yet" for e in now.person_edits]
    lines += [f"waiting  {what}" for what in now.waits]
    if now.trouble:
        lines.append(f"because  {line(now.trouble)}")
    if not now.asked and now.state in ("open", "closed"):
        lines.append("the forge was not asked: this is what the record tells")
    if len(lines) == 1:
        lines.append("nothing was changed by others, nothing waits")
    follow = list(now.trouble["next"]) if now.trouble else []
    follow += ["leadline issue sync"] if now.waits else []
    follow += [f"leadline issue settle {e['id']} --why '…'" for e in now.person_edits[:1]]
    counts = {"drift": len(now.drift), "waiting": len(now.waits)}
    return _plain(lines, now.as_dict(), counts, list(dict.fromkeys(follow)))


def _diff(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.services.issue.audit import body_difference

    found = body_difference(context, topic)
    lines = found.lines or ["the derived part of the body is current"]
    if found.why:
        lines = [*lines, f"against what was posted last: {found.why}"]
    follow = ["leadline issue sync"] if found.lines else []
    return _plain(lines, found.as_dict(), {"lines": len(found.lines)}, follow)


def _edits(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.core.issue.plan import difference

    edits = context.store.view(topic).issue.person_edits
    lines = []
    for edit in edits:
        answer = (
            f"answered {edit['settled'][:10]}: {edit['why']}"
            if edit["settled"]
            else "not answered yet"
        )
        lines += [
            f"{edit['id']} of {edit['at'][:16]}, {answer}",
            *difference(edit["base"], edit["text"], 1),
            "",
        ]
    open_ones = [e["id"] for e in edits if not e["settled"]]
    follow = [f"leadline issue settle {open_ones[0]} --why '…'"] if open_ones else []
    return _plain(
        lines or ["nobody changed the derived part"], edits, {"edits": len(edits)}, follow
    )


def _settle(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.services.issue.delivery import waiting_lines
    from leadline.services.issue.verbs import settle

    done = settle(context, topic, args.edit, args.why)
    lines = [
        f"{done.edit['id']} is answered; the change stays in the record",
        f"body     {done.issue.body}",
        *waiting_lines(done.issue),
    ]
    return _plain(lines, done.as_dict())


def _brought(issue: Delivery) -> Answer:
    from leadline.services.issue.delivery import waiting_lines

    lines = [
        f"issue    {issue.number or '-'} ({issue.state}) {issue.url}".rstrip(),
        f"body     {issue.body}",
    ]
    if issue.comments:
        lines.append(f"comments {', '.join(issue.comments)} posted")
    if issue.waiting and not issue.why:
        lines.append(f"waiting  {issue.waiting} comments, until the issue is open")
    if issue.person_edit:
        lines.append(
            "a person's edit inside the derived block was kept in the record and replaced: leadline issue edits"
        )
    lines += [f"changed  {d.code}: {d.what} ({d.rule})" for d in issue.drift]
    lines += [f"without  {warning}" for warning in issue.warnings]
    lines += waiting_lines(issue)
    follow: list[str] = []
    if issue.why:
        follow = list(issue.why["next"])
    elif issue.state in ("none", "draft"):
        follow = ["leadline issue open"]
    code = EXIT_CODES["remote"] if issue.why else 0
    counts = {"comments": len(issue.comments)}
    return _plain(lines, issue.as_dict(), counts, follow, exit_code=code)


def _fix(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.core.errors import not_found
    from leadline.services.issue.verbs import fix_comment

    text = args.text
    if args.file is not None:
        import os

        try:
            with open(os.path.join(context.cwd, args.file), encoding="utf-8") as file:
                text = file.read().rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise not_found(
                "no-file", f"cannot read {args.file}: {error}", do="leadline issue fix --help"
            ) from None
    done = fix_comment(context, topic, args.comment, text, args.why)
    said = "fixed in place; the old text stays in the record" if done.changed else "nothing to fix"
    return _plain([f"comment {done.comment}: {said}"], done.as_dict())


def _plain(
    lines: list[str],
    data: object,
    counts: dict[str, int] | None = None,
    follow: list[str] | None = None,
    cut: bool = False,
    exit_code: int = 0,
) -> Answer:
    return Answer(
        plain("\n".join(lines)), data, counts or {}, cut, follow or [], exit_code=exit_code
    )
