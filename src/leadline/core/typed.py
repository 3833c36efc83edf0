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
    from _collections import _tuplegetter

    Any = NoReturn = object
    FEW = 30  # values of a class: fewer take less time than compiling what makes them

    def fitting(names, defaults, args, kwargs):
        """One value for each name; None where the arguments do not fit."""
        values = list(args)
        known = names[len(args) :]
        for name in known:
            if name in kwargs:
                values.append(kwargs[name])
            elif name in defaults:
                values.append(defaults[name])
            else:
                return None
        fits = len(args) <= len(names) and all(name in known for name in kwargs)
        return values if fits else None

    class _Declared:
        """What a ``TypedDict`` comes to: a class of its own would never be asked for anything."""

        __slots__ = ("__annotations__",)
        __call__ = staticmethod(dict)

        def __mro_entries__(self, bases):
            return (TypedDict,)

    class _Declares(type):
        def __new__(mcs, name, bases, body, total=True):
            if bases == ():
                return super().__new__(mcs, name, bases, body)
            made = _Declared()
            made.__annotations__ = body.get("__annotations__", {})
            return made

    class TypedDict(metaclass=_Declares):
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
        body's methods, and compiles nothing for it: a tenth of its time."""

        def __new__(mcs, name, bases, body):
            if bases == ():
                return super().__new__(mcs, name, bases, body)
            fields = tuple(body.pop("__annotations__", ()))
            defaults = {field: body.pop(field) for field in fields if field in body}
            for at, field in enumerate(fields):
                body[field] = _tuplegetter(at, "")
            body.update(__slots__=(), __match_args__=fields)
            body.update(_fields=fields, _field_defaults=defaults, _few=iter(range(FEW)))
            return type(name, (_Tuple,), body)

    class _Tuple(tuple):
        """What all of them can. The first few values are made here; where many are made, or the
        arguments do not fit, the standard library's compiled constructor takes over."""

        __slots__ = ()

        def __new__(cls, /, *args, **kwargs):
            if next(cls._few, None) is not None:
                values = fitting(cls._fields, cls._field_defaults, args, kwargs)
                if values is not None:
                    return tuple.__new__(cls, values)
            from collections import namedtuple  # noqa: PLC0415  start-up: 1 ms

            defaults = cls._field_defaults.values()
            cls.__new__ = namedtuple(cls.__name__, cls._fields, defaults=defaults).__new__
            return cls(*args, **kwargs)

        @classmethod
        def _make(cls, values):
            return cls(*values)

        def _replace(self, /, **changed):
            return type(self)(**{**self._asdict(), **changed})

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self._asdict().items())})"

        def __getnewargs__(self):
            return tuple(self)

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
