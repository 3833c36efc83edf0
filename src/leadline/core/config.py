"""Configurations as flat key to value: out of nested mappings, of texts, of a command line.

``--set lr=3e-4`` is the number 0.0003 and ``--set tag='"64"'`` the text 64; ``train.py --lr 3e-4 -v``
is ``{"lr": 0.0003, "v": True}``.

>>> parse_value("3e-4"), parse_value('"64"'), parse_value("true"), parse_value("a text")
(0.0003, '64', True, 'a text')
>>> config_from_args(["python", "train.py", "--lr", "3e-4", "-v"])
{'lr': 0.0003, 'v': True}
>>> flatten({"optimizer": {"lr": 0.1}, "layers": [{"width": 4}]})
{'optimizer.lr': 0.1, 'layers.0.width': 4}
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from leadline.core.errors import usage
from leadline.core.patterns import later
from leadline.core.typed import Any

_INTEGER = later(r"-?(0|[1-9]\d{0,300})\Z")
_FLOAT = later(r"[-+]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][-+]?\d+)?\Z")
_CONSTANTS: dict[str, object] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}
_PYTHON = later(r"(.*/)?python[\d.]*(\.exe)?\Z")


# ---- values --------------------------------------------------------------------------------------


def flatten(nested: dict[str, object]) -> dict[str, object]:
    """``nested`` with dotted keys. Lists of plain values stay one value; lists that hold mappings
    or lists are indexed (``layers.0.width``); empty mappings and lists stay as they are.

    Raises LeadlineError (usage, config-key-collision) when two entries end in the same key.
    """
    flat: dict[str, object] = {}

    def put(prefix: str, value: Any) -> None:
        if isinstance(value, dict) and value:
            items = [(str(k), v) for k, v in value.items()]
        elif isinstance(value, (list, tuple)) and any(
            isinstance(v, (dict, list, tuple)) for v in value
        ):
            items = [(str(i), v) for i, v in enumerate(value)]
        else:
            if prefix in flat:
                raise usage(
                    "config-key-collision",
                    f"two configuration entries are both called {prefix!r}",
                    why="nested names and dotted names meet in one key",
                    do="leadline run --help  (--set, --config)",
                    details={"key": prefix},
                )
            flat[prefix] = list(value) if isinstance(value, tuple) else value
            return
        for key, inner in items:
            put(f"{prefix}.{key}" if prefix else key, inner)

    for key, value in nested.items():
        put(str(key), value)
    return flat


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def parse_value(text: str) -> Any:
    """``text`` as int, float, bool, None, list (JSON) or, failing all, the text itself.

    ``"64"`` in quotes stays text; so do 007, 1_000, nan, inf and a float too large to be one, which
    would not print back as they were written.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.match(text):
        return int(text)
    if _FLOAT.match(text):
        number = float(text)
        return text if number in (float("inf"), float("-inf")) else number
    if text[:1] + text[-1:] in ("[]", '""') and len(text) >= 2:
        try:
            return json.loads(text, parse_constant=_no_constant)
        except ValueError:
            return text
    return text


def _own_arguments(argv: list[str]) -> list[str]:
    """The arguments of the command itself: without the program and, for Python, without the
    interpreter's options."""
    rest = list(argv[1:])
    if argv and "python" in argv[0] and _PYTHON.match(argv[0]):
        while rest and rest[0].startswith("-"):
            option = rest.pop(0)
            if option in ("-m", "-c"):
                return rest[1:]
            if option in ("-X", "-W") and rest:
                rest.pop(0)
    return rest


def _is_flag(token: str) -> bool:
    return (
        token.startswith("-") and token != "-" and not isinstance(parse_value(token), (int, float))
    )


def split_arguments(argv: list[str]) -> tuple[dict[str, list[str | None]], list[str]]:
    """(flags to the texts given for them, None for a bare one; positionals). All after ``--`` is
    positional."""
    flags: dict[str, list[str | None]] = {}
    positionals: list[str] = []
    rest = _own_arguments(argv)
    skipped = argv[1 : len(argv) - len(rest)]
    i = 0
    while i < len(rest):
        token = rest[i]
        if token == "--":
            positionals += rest[i:]
            break
        name, equals, text = token.lstrip("-").partition("=")
        if not _is_flag(token) or not name:
            positionals.append(token)
        elif equals:
            flags.setdefault(name, []).append(text)
        elif i + 1 < len(rest) and rest[i + 1] != "--" and not _is_flag(rest[i + 1]):
            i += 1
            flags.setdefault(name, []).append(rest[i])
        else:
            flags.setdefault(name, []).append(None)
        i += 1
    return flags, skipped + positionals


def config_from_args(argv: list[str]) -> dict[str, object]:
    """The flags of a command line (``argv[0]`` is the program) as configuration: ``--k v``,
    ``--k=v``, ``-k v``; a bare flag is True; a repeated one becomes a list. Positionals and all
    after ``--`` are left out, as are the options of a Python interpreter before its script. A bare
    flag before a positional takes it for its value: nothing in a command line tells the two
    apart."""
    found: dict[str, object] = {}
    for name, texts in split_arguments(argv)[0].items():
        values = [True if text is None else parse_value(text) for text in texts]
        found[name] = values[0] if len(values) == 1 else values
    return found


# ---- two sides -----------------------------------------------------------------------------------


def check_said_once(argv: list[str], sets: Mapping[str, str]) -> None:
    """Raises LeadlineError(usage) where a value set beside the command is another one than the
    command's own flag of that name."""
    own_flags = config_from_args(argv)
    for key, text in sets.items():
        said = own_flags.get(key)
        if said not in (None, True, False) and said != parse_value(text):
            own = said if isinstance(said, str) else json.dumps(said)
            raise usage(
                "config-contradicts-command",
                f"--set {key}={text} and the command's own --{key} {said} contradict each other",
                why="the record would show a config that was not run; "
                f"{{{key}}} in the command stands for the value",
                do="leadline run …",
                details={"instead": {f"{key}={text}": f"{key}={own}"}},
            )
