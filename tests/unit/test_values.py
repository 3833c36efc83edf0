"""Values behave as the standard dataclasses do, for what the project uses of them."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from leadline.core.values import as_dict, dataclass, field


@dataclass(slots=True)
class Point:
    """A docstring."""

    x: int
    name: str = "a"
    tags: list[Any] = field(default_factory=list)

    @property
    def double(self) -> int:
        return self.x * 2


@dataclass(frozen=True)
class Fixed:
    a: int
    b: int = 2


@dataclass(slots=True, frozen=True)
class Lean:
    a: Any


@dataclass
class Open:
    a: int
    word: str = "w"


def test_defaults_and_factories() -> None:
    one, two = Point(1), Point(x=1)
    assert one == two and one.tags is not two.tags and one.double == 2
    assert Point(1, "b", [3]) == Point(1, tags=[3], name="b") != Point(1)
    assert repr(one) == "Point(x=1, name='a', tags=[])"
    assert Open.word == "w" and Open(1).__dict__ == {"a": 1, "word": "w"}
    assert Point.__doc__ == "A docstring." and Point.__module__ == __name__


@pytest.mark.parametrize(
    "arguments", [((), {}), ((1,), {"y": 2}), ((1, 2, 3, 4), {}), ((1,), {"x": 1})]
)
def test_wrong_arguments(arguments: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
    for _ in range(2):  # the first values of a class are made in another way
        with pytest.raises(TypeError, match=r"Point\.__init__\(\)"):
            Point(*arguments[0], **arguments[1])


@pytest.mark.parametrize("frozen", [False, True])
def test_the_first_values_are_as_the_later_ones(frozen: bool) -> None:
    @dataclass(frozen=frozen)
    class Made:
        a: int
        b: str = "b"
        c: list[int] = field(default_factory=list)

    first = Made.__init__
    values = [made for _ in range(50) for made in (Made(1), Made(a=1, c=[]), Made(1, "b"))]
    assert Made.__init__ is not first, "compiled, since there are many"
    assert all(value == values[-1] and value.c == [] for value in values)
    assert len({id(value.c) for value in values}) == len(values)


def test_slots_and_frozen() -> None:
    with pytest.raises(AttributeError):
        Point(1).other = 3  # type: ignore[attr-defined]
    for value in (Fixed(1), Lean(1)):
        with pytest.raises(AttributeError):
            value.a = 2  # type: ignore[misc]
        with pytest.raises(AttributeError):
            del value.a
    assert len({Fixed(1), Fixed(1), Fixed(1, 3)}) == 2 and Fixed(1) != Lean(1)
    with pytest.raises(TypeError):
        hash(Point(1))


@pytest.mark.parametrize("value", [Point(1, tags=[[1]]), Fixed(1), Lean([1]), Open(2)])
def test_copies(value: Any) -> None:
    assert copy.copy(value) == value == copy.deepcopy(value) == pickle.loads(pickle.dumps(value))
    assert copy.deepcopy(value) is not value


def test_the_standard_library_takes_them_for_dataclasses() -> None:
    point = Point(1, tags=[Lean({"k": Open(4)})])
    assert [f.name for f in dataclasses.fields(Point)] == ["x", "name", "tags"]
    assert dataclasses.replace(point, x=5) == Point(5, tags=point.tags)
    assert (
        as_dict(point)
        == dataclasses.asdict(point)
        == {"x": 1, "name": "a", "tags": [{"a": {"k": {"a": 4, "word": "w"}}}]}
    )
    assert as_dict(point)["tags"] is not point.tags
