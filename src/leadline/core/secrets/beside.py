"""Names and values that stand side by side, each in a place of its own: ``{"name": "API_TOKEN",
"value": "…"}``, ``- name: …`` over ``value: …``, attributes and elements of XML, columns of a table,
``["API_TOKEN", "…"]``. What is beside a name is given to it as surely as by a sign between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from leadline.core.secrets.words import random_looking, wordy
from leadline.core.typed import Any, NamedTuple

_VALUE = r"(?:values?|val|contents?|data|defaults?|text|body|literal|plain)"
_NAME = (
    r"(?:names?|keys?|ids?|variables?|vars?|env|headers?|fields?|options?|settings?|parameters?)"
)
_IS_VALUE = rf"(?i:(?:.*[^a-z])?{_VALUE})|.*[a-z]V(?:al|alues?)"
_IS_NAME = rf"(?i:(?:.*[^a-z])?{_NAME})|.*[a-z](?:Name|Key|Id)"
_SCHEME = r"(?:(?i:bearer|basic|token|apikey|digest|negotiate)\s+)?"
_QUOTE = r"[\"'`]{1,4}"
_QUOTED = rf"{_QUOTE}{_SCHEME}(?P<quoted>[^\"'`\n\\]{{1,4096}})"
_BARE = rf"{_SCHEME}(?P<bare>[^\s\"'`,;|&<>(){{}}\[\]\\]{{1,4096}})"
_BEHIND_LABEL = rf"(?:(?i:{_NAME})(?:{_QUOTE})?\s{{0,3}}[:=>]\s{{0,3}}|\bvariable\s)(?:{_QUOTE})?$"
_LABEL_CHARS = 30
# What holds a value, and the value: in quotes, or up to where a line, a member or an element ends.
_LABELLED = (
    rf"(?:(?<![A-Za-z0-9])(?:[A-Za-z]+[_-])?|(?<=[a-z])(?=V))(?:(?i:{_VALUE})(?:{_QUOTE})?\s{{0,3}}[:=>]\s{{0,3}}{_QUOTED}"
    rf"|(?i:value)(?:{_QUOTE})?\s{{0,3}}[:=>]\s{{0,3}}(?:[>|][-+]?\s{{1,20}})?{_BARE})"
)
_NEXT_ELEMENT = rf"</[\w:.-]{{1,40}}>\s{{0,40}}<[\w:.-]{{1,40}}>\s{{0,20}}{_SCHEME}(?P<bare>[^\s<>\"']{{1,4096}})"
_OTHER_OF_PAIR = rf"{_QUOTE}\s*,\s*{_QUOTED}{_QUOTE}\s*[\])}},]"
_TITLES = rf"(?im)(?:^|\")\W{{0,3}}(?:[a-z]+[ _])?{_NAME}\W{{0,4}}[ \t]*[,;\t|].*\b{_VALUE}\b.*$"
_CELL = r"[,;|\t]"
_GIVES_ITSELF = rf"(?:{_QUOTE})?\s{{0,3}}[:=]"
# a member, an element or a row ends, and another begins
_PARTED = r"\n\s*(?:-\s|\[|\n)|/>|</[\w:.-]+>\s*</"
_AHEAD_CHARS, _BACK_CHARS = 400, 1000


class Beside(NamedTuple):
    """A value, and where it stands."""

    value: str
    start: int
    end: int


def unescaped(text: str) -> str:
    """``text`` at the same length, with what is escaped because it is a member of JSON as it was."""
    if "\\" not in text:
        return text
    text = re.sub(r"\\+[\"']", lambda found: found.group()[-1] * len(found.group()), text)
    return re.sub(r"\\+n", lambda found: "\n".rjust(len(found.group())), text)


def titles_of(text: str) -> re.Match[str] | None:
    """The titles of a table of names and values."""
    return re.search(_TITLES, text) if "alue" in text or "VALUE" in text else None


def values_beside(
    text: str, left: int, right: int, titles: re.Match[str] | None
) -> Iterator[Beside]:
    """What stands beside the name at ``left`` to ``right`` of an ``unescaped`` text: behind it, else
    before it."""
    if re.match(_GIVES_ITSELF, text[right : right + 8]):
        return
    before = text[max(0, left - 8) : left].rstrip("\"'` ")[-1:]
    if before in ("[", "(", "{", ",") and (pair := re.compile(_OTHER_OF_PAIR).match(text, right)):
        found = _of(pair)
        if random_looking(found.value) and not wordy(found.value):
            yield found
    if before == ">" and (element := re.compile(_NEXT_ELEMENT).match(text, right)):
        yield _of(element)
    if titles is not None and left > titles.end():
        yield from _in_row(text, left, titles.group())
    if re.search(_BEHIND_LABEL, text[max(0, left - _LABEL_CHARS) : left]):
        yield from _labelled(text, left, right)


def _labelled(text: str, left: int, right: int) -> Iterator[Beside]:
    behind = re.compile(_LABELLED).search(text, right, right + _AHEAD_CHARS)
    if behind is not None and _reaches(text[right : behind.start()]):
        yield _of(re.compile(_LABELLED).match(text, behind.start()) or behind)
        return
    begin = max(0, left - _BACK_CHARS)
    for last in list(re.compile(f"(?={_LABELLED})").finditer(text, begin, left))[-1:]:
        found = _of(last)
        if _reaches(text[found.end : left]):
            yield found


def _reaches(gap: str) -> bool:
    depth = 0
    for sign in re.findall(r"[{}]", gap):
        depth += 1 if sign == "{" else -1
        if depth < 0:
            return False
    return re.search(_PARTED, gap) is None


def _in_row(text: str, left: int, titles: str) -> Iterator[Beside]:
    """The cell under the title of values, of a row that begins with the name."""
    begin = text.rfind("\n", 0, left) + 1
    if text[begin:left].strip("\"'`| \t"):
        return
    column = _column_of_values(titles)
    row = text[begin : begin + 5000].partition("\n")[0]
    for found in list(re.finditer(r"(?:^|[,;|\t])([^,;|\t]*)", row))[column : column + 1]:
        value = found[1].strip("\"'` ")
        start = begin + found.start(1) + found[1].find(value)
        yield Beside(value, start, start + len(value))


@lru_cache(maxsize=1)  # each row asks it of the same titles
def _column_of_values(titles: str) -> int:
    cells = re.split(_CELL, titles)
    return next(at for at, cell in enumerate(cells) if re.search(rf"(?i)\b{_VALUE}\b", cell))


def _of(match: re.Match[str]) -> Beside:
    groups = match.groupdict()
    part = "quoted" if groups.get("quoted") is not None else "bare"
    return Beside(match[part], match.start(part), match.end(part))


def named_beside(members: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    """(name, member that holds its value) of an object whose members are a name and a value."""
    for held in members:
        if isinstance(held, str) and re.fullmatch(_IS_VALUE, held):
            for label, name in members.items():
                named = isinstance(label, str) and re.fullmatch(_IS_NAME, label)
                if named and isinstance(name, str) and label != held:
                    yield name, held
