"""Among how many configurations a comparison was chosen, from the record."""

from __future__ import annotations

from typing import Any

from leadline.core.compare.choice import Choice, choice_of
from leadline.core.record.bodies import DesignPlace
from leadline.testing.builders import ThreadBuilder


def asked(
    b: ThreadBuilder, reference: str, judged: str, before: str = "", **designs: DesignPlace
) -> Choice:
    """``designs``: the place of the runs of experiment P_012."""
    thread = b.thread()
    for name, design in designs.items():
        for run in thread.runs_of(name.replace("_", "-")):
            run.design = design
    return choice_of(thread, thread.runs_of(reference), thread.runs_of(judged), "time_ms", before)


def arms(count: int, **facts: Any) -> ThreadBuilder:
    b = ThreadBuilder()
    for n in range(count):
        b.run(metrics={"time_ms": 1.0 + n}, config={"block": n}, **facts)
    return b


def test_two_that_were_run_are_no_choice() -> None:
    assert asked(arms(2), "P-001", "P-002").count == 1


def test_of_many_run_one_by_one_every_pair_is_one() -> None:
    found = asked(arms(20), "P-001", "P-002")
    assert found.count == 190 and "20 configurations" in found.words


def test_against_the_registered_baseline_each_other_one_is_one() -> None:
    b = ThreadBuilder()
    b.run(metrics={"time_ms": 1.0}, config={"block": 0})
    b.baseline("P-001", "first")
    for n in range(1, 21):
        b.run(metrics={"time_ms": 1.0}, config={"block": n})
    found = asked(b, "P-001", "P-007")
    assert found.count == 20 and found.reference_fixed


def test_a_baseline_that_was_picked_among_many_was_chosen_too() -> None:
    b = arms(12)
    b.baseline("P-012", "the slowest")
    b.repeat("P-001", {"time_ms": 1.0})
    found = asked(b, "P-012", "P-001")
    assert found.count == 11 * 12 and not found.reference_fixed


def test_what_came_after_the_choice_was_no_part_of_it() -> None:
    b = arms(3)
    before = list(b.thread().runs)[-1].uid + "z"
    for n in range(3, 9):
        b.run(metrics={"time_ms": 1.0}, config={"block": n})
    assert asked(b, "P-001", "P-002", before).count == 3


def test_seeds_make_no_other_configuration() -> None:
    b = ThreadBuilder()
    for arm in "ab":
        for seed in range(5):
            b.run(metrics={"time_ms": 1.0}, config={"arm": arm, "seed": seed})
    assert asked(b, "P-001", "P-006").count == 1


def test_a_cell_stands_among_the_cells_of_its_sweep_alone() -> None:
    b = arms(10)
    for n in range(4):
        b.run(metrics={"time_ms": 1.0}, config={"tile": n})
    cells: dict[str, DesignPlace] = {f"P_01{n}": {"sweep": "W"} for n in range(1, 5)}
    assert asked(b, "P-011", "P-012", **cells).count == 6


def test_in_turns_both_sides_were_named_before() -> None:
    place: DesignPlace = {"interleaving": "I", "block": 1}
    assert asked(arms(20), "P-001", "P-002", P_001=place, P_002=place).count == 1


def grid(models: int, prompts: int, seeds: int = 2) -> ThreadBuilder:
    b = ThreadBuilder()
    for model in range(models):
        for prompt in range(prompts):
            for seed in range(seeds):
                b.run(metrics={"acc": 1.0}, config={"model": model, "prompt": prompt, "seed": seed})
    return b


def chosen(b: ThreadBuilder, left: dict[str, int], right: dict[str, int]) -> int:
    thread = b.thread()
    sides = (
        [r for r in thread.runs if all(r.config[k] == v for k, v in at.items())]
        for at in (right, left)
    )
    return choice_of(thread, *sides, "acc").count


def test_all_of_one_value_against_all_of_another_is_one_of_as_many_as_there_are_values() -> None:
    b = grid(2, 3)
    assert chosen(b, {"model": 0}, {"model": 1}) == 1 + 3 == chosen(b, {"prompt": 0}, {"prompt": 2})
    assert (
        chosen(b, {"model": 0, "prompt": 1}, {"model": 1, "prompt": 1}) == 15
    )  # one pair of cells
    some = chosen(b, {"model": 0}, {"model": 1, "prompt": 1})
    assert some == 15  # not all of the other model
    assert chosen(grid(20, 1), {"model": 3}, {"model": 7}) == 190
