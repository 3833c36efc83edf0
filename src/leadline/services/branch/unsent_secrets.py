"""Secrets in records that were written before the detector knew their shape, or by another program.

A line of the record cannot be taken back, and a push cannot either: so what was not searched by
today's detector is, before it is sent, and the push is held. Whoever wrote the key has to have it
revoked anyhow; then it is no secret any more, and is declared to be none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leadline.core.errors import refused
from leadline.core.record.event import Record, parse_lines
from leadline.core.record.fold import created_id
from leadline.core.timestamps import few
from leadline.services.branch.record_branch import event_blobs
from leadline.services.context import Context

HELD = "secret-in-record"
GO_ON = "leadline sync --not-secret"
NAMED = 5
READ_AT_ONCE = 64  # event files


def refuse_unsent_secrets(context: Context, tip: str, theirs: str | None) -> None:
    """Raises LeadlineError(refused, ``secret-in-record``) where the records of ``tip`` that are not
    in ``theirs`` hold what looks like a secret."""
    there = event_blobs(context.vcs.read_tree_files(theirs)) if theirs else {}
    found: list[str] = []
    for topic, files in event_blobs(context.vcs.read_tree_files(tip)).items():
        known = there.get(topic, {})
        changed = {name: blob for name, blob in files.items() if known.get(name) != blob}
        found += _found_in(context, topic, changed, known)
    if found:
        raise refused(
            "secret-in-record",
            f"nothing was sent: {few(found, NAMED)}",
            why="a record cannot be changed, and what was sent cannot be called back",
            do=[f"{GO_ON}  (once what it gives access to was revoked, or where it is none)"],
        )


def _found_in(
    context: Context, topic: str, changed: Mapping[str, str], there: Mapping[str, str]
) -> Iterator[str]:
    begins = context.store.unsearched(topic, changed) if changed else {}
    wanted = [name for name in changed if name in begins]
    for at in range(0, len(wanted), READ_AT_ONCE):
        lot = wanted[at : at + READ_AT_ONCE]
        contents = context.vcs.read_blobs(
            {*(changed[name] for name in lot), *(there[n] for n in lot if n in there)}
        )
        for name in lot:
            data = contents[changed[name]]
            sent = contents[there[name]] if name in there else b""
            begin = len(sent) if data.startswith(sent) else 0
            yield from secrets_in(context, topic, data[max(begin, begins[name]) :])


def secrets_in(context: Context, topic: str, data: bytes) -> Iterator[str]:
    """Which records among whole lines hold what, in words."""
    for record in parse_lines(data.splitlines(keepends=True)):
        if isinstance(record, Record) and (sorts := context.screen.secrets_in(record)):
            shown = created_id(record) or str(record.body.get("run") or record.id)
            yield f"{shown} of {topic} ({record.kind}) holds {few(sorted(sorts), 3)}"
