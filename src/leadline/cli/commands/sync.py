"""Take the records to the remote and bring those of others here."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Commit the record branch, fetch it, merge by union (it cannot conflict), push it, and push the tags of
snapshots; then bring the issues on a forge up to date.
What was done here stays when the remote cannot be reached (exit 8 says so). A fresh clone gets all threads
by its first sync. Code states of dirty work trees leave the machine only with --code, after a scan for secrets."""
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
    if done.problem is not None:
        why = f" ({done.problem.why})" if done.problem.why else ""
        lines.append(f"not done: {done.problem.what}{why}")
    waits = [issue for issue in done.issues.values() if issue["why"]]
    code = EXIT_CODES["remote"] if waits else 0
    if done.problem is not None and not args.dry_run:
        code = EXIT_CODES["remote"] if done.problem.kind != "not_found" else EXIT_CODES["not_found"]
        if done.problem.code == "ref-moved":
            code = EXIT_CODES["conflict"]
    return Answer(
        "\n".join(lines) or "nothing to do",
        done.as_dict(),
        {"clashes": len(done.clashes)},
        next=done.left,
        exit_code=code,
    )


def _told(done: Any) -> list[str]:
    from leadline.services.issue.delivery import waiting_lines

    tip = (done.tip or "")[:12]
    new = " (new commit)" if done.committed else ""
    lines = [f"records   {done.branch} {tip or 'not made: no thread here yet'}{new}"]
    if done.received:
        topics = ", ".join(done.received.get("topics", []))
        named = f" ({topics})" if topics else ""
        lines.append(
            f"received  {done.received.get('new_files', 0)} new and "
            f"{done.received.get('longer_files', 0)} longer event files{named}, "
            f"{done.received.get('blobs', 0)} blobs"
        )
    if done.remote:
        lines.append(f"remote    {done.remote}: {done.pushed}")
    lines += [f"tag       {tag}: {state}" for tag, state in done.tags.items()]
    lines += [
        f"clash     {c['id']} was given twice; the later one is now {c['shown']} ({c['topic']})"
        for c in done.clashes[:20]
    ]
    lines += [f"diverged  {name}: both versions are kept and read" for name in done.diverged[:20]]
    lines += [f"left out  {name}: no Leadline wrote this" for name in done.refused[:20]]
    for topic, issue in done.issues.items():
        lines += [f"issue     {topic}: {what}" for what in issue["done"][:20]]
        lines += [f"changed   {topic}: {d['what']} ({d['rule']})" for d in issue["drift"][:20]]
        lines += [f"{line} ({topic})" for line in waiting_lines(issue)]
    if done.code:
        counts = ", ".join(
            f"{len(done.code[k])} {k}" for k in ("pushed", "fetched", "missing", "withheld")
        )
        lines.append(f"code      {counts}")
        lines += [
            f"withheld  {w['ref']}: {'; '.join(w['secrets'][:3]) or w.get('reason', '')}"
            for w in done.code["withheld"][:10]
        ]
        lines += [
            f"gap       {g['path']} ({g.get('kind', '')}) is in no code state"
            for g in done.code["gaps"][:10]
        ]
    return lines
