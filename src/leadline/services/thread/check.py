"""What is missing before results are posted: one item for each, with what mends it.

The items are the gate of ``update`` too, so that a check that passes and a verb that refuses cannot
disagree. What the repository and the forge must be asked for is asked here; what the thread alone
says is ``core/check``'s.
"""

from __future__ import annotations

from functools import partial

from leadline.core.check.close import ISSUE_OPEN, ISSUE_SYNC
from leadline.core.check.missing import Missing, missing
from leadline.core.evidence.of_thread import comparisons, runs_of_subject
from leadline.core.evidence.predicate import predicate_of
from leadline.core.record.run import Run, is_reported
from leadline.core.record.thread import Experiment, Item, Thread
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context
from leadline.services.issue import outbox
from leadline.services.lookup import no_evidence

if TYPE_CHECKING:
    from leadline.core.record.bodies import ClaimBody

# ---- close ---------------------------------------------------------------------------------------


def queued_reason(context: Context, thread: Thread) -> str:
    """Why what the record says is not on the forge yet; "" when nothing waits there."""
    met = outbox.trouble(context, thread.topic)
    asked = thread.issue.state in ("open", "closed") or thread.issue.wanted.get("state") == "open"
    return outbox.line(met) if met is not None and asked else ""


# ---- post ----------------------------------------------------------------------------------------


def check_post(context: Context, thread: Thread, ids: list[str]) -> list[Missing]:
    """What is missing before results are posted (W40). Without ``ids``: experiments with news since
    the last update.

    Raises LeadlineError for unknown ids.
    """
    experiments = [thread.experiment(i) for i in ids] if ids else unposted(thread)
    items: list[Missing] = []
    if thread.issue.state == "none":
        items.append(missing("no-issue", "there is no experiment issue", ISSUE_OPEN))
    elif (
        (path := str(thread.about.get("logbook") or ""))
        and thread.issue.body
        and path not in thread.issue.body
    ):
        items.append(missing("logbook-not-linked", f"the issue does not link {path}", ISSUE_SYNC))
    for experiment in dict.fromkeys(e.id for e in experiments):
        if ids or not is_reported(thread.experiments[experiment].runs):
            items += _post_one(context, thread, thread.experiments[experiment])
    if thread.profile:
        from leadline.services.thread.profile_check import asked_at  # noqa: PLC0415  start-up: 3 ms

        items += asked_at(context, thread, "post")
    return items


def unposted(thread: Thread) -> list[Experiment]:
    """Standing experiments with a run that ended since the last posted comment."""
    last = max((str(c["at"]) for c in thread.issue.comments), default="")
    return [
        e
        for e in thread.experiments.values()
        if e.stands and any(r.ended_at > last for r in e.runs)
    ]


def _post_one(context: Context, thread: Thread, experiment: Experiment) -> list[Missing]:
    if problem := no_evidence(experiment):
        return [
            missing(
                "no-evidence",
                problem,
                f"leadline run --experiment {experiment.id}",
                id=experiment.id,
            )
        ]
    items: list[Missing] = []

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


def _code_items(context: Context, experiment: Experiment, runs: list[Run]) -> list[Missing]:
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


def confounded_claims(
    thread: Thread, experiment: Experiment
) -> list[tuple[Item[ClaimBody], list[str]]]:
    """Standing claims over ``experiment`` whose two sides differ in more than the tested axis, and
    in what."""
    found: list[tuple[Item[ClaimBody], list[str]]] = []
    for claim in thread.claims:
        named = {thread.shown(str(e), claim.refs) for e in claim.body.get("experiments", [])}
        if not claim.stands or experiment.id not in named:
            continue
        predicate = predicate_of(claim)
        if predicate is None:
            continue
        for diff in comparisons(
            predicate, partial(runs_of_subject, thread, refs=claim.refs), claim.body, thread.metrics
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
