"""Prepare a repository for Leadline."""

from __future__ import annotations

import argparse
from typing import Any

from leadline.cli.answer import Answer

DESCRIPTION = """Prepare this repository. Everything has a default, so `leadline start` works without it: init only
writes settings that differ, beside the records (never into the work tree)."""
EXAMPLES = ["leadline init", "leadline init --remote upstream --no-logbook-in-tree"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--remote", help="git remote that `leadline sync` uses (default: origin)")
    parser.add_argument("--record-branch", metavar="NAME", help="default: leadline/records")
    parser.add_argument("--branch-prefix", metavar="TEXT", help="default: research/")
    parser.add_argument("--logbook-folder", metavar="PATH", help="default: .agents/logbooks")
    parser.add_argument("--no-logbook-in-tree", action="store_true", help="keep the logbook on the record branch alone")
    parser.add_argument("--label", help="label of experiment issues (default: experiment)")
    parser.add_argument("--marker", help="text that marks what an agent posts")


def run(context: Any, args: argparse.Namespace) -> Answer:
    changes = {
        k: v
        for k, v in {
            "remote": args.remote,
            "record_branch": args.record_branch,
            "branch_prefix": args.branch_prefix,
            "logbook.folder": args.logbook_folder,
            "issue.label": args.label,
            "marker": args.marker,
            "logbook.in_tree": False if args.no_logbook_in_tree else None,
        }.items()
        if v is not None
    }
    if args.remote and args.remote not in context.vcs.remotes():
        from leadline.core.errors import LeadlineError

        raise LeadlineError(
            "not_found",
            "no-such-remote",
            f"this repository has no remote {args.remote!r}",
            f"remotes: {', '.join(context.vcs.remotes()) or 'none'}",
            f"git remote add {args.remote} URL",
        )
    path = context.save_settings(changes)
    data = {"root": context.root, "settings": path, "changed": changes, "threads": context.store.topics()}
    lines = [
        f"records  {context.root}",
        f"settings {path}" + (f" ({len(changes)} changed)" if changes else ""),
        f"threads  {', '.join(data['threads']) or 'none yet'}",
    ]
    return Answer("\n".join(lines), data, next=[] if data["threads"] else ["leadline start TOPIC --goal '…'"])
