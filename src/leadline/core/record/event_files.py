"""What the event files of a thread say together: the order of a writer's files, their chain and their
faults. The union of two machines' is ``union.py``.

Pure: files are names and bytes. So the store on disk and the one in memory cannot differ in what
counts as damage, or in which of two versions of a file is kept where.

>>> split_name("w1a2b3c4-7.jsonl")
('w1a2b3c4', 7)
>>> split_copy("w1-1~ab12cd.jsonl")
('w1-1.jsonl', 'ab12cd')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from leadline.core.canonical import digest_bytes
from leadline.core.patterns import later
from leadline.core.record.event import (
    BadLine,
    Fault,
    Misfit,
    Record,
    check_chain,
    line_digest,
    parse_line,
)
from leadline.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from leadline.core.record.bodies import HealedBody

FILE_NAME = later(r"[A-Za-z0-9_-]{1,80}-[1-9][0-9]{0,5}(~[0-9a-f]{6})?\.jsonl\Z")


class Head(NamedTuple):
    """How far an event file had come when it was last written to here, and the digest of the line
    that ended there: noted beside the file, so that a change of its last line shows, too.
    ``detector``: which one searched all of it for secrets before it was written; 0: not all was."""

    size_bytes: int
    digest: str
    detector: int = 0

    def is_in(self, data: bytes) -> bool:
        """At its place, or at another one: a change before it moves it."""
        return self.is_at_its_place(data) or any(
            line_digest(line) == self.digest for line in data.splitlines()
        )

    def is_at_its_place(self, data: bytes) -> bool:
        """Then nothing was put in before it."""
        begin = data.rfind(b"\n", 0, self.size_bytes - 1) + 1
        return line_digest(data[begin : self.size_bytes]) == self.digest


def head_of(data: bytes) -> Head:
    """Of a file that ends with a newline."""
    return Head(len(data), line_digest(data[data.rfind(b"\n", 0, -1) + 1 :]))


# -- names -----------------------------------------------------------------------------------------
def split_name(name: str) -> tuple[str, int]:
    """The writer of a file and its number. A diverged copy (``…~ab12cd.jsonl``) counts as a writer
    of its own."""
    stem = name.removesuffix(".jsonl")
    base, tilde, copy = stem.partition("~")
    writer, _, number = base.rpartition("-")
    return writer + tilde + copy, int(number) if number.isdigit() else 0


def split_copy(name: str) -> tuple[str, str]:
    """The file that a diverged copy is another version of, and the copy's mark."""
    base, _, mark = name.removesuffix(".jsonl").partition("~")
    return base + ".jsonl", mark


def copy_name(name: str, ours: bytes, theirs: bytes) -> str:
    """Under which name another version of a file is kept: named by its first line that differs, so
    that it keeps its name while it grows and on every machine."""
    mine = ours.splitlines()
    differing = next(
        (line for i, line in enumerate(theirs.splitlines()) if i >= len(mine) or line != mine[i]),
        b"",
    )
    return f"{split_copy(name)[0].removesuffix('.jsonl')}~{digest_bytes(differing)[7:13]}.jsonl"


def is_own(name: str, writer: str) -> bool:
    """Whether the writer ``name`` is the machine of ``writer``: itself, or another session of it."""
    return name.partition("-")[0] == writer.partition("-")[0] and "~" not in name


def by_writer(names: Iterable[str]) -> dict[str, list[str]]:
    """Each writer's files, oldest first."""
    writers: dict[str, list[tuple[int, str]]] = {}
    for name in names:
        writer, number = split_name(name)
        writers.setdefault(writer, []).append((number, name))
    return {w: [n for _, n in sorted(names)] for w, names in writers.items()}


# -- lines -----------------------------------------------------------------------------------------
RECORD, QUARANTINED, TORN = "record", "quarantined", "torn"


# Who writes asks of one line when it is written, and when it is written behind.
@lru_cache(maxsize=4)
def line_is(line: bytes) -> str:
    """What a line holds: a whole ``RECORD``, newline and all, one that is ``QUARANTINED``, or what is
    ``TORN``."""
    try:
        return RECORD if line.endswith(b"\n") and parse_line(line) else TORN
    except Misfit:
        return QUARANTINED
    except BadLine:
        return TORN


def is_record(line: bytes) -> bool:
    """Whether a line holds what the next line follows: a record, or one that is quarantined."""
    return line_is(line) != TORN


def last_line(data: bytes) -> bytes:
    """The last line that is a record; empty when none is."""
    end = len(data)
    while end > 0:  # from the end: a writer asks this of its whole file before each record
        begin = data.rfind(b"\n", 0, end - 1) + 1
        if is_record(data[begin:end]):
            return data[begin:end]
        end = begin
    return b""


def last_digest(data: bytes) -> str:
    """The digest of the last line that is a record; "" when none is."""
    line = last_line(data)
    return line_digest(line) if line else ""


def heads(files: Mapping[str, bytes]) -> dict[str, str]:
    """Writer to the digest of its last record."""
    found = dict[str, str]()
    for writer, names in by_writer(files).items():
        digests = (last_digest(files[name]) for name in reversed(names))
        if digest := next(filter(None, digests), ""):
            found[writer] = digest
    return found


# -- checking --------------------------------------------------------------------------------------
def check(
    files: Mapping[str, bytes], mark: str, heads: Mapping[str, Head] | None = None
) -> tuple[list[Record], list[Fault]]:
    """Every record as the files have it, and everything wrong with them. ``mark``: see
    ``parse_lines``; ``heads``: of files as they were written here."""
    records, faults = list[Record](), list[Fault]()
    copies: list[tuple[str, Fault]] = []
    for writer, names in by_writer(files).items():
        is_copy = "~" in writer
        if is_copy:  # its beginning is that of the file it is another version of
            first = split_name(names[0])[1]
            before = (f"{writer.partition('~')[0]}-{number}.jsonl" for number in range(1, first))
            names = [name for name in before if name in files] + names
            copies.append((names[-1], _diverged(names[-1])))
        else:
            faults += missing(writer, names)
        lines = (
            (f"{name}:{number}", line)
            for name in names
            for number, line in enumerate(files[name].splitlines(keepends=True), 1)
        )
        found, wrong = check_chain(lines, mark)
        records += found
        faults += [f for f in wrong if not is_copy or f.where.startswith(names[-1])]
    # What a ``healed`` record names was seen and is no fault any more.
    acknowledged = {
        digest
        for record in records
        if record.kind == "healed"
        for digest in (*record.body["torn"], *record.body.get("diverged", []))
    }
    faults = [
        fault
        for fault in faults
        if not (fault.code == "broken-chain" and fault.where in acknowledged)
        and (fault.code != "torn-line" or _digest_at(files, fault.where) not in acknowledged)
    ]
    faults += [
        fault
        for fault in _not_as_written(files, heads or {}, records)
        if fault.where not in acknowledged.union(f.where for f in faults)
    ]
    return records, [fault for name, fault in copies if name not in acknowledged] + faults


def _not_as_written(
    files: Mapping[str, bytes], heads: Mapping[str, Head], records: Iterable[Record]
) -> list[Fault]:
    """Files whose last line is not the one that was written here, now or when somebody next wrote
    to them."""

    def is_here(name: str, head: Head) -> bool:
        return any(
            head.is_in(files[version]) for version in files if split_copy(version)[0] == name
        )

    found = {
        (name, head): fault_of_head(name, files.get(name, b""), head)
        for name, head in heads.items()
        if not (head.is_in(files.get(name, b"")) or is_here(name, head))
    }
    for record in records:
        for said in record.body.get("changed", ()) if record.kind == "healed" else ():
            head = Head(said["size_bytes"], said["was"])
            if not is_here(said["file"], head):
                where, when = f"{said['file']}:{said['line']}", record.at[:16].replace("T", " ")
                what = f"it was not the line that was written here when {record.id} of {when} was added"
                found.setdefault(
                    (said["file"], head), Fault(where, "changed-line", what, _settle(where))
                )
    return list(found.values())


def fault_of_head(name: str, data: bytes, head: Head) -> Fault:
    """What is wrong with a file that does not hold its ``head``."""
    # the line in which the head ended, or the last one of a file that is shorter now
    lines = min(data[: head.size_bytes - 1].count(b"\n") + 1, data.count(b"\n"))
    short = head.size_bytes - len(data)
    where = f"{name}:{max(lines, 1)}"
    what = "the last line is not the one that was written here: it was changed"
    if short > 0:
        what = f"{what}, or the end was cut off ({short} bytes fewer)"
    code = "changed-line" if data else "records-missing"
    return Fault(where, code, what, _settle(where))


def not_as_written(name: str, data: bytes, head: Head | None) -> HealedBody | None:
    """The body of the record by which a write says what it goes on from: a torn line, or a last one
    that is not what ``head`` noted. None where all is as it was written."""
    body: HealedBody = {"torn": [], "by": "the next write", "file": name}
    last = data.rstrip(b"\n").rpartition(b"\n")[2]
    if last and not is_record(last + b"\n"):
        body["torn"] = [digest_bytes(last)]
    if head is not None and not head.is_in(data):
        line = int(fault_of_head(name, data, head).where.rpartition(":")[2])
        body["changed"] = [
            {"file": name, "line": line, "size_bytes": head.size_bytes, "was": head.digest}
        ]
    return body if body["torn"] or "changed" in body else None


def _settle(where: str) -> str:
    return f"leadline verify --heal, else leadline verify --settle {where}"


def _diverged(name: str) -> Fault:
    return Fault(
        name,
        "diverged-file",
        "two versions of this file exist: one was changed after it was written, or two machines wrote "
        "under one name; both are read",
        "leadline verify --explain, then leadline verify --heal",
    )


def missing(writer: str, names: list[str]) -> list[Fault]:
    """Gaps in the numbers of a writer's files."""
    faults, expected = [], 1
    for name in names:
        number = split_name(name)[1]
        if number != expected:
            what = f"file {expected} of writer {writer} is missing"
            faults.append(Fault(name, "missing-file", what, "leadline sync"))
        expected = number + 1
    return faults


def to_acknowledge(files: Mapping[str, bytes], faults: list[Fault]) -> tuple[list[str], list[str]]:
    """What a ``healed`` record has to name: digests of torn lines, names of diverged files."""
    torn = [_digest_at(files, fault.where) for fault in faults if fault.code == "torn-line"]
    return torn, [fault.where for fault in faults if fault.code == "diverged-file"]


def _digest_at(files: Mapping[str, bytes], where: str) -> str:
    name, _, number = where.rpartition(":")
    return digest_bytes(files[name].splitlines(keepends=True)[int(number) - 1].rstrip(b"\n"))
