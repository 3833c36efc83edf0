"""Take runs that were made elsewhere into a thread: rows of a table, event files, runs of a
tracker.

They become experiments and runs like others, so that they are listed and found. What a table says
was measured by nobody Leadline watched: such runs are ``reported`` and lift no label. Importing the
same source again takes what is new in it, and everything that is not taken is named with its
reason.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import chain

from leadline.core.canonical import digest_of, finite
from leadline.core.errors import LeadlineError, usage
from leadline.core.ids import experiment_id, run_id
from leadline.core.metric.contract import contract_of
from leadline.core.record.held import source_of
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.tracker.imported import (
    MAX_NAMED,
    Columns,
    Findings,
    FoundRun,
    Held,
    changed_row,
    metric_columns,
    told_commit,
)
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.core.values import dataclass, field
from leadline.services.context import Context
from leadline.services.importing.from_tracker import found_in_tracker
from leadline.services.importing.points import Waiting, waiting_points
from leadline.services.importing.request import ImportRequest
from leadline.services.importing.roles import kept_roles
from leadline.services.importing.source import (
    check_options,
    format_of,
    of_tracker,
    place_of,
    refuse_as_trackers,
)
from leadline.services.run.facts import default_title
from leadline.services.run.items_kept import kept_items

if TYPE_CHECKING:
    from leadline.core.record.bodies import ExtractionFacts, ImportedBody, RunEnding, Source
    from leadline.core.tracker.offered import Roles
    from leadline.core.tracker.rows import (
        CorrectedRow,
        Measured,
        MetAgain,
        RowChange,
        TakenBefore,
        TakenRun,
    )
    from leadline.ports.records import RecordLog

TOLD_RUNS = 24  # named in the logbook
MANY_LOTS = 4  # for which a second process pays off
LOT = 300  # runs that are written before others may write: they wait some hundredths of a second


@dataclass
class Imported:
    """What an import took: ``taken_total`` runs, of which ``taken`` holds the first. ``already``:
    how many were taken before, which ``taken_before`` names; of those ``brought``: how many have
    now their points here too (another clone took them), ``renewed``: those taken without an end
    that are read again, ``changed``: those whose source says something else since. ``corrected``:
    rows that are named by a key and say something else than they did. ``planned``: nothing was
    written. ``as_before``: the command of which the columns' roles are, where none was typed.
    ``found``: what the source holds, and what of it was not taken."""

    found: Findings
    taken: list[TakenRun] = field(default_factory=list)
    taken_total: int = 0
    already: int = 0
    taken_before: list[TakenBefore] = field(default_factory=list)
    brought: int = 0
    renewed: list[MetAgain] = field(default_factory=list)
    changed: list[MetAgain] = field(default_factory=list)
    corrected: list[CorrectedRow] = field(default_factory=list)
    corrected_total: int = 0
    planned: bool = False
    as_before: str = ""

    def as_dict(self) -> dict[str, object]:
        source = {name: getattr(self.found, name) for name in ("source", "digest", "origin")}
        taken = {name: value for name, value in vars(self).items() if name != "found"}
        return {**source, **taken, **self.found.report()}


def import_runs(
    context: Context,
    topic: str,
    request: ImportRequest,
    plan_only: bool = False,
) -> Imported:
    """Import what ``request`` names.

    ``plan_only``: say what would be taken and write nothing. Raises LeadlineError: usage (no metric
    or no config is named, the format is unknown), not_found, environment.
    """
    with waiting_points(context, not plan_only) as points:
        return _import(context, topic, request, plan_only, points)


def _import(
    context: Context,
    topic: str,
    request: ImportRequest,
    plan_only: bool,
    points: Waiting,
) -> Imported:
    format = format_of(context, request)
    check_options(request, format)
    if of_tracker(format):
        thread = context.store.thread(topic)
        found = found_in_tracker(context, thread, request, format, points)
        return take_in(context, topic, found, points, request.title, plan_only)
    thread = context.store.runs_held(topic).thread
    columns = columns_of(context, thread, request, format, points)
    path = os.path.normpath(os.path.join(context.cwd, request.source))
    try:
        found = context.result_source(format).read(path, columns)
    except LeadlineError as error:
        if not request.format and error.code in ("no-event-files", "tensorboard-support-missing"):
            refuse_as_trackers(context, request.source)
        raise
    return take_rows(context, topic, request, format, columns, found, points, plan_only)


def take_rows(
    context: Context,
    topic: str,
    request: ImportRequest,
    format: str,
    columns: Columns,
    found: Findings,
    points: Waiting,
    plan_only: bool,
) -> Imported:
    """Take in what ``columns`` made of a table. LeadlineError(usage) where they make nothing of it."""
    _must_bear(found, columns, request, format)
    found.set_config(request.settings)
    roles = {**kept_roles(request), "place": columns.place}
    return take_in(context, topic, found, points, request.title, plan_only, roles)


def _redact(context: Context, runs: list[FoundRun]) -> None:
    """Take the secrets of the environment, and what looks like one, out of the configs. The same
    names and words stand in most rows: each text is looked through once."""
    redactor = context.redactor
    texts = [*set(chain.from_iterable(map(_texts_of, runs)))]
    hidden = {texts[at]: redactor.text(texts[at]) for at in redactor.suspects(texts)}

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return hidden.get(value, value)
        plain = value is None or isinstance(value, (int, float))
        return value if plain else redactor.value(value)

    for run in runs:
        run.told = {clean(name): clean(value) for name, value in run.told.items()}
        run.items = {name: redactor.value(facts) for name, facts in run.items.items()}
        run.name, run.reason, run.commit = clean(run.name), clean(run.reason), clean(run.commit)
        run.config = {clean(name): clean(value) for name, value in run.config.items()}


def _texts_of(run: FoundRun) -> Iterator[str]:
    yield from (*run.told, *run.told.values(), *run.config, run.name, run.reason, run.commit)
    yield from (value for value in run.config.values() if isinstance(value, str))


def columns_of(
    context: Context,
    thread: Thread,
    request: ImportRequest,
    format: str,
    points: Waiting,
    cell_units: Mapping[str, str] | None = None,
) -> Columns:
    """What the columns of a source are. ``cell_units``: of metrics that are not defined yet.
    LeadlineError(usage, ``no-metric-named``)."""
    metrics = metric_columns(request.metrics)
    if (
        not metrics
        and format != "tensorboard"
        and not (request.roles.metric_column or request.roles.after)
    ):
        metrics = {
            name: name for name, definition in thread.metrics.items() if not definition.formula
        }
        if not metrics:
            raise usage(
                "no-metric-named",
                "which columns are metrics is not said, and the thread defines none",
                why="a column is taken for a metric only when it is declared one",
                do=[
                    f"leadline import {request.source} --metric COLUMN --config '*'",
                    "leadline metric NAME --unit UNIT",
                ],
            )
    config = None if "*" in request.config else list(request.config)
    reduce = {name: d.reduce for name, d in thread.metrics.items()}
    units = {**(cell_units or {}), **{name: d.unit for name, d in thread.metrics.items()}}
    columns = Columns(metrics, config, reduce, list(request.key), request.keep, units)
    columns.header, columns.roles, columns.table = request.header, request.roles, request.table
    columns.place = place_of(
        context, os.path.normpath(os.path.join(context.cwd, request.source)), request.table
    )
    columns.shown, columns.points = request.source, lambda run: points.take(run, format)
    return columns


def _must_bear(found: Findings, columns: Columns, request: ImportRequest, format: str) -> None:
    """Refuse what would make one experiment of runs that differ: a table whose config columns
    nobody named."""
    metrics = [] if columns.roles.metric_column else [*columns.metrics]
    others = [*(columns.config or []), *columns.named]
    missing = [c for c in (*metrics, *others) if c not in found.columns]
    named = {*metric_columns(request.metrics), *others}
    if wrong := [c for c in missing if c in named]:
        raise usage(
            "no-such-column",
            f"{request.source} has no column {wrong[0]!r}",
            why=_columns_text(found),
            do="leadline import --help",
        )
    if (
        format != "tensorboard"
        and not request.metrics
        and columns.metrics
        and found.columns
        and {*columns.metrics} <= {*missing}
    ):
        raise usage(
            "no-metric-column",
            f"no column of {request.source} is named like a metric of the thread",
            why=f"{_columns_text(found)}; metrics: {', '.join([*columns.metrics][:30])}",
            do=f"leadline import {request.source} --metric COLUMN=NAME --config '*'",
        )
    roles = request.roles
    told_apart = request.config or request.key or roles.commit or roles.command
    told_apart = told_apart or roles.step or roles.items
    if format != "tensorboard" and found.left_columns and found.runs and not told_apart:
        raise usage(
            "no-config-named",
            "which columns are the config of a row is not said",
            why="rows of one config become repeats of one experiment; columns left: "
            f"{', '.join(found.left_columns[:30])}",
            do=[
                f"leadline import {request.source} --config '*'",
                f"leadline import {request.source} --config {(found.left_columns or ['NAME'])[0]}",
            ],
        )


def _columns_text(found: Findings) -> str:
    return f"its columns: {', '.join(found.columns[:30]) or 'none'}"


def take_in(
    context: Context,
    topic: str,
    found: Findings,
    points: Waiting,
    title: str = "",
    plan_only: bool = False,
    roles: Roles | None = None,
) -> Imported:
    """Write the runs of ``found`` that the thread does not hold yet; see ``import_runs``.

    Others write meanwhile: the thread is held for a lot of runs at a time, each lot whole or not at
    all. What stops an import between two lots costs nothing that importing again does not bring.
    """
    store, answer = context.store, Imported(found, planned=plan_only)
    lots = -(-len(found.runs) // LOT)
    with ExitStack() as held:
        if not plan_only:
            held.enter_context(store.alone(topic, "import"))
            if lots >= MANY_LOTS:
                held.enter_context(store.read_along(topic))
        taking = _Taking(store, topic, found, title, points, answer, roles or {})
        for number, lot in enumerate(found.in_lots(LOT), 1):
            if (
                roles is not None
            ):  # of a table: what a tracker has was looked through when it was read
                _redact(context, lot)
            taking.look_up(lot)
            if plan_only:
                for run in lot:
                    taking.take(run, None)
                continue
            for run in lot:
                run.items = {name: kept_items(context, facts) for name, facts in run.items.items()}
            with store.transaction(topic, many=True) as writing:
                settled = [
                    (run, uid) for run in lot if (uid := taking.take(run, writing)) is not None
                ]
                if number == lots:
                    taking.tell(writing)
            for run, uid in settled:
                points.settle(run, uid)
    return answer


class _Taking:
    """An import under way: what the thread held when it began, and what was taken since."""

    def __init__(
        self,
        store: RecordLog,
        topic: str,
        found: Findings,
        title: str,
        points: Waiting,
        answer: Imported,
        roles: Roles,
    ) -> None:
        self.store, self.topic = store, topic
        self.found, self.title, self.roles = found, title, roles
        self.points, self.answer = points, answer
        self.entry = "elsewhere" if len(found.runs) > 1 else ""  # of the logbook
        self.states, self.taken_experiments = Counter[str](), set[str]()
        self.about, self.refs = dict[str, str](), dict[str, str]()  # the first runs, by uid
        self.had = store.runs_held(topic)
        self.thread = self.had.thread
        self.derived = {name for name, d in self.thread.metrics.items() if d.formula}
        self.held = Held(self.had.having)
        self.experiments: dict[str, tuple[str, str]] = {}  # that a new run may be a repeat of
        self.asked_for_experiments = False

    def look_up(self, lot: list[FoundRun]) -> None:
        """Find what the thread had of ``lot``: while others may write, since it may be much."""
        self.held.look_up(lot, self.found.source)
        if not all(map(self.held.knows, lot)):
            self._look_up_experiments()

    def _look_up_experiments(self) -> None:
        if self.asked_for_experiments:
            return
        self.asked_for_experiments, origin = True, self.found.origin
        self.experiments = {
            _alike(e.runs[0], told_commit(e.runs[0]), origin): (e.id, e.uid)
            for e in self.had.experiments(origin)
            if e.stands
        }

    def home_of(self, run: Run) -> str:
        return self.store.slice(self.topic, [run.id], ()).experiments[run.experiment].uid

    def take(self, run: FoundRun, writing: Any) -> str | None:
        """Write the records of ``run`` (``writing`` None: of none); returns the uid of the run that
        is to have its points, None for none."""
        known = self.held.of_row(run, self.found.source)
        if known and (changes := changed_row(known, run, self.derived)):
            self._correct(run, known, changes, writing)
            return None
        if known := self.held.same_as(run):
            news = _met_again(self.answer, run, known, self.points)
            if news == "renewed" and writing is not None:
                _renew(self.thread, self.found, run, known, self.home_of(known), writing)
            return known.uid if news in ("renewed", "brought") else None
        if why := self.held.corrected(self.found, run, self.derived):
            self.found.refuse(run.where, why)
            return None
        self.held.warn(self.found, run)
        uid, shown, experiment = None, "", ""
        self._look_up_experiments()
        if writing is not None:
            shown, experiment, uid = _write(
                self.thread,
                self.found,
                run,
                self.title,
                self.experiments,
                self.roles,
                writing,
                self.entry,
            )
            self.roles = {}
            self.taken_experiments.add(experiment)
            self.states[run.state] += 1
            self._name_first(shown, experiment, uid)
        self.answer.taken_total += 1
        if len(self.answer.taken) < MAX_NAMED:
            self.answer.taken.append(_row_of(run, shown, experiment))
        return uid

    def _correct(self, run: FoundRun, known: Run, changes: list[RowChange], writing: Any) -> None:
        self.answer.corrected_total += 1
        if len(self.answer.corrected) < MAX_NAMED:
            shown = [f"{f}: {value}, it was {was}" for f, was, value in changes if f != "key"]
            self.answer.corrected.append({"id": known.id, "where": run.where, "changes": shown})
        if writing is not None:
            _correct(self.found, run, known, changes, writing, self.entry)

    def _name_first(self, shown: str, experiment: str, uid: str) -> None:
        if len(self.about) < TOLD_RUNS:
            self.about[shown] = uid
            self.refs[experiment] = dict(self.experiments.values())[experiment]

    def tell(self, writing: Any) -> None:
        """Write what the logbook tells of all that was taken."""
        answer = self.answer
        if not self.entry or not (answer.taken_total or answer.corrected_total):
            return
        body: ImportedBody = {
            "source": self.found.source,
            "origin": self.found.origin,
            "taken": answer.taken_total,
            "experiments": len(self.taken_experiments),
            "states": dict(self.states),
            "about": list(self.about),
            "refs": {**self.about, **self.refs},
        }
        if answer.already:
            body["before"] = answer.already
        if self.found.not_taken_total:
            body["not_taken"] = self.found.not_taken_total
        if answer.corrected_total:
            body["corrected"] = answer.corrected_total
            some = answer.corrected[:TOLD_RUNS]
            body["corrections"] = [f"{row['id']} {', '.join(row['changes'])}" for row in some]
        writing.add("imported", body)


def _row_of(run: FoundRun, shown: str, experiment: str) -> TakenRun:
    row: TakenRun = {
        "where": run.where,
        "name": run.name,
        "state": run.state,
        "reason": run.reason,
        "commit": run.commit,
        "started_at": run.started_at,
        "told": run.told,
        "config": run.config,
        "metrics": run.metrics,
        "nonfinite": run.nonfinite,
        "points": run.points,
    }
    return {**row, "id": shown, "experiment": experiment} if shown else row


def _met_again(answer: Imported, run: FoundRun, known: Run, points: Waiting) -> str:
    """Note in ``answer`` a run that the thread has; returns what is new: ``renewed``, ``changed``,
    ``brought``, ""."""
    answer.already += 1
    if len(answer.taken_before) < MAX_NAMED:
        answer.taken_before.append(
            {"where": run.where, "run": known.id, "source": source_of(known)}
        )
    differs = known.tracker.get("digest") != run.tracker.get("digest")
    if known.tracker.get("provisional") and (differs or not run.tracker.get("provisional")):
        answer.renewed.append({"id": known.id, "where": run.where, "metrics": run.metrics})
        return "renewed"
    if differs:
        answer.changed.append({"id": known.id, "where": run.where})
        return "changed"
    if points.missing(run, known):
        answer.brought += 1
        return "brought"
    return ""


def _alike(run: Run | FoundRun, commit: str, origin: str) -> str:
    """What makes two runs repeats of one experiment: their config, the code and the command as a table
    told them, and where another record said which experiment they are of (``experiment``, its uid),
    that too, since it knew the command and the code."""
    command = run.argv if origin == "reported" else []
    said = {"experiment": run.tracker.get("experiment"), "code": commit, "argv": command}
    said = {name: told for name, told in said.items() if told}
    return digest_of({"config": run.config, **said} if said else run.config)


def _write(
    thread: Thread,
    found: Findings,
    run: FoundRun,
    title: str,
    experiments: dict[str, tuple[str, str]],
    roles: Roles,
    writing: Any,
    entry: str,
) -> tuple[str, str, str]:
    """The new run: its id, its experiment, its uid."""
    uid, same = writing.new_uid(), _alike(run, run.commit, found.origin)
    if same in experiments:
        experiment, experiment_uid = experiments[same]
        repeat = writing.next_number("run", experiment_uid)
    else:
        experiment, experiment_uid, repeat = (
            experiment_id(thread.prefix, writing.next_number("experiment")),
            uid,
            1,
        )
        experiments[same] = experiment, experiment_uid
    shown = run_id(experiment, repeat)
    code = {"told": run.commit} if run.commit else {}
    elsewhere = {"cwd": run.cwd, "tracker": run.tracker, "row": run.row, "told": run.told}
    elsewhere |= {"code": code, "entry": entry}
    writing.add(
        "run-planned",
        {
            "id": shown,
            "experiment": experiment,
            "experiment_uid": experiment_uid,
            "repeat": repeat,
            "title": title or run.name or _title(run, found),
            "argv": run.argv,
            "config": run.config,
            "origin": found.origin,
            "executor": "",
            "key": run.key,
            **{name: said for name, said in elsewhere.items() if said},
            "refs": {experiment: experiment_uid},
        },
    )
    writing.add(
        "run-ended",
        {
            "run": shown,
            "refs": {shown: uid, experiment: experiment_uid},
            "by": "import",
            "started_at": run.started_at,
            **_ending(run),
            **_measured(thread, found, run, roles),
        },
    )
    return shown, experiment, uid


def _title(run: FoundRun, found: Findings) -> str:
    named = default_title(run.argv, run.config)
    return named or run.commit or ", ".join(run.told.values()) or found.source


def _correct(
    found: Findings,
    run: FoundRun,
    known: Run,
    changes: list[RowChange],
    writing: Any,
    entry: str,
) -> None:
    """Each field of a reported run that its row says differently now; what it said stays in the
    record."""
    told = {"entry": entry} if entry else {}
    for field_, was, value in changes:
        why = f"{found.source}, {run.where}, says so now; it said {was}"
        writing.add(
            "correction",
            {
                "target": known.id,
                "field": field_,
                "value": value,
                "by": "import",
                "why": why,
                "refs": {known.id: known.uid},
                **told,
            },
        )


def _renew(
    thread: Thread, found: Findings, run: FoundRun, known: Run, home: str, writing: Any
) -> None:
    """A run that was taken while it was going, as its tracker has it now. ``home``: the uid of its
    experiment."""
    writing.add(
        "tracker-run",
        {
            "run": known.id,
            "refs": {known.id: known.uid, known.experiment: home},
            "tracker": {"provisional": False, **run.tracker},
            "ending": _ending(run),
            **_measured(thread, found, run),
        },
    )


def _ending(run: FoundRun) -> RunEnding:
    ending: RunEnding = {"state": run.state, "reason": run.reason, "ended_at": run.ended_at}
    return ending if run.wall_s is None else {**ending, "wall_s": run.wall_s}


def _measured(
    thread: Thread, found: Findings, run: FoundRun, roles: Roles | None = None
) -> Measured:
    """The numbers of a run, where they came from, and what they meant when they were taken."""
    digest = str(run.tracker.get("digest") or "")
    source: Source = {
        "source": f"{found.source}, {run.where}",
        "kind": "import",
        "digest": digest or found.digest,
        "url": run.url,
        "rows": run.points,
        "roles": roles or {},
    }
    contract = {
        name: contract_of(d) for name in run.metrics if (d := thread.metrics.get(name)) is not None
    }
    extraction: ExtractionFacts = {
        "sources": [cast("Source", {k: v for k, v in source.items() if v})]
    }
    if contract:
        extraction["contract"] = contract
    if run.problems:
        extraction["problems"] = run.problems
    if run.items:
        extraction["items"] = run.items
    if run.excerpts:
        extraction["series"] = finite(run.excerpts)
    measured: Measured = {
        "metrics": run.metrics,
        "nonfinite": run.nonfinite,
        "extraction": extraction,
    }
    if digest:
        measured["outputs"] = {"result_digest": digest}
    return measured
