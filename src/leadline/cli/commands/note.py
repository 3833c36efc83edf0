"""Write down a note, an interpretation, a next action, a result or a negative result."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Add a note; ids before the text, or --about, say what it is about. Interpretations and next actions can
follow a run at any time.

In results, interpretations, takeaways and negative results a number is written as a citation, {{P-003.time_ms}}, which
is filled in from the record and rechecked; a number from elsewhere needs --reported."""
EXAMPLES = [
    "leadline note P-003 'the gather dominates' --interpretation",
    "leadline note P-003 --next-action 'try block 256'",
    "leadline note --result 'P-003 takes {{P-003.time_ms}} against {{baseline.time_ms}}'",
    "leadline note --takeaway 'a bigger block saves a third of the waiting time'",
    "leadline note P-004 --negative trade-off 'faster, but needs {{P-004.memory_mb}} of memory'",
]
ROLES = {
    "--interpretation": ("interpretation", "what the result means"),
    "--next-action": ("next", "what to do next"),
    "--done": ("done", "the next step is done: what came of it"),
    "--result": ("result", "a result in words"),
    "--observation": ("observation", "something seen"),
    "--takeaway": ("takeaway", "what it comes to, for people who are no specialists"),
    "--blocker": ("blocker", "what is in the way"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    from leadline.services.write.note import REASON_CLASSES

    parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]  # options between ID and TEXT
    parser.add_argument(
        "words", nargs="*", metavar="[ID...] TEXT", help="what it is about, then the text"
    )
    parser.add_argument(
        "--about", nargs="+", action="extend", default=[], metavar="ID", help="what it is about"
    )
    role = parser.add_mutually_exclusive_group()
    for option, (name, text) in ROLES.items():
        role.add_argument(option, dest="role", action="store_const", const=name, help=text)
    role.add_argument(
        "--negative",
        metavar="REASON",
        help=f"a negative result: {', '.join(REASON_CLASSES)} (or its text, unclassified)",
    )
    parser.add_argument(
        "--reported", metavar="SOURCE", help="its numbers come from elsewhere; never evidence"
    )


def split_words(words: list[str]) -> tuple[list[str], str]:
    """(ids in front, the text)."""
    from leadline.core.ids import parse_id

    ids = []
    rest = list(words)
    while rest and parse_id(rest[0]) is not None:
        ids.append(rest.pop(0))
    return ids, " ".join(rest)


def in_place_of(context: Context, topic: str) -> str:
    """What is said of the next action that another one replaces, "" where none is open."""
    from leadline.core.view.step import next_action

    open_ = next_action(context.store.thread(topic))
    return f", in place of: {open_}" if open_ else ""


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.write.note import REASON_CLASSES, UNCLASSIFIED, note

    ids, text = split_words(args.words)
    about, tail = split_words(args.about)  # `--about P-003 TEXT`: the option has swallowed the text
    text = text or tail
    role, reason = args.role or "note", args.negative or ""
    if reason:
        role = "negative"
        if not text and reason not in REASON_CLASSES:
            reason, text = UNCLASSIFIED, reason
    topic = context.topic(args.thread)
    instead = in_place_of(context, topic) if role == "next" else ""
    shown, written = note(
        context,
        topic,
        text,
        list(dict.fromkeys([*ids, *about])),
        role,
        reason,
        args.reported,
    )
    named = f" about {', '.join(written['about'])}" if written["about"] else ""
    words = {"next": "next action", "negative": f"negative result ({reason})"}.get(role, role)
    data = {"id": shown, **{k: v for k, v in written.items() if k != "refs"}}
    weight = "  (reported, not evidence)" if args.reported else ""
    return Answer(f"{shown}  {words}{named}{instead}{weight}", data)
