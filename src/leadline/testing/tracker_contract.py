"""What every implementation of the tracker port has to do, as tests against the real program.

Subclass ``TrackerContract`` and give it ``make`` (a function from environment and folder to a
tracker) and ``SCRIPT``: the Python of a job that takes JSON on its stdin (``project``, ``config``,
``rows`` of {step, values}, ``end``: ``finish`` or ``kill``) and logs it by the tracker's own
library.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypedDict

import pytest

from leadline.core.errors import LeadlineError
from leadline.core.tracker.reading import Reading, RunFacts, TrackerRun, extraction_of
from leadline.ports.tracker import Tracker

Make = Callable[[Mapping[str, str], str], Tracker]


class Row(TypedDict):
    step: int
    values: dict[str, float]


ROWS: list[Row] = [
    {"step": step, "values": {"loss": 1.0 / (step + 1), "eval/acc": step / 10}}
    for step in range(10)
]
CONFIG = {"lr": 0.1, "name": "small", "net": {"depth": 3}}
KEYS = ("WANDB_API_KEY", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "HF_TOKEN")


_LEFT: dict[type, tempfile.TemporaryDirectory[str]] = {}


class TrackerContract:
    """Obligations of ``leadline.ports.tracker.Tracker``."""

    SCRIPT = ""
    #: Whether the program says that a run ended; what it does not say is ``unknown``.
    SAYS_END = True
    #: The file of a run (a pattern in its folder) without which nothing of it can be read; ""
    # where each tells a part.
    NEEDED = ""
    #: Whether all that a job leaves lies in the folder of its run: what one job left is copied then
    #: for every test that asks for no more than that.
    IN_FOLDER = False
    #: Variables of the program's own that keep it quiet and at home.
    QUIET: ClassVar[dict[str, str]] = {}

    @pytest.fixture
    def base(self, tmp_path: Path) -> dict[str, str]:
        home = tmp_path / "home"
        home.mkdir()
        keep = {k: os.environ[k] for k in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if k in os.environ}
        return {**keep, "HOME": str(home), "LC_ALL": "C.UTF-8", **self.QUIET}

    @pytest.fixture
    def facts(self, tmp_path: Path) -> RunFacts:
        return self.facts_in(tmp_path)

    def facts_in(self, folder: Path) -> RunFacts:
        """What the tracker is told of the run; override for a run that talks to a server."""
        attempt = folder / "attempt"
        attempt.mkdir()
        uid = "01JZ8C5Y7M0000000000000001"
        return RunFacts(
            uid,
            "P-003-r2",
            "P-003",
            2,
            "demo",
            "proj",
            str(attempt),
            "a, title",
            config={"lr": 0.1},
        )

    @pytest.fixture
    def tracker(self, make: Make, base: dict[str, str], tmp_path: Path) -> Tracker:
        return make(base, str(tmp_path))

    def job(
        self,
        tracker: Tracker,
        facts: RunFacts,
        base: Mapping[str, str],
        rows: list[Row] | None = None,
        end: str = "finish",
        config: Any = None,
    ) -> subprocess.CompletedProcess[str]:
        rows = ROWS if rows is None else rows
        given = {
            "project": facts.project,
            "config": CONFIG if config is None else config,
            "rows": rows,
            "end": end,
        }
        env = {**base, **tracker.environment(facts)}
        return self.started(json.dumps(given), env, base["HOME"])

    def started(
        self, given: str, env: Mapping[str, str], cwd: str
    ) -> subprocess.CompletedProcess[str]:
        """The job, with ``given`` on its stdin, until it has ended."""
        return subprocess.run(
            [sys.executable, "-c", self.SCRIPT],
            input=given,
            env=env,
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def only(self, tracker: Tracker, facts: RunFacts) -> TrackerRun:
        found = tracker.find(facts)
        assert len(found) == 1, found
        return found[0]

    def done(
        self, tracker: Tracker, facts: RunFacts, base: Mapping[str, str], **kwargs: Any
    ) -> Reading:
        if self.IN_FOLDER and not kwargs:
            self._as_left(tracker, facts, base)
        else:
            self._ended(tracker, facts, base, **kwargs)
        return tracker.read(self.only(tracker, facts))

    def _ended(
        self, tracker: Tracker, facts: RunFacts, base: Mapping[str, str], **kwargs: Any
    ) -> None:
        did = self.job(tracker, facts, base, **kwargs)
        assert did.returncode == 0 or kwargs.get("end") == "kill", did.stderr[-2000:]

    def _as_left(self, tracker: Tracker, facts: RunFacts, base: Mapping[str, str]) -> None:
        """What one job left in its folder, made by the first who asks."""
        if (left := _LEFT.get(type(self))) is None:
            self._ended(tracker, facts, base)
            left = _LEFT[type(self)] = tempfile.TemporaryDirectory()
            shutil.copytree(facts.folder, left.name, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copytree(left.name, facts.folder, symlinks=True, dirs_exist_ok=True)

    def test_its_kind_is_known_before_it_is_made(self, make: Make, tracker: Tracker) -> None:
        assert make.kind == tracker.kind and tracker.kind.name == tracker.name  # type: ignore[attr-defined]
        assert not tracker.kind.problem
        assert tracker.kind.install or not tracker.kind.package, (
            "how the package is got is not said"
        )

    def test_a_file_with_its_mark_is_one_of_its_runs(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        self.done(tracker, facts, base)
        path = self.only(tracker, facts).path
        if not tracker.kind.marks:
            pytest.skip("no name of a file tells its runs")
        assert path.endswith(tracker.kind.marks)
        (marked,) = tracker.stored(path)
        assert marked.path == path

    def test_what_its_kind_says_of_addresses_holds(self, tracker: Tracker, tmp_path: Path) -> None:
        kind = tracker.kind
        assert kind.addresses or kind.takes_folder, "it can be nowhere"
        assert not kind.by_folder or (kind.takes_folder and not kind.addresses)
        for at in [
            f"{scheme}:{tmp_path}/nothing" for scheme in kind.addresses if scheme[:4] != "http"
        ]:
            assert tracker.check(at)["where"]

    def test_what_a_job_logs_by_its_own_library_is_read_back(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        reading = self.done(tracker, facts, base)
        assert list(reading.series["loss"].values) == [row["values"]["loss"] for row in ROWS]
        assert list(reading.series["loss"].steps) == [row["step"] for row in ROWS]
        assert reading.config["lr"] == 0.1 and reading.config["name"] == "small"
        assert reading.run.uid == facts.uid
        found = extraction_of(reading, {})
        assert found.metrics["loss"] == 0.1 and found.metrics["eval/acc"] == 0.9
        assert found.sources[0]["source"] == tracker.name and str(
            found.sources[0]["digest"]
        ).startswith("sha256:")
        if self.SAYS_END:
            assert reading.run.state == "finished" and not reading.provisional

    def test_reading_twice_gives_the_same_digest(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        first = self.done(tracker, facts, base)
        assert tracker.read(self.only(tracker, facts)).digest() == first.digest()
        assert first.digest() != self.fewer(first).digest(), "the digest does not see a point less"

    def test_last_values_alone_are_those_of_the_whole(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        whole = self.done(tracker, facts, base)
        brief = tracker.read(self.only(tracker, facts), last_only=True)
        assert brief.config == whole.config and brief.run.state == whole.run.state
        assert extraction_of(brief, {}).metrics == extraction_of(whole, {}).metrics
        assert brief.points in (0, whole.points) and brief.only_summary == (brief.points == 0)

    def fewer(self, reading: Reading) -> Reading:
        shorter = copy.deepcopy(reading)
        shorter.series["loss"].values.pop()
        return shorter

    def test_a_run_that_was_killed_keeps_what_it_wrote(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        reading = self.done(tracker, facts, base, end="kill")
        assert reading.run.state in ("running", "crashed", "failed", "unknown")
        if self.SAYS_END:
            assert reading.provisional, "nobody wrote that it ended"

    def test_a_metric_that_changes_its_type_keeps_its_numbers_and_is_named(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        rows: list[Row] = [
            {"step": 0, "values": {"loss": 1.0}},
            {"step": 1, "values": {"loss": float("nan")}},
            {"step": 2, "values": {"loss": 0.5}},
        ]
        reading = self.done(tracker, facts, base, rows=rows)
        values = list(reading.series["loss"].values)
        assert values[0] == 1.0 and values[-1] == 0.5 and values[1] != values[1]

    def test_steps_out_of_order_and_repeated_are_kept_and_named(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        rows: list[Row] = [
            {"step": step, "values": {"loss": float(step)}} for step in (0, 1, 1, 5, 3)
        ]
        reading = self.done(tracker, facts, base, rows=rows)
        codes = {p["code"] for p in extraction_of(reading, {}).problems}
        kept = list(reading.series["loss"].steps)
        if len(kept) == len(rows):
            assert {"steps-out-of-order", "steps-repeated"} & codes
        else:
            assert kept == sorted(set(kept)), "the program itself dropped them"

    def test_a_job_that_made_no_run_has_none(self, tracker: Tracker, facts: RunFacts) -> None:
        assert tracker.find(facts) == []

    def test_runs_of_other_jobs_are_not_its_own(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str], tmp_path: Path
    ) -> None:
        other = tmp_path / "other"
        other.mkdir()
        namesake = copy.copy(facts)
        namesake.uid, namesake.folder = "01JZ8C5Y7M0000000000000002", str(other)
        assert self.job(tracker, namesake, base).returncode == 0
        assert tracker.find(facts) == []
        assert len(tracker.find(namesake)) == 1

    def test_no_key_is_in_the_variables(
        self, make: Make, base: dict[str, str], facts: RunFacts, tmp_path: Path
    ) -> None:
        secrets = {name: f"sentinel-{n}-value-4711" for n, name in enumerate(KEYS)}
        given = make({**base, **secrets}, str(tmp_path)).environment(facts)
        assert not set(given) & set(KEYS)
        assert "sentinel" not in json.dumps(given)

    def test_a_run_that_is_gone_is_said(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        self.done(tracker, facts, base)
        run = self.only(tracker, facts)
        self.lose(run, facts)
        with pytest.raises(LeadlineError) as caught:
            tracker.read(run)
        assert caught.value.kind in ("not_found", "remote")

    def lose(self, run: TrackerRun, facts: RunFacts) -> None:
        """Take the run away behind the tracker's back."""
        shutil.rmtree(facts.folder)

    def test_files_of_a_run_are_found_by_their_path(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        first = self.done(tracker, facts, base)
        path = self.only(tracker, facts).path
        if not path:
            pytest.skip("its runs are on a server")
        stored = tracker.stored(
            path if os.path.isfile(path) else os.path.dirname(os.path.dirname(path))
        )
        assert [run.id for run in stored] == [first.run.id]
        assert tracker.read(stored[0]).digest() == first.digest()
        assert tracker.stored(base["HOME"]) == []

    def test_a_run_that_is_there_and_cannot_be_read_is_listed_with_its_problem(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        if not self.NEEDED:
            pytest.skip("each of its files tells a part")
        assert not self.done(tracker, facts, base).run.problem
        path = self.only(tracker, facts).path
        folder = os.path.dirname(path) if os.path.isfile(path) else path
        (needed,) = Path(folder).glob(self.NEEDED)
        needed.write_bytes(b"nothing of the kind, " * 100)
        (broken,) = tracker.stored(
            folder if os.path.isfile(path) else os.path.dirname(os.path.dirname(path))
        )
        assert broken.problem
        with pytest.raises(LeadlineError) as caught:
            tracker.read(broken)
        assert (caught.value.kind, caught.value.what) == ("environment", broken.problem)

    def test_asking_how_it_stands_never_raises(self, tracker: Tracker) -> None:
        answer = tracker.check("http://127.0.0.1:9")
        assert set(answer) >= {"reachable", "where", "version", "missing", "why"}
        assert answer["reachable"] in (None, False)
