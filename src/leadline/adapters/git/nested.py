"""Repositories inside the work tree: submodules, and those that git does not know as such or is told
to ignore.

Their files are code like any other, so the tree of a code state holds them as files: the tree of
the commit that lies there, with what was changed and added since. What it consists of is copied
into this repository, since the other one may be gone when the code is unpacked; nothing is written
to the other one. A submodule that is not checked out, or that git cannot read, is a gap.
"""

from __future__ import annotations

import os

from leadline.adapters.git import elsewhere, objects
from leadline.adapters.git.objects import TREE_MODE, Entry
from leadline.adapters.git.private_index import NestedTree, stamp_of
from leadline.adapters.git.program import any_status
from leadline.adapters.git.worktree_scan import GITLINK, QUIET, Scan, joined
from leadline.core.canonical import digest_of
from leadline.core.record.run import ELSEWHERE
from leadline.core.typed import NamedTuple

LOOSE_OBJECTS = 200  # more of them are copied as one pack
MAX_DEPTH = 8
_STATUS = (
    "status",
    "--porcelain=v2",
    "--branch",
    "-z",
    "--untracked-files=all",
    "--ignore-submodules=none",
    "--no-renames",
)


class Kept(NamedTuple):
    """``tree``: all that lies there; ``clean``: that of the commit that is recorded of it, None where
    none is."""

    tree: str
    clean: str | None


class _Status(NamedTuple):
    commit: str  # "" before the first one
    paths: list[str]  # tracked and changed, or untracked and not ignored
    repositories: list[str]  # inside it: unknown to git, or not as they are recorded
    raw: bytes


def keep_nested(scan: Scan) -> dict[str, Kept]:
    """What lies in each repository inside the work tree, by its path. Gaps are noted in ``scan``."""
    values = scan.memory.values
    known, kept = values["nested"], dict[str, Kept]()
    for path in sorted({*values["submodules"], *scan.nested, *scan.ignored}):
        commit = values["submodules"].get(path)
        entry = known.get(path)
        if entry and commit and path not in scan.touched and entry["key"] == commit:
            kept[path] = Kept(entry["tree"], entry["clean"])
            pointing = entry["pointing"]
        else:
            repository = _Repository(scan, path, 0)
            recorded = None if path in scan.ignored else scan.touched.get(path, commit or "")
            if found := repository.keep(entry, recorded):
                kept[path] = found
            pointing = repository.pointing
        lacking = elsewhere.without_content(scan.git.work_tree or "", pointing)
        scan.gaps |= {inner: (ELSEWHERE, why) for inner, why in lacking.items()}
    for path in [path for path in known if path not in kept]:
        del known[path]
    return kept


def with_nested(scan: Scan, tree: str | None, trees: dict[str, str | None]) -> str:
    """``tree`` with a folder in the place of each repository inside it."""
    changes: dict[str, Entry | None] = {
        path: (TREE_MODE, inner) if inner else None for path, inner in trees.items()
    }
    return objects.edit_tree(scan.git, tree, changes)


class _Repository:
    """One repository inside the work tree; ``path`` from the top of the work tree."""

    def __init__(self, scan: Scan, path: str, depth: int) -> None:
        self.scan, self.git, self.path, self.depth = scan, scan.git, path, depth
        assert self.git.work_tree is not None
        self.full = os.path.join(self.git.work_tree, path)
        self.pointing: list[str] = []  # what points to content elsewhere, from the top too
        self.inside = {"GIT_DIR": os.path.join(self.full, ".git"), "GIT_WORK_TREE": self.full}

    def keep(self, known: NestedTree | None, recorded: str | None) -> Kept | None:
        """What lies there, None for a gap. ``known``: what lay there before; ``recorded``: the commit
        that the repository around it names, "" for none, None where nothing is to be named."""
        if not os.path.lexists(self.inside["GIT_DIR"]):
            self._gap("a submodule that is not checked out: none of its files are kept")
            return None
        status = self._status()
        if status is None or self.depth > MAX_DEPTH:
            self._gap("a repository that git cannot read: none of its files are kept")
            return None
        recorded = status.commit if recorded is None else recorded
        dirty = bool(status.paths or status.repositories)
        key = status.commit
        if dirty or recorded != status.commit:
            stamps = [stamp_of(os.path.join(self.full, path)) for path in status.paths]
            facts = [os.fsdecode(status.raw), recorded, stamps, *self.scan.rules[:2]]
            key = digest_of(facts)
        if known and key == known["key"] and not status.repositories:
            self.pointing = known["pointing"]
            return Kept(known["tree"], known["clean"])
        kept = self._kept(status, recorded)
        # what is left out is to be named each time
        if kept and not self.depth and not self._has_gaps():
            remembered = self.scan.memory.values["nested"]
            remembered[self.path] = {
                "key": key,
                "tree": kept.tree,
                "clean": kept.clean,
                "pointing": self.pointing,
            }
        return kept

    def _has_gaps(self) -> bool:
        return any(path.startswith(f"{self.path}/") for path in self.scan.gaps)

    def _kept(self, status: _Status, recorded: str) -> Kept | None:
        theirs = self._line(["rev-parse", "--path-format=absolute", "--git-path", "objects"])
        if not theirs:
            self._gap("a repository that git cannot read: none of its files are kept")
            return None
        index = f"{self.scan.memory.index}.nested"
        store = {
            **self.inside,
            "GIT_OBJECT_DIRECTORY": os.path.join(self.git.common_dir, "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": theirs,
            "GIT_INDEX_FILE": index,
        }
        committed = self._tree_of(status.commit, store)
        clean = committed if recorded == status.commit else self._tree_of(recorded, store)
        tree = committed
        paths = [path for path in status.paths if self._may_keep(path)]
        if paths or not committed:
            if os.path.lexists(index):
                os.unlink(index)
            self._run(["read-tree", committed or "--empty"], store)
            arguments = ["update-index", "--add", "--remove", "--replace", "-z", "--stdin"]
            self._run(arguments, store, joined(paths))
            tree = self._line(["write-tree"], store)
        if not tree or not self._copy(store, tree, clean):
            self._gap("a repository whose files git could not read: they are not kept")
            return None
        if elsewhere.may_point(theirs.rpartition("/")[0], self.full):
            found = elsewhere.pointing(lambda arguments: self._run(arguments, self.inside))
            self.pointing = [f"{self.path}/{path}" for path in found]
        return Kept(self._with_inner(tree, status.repositories), clean or None)

    def _tree_of(self, commit: str, store: dict[str, str]) -> str:
        if not commit:
            return ""
        return self._line(["rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}"], store)

    def _may_keep(self, path: str) -> bool:
        """Judged like any file of the work tree."""
        full, shown = os.path.join(self.full, path), f"{self.path}/{path}"
        try:
            found = os.lstat(full)
        except OSError:
            return True  # deleted
        if os.path.isdir(full) and not os.path.islink(full):
            return False  # a submodule of its own: see ``_with_inner``
        gap = self.scan.gap_of(shown, full, found)
        if gap is not None:
            self.scan.gaps[shown] = gap
        return gap is None

    def _with_inner(self, tree: str, repositories: list[str]) -> str:
        """``tree`` with what lies in the repositories inside this one."""
        inner = [path.rstrip("/") for path in repositories]
        if os.path.lexists(os.path.join(self.full, ".gitmodules")):
            entries = objects.list_tree(self.git, tree)
            inner += [path for path, (mode, _) in entries.items() if mode == GITLINK]
        trees: dict[str, str | None] = {}
        for path in dict.fromkeys(inner):
            repository = _Repository(self.scan, f"{self.path}/{path}", self.depth + 1)
            if kept := repository.keep(None, ""):
                trees[path] = kept.tree
            self.pointing += repository.pointing
        return with_nested(self.scan, tree, trees) if trees else tree

    def _copy(self, store: dict[str, str], tree: str, clean: str) -> bool:
        """Bring the objects of both trees into this repository."""
        lacking = objects.missing(self.git, [clean])
        have = [f"^{clean}"] if clean and not lacking else []
        if tree == clean and not lacking:
            return True
        revisions = "".join(f"{line}\n" for line in [*{tree, *lacking}, *have]).encode()
        listed = self._run(["rev-list", "--objects", "--stdin"], store, revisions)
        if listed is None:
            return False
        if listed.count(b"\n") > LOOSE_OBJECTS:
            pack = os.path.join(store["GIT_OBJECT_DIRECTORY"], "pack", "pack")
            return self._run(["pack-objects", "--revs", "-q", pack], store, revisions) is not None
        names = b"".join(line.split(b" ", 1)[0] + b"\n" for line in listed.splitlines())
        packed = self._run(["pack-objects", "--stdout", "-q"], store, names)
        arguments = ["unpack-objects", "-q"]
        return packed is not None and (
            self.git.run(arguments, data=packed, writes=True, ok=any_status).returncode == 0
        )

    def _status(self) -> _Status | None:
        output = self._run([*_STATUS], self.inside)
        if output is None:
            return None
        commit, paths, repositories = "", list[str](), list[str]()
        for field in output.split(b"\0"):
            kind, _, rest = field.partition(b" ")
            if field.startswith(b"# branch.oid "):
                commit = field.split()[-1].decode()
            elif kind == b"1" and rest.split(b" ", 2)[1].startswith(b"S"):
                repositories.append(os.fsdecode(rest.split(b" ", 7)[-1]))
            elif kind in (b"1", b"u"):
                paths.append(os.fsdecode(rest.split(b" ", 7 if kind == b"1" else 9)[-1]))
            elif kind == b"?" and rest.endswith(b"/"):
                repositories.append(os.fsdecode(rest))
            elif kind == b"?":
                paths.append(os.fsdecode(rest))
        initial = commit == "(initial)"
        return _Status("" if initial else commit, paths, repositories, output)

    def _run(
        self, arguments: list[str], extra: dict[str, str], data: bytes | None = None
    ) -> bytes | None:
        writes = arguments[0] not in ("status", "rev-parse", "rev-list", "grep", "ls-files")
        done = self.git.run(
            arguments,
            cwd=self.full,
            extra=extra,
            config=QUIET,
            data=data,
            writes=writes,
            ok=any_status,
        )
        return done.stdout if done.returncode == 0 else None

    def _line(self, arguments: list[str], extra: dict[str, str] | None = None) -> str:
        return os.fsdecode(self._run(arguments, extra or self.inside) or b"").strip()

    def _gap(self, why: str) -> None:
        self.scan.gaps[self.path] = ("submodule", why)
