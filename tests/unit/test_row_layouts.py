"""Tables that are laid out in other ways than a run a row, and columns with a role of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadline.adapters.results.tables import TableSource
from leadline.core.errors import LeadlineError
from leadline.core.tracker.imported import Columns, Findings
from leadline.core.tracker.row_roles import RowRoles
from leadline.core.tracker.told_time import told_time

EPOCHS = RowRoles(step="epoch")
LONG = RowRoles(metric_column="metric", value_column="value")


def read(path: Path, text: str, columns: Columns) -> Findings:
    path.write_text(text)
    return TableSource(path.suffix[1:]).read(str(path), columns)


def reasons(found: Findings) -> dict[str, str]:
    return {row.where: row.why for row in found.not_taken}


def test_rows_of_one_value_each_are_one_run_of_all_that_belong_together(tmp_path: Path) -> None:
    text = "id,metric,value,seed\nA,mae,1.5,1\nA,r2,0.5,1\nA,mae,1.6,2\nB,mae,9-11,1\nA,r2,0.5,1\n"
    columns = Columns({}, ["seed"], key=["id"], roles=LONG)
    found = read(tmp_path / "l.csv", text, columns)
    assert [(run.config, run.told, run.metrics) for run in found.runs] == [
        ({"seed": 1}, {"id": "A"}, {"mae": 1.5, "r2": 0.5}),
        ({"seed": 2}, {"id": "A"}, {"mae": 1.6}),
    ]
    assert reasons(found) == {
        "line 5": "mae is '9-11', which is a range and no value",
        "line 6": "it is the same as line 3 in every column",
    }


def test_a_metric_that_comes_again_is_of_a_repeat(tmp_path: Path) -> None:
    text = "model,metric,value\na,acc,0.5\na,acc,0.75\na,loss,2\n"
    columns = Columns({"acc": "acc"}, ["model"], roles=LONG)
    found = read(tmp_path / "l.csv", text, columns)
    assert [run.metrics for run in found.runs] == [{"acc": 0.5}, {"acc": 0.75}]
    assert reasons(found) == {"line 4": "its metric 'loss' is not asked for"}


def test_a_value_before_a_change_and_after_it_are_two_runs(tmp_path: Path) -> None:
    text = "case,old,new,status,note\n1,4,2,kept,cache it\n2,5,,crashed,does not build\n"
    columns = Columns(
        {},
        ["case"],
        key=["case"],
        roles=RowRoles(before="old", after="new=ms", state="status", words=["note"]),
    )
    found = read(tmp_path / "p.csv", text, columns)
    assert [(run.config, run.state, run.metrics) for run in found.runs] == [
        ({"case": 1, "side": "before"}, "done", {"ms": 4.0}),
        ({"case": 1, "side": "after"}, "done", {"ms": 2.0}),
        ({"case": 2, "side": "before"}, "done", {"ms": 5.0}),
        ({"case": 2, "side": "after"}, "failed", {}),
    ]
    assert len({run.row for run in found.runs}) == 4


def test_rows_with_a_step_are_one_run_for_each_series(tmp_path: Path) -> None:
    rows = "".join(f"{seed},{step},{seed + step / 10}\n" for seed in (1, 2) for step in range(4))
    kept = []
    columns = Columns({"loss": "loss"}, ["seed"], {"loss": "min"}, roles=EPOCHS)
    columns.points = lambda run: kept.append([*run.series["loss"].values])
    found = read(tmp_path / "s.csv", "seed,epoch,loss\n" + rows + "1,x,5\n", columns)
    assert [(run.config, run.metrics) for run in found.runs] == [
        ({"seed": 1}, {"loss": 1.0}),
        ({"seed": 2}, {"loss": 2.0}),
    ]
    assert kept == [[1.0, 1.1, 1.2, 1.3], [2.0, 2.1, 2.2, 2.3]]
    assert reasons(found) == {"line 10": "epoch is 'x', which is no step"}


def test_what_a_row_says_besides_is_kept_apart_from_its_config(tmp_path: Path) -> None:
    text = (
        "sha,when,verdict,why,ms\n1234e56,2026-05-02 10:00,keep,a base,5\n77ab012,soon,revert,no,6\n"
        "26e6891,2026-05-02 12:00,keep,one without a number,see below\n"
    )
    roles = RowRoles(commit="sha", time="when", state="verdict", words=["why"])
    columns = Columns({"ms": "ms"}, roles=roles)
    found = read(tmp_path / "w.csv", text, columns)
    first, second, third = found.runs
    assert (first.config, first.commit, first.name) == ({}, "1234e56", "a base")
    assert first.told == {"why": "a base", "verdict": "keep", "when": "2026-05-02 10:00"}
    assert first.started_at == first.ended_at == "2026-05-02T10:00:00.000Z"
    assert (second.started_at, second.told["when"]) == ("", "soon")
    assert (third.state, third.metrics) == ("done", {})
    assert [(c.where, c.column, c.why) for c in found.cells_not_taken] == [
        ("line 3", "when", "it is no time"),
        ("line 4", "ms", "it is no number"),
    ]
    assert ("w.csv", "the times name no zone: they are taken as UTC") in found.notes


def test_a_row_of_what_has_not_ended_is_named(tmp_path: Path) -> None:
    found = read(
        tmp_path / "n.csv",
        "a,ms,status\n1,,preregistered\n2,,refuted\n",
        Columns({"ms": "ms"}, ["a"], roles=RowRoles(state="status")),
    )
    assert reasons(found) == {"line 2": "status says 'preregistered': it has not ended"}
    assert [run.config for run in found.runs] == [{"a": 2}]


@pytest.mark.parametrize(
    ("column", "cells", "states"),
    [
        ("exit_code", "0 137 124", "done failed failed"),
        ("rc", "0 -9 1", "done failed failed"),
        ("converged", "yes no True", "done failed done"),
        ("timed_out", "0 1 false", "done timeout done"),
        ("error", "none RuntimeError: -", "done failed done"),
        ("status", "COMPLETED CANCELLED NODE_FAIL", "done failed failed"),
        ("status", "COMPLETE PRUNED nan", "done failed done"),
        ("ms", "CUDA_out_of_memory,_OOM 5 SIGKILL", "failed done failed"),
    ],
)
def test_a_run_that_did_not_end_well_has_no_value_of_0(
    tmp_path: Path, column: str, cells: str, states: str
) -> None:
    value = "" if column == "ms" else ",0"
    lines = [
        f'{n},"{cell.replace("_o", " o").replace(",_", ", ")}"{value}'
        for n, cell in enumerate(cells.split())
    ]
    header = f"n,{column}" + (",ms" if value else "")
    roles = RowRoles(state=column if value else "")
    found = read(
        tmp_path / "e.csv", "\n".join([header, *lines]), Columns({"ms": "ms"}, ["n"], roles=roles)
    )
    assert [run.state for run in found.runs] == states.split()
    assert [bool(run.metrics) for run in found.runs] == [run.state == "done" for run in found.runs]


def test_names_that_come_twice_can_be_told_apart(tmp_path: Path) -> None:
    with pytest.raises(LeadlineError) as raised:
        read(tmp_path / "d.csv", "a,ms,ms\nx,1,2\n", Columns({"ms": "ms"}))
    names = str(raised.value.next).rpartition(" ")[2].split(",")
    found = read(tmp_path / "d.csv", "a,ms,ms\nx,1,2\n", Columns({"ms": "ms"}, ["a"], header=names))
    assert [run.metrics for run in found.runs] == [{"ms": 1.0}] and not found.not_taken
    page = "| a | ms | ms |\n|---|---|---|\n| x | 1 | 2 |\n"
    (tmp_path / "d.md").write_text(page)
    columns = Columns({"ms": "ms"}, ["a"], header=names)
    (run,) = TableSource("markdown").read(str(tmp_path / "d.md"), columns).runs
    assert run.metrics == {"ms": 1.0}


def test_a_line_that_says_what_parts_cells_is_followed(tmp_path: Path) -> None:
    (run,) = read(tmp_path / "s.csv", "sep=;\na;ms\nx,y;0,5\n", Columns({"ms": "ms"})).runs
    assert (run.config, run.metrics, run.where) == ({"a": "x,y"}, {"ms": 0.5}, "line 3")


def test_columns_that_are_laid_out_by_blanks_are_columns(tmp_path: Path) -> None:
    text = "name   ms    gb\na      1.5    2\nb\t2.5\n\n c    3.5    3\n"
    found = read(tmp_path / "b.csv", text, Columns({"ms": "ms"}))
    assert [(run.where, run.config) for run in found.runs] == [
        ("line 2", {"name": "a", "gb": 2}),
        ("line 5", {"name": "c", "gb": 3}),
    ]
    assert [*reasons(found)] == ["line 3"]
    (run,) = read(tmp_path / "n.csv", "the time\n1.5\n", Columns({"the time": "ms"})).runs
    assert run.metrics == {"ms": 1.5}


@pytest.mark.parametrize("text", ["# c\na,ms\rx,1\n", "sep=;\na;ms\rx;1\n", f"a,{'b' * 200_000}\n"])
def test_a_header_that_cannot_be_read_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(LeadlineError, match="its header, is not readable"):
        read(tmp_path / "h.csv", text, Columns({"ms": "ms"}))


def test_rows_that_differ_in_what_is_left_are_kept_apart_and_it_is_said(tmp_path: Path) -> None:
    text = "a,ms,host\n1,5,x\n1,5,y\n2,5,x\n"
    found = read(tmp_path / "k.csv", text, Columns({"ms": "ms"}, ["a"]))
    assert len(found.runs) == 3
    what = "2 rows say the same in all that is taken and are kept apart: they differ in host"
    assert ("k.csv", what) in found.notes


@pytest.mark.parametrize(
    ("name", "text"),
    [("s.csv", 'a;ms\n"x;y";0,5\n'), ("s.csv", "a\tms\nx;y\t0.5\n"), ("s.tsv", "a,ms\nx;y,0.5\n")],
)
def test_cells_are_parted_by_what_parts_the_names(tmp_path: Path, name: str, text: str) -> None:
    (run,) = read(tmp_path / name, text, Columns({"ms": "ms"})).runs
    assert (run.config, run.metrics) == ({"a": "x;y"}, {"ms": 0.5})


def test_the_table_of_a_page_that_is_named_is_read_and_others_are_noted(tmp_path: Path) -> None:
    page = (
        "# Results\n\n```\n| no | table |\n|---|---|\n```\n\n| arm | ms |\n|:----|---:|\n| `a\\|b` | **1,234.5** |\n"
        "| c |\n| d | 2 |\n\ntext\n\n| x | y |\n|---|---|\n| 1 | 2 |\n"
    )
    (tmp_path / "p.md").write_text(page)
    found = TableSource("markdown").read(str(tmp_path / "p.md"), Columns({"ms": "ms"}, ["arm"]))
    assert [(run.config, run.metrics) for run in found.runs] == [
        ({"arm": "a|b"}, {"ms": 1234.5}),
        ({"arm": "d"}, {"ms": 2.0}),
    ]
    assert reasons(found) == {
        "line 11": "the number of cells is not that of the header",
    }
    assert found.notes == [("line 16", "another table: --table 2")]
    columns = Columns({"x": "x"}, table="2")
    assert [
        r.metrics for r in TableSource("markdown").read(str(tmp_path / "p.md"), columns).runs
    ] == [{"x": 1.0}]
    with pytest.raises(LeadlineError, match="has no table '3'; it has 1, 2") as refusal:
        TableSource("markdown").read(str(tmp_path / "p.md"), Columns({"x": "x"}, table="3"))
    assert refusal.value.next[0].endswith("p.md --table 1")


def test_rows_of_items_are_one_run_for_each_config(tmp_path: Path) -> None:
    text = (
        "model,question,acc,why\na,q1,true,\na,q2,false,long\nb,q1,true,\na,q1,false,again\n"
        "b,q3,,timeout\nb,,true,\n"
    )
    columns = Columns({"acc": "acc"}, roles=RowRoles(items=["question"], words=["why"]))
    found = read(tmp_path / "i.csv", text, columns)
    assert [(run.where, run.config, run.metrics, run.told) for run in found.runs] == [
        ("from line 2", {"model": "a"}, {"acc": 0.5}, {}),
        ("from line 4", {"model": "b"}, {"acc": 1.0}, {}),
    ]
    first, second = (run.items["acc"] for run in found.runs)
    assert (first["by"], first["n"], first["values"]) == (["question"], 2, {"q1": 1.0, "q2": 0.0})
    assert (second["n"], second["missing"], second["reduce"]) == (1, 1, "mean")
    assert reasons(found) == {
        "line 5": "its item q1 is that of line 2, which is taken",
        "line 7": "question names no item",
    }
    assert [cell.where for cell in found.cells_not_taken] == ["line 6"]


def test_comments_are_named_and_no_header(tmp_path: Path) -> None:
    found = read(tmp_path / "c.csv", "# made by hand\na,ms\n1,5\n", Columns({"ms": "ms"}))
    assert [run.config for run in found.runs] == [{"a": 1}]
    assert reasons(found) == {"line 1": "a comment"}
    found = read(tmp_path / "c.jsonl", '# by hand\n{"a": 1, "ms": 5}\n', Columns({"ms": "ms"}))
    assert (len(found.runs), reasons(found)) == (1, {"line 1": "a comment"})


def test_a_comment_with_as_many_commas_as_the_header_is_none(tmp_path: Path):
    (tmp_path / "t.csv").write_text("# lr 0.1, batch 2\nname,ms\na,0.5\n")
    found = TableSource("csv").read(str(tmp_path / "t.csv"), Columns({"ms": "ms"}, ["name"]))
    assert [(run.config, run.metrics) for run in found.runs] == [({"name": "a"}, {"ms": 0.5})]
    (tmp_path / "h.csv").write_text("# top 5,ms\na,0.5\n")
    found = TableSource("csv").read(str(tmp_path / "h.csv"), Columns({"ms": "ms"}, ["# top 5"]))
    assert [run.config for run in found.runs] == [{"# top 5": "a"}]


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("2026-05-02T10:00:00Z", "2026-05-02T10:00:00.000Z"),
        ("2026-05-02T10:00:00.1234567+02:00", "2026-05-02T08:00:00.123Z"),
        ("2026/5/2 9:05", "2026-05-02T09:05:00.000Z"),
        ("2 May 2026 10:00 PDT", "2026-05-02T17:00:00.000Z"),
        ("Sat, 02 May 2026 10:00:00 GMT", "2026-05-02T10:00:00.000Z"),
        ("1776724570", "2026-04-20T22:36:10.000Z"),
        (1776724570309123456, "2026-04-20T22:36:10.309Z"),
        (1776724570.5, "2026-04-20T22:36:10.500Z"),
        *((text, "") for text in ("2026-13-02", "20260502", "10:00", "12", "2026-05-02 10:00 XYZ")),
        (True, ""),
        (float("nan"), ""),
        (float("inf"), ""),
        (None, ""),
    ],
)
def test_a_time_is_read_as_it_is_written(cell: object, time: str) -> None:
    assert told_time(cell)[0] == time


def test_a_sheet_is_a_table_and_others_are_noted() -> None:
    pytest.importorskip("python_calamine")
    path = Path(__file__).parents[1] / "fixtures" / "tables" / "results.xlsx"
    roles = RowRoles(time="when", words=["note"])
    found = TableSource("excel").read(
        str(path), Columns({"time_ms": "time_ms"}, ["id", "version"], roles=roles)
    )
    assert [(run.where, run.config, run.metrics, run.started_at[:10]) for run in found.runs] == [
        ("row 4", {"id": "1234e56", "version": "1.10"}, {"time_ms": 5.5}, "2026-05-02"),
        ("row 7", {"id": 8, "version": 2}, {"time_ms": 6.0}, ""),
    ]
    assert reasons(found) == {"row 1": "a comment", "row 5": "time_ms is 'n/a', which is no number"}
    assert ("sheet 'two'", "another table: --table two") in found.notes
    second = TableSource("excel").read(str(path), Columns({"time_ms": "time_ms"}, table="two"))
    assert [(run.config, run.metrics) for run in second.runs] == [
        ({"block": 64}, {"time_ms": 1.25})
    ]
