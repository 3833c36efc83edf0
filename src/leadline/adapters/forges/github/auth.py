"""Where the token comes from: the environment, else the gh program. It is never stored, logged or
put in an argv."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from leadline.adapters.own_programs import NOWHERE, own_environment, program
from leadline.core.errors import environment

GH_TIMEOUT_S = 5.0
_VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


def token_for(host: str, environ: Mapping[str, str], agreed: bool = True, place: str = "") -> str:
    """The token for ``host``: ``$GH_TOKEN``, ``$GITHUB_TOKEN`` (Enterprise:
    ``$GH_ENTERPRISE_TOKEN``), else what ``gh auth token`` prints. Not ``agreed``: nobody said on
    this machine that ``place`` may have one, and only gh's own login for that host counts.

    Raises LeadlineError(environment): ``no-token``, ``bad-token-text``, ``not-agreed``.
    """
    token, source = _found(host, environ) if agreed else (_of_gh(host, environ), "gh")
    if not token and not agreed:
        raise environment(
            "not-agreed",
            f"nobody on this machine said that {place or host} may have a token and posts",
            why="a checkout, a record from elsewhere or the address of a remote does not decide that",
            do=["leadline init --github", f"gh auth login --hostname {_gh_host(host)}"],
        )
    if not token:
        raise environment(
            "no-token",
            f"there is no token for {host}",
            why=f"looked at {', '.join('$' + name for name in _names(host))} and at gh; it needs to read and write "
            "issues, "
            "no more",
            do=[
                f"export {_names(host)[0]}=…",
                f"gh auth login --hostname {_gh_host(host)}",
            ],
        )
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise environment(
            "bad-token-text",
            f"{source} holds no token",
            why="a token has no spaces, line breaks or letters outside ASCII",
            do=["export GH_TOKEN=…", "gh auth login"],
        )
    return token


def _names(host: str) -> list[str]:
    """The variables that hold a token for ``host``, by gh's own rule: one for github.com goes to no
    other server. A server on this machine takes any."""
    public, enterprise = list(_VARIABLES[:2]), list(_VARIABLES[2:])
    if host in ("github.com", "api.github.com") or host.endswith(".ghe.com"):
        return public
    return [*enterprise, *public] if host in ("localhost", "127.0.0.1", "::1") else enterprise


def _found(host: str, environ: Mapping[str, str]) -> tuple[str, str]:
    for name in _names(host):
        if token := environ.get(name, "").strip():
            return token, f"${name}"
    return _of_gh(host, environ), "gh"


def _gh_host(host: str) -> str:
    return host.removeprefix("api.")


def _of_gh(host: str, environ: Mapping[str, str]) -> str:
    """What gh has for ``host`` by its own login; "" without."""
    gh = program("gh", environ)
    if not gh:
        return ""
    asked = own_environment(environ)
    for name in _VARIABLES:  # gh would give back what stands there, for hosts of its own choice
        asked.pop(name, None)
    try:
        done = subprocess.run(
            [gh, "auth", "token", "--hostname", _gh_host(host)],
            env=asked,
            cwd=NOWHERE,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=GH_TIMEOUT_S,
        )
        if done.returncode == 0 and (token := done.stdout.strip()):
            return token
    except (OSError, subprocess.TimeoutExpired, ValueError):
        pass
    return ""
