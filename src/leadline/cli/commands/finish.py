"""Finish a thread."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import override_option
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context
    from leadline.services.thread.finish import Finished, NotFinished

DESCRIPTION = """Record the final summary and close the experiment issue. What is missing for that (`leadline check
close`) is listed, each item with the command that mends it, and nothing is recorded (exit code 6). --override
records it all the same; the reason stays in the summary. Numbers are cited ({{P-003.time_ms}}). A finished thread
can still be read, and written to; what comes afterwards says so."""
ANSWER = "services.thread.finish:Finished"
EXAMPLES = [
    "leadline finish --from summary.md",
    "leadline finish --worked 'blocks of 128' --did-not 'fp8' --confidence 'replicated on one GPU' "
    "--limits 'one model size' --conclusion 'use 128' --next-step 'try 256' --next-step 'two GPUs'",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--worked", metavar="TEXT", help="what worked")
    parser.add_argument(
        "--did-not", "--failed", dest="failed", metavar="TEXT", help="what did not work"
    )
    parser.add_argument("--confidence", metavar="TEXT", help="how sure, and why")
    parser.add_argument("--limits", metavar="TEXT", help="where it may not hold")
    parser.add_argument("--conclusion", metavar="TEXT", help="the decision or outcome, and why")
    parser.add_argument(
        "--next-step",
        "--next",
        dest="next_steps",
        action="append",
        metavar="TEXT",
        help="small and concrete; repeat it, in order",
    )
    parser.add_argument(
        "--from", dest="file", metavar="FILE", help="these fields from a .toml .yaml .json .md file"
    )
    parser.add_argument(
        "--reason",
        choices=["completed", "not-planned"],
        default="completed",
        help="why the issue closes (default: completed)",
    )
    parser.add_argument(
        "--seal", metavar="NAME", help="seal a snapshot of that name first, by the conclusion"
    )
    override_option(parser, "finish although something is missing: its codes, with commas between")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.refusal import Overrides
    from leadline.services.thread.finish import Finished, finish, summary_file

    summary = summary_file(context, args.file) if args.file else {}
    for name in ("worked", "failed", "confidence", "limits", "conclusion", "next_steps"):
        if getattr(args, name) is not None:
            summary[name] = getattr(args, name)
    topic = context.topic(args.thread)

    def sealed() -> None:
        from leadline.services.publish.seal import seal

        seal(context, topic, args.seal, str(summary.get("conclusion") or ""))

    done = finish(
        context,
        topic,
        summary,
        args.reason.replace("-", "_"),
        Overrides(args.override),
        sealed if args.seal else None,
    )
    return _finished(done) if isinstance(done, Finished) else _refused(done)


def _refused(done: NotFinished) -> Answer:
    from leadline.core.check.missing import missing_lines
    from leadline.core.plain import plain, shell_word

    missing = done.missing
    things = "1 thing is" if len(missing) == 1 else f"{len(missing)} things are"
    lines = [f"not finished: {things} missing; nothing was recorded"]
    shown = missing_lines(missing, all_by="leadline check close --all")
    lines += [f"  {line}" for line in shown]
    codes = ",".join(dict.fromkeys(item["code"] for item in missing))
    follow = list(dict.fromkeys(item["mend"] for item in missing))[:3]
    if done.draft:
        again = f"leadline finish --from {shell_word(done.draft)}"
        follow += [again, f"{again} --override {codes} 'WHY'"]
    return Answer(
        plain("\n".join(lines)),
        done.as_dict(),
        {"missing": len(missing)},
        next=follow,
        exit_code=6,
    )


def _finished(done: Finished) -> Answer:
    from leadline.core.plain import plain
    from leadline.core.timestamps import minute
    from leadline.services.issue.delivery import next_of, waiting_lines

    record, followed = done.record, done.followed
    issue, logbook = followed.issue, followed.logbook
    lines = [f"finished ({record['reason'].replace('_', ' ')}); the issue is {issue.state}"]
    if done.again:
        at = minute(record["at"])
        lines.append(f"this very summary was recorded on {at} UTC; nothing new was recorded")
    lines += waiting_lines(issue)
    if done.queued:
        codes = ", ".join(done.queued)
        lines.append(f"queued:  {codes}: done in the record; the forge is to follow")
    if done.override:
        codes = ", ".join(done.overridden) or "nothing was missing"
        lines.append(f"overridden: {codes}: {done.override}")
    lines += [
        f"logbook  {logbook.logbook or f'not written: {logbook.skipped}'}",
        f"records  {followed.record_commit[:12] or 'not committed: leadline sync'}",
    ]
    lines += [f"not done {problem}" for problem in followed.problems]
    follow = next_of(issue) if issue.why else ["leadline report"]
    return Answer(
        plain("\n".join(lines)),
        done.as_dict(),
        next=list(dict.fromkeys([*follow, "leadline sync"])),
    )
