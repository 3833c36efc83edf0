"""A table of which nobody said what its columns are: what they seem to be, what its rows would
become, and the one command that imports it. Nothing is recorded."""

from __future__ import annotations

import copy
import os

from leadline.core.errors import LeadlineError
from leadline.core.plain import shell_word
from leadline.core.record.run import MetricDef
from leadline.core.record.thread import Thread
from leadline.core.tracker.imported import Columns, Findings
from leadline.core.tracker.offered import Offer, Offered, offer
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass
from leadline.services.context import Context
from leadline.services.importing.points import Waiting
from leadline.services.importing.request import ImportRequest
from leadline.services.importing.roles import (
    command_of,
    give_roles,
    keep_in_map,
    kept_roles,
    last_roles,
    mapped_roles,
    said_roles,
)
from leadline.services.importing.runs import Imported, columns_of, import_runs, take_rows
from leadline.services.importing.source import check_options, format_of, of_tracker, place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOKED_AT = 20_000  # rows that the roles are guessed from
ROWS_SHOWN = 3
MEASURED = frozenset(("metrics", "metric_column", "after"))


@dataclass
class OfferedImport:
    """``found``: the table, of which ``found.sample`` was looked at. ``command``: the one that imports
    it, "" where none can; ``as_taken``: what that would take. ``why``: why there is none, or why
    the roles of the last import are not taken. ``map``: the file that keeps the offer, to be edited
    and given back."""

    found: Findings
    offer: Offer
    command: str = ""
    as_taken: Imported | None = None
    why: str = ""
    map: str = ""

    def as_dict(self) -> dict[str, Any]:
        taken = self.as_taken or Imported(self.found)
        return {
            "source": self.found.source,
            "rows": self.found.rows_total,
            "columns": [vars(one) for one in self.offer.columns],
            "roles": self.offer.roles,
            "command": self.command,
            "would_take": taken.taken_total,
            "would_become": taken.taken[:ROWS_SHOWN],
            "why": self.why,
            "map": self.map,
            **taken.found.report(),
        }


def import_or_offer(
    context: Context, topic: str, request: ImportRequest, plan_only: bool
) -> Imported | OfferedImport:
    """Import what ``request`` names; a table of which nobody said what its columns are is looked at
    instead. Said is what was typed, what the map keeps for this source, or what was said when it
    was imported last. LeadlineError as ``import_runs``, and usage (``bad-map``)."""
    format = format_of(context, request)
    if of_tracker(format) or format == "tensorboard":
        return import_runs(context, topic, request, plan_only)
    path = os.path.normpath(os.path.join(context.cwd, request.source))
    place = place_of(context, path, request.table)
    kept = mapped_roles(context, request.map, place) if request.map else {}
    if said_roles(request):
        done = import_runs(context, topic, request, plan_only)
        if request.map and not plan_only:
            keep_in_map(context, request.map, place, kept_roles(request))
        return done
    check_options(request, format)
    thread, why = context.store.thread(topic), ""
    if roles := kept or last_roles(thread, place):
        as_said = copy.copy(request)
        give_roles(as_said, roles)
        try:
            done = import_runs(context, topic, as_said, plan_only)
            done.as_before = command_of(as_said, said_roles(as_said))
            return done
        except LeadlineError as error:
            if kept or error.code != "no-such-column":
                raise
            why = f"as it was imported before it cannot be: {error.what}"
    offered = _offered(context, topic, thread, request, format, path)
    offered.why = offered.why or why
    if offered.command and request.map:
        keep_in_map(context, request.map, place, offered.offer.roles)
        offered.map = request.map
    return offered


def _offered(
    context: Context, topic: str, thread: Thread, request: ImportRequest, format: str, path: str
) -> OfferedImport:
    """The table is read once: what its first rows seem to be is what all are taken for."""
    metrics = {name: d for name, d in thread.metrics.items() if not d.formula}
    looking = Columns({}, [], header=request.header, table=request.table, look_at=LOOKED_AT)
    looking.shown, points = request.source, Waiting(context, "")
    offers, trials = list[OfferedImport](), list[tuple[ImportRequest, Columns]]()

    def decide(looked: Findings) -> Columns | None:
        offers.append(_offer_of(looked, request, metrics, thread))
        if not offers[-1].command:
            return None
        trial = copy.copy(request)
        give_roles(trial, offers[-1].offer.roles)
        units = {one.column: one.unit for one in offers[-1].offer.columns if one.in_cells}
        trials.append((trial, columns_of(context, thread, trial, format, points, units)))
        return trials[-1][1]

    looking.decide = decide
    try:
        found = context.result_source(format).read(path, looking)
        (offered,) = offers
        offered.found = found
        for trial, columns in trials:
            offered.as_taken = take_rows(
                context, topic, trial, format, columns, found, points, True
            )
    except LeadlineError as error:
        if not trials:
            raise
        (offered,) = offers
        again = [error.next] if isinstance(error.next, str) else error.next or []
        offered.command = next((do for do in again if "--header" in do), "")
        offered.why = error.what
    return offered


def _offer_of(
    looked: Findings, request: ImportRequest, metrics: Mapping[str, MetricDef], thread: Thread
) -> OfferedImport:
    offered = offer([*dict.fromkeys(looked.columns)], looked.sample, metrics, looked.measured)
    if not looked.sample:
        return OfferedImport(looked, offered, why="it has no row that can be read")
    if not offered.roles.keys() & MEASURED:
        why = "no column seems to be a metric: name one by --metric"
        return OfferedImport(looked, offered, why=why)
    return OfferedImport(looked, offered, _command(request, offered, thread.metrics))


def _command(request: ImportRequest, offered: Offer, metrics: Mapping[str, MetricDef]) -> str:
    """The import, after the definition of each metric whose cells name a unit that is not declared:
    without, its cells are no numbers."""
    first = [
        f"leadline metric {shell_word(one.column)} --unit {shell_word(one.unit)}{_direction(one)}"
        for one in offered.columns
        if one.in_cells and one.role in ("metric", "after") and one.column not in metrics
    ]
    return " && ".join([*first, command_of(request, offered.roles)])


def _direction(one: Offered) -> str:
    return f" --direction {one.better}" if one.better else ""
