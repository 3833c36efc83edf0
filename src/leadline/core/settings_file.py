"""Reads a file of settings: names to checked values, and what of it is not used.

A setting of a wrong type is an error, since what was meant is not known. A name that nobody knows,
or that a file of the checkout has no say in, is said and left out: another version may know it, and
a stranger's file must not keep anybody from recording.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from leadline.core.errors import LeadlineError, usage
from leadline.core.ref_name import ref_problem
from leadline.core.settings import (
    COUNT,
    FLAG,
    NUMBER,
    PATHS,
    SETTINGS,
    TEXT,
    command_for,
)
from leadline.core.tree_path import tree_path_problem
from leadline.core.typed import NamedTuple

TYPED = "the command line"
MOST_SETTINGS_BYTES = 1 << 20
UNUSED_SHOWN = 6
LEAST_PREFIX_CHARS = 3
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\*?\Z")
# of a forge or a tracker that a plug-in brings
_OTHERS = ("forge.", "tracker.")


class Read(NamedTuple):
    """``unused``: one sentence for each name that was left out."""

    values: dict[str, object]
    unused: list[str]


def read_settings(raw: bytes, name: str, tracked: bool) -> Read:
    """What the TOML text ``raw`` of the file ``name`` says. ``tracked``: it is one of the checkout.

    Raises LeadlineError(usage, ``bad-settings``): no TOML, a value of a wrong type, or one that
    cannot be meant.
    """
    try:
        if len(raw) > MOST_SETTINGS_BYTES:
            raise ValueError(f"it has more than {MOST_SETTINGS_BYTES} bytes")
        text = raw.decode().removeprefix("\ufeff")  # the mark that some editors put before it
        said = lines_of_init(text)
        if said is None:
            import tomllib  # noqa: PLC0415  start-up: 9 ms, where somebody wrote the file by hand

            said = flat(tomllib.loads(text))
    except RecursionError:
        raise _bad(f"{name} is not valid TOML: it is nested too deeply", "", name) from None
    except ValueError as error:
        raise _bad(f"{name} is not valid TOML: {error}", "", name) from None
    if "forge.name" in said:  # as ``[forge]`` in TOML has to say it
        said.setdefault("forge", said.pop("forge.name"))
    values: dict[str, object] = {}
    unused: list[str] = []
    for key, value in said.items():
        setting = SETTINGS.get(key)
        if setting is None and key.startswith(_OTHERS) and not tracked:
            values[key] = value
        elif setting is None:
            _check_tables(key, value, name, tracked)
            unused.append(f"{key[:100]!r} in {name} is no setting that is known here")
        elif tracked and not setting.tracked:
            unused.append(
                f"{key} in {name} is not used; say it on this machine: {command_for(key)}"
            )
        else:
            check_value(key, value, name)
            values[key] = value
    if len(unused) > UNUSED_SHOWN:
        unused[UNUSED_SHOWN:] = [f"and {len(unused) - UNUSED_SHOWN} more in {name} are not used"]
    return Read(values, unused)


def lines_of_init(text: str) -> dict[str, object] | None:
    """What a file says that holds the lines ``leadline init`` writes (``"name" = value``, the value
    as JSON) and no others; None for any other text, which is the parser's. What both read, they read
    alike."""
    if any(odd in text for odd in "\\\r\x7f"):  # escapes and ends of lines differ, DEL is no TOML
        return None
    said: dict[str, object] = {}
    for line in filter(None, text.split("\n")):
        written_name, _, written = line.partition(" = ")
        try:
            name, value = json.loads(written_name), json.loads(written)
        except ValueError:
            return None
        plain = value if isinstance(value, list) else [value]
        known = all(isinstance(one, (str, int)) for one in plain)
        if not isinstance(name, str) or name in said or not known:
            return None
        said[name] = value
    return said


def flat(data: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Tables as dotted names."""
    found: dict[str, object] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            found.update(flat(value, f"{prefix}{key}."))
        else:
            found[prefix + key] = value
    return found


def check_value(key: str, value: object, where: str) -> None:
    """Raises LeadlineError(usage, ``bad-settings``) naming the key, what it takes and what stands
    in ``where``."""
    setting = SETTINGS[key]
    if not _fits(setting.kind, value):
        raise _bad(f"{key} in {where} is {_shown(value)}", f"it takes {setting.kind}", where)
    problem = ""
    if key in ("record_branch", "branch_prefix"):
        problem = ref_problem(str(value) + ("t" if key == "branch_prefix" else ""))
    elif key == "logbook.folder" and str(value).strip("/") not in ("", "."):
        problem = tree_path_problem(str(value))
    elif key == "run.environment" and isinstance(value, list):
        problem = next(filter(None, map(variable_problem, value)), "")
    elif setting.kind == TEXT and not str(value).isprintable():
        problem = "it has to be one line"
    if problem:
        raise _bad(f"{key} in {where} cannot be {_shown(value)}", problem, where)


def _check_tables(key: str, value: object, where: str, tracked: bool) -> None:
    """Raises LeadlineError(usage, ``bad-settings``) for a value in the place of a table of settings,
    and for a table in the place of one that ``where`` has a say in."""
    known = {name: s for name, s in SETTINGS.items() if s.tracked or not tracked}
    if any(name.startswith(f"{key}.") for name in known):
        raise _bad(f"{key} in {where} is {_shown(value)}", "it takes a table", where)
    names = key.split(".")
    for above in (".".join(names[:n]) for n in range(1, len(names))):
        if above in known and f"{above}." not in _OTHERS:
            raise _bad(f"{above} in {where} is a table", f"it takes {known[above].kind}", where)


def check_variable(name: str) -> None:
    """Raises LeadlineError(usage, ``bad-variable``) for what ``variable_problem`` refuses."""
    if problem := variable_problem(name):
        raise usage(
            "bad-variable",
            f"--env {name[:60]!r} is not recorded",
            why=problem,
            do="leadline run --env NAME -- …",
        )


def variable_problem(name: str) -> str:
    """Why an entry of ``run.environment`` is refused; "" when it names a variable, or a prefix that
    means few."""
    if not _VARIABLE.match(name):
        return f"{name[:60]!r} is no name of a variable; NAME* is a prefix"
    if name.endswith("*") and len(name) <= LEAST_PREFIX_CHARS:
        return f"{name!r} would record most of the environment, secrets of others among it"
    return ""


def _fits(kind: str, value: object) -> bool:
    if kind == FLAG:
        return isinstance(value, bool)
    if kind == TEXT:
        return isinstance(value, str)
    if kind in (COUNT, NUMBER):
        number = isinstance(value, int if kind == COUNT else (int, float))
        return number and not isinstance(value, bool) and 0 <= value < math.inf  # type: ignore[operator]
    listed = isinstance(value, list) and all(isinstance(entry, str) for entry in value)
    return listed and (kind != PATHS or all(entry.startswith("/") for entry in value))  # type: ignore[attr-defined]


def _shown(value: object) -> str:
    kinds = {
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
    }
    shown = repr(value)
    shown = shown if len(shown) <= 80 else shown[:79] + "…"
    return f"{shown} ({kinds.get(type(value), type(value).__name__)})"


def _bad(what: str, why: str, where: str) -> LeadlineError:
    mend = "leadline init --help" if where == TYPED else f"${{EDITOR:-vi}} {where}"
    return usage("bad-settings", what, why=why, do=mend)
