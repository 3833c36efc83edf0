"""One entry for what one command measured: what stands in it, when it is written, what stays."""

from __future__ import annotations

import itertools

import pytest

from leadline.core.record.event import Record
from leadline.render.logbook import imported
from leadline.render.logbook.entries import Entry, log_entries, render_logbook
from leadline.testing.builders import ThreadBuilder

METRICS = [("time_us", "us", "lower"), ("err", "", "lower")]


def builder() -> ThreadBuilder:
    return ThreadBuilder("layernorm", metrics=METRICS)


def sweep(b: ThreadBuilder, axes: dict[str, list[object]], **more: object) -> Record:
    cells = [dict(zip(axes, v, strict=True)) for v in itertools.product(*axes.values())]
    argv = ["bench", *(word for axis in axes for word in (f"--{axis}", "{" + axis + "}"))]
    body = {"id": "P-W1", "design": "factorial", "axes": axes, "cells": cells, "argv": argv}
    fixed = {"cwd": ".", "config": {"opt": "O3"}, "repeat": 3, "seed": 7, "entry": "command"}
    return b.record("sweep", {**body, **fixed, **more})


def cell(
    b: ThreadBuilder, made: Record, values: dict[str, object], times: list[float], **ended: object
) -> str:
    """The runs of a cell; the id of its experiment."""
    argv = ["bench", *(str(word) for axis in values for word in (f"--{axis}", values[axis]))]
    experiment = ""
    for time in times:
        place = {"sweep": made.id, "cell": values}
        facts = {"design": place, "entry": "command"}
        run = b.plan("", {"opt": "O3", **values}, experiment, argv=argv, **facts)
        b.end(run, {"time_us": time, "err": 4.9e-07}, **ended)
        experiment = run.partition("-r")[0]
    return experiment


def end(b: ThreadBuilder, about: str, of: str, **more: object) -> None:
    b.record("command-ended", {"about": [about], "of": of, "refs": {about: of}, **more})


def book(b: ThreadBuilder) -> list[Entry]:
    return list(log_entries(b.thread()))


def a_sweep(b: ThreadBuilder) -> Record:
    made = sweep(b, {"unroll": [1, 4, 8]})
    for unroll, time in ((1, 700.0), (4, 400.0), (8, 300.0)):
        cell(b, made, {"unroll": unroll}, [time, time + 2, time + 1])
    end(b, "P-W1", made.id)
    return made


def test_a_sweep_is_one_entry_with_the_best_first() -> None:
    b = builder()
    a_sweep(b)
    (entry,) = book(b)
    assert "P-W1 sweep of unroll at opt=O3" in entry.heading
    assert "`bench --unroll {unroll}`: 3 cells, 3 runs each" in entry.body
    rows = [line.split("|")[2].strip() for line in entry.body.split("\n") if "| P-0" in line]
    assert rows == ["P-003", "P-002", "P-001"]
    best = next(line for line in entry.body.split("\n") if "P-003" in line)
    assert [c.strip() for c in best.split("|")[1:-1]] == ["8", "P-003", "3", "301", "1", "0.429"]
    assert "`err` is 4.9e-07 in all rows." in entry.body


def test_a_sweep_has_no_entry_before_its_command_has_ended() -> None:
    b = builder()
    made = sweep(b, {"unroll": [1, 4]})
    cell(b, made, {"unroll": 1}, [700.0])
    assert book(b) == []


def test_entries_that_were_written_stay_whatever_comes_behind_them() -> None:
    b = builder()
    made = a_sweep(b)
    before = book(b)
    cell(b, made, {"unroll": 16}, [200.0])
    end(b, "P-W1", made.id)
    b.note("Spills.", ["P-W1"], "interpretation")
    b.run("later", {"time_us": 1.0}, {"k": 1})
    after = book(b)
    assert after[:1] == before
    assert "P-W1 sweep of unroll at opt=O3 (goes on)" in after[1].heading
    assert "(#2026-" in after[2].body  # the note leads to the entry


def test_constants_are_said_once_and_when_they_change() -> None:
    b = builder()
    for number, config in enumerate(({"v": "a"}, {"v": "a"}, {"v": "b"})):
        run = b.plan(f"t{number}", config, argv=["bench", str(number)], entry="run")
        b.end(run, {"time_us": 1.0})
    first, second, third = (entry.body for entry in book(b))
    assert "**Machine:** node-7" in first and "**Code:**" in first and "`v=a`" in first
    assert "Machine" not in second and "Code" not in second and "Config" not in second
    assert "**Config:** `v=b`" in third and "Machine" not in third


def test_what_another_writer_adds_late_changes_no_entry() -> None:
    """What was told is kept by writer: an entry that gets an older neighbour stays."""
    mine, other = builder(), ThreadBuilder("layernorm", writer="w2", started=False)
    other.tick(-3)._numbers["experiment"] = 8
    for b in (mine, other):
        run = b.plan("t", {"k": b.writer}, argv=["bench"], entry="run")
        b.end(run, {"time_us": 1.0})
    mine.tick(60)
    a_sweep(mine)
    before = {entry.heading: entry.body for entry in book(mine)}
    mine.records += other.records
    after = {entry.heading: entry.body for entry in book(mine)}
    assert before.items() <= after.items()


def test_repeats_are_folded_and_later_ones_are_a_line() -> None:
    b = builder()
    first = b.plan("base", {"k": 1}, argv=["bench"], entry="command")
    b.end(first, {"time_us": 10.0})
    uid = b.records[-2].id
    for time in (11.0, 12.0):
        run = b.plan(experiment="P-001", entry="command", design={"together": uid})
        b.end(run, {"time_us": time})
    end(b, "P-001", uid)
    run = b.plan(experiment="P-001", entry="run")
    b.end(run, {"time_us": 20.0})
    whole, later = book(b)
    assert "`time_us` 11 us (median, n=3, sd 1, 10 to 12)" in whole.body
    assert "P-001-r4 1 more run" in later.heading
    assert "`time_us` 20 us here, of all 11.5 us (n=4" in later.body
    assert "Command" not in later.body


@pytest.mark.parametrize("running", [True, False])
def test_a_note_waits_for_the_entry_that_it_is_about(running: bool) -> None:
    """It stands in it; where all runs have ended without a word of the command, it brings it."""
    b = builder()
    made = sweep(b, {"unroll": [1, 4]})
    cell(b, made, {"unroll": 1}, [700.0])
    if running:
        place = {"sweep": made.id, "cell": {"unroll": 4}}
        b.plan("", {"unroll": 4}, argv=["bench"], design=place, entry="command")
    b.note("The chain of adds is the bottleneck.", ["P-W1"], "interpretation")
    assert len(book(b)) == (0 if running else 1)
    if running:
        b.end("P-002-r1", {"time_us": 400.0})
    end(b, "P-W1", made.id)
    (entry,) = book(b)
    assert "**P-N1 Interpretation:** The chain of adds is the bottleneck." in entry.body


def test_a_note_behind_the_entry_has_its_own() -> None:
    b = builder()
    a_sweep(b)
    b.note("Spills at 16.", ["P-W1"], "interpretation")
    assert [e.heading.partition(" - ")[2] for e in book(b)] == [
        "P-W1 sweep of unroll at opt=O3",
        "P-N1 Interpretation of P-W1",
    ]


def test_two_axes_say_what_they_do_to_each_other() -> None:
    b = builder()
    made = sweep(b, {"unroll": [4, 8, 16], "vec": ["sse2", "avx2"]})
    for unroll, sse2, avx2 in ((4, 100.0, 116.0), (8, 80.0, 73.0), (16, 70.0, 55.0)):
        for vec, time in (("sse2", sse2), ("avx2", avx2)):
            cell(b, made, {"unroll": unroll, "vec": vec}, [time, time * 1.01, time * 0.99])
    end(b, "P-W1", made.id)
    (entry,) = book(b)
    line = next(line for line in entry.body.split("\n") if line.startswith("Interaction"))
    assert "the ratio of vec=avx2 to vec=sse2 is, by unroll, 1.16" in line
    assert ", 0.786 (" in line and "by a factor of 0.677 (" in line


def test_rows_that_are_unlike_are_marked() -> None:
    b = builder()
    base = b.plan("base", {"opt": "O3", "unroll": 1}, argv=["bench"], entry="run")
    b.end(base, {"time_us": 700.0})
    b.baseline("P-001")
    made = sweep(b, {"unroll": [1, 4, 8]})
    cell(b, made, {"unroll": 1}, [600.0])
    other = {"tree": "f" * 40, "commit": "f" * 40, "head": "f" * 40, "dirty": False, "gaps": []}
    run = b.plan(
        "",
        {"opt": "O3", "unroll": 4},
        argv=["bench"],
        code=other,
        design={"sweep": made.id, "cell": {"unroll": 4}},
        entry="command",
    )
    b.end(run, {"time_us": 500.0})
    cell(b, made, {"unroll": 8}, [1.0], state="failed", reason="SIGILL")
    end(b, "P-W1", made.id)
    text = book(b)[-1].body
    marks = {
        line.split("|")[1].strip(): line.split("|")[-2].strip()
        for line in text.split("\n")
        if "| P-0" in line
    }
    assert marks == {"1": "", "4": "differs in code", "8": "1 failed"}
    assert "2 code states: not all rows are comparable" in text


def test_a_thousand_cells_are_cut_and_counted() -> None:
    b = builder()
    made = sweep(b, {"k": list(range(1000))})
    for k in range(1000):
        place = {"design": {"sweep": made.id, "cell": {"k": k}}, "entry": "command"}
        b.end(b.plan("", {"k": k}, argv=["bench"], minutes=0.1, **place), {"time_us": 1.0 + k})
    end(b, "P-W1", made.id)
    (entry,) = book(b)
    assert "… and 976 more cells, the worse ones: `leadline sweep show P-W1`." in entry.body
    assert len(entry.body) < 4000


def test_forty_metrics_are_cut_and_counted() -> None:
    b = builder()
    run = b.plan("wide", {"k": 1}, argv=["bench"], entry="run")
    b.end(run, {f"m{n:02d}": float(n) for n in range(40)})
    (entry,) = book(b)
    assert "… and 28 more metrics: `leadline show P-001`" in entry.body
    assert len(entry.body) < 1500


def test_only_failures_tell_why_once() -> None:
    b = builder()
    made = sweep(b, {"unroll": [1, 4]})
    for unroll in (1, 4):
        shown = {"outputs": {"excerpt": "Illegal instruction", "excerpt_of": "stderr"}}
        for _ in range(2):
            place = {"design": {"sweep": made.id, "cell": {"unroll": unroll}}, "entry": "command"}
            known = f"P-{1 if unroll == 1 else 2:03d}" if _ else ""
            run = b.plan("", {"unroll": unroll}, known, argv=["bench"], **place)
            b.end(run, {}, "failed", "SIGILL", **shown)
    end(b, "P-W1", made.id)
    (entry,) = book(b)
    assert "P-001 unroll=1: 2 failed: SIGILL" in entry.body
    assert entry.body.count("Illegal instruction") == 1


def test_a_derived_metric_is_in_the_table() -> None:
    b = builder()
    b.record("metric-defined", {"name": "rate", "formula": "1000 / time_us", "direction": "higher"})
    a_sweep(b)
    assert "median `rate`" in book(b)[0].body


def test_a_run_of_before_has_its_entry_as_before() -> None:
    b = builder()
    b.run("old", {"time_us": 1.0}, {"k": 1})
    b.repeat("P-001", {"time_us": 2.0})
    assert [e.heading.partition(" - ")[2] for e in book(b)] == [
        "P-001 old",
        "P-001-r2 old (repeat)",
    ]
    assert "| metric    | this run |" in render_logbook(b.thread())


def test_a_command_that_ended_early_says_so_before_its_table() -> None:
    b = builder()
    made = sweep(b, {"unroll": [1, 4]})
    cell(b, made, {"unroll": 1}, [700.0])
    end(b, "P-W1", made.id, why="1 run left")
    (entry,) = book(b)
    assert "- **Ended early:** 1 run left\n- **Command:**" in entry.body


@pytest.mark.parametrize(
    ("corrections", "told"),
    [({}, "2 runs"), ({"corrections": ["P-001 loss"]}, "2 runs: P-001 loss and 1 more")],
)
def test_an_import_says_what_it_corrected_as_far_as_the_record_has_it(
    corrections: dict[str, list[str]], told: str
) -> None:
    b = ThreadBuilder("t")
    body = {"source": "a.csv", "origin": "imported", "taken": 0, "about": [], "corrected": 2}
    record = b.record("imported", {**body, **corrections})
    assert f"- **Corrected:** {told}\n" in imported.entry_of(record, b.thread())[1] + "\n"
