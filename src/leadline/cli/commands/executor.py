"""Declare where commands are run, and prove that it works."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import pairs, seconds, several, subverbs
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING
from leadline.render.table import table

if TYPE_CHECKING:
    from leadline.ports.executor_setup import ExecutorSetup
    from leadline.services.context import Context

DESCRIPTION = """Where commands are run: this machine, or one declared here. A declaration is kept in the git directory
of this clone, is never read from a file of the checkout, and holds no secret. `leadline run --on NAME` uses it, and
every run records its name. `check` proves it with a trivial run. docs/executors.md has each kind, step by step."""
EXAMPLES = [
    "leadline executor add dev --kind ssh --host dev1 --work-folder /scratch/leadline --setup 'uv sync'",
    "leadline executor add quiet --kind local --env OMP_NUM_THREADS=1 --limit timeout_s=3600",
    "leadline executor check dev",
    "leadline executor default dev --thread attention",
    "leadline executor list",
]


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = subverbs(parser)
    add = verbs.add_parser("add", help="declare one on this machine")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--kind", required=True, metavar="KIND", help="local, ssh, …, or a plug-in's")
    add.add_argument(
        "--host", default="", help="a name that ssh knows, or the address of an engine"
    )
    add.add_argument("--partition", default="", metavar="NAME", help="a queue of the engine")
    several(add, "--device", "NAME[:N]", "what each run gets", dest="devices")
    add.add_argument("--work-folder", default="", metavar="PATH", help="for Leadline's files there")
    add.add_argument(
        "--setup", default="", metavar="COMMAND", help="prepares the environment there"
    )
    add.add_argument(
        "--lock-file", default="", metavar="PATH", help="--setup is run again when it changed"
    )
    several(add, "--env", "NAME=VALUE", "a variable of every run there")
    several(add, "--limit", "NAME=NUMBER", "timeout_s, cpus, memory_mb, retries", dest="limits")
    several(add, "--option", "NAME=VALUE", "what only this kind knows", dest="options")
    verbs.add_parser("list", help="all of this machine")
    for name, text in (
        ("show", "what is declared"),
        ("remove", "take the declaration away; nothing on that machine is touched"),
        ("default", "what runs the commands of the thread; none: as before"),
        ("check", "a trivial run, end to end: what is found there"),
    ):
        one = verbs.add_parser(name, help=text)
        one.add_argument("name", metavar="NAME")
        if name == "check":
            one.add_argument(
                "--wait", type=seconds, default=120.0, metavar="SECONDS", help="default: 2m"
            )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.run import executors

    if args.subverb == "list":
        rows = executors.listed(context)
        cells = [
            [
                row["name"],
                row["kind"],
                row["host"] or "this machine",
                " ".join(row["devices"]),
                "default of " + ", ".join(row["threads"]) if row["threads"] else "",
            ]
            for row in rows
        ]
        head = ["name", "kind", "where", "devices", ""]
        return Answer(table(head, cells), rows, {"executors": len(rows)})
    if args.subverb == "add":
        made = executors.add(context, _declared(args))
        check = [f"leadline executor check {made.name}"]
        return Answer(f"declared: {made.name}, {made.kind}", _shown(made), next=check)
    if args.subverb == "show":
        setup = executors.named(context, args.name)
        lines = [f"{key:<12} {_text(value)}" for key, value in _shown(setup).items() if value]
        return Answer(as_rows(lines), _shown(setup))
    if args.subverb == "remove":
        executors.remove(context, args.name)
        return Answer(f"{args.name} is no executor of this machine any more", {"name": args.name})
    if args.subverb == "default":
        topic = context.topic(args.thread)
        now = executors.choose(context, topic, args.name)
        return Answer(f"commands of {topic} run on {now}", {"thread": topic, "executor": now})
    return _checked(context, args)


def _checked(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.run.executor_check import check

    found = check(context, args.name, args.wait)
    signs = {True: "ok", False: "NO", None: ""}
    lines = [f"{one['what']:<8} {signs[one['ok']]:<3} {one['found']}" for one in found["findings"]]
    verdict = f"{args.name} runs commands" if found["ok"] else f"{args.name} does not work yet"
    following = [f"leadline run --on {args.name} -- COMMAND"]
    if not found["ok"]:
        following = found["next"]
    told = as_rows([*lines, verdict])
    code = 0 if found["ok"] else 6
    return Answer(told, found, next=following, exit_code=code)


def _declared(args: argparse.Namespace) -> ExecutorSetup:
    from leadline.core.errors import usage
    from leadline.ports.executor_setup import ExecutorSetup

    try:
        limits = {k: float(v) for k, v in pairs(args.limits, "--limit", "executor add").items()}
    except ValueError:
        raise usage(
            "bad-limit",
            f"--limit {' '.join(args.limits)} is no number",
            do="leadline executor add --help",
        ) from None
    return ExecutorSetup(
        name=args.name,
        kind=args.kind,
        host=args.host,
        partition=args.partition,
        devices=tuple(args.devices),
        work_folder=args.work_folder,
        setup=args.setup,
        lock_file=args.lock_file,
        environment=pairs(args.env, "--env", "executor add"),
        limits=limits,
        options=pairs(args.options, "--option", "executor add"),
    )


def _shown(setup: ExecutorSetup) -> dict[str, object]:
    """As declared."""
    ours = ("git_dir", "cache_folder")
    return {k: v for k, v in setup.__dict__.items() if k not in ours}


def _text(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={one}" for key, one in value.items())
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return str(value)
