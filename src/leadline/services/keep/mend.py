"""Clear what commands that were killed and power cuts left behind: ``doctor --mend``.

Nothing that is a record, or that anybody was told the name of, is removed: temporary files go, what is
damaged is moved aside, and what is derived is made again by the next verb that needs it.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator

from leadline.core.errors import LeadlineError
from leadline.core.timestamps import few
from leadline.services.branch.tips import branch_ref
from leadline.services.context import Context
from leadline.services.keep.doctor import OK, PROBLEM, Check
from leadline.services.publish.seal import complete
from leadline.services.run.recover import recover_runs

# NAME.PID.tmp as all whole files are written; what the job program and a capture hold for a moment.
_TEMPORARY = re.compile(
    r"\.(?P<pid>\d+)\.tmp$|^\.(?P<copying>\d+)-[0-9a-f]+\.tmp$|\.json\.(?P<index>\d+)$"
    r"|^\.(?:result\.json|owner\.json|alive|tree)\.[0-9a-f]{12}$"
)
_SCRATCH = ("tmp", "reproduce")
ABANDONED_S = 24 * 3600.0


def mend(context: Context) -> list[Check]:
    """What was cleared, moved or ended, a line each. Never raises for what cannot be mended."""
    checks: list[Check] = []
    for name, step in (
        ("temporary files", _temporary_files),
        ("git", _git),
        ("runs", _runs),
        ("seals", _seals),
        ("rights", _rights),
    ):
        try:
            done = step(context)
        except (LeadlineError, OSError) as error:
            checks.append(Check("mended", name, PROBLEM, getattr(error, "what", str(error))))
            continue
        checks.append(Check("mended", name, OK, few(done, 10) or "nothing to mend"))
    return checks


def _temporary_files(context: Context) -> list[str]:
    removed = []
    for folder, names in _folders(context):
        for name in names:
            path = os.path.join(folder, name)
            if _is_left(path, name):
                os.unlink(path)
                removed.append(os.path.relpath(path, context.vcs.common_dir))
    for scratch in _SCRATCH:
        top = os.path.join(context.root, scratch)
        for name in os.listdir(top) if os.path.isdir(top) else []:
            path = os.path.join(top, name)
            if _age_s(path) > ABANDONED_S:
                shutil.rmtree(path, ignore_errors=True)
                removed.append(os.path.relpath(path, context.vcs.common_dir))
    return removed


def _folders(context: Context) -> Iterator[tuple[str, list[str]]]:
    """Where our temporary files may be: all of our own folder, and that of the logbook."""
    for folder, _, names in os.walk(context.root):
        yield folder, names
    if context.vcs.toplevel is not None:
        logbooks = os.path.join(context.vcs.toplevel, str(context.setting("logbook.folder")))
        if os.path.isdir(logbooks) and not os.path.islink(logbooks):
            yield logbooks, os.listdir(logbooks)


def _is_left(path: str, name: str) -> bool:
    """Whether its process is gone; a name that tells none is left when it is old."""
    found = _TEMPORARY.search(name)
    if found is None:
        return False
    pid = found["pid"] or found["copying"] or found["index"]
    if pid is None:
        return _age_s(path) > ABANDONED_S
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass
    return _age_s(path) > ABANDONED_S  # the number was given to another since


def _age_s(path: str) -> float:
    return time.time() - os.lstat(path).st_mtime


def _git(context: Context) -> list[str]:
    return context.vcs.mend(branch_ref(context))


def _runs(context: Context) -> list[str]:
    return recover_runs(context, unmarked=True)


def _seals(context: Context) -> list[str]:
    return [tag for topic in context.store.topics() for tag in complete(context, topic)]


def _rights(context: Context) -> list[str]:
    """Everything below our folder is as open as it."""
    if not os.path.isdir(context.root):
        return []
    rights = os.stat(context.root).st_mode & 0o2777
    closed = []
    for folder, _, names in os.walk(context.root):
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            now = os.lstat(path).st_mode & 0o777
            # a program of an unpacked code state stays one
            mode = rights if path == folder or now & 0o100 else rights & 0o666
            if now & ~mode and not os.path.islink(path):
                os.chmod(path, now & mode)
                closed.append(os.path.relpath(path, context.root))
    return closed
