"""Phrases that are looked for word by word, with every inflection and whatever fills in between.

A phrase is written as it is read, ``settle~ question|matter``:

- ``word`` as it stands; ``word~`` in each of its inflections; ``a|b`` one of them;
- ``<class>`` a word of that class; ``[word]`` may be missing; ``..`` up to three words that do not deny;
- phrases are parted by commas;
- ``^`` where a part of a sentence begins, ``$`` where one ends; ``;`` a punctuation mark within it.

Articles and words of degree are passed over, so they are not written. A phrase reaches over no other
punctuation mark. ``core/text/lexicon.py`` has the phrases.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from leadline.core.patterns import later
from leadline.core.typed import NamedTuple

_WORD = later(r"[A-Za-z]+(?:['’](?=[A-Za-z])[A-Za-z]+)?|\d[\d.,]*\d|\d|[^\w\s]", re.I)
_ENDS = frozenset('.,;:!?()[]—–…"')
_NO_GAP = _ENDS | {"not", "no", "never", "nor", "neither", "without"}
_JOINS = frozenset(["and", "but", "so", "that", "while", "then", "or"])
_VERB = later(r"[a-z](?:[^s]s|ed)$")
_GAP = 3
_PASSED_OVER = 2  # at one place
_PASSED = (
    "a an the our its their this these those some my your his her very really quite rather just "
    "simply so too also even still now then indeed thus again already far much way well almost "
    "nearly about pretty such truly all both only ever right most more less whole entire probably"
)
_FILLS = frozenset(_PASSED.split())
_SHORTENED = {
    "n't": "not",
    "'s": "is",
    "'re": "are",
    "'ve": "have",
    "'ll": "will",
    "'m": "am",
    "'d": "would",
}
_IRREGULAR_FORMS = """
be am is are was were been being 's; have has had having; do does did done doing;
go goes went gone going; get got gotten getting; give gave given; take took taken; make made;
come came; win won winning; beat beaten beating; lead led; hold held; leave left; lose lost;
show shown; know knew known; find found; see saw seen; say said; tell told; think thought;
bring brought; put putting; set setting; cut cutting; hit hitting; let letting; run ran running;
rise rose risen; lay laid laying; fall fell fallen; grow grew grown; drive drove driven; throw threw thrown;
blow blew blown; wipe wiping; lie lay lain lying; pay paid; keep kept; stand stood; bet betting;
eat ate eaten; shrink shrank shrunk; sink sank sunk; speak spoke spoken; break broke broken;
choose chose chosen; withstand withstood; overtake overtook overtaken; outdo outdid outdone;
outrun outran; outshine outshone; bear bore borne; sweep swept; shoot shot; spring sprang sprung;
spell spelt; mean meant; owe owing; feel felt; fly flew flown; become became becoming; stick stuck;
sell sold; buy bought; rid; burn burnt; teach taught; catch caught; shine shone; tie tying;
die dying; seek sought; fight fought; slay slew slain; forget forgot forgotten;
outgrow outgrew outgrown
"""


class Word(NamedTuple):
    """``keys``: what it may be looked for by: itself, and each base form that it may have, with ``~``."""

    text: str
    start: int
    end: int
    keys: frozenset[str]


class Found(NamedTuple):
    """A phrase of ``field`` from ``start`` to ``end``."""

    start: int
    end: int
    field: str


class _Piece(NamedTuple):
    keys: frozenset[str]
    optional: bool = False
    classes: tuple[str, ...] = ()
    or_end: bool = False


_GAP_PIECE, _BEGIN = _Piece(frozenset()), _Piece(frozenset("^"))


class Lexicon:
    """``fields``: to the phrases of each; ``classes``: to the words of each, written as in phrases.

    Raises KeyError for a class that there is none of.
    """

    def __init__(self, fields: Mapping[str, str], classes: Mapping[str, str]) -> None:
        self._classes: dict[str, frozenset[str]] = {}
        for name, words in classes.items():
            self._classes[name] = self._keys(re.split(r"[\s|]+", words.strip()))
        self._by_key: dict[str, list[tuple[str, tuple[_Piece, ...]]]] = {}
        for field, phrases in fields.items():
            for phrase in re.sub(r"\|\s+", "|", phrases).split(","):
                if phrase.strip():
                    self._add(field, self._read(phrase))

    def found(self, words: list[Word], names: Mapping[str, Collection[str]]) -> Iterator[Found]:
        """Every phrase that begins somewhere in ``words``, the longest one at each place for each
        field. ``names``: further words of classes."""
        more = {name: frozenset(extra) for name, extra in names.items()}
        tried: dict[int, tuple[str, tuple[_Piece, ...]]] = {}
        for word in words:
            for key in word.keys:
                tried |= {id(entry): entry for entry in self._by_key.get(key, ())}
        for start in range(len(words)):
            best: dict[str, int] = {}
            for field, pieces in tried.values():
                end = _match(words, start, pieces, 0, more, passed=_PASSED_OVER)
                if end is not None and end > start:
                    best[field] = max(end, best.get(field, 0))
            for field, end in best.items():
                yield Found(words[start].start, words[end - 1].end, field)

    def verdicts(
        self, words: list[Word], names: Mapping[str, Collection[str]]
    ) -> Iterator[tuple[int, int]]:
        """Where a part of the sentence that names a side of the claim, an effect or a measure says what
        is no plain account of it: a word of judgement, or of a side another verb than those by which
        one describes what a thing does."""
        sides = self._classes["side"] | frozenset(names.get("side", ()))
        of_effects = self._classes["effect"] | self._classes["measure"]
        for part in _parts(words):
            at = next((i for i, word in enumerate(part) if word.text in sides), None)
            topic = at is not None or any(w.text in of_effects for w in part)
            topic = topic or (bool(part) and part[0].text in ("it", "this", "that"))
            if topic:
                judged = next((w for w in part if self._has("verdict", w)), None)
                if judged is None and at is not None and all(_fills(w.text) for w in part[:at]):
                    judged = self._odd_verb(part[at + 1 :])
                if judged is not None:
                    yield judged.start, judged.end

    def _odd_verb(self, after: list[Word]) -> Word | None:
        verb = next((word for word in after if not _fills(word.text)), None)
        if verb is None or self._has("plain", verb) or not _VERB.search(verb.text):
            return None
        following = after[after.index(verb) + 1 :]
        named = bool(following) and "~be" in following[0].keys  # "the old defaults were"
        return None if named else verb

    def _has(self, name: str, word: Word) -> bool:
        return not self._classes[name].isdisjoint(word.keys)

    def _keys(self, words: Collection[str]) -> frozenset[str]:
        keys: set[str] = set()
        for word in words:
            keys |= (
                self._classes[word[1:-1]] if word[0] == "<" and word[-1] == ">" else {_key(word)}
            )
        return frozenset(keys)

    def _read(self, phrase: str) -> tuple[_Piece, ...]:
        pieces = []
        for token in phrase.split():
            special = {"..": _GAP_PIECE, "^": _BEGIN, ";": _Piece(_ENDS)}.get(token)
            words = token.strip("[]").split("|")
            classes = tuple(w[1:-1] for w in words if w[0] == "<" and w[-1] == ">")
            pieces.append(
                special or _Piece(self._keys(words), token[0] == "[", classes, "$" in words)
            )
        return tuple(pieces)

    def _add(self, field: str, pieces: tuple[_Piece, ...]) -> None:
        must = [p for p in pieces if p.keys and not p.optional and not p.or_end and p is not _BEGIN]
        anchor = min(must, key=lambda p: (len(p.keys) + 1000 * bool(p.classes), -len(max(p.keys))))
        for key in anchor.keys:
            self._by_key.setdefault(key, []).append((field, pieces))


def _parts(words: list[Word]) -> Iterator[list[Word]]:
    """The words between punctuation marks."""
    part: list[Word] = []
    for word in words:
        if word.text in _ENDS:
            yield part
            part = []
        else:
            part.append(word)
    yield part


def words_of(prose: str) -> Iterator[list[Word]]:
    """The words of each sentence of ``prose``, punctuation within it among them."""
    sentence: list[Word] = []
    for m in _WORD.finditer(prose):
        low = m[0].lower().replace("’", "'")
        ends = low in ".;!?" or "\n\n" in prose[sentence[-1].end : m.start()] if sentence else False
        if ends:
            yield sentence
            sentence = []
        if low in ".;!?":
            continue
        sentence += _as_words(low, m.start(), m.end())
    if sentence:
        yield sentence


def _as_words(low: str, start: int, end: int) -> Iterator[Word]:
    if low == "cannot":
        yield from (Word(w, start, end, keys_of(w)) for w in ("can", "not"))
        return
    stem, tail = low, ""
    for short, full in _SHORTENED.items():
        if low.endswith(short) and len(low) > len(short):
            stem, tail = low.removesuffix(short), full
    stem = {"ca": "can", "wo": "will"}.get(stem, stem) if tail == "not" else stem
    yield Word(stem, start, end, keys_of(stem))
    if tail:
        yield Word(tail, start, end, keys_of(tail) | ({"'s"} if tail == "is" else frozenset()))


_BASES: dict[str, set[str]] = {}


def keys_of(word: str) -> frozenset[str]:
    """``word``, and each base form that it may have, with ``~``."""
    if not _BASES:
        for verb in _IRREGULAR_FORMS.split(";"):
            base, *others = verb.split()
            for form in others:
                _BASES.setdefault(form, set()).add(base)
    bases = {word} | _BASES.get(word, set())
    for ending, instead in (("ies", "y"), ("ied", "y"), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            bases.add(word.removesuffix(ending) + instead)
    for ending in ("ed", "ing"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1:
            bases |= {stem, stem + "e"}
            if len(stem) > 2 and stem[-1] == stem[-2]:
                bases.add(stem[:-1])
    return frozenset([word, *(f"~{base}" for base in bases)])


def _key(word: str) -> str:
    return f"~{word[:-1]}" if word.endswith("~") else word


def _match(
    words: list[Word],
    at: int,
    pieces: tuple[_Piece, ...],
    n: int,
    more: Mapping[str, frozenset[str]],
    passed: int,
) -> int | None:
    """Where ``pieces[n:]`` end if they stand from ``at``, or None."""
    if n == len(pieces):
        return at
    piece = pieces[n]
    if piece is _BEGIN:
        begins = at == 0 or words[at - 1].text in _ENDS or words[at - 1].text in _JOINS
        return _match(words, at, pieces, n + 1, more, _PASSED_OVER) if begins else None
    if piece.or_end and (at == len(words) or words[at].text in _ENDS | _JOINS):
        return at
    if piece is _GAP_PIECE:
        for skip in range(_GAP + 1):
            if skip and (at + skip > len(words) or words[at + skip - 1].text in _NO_GAP):
                return None
            end = _match(words, at + skip, pieces, n + 1, more, 0)
            if end is not None:
                return end
        return None
    if at < len(words):
        keys = words[at].keys
        if not piece.keys.isdisjoint(keys) or any(
            not more.get(name, frozenset()).isdisjoint(keys) for name in piece.classes
        ):
            end = _match(words, at + 1, pieces, n + 1, more, _PASSED_OVER)
            if end is not None:
                return end
    if piece.optional:
        end = _match(words, at, pieces, n + 1, more, passed)
        if end is not None:
            return end
    if n and passed and at < len(words) and _fills(words[at].text):
        return _match(words, at + 1, pieces, n, more, passed - 1)
    return None


def _fills(word: str) -> bool:
    return word in _FILLS or word in "-*_'" or (word.endswith("ly") and len(word) > 4)
