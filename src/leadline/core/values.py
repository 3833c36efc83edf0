"""``dataclass`` and ``field`` as in the standard library, without its start-up.

``dataclasses`` imports ``inspect`` (and with it ``ast``, ``dis``, ``tokenize``) and compiles three
functions for every class: together more than a bare interpreter takes to start, paid by every
command. This does the part that the project uses: ``slots``, ``frozen``, defaults,
``default_factory``. The price is sixty lines of our own. Type checkers see the standard one, and so
do ``dataclasses.fields``, ``asdict`` and ``replace`` when somebody calls them on a value.
"""

from __future__ import annotations

from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass, field
else:
    from leadline.core.typed import FEW, fitting

    class _Factory:
        __slots__ = ("make",)

        def __init__(self, make):
            self.make = make

    def field(*, default_factory):
        return _Factory(default_factory)

    def dataclass(cls=None, /, *, slots=False, frozen=False):
        if cls is None:
            return lambda decorated: dataclass(decorated, slots=slots, frozen=frozen)
        space = {k: v for k, v in cls.__dict__.items() if k not in ("__dict__", "__weakref__")}
        names = tuple(name for name in cls.__annotations__)
        defaults = {name: space.pop(name) for name in names if name in space}
        space.update(
            __init__=_init(names, defaults, frozen, cls),
            __repr__=_repr(names),
            __eq__=_eq(names),
            __hash__=_hash(names) if frozen else None,
            __match_args__=names,
            __dataclass_fields__=_Fields(names, defaults),
        )
        if frozen:
            space["__setattr__"] = space["__delattr__"] = _refuse
            space["__reduce__"] = lambda self: (
                type(self),
                tuple(getattr(self, name) for name in names),
            )
        if slots:
            space["__slots__"] = names
        else:  # as the standard one does: a plain default is readable on the class
            space.update({k: v for k, v in defaults.items() if not isinstance(v, _Factory)})
        made = type(cls)(cls.__name__, cls.__bases__, space)
        made.__qualname__ = cls.__qualname__
        return made

    def _init(names, defaults, frozen, cls):
        """Compiled when many values are made: most commands make few of each class, and compiling
        takes as long as fifty values. The compiled one also says what is wrong with arguments."""
        left, installed = FEW, None
        put = object.__setattr__ if frozen else setattr

        def __init__(self, /, *args, **kwargs):
            nonlocal left, installed
            left -= 1
            values = None if left < 0 else fitting(names, defaults, args, kwargs)
            if values is not None:
                for name, value in zip(names, values, strict=True):
                    put(self, name, value.make() if type(value) is _Factory else value)
                return
            if installed is None:
                installed = _compiled_init(names, defaults, frozen, cls)
                type(self).__init__ = installed
            installed(self, *args, **kwargs)

        return __init__

    def _compiled_init(names, defaults, frozen, cls):
        arguments, body, known = [], [], {"_missing": object(), "_set": object.__setattr__}
        for name in names:
            default, value = defaults.get(name, known), name
            if isinstance(default, _Factory):
                known[f"_make_{name}"] = default.make
                arguments.append(f"{name}=_missing")
                value = f"_make_{name}() if {name} is _missing else {name}"
            elif default is known:
                arguments.append(name)
            else:
                known[f"_default_{name}"] = default
                arguments.append(f"{name}=_default_{name}")
            body.append(f" _set(self, {name!r}, {value})" if frozen else f" self.{name} = {value}")
        exec(f"def __init__(self, {', '.join(arguments)}):\n" + "\n".join(body), known)
        known["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
        return known["__init__"]

    def _repr(names):
        def __repr__(self):
            return f"{type(self).__qualname__}({', '.join(f'{n}={getattr(self, n)!r}' for n in names)})"

        return __repr__

    def _eq(names):
        def __eq__(self, other):
            if other.__class__ is not self.__class__:
                return NotImplemented
            return all(getattr(self, name) == getattr(other, name) for name in names)

        return __eq__

    def _hash(names):
        return lambda self: hash(tuple(getattr(self, name) for name in names))

    def _refuse(self, name, *value):
        raise AttributeError(f"cannot change {name!r}: a {type(self).__name__} is immutable")

    class _Fields:
        """``__dataclass_fields__``, made by the standard library when it asks."""

        def __init__(self, names, defaults):
            self.names, self.defaults = names, defaults

        def __get__(self, instance, owner):
            import dataclasses  # noqa: PLC0415  start-up: 7.7 ms

            given = {
                n: dataclasses.field(default_factory=d.make) if isinstance(d, _Factory) else d
                for n, d in self.defaults.items()
            }
            twin = dataclasses.make_dataclass(
                owner.__name__,
                [(n, object, given[n]) if n in given else (n, object) for n in self.names],
            )
            return twin.__dataclass_fields__


def as_dict(value: Any) -> Any:
    """``value`` with every value of ours in it, at any depth, as a dict; lists and dicts are
    copied."""
    cls = type(value)
    if "__match_args__" in cls.__dict__:
        return {name: as_dict(getattr(value, name)) for name in cls.__match_args__}
    if isinstance(value, dict):
        return {k: as_dict(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return cls(as_dict(v) for v in value)
    return value


__all__ = ["as_dict", "dataclass", "field"]
