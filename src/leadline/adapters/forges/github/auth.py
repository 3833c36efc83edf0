"""Where the token comes from: the environment, else the gh program. It is never stored, logged or put in an argv."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from leadline.core.errors import LeadlineError

GH_TIMEOUT_S = 5.0


def token_for(host: str, environ: Mapping[str, str]) -> str:
    """The token for ``host``: ``$GH_TOKEN``, ``$GITHUB_TOKEN`` (Enterprise: ``$GH_ENTERPRISE_TOKEN`` first), else what
    ``gh auth token`` prints. Raises LeadlineError(environment, ``no-token``)."""
    names = ["GH_TOKEN", "GITHUB_TOKEN"]
    if host not in ("github.com", "api.github.com"):
        names.insert(0, "GH_ENTERPRISE_TOKEN")
    for name in names:
        if token := environ.get(name, "").strip():
            return token
    try:
        done = subprocess.run(
            ["gh", "auth", "token", "--hostname", host.removeprefix("api.")],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=GH_TIMEOUT_S,
        )
        if done.returncode == 0 and (token := done.stdout.strip()):
            return token
    except (OSError, subprocess.TimeoutExpired, ValueError):
        pass
    raise LeadlineError(
        "environment",
        "no-token",
        f"there is no token for {host}",
        f"looked at {', '.join('$' + name for name in names)} and at gh; it needs to read and write issues, no more",
        ["export GH_TOKEN=…", "gh auth login"],
    )
