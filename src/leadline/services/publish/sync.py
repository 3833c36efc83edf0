"""Commit the record branch, fetch, merge by union, push: until both sides have the same, or the
reason is known.

Everything local happens first and stays, whatever the network does; what went wrong at the remote
is part of the answer, never an exception that hides what was done.
"""

from __future__ import annotations

from typing import Any

from leadline.core.errors import LeadlineError, not_found, remote
from leadline.core.ids import parse_id
from leadline.core.record.thread import Thread
from leadline.core.values import dataclass, field
from leadline.services.branch import record_branch as recordbranch
from leadline.services.context import Context

PUSH_ATTEMPTS = 5
SCAN_BYTES = 1 << 20


@dataclass
class Sync:
    """What one sync did. ``problem``: why the remote half is not done. ``left``: what to do now, in
    commands."""

    remote: str = ""
    branch: str = ""
    tip: str | None = None
    committed: bool = False
    received: dict[str, Any] = field(default_factory=dict)
    pushed: str = "not tried"  # pushed | up-to-date | not tried | failed
    tags: dict[str, str] = field(default_factory=dict)
    code: dict[str, Any] = field(default_factory=dict)
    clashes: list[dict[str, str]] = field(default_factory=list)
    diverged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    issues: dict[str, dict[str, Any]] = field(
        default_factory=dict
    )  # thread -> what became of its issue
    would: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    problem: LeadlineError | None = None

    def as_dict(self) -> dict[str, Any]:
        return {**self.__dict__, "problem": self.problem.as_dict() if self.problem else None}


def sync(
    context: Context, remote: str | None = None, code: bool = False, dry_run: bool = False
) -> Sync:
    """Bring store, record branch and remote together. Never raises for the remote: see
    ``Sync.problem``."""
    from leadline.services.run.recover import reconcile

    done = Sync(branch=str(context.setting("record_branch")))
    if dry_run:
        return _would(context, done, remote)
    done.ended = reconcile(context)
    ref = recordbranch.branch_ref(context)
    before = context.vcs.ref(ref)
    if before:
        _take_in(context, before, done)
    done.tip = recordbranch.commit_records(context)
    done.committed = done.tip != before
    try:
        done.remote = remote_for(context, remote)
        _with_remote(context, done, ref)
        if done.tip:
            _tags(context, done)
        if code:
            _code_states(context, done)
    except LeadlineError as error:
        if error.kind not in ("remote", "not_found") and error.code != "ref-moved":
            raise
        done.problem = error
        done.pushed = "failed" if done.pushed == "not tried" and done.remote else done.pushed
    done.issues = _issues(context)
    done.left = _left(done)
    return done


def exchange_records(context: Context, remote: str | None = None) -> str:
    """Bring the record branch here and at the remote together, and nothing else: what a link needs
    before it is posted. Returns its tip there. Raises LeadlineError: remote, not_found
    (``no-such-remote``), conflict."""
    done = Sync(branch=str(context.setting("record_branch")))
    ref = recordbranch.branch_ref(context)
    done.tip = recordbranch.commit_records(context)
    done.remote = remote_for(context, remote)
    _with_remote(context, done, ref)
    return done.tip or ""


def remote_for(context: Context, named: str | None) -> str:
    """The remote meant: the one named, the configured one, or the only one there is.

    Raises LeadlineError: remote (``no-remote``), not_found (``no-such-remote``).
    """
    remotes = context.vcs.remotes()
    if not remotes:
        raise remote(
            "no-remote",
            "this repository has no remote",
            why="the records are complete on this machine; a remote takes them to others",
            do=["git remote add origin URL", "leadline sync"],
        )
    wanted = named or str(context.setting("remote"))
    if wanted in remotes:
        return wanted
    if named is None and len(remotes) == 1:
        return remotes[0]
    raise not_found(
        "no-such-remote",
        f"there is no remote called {wanted}",
        why=f"remotes: {', '.join(remotes)}",
        do=f"leadline sync --remote {remotes[0]}",
    )


def tracking_ref(remote: str) -> str:
    """Where the remote's record branch is kept here as last seen."""
    return f"refs/leadline/remotes/{remote}/records"


def _with_remote(context: Context, done: Sync, ref: str) -> None:
    for _ in range(PUSH_ATTEMPTS):
        theirs = context.vcs.fetch_ref(done.remote, ref, tracking_ref(done.remote))
        if theirs:
            _take_in(context, theirs, done)
            _join(context, done, ref, theirs)
        if done.tip is None:  # nothing here, nothing there
            done.pushed = "up-to-date"
            return
        if done.tip == theirs:
            done.pushed = "pushed" if done.pushed == "pushed" else "up-to-date"
            return
        result = context.vcs.push(done.remote, {ref: ref}).get(
            ref, {"status": "rejected", "reason": "no answer"}
        )
        if result["status"] in ("ok", "up-to-date"):
            done.pushed = "pushed"
            context.vcs.move_ref(tracking_ref(done.remote), done.tip, theirs)
            return
        if result["status"] != "non-fast-forward":
            raise remote(
                "push-rejected",
                f"{done.remote} did not take {done.branch}",
                why=result["reason"],
                do=[f"git push {done.remote} {done.branch}", "leadline sync"],
            )
    raise remote(
        "push-contended",
        f"{done.remote} moved on {PUSH_ATTEMPTS} times in a row",
        why="others are pushing records at this moment; everything here is committed",
        do="leadline sync",
    )


def _take_in(context: Context, tip: str, done: Sync) -> None:
    brought = recordbranch.absorb(context, tip)
    if brought.anything:
        for name, count in (
            ("new_files", brought.new_files),
            ("longer_files", brought.longer_files),
            ("blobs", brought.blobs),
        ):
            done.received[name] = done.received.get(name, 0) + count
        done.received["topics"] = sorted({*done.received.get("topics", []), *brought.topics})
    done.diverged = sorted({*done.diverged, *brought.diverged})
    done.refused = sorted({*done.refused, *brought.refused})
    for topic in brought.topics:
        done.clashes += record_clashes(context, topic)


def _join(context: Context, done: Sync, ref: str, theirs: str) -> None:
    """Make the local tip hold the remote one: by going forward where that is possible, else by a
    merge."""
    ours = context.vcs.ref(ref)
    if ours == theirs or (ours and context.vcs.is_ancestor(theirs, ours)):
        done.tip = recordbranch.commit_records(context)
    elif ours is None or context.vcs.is_ancestor(ours, theirs):
        context.vcs.move_ref(ref, theirs, ours)
        done.tip = recordbranch.commit_records(context) or theirs
    else:
        done.tip = recordbranch.commit_records(context, also=theirs) or ours
    done.committed = done.committed or done.tip not in (ours, theirs)


def record_clashes(context: Context, topic: str) -> list[dict[str, str]]:
    """An ``id-clash`` record for every id that two machines gave while apart and that no record
    mentions yet."""
    new = _unrecorded(context.store.thread(topic))
    if new:
        with context.store.transaction(topic) as writing:
            new = _unrecorded(context.store.thread(topic))
            for clash in new:
                writing.add(
                    "id-clash",
                    {
                        **clash,
                        "refs": {clash["id"]: clash["uid"]},
                        "what": f"two machines gave the id {clash['id']} while apart; the later one "
                        f"is shown as {clash['shown']}",
                    },
                )
    return [{**clash, "topic": topic} for clash in new]


def _unrecorded(thread: Thread) -> list[dict[str, str]]:
    known = {str(c.get("uid")) if "uid" not in c.get("refs", {}) else "" for c in thread.clashes}
    known |= {str(v) for c in thread.clashes for v in dict(c.get("refs") or {}).values()}
    found = []
    for (kind, uid), shown in sorted(thread.uids.items(), key=lambda entry: entry[1]):
        parsed = parse_id(shown)
        if parsed is None or not parsed.suffix or uid in known:
            continue
        base = shown[: -len(parsed.suffix)]
        if kind == "run":  # the experiment's letter says it
            continue
        found.append({"kind": kind, "id": base, "shown": shown, "uid": uid})
    return found


def _issues(context: Context) -> dict[str, dict[str, Any]]:
    """Bring every issue on a forge up to date: after the records, so that two machines derive the
    same body."""
    from leadline.services.issue.ask import forge_name
    from leadline.services.issue.delivery import bring_up_to_date

    found = {}
    for topic in context.store.topics():
        thread = context.store.thread(topic)
        opened = (
            thread.issue.state in ("open", "closed") or thread.issue.wanted.get("state") == "open"
        )
        if opened and forge_name(context, thread) != "local":
            found[topic] = bring_up_to_date(context, topic, asked_for=True)
    return found


# ---- tags and code states ------------------------------------------------------------------------


def _tags(context: Context, done: Sync) -> None:
    """Push the snapshots' tags, and fetch those of snapshots that came from elsewhere."""
    here: dict[str, str] = {}
    for topic in context.store.topics():
        for snapshot in context.store.thread(topic).of_kind("snapshot"):
            tag = str(snapshot.body.get("tag") or "")
            if not tag:
                continue
            ref = f"refs/tags/{tag}"
            if context.vcs.tag_exists(tag):
                here[ref] = tag
            else:
                done.tags[tag] = (
                    "fetched" if context.vcs.fetch_ref(done.remote, ref, ref) else "missing"
                )
    unsent = {ref: ref for ref in here if not _known_there(context, done.remote, ref)}
    for ref, result in context.vcs.push(done.remote, unsent).items():
        done.tags[here[ref]] = {"ok": "pushed", "up-to-date": "up-to-date"}.get(
            result["status"], f"failed: {result['reason']}"
        )
        if result["status"] in ("ok", "up-to-date"):
            _remember_there(context, done.remote, ref)
    failed = [
        f"{tag} ({what.removeprefix('failed: ')})"
        for tag, what in done.tags.items()
        if what.startswith("failed")
    ]
    if failed:
        raise remote(
            "tag-rejected",
            f"{done.remote} did not take the tag {failed[0]}",
            why="a tag of that name with another content may be there already",
            do=f"git ls-remote --tags {done.remote}",
        )


def _sent_ref(remote: str, ref: str) -> str:
    return f"refs/leadline/remotes/{remote}/{ref.removeprefix('refs/')}"


def _known_there(context: Context, remote: str, ref: str) -> bool:
    return context.vcs.ref(_sent_ref(remote, ref)) == context.vcs.ref(ref)


def _remember_there(context: Context, remote: str, ref: str) -> None:
    new, old = context.vcs.ref(ref), context.vcs.ref(_sent_ref(remote, ref))
    if new and new != old:
        context.vcs.move_ref(_sent_ref(remote, ref), new, old)


def _code_states(context: Context, done: Sync) -> None:
    """Push the code states of recorded runs after a scan for secrets, and fetch those that are
    missing here."""
    refs: dict[str, dict[str, Any]] = {}
    report: dict[str, Any] = {
        "pushed": [],
        "fetched": [],
        "missing": [],
        "withheld": [],
        "gaps": [],
    }
    for topic in context.store.topics():
        for run in context.store.thread(topic).runs:
            if run.code.get("ref") and run.code.get("commit"):
                ref = str(run.code["ref"])
                refs.setdefault(ref, run.code)
                gaps = [
                    {"ref": ref, **gap}
                    for gap in run.code.get("gaps") or []
                    if isinstance(gap, dict)
                ]
                report["gaps"] += [gap for gap in gaps if gap not in report["gaps"]]
    lacking = context.vcs.missing_objects(str(c["commit"]) for c in refs.values())
    send = {}
    for ref, code in sorted(refs.items()):
        if str(code["commit"]) in lacking or context.vcs.ref(ref) is None:
            report["fetched" if context.vcs.fetch_ref(done.remote, ref, ref) else "missing"].append(
                ref
            )
            continue
        findings = [] if _known_there(context, done.remote, ref) else scan(context, code)
        if findings:
            report["withheld"].append({"ref": ref, "secrets": findings})
        elif context.vcs.ref(ref) and not _known_there(context, done.remote, ref):
            send[str(code["commit"])] = (
                ref  # the commit that was scanned, wherever the ref points by now
            )
    for ref, result in context.vcs.push(done.remote, send).items():
        if result["status"] in ("ok", "up-to-date"):
            report["pushed"].append(ref)
            _remember_there(context, done.remote, ref)
        else:
            report["withheld"].append({"ref": ref, "secrets": [], "reason": result["reason"]})
    done.code = report


def scan(context: Context, code: dict[str, Any]) -> list[str]:
    """Files of a code state, other than those that HEAD already had, that look like secrets:
    ``path: reason``."""
    from leadline.core.secrets.names import secret_content_reason, secret_name_reason

    present = context.vcs.read_tree_files(str(code["commit"]))
    head = context.vcs.read_tree_files(str(code["head"])) if code.get("head") else {}
    new = {path: blob for path, blob in present.items() if head.get(path) != blob}
    contents = context.vcs.read_blobs(set(new.values())) if new else {}
    found = []
    for path, blob in sorted(new.items()):
        reason = secret_name_reason(path) or secret_content_reason(contents[blob][:SCAN_BYTES])
        if reason:
            found.append(f"{path}: {reason}")
    return found


# ---- words ---------------------------------------------------------------------------------------


def _would(context: Context, done: Sync, named: str | None) -> Sync:
    """What a sync would do, without writing anything or asking anybody."""
    ref = recordbranch.branch_ref(context)
    done.tip = context.vcs.ref(ref)
    if context.store.topics():
        changed = recordbranch.changed_files(context, context.vcs.read_tree_files(ref))
        if changed:
            done.would.append(
                f"commit {len(changed)} files on {done.branch}: {', '.join(sorted(changed)[:4])}"
                f"{' …' if len(changed) > 4 else ''}"
            )
    try:
        done.remote = remote_for(context, named)
    except LeadlineError as error:
        done.problem = error
        return done
    seen = context.vcs.ref(tracking_ref(done.remote))
    done.would.append(
        f"fetch {done.branch} from {done.remote}"
        + (" (seen there before)" if seen else " (never seen there)")
    )
    if done.would[:-1] or seen != done.tip:
        done.would.append(f"push {done.branch} to {done.remote}")
    tags = [
        str(s.body.get("tag"))
        for t in context.store.topics()
        for s in context.store.thread(t).of_kind("snapshot")
    ]
    unsent = [
        t
        for t in tags
        if context.vcs.tag_exists(t) and not _known_there(context, done.remote, f"refs/tags/{t}")
    ]
    for topic in context.store.topics():
        from leadline.services.issue.delivery import waiting

        waits = waiting(context, context.store.thread(topic))
        done.would += [f"{what} ({topic})" for what in waits]
    if unsent:
        done.would.append(f"push tags: {', '.join(unsent[:4])}{' …' if len(unsent) > 4 else ''}")
    return done


def _left(done: Sync) -> list[str]:
    left = list(done.problem.next) if done.problem else []
    left += [
        step
        for issue in done.issues.values()
        if issue["why"]
        for step in issue["why"]["next"]
        if step not in left
    ]
    if done.diverged:
        left.append("leadline verify --explain")
    if any(state == "missing" for state in done.tags.values()):
        left.append("leadline verify")
    return left
