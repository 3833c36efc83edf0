"""All threads, by category."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Every thread of this repository, by category: state, label of the strongest claim, what came out, last
update, issue. The same as a page, with links and badges, is README.md on the record branch. A category is given at the
start (--category) or later (`leadline correct TOPIC category='…'`); a thread that belongs nowhere says why
(`leadline correct TOPIC uncategorised='…'`)."""
EXAMPLES = ["leadline index", "leadline index --check", "leadline index --markdown > threads.md"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check", action="store_true", help="exit 6 when a thread has neither category nor reason"
    )
    parser.add_argument("--markdown", action="store_true", help="the page of the record branch")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.publish.index import index, left_out

    text, page, entries = index(context)
    missing = left_out(entries)
    if args.check and not args.markdown:
        text = "\n".join([text, "", *(f"{m['what']}  -> {m['mend']}" for m in missing)]).rstrip()
    data: dict[str, object] = {
        "threads": [e.as_dict() for e in entries],
        "uncategorised": missing,
    }
    if args.markdown:
        data["page"], text = page, page.rstrip("\n")
    return Answer(
        text,
        data,
        {"threads": len(entries), "uncategorised": len(missing)},
        next=[m["mend"] for m in missing][:3],
        exit_code=6 if args.check and missing else 0,
    )
