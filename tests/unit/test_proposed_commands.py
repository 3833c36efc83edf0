"""Every command that the source proposes, in an answer, an error or a page, is one that the program
knows: read from its syntax trees, each by the real parser of its verb."""

from __future__ import annotations

import ast
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

import leadline
from leadline.cli.parsing import load, parser_for
from leadline.cli.table import VERBS
from tests.promised import problem

SOURCE = Path(leadline.__file__).parent
HOLE = "P-001"
# Where a command ends in a line: words for a reader, what the shell does with it, another command.
_ENDS = re.compile(r"  \(|`| > | \| |, (?:else|then|or) | \[")
_VERB = re.compile(r"leadline [a-z]+")


def proposed() -> list[tuple[str, str]]:
    """(where, line) of every text that begins as a command, with an id in each of its holes."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        if "testing" in path.parts or "demo" in path.parts:
            continue
        if "leadline " not in (source := path.read_text()):
            continue
        nodes = list(ast.walk(ast.parse(source)))
        inside = {id(part) for n in nodes if isinstance(n, ast.JoinedStr) for part in n.values}
        for node in nodes:
            if id(node) in inside or not isinstance(node, ast.Constant | ast.JoinedStr):
                continue
            text = _text(node)
            if _VERB.match(text) and "\n" not in text:
                found.append((f"{path.relative_to(SOURCE)}:{node.lineno}", text))
    return found


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    parts = [v.value if isinstance(v, ast.Constant) else HOLE for v in node.values]
    return "".join(map(str, parts))


def fault(line: str) -> str:
    """Why no command can be made of it. What was typed stands for a lone ``…``: then its options
    alone are looked at; in a text that only begins as a command, its verb."""
    head = _ENDS.split(line)[0].rstrip(".,;: ")
    try:
        words = shlex.split(head)[1:]
    except ValueError:
        return ""  # a line that is put together from several texts
    verb = words[0]
    if verb == "is":  # a sentence about the program
        return ""
    if HOLE in verb:
        return ""
    if verb not in VERBS:
        return f"there is no verb {verb}"
    if HOLE in words[1:2] or (line.endswith(" ") and len(words) == 1):
        return ""  # its subverb, or its beginning alone
    if "…" not in words and "..." not in words:
        found = [problem(f"leadline {shlex.join(filled)}") for filled in _fillings(words)]
        return "" if "" in found else found[0]
    parser = parser_for(verb, load(verb))
    known = set(parser._option_string_actions)
    for action in parser._actions:
        for child in (
            dict(getattr(action, "choices", None) or {}).values() if _has_children(action) else ()
        ):
            known |= set(child._option_string_actions)
    own = words[: words.index("--")] if "--" in words else words
    strange = [w for w in own if w.startswith("--") and w.partition("=")[0] not in known]
    return f"{verb} has no {', '.join(strange)}" if strange else ""


def _fillings(words: list[str]) -> list[list[str]]:
    """A hole is an id, a number, several words or none, or an option with its value."""
    once, without = [], list[str]()
    for word in words:
        if word != HOLE or word not in once:
            once.append(word)
        if word == HOLE and without and without[-1].startswith("--"):
            without.pop()
        elif word != HOLE or word not in without:
            without.append(word)
    kind = ["slurm" if before == "--kind" else w for before, w in pairwise(["", *words])]
    numbers = [word.replace(HOLE, "3") for word in words]
    return [words, numbers, [w for w in words if HOLE not in w], once, without, kind[:-1]]


def _has_children(action: object) -> bool:
    return type(action).__name__ == "_SubParsersAction"


def test_every_proposed_command_can_be_typed():
    faults = [f"{where}: {line}\n    {why}" for where, line in proposed() if (why := fault(line))]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "line",
    ["leadline frobnicate P-001", "leadline note --frob x", "leadline update … --frob 'WHY'"],
)
def test_a_command_that_is_none_is_found(line):
    assert fault(line)
