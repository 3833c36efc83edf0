"""`leadline report` on real runs."""

from __future__ import annotations

import sys

import pytest

from tests.cli.test_issue import measure


def test_it_writes_one_page_outside_the_tree(thread_lab):
    measure(thread_lab, "3.5", "--title", "first", "--set", "block=64")
    made = thread_lab.json("report")["data"]
    page = open(made["path"], encoding="utf-8").read()
    assert made["path"].startswith(str(thread_lab.repo / ".git")) and made["bytes"] == len(
        page.encode()
    )
    assert (made["experiments"], made["runs"]) == (1, 1)
    for text in (
        "P-001",
        "first",
        "block=64",
        "time_ms",
        "echo &#39;{&#34;time_ms&#34;: 3.5}&#39;",
        "sha256:",
        "every hash chain is whole",
    ):
        assert text in page, text
    assert thread_lab.git("status", "--porcelain") == ""


def test_out_is_relative_to_where_one_stands_and_ours_is_replaced_whole(thread_lab):
    thread_lab.write("sub/x", "")
    thread_lab.ok("report", "--out", "../r.html", cwd=thread_lab.repo / "sub")
    thread_lab.ok("note", "one more")
    thread_lab.ok("report", "--out", "r.html")
    assert "one more" in (thread_lab.repo / "r.html").read_text()


@pytest.mark.parametrize("verb", ["report", "logbook"])
def test_another_file_is_replaced_only_when_asked(thread_lab, verb):
    out = thread_lab.write("r.html", "x" * 500_000)
    done = thread_lab.run(verb, "--out", "r.html")
    assert done.returncode == 4 and "r.html is there already" in done.stderr
    assert out.read_text() == "x" * 500_000
    thread_lab.ok(verb, "--out", "r.html", "--force")
    assert "xxxx" not in out.read_text()
    out.write_text(out.read_text() + "by hand")  # ours, until it was edited
    assert thread_lab.run(verb, "--out", "r.html").returncode == 4


def test_a_place_that_cannot_be_written_is_said(thread_lab):
    thread_lab.write("file", "")
    done = thread_lab.run("report", "--out", "file/r.html")
    assert done.returncode == 7 and "file" in done.stderr and "Traceback" not in done.stderr


def test_a_tampered_record_shows_on_the_page(thread_lab):
    measure(thread_lab)
    thread_lab.ok("note", "later")
    folder = thread_lab.repo / ".git/leadline/threads/demo/events"
    [events] = folder.iterdir()
    events.write_bytes(events.read_bytes().replace(b"3.5", b"1.5"))
    thread_lab.ok("report", "--out", "r.html")
    assert (
        "in the event files: run <code>leadline verify</code>"
        in (thread_lab.repo / "r.html").read_text()
    )


def test_output_of_a_run_is_inert(thread_lab):
    thread_lab.ok(
        "run",
        "--title",
        "<img src=x onerror=alert(1)>",
        "--set",
        "a=<script>alert(2)</script>",
        "--",
        "echo",
        '{"time_ms": 1}',
        "<script>alert(3)</script>",
    )
    thread_lab.ok("report", "--out", "r.html")
    page = (thread_lab.repo / "r.html").read_text()
    assert "<script" not in page and "<img" not in page and "&lt;script&gt;alert(3)" in page


def test_the_config_is_said_once_and_one_left_out_artifact_is_one(thread_lab):
    thread_lab.write(
        "job.py",
        "import leadline as ll\nfor n in range(9): ll.log_artifact(b'x', name=f'a{n}.txt')\n",
    )
    thread_lab.ok(
        "run", "--set", "depth=3", "--set", "width=[1, 2]", "--", sys.executable, "job.py"
    )
    thread_lab.ok("run", "--title", "a wide one", "--set", "depth=4", "--", "true")
    thread_lab.ok("report", "--out", "r.html")
    timeline = (thread_lab.repo / "r.html").read_text().partition('id="P-001"')[2]
    first, _, second = timeline.partition('id="P-002"')
    if "depth=4" in first:  # the newest stands first
        first, second = second, first
    assert first.count("depth=3") == 1 and "<code>depth=4</code>" in second
    assert "1 more artifact of P-001-r1: <code>leadline artifact list P-001-r1</code>" in timeline
