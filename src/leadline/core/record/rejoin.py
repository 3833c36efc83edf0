"""A damaged event file made whole from copies, by its own chain: each line is the one whose digest the
line behind it names, so nothing is taken from a copy that was not written here before it.

Pure: contents of files are bytes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from leadline.core.canonical import sha256_for
from leadline.core.record.event import Misfit, Newer, Record, line_digest, parse_lines
from leadline.core.typed import NamedTuple

# Two records of which the end of the line between them is damaged or gone.
_JOINED = re.compile(rb'("writer":"[^"]{1,80}"\})[^\n]?(\{")')


class _Line(NamedTuple):
    """``torn``: the lines in front of it which no chain counts."""

    torn: bytes
    text: bytes
    id: str
    prev: str


class _File(NamedTuple):
    """``lines`` by their digests, in order; ``torn``: what stands behind the last of them; ``newer``:
    by its id what a newer Leadline wrote, which is read as torn lines are."""

    lines: dict[str, _Line]
    torn: bytes
    newer: dict[str, bytes]

    @property
    def end(self) -> str:
        return next(reversed(self.lines), "")


def _file(data: bytes) -> _File:
    lines, torn, sha256 = dict[str, _Line](), b"", sha256_for(len(data))
    given = data.splitlines(keepends=True)
    read = parse_lines(given)
    for line, record in zip(given, read, strict=True):
        if isinstance(record, Misfit):
            record = record.record
        if isinstance(record, Record):
            text = line.rstrip(b"\n") + b"\n"
            lines.setdefault(line_digest(line, sha256), _Line(torn, text, record.id, record.prev))
            torn = b""
        else:
            torn += line
    newer = {r.id: line for line, r in zip(given, read, strict=True) if isinstance(r, Newer)}
    return _File(lines, torn, newer)


def asked_for(data: bytes) -> str:
    """The digest of the line before the first record of ``data``; "" where there is none."""
    return next((line.prev for line in _file(data).lines.values()), "")


def rejoined(
    ours: bytes,
    copies: Iterable[bytes],
    ends: Collection[str] = (),
    follows: str = "",
    published: bytes = b"",
) -> bytes | None:
    """What ``ours`` has to be, where all that its chain asks for is in it or in a copy and no record of
    it is left out; None where it cannot be made whole.

    ``ends``: digests of lines that are known to have ended it, the surest first; ``follows``: of the
    line before its first. ``published``: a copy that may go on from where it ends now.
    """
    mine, theirs = _file(ours), _file(published)
    pool: dict[str, _Line] = {}
    parted = _file(_JOINED.sub(rb"\1\n\2", ours))
    for file in (theirs, *map(_file, copies), mine, parted):  # as published, torn lines and all
        pool = {**file.lines, **pool}
    for end in (*ends, theirs.end, parted.end, mine.end):
        chain = _walk_back(pool, end, follows)
        is_ours = end in ends or not mine.lines or mine.end in chain
        if chain and is_ours and _leaves_out_none(mine, chain):
            torn = next((file.torn for file in (mine, parted) if end == file.end), b"")
            whole = _text(chain, mine) + torn
            ids = {line.id for line in chain.values()}  # a damaged form says nothing more
            if all(uid in ids or line in whole for uid, line in mine.newer.items()):
                return whole
    return None


def _walk_back(pool: Mapping[str, _Line], end: str, follows: str) -> dict[str, _Line]:
    """The lines from the one after ``follows`` to ``end``; none where one of them is nowhere."""
    chain: dict[str, _Line] = {}
    while end != follows:
        if (line := pool.get(end)) is None:
            return {}
        chain[end], end = line, line.prev
    return dict(reversed(chain.items()))


def _text(chain: Mapping[str, _Line], mine: _File) -> bytes:
    """What is torn in front of a line of ours is the damaged form of the one that is put in there."""
    out, put_in = [], False
    for digest, line in chain.items():
        if not (put_in and line is mine.lines.get(digest)):
            out.append(line.torn)
        out.append(line.text)
        put_in = digest not in mine.lines
    return b"".join(out)


def _leaves_out_none(mine: _File, chain: Mapping[str, _Line]) -> bool:
    """Whether each record of ours is in the chain, or is the damaged form of one that is: of its id, or
    with other lines of ours behind it and in a place that the chain has another line for."""
    ids = {line.id for line in chain.values()}
    put_in = {line.prev for digest, line in chain.items() if digest not in mine.lines}
    return all(
        line.id in ids or (digest != mine.end and line.prev in put_in)
        for digest, line in mine.lines.items()
    )
