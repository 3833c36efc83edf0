"""``Git``: the version-control port on the git program, one method per obligation.

The work is done in the neighbouring modules, imported when first needed, because most commands use
few of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from leadline.adapters.git import discovery, objects
from leadline.adapters.git.program import FALLBACK_EMAIL, FALLBACK_NAME, GitProgram, any_status
from leadline.core.errors import LeadlineError, conflict, environment
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.adapters.git.signing import Signer
    from leadline.core.secrets.content import ContentRules
    from leadline.ports.vcs import (
        Checked,
        CodeState,
        Head,
        Identity,
        Replaced,
        Signature,
        Signed,
        Tag,
    )

COMMITS_AT_ONCE = 20  # how many others' commits one gives way to
MAX_FILE_BYTES = 50 * 1024 * 1024  # as in the port, which costs an import


class Git:
    """See ``leadline.ports.vcs.Vcs`` for what each method promises."""

    def __init__(
        self, place: discovery.Place, tell: Callable[[str], None] = lambda text: None
    ) -> None:
        """``tell``: a line for the user."""
        self._tell = tell
        self.toplevel = place.toplevel
        self.git_dir = place.git_dir
        self.common_dir = place.common_dir
        self.prefix = place.prefix
        self._git = GitProgram(place.git_dir, place.common_dir, place.toplevel)

    @classmethod
    def discover(cls, cwd: str, tell: Callable[[str], None] = lambda text: None) -> Git:
        """The repository around ``cwd``: a plain one, a worktree, a submodule, a bare one.

        Raises ``not-a-git-repository``, ``git-missing`` or ``unsafe-repository``.
        """
        return cls(discovery.find(cwd), tell)

    @property
    def is_bare(self) -> bool:
        return self.toplevel is None

    @property
    def is_shallow(self) -> bool:
        return os.path.exists(os.path.join(self.common_dir, "shallow"))

    def version(self) -> str:
        """The git program's, e.g. ``2.43.0``."""
        return self._git.line(["version"]).removeprefix("git version ").split(" ")[0]

    def superproject(self) -> str | None:
        """Top of the work tree this repository is a submodule of, or None."""
        return self._git.line(["rev-parse", "--show-superproject-working-tree"]) or None

    def _need_work_tree(self) -> None:
        if self.toplevel is None:
            raise environment(
                "bare-repository",
                f"{self.git_dir} has no work tree.",
                why="It is a bare repository, or this folder is inside a .git folder.",
                do="cd to a clone with files: git clone or git worktree add",
            )

    # branches and refs

    def head(self) -> Head:
        branch = self._head_branch()
        if branch is None:
            commit = objects.read_ref(self._git, "HEAD")
            return {"commit": commit, "branch": None, "unborn": False}
        commit = objects.read_ref(self._git, f"refs/heads/{branch}")
        return {"commit": commit, "branch": branch, "unborn": commit is None}

    def _head_branch(self) -> str | None:
        path = os.path.join(self.git_dir, "HEAD")
        if not os.path.islink(path):
            try:
                with open(path, "rb") as stream:
                    content = os.fsdecode(stream.read(4096).strip())
            except OSError:
                content = ""
            name = content.removeprefix("ref: refs/heads/")
            if name != content and name != ".invalid":
                return name
            if content and not content.startswith("ref:"):
                return None
        done = self._git.run(["symbolic-ref", "--quiet", "--short", "HEAD"], ok=any_status)
        return os.fsdecode(done.stdout).strip() or None

    def current_branch(self) -> str | None:
        return self._head_branch()

    def identity(self) -> Identity:
        who = objects.committer(self._git)
        name, email = who["GIT_AUTHOR_NAME"], who["GIT_AUTHOR_EMAIL"]
        return {
            "name": name,
            "email": email,
            "fallback": name == FALLBACK_NAME or email == FALLBACK_EMAIL,
        }

    def ref(self, name: str) -> str | None:
        return objects.read_ref(self._git, name)

    def refs(self, prefix: str) -> dict[str, str]:
        listed = self._git.line(
            ["for-each-ref", "--format=%(objectname) %(*objectname) %(refname)", prefix]
        )
        rows = [line.split() for line in listed.splitlines()]
        return {row[-1]: row[-2] for row in rows}

    def branch_exists(self, name: str) -> bool:
        return objects.read_ref(self._git, f"refs/heads/{name}") is not None

    def create_branch(self, name: str, start: str | None = None, switch: bool = False) -> None:
        from leadline.adapters.git import history

        history.check_ref_name(self._git, name)
        if self.branch_exists(name):
            raise conflict(
                "branch-exists", f"The branch {name} exists already.", do=f"git switch {name}"
            )
        if start is None and self.head()["commit"] is None:
            if not switch:
                raise conflict(
                    "no-commit-yet",
                    f"The branch {name} cannot be created beside the current one.",
                    why="The repository has no commit yet, so there is nothing a second branch could point at.",
                    do="git commit --allow-empty -m start",
                )
            self._git.run(
                ["symbolic-ref", "-m", "leadline", "HEAD", f"refs/heads/{name}"], writes=True
            )
            return
        target = history.commit_of(self._git, start or "HEAD")
        if target is None:
            raise objects.no_such_commit(start or "HEAD")
        by = objects.committer(self._git)
        if not switch:
            self._git.run(["branch", "--no-track", "--", name, target], writes=True, extra=by)
            return
        self._need_work_tree()
        done = self._git.run(
            ["switch", "--quiet", "--no-track", "-c", name, target],
            writes=True,
            extra=by,
            ok=any_status,
        )
        if done.returncode != 0:
            raise conflict(
                "switch-refused",
                f"git did not switch to {name}.",
                why=done.last_line,
                do="git status",
            )

    # code states

    def capture(
        self,
        exclude_prefixes: Iterable[str] = (),
        run_ref: str | None = None,
        max_file_bytes: int = MAX_FILE_BYTES,
        meanwhile: Callable[[], None] | None = None,
        rules: Callable[[], ContentRules] | None = None,
    ) -> CodeState:
        from leadline.adapters.git import code_state

        self._need_work_tree()
        return code_state.capture(
            self._git, self.head(), exclude_prefixes, run_ref, max_file_bytes, meanwhile, rules
        )

    def changed_since(self, trees: Iterable[str], now: str) -> dict[str, list[str]]:
        from leadline.adapters.git import code_state

        return code_state.changed_since(self._git, trees, now)

    def pointers(self, tree: str) -> list[str]:
        from leadline.adapters.git import elsewhere

        if not elsewhere.may_point(self._git.common_dir, self._git.work_tree or ""):
            return []
        return elsewhere.pointing_of(self._git, tree)

    def export_tree(self, commit_or_tree: str, dest: str) -> dict[str, str]:
        from leadline.adapters.git import code_state

        return code_state.export_tree(self._git, commit_or_tree, dest)

    # the record branch

    def read_tree_files(self, ref: str, prefix: str = "") -> dict[str, str]:
        tip = objects.read_ref(self._git, ref)
        if tip is None:
            return {}
        entries = objects.list_tree(self._git, tip, [prefix] if prefix else [])
        return {path: blob for path, (mode, blob) in entries.items() if mode != objects.SUBMODULE}

    def held(self, tree: str, paths: Sequence[str]) -> set[str]:
        return set(objects.list_tree(self._git, tree, paths))

    def no_files(self, ref: str) -> list[str]:
        tip = objects.read_ref(self._git, ref)
        entries = objects.list_tree(self._git, tip) if tip else {}
        return [path for path, (mode, _) in entries.items() if not mode.startswith("100")]

    def read_blob(self, blob: str) -> bytes:
        return objects.read_blobs(self._git, [blob])[blob]

    def read_blobs(self, blobs: Iterable[str]) -> dict[str, bytes]:
        return objects.read_blobs(self._git, blobs)

    def write_blobs(self, contents: list[bytes]) -> list[str]:
        return objects.write_blobs(self._git, contents)

    def write_files(self, paths: list[str]) -> list[str]:
        return objects.write_files(self._git, paths)

    def commit_files(
        self,
        ref: str,
        files: Mapping[str, bytes | str | None],
        message: str,
        parents: Iterable[str] | None = None,
        expected_old: str | None = None,
    ) -> str:
        from leadline.adapters.git import commits

        return commits.commit_files(
            self._git, ref, files, message, parents, expected_old, self._signed
        )

    def move_ref(self, ref: str, new: str, expected_old: str | None) -> None:
        objects.update_ref(self._git, ref, new, expected_old, "leadline: moved")

    def commit_only(self, path: str, data: bytes, message: str, branch: str | None = None) -> str:
        from leadline.adapters.git import commits

        self._need_work_tree()
        for again in range(COMMITS_AT_ONCE, -1, -1):
            try:
                return commits.commit_only(
                    self._git, self.head(), path, data, message, branch, self._signed
                )
            except LeadlineError as error:  # another commit came first: this one goes on it
                if error.code != "ref-moved" or not again:
                    raise
        raise AssertionError

    # signatures

    @property
    def _signer(self) -> Signer:
        from leadline.adapters.git.signing import Signer

        return Signer(self._git, self._tell)

    def _signed(self, made: str, settings: Mapping[str, str], by: Mapping[str, str]) -> str:
        if "commit.gpgsign" not in settings:  # nearly everybody, who need not load more
            return made
        return self._signer.commit(made, settings, by)

    def signs(self) -> bool:
        settings = objects.commit_settings(self._git)
        if not settings.keys() & {"commit.gpgsign", "tag.gpgsign", "tag.forcesignannotated"}:
            return False
        return self._signer.wanted(settings)

    def sign(self, payload: bytes) -> Signature | None:
        return self._signer.head(payload)

    def sign_again(self) -> None:
        self._signer.again()

    def signed(self, revision: str) -> Signed | None:
        from leadline.adapters.git import signing

        return signing.taken_apart(self._git, revision)

    def check_signature(self, signed: Signed, signers: str, at: str) -> Checked:
        from leadline.adapters.git import signing

        return signing.check(objects.commit_settings(self._git), signed, signers, at)

    # remotes

    def remotes(self) -> list[str]:
        from leadline.adapters.git import remote

        return remote.remotes(self._git)

    def remote_url(self, name: str) -> str | None:
        from leadline.adapters.git import remote

        return remote.remote_url(self._git, name)

    def remote_refs(self, remote: str, timeout_s: float = 60.0) -> dict[str, str]:
        from leadline.adapters.git import remote as talk

        return talk.remote_refs(self._git, remote, timeout_s)

    def fetch_ref(self, remote: str, ref: str, into: str, timeout_s: float = 60.0) -> str | None:
        from leadline.adapters.git import remote as talk

        return talk.fetch_ref(self._git, remote, ref, into, timeout_s)

    def push(
        self,
        remote: str,
        refs: Mapping[str, str],
        timeout_s: float = 120.0,
        run_hooks: bool = False,
    ) -> dict[str, dict[str, str]]:
        from leadline.adapters.git import remote as talk

        return talk.push(self._git, remote, refs, timeout_s, run_hooks)

    # tags and history

    def create_tag(self, name: str, commit: str, message: str) -> str:
        from leadline.adapters.git import history

        return history.create_tag(self._git, name, commit, message, self._signer)

    def sign_tag(self, name: str) -> bool:
        return self._signer.tag_again(name)

    def tag_exists(self, name: str) -> bool:
        return objects.read_ref(self._git, f"refs/tags/{name}") is not None

    def tag_names(self, prefix: str) -> list[str]:
        read = (
            objects.ref_names_files(self.common_dir, f"refs/tags/{prefix}")
            if prefix.endswith("/")
            else None
        )
        if read is not None:
            return sorted(name.removeprefix("refs/tags/") for name in read)
        listed = self._git.line(
            ["for-each-ref", "--format=%(refname:lstrip=2)", f"refs/tags/{prefix}"]
        )
        return sorted(listed.splitlines())

    def tag_info(self, name: str) -> Tag | None:
        from leadline.adapters.git import history

        return history.tag_info(self._git, name)

    def reached(self, commits: Iterable[str], heads: Iterable[str]) -> set[str]:
        from leadline.adapters.git import history

        return history.reached(self._git, commits, heads)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        from leadline.adapters.git import history

        return history.is_ancestor(self._git, ancestor, descendant)

    def first_commits(self, commit: str) -> list[str]:
        arguments = ["rev-list", "--max-parents=0", "--end-of-options", commit, "--"]
        return self._git.line(arguments).split()

    def commit_exists(self, commit: str) -> bool:
        from leadline.adapters.git import history

        return history.commit_of(self._git, commit) is not None

    def file_at(self, commit: str, path: str) -> bytes | None:
        from leadline.adapters.git import history

        return history.file_at(self._git, commit, path)

    def versions_of_file(self, path: str, ref: str = "HEAD") -> Iterator[tuple[str, bytes]]:
        from leadline.adapters.git import history

        return history.versions_of_file(self._git, path, ref)

    def replaced(self, ref: str, since: str = "") -> list[Replaced]:
        from leadline.adapters.git import history

        return history.replaced(self._git, ref, since)

    def commits(self, ref: str, limit: int, without: Iterable[str] = ()) -> list[str]:
        bounds = [ref, *(f"^{commit}" for commit in without)]
        listed = self._git.line(["rev-list", "--topo-order", f"-n{limit}", *bounds, "--"])
        return listed.splitlines()

    def mend(self, records: str) -> list[str]:
        from leadline.adapters.git import mending

        return mending.mend(self._git, records)

    def missing_objects(self, names: Iterable[str]) -> set[str]:
        return objects.missing(self._git, names)
