"""Captures the exact code that lies in the work tree, and unpacks it again.

A capture that finds nothing changed runs two git processes side by side and writes nothing; after
an edit about six. The commit that holds a changed tree is a pure function of tree and HEAD (fixed
identity, HEAD's date), so that equal code shares one commit across runs, processes and machines.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from leadline.adapters.git import durable, elsewhere, objects
from leadline.adapters.git.converted import converted, may_convert
from leadline.adapters.git.durable import Damaged
from leadline.adapters.git.nested import Kept, keep_nested, with_nested
from leadline.adapters.git.private_index import HeadFacts, Memory
from leadline.adapters.git.program import (
    FALLBACK_EMAIL,
    FALLBACK_NAME,
    GitProgram,
    Outcome,
    any_status,
)
from leadline.adapters.git.worktree_scan import (
    ATTRIBUTES,
    GITLINK,
    QUIET,
    Rules,
    Scan,
    as_gap_list,
    joined,
    plain_rules,
    shown,
    without_filters,
)
from leadline.core.errors import LeadlineError, environment
from leadline.core.patterns import later
from leadline.core.plain import shell_word
from leadline.core.record.run import CONVERTED, ELSEWHERE
from leadline.core.typed import TYPE_CHECKING
from leadline.ports.vcs import CHANGED_FILES_SHOWN, CodeState, Head

if TYPE_CHECKING:
    from leadline.core.secrets.content import ContentRules

REF_PREFIX = "refs/leadline/code/"
_ATTEMPTS = 4
OBJECTS_REMEMBERED = 1000


def capture(
    git: GitProgram,
    head: Head,
    exclude_prefixes: Iterable[str],
    run_ref: str | None,
    max_file_bytes: int,
    meanwhile: Callable[[], None] | None = None,
    content_rules: Callable[[], ContentRules] | None = None,
) -> CodeState:
    """See ``Vcs.capture``. ``head`` as ``Vcs.head`` gives it."""
    excluded = sorted({os.path.normpath(prefix).strip("/") for prefix in exclude_prefixes} - {"."})
    rules = Rules(tuple(excluded), max_file_bytes, content_rules or plain_rules)
    memory = Memory(git.git_dir, git.common_dir, [excluded, max_file_bytes])
    with memory.locked():
        try:
            scan = _capture(git, memory, rules, head, run_ref, meanwhile)
        except (LeadlineError, Damaged) as problem:
            if isinstance(problem, LeadlineError) and problem.code not in _OF_DAMAGE:
                raise
            try:
                _mend(git, memory, head["commit"])
                scan = _capture(git, memory, rules, head, run_ref, None)
            except Damaged as damaged:
                raise objects.damaged_objects(damaged.paths) from None
            except LeadlineError as still:
                if "index file" in still.why:
                    raise _index_damaged(git, still.why) from None
                raise
            except OSError as error:
                raise objects.not_writable(git.common_dir, error) from None
        except OSError as error:
            raise objects.not_writable(git.common_dir, error) from None
    values = memory.values
    last = values["last"]
    assert last is not None
    gaps = as_gap_list(scan.gaps)
    return CodeState(
        tree=last["tree"],
        commit=last["commit"],
        head=head["commit"],
        branch=head["branch"],
        dirty=last["dirty"],
        ref=last["ref"],
        changed_files=last["changed"],
        changed_total=last["total"],
        gaps=gaps,
        secrets=[gap["path"] for gap in gaps if gap["kind"] == "secret"],
        submodules=[
            {"path": shown(path), "commit": sha}
            for path, sha in sorted(values["submodules"].items())
        ],
    )


def _capture(
    git: GitProgram,
    memory: Memory,
    rules: Rules,
    at: Head,
    run_ref: str | None,
    meanwhile: Callable[[], None] | None,
) -> Scan:
    """Bring ``memory`` up to date; ``last`` of it is the code state. Raises LeadlineError, Damaged,
    OSError."""
    head = at["commit"]
    start_over = not memory.load(head)
    for attempt in range(_ATTEMPTS):
        if start_over:
            memory.start_over(head)
        before = memory.values["tree"]
        scan = Scan(git, memory, rules)
        scan.run(start_over, meanwhile if attempt == 0 else None)
        tree = _apply(git, memory, scan)
        if tree is not None and not memory.user_index_changed():
            break
        # the user staged something meanwhile, or objects of the private index were pruned
        start_over = True
        if attempt == _ATTEMPTS - 1 and tree is None:
            raise _failed("The private index cannot be written as a tree.")
    assert tree is not None
    previous = memory.values["last"]
    memory.values["tree"] = tree
    if start_over:
        durable.settle_index(git, at["branch"])
    known_nested = {**memory.values["nested"]}
    inside = memory.values["submodules"] or scan.nested or scan.ignored
    nested = keep_nested(scan) if inside else {}
    _name_pointers(git, memory, scan, anew=before != tree)
    _name_converted(git, memory, scan, start_over)
    changed = _commit(git, memory, scan, tree, head, run_ref, nested)
    changed = changed or known_nested != memory.values["nested"]
    if changed or before != tree or scan.add or scan.entries or previous is None:
        memory.save()
    return scan


def _name_pointers(git: GitProgram, memory: Memory, scan: Scan, anew: bool) -> None:
    """Files whose content the tree only points to, and that lie here as pointers, are gaps."""
    values, top = memory.values, git.work_tree or ""
    pointing = values["pointing"]
    if pointing is None or anew:
        may = elsewhere.may_point(git.common_dir, top)
        pointing = elsewhere.pointing_in(git, memory.index) if may else []
        values["pointing"] = pointing
    for path, why in elsewhere.without_content(top, pointing).items():
        scan.gaps.setdefault(path, (ELSEWHERE, why))


def _name_converted(git: GitProgram, memory: Memory, scan: Scan, start_over: bool) -> None:
    """Files that git would check out with other bytes than lie here are gaps."""
    values = memory.values
    attributes = any(os.path.basename(path) == ATTRIBUTES for path in scan.add)
    anew = start_over or attributes
    if anew and not values["attributes"]:
        values["attributes"] = attributes or may_convert(git)
    touched = scan.add | scan.entries.keys()
    if values["attributes"] and (anew or touched):
        known = [p for p in values["converted"] if not anew and p not in touched]
        index = {"GIT_INDEX_FILE": memory.index}
        among = None if anew else touched
        values["converted"] = known + converted(git, index, among, scan.rules.max_file_bytes)
    for path in values["converted"]:
        scan.gaps.setdefault(path, (CONVERTED, "git would check it out with other bytes"))


_OF_DAMAGE = ("git-failed", "code-state-failed", "no-such-object", "damaged-objects")


def _mend(git: GitProgram, memory: Memory, head: str | None) -> None:
    """Objects that a power cut emptied or took are made again of what lies in the work tree and in
    the user's index; what cannot be is for the next capture to name."""
    durable.set_aside_damaged(git)
    memory.forget()
    memory.start_over(head)
    index = {"GIT_INDEX_FILE": memory.index}
    listed = git.run(["ls-files", "-z", "--stage"], extra=index, config=QUIET, ok=any_status)
    blobs: dict[str, str] = {}
    for record in listed.stdout.split(b"\0")[:-1]:
        facts, _, path = record.partition(b"\t")
        blobs[os.fsdecode(path)] = facts.decode().split()[1]
    gone = objects.missing(git, blobs.values())
    paths = [path for path, blob in blobs.items() if blob in gone and "\n" not in path]
    here = [path for path in paths if os.path.isfile(os.path.join(git.work_tree or "", path))]
    if here:
        names = "".join(f"{path}\n" for path in here)
        arguments = ["hash-object", "-w", "--stdin-paths"]
        git.run(arguments, data=os.fsencode(names), writes=True, ok=any_status)
    git.run(["write-tree"], extra=index, config=QUIET, writes=True, ok=any_status)
    memory.forget()


def _index_damaged(git: GitProgram, why: str) -> LeadlineError:
    index = os.path.join(git.git_dir, "index")
    return environment(
        "index-damaged",
        "git's own index is damaged, so what is staged and tracked cannot be told.",
        why=f"{why}. A power cut does this; the files themselves are not concerned.",
        do=f"rm {shell_word(index)} && git reset",
    )


def _failed(why: str) -> LeadlineError:
    return environment(
        "code-state-failed", "The code state could not be captured.", why=why, do="git status"
    )


def _apply(git: GitProgram, memory: Memory, scan: Scan) -> str | None:
    """Bring the private index up to date and write its tree; None when it refers to objects that
    are gone."""
    index = {"GIT_INDEX_FILE": memory.index}
    tree: str | None = memory.values["tree"]
    for _ in range(50):  # each round leaves out a file that git refused
        if scan.entries:
            width = len(tree or memory.values["head"] or "0" * 40)
            lines = [
                (f"{entry[0]} {entry[1]}\t" if entry else f"0 {'0' * width}\t").encode()
                + os.fsencode(path)
                + b"\0"
                for path, entry in scan.entries.items()
            ]
            _set_entries(git, index, b"".join(lines))
            tree = None
        if not scan.add:
            break
        tree = None
        done = git.run(
            ["update-index", "--add", "--remove", "--replace", "-z", "--stdin"],
            data=joined(sorted(scan.add)),
            extra=index,
            config=QUIET,
            writes=True,
            ok=any_status,
        )
        if done.returncode == 0:
            break
        _leave_out_refused(git, scan, done)
    if tree is None:
        done = git.run(["write-tree"], extra=index, config=QUIET, writes=True, ok=any_status)
        tree = done.stdout.decode().strip() if done.returncode == 0 else None
    return tree


def _set_entries(git: GitProgram, index: dict[str, str], lines: bytes) -> None:
    """Git looks at files that changed in this second too, and a filter of the user's may fail."""
    arguments = ["update-index", "-z", "--index-info"]
    done = git.run(arguments, data=lines, extra=index, config=QUIET, writes=True, ok=any_status)
    if done.returncode:
        without = (*QUIET, *without_filters(git))
        git.run(arguments, data=lines, extra=index, config=without, writes=True)


def _leave_out_refused(git: GitProgram, scan: Scan, done: Outcome) -> None:
    errors = os.fsdecode(done.stderr)
    found = re.search(r"Unable to process path (.+)$", errors, re.M) or re.search(
        r"fatal: (.+?): clean filter '.*' failed", errors
    )
    paths = [found.group(1)] if found and found.group(1) in scan.add else []
    if paths and "filter" not in errors:
        reason = next((line for line in errors.splitlines() if "error:" in line), "")
        told = shown(reason.replace("error: ", "")) or "git could not read it"
        scan.leave_out(paths[0], ("unreadable", told))
        return
    paths = paths or _filtered(git, scan.add)
    if not paths:
        raise _failed(done.last_line)
    for path in paths:
        _keep_unfiltered(git, scan, path, shown(done.last_line))


def _keep_unfiltered(git: GitProgram, scan: Scan, path: str, why: str) -> None:
    """A file whose filter fails is kept as it lies there, and named where that is not what is
    staged: its content tells the code apart whatever became of the filter."""
    staged = git.run(["ls-files", "-z", "--stage", "--", path]).stdout
    full = os.path.join(git.work_tree or "", path)
    blob = git.line(["hash-object", "-w", "--no-filters", "--", full], writes=True)
    scan.add.discard(path)
    scan.entries[path] = ("100755" if os.access(full, os.X_OK) else "100644", blob)
    if blob not in os.fsdecode(staged).split():
        scan.gaps[path] = ("filter", f"its filter failed ({why}): kept as it lies there")


def _filtered(git: GitProgram, paths: Iterable[str]) -> list[str]:
    """Those of ``paths`` that a filter reads."""
    arguments = ["check-attr", "-z", "--stdin", "filter"]
    output = git.run(arguments, data=joined(sorted(paths)), ok=any_status).stdout
    fields = output.split(b"\0")
    named = zip(fields[0::3], fields[2::3], strict=False)
    return [os.fsdecode(p) for p, value in named if value not in (b"unspecified", b"unset", b"")]


# the commit


def _commit(
    git: GitProgram,
    memory: Memory,
    scan: Scan,
    tree: str,
    head: str | None,
    run_ref: str | None,
    nested: Mapping[str, Kept],
) -> bool:
    """Make or find the commit for ``tree``, with what lies in the repositories inside it, and
    remember it as ``last``; whether that changed."""
    values = memory.values
    last = values["last"]
    outer = tree
    if nested:
        tree = with_nested(scan, outer, {path: kept.tree for path, kept in nested.items()})
    base = head[:12] if head else "root"
    ref = REF_PREFIX + (run_ref or f"{tree[:16]}-{base}")
    named = {*values["submodules"], *scan.ignored}
    clean = {path: kept.clean for path, kept in nested.items() if path in named}
    if last and last["tree"] == tree and last["clean"] == clean:
        if last["ref"] is None:
            return False
        if last["ref"] == ref and objects.read_ref_files(git.common_dir, ref) == last["commit"]:
            if durable.are_here(git, last["objects"]):
                return False
            if not objects.missing(git, last["objects"]):
                last["objects"] = []  # packed by now
                return True
            raise _failed("Objects of the last code state are gone.")
    facts = _head_facts(git, memory, scan.rules, head)
    as_in_head = head is not None and facts["stripped"] == outer
    if head and as_in_head and not nested:
        durable.settle(git)
        values["last"] = {
            "tree": tree,
            "commit": head,
            "ref": None,
            "dirty": False,
            "clean": {},
            "changed": [],
            "total": 0,
            "objects": [],
        }
        return True
    base = facts["stripped"] or objects.empty_tree(git)
    if nested:
        base = with_nested(scan, base, clean)
        as_in_head = as_in_head and base == tree
    names = git.start(["diff-tree", *_AS_RAW, base, tree])
    who = f"{FALLBACK_NAME} <{FALLBACK_EMAIL}> {facts['date']}"
    body = f"tree {tree}\n" + (f"parent {head}\n" if head else "")
    body += f"author {who}\ncommitter {who}\n\nCode state {tree}\n"
    commit = git.line(
        ["hash-object", "-t", "commit", "-w", "--stdin"], data=body.encode(), writes=True
    )
    changed, new = _changes(git.finish(names, ["diff-tree"]))
    new += [tree, commit]
    durable.settle(git)
    if not durable.are_here(git, new) and (gone := objects.missing(git, new)):
        raise _failed(f"{len(gone)} objects that were just written are not there.")
    if objects.read_ref_files(git.common_dir, ref) != commit:
        arguments = ["update-ref", ref, commit]
        done = git.run(arguments, writes=True, extra=objects.FALLBACK_COMMITTER, ok=any_status)
        if done.returncode and durable.drop_broken_ref(git, ref):
            git.run(arguments, writes=True, extra=objects.FALLBACK_COMMITTER)
        elif done.returncode:
            git.fail(arguments, done)
    durable.settle_ref(git, ref)
    values["last"] = {
        "tree": tree,
        "commit": commit,
        "ref": ref,
        "dirty": not as_in_head,
        "clean": clean,
        "changed": changed[:CHANGED_FILES_SHOWN],
        "total": len(changed),
        "objects": new[:OBJECTS_REMEMBERED],
    }
    return True


_PAIR = later(r"[0-9a-f]{40,64} [0-9a-f]{40,64}")
_AS_RAW = ("-r", "-t", "-z", "--raw", "--no-abbrev", "--no-renames")


def _changes(output: bytes) -> tuple[list[dict[str, str]], list[str]]:
    """Changed files with their status, and the objects that are new, from a raw difference."""
    changed, new = [], []
    fields = output.split(b"\0")
    for facts, path in zip(fields[0::2], fields[1::2], strict=False):
        old_mode, mode, _old, name, status = facts[1:].decode().split()
        if mode not in ("000000", GITLINK):
            new.append(name)
        if "040000" not in (mode, old_mode):
            changed.append({"status": status, "path": shown(os.fsdecode(path))})
    return changed, new


def _head_facts(git: GitProgram, memory: Memory, rules: Rules, head: str | None) -> HeadFacts:
    """Tree and date of HEAD, and its tree without the excluded paths; remembered per HEAD."""
    facts = memory.values["head_facts"]
    if facts is not None and facts["head"] == head:
        return facts
    facts = {"head": head, "tree": None, "stripped": None, "date": "946684800 +0000"}
    if head is not None:
        text = git.run(["cat-file", "commit", head]).stdout
        header = text.split(b"\n\n", 1)[0].decode("utf-8", "replace")
        tree = facts["tree"] = facts["stripped"] = header.split("\n", 1)[0].split()[1]
        found = re.search(r"^committer .*> (\d+ [+-]\d{4})$", header, re.M)
        facts["date"] = found.group(1) if found else facts["date"]
        inside = objects.list_tree(git, tree, rules.excluded) if rules.excluded else {}
        if inside:
            facts["stripped"] = objects.edit_tree(git, tree, dict.fromkeys(inside))
    memory.values["head_facts"] = facts
    return facts


def changed_since(git: GitProgram, trees: Iterable[str], now: str) -> dict[str, list[str]]:
    """See ``Vcs.changed_since``; one process for all of them."""
    pairs = {f"{tree} {now}": tree for tree in trees}
    # git gives back a line that begins with no object's name, as it does that of two equal trees
    asked = {pair.encode(): pairs[pair] for pair in pairs if _PAIR.fullmatch(pair)}
    arguments = ["diff-tree", "--stdin", "-r", "-z", "--name-only", "--no-renames"]
    lines = b"".join(pair + b"\n" for pair in asked)
    done = git.run(arguments, data=lines, ok=any_status)
    found: dict[str, list[str]] = {}
    paths: list[str] = []
    for record in done.stdout.split(b"\0"):
        pair, _, rest = record.partition(b"\n")
        while pair in asked:  # its paths follow, or the next pair where there are none
            paths = found[asked[pair]] = []
            record = rest
            pair, _, rest = record.partition(b"\n")
        if record:
            paths.append(shown(os.fsdecode(record)))
    if done.returncode and found:  # of the last some objects are gone
        found.popitem()
    return {tree: sorted(paths) for tree, paths in found.items()}


# unpacking


def export_tree(git: GitProgram, commit_or_tree: str, dest: str) -> dict[str, str]:
    """See ``Vcs.export_tree``.

    A checkout into an own work tree with an own index, so that attributes come from the exported
    tree itself.
    """
    import shutil
    import tempfile

    dest = os.path.abspath(dest)
    left: dict[str, str] = {}
    if os.path.isdir(dest):
        return left
    tree = objects.tree_of(git, commit_or_tree)
    if tree is None:
        raise objects.no_such_commit(commit_or_tree)
    try:
        os.makedirs(os.path.dirname(dest), exist_ok=True)
        parent = tempfile.mkdtemp(prefix=f".{os.path.basename(dest)}.", dir=os.path.dirname(dest))
    except OSError as error:
        raise _export_failed(dest, error.strerror or str(error)) from None
    try:
        files = os.path.join(parent, "files")
        os.mkdir(files)
        index = os.path.join(parent, "index")
        done = _checked_out(git, tree, files, index, _EXPORT)
        if done.returncode != 0 or b"error:" in done.stderr:  # a filter whose program is not here
            without = without_filters(git, done.stderr)
            done = _checked_out(git, tree, files, index, (*_EXPORT, *without))
        if done.returncode != 0 or b"error:" in done.stderr:
            fetched = b"promisor" in done.stderr  # of a clone that leaves files to be fetched
            raise _export_failed(dest, done.last_line, "git fetch" if fetched else "df -h")
        try:
            left = elsewhere.put_in_place(files, git)
        except OSError as error:
            raise _export_failed(dest, error.strerror or str(error)) from None
        try:
            os.rename(files, dest)
        except OSError as error:
            if not os.path.isdir(dest):  # else another process was first: same tree, same files
                raise _export_failed(dest, error.strerror or str(error)) from None
    finally:
        shutil.rmtree(parent, ignore_errors=True)
    return left


_EXPORT = (
    "core.sparseCheckout=false",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.bare=false",
    "submodule.recurse=false",
    "advice.detachedHead=false",
)


def _checked_out(
    git: GitProgram, tree: str, files: str, index: str, config: Sequence[str]
) -> Outcome:
    return git.run(
        ["read-tree", "--reset", "-u", "--no-recurse-submodules", tree],
        cwd=files,
        writes=True,
        ok=any_status,
        extra={"GIT_INDEX_FILE": index, "GIT_WORK_TREE": files},
        config=config,
    )


def _export_failed(dest: str, why: str, do: str = "df -h") -> LeadlineError:
    return environment(
        "export-failed", f"The code could not be unpacked to {dest}.", why=why, do=do
    )
