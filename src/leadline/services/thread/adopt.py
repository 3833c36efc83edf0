"""Take what was written into the logbook by hand in as records, losing no byte, so that it is a
rendering again.

The whole file goes to the blobs; what is new in it becomes records of its own: hand-written entries
as they are, changes inside rendered entries and in the header as differences (the entry itself
stays what the record says).
"""

from __future__ import annotations

import os
import re
from collections import defaultdict

from leadline.core.canonical import digest_bytes
from leadline.core.errors import not_found
from leadline.core.publish.append_only import Section, is_of_one, is_renamed, sections
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass
from leadline.render.logbook.frame import HEADER_BEGIN, HEADER_END, NO_ENTRY
from leadline.render.markdown import fence
from leadline.services.branch.logbook import logbook_data, logbook_path
from leadline.services.context import Context, refs_for
from leadline.services.publish.follow import Followed, follow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadline.core.record.bodies import AdoptedBody, AdoptedSaid

VERSIONS_COMPARED = 6
_Said = dict[tuple[str, ...], list[str]]  # what sections say, by their headings


@dataclass(frozen=True)
class Piece:
    """What a file says beyond the rendering. ``where``: "entry", "header", "form", or the heading of
    the entry that was changed. ``path``: the headings above an entry, and its own; ``now``: what an
    entry that was adopted before says now, whose change this is, and ``named`` its heading by now."""

    heading: str
    text: str
    where: str
    path: tuple[str, ...] = ()
    now: str = ""
    named: str = ""


@dataclass(frozen=True)
class Adopted:
    """``restored``: headings of entries that had been taken out; ``already``: this very content was
    adopted before. ``redacted``: what was hidden, by line. ``followed``: None where the file was not
    the logbook in the tree."""

    path: str
    digest: str
    entries: list[Piece]
    restored: list[str]
    redacted: list[str]
    already: bool
    followed: Followed | None

    def as_dict(self) -> dict[str, object]:
        shown: dict[str, object] = {
            "path": self.path,
            "entries": [{"heading": p.heading, "where": p.where} for p in self.entries],
            "restored": self.restored,
            "redacted": self.redacted,
            "already": self.already,
            "digest": self.digest,
            "logbook": None,
            "issue": None,
            "record_commit": "",
            "problems": [],
        }
        if followed := self.followed:
            shown["logbook"] = followed.logbook.as_dict()
            shown["issue"] = followed.issue.as_dict()
            shown["record_commit"] = followed.record_commit
            shown["problems"] = [p.as_dict() for p in followed.problems]
        return shown


@dataclass(frozen=True)
class Acknowledged:
    acknowledged: str
    already: bool

    def as_dict(self) -> dict[str, object]:
        return dict(self.__dict__)


def adopt(context: Context, topic: str, file: str | None = None) -> Adopted:
    """Adopt ``file`` (default: the logbook in the tree).

    Raises LeadlineError(not_found) when there is no such file.
    """
    # Which file; only the logbook of the thread is rendered anew.
    top = context.vcs.toplevel
    in_tree = os.path.join(top, logbook_path(context, topic)) if top else ""
    full = os.path.realpath(os.path.join(context.cwd, file)) if file else in_tree
    is_logbook = bool(in_tree) and full == os.path.realpath(in_tree)
    path = os.path.relpath(full, top) if top else os.path.basename(full)
    raw = _read(full, topic, file)
    # a log that somebody kept before there was a rendering stays as it is
    is_logbook = is_logbook and HEADER_BEGIN.encode() in raw
    digest = digest_bytes(raw)
    # What is new in it, held to the rendering of this moment: under the lock, so that of two
    # adoptions the second finds nothing.
    entries: list[Piece] = []
    restored: list[str] = []
    hidden: list[str] = []
    already = False
    if raw != logbook_data(context, context.store.view(topic)):
        with context.store.transaction(topic) as writing:
            thread = context.store.thread(topic)
            already = any(a.get("digest") == digest for a in thread.adopted)
            if not already:
                # a log that no rendering was edited into is all its own
                is_ours = HEADER_BEGIN.encode() in raw
                rendered = logbook_data(context, thread).decode() if is_ours else ""
                text, kept, hidden = _redacted(context, raw)
                earlier = _earlier(context, path) if is_logbook else []
                records = [a for a in thread.adopted if _is_of(a, path, top)]
                entries = _unknown(records, pieces_of(text, rendered, earlier))
                titles = {section.path[0] for section in sections(text) if section.path}
                restored = removed_by_hand(text, rendered) if is_logbook else []
                whole = context.blobs.put(kept)
                for p in entries:
                    body: AdoptedBody = {
                        "heading": p.heading,
                        "text": p.text,
                        "where": p.where,
                        "path": path,
                        "digest": digest,
                        "file": whole,
                        "refs": refs_for(thread, texts=[p.heading, p.text]),
                    }
                    if p.path[:-1]:
                        body["under"] = [*p.path[:-1]]
                        if len(titles) > 1:
                            body["untitled"] = True
                    if p.named:
                        body["now"] = p.now
                    if p.named not in ("", p.where):
                        body["named"] = p.named
                    writing.add("adopted", body)
    followed = None
    if is_logbook:
        why = "adopted what was written by hand"
        followed = follow(context, topic, why, hand_edit_adopted=True)
    return Adopted(path, digest, entries, restored, hidden, already, followed)


def acknowledge(context: Context, topic: str, commit: str) -> Acknowledged:
    """Say in the record that a rewrite of the logbook in the git history is known. Raises
    LeadlineError(not_found)."""
    full = context.vcs.ref(f"{commit}^{{commit}}")
    if full is None:
        raise not_found("no-such-commit", f"there is no commit {commit}", do="leadline verify")
    thread = context.store.thread(topic)
    already = any(a.get("acknowledged") == full for a in thread.adopted)
    if not already:
        context.append(
            topic,
            "adopted",
            {
                "heading": f"commit {full[:12]} changed entries of the logbook",
                "text": "What it removed stands in the git history and in the record.",
                "where": "history",
                "acknowledged": full,
            },
        )
    return Acknowledged(full, already)


def _read(full: str, topic: str, named: str | None) -> bytes:
    try:
        with open(full, "rb") as file:
            return file.read()
    except (OSError, ValueError):
        raise not_found(
            "no-such-file",
            f"cannot read {named or full or 'the logbook'}",
            why="the logbook in the tree is there after the first milestone",
            do=[f"leadline adopt FILE --thread {topic}", "leadline logbook"],
        ) from None


def _redacted(context: Context, raw: bytes) -> tuple[str, bytes, list[str]]:
    """What may be kept of the file, as text and as bytes, and what is hidden of it, by line."""
    exact = raw.decode("utf-8", "surrogateescape")
    redacted = context.redactor.text(exact)
    if redacted == exact:
        return raw.decode("utf-8", "backslashreplace"), raw, []
    before = set(exact.split("\n"))
    hidden = [
        f"line {number}: {mark}"
        for number, line in enumerate(redacted.split("\n"), 1)
        if line not in before
        for mark in re.findall(r"\[redacted:[^\]]*\]", line)
    ]
    kept = redacted.encode("utf-8", "surrogateescape")
    return kept.decode("utf-8", "backslashreplace"), kept, hidden


def _is_of(record: AdoptedSaid, path: str, top: str | None) -> bool:
    """Whether a record is of the file at ``path``, or of one that is gone, which it may have been."""
    named = record.get("path") or path
    return named == path or not os.path.exists(os.path.join(top or "", named))


def _unknown(records: Sequence[AdoptedSaid], pieces: list[Piece]) -> list[Piece]:
    """What none of ``records`` has yet. Of the sections of one path that say something new, the first
    ones are those that were adopted, changed since, and the rest is new."""
    known = {(a.get("heading"), a.get("text")) for a in records}
    found = [p for p in pieces if p.where != "entry" and (p.heading, p.text) not in known]
    said, there = _adopted_sections(records), {_place(piece) for piece in pieces}
    entries = [piece for piece in pieces if piece.where == "entry"]
    fresh = [piece for piece in entries if not _is_said(piece, said, there)]
    for piece in fresh:
        if _is_said(piece, said, there):  # below a heading that was renamed
            continue
        if texts := _texts(piece, said, there):
            found.append(_changed(piece, texts.pop(0), piece.heading))
        elif was := _renamed(piece, pieces, said, there):
            before = said[was].pop(0)
            if (was[-1], before) != (piece.heading, piece.text):  # else it was only moved
                found.append(_changed(piece, before, was[-1]))
            _rename(said, was, piece.path)
        else:
            found.append(piece)
    return found


def _place(piece: Piece) -> tuple[str, ...]:
    return piece.path or (piece.heading,)


def _texts(piece: Piece, said: _Said, there: set[tuple[str, ...]]) -> list[str]:
    """What was said at the place of ``piece``, or where it was before headings were put above."""
    place = _place(piece)
    before = (place[n:] for n in range(1, len(place)) if place[n:] not in there)
    return next((said[path] for path in (place, *before) if said.get(path)), [])


def _is_said(piece: Piece, said: _Said, there: set[tuple[str, ...]]) -> bool:
    """Whether a record has ``piece``, which is then none of those that are left."""
    texts = _texts(piece, said, there)
    known = piece.text in texts
    if known:
        texts.remove(piece.text)
    return known


def _renamed(
    piece: Piece, pieces: list[Piece], said: _Said, there: set[tuple[str, ...]]
) -> tuple[str, ...] | None:
    """The path under which a section was adopted that has another heading now."""
    place, n = _place(piece), len(_place(piece))
    left = (path for path, texts in said.items() if texts and path not in there)
    gone = [p for p in left if p[:-1] == place[:-1] or is_of_one(p[-1], place[-1])]
    if not gone:
        return None
    now = Section(place, "\n".join(p.text for p in pieces if _place(p)[:n] == place))
    for path in gone:
        below = (text for other, texts in said.items() if other[:n] == path for text in texts)
        if is_renamed(Section(path, "\n".join(below)), now):
            return path
    return None


def _rename(said: _Said, was: tuple[str, ...], now: tuple[str, ...]) -> None:
    """What was said under one heading, and under those below it, is under another."""
    for path in [path for path in said if path[: len(was)] == was]:
        said[*now, *path[len(was) :]] += said.pop(path)


def _adopted_sections(records: Sequence[AdoptedSaid]) -> _Said:
    """What the adopted sections say by now, by the headings above and their own."""
    said: _Said = defaultdict(list)
    for record in records:
        above, where = record.get("under", []), str(record.get("where") or "")
        heading, text = str(record.get("heading") or ""), str(record.get("text") or "")
        if "now" in record:
            now, named = record["now"], record.get("named", where)
            place, at = _changed_from(said, (*above, where), named, now, text)
            said[place][at : at + 1] = [now]
            if place != (*above, named):
                _rename(said, place, (*above, named))
        elif where == "entry":
            said[*above, heading].append(text)
    return said


def _changed_from(
    said: _Said, place: tuple[str, ...], named: str, now: str, text: str
) -> tuple[tuple[str, ...], int]:
    """Where among what was said a change was made: at its place, or where an entry was moved from."""
    moved = [path for path in said if path[-1] == place[-1] and path != place]
    for path in (place, *moved):
        for n, was in enumerate(said[path]):
            if _change(place[-1], was, named, now) == text:
                return path, n
    return place, 0


def _changed(piece: Piece, before: str, was: str) -> Piece:
    text = _change(was, before, piece.heading, piece.text)
    return Piece(f"a change in “{was}”", text, was, piece.path, piece.text, piece.heading)


def _change(was: str, before: str, heading: str, after: str) -> str:
    """A section before and after a change as a difference, with its heading where that is one."""
    if was == heading:
        return _difference(before, after)
    return _difference(f"# {was}\n{before}", f"# {heading}\n{after}")


def _earlier(context: Context, path: str) -> list[str]:
    """Renderings that were committed: what a header may have been edited from."""
    versions = list(context.vcs.versions_of_file(path))[-VERSIONS_COMPARED:]
    return [data.decode("utf-8", "replace") for _, data in versions]


# ---- what is new in a file -----------------------------------------------------------------------


def pieces_of(text: str, rendered: str, earlier: list[str]) -> list[Piece]:
    """What ``text`` says beyond ``rendered``. ``earlier``: renderings of before."""
    header, body = _cut(text)
    found = _sections(body, _cut(rendered)[1])
    if header:
        found = _header(header, [_cut(r)[0] for r in (rendered, *earlier)]) + found
    if not found and text.rstrip("\n") != rendered.rstrip("\n") and text not in earlier:
        changed = _difference(rendered, text)
        if changed and not header:
            found.append(Piece("changes of form alone", changed, "form"))
    return found


def _cut(text: str) -> tuple[str, str]:
    """Header (derived anew each time) and the rest; a file without one is all rest."""
    text = text.replace("\r\n", "\n")
    before, begin, rest = text.partition(HEADER_BEGIN)
    header, end, after = rest.partition(HEADER_END)
    if not begin or not end:
        return "", text
    return before + header, after


def _sections(body: str, rendered: str) -> list[Piece]:
    ours: dict[str, list[str]] = {}
    for section in sections(rendered):
        ours.setdefault(section.heading, []).append(section.body)
    found = []
    for section in sections(body):
        bodies = ours.get(section.heading, [])
        if section.body in bodies:
            bodies.remove(section.body)
        elif bodies and section.path:
            before = bodies[0]
            if section.body.replace(NO_ENTRY, "").strip() == before.replace(NO_ENTRY, "").strip():
                continue
            changed = _difference(before, section.body)
            found.append(Piece(f"a change in “{section.heading}”", changed, section.heading))
        elif section.body.strip() not in ("", NO_ENTRY) or section.path:
            found.append(_entry(section))
    return [piece for piece in found if piece.text or piece.where == "entry"]


def _entry(section: Section) -> Piece:
    heading = section.path[-1] if section.path else "text outside the entries"
    return Piece(heading, section.body, "entry", section.path)


def _header(header: str, bases: list[str]) -> list[Piece]:
    import difflib  # noqa: PLC0415  start-up: 0.9 ms

    lines = [line for line in header.split("\n") if line.strip()]
    derived = {line for base in bases for line in base.split("\n")}
    if all(line in derived for line in lines):
        return []
    nearest = max(
        bases, key=lambda b: difflib.SequenceMatcher(None, b, header, autojunk=False).quick_ratio()
    )
    return [Piece("an edit of the header", _difference(nearest, header), "header")]


def _difference(before: str, after: str) -> str:
    """A unified difference in a fence, without file names."""
    import difflib  # noqa: PLC0415  start-up: 0.9 ms

    lines = list(difflib.unified_diff(before.split("\n"), after.split("\n"), lineterm="", n=1))[2:]
    return fence("\n".join(lines), "diff") if lines else ""


def removed_by_hand(text: str, rendered: str) -> list[str]:
    """Headings of rendered entries that somebody took out: those missing before the last one that
    is there."""
    there = {s.heading for s in sections(_cut(text)[1])}
    ours = [s.heading for s in sections(_cut(rendered)[1])]
    last = max((i for i, heading in enumerate(ours) if heading in there), default=-1)
    return [heading for heading in ours[: last + 1] if heading not in there]
