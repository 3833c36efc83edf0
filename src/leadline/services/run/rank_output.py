"""What one of several processes of a run printed."""

from __future__ import annotations

import os

from leadline.core.errors import not_found
from leadline.core.extract.ranks import lines_of
from leadline.core.typed import TYPE_CHECKING
from leadline.job.disk import open_to_read
from leadline.job.rank_output import FOLDER

if TYPE_CHECKING:
    from leadline.services.run.jobs import Open


def of_rank(one: Open, rank: int, stream: str) -> tuple[str, str]:
    """Where it lies in the attempt's folder, "" where its lines are labelled in the stream of all;
    and the text. Raises LeadlineError(not_found): it was not kept apart."""
    path = os.path.join(FOLDER, f"{rank}.{stream}.log")
    if (text := _read(one.folder, path)) is not None:
        return path, text
    if text := lines_of(rank, _read(one.folder, f"{stream}.log") or ""):
        return "", text
    there = sorted({int(name.partition(".")[0]) for name in _names(one.folder)})
    kept = f"kept apart are: {', '.join(map(str, there))}" if there else "no rank was kept apart"
    raise not_found(
        "no-rank-output",
        f"what rank {rank} of {one.id} printed is not to be told from the rest",
        why=f"{kept}; a Python below srun, torchrun or mpirun is, and whatever does `import leadline`, "
        "and what a launcher labels (srun --label, mpirun --tag-output, torchrun --tee 3)",
        do=f"leadline logs {one.id}",
    )


def _names(folder: str) -> list[str]:
    try:
        names = os.listdir(os.path.join(folder, FOLDER))
    except OSError:
        return []
    return [name for name in names if name.partition(".")[0].isdigit()]


def _read(folder: str, path: str) -> str | None:
    try:
        with open(open_to_read(os.path.join(folder, path)), "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return None
