"""Codes of errors mean one thing each, and an error names the command to run next."""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from leadline.cli.parsing import load, parser_for
from leadline.cli.table import VERBS

TOOLS = Path(__file__).parents[2] / "tools"
NOTHING_TO_DO = {
    # code: why no command helps
}


@pytest.fixture(scope="module")
def codes():
    sys.path.insert(0, str(TOOLS))
    try:
        import error_codes
    finally:
        sys.path.remove(str(TOOLS))
    return error_codes


@pytest.fixture(scope="module")
def raised(codes):
    return list(codes.raised())


def test_a_code_is_written_in_one_module_or_has_one_meaning_wherever_it_stands(codes, raised):
    places = defaultdict(set)
    for row in raised:
        places[row.code].add(row.where)
    shared = {code for code, where in places.items() if len(where) > 1}
    assert shared <= set(codes.SHARED) <= set(places)


def test_a_code_is_of_one_kind(raised):
    kinds = defaultdict(set)
    for row in raised:
        kinds[row.code].add(row.kind)
    assert {code: found for code, found in kinds.items() if len(found) > 1} == {}


def test_a_code_is_lower_case_words(raised):
    odd = [r.code for r in raised if not re.fullmatch(r"[a-z0-9]+(-([a-z0-9]+|…))*", r.code)]
    assert odd == []


def test_an_error_names_the_command_to_run_next(raised):
    silent = {row.code for row in raised if not row.tells_next}
    assert silent == set(NOTHING_TO_DO)


def test_the_commands_that_errors_name_are_there(codes):
    """Each verb that a ``do`` names is one, and has the options that are named with it."""
    wrong = []
    for command in codes.commands():
        words = command.split()
        if words[:1] != ["leadline"] or len(words) < 2 or words[1].startswith(("-", "…", "{")):
            continue
        if words[1] not in VERBS:
            wrong.append(command)
            continue
        known = _options(parser_for(words[1], load(words[1])))
        named = re.findall(r"(?<![\w-])--[a-z][a-z-]+", command.partition(" -- ")[0])
        wrong += [f"{command}: {option}" for option in named if option not in known]
    assert wrong == []


def _options(parser):
    found = set()
    for action in parser._actions:
        found.update(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                found |= _options(child)
    return found
