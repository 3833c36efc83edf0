"""A thread with a record of every kind: what the tests of the table of kinds fold and render.

A new kind gets its record here. Bodies have what matters to a reader of the record, not all that
they may have; a checker holds each to the body of its kind.
"""

from __future__ import annotations

from typing import Any, cast

from leadline.core.record.bodies import Writes
from leadline.core.record.event import Record
from leadline.testing.builders import ThreadBuilder


def every_kind() -> ThreadBuilder:
    """One record or more of each kind that there is, none of them malformed."""
    b = ThreadBuilder("every-kind", title="A record of every kind", goal="read each of them")
    add = cast("Writes[Record]", cast(Any, b).record)
    _runs(b)
    _words(b)
    _designs(add)
    _published(b, add)
    _issue(add)
    add("tracker-set", {"tracker": "wandb", "project": "lab/blocks", "at": "", "live": False})
    add("tracker-run", {"run": "P-001-r1", "tracker": {"state": "finished", "points": 12}})
    add("tracker-link", {"url": "https://wandb.ai/lab/blocks", "title": "The report"})
    add("healed", {"torn": ["sha256:" + "0" * 64], "diverged": [], "by": "verify --heal"})
    add("heads-signed", {"heads": {"w1": "sha256:" + "0" * 64}, "signature": "…", "signer": "Ada"})
    add(
        "id-clash",
        {
            "kind": "note",
            "id": "P-N1",
            "shown": "P-N1b",
            "uid": "01M8KJJA7ZD0HFCWFG04T1389V",
            "what": "two machines gave the id P-N1 while apart; the later one is shown as P-N1b",
        },
    )
    return b


def _runs(b: ThreadBuilder) -> None:
    cast(Any, b).record("metric-defined", {"name": "loss", "unit": "", "direction": "lower"})
    patterns = {"metric": "loss", "patterns": ["eval.py"], "files": {"eval.py": "sha256:1b"}}
    cast(Any, b).record("ruler", {**patterns, "earlier": [], "why": "it scores every arm"})
    keys = {"block": {"about": "rows a block", "required": True, "stated": True}}
    cast(Any, b).record("profile", {"name": "kernel", "source": "shipped", "keys": keys})
    b.run("block 64", {"time_ms": 712.4}, {"block": 64})
    b.run("block 128", {"time_ms": 507.1}, {"block": 128})
    b.baseline("P-001", "the first kernel")
    other = {**patterns, "files": {"eval.py": "sha256:2c"}, "changed": ["eval.py"]}
    cast(Any, b).record("ruler", {**other, "experiment": "P-002"})
    cast(Any, b).record("holdout", {"digest": "sha256:3d", "files": 2})
    said = {"digest": "sha256:3d", "look": 1, "claim": "P-C1", "values": {"loss(P-002)": 3.3}}
    cast(Any, b).record("holdout", {**said, "holds": True})


def _words(b: ThreadBuilder) -> None:
    b.note("Bound by the gather.", ["P-001"], "interpretation")
    b.hypothesis("Wider blocks hide the loads")
    b.change_hypothesis("P-H1", "supported", evidence=["P-002"], why="a third less time")
    b.decision("Keep block 128.", ["P-002"])
    b.claim("Block 128 is faster.", ["P-002"], "time_ms(P-002) < time_ms(P-001)")
    b.correct("P-N1", "text", "Bound by the gather of pages.", "which gather")
    b.note("Try block 256.", ["P-002"], "next")
    b.note("Try block 512.", ["P-002"], "next")
    b.supersede("P-N2", "P-N3", "256 does not fit")
    b.retract("P-N3", "512 does not fit either")
    b.change("goal", "read and render each of them", "rendering matters as well")
    b.refuse("label-too-high", "P-C1 cannot be called stable", "it was run once")


def _designs(add: Writes[Record]) -> None:
    add(
        "sweep",
        {
            "id": "P-W1",
            "text": "one-axis over block: 2 cells, 1 run each",
            "design": "one-axis",
            "axes": {"block": [64, 128]},
            "cells": [{"block": 64}, {"block": 128}],
            "argv": ["python", "bench.py", "--block={block}"],
            "cwd": ".",
            "config": {},
            "repeat": 1,
            "seed": 7,
        },
    )
    add(
        "interleaving",
        {
            "id": "P-I1",
            "a": {"argv": ["python", "bench.py"], "config": {"block": 64}},
            "b": {"argv": ["python", "bench.py"], "config": {"block": 128}},
            "metric": "time_ms",
            "order": "ABBA",
            "seed": 7,
            "alpha": 0.05,
            "warmup": 1,
            "stop": {"precision": 0.01, "equivalent": None, "blocks": 20, "time_s": None},
        },
    )
    add("interleaving-ended", {"interleaving": "P-I1", "why_stopped": "precise enough"})
    add(
        "run-launched",
        {
            "run": "P-001-r1",
            "attempt": 1,
            "executor": "hpc",
            "kind": "slurm",
            "host": "",
            "handle": {"job": "leadline-x-1", "number": "7"},
        },
    )
    add("command-ended", {"about": ["P-W1"], "of": "01M8KJJA7ZD0HFCWFG04T1389W"})
    add("imported", {"source": "old.csv", "origin": "reported", "taken": 2, "about": []})
    add("session", {"id": "P-E1", "agent": "codex", "machine": "node-7", "branch": "research/x"})
    add("session-ended", {"session": "P-E1", "by": "hook"})
    add(
        "transcript-attached",
        {"session": "P-E1", "transcript": {"path": "/t"}, "blob": "sha256:4e"},
    )
    add("directive", {"id": "P-G1", "text": "Look at block 192.", "by": "Ada"})
    add("acknowledgement", {"directive": "P-G1", "note": "it is next", "refs": {}})
    add("reproduction", {"id": "P-R1", "target": "P-002", "verdict": "agrees", "table": []})


def _published(b: ThreadBuilder, add: Writes[Record]) -> None:
    b.snapshot("leadline/every-kind/S1")
    b.update("What is new.", marker="update:1")
    b.finish("Block 128 it is.", worked="wider blocks", next_steps=["block 256 on another card"])
    add("adopted", {"heading": "By hand", "text": "Written into the logbook.", "where": "entry"})


def _issue(add: Writes[Record]) -> None:
    add("issue-wanted", {"state": "open", "labels": ["experiment"]})
    add("issue-opened", {"forge": "github", "number": "12", "title": "Experiment", "body": "…"})
    add("issue-edited", {"person_edit": "a line by hand", "person_base": "…"})
    add("issue-edit-settled", {"edit": "E1", "edit_uid": "", "why": "taken into the logbook"})
    add("issue-commented", {"comment": "77", "marker": "update:1", "text": "new", "kind": "update"})
    add("issue-comment-edited", {"comment": "77", "marker": "update:1", "text": "newer"})
    add("issue-closed", {"reason": "completed"})
