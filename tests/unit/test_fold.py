"""The fold is a function of the set of records; ids that clash get letters; old files are read for
ever."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.core.errors import LeadlineError
from leadline.core.record import event as records
from leadline.core.record.event import BadLine, Record, check_chain, parse_line
from leadline.core.record.fold import fold
from leadline.core.record.kinds import KINDS
from leadline.core.record.thread import Thread
from leadline.core.ulid import encode
from leadline.testing.builders import ThreadBuilder
from tests.chance import examples

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "records"


def seen(thread: Thread) -> Any:
    """Everything a reader can see of a thread, as comparable text."""
    return json.dumps(
        {
            "experiments": [
                (
                    e.id,
                    e.title,
                    e.state,
                    [(r.id, r.uid, r.state, r.metrics, r.retracted) for r in e.runs],
                    [n.id for n in e.notes],
                )
                for e in thread.experiments.values()
            ],
            "items": [
                (i.id, i.kind, i.body, i.retracted, i.superseded_by) for i in thread.items.values()
            ],
            "about": thread.about,
            "prefix": thread.prefix,
            "clashes": sorted(map(str, thread.uids.items())),
            "count": thread.record_count,
            "issue": [thread.issue.state, thread.issue.body, thread.issue.comments],
            "malformed": thread.malformed,
            "last": thread.last_id,
        },
        sort_keys=True,
        default=str,
    )


def at(ms: int, salt: int, kind: str, body: dict[str, Any], writer: str) -> Record:
    return Record(encode(ms, salt), "2026-01-01T00:00:00.000Z", "t", writer, kind, "Ada", body, "")


@st.composite
def machines(draw: st.DrawFn) -> list[list[Record]]:
    """Up to three machines that write apart, each numbering by itself: ids clash."""
    made = []
    for machine in range(draw(st.integers(1, 3))):
        mine: list[Record] = [
            at(0, machine, "thread-started", {"prefix": "P", "goal": f"g{machine}"}, f"w{machine}")
        ]
        numbers = {"note": 0, "claim": 0, "run": 0}
        letters = {"note": "N", "claim": "C"}
        for step in range(draw(st.integers(0, 8))):
            kind = draw(
                st.sampled_from(["note", "claim", "run", "end", "retract", "correct", "odd"])
            )
            ms = draw(st.integers(1, 50)) * 100 + step
            salt = machine * 1000 + step
            if kind in letters:
                numbers[kind] += 1
                mine.append(
                    at(
                        ms,
                        salt,
                        kind,
                        {
                            "id": f"P-{letters[kind]}{numbers[kind]}",
                            "text": f"{machine}/{step}",
                            "about": ["P-001"],
                        },
                        f"w{machine}",
                    )
                )
            elif kind == "run":
                numbers["run"] += 1
                mine.append(
                    at(
                        ms,
                        salt,
                        "run-planned",
                        {
                            "id": f"P-{numbers['run']:03d}-r1",
                            "argv": ["x"],
                            "experiment": f"P-{numbers['run']:03d}",
                        },
                        f"w{machine}",
                    )
                )
            elif kind == "odd":
                mine.append(
                    at(
                        ms,
                        salt,
                        draw(st.sampled_from(["correction", "metric-defined", "future-kind"])),
                        {"target": "P-N1"},
                        f"w{machine}",
                    )
                )
            else:
                target = draw(st.sampled_from(mine))
                name = str(target.body.get("id", "P-001"))
                body = {
                    "run": name,
                    "target": name,
                    "refs": {name: target.id},
                    "state": "done",
                    "metrics": {"m": float(step)},
                    "field": "text",
                    "value": f"v{step}",
                    "why": "because",
                }
                mine.append(
                    at(
                        ms,
                        salt,
                        {"end": "run-ended", "retract": "retraction", "correct": "correction"}[
                            kind
                        ],
                        body,
                        f"w{machine}",
                    )
                )
        made.append(mine)
    return made


@settings(max_examples=examples(150), deadline=None)
@given(machines(), st.randoms(use_true_random=False))
def test_order_and_duplicates_do_not_matter(
    written: list[list[Record]], rng: random.Random
) -> None:
    union = [r for machine in written for r in machine]
    expected = seen(fold(union))
    shuffled = union + rng.sample(union, rng.randint(0, len(union)))
    rng.shuffle(shuffled)
    assert seen(fold(shuffled)) == expected
    assert seen(fold(reversed(union))) == expected


@settings(max_examples=examples(100), deadline=None)
@given(machines())
def test_nothing_is_dropped_and_no_id_is_shown_twice(written: list[list[Record]]) -> None:
    union = [r for machine in written for r in machine]
    thread = fold(union)
    assert thread.record_count == len({r.id for r in union})
    created = [r.id for r in union if r.kind in ("note", "claim")]
    assert sorted(i.uid for i in thread.items.values()) == sorted(created)
    runs = [r.id for r in thread.runs]
    assert len(runs) == len(set(runs)) == sum(r.kind == "run-planned" for r in union)


@settings(max_examples=examples(60), deadline=None)
@given(machines())
def test_the_first_by_time_keeps_its_id(written: list[list[Record]]) -> None:
    union = sorted((r for machine in written for r in machine), key=lambda r: r.id)
    thread = fold(union)
    for kind in ("note", "claim"):
        firsts: dict[str, str] = {}
        for record in union:
            if record.kind == kind:
                firsts.setdefault(record.body["id"], record.id)
        for shown, uid in firsts.items():
            assert thread.items[shown].uid == uid


def test_clashes_get_letters_and_references_follow() -> None:
    a = at(1000, 1, "run-planned", {"id": "P-001-r1", "experiment": "P-001", "argv": ["a"]}, "wa")
    b = at(2000, 2, "run-planned", {"id": "P-001-r1", "experiment": "P-001", "argv": ["b"]}, "wb")
    again = at(
        2500,
        3,
        "run-planned",
        {"id": "P-001-r2", "experiment": "P-001", "experiment_uid": b.id, "argv": ["b"]},
        "wb",
    )
    ended = at(
        3000,
        4,
        "run-ended",
        {
            "run": "P-001-r1",
            "refs": {"P-001-r1": b.id, "P-001": b.id},
            "state": "done",
            "metrics": {"m": 2.0},
        },
        "wb",
    )
    about = at(
        3500,
        5,
        "note",
        {"id": "P-N1", "text": "on b", "about": ["P-001"], "refs": {"P-001": b.id}},
        "wb",
    )
    for order in ([a, b, again, ended, about], [about, ended, again, b, a]):
        thread = fold(order)
        assert list(thread.experiments) == ["P-001", "P-001b"]
        assert [r.id for r in thread.experiments["P-001b"].runs] == ["P-001b-r1", "P-001b-r2"]
        assert (
            thread.find("P-001b-r1").state == "done" and thread.find("P-001-r1").state == "planned"
        )  # type: ignore[union-attr]
        assert [n.text for n in thread.experiments["P-001b"].notes] == ["on b"]
        assert thread.experiments["P-001"].notes == []


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("run-ended", {"run": "P-001-r1", "state": "done", "metrics": {"m": 9.0}}),
        ("retraction", {"target": "P-001-r1", "why": "wrong"}),
        ("retraction", {"target": "P-001", "why": "wrong"}),
        ("correction", {"target": "P-001-r1", "field": "config.x", "value": 2}),
        ("supersession", {"target": "P-001", "by": "P-002"}),
        ("note", {"id": "P-N1", "text": "about it", "about": ["P-001"]}),
        ("baseline", {"id": "P-B1", "experiment": "P-001"}),
        ("tracker-run", {"run": "P-001-r1", "tracker": {"state": "finished"}}),
    ],
)
def test_what_is_said_of_another_machines_thing_waits_for_it(
    kind: str, says: dict[str, Any]
) -> None:
    """It names that by ULID; the one that has its id here is another."""
    here = at(1000, 1, "run-planned", {"id": "P-001-r1", "experiment": "P-001"}, "wa")
    there = at(2000, 2, "run-planned", {"id": "P-001-r1", "experiment": "P-001"}, "wb")
    refs = {"P-001-r1": there.id, "P-001": there.id}
    said = at(3000, 3, kind, {**says, "refs": refs}, "wb")
    apart = fold([here, said])
    alone = fold([here])
    assert apart.experiments == alone.experiments and apart.malformed == []
    assert apart.baseline_experiment is None
    whole = fold([here, there, said])
    assert whole.experiments["P-001"] == alone.experiments["P-001"]
    assert whole.experiments["P-001b"] != fold([here, there]).experiments["P-001b"] or (
        whole.baseline_experiment is whole.experiments["P-001b"]
    )


@pytest.mark.parametrize(
    ("kind", "says", "told"),
    [
        ("correction", {"target": "P-C1", "field": "experiments", "value": 7}, "experiments is 7"),
        ("correction", {"target": "P-001-r1", "field": "hardware.gpus", "value": "x"}, "gpus is"),
        ("thread-changed", {"field": "goal", "value": ["x"]}, "goal is a list, not a text"),
        ("thread-changed", {"field": "goal", "value": "x", "mode": "add"}, "goal is a list"),
        ("thread-changed", {"field": "stop", "value": 5}, "stop is 5, not a list"),
    ],
)
def test_a_change_to_what_nothing_declares_is_left_out(
    kind: str, says: dict[str, Any], told: str
) -> None:
    b = ThreadBuilder()
    b.run("base", {"time_ms": 10.0})
    b.claim("it takes 10 ms", experiments=["P-001"])
    before = seen(b.thread())
    b.record(kind, says)
    (found,) = b.thread().malformed
    assert (
        told in found["what"]
        and json.loads(before)["items"] == json.loads(seen(b.thread()))["items"]
    )
    assert b.thread().about == fold(b.records[:-1]).about


def test_a_corrected_fact_that_is_declared_a_text_is_one() -> None:
    b = ThreadBuilder()
    run = b.run("base", {"time_ms": 10.0})
    b.correct(run, "software.python", 3.11)
    b.correct(run, "environment.OMP_NUM_THREADS", 8)
    b.correct(run, "config.block", 8)
    (found,) = b.thread().runs
    assert found.software["python"] == "3.11" and found.environment == {"OMP_NUM_THREADS": "8"}
    assert found.config["block"] == 8 and b.thread().malformed == []


def test_what_a_run_loaded_stands_beside_the_software_of_its_plan() -> None:
    b = ThreadBuilder()
    b.run("one", {"ms": 5.0})
    planned = next(r for r in b.records if r.kind == "run-planned").body
    ended = next(r for r in b.records if r.kind == "run-ended")
    ended.body["loaded"] = {"mpi": "libmpi.so.40.1 (build 1f)"}
    (run,) = fold(b.records).runs
    assert run.software == {**planned["software"], "loaded": ended.body["loaded"]}


def test_two_lines_of_one_id_give_the_same_thread_in_any_order() -> None:
    true = at(1000, 1, "note", {"id": "P-N1", "text": "aaa"}, "w")
    changed = at(1000, 1, "note", {"id": "P-N1", "text": "bbb"}, "w")
    assert seen(fold([true, changed])) == seen(fold([changed, true]))


@pytest.mark.parametrize(
    "body", [{}, {"name": 3, "unit": []}, {"field": None, "target": "P-N1"}, {"metrics": 7}]
)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_body_makes_a_thread_unreadable(kind: str, body: dict[str, Any]) -> None:
    note = at(1, 1, "note", {"id": "P-N1", "text": "kept"}, "w")
    bad = at(2, 2, kind, body, "w")
    after = at(3, 3, "note", {"id": "P-N2", "text": "kept too"}, "w")
    thread = fold([note, bad, after])
    assert thread.record_count == 3 and {"P-N1", "P-N2"} <= set(thread.items)


def test_a_builder_thread_survives_being_dealt_to_writers() -> None:
    build = ThreadBuilder()
    first = build.run("base", {"time_ms": 10.0}, {"block": 8})
    build.repeat(first, {"time_ms": 11.0}, {"time_ms": 10.5})
    build.baseline("P-001")
    build.note("looks stable", about=["P-001"], role="interpretation")
    build.claim("it takes {{P-001.time_ms}}", experiments=["P-001"])
    whole = build.thread()
    assert not whole.malformed and whole.baseline is not None
    dealt = [r for i in range(3) for r in build.records[i::3]]
    assert seen(fold(dealt, build.topic)) == seen(whole)


# -- versions --------------------------------------------------------------------------------------


def test_records_of_version_1_are_read_for_ever() -> None:
    path = FIXTURES / "v1" / "demo" / "w1fixture-1.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    parsed, faults = check_chain([(f"{i}", line) for i, line in enumerate(lines)])
    assert faults == [] and len(parsed) == 17
    thread = fold(parsed)
    assert thread.malformed == [] and thread.unknown_kinds == {"some-later-kind": 1}
    assert thread.prefix == "P" and thread.metrics["time_ms"].unit == "ms"
    first, second = thread.experiments["P-001"].runs
    assert (first.state, first.metrics, first.nonfinite) == (
        "done",
        {"time_ms": 12.5},
        {"loss": "NaN"},
    )
    assert (second.state, second.reason) == ("failed", "it broke")
    assert thread.baseline_experiment is thread.experiments["P-001"]
    assert (
        thread.items["P-N1"].text == "size matters"
        and thread.items["P-C1"].retracted == "one run only"
    )
    assert thread.experiments["P-001"].hypotheses == ["P-H1"]
    assert thread.issue.state == "open" and thread.issue.comments[0]["text"] == "started"
    assert thread.finishes[0]["conclusion"] == "done for now"
    # canonical form is unchanged, so chains go on over it
    assert [r.line() for r in parsed] == lines


def test_an_older_version_goes_through_every_upcaster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "CURRENT_VERSION", 3)
    old = json.loads(at(1, 1, "note", {"txt": "x"}, "w").line())
    table = {
        1: lambda e: {**e, "v": 2, "body": {"text": e["body"]["txt"]}},
        2: lambda e: {**e, "v": 3, "body": {**e["body"], "id": "P-N1"}},
    }
    parsed = parse_line(json.dumps(old).encode(), table)
    assert parsed.v == 3 and parsed.body == {"text": "x", "id": "P-N1"}
    with pytest.raises(BadLine, match="version 1 is unknown"):
        parse_line(json.dumps(old).encode(), {2: table[2]})
    with pytest.raises(BadLine, match="newer Leadline"):
        parse_line(json.dumps({**old, "v": 4}).encode(), table)


@settings(max_examples=examples(200), deadline=None)
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda c: (
            st.lists(c, max_size=3)
            | st.dictionaries(st.sampled_from(list(records.ENVELOPE)), c, max_size=9)
        ),
    ).map(lambda v: json.dumps(v).encode())
)
def test_no_line_raises_anything_but_bad_line(line: bytes) -> None:
    try:
        parse_line(line)
    except BadLine:
        pass


def test_a_run_that_is_not_there_is_answered_with_the_runs_of_its_experiment() -> None:
    b = ThreadBuilder("t")
    first = b.run("a", {"x": 1.0})
    b.repeat(first, *({"x": float(n)} for n in range(12)))
    b.run("b", {"x": 1.0})
    for asked, why in (
        ("P-002-r9", "runs of P-002: P-002-r1"),
        ("P-001-r99", "P-001-r12, P-001-r13 (the last of 13)"),
        ("P-009-r1", "experiments there are: P-001, P-002"),
        ("P-009", "of that kind there are: P-001, P-002"),
        ("P-C9", "nothing of that kind has such an id"),
    ):
        asked, why = asked.replace("P-", f"{b.prefix}-"), why.replace("P-", f"{b.prefix}-")
        with pytest.raises(LeadlineError) as caught:
            b.thread().find(asked)
        assert caught.value.why.endswith(why), caught.value.why


def test_a_fold_leaves_the_records_as_they_are():
    b = ThreadBuilder("demo", goal="g")
    run = b.plan("", {"k": 1}, origin="reported")
    b.end(run, {"ms": 5.0})
    b.record("correction", {"target": run, "field": "metrics.ms", "value": 9.0, "by": "import"})
    reading = {"metrics": {"ms": 7.0}, "nonfinite": {}, "tracker": {"metrics": ["ms"]}}
    b.record("tracker-run", {"run": run, **reading})
    before = [record.line() for record in b.records]
    for _ in range(2):
        thread = fold(b.records)
        assert [run.metrics for run in thread.runs] == [{"ms": 7.0}]
    assert [record.line() for record in b.records] == before
    assert next(r for r in b.records if r.kind == "run-ended").body["metrics"] == {"ms": 5.0}
