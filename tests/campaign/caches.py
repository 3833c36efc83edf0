"""Cache files in any state: from other moments and other repositories, cut, overwritten, deleted,
mixed. Ids go on from the record."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
from pathlib import Path

from tests.campaign.fault import Faults, Tally, fresh
from tests.conftest import Lab

NAMES = ("index.sqlite", "index.sqlite-wal", "index.sqlite-shm", "index.sqlite-journal")
AT_A_TIME = 40
PAGE_BYTES = 4096
Moment = dict[str, bytes]


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    with fresh() as other:
        for number in range(3):
            other.ok("note", f"elsewhere {number}")
        elsewhere = _moment(other)
    done = 0
    while done < tries:
        with fresh() as lab:
            moments = [elsewhere, _left_by_a_log(lab)]
            expected = 1
            for number in range(min(AT_A_TIME, tries - done)):
                what = _disturb(lab, chance, moments)
                answer = lab.run("note", f"words number {number} of this")
                tally.tries += 1
                tally.saw(what, answer.stdout + answer.stderr)
                if f"T-N{expected} " not in answer.stdout:
                    tally.false.append(f"after {what}: {answer.stdout}{answer.stderr}")
                expected += answer.returncode == 0
                if len(moments) < 12:
                    moments.append(_moment(lab))
            done += AT_A_TIME
            answer = lab.run("verify")
            if answer.returncode:
                tally.false.append(f"verify after cache states: {answer.stdout}{answer.stderr}")
            logbook = lab.ok("logbook")
            texts = [f"words number {number} of this" for number in range(expected - 1)]
            tally.lost += [text for text in texts if text not in logbook]


def _root(lab: Lab) -> Path:
    return lab.repo / ".git/leadline"


def _moment(lab: Lab) -> Moment:
    paths = [*_root(lab).glob("index*"), *(_root(lab) / "locks").iterdir()]
    return {str(path.relative_to(_root(lab))): path.read_bytes() for path in paths}


def _left_by_a_log(lab: Lab) -> Moment:
    """A write-ahead log that belongs to another index: what an older version left behind."""
    path = _root(lab) / "other.sqlite"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("CREATE TABLE records(thread TEXT, id TEXT, kind TEXT, line BLOB)")
    kept = {f"index.sqlite{end}": Path(f"{path}{end}").read_bytes() for end in ("-wal", "-shm")}
    db.close()
    for left in _root(lab).glob("other.sqlite*"):
        left.unlink()
    return kept


def _disturb(lab: Lab, chance: random.Random, moments: list[Moment]) -> str:
    """Make one to three changes to the cache files; what they were, in words."""
    said = []
    for _ in range(chance.randint(1, 3)):
        change = chance.choice(CHANGES)
        said.append(change(lab, chance, moments))
    return ", then ".join(said)


def _put(lab: Lab, chance: random.Random, moments: list[Moment]) -> str:
    moment = chance.choice(moments)
    names = [name for name in sorted(moment) if chance.random() < 0.6] or sorted(moment)
    for name in names:
        path = _root(lab) / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(moment[name])
    return f"{', '.join(names)} as of moment {moments.index(moment)}"


def _mix(lab: Lab, chance: random.Random, moments: list[Moment]) -> str:
    """Some pages of the index as of another moment: what a power cut leaves of writes that were not
    synced, and a log that is replayed into another index."""
    path, moment = _root(lab) / "index.sqlite", chance.choice(moments)
    other = moment.get("index.sqlite", b"")
    if not path.exists():
        return "nothing"
    data = bytearray(path.read_bytes())
    for at in range(0, min(len(data), len(other)), PAGE_BYTES):
        if chance.random() < 0.5:
            data[at : at + PAGE_BYTES] = other[at : at + PAGE_BYTES]
    path.write_bytes(data)
    return f"pages of moment {moments.index(moment)}"


def _forget(lab: Lab, chance: random.Random, moments: list[Moment]) -> str:
    """Rows that are gone from a sound index."""
    path, table = _root(lab) / "index.sqlite", chance.choice(("ids", "records"))
    if not path.exists():
        return "nothing"
    db = sqlite3.connect(path)
    with contextlib.suppress(sqlite3.Error):
        db.execute(
            f"DELETE FROM {table} WHERE rowid % 2" if table == "records" else "DELETE FROM ids"
        )
        db.commit()
    db.close()
    return f"rows of {table} deleted"


def _existing(lab: Lab, chance: random.Random) -> Path | None:
    paths = sorted(_root(lab).glob("index*")) + sorted(_root(lab).glob("locks/*"))
    return chance.choice(paths) if paths else None


def _cut(lab: Lab, chance: random.Random, moments: list[Moment]) -> str:
    path = _existing(lab, chance)
    if path is None:
        return "nothing"
    os.truncate(path, chance.randint(0, path.stat().st_size))
    return f"{path.name} cut"


def _overwrite(lab: Lab, chance: random.Random, moments: list[Moment]) -> str:
    """Zeros or nonsense in its middle, with the times it had."""
    path = _existing(lab, chance)
    if path is None or not path.stat().st_size:
        return "nothing"
    stat = path.stat()
    at, length = chance.randint(0, stat.st_size - 1), chance.choice((1, 512, 4096, stat.st_size))
    with path.open("r+b") as file:
        file.seek(at)
        file.write(chance.choice((chance.randbytes(length), bytes(length))))
    os.truncate(path, stat.st_size)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return f"{path.name} overwritten at {at}"


def _delete(lab: Lab, chance: random.Random, moments: list[Moment]) -> str:
    path = _root(lab) / chance.choice(NAMES)
    path.unlink(missing_ok=True)
    return f"{path.name} deleted"


def _delete_locks(lab: Lab, chance: random.Random, moments: list[Moment]) -> str:
    shutil.rmtree(_root(lab) / "locks", ignore_errors=True)
    return "locks deleted"


CHANGES = (_put, _put, _mix, _mix, _forget, _cut, _overwrite, _delete, _delete_locks)
FAULTS = Faults("cache files of other moments, cut, overwritten, mixed", make, tries=1000, share=60)
