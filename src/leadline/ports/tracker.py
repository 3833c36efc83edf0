"""Where the dense numbers of a run are, beside its record: run folders, or another program's store.

A tracker is a witness, never a need: a job writes to it by the tracker's own library, Leadline
gives it its name beforehand and reads afterwards what it says. By default the job writes to files
in its run folder, because a server that is down, slow or refusing in mid-run is then of no account;
what was written is sent later, once.
"""

from __future__ import annotations

from leadline.core.tracker.reading import Reading, RunFacts, TrackerRun
from leadline.core.tracker.run_folder import RunAbout
from leadline.core.typed import TYPE_CHECKING, Protocol
from leadline.core.values import dataclass, field
from leadline.ports.tracker_kind import TrackerKind

if TYPE_CHECKING:
    from leadline.core.tracker.rows import Reach


@dataclass(slots=True)
class Push:
    """A run of ours to be put into the tracker. ``path``: files that the job's own tracker wrote,
    "" for none: then the run is made from ``config``, ``metrics`` and ``series``. ``artifacts``:
    name to file path. ``about``: what ``about.json`` of its run folder says, for the tracker that
    run folders are."""

    facts: RunFacts
    path: str = ""
    state: str = "done"
    metrics: dict[str, float] = field(default_factory=dict)
    reading: Reading | None = None
    artifacts: dict[str, str] = field(default_factory=dict)
    about: RunAbout | None = None


class Tracker(Protocol):
    """One kind of tracker; ``leadline.testing.tracker_contract`` holds these obligations as tests.

    Obligations:
    - No call asks a question, waits longer than its limit, or prints. What is wrong with a store (torn, half-written,
      newer) is a problem in the Reading. A server that does not answer, or says no, is LeadlineError(``remote``).
    - Keys stay in the environment they came from: none is returned, written or put into an argument.
    - Reading needs none of the tracker's packages and changes nothing; ``push`` may need them and says which.
    - What an entry point of the group ``leadline.trackers`` names makes one, from the user's environment and the top
      of the work tree, and has its ``kind`` as an attribute; ``name`` is that of the kind and of the entry point.
    """

    name: str
    kind: TrackerKind

    def environment(self, facts: RunFacts) -> dict[str, str]:
        """The variables that make the job's own tracker use this project, name, group, tags, notes,
        job type and folder. Never a key. What the user's environment sets for itself on purpose is
        left alone."""
        ...

    def find(self, facts: RunFacts) -> list[TrackerRun]:
        """The runs that the job of ``facts`` made, oldest first; empty when it made none. Only the
        job's own: a run of the same name made by somebody else is not it. Raises
        LeadlineError(remote) only when the job had to talk to a server."""
        ...

    def read(self, run: TrackerRun, last_only: bool = False) -> Reading:
        """Everything of one run. Reading twice what has ended gives the same digest.
        LeadlineError(not_found) when the run is gone. ``last_only``: the caller needs no more than
        last values and config, so that points need not be fetched from a server; the reading is
        ``only_summary`` then, and its last values are the same ones."""
        ...

    def push(self, push: Push, limit_s: float) -> TrackerRun:
        """Put a run into the tracker, or bring it up to date. Idempotent by ``facts.uid``: after
        any number of calls, cut off anywhere, there is one run of that uid. LeadlineError(remote |
        environment) when it could not be."""
        ...

    def listed(self, project: str, at: str, here_only: bool = False) -> list[TrackerRun]:
        """Every run of a project, whoever made it; ``here_only``: those that need no server.
        LeadlineError(remote | not_found)."""
        ...

    def stored(self, path: str) -> list[TrackerRun]:
        """Every run in the tracker's own files at ``path``, oldest first; empty where there is none
        of its files. A run whose folder or file is there and cannot be read is among them, with its
        ``problem``, on which ``read`` raises LeadlineError(environment): what is broken is named,
        not passed over."""
        ...

    def check(self, at: str) -> Reach:
        """How it stands at that address. Never raises."""
        ...
