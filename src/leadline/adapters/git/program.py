"""Runs the git program: one place for its environment, its failures and its time limits.

Each call costs a process (about 2 ms), which is the price of getting git's own semantics for
attributes, filters, worktrees and object formats. ``GIT_DIR`` and ``GIT_WORK_TREE`` are always
given, so a surrounding hook's variables cannot redirect a call.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence

from leadline.adapters.git.process import Process
from leadline.adapters.own_programs import absolute_path, program
from leadline.core.errors import LeadlineError, conflict, environment
from leadline.core.patterns import later
from leadline.core.timestamps import duration
from leadline.core.typed import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from subprocess import Popen

FALLBACK_NAME = "Leadline"
FALLBACK_EMAIL = "leadline@localhost"

# What we have git write, it brings to the disk; ``durable.py`` does the rest. Older programs know no
# such setting and leave it all to that.
_SYNCED = ("-c", "core.fsync=loose-object,reference", "-c", "core.fsyncMethod=batch")

# Variables that tie git to another repository or change what a path or an object name means.
_SCRUBBED = frozenset(
    (
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_NAMESPACE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_GRAFT_FILE",
        "GIT_REPLACE_REF_BASE",
        "GIT_QUARANTINE_PATH",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_SHALLOW_FILE",
        "GIT_DEFAULT_HASH",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_EXTERNAL_DIFF",
        "GIT_DIFF_OPTS",
        "GIT_GLOB_PATHSPECS",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
        "GIT_PAGER",
        "GIT_EDITOR",
        "GIT_ASKPASS",
        "SSH_ASKPASS",
        "LANGUAGE",
        "GIT_TRACE",
        "GIT_TRACE2",
        "GIT_TRACE_SETUP",
        "GIT_TRACE_PACKET",
        "GIT_TRACE_PERFORMANCE",
        "GIT_CURL_VERBOSE",
    )
)


_LOCK_EXISTS = later(rb"(?<!remote: )Unable to create '([^'\n]+\.lock)': File exists")
LOCK_WAITS_S = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.0)
STALE_LOCK_S = 60.0  # git holds one for milliseconds


class Outcome(NamedTuple):
    """What one git call gave."""

    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def last_line(self) -> str:
        """The line of stderr that says most: the last one, without ``fatal:`` and without
        credentials."""
        return message_line(self.stderr)


def message_line(stderr: bytes) -> str:
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    kept = [line for line in lines if line and not line.startswith("hint:")]
    if not kept:
        return ""
    chosen = next(
        (line for line in reversed(kept) if line.startswith(("fatal:", "error:"))), kept[-1]
    )
    for prefix in ("fatal: ", "error: "):
        chosen = chosen.removeprefix(prefix)
    return without_credentials(chosen)


def without_credentials(text: str) -> str:
    """``text`` with ``user:password@`` removed from every URL that has one, ``ssh://git@``
    excepted."""
    return re.sub(
        r"https?://[^/@\s]+@", lambda match: match.group(0).split("://", 1)[0] + "://", text
    )


def base_environment() -> dict[str, str]:
    """The caller's environment without what would redirect, translate or prompt."""
    environment = {key: value for key, value in os.environ.items() if key not in _SCRUBBED}
    environment.update(
        PATH=absolute_path(os.environ.get("PATH")),
        GIT_TERMINAL_PROMPT="0",
        GIT_NO_REPLACE_OBJECTS="1",  # a code state is what its objects are, for everybody
        GIT_LITERAL_PATHSPECS="1",
        LC_ALL="C.UTF-8",
        GCM_INTERACTIVE="never",
        GIT_ASKPASS="",
        SSH_ASKPASS="",
        GIT_PAGER="cat",
    )
    return environment


def git_path() -> str:
    """The git program, never one of a checkout. Raises LeadlineError(environment)."""
    found = program("git")
    if not found:
        raise git_missing()
    return found


def patiently(call: Callable[[], Outcome]) -> Outcome:
    """The outcome of a git call, made again while another git process holds a lock that it needs.

    Raises LeadlineError(conflict, ``git-lock``) where that lock is not given up: its process was
    killed.
    """
    for wait_s in (*LOCK_WAITS_S, 0.0):
        outcome = call()
        path = lock_in_the_way(outcome)
        if not path:
            break
        if not wait_s or (_age_s(path) or 0) > STALE_LOCK_S:
            raise _lock_left(path)
        time.sleep(wait_s)
    return outcome


def lock_in_the_way(outcome: Outcome) -> str:
    """The lock file of this repository for which a call failed; "" for none."""
    found = _LOCK_EXISTS.search(outcome.stderr) if outcome.returncode else None
    return os.fsdecode(found[1]) if found else ""


def _age_s(path: str) -> float | None:
    try:
        return time.time() - os.stat(path).st_mtime
    except (OSError, OverflowError):  # given up, or a clock that says nothing
        return None


def lock_said(path: str) -> str:
    """That a lock file is there, and for how long."""
    age_s = _age_s(path)
    since = f", made {duration(age_s)} ago" if age_s and age_s > 0 else ""
    return f"a lock is in the way, {path}{since}"


def _lock_left(path: str) -> LeadlineError:
    import shlex  # only where a lock was left

    return conflict(
        "git-lock",
        f"git could not write: {lock_said(path)}",
        why="a git process that was killed leaves its lock behind; while we waited no other one gave it up",
        do=f"rm {shlex.quote(path)}",
        details={"lock": path},
    )


def git_missing() -> LeadlineError:
    return environment(
        "git-missing",
        "The git program was not found.",
        why="Leadline keeps its records in a git repository and needs git on the PATH.",
        do="git --version",
    )


class GitProgram:
    """The git program bound to one repository (and one work tree, unless bare)."""

    def __init__(self, git_dir: str, common_dir: str, work_tree: str | None) -> None:
        self.git_dir = git_dir
        self.common_dir = common_dir
        self.work_tree = work_tree
        self._environment: dict[str, str] | None = None

    def environment(
        self, extra: Mapping[str, str] | None = None, writes: bool = False
    ) -> dict[str, str]:
        if self._environment is None:
            self._environment = base_environment()
            self._environment["GIT_DIR"] = self.git_dir
            if self.work_tree is not None:
                self._environment["GIT_WORK_TREE"] = self.work_tree
        environment = dict(self._environment)
        if not writes:
            environment["GIT_OPTIONAL_LOCKS"] = "0"
        environment.update(extra or {})
        return environment

    def start(
        self,
        arguments: Sequence[str],
        *,
        extra: Mapping[str, str] | None = None,
        config: Sequence[str] = (),
        pipe_input: bool = False,
        writes: bool = False,
        hooks: bool = False,
        cwd: str | None = None,
    ) -> Process:
        """Start git; stdin is empty unless ``pipe_input``. ``hooks`` False keeps every hook from
        running."""
        try:
            return Process(
                self._command(arguments, config, hooks, cwd, writes),
                self.environment(extra, writes),
                pipe_input,
            )
        except FileNotFoundError:
            raise git_missing() from None

    def start_apart(
        self,
        arguments: Sequence[str],
        *,
        extra: Mapping[str, str],
        config: Sequence[str] = (),
        writes: bool = False,
        hooks: bool = False,
    ) -> Popen[bytes]:
        """Start git as the leader of a session of its own, so that it can be ended with all that it
        started."""
        import subprocess

        try:
            return subprocess.Popen(
                self._command(arguments, config, hooks, None, writes),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self.environment(extra, writes),
                start_new_session=True,
            )
        except FileNotFoundError:
            raise git_missing() from None

    def _command(
        self,
        arguments: Sequence[str],
        config: Sequence[str],
        hooks: bool,
        cwd: str | None,
        writes: bool,
    ) -> list[str]:
        folder = cwd or self.work_tree or self.git_dir
        if not os.path.isdir(folder):
            raise environment(
                "folder-gone",
                f"The folder {folder} is gone.",
                why="It was removed while Leadline was running.",
                do="cd to a folder inside a git repository",
            )
        command = [git_path(), "-C", folder, "-c", "core.quotePath=false"]
        # a program that the repository's settings name, and that only makes things quicker
        command += ["-c", "core.fsmonitor=false"]
        if not hooks:
            command += ["-c", "core.hooksPath=/dev/null"]
        if writes:
            command += _SYNCED
        for setting in config:
            command += ["-c", setting]
        return [*command, *arguments]

    def run(
        self,
        arguments: Sequence[str],
        *,
        data: bytes | None = None,
        extra: Mapping[str, str] | None = None,
        config: Sequence[str] = (),
        writes: bool = False,
        hooks: bool = False,
        cwd: str | None = None,
        ok: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Run git to its end. A status that ``ok`` does not accept (default: 0 only) raises
        ``git-failed``."""
        outcome = patiently(
            lambda: self._outcome(arguments, data, extra, config, writes, hooks, cwd)
        )
        if not (outcome.returncode == 0 if ok is None else ok(outcome.returncode)):
            self.fail(arguments, outcome)
        return outcome

    def _outcome(
        self,
        arguments: Sequence[str],
        data: bytes | None,
        extra: Mapping[str, str] | None,
        config: Sequence[str],
        writes: bool,
        hooks: bool,
        cwd: str | None,
    ) -> Outcome:
        process = self.start(
            arguments,
            extra=extra,
            config=config,
            pipe_input=data is not None,
            writes=writes,
            hooks=hooks,
            cwd=cwd,
        )
        stdout, stderr = process.communicate(data)
        return Outcome(process.wait(), stdout, stderr)

    def line(self, arguments: Sequence[str], **options: object) -> str:
        """The output of git as text without the final newline."""
        return os.fsdecode(self.run(arguments, **options).stdout).rstrip("\n")  # type: ignore[arg-type]

    def finish(self, process: Process, arguments: Sequence[str]) -> bytes:
        """Wait for a started process and return its output; raises ``git-failed``."""
        stdout, stderr = process.communicate()
        if process.wait() != 0:
            self.fail(arguments, Outcome(process.wait(), stdout, stderr))
        return stdout

    def fail(self, arguments: Sequence[str], outcome: Outcome) -> NoReturn:
        raise environment(
            "git-failed",
            f"git {arguments[0]} failed.",
            why=outcome.last_line or f"It ended with status {outcome.returncode}.",
            do="git fsck",
            details={
                "arguments": [
                    os.fsencode(a).decode("utf-8", "backslashreplace") for a in arguments[:12]
                ],
                "status": outcome.returncode,
            },
        )


def end_group(process: Popen[bytes]) -> None:
    """End what ``start_apart`` started, and all that it started."""
    try:
        os.killpg(process.pid, 9)  # without the enums of ``signal``
    except ProcessLookupError:
        pass
    process.communicate()


def any_status(_status: int) -> bool:
    """For calls whose failure is an answer."""
    return True
