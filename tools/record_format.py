"""Write the list of kinds in docs/record-format.md, and core/record/shapes.py (by which a record that
is read is checked), from the table of kinds and the declared bodies; with --check, fail when they
do not have what it would write. The rest of the page is prose."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from leadline.core.record.kinds import TABLE  # noqa: E402

BODIES = ROOT / "src" / "leadline" / "core" / "record" / "bodies.py"
PAGE = ROOT / "docs" / "record-format.md"
CHECKED = BODIES.with_name("shapes.py")
BEGIN = "<!-- made by tools/record_format.py: do not edit -->\n"
END = "<!-- end -->\n"

EVERYWHERE = ("refs", "bound")  # the page says once what they are


class Field(NamedTuple):
    name: str
    kind: str  # as written: list[str]
    about: str
    needed: bool = False


class Shape(NamedTuple):
    """A class of bodies.py."""

    about: str
    bases: list[str]
    fields: list[Field]


def shapes(source: str) -> dict[str, Shape]:
    """The declared shapes by name, each with its own fields."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}
    found: dict[str, Shape] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
            total = not any(word.arg == "total" for word in node.keywords)
            fields = [
                _field(ast.unparse(f.target), f.annotation, comments.get(f.lineno, ""), total)
                for f in node.body
                if isinstance(f, ast.AnnAssign)
            ]
            about = " ".join((ast.get_docstring(node) or "").split())
            found[node.name] = Shape(about, bases, fields)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            found[ast.unparse(node.targets[0])] = found[node.value.id]
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            fields = list(_members(node.value.args[-1], comments))
            found[ast.unparse(node.targets[0])] = Shape("", [], fields)
    return found


def _members(members: ast.expr, comments: dict[int, str]) -> Iterator[Field]:
    """The fields of a shape that is made by a call, since their names are no words of Python."""
    if isinstance(members, ast.Dict):
        for key, value in zip(members.keys, members.values, strict=True):
            if isinstance(key, ast.Constant):
                yield _field(str(key.value), value, comments.get(key.lineno, ""), total=False)


def _field(name: str, annotation: ast.expr, about: str, total: bool) -> Field:
    word, _, rest = ast.unparse(annotation).partition("[")
    if word in ("Required", "NotRequired"):
        return Field(name, rest[:-1], about, word == "Required")
    return Field(name, ast.unparse(annotation), about, total)


def fields_of(name: str, known: dict[str, Shape]) -> list[Field]:
    """All fields, those of what it is made of first."""
    shape = known[name]
    return [
        f for base in shape.bases if base in known for f in fields_of(base, known)
    ] + shape.fields


def body_name(kind: str) -> str:
    return "".join(part.capitalize() for part in kind.split("-")) + "Body"


def section() -> str:
    known = shapes(BODIES.read_text())
    parts = []
    for kind in TABLE:
        letter = f" (an item: its id is `P-{kind.letter}1`)" if kind.letter else ""
        parts.append(f"### `{kind.name}`{letter}\n\n" + _table(body_name(kind.name), known))
    used = _used(known)
    inner = [name for name in known if name in used]
    parts.append("## Parts of bodies\n")
    parts += [f"### {name}\n\n" + _table(name, known) for name in inner]
    return "\n".join(parts)


def checked() -> str:
    """The text of core/record/shapes.py."""
    known = shapes(BODIES.read_text())
    wanted = {body_name(kind.name) for kind in TABLE}
    lines = []
    for name in [n for n in known if n in wanted | _used(known)]:
        fields = {f.name: f for f in fields_of(name, known)}  # the last word is the one that counts
        specs = ", ".join(f'"{f.name}": {_spec(f.kind, known)}' for f in fields.values())
        needed = "".join(f'"{f.name}", ' for f in fields.values() if f.needed)
        lines.append(f'    "{name}": ({{{specs}}}, ({needed.strip()})),')
    head = (
        '"""Made by tools/record_format.py from core/record/bodies.py: do not edit. Of each shape its fields'
        "\nand those it must have; read by core/record/conform.py, which says what the words mean."
        '"""\n\nfrom __future__ import annotations\n\nfrom leadline.core.typed import Any\n\n'
    )
    table = "SHAPES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {\n"
    return head + "# fmt: off\n# ruff: noqa: E501\n" + table + "\n".join(lines) + "\n}\n"


def _spec(kind: str, known: dict[str, Shape]) -> str:
    """An annotation as the table has it: a word, or a tuple of a word and what is inside."""
    node = ast.parse(kind, mode="eval").body
    return repr(_nested(node, known)).replace("'", '"')


def _nested(node: ast.expr, known: dict[str, Shape]) -> object:
    if isinstance(node, ast.BinOp):
        left, right = _nested(node.left, known), _nested(node.right, known)
        return ("or", *(left[1:] if left[:1] == ("or",) else (left,)), right)  # type: ignore[index]
    if isinstance(node, ast.Subscript):
        inner = node.slice.elts[-1] if isinstance(node.slice, ast.Tuple) else node.slice
        return (ast.unparse(node.value), _nested(inner, known))
    word = ast.unparse(node)
    if word == "Config":
        return ("dict", "any")
    return {"Any": "any", "object": "any", "None": "none"}.get(word, word)


def _used(known: dict[str, Shape]) -> set[str]:
    """Shapes that a field is made of."""
    kinds = " ".join(f.kind for shape in known.values() for f in shape.fields)
    words = set("".join(c if c.isalnum() else " " for c in kinds).split())
    return words & set(known)


def _table(name: str, known: dict[str, Shape]) -> str:
    rows = [
        f"| `{f.name}` | `{_cell(f.kind)}` | {_cell(f.about)} |" for f in fields_of(name, known)
    ]
    about = known[name].about
    head = f"{about}\n\n" if about else ""
    return head + "| field | | |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def main() -> int:
    text = PAGE.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        print(f"{PAGE.name} has no place for the kinds: {BEGIN!r} … {END!r}", file=sys.stderr)
        return 1
    made = f"{before}{BEGIN}\n{section()}\n{END}{after}"
    wanted = {PAGE: made, CHECKED: checked()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
    if "--check" in sys.argv:
        if stale:
            print(f"{names}: not the kinds and fields there are.\nnext: make docs", file=sys.stderr)
        return int(bool(stale))
    for path in stale:
        path.write_text(wanted[path])
    print(f"wrote {names or 'nothing: all is as it was'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
