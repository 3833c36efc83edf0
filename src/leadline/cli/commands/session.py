"""Stretches of work on a thread."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import subverbs
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

ANSWER = {"list": "services.look.sessions:SessionRow[]"}
DESCRIPTION = """A session is one stretch of work of an agent or a person: every record made in it names it. The first
record of an agent opens one; it is closed by the agent's hook, by `session end`, or by the next session that finds
its process gone."""
EXAMPLES = [
    "leadline session list",
    "leadline session show P-E3",
    "leadline session end --why 'out of time'",
    "leadline session attach-transcript P-E3",
]
LISTED = 20


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = subverbs(parser)
    verbs.add_parser("start", help="open one, for a person in this terminal as well")
    end = verbs.add_parser("end", help="close the one that is open here")
    end.add_argument("id", nargs="?", default="", metavar="ID", help="another one")
    end.add_argument("--why", default="", metavar="TEXT")
    listed = verbs.add_parser("list", help="the newest first")
    listed.add_argument("--limit", type=int, default=LISTED, metavar="N", help="at most N")
    attach = verbs.add_parser("attach-transcript", help="keep its conversation with the record")
    attach.add_argument("id", metavar="ID")
    attach.add_argument("--path", default="", metavar="FILE", help="default: what its end linked")
    show = verbs.add_parser("show", help="one of them, with what it came to")
    show.add_argument("id", metavar="ID")


def run(context: Context, args: argparse.Namespace) -> Answer:
    if args.subverb == "list":
        from leadline.services.look.sessions import list_text, rows_of

        rows, total = context.look(args.thread, lambda thread: rows_of(context, thread, args.limit))
        counts = {"sessions": total, "shown": len(rows)}
        return Answer(list_text(rows, total), rows, counts, len(rows) < total)
    if args.subverb == "show":
        from leadline.services.look.sessions import show_session

        text, data = context.look(args.thread, lambda thread: show_session(thread, args.id))
        return Answer(text, data)
    from leadline.services.write.session import end_session, start_session

    topic = context.topic(args.thread)
    if args.subverb == "attach-transcript":
        from leadline.services.write.transcript import attach_transcript

        body = attach_transcript(context, topic, args.id, args.path)
        told = f"{body['session']}  {body['transcript'].get('size_bytes', 0)} bytes attached"
        return Answer(told, body)
    if args.subverb == "start":
        shown, new = start_session(context, topic)
        told = "opened" if new else "is open"
        return Answer(f"{shown}  {told}", {"id": shown, "new": new})
    shown = end_session(context, topic, args.id, why=args.why)
    return Answer(f"{shown}  ended", {"id": shown})
