"""Seal a snapshot: repro bundle, record, annotated tag with the digest of the record's heads, issue
comment.

The record comes first and the tag follows, so a crash between them leaves a snapshot without its
tag, which ``verify`` names and the same command completes. What cannot be done now (no remote, a
draft issue) is left to do and said.
"""

from __future__ import annotations

import json
import os
import re
from functools import partial

from leadline.core.canonical import digest_of
from leadline.core.errors import LeadlineError, conflict, not_found, usage
from leadline.core.evidence.found import RULES
from leadline.core.evidence.known import labels_for
from leadline.core.ids import named_id
from leadline.core.publish.bundle import (
    BUNDLE_VERSION,
    PART,
    BundledClaim,
    build_bundle,
    bundle_pieces,
    part_name,
    tell_part,
)
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.ref_name import sent_ref, tag_name
from leadline.core.text.citation import render
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.core.values import as_dict, dataclass
from leadline.core.view.facts import says
from leadline.render.branch.bundle import bundle_csv, render_bundle, render_commands
from leadline.services.branch import record_branch as recordbranch
from leadline.services.branch.logbook import publish
from leadline.services.branch.signatures import sign_heads, sign_tags, wrote
from leadline.services.context import Context, refs_for
from leadline.services.gloss import check_gloss
from leadline.services.lookup import refuse_shadow
from leadline.services.publish.follow import Followed, Problem, follow
from leadline.services.publish.sync import code_behind, sync
from leadline.services.refusal import Overrides, refuse_altered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leadline.core.publish.bundle import BundledPart
    from leadline.core.record.bodies import ClaimBody, SnapshotBody

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?\Z")


@dataclass(frozen=True)
class Committed:
    path: str
    commit: str


@dataclass(frozen=True)
class Sealed:
    """The snapshot, and what followed. ``committed``: the files asked for; ``comment``: its id on
    the issue, where one was posted; ``left``: what could not be done now, in commands."""

    snapshot: Item[SnapshotBody]
    committed: list[Committed]
    followed: Followed
    comment: str | None
    pushed: bool
    left: list[str]
    problems: list[Problem]
    completed: list[str]  # tags of earlier seals that were cut short, made now
    code_behind: int  # code states that are on this machine alone
    of: list[str]  # the experiments of the thread that ran at them

    def as_dict(self) -> dict[str, object]:
        body, issue = self.snapshot.body, self.followed.issue
        told = issue.why is not None or issue.state in ("open", "closed")
        return {
            "id": self.snapshot.id,
            "name": body["name"],
            "tag": body["tag"],
            "commit": body["commit"],
            "heads_digest": body["heads_digest"],
            "bundle": body["bundle"],
            "committed": as_dict(self.committed),
            "comment": self.comment,
            "issue": issue.as_dict() if told else None,
            "record_commit": self.followed.record_commit or None,
            "pushed": self.pushed,
            "code_behind": self.code_behind,
            "here_only": self.of,
            "left": self.left,
            "completed": self.completed,
            "problems": [problem.as_dict() for problem in self.problems],
            "logbook": self.followed.logbook.as_dict(),
        }


def seal(
    context: Context,
    topic: str,
    name: str | None = None,
    message: str = "",
    files: list[str] | None = None,
    at: str | None = None,
    push: bool = False,
    override: Overrides | None = None,
) -> Sealed:
    """Seal ``topic`` as ``name`` (default ``S<n>``) at commit ``at`` (default HEAD), committing
    ``files`` alone before.

    Raises LeadlineError: usage (bad name), conflict (sealed already, tag in use), not_found (no
    such file or commit), refused (a message that says more than the claims bear).
    """
    # What is sealed is committed first: the files asked for, and the logbook as it is now.
    thread = context.store.view(topic)
    _check_name(context, thread, name)
    refuse_altered(thread)
    message = context.hiding("the message").text(message)
    override = override or Overrides()
    check_message(context, topic, message, override)
    message = render(message, thread)  # a seal says what held when it was made
    context.vcs.sign_again()
    committed = _commit_files(context, thread, files or [], message)
    publish(context, topic, f"before the seal {name or ''}".rstrip())
    # The record, then the tag: a crash in between is completed by the same command, or a later one.
    completed = complete(context, topic, but=name)
    snapshot = _unfinished(context, thread, name) or _record(
        context, topic, name, message, at, override
    )
    _tag(context, topic, snapshot)
    sign_heads(context, [topic])
    sign_tags(context, [topic])
    # What follows; then the remote, so that what is sent holds all of it.
    followed = follow(context, topic, f"sealed {snapshot.id}")
    posted = {c["marker"]: c["id"] for c in context.store.view(topic).issue.comments}
    pushed, problems = _push(context, snapshot) if push else (False, [])
    left = [*followed.left, *(step for problem in problems for step in problem.error.next)]
    if not push:
        left += _to_push(context)
    behind = code_behind(context, str(context.setting("remote")))
    here_only = _ran_at(context.store.view(topic), behind) if behind else {}
    return Sealed(
        snapshot=snapshot,
        committed=committed,
        followed=followed,
        comment=posted.get(f"snapshot:{snapshot.uid}"),
        pushed=pushed,
        left=list(dict.fromkeys(left)),
        problems=[*followed.problems, *problems],
        completed=completed,
        code_behind=len(set(here_only.values())),
        of=list(here_only),
    )


def check_message(context: Context, topic: str, message: str, override: Overrides) -> None:
    """Raises LeadlineError(refused) where ``message`` says more than the claims bear."""
    if message:
        thread = context.store.view(topic)
        refs = refs_for(thread, texts=[message])
        check_gloss(context, thread, "seal", {"message": message}, override, refs=refs)


def _ran_at(thread: Thread, refs: set[str]) -> dict[str, str]:
    """The experiments that ran at one of these code states, and the last of them that each ran at."""

    def tell(experiments: Iterable[Experiment]) -> str:
        found = ((e.id, run.code.get("ref")) for e in experiments for run in e.runs)
        return json.dumps([(shown, str(ref)) for shown, ref in found if ref])

    told = map(json.loads, thread.told_in_parts("code states", PART, tell))
    return {shown: ref for part in told for shown, ref in part if ref in refs}


# ---- before --------------------------------------------------------------------------------------


def _check_name(context: Context, thread: Thread, name: str | None) -> None:
    if name is None:
        return
    if not NAME.match(name) or ".." in name or name.endswith(".lock"):
        raise usage(
            "bad-snapshot-name",
            f"{name!r} cannot name a snapshot",
            why="letters, digits, '.', '_' and '-', up to 64: it becomes part of a tag",
            do=f"leadline seal {re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')[:40] or 'S1'}",
        )
    context.screen.refuse_as_name(name, "the name of the snapshot", "leadline seal S1")
    tag = tag_name(thread.topic, name)
    known = [s for s in thread.of_kind("snapshot") if s.body.get("name") == name]
    if not known:
        refuse_shadow(name, "snapshot", [thread.prefix], f"leadline seal {name[:57]}-sealed")
    if known and context.vcs.tag_exists(tag):
        raise conflict(
            "snapshot-exists",
            f"{name} is sealed already: {known[-1].id} at tag {tag}",
            why="a seal is never moved",
            do=[f"leadline seal {name}-2", f"leadline show {known[-1].id}"],
        )
    if not known and context.vcs.tag_exists(tag):
        raise conflict(
            "tag-exists",
            f"the tag {tag} exists and no record made it",
            why="a tag seals a state and is not moved",
            do=[f"leadline seal {name}-2", f"git show {tag}"],
        )


def _commit_files(
    context: Context, thread: Thread, files: list[str], message: str
) -> list[Committed]:
    """Each file alone, onto the checked-out branch; whatever else is dirty or staged stays as it
    is."""
    done = []
    for given in files:
        full = os.path.realpath(os.path.join(context.cwd, given))
        path = os.path.relpath(full, os.path.realpath(context.toplevel)).replace(os.sep, "/")
        if path.startswith("../") or not os.path.isfile(full):
            raise not_found(
                "no-such-file",
                f"{given} is no file of this work tree",
                do="leadline seal --commit FILE",
            )
        with open(full, "rb") as file:
            data = file.read()
        title = message.splitlines()[0][:80] if message.strip() else f"{thread.topic}: {path}"
        done.append(Committed(path, context.vcs.commit_only(path, data, title)))
    return done


SEALED = {"commit", "heads_digest", "records", "bundle"}


def _unfinished(context: Context, thread: Thread, name: str | None) -> Item[SnapshotBody] | None:
    """A snapshot that was recorded and whose tag is missing: a crash in between, or a tag that was
    deleted."""
    named = [
        s
        for s in thread.of_kind("snapshot")
        if s.body.get("name") == name
        and s.body.get("tag") == tag_name(thread.topic, str(name))
        and s.body.keys() >= SEALED  # one from elsewhere may lack what a seal says
    ]
    if name is None or not named or context.vcs.tag_exists(str(named[-1].body.get("tag"))):
        return None
    return named[-1]


def complete(context: Context, topic: str, but: str | None = None) -> list[str]:
    """The tags that seals of this machine were cut short before, made now. Not the one named ``but``,
    nor one that was sent: it comes back with a sync."""
    made = []
    for snapshot in context.store.view(topic).of_kind("snapshot"):
        body = snapshot.body
        tag = str(body.get("tag") or "")
        if body.get("name") == but or tag != tag_name(topic, str(body.get("name"))):
            continue
        if not body.keys() >= SEALED or context.vcs.tag_exists(tag):
            continue
        sent = (sent_ref(remote, f"refs/tags/{tag}") for remote in context.vcs.remotes())
        if any(map(context.vcs.ref, sent)) or not wrote(context, topic, snapshot.uid):
            continue
        try:
            _tag(context, topic, snapshot)
        except LeadlineError as error:  # its commit is gone: ``verify`` names it
            context.warn(f"the tag {tag}, which a seal was cut short of, cannot be made: {error}")
            continue
        made.append(tag)
    return made


# ---- record and tag ------------------------------------------------------------------------------


def _record(
    context: Context,
    topic: str,
    name: str | None,
    message: str,
    at: str | None,
    override: Overrides,
) -> Item[SnapshotBody]:
    commit = _commit_to_tag(context, topic, at)
    with context.store.transaction(topic) as writing:
        thread = context.store.view(topic)
        number = writing.next_number("snapshot")
        shown, name = named_id(thread.prefix, "snapshot", number), name or f"S{number}"
        tag = tag_name(topic, name)
        if context.vcs.tag_exists(tag):
            raise conflict(
                "tag-exists",
                f"the tag {tag} exists already",
                why="a tag seals a state and is not moved",
                do=f"leadline seal {name}-2",
            )
        heads = context.store.heads(topic)
        files = make_bundle(context, thread, shown, name, tag, commit, message, heads)
        body: SnapshotBody = {
            "id": shown,
            "name": name,
            "tag": tag,
            "commit": commit,
            "text": message,
            "heads": heads,
            "heads_digest": digest_of(heads),
            "records": thread.record_count,
            "rules": RULES,
            "bundle": files,
            "refs": refs_for(thread, texts=[message]),
        }
        if override.used:
            body["override"], body["overridden"] = override.why, override.used
        writing.add("snapshot", body)
    found = context.store.view(topic).find(shown)
    assert is_a(found, "snapshot")
    return found


def _commit_to_tag(context: Context, topic: str, at: str | None) -> str:
    """The commit asked for, else HEAD, else (nothing is committed yet) the record branch."""
    if at is not None:
        commit = context.vcs.ref(f"{at}^{{commit}}")
        if commit is None:
            raise not_found("no-such-commit", f"there is no commit {at}", do="git log --oneline -5")
        return commit
    commit = context.vcs.head()["commit"] or recordbranch.commit_records(context)
    if commit is None:
        raise conflict(
            "nothing-to-seal",
            f"thread {topic} has no commit to tag",
            why="a tag points at a commit",
            do="git commit --allow-empty -m start",
        )
    return str(commit)


def make_bundle(
    context: Context,
    thread: Thread,
    snapshot: str,
    name: str,
    tag: str,
    commit: str,
    message: str,
    heads: dict[str, str],
) -> dict[str, str]:
    """The files of the bundle, which are in the blob store then, by their digests."""
    evidence = labels_for(thread)

    def tell_claim(c: Item[ClaimBody]) -> str:
        claim: BundledClaim = {
            "id": c.id,
            "text": says(c, thread),
            "label": evidence(c).label,
            "sentence": evidence(c).sentence.full,
            "rules": RULES,
        }
        return json.dumps(claim) if c.stands else ""

    told_claims = thread.told_of("claim", f"bundle {BUNDLE_VERSION} {RULES}", tell_claim)
    claims: list[BundledClaim] = [json.loads(text) for _, text in told_claims if text]
    several = len(thread.experiments) > PART

    def put(lines: str) -> str:
        return context.blobs.put(lines.encode()) if several else lines

    def tell(experiments: Iterable[Experiment]) -> str:
        return json.dumps(tell_part(experiments, put, render_commands))

    def holds(told: str) -> bool:
        return not several or recordbranch.is_whole(context, json.loads(told)["lines"])

    # What the last seal told of a part that did not change is not folded again.
    told = list(thread.told_in_parts(f"bundle {BUNDLE_VERSION} {several}", PART, tell, holds))

    def parts() -> Iterator[BundledPart]:
        return map(json.loads, told)

    bundle = build_bundle(
        thread,
        snapshot=snapshot,
        name=name,
        tag=tag,
        commit=commit,
        at=context.now(),
        message=message,
        heads=heads,
        record_count=thread.record_count,
        packages=partial(_packages, context),
        claims=claims,
        parts=parts,
    )
    beside, lines = dict[str, str](), list[str]()
    for number, part in enumerate(parts(), 1):
        if several:
            beside[part_name(number)] = part["lines"]
        else:
            lines += (line + "\n" for line in part["lines"].split("\n")[:-1])
    commands = [command for part in parts() for command in part["commands"]]
    texts = {
        "bundle.json": "".join(bundle_pieces(bundle, beside or lines)),
        "bundle.md": render_bundle(bundle, commands),
        "table.csv": bundle_csv(bundle),
    }
    files = {file: context.blobs.put(text.encode()) for file, text in texts.items()}
    return {**files, **beside}


def _packages(context: Context, digest: str) -> dict[str, str] | None:
    try:
        return cast("dict[str, str]", json.loads(context.blobs.get(digest)))
    except LeadlineError:
        return None  # not here, or damaged, which `verify` says


def tag_message(context: Context, topic: str, snapshot: Item[SnapshotBody]) -> str:
    """A title, what was said, the machine-made marker, and the digest that makes a rewritten record
    show."""
    body = snapshot.body
    said = str(body.get("text") or "").strip()
    title = said.splitlines()[0] if said else f"sealed snapshot of {topic}"
    parts = [f"{body['name']}: {title}"]
    if "\n" in said:
        parts.append(said)
    parts += [
        str(context.setting("marker")).strip("_"),
        f"Leadline-Snapshot: {snapshot.id}\nLeadline-Thread: {topic}\nLeadline-Heads: {body['heads_digest']}\n"
        f"Leadline-Bundle: {dict(body['bundle']).get('bundle.json', '')}",
    ]
    return "\n\n".join(parts) + "\n"


def _tag(context: Context, topic: str, snapshot: Item[SnapshotBody]) -> None:
    tag, commit = str(snapshot.body["tag"]), str(snapshot.body["commit"])
    if context.vcs.tag_exists(tag):
        return
    try:
        context.vcs.create_tag(tag, commit, tag_message(context, topic, snapshot))
    except LeadlineError:  # another process may have completed this seal meanwhile
        made = context.vcs.tag_info(tag)
        if made is None or made["commit"] != commit:
            raise


# ---- after ---------------------------------------------------------------------------------------


def _push(context: Context, snapshot: Item[SnapshotBody]) -> tuple[bool, list[Problem]]:
    result = sync(context)
    if result.problem is not None:
        return False, [Problem("push", result.problem)]
    return result.tags.get(str(snapshot.body["tag"])) in ("pushed", "up-to-date", None), []


def _to_push(context: Context) -> list[str]:
    first = [] if context.vcs.remotes() else ["git remote add origin URL"]
    return [*first, "leadline sync"]
