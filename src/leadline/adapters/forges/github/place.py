"""Which repository on which GitHub: from the settings, else from the git remote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from leadline.core.errors import LeadlineError

_REMOTE = re.compile(r"(?:[\w.+-]+://)?(?:[^@/]*@)?(?P<host>[^/:]+)(?::\d+)?[/:](?P<path>[^?#]+?)(?:\.git)?/?\Z")


class Place(NamedTuple):
    host: str  # of the API
    api_url: str
    repository: str  # owner/name
    web_url: str


def place_of(settings: Mapping[str, Any], remote_url: str) -> Place:
    """``forge.repository`` and ``forge.api_url``, or what the remote's URL says (https and ssh forms).

    Raises LeadlineError(usage, ``no-repository``) when neither tells.
    """
    found = _REMOTE.match(remote_url)
    host = found["host"] if found else "github.com"
    repository = str(settings.get("forge.repository") or "")
    if not repository and found and re.fullmatch(r"[\w.-]+/[\w.-]+", found["path"]):
        repository = found["path"]
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise LeadlineError(
            "usage",
            "no-repository",
            f"which repository on GitHub is not said{': ' + repository if repository else ''}",
            "no setting forge.repository, and the git remote does not tell",
            "leadline init --forge github --forge-repository OWNER/NAME",
        )
    api_url = str(settings.get("forge.api_url") or "").rstrip("/")
    if not api_url:
        public = host in ("github.com", "ssh.github.com") or not found
        api_url = "https://api.github.com" if public else f"https://{host}/api/v3"
    parts = urlsplit(api_url)
    api_host = parts.hostname or ""
    web = "https://github.com" if api_host == "api.github.com" else f"{parts.scheme}://{parts.netloc}"
    return Place(api_host, api_url, repository, f"{settings.get('forge.web_url') or web}/{repository}")
