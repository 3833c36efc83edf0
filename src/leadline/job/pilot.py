"""Works off a queue of attempts inside one job of an engine: ``python -I -S pilot.py SLOT_DIR``.

A pilot takes the first of ``QUEUE/todo`` by renaming it into ``SLOT_DIR/claimed``, which one of
several pilots can do, and runs it as ``supervise.py`` does, in a process of its own: a run cannot
tell who ran it. It ends when the queue is closed and empty, or when nothing has come for a minute;
one that holds a device for somebody waits as long as ``SLOT_DIR/for_s`` says.
When the engine takes it away (SIGTERM, or worse), the attempt under way ends as ``lost``, children
included, and what was claimed and not started goes back to the queue.

Standard library only, beside ``supervise.py``. Forking a ready interpreter takes 4 ms an attempt
where starting one takes 12.
"""

from __future__ import annotations

import os
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from leadline.job import preflight, supervise
else:
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import preflight
    import supervise

IDLE_S = 60.0
LOOK_EVERY_S = 0.01
LOOK_SELDOM_S = 0.2
LOOK_AROUND_EVERY_S = 1.0  # at the machine: looking costs as much as a trivial run


class Pilot:
    """One slot. ``child``: the supervisor of the attempt under way."""

    def __init__(self, slot: str) -> None:
        self.slot = os.path.abspath(slot)
        self.queue = os.path.dirname(os.path.dirname(self.slot))
        self.child = 0
        self.ended = False
        self.looked_at = float("-inf")

    def work(self) -> int:
        """Exit status 0: nothing is left to do; 75: it was told to stop."""
        self.take_environment()
        with open(f"{self.slot}/up", "w") as file:
            file.write(f"{os.uname().nodename} {os.getpid()}\n")
        held_s = self.held_s()
        idle_most_s = 0.0 if held_s else IDLE_S
        held_until = time.monotonic() + held_s
        signal.signal(signal.SIGTERM, self.stop)
        supervise.load_all()
        idle_since = time.monotonic()
        while not self.ended:
            place = self.claim()
            if place:
                self.run(place)
                idle_since = time.monotonic()
                continue
            idle_s = time.monotonic() - idle_since
            ends = idle_s > idle_most_s and time.monotonic() > held_until
            if ends or os.path.exists(f"{self.queue}/closed"):
                if not self.waiting():  # it may have come before the queue was closed
                    open(f"{self.slot}/ended", "w").close()
                    return 0
                continue
            time.sleep(LOOK_EVERY_S if idle_s < 1 else LOOK_SELDOM_S)
        return 75

    def held_s(self) -> float:
        """How long it is to be there whether something comes or not."""
        try:
            with open(f"{self.slot}/for_s") as file:
                return float(file.read())
        except (OSError, ValueError):
            return 0.0

    def take_environment(self) -> None:
        """The client's variables, where the engine does not hand them over."""
        path = f"{self.slot}/environment"
        try:
            with open(path, encoding="utf-8") as file:
                import json

                variables = json.load(file)
            os.unlink(path)
        except (OSError, ValueError):
            return
        os.environ |= {str(k): str(v) for k, v in variables.items()}

    def waiting(self) -> list[str]:
        """What is in the queue, first come first."""
        try:
            return sorted(n for n in os.listdir(f"{self.queue}/todo") if not n.startswith("."))
        except OSError:
            return []

    def claim(self) -> str:
        """The place in the queue that is now ours; "" when there is none."""
        for place in self.waiting():
            try:
                os.rename(f"{self.queue}/todo/{place}", f"{self.slot}/claimed/{place}")
                return place
            except OSError:
                continue  # another pilot has it
        return ""

    def run(self, place: str) -> None:
        """One attempt, to its end."""
        claimed = f"{self.slot}/claimed/{place}"
        try:
            with open(claimed, encoding="utf-8") as file:
                folder = file.read()
        except OSError:
            return
        # A signal that comes between the fork and its number would be lost.
        held = {signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, held)
        if self.ended:
            os.rename(claimed, f"{self.queue}/todo/{place}")
            return
        self.look_around()
        me, self.child = os.getpid(), os.fork()
        if self.child == 0:
            become_supervisor(folder, me, os.path.basename(self.slot))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, held)
        os.waitpid(self.child, 0)
        self.child = 0
        os.unlink(claimed)

    def look_around(self) -> None:
        """What else uses the machine, for the run that is about to start."""
        if time.monotonic() - self.looked_at >= LOOK_AROUND_EVERY_S:
            supervise.LOOKED = preflight.seen()
            self.looked_at = time.monotonic()

    def stop(self, number: int, frame: object) -> None:
        """Engines send SIGTERM before they take the job away."""
        self.ended = True
        if self.child:
            try:
                os.kill(self.child, signal.SIGTERM)
            except ProcessLookupError:
                pass


def become_supervisor(folder: str, pilot: int, slot: str) -> NoReturn:
    """Ends with the attempt, and with the pilot: its successor is to have the device alone."""
    status, supervise.PILOT = 70, slot
    try:
        supervise.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if os.getppid() != pilot:
            os._exit(status)
        said = os.open(f"{folder}/supervisor.err", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.dup2(said, 2)
        status = supervise.main([folder, "engine"])
    finally:
        os._exit(status)


if __name__ == "__main__":
    sys.exit(Pilot(sys.argv[1]).work())
