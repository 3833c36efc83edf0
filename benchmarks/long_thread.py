"""Write a long thread's event files: `python benchmarks/long_thread.py REPO TOPIC RECORDS`.

The thread has been started and has a run, a baseline and a note that Leadline wrote itself; what is
added are copies of these with other ids, configs and values, and between them what a long study has
besides: interpretations, next actions, hypotheses and what became of them, claims over experiments
and over configs, decisions, negative results, failures, corrections, retractions, updates. Written
as event files at once, past the store, so that 100,000 records take seconds: this measures reading.
Run as a program of its own, because the peak memory of what a benchmark starts counts the memory of
its parent.
"""

from __future__ import annotations

import json
import os
import random
import sys
from typing import Any

from leadline.adapters.store.event_log import ROLL_BYTES
from leadline.bootstrap import open_context
from leadline.core.canonical import canonical_json
from leadline.core.ids import experiment_id, named_id, run_id
from leadline.core.record.event import Record
from leadline.core.timestamps import rfc3339
from leadline.core.ulid import decode, encode

GAP_MS = 1  # they come after now: by little, or a writer would say that its clock is slow
REPEATS = 3


class Files:
    """The files of one writer, chained and rolled as the store does it."""

    def __init__(self, folder: str, topic: str, last: Record) -> None:
        import hashlib

        self.sha256 = hashlib.sha256
        self.folder, self.topic, self.writer = folder, topic, "wbench"
        self.time_ms = decode(last.id)[0]
        self.number, self.lines, self.size, self.prev, self.count = 1, list[bytes](), 0, "", 0
        self.rng = random.Random(20240229)

    def new_uid(self) -> str:
        self.time_ms += GAP_MS
        return encode(self.time_ms, self.rng.getrandbits(80))

    def add(self, kind: str, body: dict[str, Any], uid: str = "") -> str:
        uid = uid or self.new_uid()
        line = canonical_json(
            {
                "v": 1,
                "id": uid,
                "at": rfc3339(self.time_ms),
                "thread": self.topic,
                "writer": self.writer,
                "kind": kind,
                "actor": "bench",
                "body": body,
                "prev": self.prev,
            }
        ).encode()
        self.prev = "sha256:" + self.sha256(line).hexdigest()
        self.lines.append(line + b"\n")
        self.size += len(line) + 1
        self.count += 1
        if self.size > ROLL_BYTES:
            self.flush()
        return uid

    def flush(self) -> None:
        if self.lines:
            name = f"{self.writer}-{self.number}.jsonl"
            with open(os.path.join(self.folder, name), "wb") as file:
                file.writelines(self.lines)
            self.number, self.lines, self.size = self.number + 1, [], 0


def write(repository: str, topic: str, records: int) -> int:
    """Bring the thread to about ``records`` records; returns how many it has."""
    store = open_context(repository).store
    known = store.records(topic)
    thread = store.thread(topic)
    bodies = {
        kind: next(r.body for r in known if r.kind == kind)
        for kind in ("run-planned", "run-ended", "note")
    }
    baseline = thread.baseline
    assert baseline is not None
    base = str(baseline.body["experiment"])
    refs = {base: thread.experiments[base].uid, "baseline": baseline.uid}
    files = Files(store.folder(topic), topic, known[-1])
    numbers = {
        kind: len(thread.of_kind(kind))
        for kind in ("note", "hypothesis", "claim", "decision", "update")
    }
    first, at = len(thread.experiments) + 1, 0
    while len(known) + files.count < records:
        _study(files, bodies, thread.prefix, numbers, refs, first + at, at)
        at += 1
    files.flush()
    return len(known) + files.count


def _study(
    files: Files,
    bodies: dict[str, Any],
    prefix: str,
    numbers: dict[str, int],
    base: dict[str, str],
    number: int,
    at: int,
) -> None:
    """One experiment and what was said of it."""
    rng, add = files.rng, files.add
    experiment, uid = experiment_id(prefix, number), ""
    bad = at % 13 == 5

    def item(kind: str, refs: dict[str, str], **body: Any) -> str:
        numbers[kind] += 1
        shown = named_id(prefix, kind, numbers[kind])
        add(kind, {"id": shown, "refs": refs, **body})
        return shown

    for repeat in range(1, REPEATS + 1):
        name = run_id(experiment, repeat)
        own = files.new_uid()
        uid = uid or own
        add(
            "run-planned",
            {
                **bodies["run-planned"],
                "id": name,
                "experiment": experiment,
                "experiment_uid": uid,
                "repeat": repeat,
                "title": f"level {at % 9}, width {at % 7}",
                "config": {"level": at % 9, "width": at % 7, "study": at, "seed": repeat},
                "refs": {experiment: uid},
                "key": f"sha256:{number * 8 + repeat:064x}",
            },
            own,
        )
        ending = {
            **bodies["run-ended"],
            "run": name,
            "refs": {name: own, experiment: uid},
            "metrics": {
                "loss": 1 / (1 + at % 9) + rng.gauss(0, 0.01),
                "time_ms": 40 + rng.random(),
            },
        }
        if bad:
            ending = {
                **ending,
                "state": "failed",
                "exit_code": 1,
                "reason": "exit code 1",
                "metrics": {},
            }
        add("run-ended", ending)
    refs = {experiment: uid}
    role = "negative" if bad else "interpretation"
    more = {"reason_class": "method"} if bad else {}
    text = f"observation {at} on level {at % 9} of {experiment}"
    item("note", refs, text=text, role=role, about=[experiment], **more)
    if at % 4 == 0:
        item("note", refs, text=f"try width {at % 7 + 1} next", role="next", about=[experiment])
    if bad:
        return
    if at % 10 == 0:
        shown = item("hypothesis", refs, text=f"level {at % 9} helps", state="active")
        if at % 20 == 0:
            state = "falsified" if at % 40 == 0 else "supported"
            change = {
                "hypothesis": shown,
                "state": state,
                "why": "measured",
                "evidence": [experiment],
            }
            add("hypothesis-changed", {**change, "refs": refs})
    if at % 12 == 0:
        that, cited = f"loss({experiment}) < loss(baseline)", f"{experiment}.loss"
        item(
            "claim",
            {**refs, **base},
            text=f"lower: {{{{{cited}}}}}",
            predicate=that,
            experiments=[experiment],
        )
    if at % 600 == 0:
        that = f"loss(width={at % 7}, level=8) < loss(width={at % 7}, level=0)"
        item("claim", {}, text="over all studies", predicate=that)
    if at % 15 == 0:
        item("decision", refs, text=f"keep width {at % 7}", evidence=[experiment])
    if at % 50 == 0:
        change = {
            "target": run_id(experiment, 2),
            "field": "config.width",
            "value": 9,
            "why": "typed",
        }
        add("correction", {**change, "refs": {**refs}})
    if at % 70 == 0:
        add("retraction", {"target": experiment, "why": "wrong data", "refs": refs})
    if at % 300 == 0:
        item("update", {}, form="update", words={"change": "went on"}, labels={}, marker=f"m{at}")


if __name__ == "__main__":
    print(json.dumps(write(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
