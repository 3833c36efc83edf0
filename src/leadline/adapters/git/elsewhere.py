"""Files whose content the tree of a code state only points to: git-annex and git-lfs keep it beside
git's objects.

The tree names the content by its digest, so it tells the code apart without holding it. Where the
content lies in this repository it is put in its place when the code is unpacked; where it does not,
the run had a pointer instead of a file, and that is a gap. Neither program is needed for either.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator

from leadline.adapters.git.program import GitProgram, any_status
from leadline.adapters.git.worktree_scan import QUIET
from leadline.core.canonical import md5_for
from leadline.core.patterns import later
from leadline.core.plain import shell_word
from leadline.core.typed import NamedTuple

LARGEST_POINTER_BYTES = 32768  # git-annex takes no larger one for a pointer
_LFS = b"version https://git-lfs.github.com/spec/v1\n"
_ANNEX = b"/annex/objects/"
_IN_TREE = ("-e", "^/annex/objects/", "-e", "^version https://git-lfs.github.com/spec/v1$")
_GETS = {"annex": "git annex get --key={key}", "lfs": "git lfs fetch --all"}
_LINK = later(r"(?:^|/)\.git/(?:\S+/)?annex/objects/.+/([^/]+)$")
_OID = rb"^oid sha256:([0-9a-f]{64})$"


class Pointed(NamedTuple):
    """What a file points to: ``key`` of ``program`` (``annex`` or ``lfs``)."""

    program: str
    key: str


def may_point(common_dir: str, folder: str) -> bool:
    """Whether a repository may hold such files: what either program leaves in it is there, or its
    attributes name it. Cheap, since every capture asks."""
    if any(os.path.isdir(os.path.join(common_dir, name)) for name in ("annex", "lfs")):
        return True
    try:
        with open(os.path.join(folder, ".gitattributes"), "rb") as stream:
            return re.search(rb"filter=(?:lfs|annex)\b", stream.read()) is not None
    except OSError:
        return False


def pointing(run: Callable[[list[str]], bytes | None]) -> list[str]:
    """The paths of an index that point to content elsewhere. ``run``: git on that index."""
    searched = run(["grep", "--cached", "-l", "-z", *_IN_TREE]) or b""
    paths = [os.fsdecode(path) for path in searched.split(b"\0")[:-1]]
    for record in (run(["ls-files", "-z", "--stage"]) or b"").split(b"\0")[:-1]:
        facts, _, path = record.partition(b"\t")
        if facts.startswith(b"120000 "):
            paths.append(os.fsdecode(path))
    return paths


def pointing_in(git: GitProgram, index: str) -> list[str]:
    """``pointing`` for the index file ``index`` of the repository of ``git``."""
    extra = {"GIT_INDEX_FILE": index}
    return pointing(
        lambda arguments: git.run(arguments, extra=extra, config=QUIET, ok=any_status).stdout
    )


def pointing_of(git: GitProgram, tree: str) -> list[str]:
    """Those of a tree that are files, and not links."""
    searched = git.run(["grep", "-l", "-z", *_IN_TREE, tree], config=QUIET, ok=any_status).stdout
    paths = [os.fsdecode(path).partition(":")[2] for path in searched.split(b"\0")[:-1]]
    return sorted(paths)


def without_content(folder: str, paths: Iterable[str]) -> dict[str, str]:
    """Those of ``paths`` below ``folder`` that lie there as a mere pointer, with what is said of it."""
    found: dict[str, str] = {}
    for path in paths:
        full = os.path.join(folder, path)
        if (pointed := pointed_to(full)) and not (os.path.islink(full) and os.path.exists(full)):
            found[path] = f"its content ({pointed.program} {pointed.key}) is not here"
    return found


def pointed_to(path: str) -> Pointed | None:
    """What the file at ``path`` points to, None where it is a file like any other, or none."""
    try:
        if os.path.islink(path):
            found = _LINK.search(os.readlink(path))
            return Pointed("annex", found.group(1)) if found else None
        if not os.path.isfile(path) or os.path.getsize(path) > LARGEST_POINTER_BYTES:
            return None
        with open(path, "rb") as stream:
            start = stream.read(len(_ANNEX))
            if start == _ANNEX:
                key = stream.readline().rstrip(b"\n").rpartition(b"/")[2]
                return Pointed("annex", os.fsdecode(key))
            start += stream.read(LARGEST_POINTER_BYTES)
    except OSError:
        return None
    oid = re.search(_OID, start, re.M) if start.startswith(_LFS) else None
    return Pointed("lfs", oid.group(1).decode()) if oid else None


def put_in_place(files: str, git: GitProgram) -> dict[str, str]:
    """Below ``files``, an unpacked tree of the repository of ``git``, put the content that lies in
    that repository where the tree points to it.

    Returns what stays a pointer, with the command that gets its content. Raises OSError."""
    top, left = git.work_tree or "", dict[str, str]()
    for path in _may_be_pointers(files, top, git.common_dir):
        if not (pointed := pointed_to(path)):
            continue
        inside = os.path.relpath(path, files)
        if content := _content_of(pointed, inside, path, top, git.common_dir):
            _put(content, path)
        else:
            left[inside] = _GETS[pointed.program].format(key=shell_word(pointed.key))
    return left


def _may_be_pointers(files: str, top: str, common_dir: str) -> Iterator[str]:
    """The files below ``files`` that are of a repository which may point elsewhere: that of the work
    tree ``top``, or one inside it."""
    here = {files: may_point(common_dir, files)}
    for folder, folders, names in os.walk(files):
        theirs = os.path.join(top, os.path.relpath(folder, files), ".git")
        if top and folder != files and os.path.lexists(theirs):
            here[folder] = may_point(_git_dir(theirs), folder)
        inside = [os.path.join(folder, name) for name in folders]
        here |= dict.fromkeys(inside, here[folder])
        if here[folder]:
            yield from (os.path.join(folder, name) for name in names)
            yield from filter(os.path.islink, inside)


def _content_of(pointed: Pointed, inside: str, path: str, top: str, common_dir: str) -> str:
    """The file that holds it, "" for none: of this repository, or of the one inside it that lies
    where ``inside`` (from the top of the tree) does."""
    candidates = [_place(common_dir, pointed)]
    if os.path.islink(path) and top:
        candidates.append(os.path.join(top, os.path.dirname(inside), os.readlink(path)))
    folder = os.path.dirname(inside)
    while top and folder:
        within = os.path.join(top, folder, ".git")
        candidates += [_place(_git_dir(within), pointed)] if os.path.lexists(within) else []
        folder = os.path.dirname(folder)
    return next((place for place in candidates if os.path.isfile(place)), "")


def _git_dir(path: str) -> str:
    """The folder that ``path``, a ``.git``, is or names."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            named = stream.read().removeprefix("gitdir:").strip()
    except OSError:
        return path
    return os.path.join(os.path.dirname(path), named)


def _place(git_dir: str, pointed: Pointed) -> str:
    key = pointed.key
    if pointed.program == "lfs":
        return os.path.join(git_dir, "lfs", "objects", key[:2], key[2:4], key)
    for folders in (_mixed_folders(key), _lower_folders(key)):
        place = os.path.join(git_dir, "annex", "objects", *folders, key, key)
        if os.path.exists(place):
            return place
    return ""


def _md5(key: str) -> bytes:
    data = os.fsencode(key)
    found: bytes = md5_for(len(data))(data, usedforsecurity=False).digest()
    return found


def _lower_folders(key: str) -> tuple[str, str]:
    """Where a bare repository has a key (git-annex, "hashDirLower")."""
    digest = _md5(key).hex()
    return digest[:3], digest[3:6]


_MIXED = "0123456789zqjxkmvwgpfZQJXKMVWGPF"


def _mixed_folders(key: str) -> tuple[str, str]:
    """Where a repository with a work tree has a key (git-annex, "hashDirMixed"): four times five bits
    of the first word of its MD5, in pairs that are swapped."""
    word = int.from_bytes(_md5(key)[:4], "little")
    a, b, c, d = (_MIXED[(word >> (6 * place)) & 31] for place in range(4))
    return b + a, d + c


def _put(content: str, path: str) -> None:
    """A link stands for content that nothing may write to, so it is one file with it; a pointer
    stands for a file of its own."""
    import shutil

    linked = os.path.islink(path)
    mode = 0o444 if linked else os.stat(path).st_mode & 0o777
    os.unlink(path)
    if linked:
        try:
            os.link(os.path.realpath(content), path)
            return
        except OSError:
            pass  # another file system, or one without hard links
    shutil.copyfile(content, path)
    os.chmod(path, mode)
