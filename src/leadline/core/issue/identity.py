"""Whose an issue is: the marker that it carries.

``experiment:TOPIC:ID`` with the id of the record that started the thread: two unrelated repositories
may share a repository of issues and a topic. Issues that were opened before carry ``experiment:TOPIC``
alone, which says no more than the topic.
"""

from __future__ import annotations

from leadline.core.record.thread import Thread

KIND = "experiment:"


def old_marker(topic: str) -> str:
    return KIND + topic


def markers_of(thread: Thread) -> list[str]:
    """Every marker that is this thread's own, the one for new issues first: a thread that two
    machines started apart has two."""
    starts = [record.id for record in thread.records_of("thread-started")]
    return [f"{KIND}{thread.topic}:{uid}" for uid in starts] or [old_marker(thread.topic)]


def is_foreign(marker: str, thread: Thread) -> bool:
    """Whether ``marker`` is that of another thread, as far as it tells."""
    own = (*markers_of(thread), old_marker(thread.topic))
    return marker.startswith(KIND) and marker not in own


def named(thread: Thread) -> str:
    """This thread as ``owner`` would name it."""
    return owner(markers_of(thread)[0])


def owner(marker: str) -> str:
    """The thread of a marker, in words."""
    topic, _, uid = marker.removeprefix(KIND).partition(":")
    return f"{topic} ({uid})" if uid else topic
