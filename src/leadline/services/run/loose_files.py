"""The files that a run's program is made of and that no code state holds: ignored by git, or outside the
work tree. They are known by digest, so that another one of the same name is not taken for it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from leadline.core.canonical import digest_of
from leadline.core.design.changed_program import changed_program
from leadline.core.errors import LeadlineError
from leadline.core.metric.ruler import beside_of, is_source
from leadline.core.record.run import CONVERTED, TOO_LARGE, gaps_of
from leadline.core.timestamps import epoch_ms
from leadline.core.tree_path import is_built, may_be_written
from leadline.core.typed import TYPE_CHECKING
from leadline.services.artifact.file_digests import FileDigests
from leadline.services.context import Context
from leadline.services.run.inputs import inputs_of
from leadline.services.run.same_program import another_program, written_by_runs

if TYPE_CHECKING:
    from leadline.core.record.bodies import CodeState
    from leadline.core.record.run import Run

MOST_FILES = 200
LARGEST_BYTES = 1 << 29  # a larger one is known by its size
# What a machine has besides; its interpreters and packages are recorded by version.
_SYSTEM = (
    *("/usr/bin/", "/usr/sbin/", "/usr/lib", "/bin/", "/sbin/", "/lib", "/etc/", "/dev/"),
    *("/proc/", "/sys/", "/nix/", "/snap/"),
)
_INTERPRETERS = ("python", "pypy", "bash", "sh", "zsh", "node", "ruby", "perl", "java", "julia")


def files_beside(
    context: Context, code: CodeState, top: str, paths: Iterable[str]
) -> dict[str, str]:
    """Those of ``paths`` (whole ones) that ``code`` does not hold: by their place below ``top``, or
    whole where they lie outside, with what names their content."""
    outside: dict[str, str] = {}
    below: dict[str, str] = {}
    for full in list(dict.fromkeys(paths))[:MOST_FILES]:
        relative = os.path.relpath(full, top)
        if relative.startswith(".."):
            outside[full] = full
        elif _leads_out(full, top):
            outside[relative] = full
        else:
            below[relative] = full
    tree = str(code.get("tree") or "")
    if below and tree:
        try:
            held = context.vcs.held(tree, list(below))
        except LeadlineError:
            held = set(below)
        # of these the tree holds other bytes
        held = held.difference(*(gaps_of(code, kind) for kind in (CONVERTED, TOO_LARGE)))
        outside |= {path: full for path, full in below.items() if path not in held}
    return _digests(context, outside) if outside else {}


def _leads_out(path: str, top: str) -> bool:
    """Whether a link in the work tree is followed out of it: the code holds the link alone."""
    real = os.path.realpath(path)
    if real == path or (real + os.sep).startswith(os.path.realpath(top) + os.sep):
        return False
    return not is_of_the_machine(path)


def is_of_the_machine(path: str) -> bool:
    """Whether a file is a program of the system, or of a virtual environment whose packages are
    recorded."""
    real = os.path.realpath(path)
    if real.startswith(_SYSTEM) or os.path.basename(path).startswith(_INTERPRETERS):
        return True
    folder = os.path.dirname(os.path.dirname(os.path.abspath(path)))
    return any(os.path.exists(os.path.join(folder, n)) for n in ("pyvenv.cfg", "conda-meta"))


def _digests(context: Context, paths: Mapping[str, str]) -> dict[str, str]:
    known, found = FileDigests(context), {}
    for shown, full in sorted(paths.items()):
        try:
            size = os.path.getsize(full)
            found[shown] = f"size:{size}" if size > LARGEST_BYTES else known.of(full)[0]
        except OSError:
            continue
    known.keep()
    return found


def changed_beside(context: Context, last: Run, now: Mapping[str, str]) -> list[str]:
    """The files beside the code that make what starts ``now`` another program than ``last`` ran."""
    written = last.outputs.get("rewritten", {}).items()
    built = {path: digest for path, digest in written if is_built(path) or may_be_written(path)}
    then = {
        **_sources(last),
        **beside_of(last),
        **built,
    }  # of any other kind it is the output of whichever run was last
    changed = [path for path, digest in now.items() if then.get(path, digest) != digest]
    return changed_program(changed, last.argv, written_by_runs(context, [last])) if changed else []


def _sources(run: Run) -> dict[str, str]:
    """The source files that its command names: one tree may stand for several contents of one, where git
    stores other bytes than lie here."""
    return {path: digest for path, digest in run.ruler.get("named", {}).items() if is_source(path)}


def check_beside(context: Context, last: Run, now: Mapping[str, str]) -> None:
    """Raises LeadlineError(conflict, program-changed) when these files make another program than the
    ``last`` run of the experiment ran."""
    if changed := changed_beside(context, last, now):
        raise another_program(last, changed)


def rewritten_by(
    context: Context, beside: Mapping[str, str], top: str, began: str
) -> dict[str, str]:
    """Those of the files ``beside`` that the run wrote, and what a command builds or writes: they are its
    output, the same once more too. ``began``: when it was started."""
    may_be = {p: os.path.join(top, p) for p in beside if is_built(p) or not is_source(p)}
    found = _digests(context, may_be) if may_be else {}
    return {
        path: digest
        for path, digest in found.items()
        if digest != beside[path] or _is_written_since(may_be[path], began)
    }


def _is_written_since(path: str, began: str) -> bool:
    try:
        return bool(began) and os.stat(path).st_mtime_ns >= epoch_ms(began) * 1_000_000
    except OSError:
        return False


class FilesNow:
    """Whether runs had the files that lie here now: declared inputs, and what of the program no code
    state holds. Each is looked at once."""

    def __init__(self, context: Context, folder: str) -> None:
        self.context, self.folder = context, folder
        self._inputs: dict[str, str] = {}
        self._beside: dict[str, str] = {}

    def same(self, run: Run) -> bool:
        inputs = run.data_files.items()
        if any(self._input(path) != facts.get("digest") for path, facts in inputs):
            return False
        of_program = {**_sources(run), **run.ruler.get("beside", {})}
        now = {path: self._loose(path) for path in of_program}
        return not changed_beside(self.context, run, now)

    def _input(self, path: str) -> str:
        if path not in self._inputs:
            try:
                found = inputs_of(self.context, self.folder, [path])
                self._inputs[path] = found[path]["digest"]
            except LeadlineError:
                self._inputs[path] = ""
        return self._inputs[path]

    def _loose(self, path: str) -> str:
        if path not in self._beside:
            full = os.path.join(self.context.vcs.toplevel or self.folder, path)
            self._beside[path] = _digests(self.context, {path: full}).get(path, "")
        return self._beside[path]


def elsewhere_digest(argv: Sequence[str]) -> str:
    """What stands for the files of a folder that nobody knows beforehand."""
    return digest_of({"elsewhere": list(argv)})
