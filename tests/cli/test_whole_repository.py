"""A repository that an earlier Leadline wrote is read, continued and verified by this one."""

from __future__ import annotations

import shlex
import sqlite3
import tarfile
from pathlib import Path

import pytest

from leadline.adapters.store.index import SCHEMA_VERSION
from leadline.core.evidence.found import RULES
from tests.conftest import Lab, sealed_environment

ARCHIVE = (
    Path(__file__).resolve().parents[1] / "fixtures" / "records" / "whole" / "repository.tar.xz"
)


@pytest.fixture
def old(tmp_path: Path) -> Lab:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return Lab(tmp_path / "repository", sealed_environment(tmp_path / "home"))


def schema(lab: Lab) -> int:
    with sqlite3.connect(lab.repo / ".git" / "leadline" / "index.sqlite") as db:
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
    db.close()
    return version


def test_what_was_written_is_read(old: Lab) -> None:
    assert schema(old) < SCHEMA_VERSION
    status = old.json("status")
    assert (status["data"]["prefix"], status["data"]["baseline"]) == ("P", "P-B1")
    assert {k: status["counts"][k] for k in ("experiments", "runs", "claims", "records")} == {
        "experiments": 8,
        "runs": 12,
        "claims": 1,
        "records": 45,
    }
    rows = {row["id"]: row for row in old.json("status", "--runs")["data"]}
    assert list(rows) == [
        *(f"P-00{experiment}-r{repeat}" for experiment in (1, 2) for repeat in (1, 2, 3)),
        *(f"P-00{number}-r1" for number in (3, 4, 5, 6)),
        "P-006b-r1",
        "P-007-r1",
    ]
    assert rows["P-001-r1"]["title"] == "level one, corrected"
    assert rows["P-006-r1"]["config"] == {"m": "bob"}
    assert rows["P-006b-r1"]["config"] == {"m": "eve"}
    assert rows["P-005-r1"]["retracted"] == "retracted" and rows["P-003-r1"]["state"] == "failed"
    assert rows["P-002-r1"]["metrics"] == {"time_ms": 16.0, "size": 104.0, "gain": 1.1875}
    assert schema(old) == SCHEMA_VERSION
    claim = old.json("claims")["data"][0]
    assert (claim["id"], claim["label"]) == ("P-C1", "exploratory")
    assert claim["sentence_short"].startswith("exploratory: time_ms of P-002 (level=4) is ")
    assert old.json("show", "P-C1")["data"]["sentence_short"] == claim["sentence_short"]
    assert "P-C1" in old.ok("brief") and "level 4" in old.ok("show", "P-C1")
    assert "P-N2b" in old.ok("show", "P-N2b") and old.json("tried", "eve")["ok"]
    assert old.json("sweep", "show", "P-W1")["ok"]
    assert old.run("verify").returncode == 0


def test_a_label_by_earlier_rules_is_named_until_an_update_tells_of_it(old: Lab) -> None:
    told = f"P-C1 was replicated by rules 1, is exploratory by rules {RULES}: "
    for verb in ("brief", "status"):
        assert told in old.ok(verb), verb
    assert told in old.ok("update", "--dry-run")
    assert old.ok("update") and told not in old.ok("brief") + old.ok("status")


def test_a_seal_holds_by_the_rules_that_it_was_made_by(old: Lab) -> None:
    found = old.json("verify")["data"]
    assert found["faults"] == []
    [note] = [n for n in found["notes"] if n["code"] == "other-rules"]
    assert note["what"] == (
        f"P-C1 is sealed as replicated by rules 1; computed otherwise under rules {RULES}: exploratory"
    )
    old.ok("seal", "again")
    notes = old.json("verify")["data"]["notes"]
    assert [n["where"] for n in notes if n["code"] == "other-rules"] == [note["where"]]


def test_it_goes_on_from_there(old: Lab) -> None:
    assert old.json("note", "goes on")["data"]["id"] == "P-N3"
    # its program was edited since, so that another run of it is another experiment
    error = old.json("run", "--experiment", "P-002")["error"]
    assert error["code"] == "program-changed"
    assert old.json(*shlex.split(error["next"][0])[1:])["ok"]
    assert old.json("run", "--set", "level=6", "--", "true")["ok"]
    rows = old.json("status", "--runs")["data"]
    assert [row["id"] for row in rows][-2:] == ["P-008-r1", "P-009-r1"]
    assert rows[-2]["metrics"]["gain"] == 1.1875
    assert old.json("correct", "P-007-r1", "config.level=7", "--why", "typo")["ok"]
    assert old.json("status", "--where", "config.level=7")["counts"]["runs"] == 1
    sealed = old.json("seal", "--message", "further")
    assert sealed["ok"] and old.git("tag", "-l", "leadline/demo/S2")
    done = old.json("verify")
    assert done["ok"] and done["data"]["faults"] == [], done
