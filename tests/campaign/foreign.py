"""A repository with a thread of its own, and the record branch of its remote as a machine wrote it
that is not to be trusted: what the faults of records that arrive are made on."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from leadline.core.record.event import line_digest
from leadline.testing.every_kind import every_kind
from tests.campaign.fault import EndedLab, Tally, fresh
from tests.conftest import Lab, sealed_environment

TOPIC = "every-kind"
BRANCH = "refs/heads/leadline/records"
READING = (
    ("status",),
    ("status", "--runs"),
    ("brief",),
    ("claims",),
    ("logbook",),
    ("issue",),
    ("due",),
    ("next",),
    ("check", "kickoff"),
    ("hypothesis", "list"),
    ("baseline", "show"),
    ("compare", "P-001", "P-002"),
    ("show", "P-001"),
    ("show", "P-C1"),
    ("tried", "block"),
    ("index",),
    ("report", "--out", "report.html", "--force"),
    ("doctor",),
)
WRITING = (
    ("note", "said afterwards"),
    ("decide", "goes on", "--no-evidence", "a trial"),
    ("run", "--quiet", "--", "true"),
    ("retract", "T-N1", "--why", "said in error"),
)


@contextmanager
def template() -> Iterator[Lab]:
    """Thread ``t`` with a note and a run, synced to a bare ``origin`` beside it."""
    with fresh() as lab:
        lab.ok("note", "said before")
        lab.ok("run", "--quiet", "--", "python3", "code.py")
        subprocess.run(
            ["git", "init", "-q", "--bare", "-b", "main", str(lab.repo.parent / "origin.git")],
            check=True,
            env=lab.env,
        )
        lab.git("remote", "add", "origin", "../origin.git")
        lab.ok("sync")
        yield lab


@contextmanager
def copy_of(lab: Lab, name: str) -> Iterator[Lab]:
    folder = lab.repo.parent.parent / f"{lab.repo.parent.name}-{name}"
    shutil.copytree(lab.repo.parent, folder, symlinks=True)
    try:
        yield EndedLab(folder / "repo", sealed_environment(folder / "home"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def records() -> list[dict[str, Any]]:
    """A record of every kind, as JSON objects."""
    return [json.loads(record.line()) for record in every_kind().records]


def chained(records: list[Any]) -> bytes:
    """Their lines with a chain that holds, whatever stands in them."""
    lines, prev = [], ""
    for record in records:
        if isinstance(record, dict) and "prev" in record:
            record = {**record, "prev": prev}
        text = record if isinstance(record, bytes) else _line(record)
        lines.append(text)
        prev = line_digest(text)
    return b"".join(line + b"\n" for line in lines)


def _line(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")


def arrive(lab: Lab, entries: dict[str, tuple[str, bytes]]) -> None:
    """Put files (path to mode and content) on the record branch of ``origin``."""
    bare = lab.repo.parent / "origin.git"

    def git(*args: str, data: bytes = b"") -> str:
        done = subprocess.run(
            ["git", *args],
            cwd=bare,
            env={**lab.env, "GIT_INDEX_FILE": str(bare / "made.index")},
            input=data,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    git("read-tree", BRANCH)
    for path, (mode, data) in entries.items():
        blob = "1" * 40 if mode == "160000" else git("hash-object", "-w", "--stdin", data=data)
        git("update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}")
    tree = git("write-tree")
    commit = git("commit-tree", "-p", BRANCH, "-m", "from elsewhere", tree)
    git("update-ref", BRANCH, commit)


def everything_goes_on(lab: Lab, tally: Tally, what: str, foreign: str = TOPIC) -> None:
    """A sync that pushes, every reading verb of the foreign thread, some of the own one, and writing
    verbs: each ends as a verb does, and what was written is there."""
    synced = lab.run("sync", "--json")
    tally.saw(f"{what}: sync", synced.stdout + synced.stderr)
    if '"pushed": "pushed"' not in synced.stdout and '"pushed": "up-to-date"' not in synced.stdout:
        tally.false.append(
            f"{what}: sync did not push: {synced.stdout[-300:]}{synced.stderr[-300:]}"
        )
    for topic, verbs in ((foreign, READING), ("t", READING[:4])):
        for verb in verbs:
            done = lab.run("--thread", topic, *verb)
            tally.saw(f"{what}: {' '.join(verb)} of {topic}", done.stdout + done.stderr)
    for verb in WRITING:
        done = lab.run("--thread", "t", *verb)
        tally.saw(f"{what}: {' '.join(verb)}", done.stdout + done.stderr)
        if done.returncode:
            tally.false.append(f"{what}: {' '.join(verb)}: {done.stderr[-400:]}")
    told = lab.run("--thread", "t", "logbook").stdout
    if "said afterwards" not in told or "goes on" not in told:
        tally.lost.append(f"{what}: what was written is not in the logbook")
