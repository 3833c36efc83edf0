"""Who works here: the agent's program that started us, and its process.

An agent's program marks what it starts by a variable of the environment, and has it not itself: the
nearest ancestor without the variable is the agent. Where that cannot be told (no ``/proc``, a
variable set by hand) it is the outermost one that can be seen, and at worst every verb of the
terminal.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from leadline.core.typed import NamedTuple

NAMED = "LEADLINE_AGENT"  # by a harness of one's own, or by our server for its client
PROCESS = "LEADLINE_AGENT_PROCESS"  # the number of its process, where it is known
MARKS = {
    "CLAUDECODE": "claude-code",
    "CODEX_SANDBOX": "codex",
    "CODEX_THREAD_ID": "codex",
    "GEMINI_CLI": "gemini-cli",
    "OPENCODE": "opencode",
    "CURSOR_AGENT": "cursor",
    "AIDER_MODEL": "aider",
}
SHELLS = frozenset(("sh", "bash", "dash", "zsh", "fish", "env", "timeout", "leadline"))
_MOST_ANCESTORS = 40


class Process(NamedTuple):
    """``started``: in clock ticks since the machine did; a number given again has another."""

    pid: int
    started: int


class Worker(NamedTuple):
    """``agent``: "" for a person."""

    agent: str
    process: Process


def is_marked(environ: Mapping[str, str]) -> bool:
    return any(map(environ.get, (NAMED, *MARKS)))


def worker(environ: Mapping[str, str], of_hook: str = "") -> Worker:
    """``of_hook``: the agent that called a hook, where no mark tells it: its process is the first
    above ours that is no shell."""
    if named := environ.get(NAMED, ""):
        given = environ.get(PROCESS, "")
        process = process_of(int(given)) if given.isdigit() else None
        if process is not None:
            return Worker(named[:40], process)
        return _by_marks({NAMED: named[:40]})
    if marks := {mark: agent for mark, agent in MARKS.items() if environ.get(mark)}:
        return _by_marks(marks)
    if of_hook:
        return Worker(of_hook, _beyond_shells())
    return Worker("", process_of(_sid()) or Process(_sid(), 0))


def _sid() -> int:
    try:
        return os.getsid(0)
    except OSError:
        return 0


def _by_marks(marks: Mapping[str, str]) -> Worker:
    names = {mark: (mark + "=").encode() for mark in marks}
    agent, outermost = next(iter(marks.values())), Process(_sid(), 0)
    pid = os.getppid()
    for _ in range(_MOST_ANCESTORS):
        found = _stat(pid)
        if found is None or pid <= 1:
            break
        outermost = found[0]
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                held = b"\0" + file.read()
        except OSError:
            break
        missing = [mark for mark, name in names.items() if b"\0" + name not in held]
        if missing:
            return Worker(marks[missing[0]], found[0])
        pid = found[1]
    return Worker(agent, outermost)


def _beyond_shells() -> Process:
    pid, last = os.getppid(), Process(_sid(), 0)
    for _ in range(_MOST_ANCESTORS):
        found = _stat(pid)
        if found is None or pid <= 1:
            break
        last = found[0]
        if found[2] not in SHELLS and not found[2].startswith("python"):
            break
        pid = found[1]
    return last


def process_of(pid: int) -> Process | None:
    """None where there is none of that number, or it cannot be seen."""
    found = _stat(pid)
    return found[0] if found is not None else None


def _stat(pid: int) -> tuple[Process, int, str] | None:
    """The process, the number of its parent, its name."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            text = file.read()
        name, _, rest = text[text.index("(") + 1 :].rpartition(")")
        fields = rest.split()
        return Process(pid, int(fields[19])), int(fields[1]), name
    except (OSError, ValueError, IndexError):
        return None


def version_of(pid: int) -> str:
    """What the package of a Node program says of its version; "" where it is none."""
    import json

    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
        for word in words[:3]:
            folder = os.path.dirname(os.path.realpath(os.fsdecode(word)))
            for _ in range(4):
                path = os.path.join(folder, "package.json")
                if os.path.isfile(path) and os.sep in os.fsdecode(word):
                    with open(path, encoding="utf-8") as file:
                        said = json.load(file)
                    return str(said.get("version", ""))[:40]
                folder = os.path.dirname(folder)
    except (OSError, ValueError, AttributeError):
        pass
    return ""
