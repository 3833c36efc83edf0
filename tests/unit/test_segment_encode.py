"""What is encoded is what the decoder reads; and a store keeps points of elsewhere whole, or not at
all."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.adapters.series.files import SeriesFiles
from leadline.adapters.series.place import segments
from leadline.core.errors import LeadlineError
from leadline.core.series import segment_encode
from leadline.core.series.points import Points
from leadline.core.series.segment import Decoder
from leadline.core.series.segment_encode import LONGEST_NAME, encode
from leadline.core.series.store import Writer
from tests.chance import examples

numbers = st.floats(allow_nan=True, allow_infinity=True)
rows = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-(2**50), 2**50)), numbers, st.one_of(st.none(), numbers)
    )
)


def points(given_rows: list[tuple[float | None, float, float | None]]) -> Points:
    made = Points()
    for step, value, time in given_rows:
        made.add(step, value, time)
    return made


def bytes_of(made: Points) -> tuple[bytes, bytes, bytes]:
    return made.steps.tobytes(), made.values.tobytes(), made.times.tobytes()


@settings(max_examples=examples(60), deadline=None)
@given(
    st.dictionaries(st.text(max_size=20), rows, max_size=4), st.integers(1, 5), st.integers(1, 4096)
)
def test_every_point_comes_back_bit_for_bit(
    content: dict[str, list[tuple]], piece: int, fed: int
) -> None:
    series = {name: points(given_rows) for name, given_rows in content.items()}
    before, segment_encode.POINTS_IN_PIECE = segment_encode.POINTS_IN_PIECE, piece
    try:
        data = b"".join(encode({"writer": "w"}, series, {"loss": 3}))
    finally:
        segment_encode.POINTS_IN_PIECE = before
    read, decoder = Writer("w"), Decoder(None)
    decoder.sink = read
    for at in range(0, len(data), fed):
        decoder.feed(data[at : at + fed])
    decoder.finish()
    assert decoder.header["writer"] == "w" and decoder.odd == {"loss": 3}
    assert not decoder.damages and not decoder.torn_bytes and not decoder.refused
    assert {n: bytes_of(p) for n, p in read.series.items()} == {
        n: bytes_of(p) for n, p in series.items() if len(p)
    }


def test_what_is_kept_takes_the_place_of_what_was(tmp_path: Path) -> None:
    store = SeriesFiles()
    store.keep(
        str(tmp_path), "wandb", {"loss": points([(0, 1.0, 5.0), (1, math.nan, None)])}, {"name": 2}
    )
    store.keep(str(tmp_path), "mlflow", {"acc": points([(None, 0.5, None)])}, {})
    assert segments(str(tmp_path)) == ["mlflow.0.seg"]
    read = store.read(str(tmp_path))
    assert read.metrics == ["acc"] and read.points == 1 and not read.odd


def test_a_thousand_metrics_more_than_one_segment_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_encode, "SETS_IN_SEGMENT", 10)
    names = [f"m{n}" for n in range(25)]
    left = SeriesFiles().keep(
        str(tmp_path),
        "w",
        {name: points([(0, float(at), None)]) for at, name in enumerate(names)},
        {"x": 1},
    )
    assert left == [] and len(segments(str(tmp_path))) == 3
    read = SeriesFiles().read(str(tmp_path))
    assert (
        sorted(read.metrics) == sorted(names)
        and list(read.writers) == ["w"]
        and read.odd == {"x": 1}
    )
    assert read.merged("m13").values[0] == 13.0


def test_a_name_that_no_frame_holds_is_given_back(tmp_path: Path) -> None:
    long = "x" * (LONGEST_NAME + 1)
    left = SeriesFiles().keep(
        str(tmp_path), "w", {long: points([(0, 1.0, None)]), "b": points([(0, 1.0, None)])}, {}
    )
    assert left == [long] and SeriesFiles().read(str(tmp_path)).metrics == ["b"]


def test_a_place_that_cannot_be_written_is_said_and_what_was_there_stays(tmp_path: Path) -> None:
    SeriesFiles().keep(str(tmp_path), "w", {"a": points([(0, 1.0, None)])}, {})
    (tmp_path / "series" / f"w.0.seg.{os.getpid()}.tmp").mkdir()
    with pytest.raises(LeadlineError) as caught:
        SeriesFiles().keep(str(tmp_path), "w", {"a": points([(0, 2.0, None)])}, {})
    assert caught.value.kind == "environment"
    assert list(SeriesFiles().read(str(tmp_path)).merged("a").values) == [1.0]
