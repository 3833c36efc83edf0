"""Reads and writes git objects and refs without an index.

Trees are edited along the changed paths only: ``read-tree`` of a large repository costs ten times
as much as the few tree objects that really change.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from leadline.adapters.files import make_folders
from leadline.adapters.git.program import (
    FALLBACK_EMAIL,
    FALLBACK_NAME,
    GitProgram,
    Outcome,
    any_status,
)
from leadline.core.errors import LeadlineError, conflict, environment, not_found, usage
from leadline.core.plain import one_line, plain
from leadline.core.ref_name import is_object_name

Entry = tuple[str, str]  # mode, object name
TREE_MODE = "40000"


def no_such_object(name: str) -> LeadlineError:
    return not_found(
        "no-such-object",
        f"The repository has no object {name}.",
        why="It was never fetched, or git removed it because nothing referred to it any more.",
        do="git fsck",
    )


def no_such_commit(name: str) -> LeadlineError:
    return not_found(
        "no-such-commit",
        f"The repository has no commit {name}.",
        why="It is misspelt, was never fetched, or was removed because nothing referred to it any more.",
        do="git log --oneline -5",
    )


class ObjectReader:
    """One ``cat-file --batch`` process, asked object by object. Use as a context manager."""

    def __init__(self, git: GitProgram) -> None:
        self._process = git.start(["cat-file", "--batch"], pipe_input=True)

    def __enter__(self) -> ObjectReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.close()

    def read(self, name: str) -> tuple[str, str, bytes] | None:
        """``(object name, type, content)``, or None when there is no such object. ``name`` has no
        newline."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        stdin.write(os.fsencode(name) + b"\n")
        stdin.flush()
        header = stdout.readline().rsplit(b" ", 2)
        if len(header) != 3 or not header[2].strip().isdigit():
            return None  # "<name> missing" or "<name> ambiguous"
        content = stdout.read(int(header[2]) + 1)[:-1]
        return header[0].decode(), header[1].decode(), content


def read_blobs(git: GitProgram, blobs: Iterable[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    wanted = list(dict.fromkeys(blobs))
    if not wanted:
        return found
    with ObjectReader(git) as reader:
        for blob in wanted:
            answer = reader.read(blob)
            if answer is None or answer[1] != "blob":
                raise no_such_object(blob)
            found[blob] = answer[2]
    return found


def write_blob(git: GitProgram, data: bytes, as_path: str | None = None) -> str:
    """Store ``data``; with ``as_path`` after the filters that attributes name for that path, as
    ``git add`` would."""
    arguments = ["hash-object", "-w", "--stdin"]
    arguments += ["--no-filters"] if as_path is None else [f"--path={as_path}"]
    return git.line(arguments, data=data, writes=True)


def write_blobs(git: GitProgram, contents: list[bytes]) -> list[str]:
    """Store several contents in one process, through temporary files next to the repository."""
    if len(contents) < 2:
        return [write_blob(git, data) for data in contents]
    import shutil
    import tempfile

    folder = tempfile.mkdtemp(prefix="blobs-", dir=scratch_folder(git.common_dir))
    try:
        paths = [os.path.join(folder, str(number)) for number in range(len(contents))]
        for path, data in zip(paths, contents, strict=True):
            with open(path, "wb") as stream:
                stream.write(data)
        return write_files(git, paths)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_files(git: GitProgram, paths: list[str]) -> list[str]:
    """Store the contents of files; no name of a path holds an end of line."""
    if not paths:
        return []
    listing = b"".join(os.fsencode(path) + b"\n" for path in paths)
    done = git.run(
        ["hash-object", "-w", "--no-filters", "--stdin-paths"], data=listing, writes=True
    )
    return done.stdout.decode().split()


def scratch_folder(common_dir: str) -> str:
    """``<common dir>/leadline/tmp``, made if need be. Raises ``repository-not-writable``."""
    folder = os.path.join(common_dir, "leadline", "tmp")
    try:
        make_folders(folder)
    except OSError as error:
        raise not_writable(folder, error) from None
    return folder


def not_writable(path: str, error: OSError) -> LeadlineError:
    return environment(
        "repository-not-writable",
        f"{path} cannot be written.",
        why=error.strerror or str(error),
        do=f"ls -ld {path}",
    )


def parse_tree(content: bytes, name_bytes: int) -> dict[bytes, Entry]:
    """The entries of a raw tree object; ``name_bytes`` is 20 for SHA-1 and 32 for SHA-256
    repositories."""
    entries: dict[bytes, Entry] = {}
    at = 0
    while at < len(content):
        space = content.index(b" ", at)
        end = content.index(b"\0", space)
        stop = end + 1 + name_bytes
        entries[content[space + 1 : end]] = (
            content[at:space].decode(),
            content[end + 1 : stop].hex(),
        )
        at = stop
    return entries


class _TreeEditor:
    """Writes changed trees bottom-up with one reading and one writing git process."""

    def __init__(self, git: GitProgram) -> None:
        self._git = git
        self._reader = ObjectReader(git)
        self._writer = git.start(
            ["mktree", "-z", "--batch", "--missing"], pipe_input=True, writes=True
        )
        self._written: list[str] = []

    def __enter__(self) -> _TreeEditor:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.__exit__(None)
        self._writer.close()

    def edit(self, tree: str | None, changes: Mapping[bytes, Entry | None]) -> str | None:
        """The edited tree, or None when nothing is left in it."""
        entries: dict[bytes, Entry] = {}
        if tree is not None:
            answer = self._reader.read(tree)
            if answer is None or answer[1] != "tree":
                raise no_such_object(tree)
            entries = parse_tree(answer[2], len(tree) // 2)
        below: dict[bytes, dict[bytes, Entry | None]] = {}
        for path, entry in changes.items():
            name, slash, rest = path.partition(b"/")
            if slash:
                below.setdefault(name, {})[rest] = entry
            elif entry is None:
                entries.pop(name, None)
            else:
                entries[name] = entry
        for name, inner in below.items():
            present = entries.get(name)
            subtree = present[1] if present and present[0] == TREE_MODE else None
            if subtree is None and not any(inner.values()):
                continue  # deletions under something that is not a folder
            edited = self.edit(subtree, inner)
            if edited is None:
                entries.pop(name, None)
            else:
                entries[name] = (TREE_MODE, edited)
        return self.write(entries) if entries else None

    def write(self, entries: Mapping[bytes, Entry]) -> str:
        stdin, stdout = self._writer.stdin, self._writer.stdout
        assert stdin is not None
        kinds = {TREE_MODE: "tree", "160000": "commit"}
        lines = [
            f"{mode} {kinds.get(mode, 'blob')} {name}\t".encode() + path + b"\0"
            for path, (mode, name) in entries.items()
        ]
        try:
            stdin.write(b"".join(lines) + b"\0")
            stdin.flush()
        except BrokenPipeError:
            self._git.finish(self._writer, ["mktree"])
        written = stdout.readline().decode().strip()
        if not written:
            self._git.finish(self._writer, ["mktree"])
        self._written.append(written)
        return written

    def check(self) -> None:
        """mktree names a tree, and ends well, though the disk did not take it. Raises ``git-failed``."""
        from leadline.adapters.git.durable import are_here

        if not are_here(self._git, self._written) and missing(self._git, self._written):
            said = b"It named trees that it has not written."
            self._git.fail(["mktree"], Outcome(0, b"", said))


def missing(git: GitProgram, names: Iterable[str]) -> set[str]:
    """Those of ``names`` that the repository does not have; one process for all."""
    wanted = sorted({name for name in names if name and "\n" not in name})
    if not wanted:
        return set()
    answers = git.run(
        ["cat-file", "--batch-check"], data="".join(f"{n}\n" for n in wanted).encode()
    ).stdout
    lines = answers.decode().splitlines()
    return {
        name
        for name, line in zip(wanted, lines, strict=True)
        if line.endswith((" missing", " ambiguous"))
    }


def edit_tree(git: GitProgram, tree: str | None, changes: Mapping[str, Entry | None]) -> str:
    """``tree`` (None: the empty one) with entries set or, where None, removed. Raises
    ``no-such-object``, ``bad-path`` (nothing is written that a checkout could not take),
    ``git-failed``."""
    from leadline.core.tree_path import tree_path_problem

    for path, entry in changes.items():
        if entry is not None and (problem := tree_path_problem(path)):
            raise usage(
                "bad-path",
                f"{path!r} cannot be committed",
                why=problem,
                do="leadline init --logbook-folder .agents/logbooks",
            )
    with _TreeEditor(git) as editor:
        edited = editor.edit(tree, {os.fsencode(path): entry for path, entry in changes.items()})
        whole = edited if edited is not None else editor.write({})
        editor.check()
        return whole


def empty_tree(git: GitProgram) -> str:
    return git.line(["hash-object", "-t", "tree", "-w", "--stdin"], data=b"", writes=True)


def tree_of(git: GitProgram, revision: str) -> str | None:
    """The tree a commit, tag or tree names, or None when there is no such object."""
    done = git.run(
        ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}"],
        ok=any_status,
    )
    return done.stdout.decode().split()[-1] if done.returncode == 0 else None


SUBMODULE = "160000"


def list_tree(
    git: GitProgram, tree: str, paths: Iterable[str] = (), recurse: bool = True
) -> dict[str, Entry]:
    """Mode and object by path of the files in ``tree`` (under ``paths``, if any are given)."""
    arguments = ["ls-tree", "-z", "--full-tree", *(["-r"] if recurse else []), tree, "--", *paths]
    entries: dict[str, Entry] = {}
    for record in git.run(arguments).stdout.split(b"\0")[:-1]:
        facts, _, path = record.partition(b"\t")
        mode, _kind, name = facts.decode().split()
        entries[os.fsdecode(path)] = (mode, name)
    return entries


def read_ref(git: GitProgram, name: str) -> str | None:
    """The object a revision names. Full ref names are looked up in the files first, which saves a
    process."""
    if name.startswith("refs/") and not name.startswith(
        ("refs/bisect/", "refs/worktree/", "refs/rewritten/")
    ):
        value = read_ref_files(git.common_dir, name)
        if value is not None:
            return value or None
    done = git.run(["rev-parse", "--verify", "--quiet", "--end-of-options", name], ok=any_status)
    return done.stdout.decode().split()[-1] if done.returncode == 0 else None


def read_ref_files(common_dir: str, name: str) -> str | None:
    """A loose or packed ref, "" where there is none; None where git has to be asked: another backend, a
    symbolic ref, a file that cannot be read, a name that a file system may spell in its own way."""
    loose = os.path.join(common_dir, name)
    try:
        with open(loose, "rb") as stream:
            value = stream.read(200).strip().decode("ascii", "replace")
        return value if is_object_name(value) else None
    except OSError:
        absent = not os.path.lexists(loose) and name.isascii()
    try:
        with open(os.path.join(common_dir, "packed-refs"), "rb") as stream:
            packed = b"\n" + stream.read()
    except FileNotFoundError:
        packed = b""
    except OSError:
        return None
    at = packed.find(b" " + os.fsencode(name) + b"\n")
    if at < 0:
        return "" if absent and not _elsewhere(common_dir) else None
    value = packed[packed.rfind(b"\n", 0, at) + 1 : at].decode("ascii", "replace")
    return value if is_object_name(value) else None


def _elsewhere(common_dir: str) -> bool:
    """Whether refs lie in another backend than files."""
    return os.path.exists(os.path.join(common_dir, "reftable"))


def ref_names_files(common_dir: str, prefix: str) -> set[str] | None:
    """Names of the loose and packed refs under ``prefix`` (a folder of refs, with its slash); None
    where git has to be asked: another backend, a ref that cannot be read as one, a name that a file
    system may spell in its own way."""
    if _elsewhere(common_dir):
        return None
    names: set[str] = set()
    try:
        with open(os.path.join(common_dir, "packed-refs"), "rb") as stream:
            for line in stream:
                name = line.rstrip(b"\n").partition(b" ")[2]
                if name.startswith(os.fsencode(prefix)) and line[:1] not in b"#^":
                    names.add(os.fsdecode(name))
    except FileNotFoundError:
        pass
    for folder, folders, files in os.walk(os.path.join(common_dir, prefix), onerror=_unless_absent):
        within = os.path.relpath(folder, common_dir).replace(os.sep, "/")
        loose = [f"{within}/{name}" for name in files if not name.endswith(".lock")]
        linked = any(os.path.islink(os.path.join(folder, name)) for name in folders)
        if linked or any(read_ref_files(common_dir, name) is None for name in loose):
            return None
        names.update(loose)
    return names if all(name.isascii() for name in names) else None


def _unless_absent(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def update_ref(
    git: GitProgram,
    name: str,
    new: str,
    old: str | None,
    reason: str,
    by: Mapping[str, str] | None = None,
) -> None:
    """Compare and swap, of what is on the disk; ``old`` None means that the ref must not exist.
    Raises ``ref-moved``.

    ``by``: the identity for the reflog, as ``committer`` gives it; looked up when absent.
    """
    arguments = ["update-ref", "-m", one_line(reason), name, new, old or "0" * len(new)]
    full = _full_name(git, name)
    bring_to_disk(git, full)
    done = git.run(
        arguments, writes=True, extra=committer(git) if by is None else by, ok=any_status
    )
    if done.returncode == 0:
        bring_to_disk(git, full)
        return
    if b"cannot lock ref" in done.stderr or b"already exists" in done.stderr:
        raise conflict(
            "ref-moved",
            f"{name} was changed by someone else in the meantime.",
            why=done.last_line,
            do=f"git log -3 {name}",
            details={"ref": name, "expected": old},
        )
    git.fail(arguments, done)


def bring_to_disk(git: GitProgram, ref: str) -> None:
    """Objects, and a ref or the room for it: what of them a power cut left broken is put out of the
    way or named. Raises LeadlineError."""
    from leadline.adapters.git import durable

    try:
        durable.settle(git)
        durable.drop_broken_ref(git, ref)
        durable.settle_ref(git, ref)
    except OSError as error:
        raise not_writable(git.common_dir, error) from None
    except durable.Damaged as damaged:
        raise damaged_objects(damaged.paths) from None


def _full_name(git: GitProgram, name: str) -> str:
    """The ref that is moved when ``name`` is: HEAD stands for the branch it is on."""
    if name != "HEAD":
        return name
    done = git.run(["symbolic-ref", "--quiet", "HEAD"], ok=any_status)
    return os.fsdecode(done.stdout).strip() or name


def damaged_objects(paths: list[str]) -> LeadlineError:
    return environment(
        "damaged-objects",
        f"{len(paths)} git objects are empty, {os.path.basename(os.path.dirname(paths[0]))}"
        f"{os.path.basename(paths[0])} among them.",
        why="A power cut does this to what had not reached the disk.",
        do="leadline doctor --mend",
    )


_SETTINGS = (
    r"^((user|committer|author)\.(name|email)|user\.signingkey|gpg\..*|"
    r"(commit|tag)\.gpgsign|tag\.forcesignannotated)$"
)


def commit_settings(git: GitProgram) -> dict[str, str]:
    """The user's git settings that say who commits, and how it is signed; names in lower case."""
    done = git.run(["config", "-z", "--get-regexp", _SETTINGS], ok=any_status)
    settings: dict[str, str] = {}
    for record in done.stdout.split(b"\0")[:-1]:
        key, _, value = record.partition(b"\n")
        settings[key.decode().lower()] = value.decode("utf-8", "replace")
    return settings


def committer(git: GitProgram, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment that names author and committer as git would, with the fallback where git
    would fail. ``known``: ``commit_settings``, when they were read before."""
    read = commit_settings(git) if known is None else known
    settings = {key: value.strip(" .,:;<>\"\\'\n\t") for key, value in read.items()}
    environment: dict[str, str] = {}
    for role in ("author", "committer"):
        name, email = f"GIT_{role.upper()}_NAME", f"GIT_{role.upper()}_EMAIL"
        environment[name] = (
            os.environ.get(name)
            or settings.get(f"{role}.name")
            or settings.get("user.name")
            or FALLBACK_NAME
        )
        environment[email] = (
            os.environ.get(email)
            or settings.get(f"{role}.email")
            or settings.get("user.email")
            or os.environ.get("EMAIL")
            or FALLBACK_EMAIL
        )
    return environment


FALLBACK_COMMITTER = {
    "GIT_AUTHOR_NAME": FALLBACK_NAME,
    "GIT_AUTHOR_EMAIL": FALLBACK_EMAIL,
    "GIT_COMMITTER_NAME": FALLBACK_NAME,
    "GIT_COMMITTER_EMAIL": FALLBACK_EMAIL,
}


def commit_tree(
    git: GitProgram, tree: str, parents: Iterable[str], message: str, by: Mapping[str, str]
) -> str:
    """A commit by the people in ``by`` (see ``committer``), now; unsigned (see ``signing``), no
    hook."""
    arguments = ["commit-tree", "--no-gpg-sign", tree]
    for parent in parents:
        arguments += ["-p", parent]
    return git.line([*arguments, "-F", "-"], data=plain(message).encode(), writes=True, extra=by)
