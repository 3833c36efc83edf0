"""What the event files of a thread say together: the order of a writer's files, their chain, their
faults, and the union of two machines'.

Pure: files are names and bytes. So the store on disk and the one in memory cannot differ in what
counts as damage, or in which of two versions of a file is kept where.

>>> split_name("w1a2b3c4-7.jsonl")
('w1a2b3c4', 7)
>>> split_copy("w1-1~ab12cd.jsonl")
('w1-1.jsonl', 'ab12cd')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
from leadline.core.values import dataclass, field

FILE_NAME = later(r"[A-Za-z0-9_-]{1,80}-[1-9][0-9]{0,5}(~[0-9a-f]{6})?\.jsonl\Z")


@dataclass
class MergeReport:
    new_files: int = 0
    longer_files: int = 0
    diverged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


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


def by_writer(names: Iterable[str]) -> dict[str, list[str]]:
    """Each writer's files, oldest first."""
    writers: dict[str, list[tuple[int, str]]] = {}
    for name in names:
        writer, number = split_name(name)
        writers.setdefault(writer, []).append((number, name))
    return {w: [n for _, n in sorted(names)] for w, names in writers.items()}


# -- lines -----------------------------------------------------------------------------------------
def is_record(line: bytes) -> bool:
    """Whether a line is whole, newline and all, and holds what the next line follows: a record, or
    one that is quarantined."""
    try:
        return line.endswith(b"\n") and parse_line(line) is not None
    except Misfit:
        return True
    except BadLine:
        return False


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
    found = {
        writer: last_digest(b"".join(files[name] for name in names))
        for writer, names in by_writer(files).items()
    }
    return {writer: digest for writer, digest in found.items() if digest}


# -- checking --------------------------------------------------------------------------------------
def check(files: Mapping[str, bytes], mark: str) -> tuple[list[Record], list[Fault]]:
    """Every record as the files have it, and everything wrong with them. ``mark``: see
    ``parse_lines``."""
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
        lines = [
            (f"{name}:{number}", line)
            for name in names
            for number, line in enumerate(files[name].splitlines(keepends=True), 1)
        ]
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
        if fault.code != "torn-line" or _digest_at(files, fault.where) not in acknowledged
    ]
    return records, [fault for name, fault in copies if name not in acknowledged] + faults


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


# -- union -----------------------------------------------------------------------------------------
def union(
    mine: Mapping[str, bytes], theirs: Mapping[str, bytes]
) -> tuple[dict[str, bytes], MergeReport]:
    """What to write so that ``mine`` holds ``theirs`` too: new files and longer ones. A version
    that is no continuation of ours is written beside it."""
    report, known, changed = MergeReport(), dict(mine), dict[str, bytes]()
    for name, data in sorted(theirs.items()):
        if not FILE_NAME.match(name):
            report.refused.append(name)
            continue
        original, ours = known.get(split_copy(name)[0], b""), known.get(name)
        if (ours or b"").startswith(data) or original.startswith(data):
            continue
        if ours is not None and not data.startswith(ours):
            name = copy_name(name, ours, data)
            report.diverged.append(name)
            ours = known.get(name)
            if ours is not None and ours.startswith(data):
                continue
        changed[name] = known[name] = data
        if ours is None:
            report.new_files += 1
        else:
            report.longer_files += 1
    return changed, report
