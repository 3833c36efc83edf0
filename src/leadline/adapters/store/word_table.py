"""The words of the records, brought up to date and looked for when somebody searches."""

from __future__ import annotations

from leadline.core.record.about import uid_named
from leadline.core.record.event import Record, parse_line
from leadline.core.record.search_text import Hit, searchable
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.adapters.store.index import Index


def search(index: Index, threads: list[str], words: list[str], limit: int) -> tuple[list[Hit], int]:
    """Best first, results that ended badly or were negative before the rest."""
    for thread in threads:
        _take_in(index, thread)
    words = [w for w in words if any(c.isalnum() for c in w)]
    if not words:
        return [], 0
    query = " AND ".join('"' + w.replace('"', '""') + '"*' for w in words)
    count = index.db.execute("SELECT count(*) FROM words WHERE words MATCH ?", (query,)).fetchone()[
        0
    ]
    found = index.db.execute(
        "SELECT thread, uid, kind, shown, negative, text FROM words WHERE words MATCH ? "
        "ORDER BY negative DESC, rank LIMIT ?",
        (query, limit),
    )
    return [
        Hit(topic, uid, kind, shown, bool(negative), text)
        for topic, uid, kind, shown, negative, text in found
    ], count


def _take_in(index: Index, thread: str) -> None:
    """Index the words of the records that came since the last search."""
    db = index.db
    row = db.execute("SELECT upto FROM searched WHERE thread=?", (thread,)).fetchone()
    upto = row[0] if row else 0
    last = db.execute("SELECT max(rowid) FROM records WHERE thread=?", (thread,)).fetchone()
    newest = last[0] or 0
    if newest <= upto:
        return
    with index.writing():
        lines = db.execute(
            "SELECT line FROM records WHERE thread=? AND rowid>? ORDER BY rowid", (thread, upto)
        ).fetchall()
        for (line,) in lines:
            _take_in_record(index, thread, parse_line(line))
        db.execute("INSERT OR REPLACE INTO searched VALUES(?,?)", (thread, newest))


def _take_in_record(index: Index, thread: str, record: Record) -> None:
    planned, db = None, index.db
    if record.kind == "run-ended":
        line = db.execute(
            "SELECT line FROM records WHERE thread=? AND id=?", (thread, uid_named(record, "run"))
        ).fetchone()
        planned = parse_line(line[0]) if line else None
    found = searchable(record, planned)
    if found is None:
        return
    if planned is not None:
        db.execute(
            "DELETE FROM words WHERE rowid IN (SELECT word_row FROM word_rows WHERE thread=? AND uid=?)",
            (thread, found.uid),
        )
    row = db.execute(
        "INSERT INTO words VALUES(?,?,?,?,?,?)",
        (found.text, thread, found.uid, found.kind, found.id, int(found.negative)),
    ).lastrowid
    db.execute("INSERT OR REPLACE INTO word_rows VALUES(?,?,?)", (thread, found.uid, row))
