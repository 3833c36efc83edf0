"""Of a run of several processes the record says which one ended it, by its launcher's words."""

from __future__ import annotations

import pytest

from leadline.core.extract.ranks import ended_ranks, first_told, lines_of

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


@pytest.mark.parametrize(
    "labelled",
    [
        " 0: zero\n 1: one\n11: eleven\n 1: again\n",
        "[1,0]<stdout>:zero\n[1,1]<stdout>: one\n[1,11]<stdout>:eleven\n[1,1]<stderr>:again\n",
        "[default0]:zero\n[rank1]: one\n[rank11]: eleven\n[default1]:again\n",
    ],
)
def test_the_lines_of_one_are_told_by_the_labels_of_its_launcher(labelled: str) -> None:
    assert lines_of(1, labelled) == "one\nagain\n" and lines_of(2, labelled) == ""


def test_which_one_failed_first() -> None:
    assert [first_told(told) for told in ("ranks 2-3: Killed; rank 1: x", "")] == [2, None]
