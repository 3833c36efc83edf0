"""Where tips of the record branch are, and the event files on one."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from leadline.core.ids import TOPIC
from leadline.core.record.event_files import FILE_NAME
from leadline.services.context import Context


def branch_ref(context: Context) -> str:
    return f"refs/heads/{context.setting('record_branch')}"


def tracking_ref(remote: str) -> str:
    """Where the remote's record branch is kept here as last seen."""
    return f"refs/leadline/remotes/{remote}/records"


def event_blobs(
    present: Mapping[str, str], topics: Collection[str] | None = None
) -> dict[str, dict[str, str]]:
    """Topic (one of ``topics``, unless that is None) to name to git's name of each event file among the
    files of a tip."""
    events: dict[str, dict[str, str]] = {}
    for path, blob in present.items():
        topic, _, rest = path.partition("/")
        name = rest.removeprefix("events/")
        wanted = topics is None or topic in topics
        if wanted and name != rest and TOPIC.match(topic) and FILE_NAME.match(name):
            events.setdefault(topic, {})[name] = blob
    return events
