"""The fields of what a verb prints with ``--json``, read from the class of its answer.

A command module names it: ``ANSWER = "services.publish.update:Post"``, by subverb as
``{"show": …}``, with ``[]`` where the data is a list of them. The fields are the keys that its
``as_dict`` gives, or else the fields of the class.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).resolve().parents[1] / "src" / "leadline"


class Field(NamedTuple):
    name: str
    kind: str  # as annotated; "" where it is computed


def of_verb(answer: object) -> Iterator[tuple[str, str]]:
    """(subverb or "", path of a class) for what a command module calls its answer."""
    if isinstance(answer, str):
        yield "", answer
    elif isinstance(answer, dict):
        yield from answer.items()


def section(path: str) -> str:
    """The fields as a table of Markdown."""
    listed, path = path.endswith("[]"), path.removesuffix("[]")
    found = _class_at(path)
    about = " ".join((ast.get_docstring(found) or "").split()).replace("``", "`")
    rows = "".join(f"| `{f.name}` | {_cell(f.kind)} |\n" for f in fields(found))
    what = "a list, each" if listed else "one object"
    said = f": {about}" if about else ":"
    return f"`data` is {what}{said}\n\n| field | |\n|---|---|\n{rows}"


def fields(answer: ast.ClassDef) -> list[Field]:
    kinds = {
        ast.unparse(node.target): ast.unparse(node.annotation)
        for node in answer.body
        if isinstance(node, ast.AnnAssign)
    }
    kinds |= {
        node.name: ast.unparse(node.returns)
        for node in answer.body
        if isinstance(node, ast.FunctionDef) and node.returns and _is_property(node)
    }
    methods = {node.name: node for node in answer.body if isinstance(node, ast.FunctionDef)}
    told = list(_keys(methods["as_dict"])) if "as_dict" in methods else []
    return [Field(name, kinds.get(_own(value)) or _made(value)) for name, value in told] or [
        Field(name, kind) for name, kind in kinds.items() if name not in methods
    ]


def _is_property(function: ast.FunctionDef) -> bool:
    return any(ast.unparse(d) == "property" for d in function.decorator_list)


def _keys(function: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """The keys of the mappings that the function makes, each once, those inside a value left out."""
    found: dict[str, ast.expr] = {}
    within: set[ast.AST] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Dict) and node not in within:
            for key, value in zip(node.keys, node.values, strict=True):
                within.update(ast.walk(value))
                if isinstance(key, ast.Constant):
                    found.setdefault(str(key.value), value)
    yield from found.items()


def _own(value: ast.expr) -> str:
    """The field of the answer that a value is, "" when it is made of one."""
    text = ast.unparse(value)
    return text.removeprefix("self.") if text.startswith("self.") else ""


def _made(value: ast.expr) -> str:
    """What a value that is computed is, where its form says so."""
    if isinstance(value, ast.Compare) or (
        isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    ):
        return "bool"
    if isinstance(value, ast.Constant) and value.value is not None:
        return type(value.value).__name__
    if isinstance(value, (ast.List, ast.ListComp)):
        return "list"
    if isinstance(value, ast.JoinedStr):
        return "str"
    called = ast.unparse(value.func) if isinstance(value, ast.Call) else ""
    if called in ("bool", "dict", "list", "str", "sorted"):
        return called.replace("sorted", "list")
    return "dict" if called.endswith(".as_dict") or isinstance(value, ast.Dict) else ""


def _class_at(path: str) -> ast.ClassDef:
    module, _, name = path.partition(":")
    tree = ast.parse((SOURCE / (module.replace(".", "/") + ".py")).read_text())
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return node
    raise LookupError(f"there is no class {path}")


def _cell(kind: str) -> str:
    return f"`{kind}`".replace("|", "\\|") if kind else ""
