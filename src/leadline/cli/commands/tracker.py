"""Choose a tracker, say how it stands, send what waits, find what disagrees."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from leadline.adapters.trackers.registry import BUILTIN
from leadline.cli.answer import Answer
from leadline.cli.parsing import several, subverbs
from leadline.core.plain import as_rows, plain
from leadline.core.timestamps import plural
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.tracker.rows import ReadAgain
    from leadline.services.context import Context
    from leadline.services.tracker.send import Pushed, Synced

LEFT_SHOWN = 5
LISTED = 30
DESCRIPTION = f"""A tracker ({", ".join(BUILTIN)}, or a plug-in's) for the dense numbers of a thread. A job that
uses its tracker's own library gets the project, the name (P-001, P-001-r2), the group and the tags from Leadline, and
writes beside the run; what it wrote is read as metrics and config of the record, and sent to the server by `sync`.
With --live the job talks to the server itself. The tracker `leadline` is a folder of runs that used ll.log (--at;
else the user's own): `sync` copies each there, and `leadline import --format leadline` takes it into another
repository. Keys stay in the environment, never in a record."""
EXAMPLES = [
    "leadline tracker set wandb my-project",
    "leadline tracker set mlflow my-project --at http://127.0.0.1:5000",
    "leadline tracker set leadline my-project --at /mnt/team/runs",
    "leadline tracker status",
    "leadline tracker sync",
    "leadline tracker push P-003",
    "leadline tracker push P-003 --artifact model.pt",
    "leadline tracker fetch P-003",
    "leadline tracker reconcile",
    "leadline tracker link https://wandb.ai/TEAM/PROJECT/reports/NAME --title 'Loss curves'",
]


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = subverbs(parser)
    first = verbs.add_parser("set", help="choose the tracker and project, once")
    first.add_argument(
        "tracker", metavar="TRACKER", help=f"{', '.join(BUILTIN)}, or none; or a plug-in's"
    )
    first.add_argument("project", metavar="PROJECT", nargs="?", default="")
    first.add_argument(
        "--at",
        default="",
        metavar="ADDRESS",
        help="server or shared folder, else the tracker's own",
    )
    first.add_argument("--live", action="store_true", help="jobs talk to the server themselves")
    first.add_argument(
        "--because", default="", metavar="WHY", help="why to change it after runs were made"
    )
    verbs.add_parser("status", help="the project, whether it can be reached, every run's standing")
    sync = verbs.add_parser("sync", help="read again what was provisional, send what waits")
    push = verbs.add_parser("push", help="send runs whose job does not use the tracker itself")
    push.add_argument("ids", nargs="*", metavar="ID", help="runs or experiments (default: all)")
    several(push, "--artifact", "FILE", "a file that goes beside the run")
    bring = verbs.add_parser(
        "fetch",
        help="bring the points of runs here, to be plotted: from another machine, or so far",
    )
    bring.add_argument(
        "ids", nargs="*", metavar="ID", help="runs or experiments (default: all with a tracker)"
    )
    both = verbs.add_parser(
        "reconcile", help="what the record and the tracker do not agree on, and what it cost"
    )
    both.add_argument(
        "--compared",
        type=int,
        default=200,
        metavar="N",
        help="values of the newest N runs (default 200)",
    )
    both.add_argument(
        "--all-threads", action="store_true", help="every thread, not the present one alone"
    )
    page = verbs.add_parser(
        "link", help="attach a report or a workspace: shown in the logbook, the brief, the issue"
    )
    page.add_argument("url", metavar="URL")
    page.add_argument("--title", default="", help="what it shows")
    for parser_ in (sync, push):
        parser_.add_argument(
            "--limit", type=float, metavar="SECONDS", help="how long sending one run may take"
        )


def run(context: Context, args: argparse.Namespace) -> Answer:
    if args.subverb == "reconcile":
        from leadline.cli.tracker_reconcile import reconciled

        return reconciled(context, args)
    topic = context.topic(args.thread)
    if args.subverb == "set":
        return _set(context, topic, args)
    if args.subverb == "link":
        from leadline.services.tracker.link import link

        made = link(context, topic, args.url, args.title)
        when = "attached" if made["changed"] else "attached before"
        return Answer(f"{when}: {plain(made['url'])}", made)
    if args.subverb == "status":
        return _status(context, topic)
    if args.subverb == "fetch":
        return _fetched(context, topic, args.ids)
    return _sent(context, topic, args)


def _set(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.services.tracker.choice import choose

    made = choose(
        context, topic, args.tracker, args.project, at=args.at, live=args.live, because=args.because
    )
    if not made["tracker"]:
        return Answer(f"{topic} has no tracker from now on", made)
    how = (
        "jobs talk to it themselves"
        if made.get("live")
        else "jobs write beside the run, tracker sync sends"
    )
    text = f"{topic} goes to {made['tracker']} {made['project']}: {how}"
    return Answer(
        text if made["changed"] else f"{text} (as before)", made, next=["leadline tracker status"]
    )


def _status(context: Context, topic: str) -> Answer:
    from leadline.services.tracker.standing import status

    data = status(context, topic)
    choice, reach, rows = data.choice, data.reach, data.runs
    if reach is None:
        lines = [f"{topic} has no tracker"]
    else:
        where = reach["where"] or "no address"
        reached = {True: "reachable", False: "not reachable", None: "not asked"}
        stands = reached[reach["reachable"]]
        if reach["why"]:
            stands += f": {plain(reach['why'])}"
        lines = [f"{choice['tracker']} {choice['project']} at {plain(where)} ({stands})"]
        if reach["missing"]:
            lines.append(
                f"sending needs {', '.join(reach['missing'])}: pip install 'leadline[{choice['tracker']}]'"
            )
    for row in rows[-LISTED:]:
        marks = [mark for mark in ("provisional", "waiting", "sent") if row[mark]]
        place = plain(row["url"] or (row["sent"] and row["at"]) or row["path"])
        if row["sent"] and choice.get("tracker") and row["project"] == _name(choice):
            place += (
                "" if row["at"] == choice.get("at", "") else "  (not in the one that is chosen now)"
            )
        lines.append(f"  {row['run']:<12} {row['state']:<9} {' '.join(marks):<8} {place}".rstrip())
        if row["odd"]:
            lines.append(f"    {plain(row['odd'])}")
        for one in row["further"][:LEFT_SHOWN]:
            lines.append(
                f"    {plain(one.get('name', ''))} ({plain(one['id'])}): another run of the job, not taken"
            )
            lines.append(f"      {plain(one['import'])}")
        if len(row["further"]) > LEFT_SHOWN:
            lines.append(
                f"    and {len(row['further']) - LEFT_SHOWN} more runs of the job; all with --json"
            )
    if len(rows) > LISTED:
        lines.append(f"  the last {LISTED} of {len(rows)}; all with --json")
    counts = {
        "runs": len(rows),
        "waiting": len(data.waiting),
        "provisional": len(data.provisional),
    }
    if data.waiting:
        lines.append(f"{len(data.waiting)} to be sent")
    following = ["leadline tracker sync"] if data.waiting or data.provisional else []
    if reach is None:
        following = ["leadline tracker set TRACKER PROJECT"]
    return Answer(as_rows(lines), data.as_dict(), counts, len(rows) > LISTED, following)


def _name(choice: Mapping[str, object]) -> str:
    return f"{choice['tracker']}:{choice.get('project', '')}"


def _fetched(context: Context, topic: str, ids: list[str]) -> Answer:
    from leadline.core.errors import EXIT_CODES
    from leadline.services.tracker.fetch import fetch

    data = fetch(context, topic, ids)
    lines = []
    for row in data.fetched[:LISTED]:
        other = (
            ""
            if row.get("as_recorded", True)
            else "; not what was recorded: leadline tracker reconcile"
        )
        other += f"; not all: {plain(row['incomplete'])}" if row.get("incomplete") else ""
        lines.append(f"{row['run']}: {row['points']:,} points of {row['metrics']:,} metrics{other}")
    lines += [f"{row['run']}: not fetched: {plain(row['why'])}" for row in data.left[:LISTED]]
    if data.already:
        lines.append(f"{len(data.already)} here already")
    following = [f"leadline plot {row['run']}" for row in data.fetched[:1]]
    counts = {name: len(rows) for name, rows in data.as_dict().items()}
    truncated = any(count > LISTED for count in counts.values())
    code = EXIT_CODES["remote"] if data.left else 0
    text = as_rows(lines) or "no run has a tracker"
    return Answer(text, data.as_dict(), counts, truncated, following, code)


def _sent(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    from leadline.core.errors import EXIT_CODES
    from leadline.services.tracker import send as tracker

    if args.limit is not None and not args.limit > 0:
        from leadline.core.errors import usage

        raise usage("bad-limit", f"--limit {args.limit:g} is no time", do="leadline tracker --help")
    done: Pushed | Synced
    read: list[ReadAgain] = []
    already: list[str] = []
    unseen = ""
    if args.subverb == "push":
        done = pushed = tracker.push(
            context, topic, args.ids, context.warn, args.limit, args.artifact
        )
        already = pushed.already
    else:
        done = synced = tracker.sync(context, topic, context.warn, args.limit)
        read, unseen = synced.read, synced.unseen
    lines = [f"read again  {row['run']}{_changes(row['changed'])}" for row in read[:LISTED]]
    for row in done.sent[:LISTED]:
        many = len(row["artifacts"])
        tail = f"  with {many} {plural(many, 'artifact')}" if many else ""
        lines.append(
            f"sent        {row['run']}  {plain(row['url'] or row.get('path') or row['id'])}{tail}"
        )
        if row["not_sent"]:
            more = ["..."] if len(row["not_sent"]) > LEFT_SHOWN else []
            ids = ", ".join([*map(plain, row["not_sent"][:LEFT_SHOWN]), *more])
            lines.append(f"  not sent    of the same job: {ids}: leadline tracker status")
        kept = row["artifacts_left"]
        lines += [f"  left here   {plain(a['name'])}: {plain(a['why'])}" for a in kept[:LEFT_SHOWN]]
        if len(kept) > LEFT_SHOWN:
            lines.append(f"  left here   and {len(kept) - LEFT_SHOWN} more")
    lines += [f"not sent    {row['run']}: {plain(row['why'])}" for row in done.left[:LISTED]]
    if already:
        lines.append(f"{len(already)} sent before")
    if unseen:
        lines.append(f"could not look: {plain(unseen)}")
    following = [step for row in done.left[:1] for step in row.get("next", [])]
    data = done.as_dict()
    counts = {name: len(rows) for name, rows in data.items() if isinstance(rows, list)}
    truncated = any(count > LISTED for count in counts.values())
    return Answer(
        as_rows(lines) or "nothing to do",
        data,
        counts,
        truncated,
        following,
        EXIT_CODES["remote"] if done.left or unseen else 0,
    )


def _changes(changed: dict[str, list[float | None]]) -> str:
    if not changed:
        return ""
    from leadline.core.timestamps import number

    words = [f"{name} {number(a)} -> {number(b)}" for name, (a, b) in list(changed.items())[:5]]
    return "  " + ", ".join(words) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
