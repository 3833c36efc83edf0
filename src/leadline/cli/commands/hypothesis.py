"""The queue of hypotheses."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import override_option, subverbs
from leadline.core.plain import as_rows
from leadline.core.record.ranks import queue_place
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context
    from leadline.services.evidence.hypothesis import HypothesisRow

LISTED = 40
ANSWER = {"list": "services.evidence.hypothesis:HypothesisRow[]"}
DESCRIPTION = """Hypotheses and their states: proposed, active, blocked (until when), falsified and supported (by which
evidence), promoted (by which decision).

A prediction in checkable form, written before its runs, is a pre-registration: the runs then have a say."""
EXAMPLES = [
    "leadline hypothesis add 'larger blocks are faster' --predict 'time_ms(block=128) < time_ms(block=64)'",
    "leadline hypothesis activate P-H1",
    "leadline hypothesis block P-H1 --until 'the H200 nodes are back'",
    "leadline hypothesis falsify P-H1 --evidence P-004 --why 'cache misses eat the gain'",
    "leadline hypothesis promote P-H2 --decision P-D1",
]


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = subverbs(parser)
    add = verbs.add_parser("add", help="propose one")
    add.add_argument("text", metavar="TEXT")
    add.add_argument(
        "--predict", default="", metavar="PREDICATE", help="its checkable form (`claim --that`)"
    )
    add.add_argument("--activate", action="store_true", help="and start working on it")
    verbs.add_parser("list", help="all of them")
    for name, text in (
        ("activate", "start (or go on) working on it"),
        ("block", "say until when it waits"),
        ("falsify", "the evidence is against it"),
        ("support", "the evidence is for it"),
        ("promote", "it became a decision"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("id", metavar="ID")
        verb.add_argument("--why", default="", metavar="TEXT")
        if name == "block":
            verb.add_argument("--until", default="", metavar="CONDITION")
        if name in ("falsify", "support"):
            verb.add_argument(
                "--evidence",
                nargs="+",
                action="extend",
                default=[],
                metavar="ID",
                help="experiments, runs or claims that stand",
            )
            override_option(verb, "although its prediction says otherwise")
        if name == "promote":
            verb.add_argument("--decision", default="", metavar="ID")


STATE_OF = {
    "activate": "active",
    "block": "blocked",
    "falsify": "falsified",
    "support": "supported",
    "promote": "promoted",
}


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.evidence import hypothesis
    from leadline.services.refusal import Overrides

    topic = context.topic(args.thread)
    if args.subverb == "list":
        return _list(context.store.look(topic, hypothesis.listing))
    if args.subverb == "add":
        made = hypothesis.add(context, topic, args.text, args.predict)
        checkable = f"\npredicts {made['predicate']}" if made.get("predicate") else ""
        state, follow = "proposed", [f"leadline hypothesis activate {made['id']}"]
        if args.activate:
            state, follow = STATE_OF["activate"], []
            hypothesis.change(context, topic, made["id"], state, entry="elsewhere")
        return Answer(
            f"{made['id']}  {state}{checkable}",
            {**{k: v for k, v in made.items() if k != "refs"}, "state": state},
            next=follow,
        )
    changed = hypothesis.change(
        context,
        topic,
        args.id,
        STATE_OF[args.subverb],
        evidence=getattr(args, "evidence", []),
        why=args.why,
        until=getattr(args, "until", ""),
        decision=getattr(args, "decision", ""),
        override=Overrides(getattr(args, "override", [])),
    )
    tail = _rests_on(
        changed.get("evidence"), changed.get("decision"), changed.get("resume_condition")
    )
    tail = f", {tail}" if tail else ""
    if changed["state"] in ("supported", "falsified"):
        from leadline.core.view.judged import BY_HAND

        rows = context.store.look(topic, hypothesis.listing)
        row = next(row for row in rows if row["id"] == changed["id"])
        if BY_HAND in row["judged"] and row["sentence_short"]:
            tail += f"\n      {BY_HAND}: {row['sentence_short']}"
    return Answer(
        f"{changed['id']}  {changed['was']} -> {changed['state']}{tail}",
        {k: v for k, v in changed.items() if k not in ("refs", "hypothesis", "entry")},
    )


def _rests_on(evidence: list[str] | None, decision: str | None, until: str | None) -> str:
    """What a hypothesis was decided by, or what a blocked one waits for."""
    if evidence:
        return f"by {', '.join(evidence)}"
    if decision:
        return f"by {decision}"
    return f"until {until}" if until else ""


def _list(rows: list[HypothesisRow]) -> Answer:
    lines = []
    for row in sorted(rows, key=lambda row: queue_place(row["state"]))[:LISTED]:
        tail = _rests_on(row["evidence"], row["decision"], row["until"])
        lines.append(f"{row['id']}  [{row['judged']}] {row['text'][:90]}  {tail}".rstrip())
        if row["evidence_gone"]:
            lines.append(f"      evidence withdrawn: {'; '.join(row['evidence_gone'])}")
        if row["predicate"]:
            lines.append(f"      predicts {row['predicate']}; {row['sentence_short']}")
    if len(rows) > LISTED:
        lines.append(f"… and {len(rows) - LISTED} more: leadline hypothesis list --json")
    return Answer(
        as_rows(lines) or "no hypothesis yet",
        rows,
        {"hypotheses": len(rows)},
        len(rows) > LISTED,
        next=[] if rows else ["leadline hypothesis add 'TEXT'"],
    )
