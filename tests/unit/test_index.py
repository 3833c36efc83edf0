"""The read model is a cache: deleted, damaged, unwritable or late, it says what the event files
say."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from leadline.adapters.clock import SystemClock
from leadline.adapters.store import index
from leadline.adapters.store.event_log import EventLog
from leadline.adapters.store.read_model import IndexReadModel
from leadline.core.ids import experiment_id, run_id


def log_at(root: Path, writer: str = "w1") -> EventLog:
    return EventLog(str(root), writer, "Ada", SystemClock())


def plan(log: EventLog, **config: object) -> str:
    with log.transaction("t", create=True) as writing:
        shown = experiment_id("P", writing.next_number("experiment"))
        return writing.add(
            "run-planned",
            {
                "id": run_id(shown, 1),
                "experiment": shown,
                "argv": ["true"],
                "config": config,
                "key": "k",
                "code": {"tree": "abc"},
            },
        ).id


def end(log: EventLog, uid: str, shown: str, state: str = "done") -> None:
    with log.transaction("t") as writing:
        writing.add(
            "run-ended",
            {"run": shown, "refs": {shown: uid}, "state": state, "metrics": {"time_ms": 3.5}},
        )


def rows(log: EventLog) -> list[tuple[str, str]]:
    return [(r.id, r.state) for r in IndexReadModel(log).run_rows("t", {}, "planned_at", 100)[0]]


def test_deleted_index_is_made_again(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    end(log, plan(log), "P-001-r1")
    for name in os.listdir(tmp_path):
        if name.startswith("index.sqlite"):
            os.unlink(tmp_path / name)
    assert rows(log_at(tmp_path)) == [("P-001-r1", "done")]
    assert (tmp_path / "index.sqlite").exists()


def test_a_file_that_another_writer_has_just_created_is_empty_and_no_error(tmp_path: Path) -> None:
    """Between its creation and its first line, also while the thread is read anew."""
    log = log_at(tmp_path)
    plan(log)
    folder = tmp_path / "threads" / "t" / "events"
    (folder / "w2-1.jsonl").touch()
    assert rows(log) == [("P-001-r1", "planned")]
    os.utime(folder / "w1-1.jsonl", ns=(1, 1))
    assert rows(log) == [("P-001-r1", "planned")] == rows(log_at(tmp_path))


@pytest.mark.parametrize("damage", ["garbage", "empty", "old schema", "half"])
def test_damaged_index_is_thrown_away(tmp_path: Path, damage: str) -> None:
    log = log_at(tmp_path)
    end(log, plan(log), "P-001-r1")
    log.index.close()
    path = tmp_path / "index.sqlite"
    if damage == "garbage":
        path.write_bytes(b"not a database at all" * 500)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "half":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA user_version=999")
        db.close()
    fresh = log_at(tmp_path)
    assert rows(fresh) == [("P-001-r1", "done")]
    assert plan(fresh) and rows(log_at(tmp_path))[-1] == ("P-002-r1", "planned")


def test_a_leftover_of_a_killed_creator_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / f"index.sqlite.{os.getpid()}.tmp").write_bytes(b"half made")
    log = log_at(tmp_path)
    plan(log)
    log.index.refresh("t")
    assert (tmp_path / "index.sqlite").exists()


def test_where_no_index_can_be_written_memory_serves(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    end(log, plan(log), "P-001-r1")
    log.index.close()
    for name in os.listdir(tmp_path):
        if name.startswith("index.sqlite"):
            os.unlink(tmp_path / name)
    (tmp_path / "index.sqlite").mkdir()  # nothing can be created or replaced under that name
    (tmp_path / "index.sqlite" / "full").touch()
    fresh = log_at(tmp_path)
    assert rows(fresh) == [("P-001-r1", "done")]
    plan(fresh)
    assert rows(fresh)[-1] == ("P-002-r1", "planned")


def test_a_file_that_was_rewritten_is_read_again(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    end(log, plan(log), "P-001-r1")
    path = tmp_path / "threads" / "t" / "events" / "w1-1.jsonl"
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    assert rows(log) == [("P-001-r1", "planned")]
    path.unlink()
    assert log.records("t") == []


def test_an_ending_that_arrives_before_its_plan_counts(tmp_path: Path) -> None:
    """Two writers' files merged one at a time, with a reader in between."""
    source = log_at(tmp_path / "a", "w1")
    uid = plan(source)
    end(log_at(tmp_path / "a", "w2"), uid, "P-001-r1")
    files = source.files("t")
    there = log_at(tmp_path / "b", "w3")
    there.merge("t", {"w2-1.jsonl": files["w2-1.jsonl"]})
    assert IndexReadModel(there).open_runs("t") == [] and rows(there) == []
    there.merge("t", {"w1-1.jsonl": files["w1-1.jsonl"]})
    assert rows(there) == [("P-001-r1", "done")] and IndexReadModel(there).open_runs("t") == []


def test_an_older_record_that_arrives_late_does_not_lower_the_numbers(tmp_path: Path) -> None:
    a, b = log_at(tmp_path / "a", "wa"), log_at(tmp_path / "b", "wb")
    for _ in range(3):
        plan(a)
    plan(b)
    b.merge("t", a.files("t"))
    plan(b)
    assert [i for i, _ in rows(b)].count("P-004-r1") == 1


def test_what_equal_is_to_a_kind_that_is_not_known_may_be_anything(tmp_path: Path) -> None:
    log, named = log_at(tmp_path), "sha256:" + "a1" * 32
    with log.transaction("t", create=True) as writing:
        writing.add("of-tomorrow", {"key": ["a"], "row": {"b": 1}, "names": named})
    log.index.refresh("t")
    found = log.index.db.execute("SELECT digest FROM digests").fetchall()
    assert found == [(named,)]


def test_an_open_line_is_not_read(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    plan(log)
    path = tmp_path / "threads" / "t" / "events" / "w1-1.jsonl"
    line = path.read_bytes()
    path.write_bytes(line + line[:40])
    fresh = log_at(tmp_path)
    assert len(fresh.records("t")) == 1 and len(fresh.records("t")) == 1


def test_filter_and_order_by_config_and_metric(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    for block, _ in ((64, 0), (8, 0), (16, 0)):
        uid = plan(log, block=block)
        shown = [r.id for r in IndexReadModel(log).run_rows("t", {}, "uid", 9)[0] if r.uid == uid][
            0
        ]
        end(log, uid, shown)
    assert [
        r.config["block"] for r in IndexReadModel(log).run_rows("t", {}, "config.block", 9)[0]
    ] == [
        8,
        16,
        64,
    ]
    found, count = IndexReadModel(log).run_rows("t", {"config.block": 16}, "-metrics.time_ms", 9)
    assert count == 1 and found[0].metrics == {"time_ms": 3.5}
    assert len(IndexReadModel(log).same_key("k")) == 3


def test_search_without_words_finds_nothing(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    plan(log)
    assert IndexReadModel(log).search([], 5) == ([], 0)
    assert IndexReadModel(log).search(['"', "a*b(", "NEAR"], 5)[1] == 0


def test_a_change_before_the_known_end_is_noticed_when_the_file_grew(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    end(log, plan(log), "P-001-r1")
    assert rows(log) == [("P-001-r1", "done")]
    path = tmp_path / "threads" / "t" / "events" / "w1-1.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"state":"done"', b'"state":"timeout"'))
    assert rows(log) == [("P-001-r1", "timeout")]


# -- any state of any cache file -------------------------------------------------------------------
def notes(root: Path, count: int, writer: str = "w1") -> list[str]:
    given = []
    for _ in range(count):
        log = log_at(root, writer)  # as one command after the other
        with log.transaction("t", create=True) as writing:
            shown = f"P-N{writing.next_number('note')}"
            writing.add("note", {"id": shown, "text": "x"})
        given.append(shown)
        log.index.close()
    return given


def cache_of(root: Path) -> dict[str, bytes]:
    paths = [*root.glob("index.sqlite*"), *(root / "locks").glob("+index*")]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def put_back(root: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (root / name).write_bytes(data)


def delete_ids(root: Path) -> None:
    with sqlite3.connect(root / "index.sqlite") as db:
        db.execute("DELETE FROM ids")
        db.execute("DELETE FROM records")
    db.close()


def write_ahead(root: Path) -> None:
    """What a version that kept a log beside the index leaves when its index is deleted."""
    other = root / "other.sqlite"
    db = sqlite3.connect(other, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("CREATE TABLE ids(thread TEXT, kind TEXT, within TEXT, number INTEGER, uid TEXT)")
    (root / "index.sqlite-wal").write_bytes((root / "other.sqlite-wal").read_bytes())
    db.close()
    (root / "index.sqlite").unlink()


def zeros(root: Path) -> None:
    """A power cut: the length is there, the content is not, and the times are as noted."""
    path = root / "index.sqlite"
    stat = path.stat()
    path.write_bytes(bytes(stat.st_size))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


STATES = {
    "older index": lambda root, old: put_back(root, {"index.sqlite": old["index.sqlite"]}),
    "older note": lambda root, old: put_back(root, {"locks/+index.lock": old["locks/+index.lock"]}),
    "older whole": put_back,
    "no index": lambda root, old: (root / "index.sqlite").unlink(),
    "no locks": lambda root, old: shutil.rmtree(root / "locks"),
    "no ids in it": lambda root, old: delete_ids(root),
    "a log left beside": lambda root, old: write_ahead(root),
    "a journal left beside": lambda root, old: put_back(root, {"index.sqlite-journal": b"x" * 999}),
    "zeros": lambda root, old: zeros(root),
    "half": lambda root, old: os.truncate(root / "index.sqlite", 8192),
    "a note of nonsense": lambda root, old: put_back(root, {"locks/+index.lock": b"\xff" * 300}),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("stays_open", [False, True])
def test_numbers_come_from_the_record_whatever_the_cache_is(
    tmp_path: Path, state: str, stays_open: bool
) -> None:
    given = notes(tmp_path, 3)
    old = cache_of(tmp_path)
    given += notes(tmp_path, 3)
    open_before = log_at(tmp_path, "w2")
    if stays_open:
        open_before.index.refresh("t")
    STATES[state](tmp_path, old)
    if stays_open:
        with open_before.transaction("t") as writing:
            given.append(f"P-N{writing.next_number('note')}")
            writing.add("note", {"id": given[-1], "text": "x"})
    given += notes(tmp_path, 2)
    assert given == [f"P-N{n}" for n in range(1, len(given) + 1)]
    assert len(log_at(tmp_path).thread("t").items) == len(given)


def test_an_index_of_another_repository_is_not_believed(tmp_path: Path) -> None:
    """Also where it has the same thread, writer, file, length and times."""
    here, there = tmp_path / "here", tmp_path / "there"
    notes(here, 2)
    notes(there, 1)
    shutil.rmtree(there / "threads")
    shutil.copytree(here / "threads", there / "threads")
    notes(there, 1)
    put_back(here, cache_of(there))
    assert notes(here, 1) == ["P-N3"]


def test_an_index_from_before_a_power_cut_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes(tmp_path, 1)
    before = (tmp_path / "index.sqlite").stat().st_ino
    log_at(tmp_path).index.refresh("t")
    assert (tmp_path / "index.sqlite").stat().st_ino == before
    (tmp_path / "boot_id").write_text("another boot\n")
    monkeypatch.setattr(index, "BOOT_ID", str(tmp_path / "boot_id"))
    log_at(tmp_path).index.refresh("t")
    noted = (tmp_path / "locks/+index.lock").read_text()
    assert "another boot" in noted and notes(tmp_path, 1) == ["P-N2"]


def test_a_listing_is_whole_when_the_index_is_lost_between_its_threads(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    end(log, plan(log), "P-001-r1")
    with log.transaction("u", create=True) as writing:
        body = {"id": "Q-001-r1", "experiment": "Q-001", "argv": ["true"], "config": {}, "key": "k"}
        writing.add("run-planned", body)
    asked, lost = log.index._refresh, []

    def refresh(thread: str) -> None:
        if thread == "u" and not lost:
            lost.append(thread)
            os.unlink(tmp_path / "index.sqlite")
        asked(thread)

    log.index._refresh = refresh  # type: ignore[method-assign]
    found = IndexReadModel(log).run_rows(None, {}, "uid", 9)[0]
    assert [r.id for r in found] == ["P-001-r1", "Q-001-r1"] and lost


def test_somebody_who_holds_the_index_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes(tmp_path, 1)
    monkeypatch.setattr(index, "BUSY_TIMEOUT_S", 0.05)
    db = sqlite3.connect(tmp_path / "index.sqlite", isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    assert notes(tmp_path, 2) == ["P-N2", "P-N3"]
    db.execute("ROLLBACK")
    db.close()
    assert notes(tmp_path, 1) == ["P-N4"]
