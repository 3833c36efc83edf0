"""The record branch: the records and what is derived from them, as files that a forge shows and a
clone brings along.

Written with plumbing alone, so the user's work tree, index and hooks never notice. What was
published there is never rewritten: where our version of an event file is no extension of the
published one, ours goes beside it under another name. The files of this machine's own writers are
put back by the next commit where somebody else changed them; what he put there stays in the history.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from leadline.core.canonical import digest_bytes, is_digest
from leadline.core.errors import LeadlineError, conflict, environment
from leadline.core.evidence.known import labels_for
from leadline.core.ids import TOPIC
from leadline.core.plain import plain
from leadline.core.publish.blob_name import blob_name
from leadline.core.record.artifact import listed
from leadline.core.record.contents import staying
from leadline.core.record.event_files import copy_name, is_own, split_copy, split_name
from leadline.core.record.thread import Thread
from leadline.core.record.union import is_within
from leadline.core.timestamps import counted, few
from leadline.core.tree_path import tree_path_problem
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass, field
from leadline.render import markdown
from leadline.render.branch.badge import FOLDER as BADGES
from leadline.render.branch.badge import badge_files
from leadline.render.branch.index import entry_of, render_index, snapshot_folder
from leadline.services.branch.logbook import logbook_data
from leadline.services.branch.looked_at import looked_at_now
from leadline.services.branch.tips import branch_ref, event_blobs
from leadline.services.branch.whose_branch import OWN, refuse_another
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import SnapshotBody

SMALL_BLOB_BYTES = 64 * 1024
RUN_ARTIFACT_BYTES = 1024 * 1024  # small artifacts of one run, together
MERGED_AT_ONCE = 64  # event files
TAKEN_AT_ONCE = 16  # payloads
STORED_AT_ONCE_BYTES = 8 * 1024 * 1024
ATTEMPTS = 6
Files = dict[str, bytes | str | None]


def commit_records(
    context: Context, topics: list[str] | None = None, *, also: str | None = None
) -> str | None:
    """Commit what is not on the record branch yet; its tip, or None when there is nothing to commit
    at all.

    ``topics``: only these threads (and the index). ``also``: another tip of the branch that becomes
    a second parent, its files carried over; its records have been merged into the store before.
    Raises LeadlineError(conflict) when the record branch is checked out somewhere
    (``record-branch-checked-out``) or moves faster than we can follow.
    """
    if not context.store.topics():
        return None
    _refuse_when_checked_out(context)
    with context.store.alone("", "record-branch"):
        return _commit_records(context, topics, also)


def _commit_records(context: Context, topics: list[str] | None, also: str | None) -> str | None:
    """Others than this machine's Leadline may still move the branch meanwhile."""
    ref, branch = branch_ref(context), str(context.setting("record_branch"))
    for attempt in range(ATTEMPTS):
        old = context.vcs.ref(ref)
        present = context.vcs.read_tree_files(old) if old else {}
        if old:
            refuse_another(context, old, present, f"the branch {branch}")
        elif also is None:
            _refuse_known_elsewhere(context, branch)
        carried: Files = {}
        if also and old:
            carried = {
                p: b for p, b in context.vcs.read_tree_files(also).items() if p not in present
            }
        elif also:
            present = context.vcs.read_tree_files(also)
        base = {**present, **{p: str(b) for p, b in carried.items()}}
        changed = changed_files(context, base, topics)
        if not changed and not carried and not (also and old):
            return old or also
        parents = [p for p in (old, also) if p]
        try:
            tip = context.vcs.commit_files(
                ref,
                {**carried, **changed},
                _message(changed, also),
                parents=parents,
                expected_old=old,
            )
            looked_at_now(context, OWN, tip)
            return tip
        except LeadlineError as error:
            if error.code != "ref-moved" or attempt == ATTEMPTS - 1:
                raise
    return None


def commit_if_possible(
    context: Context, topics: list[str] | None = None
) -> tuple[str, LeadlineError | None]:
    """The tip after ``commit_records``, or "" and what keeps it from being made now: the records
    are safe without it, and the next milestone brings them along."""
    try:
        return commit_records(context, topics) or "", None
    except LeadlineError as error:
        return "", error
    except OSError as error:
        what = f"the record branch cannot be written: {error.strerror}"
        return "", environment("record-branch-not-written", what, do="leadline sync")


def _refuse_when_checked_out(context: Context) -> None:
    name = context.setting("record_branch")
    if context.vcs.current_branch() == name:
        raise conflict(
            "record-branch-checked-out",
            f"{name} is checked out here",
            why="Leadline writes it behind git's back, so your files would look changed",
            do="git switch -",
        )


def _refuse_known_elsewhere(context: Context, branch: str) -> None:
    """A branch that is to be made here must not be another one at a remote, as last fetched."""
    for remote in context.vcs.remotes():
        seen = f"refs/remotes/{remote}/{branch}"
        if tip := context.vcs.ref(seen):
            where = f"the branch {branch} of {remote}"
            refuse_another(context, tip, context.vcs.read_tree_files(tip), where)


def _message(changed: Files, also: str | None) -> str:
    topics = sorted(
        {
            path.partition("/")[0]
            for path in changed
            if "/" in path and not path.startswith(BADGES + "/")
        }
    )
    what = few(topics, 3)
    if what:
        return f"Records of {what}"
    return "Merge records" if also else "Records"


def changed_files(
    context: Context, present: dict[str, str], topics: list[str] | None = None
) -> Files:
    """Path to content of every file that is not on the branch, or is there with other content.

    ``present``: path to git blob of what is on the branch.
    """
    wanted: Files = {}
    threads = {t: context.store.view(t) for t in context.store.topics()}
    for topic in topics or list(threads):
        wanted.update(_stored(context, _events(context, topic, present)))
        wanted.update(_derived(context, threads[topic], present))
        wanted.update(_small_blobs(context, threads[topic], present))
    wanted["README.md"] = _index(list(threads.values())).encode()
    wanted.update(badge_files())
    width = len(next(iter(present.values()), "0" * 40))
    return {
        p: data
        for p, data in wanted.items()
        if present.get(p) != (blob_name(data, width) if isinstance(data, bytes) else data)
    }


def _stored(context: Context, files: Iterable[tuple[str, bytes]]) -> Files:
    """Written to git some at a time, and named: together they may be more than memory should hold."""
    stored: Files = {}
    lot, lot_bytes = dict[str, bytes](), 0
    for path, data in files:
        lot[path] = data
        lot_bytes += len(data)
        if lot_bytes > STORED_AT_ONCE_BYTES:
            stored.update(zip(lot, context.vcs.write_blobs(list(lot.values())), strict=True))
            lot, lot_bytes = {}, 0
    return {**stored, **lot}


def _events(context: Context, topic: str, present: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Our event files that the branch lacks; where it has a version that ours does not extend, ours
    goes beside it, or in its place where it is this machine's own and was contested, or mended."""
    width = len(next(iter(present.values()), "0" * 40))
    blobs = context.store.blob_names(topic, width)
    new = [name for name, blob in blobs.items() if present.get(f"{topic}/events/{name}") != blob]
    contested = {split_copy(name)[0] for name in context.store.disputed(topic)}
    for name, data in context.store.files(topic, new).items():
        path = f"{topic}/events/{name}"
        base, mark, _ = name.partition("~")
        main = present.get(f"{topic}/events/{base}.jsonl") if mark else None
        if main and context.vcs.read_blob(main).startswith(data):
            continue  # the version of the branch, kept beside ours: it is there already
        published = present.get(path)
        if published in (None, blob_name(data, width)):
            yield path, data
            continue
        theirs = context.vcs.read_blob(str(published))
        if data.startswith(theirs):
            yield path, data
            continue
        own = is_own(split_name(name)[0], context.store.writer)
        own = own and (name in contested or is_within(theirs, data))
        if own and _stands(context, topic, name):
            yield path, data
        elif not theirs.startswith(data):
            yield f"{topic}/events/{copy_name(name, theirs, data)}", data


def _stands(context: Context, topic: str, name: str) -> bool:
    """Whether our version of an event file is as it was written, so that it may be put back."""
    return not any(fault.where.startswith(f"{name}:") for fault in context.store.faults(topic))


def _derived(context: Context, thread: Thread, present: dict[str, str]) -> Files:
    """The pages; and the files of seals that the branch lacks: these never change, and are large."""
    files: Files = {
        f"{thread.topic}/logbook.md": logbook_data(context, thread),
        f"{thread.topic}/issue.md": issue_page(thread).encode(),
    }
    lacking = {
        path: digest
        for snapshot in thread.of_kind("snapshot")
        for path, digest in _bundle(thread.topic, snapshot.body).items()
        if path not in present and is_whole(context, digest)
    }
    # Unseen, as they may be larger than memory; what seals share is one content.
    places = [context.blobs.place(digest) for digest in lacking.values()]
    files.update(zip(lacking, context.vcs.write_files(places), strict=True))
    return files


def _whole(context: Context, digest: str) -> bytes | None:
    """A payload; None where it is not here, or damaged, which ``verify`` says."""
    try:
        return context.blobs.get(digest)
    except LeadlineError:
        return None


def is_whole(context: Context, digest: str) -> bool:
    try:
        context.blobs.check(digest)
    except LeadlineError:
        return False
    return True


def _bundle(topic: str, body: SnapshotBody) -> dict[str, str]:
    """Where the files of a seal lie on the branch, and their digests. A record may come from
    anybody: what its names would put elsewhere is left out."""
    folder = f"{topic}/snapshots/{snapshot_folder(body)}"
    bundle = {f"{folder}/{name}": str(d) for name, d in dict(body.get("bundle") or {}).items()}
    return {path: digest for path, digest in bundle.items() if not tree_path_problem(path)}


def _index(threads: list[Thread]) -> str:
    return render_index([entry_of(thread, labels_for(thread)) for thread in threads])


def issue_page(thread: Thread) -> str:
    """The experiment issue as a page: body and comments as last posted."""
    issue = thread.issue
    if issue.state == "none":
        return f"# Experiment: {markdown.data(thread.title)}\n\n_No issue has been opened._\n"
    facts = [f"state: {issue.state}"]
    if issue.labels:
        facts.append(f"labels: {', '.join(map(markdown.data, issue.labels))}")
    if issue.url:
        facts.append(f"at: {markdown.data(issue.url)}")
    title = markdown.data(issue.title or f"Experiment: {thread.title}")
    parts = [f"# {title}", " · ".join(facts), plain(issue.body)]
    for comment in issue.comments:
        edits = f", edited {len(comment['edits'])} times" if comment["edits"] else ""
        parts.append(
            f"---\n\n**Comment {markdown.data(comment['id'])}**, {comment['at'][:16].replace('T', ' ')}{edits}\n\n"
            f"{plain(comment['text'])}"
        )
    return "\n\n".join(p for p in parts if p) + "\n"


def _small_blobs(context: Context, thread: Thread, present: dict[str, str]) -> Files:
    new = [
        digest
        for digest in sorted(referenced_digests(thread))
        if blob_path(thread.topic, digest) not in present
        and (context.blobs.size_bytes(digest) or SMALL_BLOB_BYTES + 1) <= SMALL_BLOB_BYTES
    ]
    staying = _beyond_budget(thread) if _are_artifacts(thread, new) else set()
    return {
        blob_path(thread.topic, digest): data
        for digest in new
        if digest not in staying and (data := _whole(context, digest)) is not None
    }


def _are_artifacts(thread: Thread, digests: list[str]) -> bool:
    """Whether one of them may be an artifact of a run: then all runs are looked at."""
    if thread.kept is None:
        return bool(digests)
    naming = (record for digest in digests for record in thread.kept.naming(digest))
    return any(record.body.get("artifacts") for record in naming)


def _beyond_budget(thread: Thread) -> set[str]:
    """Small artifacts of runs that kept very many: every clone has what is on the branch, for ever."""
    travelling: set[str] = set()
    staying: set[str] = set()
    for run in thread.runs:
        left = RUN_ARTIFACT_BYTES
        for artifact in listed(run):
            if artifact.digest not in travelling and artifact.size_bytes <= SMALL_BLOB_BYTES:
                left -= artifact.size_bytes
                (travelling if left >= 0 else staying).add(artifact.digest)
    return staying - travelling


def blob_path(topic: str, digest: str) -> str:
    name = digest.removeprefix("sha256:")
    return f"{topic}/blobs/{name[:2]}/{name[2:]}"


def referenced_digests(thread: Thread) -> set[str]:
    """Every content digest that stands in a record's body (not those of record heads), but of what
    stays on its machine."""
    if thread.kept is not None:
        return thread.kept.digests()
    found: set[str] = set()

    def walk(value: Any) -> None:
        if is_digest(value):
            found.add(value)
        elif isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    for record in thread.records:
        walk(record.body)
    return found.difference(*map(staying, thread.records))


# ---- taking in what is there ---------------------------------------------------------------------


@dataclass
class Received:
    """What came from elsewhere. All zero and empty: nothing did."""

    new_files: int = 0
    longer_files: int = 0
    blobs: int = 0
    topics: list[str] = field(default_factory=list)

    @property
    def anything(self) -> bool:
        return bool(self.new_files or self.longer_files or self.blobs)

    def as_dict(self) -> dict[str, object]:
        return dict(self.__dict__) if self.anything else {}

    def add(self, more: Received) -> None:
        self.new_files += more.new_files
        self.longer_files += more.longer_files
        self.blobs += more.blobs
        self.topics = sorted({*self.topics, *more.topics})


@dataclass
class Absorbed:
    """What a tip of the record branch brought. ``disputed``: versions that have other lines in the
    place of ours; ``rewritten``: what the branch has no more, though it was seen there. ``refused``
    are paths that no Leadline wrote."""

    received: Received = field(default_factory=Received)
    diverged: list[str] = field(default_factory=list)
    disputed: list[str] = field(default_factory=list)
    rewritten: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def absorb(context: Context, tip: str, where: str, seen: str | None = None) -> Absorbed:
    """Merge the records and small blobs of one tip into the store on this machine, by union.
    ``where``: whose branch it is, in words; ``seen``: the tip that was seen at the remote before.
    Raises LeadlineError(conflict) for a tip of another branch."""
    report = Absorbed()
    present = context.vcs.read_tree_files(tip)
    refuse_another(context, tip, present, where)
    before = event_blobs(context.vcs.read_tree_files(seen)) if seen and seen != tip else {}
    report.rewritten = _rewritten(context, before, event_blobs(present))
    report.refused += context.vcs.no_files(tip)  # nobody's Leadline wrote a submodule or a link
    for path in report.refused:
        present.pop(path, None)
    width = len(next(iter(present.values()), "0" * 40))
    known = set(context.store.topics())
    events: dict[str, dict[str, str]] = {}
    for path, blob in present.items():
        topic, _, rest = path.partition("/")
        if rest.startswith("events/"):
            if TOPIC.match(topic):
                events.setdefault(topic, {})[rest.removeprefix("events/")] = blob
            else:
                report.refused.append(path)
    for topic, files in events.items():
        mine = context.store.blob_names(topic, width) if topic in known else {}
        wanted = sorted(n for n, b in files.items() if mine.get(n) != b)
        received = 0
        for at in range(0, len(wanted), MERGED_AT_ONCE):
            lot = wanted[at : at + MERGED_AT_ONCE]
            published = {n: b for n, b in before.get(topic, {}).items() if n in lot}
            contents = context.vcs.read_blobs({*(files[n] for n in lot), *published.values()})
            merged = context.store.merge(
                topic,
                {n: contents[files[n]] for n in lot},
                {n: contents[b] for n, b in published.items()},
            )
            report.received.new_files += merged.new_files
            report.received.longer_files += merged.longer_files
            report.diverged += [f"{topic}/{n}" for n in merged.diverged]
            report.disputed += [f"{topic}/{n}" for n in merged.disputed]
            report.refused += [f"{topic}/events/{n}" for n in merged.refused]
            received += merged.new_files + merged.longer_files
        if received:
            report.received.topics.append(topic)
    _absorb_blobs(context, present, report)
    return report


def _rewritten(
    context: Context, before: Mapping[str, dict[str, str]], now: Mapping[str, dict[str, str]]
) -> list[str]:
    """Event files of the branch that hold no more what they held when it was seen before, in words."""
    changed = [
        (topic, name, blob, now.get(topic, {}).get(name))
        for topic, files in before.items()
        for name, blob in files.items()
        if now.get(topic, {}).get(name) != blob
    ]
    contents = context.vcs.read_blobs({b for _, _, *blobs in changed for b in blobs if b})
    found = []
    for topic, name, old, new in changed:
        was, there = contents[old], contents[new] if new else b""
        if there.startswith(was):
            continue
        what = "has other lines than it had there"
        if not new:
            what = "is gone from there"
        elif was.startswith(there):
            gone = len(was.splitlines()) - len(there.splitlines())
            what = f"lacks {counted(gone, 'line')} that it had there"
        found.append(f"{topic}/{name} {what}")
    return found


def published_payloads(context: Context, topic: str, digests: Collection[str]) -> list[bytes]:
    """The contents of those of ``digests`` that the record branch has."""
    present = context.vcs.read_tree_files(branch_ref(context), f"{topic}/")
    wanted = {blob_path(topic, digest) for digest in digests}
    for snapshot in context.store.view(topic).of_kind("snapshot"):
        wanted |= {p for p, d in _bundle(topic, snapshot.body).items() if d in digests}
    contents = context.vcs.read_blobs({present[path] for path in wanted if path in present})
    return [data for data in contents.values() if digest_bytes(data) in digests]


def _absorb_blobs(context: Context, present: dict[str, str], report: Absorbed) -> None:
    wanted: dict[str, str] = {}
    for path, blob in present.items():
        parts = path.split("/")
        if len(parts) == 4 and parts[1] == "blobs":
            digest = f"sha256:{parts[2]}{parts[3]}"
            if len(digest) == 71 and not context.blobs.has(digest):
                wanted[path] = blob
    wanted.update(_bundle_files(context, present))
    paths = sorted(wanted)
    for at in range(0, len(paths), TAKEN_AT_ONCE):
        lot = paths[at : at + TAKEN_AT_ONCE]
        contents = context.vcs.read_blobs({wanted[path] for path in lot})
        for path in lot:
            parts, data = path.split("/"), contents[wanted[path]]
            if parts[1] == "blobs" and digest_bytes(data) != f"sha256:{parts[2]}{parts[3]}":
                report.refused.append(path)
                continue
            context.blobs.put(data)
            report.received.blobs += 1


def _bundle_files(context: Context, present: dict[str, str]) -> dict[str, str]:
    """Files of snapshots that are on the branch and not here."""
    wanted = {}
    for topic in context.store.topics():
        if not any(path.startswith(f"{topic}/snapshots/") for path in present):
            continue
        for snapshot in context.store.view(topic).of_kind("snapshot"):
            for path, digest in _bundle(topic, snapshot.body).items():
                if path in present and not context.blobs.has(digest):
                    wanted[path] = present[path]
    return wanted
