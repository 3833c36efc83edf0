"""The registered baseline: set once, shown with its spread, moved only after repeated evidence.

A baseline that slides from entry to entry makes every later difference meaningless, so a move needs
what any other comparison needs, and three counting runs a side.
"""

from __future__ import annotations

from leadline.core.compare.compare import Comparison
from leadline.core.errors import conflict, not_found, refused, usage
from leadline.core.ids import experiment_of
from leadline.core.metric.contract import moved_by_machine
from leadline.core.plain import shell_word, shell_words
from leadline.core.record.thread import Experiment, Thread
from leadline.core.timestamps import few
from leadline.core.typed import TYPE_CHECKING, TypedDict, cast
from leadline.core.view import facts
from leadline.core.view.baseline import Baseline, baseline_of
from leadline.services.bound_text import bound_body, checked_text
from leadline.services.context import Context
from leadline.services.evidence.compare import compare_sides
from leadline.services.lookup import no_evidence, slice_of
from leadline.services.refusal import Overrides, refuse

if TYPE_CHECKING:
    from leadline.core.record.bodies import BaselineBody

REPEATS_NEEDED = 3


class Registered(TypedDict, total=False):
    """What was recorded, without what binds it. A move has ``from``, and but for an overridden one
    ``metric`` and ``shown_by``."""

    id: str
    experiment: str
    why: str
    evidence: list[str]
    override: str
    overridden: list[str]
    metric: str
    shown_by: str
    axes: list[str]


def set_baseline(
    context: Context, topic: str, display: str, why: str = "", override: Overrides | None = None
) -> Registered:
    """Register the first baseline (or the next after the last one was withdrawn).

    Raises LeadlineError: no experiment, no counting run, no metrics, a baseline that stands
    (conflict); none of the thread's metrics (refused), unless ``override`` covers it.
    """
    thread = slice_of(context, topic, [display])
    experiment = _usable(thread, display)
    current, item = thread.baseline_experiment, thread.baseline
    if current is not None and item is not None and current.evidence_runs and current.stands:
        if current.id == experiment.id:
            raise conflict(
                "baseline-already",
                f"{experiment.id} is the baseline ({item.id})",
                do="leadline baseline show",
            )
        raise conflict(
            "baseline-exists",
            f"the baseline is {current.id} ({item.id})",
            why="it moves on repeated evidence only",
            do=f"leadline baseline move {experiment.id} --why 'WHY'",
        )
    body: BaselineBody = {"experiment": experiment.id, "evidence": [experiment.id]}
    override = override or Overrides()
    _check_measured(thread, experiment, override)
    if override.used:
        body["override"], body["overridden"] = override.why, override.used
    return _record(context, thread, experiment, why, body)


def _check_measured(thread: Thread, experiment: Experiment, override: Overrides) -> None:
    """Raises the refusal of a baseline without any metric that the thread judges by: nothing could
    be held against it, and no move away from it would ever have its repeats."""
    judged = [name for name, d in thread.metrics.items() if d.direction in ("lower", "higher")]
    measured = {name for run in experiment.evidence_runs for name in run.metrics}
    if judged and not measured.intersection(judged) and not override.covers("no-thread-metric"):
        raise refused(
            "no-thread-metric",
            f"{experiment.id} has not measured {' or '.join(judged[:6])}",
            why="a baseline is a number to beat, and by these the thread judges; it has "
            f"{', '.join(sorted(measured)[:6])}",
            do=[
                f"leadline metric {shell_word(min(measured))} --direction lower",
                "leadline run --help  (metrics: $LEADLINE_METRICS, --pattern, --metrics)",
                "leadline baseline … --override no-thread-metric 'WHY'",
            ],
        )


def move_baseline(
    context: Context,
    topic: str,
    display: str,
    why: str,
    *,
    axes: list[str] | None = None,
    nuisance: list[str] | None = None,
    metric: str = "",
    override: Overrides | None = None,
) -> Registered:
    """Make ``display`` the baseline, when repeated evidence shows it to be better in the metric
    that matters.

    Raises LeadlineError: no baseline, no reason, no such metric; refused with what is missing
    (recorded), unless ``override`` covers it.
    """
    if not why.strip():
        raise usage(
            "missing-field",
            "a move of the baseline needs --why",
            why="the logbook shows it",
            do=f"leadline baseline move {display} --why 'WHY'",
        )
    thread = slice_of(context, topic, [display])
    current, item = thread.experiment("baseline"), thread.baseline
    assert item is not None
    experiment = _usable(thread, display)
    if experiment.id == current.id:
        raise conflict(
            "baseline-already",
            f"{current.id} is the baseline ({item.id})",
            do="leadline baseline show",
        )
    body: BaselineBody = {
        "experiment": experiment.id,
        "from": item.id,
        "evidence": [current.id, experiment.id],
    }
    override = override or Overrides()
    name = primary_metric(thread, experiment, metric)
    comparison = compare_sides(
        context, thread, "baseline", experiment.id, axes=axes, nuisance=nuisance, metrics=[name]
    )
    measured_again = _measures_again(experiment, current)
    if not measured_again:
        rows = [*comparison.diff.of_role("confound"), *comparison.diff.of_role("unknown")]
        declared = [*(axes or []), *(row.name for row in rows if row.area == "config")]
        beside = [*(nuisance or []), *(row.name for row in rows if row.area != "config")]
        if rows:  # what would be missing still, if all that differs were declared
            comparison = compare_sides(
                context,
                thread,
                "baseline",
                experiment.id,
                axes=declared,
                nuisance=beside,
                metrics=[name],
            )
        again = ["leadline", "baseline", "move", experiment.id, "--why", why]
        again += [word for axis in declared for word in ("--axis", axis)]
        again += [word for key in beside for word in ("--nuisance", key)]
        again += ["--metric", metric] if metric else []
        undeclared = [row.name for row in rows]
        _check_move(
            context,
            thread,
            current,
            experiment,
            comparison,
            name,
            undeclared,
            shell_words(again),
            override,
        )
    if measured_again:
        body["shown_by"] = f"{current.id} measured again by the present ruler"
    elif override.used:
        body["override"], body["overridden"] = override.why, override.used
    elif comparison.metrics:
        body["shown_by"] = comparison.metrics[0].sentence
    body["metric"] = name
    if axes:
        body["axes"] = axes
    return _record(context, thread, experiment, why, body)


def _measures_again(experiment: Experiment, current: Experiment) -> bool:
    """Whether it is the same code by a newer ruler: nothing is better or worse by that."""
    runs = experiment.evidence_runs
    return bool(runs) and all(experiment_of(r.measures_again) == current.id for r in runs)


def _usable(thread: Thread, display: str) -> Experiment:
    experiment = thread.experiment(display)
    if problem := no_evidence(experiment):
        measure = f"leadline run --experiment {experiment.id}"
        raise refused(
            "no-evidence",
            problem,
            why="a baseline is measured, not declared",
            do=measure if experiment.stands else "leadline status",
        )
    if not any(run.metrics for run in experiment.evidence_runs):
        raise refused(
            "no-metrics",
            f"{experiment.id} has no metric",
            why="a baseline is a number to beat",
            do="leadline run --help  (metrics: $LEADLINE_METRICS, --pattern, --metrics)",
        )
    return experiment


def primary_metric(thread: Thread, experiment: Experiment, wanted: str = "") -> str:
    """The metric a move is judged by: the one named, else the first of the kickoff that has a
    better direction.

    Raises LeadlineError: no such metric, or none has a direction.
    """
    measured = {name for run in experiment.evidence_runs for name in run.metrics}
    if wanted:
        if wanted not in measured:
            raise not_found(
                "no-such-metric",
                f"{experiment.id} has no metric {wanted!r}",
                why=f"it has: {', '.join(sorted(measured))}",
                do="leadline metric",
            )
        definition = thread.metrics.get(wanted)
        if definition is None or definition.direction == "none":
            raise usage(
                "no-direction",
                f"{wanted} has no better direction",
                do=f"leadline metric {wanted} --direction lower",
            )
        return wanted
    for name, definition in thread.metrics.items():
        if name in measured and definition.direction in ("lower", "higher"):
            return name
    raise usage(
        "no-direction",
        "no metric here has a better direction, so nothing is better",
        do=f"leadline metric {next(iter(sorted(measured)))} --direction lower",
    )


def _check_move(
    context: Context,
    thread: Thread,
    current: Experiment,
    experiment: Experiment,
    comparison: Comparison,
    metric: str,
    undeclared: list[str],
    again: str,
    override: Overrides,
) -> None:
    """All that is missing, at once: ``undeclared``: what differs and was not declared, which
    ``again`` declares and ``comparison`` takes for declared."""
    missing, commands = [], []
    found = next((m for m in comparison.metrics if m.metric == metric), None)
    sizes = found.runs_of_each if found else (0, 0)
    for side, n in zip((current, experiment), sizes, strict=True):
        if n < REPEATS_NEEDED:
            commands.append(f"leadline run --experiment {side.id} --repeat {REPEATS_NEEDED - n}")
            missing.append(
                f"{REPEATS_NEEDED - n} more counting runs of {side.id} with {metric}: {n} of {REPEATS_NEEDED}"
            )
    if undeclared:
        missing.append(f"apples to apples: {few(undeclared, 5)} differ undeclared")
    missing += [
        r["what"]
        for r in comparison.refusals
        if r["code"] not in ("confounded-axis", "unknown-difference")
    ]
    verdict = found.verdict if found else "cannot be compared"
    if verdict != "better":
        if not commands:
            missing.append(f"a {metric} shown to be better; the verdict is: {verdict}")
            commands = [f"leadline run --experiment {experiment.id} --repeat {REPEATS_NEEDED}"]
        # In turns both get their repeats, and no change of the machine can be taken for the cause.
        if moved_by_machine(facts.definition(thread, metric)):
            commands = [f"leadline ab {current.id} {experiment.id} --metric {shell_word(metric)}"]
    commands.append(again)
    if not missing or override.covers("baseline-stays"):
        return
    sentence = found.sentence if found else f"{metric} was not measured on both sides"
    raise refuse(
        context,
        thread,
        "baseline-stays",
        f"the baseline stays {current.id}: the evidence does not bear a move to {experiment.id}",
        statement=f"the baseline moves to {experiment.id}",
        arithmetic=sentence,
        honest=f"{experiment.id} was run {len(experiment.evidence_runs)} times against {len(current.evidence_runs)} of "
        f"{current.id}; {verdict}",
        missing=missing,
        next=[*commands, "leadline baseline … --override baseline-stays 'WHY'"],
    )


def _record(
    context: Context, thread: Thread, experiment: Experiment, why: str, more: BaselineBody
) -> Registered:
    reason = checked_text(why, "baseline") if why.strip() else ""
    body: BaselineBody = {"experiment": experiment.id, "why": reason, **more}
    ids = [experiment.id, *more.get("evidence", []), *([more["from"]] if more.get("from") else [])]
    body = {**body, **bound_body(context, thread, reason, strict=False, ids=ids)}
    shown = context.append_item(thread, "baseline", body)
    said = {k: v for k, v in body.items() if k not in ("refs", "bound")}
    return cast("Registered", {"id": shown, **said})


# ---- showing -------------------------------------------------------------------------------------


def show_baseline(context: Context, topic: str) -> Baseline:
    """Raises LeadlineError(not_found, no-baseline)."""
    return baseline_of(slice_of(context, topic))
