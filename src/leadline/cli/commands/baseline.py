"""Set, show or move the registered baseline."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import override_option, several, subverbs
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context
    from leadline.services.evidence.baseline import Registered

ANSWER = {
    "set": "services.evidence.baseline:Registered",
    "show": "core.view.baseline:Baseline",
    "move": "services.evidence.baseline:Registered",
}
DESCRIPTION = """The registered baseline: what everything else is compared with. It is set once, and moved only on
repeated evidence: three counting runs a side, apples to apples, and an interval that excludes zero in the
better direction."""
EXAMPLES = [
    "leadline baseline set P-001 --why 'the released kernel'",
    "leadline baseline show",
    "leadline baseline move P-004 --axis block --why 'faster in every repeat'",
]


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = subverbs(parser)
    first = verbs.add_parser("set", help="register the first one")
    first.add_argument("id", metavar="ID")
    first.add_argument("--why", default="", metavar="TEXT")
    override_option(first, "although it has none of the thread's metrics")
    verbs.add_parser("show", help="numbers with n and spread, code, hardware, drift, moves")
    move = verbs.add_parser("move", help="replace it by a better one, on repeated evidence")
    move.add_argument("id", metavar="ID")
    move.add_argument("--why", default="", metavar="TEXT", help="the reason (needed)")
    several(move, "--axis", "KEY", "what the two differ in", dest="axes")
    several(move, "--nuisance", "KEY")
    move.add_argument(
        "--metric",
        default="",
        metavar="NAME",
        help="the metric that decides (default: the first one)",
    )
    override_option(move, "move it all the same; the reason stays visible")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.evidence import baseline
    from leadline.services.refusal import Overrides

    topic = context.topic(args.thread)
    if args.subverb == "set":
        made = baseline.set_baseline(context, topic, args.id, args.why, Overrides(args.override))
        text = f"{made['id']}  the baseline is {made['experiment']}{_overridden(made)}"
        return Answer(text, made, next=["leadline baseline show"])
    if args.subverb == "move":
        made = baseline.move_baseline(
            context,
            topic,
            args.id,
            args.why,
            axes=args.axes,
            nuisance=args.nuisance,
            metric=args.metric,
            override=Overrides(args.override),
        )
        text = (
            f"{made['id']}  the baseline moved to "
            f"{made['experiment']}{_overridden(made)}\n{made.get('shown_by', '')}"
        )
        return Answer(text.strip(), made, next=["leadline baseline show"])
    from leadline.render.terminal.baseline import render_baseline

    data = baseline.show_baseline(context, topic)
    counts = {"runs": len(data.runs), "moves": len(data.moves)}
    return Answer(render_baseline(data), data.as_dict(), counts)


def _overridden(made: Registered) -> str:
    return f"  (OVERRIDE: {made['override']})" if made.get("override") else ""
