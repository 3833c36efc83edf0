"""Which obligations of an executor are tried at once, and which when there is time."""

from __future__ import annotations

import pytest

# Sweeps over every step, and what the job program does, which is one file wherever it runs: tried at
# once where a start costs least.
_OF_THE_JOB_PROGRAM = {
    "test_a_client_killed_between_any_two_steps_of_submit_leaves_one_job",
    "test_a_client_that_dies_at_any_step_of_a_submission",
    "test_cancel_ends_children_that_resist",
    "test_cancel_leaves_the_whole_family_its_grace_period",
    "test_command_ended_by_a_signal",
    "test_command_that_cannot_be_started",
    "test_many_are_begun_without_waiting_for_each",
    "test_measures_the_whole_family",
    "test_output_is_kept_byte_for_byte",
    "test_supervisor_killed_with_a_living_tree",
    "test_timeout_of_a_command_that_does_not",
    "test_timeout_of_a_command_that_obeys",
}
_STARTS_DEARLY = {"TestSshExecutor", "TestShedExecutor"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        owner = getattr(item, "cls", None)
        if owner and owner.__name__ in _STARTS_DEARLY and item.name in _OF_THE_JOB_PROGRAM:
            item.add_marker(pytest.mark.long)
