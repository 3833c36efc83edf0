"""Whether an update is due."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Says whether an update is due and why: a milestone since the last one (a baseline, a decided
hypothesis, a claim, a changed label, a retraction, a seal), or six hours of active work. The exit code is 0 either
way."""
ANSWER = "core.issue.due:Due"
EXAMPLES = ["leadline due", "leadline due --json"]


def configure(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.look.next import due_now

    found = context.look(args.thread, lambda thread: due_now(context, thread))
    form = found["form"] if found["due"] else "nothing"
    lines = [f"{form} is due: {found['why']}"]
    lines += [f"  {m['at'][:16].replace('T', ' ')}  {m['what']}" for m in found["milestones"][:20]]
    command = (
        "leadline update --heartbeat"
        if found["form"] == "heartbeat"
        else "leadline update --change '…'"
    )
    return Answer(
        as_rows(lines),
        found,
        {"milestones": len(found["milestones"])},
        next=[command] if found["due"] else [],
    )
