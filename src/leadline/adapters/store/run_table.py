"""The table of runs: rows of the fold, made when they are asked for.

A row is what ``row_of`` makes of a run of the folded thread. What makes that cheap is that a run's
row needs only the records about its experiment and those that derived metrics rest on: so the
experiments that new records are about are folded, some at a time, and nothing else. When what
derived metrics rest on changed (a formula, the baseline and its runs), all experiments are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from leadline.adapters.store import names_table
from leadline.adapters.store.names_table import APART
from leadline.core.ids import parse_id
from leadline.core.metric.thread_of import thread_of
from leadline.core.record.about import base_of
from leadline.core.record.cost import cost_of_run
from leadline.core.record.reaches import take_in, told_of, what_matters
from leadline.core.record.rows import COLUMNS, RunRow, column, row_of
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3

    from leadline.adapters.store.index import Answer, Index
    from leadline.core.record.reaches import Told

ASKED_AT_ONCE = 500  # the variables of one statement
FOLDED_AT_ONCE = 64  # experiments: bounds the memory of the first listing of a long thread
MADE_AT_ONCE = 256  # in one transaction
_AS_JSON = ("argv", "config", "metrics", "nonfinite")
_DEFINITIONS = ("thread-started", "metric-defined", "ruler", "baseline")
_COLUMNS = ",".join(COLUMNS)


def rows(
    index: Index,
    threads: list[str],
    where: Mapping[str, object],
    order: str,
    limit: int,
    made: Callable[[RunRow], Answer],
) -> tuple[list[Answer], int]:
    """``where``: ``state``, ``experiment``, ``config.KEY`` (compared as text). ``order``: a column,
    ``config.KEY`` or ``metrics.NAME``, with ``-`` in front for descending. ``made``: what of each
    row is held."""
    for thread in threads:
        settle(index, thread)
    terms, values = [f"thread IN ({','.join('?' * len(threads))})"], list(threads)
    for name, value in where.items():
        expression, parameters = _expression(name)
        terms.append(f"CAST({expression} AS TEXT)=?")
        values += [*parameters, str(value)]
    condition = " AND ".join(terms)
    expression, parameters = _expression(order.lstrip("-"))
    direction = "DESC" if order.startswith("-") else "ASC"
    by = f"{expression} IS NULL, {expression} {direction}, uid"
    if expression == "uid":  # as they lie: the first are found without the others
        by = f"uid {direction}"
    count = index.db.execute(f"SELECT count(*) FROM runs WHERE {condition}", values).fetchone()[0]
    found = index.db.execute(
        f"SELECT {_COLUMNS} FROM runs WHERE {condition} ORDER BY {by} LIMIT ?",
        [*values, *parameters, *parameters, limit],
    )
    return [made(_row(r)) for r in found], count


def same_key(index: Index, threads: list[str], key: str) -> list[RunRow]:
    """Asked before each run, so only the experiments of this key are folded, and nothing is judged:
    that loads what judges, and waits for somebody who looks."""
    for thread in threads:
        stale = index.db.execute(
            "SELECT DISTINCT base, judge FROM plans JOIN stale USING(thread, base) "
            "WHERE key=? AND thread=?",
            (key, thread),
        ).fetchall()
        if stale:
            _make(index, thread, dict(stale), of_things=False)
    found = index.db.execute(
        f"SELECT {_COLUMNS} FROM runs WHERE (thread, uid) IN (SELECT thread, uid FROM plans WHERE key=?) "
        "ORDER BY uid",
        (key,),
    )
    return [_row(r) for r in found]


def first_of_each(index: Index, thread: str, metric: str) -> Iterator[RunRow]:
    """The first run of every experiment that measured ``metric``, one at a time: there are many."""
    settle(index, thread)
    value, path = _expression(f"metrics.{metric}")
    found = index.db.execute(
        f"SELECT {_COLUMNS}, min(uid) FROM runs WHERE thread=? GROUP BY experiment "
        f"HAVING max({value} IS NOT NULL)",
        [thread, *path],
    )
    return (_row(r[:-1]) for r in found)


# -- making rows -----------------------------------------------------------------------------------
def settle(index: Index, thread: str) -> None:
    """Make the rows of every experiment that is stale, some at a time: a writer waits for one lot,
    not for all."""
    if index.db.execute("SELECT 1 FROM half_made WHERE thread=?", (thread,)).fetchone():
        with index.writing() as db:
            db.execute(
                "INSERT INTO stale SELECT * FROM half_made WHERE thread=? "
                "ON CONFLICT DO UPDATE SET judge=max(judge, excluded.judge)",
                (thread,),
            )
            db.execute("DELETE FROM half_made WHERE thread=?", (thread,))
    while stale := index.db.execute(
        "SELECT base, judge FROM stale WHERE thread=? ORDER BY base LIMIT ?",
        (thread, MADE_AT_ONCE),
    ).fetchall():
        _make(index, thread, dict(stale))


def _make(index: Index, thread: str, bases: dict[str, int], of_things: bool = True) -> None:
    """Make the rows of ``bases`` anew; "" among them, or what derived metrics rest on (a repeat of the
    baseline), asks whether all have to be. ``of_things``: those of experiments and items too, else
    they wait for ``settle``. The value of each: whether what rests on it is judged again."""
    with index.writing() as db:
        ground, rests_on = ground_of(index, thread)
        if not {"", *ground}.isdisjoint(bases):
            _compare_ground(db, thread, rests_on)
        asked = [base for base in bases if base]
        for at in range(0, len(asked), FOLDED_AT_ONCE):
            lot = asked[at : at + FOLDED_AT_ONCE]
            records = index.about({*lot, *ground}, thread, _DEFINITIONS, APART, passing=True)
            folded = thread_of(records, thread)
            if why := _oddness(folded):
                names_table.call_odd(db, thread, why)
            _write(db, folded, lot)
            if of_things:
                from leadline.adapters.store import things_table  # and with it what judges runs

                judge = {base for base in lot if bases[base]}
                things_table.write(db, folded, lot, judge)
            else:
                db.executemany(
                    "INSERT INTO half_made VALUES(?,?,?) "
                    "ON CONFLICT DO UPDATE SET judge=max(judge, excluded.judge)",
                    [(thread, base, bases[base]) for base in lot],
                )
        db.executemany("DELETE FROM stale WHERE thread=? AND base=?", [(thread, b) for b in bases])


def _oddness(folded: Thread) -> str:
    """As ``core/record/about.py``'s, of what shows when records are folded."""
    if folded.malformed:
        return f"{folded.malformed[0]['uid']}: {folded.malformed[0]['what']}"
    lettered = (shown for shown in folded.uids.values() if (p := parse_id(shown)) and p.suffix)
    twice = next(lettered, "")
    return f"{twice}: two machines gave one id" if twice else ""


def ground_of(index: Index, thread: str) -> tuple[list[str], str]:
    """The ids that belong to every slice of a thread with formulas (its baselines and the present
    one's experiment), and what derived metrics rest on, as a text."""
    folded = thread_of(index.about([], thread, _DEFINITIONS), thread)
    if not any(m.formula for m in folded.metrics.values()):
        return [], ""
    from leadline.core.metric.derive import rests_on

    # What became of a baseline, and of its experiment, is no definition.
    baselines = [base_of(item.id) for item in folded.of_kind("baseline")]
    folded = thread_of(index.about(baselines, thread, _DEFINITIONS), thread)
    current = folded.baseline
    if current is None:
        return baselines, rests_on(folded)
    ground = [*baselines, base_of(str(current.body.get("experiment", "")))]
    return ground, rests_on(thread_of(index.about(ground, thread, _DEFINITIONS), thread))


def _compare_ground(db: sqlite3.Connection, thread: str, rests_on: str) -> None:
    known = db.execute("SELECT text FROM ground WHERE thread=?", (thread,)).fetchone()
    if (known or ("",))[0] != rests_on:
        db.execute("INSERT OR REPLACE INTO ground VALUES(?,?)", (thread, rests_on))
        call_stale(db, thread)


def call_stale(db: sqlite3.Connection, thread: str) -> None:
    """All experiments there are, and what rests on them."""
    db.execute(
        "INSERT INTO stale SELECT DISTINCT thread, base, 1 FROM plans "
        "WHERE thread=? AND base != '' ON CONFLICT DO UPDATE SET judge=1",
        (thread,),
    )


def _write(db: sqlite3.Connection, folded: Thread, bases: list[str]) -> None:
    """Write the rows of ``bases``. Other runs of ``folded`` may lack records."""
    whole = set(bases)
    runs = [
        run
        for experiment in folded.experiments.values()
        if base_of(experiment.id) in whole
        for run in experiment.runs
    ]
    rows = [row_of(run, folded) for run in runs]
    db.executemany(
        "INSERT OR REPLACE INTO costs VALUES(?,?,?,?,?,?,?)",
        (
            (folded.topic, run.uid, *cost_of_run(run)[1:])
            for run in runs
            if run.origin == "executed"
        ),
    )
    before = _standing(db, folded.topic, [row.uid for row in rows])
    db.executemany(
        f"INSERT OR REPLACE INTO runs({_COLUMNS}) VALUES({','.join('?' * len(COLUMNS))})",
        map(_as_columns, rows),
    )
    after = {
        (row.invocation, json.dumps(row.config))
        for row in rows
        if row.invocation and not row.retracted
    }
    _tell_alike(db, folded.topic, gone=before - after, come=after - before)


# -- what the runs of an invocation have (``core/record/reaches.py``) ------------------------------
def alike(index: Index, thread: str, invocation: str) -> Told:
    """Told once of all of them, then of those that come."""
    if (known := _told(index.db, thread, invocation)) is not None:
        return known
    with index.writing() as db:
        told = _told_anew(db, thread, invocation)
        _tell(db, thread, invocation, told)
    return told


def _told_anew(db: sqlite3.Connection, thread: str, invocation: str) -> Told:
    rows = db.execute(
        "SELECT DISTINCT config FROM runs WHERE thread=? AND invocation=? "
        "AND invocation != '' AND retracted=''",
        (thread, invocation),
    )
    return told_of(json.loads(config) for (config,) in rows)


def _told(db: sqlite3.Connection, thread: str, invocation: str) -> Told | None:
    query = "SELECT told FROM alike WHERE thread=? AND invocation=?"
    row = db.execute(query, (thread, invocation)).fetchone()
    return json.loads(row[0]) if row else None


def _tell(db: sqlite3.Connection, thread: str, invocation: str, told: Told) -> None:
    values = (thread, invocation, json.dumps(told))
    db.execute("INSERT OR REPLACE INTO alike VALUES(?,?,?)", values)


def _standing(db: sqlite3.Connection, thread: str, uids: list[str]) -> set[tuple[str, str]]:
    """(invocation, config) of the runs that have a row and stand."""
    found = set[tuple[str, str]]()
    for at in range(0, len(uids), ASKED_AT_ONCE):
        some = uids[at : at + ASKED_AT_ONCE]
        found.update(
            db.execute(
                "SELECT invocation, config FROM runs WHERE thread=? AND invocation != '' "
                f"AND retracted='' AND uid IN ({','.join('?' * len(some))})",
                [thread, *some],
            )
        )
    return found


def _tell_alike(
    db: sqlite3.Connection, thread: str, gone: set[tuple[str, str]], come: set[tuple[str, str]]
) -> None:
    """What rests on what is told of an invocation is judged again where that is another now."""
    changed, fewer = set[str](), {invocation for invocation, _ in gone}
    for invocation in fewer | {invocation for invocation, _ in come}:
        if (told := _told(db, thread, invocation)) is None:
            continue  # nobody asked
        if invocation in fewer or not told:  # of none, or of runs without a config
            now = _told_anew(db, thread, invocation)
        else:
            now = {key: [*values] for key, values in told.items()}
            for config in (config for named, config in come if named == invocation):
                take_in(now, json.loads(config))
        if now != told:
            _tell(db, thread, invocation, now)
        if what_matters(now) != what_matters(told):
            changed.add(invocation)
    db.executemany(
        "INSERT OR IGNORE INTO unjudged SELECT thread, uid FROM rests WHERE thread=? AND base=?",
        [(thread, invocation) for invocation in changed],
    )


def _as_columns(row: RunRow) -> tuple[object, ...]:
    values = ((name, getattr(row, name)) for name in COLUMNS)
    return tuple(json.dumps(value) if name in _AS_JSON else value for name, value in values)


# -- reading rows ----------------------------------------------------------------------------------
def _expression(name: str) -> tuple[str, list[str]]:
    head, key = column(name)
    return (f"json_extract({head}, ?)", ['$."' + key.replace('"', "") + '"']) if key else (head, [])


def _row(values: tuple[Any, ...]) -> RunRow:
    return RunRow(
        *(json.loads(v) if name in _AS_JSON else v for name, v in zip(COLUMNS, values, strict=True))
    )
