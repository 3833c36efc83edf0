"""Which repository on which GitHub: from the settings, else from the git remote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from leadline.core.errors import usage
from leadline.core.issue.remote import agreement
from leadline.core.publish.remote_url import RemoteUrl, in_clear, parse
from leadline.core.typed import Any, NamedTuple
from leadline.ports.forge import Forge
from leadline.ports.forge_setup import ForgeSetup

PUBLIC = "https://api.github.com"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


class Place(NamedTuple):
    host: str  # of the API
    api_url: str
    repository: str  # owner/name
    web_url: str


def place_of(settings: Mapping[str, Any], remote_url: str) -> Place:
    """``forge.repository`` and ``forge.api_url``, or what the remote's URL says (https and ssh
    forms).

    Raises LeadlineError(usage): ``no-repository`` when neither tells; ``token-in-clear`` when the
    API's address is plain http to another machine.
    """
    found = parse(remote_url)
    repository = str(settings.get("forge.repository") or "")
    if not repository and found and _REPOSITORY.fullmatch(found.path):
        repository = found.path
    if not _REPOSITORY.fullmatch(repository):
        what = "which repository on GitHub is not said"
        why = "no setting forge.repository, and the git remote does not tell"
        if repository:
            what = f"{repository!r} is no repository on GitHub"
            why = "it is written OWNER/NAME"
        raise usage(
            "no-repository",
            what,
            why=why,
            do="leadline init --forge github --forge-repository OWNER/NAME",
        )
    api_url = str(settings.get("forge.api_url") or "").rstrip("/")
    web = str(settings.get("forge.web_url") or "").rstrip("/")
    if not api_url:
        web = web or (_origin(found) if found else "https://github.com")
        api_url = _api_of(found)
    if in_clear(api_url):
        raise usage(
            "token-in-clear",
            f"{api_url} is not encrypted, and not on this machine",
            why="the token would travel in clear, for anybody on the way to read and use",
            do=f"leadline init --api-url https://{api_url.partition('://')[2]}",
        )
    parts = urlsplit(api_url)
    host = parts.netloc.lower()
    if host == "api.github.com" or (host.startswith("api.") and host.endswith(".ghe.com")):
        host = host.removeprefix("api.")
    web = web or f"{parts.scheme}://{host}"
    return Place(parts.hostname or "", api_url, repository, f"{web}/{repository}")


def _api_of(remote: RemoteUrl | None) -> str:
    """github.com, a tenant of it (data residency), or a server of one's own."""
    if remote is None or remote.host == "github.com":
        return PUBLIC
    return (
        f"https://api.{remote.host}"
        if remote.host.endswith(".ghe.com")
        else f"{_origin(remote)}/api/v3"
    )


def _origin(remote: RemoteUrl) -> str:
    """Scheme, host and port of the pages; a port of SSH is none of theirs."""
    port = f":{remote.port}" if remote.port and remote.scheme in ("http", "https") else ""
    scheme = "http" if remote.scheme == "http" else "https"
    return f"{scheme}://{remote.host}{port}"


def make(setup: ForgeSetup) -> Forge:
    """The GitHub forge of these settings; the token is asked for at the first request."""
    from leadline.adapters.forges.github.auth import token_for
    from leadline.adapters.forges.github.client import Client
    from leadline.adapters.forges.github.issues import GitHubForge

    place = place_of(setup.settings, setup.remote_url)
    agreed = is_agreed(setup.settings, place)

    def token() -> str:
        return token_for(place.host, setup.environ, agreed, f"{place.repository} at {place.host}")

    client = Client(place.api_url, token, setup.cache_folder)
    return GitHubForge(client, place.repository, place.web_url)


def is_agreed(settings: Mapping[str, Any], place: Place) -> bool:
    """Whether somebody said on this machine that this server may have a token and this repository
    posts (``leadline init --github``). Before that was kept, the choice of the forge said it, for
    github.com and for a server whose address was given."""
    if "forge.agreed" in settings:
        return agreement("github", place.api_url, place.repository) in settings["forge.agreed"]
    named = place.api_url == PUBLIC or settings.get("forge.api_url")
    return settings.get("forge") == "github" and bool(named)
