"""Compare two experiments."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from leadline.cli.answer import Answer
from leadline.cli.parsing import several
from leadline.core.plain import shell_word
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Compare B with the reference A: what differs between them first (config, command, environment,
hardware, devices, software, code), then the statistics of every metric.

The test follows from how the runs were taken and is named with its reason: pairs (same seed, or same block of an
interleaved measurement) are tested as pairs; what the machine moves is judged only where the sides took turns.
Several metrics at once are judged by p values adjusted by Holm's method. Outliers are named and stay in.

When more than the declared axis differs the comparison is not apples to apples: the numbers are shown without a
verdict. The exit code is 6 then, and whenever no metric could be compared (none in common, other contracts). A side is
an experiment, a run, a baseline's id, the word `baseline`, or a group of runs by their config: key=value, joined by
commas. --over KEY pairs two groups by the values of a key that both have, as an experiment for each arm and seed
wants it; what the machine moves is judged by turns all the same."""
EXAMPLES = [
    "leadline compare baseline P-004 --axis block",
    "leadline compare P-003 P-004 --axis code --nuisance environment.HOSTNAME --metric time_ms",
    "leadline compare P-001 P-002 --axis arm --target val_loss=3.28",
    "leadline compare arm=old arm=new --over seed --metric val_loss",
    "leadline compare baseline P-004 --axis block --metric time_ms --detect 2%",
    "leadline compare baseline P-004 --axis block --equivalent time_ms=1% --equivalent val_loss=0.001",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("a", metavar="A", help="the reference: an id, `baseline` or key=value")
    parser.add_argument("b", metavar="B", help="what is judged: an id or key=value")
    several(
        parser,
        "--axis",
        "KEY",
        "the tested axis: a config key, or code, command, environment.NAME, hardware, ...",
        dest="axes",
    )
    several(
        parser, "--nuisance", "KEY", "a difference that is known not to matter; it stays visible"
    )
    several(parser, "--over", "KEY", "pair the sides by the values of this config key")
    several(parser, "--metric", "NAME", "compare these only (default: all)", dest="metrics")
    several(
        parser,
        "--target",
        "METRIC=VALUE",
        "test B against a number that was set beforehand",
        dest="targets",
    )
    several(
        parser,
        "--detect",
        "[METRIC=]SIZE",
        "the difference that matters, 2%% or a number in the metric's unit: says how many runs would show it",
    )
    several(
        parser,
        "--equivalent",
        "[METRIC=]SIZE",
        "judge whether no difference larger than this is left (two one-sided tests)",
    )
    parser.add_argument(
        "--alpha", type=float, default=0.05, help="level of the tests and intervals (default 0.05)"
    )
    parser.add_argument(
        "--strict-hygiene",
        action="store_true",
        help="unknown contention blocks a regression verdict for every metric (else for times, rates and the like)",
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.metric.ruler import in_force
    from leadline.render.terminal.compare import render_compare
    from leadline.services.evidence.compare import (
        answered,
        baseline_named,
        compare_sides,
        is_group,
        parse_sizes,
        parse_targets,
        record_refusals,
    )
    from leadline.services.lookup import slice_of

    named = [side for side in (args.a, args.b) if not is_group(side)]
    thread = slice_of(context, context.topic(args.thread), named)
    comparison = compare_sides(
        context,
        thread,
        args.a,
        args.b,
        axes=args.axes,
        nuisance=args.nuisance,
        metrics=args.metrics or None,
        target=parse_targets(args.targets),
        alpha=args.alpha,
        strict_hygiene=args.strict_hygiene,
        detect=parse_sizes("--detect", args.detect),
        equivalent=parse_sizes("--equivalent", args.equivalent),
        over=args.over,
    )
    record_refusals(context, thread, comparison)
    declared = [path for said in in_force(thread.rulers).values() for path in said["patterns"]]
    data, baseline = comparison.as_dict(), baseline_named(comparison, thread)
    if baseline:
        data["baseline"] = baseline
    name = f"{baseline['id']} = {baseline['experiment']}" if baseline else ""
    answer = Answer(
        render_compare(comparison, name),
        data,
        {"metrics": len(comparison.metrics), "refusals": len(comparison.refusals)},
    )
    answer.next = list(dict.fromkeys(comparison.settle.values()))
    if not answered(comparison):
        answer.next, answer.exit_code = (
            [*answer.next, *next_commands(comparison, args, declared)],
            6,
        )
    return answer


def _one_ruler(files: list[str], old: str, declared: Sequence[str]) -> list[str]:
    """What brings both sides under one ruler, which ``declared`` names."""
    loaded = [path for path in files if path not in declared]
    named = " ".join(map(shell_word, dict.fromkeys([*declared, *loaded[:4]])))
    if declared and not loaded:
        return [f"leadline measure again {old}"]
    if declared:
        return [f"leadline measure protect {named} && leadline measure again {old}"]
    return [
        f"leadline measure protect {named} && leadline measure again {old}",
        f"leadline measure none --why {shell_word(f'{files[0]} is what is tested')}",
    ]


def next_commands(
    comparison: Any, args: argparse.Namespace, declared: Sequence[str] = ()
) -> list[str]:
    """What lifts the refusals: runs, or a declaration. ``declared``: as the ruler."""
    commands = []
    codes = {r["code"] for r in comparison.refusals}
    if "no-runs" in codes:
        short = comparison.a_name if not comparison.a_runs else comparison.b_name
        sets = "".join(f" --set {shell_word(part.strip())}" for part in short.split(","))
        by_id = f" --experiment {short.rpartition('-r')[0] or short}"
        commands.append("leadline run" + (f"{sets} -- CMD" if "=" in short else by_id))
    rows = comparison.diff.of_role("confound") + comparison.diff.of_role("unknown")
    if ruler := [row.key for row in rows if row.area == "ruler"]:
        old = comparison.a_name.rpartition("-r")[0] or comparison.a_name
        return [*commands, *_one_ruler(ruler, old, declared)]
    # How a number was read is never what is tested, nor what does not matter.
    if read := [row for row in rows if row.area == "extraction"]:
        rows = [row for row in rows if row not in read]
        side = comparison.b_name.partition("-r")[0]
        commands.append(
            f"leadline show {shell_word(side)}  (it was read otherwise: run it again alike)"
        )
    again = f"leadline compare {shell_word(args.a)} {shell_word(args.b)}"
    again += "".join(f" --over {shell_word(key)}" for key in args.over)
    if rows and not args.axes:
        commands.append(f"{again} --axis {shell_word(rows[0].name)}")
    elif rows and not comparison.diff.of_role("axis"):
        commands.append(
            f"{again} --axis {shell_word(rows[0].name)}  (the declared axis does not differ, this does)"
        )
    elif rows:
        axes = "".join(f" --axis {shell_word(axis)}" for axis in args.axes)
        rest = "".join(f" --nuisance {shell_word(row.name)}" for row in rows[:4])
        commands.append(f"{again}{axes}{rest}  (only when these are known not to matter)")
    commands += [
        f"leadline metric {shell_word(m.metric)}  (what it meant when)"
        for m in comparison.metrics
        if m.apart
    ][:3]
    if codes & {"contended", "unknown-hygiene"}:
        commands += [
            f"leadline run --experiment {name} --repeat 3"
            for name in (comparison.a_name, comparison.b_name)
            if "=" not in name
        ]
    return commands
