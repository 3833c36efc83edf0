"""Plots through the command line, of series that real jobs logged."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from tests.cli.test_run import start

JOB = """
import sys
import leadline as ll
for step in range(int(sys.argv[1])):
    ll.log(step=step, loss=9.0 if step == 4321 else 1 / (1 + step), lr=0.1)
"""
SVG = "{http://www.w3.org/2000/svg}"


def _logged(lab):
    """Two runs of 5,000 and of 50 steps, and a third that logged nothing."""
    lab.write("job.py", JOB)
    lab.ok("metric", "loss", "--unit", "nats", "--direction", "lower")
    for count in ("5000", "50"):
        lab.ok("run", "--set", f"n={count}", "--", sys.executable, "job.py", count)
    lab.ok("run", "--", "true")


@pytest.fixture
def logged(as_built):
    return as_built(_logged)


def ids(lab):
    return sorted(row["id"] for row in lab.json("status", "--runs")["data"])


def test_the_terminal_shows_axes_runs_and_what_is_left_out(logged):
    first, second, _ = ids(logged)
    text = logged.ok("plot", first, second, "--metric", "loss", "--width", "70")
    assert "loss [nats]" in text and first in text and second in text and "5,050 points" in text
    # a note may be longer than the picture
    assert all(len(line) <= 70 + 40 for line in text.splitlines())
    assert "*" in text and "o" in text  # letters tell them apart without colour
    alone = logged.ok("plot", first, "--metric", "loss", env={"PYTHONIOENCODING": "utf-8"})
    assert any("\u2800" < character <= "\u28ff" for character in alone)
    plain = logged.ok("plot", first, "--metric", "loss", env={"PYTHONIOENCODING": "ascii"})
    assert plain.isascii() and "*" in plain


def test_a_spike_is_drawn_however_long_the_series(logged):
    first = ids(logged)[0]
    panel = logged.json("plot", first, "--metric", "loss", "--width", "40")["data"]["panels"][0]
    line = panel["lines"][0]
    drawn = [tuple(point) for piece in line["pieces"] for point in piece]
    assert (4321, 9.0) in drawn and line["points"] == 5000 and len(drawn) <= 162
    assert panel["unit"] == "nats"


def test_an_svg_holds_a_line_for_each_run_and_nothing_that_runs(logged):
    first, second, third = ids(logged)
    logged.ok("plot", first, second, third, "--metric", "loss", "--metric", "lr", "--out", "a.svg")
    tree = ElementTree.parse(logged.repo / "a.svg").getroot()
    assert len(tree.findall(f".//{SVG}polyline")) == 4
    said = " ".join(text for element in tree.iter(f"{SVG}text") for text in element.itertext())
    assert "loss [nats]" in said and f"without this series: {third}" in said
    assert not tree.findall(f".//{SVG}script")
    again = logged.json("plot", first, "--out", "a.svg")
    assert again["error"]["code"] == "file-exists"
    logged.ok("plot", first, "--out", "a.svg", "--force")


def test_names_from_outside_are_text(thread_lab):
    thread_lab.write(
        "job.py",
        "import leadline as ll\nll.log({'<script>&\"': 1.0, '\\x1b[31mred': 2.0}, step=1)\n",
    )
    thread_lab.ok("run", "--", sys.executable, "job.py")
    thread_lab.ok("plot", ids(thread_lab)[0], "--out", "a.svg")
    raw = (thread_lab.repo / "a.svg").read_text()
    assert "<script" not in raw
    ElementTree.fromstring(raw.encode())
    assert "\x1b" not in thread_lab.ok("plot", ids(thread_lab)[0])


def test_a_png_is_a_picture(logged):
    pytest.importorskip("matplotlib")
    first, second, _ = ids(logged)
    logged.ok("plot", first, second, "--metric", "loss", "--log-y", "--out", "a.png")
    assert (logged.repo / "a.png").read_bytes().startswith(b"\x89PNG\r\n")


def test_a_png_without_matplotlib_names_the_extra(logged):
    logged.write("without/sitecustomize.py", "import sys; sys.modules['matplotlib'] = None\n")
    answer = logged.json(
        "plot", ids(logged)[0], "--out", "a.png", env={"PYTHONPATH": str(logged.repo / "without")}
    )
    assert (
        answer["error"]["code"] == "no-matplotlib"
        and "pip install 'leadline[plot]'" in answer["next"]
    )
    assert not (logged.repo / "a.png").exists()


def test_a_logarithmic_axis_counts_what_cannot_stand_on_it(thread_lab):
    values = "[1.0, 0.0, -2.0, 10.0, float('nan'), 100.0]"
    thread_lab.write(
        "job.py", f"import leadline as ll\nfor s, v in enumerate({values}): ll.log(step=s, x=v)\n"
    )
    thread_lab.ok("run", "--", sys.executable, "job.py")
    panel = thread_lab.json("plot", ids(thread_lab)[0], "--metric", "x", "--log-y")["data"][
        "panels"
    ][0]
    line = panel["lines"][0]
    assert line["left_out"] == 3
    assert line["pieces"] == [[[0, 1.0]], [[3, 10.0]], [[5, 100.0]]]  # gaps stay gaps
    assert (line["not_finite"], line["not_positive"]) == (1, 2)
    said = thread_lab.ok("plot", ids(thread_lab)[0], "--log-y")
    assert "1 point is no finite number" in said and "2 points are not above 0" in said


@pytest.mark.parametrize(
    "values", ["[]", "[3.0]", "[3.0] * 50", "[float('nan')] * 3", "[1e308, -1e308]"]
)
def test_odd_series_have_a_plot_or_an_answer(thread_lab, values):
    thread_lab.write(
        "job.py", f"import leadline as ll\nfor s, v in enumerate({values}): ll.log(step=s, x=v)\n"
    )
    thread_lab.ok("run", "--", sys.executable, "job.py")
    run = ids(thread_lab)[0]
    for more in ((), ("--log-y",), ("--x", "time"), ("--out", "a.svg", "--force")):
        done = thread_lab.run("plot", run, *more)
        assert "Traceback" not in done.stderr and "bug" not in done.stderr
        assert (done.returncode == 0) == (values != "[]"), done.stderr
    if values != "[]":
        ElementTree.parse(thread_lab.repo / "a.svg")


def test_what_cannot_be_plotted_is_said(logged):
    first, _, third = ids(logged)
    for args, code in (
        ((first, "--metric", "los"), "no-such-series"),
        ((third,), "no-series"),
        (("XYZ-999",), "unknown-id"),
        ((first, "--out", "a.pdf"), "bad-picture"),
        ((first, "--out", "no/such/folder/a.svg"), "no-folder"),
        ((first, "--width", "3"), "bad-size"),
    ):
        answer = logged.json("plot", *args)
        assert not answer["ok"]
        assert answer["error"]["code"] == code, answer
        assert answer["next"]
    assert "loss" in logged.json("plot", first, "--metric", "los")["error"]["why"]


def test_a_run_that_goes_on_is_plotted_as_far_as_it_is(thread_lab):
    thread_lab.write(
        "job.py",
        "import leadline as ll, os\nfor s in range(40): ll.log(step=s, loss=s)\nos.read(os.open('go', 0), 1)\n",
    )
    os.mkfifo(thread_lab.repo / "go")
    going = start(thread_lab, "run", "--", sys.executable, "job.py")
    go = os.open(thread_lab.repo / "go", os.O_WRONLY)  # returns once the job has logged and reads
    [panel] = thread_lab.json("plot", "P-001", "--metric", "loss")["data"]["panels"]
    assert panel["lines"][0]["provisional"] and panel["lines"][0]["points"] == 40
    assert "still running: P-001-r1" in thread_lab.ok("plot", "P-001", "--metric", "loss")
    os.write(go, b"g")
    os.close(go)
    going.communicate()
    assert "still running" not in thread_lab.ok("plot", "P-001", "--metric", "loss")


def test_an_experiment_stands_for_its_runs(thread_lab):
    thread_lab.write("job.py", JOB)
    thread_lab.ok("run", "--repeat", "3", "--", sys.executable, "job.py", "20")
    [panel] = thread_lab.json("plot", "P-001", "--metric", "loss")["data"]["panels"]
    assert [line["run"] for line in panel["lines"]] == ["P-001-r1", "P-001-r2", "P-001-r3"]
    text = thread_lab.ok("plot", "P-001", "--metric", "loss", "--width", "60")
    # the legend takes several rows
    assert "P-001-r3" in text and all(len(line) <= 60 for line in text.splitlines())


def test_the_report_shows_the_series_of_defined_metrics(logged):
    first, second, _ = ids(logged)
    logged.ok("report", "--out", "r.html")
    page = (logged.repo / "r.html").read_text()
    # each experiment has a run, and lr is not defined
    assert page.count('<path class="curve s0" vector-effect') == 2
    assert f"<title>{first}</title>" in page and f"<title>{second}</title>" in page
    assert "5,000 points, the" in page and "lr over step" not in page
    spike = [float(y) for y in re.findall(r",(\d+\.\d\d)[ \"]", page)]
    assert min(spike) < 10  # 9.0 of 9.0 stands at the upper end


def test_a_thread_without_series_has_a_report_without_plots(thread_lab):
    thread_lab.ok("metric", "loss", "--unit", "nats", "--direction", "lower")
    thread_lab.ok("run", "--", "true")
    thread_lab.ok("report", "--out", "r.html")
    assert 'class="curve' not in (thread_lab.repo / "r.html").read_text()


def test_nothing_above_zero_has_no_logarithmic_plot(thread_lab):
    thread_lab.write(
        "job.py", "import leadline as ll\nfor s in range(5): ll.log(step=s, loss=-1.0 - s)\n"
    )
    thread_lab.ok("run", "--", sys.executable, "job.py")
    said = thread_lab.ok("plot", "P-001", "--log-y")
    assert (
        "nothing to draw on a logarithmic axis" in said
        and "5 points are not above 0" in said
        and "└" not in said
    )
    thread_lab.ok("plot", "P-001", "--log-y", "--out", "a.svg")
    assert "nothing to draw" in (thread_lab.repo / "a.svg").read_text()


def test_time_is_in_a_unit_that_fits(thread_lab):
    lines = "".join(f'{{"step": {s}, "loss": {s}.5, "t": {1.7e9 + 600 * s}}}\n' for s in range(40))
    thread_lab.write("lines.jsonl", lines)
    thread_lab.ok("run", "--", "sh", "-c", 'cat lines.jsonl > "$LEADLINE_METRICS"')
    text = thread_lab.ok("plot", "P-001", "--metric", "loss", "--x", "time", "--width", "60")
    assert "hours since the run's first point" in text
    assert all(len(line) <= 60 for line in text.splitlines())
    [panel] = thread_lab.json("plot", "P-001", "--metric", "loss", "--x", "time")["data"]["panels"]
    # seconds, whatever the picture says
    assert panel["lines"][0]["pieces"][0][-1] == [39 * 600.0, 39.5]
    thread_lab.ok("plot", "P-001", "--metric", "loss", "--x", "time", "--out", "a.svg")
    assert "hours since" in (thread_lab.repo / "a.svg").read_text()


def test_points_without_times_are_not_put_at_a_time(thread_lab):
    for name, times in (("none", (None, None, None)), ("some", (100.0, None, 103.0))):
        lines = [
            {"step": s, "loss": 1.0 + s, **({"t": t} if t else {})} for s, t in enumerate(times)
        ]
        thread_lab.write(f"{name}.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
        thread_lab.ok(
            "run", "--set", f"n={name}", "--", "sh", "-c", f'cat {name}.jsonl > "$LEADLINE_METRICS"'
        )
    assert thread_lab.json("plot", "P-001", "--x", "time")["error"]["code"] == "no-times"
    [panel] = thread_lab.json("plot", "P-001", "P-002", "--metric", "loss", "--x", "time")["data"][
        "panels"
    ]
    assert panel["untimed"] == ["P-001-r1"] and panel["lines"][0]["left_out"] == 1
    assert panel["lines"][0]["pieces"] == [[[0.0, 1.0]], [[3.0, 3.0]]]
    said = thread_lab.ok("plot", "P-001", "P-002", "--metric", "loss", "--x", "time")
    assert (
        "without times: P-001-r1" in said
        and "1 point is without a time" in said
        and "finite" not in said
    )


def test_processes_of_a_run_are_lines_of_their_own(thread_lab):
    """Joined by their clocks, the ranks of a training would be one zigzag that none of them logged."""
    thread_lab.write("job.py", JOB)
    ranks = f"for r in 0 1 2; do RANK=$r {sys.executable} job.py 60 & done; wait"
    thread_lab.ok("run", "--", "sh", "-c", ranks)
    run = ids(thread_lab)[0]
    for axis in ("step", "time"):
        [line] = thread_lab.json("plot", run, "--metric", "loss", "--x", axis)["data"]["panels"][0][
            "lines"
        ]
        assert (line["writers"], line["points"], len(line["pieces"])) == (3, 180, 3)
        for piece in line["pieces"]:
            assert [x for x, _ in piece] == sorted(x for x, _ in piece)
    assert f"a line for each process: {run} has 3" in thread_lab.ok("plot", run, "--metric", "loss")
    thread_lab.ok("plot", run, "--metric", "loss", "--out", "a.svg")
    assert len(ElementTree.parse(thread_lab.repo / "a.svg").findall(f".//{SVG}polyline")) == 3


def test_a_thousand_metrics_are_not_a_thousand_panels(thread_lab):
    job = "import leadline as ll\nfor s in range(3): ll.log({f'layer/{n:04}': s for n in range(1000)}, step=s)\n"
    thread_lab.write("job.py", job)
    thread_lab.ok("run", "--", sys.executable, "job.py")
    answer = thread_lab.json("plot", ids(thread_lab)[0])
    assert len(answer["data"]["panels"]) == 12 and answer["truncated"]
    assert "988 more metrics are not drawn: --metric NAME" in thread_lab.ok(
        "plot", ids(thread_lab)[0]
    )
    named = thread_lab.json(
        "plot", ids(thread_lab)[0], *(w for n in range(20) for w in ("--metric", f"layer/{n:04}"))
    )
    assert len(named["data"]["panels"]) == 20 and not named["truncated"]


def test_the_command_that_is_offered_next_is_one(logged):
    first = ids(logged)[0]
    logged.ok("plot", first, "--metric", "loss", "--out", "a b.svg")
    for out in ("a b.svg", "a.pdf", "job.py/a.svg"):
        [following] = logged.json("plot", first, "--metric", "loss", "--log-y", "--out", out)[
            "error"
        ]["next"]
        assert "--metric loss --log-y" in following
        logged.ok(*shlex.split(following)[1:], *([] if "--force" in following else ["--force"]))


@pytest.mark.parametrize(
    "values", ["[1e12, 2e12, 3e12]", "[1e6, 1e6 + 1e-3, 1e6 + 2e-3]", "[1, 1e9, 1e12]"]
)
def test_large_numbers_of_an_axis_are_whole(thread_lab, values):
    thread_lab.write(
        "job.py",
        f"import leadline as ll\nfor s, v in enumerate({values}): ll.log(step=s << 59, big=v)\n",
    )
    thread_lab.ok("run", "--", sys.executable, "job.py")
    run = ids(thread_lab)[0]
    text = thread_lab.ok("plot", run, "--metric", "big", "--width", "80")
    rows = [row for row in text.splitlines() if "│" in row or "|" in row]
    assert len({re.search("[│|]", row).start() for row in rows}) == 1  # the axis is straight
    assert "1e18" in text and "000000G" not in text
    thread_lab.ok("plot", run, "--metric", "big", "--out", "a.svg")
    labels = [
        e
        for e in ElementTree.parse(thread_lab.repo / "a.svg").iter(f"{SVG}text")
        if e.get("text-anchor") == "end"
    ]
    assert len({e.text for e in labels}) == len(labels) >= 3
    assert all(6.5 * len(e.text) <= float(e.get("x")) for e in labels), [e.text for e in labels]


def test_points_without_a_step_are_counted_and_not_joined_to_others(thread_lab):
    job = "import leadline as ll\nfor s in (10, 20, None, None, 30): ll.log(step=s, loss=1.0)\n"
    thread_lab.write("job.py", job)
    thread_lab.ok("run", "--", sys.executable, "job.py")
    run = ids(thread_lab)[0]
    [line] = thread_lab.json("plot", run)["data"]["panels"][0]["lines"]
    assert line["pieces"] == [[[10, 1.0], [20, 1.0]], [[2, 1.0], [3, 1.0]], [[30, 1.0]]]
    said = "2 points without a step: drawn at their place in the series"
    assert line["without_step"] == 2 and said in thread_lab.ok("plot", run)
    assert "without a step" not in thread_lab.ok("plot", run, "--x", "time")
    thread_lab.ok("plot", run, "--out", "a.svg")
    assert said in (thread_lab.repo / "a.svg").read_text()


def test_a_line_that_lies_under_another_is_named(thread_lab):
    thread_lab.write(
        "job.py",
        "import sys, leadline as ll\nslope = float(sys.argv[1])\nfor s in range(50): ll.log(step=s, loss=slope * s)\n",
    )
    for slope in ("1", "1", "1.0001", "3"):
        thread_lab.ok("run", "--set", f"slope={slope}", "--", sys.executable, "job.py", slope)
    one, two, near, other = ids(thread_lab)
    said = thread_lab.ok("plot", one, two, "--metric", "loss")
    assert f"{one} lies under {two}: the same points" in said
    thread_lab.ok("plot", one, two, "--metric", "loss", "--out", "a.svg")
    assert f"{one} lies under {two}: the same points" in (thread_lab.repo / "a.svg").read_text()
    assert f"{one} lies under {near}: nearly" in thread_lab.ok(
        "plot", one, near, "--metric", "loss"
    )
    assert "lies under" not in thread_lab.ok("plot", one, other, "--metric", "loss")


def test_runs_beyond_the_cap_are_named(thread_lab):
    thread_lab.write("job.py", "import leadline as ll\nfor s in range(3): ll.log(step=s, loss=s)\n")
    thread_lab.ok(
        "sweep",
        "--axis",
        "n=" + ",".join(map(str, range(14))),
        "--seed",
        "0",
        "--",
        sys.executable,
        "job.py",
        "{n}",
    )
    runs = [row["id"] for row in thread_lab.json("status", "--runs")["data"]]
    answer = thread_lab.json("plot", *runs)
    [panel] = answer["data"]["panels"]
    assert answer["truncated"] and panel["more"] == 2 and panel["more_runs"] == runs[12:]
    assert f"2 more runs are not drawn: {runs[12]}, {runs[13]} (" in thread_lab.ok("plot", *runs)


def test_a_sweep_is_plotted(thread_lab):  # type: ignore[no-untyped-def]
    program = "import sys; print('{\"time_ms\": %s}' % sys.argv[1])"
    thread_lab.ok(
        "sweep", "--axis", "k=1,2,4", "--repeat", "2", "--", sys.executable, "-c", program, "{k}"
    )
    assert "k=4" in thread_lab.ok("plot", "P-W1")
    assert "wrote k.svg" in thread_lab.ok("plot", "P-W1", "--svg", "k.svg")
    assert (thread_lab.repo / "k.svg").read_text().startswith("<svg")
    said = thread_lab.run("plot", "P-W1", "P-001")
    assert said.returncode == 2 and "leadline plot P-W1" in said.stderr
