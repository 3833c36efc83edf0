"""Seal a snapshot (W24, W25): repro bundle, record, annotated tag with the digest of the record's
heads, issue comment.

The record comes first and the tag follows, so a crash between them leaves a snapshot without its
tag, which ``verify`` names and the same command completes. What cannot be done now (no remote, a
draft issue) is left to do and said.
"""

from __future__ import annotations

import json
import os
import re

from leadline.core.canonical import canonical_json, digest_of
from leadline.core.errors import LeadlineError, conflict, not_found, usage
from leadline.core.evidence.of_thread import evidence_for
from leadline.core.ids import named_id
from leadline.core.publish.bundle import build_bundle
from leadline.core.record.thread import Item, Thread, is_a
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.view.facts import says
from leadline.render.branch.bundle import bundle_csv, render_bundle
from leadline.services.branch import record_branch as recordbranch
from leadline.services.branch.logbook import publish
from leadline.services.context import Context, refs_for
from leadline.services.issue.delivery import bring_up_to_date
from leadline.services.publish.sync import sync

if TYPE_CHECKING:
    from leadline.core.record.bodies import SnapshotBody

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?\Z")


def seal(
    context: Context,
    topic: str,
    name: str | None = None,
    message: str = "",
    files: list[str] | None = None,
    at: str | None = None,
    push: bool = False,
) -> dict[str, Any]:
    """Seal ``topic`` as ``name`` (default ``S<n>``) at commit ``at`` (default HEAD), committing
    ``files`` alone before.

    Returns ``{id, name, tag, commit, heads_digest, bundle, record_commit, comment, committed,
    pushed, left}``. Raises LeadlineError: usage (bad name), conflict (sealed already, tag in use),
    not_found (no such file or commit).
    """
    thread = context.store.thread(topic)
    _check_name(context, thread, name)
    committed = _commit_files(context, thread, files or [], message)
    publish(context, topic, f"before the seal {name or ''}".rstrip())
    snapshot = _unfinished(context, thread, name) or _record(context, topic, name, message, at)
    _tag(context, topic, snapshot)
    done: dict[str, Any] = {
        "id": snapshot.id,
        "name": snapshot.body["name"],
        "tag": snapshot.body["tag"],
        "commit": snapshot.body["commit"],
        "heads_digest": snapshot.body["heads_digest"],
        "bundle": snapshot.body["bundle"],
        "committed": committed,
        "comment": None,
        "issue": None,
        "record_commit": None,
        "pushed": False,
        "left": [],
        "problems": [],
    }
    _tell(context, topic, snapshot, done)
    if push:
        _push(context, done)
    elif context.vcs.remotes():
        done["left"].append("leadline sync")
    else:
        done["left"] += ["git remote add origin URL", "leadline sync"]
    done["left"] = list(dict.fromkeys(done["left"]))
    return done


# ---- before --------------------------------------------------------------------------------------


def tag_name(topic: str, name: str) -> str:
    return f"leadline/{topic}/{name}"


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
    tag = tag_name(thread.topic, name)
    known = [s for s in thread.of_kind("snapshot") if s.body.get("name") == name]
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
) -> list[dict[str, str]]:
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
        done.append({"path": path, "commit": context.vcs.commit_only(path, data, title)})
    return done


def _unfinished(context: Context, thread: Thread, name: str | None) -> Item[SnapshotBody] | None:
    """A snapshot that was recorded and whose tag is missing: a crash in between, or a tag that was
    deleted."""
    if name is None:
        return None
    named = [s for s in thread.of_kind("snapshot") if s.body.get("name") == name]
    return (
        named[-1] if named and not context.vcs.tag_exists(str(named[-1].body.get("tag"))) else None
    )


# ---- record and tag ------------------------------------------------------------------------------


def _record(
    context: Context, topic: str, name: str | None, message: str, at: str | None
) -> Item[SnapshotBody]:
    commit = _commit_to_tag(context, topic, at)
    with context.store.transaction(topic) as writing:
        thread = context.store.thread(topic)
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
        bundle, blobs = make_bundle(context, thread, shown, name, tag, commit, message, heads)
        body: SnapshotBody = {
            "id": shown,
            "name": name,
            "tag": tag,
            "commit": commit,
            "text": message,
            "heads": heads,
            "heads_digest": digest_of(heads),
            "records": thread.record_count,
            "bundle": blobs,
            "table": bundle["table"],
            "refs": refs_for(thread, [r["experiment"] for r in bundle["table"]["rows"]], [message]),
        }
        writing.add("snapshot", body)
    found = context.store.thread(topic).find(shown)
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
) -> tuple[dict[str, Any], dict[str, str]]:
    """The bundle and the digests of its files, which are in the blob store then."""
    evidence = evidence_for(thread)
    claims = [
        {"id": c.id, "text": says(c, thread), "label": evidence(c).label}
        for c in thread.claims
        if c.stands
    ]
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
        packages=_packages(context, thread),
        claims=claims,
    )
    texts = {
        "bundle.json": json.dumps(json.loads(canonical_json(bundle)), indent=1, ensure_ascii=False)
        + "\n",
        "bundle.md": render_bundle(bundle),
        "table.csv": bundle_csv(bundle),
    }
    return bundle, {file: context.blobs.put(text.encode()) for file, text in texts.items()}


def _packages(context: Context, thread: Thread) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for run in thread.runs:
        digest = str(run.software.get("packages_blob") or "")
        if run.is_evidence and digest and digest not in found and context.blobs.has(digest):
            found[digest] = json.loads(context.blobs.get(digest))
    return found


def tag_message(context: Context, topic: str, snapshot: Item[SnapshotBody]) -> str:
    """A title, what was said, the machine-made marker (W7), and the digest that makes a rewritten
    record show."""
    body = snapshot.body
    said = str(body.get("text") or "").strip()
    parts = [f"{body['name']}: {said.splitlines()[0] if said else f'sealed snapshot of {topic}'}"]
    if "\n" in said:
        parts.append(said)
    parts += [
        str(context.setting("marker")).strip("_"),
        f"Leadline-Snapshot: {snapshot.id}\nLeadline-Thread: {topic}\nLeadline-Heads: {body['heads_digest']}\n"
        f"Leadline-Bundle: {dict(body['bundle']).get('bundle.json', '')}",
    ]
    return "\n\n".join(parts) + "\n"


def _tag(context: Context, topic: str, snapshot: Item[SnapshotBody]) -> None:
    if not context.vcs.tag_exists(str(snapshot.body["tag"])):
        context.vcs.create_tag(
            str(snapshot.body["tag"]),
            str(snapshot.body["commit"]),
            tag_message(context, topic, snapshot),
        )


# ---- after ---------------------------------------------------------------------------------------


def _tell(context: Context, topic: str, snapshot: Item[SnapshotBody], done: dict[str, Any]) -> None:
    """Record branch, issue comment, issue body, logbook: what fails is left to do and said."""

    def attempt(what: str, act: Any) -> Any:
        try:
            return act()
        except LeadlineError as error:
            done["problems"].append({"step": what, **error.as_dict()})
            done["left"] += error.next
            return None

    done["record_commit"] = attempt(
        "record branch", lambda: recordbranch.commit_records(context, [topic])
    )
    state = context.store.thread(topic).issue.state
    if state in ("open", "closed"):
        done["issue"] = bring_up_to_date(context, topic)
        marker = f"snapshot:{snapshot.uid}"
        posted = [c for c in context.store.thread(topic).issue.comments if c["marker"] == marker]
        done["comment"] = posted[0]["id"] if posted else None
        if done["issue"]["why"]:
            done["left"].append("leadline issue sync")
    elif context.store.thread(topic).issue.wanted.get("state") == "open":
        done["issue"] = bring_up_to_date(context, topic)
        done["left"].append("leadline issue sync")
    else:
        done["left"].append(f"leadline issue open --thread {topic}")
    done["logbook"] = publish(context, topic, f"sealed {snapshot.id}")
    done["record_commit"] = attempt(
        "record branch", lambda: recordbranch.commit_records(context, [topic])
    )


def _push(context: Context, done: dict[str, Any]) -> None:
    result = sync(context)
    done["pushed"] = result.problem is None and result.tags.get(done["tag"]) in (
        "pushed",
        "up-to-date",
        None,
    )
    if result.problem is not None:
        done["problems"].append({"step": "push", **result.problem.as_dict()})
        done["left"] += result.problem.next
