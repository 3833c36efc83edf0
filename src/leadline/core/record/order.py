"""Which of two records was there first, by what their writers had seen and by no clock.

Times and ids say what a clock said, and a clock can be set back. A writer's own records stand one
behind the other in its chain. Of the others' it notes, in the envelope of its next record, how far
each of their files had come (``seen``). So a record of somebody else came before one of ours where
ours, or an earlier one of ours, notes it or a later one of his; else nothing is known, and it did
not.

>>> a, b = "01AAAAAAAAAAAAAAAAAAAAAAAA", "01BBBBBBBBBBBBBBBBBBBBBBBB"
>>> writers = {a: "w1", b: "w2"}
>>> Order(lambda uids: writers, lambda: {"w2": [(b, {})]}).came_before(a, b)  # w2 had not seen it
False
>>> noted = {"w2": [(b, {"w1": note_of(a, "sha256:12")})]}
>>> Order(lambda uids: writers, lambda: noted).came_before(a, b)
True
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence

from leadline.core.record.event import Record
from leadline.core.ulid import BEYOND, LENGTH

Seen = Mapping[str, str]  # writer to how far its file had come, as ``note_of`` writes it
SeenByWriter = Mapping[str, Sequence[tuple[str, Seen]]]
DIGITS = 16


def note_of(uid: str, digest: str) -> str:
    """The id of a writer's last record, and the beginning of the digest of its line."""
    return f"{uid}:{digest.removeprefix('sha256:')[:DIGITS]}"


def uid_in(note: str) -> str:
    return note[:LENGTH]


class Order:
    """``writers_of``: of the records of these ids; ``seen``: of each writer its records that note what
    it had seen, oldest first. Both are asked when it is needed."""

    def __init__(
        self,
        writers_of: Callable[[Sequence[str]], Mapping[str, str]],
        seen: Callable[[], SeenByWriter],
    ) -> None:
        self._writers_of, self._seen_by = writers_of, seen
        self._notes: SeenByWriter | None = None
        self._writers: dict[str, str] = {}
        self._known: dict[tuple[str, str], tuple[list[str], list[str]]] = {}

    @property
    def _seen(self) -> SeenByWriter:
        if self._notes is None:
            self._notes = self._seen_by()
        return self._notes

    def came_before(self, earlier: str, *later: str) -> bool:
        """Whether the record ``earlier`` is known to have been there when each of ``later`` was
        written; not before none."""
        return bool(later) and len(self.known_after(earlier, later)) == len(set(later))

    def known_after(self, earlier: str, later: Sequence[str]) -> set[str]:
        """Those of ``later`` of which that is known. A writer that had noted nothing by then wrote
        with an older Leadline: there the ids decide, as they do among its own records."""
        if self._seen:
            self._ask(earlier)
            other = self._writers.get(earlier, "")
            if not self._seen.keys() <= {other}:
                self._ask(*later)
                whose = self._writers
                return {u for u in later if self._had_seen(whose[u], u, other, earlier)}
        return {uid for uid in later if earlier < uid}

    def _ask(self, *uids: str) -> None:
        missing = [uid for uid in uids if uid not in self._writers]
        if missing:
            self._writers.update({**dict.fromkeys(missing, ""), **self._writers_of(missing)})

    def _had_seen(self, writer: str, later: str, other: str, earlier: str) -> bool:
        notes = self._seen.get(writer, ())
        if writer == other or not notes or notes[0][0] > later:
            return earlier < later
        if (writer, other) not in self._known:
            found = [(uid, note[other]) for uid, note in notes if other in note]
            self._known[writer, other] = [u for u, _ in found], [uid_in(n) for _, n in found]
        at, had_come_to = self._known[writer, other]
        upto = bisect_right(at, later)
        return upto > 0 and earlier <= had_come_to[upto - 1]

    def noted_by_others(self) -> set[str]:
        """The writers whose records another one has noted."""
        return {
            other
            for writer, notes in self._seen.items()
            for _, note in notes
            for other in note
            if other != writer
        }

    def dated_back(self) -> list[tuple[str, str]]:
        """The first record of each writer that is older, by its id, than one that it had seen, and
        the id of that: its clock was set back. Not behind one that nobody's clock says."""
        found = []
        for notes in self._seen.values():
            for uid, note in notes:
                newest = max((u for u in map(uid_in, note.values()) if u < BEYOND), default="")
                if newest > uid:
                    found.append((uid, newest))
                    break
        return found


def order_of(records: Sequence[Record]) -> Order:
    """Of all records of a thread, in order of their ids."""

    def seen() -> SeenByWriter:
        found: dict[str, list[tuple[str, Seen]]] = {}
        for record in records:
            if record.seen is not None:
                found.setdefault(record.writer, []).append((record.id, record.seen))
        return found

    def writers_of(uids: Sequence[str]) -> dict[str, str]:
        return {record.id: record.writer for record in records}

    return Order(writers_of, seen)


def rewritten_since(
    records: Iterable[Record], digests: Mapping[str, str]
) -> list[tuple[Record, str, str]]:
    """(who had seen it, the writer, the id) of each record that was another line when another writer
    noted it; ``digests``: of the line of each record that is here."""
    return [
        (record, writer, uid_in(note))
        for record in records
        for writer, note in (record.seen or {}).items()
        if (there := digests.get(uid_in(note))) and note_of(uid_in(note), there) != note
    ]
