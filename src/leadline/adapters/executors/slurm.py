"""Slurm by ``sbatch``, ``squeue`` and ``scancel``, on a file system that the nodes share: the kind
``slurm``. Works without accounting.

What Slurm says of a job counts only while its attempt folder is silent: it calls a job COMPLETED
while a child of it lives, has no word for a job it has forgotten, and starts one again into the same
files after a node died. So jobs are never requeued: an attempt that was lost is lost, and another one
is ours to make. Time limits are the job program's; Slurm, which counts minutes, gets a later one.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping

from leadline.adapters.executors.shared_folder import (
    SharedFolderExecutor,
    minutes_of,
    unreachable,
)
from leadline.adapters.own_programs import program
from leadline.core.canonical import object_in
from leadline.core.errors import environment, usage
from leadline.core.typed import TYPE_CHECKING
from leadline.job import pilot_queue

if TYPE_CHECKING:
    from leadline.ports.attempt import Handle
    from leadline.ports.executor_setup import ExecutorSetup

HELD = "leadline_holds"  # in the comment of a job that keeps a device
ANSWERS_WITHIN_S = 60.0
QUEUED = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD")
RUNNING = (
    "RUNNING",
    "COMPLETING",
    "SUSPENDED",
    "STOPPED",
    "SIGNALING",
    "STAGE_OUT",
    "RESIZING",
)
#: Options that would take our word for a job's name, place and number away.
OURS = (
    "--job-name",
    "-J",
    "--array",
    "-a",
    "--output",
    "-o",
    "--error",
    "-e",
    "--requeue",
    "--wrap",
)
#: How Slurm's own programs say that nobody answers.
_SILENT = (
    "Unable to contact",
    "Connection refused",
    "Socket timed out",
    "Communication connection",
    "Zero Bytes were transmitted",
    "Transport endpoint",
    "Could not establish a configuration source",
)


class SlurmExecutor(SharedFolderExecutor):
    """``options``: of every ``sbatch`` here, as words: partition, ``--gres``, account, memory."""

    carries_environment = True

    def __init__(
        self, name: str = "slurm", options: tuple[str, ...] = (), python: str = ""
    ) -> None:
        super().__init__(name, python)
        self.options = options
        for word in options:
            if word.partition("=")[0] in OURS:
                raise usage(
                    "sbatch-option",
                    f"{word} cannot be given to sbatch by the executor {name}",
                    why="by it Leadline finds the job again",
                    do=f"leadline executor show {name}",
                )

    # -- a device that is kept (see ``Holds``) -----------------------------------------------------
    def hold(self, device: str, queue: str, for_s: float, info: Mapping[str, object]) -> None:
        """See ``Holds.hold``: a pilot's job with the device, whose comment says whose it is."""
        pilot_queue.make(queue, 1)
        [slot] = pilot_queue.slots(queue)
        pilot_queue.hold(slot, for_s)
        told = {**info, HELD: 1, "device": device, "for_s": for_s}
        comment = json.dumps(told).replace("|", "\\u007c")
        self._start_pilot(slot, device=device, timeout_s=for_s, comment=comment)

    def held(self) -> list[dict[str, object]]:
        """See ``Holds.held``."""
        code, out, said = self._run("squeue", "-h", "-o", "%i|%T|%r|%M|%k")
        if code != 0:
            raise self._no_answer(said)
        found = []
        for line in out.splitlines():
            number, state, why, ran, comment = line.split("|", 4)
            told = object_in(comment) if f'"{HELD}"' in comment else {}
            if not told or state not in (*QUEUED, *RUNNING):
                continue
            told["number"] = number
            if state in QUEUED:
                told["waits"] = why
            else:
                told["since"] = time.time() - _seconds(ran)
                told["until"] = float(told["since"]) + float(told["for_s"])
            found.append(told)
        return found

    def let_go(self, queue: str) -> None:
        """See ``Holds.let_go``."""
        self.close_pilots(queue)

    def take_away(self, info: Mapping[str, object]) -> None:
        """See ``Holds.take_away``."""
        code, _, said = self._run("scancel", "--full", str(info["number"]))
        if code != 0:
            raise environment(
                "slurm-refused",
                f"scancel did not end the job: {said.strip()[-300:]}",
                why="it is another user's, or it has ended",
                do="squeue",
            )

    def _find(self, job: str) -> dict[str, object] | None:
        # One that has ended and left no trace in the folder was refused or never ran: Slurm keeps it too.
        code, out, said = self._run("squeue", "-h", "-o", "%i %T", "--name", job, "--me")
        if code != 0:
            raise self._no_answer(said)
        for line in out.splitlines():
            number, _, state = line.partition(" ")
            if state in QUEUED or state in RUNNING:
                return {"job": job, "number": number}
        return None

    def _start(
        self, job: str, argv: list[str], folder: str, resources: Mapping[str, object]
    ) -> dict[str, object]:
        minutes = minutes_of(resources.get("timeout_s"))
        limit = [f"--time={minutes}"] if minutes else []
        options = list(self.options)
        if device := resources.get("device"):
            options = [word for word in options if not word.startswith("--gres=")]
            options += [f"--gres={device}", f"--comment={resources.get('comment', '')}"]
        code, out, said = self._run(
            "sbatch",
            "--parsable",
            "--no-requeue",
            "--open-mode=append",  # should somebody have it run again all the same
            "--export=ALL",
            f"--job-name={job}",
            f"--output={_literal(folder)}/supervisor.err",
            f"--chdir={folder}",
            *limit,
            *options,
            script="#!/bin/sh\nexec " + " ".join(_quoted(word) for word in argv) + "\n",
        )
        number = out.strip().partition(";")[0]
        if code != 0 or not number:
            if any(words in said for words in _SILENT):
                raise self._no_answer(said)
            raise environment(
                "slurm-refused",
                f"sbatch did not take the job: {said.strip().rpartition(chr(10))[2][-300:]}",
                why="nothing was started",
                do=["sinfo", f"leadline executor show {self.name}"],
            )
        return {"job": job, "number": number}

    def _engine_states(self, jobs: Mapping[str, Handle]) -> dict[str, str]:
        # By name: a handle may have been lost, and a number is used again one day.
        code, out, _ = self._run(
            "squeue", "-h", "-t", "all", "-o", "%j %T", "--me", "--name", ",".join(jobs)
        )
        if code != 0:
            return dict.fromkeys(jobs, "unknown")
        found = dict.fromkeys(jobs, "gone")
        for line in out.splitlines():
            name, _, state = line.partition(" ")
            if state in QUEUED:
                found[name] = "queued"
            elif state in RUNNING:
                found[name] = "running"
        return {job: found[job] for job in jobs}

    def _end(self, job: str, handle: Handle) -> None:
        self._run("scancel", "--me", "--name", job)

    def _run(self, name: str, *arguments: str, script: str = "") -> tuple[int, str, str]:
        """Exit code, stdout, stderr. Raises LeadlineError(environment): there is no such program."""
        path = program(name)
        if not path:
            raise environment(
                "no-slurm",
                f"there is no {name} in PATH",
                why="Slurm is spoken to by its own programs",
                do="leadline executor list",
            )
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("SBATCH_", "SQUEUE_"))}
        if script:
            # Of a job that Leadline itself may be in, nothing is handed on but where Slurm is.
            environ = {
                k: v for k, v in environ.items() if not k.startswith("SLURM_") or k == "SLURM_CONF"
            }
        try:
            done = subprocess.run(
                [path, *arguments],
                env=environ,
                input=script.encode(),
                capture_output=True,
                timeout=ANSWERS_WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return 1, "", f"Socket timed out: {name} gave no answer in {ANSWERS_WITHIN_S:.0f} s"
        return (
            done.returncode,
            done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"),
        )

    def _no_answer(self, said: str) -> Exception:
        return unreachable(self.name, said, "sinfo")


def made(setup: ExecutorSetup) -> SlurmExecutor:
    """As declared: ``partition``, ``devices`` (``gpu:1``), limits ``cpus`` and ``memory_mb``, and in
    the option ``sbatch`` any more words for it. Raises LeadlineError(usage): one of them is ours."""
    import shlex

    words = [f"--partition={setup.partition}"] if setup.partition else []
    words += [f"--gres={','.join(setup.devices)}"] if setup.devices else []
    if cpus := setup.limits.get("cpus"):
        words.append(f"--cpus-per-task={int(cpus)}")
    if memory := setup.limits.get("memory_mb"):
        words.append(f"--mem={int(memory)}")
    words += shlex.split(setup.options.get("sbatch", ""))
    return SlurmExecutor(setup.name, tuple(words), setup.options.get("python", ""))


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)


def _seconds(ran: str) -> int:
    """Of ``[days-][hours:]minutes:seconds``."""
    days, _, clock = ran.rpartition("-")
    total = 0
    for part in clock.split(":"):
        total = 60 * total + int(part)
    return total + 86400 * int(days or 0)


def _literal(path: str) -> str:
    """A path in a Slurm file name, where ``%`` and a backslash mean something."""
    return path.replace("%", "%%")
