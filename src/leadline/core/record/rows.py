"""A run as a row of the listing: what is filtered, sorted and shown of ten thousand of them.

A row is made from the folded thread, by ``row_of`` and nowhere else, so that a listing cannot say
anything but what ``show`` says. The index only keeps rows.
"""

from __future__ import annotations

import json

from leadline.core.canonical import finite
from leadline.core.errors import usage
from leadline.core.record.reaches import invocation_of
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Thread
from leadline.core.typed import Any
from leadline.core.values import as_dict, dataclass


@dataclass(slots=True, frozen=True)
class RunRow:
    """``thread`` is a topic, ``tree`` the identity of the code; ``retracted`` is the word for a run
    that does not stand (``retracted`` or ``superseded``), "" for one that does; ``apart``: as
    ``Run.apart``; ``place``:
    ``sweep:ULID`` or ``interleaving:ULID`` of what it is a part of, "" for a run by itself;
    ``invocation``: of all that it was given besides its config (``core/record/reaches.py``)."""

    thread: str
    uid: str
    id: str
    experiment: str
    title: str
    key: str
    state: str
    origin: str
    planned_at: str
    started_at: str
    wall_s: float | None
    exit_code: int | None
    argv: list[str]
    config: dict[str, object]
    metrics: dict[str, float]
    nonfinite: dict[str, str]
    tree: str
    retracted: str
    apart: str
    place: str
    invocation: str


COLUMNS = RunRow.__match_args__


def json_of(row: RunRow) -> str:
    """A row as JSON: what of many is held until it is written, at a quarter of the memory."""
    return json.dumps(finite(as_dict(row)), ensure_ascii=False)


def column(name: str) -> tuple[str, str]:
    """A column and the key in it: ``state`` -> (``state``, ""), ``config.lr`` -> (``config``,
    ``lr``). Raises LeadlineError(usage)."""
    head, _, key = name.partition(".")
    if head in ("config", "metrics") and key:
        return head, key
    if name in COLUMNS:
        return name, ""
    raise usage(
        "unknown-column",
        f"runs have no column {name!r}",
        why=f"columns: {', '.join(COLUMNS)}, config.KEY, metrics.NAME",
        do="leadline status --help",
    )


def row_of(run: Run, thread: Thread) -> RunRow:
    """The row of a run of ``thread``. What a damaged record put in the place of a mapping or a
    number is left out."""
    withdrawn = "superseded" if run.superseded_by else ""
    wall_s = run.wall_s if isinstance(run.wall_s, (int, float)) else None
    exit_code = run.exit_code if isinstance(run.exit_code, int) else None
    argv = run.argv if isinstance(run.argv, list) else []
    return RunRow(
        thread=thread.topic,
        uid=run.uid,
        id=run.id,
        experiment=run.experiment,
        title=str(title_of_run(run, thread.experiments[run.experiment])),
        key=str(run.key),
        state=str(run.state),
        origin=str(run.origin),
        planned_at=run.planned_at,
        started_at=str(run.started_at),
        wall_s=wall_s,
        exit_code=exit_code,
        argv=argv,
        config=_mapping(run.config),
        metrics=_mapping(run.metrics),
        nonfinite=_mapping(run.nonfinite),
        tree=str(_mapping(run.code).get("tree", "")),
        retracted="retracted" if run.retracted else withdrawn,
        apart=run.apart,
        place=place_of(run),
        invocation=invocation_of(run),
    )


def place_of(run: Run) -> str:
    for kind in ("sweep", "interleaving"):
        if uid := run.design.get(kind):
            return f"{kind}:{uid}"
    return ""


def title_of_run(run: Run, experiment: Experiment) -> str:
    """The experiment's, which may be corrected, unless the run was planned under another one than
    the experiment's first run."""
    return experiment.title if run.title == experiment.runs[0].title else run.title


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
