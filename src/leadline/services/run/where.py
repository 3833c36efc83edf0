"""Where a run runs: what its executor gives it, and where its code lies.

An executor whose jobs start here and now runs them where the user stands. Any other may start them
later, when the work tree is another: its jobs get the code of the time they were asked for, unpacked
once for each tree, or brought to another machine by the executor.
"""

from __future__ import annotations

import os

from leadline.core.typed import TYPE_CHECKING
from leadline.ports.executor import ELSEWHERE, HERE
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import CodeState, RunPlannedBody
    from leadline.ports.attempt import Spec
    from leadline.ports.executor import Executor
    from leadline.services.run.request import RunRequest

CODE = "code"
ENVIRONMENTS = "env"
THERE = "there"  # in an attempt folder: what was fetched from the folder that the command ran in


def take_terms(context: Context, request: RunRequest) -> None:
    """What the executor is declared to give every run, where the request does not say otherwise."""
    declared = context.executors.find(context.executor_name(request.topic))
    if declared is None:
        return
    command, terms = request.command, request.terms
    command.set_environment = {**declared.environment, **command.set_environment}
    if terms.timeout_s is None:
        terms.timeout_s = declared.limits.get("timeout_s")


def is_here(context: Context, topic: str) -> bool:
    """Whether the facts of this machine are those of the one that runs."""
    return context.executor_for(context.executor_name(topic)).place == HERE


def note_folder(context: Context, request: RunRequest, body: RunPlannedBody, attempt: str) -> None:
    """Into the plan: where what the command leaves will lie, when that is not the work tree."""
    place = context.executor_for(str(body["executor"])).place
    if place == HERE and not request.later:
        return
    if place == ELSEWHERE:
        body["folder"] = os.path.join(attempt, THERE)
    elif not request.command.folder:
        body["folder"] = os.path.normpath(
            os.path.join(_place_of(context, body["code"]), body["cwd"])
        )


def place_code(
    context: Context, executor: Executor, request: RunRequest, spec: Spec, body: RunPlannedBody
) -> Spec:
    """The spec for an executor whose jobs do not run where the user stands. Raises LeadlineError:
    the code state cannot be unpacked."""
    if executor.place == HERE and not (request.later and not request.command.folder):
        return with_setup(context, executor, spec, request.command.folder or context.toplevel)
    own, code = request.command.folder, body["code"]
    inside = body["cwd"] if body["cwd"] != "." else ""
    if own:
        top = own[: -len(inside) - 1] if inside and own.endswith(os.sep + inside) else own
    elif executor.place == ELSEWHERE:
        top = context.toplevel
    else:
        top = unpacked_code(context, code)
        os.makedirs(os.path.join(top, inside), exist_ok=True)
        spec = _moved(context, spec, top, os.path.join(top, inside))
    spec["facts"] = executor.place != HERE
    if files := context.setting("run.lock_files"):
        spec["lock_files"] = files
    if files := context.setting("run.device_files"):
        spec["device_paths"] = files
    spec["code"] = {"commit": str(code["commit"]), "tree": str(code.get("tree", "")), "top": top}
    if patterns := body.get("artifacts"):
        spec["keep"] = [pattern.rpartition("=")[2] for pattern in patterns]
    return with_setup(context, executor, spec, top)


def with_setup(context: Context, executor: Executor, spec: Spec, top: str) -> Spec:
    """With the environment that the executor is declared to make, where the job program makes it. An
    executor that brings the code elsewhere makes it there."""
    declared = context.executors.find(executor.name)
    if declared is not None and declared.setup and executor.place != ELSEWHERE:
        spec["setup"] = {
            "command": declared.setup,
            "lock_file": declared.lock_file,
            "folder": os.path.join(context.root, ENVIRONMENTS),
            "top": top,
        }
    return spec


def unpacked_code(context: Context, code: CodeState) -> str:
    """The folder in which a code state lies, once for each tree. Raises LeadlineError: it cannot be
    unpacked."""
    top = _place_of(context, code)
    context.vcs.export_tree(str(code["commit"]), top)
    return top


def _place_of(context: Context, code: CodeState) -> str:
    return os.path.join(context.root, CODE, str(code["tree"]))


def _moved(context: Context, spec: Spec, top: str, inside: str) -> Spec:
    """Paths into the work tree lead into the unpacked code."""
    from leadline.services.run.relocate import Mover  # noqa: PLC0415  start-up: 1 ms

    cwd = os.path.relpath(inside, top)
    notes: list[str] = []
    mover = Mover(context.vcs.toplevel, cwd, top, inside, notes)
    moved: Spec = {
        **spec,
        "cwd": inside,
        "argv": mover.argv(spec["argv"]),
        "env": mover.environment(spec["env"]),
    }
    for note in dict.fromkeys(notes):
        context.warn(note)
    return moved
