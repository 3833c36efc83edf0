"""Paths into the work tree, for a command that runs in unpacked code instead."""

from __future__ import annotations

import os
import re

from leadline.core.typed import Any


class Mover:
    """Rewrites paths into the work tree so that they point into the unpacked code, and says so.

    What is not part of the code state (an ignored virtual environment, data) is left pointing at
    the work tree, which is the nearest thing to the original, and said too.
    """

    def __init__(
        self, toplevel: str | None, cwd: str, folder: str, inside: str, notes: list[str]
    ) -> None:
        """``toplevel``: the work tree; ``cwd``: where in it the command ran; ``folder``: the
        unpacked code; ``inside``: where in that it runs now; ``notes``: takes what is to be
        said."""
        self.top = os.path.realpath(toplevel) if toplevel else ""
        self.cwd, self.folder, self.inside, self.notes = cwd or ".", folder, inside, notes

    def argv(self, argv: list[str]) -> list[str]:
        moved = [self._text(a) for a in argv]
        program = moved[0]
        if (
            "/" in program
            and not os.path.isabs(program)
            and not os.path.exists(os.path.join(self.inside, program))
        ):
            there = os.path.join(self.top, self.cwd, program)
            if self.top and os.path.exists(there):
                self.notes.append(f"{program} is not in the code state; the work tree's is used")
                moved[0] = (
                    os.path.normpath(there) if not os.path.islink(there) else os.path.abspath(there)
                )
        return moved

    def patterns(self, artifacts: list[str]) -> list[str]:
        return [self._text(a) for a in artifacts]

    def environment(self, variables: dict[str, str | None]) -> dict[str, str | None]:
        return {k: self._text(v) if v is not None else None for k, v in variables.items()}

    def _text(self, text: str) -> str:
        if not self.top or self.top not in text:
            return text
        return re.sub(
            rf"(?<![\w./-]){re.escape(self.top)}(/[^:=,;\s\"']*)?(?![\w.-])", self._path, text
        )

    def _path(self, match: Any) -> str:
        rest = match.group(1) or ""
        if rest == "/.git" or rest.startswith("/.git/"):  # no code: a run's own folder lies there
            return str(match.group(0))
        target = self.folder + rest
        if not os.path.lexists(target) and os.path.lexists(self.top + rest):
            self.notes.append(f"{self.top}{rest} is not in the code state; the work tree's is used")
            return str(match.group(0))
        self.notes.append(f"{self.top}{rest} was rewritten to the unpacked code")
        return target
