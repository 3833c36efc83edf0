"""Measure the baseline against itself in turns: what the ruler can resolve, and whether it finds a
difference where there is none."""

from __future__ import annotations

from collections.abc import Callable

from leadline.core.errors import not_found
from leadline.core.metric.ruler import in_force
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context, refs_for
from leadline.services.run.ab import AbRequest, measure
from leadline.services.run.lifecycle import Say, Watcher
from leadline.services.run.request import Command, RunRequest, Terms

if TYPE_CHECKING:
    from leadline.core.design.blocks import MeasuredNow
    from leadline.core.record.bodies import NullFacts, RulerBody


def measure_null(
    context: Context,
    topic: str,
    target: str,
    *,
    metric: str,
    blocks: int,
    time_limit_s: float | None,
    watcher: Watcher,
    say: Say,
    stop_asked: Callable[[], bool],
) -> tuple[MeasuredNow, NullFacts]:
    """The result of the blocks, and what it says of the ruler as it is now, which is recorded. ``target``: an
    experiment, or ``baseline``. Its runs are no evidence of anything else.

    Raises LeadlineError: no baseline, an experiment that Leadline did not run, what ``measure`` does.
    """
    thread = context.slice(topic, [target] if target != "baseline" else [])
    experiment = thread.experiment(target)
    model = experiment.runs[0]
    if not model.argv:
        raise not_found(
            "nothing-to-run",
            f"{experiment.id} has no command",
            why="it was not run by Leadline",
            do="leadline measure null P-001",
        )

    def side(name: str) -> RunRequest:
        command = Command(list(model.argv), dict(model.config), secret_argv_ok=True)
        terms = Terms(extract=list(model.extract))
        title = f"null {name}: {experiment.id} against itself"
        return RunRequest(topic, command, terms, title=title)

    request = AbRequest(
        side("A"), side("B"), metric, most_blocks=blocks, time_limit_s=time_limit_s, null=True
    )
    measured = measure(context, request, watcher, say, stop_asked)
    after = context.slice(topic, [measured["id"]])
    said = in_force(after.rulers)
    name = measured["metric"]
    ruler: RulerBody = said.get(name) or said.get("") or {"patterns": []}
    null: NullFacts = {
        "interleaving": measured["id"],
        "blocks": measured["n_blocks"],
        "as_ratio": measured["as_ratio"],
        "low": measured["low"],
        "high": measured["high"],
        "shown": measured["shown"],
    }
    body: RulerBody = {
        "metric": name,
        "patterns": list(ruler["patterns"]),
        "files": dict(ruler.get("files") or {}),
        "null": null,
        "refs": refs_for(after, [measured["id"]]),
    }
    if measured["n_blocks"]:
        context.append(topic, "ruler", body)
    return measured, null
