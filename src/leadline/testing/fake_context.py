"""A context wired from fakes: what a unit test of a service gets to work with.

Nothing is read or written but the folder given for run folders and files of the work tree. What a
fake does not know it refuses by name, so that a test says which real thing it needs instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from leadline.core.extract.gather import Extraction
from leadline.core.record.thread import IN_RECORD
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.ports.forge_kind import ForgeKind
from leadline.ports.tracker_kind import TrackerKind
from leadline.services.context import Context
from leadline.testing.fake_store import (
    Disk,
    MemoryBlobs,
    MemoryLog,
    MemoryOpenRuns,
    MemoryReadModel,
    StillClock,
)
from leadline.testing.fakes import MemoryForge, MemoryTracker

if TYPE_CHECKING:
    from leadline.core.record.bodies import (
        DeviceFacts,
        During,
        EnvironmentFacts,
        HardwareFacts,
        Hygiene,
        Preflight,
        SoftwareFacts,
    )
    from leadline.ports.attempt import Handle
    from leadline.ports.collectors import Collectors
    from leadline.ports.executor import Executor
    from leadline.ports.executor_setup import ExecutorSetup
    from leadline.ports.profiles import Profiles
    from leadline.ports.results import ResultSource
    from leadline.ports.series import SeriesStore
    from leadline.ports.sessions import Open, Sessions
    from leadline.ports.vcs import Head, Vcs


class _Refuses:
    """What is not said here, the fake does not know."""

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} has no {name}: this test needs a real one"
        )


class MemoryVcs(_Refuses):
    """A work tree that never changes, on one branch, without remotes."""

    def __init__(self, toplevel: str, branch: str = "main") -> None:
        self.toplevel, self.branch = toplevel, branch
        self.git_dir = self.common_dir = os.path.join(toplevel, ".git")
        self.is_bare = self.is_shallow = False

    def head(self) -> Head:
        return {"commit": "c" * 40, "branch": self.branch, "unborn": False}

    def current_branch(self) -> str | None:
        return self.branch

    def ref(self, name: str) -> str | None:
        return None

    def refs(self, prefix: str) -> dict[str, str]:
        return {}

    def remotes(self) -> list[str]:
        return []

    def remote_url(self, name: str) -> str | None:
        return None

    def branch_exists(self, name: str) -> bool:
        return name == self.branch

    def tag_exists(self, name: str) -> bool:
        return False


class QuietMachine(_Refuses):
    """Collectors on a machine without accelerators where nothing else goes on."""

    def environment(self, env: Mapping[str, str], allow: list[str]) -> EnvironmentFacts:
        known = {name: env[name] for name in allow if name in env}
        return {"variables": known, "not_recorded": 0}

    def software(self, argv: list[str], env: Mapping[str, str], cwd: str) -> SoftwareFacts:
        return {}

    def software_of(
        self, version: str, implementation: str, program: str, path: list[str]
    ) -> SoftwareFacts:
        return {"python": version, "implementation": implementation, "interpreter": program}

    def hardware(self) -> HardwareFacts:
        return {"host": "quiet", "cpu_count": 4}

    def devices(self, env: Mapping[str, str]) -> DeviceFacts:
        return {"kind": "cpu", "count": 1, "visible": []}

    def preflight(self, env: Mapping[str, str] | None = None) -> Preflight:
        return {"contended": False, "reasons": []}

    def preflight_there(self, seen: Preflight, devices: DeviceFacts | None) -> Preflight:
        return {"contended": False, "reasons": [], **seen}

    def after_run(self, before: Preflight, contention: During, wall_s: float | None) -> Hygiene:
        return cast("Hygiene", before)

    def prepare(self) -> None:
        pass

    def extract(self, specs: Any, files: Any, definitions: Any) -> Extraction:
        return Extraction()


class NoExecutor(_Refuses):
    """Knows of no job."""

    name = "local"
    place = "here"

    def poll(self, attempts: Sequence[tuple[str, Handle]]) -> dict[str, str]:
        return {attempt: "unknown" for attempt, _ in attempts}


class MemoryExecutors:
    """Declared executors, as the file of a machine has them."""

    def __init__(self) -> None:
        self.by_name: dict[str, ExecutorSetup] = {}
        self.threads: dict[str, str] = {}

    def find(self, name: str) -> ExecutorSetup | None:
        return self.by_name.get(name)

    def listed(self) -> list[ExecutorSetup]:
        return [self.by_name[name] for name in sorted(self.by_name)]

    def kinds(self) -> dict[str, tuple[str, ...]]:
        return {"local": (), "ssh": ("host",)}

    def keep(self, setup: ExecutorSetup) -> None:
        self.by_name[setup.name] = setup

    def remove(self, name: str) -> None:
        self.by_name.pop(name, None)
        self.threads = {t: n for t, n in self.threads.items() if n != name}

    def default_of(self, topic: str) -> str:
        return self.threads.get(topic, "")

    def choose(self, topic: str, name: str) -> None:
        self.threads[topic] = name


class NoSessions(_Refuses):
    """A person types, and opened no session."""

    def agent(self) -> str:
        return ""

    def current(self, topic: str) -> None:
        return None

    def wanted(self) -> bool:
        return False

    def gone(self, topic: str) -> list[Open]:
        return []

    def alive(self, topic: str) -> list[Open]:
        return []


class NoSeries(_Refuses):
    """No run logged anything."""

    def has(self, attempt: str) -> bool:
        return False


def context(
    folder: str,
    *,
    disk: Disk | None = None,
    forge: MemoryForge | None = None,
    executor: object = None,
    clock: StillClock | None = None,
    settings: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    warn: Callable[[str], None] = lambda text: None,
    profiles: object = None,
) -> Context:
    """``folder``: the top of a work tree (an empty one will do). Contexts of one ``disk`` share
    their records."""
    clock, blobs, chosen = clock or StillClock(), MemoryBlobs(), dict(settings or {})
    log = MemoryLog(disk, clock=clock, blobs=blobs)
    its_forge = forge or MemoryForge()

    def save(changes: Mapping[str, object]) -> str:
        chosen.update(changes)
        return "config.toml"

    return Context(
        cwd=folder,
        root=os.path.join(folder, ".git", "leadline"),
        vcs=cast("Vcs", MemoryVcs(folder)),
        store=log,
        read_model=MemoryReadModel(log),
        blobs=blobs,
        open_runs=MemoryOpenRuns(),
        executor_for=lambda name: cast("Executor", executor or NoExecutor()),
        executors=MemoryExecutors(),
        collectors=cast("Collectors", QuietMachine()),
        load_series=lambda: cast("SeriesStore", NoSeries()),
        forge_for=lambda topic: its_forge,
        forge_kind=lambda name: ForgeKind(name, outside=name != IN_RECORD),
        forge_names=lambda: [IN_RECORD, its_forge.name],
        result_source=lambda name: cast("ResultSource", _Refuses()),
        tracker_for=lambda name: MemoryTracker(environ or {}, folder),
        tracker_kind=lambda name: TrackerKind(name),
        tracker_names=lambda: ["memory"],
        clock=clock,
        environ=environ or {},
        load_sessions=lambda: cast("Sessions", NoSessions()),
        load_profiles=lambda: cast("Profiles", profiles or _Refuses()),
        settings=chosen,
        save_settings=save,
        actor=lambda: log.actor,
        warn=warn,
        pause=lambda seconds: None,
    )
