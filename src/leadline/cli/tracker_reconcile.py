"""What ``leadline tracker reconcile`` prints."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from leadline.cli.answer import Answer
from leadline.core.plain import as_rows, plain
from leadline.core.timestamps import counted, rounded
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.tracker.rows import Absence, Costs, Disagreement, NotDone, RunThere
    from leadline.services.context import Context
    from leadline.services.tracker.reconcile import Reconciled

LISTED = 20


def reconciled(context: Context, args: argparse.Namespace) -> Answer:
    """0 when both sides agree, 6 when they do not, 8 when a side could not be asked and nothing
    else is wrong: a run that waits for a side that could not be asked is no disagreement."""
    from leadline.core.errors import EXIT_CODES
    from leadline.services.tracker.reconcile import reconcile

    topics = context.store.topics() if args.all_threads else [context.topic(args.thread)]
    threads = {topic: reconcile(context, topic, max(0, args.compared)) for topic in topics}
    lines: list[str] = []
    for topic, data in threads.items():
        lines += _lines(topic, data)
    names = ("only_here", "only_there", "differ", "unknown", "not_compared")
    longest = {name: [len(getattr(data, name)) for data in threads.values()] for name in names}
    counts = {name: sum(lengths) for name, lengths in longest.items()}
    wrong = sum(map(_wrong, threads.values()))
    silent = any(place["not_asked"] for data in threads.values() for place in data.places)
    code = EXIT_CODES["remote"] if silent else 0
    if wrong:
        code = EXIT_CODES["check_failed"]
    rows = [{"thread": topic, **data.as_dict()} for topic, data in threads.items()]
    found = rows[0] if len(rows) == 1 else {"threads": rows}
    truncated = any(length > LISTED for lengths in longest.values() for length in lengths)
    return Answer(as_rows(lines), found, counts, truncated, _next(threads.values()), code)


def _wrong(data: Reconciled) -> int:
    """How much is known to disagree."""
    unasked = {(place["tracker"], place["project"]) for place in data.places if place["not_asked"]}
    waits = [
        r
        for r in data.only_here
        if r["code"] == "waiting" and (r["tracker"], r["project"]) in unasked
    ]
    return len(data.only_here) + len(data.only_there) + len(data.differ) - len(waits)


def _lines(topic: str, data: Reconciled) -> list[str]:
    lines = [topic]
    for place in data.places:
        at = f" at {plain(place['at'])}" if place["at"] else ""
        asked = f"NOT ASKED: {plain(place['not_asked'])}" if place["not_asked"] else "asked"
        lines.append(
            f"  {place['tracker']}:{plain(place['project'])}{at}: {counted(place['runs'], 'run')}, {asked}"
        )
    if not data.places:
        lines.append("  no tracker is chosen and no run is in one")
    lines += _part("only in the record", map(_sentence, data.only_here))
    lines += _part("only in the tracker", map(_stranger, data.only_there))
    lines += _part("they differ", map(_sentence, data.differ))
    lines += _part("unknown", map(_sentence, data.unknown))
    lines += _part("not compared", map(_sentence, data.not_compared))
    answered = any(not place["not_asked"] for place in data.places)
    if answered and not (data.only_here or data.only_there or data.differ or data.unknown):
        lines.append("  nothing disagrees")
    return [*lines, *_costs(data.costs)]


def _sentence(row: Absence | Disagreement | NotDone) -> list[str]:
    return [f"{row['run']}: {plain(row['why'])}"]


def _part(title: str, entries: Iterable[list[str]]) -> list[str]:
    """``entries``: the lines of each."""
    rows = list(entries)
    if not rows:
        return []
    shown = (f"    {line}" for row in rows[:LISTED] for line in row)
    lines = [f"  {title}: {len(rows)}", *shown]
    return lines + ([f"    ... {len(rows)} in all, with --json"] if len(rows) > LISTED else [])


def _stranger(row: RunThere) -> list[str]:
    text = f"{plain(row.get('name') or row['id'])} ({plain(row['id'])}, {row.get('state', 'unknown')}): {row['why']}"
    return [text, *([f"  {row['import']}"] if row.get("import") else [])]


def _costs(costs: Costs) -> list[str]:
    hours = [
        f"{rounded(h)} {kind}-hours ({rounded(costs['device_hours_in_tracker'].get(kind, 0.0))} of them in the tracker)"
        for kind, h in sorted(costs["device_hours"].items())
    ]
    parts = [f"{counted(costs['runs'], 'run')} took {', '.join(hours)}"] if hours else []
    if costs["unknown"]:
        parts.append(f"{counted(len(costs['unknown']), 'run')} of unknown time or devices")
    outside = costs["outside"]
    if outside["runs"]:
        hours_known = f"{rounded(outside['wall_hours'])} wall hours on an unknown number of devices"
        timed = outside["runs"] - outside["unknown"]
        known = [hours_known] * bool(timed) + [f"{outside['unknown']} of unknown time"] * bool(
            outside["unknown"]
        )
        parts.append(f"{counted(outside['runs'], 'run')} only in the tracker: {', '.join(known)}")
    return ["  cost: " + "; ".join(parts)] if parts else []


def _next(threads: Iterable[Reconciled]) -> list[str]:
    steps = []
    for data in threads:
        if any(row["code"] == "waiting" for row in data.only_here):
            steps.append("leadline tracker sync")
        steps += [row["import"] for row in data.only_there if row["named"] and row.get("import")][
            :3
        ]
        if any(place["not_asked"] for place in data.places):
            steps.append("leadline tracker status")
    return list(dict.fromkeys(steps))
