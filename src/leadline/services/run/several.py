"""Commands that make several runs (a sweep, two commands in turns, repeats): who is at one, how far it
is, and how it is asked to stop.

    several/<ULID>/lock          held by the process that is at it
    several/<ULID>/about.json    what it is and how far
    several/<ULID>/stop.asked    it is to end what runs, and to start nothing more
    several/<ULID>/log           what it says, when nobody listens

The lock is asked about without being taken. A command whose process died without its end is ``left``:
what it has started goes on and is recorded by whoever comes next, the rest takes a person's word.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from leadline.core.errors import conflict
from leadline.core.typed import TYPE_CHECKING, TypedDict, cast
from leadline.core.values import dataclass
from leadline.job import probe, supervise
from leadline.job.disk import discard, make_folders, open_in_place
from leadline.services.out_path import object_at, write_if_it_can
from leadline.services.run.command_end import command_ended

if TYPE_CHECKING:
    from leadline.services.context import Context

FOLDER = "several"
LOCK, ABOUT, STOP, LOG = "lock", "about.json", "stop.asked", "log"
TELL_EVERY_S = 0.5


class About(TypedDict):
    """``id``: of the sweep or measurement, or the experiment that is repeated. ``total`` is 0 where
    nobody knows how many runs it takes."""

    id: str
    uid: str
    thread: str
    verb: str
    executor: str
    detached: bool
    begun_at_s: float
    done: int
    total: int
    not_done: int  # of ``done``: those that did not end well
    pid: int
    start_ticks: int | None
    boot_id: str | None
    host: str
    told: bool  # its end is in the record, though it died


@dataclass
class Going:
    """One under way in this process."""

    folder: str
    about: About
    lock: int
    begun: Begun | None = None
    _told_at_s: float = 0.0

    def launched(self) -> None:
        """A run of it was: what can be refused was not, and who asked is told if he does not wait."""
        begun, self.begun = self.begun, None
        if begun is not None:
            begun(self.about)

    def tick(self, done: int, not_done: int, total: int | None = None) -> None:
        """How far it is; written twice a second at most."""
        self.about["done"], self.about["not_done"] = done, not_done
        if total is not None:
            self.about["total"] = total
        if time.monotonic() - self._told_at_s >= TELL_EVERY_S:
            self._told_at_s = time.monotonic()
            _keep(self.folder, self.about)

    def stop_asked(self) -> bool:
        """Whether somebody wants it to end."""
        return os.path.exists(f"{self.folder}/{STOP}")


@dataclass(frozen=True)
class Several:
    """One that somebody is at, or that was left."""

    folder: str
    about: About

    @property
    def lives(self) -> bool:
        return bool(probe.held(f"{self.folder}/{LOCK}"))


#: What is told of one that goes on by itself from here: its id, its uid and its executor.
Begun = Callable[[About], None]


@contextmanager
def going(
    context: Context,
    about: tuple[str, str, str, str],
    total: int,
    executor: str,
    begun: Begun | None = None,
) -> Iterator[Going]:
    """This process is at a command: ``about`` is its id, uid, thread and verb. ``begun``: it goes on
    without the one who asked, and this tells him, once its first run was launched. Raises
    LeadlineError(conflict): another process is at it."""
    shown, uid, topic, verb = about
    folder = os.path.join(context.root, FOLDER, uid)
    make_folders(folder)
    lock = _locked(folder, shown)
    who = os.getpid()
    told: About = {
        "id": shown,
        "uid": uid,
        "thread": topic,
        "verb": verb,
        "executor": executor,
        "detached": begun is not None,
        "begun_at_s": time.time(),
        "done": 0,
        "total": total,
        "not_done": 0,
        "pid": who,
        "start_ticks": probe.start_ticks(who),
        "boot_id": probe.boot_id(),
        "host": os.uname().nodename,
        "told": False,
    }
    try:
        discard(f"{folder}/{STOP}")
        _keep(folder, told)
        yield Going(folder, told, lock, begun)
        _over(folder)
    finally:
        os.close(lock)


def _locked(folder: str, shown: str) -> int:
    lock = open_in_place(f"{folder}/{LOCK}", os.O_RDWR)
    if not supervise.take_lock(lock) and probe.held(f"{folder}/{LOCK}"):
        os.close(lock)
        raise conflict(
            "sweep-is-running",
            f"{shown} is being run by another process",
            do=["leadline jobs", f"leadline wait {shown}"],
        )
    return lock


def log_path(context: Context, uid: str) -> str:
    """Where a command that goes on by itself says what it has to say."""
    return os.path.join(context.root, FOLDER, uid, LOG)


def _over(folder: str) -> None:
    """It has ended and the record says so; what it said is kept, and its lock, which the next one may
    hold."""
    discard(f"{folder}/{ABOUT}")
    try:
        if not os.path.getsize(f"{folder}/{LOG}"):
            discard(f"{folder}/{LOG}")
    except OSError:
        return


def listed(context: Context, topic: str | None = None) -> list[Several]:
    """Those under way or left, of one thread or all, oldest first."""
    top = os.path.join(context.root, FOLDER)
    try:
        names = sorted(os.listdir(top))
    except OSError:
        return []
    found = []
    for name in names:
        about = _about(os.path.join(top, name))
        if about is not None and topic in (None, about["thread"]):
            found.append(Several(os.path.join(top, name), about))
    return found


def named(context: Context, topic: str, shown: str) -> Several | None:
    """The one that an id means: its own, or that of a run or experiment which it repeats."""
    for one in listed(context, topic):
        if shown in (one.about["id"], one.about["uid"]):
            return one
    return None


def ask_to_stop(one: Several) -> None:
    """It ends what it runs, records the ends and starts nothing more."""
    os.close(open_in_place(f"{one.folder}/{STOP}", os.O_WRONLY))


def let_go(context: Context, one: Several) -> None:
    """Forgets one that is over; its end is in the record."""
    if _about(one.folder) is not None:
        settle(context, one)
        _over(one.folder)


def settle(context: Context, one: Several) -> None:
    """Records the end of one that was left, once, when none of its runs is under way any more."""
    if one.lives or one.about["told"]:
        return
    about = one.about
    command_ended(
        context, about["thread"], about["id"], about["uid"], why="the command that ran it died"
    )
    about["told"] = True
    _keep(one.folder, about)


def _about(folder: str) -> About | None:
    read = object_at(f"{folder}/{ABOUT}")
    return cast("About", read) if About.__annotations__.keys() <= read.keys() else None


def _keep(folder: str, about: About) -> None:
    # How far it is may be lost, what it found is not.
    write_if_it_can(f"{folder}/{ABOUT}", json.dumps(about).encode())
