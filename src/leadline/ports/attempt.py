"""The files of an attempt folder, as words: what Leadline, the job program and an engine tell each
other.

``spec.json`` says what to run; ``handle.json`` how its executor finds it again; ``result.json`` is
written by ``leadline.job.supervise``, which stands alone and knows them to type checkers only.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NotRequired, TypedDict

from leadline.core.record.bodies import DeviceFacts, During, HardwareFacts, Preflight, SoftwareFacts


def job_name(attempt_dir: str) -> str:
    """What an engine calls the job of an attempt: the same in every process of this machine, and of
    no other attempt.

    >>> job_name("/w/.git/leadline/runs/01ARZ3NDEKTSV4RRFFQ69G5FAV/attempt-2")
    'leadline-01ARZ3NDEKTSV4RRFFQ69G5FAV-2-6fd480ad'
    """
    import hashlib  # noqa: PLC0415  start-up: 3 ms, and only who starts something elsewhere asks

    folder = os.path.abspath(attempt_dir)
    run, attempt = os.path.basename(os.path.dirname(folder)), os.path.basename(folder)
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]
    return f"leadline-{run}-{attempt.removeprefix('attempt-')}-{digest}"


#: An executor's own words about an attempt, plain JSON. Nobody else reads them.
Handle = Mapping[str, object]


class CodePlace(TypedDict):
    """Which code a job runs: a commit of this repository, its tree, and the folder ``top`` that it
    lies, or would lie, in on the machine that asked."""

    commit: str
    tree: str
    top: str


class Setup(TypedDict):
    """The environment that ``command`` makes in a folder below ``folder``, once for each content of
    ``lock_file``; it is run in ``top``, and the paths are those of the machine that runs."""

    command: str
    lock_file: str
    folder: str
    top: str


class ProgressAsked(TypedDict):
    """What says how far the command is: a pattern in its output, whose groups are done and total, or
    files (patterns, from ``cwd``) that grow; "" and [] for what the command says itself.
    ``stall_kill_s``: after how long a stillness at least, and five times its longest pause, it is
    ended; None for never."""

    pattern: str
    files: list[str]
    stall_kill_s: float | None


class Spec(TypedDict):
    """``spec.json``. A variable that is None is taken away from the caller's environment."""

    v: int
    run: str
    attempt: int
    argv: list[str]
    cwd: str
    env: dict[str, str | None]
    timeout_s: float | None
    grace_s: float
    cookie: str
    max_output_bytes: int | None
    merge_output: NotRequired[bool]
    stdin: NotRequired[
        str
    ]  # a file, pipe or terminal that the command reads; else it reads nothing
    stdin_offset: NotRequired[int]  # of a file: where it begins to
    leftover_grace_s: NotRequired[float | None]
    files: NotRequired[list[str]]  # from ``cwd``, that metrics are read from
    progress: NotRequired[ProgressAsked]
    keep: NotRequired[list[str]]  # patterns, from ``cwd``: files to bring back
    code: NotRequired[CodePlace]  # for an executor whose place is not ``here``
    executor: NotRequired[str]  # its name
    detached: NotRequired[bool]  # nobody watches it
    devices: NotRequired[list[str]]  # that its processes hold as long as they live
    device_keys: NotRequired[list[str]]  # of reservations that let it through
    facts: NotRequired[
        bool
    ]  # whether the result is to say what the machine is, and who else uses it
    lock_files: NotRequired[list[str]]  # further ones that say so, and files of devices
    device_paths: NotRequired[list[str]]
    canary: NotRequired[bool]  # a fixed piece of work is timed before the command and after it
    setup: NotRequired[Setup]
    borrowed: NotRequired[bool]  # another clone started it; this is what the record knows of it
    holder: NotRequired[dict[str, str]]  # what is said of it to who wants the same device


class FileWritten(TypedDict, total=False):
    """Whether the command wrote a file or folder that metrics are read from, as the job program saw
    it before the start and after the end."""

    # ``new``, ``rewritten``, ``appended``, ``same``; ``older`` than the start, though it came during the
    # run; ``absent``; ``folder``; ``shared`` with a run that went on beside it
    how: str
    before_bytes: int  # of an appended file: how long it was
    size_bytes: int  # after the end
    mtime_ns: int  # after the end
    written: list[str]  # of a folder: the files in it that the command wrote


class MachineFacts(TypedDict, total=False):
    """What ran the job, as ``leadline.job.machine`` sees it."""

    hardware: HardwareFacts
    devices: DeviceFacts
    software: SoftwareFacts
    preflight: Preflight  # readings (``leadline.job.preflight``), not judged yet


class Result(TypedDict, total=False):
    """``result.json``: how the attempt ended. One that was not written by the job program has
    ``state`` and ``reason`` alone."""

    v: int
    state: str
    reason: str
    exit_code: int | None
    signal: str
    started_at: str
    ended_at: str
    wall_s: float
    resources: dict[str, float | None]
    contention: During
    leftover_processes: int
    shrunk: list[str]  # files of metrics that had more while the command ran
    stdout_bytes: int
    stderr_bytes: int
    files: dict[str, FileWritten]  # by path, as the spec has it
    loaded: dict[str, str]  # what is no Python, as the record has it
    stdin_read: int  # bytes that the command took of a file
    pilot: str  # the place that ran it, where several runs share a job of an engine
    machine: MachineFacts  # of a job that did not run where it was asked for


class Cancelled(TypedDict):
    """What ``cancel`` did: ``asked_supervisor``, ``ended_orphans`` or ``nothing`` and ``why``."""

    did: str
    why: str
