"""Every row of a table, and every cell of a metric in it, is taken or named with its reason."""

from __future__ import annotations

import csv
import io
import json
import math
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.adapters.extractors.tables import rows_of
from leadline.adapters.results.tables import TableSource
from leadline.core.canonical import digest_bytes
from leadline.core.errors import LeadlineError
from leadline.core.extract.table import csv_rows, object_rows
from leadline.core.tracker.imported import Columns, Findings, FoundRun, metric_columns
from leadline.core.tracker.imported_rows import runs_of_rows
from leadline.core.tracker.row_roles import RowRoles
from tests.chance import examples

ALL = Columns({"ms": "ms", "loss": "loss"})


def read(path: Path, content: str | bytes, columns: Columns = ALL) -> Findings:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return TableSource(path.suffix[1:]).read(str(path), columns)


def refused(path: Path, content: str | bytes) -> LeadlineError:
    with pytest.raises(LeadlineError) as caught:
        read(path, content)
    return caught.value


def cells(found: Findings) -> list[tuple[str, str, str, str]]:
    return [(c.where, c.column, c.said, c.why) for c in found.cells_not_taken]


def reasons(found: Findings) -> dict[str, str]:
    return {row.where: row.why for row in found.not_taken}


def test_a_metric_may_hold_a_mark_in_brackets():
    said = ["a=b=x", "cost=make[branch=main].mean_s", "make[branch=dev].mean_s"]
    assert metric_columns(said) == {
        "a=b": "x",
        "cost": "make[branch=main].mean_s",
        "make[branch=dev].mean_s": "make[branch=dev].mean_s",
    }


MARKED = "a number with a mark, which no column explains"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        *((text, "it is no number") for text in ("-", "N/A", "1_000", "0x1", "1.2.3")),
        ("12.3 ms", "it is in 'ms', and no unit is declared"),
        *((text, "it is a value with its spread") for text in ("0.9 \u00b1 0.1", "0.9+/-0.1 ms")),
        *((text, "it is a bound and no value") for text in ("<0.001", "\u2265 5", ">=5 ms")),
        ("~5", "it is an estimate, as its sign says"),
        *((text, f"it is {MARKED}") for text in ("0.91*", "0.91 \u2020", "1.5e-3**")),
        *((text, "it is a date") for text in ("2026-01-01", "1.2.2026", "2026-01-01T10:00:00Z")),
        *((text, "it is a time of day or a duration") for text in ("1:30", "00:01:30.5")),
        *((text, "it is a range and no value") for text in ("3-5", "3 \u2013 5", "-1 to 2")),
        ("1/2", "it is a fraction"),
        *((text, "it is a number with another beside it") for text in ("0.91 (0.02)", "5 [4; 6]")),
        ("45%", "it is in '%', and no unit is declared"),
        ('"1,234"', "it is 1234 or 1.234"),
    ],
)
def test_a_cell_without_a_number_is_named_and_the_rest_of_its_row_taken(
    tmp_path: Path, text: str, why: str
) -> None:
    found = read(tmp_path / "r.csv", f"block,ms,loss\n1,1.5,{text}\n")
    assert [(run.metrics, run.nonfinite) for run in found.runs] == [({"ms": 1.5}, {})]
    assert (
        cells(found) == [("line 2", "loss", text.strip('"'), why)]
        and found.cells_not_taken_total == 1
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.2 s", 1200.0),
        ("0.57s", 570.0),  # and not 569.9999999999999
        ("\uff11\uff12 ms", 12.0),
        ("1'500 \u00b5s", 1.5),
        ("1.5e3 us", 1.5),
        ("2 min", 120000.0),
    ],
)
def test_a_cell_that_names_its_unit_is_converted_to_that_of_the_metric(
    tmp_path: Path, text: str, value: float
) -> None:
    found = read(
        tmp_path / "r.csv",
        f"block,ms\n1,{text}\n2,1e999 s\n",
        Columns({"ms": "ms"}, units={"ms": "ms"}),
    )
    assert [run.metrics for run in found.runs] == [{"ms": value}]
    assert "too large" in reasons(found)["line 3"]
    said = [why for _, _, cell, why in cells(found) if cell == text]
    assert text.endswith(" ms") or said[0].startswith(f"recorded as {value} ms: 1 ")


@pytest.mark.parametrize(
    ("text", "word"),
    [("nan", "NaN"), ("NaN", "NaN"), ("inf", "Infinity"), ("-Infinity", "-Infinity")],
)
def test_what_is_not_finite_is_recorded_as_such_and_said(
    tmp_path: Path, text: str, word: str
) -> None:
    found = read(tmp_path / "r.csv", f"block,ms,loss\n1,1.5,{text}\n2,{text},\n")
    assert [(run.metrics, run.nonfinite) for run in found.runs] == [
        ({"ms": 1.5}, {"loss": word}),
        ({}, {"ms": word}),
    ]
    assert [(where, column, said) for where, column, said, _ in cells(found)] == [
        ("line 2", "loss", text),
        ("line 3", "ms", text),
        ("line 3", "loss", ""),
    ]
    assert f"recorded as {word}" in cells(found)[0][3]


@pytest.mark.parametrize("text", ["1e999", "-1e999", "9" * 400])
def test_what_no_float_can_hold_is_not_infinite(tmp_path: Path, text: str) -> None:
    found = read(tmp_path / "r.csv", f"ms,loss\n1.5,{text}\n{text},\n")
    assert [(run.metrics, run.nonfinite) for run in found.runs] == [({"ms": 1.5}, {})]
    assert "too large" in cells(found)[0][3] and "too large" in reasons(found)["line 3"]
    assert len(cells(found)[0][2]) <= 61


@pytest.mark.parametrize("text", ["1e400", "-1e999", "9" * 400])
@pytest.mark.parametrize("name", ["r.json", "r.jsonl"])
def test_a_json_number_that_no_float_can_hold_is_not_infinite(
    tmp_path: Path, name: str, text: str
) -> None:
    found = read(tmp_path / name, f'{{"ms": 1.5, "loss": {text}, "lr": {text}}}')
    assert [(run.metrics, run.nonfinite) for run in found.runs] == [({"ms": 1.5}, {})]
    ((_, column, said, why),) = cells(found)
    assert (column, said[:60]) == ("loss", text[:60]) and "too large for a number of 64 bits" in why
    assert str(found.runs[0].config["lr"]) == text
    found = read(tmp_path / name, '{"ms": Infinity, "loss": NaN}')
    assert found.runs[0].nonfinite == {"ms": "Infinity", "loss": "NaN"}


def test_a_number_too_small_for_a_float_is_named(tmp_path: Path) -> None:
    for name, content in (
        ("r.csv", "ms,loss\n1e-400,0e-400\n"),
        ("r.json", '{"ms": 1e-400, "loss": 0.0}'),
    ):
        found = read(tmp_path / name, content)
        assert found.runs[0].metrics == {"ms": 0.0, "loss": 0.0}
        assert [(c[1], c[2]) for c in cells(found)] == [
            ("ms", "1e-400")
        ] and "nearest number" in cells(found)[0][3]


@pytest.mark.parametrize(
    "content", ["ms,loss\n19007199254740990001,1\n", "ms,loss\n1,-19007199254740990001\n"]
)
def test_a_whole_number_that_had_to_be_rounded_is_named(tmp_path: Path, content: str) -> None:
    found = read(tmp_path / "r.csv", content)
    assert len(found.runs[0].metrics) == 2 and "nearest number" in cells(found)[0][3]
    assert not read(
        tmp_path / "r.csv", content.replace("19007199254740990001", "9007199254740993")
    ).cells_not_taken


def test_a_row_of_which_nothing_can_be_taken_says_what_stood_there(tmp_path: Path) -> None:
    found = read(tmp_path / "r.csv", "ms,loss\nabc,45%\n,\n-,\n")
    assert not found.runs and not found.cells_not_taken
    assert reasons(found) == {
        "line 2": "ms is 'abc', which is no number; loss is '45%', which is in '%', and no unit is declared",
        "line 3": "it has no value of ms, loss",
        "line 4": "ms is '-', which is no number",
    }


def test_a_metric_that_no_row_has_is_not_missing_in_each_of_them(tmp_path: Path) -> None:
    assert not read(tmp_path / "r.csv", "block,ms\n1,1.5\n").cells_not_taken
    found = read(tmp_path / "r.jsonl", '{"ms": 1}\n{"ms": 2, "loss": 3}\n')
    assert cells(found) == [("line 1", "loss", "", "the row has no such cell")]


def test_the_cells_of_a_row_that_is_not_taken_are_not_listed(tmp_path: Path) -> None:
    columns = Columns({"ms": "ms", "loss": "loss"}, key=["id"], keep="last")
    found = read(tmp_path / "r.csv", "id,ms,loss\n1,1,\n1,2,-\n", columns)
    assert [c[:3] for c in cells(found)] == [("line 3", "loss", "-")]


def test_rows_that_no_key_names_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    found = read(
        tmp_path / "r.csv", "id,ms\n,1\n,2\n,1\n7,1\n", Columns({"ms": "ms"}, [], key=["id"])
    )
    assert [run.where for run in found.runs] == ["line 2", "line 3", "line 5"]
    assert "same as line 2" in reasons(found)["line 4"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_utf16_is_read_as_its_mark_tells(tmp_path: Path, encoding: str, ending: str) -> None:
    mark = "\ufeff" if encoding.endswith("be") else ""
    rows = {
        "r.csv": ["block,ms", "\u6e2c,1.5"],
        "r.tsv": ["block\tms", "\u6e2c\t1.5"],
        "r.jsonl": ['{"block": "\u6e2c", "ms": 1.5}'],
        "r.json": ['[{"block": "\u6e2c",', '"ms": 1.5}]'],
    }
    for name, lines in rows.items():
        data = "".join(f"{line}{ending}" for line in (mark + lines[0], *lines[1:])).encode(encoding)
        found = read(tmp_path / name, data)
        assert [(run.config, run.metrics) for run in found.runs] == [
            ({"block": "\u6e2c"}, {"ms": 1.5})
        ]
        assert found.digest == digest_bytes(data)
    broken = "block,ms\n1,1.5\n".encode("utf-16") + b"\x00\xd8,\x002\x00\n\x00"
    assert reasons(read(tmp_path / "r.csv", broken)) == {"line 3": "block is not UTF-8"}


def test_lines_that_a_carriage_return_alone_ends_are_lines(tmp_path: Path) -> None:
    found = read(tmp_path / "r.csv", b"block,ms\r1,1.5\r2,x\r")
    assert [(run.where, run.metrics) for run in found.runs] == [("line 2", {"ms": 1.5})]
    assert reasons(found) == {"line 3": "ms is 'x', which is no number"}


def test_a_row_that_sums_up_those_above_is_no_run_and_a_word_alone_sums_up_nothing(
    tmp_path: Path,
) -> None:
    rows = ["a,1,10", "b,2,30", "c,4,35", "Total,7,75", "**Mean**,2.33,25", "max,4,35"]
    rows += ["min,,10", "mean,9,9", "sum,20,80"]
    found = read(tmp_path / "r.csv", "\n".join(["pool,ms,loss", *rows]))
    assert [run.config["pool"] for run in found.runs] == ["a", "b", "c", "mean", "sum"]
    said = reasons(found)
    assert [*said] == ["line 5", "line 6", "line 7", "line 8"]
    assert (
        said["line 5"] == "its values are the total of the 3 rows above, which its first cell says"
    )


@pytest.mark.parametrize(
    "rows",
    [
        ["cls,0,0.910", "last,0,0.913", "max,0,0.915", "mean,0,0.9131"],
        ["mean,0,0.910", "mean,1,0.912", "mean,2,0.911"],
        ["0,mean,0.910", "1,cls,0.912", "2,mean,0.911"],
    ],
)
def test_runs_whose_pooling_is_a_mean_are_runs_though_their_values_lie_close(
    tmp_path: Path, rows: list[str]
) -> None:
    found = read(tmp_path / "r.csv", "\n".join(["pool,seed,ms", *rows]))
    assert (len(found.runs), reasons(found)) == (len(rows), {})


def test_words_that_tell_what_was_tried_tell_no_failure(tmp_path: Path) -> None:
    columns = Columns({"ms": "ms"}, ["id"], roles=RowRoles(words=["note"]))
    notes = ["skip connections in the decoder", "pruned at 50%", "Error analysis of layer 3"]
    notes += ["timeout handling improved", "lost in the middle", "crash course"]
    text = "id,ms,note\n" + "".join(f"{n},n/a,{note}\n" for n, note in enumerate(notes))
    runs = read(tmp_path / "r.csv", text, columns).runs
    assert [run.state for run in runs] == ["done"] * len(notes)
    notes = ["Error in layer 3", "ValueError: b", "failed badly", "timeout (600 s)", "crash - OOM"]
    text = "id,ms,note\n" + "".join(f"{n},n/a,{note}\n" for n, note in enumerate(notes))
    runs = read(tmp_path / "r.csv", text, columns).runs
    assert [run.reason for run in runs] == notes and "done" not in {run.state for run in runs}


def test_what_stands_in_place_of_a_state_or_a_value_is_an_end(tmp_path: Path) -> None:
    text = "id,ms,status\na,0,Error loading weights\nb,lost connection,\nc,0,timeout reached\n"
    runs = read(tmp_path / "r.csv", text, Columns({"ms": "ms"}, ["id"])).runs
    assert [(run.state, run.metrics) for run in runs] == [
        ("failed", {}),
        ("failed", {}),
        ("timeout", {}),
    ]


def test_a_row_without_a_value_whose_words_say_why_is_a_failed_run(tmp_path: Path) -> None:
    columns = Columns({"ms": "ms"}, ["id"], roles=RowRoles(words=["note"]))
    text = "id,ms,note\na,1.5,out of memory was near\nb,n/a,out of memory\nc,n/a,noisy\n"
    found = read(tmp_path / "r.csv", text, columns)
    told = [(run.state, run.reason, run.metrics) for run in found.runs]
    assert told == [("done", "", {"ms": 1.5}), ("failed", "out of memory", {}), ("done", "", {})]


def test_a_quoted_cell_of_a_tsv_may_hold_a_tab(tmp_path: Path) -> None:
    found = read(tmp_path / "r.tsv", 'block\tms\n"a\tb"\t1\n"c"\t"2"\n"d\t3\n"e\tf\tg\t4\n')
    assert [(run.config, run.metrics) for run in found.runs] == [
        ({"block": "a\tb"}, {"ms": 1.0}),
        ({"block": "c"}, {"ms": 2.0}),
        ({"block": '"d'}, {"ms": 3.0}),
    ]
    assert "number of cells" in reasons(found)["line 5"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (bytes(range(256)), "not-text"),
        (b"\x89PNG\r\n\x1a\n", "not-utf8"),
        (b"block,ms,\xb5s\n1,2,3\n", "not-utf8"),
        (b"block,ms\r1,2\n", "not-lines"),
        (b"", "empty-file"),
    ],
)
def test_what_is_no_text_is_called_so(tmp_path: Path, content: bytes, code: str) -> None:
    assert refused(tmp_path / "r.csv", content).code == code


def test_a_header_cut_within_a_character_by_the_look_ahead_is_text(tmp_path: Path) -> None:
    header = "ms," + "é" * 40_000
    assert len(read(tmp_path / "r.csv", f"{header}\n1,2\n").runs) == 1
    assert refused(tmp_path / "r.csv", header.encode() + b"\xff\n1,2\n").code == "not-utf8"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfblock,ms\r\n1,1.5\r\n",
        b"\r\n\nblock,ms\n\n1,1.5",
        b'"block","ms"\r\n"1","1.5"\r\n',
    ],
)
def test_marks_line_ends_and_quotes_of_other_programs(tmp_path: Path, content: bytes) -> None:
    (run,) = read(tmp_path / "r.csv", content).runs
    assert (run.config, run.metrics) == ({"block": 1}, {"ms": 1.5})


def test_a_byte_order_mark_is_no_part_of_a_json_line(tmp_path: Path) -> None:
    assert len(read(tmp_path / "r.jsonl", b'\xef\xbb\xbf{"ms": 1}\r\n').runs) == 1


@pytest.mark.parametrize(("byte", "what"), [(b"\xb5", "not UTF-8"), (b"\0", "NUL byte")])
@pytest.mark.parametrize("name", ["r.csv", "r.tsv"])
def test_a_cell_that_cannot_be_recorded_is_named_and_the_other_rows_taken(
    tmp_path: Path, name: str, byte: bytes, what: str
) -> None:
    content = b"block,ms\n1,1.5\n2" + byte + b",1.6\n3,1.7\n"
    found = read(tmp_path / name, content.replace(b",", b"\t") if name == "r.tsv" else content)
    assert [run.where for run in found.runs] == ["line 2", "line 4"]
    assert reasons(found).keys() == {"line 3"} and what in reasons(found)["line 3"]


def test_a_quote_never_closed_swallows_no_line_unnamed(tmp_path: Path) -> None:
    found = read(tmp_path / "r.csv", 'block,ms\n1,1.5\n"2,1.6\n3,1.7\n4,1.8\n')
    assert reasons(found) == dict.fromkeys(["line 3", "line 4", "line 5"], "the quoting is broken")
    long = read(tmp_path / "r.csv", 'block,ms\n"' + "x" * 140_000 + "\n3,1.7\n")
    assert "128 KiB" in reasons(long)["line 2"] and [run.where for run in long.runs] == ["line 3"]


def test_a_row_over_several_lines_says_so(tmp_path: Path) -> None:
    found = read(tmp_path / "r.csv", 'block,ms\n1,"1.5\n2,1.6"\n3,1.7\n"4\n4",1.8\n')
    assert [run.where for run in found.runs] == ["line 4", "line 5"] and "line 2" in reasons(found)
    assert [where for where, _ in found.notes] == ["line 2", "line 5"] and "line 6" in found.notes[
        1
    ][1]


def test_two_columns_of_one_name_are_not_guessed_between(tmp_path: Path) -> None:
    assert refused(tmp_path / "r.csv", "block,ms,ms\n1,1.5,1.6\n").code == "duplicate-column"
    found = read(tmp_path / "r.csv", "block,ms,x,x\n1,1.5,1,2\n", Columns({"ms": "ms"}, ["block"]))
    assert len(found.runs) == 1 and "2 times" in found.notes[0][1]


def test_a_column_without_a_name_is_left_and_said(tmp_path: Path) -> None:
    found = read(tmp_path / "r.csv", ",block,ms\n0,64,1.5\n1,64,1.6\n")
    assert [run.config for run in found.runs] == [
        {"block": 64},
        {"block": 64},
    ] and "no name" in found.notes[0][1]


def test_a_remark_is_no_title(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("name,ms,note,idea\na,1.5,too slow,fuse both\n")
    for words, name in ((["note"], ""), (["note", "idea"], "fuse both")):
        columns = Columns({"ms": "ms"}, ["name"])
        columns.roles.words = words
        (run,) = TableSource("csv").read(str(path), columns).runs
        assert (run.name, run.told["note"]) == (name, "too slow")


def test_what_stands_above_a_header_is_no_header_for_its_commas(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("# at 1,024 points, one device\n# a mean, each\n# two\nname,ms\na,1.5\n")
    found = TableSource("csv").read(str(path), Columns({"ms": "ms"}, ["name"]))
    assert [(run.where, run.metrics) for run in found.runs] == [("line 5", {"ms": 1.5})]
    path.write_text("# name,ms\na,1.5\n")
    found = TableSource("csv").read(str(path), Columns({"ms": "ms"}, ["# name"]))
    assert [run.config for run in found.runs] == [{"# name": "a"}]


@pytest.mark.parametrize("below", ["\n\na,1.5\n", "\n", '\n"' + "x" * 140_000 + '",2\na,1.5\n'])
def test_a_header_behind_a_mark_stays_one_whatever_stands_below_it(tmp_path: Path, below: str):
    path = tmp_path / "t.csv"
    path.write_text("#name,ms" + below)
    found = TableSource("csv").read(str(path), Columns({"ms": "ms"}, ["#name"]))
    assert found.columns == ["#name", "ms"]
    assert [run.metrics["ms"] for run in found.runs] == [1.5] * below.count("a,1.5")


def test_each_of_many_remarks_above_a_header_is_read_in_its_turn(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "# x\n" * 100_000 + "name,ms\na,1.5\n"
    )  # minutes, where each waits for those above
    found = TableSource("csv").read(str(path), Columns({"ms": "ms"}, ["name"]))
    assert [run.metrics for run in found.runs] == [{"ms": 1.5}]


@pytest.mark.parametrize(
    ("name", "content"), [("r.csv", "block,ms\n"), ("r.jsonl", "\n"), ("r.json", "[]")]
)
def test_a_table_without_rows_says_so(tmp_path: Path, name: str, content: str) -> None:
    found = read(tmp_path / name, content)
    assert not found.runs and "no row" in found.notes[0][1]


JSON_LINES = [
    ('{"ms": 1, "block": ', "not a JSON object"),
    ("[1]", "not a JSON object"),
    ('{"block": 1, "block": 2, "ms": 1}', "gives one name twice"),
    ('{"a.b": 1, "a": {"b": 2}, "ms": 1}', "meet in one name"),
    ('{"ms": [1, 2]}', "ms is '[1, 2]', which is no number"),
    ('{"ms": "yes"}', "ms is 'yes', which is no number"),
    ('{"ms": null}', "no value of ms"),
    ('{"ms": 1, "block": "\\ud800"}', "block is not UTF-8"),
    ('{"ms": 1, "block": ["\\ud800"]}', "block is not UTF-8"),
    ('{"ms": 1, "\\ud800": 1}', "is not UTF-8"),
    ('{"ms": ' + "9" * 400 + "}", "too large"),
    ('{"a":' * 800 + "1" + "}" * 800, "no value of ms"),
    ('{"block": "' + "x" * 1_100_000 + '"}', "too long"),
]


@pytest.mark.parametrize(("line", "why"), JSON_LINES, ids=range(len(JSON_LINES)))
def test_a_broken_line_in_the_middle_is_named_and_those_around_it_taken(
    tmp_path: Path, line: str, why: str
) -> None:
    found = read(tmp_path / "r.jsonl", f'{{"ms": 1}}\n{line}\n{{"ms": 3}}\n')
    assert [run.where for run in found.runs] == ["line 1", "line 3"]
    assert why in reasons(found)["line 2"]
    # whatever stood there, the report can be written
    json.dumps(found.report(), ensure_ascii=False).encode()


def test_what_is_nested_too_deep_is_a_bad_row() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"a": deep}
    assert list(object_rows([(1, {"ms": deep})], whole=True)) == [(1, None, "name-collision")]


def test_a_run_is_read_as_before_but_for_what_is_no_text(tmp_path: Path) -> None:
    """The checks of a run's own result file stay as they were: a strange byte in a cell blocks no
    result."""
    path = tmp_path / "r.csv"
    path.write_bytes(b"ms,\xb5\n1,\xb5\n")
    assert next(rows_of(str(path), "csv", "r.csv").rows) == (2, {"ms": "1", "\ufffd": "\ufffd"}, "")
    path.write_bytes("ms\n1\n".encode("utf-16"))
    assert list(rows_of(str(path), "csv", "r.csv").rows) == [(2, {"ms": "1"}, "")]


def test_nothing_nested_is_lost_from_a_config(tmp_path: Path) -> None:
    """Two rows that differ in a nested text alone are no repeats."""
    lines = '{"ms": 1, "o": {"name": "adam", "b": [0.9, 1]}}\n{"ms": 2, "o": {"name": "sgd", "b": [0.9, NaN]}}\n'
    first, second = read(tmp_path / "r.jsonl", lines).runs
    assert first.config == {"o.name": "adam", "o.b": [0.9, 1]}
    assert second.config == {"o.name": "sgd", "o.b": [0.9, "NaN"]}


def test_an_integer_of_too_many_digits_is_config_as_text(tmp_path: Path) -> None:
    many = "1" * 400
    content = f'[{{"n": {many}, "big": {2**70}, "l": [{many}], "when": {many}, "ms": 1.5}}]'
    columns = Columns({"ms": "ms"}, ["n", "big", "l"], roles=RowRoles(time="when"))
    (run,) = read(tmp_path / "r.json", content, columns).runs
    assert run.config == {"n": many, "big": 2**70, "l": f"[{many}]"} and not run.started_at


def test_literals_of_python_in_json(tmp_path: Path) -> None:
    found = read(tmp_path / "r.json", '[{"ms": NaN, "loss": 1, "x": Infinity}, {"ms": -Infinity}]')
    assert [(r.metrics, r.nonfinite) for r in found.runs] == [
        ({"loss": 1.0}, {"ms": "NaN"}),
        ({}, {"ms": "-Infinity"}),
    ]
    assert found.runs[0].config == {"x": "Infinity"} and found.cells_not_taken_total == 3


def test_parquet_with_everything_that_a_cell_can_be(tmp_path: Path) -> None:
    parquet, pa = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    from datetime import datetime
    from decimal import Decimal

    table = pa.table(
        {
            "ms": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
            "loss": [math.nan, 2.0],
            "at": [datetime(2026, 1, 2)] * 2,
            "o": [{"name": "adam"}] * 2,
            "b": [[1, 2]] * 2,
        }
    )
    path = tmp_path / "r.parquet"
    parquet.write_table(table, path)
    found = TableSource("parquet").read(str(path), ALL)
    assert [(r.metrics, r.nonfinite) for r in found.runs] == [
        ({"ms": 1.5}, {"loss": "NaN"}),
        ({"loss": 2.0}, {}),
    ]
    assert found.runs[0].config == {"at": "2026-01-02 00:00:00", "o.name": "adam", "b": [1, 2]}
    assert [c[:2] for c in cells(found)] == [("row 1", "loss"), ("row 2", "ms")]
    whole = path.read_bytes()
    assert (
        refused(path, whole[:-20]).code == "not-parquet"
        and refused(path, whole[:4]).code == "not-parquet"
    )
    parquet.write_table(
        pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["ms", "ms"]), path
    )
    with pytest.raises(LeadlineError, match="two columns called 'ms'"):
        TableSource("parquet").read(str(path), ALL)


@pytest.mark.parametrize("texts", [["a=x", "a=y"], ["a=x", "b=x"], ["a", "b=a"]])
def test_a_metric_from_two_columns_is_refused(texts: list[str]) -> None:
    with pytest.raises(LeadlineError) as caught:
        metric_columns(texts)
    assert caught.value.code == "metric-named-twice"


texts = st.sampled_from(
    ["1", "2.5", "-3e-2", "", " ", "nan", "inf", "-", "x", "1e999", "45%", "1,5", 'a"b', "a\nb"]
)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.lists(texts, min_size=2, max_size=4), max_size=12), st.booleans())
def test_rows_and_cells_add_up(table: list[list[str]], keyed: bool) -> None:
    """Each record of the file is one run or one reason, each metric cell of a run one number or one
    entry."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([["id", "ms", "loss"], *table])
    lines: list[tuple[int, str | None]] = list(enumerate(out.getvalue().split("\n")[:-1], 1))
    columns = Columns({"ms": "ms", "loss": "loss"}, key=["id"] if keyed else [])
    found = Findings("r.csv", "", "reported")
    header = ["id", "ms", "loss"]
    runs_of_rows(csv_rows(header, iter(lines[1:])), header, columns, found)
    whole = [row for row in table if len(row) == 3]
    # named line by line
    broken = sum(1 + sum(cell.count("\n") for cell in row) for row in table if len(row) != 3)
    assert len(found.runs) + found.not_taken_total == len(whole) + broken
    finite = sum(len(run.metrics) for run in found.runs)
    assert finite + found.cells_not_taken_total == 2 * len(found.runs)
    assert all(math.isfinite(value) for run in found.runs for value in run.metrics.values())
    report: dict[str, Any] = found.report()
    assert len(report["cells_not_taken"]) == report["cells_not_taken_total"]


def test_bytes_of_parquet_are_text_where_they_are_text(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "r.parquet"
    rows = {"name": [b"ok", b"\xff"], "tags": [[b"a"], [b"b"]], "ms": [b"1.5", b"2"]}
    parquet.write_table(pyarrow.table(rows), path)
    found = TableSource("parquet").read(str(path), ALL)
    assert [(run.config, run.metrics) for run in found.runs] == [
        ({"name": "ok", "tags": ["a"]}, {"ms": 1.5})
    ]
    assert reasons(found) == {"row 2": "name is not UTF-8"}


def test_an_object_in_the_column_of_a_metric_is_called_so(tmp_path: Path) -> None:
    found = read(
        tmp_path / "r.jsonl", '{"ms": {"mean": 1, "sd": 2}}\n{"ms": 1, "loss": [{"a": 1}]}\n'
    )
    assert reasons(found) == {
        "line 1": "ms is an object or a list of them: its values are columns, ms.mean, ms.sd"
    }
    assert cells(found) == [
        (
            "line 2",
            "loss",
            "",
            "it is an object or a list of them: its values are columns, loss.0.a",
        )
    ]


def test_a_boolean_in_the_column_of_a_metric_is_0_or_1_as_where_it_is_logged(
    tmp_path: Path,
) -> None:
    found = read(tmp_path / "r.jsonl", '{"ms": true, "loss": false, "cold": true}\n')
    assert [(run.metrics, run.config) for run in found.runs] == [
        ({"ms": 1.0, "loss": 0.0}, {"cold": True})
    ]
    assert not found.cells_not_taken


def test_runs_that_wait_say_what_they_said_and_take_little_room(tmp_path: Path) -> None:
    columns = Columns({"ms": "ms", "loss": "loss"}, None, key=["key"])
    head = "key,ms,loss," + ",".join(f"axis_{at}" for at in range(6))
    lines = (f"k{at},{at}.5,0.{at}," + ",".join([f"{at}.25"] * 6) for at in range(2000))
    content = "\n".join([head, *lines]) + "\n"
    read(tmp_path / "first.csv", content, columns)  # what is loaded and compiled once
    tracemalloc.start()
    try:
        found = read(tmp_path / "r.csv", content, columns)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert now < 1_200 * 2000 and peak < 2_400 * 2000  # bytes a row; in fields it takes 2,900
    assert found.runs[1999].config == {"key": "k1999", **{f"axis_{at}": 1999.25 for at in range(6)}}
    for run in found.runs.changing():
        run.reason = run.where
    assert [run.reason for run in found.runs] == [f"line {at}" for at in range(2, 2002)]
    whole = FoundRun("w", "k", {"a": [1, {"b": None}]}, {"m": 1.0}, items={"m": {"by": ["x"]}})
    found.runs.append(whole)
    assert found.runs[2000] == whole and found.runs[2000] is not whole
