"""One thing that is missing before a thread starts, posts or ends, with the command that gives it."""

from __future__ import annotations

from leadline.core.typed import TypedDict


class _Missing(TypedDict):
    code: str
    what: str
    mend: str


class Missing(_Missing, total=False):
    """``id``: of what lacks it. ``queued``: it is done in the record and waits for the forge, and
    why."""

    id: str
    queued: str


def missing(code: str, what: str, mend: str, *, id: str = "") -> Missing:
    item: Missing = {"code": code, "what": what, "mend": mend}
    if id:
        item["id"] = id
    return item
