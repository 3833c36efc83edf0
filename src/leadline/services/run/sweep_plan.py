"""What a sweep means to run: its cells, which of them are done, what it may not be, how long the
rest will take.

Nothing here runs a command or writes a record (but for a refusal), so that ``--plan`` shows what a
sweep would do by the code that does it. What is done is looked up by command, config and code: the
record is the only memory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import leadline.core.design.cells as plans
from leadline.core.canonical import digest_of
from leadline.core.errors import not_found, refused, usage
from leadline.core.record.run import TERMINAL_STATES, Run
from leadline.core.record.thread import Item, Thread
from leadline.core.secrets.redact import Redactor, secret_values
from leadline.core.typed import Any
from leadline.core.values import dataclass, field
from leadline.services.artifact.intake import check_patterns
from leadline.services.context import Context
from leadline.services.refusal import refuse
from leadline.services.run.facts import capture_code


@dataclass
class SweepRequest:
    """What a user asks for. ``listed``: the cells of a list design. ``variables``: axis to
    environment variable."""

    argv: list[str]
    topic: str
    axes: dict[str, list[Any]] = field(default_factory=dict)
    design: str = "one-axis"
    listed: list[plans.Cell] = field(default_factory=list)
    repeat: int = 1
    jobs: int = 1
    seed: int | None = None
    config: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    extract: list[str] = field(default_factory=list)
    artifacts: list[str] = field(default_factory=list)  # PATTERN or NAME=PATH with {axis} in it
    timeout_s: float | None = None
    on_failure: str = "continue"
    because: str = ""
    again: bool = False
    max_cells: int = plans.MAX_CELLS


def plan(context: Context, request: SweepRequest) -> dict[str, Any]:
    """The body of the sweep's record, nothing written or run. Raises LeadlineError for what cannot
    be planned."""
    if request.repeat < 1 or request.jobs < 1:
        raise usage("bad-number", "--repeat and --jobs are 1 or more", do="leadline sweep --help")
    axes = request.axes or {k: [] for k in (request.listed[0] if request.listed else {})}
    clash = sorted(set(axes) & set(request.config))
    if clash:
        raise usage(
            "axis-is-set",
            f"{clash[0]} is an axis and given by --set",
            why="a cell sets it",
            do="leadline sweep --help",
        )
    plans.check_command(request.argv, axes, request.variables)
    plans.check_known(request.artifacts, axes, "--artifact")
    check_patterns(context, request.artifacts)
    check_told_apart(request.artifacts, request.jobs)
    _refuse_secrets(context, request)
    baseline = context.slice(request.topic).baseline_experiment
    centre = {k: v for k, v in (baseline.config if baseline else {}).items() if k in axes}
    cells = plans.cells_of(request.design, request.axes, centre, request.listed, request.max_cells)
    top = context.vcs.toplevel
    return {
        "design": request.design,
        "axes": request.axes
        or {k: list({plans.same(c[k]): c[k] for c in cells}.values()) for k in axes},
        "cells": cells,
        "argv": request.argv,
        "cwd": os.path.relpath(context.cwd, top) if top else ".",
        "config": request.config,
        "variables": request.variables,
        "extract": request.extract,
        **({"artifacts": request.artifacts} if request.artifacts else {}),
        "repeat": request.repeat,
        "seed": request.seed if request.seed is not None else int.from_bytes(os.urandom(4), "big"),
        "timeout_s": request.timeout_s,
        "on_failure": request.on_failure,
        "because": request.because,
        "again": request.again,
    }


def check_told_apart(patterns: Sequence[str], jobs: int) -> None:
    """Raises LeadlineError(usage) when runs beside each other would take each other's files for
    their own."""
    same = [p for p in patterns if not plans.placeholders([p])]
    if jobs > 1 and same:
        raise usage(
            "artifact-of-which-run",
            f"--artifact {same[0]} is the same for all of {jobs} runs that go on at the same time",
            why="whose file it is could not be told",
            do=["leadline sweep --artifact 'plots/{axis}.svg' ...", "leadline sweep --jobs 1 ..."],
        )


def _refuse_secrets(context: Context, request: SweepRequest) -> None:
    redactor = Redactor(secret_values(context.environ))
    told = [request.argv, request.config, request.axes, request.listed, request.artifacts]
    if redactor.argv(request.argv) != request.argv or any(redactor.value(t) != t for t in told[1:]):
        raise refused(
            "secret-in-command",
            "the command or its config seems to hold a secret",
            why="it would stand in the record and in the process list",
            do="sh -c 'COMMAND --token \"$NAME\"'  (the shell reads it from the environment)",
        )


def key_of_cell(body: dict[str, Any], cell: plans.Cell, tree: Any) -> str:
    """The key its runs have at a code state (see ``services.run.gather``)."""
    argv = plans.fill(body["argv"], cell)
    config = {**body["config"], **cell}
    return digest_of({"argv": argv, "cwd": body["cwd"], "config": config, "tree": tree})


def runs_of_cells(
    thread: Thread, body: dict[str, Any], tree: Any, only: str = ""
) -> list[list[Run]]:
    """For each cell the runs of its command and config at that code state; ``only`` those of one
    sweep's uid."""
    by_key: dict[str, list[Run]] = {}
    for run in thread.runs:
        if (
            run.key
            and (not only or run.design.get("sweep") == only)
            and thread.experiments[run.experiment].stands
        ):
            by_key.setdefault(run.key, []).append(run)
    known = _values_run(thread, by_key, list(body["axes"]))
    return [
        by_key.get(key_of_cell(body, cell, tree), []) if tuple(cell.values()) in known else []
        for cell in _in_one_order(body)
    ]


def _in_one_order(body: dict[str, Any]) -> list[plans.Cell]:
    """The cells with their axes in the order of ``axes``."""
    axes = list(body["axes"])
    return [
        cell if list(cell) == axes else {name: cell[name] for name in axes}
        for cell in body["cells"]
    ]


def _values_run(
    thread: Thread, by_key: dict[str, list[Run]], axes: Sequence[str]
) -> set[tuple[Any, ...]]:
    """The values on ``axes`` that some run had, as planned. A cell with others was not run, and one
    look in a set says so: the key takes a hundred times as long, and a plan may have a million
    cells. A cell with these values need not have been run (1 is 1.0 here, and the command may
    differ); its key decides."""
    uids = {run.uid for runs in by_key.values() for run in runs}
    found = set()
    for record in thread.records:
        if record.kind == "run-planned" and record.id in uids:
            config = record.body.get("config") or {}
            values = tuple(config.get(name) for name in axes)
            if not any(
                isinstance(value, (dict, list)) for value in values
            ):  # no cell has such a value
                found.add(values)
    return found


def one_axis_missing(thread: Thread, axes: Sequence[str]) -> list[str]:
    """The axes without a result that varies them alone: two values of it, everything else in the
    config the same."""
    missing = []
    for axis in axes:
        seen: dict[str, set[str]] = {}
        for run in thread.runs:
            if run.is_evidence and axis in run.config:
                rest = plans.key_of({k: v for k, v in run.config.items() if k != axis})
                seen.setdefault(rest, set()).add(plans.same(run.config[axis]))
        if not any(len(values) > 1 for values in seen.values()):
            missing.append(axis)
    return missing


def check_interaction(
    context: Context, thread: Thread, body: dict[str, Any], dry: bool = False
) -> None:
    """Raises the refusal of an interaction over axes that nobody varied alone, unless a reason was
    given."""
    if body["design"] != "interaction" or body["because"]:
        return
    missing = one_axis_missing(thread, list(body["axes"]))
    if not missing:
        return
    one = " ".join(
        f"--axis {a}={','.join(plans.shown(v) for v in body['axes'][a])}" for a in missing
    )
    what = f"an interaction over {', '.join(missing)} comes before the axis was varied alone"
    raise refuse(
        context,
        thread,
        "interaction-before-one-axis",
        what,
        statement=f"interaction of {', '.join(body['axes'])}",
        arithmetic=f"{len(body['cells'])} cells; no two runs of this thread differ in {' or in '.join(missing)} alone",
        honest="what each axis does by itself is not known yet",
        missing=[f"one-axis results of {axis}" for axis in missing],
        next=[
            f"leadline sweep {one} --design one-axis -- …",
            "leadline sweep --design interaction --because WHY …",
        ],
    )


def estimate(
    thread: Thread, body: dict[str, Any], missing: Sequence[int], jobs: int
) -> dict[str, Any]:
    """Seconds that the missing runs will take, from past runs: of the same cell, else the median of
    the same command template. ``seconds`` is None when nothing like it was run."""
    from statistics import median  # noqa: PLC0415  start-up: 4.3 ms

    shape = [
        re.compile(".*".join(map(re.escape, _split(text))) + r"\Z", re.DOTALL)
        for text in body["argv"]
    ]
    alike: list[float] = []
    own: dict[tuple[str, ...], list[float]] = {}
    for run in thread.runs:
        if run.state != "done" or run.wall_s is None or len(run.argv) != len(shape):
            continue
        if all(pattern.match(text) for pattern, text in zip(shape, run.argv, strict=True)):
            alike.append(run.wall_s)
            own.setdefault(tuple(run.argv), []).append(run.wall_s)
    if not alike:
        return {"seconds": None, "from_runs": 0}
    usual = median(alike)
    expected = {argv: median(walls) for argv, walls in own.items()}
    filled = plans.filler(body["argv"])
    total = sum(
        n * expected.get(tuple(filled(cell)), usual)
        for n, cell in zip(missing, body["cells"], strict=True)
        if n
    )
    return {"seconds": total / jobs, "from_runs": len(alike)}


def _split(text: str) -> list[str]:
    """The literal parts of one argument of a template."""
    mark = "\0"
    return plans.fill([text], dict.fromkeys(plans.placeholders([text]), mark))[0].split(mark)


def preview(context: Context, request: SweepRequest) -> dict[str, Any]:
    """``--plan``: the matrix, what is done, what would run and for how long. Writes and runs
    nothing."""
    body = plan(context, request)
    thread = context.thread(request.topic)
    tree = capture_code(context).get("tree")
    done = [0 if body["again"] else done_of(runs) for runs in runs_of_cells(thread, body, tree)]
    missing = [max(0, request.repeat - n) for n in done]
    would_refuse = (
        one_axis_missing(thread, list(body["axes"])) if body["design"] == "interaction" else []
    )
    return {
        **body,
        "done": done,
        "missing": missing,
        "to_run": sum(missing),
        "jobs": request.jobs,
        "estimate": estimate(thread, body, missing, request.jobs),
        "one_axis_missing": [] if body["because"] else would_refuse,
    }


def done_of(runs: Sequence[Run]) -> int:
    """Runs that count, and those still under way (their watcher died, the job did not)."""
    return sum(run.is_evidence or run.state not in TERMINAL_STATES for run in runs)


def find_sweep(thread: Thread, shown: str = "") -> Item:
    """The sweep named, else the last one. Raises LeadlineError(not_found | usage)."""
    sweeps = thread.of_kind("sweep")
    if not shown:
        if not sweeps:
            raise not_found(
                "no-sweep",
                "this thread has no sweep",
                do="leadline sweep --axis NAME=A,B -- CMD {NAME}",
            )
        return sweeps[-1]
    found = thread.find(shown)
    if not isinstance(found, Item) or found.kind != "sweep":
        raise usage("not-a-sweep", f"{shown} is no sweep", do="leadline sweep list")
    return found
