"""How open a repository is, by git's setting for it."""

from __future__ import annotations

import os
import stat

PRIVATE = 0o700
_GROUP, _EVERYBODY = 0o660, 0o664
_NAMED = {
    "umask": 0,
    "group": _GROUP,
    "all": _EVERYBODY,
    "world": _EVERYBODY,
    "everybody": _EVERYBODY,
}
_TRUE = ("true", "yes", "on")


def mode_of_folders(common_dir: str) -> int:
    """The rights of a folder of ours in a git directory: private, or what ``core.sharedRepository``
    asks for, with the group passed on as git does it. What git cannot be asked is private."""
    import subprocess

    command = ["git", "config", "--get", "core.sharedRepository"]
    environment = {**os.environ, "GIT_DIR": common_dir}
    try:
        done = subprocess.run(
            command, env=environment, cwd=common_dir, stdin=subprocess.DEVNULL, capture_output=True
        )
    except OSError:
        return PRIVATE
    if done.returncode:
        return PRIVATE
    return mode_by(done.stdout.decode("utf-8", "replace").rstrip("\n"))


def mode_by(setting: str) -> int:
    """As git reads it (``git_config_perm`` in its config.c): a word, ``true``, an octal number, where
    1 and 2 are old spellings of two words; nothing after the name is ``true``."""
    files = _NAMED.get(setting)
    if files is None:
        octal = setting.isascii() and setting.isdigit() and not set(setting) & {"8", "9"}
        number = int(setting, 8) if octal else int(setting.lower() in (*_TRUE, ""))
        files = {0: 0, 1: _GROUP, 2: _EVERYBODY}.get(number, number & 0o666)
    if files & 0o600 != 0o600 or not files & 0o066:
        return PRIVATE
    return files | (files & 0o444) >> 2 | stat.S_ISGID
