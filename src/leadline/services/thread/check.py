"""What is missing before something is posted, closed or called a regression: one item for each,
with what mends it.

The items are the gate of ``update`` and ``finish`` too, so that a check that passes and a verb that
refuses cannot disagree. Nothing is judged that could be computed instead: there is no item "the
table is out of date".
"""

from __future__ import annotations

from functools import partial

from leadline.core.compare.hygiene import device_item, machine_items
from leadline.core.errors import not_found
from leadline.core.evidence.evidence import Evidence
from leadline.core.evidence.of_thread import (
    comparisons,
    evidence_for,
    predicate_of,
    runs_of_subject,
)
from leadline.core.record.run import TERMINAL_STATES, Run
from leadline.core.record.thread import Experiment, Item, Thread
from leadline.core.typed import Any
from leadline.render import words as facts
from leadline.services.context import Context
from leadline.services.evidence.compare import compare_sides, interleaved
from leadline.services.issue import outbox
from leadline.services.lookup import no_evidence

FINISH_FIELDS = (
    ("worked", "no-what-worked", "what worked is not said", "--worked 'TEXT'"),
    ("failed", "no-what-failed", "what did not work is not said", "--failed 'TEXT'"),
    (
        "limits",
        "no-limits",
        "confidence and limits are not said",
        "--confidence 'TEXT' --limits 'TEXT'",
    ),
    (
        "conclusion",
        "no-conclusion",
        "there is no conclusion: the decision or outcome, and why",
        "--conclusion 'TEXT'",
    ),
    (
        "next_steps",
        "no-next-steps",
        "there are no next steps: small, concrete, ordered",
        "--next 'TEXT'",
    ),
)
QUEUED_CODES = (
    "no-issue",
    "tldr-not-current",
    "final-tag-not-linked",
)  # done by the record; the forge is to follow
ISSUE_SYNC, ISSUE_OPEN = "leadline issue sync", "leadline issue open"
OPEN_STATES = ("proposed", "active", "blocked")


def missing(code: str, what: str, mend: str, **about: Any) -> dict[str, Any]:
    return {"code": code, "what": what, "mend": mend, **about}


# ---- close ---------------------------------------------------------------------------------------


def check_close(
    thread: Thread,
    *,
    proposal: dict[str, Any] | None = None,
    body_is_current: bool | None = None,
    tag_needed: bool = True,
    queued: str = "",
) -> list[dict[str, Any]]:
    """What is missing before the issue closes (W26-W28, W41), each as {code, what, mend}.

    ``proposal``: the finish about to be recorded (worked, failed, limits, conclusion, next_steps);
    without it the last recorded one. ``body_is_current``: whether the issue body says what the
    record says (None: not asked). ``tag_needed`` False: the caller is about to seal. ``queued``:
    why the forge could not be brought up to date; what the record has done and only the forge lacks
    carries this reason as ``queued``: it is no gap, and it is to be shown.
    """
    finish = proposal if proposal is not None else thread.finishes[-1] if thread.finishes else {}
    items = [
        missing(code, what, f"leadline finish {flag}")
        for name, code, what, flag in FINISH_FIELDS
        if not _said(finish.get(name))
    ]
    if thread.issue.state == "none":
        items.append(missing("no-issue", "there is no experiment issue", ISSUE_OPEN))
    elif body_is_current is False:
        items.append(
            missing(
                "tldr-not-current", "the issue body does not say what the record says", ISSUE_SYNC
            )
        )
    if tag_needed:
        items += _final_tag(thread)
    items += [
        missing("open-run", f"{run.id} is {run.state}", f"leadline show {run.id}", id=run.id)
        for run in thread.runs
        if run.state not in TERMINAL_STATES and not run.retracted
    ]
    items += [
        missing(
            "open-hypothesis",
            f"{h.id} is {h.body.get('state', 'proposed')}: {h.text[:80]}",
            f"leadline hypothesis falsify {h.id} --evidence ID  (or: support, block)",
            id=h.id,
        )
        for h in thread.hypotheses
        if h.stands and h.body.get("state", "proposed") in OPEN_STATES
    ]
    items += _unexplained(thread)
    for item in items:
        if queued and item["code"] in QUEUED_CODES:
            item["queued"], item["mend"] = queued, ISSUE_SYNC
    return items + _unconfirmed(thread)


def _unexplained(thread: Thread) -> list[dict[str, Any]]:
    """Ended experiments that nobody said the meaning of. One that the machine ended says nothing of
    what it tested: the class of its failure is enough."""
    items = []
    for e in thread.experiments.values():
        if not _ended(e) or e.notes_in("interpretation"):
            continue
        if not facts.ended_by_machine(e):
            mend = f"leadline note --interpretation {e.id} 'TEXT'"
            items.append(
                missing("no-interpretation", f"{e.id} has no interpretation", mend, id=e.id)
            )
        elif not e.notes_in("negative"):
            what = f"{e.id} ended by no fault of what it tested ({e.state}), and nothing says which it was"
            mend = (
                f"leadline note {e.id} --negative implementation-failure 'TEXT'  (or: invalid-test)"
            )
            items.append(missing("no-reason-class", what, mend, id=e.id))
    return items


def queued_reason(context: Context, thread: Thread) -> str:
    """Why what the record says is not on the forge yet; "" when nothing waits there."""
    met = outbox.trouble(context, thread.topic)
    asked = thread.issue.state in ("open", "closed") or thread.issue.wanted.get("state") == "open"
    return outbox.line(met) if met is not None and asked else ""


def _said(value: Any) -> bool:
    if isinstance(value, list):
        return any(str(v).strip() for v in value)
    return bool(str(value or "").strip())


def _ended(experiment: Experiment) -> bool:
    return experiment.stands and any(
        r.state in TERMINAL_STATES and not r.retracted for r in experiment.runs
    )


def _final_tag(thread: Thread) -> list[dict[str, Any]]:
    """A snapshot younger than the last result, and linked from the issue."""
    snapshots = [s for s in thread.of_kind("snapshot") if s.stands]
    if not snapshots:
        return [missing("no-final-tag", "no snapshot is sealed", "leadline seal")]
    last = snapshots[-1]
    newer = [r.id for r in thread.runs if r.ended_at > last.at] + [
        c.id for c in thread.claims if c.uid > last.uid
    ]
    tag = str(last.body.get("tag") or last.id)
    if newer:
        what = f"{last.id} ({tag}) was sealed before {', '.join(newer[:3])}"
        return [missing("final-tag-old", what, "leadline seal")]
    texts = [thread.issue.body, *(str(c["text"]) for c in thread.issue.comments)]
    if thread.issue.state != "none" and not any(tag in text for text in texts):
        return [
            missing("final-tag-not-linked", f"the issue does not name the tag {tag}", ISSUE_SYNC)
        ]
    return []


def _unconfirmed(thread: Thread) -> list[dict[str, Any]]:
    path = thread.about.get("production-path")
    known = evidence_for(thread)
    items = []
    for claim in thread.claims:
        if not claim.stands or not claim.body.get("predicate"):
            continue
        found: Evidence = known(claim)
        if found.confirmed_path is False:
            wanted = claim.body.get("path") or path
            experiments = [
                thread.shown(str(e), claim.refs) for e in claim.body.get("experiments", [])
            ]
            what = f"{claim.id} was not confirmed on the production path ({wanted})"
            mend = f"leadline run --experiment {(experiments or ['ID'])[0]}  (on {wanted})"
            items.append(missing("claim-not-confirmed", what, mend, id=claim.id))
    return items


# ---- post ----------------------------------------------------------------------------------------


def check_post(context: Context, thread: Thread, ids: list[str]) -> list[dict[str, Any]]:
    """What is missing before results are posted (W40). Without ``ids``: experiments with news since
    the last update.

    Raises LeadlineError for unknown ids.
    """
    experiments = [thread.experiment(i) for i in ids] if ids else unposted(thread)
    items: list[dict[str, Any]] = []
    if thread.issue.state == "none":
        items.append(missing("no-issue", "there is no experiment issue", ISSUE_OPEN))
    elif (
        (path := str(thread.about.get("logbook") or ""))
        and thread.issue.body
        and path not in thread.issue.body
    ):
        items.append(missing("logbook-not-linked", f"the issue does not link {path}", ISSUE_SYNC))
    for experiment in dict.fromkeys(e.id for e in experiments):
        items += _post_one(context, thread, thread.experiments[experiment])
    return items


def unposted(thread: Thread) -> list[Experiment]:
    """Standing experiments with a run that ended since the last posted comment."""
    last = max((str(c["at"]) for c in thread.issue.comments), default="")
    return [
        e
        for e in thread.experiments.values()
        if e.stands and any(r.ended_at > last for r in e.runs)
    ]


def _post_one(context: Context, thread: Thread, experiment: Experiment) -> list[dict[str, Any]]:
    if problem := no_evidence(experiment):
        return [
            missing(
                "no-evidence",
                problem,
                f"leadline run --experiment {experiment.id}",
                id=experiment.id,
            )
        ]
    items: list[dict[str, Any]] = []

    def lacks(code: str, what: str, mend: str) -> None:
        items.append(missing(code, what, mend, id=experiment.id))

    runs = experiment.evidence_runs
    if any(not run.argv for run in runs):
        lacks("no-command", f"{experiment.id} has a run without its command", "leadline run -- CMD")
    if not experiment.config:
        lacks(
            "no-config",
            f"{experiment.id} lists no shapes or config",
            f"leadline correct {experiment.id} config.KEY=VALUE --why 'listed late'",
        )
    items += _code_items(context, experiment, runs)
    for claim, names in confounded_claims(thread, experiment):
        lacks(
            "not-apples-to-apples",
            f"{claim.id} compares {experiment.id} across more than one difference: "
            + ", ".join(names),
            f"leadline claim '…' --axis {names[0]}  (then leadline supersede {claim.id} --by ID)",
        )
    if late := _not_in_logbook(context, thread, experiment):
        lacks("not-in-logbook", late[0], late[1])
    return items


def _code_items(context: Context, experiment: Experiment, runs: list[Run]) -> list[dict[str, Any]]:
    items = []
    for run in runs:
        commit = str(run.code.get("commit") or "")
        if not commit:
            items.append(
                missing(
                    "no-code",
                    f"{run.id} has no recorded code state",
                    f"leadline run --experiment {experiment.id}",
                    id=run.id,
                )
            )
        elif not context.vcs.commit_exists(commit):
            items.append(
                missing(
                    "code-not-here",
                    f"the code of {run.id} ({commit[:12]}) is not in this repository",
                    "leadline sync",
                    id=run.id,
                )
            )
        if run.code.get("changed_during_run"):
            items.append(
                missing(
                    "code-changed",
                    f"the code changed while {run.id} ran",
                    f"leadline run --experiment {experiment.id}",
                    id=run.id,
                )
            )
    gaps = {
        str(g.get("path", ""))
        for run in runs
        for g in run.code.get("gaps") or []
        if isinstance(g, dict)
    }
    if gaps:
        items.append(
            missing(
                "code-gaps",
                f"files outside the recorded code of {experiment.id}: "
                + ", ".join(sorted(gaps)[:5]),
                f"leadline show {experiment.id}",
                id=experiment.id,
            )
        )
    return items


def confounded_claims(thread: Thread, experiment: Experiment) -> list[tuple[Item, list[str]]]:
    """Standing claims over ``experiment`` whose two sides differ in more than the tested axis, and
    in what."""
    found = []
    for claim in thread.claims:
        named = {thread.shown(str(e), claim.refs) for e in claim.body.get("experiments", [])}
        if not claim.stands or experiment.id not in named:
            continue
        predicate = predicate_of(claim)
        if predicate is None:
            continue
        for diff in comparisons(
            predicate, partial(runs_of_subject, thread, refs=claim.refs), claim.body
        ):
            if not diff.clean:
                found.append(
                    (claim, [r.name for r in diff.of_role("confound") + diff.of_role("unknown")])
                )
                break
    return found


def _not_in_logbook(
    context: Context, thread: Thread, experiment: Experiment
) -> tuple[str, str] | None:
    """The record is the logbook; what can lag behind is its rendering on the research branch."""
    path, branch = (
        str(thread.about.get("logbook") or ""),
        thread.about.get("branch") or context.vcs.current_branch(),
    )
    if (
        not path
        or not context.setting("logbook.in_tree")
        or not branch
        or not context.vcs.branch_exists(str(branch))
    ):
        return None
    data = context.vcs.file_at(str(branch), path) or b""
    if experiment.id.encode() in data:
        return None
    return (
        f"{experiment.id} is not in {path} on {branch} yet",
        "leadline update --dry-run  (an update puts it there)",
    )


# ---- regression ----------------------------------------------------------------------------------


def check_regression(
    context: Context,
    thread: Thread,
    display: str,
    *,
    against: str = "baseline",
    axes: list[str] | None = None,
    nuisance: list[str] | None = None,
    metrics: list[str] | None = None,
) -> tuple[list[dict[str, Any]], Any]:
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
        "drift": rerun,
        "throttled": f"leadline ab -- COMMAND OF {against} -- COMMAND OF {display}  (the sides take turns)",
        "device-count": f"leadline show {display}  (then run again on as many devices)",
        "stale-process": f"end it, then {rerun}",
        "stale-lock": f"remove the file when no process holds it, then {rerun}",
        "confounded-axis": f"leadline compare {against} {display} --axis KEY",
        "unknown-difference": f"leadline compare {against} {display} --nuisance KEY",
    }
    rows = _regression_rows(context, thread, comparison, (against, display))
    for row in rows:
        row["mend"] = "" if row["state"] == "pass" else mends.get(row["code"], rerun)
    said = {row["code"] for row in rows}
    for r in comparison.refusals:
        if r["code"] not in said or r["code"] == "drift":
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


def _row(item: str, state: str, what: str, code: str, mend: str) -> dict[str, Any]:
    return {"item": item, "state": state, "what": what, "code": code, "mend": mend}


def _regression_rows(
    context: Context, thread: Thread, comparison: Any, sides: tuple[str, str]
) -> list[dict[str, Any]]:
    """The items of hygiene over the counting runs of both sides (W39)."""
    a, b = (
        [r for r in thread.runs if r.id in named]
        for named in (set(comparison.a_runs), set(comparison.b_runs))
    )
    if not a or not b:
        return []  # refused as no-runs
    expected = context.setting("run.expected_devices")
    rows = [item.as_dict() for item in machine_items(a + b, interleaved(a, b))]
    rows.append(device_item(a, b, expected).as_dict())
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
