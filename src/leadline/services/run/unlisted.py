"""The variables of a run's environment whose values are not recorded: a digest of each, so that two
sides that differ in one show its name.

Values never leave the process. The digests are keyed (``services/local_key.py``). Left out are
variables that name a shell, a terminal, a session or a job, and the places of a work tree and its
virtual environment in any value, whose packages are recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from leadline.core.canonical import canonical_json
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context
from leadline.services.local_key import local_key

if TYPE_CHECKING:
    from leadline.core.record.bodies import UnlistedVariables

DIGEST_BYTES = 8
_VOLATILE = frozenset(
    (
        "_", "PWD", "OLDPWD", "SHLVL", "COLUMNS", "LINES", "WINDOW", "WINDOWID", "STY", "COLORTERM", "DISPLAY",
        "XAUTHORITY", "EDITOR", "VISUAL", "PAGER", "LS_COLORS", "PS1", "PS2", "PROMPT", "PROMPT_COMMAND", "MAIL",
        "HISTFILE", "HISTSIZE", "HISTCONTROL", "LESSOPEN", "LESSCLOSE", "LOGNAME", "SUDO_COMMAND", "INVOCATION_ID",
        "JOURNAL_STREAM", "SYSTEMD_EXEC_PID", "MANAGERPID", "GPG_TTY", "VIRTUAL_ENV_PROMPT", "CONDA_PROMPT_MODIFIER",
        "CONDA_SHLVL", "XDG_RUNTIME_DIR", "XDG_SEAT", "XDG_VTNR", "BUILD_ID", "BUILD_NUMBER", "BUILD_URL", "JOB_NAME",
        "PYTEST_CURRENT_TEST", "PYTEST_VERSION", "TRACEPARENT", "MAKELEVEL", "MAKEFLAGS", "MFLAGS",
    )
)  # fmt: skip
_VOLATILE_PREFIXES = (
    "LEADLINE_", "TERM", "TMUX", "SSH_", "DBUS_", "XDG_SESSION", "WAYLAND_", "VTE_", "GNOME_", "KDE_", "KITTY_",
    "ITERM_", "VSCODE_", "CURSOR_", "CLAUDE", "CODEX_", "GIT_", "GITHUB_", "RUNNER_", "CI_", "ACTIONS_", "SLURM_JOB",
    "SLURM_STEP", "SLURM_ARRAY", "SLURM_TASK_PID", "SLURMD_", "SLURM_SUBMIT", "PBS_JOB", "LSB_JOB", "BUILDKITE_",
    "JENKINS_",
)  # fmt: skip


def unlisted_variables(
    context: Context, environ: Mapping[str, str], listed: Collection[str]
) -> UnlistedVariables | None:
    """What the record says of the variables outside ``listed``; None where no key can be had."""
    key = local_key(context)
    if key is None:
        return None
    try:
        from _blake2 import blake2b  # noqa: PLC0415  start-up: 1 ms less than hashlib
    except ImportError:
        from hashlib import blake2b  # noqa: PLC0415  start-up: only where it has no half
    places = [
        (value.encode("utf-8", "surrogateescape"), name)
        for value, name in (
            (environ.get("VIRTUAL_ENV") or environ.get("CONDA_PREFIX"), b"{environment}"),
            (context.vcs.toplevel, b"{tree}"),
        )
        if value and value != "/"
    ]
    digests: dict[str, str] = {}
    for name in sorted(environ):
        if name in listed or name in _VOLATILE or name.startswith(_VOLATILE_PREFIXES):
            continue
        value = environ[name].encode("utf-8", "surrogateescape")
        for place, stand_in in places:
            if place in value:
                value = value.replace(place, stand_in)
        shown = name.encode("utf-8", "replace").decode()
        digests[shown] = blake2b(value, key=key, digest_size=DIGEST_BYTES).hexdigest()
    blob = context.blobs.put(canonical_json(digests).encode())
    of = blake2b(b"", key=key, digest_size=DIGEST_BYTES).hexdigest()
    return {"key": of, "blob": blob, "count": len(digests)}
