"""One thing that is missing before a thread starts, posts or ends, with the command that gives it."""

from __future__ import annotations

from collections.abc import Iterable

from leadline.core.typed import TypedDict

SHOWN, NAMED = 10, 5


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


def by_mend(items: Iterable[Missing]) -> list[tuple[str, list[Missing]]]:
    """What one command mends, together; in the order of the first of each."""
    groups: dict[str, list[Missing]] = {}
    for item in items:
        groups.setdefault(item["mend"], []).append(item)
    return list(groups.items())


def missing_lines(items: list[Missing], shown: int = SHOWN, all_by: str = "") -> list[str]:
    """In words: at most ``shown`` commands, each behind what it mends; 0 for all. The rest are
    counted, with the command that lists them all (``all_by``)."""
    groups = by_mend(items)
    named = groups[:shown] if shown else groups
    lines: list[str] = []
    for mend, found in named:
        codes = ", ".join(dict.fromkeys(item["code"] for item in found))
        what = "; ".join(item["what"] for item in found[:NAMED])
        more = f"; and {len(found) - NAMED} more" if len(found) > NAMED else ""
        lines += [f"{codes}: {what}{more}", f"    {mend}"]
    if left := sum(len(found) for _, found in groups[len(named) :]):
        lines.append(f"… and {left} more" + (f": {all_by}" if all_by else ""))
    return lines
