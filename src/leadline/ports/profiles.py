"""Where profiles are found, and who does what they ask."""

from __future__ import annotations

from leadline.core.typed import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from leadline.core.record.bodies import ProfileAct, ProfileBody


class ProfilePlace(NamedTuple):
    """``source``: one of ``core/profile.py``; ``path``: its file, "" where a package gives it
    otherwise."""

    name: str
    source: str
    path: str


class Profiles(Protocol):
    def places(self) -> list[ProfilePlace]:
        """Every profile that can be chosen by its name; of two of one name the first counts."""
        ...

    def read(self, named: str) -> tuple[ProfileBody, ProfilePlace]:
        """The profile of a name, or of a file (what has a ``/`` or ends in ``.toml``).

        Raises LeadlineError: there is none (not_found), it cannot be meant (usage), a package that
        has it cannot be loaded (environment)."""
        ...

    def ask(self, act: ProfileAct, folder: str) -> str:
        """Do it, in ``folder``: "" when all is well, else what is not, in words. Never raises, and
        takes half a minute at most."""
        ...
