"""Compare two experiments of a thread: which runs, against which baseline, and what drift forbids.

``core/compare/compare.py`` does the statistics; this adds what only the thread knows: the
registered baseline, the settings' nuisances, the package lists, among how many a side was chosen, and
the command that settles what these runs cannot.
"""

from __future__ import annotations

import json
import math
from itertools import pairwise

from leadline.core.compare.alike import apart_by_side, left_out, runs_alike
from leadline.core.compare.choice import NO_CHOICE, Choice, choice_of
from leadline.core.compare.compare import (
    Comparison,
    MetricComparison,
    Size,
    compare,
)
from leadline.core.compare.config_diff import AREAS, is_declared, run_facts
from leadline.core.compare.difference import NOT_IN_TURNS
from leadline.core.errors import LeadlineError, not_found, usage
from leadline.core.evidence.next_runs import in_turns_command
from leadline.core.evidence.of_thread import bound_refs, picked, runs_of_subject
from leadline.core.evidence.predicate import predicate_of, read_subject
from leadline.core.evidence.stated import not_stated, unstated_text
from leadline.core.metric.as_measured import doubted
from leadline.core.metric.redefined import changes_since, definitions_for
from leadline.core.metric.ruler import AREA, below_resolution, loaded_otherwise, null_of
from leadline.core.record.reaches import tell_tags
from leadline.core.record.run import MetricDef, Run
from leadline.core.record.thread import Item, Thread
from leadline.core.timestamps import few
from leadline.core.typed import NamedTuple
from leadline.core.view.facts import ranked
from leadline.services.artifact.raw_files import find_disputed
from leadline.services.context import Context
from leadline.services.refusal import record_refusal


def compare_sides(
    context: Context,
    thread: Thread,
    a: str,
    b: str,
    *,
    axes: list[str] | None = None,
    nuisance: list[str] | None = None,
    metrics: list[str] | None = None,
    target: dict[str, float] | None = None,
    alpha: float = 0.05,
    strict_hygiene: bool = False,
    detect: dict[str, Size] | None = None,
    equivalent: dict[str, Size] | None = None,
    over: list[str] | None = None,
) -> Comparison:
    """``b`` against the reference ``a``; each is an experiment's, run's or baseline's id,
    ``baseline``, or a group: ``key=value``, joined by commas, all runs whose config says so. The
    keys of groups are axes. ``over``: the keys by whose values the sides are paired.

    ``detect`` and ``equivalent``: sizes by metric, "" for every metric compared (see
    ``parse_sizes``). Raises LeadlineError: unknown or wrong ids, the same side twice, an axis or
    metric that no run has, a bad alpha, a size in a unit that several metrics would have to share.
    """
    if not 0.0 < alpha < 1.0:
        raise usage(
            "bad-alpha",
            f"--alpha {alpha} is no probability",
            why="it lies between 0 and 1, usually 0.05",
            do=f"leadline compare {a} {b}",
        )
    sides = [_side(context, thread, text) for text in (a, b)]
    (a_name, a_runs, _), (b_name, b_runs, _) = sides
    keys = [key for side in sides for key in side.keys if key not in (over or ())]
    axes = list(dict.fromkeys([*(axes or []), *keys]))
    if {r.uid for r in a_runs} & {r.uid for r in b_runs}:
        raise usage(
            "same-side",
            f"{a} and {b} share runs",
            why="nothing can be compared with itself",
            do="leadline status",
        )
    sized = [name for sizes in (detect, equivalent) for name in sizes or {} if name]
    _check_names(
        a_runs + b_runs, [*axes, *(over or [])], [*(metrics or []), *(target or {}), *sized]
    )
    load_packages(context, a_runs, b_runs)
    find_disputed(context, [*a_runs, *b_runs])
    wanted = metrics and list(dict.fromkeys([*metrics, *(target or {}), *sized]))
    for option, sizes in (("--detect", detect), ("--equivalent", equivalent)):
        _check_one_unit(
            option, sizes or {}, wanted or sorted({n for r in a_runs + b_runs for n in r.metrics})
        )
    measured = {name for run in (*a_runs, *b_runs) for name in run.metrics}

    alike: list[list[Run]] = [[], []]

    def of_the_whole(whole: Thread) -> dict[str, Choice]:
        tell_tags(whole, [*a_runs, *b_runs])
        alike[:] = [runs_alike(whole, runs) for runs in (a_runs, b_runs)]
        return {name: _choice(whole, a_runs, b_runs, name, wanted) for name in measured}

    def alike_of(metric: str) -> tuple[list[Run], list[Run]]:
        named = {run.uid for run in (*a_runs, *b_runs)}
        left = {
            side: left_out(others, runs, metric, named)
            for side, others, runs in zip("ab", alike, (a_runs, b_runs), strict=True)
        }
        left = apart_by_side(left)
        return left["a"], left["b"]

    # Of the whole thread, of which the caller may have those two alone.
    choices = context.store.look(thread.topic, of_the_whole)
    out = compare(
        a_runs,
        b_runs,
        axes=axes,
        nuisance=[*(nuisance or []), *(over or []), *context.setting("run.nuisance")],
        metric_defs=definitions_for(thread, a_runs + b_runs),
        metrics=wanted,
        target=target,
        alpha=alpha,
        a_name=a_name,
        b_name=b_name,
        baseline_id=_baseline_id(thread, a_runs, b_runs),
        strict_hygiene=strict_hygiene,
        detect=detect,
        equivalent=equivalent,
        choice_of=lambda metric: choices.get(metric, NO_CHOICE),
        over=over or [],
        alike_of=alike_of,
    )
    if any(row.area in ("code", AREA) for row in out.diff.rows):
        from leadline.services.evidence.changed_files import (  # noqa: PLC0415  start-up: 5 ms
            name_files,
        )

        name_files(context, thread, out, a_runs, b_runs)
    for metric in out.metrics:
        _by_null(thread, metric)
        command = in_turns_command(metric.metric, a_runs, b_runs)
        if command and metric.withheld == NOT_IN_TURNS and out.apples_to_apples:
            out.settle[metric.metric] = command
    out.notes += _about_baselines(thread, out, {run.experiment for run in a_runs + b_runs})
    if loaded := loaded_otherwise(run for run in a_runs + b_runs if run.is_evidence):
        out.notes.append(
            f"what measures loads {few(loaded, 5)}, which differs and is not declared to measure"
        )
    out.notes += _about_definitions(thread, out, a_runs + b_runs)
    if thread.profile and (keys := not_stated(thread.profile, a_runs + b_runs)):
        out.notes.append(unstated_text(thread.profile, keys))
    return out


def _about_definitions(thread: Thread, out: Comparison, runs: list[Run]) -> list[str]:
    """What is computed and how, and what means something else than when these runs were made."""
    notes = []
    for metric in out.metrics:
        name = metric.metric
        definition = thread.metrics.get(name)
        if why := doubted(definition or MetricDef(name), runs):
            notes.append(why)
        if definition is not None and definition.formula:
            notes.append(f"{name} = {definition.formula}")
        for change, words in changes_since(thread, [r for r in runs if name in r.metrics], name):
            judged = "; judged by the stricter of both" if "observed" in words else ""
            notes.append(f"{name} was redefined on {change.at[:10]}: {words}{judged}")
    return notes


def _by_null(thread: Thread, m: MetricComparison) -> None:
    """What the ruler was seen to find between the baseline and itself, beside a difference."""
    null = null_of(thread.rulers, m.metric)
    why = "" if null is None or m.apart else below_resolution(null, m.a.mean, m.b.mean)
    if null is None or not why:
        return
    m.notes.append(why)
    if null["shown"] and m.verdict != "cannot be compared":
        m.verdict, m.sentence = "exploratory only", f"{m.sentence}; {why}"


def _choice(
    thread: Thread,
    a_runs: list[Run],
    b_runs: list[Run],
    metric: str,
    wanted: list[str] | None,
) -> Choice:
    """Among how many this was chosen; of two sides that a record older than their runs named, none.
    ``wanted``: the metrics asked for, picked among all; without, all are judged at once."""
    judged = [run.uid for run in b_runs if run.is_evidence]
    names = {run.experiment for run in (*a_runs, *b_runs)}
    for item in (*thread.hypotheses, *thread.claims):
        predicate = predicate_of(item)
        named = predicate is not None and thread.came_before(item.uid, *judged)
        refs = bound_refs(thread, item.body, item.uid) if named else {}
        for clause in predicate.clauses if predicate and named else ():
            if clause.right is None or metric not in (clause.metric, clause.right_metric):
                continue
            meant = [runs_of_subject(thread, s, refs) for _, s in clause.sides]
            if all(runs for runs in meant) and {r.experiment for m in meant for r in m} == names:
                return NO_CHOICE
    found = choice_of(thread, a_runs, b_runs, metric)
    return picked(thread, found, metric, b_runs, a_runs, len(wanted)) if wanted else found


def record_refusals(context: Context, thread: Thread, comparison: Comparison) -> int:
    """Every refusal of the comparison as a record, once; how many were new."""
    statement = f"{comparison.b_name} compared with {comparison.a_name}"
    return sum(
        record_refusal(
            context,
            thread,
            r["code"],
            r["what"],
            statement=statement,
            arithmetic=r["arithmetic"],
            honest=r["honest"],
        )
        for r in comparison.refusals
    )


def parse_targets(texts: list[str]) -> dict[str, float]:
    """``METRIC=VALUE`` options. Raises LeadlineError(usage)."""
    targets = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            targets[name.strip()] = float(value)
        except ValueError:
            targets[""] = 0.0
        if "" in targets or targets[name.strip()] - targets[name.strip()] != 0.0:
            raise usage(
                "bad-target",
                f"--target {text!r} is not METRIC=NUMBER",
                do="leadline compare --help",
            )
    return targets


def parse_sizes(option: str, texts: list[str]) -> dict[str, Size]:
    """``[METRIC=]SIZE`` options, where SIZE is a number above zero or a percentage: "2%",
    "loss=0.01". The key is "" where no metric is named. Raises LeadlineError(usage)."""
    sizes: dict[str, Size] = {}
    for text in texts:
        name, _, given = text.rpartition("=")
        share = given.strip().endswith("%")
        try:
            value = float(given.strip().removesuffix("%"))
        except ValueError:
            value = math.nan
        name = name.strip()
        bad = ""
        if not math.isfinite(value) or value <= 0.0:
            bad = "a size is a number above zero, or one with % behind it"
        elif share and value >= 100.0:
            bad = "a share of the reference lies below 100 %"
        elif "=" in text and not name:
            bad = "there is no metric before ="
        elif name in sizes:
            bad = "it is given twice" + (f" for {name}" if name else "")
        if bad:
            raise usage(
                f"bad-{option.lstrip('-')}",
                f"{option} {text!r} cannot be used: {bad}",
                why=f"for example: {option} 2%  or  {option} METRIC=0.5 (in the metric's unit)",
                do="leadline compare --help",
            )
        sizes[name] = Size(value / 100.0, True) if share else Size(value)
    return sizes


def _check_one_unit(option: str, sizes: dict[str, Size], metrics: list[str]) -> None:
    """A plain number is in the unit of a metric, so that one number cannot serve several metrics."""
    size = sizes.get("")
    if size is not None and not size.relative and len(metrics) > 1:
        raise usage(
            f"bad-{option.lstrip('-')}",
            f"{option} {size.text} has no unit, and {len(metrics)} metrics are compared",
            why="name the metric, or give a share of the reference in per cent",
            do=f"leadline compare A B {option} {metrics[0]}={size.text}",
        )


def load_packages(context: Context, a_runs: list[Run], b_runs: list[Run]) -> None:
    """Fill the package lists of the runs that are shown, when the sides have different ones: they
    are large."""
    names = [
        next((r for r in sorted(side, key=lambda r: r.uid) if r.is_evidence), None)
        for side in (a_runs, b_runs)
    ]
    blobs = [run.software.get("packages_blob") for run in names if run is not None]
    if len(blobs) < 2 or blobs[0] == blobs[1]:
        return
    for run in names:
        blob = run and run.software.get("packages_blob")
        if run is None or not blob:
            continue
        try:
            packages = json.loads(context.blobs.get(str(blob)))
        except (LeadlineError, ValueError):
            continue  # not on this machine: the digests still differ, and that is said
        if isinstance(packages, dict):
            run.packages = {str(k): str(v) for k, v in packages.items()}


class _Side(NamedTuple):
    """``keys``: by which a group was chosen."""

    name: str
    runs: list[Run]
    keys: list[str]


def is_group(display: str) -> bool:
    """Whether a side is ``key=value`` and not an id."""
    return "=" in display


def _side(context: Context, thread: Thread, display: str) -> _Side:
    if is_group(display):
        try:
            subject = read_subject(display)
        except LeadlineError as error:
            error.next = ["leadline compare --help"]
            raise
        runs = context.store.look(thread.topic, lambda whole: runs_of_subject(whole, subject))
        if not runs:
            raise not_found(
                "no-such-runs",
                f"no run has {subject.format()} in its config",
                why="a side is an id, or key=value as the runs were given it",
                do="leadline status --runs",
            )
        return _Side(subject.format(), runs, [key for key, _ in subject.selectors])
    experiment = thread.experiment(display)  # raises for what is no experiment, run or baseline
    if display == "baseline":
        return _Side(experiment.id, experiment.runs, [])
    shown = thread.find(display).id  # a baseline's id is its experiment's
    return _Side(shown, thread.runs_of(shown), [])


def _baseline_id(thread: Thread, a_runs: list[Run], b_runs: list[Run]) -> str:
    experiment = thread.baseline_experiment
    item = thread.baseline
    if experiment is None or item is None:
        return ""
    return item.id if any(r.experiment == experiment.id for r in a_runs + b_runs) else ""


def _check_names(runs: list[Run], axes: list[str], metrics: list[str]) -> None:
    facts = {at for run in runs for at in run_facts(run)}
    for axis in axes:
        if axis not in AREAS and not any(is_declared(area, key, [axis]) for area, key in facts):
            keys = sorted(key for area, key in facts if area == "config")
            raise not_found(
                "no-such-axis",
                f"no run has {axis!r} in its config",
                why=f"config keys: {', '.join(keys[:20]) or 'none'}; or code, command, extraction, inputs, "
                "environment, hardware, devices, software, executor",
                do="leadline compare --help",
            )
    present = sorted({name for run in runs for name in (*run.metrics, *run.nonfinite)})
    for metric in metrics:
        if metric not in present:
            from difflib import get_close_matches  # noqa: PLC0415  start-up: 0.9 ms

            near = get_close_matches(metric, present, 3) or present[:10]
            raise not_found(
                "no-such-metric",
                f"no run has a metric {metric!r}",
                why=f"there are: {', '.join(near) or 'none'}",
                do="leadline metric",
            )


def former_baselines(thread: Thread) -> dict[str, tuple[Item, Item]]:
    """Experiment id to (its baseline record, the record of the move away from it), for every
    experiment that was the registered baseline and is not any more."""
    kept = [item for item in thread.of_kind("baseline") if not item.retracted]
    found = {}
    for item, successor in pairwise(kept):
        found[thread.shown(str(item.body["experiment"]), item.refs)] = (item, successor)
    current = thread.baseline_experiment
    return {k: v for k, v in found.items() if current is None or k != current.id}


def _about_baselines(thread: Thread, out: Comparison, experiments: set[str]) -> list[str]:
    """Which side is the registered baseline, or that neither is; and a side that once was it."""
    current, item = thread.baseline_experiment, thread.baseline
    notes = []
    for experiment, (old, new) in former_baselines(thread).items():
        if experiment in experiments and item is not None:
            now = thread.shown(str(item.body["experiment"]), item.refs)
            out.moved_baseline = {
                "was": old.id,
                "experiment": experiment,
                "now": item.id,
                "moved_at": new.at,
            }
            notes.append(
                f"{experiment} was the baseline ({old.id}) until it moved on {new.at[:10]} ({new.id}); "
                f"it is {now} now ({item.id})"
            )
    if current is None or item is None:
        if any(True for _ in ranked(thread)):
            notes.append("no baseline is registered: leadline baseline set ID")
    elif current.id not in experiments:
        notes.append(f"neither side is the registered baseline, {current.id} ({item.id})")
    return notes


def answered(comparison: Comparison) -> bool:
    """Whether a comparison was made: like with like, and of one metric at least. A verdict withheld
    for one metric (contention, drift, another unit on one side) is said there; the others stand."""
    return comparison.apples_to_apples and any(
        m.verdict != "cannot be compared" for m in comparison.metrics
    )


def baseline_named(comparison: Comparison, thread: Thread) -> dict[str, str]:
    """The baseline in words where a side is the baseline, else nothing."""
    item = thread.baseline
    if not comparison.baseline_id or item is None:
        return {}
    return {
        "id": item.id,
        "experiment": thread.shown(str(item.body["experiment"]), item.refs),
        "why": str(item.body.get("why", "")),
    }
