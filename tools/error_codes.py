"""The codes of errors that stand in the source, with their kinds: read from its syntax trees.

A code is written where the error is raised (``raise usage("no-command", …)``), or handed to a
function that raises it (``_usage("bad-axis", …)``, ``refuse(context, thread, "drift", …)``).
"""

from __future__ import annotations

import ast
import gc
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).resolve().parents[1] / "src" / "leadline"
KINDS = (
    "usage",
    "not_found",
    "conflict",
    "refused",
    "check_failed",
    "environment",
    "remote",
    "internal",
)
_CODE = re.compile(r"[a-z0-9…]+(?:-[a-z0-9…]+)+\Z")


class Raised(NamedTuple):
    """A place where an error is made."""

    code: str  # "…" stands for what is known only while the program runs
    kind: str
    where: str  # path in src/leadline
    line: int
    tells_next: bool  # it names the command to run next


class _Maker(NamedTuple):
    """A function that makes an error of the code that it is given."""

    kind: str
    place: int
    tells_next: bool


def raised() -> list[Raised]:
    """Every place, in the order of the files."""
    modules = [module for module in _modules() if not module.where.startswith("testing/")]
    makers = {name: maker for module in modules for name, maker in _makers(module)}
    return [row for module in modules for row in _in_module(module, makers)]


class _Module(NamedTuple):
    where: str  # path in src/leadline
    functions: list[ast.FunctionDef]
    calls: list[ast.Call]


@cache
def _modules() -> list[_Module]:
    """Every module, read and gone through once: all questions are about its functions and calls."""
    found = []
    gc.disable()  # millions of nodes that stay: searching them for garbage takes twice the time of all else
    for path in sorted(SOURCE.rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        found.append(_Module(str(path.relative_to(SOURCE)), functions, calls))
    gc.freeze()
    gc.enable()
    return found


def _within(function: ast.FunctionDef, call: ast.Call) -> bool:
    return function.lineno <= call.lineno <= (function.end_lineno or 0)


def _makers(module: _Module) -> Iterator[tuple[str, _Maker]]:
    named = [
        (c, _kind_of(c), code) for c in module.calls if isinstance(code := _first(c), ast.Name)
    ]
    for function in module.functions:
        names = [argument.arg for argument in function.args.args]
        for call, kind, code in named:
            if kind and code.id in names and _within(function, call):
                yield function.name, _Maker(kind, names.index(code.id), _tells(call))


def _in_module(module: _Module, makers: dict[str, _Maker]) -> Iterator[Raised]:
    for call in module.calls:
        kind, code, tells = _kind_of(call), _first(call), _tells(call)
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if not kind and name in makers and len(call.args) > makers[name].place:
            kind, code, tells = makers[name].kind, call.args[makers[name].place], True
        if not kind or code is None:
            continue
        around = [function for function in module.functions if _within(function, call)]
        for found in dict.fromkeys(_codes(code, around)):
            yield Raised(found, kind, module.where, call.lineno, tells)


def _kind_of(call: ast.Call) -> str:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name == "LeadlineError" and call.args:
        return " or ".join(text for text in _texts(call.args[0]) if text in KINDS)
    return name if name in KINDS else ""


def _first(call: ast.Call) -> ast.expr | None:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    place = 1 if name == "LeadlineError" else 0
    return call.args[place] if len(call.args) > place else None


def _tells(call: ast.Call) -> bool:
    """``LeadlineError`` has the command as its last argument."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    return any(k.arg == "do" for k in call.keywords) or (
        name == "LeadlineError" and len(call.args) >= 4
    )


def _codes(code: ast.expr, around: list[ast.FunctionDef]) -> list[str]:
    """What the expression can be: of a name, all that the function around gives it or lists in rows
    that begin with a code."""
    if not isinstance(code, ast.Name) or not around:
        return _texts(code)
    function = around[-1]
    if code.id in [argument.arg for argument in function.args.args]:
        return []  # whoever calls the function names it
    given = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and code.id in map(ast.unparse, node.targets)
    ]
    rows = [n.elts[0] for n in ast.walk(function) if isinstance(n, ast.Tuple) and n.elts]
    return [text for value in given or rows for text in _texts(value) if _CODE.match(text)]


def _texts(value: ast.expr) -> list[str]:
    if isinstance(value, ast.Constant):
        return [value.value] if isinstance(value.value, str) else []
    if isinstance(value, ast.JoinedStr):
        parts = [v.value if isinstance(v, ast.Constant) else "…" for v in value.values]
        return ["".join(map(str, parts))]
    if isinstance(value, ast.IfExp):
        return _texts(value.body) + _texts(value.orelse)
    if isinstance(value, (ast.BoolOp, ast.Dict, ast.Call)):
        return [text for inner in ast.walk(value) for text in _texts_of_constant(inner)]
    return []


def _texts_of_constant(value: ast.AST) -> list[str]:
    return [value.value] if isinstance(value, ast.Constant) and isinstance(value.value, str) else []


def commands() -> list[str]:
    """What the errors name as the command to run next; ``…`` stands for what is filled in."""
    calls = (call for module in _modules() for call in module.calls)
    named = (k.value for call in calls for k in call.keywords if k.arg == "do")
    texts = (t for value in named for t in (value.elts if isinstance(value, ast.List) else [value]))
    return list(dict.fromkeys(text for value in texts for text in _texts(value)))


# Codes that several modules write on purpose, and what each means wherever it stands.
SHARED = {
    "bad-alpha": "--alpha is no probability",
    "bad-arguments": "the words of the command line cannot be understood",
    "bad-artifact": "what --artifact names cannot be kept or sent",
    "bad-label": "--label is no label that can be asked for there",
    "bad-limit": "--limit is no usable number",
    "bad-metric": "a metric is described in a way that cannot be",
    "bad-pages": "the layout of the forge's pages is none that is known",
    "bad-project": "it cannot name a project of the tracker",
    "bad-reason": "it is no reason to close an issue",
    "bad-repeat": "--repeat runs nothing",
    "bad-set": "--set is not KEY=VALUE",
    "bad-settings": "a setting cannot be used",
    "bad-url": "an address cannot be asked",
    "bad-…": "the option of that name cannot be used",
    "bare-repository": "the repository has no work tree",
    "cannot-write": "a file or folder does not take what is written",
    "device-taken": "the device has a job, or is reserved",
    "file-exists": "the file that is to be written is there already",
    "forge-failing": "the forge did not answer as it should, several times",
    "issue-taken": "the issue belongs to another thread",
    "missing-field": "an option that has to be given is not",
    "no-command": "there is no command to run",
    "no-comment": "the issue has no such comment",
    "no-evidence": "no run that counts bears on it",
    "no-http-client": "the package that speaks to the forge is not installed",
    "no-issue": "there is no such issue",
    "no-reason": "an option that needs a reason was given none",
    "no-series": "the run logged no such series, or not on this machine",
    "no-such-column": "the table or tracker has no such column",
    "no-such-commit": "the repository has no such commit",
    "no-such-file": "the file that was named is not there or cannot be read",
    "no-such-metric": "no run has such a metric",
    "no-such-remote": "git knows no remote of that name",
    "no-thread": "there is no such thread",
    "not-a-run": "the id is of another thing than a run",
    "not-agreed": "nobody said on this machine that something may go there",
    "repository-moved": "the repository has another name on the forge",
    "run-in-run": "a run of this process is not over yet",
    "secret-in-command": "the command or its config seems to hold a secret",
    "supervisor-refused": "the program that watches a run could not begin it",
    "tag-exists": "a tag of git has that name already",
    "tracker-failed": "the tracker's program or folder did not take the run",
    "tracker-odd-reply": "the tracker's server answers in a way that cannot be read",
    "tracker-refused": "the tracker's server said no",
    "tracker-run-gone": "the tracker does not have the run, or no longer",
    "tracker-slow": "the tracker did not finish within the limit",
    "unknown-format": "it is no format that can be imported, or it cannot be told which",
    "unknown-placeholder": "the command names a value that no axis or option gives",
    "withdrawn": "it was retracted or superseded",
}


def table() -> str:
    """The codes as a table of Markdown: kind, code, where, and the meaning of shared ones."""
    places: dict[tuple[str, str], set[str]] = {}
    for row in raised():
        for kind in row.kind.split(" or "):
            places.setdefault((kind, row.code), set()).add(row.where)
    order = {kind: at for at, kind in enumerate(KINDS)}
    lines = ["| kind | code | written in |", "|---|---|---|"]
    for (kind, code), where in sorted(places.items(), key=lambda p: (order[p[0][0]], p[0][1])):
        meaning = f"{SHARED[code]}: " if code in SHARED else ""
        named = ", ".join(f"`{path}`" for path in sorted(where))
        lines.append(f"| {kind} | `{code}` | {meaning}{named} |")
    return "\n".join(lines) + "\n"
