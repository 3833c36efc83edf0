"""Finds the repository around a folder.

The common layouts (a ``.git`` folder, a linked worktree) are resolved by reading a few small files,
which saves a process at every start of the command line; anything unusual (``GIT_DIR`` in the
environment, ``core.worktree``, a bare repository, another owner) is left to ``git rev-parse``,
whose answer is the definition.
"""

from __future__ import annotations

import os

from leadline.adapters.git.program import Outcome, base_environment, git_missing, git_path
from leadline.core.errors import LeadlineError, environment
from leadline.core.plain import shell_word
from leadline.core.typed import NamedTuple


class Place(NamedTuple):
    """Where a repository lies. ``toplevel`` None: no work tree; ``prefix`` leads from it to the
    start folder."""

    toplevel: str | None
    git_dir: str
    common_dir: str
    prefix: str


_REDIRECTING = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_INDEX_FILE",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
)


def find(cwd: str) -> Place:
    """The repository around ``cwd``.

    Raises ``not-a-git-repository``, ``git-missing`` or ``unsafe-repository`` (it belongs to another
    user and git refuses it). ``GIT_DIR`` and ``GIT_WORK_TREE`` of the environment are honoured
    here, as git does.
    """
    start = os.path.realpath(cwd)
    if not os.path.isdir(start):
        raise _not_a_repository(cwd, "There is no such folder.", f"git init {shell_word(cwd)}")
    return _by_hand(start) or _by_git(start)


def _by_hand(start: str) -> Place | None:
    if any(name in os.environ for name in _REDIRECTING):
        return None
    device = os.stat(start).st_dev
    folder = start
    while True:
        dot_git = os.path.join(folder, ".git")
        if os.path.lexists(dot_git):
            break
        if os.path.exists(os.path.join(folder, "HEAD")) and os.path.isdir(
            os.path.join(folder, "objects")
        ):
            return None  # inside a bare repository or a git folder
        parent = os.path.dirname(folder)
        if parent == folder or os.stat(parent).st_dev != device:
            return None
        folder = parent
    try:
        git_dir = git_dir_of(dot_git)
        common_dir = git_dir and common_dir_of(git_dir)
        if not git_dir or not common_dir or not _plain(folder, dot_git, git_dir, common_dir):
            return None
    except OSError:
        return None
    prefix = os.path.relpath(start, folder)
    return Place(
        folder, git_dir, common_dir, "" if prefix == "." else prefix.replace(os.sep, "/") + "/"
    )


def git_dir_of(dot_git: str) -> str | None:
    """The folder that ``dot_git`` is or names. Raises OSError."""
    if os.path.isdir(dot_git):
        return os.path.realpath(dot_git)
    with open(dot_git, "rb") as stream:
        content = stream.read(8192)
    if not content.startswith(b"gitdir: "):
        return None
    target = os.fsdecode(content[len(b"gitdir: ") :].rstrip(b"\r\n"))
    return os.path.realpath(os.path.join(os.path.dirname(dot_git), target))


def common_dir_of(git_dir: str) -> str | None:
    """The folder that all work trees of a repository share. Raises OSError."""
    pointer = os.path.join(git_dir, "commondir")
    if not os.path.exists(pointer):
        return git_dir
    with open(pointer, "rb") as stream:
        return os.path.realpath(
            os.path.join(git_dir, os.fsdecode(stream.read(8192).rstrip(b"\r\n")))
        )


def _plain(folder: str, dot_git: str, git_dir: str, common_dir: str) -> bool:
    """Whether git would accept this repository and see nothing in it that needs more than the
    layout to resolve."""
    user = os.geteuid()
    if any(os.lstat(path).st_uid != user for path in {folder, dot_git, git_dir, common_dir}):
        return False
    if not os.path.isdir(os.path.join(common_dir, "objects")) or not os.path.isdir(
        os.path.join(common_dir, "refs")
    ):
        return False
    if not os.path.lexists(os.path.join(git_dir, "HEAD")):
        return False
    with open(os.path.join(common_dir, "config"), "rb") as stream:
        config = b"".join(stream.read().lower().split())
    return not any(
        word in config
        for word in (
            b"worktree",
            b"bare=true",
            b"bare=yes",
            b"bare=on",
            b"bare=1",
            b"bare]",
            b"[include",
            b"refstorage",
        )
    )


def _by_git(start: str) -> Place:
    import subprocess

    redirecting = {key: value for key, value in os.environ.items() if key in _REDIRECTING}
    variables = {**base_environment(), **redirecting, "GIT_OPTIONAL_LOCKS": "0"}
    command = [
        git_path(),
        "rev-parse",
        "--is-bare-repository",
        "--is-inside-work-tree",
        "--absolute-git-dir",
        "--git-common-dir",
        "--show-toplevel",
        "--show-prefix",
    ]
    try:
        done = subprocess.run(
            command, cwd=start, env=variables, stdin=subprocess.DEVNULL, capture_output=True
        )
    except FileNotFoundError:
        raise git_missing() from None
    lines = os.fsdecode(done.stdout).split("\n")
    if done.returncode == 0 or len(lines) > 4:
        _refuse_embedded(start, os.path.realpath(lines[2]))
    if done.returncode == 0:
        common = os.path.realpath(os.path.join(start, lines[3]))
        return Place(os.path.realpath(lines[4]), os.path.realpath(lines[2]), common, lines[5])
    # bare, or inside a git folder
    if len(lines) > 4 and b"must be run in a work tree" in done.stderr:
        return Place(
            None, os.path.realpath(lines[2]), os.path.realpath(os.path.join(start, lines[3])), ""
        )
    reason = Outcome(done.returncode, done.stdout, done.stderr)
    if b"dubious ownership" in done.stderr or b"unsafe repository" in done.stderr:
        raise environment(
            "unsafe-repository",
            f"git refuses the repository around {start}.",
            why="It belongs to another user, and its configuration could run programs as you.",
            do=f"git config --global --add safe.directory {start}",
        )
    raise _not_a_repository(start, reason.last_line)


def _refuse_embedded(start: str, git_dir: str) -> None:
    """A bare repository among the files of another one came with them: its settings name programs
    that git would run."""
    if "GIT_DIR" in os.environ or ".git" in git_dir.split(os.sep):
        return
    if not (start + os.sep).startswith(git_dir + os.sep):
        return
    folder = os.path.dirname(git_dir)
    while folder != os.path.dirname(folder):
        if os.path.lexists(os.path.join(folder, ".git")):
            raise environment(
                "unsafe-repository",
                f"{git_dir} is a bare repository among the files of {folder}.",
                why="It may have come with them, and its configuration could run programs as you.",
                do=f"cd {folder}",
            )
        folder = os.path.dirname(folder)


def _not_a_repository(folder: str, why: str, do: str = "git init") -> LeadlineError:
    return environment(
        "not-a-git-repository", f"{folder} is not inside a git repository.", why=why, do=do
    )
