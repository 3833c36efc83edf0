"""What is installed, missing or left unfinished."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Say what is installed, which feature lacks what, how the repository looks, and what was left
unfinished: open runs, faults in the record, what is not on the remote. No network unless --network.
Outside a repository it says so and looks at the program alone. Exit 0; with --strict 6 when there is a problem, no
repository among them.

--mend clears what killed commands and power cuts left: temporary files, damaged git objects and refs of
Leadline (moved to .git/leadline/set-aside), runs that are over and were never ended, the tag of a seal that was cut
short; and closes files of older versions to others."""
ANSWER = "services.keep.doctor:Check[]"
EXAMPLES = ["leadline doctor", "leadline doctor --network --strict", "leadline doctor --mend"]
NEEDS_REPOSITORY = False
MARKS = {"ok": "ok  ", "note": "note", "problem": "FAIL"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--network", action="store_true", help="ask the remote, too")
    parser.add_argument(
        "--mend", action="store_true", help="clear what killed commands and power cuts left"
    )
    parser.add_argument("--strict", action="store_true", help="exit 6 when something is wrong")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline import bootstrap
    from leadline.core.errors import LeadlineError
    from leadline.services.keep import mend as mending
    from leadline.services.keep.doctor import doctor, outside

    try:
        opened = bootstrap.open_context(args.folder)
        mended = mending.mend(opened) if args.mend else []
        checks = [*mended, *doctor(opened, args.network)]
    except LeadlineError as error:
        forges = [bootstrap.forge_kind(name) for name in bootstrap.forge_names()]
        trackers = [bootstrap.tracker_kind(name) for name in bootstrap.tracker_names()]
        checks = outside(error, forges, trackers)
    width = max(len(c.name) for c in checks)
    lines, group = list[str](), ""
    for check in checks:
        if check.group != group:
            group = check.group
            lines += ["", group] if lines else [group]
        mend = f"  -> {check.mend}" if check.mend else ""
        lines.append(f"  {MARKS[check.state]}  {check.name:<{width}}  {check.what}{mend}")
    counts = {state: sum(c.state == state for c in checks) for state in MARKS}
    return Answer(
        as_rows(lines),
        [c.as_dict() for c in checks],
        counts,
        exit_code=6 if args.strict and counts["problem"] else 0,
    )
