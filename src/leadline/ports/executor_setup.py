"""Executors as they are declared on this machine (``leadline executor add``), and what a factory of
one is given.

They are kept in the git directory, beside the records: a file of the checkout is a stranger's as
soon as somebody else's branch is checked out, and has no say in where anything is started.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from leadline.core.typed import Protocol
from leadline.core.values import dataclass, field
from leadline.ports.executor import Executor


@dataclass(frozen=True)
class ExecutorSetup:
    """One executor. ``kind``: which engine; ``host``: a name of the user's ssh, or the address of
    an engine; ``partition``: a queue of it. ``devices``: what each run gets, ``gpu:1`` where the
    engine deals them out, the name of one (``gpu0``) where they are told apart. ``work_folder``:
    where on that machine Leadline keeps its files. ``setup``: a shell command that prepares the
    environment, run in the unpacked code, once for each code of the same ``lock_file``.
    ``environment``: variables that every run there gets. ``limits``: ``timeout_s``, ``cpus``,
    ``memory_mb``, ``retries``. ``options``: what only this kind knows, such as the templates of a
    command launcher. ``git_dir``: of the repository whose code runs. ``cache_folder``: on this
    machine, the executor's own; it may be absent and may be deleted at any time."""

    name: str
    kind: str
    host: str = ""
    partition: str = ""
    devices: tuple[str, ...] = ()
    work_folder: str = ""
    setup: str = ""
    lock_file: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    git_dir: str = ""
    cache_folder: str = ""


Factory = Callable[[ExecutorSetup], Executor]
"""Talks to nobody. Raises LeadlineError(usage) when the setup does not say enough."""


class DeclaredExecutors(Protocol):
    """What is declared on this machine, and which one a thread uses when none is named."""

    def find(self, name: str) -> ExecutorSetup | None: ...

    def listed(self) -> list[ExecutorSetup]: ...

    def kinds(self) -> Mapping[str, tuple[str, ...]]:
        """The kinds that can be declared here, with the names of the fields that each needs."""
        ...

    def keep(self, setup: ExecutorSetup) -> None:
        """Declared from now on, in the place of what had its name."""
        ...

    def remove(self, name: str) -> None: ...

    def default_of(self, topic: str) -> str:
        """The executor of a thread; "" where none was chosen."""
        ...

    def choose(self, topic: str, name: str) -> None:
        """The executor of a thread from now on; "" takes the choice back."""
        ...
