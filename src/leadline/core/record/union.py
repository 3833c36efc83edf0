"""The union of two machines' event files, and what two versions of one file say differently.

A file only grows. A version that another machine has is taken in where it goes on from ours, or from
where ours went on too; one that has other lines in the place of ours is *disputed*: it is kept apart
and read by nobody.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping

from leadline.core.canonical import digest_bytes
from leadline.core.record.event import BadLine, Misfit, Newer, Record, line_digest, parse_line
from leadline.core.record.event_files import (
    FILE_NAME,
    Head,
    copy_name,
    is_own,
    is_record,
    split_copy,
    split_name,
)
from leadline.core.typed import NamedTuple, cast
from leadline.core.values import dataclass, field


@dataclass
class MergeReport:
    """``diverged``: kept beside ours and read; ``disputed``: kept apart and not read."""

    new_files: int = 0
    longer_files: int = 0
    diverged: list[str] = field(default_factory=list)
    disputed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass
class Known:
    """What is here, for who takes in another machine's files. ``heads``: of files as they were
    written here; ``disputed``: versions that are kept apart; ``published``: the files as they were
    seen at the remote before; ``writer``: this machine's, "" when that does not matter."""

    files: Mapping[str, bytes]
    heads: Mapping[str, Head] = field(default_factory=dict)
    disputed: Mapping[str, bytes] = field(default_factory=dict)
    published: Mapping[str, bytes] = field(default_factory=dict)
    writer: str = ""


@dataclass
class Union:
    """What to write so that what is here holds the others' files too: among the event files, and
    apart from them."""

    changed: dict[str, bytes] = field(default_factory=dict)
    disputed: dict[str, bytes] = field(default_factory=dict)
    report: MergeReport = field(default_factory=MergeReport)


def union(known: Known, theirs: Mapping[str, bytes]) -> Union:
    """New files and longer ones are taken in. A version that went on otherwise from where ours did
    is written beside it; one that has other lines in the place of ours is disputed."""
    done, apart = Union(), dict(known.disputed)
    # What is here is only read.
    files = ChainMap(done.changed, cast("dict[str, bytes]", known.files))
    report = done.report
    for name, data in sorted(theirs.items()):
        if not FILE_NAME.match(name):
            report.refused.append(name)
            continue
        base = split_copy(name)[0]
        original = files.get(base, b"")
        versions = [original, files.get(name, b"")]
        versions += (held for copy, held in apart.items() if split_copy(copy)[0] == base)
        if any(version.startswith(data) for version in versions):
            continue
        if not _only_goes_on_torn(data, original) and is_within(data, original):
            continue
        if base in files and _is_disputed(known, name, original, data):
            copy = _place_apart(apart, copy_name(name, original, data), data)
            done.disputed[copy] = apart[copy] = data
            report.disputed.append(copy)
            continue
        ours = files.get(name)
        if ours is not None and (not data.startswith(ours) or _is_strange(known, name, ours)):
            name = copy_name(name, ours, data)
            report.diverged.append(name)
            ours = files.get(name)
            if ours is not None and ours.startswith(data):
                continue
        done.changed[name] = data
        if ours is None:
            report.new_files += 1
        else:
            report.longer_files += 1
    return done


def _is_disputed(known: Known, name: str, ours: bytes, theirs: bytes) -> bool:
    """Whether ``theirs`` has other lines in the place of ours: changed, put in, or left out where
    they had been seen. Not where ours is no more what was written here, and theirs is."""
    if theirs.startswith(ours):
        return False
    head = known.heads.get(split_copy(name)[0])
    if not _is_whole(ours) or (head is not None and not head.is_in(ours)):
        return head is not None and not head.is_in(theirs)
    mine, others = _differing(ours, theirs)
    return (
        bool(_ids(mine) & _ids(others))
        or not _is_whole(theirs)
        or not theirs.startswith(known.published.get(name, b""))
    )


def _only_goes_on_torn(data: bytes, ours: bytes) -> bool:
    """Whether ``data`` is ours and torn lines behind it: a longer file, and not one with records
    of ours once more."""
    behind = data[len(ours) :].splitlines(keepends=True)
    return data.startswith(ours) and not any(map(is_record, behind))


def _is_strange(known: Known, name: str, ours: bytes) -> bool:
    """Whether what goes on from ``ours`` was written under this machine's name by somebody else."""
    head = known.heads.get(name)
    is_ours = bool(known.writer) and is_own(split_name(name)[0], known.writer)
    return is_ours and head is not None and head.size_bytes == len(ours) and head.is_in(ours)


def _place_apart(apart: Mapping[str, bytes], copy: str, data: bytes) -> str:
    """A version that grew takes the place of what it was; another one has a name of its own."""
    if data.startswith(apart.get(copy, b"")):
        return copy
    return f"{copy.partition('~')[0]}~{digest_bytes(data)[7:13]}.jsonl"


def _differing(ours: bytes, theirs: bytes) -> tuple[list[bytes], list[bytes]]:
    """The lines of two versions behind those that they share."""
    mine, others = ours.splitlines(), theirs.splitlines()
    shared = 0
    for a, b in zip(mine, others, strict=False):
        if a != b:
            break
        shared += 1
    return mine[shared:], others[shared:]


def records_in(lines: Iterable[bytes]) -> dict[str, Record]:
    """By their ids, those also that are quarantined."""
    found: dict[str, Record] = {}
    for line in lines:
        try:
            record = parse_line(line)
        except Misfit as misfit:
            record = misfit.record
        except BadLine:
            continue
        found.setdefault(record.id, record)
    return found


def _ids(lines: Iterable[bytes]) -> set[str]:
    return set(records_in(lines))


def _is_whole(data: bytes) -> bool:
    """Whether each record follows the one before it."""
    previous = ""
    for line in data.splitlines():
        try:
            prev = parse_line(line).prev
        except Misfit as misfit:
            prev = misfit.record.prev
        except BadLine:
            continue
        if previous and prev != previous:
            return False
        previous = line_digest(line)
    return True


# -- disputes --------------------------------------------------------------------------------------
class Differing(NamedTuple):
    """One record in two versions of a file; None where a version has not got it."""

    id: str
    ours: Record | None
    theirs: Record | None

    def fields(self) -> list[tuple[str, object, object]]:
        """(name, here, there) of each part that differs; nothing but its place in the chain may."""
        if self.ours is None or self.theirs is None:
            return []
        mine, others = _flat(self.ours), _flat(self.theirs)
        names = [*mine, *(name for name in others if name not in mine)]
        return [(n, mine.get(n), others.get(n)) for n in names if mine.get(n) != others.get(n)]


def differences(ours: bytes, theirs: bytes) -> list[Differing]:
    """The records that two versions of a file do not both have, in order of time; what only follows
    another line than before is none. What of ours lies behind the end of theirs is none either."""
    mine, others = map(records_in, _differing(ours, theirs))
    found = [Differing(uid, mine.get(uid), others.get(uid)) for uid in sorted({*mine, *others})]
    last = max(others, default="")
    return [
        each
        for each in found
        if (each.ours is None or each.theirs is None or each.fields())
        and not (each.theirs is None and each.id > last)
    ]


def is_within(theirs: bytes, ours: bytes) -> bool:
    """Whether each record of theirs stands in ours, byte by byte, and ours is a whole chain: what else
    theirs has is damage."""
    mine = set(ours.splitlines())
    more = (line for line in theirs.splitlines() if line not in mine)
    return not any(_says_more(line, ours) for line in more) and _is_whole(ours)


def _says_more(line: bytes, ours: bytes) -> bool:
    """Whether a line is a record to somebody: one that is quarantined here, or of a newer Leadline and
    no damaged form of one of ours."""
    try:
        parse_line(line)
    except Newer as newer:
        return newer.id not in records_in(ours.splitlines())
    except Misfit:
        return True
    except BadLine:
        return False
    return True


def _flat(record: Record) -> dict[str, object]:
    """``metrics.loss`` and the like to its value, with the parts of the envelope that say something."""
    found: dict[str, object] = {"at": record.at, "actor": record.actor, "kind": record.kind}

    def walk(name: str, value: object) -> None:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                walk(f"{name}.{key}" if name else str(key), inner)
        else:
            found[name] = value

    walk("", record.body)
    return found
