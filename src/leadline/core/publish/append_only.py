"""Whether a logbook only grew: append, typo or link fix, and rewrite told apart, entry by entry.

Bytes say nothing here: some logs are newest-first, a merge puts entries in the middle, headers are
derived anew. So a log is cut into sections at its headings, and what counts is whether every
section of the old version is still there. The price: a sentence that is reworded without a change
of meaning counts as a rewrite, since nothing but a reader could tell, and a false alarm costs one
look.
"""

from __future__ import annotations

import re

from leadline.core.fences import Fences
from leadline.core.patterns import later
from leadline.core.values import dataclass, field

_HEADING = later(r"^(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$")
# A heading by the line below it: the text of one line that is no list, table, quotation or code.
_UNDERLINE = later(r" {0,3}(={2,}|-{2,})[ \t]*")
_UNDERLINED = later(r" {0,3}(?![-*+>|#<]\s|\d+[.)]\s|[|<]|([-*_=`~])\1\1)(\S.*?)[ \t]*")
_COMMENT = later(r"^ {0,3}<!--")
_LINK_TARGET = later(r"\]\([^)\n]*\)|<?https?://[^\s)>\]]+>?")
_TOKEN = later(r"[-+−]?\d+(?:[.,]\d+)*%?|[^\W\d_]+(?:['’][^\W\d_]+)*|[^\w\s]")
# Words that say that something is still open, standing alone: a whole cell or field, or in brackets.
_OPEN = later(
    r"(?i)(?<![\w-])(?:[_*`(\[]*(?:pending|tbd|todo|to be (?:done|filled)|none yet|in progress|running|"
    r"awaiting results?|n/a|\?{1,3}|\.{3}|…)[_*`)\].]*|\[ \])(?![\w-])|"
    r"[_*]*\(to be (?:populated|filled|added|determined|done|written)\b[^)\n]*\)[_*]*|"
    r"(?<=[:|] )_{3,}"
)
_LABEL = later(r"[-*+\s]*(?:\*\*[^*]+:\*\*|\*\*[^*]+\*\*:)")  # with nothing behind it yet
_WEAK = frozenset("|*_`~#>\\\"'“”‘’.,;:!?()[]-–—…")
_NEGATING = frozenset(("not", "no", "never", "without", "none", "cannot"))
_NUMBERED = later(r"\w*\d[\w.:-]*\b")
_NAMES_ONE = later(r"#\d+\b|\b[A-Z][A-Z\d_]*(?:-[A-Z][A-Z\d_]*)*-\d{2,}\b")  # no ResNet-50
_MOSTLY = 0.6  # of the words
_TELLING = 40  # characters of a text that no two sections have by chance
_MOST_TYPOS = 8
_ALIKE = 0.72


@dataclass
class Section:
    """A heading with the text up to the next one. ``path``: the headings above it and its own."""

    path: tuple[str, ...]
    body: str

    @property
    def heading(self) -> str:
        return self.path[-1] if self.path else "(top)"


@dataclass
class Change:
    """``kind`` is the worst thing that happened: same, append, fill (only places that were left
    open were filled), fix or rewrite. The lists name headings."""

    kind: str = "same"
    added: list[str] = field(default_factory=list)
    extended: list[str] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)
    rewritten: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    @property
    def touched(self) -> list[str]:
        """The headings below which something that stood there is not what it was."""
        return [*self.rewritten, *self.removed, *self.fixed]


def sections(text: str) -> list[Section]:
    """``text`` cut at its headings; those in a fence or a comment are none, and horizontal rules at
    the end of a section are no text."""
    found: list[Section] = []
    above: list[tuple[int, str]] = []
    body: list[str] = []
    path: tuple[str, ...] = ()
    fences, commented = Fences(), False

    def put() -> None:
        lines = [line.rstrip() for line in body]
        while lines and (not lines[-1] or re.fullmatch(r"[-*_]{3,}", lines[-1])):
            lines.pop()
        if path or any(lines):
            found.append(Section(path, "\n".join(lines).strip("\n")))

    for line in text.replace("\r\n", "\n").split("\n"):
        is_code = not commented and fences.cover(line)
        commented = commented or (not is_code and _COMMENT.match(line) is not None)
        heading = None if is_code or commented else _heading(line, body)
        commented = commented and "-->" not in line
        if heading is None:
            body.append(line)
            continue
        put()
        level, words = heading
        above = [*(a for a in above if a[0] < level), (level, words)]
        path, body = tuple(h for _, h in above), []
    put()
    return found


def _heading(line: str, before: list[str]) -> tuple[int, str] | None:
    """Level and words of the heading that ``line`` is or makes of the line ``before`` it, which is
    taken away then; None where it is text."""
    if heading := _HEADING.match(line):
        return len(heading[1]), heading[2]
    alone = bool(before) and not "".join(before[-2:-1]).strip()
    under = _UNDERLINE.fullmatch(line) if alone else None
    words = _UNDERLINED.fullmatch(before[-1]) if under else None
    if not under or not words:
        return None
    before.pop()
    return 1 if under[1][0] == "=" else 2, words[2]


def classify(old: str, new: str, derived_until: str = "") -> Change:
    """What happened between two versions of a log.

    ``derived_until``: everything up to and including this line is derived anew each time and does
    not count.
    """
    old, new = (_below(text.removeprefix("\ufeff"), derived_until) for text in (old, new))
    start = old.rstrip()
    if start and new.startswith(start) and new[len(start) : len(start) + 1] in ("", "\n"):
        return _grown(new[len(start) :])  # the common case, without a closer look
    if _lines_kept(old, new):  # whatever the sections: nothing that stood there was touched
        kind = "same" if _lines_kept(new, old) else "append"
        return Change(kind, added=_new_headings(old, new))
    if _lines_kept(old, new, open_places=True):
        return Change("fill", added=_new_headings(old, new))
    before, after = sections(old), sections(new)
    left: dict[tuple[tuple[str, ...], str], list[Section]] = {}
    for section in after:
        left.setdefault((section.path, section.body), []).append(section)
    gone = []
    for section in before:
        same = left.get((section.path, section.body))
        if same:
            same.pop()
        else:
            gone.append(section)
    fresh = [s for many in left.values() for s in many]
    return _judge(gone, fresh, after)


def only_grew(old: bytes, new: bytes, derived_until: str = "") -> bool:
    """Whether it shows without a closer look that nothing that stood in ``old`` was touched: for two
    versions that are large, of which most have lines behind the others' end and no other change."""
    marker = derived_until.encode()
    begin, at = _begins(old, marker), _begins(new, marker)
    kept = old[begin:].rstrip()
    end = at + len(kept)
    return bool(kept) and new.startswith(kept, at) and new[end : end + 1] in (b"", b"\n")


def _begins(text: bytes, marker: bytes) -> int:
    at = text.find(marker) if marker else -1
    return at + len(marker) if at >= 0 else 0


def _grown(rest: str) -> Change:
    fresh = sections(rest)
    change = Change(
        "append" if rest.strip() else "same", added=[s.heading for s in fresh if s.path]
    )
    change.extended = ["(the last entry)"] if any(not s.path for s in fresh) else []
    return change


def _below(text: str, marker: str) -> str:
    at = text.find(marker) if marker else -1
    return text[at + len(marker) :] if at >= 0 else text


def _judge(gone: list[Section], fresh: list[Section], after: list[Section]) -> Change:
    change = Change()
    there = {s.path for s in after}
    for section in gone:
        partner = _partner(section, [s for s in fresh if _may_be(section, s, there)])
        if partner is None:
            if section.body or not any(s.path[: len(section.path)] == section.path for s in after):
                change.removed.append(section.heading)
            continue
        fresh.remove(partner)
        how = _how(section, partner)
        {"append": change.extended, "fix": change.fixed, "rewrite": change.rewritten}[how].append(
            section.heading
        )
    change.added = [s.heading for s in fresh]
    if change.rewritten or change.removed:
        change.kind = "rewrite"
    elif change.fixed:
        change.kind = "fix"
    elif change.added or change.extended:
        change.kind = "append"
    return change


def _may_be(old: Section, new: Section, there: set[tuple[str, ...]]) -> bool:
    """Whether ``new`` may be what became of ``old``: no part of another entry is, while the entry that
    ``old`` was a part of is ``there``."""
    above, n = old.path[:-1], len(old.path)
    left = bool(above) and above not in there
    return above == new.path[:-1] or left or old.path == new.path[-n:]


def is_renamed(old: Section, new: Section) -> bool:
    """Whether ``new`` is ``old`` under another heading, both with all that stands below them: its
    numbers and dates stay as they were, and so does what comes before them, or most of the text."""
    was, now = (set(_NUMBERED.findall(section.heading)) for section in (old, new))
    *_, last = (0, *(found.end() for found in _NUMBERED.finditer(old.heading)))
    if last and was <= now and new.heading.startswith(old.heading[:last]):
        return True
    if is_of_one(old.heading, new.heading):
        return True
    if len(old.body) >= _TELLING and _lines_kept(old.body, new.body):
        return True
    shares = _share(old.heading, new.heading), _share(old.body, new.body)
    return was == now and max(shares) >= _MOSTLY


def is_of_one(was: str, now: str) -> bool:
    """Whether two headings are of one entry, by a name that no other has (``PR #2207``, ``MOE-001``); most
    of their words are the same."""
    old, new = (set(_NAMES_ONE.findall(heading)) for heading in (was, now))
    return bool(old) and old == new and _share(was, now) >= _MOSTLY


def _partner(section: Section, fresh: list[Section]) -> Section | None:
    """The section that ``section`` became: the same heading, under the same ones if possible; else
    the same body; else a heading that is nearly the same."""
    same_path = [s for s in fresh if s.path == section.path]
    same_heading = [s for s in fresh if s.heading == section.heading]
    same_body = [s for s in fresh if s.body == section.body and section.body]
    for found in (same_path, same_heading, same_body):
        if found:
            return max(found, key=lambda s: _share(section.body, s.body))
    if not fresh:
        return None
    nearest = max(
        fresh, key=lambda s: _share(section.heading, s.heading) + _share(section.body, s.body)
    )
    close = _share(section.heading, nearest.heading) >= _MOSTLY or (
        section.body and _share(section.body, nearest.body) >= 0.5
    )
    return nearest if close else None


def _share(a: str, b: str) -> float:
    """How many of the words are common, 0 to 1."""
    x, y = set(a.split()), set(b.split())
    return len(x & y) / max(1, max(len(x), len(y)))


def _how(old: Section, new: Section) -> str:
    heading = _text_change(old.heading, new.heading)
    if heading == "append":
        heading = "rewrite"  # a status put behind a heading changes what the entry says
    kinds = {heading, _text_change(old.body, new.body)} - {"same"}
    return next((kind for kind in ("rewrite", "fix") if kind in kinds), "append")


def _text_change(old: str, new: str) -> str:
    if old == new:
        return "same"
    if _lines_kept(old, new):
        return "append"
    a, b = _TOKEN.findall(_LINK_TARGET.sub("] ", old)), _TOKEN.findall(_LINK_TARGET.sub("] ", new))
    import difflib  # noqa: PLC0415  start-up: 0.9 ms

    typos = 0
    for verb, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if verb == "equal":
            continue
        was, now = [t for t in a[i:j] if t not in _WEAK], [t for t in b[k:m] if t not in _WEAK]
        if not was and not now:
            continue
        if not _is_typo(was, now):
            return "rewrite"
        typos += max(len(was), len(now))
    return "fix" if typos <= _MOST_TYPOS else "rewrite"


def _lines_kept(old: str, new: str, open_places: bool = False) -> bool:
    """Every line of ``old`` stands in ``new``, in order: lines were put in, none was changed.
    ``open_places``: something else may stand where a line said that it was still open."""
    lines = iter(line.rstrip() for line in new.split("\n"))
    for line in old.split("\n"):
        line = line.rstrip()
        if not line:
            continue
        filled = _filled(line) if open_places else None
        if not any(line == other or (filled and filled.fullmatch(other)) for other in lines):
            return False
    return True


def _filled(line: str) -> re.Pattern[str] | None:
    """What a line with an open place may become; None for one without."""
    parts = [*_OPEN.split(line), *([""] if _LABEL.fullmatch(line) else [])]
    return re.compile(".+".join(map(re.escape, parts))) if len(parts) > 1 else None


def _new_headings(old: str, new: str) -> list[str]:
    before = [section.heading for section in sections(old)]
    added = list[str]()
    for section in sections(new):
        if section.heading in before:
            before.remove(section.heading)
        else:
            added.append(section.heading)
    return added


def _is_typo(was: list[str], now: list[str]) -> bool:
    """Whether one wording is a misspelling of the other: words alike letter by letter, and no
    negation."""
    words = [w.lower() for w in (*was, *now)]
    if any(w in _NEGATING or w.endswith(("n't", "n’t")) for w in words):
        return False
    x, y = "".join(was).lower(), "".join(now).lower()
    if x == y:
        return True
    if not x or not y or min(len(x), len(y)) < 3:
        return len(was) + len(now) == 1 and words[0] in ("a", "an", "the", "of", "to", "is", "it")
    if not all(w.isalpha() or "'" in w or "’" in w for w in words) or len(was) != len(now):
        return False
    import difflib  # noqa: PLC0415  start-up: 0.9 ms

    return all(
        difflib.SequenceMatcher(None, p.lower(), q.lower(), autojunk=False).ratio() >= _ALIKE
        and abs(len(p) - len(q)) <= 2
        for p, q in zip(was, now, strict=True)
    )
