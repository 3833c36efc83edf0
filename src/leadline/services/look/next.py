"""``leadline next``: whether an update is due, what waits to be sent, and the commands to go on with."""

from __future__ import annotations

from collections.abc import Sequence

from leadline.core.evidence.known import labels_for
from leadline.core.issue.due import due
from leadline.core.record.run import USUAL_EXECUTOR, Run, is_reported
from leadline.core.record.thread import Experiment, Thread
from leadline.core.typed import TYPE_CHECKING
from leadline.core.view.facts import measured, ranked, standing, uninterpreted
from leadline.core.view.step import Step, next_step
from leadline.render.directive import directive_line
from leadline.services.context import Context
from leadline.services.issue import outbox
from leadline.services.issue.outbox import waiting
from leadline.services.look.open_runs import ask_open_runs

if TYPE_CHECKING:
    from leadline.core.issue.due import Due


def waits_of(context: Context, thread: Thread) -> list[str]:
    """What is to be sent to the forge of the thread and was not, the reason first; empty when
    nothing waits."""
    met = outbox.trouble(context, thread.topic)
    if met is None:
        return []
    return [outbox.line(met), *waiting(context, thread)]


def due_now(context: Context, thread: Thread) -> Due:
    """Whether an update is due now, and why."""
    return due(thread, context.now(), labels_for(thread))


def actions_of(context: Context, thread: Thread) -> list[dict[str, str]]:
    """As ``next_actions``, of the thread as it is now."""
    return next_actions(
        thread,
        due_now(context, thread),
        ask_open_runs(context, thread),
        next_step(thread),
        uninterpreted(thread),
        waits_of(context, thread),
    )


def next_actions(
    thread: Thread,
    now: Due,
    running: Sequence[Run],
    step: Step | None,
    silent: Sequence[Experiment],
    waits: Sequence[str],
) -> list[dict[str, str]]:
    """What to do next, most pressing first, each with its command: the recorded next action, what
    is unfinished, what is missing, what is due. ``silent``: experiments to be interpreted."""
    actions = [
        {"what": directive_line(item), "command": f"leadline ack {item.id} --note '…'"}
        for item in standing(thread, "directive", ("open",))
    ]
    for run in running:
        asks = {"stalled": f"logs {run.id}"}
        if run.executor != USUAL_EXECUTOR:
            asks["unknown"] = f"executor check {run.executor}"
        why = f": {run.reason}" if run.reason else ""
        actions.append(
            {
                "what": f"{run.id} is {run.state}{why}",
                "command": f"leadline {asks.get(run.state, f'show {run.id}')}",
            }
        )
    if step is not None:
        shown = thread.topic if thread.finishes else step.source
        command = step.command or f"leadline show {shown}"
        actions.append({"what": f"{step.text} ({step.source})", "command": command})
    first = _first_to_compare_with(thread) if thread.baseline is None else ""
    if first:
        actions.append(
            {"what": "no baseline is registered", "command": f"leadline baseline set {first}"}
        )
    if not measured(thread) and any(run.state == "done" for run in thread.runs):
        command = "leadline run --pattern 'NAME=REGEX' -- CMD"
        actions.append({"what": "no run gave a metric", "command": command})
    actions += [
        {
            "what": f"{e.id} has no interpretation",
            "command": f"leadline note {e.id} --interpretation '…'",
        }
        for e in silent[-5:]
    ]
    if now["due"]:
        form, command = "a heartbeat", "leadline update --heartbeat"
        if now["form"] == "update":
            form, command = "an update", "leadline update"
        actions.append({"what": f"{form} is due: {now['why']}", "command": command})
    if waits:
        actions.append({"what": f"the issue waits: {waits[0]}", "command": "leadline issue sync"})
    if not actions:
        actions.append({"what": "nothing is waiting", "command": "leadline run -- CMD"})
    return actions


def _first_to_compare_with(thread: Thread) -> str:
    """The first experiment that measured something, unless all that is known of it was reported;
    then the best of those that were run, "" for none."""
    experiments = thread.experiments.values()
    first = next((e for e in experiments if any(run.metrics for run in e.runs)), None)
    if first is None or not is_reported(first.runs):
        return first.id if first else ""
    return next((experiment.id for experiment in ranked(thread)), "")
