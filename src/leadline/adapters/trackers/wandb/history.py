"""The points of a run that only W&B's server has.

W&B's own client paged ``history(minStep, maxStep, samples)`` until 0.27, and falls back on it
since; a server without that field may still keep the rows as the job sent them, in the run's file
``wandb-history.jsonl``. ``sampledHistory`` is never asked: it leaves points out and does not say
which. The server's count of rows says whether all came.
"""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Callable, Mapping
from urllib.parse import quote

from leadline.adapters.trackers.http import Server
from leadline.adapters.trackers.wandb.rows import add_row
from leadline.core.errors import LeadlineError
from leadline.core.tracker.reading import Reading
from leadline.core.typed import Any
from leadline.core.values import dataclass

Ask = Callable[[str, str, Mapping[str, Any]], dict[str, Any]]

PAGE = """query HistoryPage($entity: String!, $project: String!, $run: String!, $minStep: Int64!, $maxStep: Int64!,
  $pageSize: Int!) { project(name: $project, entityName: $entity) { run(name: $run) {
  history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize) } } }"""
PAGE_ROWS = 1000  # as W&B's client
MOST_STEPS = 10_000_000  # of one page
MOST_PAGES = 20_000
MOST_SAMPLES = 100_000  # of a page that came back full
ROOM = 2  # samples asked for a step: a page that is not full cannot have been thinned out
LEAST_STEPS = 50  # of a page whose answer was too large or too slow
TOO_MUCH = ("tracker-reply-too-large", "tracker-slow")
FILE = "wandb-history.jsonl"
UNKNOWN = re.compile(
    r"cannot query field|unknown (field|type|argument)|undefined field", re.IGNORECASE
)


@dataclass(slots=True)
class Place:
    """Which run, and what its server says of its history. ``rows``: how many, 0 when it does not say; ``last_step``:
    -1 when it does not say."""

    entity: str
    project: str
    run: str
    rows: int = 0
    last_step: int = -1
    history: bool = True


def unknown_field(error: LeadlineError) -> bool:
    """Whether a GraphQL server said no because it does not have what was asked for."""
    return error.code == "tracker-refused" and bool(UNKNOWN.search(error.why))


def read_history(server: Server, ask: Ask, place: Place, out: Reading) -> None:
    """Every point of the run into ``out``; what is missing makes it ``only_summary``, with a
    problem that says why.

    Raises LeadlineError(remote) when the server is away or busy in the middle: half a history is
    none.
    """
    taken = _by_pages(ask, place, out) if place.history else None
    if taken is None:
        taken = _by_file(server, place, out)
    if taken is None:
        if out.summary or place.rows:
            _lacking(out, f"{server.base} gives no history of the run, only its last values")
    elif taken.unread:
        _lacking(out, f"{taken.unread} of {taken.rows + taken.unread} rows of the history are torn")
    elif taken.rows < place.rows:
        _lacking(out, f"W&B counts {place.rows} rows of history and gave {taken.rows}")


def _lacking(out: Reading, what: str) -> None:
    out.only_summary = True
    out.problems.append({"code": "history-incomplete", "what": what})


class _Taken:
    """Counts the rows that went into a reading; what is no JSON object is ``unread``."""

    def __init__(self, out: Reading) -> None:
        self.out, self.rows, self.unread = out, 0, 0
        out.series.clear()
        out.odd.clear()

    def take(self, text: Any) -> None:
        try:
            row = json.loads(text) if isinstance(text, (str, bytes)) else text
        except ValueError:
            row = None
        if not isinstance(row, dict):
            self.unread += 1
            return
        self.rows += 1
        # A server fills the names that a row has not got with null.
        add_row(self.out, {name: value for name, value in row.items() if value is not None})


def _by_pages(ask: Ask, place: Place, out: Reading) -> _Taken | None:
    """None: the server does not know the field. Where steps are far apart a page spans more of
    them; when rows are missing then, every step is asked as W&B's client does."""
    wide = PAGE_ROWS
    if 0 < place.rows < place.last_step:
        wide = min(MOST_STEPS, math.ceil(PAGE_ROWS * (place.last_step + 1) / place.rows))
    try:
        taken = _scan(ask, place, out, wide)
        if (
            taken.rows < place.rows
            and wide > PAGE_ROWS
            and place.last_step < PAGE_ROWS * MOST_PAGES
        ):
            taken = _scan(ask, place, out, PAGE_ROWS)
    except LeadlineError as error:
        if unknown_field(error):
            return None
        raise
    return taken


def _scan(ask: Ask, place: Place, out: Reading, wide: int) -> _Taken:
    taken, step, span, room = _Taken(out), 0, wide, ROOM
    names = {"entity": place.entity, "project": place.project, "run": place.run}
    while step <= place.last_step:
        until = min(step + span, place.last_step + 1)  # not in the page, as W&B has it
        samples = room * (until - step)
        try:
            answer = ask(
                "HistoryPage",
                PAGE,
                {**names, "minStep": step, "maxStep": until, "pageSize": samples},
            )
        except LeadlineError as error:
            if error.code not in TOO_MUCH or until - step <= LEAST_STEPS:
                raise
            span = max(LEAST_STEPS, (until - step) // 2)
            continue
        rows = ((answer.get("project") or {}).get("run") or {}).get("history") or []
        if len(rows) >= samples:  # rows of one step logged in parts, or thinned out
            if samples * 4 <= MOST_SAMPLES:
                room *= 4
                continue
            if until - step > 1:
                span = (until - step) // 2
                continue
        for text in rows:
            taken.take(text)
        step, span = until, min(wide, span * 2)
    return taken


def _by_file(server: Server, place: Place, out: Reading) -> _Taken | None:
    """The rows as the job sent them; None where the server has no such file, or sends the key
    elsewhere for it."""
    path = "/files/" + "/".join(
        quote(part, safe="") for part in (place.entity, place.project, place.run, FILE)
    )
    with tempfile.TemporaryFile() as file:
        try:
            server.fetch(path, file)
        except LeadlineError as error:
            status = error.details.get("status")
            if isinstance(status, int) and 300 <= status < 500 and status != 429:
                return None
            raise
        taken = _Taken(out)
        for line in file:
            if line.strip():
                taken.take(line)
    return taken
