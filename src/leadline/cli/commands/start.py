"""Open a research thread."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.commands.issue import add_wishes, wishes_of
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Open a research thread: an id prefix, a branch (created or adopted), the kickoff, the experiment issue.

The kickoff is given by flags, by one TOML, YAML, JSON or Markdown file, or both (flags win). What it does not say is
listed by `leadline check kickoff`; nothing is asked."""
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
    from leadline.core.check.kickoff import BY_NAME
    from leadline.services.branch.logbook import publish
    from leadline.services.issue.delivery import waiting_lines
    from leadline.services.thread.start import check_kickoff, check_topic, read_kickoff, start

    check_topic(args.topic)
    kickoff = read_kickoff(args.file) if args.file else {}
    for name in BY_NAME:
        if value := getattr(args, f"field_{name}"):
            kickoff[name] = value
    project = str(kickoff.get("tracker-project") or args.topic)
    if args.tracker:
        from leadline.services.tracker.choice import check_choice, choose

        check_choice(context, args.tracker, project)
    wishes = wishes_of(args)
    if args.issue:
        from leadline.services.issue.verbs import to_adopt

        wishes["number"] = to_adopt(context, args.topic, args.issue)
    thread, issue = start(
        context,
        args.topic,
        kickoff,
        prefix=args.prefix or kickoff.get("prefix"),
        branch=args.branch or kickoff.get("branch"),
        no_branch=args.no_branch,
        switch=not args.stay,
        draft=args.draft,
        wishes=wishes,
    )
    if args.tracker:
        choose(context, args.topic, args.tracker, project)
    published = publish(context, thread.topic, f"start of {thread.topic}")
    missing = check_kickoff(thread)
    lines = [
        f"thread {thread.topic} started; ids are {thread.prefix}-001, {thread.prefix}-H1, ...",
        f"branch   {thread.about.get('branch', 'none of its own')}",
        f"issue    {thread.issue.title or f'Experiment: {thread.title}'} ({issue['forge']}, {thread.issue.state})"
        + (f" {thread.issue.url}" if thread.issue.url.startswith("http") else ""),
        *waiting_lines(issue),
        *(f"without  {warning}" for warning in issue["warnings"]),
        f"logbook  {published.get('logbook') or 'leadline logbook'}",
    ]
    if missing:
        lines.append(
            f"kickoff  {len(missing)} fields not given: "
            + ", ".join(m["code"].removeprefix("kickoff-") for m in missing)
        )
    data = {
        "topic": thread.topic,
        "prefix": thread.prefix,
        "branch": thread.about.get("branch"),
        "issue": thread.issue.number,
        "issue_url": thread.issue.url,
        "waits": issue["waits"],
        "why": issue["why"],
        "logbook": published.get("logbook"),
        "missing": missing,
    }
    then = ["leadline run -- CMD"]
    then += ["leadline check kickoff"] if missing else []
    return Answer("\n".join(lines), data, {"missing": len(missing)}, next=then)
