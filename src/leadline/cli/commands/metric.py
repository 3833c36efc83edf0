"""Define a metric, or list them."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.plain import as_rows
from leadline.core.timestamps import plural
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context
    from leadline.services.write.metric import Contract, MetricRow

LISTED = 100
DESCRIPTION = """Define a metric: its unit, which direction is better, and how several values in one run become one.
Without a name: every metric defined or seen. Another unit, direction or reduction than before needs --redefine;
NAME alone shows what it meant when.
With --formula it is derived: computed from other metrics of the same run, for all runs, whenever it is read."""
EXAMPLES = [
    "leadline metric time_ms --unit ms --direction lower --reduce median",
    "leadline metric",
]
EXAMPLES.append(
    "leadline metric tokens_per_s --formula 'tokens / time_s' --unit tok/s --direction higher"
)
CONTRACT = ("unit", "direction", "reduce", "description", "observed", "per", "formula", "limit")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME")
    parser.add_argument("--unit")
    parser.add_argument("--direction", metavar="lower|higher|none", help="which way is better")
    parser.add_argument(
        "--reduce", metavar="HOW", help="last first min max mean median sum (default: last)"
    )
    parser.add_argument("--description", metavar="TEXT")
    parser.add_argument(
        "--observed", metavar="machine|result|counted", help="what moves it besides the code"
    )
    parser.add_argument("--per", metavar="TEXT", help="its denominator, such as token or step")
    parser.add_argument(
        "--formula",
        metavar="FORMULA",
        help="compute it: 'tokens / time_s', 'baseline(time_s) / time_s'",
    )
    parser.add_argument(
        "--limit", metavar="BOUND", help="beyond it a result is inadmissible: '<=1e-3'"
    )
    parser.add_argument("--redefine", action="store_true", help="change what was defined before")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.metric.contract import check_named
    from leadline.services.write.metric import define_metric, history_of, metrics_of

    if args.name is not None:
        check_named(
            args.name,
            f"`leadline metric {args.name!r}`",
            "leadline metric NAME --unit UNIT --direction lower",
        )
    topic = context.topic(args.thread)
    asked = {name: getattr(args, name) for name in CONTRACT}
    if args.name and any(value is not None for value in asked.values()):
        made = define_metric(context, topic, args.name, redefine=args.redefine, **asked)
        return Answer(
            _line(
                {
                    "defined": True,
                    "runs": None,
                    "unit": "",
                    "direction": "none",
                    "reduce": "last",
                    "description": "",
                    **made,
                }
            ),
            made,
        )
    thread = context.store.view(topic)
    rows = metrics_of(thread)
    if args.name:
        from leadline.core.errors import not_found

        rows = [r for r in rows if r["name"] == args.name]
        if not rows:
            raise not_found(
                "no-such-metric",
                f"there is no metric {args.name!r}",
                do=f"leadline metric {args.name} --unit UNIT --direction lower",
            )
        rows[0]["history"] = history_of(thread, args.name)
        return Answer(
            as_rows([_line(rows[0]), *_history(rows[0]["history"])]), rows, {"metrics": 1}
        )
    lines = [_line(r) for r in rows[:LISTED]]
    if len(rows) > LISTED:
        lines.append(f"… and {len(rows) - LISTED} more: leadline metric --json")
    return Answer(
        as_rows(lines) or "no metric yet", rows, {"metrics": len(rows)}, len(rows) > LISTED
    )


def _line(row: MetricRow) -> str:
    better = {"lower": "lower is better", "higher": "higher is better"}.get(
        row["direction"], "no direction"
    )
    facts = [row["unit"] or "no unit", better, f"{row['reduce']} of a run"]
    if row.get("formula"):
        facts[-1] = f"= {row['formula']}"
    if row.get("limit"):
        facts.append(f"limit {row['limit']}")
    if row["runs"] is not None:
        facts.append(f"{row['runs']} {plural(row['runs'], 'run')}")
    if not row["defined"]:
        facts.append("not defined")
    return (
        f"{row['name']}  "
        + ", ".join(facts)
        + (f": {row['description']}" if row["description"] else "")
    )


def _history(history: list[Contract]) -> list[str]:
    """One line a contract when there were several: runs of different ones are not compared."""
    if len(history) < 2:
        return []
    lines = ["contracts, oldest first; runs under different ones are not compared:"]
    for row in history:
        words = ", ".join(f"{name} {value}" for name, value in row["contract"].items())
        runs = row["runs"]
        shown = (
            f"{runs[0]} to {runs[-1]}, {len(runs)} runs"
            if len(runs) > 1
            else "".join(runs) or "no run"
        )
        lines.append(f"  {row['at'][:16].replace('T', ' ')}  {words}  ({shown})")
    return lines
