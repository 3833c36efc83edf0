"""What a long thread costs, by counts: what was read, folded, judged or told before is not again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.store import event_log, index, kept_thread
from leadline.adapters.store.event_log import EventLog
from leadline.adapters.store.kept_thread import KeptRows
from leadline.core.evidence.known import labels_for
from leadline.core.evidence.of_thread import runs_of_subject
from leadline.core.evidence.predicate import read_subject
from leadline.core.issue.due import due
from leadline.core.record.event_files import check
from leadline.core.record.thread import Experiment, Thread
from leadline.core.text import unbound
from leadline.core.text.lint import lint
from leadline.core.view import facts
from leadline.core.view.facts import HEADLINES
from leadline.core.view.page import page_of
from leadline.render.logbook.header import hypothesis_lines, render_header
from leadline.render.terminal.status import render_status
from leadline.services.context import Context
from leadline.services.evidence import claims, hypothesis, listed_claims
from leadline.services.look.next import next_actions
from leadline.services.publish import seal
from leadline.services.publish.seal import make_bundle
from tests.unit.test_kept_thread import Study, refs_of
from tests.unit.test_run_table import store
from tests.unit.test_unbroken import repository

CLAIMS = 6


@pytest.fixture(autouse=True)
def every_thread_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "FOLDED_WHOLE_BYTES", -1)


def experiment(made: Study, tests: str = "", loss: float = 1.0, **config: object) -> None:
    """One run of the same command as all others."""
    shown = f"P-{made.number('experiment'):03d}"
    body = {"id": f"{shown}-r1", "experiment": shown, "argv": ["x"], "config": config}
    told = {"origin": "executed", "code": {"tree": "t"}, "key": shown}
    if tests:
        told |= {"hypotheses": [tests], "refs": {tests: made.items[0].id}}
    planned = made.write("w1", "run-planned", {**body, **told}, 1)
    made.runs.append(planned)
    ended = {"run": planned.body["id"], "state": "done", "metrics": {"loss": loss}}
    made.write("w1", "run-ended", {**ended, "refs": refs_of(planned)}, 1)


def study(experiments: int) -> Study:
    made = Study()
    made.write("w1", "thread-started", {"prefix": "P"}, 1)
    for at in range(experiments):
        experiment(made, k=at % 3, seed=at)
    for left, right in zip(made.runs[:CLAIMS], made.runs[1:], strict=False):
        sides = [run.body["experiment"] for run in (left, right)]
        body = {"text": "", "predicate": "loss({}) < loss({})".format(*sides)}
        made.item("w1", "claim", {**body, "refs": refs_of(left, right)}, 1)
    return made


def put(log: EventLog, made: Study) -> None:
    for name, lines in made.lines.items():
        with open(f"{log.folder('t')}/{name}", "wb") as file:
            file.write(b"".join(lines))


@contextmanager
def told(log: EventLog) -> Iterator[list[str]]:
    """The statements that the index was asked."""
    said: list[str] = []
    log.index.db.set_trace_callback(said.append)
    yield said
    log.index.db.set_trace_callback(None)


def look(log: EventLog, question: Callable[[Thread], object] = lambda thread: None) -> None:
    log.look("t", question)


def of_one_command(said: list[str]) -> int:
    return sum("FROM runs" in s and "DISTINCT config" in s for s in said)


def judged(said: list[str]) -> int:
    return sum(s.startswith("INSERT INTO judged") for s in said)


def test_the_runs_of_one_command_are_told_of_once_for_all_claims_on_them() -> None:
    made = study(12)
    with store() as log:
        put(log, made)
        with told(log) as said:
            look(log)
        assert (judged(said), of_one_command(said)) == (CLAIMS, 1)
        # Another run of it that shows nothing new: nothing is judged on account of it.
        experiment(made, k=1, seed=3)
        put(log, made)
        with told(log) as said:
            look(log)
        assert (judged(said), of_one_command(said)) == (0, 0)
        # One with a key that no other has may make a tag of it.
        experiment(made, k=1, seed=3, width=2)
        put(log, made)
        with told(log) as said:
            look(log)
        assert (judged(said), of_one_command(said)) == (CLAIMS, 0)


def test_of_many_claims_that_were_told_only_those_that_moved_are_folded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folded: list[str] = []
    fold = KeptRows.fold
    monkeypatch.setattr(
        KeptRows, "fold", lambda self, bases: folded.extend(bases) or fold(self, bases)
    )
    made = study(12)
    labels = {f"P-C{at}": "refuted" for at in range(1, CLAIMS + 1)} | {"P-C2": "stable"}
    made.item("w1", "update", {"form": "update", "words": {}, "labels": labels, "marker": "m"}, 1)

    def moved(thread: Thread) -> list[str]:
        folded.clear()
        return [m["what"] for m in due(thread, thread.last_at, labels_for(thread))["milestones"]]

    with store() as log:
        put(log, made)
        log.look("t", lambda thread: thread.kept and list(thread.kept.labels()))
        kept, of_claims = log.look("t", moved), [base for base in folded if "-C" in base]
        whole = moved(log.thread("t"))
    assert kept == ["P-C2 fell from stable to refuted"]
    assert (kept, of_claims) == (whole, ["P-C2"])


def test_who_writes_reads_none_of_the_claims_about_the_baseline() -> None:
    made = study(2)
    refs = refs_of(made.runs[0])
    made.item("w1", "baseline", {"experiment": "P-001", "refs": refs}, 1)
    refs["baseline"] = made.items[-1].id
    for at in range(CLAIMS):
        made.item("w1", "claim", {"text": f"{at}", "predicate": "", "refs": refs}, 1)
    with store() as log:
        put(log, made)
        part = log.slice("t", ["P-B1", "P-001", "P-C3"], ("thread-started",))
    assert list(part.experiments) == ["P-001"] and part.baseline is not None
    assert [item.id for item in part.of_kind("claim")] == ["P-C3"]


def test_the_first_of_many_are_found_without_the_others() -> None:
    """By the plans that SQLite makes: in the order of an index, which holds what is counted."""
    with store() as log:
        put(log, study(12))
        with told(log) as said:
            look(log, asks_for_the_first)
            found = log.index.rows(["t"], {"config.k": "1"}, "uid", 2, lambda row: row.id)
        assert found == (["P-002-r1", "P-005-r1"], 4)
        asked = [s for s in said if s.startswith("SELECT") and (" LIMIT" in s or "count(*)" in s)]
        rows = [s for s in asked if " FROM things" in s or " FROM runs" in s]
        plans = {s: str(log.index.db.execute(f"EXPLAIN QUERY PLAN {s}").fetchall()) for s in rows}
    for name in ("best", "names", "state"):
        assert any(f"INDEX things_{name} " in plan for plan in plans.values()), name
    assert any("COVERING INDEX runs_chosen" in plan for plan in plans.values())
    assert [s for s, plan in plans.items() if "TEMP B-TREE" in plan] == []


def asks_for_the_first(thread: Thread) -> None:
    assert thread.kept is not None
    assert thread.kept.ranked_ids(2) == thread.kept.ranked_ids(12)[:2]
    assert thread.kept.measured() == ["loss"]
    assert not list(thread.kept.standing("note", ["next"], newest_first=True))


def test_what_has_a_name_is_not_looked_for_among_all() -> None:
    """By the plans that SQLite makes, which takes one thread to have few rows."""
    with store() as log:
        put(log, study(12))
        with told(log) as said:
            look(log, asks_by_name)
        plans = {
            statement: [
                str(step)
                for *_, step in log.index.db.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
            ]
            for statement in said
            if statement.startswith("SELECT")
        }
    named = {s: plan for s, plan in plans.items() if " uid='" in s or " id='" in s}
    assert len(named) > 2
    for statement, plan in named.items():
        assert not any(step.endswith("(thread=?)") for step in plan), (statement, plan)
    of_kinds = [s for s in plans if " kind IN (" in s and "FROM records" in s and "+kind" not in s]
    assert len(of_kinds) > 2
    for statement in of_kinds:
        assert "SEARCH records USING INDEX records_at (thread=? AND id<?)" not in plans[statement]
    for statement, plan in plans.items():
        assert not any(step.startswith("SCAN") for step in plan), (statement, plan)


def asks_by_name(thread: Thread) -> None:
    assert thread.kept is not None
    uid = thread.kept.uid("P-C1")
    assert thread.kept.uid("P-001") and thread.uids["claim", uid] == "P-C1"
    assert list(thread.kept.entries()) and not list(thread.kept.withdrawn())
    assert thread.kept.differing() == thread.kept.with_gone_evidence() == []


@contextmanager
def read_in_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever folds a thread whole fails."""

    def whole(log: EventLog, topic: str) -> None:
        raise AssertionError(f"{topic} was read whole")

    with monkeypatch.context() as patched:
        patched.setattr(EventLog, "_read", whole)
        yield


def in_both_ways(monkeypatch: pytest.MonkeyPatch, question: Callable[[Thread], object]) -> None:
    """What is asked of a long thread is asked in parts, and answered as by the whole of it."""
    made = Study()
    made.write("w1", "thread-started", {"prefix": "P"}, 1)
    made.item("w1", "hypothesis", {"text": "h", "state": "active"}, 1)
    for at in range(12):
        experiment(made, tests="P-H1" if at % 4 == 0 else "", k=at % 3, seed=at)
    for left, right in zip(made.runs[:CLAIMS], made.runs[1:], strict=False):
        sides = [run.body["experiment"] for run in (left, right)]
        body = {"text": "", "predicate": "loss({}) < loss({})".format(*sides)}
        made.item("w1", "claim", {**body, "refs": refs_of(left, right)}, 1)
    with store() as log:
        put(log, made)
        with read_in_parts(monkeypatch):
            in_parts = log.look("t", question)
        assert in_parts == question(log.thread("t"))


def test_claims_and_hypotheses_are_listed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    in_both_ways(monkeypatch, listed_claims.listing)
    in_both_ways(monkeypatch, hypothesis.listing)
    some, count = listed_claims.listing(Thread("t"), most=3)
    assert (some, count) == ([], 0)


def test_the_faults_of_a_whole_thread_are_told_without_reading_it_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with store() as log:
        put(log, study(12))
        look(log)
        with monkeypatch.context() as patched:
            patched.setattr(EventLog, "_checked", lambda log, topic: 1 / 0)
            assert log.faults("t") == []
        name, lines = next(iter(study(12).lines.items()))
        Path(log.folder("t"), name).write_bytes(b"".join(lines[:3] + lines[4:]))
        assert [fault.code for fault in log.faults("t")] == ["broken-chain"]


def test_what_is_next_is_told_without_folding_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    passed, passing = list[str](), KeptRows.passing
    monkeypatch.setattr(
        KeptRows, "passing", lambda rows, ids: passed.extend(ids) or passing(rows, ids)
    )
    quiet: Any = {"due": False}
    with repository() as (_, log, _):
        put(log, study(120))
        log.look("t", lambda thread: next_actions(thread, quiet, [], None, [], []))
    assert len(passed) < 20


def test_the_advice_on_a_claim_reads_what_it_names(folded: list[str]) -> None:
    with store() as log:
        put(log, study(120))
        for predicate, cited in (
            ("loss(P-003) < loss(P-002)", "P-003.loss.n"),
            ("loss(P-002-r1) < loss(P-500)", "P-002.loss.n"),
            ("", "P-120.loss.n"),
        ):
            view = log.view("t")
            folded.clear()
            said = lint("lower", view, "claim", {}, predicate)
            assert said[0].mend == f"add n: (n={{{{{cited}}}}})"
            assert said == lint("lower", log.thread("t"), "claim", {}, predicate)
            assert len(folded) < 10


def test_the_numbers_of_a_thread_are_told_once_to_the_texts_that_cite_nothing(
    monkeypatch: pytest.MonkeyPatch,
    folded: list[str],
) -> None:
    monkeypatch.setattr(unbound, "TOLD_AT_ONCE", 5)
    text = "the loss is 100 % at k of 2, in 12 runs and in 31 runs"
    with store() as log:
        made = study(12)
        put(log, made)
        said = unbound.unbound_numbers(text, log.view("t"))
        assert said == unbound.unbound_numbers(text, log.thread("t"))
        assert [(one["number"], one["suggestion"]) for one in said] == [
            ("100 %", "{{P-001.loss.median :.0%}}"),
            ("31 runs", ""),
        ]
        experiment(made, k=1)
        put(log, made)
        view = log.view("t")
        assert view.kept is not None and len(list(view.kept.labels())) == CLAIMS
        folded.clear()
        assert unbound.unbound_numbers(text, view) == unbound.unbound_numbers(text, log.thread("t"))
        assert set(folded) == {"P-011", "P-012", "P-013"}


def test_runs_chosen_by_their_config_are_those_that_are_read(
    folded: list[str],
) -> None:
    with store() as log:
        made = study(12)
        experiment(made, **{"config.k": 1, "k": 2})
        experiment(made, seed=1)
        experiment(made, k=None)
        put(log, made)
        look(log)
        for chosen in ("k=1", "config.k=1", "config.k=2"):
            subject = read_subject(chosen)
            folded.clear()
            runs = log.look("t", partial(runs_of_subject, subject=subject))
            assert [run.id for run in runs] == [
                run.id for run in runs_of_subject(log.thread("t"), subject)
            ]
            assert len(set(folded) - {"P-014", "P-015"}) < 6
        assert "P-014" in folded


def test_what_many_runs_say_alike_is_held_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "ALONE", 10)
    with store() as log:
        put(log, study(18))
        view = log.view("t")
        assert view.kept is not None
        # Those of no claim, which were not looked at yet.
        found = view.kept.load([f"P-{number:03d}" for number in range(9, 19)])
        first, *others = [run for e in found if isinstance(e, Experiment) for run in e.runs]
        assert len(others) == 9
        assert all(run.code is first.code and run.argv is first.argv for run in others)
        assert not any(run.config is first.config for run in others)
        checked, faults = check(log.files("t"), "0f" * 16)
    of_runs = [record for record in checked if record.kind == "run-planned"]
    assert len({id(record.body["code"]) for record in of_runs}) == 1 and not faults


def test_a_page_reads_of_notes_and_decisions_what_it_may_show(folded: list[str]) -> None:
    made = study(6)
    about = {"about": ["P-001"], "refs": refs_of(made.runs[0])}
    made.item("w1", "note", {"text": "run more", "role": "next", **about}, 1)
    for at in range(150):
        made.item("w1", "note", {"text": f"{at}", "role": "interpretation", **about}, 1)
    for at in range(70):
        made.item("w1", "decision", {"text": f"{at}", "evidence": ["P-001"], **about}, 1)
    made.item("w1", "note", {"text": "run again", "role": "next", **about}, 1)
    with store() as log:
        put(log, made)
        look(log)
        folded.clear()
        page = log.look("t", lambda thread: page_of(thread, labels_for(thread)))
    assert page.step is not None and (page.step.text, page.step.decided) == ("run again", "")
    assert [e.id for e in page.uninterpreted] == []
    notes, decisions = ({b for b in folded if b.startswith(f"P-{kind}")} for kind in "ND")
    assert len(notes) < 50 and len(decisions) <= HEADLINES


def test_what_many_texts_cite_is_folded_together_once_one_is_asked_for(folded: list[str]) -> None:
    made = study(30)
    for run in made.runs:
        about = {"about": [run.body["experiment"]], "refs": refs_of(run)}
        made.item("w1", "note", {"text": "so", "role": "interpretation", **about}, 1)

    def read(thread: Thread) -> None:
        folded.clear()
        notes = facts.notes_in(thread, "interpretation")[:20]
        assert len(notes) == 20 and not [base for base in folded if base.startswith("P-0")]
        assert notes[3].refs and thread.experiments["P-027"].stands
        assert {b for b in folded if b.startswith("P-0")} == {f"P-{n:03d}" for n in range(11, 31)}

    with store() as log:
        put(log, made)
        look(log, read)


def test_status_folds_what_its_claims_cite_together(monkeypatch: pytest.MonkeyPatch) -> None:
    made = study(30)
    for run in made.runs:
        cited = f"{run.body['experiment']}.loss"
        body = {"text": f"it is {{{{{cited}}}}}", "bound": {cited: 1.0}, "refs": refs_of(run)}
        made.item("w1", "claim", body, 1)
    lots, fold = list[int](), KeptRows.fold
    monkeypatch.setattr(KeptRows, "fold", lambda rows, b: lots.append(len(b)) or fold(rows, b))

    def told_of(thread: Thread) -> str:
        lots.clear()
        return render_status(thread, labels_for(thread), {"due": False, "why": ""}, shown=20)

    with store() as log:
        put(log, made)
        look(log)
        assert "it is 1" in log.look("t", told_of)
    assert len(lots) < 7 and max(lots) >= 20


def test_claims_that_all_cite_the_baseline_are_not_folded_as_one(
    monkeypatch: pytest.MonkeyPatch, folded: list[str]
) -> None:
    monkeypatch.setattr(kept_thread, "HELD", 5)
    monkeypatch.setattr(kept_thread, "JUDGED_AT_ONCE", 4)
    made = study(0)
    for _ in range(60):
        experiment(made)
    for run in made.runs[1:]:
        body = {"text": "", "predicate": f"loss({run.body['experiment']}) < loss(P-001)"}
        made.item("w1", "claim", {**body, "refs": refs_of(run, made.runs[0])}, 1)
    with store() as log:
        put(log, made)
        look(log)
    assert len(folded) < 8 * 60


def test_who_writes_judges_no_claim_before_a_label_is_asked_for() -> None:
    made = study(12)
    with store() as log:
        put(log, made)
        with told(log) as said:
            view = log.view("t")
            assert view.kept is not None and view.experiments["P-001"].stands
            assert judged(said) == 0
            labels = [(shown, known.label) for shown, known in view.kept.labels()]
        assert (judged(said), len(labels)) == (CLAIMS, CLAIMS)
        with told(log) as said:
            look(log, lambda thread: list(thread.kept.labels()) if thread.kept else [])
        assert judged(said) == 0


def test_who_asks_what_was_predicted_reads_no_hypothesis(folded: list[str]) -> None:
    made = study(0)
    for at in range(12):
        experiment(made, k=at % 2, seed=at, loss=1.0 + at % 2 + at / 100)
    for _ in range(30):
        made.item("w1", "hypothesis", {"text": "more helps"}, 1)
    made.item("w1", "claim", {"text": "", "predicate": "loss(k=0) < loss(k=1)"}, 1)
    with store() as log:
        put(log, made)
        with told(log) as said:
            look(log)
    assert judged(said) == 1 and len(folded) >= 12
    assert not [shown for shown in folded if shown.startswith("P-H")]


def test_a_listing_judges_no_more_claims_than_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = list[str]()
    row_of = claims.row_of
    monkeypatch.setattr(
        claims, "row_of", lambda *given: shown.append(given[1].id) or row_of(*given)
    )
    with store() as log:
        put(log, study(12))
        rows, count = log.look("t", lambda thread: listed_claims.listing(thread, most=2))
    assert (len(rows), count, shown) == (2, CLAIMS, ["P-C1", "P-C2"])


def test_a_bundle_is_made_in_one_pass_over_parts(
    monkeypatch: pytest.MonkeyPatch, folded: list[str]
) -> None:
    with repository() as (context, log, _):
        put(log, study(12))
        view = log.view("t")
        folded.clear()
        with read_in_parts(monkeypatch):
            in_parts = bundle(context, view)
        experiments = [base for base in folded if base.startswith("P-0")]
        assert len(experiments) == len(set(experiments)) > 0
        assert in_parts == bundle(context, log.thread("t"))


def sealed(context: Context, thread: Thread) -> dict[str, str]:
    return make_bundle(context, thread, "P-S1", "one", "t/one", "0" * 40, "", {})


def bundle(context: Context, thread: Thread) -> dict[str, object]:
    made = json.loads(context.blobs.get(sealed(context, thread)["bundle.json"]))
    return {name: value for name, value in made.items() if name != "at"}


def test_two_seals_share_the_parts_of_their_bundles_that_did_not_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What did not change is not folded again either, unless its file is gone. And a small bundle is
    one file."""
    passed, passing = list[str](), KeptRows.passing
    monkeypatch.setattr(
        KeptRows, "passing", lambda rows, ids: passed.extend(ids) or passing(rows, ids)
    )
    with repository() as (context, log, _):
        made = study(12)
        put(log, made)
        whole = bundle(context, log.view("t"))
        monkeypatch.setattr(seal, "PART", 5)
        first = sealed(context, log.view("t"))
        experiment(made, k=1)
        put(log, made)
        passed.clear()
        second = sealed(context, log.view("t"))
        assert passed == ["P-011", "P-012", "P-013"]
        context.blobs.set_aside(first["experiments-00002.jsonl"])
        assert sealed(context, log.view("t")).keys() == second.keys()
        assert passed[3:] == ["P-006", "P-007", "P-008", "P-009", "P-010"]
        small = json.loads(context.blobs.get(first["bundle.json"]))
        parts = small.pop("experiments_in")
        lines = b"".join(map(context.blobs.get, parts.values())).splitlines()
    assert [json.loads(line) for line in lines] == whole.pop("experiments")
    assert small | {"at": ""} == whole | {"at": ""}
    assert parts.items() <= first.items() and len(parts) == 3
    others = set(second.values()) - set(first.values())
    assert others == {second[n] for n in ("bundle.json", "bundle.md", "table.csv", [*parts][-1])}


def test_a_prediction_rests_on_the_runs_of_those_beside_it_though_they_are_asked_for_once() -> None:
    with store() as log:
        made = study(0)
        for at in range(3):
            made.item("w1", "hypothesis", {"text": "", "predicate": f"loss(k={at}) < loss(k=9)"}, 1)
        for k in (9, 0, 1, 2):
            experiment(made, k=k)
        put(log, made)
        view = log.view("t")
        assert view.kept is not None
        assert [view.kept.label(item.uid) is not None for item in view.hypotheses] == [True] * 3
        runs = {f"P-{at:03d}" for at in range(1, 5)}
        for item in view.hypotheses:
            rests = log.index.db.execute("SELECT base FROM rests WHERE uid=?", (item.uid,))
            assert runs <= {base for (base,) in rests.fetchall()}
            chosen = log.index.db.execute("SELECT 1 FROM choosers WHERE uid=?", (item.uid,))
            assert len(chosen.fetchall()) == 4


def header_of(log: EventLog, folded: list[str]) -> str:
    """The header of the logbook for who writes, as by the whole thread; what is folded for it is
    noted."""
    folded.clear()
    view, whole = log.view("t"), log.thread("t")
    # By themselves first: nothing else has had the claims judged then.
    assert hypothesis_lines(view, labels_for(view)) == hypothesis_lines(whole, labels_for(whole))
    found = render_header(view, labels_for(view))
    assert found == render_header(whole, labels_for(whole))
    return found


def test_the_words_of_a_claim_are_made_once(folded: list[str]) -> None:
    made = study(12)
    with store() as log:
        put(log, made)
        header_of(log, folded)
        assert {"P-001", "P-C1"} <= set(folded)
        header_of(log, folded)
        assert not [base for base in folded if base.startswith("P-C")]
        retracted = made.runs[CLAIMS].body
        refs = refs_of(made.runs[CLAIMS])
        body = {"target": retracted["experiment"], "why": "wrong data", "refs": refs}
        made.write("w1", "retraction", body, 1)
        put(log, made)
        assert "wrong data" in header_of(log, folded)
        assert {base for base in folded if base.startswith("P-C")} == {f"P-C{CLAIMS}"}


def test_the_words_of_a_hypothesis_follow_the_label_of_the_claim_that_it_rests_on(
    folded: list[str],
) -> None:
    made = study(2)
    with store() as log:
        claimed = made.items[-1]
        refs = {claimed.body["id"]: claimed.id}
        body = {"text": "h", "state": "supported", "evidence": [claimed.body["id"]], "refs": refs}
        made.item("w1", "hypothesis", body, 1)
        put(log, made)
        before = header_of(log, folded)
        body = {"target": "P-001", "why": "wrong data", "refs": refs_of(made.runs[0])}
        made.write("w1", "retraction", body, 1)
        put(log, made)
        on_it = [line for line in header_of(log, folded).splitlines() if "P-H1" in line]
        assert on_it and not set(on_it) & set(before.splitlines())
