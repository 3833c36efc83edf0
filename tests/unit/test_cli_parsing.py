"""Options that stand in several commands, read in one way."""

from __future__ import annotations

import pytest

from leadline.cli.commands import executor
from leadline.cli.parsing import pairs, parser_for, settings
from leadline.core.errors import LeadlineError


def test_pairs_are_split_at_the_first_equals_and_their_values_read():
    assert pairs([" a =b=c", "n=3"], "--set", "run") == {"a": "b=c", "n": "3"}
    assert settings(["n=3", "n=4"], "--set", "run") == {"n": 4}


@pytest.mark.parametrize("text", ["block", "=64", " =64"])
def test_what_is_no_pair_names_its_option_and_verb(text):
    with pytest.raises(LeadlineError) as error:
        pairs([text], "--a", "ab")
    assert error.value.what == f"--a {text!r} is not key=value"
    assert error.value.next == ["leadline ab --help"]


def test_the_beginning_of_an_option_is_none():
    with pytest.raises(LeadlineError) as error:  # --setup is a command that is carried out
        parser_for("executor", executor).parse_args(["add", "dev", "--kind", "ssh", "--set", "x"])
    assert "--set is not known" in error.value.what
