"""What a correction does to a fact that the machine captured: the run is *reported* from there on.

A config value reached the command where the command names its key or holds the value. Corrected to
what the command says, it is a typing error put right; corrected to something else, the record would
show another run than the one that was made. A key that the command knows nothing of is a tag, and
may be corrected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from leadline.core.canonical import canonical_json
from leadline.core.config import parse_value
from leadline.core.patterns import later

_WORD = later(r"[A-Za-z0-9_.+-]+")


def typed_over(
    field: str, was: object, now: object, argv: Sequence[str], environment: Mapping[str, str]
) -> str:
    """Why a run with ``field`` corrected from ``was``, as captured, to ``now`` is reported; "" when
    it is not."""
    area, _, key = field.partition(".")
    if _same(was, now):
        return ""
    if area != "config":
        return f"{field} was typed: {_shown(now)}, not {_shown(was)} as captured"
    told = list(_told(key, argv, environment))
    if told:
        if any(_same(value, now) for value in told):
            return ""
        return f"{field} was typed: {_shown(now)}, and its command says {_shown(told[0])}"
    words = [parse_value(w) for argument in argv[1:] for w in _words(argument)]
    if any(_same(was, word) for word in words) and not any(_same(now, word) for word in words):
        return f"{field} was typed: {_shown(now)}, and its command says {_shown(was)}"
    return ""


def _told(key: str, argv: Sequence[str], environment: Mapping[str, str]) -> Iterator[object]:
    """What the command says under ``key``: ``key=v``, ``--key v``, ``--key=v``, or a variable."""
    wanted = {_plain(key), _plain(key.rpartition(".")[2])}
    parts = [part for argument in argv for part in argument.split()]
    for part, after in zip(parts, [*parts[1:], ""], strict=False):
        name, equals, value = part.partition("=")
        if _plain(name) in wanted:
            if equals:
                yield parse_value(value)
            elif part.startswith("-") and after:
                yield parse_value(after)
    for name, value in environment.items():
        if _plain(name) in wanted:
            yield parse_value(value)


def _plain(name: str) -> str:
    return name.lstrip("-").replace("-", "_").lower()


def _words(argument: str) -> list[str]:
    """The words of an argument, whole and without the ending of a file's name."""
    found = _WORD.findall(argument)
    return [*found, *(word.partition(".")[0] for word in found if not word[:1].isdigit())]


def _same(a: object, b: object) -> bool:
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b
    return canonical_json(a) == canonical_json(b)


def _shown(value: object) -> str:
    return "unknown" if value is None else str(value)
