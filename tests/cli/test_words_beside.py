"""One command records one experiment whole: what was expected, the runs, what was found."""

from __future__ import annotations

import shlex
import sys

import pytest

CELL = (sys.executable, "-c", "print('{\"time_ms\": 3.0}')")
BY_K = (sys.executable, "-c", "print('{{\"time_ms\": {k}}}')")


def test_a_run_carries_its_expectation_and_what_was_found(thread_lab):
    lab = thread_lab
    lab.ok("run", "--why", "wider is faster", "--note", "it takes {{this.time_ms}}", "--", *CELL)
    assert "wider is faster" in lab.ok("show", "P-001")
    note = lab.json("show", "P-N1")["data"]["body"]
    assert note["about"] == ["P-001"] and note["role"] == "interpretation"
    assert note["text"] == "it takes {{P-001.time_ms}}" and note["bound"] == {"P-001.time_ms": 3.0}
    assert "**Hypothesis:** wider is faster" in lab.ok("logbook")


def test_an_expectation_with_a_prediction_is_a_hypothesis_written_before_its_runs(thread_lab):
    lab = thread_lab
    words = ("--why", "small is fast", "--predict", "time_ms(k=5) <= 5")
    assert lab.run("sweep", "--axis", "k=5,6", *words, "--", *BY_K).returncode == 0
    (made,) = lab.json("hypothesis", "list")["data"]
    assert (made["id"], made["state"], made["text"]) == ("P-H1", "active", "small is fast")
    assert made["experiments"] == ["P-001", "P-002"]
    alone = lab.run("run", "--predict", "time_ms(k=5) <= 5", "--", *CELL)
    assert alone.returncode == 2 and "--why" in alone.stderr


def test_a_sweep_and_a_measurement_in_turns_are_noted_as_one_thing(thread_lab):
    lab = thread_lab
    swept = lab.run(
        "sweep", "--axis", "k=5,6", "--why", "w", "--note", "down to {{best.time_ms}}", "--", *BY_K
    )
    assert swept.returncode == 0, swept.stderr
    assert list(lab.json("show", "P-N1")["data"]["body"]["bound"].values()) == [5.0]
    assert lab.json("show", "P-W1")["data"]["body"]["expected"] == "w"
    noted = ("--note", "{{this.blocks}} blocks: {{b.time_ms / a.time_ms}}")
    done = lab.json(
        "ab", "--blocks", "1", "--warmup", "0", *noted, "--a", "k=5", "--b", "k=6", "--", *BY_K
    )
    assert done["data"]["note"] == {"id": "P-N2"}
    note = lab.json("show", "P-N2")["data"]["body"]
    assert note["about"] == ["P-I1"]
    assert sorted(note["bound"].values()) == [1.0, 1.2]


@pytest.mark.parametrize(
    ("text", "program", "left"),
    [
        ("it takes 3.0 ms", CELL, "leadline note P-001 --interpretation"),
        ("it takes {{this.loss}}", CELL, "leadline note P-001 --interpretation"),
        ("it works", (sys.executable, "-c", "raise SystemExit(3)"), "no run of P-001 is done"),
    ],
)
def test_a_note_that_is_refused_stays_a_draft_and_the_run_stays(thread_lab, text, program, left):
    lab = thread_lab
    done = lab.run("run", "--note", text, "--", *program)
    assert done.returncode == (3 if "SystemExit" in program[-1] else 0)
    assert left in done.stderr
    assert lab.json("show", "P-001")["ok"]
    kept = (lab.repo / ".git" / "leadline" / "drafts" / "note.md").read_text()
    assert kept.strip() == text.replace("this", "P-001")


def test_the_command_that_is_left_of_a_typed_number_records_the_note(thread_lab):
    lab = thread_lab
    done = lab.json("run", "--note", "it takes 3.0 ms", "--", *CELL)
    (command,) = done["next"]
    assert done["data"]["note"]["refused"] == "unbound-number"
    lab.ok(*shlex.split(command)[1:])
    assert "P-001.time_ms" in lab.json("show", "P-N1")["data"]["body"]["text"]


def test_a_note_in_checkable_form_is_a_claim_and_one_with_a_class_a_negative_result(thread_lab):
    lab = thread_lab
    words = ("--note", "it ends in time", "--that", "time_ms(this) <= 4")
    assert lab.json("run", *words, "--", *CELL)["data"]["note"] == {"id": "P-C1"}
    assert lab.json("show", "P-C1")["data"]["body"]["predicate"] == "time_ms(P-001) <= 4.0"
    lab.ok("run", "--set", "k=2", "--note", "no help", "--negative", "valid-negative", "--", *CELL)
    note = lab.json("show", "P-N1")["data"]["body"]
    assert (note["role"], note["reason_class"], note["about"]) == (
        "negative",
        "valid-negative",
        ["P-002"],
    )
    for wrong in (("--that", "time_ms(this) <= 4"), ("--note", "x", "--negative", "bad-luck")):
        before = lab.json("status")["counts"]
        assert lab.run("run", *wrong, "--", *CELL).returncode == 2
        assert lab.json("status")["counts"] == before


def test_a_run_is_the_first_baseline_and_a_better_side_the_next(thread_lab):
    lab = thread_lab
    noisy = (
        sys.executable,
        "-c",
        "import time; print('{{\"time_ms\": %f}}' % ({k} + time.time() %% 0.1))".replace("%%", "%"),
    )
    base = [word.format(k=9) for word in noisy]
    lab.ok("run", "--set", "k=9", "--repeat", "3", "--baseline", "as it ships", "--", *base)
    lab.ok("run", "--set", "k=2", "--repeat", "3", "--", *[word.format(k=2) for word in noisy])
    moved = lab.json(
        "ab", "baseline", "P-002", "--blocks", "3", "--warmup", "0", "--baseline", "faster"
    )
    assert moved["data"]["baseline"] == {"id": "P-B2"}, moved["data"]["baseline"]
    stays = lab.json("run", "--experiment", "P-001", "--baseline", "again", "--")
    assert stays["data"]["baseline"]["refused"] == "baseline-stays"
    assert stays["next"] and lab.json("baseline", "show")["data"]["id"] == "P-B2"


def test_what_is_withdrawn_for_its_fault_is_a_negative_result_written_once(thread_lab):
    lab = thread_lab
    lab.ok("run", "--", *CELL)
    why = "the wall clock is useless here: {{P-001.time_ms}} in one run"
    lab.ok("retract", "P-001", "--negative", "invalid-test", "--why", why)
    assert lab.json("show", "P-N1")["data"]["body"]["reason_class"] == "invalid-test"
    assert lab.json("show", "P-001")["data"]["retracted"] == why


def test_a_decision_and_a_claim_take_the_place_of_another(thread_lab):
    lab = thread_lab
    lab.ok("run", "--", *CELL)
    for text, more in (("keep it", ()), ("ship it", ("--supersedes", "P-D1"))):
        lab.ok("decide", text, "--evidence", "P-001", *more)
    assert lab.json("show", "P-D1")["data"]["superseded_by"] == "P-D2"
    claimed = ("claim", "it ends in time", "--that", "time_ms(P-001) <= 4")
    assert lab.run(*claimed, "--supersedes", "P-D2").returncode == 2
    assert lab.json("claims")["data"] == []
    lab.ok(*claimed)
    lab.ok(*claimed[:2], "--that", "time_ms(P-001) <= 5", "--supersedes", "P-C1")
    assert lab.json("show", "P-C1")["data"]["superseded_by"] == "P-C2"


def test_the_baseline_measured_again_by_an_edited_ruler_is_the_baseline(thread_lab):
    lab = thread_lab
    lab.write("bench.py", "print('{\"time_ms\": 3.0}')\n")
    lab.git("add", "bench.py")
    lab.git("commit", "-qm", "bench")
    lab.ok("measure", "protect", "bench.py")
    lab.ok("run", "--baseline", "as it ships", "--", sys.executable, "bench.py")
    lab.write("bench.py", "print('{\"time_ms\": 4.0}')\n")
    done = lab.run("measure", "again", "P-001", "--baseline", "another timer")
    assert done.returncode == 0, done.stdout + done.stderr
    assert lab.json("baseline", "show")["data"]["experiment"] == "P-002"


def test_the_baseline_measured_again_without_a_word_of_it_is_compared_as_any_other(thread_lab):
    lab = thread_lab
    lab.write("bench.py", "print('{\"time_ms\": 3.0}')\n")
    lab.git("add", "bench.py")
    lab.git("commit", "-qm", "bench")
    lab.ok("measure", "protect", "bench.py")
    lab.ok("run", "--baseline", "as it ships", "--", sys.executable, "bench.py")
    lab.write("bench.py", "print('{\"time_ms\": 4.0}')\n")
    lab.ok("run", "--set", "k=2", "--", sys.executable, "bench.py")
    done = lab.json("measure", "again", "P-001")
    assert done["next"] == ["leadline compare P-003 P-002 --axis code"]
    assert lab.json("baseline", "show")["data"]["experiment"] == "P-001"


def test_an_override_without_its_reason_is_typed_out(thread_lab):
    lab = thread_lab
    lab.ok("run", "--", *CELL)
    said = lab.run("decide", "keep it", "--evidence", "P-001", "--override", "overclaim", "").stderr
    assert "next: leadline decide 'keep it' --evidence P-001 --override overclaim WHY" in said
