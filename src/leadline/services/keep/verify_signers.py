"""Whose the record is, by a list of whose keys count: the chains, the seals, the record branch."""

from __future__ import annotations

import os
from collections.abc import Collection

from leadline.core.errors import not_found
from leadline.core.record import signed_heads
from leadline.core.record.event import Record
from leadline.core.record.finding import FAULT, NOTE, Finding
from leadline.core.timestamps import rfc3339
from leadline.ports.vcs import Checked, Signed
from leadline.services.branch.tips import branch_ref
from leadline.services.context import Context

COMMITS_LOOKED_AT = 200
SHOWN = 3


def verify_signers(context: Context, topics: list[str], signers: str) -> list[Finding]:
    """What is not signed, and what is signed by a key that the file ``signers`` (git's allowed
    signers) does not name, or names for somebody else than who writes under the name.

    Raises LeadlineError(not_found) without such a file.
    """
    path = os.path.join(context.cwd, signers)
    if not os.path.isfile(path):
        raise not_found(
            "no-such-file",
            f"there is no file {signers}",
            why="it names whose keys count, as git's gpg.ssh.allowedSignersFile does",
            do="leadline verify --signers FILE",
        )
    found: list[Finding] = []
    for topic in topics:
        of_chains, vouched_for = _chains(context, topic, path)
        found += of_chains + _tags(context, topic, path, vouched_for)
    return found + _branch(context, path)


def _chains(context: Context, topic: str, signers: str) -> tuple[list[Finding], set[str]]:
    """And the ids of the records that a signature that counts covers."""
    known: dict[Signed, Checked] = {}
    counting: list[Record] = []

    def principal_of(record: Record, payload: bytes) -> tuple[str, str, str]:
        signed = Signed(payload, str(record.body.get("signature") or ""))
        if signed not in known:
            known[signed] = context.vcs.check_signature(signed, signers, record.at)
        checked = known[signed]
        if checked.principal:
            counting.append(record)
        return checked.principal, checked.why, checked.code

    chains = signed_heads.chains(context.store.files(topic))
    signs, found = context.vcs.signs(), []
    for doubt in signed_heads.doubts(topic, chains, context.store.writer, principal_of):
        level = NOTE if doubt.pending and signs else FAULT
        mend = "leadline sync" if doubt.pending else ""
        found.append(Finding(topic, level, doubt.code, doubt.where, doubt.what, mend))
    return found, signed_heads.vouched_for(chains, counting)


def _tags(
    context: Context, topic: str, signers: str, vouched_for: Collection[str]
) -> list[Finding]:
    """A tag that is not signed adds nothing to its record, which may be: then nothing is missing."""
    found = []
    for snapshot in context.store.thread(topic).of_kind("snapshot"):
        tag = str(snapshot.body.get("tag") or "")
        signed = context.vcs.signed(f"refs/tags/{tag}") if tag else None
        if signed is None:  # what ``verify`` says of a tag that is not here is enough
            continue
        if not signed.signature:
            level, what = FAULT, f"the tag {tag} is not signed"
            if snapshot.uid in vouched_for:
                level, what = NOTE, f"{what}; the record of its commit and its heads is"
            found.append(Finding(topic, level, "unsigned-seal", snapshot.id, what, _show(tag)))
            continue
        checked = context.vcs.check_signature(signed, signers, snapshot.at)
        if not checked.principal:
            what = f"the signature of the tag {tag} does not count: {checked.why}"
            found.append(Finding(topic, FAULT, checked.code, snapshot.id, what, _show(tag)))
    return found


def _show(name: str) -> str:
    return f"git show {name}"


def _branch(context: Context, signers: str) -> list[Finding]:
    """Commits that no commit behind them vouches for: one with a signature that counts does for all
    its history."""
    ref = branch_ref(context)
    branch, found = ref.removeprefix("refs/heads/"), list[Finding]()
    if context.vcs.ref(ref) is None:
        return found
    unsigned: list[str] = []
    counting: list[str] = []
    looked_at: set[str] = set()
    while len(looked_at) < COMMITS_LOOKED_AT:
        left = context.vcs.commits(ref, COMMITS_LOOKED_AT, counting)
        commit = next((commit for commit in left if commit not in looked_at), None)
        signed = context.vcs.signed(commit) if commit else None
        if commit is None or signed is None:
            break
        looked_at.add(commit)
        if not signed.signature:
            unsigned.append(commit[:12])
            continue
        at = _committed_at(signed.payload)
        checked = context.vcs.check_signature(signed, signers, at)
        if checked.principal:
            counting.append(commit)
            continue
        what = f"the signature of the commit does not count: {checked.why}"
        mend = _show(commit[:12])
        found.append(Finding(branch, FAULT, checked.code, commit[:12], what, mend))
    if unsigned:
        more = " …" if len(unsigned) > SHOWN else ""
        what = f"{len(unsigned)} commits are not signed: {', '.join(unsigned[:SHOWN])}{more}"
        mend = _show(unsigned[0])
        found.append(Finding(branch, FAULT, "unsigned-commits", branch, what, mend))
    return found


def _committed_at(commit: bytes) -> str:
    line = next((x for x in commit.split(b"\n") if x.startswith(b"committer ")), b"")
    seconds = line.rpartition(b" ")[0].rpartition(b" ")[2]
    return rfc3339(int(seconds) * 1000 if seconds.isdigit() else 0)
