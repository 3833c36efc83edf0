"""What a service gets to work with: the ports, the settings, and which thread is meant."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping

from leadline.core.errors import LeadlineError, environment, not_found, usage
from leadline.core.ids import ID_IN_TEXT, named_id
from leadline.core.record.run import Run
from leadline.core.record.thread import IN_RECORD, Thread, no_such_thread
from leadline.core.timestamps import rfc3339
from leadline.core.typed import TYPE_CHECKING, Any, TypeVar, cast
from leadline.core.values import dataclass, field

if TYPE_CHECKING:  # named and not called here: a command loads the ports of what it uses
    from leadline.core.record.bodies import Writes
    from leadline.ports.collectors import Collectors
    from leadline.ports.executor import Executor
    from leadline.ports.executor_setup import DeclaredExecutors
    from leadline.ports.forge import Forge
    from leadline.ports.forge_kind import ForgeKind
    from leadline.ports.profiles import Profiles
    from leadline.ports.records import BlobStore, Clock, OpenRuns, ReadModel, RecordLog
    from leadline.ports.results import ResultSource
    from leadline.ports.series import SeriesStore
    from leadline.ports.sessions import Sessions
    from leadline.ports.tracker import Tracker
    from leadline.ports.tracker_kind import TrackerKind
    from leadline.ports.vcs import Vcs
    from leadline.services.screening import Hiding, Screen

Answer = TypeVar("Answer")


@dataclass
class Context:
    """Wired once by ``bootstrap``. ``root`` is ``<git common dir>/leadline``; ``cwd`` where the
    user stands."""

    cwd: str
    root: str
    vcs: Vcs
    store: RecordLog
    read_model: ReadModel
    blobs: BlobStore
    open_runs: OpenRuns
    executor_for: Callable[[str], Executor]
    executors: DeclaredExecutors
    collectors: Collectors
    load_series: Callable[[], SeriesStore]
    forge_for: Callable[[str], Forge]
    forge_kind: Callable[[str], ForgeKind]  # of a name, known or not
    forge_names: Callable[[], list[str]]
    result_source: Callable[[str], ResultSource]
    tracker_for: Callable[[str], Tracker]
    tracker_kind: Callable[[str], TrackerKind]  # raises nothing: a record may name one that is away
    tracker_names: Callable[[], list[str]]
    clock: Clock
    environ: Mapping[str, str]
    load_sessions: Callable[[], Sessions]
    load_profiles: Callable[[], Profiles]
    settings: dict[str, object] = field(default_factory=dict)
    on: str = ""  # the executor that this command named
    # merges, returns the file's path
    save_settings: Callable[[Mapping[str, object]], str] = lambda changes: ""
    actor: Callable[[], str] = lambda: "unknown"
    warn: Callable[[str], None] = lambda text: None  # a line for stderr
    pause: Callable[[float], None] = time.sleep  # so many seconds
    rendered: tuple[Thread, bytes] | None = (
        None  # the thread whose logbook was rendered last, and it
    )
    _screen: Screen | None = None
    _series: SeriesStore | None = None

    def setting(self, name: str) -> Any:
        if name in self.settings:
            return self.settings[name]
        from leadline.core.settings import SETTINGS  # noqa: PLC0415  start-up: 0.3 ms

        return SETTINGS[name].default

    def executor_name(self, topic: str) -> str:
        """What starts the commands of a thread: the executor that was named, else the thread's, else
        this machine's."""
        return self.on or self.executors.default_of(topic) or str(self.setting("run.executor"))

    @property
    def chosen_forge(self) -> str:
        """The name of the forge that new threads are on."""
        return str(self.settings.get("forge") or IN_RECORD)

    @property
    def toplevel(self) -> str:
        """Top of the work tree. Raises LeadlineError(environment) in a bare repository."""
        if self.vcs.toplevel is None:
            raise environment(
                "bare-repository",
                "this repository has no work tree",
                why="code states and in-tree logbooks need one",
                do="git worktree add ../work",
            )
        return self.vcs.toplevel

    @property
    def series(self) -> SeriesStore:
        """The series of runs, loaded once, when they are asked for: reading verbs do without."""
        if self._series is None:
            self._series = self.load_series()
        return self._series

    @property
    def sessions(self) -> Sessions:
        """Whose stretch of work this is, looked for when something is written or asked of it."""
        return self.load_sessions()

    @property
    def profiles(self) -> Profiles:
        """Where profiles are found, loaded when one is asked for."""
        return self.load_profiles()

    @property
    def screen(self) -> Screen:
        """What everything that is written or sent passes."""
        if self._screen is None:
            from leadline.services.screening import Screen  # noqa: PLC0415  start-up: only who writes

            self._screen = Screen(self.root, self.environ, self.warn)
        return self._screen

    @property
    def redactor(self) -> Hiding:
        """For a look: what it hides is not said."""
        return self.screen.redactor()

    def hiding(self, where: str) -> Hiding:
        """For what is about to be written or sent: what it hides is said, with ``where``."""
        return self.screen.redactor(where)

    def now(self) -> str:
        return rfc3339(self.clock.now_ms())

    def run_folder(self, uid: str, attempt: int = 0) -> str:
        """The folder of an attempt of a run; of the last one where none is named."""
        folder = os.path.join(self.root, "runs", uid, f"attempt-{attempt or 1}")
        while not attempt and os.path.isdir(following := _next_attempt(folder)):
            folder = following
        return folder

    # -- threads -----------------------------------------------------------------------------------
    def topic(self, named: str | None = None) -> str:
        """The thread meant: the one named, else ``$LEADLINE_THREAD``, else the one of the
        checked-out branch, else the one chosen last in this work tree, else the only one.

        Raises LeadlineError(not_found | usage) naming the threads there are.
        """
        topics = self.store.topics()
        wanted = named or self.environ.get("LEADLINE_THREAD")
        if wanted:
            if wanted in topics:
                return wanted
            by_prefix = [t for t in topics if self.store.look(t, _prefix) == wanted.upper()]
            if len(by_prefix) == 1:
                return by_prefix[0]
            raise no_such_thread(wanted, topics)
        if not topics:
            fetched = f"refs/remotes/{self.setting('remote')}/{self.setting('record_branch')}"
            if self.vcs.ref(fetched) is not None:
                raise not_found(
                    "not-synced",
                    "this clone has not taken its threads in yet",
                    why=f"{fetched} holds a record",
                    do="leadline sync",
                )
            raise not_found(
                "no-thread",
                "this repository has no research thread yet",
                why="every record belongs to one",
                do="leadline start TOPIC --goal '…'",
            )
        if len(topics) == 1:
            return topics[0]
        branch = self.vcs.head()["branch"]
        on_branch = [t for t in topics if branch and self.store.look(t, _branch) == branch]
        if len(on_branch) == 1:
            return on_branch[0]
        chosen = self._chosen()
        if chosen in topics:
            return chosen
        raise usage(
            "which-thread",
            f"there are {len(topics)} threads: {', '.join(topics)}",
            why="the checked-out branch belongs to none of them or to several",
            do=[f"leadline brief --thread {topics[-1]}", f"export LEADLINE_THREAD={topics[-1]}"],
        )

    @property
    def _choice_file(self) -> str:
        return os.path.join(self.vcs.git_dir, "leadline-thread")

    def _chosen(self) -> str:
        try:
            with open(self._choice_file, encoding="utf-8") as file:
                return file.read().strip()
        except OSError:
            return ""

    def choose(self, topic: str) -> None:
        """Make ``topic`` the thread of this work tree where the branch does not tell."""
        with open(self._choice_file, "w", encoding="utf-8") as file:
            file.write(topic + "\n")

    def thread(self, named: str | None = None) -> Thread:
        return self.store.thread(self.topic(named))

    def look(self, named: str | None, question: Callable[[Thread], Answer]) -> Answer:
        """What a verb that only looks finds in the thread meant: see ``RecordLog.look``."""
        return self.store.look(self.topic(named), question)

    def slice(self, topic: str, ids: Iterable[str] = (), texts: Iterable[str] = ()) -> Thread:
        """The part of a thread that ``ids`` and the ids standing in ``texts`` need, with the
        baseline and its experiment: what a writing verb looks at, so that its cost does not grow
        with the thread."""
        wanted = [*ids, *(m for text in texts for m in ID_IN_TEXT.findall(text))]
        kinds = (
            "thread-started",
            "metric-defined",
            "ruler",
            "profile",
            "baseline",
            "finish",
            "tracker-set",
        )
        thread = self.store.slice(topic, wanted, kinds)
        baselines = thread.of_kind("baseline")
        if not baselines:
            return thread
        # What became of a baseline (a retraction) and of its experiment belongs to the answer.
        more = [*(b.id for b in baselines), str(baselines[-1].body["experiment"])]
        thread = self.store.slice(topic, [*wanted, *more], kinds)
        current = thread.baseline
        if current is not None and current.body["experiment"] not in (*wanted, *more):
            thread = self.store.slice(
                topic, [*wanted, *more, str(current.body["experiment"])], kinds
            )
        return thread

    # -- writing -----------------------------------------------------------------------------------
    @property
    def append(self) -> Writes[str, str]:
        """``append(topic, kind, body)`` writes one record without an id of its own; returns its
        ULID."""
        return self._append

    @property
    def append_item(self) -> Writes[str, Thread]:
        """``append_item(thread, kind, body)`` writes one record that gets the next id of its kind;
        returns that id."""
        return self._append_item

    def _append(self, topic: str, kind: str, body: Mapping[str, object]) -> str:
        with self.store.transaction(topic) as writing:
            uid: str = cast(Any, writing).add(kind, body).id
        return uid

    def _append_item(self, thread: Thread, kind: str, body: Mapping[str, object]) -> str:
        if thread.finished:
            self.warn(f"{thread.finish_told}: this comes after its end")
        with self.store.transaction(thread.topic) as writing:
            shown = named_id(thread.prefix, kind, writing.next_number(kind))
            cast(Any, writing).add(kind, {"id": shown, **body})
        return shown


def _next_attempt(folder: str) -> str:
    run, _, number = folder.rpartition("-")
    return f"{run}-{int(number) + 1}"


def _prefix(thread: Thread) -> str:
    return thread.prefix


def _branch(thread: Thread) -> object:
    return thread.about.get("branch")


def refs_for(thread: Thread, ids: Iterable[str] = (), texts: Iterable[str] = ()) -> dict[str, str]:
    """Display id -> uid for every id given or standing in a text: what keeps a reference right
    after an id clash."""
    refs: dict[str, str] = {}
    mentioned = [*ids, *(m for text in texts for m in ID_IN_TEXT.findall(text))]
    for display in mentioned:
        if thread.kept is not None and (uid := thread.kept.uid(display)):
            refs[display] = uid
            continue
        try:
            thing = thread.find(display)
        except LeadlineError:
            continue
        refs[display] = thing.uid
        if isinstance(thing, Run):
            refs[thing.experiment] = thread.experiments[thing.experiment].uid
    return refs


def refs_of_predicate(thread: Thread, predicate: str) -> dict[str, str]:
    """``refs_for`` a predicate; ``baseline`` is the one there is now, wherever it moves later."""
    refs = refs_for(thread, texts=[predicate])
    if "(baseline" in predicate and thread.baseline is not None:
        refs["baseline"] = thread.baseline.uid
    return refs
