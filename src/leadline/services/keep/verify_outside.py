"""What the record points at, checked: code states, payloads, seals, the issue, and the logbook in
the tree.

Asked of git and the disk in as few calls as there are kinds of things, whatever the number of runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from itertools import pairwise

from leadline.core.canonical import digest_bytes, digest_of
from leadline.core.errors import LeadlineError
from leadline.core.evidence.found import RULES
from leadline.core.evidence.known import labels_for
from leadline.core.publish.append_only import classify, only_grew
from leadline.core.record.artifact import manifest, recorded
from leadline.core.record.checked import Outside
from leadline.core.record.contents import PAYLOAD, Content, named_in
from leadline.core.record.event import Record, line_digest
from leadline.core.record.event_files import is_own
from leadline.core.record.finding import FAULT, NOTE, Finding
from leadline.core.record.fold import created_id
from leadline.core.record.run import Run
from leadline.core.record.thread import Item, Thread
from leadline.core.timestamps import few
from leadline.core.typed import TYPE_CHECKING
from leadline.render.logbook.frame import HEADER_END, NO_ENTRY
from leadline.render.logbook.links import link_lines
from leadline.render.markdown import data
from leadline.services.artifact import artifacts as artifact
from leadline.services.artifact.raw_files import find_disputed, series_touched
from leadline.services.branch.logbook import hand_edited, logbook_path, needs_rendering
from leadline.services.branch.looked_at import looked_at, looked_at_now
from leadline.services.context import Context
from leadline.services.keep.witnesses import SEALS

if TYPE_CHECKING:
    from leadline.core.record.bodies import SnapshotBody

MISSING = "blob-missing"


def code_states(context: Context, thread: Thread) -> list[Finding]:
    by_commit: dict[str, list[str]] = {}
    for run in thread.runs:
        if run.code.get("commit"):
            by_commit.setdefault(str(run.code["commit"]), []).append(run.id)
    found = []
    for commit in sorted(context.vcs.missing_objects(by_commit)) if by_commit else []:
        runs = by_commit[commit]
        level = NOTE if _from_elsewhere(context, thread, runs) else FAULT
        found.append(
            Finding(
                thread.topic,
                level,
                "code-state-missing",
                runs[0],
                f"commit {commit[:12]}, the code of {_named(runs)}, is not in this repository",
                "leadline sync --code",
            )
        )
    return found


def _from_elsewhere(context: Context, thread: Thread, runs: list[str]) -> bool:
    """Whether all these runs were recorded on another machine, whose code states come only on
    request."""
    uids = [r.uid for r in thread.runs if r.id in runs]
    return not any(os.path.isdir(context.run_folder(uid)) for uid in uids)


def _named(ids: list[str]) -> str:
    return few(ids, 3)


def blobs(context: Context, thread: Thread) -> list[Finding]:
    """Payloads that the record keeps here: present and undamaged. Large ones may be on the machine
    that made them, and some never leave it."""
    found, seen = [], set[str]()
    for record in thread.records:
        for row, digest in named_in(record):
            if row.what != PAYLOAD or digest in seen:
                continue
            seen.add(digest)
            here = is_own(record.writer, context.store.writer)
            bad = state_of(context, digest)
            if bad and (row.travels or here or bad != MISSING):
                found.append(_bad_payload(thread, record, row, digest, bad, here))
    return found


def _bad_payload(
    thread: Thread, record: Record, row: Content, digest: str, bad: str, here: bool
) -> Finding:
    level, mend = FAULT, "leadline sync, then leadline verify --heal"
    what = f"{row.field} of a {record.kind} record, {digest[:19]}, is damaged"
    if bad == MISSING:
        what = f"{row.field} of a {record.kind} record, {digest[:19]}, is not on this machine"
        if not row.travels:
            level, mend = NOTE, f"leadline show {created_id(record)}"
            what = f"{what}, the only one that had it: comparisons do without"
        elif not (row.everywhere or here):
            level, what = NOTE, f"{what}, as large payloads may be"
    elif not row.travels:
        mend = "leadline verify --heal"
    owner = created_id(record) or str(record.body.get("run") or record.kind)
    return Finding(thread.topic, level, bad, owner, what, mend)


def raw_files(context: Context, thread: Thread, runs: Iterable[Run]) -> list[Finding]:
    """Those of ``runs`` whose files are not what their numbers were read from."""
    looked_at = list(runs)
    find_disputed(context, looked_at)
    return [
        Finding(
            *(thread.topic, FAULT, "disputed-run", run.id, run.disputed),
            f"leadline retract {run.id} --why 'its metrics are disputed'",
        )
        for run in looked_at
        if run.disputed and not run.retracted
    ]


def series(context: Context, thread: Thread, runs: Iterable[Run]) -> list[Finding]:
    """Points that were there when their run ended. The record has what was reduced from them."""
    found = []
    for run in runs:
        if run.bears_result and series_touched(context, run):
            from leadline.services.series.series import problems_of  # noqa: PLC0415  start-up: 3 ms

            for problem in problems_of(context, run):
                mend = (
                    f"leadline series {run.id}  (what its metrics were read from is in the record)"
                )
                what = problem["what"]
                found.append(Finding(thread.topic, FAULT, "series-cut", run.id, what, mend))
    return found


def artifacts(context: Context, thread: Thread) -> list[Finding]:
    """Files that runs kept. Only where a run was made is an absent content a fault: large ones stay
    there."""
    found, known = [], {}
    for run in thread.runs:
        if not run.artifact_record:
            continue
        every = artifact.artifacts_of(context, run)
        for name, digest in [(a.name, a.digest) for a in every] + [
            ("the list of artifacts", manifest(run))
        ]:
            if digest and digest not in known:
                known[digest] = state_of(context, digest)
            if (
                digest
                and (bad := known[digest])
                and (bad != MISSING or artifact.made_here(context, run))
            ):
                again = f"leadline artifact verify {run.id}"
                what = f"{name!r}, {digest[:19]}, " + (
                    "is gone" if bad == MISSING else "is damaged"
                )
                found.append(Finding(thread.topic, FAULT, bad, run.id, what, again))
        away = [a for a in every if known[a.digest] == MISSING]
        if away and not artifact.made_here(context, run):
            what = f"{len(away)} of {len(every)} artifacts are on {artifact.where_made(run)}, as large ones may be"
            found.append(Finding(thread.topic, NOTE, "artifact-elsewhere", run.id, what, ""))
    return found


def outside_is_here(context: Context, outside: Outside) -> bool:
    """Whether all code states and payloads are here, undamaged: then there is nothing to tell. What
    ``outside`` names is more than what the thread does."""
    wanted = {*outside.payloads, *outside.manifests, *outside.staying}
    for digest in outside.manifests:
        if state_of(context, digest):
            return False
        wanted.update(a.digest for a in recorded(json.loads(context.blobs.get(digest))))
    if any(state_of(context, digest) for digest in wanted):
        return False
    if any(state_of(context, digest) not in ("", MISSING) for digest in outside.elsewhere):
        return False
    return not (outside.commits and context.vcs.missing_objects(outside.commits))


def state_of(context: Context, digest: str) -> str:
    """Code of what is wrong with a payload, "" where nothing is."""
    try:
        context.blobs.check(digest)
    except LeadlineError as error:
        return error.code
    return ""


# ---- seals ---------------------------------------------------------------------------------------


def lines_of(context: Context, topic: str) -> Callable[[str, str], bool]:
    """Whether a writer's files have a line of a digest; read when it is asked for the first time."""
    lines: dict[str, set[str]] = {}

    def holds(writer: str, digest: str) -> bool:
        if not lines:
            for name, content in context.store.files(topic).items():
                digests = (line_digest(line) for line in content.splitlines())
                lines.setdefault(name.rpartition("-")[0], set()).update(digests)
        return digest in lines.get(writer, ())

    return holds


def seals(context: Context, thread: Thread, holds: Callable[[str, str], bool]) -> list[Finding]:
    """``holds``: as ``lines_of`` makes it."""
    snapshots = thread.of_kind("snapshot")
    found = _tags_without_record(context, thread, {str(s.body.get("tag")) for s in snapshots})
    for snapshot in snapshots:
        for writer, digest in dict(snapshot.body.get("heads") or {}).items():
            if not holds(str(writer).partition("~")[0], str(digest)):
                found.append(
                    Finding(
                        thread.topic,
                        FAULT,
                        "history-rewritten",
                        snapshot.id,
                        f"the record of writer "
                        f"{writer} as sealed in {snapshot.id} is not there any more: lines were changed or "
                        "removed",
                        "leadline verify --heal, else leadline sync",
                    )
                )
        found += _tag(context, thread, snapshot)
        found += _labelled_otherwise(context, thread, snapshot)
    return found


def _labelled_otherwise(
    context: Context, thread: Thread, snapshot: Item[SnapshotBody]
) -> list[Finding]:
    """A seal holds under the rules that it was made by: that other rules give a claim another label
    is worth knowing, and no fault."""
    rules = snapshot.body.get("rules", 1)
    digest = dict(snapshot.body.get("bundle") or {}).get("bundle.json", "")
    if rules >= RULES or not digest or state_of(context, digest):
        return []
    from leadline.core.publish.bundle import sealed_claims  # noqa: PLC0415  start-up: 1 ms

    known, found = labels_for(thread), []
    with open(context.blobs.place(digest), "rb") as file:
        claims = sealed_claims(file)
    if claims is None:  # as an earlier Leadline wrote it
        claims = json.loads(context.blobs.get(digest)).get("claims") or []
    for sealed in claims:
        claim = thread.items.get(str(sealed.get("id")))
        if claim is None or not claim.stands or (now := known(claim).label) == sealed.get("label"):
            continue
        what = f"{claim.id} is sealed as {sealed.get('label')} by rules {rules}"
        said = f"{what}; computed otherwise under rules {RULES}: {now}"
        mend = f"leadline show {claim.id}"
        found.append(Finding(thread.topic, NOTE, "other-rules", snapshot.id, said, mend))
    return found


def _tags_without_record(context: Context, thread: Thread, recorded: set[str]) -> list[Finding]:
    """A seal is in two places; a tag alone means that the end of the record was cut off."""
    found = []
    for tag in context.vcs.tag_names(f"leadline/{thread.topic}/"):
        info = None if tag in recorded else context.vcs.tag_info(tag)
        if info is not None and SEALS in info["message"]:
            found.append(
                Finding(
                    thread.topic,
                    FAULT,
                    "sealed-record-missing",
                    tag,
                    f"{tag} seals records that are not here: the end of an event file was cut off, or not fetched",
                    "leadline sync",
                )
            )
    return found


def _tag(context: Context, thread: Thread, snapshot: Item[SnapshotBody]) -> list[Finding]:
    tag, topic = str(snapshot.body.get("tag") or ""), thread.topic
    info = context.vcs.tag_info(tag) if tag else None
    if info is None:
        again = f"leadline seal {snapshot.body.get('name')} --thread {topic}  (or leadline sync, when it was pushed)"
        return [
            Finding(topic, FAULT, "tag-missing", snapshot.id, f"the tag {tag} is not here", again)
        ]
    if not info["annotated"]:
        return [
            Finding(
                topic,
                FAULT,
                "tag-not-annotated",
                snapshot.id,
                f"{tag} is a plain tag and seals nothing",
                f"git tag -d {tag}, then leadline sync",
            )
        ]
    found = []
    # The last one: what somebody said in the message stands before it.
    sealed = info["message"].rpartition(f"{SEALS} ")[2].partition("\n")[0]
    if digest_of(snapshot.body.get("heads") or {}) != sealed:
        found.append(
            Finding(
                topic,
                FAULT,
                "seal-broken",
                snapshot.id,
                f"{tag} seals other records than {snapshot.id} says: the record or the tag was changed",
                f"git show {tag}",
            )
        )
    if snapshot.body.get("commit") and info["commit"] != snapshot.body["commit"]:
        found.append(
            Finding(
                topic,
                FAULT,
                "tag-moved",
                snapshot.id,
                f"{tag} points at {info['commit'][:12]} and was sealed at {str(snapshot.body['commit'])[:12]}",
                f"git show {tag}",
            )
        )
    return found


# ---- links and the logbook in the tree -----------------------------------------------------------


def links(context: Context, thread: Thread) -> list[Finding]:
    """W6: the issue names the logbook, the logbook names the issue."""
    issue, topic, found = thread.issue, thread.topic, []
    if issue.state in ("none", "draft"):
        why = "has no issue yet" if issue.state == "none" else "has its issue as a draft"
        return [
            Finding(
                topic,
                NOTE,
                "issue-not-open",
                topic,
                f"the thread {why}",
                f"leadline issue open --thread {topic}",
            )
        ]
    path = str(thread.about.get("logbook") or logbook_path(context, topic))
    if path not in issue.body and "logbook.md" not in issue.body:
        found.append(
            Finding(
                topic,
                FAULT,
                "issue-names-no-logbook",
                issue.number or topic,
                f"the issue body does not name {path}",
                f"leadline issue sync --thread {topic}",
            )
        )
    if not (named := issue.url or issue.number):
        return found
    text = "\n".join(link_lines(thread))
    if named not in text and data(named) not in text:
        found.append(
            Finding(
                topic,
                FAULT,
                "logbook-names-no-issue",
                path,
                f"the logbook does not name {named}",
                f"leadline logbook --thread {topic}",
            )
        )
    return found


def logbook_in_tree(context: Context, thread: Thread, again: bool = False) -> list[Finding]:
    """The rendering in the tree: not edited by hand, and append-only over its git history, which is not
    looked at ``again`` where nothing was found in it."""
    if context.vcs.toplevel is None or not context.setting("logbook.in_tree"):
        return []
    path, found = logbook_path(context, thread.topic), []
    if hand_edited(context, thread.topic, thread):
        found.append(
            Finding(
                thread.topic,
                FAULT,
                "logbook-edited",
                path,
                "the logbook in the tree holds what no record says",
                f"leadline adopt --thread {thread.topic}",
            )
        )
    branch = thread.about.get("branch")
    head = f"refs/heads/{branch}" if branch and context.vcs.branch_exists(str(branch)) else "HEAD"
    tip = context.vcs.ref(head) if head != "HEAD" else context.vcs.head()["commit"]
    memory = f"logbook-{path.replace('%', '%25').replace('/', '%2F')}"
    if tip is None or (tip == looked_at(context, memory) and not again):
        return found
    if not (rewritten := _history(context, thread, path, tip)):
        looked_at_now(context, memory, tip)
    return found + rewritten


def is_rendering(context: Context, thread: Thread) -> bool:
    """Whether it shows without rendering that the logbook in the tree is as Leadline wrote it."""
    if context.vcs.toplevel is None or not context.setting("logbook.in_tree"):
        return True
    return not needs_rendering(context, thread.topic)


def _history(context: Context, thread: Thread, path: str, tip: str) -> list[Finding]:
    # Drawn: a long logbook has many versions, and two are looked at.
    versions, found = context.vcs.versions_of_file(path, tip), []
    adopted = {str(a.get("digest")) for a in thread.adopted}
    acknowledged = {str(a.get("acknowledged")) for a in thread.adopted}
    for (before, old), (commit, new) in pairwise(versions):
        if only_grew(old, new, HEADER_END):
            continue
        was, now = (data.decode("utf-8", "replace").replace(NO_ENTRY, "") for data in (old, new))
        change = classify(was, now, HEADER_END)
        if change.kind != "rewrite" or before in acknowledged or _adopted(old, new, adopted):
            continue
        gone = [h for h in (*change.rewritten, *change.removed) if not _renamed(thread, h)]
        if gone:
            level = FAULT
            mend = f"leadline adopt --acknowledge {commit[:12]} --thread {thread.topic}"
            if commit in acknowledged:
                level, mend = NOTE, f"git show {commit[:12]} -- {path}"
            more = " …" if len(gone) > 3 else ""
            what = f"entries were changed or removed: {'; '.join(gone[:3])}{more}"
            about = f"{commit[:12]}:{path}"
            found.append(Finding(thread.topic, level, "logbook-rewritten", about, what, mend))
    return found


def _adopted(old: bytes, new: bytes, digests: set[str]) -> bool:
    """An edit that was adopted, or its replacement by the rendering that has it as a record."""
    return digest_bytes(old) in digests or digest_bytes(new) in digests


def _renamed(thread: Thread, heading: str) -> bool:
    """An entry whose id got a letter when two machines met: its words changed with a record that
    says so."""
    return any(str(c.get("id", "")) in heading for c in thread.clashes)
