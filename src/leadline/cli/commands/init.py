"""Prepare a repository for Leadline."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.plain import as_rows, shell_word
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Prepare this repository. Everything has a default, so `leadline start` works without it: init only
writes settings that differ, beside the records. Into the work tree it writes nothing, but for the issue template that
--github adds and never puts in the place of another text."""
EXAMPLES = [
    "leadline init",
    "leadline init --github",
    "leadline init --github --api-url https://ghe.example.org/api/v3",
    "leadline init --remote upstream --no-logbook-in-tree",
    "leadline init --set 'run.environment=[\"NCCL_*\"]'",
]

SETTINGS = {
    "remote": "remote",
    "record_branch": "record_branch",
    "branch_prefix": "branch_prefix",
    "logbook_folder": "logbook.folder",
    "label": "issue.label",
    "marker": "marker",
    "executor": "run.executor",
    "forge": "forge",
    "forge_repository": "forge.repository",
    "api_url": "forge.api_url",
    "web_url": "forge.web_url",
    "pages": "forge.pages",
    "artifact_limit_mb": "tracker.artifact_limit_mb",
}


def configure(parser: argparse.ArgumentParser) -> None:
    from leadline.adapters.forges.registry import KINDS
    from leadline.core.record.thread import IN_RECORD

    parser.add_argument("--remote", help="git remote that `leadline sync` uses (default: origin)")
    parser.add_argument("--record-branch", metavar="NAME", help="default: leadline/records")
    parser.add_argument("--branch-prefix", metavar="TEXT", help="default: research/")
    parser.add_argument("--logbook-folder", metavar="PATH", help="default: .agents/logbooks")
    parser.add_argument(
        "--no-logbook-in-tree",
        action="store_true",
        help="keep the logbook on the record branch alone",
    )
    parser.add_argument(
        "--sync-code",
        action="store_true",
        help="`leadline sync` sends the code states of runs each time, after a scan for secrets",
    )
    parser.add_argument("--label", help="label of experiment issues (default: experiment)")
    parser.add_argument("--marker", help="text that marks what an agent posts")
    parser.add_argument(
        "--executor",
        metavar="NAME",
        help="what starts commands: local, or one that a plug-in brings (default: local)",
    )
    parser.add_argument(
        "--artifact-limit-mb",
        type=float,
        metavar="MB",
        help="largest file sent to a tracker (default: 1000)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any setting by its name (docs/reference.md lists them); NAME= takes it away",
    )
    forge = parser.add_argument_group(
        "forge", "Where experiment issues live: in the record alone, or outside as well."
    )
    forge.add_argument(
        "--github", action="store_true", help="on GitHub; adds an issue template for people"
    )
    forge.add_argument(
        "--forge",
        metavar="NAME",
        help=f"{', '.join(KINDS)}, or one that a plug-in brings (default: {IN_RECORD})",
    )
    forge.add_argument(
        "--forge-repository", metavar="OWNER/NAME", help="default: from the git remote"
    )
    forge.add_argument("--api-url", metavar="URL", help="of GitHub Enterprise: https://HOST/api/v3")
    forge.add_argument(
        "--web-url", metavar="URL", help="where the pages are, when the git remote does not say"
    )
    forge.add_argument(
        "--pages", metavar="LAYOUT", help="how links to files look: github, gitlab, gitea, none"
    )
    forge.add_argument(
        "--force", action="store_true", help="replace an issue template that differs"
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.errors import usage
    from leadline.services.publish.prepare import check_settings, setting_named

    changes: dict[str, object] = {
        k: v for name, k in SETTINGS.items() if (v := getattr(args, name)) is not None
    }
    if args.sync_code:
        changes["code.sync"] = True
    if args.no_logbook_in_tree:
        changes["logbook.in_tree"] = False
    for given in args.set:
        name, value = setting_named(given)
        changes[name] = value
    if args.github:
        changes["forge"] = "github"
    if args.github and args.forge not in (None, "github"):
        raise usage(
            "two-forges",
            f"--github and --forge {args.forge} exclude each other",
            do="leadline init --github",
        )
    check_settings(context, changes)
    forge, template = None, None
    if any(name == "forge" or name.startswith("forge.") for name in changes):
        from leadline.core.errors import LeadlineError
        from leadline.services.publish.prepare import forge_as_set

        try:
            forge = forge_as_set(context, changes)
        except LeadlineError as error:
            # what was typed stays: without its --api-url it would be another server
            if error.code == "no-repository":
                typed = f"--forge {args.forge}" if args.forge else ""
                if args.github:
                    typed = "--github"
                given = (
                    ("--api-url", args.api_url),
                    ("--web-url", args.web_url),
                    ("--pages", args.pages),
                )
                words = [
                    typed,
                    *(f"{option} {shell_word(value)}" for option, value in given if value),
                ]
                error.next = [
                    " ".join(
                        ["leadline init", *filter(None, words), "--forge-repository OWNER/NAME"]
                    )
                ]
            raise
    if forge and (agreed := forge.pop("agreed")):
        known = context.setting("forge.agreed")
        changes["forge.agreed"] = [*(place for place in known if place != agreed), agreed]
    path = context.save_settings(changes)
    if args.github:
        from leadline.services.publish.prepare import write_template

        template = write_template(context, args.label or context.setting("issue.label"), args.force)
    threads = context.store.topics()
    data = {
        "root": context.root,
        "settings": path,
        "changed": changes,
        "threads": threads,
        "forge": forge,
        "template": template,
    }
    lines = [
        f"records  {context.root}",
        f"settings {path}" + (f" ({len(changes)} changed)" if changes else ""),
        f"threads  {', '.join(threads) or 'none yet'}",
    ]
    if forge:
        where = (
            f": {forge['repository']} at {forge['web']} (from {forge['from']})"
            if forge["repository"]
            else ""
        )
        lines.append(f"forge    {forge['name']}{where}")
    following = [] if data["threads"] else ["leadline start TOPIC --goal '…'"]
    if template:
        said = {"kept": "differs and is kept; --force replaces it"}.get(
            template["state"], template["state"]
        )
        lines.append(f"template {template['path']}: {said}")
        if template["state"] in ("written", "replaced"):
            following.insert(0, f"git add {template['path']}")
        following.insert(0, "leadline doctor")
    return Answer(as_rows(lines), data, next=following)
