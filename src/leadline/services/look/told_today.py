"""What a reader was asked for already today: nothing is asked twice in a day.

Kept in a file beside the record that may be deleted at any time. No lock: two readers at once may each be told.
"""

from __future__ import annotations

import os

from leadline.core.record.thread import Thread
from leadline.job.disk import open_small
from leadline.services.context import Context
from leadline.services.out_path import write_if_it_can

FILE = "told-today"
KEPT = 200


def told_today(context: Context, thread: Thread) -> list[str]:
    """The keys of what the reader at work was told of this thread."""
    return _kept(context).get(_reader(context, thread), [])


def remember(context: Context, thread: Thread, keys: list[str]) -> None:
    """That they were told; nothing where that cannot be written."""
    kept, reader = _kept(context), _reader(context, thread)
    known = kept.get(reader, [])
    if set(keys) <= set(known):
        return
    kept[reader] = list(dict.fromkeys([*known, *keys]))[-KEPT:]
    lines = [f"{who}\t{key}\n" for who, told in kept.items() for key in told]
    path = os.path.join(context.root, FILE)
    write_if_it_can(path, "".join([f"{context.now()[:10]}\n", *lines[-KEPT:]]).encode())


def _kept(context: Context) -> dict[str, list[str]]:
    try:
        with open(open_small(os.path.join(context.root, FILE)), encoding="utf-8") as file:
            day, *lines = file.read().split("\n")
    except (OSError, ValueError):
        return {}
    found: dict[str, list[str]] = {}
    if day == context.now()[:10]:
        for line in lines:
            reader, tab, key = line.partition("\t")
            if tab:
                found.setdefault(reader, []).append(key)
    return found


def _reader(context: Context, thread: Thread) -> str:
    """Who looks, and at what: the session at work, else whoever types here."""
    current = context.sessions.current(thread.topic)
    session = "" if current is None else current.uid
    return f"{thread.topic} {session}"
