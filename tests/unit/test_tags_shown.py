"""A config key that reaches no command is named a tag wherever a config is shown."""

from __future__ import annotations

from leadline.render.logbook.header import baseline_lines, case_lines
from leadline.render.page import hidden_config
from leadline.render.report.page import _baseline as baseline_of
from leadline.render.report.parts import _beside_title
from leadline.render.report.parts import timeline as timeline_of
from leadline.testing.builders import ThreadBuilder


def test_a_tag_is_named_in_brief_logbook_and_report() -> None:
    b = ThreadBuilder(metrics=[("loss", "", "lower")])
    b.run("x", {"loss": 1.0}, {"trial": 1, "a": 1})
    thread = b.thread()
    experiment = thread.experiments["P-001"]
    experiment.runs[0].tags = ("trial",)
    assert hidden_config(experiment) == "trial (tag)=1"
    assert "trial (tag)=1" in "".join(case_lines(experiment, thread))
    assert any("trial (tag)=1" in str(part) for part in _beside_title(experiment))


def test_a_tag_is_named_by_whoever_shows_it_first() -> None:
    """Runs of one command and two configs, of a thread of which nothing was shown before."""
    b = ThreadBuilder(metrics=[("loss", "", "lower")])
    for trial in (1, 2):
        b.run("x", {"loss": 1.0}, {"trial": trial}, argv=["python", "bench.py"])
    b.baseline("P-001")
    assert "trial (tag)=1" in "".join(baseline_lines(b.thread()))
    timeline, _ = timeline_of(b.thread())
    assert [one["config"] for one in timeline if one["kind"] == "experiment"] == [
        ["trial (tag)=1"],
        ["trial (tag)=2"],
    ]
    found = baseline_of(b.thread())
    assert found is not None and found["config"] == ["trial (tag)=1"]
