"""Whether a text may hold a secret at all: what every record is asked, at the cost of a search for
words.

Says yes too often and never no wrongly (``tests/unit/test_redact.py`` holds it to that), so that who
gets a no needs none of the rules, which take longer to load than most commands have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from leadline.core.secrets.shapes import COMMON, PHRASES, STEMS, TOKENS, VENDORS, WORDS
from leadline.core.typed import NamedTuple

_COMMON = tuple(hint for _, hints, _ in COMMON for hint in hints)
_BOTH = ("://", "@")  # an address with a user; each alone is common
_TOKENS = tuple(hint for _, hints, _ in TOKENS for hint in hints)
_PHRASES = tuple(hint for _, hints, _ in PHRASES for hint in hints if hint not in _BOTH)
_SHORT_TEXT = 2000  # characters: in a longer one it pays to look at the long words alone
_SHORTEST_TOKEN = 14
_IN_NAMES = "abcdefghijklmnopqrstuvwxyz0123456789_.-"
_CLOSING = "\\\"'`]) \t"
_SIGNS = ("=", ":", ">", "：")
_IN_NUMBERS = "0123456789.+-e,}]) "
_DIGEST = "sha256:0123456789bcdef"
_CAPITALS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ:.+-,{}[] "  # ids, times and numbers of ours
_HEX = "0123456789abcdef"
# what is beside a name (``beside.py``): in its pair, in a place for values
_PAIR = r",\s*\\*[\"'`][^\"'`]*\\*[\"'`]\s*[\])}]"
_BESIDE = (
    r"(?:values?|val|contents?|data|defaults?|text|body|literal|plain)(?:[\\\"'`|\s]*(?:\n|\\n)|[\\\"'`|]*\s{0,3}[:=>,;|]"
    r"(?:[>|][-+]|[\s\\\"'`>|{[])*(?![-+.\de]*(?:[\s\\\"'`,;|<}\])]|$))[^\s\\\"'`>|{[])"
)
_MEMBER = ('{"', ',"')  # before the name of a member of an object
_ZEROS = str.maketrans("123456789", "0" * 9)
_LONG = 24
_LONG_WORD = rf"[\w.~|:-]{{{_LONG},}}"
_KEPT_CHARS, _KEPT = 200, 5_000  # of what is known to hold nothing: the longest, and how many
_NO_TOKEN = r"(?:sha256:)?[0-9a-f]+|[0-7][0-9A-HJKMNP-TV-Z]{25}|20\d\d-\d\d-\d\d[T0-9:.Z+-]*|[a-z_.-]+|[A-Z_]+"
_clean = set[str]()  # parts of texts that are known to hold nothing
SUSPECT = ("TOKEN", "SECRET", "PASS", "KEY", "CRED", "COOKIE", "AUTH", "PRIVATE", "WEBHOOK", "_PWD", "_PIN",
           "_CONNECTION_STRING")  # fmt: skip


def may_hold(text: str) -> bool:
    """False: no shape and no name of this room is in ``text``. Values of an environment are not
    looked for."""
    # ``any`` of a ``map`` over what a text contains: half the price of a loop, for each record.
    if any(map(text.__contains__, _PHRASES)) or all(map(text.__contains__, _BOTH)):
        return True
    words = text
    if len(text) > _SHORT_TEXT:
        words = "\n".join([word for word in text.split() if len(word) >= _SHORTEST_TOKEN])
    if any(map(words.__contains__, _TOKENS)):
        return True
    lower = text.lower()
    names: tuple[str, ...] = VENDORS
    if any(map(lower.__contains__, STEMS)):
        names = (*WORDS, *VENDORS)
    return _gives(lower, names) or _may_be_token(text, _COMMON)


def suspects(texts: Sequence[str]) -> set[int]:
    """The places of those of ``texts`` of which ``may_hold`` says yes.

    Many records of one sort say mostly the same: what stands between two quotation marks, or up to
    an equals sign, over which no shape reaches, is looked at once for all of them, and for those
    asked for later. A name and what is given to it are not so bounded, so that whoever has a telling
    one is asked by itself.
    """
    parts = [text.replace("=", '="').split('"') for text in texts]
    odd, named, names = set[str](), set[str](), set[str]()
    new = set().union(*parts) - _clean
    for alphabet, some in _by_alphabet(new):
        if not some:
            continue
        hints, joined = _hints_of(alphabet), _joined(some)
        odd |= _odd_among(some, joined, hints)
        if there := _held(hints.names, _Joined(*map(str.lower, joined))):
            named |= {part for part in some if any(map(part.lower().__contains__, there))}
            names.update(there)
    if len(_clean) + len(new) > _KEPT:
        _clean.clear()
    else:
        _clean.update(part for part in new - odd - named if len(part) <= _KEPT_CHARS)
    found = set[int]()
    for at, own in enumerate(parts if odd or named else ()):
        if not odd.isdisjoint(own):
            yes = may_hold(texts[at])
        else:
            yes = not named.isdisjoint(own) and _gives(texts[at].lower(), names)
        if yes:
            found.add(at)
    return found


def _by_alphabet(parts: set[str]) -> Iterator[tuple[str, set[str]]]:
    """What is written in few characters can hold those hints alone that consist of them. "": any."""
    for alphabet in (_DIGEST, _CAPITALS):
        some = {part for part in parts if not part.strip(alphabet)}
        parts = parts - some
        yield alphabet, some
    yield "", parts


class _Sought(NamedTuple):
    """Hints, those with one of the digits that ``_ZEROS`` takes away apart."""

    plain: list[str]
    numbered: list[str]


class _Hints(NamedTuple):
    """Those that can stand in what is written in the characters of one alphabet."""

    names: _Sought
    shapes: _Sought
    common: _Sought


@lru_cache
def _hints_of(alphabet: str) -> _Hints:
    shapes = [max(hint.split('"'), key=len) for hint in (*_PHRASES, *_TOKENS, _BOTH[0])]
    names = _made_of(alphabet.lower(), (*WORDS, *VENDORS))
    return _Hints(names, _made_of(alphabet, shapes), _made_of(alphabet, _COMMON))


def _made_of(alphabet: str, hints: Iterable[str]) -> _Sought:
    some = [hint for hint in hints if not (alphabet and hint.strip(alphabet))]
    plain = [hint for hint in some if hint == hint.translate(_ZEROS)]
    return _Sought(plain, [hint for hint in some if hint not in plain])


class _Joined(NamedTuple):
    """Parts as one text, and what they are but for their digits, in which most of them differ."""

    whole: str
    alike: str


def _joined(parts: Iterable[str]) -> _Joined:
    whole = "\n".join(parts)
    return _Joined(whole, "\n".join({*whole.translate(_ZEROS).split("\n")}))


def _held(hints: _Sought, joined: _Joined) -> list[str]:
    """Those of ``hints`` that are in one of the parts."""
    numbered = filter(joined.whole.__contains__, hints.numbered)
    return [*filter(joined.alike.__contains__, hints.plain), *numbered]


def _odd_among(parts: set[str], joined: _Joined, hints: _Hints) -> set[str]:
    """Those of ``parts``, which are ``joined``, that may be in a shape."""
    odd = set[str]()
    if there := _held(hints.shapes, joined):
        odd = {part for part in parts if any(map(part.__contains__, there))}
    if common := _held(hints.common, joined):
        long = (part for part in parts if len(part) >= _LONG)
        odd.update(part for part in long if _may_be_token(part, common))
    return odd


def _gives(lower: str, names: Iterable[str]) -> bool:
    return any(_is_given(lower, name) for name in filter(lower.__contains__, names))


def _may_be_token(text: str, hints: Sequence[str]) -> bool:
    return any(
        any(map(word.__contains__, hints)) and not re.fullmatch(_NO_TOKEN, word)
        for word in re.findall(_LONG_WORD, text)
    )


def as_given(line: str) -> str:
    """A line of JSON without spaces, in which each member is the ``NAME=VALUE`` that it may have
    been cut from: what reaches over the sign is in it as well."""
    return line.replace('":"', "=").replace('":["', "=")


def _is_given(lower: str, word: str) -> bool:
    """Whether something that is no number stands behind a name with ``word`` in it."""
    bare = False  # it stands somewhere without a sign
    at = lower.find(word)
    while at >= 0:
        behind = lower[at + len(word) : at + len(word) + 160].lstrip(_IN_NAMES)
        value = behind.lstrip(_CLOSING)
        begin = lower[max(0, at - 60) : at]
        flag = "-" in begin[len(begin.rstrip(_IN_NAMES)) :]
        sign = value[:1] in _SIGNS
        if sign or (flag and behind != value):
            given = value.lstrip("=:>, \n\r\t\\\"'`")
            told, end, _ = given.partition('"')
            is_member = begin.endswith(_MEMBER) and lower[at + len(word)] in '"='
            of_ours = word == "key" and is_member and end and _is_digest(told)
            if not of_ours and len(told.strip(_IN_NUMBERS)) > 0:
                return True
        # "the key is VALUE", a column beside it, a type and a sign: one of the next three words
        if not sign and (
            any(len(w) >= 12 and any(map(str.isdigit, w)) for w in value.split(None, 3)[:3])
            or re.match(_PAIR, value)
            or value.startswith("</")
        ):
            return True
        bare = bare or not sign
        at = lower.find(word, at + 1)
    return bare and re.search(_BESIDE, lower) is not None


def _is_digest(value: str) -> bool:
    """As a member ``key`` of each record of a run holds one; nothing else makes a secret of it."""
    return len(value) >= _SHORTEST_TOKEN and not value.removeprefix("sha256:").strip(_HEX)


def names_suspect(environ: Mapping[str, str]) -> bool:
    """Whether the environment has a variable whose value may be a secret."""
    for name, value in environ.items():
        upper = name.upper().replace("AUTHOR_", "_")  # GIT_AUTHOR_NAME
        if any(word in upper for word in SUSPECT) or ("://" in value and "@" in value):
            return True
    return False
