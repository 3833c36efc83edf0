"""Who has nothing but the brief types the best command and the next experiment, and tries no dead end again."""

from __future__ import annotations

import re
import shlex

import pytest

from leadline.cli.parsing import load, parser_for
from leadline.core.evidence.known import evidence_for
from leadline.render.terminal.brief import render_brief
from leadline.testing.builders import ThreadBuilder

CHARACTERS = 4000
NEXT = "leadline run --set block=96 -- python bench.py --block=96 --dtype=bf16"


def researched(experiments: int) -> ThreadBuilder:
    """As many cells of a study as asked, in turn fast, lucky, too inexact, crashed; one is decided on."""
    b = ThreadBuilder(metrics=[("time_ms", "ms", "lower")])
    b.record("metric-defined", {"name": "err", "direction": "lower", "limit": "<=0.001"})
    b.run("the naive loop", {"time_ms": 100.0, "err": 1e-7}, {"block": 1, "dtype": "fp32"})
    b.repeat("P-001", *[{"time_ms": 100.0, "err": 1e-7}] * 2)
    b.baseline("P-001")
    b.run("wide blocks", {"time_ms": 50.0, "err": 1e-6}, {"block": 64, "dtype": "bf16"})
    b.repeat("P-002", {"time_ms": 49.0, "err": 1e-6}, {"time_ms": 51.0, "err": 1e-6})
    b.run("lucky", {"time_ms": 40.0, "err": 1e-6}, {"block": 48, "dtype": "bf16"})
    b.run("inexact", {"time_ms": 10.0, "err": 0.5}, {"block": 64, "dtype": "int4"})
    b.note("int4 is too inexact at any block", ["P-004"], "negative")
    b.run("huge", config={"block": 4096}, state="failed", reason="exit code 1: out of registers")
    for i in range(experiments - 5):
        block = 100 + i
        b.run(
            f"block {block}",
            {"time_ms": 60.0 + i, "err": 1e-6},
            {"block": block, "dtype": "bf16"},
        )
        if i % 3 == 0:
            b.note(f"{block} is slower: {'the reason in many words ' * 6}", role="interpretation")
        if i % 9 == 0:
            b.hypothesis(f"{block} is bound by the cache {'as ever ' * 20}", state="active")
        if i % 11 == 0:
            b.claim("It is slower", predicate=f"time_ms(block={block}) > time_ms(P-002)")
    b.retract("P-003", "measured on a throttled machine") if experiments > 50 else None
    b.decision("Ship blocks of 64 in bf16", evidence=["P-002"])
    b.note(f"measure between: `{NEXT}`", role="next")
    return b


def brief_of(b: ThreadBuilder) -> dict[str, list[str]]:
    """Its lines by the title above them."""
    thread = b.thread()
    text = render_brief(thread, evidence_of=evidence_for(thread))
    assert len(text) <= CHARACTERS
    parts: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line[:1].strip():
            title, _, told = line.partition(":")
            parts[title] = [told.strip()] if told.strip() else []
        else:
            parts[title].append(line.strip())
    return parts


@pytest.mark.parametrize("experiments", [10, 100])
def test_the_best_command_stands_there_as_it_was_typed(experiments):
    b = researched(experiments)
    state = brief_of(b)["State"]
    assert state[0].startswith("best P-002 wide blocks: time_ms 50 ms (median, n=3")
    [command] = [line.removeprefix("$ ") for line in state if line.startswith("$ ")]
    run = b.thread().experiments["P-002"].runs[0]
    assert shlex.split(command) == list(run.argv)


@pytest.mark.parametrize("experiments", [10, 100])
def test_the_next_experiment_is_one_command_that_parses(experiments):
    [told] = brief_of(researched(experiments))["Next"]
    [command] = re.findall(r"`([^`]+)`", told)
    assert command == NEXT
    typed, _, program = command.partition(" -- ")
    _, verb, *rest = shlex.split(typed)
    assert program.startswith("python bench.py")
    asked = parser_for(verb, load(verb)).parse_args(rest)
    assert ["block=96"] in vars(asked).values()


@pytest.mark.parametrize("experiments", [10, 100])
def test_the_next_experiment_goes_when_it_was_run(experiments):
    b = researched(experiments)
    b.run("between", {"time_ms": 55.0}, argv=NEXT.partition(" -- ")[2].split())
    assert "Next" not in brief_of(b)


@pytest.mark.parametrize("experiments", [10, 100])
def test_what_is_not_to_be_tried_again_stands_with_its_reason(experiments):
    dead = brief_of(researched(experiments))["Dead ends"]
    said = " / ".join(dead)
    assert "P-004" in said and "int4 is too inexact at any block" in said
    assert "P-005" in said and "out of registers" in said
    assert "P-002" not in said
    assert ("throttled" in said) == (experiments > 50)
