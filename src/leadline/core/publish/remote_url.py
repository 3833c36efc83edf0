"""What the URL of a git remote says: host, repository, and where its pages are, if it has any.

>>> url = parse("git@github.com:owner/name.git")
>>> url.host, url.path, url.web
('github.com', 'owner/name', 'https://github.com/owner/name')
"""

from __future__ import annotations

import re

from leadline.core.typed import NamedTuple

_URL = re.compile(
    r"(?P<scheme>https?|ssh|git|git\+ssh)://(?:[^@/]*@)?(?P<host>\[[^\]/]+\]|[^:/]+)"
    r"(?::(?P<port>\d+))?/+(?P<path>.+)\Z"
)
# C:\… is a path
_SCP = re.compile(r"(?:[^@/:\s]+@)?(?P<host>\[[^\]/]+\]|[\w.-]{2,}):(?!//)/?(?P<path>[^\s]+)\Z")
_ALSO_KNOWN_AS = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}


class RemoteUrl(NamedTuple):
    scheme: str  # "scp" for the form user@host:path
    host: str
    port: str
    path: str  # owner/name on most forges; without .git

    @property
    def web(self) -> str:
        """The page of the repository; "" where the URL tells none: an SSH host without a dot is a
        name that only the user's own SSH settings know."""
        if self.scheme in ("https", "http"):
            port = f":{self.port}" if self.port else ""
            return f"{self.scheme}://{self.host}{port}/{self.path}"
        return f"https://{self.host}/{self.path}" if "." in self.host else ""

    @property
    def by_ssh(self) -> bool:
        return self.scheme in ("scp", "ssh", "git+ssh")


def at_host(url: str, host: str) -> str:
    """The same URL of a remote at another host.

    >>> at_host("git@github.com-work:owner/name.git", "github.com")
    'git@github.com:owner/name.git'
    """
    found = _URL.match(url) or _SCP.match(url)
    return url[: found.start("host")] + host + url[found.end("host") :] if found else url


def in_clear(url: str) -> bool:
    """Whether what is sent to ``url`` could be read on the way: plain http, and not to this machine
    itself."""
    from urllib.parse import urlsplit  # noqa: PLC0415  start-up: 3.8 ms

    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    here = (
        host == "localhost"
        or host.endswith(".localhost")
        or host == "::1"
        or re.fullmatch(r"127(\.\d+){3}", host)
    )
    return parts.scheme.lower() == "http" and not here


def parse(url: str | None) -> RemoteUrl | None:
    """None for a path on disk, or what is no URL of a remote."""
    found = _URL.match(url or "")
    if found is not None:
        scheme, host, port, path = (
            found["scheme"],
            found["host"],
            found["port"] or "",
            found["path"],
        )
    else:
        found = _SCP.match(url or "")
        if found is None or "://" in str(url):
            return None
        scheme, host, port, path = "scp", found["host"], "", found["path"]
    path = path.partition("?")[0].partition("#")[0].strip("/").removesuffix(".git")
    if not path:
        return None
    return RemoteUrl(scheme, _ALSO_KNOWN_AS.get(host.lower(), host), port, path)
