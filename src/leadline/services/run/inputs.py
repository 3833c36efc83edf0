"""The data files that a command reads, as its user declares them (``--input``): digested, ignored
ones too, and compared."""

from __future__ import annotations

import os
from collections.abc import Sequence

from leadline.core.canonical import digest_of
from leadline.core.errors import refused
from leadline.core.plain import shell_word
from leadline.core.typed import TYPE_CHECKING
from leadline.services.artifact.file_digests import FileDigests
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import InputFacts
    from leadline.core.record.thread import Thread
    from leadline.services.run.facts import PlanFacts
    from leadline.services.run.request import RunRequest

MOST_FILES = 100_000


def with_inputs(
    context: Context, request: RunRequest, thread: Thread, facts: PlanFacts
) -> PlanFacts:
    """``facts`` with the declared inputs as they are now. A run over other data is no repeat of the
    experiment: it opens another one, which is said. Raises as ``inputs_of``."""
    terms = request.terms
    read = [*terms.inputs, *([terms.stdin] if terms.stdin and not request.command.stdin else [])]
    inputs = inputs_of(context, request.command.folder or context.cwd, read)
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
    known = FileDigests(context)
    found: dict[str, InputFacts] = {}
    for shown in named:
        path = os.path.join(folder, shown)
        digests, size = {}, 0
        for name in _files(path, shown):
            file = os.path.join(path, name) if name else path
            try:
                digests[name], size_bytes = known.of(file)
            except OSError as error:
                raise refused(
                    "unreadable-input",
                    f"{file} cannot be read: {error.strerror or error}",
                    why=f"{shown} is declared as an input",
                    do=f"ls -la {shell_word(file)}",
                ) from None
            size += size_bytes
        whole = digests[""] if list(digests) == [""] else digest_of(digests)
        found[shown] = {"digest": whole, "size_bytes": size, "files": len(digests)}
    known.keep()
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
