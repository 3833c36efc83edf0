"""Of the event files of a long thread, those are read that a question is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leadline.core.record.event import Record, line_digest
from leadline.core.record.event_files import heads
from leadline.core.record.union import Known, is_within, union

WRITERS, FILES_EACH = ("wa", "wb"), 6
FILES = {f"{w}-{n}.jsonl": f"{w} {n}\n".encode() for w in WRITERS for n in range(1, FILES_EACH + 1)}


class LookedAt(Mapping[str, bytes]):
    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.read = files, set[str]()

    def __getitem__(self, name: str) -> bytes:
        data = self.files[name]
        self.read.add(name)
        return data

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


def test_taking_in_a_longer_file_reads_that_file() -> None:
    here = LookedAt(FILES)
    theirs = {"wa-6.jsonl": FILES["wa-6.jsonl"] + b"more\n", "wc-1.jsonl": b"new\n"}
    done = union(Known(here), theirs)
    assert (done.changed, here.read) == (theirs, {"wa-6.jsonl"})


def test_what_one_file_brought_is_there_for_the_next() -> None:
    theirs = {"wc-1.jsonl": b"new\n", "wc-1~12345678.jsonl": b"new\n"}
    assert union(Known(LookedAt({})), theirs).changed == {"wc-1.jsonl": b"new\n"}


def test_a_longer_file_with_nothing_but_records_of_ours_once_more_is_damage() -> None:
    at = "2026-01-01T00:00:00.000Z"
    ours = Record("01KGE3H90200000000000000Z9", at, "t", "wa", "note", "Ada", {}, "").line()
    assert not union(Known({"wa-1.jsonl": ours}), {"wa-1.jsonl": ours + ours}).changed
    torn = {"wa-1.jsonl": ours + b"torn\n"}
    assert union(Known({"wa-1.jsonl": ours}), torn).changed == torn


def test_what_a_newer_leadline_wrote_is_kept_beside_ours_and_is_no_damage() -> None:
    def line(uid: str, prev: str, v: int = 1) -> bytes:
        return Record(uid, "2026-01-01T00:00:00.000Z", "t", "wa", "note", "Ada", {}, prev, v).line()

    first = line("01KGE3H90200000000000000Z1", "")
    ours = first + line("01KGE3H90200000000000000Z2", line_digest(first))
    theirs = first + line("01KGE3H90200000000000000Z3", line_digest(first), v=99)
    assert not is_within(theirs, ours) and is_within(first + b"torn\n", ours)
    assert is_within(ours.replace(b'"v":1', b'"v":3'), ours), "the damaged form of ours"
    done = union(Known({"wa-1.jsonl": ours}), {"wa-1.jsonl": theirs})
    assert list(done.changed.values()) == [theirs] and done.report.diverged == list(done.changed)


def test_the_heads_are_read_from_the_ends() -> None:
    at = "2026-01-01T00:00:00.000Z"
    line = Record("01KGE3H90200000000000000Z9", at, "t", "wa", "note", "Ada", {}, "").line()
    files = LookedAt({**FILES, "wa-5.jsonl": line, "wa-6.jsonl": b"torn"})
    found = heads(files)
    assert found == {"wa": line_digest(line)}
    assert files.read.isdisjoint({"wa-1.jsonl", "wa-2.jsonl", "wa-3.jsonl", "wa-4.jsonl"})
