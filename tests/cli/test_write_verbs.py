"""Writing down, through the real program: notes, decisions, hypotheses, corrections, retractions,
metrics."""

from __future__ import annotations

import json
import sys

import pytest

PY = sys.executable


def run(lab, value, *sets, repeat=1, metric="time_ms"):
    """A run that measures ``value`` (a JSON number, or several for repeats in a queue outside the
    repository)."""
    flags = [f for s in sets for f in ("--set", s)]
    return lab.json(
        "run",
        *flags,
        "--repeat",
        str(repeat),
        "--",
        PY,
        "-c",
        f"print('{{\"{metric}\": {value}}}')",
    )["data"]


def refused(lab, *args, code, exit_code):
    done = lab.run(*args, "--json")
    error = json.loads(done.stdout)["error"]
    assert (error["code"], done.returncode) == (code, exit_code), (args, error)
    return error


def body_of(lab, shown):
    return lab.json("show", shown)["data"]["body"]


def _two(lab):
    run(lab, 20, "block=64")
    run(lab, 10, "block=128")


@pytest.fixture
def two(as_built):
    return as_built(_two)


def test_note_forms_mean_the_same(two):
    for words in (("P-001", "slow"), ("slow", "--about", "P-001"), ("--about", "P-001", "slow")):
        made = two.json("note", *words)["data"]
        assert (made["about"], made["text"], made["role"]) == (["P-001"], "slow", "note")
    for words in (
        ("P-001", "--next-action", "try 256"),
        ("--next-action", "P-001", "try 256"),
        ("P-001", "try 256", "--next-action"),
    ):
        made = two.json("note", *words)["data"]
        assert (made["about"], made["text"], made["role"]) == (["P-001"], "try 256", "next")
    made = two.json("note", "P-002", "--negative", "trade-off", "more memory")["data"]
    assert (made["role"], made["reason_class"]) == ("negative", "trade-off")
    two.ok("note", "P-001", "more memory is fine")
    hits = two.json("tried", "memory")["data"]
    assert [h.get("reason_class") for h in hits] == ["trade-off", None]  # negative ones first
    assert "negative result (trade-off)" in two.run("tried", "memory").stdout
    shown = two.json("show", "P-001")["data"]
    assert len(shown["notes"]) == 7 and all(
        n["body"]["refs"]["P-001"] == shown["uid"] for n in shown["notes"]
    )


BAD_INPUT = [
    (("note", " "), "empty-text", 2),
    (("note", "P-001"), "empty-text", 2),
    (("note", "P-009", "x"), "unknown-id", 3),
    (("note", "--interpretation", "x"), "about-what", 2),
    (("note", "P-001", "--negative", "odd", "x"), "bad-reason-class", 2),
    (("decide", "go"), "no-evidence-named", 2),
    (("decide", " ", "--evidence", "P-001"), "empty-text", 2),
    (("decide", "go", "--evidence", "P-009"), "unknown-id", 3),
    (("hypothesis", "add", ""), "empty-text", 2),
    (("hypothesis", "add", "x", "--predict", "a b"), "bad-predicate", 2),
    (("hypothesis", "activate", "P-001"), "not-a-hypothesis", 2),
    (("hypothesis", "activate", "P-H9"), "unknown-id", 3),
    (("retract", "P-001"), "missing-field", 2),
    (("retract", "P-077", "--why", "x"), "unknown-id", 3),
    (("supersede", "P-001", "--by", "P-001", "--why", "x"), "same-thing", 2),
    (("supersede", "P-001", "--by", "P-002-r1", "--why", "x"), "not-of-one-kind", 2),
    (("supersede", "P-001", "--by", "P-002"), "missing-field", 2),
    (("correct", "P-001", "time_ms=3", "--why", "x"), "metric-is-measured", 5),
    (("correct", "P-001-r1", "metrics.time_ms=3", "--why", "x"), "metric-is-measured", 5),
    (("correct", "P-001", "config.block=65"), "missing-field", 2),
    (("correct", "P-001", "exit_code=0", "--why", "x"), "no-such-field", 2),
    (("correct", "P-001", "config.block", "--why", "x"), "bad-assignment", 2),
    (("correct", "demo", "colour=red"), "no-such-field", 2),
    (("correct", "demo", "goal=other"), "missing-field", 2),
    (("metric", "time_ms", "--direction", "higher"), "metric-defined-otherwise", 4),
    (("metric", "time_ms", "--direction", "sideways"), "bad-metric", 2),
    (("metric", "nothing"), "no-such-metric", 3),
    (("metric", "a b", "--unit", "ms"), "bad-metric", 2),
]


def test_takeaways_and_blockers_reach_the_issue(two):
    two.ok("note", "--takeaway", "Bigger is quicker", "--json")
    two.ok("note", "--blocker", "the node is down")
    assert two.json("note", "--takeaway", "It takes 17 ms")["error"]["code"] == "unbound-number"
    body = two.json("issue")["data"]["body"]
    assert "## For non-specialists\n\n- Bigger is quicker\n" in body
    assert "- **Blockers:** the node is down\n" in two.ok("update", "--heartbeat", "--dry-run")


def test_bad_input_is_refused_and_writes_nothing(two):
    records = two.repo / ".git" / "leadline" / "threads"
    before = {p: p.read_bytes() for p in records.rglob("*.jsonl")}
    for args, code, exit_code in BAD_INPUT:
        error = refused(two, *args, code=code, exit_code=exit_code)
        assert error["what"] and error["next"], error
    assert {p: p.read_bytes() for p in records.rglob("*.jsonl")} == before


def test_numbers_in_results_are_bound_or_refused(two):
    error = refused(
        two, "note", "P-002", "--result", "it takes 10.0 ms", code="unbound-number", exit_code=5
    )
    assert "{{P-002.time_ms.median}}" in error["what"] and "10.0 ms" in error["what"]
    assert error["next"][0] == ("leadline note P-002 --result 'it takes {{P-002.time_ms.median}}'")
    made = two.json("note", "P-002", "--result", "it takes {{P-002.time_ms}}")["data"]
    assert made["bound"] == {"P-002.time_ms": 10.0}
    refused(
        two, "decide", "go to 10.0 ms", "--evidence", "P-002", code="unbound-number", exit_code=5
    )
    reported = two.json(
        "note", "--result", "the paper says 8.5 ms", "--reported", "table 2 of the paper"
    )["data"]
    assert reported["reported"] == "table 2 of the paper"
    assert body_of(two, reported["id"])["reported"] == "table 2 of the paper"
    two.ok("note", "it took about 10.0 ms")  # a plain note is not a result


def test_decisions_rest_on_what_stands(two):
    two.run("run", "--set", "block=999", "--", "false")
    # a failed run as well
    made = two.json("decide", "--evidence", "P-002", "P-003-r1", "use block 128")["data"]
    assert (made["evidence"], made["owner"], made["text"]) == (
        ["P-002", "P-003-r1"],
        "Ada",
        "use block 128",
    )
    two.ok("retract", "P-002", "--why", "wrong machine")
    refused(two, "decide", "go", "--evidence", "P-002", code="evidence-withdrawn", exit_code=5)
    bare = two.json("decide", "call it fast", "--no-evidence", "a name only")["data"]
    assert body_of(two, bare["id"])["no_evidence"] == "a name only"


def test_hypothesis_states_need_their_fields(two):
    two.ok("hypothesis", "add", "bigger blocks are faster")
    for args in (("block", "P-H1"), ("falsify", "P-H1"), ("support", "P-H1")):
        assert refused(two, "hypothesis", *args, code="missing-field", exit_code=2)["next"][
            0
        ].startswith("leadline hyp")
    refused(
        two, "hypothesis", "promote", "P-H1", "--decision", "P-D1", code="illegal-move", exit_code=4
    )
    two.ok("hypothesis", "activate", "P-H1")
    two.ok("hypothesis", "block", "P-H1", "--until", "the node is back")
    assert two.json("hypothesis", "list")["data"][0]["until"] == "the node is back"
    two.run("run", "--set", "block=1", "--", "false")
    refused(
        two,
        "hypothesis",
        "support",
        "P-H1",
        "--evidence",
        "P-003",
        code="evidence-does-not-stand",
        exit_code=5,
    )
    refused(
        two, "hypothesis", "support", "P-H1", "--evidence", "P-H1", code="not-evidence", exit_code=2
    )
    two.ok("hypothesis", "support", "P-H1", "--evidence", "P-002")
    refused(two, "hypothesis", "promote", "P-H1", code="missing-field", exit_code=2)
    two.ok("decide", "use block 128", "--evidence", "P-H1")
    two.ok("hypothesis", "promote", "P-H1", "--decision", "P-D1")
    row = two.json("hypothesis", "list")["data"][0]
    assert (row["state"], row["decision"], row["evidence"]) == ("promoted", "P-D1", ["P-002"])


def test_a_prediction_has_a_say(two):
    two.ok(
        "hypothesis",
        "add",
        "bigger is slower",
        "--predict",
        "time_ms(block=128) > time_ms(block=64)",
    )
    error = refused(
        two,
        "hypothesis",
        "support",
        "P-H1",
        "--evidence",
        "P-002",
        code="prediction-says-otherwise",
        exit_code=5,
    )
    assert "10 ms" in error["details"]["arithmetic"]
    two.ok(
        "hypothesis", "falsify", "P-H1", "--evidence", "P-002", "--why", "it is the other way round"
    )
    assert two.json("hypothesis", "list")["data"][0]["state"] == "falsified"


def test_corrections_keep_the_old_value_and_change_the_view(two):
    done = two.json(
        "correct", "P-001", "config.block=65", "title=odd block", "--why", "read from the log"
    )["data"]
    assert [(c["target"], c["was"], c["now"]) for c in done["changes"]] == [
        ("P-001-r1", 64, 65),
        ("P-001", "block=64", "odd block"),
    ]
    shown = two.json("show", "P-001")["data"]
    assert shown["config"] == {"block": 65} and shown["title"] == "odd block"
    refused(
        two,
        "correct",
        "P-001",
        "config.block=65",
        "--why",
        "again",
        code="nothing-changed",
        exit_code=4,
    )
    two.ok("note", "P-001", "--result", "takes {{P-001.time_ms}}")
    two.ok("correct", "P-N1", "text=P-002 takes {{P-002.time_ms}}", "--why", "wrong id")
    assert body_of(two, "P-N1")["bound"] == {"P-002.time_ms": 10.0}
    refused(
        two,
        "correct",
        "P-N1",
        "text=takes 11.5 ms",
        "--why",
        "x",
        code="unbound-number",
        exit_code=5,
    )


def test_kickoff_fields_are_given_and_changed(two):
    two.ok("correct", "demo", "motivation=it is slow", "stop=three runs", "stop=or two weeks")
    two.ok("correct", "demo", "stop+=or no money", "success=size_mb:MB:lower")
    missing = {m["code"] for m in two.json("check", "kickoff")["data"]["missing"]}
    assert (
        "kickoff-motivation" not in missing
        and "kickoff-stop" not in missing
        and "kickoff-problem" in missing
    )
    assert two.run("check", "kickoff").returncode == 6
    two.ok("correct", "demo", "goal=find out more", "--why", "scope grew")
    assert "find out more" in two.ok("brief")
    assert "three runs" in two.ok("brief") and "or no money" in two.ok("brief")
    assert {"size_mb"} <= {m["name"] for m in two.json("metric")["data"]}


def test_retraction_names_what_rested_on_it(two):
    two.ok("baseline", "set", "P-001")
    two.ok(
        "claim",
        "block 128 is faster (n={{P-002.time_ms.n}})",
        "--that",
        "time_ms(P-002) < time_ms(baseline)",
    )
    two.ok("decide", "use block 128: {{P-002.time_ms}}", "--evidence", "P-C1")
    two.ok("hypothesis", "add", "bigger is faster")
    two.ok("hypothesis", "support", "P-H1", "--evidence", "P-002")
    two.ok("note", "P-002", "--result", "takes {{P-002.time_ms}}")
    done = two.json("retract", "P-002-r1", "--why", "another job ran")["data"]
    rests = {r["id"]: r for r in done["rests"]}
    assert (rests["P-C1"]["before"], rests["P-C1"]["after"]) == ("exploratory", "none")
    assert "P-C1" in rests["P-D1"]["after"] and "P-002" in rests["P-H1"]["after"]
    assert rests["P-N1"]["after"] == "no longer holds"
    refused(two, "retract", "P-002-r1", "--why", "again", code="already-retracted", exit_code=4)
    assert two.json("claims")["data"][0]["label"] == "none"
    first = two.json("retract", "P-001", "--why", "wrong build")["data"]["rests"]
    assert any(
        r["kind"] == "baseline" and r["after"] == "P-001 with 0 counting runs" for r in first
    )


def test_supersession_stops_counting(two):
    two.ok("supersede", "P-001", "--by", "P-002", "--why", "same with the fix")
    refused(two, "baseline", "set", "P-001", code="no-evidence", exit_code=5)
    refused(
        two, "supersede", "P-002", "--by", "P-001", "--why", "circle", code="withdrawn", exit_code=4
    )


def test_metric_definitions_grow_and_change_only_on_purpose(two):
    two.ok("metric", "time_ms", "--description", "wall time", "--reduce", "median")
    refused(
        two, "metric", "time_ms", "--reduce", "min", code="metric-defined-otherwise", exit_code=4
    )
    two.ok("metric", "time_ms", "--direction", "higher", "--redefine")
    row = two.json("metric", "time_ms")["data"][0]
    assert (row["direction"], row["reduce"], row["unit"], row["runs"]) == (
        "higher",
        "median",
        "ms",
        2,
    )
    assert row["description"] == "wall time"


def test_typing_over_what_the_command_says_lists_what_rested_on_it(thread_lab):
    """A tag may be corrected; a config value that the command contradicts makes the run reported."""
    thread_lab.write("b.py", "import sys; print('{\"loss\": %s}' % sys.argv[2])\n")
    for gpus, loss in (("1", "2.0"), ("8", "1.0")):
        sets = ("--set", f"gpus={gpus}", "--set", "room=a")
        thread_lab.ok("run", "--quiet", *sets, "--", PY, "b.py", f"gpus={gpus}", loss)
    thread_lab.ok("claim", "more gpus help", "--that", "loss(P-002) < loss(P-001)")
    tag = thread_lab.json("correct", "P-002", "config.room=b", "--why", "typo")["data"]
    assert tag["reported"] == {} and tag["rests"] == []
    done = thread_lab.json("correct", "P-002-r1", "config.gpus=1", "--why", "typo")
    said = "config.gpus was typed: 1, and its command says 8"
    assert done["data"]["reported"] == {"P-002-r1": said}
    assert done["data"]["rests"] == [
        {"id": "P-C1", "kind": "claim", "before": "exploratory", "after": "none"}
    ]
    assert f"reported: {said}" in thread_lab.ok("show", "P-002-r1")


def test_a_decision_may_say_what_is_next(two) -> None:
    told = two.ok("decide", "keep 128", "--evidence", "P-002", "--next", "try block 256")
    assert "next action about P-D1" in told
    assert "try block 256" in two.ok("next")
    # the one that takes its place says so
    told = two.ok("note", "--next-action", "look at the cache first")
    assert "in place of: try block 256 (P-N" in told
