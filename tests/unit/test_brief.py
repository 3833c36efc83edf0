"""The brief sends its reader on with commands that are there and take no word more."""

from __future__ import annotations

from leadline.cli.parsing import load, parser_for
from leadline.core.view.page import page_of
from leadline.render.page import owed_lines, owed_of, parts_of
from leadline.testing.example_thread import realistic


def test_what_is_cut_names_a_command_that_works_as_it_is_typed() -> None:
    thread = realistic().thread()
    page = page_of(thread, None)
    owed = owed_lines(owed_of(thread, page, None, ["a reason", "a post"]), ())
    for part in parts_of(thread, page, None, owed):
        program, verb, *rest = part.verb.split()
        assert program == "leadline"
        parser_for(verb, load(verb)).parse_args(rest)
