"""Putting run folders into a shared folder: whole or not at all, once, and what was changed there
is seen."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from leadline.adapters.trackers.folder.tracker import EmbeddedTracker
from leadline.core.errors import LeadlineError
from leadline.core.tracker.reading import RunFacts
from leadline.core.tracker.run_folder import RunAbout
from leadline.ports.tracker import Push

UID = "01JZ8C5Y7M0000000000000001"
ABOUT = RunAbout(
    UID,
    "P-003-r2",
    "P-003-r2",
    "P-003",
    UID,
    "demo",
    "proj",
    "a title",
    ["train.py"],
    ".",
    {"lr": 0.1},
)

#: Pushes as asked on stdin, and dies by SIGKILL before the nth call that changes the disk.
# One process that has all loaded forks for each push it is asked for, and says how that ended.
CUT_PUSH = """
import json, os, signal, sys
tests = sys.argv[1]
sys.path.insert(0, tests)
from tests.unit.test_embedded_push import pushing, tracker_in
from pathlib import Path
def counted(real, left):
    def call(*args, **kwargs):
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return real(*args, **kwargs)
    return call
for line in sys.stdin:
    given = json.loads(line)
    child = os.fork()
    if child == 0:
        left = [given["calls"]]
        for name in ("mkdir", "rename", "replace", "fsync", "rmdir", "unlink"):
            setattr(os, name, counted(getattr(os, name), left))
        folder = Path(given["folder"])
        tracker_in(folder).push(pushing(folder, given["loss"]), 60)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def tracker_in(folder: Path) -> EmbeddedTracker:
    return EmbeddedTracker({"HOME": str(folder / "home")}, str(folder))


def pushing(folder: Path, loss: float = 0.25, **changes: Any) -> Push:
    attempt = folder / "runs" / UID / "attempt-1"
    facts = RunFacts(
        UID,
        "P-003-r2",
        "P-003",
        2,
        "demo",
        "proj",
        str(attempt / "tracker"),
        "a title",
        str(folder / "team"),
    )
    (folder / "note.txt").write_text("a note")
    given = {
        "metrics": {"loss": loss, "time_ms": 3.0},
        "artifacts": {"notes/n.txt": str(folder / "note.txt")},
    }
    return Push(facts, str(attempt), "done", about=ABOUT, **{**given, **changes})


@pytest.fixture
def run_in(tmp_path: Path) -> Path:
    """A run that logged ten points with the program itself, and an empty shared folder."""
    attempt = tmp_path / "runs" / UID / "attempt-1"
    attempt.mkdir(parents=True)
    (tmp_path / "team").mkdir()
    code = "import leadline\nfor step in range(10): leadline.log(step=step, loss=1 / (step + 1))"
    subprocess.run(
        [sys.executable, "-c", code], env={"LEADLINE_SERIES": str(attempt / "series")}, check=True
    )
    (attempt / "spec.json").write_text(
        json.dumps({"v": 1, "run": "P-003-r2", "argv": ["train.py"], "cookie": UID})
    )
    ended = {
        "v": 1,
        "state": "done",
        "started_at": "2026-11-20T10:00:00.000Z",
        "wall_s": 2.5,
        "reason": "secret-4711",
    }
    (attempt / "result.json").write_text(json.dumps(ended))
    return tmp_path


def the_one(folder: Path) -> Path:
    (found,) = (folder / "team" / "proj").iterdir()
    return found


def test_what_is_put_there_reads_as_it_was(run_in: Path) -> None:
    tracker = tracker_in(run_in)
    made = tracker.push(pushing(run_in), 60)
    (listed,) = tracker.listed("proj", str(run_in / "team"))
    assert listed == made
    assert (listed.uid, listed.name, listed.state, listed.wall_s) == (
        UID,
        "P-003-r2",
        "finished",
        2.5,
    )
    reading = tracker.read(listed)
    assert list(reading.series["loss"].values) == [1 / (step + 1) for step in range(10)]
    assert reading.config == {"lr": 0.1} and reading.summary == {"loss": 0.25, "time_ms": 3.0}
    assert not reading.problems and not reading.provisional
    assert (the_one(run_in) / "artifacts" / "notes" / "n.txt").read_text() == "a note"
    whole = b"".join(path.read_bytes() for path in the_one(run_in).rglob("*") if path.is_file())
    assert b"secret-4711" not in whole, "only what makes it readable elsewhere is copied"
    assert tracker.stored(str(run_in / "team"))[0].id == UID


def test_putting_it_there_again_touches_nothing(run_in: Path) -> None:
    tracker = tracker_in(run_in)
    tracker.push(pushing(run_in), 60)
    before = {path: os.stat(path).st_mtime_ns for path in (run_in / "team").rglob("*")}
    tracker.push(pushing(run_in), 60)
    assert {path: os.stat(path).st_mtime_ns for path in (run_in / "team").rglob("*")} == before


@pytest.mark.parametrize("before", [False, True])
def test_cut_off_anywhere_there_is_no_half_run_and_the_next_time_there_is_one(
    run_in: Path, before: bool
) -> None:
    tracker = tracker_in(run_in)
    if before:  # the record of the run changed, so that the copy is to be replaced
        tracker.push(pushing(run_in, 0.5), 60)
    program = [sys.executable, "-c", CUT_PUSH, os.getcwd()]
    cuts = 0
    with subprocess.Popen(program, stdin=PIPE, stdout=PIPE, text=True) as pushes:
        assert pushes.stdin is not None and pushes.stdout is not None
        while True:
            given = {"calls": cuts, "folder": str(run_in), "loss": 0.25}
            print(json.dumps(given), file=pushes.stdin, flush=True)
            ended = int(pushes.stdout.readline())
            runs = tracker.listed("proj", str(run_in / "team"))
            assert len(runs) <= 1
            for run in runs:
                assert not tracker.read(run).problems
                assert tracker.read(run).summary["loss"] in (0.25, 0.5)
            if ended == 0:
                break
            assert ended == -signal.SIGKILL
            cuts += 1
        pushes.stdin.close()
    assert cuts >= 10
    assert tracker.read(tracker.listed("proj", str(run_in / "team"))[0]).summary["loss"] == 0.25
    assert [name for name in os.listdir(run_in / "team" / "proj") if name.startswith(".")] == []


def test_two_that_put_the_same_run_there_at_once_make_one(run_in: Path) -> None:
    given = {"calls": -1, "folder": str(run_in), "loss": 0.25}
    program = [sys.executable, "-c", CUT_PUSH, os.getcwd()]
    both = [subprocess.Popen(program, stdin=PIPE, stdout=PIPE, text=True) for _ in range(2)]
    for one in both:
        assert one.stdin is not None
        print(json.dumps(given), file=one.stdin)
        one.stdin.close()
    for one in both:
        assert one.stdout is not None and one.stdout.read().split() == ["0"]
        assert one.wait(60) == 0
    assert (
        not tracker_in(run_in)
        .read(tracker_in(run_in).listed("proj", str(run_in / "team"))[0])
        .problems
    )
    the_one(run_in)


def tamper_point(run: Path) -> None:
    (segment,) = (run / "series").iterdir()
    data = segment.read_bytes()
    segment.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def tamper_config(run: Path) -> None:
    (run / "about.json").write_text((run / "about.json").read_text().replace("0.1", "0.2"))


def lose_series(run: Path) -> None:
    (segment,) = (run / "series").iterdir()
    segment.unlink()


def add_segment(run: Path) -> None:
    (segment,) = (run / "series").iterdir()
    (run / "series" / "p1-extra.0.seg").write_bytes(segment.read_bytes())


def tear_manifest(run: Path) -> None:
    (run / "manifest.json").write_text((run / "manifest.json").read_text()[:50])


def lose_manifest(run: Path) -> None:
    (run / "manifest.json").unlink()


def name_a_device(run: Path) -> None:
    listed = json.loads((run / "manifest.json").read_text())
    listed["files"]["../../../../../../../../dev/zero"] = {"size_bytes": 0, "digest": ""}
    (run / "manifest.json").write_text(json.dumps(listed))


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (tamper_point, "is not what was put there"),
        (tamper_config, "about.json is not what was put there"),
        (lose_series, "cannot be read"),
        (add_segment, "series/p1-extra.0.seg was added afterwards"),
        (tear_manifest, "manifest.json cannot be read"),
        (name_a_device, "dev/zero cannot be read"),
        (lose_manifest, "manifest.json is gone"),
    ],
)
def test_what_was_changed_there_is_seen(
    run_in: Path, spoil: Callable[[Path], None], named: str
) -> None:
    tracker = tracker_in(run_in)
    run = tracker.push(pushing(run_in), 60)
    spoil(the_one(run_in))
    blocking = [p["what"] for p in tracker.read(run).problems if p.get("blocking")]
    assert any(named in what for what in blocking), blocking


def test_a_run_that_lost_the_list_of_its_files_is_put_there_anew(run_in: Path) -> None:
    tracker = tracker_in(run_in)
    tracker.push(pushing(run_in), 60)
    lose_manifest(the_one(run_in))
    assert not tracker.read(tracker.push(pushing(run_in), 60)).problems


def test_a_file_that_is_added_goes_beside_the_run_and_no_name_leads_out_of_it(run_in: Path) -> None:
    tracker = tracker_in(run_in)
    tracker.push(pushing(run_in), 60)
    (run_in / "new.txt").write_text("new")
    files = {
        "n.txt": str(run_in / "new.txt"),
        "../out.txt": str(run_in / "new.txt"),
        "/abs": str(run_in / "new.txt"),
    }
    run = tracker.push(pushing(run_in, artifacts=files), 60)
    held = sorted(
        path.relative_to(the_one(run_in)).as_posix() for path in the_one(run_in).rglob("*.txt")
    )
    assert held == ["artifacts/n.txt", "artifacts/notes/n.txt"]
    assert not tracker.read(run).problems
    (run_in / "new.txt").write_text("newer")
    tracker.push(pushing(run_in, artifacts={"n.txt": str(run_in / "new.txt")}), 60)
    assert (the_one(run_in) / "artifacts" / "n.txt").read_text() == "newer"


def test_lines_of_other_programs_go_as_numbers_alone(run_in: Path) -> None:
    attempt = run_in / "runs" / UID / "attempt-1"
    lines = [{"step": 0, "acc": 0.5, "note": "sentinel-value"}, {"step": 1, "acc": "NaN", "t": 5.0}]
    (attempt / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    tracker = tracker_in(run_in)
    reading = tracker.read(tracker.push(pushing(run_in), 60))
    assert (
        list(reading.series["acc"].steps) == [0.0, 1.0] and reading.series["acc"].values[0] == 0.5
    )
    assert reading.series["acc"].values[1] != reading.series["acc"].values[1]
    assert b"sentinel-value" not in (the_one(run_in) / "metrics.jsonl").read_bytes()


def test_a_folder_that_is_not_there_is_not_made(run_in: Path) -> None:
    (run_in / "team").rmdir()
    with pytest.raises(LeadlineError) as caught:
        tracker_in(run_in).push(pushing(run_in), 60)
    assert (caught.value.kind, caught.value.code) == ("remote", "tracker-folder-gone")
    assert not (run_in / "team").exists()
    assert tracker_in(run_in).listed("proj", str(run_in / "team"), here_only=True) == []


def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(run_in: Path) -> None:
    (run_in / "team" / "proj").write_text("a file stands where the project's folder would")
    with pytest.raises(LeadlineError) as caught:
        tracker_in(run_in).listed("proj", str(run_in / "team"))
    assert (caught.value.kind, caught.value.code) == ("remote", "tracker-folder-closed")


def test_a_run_that_lost_its_files_is_listed_and_named_when_it_is_read(run_in: Path) -> None:
    (run_in / "team" / "proj" / f"P-007-{UID}").mkdir(parents=True)
    (run,) = tracker_in(run_in).listed("proj", str(run_in / "team"))
    assert (run.name, run.uid, run.state) == ("P-007", UID, "unknown")
    with pytest.raises(LeadlineError) as caught:
        tracker_in(run_in).read(run)
    assert caught.value.kind == "not_found"


def test_a_folder_that_takes_nothing_is_said(run_in: Path) -> None:
    (run_in / "team" / "proj").write_text("a file stands where the project's folder would")
    with pytest.raises(LeadlineError) as caught:
        tracker_in(run_in).push(pushing(run_in), 60)
    assert (caught.value.kind, caught.value.code) == ("remote", "tracker-failed")


def test_a_limit_leaves_nothing_half_written(run_in: Path) -> None:
    with pytest.raises(LeadlineError) as caught:
        tracker_in(run_in).push(pushing(run_in), 0.0)
    assert caught.value.code == "tracker-slow"
    assert os.listdir(run_in / "team" / "proj") == []


def test_a_compacted_run_is_copied_as_it_is_and_says_what_reading_it_needs(
    run_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    from leadline.adapters.series.files import SeriesFiles

    attempt = run_in / "runs" / UID / "attempt-1"
    shutil.rmtree(attempt / "series")
    # so many that packing pays
    code = "import leadline\nfor step in range(1000): leadline.log(step=step, loss=1.0)"
    subprocess.run(
        [sys.executable, "-c", code], env={"LEADLINE_SERIES": str(attempt / "series")}, check=True
    )
    assert SeriesFiles().compact(str(attempt))["segments"] == 1
    tracker = tracker_in(run_in)
    run = tracker.push(pushing(run_in), 60)
    assert list(tracker.read(run).series["loss"].steps) == list(range(1000))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(LeadlineError) as caught:
        tracker.read(run)
    assert (caught.value.kind, caught.value.code) == ("environment", "no-pyarrow")


def test_ranks_that_log_the_same_steps_are_no_disorder(run_in: Path) -> None:
    from leadline.core.tracker.reading import extraction_of

    attempt = run_in / "runs" / UID / "attempt-1"
    code = "import leadline\nfor step in range(10): leadline.log(step=step, loss=1 / (step + 1))"
    environ = {"LEADLINE_SERIES": str(attempt / "series"), "RANK": "1"}
    subprocess.run([sys.executable, "-c", code], env=environ, check=True)
    tracker = tracker_in(run_in)
    reading = tracker.read(tracker.push(pushing(run_in), 60))
    assert len(reading.series["loss"]) == 20
    assert extraction_of(reading, {}).problems == []


@pytest.mark.parametrize("rights", [0o2775, 0o700])
def test_what_is_put_there_has_the_rights_of_the_shared_folder(run_in: Path, rights: int) -> None:
    (run_in / "team").chmod(rights)
    before = os.umask(0o077 if rights & 0o070 else 0)
    try:
        tracker_in(run_in).push(pushing(run_in), 60)
    finally:
        os.umask(before)
    assert (run_in / "team" / "proj").stat().st_mode & 0o7777 == rights
    for path in the_one(run_in).rglob("*"):
        assert path.stat().st_mode & 0o777 == rights & (0o777 if path.is_dir() else 0o666), path


def test_the_users_own_folder_is_made_when_it_is_needed(run_in: Path) -> None:
    tracker = EmbeddedTracker(
        {"HOME": "/nonexistent", "XDG_DATA_HOME": str(run_in / "data")}, str(run_in)
    )
    assert tracker.check("")["reachable"] is None
    assert tracker.listed("proj", "") == []
    given = pushing(run_in)
    given.facts.at = ""
    run = tracker.push(given, 60)
    assert run.path.startswith(str(run_in / "data" / "leadline" / "runs" / "proj"))


def test_a_run_from_before_its_folder_told_of_it_is_read_without_a_config_which_is_named(
    run_in: Path,
) -> None:
    (run,) = tracker_in(run_in).stored(str(run_in))
    assert (run.uid, run.name, run.state) == (UID, "P-003-r2", "finished")
    reading = tracker_in(run_in).read(run)
    assert len(reading.series["loss"]) == 10
    assert [(p["code"], p.get("blocking")) for p in reading.problems] == [("no-config", None)]


def test_a_folder_of_something_else_holds_no_run(tmp_path: Path) -> None:
    (tmp_path / "site" / "series").mkdir(parents=True)
    (tmp_path / "site" / "about.json").write_text('{"name": "a site"}')
    (tmp_path / "spec.json").write_text('{"openapi": "3.1"}')
    (tmp_path / "deep" / "er").mkdir(parents=True)
    os.symlink(tmp_path, tmp_path / "deep" / "er" / "loop")
    assert tracker_in(tmp_path).stored(str(tmp_path)) == []


def _a_link(place: Path, mine: Path) -> None:
    place.symlink_to(mine)


def _a_hard_link(place: Path, mine: Path) -> None:
    place.hardlink_to(mine)


@pytest.mark.parametrize("plant", [_a_link, _a_hard_link])
@pytest.mark.parametrize(
    "where", ["artifacts/notes/n.txt", "artifacts/notes/n.txt.part", "manifest.json.part", "other"]
)
def test_what_a_colleague_planted_is_neither_written_nor_opened_up(
    run_in: Path, plant: Callable[[Path, Path], None], where: str
) -> None:
    tracker = tracker_in(run_in)
    (run_in / "team").chmod(0o777)
    there = Path(tracker.push(pushing(run_in), 60).path)
    mine = run_in / "private"
    mine.write_text("kept")
    mine.chmod(0o600)
    if (there / where).exists():
        (there / where).unlink()
    plant(there / where, mine)
    (run_in / "note.txt").write_text("another")
    more = {"notes/n.txt": str(run_in / "note.txt"), "notes/m.txt": str(run_in / "note.txt")}
    tracker.push(pushing(run_in, artifacts=more), 60)
    assert mine.read_text() == "kept" and mine.stat().st_mode & 0o777 == 0o600
    assert (there / "artifacts/notes/m.txt").is_file()


@pytest.mark.parametrize("where", ["proj", "run", "artifacts", "scratch"])
def test_a_folder_that_is_a_link_is_not_entered(run_in: Path, where: str) -> None:
    tracker = tracker_in(run_in)
    mine = run_in / "private"
    mine.mkdir(0o700)
    (mine / "file").write_text("kept")
    if where == "proj":
        (run_in / "team" / "proj").symlink_to(mine)
    else:
        there = Path(tracker.push(pushing(run_in), 60).path)
        place = {
            "run": there,
            "artifacts": there / "artifacts",
            "scratch": there.parent / f".{UID}.0123",
        }[where]
        shutil.rmtree(place, ignore_errors=True)
        place.symlink_to(mine)
    more = {"notes/m.txt": str(run_in / "private" / "file")}
    try:
        tracker.push(pushing(run_in, artifacts=more), 60)
    except LeadlineError as error:
        assert error.kind == "remote" and where != "scratch"
    assert sorted(path.name for path in mine.rglob("*")) == ["file"]
    assert (mine / "file").read_text() == "kept" and mine.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("by", ["listed", "stored"])
def test_a_link_to_a_private_run_is_named_and_not_read(run_in: Path, by: str) -> None:
    tracker = tracker_in(run_in)
    there = Path(tracker.push(pushing(run_in), 60).path)
    mine = run_in / "private"
    there.rename(mine)
    there.symlink_to(mine)
    team = run_in / "team"
    (run,) = tracker.listed("proj", str(team)) if by == "listed" else tracker.stored(str(team))
    assert (run.uid, run.path) == (UID, str(there)) and "which is not followed" in run.problem
    assert f"a link to {mine.resolve()}" in run.problem and not run.started_at
    with pytest.raises(LeadlineError, match="not followed"):
        tracker.read(run)


def test_a_link_is_not_read_as_a_file_of_the_run(run_in: Path) -> None:
    tracker = tracker_in(run_in)
    there = Path(tracker.push(pushing(run_in), 60).path)
    mine = run_in / "private"
    mine.write_bytes((there / "manifest.json").read_bytes())
    (there / "manifest.json").unlink()
    (there / "manifest.json").symlink_to(mine)
    (run,) = tracker.listed("proj", str(run_in / "team"))
    assert any(problem["code"] == "changed" for problem in tracker.read(run).problems)
