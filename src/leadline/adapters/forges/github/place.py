"""Which repository on which GitHub: from the settings, else from the git remote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from leadline.core.errors import LeadlineError
from leadline.core.remote_url import RemoteUrl, parse
from leadline.ports.forge import Forge
from leadline.ports.forge_setup import ForgeSetup

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


class Place(NamedTuple):
    host: str  # of the API
    api_url: str
    repository: str  # owner/name
    web_url: str


def place_of(settings: Mapping[str, Any], remote_url: str) -> Place:
    """``forge.repository`` and ``forge.api_url``, or what the remote's URL says (https and ssh forms).

    Raises LeadlineError(usage, ``no-repository``) when neither tells.
    """
    found = parse(remote_url)
    host = found.host if found else "github.com"
    repository = str(settings.get("forge.repository") or "")
    if not repository and found and _REPOSITORY.fullmatch(found.path):
        repository = found.path
    if not _REPOSITORY.fullmatch(repository):
        raise LeadlineError(
            "usage",
            "no-repository",
            f"which repository on GitHub is not said{': ' + repository if repository else ''}",
            "no setting forge.repository, and the git remote does not tell",
            "leadline init --forge github --forge-repository OWNER/NAME",
        )
    api_url = str(settings.get("forge.api_url") or "").rstrip("/")
    if not api_url:
        api_url = "https://api.github.com" if host == "github.com" or found is None else f"{_origin(found)}/api/v3"
    parts = urlsplit(api_url)
    api_host = parts.hostname or ""
    web = "https://github.com" if api_host == "api.github.com" else f"{parts.scheme}://{parts.netloc}"
    return Place(api_host, api_url, repository, f"{settings.get('forge.web_url') or web}/{repository}")


def _origin(remote: RemoteUrl) -> str:
    """Scheme, host and port of the pages; a port of SSH is none of theirs."""
    port = f":{remote.port}" if remote.port and remote.scheme in ("http", "https") else ""
    return f"{'http' if remote.scheme == 'http' else 'https'}://{remote.host}{port}"


def make(setup: ForgeSetup) -> Forge:
    """The GitHub forge of these settings; the token is asked for at the first request."""
    from leadline.adapters.forges.github.auth import token_for
    from leadline.adapters.forges.github.client import Client
    from leadline.adapters.forges.github.issues import GitHubForge

    place = place_of(setup.settings, setup.remote_url)
    client = Client(place.api_url, lambda: token_for(place.host, setup.environ), setup.cache_folder)
    return GitHubForge(client, place.repository, place.web_url)
