"""The data files that a command reads, as its user declares them (``--input``): digested, ignored
ones too, and compared. A file that was digested before and looks the same (device, inode, size, both
times) is not read again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from leadline.core.canonical import digest_of, digest_of_file
from leadline.core.errors import refused
from leadline.core.plain import shell_word
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context
from leadline.services.out_path import write_whole

if TYPE_CHECKING:
    from leadline.core.record.bodies import InputFacts
    from leadline.core.record.thread import Thread
    from leadline.services.run.facts import PlanFacts
    from leadline.services.run.request import RunRequest

CACHE, MOST_CACHED, MOST_FILES = "input-digests.json", 20_000, 100_000
_Stamp = list[int]


def with_inputs(
    context: Context, request: RunRequest, thread: Thread, facts: PlanFacts
) -> PlanFacts:
    """``facts`` with the declared inputs as they are now. A run over other data is no repeat of the
    experiment: it opens another one, which is said. Raises as ``inputs_of``."""
    inputs = inputs_of(context, request.command.folder or context.cwd, request.terms.inputs)
    if not inputs:
        return facts
    if request.experiment and not request.reproduction_of:
        last = thread.runs_of(request.experiment)[-1]
        then = last.data_files
        changed = [p for p, now in inputs.items() if then.get(p, now)["digest"] != now["digest"]]
        if changed:
            context.warn(f"{changed[0]} changed since {last.id}: this is another experiment")
            request.experiment = None
    return {**facts, "data_files": inputs}


def inputs_of(context: Context, folder: str, declared: Sequence[str]) -> dict[str, InputFacts]:
    """Each declared file or folder, which lie in or below ``folder`` or are absolute, by its name.

    Raises LeadlineError(refused): ``no-such-input``, ``unreadable-input``, ``too-many-inputs``.
    """
    named = dict.fromkeys([*declared, *context.setting("run.inputs")])
    if not named:
        return {}
    known = _cache(context)
    before = len(known)
    found: dict[str, InputFacts] = {}
    read = 0
    for shown in named:
        path = os.path.join(folder, shown)
        files = _files(path, shown)
        digests = {}
        size = 0
        for name in files:
            digest, bytes_, was_read = _digest(
                os.path.join(path, name) if name else path, known, shown
            )
            digests[name], size, read = digest, size + bytes_, read + was_read
        whole = digests[""] if list(digests) == [""] else digest_of(digests)
        found[shown] = {"digest": whole, "size_bytes": size, "files": len(digests)}
    if read or len(known) != before:
        _keep(context, known)
    return found


def _files(path: str, shown: str) -> list[str]:
    """ "" for a file; the names below a folder."""
    if os.path.isfile(path):
        return [""]
    if not os.path.isdir(path):
        raise refused(
            "no-such-input",
            f"there is no input {shown}",
            why="a run without the data that it is declared to read says nothing about them",
            do=f"ls -la {shell_word(os.path.dirname(path) or '.')}",
        )
    names: list[str] = []
    for where, folders, files in os.walk(path):
        folders.sort()
        names += [os.path.relpath(os.path.join(where, name), path) for name in sorted(files)]
        if len(names) > MOST_FILES:
            raise refused(
                "too-many-inputs",
                f"{shown} holds more than {MOST_FILES} files",
                why="each would be looked at before each run",
                do="leadline run --input MANIFEST -- …  (a file that lists them with their digests)",
            )
    return names


def _digest(path: str, known: dict[str, tuple[_Stamp, str]], shown: str) -> tuple[str, int, int]:
    """Digest, size, and 1 where the file had to be read."""
    try:
        with open(path, "rb") as file:
            at = os.fstat(file.fileno())
            stamp = [at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns]
            real = os.path.realpath(path)
            if real in known and list(known[real][0]) == stamp:
                return known[real][1], at.st_size, 0
            digest = digest_of_file(file)
    except OSError as error:
        raise refused(
            "unreadable-input",
            f"{path} cannot be read: {error.strerror or error}",
            why=f"{shown} is declared as an input",
            do=f"ls -la {shell_word(path)}",
        ) from None
    known.pop(real, None)
    known[real] = stamp, digest
    return digest, at.st_size, 1


def _cache(context: Context) -> dict[str, tuple[_Stamp, str]]:
    try:
        with open(os.path.join(context.root, CACHE), encoding="utf-8") as file:
            return {
                str(path): (stamp, str(digest)) for path, (stamp, digest) in json.load(file).items()
            }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _keep(context: Context, known: dict[str, tuple[_Stamp, str]]) -> None:
    kept = dict(list(known.items())[-MOST_CACHED:])
    try:
        write_whole(os.path.join(context.root, CACHE), json.dumps(kept).encode())
    except OSError:
        pass  # they are read again next time
