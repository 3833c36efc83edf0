"""One immutable event: its envelope, its line in a file, its version.

A line is canonical JSON; ``prev`` is the digest of the writer's previous valid line, so each
writer's lines are a hash chain. Readers accept every version ever written (upcasters) and keep
kinds they do not know. A line whose body is not what its kind declares is a link of the chain and
no record: a ``Misfit``. What the writer had seen of others (``core/record/order.py``) stands in an
envelope only where it changed; the session that wrote it, where there was one.
"""

from __future__ import annotations

import json
import marshal
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from json.encoder import encode_basestring
from operator import itemgetter

from leadline.core.canonical import canonical_json, digest_bytes, sha256_for
from leadline.core.record.conform import misfit
from leadline.core.timestamps import epoch_ms
from leadline.core.typed import Any, Generic, TypeVar
from leadline.core.ulid import is_ulid
from leadline.core.values import dataclass

CURRENT_VERSION = 1
READ_AT_ONCE = 500  # lines of a chain
MOST_REPEATED = 4000  # values of which it is known that they were said

ENVELOPE = ("v", "id", "at", "thread", "writer", "kind", "actor", "body", "prev")
_envelope_of = itemgetter(*ENVELOPE)
_TIME = re.compile(
    r"(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8]|(29|3[01]))"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|6[01])(?:\.\d{1,9})?Z\Z",
    re.ASCII,
)

Upcaster = Callable[[dict[str, object]], dict[str, object]]
# version -> function from that version's envelope to the next one's. Never remove one.
UPCASTERS: dict[int, Upcaster] = {}


Body = TypeVar("Body", default=Any, covariant=True)


@dataclass(slots=True, frozen=True)
class Record(Generic[Body]):
    id: str
    at: str
    thread: str
    writer: str
    kind: str
    actor: str
    body: Body  # core/record/bodies.py
    prev: str
    v: int = CURRENT_VERSION
    seen: Mapping[str, str] | None = None
    session: str = ""  # ULID of the session that it was written in

    def line(self) -> bytes:
        """The canonical line, with its final newline."""
        return self.line_around(canonical_json(self.body))

    def line_around(self, body: str) -> bytes:
        """The same, for who has the canonical JSON of the body: names are in order."""
        seen, session = "", ""
        if self.seen is not None:
            seen = f'"seen":{canonical_json(self.seen)},'
        if self.session:
            session = f'"session":{canonical_json(self.session)},'
        at, uid, prev = map(encode_basestring, (self.at, self.id, self.prev))  # ASCII all
        return (
            f'{{"actor":{_quoted(self.actor)},"at":{at},"body":{body},"id":{uid},'
            f'"kind":{_quoted(self.kind)},"prev":{prev},{seen}{session}'
            f'"thread":{_quoted(self.thread)},"v":{self.v},"writer":{_quoted(self.writer)}}}\n'
        ).encode()

    def changed(self, body: Mapping[str, Any], prev: str) -> Record:
        """The same record with another body, behind another line."""
        kept = (self.id, self.at, self.thread, self.writer, self.kind, self.actor)
        return Record(*kept, dict(body), prev, self.v, self.seen, self.session)


@lru_cache(maxsize=64)
def _quoted(text: str) -> str:
    """What one record says of itself as the one before it did."""
    return canonical_json(text)


class BadLine(ValueError):
    """A line that is not a record; the text says why."""


class Newer(BadLine):
    """A record that was written by a newer Leadline, which this one cannot read. ``id``: "" where it
    has none."""

    def __init__(self, uid: str, why: str) -> None:
        super().__init__(why)
        self.id = uid


class Misfit(BadLine):
    """A line with the envelope of a record, whose body is not what its kind declares. It is read by
    nobody but who names it; the lines behind it follow it all the same."""

    def __init__(self, record: Record, why: str) -> None:
        super().__init__(why)
        self.record = record


def parse_line(line: bytes, upcasters: dict[int, Upcaster] | None = None) -> Record:
    """The record of one line (with or without its newline), brought to the current version.

    Raises BadLine when it is torn, not JSON, lacks an envelope field, or was written by a newer
    Leadline; Misfit when its body is not what its kind declares.
    """
    if b"\\ud" in line or b"\\uD" in line:
        _refuse_halves(line)
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine(f"not JSON: {error}") from None
    return record_of(data, upcasters)


def _refuse_halves(line: bytes) -> None:
    """Raise BadLine for a text that holds half of a character: nothing can be done with it, not even
    write it. Leadline writes characters as they are, so few lines are looked at."""
    try:
        json.dumps(json.loads(line), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadLine("a text in it holds half of a character (a lone surrogate)") from None
    except (ValueError, RecursionError):
        return  # who reads it says so


def parse_lines(lines: Sequence[bytes], mark: str = "") -> list[Record | BadLine]:
    """What ``parse_line`` gives or raises for each line.

    With a ``mark``, a text drawn at random a moment ago, all lines are read as one array with the
    mark between them: a tenth quicker, and a name that stands in every record is kept once, so that
    what looks at them later is quicker too. No line can hold the mark, so where it is every second
    member, each line is one value and ends where it seems to; anything else and each line is read
    alone.
    """
    values = _values_of(lines, mark) if mark and lines else None
    found: list[Record | BadLine] = []
    for at, line in enumerate(lines):
        try:
            found.append(parse_line(line) if values is None else record_of(values[at]))
        except BadLine as error:
            found.append(error)
    return found


def as_written_today(lines: Sequence[bytes]) -> list[str]:
    """Each line with its texts as they are written today, which another program may have said
    otherwise; what is no record, as it stands. Most lines are looked at only."""
    texts = [line.decode("utf-8", "replace") for line in lines]
    for at, text in enumerate(texts):
        if not _says_texts_as_today(text):
            found = parse_lines([lines[at]])[0]
            texts[at] = found.line().decode() if isinstance(found, Record) else text
    return texts


def _says_texts_as_today(line: str) -> bool:
    """Whether no character that stands as it is today is escaped, and no space is between texts."""
    if "\\" in line:
        if "\\u" in line or "\\/" in line:
            return False
        line = line.replace("\\\\", "").replace('\\"', "")
    return len("".join(line.split('"')[::2]).split()) == 1


def _values_of(lines: Sequence[bytes], mark: str) -> list[Any] | None:
    """The JSON value of each line, or None when they have to be read one by one."""
    whole = b"[" + f',"{mark}",'.encode().join(lines) + b"]"
    if b"\\u" in whole and (b"\\ud" in whole or b"\\uD" in whole):
        return None
    try:
        members = json.loads(whole)
    except (ValueError, RecursionError):
        return None
    apart = len(members) == 2 * len(lines) - 1 and all(member == mark for member in members[1::2])
    return members[::2] if apart else None


class Repeated:
    """What many records say alike (the machine, the code) is held once by who holds the records:
    nobody changes one. 6 kB a run instead of 18."""

    def __init__(self) -> None:
        self._known: dict[bytes, Any] = {}

    def hold_once(self, body: dict[str, Any]) -> None:
        for name, value in body.items():
            if type(value) is dict or type(value) is list:
                body[name] = self._known.setdefault(marshal.dumps(value, 2), value)
        if len(self._known) > MOST_REPEATED:  # most of it is said once only
            self._known.clear()


def record_of(data: Any, upcasters: dict[int, Upcaster] | None = None) -> Record:
    """The record of one line's JSON value. Raises BadLine as ``parse_line`` does."""
    if type(data) is not dict or type(data.get("v")) is not int:
        raise BadLine("not a record: no version")
    table = UPCASTERS if upcasters is None else upcasters
    while data["v"] < CURRENT_VERSION:
        if data["v"] not in table:
            raise BadLine(f"record version {data['v']} is unknown")
        data = table[data["v"]](data)
    if data["v"] > CURRENT_VERSION:
        raise Newer(
            str(data.get("id", "")),
            f"written by a newer Leadline (record version {data['v']}, this one reads {CURRENT_VERSION})",
        )
    try:
        v, uid, at, thread, writer, kind, actor, body, prev = _envelope_of(data)
    except KeyError as error:
        raise BadLine(f"not a record: no {error}") from None
    if not is_ulid(uid) or type(body) is not dict:
        raise BadLine("not a record: bad id or body")
    if (
        not type(thread)
        is type(writer)
        is type(kind)
        is type(actor)
        is type(prev)
        is type(at)
        is str
    ):
        raise BadLine("not a record: a part of its envelope is no text")
    if (found := _TIME.match(at)) is None or (found[1] and not _is_time(at)):
        raise BadLine("not a record: it says no time")
    seen = data.get("seen")
    if seen is not None and not _are_notes(seen):
        raise BadLine("not a record: what it had seen is no text")
    session = data.get("session", "")
    if type(session) is not str:
        raise BadLine("not a record: its session is no text")
    record = Record(uid, at, thread, writer, kind, actor, body, prev, v, seen, session)
    if why := misfit(kind, body):
        raise Misfit(record, why)
    return record


def record_known(data: dict[str, Any]) -> Record:
    """As ``record_of``, of a value that was read by it before."""
    if data["v"] != CURRENT_VERSION:
        return record_of(data)
    v, uid, at, thread, writer, kind, actor, body, prev = _envelope_of(data)
    return Record(
        uid,
        at,
        thread,
        writer,
        kind,
        actor,
        body,
        prev,
        v,
        data.get("seen"),
        data.get("session", ""),
    )


def _are_notes(seen: Any) -> bool:
    return type(seen) is dict and all(type(note) is str for note in seen.values())


def _is_time(at: str) -> bool:
    """Of a day that not every month has."""
    try:
        epoch_ms(at)
    except ValueError:
        return False
    return True


def line_digest(line: bytes, sha256: Any = None) -> str:
    """Digest of a line without its newline: what the next line's ``prev`` holds. ``sha256``: what
    hashes it, for who has many (see ``sha256_for``)."""
    text = line.rstrip(b"\n")
    return digest_bytes(text) if sha256 is None else f"sha256:{sha256(text).hexdigest()}"


@dataclass(slots=True)
class Fault:
    """One thing wrong with the record, in words, with the command that mends it. ``kind``: of the
    record that is quarantined for it."""

    where: str
    code: str
    what: str
    mend: str = ""
    kind: str = ""


def check_chain(
    lines: Iterable[tuple[str, bytes]], mark: str = "", follows: str = ""
) -> tuple[list[Record], list[Fault]]:
    """Check one writer's lines, oldest first, as (place, bytes) pairs. ``mark`` as ``parse_lines``
    has it; ``follows``: the digest of the line before the first, where that was checked already.

    A torn line is skipped by the chain and accepted when a later ``healed`` record of the writer
    names its digest.
    """
    records: list[Record] = []
    faults: list[Fault] = []
    torn: dict[str, str] = {}
    healed: set[str] = set()
    last: tuple[str, bytes, Record] | None = None
    previous, size_bytes, repeated = follows, 0, Repeated()
    for place, line, record in _read_some_at_a_time(lines, mark):
        size_bytes += len(line)
        sha256 = sha256_for(size_bytes)
        if isinstance(record, Misfit):
            faults.append(_quarantined(place, record))
            fit, record = None, record.record
        elif isinstance(record, BadLine):
            torn[line_digest(line, sha256)] = f"{place}\0{record}"
            continue
        else:
            fit = record
            repeated.hold_once(fit.body)
        if record.prev != previous:
            faults.append(
                Fault(
                    place,
                    "broken-chain",
                    f"record {record.id} does not follow the line before it: a line was changed, removed or put in",
                    "leadline sync  (fetches the copy on the remote; compare with the sealed digest)",
                )
            )
        previous = line_digest(line, sha256)
        if fit is None:
            continue
        if fit.kind == "healed":
            healed.update(fit.body["torn"])
        records.append(fit)
        last = place, line, fit
    faults += _last_line(*last) if last else []
    for digest, text in torn.items():
        if digest not in healed:
            place, _, why = text.partition("\0")
            faults.append(
                Fault(
                    place,
                    "torn-line",
                    f"a line that is no record ({why})",
                    "leadline verify --heal",
                )
            )
    return records, faults


def _read_some_at_a_time(
    lines: Iterable[tuple[str, bytes]], mark: str
) -> Iterator[tuple[str, bytes, Record | BadLine]]:
    rest = iter(lines)
    while some := list(islice(rest, READ_AT_ONCE)):
        read = parse_lines([line for _, line in some], mark)
        yield from ((place, line, found) for (place, line), found in zip(some, read, strict=True))


def _last_line(place: str, line: bytes, record: Record) -> list[Fault]:
    """What is wrong with a line that no other follows yet, as far as it shows by itself."""
    wanted = record.line()
    if line == wanted:
        return []
    if line + b"\n" == wanted:
        what = f"record {record.id} lacks the end of its line: it counts from the next write on"
        return [Fault(place, "open-line", what, "leadline note 'TEXT'  (any write ends it)")]
    what = f"record {record.id} does not stand as Leadline writes it: the line was changed"
    return [Fault(place, "changed-line", what, "leadline verify --heal")]


def _quarantined(place: str, bad: Misfit) -> Fault:
    found = bad.record
    return Fault(
        place,
        "malformed-record",
        f"record {found.id} of kind {found.kind[:40]} is left out: {bad}",
        "leadline verify --explain  (who wrote it has to write it anew)",
        found.kind[:40],
    )
