"""JSON edited as text: one member put in or taken out, every other byte as it was.

What is no strict JSON (comments, a trailing comma) is not edited: ``NotEditable`` says so.

>>> put_member('{"a": 1}', ("b",), {"c": 2})
'{"a": 1,\\n  "b": {\\n    "c": 2\\n  }}'
>>> drop_member(put_member('{"a": 1}', ("b",), 2), ("b",))
'{"a": 1}'
>>> put_element('{"h": {"x": [1]}}', ("h", "x"), 2)
'{"h": {"x": [1,\\n      2]}}'
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from leadline.core.typed import Any, NamedTuple

_SPACE = " \t\r\n"
INDENT = "  "


class NotEditable(ValueError):
    """The text is no JSON object that can be edited; the words say why."""


class _Piece(NamedTuple):
    """A member of an object or an element of an array: where it begins (with its key) and ends, its key,
    and where its value begins."""

    start: int
    end: int
    key: str
    value: int


class _Span(NamedTuple):
    """An object or array: its opening and closing bracket, and its pieces."""

    open: int
    close: int
    pieces: list[_Piece]


def read(text: str) -> dict[str, Any]:
    """The object that a settings file holds; an empty one where it is empty. Raises NotEditable."""
    if not text.strip():
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotEditable(f"it is no strict JSON ({error})") from None
    if not isinstance(value, dict):
        raise NotEditable("it is JSON, but no object")
    return value


def put_member(text: str, path: Sequence[str], value: Any) -> str:
    """``text`` with the member at ``path`` set; objects on the way are made."""
    text = text if text.strip() else "{}\n"
    read(text)
    at = text.index("{")
    for depth, key in enumerate(path):
        span = _span(text, at)
        piece = next((p for p in span.pieces if p.key == key), None)
        if piece is None:
            for inner in reversed(path[depth + 1 :]):
                value = {inner: value}
            return _put(text, span, depth + 1, f"{json.dumps(key)}: {_shown(value, depth + 1)}")
        if depth == len(path) - 1:
            return text[: piece.value] + _shown(value, depth + 1) + text[piece.end :]
        if text[piece.value] != "{":
            raise NotEditable(f"{key!r} in it is no object")
        at = piece.value
    return text


def put_element(text: str, path: Sequence[str], value: Any) -> str:
    """``text`` with one more element at the end of the array at ``path``, which is made."""
    found = member(read(text), path)
    if found is None:
        return put_member(text, path, [value])
    if not isinstance(found, list):
        raise NotEditable(f"{path[-1]!r} in it is no array")
    at = _place(text, path)
    return _put(text, _span(text, at), len(path) + 1, _shown(value, len(path) + 1))


def drop_member(text: str, path: Sequence[str]) -> str:
    """``text`` without the member at ``path``, if it is there."""
    if member(read(text), path) is None:
        return text
    span = _span(text, _place(text, path[:-1]))
    return _drop(text, span, next(i for i, p in enumerate(span.pieces) if p.key == path[-1]))


def drop_elements(text: str, path: Sequence[str], ours: Callable[[Any], bool]) -> str:
    """``text`` without the elements of the array at ``path`` that are ``ours``."""
    found = member(read(text), path)
    if not isinstance(found, list):
        return text
    for place in reversed([i for i, value in enumerate(found) if ours(value)]):
        text = _drop(text, _span(text, _place(text, path)), place)
    return text


def member(value: Any, path: Sequence[str]) -> Any:
    """What stands at ``path`` in what was read; None where nothing does."""
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def _place(text: str, path: Sequence[str]) -> int:
    at = text.index("{")
    for key in path:
        at = next(p.value for p in _span(text, at).pieces if p.key == key)
    return at


def _put(text: str, span: _Span, depth: int, piece: str) -> str:
    if not span.pieces:
        inner = f"\n{INDENT * depth}{piece}\n{INDENT * (depth - 1)}"
        return text[: span.open + 1] + inner + text[span.close :]
    end = span.pieces[-1].end
    return f"{text[:end]},\n{INDENT * depth}{piece}{text[end:]}"


def _drop(text: str, span: _Span, place: int) -> str:
    pieces = span.pieces
    if len(pieces) == 1:
        return text[: span.open + 1] + text[span.close :]
    if place:
        return text[: pieces[place - 1].end] + text[pieces[place].end :]
    return text[: pieces[0].start] + text[pieces[1].start :]


def _shown(value: Any, depth: int) -> str:
    return json.dumps(value, indent=INDENT, ensure_ascii=False).replace("\n", "\n" + INDENT * depth)


def _span(text: str, at: int) -> _Span:
    """Of valid JSON: the object or array that begins at ``at``."""
    closing = "}" if text[at] == "{" else "]"
    pieces: list[_Piece] = []
    here = _skip(text, at + 1)
    while text[here] != closing:
        start, key = here, ""
        if closing == "}":
            end = _value_end(text, here)
            key = json.loads(text[here:end])
            here = _skip(text, _skip(text, end) + 1)
        value = here
        here = _value_end(text, here)
        pieces.append(_Piece(start, here, key, value))
        here = _skip(text, here)
        if text[here] == ",":
            here = _skip(text, here + 1)
    return _Span(at, here, pieces)


def _value_end(text: str, at: int) -> int:
    return json.JSONDecoder().raw_decode(text, at)[1]


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
