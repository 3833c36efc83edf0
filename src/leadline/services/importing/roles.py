"""What the columns of a source are: as they are typed, as a file keeps them, and as they were said
when it was imported last."""

from __future__ import annotations

import json
import os
from copy import copy

from leadline.core.errors import usage
from leadline.core.plain import shell_word
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.services.context import Context
from leadline.services.structured_file import structured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadline.core.record.thread import Thread
    from leadline.core.tracker.offered import Roles
    from leadline.services.importing.request import ImportRequest

#: Fields of a request that say what the columns are, and how each is typed.
OPTIONS = {
    "metrics": "--metric",
    "metric_column": "--metric-column",
    "value_column": "--value-column",
    "before": "--before",
    "after": "--after",
    "config": "--config",
    "key": "--key",
    "time": "--time",
    "state": "--state",
    "commit": "--commit",
    "command": "--command",
    "words": "--words",
    "step": "--step",
    "items": "--items",
}
_BESIDE = ("header", "settings", "title", "keep", "format")  # kept with them


def said_of(request: ImportRequest, name: str) -> Any:
    """What ``request`` says in that field, of itself or of its rows."""
    return getattr(request.roles if hasattr(request.roles, name) else request, name)


def said_roles(request: ImportRequest) -> Roles:
    """The roles that ``request`` names."""
    return {name: said for name in OPTIONS if (said := said_of(request, name))}


def kept_roles(request: ImportRequest) -> dict[str, Any]:
    """All that need not be typed when the same source is imported again."""
    beside = {name: said for name in _BESIDE if (said := getattr(request, name))}
    if request.keep == "first":
        beside.pop("keep")
    return {**said_roles(request), **beside}


def give_roles(request: ImportRequest, roles: Mapping[str, Any]) -> None:
    """What ``request`` does not say itself is as in ``roles``."""
    typed, request.roles = said_roles(request), copy(request.roles)
    for name, said in roles.items():
        if name in OPTIONS and not typed:
            holder = request.roles if hasattr(request.roles, name) else request
            setattr(holder, name, list(said) if isinstance(said, list) else said)
        elif name in _BESIDE and getattr(request, name) in ("", [], {}, "first"):
            setattr(request, name, said)


def command_of(request: ImportRequest, roles: Mapping[str, Any]) -> str:
    """The command that imports the source of ``request`` with ``roles``."""
    words = ["leadline", "import", shell_word(request.source)]
    if request.format:
        words += ["--format", request.format]
    for name, option in OPTIONS.items():
        said = roles.get(name) or []
        if isinstance(said, str):
            words += [option, shell_word(said)]
        elif name == "metrics":
            words += [word for one in said for word in (option, shell_word(one))]
        elif said:
            words += [option, shell_word(",".join(map(_quoted, said)))]
    if request.table:
        words += ["--table", shell_word(request.table)]
    if request.header:
        words += ["--header", shell_word(",".join(map(_quoted, request.header)))]
    for key, value in request.settings.items():
        words += ["--set", shell_word(f"{key}={value}")]
    return " ".join(words)


def _quoted(name: str) -> str:
    """A name in a list of names, which commas part."""
    plain = not any(mark in name for mark in ',"') and name == name.strip()
    return name if plain else '"' + name.replace('"', '""') + '"'


def last_roles(thread: Thread, place: str) -> dict[str, Any]:
    """The roles of the last import of the source at ``place``; empty when there was none, or it kept
    none."""
    for run in reversed([*thread.runs]):
        if run.origin == "executed":
            continue
        for source in run.extraction.get("sources") or []:
            roles = source.get("roles") or {}
            if roles.get("place") == place:
                return {name: said for name, said in roles.items() if name != "place"}
    return {}


def mapped_roles(context: Context, path: str, place: str) -> dict[str, Any]:
    """The roles that the file at ``path`` keeps for a source; empty without. LeadlineError(usage,
    ``bad-map``)."""
    full = os.path.join(context.cwd, path)
    try:
        with open(full, encoding="utf-8-sig") as file:
            kept = structured(file.read(), full)
    except FileNotFoundError:
        return {}
    except Exception as error:  # whatever a parser says of what a user wrote
        raise _bad_map(path, str(error)) from None
    roles = kept.get(place, {}) if isinstance(kept, dict) else None
    if not isinstance(roles, dict):
        raise _bad_map(path, "a map is a table of roles for each source")
    for name, said in roles.items():
        if name not in OPTIONS and name not in _BESIDE:
            raise _bad_map(path, f"there is no role {name!r}: {', '.join((*OPTIONS, *_BESIDE))}")
        wanted = _KINDS.get(name, str)
        if not isinstance(said, wanted) or (wanted is list and not all(map(_is_text, said))):
            raise _bad_map(path, f"{name} of {place} is no {_CALLED[wanted]}")
    return roles


def keep_in_map(context: Context, path: str, place: str, roles: Mapping[str, Any]) -> None:
    """Write the roles of a source into the file at ``path``, beside those of others."""
    full = os.path.join(context.cwd, path)
    kept: dict[str, Any] = {}
    if os.path.exists(full):
        with open(full, encoding="utf-8-sig") as file:
            found = structured(file.read(), full)
        kept = found if isinstance(found, dict) else {}
    if kept.get(place) == roles:
        return
    kept[place] = {**roles}
    folder = os.path.dirname(full)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with open(full, "w", encoding="utf-8") as file:
        file.write(_as_text(kept, full))


def _as_text(kept: Mapping[str, Mapping[str, Any]], path: str) -> str:
    if not path.endswith(".toml"):  # JSON is YAML as well
        return json.dumps(kept, indent=2, ensure_ascii=False) + "\n"
    lines = ["# What the columns of imported tables are: leadline import FILE --map THIS"]
    for place, roles in kept.items():
        lines += ["", f"[{_toml(place)}]"]
        lines += [f"{name} = {_toml(said)}" for name, said in roles.items()]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_KINDS = {
    **dict.fromkeys(("metrics", "config", "key", "words", "items", "header"), list),
    "settings": dict,
}
_CALLED = {dict: "table", list: "list of texts", str: "text"}


def _bad_map(path: str, why: str) -> Any:
    return usage(
        "bad-map",
        f"{path} keeps no roles that can be read",
        why=why,
        do=f"leadline import FILE --map {shell_word(path + '.new.toml')}",
    )
