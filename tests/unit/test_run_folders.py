"""Folders of runs made elsewhere: a run each, with its config, its results and how it ended."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.results.tables import TableSource
from leadline.core.errors import LeadlineError
from leadline.core.tracker.imported import Columns
from leadline.services.structured_file import structured
from tests.unit.test_reader_fuzz import mutated

HYDRA = {
    "a/0/.hydra/config.yaml": "lr: 0.1\nmodel: {width: 8}\n",
    "a/0/metrics.json": '{"loss": 0.5}',
    "a/1/.hydra/config.yaml": "lr: 1e-2\nmodel: {width: 8}\n",
}
SACRED = {
    "1/run.json": '{"status": "COMPLETED", "result": 0.6, "start_time": "2026-05-02T10:00:00.1"}',
    "1/config.json": '{"lr": 0.1}',
    "1/metrics.json": '{"loss": {"steps": [0, 1], "values": [1.0, 0.5]}}',
    "2/run.json": '{"status": "FAILED", "result": null, "fail_trace": ["a", "ValueError: b"]}',
    "2/config.json": '{"lr": 0.2}',
}
NOTED = {
    "notes.txt": "# Title: t\n## Run 0: Baseline\n## Run 1: two groups\n",
    "run_0/final_info.json": '{"x": {"means": {"loss": 0.5}}}',
    "run_1/final_info.json": '{"x": {"means": {"loss": 0.4}}}',
}
STAGED = {
    "params.yaml": "lr: 0.1\n",
    "dvc.yaml": "stages: {train: {cmd: python train.py}}\n",
    "eval/metrics.json": '{"auc": {"test": 0.9}}',
}
UNFINISHED = "no file of results: it failed or never ended"
OF_SACRED = {"metrics.result": 0.6, "metrics.loss": 0.5}
CASES: list[tuple[dict[str, str], list[dict[str, Any]]]] = [
    (
        HYDRA,
        [
            {"folder": "a/0", "state": "done", "config.lr": 0.1, "config.model.width": 8, "metrics.loss": 0.5},
            {"folder": "a/1", "state": "failed", "config.lr": 0.01, "config.model.width": 8, "reason": UNFINISHED},
        ],
    ),
    (
        SACRED,
        [
            {"folder": "1", "state": "COMPLETED", "time": "2026-05-02T10:00:00.1", "config.lr": 0.1, **OF_SACRED},
            {"folder": "2", "state": "FAILED", "reason": "ValueError: b", "config.lr": 0.2},
        ],
    ),
    (
        NOTED,
        [
            {"folder": "run_0", "state": "done", "title": "Baseline", "metrics.x.means.loss": 0.5},
            {"folder": "run_1", "state": "done", "title": "two groups", "metrics.x.means.loss": 0.4},
        ],
    ),
    (
        STAGED,
        [{"folder": "eval", "state": "done", "command": "python train.py", "config.lr": 0.1, "metrics.auc.test": 0.9}],
    ),
]  # fmt: skip


def written(root: Path, files: dict[str, str] | dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


@pytest.mark.parametrize(("files", "rows"), CASES)
def test_a_folder_is_a_run(
    tmp_path: Path, files: dict[str, str], rows: list[dict[str, Any]]
) -> None:
    source = TableSource("folders", structured)
    looked = source.read(str(written(tmp_path, files)), Columns({}, [], look_at=9))
    assert [dict(row) for row in looked.sample] == rows


def looked_at(root: Path) -> tuple[list[dict[str, Any]], set[str]]:
    found = TableSource("folders", structured).read(str(root), Columns({}, [], look_at=9))
    return [dict(row) for row in found.sample], {where for where, _ in found.notes}


def test_a_run_whose_results_cannot_be_read_has_not_failed(tmp_path: Path) -> None:
    files = {
        "a/config.yaml": "lr: 1\n",
        "a/results.json": '[{"id": 1}]',
        "b/config.yaml": "lr: 2\n",
        "b/results.json": '{"acc": 0.',
        "c/results.json": '{"acc": 0.9}',
    }
    written(tmp_path, files)
    (tmp_path / "c/other.json").symlink_to("absent")
    rows, notes = looked_at(tmp_path)
    assert rows == [{"folder": "c", "state": "done", "metrics.acc": 0.9}]
    assert notes >= {"a/results.json", "b/results.json"}
    (tmp_path / "c/results.json").unlink()
    with pytest.raises(LeadlineError, match=r"a/results\.json: no values"):
        looked_at(tmp_path)


def test_values_of_one_name_in_two_files_are_two(tmp_path: Path) -> None:
    test, val = '{"acc": 0.8, "n": 5}', '{"acc": 0.9, "n": 5}'
    written(tmp_path, {"a/test_metrics.json": test, "a/val_metrics.json": val})
    ((row,), _) = looked_at(tmp_path)
    assert (row["metrics.test_metrics.acc"], row["metrics.val_metrics.acc"]) == (0.8, 0.9)
    assert row["metrics.n"] == 5 and "metrics.acc" not in row


def test_a_folder_around_runs_that_failed_is_none(tmp_path: Path) -> None:
    written(tmp_path, {"a/config.yaml": "lr: 1\n", "a/b/config.yaml": "seed: 2\n"})
    rows, _ = looked_at(tmp_path)
    assert [row["folder"] for row in rows] == ["a/b"]


def test_files_of_benchmark_programs_are_their_cases(tmp_path: Path) -> None:
    content = {"benchmarks": [{"name": "a", "stats": {"mean": 1.5, "rounds": 3}}], "version": "4"}
    written(tmp_path, {"box/0001.json": json.dumps(content | {"machine_info": {}})})
    looked = TableSource("folders", structured).read(str(tmp_path), Columns({}, [], look_at=9))
    (row,) = looked.sample
    assert (row["file"], row["benchmark"], row["mean_s"]) == ("box/0001.json", "a", 1.5)


def test_a_folder_without_runs_says_what_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(LeadlineError, match=r"final_info\.json") as refused:
        TableSource("folders", structured).read(str(tmp_path), Columns({"a": "a"}, None))
    assert refused.value.code == "no-event-files"
    written(tmp_path, {".venv/x/README.md": "# of a package", "notes/log.md": "# ours"})
    with pytest.raises(LeadlineError) as refused:
        TableSource("folders", structured).read(str(tmp_path), Columns({"a": "a"}, None))
    assert "log.md" in refused.value.next[0]


def test_whatever_the_files_hold_a_run_is_taken_or_named(tmp_path: Path) -> None:
    chance = random.Random(7)
    for number in range(60):
        files, _ = chance.choice(CASES)
        broken = {name: mutated(text.encode(), chance) for name, text in files.items()}
        root = written(tmp_path / str(number), broken)
        try:
            found = TableSource("folders", structured).read(str(root), Columns({}, None, look_at=9))
        except LeadlineError as error:
            assert error.code in ("no-event-files", "not-utf8")
            continue
        json.dumps(found.report(), allow_nan=False)
