"""Secrets in records that no detector of today searched: written by an earlier version or another
program, or before their value stood in the environment under a telling name. Nothing of them is sent,
in whatever state the heads of the files are, until somebody says that they are none; work goes on.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leadline.core.record.event import Record, line_digest, parse_lines
from tests.campaign.fault import Faults, Tally, lab_with_remote
from tests.campaign.secrets import key_of, lying
from tests.conftest import Lab

VARIABLE = "CAMPAIGN_TOKEN"
IN_ONE_LAB = 6
HELD = "secret-in-record"
Body = dict[str, Any]
# Of each kind of record a field that somebody filled in.
FIELDS: dict[str, Callable[[str], Body]] = {
    "note": lambda held: {"text": held},
    "note, about": lambda held: {"text": "x", "about": [held]},
    "correction": lambda held: {"target": "T-N1", "field": "text", "new": held, "why": "it was"},
    "correction, why": lambda held: {"target": "T-N1", "field": "text", "new": "x", "why": held},
    "refusal": lambda held: {"verb": "claim", "reason": held, "code": "words"},
    "thread-changed": lambda held: {"field": "problem", "value": held},
    "a kind of a newer version": lambda held: {"said": {"deep": [held]}},
}


def _files(lab: Lab) -> list[Path]:
    return sorted((lab.repo / ".git/leadline/threads/t/events").glob("*.jsonl"))


def _put_in(lab: Lab, chance: random.Random, held: str) -> str:
    """A record with the secret behind, or among, the others; the chain holds."""
    name = chance.choice(sorted(FIELDS))
    path = _files(lab)[-1]
    lines = path.read_bytes().splitlines(keepends=True)
    records = [each for each in parse_lines(lines) if isinstance(each, Record)]
    at = len(lines) if chance.random() < 0.7 else chance.randrange(2, len(lines) + 1)
    after = records[min(at, len(records)) - 1]
    kind = "invented" if name.startswith("a kind") else name.partition(",")[0]
    body = FIELDS[name](held) | ({"id": f"T-N{90 + len(lines)}"} if kind == "note" else {})
    seconds = chance.choice("123456789ABCDEFGHJKMNPQRSTVWXYZ")
    uid = after.id[:-1] + seconds if after.id[-1] < seconds else after.id[:-1] + "Z"
    prev = line_digest(lines[at - 1])
    data = b"".join(lines[:at])
    for record in [
        Record(uid, after.at, "t", after.writer, kind, after.actor, body, prev),
        *records[at:],
    ]:
        line = Record(
            record.id, record.at, "t", record.writer, record.kind, record.actor, record.body, prev,
            seen=record.seen, session=record.session,
        ).line()  # fmt: skip
        data, prev = data + line, line_digest(line)
    path.write_bytes(data)
    return name


def _heads(lab: Lab, chance: random.Random) -> str:
    """What an earlier version, another program or a crash left of the note that says what was searched."""
    path = lab.repo / ".git/leadline/threads/t/heads" / _files(lab)[-1].stem
    way = chance.choice(
        ("no head", "a head without a detector", "an earlier detector", "a torn head", "as it was")
    )
    if way == "no head":
        path.unlink(missing_ok=True)
    elif way == "a torn head":
        path.write_text(path.read_text()[: chance.randrange(90)] if path.exists() else "12")
    elif way != "as it was":
        data = _files(lab)[-1].read_bytes()
        last = line_digest(data.splitlines(keepends=True)[-1])
        path.write_text(f"{len(data)} {last}{' 0' if way == 'an earlier detector' else ''}\n")
    return way


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    number = 0
    while tally.tries < tries:
        with lab_with_remote() as lab:
            remote = lab.repo.parent / "remote"
            lab.ok("note", "the first of all")
            lab.ok("note", "the second of all")
            for _ in range(min(IN_ONE_LAB, tries - tally.tries)):
                tally.tries += 1
                number += 1
                _try(lab, remote, number, chance, tally)


def _try(lab: Lab, remote: Path, number: int, chance: random.Random, tally: Tally) -> None:
    held, key, sort = key_of(number, chance)
    late = chance.random() < 0.4
    if late:  # no shape tells it: only the environment does, and only from now on
        sort, key = "a value", "".join(chance.choices("bcdfghjkmnpqrstvwxz23456789", k=20))
        lab.run("note", f"it was {key} then", "--thread", "t")
        lab.env[VARIABLE] = key
        what = f"{sort} that came into the environment after its note"
    else:
        channel = _put_in(lab, chance, f"it was {held} then")
        what = f"{sort} in {channel}, {_heads(lab, chance)}"
    if chance.random() < 0.5:
        lab.ok("note", "work goes on", "--thread", "t")
    for verb in (("sync",), ("seal", f"s{number}", "--push"), ("verify",), ("sync", "--json")):
        done = lab.run(*verb)
        said = done.stdout + done.stderr
        tally.saw(f"{what}: {' '.join(verb)}", said)
        if key in said:
            tally.leaked.append(f"{what}: {' '.join(verb)} shows it")
    if HELD not in said:
        tally.false.append(f"{what}: sync does not say why nothing is sent: {said[-300:]}")
    if found := lying(remote, key):
        tally.leaked.append(f"{what}: sent: {found[:3]}")
    noted = lab.run("note", f"goes on {number}", "--thread", "t")
    released = lab.run("sync", "--not-secret")
    again = lab.run("sync", "--json")
    for each in (noted, released, again):
        tally.saw(what, each.stdout + each.stderr)
        if each.returncode:
            tally.false.append(f"{what}: it does not go on: {(each.stdout + each.stderr)[-300:]}")
    lab.env.pop(VARIABLE, None)


FAULTS = Faults("a secret in a record that was not searched for it", make, tries=120, share=6)
