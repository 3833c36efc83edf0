"""The order of labels and of states of hypotheses."""

from __future__ import annotations

import pytest

from leadline.core.record.ranks import (
    EARNED,
    HYPOTHESIS_STATES,
    LABELS,
    OPEN_STATES,
    queue_place,
    rank,
    state_of,
)
from leadline.testing.builders import ThreadBuilder


def test_a_label_that_nothing_earned_ranks_below_each_that_was():
    assert sorted(LABELS, key=rank) == list(LABELS)
    assert [rank(label) for label in EARNED] == [1, 2, 3]
    assert rank("") == rank("none") == rank("refuted") == rank("superseded by P-C2") == 0


@pytest.mark.parametrize("state", ["retracted", "a state of a later version"])
def test_what_is_no_state_stands_behind_all_states(state):
    places = [queue_place(s) for s in (*HYPOTHESIS_STATES, state)]
    assert places == sorted(set(places))
    assert state not in OPEN_STATES


def test_a_hypothesis_that_nobody_changed_is_proposed():
    b = ThreadBuilder()
    b.record("hypothesis", {"id": "P-H1", "text": "wider is faster"})
    b.hypothesis("fp8 halves it", state="active")
    assert [state_of(h) for h in b.thread().hypotheses] == ["proposed", "active"]
