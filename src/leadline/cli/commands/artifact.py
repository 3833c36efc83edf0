"""Files that a run kept: list, write out, check."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import subverbs
from leadline.core.plain import as_rows, plain
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.run import Run
    from leadline.services.artifact.artifacts import ArtifactRow
    from leadline.services.context import Context

LISTED = 50
DESCRIPTION = """Images, tables, checkpoints and other files that a run kept, by digest: logged inside the job by
`leadline.log_artifact(PATH)`, or named by `leadline run --artifact PATTERN`. The same name again is a later version.
RUN may be an experiment: its last run is meant. A large content stays on the machine that made it."""
EXAMPLES = [
    "leadline artifact list P-003",
    "leadline artifact get P-003-r2 plots/loss.png",
    "leadline artifact get P-003-r2 plots/loss.png --out old-loss.png",
    "leadline artifact get P-003 model.pt --version 2",
    "leadline artifact verify P-003",
]


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = subverbs(parser)
    for verb, text in (
        ("list", "name, kind, size, digest and step of each"),
        ("get", "write a checked copy of one"),
        ("verify", "read every content again and compare its digest"),
    ):
        child = verbs.add_parser(verb, help=text)
        child.add_argument("run", metavar="RUN")
        if verb == "list":
            child.add_argument(
                "--all", action="store_true", help=f"all of them (default: the first {LISTED})"
            )
            continue
        child.add_argument(
            "name", metavar="NAME", nargs="?", help="its name, or the beginning of its digest"
        )
        which = "the last" if verb == "get" else "all"
        child.add_argument(
            "--version", type=int, metavar="N", help=f"which version (default: {which})"
        )
        child.add_argument("--step", type=int, metavar="N", help="the one logged at this step")
        if verb == "get":
            child.add_argument(
                "--out",
                metavar="PATH",
                help="where to write it (default: here); in a folder, the last part of its name",
            )
            child.add_argument("--force", action="store_true", help="replace a file that is there")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.artifact import artifacts as artifact
    from leadline.services.look.show import the_run

    run_ = the_run(context.thread(args.thread), args.run)
    if args.subverb == "list":
        return _list(context, run_, args.all)
    if args.subverb == "get":
        chosen = artifact.find(context, run_, args.name, args.version, args.step)
        done = artifact.get(context, run_, chosen, args.out, args.force)
        return Answer(f"wrote {plain(done['written'])} ({done['digest'][:19]}, checked)", done)
    return _verify(
        run_,
        artifact.check(context, run_, args.name, args.version, args.step),
        artifact.where_made(run_),
    )


def _list(context: Context, run_: Run, everything: bool) -> Answer:
    from leadline.core.record import artifact as core
    from leadline.core.values import as_dict
    from leadline.render.terminal.show import render_artifacts
    from leadline.services.artifact import artifacts as artifact

    found = artifact.artifacts_of(context, run_)
    rows = [artifact.data_of(a, artifact.standing(context, run_, a)) for a in found]
    gaps = [as_dict(g) for g in core.gaps(run_)]
    shown = len(rows) if everything else LISTED
    elsewhere = sum(r["state"] == "elsewhere" for r in rows)
    listed = render_artifacts(run_, found, shown, states=[r["state"] for r in rows])
    lines = listed.split("\n")
    if elsewhere:
        lines.append(
            f"{elsewhere} of {len(rows)} are not on this machine: they are on {artifact.where_made(run_)}"
        )
    total = core.total(run_)
    if total > len(rows):
        lines.append(
            f"the list of all {total} is on {artifact.where_made(run_)}; the record has the first {len(rows)}"
        )
    counts = {"artifacts": total, "gaps": core.gaps_total(run_)}
    data = {"run": run_.id, "artifacts": rows[:shown], "gaps": gaps}
    following = [] if shown >= len(rows) else [f"leadline artifact list {run_.id} --all"]
    return Answer(as_rows(lines), data, counts, total > min(shown, len(rows)), following)


def _verify(run_: Run, rows: list[ArtifactRow], where: str) -> Answer:
    from leadline.core.errors import EXIT_CODES

    counts = {
        state: sum(r["state"] == state for r in rows)
        for state in ("ok", "damaged", "missing", "elsewhere")
    }
    bad = [r for r in rows if r["state"] in ("damaged", "missing")]
    lines = [
        f"{r['state']}  {plain(r['name'])} (version {r['version']})  {r['digest'][:19]}"
        for r in bad[:LISTED]
    ]
    if counts["elsewhere"]:
        lines.append(f"{counts['elsewhere']} not on this machine: on {where}, not checked")
    lines.append(f"{counts['ok']} of {len(rows)} have their digest")
    answer = Answer(
        plain(as_rows(lines)),
        {"run": run_.id, "artifacts": rows},
        {"artifacts": len(rows), **counts},
    )
    if bad:
        answer.exit_code = EXIT_CODES["check_failed"]
        answer.next = [
            "leadline sync  (after removing the damaged file: the record branch may have it)"
        ]
    return answer
