"""The examples in docstrings hold, and each module of a small language has one."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import leadline

SOURCE = Path(leadline.__file__).parent
LANGUAGES = {
    "core.check.kickoff",
    "core.config",
    "core.design.cells",
    "core.evidence.predicate",
    "core.extract.spec",
    "core.ids",
    "core.managed_block",
    "core.metric.formula",
    "core.publish.remote_url",
    "core.tracker.reading",
    "core.text.citation",
}
WITH_EXAMPLES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    for path in (SOURCE / "core").rglob("*.py")
    if ">>> " in path.read_text()
}


@pytest.mark.parametrize("name", sorted(LANGUAGES | WITH_EXAMPLES))
def test_the_examples_of_a_module_hold(name):
    done = doctest.testmod(importlib.import_module(f"leadline.{name}"))
    assert done.attempted and not done.failed
