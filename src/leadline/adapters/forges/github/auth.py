"""Where the token comes from: the environment, else the gh program. It is never stored, logged or
put in an argv."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from leadline.adapters.own_programs import NOWHERE, own_environment, program
from leadline.core.errors import environment

GH_TIMEOUT_S = 5.0


def token_for(host: str, environ: Mapping[str, str]) -> str:
    """The token for ``host``: ``$GH_TOKEN``, ``$GITHUB_TOKEN`` (Enterprise:
    ``$GH_ENTERPRISE_TOKEN``), else what ``gh auth token`` prints. Raises
    LeadlineError(environment): ``no-token``, ``bad-token-text``."""
    token, source = _found(host, environ)
    if not token:
        raise environment(
            "no-token",
            f"there is no token for {host}",
            why=f"looked at {', '.join('$' + name for name in _names(host))} and at gh; it needs to read and write "
            "issues, "
            "no more",
            do=[
                f"export {_names(host)[0]}=…",
                f"gh auth login --hostname {host.removeprefix('api.')}",
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
    public = ["GH_TOKEN", "GITHUB_TOKEN"]
    enterprise = ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]
    if host in ("github.com", "api.github.com") or host.endswith(".ghe.com"):
        return public
    return [*enterprise, *public] if host in ("localhost", "127.0.0.1", "::1") else enterprise


def _found(host: str, environ: Mapping[str, str]) -> tuple[str, str]:
    for name in _names(host):
        if token := environ.get(name, "").strip():
            return token, f"${name}"
    gh = program("gh", environ)
    if not gh:
        return "", ""
    try:
        done = subprocess.run(
            [gh, "auth", "token", "--hostname", host.removeprefix("api.")],
            env=own_environment(environ),
            cwd=NOWHERE,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=GH_TIMEOUT_S,
        )
        if done.returncode == 0 and (token := done.stdout.strip()):
            return token, "gh"
    except (OSError, subprocess.TimeoutExpired, ValueError):
        pass
    return "", ""
