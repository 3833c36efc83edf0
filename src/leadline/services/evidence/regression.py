"""Whether a regression may be claimed of an experiment: clean machines, one difference, no drift,
and the numbers showing it. A refusal names what to run instead.
"""

from __future__ import annotations

from leadline.core.compare.difference import took_turns
from leadline.core.compare.hygiene import device_item, machine_items
from leadline.core.errors import not_found
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, TypedDict
from leadline.services.context import Context
from leadline.services.evidence.compare import compare_sides

if TYPE_CHECKING:
    from leadline.core.compare.comparison import Comparison


class Row(TypedDict):
    """One item of the list. ``state``: pass, fail or unknown. ``mend``: the command, "" for a pass."""

    item: str
    state: str
    what: str
    code: str
    mend: str


def check_regression(
    context: Context,
    thread: Thread,
    display: str,
    *,
    against: str = "baseline",
    axes: list[str] | None = None,
    nuisance: list[str] | None = None,
    metrics: list[str] | None = None,
) -> tuple[list[Row], Comparison]:
    """Whether a regression may be claimed of ``display`` (W36, W39): every item as {item, state,
    what, code, mend}, and the comparison behind them. ``state`` is pass, fail or unknown; only pass
    lets a regression through.
    """
    comparison = compare_sides(
        context,
        thread,
        against,
        display,
        axes=axes,
        nuisance=nuisance,
        metrics=metrics,
        strict_hygiene=True,
    )
    rerun = "".join(
        f"leadline run --experiment {e} --repeat 3; "
        for e in dict.fromkeys(thread.experiment(s).id for s in (against, display))
    ).rstrip("; ")
    mends = {
        "no-runs": rerun,
        "contended": rerun,
        "unknown-hygiene": rerun,
        "throttled": f"leadline ab -- COMMAND OF {against} -- COMMAND OF {display}  (the sides take turns)",
        "device-count": f"leadline show {display}  (then run again on as many devices)",
        "stale-process": f"end it, then {rerun}",
        "stale-lock": f"remove the file when no process holds it, then {rerun}",
        "confounded-axis": f"leadline compare {against} {display} --axis KEY",
        "unknown-difference": f"leadline compare {against} {display} --nuisance KEY",
    }
    rows = _regression_rows(context, thread, comparison)
    settle = next(iter(comparison.settle.values()), "")
    if settle:
        what = "the sides did not take turns: their moments are in the difference"
        rows.append(_row("in turns", "fail", what, "not-in-turns"))
        mends["not-in-turns"] = settle
    for row in rows:
        row["mend"] = "" if row["state"] == "pass" else mends.get(row["code"], rerun)
    said = {row["code"] for row in rows}
    for r in comparison.refusals:
        if r["code"] not in said:
            what = f"{r['what']} ({r['arithmetic']})"
            rows.append(
                _row(
                    r["code"],
                    "fail",
                    what,
                    r["code"],
                    mends.get(r["code"], f"leadline show {display}"),
                )
            )
    open_ones = [row for row in rows if row["state"] != "pass"]
    if any(m.verdict == "worse" for m in comparison.metrics):
        rows.append(
            _row(
                "shown by the numbers", "pass", "a metric came out worse", "no-regression-shown", ""
            )
        )
    elif not open_ones:
        words = (
            "; ".join(f"{m.metric}: {m.verdict}" for m in comparison.metrics)
            or "nothing measured on both sides"
        )
        what = f"no metric is shown to be worse ({words})"
        rows.append(_row("shown by the numbers", "fail", what, "no-regression-shown", rerun))
    return rows, comparison


def _row(item: str, state: str, what: str, code: str, mend: str = "") -> Row:
    return {"item": item, "state": state, "what": what, "code": code, "mend": mend}


def _regression_rows(context: Context, thread: Thread, comparison: Comparison) -> list[Row]:
    """The items of hygiene over the counting runs of both sides."""
    a, b = (
        [r for r in thread.runs if r.id in named]
        for named in (set(comparison.a_runs), set(comparison.b_runs))
    )
    if not a or not b:
        return []  # refused as no-runs
    expected = context.setting("run.expected_devices")
    looked_at = [*machine_items(a + b, took_turns(a, b)), device_item(a, b, expected)]
    rows = [_row(i.item, i.state, i.what, i.code) for i in looked_at]
    same = "same command, config, environment, code"
    for role, state, code in (
        ("confound", "fail", "confounded-axis"),
        ("unknown", "unknown", "unknown-difference"),
    ):
        names = [row.name for row in comparison.diff.of_role(role)]
        if names:
            what = f"differs besides the axis: {', '.join(names[:5])}" + (
                " …" if len(names) > 5 else ""
            )
            rows.append(_row(same, state, what, code, ""))
    if comparison.diff.clean:
        axes = ", ".join(comparison.diff.axes) or "nothing declared"
        rows.append(_row(same, "pass", f"but for the axis ({axes})", "confounded-axis", ""))
    return rows


def last_judged(thread: Thread, against: str) -> str:
    """The standing experiment with the latest counting run, other than the reference. Raises
    LeadlineError."""
    reference = thread.experiment(against).id
    found = [
        e for e in thread.experiments.values() if e.stands and e.id != reference and e.evidence_runs
    ]
    if not found:
        raise not_found(
            "nothing-to-judge",
            f"no experiment besides {reference} has a run that counts",
            why="a regression is claimed of one experiment against another",
            do="leadline run -- CMD",
        )
    return max(found, key=lambda e: max(r.uid for r in e.evidence_runs)).id
