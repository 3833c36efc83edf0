"""The next step of a thread: the last one given, until it is done.

It is given by a note, an update or the finish, and one given later takes its place. It is done when a note says so,
when what it names to type has been run, and when all hypotheses that it names are decided. One in plain words that
a decision came after may be done: it says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

from leadline.core.ids import ID_IN_TEXT
from leadline.core.patterns import later
from leadline.core.plain import shell_words
from leadline.core.record.ranks import DECIDED_STATES, state_of
from leadline.core.record.thread import Item, Thread, is_a
from leadline.core.text.citation import render as cited
from leadline.core.timestamps import minute
from leadline.core.typed import Any, NamedTuple
from leadline.core.view import facts

LOOKED_AT = 200  # experiments and sweeps behind the step
_CODE = later(r"`([^`]+)`")


class Step(NamedTuple):
    """A next step as it was given; ``source``: what of the record says it; ``decided``: the first
    decision that came after it."""

    text: str
    source: str
    at: str
    decided: str = ""

    @property
    def words(self) -> str:
        since = f"; given before {self.decided}" if self.decided else ""
        return f"{self.text} ({self.source}, {minute(self.at)}{since})"

    @property
    def command(self) -> str:
        """The first command in code that it names, "" without one."""
        found = next((words for words in _CODE.findall(self.text) if " " in words), "")
        return found if not found or found.startswith("leadline ") else f"leadline run -- {found}"


def next_step(thread: Thread) -> Step | None:
    """None where none was given, or the last one is done."""
    given = [*_said(thread), *_of_finish(thread)]
    if not given:
        return None
    uid, steps = max(given)
    left = next((step for step in steps if not _is_done(step, uid, thread)), None)
    if left is None:
        return None
    decided: Sequence[Item[Any]] = facts.standing(thread, "decision", newest_first=True)
    after = [d.id for d in islice(takewhile(lambda d: d.uid > uid, decided), LOOKED_AT)]
    return left._replace(decided=after[-1]) if after else left


def next_action(thread: Thread) -> str:
    """The next step with where it is said, "" without one."""
    step = next_step(thread)
    return "" if step is None else step.words


def _said(thread: Thread) -> Iterator[tuple[str, list[Step]]]:
    """(uid, steps) of the last note that gives one, of the last that ends it, of the last update."""
    for role in ("next", "done"):
        for note in facts.notes_in(thread, role)[:1]:
            text = facts.says(note, thread)
            yield note.uid, [Step(text, note.id, note.at)] if role == "next" else []
    updates: Sequence[Item[Any]] = facts.standing(thread, "update", newest_first=True)
    for update in updates[:LOOKED_AT]:
        if text := str((update.body.get("words") or {}).get("next") or ""):
            text = cited(text, thread, update.refs)
            yield update.uid, [Step(text, update.id, update.at)]
            return


def _of_finish(thread: Thread) -> Iterator[tuple[str, list[Step]]]:
    for finish in thread.finishes[-1:]:
        steps = facts.listed(finish.get("next_steps"))
        yield finish["uid"] or "~", [Step(text, "the finish", finish["at"]) for text in steps]


def _is_done(step: Step, uid: str, thread: Thread) -> bool:
    named = [item for m in ID_IN_TEXT.finditer(step.text) if (item := thread.items.get(m[0]))]
    queue = [item for item in named if is_a(item, "hypothesis")]
    if queue and all(state_of(h) in DECIDED_STATES for h in queue):
        return True
    # Each command in code has to be run; of those in plain words one will do.
    text = " ".join(step.text.split())
    wanted = _CODE.findall(text) or [text]
    for command in _ran_behind(thread, step.at, uid):
        if " " in command or "`" in text:
            wanted = [words for words in wanted if not _stands_in(command, words)]
        if not wanted:
            return True
    return False


def _stands_in(command: str, text: str) -> bool:
    """Whether it stands there to its end: ``--k 1`` does not stand in ``--k 16``, nor in ``--k 1 --m 2``."""
    end = r"[\'\")]*(?:[.,;:)](?:\s|$)|$)"
    return bool(command) and re.search(rf"(?<!\S){re.escape(command)}{end}", text) is not None


def _ran_behind(thread: Thread, at: str, uid: str) -> Iterator[str]:
    """The commands that ended well and were planned behind the record ``uid`` of then, and those of
    sweeps."""
    sweeps: Sequence[Item[Any]] = facts.standing(thread, "sweep", newest_first=True)
    for sweep in sweeps[:LOOKED_AT]:
        if sweep.uid < uid:
            break
        yield shell_words(sweep.body["argv"])
    for experiment in islice(facts.recent(thread), LOOKED_AT):
        if facts.ended_last(experiment) < at:
            break
        last = experiment.evidence_runs[-1]
        if last.uid > uid:
            yield shell_words(last.argv)
