"""What modules need of ``typing`` while they run, without its start-up.

``typing`` takes a third of a bare interpreter's start (3 to 4 ms) and a verb needs next to nothing
of it: annotations are never evaluated. Type checkers see the standard names. The price: a module
that a verb loads imports these from here, and a test says which one did not.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generic, NamedTuple, NoReturn, Protocol, TypedDict, cast

    from typing_extensions import TypeVar
else:
    Any = NoReturn = object

    class TypedDict(dict):
        def __init_subclass__(cls, total=True):
            pass

    class Protocol:
        pass

    class Generic:
        __slots__ = ()

        def __class_getitem__(cls, kind):
            return cls

    def TypeVar(name, **kind):
        return object

    def cast(kind, value):
        return value

    class _Named(type):
        """Makes of a class body with annotations what ``collections.namedtuple`` makes, with the
        body's methods."""

        def __new__(mcs, name, bases, body):
            if bases == ():
                return super().__new__(mcs, name, bases, body)
            from collections import namedtuple  # noqa: PLC0415  start-up: 1 ms

            fields = tuple(body.pop("__annotations__", ()))
            defaults = [body.pop(field) for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body.pop("__module__"))
            for key, value in body.items():
                setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Named):
        pass


__all__ = [
    "TYPE_CHECKING",
    "Any",
    "Generic",
    "NamedTuple",
    "NoReturn",
    "Protocol",
    "TypeVar",
    "TypedDict",
    "cast",
]
