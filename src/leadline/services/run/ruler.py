"""What measures a run: the files of the declared ruler as they are in its code state and beside it,
and the files that its command names."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import pairwise

from leadline.core.canonical import digest_bytes
from leadline.core.metric.ruler import (
    changed_between,
    in_force,
    loaded_by,
    other_files,
    words_of,
)
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING
from leadline.services.artifact.ruler_files import FilesOf, listed
from leadline.services.context import Context
from leadline.services.run.request import Command, RunRequest

if TYPE_CHECKING:
    from leadline.core.record.bodies import CodeState, RulerBody, RulerFacts
    from leadline.services.run.facts import PlanFacts

LISTED = 20
LARGEST_NAMED_BYTES = 4 << 20  # of a file that a command names; a larger one is data: --input


def ruler_of(context: Context, thread: Thread, command: Command, facts: PlanFacts) -> RulerFacts:
    """What measures a run that is to start, as its record says it."""
    inside = command.folder or context.cwd
    top = _top(context, command)
    told: RulerFacts = {}
    if in_force(thread.rulers):
        told["declared"] = _declared(context, thread, facts["code"], top)
    named = named_files(facts["argv"], inside, top)
    told["named"] = named
    if named and _load_others(named, inside, top):
        told["loads"] = True
    return told


def _declared(
    context: Context, thread: Thread, code: CodeState, top: str
) -> dict[str, dict[str, str]]:
    files, rulers = FilesOf(context, code, top), in_force(thread.rulers)
    return {metric: files.digests(said["patterns"]) for metric, said in rulers.items()}


def _top(context: Context, command: Command) -> str:
    """The folder that stands for the top of the work tree: that of unpacked code where it runs there."""
    if command.folder is None:
        return context.vcs.toplevel or context.cwd
    below = os.path.normpath(command.recorded_cwd or ".")
    return command.folder.removesuffix(f"/{below}") if below != "." else command.folder


def named_files(argv: Sequence[str], inside: str, top: str) -> dict[str, str]:
    """The files below ``top`` that a command names, with the digests of their content."""
    if any("cd " in token for token in argv):
        return {}  # a shell that goes elsewhere: its words name other files than those here
    words = words_of(argv)
    modules = [after for word, after in pairwise(words) if word == "-m"]
    words += [f"{m.replace('.', '/')}{end}" for m in modules for end in (".py", "/__main__.py")]
    found: dict[str, str] = {}
    for word in words:
        path = os.path.relpath(os.path.join(inside, word), top)
        if len(word) > 300 or path.startswith("..") or path in found or path.startswith(".git/"):
            continue
        if word == argv[0] and os.path.relpath(os.path.realpath(word), top).startswith(".."):
            continue  # an interpreter that a virtual environment links to
        try:
            full = os.path.join(top, path)
            if not os.path.isfile(full) or os.path.getsize(full) > LARGEST_NAMED_BYTES:
                continue
            with open(full, "rb") as file:
                found[path] = digest_bytes(file.read())
        except (OSError, ValueError):
            continue
    return found


def _load_others(named: Mapping[str, str], inside: str, top: str) -> bool:
    """Whether one of the files loads other code of the repository, as its text shows."""
    for path in named:
        try:
            with open(os.path.join(top, path), encoding="utf-8") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError):
            continue
        own = os.path.dirname(os.path.join(top, path))
        for candidate in loaded_by(text):
            for base in dict.fromkeys((own, inside, top, os.path.join(top, "src"))):
                full = os.path.normpath(os.path.join(base, candidate))
                below = os.path.relpath(full, top)
                if below.startswith("..") or below in named or below == ".":
                    continue
                if os.path.isfile(full) or (os.path.isdir(full) and _holds_code(full)):
                    return True
    return False


def _holds_code(folder: str) -> bool:
    try:
        return any(name.endswith(".py") for name in os.listdir(folder))
    except OSError:
        return False


# ---- changes -------------------------------------------------------------------------------------


def since_last(thread: Thread, request: RunRequest, ruler: RulerFacts) -> list[str]:
    """The patterns of the declared ruler that changed since the last run of the experiment that the
    request repeats."""
    if not request.experiment:
        return []
    runs = thread.experiment(request.experiment).runs
    if not runs:
        return []
    metrics = ruler.get("declared") or {}
    return sorted({p for m in metrics for p in changed_between(runs[-1].ruler, ruler, m)})


def changed_since(context: Context, thread: Thread, code: CodeState) -> list[RulerBody]:
    """What ``code``, the work tree as it is, has of the declared rulers that is other than was
    recorded last: somebody edited it since the last run."""
    declared = _declared(context, thread, code, context.toplevel)
    return changes(context, thread, {"declared": declared})


def changes(context: Context, thread: Thread, ruler: RulerFacts) -> list[RulerBody]:
    """What a run finds of the declared rulers to be other than was recorded last, as bodies of
    records."""
    found: list[RulerBody] = []
    for metric, said in in_force(thread.rulers).items():
        before, now = said.get("files") or {}, (ruler.get("declared") or {}).get(metric) or {}
        if not now or before == now:
            continue
        files = [
            f
            for p in now
            if now[p] != before.get(p)
            for f in _files(context, before.get(p), now[p])
        ]
        body: RulerBody = {
            "metric": metric,
            "patterns": list(said["patterns"]),
            "files": dict(now),
            "changed": files[:LISTED],
        }
        found.append(body)
    return found


def _files(context: Context, before: str | None, now: str) -> list[str]:
    return other_files(listed(context, before), listed(context, now))
