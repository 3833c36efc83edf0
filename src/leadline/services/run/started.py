"""Which Python a job started, where its command did not tell: a launcher that makes environments, a
shell script. The interpreter says it itself as it starts (``job/startup/sitecustomize.py``)."""

from __future__ import annotations

import os

from leadline.core.typed import TYPE_CHECKING
from leadline.job.disk import open_to_read
from leadline.ports.collectors import LAUNCHERS
from leadline.services.context import Context
from leadline.services.run.facts import with_packages_kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadline.core.record.bodies import RunPlannedBody, SoftwareFacts

STARTED = "python-started"
OF_SEVERAL = frozenset(
    (
        *(
            "torchrun",
            "torch.distributed.run",
            "torch.distributed.launch",
            "accelerate",
            "deepspeed",
        ),
        *("srun", "mpirun", "mpiexec", "horovodrun"),
    )
)
MOST_READ = 1 << 20


def startup_variables(
    planned: RunPlannedBody, attempt: str, environ: Mapping[str, str]
) -> dict[str, str]:
    """What makes the interpreters of a job say themselves, and keep apart what ranks print; nothing
    where the command told already and is one process."""
    software = planned.get("software", {})
    unknown = "python" in software and software["python"] is None
    if not unknown and not _starts_several(planned["argv"]):
        return {}
    import leadline.job  # noqa: PLC0415  start-up: it is loaded

    folder = os.path.join(os.path.dirname(str(leadline.job.__file__)), "startup")
    paths = [folder, *filter(None, [environ.get("PYTHONPATH")])]
    told = {"LEADLINE_STARTED": os.path.join(attempt, STARTED)} if unknown else {}
    return {"PYTHONPATH": os.pathsep.join(paths), **told}


def _starts_several(argv: list[str]) -> bool:
    """Whether a command is a launcher of several processes, whose output is kept apart."""
    return any(os.path.basename(word) in OF_SEVERAL for word in argv[:3])


def software_seen(context: Context, attempt: str) -> SoftwareFacts | None:
    """The software of the interpreter that a job started last, launchers aside; None where none
    was seen."""
    try:
        with open(open_to_read(os.path.join(attempt, STARTED)), "rb") as file:
            lines = file.read(MOST_READ).decode("utf-8", "surrogateescape").split("\n")
    except OSError:
        return None
    rows = [line.split("\x1e") for line in lines]
    rows = [row for row in rows if len(row) == 5 and not _is_launcher(row[3].split("\x1f"))]
    if not rows:
        return None
    version, implementation, program, _, path = rows[-1]
    seen = context.collectors.software_of(version, implementation, program, path.split("\x1f"))
    return with_packages_kept(context, seen)


def _is_launcher(argv: list[str]) -> bool:
    words = [os.path.basename(word) for word in argv[1:]]
    script = next((word for word in words if not word.startswith("-")), "")
    return script in LAUNCHERS
