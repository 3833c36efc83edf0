"""The house rule, read from the syntax trees of the source: one decision a statement, imports that
go one way, rooms that say what they are for."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "leadline"
FLOORS = ("core", "render", "services", "adapters")


@cache
def trees() -> dict[Path, ast.Module]:
    gc.disable()  # nothing of them is garbage
    found = {path: ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}
    gc.freeze()
    gc.enable()
    return found


def statements(tree: ast.AST) -> Iterator[tuple[ast.stmt, list[ast.AST]]]:
    """Each statement with what it is made of, without the statements inside it."""
    waiting = [node for node in ast.iter_child_nodes(tree) if isinstance(node, ast.stmt)]
    while waiting:
        statement = waiting.pop()
        own: list[ast.AST] = [statement]
        for node in own:
            for inner in ast.iter_child_nodes(node):
                (waiting if isinstance(inner, ast.stmt) else own).append(inner)
        yield statement, own


def decides(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.IfExp) for inner in ast.walk(node))


def faults_of(nodes: list[ast.AST]) -> Iterator[str]:
    decisions = sum(isinstance(node, ast.IfExp) for node in nodes)
    if not decisions:
        return
    if decisions > 1:
        yield "more than one conditional expression in a statement"
    if any(isinstance(node, ast.JoinedStr) and decides(node) for node in nodes):
        yield "a conditional expression inside an f-string"
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    values = [value for call in calls for value in (*call.args, *(k.value for k in call.keywords))]
    if any(value.end_lineno != value.lineno and decides(value) for value in values):
        yield "a conditional expression in an argument over several lines"


def test_a_statement_decides_one_thing() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{statement.lineno}: {fault}"
        for path, tree in trees().items()
        for statement, nodes in statements(tree)
        for fault in faults_of(nodes)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("x = (a if b else c) + (d if e else f)", "more than one"),
        ("x = f'{a if b else c}'", "f-string"),
        ("call(\n  [\n    a if b else c\n  ]\n)", "several lines"),
    ],
)
def test_the_rule_sees_what_it_forbids(source: str, fault: str) -> None:
    ((_, nodes),) = statements(ast.parse(source))
    assert any(fault in said for said in faults_of(nodes))


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.Module, modules: set[str]) -> Iterator[str]:
    """Modules of Leadline that are imported at run time, at the top or inside a function."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.expr):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        waiting += ast.iter_child_nodes(node)


def circles(arrows: dict[str, set[str]]) -> set[str]:
    """The nodes that lie on a circle: what is left when all that end somewhere are taken away,
    from both sides."""
    left = {name: set(targets) for name, targets in arrows.items()}
    while True:
        aimed_at = {target for targets in left.values() for target in targets}
        kept = {
            name for name, targets in left.items() if targets & left.keys() and name in aimed_at
        }
        if kept == left.keys():
            return kept
        left = {name: left[name] & kept for name in kept}


def test_no_import_goes_round_in_a_circle() -> None:
    modules = {name_of(path) for path in trees()}
    arrows = {
        name_of(path): (set(imports_of(tree, modules)) & modules) - {name_of(path)}
        for path, tree in trees().items()
    }
    assert sum(map(len, arrows.values())) > 1000
    assert circles(arrows) == set()


def test_a_circle_is_seen() -> None:
    arrows = {"before": {"a"}, "a": {"b"}, "b": {"c"}, "c": {"a", "after"}, "after": set()}
    assert circles(arrows) == {"a", "b", "c"}


def test_a_package_says_what_it_is_for() -> None:
    silent = [p for p, t in trees().items() if p.stem == "__init__" and not ast.get_docstring(t)]
    assert not silent


def test_a_room_exports_nothing() -> None:
    rooms = [p for floor in FLOORS for p in SOURCE.glob(f"{floor}/*/__init__.py")]
    assert len(rooms) > 40
    assert [room for room in rooms if [type(s) for s in trees()[room].body] != [ast.Expr]] == []


MAY_WRITE = {
    "cli/answer.py": "the one way to a terminal",
    "cli/main.py": "--version and the overview, which hold nothing of anybody's and load nothing",
    "calls.py": "a line for a program that is no command, cleaned as all are",
}


WRITING = ("print", "write", "writelines")


def writes_to_a_terminal(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _last_name(node.func) in WRITING:
            called = ast.unparse(node.func)
            if called == "print" or called.startswith(("sys.stdout", "sys.stderr")):
                yield node.lineno


def _last_name(called: ast.expr) -> str:
    if isinstance(called, ast.Name):
        return called.id
    return called.attr if isinstance(called, ast.Attribute) else ""


def test_every_verb_prints_through_one_function() -> None:
    found = {
        str(path.relative_to(SOURCE)): line
        for path, tree in trees().items()
        for line in writes_to_a_terminal(tree)
    }
    elsewhere = ("job/", "testing/", "demo/", "adapters/trackers/outside/")  # programs of their own
    assert not {
        p: n for p, n in found.items() if not p.startswith(elsewhere) and p not in MAY_WRITE
    }


@pytest.mark.parametrize("source", ["print(1)", "sys.stderr.write('')", "sys.stdout.writelines(x)"])
def test_another_way_to_a_terminal_is_seen(source: str) -> None:
    assert list(writes_to_a_terminal(ast.parse(source)))
