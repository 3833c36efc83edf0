"""Which Python a job started, where its command did not tell: a launcher that makes environments, a
shell script. The interpreter says it itself as it starts (``job/startup/sitecustomize.py``)."""

from __future__ import annotations

import os

from leadline.core.typed import TYPE_CHECKING, cast
from leadline.job.disk import open_to_read
from leadline.ports.collectors import LAUNCHERS, NOT_SEEN
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
OF_SYSTEM = ("os", "kernel", "libc")


def startup_variables(
    planned: RunPlannedBody, attempt: str, environ: Mapping[str, str]
) -> dict[str, str]:
    """What makes the interpreters of a job say themselves, and keep apart the output of several
    processes; nothing where the command told already and is one process."""
    software, argv = planned.get("software", {}), planned["argv"]
    # A launcher may bring its environment up to date first, and is asked although it is known.
    asked = "python" in software and (software["python"] is None or _names(argv, LAUNCHERS))
    if not asked and not _names(argv[:3], OF_SEVERAL):
        return {}
    import leadline.job  # noqa: PLC0415  start-up: it is loaded

    folder = os.path.join(os.path.dirname(str(leadline.job.__file__)), "startup")
    paths = [folder, *filter(None, [environ.get("PYTHONPATH")])]
    told = {"LEADLINE_STARTED": os.path.join(attempt, STARTED)} if asked else {}
    return {"PYTHONPATH": os.pathsep.join(paths), **told}


def _names(argv: list[str], programs: frozenset[str]) -> bool:
    return any(os.path.basename(word) in programs for word in argv)


def software_seen(context: Context, planned: RunPlannedBody, attempt: str) -> SoftwareFacts | None:
    """The software of the interpreter that a job started, launchers and what Python itself started
    aside; None where none was seen, and without ``python`` where several were that differ."""
    try:
        with open(open_to_read(os.path.join(attempt, STARTED)), "rb") as file:
            lines = file.read(MOST_READ).decode("utf-8", "surrogateescape").split("\n")
    except OSError:
        return None
    rows = [line.split("\x1e") for line in lines]
    jobs = {row[5]: row for row in rows if len(row) == 8 and not _is_launcher(row[3].split("\x1f"))}
    first = [row for pid, row in jobs.items() if row[6] == pid or row[6] not in jobs]
    if not first:
        return None
    if len(several := {(*row[:2], os.path.dirname(row[2])): row[2] for row in first}) > 1:
        named = ", ".join(several.values())
        why = f"the job started several, and which of them measured is not seen: {named}"
        system = {k: v for k, v in planned.get("software", {}).items() if k in OF_SYSTEM}
        return cast("SoftwareFacts", {**NOT_SEEN, **system, "python_unknown_because": why})
    version, implementation, program, _, told, _, _, numbers = first[-1]
    path = told.split("\x1f")
    if numbers.split("\x1f") != [_number(place) for place in (program, *path)]:
        itself: SoftwareFacts = {"python": version, "implementation": implementation}
        why = "it looked for its packages in folders that are not here: another root, or removed since"
        return {**NOT_SEEN, **itself, "interpreter": program, "python_unknown_because": why}
    seen = context.collectors.software_of(version, implementation, program, path)
    return with_packages_kept(context, seen)


def _number(path: str) -> str:
    """Which file lies there, the same wherever it is mounted; "" where none does."""
    try:
        return str(os.stat(path).st_ino)
    except OSError:
        return ""


def _is_launcher(argv: list[str]) -> bool:
    words = [os.path.basename(word) for word in argv[1:]]
    script = next((word for word in words if not word.startswith("-")), "")
    return script in LAUNCHERS
