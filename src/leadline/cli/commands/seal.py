"""Seal a snapshot."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import override_option
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.bodies import HoldoutBody
    from leadline.services.context import Context

DESCRIPTION = """Seal a snapshot: an annotated tag leadline/TOPIC/NAME that holds the digest of the record, and a repro
bundle (exact commands, config, code, hardware, environment, packages, comparison table) as JSON, Markdown and CSV
on the record branch; a comment on the issue links them. Nothing of yours is committed but the files named by
--commit. What could not be done (no remote, no push rights) is listed; the seal stands without it."""
ANSWER = "services.publish.seal:Sealed"
EXAMPLES = [
    "leadline seal first-answer --message 'zlib 1 is enough'",
    "leadline seal --commit results.csv --push",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="part of the tag (default: S1, S2, ...)"
    )
    parser.add_argument(
        "-m", "--message", default="", metavar="TEXT", help="what this snapshot stands for"
    )
    parser.add_argument(
        "--commit",
        dest="files",
        nargs="+",
        default=[],
        metavar="FILE",
        help="commit these files first, each alone, on the checked-out branch",
    )
    parser.add_argument("--at", metavar="REV", help="the commit to tag (default: HEAD)")
    parser.add_argument(
        "--holdout",
        action="store_true",
        help="look at the sealed holdout first, for standing claims that nobody looked at it for",
    )
    override_option(parser, "seal it although the message says more than the claims")
    parser.add_argument("--push", action="store_true", help="push records and tag now")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.errors import EXIT_CODES
    from leadline.services.issue.delivery import waiting_lines
    from leadline.services.publish.seal import check_message, seal
    from leadline.services.refusal import Overrides

    topic, override = context.topic(args.thread), Overrides(args.override)
    looks = []
    if args.holdout:
        import sys

        from leadline.cli.live import Watching
        from leadline.services.run.holdout import look_for_all

        check_message(context, topic, args.message, override)  # a look is not taken for nothing
        looks = look_for_all(context, topic, Watching(sys.stderr), context.warn)
    done = seal(context, topic, args.name, args.message, args.files, args.at, args.push, override)
    body, followed = done.snapshot.body, done.followed
    where = followed.record_commit[:12] or "no record branch yet"
    lines = [
        f"{done.snapshot.id} sealed as {body['tag']} at {body['commit'][:12]}",
        f"record    {body['heads_digest'][:19]}… in the tag",
        f"bundle    bundle.json bundle.md table.csv at {where}",
    ]
    lines += [f"completed {tag}, which a seal before was cut short of" for tag in done.completed]
    lines += [f"holdout   {_told(said)}" for said in looks]
    lines += [f"committed {c.path} ({c.commit[:12]})" for c in done.committed]
    lines.append(f"issue     comment {done.comment}" if done.comment else "issue     no comment")
    lines += waiting_lines(followed.issue)
    if followed.logbook.skipped:
        lines.append(f"logbook   not written: {followed.logbook.skipped}")
    lines += [f"not done  {problem}" for problem in done.problems]
    if done.code_behind:
        from leadline.render.words import code_behind

        lines.append(f"code      {code_behind(done.code_behind, done.of)}")
    lines.append("pushed    tag and records" if done.pushed else "pushed    no")
    failed_push = args.push and not done.pushed
    code = EXIT_CODES["remote"] if failed_push else 0
    return Answer(as_rows(lines), done.as_dict(), next=done.left, exit_code=code)


def _told(look: HoldoutBody) -> str:
    agrees = "says the same" if look.get("holds") else "says otherwise"
    return f"look {look['look']} for {look['claim']}: {look.get('why') or agrees}"
