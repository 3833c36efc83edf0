"""Rows of experiments and items: what a view of a whole thread sorts, counts and picks by.

As ``run_table``: a row is made from the folded thing and from nothing else, when something that it
is about changed and somebody looks. What depends on more than the thing itself is kept apart: the
order of experiments by their best (it follows the first primary metric) and what claims and cited
numbers rest on (``judged``), each with what it was made from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from leadline.adapters.store.names_table import OLDER, PREDICTED
from leadline.core.canonical import digest_bytes
from leadline.core.evidence.predicate import LIKE, predicted_by
from leadline.core.record.about import base_of
from leadline.core.record.fold import SAID_OF
from leadline.core.record.ranks import stands_at
from leadline.core.record.run import TERMINAL_STATES, Run
from leadline.core.record.thread import Experiment, Item, Thread
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.core.view import facts

if TYPE_CHECKING:
    import sqlite3

COLUMNS = (
    "thread, place, kind, id, uid, base, stands, state, runs, open, ranked, best, recent, numbers, "
    "names, negative_at, rank"
)
KEYS_AT_ONCE = 500


def write(db: sqlite3.Connection, folded: Thread, bases: list[str], judge: set[str]) -> None:
    """Write the rows of the things that ``bases`` name, of which ``judge`` may be others to who rests
    on them. Other things of ``folded`` may lack records."""
    thread, whole = folded.topic, set(bases)
    experiments = [e for e in folded.experiments.values() if base_of(e.id) in whole]
    items = [i for i in folded.items.values() if base_of(i.id) in whole]
    best = best_by(db, thread)
    later = [i for i in items if i.history and i.kind in SAID_OF]
    _forget_told(db, thread, [*bases, *_about(later)], experiments)
    db.executemany("DELETE FROM things WHERE thread=? AND base=?", [(thread, b) for b in bases])
    db.executemany(
        f"INSERT INTO things({COLUMNS}) VALUES({','.join('?' * 17)})",
        [
            *(_experiment(thread, e, best) for e in experiments),
            *(_item(thread, i) for i in items),
        ],
    )
    same = {base_of(e.id) for e in experiments} - judge
    changed = [e for e in experiments if base_of(e.id) in judge]
    explained = _about(i for i in later if i.kind != "note")
    _judge_again(db, thread, whole - same | explained, changed, items)


def _forget_told(
    db: sqlite3.Connection, thread: str, bases: list[str], experiments: list[Experiment]
) -> None:
    """What was told of parts of the thread that hold one of ``experiments``, or what ``bases`` name, or
    held it: it has another place when a run comes that was planned before its first."""
    if db.execute("SELECT 1 FROM told WHERE thread=? LIMIT 1", (thread,)).fetchone() is None:
        return
    places = {e.runs[0].uid for e in experiments}
    for base in bases:
        where = "thread=? AND base=? AND kind='experiment'"
        rows = db.execute(f"SELECT place FROM things WHERE {where}", (thread, base))
        places.update(place for (place,) in rows)
    db.executemany(
        "DELETE FROM told WHERE thread=? AND ? BETWEEN first AND last",
        [(thread, place) for place in places],
    )


def _about(items: Iterable[Item]) -> set[str]:
    """The bases of the experiments that ``items`` say something of."""
    named = (cast("list[str]", i.body.get(SAID_OF[i.kind], [])) for i in items)
    return {base_of(str(about)) for names in named for about in names}


def _experiment(thread: str, e: Experiment, best: facts.Order) -> tuple[object, ...]:
    counted = e.evidence_runs
    ranked = e.stands and bool(counted)
    numbers = facts.spans_of(e.runs) if ranked else {}
    names = list(dict.fromkeys(name for r in e.runs for name in (*r.metrics, *r.nonfinite)))
    recent = facts.ended_last(e) if ranked else None
    return (
        thread,
        e.runs[0].uid,
        "experiment",
        e.id,
        e.uid,
        base_of(e.id),
        e.stands,
        e.state,
        len(e.runs),
        sum(r.state not in TERMINAL_STATES for r in e.runs),
        ranked,
        best.worth(numbers),
        recent,
        json.dumps(numbers) if ranked else None,
        json.dumps(names),
        facts.negative_at(e),
        0,
    )


def _item(thread: str, item: Item) -> tuple[object, ...]:
    state = stands_at(item)
    names = digest_bytes(facts.said_in(item).encode()) if item.kind == "note" else None
    nothing = (0, 0, 0, None, None, None, names)
    about = (item.uid, item.kind, item.id, item.uid, base_of(item.id), item.stands, state)
    return (thread, *about, *nothing, facts.negative_at(item), 0)


# -- the order of experiments ----------------------------------------------------------------------
def best_by(db: sqlite3.Connection, thread: str) -> facts.Order:
    """What the rows are sorted by."""
    metric, direction, limits = json.loads(said(db, thread, "best by") or '["", "", []]')
    return facts.Order(metric, direction, tuple((name, limit) for name, limit in limits))


def sort_by(db: sqlite3.Connection, thread: str, order: facts.Order) -> None:
    """Sort by another metric, the other way round, or within other limits."""
    if best_by(db, thread) == order:
        return
    rows = db.execute(
        "SELECT place, numbers FROM things WHERE thread=? AND kind='experiment' AND ranked",
        (thread,),
    )
    db.executemany(
        "UPDATE things SET best=? WHERE thread=? AND kind='experiment' AND place=?",
        [(order.worth(json.loads(numbers)), thread, place) for place, numbers in rows.fetchall()],
    )
    say(db, thread, "best by", json.dumps(order))


# -- what was judged -------------------------------------------------------------------------------
def _judge_again(
    db: sqlite3.Connection,
    thread: str,
    bases: set[str],
    experiments: list[Experiment],
    items: list[Item],
) -> None:
    """Mark what is a claim, predicts or cites a number, and what rests on one of ``bases`` or would
    now."""
    again = {
        i.uid
        for i in items
        if i.kind == "claim"
        or any(i.body.get(name) for name in ("predicate", "evidence", "decision"))
        or (i.stands and i.body.get("bound"))
    }
    things: list[Experiment | Item | Run] = [*experiments, *items]
    things += [run for e in experiments for run in e.runs]
    alike = {run.key for e in experiments for run in e.runs if run.key}
    keys = [*bases, *{thing.uid for thing in things}, *_predictions(db, thread, items), *alike]
    keys += ["*"] if experiments else []
    for at in range(0, len(keys), KEYS_AT_ONCE):
        some = keys[at : at + KEYS_AT_ONCE]
        found = db.execute(
            f"SELECT uid FROM rests WHERE thread=? AND base IN ({','.join('?' * len(some))})",
            [thread, *some],
        )
        again.update(uid for (uid,) in found)
    oldest = min((e.runs[0].uid for e in experiments), default=None)
    if oldest is not None:
        found = db.execute(
            "SELECT uid FROM rests WHERE thread=? AND base=? AND uid>?", (thread, OLDER, oldest)
        )
        again.update(uid for (uid,) in found)
    choosers = db.execute(
        "SELECT uid, selectors FROM choosers WHERE thread=?", (thread,)
    ).fetchall()
    runs = [run for e in experiments for run in e.runs] if choosers else []
    for uid, selectors in choosers:
        wanted = json.loads(selectors)
        if uid not in again and any(may_match(run.config, wanted) for run in runs):
            again.add(uid)
    db.executemany("INSERT OR IGNORE INTO unjudged VALUES(?,?)", [(thread, uid) for uid in again])


def _predictions(db: sqlite3.Connection, thread: str, items: list[Item]) -> list[str]:
    """Write what hypotheses predict and claims name; what rests on what they predict now or did before.
    A comparison is one of those that were named before their runs only where a run is newer."""
    naming = [item for item in items if item.kind in ("hypothesis", "claim")]
    new = {(clause, item.uid) for item in naming for clause in predicted_by(item)}
    old = {
        (clause, item.uid)
        for item in naming
        for (clause,) in db.execute(
            "SELECT clause FROM predictions WHERE thread=? AND uid=?", (thread, item.uid)
        )
    }
    gone, come = old - new, new - old
    of_them = "thread=? AND clause=? AND uid=?"
    db.executemany(f"DELETE FROM predictions WHERE {of_them}", [(thread, *p) for p in gone])
    db.executemany("INSERT INTO predictions VALUES(?,?,?)", [(thread, *p) for p in come])
    row = db.execute("SELECT max(uid) FROM plans WHERE thread=?", (thread,)).fetchone()
    newest = str(row[0] or "")
    come = {(clause, uid) for clause, uid in come if not clause.startswith(LIKE) or uid < newest}
    return sorted({PREDICTED + clause for clause, _ in gone | come})


def may_match(config: object, selectors: list[tuple[str, object]]) -> bool:
    """Whether a run with this config may be chosen: a key that it lacks may name another fact."""
    return all(
        not isinstance(config, dict) or key not in config or config[key] == value
        for key, value in selectors
    )


# -- what is known of a thread ---------------------------------------------------------------------
def said(db: sqlite3.Connection, thread: str, name: str) -> str:
    row = db.execute("SELECT text FROM said WHERE thread=? AND name=?", (thread, name)).fetchone()
    return str(row[0]) if row else ""


def say(db: sqlite3.Connection, thread: str, name: str, text: str) -> None:
    db.execute("INSERT OR REPLACE INTO said VALUES(?,?,?)", (thread, name, text))
