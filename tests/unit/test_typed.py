"""The stand-in for ``typing.NamedTuple`` makes what the standard one makes."""

from __future__ import annotations

import copy
import pickle
import typing

from leadline.core.typed import NamedTuple


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
