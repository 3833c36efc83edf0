"""The variables of a run's environment whose values are not recorded: a digest of each, so that two
sides that differ in one show its name.

Values never leave the process. The digests are keyed by random bytes that lie in the git directory
for their owner alone and never travel: nobody who gets a record can try values against it, and the
digests of two machines say nothing of each other. Left out are variables that name a shell, a
terminal, a session or a job, and the places of a work tree and its virtual environment in any value,
whose packages are recorded.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from leadline.core.canonical import canonical_json
from leadline.core.typed import TYPE_CHECKING
from leadline.job.disk import open_small
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import UnlistedVariables

KEY, KEY_BYTES, DIGEST_BYTES = "environment.key", 32, 8
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
    key = _key(context)
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


def _key(context: Context) -> bytes | None:
    path = os.path.join(context.root, KEY)
    try:
        return _read(path) or _made(path)
    except OSError:
        return None


def _read(path: str) -> bytes:
    try:
        with open(open_small(path), "rb") as file:
            key = file.read(KEY_BYTES)
    except FileNotFoundError:
        return b""
    return key if len(key) == KEY_BYTES else b""


def _made(path: str) -> bytes | None:
    """A new key; that of another process which was quicker. None where a damaged one is in its place."""
    temporary = f"{path}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        os.write(descriptor, os.urandom(KEY_BYTES))
        os.close(descriptor)
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)
    return _read(path) or None
