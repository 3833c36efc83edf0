"""Fill a thread with many records, all at once: `python benchmarks/populate.py REPO TOPIC RUNS
NOTES`.

The records are copies of ones that Leadline wrote itself (one real run, one note), with other ids
and values, appended in one transaction: their size and shape are real, and 10,000 of them take
seconds. Run as a program of its own, because the peak memory of what the benchmark starts counts
the memory of its parent.
"""

from __future__ import annotations

import random
import sys
from typing import Any

from leadline.bootstrap import open_context
from leadline.core.ids import experiment_id, named_id, run_id


def populate(repository: str, topic: str, runs: int, notes: int) -> int:
    """Append ``runs`` planned and ended runs (three repeats an experiment) and ``notes`` notes;
    returns the records."""
    store = open_context(repository).store
    records = store.records(topic)
    planned, ended, note = (
        next(r.body for r in records if r.kind == kind)
        for kind in ("run-planned", "run-ended", "note")
    )
    prefix = store.thread(topic).prefix
    rng = random.Random(20240229)
    with store.transaction(topic) as writing:
        experiment = uid = ""
        number, first = writing.next_number("experiment"), writing.next_number("note")
        for at in range(runs):
            own = writing.new_uid()
            if at % 3 == 0:
                experiment, uid = experiment_id(prefix, number + at // 3), own
            name = run_id(experiment, at % 3 + 1)
            writing.add("run-planned", _planned(planned, name, experiment, uid, at))
            writing.add(
                "run-ended",
                {
                    **ended,
                    "run": name,
                    "refs": {name: own, experiment: uid},
                    "metrics": {"loss": 1 / (1 + at % 9) + rng.gauss(0, 0.01)},
                },
            )
        for at in range(notes):
            writing.add(
                "note",
                {
                    **note,
                    "id": named_id(prefix, "note", first + at),
                    "text": f"observation {at} on level {at % 9}",
                    "about": [],
                    "refs": {},
                },
            )
    return len(records) + 2 * runs + notes


def _planned(body: dict[str, Any], name: str, experiment: str, uid: str, at: int) -> dict[str, Any]:
    return {
        **body,
        "id": name,
        "experiment": experiment,
        "experiment_uid": uid,
        "repeat": at % 3 + 1,
        "config": {"level": at // 3 % 9, "seed": at % 3},
        "refs": {experiment: uid},
        "key": f"sha256:{at:064x}",
    }


if __name__ == "__main__":
    print(populate(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
