"""What a check of an event file finds in it, kept so that a file that has not changed is not read
again: whether a writer's clock was off, and what the record points at outside itself."""

from __future__ import annotations

from collections.abc import Callable

from leadline.core.record.contents import COMMIT, LIST, named_in
from leadline.core.record.event import Record
from leadline.core.timestamps import epoch_ms
from leadline.core.typed import TYPE_CHECKING, NamedTuple
from leadline.core.ulid import BEYOND, EARLIEST_MS, first_at

if TYPE_CHECKING:
    from leadline.core.record.thread import Thread

JUMP_MS = 60_000
EARLIEST = first_at(EARLIEST_MS)


class Clock(NamedTuple):
    """What a writer's records, in order of their ids, say of its machine's clock.

    ``back``: the first two times of which the later record has the earlier by more than a jump, the
    second of them empty where none has. ``beyond``: the first id with a time that no clock says.
    """

    last_id: str = ""
    newest_at: str = ""
    back_from: str = ""
    back_to: str = ""
    beyond: str = ""

    def after(self, record: Record) -> Clock:
        _, newest_at, back_from, back_to, beyond = self
        if record.at >= newest_at:
            newest_at = record.at
        elif not back_to and epoch_ms(newest_at) - epoch_ms(record.at) > JUMP_MS:
            back_from, back_to = newest_at, record.at
        if not beyond and not EARLIEST <= record.id < BEYOND:
            beyond = record.id
        return Clock(record.id, newest_at, back_from, back_to, beyond)


class Outside(NamedTuple):
    """What records name outside themselves: all that the runs of the thread do, and maybe what a
    later record took back. Commits of code states; digests of payloads, of lists of more, of
    payloads that only the machine has which made them, and of those that another one made."""

    commits: set[str]
    payloads: set[str]
    manifests: set[str]
    staying: set[str]
    elsewhere: set[str]

    @staticmethod
    def nothing() -> Outside:
        return Outside(set(), set(), set(), set(), set())

    def take_in(self, other: Outside, own: bool) -> None:
        """``own``: ``other`` is of records that this machine made."""
        self.commits.update(other.commits)
        self.payloads.update(other.payloads)
        self.manifests.update(other.manifests)
        (self.staying if own else self.elsewhere).update(other.staying)

    def add(self, record: Record) -> None:
        for row, name in named_in(record):
            if row.what == COMMIT:
                self.commits.add(name)
            elif row.what == LIST:
                self.manifests.add(name)
            else:
                (self.payloads if row.travels else self.staying).add(name)


class Unbroken(NamedTuple):
    """A thread whose event files have no fault. ``thread`` is kept (see ``core/record/kept.py``);
    ``holds`` tells whether a writer's files have a line of this digest."""

    thread: Thread
    clocks: dict[str, Clock]
    outside: Outside
    holds: Callable[[str, str], bool]
