"""The record that a command which made several runs has ended: what the logbook tells of them waits
for it, and is told in one entry."""

from __future__ import annotations

from collections.abc import Sequence

from leadline.core.record.event import Record
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context, refs_for

if TYPE_CHECKING:
    from leadline.core.record.bodies import CommandEndedBody, RunPlannedBody

ALSO_NAMED = 200  # experiments: of a table that shows fewer


def command_ended(
    context: Context,
    topic: str,
    about: str,
    of: str,
    also: Sequence[str] = (),
    why: str = "",
) -> None:
    """Record it. ``about``: the sweep, the measurement in turns or the experiment; ``of``: as
    ``Run.command_uid``; ``also``: what else belongs into its table; ``why``: it ended early."""
    named = sorted(also)[:ALSO_NAMED]
    refs = refs_for(context.slice(topic, [about, *named]), [about, *named])
    body: CommandEndedBody = {"about": [about], "of": of, "refs": refs}
    if named:
        body["also"] = named
    if why:
        body["why"] = why
    context.append(topic, "command-ended", body)


def left_open(context: Context, topic: str, planned: Sequence[RunPlannedBody]) -> None:
    """Record the end of commands that died: those of runs that were just ended for them, where no
    other run of theirs goes on."""
    waiting = {body["id"] for body in planned if body.get("entry") == "command"}
    if not waiting:
        return
    records = context.store.view(topic).records  # not held: of a long thread these are very many
    under_way = {uid for _, uid in context.read_model.open_runs(topic)}
    going_on, died = set[str](), dict[str, None]()
    for record in records:
        if record.kind != "run-planned":
            continue
        if record.id in under_way:
            going_on.add(_command(record))
        if record.body["id"] in waiting:
            died[_command(record)] = None
    firsts = {record.id: record for record in records if record.id in died}
    for of in died:
        first = firsts.get(of)
        if of in going_on or first is None:
            continue
        about = first.body.get("experiment") or first.body["id"]
        command_ended(context, topic, str(about), of, why="the command that ran it died")


def _command(plan: Record) -> str:
    place = plan.body.get("design") or {}
    found = place.get("sweep") or place.get("interleaving") or place.get("together")
    return str(found or plan.id)
