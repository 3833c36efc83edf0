"""Compare two experiments of a thread: which runs, against which baseline, and what drift forbids.

``core/compare.py`` does the statistics; this adds what only the thread knows: the registered baseline, the settings'
nuisances, the package lists, and the order in time of the runs, without which a slow machine looks like slow code.
"""

from __future__ import annotations

import json
from typing import Any

from leadline.core.compare import Comparison, MetricComparison, compare, number, refusal
from leadline.core.config import AREAS, is_declared, run_facts
from leadline.core.drift import Drift, drift
from leadline.core.errors import LeadlineError
from leadline.core.run import Run
from leadline.core.thread import Thread
from leadline.services.context import Context
from leadline.services.refusal import record_refusal

DRIFT_SHARE = 0.5  # of the difference: a drift at least that large could be its cause


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
) -> Comparison:
    """``b`` against the reference ``a``; each is an experiment's, run's or baseline's id, or ``baseline``.

    Raises LeadlineError: unknown or wrong ids, the same side twice, an axis or metric that no run has, a bad alpha.
    """
    if not 0.0 < alpha < 1.0:
        raise LeadlineError(
            "usage",
            "bad-alpha",
            f"--alpha {alpha} is no probability",
            "it lies between 0 and 1, usually 0.05",
            f"leadline compare {a} {b}",
        )
    a_runs, b_runs = thread.runs_of(_side(thread, a)), thread.runs_of(_side(thread, b))
    a_name, b_name = _named(thread, a), _named(thread, b)
    if {r.uid for r in a_runs} & {r.uid for r in b_runs}:
        raise LeadlineError(
            "usage", "same-side", f"{a} and {b} share runs", "nothing can be compared with itself", "leadline status"
        )
    _check_names(a_runs + b_runs, axes or [], [*(metrics or []), *(target or {})])
    load_packages(context, a_runs, b_runs)
    wanted = metrics and list(dict.fromkeys([*metrics, *(target or {})]))
    out = compare(
        a_runs,
        b_runs,
        axes=axes or [],
        nuisance=[*(nuisance or []), *context.setting("run.nuisance")],
        metric_defs=thread.metrics,
        metrics=wanted,
        target=target,
        alpha=alpha,
        a_name=a_name,
        b_name=b_name,
        baseline_id=_baseline_id(thread, a_runs, b_runs),
        strict_hygiene=strict_hygiene,
    )
    for metric in out.metrics:
        _forbid_by_drift(out, metric, a_runs, b_runs)
    return out


def record_refusals(context: Context, thread: Thread, comparison: Comparison) -> int:
    """Every refusal of the comparison as a record, once; how many were new."""
    statement = f"{comparison.b_name} compared with {comparison.a_name}"
    return sum(
        record_refusal(
            context, thread, r["code"], r["what"], statement=statement, arithmetic=r["arithmetic"], honest=r["honest"]
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
            raise LeadlineError(
                "usage", "bad-target", f"--target {text!r} is not METRIC=NUMBER", "", "leadline compare --help"
            )
    return targets


def load_packages(context: Context, a_runs: list[Run], b_runs: list[Run]) -> None:
    """Fill the package lists of the runs that are shown, when the sides have different ones: they are large."""
    names = [next((r for r in sorted(side, key=lambda r: r.uid) if r.is_evidence), None) for side in (a_runs, b_runs)]
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


def _side(thread: Thread, display: str) -> str:
    """``display`` as ``Thread.runs_of`` takes it: a baseline's id is its experiment's."""
    thread.experiment(display)  # raises for what is no experiment, run or baseline
    return display if display == "baseline" else thread.find(display).id


def _named(thread: Thread, display: str) -> str:
    return thread.experiment(display).id if display == "baseline" else thread.find(display).id


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
            raise LeadlineError(
                "not_found",
                "no-such-axis",
                f"no run has {axis!r} in its config",
                f"config keys: {', '.join(keys[:20]) or 'none'}; or code, command, environment, "
                "hardware, devices, software, executor",
                "leadline compare --help",
            )
    present = sorted({name for run in runs for name in (*run.metrics, *run.nonfinite)})
    for metric in metrics:
        if metric not in present:
            from difflib import get_close_matches

            near = get_close_matches(metric, present, 3) or present[:10]
            raise LeadlineError(
                "not_found",
                "no-such-metric",
                f"no run has a metric {metric!r}",
                f"there are: {', '.join(near) or 'none'}",
                "leadline metric",
            )


def drift_of(runs: list[Run], metric: str) -> Drift:
    """The drift of one metric over the evidence runs, in the order in which they were started."""
    ordered = sorted(
        (r for r in runs if r.is_evidence and metric in r.metrics), key=lambda r: (r.started_at or r.planned_at, r.uid)
    )
    return drift([r.metrics[metric] for r in ordered])


def interleaved(a_runs: list[Run], b_runs: list[Run]) -> bool:
    """Whether the two sides ran in turns, so that what drifts touches both: neither ran wholly before the other."""
    a = [r.started_at or r.planned_at for r in a_runs if r.is_evidence]
    b = [r.started_at or r.planned_at for r in b_runs if r.is_evidence]
    return bool(a and b) and min(a) < max(b) and min(b) < max(a)


def _forbid_by_drift(out: Comparison, metric: MetricComparison, a_runs: list[Run], b_runs: list[Run]) -> None:
    """No verdict "worse" while one side drifts by what the difference is made of and the sides did not take turns."""
    difference = metric.test.difference
    if metric.verdict not in ("better", "worse") or not difference or interleaved(a_runs, b_runs):
        return
    for name, runs in ((out.a_name, a_runs), (out.b_name, b_runs)):
        found = drift_of(runs, metric.metric)
        if not found.shown() or found.change is None or abs(found.change) < DRIFT_SHARE * abs(difference):
            continue
        said = (
            f"{metric.metric} of {name} drifted by {number(found.change, metric.unit)} over its {found.n} runs "
            f"(Mann-Kendall p = {found.p:.2g}); the difference is {number(difference, metric.unit)}"
        )
        out.notes.append(said)
        if metric.verdict == "worse":
            honest = f"{metric.metric} came out worse while the machine was drifting; run both sides in turns"
            out.refusals.append(
                refusal(
                    "drift",
                    said,
                    f"{number(abs(found.change))} of drift against a difference of {number(abs(difference))}",
                    honest,
                )
            )
            metric.verdict, metric.sentence = "cannot be compared", f"{honest}; the numbers: {metric.sentence}"
            return


def answered(comparison: Comparison) -> bool:
    """Whether the comparison could be made: like with like, and not every verdict forbidden. A verdict withheld for
    one metric (contention, drift) is said there and recorded; the others stand."""
    return comparison.apples_to_apples and (
        not comparison.refusals or any(m.verdict != "cannot be compared" for m in comparison.metrics)
    )


def as_data(comparison: Comparison, thread: Thread) -> dict[str, Any]:
    """The full comparison for ``--json``, with the baseline named in words where a side is the baseline."""
    data = comparison.as_dict()
    item = thread.baseline
    if comparison.baseline_id and item is not None:
        data["baseline"] = {
            "id": item.id,
            "experiment": thread.shown(str(item.body["experiment"]), item.refs),
            "why": str(item.body.get("why", "")),
        }
    return data
