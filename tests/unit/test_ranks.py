"""Of a run of several processes the record says which one ended it, by its launcher's words."""

from __future__ import annotations

import pytest

from leadline.core.extract.ranks import ended_ranks

SRUN = "srun: error: n1: task 3: Exited with exit code 3\nsrun: error: n2: tasks 0-2,5: Killed\n"
TORCHRUN = """\
Root Cause (first observed failure):
[0]:
  time      : 2026-11-30_05:00:00
  host      : n1
  rank      : 1 (local_rank: 1)
  exitcode  : -9 (pid: 4711)
  error_file: <N/A>
"""
OPEN_MPI = """\
mpirun detected that one or more processes exited with non-zero status, thus causing the job to be terminated.

  Process name: [[41281,1],2]
  Exit code:    7
"""
MPICH = "=   BAD TERMINATION\n=   RANK 1 PID 4711 RUNNING AT n1\n=   EXIT CODE: 9\n"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (SRUN, "rank 3: exit code 3; ranks 0-2,5: Killed"),
        (SRUN + SRUN, "rank 3: exit code 3; ranks 0-2,5: Killed"),
        (TORCHRUN, "rank 1: signal 9"),
        (OPEN_MPI, "rank 2: exit code 7"),
        (MPICH, "rank 1: EXIT CODE: 9"),
        ("the rank of the matrix : 3\nexitcode of the shell : 1\n", ""),
        ("loss 3\n", ""),
    ],
)
def test_the_launcher_tells(said: str, told: str) -> None:
    assert ended_ranks(said) == told


def test_of_very_many_the_first_are_named() -> None:
    said = "".join(f"srun: error: n{n}: task {n}: Killed\n" for n in range(20))
    assert ended_ranks(said).endswith("rank 7: Killed; 12 more")
