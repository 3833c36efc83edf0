"""Regular expressions that are compiled when they are first used.

A module with many is imported by verbs that meet none of what they look for, and compiling one
costs as much as importing a small module (0.05 to 0.3 ms): together two milliseconds of every
reading verb.
"""

from __future__ import annotations

import re

from leadline.core.typed import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from typing import AnyStr


class _Later:
    """Stands in for a compiled pattern: the first attribute asked of it compiles, and each is kept."""

    def __init__(self, pattern: Any, flags: int) -> None:
        self._given = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)
        return found


def later(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """``re.compile(pattern, flags)``, done when the first match is asked for. A wrong pattern
    raises ``re.error`` only then, so this is for patterns that a test uses."""
    return cast("re.Pattern[AnyStr]", _Later(pattern, int(flags)))
