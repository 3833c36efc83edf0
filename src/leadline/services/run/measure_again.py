"""Measure by the present ruler what an older one measured: the stored code state of an experiment with
the files of the ruler as they are now, run again as a new experiment that says which it measures
again. Runs of two rulers are never taken together, so that both stand."""

from __future__ import annotations

import os
from collections.abc import Sequence

from leadline.core.errors import LeadlineError, conflict, not_found
from leadline.core.metric.ruler import in_force, matcher
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, TypedDict, cast
from leadline.services.artifact.ruler_files import FilesOf
from leadline.services.context import Context
from leadline.services.run.facts import capture_code
from leadline.services.run.lifecycle import Say, Watcher
from leadline.services.run.repeats import execute
from leadline.services.run.reproduce import (
    Rerun,
    command_at,
    plan_again,
    unpacked,
)
from leadline.services.run.request import RunRequest, Terms
from leadline.services.run.ruler import changed_since

if TYPE_CHECKING:
    from leadline.core.record.bodies import CodeState


class MeasuredAgain(TypedDict):
    """What became of one experiment. ``experiment``: the new one, "" where none was made, and ``why``
    not; ``states`` of its runs."""

    of: str
    experiment: str
    states: list[str]
    why: str


def outdated(thread: Thread) -> list[str]:
    """The experiments that another ruler measured than the one in force, and none measured again by
    it since."""
    done = {
        run.measures_again.rpartition("-r")[0] for run in thread.runs if not _is_old(run, thread)
    }
    found = []
    for experiment in thread.experiments.values():
        runs = experiment.evidence_runs
        if runs and _is_old(runs[-1], thread) and experiment.id not in done:
            found.append(experiment.id)
    return found


def measured_now(thread: Thread) -> list[str]:
    """The experiments that the ruler in force measured."""
    found = [e for e in thread.experiments.values() if e.evidence_runs]
    return [e.id for e in found if not _is_old(e.evidence_runs[-1], thread)]


def _is_old(run: Run, thread: Thread) -> bool:
    known = run.ruler.get("declared") or {}
    declared = in_force(thread.rulers)
    concerned = {m if m in declared else "" for m in run.metrics}
    return any(
        known.get(metric) != said.get("files", {})
        for metric, said in declared.items()
        if said["patterns"] and metric in concerned
    )


def measure_again(
    context: Context,
    topic: str,
    ids: Sequence[str],
    *,
    repeat: int = 0,
    timeout_s: float | None = None,
    watcher: Watcher,
    say: Say,
) -> list[MeasuredAgain]:
    """Each experiment as often as it was run, or ``repeat`` times. Raises LeadlineError: no declared
    ruler, an id that is not there; what one experiment lacks is said of it alone."""
    thread = context.store.thread(topic)
    if not any(said["patterns"] for said in in_force(thread.rulers).values()):
        raise conflict(
            "no-ruler",
            "nothing is declared to measure apart from the code",
            why="what would an old code state be measured with?",
            do="leadline measure protect FILE",
        )
    experiments = [thread.experiment(shown) for shown in ids]
    present = capture_code(context)
    if found := changed_since(context, thread, present):
        for change in found:
            context.append(topic, "ruler", change)
        thread = context.store.thread(topic)
    done: list[MeasuredAgain] = []
    for experiment in dict.fromkeys(e.id for e in experiments):
        plan = plan_again(context, thread, thread.experiments[experiment], set(), [])
        row: MeasuredAgain = {"of": experiment, "experiment": "", "states": [], "why": plan.blocked}
        done.append(row)
        if row["why"]:
            continue
        runs = repeat or len(thread.experiments[experiment].evidence_runs)
        try:
            _one(context, topic, thread, plan, present, runs, timeout_s, watcher, say, row)
        except LeadlineError as error:
            row["why"] = error.what
        if "cancelled" in row["states"]:
            break
    return done


def _one(
    context: Context,
    topic: str,
    thread: Thread,
    plan: Rerun,
    present: CodeState,
    repeat: int,
    timeout_s: float | None,
    watcher: Watcher,
    say: Say,
    row: MeasuredAgain,
) -> None:
    run = plan.run
    code, beside = _under_the_present(context, thread, run.code, present)
    if not _is_old(run, thread):
        row["why"] = "the present ruler measured it"
        return
    with unpacked(context, run, str(code["commit"])) as folder:
        _lay_beside(context, folder, beside)
        _check_named(plan, folder)
        command, _ = command_at(context, plan, folder, code)
        extract = list(plan.record.get("extract") or [])
        request = RunRequest(
            topic,
            command,
            Terms(extract=extract, timeout_s=timeout_s or plan.record.get("timeout_s")),
            title=f"{plan.experiment.title} (measured again)",
            repeat=repeat,
            measures_again=run.id,
        )
        outcomes = execute(context, request, watcher, say)
    row["experiment"] = outcomes[-1].experiment
    row["states"] = [outcome.state for outcome in outcomes]
    if "done" not in row["states"]:
        row["why"] = outcomes[-1].reason or f"its runs were {outcomes[-1].state}"


def _under_the_present(
    context: Context, thread: Thread, old: CodeState, present: CodeState
) -> tuple[CodeState, list[str]]:
    """The old code state with the ruler of the present one, and the paths of the ruler that no code
    state holds."""
    commit = str(old["commit"])
    patterns = [p for said in in_force(thread.rulers).values() for p in said["patterns"]]
    files = FilesOf(context, present, context.toplevel)
    now = {path: name for pattern in patterns for path, name in files.of(pattern).items()}
    measures = [matcher(pattern) for pattern in patterns]
    then = context.vcs.read_tree_files(commit)
    rendered = context.setting("logbook.folder") + "/"  # no part of any code state
    gone = [p for p in then if p not in now and any(m(p) for m in measures)]
    gone += [path for path in then if path.startswith(rendered)]
    changes: dict[str, bytes | str | None] = dict.fromkeys(gone)
    held = {path: name for path, name in now.items() if path not in files.beside}
    changes |= {path: name for path, name in held.items() if then.get(path) != name}
    if not changes:
        return old, files.beside
    ref = f"refs/leadline/code/again-{commit[:16]}-{str(present['commit'])[:16]}"
    made = context.vcs.ref(ref)
    if made is None:
        message = "an older code state with the files that measure now"
        made = context.vcs.commit_files(ref, changes, message, parents=[commit])
    tree = context.vcs.ref(f"{made}^{{tree}}")
    known = {"tree": tree, "commit": made, "head": old.get("head", commit), "ref": ref}
    return cast("CodeState", {**known, "dirty": True}), files.beside


def _lay_beside(context: Context, folder: str, beside: Sequence[str]) -> None:
    """Links to what the work tree holds of the ruler and no code state does."""
    for path in beside:
        there = os.path.join(folder, path)
        os.makedirs(os.path.dirname(there), exist_ok=True)
        if os.path.lexists(there):
            os.unlink(there)
        os.symlink(os.path.realpath(os.path.join(context.toplevel, path)), there)


def _check_named(plan: Rerun, folder: str) -> None:
    """Raises LeadlineError(not_found) when a file that the command names is not there."""
    for path in plan.run.ruler.get("named", {}):
        if not os.path.exists(os.path.join(folder, path)):
            raise not_found(
                "command-not-in-code",
                f"{path} is not in the code state of {plan.run.id}",
                why="its command cannot be run there",
                do=f"leadline show {plan.run.id}",
            )
