"""The points of a run that only a server of W&B has: by pages of its GraphQL, by its file of rows,
and not at all.

Three real things stand against each other: what wandb wrote into its own file while the job ran,
what openwandb took from it, and what an older W&B client reads by the GraphQL that our reader asks
too.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.trackers import http
from leadline.adapters.trackers.wandb import history as wandb_history
from leadline.adapters.trackers.wandb.log_file import read_log
from leadline.adapters.trackers.wandb.tracker import WandbTracker
from leadline.core.errors import LeadlineError
from leadline.core.record.run import MetricDef
from leadline.core.tracker.reading import Reading, TrackerRun, extraction_of
from tests.tracker_servers import (
    BUILT_IN_KEY,
    QUIET,
    HistoryServer,
    WandbServer,
    needs,
    old_wandb_client,
)

pytestmark = [needs("wandb"), pytest.mark.long]

JOB = """
import wandb
run = wandb.init(project="history", config={"lr": 0.1, "net": {"depth": 3}})
for i in range(2300):
    wandb.log({"loss": 1 / (i + 1), "t/flag": i % 2 == 0, "word": "x"})
wandb.log({"nan": float("nan"), "up": float("inf"), "down": float("-inf"), "big": 1e300, "count": 2**60, "none": None})
wandb.log({"nested": {"a": 1, "b": {"c": 2.5}, "page": wandb.Html("<p>x</p>")}, "bins": wandb.Histogram([1, 2, 3])})
wandb.log({"first": 1.0}, step=3010)
wandb.log({"second": 2.0}, step=3010)
wandb.log({"loss": 7.0}, step=4100)
wandb.finish()
print(run.id)
"""
OLD_CLIENT = """
import json, sys, wandb
print(json.dumps(list(wandb.Api().run(sys.argv[1]).scan_history())))
"""


@dataclasses.dataclass
class Logged:
    """A run that a job logged to openwandb, and the reading of the file that wandb wrote beside it."""

    environ: dict[str, str]
    file: str
    reading: Reading

    @property
    def id(self) -> str:
        return self.reading.run.id


def at(
    environ: dict[str, str], url: str, project: str, run_id: str
) -> tuple[WandbTracker, TrackerRun]:
    """The run as somebody finds it who has the address and the key alone."""
    given = {**{k: v for k, v in environ.items() if k != "WANDB_DIR"}, "WANDB_BASE_URL": url}
    tracker = WandbTracker(given, "/nowhere")
    return tracker, next(run for run in tracker.listed(project, url) if run.id == run_id)


def log(folder: Path, url: str, script: str, **more: str) -> Logged:
    environ = {
        **os.environ,
        **QUIET,
        "HOME": str(folder),
        "WANDB_API_KEY": BUILT_IN_KEY,
        "WANDB_BASE_URL": url,
    }
    environ |= {"WANDB_DIR": str(folder), **more}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    tracker = WandbTracker(environ, str(folder))
    (run,) = tracker.stored(str(folder))
    return Logged(environ, run.path, tracker.read(run))


@pytest.fixture(scope="module")
def logged(wandb_server: WandbServer, tmp_path_factory: pytest.TempPathFactory) -> Logged:
    return log(tmp_path_factory.mktemp("logged"), wandb_server.url, JOB)


@pytest.fixture
def told(history_server: HistoryServer) -> Iterator[HistoryServer]:
    """The stand-in, honest again afterwards."""
    history_server.told()
    yield history_server
    history_server.told()


class Sent:
    """Rows put into openwandb as W&B's client sends them, without a client that would merge them."""

    def __init__(self, server: WandbServer, run: str, folder: Path) -> None:
        self.url, self.run = server.url, run
        self.environ = {"HOME": str(folder), "WANDB_API_KEY": BUILT_IN_KEY}
        variables = {"name": run, "project": "sent", "entity": "default", "config": "{}"}
        query = """mutation Up($name: String!, $project: String!, $entity: String!, $config: JSONString!) {
          upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, config: $config}) {
          inserted } }"""
        assert "errors" not in self.post("/graphql", {"query": query, "variables": variables})

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        import base64

        key = base64.b64encode(f"api:{BUILT_IN_KEY}".encode()).decode()
        headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as reply:
            answer: dict[str, Any] = json.load(reply)
        return answer

    def rows(self, rows: list[dict[str, Any]], complete: bool = True) -> None:
        summary = {k: v for row in rows for k, v in row.items() if not k.startswith("_")}
        files = {
            "wandb-history.jsonl": {"offset": 0, "content": [json.dumps(row) for row in rows]},
            "wandb-summary.json": {"offset": 0, "content": [json.dumps(summary)]},
        }
        self.post(
            f"/files/default/sent/{self.run}/file_stream", {"files": files, "complete": complete}
        )

    def read(self, url: str) -> Reading:
        tracker, run = at(self.environ, url, "sent", self.run)
        return tracker.read(run)


def same_points(ours: Reading, file: Reading) -> None:
    assert sorted(ours.series) == sorted(file.series)
    for name, points in file.series.items():
        for part in ("steps", "values", "times"):
            assert getattr(ours.series[name], part).tobytes() == getattr(points, part).tobytes(), (
                name,
                part,
            )


# ---- the stand-in --------------------------------------------------------------------------------


def test_an_older_client_of_w_and_b_reads_through_the_stand_in_what_was_logged(
    logged: Logged, told: HistoryServer
) -> None:
    """Without this the stand-in would prove nothing but that two programs of ours agree."""
    environ = {**logged.environ, "WANDB_BASE_URL": told.url}
    command = [str(old_wandb_client()), "-c", OLD_CLIENT, f"default/history/{logged.id}"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    written: list[dict[str, Any]] = []
    read_log(logged.file, written.append)
    theirs = [flat(row) for row in json.loads(done.stdout)]
    assert len(theirs) == len(written) == 2304
    assert repr([sorted(row.items()) for row in theirs]) == repr(
        [sorted(row.items()) for row in map(exact, written)]
    )


def flat(row: dict[str, Any], head: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in row.items():
        out |= (
            flat(value, f"{head}{name}.")
            if isinstance(value, dict)
            else {head + name: number(value)}
        )
    return out


def exact(row: dict[str, Any]) -> dict[str, Any]:
    return {name: number(value) for name, value in row.items()}


def number(value: Any) -> Any:
    """Go writes 1.0 as 1 and 2**60 as a double."""
    return (
        float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    )


# ---- our reader ----------------------------------------------------------------------------------


def test_by_pages_the_points_are_those_of_the_file_that_wandb_wrote(
    logged: Logged, told: HistoryServer
) -> None:
    before = told.told()
    tracker, run = at(logged.environ, told.url, "history", logged.id)
    reading = tracker.read(run)
    assert told.told() - before == 3, "2304 rows by pages of 1000"
    same_points(reading, logged.reading)
    assert not reading.only_summary and not reading.provisional and reading.problems == []
    assert reading.config == logged.reading.config


def test_by_its_file_the_points_are_the_same_and_without_a_page(
    logged: Logged, wandb_server: WandbServer
) -> None:
    tracker, run = at(logged.environ, wandb_server.url, "history", logged.id)
    reading = tracker.read(run)
    same_points(reading, logged.reading)
    assert not reading.only_summary and reading.problems == []


def test_numbers_that_are_none_and_media_come_as_they_were_logged(
    logged: Logged, told: HistoryServer
) -> None:
    tracker, run = at(logged.environ, told.url, "history", logged.id)
    series = tracker.read(run).series
    assert math.isnan(series["nan"].values[0])
    assert (series["up"].values[0], series["down"].values[0]) == (math.inf, -math.inf)
    assert (series["nested.a"].values[0], series["nested.b.c"].values[0]) == (1.0, 2.5)
    assert list(series["first"].steps) == list(series["second"].steps) == [3010.0]
    assert list(series["t/flag"].values[:2]) == [1.0, 0.0]
    assert not [
        name for name in series if name.startswith(("bins", "nested.page", "system", "_"))
    ], "no metric"
    assert not [name for name in logged.reading.summary if "page" in name or "bins" in name]


def test_what_came_from_file_pages_and_rows_has_one_digest(
    wandb_server: WandbServer, told: HistoryServer, tmp_path: Path
) -> None:
    """openwandb keeps no nested name of a summary, so this run has none."""
    script = "import wandb\nwandb.init(project='same', config={'lr': 0.1})\nfor i in range(30):\n"
    script += (
        "    wandb.log({'loss': 1 / (i + 1), 'odd': float('nan') if i % 2 else 1})\nwandb.finish()"
    )
    logged = log(tmp_path, wandb_server.url, script)
    digests = {logged.reading.digest()}
    for url in (wandb_server.url, told.url):
        tracker, run = at(logged.environ, url, "same", logged.id)
        digests.add(tracker.read(run).digest())
    assert len(digests) == 1


def test_last_values_alone_cost_no_page(logged: Logged, told: HistoryServer) -> None:
    tracker, run = at(logged.environ, told.url, "history", logged.id)
    before = told.told()
    reading = tracker.read(run, last_only=True)
    assert told.told() == before and reading.points == 0 and reading.only_summary
    assert extraction_of(reading, {}).metrics["loss"] == 7.0


def test_a_run_that_goes_on_gives_what_there_is_and_is_provisional(
    wandb_server: WandbServer, told: HistoryServer, tmp_path: Path
) -> None:
    sent = Sent(wandb_server, "going", tmp_path)
    for step, url in enumerate((told.url, wandb_server.url)):
        sent.rows([{"_step": step, "loss": float(step)}], complete=False)
        reading = sent.read(url)
        assert reading.provisional and list(reading.series["loss"].values) == [0.0, 1.0][: step + 1]


def test_rows_of_one_step_sent_in_parts_are_all_read(
    wandb_server: WandbServer, told: HistoryServer, tmp_path: Path
) -> None:
    """More rows than steps: a page of as many samples as steps would be thinned out."""
    sent = Sent(wandb_server, "parts", tmp_path)
    rows = [{"_step": step, f"m{part}": float(step)} for step in range(1200) for part in range(5)]
    sent.rows([*rows, *({"_step": 1200, "many": float(n)} for n in range(9000))])
    for url in (wandb_server.url, told.url):
        reading = sent.read(url)
        assert (reading.points, reading.only_summary) == (15000, False)
        assert list(reading.series["many"].values) == [float(n) for n in range(9000)]


def test_steps_far_apart_take_few_pages(
    wandb_server: WandbServer, told: HistoryServer, tmp_path: Path
) -> None:
    sent = Sent(wandb_server, "far", tmp_path)
    sent.rows([{"_step": n * 1_000_000, "loss": float(n)} for n in range(2500)])
    before = told.told()
    assert list(sent.read(told.url).series["loss"].steps) == [n * 1e6 for n in range(2500)]
    assert told.told() - before < 300


def test_an_answer_that_is_too_large_is_asked_for_in_parts(
    logged: Logged, told: HistoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_REPLY_BYTES", 60_000)
    tracker, run = at(logged.environ, told.url, "history", logged.id)
    same_points(tracker.read(run), logged.reading)
    monkeypatch.setattr(http, "MAX_REPLY_BYTES", 2_500)
    with pytest.raises(LeadlineError) as caught:
        tracker.read(run)
    assert caught.value.code == "tracker-reply-too-large"


# ---- what is missing -----------------------------------------------------------------------------


def test_rows_that_the_server_counts_and_does_not_give_are_said(
    logged: Logged, told: HistoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.told(hide=1000)
    tracker, run = at(logged.environ, told.url, "history", logged.id)
    reading = tracker.read(run)
    assert [p["what"] for p in reading.problems] == [
        "W&B counts 2304 rows of history and gave 2301"
    ]
    found = extraction_of(reading, {"loss": MetricDef("loss", reduce="min")})
    assert "loss" not in found.metrics and found.metrics["first"] == 1.0
    assert {p["code"] for p in found.problems} >= {"no-points", "history-incomplete"}
    assert extraction_of(reading, {}).metrics["loss"] == 7.0, "the last value is the summary's"


@pytest.mark.parametrize("how", [{"fail": 429}, {"fail": 503}, {"cut": 1}])
def test_a_server_that_is_busy_for_a_while_is_asked_again(
    logged: Logged, told: HistoryServer, how: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PAUSE_S", 0.01)
    tracker, run = at(logged.environ, told.url, "history", logged.id)
    told.told(**how, times=3)
    same_points(tracker.read(run), logged.reading)
    told.told(**how, times=99)
    with pytest.raises(LeadlineError) as caught:
        tracker.read(run)
    assert caught.value.kind == "remote", "half a history is none"


def test_a_key_that_is_refused_is_not_tried_again(
    logged: Logged, told: HistoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker, run = at(logged.environ, told.url, "history", logged.id)
    monkeypatch.setattr(http.time, "sleep", lambda s: pytest.fail("it waited"))
    told.told(fail=403, times=1)
    with pytest.raises(LeadlineError) as caught:
        tracker.read(run)
    assert caught.value.details["status"] == 403


def test_a_server_without_any_history_gives_last_values_and_says_so(
    wandb_server: WandbServer, tmp_path: Path
) -> None:
    sent = Sent(wandb_server, "none", tmp_path)
    sent.rows([{"_step": step, "loss": float(step)} for step in range(4)])
    stored = wandb_server.folder / "data" / "files" / "default" / "sent" / "none"
    whole = (stored / "wandb-history.jsonl").read_bytes()
    (stored / "wandb-history.jsonl").write_bytes(whole[:-9])
    torn = sent.read(wandb_server.url)
    assert torn.only_summary and torn.problems[0]["what"] == "1 of 4 rows of the history are torn"
    shutil.move(stored / "wandb-history.jsonl", tmp_path)
    reading = sent.read(wandb_server.url)
    assert reading.only_summary and reading.points == 0 and reading.summary == {"loss": 3.0}
    assert "no history of the run, only its last values" in reading.problems[0]["what"]


def test_a_run_that_logged_nothing_lacks_nothing(
    wandb_server: WandbServer, told: HistoryServer, tmp_path: Path
) -> None:
    sent = Sent(wandb_server, "empty", tmp_path)
    for url in (wandb_server.url, told.url):
        reading = sent.read(url)
        assert (reading.problems, reading.only_summary, reading.points) == ([], False, 0)


def test_names_that_a_row_has_not_got_may_be_null(tmp_path: Path) -> None:
    """The one thing here without a counterpart: W&B pads its rows so, openwandb's are as they were
    sent."""
    out = Reading(TrackerRun("wandb", "x"))
    rows = [json.dumps({"_step": n, "loss": 1.5, "rare": None}) for n in range(3)]
    place = wandb_history.Place("e", "p", "x", rows=3, last_step=2)
    answer = {"project": {"run": {"history": rows}}}
    wandb_history.read_history(
        http.Server("W&B", "http://127.0.0.1:9", {}), lambda *asked: answer, place, out
    )
    assert list(out.series) == ["loss"] and out.odd == {} and not out.only_summary
