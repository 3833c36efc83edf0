"""Makes one call of a Python function: ``python -m leadline.job.call FILE FUNCTION --KEY=VALUE …``.

The command of a run that was a call (``leadline.run`` as a decorator): so it can be repeated,
reproduced and measured in turns like any other. Values are JSON; what is none is a text.
"""

from __future__ import annotations

import json
import os
import runpy
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def words(values: Mapping[str, Any]) -> list[str]:
    """Values as arguments. Raises TypeError, ValueError: one is nothing that JSON has.

    >>> words({"n": 64, "dtype": "bf16", "tag": "1"})
    ['--n=64', '--dtype=bf16', '--tag="1"']
    """
    return [f"--{name}={_text(value)}" for name, value in values.items()]


def _text(value: Any) -> str:
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    if json.loads(text) != value:
        raise TypeError("it would come back as another value")
    return value if isinstance(value, str) and _value(value) == value and value else text


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def main(argv: list[str]) -> int:
    if len(argv) < 2:
        print("usage: python -m leadline.job.call FILE FUNCTION --KEY=VALUE …", file=sys.stderr)
        return 64
    path, name, *given = argv
    pairs = [word.removeprefix("--").partition("=") for word in given]
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    sys.argv = [path]
    found = runpy.run_path(path, run_name="leadline_call")
    if name not in found:
        print(f"leadline: {path} has no function {name}", file=sys.stderr)
        return 64
    found[name](**{key: _value(text) for key, _, text in pairs})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
