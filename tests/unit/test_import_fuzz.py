"""Mutated tables: whatever they hold, an import takes each row or names it, and nothing breaks.
``LEADLINE_FUZZ=10000`` tries as many."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from pathlib import Path

import pytest

from leadline.adapters.extractors import registry
from leadline.adapters.results.tables import TableSource
from leadline.core.errors import LeadlineError
from leadline.core.extract.spec import FORMATS, parse_spec
from leadline.core.record.conform import field_misfit, free
from leadline.core.tracker.imported import Columns, FoundRun
from leadline.core.tracker.offered import offer
from leadline.ports.extractor import RunFiles
from leadline.services.structured_file import structured
from tests.conftest import SHARED_DATA
from tests.unit.test_offered_roles import LONG, LOOP, PAIRED, SERIES, SWEEP, TIMES
from tests.unit.test_reader_fuzz import mutated
from tests.unit.test_table_readers import HTML, LATEX, PRINTED

ROUNDS = int(os.environ.get("LEADLINE_FUZZ", "600"))
LEDGER = (
    "# by hand\n"
    '{"id": "x1", "ts": 1776724570309, "params": {"lr": "1e-3"}, "metrics": {"ev": -0.08, "n": 3}}\n'
    '{"id": "x2", "ts": "2026-05-02", "params": {"lr": 0.1}, "metrics": {"ev": null}, "status": "crash"}\n'
)
TEXTS = {"tsv": [LOOP, LONG, PAIRED], "csv": [SWEEP, TIMES], "jsonl": [SERIES, LEDGER]}
TEXTS["json"] = [json.dumps([json.loads(line) for line in LEDGER.splitlines()[1:]])]
BENCHMARKS = Path(__file__).parent.parent / "fixtures" / "benchmarks"
for kind in ("json", "csv"):
    TEXTS[kind] += [path.read_text() for path in sorted(BENCHMARKS.glob(f"*.{kind}"))]
TEXTS |= {"text": PRINTED, "latex": [LATEX], "html": [HTML]}
TEXTS["yaml"] = ["- {name: a, ms: 1.5, on: 2026-05-01}\n- {name: b, ms: 2.5}\n", *TEXTS["json"]]
TEXTS["csv"].append("model,acc\na,0.57 \u00b1 0.02\nb,0.5\n")
TEXTS["csv"] += [",acc,acc,loss\n,mean,std,mean\nmodel,,,\na,1,2,3\nb,2,3,4\n"]
SOURCES = [(kind, text.encode()) for kind, texts in TEXTS.items() for text in texts]
with sqlite3.connect(":memory:") as database:
    database.executescript(
        "CREATE TABLE r (a, ms REAL); INSERT INTO r VALUES ('x', 1.5), (2, NULL)"
    )
    SOURCES.append(("sqlite", database.serialize()))
if SHARED_DATA.is_dir():  # real ones, where they are
    SOURCES += [("tsv", path.read_bytes()) for path in sorted(SHARED_DATA.glob("**/*.tsv"))[:8]]
OF_RUNS = [(kind, data) for kind, data in SOURCES if f".{kind}" in FORMATS]


def roles_of(path: str, kind: str) -> Columns:
    """The columns as the offer for this very file has them."""
    found = TableSource(kind, structured).read(path, Columns({}, [], look_at=500))
    roles = offer([*dict.fromkeys(found.columns)], found.sample, {}, found.measured).roles
    columns = Columns({name: name for name in roles.pop("metrics", [])}, [*roles.pop("config", [])])
    for name, said in roles.items():
        setattr(columns.roles if hasattr(columns.roles, name) else columns, name, said)
    return columns


def check_record(run: FoundRun) -> None:
    """What becomes of a run is one that can be written and read again."""
    for field, value in (("config", run.config), ("told", run.told), ("argv", run.argv)):
        assert not field_misfit("RunPlannedBody", field, value)
    for field, value in (("metrics", run.metrics), ("nonfinite", run.nonfinite)):
        assert not field_misfit("RunEndedBody", field, value)
    assert free(run.excerpts)
    said = [run.config, run.told, run.argv, run.metrics, run.reason, run.commit, run.name]
    json.dumps(said, allow_nan=False).encode()
    assert "\\ud8" not in json.dumps(said) and "\\u0000" not in json.dumps(said)


@pytest.mark.parametrize("shard", range(4))
def test_a_mutated_table_is_taken_or_refused_in_words(shard: int, tmp_path: Path) -> None:
    chance = random.Random(shard)
    taken = 0
    for _ in range(ROUNDS // 4):
        kind, data = chance.choice(SOURCES)
        path = tmp_path / f"t.{kind}"
        path.write_bytes(mutated(data, chance))
        try:
            found = TableSource(kind, structured).read(str(path), roles_of(str(path), kind))
        except LeadlineError as error:
            assert error.what and error.next
            continue
        taken += len(found.runs)
        json.dumps(found.report(), allow_nan=False)
        for run in found.runs:
            check_record(run)
    assert taken


@pytest.mark.parametrize("shard", range(2))
def test_a_mutated_table_of_a_run_is_a_result_and_never_an_error(
    shard: int, tmp_path: Path
) -> None:
    chance = random.Random(100 + shard)
    for _ in range(ROUNDS // 4):
        kind, data = chance.choice(OF_RUNS)
        (tmp_path / f"t.{kind}").write_bytes(mutated(data, chance))
        result = registry.load("file").read(parse_spec(f"t.{kind}"), RunFiles(str(tmp_path)), {})
        json.dumps(result.as_dict(), allow_nan=False)
        assert not field_misfit("RunEndedBody", "metrics", result.metrics)
