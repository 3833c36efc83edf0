"""Tell an agent's program of Leadline: skill, hooks, server, AGENTS.md."""

from __future__ import annotations

import argparse
import os
import shutil

from leadline.cli.answer import Answer
from leadline.cli.parsing import subverbs
from leadline.core.typed import TYPE_CHECKING
from leadline.services.agent.programs import PROGRAMS

if TYPE_CHECKING:
    from leadline.services.agent.install import Place, Status

NEEDS_REPOSITORY = False
DESCRIPTION = """Install the skill run-research, the hooks, the entry of the server and (in a project) a block in
AGENTS.md for claude, codex, gemini, opencode, cursor, or all; without a name for those found here. Every other byte
of their files stays; uninstall gives back what was there. A file that cannot be edited surely is left alone."""
EXAMPLES = [
    "leadline agent install claude --dry-run",
    "leadline agent install all",
    "leadline agent status",
    "leadline agent uninstall all",
]


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = subverbs(parser)
    for name, text in (
        ("install", "tell the programs"),
        ("uninstall", "take it back"),
        ("status", "what is installed"),
    ):
        verb = verbs.add_parser(name, help=text)
        where = verb.add_mutually_exclusive_group()
        where.add_argument("--project", action="store_true", help="in this work tree (the default)")
        where.add_argument("--user", action="store_true", help="for you, in all projects")
        if name != "status":
            verb.add_argument("programs", nargs="*", type=_program, metavar="PROGRAM")
            verb.add_argument(
                "--dry-run", action="store_true", help="show the whole diff; write nothing"
            )


def run(context: None, args: argparse.Namespace) -> Answer:
    from leadline.services.agent import install

    if args.subverb == "status":
        return _status(args)
    place = _place(args.folder, args.user)
    programs = _programs(args.programs)
    back = args.subverb == "uninstall"
    plan = (install.plan_uninstall if back else install.plan_install)(place, programs)
    diff = install.diff_of(plan, args.dry_run)
    if plan.changes and not args.dry_run:
        plan = install.apply(place, plan, back)
    done = {True: "would be changed", False: "changed"}[args.dry_run]
    told = [diff] if diff else []
    told += [f"left: {line}" for line in plan.left]
    told.append(f"{len(plan.changes)} files {done} for {', '.join(programs)}")
    if not back and shutil.which("leadline") is None:
        told.append("leadline is not on the PATH: hooks and server will not be found")
    data = {
        "programs": programs,
        "changed": [change.path for change in plan.changes],
        "left": plan.left,
        "dry_run": args.dry_run,
        "diff": diff,
    }
    return Answer("\n".join(told), data, {"changed": len(plan.changes), "left": len(plan.left)})


def _programs(named: list[str]) -> list[str]:
    if "all" in named:
        return list(PROGRAMS)
    if named:
        return list(dict.fromkeys(named))
    found = [name for name in PROGRAMS if shutil.which(name) or _has_own_folder(name)]
    return found or ["claude", "codex"]


def _has_own_folder(name: str) -> bool:
    folder = os.path.dirname(PROGRAMS[name].hooks)
    return bool(folder) and os.path.isdir(os.path.join(os.path.expanduser("~"), folder))


def _place(folder: str | None, user: bool) -> Place:
    from leadline.services.agent.install import Place

    if user:
        home = os.path.expanduser("~")
        state = os.environ.get("XDG_STATE_HOME") or os.path.join(home, ".local", "state")
        return Place(home, os.path.join(state, "leadline", "agent.json"), True)
    from leadline.bootstrap import open_context

    context = open_context(folder)
    return Place(context.toplevel, os.path.join(context.vcs.git_dir, "leadline-agent.json"), False)


def _status(args: argparse.Namespace) -> Answer:
    from leadline.core.errors import LeadlineError
    from leadline.render.table import table
    from leadline.services.agent.install import status_of

    places = []
    try:
        places = [] if args.user else [("project", _place(args.folder, False))]
    except LeadlineError:
        if args.project:
            raise
    places += [] if args.project else [("user", _place(None, True))]
    found = [(where, row) for where, place in places for row in status_of(place)]
    rows = [
        [
            row.program,
            where,
            _count(row),
            _yes(row.server),
            _yes(row.skill),
        ]
        for where, row in found
        if not row.is_empty
    ]
    told = [table(["program", "where", "hooks", "server", "skill"], rows)] if rows else []
    unread = dict.fromkeys(said for _, row in found for said in row.problems)
    told += [f"not known: {said}" for said in unread]
    for where, _ in places:
        without = [row.program for at, row in found if at == where and row.is_empty]
        if without:
            told.append(f"{_FOR[where]} not installed: {', '.join(without)}")
    data = [{"where": where, **row._asdict()} for where, row in found]
    return Answer("\n".join(told), data)


_FOR = {"project": "for this project", "user": "for you in all projects"}


def _count(row: Status) -> str:
    if not row.events:
        return "–"
    found = "?" if row.hooks is None else row.hooks
    return f"{found}/{row.events}"


def _yes(value: bool | None) -> str:
    return {None: "?", True: "yes", False: "no"}[value]


def _program(text: str) -> str:
    if text not in PROGRAMS and text != "all":
        known = ", ".join(PROGRAMS)
        raise argparse.ArgumentTypeError(f"{text!r} is no program that is known: {known}, all")
    return text
