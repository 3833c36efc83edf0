"""Records of another machine with a chain that holds and one field that is not what its kind
declares: it is left out and named, and every verb of every thread goes on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from tests.campaign.fault import Faults, Tally
from tests.campaign.foreign import (
    TOPIC,
    arrive,
    chained,
    copy_of,
    everything_goes_on,
    records,
    template,
)
from tests.conftest import Lab

Path = tuple[Any, ...]


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


ODD: tuple[Any, ...] = (
    None, True, -1, 1 << 63, 10**30, 10**400, 1.5, 1e308, float("nan"), float("inf"), "", "x", "\0",
    "\ud800", "\r\n", "../../x", "x" * 100_000, "P-N" + "9" * 30, "P-" + "9" * 5000, "P-N1",
    "P-001-r" + str(1 << 63), "sha256:" + "0" * 64, "2026-99-99T99:99:99Z", [], [None], ["x"], {},
    {"x": 1}, {"": {"": []}}, nested(30), nested(300), [[], {}, 1, "x"], "REMOVED",
)  # fmt: skip


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a JSON value."""
    if path:
        yield path
    members: Any = ()
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    for name, inner in members:
        yield from places(inner, (*path, name))


def changed(value: Any, path: Path, to: Any) -> Any:
    """``value`` with ``to`` at ``path``, or without what is there."""
    if not path:
        return to
    copy = dict(value) if isinstance(value, dict) else list(value)
    if to == "REMOVED" and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(copy[path[0]], path[1:], to)
    return copy


GOOD = f"{TOPIC}/events/wforeign-1.jsonl"
# What else may stand on a record branch: path to mode, and whether records stand there too.
ENTRIES: dict[str, dict[str, str]] = {
    "a submodule for an event file": {f"{TOPIC}/events/w9-1.jsonl": "160000"},
    "a submodule among the own event files": {"t/events/w9-1.jsonl": "160000", GOOD: "100644"},
    "a link for an event file": {f"{TOPIC}/events/w9-1.jsonl": "120000", GOOD: "100644"},
    "an executable event file": {GOOD: "100755"},
    "a submodule for a blob": {f"{TOPIC}/blobs/aa/{'b' * 62}": "160000", GOOD: "100644"},
    "a submodule for a thread": {"other": "160000", GOOD: "100644"},
    "a line end in a name": {f"{GOOD}\n": "100644", GOOD: "100644"},
    "a folder for an event file": {f"{GOOD}/x": "100644"},
}


def odd_entries(lab: Lab, tally: Tally) -> None:
    for number, (what, modes) in enumerate(ENTRIES.items()):
        with copy_of(lab, f"entry{number}") as copy:
            lines = chained(records())
            arrive(copy, {path: (mode, lines) for path, mode in modes.items()})
            everything_goes_on(copy, tally, what, TOPIC if GOOD in modes else "t")
            tally.tries += 1


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    whole = records()
    with template() as lab:
        if tries >= len(ENTRIES):
            odd_entries(lab, tally)
            tries -= len(ENTRIES)
        for number in range(tries):
            at = chance.randrange(len(whole))
            path = chance.choice([p for p in places(whole[at]) if p[0] not in ("prev", "v")])
            to = chance.choice(ODD)
            bad = list(whole)
            bad[at] = changed(whole[at], path, to)
            what = f"{whole[at]['kind']} with {'.'.join(map(str, path))} = {ascii(to)[:50]}"
            with copy_of(lab, str(number)) as copy:
                arrive(copy, {GOOD: ("100644", chained(bad))})
                everything_goes_on(copy, tally, what)
                tally.tries += 1


FAULTS = Faults("records of another machine with one odd field", make, tries=400, share=3)
