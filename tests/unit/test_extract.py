from __future__ import annotations

import itertools
import json
import math
import re
import statistics
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.adapters.extractors import registry
from leadline.adapters.extractors.lines import CHUNK_BYTES, MAX_LINE_BYTES, Lines
from leadline.core.errors import LeadlineError
from leadline.core.extract.gather import Gatherer
from leadline.core.extract.spec import METRICS, ExtractionSpec, parse_pattern, parse_spec
from leadline.core.record.run import MetricDef
from leadline.ports.extractor import RunFiles
from tests.chance import examples


def run(tmp_path, *specs, stdout=b"", metrics=b"", defs=None, **files):
    for name, data in {
        "stdout.log": stdout,
        "metrics.jsonl": metrics,
        **files.get("files", {}),
    }.items():
        (tmp_path / name).write_bytes(data)
    where = RunFiles(
        str(tmp_path),
        str(tmp_path / "stdout.log"),
        str(tmp_path / "metrics.jsonl"),
    )
    return registry.extract([parse_spec(s) for s in specs], where, defs)


def table(tmp_path, spec, text, name="r.csv"):
    return run(tmp_path, f"{name}{':' if spec else ''}{spec}", files={name: text.encode()})


def problem(result, code):
    (found,) = [p for p in result.problems if p["code"] == code]
    return found


# declarations


def test_the_short_form_and_the_table_form_say_the_same():
    short = parse_spec(
        "results.csv:time_ms=elapsed,rows=10,unique=shape+dtype,dedupe=last,nan=drop,require=a+b,step=i"
    )
    assert short == ExtractionSpec(
        "file",
        "results.csv",
        "csv",
        mapping={"time_ms": "elapsed"},
        require=("a", "b"),
        rows=(10, 10),
        unique=("shape", "dtype"),
        dedupe="last",
        nan="drop",
        step="i",
    )
    assert short == parse_spec(
        {
            "path": "results.csv",
            "columns": {"time_ms": "elapsed"},
            "rows": 10,
            "unique": ["shape", "dtype"],
            "dedupe": "last",
            "nan": "drop",
            "require": ["a", "b"],
            "step": "i",
        }
    )


@pytest.mark.parametrize(
    "text, rows", [("5..10", (5, 10)), ("5..", (5, None)), ("..9", (None, 9)), ("7", (7, 7))]
)
def test_row_ranges(text, rows):
    assert parse_spec(f"r.tsv:rows={text}").rows == rows


def test_a_path_may_hold_colons():
    assert parse_spec("run:1/a:b.csv:x=y").path == "run:1/a:b.csv"
    assert parse_spec("run:1/a.csv").path == "run:1/a.csv"


@pytest.mark.parametrize(
    "text, part, meant",
    [
        ("r.csv:time_ms", "'time_ms'", "r.csv:time_ms=time_ms"),
        ("r.csv:time_ms,rows", "'time_ms'", "r.csv:time_ms=time_ms"),
        ("r.csv:time_ms,rows=3", "'time_ms'", "r.csv:time_ms=time_ms,rows=3"),
        ("r.csv:a=b,c", "'c'", "r.csv:a=b,c=c"),
    ],
)
def test_a_column_alone_is_told_the_form_that_reads_it(text, part, meant):
    with pytest.raises(LeadlineError) as caught:
        parse_spec(text)
    assert caught.value.why == f"{part} is not NAME=COLUMN"
    assert caught.value.next == [f"leadline run --metrics '{meant}' -- CMD"]
    assert parse_spec(meant).path == "r.csv"


@pytest.mark.parametrize(
    "bad",
    [
        "r.csv:rows=x",
        "r.csv:rows=9..5",
        "r.csv:rows=..",
        "r.csv:dedupe=last",
        "r.csv:unique=a,dedupe=any",
        "r.csv:nan=x",
        "r.txt",
        "r.csv:a=b,c",
        "r.csv:a=b,a=c",
        "pattern:x",
        "pattern:x=abc",
        "pattern:x=(",
        "",
        "r.csv:reduce=avg",
        "reader:x",
        {"path": "r.csv", "colums": {}},
        {"rows": 3},
        {"pattern": "(a)"},
        {"source": "magic", "path": "x"},
    ],
)
def test_a_bad_declaration_is_a_usage_error(bad):
    with pytest.raises(LeadlineError) as caught:
        parse_spec(bad)
    assert (caught.value.kind, caught.value.code) == ("usage", "bad-extraction-spec")
    assert caught.value.why


# tables: every bad row is named, nothing of a failed source is published


@pytest.mark.parametrize("name, sep", [("r.csv", ","), ("r.tsv", "\t")])
def test_rows_of_the_wrong_width_are_named_by_line(tmp_path, name, sep):
    rows = ["a,b,c", "1,2,3", "1,2", "", "4,5,6", "1,2,3,4"]
    result = table(tmp_path, "", "\n".join(rows).replace(",", sep), name)
    assert problem(result, "wrong-width")["rows"] == [3, 6]
    assert problem(result, "wrong-width")["what"].endswith("lines 3, 6")
    assert result.metrics == {} and result.tables == []


def test_named_rows_are_capped_and_counted(tmp_path):
    found = problem(table(tmp_path, "", "a,b\n" + "1\n" * 50), "wrong-width")
    assert (
        found["rows"] == list(range(2, 22))
        and found["rows_total"] == 50
        and "(50 in all)" in found["what"]
    )


def test_a_quoted_cell_over_several_lines_keeps_the_numbers_right(tmp_path):
    result = table(tmp_path, "x=x", 'x,note\n1,"two\nlines"\nbad,n\n3\n4,"a ""b"" c"\n')
    assert problem(result, "wrong-width")["rows"] == [5]
    assert problem(result, "not-a-number")["rows"] == [4]


def test_a_broken_quote_names_every_line_it_swallowed(tmp_path):
    assert problem(table(tmp_path, "x=x", 'x,note\n1,a\n2,"open\n3,b\n4,c\n'), "not-csv")[
        "rows"
    ] == [3, 4, 5]


def test_text_in_a_number_column_is_named_and_a_text_column_is_not_a_metric(tmp_path):
    result = table(
        tmp_path, "", "commit,loss\n25a8ccb,1.5\n1234567,2.5\nabcdef0,crash\n1e9999,3\nffffff0,4\n"
    )
    assert problem(result, "not-a-number")["rows"] == [4]
    assert result.metrics == {}
    good = table(tmp_path, "", "commit,loss\n25a8ccb,1.5\n1234567,2.5\nabcdef0,3.5\n")
    assert good.metrics == {"loss": 3.5} and good.problems == []


@pytest.mark.parametrize("text", ["1_000", "1,500", "0x10", "1e", "--1", "12 ms", "yes"])
def test_what_is_no_number_or_may_be_two_is_named(tmp_path, text):
    assert problem(table(tmp_path, "x=x", f'x,y\n"{text}",1\n'), "not-a-number")["rows"] == [2]


def test_a_column_of_numbers_with_marks_is_not_left_out_unsaid(tmp_path: Path):
    content = 'acc,n,model,loss\n95%,"1,234",7B,1\n96%,"2,345",70B,2\n'
    result = table(tmp_path, "", content)
    assert [*result.metrics] == ["loss"]
    assert [problem["what"] for problem in result.problems] == [
        "column 'acc' is left out: '95%' is in '%', and no unit is declared: line 2",
        "column 'n' is left out: '1,234' is 1234 or 1.234: line 2",
    ]


def test_an_integer_of_too_many_digits_for_a_cell_is_named(tmp_path):
    result = table(tmp_path, "x=x", "x\n19007199254740990001\n")
    assert result.metrics == {"x": 19007199254740990001.0}
    assert problem(result, "rounded")["rows"] == [2]
    exact = table(tmp_path, "x=x", f"x\n{2**53 + 1}\n")
    assert exact.metrics == {"x": 2**53 + 1} and exact.problems == []


@pytest.mark.parametrize(
    ("spec", "value"), [("ok=ok", 0.75), ("ok=ok,reduce=sum", 3.0), ("ok=ok,step=q", 0.0)]
)
def test_a_column_of_yes_and_no_is_the_share_of_yes_unless_it_is_a_series(tmp_path, spec, value):
    text = "q,ok\n1,True\n2,true\n3,TRUE\n4,False\n"
    assert table(tmp_path, spec, text).metrics == {"ok": value}


def test_a_cell_in_the_unit_of_its_metric_is_taken(tmp_path):
    defs = {"time": MetricDef("time", unit="ms")}
    result = run(tmp_path, "r.csv:time=t", files={"r.csv": b"t\n12.5 ms\n"}, defs=defs)
    assert result.metrics == {"time": 12.5}


def test_a_pattern_finds_its_line_in_either_stream_whatever_colours_it(tmp_path):
    (tmp_path / "stderr.log").write_bytes(b"\r10%, loss=0.9\r20%, \x1b[31mloss=\x1b[0m0.5\n")
    (tmp_path / "stdout.log").write_bytes(b"done\n")
    files = RunFiles(
        str(tmp_path), str(tmp_path / "stdout.log"), stderr=str(tmp_path / "stderr.log")
    )
    spec = parse_pattern("loss=loss=([0-9.]+)")
    assert registry.extract([spec], files, {}).metrics == {"loss": 0.5}
    (tmp_path / "stdout.log").write_bytes(b"loss=0.4\n")
    assert registry.extract([spec], files, {}).metrics == {"loss": 0.4}


@pytest.mark.parametrize(
    "rule, metrics, dropped",
    [
        ("error", {}, []),
        ("first", {"x": 4.0}, [4]),
        ("last", {"x": 9.0}, [2]),
        ("identical", {}, []),
    ],
)
def test_duplicates_by_the_declared_rule(tmp_path, rule, metrics, dropped):
    result = table(tmp_path, f"x=x,unique=k,dedupe={rule}", "k,x\na,1\nb,4\na,9\n")
    assert result.metrics == metrics
    if dropped:
        assert problem(result, "duplicate-dropped")["rows"] == dropped
        assert not problem(result, "duplicate-dropped")["blocking"]
        assert (result.sources[0]["taken"], result.sources[0]["dropped"]) == (2, 1)
    else:
        assert problem(result, "duplicate-key")["rows"] == [4]


def test_identical_duplicates_are_dropped_under_that_rule(tmp_path):
    result = table(tmp_path, "x=x,unique=k,dedupe=identical,reduce=sum", "k,x\na,1\nb,4\na,1\n")
    assert result.metrics == {"x": 5.0} and problem(result, "duplicate-dropped")["rows"] == [4]


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "inf"])
def test_missing_values_by_the_declared_rule(tmp_path, cell):
    text = f"k,x\na,1\nb,{cell}\nc,3\n"
    failed = table(tmp_path, "x=x", text)
    assert failed.metrics == {} and problem(failed, "missing-value")["rows"] == [3]
    dropped = table(tmp_path, "x=x,nan=drop,reduce=mean", text)
    assert dropped.metrics == {"x": 2.0} and problem(dropped, "missing-dropped")["rows"] == [3]
    kept = table(tmp_path, "x=x,nan=keep,reduce=mean", text)
    assert kept.metrics == {} and kept.nonfinite == {"x": "Infinity" if cell == "inf" else "NaN"}


@pytest.mark.parametrize(
    "rows, ok", [("3", True), ("2", False), ("4", False), ("1..3", True), ("4..", False)]
)
def test_declared_row_counts(tmp_path, rows, ok):
    result = table(tmp_path, f"x=x,rows={rows}", "k,x\na,1\nb,2\nc,3\n")
    assert bool(result.metrics) is ok
    assert [p["code"] for p in result.problems] == ([] if ok else ["row-count"])


@pytest.mark.parametrize("spec", ["y=nope", "x=x,require=nope", "x=x,unique=nope", "x=x,step=nope"])
def test_an_absent_column_fails_and_is_named(tmp_path, spec):
    result = table(tmp_path, spec, "k,x\na,1\n")
    assert result.metrics == {} and "'nope'" in problem(result, "no-such-column")["what"]


def test_a_column_named_twice_fails(tmp_path):
    assert problem(table(tmp_path, "", "x,x\n1,2\n"), "duplicate-column")["blocking"]


def read_written(tmp_path, spec, text, how, **about):
    """What is read of a file of which the job program said ``how`` the run wrote it."""
    path = tmp_path / parse_spec(spec).path
    path.write_bytes(text)
    at = path.stat()
    known = {"how": how, "size_bytes": at.st_size, "mtime_ns": at.st_mtime_ns, **about}
    written = {parse_spec(spec).path: known} if how else {}
    return registry.extract([parse_spec(spec)], RunFiles(str(tmp_path), written=written))


@pytest.mark.parametrize("spec", ["r.csv", "r.csv:x=x,rows=1", "r.json:format=csv"])
@pytest.mark.parametrize(
    ("how", "code"), [("same", "not-written"), ("older", "stale-file"), ("", "writer-unknown")]
)
def test_a_file_that_the_run_did_not_write_gives_nothing(tmp_path, spec, how, code):
    result = read_written(tmp_path, spec, b"x\n1\n", how)
    assert result.metrics == {} and problem(result, code)["blocking"]
    assert read_written(tmp_path, spec, b"x\n1\n", "rewritten").metrics == {"x": 1.0}


def test_a_file_that_was_written_again_after_the_run_gives_nothing(tmp_path):
    result = read_written(tmp_path, "r.csv", b"x\n1\n", "new", mtime_ns=5)
    assert result.metrics == {} and problem(result, "changed-since")["blocking"]


@pytest.mark.parametrize(
    ("spec", "before", "added", "taken"),
    [
        ("r.csv:reduce=sum", b"x\n1\n2\n", b"4\n8\n", 12.0),
        ("r.csv:reduce=sum", b"x\n1\n2", b"\n4\n8", 12.0),
        ("r.csv:reduce=sum", b"x\n1\n2", b"5\n", 25.0),  # the line became another one
        ("r.csv:reduce=sum", b"x\n", b"4\n", 4.0),
        ("r.csv:reduce=sum", b"x", b"\n4\n", 4.0),
        ("r.csv:reduce=sum,rows=1", b"x\r\n1\r\n", b"4\r\n", 4.0),
        ("r.csv:reduce=sum,format=tsv", b"x\n1\n", b"4\n", 4.0),
        ("r.jsonl:reduce=sum", b'{"x": 1}\n', b'{"x": 4}\n', 4.0),
        ("r.json:reduce=sum", b"", b'[{"x": 1}, {"x": 4}]', 5.0),
    ],
)
def test_of_an_appended_file_only_what_this_run_appended_counts(
    tmp_path, spec, before, added, taken
):
    result = read_written(tmp_path, spec, before + added, "appended", before_bytes=len(before))
    assert result.metrics == {"x": taken}
    assert result.sources[0].get("before_bytes") == (len(before) or None)


@pytest.mark.parametrize(
    ("added", "taken"),
    [
        (b"q,ok\na,1\nb,0\n" + b"c,1\nd,1\n", 0.75),  # written anew over more items
        (b"q,ok\na,1\nb,0\n" + b"a,1\nb,1\n", 1.0),  # appended: the items stand there again
    ],
)
def test_items_tell_whether_a_file_that_grew_was_written_anew(tmp_path, added, taken):
    spec = "r.csv:acc=ok,items=q"
    result = read_written(tmp_path, spec, added, "appended", before_bytes=13)
    assert result.metrics == {"acc": taken}


def test_a_metric_that_stands_only_in_older_lines_is_none_of_this_run(tmp_path):
    before = b'{"loss": 1}\n{"acc": 0.9}\n'
    text = before + b'{"loss": 2}\n'
    found = read_written(tmp_path, "r.jsonl", text, "appended", before_bytes=len(before))
    assert found.metrics == {"loss": 2.0}


def test_a_pattern_reads_what_was_appended_to_its_file(tmp_path):
    (tmp_path / "a.log").write_bytes(b"loss 1\nloss 2\n")
    at = (tmp_path / "a.log").stat()
    spec = parse_spec({"pattern": "loss (.*)", "name": "loss", "path": "a.log", "reduce": "sum"})
    known = {"how": "appended", "before_bytes": 7, "size_bytes": 14, "mtime_ns": at.st_mtime_ns}
    files = RunFiles(str(tmp_path), written={"a.log": known})
    assert registry.extract([spec], files).metrics == {"loss": 2.0}


def test_lines_after_a_place_keep_their_numbers_and_the_digest_of_all(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"".join(b"%d\n" % n for n in range(CHUNK_BYTES // 4)))
    whole = Lines(str(path))
    lines = list(whole)
    for place in (0, 1, 2, 3, 5000, CHUNK_BYTES, CHUNK_BYTES + 1):
        after = Lines(str(path), after_bytes=place)
        skipped = path.read_bytes()[: place + 1].count(b"\n")
        assert list(after) == lines[skipped:] and after.digest == whole.digest
        assert after.count == whole.count


def test_bad_rows_of_jsonl_and_json(tmp_path):
    result = table(tmp_path, "", '{"x": 1}\nnope\n[1]\n{"x": 2}\n', "r.jsonl")
    assert problem(result, "not-json")["rows"] == [2, 3] and result.metrics == {}
    result = table(tmp_path, "x=x", '[{"x": 1}, {"y": 2}, 5]', "r.json")
    assert problem(result, "not-json")["rows"] == [3] and problem(result, "missing-value")[
        "rows"
    ] == [2]
    assert problem(result, "not-json")["unit"] == "row"


@settings(max_examples=examples(80), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.sampled_from(["1", "2.5", "", "x", "nan"]), st.booleans()
        ),
        max_size=12,
    ),
    st.sampled_from(["error", "first", "last", "identical"]),
    st.sampled_from(["fail", "drop", "keep"]),
)
def test_every_row_is_taken_dropped_or_named(tmp_path_factory, rows, dedupe, nan):
    lines = [f"{k},{x}" + (",extra" if wide else "") for k, x, wide in rows]
    result = table(
        tmp_path_factory.mktemp("t"),
        f"x=x,unique=k,dedupe={dedupe},nan={nan}",
        "\n".join(["k,x", *lines]),
    )
    source = result.sources[0]
    named = {row for p in result.problems for row in p["rows"]}
    assert source["taken"] + source["dropped"] == source["rows"] == len(rows)
    for number, (_, x, wide) in enumerate(rows, 2):
        assert number in named or not (wide or x == "x")
    if any(p["blocking"] for p in result.problems):
        assert not result.metrics and not result.nonfinite


# real records


DATA = Path(__file__).parents[2].parent / "shared/data/results"


@pytest.mark.skipif(not DATA.is_dir(), reason="the real result files are not on this machine")
def test_real_result_files_are_read_whole_and_each_damage_is_named(tmp_path):
    for path in sorted(DATA.glob("*.tsv")):
        lines = path.read_text().rstrip("\n").split("\n")
        header, body = lines[0].split("\t"), [line.split("\t") for line in lines[1:]]
        result = registry.extract(
            [parse_spec({"path": str(path), "unique": ["commit"], "rows": len(body)})],
            RunFiles("/"),
        )
        assert result.problems == [], path
        column = header.index("worst_case_bpb")
        assert result.metrics["worst_case_bpb"] == float(body[-1][column])
        assert set(result.metrics) == {n for n in header if n.endswith(("_bpb", "_gap", "_gb"))}
        broken = list(lines)
        broken[3] += "\textra"
        broken[5] = broken[5].replace("\t", " ", 1)
        broken[7] = "\t".join([body[6][0], "crash", *body[6][2:]])
        broken.append(broken[9])
        (tmp_path / "b.tsv").write_text("\n".join(broken))
        result = registry.extract([parse_spec("b.tsv:unique=commit")], RunFiles(str(tmp_path)))
        assert problem(result, "wrong-width")["rows"] == [4, 6]
        assert problem(result, "not-a-number")["rows"] == [8]
        assert problem(result, "duplicate-key")["rows"] == [len(broken)]
        assert result.metrics == {}


# streams


def test_only_whole_flat_json_objects_on_stdout_count(tmp_path):
    result = run(
        tmp_path,
        stdout=b'{"a": 1}\nx {"b": 2}\n{"c": {"d": 3}}\n{"e": "text"}\n{"f": true}\n {"g": 4} \n{"h": [1]}\n'
        b'10%\r{"i": 5}\r90%\n{"j": "NaN", "k": Infinity}\n',
    )
    assert result.metrics == {"a": 1.0, "f": 1.0, "g": 4.0, "h": 1.0, "i": 5.0}
    assert result.nonfinite == {"j": "NaN", "k": "Infinity"}


def test_steps_make_a_series_reduced_by_the_metrics_own_rule(tmp_path):
    lines = "".join(
        json.dumps({"t": i, "step": i * 10, "metrics": {"loss": 5.0 - i, "acc": i}}) + "\n"
        for i in range(5)
    )
    result = run(tmp_path, metrics=lines.encode(), defs={"loss": MetricDef("loss", reduce="mean")})
    assert result.metrics == {"loss": 3.0, "acc": 4.0}
    assert result.series["loss"] == {
        "points": 5,
        "first_step": 0.0,
        "last_step": 40.0,
        "sample": [[i * 10.0, 5.0 - i] for i in range(5)],
    }


def test_a_torn_last_line_costs_only_itself_and_a_bad_line_is_named(tmp_path):
    result = run(tmp_path, metrics=b'{"a": 1}\nbroken\n{"a": 2}\n{"a": 3')
    assert result.metrics == {"a": 2.0}
    assert problem(result, "torn-last-line")["rows"] == [4] and problem(result, "not-json")[
        "rows"
    ] == [2]
    whole = run(tmp_path, metrics=b'{"a": 1}\n{"a": 3')
    assert [p["code"] for p in whole.problems] == ["torn-last-line"]


def test_a_number_that_no_float_holds_is_named_and_not_infinite(tmp_path):
    for text in ("1e999", "-1e999", "9" * 400):
        line = f'{{"loss": 1.5, "other": {text}, "third": Infinity, "fourth": "-inf"}}\n'.encode()
        for source in ({"metrics": line}, {"stdout": line}):
            result = run(tmp_path, **{"metrics": b"", "stdout": b"", **source})
            assert result.metrics == {"loss": 1.5}
            assert result.nonfinite == {"third": "Infinity", "fourth": "-Infinity"}
            found = problem(result, "too-large")
            assert (
                found["rows"] == [1]
                and found["what"] == "other is too large for a number of 64 bits: line 1"
            )
    result = registry.extract(
        [parse_pattern("t=took (\\S+)")], written(tmp_path, b"took 1e999\n"), None
    )
    assert not result.nonfinite and "'1e999'" in problem(result, "not-a-number")["what"]


def written(tmp_path, stdout):
    (tmp_path / "stdout.log").write_bytes(stdout)
    return RunFiles(str(tmp_path), str(tmp_path / "stdout.log"), str(tmp_path / "absent.jsonl"))


def test_two_sources_that_disagree_are_named_and_the_more_specific_wins(tmp_path):
    result = run(
        tmp_path,
        "r.csv:loss=l",
        "pattern:acc=acc (\\S+)",
        stdout=b'{"loss": 3, "same": 1}\nacc 0.5\n',
        metrics=b'{"loss": 2, "acc": 0.6, "same": 1}\n',
        files={"r.csv": b"l\n1\n"},
    )
    assert result.metrics == {"loss": 1.0, "acc": 0.5, "same": 1.0}
    conflicts = sorted(p["what"] for p in result.problems)
    assert conflicts == [
        "acc is 0.5 in pattern acc and 0.6 in metrics; pattern acc is used",
        "loss is 1.0 in r.csv and 2.0 in metrics; r.csv is used",
        "loss is 1.0 in r.csv and 3.0 in stdout; r.csv is used",
    ]


@pytest.mark.parametrize(
    ("line", "pattern", "value"),
    [
        (b"loss 1.105e+01", "loss ([0-9.]+)", None),  # 11.05, and 0.21 is printed as 2.1e-01
        (b"loss 1e-05", "([0-9.]+)", None),
        (b"loss 1.e5", "([0-9]+)$", None),
        (b"step 3 e5", "([0-9]+)$", 5.0),
        (b"loss 12.34", "loss ([0-9]+)", None),
        (b"loss 12.34", r"loss .*([0-9.]+)$", None),
        (b"loss 0.34", r"loss 0\.([0-9]+)", None),
        (b"loss 12.", "loss ([0-9]+)", 12.0),
        (b"loss,0.5,12", "loss,([0-9.]+)", 0.5),
        (b"took 12ms", "took ([0-9]+)", 12.0),
    ],
)
def test_a_piece_of_a_number_is_none(tmp_path, line, pattern, value):
    result = run(tmp_path, f"pattern:v={pattern}", stdout=line + b"\n")
    assert result.metrics == ({} if value is None else {"v": value})
    if value is None:
        assert "is a piece of a longer number" in problem(result, "not-a-number")["what"]


def test_patterns(tmp_path):
    result = run(
        tmp_path,
        "pattern:v=step (?P<step>\\d+) loss (?P<value>\\S+)",
        "pattern:n=none (\\d)",
        "pattern:bad=(?:loss) (\\w+)$",
        stdout=b"step 1 loss 4\nstep 2 loss 2\nloss abc\n" + b"." * 10_000 + b"none 1\n",
    )
    assert result.metrics == {"v": 2.0}
    assert result.series["v"]["last_step"] == 2.0
    assert problem(result, "no-match")["source"] == "pattern n"
    assert problem(result, "not-a-number")["rows"] == [3]
    assert parse_pattern("a=b=(.)").pattern == "b=(.)"


def test_a_huge_line_is_skipped_and_reported_in_bounded_memory(tmp_path):
    path = tmp_path / "stdout.log"
    with path.open("wb") as file:
        file.write(b'{"a": 1}\n{"big": "')
        for _ in range(24):
            file.write(b"x" * 1024 * 1024)
        file.write(b'"}\n{"b": 2}\n')
        file.write((b"noise " * 20 + b"\n") * 20_000)
        file.write(b"y" * (MAX_LINE_BYTES + 1) + b"\n")
    tracemalloc.start()
    result = registry.extract([], RunFiles(str(tmp_path), str(path)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result.metrics == {"a": 1.0, "b": 2.0}
    assert problem(result, "line-too-long")["rows"] == [2, 20_004]
    assert peak < 12 * MAX_LINE_BYTES


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(
        st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"").replace(b"\r", b"")), max_size=20
    ),
    st.booleans(),
    st.integers(0, 3),
)
def test_lines_are_those_of_the_file_across_chunk_edges(tmp_path_factory, lines, ended, edge):
    import hashlib

    padding = b"p" * (CHUNK_BYTES - edge - len(lines))
    data = b"\n".join([padding, *lines]) + (b"\n" if ended else b"")
    path = tmp_path_factory.mktemp("l") / "f"
    path.write_bytes(data)
    reader = Lines(str(path))
    found = list(reader)
    assert [(n, t) for n, t in found if t] == [
        (i, line.decode("utf-8", "replace")) for i, line in enumerate([padding, *lines], 1) if line
    ]
    assert reader.digest == "sha256:" + hashlib.sha256(data).hexdigest()
    assert reader.complete is data.endswith(b"\n")


@given(
    st.lists(st.sampled_from([b"{:1}", b"{:x}", b":1", b"{", b"", b"a\r{:1}", b"x" * 9])),
    st.booleans(),
    st.sampled_from([3, 7, 16, CHUNK_BYTES]),
)
def test_lines_that_hold_something_are_found_with_their_numbers(
    tmp_path_factory, lines, ended, piece
):
    path = tmp_path_factory.mktemp("l") / "f"
    path.write_bytes(b"\n".join(lines) + (b"\n" if ended else b""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leadline.adapters.extractors.lines.CHUNK_BYTES", piece)
        reader = Lines(str(path), only_with=b"{", redraws=True, and_with=re.compile(rb":\d"))
        found, every = list(reader), Lines(str(path), redraws=True)
        among = list(every)
    whole = dict(enumerate(lines, 1))

    def holds(number: int, drawn: str) -> bool:
        """Of a line that is longer than a piece, what was drawn over is judged by itself."""
        line = whole[number] if piece == CHUNK_BYTES else drawn.encode("utf-8", "replace")
        return b"{" in line and b":1" in line

    wanted = [one for one in among if holds(*one)]
    assert [one for one in found if one in wanted] == wanted
    assert all(one in among and b"{" in whole[one[0]] for one in found)
    if piece == CHUNK_BYTES:  # at the edges of a piece all are taken
        assert len(found) - len(wanted) <= 2
    assert (reader.digest, reader.count) == (every.digest, every.count)


@pytest.mark.parametrize("extra, skipped", [(0, False), (1, True)])
def test_the_limit_of_a_line_is_exact_wherever_chunks_end(tmp_path, extra, skipped):
    (tmp_path / "f").write_bytes(b"a\n" + b"x" * (MAX_LINE_BYTES + extra) + b"\nb\n")
    assert [(n, t is None) for n, t in Lines(str(tmp_path / "f"))] == [
        (1, False),
        (2, skipped),
        (3, False),
    ]


def test_a_long_series_is_thinned_evenly_and_summed_without_loss():
    gatherer = Gatherer(METRICS, {"x": MetricDef("x", reduce="sum")})
    for value in [1e16, 1.0, -1e16] + [0.0] * 2000:
        gatherer.add("x", value)
    result = gatherer.finish(None)
    assert result.metrics == {"x": 1.0}
    steps = [step for step, _ in result.series["x"]["sample"]]
    assert 100 <= len(steps) <= 201
    assert {b - a for a, b in itertools.pairwise(steps[:-1])} == {16}


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=600))
def test_reduction_rules_agree_with_the_textbook(values):
    expected = {
        "first": values[0],
        "last": values[-1],
        "min": min(values),
        "max": max(values),
        "sum": math.fsum(values),
        "mean": math.fsum(values) / len(values),
        "median": statistics.median(values),
    }
    for rule, wanted in expected.items():
        gatherer = Gatherer(METRICS, {"x": MetricDef("x", reduce=rule)})
        for value in values:
            gatherer.add("x", value)
        result = gatherer.finish(None)
        assert math.isclose(result.metrics["x"], wanted, rel_tol=1e-12, abs_tol=1e-9), rule
        if len(values) > 1:
            summary = result.series["x"]
            assert summary["points"] == len(values) and len(summary["sample"]) <= 202
            assert summary["sample"][-1] == [len(values) - 1, values[-1]]


@pytest.mark.parametrize("rule", ["min", "max", "mean", "sum", "median"])
def test_a_nan_is_not_hidden_by_the_reduction(rule):
    for values in ([1.0, math.nan, 2.0], [math.nan, 1.0]):
        gatherer = Gatherer(METRICS, {"x": MetricDef("x", reduce=rule)})
        for value in values:
            gatherer.add("x", value)
        assert gatherer.finish(None).nonfinite == {"x": "NaN"}


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
_SPEC_KEYS = st.sampled_from(
    ["path", "rows", "unique", "items", "columns", "pattern", "nan", "reader"]
)


@given(_ANY | st.dictionaries(_SPEC_KEYS, _ANY))
def test_whatever_stands_in_a_declaration_is_read_or_refused(value):
    try:
        assert isinstance(parse_spec(value), ExtractionSpec)
    except LeadlineError as error:
        assert error.code == "bad-extraction-spec"


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [("r.json", '{"ms": 1, "ms": 2}', "not-json"), ("r.jsonl", '{"ms": 1, "ms": 2}', "name-twice")],
)
def test_of_two_values_of_one_name_none_is_taken(tmp_path, name, text, code):
    result = table(tmp_path, "", text, name)
    assert result.metrics == {} and problem(result, code)["blocking"]
