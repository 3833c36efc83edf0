"""The executors declared on this machine, as one file beside the records."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping

from leadline.core.contexts import contextmanager
from leadline.core.errors import environment
from leadline.core.typed import TYPE_CHECKING, TypedDict, cast
from leadline.job.disk import open_to_read

if TYPE_CHECKING:
    from leadline.ports.executor_setup import ExecutorSetup

FILE = "executors.json"


class Kept(TypedDict):
    """What the file says. ``threads``: the executor of each that has one."""

    v: int
    executors: dict[str, dict[str, object]]
    threads: dict[str, str]


class ExecutorFile:
    """``root``: Leadline's folder in the git directory."""

    def __init__(self, root: str) -> None:
        self.root, self.path = root, os.path.join(root, FILE)
        self._known: tuple[tuple[int, int, int], Kept] | None = None  # the file as it was read

    def find(self, name: str) -> ExecutorSetup | None:
        known = self._read()["executors"].get(name)
        return None if known is None else self._setup(name, known)

    def listed(self) -> list[ExecutorSetup]:
        known = self._read()["executors"]
        return [self._setup(name, known[name]) for name in sorted(known)]

    def kinds(self) -> Mapping[str, tuple[str, ...]]:
        from leadline.adapters.executors.registry import kinds

        return kinds()

    def keep(self, setup: ExecutorSetup) -> None:
        said = {k: v for k, v in setup.__dict__.items() if v and k not in _OURS}
        with self._changing() as kept:
            kept["executors"][setup.name] = said

    def remove(self, name: str) -> None:
        with self._changing() as kept:
            kept["executors"].pop(name, None)
            kept["threads"] = {t: n for t, n in kept["threads"].items() if n != name}

    def default_of(self, topic: str) -> str:
        return self._read()["threads"].get(topic, "")

    def choose(self, topic: str, name: str) -> None:
        with self._changing() as kept:
            kept["threads"][topic] = name
            kept["threads"] = {t: n for t, n in kept["threads"].items() if n}

    def _setup(self, name: str, known: Mapping[str, object]) -> ExecutorSetup:
        from leadline.ports.executor_setup import ExecutorSetup

        told = {k: v for k, v in known.items() if k in ExecutorSetup.__annotations__}
        told["devices"] = tuple(cast("list[str]", told.get("devices") or ()))
        git_dir, cache = os.path.dirname(self.root), os.path.join(self.root, "cache", "executors")
        return ExecutorSetup(
            **{  # type: ignore[arg-type]
                **told,
                "name": name,
                "git_dir": git_dir,
                "cache_folder": os.path.join(cache, name),
            }
        )

    @contextmanager
    def _changing(self) -> Iterator[Kept]:
        """Read, changed and written under one lock; written only where nothing was raised."""
        from leadline.adapters.files import lock_of, locked, write_atomically

        with locked(lock_of(self.root, "executors")):
            self._known = None
            kept = self._read()
            self._known = None  # what is changed here is in no file yet
            yield kept
            write_atomically(self.path, json.dumps(kept, indent=1).encode())

    def _read(self) -> Kept:
        """Raises LeadlineError(environment): the file is damaged."""
        try:
            stat = os.stat(self.path)
            state = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if self._known is not None and self._known[0] == state:
                return self._known[1]
            with open(open_to_read(self.path), encoding="utf-8") as file:
                read = json.load(file)
            if not isinstance(read, dict):
                raise ValueError("it is no JSON object")
        except FileNotFoundError:
            return {"v": 1, "executors": {}, "threads": {}}
        except (OSError, ValueError) as error:
            raise environment(
                "executors-unreadable",
                f"{self.path} cannot be read: {error}",
                why="it says where runs are started",
                do=f"mv {self.path} {self.path}.damaged",
            ) from error
        kept = cast("Kept", {"executors": {}, "threads": {}, **read})
        self._known = (state, kept)
        return kept


_OURS = ("name", "git_dir", "cache_folder")
