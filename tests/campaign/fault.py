"""What a kind of fault is, and what is counted while it is made."""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import Lab, sealed_environment

_HANGS = "it had not ended after"
_NEVER = ("Traceback (most recent call last)", "a bug in Leadline", _HANGS)
NOT_ENDED = 1  # no exit code of a verb
NEVER_ENDS_S = 600
COLUMNS = ("lost", "false", "leaked", "tracebacks")


@dataclass
class Tally:
    """`lost`: acknowledged records that are gone. `false`: answers that are not true ("no fault" over a
    damage, an id given twice, a success that was none). `leaked`: secrets at rest or sent, escapes that
    reached a terminal, files of others touched. `tracebacks`: ends that no user should see."""

    tries: int = 0
    lost: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)

    def findings(self) -> list[str]:
        return [f"{column}: {said}" for column in COLUMNS for said in getattr(self, column)]

    def saw(self, what: str, output: str) -> None:
        """Counts a traceback in what a verb printed, one that did not end, and one with an option
        that was misspelt here, which finds nothing for ever."""
        if "unrecognized arguments: --" in output:
            self.false.append(f"{what} is no command: {output[-300:]}")
        if any(word in output for word in _NEVER):
            self.tracebacks.append(f"{what}\n{output[-1500:]}")


@dataclass(frozen=True)
class Faults:
    """One kind. `make` makes about `tries` of them in folders it takes from `fresh`, with `chance` as
    the only source of choice; `lacks` says what this machine has not (else an empty text)."""

    title: str
    make: Callable[[int, random.Random, Tally], None]
    tries: int
    share: int
    lacks: Callable[[], str] = lambda: ""


class EndedLab(Lab):
    """A verb that does not end by itself is a false answer, and the campaign goes on. On a busy disk
    a seal with some hundred syncs takes more than a minute; what waits for nothing takes for ever."""

    def run(self, *args: str, **how: Any) -> subprocess.CompletedProcess[str]:
        return self._ended(super().run, args, {"timeout": NEVER_ENDS_S, **how})

    def start(self, *args: str, **how: Any) -> subprocess.CompletedProcess[str]:
        return self._ended(super().start, args, {"timeout": NEVER_ENDS_S, **how})

    def _ended(
        self, call: Callable[..., subprocess.CompletedProcess[str]], args: Any, how: Any
    ) -> subprocess.CompletedProcess[str]:
        try:
            return call(*args, **how)
        except subprocess.TimeoutExpired as error:
            told = f"{_HANGS} {error.timeout:.0f} s"
            return subprocess.CompletedProcess(list(args), NOT_ENDED, "", told)
        except AssertionError as error:  # of ``tests.promised``
            told = f"{_NEVER[1]}: a command that was proposed does not run: {error}"
            return subprocess.CompletedProcess(list(args), NOT_ENDED, "", told)


@contextmanager
def fresh(thread: bool = True) -> Iterator[Lab]:
    """A repository with one commit and, if wanted, thread `t` (prefix T); gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="campaign-"))
    lab = EndedLab(folder / "repo", sealed_environment(folder / "home"))
    lab.repo.mkdir()
    try:
        lab.git("init", "-q", "-b", "main")
        lab.write("code.py", "print('{\"time_ms\": 1.5}')\n")
        lab.git("add", "code.py")
        lab.git("commit", "-q", "-m", "first")
        if thread:
            metric = ("--success", "time_ms:ms:lower")
            lab.ok("start", "t", "--prefix", "T", "--no-branch", "--goal", "find out", *metric)
        yield lab
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def lab_with_remote() -> Iterator[Lab]:
    """``fresh``, with an empty remote ``origin`` in the folder ``remote`` beside it."""
    with fresh() as lab:
        remote = lab.repo.parent / "remote"
        subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
        lab.git("remote", "add", "origin", str(remote))
        yield lab
