"""Records whose target has not arrived: a correction, a retraction or an ending from another machine
that names what nobody here has recorded yet. They change nothing until it comes."""

from __future__ import annotations

from leadline.core.ids import parse_id
from leadline.core.record.about import base_of
from leadline.core.record.kinds import KINDS
from leadline.core.record.thread import Thread
from leadline.core.timestamps import few

SHOWN = 5


def waited_for(thread: Thread) -> list[str]:
    """The ids (without repeat and letter) that records of the thread refer to and that no record of
    it gives to anything."""
    if thread.kept is not None:
        return thread.kept.waited_for()
    there = {uid for _, uid in thread.uids}
    named = {
        base_of(display)
        for record in thread.records
        if record.kind in KINDS  # one of a kind that is not known may use any name for anything
        for display, uid in record.body.get("refs", {}).items()
        if uid not in there and parse_id(display) is not None
    }
    return sorted(named)


def waiting_line(thread: Thread) -> str:
    """``records wait for P-004, which is not here: leadline sync``; "" where none does."""
    ids = waited_for(thread)
    if not ids:
        return ""
    which = "which is not here" if len(ids) == 1 else "which are not here"
    return f"records wait for {few(ids, SHOWN)}, {which}: leadline sync"
