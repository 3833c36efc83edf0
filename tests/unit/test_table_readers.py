"""Tables as people have them: pages, logs, grids, sheets of two header lines, trees, databases."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.extractors.tables import rows_of, rows_of_tree
from leadline.adapters.results.tables import TableSource
from leadline.core.errors import LeadlineError
from leadline.core.extract import laid_out
from leadline.core.extract.html_tables import html_tables
from leadline.core.extract.laid_out import laid_out_tables
from leadline.core.extract.latex_tables import latex_tables
from leadline.core.extract.logged_lines import logged_tables
from leadline.core.tracker.imported import Columns
from leadline.services.structured_file import structured

TWO = [{"model": "a b", "ms": "1.5"}, {"model": "c", "ms": "2.5"}]
LATEX = r"""
\begin{table}\caption{Main}
\begin{tabular}{l|cc|c} % columns
\toprule
\multirow{2}{*}{Method} & \multicolumn{2}{c}{CIFAR-10} & Time \\
\cmidrule(lr){2-3}
 & Acc $\uparrow$ & FID & s \\
\midrule
ResNet~\cite{he} & 95.1 & 3.2 & 1 \\ \hline
\textbf{Ours} & $\mathbf{96.2}$ & \underline{2.9} & -- \\
\bottomrule
\end{tabular}
"""
HTML = """<table><thead><tr><th rowspan=2>model<th colspan=2>GSM8K<tr><th>acc<th>n</thead>
<tr><td rowspan="2">a &amp; b<td><b>0.91</b><td>3<tr><td>0.5<td>4</table>"""

LAID_OUT = [
    "title\n\n  model  ms\n  a b    1.5\n  c      2.5\n",
    "model  ms\n-----  ---\na b    1.5\nc      2.5\n",
    "+-------+-----+\n| model | ms  |\n+=======+=====+\n| a     | 1.5 |\n| b     |     |\n"
    "+-------+-----+\n| c     | 2.5 |\n+-------+-----+\n",
    "\u250f\u2501\u2501\u2533\u2501\u2513\n\u2503 model \u2503 ms \u2503\n\u2521\u2501\u2547\u2501\u2529\n"
    "\u2502 a b \u2502 1.5 \u2502\n\u2502 c \u2502 2.5 \u2502\n\u2514\u2500\u2534\u2500\u2518\n",
    " model | ms\n-------+----\n a b   | 1.5\n c     | 2.5\n(2 rows)\n",
    "| model | ms |\n|---|---|\n| a b | 1.5 |\n| **c** | `2.5` |\n",
    "model\tms\na b\t1.5\nc\t2.5\n",
    "model;ms\na b;1.5\nc;2.5\n",
]
LOGS: list[tuple[str, dict[str, Any]]] = [
    ("   model  lr\n0      a  .1\n1      b  .2\n\n[2 rows x 2 columns]\n", {"": "0", "model": "a", "lr": ".1"}),
    (
        "   model  lr  \\\n0      a  .1   \n1      b  .2   \n\n   acc\n0  0.9\n1  0.8\n",
        {"": "0", "model": "a", "lr": ".1", "acc": "0.9"},
    ),
    ("# size ms\n16 1.5\n32 2.5\n", {"size": "16", "ms": "1.5"}),
    ('{"a": 1, "b": 2}\n{"a": 2, "b": 3}\n', {"a": 1, "b": 2}),
    (
        "step 0: val 9\niter 0: loss 4.2, time 12.5ms, mfu -100.00%\nsaved\niter 9: loss 3.9, time 12ms, mfu 2%\n",
        {"iter": "0", "loss": "4.2", "time": "12.5ms", "mfu": "-100.00%"},
    ),
    (
        "Epoch 1/2\n9/9 [==] - 4s - loss: 0.5 - val_loss: 1e-1\nEpoch 2/2\n9/9 - loss: 0.4 - val_loss: 9e-2\n",
        {"Epoch": "1", "loss": "0.5", "val_loss": "1e-1"},
    ),
    ("{'loss': 2.3, 'epoch': 0.1}\n{'loss': 2.1, 'epoch': 0.2}\n", {"loss": "2.3", "epoch": "0.1"}),
    (
        "2026-05-01 10:00:00,123 INFO step=1 loss=2.3\n2026-05-01 10:01:00,123 INFO step=2 loss=2.1\n",
        {"step": "1", "loss": "2.3"},
    ),
]  # fmt: skip
PRINTED = [*LAID_OUT, *(text for text, _ in LOGS)]


def read(path: Path, content: str | bytes, format: str, **how: Any) -> list[dict[str, Any]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    table = rows_of(str(path), format, path.name, whole=True, **how)
    return [dict(cells) for _, cells, _ in table.rows if cells is not None]


@pytest.mark.parametrize("text", LAID_OUT)
def test_tables_laid_out_for_people(tmp_path: Path, text: str) -> None:
    assert read(tmp_path / "r.txt", text, "text") == TWO


@pytest.mark.parametrize(("text", "first"), LOGS)
def test_what_programs_print(tmp_path: Path, text: str, first: dict[str, Any]) -> None:
    assert read(tmp_path / "r.txt", text, "text")[0] == first


PROSE = ["all went well\nand then it ended\n", "a\n", "x: 1\n", "|\n|\n"]
PROSE += ["Server Hostname:        127.0.0.1\nServer Port:            8765\n"]
PROSE += ["Latency (ms):\n         min:       0.22\n         max:      46.93\n"]
PROSE += ["Warming up ----------\n  addition   100.5k i/100ms\n  division    90.5k i/100ms\n"]


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_no_table(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.txt"
    path.write_text(text)
    with pytest.raises(LeadlineError) as refused:
        TableSource("text").read(str(path), Columns({"ms": "ms"}, None))
    assert refused.value.code in ("no-table", "no-header")


def test_a_latex_table_by_its_words(tmp_path: Path) -> None:
    rows = read(tmp_path / "r.tex", LATEX, "latex")
    names = ["Method", "CIFAR-10.Acc \u2191", "CIFAR-10.FID", "Time.s"]
    assert [*rows[0]] == names
    assert [[*row.values()] for row in rows] == [
        ["ResNet", "95.1", "3.2", "1"],
        ["Ours", "96.2", "2.9", "--"],
    ]


def test_a_rule_below_the_rows_ends_no_head(tmp_path: Path) -> None:
    body = r"\hline Model & Acc \\ \hline a & 0.91 \\ b & 0.92 \\ \midrule c & 0.93 \\ \hline"
    rows = read(tmp_path / "r.tex", rf"\begin{{tabular}}{{lc}} {body} \end{{tabular}}", "latex")
    assert [row["Model"] for row in rows] == ["a", "b", "c"]


def test_a_blank_corner_above_names_is_called_row(tmp_path: Path) -> None:
    rows = read(tmp_path / "r.csv", ",acc,acc\n,mean,std\nsmall,1,2\nlarge,2,3\n", "csv")
    assert rows[0] == {"row": "small", "acc.mean": "1", "acc.std": "2"}
    assert [*read(tmp_path / "r.csv", ",acc\n0,1\n1,2\n", "csv")[0]] == ["", "acc"]


def test_an_html_table_by_its_spans(tmp_path: Path) -> None:
    rows = read(tmp_path / "r.html", HTML, "html")
    assert rows == [
        {"model": "a & b", "GSM8K.acc": "0.91", "GSM8K.n": "3"},
        {"model": "a & b", "GSM8K.acc": "0.5", "GSM8K.n": "4"},
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (",acc,acc,loss\n,mean,std,mean\nmodel,,,\na,1,2,3\n", ["model", "acc.mean", "acc.std", "loss.mean"]),
        ("Model,GSM8K,,MATH\n,acc,n,acc\na,1,2,3\n", ["Model", "GSM8K.acc", "GSM8K.n", "MATH.acc"]),
        # names that span nothing, or a second line that is a row
        ("name,,ms\nx,foo,failed\ny,bar,3\n", ["name", "", "ms"]),
        ("a,a\n1,2\n2,3\n", ["a", "a"]),
    ],
)  # fmt: skip
def test_names_over_several_columns_are_joined_with_those_below(
    tmp_path: Path, text: str, names: list[str]
) -> None:
    path = tmp_path / "r.csv"
    path.write_text(text)
    assert rows_of(str(path), "csv", "r.csv", whole=True).header == names


def test_a_tree_holds_tables_and_what_stands_beside_them() -> None:
    text = (
        '{"date": "1 May", "config": {"lr": 0.1}, "took_s": 3.5, "results": [{"n": 1}, {"n": 2}]}'
    )
    table = rows_of_tree(structured(text, "r.json"), "r.json", "", "")
    assert [cells for _, cells, _ in table.rows] == [
        {"date": "1 May", "config.lr": 0.1, "n": 1},
        {"date": "1 May", "config.lr": 0.1, "n": 2},
    ]
    assert table.others == [("the file as one row", "another table: --table .")]


@pytest.mark.parametrize(
    "text",
    [
        "- name: a\n  ms: 1.5\n- name: b\n  ms: 2.5\n",
        "a: {ms: 1.5}\nb: {ms: 2.5}\n",
        "name: [a, b]\nms: [1.5, 2.5]\n",
        "name: {0: a, 1: b}\nms: {0: 1.5, 1: 2.5}\n",
        "columns: [name, ms]\ndata: [[a, 1.5], [b, 2.5]]\n",
        "runs: [{name: a, ms: 1.5}, {name: b, ms: 2.5}]\nmean: 2.5\n",
    ],
)
def test_rows_of_yaml(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(text)
    found = TableSource("yaml", structured).read(str(path), Columns({"ms": "ms"}, ["name"]))
    assert [(run.config, run.metrics) for run in found.runs] == [
        ({"name": "a"}, {"ms": 1.5}),
        ({"name": "b"}, {"ms": 2.5}),
    ]


def test_values_measured_again_and_again_are_rows() -> None:
    value = [{"n": 1, "timings": [1.5, 2]}, {"n": 2, "timings": [3.5]}]
    table = rows_of_tree(value, "r.json", "", "")
    assert [cells for _, cells, _ in table.rows] == [
        {"n": 1, "timings": 1.5, "repeat": 1},
        {"n": 1, "timings": 2, "repeat": 2},
        {"n": 2, "timings": 3.5, "repeat": 1},
    ]
    broken = [{"n": 1, "timings": [1.5, 2]}, "broken"]
    assert len([*rows_of_tree(broken, "r.json", "", "").rows]) == 3
    shapes = [{"shape": [1, 3], "history": [0.5, 0.4]}]
    assert len([*rows_of_tree(shapes, "r.json", "", "").rows]) == 1


def test_what_a_benchmark_program_printed_is_its_cases(tmp_path: Path) -> None:
    path = tmp_path / "bench.txt"
    path.write_text("BenchmarkA-8 \t 10\t 206.5 ns/op\nBenchmarkB-8 \t 10\t 1554 ns/op\nPASS\n")
    found = TableSource("text").read(str(path), Columns({"time_s": "time_s"}, ["benchmark"]))
    assert [run.config["benchmark"] for run in found.runs] == ["BenchmarkA", "BenchmarkB"]


def test_a_blank_name_is_that_of_the_row_above(tmp_path: Path) -> None:
    text = "| task | metric | v |\n|---|---|---|\n| a | x | 1 |\n|  | y | 2 |\n|  |  |  |\n"
    rows = read(tmp_path / "r.md", text, "markdown")
    assert [row["task"] for row in rows] == ["a", "a", ""]


def test_a_mark_in_the_first_column_is_of_its_row(tmp_path: Path) -> None:
    begin = "| best | m | v |\n|---|---|---|\n"
    for marks in (("\u2713", "", ""), ("", "yes", ""), ("yes", "", "yes")):
        lines = "".join(f"| {mark} | {at} | {at} |\n" for at, mark in enumerate(marks))
        rows = read(tmp_path / "r.md", begin + lines, "markdown")
        assert tuple(row["best"] for row in rows) == marks


def test_units_behind_numbers_name_no_other_number(tmp_path: Path) -> None:
    text = (
        "[4] 0.0- 1.0 sec 10.7 KBytes 88.0 Kbits/sec\n[4] 1.0- 2.0 sec 9.7 KBytes 80.0 Kbits/sec\n"
    )
    path = tmp_path / "r.txt"
    path.write_text(text)
    with pytest.raises(LeadlineError, match="no table"):
        TableSource("text").read(str(path), Columns({"sec": "sec"}, None))


def test_a_link_in_a_cell_is_its_words(tmp_path: Path) -> None:
    text = "| m | ms |\n|---|---|\n| [a](https://a.example/b) | 1.5 |\n"
    assert read(tmp_path / "r.md", text, "markdown") == [{"m": "a", "ms": "1.5"}]


def test_a_database_is_read_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "r.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE runs (lr REAL, note TEXT, data BLOB)")
        database.execute("INSERT INTO runs VALUES (0.1, 'x', x'00ff')")
        database.execute('CREATE TABLE "b""c" (ms INTEGER)')
    database.close()
    before = path.read_bytes()
    assert read(path, before, "sqlite") == [{"lr": 0.1, "note": "x", "data": "2 bytes"}]
    assert read(path, before, "sqlite", which='b"c') == []
    assert path.read_bytes() == before and [*tmp_path.iterdir()] == [path]
    with pytest.raises(LeadlineError, match="database"):
        path.write_bytes(b"SQLite format 3\0" + b"x" * 200)
        TableSource("sqlite").read(str(path), Columns({"ms": "ms"}, None))


def test_a_long_text_without_a_table_is_looked_through_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parted: list[str] = []

    class Counting:
        def split(self, text: str) -> list[str]:
            parted.append(text)
            return text.split()

    monkeypatch.setattr(laid_out, "_BLANKS", Counting())
    assert [*laid_out_tables(["info worker alpha started"] * 200)] == []
    assert len(parted) <= 2 * 200


def test_a_number_below_a_number_goes_on_with_no_row() -> None:
    rule = "+---+---+-----+"
    head, first = [rule, "| m | k | v   |", rule], ["| a | x | 12  |", "|   | y | 345 |", rule]
    (table,) = laid_out_tables([*head, *first, *first])
    assert [cells for _, cells in table.body] == [["a", "x", "12"], ["", "y", "345"]] * 2


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        (["step 10, loss 3.9", "step 20, loss 3.8"], [["10", "3.9"], ["20", "3.8"]]),
        (["loss 1.5 took 950 ms", "loss 1.4 took 1.2 s"], [["1.5", "950ms"], ["1.4", "1.2s"]]),
        (
            ["Train: loss .5 acc .7", "Val: loss .6 acc .6", "Train: loss .4 acc .8"],
            [[".5", ".7"], [".4", ".8"]],
        ),
        (
            ["epoch 1 [train] loss .5", "epoch 1 [val] loss .6", "epoch 2 [train] loss .4"],
            [["1", ".5"], ["2", ".4"]],
        ),
    ],
)
def test_lines_of_a_log_that_differ_in_their_values_only(
    lines: list[str], rows: list[list[str]]
) -> None:
    (table,) = logged_tables(lines)
    assert [cells for _, cells in table.body] == rows


def test_validations_in_a_log_are_another_table(tmp_path: Path) -> None:
    path = tmp_path / "r.log"
    path.write_text("Train: loss .5 acc .7\nVal: loss .6 acc .6\n" * 3)
    found = rows_of(str(path), "text", "r.log", whole=True)
    assert len([*found.rows]) == 3 and [*found.others] == [("line 2", "another table: --table 2")]


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (r"a & 0.9\textsuperscript{1} \\", [["a", "0.9^1"]]),
        (r"a & 95\std{2} \\", [["a", "95^2"]]),
        (r"a & \phantom{1}9.5 \\", [["a", "9.5"]]),
        (r"a & $\mathbf{0.9}$ \\", [["a", "0.9"]]),
        (r"\textcolor[rgb]{1,0,0}{a} & \scalebox{0.9}{\textcolor{red}{0.8}} \\", [["a", "0.8"]]),
        (r"\href{https://a.example/b}{a} & \rotatebox{90}{0.8} \\", [["a", "0.8"]]),
        ("a & 0.9 \\\\% the best\nc & 0.7 \\\\", [["a", "0.9"], ["c", "0.7"]]),
        (
            r"\begin{tabular}[c]{@{}c@{}}a\\x\end{tabular} & 0.9 \\ c & \makecell{12\\345} \\",
            [["a x", "0.9"], ["c", "12^345"]],
        ),
    ],
)
def test_numbers_of_latex_that_stand_beside_each_other_are_not_one(
    row: str, cells: list[list[str]]
) -> None:
    begin = r"\begin{tabular}{lr}{\bf Model} & acc \\ \midrule"
    (table,) = latex_tables(rf"{begin} {row} b & 0.8 \\ \end{{tabular}}")
    assert table.header == ["Model", "acc"]
    assert [found for _, found in table.body] == [*cells, ["b", "0.8"]]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("93.4<sup>2</sup>", "93.4^2"),
        ("12<br>345", "12^345"),
        ("CO<sub>2</sub>", "CO2"),
        ("a<br>b", "a b"),
    ],
)
def test_numbers_of_a_page_that_stand_beside_each_other_are_not_one(cell: str, said: str) -> None:
    (table,) = html_tables(f"<table><tr><th>m<th>v</tr><tr><td>a<td>{cell}</tr></table>")
    assert table.body == [(1, ["a", said])]


def test_commas_in_the_lines_of_a_log_part_no_cells(tmp_path: Path) -> None:
    text = "epoch 1, loss 0.5\nepoch 2, loss 0.4\n"
    rows = [{"epoch": "1", "loss": "0.5"}, {"epoch": "2", "loss": "0.4"}]
    assert read(tmp_path / "r.txt", text, "text") == rows
    rows = [{"top 1": "0.5", "top 5": "0.9"}]
    assert read(tmp_path / "r.txt", "top 1,top 5\n0.5,0.9\n", "text") == rows
