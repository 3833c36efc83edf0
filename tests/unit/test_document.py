"""Numbers of documents: what is looked at, what binds it, what became of it."""

from __future__ import annotations

import pytest

from leadline.core.text.document import fixed, judged
from leadline.testing.builders import ThreadBuilder


def thread(**more):
    b = ThreadBuilder(metrics=[("time_ms", "ms", "lower"), ("acc", "", "higher")], **more)
    b.run("block 64", {"time_ms": 7.12, "acc": 0.812}, {"block": 64})
    b.run("block 128", {"time_ms": 5.07, "acc": 0.907}, {"block": 128})
    return b


def states(text, build=None, tex=False):
    return [(f.number, f.state) for f in judged(text, [(build or thread()).thread()], tex)]


@pytest.mark.parametrize(
    "text",
    [
        "Released in 2024, version 1.2.3, needs Python 3.11 and CUDA 12.4.",
        "Section 3.2 and Table 4; the 7B model; 80 GB of memory; 12 layers, 3x3 kernels.",
        "```\nloss 0.31 at 12 ms\n```\nand `0.31` or `12 ms` in code.",
        "![badge 99.1%](https://img.shields.io/cov-99.1%25) https://x.org/12.5ms",
        "---\ntime: 5 ms\n---\nText.",
        "## Results in 3.1 ms\n",
        "A 95% interval; a timeout of 30 s; 100% Python.",
        "On x86 and x64, derived in the 1990s, and since 1987 (2019) faster.",
        "Install takes 5 minutes, see page 12 of 2024-05-01.",
        "<!-- 5.5 ms in a comment -->",
        "It may be called up to 254 times before it fails, and is 40x more likely to.",
        "| params (M) | size |\n|---|---|\n| 9.5 | 640 |\n",
        "| option | default |\n|---|---|\n| lr | 0.5 |\n",
        "Times in ms:\n\n| n | lr | what |\n|---|---|---|\n| 9.5 | 0.5 | x |\n\nFar.\n\n"
        "| a | b |\n|---|---|\n| c | 3.11 |\n",
    ],
)
def test_what_is_no_result_is_left_alone(text):
    assert states(text) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("The kernel takes 6.3 ms a step.", "6.3 ms"),
        ("It is 1.9x faster.", "1.9x"),
        ("It decodes at 2083 MB/s.", "2083 MB/s"),
        ("It takes 1950 ms.", "1950 ms"),
        ("Accuracy of 0.93 on the test set.", "0.93"),
        ("It saves 31% of the time.", "31%"),
        ("| model | acc |\n|---|---|\n| small | 0.55 |\n", "0.55"),
    ],
)
def test_a_result_without_a_citation_is_unsupported(text, number):
    assert states(text) == [(number, "unsupported")]


def test_a_comment_binds_the_number_before_it_as_far_as_its_digits_go():
    assert states("It takes 5.07 ms<!-- leadline: P-002.time_ms -->.") == [("5.07 ms", "bound")]
    assert states("It takes 5.1 ms <!-- leadline: P-002.time_ms -->.") == [("5.1 ms", "bound")]
    assert states("It takes 5.2 ms<!-- leadline: P-002.time_ms -->.") == [
        ("5.2 ms", "contradicted")
    ]
    assert states("It takes 5.2 ms<!-- leadline: P-009.time_ms -->.") == [("5.2 ms", "unsupported")]
    assert states("It takes 5.2 ms<!-- leadline: reported Smith 2024 -->.") == [
        ("5.2 ms", "reported")
    ]
    change = "29% less<!-- leadline: P-002.time_ms / P-001.time_ms -->"
    assert states(f"It takes {change}.") == [("29%", "bound")]


def test_one_comment_binds_several_numbers_of_its_line():
    text = "From 7.12 ms to 5.07 ms<!-- leadline: P-001.time_ms; P-002.time_ms -->."
    assert [state for _, state in states(text)] == ["bound", "bound"]


def test_a_citation_in_its_place_is_bound_while_it_resolves():
    assert states("It takes {{P-002.time_ms}}, not {{P-009.time_ms}}.") == [
        ("{{P-002.time_ms}}", "bound"),
        ("{{P-009.time_ms}}", "unsupported"),
    ]


def test_a_number_that_was_true_is_stale_since_the_run_that_moved_it():
    b = thread()
    b.repeat("P-002", {"time_ms": 6.4, "acc": 0.9})
    (found,) = judged("It takes 5.07 ms<!-- leadline: P-002.time_ms -->.", [b.thread()])
    assert (found.state, found.why) == ("stale", "since P-002-r2")


def test_tex_is_read_as_tex():
    text = "It takes 5.07\\,ms on average. % leadline: P-002.time_ms\n\\cite{x} \\label{sec:3.2ms} 3.3\\,ms\n% 9.9 ms\n"
    assert [state for _, state in states(text, tex=True)] == ["bound", "unsupported"]


def test_the_fix_writes_a_citation_where_exactly_one_metric_fits():
    threads = [thread().thread()]
    text = "It takes 5.07 ms, an accuracy of 0.907; elsewhere 3.3 ms.\n"
    mended = fixed(text, judged(text, threads))
    assert mended == (
        "It takes 5.07 ms<!-- leadline: P-002.time_ms -->, an accuracy of 0.907<!-- leadline: P-002.acc -->; "
        "elsewhere 3.3 ms.\n"
    )
    assert fixed(mended, judged(mended, threads)) == mended
    both = "It takes 6 ms.\n"
    assert (
        fixed(both, judged(both, threads)) == both
    )  # what none or several fit is left to its author


def test_a_document_is_held_against_all_threads_that_are_given():
    other = ThreadBuilder("other", prefix="Q")
    other.run("x", {"time_ms": 3.3})
    text = "5.07 ms<!-- leadline: P-002.time_ms --> and 3.3 ms<!-- leadline: Q-001.time_ms -->"
    assert [f.state for f in judged(text, [thread().thread(), other.thread()])] == [
        "bound",
        "bound",
    ]


def test_the_heading_of_a_column_makes_its_cells_results():
    table = "| who | Speed<br>CPU (ms) | Operations per second | params (M) |\n|---|---|---|---|\n"
    text = table + "| a | 38.9 ± 0.7 | 8453 | 2.4 |\n| b | 87.2 +- 0.9 | 765 | 9.5 |\n"
    assert [number for number, _ in states(text)] == ["38.9", "8453", "87.2", "765"]


@pytest.mark.parametrize(
    "words",
    [
        ("Median of five, in ms:\n\n", ""),
        ("## Latency (ms)\n\n", ""),
        ("Of five runs.\n\n", "\nAll values are milliseconds.\n"),
        ("Tokens per second on one device.\n", ""),
    ],
)
def test_words_around_a_table_name_the_unit_of_its_cells(words):
    above, below = words
    table = "| n | ours | theirs |\n|---|---|---|\n| 64 | 7.3 | 12 |\n| 8.5 | 19 | 3 |\n"
    assert [number for number, _ in states(f"{above}{table}{below}")] == ["7.3", "19"]


def test_minutes_and_seconds_in_one_word_are_a_time():
    build = thread()
    build.run("long", {"time_s": 143.0}, {"block": 1})
    text = "It took 2m23s<!-- leadline: P-003.time_s --> and 1h2m3s."
    assert states(text, build) == [("2m23s", "bound"), ("1h2m3s", "unsupported")]


def test_a_factor_is_one_of_something_compared():
    text = "It is 4 times faster, 3x, 2 times as fast, and was asked 9 times."
    assert [number for number, _ in states(text)] == ["4 times", "3x", "2 times"]
