"""A config key that reaches no command is named a tag wherever a config is shown."""

from __future__ import annotations

from leadline.render.logbook.header import case_lines
from leadline.render.page import hidden_config
from leadline.render.report.parts import _beside_title
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
