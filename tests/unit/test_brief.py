"""The brief sends its reader on with commands that are there and take no word more."""

from __future__ import annotations

from leadline.cli.parsing import load, parser_for
from leadline.render.terminal.brief import _sections
from leadline.testing.example_thread import realistic


def test_what_is_cut_names_a_command_that_works_as_it_is_typed() -> None:
    thread = realistic().thread()
    for section in _sections(thread, None, None, None):
        program, verb, *rest = section.verb.split()
        assert program == "leadline"
        parser_for(verb, load(verb)).parse_args(rest)
