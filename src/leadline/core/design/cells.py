"""Which cells a sweep runs, in which order. Pure, so that a plan can be shown, counted and tested
without a machine.

One axis at a time comes first because an interaction between axes that do nothing by themselves is
mostly noise. The order is shuffled with a recorded seed and repeats are whole passes, so that a
drift of the machine falls on all cells alike; the price is that a cell is complete only near the
end.

>>> axes = parse_axes(["block=64,128", "dtype=bf16,fp8"])
>>> cells_of("one-axis", axes, {"block": 64, "dtype": "bf16"}, [], 100)[1:]
[{'block': 128, 'dtype': 'bf16'}, {'block': 64, 'dtype': 'fp8'}]
"""

from __future__ import annotations

import itertools
import json
import math
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from leadline.core.config import parse_value
from leadline.core.errors import LeadlineError, usage
from leadline.core.timestamps import counted
from leadline.core.typed import Any

DESIGNS = ("one-axis", "interaction", "factorial", "list")
MAX_CELLS = 10_000
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.-]*)\}")
_NAME = re.compile(r"[A-Za-z_][\w.-]*\Z")
_NOT_NUMBERS = frozenset(("nan", "inf", "-inf", "+inf", "infinity", "-infinity"))
_HELP = "leadline sweep --help"

Cell = dict[str, object]


def _usage(code: str, what: str, why: str = "", next: str = _HELP) -> LeadlineError:
    return usage(code, what, why=why, do=next)


def same(value: Any) -> str:
    """What makes two values the same cell: type and value, so that 1, 1.0 and "1" differ."""
    return f"{type(value).__name__}:{json.dumps(value, sort_keys=True, default=str)}"


def parse_axes(texts: Iterable[str]) -> dict[str, list[Any]]:
    """``block=64,128`` for each axis. Raises LeadlineError(usage) for an empty axis, a name twice,
    duplicate values, values that are no numbers (nan, inf)."""
    axes: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise _usage("bad-axis", f"--axis {text!r} is not NAME=VALUE,VALUE")
        if name in axes:
            raise _usage(
                "axis-twice", f"the axis {name} is given twice", "its values stand in one --axis"
            )
        parts = [part.strip() for part in values.split(",")] if values.strip() else []
        if any(not part for part in parts):
            raise _usage(
                "empty-value",
                f"the axis {name} has an empty value: {values!r}",
                "two commas, or one at an end",
            )
        axes[name] = [parse_value(part) for part in parts]
    check_axes(axes)
    return axes


def check_axes(axes: Mapping[str, Sequence[Any]]) -> None:
    """Raises LeadlineError(usage) naming the axis that cannot be swept and why."""
    for name, values in axes.items():
        if not _NAME.match(name):
            raise _usage(
                "bad-axis-name",
                f"{name!r} cannot name an axis",
                "letters, digits, _ . and - after a letter",
            )
        if not values:
            raise _usage(
                "empty-axis", f"the axis {name} has no values", f"write --axis {name}=VALUE,VALUE"
            )
        for value in values:
            check_value(name, value)
        seen: set[str] = set()
        for value in values:
            if same(value) in seen:
                raise _usage(
                    "duplicate-value",
                    f"the axis {name} has {shown(value)} twice",
                    "a cell is run once in each pass; repeats are --repeat N",
                )
            seen.add(same(value))


def check_value(name: str, value: Any) -> None:
    """Raises LeadlineError(usage) for what is no number where one was meant, and for what no
    command can take."""
    broken = isinstance(value, float) and not math.isfinite(value)
    if broken or (isinstance(value, str) and value.lower() in _NOT_NUMBERS):
        raise _usage(
            "not-a-number",
            f"the axis {name} has the value {value}",
            "a cell without a number cannot be told apart",
        )
    if isinstance(value, (dict, list)):
        raise _usage(
            "bad-value",
            f"the axis {name} has a list or a table as a value",
            "a cell has one value on each axis",
        )
    if isinstance(value, str) and "\0" in value:
        raise _usage(
            "bad-value", f"the axis {name} has a value with a NUL byte", "no command can take it"
        )


def shown(value: Any) -> str:
    """A value as it stands in a command and a title."""
    if value is True or value is False:
        return "true" if value else "false"
    return "null" if value is None else str(value)


def title_of(cell: Cell) -> str:
    return ", ".join(f"{k}={shown(v)}" for k, v in cell.items())


def key_of(cell: Cell) -> str:
    """The same text for the same cell, whatever the order of its axes."""
    return json.dumps({k: same(v) for k, v in sorted(cell.items())})


# ---- the matrix ----------------------------------------------------------------------------------


def count_cells(design: str, axes: Mapping[str, Sequence[Any]], listed: int = 0) -> int:
    """How many cells there will be, at most; nothing is built."""
    if design == "list":
        return listed
    if design == "one-axis":
        return 1 + sum(len(values) for values in axes.values())
    return math.prod(len(values) for values in axes.values())


def extent(design: str, axes: Mapping[str, Sequence[Any]], cells: int) -> str:
    """``5 cells``; of several axes one at a time also of how many: most pairs of values are left out."""
    whole = math.prod(len(values) for values in axes.values())
    if design != "one-axis" or len(axes) < 2 or cells >= whole:
        return counted(cells, "cell")
    return f"{counted(cells, 'cell')} of {whole} (one axis at a time; all: --full)"


def cells_of(
    design: str,
    axes: Mapping[str, Sequence[Any]],
    centre: Mapping[str, Any] | None = None,
    listed: Sequence[Cell] = (),
    max_cells: int = MAX_CELLS,
) -> list[Cell]:
    """The cells in the order of the axes.

    ``centre``: for ``one-axis``, the value that an axis keeps while another varies (the
    baseline's); an axis without one keeps its first value. Raises LeadlineError(usage) for no axes,
    an unknown design and too many cells.
    """
    if design not in DESIGNS:
        raise _usage(
            "unknown-design", f"there is no design {design!r}", f"designs: {', '.join(DESIGNS)}"
        )
    if design == "list":
        return _listed_cells(listed, max_cells)
    if not axes:
        raise _usage("no-axis", "there is nothing to vary", "name an axis: --axis block=64,128,256")
    check_axes(axes)
    if design == "interaction" and len(axes) < 2:
        raise _usage(
            "one-axis-only",
            "an interaction needs two axes or more",
            "with one axis it is --design one-axis",
        )
    _check_count(count_cells(design, axes), max_cells)
    if design != "one-axis":
        return [
            dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())
        ]
    middle = {name: (centre or {}).get(name, values[0]) for name, values in axes.items()}
    cells = {key_of(middle): middle}
    for name, values in axes.items():
        for value in values:
            cell = {**middle, name: value}
            cells.setdefault(key_of(cell), cell)
    return list(cells.values())


def _check_count(count: int, max_cells: int) -> None:
    if count > max_cells:
        raise usage(
            "too-many-cells",
            f"the design has {count:,} cells, the limit is {max_cells:,}",
            why="nothing was built or run",
            do=["leadline sweep --design one-axis …", f"leadline sweep --max-cells {count} …"],
            details={"cells": count, "limit": max_cells},
        )


def _listed_cells(listed: Sequence[Cell], max_cells: int) -> list[Cell]:
    if not listed:
        raise _usage(
            "empty-matrix", "the matrix has no cells", "a list design reads them from --matrix FILE"
        )
    _check_count(len(listed), max_cells)
    names = set(listed[0])
    seen: dict[str, int] = {}
    for number, cell in enumerate(listed, 1):
        if not cell or set(cell) != names:
            differ = ", ".join(sorted(names ^ set(cell))) or "everything"
            raise _usage(
                "uneven-matrix",
                f"cell {number} of the matrix lacks or adds: {differ}",
                "cells have the same axes",
            )
        for name, value in cell.items():
            if not _NAME.match(name):
                raise _usage(
                    "bad-axis-name", f"{name!r} cannot name an axis", "letters, digits, _ . and -"
                )
            check_value(name, value)
        earlier = seen.setdefault(key_of(cell), number)
        if earlier != number:
            raise _usage(
                "duplicate-cell",
                f"cells {earlier} and {number} of the matrix are the same: {title_of(cell)}",
            )
    return [dict(cell) for cell in listed]


def read_matrix(data: Any) -> tuple[str, dict[str, list[Any]], list[Cell]]:
    """(design, axes, cells) of a matrix file: ``[axes]`` with ``block = [64, 128]`` and perhaps
    ``design``, or ``[[cells]]`` with explicit cells. Raises LeadlineError(usage) saying what the
    file should hold."""
    if isinstance(data, list):
        data = {"cells": data}
    wanted = "a matrix file holds `axes` (names to lists of values) or `cells` (a list of tables)"
    if not isinstance(data, dict) or not ("axes" in data) ^ ("cells" in data):
        raise _usage(
            "bad-matrix", "the matrix file holds neither or both of axes and cells", wanted
        )
    unknown = sorted(set(map(str, data)) - {"axes", "cells", "design"})
    if unknown:
        raise _usage(
            "bad-matrix", f"the matrix file has unknown keys: {', '.join(unknown)}", wanted
        )
    if "cells" in data:
        cells = data["cells"]
        if not isinstance(cells, list) or not all(isinstance(c, dict) for c in cells):
            raise _usage("bad-matrix", "`cells` is no list of tables", wanted)
        return "list", {}, [{str(k): v for k, v in c.items()} for c in cells]
    axes = data["axes"]
    if not isinstance(axes, dict) or not all(isinstance(v, list) for v in axes.values()):
        raise _usage("bad-matrix", "`axes` is no table of lists", wanted)
    named = {str(k): list(v) for k, v in axes.items()}
    check_axes(named)
    return str(data.get("design", "")), named, []


# ---- the order -----------------------------------------------------------------------------------


def passes(count: int, repeat: int, seed: int) -> list[list[int]]:
    """``repeat`` passes over ``count`` cells, each in an order of its own, from ``seed`` alone."""
    chance = random.Random(seed)
    made = []
    for _ in range(repeat):
        order = list(range(count))
        chance.shuffle(order)
        made.append(order)
    return made


# ---- the command ---------------------------------------------------------------------------------


def placeholders(argv: Sequence[str]) -> list[str]:
    """The names in braces, in order, each once. ``{{`` and ``}}`` are braces; other braces stay as
    they are."""
    found = (match.group(1) for text in argv for match in _PLACEHOLDER.finditer(text))
    return list(dict.fromkeys(name for name in found if name))


def with_values(texts: Sequence[str], config: Mapping[str, Any]) -> list[str]:
    """The texts with each value in the place of its name in braces; any other brace stays."""

    def value(match: re.Match[str]) -> str:
        return shown(config[match[1]]) if match[1] in config else match[0]

    return [_PLACEHOLDER.sub(value, text) for text in texts]


def with_fixed(texts: Sequence[str], config: Cell) -> list[str]:
    """The same in a template: what is alike in every cell; braces of a value are no placeholder."""
    whole = {k: shown(v).replace("{", "{{").replace("}", "}}") for k, v in config.items()}
    return with_values(texts, whole)


def check_command(
    argv: Sequence[str], axes: Iterable[str], in_environment: Iterable[str] = ()
) -> None:
    """Raises LeadlineError(usage) when an axis does not reach the command, or a placeholder is no
    axis."""
    if not argv:
        raise _usage(
            "no-command",
            "there is no command to run",
            "it stands after --, with {axis} where a value goes",
        )
    names, given, used = list(axes), set(in_environment), placeholders(argv)
    strange = sorted(given - set(names))
    if strange:
        raise _usage(
            "unknown-axis", f"--env-axis {strange[0]} is no axis", f"axes: {', '.join(names)}"
        )
    check_known(argv, names, "the command")
    missing = [name for name in names if name not in used and name not in given]
    if missing:
        raise _usage(
            "axis-not-in-command",
            f"the command does not use: {', '.join(missing)}",
            "every cell would run the same; write "
            + " ".join("{" + n + "}" for n in missing)
            + " in the command, "
            f"or --env-axis {missing[0]} to hand it over as a variable",
        )


def check_known(texts: Sequence[str], axes: Iterable[str], where: str) -> None:
    """Raises LeadlineError(usage) when a placeholder in ``texts`` is no axis. ``where``: what has
    it, for the words."""
    names = list(axes)
    unknown = [name for name in placeholders(texts) if name not in names]
    if unknown:
        raise _usage(
            "unknown-placeholder",
            f"{where} has {', '.join('{' + n + '}' for n in unknown)}, and there is no such axis",
            f"axes: {', '.join(names)}; a brace that is meant is written twice: {{{{ and }}}}",
        )


def fill(argv: Sequence[str], cell: Cell) -> list[str]:
    """The command of one cell."""
    return filler(argv)(cell)


def read_from(extract: Sequence[Any], cell: Cell) -> list[Any]:
    """Where the metrics of one cell are read. The braces of a regular expression are its own."""
    return [
        text if not isinstance(text, str) or text.startswith("pattern:") else fill([text], cell)[0]
        for text in extract
    ]


def filler(argv: Sequence[str]) -> Callable[[Cell], list[str]]:
    """``fill`` for many cells: the template is taken apart once."""
    parts = [_parts(text) for text in argv]

    def filled(cell: Cell) -> list[str]:
        return ["".join(text + _value(cell, name) for text, name in p) for p in parts]

    return filled


def _value(cell: Cell, name: str) -> str:
    """What stands for an axis in a command; without one of that name, its placeholder."""
    if not name:
        return ""
    return shown(cell[name]) if name in cell else f"{{{name}}}"


def _parts(text: str) -> list[tuple[str, str]]:
    """Literal text and the axis whose value follows it, "" for none."""
    parts, at = [], 0
    for match in _PLACEHOLDER.finditer(text):
        before = text[at : match.start()]
        parts.append((before, match[1]) if match[1] else (before + match[0][0], ""))
        at = match.end()
    return [*parts, (text[at:], "")]
