"""A table of which nobody said what its columns are: what they seem to be, what its rows would
become, and the one command that imports it. Nothing is recorded."""

from __future__ import annotations

import copy
import os

from leadline.core.errors import LeadlineError
from leadline.core.record.run import MetricDef
from leadline.core.record.thread import Thread
from leadline.core.tracker.imported import Columns, Findings
from leadline.core.tracker.offered import Offer, Offered, offer
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass
from leadline.services.context import Context
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
from leadline.services.importing.runs import Imported, import_runs
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
    place = place_of(context, path)
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
    offered = _offered(context, thread, request, format, path)
    offered.why = offered.why or why
    if offered.command:
        offered.as_taken = _as_taken(context, topic, request, offered)
        if request.map:
            keep_in_map(context, request.map, place, offered.offer.roles)
            offered.map = request.map
    return offered


def _offered(
    context: Context, thread: Thread, request: ImportRequest, format: str, path: str
) -> OfferedImport:
    columns = Columns({}, [], header=request.header, look_at=LOOKED_AT)
    columns.shown = request.source
    found = context.result_source(format).read(path, columns)
    metrics = {name: d for name, d in thread.metrics.items() if not d.formula}
    offered = offer([*dict.fromkeys(found.columns)], found.sample, metrics)
    if not found.sample:
        return OfferedImport(found, offered, why="it has no row that can be read")
    if not offered.roles.keys() & MEASURED:
        return OfferedImport(
            found, offered, why="no column holds numbers: there is no metric in it"
        )
    return OfferedImport(found, offered, _command(request, offered, thread.metrics))


def _as_taken(
    context: Context, topic: str, request: ImportRequest, offered: OfferedImport
) -> Imported | None:
    """What the offered command would take; None where it is refused, for ``offered.why``."""
    trial = copy.copy(request)
    give_roles(trial, offered.offer.roles)
    units = {one.column: one.unit for one in offered.offer.columns if one.in_cells}
    try:
        return import_runs(context, topic, trial, True, units)
    except LeadlineError as error:
        offered.command, offered.why = "", error.what
        return None


def _command(request: ImportRequest, offered: Offer, metrics: Mapping[str, MetricDef]) -> str:
    """The import, after the definition of each metric whose cells name a unit that is not declared:
    without, its cells are no numbers."""
    first = [
        f"leadline metric {one.column} --unit {one.unit}{_direction(one)}"
        for one in offered.columns
        if one.in_cells and one.role in ("metric", "after") and one.column not in metrics
    ]
    return " && ".join([*first, command_of(request, offered.roles)])


def _direction(one: Offered) -> str:
    return f" --direction {one.better}" if one.better else ""
