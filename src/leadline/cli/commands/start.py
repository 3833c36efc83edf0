"""Open a research thread."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.commands.issue import add_wishes, wishes_of
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context
    from leadline.services.thread.start import Started

DESCRIPTION = """Open a research thread: an id prefix, a branch (created or adopted), the kickoff, the experiment issue.

The kickoff is given by flags, by one TOML, YAML, JSON or Markdown file, or both (flags win). What it does not say is
listed by `leadline check kickoff`; nothing is asked."""
ANSWER = "services.thread.start:Started"
EXAMPLES = [
    "leadline start faster-decode --goal 'halve decode latency' --success decode_ms:ms:lower",
    "leadline start moe-hc --prefix MOE-HC --from kickoff.toml --no-branch",
]


def configure(parser: argparse.ArgumentParser) -> None:
    from leadline.adapters.trackers.registry import BUILTIN
    from leadline.core.check.kickoff import FIELDS

    parser.add_argument(
        "topic", metavar="TOPIC", help="small letters, digits, - _ . ; names the thread for ever"
    )
    parser.add_argument("--prefix", help="prefix of ids, e.g. MOE-HC (default: from the topic)")
    parser.add_argument(
        "--from", dest="file", metavar="FILE", help="kickoff file (.toml .yaml .json .md)"
    )
    branch = parser.add_mutually_exclusive_group()
    branch.add_argument(
        "--branch", metavar="NAME", help="branch to create or adopt (default: research/TOPIC)"
    )
    branch.add_argument("--no-branch", action="store_true", help="work on no branch of its own")
    parser.add_argument(
        "--stay", action="store_true", help="create the branch without checking it out"
    )
    issue = parser.add_mutually_exclusive_group()
    issue.add_argument("--draft", action="store_true", help="keep the experiment issue a draft")
    issue.add_argument(
        "--issue", metavar="NUMBER|URL", help="adopt this issue of the forge instead of opening one"
    )
    add_wishes(parser)
    parser.add_argument(
        "--tracker",
        metavar="NAME",
        help=f"{', '.join(BUILTIN)} (see leadline tracker)",
    )
    kickoff = parser.add_argument_group("kickoff")
    for field in FIELDS:
        kickoff.add_argument(
            f"--{field.name}",
            action="append" if field.is_list else "store",
            help=field.help,
            metavar="TEXT",
            dest=f"field_{field.name}",
        )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.check.kickoff import BY_NAME, text_of
    from leadline.services.thread.start import StartRequest, check_topic, read_kickoff, start

    check_topic(args.topic)
    kickoff = read_kickoff(args.file) if args.file else {}
    for name in BY_NAME:
        if value := getattr(args, f"field_{name}"):
            kickoff[name] = value
    request = StartRequest(
        args.topic,
        kickoff,
        prefix=args.prefix or text_of(kickoff, "prefix") or None,
        branch=args.branch or text_of(kickoff, "branch") or None,
        no_branch=args.no_branch,
        switch=not args.stay,
        draft=args.draft,
        issue=args.issue or "",
        wishes=wishes_of(args),
        tracker=args.tracker or "",
    )
    return _answer(start(context, request))


def _answer(started: Started) -> Answer:
    from leadline.services.issue.delivery import waiting_lines

    thread, followed, missing = started.thread, started.followed, started.missing
    title = thread.issue.title or f"Experiment: {thread.title}"
    url = f" {thread.issue.url}" if thread.issue.url.startswith("http") else ""
    lines = [
        f"thread {thread.topic} started; ids are {thread.prefix}-001, {thread.prefix}-H1, ...",
        f"branch   {thread.about.get('branch', 'none of its own')}",
        f"issue    {title} ({followed.issue.forge}, {thread.issue.state}){url}",
        *waiting_lines(followed.issue),
        *(f"without  {warning}" for warning in followed.issue.warnings),
        f"logbook  {followed.logbook.logbook or 'leadline logbook'}",
        *(f"not done {problem}" for problem in followed.problems),
    ]
    next_commands = ["leadline run -- CMD"]
    if missing:
        names = ", ".join(m["code"].removeprefix("kickoff-") for m in missing)
        lines.append(f"kickoff  {len(missing)} fields not given: {names}")
        next_commands.append("leadline check kickoff")
    counts = {"missing": len(missing)}
    return Answer(as_rows(lines), started.as_dict(), counts, next=next_commands)
