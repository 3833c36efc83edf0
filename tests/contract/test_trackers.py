"""The tracker contract on the real programs; and what each of them adds."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.trackers.folder.tracker import EmbeddedTracker
from leadline.adapters.trackers.mlflow.tracker import MlflowTracker
from leadline.adapters.trackers.trackio import TrackioTracker
from leadline.adapters.trackers.wandb.tracker import WandbTracker
from leadline.core.tracker.reading import RunFacts, TrackerRun, extraction_of
from leadline.core.tracker.run_folder import ABOUT, about_planned
from leadline.ports.tracker import Tracker
from leadline.testing.tracker_contract import CONFIG, ROWS, TrackerContract
from tests import warm_server
from tests.tracker_servers import (
    BUILT_IN_KEY,
    QUIET,
    WandbServer,
    needs,
)

HEAD = """
import json, os, signal, sys, time
given = json.load(sys.stdin)
"""
WANDB_JOB = (
    HEAD
    + """
import wandb
wandb.init(config=given["config"])
for row in given["rows"]:
    wandb.log(row["values"], step=row["step"])
if given["end"] == "kill":
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
wandb.finish()
"""
)
TRACKIO_JOB = (
    HEAD
    + """
import trackio
trackio.init(project=given["project"], config=given["config"])
for row in given["rows"]:
    trackio.log(row["values"], step=row["step"])
if given["end"] == "kill":
    time.sleep(1.5)
    os.kill(os.getpid(), signal.SIGKILL)
trackio.finish()
"""
)
MLFLOW_JOB = (
    HEAD
    + """
import mlflow
with mlflow.start_run():
    mlflow.log_params(given["config"])
    for row in given["rows"]:
        mlflow.log_metrics(row["values"], step=row["step"])
    if given["end"] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
"""
)

#: What Leadline does for every run: a spec, and the job program on it. The command logs; when a
#: machine goes down, the job program ends with it.
EMBEDDED_JOB = (
    HEAD
    + """
import subprocess
from pathlib import Path
from leadline.job import supervise
attempt = Path(os.environ["LEADLINE_SERIES"]).parent
command = '''
import json, os, signal, sys
import leadline
given = json.loads(sys.argv[1])
for row in given["rows"]:
    leadline.log(row["values"], step=row["step"])
if given["end"] == "kill":
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
'''
argv = [sys.executable, "-c", command, json.dumps(given)]
(attempt / "spec.json").write_text(json.dumps({"v": 1, "run": "P-003-r2", "argv": argv, "cwd": str(attempt)}))
done = subprocess.run([sys.executable, "-I", "-S", supervise.__file__, attempt])
sys.exit(done.returncode != (-signal.SIGKILL if given["end"] == "kill" else 0))
"""
)


class WarmContract(TrackerContract):
    """Jobs whose library is imported already."""

    @pytest.fixture(autouse=True)
    def warm(self, warm_jobs: str) -> None:
        self.warm_jobs = warm_jobs

    def started(
        self, given: str, env: Mapping[str, str], cwd: str
    ) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as said:
            told.write(given.encode())
            told.seek(0)
            streams = [told.fileno(), said.fileno(), said.fileno()]
            code = warm_server.send(self.warm_jobs, ["-c", self.SCRIPT], cwd, {**env}, streams)
            said.seek(0)
            return subprocess.CompletedProcess(["-c"], code, "", said.read().decode())


class TestEmbedded(TrackerContract):
    """Run folders, by the program that makes them in every run."""

    SCRIPT = EMBEDDED_JOB
    IN_FOLDER = True

    @pytest.fixture
    def make(self) -> Callable[[Mapping[str, str], str], Tracker]:
        return EmbeddedTracker

    def facts_in(self, folder: Path) -> RunFacts:
        facts = super().facts_in(folder)
        attempt = folder / "runs" / facts.uid / "attempt-1"
        attempt.mkdir(parents=True)
        facts.folder = str(attempt)
        return facts

    def job(
        self, tracker: Tracker, facts: RunFacts, base: Mapping[str, str], *args: Any, **kwargs: Any
    ) -> subprocess.CompletedProcess[str]:
        config = kwargs.get("config") or CONFIG
        planned = {"id": facts.id, "experiment": facts.experiment, "repeat": 2, "config": config}
        (Path(facts.folder) / ABOUT).write_bytes(
            about_planned(facts.uid, facts.topic, planned).encoded()
        )
        return super().job(tracker, facts, base, *args, **kwargs)


@needs("wandb")
class TestWandb(WarmContract):
    NEEDED = "*.wandb"
    SCRIPT = WANDB_JOB
    IN_FOLDER = True
    QUIET = QUIET

    @pytest.fixture
    def make(self) -> Callable[[Mapping[str, str], str], Tracker]:
        return WandbTracker

    def test_the_run_has_the_name_group_tags_and_notes(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        from leadline.adapters.trackers.wandb.log_file import read_log

        reading = self.done(tracker, facts, base)
        assert (reading.run.name, reading.run.project) == ("P-003-r2", "proj")
        log = read_log(reading.run.path)
        assert log.about["group"] == "P-003" and log.about["notes"] == "a, title"
        assert log.tags[:2] == ["leadline", "demo"]

    def test_the_reader_agrees_with_wandbs_own_protobufs(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        """Every record of a real file, decoded by both."""
        import json

        from wandb.proto import wandb_internal_pb2 as theirs

        from leadline.adapters.trackers.wandb.log_file import WandbLog, _records, read_log

        path = self.done(tracker, facts, base).run.path
        rows, config, summary = [], {}, {}
        for data in _records(path, WandbLog()):
            record = theirs.Record()
            record.ParseFromString(data)
            key = lambda item: item.key or ".".join(item.nested_key)  # noqa: E731
            if record.WhichOneof("record_type") == "history":
                rows.append({key(i): json.loads(i.value_json) for i in record.history.item})
            elif record.WhichOneof("record_type") == "run":
                config.update({key(u): json.loads(u.value_json) for u in record.run.config.update})
            elif record.WhichOneof("record_type") == "summary":
                summary.update({key(u): json.loads(u.value_json) for u in record.summary.update})
        ours: list[object] = []
        log = read_log(path, ours.append)
        assert ours == rows and len(rows) == len(ROWS)
        assert log.config == config and log.summary == summary and log.exit_code == 0

    def test_wandbs_own_reader_says_the_same(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        """`wandb leet inspect`, the reader that W&B ships."""
        import json
        import subprocess
        import sys

        reading = self.done(tracker, facts, base)
        command = [
            sys.executable,
            "-m",
            "wandb",
            "leet",
            "inspect",
            "--summary",
            "--json",
            str(Path(reading.run.path).parent),
        ]
        done = subprocess.run(command, env=base, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        theirs = json.loads(done.stdout)
        assert reading.run.id in done.stdout and reading.run.name in done.stdout
        text = json.dumps(theirs)
        assert "finished" in text.lower()
        for number in (reading.summary["loss"], reading.summary["eval/acc"], reading.config["lr"]):
            assert repr(number) in text, number

    def test_a_torn_tail_is_said_and_what_stands_before_it_is_read(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        rows = [{"step": s, "values": {"loss": float(s), "pad": "x" * 400}} for s in range(300)]
        run = self.done(tracker, facts, base, rows=rows).run
        file = Path(run.path)
        whole = file.read_bytes()
        assert len(whole) > 70_000, "several blocks"
        # of a record, not between two
        inside, later = (whole.index(b"x" * 50, at) + 25 for at in (40_000, 50_000))
        for cut in (len(whole) // 2, len(whole) - 3, inside, 7, 3, 0):
            file.write_bytes(whole[:cut])
            reading = tracker.read(run)
            assert reading.provisional
            assert list(reading.series["loss"].values if reading.points else []) == [
                float(s) for s in range(len(reading.series.get("loss", ())))
            ]
            assert cut > inside or reading.problems
        file.write_bytes(whole[:later] + b"\0" + whole[later + 1 :])
        damaged = tracker.read(run)
        assert 0 < len(damaged.series["loss"]) < 300
        assert "damaged" in damaged.problems[0]["what"]

    def test_a_text_among_numbers_is_named(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        rows = [{"step": 0, "values": {"loss": 1.0}}, {"step": 1, "values": {"loss": "diverged"}}]
        found = extraction_of(self.done(tracker, facts, base, rows=rows), {})
        assert any("its type changed" in p["what"] for p in found.problems)


@needs("trackio")
class TestTrackio(WarmContract):
    NEEDED = "*.db"
    SCRIPT = TRACKIO_JOB
    IN_FOLDER = True
    SAYS_END = False
    QUIET = QUIET

    @pytest.fixture
    def make(self) -> Callable[[Mapping[str, str], str], Tracker]:
        return TrackioTracker


@needs("mlflow")
class TestMlflowFiles(WarmContract):
    NEEDED = "meta.yaml"
    SCRIPT = MLFLOW_JOB
    IN_FOLDER = True
    QUIET = QUIET

    @pytest.fixture
    def make(self) -> Callable[[Mapping[str, str], str], Tracker]:
        return MlflowTracker

    def test_the_run_has_its_name_and_project(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        run = self.done(tracker, facts, base).run
        assert (run.name, run.project) == ("P-003-r2", "proj")

    def test_a_torn_line_is_said(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str]
    ) -> None:
        run = self.done(tracker, facts, base).run
        file = Path(run.path) / "metrics" / "loss"
        file.write_text(file.read_text()[:-12])
        reading = tracker.read(run)
        assert len(reading.series["loss"]) >= 9


@pytest.mark.long
class TestWandbOnline(TrackerContract):
    """The same with a server that W&B's own client talks to."""

    SCRIPT = WANDB_JOB
    QUIET = {**QUIET, "WANDB_API_KEY": BUILT_IN_KEY}

    @pytest.fixture
    def make(self) -> Callable[[Mapping[str, str], str], Tracker]:
        return WandbTracker

    @pytest.fixture
    def facts(self, tmp_path: Path, wandb_server: WandbServer) -> RunFacts:
        facts = self.facts_in(tmp_path)
        facts.live, facts.at = True, wandb_server.url
        return facts

    def test_the_server_has_the_run_under_the_name_and_its_page_is_known(
        self, tracker: Tracker, facts: RunFacts, base: dict[str, str], wandb_server: WandbServer
    ) -> None:
        facts.project = "named"
        mine = self.done(tracker, facts, base)
        run = mine.run
        assert run.url == f"{wandb_server.url}/default/named/runs/{run.id}"
        (there,) = tracker.listed("named", wandb_server.url)
        assert (there.id, there.name, there.uid, there.state) == (
            run.id,
            "P-003-r2",
            facts.uid,
            "finished",
        )
        reading = tracker.read(there)
        assert not reading.only_summary and not reading.provisional
        assert (reading.config["lr"], reading.summary["loss"]) == (0.1, 0.1)
        assert reading.digest() == mine.digest(), "its file says the same"
        assert tracker.listed("no-such-project", wandb_server.url) == []

    def test_what_the_server_refuses_is_no_empty_answer(
        self, base: dict[str, str], wandb_server: WandbServer
    ) -> None:
        """GraphQL says no with HTTP 200."""
        from leadline.adapters.trackers.wandb import server as graphql
        from leadline.core.errors import LeadlineError

        with pytest.raises(LeadlineError) as caught:
            graphql.WandbServer(base, wandb_server.url)._ask(
                "Odd", "query Odd { viewer { nothing } }", {}
            )
        assert (caught.value.kind, caught.value.code) == ("remote", "tracker-refused")
        assert "nothing" in caught.value.why


@pytest.mark.long
class TestMlflowServer(TrackerContract):
    SCRIPT = MLFLOW_JOB
    QUIET = QUIET

    @pytest.fixture
    def make(self) -> Callable[[Mapping[str, str], str], Tracker]:
        return MlflowTracker

    @pytest.fixture
    def facts(self, mlflow_server: str, tmp_path: Path) -> RunFacts:
        facts = self.facts_in(tmp_path)
        facts.live, facts.at, facts.project = (
            True,
            mlflow_server,
            f"proj-{tmp_path.parent.name}-{tmp_path.name}",
        )
        return facts

    def test_a_history_longer_than_a_page_is_whole(self, tracker: Tracker, facts: RunFacts) -> None:
        """The server gives 25,000 points at a time, in the order of their times."""
        from array import array

        from leadline.adapters.trackers.http import Server

        server, api, count = Server("MLflow", facts.at, {}), "/api/2.0/mlflow", 26_000
        made = server.call("POST", f"{api}/experiments/create", {"name": facts.project})
        run = {"experiment_id": made["experiment_id"], "run_name": "long", "start_time": 1}
        run_id = server.call("POST", f"{api}/runs/create", run)["run"]["info"]["run_id"]
        for start in range(0, count, 1000):
            points = [
                {"key": "train/loss", "value": 1 / (n + 1), "timestamp": 1000 + n // 50, "step": n}
                for n in range(start, start + 1000)
            ]
            server.call("POST", f"{api}/runs/log-batch", {"run_id": run_id, "metrics": points})
        (found,) = tracker.listed(facts.project, facts.at)
        series = tracker.read(found).series["train/loss"]
        assert series.steps == array("d", range(count))
        assert series.values == array("d", (1 / (n + 1) for n in range(count)))

    def test_a_server_that_gives_one_page_for_ever_is_left(
        self,
        tracker: Tracker,
        facts: RunFacts,
        base: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        from leadline.adapters.trackers.http import Server
        from leadline.core.errors import LeadlineError

        run = self.done(tracker, facts, base).run
        honest = Server.call

        def stuck(self: Server, *words: Any, **more: Any) -> dict[str, Any]:
            return {
                **honest(self, *words, **more),
                **({"next_page_token": "x"} if "get-history" in words[1] else {}),
            }

        monkeypatch.setattr(Server, "call", stuck)
        with pytest.raises(LeadlineError) as caught:
            tracker.read(run)
        assert caught.value.code in ("tracker-odd-reply", "tracker-refused")

    def lose(self, run: TrackerRun, facts: RunFacts) -> None:
        from leadline.adapters.trackers.http import Server

        Server("MLflow", facts.at, {}).call(
            "POST", "/api/2.0/mlflow/runs/delete", {"run_id": run.id}
        )
