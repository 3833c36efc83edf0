"""What an agent's program asks between its steps. It never fails the agent's work."""

from __future__ import annotations

import argparse
import json
import os
import sys

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadline.core.agent.events import Event

NEEDS_REPOSITORY = False
DESCRIPTION = """Called by an agent's program (leadline agent install): reads one event as JSON on standard input and
answers in that program's words. At the start the brief; before a command that measures the line that records it, once;
an edit of a rendered file, of the record, or (once) of what measures is refused; after a failed run where its record
is; before the stop what is owed, once; the end closes the session. Whatever goes wrong, the exit code is 0 and the
agent goes on. `leadline init --set hooks.off=stop,before` (or $LEADLINE_HOOKS_OFF) silences some of: start, helper,
before, after, compact, stop, end."""
EXAMPLES = ["leadline hook --agent claude-code < event.json"]
MOST_BYTES = 8 << 20


def configure(parser: argparse.ArgumentParser) -> None:
    known = parser.parse_known_args  # what another version was told to ask is no failure here
    parser.parse_args = lambda *words: known(*words)[0]  # type: ignore[method-assign,assignment]
    parser.add_argument("--agent", default="claude-code", metavar="NAME", help="whose event it is")
    parser.add_argument("--event", default="", metavar="NAME", help="where the JSON does not say")


def run(context: None, args: argparse.Namespace) -> Answer:
    try:
        said = _answer(args)
    except BaseException:  # an agent's work does not end for us
        return Answer()
    return Answer(json.dumps(said) if said else "")


def _answer(args: argparse.Namespace) -> dict[str, Any]:
    from leadline.core.agent.events import in_words_of

    event = _event(args.event)
    if event is None or not _asks(event):
        return {}
    from leadline.bootstrap import open_context

    context = open_context(args.folder or event.folder or None)
    off = {*context.setting("hooks.off"), *os.environ.get("LEADLINE_HOOKS_OFF", "").split(",")}
    if event.moment in off or not context.store.topics():
        return {}
    from leadline.services.agent.hook import answer

    return in_words_of(args.agent, event, answer(context, args.agent, event))


def _event(word: str) -> Event | None:
    from leadline.core.agent.events import event_of

    return event_of(json.loads(sys.stdin.buffer.read(MOST_BYTES)), word)


def _asks(event: Event) -> bool:
    """Most steps are none of our business, and are told from their words alone."""
    from leadline.core.agent.events import AFTER, BEFORE

    if event.moment == AFTER:
        return "leadline" in event.command
    if event.moment != BEFORE or event.paths:
        return True
    from leadline.core.agent.measuring import may_measure, measuring
    from leadline.core.agent.shell import written_by

    command = event.command  # of what may measure, a profile of a thread decides
    return bool(may_measure(command) or measuring(command) or written_by(command))
