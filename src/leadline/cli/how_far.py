"""How far something is, told beside the answer: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
import time

from leadline.cli.answer import redraw, tell
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from leadline.services.context import Context

FIRST_S, MOST_S = 30.0, 600.0  # each line waits twice as long as the one before
BAR_EVERY_S = 1.0


class NowAndThen:
    """``due``: whether something is to be said; what is said seldom stays readable in a log of days."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.on_terminal, self.clock = sys.stderr.isatty(), clock
        self.wait_s = BAR_EVERY_S if self.on_terminal else FIRST_S
        self.at_s = clock() + self.wait_s

    def due(self) -> bool:
        if self.clock() < self.at_s:
            return False
        if not self.on_terminal:
            self.wait_s = min(MOST_S, 2 * self.wait_s)
        self.at_s = self.clock() + self.wait_s
        return True

    def say(self, text: str, last: bool = False) -> None:
        """A bar takes the place of the one before."""
        if self.on_terminal:
            redraw(text, last)
        else:
            tell(text)


def teller(context: Context, shown: bool) -> Callable[[str], None] | None:
    """What tells how far the run in an attempt folder is, where its output is not shown as it comes."""
    if shown and sys.stdout.isatty():
        return None
    slowly = NowAndThen()

    def told(attempt: str) -> None:
        if slowly.due() and (text := line_of(context, attempt)):
            slowly.say(text)

    return told


def line_of(context: Context, attempt: str) -> str:
    """How far the run in an attempt folder is; "" of one without a signal."""
    from leadline.render.terminal.jobs import progress_text
    from leadline.services.run.jobs import last_line
    from leadline.services.run.progress import progress_in
    from leadline.services.run.spec import spec_of

    progress, spec = progress_in(context, attempt), spec_of(attempt)
    if progress is None or spec is None:
        return ""
    line = f"{spec['run']}  {progress_text(progress)}"
    return f"{line}, last line: {last_line(attempt)}" if progress["stalled"] else line
