"""Any launcher that has a command to submit a job and one to ask for it: the kind ``command``.

    leadline executor add farm --kind command \\
        --option submit='qsub -N {job} -o {log} -j oe -- {command}' \\
        --option state='qstat -f {id}' --option cancel='qdel {id}' \\
        --option queued='job_state = [QHW]' --option running='job_state = [RE]'

A template is split as a shell would split it and run without one; ``sh -c '…'`` is a template too.
What a job's state is follows from regular expressions over all that the state command prints, and
what none of them knows is ``unknown``: a launcher that does not answer loses no run.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping

from leadline.adapters.executors.shared_folder import (
    SharedFolderExecutor,
    minutes_of,
    unreachable,
)
from leadline.core.errors import environment, usage
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.ports.attempt import Handle
    from leadline.ports.executor_setup import ExecutorSetup

ANSWERS_WITHIN_S = 60.0
#: What may stand in braces in a template, and what it means.
PLACES = {
    "job": "the job's name: it follows from run and attempt; letters, digits and -, 63 at most",
    "id": "what the launcher called it: what the pattern `id` finds in what submit printed",
    "command": "the job program with its arguments; in a longer word, quoted for a shell",
    "folder": "the attempt folder",
    "log": "a file in it, for what the launcher prints of the job",
    "partition": "of the executor, as declared",
    "host": "of the executor, as declared",
    "device": "as declared; several with commas between",
    "minutes": "the time limit, rounded up; 525600 when there is none",
}
PATTERNS = {
    "id": r"(\S+)\s*$",
    "running": r"(?i)\b(running|active|executing)\b",
    "queued": r"(?i)\b(pending|queued|waiting|idle|submitted|held)\b",
    "taken": r"(?i)already ?exists|exists already|duplicate",
    "gone": r"(?i)not ?found|unknown job|no such|does not exist|invalid job"
    r"|\b(finished|succeeded|completed?|failed|done|exited|cancell?ed|removed)\b",
}
TEMPLATES = ("submit", "state", "cancel")
_PLACE = re.compile(r"\{(\w+)\}")


class CommandExecutor(SharedFolderExecutor):
    """``options``: the templates ``submit`` and ``state``, perhaps ``cancel``, and patterns in the
    place of ``PATTERNS``."""

    def __init__(
        self, name: str, options: Mapping[str, str], declared: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(name, options.get("python", ""))
        self.templates = {key: _words(name, key, options.get(key, "")) for key in TEMPLATES}
        self.patterns = {key: _pattern(name, key, options.get(key, "")) for key in PATTERNS}
        self.declared = {"partition": "", "host": "", "device": "", **(declared or {})}
        for key in ("submit", "state"):
            if not self.templates[key]:
                raise usage(
                    "executor-incomplete",
                    f"the executor {name} has no template {key!r}",
                    why="it is what Leadline runs to do so",
                    do=f"leadline executor add {name} --kind command --option {key}='…'",
                )

    def _find(self, job: str) -> dict[str, object] | None:
        # By its name alone: where the launcher gives numbers, the job program refuses a second job.
        if any("{id}" in word for word in self.templates["state"]):
            return None
        state, said = self._state(job, {})
        if state == "unknown":
            raise unreachable(self.name, said, f"leadline executor check {self.name}")
        return None if state == "gone" else {"job": job}

    def _start(
        self, job: str, argv: list[str], folder: str, resources: Mapping[str, object]
    ) -> dict[str, object]:
        places = {
            "job": job,
            "folder": folder,
            "log": f"{folder}/supervisor.err",
            "minutes": str(minutes_of(resources.get("timeout_s")) or 525600),
        }
        code, said = self._run("submit", places, argv)
        if code != 0:
            # A job of this name was submitted by a client that died then, whatever became of it.
            known = self.patterns["taken"].search(said) or os.path.exists(f"{folder}/alive.lock")
            if known or self._find(job):
                return {"job": job}
            raise environment(
                "launcher-refused",
                f"{self.templates['submit'][0]} did not take the job: exit code {code}",
                why=said.strip()[-500:] or "it said nothing",
                do=f"leadline executor check {self.name}",
            )
        found = self.patterns["id"].search(said)
        return {"job": job, "id": found[1] if found else ""}

    def _engine_states(self, jobs: Mapping[str, Handle]) -> dict[str, str]:
        return {job: self._state(job, handle)[0] for job, handle in jobs.items()}

    def _end(self, job: str, handle: Handle) -> None:
        if self.templates["cancel"]:
            self._run("cancel", {"job": job, "id": str(handle.get("id") or "")}, [])

    def _state(self, job: str, handle: Handle) -> tuple[str, str]:
        by_id = any("{id}" in word for word in self.templates["state"])
        if by_id and not handle.get("id"):
            return "unknown", "its client ended before it wrote down the launcher's id"
        code, said = self._run("state", {"job": job, "id": str(handle.get("id") or "")}, [])
        for state in ("running", "queued", "gone"):
            if self.patterns[state].search(said):
                return state, said
        return ("gone" if code == 0 and not said.strip() else "unknown"), said

    def _run(self, key: str, places: Mapping[str, str], argv: list[str]) -> tuple[int, str]:
        """Exit code and all that it printed; code 127 when it could not be run."""
        known = {**self.declared, **places}
        command: list[str] = []
        for word in self.templates[key]:
            if word == "{command}":
                command += argv
                continue
            whole = {**known, "command": shlex.join(argv)}
            command.append(_PLACE.sub(lambda m: whole.get(m[1], m[0]), word))  # noqa: B023
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=ANSWERS_WITHIN_S,
                check=False,
            )
        except OSError as error:
            return 127, f"{command[0]}: {error.strerror}"
        except subprocess.TimeoutExpired:
            return 124, f"{command[0]} did not answer within {ANSWERS_WITHIN_S:.0f} s"
        return done.returncode, done.stdout.decode(errors="replace")


def made(setup: ExecutorSetup) -> CommandExecutor:
    """As declared. Raises LeadlineError(usage): a template or a pattern that cannot be used."""
    declared = {
        "partition": setup.partition,
        "host": setup.host,
        "device": ",".join(setup.devices),
    }
    return CommandExecutor(setup.name, setup.options, declared)


def _words(name: str, key: str, template: str) -> list[str]:
    try:
        words = shlex.split(template)
    except ValueError as error:
        raise _unusable(name, key, f"{error} in {template!r}") from None
    for word in words:
        for place in _PLACE.findall(word):
            if place not in PLACES:
                raise _unusable(
                    name, key, f"{{{place}}} means nothing; known: {', '.join(sorted(PLACES))}"
                )
    return words


def _pattern(name: str, key: str, text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text or PATTERNS[key], re.MULTILINE)
    except re.error as error:
        raise _unusable(name, key, f"{error} in {text!r}") from None
    if key == "id" and pattern.groups < 1:
        raise _unusable(name, key, f"{text!r} has no group in parentheses, which is the id")
    return pattern


def _unusable(name: str, key: str, why: str) -> Exception:
    return usage(
        "executor-template",
        f"{key} of the executor {name} cannot be used",
        why=why,
        do=f"leadline executor add {name} --kind command --option {key}='…'",
    )
