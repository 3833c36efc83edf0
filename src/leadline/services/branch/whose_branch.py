"""Whether a branch is one that Leadline made for records, asked before anything is written to it or
taken from it.

The name of the record branch is a setting, and any name can be that of a branch with other content:
the front page of the record branch would take the place of a README. A branch counts as made for
records when all that it began with is what Leadline writes; what people added later (a licence)
stays as it is.
"""

from __future__ import annotations

import json

from leadline.core.errors import LeadlineError, conflict
from leadline.core.ids import TOPIC
from leadline.core.record.event_files import FILE_NAME
from leadline.core.settings import SETTINGS
from leadline.render.branch.badge import FOLDER as BADGES
from leadline.services.branch.looked_at import looked_at
from leadline.services.context import Context

SHOWN = 3
LOOKED_AT = 20  # event files
ANOTHER = "not-a-record-branch"
OWN = "record-branch"  # of what was looked at: a tip that is a record branch


def refuse_another(context: Context, tip: str, present: dict[str, str], where: str) -> None:
    """Raises LeadlineError(conflict, ``not-a-record-branch``) where ``tip``, with the files
    ``present`` (path to blob), was made for something else. ``where``: the branch in words."""
    if not present or looked_at(context, OWN) == tip:
        return
    records = sorted(path for path in present if _is_event_file(path))
    others = _others(present)
    if not records and not context.vcs.is_shallow:  # they may have been deleted from it
        begun = [context.vcs.read_tree_files(first) for first in context.vcs.first_commits(tip)]
        if begun and all(_began_with_records(context, files) for files in begun):
            return
    if records and _hold_records(context, [present[path] for path in records]):
        if not others or context.vcs.is_shallow:
            return
        others = [
            path
            for first in context.vcs.first_commits(tip)
            for path in _others(context.vcs.read_tree_files(first))
        ]
        if not others:
            return
    raise another(context, where, others or sorted(present))


def _began_with_records(context: Context, files: dict[str, str]) -> bool:
    records = [blob for path, blob in sorted(files.items()) if _is_event_file(path)]
    return bool(records) and not _others(files) and _hold_records(context, records)


def another(context: Context, where: str, holds: list[str]) -> LeadlineError:
    more = " …" if len(holds) > SHOWN else ""
    usual = str(SETTINGS["record_branch"].default)
    free = usual if context.setting("record_branch") != usual else f"{usual}-2"
    return conflict(
        ANOTHER,
        f"{where} is no record branch",
        why=f"it holds {', '.join(holds[:SHOWN])}{more}; records are written only to a branch that Leadline made",
        do=f"leadline init --record-branch {free}",
    )


def _is_event_file(path: str) -> bool:
    topic, _, name = path.partition("/events/")
    return bool(TOPIC.match(topic) and FILE_NAME.match(name))


def _hold_records(context: Context, blobs: list[str]) -> bool:
    """Whether one of them is an event file, damaged or of a newer Leadline as it may be."""
    for content in context.vcs.read_blobs(blobs[:LOOKED_AT]).values():
        if not content.strip():
            return True
        try:
            first = json.loads(content.splitlines()[0])
        except (ValueError, RecursionError):
            continue
        if isinstance(first, dict) and {"id", "thread", "writer", "kind"} <= first.keys():
            return True
    return False


def _others(present: dict[str, str]) -> list[str]:
    """What no Leadline writes to a record branch."""
    topics = {path.partition("/")[0] for path in present if _is_event_file(path)}
    ours = topics | {"README.md", BADGES}
    return sorted(path for path in present if path.partition("/")[0] not in ours)
