"""What is not checked again because it has not changed since gives the findings that checking
everything gives, whatever was recorded and whatever became of the files in between."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from leadline.adapters.store import checked_files, event_log
from leadline.adapters.store.event_log import EventLog
from leadline.core.canonical import digest_bytes
from leadline.core.record.event import Record, check_chain, line_digest, parse_line
from leadline.core.record.finding import Finding
from leadline.services.artifact.raw_files import runs_touched
from leadline.services.context import Context
from leadline.services.keep.verify import verify
from leadline.testing.fake_context import MemoryVcs, context
from tests.campaign.corruption import CHANGES
from tests.chance import examples
from tests.unit.test_kept_thread import studies
from tests.unit.test_run_table import store

TICKS = count(1_700_000_000)


class Vcs(MemoryVcs):
    """A bare repository in which every commit is, but for the one that is gone."""

    def __init__(self) -> None:
        super().__init__("")
        self.toplevel = None  # type: ignore[assignment]
        self.gone: set[str] = set()

    def missing_objects(self, names: Iterable[str]) -> set[str]:
        return self.gone & set(names)

    def tag_names(self, prefix: str) -> list[str]:
        return []

    def tag_info(self, name: str) -> None:
        return None


@contextmanager
def repository() -> Iterator[tuple[Context, EventLog, Vcs]]:
    with store() as log:
        made, vcs = context(log.root), Vcs()
        made.store, made.vcs = log, vcs  # type: ignore[assignment]
        yield made, log, vcs


def put(log: EventLog, name: str, data: bytes) -> None:
    """Written a while after whatever was written before."""
    path = os.path.join(log.folder("t"), name)
    with open(path, "wb") as file:
        file.write(data)
    os.utime(path, (0, next(TICKS)))


def chained(lines: Iterable[bytes]) -> list[bytes]:
    done, last = list[bytes](), ""
    for line in lines:
        of = parse_line(line)
        record = replace(of, prev=last)
        done.append(record.line())
        last = line_digest(done[-1])
    return done


def found(made: Context, full: bool) -> tuple[list[str], int]:
    findings, records = verify(made, ["t"], full)
    return sorted(map(repr, map(Finding.as_dict, findings))), records


def agrees(made: Context) -> None:
    whole = found(made, True)
    assert found(made, False) == whole  # what changed was checked
    assert found(made, False) == whole  # nothing changed
    quick = made.store.unbroken("t", "any", lambda unbroken: True)
    event(f"unbroken: {quick}, findings: {bool(whole[0])}")


@pytest.fixture(autouse=True)
def every_thread_is_long_and_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "FOLDED_WHOLE_BYTES", -1)
    monkeypatch.setattr(checked_files, "SETTLED_NS", -(10**19))


def rolled(name: str, number: int) -> str:
    return f"{name.partition('-')[0]}-{number}.jsonl"


@settings(max_examples=examples(25), deadline=None)
@given(studies(), st.data())
def test_what_was_checked_before_gives_what_checking_everything_gives(
    lines: dict[str, list[bytes]], data: st.DataObject
) -> None:
    """Writers' files arrive piece by piece and are rolled; some are damaged, and mended or not."""
    draw, chance = data.draw, random.Random(data.draw(st.integers(0, 1 << 30)))
    files = dict[str, list[bytes]]()
    for name, unchained in lines.items():
        done = chained(unchained)
        cuts = sorted({0, len(done), *draw(st.lists(st.integers(1, len(done)), max_size=2))})
        for number, (start, stop) in enumerate(pairwise(cuts), 1):
            files[rolled(name, number)] = done[start:stop]
    with repository() as (made, log, _):
        arrived = dict.fromkeys(files, 0)
        present = dict[str, bytes]()
        while any(arrived[name] < len(files[name]) for name in files):
            name = draw(st.sampled_from(sorted(n for n in files if arrived[n] < len(files[n]))))
            arrived[name] = min(len(files[name]), arrived[name] + draw(st.integers(1, 12)))
            present[name] = b"".join(files[name][: arrived[name]])
            put(log, name, present[name])
            if draw(st.booleans()):
                agrees(made)
            if draw(st.integers(0, 3)) == 0:
                hurt = draw(st.sampled_from(sorted(present)))
                put(log, hurt, draw(st.sampled_from(CHANGES))(present[hurt], chance))
                agrees(made)
                if draw(st.booleans()):
                    put(log, hurt, present[hurt])
        agrees(made)
        for name, whole in present.items():
            put(log, name, whole)
        agrees(made)


# -- what is read, and what is not -----------------------------------------------------------------
def study(made: Context, folder: str) -> None:
    """Two files of one writer, the second of which is written on."""
    with made.store.transaction("t", create=True) as writing:
        writing.add("thread-started", {"prefix": "P", "goal": "g"})
        for number in range(1, 4):
            planned = {"id": f"P-{number:03d}-r1", "experiment": f"P-{number:03d}", "repeat": 1}
            uid = writing.new_uid()
            writing.add("run-planned", {**planned, "code": {"commit": f"{number}" * 40}})
            refs = {planned["id"]: uid, planned["experiment"]: uid}
            writing.add("run-ended", {"run": planned["id"], "state": "done", "refs": refs})
    name = f"{made.store.writer}-1.jsonl"
    path = Path(folder) / name
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:4]))
    path.with_name(name.replace("-1.", "-2.")).write_bytes(b"".join(lines[4:]))
    shutil.rmtree(path.parents[1] / "heads")  # they know of one file
    assert verify(made, ["t"]) == verify(made, ["t"], full=True)  # the index is not made for once


def reading_only(names: set[str]) -> Callable[..., tuple[list[Record], list[object]]]:
    def check(lines: list[tuple[str, bytes]], *more: str) -> tuple[list[Record], list[object]]:
        assert {place.partition(":")[0] for place, _ in lines} <= names
        return check_chain(lines, *more)  # type: ignore[return-value]

    return check


def codes(made: Context) -> list[str]:
    """Of the thread there is no issue, and the clock of the context stands still."""
    usual = ("issue-not-open", "clock-off")
    return [finding.code for finding in verify(made, ["t"])[0] if finding.code not in usual]


def test_a_file_that_has_not_changed_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with repository() as (made, log, _):
        study(made, log.folder("t"))
        assert codes(made) == []
        monkeypatch.setattr(log, "examine", None)
        monkeypatch.setattr(checked_files, "check_chain", reading_only(set()))
        assert codes(made) == []
        monkeypatch.setattr(checked_files, "check_chain", reading_only({f"{log.writer}-2.jsonl"}))
        with log.transaction("t") as writing:
            writing.add("note", {"id": "P-N1", "text": "more"})
        assert codes(made) == []


def test_what_lies_outside_the_files_is_looked_at_each_time() -> None:
    with repository() as (made, log, vcs):
        study(made, log.folder("t"))
        assert codes(made) == []
        vcs.gone = {"2" * 40}
        assert codes(made) == ["code-state-missing"]
        vcs.gone = set()
        assert codes(made) == []


def test_touched_files_of_one_run_do_not_make_the_whole_thread_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A copied or restored folder has new times, and every file is what it was."""
    with repository() as (made, log, _):
        folder = run_that_printed(made)
        assert codes(made) == []
        monkeypatch.setattr(log, "examine", None)
        for at in count(1):  # until the clock of the file system has ticked
            os.chmod(folder / "stdout.log", 0o600 + at % 2 * 0o040)
            if runs_touched(made):
                break
        assert codes(made) == []
        (folder / "stdout.log").write_text("0.1\n")
        assert codes(made) == ["disputed-run"]


def run_that_printed(made: Context) -> Path:
    """Its run directory."""
    with made.store.transaction("t", create=True) as writing:
        writing.add("thread-started", {"prefix": "P", "goal": "g"})
        uid = writing.new_uid()
        writing.add("run-planned", {"id": "P-001-r1", "experiment": "P-001", "repeat": 1})
        printed = {"size_bytes": 4, "digest": digest_bytes(b"0.5\n")}
        ended = {
            "run": "P-001-r1",
            "state": "done",
            "origin": "executed",
            "outputs": {"stdout": printed},
        }
        writing.add("run-ended", {**ended, "refs": {"P-001-r1": uid, "P-001": uid}})
    assert made.store.view("t").find("P-001") is not None  # the index is made
    folder = Path(made.run_folder(uid))
    folder.mkdir(parents=True)
    (folder / "stdout.log").write_text("0.5\n")
    (folder / "result.json").write_text("{}")
    return folder


def test_a_file_that_changed_a_moment_ago_is_checked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may change once more within the tick of its clock, and look the same."""
    monkeypatch.setattr(checked_files, "SETTLED_NS", 10**19)
    with repository() as (made, log, _):
        study(made, log.folder("t"))
        assert codes(made) == []
        monkeypatch.setattr(checked_files, "check_chain", reading_only(set()))
        with pytest.raises(AssertionError):
            verify(made, ["t"])


def test_another_program_checks_everything_anew() -> None:
    with repository() as (made, log, _):
        study(made, log.folder("t"))
        rows = "SELECT count(*) FROM checked WHERE state LIKE ?"
        for program in ("one", "another"):
            assert log.unbroken("t", program, lambda unbroken: True)
            assert log.index.db.execute(rows, [f"% {program}"]).fetchone() == (2,)
