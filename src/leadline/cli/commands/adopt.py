"""Take hand edits of the logbook in."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Take what was written by hand into the logbook in the tree (or FILE, any Markdown log) in as records:
new
entries as they are, changes inside rendered entries and in the header as differences. The whole file is kept. Then the
logbook is rendered anew and `leadline verify` is clean. Adopting the same content twice does nothing."""
ANSWER = "services.thread.adopt:Adopted"
EXAMPLES = [
    "leadline adopt",
    "leadline adopt notes/old-log.md --thread moe-hc",
    "leadline adopt --acknowledge 1a2b3c4d",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help="default: the logbook in the tree")
    parser.add_argument(
        "--acknowledge",
        metavar="COMMIT",
        help="say that this commit's rewrite of the logbook is known",
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.issue.delivery import waiting_lines
    from leadline.services.thread.adopt import acknowledge, adopt

    topic = context.topic(args.thread)
    if args.acknowledge:
        known = acknowledge(context, topic, args.acknowledge)
        is_now = "is already" if known.already else "is"
        return Answer(f"{known.acknowledged[:12]} {is_now} acknowledged", known.as_dict())
    done = adopt(context, topic, args.file)
    lines = [f"adopted   {piece.heading}" for piece in done.entries[:50]]
    lines += [f"restored  {h} (it had been taken out)" for h in done.restored[:20]]
    lines += [f"hidden    {what}" for what in done.redacted[:20]]
    if not done.entries:
        lines.append("adopted before" if done.already else "nothing by hand in it")
    follow: list[str] = []
    if done.followed:
        logbook = done.followed.logbook
        lines += [f"logbook   not rendered anew: {logbook.skipped}"] if logbook.skipped else []
        lines += waiting_lines(done.followed.issue)
        lines += [f"not done  {problem}" for problem in done.followed.problems]
        follow = [logbook.next] if logbook.next else []
    return Answer(
        as_rows(lines),
        done.as_dict(),
        {"entries": len(done.entries)},
        len(done.entries) > 50,
        next=follow,
    )
