"""A tracker or a forge is named in its adapter and in the registry, and asked for nowhere else: a third party's can
then do what ours can."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import leadline
from leadline.adapters.forges import registry as forges
from leadline.adapters.trackers import registry as trackers

SOURCE = Path(leadline.__file__).parent
ROOMS = ("core", "render", "ports", "services")
NAMES = re.compile("|".join(name for name in trackers.BUILTIN if name != "leadline"), re.IGNORECASE)

SECRETS = SOURCE / "core" / "secrets"  # whose keys are known by their shape: nobody is asked for


def texts(module: Path) -> Iterator[tuple[int, str]]:
    """The string literals of a module that names one, without docstrings."""
    source = module.read_text()
    if not NAMES.search(source):
        return
    tree = ast.parse(source)
    said = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.lineno, node.value


def test_no_tracker_is_named_outside_its_adapter_and_the_registry() -> None:
    found = [
        f"{module.relative_to(SOURCE)}:{line}: {text[:60]}"
        for room in ROOMS
        for module in (SOURCE / room).rglob("*.py")
        if module.parent != SECRETS
        for line, text in texts(module)
        if NAMES.search(text)
    ]
    assert found == []


def test_no_forge_is_asked_for_by_its_name() -> None:
    names = "|".join(forges.KINDS)
    asked = re.compile(rf"forge\b.*[!=]=.*[\"']({names})[\"']|[\"']({names})[\"'] [!=]= .*forge")
    found = [
        f"{module.relative_to(SOURCE)}:{number}: {line.strip()}"
        for room in (*ROOMS, "cli")
        for module in (SOURCE / room).rglob("*.py")
        for number, line in enumerate(module.read_text().splitlines(), 1)
        if asked.search(line)
    ]
    assert found == []


def test_what_is_known_of_a_tracker_is_known_without_loading_it() -> None:
    for name, (_, place) in trackers.BUILTIN.items():
        kind = trackers.kind(name)
        assert (kind.name, kind.problem) == (name, "") and kind.called and kind.files
        assert trackers.load(name, {}, "/nowhere").kind is kind, place
    assert trackers.kind("no-such").problem.startswith("there is no tracker called 'no-such'")
