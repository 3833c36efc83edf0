"""The stand-ins for ``typing.NamedTuple`` and ``TypedDict`` make what the standard ones make."""

from __future__ import annotations

import copy
import pickle
import typing

import pytest

from leadline.core.typed import NamedTuple, TypedDict


class Ours(NamedTuple):
    """A point."""

    x: int
    y: int = 2

    @property
    def both(self) -> int:
        return self.x + self.y

    def moved(self, by: int) -> Ours:
        return self._replace(x=self.x + by)


class Theirs(typing.NamedTuple):
    """A point."""

    x: int
    y: int = 2


def test_it_is_the_tuple_that_the_standard_one_makes():
    ours, theirs = Ours(1), Theirs(1)
    assert ours == theirs == (1, 2) and isinstance(ours, tuple)
    assert (ours._fields, ours._asdict(), Ours._field_defaults) == (
        theirs._fields,
        theirs._asdict(),
        {"y": 2},
    )
    assert (
        repr(ours) == "Ours(x=1, y=2)"
        and Ours.__doc__ == "A point."
        and Ours.__module__ == __name__
    )
    assert not hasattr(ours, "__dict__")
    x, y = ours
    assert (x, y, ours.both, ours.moved(3)) == (1, 2, 3, (4, 2))


def test_it_travels():
    assert pickle.loads(pickle.dumps(Ours(1, 5))) == copy.copy(Ours(1, 5)) == Ours(1, 5)


def test_the_first_values_are_as_the_later_ones():
    class Made(NamedTuple):
        a: int
        b: str = "b"

    first = Made.__new__
    values = [made for _ in range(50) for made in (Made(1), Made(b="b", a=1), Made(1, "b"))]
    assert Made.__new__ is not first, "compiled, since there are many"
    assert {repr(value) for value in values} == {"Made(a=1, b='b')"}
    assert Made._make([1, "c"]) == (1, "c") == values[-1]._replace(b="c")


@pytest.mark.parametrize(
    "arguments", [((), {}), ((1,), {"z": 2}), ((1, 2, 3), {}), ((1,), {"x": 1})]
)
def test_wrong_arguments(arguments):
    for _ in range(2):  # the first values of a class are made in another way
        with pytest.raises(TypeError, match="argument"):
            Ours(*arguments[0], **arguments[1])


def test_a_shape_costs_no_class_and_says_what_it_declares():
    class Shape(TypedDict):
        a: int

    class Wider(Shape, total=False):
        b: int

    assert not isinstance(Shape, type) and not isinstance(Wider, type)
    assert (list(Shape.__annotations__), list(Wider.__annotations__)) == (["a"], ["b"])
    assert Shape(a=1) == {"a": 1}
