"""Full-text search over everything tried."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Search all threads: commands, configs, results, notes, hypotheses, claims, decisions, superseded and
retracted work. What failed, was falsified or turned out negative comes first. Words match by their beginning."""
ANSWER = "services.look.tried:Tried[]"
EXAMPLES = ["leadline tried lzma preset", "leadline tried out of memory --limit 5"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="+", metavar="WORD")
    parser.add_argument(
        "--limit", type=int, default=20, metavar="N", help="at most N hits (default 20)"
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.plain import plain
    from leadline.services.look.tried import tried

    hits, total = tried(context, args.words, max(1, args.limit))
    lines = []
    for hit in hits:
        times = f" ({hit.times} runs)" if hit.times > 1 else ""
        kind = f"negative result ({hit.reason_class})" if hit.reason_class else hit.kind
        lines.append(plain(f"{hit.id or hit.kind:<12} {kind}{times}, {hit.topic}\n    {hit.text}"))
    if total > len(hits):
        lines.append(f"{len(hits)} of {total} hits")
    return Answer(
        "\n".join(lines) or f"nothing tried mentions {' '.join(args.words)}",
        [hit.as_dict() for hit in hits],
        {"hits": total, "shown": len(hits)},
        total > len(hits),
    )
