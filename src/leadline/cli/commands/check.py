"""What is missing before a thread starts, posts, closes, or calls something a regression."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import several, subverbs
from leadline.core.check.missing import SHOWN, missing_lines
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.check.missing import Missing
    from leadline.services.context import Context
    from leadline.services.evidence.regression import Row

DESCRIPTION = """List what is missing, one line for each with the command that mends it. Exit code 6 when anything is.

kickoff     the fields a thread should say before it starts
post        before results are posted: command, config, code, apples to apples, logbook, issue
close       before the issue closes: final summary, conclusion, next steps, tag, open runs and hypotheses
regression  before a regression is claimed: clean machine, one difference, no drift, shown by the numbers
text        numbers of a document (README, paper, pull request): bound, unsupported, contradicted, stale"""
EXAMPLES = [
    "leadline check kickoff",
    "leadline check post P-003",
    "leadline check close",
    "leadline check regression P-004 --axis code",
    "leadline check text README.md paper.tex --fix",
]


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = subverbs(parser)
    kickoff = verbs.add_parser("kickoff", help="fields of the kickoff")
    post = verbs.add_parser("post", help="before results are posted")
    post.add_argument(
        "ids",
        nargs="*",
        metavar="ID",
        help="experiments (default: with news since the last update)",
    )
    close = verbs.add_parser("close", help="before the issue closes")
    for verb in (kickoff, post, close):
        verb.add_argument(
            "--all", action="store_true", help=f"all that is missing, not the first {SHOWN}"
        )
    text = verbs.add_parser("text", help="result-like numbers of documents against the record")
    text.add_argument("files", nargs="+", metavar="FILE", help=".md, .qmd, .tex or plain text")
    text.add_argument(
        "--fix", action="store_true", help="write the citation where exactly one metric fits"
    )
    regression = verbs.add_parser("regression", help="before a regression is claimed")
    regression.add_argument(
        "id", nargs="?", metavar="ID", help="what is judged (default: the last experiment)"
    )
    regression.add_argument(
        "--against", default="baseline", metavar="ID", help="the reference (default: baseline)"
    )
    several(regression, "--axis", "KEY", "the tested axis", dest="axes")
    several(regression, "--nuisance", "KEY")
    several(regression, "--metric", "NAME", dest="metrics")


def _text(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.text.document import GOOD
    from leadline.services.thread.check_text import check_text

    done = check_text(context, args.thread, args.files, args.fix)
    lines, counts = list[str](), dict[str, int]()
    for checked in done:
        for one in checked.found:
            counts[one.state] = counts.get(one.state, 0) + 1
            if one.state in GOOD:
                continue
            beside = f" ({one.expression} is {one.now})" if one.now else ""
            fits = f"; fits {', '.join(one.fits[:3])}" if one.fits else ""
            lines.append(
                f"{checked.file}:{one.line}:{one.column}: {one.state}: {one.number}{beside}, {one.why}{fits}"
            )
        if checked.mended:
            lines.append(f"{checked.file}: {checked.mended} citations written")
    missing = sum(n for state, n in counts.items() if state not in GOOD)
    told = ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))
    lines.append(told or "no number that looks like a result")
    rows = [
        {
            "file": checked.file,
            **{k: v for k, v in one._asdict().items() if k not in ("start", "end")},
        }
        for checked in done
        for one in checked.found
    ]
    data = {"numbers": rows, "fixed": sum(checked.mended for checked in done)}
    return Answer(as_rows(lines), data, counts, exit_code=6 if missing else 0)


def run(context: Context, args: argparse.Namespace) -> Answer:
    if args.subverb == "text":
        return _text(context, args)
    topic = context.topic(args.thread)
    thread = context.store.view(topic)
    queued: list[Missing] = []
    if args.subverb == "kickoff":
        from leadline.services.thread.start import check_kickoff

        items = check_kickoff(context, thread)
    elif args.subverb == "post":
        from leadline.services.thread.check import check_post

        items = check_post(context, thread, args.ids)
    elif args.subverb == "close":
        from leadline.core.check.close import check_close
        from leadline.services.issue.content import body_is_current
        from leadline.services.thread.check import queued_reason

        current = (
            body_is_current(context, thread) if thread.issue.state in ("open", "closed") else None
        )
        found = check_close(thread, body_is_current=current, queued=queued_reason(context, thread))
        items = [i for i in found if "queued" not in i]
        if thread.profile:
            from leadline.services.thread.profile_check import asked_at

            items += asked_at(context, thread, "close")
        queued = [i for i in found if "queued" in i]
    else:
        from leadline.services.evidence.regression import check_regression, last_judged

        rows, _ = check_regression(
            context,
            thread,
            args.id or last_judged(thread, args.against),
            against=args.against,
            axes=args.axes,
            nuisance=args.nuisance,
            metrics=args.metrics or None,
        )
        return _checklist(rows)
    shown = 0 if args.all else SHOWN
    lines = missing_lines(items, shown, f"leadline check {args.subverb} --all")
    for i in queued:
        lines += [f"queued, {i['code']}: {i['what']} ({i['queued']})", f"    {i['mend']}"]
    if not items:
        lines.insert(0, f"{args.subverb}: nothing is missing")
    data = {"missing": items}
    if queued:
        data["queued"] = queued
    return Answer(as_rows(lines), data, {"missing": len(items)}, exit_code=6 if items else 0)


def _checklist(rows: list[Row]) -> Answer:
    """Every item with its answer, passed ones too: what was looked at is half of the answer."""
    missing = [row for row in rows if row["state"] != "pass"]
    lines = []
    for row in rows:
        lines.append(f"{row['state']:<7} {row['item']}: {row['what']}")
        lines += [f"        {row['mend']}"] if row["mend"] else []
    whole = f"{len(missing)} of {len(rows)} items do not pass" if missing else "all pass"
    lines.append(f"regression: {whole}")
    data = {"items": rows, "missing": missing}
    return Answer(as_rows(lines), data, {"missing": len(missing)}, exit_code=6 if missing else 0)
