"""Commands that measure, as far as their words tell.

Both errors are possible and both are cheap: a hint that was not needed is one line, said once; a
measurement that no hint met is one that the record lacks, as without us.

>>> measuring("cd lab && CUDA_VISIBLE_DEVICES=0 python bench.py --block 64 | tee log")
'CUDA_VISIBLE_DEVICES=0 python bench.py --block 64'
>>> measuring("leadline run -- python bench.py"), measuring("cat bench.py"), measuring("python -m pytest tests")
('', '', '')
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from leadline.core.agent.shell import commands_of

_SCRIPT = re.compile(
    r"(?:^|[/_-])(?:bench\w*|train\w*|eval\w*|sweep\w*|ablat\w*|profile\w*|measure\w*|finetune\w*|"
    r"pretrain\w*|throughput|latency)[\w-]*\.(?:py|sh|jl)\Z",
    re.I,
)
_BINARY = re.compile(r"(?:^|/)(?:bench|benchmark)[\w-]*\Z|[_-]bench(?:mark)?\Z", re.I)
_PROGRAMS = frozenset(
    ("hyperfine", "torchrun", "sbatch", "srun", "deepspeed", "ncu", "nsys", "nvprof", "lm_eval", "lm-eval", "sysbench",
     "fio", "wrk", "pyperf", "locust", "k6", "iperf3", "ab")
)  # fmt: skip
_MODULES = frozenset(
    ("torch.distributed.run", "torch.distributed.launch", "timeit", "pyperf", "lm_eval", "accelerate.commands.launch")
)  # fmt: skip
# What stands before the program and runs it.
_CARRIERS = frozenset(
    ("time", "nohup", "exec", "stdbuf", "nice", "ionice", "taskset", "numactl", "sudo", "env", "command", "uv",
     "poetry", "pdm", "hatch", "conda")
)  # fmt: skip
_CARRIED = frozenset(("run", "exec"))
_VALUED = frozenset(("-n", "-c", "-u", "-N", "-m", "-i", "-C", "-p", "--with", "--python"))
_ASSIGNED = re.compile(r"[A-Za-z_]\w*=")
_OWN = frozenset(("leadline", "ll"))
# They look at files, change them or check them: no pattern of a profile means these.
_LOOKS = frozenset(
    ("cat", "head", "tail", "less", "ls", "grep", "rg", "find", "sed", "awk", "wc", "diff", "git", "cp", "mv", "rm",
     "vi", "vim", "nano", "touch", "mkdir", "chmod", "ruff", "mypy", "black", "echo", "cd", "pip", "stat", "file",
     "tree", "pytest")
)  # fmt: skip
MATCHED_CHARS = 2000


def measuring(command: str, patterns: Iterable[str] = ()) -> str:
    """The first part of a command line that measures, as it was typed; "" for none. ``patterns``: further
    ones, of a profile, that a part is like (``*`` stands for anything)."""
    likes = list(patterns)
    for part in commands_of(command):
        words = _carried(part.words)
        if _is_measuring(words) or _is_like(words, likes):
            return part.raw
    return ""


def may_measure(command: str) -> bool:
    """Whether a pattern of a profile may mean a part of the command line."""
    return any(_starts_something(_carried(part.words)) for part in commands_of(command))


def _starts_something(words: list[str]) -> bool:
    """A command that only looks at a file, or asks a program for help, is like no pattern."""
    if not words or {"--help", "-h", "--version"} & set(words):
        return False
    return words[0].rpartition("/")[2] not in _OWN | _LOOKS


def _is_like(words: list[str], patterns: Iterable[str]) -> bool:
    if not _starts_something(words):
        return False
    program = words[0].rpartition("/")[2]
    said = " ".join([program, *words[1:]])[:MATCHED_CHARS]
    return any(fnmatchcase(said, pattern) for pattern in patterns)


def _carried(typed: Sequence[str]) -> list[str]:
    """The program and its arguments, without what carries it."""
    words = list(typed)
    while words:
        head = words[0].rpartition("/")[2]
        if _ASSIGNED.match(words[0]) or head in _CARRIERS:
            words = words[1:]
            while words and (words[0].startswith("-") or words[0] in _CARRIED):
                words = words[2 if words[0] in _VALUED else 1 :]
        elif head == "timeout":
            words = words[2:]
        else:
            break
    return words


def _is_measuring(words: list[str]) -> bool:
    if not words or {"--help", "-h", "--version"} & set(words):
        return False
    program, rest = words[0].rpartition("/")[2], words[1:]
    if program in _OWN:
        return False
    if program in _PROGRAMS:
        return True
    if re.fullmatch(r"python[\d.]*|pypy[\d.]*|julia|bash|sh", program):
        if program in ("bash", "sh") and rest[1:] and re.fullmatch(r"-[a-z]*c", rest[0]):
            return bool(measuring(rest[1]))
        if rest[:1] == ["-m"]:
            return rest[1:2] != [] and (rest[1] in _MODULES or _is_measuring(rest[1:]))
        script = next((word for word in rest if not word.startswith("-")), "")
        return bool(_SCRIPT.search(script))
    if program == "pytest":
        return any(word.startswith("--benchmark") for word in rest)
    if program in ("cargo", "make", "go", "npm", "just"):
        return (
            "bench" in rest
            or "benchmark" in rest
            or any(word.startswith("-bench") for word in rest)
        )
    if program == "accelerate":
        return rest[:1] == ["launch"]
    if program == "perf":
        return rest[:1] in (["stat"], ["record"])
    if program == "ray":
        return rest[:2] == ["job", "submit"]
    return bool(_SCRIPT.search(words[0]) or _BINARY.search(words[0]))


def recorded(part: str) -> str:
    """The line that records the part of a command line that measures.

    >>> recorded("CUDA_VISIBLE_DEVICES=0 python bench.py --block 64")
    'leadline run --env CUDA_VISIBLE_DEVICES=0 -- python bench.py --block 64'
    """
    variables = []
    rest = part.strip()
    while found := re.match(r"([A-Za-z_]\w*=(?:'[^']*'|\"[^\"]*\"|[^\s'\"]*))\s+", rest):
        variables.append(f"--env {found[1]} ")
        rest = rest[found.end() :]
    return f"leadline run {''.join(variables)}-- {rest}"
