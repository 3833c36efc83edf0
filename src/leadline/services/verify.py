"""Does the record hold? Chains, seals, digests, ids, numbers, links, code states, and the logbook in the tree.

Every finding is one line with the command that mends it. A *fault* is something that is not as it was written or that
the record promises and does not have; a *note* is worth knowing and mends itself or is not ours to mend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from leadline.core.canonical import digest_of
from leadline.core.errors import LeadlineError
from leadline.core.fold import created_id
from leadline.core.ids import parse_id
from leadline.core.record import line_digest
from leadline.core.run import TERMINAL_STATES
from leadline.core.thread import Item, Thread
from leadline.core.values import dataclass
from leadline.services.context import Context

FAULT, NOTE = "fault", "note"


@dataclass(slots=True)
class Finding:
    thread: str
    severity: str
    code: str
    where: str
    what: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"thread": self.thread, "severity": self.severity, "code": self.code, "where": self.where,
                "what": self.what, "mend": self.mend}


def verify(context: Context, topics: list[str]) -> tuple[list[Finding], int]:
    """Everything found in ``topics``, faults first, and how many records there are. Reads only."""
    found: list[Finding] = []
    records = 0
    for topic in topics:
        thread, faults = context.store.examine(topic)
        records += thread.record_count
        found += [Finding(topic, FAULT, f.code, f.where, f.what, f.mend) for f in faults]
        for check in _CHECKS:
            found += check(context, thread)
    return sorted(found, key=lambda f: f.severity != FAULT), records


# ---- the record itself ----------------------------------------------------------------------------------------------


def _bodies(context: Context, thread: Thread) -> list[Finding]:
    found = [Finding(thread.topic, FAULT, "malformed-record", m["uid"], f"this {m['kind']} record cannot be understood: "
                     f"{m['what']}", "leadline sync") for m in thread.malformed]
    found += [Finding(thread.topic, NOTE, "unknown-kind", kind, f"{count} records of a kind this Leadline does not know",
                      "use the newer Leadline that wrote them") for kind, count in thread.unknown_kinds.items()]
    return found


def _ids(context: Context, thread: Thread) -> list[Finding]:
    """Numbers of each kind run from 1 without a gap; an id given twice carries a letter and a record says so."""
    found, numbers = [], dict[tuple[str, str], set[int]]()
    owners: dict[tuple[str, str], set[str]] = {}
    for record in thread.records:
        parsed = parse_id(created_id(record))
        if parsed is None:
            continue
        within = str(record.body.get("experiment_uid") or record.id) if parsed.kind == "run" else ""
        if parsed.kind == "run":
            numbers.setdefault(("experiment", ""), set()).add(parsed.number)
            numbers.setdefault(("run", within), set()).add(parsed.repeat)
            owners.setdefault(("experiment", f"{parsed.prefix}-{parsed.number:03d}"), set()).add(within)
        else:
            numbers.setdefault((parsed.kind, ""), set()).add(parsed.number)
            owners.setdefault((parsed.kind, created_id(record)), set()).add(record.id)
    for (kind, within), seen in numbers.items():
        gaps = sorted(set(range(1, max(seen) + 1)) - seen)
        if gaps:
            of = f" of {thread.uids.get(('experiment', within), within)}" if within else ""
            shown = ", ".join(map(str, gaps[:5])) + (" …" if len(gaps) > 5 else "")
            found.append(Finding(thread.topic, FAULT, "id-gap", kind, f"{kind}{of}: no record has number {shown}; "
                                 "records are missing", "leadline sync"))
    said = {str(u) for c in thread.clashes for u in (c.get("uid"), *dict(c.get("refs") or {}).values())}
    for (kind, shown), uids in owners.items():
        if len(uids) > 1 and not any(u in said for u in sorted(uids)[1:]):
            found.append(Finding(thread.topic, FAULT, "id-clash", shown, f"{len(uids)} {kind} records have this id and "
                                 "no record says which is which", "leadline sync"))
    return found


def _open_runs(context: Context, thread: Thread) -> list[Finding]:
    watched = {uid for _, uid in context.open_runs.listed()}
    found = []
    for run in thread.runs:
        if run.state in TERMINAL_STATES:
            continue
        here = run.uid in watched
        what = "has not ended" if here else "has not ended, and nothing on this machine watches it"
        found.append(Finding(thread.topic, NOTE, "open-run", run.id, what,
                             "leadline status" if here else "leadline sync  (from the machine that started it)"))
    return found


def _numbers(context: Context, thread: Thread) -> list[Finding]:
    """Every cited number, computed again from the runs as they are now."""
    from leadline.core.citation import recompute

    found = []
    for item in thread.items.values():
        if not item.stands or not item.body.get("bound"):
            continue
        for expression, stored, now in recompute(item, thread):
            if now is None:
                what = f"{{{{{expression}}}}} was {stored:g} and no longer holds"
            else:
                what = f"{{{{{expression}}}}} was {stored:g} when it was written and is {now:g} now"
            frozen = item.kind in ("update", "snapshot")
            found.append(Finding(thread.topic, NOTE if frozen or now is not None else FAULT, "number-changed", item.id,
                                 what, f"leadline show {item.id}" if frozen else
                                 f"leadline supersede {item.id} --by NEW, or leadline retract {item.id} --why '…'"))
    return found


# ---- what the record points at --------------------------------------------------------------------------------------


def _code_states(context: Context, thread: Thread) -> list[Finding]:
    by_commit: dict[str, list[str]] = {}
    for run in thread.runs:
        if run.code.get("commit"):
            by_commit.setdefault(str(run.code["commit"]), []).append(run.id)
    found = []
    for commit in sorted(context.vcs.missing_objects(by_commit)) if by_commit else []:
        runs = by_commit[commit]
        found.append(Finding(thread.topic, NOTE if _from_elsewhere(context, thread, runs) else FAULT,
                             "code-state-missing", runs[0], f"commit {commit[:12]}, the code of {_named(runs)}, is not in "
                             "this repository", "leadline sync --code"))
    return found


def _from_elsewhere(context: Context, thread: Thread, runs: list[str]) -> bool:
    """Whether all these runs were recorded on another machine, whose code states come only on request."""
    import os

    uids = [r.uid for r in thread.runs if r.id in runs]
    return not any(os.path.isdir(context.run_folder(uid)) for uid in uids)


def _named(ids: list[str]) -> str:
    return ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")


def _blobs(context: Context, thread: Thread) -> list[Finding]:
    """Payloads that the record keeps here: present and undamaged. Large ones may be on the machine that made them."""
    found = []
    for owner, digest, needed in _payloads(thread):
        if not context.blobs.has(digest):
            found.append(Finding(thread.topic, FAULT if needed else NOTE, "blob-missing", owner, f"{digest[:19]} is not "
                                 "on this machine" + ("" if needed else ", as large payloads may be"), "leadline sync"))
            continue
        try:
            context.blobs.get(digest)
        except LeadlineError as error:
            found.append(Finding(thread.topic, FAULT, error.code, owner, error.what, "leadline sync  (after removing the "
                                 "damaged file: the record branch may have it)"))
    return found


def _payloads(thread: Thread) -> Iterable[tuple[str, str, bool]]:
    """(owner, digest, must be here) of every payload that was put into the blob store."""
    seen = set()
    for snapshot in thread.of_kind("snapshot"):
        for digest in dict(snapshot.body.get("bundle") or {}).values():
            yield snapshot.id, str(digest), True
    for adopted in thread.adopted:
        if adopted.get("file"):
            yield "adopted " + str(adopted.get("heading", "")), str(adopted["file"]), True
    for run in thread.runs:
        digest = str(run.software.get("packages_blob") or "")
        if digest and digest not in seen:
            seen.add(digest)
            yield run.id, digest, False


# ---- seals ----------------------------------------------------------------------------------------------------------


def _seals(context: Context, thread: Thread) -> list[Finding]:
    snapshots = thread.of_kind("snapshot")
    found = _tags_without_record(context, thread, {str(s.body.get("tag")) for s in snapshots})
    if not snapshots:
        return found
    lines: dict[str, set[str]] = {}
    for name, data in context.store.files(thread.topic).items():
        writer = name.rpartition("-")[0]
        lines.setdefault(writer, set()).update(line_digest(line) for line in data.splitlines())
    for snapshot in snapshots:
        for writer, digest in dict(snapshot.body.get("heads") or {}).items():
            if digest not in lines.get(str(writer).partition("~")[0], set()):
                found.append(Finding(thread.topic, FAULT, "history-rewritten", snapshot.id, f"the record of writer "
                                     f"{writer} as sealed in {snapshot.id} is not there any more: lines were changed or "
                                     "removed", "leadline verify --heal, else leadline sync"))
        found += _tag(context, thread, snapshot)
    return found


def _tags_without_record(context: Context, thread: Thread, recorded: set[str]) -> list[Finding]:
    """A seal is in two places; a tag alone means that the end of the record was cut off."""
    found = []
    for tag in context.vcs.tag_names(f"leadline/{thread.topic}/"):
        info = None if tag in recorded else context.vcs.tag_info(tag)
        if info is not None and "Leadline-Heads:" in info["message"]:
            found.append(Finding(thread.topic, FAULT, "sealed-record-missing", tag, f"{tag} seals records that are not "
                                 "here: the end of an event file was cut off, or not fetched", "leadline sync"))
    return found


def _tag(context: Context, thread: Thread, snapshot: Item) -> list[Finding]:
    tag, topic = str(snapshot.body.get("tag") or ""), thread.topic
    info = context.vcs.tag_info(tag) if tag else None
    if info is None:
        again = f"leadline seal {snapshot.body.get('name')} --thread {topic}  (or leadline sync, when it was pushed)"
        return [Finding(topic, FAULT, "tag-missing", snapshot.id, f"the tag {tag} is not here", again)]
    if not info["annotated"]:
        return [Finding(topic, FAULT, "tag-not-annotated", snapshot.id, f"{tag} is a plain tag and seals nothing",
                        f"git tag -d {tag}, then leadline sync")]
    found = []
    digest = digest_of(snapshot.body.get("heads") or {})
    if digest not in info["message"]:
        found.append(Finding(topic, FAULT, "seal-broken", snapshot.id, f"{tag} seals other records than {snapshot.id} "
                             "says: the record or the tag was changed", f"git show {tag}"))
    if snapshot.body.get("commit") and info["commit"] != snapshot.body["commit"]:
        found.append(Finding(topic, FAULT, "tag-moved", snapshot.id, f"{tag} points at {info['commit'][:12]} and was "
                             f"sealed at {str(snapshot.body['commit'])[:12]}", f"git show {tag}"))
    return found


# ---- links and the logbook in the tree ------------------------------------------------------------------------------


def _links(context: Context, thread: Thread) -> list[Finding]:
    """W6: the issue names the logbook, the logbook names the issue."""
    from leadline.render.header import link_lines
    from leadline.render.markdown import data
    from leadline.services.milestone import logbook_path

    issue, topic, found = thread.issue, thread.topic, []
    if issue.state in ("none", "draft"):
        why = "has no issue yet" if issue.state == "none" else "has its issue as a draft"
        return [Finding(topic, NOTE, "issue-not-open", topic, f"the thread {why}", f"leadline issue open --thread {topic}")]
    path = str(thread.about.get("logbook") or logbook_path(context, topic))
    if path not in issue.body and "logbook.md" not in issue.body:
        found.append(Finding(topic, FAULT, "issue-names-no-logbook", issue.number or topic, f"the issue body does not name "
                             f"{path}", f"leadline issue update --thread {topic}"))
    named = issue.url or issue.number
    text = "\n".join(link_lines(thread))
    if named and named not in text and data(named) not in text:
        found.append(Finding(topic, FAULT, "logbook-names-no-issue", path, f"the logbook does not name {named}",
                             f"leadline logbook --thread {topic}"))
    return found


def _logbook(context: Context, thread: Thread) -> list[Finding]:
    """The rendering in the tree: not edited by hand, and append-only over its git history."""
    from leadline.services.milestone import hand_edited, logbook_path

    if context.vcs.toplevel is None or not context.setting("logbook.in_tree"):
        return []
    path, found = logbook_path(context, thread.topic), []
    if hand_edited(context, thread.topic, thread):
        found.append(Finding(thread.topic, FAULT, "logbook-edited", path, "the logbook in the tree holds what no record "
                             "says", f"leadline adopt --thread {thread.topic}"))
    branch = thread.about.get("branch")
    head = f"refs/heads/{branch}" if branch and context.vcs.branch_exists(str(branch)) else "HEAD"
    return found + _history(context, thread, path, head)


def _history(context: Context, thread: Thread, path: str, ref: str) -> list[Finding]:
    from leadline.core.appendonly import classify
    from leadline.render.logbook import HEADER_END, NO_ENTRY

    versions = [(c, data, data.decode("utf-8", "replace").replace(NO_ENTRY, ""))
                for c, data in context.vcs.versions_of_file(path, ref)]
    found = []
    adopted = {str(a.get("digest")) for a in thread.adopted}
    acknowledged = {str(a.get("acknowledged")) for a in thread.adopted}
    for (before, old, old_text), (commit, new, new_text) in zip(versions, versions[1:], strict=False):
        change = classify(old_text, new_text, HEADER_END)
        if change.kind != "rewrite" or before in acknowledged or _adopted(old, new, adopted):
            continue
        gone = [h for h in (*change.rewritten, *change.removed) if not _renamed(thread, h)]
        if gone:
            known = commit in acknowledged
            found.append(Finding(thread.topic, NOTE if known else FAULT, "logbook-rewritten", f"{commit[:12]}:{path}",
                                 f"entries were changed or removed: {'; '.join(gone[:3])}{' …' if len(gone) > 3 else ''}",
                                 f"git show {commit[:12]} -- {path}" if known else
                                 f"leadline adopt --acknowledge {commit[:12]} --thread {thread.topic}"))
    return found


def _adopted(old: bytes, new: bytes, digests: set[str]) -> bool:
    """An edit that was adopted, or its replacement by the rendering that has it as a record."""
    from leadline.core.canonical import digest_bytes

    return digest_bytes(old) in digests or digest_bytes(new) in digests


def _renamed(thread: Thread, heading: str) -> bool:
    """An entry whose id got a letter when two machines met: its words changed with a record that says so."""
    return any(str(c.get("id", "")) in heading for c in thread.clashes)


_CHECKS: tuple[Callable[[Context, Thread], list[Finding]], ...] = (
    _bodies, _ids, _seals, _code_states, _blobs, _numbers, _links, _logbook, _open_runs,
)


# ---- mending --------------------------------------------------------------------------------------------------------


def heal(context: Context, topics: list[str]) -> list[dict[str, Any]]:
    """Acknowledge torn lines and diverged files by a record, and put back files that were changed from the copy on the
    record branch (kept aside, never deleted). Returns what was done."""
    done: list[dict[str, Any]] = []
    for topic in topics:
        done += _put_back(context, topic)
        acknowledged = context.store.heal(topic)
        if acknowledged:
            done.append({"thread": topic, "what": f"acknowledged {len(acknowledged)} torn lines or second versions"})
    return done


def _put_back(context: Context, topic: str) -> list[dict[str, Any]]:
    """Event files whose chain is broken and whose published beginning joins with our end into a whole chain."""
    from leadline.core.record import check_chain
    from leadline.services.recordbranch import branch_ref

    broken = {f.where.rpartition(":")[0] for f in context.store.faults(topic) if f.code == "broken-chain"}
    sealed = _sealed_files(context, topic)
    done: list[dict[str, Any]] = []
    published = context.vcs.read_tree_files(branch_ref(context), f"{topic}/events/")
    for name in sorted(broken | sealed):
        blob = published.get(f"{topic}/events/{name}")
        if blob is None:
            continue
        theirs, ours = context.vcs.read_blob(blob).splitlines(keepends=True), \
            context.store.files(topic).get(name, b"").splitlines(keepends=True)
        whole = theirs + ours[len(theirs):]
        before = [(f"{n}:{i}", line) for n, data in sorted(context.store.files(topic).items()) if n < name
                  and n.rpartition("-")[0] == name.rpartition("-")[0] for i, line in enumerate(data.splitlines(True))]
        if whole == ours or check_chain([*before, *((f"{name}:{i}", line) for i, line in enumerate(whole))])[1]:
            continue
        aside = context.store.replace_damaged(topic, name, b"".join(whole))
        done.append({"thread": topic, "what": f"put back {name} from the record branch", "aside": aside})
    return done


def _sealed_files(context: Context, topic: str) -> set[str]:
    """Files of writers whose sealed head is not there any more."""
    thread = context.store.examine(topic)[0]
    names = context.store.files(topic)
    writers = {f.what.split("writer ")[1].split(" ")[0] for f in _seals(context, thread)
               if f.code == "history-rewritten"}
    return {n for n in names if n.rpartition("-")[0] in writers}


def explain(context: Context, topics: list[str]) -> list[str]:
    """For every diverged or broken file, the lines in question, cut."""
    out = []
    for topic in topics:
        files = context.store.files(topic)
        for name in files:
            if "~" not in name:
                continue
            base = name.partition("~")[0] + ".jsonl"
            ours, theirs = files.get(base, b"").splitlines(), files[name].splitlines()
            at = next((i for i, line in enumerate(theirs) if i >= len(ours) or line != ours[i]), len(theirs))
            for which, lines in ((base, ours), (name, theirs)):
                shown = lines[at].decode("utf-8", "replace")[:300] if at < len(lines) else "(ends here)"
                out.append(f"{topic}: {which} line {at + 1}: {shown}")
    return out
