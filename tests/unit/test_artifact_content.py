"""Figures, images, tables and arrays of the real libraries, kept by a job and read again by those
libraries."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy
import pytest

from leadline.job.artifact_content import content_of
from tests.unit.test_job_artifact import content, lines, python


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "attempt"
    folder.mkdir()
    return folder


def test_a_job_keeps_a_figure_an_image_a_table_and_an_array(run: Path) -> None:
    pandas, Image = pytest.importorskip("pandas"), pytest.importorskip("PIL.Image")
    code = """
import matplotlib; matplotlib.use("Agg")
import matplotlib.pyplot as plt, numpy, pandas
from PIL import Image
figure, axes = plt.subplots(); axes.plot([1, 2, 3])
ll.log_artifact(figure, "loss.png", step=3)
ll.log_artifact(figure, "loss.svg")
ll.log_artifact(Image.new("RGB", (4, 2), (255, 0, 0)), "red.png")
ll.log_artifact(pandas.DataFrame({"x": [1, 2], "y": ["a", "b,c"]}), "frame.csv")
ll.log_artifact([{"x": 1}, {"x": 2, "y": "ü"}], "rows.csv")
ll.log_artifact(numpy.arange(6.0).reshape(2, 3), "weights.npy")
ll.log_artifact(numpy.eye(3), "eye.png")
"""
    done = python(code, run)
    assert done.returncode == 0 and not done.stderr, done.stderr
    found = {line["name"]: line for line in lines(run)}
    kinds = {name: line["kind"] for name, line in found.items()}
    assert kinds["loss.png"] == kinds["loss.svg"] == kinds["red.png"] == kinds["eye.png"] == "image"
    assert kinds["frame.csv"] == kinds["rows.csv"] == "table" and found["loss.png"]["step"] == 3
    data = {name: content(run, line["digest"]) for name, line in found.items()}
    assert Image.open(io.BytesIO(data["loss.png"])).format == "PNG" and b"<svg" in data["loss.svg"]
    assert Image.open(io.BytesIO(data["red.png"])).getpixel((0, 0)) == (255, 0, 0)
    assert pandas.read_csv(io.BytesIO(data["frame.csv"])).to_dict("list") == {
        "x": [1, 2],
        "y": ["a", "b,c"],
    }
    assert data["rows.csv"].decode() == "x,y\n1,\n2,ü\n"
    assert numpy.load(io.BytesIO(data["weights.npy"])).tolist() == [[0, 1, 2], [3, 4, 5]]
    picture = numpy.asarray(Image.open(io.BytesIO(data["eye.png"])))
    assert picture.tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]


def test_a_frame_and_rows_in_other_formats() -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame({"x": [1.5, None]})
    assert pandas.read_parquet(io.BytesIO(content_of(frame, "a.parquet"))).equals(frame)
    assert (
        content_of(frame, "a.tsv") == b"x\n1.5\n\n" or content_of(frame, "a.tsv") == b'x\n1.5\n""\n'
    )
    assert content_of([[1, "a\tb"], [2, "c"]], "a.tsv") == b'1\t"a\tb"\n2\tc\n'
    assert [
        json.loads(row) for row in content_of([{"a": 1}, {"b": [2]}], "a.jsonl").splitlines()
    ] == [
        {"a": 1},
        {"b": [2]},
    ]


@pytest.mark.parametrize(
    ("value", "dtype", "pixel"),
    [
        (True, "bool", 255),
        (200, "uint8", 200),
        (0.5, "float32", 128),
        (1.0000001, "float64", 255),
        (-1e-9, "float64", 0),
        (0.5, "float16", 128),
    ],
)
def test_what_the_numbers_of_a_picture_mean(value: float, dtype: str, pixel: int) -> None:
    Image = pytest.importorskip("PIL.Image")
    array = numpy.full((2, 2, 3), value, dtype=dtype)
    assert Image.open(io.BytesIO(content_of(array, "a.png"))).getpixel((1, 1)) == (pixel,) * 3
    assert Image.open(io.BytesIO(content_of(array[:, :, :1], "a.png"))).mode == "L"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (numpy.zeros(3), "a.png"),
        (numpy.zeros((2, 2, 7)), "a.png"),
        (numpy.zeros((2, 2), dtype=complex), "a.png"),
        ([[1], {"a": 1}], "a.csv"),
        ([[1]], "a.xlsx"),
        ([[1]], "table"),
        ([1, 2], "a.csv"),
        ([0], "a.jsonl"),
        ([], "a.png"),
        (object(), "a.csv"),
    ],
)
def test_what_cannot_be_such_a_file_is_a_mistake(value: object, name: str) -> None:
    with pytest.raises(TypeError):
        content_of(value, name)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_a_table_without_rows_is_an_empty_file(name: str) -> None:
    assert content_of([], name) == b""


def test_numbers_that_json_does_not_have_are_texts() -> None:
    nan, inf = float("nan"), float("inf")
    raw = content_of([{"x": nan, "y": [inf, (-inf, 1)]}, [numpy.float64("nan")]], "r.jsonl")
    rows = [json.loads(row, parse_constant=pytest.fail) for row in raw.splitlines()]
    assert rows == [{"x": "NaN", "y": ["Infinity", ["-Infinity", 1]]}, ["NaN"]]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("numpy.full((2, 2), 300)", "a picture has integers 0 to 255, these are 300 to 300"),
        ("numpy.full((2, 2), -1)", "these are -1 to -1"),
        ("numpy.array([[5.0, -3.0]])", "a picture has floats 0 to 1, these are -3 to 5"),
        ("numpy.array([[0.5, float('nan')]])", "1 of these 2 are NaN or infinite"),
        ("numpy.array([[0.5, float('inf')]], dtype='float32')", "1 of these 2 are NaN or infinite"),
    ],
)
def test_a_picture_beyond_its_range_is_a_gap_and_ends_no_training(
    run: Path, value: str, reason: str
) -> None:
    pytest.importorskip("PIL.Image")
    done = python(f"import numpy\nprint(ll.log_artifact({value}, 'a.png'))", run)
    assert done.returncode == 0 and done.stdout == "None\n", done.stderr
    assert reason in done.stderr and "'a.png' is not kept" in done.stderr
    assert reason in lines(run)[0]["gap"]


def test_rows_that_json_cannot_hold_are_a_gap(run: Path) -> None:
    done = python("print(ll.log_artifact([{'x': object()}], 'r.jsonl'))", run)
    assert done.returncode == 0 and "'r.jsonl' is not kept: TypeError" in done.stderr


def test_a_library_that_cannot_write_it_costs_the_picture_and_not_the_training(run: Path) -> None:
    code = """
class Figure:
    def savefig(self, file, format):
        raise ValueError("format is not supported: " + format)
print(ll.log_artifact(Figure(), "loss.png"))
ll.log_artifact(b"x", "after")
"""
    done = python(code, run)
    assert done.returncode == 0 and done.stdout == "None\n"
    assert "'loss.png' is not kept: ValueError: format is not supported: png" in done.stderr
    first, second = lines(run)
    assert "not supported" in first["gap"] and second["name"] == "after"


def test_what_is_no_file_needs_a_name_and_nothing_is_made_outside_a_job(run: Path) -> None:
    code = """
class Figure:
    def savefig(self, file, format):
        print("drawn")
try:
    ll.log_artifact(Figure())
except ValueError as error:
    print(error)
ll.log_artifact(Figure(), "a.png")
"""
    assert (
        python(code, None).stdout
        == "what is no file needs a name: log_artifact(figure, 'loss.png')\n"
    )
    assert python(code, run).stdout.splitlines()[1:] == ["drawn"]
