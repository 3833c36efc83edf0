"""Commits made by plumbing: on the record branch, and of one file onto the branch that is checked
out.

``git commit --only`` would run the user's hooks, refuse during merges and need an identity; here
the one changed path is put into HEAD's tree directly. The price is that the user's index entry for
that path has to be updated as well.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Mapping

from leadline.adapters.git import objects
from leadline.adapters.git.program import GitProgram, any_status, lock_said
from leadline.core.errors import LeadlineError, conflict, environment
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.ports.vcs import Head

# Of a commit, the user's settings and who commits, the commit as it is to be: signed or the same.
Signed = Callable[[str, Mapping[str, str], Mapping[str, str]], str]

_OPERATIONS = (
    ("MERGE_HEAD", "a merge"),
    ("rebase-merge", "a rebase"),
    ("rebase-apply", "a rebase"),
    ("CHERRY_PICK_HEAD", "a cherry-pick"),
    ("REVERT_HEAD", "a revert"),
    ("BISECT_LOG", "a bisect"),
)


def commit_files(
    git: GitProgram,
    ref: str,
    files: Mapping[str, bytes | str | None],
    message: str,
    parents: Iterable[str] | None,
    expected_old: str | None,
    signed: Signed,
) -> str:
    """See ``Vcs.commit_files``."""
    if parents is None:
        lineage = [expected_old] if expected_old else []
    else:
        lineage = list(parents)
    base = expected_old or (lineage[0] if lineage else None)
    base_tree = None
    if base is not None:
        base_tree = objects.tree_of(git, base)
        if base_tree is None:
            raise objects.no_such_commit(base)
    contents = {path: value for path, value in files.items() if isinstance(value, bytes)}
    written = dict(zip(contents, objects.write_blobs(git, list(contents.values())), strict=True))
    changes: dict[str, objects.Entry | None] = {}
    for path, value in files.items():
        blob = written.get(path) if isinstance(value, bytes) else value
        changes[path] = ("100644", str(blob)) if blob is not None else None
    tree = objects.edit_tree(git, base_tree, changes)
    settings = objects.commit_settings(git)
    by = objects.committer(git, settings)
    if expected_old is not None and tree == base_tree and lineage == [expected_old]:
        if objects.read_ref(git, ref) == expected_old:
            return expected_old
        # raises ref-moved
        objects.update_ref(git, ref, expected_old, expected_old, "leadline: unchanged", by)
    commit = signed(objects.commit_tree(git, tree, lineage, message, by), settings, by)
    title = next(iter(message.splitlines()), "")
    objects.update_ref(git, ref, commit, expected_old, f"leadline: {title}", by)
    return commit


def commit_only(
    git: GitProgram,
    head: Head,
    path: str,
    data: bytes,
    message: str,
    branch: str | None,
    signed: Signed,
) -> str:
    """See ``Vcs.commit_only``."""
    if branch is not None and head["branch"] != branch:
        raise conflict(
            "other-branch",
            f"The branch {branch} is not checked out.",
            why=f"HEAD is on {head['branch'] or 'no branch'}.",
            do=f"git switch {branch}",
        )
    _refuse_during_operations(git)
    old: str | None = head["commit"]
    old_tree = objects.tree_of(git, old) if old else None
    before = objects.list_tree(git, old_tree, [path]).get(path) if old_tree else None
    if before is None and old_tree:
        _refuse_in_the_place_of(git, old_tree, path)
    if before is None and _is_ignored(git, path):
        raise environment(
            "path-ignored",
            f"{path} is ignored by git.",
            why="A .gitignore rule covers it, so it is not committed.",
            do=f"git check-ignore -v {path}",
        )
    blob = objects.write_blob(git, data, as_path=path)
    mode = before[0] if before and before[0] in ("100644", "100755") else "100644"
    entry = (mode, blob)
    if before == entry:
        _set_index_entry(git, path, entry, data)
        assert old is not None
        return old
    settings = objects.commit_settings(git)
    by = objects.committer(git, settings)
    tree = objects.edit_tree(git, old_tree, {path: entry})
    made = objects.commit_tree(git, tree, [old] if old else [], message, by)
    commit = signed(made, settings, by)
    # The index first: an entry ahead of HEAD shows as a staged change; one behind would undo this
    # commit in the next.
    previous = _index_entry(git, path)
    _set_index_entry(git, path, entry, data)
    try:
        kind = "commit" if old else "commit (initial)"
        title = next(iter(message.splitlines()), "")
        objects.update_ref(git, "HEAD", commit, old, f"{kind}: {title}", by)
    except LeadlineError:
        _restore_index_entry(git, path, previous)
        raise
    return commit


def _refuse_in_the_place_of(git: GitProgram, tree: str, path: str) -> None:
    """A folder of ``path`` that is a submodule, a link or a file in ``tree`` would give way to the
    folder."""
    folders = path.split("/")[:-1]
    above = ["/".join(folders[: depth + 1]) for depth in range(len(folders))]
    found = objects.list_tree(git, tree, above, recurse=False) if above else {}
    for folder, (mode, _) in found.items():
        if int(mode, 8) != int(objects.TREE_MODE, 8):
            raise conflict(
                "not-a-folder",
                f"{path} cannot be committed: {folder} is no folder in HEAD.",
                why="It is a submodule, a symbolic link or a file, and would be replaced.",
                do=f"git ls-tree HEAD {folder}",
            )


def _is_ignored(git: GitProgram, path: str) -> bool:
    # check-ignore refuses literal path specifications; "./" keeps a leading colon from being one of
    # the other kind
    done = git.run(
        ["check-ignore", "-q", "--", f"./{path}"],
        extra={"GIT_LITERAL_PATHSPECS": "0"},
        ok=any_status,
    )
    return done.returncode == 0


def _refuse_during_operations(git: GitProgram) -> None:
    for name, what in _OPERATIONS:
        if os.path.lexists(os.path.join(git.git_dir, name)):
            raise conflict(
                "operation-in-progress",
                f"Nothing was committed: {what} is in progress.",
                why="A commit in the middle of it would become part of it.",
                do="git status",
            )
    if os.path.lexists(os.path.join(git.git_dir, "index.lock")):
        raise _index_locked(git)


def _index_locked(git: GitProgram) -> LeadlineError:
    lock = os.path.join(git.git_dir, "index.lock")
    return conflict(
        "index-locked",
        f"Nothing was committed: {lock_said(lock)}.",
        why="Another git process holds the index, or was killed and left it behind.",
        do=f"rm {shlex.quote(lock)}",
    )


def _index_entry(git: GitProgram, path: str) -> objects.Entry | None:
    for record in git.run(["ls-files", "-z", "--stage", "--", path]).stdout.split(b"\0")[:-1]:
        facts, _, name = record.partition(b"\t")
        if os.fsdecode(name) == path:
            mode, blob, _stage = facts.decode().split()
            return (mode, blob)
    return None


def _set_index_entry(git: GitProgram, path: str, entry: objects.Entry, data: bytes) -> None:
    """Make the user's index hold ``entry``, with the file's stat data where the file holds the same
    bytes."""
    if _file_holds(git, path, data):
        _update_index(git, ["--add", "--replace", "-z", "--stdin"], os.fsencode(path) + b"\0")
        if _index_entry(git, path) == entry:
            return
    _update_index(
        git, ["-z", "--index-info"], f"{entry[0]} {entry[1]}\t".encode() + os.fsencode(path) + b"\0"
    )


def _restore_index_entry(git: GitProgram, path: str, previous: objects.Entry | None) -> None:
    facts = f"{previous[0]} {previous[1]}\t" if previous else f"0 {'0' * 40}\t"
    _update_index(git, ["-z", "--index-info"], facts.encode() + os.fsencode(path) + b"\0")


def _file_holds(git: GitProgram, path: str, data: bytes) -> bool:
    assert git.work_tree is not None
    full = os.path.join(git.work_tree, path)
    try:
        if os.path.islink(full) or os.stat(full).st_size != len(data):
            return False
        with open(full, "rb") as stream:
            return stream.read() == data
    except OSError:
        return False


def _update_index(git: GitProgram, arguments: list[str], data: bytes) -> None:
    git.run(["update-index", *arguments], data=data, writes=True)
