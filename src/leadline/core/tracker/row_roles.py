"""What the columns of a table are, other than its metrics and config: said once, and held by who asks
for an import and by who reads the table."""

from __future__ import annotations

from leadline.core.patterns import later
from leadline.core.values import dataclass, field

_IN_BRACKETS = later(r"\[[^\[\]]*\]")


@dataclass
class RowRoles:
    """The ``time`` of a row, its ``state``, its ``commit``, the ``command`` that was run, ``words``
    about it; ``before`` and ``after`` (``COLUMN`` or ``COLUMN=METRIC``) a change, of one metric; in a
    table of one value a row the name of the metric (``metric_column``) and the value
    (``value_column``); the ``step`` of a series; ``items``: the columns that name an item of a run,
    whose value is the mean over them."""

    time: str = ""
    state: str = ""
    commit: str = ""
    command: str = ""
    words: list[str] = field(default_factory=list)
    before: str = ""
    after: str = ""
    metric_column: str = ""
    value_column: str = ""
    step: str = ""
    items: list[str] = field(default_factory=list)

    @property
    def named(self) -> list[str]:
        """The columns that have one of these roles."""
        single = (self.time, self.state, self.commit, self.command, self.before)
        others = (self.metric_column, self.value_column, self.step, renamed(self.after)[0])
        return [*filter(None, (*single, *others)), *self.words, *self.items]


def renamed(text: str) -> tuple[str, str]:
    """``COLUMN`` or ``COLUMN=NAME`` as the column and the name of its metric. What stands in
    brackets belongs to a name.

    >>> renamed("ms"), renamed("a=b=ms"), renamed("cost=make[branch=main].mean_s")
    (('ms', 'ms'), ('a=b', 'ms'), ('cost', 'make[branch=main].mean_s'))
    """
    bare = _IN_BRACKETS.sub(lambda found: " " * len(found[0]), text)
    at = bare.rfind("=")
    return (text, text) if at < 0 else (text[:at], text[at + 1 :])
