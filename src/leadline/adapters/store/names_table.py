"""Who owns which id: what has to be plain before a part of a thread may stand for the whole.

A part is folded from the records about some ids. That gives what the whole fold gives where an id
means one thing: where two machines gave it twice, where a reference names an id and the record of
another, where two lines have one ULID, the thread is called odd, and whoever reads it folds it
whole. So the quick way needs no second set of rules for what is rare.
"""

from __future__ import annotations

from leadline.core.ids import parse_id
from leadline.core.record.about import base_of, oddness, owned_by
from leadline.core.record.event import Record
from leadline.core.record.kinds import KINDS
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

APART = ("claim", "update", "snapshot")  # what says something of things that is not kept with them
REACHED = "entries upto"  # the last record that the logbook has been rendered to
PREDICTED = "? "  # and a clause: what rests on whether that was predicted
OLDER = "<"  # what a claim rests on where it rests on every experiment that is older


def _drop_entries(db: sqlite3.Connection, thread: str, uid: str) -> None:
    """Where the record comes before one that the logbook was rendered to, drop what follows it."""
    reached = db.execute("SELECT text FROM said WHERE thread=? AND name=?", (thread, REACHED))
    if (reached.fetchone() or ("",))[0] >= uid:
        before = uid[:-1]
        db.execute("DELETE FROM entries WHERE thread=? AND uid>?", (thread, before))
        say(db, thread, REACHED, before)


def call_odd(db: sqlite3.Connection, thread: str, why: str) -> None:
    db.execute("INSERT OR IGNORE INTO odd VALUES(?,?)", (thread, why))


def is_odd(db: sqlite3.Connection, thread: str) -> bool:
    return db.execute("SELECT 1 FROM odd WHERE thread=?", (thread,)).fetchone() is not None


def count(db: sqlite3.Connection, thread: str, records: list[Record]) -> None:
    """How many records there are, the last time among theirs, and whether one came late: before
    another that was known."""
    newest = db.execute("SELECT text FROM said WHERE thread=? AND name='last id'", (thread,))
    before = (newest.fetchone() or ("",))[0]
    ids = [record.id for record in records]
    _drop_entries(db, thread, min(ids))
    for name, add in (("records", len(records)), ("late", int(min(ids) < before))):
        db.execute(
            "INSERT INTO said VALUES(?,?,?) ON CONFLICT DO UPDATE "
            "SET text=CAST(text AS INTEGER)+excluded.text",
            (thread, name, str(add)),
        )
    for name, value in (("last id", max(ids)), ("last at", max(r.at for r in records))):
        db.execute(
            "INSERT INTO said VALUES(?,?,?) ON CONFLICT DO UPDATE SET text=max(text, excluded.text)",
            (thread, name, value),
        )


def say(db: sqlite3.Connection, thread: str, name: str, text: str) -> None:
    db.execute("INSERT OR REPLACE INTO said VALUES(?,?,?)", (thread, name, text))


def leave_out(db: sqlite3.Connection, thread: str, lines: int) -> None:
    """How many lines more hold no record of their kind."""
    if lines:
        db.execute(
            "INSERT INTO said VALUES(?,'left out',?) ON CONFLICT DO UPDATE "
            "SET text=CAST(text AS INTEGER)+excluded.text",
            (thread, str(lines)),
        )


def take_in(db: sqlite3.Connection, thread: str, records: list[Record]) -> None:
    """Hold what ``records`` own and refer to against what is known, in whatever order they come."""
    owned: dict[str, str] = {}
    records = [record for record in records if record.kind in KINDS]
    for record in records:
        if why := oddness(record):
            call_odd(db, thread, f"{record.id}: {why}")
            return
        for uid, base in owned_by(record).items():
            if owned.setdefault(uid, base) != base:
                call_odd(db, thread, f"{uid} has two ids")
    referred = {
        (str(uid), base_of(display))
        for record in records
        for display, uid in record.body.get("refs", {}).items()
        if parse_id(display) is not None
    }
    db.executemany(
        "INSERT OR IGNORE INTO owners VALUES(?,?,?)",
        [(thread, uid, base) for uid, base in owned.items()],
    )
    uids = sorted({*owned, *(uid for uid, _ in referred)})
    known = dict(_among(db, "owners", thread, uids))
    meant = [*owned.items(), *referred, *_among(db, "dangling", thread, list(owned))]
    for uid, base in meant:
        if known.get(uid, base) != base:
            call_odd(db, thread, f"{uid} is {known[uid]}, and {base} elsewhere")
    db.executemany(
        "INSERT OR IGNORE INTO dangling VALUES(?,?,?)",
        [(thread, uid, base) for uid, base in referred if uid not in known],
    )


def _among(
    db: sqlite3.Connection, table: str, thread: str, uids: list[str]
) -> list[tuple[str, str]]:
    if not uids:
        return []
    marks = ",".join("?" * len(uids))
    return db.execute(
        f"SELECT uid, base FROM {table} WHERE thread=? AND uid IN ({marks})", [thread, *uids]
    ).fetchall()
