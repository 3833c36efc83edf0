"""What to run to reach the next label, and what the runs say meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from leadline.core.evidence.next_runs import COMMANDS_NAMED, commands_for
from leadline.core.evidence.of_thread import evidence_of
from leadline.testing.builders import ThreadBuilder

FASTER = "loss(P-002) < loss(P-001)"


def two_sides(first: int = 1, second: int = 1, **facts: Any) -> ThreadBuilder:
    """Two experiments, the second faster, of so many runs."""
    b = ThreadBuilder(metrics=[("loss", "", "lower")])
    for experiment, n, value, block in (("P-001", first, 20.0, 64), ("P-002", second, 10.0, 128)):
        for repeat in range(n):
            again = {"experiment": experiment} if repeat else {"config": {"block": block}}
            b.run(metrics={"loss": value + 0.1 * repeat}, **again, **facts)
    return b


def asked(b: ThreadBuilder, predicate: str = FASTER, **body: Any) -> tuple[list[str], str]:
    thread = b.thread()
    whole: Any = {"text": "faster", "predicate": predicate, "axes": ["block"], **body}
    found = evidence_of(thread, whole)
    return commands_for(thread, whole, found), found.sentence.short


def test_each_side_that_is_short_gets_the_repeats_it_lacks():
    commands, sentence = asked(two_sides(1, 2))
    assert commands == [
        "leadline run --experiment P-002 --repeat 1 -- python bench.py --block=128",
        "leadline run --experiment P-001 --repeat 2 -- python bench.py --block=64",
    ]
    assert sentence.startswith("exploratory: loss of P-002 (block=128) is 9.95 (")
    assert sentence.endswith(" below P-001 (block=64), n = 2 against 1")


def test_sides_that_have_their_repeats_lack_no_run():
    commands, sentence = asked(two_sides(3, 3))
    assert commands == []
    assert sentence.startswith("replicated: ") and sentence.endswith(", n = 3 against 3")


def test_what_the_runs_contradict_is_said_and_asks_for_none():
    commands, sentence = asked(two_sides(3, 3), "loss(P-002) > loss(P-001)")
    assert commands == []
    assert sentence.startswith("refuted: ") and " below P-001 (block=64), " in sentence


def test_without_runs_the_question_is_open_and_the_command_unknown():
    b = two_sides()
    b.retract("P-002", "the wrong node")
    commands, sentence = asked(b, "loss(block=512) < 5")
    assert commands == ["leadline run --set block=512 --repeat 3 -- CMD"]
    assert sentence.startswith("no evidence: whether loss(block=512) < 5.0 is open: ")


def test_an_experiment_that_was_withdrawn_is_run_anew_by_its_command():
    b = two_sides(3, 1)
    b.retract("P-002", "the wrong node")
    commands, _ = asked(b)
    assert commands == ["leadline run --set block=128 --repeat 3 -- python bench.py --block=128"]


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (["bench", "--block", "128"], "bench --block 256"),
        (["bench", "--block=128"], "bench --block=256"),
        (["bench", "block:128"], "COMMAND WITH block=256"),
    ],
)
def test_a_value_without_runs_gets_the_command_with_its_flag_set(argv, command):
    b = ThreadBuilder()
    b.run(metrics={"loss": 1.0}, config={"block": 128}, argv=argv)
    commands, _ = asked(b, "loss(P-001) < 5 over block in {128, 256}")
    assert f"leadline run --set block=256 --repeat 3 -- {command}" in commands


def test_few_commands_are_named():
    b = ThreadBuilder()
    b.run(metrics={"loss": 1.0}, config={"block": 1}, argv=["bench", "--block", "1"])
    commands, _ = asked(b, "loss(P-001) < 5 over block in {1, 2, 3, 4, 5, 6, 7}")
    assert len(commands) == COMMANDS_NAMED


def test_what_the_machine_moves_is_repeated_in_turns():
    b = ThreadBuilder()
    b.run(metrics={"time_ms": 2.0}, config={"block": 64})
    b.run(metrics={"time_ms": 1.0}, config={"block": 128})
    commands, _ = asked(b, "time_ms(P-002) < time_ms(P-001)")
    assert commands == ["leadline ab P-001 P-002 --metric time_ms"]


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (["train.py"], []),  # it takes none
        (
            ["train.py", "--seed", "3"],
            ["leadline run --set seed=4 --set block=64 -- train.py --seed 4"],
        ),
        (["train.py", "seed=3"], ["leadline run --set seed=4 --set block=64 -- train.py seed=4"]),
    ],
)
def test_a_deterministic_command_gets_another_seed_where_it_takes_one(argv, command):
    b = ThreadBuilder(metrics=[("loss", "", "lower")])
    for _ in range(3):
        b.run(metrics={"loss": 1.0}, config={"seed": 3, "block": 64}, argv=argv)
    assert asked(b, "loss(block=64) < 5")[0] == command


def test_a_seed_that_changes_nothing_is_not_advised_again():
    b = ThreadBuilder(metrics=[("loss", "", "lower")])
    for seed in (1, 2, 3):
        argv = ["train.py", "--seed", str(seed)]
        b.run(metrics={"loss": 1.0}, config={"arm": "new", "seed": seed}, argv=argv)
    assert asked(b, "loss(arm=new) < 5")[0] == []


def test_a_count_of_another_code_state_is_counted_again_there() -> None:
    b = ThreadBuilder(metrics=[("allocated_bytes", "bytes", "lower")])
    for code, value in (("t-old", 20.0), ("t-new", 10.0)):
        b.run(metrics={"allocated_bytes": value}, code={"tree": code})
    commands, _ = asked(b, "allocated_bytes(P-002) < allocated_bytes(P-001)", axes=["code"])
    assert commands == ["leadline ab P-001 P-002 --metric allocated_bytes"]
