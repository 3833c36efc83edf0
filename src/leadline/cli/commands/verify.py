"""Check that the record holds."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.plain import as_rows
from leadline.core.timestamps import counted
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Check chains and digests of the record, its copies on the record branch, seals, ids, cited numbers,
code states, links between issue and logbook, and that the logbook in the tree only grew. One line per fault, with the
command that mends it; exit 6 when there is one. Notes are worth knowing and no faults. All threads, or --thread's.

Where two versions of one writer's lines exist, the one that was written here, or seen here first, is read; the other
is kept apart and named as disputed, with the fields that differ, until you --settle it. --heal takes no side.

Of a long thread an event file that was found whole and has not changed since, by its size, times and inode, is not read
again; --full checks everything anew, finds bytes that were changed without a trace in the times of their file, and asks
the forge whether what was posted (the heads of each seal, the words of updates) is what the record says.

With --signers FILE (git's allowed signers, one `ADDRESS KEY` a line) also whose the record is: records, seals and
commits of the record branch that are not signed, or by a key that the file does not name, or under a writer's name
whose key did not sign them."""
EXAMPLES = [
    "leadline verify",
    "leadline verify --thread moe-hc --explain",
    "leadline verify --full",
    "leadline verify --heal",
    "leadline verify --settle w8e4b0702-1~cf31de.jsonl --why 'pushed by mistake from a test machine'",
    "leadline verify --signers .allowed-signers",
    "leadline verify --log notes/log.md",
]
SHOWN = 100


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--full",
        action="store_true",
        help="check everything anew, also what has not changed since it was checked",
    )
    parser.add_argument(
        "--heal",
        action="store_true",
        help="put back what was changed, cut off or deleted of event files from the record branch "
        "(what is replaced is kept aside); acknowledge torn lines and second versions in the record",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="show the lines and records in which two versions of a file differ",
    )
    parser.add_argument(
        "--settle",
        metavar="PLACE",
        help="record that you looked at a disputed version, or a changed line, as verify names it: "
        "what is here stands",
    )
    parser.add_argument(
        "--log",
        metavar="FILE",
        help="instead: whether any file in git only grew, by each of its commits: every old line "
        "stands in order, or places left open were filled, a typo was fixed, or it was rewritten",
    )
    parser.add_argument(
        "--take",
        metavar="VERSION",
        help="read a disputed version instead of the one that was here first, where this machine "
        "wrote neither; that one is kept apart",
    )
    parser.add_argument(
        "--why", default="", help="why what is here stands, or is taken, with --settle or --take"
    )
    parser.add_argument(
        "--signers",
        metavar="FILE",
        help="name what is not signed by a key of this file (git's allowed-signers format)",
    )


def _log(context: Context, file: str) -> Answer:
    """What the commits of a log did to what stood in it."""
    from leadline.services.keep.verify_log import log_history

    found = log_history(context, file)
    kinds = {"filled": "fill", "fixed": "fix", "rewritten": "rewrite"}
    counts = {"versions": found.versions, **{n: found.count(kind) for n, kind in kinds.items()}}
    told = {kind: name for name, kind in kinds.items()}
    lines = [
        f"{told[change.kind]:<9}  {commit[:12]}  {'; '.join(change.touched[:3])}"
        for commit, change in found.changes[:SHOWN]
    ]
    more = len(found.changes) - SHOWN
    lines += [f"… and {more} more (--json has them all)"] if more > 0 else []
    said = ", ".join(f"{counts[name]} {name}" for name in kinds)
    lines.append(f"{found.path}: {counted(found.versions, 'version')}; {said}")
    return Answer(
        as_rows(lines), found.as_dict(), counts, more > 0, exit_code=6 if counts["rewritten"] else 0
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    if args.log:
        return _log(context, args.log)
    from leadline.core.record.finding import FAULT
    from leadline.services.keep.verify import verify

    topics = [context.topic(args.thread)] if args.thread else context.store.topics()
    healed: list[dict[str, str]] = []
    if args.heal:
        from leadline.services.keep.heal import heal

        healed = heal(context, topics)
        topics = topics if args.thread else context.store.topics()
    if args.settle:
        from leadline.services.keep.disputes import settle

        topic = settle(context, topics, args.settle, args.why)
        healed.append({"thread": topic, "what": f"settled {args.settle}: what is here stands"})
    if args.take:
        from leadline.services.keep.disputes import take

        topic = take(context, topics, args.take, args.why)
        healed.append({"thread": topic, "what": f"took {args.take}: it is what is read now"})
    found, records = verify(context, topics, args.full)
    if args.signers:
        from leadline.services.keep.verify_signers import verify_signers

        found += verify_signers(context, topics, args.signers)
        found.sort(key=lambda finding: finding.severity != FAULT)
    explained: list[str] = []
    if args.explain:
        from leadline.services.keep.heal import explain

        explained = explain(context, topics)
    faults = [f for f in found if f.severity == FAULT]
    notes = [f for f in found if f.severity != FAULT]
    lines = []
    for each in healed:
        kept = f" (kept: {each['aside']})" if each.get("aside") else ""
        lines.append(f"healed  {each['thread'] or 'runs'}: {each['what']}{kept}")
    for finding in found[:SHOWN]:
        mend = f"  -> {finding.mend}" if finding.mend else ""
        lines.append(
            f"{finding.severity:<6}  {finding.thread}  {finding.code}  {finding.where}: {finding.what}{mend}"
        )
    lines += explained
    if len(found) > SHOWN:
        lines.append(f"… and {len(found) - SHOWN} more (--json has them all)")
    told = [counted(len(faults), "fault") if faults else "no fault"]
    if notes:
        told.append(counted(len(notes), "note"))
    lines.append(
        f"{counted(len(topics), 'thread')}, {counted(records, 'record')}: {', '.join(told)}"
    )
    data = {
        "threads": topics,
        "records": records,
        "healed": healed,
        "faults": [f.as_dict() for f in faults],
        "notes": [f.as_dict() for f in notes],
        "explained": explained,
    }
    return Answer(
        as_rows(lines),
        data,
        {"faults": len(faults), "notes": len(notes)},
        len(found) > SHOWN,
        exit_code=6 if faults else 0,
    )
