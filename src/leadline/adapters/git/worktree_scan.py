"""Finds what the private index has to take over from the work tree, and what must stay out of it.

Three git processes run side by side: ``diff-files`` on the private index (tracked or added earlier:
changed, deleted) and two of ``ls-files --others`` on the user's index (untracked and not ignored;
what is ignored, for the repositories in it). Every candidate is judged before git may read it,
because hashing a file already writes its content to the object database.

Not seen: untracked sockets, devices and pipes, which git does not list, empty folders, and
repositories that lie deeper in an ignored folder than its own folders, or in one of many.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from itertools import islice

from leadline.adapters.git.discovery import common_dir_of, git_dir_of
from leadline.adapters.git.objects import Entry, empty_tree
from leadline.adapters.git.private_index import Memory, stamp_of
from leadline.adapters.git.program import GitProgram, any_status
from leadline.core.record.run import SPARSE, TOO_LARGE
from leadline.core.secrets.names import secret_name_reason
from leadline.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from leadline.adapters.git.process import Process
    from leadline.core.secrets.content import ContentRules, Found

GITLINK = "160000"
ATTRIBUTES = ".gitattributes"
OTHERS = ("ls-files", "-z", "--others", "--exclude-standard")
MOST_IN_IGNORED = 1_000  # entries of an ignored folder among which repositories are looked for
Gap = tuple[str, str]  # kind, reason


class Changed(NamedTuple):
    """One line of ``diff-files``: the entry in the private index and what happened to the file."""

    mode: str
    blob: str
    status: str


class Rules(NamedTuple):
    excluded: tuple[str, ...]
    max_file_bytes: int
    content: Callable[[], ContentRules]  # which costs an import, and most files are judged once

    def excludes(self, path: str) -> bool:
        return any(path == prefix or path.startswith(prefix + "/") for prefix in self.excluded)


class Scan:
    """The decisions of one scan.

    ``add``: to be read from the work tree; ``entries``: set to this entry or, where None, removed;
    ``gaps``: left out.
    """

    def __init__(self, git: GitProgram, memory: Memory, rules: Rules) -> None:
        self.git = git
        self.memory = memory
        self.rules = rules
        self.add: set[str] = set()
        self.entries: dict[str, Entry | None] = {}
        self.gaps: dict[str, Gap] = {}
        self.nested: set[str] = set()  # repositories that git does not know as submodules
        self.ignored: set[str] = set()  # those that it is told to ignore
        # submodules that do not lie there as they are recorded, with the commit that is
        self.touched: dict[str, str] = {}
        self._index = {"GIT_INDEX_FILE": memory.index}
        self._to_keep: dict[str, Gap] = {}
        self._maybe_same: dict[str, Gap] = {}
        self._content: ContentRules | None = None

    @property
    def content(self) -> ContentRules:
        if self._content is None:
            self._content = self.rules.content()
        return self._content

    def run(self, fresh: bool, meanwhile: Callable[[], None] | None = None) -> None:
        """``meanwhile`` is called while git looks at the files: it takes as long as a good part of
        a run's start."""
        others = self.git.start([*OTHERS], config=QUIET)
        ignored = self.git.start([*OTHERS, "--ignored", "--directory"], config=QUIET)
        difference = self.git.start(DIFF_FILES, extra=self._index, config=QUIET)
        listing = (
            self.git.start(["ls-files", "-z", "-v", "--stage"], config=QUIET) if fresh else None
        )
        staged = None
        if fresh:
            against = self.memory.values["head"] or empty_tree(self.git)
            staged = self.git.start(
                ["diff-index", "-z", "--raw", "--no-abbrev", "--cached", against], config=QUIET
            )
        if meanwhile is not None:
            try:
                meanwhile()
            except BaseException:
                for process in (others, ignored, difference, listing, staged):
                    if process is not None:
                        process.close()  # it ends of the closed pipe, if it was not over
                raise
        if listing is not None and self._read_listing(self.git.finish(listing, ["ls-files"])):
            difference.communicate()
            difference = self.git.start(DIFF_FILES, extra=self._index, config=QUIET)
        changed = parse_diff_files(self._finish(difference))
        self._find_ignored(self.git.finish(ignored, ["ls-files"]))
        output, warnings = others.communicate()
        if others.returncode != 0:
            self.git.finish(others, ["ls-files"])
        self._unreadable_folders(warnings)
        untracked = [os.fsdecode(path) for path in output.split(b"\0")[:-1]]
        self._judge_untracked(untracked, changed)
        for path, facts in changed.items():
            if path not in self.memory.values["extras"] and path not in self.entries:
                self._judge_tracked(path, facts)
        if staged is not None:
            for path in parse_diff_files(self.git.finish(staged, ["diff-index"])):
                self._judge_staged(path)
        self._judge_absent()
        self._name_sparse(untracked)
        self._settle_tracked_secrets()
        self._keep_head_versions()
        self.memory.values["absent"] = [
            path for path in self.memory.values["absent"] if path not in self.add
        ]

    def _finish(self, difference: Process) -> bytes:
        """The output of ``diff-files``. A filter of the user's that fails only means that what it
        filters has to be looked at as it lies there."""
        output, _ = difference.communicate()
        if difference.returncode == 0:
            return output
        without = without_filters(self.git)
        return self.git.run(DIFF_FILES, extra=self._index, config=(*QUIET, *without)).stdout

    # the user's index, once after it changed

    def _read_listing(self, output: bytes) -> bool:
        """Drop excluded paths, note submodules and secrets, clear flags that hide changes (then
        True)."""
        values = self.memory.values
        assume: list[str] = []
        skip: list[str] = []
        left_out, here = list[str](), set[str]()
        for record in output.split(b"\0")[:-1]:
            facts, _, raw = record.partition(b"\t")
            path = os.fsdecode(raw)
            tag, mode, blob, stage = facts.decode().split()
            values["attributes"] |= os.path.basename(path) == ATTRIBUTES
            if self.rules.excludes(path):
                self.entries[path] = None
                continue
            if mode == GITLINK:
                values["submodules"][path] = blob
            if tag.upper() != "S":
                here.update(_folders_of(path))
            elif os.path.lexists(self._full(path)):
                skip.append(path)
            else:
                left_out.append(path)
            if tag.islower():
                assume.append(path)
            if stage == "0" and mode != GITLINK and (reason := secret_name_reason(path)):
                self._maybe_same[path] = ("secret", reason)
                values["staged"][path] = blob
        values["sparse"] = _without_what_is_inside(left_out, here)
        for flag, paths in (("--no-assume-unchanged", assume), ("--no-skip-worktree", skip)):
            if paths:
                self.git.run(
                    ["update-index", flag, "-z", "--stdin"],
                    data=joined(paths),
                    extra=self._index,
                    config=QUIET,
                    writes=True,
                )
        return bool(assume or skip)

    def _settle_tracked_secrets(self) -> None:
        """A tracked secret whose content HEAD already has is no gap; any other one gives way to
        HEAD's version."""
        if not self._maybe_same:
            return
        staged = self.memory.values["staged"]
        in_head = self._in_head(sorted(self._maybe_same))
        present = [path for path in self._maybe_same if os.path.lexists(self._full(path))]
        regular = [
            path
            for path in present
            if stat.S_ISREG(os.lstat(self._full(path)).st_mode) and "\n" not in path
        ]
        hashed: dict[str, str] = {}
        if regular:  # without -w: nothing is written
            lines = b"".join(os.fsencode(path) + b"\n" for path in regular)
            done = self.git.run(
                ["hash-object", "--stdin-paths"], data=lines, config=QUIET, ok=any_status
            )
            if done.returncode == 0:
                hashed = dict(zip(regular, done.stdout.decode().split(), strict=True))
        for path in present:
            entry = in_head.get(path)
            if entry is not None and hashed.get(path) == entry[1]:
                if staged.get(path) != entry[1] and path not in self.memory.values["kept"]:
                    self.entries[path] = entry
            else:
                self._to_keep[path] = self._maybe_same[path]

    def _name_sparse(self, untracked: list[str]) -> None:
        """What a sparse checkout leaves out; a folder of it that is there holds other files."""
        sparse = self.memory.values["sparse"]
        there = [path for path in sparse if os.path.lexists(self._full(path))]
        found = [path for path in sparse if path not in there]
        if there:
            output = self.git.run(["ls-files", "-z", "-v", "--", *there], config=QUIET).stdout
            records = [os.fsdecode(record) for record in output.split(b"\0")[:-1]]
            absent = [r[2:] for r in records if not os.path.lexists(self._full(r[2:]))]
            here = {f for path in untracked for f in _folders_of(path)}
            found += _without_what_is_inside(absent, {*here, *there})
        why = "not checked out (a sparse checkout)"
        self.gaps |= {path: (SPARSE, why) for path in found}

    # one path

    def _judge_tracked(self, path: str, facts: Changed) -> None:
        full = self._full(path)
        try:
            status = os.lstat(full)
        except OSError:
            self._remove(path)
            return
        if stat.S_ISDIR(status.st_mode):
            if facts.mode == GITLINK:
                self._judge_submodule(path, facts)
            else:
                self._remove(path)
            return
        if facts.status == "D":  # its folder became a symbolic link
            self._remove(path)
            return
        if facts.status == "A":  # git add --intent-to-add: as good as untracked
            self.memory.values["intended"][path] = 1
        gap = self._gap_of(path, full, status, tracked=True)
        if gap is None:
            self.add.add(path)
        elif gap[0] == "secret":
            self._maybe_same[path] = gap
        else:
            self._to_keep[path] = gap

    def _judge_staged(self, path: str) -> None:
        """What the user staged is in the private index already, and HEAD has not seen it."""
        judged = path in self.add or path in self.entries or path in self._maybe_same
        if judged or path in self._to_keep or path in self.memory.values["extras"]:
            return
        full = self._full(path)
        try:
            status = os.lstat(full)
        except OSError:
            return
        if stat.S_ISREG(status.st_mode):
            gap = self._gap_of(path, full, status, tracked=True)
            if gap is not None and gap[0] == "secret":
                self._maybe_same[path] = gap

    def _judge_absent(self) -> None:
        for path in self.memory.values["absent"]:
            if os.path.lexists(self._full(path)) and path not in self.entries:
                self._judge_tracked(path, Changed("100644", "", "M"))

    def _judge_submodule(self, path: str, facts: Changed) -> None:
        """``nested.py`` looks into it."""
        full = self._full(path)
        self.touched[path] = facts.blob
        inside = {"GIT_DIR": os.path.join(full, ".git"), "GIT_WORK_TREE": full}
        head = self.git.run(
            ["rev-parse", "--verify", "--quiet", "HEAD"], cwd=full, extra=inside, ok=any_status
        )
        commit = head.stdout.decode().strip()
        if commit and commit != facts.blob:
            self.entries[path] = (GITLINK, commit)
            self.memory.values["submodules"][path] = commit

    def _judge_untracked(self, untracked: list[str], changed: dict[str, Changed]) -> None:
        values = self.memory.values
        extras, judged = values["extras"], values["judged"]
        seen = set(untracked)
        for path in [path for path in extras if path not in seen]:  # deleted, or ignored by now
            self._drop_extra(path)
        for path in [path for path in judged if path not in seen]:
            del judged[path]
        for path in untracked:
            if self.rules.excludes(path.rstrip("/")):
                continue
            if path.endswith("/"):
                self.nested.add(path.rstrip("/"))
            elif path not in extras or path in changed:
                self._judge_extra(path)

    def _find_ignored(self, output: bytes) -> None:
        for raw in output.split(b"\0")[:-1]:
            folder = os.fsdecode(raw)
            if folder.endswith("/") and not self.rules.excludes(folder[:-1]):
                self.ignored.update(self._repositories_at(folder[:-1]))

    def _repositories_at(self, folder: str) -> list[str]:
        """An ignored folder that is a repository, or those right below it. A hidden one holds what
        programs put there, and a work tree of this repository is code of another state."""
        full, found = self._full(folder), [folder]
        if not os.path.lexists(os.path.join(full, ".git")):
            if os.path.basename(folder).startswith("."):
                return []
            try:
                with os.scandir(full) as entries:
                    some = list(islice(entries, MOST_IN_IGNORED))
            except OSError:
                return []
            # what a link leads to lies elsewhere
            found = [f"{folder}/{e.name}" for e in some if e.is_dir(follow_symlinks=False)]
        here = {path: os.path.join(self._full(path), ".git") for path in found}
        return [path for path, place in here.items() if self._is_another(place)]

    def _is_another(self, place: str) -> bool:
        """Whether ``place`` is the ``.git`` of another repository."""
        try:
            git_dir = git_dir_of(place)
            here = os.path.realpath(self.git.common_dir)
            return git_dir is not None and common_dir_of(git_dir) != here
        except (OSError, ValueError):  # a name that no file can have
            return False

    def _judge_extra(self, path: str) -> None:
        values, full = self.memory.values, self._full(path)
        stamp = stamp_of(full)
        known = values["judged"].get(path)
        if known is not None and known[0] == stamp and not self._declared(path, known[1]):
            self.gaps[path] = (known[1], known[2])
            return
        values["judged"].pop(path, None)
        if stamp is None:
            self._drop_extra(path)
            return
        gap = self._gap_of(path, full, os.lstat(full), tracked=False)
        if gap is None:
            self.add.add(path)
            values["extras"][path] = 1
            return
        self.leave_out_extra(path, gap, stamp)

    def _declared(self, path: str, kind: str) -> bool:
        return kind == "secret" and self.content.may_pass(f"file {path}")

    def leave_out_extra(self, path: str, gap: Gap, stamp: list[int] | None) -> None:
        self.gaps[path] = gap
        self._drop_extra(path)
        # permissions of a folder above may change without a trace in the stamp
        if gap[0] != "unreadable":
            self.memory.values["judged"][path] = [stamp, *gap]

    def _drop_extra(self, path: str) -> None:
        if self.memory.values["extras"].pop(path, None) is not None:
            self.entries[path] = None

    def _gap_of(self, path: str, full: str, status: os.stat_result, tracked: bool) -> Gap | None:
        reason = secret_name_reason(path)
        public = path.endswith(".pem") and _holds_certificates(full, status)
        if reason and not public and not self.content.may_pass(f"file {path}"):
            return ("secret", reason)
        if stat.S_ISLNK(status.st_mode):
            return None
        if not stat.S_ISREG(status.st_mode):
            return ("special", "not a regular file")
        if status.st_size > self.rules.max_file_bytes:
            return (
                TOO_LARGE,
                f"{status.st_size} bytes, more than the limit of {self.rules.max_file_bytes}",
            )
        from leadline.core.secrets.content import pieces_of

        try:
            with open(full, "rb") as stream:
                found = set(self.content.found_in(pieces_of(stream)))
        except OSError as error:
            return ("unreadable", error.strerror or str(error))
        if found and tracked:
            found -= self._found_in_head(path)
        if not found:
            return None
        return ("secret", f"its content holds {min(found).what}")

    def gap_of(self, path: str, full: str, status: os.stat_result) -> Gap | None:
        """Why a file of a repository inside the work tree is left out."""
        return self._gap_of(path, full, status, tracked=False)

    def _found_in_head(self, path: str) -> set[Found]:
        """What the version of HEAD holds already: to keep the file adds none of it."""
        from leadline.adapters.git.objects import read_blobs

        entry = self._in_head([path]).get(path)
        if entry is None or entry[0] == GITLINK:
            return set()
        return set(self.content.found_in(read_blobs(self.git, [entry[1]]).values()))

    # what stands in for a tracked file that is left out

    def leave_out(self, path: str, gap: Gap) -> None:
        """Take back the decision to add ``path``: git could not read it after all."""
        self.add.discard(path)
        if path in self.memory.values["extras"]:
            self.leave_out_extra(path, gap, None)
        else:
            self._to_keep[path] = gap
            self._keep_head_versions()

    def _keep_head_versions(self) -> None:
        kept = self.memory.values["kept"]
        missing = [path for path in self._to_keep if path not in kept]
        in_head = self._in_head(missing)
        for path in missing:
            kept[path] = entry = in_head.get(path)
            if entry is None:
                self._remove(path)
            else:
                self.entries[path] = entry
        for path in [path for path in kept if path not in self._to_keep]:
            del kept[path]
        self.gaps.update(self._to_keep)

    def _in_head(self, paths: list[str]) -> dict[str, Entry]:
        head = self.memory.values["head"]
        if head is None or not paths:
            return {}
        from leadline.adapters.git.objects import list_tree

        if len(paths) > 500:
            wanted = set(paths)
            return {
                path: entry for path, entry in list_tree(self.git, head).items() if path in wanted
            }
        return list_tree(self.git, head, paths)

    def _remove(self, path: str) -> None:
        self.entries[path] = None
        self.memory.values["submodules"].pop(path, None)
        if path not in self.memory.values["absent"]:
            self.memory.values["absent"].append(path)

    def _unreadable_folders(self, warnings: bytes) -> None:
        marker = "could not open directory '"
        for line in os.fsdecode(warnings).splitlines():
            if marker in line:
                path, _, reason = line.split(marker, 1)[1].partition("': ")
                if not self.rules.excludes(path.rstrip("/")):
                    self.gaps[path] = ("unreadable", reason or "the folder cannot be listed")

    def _full(self, path: str) -> str:
        assert self.git.work_tree is not None
        return os.path.join(self.git.work_tree, path)


# Extensions of the user's index that the private one must neither rely on nor keep up.
QUIET = (
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.safecrlf=false",
    "index.sparse=false",
    "advice.addEmbeddedRepo=false",
)


def without_filters(git: GitProgram, errors: bytes = b"") -> list[str]:
    """Configuration under which no filter of the user's runs, or none of those that ``errors`` of
    git name."""
    broken = set(re.findall(r"(?:clean|smudge) filter '?([^\s']+)'? failed", os.fsdecode(errors)))
    listed = git.run(
        ["config", "--name-only", "--get-regexp", r"^filter\..*\.(clean|smudge|process|required)$"],
        ok=any_status,
    )
    names = os.fsdecode(listed.stdout).split("\n")[:-1]
    if broken:
        names = [name for name in names if name.split(".", 1)[1].rpartition(".")[0] in broken]
    off = {True: "false", False: ""}
    return [f"{name}={off[name.endswith('.required')]}" for name in names]


DIFF_FILES = ("diff-files", "-z", "--raw", "--no-abbrev", "--ignore-submodules=none")


def plain_rules() -> ContentRules:
    """Shapes and names alone."""
    from leadline.core.secrets.content import ContentRules

    return ContentRules()


def _holds_certificates(full: str, status: os.stat_result) -> bool:
    """Whether a file that is named as keys are holds certificates alone."""
    from leadline.core.secrets.content import PIECE_BYTES, only_public

    if not stat.S_ISREG(status.st_mode) or status.st_size > PIECE_BYTES:
        return False
    try:
        with open(full, "rb") as stream:
            return only_public(stream.read())
    except OSError:
        return False


def _folders_of(path: str) -> list[str]:
    return [path[:at] for at in range(len(path)) if path[at] == "/"]


def _without_what_is_inside(left_out: list[str], here: set[str]) -> list[str]:
    """``left_out``, with a folder in the place of what lies in it where nothing of it is ``here``."""
    found = (next((f for f in _folders_of(path) if f not in here), path) for path in left_out)
    return list(dict.fromkeys(found))


def joined(paths: list[str]) -> bytes:
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


def parse_diff_files(output: bytes) -> dict[str, Changed]:
    """By path; for an unmerged path the line that says so wins."""
    changed: dict[str, Changed] = {}
    fields = output.split(b"\0")
    for facts, raw in zip(fields[0::2], fields[1::2], strict=False):
        old_mode, _new_mode, old_blob, _new_blob, status = facts[1:].decode().split()
        path = os.fsdecode(raw)
        if path not in changed or status == "U":
            changed[path] = Changed(old_mode, old_blob, status)
    return changed


def as_gap_list(gaps: dict[str, Gap]) -> list[dict[str, str]]:
    return [
        {"path": shown(path), "kind": kind, "reason": reason}
        for path, (kind, reason) in sorted(gaps.items())
    ]


def shown(path: str) -> str:
    """A path as valid Unicode; bytes that are not UTF-8 as backslash escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
