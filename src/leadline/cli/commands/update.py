"""Post an update or a heartbeat on the experiment issue."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import override_option
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context
    from leadline.services.publish.update import Post

DESCRIPTION = """Post what is new since the last update on the experiment issue: change, result delta, confidence,
links and next action are taken from the records; your words come first. Numbers in your words are cited
({{P-003.time_ms}}), and text that a reader would stumble over is refused with each finding. Running it again after
a crash posts nothing twice. --heartbeat posts a few lines; one that only repeats the last grows that comment in
place."""
ANSWER = "services.publish.update:Post"
EXAMPLES = [
    "leadline update --change 'Blocks of 128 take {{P-003.time_ms}} (n={{P-003.time_ms.n}}).'",
    "leadline update --dry-run",
    "leadline update --heartbeat --status 'sweep at 12 of 40' --eta '6 pm'",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--change", default="", metavar="TEXT", help="what changed and what it showed"
    )
    parser.add_argument(
        "--confidence", default="", metavar="TEXT", help="how sure, and what would change that"
    )
    parser.add_argument(
        "--next", default="", metavar="TEXT", dest="next_action", help="the next action"
    )
    parser.add_argument(
        "--label",
        default="",
        metavar="TEXT",
        help="heading (default: the experiments since the last update)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be posted; record nothing"
    )
    override_option(parser, "post it although its words say more than the claims")
    beat = parser.add_argument_group("heartbeat")
    beat.add_argument(
        "--heartbeat", action="store_true", help="a short sign of life instead of an update"
    )
    beat.add_argument(
        "--status", default="", metavar="TEXT", help="default: the runs that are going on"
    )
    beat.add_argument("--blockers", default="", metavar="TEXT", help="default: the recorded ones")
    beat.add_argument(
        "--eta", default="", metavar="TEXT", help="when the next report is to be expected"
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.errors import usage
    from leadline.services.publish.update import Words, heartbeat, update
    from leadline.services.refusal import Overrides

    topic = context.topic(args.thread)
    if args.heartbeat:
        if args.change or args.confidence or args.next_action or args.label:
            raise usage(
                "heartbeat-with-change",
                "a heartbeat has --status, --blockers and --eta only",
                why="news belongs into an update",
                do="leadline update --change '…'",
            )
        made = heartbeat(context, topic, args.status, args.blockers, args.eta, args.dry_run)
    else:
        if args.status or args.blockers or args.eta:
            raise usage(
                "status-without-heartbeat",
                "--status, --blockers and --eta belong to a heartbeat",
                do="leadline update --heartbeat --status '…'",
            )
        made = update(
            context,
            topic,
            Words(args.change, args.confidence, args.next_action, args.label),
            args.dry_run,
            Overrides(args.override),
        )
    return _answer(made)


def _answer(post: Post) -> Answer:
    from leadline.core.plain import plain
    from leadline.services.issue.delivery import next_of, waiting_lines

    advice = [f"advice   {a.where}: {a.what}; {a.mend}" for a in post.advice]
    followed = post.followed
    if followed is None:
        return Answer("\n".join([plain(post.text), *advice]), post.as_dict())
    issue, logbook = followed.issue, followed.logbook
    if why := post.why_not_posted:
        lines = [f"{post.id} recorded, not posted: {why}", *waiting_lines(issue)]
        follow = next_of(issue) if issue.why else ["leadline issue open"]
    else:
        where = f"posted on the {issue.forge} issue"
        if post.continues:
            where = f"nothing changed: {post.continues} was continued in place"
        lines = [f"{post.id} {where}", f"body     {issue.body}"]
        follow = ["leadline sync"] if post.unpushed else []
    lines.append(f"logbook  {logbook.logbook or f'not written: {logbook.skipped}'}")
    lines += [f"not done {problem}" for problem in followed.problems]
    return Answer("\n".join([*lines, *advice]), post.as_dict(), next=follow)
