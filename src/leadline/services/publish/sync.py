"""Commit the record branch, fetch, merge by union, push: until both sides have the same, or the
reason is known.

Everything local happens first and stays, whatever the network does; what went wrong at the remote
is part of the answer, never an exception that hides what was done.
"""

from __future__ import annotations

from leadline.core.errors import LeadlineError, remote
from leadline.core.secrets.names import secret_content_reason, secret_name_reason
from leadline.core.typed import Any
from leadline.services.branch import record_branch as recordbranch
from leadline.services.branch.exchange import Sync, exchange_with, remote_for, take_in, tracking_ref
from leadline.services.context import Context
from leadline.services.issue.ask import forge_of
from leadline.services.issue.delivery import bring_up_to_date
from leadline.services.issue.outbox import waiting
from leadline.services.run.recover import recover_runs

SCAN_BYTES = 1 << 20


def sync(
    context: Context, remote: str | None = None, code: bool = False, dry_run: bool = False
) -> Sync:
    """Bring store, record branch and remote together. Never raises for the remote: see
    ``Sync.problem``."""
    done = Sync(branch=str(context.setting("record_branch")))
    if dry_run:
        return _would(context, done, remote)
    done.ended = recover_runs(context)
    ref = recordbranch.branch_ref(context)
    before = context.vcs.ref(ref)
    if before:
        take_in(context, before, done)
    done.tip = recordbranch.commit_records(context)
    done.committed = done.tip != before
    try:
        done.remote = remote_for(context, remote)
        exchange_with(context, done, ref)
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


def _issues(context: Context) -> dict[str, dict[str, Any]]:
    """Bring every issue on a forge up to date: after the records, so that two machines derive the
    same body."""
    found = {}
    for topic in context.store.topics():
        thread = context.store.thread(topic)
        opened = (
            thread.issue.state in ("open", "closed") or thread.issue.wanted.get("state") == "open"
        )
        if opened and forge_of(context, thread).outside:
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
