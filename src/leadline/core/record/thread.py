"""The thread: what the records of one line of research add up to. ``core/record/fold.py`` builds
it, everything reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from leadline.core.errors import LeadlineError, environment, not_found, usage
from leadline.core.ids import ID_IN_TEXT, experiment_of, parse_id
from leadline.core.record.event import Record
from leadline.core.record.order import Order, order_of
from leadline.core.record.run import TERMINAL_STATES, MetricDef, Run
from leadline.core.typed import TYPE_CHECKING, Any, Generic, NamedTuple, TypedDict, TypeVar, cast
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from typing import Literal, TypeGuard, overload

    from leadline.core.record import bodies
    from leadline.core.record.bodies import ItemBody
    from leadline.core.record.kept import Kept, ToldBefore
    from leadline.core.record.reaches import Told
    from leadline.core.record.written import Altered

RUNS_NAMED = 10
_empty: Any = dict  # of each thread its own; what it is at first, a checker cannot know
T = TypeVar("T")
Body = TypeVar("Body", bound="bodies.ItemBody", default="bodies.ItemBody", covariant=True)


@dataclass(slots=True)
class Item(Generic[Body]):
    """A recorded thing with an id: note, hypothesis, claim, decision, baseline, snapshot, update,
    reproduction, ...

    ``body`` is the view after corrections; ``history`` holds later records about it (state changes,
    corrections), oldest first, as {at, actor, kind, body}.
    """

    kind: str
    id: str
    uid: str
    at: str
    actor: str
    body: Body
    retracted: str = ""
    superseded_by: str = ""
    history: list[bodies.Later] = field(default_factory=list)

    @property
    def refs(self) -> dict[str, str]:
        body: ItemBody = self.body
        return body.get("refs", {})

    @property
    def stands(self) -> bool:
        return not self.retracted and not self.superseded_by

    @property
    def gone(self) -> str:
        """``retracted`` or ``superseded``; empty while it stands."""
        if self.retracted:
            return "retracted"
        return "superseded" if self.superseded_by else ""

    @property
    def text(self) -> str:
        return str(self.body.get("text", ""))


if TYPE_CHECKING:

    @overload
    def is_a(thing: object, kind: Literal["note"]) -> TypeGuard[Item[bodies.NoteBody]]: ...
    @overload
    def is_a(
        thing: object, kind: Literal["hypothesis"]
    ) -> TypeGuard[Item[bodies.HypothesisBody]]: ...
    @overload
    def is_a(thing: object, kind: Literal["sweep"]) -> TypeGuard[Item[bodies.SweepBody]]: ...
    @overload
    def is_a(
        thing: object, kind: Literal["interleaving"]
    ) -> TypeGuard[Item[bodies.InterleavingBody]]: ...
    @overload
    def is_a(thing: object, kind: Literal["baseline"]) -> TypeGuard[Item[bodies.BaselineBody]]: ...
    @overload
    def is_a(thing: object, kind: Literal["decision"]) -> TypeGuard[Item[bodies.DecisionBody]]: ...
    @overload
    def is_a(thing: object, kind: Literal["claim"]) -> TypeGuard[Item[bodies.ClaimBody]]: ...
    @overload
    def is_a(thing: object, kind: Literal["session"]) -> TypeGuard[Item[bodies.SessionBody]]: ...
    @overload
    def is_a(
        thing: object, kind: Literal["directive"]
    ) -> TypeGuard[Item[bodies.DirectiveBody]]: ...
    @overload
    def is_a(
        thing: object, kind: Literal["reproduction"]
    ) -> TypeGuard[Item[bodies.ReproductionBody]]: ...
    @overload
    def is_a(thing: object, kind: Literal["snapshot"]) -> TypeGuard[Item[bodies.SnapshotBody]]: ...
    @overload
    def is_a(thing: object, kind: Literal["update"]) -> TypeGuard[Item[bodies.UpdateBody]]: ...


def is_a(thing: object, kind: str) -> bool:
    """Whether ``thing`` is the item of that kind: a checker knows its body from there on."""
    return isinstance(thing, Item) and thing.kind == kind


@dataclass(slots=True)
class Experiment:
    id: str
    uid: str
    title: str
    at: str
    actor: str
    runs: list[Run] = field(default_factory=list)
    notes: list[Item] = field(default_factory=list)
    said: list[Item] = field(default_factory=list)  # decisions that rest on it, reproductions of it
    replaces: list[str] = field(default_factory=list)  # experiments that it supersedes
    hypotheses: list[str] = field(default_factory=list)
    retracted: str = ""
    superseded_by: str = ""
    history: list[bodies.Later] = field(default_factory=list)

    @property
    def evidence_runs(self) -> list[Run]:
        return [r for r in self.runs if r.is_evidence]

    @property
    def stands(self) -> bool:
        return not self.retracted and not self.superseded_by

    @property
    def expected(self) -> str:
        """What was expected of it, in the words of whoever asked for its runs."""
        return "; ".join(dict.fromkeys(r.expected for r in self.runs if r.expected))

    @property
    def config(self) -> dict[str, object]:
        """What all runs share."""
        if not self.runs:
            return {}
        first, *rest = (r.config for r in self.runs)
        return {k: v for k, v in first.items() if all(c.get(k) == v for c in rest)}

    @property
    def state(self) -> str:
        """``done`` when any run is, else the state of the last one; ``retracted``/``superseded``
        come first."""
        if self.retracted:
            return "retracted"
        if self.superseded_by:
            return "superseded"
        if any(r.state not in TERMINAL_STATES for r in self.runs):
            return "running"
        if any(r.is_evidence for r in self.runs):
            return "done"
        return self.runs[-1].state if self.runs else "planned"

    def notes_in(self, role: str) -> list[Item]:
        return [n for n in self.notes if n.body.get("role") == role and n.stands]


IN_RECORD = "local"  # what a record calls the forge that the record itself is


class CommentEdit(TypedDict):
    at: str
    was: str
    why: str


class IssueComment(TypedDict):
    """``id``: as shown, with a letter where two machines commented while apart; ``wanted``: as the
    forge gave it. ``on``: the number of the issue it stands on."""

    id: str
    wanted: str
    at: str
    writer: str  # who posted it
    edits: list[CommentEdit]
    on: str
    marker: str
    kind: str
    text: str


class PersonEdit(TypedDict):
    """What somebody changed inside the derived block. ``base``: what was there; ``settled``: when it
    was answered, ``why``: with what."""

    id: str
    uid: str
    at: str
    text: str
    base: str
    settled: str
    why: str


@dataclass(slots=True)
class Issue:
    """The experiment issue as last known: on the local forge the record itself is the issue."""

    forge: str = ""
    number: str = ""
    url: str = ""
    title: str = ""
    labels: list[str] = field(default_factory=list)
    state: str = "none"  # none | draft | open | closed
    body: str = ""  # as last posted
    body_at: str = ""
    comments: list[IssueComment] = field(default_factory=list)
    closed_reason: str = ""
    person_edits: list[PersonEdit] = field(default_factory=list)
    # the title that Leadline gave last; another one on the forge is a person's
    title_sent: str = ""
    # as asked for: state, number, labels, milestone, ...
    wanted: bodies.IssueWantedBody = field(default_factory=_empty)

    @property
    def in_record(self) -> bool:
        """Whether the issue is part of the record itself, which nobody outside sees."""
        return self.forge == IN_RECORD


class Redefinition(NamedTuple):
    """A metric defined again in other words."""

    name: str
    uid: str
    at: str
    actor: str
    was: MetricDef
    now: MetricDef


@dataclass(slots=True)
class Thread:
    topic: str
    prefix: str = ""
    title: str = ""
    started_at: str = ""
    started_by: str = ""
    about: dict[str, Any] = field(default_factory=dict)  # kickoff fields, after changes
    changes: list[bodies.Change] = field(default_factory=list)
    metrics: dict[str, MetricDef] = field(default_factory=dict)
    primary: list[str] = field(default_factory=list)  # the metrics that its start names
    # what measures: as declared, and every change that was seen of it
    rulers: list[bodies.RulerSaid] = field(default_factory=list)
    redefined: list[Redefinition] = field(default_factory=list)
    # as chosen last; empty where none was
    profile: bodies.ProfileBody = field(default_factory=_empty)
    holdouts: list[bodies.HoldoutSaid] = field(default_factory=list)  # declared, and each look
    experiments: dict[str, Experiment] = field(default_factory=dict)
    commands_ended: dict[str, str] = field(default_factory=dict)  # ``Run.command_uid`` to when
    items: dict[str, Item] = field(default_factory=dict)  # every Item that has an id
    items_by_kind: dict[str, list[Item]] = field(default_factory=dict)  # the same, as of_kind asks
    refusals: list[bodies.RefusalSaid] = field(default_factory=list)
    finishes: list[bodies.FinishSaid] = field(default_factory=list)
    adopted: list[bodies.AdoptedSaid] = field(default_factory=list)
    healed: list[bodies.HealedSaid] = field(default_factory=list)
    clashes: list[bodies.ClashSaid] = field(default_factory=list)
    issue: Issue = field(default_factory=Issue)
    # as chosen last: tracker, project, at, live
    tracker: bodies.TrackerChoice = field(default_factory=_empty)
    # every choice: {at, actor, ...}
    tracker_choices: list[bodies.TrackerChoice] = field(default_factory=list)
    # reports and workspaces: url, title
    tracker_links: list[dict[str, str]] = field(default_factory=list)
    uids: dict[tuple[str, str], str] = field(default_factory=dict)  # (kind, uid) -> shown id
    first_of: dict[str, str] = field(default_factory=dict)  # base id -> uid of its first creator
    record_count: int = 0
    unknown_kinds: dict[str, int] = field(default_factory=dict)
    # records whose body could not be understood
    malformed: list[bodies.Malformed] = field(default_factory=list)
    last_at: str = ""
    last_id: str = ""
    activity: list[str] = field(default_factory=list)  # ``at`` of every record, in order
    # as written, in order: what ``replay`` takes
    records: list[Record] = field(default_factory=list)
    # what ``core/record/reaches.py`` found, and at how many records
    invocations: tuple[int, dict[str, str], dict[str, Told]] | None = None
    # what was ``asked_once``, and at how many records
    answers: tuple[int, dict[str, Any]] = (-1, {})
    # records that are not as they were written (``core/record/written.py``)
    altered: Sequence[Altered] = ()
    # of a thread that is not folded whole: what is known of all of it
    kept: Kept | None = None
    # of one that is, for who looks at it
    told: ToldBefore | None = None
    # which record was there first; where it is not given, made of ``records`` when it is asked for
    order: Order | None = None

    def came_before(self, earlier: str, *later: str) -> bool:
        """As ``Order`` tells, of records of this thread."""
        return self.ordered.came_before(earlier, *later)

    @property
    def ordered(self) -> Order:
        if self.order is None:
            self.order = order_of(self.records)
        return self.order

    # -- listings ----------------------------------------------------------------------------------
    if TYPE_CHECKING:

        @overload
        def of_kind(self, kind: Literal["note"]) -> list[Item[bodies.NoteBody]]: ...
        @overload
        def of_kind(self, kind: Literal["hypothesis"]) -> list[Item[bodies.HypothesisBody]]: ...
        @overload
        def of_kind(self, kind: Literal["sweep"]) -> list[Item[bodies.SweepBody]]: ...
        @overload
        def of_kind(self, kind: Literal["interleaving"]) -> list[Item[bodies.InterleavingBody]]: ...
        @overload
        def of_kind(self, kind: Literal["baseline"]) -> list[Item[bodies.BaselineBody]]: ...
        @overload
        def of_kind(self, kind: Literal["decision"]) -> list[Item[bodies.DecisionBody]]: ...
        @overload
        def of_kind(self, kind: Literal["claim"]) -> list[Item[bodies.ClaimBody]]: ...
        @overload
        def of_kind(self, kind: Literal["session"]) -> list[Item[bodies.SessionBody]]: ...
        @overload
        def of_kind(self, kind: Literal["directive"]) -> list[Item[bodies.DirectiveBody]]: ...
        @overload
        def of_kind(self, kind: Literal["reproduction"]) -> list[Item[bodies.ReproductionBody]]: ...
        @overload
        def of_kind(self, kind: Literal["snapshot"]) -> list[Item[bodies.SnapshotBody]]: ...
        @overload
        def of_kind(self, kind: Literal["update"]) -> list[Item[bodies.UpdateBody]]: ...
        @overload
        def of_kind(self, kind: str) -> list[Item]: ...

    def of_kind(self, kind: str) -> list[Any]:
        found = self.items_by_kind.get(kind, ())
        return list(found) if self.kept is None else cast("list[Any]", found)

    def records_of(self, kind: str) -> list[Record]:
        if self.kept is not None:
            return self.kept.records_of(kind)
        return [record for record in self.records if record.kind == kind]

    @property
    def hypotheses(self) -> list[Item[bodies.HypothesisBody]]:
        return self.of_kind("hypothesis")

    @property
    def claims(self) -> list[Item[bodies.ClaimBody]]:
        return self.of_kind("claim")

    @property
    def runs(self) -> Iterator[Run]:
        return (r for e in self.experiments.values() for r in e.runs)

    def asked_once(self, name: str, ask: Callable[[], T]) -> T:
        """What ``ask`` finds in the thread as it is now; asked once for all who ask for ``name``."""
        if self.kept is not None:
            return self.kept.asked_once(name, ask)
        if self.answers[0] != self.record_count:
            self.answers = self.record_count, {}
        known = self.answers[1]
        if name not in known:
            known[name] = ask()
        return cast("T", known[name])

    def told_in_parts(
        self,
        name: str,
        at_once: int,
        tell: Callable[[Iterable[Experiment]], str],
        holds: Callable[[str], bool] = bool,
    ) -> Iterator[str]:
        """What ``tell`` says of all experiments, ``at_once`` in their order at a time: of a kept
        thread once of those that did not change since. ``name``: what is told; it follows from the
        experiments alone, and is not empty. ``holds``: whether what was told before may be used."""
        if self.kept is not None:
            return self.kept.told_in_parts(name, at_once, tell, holds)
        every = list(self.experiments.values())
        return (tell(every[at : at + at_once]) for at in range(0, len(every), at_once))

    def told_of(
        self, kind: str, name: str, tell: Callable[[Item[Any]], str]
    ) -> Iterable[tuple[str, str]]:
        """The id of each item of ``kind``, in order, and what ``tell`` says of it: once, until what
        it looked at changes, of a thread that is looked at. ``name``: what is told; it follows from
        the thread alone."""
        if self.kept is not None:
            return self.kept.told_of(kind, name, tell)
        return ((item.id, self.told_once(item, name, tell)) for item in self.of_kind(kind))

    def told_once(self, item: Item[Any], name: str, tell: Callable[[Item[Any]], str]) -> str:
        """As ``told_of``, of one item of a thread that is folded whole."""
        if self.told is None:
            return tell(item)
        return self.told.once(f"{item.uid} {name}", lambda: tell(item))

    def runs_named(self, ids: Iterable[str]) -> list[Run]:
        """The runs that have these very ids: costs what is named, not what there is."""
        wanted = dict.fromkeys(ids)
        homes = dict.fromkeys(experiment_of(name) for name in wanted)
        named = (self.experiments.get(home) for home in homes)
        return [r for e in named if e is not None for r in e.runs if r.id in wanted]

    @property
    def baseline(self) -> Item[bodies.BaselineBody] | None:
        """The current registered baseline, or None."""
        standing = [b for b in self.of_kind("baseline") if b.stands]
        return standing[-1] if standing else None

    @property
    def baseline_experiment(self) -> Experiment | None:
        item = self.baseline
        return self.experiments.get(self.here(item.body["experiment"], item.refs)) if item else None

    @property
    def finished(self) -> bool:
        return bool(self.finishes)

    @property
    def finish_told(self) -> str:
        """When a finished thread was finished, for a warning about what comes after."""
        return f"thread {self.topic} was finished on {self.finishes[-1]['at'][:10]}"

    # -- ids ---------------------------------------------------------------------------------------
    def shown(self, display: str, refs: dict[str, str] | None = None) -> str:
        """The id shown today for ``display`` as some record wrote it (see docs/design/record.md, "Ids
        for people")."""
        parsed = parse_id(display)
        if parsed is None or self.kept is not None:  # of what is kept, no id was given twice
            return display
        uid = (refs or {}).get(display)
        if uid is None and parsed.kind == "run" and refs:
            experiment, _, repeat = display.rpartition("-r")
            if experiment in refs:
                return f"{self.shown(experiment, refs)}-r{repeat}"
        if uid is None:
            uid = self.first_of.get(display)
        return self.uids.get((parsed.kind, uid), display) if uid else display

    def ids_shown(self, text: str, refs: dict[str, str] | None) -> str:
        """``text`` with the ids shown today for those that its record wrote and knew."""
        today = {display: self.shown(display, refs) for display in refs or {}}
        if all(display == shown for display, shown in today.items()):
            return text
        return ID_IN_TEXT.sub(lambda m: today.get(m[0], m[0]), text)

    def here(self, display: str, refs: dict[str, str] | None = None) -> str:
        """As ``shown``; "" where the record meant a thing by its ULID that this thread has not: one
        that was not synced yet is not the one that has its id here."""
        parsed = parse_id(display)
        if parsed is not None and refs:
            meant = [(parsed.kind, display), ("experiment", display.rpartition("-r")[0])]
            for kind, name in meant[: 2 if parsed.kind == "run" else 1]:
                if name in refs:
                    return self.shown(display, refs) if (kind, refs[name]) in self.uids else ""
        return self.shown(display, refs)

    def find(self, display: str) -> Experiment | Run | Item:
        """What an id names. Raises LeadlineError(not_found) with the nearest ids."""
        text = display.strip()
        parsed = parse_id(text)
        if parsed is None and (upper := parse_id(text.upper())):
            text, parsed = text.upper(), upper
        if text in self.experiments:
            return self.experiments[text]
        if text in self.items:
            return self.items[text]
        if parsed and parsed.kind == "run":
            experiment = self.experiments.get(text.rpartition("-r")[0])
            for run in experiment.runs if experiment else ():
                if run.id == text:
                    return run
        if parsed is None:
            raise not_found(
                "not-an-id",
                f"{display!r} is no id of thread {self.topic}",
                why=f"ids look like {self.prefix or 'P'}-001, {self.prefix or 'P'}-001-r2, {self.prefix or 'P'}-C1",
                do="leadline status",
            )
        raise not_found(
            "unknown-id",
            f"there is no {text} in thread {self.topic}",
            why=self._near(text),
            do="leadline status",
            details={"id": text, "thread": self.topic},
        )

    def _near(self, text: str) -> str:
        """What there is instead of ``text``, an id: the runs of its experiment, or else the last
        things of its kind."""
        parsed = parse_id(text)
        kind = parsed.kind if parsed else ""
        if kind == "run" and (experiment := self.experiments.get(text.rpartition("-r")[0])):
            named = [run.id for run in experiment.runs]
            more = f" (the last of {len(named)})" if len(named) > RUNS_NAMED else ""
            return f"runs of {experiment.id}: {', '.join(named[-RUNS_NAMED:])}{more}"
        kind = "experiment" if kind == "run" else kind
        near = [
            k for k in (*self.experiments, *self.items) if (p := parse_id(k)) and p.kind == kind
        ][-5:]
        if not near:
            return "nothing of that kind has such an id"
        what = "experiments" if parsed and parsed.kind == "run" else "of that kind"
        return f"{what} there are: {', '.join(near)}"

    def experiment(self, display: str) -> Experiment:
        """The experiment an id names (a run's id names its experiment; ``baseline`` the current
        baseline's)."""
        if display == "baseline":
            found = self.baseline_experiment
            if found is None:
                raise not_found(
                    "no-baseline",
                    "no baseline is registered",
                    why="a comparison needs an explicit one",
                    do="leadline baseline set ID",
                )
            return found
        thing = self.find(display)
        if isinstance(thing, Run):
            return self.experiments[thing.experiment]
        if isinstance(thing, Item):
            if is_a(thing, "baseline"):
                named = self.here(thing.body["experiment"], thing.refs)
                if named in self.experiments:
                    return self.experiments[named]
                raise not_found(
                    "unknown-id",
                    f"{display} is of {thing.body['experiment']}, which is not here yet",
                    why="another machine made it",
                    do="leadline sync",
                )
            raise usage(
                "not-an-experiment",
                f"{display} is a {thing.kind}, not an experiment",
                do=f"leadline show {display}",
            )
        return thing

    def runs_of(self, display: str) -> list[Run]:
        """All runs of an experiment id, or the one run of a run id."""
        if display != "baseline" and (thing := self.find(display)) and isinstance(thing, Run):
            return [thing]
        return self.experiment(display).runs

    def uid_of(self, shown: str) -> str:
        thing = self.find(shown)
        return thing.uid


def no_such_thread(topic: str, topics: list[str]) -> LeadlineError:
    """``topics``: those there are."""
    return not_found(
        "no-thread",
        f"there is no thread {topic!r} here",
        why=f"threads: {', '.join(topics) or 'none'}",
        do=f"leadline start {topic}",
    )


def no_start(topic: str, shown: str) -> LeadlineError:
    """``shown``: what an id of a thread without a prefix would be."""
    return environment(
        "thread-without-start",
        f"nothing was recorded: the record that started thread {topic!r} is not here",
        why=f"it holds the prefix of all ids, and {shown!r} would be none; "
        "its event file is missing, cut off or damaged",
        do=["leadline verify --heal", "leadline sync"],
    )
