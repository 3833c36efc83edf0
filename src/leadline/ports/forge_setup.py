"""What a forge's factory is given. An entry point of the group ``leadline.forges`` names such a
factory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from leadline.core.typed import Any
from leadline.core.values import dataclass
from leadline.ports.forge import Forge


@dataclass(frozen=True)
class ForgeSetup:
    """``settings``: all of them, those of a forge begin with ``forge.``; ``remote_url``: of the git
    remote, "" without one, credentials removed; ``environ``: where a token may stand;
    ``cache_folder``: a folder of the forge's own, which may be absent and may be deleted at any
    time."""

    topic: str
    settings: Mapping[str, Any]
    remote_url: str
    environ: Mapping[str, str]
    cache_folder: str


Factory = Callable[[ForgeSetup], Forge]
"""Talks to nobody: ``leadline issue show`` makes a forge without a network. Raises LeadlineError(usage) when the
settings do not say enough."""
