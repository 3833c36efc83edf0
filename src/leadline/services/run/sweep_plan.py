"""What a sweep means to run: its cells, which of them are done, what it may not be, how long the
rest will take.

Nothing here runs a command or writes a record (but for a refusal), so that ``--plan`` shows what a
sweep would do by the code that does it. What is done is looked up by command, config and code: the
record is the only memory.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import leadline.core.design.cells as plans
from leadline.core.design.done import Preview, done_of, estimate, one_axis_missing, runs_of_cells
from leadline.core.errors import refused, usage
from leadline.core.extract.spec import parse_spec
from leadline.core.plain import shell_words
from leadline.core.record.run import program_of
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass, field
from leadline.services.artifact.intake import check_patterns
from leadline.services.context import Context
from leadline.services.refusal import refuse
from leadline.services.run.facts import program_state
from leadline.services.run.loose_files import FilesNow

if TYPE_CHECKING:
    from leadline.core.record.bodies import SweepBody


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
    config: dict[str, object] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    extract: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)  # files that it reads, with {axis} in it
    stdin: str = ""  # the file that each run reads as its standard input
    artifacts: list[str] = field(default_factory=list)  # PATTERN or NAME=PATH with {axis} in it
    timeout_s: float | None = None
    progress: str = ""
    stall_kill_s: float | None = None
    on_failure: str = "continue"
    because: str = ""
    expected: str = ""
    hypotheses: list[str] = field(default_factory=list)
    again: bool = False
    max_cells: int = plans.MAX_CELLS


def planned_sweep(context: Context, request: SweepRequest) -> SweepBody:
    """The body of the sweep's record, nothing written or run. Raises LeadlineError for what cannot
    be planned."""
    if request.repeat < 1 or request.jobs < 1:
        raise usage("bad-number", "--repeat and --jobs are 1 or more", do="leadline sweep --help")
    if bool(request.listed) != (request.design == "list"):
        raise usage(
            "design-and-cells",
            "a list design is explicit cells, and explicit cells are a list design",
            why="other designs vary axes",
            do="leadline sweep --design list --matrix FILE -- …",
        )
    axes = request.axes or {k: [] for k in (request.listed[0] if request.listed else {})}
    clash = sorted(set(axes) & set(request.config))
    if clash:
        raise usage(
            "axis-is-set",
            f"{clash[0]} is an axis and given by --set",
            why="a cell sets it",
            do="leadline sweep --help",
        )
    request.argv = plans.with_fixed(request.argv, request.config)
    request.inputs = plans.with_fixed(request.inputs, request.config)
    request.artifacts = plans.with_fixed(request.artifacts, request.config)
    plans.check_command(request.argv, axes, request.variables)
    plans.check_known(request.artifacts, axes, "--artifact")
    plans.check_known(request.inputs, axes, "--input")
    check_patterns(context, request.artifacts)
    plans.check_known([t for t in request.extract if t[:8] != "pattern:"], axes, "--metrics")
    check_told_apart(request.artifacts, request.extract, request.jobs)
    _refuse_secrets(context, request)
    thread = context.slice(request.topic)
    if thread.profile:
        from leadline.services.run.profiled import with_defaults  # noqa: PLC0415  start-up: 2 ms

        request.config = with_defaults(
            context, thread.profile, request.config, request.argv, "sweep", axes
        )
    baseline = thread.baseline_experiment
    centre = {k: v for k, v in (baseline.config if baseline else {}).items() if k in axes}
    cells = plans.cells_of(request.design, request.axes, centre, request.listed, request.max_cells)
    top, seed = context.vcs.toplevel, request.seed
    if seed is None:
        seed = int.from_bytes(os.urandom(4), "big")
    cwd = os.path.relpath(context.cwd, top) if top else "."
    body: SweepBody = {
        "design": request.design,
        "axes": request.axes
        or {k: list({plans.same(c[k]): c[k] for c in cells}.values()) for k in axes},
        "cells": cells,
        "argv": request.argv,
        "cwd": cwd,
        "config": request.config,
        "variables": request.variables,
        "extract": request.extract,
        "repeat": request.repeat,
        "seed": seed,
        "timeout_s": request.timeout_s,
        "on_failure": request.on_failure,
        "because": request.because,
        "again": request.again,
        "executor": context.executor_name(request.topic),
        "entry": "command",
    }
    if request.artifacts:
        body["artifacts"] = request.artifacts
    if request.expected:
        body["expected"] = request.expected
    if request.hypotheses:
        body["hypotheses"] = request.hypotheses
    if request.inputs:
        body["inputs"] = request.inputs
    if request.progress:
        body["progress"] = request.progress
    if request.stall_kill_s:
        body["stall_kill_s"] = request.stall_kill_s
    if request.stdin:
        body["stdin"] = request.stdin
    return body


def check_told_apart(patterns: Sequence[str], extract: Sequence[str], jobs: int) -> None:
    """Raises LeadlineError(usage) when runs beside each other would take each other's files for
    their own."""
    if jobs < 2:
        return
    alike = [text for text in extract if not plans.placeholders([text])]
    shared = [text for text in alike if parse_spec(text).in_file]
    if shared:
        raise usage(
            "metrics-of-which-run",
            f"--metrics {shared[0]} is the same file for all of {jobs} runs that go on at the same time",
            why="whose numbers it holds could not be told",
            do=["leadline sweep --metrics 'out-{axis}.csv' ...", "leadline sweep --jobs 1 ..."],
        )
    same = [p for p in patterns if not plans.placeholders([p])]
    if same:
        raise usage(
            "artifact-of-which-run",
            f"--artifact {same[0]} is the same for all of {jobs} runs that go on at the same time",
            why="whose file it is could not be told",
            do=["leadline sweep --artifact 'plots/{axis}.svg' ...", "leadline sweep --jobs 1 ..."],
        )


def _refuse_secrets(context: Context, request: SweepRequest) -> None:
    redactor = context.redactor
    told = [request.argv, request.config, request.axes, request.listed, request.artifacts]
    if redactor.argv(request.argv) != request.argv or any(redactor.value(t) != t for t in told[1:]):
        raise refused(
            "secret-in-command",
            "the command or its config seems to hold a secret",
            why="it would stand in the record and in the process list",
            do=[
                "sh -c 'COMMAND --token \"$NAME\"'  (the shell reads it from the environment)",
                "leadline sweep --not-secret ...  (a false alarm: it is recorded as it stands)",
            ],
        )


def check_interaction(context: Context, thread: Thread, body: SweepBody, dry: bool = False) -> None:
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
            f"leadline sweep {one} --design one-axis -- {shell_words(body['argv'])}",
            "leadline sweep … --because 'WHY'",
        ],
    )


def preview(context: Context, request: SweepRequest) -> Preview:
    """``--plan``: the matrix, what is done, what would run and for how long. Writes and runs
    nothing."""
    body = planned_sweep(context, request)
    thread = context.thread(request.topic)
    tree = program_of(program_state(context, request.argv))
    now = FilesNow(context, context.cwd)
    done = [
        0 if body["again"] else done_of([run for run in runs if now.same(run)])
        for runs in runs_of_cells(thread, body, tree)
    ]
    missing = [max(0, request.repeat - n) for n in done]
    alone: list[str] = []
    if body["design"] == "interaction" and not body["because"]:
        alone = one_axis_missing(thread, list(body["axes"]))
    return Preview(
        body=body,
        done=done,
        missing=missing,
        jobs=request.jobs,
        estimate=estimate(thread, body, missing, request.jobs),
        one_axis_missing=alone,
    )
