"""Whose stretch of work this is: the session that what is written belongs to."""

from __future__ import annotations

from leadline.core.typed import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from leadline.core.record.bodies import SessionBody


class Open(NamedTuple):
    """A session of a thread that was opened on this machine and not closed. ``key``: of its
    process, as ``Sessions`` has it."""

    key: str
    id: str
    uid: str


class Sessions(Protocol):
    """The sessions that are open on this machine, by the process of who works.

    Obligations: nothing here fails a verb: what cannot be read or written is no session. Asking
    for the ``current`` one costs no more than a look at a file.
    """

    def agent(self) -> str:
        """The agent's program; "" where a person types."""
        ...

    def called_by(self, agent: str, said: SessionBody) -> None:
        """From here on an agent that called a hook works, and says so much of itself."""
        ...

    def current(self, topic: str) -> Open | None:
        """The open session of this process."""
        ...

    def wanted(self) -> bool:
        """Whether a session is to be opened by what is written next: an agent is at work."""
        ...

    def body(self) -> SessionBody:
        """What is known of who works, for the record of a session."""
        ...

    def opened(self, topic: str, shown: str, uid: str) -> None: ...

    def closed(self, topic: str, key: str) -> None: ...

    def gone(self, topic: str) -> list[Open]:
        """Open ones whose process is no more."""
        ...

    def alive(self, topic: str) -> list[Open]:
        """Open ones whose process is there, or cannot be asked for."""
        ...
