"""What a job is told: ``spec.json`` in its attempt folder, and what the folder says about the run.

The spec holds no environment but what is set for this run: the job inherits the rest, so that no
secret of it lies in a file. What would be hidden in a record is hidden in the spec too; the words as
they are lie in a file that the job program removes when it has taken the attempt, and whoever ends
the run where it never did. The values of the environment that may show in what the run writes are
kept as keyed digests until then (``core/secrets/sealed.py``), since another session may end it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from leadline.core.tracker.run_folder import ABOUT, about_planned
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.job.disk import (
    discard,
    made_folders,
    make_folders,
    open_to_read,
    sync_folders,
)
from leadline.services.artifact.intake import limit_variables
from leadline.services.context import Context
from leadline.services.out_path import object_at, write_whole
from leadline.services.run.attempt import executor_of
from leadline.services.run.device import with_devices
from leadline.services.run.facts import environment_of
from leadline.services.run.planning import RunPlan
from leadline.services.run.started import startup_variables
from leadline.services.run.where import place_code

if TYPE_CHECKING:
    from leadline.core.secrets.sealed import Sealed
    from leadline.ports.attempt import ProgressAsked, Spec
    from leadline.services.run.request import Terms

SPEC = "spec.json"
PRIVATE = "spec.private.json"  # as the job program knows it
FILES = "file:"
SEALED = "environment.sealed"


def prepare_folder(context: Context, run: RunPlan) -> None:
    """Everything that must lie in the attempt folder before an executor gets it. Raises OSError,
    LeadlineError."""
    request = run.request
    assert request is not None, "a plan read from the record is ended, never started"
    environ = environment_of(context, request.command)
    spec: Spec = {
        "v": 1,
        "run": run.body["id"],
        "attempt": 1,
        "argv": request.command.argv,
        "cwd": request.command.folder or context.cwd,
        "env": {
            **limit_variables(context),
            **startup_variables(run.body, run.attempt, environ),
            **_tracker_variables(context, run),
            **request.command.set_environment,
        },
        "timeout_s": request.terms.timeout_s,
        "grace_s": request.terms.grace_s,
        "cookie": run.uid,
        "max_output_bytes": request.terms.max_output_bytes,
        "executor": run.body["executor"],
    }
    if context.setting("run.canary"):
        spec["canary"] = True
    if request.detached:
        spec["detached"] = True
    if request.terms.extract:
        from leadline.core.extract.spec import parse_spec  # noqa: PLC0415  start-up: 2 ms

        declared = [parse_spec(text).in_file for text in request.terms.extract]
        spec["files"] = [path for path in dict.fromkeys(declared) if path]
    if request.terms.progress or request.terms.stall_kill_s:
        spec["progress"] = progress_asked(request.terms)
    if request.terms.stdin or request.stdin or request.command.stdin:
        from leadline.services.run.stdin import stdin_spec  # noqa: PLC0415  start-up: only where something is given

        place = executor_of(context, run.body).place
        make_folders(run.attempt)
        spec = cast("Spec", {**spec, **stdin_spec(context, request, run.attempt, place)})
    spec = with_devices(context, run, spec)
    spec = place_code(context, executor_of(context, run.body), request, spec, run.body)
    above = made_folders(run.attempt)[1:]
    spec = _without_secrets(context, run.attempt, spec, environ)
    # Only a copy of what the record holds: it is not worth a wait for the disk.
    about = about_planned(run.uid, run.topic, run.body).encoded()
    write_whole(os.path.join(run.attempt, ABOUT), about)
    write_whole(os.path.join(run.attempt, SPEC), json.dumps(spec).encode(), on_disk=True)
    sync_folders(above)  # what lies in them is on its way already: little is left to wait for


def progress_asked(terms: Terms) -> ProgressAsked:
    """What the job program is to look at: ``file:PATTERN``, else an expression over the output."""
    asked: ProgressAsked = {"pattern": "", "files": [], "stall_kill_s": terms.stall_kill_s}
    if terms.progress.startswith(FILES):
        return {**asked, "files": [terms.progress.removeprefix(FILES)]}
    return {**asked, "pattern": terms.progress}


def _without_secrets(
    context: Context, attempt: str, spec: Spec, environ: Mapping[str, str]
) -> Spec:
    """The spec as it may lie there; what it lacks then is beside it, for its owner alone."""
    redactor = context.screen.redactor(environ=environ)
    if secrets := redactor.secrets():
        from leadline.core.secrets.sealed import seal  # noqa: PLC0415  start-up: only where there are some

        write_whole(os.path.join(attempt, SEALED), seal(secrets))
    shown: Spec = {**spec, "argv": redactor.argv(spec["argv"]), "env": redactor.value(spec["env"])}
    if shown != spec:
        private = {"argv": spec["argv"], "env": spec["env"]}
        descriptor = os.open(
            os.path.join(attempt, PRIVATE), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600
        )
        with open(descriptor, "wb") as file:
            file.write(json.dumps(private).encode())
    return shown


def spec_of(attempt: str) -> Spec | None:
    """What the job was told, secrets hidden; None where the folder does not say."""
    read = object_at(os.path.join(attempt, SPEC))
    return cast("Spec", read) if isinstance(read.get("run"), str) else None


def sealed_environment(attempt: str) -> Sealed | None:
    """What tells the secret values of the run's environment in a text; None when it had none."""
    try:
        with open(open_to_read(os.path.join(attempt, SEALED)), "rb") as file:
            kept = file.read()
    except OSError:
        return None
    from leadline.core.secrets.sealed import unseal  # noqa: PLC0415  start-up: only where there are some

    return unseal(kept)


def forget_secrets(attempt: str) -> None:
    """Removes what was kept for the job and for the end of its run."""
    for name in (PRIVATE, SEALED):
        discard(os.path.join(attempt, name))


def _tracker_variables(context: Context, run: RunPlan) -> dict[str, str]:
    """What a job is told of its tracker."""
    if not run.body.get("tracker"):
        return {}
    from leadline.services.run.job_tracker import job_environment  # noqa: PLC0415  start-up: 2 ms

    return job_environment(context, run.topic, run.uid, run.body)
