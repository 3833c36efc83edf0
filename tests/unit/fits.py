"""Whether a value read from JSON is what a ``TypedDict`` says, told as a list of faults."""

from __future__ import annotations

import types
import typing
from typing import Any


def misfits(value: Any, wanted: Any, where: str = "body") -> list[str]:
    """What of ``value`` is not as ``wanted`` says, each with its place; empty when it fits."""
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if wanted is Any or (wanted is float and isinstance(value, int)):
        return []
    if origin in (typing.NotRequired, typing.Required):
        return misfits(value, inner[0], where)
    if origin in (typing.Union, types.UnionType):
        found = [misfits(value, one, where) for one in inner]
        return [] if [] in found else min(found, key=len)
    if typing.is_typeddict(wanted):
        return _members(value, wanted, where)
    if origin is list:
        rows = enumerate(value if isinstance(value, list) else [])
        listed = [m for at, one in rows for m in misfits(one, inner[0], f"{where}[{at}]")]
        return listed or _kind(value, list, where)
    if origin is dict:
        members = value.items() if isinstance(value, dict) else ()
        listed = [m for k, v in members for m in misfits(v, inner[1], f"{where}.{k}")]
        return listed or _kind(value, dict, where)
    return _kind(value, type(None) if wanted is None else wanted, where)


def _members(value: Any, wanted: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return _kind(value, dict, where)
    known = typing.get_type_hints(wanted)
    found = [f"{where} lacks {name}" for name in wanted.__required_keys__ - set(value)]
    found += [f"{where} has {name}, of which nothing says" for name in set(value) - set(known)]
    for name in set(value) & set(known):
        found += misfits(value[name], known[name], f"{where}.{name}")
    return sorted(found)


def _kind(value: Any, wanted: type, where: str) -> list[str]:
    right = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
    return [] if right else [f"{where} is {value!r}, no {wanted.__name__}"]
