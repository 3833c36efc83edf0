"""Which records are not the ones that were written: seen while event files are read, from the digest
that each line holds of the line before it and from the head that was noted beside the file.

>>> Lines().take([], []).digest
''
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from leadline.core.canonical import sha256_for
from leadline.core.record.about import uid_named
from leadline.core.record.event import BadLine, Misfit, Record, line_digest
from leadline.core.record.event_files import Head, by_writer, split_name
from leadline.core.record.order import note_of, uid_in
from leadline.core.timestamps import counted
from leadline.core.typed import NamedTuple
from leadline.core.values import dataclass, field

_SEALS = ("snapshot", "heads-signed")


class Altered(NamedTuple):
    """A line in whose place another stands now. ``where`` it shows, as ``verify`` names it: the line
    that does not follow it, or itself; ``uids``: what it is about; ``settled``: a person said that it
    stands (``verify --settle``)."""

    where: str
    writer: str
    uids: frozenset[str]
    settled: bool = False


@dataclass
class Lines:
    """What is known of the lines of one event file that were read: ``follows``, the digest that its
    first record names; ``digest``, that of its last; ``ends``: the digest of each line by where it
    ends in the file; ``changed``: the numbers of lines that
    the next one does not follow, each with the next one's."""

    follows: str | None = None
    digest: str = ""
    ends: dict[int, str] = field(default_factory=dict)
    places: dict[int, tuple[int, Record | None]] = field(default_factory=dict)
    changed: list[tuple[int, int]] = field(default_factory=list)
    _last: int = 0

    def take(self, lines: Sequence[bytes], found: Sequence[Record | BadLine]) -> Lines:
        """Go on with further lines, without their newlines."""
        sha256 = sha256_for(sum(map(len, lines)))
        end, number = max(self.ends, default=0), len(self.ends)
        for line, read in zip(lines, found, strict=True):
            end, number = end + len(line) + 1, number + 1
            digest = self.ends[end] = line_digest(line, sha256)
            record = read.record if isinstance(read, Misfit) else read
            if isinstance(record, BadLine):
                continue
            self.places[number] = (end, record)
            if self.follows is None:
                self.follows = record.prev
            elif record.prev != self.digest:
                self.changed.append((self._last, number))
            self.digest, self._last = digest, number
        return self


def altered(
    files: Mapping[str, Lines], heads: Mapping[str, Head], records: Iterable[Record]
) -> list[Altered]:
    """Every line that is not as it was written. ``heads``: how far each file
    had come when it was last written to here."""
    found: dict[str, Altered] = {}

    def name(file: str, number: int, seen_at: str = "") -> None:
        where = seen_at or f"{file}:{max(number, 1)}"
        record = files[file].places.get(number, (0, None))[1]
        found.setdefault(where, Altered(where, split_name(file)[0], about(record)))

    for writer, names in by_writer(files).items():
        if "~" in writer:
            continue
        before = ""
        for file in names:
            lines = files[file]
            for number, following in lines.changed:
                name(file, number, f"{file}:{following}")
            if before and lines.follows not in (None, files[before].digest):
                name(before, max(files[before].places, default=1), f"{file}:1")
            before = file
    records = list(records)
    said = [r for r in records if r.kind == "healed"]
    wanted = [*heads.items()]
    for record in said:
        for was in record.body.get("changed", ()):
            wanted.append((was["file"], Head(was["size_bytes"], was["was"])))
    for file, head in wanted:
        if file in files and head.digest not in files[file].ends.values():
            places = files[file].places.items()
            reached = (n for n, (end, _) in places if end >= head.size_bytes)
            name(file, next(reached, max(files[file].places, default=1)))
    for file, number in _noted_otherwise(files, records):
        name(file, number)
    settled = {where for record in said for where in record.body.get("diverged", ())}
    return [each._replace(settled=where in settled) for where, each in found.items()]


def _noted_otherwise(
    files: Mapping[str, Lines], records: Iterable[Record]
) -> Iterator[tuple[str, int]]:
    """Lines (by file and number) that are not what a seal or another writer noted of them: who
    recomputed a chain did not recompute those."""
    digests: set[str] = set()
    places: dict[str, tuple[str, int]] = {}
    for record in records:
        sealed = record.body.get("heads") if record.kind in _SEALS else None
        if not (sealed or record.seen):
            continue
        if not digests:
            digests = {digest for lines in files.values() for digest in lines.ends.values()}
            for name, lines in files.items():
                for number, (_, found) in lines.places.items():
                    if found is not None:
                        places[found.id] = name, number
        for writer, digest in dict(sealed or {}).items():
            if digest not in digests:
                last = by_writer(files).get(str(writer).partition("~")[0])
                if last:
                    yield last[-1], max(files[last[-1]].places, default=1)
        for note in (record.seen or {}).values():
            at = places.get(uid_in(note))
            if at is None:
                continue
            end = files[at[0]].places[at[1]][0]
            if note_of(uid_in(note), files[at[0]].ends[end]) != note:
                yield at


def unsettled(found: Iterable[Altered]) -> list[Altered]:
    """Those that nobody looked at."""
    return [each for each in found if not each.settled]


def told(found: Iterable[Altered]) -> str:
    """``2 records of w1 differ from what was written: leadline verify``; "" where all are settled."""
    by: dict[str, int] = {}
    for each in unsettled(found):
        by[each.writer] = by.get(each.writer, 0) + 1
    named = [f"{counted(n, 'record')} of {writer}" for writer, n in sorted(by.items())]
    verb = "differs" if list(by.values()) == [1] else "differ"
    return f"{', '.join(named)} {verb} from what was written: leadline verify" if named else ""


def about(record: Record | None) -> frozenset[str]:
    if record is None:
        return frozenset()
    named = (uid_named(record, field) for field in ("run", "target", "experiment"))
    return frozenset({record.id, *named} - {""})
