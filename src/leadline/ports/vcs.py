"""Version control as the services see it.

The port exists so that services state what they need (an exact code state, a compare-and-swap on a
branch) and not which git commands do it. It is shaped after git and makes no attempt to hide that:
a second implementation would be another way to drive git, not another system.

Paths are relative to the top of the work tree and ``/``-separated; bytes that are not UTF-8 are
kept as surrogate escapes in arguments and in keys, and shown with backslash escapes in
``CodeState``. Commits, trees and blobs are full hexadecimal object names. Every method may raise
``LeadlineError``; the codes named below are stable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from leadline.core.typed import TYPE_CHECKING, NamedTuple, Protocol, TypedDict
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from leadline.core.secrets.content import ContentRules

MAX_FILE_BYTES = 50 * 1024 * 1024
CHANGED_FILES_SHOWN = 200


class Head(TypedDict):
    """What is checked out. ``commit`` is None where there is none yet (``unborn``), ``branch`` when
    HEAD is detached."""

    commit: str | None
    branch: str | None
    unborn: bool


class Identity(TypedDict):
    """Who commits are attributed to; ``fallback``: it is not the user."""

    name: str
    email: str
    fallback: bool


class Tag(TypedDict):
    name: str
    object: str
    commit: str
    annotated: bool
    message: str


class Replaced(NamedTuple):
    """A file that a commit has otherwise than a parent of it; ``new`` is empty where it is gone."""

    commit: str
    path: str
    old: str  # names of blobs
    new: str


class Signature(NamedTuple):
    """``format``: ``ssh``, ``openpgp`` or ``x509``; ``text``: armoured; ``signer``: who committed,
    as ``Name <address>``, which the signature does not vouch for."""

    format: str
    text: str
    signer: str


class Signed(NamedTuple):
    """What was signed, and the signature, "" where there is none."""

    payload: bytes
    signature: str


class Checked(NamedTuple):
    """``principal``: whom the list of signers names for the key, "" when the signature does not
    count; then ``why`` says why not, and ``unknown`` that it could not be asked: the program that
    checks did not start, gave no answer in time or was killed."""

    principal: str
    why: str
    unknown: bool = False

    @property
    def code(self) -> str:
        """What is wrong with one that does not count."""
        return "unchecked-signature" if self.unknown else "foreign-signature"


@dataclass(frozen=True)
class CodeState:
    """The exact code that lay in the work tree at one moment.

    ``tree`` is its identity: equal code has an equal tree, whatever the history, the staging or the
    rendered logbooks. ``commit`` holds that tree: ``head`` itself when nothing differs from it,
    else a commit made for this purpose with ``head`` as its parent and kept by ``ref``.
    ``changed_files`` are ``{"status", "path"}`` against ``head``, at most ``CHANGED_FILES_SHOWN``
    of ``changed_total``. ``gaps`` are ``{"path", "kind", "reason"}`` with kind ``secret``,
    ``too-large``, ``unreadable``, ``special``, ``submodule`` or ``filter``:
    files whose present content is not in ``tree`` (the version of ``head`` is, where there is one);
    or ``elsewhere``: pointers of git-annex or git-lfs that lay there instead of the content; or
    ``sparse``: folders and files that are in ``tree`` and, by a sparse checkout, did not lie there.
    ``secrets`` are the paths among them left out as secrets. ``submodules`` are ``{"path",
    "commit"}``; their files are in ``tree``, and so are those of other repositories inside the work
    tree, as they lie there. A clean code state has a commit of its own, too, where there are some.
    """

    tree: str
    commit: str
    head: str | None
    branch: str | None
    dirty: bool
    ref: str | None = None
    changed_files: list[dict[str, str]] = field(default_factory=list)
    changed_total: int = 0
    gaps: list[dict[str, str]] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    submodules: list[dict[str, str]] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """JSON-ready, valid UTF-8."""
        return dict(self.__dict__)


class Vcs(Protocol):
    """One repository, seen from one work tree.

    Obligations common to all methods: no prompt and no wait for one; no hook of the user runs
    unless a method says so; the user's index, stash and files stay as they are unless a method says
    so; a missing user identity never fails, ``Leadline <leadline@localhost>`` stands in. Commits of
    ``commit_files`` and ``commit_only``, and tags, are signed where the user's settings say so,
    within five seconds; what cannot be signed is made unsigned, told once, and signing is given up
    until ``sign_again``.
    """

    toplevel: str | None
    git_dir: str
    common_dir: str

    @property
    def is_bare(self) -> bool: ...

    @property
    def is_shallow(self) -> bool: ...

    def version(self) -> str:
        """Of the program behind this, e.g. ``2.43.0``."""
        ...

    def superproject(self) -> str | None:
        """Top of the work tree this repository is a submodule of, or None."""
        ...

    def head(self) -> Head: ...

    def identity(self) -> Identity: ...

    def ref(self, name: str) -> str | None:
        """The object a ref or revision names, or None."""
        ...

    def refs(self, prefix: str) -> dict[str, str]:
        """Name to object of every ref whose name begins with ``prefix`` (whole parts, ending in
        ``/``); of an annotated tag the commit."""
        ...

    def branch_exists(self, name: str) -> bool: ...

    def current_branch(self) -> str | None: ...

    def create_branch(self, name: str, start: str | None = None, switch: bool = False) -> None:
        """Create a branch at ``start`` (default HEAD). Without ``switch`` HEAD and the work tree
        stay.

        With ``switch`` local changes are carried along. In a repository without a commit, only
        ``switch`` is possible and makes HEAD point at the new name. Codes: ``branch-exists``,
        ``bad-ref-name``, ``no-commit-yet``, ``no-such-commit``, ``switch-refused``.
        """
        ...

    def capture(
        self,
        exclude_prefixes: Iterable[str] = (),
        run_ref: str | None = None,
        max_file_bytes: int = MAX_FILE_BYTES,
        meanwhile: Callable[[], None] | None = None,
        rules: Callable[[], ContentRules] | None = None,
    ) -> CodeState:
        """The code state of tracked, changed and untracked-not-ignored files.

        The result depends on the present state alone, not on earlier captures; equal states under
        one HEAD give the same commit; safe to call from many processes at once. The content of
        files that look like secrets never reaches the object database, unless HEAD already holds
        that very content, or a version of the file that holds the same secrets; ``rules`` says what
        counts besides known shapes. Paths under ``exclude_prefixes`` do not count. With ``run_ref`` the
        commit is kept under ``refs/leadline/code/<run_ref>``, else under a name made from tree and
        HEAD. ``meanwhile`` is called once, while the files are looked at, so that what takes as
        long can be done beside it; what it raises ends the capture, and no code state is kept then.
        Codes: ``bare-repository``, ``code-state-failed``, ``repository-not-writable``.
        """
        ...

    def changed_since(self, trees: Iterable[str], now: str) -> dict[str, list[str]]:
        """For each of ``trees`` the paths in which it differs from the tree ``now``, sorted; nothing
        of one that is not here, and of none where ``now`` is not."""
        ...

    def pointers(self, tree: str) -> list[str]:
        """The files of a tree that hold a pointer of git-annex or git-lfs and not their content, where
        git is all that is asked. Codes: ``no-such-commit``."""
        ...

    def export_tree(self, commit_or_tree: str, dest: str) -> dict[str, str]:
        """Write the files of a tree to the new folder ``dest``, as a checkout would; nothing is
        left out.

        Atomic (``dest`` is complete or absent) and idempotent (an existing ``dest`` is left as it
        is). Submodules become empty folders. Returns the files of git-annex and git-lfs that stayed
        pointers, since their content is not in this repository, each with the command that gets it
        (none where ``dest`` existed). Codes: ``no-such-commit``, ``export-failed``.
        """
        ...

    def read_tree_files(self, ref: str, prefix: str = "") -> dict[str, str]:
        """Path to blob of every file under ``prefix`` in ``ref``; empty when the ref does not
        exist. A submodule is no file."""
        ...

    def held(self, tree: str, paths: Sequence[str]) -> set[str]:
        """Those of ``paths`` that are files of ``tree``. Raises LeadlineError for a tree that is not
        here."""
        ...

    def no_files(self, ref: str) -> list[str]:
        """The paths in ``ref`` that are submodules or links."""
        ...

    def read_blob(self, blob: str) -> bytes: ...

    def read_blobs(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """Content by blob name. Code: ``no-such-object``."""
        ...

    def write_blobs(self, contents: list[bytes]) -> list[str]:
        """Store them; the name of each. What no commit comes to name is git's to clear away."""
        ...

    def write_files(self, paths: list[str]) -> list[str]:
        """As ``write_blobs``, of files anywhere, which may be larger than memory."""
        ...

    def commit_files(
        self,
        ref: str,
        files: Mapping[str, bytes | str | None],
        message: str,
        parents: Iterable[str] | None = None,
        expected_old: str | None = None,
    ) -> str:
        """Commit changed files on ``ref`` without a work tree, and return the tip.

        ``files``: path to bytes, an existing blob's name, or None to delete; they change the tree
        of ``expected_old`` (or of the first parent; or the empty tree). ``parents`` defaults to
        ``expected_old`` alone. ``expected_old`` None means that the ref must not exist yet. Atomic:
        when the ref is elsewhere, nothing changes and ``conflict``/``ref-moved`` is raised, so that
        the caller reads again and retries. When neither tree nor parents would change, no commit is
        made.
        """
        ...

    def move_ref(self, ref: str, new: str, expected_old: str | None) -> None:
        """Compare and swap a ref to an existing commit. Code: ``conflict``/``ref-moved``."""
        ...

    def commit_only(self, path: str, data: bytes, message: str, branch: str | None = None) -> str:
        """Commit ``data`` as ``path``, and nothing else, onto the checked-out branch (or detached
        HEAD).

        Whatever else is staged stays staged and uncommitted. The file in the work tree is not
        written: the caller has done so, and ``git status`` then shows it clean. ``branch``: the
        branch that has to be checked out. Returns the commit that holds the file: HEAD when it
        holds the same bytes already. Codes: ``operation-in-progress`` (merge, rebase, cherry-pick,
        revert, bisect), ``index-locked``, ``other-branch``, ``path-ignored``, ``ref-moved``.
        """
        ...

    def signs(self) -> bool:
        """Whether the user's settings sign commits or tags."""
        ...

    def sign(self, payload: bytes) -> Signature | None:
        """Of anything, as the user's settings sign commits; None where they sign neither commits
        nor tags, or no signature is to be had without asking."""
        ...

    def sign_again(self) -> None:
        """Try to sign from here on, also where it failed before and was given up."""
        ...

    def signed(self, revision: str) -> Signed | None:
        """A commit or an annotated tag, taken apart; None when there is no such object."""
        ...

    def check_signature(self, signed: Signed, signers: str, at: str) -> Checked:
        """Whose signature it is by the file ``signers`` (git's allowed signers) at the time ``at``.
        One by gpg or gpgsm counts when its key is trusted in the user's own keyring and the file
        has its address."""
        ...

    def remotes(self) -> list[str]: ...

    def remote_url(self, name: str) -> str | None:
        """The URL, without any user name and password in it."""
        ...

    def remote_refs(self, remote: str, timeout_s: float = 60.0) -> dict[str, str]:
        """Name to object of every ref that the remote has now; of an annotated tag the commit.
        Codes as for ``fetch_ref``."""
        ...

    def fetch_ref(self, remote: str, ref: str, into: str, timeout_s: float = 60.0) -> str | None:
        """Fetch one ref into a local ref, overwriting it; its object, or None when the remote has
        no such ref.

        Codes: ``no-such-remote``, ``remote-unreachable``, ``remote-denied``.
        """
        ...

    def push(
        self,
        remote: str,
        refs: Mapping[str, str],
        timeout_s: float = 120.0,
        run_hooks: bool = False,
    ) -> dict[str, dict[str, str]]:
        """Push ``{source: destination ref}``, never by force.

        Result by destination: ``{"status", "reason"}`` with status ``ok``, ``up-to-date``,
        ``non-fast-forward`` or ``rejected``. Codes as for ``fetch_ref``.
        """
        ...

    def create_tag(self, name: str, commit: str, message: str) -> str:
        """An annotated tag; returns the tag object. Codes: ``tag-exists``, ``bad-ref-name``,
        ``no-such-commit``."""
        ...

    def sign_tag(self, name: str) -> bool:
        """Sign an annotated tag that is not, in its place and otherwise as it is, where the user's
        settings sign tags; whether it was done."""
        ...

    def tag_exists(self, name: str) -> bool: ...

    def tag_names(self, prefix: str) -> list[str]:
        """Names of the tags that begin with ``prefix`` (a path of whole parts, ending in ``/``),
        sorted."""
        ...

    def tag_info(self, name: str) -> Tag | None: ...

    def reached(self, commits: Iterable[str], heads: Iterable[str]) -> set[str]:
        """Those of ``commits`` that at least one of ``heads`` has in its history or is. Full object
        names; what this repository lacks of either is left out. The cost hardly grows with the
        number of heads."""
        ...

    def is_ancestor(self, ancestor: str, descendant: str) -> bool: ...

    def first_commits(self, commit: str) -> list[str]:
        """The commits without parents that ``commit`` goes back to; in a shallow clone, where it was
        cut off."""
        ...

    def commit_exists(self, commit: str) -> bool: ...

    def file_at(self, commit: str, path: str) -> bytes | None:
        """The bytes of a file in a commit; None when it has no such file. Code: ``no-such-commit``."""
        ...

    def versions_of_file(self, path: str, ref: str = "HEAD") -> Iterator[tuple[str, bytes]]:
        """``(commit, content)`` of every version of ``path``, oldest first, drawn one by one; commits that removed it
        are left out."""
        ...

    def replaced(self, ref: str, since: str = "") -> list[Replaced]:
        """Every change of a file that was there before, in the history of ``ref`` (behind ``since``),
        oldest first; of a merge, against each parent."""
        ...

    def commits(self, ref: str, limit: int, without: Iterable[str] = ()) -> list[str]:
        """The newest commits of a ref, none before one that has it as a parent; but for
        ``without`` and what they have in their history."""
        ...

    def mend(self, records: str) -> list[str]:
        """Move what a power cut left of objects and of our refs (those of code states and seals, and
        ``records``) out of git's way, where it can be looked at; returns what was moved, in words.
        What is derived is made again by whoever needs it."""
        ...

    def missing_objects(self, names: Iterable[str]) -> set[str]:
        """Those of the full object names that this repository does not have."""
        ...
