"""What measures, apart from what is measured."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import baseline_option, on_option, seconds, subverbs
from leadline.core.plain import as_rows
from leadline.core.timestamps import counted, few
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context
    from leadline.services.run.declare_ruler import RulerRow

DESCRIPTION = """The ruler: the files and data that measure, declared apart from the code that they measure. Every run
records its digest. Two sides with different rulers are not compared, whatever the axis; what an old ruler measured is
measured again by the new one.

Where nothing is declared, the files that a command names are taken for it when they load other code of the
repository."""
EXAMPLES = [
    "leadline measure protect bench.py 'data/val/**' --metric loss",
    "leadline measure none --why 'one file, timed from outside'",
    "leadline measure again P-001 P-002",
    "leadline measure holdout --command 'python /srv/held/eval.py' /srv/held",
    "leadline measure null --metric loss --blocks 10",
    "leadline measure show",
]


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = subverbs(parser)
    verbs.add_parser("show", help="what measures now, and where it changed")
    protect = verbs.add_parser("protect", help="these files, folders or patterns measure")
    protect.add_argument("patterns", nargs="+", metavar="PATTERN", help="** means all folders")
    protect.add_argument("--metric", default="", metavar="NAME", help="this one (default: all)")
    protect.add_argument("--why", default="", metavar="TEXT")
    none = verbs.add_parser("none", help="nothing measures apart from the code")
    none.add_argument("--metric", default="", metavar="NAME", help="this one (default: all)")
    none.add_argument("--why", default="", metavar="TEXT", help="the reason (needed)")
    again = verbs.add_parser(
        "again", help="older code by the present ruler; without ID: what waits"
    )
    again.add_argument("ids", nargs="*", metavar="ID", help="experiments")
    again.add_argument("--repeat", type=int, default=0, metavar="N", help="default: as before")
    again.add_argument("--timeout", type=seconds, metavar="SECONDS", help="end a run after that")
    on_option(again)
    baseline_option(again, "what the baseline was measured again as is the baseline")
    again.add_argument("--quiet", action="store_true", help="do not show the command's output")
    holdout = verbs.add_parser("holdout", help="an evaluator and data that only claims look at")
    holdout.add_argument("paths", nargs="+", metavar="PATH", help="outside the work tree")
    holdout.add_argument(
        "--command",
        dest="evaluator",
        default="",
        metavar="CMD",
        help="evaluates the code state that it runs in",
    )
    null = verbs.add_parser("null", help="the baseline against itself: what the ruler resolves")
    null.add_argument("id", nargs="?", default="baseline", metavar="ID", help="default: baseline")
    null.add_argument("--metric", default="", metavar="NAME", help="as for leadline ab")
    null.add_argument("--blocks", type=int, default=10, metavar="N", help="at most (default 10)")
    on_option(null)
    null.add_argument("--time", type=seconds, metavar="SECONDS", help="begin no block after that")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.run import declare_ruler

    topic = context.topic(args.thread)
    if args.subverb == "show":
        rows = declare_ruler.rulers_of(context, context.store.thread(topic))
        lines = [line for row in rows for line in _lines(row)]
        told = (
            as_rows(lines) or "nothing is declared: the files that commands name are taken for it"
        )
        proposed = [] if rows else ["leadline measure protect FILE"]
        return Answer(told, rows, {"rulers": len(rows)}, next=proposed)
    if args.subverb == "holdout":
        from leadline.services.run.holdout import set_holdout

        made = set_holdout(context, topic, args.evaluator, args.paths)
        told = f"the holdout is {made['files']} files and their command, {made['digest'][:19]}"
        following = ["leadline claim 'TEXT' --that PREDICATE --holdout"]
        return Answer(told, made, next=following)
    if args.subverb == "again":
        return _again(context, topic, args)
    if args.subverb == "null":
        return _null(context, topic, args)
    if args.subverb == "none":
        row = declare_ruler.protect_nothing(context, topic, args.why, args.metric)
    else:
        row = declare_ruler.protect(context, topic, args.patterns, args.metric, args.why)
    return Answer(as_rows(_lines(row)), row)


def _again(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    import sys

    from leadline.cli.commands.run import After
    from leadline.cli.how_far import teller
    from leadline.cli.live import Watching
    from leadline.services.run.measure_again import measure_again, measured_now, outdated

    if not args.ids:
        waiting = outdated(context.store.thread(topic))
        told = "all was measured by the ruler that is in force"
        if waiting:
            told = f"measured by another ruler than the present one: {_few(waiting)}"
        following = [f"leadline measure again {' '.join(waiting[:20])}"] if waiting else []
        return Answer(told, waiting, {"experiments": len(waiting)}, next=following)
    shown = None if args.quiet else sys.stderr
    watcher = Watching(shown, how_far=teller(context, not args.quiet))
    rows = measure_again(
        context,
        topic,
        args.ids,
        repeat=args.repeat,
        timeout_s=args.timeout,
        watcher=watcher,
        say=context.warn,
    )
    lines = [
        f"{row['of']}: measured again as {row['experiment']}, {len(row['states'])} runs"
        if row["experiment"]
        else f"{row['of']}: not measured again"
        for row in rows
    ]
    lines = [
        f"{line}; {row['why']}" if row["why"] else line
        for line, row in zip(lines, rows, strict=True)
    ]
    made = [row["experiment"] for row in rows if row["experiment"]]
    others = [e for e in measured_now(context.store.thread(topic)) if e not in made]
    following = [f"leadline compare {made[0]} {e} --axis code" for e in others[-1:] if made]
    if args.baseline.strip():
        after = After(context, args, topic)
        baseline = context.slice(topic).baseline_experiment
        for row in rows:
            if baseline is not None and row["of"] == baseline.id and row["experiment"]:
                after.baseline(row["experiment"], "", [])
                following = after.left
    code = 0 if all("done" in row["states"] for row in rows) else 6
    return Answer(as_rows(lines), rows, {"experiments": len(made)}, next=following, exit_code=code)


def _null(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    import signal

    from leadline.cli.how_far import teller
    from leadline.cli.live import Watching, interruptions
    from leadline.core.metric.ruler import null_text
    from leadline.render.terminal.ab import result_text
    from leadline.services.run.null import measure_null

    with interruptions((signal.SIGINT, signal.SIGTERM)) as asked:
        result, null = measure_null(
            context,
            topic,
            args.id,
            metric=args.metric,
            blocks=args.blocks,
            time_limit_s=args.time,
            watcher=Watching(None, how_far=teller(context, False)),
            say=context.warn,
            stop_asked=lambda: bool(asked),
        )
    text = f"{null_text(null)}\n{result_text(result)}"
    code = 0 if result["n_blocks"] and not result["shown"] else 6
    return Answer(text, result, {"blocks": result["n_blocks"]}, exit_code=code)


def _lines(row: RulerRow) -> list[str]:
    of = row["metric"] or "every metric"
    if not row["patterns"]:
        return [f"{of}: nothing measures apart from the code ({row['why']})"]
    lines = [f"{of} is measured by {', '.join(row['patterns'])}: {counted(row['files'], 'file')}"]
    if row["beside"]:
        lines.append(f"  known by their digests alone, in no code state: {_few(row['beside'])}")
    if row["changed_at"]:
        lines.append(f"  changed at {row['changed_at']}: {_few(row['changed'])}")
    if row["loads"]:
        lines.append(f"  it loads, and does not protect: {_few(row['loads'])}")
    if row["reads"]:
        lines.append(f"  it reads variables of the environment: {_few(row['reads'])}")
    if row["unknown"]:
        lines.append(f"  not known of the runs before it in {_few(row['unknown'])}")
    return lines


def _few(names: list[str]) -> str:
    return few(names, 8)
