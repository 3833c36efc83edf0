"""What a user asks to import."""

from __future__ import annotations

from leadline.core.tracker.row_roles import RowRoles
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from leadline.core.record.bodies import Config


@dataclass
class ImportRequest:
    """``metrics``: ``COLUMN`` or ``COLUMN=METRIC``; empty: the columns named like metrics of the
    thread. ``config``: column names, ``*`` for all others; ``settings``: config that holds for
    every run of the source. ``key``, ``keep``: which rows are one and which of them is taken. For a
    tracker: ``at`` its address, ``runs`` the ids or names to take (empty: all), ``unfinished`` also
    those that say of no end. ``header``: names of the columns of a table that does not name them;
    ``table``: which of several it is. ``roles``: what other columns are. ``map``: a file that keeps
    all this for each source."""

    source: str
    format: str = ""
    metrics: list[str] = field(default_factory=list)
    config: list[str] = field(default_factory=list)
    settings: Config = field(default_factory=dict)
    title: str = ""
    key: list[str] = field(default_factory=list)
    keep: str = "first"
    at: str = ""
    runs: list[str] = field(default_factory=list)
    unfinished: bool = False
    header: list[str] = field(default_factory=list)
    table: str = ""
    roles: RowRoles = field(default_factory=RowRoles)
    map: str = ""
