"""A sequence whose length is known and whose members are drawn when they are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from leadline.core.typed import Any, TypeVar

T = TypeVar("T")


class Drawn(Sequence[T]):
    """``count`` members of ``source``, in its order; each is drawn once and kept."""

    def __init__(self, count: int, source: Iterable[T]) -> None:
        self._count, self._source, self._drawn = count, iter(source), list[T]()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            places = range(*at.indices(self._count))
        else:
            places = range(at if at >= 0 else at + self._count, self._count)[:1]
        last = max(places, default=-1)
        self._drawn += islice(self._source, max(0, last + 1 - len(self._drawn)))
        found = [self._drawn[place] for place in places]
        return found if isinstance(at, slice) else found[0]

    def __iter__(self) -> Iterator[T]:
        yield from self._drawn
        for member in self._source:
            self._drawn.append(member)
            yield member
