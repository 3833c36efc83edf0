"""Whether the body of a record is what its kind declares, asked once, when a line is read.

What conforms can be folded, listed, rendered and searched without a further look at its types: no
number is too large for a float, no number is NaN, nothing lies deeper than a recursion goes, an id
is one of its kind. What does not is kept in its file and quarantined: never folded, named by
``verify`` and ``doctor`` (docs/design/record.md, "One bad record stops one record").

A shape is compiled into nested functions when its first record is read; a record of a dozen fields
takes a microsecond then. What many records say alike (the machine, the environment) is tested once.
"""

from __future__ import annotations

import json
import marshal
import sys
from collections.abc import Callable, Mapping

from leadline.core.canonical import finite
from leadline.core.ids import LARGEST, parse_id
from leadline.core.record.kinds import KINDS
from leadline.core.record.shapes import SHAPES
from leadline.core.typed import Any

LARGEST_INTEGER = (1 << 63) - 1  # of what is counted: the index keeps no larger one
LARGEST_NUMBER = 1.7976931348623157e308
DEEPEST = 40  # of values that are a user's own
REMEMBERED_BYTES = 1 << 22  # of values of one member that were tested
Test = Callable[[Any], bool]


def misfit(kind: str, body: Mapping[str, Any]) -> str:
    """Why ``body`` is none of ``kind``, in words; "" when it conforms. A kind that is not known
    (a newer Leadline wrote it) may say anything that can be read."""
    row = KINDS.get(kind)
    if row is None:
        return "" if free(body) else _unreadable("body")
    name = _SHAPE_OF[kind]
    if not (_WORDS.get(name) or _test(name))(body):
        return explain(name, body, "body")
    if row.letter or kind == "run-planned":
        return _created(kind, body)
    return ""


def field_misfit(shape: str, field: str, value: Any) -> str:
    """Why ``value`` cannot stand in ``field`` of a shape of ``bodies.py``; "" when it can."""
    spec = SHAPES[shape][0].get(field, "any")
    return "" if _test(spec)(value) else explain(spec, value, field)


def shape_of(kind: str) -> str:
    return "".join(part.capitalize() for part in kind.split("-")) + "Body"


_SHAPE_OF = {kind: shape_of(kind) for kind in KINDS}


def _created(kind: str, body: Mapping[str, Any]) -> str:
    wanted = "run" if kind == "run-planned" else kind
    if not _counts(body.get("id", ""), wanted):
        return f"body.id is {_cut(body.get('id', ''))}, no id of a {wanted}"
    experiment = body.get("experiment")
    if wanted == "run" and experiment and not _counts(experiment, "experiment"):
        return f"body.experiment is {_cut(experiment)}, no id of an experiment"
    return ""


def _counts(display: str, kind: str) -> bool:
    parsed = parse_id(display)
    return parsed is not None and parsed.kind == kind and parsed.number <= LARGEST >= parsed.repeat


# -- the quick answer ------------------------------------------------------------------------------
def free(value: Any, left: int = DEEPEST) -> bool:
    """Whether a value that nothing is declared of can be kept, counted with, and walked through."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int or kind is float:
        return bool(-LARGEST_NUMBER <= value <= LARGEST_NUMBER)
    if kind is dict:
        value = value.values()
    elif kind is not list:
        return False
    return left > 0 and all(free(inner, left - 1) for inner in value)


def _integer(value: Any) -> bool:
    return type(value) is int and -LARGEST_INTEGER <= value <= LARGEST_INTEGER


def finite_number(value: Any) -> bool:
    """Whether a value read from JSON is a number that a float can hold."""
    kind = type(value)
    return (kind is float or kind is int) and -LARGEST_NUMBER <= value <= LARGEST_NUMBER


def _of_types(types: frozenset[type]) -> Test:
    return lambda value: type(value) in types


def _list_of(spec: Any) -> Test:
    if spec == "str":
        return lambda value: type(value) is list and _TEXTS.issuperset(map(type, value))
    inner = _test(spec)
    return lambda value: type(value) is list and all(map(inner, value))


def _dict_of(spec: Any) -> Test:
    if spec == "str":
        return lambda value: type(value) is dict and _TEXTS.issuperset(map(type, value.values()))
    inner = _test(spec)
    return lambda value: type(value) is dict and all(map(inner, value.values()))


def _either(specs: tuple[Any, ...]) -> Test:
    if set(specs) <= _EXACT.keys():
        return _of_types(frozenset(_EXACT[spec] for spec in specs))
    first, *others = (_test(spec) for spec in specs)
    second = _either(specs[1:]) if others[1:] else others[0]
    return lambda value: first(value) or second(value)


def _object(fields: Mapping[str, Any], needed: tuple[str, ...]) -> Test:
    exact = {name: _EXACT[spec] for name, spec in fields.items() if spec in _EXACT}
    tests = {
        name: _remembering(_test(spec)) if _has_shape(spec) else _test(spec)
        for name, spec in fields.items()
    }
    kind_of, test_of, must = exact.get, tests.get, frozenset(needed)

    def test(value: Any) -> bool:
        if type(value) is not dict or not must <= value.keys():
            return False
        for name, inner in value.items():  # most are texts, and of the right type
            if type(inner) is not kind_of(name) and not test_of(name, free)(inner):
                return False
        return True

    return test


def _has_shape(spec: Any) -> bool:
    return spec in SHAPES or (type(spec) is tuple and any(map(_has_shape, spec[1:])))


def _remembering(test: Test) -> Test:
    """``test``, which is not made again of what is the same in every byte, types included."""
    passed = set[bytes]()
    held = 0

    def test_once(value: Any) -> bool:
        nonlocal held
        try:
            same = marshal.dumps(value, 2)
        except ValueError:  # nothing that JSON gives
            return test(value)
        if same in passed:
            return True
        if not test(value):
            return False
        size = sys.getsizeof(same)
        if size <= REMEMBERED_BYTES:  # what is larger hardly comes again
            if held + size > REMEMBERED_BYTES:
                passed.clear()
                held = 0
            passed.add(same)
            held += size
        return True

    return test_once


_EXACT: dict[Any, type] = {"str": str, "bool": bool, "none": type(None)}
_TEXTS = frozenset((str,))
_WORDS: dict[Any, Test] = {
    "any": free,
    "int": _integer,
    "float": finite_number,
    **{word: _of_types(frozenset((kind,))) for word, kind in _EXACT.items()},
}


def _test(spec: Any) -> Test:
    found = _WORDS.get(spec)
    if found is None:
        if isinstance(spec, str):
            found = _object(*SHAPES[spec])
        elif spec[0] == "or":
            found = _either(spec[1:])
        else:
            make = _list_of if spec[0] == "list" else _dict_of
            found = make(spec[1])
        _WORDS[spec] = found
    return found


# -- what can be kept of a body ---------------------------------------------------------------------
def fitting(kind: str, body: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """``body`` as JSON has it, without what would make it no record of its ``kind``, and what that
    was: for a record that has to be written whatever a program left behind. Raises ValueError when
    a field is concerned that it cannot do without."""
    text = json.dumps(finite(body))
    read = json.loads(text)
    if "\\ud" in text:  # else no half of a character is in it
        read = _whole_characters(read)
    if not misfit(kind, read):
        return read, []
    dropped: list[str] = []
    kept = _mended(shape_of(kind), read, "body", dropped)
    if why := misfit(kind, read if kept is _GONE else kept):
        raise ValueError(why)
    return kept, dropped


def _whole_characters(value: Any) -> Any:
    """``value`` with each half of a character (a byte that was no UTF-8) as an escape."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_whole_characters(name): _whole_characters(inner) for name, inner in value.items()}
    return [_whole_characters(inner) for inner in value] if isinstance(value, list) else value


def _mended(spec: Any, value: Any, where: str, dropped: list[str]) -> Any:
    """What of ``value`` fits; ``_GONE`` for nothing."""
    if _test(spec)(value):
        return value
    word, *inner = (spec,) if isinstance(spec, str) else spec
    if word in SHAPES and isinstance(value, dict):
        fields, needed = SHAPES[word]
        inside: list[str] = []
        kept = _members(value, lambda name: fields.get(name, "any"), where, inside)
        if set(needed) - kept.keys():
            return _GONE  # and with it what is inside
        dropped += inside
        return kept
    if word == "dict" and isinstance(value, dict):
        return _members(value, lambda name: inner[0], where, dropped)
    if word == "list" and isinstance(value, list):
        tried = [_mended(inner[0], one, f"{where}[{at}]", dropped) for at, one in enumerate(value)]
        return [one for one in tried if one is not _GONE]
    if word == "or" and isinstance(value, (dict, list)):
        deep = [one for one in inner if not (isinstance(one, str) and one in _NAMES)]
        return _mended(deep[0], value, where, dropped) if deep else _GONE
    return _GONE


def _members(
    value: dict[str, Any], spec_of: Callable[[str], Any], where: str, dropped: list[str]
) -> dict[str, Any]:
    kept = {}
    for name, inner in value.items():
        found = _mended(spec_of(name), inner, _member(where, name), dropped)
        if found is _GONE:
            dropped.append(_member(where, name))
        else:
            kept[name] = found
    return kept


_GONE = object()


# -- the reason, when the answer was no ------------------------------------------------------------
def explain(spec: Any, value: Any, where: str) -> str:
    """Why ``value`` is not what ``spec`` says, at the first place where it is not."""
    if _test(spec)(value):
        return ""
    if spec == "any":
        return _unreadable(where)
    if isinstance(spec, str):
        return _wrong_member(spec, value, where) if spec in SHAPES else _wrong(spec, value, where)
    word, *inner = spec
    if word == "list" and isinstance(value, list):
        found = (explain(inner[0], one, f"{where}[{at}]") for at, one in enumerate(value))
        return next(filter(None, found))
    if word == "dict" and isinstance(value, dict):
        found = (explain(inner[0], one, _member(where, name)) for name, one in value.items())
        return next(filter(None, found))
    if word == "or":
        deep = [one for one in inner if not (isinstance(one, str) and one in _NAMES)]
        if deep and isinstance(value, (dict, list)):
            return explain(deep[0], value, where)
        names = " or ".join(_NAMES.get(one, "an object") for one in map(_word, inner))
        return f"{where} is {_cut(value)}, not {names}"
    return _wrong(word, value, where)


def _wrong_member(shape: str, value: Any, where: str) -> str:
    fields, needed = SHAPES[shape]
    if not isinstance(value, dict):
        return _wrong("dict", value, where)
    for name in needed:
        if name not in value:
            return f"{where} lacks {name}"
    found = (
        explain(fields.get(name, "any"), one, _member(where, name)) for name, one in value.items()
    )
    return next(filter(None, found))


_NAMES = {
    "str": "a text",
    "int": "a whole number below 2^63",
    "float": "a finite number",
    "bool": "true or false",
    "none": "null",
    "list": "a list",
    "dict": "an object",
}


def _word(spec: Any) -> str:
    return str(spec if isinstance(spec, str) else spec[0])


def _wrong(word: str, value: Any, where: str) -> str:
    return f"{where} is {_cut(value)}, not {_NAMES[word]}"


def _unreadable(where: str) -> str:
    return f"{where} holds a number that is too large or none, or goes deeper than {DEEPEST} levels"


def _member(where: str, name: str) -> str:
    return f"{where}.{_cut(name, quoted=False)}"


def _cut(value: Any, quoted: bool = True) -> str:
    """A value of others in a sentence: short, on one line."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and not isinstance(value, bool) and not _integer(value):
        return f"a number of {value.bit_length()} bits"
    text = repr(value) if quoted else ascii(value)[1:-1]
    return text if len(text) <= 60 else text[:57] + "…"
