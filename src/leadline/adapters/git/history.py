"""Answers about commits, tags and differences, and makes tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from leadline.adapters.git import objects
from leadline.adapters.git.program import GitProgram, any_status
from leadline.core.errors import LeadlineError, conflict, usage
from leadline.core.plain import plain
from leadline.core.ref_name import ref_problem
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.adapters.git.signing import Signer
    from leadline.ports.vcs import Replaced, Tag


def bad_ref_name(name: str) -> LeadlineError:
    return usage(
        "bad-ref-name",
        f"{name!r} cannot be the name of a branch or tag.",
        why="git does not allow spaces, '..', a leading '-', and some other characters in names.",
        do=f"git check-ref-format --branch {name!r}",
    )


def check_full_ref(name: str) -> None:
    """Raises ``bad-ref-name`` for what is no whole name of a ref: as part of a refspec it would
    mean another one."""
    if not name.startswith("refs/") or ref_problem(name.removeprefix("refs/")):
        raise bad_ref_name(name)


def check_ref_name(git: GitProgram, name: str) -> None:
    """Raises ``bad-ref-name``."""
    if (
        name.startswith("-")
        or git.run(["check-ref-format", f"refs/heads/{name}"], ok=any_status).returncode != 0
    ):
        raise bad_ref_name(name)


def commit_of(git: GitProgram, revision: str) -> str | None:
    done = git.run(
        ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"],
        ok=any_status,
    )
    return done.stdout.decode().split()[-1] if done.returncode == 0 else None


def create_tag(git: GitProgram, name: str, commit: str, message: str, signer: Signer) -> str:
    check_ref_name(git, name)
    target = commit_of(git, commit)
    if target is None:
        raise objects.no_such_commit(commit)
    settings = objects.commit_settings(git)
    by = objects.committer(git, settings)
    said = (plain(message).rstrip("\n") + "\n").encode()
    made = signer.tag(settings, by, name, target, said)
    # A tag that exists is refused by both in the same words.
    if made is not None:
        arguments, said = ["tag", "--no-sign", name, made], b""
    else:
        arguments = ["tag", "--annotate", "--no-sign", "--cleanup=verbatim", "-F", "-", name]
        arguments.append(target)
    objects.bring_to_disk(git, f"refs/tags/{name}")
    done = git.run(arguments, data=said, writes=True, extra=by, ok=any_status)
    if done.returncode != 0:
        if b"already exists" in done.stderr:
            raise conflict(
                "tag-exists",
                f"The tag {name} exists already.",
                why="Tags seal a state and are not moved.",
                do=f"git show {name}",
            )
        git.fail(["tag"], done)
    created = objects.read_ref(git, f"refs/tags/{name}")
    assert created is not None
    objects.bring_to_disk(git, f"refs/tags/{name}")
    return created


def tag_info(git: GitProgram, name: str) -> Tag | None:
    if "\n" in name:
        return None
    with objects.ObjectReader(git) as reader:
        tag = reader.read(f"refs/tags/{name}")
        commit = reader.read(f"refs/tags/{name}^{{commit}}") if tag else None
    if tag is None or commit is None:
        return None
    annotated = tag[1] == "tag"
    message = tag[2].partition(b"\n\n")[2].decode("utf-8", "replace") if annotated else ""
    return {
        "name": name,
        "object": tag[0],
        "commit": commit[0],
        "annotated": annotated,
        "message": message,
    }


def reached(git: GitProgram, commits: Iterable[str], heads: Iterable[str]) -> set[str]:
    """See ``Vcs.reached``: one process for each commit, however many heads there are."""
    wanted, tips = set(commits), set(heads)
    here = (wanted | tips) - objects.missing(git, wanted | tips)
    asked = "".join(f"^{tip}\n" for tip in sorted(tips & here))
    found = set()
    for commit in wanted & here if asked else ():
        left = git.run(
            ["rev-list", "--max-count=1", "--stdin"], data=f"{commit}\n{asked}".encode()
        ).stdout
        if not left.strip():
            found.add(commit)
    return found


def is_ancestor(git: GitProgram, ancestor: str, descendant: str) -> bool:
    done = git.run(["merge-base", "--is-ancestor", ancestor, descendant], ok=any_status)
    if done.returncode > 1:
        missing = ancestor if commit_of(git, ancestor) is None else descendant
        raise objects.no_such_commit(missing)
    return done.returncode == 0


def file_at(git: GitProgram, commit: str, path: str) -> bytes | None:
    done = git.run(["cat-file", "blob", f"{commit}:{path}"], ok=any_status)
    if done.returncode == 0:
        return done.stdout
    if objects.tree_of(git, commit) is None:
        raise objects.no_such_commit(commit)
    return None


def log_of_file(git: GitProgram, path: str, ref: str) -> list[str]:
    arguments = [
        "log",
        "--no-show-signature",
        "--format=%H",
        "--reverse",
        "--end-of-options",
        ref,
        "--",
        path,
    ]
    done = git.run(arguments, ok=any_status)
    if done.returncode != 0:
        if commit_of(git, ref) is None:
            return []
        git.fail(arguments, done)
    return done.stdout.decode().split()


def versions_of_file(git: GitProgram, path: str, ref: str) -> Iterator[tuple[str, bytes]]:
    """See ``Vcs.versions_of_file``."""
    if "\n" in path:
        return
    with objects.ObjectReader(git) as reader:
        for commit in log_of_file(git, path, ref):
            version = reader.read(f"{commit}:{path}")
            if version is not None and version[1] == "blob":
                yield commit, version[2]


def replaced(git: GitProgram, ref: str, since: str) -> list[Replaced]:
    """See ``Vcs.replaced``."""
    from leadline.ports.vcs import Replaced

    arguments = [
        "log",
        "--no-show-signature",
        "--reverse",
        "--topo-order",
        "--format=%x00%H",
        "--raw",
    ]
    arguments += ["-z", "-m", "--no-renames", "--no-abbrev", "--diff-filter=DM", ref]
    arguments += [f"^{since}"] if since else []
    done = git.run([*arguments, "--"], ok=any_status)
    if done.returncode != 0:
        return []
    found, commit, blobs = list[Replaced](), "", ("", "")
    for part in done.stdout.decode("utf-8", "replace").split("\0"):
        part = part.strip("\n")
        if part.startswith(":"):  # ":MODE MODE OLD NEW STATUS"; the path is the next part
            fields = part.split(" ")
            blobs = fields[2], fields[3]
        elif blobs[0]:
            new = blobs[1] if blobs[1].strip("0") else ""
            found.append(Replaced(commit, part, blobs[0], new))
            blobs = ("", "")
        elif part:
            commit = part
    return found
