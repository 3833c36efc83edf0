"""What a TOML, JSON or YAML file says, in values that a record can hold.

Dates and times are text, sets are lists in a stable order; ``1e-3`` is a number in YAML too, as its
present version has it and the parser for the old one has not. What a tag of a program makes is what
stands behind it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator

from leadline.core.typed import Any

_TIME = "tag:yaml.org,2002:timestamp"
_NO_UTF8 = re.compile("[\udc80-\udcff]")  # bytes, as they are held in a text
_FLOAT = "tag:yaml.org,2002:float"
MOST_VALUES = 500_000  # beyond the letters of a file: aliases of aliases stand for any number


def structured(text: str, path: str) -> object:
    """The content of the file at ``path``, whose ending tells its format (YAML by default), in text,
    numbers, booleans, lists and objects. Raises ValueError, or what the parser raises."""
    try:
        if path.endswith(".json"):
            import json  # noqa: PLC0415  start-up: 2 ms

            return json.loads(text)
        if path.endswith(".toml"):
            import tomllib  # noqa: PLC0415  start-up: 5.4 ms

            value: object = tomllib.loads(text)
        else:
            value = _yaml(text)
        return _plain(value, iter(range(MOST_VALUES + len(text))))
    except RecursionError:
        raise ValueError("a value holds itself, or is nested too deep") from None


def _plain(value: Any, counted: Iterator[int]) -> Any:
    if next(counted, None) is None:
        raise ValueError("its aliases stand for more values than it has letters, by far")
    if isinstance(value, dict):
        return {str(key): _plain(inner, counted) for key, inner in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(inner, counted) for inner in value), key=str)
    if isinstance(value, (list, tuple)):
        return [_plain(inner, counted) for inner in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value


def _yaml(text: str) -> object:
    import yaml  # noqa: PLC0415  start-up: 50 ms

    class Loader(yaml.SafeLoader):
        """Times stay as they are written, and a number may have an exponent without a point."""

        yaml_implicit_resolvers = {  # noqa: RUF012  the parser's own name
            first: [*_without_times(resolvers)]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def check_printable(self, data: str) -> None:
            super().check_printable(_NO_UTF8.sub("?", data))

    Loader.add_multi_constructor("", _as_written)
    Loader.add_implicit_resolver(
        _FLOAT, re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+\Z"), list("-+0123456789")
    )
    return yaml.load(text, Loader)


def _as_written(loader: Any, tag: str, node: Any) -> object:
    """A value of a kind that only its program knows: a list or an object as such, else its text with
    the name of the kind."""
    if node.id == "mapping":
        return loader.construct_mapping(node, deep=True)
    if node.id == "sequence":
        return loader.construct_sequence(node, deep=True)
    return f"{node.tag} {node.value}".strip()


def _without_times(resolvers: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    return (pair for pair in resolvers if pair[0] != _TIME)
