"""Shell completion by argcomplete: the full command tree is built only when a shell asks for it."""

from __future__ import annotations

import argparse

from leadline.cli.parsing import Parser, add_shared, load
from leadline.cli.table import VERBS


def full_parser() -> argparse.ArgumentParser:
    parser = Parser(prog="leadline")
    verbs = parser.add_subparsers(dest="verb", parser_class=Parser)
    for verb, (_, text) in VERBS.items():
        child = verbs.add_parser(verb, help=text)
        load(verb).configure(child)
        add_shared(child)
    return parser


def complete() -> None:
    """Answer the shell and exit (argcomplete's protocol)."""
    import argcomplete

    argcomplete.autocomplete(full_parser())
