"""Runs for tests of the verbs that judge them: real ones, and recorded ones whose machine is known
to be quiet.

A verdict depends on whether something else used the machine, so that a test of verdicts over real
runs would test the machine it runs on.
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise

import pytest

from leadline.core.config import parse_value
from leadline.testing.builders import ThreadBuilder

PY = sys.executable
EMIT = (
    "import os, pathlib; q = pathlib.Path(os.environ['QUEUE']); v = q.read_text().split(); "
    "q.write_text(' '.join(v[1:])); print('{\"METRIC\": %s}' % v[0])"
)
CODE = {"tree": "7" * 40, "commit": "8" * 40, "head": "8" * 40, "dirty": False, "gaps": []}


@pytest.fixture
def queued(thread_lab, tmp_path, request):
    """(lab, run): real runs that measure what a queue outside the repository holds; one command,
    other values; what is set is told to the command. Like ``recorded``, of a result (``MEASURED`` of
    the test's module is another name): what the machine moves is judged in turns only."""
    metric = getattr(request.module, "MEASURED", "loss")
    thread_lab.ok("metric", metric, "--direction", "lower")
    emit = EMIT.replace("METRIC", metric)
    queue = tmp_path / "queue"
    thread_lab.env["QUEUE"] = str(queue)

    def run(values, *args):
        queue.write_text(" ".join(map(str, values)))
        told = [value for option, value in pairwise(args) if option == "--set"]
        command = [] if "--experiment" in args else ["--", PY, "-c", emit, *told]
        done = thread_lab.json("run", "--repeat", str(len(values)), *args, *command)
        return done["data"]["experiment"]

    return thread_lab, run


@pytest.fixture
def recorded(thread_lab, request):
    """(lab, run) as ``queued``, with the records of runs on a quiet machine written beside the
    program's own."""
    metric = getattr(request.module, "MEASURED", "loss")
    thread_lab.ok("metric", metric, "--direction", "lower")
    builder = ThreadBuilder("demo", "P", started=False)
    folder = thread_lab.repo / ".git" / "leadline" / "threads" / "demo" / "events"

    def run(values, *args):
        pairs = list(zip(args[::2], args[1::2], strict=True))
        config = dict(v.split("=", 1) for k, v in pairs if k == "--set")
        experiment = next((v for k, v in pairs if k == "--experiment"), "")
        written = len(builder.records)
        for value in values:
            builder.now_ms = max(builder.now_ms, time.time_ns() // 1_000_000)
            known = isinstance(value, (int, float))
            shown = builder.run(
                "",
                {metric: value} if known else {},
                {k: parse_value(v) for k, v in config.items()},
                experiment=experiment,
                code=CODE,
                minutes=0,
                wall_s=0.0,
                ended={} if known else {"nonfinite": {metric: str(value)}},
            )
            experiment = shown.rpartition("-r")[0]
        with open(folder / "wother-1.jsonl", "ab") as file:
            file.write(b"".join(record.line() for record in builder.records[written:]))
        return experiment

    return thread_lab, run
