"""Whose record it is: what a signature over the ends of a writer's chains says, and which records
none covers.

A chain's last digest stands for all its lines, so one signature a sync covers everything before it.
It is kept in a record of the chain that it signs: it travels, merges and is read as any record, and
costs nothing where nobody signs. The name of a writer is no identity; whose key signed first under it
is (as the list of signers names the owner of a key, so keys can be changed).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from leadline.core.canonical import canonical_json
from leadline.core.record.event import BadLine, Record, line_digest, parse_line
from leadline.core.record.event_files import by_writer, is_own
from leadline.core.typed import NamedTuple

KIND = "heads-signed"


def payload(thread: str, heads: Mapping[str, str]) -> bytes:
    """What is signed. It begins as no commit and no tag does."""
    return f"leadline heads 1\n{canonical_json({'thread': thread, 'heads': heads})}\n".encode()


def heads_of(record: Record) -> dict[str, str]:
    """Writer to digest, as a record of this kind has them; nothing of what is none."""
    heads = record.body.get("heads")
    if not isinstance(heads, dict):
        return {}
    return {str(writer): str(digest) for writer, digest in heads.items()}


class Chain(NamedTuple):
    """One writer's lines: the digest and the record of each, oldest first."""

    writer: str
    lines: list[tuple[str, Record | None]]

    def unsigned_since(self, digest: str) -> list[Record]:
        """The records behind the line of ``digest`` (all, where there is none), but for those that
        hold signatures."""
        at = next((n for n, line in enumerate(self.lines) if line[0] == digest), -1)
        return [r for _, r in self.lines[at + 1 :] if r is not None and r.kind != KIND]


def chains(files: Mapping[str, bytes]) -> list[Chain]:
    return [
        Chain(writer, [_line(line) for name in names for line in files[name].splitlines()])
        for writer, names in sorted(by_writer(files).items())
    ]


def _line(line: bytes) -> tuple[str, Record | None]:
    try:
        return line_digest(line), parse_line(line)
    except BadLine:
        return line_digest(line), None


def to_sign(files: Mapping[str, bytes], writer: str) -> dict[str, str]:
    """The heads of this machine's writers, where one has a record that none of their signatures
    covers; else nothing.

    The last two files of each are looked at: what they sign stands shortly before the end, or is
    worth signing again.
    """
    ends = {w: names[-2:] for w, names in by_writer(files).items() if is_own(w, writer)}
    mine = chains({name: files[name] for names in ends.values() for name in names})
    mine = [chain for chain in mine if chain.lines]
    signed = signed_heads(mine)
    if not any(chain.unsigned_since(_last(chain, signed)) for chain in mine):
        return {}
    return {chain.writer: chain.lines[-1][0] for chain in mine}


def signed_heads(chains: Iterable[Chain]) -> list[Record]:
    found = [r for chain in chains for _, r in chain.lines if r is not None and r.kind == KIND]
    return sorted(found, key=lambda record: record.id)


def _last(chain: Chain, signed: Sequence[Record]) -> str:
    """The newest line of a chain that a signature covers."""
    heads = {heads_of(record).get(chain.writer) for record in signed}
    return next((digest for digest, _ in reversed(chain.lines) if digest in heads), "")


def vouched_for(chains: Sequence[Chain], counting: Sequence[Record]) -> set[str]:
    """The ids of the records that a signature among ``counting`` covers."""
    found: set[str] = set()
    for chain in chains:
        left = {record.id for record in chain.unsigned_since(_last(chain, counting))}
        found |= {r.id for _, r in chain.lines if r is not None and r.id not in left}
    return found


class Doubt(NamedTuple):
    """Something about whose records these are. ``pending``: the next sync signs them."""

    code: str
    where: str
    what: str
    pending: bool = False


def doubts(
    thread: str,
    chains: Sequence[Chain],
    writer: str,
    principal_of: Callable[[Record, bytes], tuple[str, str, str]],
) -> list[Doubt]:
    """What of a thread is not signed, or not by who writes under the name. ``writer``: this
    machine's; ``principal_of``: the owner of the key of a signature, or "", why it does not count
    and under which code."""
    found: list[Doubt] = []
    counting: dict[str, list[tuple[str, Record]]] = {}  # writer -> owners of keys that signed it
    for record in signed_heads(chains):
        heads = heads_of(record)
        principal, why, code = principal_of(record, payload(thread, heads))
        if not principal:
            found.append(Doubt(code, record.id, _of(heads, f"does not count: {why}")))
        for name in heads if principal else ():
            counting.setdefault(name, []).append((principal, record))
    for chain in chains:
        found += _of_chain(chain, writer, counting.get(chain.writer, []))
    return found


def _of(heads: Mapping[str, str], what: str) -> str:
    return f"the signature of {', '.join(sorted(heads))} {what}"


def _of_chain(chain: Chain, writer: str, counting: Sequence[tuple[str, Record]]) -> list[Doubt]:
    found: list[Doubt] = []
    owner = counting[0][0] if counting else ""
    for principal, record in counting:
        if principal != owner:
            what = f"{principal} signed records of {chain.writer}, which is {owner}'s"
            found.append(Doubt("foreign-signature", record.id, what))
    theirs = [record for principal, record in counting if principal == owner]
    present = {digest for digest, _ in chain.lines}
    for record in theirs:
        if heads_of(record)[chain.writer] not in present:
            what = f"{owner} signed a record of {chain.writer} that is not here any more"
            found.append(Doubt("signed-record-missing", record.id, what))
    left = chain.unsigned_since(_last(chain, theirs))
    if left:
        pending = is_own(chain.writer, writer)
        actors = ", ".join(sorted({record.actor for record in left})[:3])
        who = f"{len(left)} records of writer {chain.writer} (by {actors})"
        what = f"{who} are signed by nobody in the list"
        if owner:
            what = f"{who} stand under a name of {owner}, whose key did not sign them"
        found.append(Doubt("unsigned-records", left[0].id, what, pending))
    return found
