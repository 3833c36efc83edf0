"""What a job is told: ``spec.json`` in its attempt folder, and what the folder says about the run.

The spec holds no environment but what is set for this run: the job inherits the rest, so that no
secret of it lies in a file.
"""

from __future__ import annotations

import json
import os

from leadline.core.tracker.run_folder import ABOUT, about_planned
from leadline.core.typed import TYPE_CHECKING
from leadline.job.disk import make_folders
from leadline.services.artifact.intake import limit_variables
from leadline.services.context import Context
from leadline.services.out_path import write_whole
from leadline.services.run.planning import RunPlan

if TYPE_CHECKING:
    from leadline.ports.attempt import Spec

SPEC = "spec.json"


def prepare_folder(context: Context, run: RunPlan) -> None:
    """Everything that must lie in the attempt folder before an executor gets it. Raises OSError,
    LeadlineError."""
    request = run.request
    assert request is not None, "a plan read from the record is ended, never started"
    spec: Spec = {
        "v": 1,
        "run": run.body["id"],
        "attempt": 1,
        "argv": request.command.argv,
        "cwd": request.command.folder or context.cwd,
        "env": {
            **limit_variables(context),
            **_tracker_variables(context, run),
            **request.command.set_environment,
        },
        "timeout_s": request.terms.timeout_s,
        "grace_s": request.terms.grace_s,
        "cookie": run.uid,
        "max_output_bytes": request.terms.max_output_bytes,
    }
    make_folders(run.attempt)
    # Only a copy of what the record holds: it is not worth a wait for the disk.
    about = about_planned(run.uid, run.topic, run.body).encoded()
    write_whole(os.path.join(run.attempt, ABOUT), about)
    write_whole(os.path.join(run.attempt, SPEC), json.dumps(spec).encode(), on_disk=True)


def _tracker_variables(context: Context, run: RunPlan) -> dict[str, str]:
    """What a job is told of its tracker."""
    if not run.body.get("tracker"):
        return {}
    from leadline.services.run.job_tracker import job_environment  # noqa: PLC0415  start-up: 2 ms

    return job_environment(context, run.topic, run.uid, run.body)
