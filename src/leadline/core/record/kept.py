"""What a view asks of a whole thread, answered without folding it whole.

A thread that is folded whole has no such thing: who asks (``core/view/facts.py``,
``core/issue/due.py``, the brief) computes it from the things themselves. A long one is kept: its
experiments and items are folded when they are asked for, a few at a time, and what concerns all of
them lies in rows (``adapters/store/things_table.py``). Both say the same; a property test holds them
to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from leadline.core.record.event import Record
from leadline.core.typed import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from leadline.core.record.cost import Cost
    from leadline.core.record.reaches import Told
    from leadline.core.record.run import Run
    from leadline.core.record.thread import Experiment, Item

    Span = tuple[float | None, float | None, float | None]

T = TypeVar("T")


class Since(NamedTuple):
    """What happened behind a record: the milestones, whether anything was learnt, and the hours of
    work."""

    milestones: list[Record]
    learnt: bool
    hours: float


class Counts(NamedTuple):
    experiments: int
    runs: int


class Judged(NamedTuple):
    """Of the evidence what pages show: a label, the runs that count, what is missing for the next
    one, and of the sentence its short form and its parts."""

    label: str
    counted: list[str]
    missing: list[str]
    brief: str
    parts: list[str]


class ToldBefore(Protocol):
    """What was said before of the items of a thread that is folded whole, and is said again while it is the same."""

    def once(self, what: str, tell: Callable[[], str]) -> str:
        """``what``: names the item, and what is told of it."""
        ...


class Kept(Protocol):
    """Sequences know their length and are drawn when they are looked at. ``ranked`` and the like:
    see the functions of ``core/view/facts.py`` of the same names."""

    def counts(self) -> Counts: ...

    def cost(self) -> Cost:
        """Of all that the thread ran itself."""
        ...

    def asked_once(self, name: str, ask: Callable[[], T]) -> T:
        """As ``Thread.asked_once``; whatever is judged by it rests on what ``ask`` looked at."""
        ...

    def told_in_parts(
        self,
        name: str,
        at_once: int,
        tell: Callable[[Iterable[Experiment]], str],
        holds: Callable[[str], bool],
    ) -> Iterator[str]:
        """As ``Thread.told_in_parts``."""
        ...

    def told_of(
        self, kind: str, name: str, tell: Callable[[Item[Any]], str]
    ) -> Iterable[tuple[str, str]]:
        """As ``Thread.told_of``."""
        ...

    def spans(self) -> Iterable[tuple[str, Mapping[str, Span]]]:
        """As ``core/view/facts.spans``."""
        ...

    def by_time(self) -> Iterable[tuple[str, str, str, str]]:
        """As ``core/view/facts.by_time``, in any order."""
        ...

    def ranked(self) -> Sequence[Experiment]: ...

    def ranked_ids(self, most: int) -> list[str]: ...

    def recent(self) -> Sequence[Experiment]: ...

    def ranked_first(self) -> Sequence[Experiment]: ...

    def measured(self) -> list[str]: ...

    def open(self) -> Sequence[Experiment]: ...

    def negatives_newest_first(self) -> Sequence[Item | Experiment]: ...

    def standing(
        self, kind: str, states: Sequence[str] = (), newest_first: bool = False
    ) -> Sequence[Item[Any]]:
        """The standing items of a kind; with ``states`` those in one of them, in their order."""
        ...

    def claims_by_label(self) -> Sequence[Item[Any]]:
        """Standing ones first, the stronger label before the weaker."""
        ...

    def ranked_otherwise(self, ranks: Mapping[str, int]) -> Sequence[Item[Any]]:
        """The standing claims named in ``ranks`` whose label has another rank now, in order."""
        ...

    def differing(self) -> list[tuple[str, list[tuple[str, float, float | None]]]]:
        """(id, as ``core.text.citation.recompute`` tells) of every standing item with a cited number
        that is another one now."""
        ...

    def with_gone_evidence(self) -> list[tuple[str, list[str]]]: ...

    def label(self, uid: str) -> Judged | None:
        """Of a claim or a prediction; None where it has to be computed."""
        ...

    def labels(self) -> Iterable[tuple[str, Judged]]:
        """The id and what is known of every standing claim, in order."""
        ...

    def resting_on(self, kind: str, ids: Iterable[str]) -> Sequence[Item[Any]]:
        """The items of a kind that were judged by what one of ``ids`` is."""
        ...

    def entries(self) -> Iterable[tuple[str, str, str]]:
        """Anchor, heading and body of every entry of the logbook, oldest first."""
        ...

    def withdrawn(self) -> Sequence[Experiment]: ...

    def waited_for(self) -> list[str]:
        """As ``core/view/waiting.py``, by the bases of the ids."""
        ...

    def repeated_notes(self) -> list[tuple[Item[Any], Item[Any], int]]: ...

    def with_numbers(self) -> tuple[Sequence[Experiment], Sequence[str]]: ...

    def records_behind(self, uid: str) -> list[Record]: ...

    def records_of(self, kind: str) -> list[Record]: ...

    def uid(self, shown: str) -> str:
        """Of an experiment or an item; "" where there is none."""
        ...

    def digests(self) -> set[str]:
        """Every content digest that a record names, and maybe of record heads."""
        ...

    def naming(self, digest: str) -> list[Record]: ...

    def predicting(self, clause: str) -> set[str]:
        """The uids of the hypotheses that predict it."""
        ...

    def of_family(self, family: str) -> Iterable[Item[Any]]:
        """The hypotheses and claims that name a comparison of it (``core/evidence/predicate.py``)."""
        ...

    def tested(self) -> dict[str, list[str]]:
        """Of each hypothesis that experiments test, their ids, oldest first."""
        ...

    def relabelled(self) -> list[list[Any]]:
        """Of the claims that earlier rules labelled otherwise, what ``core/view/relabelled.py`` says."""
        ...

    def arms(self, metric: str) -> list[Any]:
        """As ``core.compare.choice.arms_of``, of all experiments."""
        ...

    def alike(self, invocations: Sequence[str]) -> dict[str, Told]:
        """Of the standing runs of each invocation (``core/record/reaches.py``) that has different
        configs."""
        ...

    def runs_where(self, selectors: Sequence[tuple[str, object]]) -> list[Run]:
        """Every run that may have these facts: nothing that has is left out."""
        ...

    def measured_before(self, metric: str, uid: str) -> bool:
        """Whether a run has the metric of which the record ``uid`` is not known to have come before."""
        ...

    def runs_alike(self, keys: Sequence[str]) -> list[Run]:
        """The runs of the experiments that hold a run of one of these keys (``run_key``)."""
        ...

    def since(
        self, uid: str, first_at: str, milestones: Sequence[str], learnt: Sequence[str]
    ) -> Since: ...
