"""Event files: where they stop being events is said to the byte, every point is kept, what is no
scalar is named."""

from __future__ import annotations

import math
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorboard")
numpy = pytest.importorskip("numpy")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader  # noqa: E402
from tensorboard.compat.proto.event_pb2 import Event  # noqa: E402
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c  # noqa: E402
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData  # noqa: E402
from tensorboard.util.tensor_util import make_ndarray, make_tensor_proto  # noqa: E402

from leadline.adapters.results.event_files import EventFileSource  # noqa: E402
from leadline.adapters.results.event_frames import EventFrames  # noqa: E402
from leadline.core.canonical import digest_of  # noqa: E402
from leadline.core.record.run import Run  # noqa: E402
from leadline.core.tracker.imported import Columns, Findings, FoundRun, Held  # noqa: E402

NAME = "events.out.tfevents.1.here"
VERSION = Event(wall_time=1e9, file_version="brain.Event:2")


def framed(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return b"".join(
        [
            length,
            struct.pack("<I", masked_crc32c(length)),
            data,
            struct.pack("<I", masked_crc32c(data)),
        ]
    )


def scalar(tag: str, value: float, step: int, time_s: float | None = None) -> Event:
    event = Event(wall_time=1e9 + step if time_s is None else time_s, step=step)
    event.summary.value.add(tag=tag, simple_value=value)
    return event


def tensor(tag: str, value: Any, step: int, plugin: str = "") -> Event:
    event = Event(wall_time=1e9 + step, step=step)
    held = event.summary.value.add(tag=tag)
    held.tensor.CopyFrom(make_tensor_proto(value))
    held.metadata.plugin_data.plugin_name = plugin
    return event


def losses(*steps: int) -> list[Event]:
    return [scalar("loss", 1 / (1 + step), step) for step in steps]


def write(folder: Path, events: list[Event], name: str = NAME) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(
        b"".join(framed(event.SerializeToString()) for event in [VERSION, *events])
    )
    return folder / name


def read(path: Path, *metrics: str, **reduce: str) -> Findings:
    return EventFileSource().read(
        str(path), Columns({name: name for name in metrics}, reduce=reduce)
    )


def only(found: Findings) -> FoundRun:
    (run,) = found.runs
    return run


def notes(found: Findings) -> dict[str, str]:
    return {note["where"]: note["what"] for note in found.report()["notes"]}


def reasons(found: Findings) -> dict[str, str]:
    return {row.where: row.why for row in found.not_taken}


@pytest.mark.parametrize("lost", [1, 5, 20, 35, 36, 37, 60])
def test_a_cut_tail_is_named_to_the_byte_and_the_rest_taken(tmp_path: Path, lost: int) -> None:
    path = write(tmp_path / "a", losses(*range(10)))
    whole = path.read_bytes()
    path.write_bytes(whole[:-lost])
    found = read(tmp_path)
    # TensorBoard's own, which ends without a word
    there = sum(1 for _ in LegacyEventFileLoader(str(path)).Load())
    run = only(found)
    assert len(run.series["loss"]) == there - 1
    good = len(
        b"".join(
            framed(event.SerializeToString()) for event in [VERSION, *losses(*range(there - 1))]
        )
    )
    left = len(whole) - lost - good
    if not left:
        assert not run.problems
        return
    (problem,) = run.problems
    assert problem["code"] == "cut-event-file"
    assert f"{NAME} is cut at byte {good} of {len(whole) - lost}" in problem["what"]
    assert (
        f"the last {left} bytes were not read" in problem["what"]
        and notes(found)["a"] == problem["what"]
    )


@pytest.mark.parametrize("record", [1, 5, 9])
@pytest.mark.parametrize(
    ("at", "word"), [(0, "length"), (9, "length"), (14, "of a record is"), (-1, "of a record is")]
)
def test_a_wrong_checksum_in_the_middle_is_named(
    tmp_path: Path, record: int, at: int, word: str
) -> None:
    path = write(tmp_path / "a", losses(*range(10)))
    frames = [framed(event.SerializeToString()) for event in [VERSION, *losses(*range(10))]]
    broken = bytearray(frames[record])
    broken[at] ^= 0x5A
    path.write_bytes(b"".join([*frames[:record], broken, *frames[record + 1 :]]))
    found = read(tmp_path)
    if record == 1:
        assert "it holds no scalar" in reasons(found)["a"] and "checksum" in reasons(found)["a"]
        return
    (problem,) = only(found).problems
    assert len(only(found).series["loss"]) == record - 1
    assert (
        word in problem["what"]
        and f"at byte {sum(map(len, frames[:record]))} of" in problem["what"]
    )


@pytest.mark.parametrize("tail", [b"\0" * 64, b"garbage", b"\xff" * 200])
def test_garbage_behind_the_events_is_named(tmp_path: Path, tail: bytes) -> None:
    path = write(tmp_path / "a", losses(0, 1))
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    (problem,) = only(read(tmp_path)).problems
    assert f"at byte {len(whole)} of {len(whole) + len(tail)}" in problem["what"]


def test_a_length_beyond_all_memory_is_a_cut_not_a_crash(tmp_path: Path) -> None:
    path = write(tmp_path / "a", losses(0, 1))
    length = struct.pack("<Q", 2**63)
    path.write_bytes(
        path.read_bytes() + length + struct.pack("<I", masked_crc32c(length)) + b"x" * 50
    )
    assert f"a record of {2**63} bytes is cut short" in only(read(tmp_path)).problems[0]["what"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"junk", "is no event file: the head of a record is cut short"),
        (
            b"not an event file at all",
            "is no event file: the checksum of a record's length is wrong, at byte 0 of 24",
        ),
        (framed(b"\xff\xff\xff"), "is no event file: a whole record is no event"),
        (framed(b"\x0a\x03abc"), "is no event file: its records are whole, and none says anything"),
        (framed(VERSION.SerializeToString()), "it holds no scalar"),
    ],
)
def test_what_is_no_event_file_is_called_so(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / NAME).write_bytes(content)
    write(tmp_path / "b", losses(0))
    found = read(tmp_path)
    assert why in reasons(found)["a"] and ("no scalar" in reasons(found)["a"]) == (
        "no scalar" in why
    )
    assert [run.name for run in found.runs] == ["b"]
    # beside a good one: a run that says so
    (tmp_path / "b" / "events.out.tfevents.2.here").write_bytes(content)
    run = only(read(tmp_path / "b"))
    assert [why in problem["what"] for problem in run.problems] == (
        [] if "no scalar" in why else [True]
    )


def test_a_restart_keeps_every_point_and_says_that_steps_go_back(tmp_path: Path) -> None:
    """TensorBoard's reader would drop steps 3 to 5 of the first file without a word."""
    write(tmp_path / "a", losses(*range(6)), "events.out.tfevents.1.x")
    start = Event(wall_time=2e9, step=3)
    start.session_log.status = 1
    write(
        tmp_path / "a",
        [start, *(scalar("loss", 9.0, step, 2e9 + step) for step in range(3, 8))],
        "y.tfevents.2.x",
    )
    run = only(read(tmp_path))
    assert list(run.series["loss"].steps) == [0, 1, 2, 3, 4, 5, 3, 4, 5, 6, 7]
    assert [p["code"] for p in run.problems] == ["steps-out-of-order"] and run.metrics == {
        "loss": 9.0
    }


def test_points_excerpt_and_times_of_a_metric_are_handed_on(tmp_path: Path) -> None:
    write(tmp_path / "a", [*losses(0, 1, 2), scalar("lr", 0.5, 2)])
    taken: list[FoundRun] = []
    columns = Columns({"loss": "final_loss"}, reduce={"final_loss": "max"}, points=taken.append)
    run = only(EventFileSource().read(str(tmp_path), columns))
    assert (
        taken == [run] and list(run.series) == ["final_loss"] and run.metrics == {"final_loss": 1.0}
    )
    points = run.series["final_loss"]
    assert (list(points.steps), list(points.times)) == ([0, 1, 2], [1e9, 1e9 + 1, 1e9 + 2])
    assert (
        run.excerpts["final_loss"]["points"] == 3 and run.excerpts["final_loss"]["last_step"] == 2
    )
    assert (run.started_at, run.ended_at) == (
        "2001-09-09T01:46:40.000Z",
        "2001-09-09T01:46:42.000Z",
    )


def test_values_that_are_no_scalars_are_named_with_their_kind(tmp_path: Path) -> None:
    old = Event(step=1)
    old.summary.value.add(tag="old").histo.num = 1
    graph = Event(graph_def=b"x")
    events = [
        tensor("loss", numpy.float32(1), 0, "scalars"),
        tensor("loss", numpy.float32(2), 1),  # a writer says the plugin once
        tensor("loss", numpy.zeros(3, "float32"), 2),
        tensor("vector", numpy.zeros(3, "float32"), 0, "scalars"),
        tensor("words", numpy.array("text"), 0, "scalars"),
        tensor("notes", numpy.array(["text"]), 0, "text"),
        tensor("bare", numpy.float32(1), 0),
        old,
        graph,
    ]
    write(tmp_path / "a", events)
    write(tmp_path / "b", [*losses(0), tensor("notes", numpy.array(["text"]), 0, "text")])
    found = read(tmp_path)
    said = notes(found)
    assert (
        "histograms" in said["old"] and "graph" in said["graph"] and "shape (3,)" in said["vector"]
    )
    assert "2 values of kind text in 2 runs" in said["notes"] and "tensors" in said["bare"]
    assert "no number" in said["words"]
    run = found.runs[0]
    assert list(run.series["loss"].values) == [1, 2] and run.odd == {"loss": 1}
    assert [p["code"] for p in run.problems] == ["not-a-number"] and "type changed" in run.problems[
        0
    ]["what"]


def test_values_that_are_not_finite_are_kept_and_said(tmp_path: Path) -> None:
    write(
        tmp_path / "a",
        [scalar("loss", math.nan, 0), scalar("loss", 1, 1), scalar("acc", math.inf, 1)],
    )
    found = read(tmp_path)
    assert (only(found).metrics, only(found).nonfinite) == ({"loss": 1.0}, {"acc": "Infinity"})
    assert [(c.column, c.said) for c in found.cells_not_taken] == [("acc", "Infinity")]
    assert any("loss: 1 of 2 points are NaN" in what for _, what in found.notes)
    assert math.isnan(only(found).series["loss"].values[0])
    assert only(read(tmp_path, loss="min")).nonfinite == {"acc": "Infinity", "loss": "NaN"}


def test_a_metric_asked_for_and_not_there_is_named_by_its_run(tmp_path: Path) -> None:
    write(tmp_path / "a", [*losses(0), scalar("acc", 1, 0)])
    write(tmp_path / "b", losses(1))
    found = read(tmp_path, "loss", "acc")
    assert [(c.where, c.column) for c in found.cells_not_taken] == [("b", "acc")]


@pytest.mark.parametrize("time_s", [math.nan, math.inf, -1.0, 0.0, 1e300])
def test_an_impossible_time_is_no_time(tmp_path: Path, time_s: float) -> None:
    write(tmp_path / "a", [scalar("loss", 1, 0, time_s)])
    assert (only(read(tmp_path)).started_at, only(read(tmp_path)).metrics) == ("", {"loss": 1.0})


def test_hyperparameters_of_every_kind(tmp_path: Path) -> None:
    event, data = Event(step=0), HParamsPluginData()
    given = data.session_start_info.hparams
    given["lr"].number_value, given["layers"].number_value, given["nan"].number_value = (
        0.5,
        12,
        math.nan,
    )
    given["opt"].string_value, given["bias"].bool_value, given["none"].null_value = "adam", True, 0
    given["list"].list_value.values.add().number_value = 1
    value = event.summary.value.add(tag="_hparams_/session_start_info")
    value.metadata.plugin_data.plugin_name = "hparams"
    value.metadata.plugin_data.content = data.SerializeToString()
    write(tmp_path / "a", [event, *losses(0)])
    config = only(read(tmp_path)).config
    assert "number_value: 1" in config.pop("list")
    assert config == {
        "lr": 0.5,
        "layers": 12,
        "nan": "NaN",
        "opt": "adam",
        "bias": True,
        "none": None,
    }
    value.metadata.plugin_data.content = b"\xff"
    write(tmp_path / "a", [event, *losses(0)])
    found = read(tmp_path)
    assert only(found).config == {"tensorboard_run": "a"} and "cannot be read" in str(notes(found))


def test_a_copied_folder_is_the_same_run_under_any_name(tmp_path: Path) -> None:
    write(tmp_path / "runs" / "a", losses(0, 1))
    shutil.copytree(tmp_path / "runs" / "a", tmp_path / "runs" / "b")
    found = read(tmp_path / "runs")
    assert only(found).name == "a" and "same points as a" in reasons(found)["b"]
    inside, file = read(tmp_path / "runs" / "b"), read(tmp_path / "runs" / "b" / NAME)
    assert (
        only(inside).key == only(file).key == only(found).key
        and only(inside).name == only(file).name == "b"
    )


def test_a_folder_that_is_not_looked_into_is_named(tmp_path: Path) -> None:
    write(tmp_path / "runs" / "a", losses(0))
    write(tmp_path / "elsewhere", losses(1))
    (tmp_path / "runs" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "runs" / "c").mkdir()
    (tmp_path / "runs" / "c" / NAME).symlink_to(tmp_path / "gone")
    found = read(tmp_path / "runs")
    assert "not followed" in notes(found)["link"] and "cannot be read" in reasons(found)["c"]
    assert len(found.runs) == 1


def test_a_file_that_grows_while_it_is_read_is_not_cut(tmp_path: Path) -> None:
    path = write(tmp_path / "a", losses(0, 1))
    frames = EventFrames(str(path), masked_crc32c, Event.FromString, (ValueError,))
    for place, _ in enumerate(frames):
        if place < 2:
            with path.open("ab") as file:
                file.write(framed(scalar("loss", 1, 5 + place).SerializeToString()))
    assert place == 4 and frames.fault() == ""


def test_points_are_those_of_tensorboards_reader_and_older_records_know_the_run(
    tmp_path: Path,
) -> None:
    """Records written before have the digest of the folder's name and the points as its accumulator
    gave them."""
    write(tmp_path / "a", [*losses(*range(50)), tensor("acc", numpy.float64(0.1), 3, "scalars")])
    accumulated = EventAccumulator(str(tmp_path / "a"), size_guidance={"tensors": 0})
    accumulated.Reload()
    tags = accumulated.Tags()
    theirs = {
        **{
            tag: [
                (e.step, float(make_ndarray(e.tensor_proto)), e.wall_time)
                for e in accumulated.Tensors(tag)
            ]
            for tag in tags["tensors"]
        },
        **{
            tag: [(e.step, e.value, e.wall_time) for e in accumulated.Scalars(tag)]
            for tag in tags["scalars"]
        },
    }
    run = only(read(tmp_path))
    assert run.series.keys() == theirs.keys() == {"acc", "loss"}
    for tag, points in run.series.items():
        assert list(zip(points.steps, points.values, points.times, strict=True)) == theirs[tag]
    old = Run(
        "P-001-r1", "u", "P-001", origin="reported", key=digest_of({"name": "a", "points": theirs})
    )
    other = Run("P-001-r1", "u", "P-001", origin="reported", key="sha256:0")
    assert [known_of(known, run) for known in (old, other)] == [old, None]


def known_of(known: Run, found: FoundRun) -> Run | None:
    held = Held(lambda digests, sources: [known])
    held.look_up([found], "logs")
    return held.same_as(found)
