"""The sessions that are open on this machine: a file each, ``sessions/<topic>/<process>``.

Only where to find the record of a session again: the record is the truth. A file that is lost opens
another session, and one that is left behind is closed by who comes later.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from leadline.adapters import who_works
from leadline.core.typed import TYPE_CHECKING
from leadline.job.disk import open_small
from leadline.ports.sessions import Open

if TYPE_CHECKING:
    from leadline.adapters.who_works import Worker
    from leadline.core.record.bodies import SessionBody
    from leadline.ports.vcs import Vcs


class SessionFiles:
    """See ``ports.sessions.Sessions``."""

    def __init__(self, root: str, environ: Mapping[str, str], vcs: Vcs) -> None:
        self._folder = os.path.join(root, "sessions")
        self._environ, self._vcs = environ, vcs
        self._known: Worker | None = None
        self._called = False
        self._said: SessionBody = {}
        self._found: dict[str, Open] = {}  # by topic: what this process worked in

    @property
    def _who(self) -> Worker:
        if self._known is None:
            self._known = who_works.worker(self._environ)
        return self._known

    def called_by(self, agent: str, said: SessionBody) -> None:
        self._known = who_works.worker(self._environ, of_hook=agent)
        self._called, self._said = True, said

    def _key(self) -> str:
        if said := self._environ.get("LEADLINE_SESSION"):
            named = "".join(c if c.isalnum() else "_" for c in said)[:24].lower()
            return f"s-{named}"
        who = self._who
        return f"{who.agent or 'person'}-{who.process.pid}-{who.process.started}"

    def agent(self) -> str:
        return (
            self._who.agent if self._known is not None or who_works.is_marked(self._environ) else ""
        )

    def current(self, topic: str) -> Open | None:
        if not os.path.isdir(os.path.join(self._folder, topic)):
            return None  # nobody opened one here: the processes above us need not be looked at
        found = self._read(topic, self._key())
        if found is not None:
            self._found[topic] = found
        return self._found.get(topic)  # a command that outlives its session is still of it

    def wanted(self) -> bool:
        return self._called or who_works.is_marked(self._environ)

    def body(self) -> SessionBody:
        who, identity = self._who, self._vcs.identity()
        body: SessionBody = {"agent": who.agent, "machine": os.uname().nodename}
        if who.agent and (version := who_works.version_of(who.process.pid)):
            body["version"] = version
        if not identity["fallback"]:
            body["person"] = identity["name"]
        if branch := self._vcs.head()["branch"]:
            body["branch"] = branch
        return {**body, **self._said}

    def opened(self, topic: str, shown: str, uid: str) -> None:
        self._found[topic] = Open(self._key(), shown, uid)
        try:
            os.makedirs(os.path.join(self._folder, topic), exist_ok=True)
            with open(self._path(topic, self._key()), "w", encoding="utf-8") as file:
                file.write(f"{shown} {uid}\n")
        except OSError:
            return

    def closed(self, topic: str, key: str) -> None:
        self._found.pop(topic, None)
        try:
            os.unlink(self._path(topic, key))
        except OSError:
            return

    def gone(self, topic: str) -> list[Open]:
        return [found for found in self._all(topic) if not self._is_alive(found.key)]

    def alive(self, topic: str) -> list[Open]:
        return [found for found in self._all(topic) if self._is_alive(found.key)]

    def _path(self, topic: str, key: str) -> str:
        return os.path.join(self._folder, topic, key)

    def _all(self, topic: str) -> list[Open]:
        try:
            keys = sorted(os.listdir(os.path.join(self._folder, topic)))
        except OSError:
            return []
        return [found for key in keys if (found := self._read(topic, key)) is not None]

    def _read(self, topic: str, key: str) -> Open | None:
        try:
            with open(open_small(self._path(topic, key)), encoding="utf-8") as file:
                shown, _, uid = file.read(200).strip().partition(" ")
        except (OSError, ValueError):
            return None
        return Open(key, shown, uid) if shown and uid else None

    def _is_alive(self, key: str) -> bool:
        """One that was named by hand, or on a machine that does not tell, is taken to go on."""
        _, pid, started = (*key.rsplit("-", 2), "", "")[:3]
        if not (pid.isdigit() and started.isdigit()) or started == "0":
            return True
        found = who_works.process_of(int(pid))
        return found is not None and found.started == int(started)
