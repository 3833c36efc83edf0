"""Which process of several ended a run, as the launchers of such runs say on stderr, and what one of
them printed where they label the lines."""

from __future__ import annotations

import re

#: Of a text without any of these nothing can be said.
WORDS = ("srun: error: ", "exitcode", "Process name: [[", "RUNNING AT ")
_FORMS = (
    # srun: error: n1: tasks 1,3: Exited with exit code 3
    re.compile(r"^srun: error: [^\s:]+: tasks? (?P<rank>[\d,-]+): (?P<how>.+)$", re.M),
    # torchrun:   rank      : 1 (local_rank: 1)\n  exitcode  : 3 (pid: 4711)
    re.compile(r"^\s*rank\s*: (?P<rank>\d+) \(local_rank: \d+\)\n\s*exitcode\s*: (?P<how>-?\d+)", re.M),
    # mpirun of Open MPI:   Process name: [[41281,1],1]\n  Exit code:    3
    re.compile(r"^\s*Process name: \[\[\d+,\d+\],(?P<rank>\d+)\]\n\s*Exit code:\s+(?P<how>\d+)", re.M),
    # mpiexec of MPICH: =   RANK 1 PID 4711 RUNNING AT n1\n=   KILLED BY SIGNAL: 9 (Killed)
    re.compile(r"^=\s+RANK (?P<rank>\d+) PID .*\n=\s+(?P<how>(?:EXIT|KILLED) .+)$", re.M),
)  # fmt: skip
_MOST = 8
# srun --label, mpirun --tag-output, torchrun --tee 3
_LABEL = re.compile(
    r"\s*(?:(?P<srun>\d+): |\[\d+,(?P<mpi>\d+)\]<std(?:out|err)>: ?|\[[a-z]+(?P<torch>\d+)\]: ?)"
)


def ended_ranks(text: str) -> str:
    """``rank 1: exit code 3; ranks 2-3: Killed``, each once and in the order told; "" where none is
    told."""
    if not any(words in text for words in WORDS):
        return ""
    found = sorted((m.start(), m["rank"], m["how"]) for form in _FORMS for m in form.finditer(text))
    told = []
    for _, rank, how in found:
        several = "s" if not rank.isdigit() else ""
        told.append(f"rank{several} {rank}: {_worded(how)}")
    kept = list(dict.fromkeys(told))
    more = [f"{len(kept) - _MOST} more"] if len(kept) > _MOST else []
    return "; ".join(kept[:_MOST] + more)


def lines_of(rank: int, text: str) -> str:
    """What one rank printed, where its launcher labels the lines of a stream; "" where none is so
    labelled."""
    found = ((_LABEL.match(line), line) for line in text.splitlines(keepends=True))
    return "".join(
        line[label.end() :]
        for label, line in found
        if label and rank == int(label["srun"] or label["mpi"] or label["torch"])
    )


def first_told(told: str) -> int | None:
    """The rank that ``ended_ranks`` names first."""
    found = re.match(r"ranks? (\d+)", told)
    return int(found[1]) if found else None


def _worded(how: str) -> str:
    if how.lstrip("-").isdigit():
        return f"signal {how[1:]}" if how.startswith("-") else f"exit code {how}"
    return how.removeprefix("Exited with ").strip()
