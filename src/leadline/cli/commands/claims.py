"""All claims with their computed labels."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.compare.looks import LooksTold
    from leadline.services.context import Context
    from leadline.services.evidence.claims import ClaimInFull, ClaimRow

LISTED = 40
COUNTED = 30
ANSWER = "services.evidence.claims:ClaimRow[]"
DESCRIPTION = """All claims with the label that the runs bear now, n, and what is missing for the next label. Labels
move when runs are added, corrected or retracted. --why shows one claim with its arithmetic."""
EXAMPLES = ["leadline claims", "leadline claims --label replicated", "leadline claims --why C1"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", nargs="?", metavar="ID", help="as --why")
    parser.add_argument(
        "--why", metavar="ID", help="one claim: arithmetic, runs that count and do not, commands"
    )
    parser.add_argument(
        "--label", default="", help="only: none, refuted, exploratory, replicated, stable, reported"
    )


def claim_lines(row: ClaimRow) -> list[str]:
    """One claim, a few lines: label, n, text, marks that must be seen, what is missing."""
    lines = _head(row)
    if row["state"] == "standing":
        lines += [f"    for the next label: {m}" for m in row["missing"][:3]]
        if len(row["missing"]) > 3:
            lines.append(
                f"    and {len(row['missing']) - 3} more: leadline claims --why {row['id']}"
            )
    return lines


def _head(row: ClaimRow) -> list[str]:
    marks = []
    if row["state"] != "standing":
        marks.append(f"{row['state'].upper()}: {row['withdrawn']}")
    if row["reported"]:
        marks.append(f"reported: {row['reported']}")
    if row["asked"]:
        marks.append(f"asked for {row['asked']}, overridden: {row['override']}")
    elif row["override"]:
        marks.append(f"overridden: {row['override']}")
    if row["preregistered"]:
        marks.append(f"pre-registered as {row['preregistered']}")
    if row["confirmed_on_production_path"] is False:
        marks.append("not confirmed on the production path")
    lines = [f"{row['id']}  {row['sentence_short']}"]
    if row["text"]:
        lines.append(f"    author: “{row['text']}”")
    if marks:
        lines.append(f"    [{'; '.join(marks)}]")
    return lines


def run(context: Context, args: argparse.Namespace) -> Answer:
    if named := args.why or args.id:
        from leadline.services.evidence.claims import one

        row = context.look(args.thread, lambda thread: one(thread, named))
        return Answer(as_rows(_why(row)), row, next=row["commands"])
    from leadline.services.evidence.listed_claims import listing

    most = None if args.json else LISTED
    rows, count = context.look(args.thread, lambda thread: listing(thread, args.label, most))
    lines = [line for row in rows[:LISTED] for line in claim_lines(row)]
    if count > LISTED:
        lines.append(f"… and {count - LISTED} more: leadline claims --json")
    return Answer(as_rows(lines) or "no claim yet", rows, {"claims": count}, count > LISTED)


def _why(row: ClaimInFull) -> list[str]:
    lines = _head(row)
    lines.append(f"    that      {row['predicate'] or 'no checkable form'}")
    for clause in row["clauses"]:
        lines.append(f"    clause    {clause['clause']}")
        lines.append(f"              {clause['arithmetic']}")
        lines += [f"              {note}" for note in clause["notes"]]
        lines += [f"              {look}" for look in _looks(clause["looks"])]
    lines += [f"    said      {said}" for said in row["said"][1:]]
    counted = row["counted"]
    more = f", … {len(counted) - COUNTED} more with --json" if len(counted) > COUNTED else ""
    lines.append(f"    counted   {len(counted)}: {', '.join(counted[:COUNTED]) or 'none'}{more}")
    path = {
        True: "; confirmed on the declared path",
        False: "; not confirmed on the declared path",
        None: "; no path is declared as the one that matters",
    }[row["confirmed_on_production_path"]]
    lines.append(f"    executor  {', '.join(row['paths']) or 'none'}{path}")
    lines += [f"    missing   {m}" for m in row["missing"]]
    lines += [f"    command   {command}" for command in row["commands"]]
    return lines


def _looks(looks: LooksTold) -> list[str]:
    """How often it could be looked at and among how many it was chosen, in a sentence; none with too
    few runs."""
    if looks["level"] is None:
        return []
    of = f", one of {looks['choices']} to choose from" if looks["choices"] > 1 else ""
    level = f"error spent there {100 * looks['level']:.2g} % of 5 %{of}"
    if looks["shown_at"]:
        return [f"shown at look {looks['shown_at']} of {looks['count']} ({level})"]
    return [f"not shown at any of {looks['count']} looks (at look {looks['last']}: {level})"]
