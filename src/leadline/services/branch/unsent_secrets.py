"""Secrets in records that were written before the detector knew their shape, or by another program, or
before their value stood in the environment under a name that says what it is.

A line of the record cannot be taken back, and a push cannot either: so what was not searched by
today's detector is, before it is sent, and the push is held. Whoever wrote the key has to have it
revoked anyhow; then it is no secret any more, and is declared to be none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leadline.core.errors import refused
from leadline.core.record.event import Record, as_written_today, parse_lines
from leadline.core.record.fold import created_id
from leadline.core.secrets.quick import as_given
from leadline.core.timestamps import few
from leadline.services.branch.tips import event_blobs
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
    known_now = context.screen.redactor().secrets()
    wanted = sorted(changed if known_now else set(changed) & set(begins))
    for at in range(0, len(wanted), READ_AT_ONCE):
        names = wanted[at : at + READ_AT_ONCE]
        contents = context.vcs.read_blobs(
            {*(changed[name] for name in names), *(there[n] for n in names if n in there)}
        )
        for name in names:
            data = contents[changed[name]]
            sent = contents[there[name]] if name in there else b""
            begin = len(sent) if data.startswith(sent) else 0
            searched = max(begin, begins.get(name, len(data)))
            yield from secrets_in(context, topic, data[searched:])
            yield from secrets_in(context, topic, data[begin:searched], of_environment=True)


def secrets_in(
    context: Context, topic: str, data: bytes, of_environment: bool = False
) -> Iterator[str]:
    """Which records among whole lines hold what, in words; lines that are left out, too, are sent as
    they stand. ``of_environment``: they were searched as they were written, so the values alone are
    looked for that stand in today's environment."""
    lines = data.splitlines(keepends=True)
    texts = list(map(as_given, as_written_today(lines)))
    for at in sorted(context.screen.suspects(texts, of_environment)):
        (each,) = parse_lines([lines[at]])
        if isinstance(each, Record):
            sorts = context.screen.secrets_in(each, of_environment)
            shown = created_id(each) or str(each.body.get("run") or each.id)
            what = f"{shown} of {topic} ({each.kind})"
        else:
            sorts = context.screen.secrets_in_text(texts[at], of_environment)
            what = f"a line of {topic} that is no record"
        if sorts:
            yield f"{what} holds {few(sorted(sorts), 3)}"
