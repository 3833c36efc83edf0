"""Take the records to the remote and bring those of others here."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context
    from leadline.services.publish.sync import CodeStates, Sync

DESCRIPTION = """Commit the record branch, fetch it, merge by union (it cannot conflict), push it, and push the tags of
snapshots; then bring the issues on a forge up to date.
What was done here stays when the remote cannot be reached (exit 8 says so). A fresh clone gets all threads
by its first sync. Code states of dirty work trees leave the machine only with --code, or each time by
`leadline init --sync-code`, after a scan for secrets that nothing overrides."""
ANSWER = "services.publish.sync:Sync"
EXAMPLES = ["leadline sync", "leadline sync --remote upstream --code", "leadline sync --dry-run"]
RECONCILES = False


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--remote",
        metavar="NAME",
        help="git remote (default: the configured one, else the only one)",
    )
    parser.add_argument(
        "--code", action="store_true", help="push code states too, and fetch those missing here"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be done; no network, nothing written"
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.errors import EXIT_CODES
    from leadline.services.publish.sync import sync

    done = sync(context, args.remote, args.code, args.dry_run)
    lines = [f"would {w}" for w in done.would] if args.dry_run else _told(done)
    problem = done.problem
    if problem is not None:
        why = f" ({problem.why})" if problem.why else ""
        lines.append(f"not done: {problem.what}{why}")
    code = 0
    if problem is not None and not args.dry_run:
        kind = "not_found" if problem.kind == "not_found" else "remote"
        code = EXIT_CODES["conflict" if problem.code in ("ref-moved", "git-lock") else kind]
    elif any(issue.why for issue in done.issues.values()):
        code = EXIT_CODES["remote"]
    return Answer(
        as_rows(lines) or "nothing to do",
        done.as_dict(),
        {"clashes": len(done.records.clashes)},
        next=done.left,
        exit_code=code,
    )


def _told(done: Sync) -> list[str]:
    from leadline.render import words
    from leadline.services.issue.delivery import waiting_lines

    records, received = done.records, done.records.received
    tip = (records.tip or "")[:12] or "not made: no thread here yet"
    new = " (new commit)" if records.committed else ""
    lines = [f"records   {records.branch} {tip}{new}"]
    if received.anything:
        topics = f" ({', '.join(received.topics)})" if received.topics else ""
        files = f"{received.new_files} new and {received.longer_files} longer event files{topics}"
        lines.append(f"received  {files}, {received.blobs} blobs")
    if records.remote:
        lines.append(f"remote    {records.remote}: {records.pushed}")
    lines += [f"tag       {tag}: {state}" for tag, state in done.tags.items()]
    lines += [
        f"clash     {c['id']} was given twice; the later one is now {c['shown']} ({c['topic']})"
        for c in records.clashes[:20]
    ]
    lines += [f"rewritten {what}" for what in records.rewritten[:20]]
    lines += [
        f"disputed  {n}: other lines in the place of ours; kept apart and not read"
        for n in records.disputed[:20]
    ]
    lines += [f"diverged  {n}: both versions are kept and read" for n in records.diverged[:20]]
    lines += [f"left out  {name}: no Leadline wrote this" for name in records.refused[:20]]
    for topic, issue in done.issues.items():
        lines += [f"issue     {topic}: {what}" for what in issue.done[:20]]
        lines += [f"changed   {topic}: {d.what} ({d.rule})" for d in issue.drift[:20]]
        lines += [f"{line} ({topic})" for line in waiting_lines(issue)]
    if done.code:
        lines += _code(done.code)
    if done.code_behind:
        lines.append(f"code      {words.code_behind(done.code_behind)}")
    return lines


def _code(code: CodeStates) -> list[str]:
    counts = [
        f"{len(code.pushed)} pushed",
        f"{len(code.fetched)} fetched",
        f"{len(code.missing)} missing",
        f"{len(code.withheld)} withheld",
    ]
    lines = [f"code      {', '.join(counts)}"]
    for withheld in code.withheld[:10]:
        why = "; ".join(withheld["secrets"][:3]) or withheld.get("reason", "")
        lines.append(f"withheld  {withheld['ref']}: {why}")
    for gap in code.gaps[:10]:
        lines.append(f"gap       {gap['path']} ({gap.get('kind', '')}) is in no code state")
    return lines
