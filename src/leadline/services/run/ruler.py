"""What measures a run: the files of the declared ruler as they are in its code state and beside it,
and the files that its command names."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise

from leadline.core.canonical import digest_bytes
from leadline.core.metric.ruler import (
    changed_between,
    files_in,
    goes_to,
    imported_by,
    in_force,
    is_source,
    loaded_by,
    makefiles_of,
    other_files,
    said_in,
    searched_by,
    variables_in,
    words_of,
)
from leadline.core.record.thread import Thread
from leadline.core.secrets.names import secret_name_reason
from leadline.core.tree_path import may_be_written
from leadline.core.typed import TYPE_CHECKING
from leadline.services.artifact.ruler_files import FilesOf, listed
from leadline.services.context import Context
from leadline.services.run.loose_files import (
    changed_beside,
    elsewhere_digest,
    files_beside,
    is_of_the_machine,
)
from leadline.services.run.request import Command, RunRequest
from leadline.services.run.same_program import said

if TYPE_CHECKING:
    from leadline.core.record.bodies import CodeState, RulerBody, RulerFacts, RunPlannedBody
    from leadline.services.run.facts import PlanFacts

LISTED, MOST_READ = 20, 100
# Of what measures: whose text says what it loads and reads.
CODE = (
    *(
        ".py",
        ".sh",
        ".bash",
        ".mk",
        "Makefile",
        "makefile",
        "justfile",
        ".c",
        ".cc",
        ".cpp",
        ".cu",
        ".h",
        ".hpp",
    ),
    *(".js", ".mjs", ".ts", ".jl", ".r", ".R", ".lua", ".pl", ".rb"),
)
LARGEST_NAMED_BYTES = 4 << 20  # of a file that a command names; a larger one is data: --input
LARGEST_READ_BYTES = 64 << 20  # of one that a program names


def ruler_of(context: Context, thread: Thread, command: Command, facts: PlanFacts) -> RulerFacts:
    """What measures a run that is to start, as its record says it, and what of its program no code
    state tells."""
    argv, top = facts["argv"], _top(context, command)
    inside = goes_to(argv, command.folder or context.cwd)
    told: RulerFacts = {}
    measuring: list[str] = []
    if rulers := in_force(thread.rulers):
        files = FilesOf(context, facts["code"], top)
        told["declared"] = {
            metric: _declared(context, files, said["patterns"], argv, inside, top)
            for metric, said in rulers.items()
        }
        here = top if inside is None or _is_below(inside, top) else top_of(inside)
        protected = {
            p for said in rulers.values() for pattern in said["patterns"] for p in files.of(pattern)
        }
        measuring = measuring_files(protected, here)
    paths = _named_paths(argv, inside, top, context.environ) if inside is not None else []
    named = {
        _below(p, top): d for p in paths if _is_below(p, top) and (d := _digest(p)) is not None
    }
    told["named"] = named
    python_path = command.set_environment.get("PYTHONPATH") or context.environ.get("PYTHONPATH")
    software = facts.get("software", {})  # of a run elsewhere nobody knows yet
    folders = [*(python_path or "").split(os.pathsep), *software.get("editable", ())]
    elsewhere = [f for f in map(os.path.abspath, filter(None, folders)) if _of_the_user(f)]
    loaded = loaded_files(paths, inside or top, top, elsewhere)
    if any(_below(path, top) not in named for path in loaded if _is_below(path, top)):
        told["loads"] = True
    read = _read_by([*paths, *loaded], inside or top, top)
    said = loaded_files([], inside or top, top, elsewhere, said=said_in(argv))
    if beside := files_beside(context, facts["code"], top, [*paths, *loaded, *said, *read]):
        told["beside"] = beside
    if measuring:
        others = [p for p in loaded_files(measuring, inside or top, top) if p not in measuring]
        told["loaded"] = {_below(p, top): d for p in others if (d := _digest(p)) is not None}
        closed = _imported(measuring, [p for p in (*paths, *loaded) if p not in measuring])
        if inside is not None and paths and closed.isdisjoint(paths):
            reached = [*paths, *loaded_files(paths, inside or top, top, elsewhere, closed)]
            own = [p for p in others if p not in reached]
            tested = [
                *measuring,
                *_read_by([p for p in reached if p not in measuring], inside, top),
            ]
            data = [p for p in _read_by([*measuring, *own], inside, top) if p not in tested]
            # What the code state holds and runs may write, they may have written.
            data = [p for p in data if _below(p, top) in beside or not may_be_written(p)]
            told["loaded"] |= {_below(p, top): d for p in data if (d := _digest(p)) is not None}
            told["own"] = sorted(_below(p, top) for p in (*own, *data))
    asked = measuring or (paths if told.get("loads") else [])
    if variables := variables_of(asked):
        told["variables"] = variables
    return told


def measuring_files(paths: Iterable[str], top: str) -> list[str]:
    """Those of the files of a ruler whose text says what they load and read."""
    return [
        os.path.join(top, path)
        for path in sorted(paths)
        if path.endswith(CODE) or "." not in os.path.basename(path)
    ][:MOST_READ]


def _imported(measuring: Sequence[str], programs: Iterable[str]) -> set[str]:
    """Those of the files that measure which the code that is measured imports: what a command or a script
    starts is a program itself, and what it loads may be what is measured."""
    names = {name for path in programs for name in imported_by(_text(path))}
    return {path for path in measuring if any(path.endswith(f"/{name}") for name in names)}


def variables_of(paths: Iterable[str]) -> list[str]:
    """The variables of the environment that these files read."""
    return sorted({name for path in paths for name in variables_in(_text(path))})


def _top(context: Context, command: Command) -> str:
    """The folder that stands for the top of the work tree: that of unpacked code where it runs there."""
    if command.folder is None:
        return context.vcs.toplevel or context.cwd
    below = os.path.normpath(command.recorded_cwd or ".")
    return command.folder.removesuffix(f"/{below}") if below != "." else command.folder


def _is_below(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top}/")


def _below(path: str, top: str) -> str:
    return os.path.relpath(path, top) if _is_below(path, top) else path


def top_of(folder: str) -> str:
    """The work tree that a folder lies in; itself where it lies in none."""
    at = folder
    while not os.path.exists(os.path.join(at, ".git")):
        if at == os.path.dirname(at):
            return folder
        at = os.path.dirname(at)
    return at


def _declared(
    context: Context,
    files: FilesOf,
    patterns: Sequence[str],
    argv: Sequence[str],
    inside: str | None,
    top: str,
) -> dict[str, str]:
    """Pattern to digest where the command runs: what goes to another folder is measured by the files
    there."""
    if inside is not None and _is_below(inside, top):
        return files.digests(patterns)
    if inside is None:
        return dict.fromkeys(patterns, elsewhere_digest(argv))
    return files.digests_at(patterns, top_of(inside))


def _named_paths(
    argv: Sequence[str], inside: str, top: str, environ: Mapping[str, str]
) -> list[str]:
    """The files that a command names, whole, wherever they lie; none that holds a login by its name:
    it is no program, and a short one could be guessed from a digest."""
    words = words_of(argv)
    modules = [after for word, after in pairwise(words) if word == "-m"]
    words += [f"{m.replace('.', '/')}{end}" for m in modules for end in (".py", "/__main__.py")]
    words += makefiles_of(argv)
    if argv and "/" not in argv[0]:
        words += [os.path.join(place, argv[0]) for place in environ.get("PATH", "").split(":")[:40]]
    found: dict[str, None] = {}
    for word in words:
        path = os.path.normpath(os.path.join(inside, word))
        if len(word) > 300 or _below(path, top).startswith(".git/"):
            continue
        if word == argv[0] and not _is_below(os.path.realpath(path), top) and _is_below(path, top):
            continue  # an interpreter that a virtual environment links to
        try:
            if _is_program(path) and not is_of_the_machine(path):
                found[path] = None
        except ValueError:
            continue
    return list(found)


def program_touched(context: Context, planned: RunPlannedBody, since_s: float) -> bool:
    """Whether a file that a run's command names or loads was written since: whether a look at all of
    the code is worth its time."""
    argv, top = planned["argv"], context.vcs.toplevel or context.cwd
    inside = goes_to(argv, os.path.join(top, planned["cwd"]))
    if inside is None:
        return True
    paths = _named_paths(argv, inside, top, context.environ)
    for path in (*paths, *loaded_files(paths, inside, top)):
        with suppress(OSError):
            if os.stat(path).st_mtime >= since_s:
                return True
    return False


def _digest(path: str) -> str | None:
    """Of a file that is no data: those are declared (``--input``)."""
    try:
        if os.path.getsize(path) > LARGEST_NAMED_BYTES:
            return None
        with open(path, "rb") as file:
            return digest_bytes(file.read())
    except OSError:
        return None


def _text(path: str) -> str:
    try:
        if os.path.getsize(path) > LARGEST_NAMED_BYTES:
            return ""
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _read_by(paths: Sequence[str], inside: str, top: str) -> list[str]:
    """The data files that programs and config files name in their text, as far as they lie there and are
    not large: larger ones are declared (``--input``)."""
    found: dict[str, None] = {}
    for path in paths:
        for name in _files_in(path):
            for base in dict.fromkeys((inside, os.path.dirname(path), top)):
                full = os.path.normpath(os.path.join(base, name))
                if full not in found and not _is_data(full, top):
                    continue
                found[full] = None
                break
            if len(found) == MOST_READ:
                return list(found)
    return list(found)


def _is_data(path: str, top: str) -> bool:
    try:
        size = os.path.getsize(path) if os.path.isfile(path) else 0
    except (OSError, ValueError):
        return False
    if not 0 < size <= LARGEST_READ_BYTES or _below(path, top).split(os.sep)[0] == ".git":
        return False
    return not is_source(path) and not secret_name_reason(path) and not is_of_the_machine(path)


def _files_in(path: str) -> Sequence[str]:
    try:
        stat = os.stat(path)
    except OSError:
        return ()
    return _files_in_state(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4 * MOST_READ)
def _files_in_state(path: str, mtime_ns: int, size_bytes: int) -> tuple[str, ...]:
    return tuple(files_in(_text(path), is_source(path)))


def _of_the_user(folder: str) -> bool:
    """Whether what lies in a folder is known by its content; installed packages are by version."""
    return not is_of_the_machine(os.path.join(folder, "any"))


def loaded_files(
    paths: Sequence[str],
    inside: str,
    top: str,
    elsewhere: Sequence[str] = (),
    closed: Collection[str] = (),
    said: str = "",
) -> list[str]:
    """The files that those of ``paths`` load, and what these load in turn, as their text shows: other
    code of the repository, beside a program outside it, in the folders ``elsewhere``, or in those
    that a program adds to where Python looks. ``closed``: what these load is not asked; ``said``:
    code that stands in the command."""
    elsewhere = list(elsewhere)
    found: dict[str, None] = {}
    entries = dict[
        str, frozenset[str]
    ]()  # of the folders looked in: most of what is imported is not here

    def is_here(base: str, name: str) -> bool:
        if base not in entries:
            entries[base] = _entries(base)
        return name in entries[base] or name in (".", "..")

    read = ["", *paths] if said else list(paths)
    for path in read:
        own, real = os.path.dirname(path) or inside, os.path.dirname(os.path.realpath(path))
        candidates, folders = _loaded_by(path) if path else (loaded_by(said), searched_by(said))
        for full in (os.path.normpath(os.path.join(b, f)) for f in folders for b in (own, inside)):
            if full not in elsewhere and full != os.sep and os.path.isdir(full):
                elsewhere += [full] if _of_the_user(full) else []
        places = (top, own, real, *elsewhere)
        bases = dict.fromkeys((own, real, inside, top, os.path.join(top, "src"), *elsewhere))
        for candidate in candidates:
            first = candidate.lstrip("/").partition("/")[0]
            for base in (b for b in bases if is_here(b, first)):
                full = os.path.normpath(os.path.join(base, candidate))
                if full in found or full in paths:
                    break
                if any(_is_below(full, p) for p in places) and _is_program(full):
                    found[full] = None
                    if len(found) == MOST_READ:
                        return list(found)
                    read += [full] if full not in closed else []
                    break
    return list(found)


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and not secret_name_reason(path)


def _entries(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except OSError:
        return frozenset()


def _loaded_by(path: str) -> tuple[Sequence[str], Sequence[str]]:
    """What a file loads, and the folders that it adds to where Python looks."""
    try:
        stat = os.stat(path)
    except OSError:
        return (), ()
    return _loaded_by_state(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4 * MOST_READ)
def _loaded_by_state(
    path: str, mtime_ns: int, size_bytes: int
) -> tuple[Sequence[str], Sequence[str]]:
    """A sweep asks for the same files at each run."""
    text = _text(path)
    return tuple(loaded_by(text)), tuple(searched_by(text))


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
    files, rulers = FilesOf(context, code, context.toplevel), in_force(thread.rulers)
    declared = {metric: files.digests(said["patterns"]) for metric, said in rulers.items()}
    return changes(context, thread, {"declared": declared})


def another_experiment(
    context: Context, thread: Thread, request: RunRequest, ruler: RulerFacts
) -> str:
    """What changed since the last run of the experiment that the request repeats, of what measures or
    of the program beside the code, so that it is no repeat; "" where it is one."""
    if not request.experiment or request.reproduction_of:
        return ""
    if since_last(thread, request, ruler):
        return "what measures"
    runs = thread.runs_of(request.experiment)
    return said(changed_beside(context, runs[-1], ruler.get("beside", {}))) if runs else ""


def changes(context: Context, thread: Thread, ruler: RulerFacts) -> list[RulerBody]:
    """What a run finds of the declared rulers to be other than was recorded last, as bodies of
    records."""
    found: list[RulerBody] = []
    for metric, known in in_force(thread.rulers).items():
        before, now = known.get("files") or {}, (ruler.get("declared") or {}).get(metric) or {}
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
            "patterns": list(known["patterns"]),
            "files": dict(now),
            "changed": files[:LISTED],
        }
        found.append(body)
    return found


def _files(context: Context, before: str | None, now: str) -> list[str]:
    return other_files(listed(context, before), listed(context, now))
