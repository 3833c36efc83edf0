"""Commit the record branch, fetch, merge by union, push: until both sides have the same, or the
reason is known.

Everything local happens first and stays, whatever the network does; what went wrong at the remote
is part of the answer, never an exception that hides what was done.
"""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.errors import LeadlineError, remote
from leadline.core.ref_name import (
    CODE_STATES,
    is_code_ref,
    is_object_name,
    ref_problem,
    sent_ref,
    tag_name,
)
from leadline.core.secrets.content import Found
from leadline.core.secrets.names import secret_name_reason
from leadline.core.typed import TypedDict
from leadline.core.values import dataclass, field
from leadline.services.branch import record_branch as recordbranch
from leadline.services.branch.exchange import Exchange, exchange_with, remember, remote_for, take_in
from leadline.services.branch.signatures import sign_heads, sign_tags
from leadline.services.branch.tips import branch_ref, tracking_ref
from leadline.services.branch.unsent_secrets import HELD
from leadline.services.branch.whose_branch import ANOTHER
from leadline.services.context import Context
from leadline.services.issue.delivery import Delivery
from leadline.services.issue.outbox import waiting
from leadline.services.publish.follow import follow_everywhere
from leadline.services.run.recover import recover_runs

NAMES_SHOWN = 4
PROBLEMS = ("ref-moved", "git-lock", ANOTHER, HELD)  # that leave all of the local half done
TAG_ATTEMPTS = 4
CodeState = Mapping[str, object]


@dataclass
class Sync:
    """What one sync did, as it goes on. ``problem``: why the remote half is not done; ``left``: what
    to do now, in commands; ``would``: instead of doing it."""

    records: Exchange
    tags: dict[str, str] = field(default_factory=dict)  # tag -> what became of it
    code: CodeStates | None = None
    code_behind: int = 0  # code states that the remote lacks and that were not to be sent
    ended: list[str] = field(default_factory=list)
    issues: dict[str, Delivery] = field(default_factory=dict)  # by topic
    would: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    problem: LeadlineError | None = None

    def as_dict(self) -> dict[str, object]:
        records = self.records
        code = self.code.as_dict() if self.code else {}
        return {
            "remote": records.remote,
            "branch": records.branch,
            "tip": records.tip,
            "committed": records.committed,
            "received": records.received.as_dict(),
            "pushed": records.pushed,
            "tags": self.tags,
            "code": code,
            "code_behind": self.code_behind,
            "clashes": records.clashes,
            "diverged": records.diverged,
            "disputed": records.disputed,
            "rewritten": records.rewritten,
            "refused": records.refused,
            "ended": self.ended,
            "issues": {topic: issue.as_dict() for topic, issue in self.issues.items()},
            "would": self.would,
            "left": self.left,
            "problem": self.problem.as_dict() if self.problem else None,
        }


class Withheld(TypedDict):
    ref: str
    secrets: list[str]


class Rejected(Withheld):
    """Withheld by the remote."""

    reason: str


@dataclass
class CodeStates:
    """What became of the code states of all runs. ``gaps``: files that are in none; ``refused``:
    names in records that are no place of a code state."""

    pushed: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    gaps: list[dict[str, object]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return dict(self.__dict__)


def sync(
    context: Context, remote: str | None = None, code: bool = False, dry_run: bool = False
) -> Sync:
    """Bring store, record branch and remote together. Never raises for the remote: see
    ``Sync.problem``."""
    records = Exchange(str(context.setting("record_branch")))
    done = Sync(records)
    if dry_run:
        return _would(context, done, remote)
    # What is here: runs whose end nobody saw, records that a plain `git fetch` brought.
    done.ended = recover_runs(context, unmarked=True, ask=True)
    ref = branch_ref(context)
    before = context.vcs.ref(ref)
    if before:
        take_in(context, before, records, f"the branch {records.branch}")
    context.vcs.sign_again()
    sign_heads(context, context.store.topics())
    sign_tags(context, context.store.topics())
    records.tip = recordbranch.commit_records(context)
    records.committed = records.tip != before
    # The remote: what goes wrong there leaves all of the above done.
    try:
        records.remote = remote_for(context, remote)
        exchange_with(context, records, ref)
        if records.tip:
            _tags(context, done)
        if code or context.setting("code.sync"):
            done.code = _code_states(context, records.remote)
        else:
            done.code_behind = len(code_behind(context, records.remote))
    except LeadlineError as error:
        if error.kind not in ("remote", "not_found") and error.code not in PROBLEMS:
            raise
        done.problem = error
        if records.pushed == "not tried" and records.remote:
            records.pushed = "failed"
    # Issues after the records, so that two machines derive the same body.
    done.issues = follow_everywhere(context)
    done.left = _left(done)
    return done


# ---- tags and code states ------------------------------------------------------------------------


def _tags(context: Context, done: Sync) -> None:
    """Push the snapshots' tags, and fetch those of snapshots that came from elsewhere."""
    name = done.records.remote
    here: dict[str, str] = {}
    for topic in context.store.topics():
        for snapshot in context.store.view(topic).of_kind("snapshot"):
            tag = str(snapshot.body.get("tag") or "")
            if not tag:
                continue
            # A record may come from anybody: it names no tag but the one of its own seal.
            if tag != tag_name(topic, str(snapshot.body.get("name"))) or ref_problem(tag):
                done.records.refused.append(f"the tag {tag!r} of {snapshot.id}")
                continue
            ref = f"refs/tags/{tag}"
            if context.vcs.tag_exists(tag):
                here[ref] = tag
            else:
                done.tags[tag] = "fetched" if context.vcs.fetch_ref(name, ref, ref) else "missing"
    unsent = {ref: ref for ref in here if not _known_there(context, name, ref)}
    results = context.vcs.push(name, unsent)
    for attempt in range(1, TAG_ATTEMPTS):
        again = {ref: ref for ref, r in results.items() if r["status"] == "non-fast-forward"}
        if not again:
            break
        context.pause(0.1 * attempt)  # another push of the same tag is under way
        results.update(context.vcs.push(name, again))
    for ref, result in results.items():
        taken = {"ok": "pushed", "up-to-date": "up-to-date"}.get(result["status"])
        if taken:
            _remember_there(context, name, ref)
        elif _same_seal_there(context, name, ref):
            taken = "up-to-date"
            context.vcs.fetch_ref(name, ref, ref)  # what others have of it is not moved
        done.tags[here[ref]] = taken or f"failed: {result['reason']}"
    failed = [
        f"{tag} ({what.removeprefix('failed: ')})"
        for tag, what in done.tags.items()
        if what.startswith("failed")
    ]
    if failed:
        raise remote(
            "tag-rejected",
            f"{name} did not take the tag {failed[0]}",
            why="a tag of that name with another content may be there already",
            do=f"git ls-remote --tags {name}",
        )


def _same_seal_there(context: Context, remote: str, ref: str) -> bool:
    """Whether the remote has the tag as it was before it was signed here, which somebody pushed by
    hand."""
    there = context.vcs.fetch_ref(remote, ref, sent_ref(remote, ref)) and context.vcs.signed(
        sent_ref(remote, ref)
    )
    here = context.vcs.signed(ref)
    return bool(there and here and there.payload == here.payload)


def _known_there(context: Context, remote: str, ref: str) -> bool:
    return context.vcs.ref(sent_ref(remote, ref)) == context.vcs.ref(ref)


def _remember_there(context: Context, remote: str, ref: str) -> None:
    new, old = context.vcs.ref(ref), context.vcs.ref(sent_ref(remote, ref))
    if new and new != old:
        remember(context, sent_ref(remote, ref), new)


def code_behind(context: Context, remote: str) -> set[str]:
    """The code states of runs that are here and were never sent to ``remote``."""
    sent = context.vcs.refs(sent_ref(remote, CODE_STATES))
    here = context.vcs.refs(CODE_STATES)
    return {ref for ref, commit in here.items() if sent.get(sent_ref(remote, ref)) != commit}


def _code_states(context: Context, remote: str) -> CodeStates:
    """Push the code states of recorded runs after a scan for secrets, and fetch those that are
    missing here."""
    report = CodeStates()
    # Each state once, however many runs share it.
    refs: dict[str, CodeState] = {}
    for topic in context.store.topics():
        for run in context.store.view(topic).runs:
            if run.code.get("ref") and run.code.get("commit"):
                ref = str(run.code["ref"])
                # nor a branch as the place of its code
                if not (is_code_ref(ref) and is_object_name(str(run.code["commit"]))):
                    report.refused.append(ref)
                    continue
                refs.setdefault(ref, run.code)
                gaps = [
                    {"ref": ref, **gap}
                    for gap in run.code.get("gaps") or []
                    if isinstance(gap, dict)
                ]
                report.gaps += [gap for gap in gaps if gap not in report.gaps]
    # What is not here is fetched; what is here and not there is scanned.
    lacking = context.vcs.missing_objects(str(c["commit"]) for c in refs.values())
    send = {}
    for ref, code in sorted(refs.items()):
        commit = str(code["commit"])
        if commit in lacking or context.vcs.ref(ref) is None:
            got = context.vcs.fetch_ref(remote, ref, ref)
            (report.fetched if got else report.missing).append(ref)
            continue
        if _known_there(context, remote, ref):
            continue
        if findings := scan(context, code):
            report.withheld.append({"ref": ref, "secrets": findings})
        else:  # the commit that was scanned, wherever the ref points by now
            send[commit] = ref
    for ref, result in context.vcs.push(remote, send).items():
        if result["status"] in ("ok", "up-to-date"):
            report.pushed.append(ref)
            _remember_there(context, remote, ref)
        else:
            rejected: Rejected = {"ref": ref, "secrets": [], "reason": result["reason"]}
            report.withheld.append(rejected)
    return report


def scan(context: Context, code: CodeState) -> list[str]:
    """Files of a code state that look like secrets and that HEAD did not have, nor a version of
    them that holds the same: ``path: reason``. Whole files."""
    present = context.vcs.read_tree_files(str(code["commit"]))
    head = context.vcs.read_tree_files(str(code["head"])) if code.get("head") else {}
    rules = context.screen.content_rules()

    def held(blob: str) -> set[Found]:
        return set(rules.found_in([context.vcs.read_blob(blob)]))

    found = []
    for path, blob in sorted(present.items()):
        if head.get(path) == blob:
            continue
        if reason := secret_name_reason(path):
            found.append(f"{path}: {reason}")
            continue
        secrets = held(blob)
        if secrets and path in head:
            secrets -= held(head[path])
        if secrets:
            found.append(f"{path}: its content holds {min(secrets).what}")
    return found


# ---- words ---------------------------------------------------------------------------------------


def _would(context: Context, done: Sync, named: str | None) -> Sync:
    """What a sync would do, without writing anything or asking anybody."""
    records, ref = done.records, branch_ref(context)
    records.tip = context.vcs.ref(ref)
    if context.store.topics():
        changed = recordbranch.changed_files(context, context.vcs.read_tree_files(ref))
        if changed:
            shown = _some(sorted(changed))
            done.would.append(f"commit {len(changed)} files on {records.branch}: {shown}")
    try:
        records.remote = remote_for(context, named)
    except LeadlineError as error:
        done.problem = error
        return done
    seen = context.vcs.ref(tracking_ref(records.remote))
    known = "seen there before" if seen else "never seen there"
    to_push = bool(done.would) or seen != records.tip
    done.would.append(f"fetch {records.branch} from {records.remote} ({known})")
    if to_push:
        done.would.append(f"push {records.branch} to {records.remote}")
    # Posts wait by thread, tags for all of them together.
    unsent: list[str] = []
    for topic in context.store.topics():
        thread = context.store.view(topic)
        tags = [str(s.body.get("tag")) for s in thread.of_kind("snapshot")]
        unsent += [t for t in tags if _unsent_tag(context, records.remote, t)]
        done.would += [f"{what} ({topic})" for what in waiting(context, thread)]
    if unsent:
        done.would.append(f"push tags: {_some(unsent)}")
    return done


def _unsent_tag(context: Context, remote: str, tag: str) -> bool:
    return context.vcs.tag_exists(tag) and not _known_there(context, remote, f"refs/tags/{tag}")


def _some(names: list[str]) -> str:
    more = " …" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more


def _left(done: Sync) -> list[str]:
    left = list(done.problem.next) if done.problem else []
    for issue in done.issues.values():
        left += issue.why["next"] if issue.why else []
    if done.records.diverged or done.records.disputed:
        left.append("leadline verify --explain")
    if any(state == "missing" for state in done.tags.values()):
        left.append("leadline verify")
    return list(dict.fromkeys(left))
