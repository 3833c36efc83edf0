"""Take hand edits of the logbook in."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Take what was written by hand into the logbook in the tree (or FILE, any Markdown log) in as records:
new
entries as they are, changes inside rendered entries and in the header as differences. The whole file is kept. Then the
logbook is rendered anew and `leadline verify` is clean. Adopting the same content twice does nothing."""
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
    from leadline.services.thread.adopt import acknowledge, adopt

    topic = context.topic(args.thread)
    if args.acknowledge:
        data = acknowledge(context, topic, args.acknowledge)
        word = "already acknowledged" if data["already"] else "acknowledged"
        return Answer(f"{data['acknowledged'][:12]} is {word}", data)
    done = adopt(context, topic, args.file)
    lines = [f"adopted   {e['heading']}" for e in done["entries"][:50]]
    lines += [f"restored  {h} (it had been taken out)" for h in done["restored"][:20]]
    if not done["entries"]:
        lines.append("adopted before" if done["already"] else "nothing by hand in it")
    published = done["logbook"] or {}
    if published.get("skipped"):
        lines.append(f"logbook   not rendered anew: {published['skipped']}")
    return Answer(
        "\n".join(lines),
        done,
        {"entries": len(done["entries"])},
        len(done["entries"]) > 50,
        next=[published["next"]] if published.get("next") else [],
    )
